"""Libraries that only an extra of brianff brings along, imported where they are used."""

import importlib

from brianff.errors import BrianffError

__all__ = ["library"]


def library(name, extra="exchange", what="this"):
    """A module of an extra, for which a sentence says `what` needs it.

    Raises
    ------
    BrianffError
        If it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError:
        package = name.replace("_", "-")
        raise BrianffError(f'{what} needs "{package}": pip install "brianff[{extra}]".') from None
