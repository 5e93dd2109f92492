"""The threshold of a neuron, read from its condition for a spike."""

import ast
import re

__all__ = ["crossing", "membrane_of", "parameter_of_threshold", "time_step"]

# Holds in no time step but the one that a variable names, or in none before it.
_TIME_STEP = re.compile(r"t_in_timesteps (==|>=) (\w+)")
RANDOM = {"rand", "randn", "poisson", "binomial", "uniform", "exponential"}  # not a line that could be drawn


def crossing(condition, variables):
    """Which variable must rise above what, for a spike.

    Parameters
    ----------
    condition : str
        ``v > expression`` or ``expression < v`` (also >=, <=), alone or joined with others by ``and``.
    variables : collection of str
        Names of what varies in time.

    Returns
    -------
    variable, expression : str
        As ``("v", "v_th + a")``; None where the condition is of another form.
    """
    for part in _parts(condition):
        if not isinstance(part, ast.Compare) or len(part.ops) != 1:
            continue
        high, low = part.left, part.comparators[0]
        if isinstance(part.ops[0], ast.Lt | ast.LtE):
            high, low = low, high
        elif not isinstance(part.ops[0], ast.Gt | ast.GtE):
            continue
        if isinstance(high, ast.Name) and high.id in variables and not _names(low) & RANDOM:
            return high.id, ast.unparse(low)
    return None


def time_step(condition):
    """Which variable names the time step that a condition waits for.

    Parameters
    ----------
    condition : str
        ``t_in_timesteps == variable`` or ``t_in_timesteps >= variable``, alone or joined with others by ``and``.

    Returns
    -------
    variable : str
    later : bool
        Whether a later time step will do, too.
    alone : bool
        Whether nothing else is asked for.  In place of all three None, where the condition is of another form.
    """
    parts = _parts(condition)
    found = next(filter(None, (_TIME_STEP.fullmatch(ast.unparse(part)) for part in parts)), None)
    return found and (found[2], found[1] == ">=", len(parts) == 1)


def membrane_of(condition, variables):
    """The variable that a condition for a spike is about: that of `crossing`, or the first one in it; or None."""
    if found := crossing(condition, variables):
        return found[0]
    try:
        names = _names(ast.parse(condition.strip(), mode="eval"))
    except SyntaxError:
        return None
    return next((name for name in variables if name in names), None)


def parameter_of_threshold(condition, variables, parameters):
    """A parameter that moves the threshold, or None."""
    found = crossing(condition, variables)
    if found is None:
        return None
    names = _names(ast.parse(found[1], mode="eval"))
    return next((name for name in parameters if name in names), None)


def _parts(condition):
    """Trees of the conditions that ``and`` joins; none where it cannot be read."""
    try:
        tree = ast.parse(condition.strip(), mode="eval").body
    except SyntaxError:
        return []
    return tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And) else [tree]


def _names(tree):
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
