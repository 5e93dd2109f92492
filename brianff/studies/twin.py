"""A trained network whose input spikes and whose neurons can be changed one by one: its twin, with the same weights.

The encoder of a network of images is part of what is compiled, and so is whether all neurons share a parameter.  The
twin is compiled once with spike trains as its input (those that the encoder has sent) and with thresholds and time
constants that differ between neurons.  Undisturbed it gives the answers of the network itself.
"""

import dataclasses
from dataclasses import dataclass

import numpy as np
from brian2 import Quantity, get_dimensions, second

from brianff import datasets
from brianff.datasets.sources import Source
from brianff.devices import simulator
from brianff.equations.from_strings import Eligibility, Neuron
from brianff.equations.kinds import OF_SPIKE_TRAINS
from brianff.equations.text import equations_of
from brianff.equations.threshold import parameter_of_threshold
from brianff.errors import OptionError
from brianff.learning.method import method_class
from brianff.options import parameters_of
from brianff.stimulus import EVALUATION_PRESENTATIONS, LABEL_NONE, Schedule, stream
from brianff.studies.disturbances import mismatch
from brianff.trains import SpikeTrains
from brianff.values import Distribution

__all__ = ["MISMATCHED", "TrainsSource", "Twin", "encoded", "room_for", "spikes_of"]

PIECE = 500  # samples that are encoded side by side
ROOM = 2.2  # times as many spikes as there are: for those that are added
MISMATCHED = ("thresholds", "time constants")


def spikes_of(method, samples, labels=None, levels=(0,)):
    """All spikes of layers when samples are shown, on the NumPy reference device.

    Parameters
    ----------
    method : `brianff.learning.spiking.SpikingMethod`
    samples : (n,) int array
        Rows of the data set.
    labels : (n,) int array, optional
        Shown with them (default: none).
    levels : sequence of int

    Returns
    -------
    spikes : list of (row, neuron, step)
        Of each of the levels, (n_spikes,) int arrays.
    """
    a, found = method.architecture, []
    labels = np.full(len(samples), LABEL_NONE) if labels is None else np.asarray(labels)
    for start in range(0, len(samples), PIECE):
        shown = np.asarray(samples[start : start + PIECE])
        n, label = len(shown), labels[start : start + PIECE]
        alone = a.with_(batch=n, capacity=1, images=n, total_steps=None, carry_over=False)
        schedule = Schedule.evaluation(np.arange(n), label, EVALUATION_PRESENTATIONS + shown, n)
        inputs = method.inputs(architecture=alone) | schedule.inputs(alone, method.shown(shown))
        with simulator("runtime", alone, method.composition, record="spikes").run(inputs, 1) as results:
            piece = []
            for level in levels:
                step = np.round(results[f"spikes{level}.t"] / (a.dt_ms * 1e-3)).astype(int)
                row, neuron = np.divmod(results[f"spikes{level}.i"], a.sizes[level])
                piece.append((start + row, neuron, step))
            found.append(piece)
    return [tuple(map(np.concatenate, zip(*of_level, strict=True))) for of_level in zip(*found, strict=True)]


def room_for(trains):
    """Spikes of a sample that there should be room for."""
    most = int(np.bincount(trains.sample, trains.count).max(initial=1))
    return 1 << int(np.ceil(np.log2(ROOM * most + 10)))


def encoded(method, samples):
    """The spikes that a network's encoder makes of samples, without those of labels: `brianff.trains.SpikeTrains`.

    Parameters
    ----------
    method, samples
        As for `spikes_of`.
    """
    a = method.architecture
    if a.events:
        return method.shown(samples).read()
    ((row, channel, step),) = spikes_of(method, samples)
    pixels = channel < a.n_pixels
    return SpikeTrains.of_spikes(row[pixels], channel[pixels], step[pixels], len(samples), a.n_pixels)


class TrainsSource(Source):
    """Spike trains of some samples of a data set; the others are silent.

    Parameters
    ----------
    trains : `brianff.trains.SpikeTrains`
    samples : (n,) int array
        Which samples these are.
    n_samples : int
        Of the data set.
    dt : float
        Length of a time step in seconds.
    room : int, optional
        Spikes that a sample may have (default: for twice as many as there are), a power of two, so that networks for
        nearly the same trains are compiled once.
    """

    def __init__(self, trains, samples, n_samples, dt, room=None):
        self.trains, self.n_channels, self.dt = trains, trains.n_channels, dt
        self.room = room or room_for(trains)
        self._row = np.full(n_samples, -1)
        self._row[samples] = np.arange(len(samples))
        self._start = np.searchsorted(trains.sample, np.arange(len(samples) + 1))

    def __len__(self):
        return len(self._row)

    def sizes(self):
        return np.full(len(self), self.room)

    def identity(self):
        return (np.ascontiguousarray(values).data for values in (self.trains.channel, self.trains.step))

    def read(self, sample):
        if (row := self._row[sample]) < 0:
            return np.zeros(0), np.zeros(0, int)
        own, trains = slice(self._start[row], self._start[row + 1]), self.trains
        steps, channels = (np.repeat(of[own], trains.count[own]) for of in (trains.step, trains.channel))
        order = np.argsort(steps, kind="stable")
        return (steps[order] + 0.5) * self.dt, channels[order]


