"""The C++ compiler and `make`."""

import os
import shutil

from brianff.devices.cache import CompilerError

__all__ = ["compiler_program", "missing_programs"]


def compiler_program():
    """The program that ``$CXX`` names, without its arguments; g++ if there is no such variable.

    Raises
    ------
    CompilerError
        If the variable is empty, which `make` would take for the name of the compiler.
    """
    named = os.environ.get("CXX", "g++").split()
    if not named:
        raise CompilerError("the variable CXX is empty: unset it, or name your compiler, as in CXX=g++.")
    return named[0]


def missing_programs():
    """A sentence on what has to be installed, or None."""
    try:
        wanted = (compiler_program(), "make")
    except CompilerError as error:
        return f"{error}"
    missing = [program for program in wanted if shutil.which(program) is None]
    return f"Install {' and '.join(missing)} (on Debian: apt-get install g++ make)." if missing else None
