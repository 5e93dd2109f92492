"""Exact backpropagation through spike times, on the recorded spikes of a feedback network: the yardstick, not a rule.

The network of `brianff.network.feedback` is simulated without learning, and the gradient of its loss goes back through
the spikes that it recorded: through every hidden spike time, through the soft resets of a neuron's own earlier spikes,
and through all layers.  This needs the weights of other neurons and the future, which no synapse has.
"""

import numpy as np
from brian2 import second

from brianff.errors import OptionError
from brianff.learning.adam import adam_step
from brianff.learning.evaluation import predicted_classes
from brianff.learning.feedback import Feedback
from brianff.stimulus import Schedule

__all__ = ["Backpropagation", "spike_time_gradients"]

ADAM = ("w", "m1", "m2", "n_updates")  # its variables


def spike_time_gradients(weights, spikes, slopes, errors, fast, slow, resets, dt, grazing=0.0):
    """Gradients of sum_k error_k t_k, over the output spikes, with respect to every weight matrix (units of slow).

    With s = adjoint/slope of a spike, alpha and beta the decays with the time constants fast and slow of the response
    (beta - alpha) since an earlier one:

        gradient of w_ji          += s (alpha - beta)               for each earlier spike of presynaptic neuron j
        adjoint of that spike     += s w_ji (slow/fast alpha - beta)
        adjoint of an own earlier += s reset beta                   (soft reset)

    Parameters
    ----------
    weights : list of (n_pre, n_post) arrays
    spikes : list of (batch, steps, n) arrays
        1 where a neuron spiked; the input first.
    slopes : list of (batch, steps, n) arrays
        Of the membrane where a neuron spiked, times slow; a list entry for each layer after the input.
    errors : list of (batch, n) arrays
        What every spike of a layer contributes by itself: y - n at the output, a rate regulariser's in hidden layers.
    fast, slow, dt : float
        In seconds.
    resets : sequence of float
        What a spike takes from the slow part, in each layer after the input.
    grazing : float
        Slopes are held above `grazing` times the reset.

    Returns
    -------
    gradients : list of (n_pre, n_post) arrays
        Summed over the batch.
    """
    ratio, fast, slow = slow / fast, np.exp(-dt / fast), np.exp(-dt / slow)
    gradients = []
    from_above = None  # adjoints of the spikes of the layer below, (batch, steps, n)
    for level in reversed(range(len(weights))):
        w, pre, post = weights[level], spikes[level], spikes[level + 1]
        # s, from the adjoint on: sums of s alpha and s beta over later spikes, those of the neuron itself included
        scale = post / np.maximum(slopes[level], max(grazing * resets[level], 1e-12))
        alpha, beta = np.zeros_like(scale[:, 0]), np.zeros_like(scale[:, 0])
        below = np.zeros(pre.shape) if level else None
        for t in reversed(range(post.shape[1])):
            beta *= slow
            scale[:, t] *= errors[level] + resets[level] * beta + (0 if from_above is None else from_above[:, t])
            if level:
                alpha *= fast
                below[:, t] = pre[:, t] * ((ratio * alpha - beta) @ w.T)
                alpha += scale[:, t]
            beta += scale[:, t]
        from_above = below
        a, b = np.zeros_like(pre[:, 0]), np.zeros_like(pre[:, 0])
        difference = np.zeros(pre.shape)
        for t in range(pre.shape[1]):
            a *= fast
            b *= slow
            np.subtract(a, b, out=difference[:, t])
            a += pre[:, t]
            b += pre[:, t]
        gradients.insert(0, difference.reshape(-1, w.shape[0]).T @ scale.reshape(-1, w.shape[1]))
    return gradients


