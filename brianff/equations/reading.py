"""What may stand in a model file, as Python: checked in its syntax tree, before anything is run.

A model file is data: imports, a docstring, strings, dictionaries and numbers.  Numbers may be computed (``area =
20000*umetre**2``) and stand under any name.  There are no loops and no functions, and nothing but NumPy, Brian2 and
`math` can be called: a file neither hangs nor does anything when it is read.
"""

import ast
import difflib

import numpy as np
from brian2 import TimedArray

from brianff.equations.text import closest
from brianff.errors import ModelError
from brianff.values import is_number

__all__ = ["Assignments", "read_values"]

_MODULES = {"brian2", "numpy", "math", "textwrap", "scipy"}
_BUILTINS = {"float", "int", "abs", "min", "max", "round", "dict", "str", "bool"}
_LOOPS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_FUNCTIONS = 'a function is a string, as in functions = {"relu(x)": "clip(x, 0, inf)"}, which other strings may call.'
_NOTHING_ELSE = "a model file holds a docstring, strings and parameters, nothing else"


class Assignments:
    """Which names a file assigns, and where; a `ModelError` if it holds anything else.

    Attributes
    ----------
    extent : dict of name -> (first line, last line) of its value
    entries : dict of (name, key) -> line of each entry of a dictionary
    """

    def __init__(self, path, tree):
        self.path = path
        self.extent, self.entries = {}, {}
        self._callable = set(_BUILTINS)
        for node in tree.body:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                self._import(node)
            elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                continue
            elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                self._assign(node.targets[0].id, node)
            else:
                self.fail(node, _complaint(node))

    def fail(self, node, message):
        raise ModelError(f"{self.path}:{node.lineno}: {message}")

    def _import(self, node):
        for alias in node.names:
            module = node.module if isinstance(node, ast.ImportFrom) else alias.name
            if (module or "").split(".")[0] in _MODULES:
                self._callable.add((alias.asname or alias.name).split(".")[0])
                self._any = alias.name == "*" or getattr(self, "_any", False)

    def _assign(self, name, node):
        value = node.value
        if name in self.extent:
            self.fail(node, f"'{name}' is assigned twice, here and in line {self.extent[name][0]}: keep one of them.")
        self._check(value)
        self.extent[name] = (value.lineno, value.end_lineno)
        for key in value.keys if isinstance(value, ast.Dict) else ():
            if isinstance(key, ast.Constant):
                if (name, key.value) in self.entries:
                    self.fail(key, f"'{key.value}' stands twice in '{name}': keep one of them.")
                self.entries[name, key.value] = key.lineno

    def _check(self, value):
        for node in ast.walk(value):
            if isinstance(node, _LOOPS):
                self.fail(node, f"{_NOTHING_ELSE}: no loops.")
            if isinstance(node, (ast.Lambda, ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)):
                self.fail(node, f"{_NOTHING_ELSE}: {_FUNCTIONS}")
            if isinstance(node, ast.Call) and not self._may_call(node.func):
                name = ast.unparse(node.func)
                self.fail(node, f"{_NOTHING_ELSE}: it cannot call {name}().")
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and not _small(node.right):
                self.fail(node, "an exponent is a number below 1000.")
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.LShift):
                self.fail(node, "a number is given as such, not as a shift.")
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and _repeats(node):
                self.fail(node, "a string or a list cannot be repeated.")

    def _may_call(self, function):
        while isinstance(function, ast.Attribute):
            function = function.value
        if isinstance(function, ast.Name):
            return function.id in self._callable or getattr(self, "_any", False) or function.id in self.extent
        return _is_text(function)


def _complaint(node):
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return f"{_NOTHING_ELSE}: {_FUNCTIONS}"
    if isinstance(node, (ast.For, ast.While, ast.If)):
        return f"{_NOTHING_ELSE}: no loops and no conditions."
    if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
        return f"{_NOTHING_ELSE}: one name, one '=', and its value."
    return f"{_NOTHING_ELSE}: it does nothing when it is read."


def _is_text(node):
    return isinstance(node, ast.JoinedStr) or isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes))


def _repeats(product):
    """Whether a product repeats a string or a list: it could fill the memory."""
    sides = [product.left, product.right]
    return any(_is_text(s) or isinstance(s, (ast.List, ast.Tuple)) for s in sides) and any(map(_is_integer, sides))


def _is_integer(node):
    if isinstance(node, ast.BinOp):
        return _is_integer(node.left) and _is_integer(node.right)
    return isinstance(node, ast.Constant) and type(node.value) is int


def _small(node):
    if isinstance(node, ast.UnaryOp):
        node = node.operand
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return _small(node.left) and _small(node.right)
    return isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and abs(node.value) < 1000


def read_values(assignments, namespace, kind, known):
    """What a file gives a name of its own: numbers, and courses of time of one value a time step for all neurons.

    Returns
    -------
    constants : dict of name -> value
    courses : dict of name -> `TimedArray`

    Raises
    ------
    ModelError
        For a string under a name that the kind does not know, or a name that is nearly one that it knows.
    """
    constants, courses = {}, {}
    for name, (line, _) in assignments.extent.items():
        value, where = namespace[name], f"{assignments.path}:{line}"
        if isinstance(value, TimedArray):
            if value.values.ndim != 1 or not np.isfinite(value.values).all():
                raise ModelError(
                    f"{where}: '{name}' must have one finite value a time step, which all neurons share, not values of "
                    f"the shape {value.values.shape}."
                )
            courses[name] = value
            continue
        if name in known or name.startswith("_"):
            continue
        if is_number(value) and not difflib.get_close_matches(name, known, n=1, cutoff=0.85):
            constants[name] = value
            continue
        suggestion = closest(name, known)
        odd = not isinstance(value, str) and not suggestion
        what = f" (another name may stand for one finite number, not for {type(value).__name__})" if odd else ""
        raise ModelError(f"{where}: a {kind} has no '{name}'{what}.{suggestion} It may define: {', '.join(known)}.")
    return constants, courses
