"""What the strings of model files are made of: lines, names and assignments, as text."""

import difflib
import re

from brian2.utils.stringtools import get_identifiers

__all__ = [
    "SUFFIXES", "base_name", "closest", "equation_lines", "foreign_name", "names_in", "statement_lines", "targets",
    "tidy", "without_comments",
]  # fmt: skip

# How strings name the variables of other groups.
SUFFIXES = ("_pre", "_post", "_layer", "_below")


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


def targets(text):
    """Names that statements assign to."""
    return {re.split(r"\W", statement)[0] for _, statement in statement_lines(text)}
