"""Figures of disturbed networks: curves over the strength, areas under them, and what corruptions look like."""

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from brianff.plotting.style import TEXT, WIDTH, canvas, colour_bar, only_ticks, tidy

__all__ = [
    "anytime", "black_boxes", "continual", "corruptions", "few_samples", "online", "robustness", "robustness_map",
]  # fmt: skip

# Of the ways to learn, in their order: families share a hue, and the reference is black.
_COLOURS = ("#14529e", "#56a0dc", "#009e73", "#e88a00", "#a3195b", "#c75fb0", "0.6", "0.1")
_LINES = ("-", "--", "-", "-", "-", "--", "--", "-")
_MARKERS = ("o", "s", "D", "^", "v", "P", "X", "*")


def _style(k):
    return dict(color=_COLOURS[k % 8], linestyle=_LINES[k % 8], marker=_MARKERS[k % 8], markersize=5, linewidth=1.7)


def robustness(curves, panels, titles, labels, figure=None) -> Figure:
    """Accuracy over the strength of disturbances, a panel each: mean of the seeds, and the range from worst to best.

    Parameters
    ----------
    curves : dict of way -> disturbance -> (n_seeds, n_strengths) array
        Accuracies, as of `brianff.studies.suite.curves_of`.
    panels : dict of disturbance -> (positions, ticks, axis label)
        Where strengths stand, and what is written there.
    titles : dict of disturbance -> str
    labels : dict of way -> str
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional
    """
    columns = min(4, len(panels))
    rows = -(-len(panels) // columns)
    figure = canvas(figure, 2.65 * columns, 0.9 + 2.25 * rows)
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for k, (axes, (name, (x, ticks, label))) in enumerate(zip(grid.ravel(), panels.items(), strict=False)):
        for way, of_way in curves.items():
            if name not in of_way:
                continue
            values, style = 100 * np.asarray(of_way[name]), _style(list(labels).index(way))
            axes.plot(x, values.mean(axis=0), label=labels[way], **style)
            if len(values) > 1:
                low, high = values.min(axis=0), values.max(axis=0)
                axes.fill_between(x, low, high, color=style["color"], alpha=0.12, linewidth=0)
        axes.set_title(titles[name], fontsize=TEXT + 1, loc="left")
        axes.set_ylim(0, 101)
        only_ticks(axes.yaxis, (0, 25, 50, 75, 100))
        if ticks is not None:
            axes.set_xticks(x, ticks)
        else:
            axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
            axes.xaxis.set_major_formatter("{x:g}")
        axes.set_xlim(x[0] - 0.03 * x[-1], 1.03 * x[-1])
        axes.set_xlabel(label)
        if k % columns == 0:
            axes.set_ylabel("test accuracy (%)")
        tidy(axes, grid=True)
    for axes in grid.ravel()[len(panels) :]:
        axes.set_visible(False)
    _legend(figure, grid)
    return figure


def _legend(figure, grid, columns=3):
    handles = {}
    for axes in np.ravel(grid):
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    figure.legend(
        handles.values(),
        handles,
        loc="outside upper left",
        ncols=columns,
        frameon=False,
        fontsize=TEXT + 1,
        handlelength=3,
    )


def robustness_map(areas, reference, families, labels, figure=None) -> Figure:
    """Area under every curve less that of the reference, in points of accuracy, as a map.

    Parameters
    ----------
    areas : dict of way -> disturbance -> float
        In %.
    reference : str
        One of the ways; its column has its areas themselves.
    families : dict of disturbance -> str
        Rows in this order, with a line between families.
    labels : dict of way -> str
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional
    """
    ways, names = [way for way in areas if way != reference], list(families)
    values = np.array([[areas[way].get(name, np.nan) for way in (*ways, reference)] for name in names])
    grid = values[:, :-1] - values[:, -1:]
    figure = canvas(figure, WIDTH + 0.6, 1.9 + 0.25 * len(names))
    axes = figure.subplots()
    most = max(5.0, np.nanmax(np.abs(grid), initial=0))
    axes.set_facecolor("0.93")
    image = axes.imshow(grid, cmap="PuOr", norm=TwoSlopeNorm(0, -most, most), aspect="auto")
    for (row, column), value in np.ndenumerate(grid):
        if np.isfinite(value):
            dark = abs(value) > 0.6 * most
            text = f"{value:+.0f}" if round(value) else "0"
            axes.text(column, row, text, ha="center", va="center", color="w" if dark else "k", fontsize=TEXT)
    axes.set_xticks(range(len(ways)), [labels[way] for way in ways], rotation=25, ha="right", fontsize=TEXT)
    shown = [f"{name}  {areas[reference][name]:.0f} %" if name in areas[reference] else name for name in names]
    axes.set_yticks(range(len(names)), shown, fontsize=TEXT)
    of_families = list(families.values())
    for row in range(1, len(names)):
        if of_families[row] != of_families[row - 1]:
            axes.axhline(row - 0.5, color="w", linewidth=4)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    colour_bar(figure, image, axes, f"points more (violet) or fewer (orange)\nthan: {labels[reference]}")
    return figure


def corruptions(images, figure=None) -> Figure:
    """One image under every kind of corruption, from left to right the stronger.

    Parameters
    ----------
    images : dict of kind -> (n, height, width) array
        The first of each as it was.
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional
    """
    columns, most = 3, max(len(of_kind) for of_kind in images.values())
    rows = -(-len(images) // columns)
    figure = canvas(figure, WIDTH * 1.5, 0.85 * rows)
    for part, (kind, of_kind) in zip(figure.subfigures(rows, columns).ravel(), images.items(), strict=False):
        axes = part.subplots(1, most)
        for one in axes:
            one.set_axis_off()
        for one, image in zip(axes, of_kind, strict=False):
            one.imshow(image, cmap="gray", vmin=0, vmax=np.max(of_kind[0]), interpolation="nearest")
        part.suptitle(kind.replace("_", " "), fontsize=TEXT, x=0.02, ha="left")
    return figure


def anytime(found, costs, labels, figure=None) -> Figure:
    """Accuracy after a part of the stimulus, and accuracy against the operations of an answer.

    Parameters
    ----------
    found : dict of way -> list of dict
        Of every seed, as of `Bench.anytime`.
    costs : dict of way -> (operations of an answer, accuracy in %)
    labels : dict of way -> str
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional
    """
    figure = canvas(figure, 1.4 * WIDTH, 4.4)
    left, right = grid = figure.subplots(1, 2)
    of_parts = {
        way: (100 * np.array(of_seeds[0]["parts"]), [one["accuracy"] for one in of_seeds])
        for way, of_seeds in found.items()
    }
    _over(left, of_parts, labels)
    for way, (operations, accuracy) in costs.items():
        style = _style(list(labels).index(way)) | dict(linestyle="none", markersize=10)
        right.plot([operations], [accuracy], label=labels[way], **style)
    left.set(xlabel="part of the stimulus seen (%)", ylabel="test accuracy (%)", ylim=(0, 101))
    right.set(
        xscale="log",
        xlabel="synaptic operations of an answer (accumulates; without\nspikes multiply-accumulates)",
        ylabel="test accuracy (%)",
    )
    for axes in grid:
        tidy(axes, grid=True)
    _legend(figure, [right])
    return figure


def black_boxes(found, labels, figure=None) -> Figure:
    """Accuracy behind every black box: a row for each way to learn, its seeds as points and their mean as a bar.

    Parameters
    ----------
    found : dict of way -> box -> (n_seeds,) sequence
        Accuracies, of `none` as well.
    labels : dict of way -> str
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional
    """
    boxes = list(dict.fromkeys(box for of_way in found.values() for box in of_way))
    figure = canvas(figure, 1.15 * WIDTH, 1.3 + 0.62 * len(found))
    axes = figure.subplots()
    for k, box in enumerate(boxes):
        style = dict(color=_COLOURS[(7, 3, 1, 2)[k % 4]], marker=_MARKERS[k])
        for row, of_way in enumerate(found.values()):
            values = 100 * np.asarray(of_way.get(box, ()), float)
            y = row + 0.72 * ((k + 0.5) / len(boxes) - 0.5)
            axes.plot(values, np.full(len(values), y), linestyle="none", markersize=4.5, alpha=0.55, **style)
            if len(values):
                mean, height = values.mean(), 0.3 / len(boxes)
                axes.plot([mean, mean], [y - height, y + height], color=style["color"], linewidth=2.5)
        axes.plot([], [], linestyle="none", label="no box" if box == "none" else box, **style)
    for row in range(1, len(found)):
        axes.axhline(row - 0.5, color="0.85", linewidth=0.8)
    axes.set_yticks(range(len(found)), [labels[way] for way in found], fontsize=TEXT + 1)
    axes.set(xlabel="test accuracy (%)", xlim=(-1, 101), ylim=(len(found) - 0.5, -0.5))
    tidy(axes, grid=True)
    axes.grid(visible=False, axis="y")
    _legend(figure, [axes], columns=4)
    return figure


def few_samples(found, labels, figure=None) -> Figure:
    """Accuracy against the number of training samples of a class: mean of the seeds, and from worst to best.

    Parameters
    ----------
    found : dict of way -> (numbers, (n_seeds, n_numbers) array)
    labels : dict of way -> str
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional
    """
    figure = canvas(figure, 1.4 * WIDTH, 4.8)
    axes, numbers = figure.subplots(), sorted({n for x, _ in found.values() for n in x})
    _over(axes, found, labels)
    least = min(100 * np.min(values) for _, values in found.values())
    axes.set(xscale="log", xlabel="training samples of a class", ylabel="test accuracy (%)")
    axes.set_ylim(max(0, 10 * np.floor(least / 10 - 0.5)), 101)
    axes.set_xticks(numbers, [f"{n:g}" for n in numbers])
    axes.minorticks_off()
    tidy(axes, grid=True)
    _legend(figure, [axes])
    return figure


def online(found, labels, figure=None) -> Figure:
    """Accuracy on samples before each is learnt, in a single pass, over the samples that have been learnt.

    Parameters
    ----------
    found : dict of way -> (samples, (n_seeds, n) array)
    labels : dict of way -> str
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional
    """
    figure = canvas(figure, WIDTH, 4.0)
    axes = figure.subplots()
    _over(axes, found, labels)
    axes.set(xlabel="samples learnt, one by one", ylabel="accuracy before a sample is learnt (%)", ylim=(0, 101))
    tidy(axes, grid=True)
    _legend(figure, [axes])
    return figure


def _over(axes, found, labels):
    """Means of the seeds over x, and the range from worst to best: way -> (x, (n_seeds, n) array)."""
    for way, (x, values) in found.items():
        values, style = 100 * np.asarray(values), _style(list(labels).index(way))
        axes.plot(x, values.mean(axis=0), label=labels[way], **style)
        axes.fill_between(x, values.min(axis=0), values.max(axis=0), color=style["color"], alpha=0.12, linewidth=0)


def continual(found, figure=None) -> Figure:
    """Accuracy on every task while others are learnt after it: mean of the seeds, a panel for each way to learn.

    Parameters
    ----------
    found : dict of way -> list of (n, n) arrays
        Accuracy on task j after task i, of every seed.
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional
    """
    n = len(next(iter(found.values()))[0])
    figure = canvas(figure, 0.7 * WIDTH * len(found), 4.0)
    grid = figure.subplots(1, len(found), sharey=True, squeeze=False)[0]
    colours = colormaps["viridis"](np.linspace(0, 0.92, n))
    for axes, (name, of_seeds) in zip(grid, found.items(), strict=True):
        mean = 100 * np.mean(of_seeds, axis=0)
        for task in range(n):
            learnt = np.arange(task, n)
            axes.plot(learnt + 1, mean[task:, task], color=colours[task], linewidth=1.6, marker="o", markersize=3)
        average = [mean[k, : k + 1].mean() for k in range(n)]
        axes.plot(np.arange(n) + 1, average, color="0.1", linewidth=2.6, label="mean of the tasks so far")
        axes.set_title(name, fontsize=TEXT + 1, loc="left")
        axes.set(xlabel="tasks learnt", ylim=(0, 101))
        axes.set_xticks(range(1, n + 1))
        tidy(axes, grid=True)
    grid[0].set_ylabel("test accuracy (%)")
    grid[0].legend(loc="lower left", frameon=False, fontsize=TEXT)
    return figure
