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
from dataclasses import dataclass

import numpy as np

from brianff.datasets import EventDataset
from brianff.devices import device_option, simulator
from brianff.equations.compose import compose
from brianff.equations.from_strings import Rule
from brianff.errors import OptionError
from brianff.learning.checkpoints import Whole, named, part_of
from brianff.learning.evaluation import Evaluation, evaluate, present
from brianff.learning.finite import require_finite
from brianff.learning.health import Health, relative_changes
from brianff.learning.method import Method
from brianff.learning.options import RunOptions, gain_option
from brianff.learning.readout import SoftmaxReadout, features
from brianff.learning.rectified import labelled, modulators, normalised, pair_errors
from brianff.learning.samples import of_passes
from brianff.learning.search import METHODS, Ascent
from brianff.network.architecture import Architecture
from brianff.options import EPOCHS, SAMPLES, STEPS, TIME_STEP, Options, option
from brianff.stimulus import LABEL_NEUTRAL, stream, wrong_labels

__all__ = [
    "AnnPopulation", "PopulationSearch", "SearchSize", "SpikingPopulation", "evaluated", "fitness", "initial_weights",
    "smoothed_gradient", "trained_readout",
]  # fmt: skip

SCOPES = ("neuron", "layer")
BATCH = 64  # presentations of one network at a time
READOUT_EPOCHS = 50  # for `measure`: more change nothing


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
    device : {"cpp", "cuda", "runtime"}
    report : callable, optional
        Called with a sentence before compiling.
    **more
        As in `Architecture`.
    """

    def __init__(
        self, n_pixels, n_classes, n_neurons, members, capacity, label_neurons=5, device="cpp", report=None, **more
    ):
        rule = Rule(name="none", description="Changes nothing.", synapse="dw : 1", at_epoch_end="dw = 0")
        self.composition = compose(models=dict(rule=rule, optimizer="sgd"))
        more = dict(dtype="float32", batch=1, capacity=capacity, images=capacity) | more
        self.architecture = Architecture(n_pixels, n_classes, (members * n_neurons,), label_neurons, **more)
        self.device, self.report = device, report
        self.simulator = simulator(device, self.architecture, self.composition, report)
        self.shape, self.members = (self.architecture.n_input, n_neurons), members

    @functools.cached_property
    def alone(self):
        """Simulator of one network, `BATCH` presentations at a time."""
        a = self.architecture.with_(layers=self.shape[1:], batch=BATCH, images=BATCH * self.architecture.capacity)
        return simulator(self.device, a, self.composition, self.report)

    def show(self, weights, pixels, labels):
        """Every stimulus to every member; goodness traces when it ends, (n, members, n_neurons).

        Parameters
        ----------
        weights : (members, n_inputs, n_neurons) array
        pixels : (n, n_pixels) array
        labels : (n,) int array
        """
        shown = self._show(self.simulator, np.moveaxis(weights, 0, 1), pixels, labels)
        return shown.reshape(len(pixels), self.members, -1).astype(float)

    def present(self, w, pixels, labels):
        """Stimuli to one network with weights (n_inputs, n_neurons); (n, n_neurons)."""
        return self._show(self.alone, w, pixels, labels)

    def _show(self, simulator, weights, pixels, labels):
        n, inputs = np.arange(len(pixels)), {"neurons0.seed": 1, "synapses1.w": weights}
        return present(simulator, inputs, pixels, n, np.asarray(labels), n)[1][0]

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
        self.n_classes, self.label_scale = n_classes, label_scale
        self.shape, self.members = (n_pixels + n_classes, n_neurons), members

    def input(self, pixels, labels):
        """Normalised input, (n, n_inputs)."""
        return normalised(labelled(pixels, labels, self.n_classes, self.label_scale))

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
        delta, _ = pair_errors(np.maximum(x @ w, 0), alpha)
        return -(x.T @ delta) * 2 / w.shape[1]


def fitness(positive, negative, alpha, scope):
    """What each member is worth, (members, n_neurons) or (members, 1); larger is better.

    Parameters
    ----------
    positive, negative : (n, members, n_neurons) arrays
        Activities in the two phases.
    alpha : float
        Steepness of the loss.
    scope : {"neuron", "layer"}
        See above.
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


@dataclass(frozen=True)
class SearchSize(Options):
    """The layer that learns, and the population that searches."""

    neurons: int = option(50, "neurons of the layer", low=1, high=100_000)
    label_neurons: int = option(5, "input neurons for each class, in the spiking network", low=1, high=10_000)
    steps: int = option(25, "time steps of a stimulus epoch", **STEPS)
    dt: float = option(2.0, "time step in ms", **TIME_STEP)
    members: int = option(64, "networks of a population", low=4, high=100_000, multiple_of=4)
    pairs: int = option(32, "samples of a generation, each in a positive and a negative phase", low=1, high=100_000)
    device: str = device_option()


