"""What `brianff doctor` prints: compiler, CUDA, GPU, versions, and which devices work on this machine."""

import platform
import shutil
import subprocess

from brianff.devices import DEVICES, CompilerError, device_class
from brianff.devices.compiler import compiler_program
from brianff.devices.cuda_setup import Setup, version_of
from brianff.machine import usable_cores
from brianff.scratch import cache_folder

__all__ = ["doctor", "report"]


def report():
    """Lines about this machine."""
    versions = [f"{n} {version}" for n in ("brianff", "brian2", "brian2cuda", "numpy") if (version := version_of(n))]
    lines = [f"Python {platform.python_version()} on {platform.machine()}, {usable_cores()} cores", ", ".join(versions)]
    lines += [f"compiler: {_compiler()}", *Setup.find().lines(), f"compiled networks: {cache_folder()}", ""]
    for name in DEVICES:
        problem = device_class(name).problem()
        lines.append(f"--device {name}: {f'does not work: {problem}' if problem else 'works'}")
    return lines


def _compiler():
    try:
        name = compiler_program()
    except CompilerError as error:
        return f"{error}"
    if shutil.which(name) is None:
        return f"no {name}"
    done = subprocess.run([name, "--version"], stdout=subprocess.PIPE, text=True, check=False)
    return (done.stdout.splitlines() or [name])[0]


def doctor(args):
    """Print the report."""
    print("\n".join(report()))
