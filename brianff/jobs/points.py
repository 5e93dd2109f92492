"""Names and values of what is varied: options of a method, or parameters of its models; and what a run is called."""

import dataclasses
import re

from brianff.errors import OptionError
from brianff.options import read_value

__all__ = ["field_of", "folder_name", "with_values"]

_LONGEST = 120  # of a folder's name
# What many runs decide themselves.
_TAKEN = {"seed": "give several, as seeds", "set": "name the parameter itself, as in tau_m=10*ms"}


def field_of(method, name):
    """The field of a method's options that a name, as in ``learning_rate`` or ``learning-rate``, is; else None.

    Raises
    ------
    OptionError
        If this one is not to be varied.
    """
    name = name.replace("-", "_")
    if name in _TAKEN:
        raise OptionError(f"'{name}' cannot be varied: {_TAKEN[name]}.")
    return next((one for one in dataclasses.fields(method.Options) if one.name == name), None)


def with_values(method, options, values):
    """Options with some values, by name: of options, or of parameters of the models.

    Parameters
    ----------
    method : type
        A class of `brianff.learning.method.Method`.
    options : dict
        Of the method.
    values : dict of str -> object
        A text is read as on the command line.

    Returns
    -------
    options : dict

    Raises
    ------
    OptionError
        If a name or a value cannot be one.
    """
    found, parameters = dict(options), {}
    for name, value in values.items():
        one = field_of(method, name)
        if one is not None:
            found[one.name] = read_value(one, value) if isinstance(value, str) else value
        elif "set" in {field.name for field in dataclasses.fields(method.Options)}:
            parameters[name] = f"{name}={value}"
        else:
            raise OptionError(f"the method {method.name} has no option '{name}', and no models with parameters.")
    if parameters:
        kept = [one for one in found.get("set", ()) if one.partition("=")[0].strip() not in parameters]
        found["set"] = (*kept, *parameters.values())
    return found


def folder_name(values, number):
    """What a run with some values is called: ``rule=symba_tau_m=10ms``; with a number in front where that is too long.

    Parameters
    ----------
    values : dict of str -> object
    number : int
        Of the run among all.
    """
    text = "_".join(f"{name}={value}" for name, value in values.items())
    name = re.sub(r"[^\w=.,+-]+", "", text)
    return name if name and len(name) <= _LONGEST else f"{number:04d}_{name[: _LONGEST - 5]}".rstrip("_")
