"""The errors that a user can do something about; every one is a `BrianffError`, whose message is for a person.

Whatever else is raised is a bug of brianff's, and keeps its traceback.
"""

import contextlib
import re

__all__ = [
    "BrianffError", "BrianffWarning", "DivergenceError", "ModelError", "OptionError", "UnsupportedError",
    "speaking_of_options", "speaks_of_options", "spoken",
]  # fmt: skip

_OPTION = re.compile(r"(?<![\w-])--([a-z][a-z0-9]*(?:-[a-z0-9]+)*)\b")
_of_options = False


def spoken(text):
    """A message, written with options, for whoever it is said to."""
    return text if _of_options else _OPTION.sub(lambda found: found[1].replace("-", "_"), text)


def speaks_of_options():
    """Whether messages name options of the command line."""
    return _of_options


@contextlib.contextmanager
def speaking_of_options(of_options=True):
    """Messages name options of the command line, ``--mini-batch``, and not arguments, ``mini_batch``."""
    global _of_options
    before, _of_options = _of_options, of_options
    try:
        yield
    finally:
        _of_options = before


class BrianffError(Exception):
    """What is wrong, where (file and line, option or argument), and what to do about it.

    The message is written with options, as in ``--mini-batch 5``; in a Python program it names arguments.
    """

    def __str__(self):
        return spoken(super().__str__())


class ModelError(BrianffError):
    """A model file, or a combination of models, that cannot work; the message says where and what to do."""


class OptionError(BrianffError, ValueError):
    """An option or argument with a value that cannot be meant; the message names it."""


class DivergenceError(BrianffError, FloatingPointError):
    """Numbers of a network that are no longer finite."""


class UnsupportedError(BrianffError, NotImplementedError):
    """What this kind of object, or a device, cannot do."""


class BrianffWarning(UserWarning):
    """What a user should know, though the program goes on."""
