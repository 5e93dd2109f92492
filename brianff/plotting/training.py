"""Figures of training: goodness and accuracy in its course."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from brianff.errors import OptionError
from brianff.plotting.style import COLOURS, TEXT, WIDTH, canvas, legend_above, scale_by_error, stacked, tidy

__all__ = ["column_of", "goodness_over_training", "learning_curve", "levels_of", "smoothed"]

# What predicts -> its name, colour, marker and line.
WAYS = {
    "goodness": ("goodness of every label, all layers", "0.1", "o", "-"),
    "upper": ("goodness of every label, layers ≥ 2", "#009e73", "s", "--"),
    "readout": ("softmax readout", "#b05fb0", "^", "-."),
    "together": ("goodness and readout together", "#4a6fa5", "D", ":"),
    "accuracy": ("output neurons", "0.1", "o", "-"),
}


def goodness_over_training(metrics, figure=None) -> Figure:
    """Goodness of the positive and the negative phase in the course of training, one row for each layer.

    Left: the mean goodness of every chunk (thin) and its running mean (thick), in the colours of the phases.  Right:
    the fraction of samples whose positive phase had the larger goodness; an untrained layer is at 50 %.

    Parameters
    ----------
    metrics : list of dict
        Rows of `brianff.Run.metrics` or ``metrics.csv``; only those of chunks are used.
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional

    Returns
    -------
    figure : `matplotlib.figure.Figure`
        Axes: goodness and fraction of the first layer, of the second, ...
    """
    rows = [row for row in metrics if row.get("what") == "chunk"]
    levels = levels_of(rows)
    if not levels:
        raise OptionError("metrics have no goodness: there must be rows of chunks with positive1, negative1, ...")
    x, label = _progress(rows)

    figure = canvas(figure, WIDTH, 0.9 + 1.9 * len(levels))
    grid = figure.subplots(len(levels), 2, sharex=True, squeeze=False, width_ratios=(3, 2))
    for (left, right), level in zip(grid, levels, strict=True):
        for phase in ("positive", "negative"):
            _raw_and_smooth(left, x, column_of(rows, f"{phase}{level}"), COLOURS[phase], f"{phase} phase")
        left.set_ylabel(f"goodness\nof layer {level}")
        _raw_and_smooth(right, x, 100 * column_of(rows, f"ordered{level}"), COLOURS["ink"])
        right.axhline(50, color=COLOURS["ink"], linewidth=0.9, linestyle=":")
        right.set_ylim(min(45, right.get_ylim()[0]), 101)
        right.set_ylabel("positive >\nnegative (%)")
        for axes in (left, right):
            tidy(axes, grid=True)
            axes.xaxis.set_major_locator(MaxNLocator(5, integer=label == "training epoch", steps=[1, 2, 5, 10]))
    for axes in grid[-1]:
        axes.set_xlabel(label)
    legend_above(figure, *grid[0, 0].get_legend_handles_labels(), ncols=2)
    return figure


def learning_curve(metrics, figure=None) -> Figure:
    """Accuracy on validation samples in the course of training, for each way of predicting the class.

    The axis is logarithmic in the error, so that 90 to 95 % takes as much room as 95 to 97.5 %.  Where feedback weights
    learn, the cosine between them and the forward weights stands below.  Without validation samples the figure says so.

    Parameters
    ----------
    metrics : list of dict
        Rows of `brianff.Run.metrics` or ``metrics.csv``; only those of validations are used.
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional
    """
    if not metrics:
        raise OptionError("metrics: there are none to draw.")
    rows = [row for row in metrics if row.get("what") == "validation"]
    present = [way for way in WAYS if any(way in row for row in rows)]
    if levels_of(metrics) == [1]:
        present = [way for way in present if way != "upper"]  # the same as all layers
    present = [way for way in present if way != "accuracy"] or present  # the first of several
    levels = levels_of(rows[-1:], "alignment")
    figure, (axes, *below) = stacked(figure, 4.6 + 1.8 * bool(levels), [2, 1] if levels else [2])
    tidy(axes, grid=bool(present))
    if not present:
        axes.set(xlabel="training epoch", ylabel="validation accuracy (%)", xticks=[], yticks=[])
        axes.text(0.5, 0.5, "no validation samples", transform=axes.transAxes, ha="center", fontsize=TEXT)
        return figure
    x, label = _progress(rows)
    for way in present:
        text, colour, marker, line = WAYS[way]
        accuracy = 100 * column_of(rows, way)
        text = f"{text}: {accuracy[np.isfinite(accuracy)][-1]:.1f} %"
        style = dict(color=colour, linestyle=line, linewidth=1.8, marker=marker, markersize=5)
        axes.plot(x, accuracy, label=text, markevery=max(1, len(x) // 20), **style)
    scale_by_error(axes, 100 * np.concatenate([column_of(rows, way) for way in present]))
    for lower in below:
        _alignment(lower, x, rows, levels)
    last = (below or [axes])[-1]
    last.set_xlabel(label)
    last.xaxis.set_major_locator(MaxNLocator(8, integer=label == "training epoch", min_n_ticks=1))
    title = dict(title="prediction by (last value)", title_fontsize=TEXT, alignment="left")
    legend_above(figure, *axes.get_legend_handles_labels(), handlelength=3, **title)
    return figure


def _alignment(axes, x, rows, levels):
    """Cosine of feedback and forward weights of each layer."""
    lowest = 0
    for level, line in zip(levels, ("-", "--", "-.", ":"), strict=False):
        values = column_of(rows, f"alignment{level}")
        axes.plot(x, values, linestyle=line, color=COLOURS["positive"], linewidth=2, label=f"layer {level}")
        lowest = min(lowest, np.nanmin(values, initial=0))
    axes.set_ylabel("cosine of feedback\nand forward weights")
    axes.set_ylim(lowest, 1)
    if len(levels) > 1:
        axes.legend(frameon=False, fontsize=TEXT)
    tidy(axes, grid=True)


def column_of(rows, name):
    """A column of rows of metrics; nan where a row has none."""
    return np.array([row.get(name, np.nan) for row in rows], float)


def levels_of(rows, name="positive"):
    """Layers of which something, usually the goodness, is in rows of metrics."""
    found = {key.removeprefix(name) for row in rows for key in row if key.startswith(name)}
    return sorted(int(level) for level in found if level.isdigit())


def _progress(rows):
    """Horizontal axis of training: its values and what they are."""
    if all("epoch" in row for row in rows):
        return column_of(rows, "epoch"), "training epoch"
    if all("samples" in row for row in rows):
        return column_of(rows, "samples"), "training samples"
    raise OptionError("rows of metrics need 'epoch' or 'samples'.")


def _raw_and_smooth(axes, x, y, colour, label=None):
    known = np.isfinite(y)
    x, y = x[known], y[known]
    axes.plot(x, y, color=colour, linewidth=0.8, alpha=0.4)
    axes.plot(x, smoothed(y), color=colour, linewidth=2.0, label=label, marker="o" if len(y) == 1 else None)


def smoothed(y):
    """Running mean of values, at the ends of those that there are."""
    window = np.ones(min(len(y), max(3, len(y) // 30)))
    # Divided by the number of values that the window covers, so that the ends are not drawn to zero.
    return np.convolve(y, window, "same") / np.convolve(np.ones(len(y)), window, "same") if len(y) else y
