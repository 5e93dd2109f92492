"""The page of two runs beside each other: what differs between them, and their curves on the same axes."""

import difflib
import re
from os import PathLike

import numpy as np
from markupsafe import Markup, escape
from scipy.stats import binomtest

from brianff.report import curves
from brianff.report.content import Content, accuracies
from brianff.report.page import Page
from brianff.report.style import RUNS
from brianff.results import atomic_write

__all__ = ["changed_equations", "compare", "differences", "one_sided", "page_of"]

_WORD = re.compile(r"\w+|\s+|[^\w\s]")
NEAR = 2  # lines without a difference that are shown beside one
ALIKE = 0.6  # lines that are as similar are shown as one that has changed


def compare(one, other, path, evaluate=False) -> str | PathLike:
    """Write the page of two runs beside each other: what differs between them, and their curves on the same axes.

    Parameters
    ----------
    one, other : `brianff.learning.run.Run`
    path : path
        Of the HTML file.
    evaluate : bool
        Look at the test samples where nobody has done so yet.

    Returns
    -------
    path : path
    """
    text = page_of(*(Content(run, record=False, evaluate=evaluate) for run in (one, other)))
    atomic_write(path, text.encode())
    return path


def page_of(one, other):
    """The page of two `brianff.report.content.Content`, as text."""
    names = [one.name, other.name]
    if names[0] == names[1]:
        names = [f"{name} ({letter})" for name, letter in zip(names, "AB", strict=True)]
    runs, page = dict(zip(names, (one, other), strict=True)), Page(" and ".join(names))
    page.section("Training", [
        [curves.errors(runs, RUNS)], curves.phases(runs, RUNS), [curves.alignment(runs, RUNS), curves.rates(runs, RUNS)]
    ])  # fmt: skip
    return page.text(
        "two_runs.html",
        runs=[(name, content, colour) for (name, content), colour in zip(runs.items(), RUNS, strict=True)],
        facts=differences(one.facts, other.facts, every=True),
        accuracies=_accuracies(one, other),
        one_sided=one_sided(one, other),
        options=differences(one.options, other.options),
        parameters=differences(one.parameters, other.parameters),
        equations=changed_equations(one.equations, other.equations),
    )


def differences(one, other, every=False):
    """(name, value of the one, value of the other) where two dictionaries of text differ; "–" where one has none."""
    names = dict.fromkeys([*one, *other])
    rows = [(name, one.get(name, "–"), other.get(name, "–")) for name in names]
    return [row for row in rows if every or row[1] != row[2]]


def _accuracies(one, other):
    """(way, accuracy of the one, of the other, difference), in %; None where one has no such way."""
    found = [{way: 100 * share for way, share, *_ in accuracies(content)} for content in (one, other)]
    rows = []
    for way in dict.fromkeys([*found[0], *found[1]]):
        a, b = (of.get(way) for of in found)
        rows.append((way, a, b, None if a is None or b is None else b - a))
    return rows


def one_sided(one, other):
    """Test samples that one run alone knows, by its usual way to predict.

    Returns
    -------
    (int, int, float) or None
        Those of the one, those of the other, and the probability of so unequal numbers if both runs were equally good
        (exact test of McNemar 1947); None where they were not tested on the same samples.
    """
    a, b = one.evaluation, other.evaluation
    if a is None or b is None or not np.array_equal(a.labels, b.labels):
        return None
    right = [e.predicted() == e.labels for e in (a, b)]
    of_one, of_other = int(np.sum(right[0] & ~right[1])), int(np.sum(right[1] & ~right[0]))
    p = binomtest(of_one, of_one + of_other, 0.5).pvalue if of_one + of_other else 1.0
    return of_one, of_other, float(p)


def changed_equations(one, other):
    """What differs between two compositions as text, section by section.

    Returns
    -------
    sections : list of (title, lines)
        Those that differ; a line is (sign, markup), the sign " ", "-" (of the one) or "+" (of the other), or "" where
        lines without a difference are left out.  What changed within a line is marked.
    """
    found = [_sections(text) for text in (one, other)]
    changed = []
    for title in dict.fromkeys([*found[0], *found[1]]):
        lines = [of.get(title, []) for of in found]
        if lines[0] != lines[1] and title != "[parameters]":  # which have a table of their own
            changed.append((title, _lines(*lines)))
    return changed


def _sections(text):
    """Title -> lines of what `brianff show` prints; the models are the first section."""
    found, title = {}, "models"
    for line in text.splitlines():
        if line.startswith("# "):
            found["models"] = [part.strip() for part in line[2:].split(",")]
        elif line.startswith("["):
            title = line
        elif line.strip():
            found.setdefault(title, []).append(line.strip())
    return found


def _lines(one, other):
    rows = []
    for what, i1, i2, j1, j2 in difflib.SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if what == "equal":
            rows += _around(one[i1:i2], before=i1 > 0, after=i2 < len(one))
            continue
        old, new = list(one[i1:i2]), list(other[j1:j2])
        pairs = [_words(a, b) for a, b in zip(old, new, strict=False)]
        n = len(pairs)
        rows += [("-", a) for a, _ in pairs] + [("-", escape(line)) for line in old[n:]]
        rows += [("+", b) for _, b in pairs] + [("+", escape(line)) for line in new[n:]]
    return rows


def _around(lines, before, after):
    """Lines without a difference, as far as they stand near one: `before` them, or `after`."""
    first, last = NEAR * before, NEAR * after
    if len(lines) <= first + last + 1:
        return [(" ", escape(line)) for line in lines]
    near = lines[:first], lines[len(lines) - last :]
    left_out = ("", f"… {len(lines) - first - last} lines")
    return [*((" ", escape(line)) for line in near[0]), left_out, *((" ", escape(line)) for line in near[1])]


def _words(one, other):
    """Two lines as markup, with what differs between them marked; as they are where they have little in common."""
    a, b = _WORD.findall(one), _WORD.findall(other)
    matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
    if matcher.ratio() < ALIKE:
        return escape(one), escape(other)
    marked = [Markup(""), Markup("")]
    for what, i1, i2, j1, j2 in matcher.get_opcodes():
        for k, part in enumerate(("".join(a[i1:i2]), "".join(b[j1:j2]))):
            marked[k] += escape(part) if what == "equal" or not part else Markup("<mark>{}</mark>").format(part)
    return tuple(marked)
