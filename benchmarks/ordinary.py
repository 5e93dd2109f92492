"""The same equations on ordinary `brian2.Synapses`: what a user of Brian2 would write, as well as it can be.

One long run, compiled; no batch (Synapses would need a copy of the weights for each entry).  Learning runs once a pair
of stimulus epochs and the optimizer once a mini-batch, each on a clock of its own, so that no pass over the synapses is
made for nothing.
"""

import copy

from brian2 import EventClock, NeuronGroup, Synapses, linked_var, second

from brianff.network.feedforward import FeedForwardNetwork

__all__ = ["MINI_BATCH", "OrdinaryNetwork"]

MINI_BATCH = 20  # samples between two steps of the optimizer, as in training on MNIST


class OrdinaryNetwork(FeedForwardNetwork):
    """`FeedForwardNetwork` with a batch of one, its neurons and dense synapses replaced by Brian2's own."""

    scales = False

    def __init__(self, architecture, composition, **options):
        assert architecture.batch == 1
        composition = copy.deepcopy(composition)
        # Synapses have no third factor of a layer: its modulator is copied to the neurons.
        for neurons in (composition.neurons, composition.last_neurons):
            neurons.equations += "\nM_layer : 1 (linked)\nM_copy : 1"
            neurons.links["M_layer"] = ("layer", "M")
            neurons.at_epoch_end += "\nM_copy = M_layer"
        super().__init__(architecture, composition, **options)

    def make_neurons(self, level, n, strings, **options):
        neurons = NeuronGroup(n, strings.equations, threshold=strings.threshold, reset=strings.reset, **options)
        linked = {"layer": f"layer{level}", "below": f"layer{level - 1}", "input": "neurons0"}
        for name, (which, variable) in strings.links.items():
            setattr(neurons, name, linked_var(self.groups[linked[which]], variable))  # of one element: no index
        if strings.on_step.strip():
            neurons.run_regularly(strings.on_step, when="thresholds", order=-1)
        return neurons

    def _goodness(self, level):
        pathway = Synapses(
            self.groups[f"neurons{level}"],
            self.groups[f"layer{level}"],
            on_pre=self.composition.layer_on_spike.replace("G +=", "G_post +="),
            name=f"goodness{level}",
        )
        pathway.connect()
        self._add(pathway)

    def _learned(self, projection):
        strings = self.composition.synapses
        synapses = Synapses(
            self.groups[f"neurons{projection.source}"],
            self.groups[f"neurons{projection.target}"],
            strings.model + "\nrate_now : 1 (shared)",
            on_pre=strings.on_pre,
            name=projection.name,
        )
        synapses.connect()
        self._set(synapses, strings, rate_now=1e-3)
        # Clocks of the same ticks as that of the epochs: periods would be rounded apart from it in single precision.
        starts = self.architecture.starts()
        learn = strings.at_epoch_end.replace("M_layer", "M_copy_post")
        update = strings.at_update.replace("learning_rate_layer", "rate_now")
        update = update.replace("samples_per_update_layer", f"{MINI_BATCH}.0")
        synapses.run_regularly(learn, clock=EventClock(starts[::2] * second), when="start", order=-40)
        synapses.run_regularly(update, clock=EventClock(starts[:: 2 * MINI_BATCH] * second), when="start", order=-35)
        self._add(synapses)