class Backpropagation(Feedback):
    """Trains the network of `Feedback` by exact backpropagation through spike times; its feedback is not used.

    The optimizer is Adam with the parameters of the model file.
    """

    name = "backpropagation"
    recorded = "spikes"

    def make_architecture(self):
        """With room for one mini-batch, since every run of the simulator is one."""
        if self.composition.spike_time is None:
            neuron = self.composition.models["neuron"].name
            raise OptionError(
                f"the neuron {neuron} has no `spike_time`, which backpropagation needs: take two_exponential."
            )
        c, architecture = self.options, super().make_architecture()
        if any(p.source == p.target or p.delay or p.needs for p in architecture.projections):
            raise OptionError(
                "layers: backpropagation computes with all synapses between a layer and the next, without delay: give "
                "numbers of neurons alone, as in 300,300."
            )
        return architecture.with_(capacity=c.mini_batch // c.batch, images=c.mini_batch)

    def initial_state(self) -> dict:
        return {name: value.astype(float) for name, value in super().initial_state().items()}

    def _learn(self, rows):
        firsts = range(rows.start, rows.stop, self.rows_per_update)
        tally = sum(self._step(range(first, first + self.rows_per_update)) for first in firsts)
        self.require_finite(rows, self.levels)
        return tally

    def _step(self, rows):
        """Simulate a mini-batch, differentiate, a step of Adam; returns samples that were right, and output spikes."""
        a, c, n = self.architecture, self.composition, self.options.mini_batch
        L = self.levels[-1]
        samples, numbers = self.stream.take(rows, self.epochs)
        schedule = Schedule.evaluation(np.arange(n), self.data.labels[samples], numbers, a.batch)
        inputs = self.inputs() | schedule.inputs(a, self.altered(self.shown(samples), numbers))
        with self.simulator.run(inputs, len(schedule)) as results:
            found = (self._spikes(results, level, len(schedule)) for level in (0, *self.levels))
            spikes, slopes = zip(*found, strict=True)
        counts = [s.sum(axis=1) for s in spikes]
        labels = self.data.labels[samples]
        errors, (kept, *_) = [], c.kept
        for level in range(1, L):
            mean_n = counts[level].mean(axis=0)
            self.synaptic[f"neurons{level}.{kept}"] = np.tile(mean_n, a.batch)
            errors.append(np.tile(c.error("hidden", **{kept: mean_n}), (n, 1)))
        errors.append(
            c.error("output", own_class=np.arange(a.n_classes), shown_class=labels[:, None], n_spikes=counts[L])
        )
        time, w, p = c.spike_time, self.weights(), c.parameters
        resets = [float(c.evaluate(time["reset"], **self._own(level))) for level in self.levels]
        constants = (*(float(c.evaluate(time[name]) / second) for name in ("fast", "slow")), resets, a.dt_ms * 1e-3)
        of_levels = [w[level] for level in self.levels], spikes, slopes[1:], errors
        gradients = spike_time_gradients(*of_levels, *constants, p.get("grazing", 0.0))
        (rate,) = self.rates_of(np.array([rows.stop * self.options.batch]))
        for level, gradient in enumerate(gradients, start=1):
            self._adam(level, -gradient.ravel() / n, rate)
        return np.array([np.sum(predicted_classes(counts[L]) == labels), counts[L].sum()])

    def _own(self, level):
        """Parameters of a layer that are not those of the others."""
        return self.output_parameters if level == self.levels[-1] else {}

    def _spikes(self, results, level, n_epochs):
        """Spikes of a layer and the slopes of the membrane there, both (presentations, steps, neurons)."""
        a = self.architecture
        shape = (n_epochs * a.n_steps + 1, a.batch, a.sizes[level])
        spikes, slopes = np.zeros(shape), np.zeros(shape)
        step = np.round(results[f"spikes{level}.t"] / (a.dt_ms * 1e-3)).astype(int)
        where = (step, *np.divmod(results[f"spikes{level}.i"], a.sizes[level]))
        spikes[where] = 1 if level or not self.composition.several_at_once else results["spikes0.multiplicity"]
        if level:
            c = self.composition
            found = {name: np.asarray(results[f"spikes{level}.{name}"], float) for name in c.spike_variables}
            slopes[where] = c.evaluate(c.spike_time["slope"], **self._own(level), **found)
        return [
            values[:-1].reshape(n_epochs, a.n_steps, a.batch, -1).transpose(0, 2, 1, 3).reshape(-1, a.n_steps, shape[2])
            for values in (spikes, slopes)
        ]

    def _adam(self, level, gradient, rate):
        """Uphill, as the optimizers of the model files."""
        p, state = self.composition.parameters, (self.synaptic[f"synapses{level}.{name}"] for name in ADAM)
        adam_step(*state, gradient, -rate, 1 - p["beta1"], 1 - p["beta2"], p["epsilon"])
