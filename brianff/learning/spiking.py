"""What methods with spiking networks have in common: equations, a simulator, and a state of synapses."""

import contextlib
import functools
from dataclasses import replace
from typing import ClassVar

import numpy as np

from brianff import datasets
from brianff.devices import simulator
from brianff.equations.checker import check_own_files
from brianff.equations.kinds import OF_SPIKE_TRAINS
from brianff.errors import OptionError
from brianff.learning.checkpoints import named, part_of
from brianff.learning.finite import not_finite, require_finite
from brianff.learning.given_weights import weights_for
from brianff.learning.health import relative_changes
from brianff.learning.method import Method
from brianff.learning.options import SpikingOptions
from brianff.learning.phases import POSITIVE, Phases
from brianff.learning.recordings import check_recording, record_presentations
from brianff.learning.samples import SampleStream, altered
from brianff.network.continuous import names_of_state, state_after
from brianff.stimulus import EVALUATION_PRESENTATIONS, LABEL_NEUTRAL, Schedule

__all__ = ["SpikingMethod", "initial_synaptic", "learnt"]


def learnt(composition, architecture):
    """Names of all that learning changes in the synapses of a network, as in ``"synapses1.w"``."""
    c = composition
    return [p.key(name) for p, strings in c.learning(architecture) for name in c.state_variables(strings)]


def initial_synaptic(composition, simulator, seed, initial_weights):
    """What they are before anything has been learnt: initial weights, and all else zero; dict of name -> array.

    `initial_weights` gives those of a `Projection` from layer to layer.
    """
    a, c = simulator.architecture, composition
    out = {key: np.zeros(simulator.size(key)) for key in learnt(c, a)}
    if c.channels:
        values = c.channel_values.items()
        out |= {p.key(name): np.full(p.n_values, value) for p in a.channels for name, value in values}
    if c.readout:
        out |= {p.key("w"): p.normal(seed, 1.0) for p in a.readouts}
    return out | {p.key("w"): initial_weights(p) for p in a.projections}


