"""One layer that learns by random search: a population of networks with weights of their own, shown the same stimuli.

The spiking population is one compiled network: its members stand side by side in one wide layer, each with weights of
its own, over input neurons that they share, since all see the same stimuli.  A spike of the input then walks one long
row of weights, and the input is encoded once.  The population of rectified linear units (`brianff.learning.rectified`)
is a stack of matrices.  Both give the activity of every neuron of every member, from which `fitness` follows:

=======  ===============================================================================================================
layer    minus the layer's loss, softplus(-alpha*(g+ - g-)), averaged over the pairs: one number a member
neuron   the goodness is a mean of squares, one a neuron, and a neuron's weights change its own square only.  So every
         neuron searches by itself, with its own part of the goodness margin as fitness, weighted by the modulator
         of the pair, which all neurons and members share (its first-order effect on the layer's loss)
=======  ===============================================================================================================

Between generations only a softmax readout of the present answer is trained, whose beliefs say which wrong labels are
hard (see `brianff.stimulus.wrong_labels`).
"""

import functools
from pathlib import Path

import numpy as np

from brianff.devices import simulator
from brianff.equations.compose import compose
from brianff.equations.kinds import KINDS
from brianff.equations.model import Model
from brianff.learning.evaluation import predicted_classes, present
from brianff.learning.readout import SoftmaxReadout, features
from brianff.learning.rectified import Layer, modulators, normalised
from brianff.learning.search import METHODS, Ascent
from brianff.network.feedforward import LABEL_NEUTRAL, Architecture
from brianff.stimulus import stream, wrong_labels

__all__ = [
    "AnnPopulation", "Learner", "SpikingPopulation", "fitness", "initial_weights", "measure", "smoothed_gradient",
]  # fmt: skip

SCOPES = ("neuron", "layer")
BATCH = 64  # presentations of one network at a time
READOUT_EPOCHS = 50  # for `measure`: more change nothing


def _no_rule():
    """A rule that changes nothing, and needs no traces."""
    strings = {"synapse": "dw : 1", "at_epoch_end": "dw = 0"}
    return Model(KINDS["rule"], "none", Path(__file__), strings, {}, "", {})


class SpikingPopulation:
    """Members of a population of spiking layers, simulated side by side in one compiled network.

    Parameters
    ----------
    n_pixels, n_classes, n_neurons : int
    members : int
    capacity : int
        The largest number of stimuli shown to every member in one run.
    label_neurons : int
        Input neurons for each class.
    steps, dt_ms, dtype
        As in `Architecture`.
    device : {"cpp", "cuda", "runtime"}
    report : callable, optional
        Called with a sentence before compiling.
    """

    def __init__(
        self,
        n_pixels,
        n_classes,
        n_neurons,
        members,
        capacity,
        *,
        label_neurons=5,
        steps=50,
        dt_ms=1.0,
        dtype="float32",
        device="cpp",
        report=None,
    ):
        self.composition = compose(models=dict(rule=_no_rule(), optimizer="sgd"))
        self.architecture = Architecture(
            n_pixels=n_pixels,
            n_classes=n_classes,
            layers=(members * n_neurons,),
            label_neurons=label_neurons,
            batch=1,
            n_steps=steps,
            dt_ms=dt_ms,
            capacity=capacity,
            images=capacity,
            dtype=dtype,
        )
        self.device, self.report = device, report
        self.simulator = simulator(device, self.architecture, self.composition, report)
        self.shape, self.members = (self.architecture.n_input, n_neurons), members

    @functools.cached_property
    def alone(self):
        """Simulator of one network, `BATCH` presentations at a time."""
        a = self.architecture.with_(layers=self.shape[1:], batch=BATCH, images=BATCH * self.architecture.capacity)
        return simulator(self.device, a, self.composition, self.report)

    def _inputs(self, weights):
        return {"neurons0.seed": 1, "synapses1.w": weights}

    def show(self, weights, pixels, labels):
        """Every stimulus to every member.

        Parameters
        ----------
        weights : (members, n_inputs, n_neurons) array
        pixels : (n, n_pixels) array
        labels : (n,) int array

        Returns
        -------
        activity : (n, members, n_neurons) array
            Goodness traces when the stimulus ends.
        """
        n = np.arange(len(pixels))
        inputs = self._inputs(np.moveaxis(weights, 0, 1))
        shown = present(self.simulator, inputs, pixels, n, np.asarray(labels), n)[1][0]
        return shown.reshape(len(n), self.members, -1).astype(float)

    def present(self, w, pixels, labels):
        """Stimuli to one network with weights (n_inputs, n_neurons); (n, n_neurons)."""
        n = np.arange(len(pixels))
        return present(self.alone, self._inputs(w), pixels, n, np.asarray(labels), n)[1][0]

    def events(self, pixels):
        """Synaptic events of a presentation with a label, on average."""
        dark = float(self.composition.parameters.get("dark", 0.0))
        spikes = (np.asarray(pixels) > dark).sum(axis=1).mean() + self.architecture.label_neurons
        return spikes * self.shape[1]


