"""Values with units as people write them, ``"10*ms"``, read without running them as code.

The text of an option, or of a run's folder, may come from anybody: it is parsed, and only numbers, names of units,
``+ - * / **``, parentheses and a few functions are computed.  With ``normal()`` or ``uniform()`` in it, it is the
`Distribution` of a value that differs from neuron to neuron: ``"20*ms*exp(0.3*normal())"``.
"""

import ast
import functools
import operator
from dataclasses import dataclass

import brian2
import numpy as np
from brian2 import Quantity, get_dimensions
from brian2.units.allunits import all_units
from brian2.units.stdunits import stdunits

from brianff.errors import ModelError

__all__ = ["FUNCTIONS", "UNITS", "Distribution", "evaluate", "is_number", "numbers_of", "parse_parameter", "value_of"]

UNITS = {unit.name: unit for unit in all_units} | dict(stdunits)

_BINARY = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_UNARY = {ast.UAdd: operator.pos, ast.USub: operator.neg}
FUNCTIONS = {
    "exp": brian2.exp,
    "log": brian2.log,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "clip": np.clip,
    "int": lambda value: np.asarray(value).astype(int),
}
_COMPARISONS = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_LONGEST = 1000  # characters: nobody writes a longer one, and deep nesting ends Python's parser


def is_number(value):
    """Whether a value is one finite real number, with or without unit."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Quantity, np.floating, np.integer)):
        return False
    try:
        return np.ndim(value) == 0 and bool(np.isfinite(float(np.asarray(value))))
    except (TypeError, OverflowError):
        return False


@dataclass(frozen=True)
class Distribution:
    """A value for each neuron: an expression with ``normal()`` (mean 0, standard deviation 1) or ``uniform()`` (0..1).

    Attributes
    ----------
    text : str
        As in ``"20*ms*exp(0.3*normal())"``.

    Raises
    ------
    ValueError
        If the text is no such expression, or its values are not finite.
    """

    text: str

    def __post_init__(self):
        if not np.isfinite(np.asarray(self.sample)).all():
            raise ValueError("its values are not all finite")

    def draw(self, rng, n):
        """Independent values of `n` neurons from a `numpy.random.Generator`: (n,) array with unit."""
        return evaluate(
            self.text, functions=_drawing(normal=lambda: rng.standard_normal(n), uniform=lambda: rng.random(n))
        )

    @property
    def sample(self):
        """A thousand values, always the same: what limits and units are checked with."""
        return self.draw(np.random.default_rng(0), 1000)

    @property
    def dim(self):
        return get_dimensions(self.sample)

    @property
    def middle(self):
        """The value of a neuron for which normal() is 0 and uniform() 0.5."""
        return evaluate(self.text, functions=_drawing(normal=lambda: 0.0, uniform=lambda: 0.5))

    def __float__(self):
        return float(np.asarray(self.middle))

    def __str__(self):
        return self.text


def value_of(text):
    """A number, a quantity or a `Distribution` from its text; a `ValueError` says why it is none."""
    pair = np.array([0.25, 0.75])
    value = evaluate(text, functions=_drawing(normal=lambda: pair, uniform=lambda: pair))
    return value if np.ndim(value) == 0 else Distribution(text.strip())


def _drawing(**draws):
    """The functions of an expression, those that draw among them."""

    def without_arguments(name, draw):
        def call(*arguments):
            if arguments:
                raise ValueError(f"{name}() takes no arguments: 2 + 0.5*{name}() moves and scales it")
            return draw()

        return call

    return FUNCTIONS | {name: without_arguments(name, draw) for name, draw in draws.items()}


def numbers_of(value):
    """A value, or a sample of a `Distribution`, in SI units: flat array."""
    return np.ravel(np.asarray(value.sample if isinstance(value, Distribution) else value, float))


def evaluate(text, names=UNITS, functions=None):
    """Value of an arithmetic expression.

    Parameters
    ----------
    text : str
    names : mapping of str -> number or `Quantity`
        What the expression may name (default: Brian2's units).
    functions : mapping of str -> callable, optional
        What it may call.

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
            return _value(tree, names, functions or {})
    except ValueError:
        raise
    except Exception as error:  # division by zero, overflow, units that do not fit
        raise ValueError(f"{' '.join(str(error).split())}") from None


def _value(node, names, functions):
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return node.value
    if isinstance(node, ast.Name):
        if node.id not in names:
            raise ValueError(f"'{node.id}' is no unit")
        return names[node.id]
    if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
        return _UNARY[type(node.op)](_value(node.operand, names, functions))
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        left, right = (_value(side, names, functions) for side in (node.left, node.right))
        if isinstance(node.op, ast.Pow):  # of integers it could take for ever
            left, right = (float(x) if isinstance(x, int) else x for x in (left, right))
        return _BINARY[type(node.op)](left, right)
    if functions and isinstance(node, ast.Compare) and all(type(op) in _COMPARISONS for op in node.ops):
        sides = [_value(side, names, functions) for side in (node.left, *node.comparators)]
        pairs = zip(node.ops, sides[:-1], sides[1:], strict=True)
        return functools.reduce(np.logical_and, [_COMPARISONS[type(op)](left, right) for op, left, right in pairs])
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        if node.func.id not in functions:
            there = f"; there are {', '.join(sorted(functions))}" if functions else ""
            raise ValueError(f"there is no function '{node.func.id}'{there}")
        return functions[node.func.id](*(_value(argument, names, functions) for argument in node.args))
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
        value = value_of(expression)
    except ValueError as error:
        raise ModelError(f"'{text}': {error}: a parameter is given as in tau_m=10*ms.") from None
    if not (is_number(value) or isinstance(value, Distribution)):
        raise ModelError(f"'{text}': the value must be one finite number with a unit, for example tau_m=10*ms.")
    return name, value
