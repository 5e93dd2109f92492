"""Figures of many runs: a grid of them, and a search for good options."""

import re

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure

from brianff.jobs.tables import groups
from brianff.plotting.style import TEXT, WIDTH, canvas, one_axes, only_ticks, tidy

__all__ = ["search", "sweep"]

_LINES = ("#14529e", "#e88a00", "#009e73", "#b05fb0", "0.1", "#a3195b", "#56b4e9", "0.55")
_MOST_LINES = 8
_MOST_ROWS = 40  # of a figure that lists combinations


def _number(value):
    """The number of a value such as 0.01 or "10*ms", or None."""
    found = re.fullmatch(r"([+-]?[\d.]+(?:e[+-]?\d+)?)(\*[\w*/^.()]+)?", str(value), re.IGNORECASE)
    try:
        return float(found[1]) if found else None
    except ValueError:
        return None


def _label(name, values):
    """What was varied, with the unit that all values share, if they do."""
    unit, *others = {str(value).partition("*")[2] for value in values} or {""}
    return f"{name} ({unit})" if unit and not others else name


def _is_wide(numbers):
    """Whether positive numbers span so much that their logarithm is shown."""
    return min(numbers) > 0 and max(numbers) / min(numbers) >= 8


def sweep(rows, by, measure="validation_accuracy", figure=None) -> Figure:
    """Accuracy of a grid of runs: each run a dot, the mean of the seeds with their standard deviation.

    Along the first varied thing that has several numbers (else as a list); a line for each combination of the others.

    Parameters
    ----------
    rows : iterable of dict
        Of `brianff.jobs.run`; those that failed are left out.
    by : sequence of str
        Entries that are varied.
    measure : str
        Entry that is drawn, a part of one.
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional
    """
    measured = groups((row for row in rows if measure in row), by)
    grouped = {point: [100 * row[measure] for row in own] for point, own in measured.items()}
    columns = {name: list(dict.fromkeys(point[k] for point in grouped)) for k, name in enumerate(by)}
    along = next((n for n, v in columns.items() if len(v) > 1 and None not in map(_number, v)), None)
    lines = {}
    for point, values in grouped.items():
        rest = tuple(v for name, v in zip(by, point, strict=True) if name != along)
        lines.setdefault(rest, []).append((point, values))
    label = f"{measure.replace('_', ' ')} (%)"
    if along is None or len(lines) > _MOST_LINES:
        return _listed(grouped, by, label, figure)
    figure, axes = one_axes(figure, WIDTH, 3.6)
    k = list(by).index(along)
    for colour, (rest, points) in zip(_LINES, lines.items(), strict=False):
        points = sorted(((_number(point[k]), values) for point, values in points), key=lambda pair: pair[0])
        x = [number for number, _ in points]
        for number, values in points:
            axes.plot([number] * len(values), values, ".", color=colour, alpha=0.4, markersize=5)
        mean, error = ([f(values) for _, values in points] for f in (np.mean, _deviation))
        named = ", ".join(f"{name} {v}" for name, v in zip([n for n in by if n != along], rest, strict=True))
        axes.errorbar(x, mean, error, color=colour, marker="o", markersize=5, linewidth=1.6, capsize=3, label=named)
    numbers = [_number(value) for value in columns[along]]
    if _is_wide(numbers):
        axes.set_xscale("log")
    only_ticks(axes.xaxis, sorted(set(numbers)))
    axes.set(xlabel=_label(along, columns[along]), ylabel=label)
    if len(lines) > 1:
        figure.legend(loc="outside right upper", frameon=False, fontsize=TEXT)
    return figure


def _deviation(values):
    return np.std(values, ddof=1) if len(values) > 1 else 0.0


def _listed(grouped, by, label, figure):
    """The combinations below each other, the best first."""
    points = sorted(grouped, key=lambda point: -np.mean(grouped[point]))
    shown = points[:_MOST_ROWS]
    figure, axes = one_axes(figure, WIDTH, 1.0 + 0.24 * len(shown))
    for k, point in enumerate(shown):
        values = grouped[point]
        axes.plot(values, [k] * len(values), ".", color=_LINES[0], alpha=0.4, markersize=5)
        axes.errorbar(np.mean(values), k, xerr=_deviation(values), color=_LINES[0], marker="o", markersize=5, capsize=3)
    names = [", ".join(f"{name} {value}" for name, value in zip(by, point, strict=True)) for point in shown]
    axes.set_yticks(range(len(shown)), names)
    axes.invert_yaxis()
    more = f" (the best {len(shown)} of {len(points)})" if len(points) > len(shown) else ""
    axes.set_xlabel(label + more)
    return figure


