"""Colours, sizes, axes and files that all figures share."""

import io
import os

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from brianff.results import atomic_write

__all__ = [
    "COLOURS", "SHADE", "TEXT", "WIDTH", "canvas", "colour_bar", "legend_above", "one_axes", "only_ticks", "save",
    "scale_by_error", "stacked", "tidy",
]  # fmt: skip

# Blue and orange stay apart for the colour-blind, dark and light in grey.
COLOURS = {
    "positive": "#14529e",
    "negative": "#e88a00",
    "neutral": "0.6",  # epochs in which nothing is learnt
    "ink": "0.15",  # spikes and traces
    "label": "#a3195b",  # spikes of label inputs
    "grid": "0.85",
}
SHADE = {"positive": 0.22, "negative": 0.16, "neutral": 0.10}  # opacity of the background; differs in grey, too
WIDTH = 7.5  # inches of most figures
TEXT = 10  # points


class _ShownFigure(Figure):
    """A figure that a notebook shows where it is the value of a cell, whether pyplot is in use or not."""

    def _repr_png_(self):
        return _png(self, dpi=80)


def canvas(figure, width, height):
    """What to draw on: `figure`, where there is one, or a new figure of a size in inches."""
    return _ShownFigure(figsize=(width, height), layout="constrained") if figure is None else figure


def one_axes(figure, width, height):
    """What to draw on, as of `canvas`, and its only axes, with a grid."""
    figure = canvas(figure, width, height)
    axes = figure.subplots()
    tidy(axes, grid=True)
    return figure, axes


def stacked(figure, height, heights):
    """What to draw on, as of `canvas`, and axes below each other, which share what is horizontal."""
    figure = canvas(figure, WIDTH, height)
    return figure, figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]


def save(figure, path, dpi=150) -> str | os.PathLike:
    """Write a `matplotlib.figure.Figure` as PNG, replacing the file at `path` at once; returns `path`.

    `dpi` are pixels per inch: fewer for a large figure.
    """
    atomic_write(path, _png(figure, dpi))
    return path


def _png(figure, dpi):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, bbox_inches="tight", pil_kwargs={"optimize": True})
    return buffer.getvalue()


def tidy(axes, grid=False):
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=TEXT)
    axes.xaxis.label.set_size(TEXT)
    axes.yaxis.label.set_size(TEXT)
    if grid:
        axes.grid(color=COLOURS["grid"], linewidth=0.6)


def legend_above(figure, *handles, **more):
    figure.legend(*handles, loc="outside upper left", frameon=False, fontsize=TEXT, **more)


def colour_bar(figure, image, axes, label, **more):
    bar = figure.colorbar(image, ax=axes, shrink=0.9, aspect=25, pad=0.02, **more)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=TEXT)
    bar.set_label(label, fontsize=TEXT)


def only_ticks(axis, ticks, text="{x:g}"):
    """Ticks nowhere else, with numbers as they are read, whatever the scale."""
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(text)


def scale_by_error(axes, accuracy, what="validation accuracy (%)"):
    """Vertical axis in % accuracy, logarithmic in the error, over the range of `accuracy`."""
    axes.set_ylabel(f"{what},\nlogarithmic in the error", fontsize=TEXT)
    error = 100 - accuracy[np.isfinite(accuracy)]
    # No error at all has no logarithm: only then, a small constant makes room for 100 %.
    perfect = error.min() <= 0
    offset = 0.5 * error[error > 0].min(initial=1.0) if perfect else 0.0

    def forward(a):
        return -np.log10(np.maximum(100 + offset - a, 1e-6))

    axes.set_yscale("function", functions=(forward, lambda s: 100 + offset - 10.0**-s))
    low = max(0, 100 - 1.2 * max(error.max(), offset))
    high = 100 + 0.2 * offset if perfect else 100 - 0.8 * error.min()
    axes.set_ylim(low, high)
    # The roundest numbers first, then whatever still finds room.
    ticks = []
    for tick in (100, 0, 50, 90, 99, 99.9, 80, 95, 98, 99.5, 99.8, 70, 97, 85, 60, 40, 96, 94, 98.5, 92, 20):
        far = [abs(forward(tick) - forward(other)) > 0.08 * (forward(high) - forward(low)) for other in ticks]
        if low <= tick <= high and all(far):
            ticks.append(tick)
    only_ticks(axes.yaxis, sorted(ticks), "{x:.4g}")
