"""What several repetitions of statements amount to.

A spike that stands for n spikes at the same instant (see the encoder ``spike_times``) does n times what a spike does.
That is not n times as much: a goodness sum(x**2) jumps by 2*x + 1, and x by 1, so that n spikes make it jump by
n*(2*x) + n**2.  `repeated` finds such sums for statements that add, exactly and as strings.
"""

import sympy
from brian2.parsing.sympytools import str_to_sympy, sympy_to_str

from brianff.equations.text import assignments, names_in, statement_lines

__all__ = ["repeated"]

_K, _N = sympy.Symbol("_repetition", integer=True), sympy.Symbol("_repetitions", integer=True)


def repeated(text, number, meanwhile=None):
    """Statements that do in one go what statements do `number` times, one after the other.

    Parameters
    ----------
    text : str
        Statements ``NAME += EXPRESSION``, ``NAME -= EXPRESSION`` or, for what does not change with the repetitions,
        ``NAME = EXPRESSION``.
    number : str
        Name of a variable, 1 or more.
    meanwhile : dict of name -> str, optional
        Variables that each repetition also changes, after these statements, and what it adds to them.

    Returns
    -------
    statements : str

    Raises
    ------
    ValueError
        With the statement of which there is no such form.
    """
    statements = assignments(text)
    if len(statements) != sum(1 for _ in statement_lines(text)):
        raise ValueError(text.strip())
    # What a name has grown by after k repetitions.
    grown = {name: _K * str_to_sympy(by) for name, by in (meanwhile or {}).items()}
    wanted = {name for name, _, _ in statements}
    expressions = [str_to_sympy(expression) for _, _, expression in statements]
    found = [None] * len(statements)
    for _ in statements:  # in an order in which each needs only those that are known
        for place, (name, operator, _) in enumerate(statements):
            set_before = {other for other, how, _ in statements[:place] if how == "="}
            others = {str(s) for s in expressions[place].free_symbols} & wanted - grown.keys() - set_before
            if found[place] is None and not others:
                found[place] = _sum(place, statements, expressions[place], grown)
                if operator != "=" and found[place] is not None:
                    grown[name] = found[place].subs(_N, _K)
    lines, n = [], sympy.Symbol(number, real=True)
    for place, (name, operator, expression) in enumerate(statements):
        if found[place] is None or sum(other == name for other, _, _ in statements) > 1:
            raise ValueError(f"{name} {operator} {expression}")
        if operator == "=":
            lines.append(f"{name} = {expression}")
            continue
        total = found[place]
        for before in {other for other, _, _ in statements[:place]} & grown.keys():  # it has its new value by now
            symbol = _symbol(total, before)
            total = total.subs(symbol, symbol - grown[before].subs(_K, _N)) if symbol else total
        lines.append(f"{name} += {sympy_to_str(sympy.expand(total).subs(_N, n))}")
    return "\n".join(lines)


def _sum(place, statements, expression, grown):
    """What a statement adds in all repetitions, as an expression, or None."""
    name, operator, text = statements[place]
    if operator not in ("+=", "-=", "=") or name in names_in(text):
        return None
    earlier = {other for other, _, _ in statements[:place]}
    for other in grown.keys():
        if (symbol := _symbol(expression, other)) is not None:
            times = grown[other].subs(_K, _K + 1) if other in earlier else grown[other]
            expression = expression.subs(symbol, symbol + times)
    if operator == "=":
        return expression if not expression.has(_K) else None
    if not expression.is_polynomial(_K):
        return None
    return sympy.simplify(sympy.summation(expression if operator == "+=" else -expression, (_K, 0, _N - 1)))


def _symbol(expression, name):
    return next((s for s in expression.free_symbols if str(s) == name), None)
