"""Stimulus epochs as data: which image, which label and which phase each presentation has.

All random choices come from counter-based streams (`stream`), keyed by the seed, what they are for, and the training
epoch, so that they do not depend on the device, on the length of a chunk, or on a resumed run.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

from brianff.network import LABEL_NEUTRAL, LABEL_NONE

__all__ = ["Schedule", "hybrid_images", "moved", "random_masks", "stream", "wrong_labels"]

# Presentations are numbered, for the noise of the encoders: training, passes with a neutral label, evaluation.
NEUTRAL_PRESENTATIONS = 1 << 30
EVALUATION_PRESENTATIONS = 3 << 29


def stream(seed, purpose, *numbers):
    """An independent random generator for `purpose` (str) and `numbers` (int)."""
    key = repr((int(seed), purpose, *map(int, numbers))).encode()
    words = np.frombuffer(hashlib.sha256(key).digest(), np.uint64)
    return np.random.Generator(np.random.Philox(key=words[:2], counter=[0, 0, *words[2:]]))


def wrong_labels(labels, u, n_classes, belief=None, uniform_share=0.2):
    """Draw a wrong label for each sample.

    Parameters
    ----------
    labels : (n,) int array
        The true labels.
    u : (n,) float array in [0, 1)
        One random number a sample.
    n_classes : int
    belief : (n, n_classes) array, optional
        What the network believes; wrong labels are drawn in proportion to it (hard negatives, Hinton 2022, sec. 3.3).
        Without it all wrong labels are equally likely.
    uniform_share : float
        Part of the draws that stays uniform, so that no wrong label disappears.

    Returns
    -------
    wrong : (n,) int array
    """
    labels = np.asarray(labels)
    rows = np.arange(len(labels))
    uniform = np.full((len(labels), n_classes), 1.0 / (n_classes - 1))
    uniform[rows, labels] = 0
    weights = uniform
    if belief is not None:
        hard = np.array(belief, dtype=float)
        hard[rows, labels] = 0
        total = hard.sum(axis=1, keepdims=True)
        # A network that is certain and right has no opinion on the wrong labels.
        hard = np.where(total > 1e-12, hard / np.maximum(total, 1e-12), uniform)
        weights = uniform_share * uniform + (1 - uniform_share) * hard
    cumulative = np.cumsum(weights, axis=1)
    drawn = (u[:, None] * cumulative[:, -1:] >= cumulative).sum(axis=1)
    drawn = np.minimum(drawn, n_classes - 1)
    # Rounding can hit the true label, whose weight is zero, only at the edge of its empty interval.
    return np.where(drawn == labels, (labels + 1) % n_classes, drawn)


def random_masks(rng, n, shape, blurs=6):
    """Random masks with large regions of ones and zeros (Hinton 2022, sec. 3.2).

    A random bit image is blurred repeatedly with [1/4, 1/2, 1/4] in both directions and thresholded at 1/2.

    Returns
    -------
    masks : (n, height, width) bool array
    """
    mask = rng.integers(0, 2, size=(n, *shape)).astype(float)
    for _ in range(blurs):
        for axis in (1, 2):
            padded = np.pad(mask, [(0, 0) if k != axis else (1, 1) for k in range(3)], mode="reflect")
            low = np.take(padded, range(shape[axis - 1]), axis=axis)
            high = np.take(padded, range(2, shape[axis - 1] + 2), axis=axis)
            mask = 0.25 * low + 0.5 * mask + 0.25 * high
    return mask > 0.5


def moved(pixels, shape, by):
    """Images moved by whole pixels; dark ones come in at the edges.

    Parameters
    ----------
    pixels : (n, height*width) array
    shape : (height, width)
    by : (n, 2) int array
        Down and to the right.

    Returns
    -------
    pixels : (n, height*width) array
    """
    height, width = shape
    images, by = pixels.reshape(-1, height, width), np.clip(by, [-height, -width], [height, width])
    out = np.zeros_like(images)
    for down, right in np.unique(by, axis=0):
        chosen = np.all(by == (down, right), axis=1)
        rows, columns = (slice(max(0, d), size + min(0, d)) for d, size in ((down, height), (right, width)))
        old_rows, old_columns = (slice(max(0, -d), size + min(0, -d)) for d, size in ((down, height), (right, width)))
        out[chosen, rows, columns] = images[chosen, old_rows, old_columns]
    return out.reshape(pixels.shape)


def hybrid_images(images, partners, rng, blurs=6):
    """Negative data without labels: one image where a blurred random mask is on, another where it is off.

    Parameters
    ----------
    images, partners : (n, height, width) arrays
    rng : `numpy.random.Generator`

    Returns
    -------
    hybrids : (n, height, width) array
    """
    masks = random_masks(rng, len(images), images.shape[1:], blurs)
    return np.where(masks, images, partners)


@dataclass
class Schedule:
    """The presentations of one run of the simulator, one row of `batch` presentations a stimulus epoch.

    Attributes
    ----------
    image : (epochs, batch) int array
        Row of the run's image array, -1 for an empty place.
    label : (epochs, batch) int array
        Class, `LABEL_NEUTRAL` or `LABEL_NONE`.
    phase : (epochs,) int array
        +1 positive, -1 negative, 0 no learning.
    number : (epochs, batch) int array
        Number of the presentation, for random numbers.
    """

    image: np.ndarray
    label: np.ndarray
    phase: np.ndarray
    number: np.ndarray

    def __len__(self):
        return len(self.phase)

    @classmethod
    def evaluation(cls, image, label, number, batch):
        """Presentations without learning: flat arrays, filled up to whole rows with empty places."""
        n = len(image)
        rows = -(-n // batch)

        def fill(values, empty):
            full = np.full(rows * batch, empty)
            full[:n] = values
            return full.reshape(rows, batch)

        return cls(fill(image, -1), fill(label, LABEL_NONE), np.zeros(rows, int), fill(number, 0))

    @classmethod
    def positive(cls, image, label, number, batch):
        """Stimulus epochs that all belong to the positive phase, as `evaluation` otherwise."""
        schedule = cls.evaluation(image, label, number, batch)
        schedule.phase[:] = 1
        return schedule

    @classmethod
    def pairs(cls, image_positive, image_negative, label_positive, label_negative, number, batch):
        """A positive and a negative stimulus epoch for each row of `batch` samples."""
        rows = -(-len(image_positive) // batch)
        halves = [
            cls.evaluation(image_positive, label_positive, number, batch),
            cls.evaluation(image_negative, label_negative, number + 1, batch),
        ]

        def interleave(name):
            return np.stack([getattr(h, name) for h in halves], axis=1).reshape(2 * rows, batch)

        return cls(interleave("image"), interleave("label"), np.tile([1, -1], rows), interleave("number"))

    def inputs(self, architecture):
        """The TimedArrays that present this schedule, filled up to the capacity of the compiled network."""
        a = architecture
        if len(self) > a.capacity:
            raise ValueError(f"{len(self)} stimulus epochs do not fit into one run of {a.capacity}.")

        def fill(values, empty):
            full = np.full((a.capacity + 1, *values.shape[1:]), float(empty))
            full[: len(values)] = values
            return full

        return {
            "image_index": fill(self.image, -1),
            "label": fill(self.label, LABEL_NONE),
            "phase_at": fill(self.phase, 0),
            "presentation_index": fill(self.number, 0),
        }


assert LABEL_NEUTRAL != LABEL_NONE
