"""Spike trains as data: several spikes a channel and sample, generated or from a file.

A simulation has time steps, and a channel at most one spike in each.  A spike at time t from the start of its sample
belongs to step floor(t/dt), where a time that a rounding error keeps from the beginning of a step counts as that
beginning.  A stimulus epoch of n steps has steps 0 to n - 1: a spike exactly at its end is after it, and refused. Where
two spikes of a channel meet in a step, the later one moves to the next free step, or, at the end of a stimulus epoch,
the earlier ones to the steps before: every spike of the data is a spike of the simulation.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from brianff.errors import OptionError

from .dataset import DatasetError, Labelled
from .npz import read_arrays
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
    times : ndarray of float, shape (n_spikes,)
        Time of every spike in seconds from the start of its sample, ascending within a sample.
    channels, samples : ndarray of int, shape (n_spikes,)
        Channel and sample of every spike; samples ascend.
    n_channels : int
        Number of input channels, silent ones included.
    labels : ndarray of int, shape (n_samples,)
        Class of each sample, 0 to ``n_classes - 1``.
    n_classes : int
    train, validation, test : ndarray of int, shape (n_split,)
        Indices of the samples of each split. Only `validation` may be empty.
    classes : tuple of str, optional
        Names of the classes, for figures.

    Raises
    ------
    OptionError
        If the arrays do not fit together, spikes are out of order, a number is out of range, or the splits overlap or
        leave no training or test samples.
    """

    name: str
    times: np.ndarray
    channels: np.ndarray
    samples: np.ndarray
    n_channels: int
    labels: np.ndarray
    n_classes: int
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    classes: tuple | None = None

    dark = -1.0  # what `shown` has for a channel that stays silent

    def __post_init__(self):
        self._check_labels(len(self.labels), "samples")
        self._check_splits()
        self._check_spikes()
        # place of every spike in the list of its channel: spikes of a channel in a sample stand together after sorting
        train = self.samples.astype(np.int64) * self.n_channels + self.channels
        order = np.argsort(train, kind="stable")
        first = np.flatnonzero(np.diff(train[order], prepend=-1))
        place = np.empty(len(train), int)
        place[order] = np.arange(len(train)) - np.repeat(first, np.diff(first, append=len(train)))
        start = np.searchsorted(self.samples, np.arange(len(self.labels) + 1))
        vars(self).update(_train=train, _place=place, _steps={}, _start=start)  # of a frozen object

    @property
    def images(self):
        raise OptionError(
            f"data set {self.name!r} holds spike times and no images, which this asks for: use it with "
            "protocols/forward_forward.py or protocols/sfdfa.py."
        )

    @property
    def n_pixels(self):
        """Number of input channels."""
        return self.n_channels

    @property
    def image_shape(self):
        """Channels as an image of one row."""
        return 1, self.n_channels

    @property
    def events(self):
        """The largest number of spikes of a channel in a sample."""
        return int(self._place.max()) + 1

    def shown(self, samples, n_steps, dt):
        """Spike times for the encoder ``spike_times``.

        Parameters
        ----------
        samples : (n,) int array
        n_steps, dt : int, float
            Time steps of a stimulus epoch, and their length in seconds.

        Returns
        -------
        fractions : (n, n_channels*events) array
            Of the stimulus epoch, in the middle of a time step, so that rounding moves no spike; `dark` ends a list.

        Raises
        ------
        OptionError
            If a spike has no place in the stimulus epoch.
        """
        steps, _ = self.time_steps(n_steps, dt)
        fractions = np.full((len(samples), self.n_channels, self.events), self.dark)
        for row, sample in enumerate(samples):
            own = slice(self._start[sample], self._start[sample + 1])
            fractions[row, self.channels[own], self._place[own]] = (steps[own] + 0.5) / n_steps
        return fractions.reshape(len(samples), -1)

    def time_steps(self, n_steps, dt):
        """The time step of every spike, different ones for the spikes of a channel in a sample.

        Parameters
        ----------
        n_steps, dt : int, float
            Time steps of a stimulus epoch, and their length in seconds.

        Returns
        -------
        steps : (n_spikes,) int array
            0 to ``n_steps - 1``.
        n_moved : int
            Spikes that are not in the step in which their time lies, since another one of their channel is.

        Raises
        ------
        OptionError
            If a spike is at the end of the stimulus epoch or later, or a channel has more spikes than there are steps.
        """
        if (n_steps, dt) not in self._steps:
            self._steps.clear()  # one network, one length of the time step
            self._steps[n_steps, dt] = self._find_time_steps(n_steps, dt)
        return self._steps[n_steps, dt]

    def _find_time_steps(self, n_steps, dt):
        # 1e-6 of a step for times that were computed; those of a file in single precision are only as exact as that.
        in_steps = self.times.astype(float) / dt
        lie = np.floor(in_steps * (1 + np.finfo(np.result_type(self.times, np.float16)).eps) + 1e-6).astype(np.int64)
        epoch = f"a stimulus epoch of {n_steps} steps of {1e3 * dt:g} ms"
        if lie.max() >= n_steps:
            last = int(self.times.argmax())
            raise OptionError(
                f"data set {self.name!r}: sample {self.samples[last]} has a spike at {self.times[last]:g} s, and "
                f"{epoch} ends at {n_steps * dt:g} s: raise --steps or --dt."
            )
        if (most := self.events) > n_steps:
            k = int(self._place.argmax())
            raise OptionError(
                f"data set {self.name!r}: channel {self.channels[k]} has {most} spikes in sample {self.samples[k]}, "
                f"and {epoch} has room for {n_steps}: raise --steps and lower --dt."
            )
        order = np.lexsort((self._place, self._train))
        train, place, wanted = self._train[order], self._place[order], lie[order]
        # Spikes of a train, one after the other, in steps that rise by 1 at least: s[k] - k must not fall, ...
        number = np.cumsum(np.diff(train, prepend=train[0]) != 0)
        apart = np.maximum.accumulate(wanted - place + number * 2 * n_steps) - number * 2 * n_steps
        # ... and those to come must find a step each before the end.
        length = np.bincount(number)[number]
        steps = np.empty_like(lie)
        steps[order] = np.minimum(apart, n_steps - length) + place
        return steps, int(np.count_nonzero(steps != lie))

    def check_duration(self, n_steps, dt):
        """Refuse a stimulus epoch in which a spike has no place; says how many spikes have to give way, or nothing."""
        _, n_moved = self.time_steps(n_steps, dt)
        if not n_moved:
            return ""
        return (
            f"{n_moved} of {len(self.times)} spikes of data set {self.name!r} share a time step of {1e3 * dt:g} ms "
            "with another one of their channel, and come in a free step beside it: a smaller --dt, with more --steps, "
            "keeps them apart"
        )

    def _check_spikes(self):
        times, channels, samples = self.times, self.channels, self.samples
        if not len(times) == len(channels) == len(samples) > 0:
            raise self._invalid(
                f"there are {len(times)} times, {len(channels)} channels and {len(samples)} samples",
                "give one of each for every spike, and at least one spike",
            )

        n_samples, within = len(self.labels), np.diff(samples, prepend=samples[0]) == 0
        early, sorts = np.diff(times, prepend=times[0]) < 0, "sort the spikes of every sample by time"
        after = np.diff(samples, prepend=samples[0]) < 0
        for bad, problem, remedy in (
            (~np.isfinite(times) | (times < 0), "is at {time} s", "give times in seconds from the start of the sample"),
            ((samples < 0) | (samples >= n_samples), "is of sample {sample}", f"number samples 0 to {n_samples - 1}"),
            ((channels < 0) | (channels >= self.n_channels), "is of channel {channel}",
             f"number channels 0 to {self.n_channels - 1}"),
            (after, "is of sample {sample}, after a later one", "sort by sample"),
            (within & early, "of sample {sample} is at {time} s, earlier than the one before it", sorts),
        ):  # fmt: skip
            if bad.any():
                k = int(bad.argmax())
                what = problem.format(time=times[k], channel=channels[k], sample=samples[k])
                raise self._invalid(f"spike {k} {what}", remedy)


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
    spikes = found["times"], whole["channels"], whole["samples"]
    try:
        return EventDataset("events", *spikes, n_channels, labels, n_classes, *parts)
    except ValueError as error:
        raise DatasetError(f"{path}: {error}.") from None
