"""Libraries of the extra ``[exchange]``, imported where they are used."""

import importlib

from brianff.errors import BrianffError

__all__ = ["library"]


def library(name):
    """A module of the extra.

    Raises
    ------
    BrianffError
        If it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError:
        raise BrianffError(f"""this needs "{name}": pip install "brianff[exchange]".""") from None
