"""Which terms of the gradient a rule drops, and how much of its direction is left.

The gradient of a loss over time with respect to the weights of a spiking network, carried forward with the network
(real-time recurrent learning, Williams & Zipser 1989): D, the derivative of every state variable with respect to every
weight, follows the same time step as the state does.  Rules that a synapse can follow by itself keep parts of D
(Zenke & Neftci 2021, Proc. IEEE 109:935, arXiv 2010.11931; Bellec et al. 2020, Nat. Commun. 11:3625): `RULES` names
the terms.  A spike has no derivative; the surrogate of the neuron model stands for it, and with `soft` spikes, where
it is the derivative, the exact rule agrees with finite differences.

Neurons are those of the model files (`brianff.studies.neuron_step`).  D has (neurons x variables x weights) elements:
this is for a few dozen neurons.
"""

from dataclasses import dataclass, replace

import numpy as np
from brian2 import ms

from brianff.equations.model import load
from brianff.errors import OptionError
from brianff.learning.adam import Adam
from brianff.learning.health import cosine
from brianff.studies.neuron_step import NeuronStep

__all__ = [
    "DEEP", "RECURRENT", "RULES", "Network", "Rule", "Task", "compare", "exact_by_differences", "faster",
    "gradient", "loss", "network", "task", "train",
]  # fmt: skip


# -- what is compared ----------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Rule:
    """Which terms of the gradient are kept.

    Attributes
    ----------
    title : str
    others : bool
        What a weight does to its neuron goes on to others through their synapses.
    itself : bool
        It comes back through the neuron's synapse with itself.
    reset : bool
        The reset of membrane and currents depends on the weight.
    slow : bool
        So does what the neuron's own spikes leave behind: thresholds that adapt, refractory kernels.
    readout_memory : bool
        The readout's trace remembers what a spike has changed.
    surrogate : bool
        A spike depends on how far the membrane is from the threshold.
    signal : str
        The error of a neuron: ``"exact"`` (through its synapses to the readout), ``"through"`` (neurons without such
        synapses get what the weights of the layers above pass down at the same instant), ``"random"`` (a fixed random
        matrix) or ``"own"`` (a readout of every layer, with fixed random weights and an error of its own).
    """

    title: str
    others: bool = False
    itself: bool = False
    reset: bool = False
    slow: bool = True
    readout_memory: bool = True
    surrogate: bool = True
    signal: str = "through"


RULES = {
    "exact": Rule("all terms (RTRL)", others=True, itself=True, reset=True, signal="exact"),
    "block_diagonal": Rule("no paths through others", itself=True, reset=True),
    "e_prop": Rule("e-prop: no reset either"),
    "random_e_prop": Rule("e-prop, random feedback", signal="random"),
    "three_factors": Rule("three factors: no memory", slow=False, readout_memory=False),
    "random_three_factors": Rule("three factors, random feedback", slow=False, readout_memory=False, signal="random"),
    "no_surrogate": Rule("input trace and error alone", slow=False, surrogate=False),
    "own_readout": Rule("e-prop, readouts of layers", signal="own"),
}
RECURRENT, DEEP = "recurrent", "deep"


@dataclass(frozen=True)
class Network:
    """A small network and where its weights are.

    Attributes
    ----------
    step : `NeuronStep`
    weights : (n_in + n, n) array
        From input channels and neurons (rows) to neurons; 0 where there is no synapse.
    synapses : (n_in + n, n) bool array
    layer : (n,) int array
        Layer of every neuron, from 0.
    readout : (n, n_out) array
        Fixed weights of the readout; 0 for neurons that it does not see.
    feedback : (n, n_out) array
        Random weights that bring an error to every neuron.
    """

    step: NeuronStep
    weights: np.ndarray
    synapses: np.ndarray
    layer: np.ndarray
    readout: np.ndarray
    feedback: np.ndarray

    @property
    def n_in(self):
        return len(self.weights) - len(self.layer)

    def signals(self, signal):
        """What brings the error of the readout to the neurons, (n, n_out)."""
        if signal != "through":
            return {"exact": self.readout, "random": self.feedback, "own": self.feedback}[signal]
        found, between = self.readout.copy(), self.weights[self.n_in :]
        for layer in range(self.layer.max() - 1, -1, -1):
            here, above = self.layer == layer, self.layer == layer + 1
            found[here] = between[np.ix_(here, above)] @ found[above]
        return found


@dataclass(frozen=True)
class Task:
    """Input spikes, (time steps, n_in) of 0 and 1, and what the readout should be, (time steps, n_out)."""

    spikes: np.ndarray
    target: np.ndarray


