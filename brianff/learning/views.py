"""Answers that are the mean over several views of a sample: its mirror image, or the image moved by a pixel.

A network that has learnt from mirrored or moved images can be asked about these as well (Krizhevsky et al. 2012 average
over ten views).  Every view costs a presentation; the image itself always is one of them.
"""

import dataclasses
import functools
import itertools

import numpy as np

from brianff.datasets import Dataset
from brianff.errors import OptionError
from brianff.stimulus import moved

__all__ = ["VIEWS", "evaluate_views"]


def _moved(by, images):
    flat = images.reshape(len(images), -1)
    return moved(flat, images.shape[1:], np.tile(by, (len(images), 1))).reshape(images.shape)


VIEWS = {
    "mirrored": (lambda images: images[:, :, ::-1],),
    "moved": [functools.partial(_moved, by) for by in ((-1, 0), (1, 0), (0, -1), (0, 1))],
}


def evaluate_views(method, samples, views, offset=0):
    """What a network says of samples by the mean over views of them, without learning.

    Parameters
    ----------
    method : `brianff.learning.method.Method`
    samples : (n,) int array
        Rows of its data set.
    views : sequence of str
        Of `VIEWS`: ``mirrored`` left to right, ``moved`` by a pixel to each of the four sides; of both, all ten
        together.
    offset : int
        As for `Method.evaluate`.

    Returns
    -------
    evaluation : `brianff.learning.evaluation.Evaluation`
        Goodness, belief and output are means over the views; of layers with class scores, and so of the logarithms of
        their beliefs.  Activity is that of the samples themselves.

    Raises
    ------
    OptionError
        If there is no such view, or the data set holds no images.
    """
    if unknown := [view for view in views if view not in VIEWS]:
        raise OptionError(f"--views {unknown[0]}: there are {', '.join(VIEWS)}.")
    data = method.data
    if views and not isinstance(data, Dataset):
        raise OptionError(f"--views {','.join(views)}: '{data.name}' holds no images.")
    seen = [method.evaluate(samples, offset)]
    for changes in list(itertools.product(*((None, *VIEWS[view]) for view in dict.fromkeys(views))))[1:]:
        images = data.images[samples]
        for change in filter(None, changes):
            images = change(images)
        seen.append(method.seeing(data.with_images(samples, images)).evaluate(samples, offset))
    if len(seen) == 1:
        return seen[0]
    means = {
        name: np.mean([getattr(one, name) for one in seen], axis=0)
        for name in ("goodness", "belief", "output")
        if getattr(seen[0], name) is not None
    }
    return dataclasses.replace(seen[0], **means)
