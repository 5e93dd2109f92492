"""What drives the neurons of any layer: the mean input where they spike."""

import numpy as np

from brianff.errors import OptionError

__all__ = ["triggered_average", "window"]


def window(architecture, level):
    """Which pixels the neurons of a position of a layer depend on.

    Returns
    -------
    size, step, start : (height, width) tuples of int
        Pixels of the window; from one position to the next; where that of the first position begins.  A layer without
        positions depends on the whole image.
    """
    height, width = architecture.image_shape
    size, step, start = 1, 1, 0
    for layer in architecture.layers[:level]:
        if layer.shape is None:
            return (height, width), (1, 1), (0, 0)
        kernel = layer.incoming
        size, start = size + (kernel.size - 1) * step, start - kernel.padding * step
        step *= kernel.stride
    return (size, size), (step, step), (start, start)


def triggered_average(method, level, samples) -> np.ndarray:
    """The mean input where the neurons of a channel have been active, less the mean input of all places.

    Parameters
    ----------
    method : `brianff.learning.forward_forward.ForwardForward`
        Of images.
    level : int
        1 for the first layer.
    samples : (n,) int array
        Rows of the data set.

    Returns
    -------
    fields : (channels, height, width) array
        Of the window (`window`) that a position of the layer looks at; 0 for a channel that was silent.  In a layer
        without positions every neuron is a channel, and the window is the image.
    """
    a = method.architecture
    if a.events or a.image_shape is None:
        raise OptionError("a mean input is one of images, and this data set holds spike times.")
    if not 1 <= level <= a.depth:
        raise OptionError(f"level={level}: the layers are 1 to {a.depth}.")
    layer, ((height, width), (down, right), (top, left)) = a.layers[level - 1], window(a, level)
    rows, columns = layer.shape[1:] if layer.shape else (1, 1)
    activity = method.traces(samples)[level - 1].reshape(len(samples), rows, columns, layer.channels)
    images = method.shown(samples).reshape(len(samples), *a.image_shape)
    below, beside = rows * down + height, columns * right + width  # enough for the last position
    padded = np.pad(images, ((0, 0), (-top, below), (-left, beside)))
    total, mean = np.zeros((layer.channels, height * width)), np.zeros(height * width)
    for row, column in np.ndindex(rows, columns):
        patch = padded[:, row * down : row * down + height, column * right : column * right + width]
        patch = patch.reshape(len(samples), -1)
        total += activity[:, row, column].T @ patch
        mean += patch.mean(axis=0) / (rows * columns)
    weight = activity.sum(axis=(0, 1, 2))
    fields = np.where(weight[:, None] > 0, total / np.maximum(weight, 1e-12)[:, None] - mean, 0.0)
    return fields.reshape(layer.channels, height, width)
