"""One layer, one problem, many ways to learn: courses of training on the same footing, angles, and what scales.

A course is one method with one seed, a run.  Its budget is counted in presentations (one stimulus shown to one network)
and in synaptic events (one spike, or one input that is not zero, at one synapse).
"""

import dataclasses
import functools
from dataclasses import dataclass

import numpy as np

from brianff import datasets
from brianff.jobs.job import Job
from brianff.jobs.tables import groups, markdown, spread
from brianff.learning.health import cosine
from brianff.learning.method import limited, make_method
from brianff.learning.population import SearchSize, evaluated, initial_weights, smoothed_gradient, trained_readout
from brianff.learning.readout import SoftmaxReadout
from brianff.options import EPOCHS, LIST, SEED, option
from brianff.stimulus import stream

__all__ = ["ANN", "RULES", "SPIKING", "Comparison", "Settings", "finished", "table"]

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
class Settings(SearchSize):
    """All options of a comparison."""

    dataset: str = option("digits", "data set", choices=datasets.names())
    data: str | None = option(None, "folder that holds the data set's files", metavar="DIR")
    generations: int = option(200, "generations of a random search", **EPOCHS)
    epochs: int = option(40, "passes of the rules with local factors over the training set", **EPOCHS)
    limit: int | None = option(None, "use only this many training, validation and test samples", low=1)
    rounds: int = option(
        100, "times that a population is shown for the reference gradient of the spiking layer", **EPOCHS
    )
    seeds: tuple[int, ...] = option((1, 2, 3), "seeds", **LIST, **SEED)
    widths: tuple[int, ...] = option(
        (50, 100, 200, 500), "neurons of the layers whose angles show what scales", **LIST, low=1, high=100_000
    )


def _search_options(s, substrate, method):
    """Of `PopulationSearch`, for a method such as "es-layer"."""
    name, _, scope = method.partition("-")
    size = {one.name: getattr(s, one.name) for one in dataclasses.fields(SearchSize)}
    how = dict(search="es" if name == "frozen" else name, scope=scope or "neuron", generations=s.generations)
    return dict(method="population_search", substrate=substrate) | how | size | OPTIONS.get(name, {})


def _rule_options(s, rule):
    """Of `ForwardForward`."""
    own = {name: getattr(s, name) for name in ("label_neurons", "steps", "dt", "epochs", "device")}
    course = dict(batch=10, mini_batch=10, refresh=200, chunk=200, dropout=0.0, dtype="float32")
    return dict(method="forward_forward", rule=rule, layers=(s.neurons,)) | own | course


def finished(run, evaluation, settings, substrate):
    """What a course has come to: its learning curve on validation samples, and accuracies on test samples.

    Returns
    -------
    row : dict
        ``points``, a list of dict: presentations, events, cpu_seconds (of learning), and the accuracy by the goodness
        of every label; ``test_goodness``, ``test_readout``: by a readout that is trained from scratch.
    """
    comparison, w = Comparison(settings), run.weights[1].astype(float)
    population = comparison.population(substrate) if run.method.name == "forward_forward" else run.method.population
    pixels = comparison.data.images[comparison.data.train].reshape(-1, comparison.data.n_pixels) / 255.0
    events, latest, points = population.events(pixels), {"presentations": 0, "cpu_seconds": 0.0}, []
    for row in run.metrics:
        if row["what"] == "chunk":
            # of the rules, each sample has a positive, a negative and a neutral presentation
            latest = {"presentations": row.get("presentations", 3 * row["samples"]), "cpu_seconds": row["cpu_seconds"]}
        else:
            points.append(latest | {"goodness": row["goodness"]})
    if not points:
        points = [latest | {"goodness": comparison.accuracy(population, w, "validation").accuracy("goodness")}]
    readout = trained_readout(population, w, comparison.data)
    tested = comparison.accuracy(population, w, "test", readout)
    return {
        "points": [point | {"events": round(point["presentations"] * events)} for point in points],
        "test_goodness": tested.accuracy("goodness"),
        "test_readout": tested.accuracy("readout"),
    }


