"""The errors that a user can do something about; every one is a `BrianffError`, whose message is for a person.

Whatever else is raised is a bug of brianff's, and keeps its traceback.
"""

__all__ = ["BrianffError", "BrianffWarning", "ModelError", "OptionError"]


class BrianffError(Exception):
    """What is wrong, where (file and line, option or argument), and what to do about it."""


class ModelError(BrianffError):
    """A model file, or a combination of models, that cannot work; the message says where and what to do."""


class OptionError(BrianffError, ValueError):
    """An option or argument with a value that cannot be meant; the message names it."""


class BrianffWarning(UserWarning):
    """What a user should know, though the program goes on."""
