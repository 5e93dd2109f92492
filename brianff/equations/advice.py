"""What people write in equation strings that Brian2 does not read, and what to write instead."""

import ast
import re

__all__ = ["advice", "function_advice"]

# pattern of code without comments -> what to write; the first that fits is said
_INSTEAD = (
    (r"&&", "write 'and', not '&&'"),
    (r"\|\|", "write 'or', not '||'"),
    (r"&", "use 'and', not '&'"),
    (r"\|", "use 'or', not '|'"),
    (r"!(?!=)", "write 'not', not '!'"),
    (r"=>", "write '>=', not '=>'"),
    (r"=<", "write '<=', not '=<'"),
    (r"<>", "write '!=', not '<>'"),
    (r"\^", "a power is x**2, not x^2"),
    (r"\+\+|--(?=\s*$)", "write 'n += 1', not 'n++'"),
    (r"\b(?:np|numpy|math|brian2|sp|scipy|torch)\.(\w+)", r"functions have no prefix: exp(x), not np.exp(x)"),
    (r"\b(AND|OR|NOT)\b", "write 'and', 'or' and 'not' in small letters"),
    (r"\b(true|false)\b", "write True or False"),
    (
        r"\b(?:for|while)\b",
        "a string has no loops: it counts for every neuron (or synapse) already, and a sum over neurons is a variable "
        "that every one of them adds to at a spike",
    ),
    (r"\b(?:if|elif|else)\b|\?", "there is no 'if': write int(condition)*value, which is 0 where it is false"),
    (r"\b(?:lambda|def|import|return|print|pass)\b", "a string holds equations or assignments, no Python"),
    (r"\b(?:is|in)\b", "compare with == or !="),
    (r"[\[\]]", "there are no indices: NAME is the neuron's own value, NAME_pre and NAME_post those of a synapse's"),
    (r"[{}]", "there are no braces; was an f before the quotes forgotten?"),
    (r"\$|@|`|\\", "there is no such sign in equations"),
    (r"['\"]", "there are no quotes within a string"),
    (r"\d,\d", "a decimal point is '.', not ','"),
    (
        r"(?<![\w.])\d+(?:\.\d*)?(?:[eE][-+]?\d+)?\s*(?:ms|mV|nS|pA|nA|Hz|pF|second|volt)\b",
        "a unit is multiplied: 10*ms",
    ),
    (r"\)\s*\(|(?<![\w.])\d+\.?\d*\s*\(", "a product needs its *: 2*(a + b)"),
)


def advice(code, assigned=False):
    """What to write in the place of the first thing that strings do not have, or None.

    Parameters
    ----------
    code : str
        An expression or a condition, without comments; a whole statement if `assigned`.
    assigned : bool
        Whether '=' may stand in it.
    """
    for pattern, instead in _INSTEAD:
        if re.search(pattern, code):
            return instead
    if code.count("(") != code.count(")"):
        return "'(' was never closed" if code.count("(") > code.count(")") else "there is a ')' too many"
    if not assigned and re.search(r"(?<![<>=!])=(?!=)", code):
        return "'=' sets a variable; two values are compared with '=='"
    if re.search(r"/\s*\(?\s*0(?:\.0*)?\s*\)?\s*(?:$|[-+*/),])", code):
        return "this divides by 0"
    try:
        ast.parse(code.strip())
    except (SyntaxError, ValueError):
        if re.search(r"[\w)]\s+[A-Za-z_(]", re.sub(r"\b(?:and|or|not)\b", "&", code)):
            return "between two values there must be an operator, such as *"
    return None


_FUNCTIONS = {
    "max": "clip(x, lowest, inf)",
    "maximum": "clip(x, lowest, inf)",
    "min": "clip(x, -inf, highest)",
    "minimum": "clip(x, -inf, highest)",
    "fabs": "abs(x)",
    "pow": "x**y",
    "power": "x**y",
    "ln": "log(x)",
    "sigmoid": "1/(1 + exp(-x))",
    "relu": "clip(x, 0, inf)",
    "heaviside": "int(x > 0)",
    "step": "int(x > 0)",
    "where": "int(condition)*value",
    "asin": "arcsin(x)",
    "acos": "arccos(x)",
    "atan": "arctan(x)",
    "round": "floor(x + 0.5)",
    "float": "1.0*x",
    "bool": "x != 0",
    "random": "uniform(seed, presentation, draw, channel)",
    "normal": "sqrt(-2*log(uniform(...)))*cos(2*pi*uniform(...))",
    "sum": "a variable that every neuron adds to at a spike",
    "mean": "a variable that every neuron adds to at a spike",
}


def function_advice(name, functions):
    """What to call in the place of a function that does not exist."""
    instead = f" {name} is {_FUNCTIONS[name]} here." if name in _FUNCTIONS else ""
    return (
        f"there is no function '{name}'.{instead} There are: {', '.join(sorted(functions))}; or write one: "
        ' functions = {"relu(x)": "clip(x, 0, inf)"}.'
    )