def network(kind, step, seed, n_in=20, n=24, n_out=2, scale=1.0):
    """A random network: `RECURRENT`, one layer of `n`, or `DEEP`, three layers of n/3.

    Parameters
    ----------
    scale : float
        Of the initial weights; the defaults let the models that ship spike at 10 to 40 Hz.

    Raises
    ------
    OptionError
        For another kind.
    """
    if kind not in (RECURRENT, DEEP):
        raise OptionError(f"a network is {RECURRENT} or {DEEP}, not '{kind}'.")
    rng = np.random.default_rng(seed)
    layer = np.zeros(n, int) if kind == RECURRENT else np.arange(n) * 3 // n
    last = layer == layer.max()
    synapses = np.zeros((n_in + n, n), bool)
    synapses[:n_in, layer == 0] = True
    synapses[n_in:] = layer[:, None] + 1 == layer[None, :]
    if kind == RECURRENT:
        synapses[n_in:] = ~np.eye(n, dtype=bool)
    fan_in = synapses.sum(axis=0)
    strength = np.where((np.arange(n_in + n) >= n_in) & (kind == DEEP), 3, 1)  # there are fewer, and quieter, neurons
    weights = rng.normal(0.25, 0.8, synapses.shape) * scale * strength[:, None] / np.sqrt(fan_in)
    weights = np.where(synapses, weights, 0)
    readout = np.where(last[:, None], rng.normal(size=(n, n_out)) / np.sqrt(last.sum()), 0)
    return Network(step, weights, synapses, layer, readout, rng.normal(size=(n, n_out)) / np.sqrt(last.sum()))


def faster(neuron):
    """Parameters that fit a task of 200 ms: a synaptic current of 20 ms, where the model has one (theirs is 100)."""
    return {"tau_syn": 20 * ms} if "tau_syn" in load("neuron", neuron).parameters else {}


def task(seed, n_steps=200, n_in=20, n_out=2, rate=0.05):
    """Patterns to be drawn by the readout in answer to one frozen noise: sums of four sines, as in the e-prop paper."""
    rng = np.random.default_rng(seed)
    spikes = (rng.random((n_steps, n_in)) < rate).astype(float)
    phase = np.arange(n_steps)[:, None, None] * np.array([1, 2, 3, 5]) / n_steps + rng.random((n_out, 4))
    return Task(spikes, (rng.uniform(0.5, 1.5, (n_out, 4)) * np.sin(2 * np.pi * phase)).sum(axis=2) / 2)


# -- forward in time -----------------------------------------------------------------------------------------------
def _spikes(step, state, soft):
    """What a spike is, and what stands for its derivative: all or nothing, or a smooth function of the membrane."""
    distance = step.distance(state)
    if not soft:
        return (distance > 0).astype(float), step.surrogate(state)
    spikes = 1 / (1 + np.exp(-distance / step.width))
    return spikes, spikes * (1 - spikes) / step.width


def loss(net, given, soft=False):
    """Half the squared error of the readout, averaged over time steps, and the number of spikes."""
    step, state = net.step, np.zeros((len(net.layer), len(net.step.names)))
    total = n_spikes = 0.0
    for arriving, wanted in zip(given.spikes, given.target, strict=True):
        state = step.integrate(state)
        z, _ = _spikes(step, state, soft)
        state = _after_spikes(net, state, arriving, z)[1]
        total += 0.5 * ((state[:, -1] @ net.readout - wanted) ** 2).sum()
        n_spikes += z.sum()
    return total / len(given.spikes), n_spikes


def _after_spikes(net, state, arriving, z):
    """The state with the input of this time step in it, and after the reset."""
    with_input = state.copy()
    with_input[:, net.step.target] += np.concatenate([arriving, z]) @ net.weights
    return with_input, with_input + z[:, None] * (net.step.reset(with_input) - with_input)


def gradient(net, given, rule=RULES["exact"], soft=False):
    """The gradient of `loss` with respect to the weights, or what a rule makes of it.

    Parameters
    ----------
    net : `Network`
    given : `Task`
    rule : `Rule`
    soft : bool
        Smooth spikes.

    Returns
    -------
    gradient : (n_in + n, n) array
        0 where there is no synapse.
    """
    step, n = net.step, len(net.layer)
    error_of = _errors(net, rule)
    # The last axis of D: every weight of the network, or, where nothing goes on to others, those of the neuron alone.
    pre, post = np.nonzero(net.synapses) if rule.others else (np.arange(len(net.weights)), slice(None))
    paths = _paths(net, rule)
    state, d = np.zeros((n, len(step.names))), np.zeros((n, len(step.names), len(pre)))
    total = np.zeros(len(pre)) if rule.others else np.zeros((n, len(pre)))
    for arriving, wanted in zip(given.spikes, given.target, strict=True):
        d = step.integrate_slope(state) @ d
        state = step.integrate(state)
        z, slope = _spikes(step, state, soft)
        d_z = np.einsum("nk,nkp->np", step.distance_slope(state), d)
        d_z *= slope[:, None] if rule.surrogate else 1.0
        all_z = np.concatenate([arriving, z])
        d[:, step.target] += paths(d_z)
        if rule.others:
            d[post, step.target, np.arange(len(pre))] += all_z[pre]
        else:
            d[:, step.target] += all_z
        with_input, state = _after_spikes(net, state, arriving, z)
        d = _through_reset(step, rule, with_input, z, d, d_z)
        change = error_of(state, wanted)[:, None] * (d[:, -1] if rule.readout_memory else d_z)
        total += change.sum(axis=0) if rule.others else change
    found = np.zeros_like(net.weights)
    if rule.others:
        found[pre, post] = total
    else:
        found = np.where(net.synapses, total.T, 0)
    return found / len(given.spikes)


