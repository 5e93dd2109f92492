"""Limits of parameters: outside of them a model makes no sense, or its numbers break.

The string `limits` of a model file holds one condition a line, on the file's own parameters:

    limits = \"\"\"
    tau_m >= 1*us
    0 <= dark < 1                # darker channels are silent
    t_min <= t_max
    \"\"\"

It is parsed, not run: comparisons of numbers with units, as `brianff.values` reads them.
"""

import ast

import numpy as np

from brianff.equations.text import without_comments
from brianff.errors import ModelError
from brianff.values import FUNCTIONS, UNITS, Distribution, evaluate, is_number, numbers_of, value_of

__all__ = ["Limit", "limits_of", "parameter_value", "require_limits"]

_ORDERS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
# What is larger, or smaller and not 0, is infinite or 0 in single precision when it meets another number.
LARGEST, SMALLEST = 1e30, 1e-30


class Limit:
    """One condition on the parameters of a model.

    Parameters
    ----------
    text : str
        For example ``"0 <= dark < 1"``.
    where : str
        File and line.
    parameters : dict
        Of the file; the condition has to name some of them, and nothing else.

    Raises
    ------
    ModelError
        If the text is no such condition.
    """

    def __init__(self, text, where, parameters):
        self.text, self.where = text, where
        try:
            tree = ast.parse(text, mode="eval").body
        except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
            raise ModelError(f"{where}: limits: '{text}' cannot be read: {getattr(error, 'msg', error)}.") from None
        if not isinstance(tree, ast.Compare) or not all(isinstance(op, _ORDERS) for op in tree.ops):
            raise ModelError(f"{where}: limits: '{text}' is no comparison such as 0 <= dark < 1.")
        names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
        self.names = [name for name in dict.fromkeys(names) if name in parameters]
        for name in names:
            if name not in parameters and name not in UNITS:
                raise ModelError(f"{where}: limits: '{name}' in '{text}' is no parameter of this file, and no unit.")
        if not self.names:
            raise ModelError(f"{where}: limits: '{text}' names no parameter of this file.")
        self.holds(parameters)

    def holds(self, values):
        """Whether parameters with these values, which may be arrays or distributions, meet the condition."""
        try:
            drawn = {k: v.sample if isinstance(v, Distribution) else v for k, v in values.items()}
            return bool(np.all(evaluate(self.text, UNITS | drawn, FUNCTIONS)))
        except ValueError as error:
            raise ModelError(f"{self.where}: limits: '{self.text}': {' '.join(str(error).split())}") from None


def limits_of(text, where, parameters):
    """The conditions of a string `limits`, a tuple of `Limit`.

    Parameters
    ----------
    text : str
    where : callable
        From the offset of a line in the text to file and line.
    parameters : dict
    """
    lines = ((k, without_comments(line).strip()) for k, line in enumerate(text.splitlines()))
    return tuple(Limit(line, where(k), parameters) for k, line in lines if line)


def require_limits(models, values, given=(), option="--set"):
    """Refuse parameters outside of the limits that a model states.

    Parameters
    ----------
    models : iterable of `brianff.equations.compose.Model`
    values : dict
        All parameters.
    given : iterable of str
        Those that were given beside the files, by `option`.

    Raises
    ------
    ModelError
        Names the parameters, where their values are from, and the condition with its file and line.
    """
    for model in models:
        for limit in model.limits:
            if not limit.holds(values):
                said = ", ".join(
                    f"{name} = {values[name]} ({option if name in given else model.where('parameters')})"
                    for name in limit.names
                )
                raise ModelError(f"{said}: {limit.where} needs {limit.text}.")


def parameter_value(name, value, where):
    """The value of a parameter: a number, a quantity or a `Distribution`, or the text of one.

    Raises
    ------
    ModelError
        If it is none, or one that single precision cannot hold.
    """
    if isinstance(value, str):
        try:
            value = value_of(value)
        except ValueError as error:
            raise ModelError(f"{where}: parameter '{name}' = '{value}': {error}.") from None
    if not (is_number(value) or isinstance(value, Distribution)):
        raise ModelError(f"{where}: parameter '{name}' must be a number with a unit, and finite, not {value!r}.")
    sizes = np.abs(numbers_of(value))
    wrong = sizes[(sizes != 0) & ~((sizes >= SMALLEST) & (sizes <= LARGEST))]
    if wrong.size:
        how = "too large" if wrong[0] > 1 else "too close to 0"
        raise ModelError(
            f"{where}: '{name}' = {value} is {how} to compute with: its size in SI units must lie between {SMALLEST:g} "
            f"and {LARGEST:g}, or be 0."
        )
    return value