class AnnPopulation:
    """Members of a population of rectified linear layers (`brianff.learning.rectified.Layer`, without biases).

    Parameters
    ----------
    n_pixels, n_classes, n_neurons, members : int
    label_scale : float
        Value of a label's input, where a white pixel is 1.
    """

    def __init__(self, n_pixels, n_classes, n_neurons, members, *, label_scale=4.0):
        self.n_pixels, self.n_classes, self.label_scale = n_pixels, n_classes, label_scale
        self.shape, self.members = (n_pixels + n_classes, n_neurons), members

    def input(self, pixels, labels):
        """Normalised input, (n, n_inputs)."""
        x = np.zeros((len(pixels), self.shape[0]))
        x[:, : self.n_pixels] = pixels
        tried = np.arange(self.n_classes) == np.asarray(labels)[:, None]
        x[:, self.n_pixels :] = self.label_scale * tried
        x[np.asarray(labels) == LABEL_NEUTRAL, self.n_pixels :] = self.label_scale / self.n_classes
        return normalised(x)

    def show(self, weights, pixels, labels):
        """As `SpikingPopulation.show`."""
        return np.maximum(np.matmul(self.input(pixels, labels), weights), 0).transpose(1, 0, 2)

    def present(self, w, pixels, labels):
        """As `SpikingPopulation.present`."""
        return np.maximum(self.input(pixels, labels) @ w, 0)

    def events(self, pixels):
        """Products of a weight and an input that is not zero."""
        return ((np.asarray(pixels) > 0).sum(axis=1).mean() + 1) * self.shape[1]

    def gradient(self, w, pixels, labels, wrong, alpha):
        """The direction in which the loss falls, (n_inputs, n_neurons): the exact local gradient."""
        x = self.input(np.concatenate([pixels, pixels]), np.concatenate([labels, wrong]))
        layer = Layer.__new__(Layer)
        layer.w, layer.b = w, np.zeros(w.shape[1])
        return -layer.gradient(x, layer.activity(x), alpha)[0] * 2 / w.shape[1]


def fitness(positive, negative, alpha, scope):
    """What each member is worth; larger is better.

    Parameters
    ----------
    positive, negative : (n, members, n_neurons) arrays
        Activities in the two phases.
    alpha : float
        Steepness of the loss.
    scope : {"neuron", "layer"}
        See above.

    Returns
    -------
    fitness : (members, n_neurons) or (members, 1) array
    """
    margin = positive**2 - negative**2
    of_layer = margin.mean(axis=2)
    if scope == "layer":
        return -np.logaddexp(0, -alpha * of_layer).mean(axis=0)[:, None]
    m, _ = modulators(of_layer.mean(axis=1), 0.0, alpha)
    return np.einsum("n,nkj->kj", m, margin) / (len(margin) * margin.shape[2])


def initial_weights(shape, seed, gain=1.5):
    """Normal, with standard deviation ``gain/sqrt(n_inputs)``."""
    return stream(seed, "weights", 1).normal(size=shape) * gain / np.sqrt(shape[0])