def _paths(net, rule):
    """From the derivatives of spikes to those of the input that they bring to neurons."""
    between = net.weights[net.n_in :]
    if rule.others:
        return lambda d_z: between.T @ d_z
    if rule.itself:
        return lambda d_z: np.diag(between)[:, None] * d_z
    return lambda d_z: 0.0


def _through_reset(step, rule, state, z, d, d_z):
    """D after the reset; where a rule takes the reset for given, membrane and currents keep what they had."""
    after = d + z[:, None, None] * (step.reset_slope(state) @ d - d)
    after += (step.reset(state) - state)[:, :, None] * d_z[:, None, :]
    if not rule.reset:
        after[:, step.membrane] = d[:, step.membrane]
    if not rule.slow:
        own = ~step.membrane
        own[-1] = False  # the readout's trace is not the neuron's
        after[:, own] = 0
    return after


def _errors(net, rule):
    """From the state and what is wanted to the error of every neuron."""
    bring = net.signals(rule.signal)
    if rule.signal != "own":
        return lambda state, wanted: bring @ (state[:, -1] @ net.readout - wanted)
    layers = [net.layer == k for k in range(net.layer.max() + 1)]

    def of_layers(state, wanted):
        found = np.empty(len(state))
        for here in layers:
            own = net.readout[here] if (net.readout[here] != 0).any() else net.feedback[here]
            found[here] = own @ (state[here, -1] @ own - wanted)
        return found

    return of_layers


def exact_by_differences(net, given, step=1e-5):
    """The gradient of the loss with soft spikes by central differences of every weight."""
    found = np.zeros_like(net.weights)
    for place in zip(*np.nonzero(net.synapses), strict=True):
        ends = []
        for sign in (1, -1):
            weights = net.weights.copy()
            weights[place] += sign * step
            ends.append(loss(replace(net, weights=weights), given, soft=True)[0])
        found[place] = (ends[0] - ends[1]) / (2 * step)
    return found


# -- over training -------------------------------------------------------------------------------------------------
def train(net, given, rule, n_updates, learning_rate, at=None):
    """Follow a rule with Adam.

    Parameters
    ----------
    at : callable, optional
        Called with (number of updates so far, network) before every update and at the end.

    Returns
    -------
    network : `Network`
    losses : (n_updates + 1,) array
    """
    net = replace(net, weights=net.weights.copy())
    optimizer, losses = Adam([net.weights]), []
    for n in range(n_updates + 1):
        losses.append(loss(net, given)[0])
        if at:
            at(n, net)
        if n < n_updates:
            optimizer.step([gradient(net, given, rule)], learning_rate)
    return net, np.array(losses)


def compare(kind, neuron, seed, n_updates=60, learning_rate=0.01, checks=5, rules=tuple(RULES), **of_step):
    """Cosines of all rules with the exact gradient while that trains a network, and how well each rule trains it.

    Parameters
    ----------
    kind : str
        `RECURRENT` or `DEEP`.
    neuron : str
        Name or file of a model.
    seed : int
    checks : int
        Number of times, evenly over training, that the directions are compared.
    **of_step
        Further arguments of `NeuronStep`.

    Returns
    -------
    row : dict
        ``updates`` (list), ``cosine`` (rule -> layer, as a string -> list, one for each of ``updates``), ``loss``
        (rule -> [before, after] training by that rule), ``rate`` (spikes a neuron and second before training, with
        time steps of 1 ms).
    """
    step = NeuronStep(neuron, **of_step)
    net, given = network(kind, step, seed), task(seed)
    layers = [str(k) for k in range(1, net.layer.max() + 2)]
    when = sorted({round(x) for x in np.linspace(0, n_updates, checks)})
    found = {rule: {layer: [] for layer in layers} for rule in rules if rule != "exact"}

    def look(n, now):
        if n not in when:
            return
        exact = gradient(now, given)
        for rule, cosines in found.items():
            approximate = gradient(now, given, RULES[rule])
            for layer, values in cosines.items():
                here = now.layer == int(layer) - 1
                values.append(cosine(exact[:, here], approximate[:, here]))

    losses = {}
    for rule in rules:
        at = look if rule == "exact" else None
        _, curve = train(net, given, RULES[rule], n_updates, learning_rate, at)
        losses[rule] = [float(curve[0]), float(curve.min())]
    rate = loss(net, given)[1] / (len(net.layer) * len(given.spikes) * 1e-3)
    return {
        "network": kind, "neuron": neuron, "seed": seed, "updates": when, "cosine": found, "loss": losses,
        "rate": float(rate),
    }  # fmt: skip
