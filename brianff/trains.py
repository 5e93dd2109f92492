"""Spike trains in time steps, as a network is shown them: events with a count.

A simulation has time steps, and a channel at most one spike in each.  A spike at time t from the start of its sample
belongs to step floor(t/dt), where a time that a rounding error keeps from the beginning of a step counts as that
beginning.  Spikes of a channel that fall into one step are one event, with their number: nothing of a recording is
lost, however long the steps are.
"""

from dataclasses import dataclass, replace

import numpy as np

from brianff.errors import OptionError

__all__ = ["Shown", "SpikeTrains", "time_steps"]


def time_steps(times, dt):
    """The time step of every spike: (n,) int array, from (n,) times and a time step in seconds."""
    # 1e-6 of a step for times that were computed; those of a file in single precision are only as exact as that.
    in_steps = times.astype(float) / dt
    return np.floor(in_steps * (1 + np.finfo(np.result_type(times, np.float16)).eps) + 1e-6).astype(np.int64)


def _met(values, end):
    """Different values below `end`, ascending, and how often each of them is there."""
    values = np.sort(values.astype(np.uint32) if end <= 2**32 else values)  # half the bytes are sorted in half the time
    first = np.flatnonzero(np.diff(values, prepend=values[:1] + 1))
    return values[first], np.diff(first, append=len(values))


@dataclass(frozen=True)
class SpikeTrains:
    """Events of samples, sorted by sample, channel and time step.

    Parameters
    ----------
    sample, channel, step, count : (n_events,) int arrays
        Which row and input channel, the time step from the start of the stimulus epoch, and the number of spikes.
    n_samples, n_channels : int
    """

    sample: np.ndarray
    channel: np.ndarray
    step: np.ndarray
    count: np.ndarray
    n_samples: int
    n_channels: int

    @classmethod
    def of_spikes(cls, sample, channel, step, n_samples, n_channels):
        """From (n_spikes,) arrays in any order; spikes of a channel in a step are counted."""
        order = np.lexsort((step, channel, sample))
        spikes = (array[order] for array in (sample, channel, step))
        return cls._of_events(*spikes, np.ones(len(step), np.int64), n_samples, n_channels)

    @classmethod
    def _of_events(cls, sample, channel, step, count, n_samples, n_channels):
        """From events in order, those in the same step of a channel put together."""
        is_first = np.ones(len(step), bool)
        is_first[1:] = (np.diff(sample) != 0) | (np.diff(channel) != 0) | (np.diff(step) != 0)
        first = np.flatnonzero(is_first)
        counts = np.add.reduceat(count, first) if len(first) else count
        return cls(sample[first], channel[first], step[first], counts, n_samples, n_channels)

    def __len__(self):
        return self.n_samples

    @property
    def n_events(self):
        return len(self.step)

    def __getitem__(self, rows):
        """The trains of some samples, (n,) int array or a slice, in this order."""
        rows = np.arange(len(self))[rows]
        start = np.searchsorted(self.sample, np.arange(len(self) + 1))
        lengths = np.diff(start)[rows]
        place = np.arange(lengths.sum()) + np.repeat(start[rows] - np.cumsum(lengths) + lengths, lengths)
        sample = np.repeat(np.arange(len(rows)), lengths)
        return SpikeTrains(sample, self.channel[place], self.step[place], self.count[place], len(rows), self.n_channels)

    def kept(self, kept):
        """Without the channels of a sample that are not `kept`, (n_samples, n_channels) bool array."""
        chosen = kept[self.sample, self.channel]
        events = (array[chosen] for array in (self.sample, self.channel, self.step, self.count))
        return SpikeTrains(*events, self.n_samples, self.n_channels)

    def moved(self, shape, by):
        """Every sample moved by whole places, without what leaves them.

        Parameters
        ----------
        shape : (height, width)
            Of the channels, see `brianff.datasets.EventDataset`.
        by : (n_samples, 2) int array
            Down and to the right.
        """
        (height, width), kinds = shape, self.n_channels // np.prod(shape)
        place, kind = np.divmod(self.channel, kinds)
        y, x = (where + by[self.sample, axis] for axis, where in enumerate(np.divmod(place, width)))
        inside = (0 <= y) & (y < height) & (0 <= x) & (x < width)
        channel = (y * width + x) * kinds + kind  # in the order of before
        events = (array[inside] for array in (self.sample, channel, self.step, self.count))
        return SpikeTrains(*events, self.n_samples, self.n_channels)

    def stretched(self, factors, n_steps):
        """The time of every sample multiplied by its factor, (n_samples,), or less if that leads out of `n_steps`."""
        last = np.zeros(len(self), np.int64)
        np.maximum.at(last, self.sample, self.step)
        factors = np.minimum(factors, (n_steps - 1) / np.maximum(last, 1))
        step = np.floor((self.step + 0.5) * factors[self.sample]).astype(np.int64)
        step = np.minimum(step, n_steps - 1)
        return self._of_events(self.sample, self.channel, step, self.count, self.n_samples, self.n_channels)

    def read(self):
        """Themselves: see `Shown`."""
        return self

    def ends(self):
        """Time steps of every sample to its last spike, that step included: (n_samples,) int array, 0: no spike."""
        out = np.zeros(self.n_samples, np.int64)
        np.maximum.at(out, self.sample, np.asarray(self.step, np.int64) + 1)
        return out

    def counts(self):
        """Spikes of every channel: (n_samples, n_channels) array."""
        out = np.zeros((self.n_samples, self.n_channels))
        np.add.at(out, (self.sample, self.channel), self.count)
        return out

    def inputs(self, architecture):
        """What the encoder reads, as inputs of a simulator.

        ``event_first[k, c]`` is the place of the first event of channel c in image k in two lists, ``event_step`` and
        ``event_count``; its events end where those of the next channel begin.
        """
        a = architecture
        if self.n_events > a.events:
            raise OptionError(f"{self.n_events} events do not fit into one run of {a.events}.")
        trains = np.arange(a.images * self.n_channels)
        first = np.searchsorted(self.sample * self.n_channels + self.channel, trains)
        rows = np.empty((a.images, self.n_channels + 1))
        rows[:, :-1] = first.reshape(a.images, -1)
        rows[:, -1] = np.append(rows[1:, 0], self.n_events)
        lists = {"event_step": np.zeros(a.events), "event_count": np.zeros(a.events)}
        lists["event_step"][: self.n_events] = self.step
        lists["event_count"][: self.n_events] = self.count
        return {"event_first": rows, **lists}