class Learner:
    """One layer, one method, one course of training.

    Parameters
    ----------
    population : `SpikingPopulation` or `AnnPopulation`
    data : `brianff.datasets.Dataset`
    method : str
        One of `brianff.learning.search.METHODS`, or "gradient" where the population has an exact one.
    scope : {"neuron", "layer"}
    generations : int
    pairs : int
        Samples of a generation, each shown in a positive and a negative phase.
    sigma, learning_rate : float
        In units of the initial weights' standard deviation, ``init_gain/sqrt(n_inputs)``.
    alpha : float
        Steepness of the loss.
    longest : float
        Limit of a particle's length, in units of the initial weights' length.
    refresh : int
        Generations between two readings of the readout's beliefs.
    seed : int
    start : (n_inputs, n_neurons) array, optional
        Initial weights (default: drawn at random).

    Attributes
    ----------
    presentations : int
        Shown so far, to all members.
    """

    def __init__(
        self,
        population,
        data,
        method="es",
        scope="neuron",
        *,
        generations=300,
        pairs=32,
        sigma=0.3,
        learning_rate=0.3,
        alpha=6.0,
        longest=1.5,
        init_gain=1.5,
        uniform_share=0.2,
        refresh=10,
        seed=1,
        start=None,
    ):
        if scope not in SCOPES:
            raise ValueError(f"scope must be one of {', '.join(SCOPES)}, not {scope}.")
        self.population, self.data, self.method, self.scope = population, data, method, scope
        self.generations, self.pairs, self.alpha = generations, pairs, alpha
        self.uniform_share, self.refresh, self.seed = uniform_share, refresh, seed
        self.pixels = data.images.reshape(len(data.images), -1) / 255.0
        self.readout = SoftmaxReadout(population.shape[1] + 1, data.n_classes, mini_batch=10)
        self.generation = self.presentations = 0
        unit = init_gain / np.sqrt(population.shape[0])
        if start is None:
            start = initial_weights(population.shape, seed, init_gain)
        if method == "gradient":
            self.search = Ascent(start, learning_rate * unit)
        else:
            options = {"learning_rate": learning_rate * unit} if method in ("es", "spsa") else {}
            if method == "pso":
                options = {"longest": longest * np.mean(np.linalg.norm(self._problems(start), axis=1))}
            rng = stream(seed, "search")
            self.search = METHODS[method](self._problems(start), population.members, rng, sigma * unit, **options)

    @property
    def w(self):
        """The present answer, (n_inputs, n_neurons)."""
        return self.search.centre if self.method == "gradient" else self._weights(self.search.centre)

    def _problems(self, w):
        """Weights, the last two axes (n_inputs, n_neurons), as (..., problems, dimensions)."""
        return np.swapaxes(w, -1, -2) if self.scope == "neuron" else w.reshape(*w.shape[:-2], 1, -1)

    def _weights(self, x):
        """The inverse of `_problems`."""
        return np.swapaxes(x, -1, -2) if self.scope == "neuron" else x.reshape(*x.shape[:-2], *self.population.shape)

    def samples(self, generation):
        """Training samples of a generation: indices into the data set."""
        n = len(self.data.train)
        numbers = np.arange(generation * self.pairs, (generation + 1) * self.pairs)
        orders = {e: stream(self.seed, "order", e).permutation(self.data.train) for e in np.unique(numbers // n)}
        return np.array([orders[k // n][k % n] for k in numbers])

    def pair(self):
        """Pixels, labels and wrong labels of the next generation."""
        k = self.generation % self.refresh
        if k == 0:
            generations = range(self.generation, min(self.generation + self.refresh, self.generations))
            chosen = np.concatenate([self.samples(g) for g in generations])
            labels = self.data.labels[chosen]
            activity = self.population.present(self.w, self.pixels[chosen], np.full(len(chosen), LABEL_NEUTRAL))
            belief = self.readout.learn(features([activity]), labels)
            u = stream(self.seed, "negatives", self.generation).random(len(chosen))
            wrong = wrong_labels(labels, u, self.data.n_classes, belief, self.uniform_share)
            self._block = self.pixels[chosen], labels, wrong
            self.presentations += len(chosen)
        return tuple(part[k * self.pairs : (k + 1) * self.pairs] for part in self._block)

    def step(self):
        """One generation; returns the direction in which the method moved, (n_inputs, n_neurons)."""
        pixels, labels, wrong = self.pair()
        rate = 1 - 0.9 * self.generation / self.generations
        if self.method == "gradient":
            update = self.population.gradient(self.w, pixels, labels, wrong, self.alpha)
            self.search.step(update, rate)
            self.presentations += 2 * len(labels)
        else:
            both = np.concatenate([pixels, pixels]), np.concatenate([labels, wrong])
            self.search.rate = rate
            shown = self.population.show(self._weights(self.search.ask()), *both)
            self.search.tell(fitness(*np.split(shown, 2), self.alpha, self.scope))
            self.presentations += 2 * len(labels) * self.population.members
            update = self._weights(self.search.update)
        self.generation += 1
        return update


def smoothed_gradient(population, w, stimuli, alpha, sigma, rounds, rng):
    """The gradient of minus the loss, averaged over Gaussian perturbations of the weights: many mirrored pairs.

    Spikes happen at time steps, so the loss of a spiking layer has no derivative; that of its mean has one, and so much
    sampling that its error is small.

    Parameters
    ----------
    population : `SpikingPopulation` or `AnnPopulation`
    w : (n_inputs, n_neurons) array
    stimuli : tuple
        Pixels, labels, wrong labels.
    alpha : float
    sigma : float
        Standard deviation of the perturbations, in units of the weights.
    rounds : int
        The whole population is shown so many times; the cosine with the limit of many rounds is about
        ``(1 + n_inputs/(rounds*members/2))**-0.5``.
    rng : `numpy.random.Generator`

    Returns
    -------
    gradient : (n_inputs, n_neurons) array
    """
    pixels, labels, wrong = stimuli
    both = np.concatenate([pixels, pixels]), np.concatenate([labels, wrong])
    total = np.zeros(population.shape)
    for _ in range(rounds):
        noise = rng.normal(size=(population.members // 2, *population.shape))
        shown = population.show(np.concatenate([w + sigma * noise, w - sigma * noise]), *both)
        up, down = np.split(fitness(*np.split(shown, 2), alpha, "neuron"), 2)
        total += np.einsum("ko,kio->io", up - down, noise) / (2 * sigma * len(noise))
    return total / rounds


def measure(population, w, data, which="test", readout=True):
    """Accuracy of one layer, by the goodness of every label, and by a softmax readout trained on its activity.

    Parameters
    ----------
    population : `SpikingPopulation` or `AnnPopulation`
    w : (n_inputs, n_neurons) array
    data : `brianff.datasets.Dataset`
    which : {"validation", "test"}
    readout : bool
        False: only by the goodness.

    Returns
    -------
    accuracies : dict
        goodness, readout; true and wrong: mean goodness under the true label and under the best wrong one.
    """
    pixels = data.images.reshape(len(data.images), -1) / 255.0
    chosen = getattr(data, which)
    labels, k = data.labels[chosen], data.n_classes
    shown = population.present(w, np.repeat(pixels[chosen], k, axis=0), np.tile(np.arange(k), len(chosen)))
    goodness = np.mean(shown**2, axis=1).reshape(-1, k)
    at = np.arange(k) == labels[:, None]

    out = {
        "goodness": float(np.mean(predicted_classes(goodness) == labels)),
        "true": float(goodness[at].mean()),
        "wrong": float(np.where(at, -np.inf, goodness).max(axis=1).mean()),
    }
    if not readout:
        return out

    def neutral(samples):
        return features([population.present(w, pixels[samples], np.full(len(samples), LABEL_NEUTRAL))])

    classifier = SoftmaxReadout(population.shape[1] + 1, k, mini_batch=20)
    known, rng = neutral(data.train), stream(0, "readout")
    for _ in range(READOUT_EPOCHS):
        order = rng.permutation(len(known))
        classifier.learn(known[order], data.labels[data.train][order])
    predicted = predicted_classes(classifier.probabilities(neutral(chosen)))
    return {**out, "readout": float(np.mean(predicted == labels))}