class Comparison:
    """One data set and one architecture, on which all courses are compared.

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

    def job(self, substrate, method, seed):
        """The run of one method with one seed, as `brianff.jobs.run` takes it.

        Parameters
        ----------
        substrate : {"ann", "spiking"}
        method : str
            One of `ANN`, or of `SPIKING`; "frozen" does not learn.
        seed : int
        """
        s, rule = self.settings, method in RULES
        options = _rule_options(s, method) if rule else _search_options(s, substrate, method)
        samples = s.epochs * len(self.data.train) if rule else s.generations * s.pairs
        more = {"validate": s.limit or 0, "validate_every": -(-samples // POINTS), "limit": s.limit, "seed": seed}
        return Job(
            f"{substrate}_{method}_seed{seed}",
            options | more | {"dataset": s.dataset, "data": s.data},
            {"course": f"{substrate} {method}", "seed": seed},
            test=False,
            until=0 if method == "frozen" else None,
            finish=functools.partial(finished, settings=s, substrate=substrate),
        )

    def search(self, substrate, method, seed, neurons=None, start=None):
        """The `PopulationSearch` of a method, such as "es-layer"; "frozen" is one that is not to take a step."""
        options = _search_options(self.settings, substrate, method) | {"seed": seed}
        found = make_method(options | ({"neurons": neurons} if neurons else {}), self.data, self.report)
        if start is not None:
            found.begin(start)
        return found

    def start(self, seed):
        """Weights with which the spiking courses of a seed begin."""
        return initial_weights(self.population("spiking").shape, seed)

    @functools.cache  # noqa: B019  (a comparison lives as long as its program)
    def population(self, substrate):
        """A population of "ann" or "spiking" layers, to measure with: made when it is first needed."""
        return self.search(substrate, "frozen", 0).population

    def accuracy(self, population, w, which, readout=None):
        """`Evaluation` of weights on samples, by the goodness of every label, and by a readout where there is one."""
        chosen = getattr(self.data, which)
        pixels = self.data.images[chosen].reshape(len(chosen), -1) / 255.0
        silent = SoftmaxReadout(population.shape[1] + 1, self.data.n_classes)
        return evaluated(population, w, readout or silent, pixels, self.data.labels[chosen])

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
        method = make_method(_rule_options(self.settings, rule) | {"seed": seed}, self.data, self.report)
        a = method.architecture
        (projection,) = a.projections
        method.synaptic[projection.key("w")] = w.ravel()
        own = np.arange(len(labels))
        schedule = method.phases.schedule((own, labels, 2 * own), (own, wrong, 2 * own + 1), a)
        with method.simulator.run(method.inputs([1]) | schedule.inputs(a, pixels), len(schedule)) as results:
            return projection.matrix(results[projection.key("dw")]).astype(float)

    def scaling(self, neurons, method, seed, generations=5):
        """Mean cosine between updates and the exact gradient in the first generations of a rectified linear layer."""
        search = self.search("ann", method, seed, neurons)
        cosines = []
        for _ in range(min(generations, search.options.generations)):
            stimuli, w = search.pair(), search.w
            cosines.append(cosine(search.step(), search.population.gradient(w, *stimuli, search.options.alpha)))
        return float(np.mean(cosines))


def table(rows, angles):
    """Means and standard deviations over seeds, as text in Markdown.

    Parameters
    ----------
    rows : list of dict
        Of the runs.
    angles : dict
        Method -> cosines.
    """
    lines = []
    for (course,), own in groups(rows, ["course"]).items():
        cells = [course, *(spread([100 * row[f"test_{way}"] for row in own], 1) for way in ("goodness", "readout"))]
        forms = {"presentations": ".3g", "events": ".2g", "cpu_seconds": ".0f"}
        cells += [format(np.mean([row["points"][-1][name] for row in own]), form) for name, form in forms.items()]
        substrate, method = course.split()
        known = angles.get(method, ()) if substrate == "spiking" else ()
        lines.append([*cells, ", ".join(f"{c:.2f}" for c in known)])
    headings = ["", "by goodness, %", "by readout, %", "presentations", "synaptic events", "CPU s", "cosine"]
    return markdown(headings, lines)
