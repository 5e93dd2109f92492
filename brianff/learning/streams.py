"""Continuous streams: words with silence in between, cut into frames, and networks that learn on line.

A stream has no borders.  A stimulus epoch is a frame of it, from which the state of the network goes on to the next
(`carry_over`); several streams run side by side, the entries of a batch.  What a frame asks for is the word of which it
holds a part; in silence it asks nothing.
"""

from dataclasses import dataclass

import numpy as np
import scipy

from brianff.devices import simulator
from brianff.errors import OptionError
from brianff.learning.evaluation import predicted_classes
from brianff.learning.spiking import initial_synaptic
from brianff.network.continuous import state_after
from brianff.stimulus import LABEL_NONE, Schedule, stream
from brianff.trains import SpikeTrains, time_steps

__all__ = ["Detections", "Frames", "Listener", "detections", "frames_of", "steps_of"]


@dataclass(frozen=True)
class Frames:
    """Frames of streams that run side by side.

    Attributes
    ----------
    trains : `SpikeTrains`
        Row k*n_streams + s is frame k of stream s.
    label : (n_frames, n_streams) int array
        Class of the word; `LABEL_NONE` where it is too early to tell, and in silence.
    word : (n_frames, n_streams) int array
        Word that the frame belongs to, a row of `words`; -1 in silence.
    words : (n_words, 4) array
        Stream, class, and first and last time of every word in seconds.
    seconds : float
        Length of a frame.
    """

    trains: SpikeTrains
    label: np.ndarray
    word: np.ndarray
    words: np.ndarray
    seconds: float

    def __len__(self):
        return len(self.label)

    @property
    def hours(self):
        """Length of all streams together."""
        return self.label.size * self.seconds / 3600

    def most_events(self, n):
        """The most events of n frames that follow one another, from a multiple of n on."""
        starts = np.arange(0, self.label.size + n * self.label.shape[1], n * self.label.shape[1])
        return int(np.diff(np.searchsorted(self.trains.sample, starts)).max())

    def accuracy(self, evidence):
        """Part of the frames with a label whose largest value, of (n_frames, n_streams, n_classes), is that class."""
        asked = self.label >= 0
        return float(np.mean(predicted_classes(evidence)[asked] == self.label[asked]))

    def since_onset(self):
        """Seconds from the beginning of its word to the end of a frame: (n_frames, n_streams), nan in silence."""
        begun = np.append(self.words[:, 2], np.nan)[self.word]  # -1: the last
        return (np.arange(len(self)) + 1)[:, None] * self.seconds - begun


def steps_of(frame, dt):
    """Time steps of a frame, both lengths in ms."""
    if round(frame / dt) < 1 or abs(round(frame / dt) * dt - frame) > 1e-6 * frame:
        raise OptionError(f"a frame of {frame:g} ms is no whole number of time steps of {dt:g} ms: change one of them.")
    return round(frame / dt)