class SpikingMethod(Method):
    """A method with a network of equation strings.

    Attributes
    ----------
    architecture : `brianff.network.Architecture`
    simulator : `brianff.devices.Simulator`
    synaptic : dict of str -> array
        What goes on from run to run of the simulator, as in ``"synapses1.w"``.
    """

    Options = SpikingOptions
    has_spikes = True
    phases: Phases
    initial_option: str  # which sets the size of initial weights
    together: int  # samples that share a generator of random numbers, see `brianff.stimulus.drawn`
    output_parameters = None  # of the last layer alone: dict of name -> quantity
    stream_state = None  # of a continuous stream, at the end of what has been learnt: dict of name -> array
    recorded = False  # what is recorded while it learns: "spikes", or nothing
    overrides: ClassVar[dict] = {}  # inputs of the simulator that a study puts in place of the network's own

    def build(self):
        self.composition = self.compose()
        check_own_files(self.composition)
        self.architecture = self.make_architecture()
        self._check_input()
        c = self.options
        self.stream = SampleStream(self.train, c.batch, c.seed)
        self.require_updates()
        self.given = self._given_weights()
        self.simulator = self.make_simulator(self.architecture)
        self.synaptic = self.initial_state()
        if self.architecture.carry_over:
            names = names_of_state(self.composition, self.architecture)
            self.stream_begun = np.array(False)
            self.stream_state = {name: np.zeros(self.simulator.size(name)) for name in names}

    def make_simulator(self, architecture):
        """A simulator of the network, as the options have it."""
        c = self.options
        return simulator(c.device, architecture, self.composition, self.report, record=self.recorded, threads=c.threads)

    def compose(self):
        """The `Composition` of the options' models."""
        raise NotImplementedError

    def make_architecture(self):
        """The `Architecture` of the options."""
        raise NotImplementedError

    def size_options(self, images):
        """What options and data set say of any `Architecture` for so many images, as keywords."""
        c, data = self.options, self.data
        of_data = dict(n_pixels=data.n_pixels, n_classes=data.n_classes, image_shape=data.image_shape)
        of_data |= dict(images=images, events=data.most_events(images))
        return dict(batch=c.batch, n_steps=c.steps, dt_ms=c.dt, dtype=c.dtype, **of_data)

    def initial_weights(self, projection):
        """Weights with which a projection begins."""
        raise NotImplementedError

    def initial_state(self):
        """What `synaptic` is before anything has been learnt: initial or given weights, and all else zero."""
        state = initial_synaptic(self.composition, self.simulator, self.options.seed, self.initial_weights)
        return state | {name: value.copy() for name, value in self.given.items()}

    def _given_weights(self):
        """Weights that a file has for this network, by their name in `synaptic`; wrong ones fail before compiling."""
        c, a = self.options, self.architecture
        if c.weights is None:
            return {}
        projections = [*a.projections, *(a.readouts if self.composition.readout else ())]
        return weights_for(projections, c.weights, c.seed, self.report)

    def _check_input(self):
        """Refuse an encoder that cannot read what the data set holds, and a stimulus epoch too short for it."""
        data, encoder = self.data, self.composition.models["encoder"]
        trains = isinstance(data, datasets.EventDataset)
        if encoder.reads_spike_times != trains:
            reads = f"reads spike times, and '{data.name}' holds images: take another one."
            if trains:
                reads = f"reads intensities, and '{data.name}' holds spike times: take --encoder {OF_SPIKE_TRAINS}."
            raise OptionError(f"--encoder {encoder.name} {reads}")
        if trains:
            # An epoch that is too short for what is known already is refused before anything is compiled.
            latest = data.source.latest()
            self.shown(self.train[:1] if latest is None else [latest]).read()

    # -- inputs of the simulator -----------------------------------------------------------------------------------
    @property
    def sizes(self):
        return self.architecture.sizes

    def inputs(self, learning=(), architecture=None):
        """Everything a run of the simulator needs beside the stimulus.

        Parameters
        ----------
        learning : sequence of int
            Levels of the layers that learn.
        architecture : `Architecture`, optional
            Of a simulator for other presentations with the same weights.
        """
        a = architecture or self.architecture
        seed = self.options.seed
        out = self.composition.parameter_inputs(a, seed, self.output_parameters) | a.inputs(seed)
        out |= self.composition.plasticity(a, learning)
        out |= {f"layer{level}.samples_per_update": float(self.options.mini_batch) for level in self.levels}
        out["neurons0.seed"] = seed
        at_work = tuple(projection.name for projection in a.channels)  # also where nothing learns
        of_synapses = {
            name: value
            for name, value in self.synaptic.items()
            if learning or name.endswith(".w") or name.startswith(at_work)
        }
        return out | of_synapses | self.overrides

    @functools.cached_property
    def apart(self):
        """A simulator of presentations that do not follow from each other, whatever they do in training."""
        a = self.architecture
        if not a.carry_over:
            return self.simulator
        return self.make_simulator(a.with_(carry_over=False))

    def shown(self, samples):
        """What the input channels get of samples, (n, n_pixels) array or `brianff.trains.SpikeTrains`."""
        a = self.architecture
        shown = self.data.shown(samples, a.n_steps, a.dt_ms * 1e-3)
        return replace(shown, single=self.composition.single_spikes) if a.events else shown

    def altered(self, shown, numbers):
        """The same as training shows it, see `brianff.learning.samples.altered`."""
        return altered(shown, numbers, self.options, self.data, self.together)

    # -- the course of training ------------------------------------------------------------------------------------
    def stimulus(self, rows):
        """Images and schedule of a range of rows of the stream, in all their phases."""
        raise NotImplementedError

    def rates_of(self, seen):
        """Learning rates when so many samples, (n,), have been learnt."""
        raise NotImplementedError

    def learning_rates(self, seen):
        """Learning rate after every stimulus epoch of a run: not zero where the optimizer takes a step.

        `seen`, (n_rows,), are samples learnt when each of its rows is.
        """
        rates, of_rows = np.zeros(self.architecture.capacity + 1), self.rates_of(seen)
        due = self.phases.updates(seen, self.options.mini_batch)
        for k, epoch in enumerate(self.phases.spread(range(len(seen)))):
            # rules that change weights all the time have no other moment for it
            if epoch.row is not None and (due[k] or self.composition.online):
                rates[k] = of_rows[epoch.row]
        return rates

    def changes(self, before, levels):
        """How far the weights of layers that learn have moved since `synaptic` was `before`: dict of level -> float."""
        keys = {level: f"synapses{level}.w" for level in levels}
        pairs = [{level: of[key] for level, key in keys.items()} for of in (before, self.synaptic)]
        return relative_changes(*pairs)

    @contextlib.contextmanager
    def learning(self, rows, seen, levels):
        """A run in which `levels` learn from rows of the stream, with its results; they must be finite."""
        images, schedule = self.stimulus(rows)
        inputs = self.inputs(levels) | schedule.inputs(self.architecture, images)
        rates = self.learning_rates(seen)
        inputs |= {f"learning_rate_at{level}": rates for level in levels}
        inputs |= {"layer0.traces_wanted": False}
        if self.stream_state and self.stream_begun:
            inputs |= self.stream_state
        with self.simulator.run(inputs, len(schedule)) as results:
            self.synaptic = {name: results[name] for name in self.synaptic}
            if self.stream_state is not None:
                self.stream_state = state_after(results, self.composition, self.architecture)
                self.stream_begun = np.array(True)
            watched = self.watched(results, len(schedule))
            yield results
        self.require_finite(rows, levels, watched)

    def watched(self, results, n_epochs):
        """What must be finite after a run, beside the state: dict of str -> array."""
        return {}

    def require_finite(self, rows, levels, watched=None):
        """Raise the error of numbers that overflowed while `levels` learnt from `rows`."""

        def before_learning():
            if rows.start:
                return None
            n_rows = max(1, self.options.mini_batch // self.options.batch)
            images, schedule = self.stimulus(rows[:n_rows])
            inputs = self.inputs(levels) | self.initial_state() | schedule.inputs(self.architecture, images)
            with self.simulator.run(inputs, len(schedule)) as results:
                found = {name: results[name] for name in (*self.synaptic, *learnt(self.composition, self.architecture))}
                return not_finite(found | self.watched(results, len(schedule)))

        options = f"{self.initial_option} or --set"
        require_finite(self.synaptic | (watched or {}), self.samples_at(rows.start), options, before_learning)

    # -- state -----------------------------------------------------------------------------------------------------
    def state(self):
        return self.synaptic | self._of_stream(lambda name, value: value)

    def expected_state(self):
        def with_type(name, value):
            return value, self.simulator.dtype(name)

        found = {name: with_type(name, value) for name, value in self.synaptic.items()}
        return found | self._of_stream(with_type)

    def _of_stream(self, value_of):
        """What a checkpoint has of a continuous stream."""
        if self.stream_state is None:
            return {}
        values = {name: value_of(name, value) for name, value in self.stream_state.items()}
        return named("stream", values) | {"stream_begun": self.stream_begun}

    def restore(self, arrays):
        self.synaptic = {name: arrays[name] for name in self.synaptic}
        if self.stream_state is not None:
            self.stream_state, self.stream_begun = part_of(arrays, "stream"), arrays["stream_begun"]

    def weights(self):
        found = {}
        for projection, _ in self.composition.learning(self.architecture):
            if projection.key("w") not in self.synaptic:
                continue
            key = projection.target if projection.feeds_forward else projection.name
            found[key] = projection.matrix(self.synaptic[projection.key("w")])
        return found

    # -- looking at it ---------------------------------------------------------------------------------------------
    def record(self, samples, neurons=None, labels=None):
        images, schedule = self.presentations(samples) if labels is None else self.with_labels(samples, labels)
        alone = self.architecture.with_(batch=1, carry_over=self.architecture.carry_over and labels is None)
        return record_presentations(self.composition, alone, self.inputs(architecture=alone), images, schedule, neurons)

    def check_recording(self, samples, neurons=None):
        check_recording(self.composition, self.architecture, self.presentations(samples)[1], neurons)

    def presentations(self, samples):
        """(images, schedule) of what a recording shows of samples, side by side with nothing."""
        rows, alone = np.arange(len(samples)), self.architecture.with_(batch=1)
        shown = rows, self.data.labels[samples], EVALUATION_PRESENTATIONS - 2 * len(rows) + 2 * rows
        return self.shown(samples), POSITIVE.schedule(shown, shown, alone)

    def with_labels(self, samples, labels):
        """The same, of each sample with one label after the other: the true one is a positive phase."""
        if not self.architecture.label_neurons:
            raise OptionError("--label: labels are no part of this network's input, so there is no other one to show.")
        k = self.data.n_classes
        if wrong := [label for label in labels if label not in range(LABEL_NEUTRAL, k)]:
            raise OptionError(
                f"--label: there is no class {wrong[0]}: they are 0 to {k - 1}, and -1 is a neutral label."
            )
        n = len(samples) * len(labels)
        image, label = np.repeat(np.arange(len(samples)), len(labels)), np.tile(labels, len(samples))
        schedule = Schedule.evaluation(image, label, EVALUATION_PRESENTATIONS - n + np.arange(n), 1)
        phase = np.where(label == self.data.labels[samples][image], 1, -1)
        return self.shown(samples), replace(schedule, phase=np.where(label < 0, 0, phase))
