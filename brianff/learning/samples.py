"""The stream of training samples, and what training does to their images.

Nothing here depends on where a chunk ends, or on which samples are shown side by side.
"""

import dataclasses
import functools

import numpy as np

from brianff.stimulus import drawn, moved, stream, wrong_labels

__all__ = ["SampleStream", "altered", "lengths_in_groups", "mislabelled", "of_passes"]


def of_passes(numbers, n, values_of):
    """Sample k of the stream has value k % n of the (n,) values of its pass over the training set, k // n."""
    passes, place = np.unique(numbers // n, return_inverse=True)
    return np.stack([values_of(int(number)) for number in passes])[place, numbers % n]


def lengths_in_groups(ends, group, tail, n_steps):
    """How long stimulus epochs are that end some time after the last spike of a group of samples.

    Parameters
    ----------
    ends : (n,) int array
        See `brianff.trains.SpikeTrains.ends`.
    group : int
        Samples of a group, which follow each other: a mini-batch.
    tail, n_steps : int
        Time steps after the last spike, and of the longest epoch.

    Returns
    -------
    steps : (n,) int array
    """
    longest = np.maximum.reduceat(ends, np.arange(0, len(ends), group)) if len(ends) else ends
    return np.clip(np.repeat(longest, group)[: len(ends)] + tail, 1, n_steps)


class SampleStream:
    """Sample s of a pass over the training set is at position s of a random order, drawn anew for every pass.

    `batch` samples of `train`, (n,), are a row, and presented side by side.
    """

    def __init__(self, train, batch, seed):
        self.train, self.batch, self.seed = train, batch, seed
        self._order = functools.lru_cache(maxsize=1)(self._order)  # chunk by chunk of a pass

    def rows_of(self, epochs):
        """Rows of so many passes; the last row may be shorter."""
        return -(-epochs * len(self.train) // self.batch)

    def take(self, rows, epochs, stage=0):
        """Samples of a range of rows within a stage of so many epochs, and their numbers, which count on across stages.

        Layers that learn one after the other, stage by stage, see the samples in orders of their own.
        """
        n = len(self.train)
        numbers = np.arange(rows.start * self.batch, min(rows.stop * self.batch, epochs * n))
        samples = of_passes(numbers, n, lambda epoch: self._order(stage, epoch))
        return samples, numbers + stage * epochs * n

    def _order(self, stage, epoch):
        return stream(self.seed, "order", stage, epoch).permutation(self.train)


def mislabelled(data, share, seed):
    """A data set in which a part of the training samples has another label, every wrong one with equal probability.

    Parameters
    ----------
    data : `brianff.datasets.Dataset` or `brianff.datasets.EventDataset`
    share : float
        Of the training samples, rounded; validation and test samples keep their labels.
    seed : int
    """
    if not share:
        return data
    rng, labels = stream(seed, "label noise"), data.labels.copy()
    hit = np.sort(rng.permutation(data.train)[: round(share * len(data.train))])
    labels[hit] = wrong_labels(data.labels[hit], rng.random(len(hit)), data.n_classes)
    return dataclasses.replace(data, labels=labels)


def altered(shown, numbers, options, data, together):
    """What training makes of inputs: mirrored, moved, stretched in time, and without what drops out.

    The random numbers belong to the number of the sample, so that all phases of a sample are altered alike (a
    difference would tell them apart), and whatever is presented beside it.

    Parameters
    ----------
    shown : (n, n_pixels) array or `brianff.trains.SpikeTrains`
    numbers : (n,) int array
        Of the samples in the stream.
    options : `brianff.learning.options.SpikingOptions`
    data : `brianff.datasets.Dataset` or `brianff.datasets.EventDataset`
    together
        As for `brianff.stimulus.drawn`.
    """
    shown = shown if isinstance(shown, np.ndarray) else shown.read()
    if options.flip:
        flipped = drawn(options.seed, "flip", numbers, lambda rng, n: rng.random(n) < 0.5, together)
        images = shown.reshape(len(shown), *data.image_shape)
        shown = np.where(flipped[:, None, None], images[:, :, ::-1], images).reshape(shown.shape)
    if options.jitter:
        pixels = (-options.jitter, options.jitter + 1)
        by = drawn(options.seed, "jitter", numbers, lambda rng, n: rng.integers(*pixels, size=(n, 2)), together)
        by = by * (np.array(data.image_shape) > 1)  # channels in a row move along it
        of_trains = shown.moved if data.most_events(1) else functools.partial(moved, shown)
        shown = of_trains(data.image_shape, by)
    if options.stretch:
        u = drawn(options.seed, "stretch", numbers, lambda rng, n: rng.uniform(-1, 1, n), together)
        shown = shown.stretched((1 + options.stretch) ** u, options.steps)
    if options.dropout:
        u = drawn(options.seed, "dropout", numbers, lambda rng, n: rng.random((n, data.n_pixels)), together)
        kept = u >= options.dropout
        shown = np.where(kept, shown, 0.0) if isinstance(shown, np.ndarray) else shown.kept(kept)
    return shown
