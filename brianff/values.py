"""Values with units as people write them, ``"10*ms"``, read without running them as code.

The text of an option, or of a run's folder, may come from anybody: it is parsed, and only numbers, names of units,
``+ - * / **`` and parentheses are computed.
"""

import ast
import operator

import numpy as np
from brian2 import Quantity
from brian2.units.allunits import all_units
from brian2.units.stdunits import stdunits

from brianff.errors import ModelError

__all__ = ["UNITS", "evaluate", "is_number", "parse_parameter"]

UNITS = {unit.name: unit for unit in all_units} | dict(stdunits)

_BINARY = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_UNARY = {ast.UAdd: operator.pos, ast.USub: operator.neg}
_LONGEST = 1000  # characters: nobody writes a longer one, and deep nesting ends Python's parser


def is_number(value):
    """Whether a value is one finite real number, with or without unit."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Quantity, np.floating, np.integer)):
        return False
    try:
        return np.ndim(value) == 0 and bool(np.isfinite(float(np.asarray(value))))
    except (TypeError, OverflowError):
        return False


def evaluate(text, names=UNITS):
    """Value of an arithmetic expression.

    Parameters
    ----------
    text : str
    names : mapping of str -> number or `Quantity`
        What the expression may name (default: Brian2's units).

    Returns
    -------
    value : int, float or `Quantity`

    Raises
    ------
    ValueError
        If the text is no such expression, or has no value; the message says why.
    """
    if len(text) > _LONGEST:
        raise ValueError(f"it has {len(text)} characters, and a value has {_LONGEST} at most")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"{error.msg}") from None
    except (ValueError, MemoryError, RecursionError) as error:  # NUL bytes; thousands of parentheses
        raise ValueError(f"it cannot be read: {error}") from None
    try:
        with np.errstate(all="ignore"):
            return _value(tree, names)
    except ValueError:
        raise
    except Exception as error:  # division by zero, overflow, units that do not fit
        raise ValueError(f"{' '.join(str(error).split())}") from None


def _value(node, names):
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return node.value
    if isinstance(node, ast.Name):
        if node.id not in names:
            raise ValueError(f"'{node.id}' is no unit")
        return names[node.id]
    if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
        return _UNARY[type(node.op)](_value(node.operand, names))
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        left, right = _value(node.left, names), _value(node.right, names)
        if isinstance(node.op, ast.Pow):  # of integers it could take for ever
            left, right = (float(x) if isinstance(x, int) else x for x in (left, right))
        return _BINARY[type(node.op)](left, right)
    raise ValueError("only numbers, units, + - * / ** and parentheses are read")


def parse_parameter(text):
    """``"tau_m=10*ms"`` as a pair of name and quantity.

    Raises
    ------
    ModelError
        If the text is something else.
    """
    name, equals, expression = text.partition("=")
    name = name.strip()
    kind, _, name_alone = name.rpartition(".")  # KIND.NAME where files of two kinds have the name
    if not equals or not name_alone.isidentifier() or not (not kind or kind.isidentifier()):
        raise ModelError(f"'{text}': a parameter is given as NAME=VALUE, for example tau_m=10*ms.")
    try:
        value = evaluate(expression)
    except ValueError as error:
        raise ModelError(f"'{text}': {error}: a parameter is given as in tau_m=10*ms.") from None
    if not is_number(value):
        raise ModelError(f"'{text}': the value must be one finite number with a unit, for example tau_m=10*ms.")
    return name, value
