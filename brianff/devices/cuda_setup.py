"""brian2cuda made ready: CUDA toolkit, cuRAND, compute capability.

brian2cuda 1.0b1 does not build as it is with CUDA 13, whose CUB wants C++17 where brian2cuda and Brian2 ask for C++11,
and which some installations come without cuRAND.  `Setup.find` looks at what this machine has, `Setup.preferences`
applies what is needed, and `Setup.problems` says in one sentence each what is missing.
"""

import contextlib
import importlib.metadata
import logging
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from brianff.devices.compiler import compiler_program, missing_programs
from brianff.scratch import cache_folder

__all__ = ["Gpu", "Setup", "version_of"]

USUAL_PLACES = ("/usr/local/cuda", "/opt/cuda")
OLDEST_TOOLKIT = 11  # the first whose compiler knows C++17
OLDEST_CAPABILITY = 6.0  # the first with atomic additions in double precision


@dataclass(frozen=True)
class Gpu:
    """A GPU as the driver describes it; `capability` is its compute capability, such as 9.0."""

    name: str
    capability: float
    driver: str = ""
    memory: str = ""


@dataclass(frozen=True)
class Setup:
    """What brian2cuda needs on a machine, found and made to fit.

    Attributes
    ----------
    nvcc : str or None
        The compiler.
    version : tuple of int
        Of the toolkit, such as (13, 0).
    gpu : `Gpu` or None
        The GPU on which the network will run.
    curand : str or None
        Where cuRAND comes from.
    include, libraries : str or None
        Its folders, where nvcc does not look by itself.
    ccache : str or None
        Compiler cache that nvcc is called through.
    fixes : list of str
        What is done to brian2cuda, and why.
    problems : list of str
        What is missing; one sentence of advice each.
    """

    nvcc: str | None = None
    version: tuple = ()
    gpu: Gpu | None = None
    curand: str | None = None
    include: str | None = None
    libraries: str | None = None
    ccache: str | None = None
    fixes: list = field(default_factory=list)
    problems: list = field(default_factory=list)

    @classmethod
    def find(cls, gpu=None):
        """Look at this machine; `gpu`: compile for this one, whether it is here or not."""
        fixes, problems = [], []
        if missing := missing_programs():
            problems.append(missing)
        nvcc, version, root = _toolkit(problems)
        curand = include = libraries = None
        if nvcc:
            fixes.append("compiled as C++17 instead of C++11, which the CUB of CUDA 13 refuses")
            curand, include, libraries = _curand(version, root, problems)
        if include:
            fixes.append(f"told where cuRAND is: {include}")
        if gpu is None:
            gpu = _gpu(nvcc, problems)
        if version_of("brian2cuda") is None:
            problems = ["brian2cuda is not installed: pip install 'brianff[cuda]'."]
        fixes.append("without -use_fast_math: the same spikes as on the CPU")
        return cls(nvcc, version, gpu, curand, include, libraries, shutil.which("ccache"), fixes, problems)

    @property
    def summary(self):
        return f"{self.gpu.name}, compute capability {self.gpu.capability}, CUDA {'.'.join(map(str, self.version))}"

    @property
    def fingerprint(self):
        """Everything here that compiled code depends on."""
        compiler = os.environ.get("CXX", "")
        return (
            f"{self.nvcc} {self.version} {self.gpu and self.gpu.capability} {self.include} {self.libraries} {compiler}"
        )

    @property
    def make_arguments(self):
        """How `make` calls nvcc."""
        cache = f"{self.ccache} " if self.ccache else ""
        return [f"NVCC=@{cache}{self.nvcc} -ccbin {compiler_program()}"]

    @contextlib.contextmanager
    def preferences(self):
        """Brian2's and brian2cuda's preferences for this machine, put back at the end."""
        from brian2 import prefs
        from brian2cuda.utils import gputools

        backend = "devices.cuda_standalone.cuda_backend"
        nvcc = ["-w", "-O3", "-std=c++17", *([f"-I{self.include}"] if self.include else [])]
        link = []
        if self.libraries:
            link = [f"-L{_named_library(self.libraries)}", f"-Wl,-rpath={self.libraries}"]
        changes = {
            f"{backend}.extra_compile_args_nvcc": nvcc,
            "codegen.cpp.extra_compile_args_gcc": ["-w", "-O3", "-std=c++17"],
            "codegen.cpp.extra_link_args": [*prefs["codegen.cpp.extra_link_args"], *link],
        }
        log = logging.getLogger("brian2.brian2cuda")
        path = self.nvcc or "nvcc"
        installation = {
            "cuda_path": str(Path(path).parent.parent),
            "nvcc_path": path,
            "runtime_version": float(".".join(map(str, self.version[:2])) or 13.0),
        }
        selection = {
            "available_gpus": [self.gpu.name],
            "selected_gpu_id": 0,
            "selected_gpu_compute_capability": self.gpu.capability,
        }
        with contextlib.ExitStack() as before:
            before.callback(log.setLevel, log.level)
            log.setLevel(logging.ERROR)  # it warns of every integer beside a function; ours are small
            for name, value in changes.items():
                before.callback(prefs.__setitem__, name, prefs[name])
                prefs[name] = value
            before.callback(gputools.restore_cuda_installation, dict(gputools._cuda_installation))
            gputools.restore_cuda_installation(installation)
            before.callback(gputools.restore_gpu_selection, dict(gputools._gpu_selection))
            gputools.restore_gpu_selection(selection)
            yield

    def lines(self):
        """What was found and done, a line each."""
        out = [f"nvcc: {self.nvcc or 'none'}{' (' + '.'.join(map(str, self.version)) + ')' if self.version else ''}"]
        if self.nvcc:
            out.append(f"cuRAND: {self.curand or 'none'}")
            out.append(f"ccache: {self.ccache or 'none: a second build of the same code takes as long as the first'}")
        if self.gpu:
            more = ", ".join(filter(None, [self.gpu.memory, self.gpu.driver and f"driver {self.gpu.driver}"]))
            out.append(f"GPU: {self.gpu.name}, compute capability {self.gpu.capability}{', ' if more else ''}{more}")
        else:
            out.append("GPU: none")
        version = version_of("brian2cuda")
        return out + ([f"brian2cuda {version}, {fix}" for fix in self.fixes] if version else ["brian2cuda: none"])