@dataclass(frozen=True)
class PopulationSearchOptions(SearchSize, RunOptions):
    """All options of a search; the defaults of the fields that are None depend on the data set."""

    substrate: str = option("spiking", "neurons of the layer", choices=["spiking", "ann"])
    search: str = option(
        "es",
        "evolution strategy, simultaneous perturbation, genetic algorithm, particle swarm; or the exact gradient (ann)",
        choices=[*METHODS, "gradient"],
    )
    scope: str = option("neuron", "every neuron searches by itself, or the layer as a whole", choices=list(SCOPES))
    generations: int | None = option(None, "generations (default: as many as `epochs` passes need)", **EPOCHS)
    sigma: float = option(0.3, "first perturbations, in units of the initial weights' deviation", above=0, high=1000)
    learning_rate: float = option(0.3, "steps of es, spsa and gradient, in the same units", low=0, high=1000)
    longest: float = option(1.5, "limit of a particle's length, in units of the initial weights'", above=0, high=1000)
    alpha: float = option(6.0, "steepness of the loss", above=0, high=1000)
    init_gain: float = gain_option(1.5)
    uniform_share: float = option(0.2, "part of the hard negatives that is drawn uniformly", low=0, high=1)
    refresh: int = option(10, "generations between two readings of the readout's beliefs", **SAMPLES)

    presets = {"mnist": dict(epochs=6, chunk=640)}

    def check(self):
        if self.search == "gradient" and self.substrate != "ann":
            raise OptionError("--search gradient needs a derivative, which spikes have not: take --substrate ann.")


