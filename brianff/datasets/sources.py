"""Where the spike trains of a data set come from: memory here, files in other modules, one sample at a time."""

from abc import ABC, abstractmethod

import numpy as np

from brianff.errors import OptionError

__all__ = ["InMemory", "Source"]


class Source(ABC):
    """Spike trains of many samples, of which any can be read; nothing else of them is held.

    Attributes
    ----------
    n_channels : int
        Input channels, silent ones included.
    """

    n_channels: int

    @abstractmethod
    def __len__(self):
        """Number of samples."""

    @abstractmethod
    def sizes(self):
        """Spikes of every sample, or a bound that they stay below: (n_samples,) int array."""

    def latest(self):
        """The sample with the latest spike, or None if only reading all of them would tell."""
        return None

    @abstractmethod
    def identity(self):
        """What tells these spike trains from others: an iterable of bytes or of arrays.

        Of files it is the names and sizes, which are there without reading them.
        """

    @abstractmethod
    def read(self, sample):
        """The spikes of a sample.

        Parameters
        ----------
        sample : int

        Returns
        -------
        times : (n_spikes,) float array
            In seconds from the start of the sample, ascending.
        channels : (n_spikes,) int array
        """


class InMemory(Source):
    """Arrays of all spikes.

    Parameters
    ----------
    times : (n_spikes,) float array
        Time of every spike in seconds from the start of its sample, ascending within a sample.
    channels, samples : (n_spikes,) int arrays
        Channel and sample of every spike; samples ascend.
    n_channels, n_samples : int

    Raises
    ------
    OptionError
        If the arrays do not fit together, spikes are out of order, or a number is out of range.
    """

    def __init__(self, times, channels, samples, n_channels, n_samples):
        self.times, self.channels, self.samples = times, channels, samples
        self.n_channels = n_channels
        self._check(n_samples)
        self._start = np.searchsorted(samples, np.arange(n_samples + 1))

    def __len__(self):
        return len(self._start) - 1

    def sizes(self):
        return np.diff(self._start)

    def latest(self):
        return int(self.samples[self.times.argmax()])

    def identity(self):
        return (np.ascontiguousarray(values).data for values in (self.times, self.channels, self.samples))

    def read(self, sample):
        own = slice(self._start[sample], self._start[sample + 1])
        return self.times[own], self.channels[own]

    def _check(self, n_samples):
        times, channels, samples = self.times, self.channels, self.samples
        if not len(times) == len(channels) == len(samples) > 0:
            raise OptionError(
                f"there are {len(times)} times, {len(channels)} channels and {len(samples)} samples; give one of each "
                "for every spike, and at least one spike"
            )
        within = np.diff(samples, prepend=samples[0]) == 0
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
                raise OptionError(f"spike {k} {what}; {remedy}")
