"""Spike trains as data: several spikes a channel and sample, generated or from files.

Nothing of a sample is read before it is shown (`brianff.datasets.sources`).  A stimulus epoch of n steps has steps 0 to
n - 1 (see `brianff.trains`): a spike exactly at its end is after it, and refused.
"""

import typing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from brianff.errors import OptionError
from brianff.trains import Shown

from .dataset import DatasetError, Labelled
from .npz import read_arrays
from .sources import InMemory, Source
from .splits import three_parts

# name of the array in the file -> number of dimensions, type
ARRAYS = {
    "times": (1, np.floating),
    **dict.fromkeys(("channels", "samples", "labels"), (1, np.integer)),
    **dict.fromkeys(("n_channels", "n_classes", "n_train"), (0, np.integer)),
}


@dataclass(frozen=True, eq=False, repr=False)
class EventDataset(Labelled):
    """Labelled spike trains with three disjoint splits; input for the encoder ``spike_times``.

    Parameters
    ----------
    name : str
        Name under which `brianff.datasets.load` knows the data set.
    source : `brianff.datasets.sources.Source`
        Of the spikes of every sample.
    labels : ndarray of int, shape (n_samples,)
        Class of each sample, 0 to ``n_classes - 1``.
    n_classes : int
    train, validation, test : ndarray of int, shape (n_split,)
        Indices of the samples of each split. Only `validation` may be empty.
    classes : tuple of str, optional
        Names of the classes, for figures.
    image_shape : (height, width), optional
        Of channels that are places, numbered ``(y*width + x)*kinds + kind`` (as of polarities).
    groups : ndarray of str, shape (n_samples,), optional
        Who each sample is of, such as the speaker.

    Raises
    ------
    OptionError
        If source and labels do not fit together, a number is out of range, or the splits overlap or leave no training
        or test samples.
    """

    name: str
    source: Source
    labels: np.ndarray
    n_classes: int
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    classes: tuple | None = None
    image_shape: tuple | None = None
    groups: np.ndarray | None = None

    def __post_init__(self):
        if self.image_shape is None:
            object.__setattr__(self, "image_shape", (1, self.n_channels))
        if self.n_channels % np.prod(self.image_shape):
            height, width = self.image_shape
            raise self._invalid(
                f"{self.n_channels} channels are no whole number for each of {height}x{width} places",
                "give another image_shape",
            )
        self._check_labels(len(self.source), "samples")
        self._check_splits()

    @property
    def images(self) -> typing.NoReturn:
        raise OptionError(
            f"data set {self.name!r} holds spike times and no images, which this asks for: use it with "
            "protocols/forward_forward.py or protocols/sfdfa.py."
        )

    @property
    def n_channels(self) -> int:
        """Number of input channels."""
        return self.source.n_channels

    n_pixels = n_channels  # as other data sets call it

    def shown(self, samples, n_steps, dt) -> Shown:
        """Spike trains for the encoder ``spike_times``.

        Parameters
        ----------
        samples : (n,) int array
        n_steps, dt : int, float
            Time steps of a stimulus epoch, and their length in seconds.

        Returns
        -------
        trains : `brianff.trains.Shown`
            Which are read, and refused if a spike has no place in the stimulus epoch, when they are used.
        """
        return Shown(self.source, np.asarray(samples), n_steps, dt, self.name)

    def most_events(self, n) -> int:
        """Spikes that `n` samples shown in one run have at most; a sample comes once in every pass."""
        sizes = np.sort(self.source.sizes())[::-1]
        passes = n // len(self.train) + 2  # with one that ends and one that begins
        return max(1, int(np.repeat(sizes, passes)[:n].sum()))


def load_events(path, validation=None, split_seed=0):
    """Load spike trains from an npz file.

    Parameters
    ----------
    path : path-like
        File with the arrays ``times`` (s), ``channels`` and ``samples`` of every spike, sorted by sample and time,
        ``labels`` of every sample, and the numbers ``n_channels``, ``n_classes`` and ``n_train``: samples from
        ``n_train`` on are the test split.
    validation, split_seed
        As `brianff.datasets.load` takes them.

    Returns
    -------
    EventDataset

    Raises
    ------
    OptionError
        If `validation` leaves no training sample.
    DatasetError
        If the file is missing, damaged or holds something else.
    """
    path = Path(path).expanduser()
    found = read_arrays(path, ARRAYS, "Write it again.", "Name a file with --data FILE.")
    whole = {name: array.astype(np.int64) for name, array in found.items() if ARRAYS.get(name) == (1, np.integer)}
    n_channels, n_classes, n_train = (int(found[name]) for name in ("n_channels", "n_classes", "n_train"))
    labels = whole["labels"]
    if not 0 < n_train < len(labels):
        raise DatasetError(f"{path}: n_train is {n_train} of {len(labels)} samples: leave samples for both parts.")
    parts = three_parts("events", labels, validation, split_seed, n_train=n_train)
    try:
        source = InMemory(found["times"], whole["channels"], whole["samples"], n_channels, len(labels))
        return EventDataset("events", source, labels, n_classes, *parts)
    except ValueError as error:
        raise DatasetError(f"{path}: {error}.") from None
