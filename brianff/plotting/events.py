"""Figures of spike trains as they are in a data set."""

import numpy as np
from matplotlib.figure import Figure

from brianff.datasets import EventDataset
from brianff.errors import OptionError
from brianff.plotting.mosaic import draw_mosaic
from brianff.plotting.style import COLOURS, TEXT, WIDTH, canvas, only_ticks, tidy

__all__ = ["camera", "cochleagram"]

FREQUENCIES = (100, 200, 500, 1000, 2000, 5000, 10_000, 20_000)  # Hz, as ticks
COLUMNS = 3
FRAMES = 6


def cochleagram(data, samples=(0, 1, 2), figure=None) -> Figure:
    """Spikes of some recordings: time to the right, and the channels, with their centre frequencies, upwards.

    Parameters
    ----------
    data : `brianff.datasets.EventDataset`
        Where it does not know the frequencies of its channels, they are numbered.
    samples : sequence of int, optional
        Indices into the data set.
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional

    Returns
    -------
    figure : `matplotlib.figure.Figure`
        One panel for each recording, with the name of its class.

    Raises
    ------
    OptionError
        If there is no such sample, or `data` holds no spike trains.
    """
    _check(data, samples, "a cochleagram")
    columns = min(COLUMNS, len(samples))
    rows = -(-len(samples) // columns)
    figure = canvas(figure, WIDTH, 0.5 + 2.3 * rows)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    centres = getattr(data.source, "centres", None)
    size = float(np.clip(250 / data.n_channels, 0.7, 2.5))
    for axes, sample in zip(panels.flat, samples, strict=False):
        times, channels = data.source.read(sample)
        axes.plot(1e3 * times, channels, ".", color=COLOURS["ink"], markersize=size, markeredgewidth=0)
        label = data.labels[sample]
        axes.set_title(data.classes[label] if data.classes else f"class {label}", fontsize=TEXT)
        tidy(axes)
    for axes in panels.flat[len(samples) :]:
        axes.set_visible(False)
    panels[0, 0].set_ylim(-0.5, data.n_channels - 0.5)
    panels[0, 0].set_xlim(left=0)
    if centres is not None and len(centres) > 1:
        shown = [f for f in FREQUENCIES if centres[0] <= f <= centres[-1]]
        places = np.interp(shown, centres, np.arange(len(centres)))
        only_ticks(panels[0, 0].yaxis, places)
        panels[0, 0].set_yticklabels([f"{f:g}" for f in shown])
    figure.supxlabel("time (ms)", fontsize=TEXT)
    figure.supylabel("channel" if centres is None else "centre frequency (Hz)", fontsize=TEXT)
    return figure


def camera(data, samples=(0, 1, 2), figure=None) -> Figure:
    """What an event camera saw: recordings from top to bottom, pieces of equal time from left to right.

    Events of a pixel that became brighter count as positive, others as negative.

    Parameters
    ----------
    data : `brianff.datasets.EventDataset`
        With places as channels, of one or two polarities each.
    samples : sequence of int, optional
        Indices into the data set.
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional

    Returns
    -------
    figure : `matplotlib.figure.Figure`

    Raises
    ------
    OptionError
        If there is no such sample, or channels are no pixels.
    """
    _check(data, samples, "a figure of a camera")
    height, width = data.image_shape
    kinds = data.n_channels // (height * width)
    if height == 1 or kinds > 2:
        raise OptionError(f"data set {data.name!r} has no pixels of a camera: draw a cochleagram of it.")
    frames = np.zeros((len(samples), FRAMES, height * width))
    for of_sample, sample in zip(frames, samples, strict=True):
        times, channels = data.source.read(sample)
        piece = np.minimum((times / np.max(times, initial=1e-9) * FRAMES).astype(int), FRAMES - 1)
        pixel, kind = np.divmod(channels, kinds)
        np.add.at(of_sample, (piece, pixel), np.where(kind == kinds - 1, 1, -1))
    labels = [data.classes[data.labels[k]] if data.classes else f"class {data.labels[k]}" for k in samples]
    figure = draw_mosaic(figure, frames.reshape(-1, height, width), "brighter less darker events", FRAMES, finer=2)
    axes, rows = figure.axes[0], len(samples)
    of_row = (axes.get_ylim()[0] - axes.get_ylim()[1]) / rows
    axes.set_yticks(of_row * (np.arange(rows) + 0.5), labels, fontsize=TEXT)
    axes.tick_params(length=0)
    axes.set_xlabel(f"time: {FRAMES} equal pieces of each recording", fontsize=TEXT)
    return figure


def _check(data, samples, what):
    if not isinstance(data, EventDataset):
        raise OptionError(f"{what} shows spike trains, and data set {data.name!r} holds images.")
    if not len(samples) or min(samples) < 0 or max(samples) >= len(data.labels):
        raise OptionError(f"samples={list(samples)}: give indices from 0 to {len(data.labels) - 1}.")
