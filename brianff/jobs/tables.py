"""Rows of many runs, put together: mean and spread over the seeds."""

import numpy as np

__all__ = ["groups", "markdown", "spread", "table"]

# Entry of a row -> heading, and what its values are multiplied by.
MEASURES = {
    "validation_accuracy": ("validation accuracy (%)", 100),
    "test_accuracy": ("test accuracy (%)", 100),
    "cpu_seconds": ("CPU time of training (s)", 1),
}


def groups(rows, by):
    """Rows that share some entries: dict of tuple of the entries -> list of rows; failed runs are left out.

    Parameters
    ----------
    rows : iterable of dict
    by : sequence of str
    """
    found = {}
    for row in rows:
        if "failed" not in row:
            found.setdefault(tuple(row[name] for name in by), []).append(row)
    return found


def spread(values, digits=2):
    """Mean, and the standard deviation of several: ``"96.91 ± 0.12"``."""
    values = np.asarray(list(values), float)
    mean = f"{values.mean():.{digits}f}"
    return mean if len(values) < 2 else f"{mean} ± {values.std(ddof=1):.{digits}f}"


def markdown(headings, rows):
    """A table in Markdown, of cells that become text."""
    lines = ["| " + " | ".join(headings) + " |", "|" + "--|" * len(headings)]
    return "\n".join(lines + ["| " + " | ".join(map(str, cells)) + " |" for cells in rows]) + "\n"


def table(rows, by) -> str:
    """A table in Markdown: a line for all runs that differ in their seed alone; below, the runs that failed.

    Parameters
    ----------
    rows : iterable of dict
        Of `brianff.jobs.run`.
    by : sequence of str
        Entries that tell the lines apart.
    """
    rows = list(rows)
    grouped = groups(rows, by)
    measures = [name for name in MEASURES if any(name in row for of in grouped.values() for row in of)]
    lines = []
    for point, own in grouped.items():
        cells = [*point, len(own)]
        for name in measures:
            values = [MEASURES[name][1] * row[name] for row in own if name in row]
            cells.append(spread(values, 2 if MEASURES[name][1] == 100 else 0) if values else "")
        lines.append(cells)
    said = markdown([*by, "seeds", *(MEASURES[name][0] for name in measures)], lines)
    for row in rows:
        if "failed" in row:
            named = ", ".join(f"{name} {row[name]}" for name in (*by, "seed") if name in row)
            said += f"\n{named} failed: {' '.join(str(row['failed']).split())}\n"
    return said
