"""What methods with spiking networks have in common: equations, a simulator, and a state of synapses."""

import functools

import numpy as np

from brianff import datasets
from brianff.devices import simulator
from brianff.equations.checker import check_own_files
from brianff.equations.kinds import OF_SPIKE_TRAINS
from brianff.errors import OptionError
from brianff.learning.evaluation import present
from brianff.learning.method import Method
from brianff.learning.options import SpikingOptions
from brianff.learning.recordings import record_presentations
from brianff.learning.samples import SampleStream, altered
from brianff.stimulus import EVALUATION_PRESENTATIONS, Schedule

__all__ = ["SpikingMethod"]


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
    together: int  # samples that share a generator of random numbers, see `brianff.stimulus.drawn`
    output_parameters = None  # of the last layer alone: dict of name -> quantity
    recorded = False  # what is recorded while it learns: "spikes", or nothing

    def build(self):
        self.composition = self.compose()
        check_own_files(self.composition)
        self.architecture = self.make_architecture()
        self._check_input()
        c = self.options
        self.stream = SampleStream(self.train, c.batch, c.seed)
        self.require_updates()
        self.simulator = simulator(c.device, self.architecture, self.composition, self.report, record=self.recorded)
        self.synaptic = self.initial_state()

    def compose(self):
        """The `Composition` of the options' models."""
        raise NotImplementedError

    def make_architecture(self):
        """The `Architecture` of the options."""
        raise NotImplementedError

    def initial_state(self):
        """What `synaptic` is before anything has been learnt."""
        raise NotImplementedError

    def _check_input(self):
        """Refuse an encoder that cannot read what the data set holds, and a stimulus epoch too short for it."""
        data, encoder = self.data, self.composition.models["encoder"]
        trains = isinstance(data, datasets.EventDataset)
        if encoder.reads_spike_times != trains:
            raise OptionError(
                f"--encoder {encoder.name} "
                + (
                    f"reads intensities, and '{data.name}' holds spike times: take --encoder {OF_SPIKE_TRAINS}."
                    if trains
                    else f"reads spike times, and '{data.name}' holds images: take another one."
                )
            )
        if trains and (notice := data.check_duration(self.architecture.n_steps, self.architecture.dt_ms * 1e-3)):
            self.report(notice)

    # -- inputs of the simulator -----------------------------------------------------------------------------------
    @property
    def sizes(self):
        return self.architecture.sizes

    @property
    def levels(self):
        """Of the layers that have synapses: 1 and up."""
        return range(1, len(self.sizes))

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
        out |= a.plasticity(learning)
        for level in self.levels:
            out[f"layer{level}.samples_per_update"] = float(self.options.mini_batch)
        out["neurons0.seed"] = seed
        return out | {name: value for name, value in self.synaptic.items() if learning or name.endswith(".w")}

    @functools.cached_property
    def apart(self):
        """A simulator of presentations that do not follow from each other, whatever they do in training."""
        a = self.architecture
        if not a.carry_over:
            return self.simulator
        return simulator(self.options.device, a.with_(carry_over=False), self.composition, self.report)

    def shown(self, samples):
        """What the input channels get of samples, (n, n_pixels*events)."""
        a = self.architecture
        return self.data.shown(samples, a.n_steps, a.dt_ms * 1e-3)

    def altered(self, shown, numbers):
        """The same as training shows it, see `brianff.learning.samples.altered`."""
        return altered(shown, numbers, self.options, self.data, self.together)

    def present(self, shown, labels, numbers, **options):
        """Goodness and traces of every layer for inputs as `shown` gives them, without learning."""
        rows = np.arange(len(shown))
        return present(self.apart, self.inputs(), shown, rows, labels, numbers, **options)

    # -- state -----------------------------------------------------------------------------------------------------
    def state(self):
        return dict(self.synaptic)

    def expected_state(self):
        return {name: (value, self.simulator.dtype(name)) for name, value in self.synaptic.items()}

    def restore(self, arrays):
        self.synaptic = {name: arrays[name] for name in self.synaptic}

    def weights(self):
        found = {}
        for projection in self.architecture.projections:
            key = projection.target if projection.source == projection.target - 1 else projection.name
            found[key] = projection.matrix(self.synaptic[projection.key("w")])
        return found

    # -- looking at it ---------------------------------------------------------------------------------------------
    def record(self, samples, neurons=None):
        images, schedule = self.presentations(samples)
        alone = self.architecture.with_(batch=1)
        return record_presentations(self.composition, alone, self.inputs(architecture=alone), images, schedule, neurons)

    def presentations(self, samples):
        """(images, schedule) of what a recording shows of samples, side by side with nothing."""
        rows = np.arange(len(samples))
        number = EVALUATION_PRESENTATIONS - 2 * len(rows) + 2 * rows
        return self.shown(samples), Schedule.positive(rows, self.data.labels[samples], number, 1)