def frames_of(data, samples, n_streams, n_steps, dt, seed, gap=(0.2, 0.6), heard=0.15):
    """Streams of all samples, in random order with silent gaps of random length, as `Frames`.

    Parameters
    ----------
    data : `brianff.datasets.EventDataset`
    samples : (n,) int array
    n_streams : int
    n_steps, dt : int, float
        Time steps of a frame, and their length in seconds.
    seed : int
    gap : (float, float)
        Least and greatest silence before a word, in seconds.
    heard : float
        Of a word that one has heard for less, nothing is asked.
    """
    rng, seconds = stream(seed, "stream"), n_steps * dt
    if len(samples) < n_streams:
        raise OptionError(f"{n_streams} streams need as many words at least, not {len(samples)}.")
    now, words, spikes = np.zeros(n_streams), [], []
    for k, sample in enumerate(rng.permutation(samples)):
        of, (times, channels) = k % n_streams, data.source.read(int(sample))
        begins = now[of] + rng.uniform(*gap)
        now[of] = begins + (times[-1] if len(times) else 0.0)
        words.append((of, data.labels[sample], begins, now[of]))
        step = time_steps(begins + times, dt)
        spikes.append((step // n_steps * n_streams + of, channels, step % n_steps))
    n_frames, words = int(np.ceil((now.max() + gap[1]) / seconds)), np.array(words)
    label, word = np.full((n_frames, n_streams), LABEL_NONE), np.full((n_frames, n_streams), -1)
    ends = (np.arange(n_frames) + 1) * seconds
    for k, (of, kind, begins, last) in enumerate(words):
        part = (ends > begins) & (ends - seconds < last)
        label[part & (ends >= begins + heard), int(of)] = kind
        word[part, int(of)] = k
    joined = (np.concatenate(arrays) for arrays in zip(*spikes, strict=True))
    trains = SpikeTrains.of_spikes(*joined, n_frames * n_streams, data.n_channels)
    return Frames(trains, label, word, words, seconds)


class Listener:
    """A network that hears streams, and learns from them on line.

    Parameters
    ----------
    composition : `Composition`
        With class scores in every layer, such as of the rule local_readout_stream.
    architecture : `Architecture`
        With `carry_over`; its batch is the number of streams.
    device, seed, init_gain, report
        As of `brianff.learning.forward_forward.ForwardForward`.

    Attributes
    ----------
    synaptic : dict of name -> array
        What goes on from frame to frame of learning: weights, and what the optimizer keeps.
    """

    def __init__(self, composition, architecture, device="cpp", seed=1, init_gain=1.5, report=lambda text: None):
        if composition.classes is None or not architecture.carry_over:
            raise OptionError(
                "a stream needs a rule with class scores, such as local_readout_stream, and an Architecture with "
                "carry_over=True."
            )
        self.architecture, self.composition, self.seed = architecture, composition, seed
        self.simulator = simulator(device, architecture, composition, report)
        self.synaptic = initial_synaptic(composition, self.simulator, seed, lambda p: p.normal(seed, init_gain))

    def hear(self, frames, rates=None):
        """Run through frames from rest, and learn at the end of each where there are `rates`.

        Parameters
        ----------
        frames : `Frames`
        rates : (n_frames,) array, optional
            Learning rate at the end of each frame.

        Returns
        -------
        evidence : (n_frames, n_streams, n_classes) array
            Logarithms of the probabilities at the end of every frame, before it was learnt from: mean of the layers.
        """
        a, found, state = self.architecture, [], {}
        if frames.label.shape[1] != a.batch:
            raise OptionError(f"{frames.label.shape[1]} streams do not fit into a batch of {a.batch}.")
        for first in range(0, len(frames), a.capacity):
            piece = slice(first, first + a.capacity)
            inputs = self._inputs(frames, piece, rates) | state
            n = len(frames.label[piece])
            with self.simulator.run(inputs, n) as results:
                if rates is not None:
                    self.synaptic = {name: results[name] for name in self.synaptic}
                state = state_after(results, self.composition, a)
                names = [f"record_classes{level}" for level in range(1, a.depth + 1)]
                scores = [results.recorded(name, "score", n).reshape(n * a.batch, -1) for name in names]
            of_layers = np.mean(scipy.special.log_softmax(scores, axis=2), axis=0)
            found.append(scipy.special.log_softmax(of_layers, axis=1).reshape(n, a.batch, -1))
        return np.concatenate(found)

    def _inputs(self, frames, piece, rates):
        a, c, label = self.architecture, self.composition, frames.label[piece]
        n, levels = len(label), range(1, a.depth + 1)
        row = np.arange(n * a.batch).reshape(n, a.batch)
        schedule = Schedule(row, label, np.full(n, 0 if rates is None else 1), row)
        trains = frames.trains[piece.start * a.batch : (piece.start + n) * a.batch]
        inputs = c.parameter_inputs(a, self.seed) | a.inputs(self.seed) | schedule.inputs(a, trains) | self.synaptic
        inputs |= c.plasticity(a, () if rates is None else levels)
        of_frames = np.zeros(a.capacity + 1)
        of_frames[:n] = 0 if rates is None else rates[piece]
        for level in levels:
            inputs |= {f"learning_rate_at{level}": of_frames, f"layer{level}.samples_per_update": float(a.batch)}
        return inputs


@dataclass(frozen=True)
class Detections:
    """What a detector of one word has found in streams.

    Attributes
    ----------
    hit : (n_targets,) bool array
        Which of the words that it is to find it has found.
    false_alarms : int
        At other times.
    hours : float
        Length of the streams.
    """

    hit: np.ndarray
    false_alarms: int
    hours: float

    @property
    def hit_rate(self):
        return float(np.mean(self.hit))

    @property
    def per_hour(self):
        return self.false_alarms / self.hours

    @property
    def f1(self):
        """Harmonic mean of the hit rate and the part of the detections that are hits."""
        hits = int(np.sum(self.hit))
        return 2 * hits / (len(self.hit) + hits + self.false_alarms)


def detections(frames, probability, target, threshold, late=0.3, hold=0.5):
    """Find a word where its probability rises above a threshold.

    Parameters
    ----------
    frames : `Frames`
    probability : (n_frames, n_streams) array
    target : int
        Class.
    threshold : float
    late : float
        A detection so many seconds after the end of the word still counts as a hit.
    hold : float
        After a detection there is no other for so many seconds.
    """
    words = frames.words[frames.words[:, 1] == target]
    if not len(words):
        raise OptionError(f"no word of class {target} is to be found in these streams: take another class.")
    hit, false_alarms = np.zeros(len(words), bool), 0
    for of in range(probability.shape[1]):
        rows = np.flatnonzero(words[:, 0] == of)
        quiet_until = 0.0
        for k in np.flatnonzero(probability[:, of] > threshold):
            time = (k + 1) * frames.seconds
            if time < quiet_until:
                continue
            quiet_until = time + hold
            found = rows[(words[rows, 2] <= time) & (time <= words[rows, 3] + late)]
            hit[found] = True
            false_alarms += not len(found)
    return Detections(hit, false_alarms, frames.hours)