def version_of(package):
    """The version of a package, or None where it is not installed."""
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.version(package)


def _output(*command):
    """What a program prints, or None if it is not there or fails."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _toolkit(problems):
    """nvcc, its version and the folder of its toolkit."""
    named = [os.environ.get(name) for name in ("CUDA_PATH", "CUDA_HOME")]
    paths = [Path(folder) / "bin" / "nvcc" for folder in named if folder]
    paths += [Path(path) for path in [shutil.which("nvcc")] if path]
    paths += [Path(folder) / "bin" / "nvcc" for folder in USUAL_PLACES]
    for path in paths:
        if not os.access(path, os.X_OK):
            continue
        release = re.search(r"release (\d+)\.(\d+)", _output(path, "--version") or "")
        if not release:
            problems.append(f"{path} does not say its version: reinstall the CUDA toolkit.")
            return None, (), None
        version = tuple(map(int, release.groups()))
        if version[0] < OLDEST_TOOLKIT:
            problems.append(f"{path} is of CUDA {version[0]}.{version[1]}: install CUDA {OLDEST_TOOLKIT} or newer.")
        # nvcc may be a script or a link that stands somewhere else
        top = re.search(r"^#\$ TOP=(.+)$", _output(path, "--dryrun", "-E", "-x", "cu", os.devnull) or "", re.M)
        return str(path), version, Path(top.group(1).strip() if top else path.parent.parent).resolve()
    problems.append("There is no nvcc: install the CUDA toolkit, or set CUDA_PATH to the folder that it is in.")
    return None, (), None


def _curand(version, root, problems):
    """Where cuRAND comes from, and the folders of its headers and library, None where nvcc finds them by itself."""
    places = [root, *root.glob("targets/*")]
    headers = [p / "include" for p in places if (p / "include/curand_kernel.h").is_file()]
    libraries = [p / lib for p in places for lib in ("lib64", "lib") if (p / lib / "libcurand.so").exists()]
    if headers and libraries:
        return "with the toolkit", None, None
    package = "nvidia-curand" if version[0] >= 13 else f"nvidia-curand-cu{version[0]}"
    try:
        files = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError:
        install = "pip install 'brianff[cuda]'" if version[0] >= 13 else f"pip install {package}"
        problems.append(f"The CUDA toolkit in {root} has no cuRAND: {install}.")
        return None, None, None
    found = {Path(f).name: Path(f.locate()).resolve().parent for f in files}
    library = next((name for name in found if re.fullmatch(r"libcurand\.so\.\d+", name)), None)
    if "curand_kernel.h" not in found or library is None:
        problems.append(f"The package {package} has no cuRAND for this machine: install the whole CUDA toolkit.")
        return None, None, None
    origin = f"package {package} {importlib.metadata.version(package)}"
    return origin, str(found["curand_kernel.h"]), str(found[library])


def _named_library(libraries):
    """A folder with a file libcurand.so: the linker looks for that name, which the wheel lacks."""
    library = next(Path(libraries).glob("libcurand.so.*"))
    folder = cache_folder() / "curand"
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / "libcurand.so"
    if not link.exists() or link.resolve() != library.resolve():
        link.unlink(missing_ok=True)
        link.symlink_to(library)
    return folder


def _gpu(nvcc, problems):
    """The first GPU that programs are allowed to see."""
    fields = "name,compute_cap,driver_version,memory.total,uuid"
    listed = _output("nvidia-smi", f"--query-gpu={fields}", "--format=csv,noheader")
    if listed is None:
        problems.append("nvidia-smi finds no GPU: install the NVIDIA driver, or use --device cpp.")
        return None
    gpus = [[part.strip() for part in line.split(",")] for line in listed.splitlines() if line.count(",") == 4]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        first = visible.split(",")[0].strip()
        if first.isdigit():
            gpus = gpus[int(first) :]
        else:  # an identifier, of a GPU or of a part of one
            gpus = [gpu for gpu in gpus if first and gpu[4].startswith(first)] or (gpus if first[:3] == "MIG" else [])
    if not gpus:
        problems.append("CUDA_VISIBLE_DEVICES hides every GPU: unset it, or use --device cpp.")
        return None
    name, capability, driver, memory, _ = gpus[0]
    gpu = Gpu(name, float(capability), driver, memory)
    if gpu.capability < OLDEST_CAPABILITY:
        problems.append(f"{name} has compute capability {capability}; {OLDEST_CAPABILITY} is needed: use --device cpp.")
    known = _output(nvcc, "--list-gpu-arch") if nvcc else None
    if known and f"compute_{capability.replace('.', '')}" not in known.split():
        problems.append(f"{nvcc} does not compile for {name} (compute capability {capability}): install another CUDA.")
    return gpu
