"""Brian2's C++ standalone device: one program, started anew for every run."""

import contextlib
import errno
import os
import platform
import re
import shutil
import signal
import subprocess
from pathlib import Path

import numpy as np

import brianff
from brianff.devices.base import CompiledSimulator, ended, read_values
from brianff.devices.cache import CompilerError, DeviceError
from brianff.devices.compiler import missing_programs
from brianff.devices.merging import merge
from brianff.errors import OptionError
from brianff.network import network_class
from brianff.network.processes import allow
from brianff.network.recorder import Recorder
from brianff.network.scaled import scaled_traces
from brianff.one_thread import borrowed
from brianff.scratch import failed, run_folder, written

__all__ = ["CppSimulator", "arrange", "failure", "generate", "processor"]

# objects.cpp reads and writes the arrays, once a run.
_RULES = """

objects.o: objects.cpp
	$(CXX) $(CXXFLAGS) -O1 $< -o $@
"""


class CppSimulator(CompiledSimulator):
    """A network as a C++ program.

    Parameters
    ----------
    architecture, composition, report, record, network
        As for `CompiledSimulator`; the benchmarks compare with another `network`.
    under : sequence of str, optional
        Command that runs the program in its place: a profiler and its options.
    threads : int
        Cores on which a run is simulated: so many processes share out the entries of the batch (see
        `brianff.network.processes`).

    Raises
    ------
    OptionError
        If what is simulated cannot be shared out.
    """

    device = "cpp"
    # Brian2's own dependency list is for projects that are compiled again; making it reads all headers once more.
    make = ("make", "DEPS=")

    def __init__(self, architecture, composition, report=None, record=False, network=None, under=(), threads=1):
        self.under, self.threads = under, threads
        if threads > 1:
            _require_shares(architecture, composition, record, threads)
        self.scaled = [] if record else scaled_traces(composition, architecture)
        super().__init__(architecture, composition, report, record, network)

    @classmethod
    def problem(cls):
        missing = missing_programs()
        return f"{missing} Without a compiler, --device runtime works, slowly." if missing else None

    # -- building --------------------------------------------------------------------------------------------------
    def surroundings(self):
        from brian2 import prefs

        names = [scaled.names for scaled in self.scaled]
        return f"{processor()} {' '.join(prefs['codegen.cpp.extra_compile_args_gcc'])} {names}"

    def generate(self, work):
        manifest = generate(work, self.architecture, self.composition, self.record, self.network)
        arrange(work)
        return manifest

    # -- running ---------------------------------------------------------------------------------------------------
    def _run(self, inputs, n_epochs):
        a = self.architecture
        for level, scaled in enumerate(self.scaled):
            scaled.require(f"neurons{level}", self.parameters | inputs, self.composition, a.epoch_seconds)
        scratch = run_folder()
        with contextlib.ExitStack() as folder, written(scratch.parent):
            folder.callback(shutil.rmtree, scratch, ignore_errors=True)
            arguments = ["--results_dir", f"{scratch}/"]
            for name, value in self.inputs_of_run(inputs, n_epochs):
                target = name if "." in name else f"{name}.values"
                if value.size == 1:
                    arguments.append(f"{target}={value[0].item()!r}")
                else:
                    value.tofile(scratch / f"in_{name}")
                    arguments.append(f"{target}={scratch / f'in_{name}'}")
            self._call(arguments)
            return (lambda name: self._read(scratch, name)), folder.pop_all().close

    def _call(self, arguments):
        # A session of its own: Ctrl-C reaches the Python process, which decides what happens.
        process = subprocess.Popen(
            [*self.under, str(self.folder / "main"), *arguments],
            cwd=self.folder,
            env=os.environ | {"BRIANFF_PROCESSES": str(self.threads)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            output, _ = process.communicate()
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)  # with the processes that it has become
            process.wait()
            raise
        # The binary reports a wrong file on stderr and goes on with the compiled-in values.
        if process.returncode or output:
            raise failure(process.returncode, output.decode(errors="replace"), self.folder)

    def _read(self, scratch, name):
        spec = self.variable(name)
        return read_values(scratch / spec["file"], spec, self._elements(scratch, name, spec), scratch.parent)

    def _elements(self, scratch, name, spec):
        """How many values a variable has after a run; those of monitors have as many as their `N` says."""
        if "size" in spec:
            return spec["size"]
        number = self.manifest.get(f"{name.partition('.')[0]}.N", {})
        rows = np.fromfile(scratch / number["file"], dtype=number["dtype"]) if "file" in number else []
        return int(rows[0]) * spec.get("columns", 1) if len(rows) else -1


def _require_shares(architecture, composition, record, threads):
    """Refuse runs that several processes cannot share out."""
    if threads > architecture.batch:
        raise OptionError(f"{threads} threads share out a batch, and this one has {architecture.batch} entries.")
    if composition.online:
        raise OptionError(
            f"--threads {threads}: the rule {composition.models['rule'].name} changes weights while presentations run "
            "side by side, and these would no longer see each other's changes: take --threads 1."
        )
    if record:
        raise OptionError(f"--threads {threads}: each spike is recorded, which one process does: take --threads 1.")


def failure(status, output, folder):
    """The error of a compiled network that failed."""
    said = output.strip()[-500:]
    full = os.strerror(errno.ENOSPC)
    if match := re.search(rf"^(.+)/[^/\n]+/[^/\n]+: {full}", said, re.M):  # templates/sources/recording.cpp
        return failed(Path(match[1]), OSError(errno.ENOSPC, full))
    if "bad_alloc" in said or status == -signal.SIGKILL:
        remedy = "there was not enough memory: try a smaller --batch, --chunk or network."
    elif "Error opening" in said:  # of files that were there just before
        remedy = "it could not open its files: raise the limit of open files, as in ulimit -n 1024."
    else:
        remedy = f"if this happens again, delete {folder}."
    return DeviceError(f"the compiled network failed ({ended(status)}): {said or 'it said nothing'}; {remedy}")


def processor():
    """Identity of the processor for which -march=native compiles."""
    try:
        with open("/proc/cpuinfo") as f:
            lines = [line for line in f if line.startswith(("model name", "flags"))]
        return "".join(sorted(set(lines)))
    except OSError:
        return platform.processor()


def arrange(work):
    """Let make compile two files, one a core: the generated code, and the reading and writing of arrays."""
    # Brian2 asks Python's own C++ compiler which flags there are, and leaves out those that it does not answer for.
    if "-O3" not in (work / "makefile").read_text():
        raise CompilerError(
            "Brian2 found no compiler that takes the flag -O3, and would compile without optimization: install the "
            "program 'c++' (on Debian: apt-get install g++), or name your compiler, as in CXX=g++."
        )
    others = [path.name for path in sorted(work.glob("*.cpp")) if path.name != "objects.cpp"]
    merge(work, ".cpp", ["brianlib/spikequeue.cpp", *others])
    with open(work / "makefile", "a") as makefile:
        makefile.write(_RULES)


def generate(work, architecture, composition, record=False, network=None):
    """Write the C++ project of a network into a folder, as Brian2 has it; needs no compiler.

    Parameters
    ----------
    work : `pathlib.Path`
    architecture : `Architecture`
    composition : `Composition`
    record : bool
        Record every spike.
    network : class, optional
        What builds the Brian2 objects (default: the composition's).

    Returns
    -------
    manifest : dict of name -> dict
        File, type and size of every variable that a run can set and give back.
    """
    from brian2 import prefs
    from brian2.devices.cpp_standalone.device import CPPStandaloneDevice

    device = CPPStandaloneDevice()
    allow(device)
    with borrowed(device, build_on_run=False, directory=str(work)):
        ours = [f'"{name}.h"' for name in ("flags", "processes", "recording")]
        prefs["codegen.cpp.headers"] = [*prefs["codegen.cpp.headers"], *ours]
        built = (network or network_class(composition))(architecture, composition, record=record, stop_early=True)
        with built.precision():
            built.network.run(built.duration, namespace={})
        # Linking with it makes denormal numbers count as zero: traces of silent pixels decay for ever.
        prefs["codegen.cpp.extra_link_args"] = [*prefs["codegen.cpp.extra_link_args"], "-ffast-math"]
        # GCC is to vectorise the loop over a matrix row: partial redundancy elimination moves loads to where it cannot,
        # and it would exchange the loops over a row and over the entries, and gather what lies side by side.
        more = ["-fno-tree-pre", "-fno-loop-interchange", "-fno-loop-unroll-and-jam"]
        if architecture.dtype == "float32":
            # One literal such as the 1.0 of "1 - beta" would make the statement around it double.
            more.append("-fsingle-precision-constant")
        prefs["codegen.cpp.extra_compile_args_gcc"] = [*prefs["codegen.cpp.extra_compile_args_gcc"], *more]
        device.build(directory=str(work), compile=False, run=False, with_output=False)
        for source in (Path(brianff.__file__).parent / "templates" / "sources").iterdir():
            shutil.copy(source, work)
        found = _variables(device, built)
        device.reinit()  # forgets the network, which then takes no name away from the next one
        return found


def _variables(device, built):
    """What a run can set and give back, as `generate` returns it."""
    from brian2.core.variables import ArrayVariable, DynamicArrayVariable

    found = {
        name: {"dtype": array.values.dtype.str, "size": int(array.values.size)}
        for name, array in built.timed_arrays.items()
    }
    for variable in device.arrays:
        if not isinstance(variable, ArrayVariable):
            continue
        size = variable.size
        spec = {"file": device.get_array_filename(variable), "dtype": np.dtype(variable.dtype).str}
        if isinstance(variable, DynamicArrayVariable):
            if not np.isscalar(size):
                spec["columns"] = int(size[1])
        else:
            spec["size"] = int(size)
        found[f"{variable.owner.name}.{variable.name}"] = spec
    for recorder in (group for group in built.objects if isinstance(group, Recorder)):
        for variable, spec in recorder.files.items():
            spec = {**spec, "dtype": np.dtype(spec["dtype"]).str, "columns": recorder.columns}
            found[f"{recorder.name}.{variable}"] = spec
    return found