def search(trials, names, importance=None, figure=None) -> Figure:
    """A search: accuracy over the trials, what matters, and every trial as a line through its values.

    Parameters
    ----------
    trials : list of dict
        Of `brianff.jobs.Search.trials`: trial, state, validation_accuracy, and the values under `names`.
    names : sequence of str
        What was varied.
    importance : dict of str -> float, optional
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional

    Returns
    -------
    figure : `matplotlib.figure.Figure`
        Axes: history, importance, then one for each of `names` and the accuracy.
    """
    figure = canvas(figure, 1.3 * WIDTH, 6.4)
    top, bottom = figure.subfigures(2, 1, height_ratios=(1, 1.15))
    left, right = top.subplots(1, 2, width_ratios=(3, 2))
    _history(left, trials)
    _importance(right, names, importance or {})
    _parallel(bottom, trials, names)
    bottom.suptitle("complete trials, the better the darker; grey: given up early", fontsize=TEXT, x=0.01, ha="left")
    return figure


def _history(axes, trials):
    for state, colour, marker in (("pruned", "0.65", "x"), ("complete", _LINES[0], "o")):
        own = [row for row in trials if row["state"] == state]
        x, y = [row["trial"] for row in own], [100 * row["validation_accuracy"] for row in own]
        words = {"pruned": "given up early", "complete": "complete"}[state]
        axes.plot(x, y, marker, color=colour, markersize=5, linestyle="none", label=words)
    complete = sorted((row["trial"], 100 * row["validation_accuracy"]) for row in trials if row["state"] == "complete")
    if complete:
        best = np.maximum.accumulate([value for _, value in complete])
        axes.step([number for number, _ in complete], best, where="post", color=_LINES[1], label="best so far")
    axes.set(xlabel="trial", ylabel="validation accuracy (%)")
    axes.legend(frameon=False, fontsize=TEXT - 1)
    tidy(axes, grid=True)


def _importance(axes, names, importance):
    shown = sorted(importance.items(), key=lambda item: item[1])
    if not shown:
        axes.text(
            0.5, 0.5, "too few complete trials", ha="center", va="center", transform=axes.transAxes, fontsize=TEXT
        )
        axes.set_axis_off()
        return
    axes.barh([name for name, _ in shown], [value for _, value in shown], color=_LINES[0], height=0.6)
    axes.set_xlabel("part of the variance explained")
    axes.set_xlim(0, 1)
    tidy(axes)


def _parallel(figure, trials, names):
    """Every complete trial as a line through its values, the darker the better; those given up are pale."""
    scales = [_scale([row[name] for row in trials], name) for name in names]
    accuracy = np.array([100 * row["validation_accuracy"] for row in trials if row["state"] == "complete"])
    low, high = (np.percentile(accuracy, 10), accuracy.max()) if len(accuracy) else (0.0, 1.0)
    if low == high:
        low -= 1.0
    axes = figure.subplots()
    for row in sorted(trials, key=lambda row: (row["state"] == "complete", row["validation_accuracy"])):
        y = [place(row[name]) for (place, _, _), name in zip(scales, names, strict=True)]
        value = np.clip((100 * row["validation_accuracy"] - low) / (high - low), 0, 1)
        if row["state"] == "complete":
            axes.plot([*range(len(names)), len(names)], [*y, value], color=colormaps["cividis_r"](value), linewidth=1.4)
        else:
            axes.plot(range(len(names)), y, color="0.85", linewidth=0.7, zorder=0)
    ends = (0, 0.5, 1)
    scales.append((None, ends, [f"{low + end * (high - low):.1f}" for end in ends]))
    for k, (_, ticks, labels) in enumerate(scales):
        axes.axvline(k, color="0.3", linewidth=1)
        for tick, label in zip(ticks, labels, strict=True):
            axes.plot([k - 0.012, k], [tick, tick], color="0.3", linewidth=1)
            axes.text(
                k + 0.02, tick, label, ha="left", va="center", fontsize=TEXT - 1,
                bbox=dict(facecolor="w", edgecolor="none", alpha=0.75, pad=0.6),
            )  # fmt: skip
    named = [_label(name, [row[name] for row in trials]) for name in names]
    axes.set_xticks(range(len(names) + 1), [*named, "validation accuracy (%)"], fontsize=TEXT)
    axes.set_yticks([])
    axes.set_xlim(-0.1, len(names) + 0.25)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _scale(values, name):
    """(function from a value to [0, 1], ticks, their labels) of one varied thing."""
    numbers = [_number(value) for value in values]
    if None in numbers or len(set(numbers)) < 2:
        choices = sorted(set(map(str, values)))
        places = {c: 0.5 if len(choices) == 1 else k / (len(choices) - 1) for k, c in enumerate(choices)}
        return (lambda value: places[str(value)]), list(places.values()), choices
    wide = _is_wide(numbers)
    forward, back = (np.log, np.exp) if wide else ((lambda x: x), (lambda x: x))
    low, high = forward(min(numbers)), forward(max(numbers))
    ticks = [0, 0.5, 1]
    labels = [f"{back(low + tick * (high - low)):.3g}" for tick in ticks]
    return (lambda value: (forward(_number(value)) - low) / (high - low)), ticks, labels
