"""Generated CUDA projects, compiled and run as C++ on the host (see cuda_on_host.h)."""

import os
import re
import subprocess
from pathlib import Path

from brianff.devices.cuda import CudaSimulator
from brianff.devices.cuda_setup import Gpu, Setup

HEADER = Path(__file__).with_suffix(".h")
REPLACED = (
    "thrust/device_vector.h",
    "thrust/host_vector.h",
    "thrust/system_error.h",
    "thrust/copy.h",
    "thrust/count.h",
    "thrust/execution_policy.h",
    "curand.h",
    "curand_kernel.h",
    "cuda.h",
    "cuda_profiler_api.h",
)
MEETING = re.compile(r"__syncthreads|__ballot_sync|__shfl_sync")
SETUP = Setup(version=(13, 0), gpu=Gpu("emulated", 9.0))


def kernels(text):
    """Name of every kernel that is defined in `text`, and whether its threads meet at barriers."""
    found = {}
    for piece in re.split(r"(?=^[ \t]*__global__)", text, flags=re.M)[1:]:
        name, end = re.match(r"\s*__global__ void\s+(\w+)", piece), re.compile(r"^void ", re.M)
        found[name.group(1)] = found.get(name.group(1), False) or bool(MEETING.search(end.split(piece)[0]))
    return found


def translate(text, meets):
    """CUDA without launches; kernels with barriers get threads that can wait for each other."""

    def launch(match):
        name, configuration, end = match.groups()
        comma = "" if end else ", "
        return f"host_launch<{int(meets[name])}>(host_config({configuration}), {name}{comma}{end}"

    return re.sub(r"(\w+)<<<(.+?)>>>\(\s*(\)?)", launch, text)


def compile_project(folder, optimise="-O1"):
    """Turn a generated project into a program ``main`` of ordinary C++."""
    folder = Path(folder)
    stubs = folder / "stubs"
    for name in REPLACED:
        (stubs / name).parent.mkdir(parents=True, exist_ok=True)
        (stubs / name).write_text("")
    paths = sorted([*folder.glob("*.cu"), *folder.glob("code_objects/*.cu")])
    meets = kernels("\n".join(path.read_text() for path in paths))
    sources = [folder / "whole.cpp"]  # one file: the headers are what takes the time
    whole = f'#define CUDA_ON_HOST_MAIN\n#include "{HEADER}"\n'
    for path in paths:
        target = path.with_suffix(".host.cpp")
        target.write_text(f'#include "{HEADER}"\n{translate(path.read_text(), meets)}')
        if path.parent == folder or path.name == "merged.cu":
            whole += f'#include "{target}"\n'
        else:
            sources.append(target)
    sources[0].write_text(whole)
    command = [os.environ.get("CXX", "g++"), "-std=c++17", "-w", optimise, "-I.", "-Istubs", *sources, "-o", "main"]
    return subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


class CudaOnHost(CudaSimulator):
    """`CudaSimulator` whose kernels run on the host."""

    def __init__(self, architecture, composition, report=None, record=False):
        super().__init__(architecture, composition, report, record, setup=SETUP)

    def _compile(self, work):
        return compile_project(work)