class PopulationSearch(Method):
    """One layer that learns by random search, every row being a generation of a population.

    Parameters, attributes and methods as those of `brianff.learning.method.Method`.

    Attributes
    ----------
    population : `SpikingPopulation` or `AnnPopulation`
    search : object
        Of a class of `brianff.learning.search`.
    generation : int
    presentations : int
        Shown so far, to all members.
    """

    name = "population_search"
    samples_of_update = "pairs"
    Options = PopulationSearchOptions

    def build(self) -> None:
        c, data = self.options, self.data
        if isinstance(data, EventDataset):
            raise OptionError(f"'{data.name}' holds spike times, and a search presents images.")
        size = (data.n_pixels, data.n_classes, c.neurons, c.members)
        if c.substrate == "ann":
            self.population = AnnPopulation(*size)
        else:
            size = *size, 2 * c.pairs, c.label_neurons, c.device, self.report
            self.population = SpikingPopulation(*size, n_steps=c.steps, dt_ms=c.dt)
        self.pixels = data.images.reshape(len(data.images), -1) / 255.0
        self.readout = SoftmaxReadout(c.neurons + 1, data.n_classes, mini_batch=10)
        self.generation = self.presentations = 0
        self._wrong = np.zeros(0, int)
        self.begin(initial_weights(self.population.shape, c.seed, c.init_gain))
        self.health = Health({"the layer": f"a larger --init-gain than {c.init_gain:g}"}, len(self.train))

    def begin(self, start) -> None:
        """Search from weights (n_inputs, n_neurons) on."""
        c, problems = self.options, self._problems(np.array(start, float))
        unit = c.init_gain / np.sqrt(self.population.shape[0])
        if c.search == "gradient":
            self.search = Ascent(problems, c.learning_rate * unit)
            return
        options = {"learning_rate": c.learning_rate * unit} if c.search in ("es", "spsa") else {}
        if c.search == "pso":
            options = {"longest": c.longest * np.mean(np.linalg.norm(problems, axis=1))}
        rng = stream(c.seed, "search")
        self.search = METHODS[c.search](problems, c.members, rng, c.sigma * unit, **options)

    @property
    def w(self):
        """The present answer, (n_inputs, n_neurons)."""
        return self._weights(self.search.centre)

    def _problems(self, w):
        """Weights, the last two axes (n_inputs, n_neurons), as (..., problems, dimensions)."""
        neuron = self.options.scope == "neuron"
        return np.swapaxes(w, -1, -2) if neuron else w.reshape(*w.shape[:-2], 1, -1)

    def _weights(self, x):
        """The inverse of `_problems`."""
        neuron = self.options.scope == "neuron"
        return np.swapaxes(x, -1, -2) if neuron else x.reshape(*x.shape[:-2], *self.population.shape)

    # -- the course of training ------------------------------------------------------------------------------------
    @property
    def sizes(self) -> tuple:
        return self.population.shape

    @property
    def n_rows(self) -> int:
        return self.options.generations or self.epochs * len(self.train) // self.options.pairs

    def samples_at(self, row) -> int:
        return row * self.options.pairs

    def next_stop(self, row, samples) -> int:
        pairs = self.options.pairs
        return min(self.n_rows, self.end_of_epoch(row, pairs), row + max(1, samples // pairs))

    def learn(self, rows) -> dict:
        before = self.w.copy()
        for _ in rows:
            self.step()
        w = self.w
        (change,) = relative_changes({1: before}, {1: w}).values()
        require_finite({"synapses1.w": w}, self.samples_at(rows.start), "--init-gain")
        return {"presentations": self.presentations, "weight": float(np.sqrt(np.mean(w**2))), "changed1": change}

    def samples(self, generation):
        """Training samples of a generation: rows of the data set."""
        numbers, seed = generation * self.options.pairs + np.arange(self.options.pairs), self.options.seed
        return of_passes(numbers, len(self.train), lambda epoch: stream(seed, "order", epoch).permutation(self.train))

    def pair(self):
        """Pixels, labels and wrong labels of the next generation."""
        c, k = self.options, self.generation % self.options.refresh
        if k == 0:
            stop = min(self.generation + c.refresh, self.n_rows)
            chosen = np.concatenate([self.samples(g) for g in range(self.generation, stop)])
            labels = self.data.labels[chosen]
            activity = self.population.present(self.w, self.pixels[chosen], np.full(len(chosen), LABEL_NEUTRAL))
            belief = self.readout.learn(features([activity]), labels)
            u = stream(c.seed, "negatives", self.generation).random(len(chosen))
            self._wrong = wrong_labels(labels, u, self.data.n_classes, belief, c.uniform_share)
            self.presentations += len(chosen)
        chosen = self.samples(self.generation)
        return self.pixels[chosen], self.data.labels[chosen], self._wrong[k * c.pairs : (k + 1) * c.pairs]

    def step(self) -> None:
        """One generation; returns the direction in which the search moved, (n_inputs, n_neurons)."""
        c = self.options
        pixels, labels, wrong = self.pair()
        rate = max(0.1, 1 - 0.9 * self.generation / self.n_rows)
        if c.search == "gradient":
            update = self.population.gradient(self.w, pixels, labels, wrong, c.alpha)
            self.search.step(self._problems(update), rate)
            self.presentations += 2 * len(labels)
        else:
            both = np.concatenate([pixels, pixels]), np.concatenate([labels, wrong])
            self.search.rate = rate
            shown = self.population.show(self._weights(self.search.ask()), *both)
            self.search.tell(fitness(*np.split(shown, 2), c.alpha, c.scope))
            self.presentations += 2 * len(labels) * c.members
            update = self._weights(self.search.update)
        self.generation += 1
        return update

    # -- state -----------------------------------------------------------------------------------------------------
    def state(self) -> dict:
        parts = named("search", self.search.state()) | named("readout", self.readout.state())
        counts = {"generation": np.array(self.generation), "presentations": np.array(self.presentations)}
        return parts | counts | {"wrong": self._wrong}

    def expected_state(self) -> dict:
        whole = {"generation": Whole(0, self.n_rows), "presentations": Whole(0)}
        return self.state() | whole | {"wrong": Whole(0, self.data.n_classes - 1, shape=(None,))}

    def restore(self, arrays) -> None:
        self.search.restore(part_of(arrays, "search"))
        self.readout.restore(part_of(arrays, "readout"))
        self.generation, self.presentations = int(arrays["generation"]), int(arrays["presentations"])
        self._wrong = arrays["wrong"]

    def weights(self) -> dict:
        return {1: self.w, "readout": self.readout.w}

    # -- measuring -------------------------------------------------------------------------------------------------
    def evaluate(self, samples, offset=0) -> Evaluation:
        return evaluated(self.population, self.w, self.readout, self.pixels[samples], self.data.labels[samples])


def smoothed_gradient(population, w, stimuli, alpha, sigma, rounds, rng):
    """The gradient of minus the loss for the weights w, averaged over Gaussian perturbations: many mirrored pairs.

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


def evaluated(population, w, readout, pixels, labels):
    """`Evaluation` of one layer: by the goodness of every label, and by a readout of its activity.

    Parameters
    ----------
    population : `SpikingPopulation` or `AnnPopulation`
    w : (n_inputs, n_neurons) array
    readout : `SoftmaxReadout`
    pixels : (n, n_pixels) array
    labels : (n,) int array
    """

    def show(image, label, number, keep_traces=True):
        activity = population.present(w, pixels[image], label)
        return np.mean(activity**2, axis=1), [activity]

    return evaluate(show, readout, labels)


def trained_readout(population, w, data):
    """A softmax readout of one layer, trained from scratch on its activity in all training samples."""
    pixels = data.images[data.train].reshape(len(data.train), -1) / 255.0
    known = features([population.present(w, pixels, np.full(len(pixels), LABEL_NEUTRAL))])
    readout, rng = SoftmaxReadout(population.shape[1] + 1, data.n_classes, mini_batch=20), stream(0, "readout")
    for _ in range(READOUT_EPOCHS):
        order = rng.permutation(len(known))
        readout.learn(known[order], data.labels[data.train][order])
    return readout
