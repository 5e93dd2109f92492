"""Sound as spikes: a bank of gammatone filters, and in each channel hair cells whose rate rises with the level.

The steps are those of the ear, each in its simplest form.

1. Gammatone filters of fourth order, H(f) = (1 + i(f - f_c)/b)^-4 with b = 1.019*ERB(f_c), their centres f_c evenly
   spaced on the scale of equivalent rectangular bandwidths, ERB(f) = 24.7 + 0.108 f (Patterson et al. 1992; Glasberg
   and Moore 1990). The output is analytic, so that its magnitude is the envelope; a frame holds its mean over 1 ms.
2. The level, in dB below the loudest frame of the recording, drives the hair cells: c = 1 there, 0 from `range_db`
   below it on, and linear in between. How loud a recording is does not matter.
3. They adapt: r = max(0, c - adaptation*a), tau_adaptation da/dt = c - a. Onsets stand out.
4. Spikes come where the integral of max_rate*r passes a half, one and a half, and so on: no chance is involved.
"""

from dataclasses import dataclass, fields
from numbers import Real

import numpy as np

from brianff.errors import OptionError

__all__ = ["Cochlea"]

FRAME = 1e-3  # s
RINGING = 0.05  # s, for which filters go on after the end of the sound


def _bandwidth(frequency):
    """Equivalent rectangular bandwidth, in Hz."""
    return 24.7 + 0.108 * frequency


@dataclass(frozen=True)
class Cochlea:
    """From sound to spikes.

    Parameters
    ----------
    channels : int
        Number of filters.
    lowest, highest : float
        Centre frequencies of the first and the last of them, in Hz.
    range_db : float
        Levels over which the rate rises from 0 to the largest.
    max_rate : float
        Of the spikes of a channel at the onset of what is loudest, in Hz.
    adaptation : float
        Part of the rate that is gone when a sound goes on for long, 0 to less than 1.
    tau_adaptation : float
        How soon, in seconds.

    Raises
    ------
    OptionError
        If a parameter is out of its range.
    """

    channels: int = 64
    lowest: float = 150.0
    highest: float = 3600.0
    range_db: float = 50.0
    max_rate: float = 500.0
    adaptation: float = 0.8
    tau_adaptation: float = 0.2

    def __post_init__(self):
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= value < np.inf:
                raise OptionError(f"cochlea: {one.name}={value!r} in place of a number of at least 0.")
            if not value and one.name != "adaptation":
                raise OptionError(f"cochlea: {one.name}=0 in place of a number above 0.")
        if self.channels != int(self.channels) or self.channels > 2**16:
            raise OptionError(f"cochlea: channels={self.channels} in place of a whole number from 1 to 65536.")
        if self.lowest > self.highest:
            raise OptionError(f"cochlea: lowest={self.lowest:g} Hz lies above highest={self.highest:g} Hz.")
        if self.adaptation >= 1:
            raise OptionError(f"cochlea: adaptation={self.adaptation:g} in place of a number below 1.")

    @property
    def centres(self) -> np.ndarray:
        """Centre frequencies in Hz: (channels,) array."""
        low, high = np.log(_bandwidth(np.array([self.lowest, self.highest])))
        return (np.exp(np.linspace(low, high, self.channels)) - 24.7) / 0.108

    def envelopes(self, sound, rate) -> np.ndarray:
        """What passes each filter.

        Parameters
        ----------
        sound : (n_samples,) float array
        rate : int
            Samples a second.

        Returns
        -------
        envelopes : (channels, n_frames) array
        frame : float
            Length of a frame in seconds.
        """
        from scipy import fft

        length = max(1, round(FRAME * rate))
        n_frames = -(-(len(sound) + round(RINGING * rate)) // length)
        n = fft.next_fast_len(n_frames * length)
        frequency = fft.rfftfreq(n, 1 / rate).astype(np.float32)
        centres = self.centres.astype(np.float32)[:, None]
        pole = 1 + 1j * (frequency - centres) / (1.019 * _bandwidth(centres))
        spectrum = np.zeros((self.channels, n), np.complex64)  # of positive frequencies alone: the analytic signal
        spectrum[:, : len(frequency)] = fft.rfft(sound.astype(np.float32), n) / (pole * pole) ** 2
        passed = np.abs(fft.ifft(spectrum, axis=1, overwrite_x=True))[:, : n_frames * length]
        return passed.reshape(self.channels, n_frames, length).mean(axis=2), length / rate

    def rates(self, envelopes, frame) -> np.ndarray:
        """Rates of the hair cells, as parts of `max_rate`: (channels, n_frames) array, from `envelopes`."""
        from scipy.signal import lfilter

        loudest = envelopes.max(initial=0)
        if not loudest > 0:
            return np.zeros(envelopes.shape)
        with np.errstate(divide="ignore"):
            drive = np.clip(1 + 20 / self.range_db * np.log10(envelopes / loudest), 0, 1).astype(float)
        keep = np.exp(-frame / self.tau_adaptation)
        return np.maximum(drive - self.adaptation * lfilter([1 - keep], [1, -keep], drive, axis=1), 0)

    def spikes(self, sound, rate) -> tuple[np.ndarray, np.ndarray]:
        """Spikes of a sound.

        Parameters
        ----------
        sound : (n_samples,) float array
        rate : int
            Samples a second, more than twice the highest centre frequency.

        Returns
        -------
        times : (n_spikes,) float32 array
            In seconds from the start, ascending.
        channels : (n_spikes,) uint16 array
        """
        envelopes, frame = self.envelopes(sound, rate)
        after = 0.5 + np.cumsum(self.rates(envelopes, frame) * self.max_rate * frame, axis=1)
        before = np.concatenate([np.full((self.channels, 1), 0.5), after[:, :-1]], axis=1)
        passed = (np.floor(after) - np.floor(before)).astype(int)  # whole numbers in a frame
        channel, index = np.nonzero(passed)
        counts = passed[channel, index]
        channel, index = np.repeat(channel, counts), np.repeat(index, counts)
        place = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        start, end = before[channel, index], after[channel, index]
        times = (index + (np.floor(start) + 1 + place - start) / (end - start)) * frame
        order = np.argsort(times, kind="stable")
        return times[order].astype(np.float32), channel[order].astype(np.uint16)
