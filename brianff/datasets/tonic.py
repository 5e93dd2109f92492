"""Data sets of the library tonic, or of anything that gives events as it does."""

import numpy as np

from brianff.errors import OptionError

from .events import EventDataset
from .own import divided, labels_of, names_of
from .sources import Source

__all__ = ["TonicSource", "from_tonic"]


class TonicSource(Source):
    """Samples of one or two data sets, one after the other; each is asked for when it is shown.

    Parameters
    ----------
    parts : list of sequences
        ``part[k]`` is ``(events, label)``; events have the fields t, x and, where there are such, y and p.
    shape : (width, height, polarities)
    unit : float
        Of t, in seconds.
    """

    def __init__(self, parts, shape, unit):
        self.parts, self.shape, self.unit = parts, shape, unit
        self.n_channels = int(np.prod(shape))
        self._starts = np.cumsum([0, *map(len, parts)])
        seen = [self._seen(sample) for sample in range(len(self))]  # tonic has no list of labels or sizes
        self.labels = [label for label, _ in seen]
        self._sizes = np.array([size for _, size in seen], np.int64)

    def _asked(self, sample):
        part = int(np.searchsorted(self._starts, sample, side="right")) - 1
        found = self.parts[part][int(sample - self._starts[part])]
        if not isinstance(found, tuple) or len(found) != 2:
            raise OptionError(f"dataset: sample {sample} is a {type(found).__name__}, in place of (events, label).")
        names = getattr(getattr(found[0], "dtype", None), "names", None) or ()
        if missing := [name for name in ("t", "x") if name not in names]:
            raise OptionError(
                f"dataset: the events of sample {sample} have no field {missing[0]!r}: give a structured array with t, "
                "x and, where there are such, y and p, without a transform."
            )
        return found

    def _seen(self, sample):
        events, label = self._asked(sample)
        return label, len(events)

    def __len__(self):
        return int(self._starts[-1])

    def sizes(self):
        return self._sizes

    def identity(self):
        return [self._sizes, str(self.shape).encode()]

    def read(self, sample):
        events, _ = self._asked(sample)
        times, channels = np.asarray(events["t"], float) * self.unit, np.zeros(len(events), np.int64)
        for axis, name in ((1, "y"), (0, "x"), (2, "p")):  # (y*width + x)*polarities + p
            size = self.shape[axis]
            values = np.asarray(events[name], np.int64) if name in events.dtype.names and size > 1 else 0 * channels
            if len(events) and not 0 <= values.min() <= values.max() < size:
                bad = values[(values < 0) | (values >= size)][0]
                raise OptionError(
                    f"dataset: sample {sample} has an event with {name}={bad}, and sensor_size has {size}."
                )
            channels = channels * size + values
        if len(times) and not (times.min() >= 0 and times.max() < np.inf):
            raise OptionError(f"dataset: sample {sample} has an event at t={times.min() / self.unit:g}: count from 0.")
        order = np.argsort(times, kind="stable")
        return times[order], channels[order]


def from_tonic(
    dataset, sensor_size=None, *, unit=1e-6, test=0.25, validation=0.2, classes=None, name="own", split_seed=0
) -> EventDataset:
    """A data set of tonic's, for the encoder ``spike_times``. Tonic itself is not needed.

    Parameters
    ----------
    dataset : sequence of (events, label)
        As ``tonic.datasets`` has them, without a transform: events are a structured array with the fields t, x and,
        where there are such, y and p. Every sample is asked for once, for its label and size, and again when it is
        shown.
    sensor_size : (width, height, polarities), optional
        Default: that of the data set.
    unit : float
        Of t, in seconds.
    test : int, float or such a data set
        Number or fraction of the samples to hold out for the test, or a test set of its own.
    validation, classes, name, split_seed
        As of `brianff.datasets.from_spikes`.

    Returns
    -------
    EventDataset
        Channel ``(y*width + x)*polarities + p``.

    Raises
    ------
    OptionError
        If an argument, or an event when it is shown, cannot be meant.
    """
    shape = getattr(dataset, "sensor_size", None) if sensor_size is None else sensor_size
    if not isinstance(shape, (tuple, list)) or len(shape) != 3 or any(int(n) != n or n < 1 for n in shape):
        raise OptionError(f"sensor_size={shape!r}: give (width, height, polarities), as tonic's data sets have it.")
    if not 0 < unit < np.inf:
        raise OptionError(f"unit={unit!r}: give the length of a unit of t in seconds, as in 1e-6.")
    own_test = hasattr(test, "__getitem__")
    source = TonicSource([dataset, test] if own_test else [dataset], tuple(map(int, shape)), unit)
    classes = names_of(classes)
    labels = labels_of(np.array(source.labels), "dataset: its labels", len(source), classes)
    n_train = len(dataset) if own_test else None
    n_classes, parts = divided(labels, test, validation, classes, name, split_seed, n_train)
    width, height, _ = source.shape
    return EventDataset(name, source, labels, n_classes, *parts, classes, image_shape=(height, width))
