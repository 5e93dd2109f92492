"""Figures of convolutions: kernels, what they answer where, and what drives the neurons of any layer."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from brianff.errors import OptionError
from brianff.plotting.mosaic import draw_mosaic, mosaic, strongest
from brianff.plotting.style import TEXT, WIDTH, canvas, colour_bar

__all__ = ["feature_maps", "fields", "kernels"]


def kernels(w, n=64, figure=None) -> Figure:
    """The strongest kernels of a convolution, each as a small image.

    Strength is the norm; it falls from left to right, then from top to bottom.  Of a layer with several source channels
    there is a row for each of the strongest channels, with its kernels for the source channels in their order; of few
    source channels, as the polarities of a camera, several channels share a row.

    Parameters
    ----------
    w : (channels, source channels, size, size) array
    n : int
        Number of kernels, if there are as many.
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional
    """
    w = np.asarray(w)
    if w.ndim != 4 or not w.size or n < 1:
        raise OptionError(f"weights of shape {w.shape} are no kernels: (channels, source channels, size, size).")
    order = strongest(w)
    of_source = w.shape[1]
    if of_source == 1:
        return draw_mosaic(figure, w[order[:n], 0], "weight (synaptic current per spike)", finer=_finer(w))
    rows = max(1, n // of_source)
    shown = w[order[:rows]].reshape(-1, *w.shape[2:])
    columns = of_source * max(1, min(rows, 8 // of_source))  # otherwise a strip of a metre
    return draw_mosaic(figure, shown, "weight (synaptic current per spike)", columns=columns, finer=_finer(w))


def fields(values, n=40, figure=None) -> Figure:
    """What drives the neurons of a layer (`brianff.triggered_average`): the strongest fields as small images.

    Parameters
    ----------
    values : (channels, height, width) array
    n : int
        Number of channels, if there are as many.
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional
    """
    values = np.asarray(values)
    if values.ndim != 3 or not values.size or n < 1:
        raise OptionError(f"an array of shape {values.shape} holds no fields: (channels, height, width).")
    return draw_mosaic(
        figure, values[strongest(values, n)], "mean intensity where it spikes, less the mean", finer=_finer(values)
    )


def feature_maps(recording, level=1, epoch=0, n=32, figure=None) -> Figure:
    """Spikes per channel over positions, in one stimulus epoch, beside the image that was shown.

    Parameters
    ----------
    recording : `brianff.learning.recordings.Recording`
    level : int
        Of a convolution.
    epoch : int
        Of the recording.
    n : int
        Number of channels, those with the most spikes first.
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional
    """
    shape, input_shape = recording.shapes[level], recording.shapes[0]
    if shape is None or input_shape is None:
        raise OptionError(f"layer {level} has no positions: feature maps are those of a convolution of images.")
    channels, height, width = shape
    shown = recording.epochs[epoch]
    neurons, times = recording.spikes(level)
    inside = (times >= shown.start) & (times < shown.stop)
    counts = np.bincount(neurons[inside], minlength=channels * height * width).reshape(height, width, channels)
    maps = counts.transpose(2, 0, 1)
    order = np.argsort(-maps.sum(axis=(1, 2)), kind="stable")[:n]
    values = mosaic(maps[order].astype(float), finer=_finer(maps))
    aspect = values.shape[0] / values.shape[1]
    figure = canvas(figure, WIDTH, max(2.6, 0.7 + aspect * (WIDTH - 3.0)))
    first, second = figure.subplots(1, 2, width_ratios=[1, 3])
    intensity = np.reshape(shown.image, (*input_shape[1:], -1)).sum(axis=2)  # of events, of both polarities
    first.imshow(intensity, cmap="Greys", vmin=0, vmax=max(1, intensity.max()), interpolation="nearest")
    first.set_title("shown", fontsize=TEXT)
    image = second.imshow(values, cmap="viridis", vmin=0, vmax=max(1, np.nanmax(values)), interpolation="nearest")
    second.set_title(f"layer {level}: {len(order)} of {channels} channels, {height}x{width} positions", fontsize=TEXT)
    for axes in (first, second):
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
    colour_bar(figure, image, second, "spikes in the stimulus epoch", ticks=MaxNLocator(5, integer=True))
    return figure


def _finer(images):
    """Pixels for each of an image, so that a gap of one is thin."""
    return -(-24 // images.shape[-1])
