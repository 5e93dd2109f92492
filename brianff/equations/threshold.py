"""The threshold of a neuron, read from its condition for a spike."""

import ast

__all__ = ["crossing", "membrane_of", "parameter_of_threshold"]

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
    try:
        tree = ast.parse(condition.strip(), mode="eval").body
    except SyntaxError:
        return None
    joined = isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And)
    for part in tree.values if joined else [tree]:
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


def _names(tree):
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