class _AnyLength:
    """A method whose stimulus epochs may be shorter than the compiled ones."""

    def make_architecture(self):
        a = super().make_architecture()
        return a if a.total_steps else a.with_(total_steps=a.most_steps)


@dataclass
class _Shortened:
    """A simulator that shows every stimulus for fewer steps; all else is that of the compiled one."""

    compiled: object
    n_steps: int

    @property
    def architecture(self):
        return self.compiled.architecture.with_(n_steps=self.n_steps)

    def run(self, inputs, n_epochs):
        return self.compiled.run(inputs, n_epochs)


class Twin:
    """The twin of a trained network, for some samples.

    Parameters
    ----------
    method : `brianff.learning.spiking.SpikingMethod`
        As it has learnt.
    samples : (n,) int array
        Rows of its data set, which the twin is shown.

    Attributes
    ----------
    trains : `brianff.trains.SpikeTrains`
        Undisturbed, of the samples.
    differing : dict of str -> tuple of str
        Of `MISMATCHED`, the parameters of the neurons.

    Raises
    ------
    OptionError
        If the network has no spikes.
    ModelError
        If its rule needs one value of a parameter for all neurons.
    """

    def __init__(self, method, samples, report=lambda text: None):
        if not method.has_spikes:
            raise OptionError(f"the method {method.name} has no spikes that could be disturbed.")
        self.original, self.samples = method, np.asarray(samples)
        self.trains = encoded(method, samples)
        self.differing = _parameters(method.composition)
        self._room = room_for(self.trains)
        data = self._data(self.trains)
        changes = dict(encoder=OF_SPIKE_TRAINS, flip=False, jitter=0, set=self._set())
        kind = type(method)
        if method.has_output:  # it need not learn, and what it learns by wants one value for all neurons
            kind, changes = method_class("feedback"), changes | self._without_learning()
        self.method = type("Twin", (_AnyLength, kind), {}).of(
            dataclasses.replace(method.options, **changes), data, report
        )
        self.method.restore(method.state())

    def _set(self):
        """Parameters of the models, as ``--set`` has them: those of the encoder are gone, others differ."""
        c, known = self.original.composition, self.original.options
        of_others = {name for kind, model in c.models.items() if kind != "encoder" for name in model.parameters}
        gone = set(c.models["encoder"].parameters) - of_others
        differing = [name for names in self.differing.values() for name in names]
        kept = [text for text in known.set if next(iter(parameters_of([text]))) not in {*gone, *differing}]
        return (*kept, *(f"{name}={_text(c.parameters[name])}" for name in differing))

    def _without_learning(self):
        """Models of a network with targets that does not learn."""
        nothing = Eligibility(name="none", description="Nothing.", synapse="dw : 1", at_epoch_end="dw = 0")
        neuron = self.original.composition.models["neuron"]
        return dict(
            eligibility=nothing,
            feedback="output_only",
            neuron=Neuron(base=neuron, name=neuron.name, spike_time="") if neuron["spike_time"] else neuron,
        )

    def _data(self, trains):
        data, dt = self.original.data, self.original.architecture.dt_ms * 1e-3
        source = TrainsSource(trains, self.samples, len(data.labels), dt, self._room)
        splits = data.train, data.validation, data.test
        shape = data.image_shape
        return datasets.EventDataset(data.name, source, data.labels, data.n_classes, *splits, None, shape)

    def answers(self, trains=None, differing="thresholds", variation=0.0, seed=1, n_steps=None):
        """What the twin says of its samples, as an `Evaluation`.

        Parameters
        ----------
        trains : `brianff.trains.SpikeTrains`, optional
            Disturbed ones.
        differing : str
            One of `MISMATCHED`.
        variation : float
            Coefficient of variation of these parameters, each of which is drawn by itself.
        seed : int
        n_steps : int, optional
            Time steps after which it has to say (default: as many as it has learnt with).
        """
        method = self.method.seeing(self._data(self.trains if trains is None else trains))
        a, own = method.architecture, self.original.inputs()
        if n_steps is not None:
            method.simulator = method.apart = _Shortened(self.method.simulator, n_steps)
        method.overrides = {}
        for name in self.differing[differing] if variation else ():
            for level in method.levels:
                key = f"neurons{level}.{name}"
                factors = mismatch(a.sizes[level], variation, stream(seed, f"mismatch {name}", level))
                method.overrides[key] = own[key] * np.tile(factors, a.batch)
        return method.evaluate(self.samples, offset=int(self.samples[0]))


def _parameters(composition):
    """Parameters of the neurons that move the threshold, and that are times."""
    neuron, groups = composition.models["neuron"], composition.neurons
    there = {name: value for name, value in neuron.parameters.items() if name in groups.parameters}
    threshold = parameter_of_threshold(neuron["threshold"], equations_of(groups.equations).names, there)
    times = tuple(name for name in there if get_dimensions(there[name]) == second.dim)
    return {"thresholds": (threshold,) if threshold else (), "time constants": times}


def _text(value):
    """A value as `brianff.values` reads it, which every neuron has for itself."""
    if isinstance(value, Distribution):
        return value.text
    return f"({value!r})*exp(0*normal())" if isinstance(value, Quantity) else f"{float(value)!r}*exp(0*normal())"
