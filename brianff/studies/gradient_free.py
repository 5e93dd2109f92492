"""One layer, one problem, many ways to learn: courses of training on the same footing, angles, and what scales.

A course is one method with one seed.  Its budget is counted in presentations (one stimulus shown to one network) and in
synaptic events (one spike, or one input that is not zero, at one synapse).
"""

import dataclasses
import functools
from dataclasses import dataclass

import numpy as np

from brianff import datasets
from brianff.devices import device_option
from brianff.learning.checkpoints import check_checkpoint
from brianff.learning.forward_forward import ForwardForward
from brianff.learning.method import limited
from brianff.learning.population import (
    PopulationSearch,
    evaluated,
    initial_weights,
    smoothed_gradient,
    trained_readout,
)
from brianff.learning.readout import SoftmaxReadout
from brianff.learning.run import Run, cpu_seconds
from brianff.options import EPOCHS, SEED, STEPS, TIME_STEP, Options, option
from brianff.stimulus import Schedule, stream

__all__ = ["ANN", "RULES", "SPIKING", "Comparison", "Settings"]

RULES = ("symba", "surrogate_gradient", "r_stdp")
SEARCHES = tuple(f"{method}-{scope}" for scope in ("neuron", "layer") for method in ("es", "spsa", "ga", "pso"))
ANN = ("gradient", *SEARCHES)
SPIKING = (*RULES, *SEARCHES)
# Found on validation samples, in units of the initial weights' standard deviation.
OPTIONS = {
    "gradient": dict(learning_rate=0.1),
    "es": dict(sigma=0.3, learning_rate=0.1),
    "spsa": dict(sigma=0.3, learning_rate=0.1),
    "ga": dict(sigma=0.3),
    "pso": dict(sigma=0.1),
}
POINTS = 5  # of a learning curve
SMOOTHING = 0.1  # of the reference gradient, in units of the initial weights' standard deviation


@dataclass(frozen=True)
class Settings(Options):
    """All options of a comparison."""

    dataset: str = option("digits", "data set", choices=datasets.names())
    data: str | None = option(None, "folder that holds the data set's files", metavar="DIR")
    neurons: int = option(50, "neurons of the layer", low=1, high=100_000)
    label_neurons: int = option(5, "input neurons for each class, in the spiking network", low=1, high=10_000)
    steps: int = option(25, "time steps of a stimulus epoch", **STEPS)
    dt: float = option(2.0, "time step in ms", **TIME_STEP)
    members: int = option(64, "networks of a population", low=4, high=100_000, multiple_of=4)
    pairs: int = option(32, "samples of a generation, each in a positive and a negative phase", low=1, high=100_000)
    generations: int = option(200, "generations of a random search", **EPOCHS)
    epochs: int = option(40, "passes of the rules with local factors over the training set", **EPOCHS)
    limit: int | None = option(None, "use only this many training, validation and test samples", low=1)
    rounds: int = option(
        100, "times that a population is shown for the reference gradient of the spiking layer", **EPOCHS
    )
    device: str = device_option()
    seeds: tuple[int, ...] = option((1, 2, 3), "seeds", metavar="N,N", distinct=True, some=True, **SEED)
    widths: tuple[int, ...] = option(
        (50, 100, 200, 500),
        "neurons of the layers whose angles show what scales",
        metavar="N,N",
        distinct=True,
        some=True,
        low=1,
        high=100_000,
    )


