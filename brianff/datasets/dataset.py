"""The data set that every source gives."""

import contextlib
from dataclasses import dataclass, replace

import numpy as np

from brianff.errors import BrianffError, OptionError


class DatasetError(BrianffError):
    """A data set's file is missing or bad; the message names it and the way out."""


@contextlib.contextmanager
def readable(path, more=""):
    """A file is read within; an OSError becomes a sentence that names it."""
    try:
        yield
    except OSError as error:
        raise DatasetError(f"{error.filename or path} cannot be read: {error.strerror or error}.{more}") from None


class Labelled:
    """What every data set has: a name, labels, and three disjoint splits that fit them."""

    def __repr__(self):
        parts = ", ".join(f"{len(getattr(self, part))} {part}" for part in ("train", "validation", "test"))
        shape = "x".join(map(str, self.image_shape))
        return f"<{type(self).__name__} {self.name!r}: {parts} samples of {shape} inputs, {self.n_classes} classes>"

    def _invalid(self, problem, remedy):
        return OptionError(f"data set {self.name!r}: {problem}; {remedy}")

    def _check_labels(self, n_samples, what):
        labels = self.labels
        if self.classes is not None and len(set(self.classes)) != self.n_classes:
            raise self._invalid(f"classes are {self.classes}", f"give a name of its own to each of {self.n_classes}")
        if self.n_classes < 2:
            raise self._invalid(f"n_classes is {self.n_classes}", "give samples of at least two classes")
        if not _is_index_array(labels) or len(labels) != n_samples:
            raise self._invalid(
                f"labels are {described(labels)} for {n_samples} {what}",
                f"give an integer array with one label for each {what[:-1]}",
            )
        bad = np.flatnonzero((labels < 0) | (labels >= self.n_classes))
        if bad.size:
            raise self._invalid(
                f"label {labels[bad[0]]} at sample {bad[0]} is out of range for {self.n_classes} classes",
                f"number the classes 0 to {self.n_classes - 1}",
            )

    def _check_splits(self):
        n_samples = len(self.labels)
        splits = {"train": self.train, "validation": self.validation, "test": self.test}
        for split, indices in splits.items():
            if not _is_index_array(indices):
                remedy = "give a one-dimensional integer array of sample indices"
                raise self._invalid(f"split {split!r} is {described(indices)}", remedy)
            if not indices.size and split != "validation":
                raise self._invalid(
                    f"split {split!r} is empty", "hold fewer samples out of it or use a larger data set"
                )
            if indices.size and not 0 <= indices.min() <= indices.max() < n_samples:
                raise self._invalid(
                    f"split {split!r} has indices from {indices.min()} to {indices.max()} into {n_samples} samples",
                    f"use indices 0 to {n_samples - 1}",
                )
        uses = np.bincount(np.concatenate(list(splits.values())), minlength=n_samples)
        if uses.max() > 1:
            sample = int(uses.argmax())
            holders = [split for split, indices in splits.items() if sample in indices]
            raise self._invalid(
                f"sample {sample} is used more than once, in {' and '.join(holders)}",
                "give every sample to at most one split, once",
            )


@dataclass(frozen=True, eq=False, repr=False)
class Dataset(Labelled):
    """Labelled grey-level images with three disjoint splits.

    Parameters
    ----------
    name : str
        Name under which `brianff.datasets.load` knows the data set.
    images : ndarray of uint8, shape (n_samples, height, width)
        Grey levels, 0 to 255.
    labels : ndarray of int, shape (n_samples,)
        Class of each image, 0 to ``n_classes - 1``.
    n_classes : int
        Number of classes.
    train, validation, test : ndarray of int, shape (n_split,)
        Indices of the samples of each split. Only `validation` may be empty.
    classes : tuple of str, optional
        Names of the classes, for figures.

    Raises
    ------
    OptionError
        If the arrays do not fit together, a label is out of range, or the splits overlap or leave no training or test
        samples.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray
    n_classes: int
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    classes: tuple | None = None

    def __post_init__(self):
        self._check_samples()
        self._check_labels(len(self.images), "images")
        self._check_splits()

    @property
    def image_shape(self) -> tuple[int, int]:
        """Height and width of an image, in pixels: a tuple of two int."""
        return self.images.shape[1:]

    @property
    def n_pixels(self) -> int:
        """Number of pixels of an image, ``height * width``: int."""
        height, width = self.image_shape
        return height * width

    def with_images(self, samples, images) -> "Dataset":
        """The same data set with other images, (n, height, width) uint8, of some samples, (n,) int."""
        changed = self.images.copy()
        changed[samples] = images
        return replace(self, images=changed)

    def most_events(self, n) -> int:
        """Spikes that `n` samples shown in one run have at most: of images none."""
        return 0

    def shown(self, samples, n_steps, dt) -> np.ndarray:
        """Intensities of the pixels of samples, 0 to 1, whatever the time step: (n, n_pixels)."""
        return self.images[samples].reshape(len(samples), -1) / 255.0

    def _check_samples(self):
        images = self.images
        if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or images.ndim != 3 or images.size == 0:
            remedy = "give a non-empty uint8 array (n_samples, height, width)"
            raise self._invalid(f"images are {described(images)}", remedy)


def _is_index_array(array):
    return isinstance(array, np.ndarray) and array.ndim == 1 and np.issubdtype(array.dtype, np.integer)


def described(value):
    """What a value is, for messages."""
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} of shape {value.shape}"
    return f"a {type(value).__name__}"
