"""What `brianff doctor` prints: compiler, CUDA, GPU, versions, and which devices work on this machine."""

import importlib.metadata
import os
import platform
import shutil
import subprocess

from brianff.devices.device import CompilerError, cache_folder, compiler_program, require_compiler

__all__ = ["report"]


def report(setup=None):
    """Lines about this machine.

    Parameters
    ----------
    setup : `brianff.devices.cuda.Setup`, optional
        Default: what is found now.

    Returns
    -------
    lines : list of str
    """
    from brianff.devices.cuda import Setup

    setup = setup or Setup.find()
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("brianff", "brian2", "brian2cuda", "numpy")]
    lines = [f"Python {platform.python_version()} on {platform.machine()}, {os.cpu_count()} cores", ", ".join(versions)]
    lines += [f"compiler: {_compiler()}", *setup.lines(), f"compiled networks: {cache_folder()}", ""]
    try:
        require_compiler()
        cpp = "works"
    except CompilerError as error:
        cpp = f"does not work. {error}"
    cuda = " ".join(["does not work.", *setup.problems]) if setup.problems else "works"
    return lines + ["--device runtime: works", f"--device cpp: {cpp}", f"--device cuda: {cuda}"]


def _compiler():
    try:
        name = compiler_program()
    except CompilerError as error:
        return f"{error}"
    if shutil.which(name) is None:
        return f"no {name}"
    done = subprocess.run([name, "--version"], stdout=subprocess.PIPE, text=True, check=False)
    return (done.stdout.splitlines() or [name])[0]
