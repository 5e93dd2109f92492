"""Many small images as one."""

import numpy as np

from brianff.plotting.style import WIDTH, canvas, colour_bar

__all__ = ["draw_mosaic", "mosaic", "strongest"]


def strongest(weights, n=None):
    """Indices of the rows of an array with the largest norms, the largest first."""
    return np.argsort(-np.linalg.norm(weights.reshape(len(weights), -1), axis=1), kind="stable")[:n]


def mosaic(images, columns=None, finer=1):
    """Images side by side in one array, with gaps of nan: exact pixels, and gaps of the same width everywhere.

    Parameters
    ----------
    images : (n, height, width) array
    columns : int, optional
        Default: so many that the mosaic is wider than high.
    finer : int
        Pixels for each of an image, in both directions: gaps of a pixel are wide beside a small image.
    """
    images = np.repeat(np.repeat(images, finer, axis=1), finer, axis=2)
    n, height, width = images.shape
    columns = columns or min(n, int(np.ceil(np.sqrt(1.6 * n * height / width))))
    gap, rows = max(1, width // 12), -(-n // columns)
    out = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap), np.nan)
    for place, image in enumerate(images):
        top, left = (place // columns) * (height + gap), (place % columns) * (width + gap)
        out[top : top + height, left : left + width] = image
    return out


def draw_mosaic(figure, images, label, columns=None, finer=1):
    """Images of values with a sign: white is zero, green positive, purple negative."""
    values = mosaic(np.asarray(images, float), columns, finer)
    # Not up to the largest value: a few outliers would leave the rest pale.
    limit = np.nanquantile(np.abs(values), 0.998) or np.nanmax(np.abs(values)) or 1.0
    aspect = values.shape[0] / values.shape[1]
    figure = canvas(figure, WIDTH, max(2.6, 0.3 + aspect * (WIDTH - 1.2)))  # the colour bar has a long label
    axes = figure.subplots()
    axes.set_facecolor("0.6")  # of the gaps: without it, values near zero would have no edge
    image = axes.imshow(values, cmap="PRGn", vmin=-limit, vmax=limit, interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    colour_bar(figure, image, axes, label, extend="both")
    return figure
