"""What the strings of model files are made of: lines, names and assignments, as text."""

import difflib
import functools
import re

from brian2.equations.equations import DIFFERENTIAL_EQUATION, Equations
from brian2.units.allunits import all_units
from brian2.units.fundamentalunits import DIMENSIONLESS, get_dimensions
from brian2.utils.stringtools import get_identifiers

__all__ = [
    "SUFFIXES", "assignments", "base_name", "closest", "code_of", "declare", "equation_lines", "equations_of",
    "first_sentence", "foreign_name", "initial_of_shared", "initial_statements", "names_in", "statement_lines",
    "strings_in", "targets", "tidy", "unit_of", "unit_string", "without_comments",
]  # fmt: skip

# How strings name the variables of other groups.
SUFFIXES = ("_pre", "_post", "_layer", "_below", "_channel")


def base_name(name):
    """A name without its suffix, and the suffix ("" if it has none)."""
    suffix = next((s for s in SUFFIXES if name.endswith(s) and len(name) > len(s)), "")
    return name.removesuffix(suffix), suffix


def closest(word, candidates):
    """ " Did you mean ...?" with the candidate that is most like a word, or nothing."""
    candidates = list(candidates)
    match = difflib.get_close_matches(word, candidates, n=1) or [c for c in candidates if c.lower() == word.lower()]
    return f" Did you mean '{match[0]}'?" if match else ""


def tidy(text):
    """The lines that hold something, without the space around them."""
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def without_comments(text):
    return re.sub("#.*", "", text)


def foreign_name(code):
    """What is wrong with a name of other letters than Brian2 reads, or None."""
    found = re.search(r"\w*[^\W\x00-\x7f]\w*", code)
    return f"'{found[0]}' cannot be a name: use letters from a to z, digits and _ only." if found else None


def names_in(*texts):
    """All identifiers of some strings, comments left out."""
    return set().union(*(get_identifiers(without_comments(t)) for t in texts if t))


def strings_in(strings):
    """All strings of a model, and the values in its dictionaries as such."""
    return [text for s in strings.values() for text in (map(str, s.values()) if isinstance(s, dict) else [s])]


@functools.lru_cache(4096)
def equations_of(text):
    """Brian2's equations of a string, to be read only: the same object for the same string, since Brian2 checks every
    name anew for every object, which took most of the time of putting models together."""
    return Equations(text)


def equation_lines(text):
    """Pairs of (offset of the first physical line, equation); as in Brian2, an equation goes on until its unit."""
    pending, start = "", 0
    for offset, line in enumerate(text.splitlines()):
        code = without_comments(line).strip()
        if not code:
            continue
        if pending and re.match(r"(d\w+\s*/\s*dt|\w+)\s*=(?!=)", code):  # the unit was forgotten
            yield start, pending
            pending = ""
        if not pending:
            start = offset
        pending = f"{pending} {code}".strip()
        if ":" in code:
            yield start, pending
            pending = ""
    if pending:
        yield start, pending


def statement_lines(text):
    """Pairs of (offset of the physical line, statement)."""
    for offset, line in enumerate(text.splitlines()):
        for statement in without_comments(line).split(";"):
            if statement.strip():
                yield offset, statement.strip()


def assignments(text):
    """(name, operator, expression) of every statement that assigns."""
    found = (re.match(r"(\w+)\s*([-+*/]?=)(?!=)\s*(.*)", statement) for _, statement in statement_lines(text))
    return [match.groups() for match in found if match]


def targets(text):
    """Names that statements assign to."""
    return {name for name, _, _ in assignments(text)}


# -- in Brian2's spelling ------------------------------------------------------------------------------------------
_DIMENSIONS = {unit.name: unit.dim for unit in all_units}
_BASE = ("meter", "kilogram", "second", "amp", "kelvin", "mole", "candle")


def unit_string(value):
    """SI unit of a quantity, or of dimensions, as Brian2's equations spell it: ``"volt"``, ``"1"`` for none."""
    dim = get_dimensions(value)
    if dim is DIMENSIONLESS:
        return "1"
    for name in ("second", "hertz", "volt", "amp", "siemens", "farad", "ohm", "coulomb"):
        if dim is _DIMENSIONS[name]:
            return name
    return "*".join(f"{name}**{exponent:g}" for name, exponent in zip(_BASE, dim._dims, strict=True) if exponent)


def declare(parameters):
    """Parameters as variables, shared or of every neuron: run_args can change them without a new compilation."""
    flags = {name: "constant" if hasattr(value, "draw") else "shared, constant" for name, value in parameters.items()}
    return "\n".join(f"{name} : {unit_string(value)} ({flags[name]})" for name, value in parameters.items())


def initial_statements(equations, initial):
    """Statements that put every variable with a differential equation, or an initial value, back to that value."""
    statements = []
    for eq in equations_of(equations).values():
        if (eq.type == DIFFERENTIAL_EQUATION or eq.varname in initial) and "shared" not in eq.flags:
            zero = "0" if eq.dim is DIMENSIONLESS else f"0*{unit_string(eq.dim)}"
            statements.append(f"{eq.varname} = {code_of(initial.get(eq.varname, zero))}")
    return "\n".join(statements)


def initial_of_shared(equations, initial):
    """The same for variables that all neurons share, which Brian2 sets before all others."""
    shared = [eq.varname for eq in equations_of(equations).values() if eq.varname in initial and "shared" in eq.flags]
    return "".join(f"{name} = {code_of(initial[name])}\n" for name in shared)


def code_of(value):
    """A number or quantity as Brian2's expressions spell it; a string is one already."""
    if isinstance(value, (str, int)):
        return str(value)
    number = repr(float(value))
    return number if get_dimensions(value) is DIMENSIONLESS else f"{number}*{unit_string(value)}"


def unit_of(eq):
    return unit_string(eq.dim) if eq.var_type == "float" else eq.var_type


def first_sentence(error):
    """The messages of an error and of what caused it, in one line."""
    chain = [error]
    while chain[-1].__cause__ is not None:
        chain.append(chain[-1].__cause__)
    text = " ".join(" ".join(str(e) for e in reversed(chain) if str(e)).split())
    return text.replace(" (<unknown>, line 1)", "")  # of the string, as Python's parser says