@dataclass(frozen=True)
class Shown:
    """The spike trains of samples of a data set, each of which is read when a network is about to see it.

    Parameters
    ----------
    source : `brianff.datasets.sources.Source`
    samples : (n,) int array
    n_steps, dt : int, float
        Time steps of a stimulus epoch, and their length in seconds.
    name : str
        Of the data set, for messages.
    single : str
        Why several spikes of a channel in one step cannot be shown, or nothing.
    """

    source: object
    samples: np.ndarray
    n_steps: int
    dt: float
    name: str
    single: str = ""

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, rows):
        return replace(self, samples=self.samples[rows])

    def read(self):
        """`SpikeTrains` of all of them.

        Raises
        ------
        OptionError
            If a spike has no place in the stimulus epoch, or no time step of its own where it needs one.
        """
        n_steps, n_channels, found = self.n_steps, self.source.n_channels, []
        for sample in self.samples:
            times, channels = self.source.read(int(sample))
            steps = time_steps(times, self.dt)
            if len(steps) and steps[-1] >= n_steps:
                raise OptionError(
                    f"data set {self.name!r}: sample {sample} has a spike at {times[-1]:g} s, and a stimulus epoch of "
                    f"{n_steps} steps of {1e3 * self.dt:g} ms ends at {n_steps * self.dt:g} s: raise --steps or --dt."
                )
            events, count = _met(channels * n_steps + steps, n_channels * n_steps)
            found.append((*np.divmod(events, events.dtype.type(n_steps)), count))
        rows = np.repeat(np.arange(len(found)), [len(count) for *_, count in found])
        columns = (np.concatenate([np.zeros(0, np.int64), *(one[k] for one in found)]) for k in range(3))
        trains = SpikeTrains(rows, *columns, len(self), n_channels)
        if self.single and (several := np.flatnonzero(trains.count > 1)).size:
            k = several[0]
            raise OptionError(
                f"data set {self.name!r}: channel {trains.channel[k]} spikes {trains.count[k]} times within "
                f"{1e3 * self.dt:g} ms in sample {self.samples[trains.sample[k]]}, and {self.single}: take shorter "
                "time steps (--dt) and more of them (--steps), or other models."
            )
        return trains

    def inputs(self, architecture):
        """As of `SpikeTrains`."""
        return self.read().inputs(architecture)