class Comparison:
    """All courses on one data set and one architecture.

    Parameters
    ----------
    settings : `Settings`
    report : callable
        Called with a sentence before something slow.
    """

    def __init__(self, settings, report=lambda text: None):
        self.settings, self.report = settings, report
        data = datasets.load(settings.dataset, data=settings.data)
        if settings.limit:
            parts = {name: limited(getattr(data, name), settings.limit) for name in ("train", "validation", "test")}
            data = dataclasses.replace(data, **parts)
        self.data = data

    def search(self, substrate, method, seed, neurons=None, start=None):
        """The `PopulationSearch` of a method, such as "es-layer"; "frozen" is one that is not to take a step."""
        s, (name, _, scope) = self.settings, method.partition("-")
        found = PopulationSearch(
            self.data,
            self.report,
            substrate=substrate,
            search="es" if name == "frozen" else name,
            scope=scope or "neuron",
            neurons=neurons or s.neurons,
            label_neurons=s.label_neurons,
            steps=s.steps,
            dt=s.dt,
            members=s.members,
            pairs=s.pairs,
            generations=s.generations,
            device=s.device,
            seed=seed,
            **OPTIONS.get(name, {}),
        )
        if start is not None:
            found.begin(start)
        return found

    # -- courses -----------------------------------------------------------------------------------------------------
    def course(self, substrate, method, seed):
        """Train with one method and one seed.

        Parameters
        ----------
        substrate : {"ann", "spiking"}
        method : str
            One of `ANN`, or of `SPIKING`; "frozen" does not learn.
        seed : int

        Yields
        ------
        row : dict
            presentations, events, cpu_seconds (of learning) and, on validation samples, the accuracy by the goodness of
            every label, at the points of the learning curve.
        w : (n_inputs, n_neurons) array
        """
        search = None if method in RULES else self.search(substrate, method, seed)
        population = self.population(substrate) if search is None else search.population
        pixels = self.data.images[self.data.train].reshape(len(self.data.train), -1) / 255.0
        events = population.events(pixels)
        if method == "frozen":
            stages = [(0, 0.0, search.w)]
        elif method in RULES:
            stages = self._rule_stages(method, seed)
        else:
            stages = self._search_stages(search)
        for presentations, seconds, w in stages:
            row = {"presentations": presentations, "events": round(presentations * events), "cpu_seconds": seconds}
            yield row | self.measure(population, w, "validation"), w

    def check_state(self, path, state):
        """Refuse arrays of a checkpoint that no such comparison has written."""
        s, n = self.settings, len(SPIKING)
        trained = np.zeros((self.data.n_pixels + self.data.n_classes * s.label_neurons, s.neurons))
        places = np.shape(state.get("angles"))[1:] if np.shape(state.get("angles")) in ((n, 1), (n, 2)) else (2,)
        known = {
            "trained": (trained, np.dtype("float32")),
            "angles": np.zeros((n, *places)),
            "scaling": np.zeros((2, len(s.widths))),
        }
        check_checkpoint(path, state, {name: known[name] for name in known if name in state})

    def start(self, seed):
        """Weights with which the spiking courses of a seed begin."""
        return initial_weights(self.population("spiking").shape, seed)

    @functools.cache  # noqa: B019  (a comparison lives as long as its program)
    def population(self, substrate):
        """A population of "ann" or "spiking" layers, to measure with: made when it is first needed."""
        return self.search(substrate, "frozen", 0).population

    def measure(self, population, w, which, readout=None):
        """Accuracy by the goodness of every label, and the mean goodness under the true and the best wrong one."""
        chosen = getattr(self.data, which)
        pixels = self.data.images[chosen].reshape(len(chosen), -1) / 255.0
        silent = SoftmaxReadout(population.shape[1] + 1, self.data.n_classes)
        result = evaluated(population, w, readout or silent, pixels, self.data.labels[chosen])
        true, wrong = result.separation()
        found = {"goodness": result.accuracy("goodness"), "true": float(true.mean()), "wrong": float(wrong.mean())}
        return found if readout is None else {**found, "readout": result.accuracy("readout")}

    def test(self, substrate, w):
        """Accuracies of trained weights on the test samples."""
        population = self.population(substrate)
        result = self.measure(population, w, "test", trained_readout(population, w, self.data))
        return {f"test_{name}": result[name] for name in ("goodness", "readout")}

    def _search_stages(self, search):
        stops = {round(k * search.n_rows / POINTS) for k in range(1, POINTS + 1)}
        seconds = 0.0
        while search.generation < search.n_rows:
            began = cpu_seconds().sum()
            search.step()
            seconds += float(cpu_seconds().sum() - began)
            if search.generation in stops:
                yield search.presentations, seconds, search.w.copy()

    def _rule_stages(self, rule, seed):
        stages = []
        stops = [round(k * self.settings.epochs / POINTS) for k in range(1, POINTS + 1)]
        run = Run(self._rule(rule, seed))

        def look(run, row):
            if row["what"] == "chunk" and row["samples"] >= stops[0] * len(run.method.train):
                del stops[0]
                # of each sample a positive, a negative and a neutral presentation
                stages.append((3 * row["samples"], run.cpu_seconds, run.weights[1].astype(float)))

        run.train(callbacks=[look], progress=False)
        return stages

    def _rule(self, rule, seed):
        s, batch = self.settings, 10
        method = ForwardForward(
            self.data,
            self.report,
            rule=rule,
            layers=(s.neurons,),
            label_neurons=s.label_neurons,
            steps=s.steps,
            dt=s.dt,
            batch=batch,
            mini_batch=batch,
            refresh=20 * batch,
            chunk=20 * batch,
            epochs=s.epochs,
            validate=1,
            dropout=0.0,
            device=s.device,
            dtype="float32",
            seed=seed,
        )
        method.health.name = f"{rule}, seed {seed}"
        return method

    # -- angles ------------------------------------------------------------------------------------------------------
    def angles(self, w, seed):
        """Cosine between each method's update and the local gradient, for one mini-batch, in the spiking layer.

        Parameters
        ----------
        w : (n_inputs, n_neurons) array
            Where.
        seed : int

        Returns
        -------
        cosines : dict of method -> float
        """
        reference = self.search("spiking", "es-neuron", seed, start=w)
        population = reference.population
        stimuli, unit = reference.pair(), 1.5 / np.sqrt(population.shape[0])
        rng, rounds = stream(seed, "angles"), self.settings.rounds
        gradient = smoothed_gradient(population, w, stimuli, reference.options.alpha, SMOOTHING * unit, rounds, rng)
        out = {}
        for method in SPIKING:
            if method in RULES:
                update = self._rule_update(method, w, stimuli, seed)
            else:
                update = self.search("spiking", method, seed, start=w).step()
            out[method] = cosine(update, gradient)
        return out

    def _rule_update(self, rule, w, stimuli, seed):
        """What a rule adds up over a mini-batch, before the optimizer."""
        pixels, labels, wrong = stimuli
        method = self._rule(rule, seed)
        a, n = method.architecture, len(labels)
        (projection,) = a.projections
        method.synaptic[projection.key("w")] = w.ravel()
        images = np.zeros((a.images, a.n_pixels))
        images[:n] = pixels
        own = np.arange(n)
        epochs = method.phases.spread(range(-(-n // a.batch)))
        schedule = Schedule.of_phases(epochs, (own, labels, 2 * own), (own, wrong, 2 * own + 1), a)
        inputs = {**method.inputs([1]), "images": images, **schedule.inputs(a)}
        with method.simulator.run(inputs, len(schedule)) as results:
            return projection.matrix(results[projection.key("dw")]).astype(float)

    def table(self, rows, angles):
        """Means and standard deviations over seeds, as text in Markdown.

        Parameters
        ----------
        rows : list of dict
            Of `course`, with "what" and "seed"; the last one of each course with the result of `test`.
        angles : dict
            Method -> cosines.
        """
        lines = [
            "| | by goodness, % | by readout, % | presentations | synaptic events | CPU s | cosine |",
            "|--|--|--|--|--|--|--|",
        ]
        for what in dict.fromkeys(row["what"] for row in rows):
            ends = [row for row in rows if row["what"] == what and "test_goodness" in row]
            cells = [what]
            for name in ("test_goodness", "test_readout"):
                values = 100 * np.array([row[name] for row in ends])
                cells.append(f"{values.mean():.1f} ± {values.std(ddof=1):.1f}" if len(ends) > 1 else f"{values[0]:.1f}")
            for name, form in (("presentations", ".3g"), ("events", ".2g"), ("cpu_seconds", ".0f")):
                cells.append(format(np.mean([row[name] for row in ends]), form))
            substrate, method = what.split()
            known = angles.get(method, ()) if substrate == "spiking" else ()
            lines.append("| " + " | ".join([*cells, ", ".join(f"{c:.2f}" for c in known)]) + " |")
        return "\n".join(lines)

    def scaling(self, neurons, method, seed, generations=5):
        """Mean cosine between updates and the exact gradient in the first generations of a rectified linear layer."""
        search = self.search("ann", method, seed, neurons)
        cosines = []
        for _ in range(generations):
            stimuli, w = search.pair(), search.w
            cosines.append(cosine(search.step(), search.population.gradient(w, *stimuli, search.options.alpha)))
        return float(np.mean(cosines))


def cosine(a, b):
    """Cosine of the angle between two arrays; 0 where one of them vanishes."""
    length = np.linalg.norm(a) * np.linalg.norm(b)
    return float(np.sum(a * b) / length) if length else 0.0
