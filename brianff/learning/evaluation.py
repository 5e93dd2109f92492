"""Predictions, accuracy and separation of goodness, on a network that does not learn."""

import math
from dataclasses import dataclass

import numpy as np
import scipy

from brianff.errors import OptionError
from brianff.learning.readout import features
from brianff.stimulus import EVALUATION_PRESENTATIONS, LABEL_NEUTRAL, LABEL_NONE, Schedule

__all__ = [
    "NO_PREDICTION", "Evaluation", "evaluate", "evaluate_scores", "never_active",
    "part_active", "predicted_classes", "present", "presented", "ties", "true_and_best_wrong",
]  # fmt: skip

NO_PREDICTION = -1  # several classes tie
LEAST_BELIEF = 1e-12  # of which there is a logarithm


def predicted_classes(values):
    """Class with the largest value of every sample, (..., n_classes) to (...); `NO_PREDICTION` where several share it.

    A tie is no prediction, and counts as wrong: to take the first of the classes would favour low ones, and a silent
    network would know all samples of class 0.
    """
    values = np.asarray(values)
    shared = np.sum(values == values.max(axis=-1, keepdims=True), axis=-1) != 1  # none at all: not a number
    return np.where(shared, NO_PREDICTION, values.argmax(axis=-1))


def ties(predicted):
    """A sentence on samples without a prediction, or nothing: ``"37 of 449 samples tie: no prediction"``."""
    n = int(np.sum(np.asarray(predicted) == NO_PREDICTION))
    return f"{n} of {len(predicted)} samples tie: no prediction" if n else ""


def true_and_best_wrong(values, labels):
    """Of (n, n_classes) values, those of the true class and the largest of the others: two (n,) arrays."""
    true = np.arange(values.shape[1]) == np.asarray(labels)[:, None]
    return values[true], np.where(true, -np.inf, values).max(axis=1)


def _standardised(values):
    """(n, n_classes) values with mean 0 and standard deviation 1 of every sample; 0 where all of them are the same."""
    apart = values - values.mean(axis=1, keepdims=True)
    spread = apart.std(axis=1, keepdims=True)
    return apart / np.where(spread == 0, 1, spread)


def never_active(activity):
    """Part of the neurons of every layer without activity in any presentation; from (n, n_l) arrays."""
    return np.array([np.mean(~np.any(a, axis=0)) for a in activity])


def part_active(activity):
    """Part of the neurons of every layer that are active in a presentation, its mean; from (n, n_l) arrays."""
    return np.array([np.mean(a != 0) if a.size else 0.0 for a in activity])


def present(simulator, inputs, images, image, label, number, keep_traces=True, steps=None):
    """Show images without learning and read every layer at the end of each stimulus epoch.

    Parameters
    ----------
    simulator : `RuntimeSimulator` or `CppSimulator`
    inputs : dict
        Weights, and what else a run needs beside the stimulus (see `SpikingMethod.inputs`).
    images : (n_images, n_pixels) array
        Intensities in [0, 1].
    image, label, number : (n,) int arrays
        Row of `images`, class (or `LABEL_NEUTRAL`, `LABEL_NONE`) and number of each presentation.
    keep_traces : bool
        False saves memory where only the goodness matters: 8 bytes a neuron and presentation.
    steps : (n_images,) int array, optional
        How long each image is shown, if not for as long as the architecture says.

    Returns
    -------
    goodness : (n, n_layers) array
    traces : list of (n, n_l) arrays, or None without `keep_traces`
    """
    a = simulator.architecture
    if not len(image):
        return np.zeros((0, a.depth)), [np.zeros((0, n)) for n in a.sizes[1:]]
    levels = range(1, a.depth + 1)
    variables = [(f"record_g{k}", "g") for k in levels] + [(f"record_x{k}", "x") for k in levels if keep_traces]
    found = presented(simulator, inputs, images, image, label, number, variables, steps)
    return np.concatenate(found[: a.depth], axis=1), found[a.depth :] if keep_traces else None


def presented(simulator, inputs, images, image, label, number, variables, steps=None):
    """As `present`: the values of variables, as in ``("record_g1", "g")``, an (n, n_values) array for each of them."""
    a, found, start = simulator.architecture, [[] for _ in variables], 0
    while start < len(image):
        # Only the images of this piece travel, and only as many as the compiled network has room for.
        distinct = _distinct(image[start : start + a.capacity * a.batch])
        stop = start + np.searchsorted(distinct, a.images, side="right")
        rows, local = np.unique(image[start:stop], return_inverse=True)
        lasting = None if steps is None else steps[image[start:stop]]
        schedule = Schedule.evaluation(local, label[start:stop], number[start:stop], a.batch, lasting)
        epochs = len(schedule)
        with simulator.run(inputs | schedule.inputs(a, images[rows]), epochs) as results:
            for name, pieces in zip(variables, found, strict=True):
                values = results.recorded(*name, epochs).reshape(epochs * a.batch, -1)
                pieces.append(values[: stop - start])
        start = stop
    return [np.concatenate(pieces) for pieces in found]


def _distinct(values):
    """Number of different values up to and including each place."""
    first = np.zeros(len(values), int)
    first[np.unique(values, return_index=True)[1]] = 1
    return np.cumsum(first)


@dataclass
class Evaluation:
    """What a network says of a set of samples, whichever method it has learnt by.

    Attributes
    ----------
    labels : (n,) int array
        The true classes.
    goodness : (n, n_classes, n_layers) array or None
        Under every candidate label; of layers with class scores, log softmax of the scores.
        None if the network has none of them.
    belief : (n, n_classes) array or None
        Of a softmax readout, on one pass with a neutral label.
    spikes_per_neuron : float
        In a presentation: of hidden neurons (their mean goodness trace), or of output neurons, where there are any.
    silent : (n_layers,) array, optional
        Part of the neurons of every layer that are silent in all samples, shown with a neutral label.
    output : (n, n_classes) array or None
        Scores of output neurons.
    active : (n_layers,) array, optional
        Part of the neurons of every layer that are active in a presentation with a neutral label, its mean.
    """

    labels: np.ndarray
    goodness: np.ndarray | None = None
    belief: np.ndarray | None = None
    spikes_per_neuron: float = math.nan
    silent: np.ndarray | None = None
    output: np.ndarray | None = None
    active: np.ndarray | None = None

    @classmethod
    def of_traces(cls, labels, goodness, belief, traces) -> "Evaluation":
        """With the numbers of spikes that the traces of every layer have, (n, n_l) each, without a label."""
        spikes, silent = float(np.mean([x.mean() for x in traces])), never_active(traces)
        return cls(np.asarray(labels), goodness, belief, spikes, silent, active=part_active(traces))

    @property
    def ways(self) -> tuple:
        """How classes can be predicted, the usual way first: goodness, upper (of layers >= 2), readout, together
        (goodness and readout), upper_together (upper and readout), output."""
        both = None if self.belief is None else self.goodness
        known = {"goodness": self.goodness, "upper": self.goodness, "readout": self.belief}
        known |= {"together": both, "upper_together": both, "output": self.output}
        return tuple(way for way, values in known.items() if values is not None)

    def scores(self, how=None) -> np.ndarray:
        """(n, n_classes) array, whose largest value of a sample is the prediction.

        Together: goodness (of layers >= 2) and logarithm of the readout's belief, each brought to mean 0 and standard
        deviation 1 over the classes of a sample, are added.
        """
        how = how or self.ways[0]
        if how not in self.ways:
            if how in ("goodness", "upper", "together", "upper_together"):
                raise OptionError("this network has no label input to try labels with: predict by the readout.")
            raise OptionError(f"there is no prediction by '{how}': it is {', '.join(self.ways)}.")
        if how in ("readout", "output"):
            return self.belief if how == "readout" else self.output
        if how in ("together", "upper_together"):
            belief = np.log(np.maximum(self.belief, LEAST_BELIEF))
            return _standardised(self.scores("goodness" if how == "together" else "upper")) + _standardised(belief)
        first = 0 if how == "goodness" else min(1, self.goodness.shape[2] - 1)
        return self.goodness[:, :, first:].sum(axis=2)

    def by_goodness(self, layers) -> np.ndarray:
        """Predicted classes by the goodness of some layers, by their position."""
        return predicted_classes(self.goodness[:, :, layers].sum(axis=2))

    def predicted(self, how=None) -> np.ndarray:
        """Predicted classes, (n,): those with the largest score; `NO_PREDICTION` where several tie."""
        return predicted_classes(self.scores(how))

    def accuracy(self, how=None) -> float:
        """Fraction of samples that are classified correctly; those without a prediction are not."""
        return float(np.mean(self.predicted(how) == self.labels))

    def ties(self, how=None) -> int:
        """How many samples have no prediction, since several classes have the largest score."""
        return int(np.sum(self.predicted(how) == NO_PREDICTION))

    def confusion(self, how=None) -> np.ndarray:
        """Counts, (n_classes, n_classes): row = true class, column = predicted class; without `NO_PREDICTION`."""
        predicted, n = self.predicted(how), self.scores(how).shape[1]
        cells = (n * np.asarray(self.labels) + predicted)[predicted != NO_PREDICTION]
        return np.bincount(cells, minlength=n * n).reshape(n, n)

    def measures(self) -> dict:
        """Numbers for a row of metrics."""
        of_ways = {way: self.accuracy(way) for way in self.ways if way != "output"}
        of_layers = enumerate(() if self.active is None else self.active, start=1)
        active = {f"active{level}": round(float(part), 4) for level, part in of_layers}
        spikes = {"spikes_per_neuron": self.spikes_per_neuron}
        return {"accuracy": self.accuracy(), **of_ways, "ties": self.ties(), **spikes, **active}

    def of_silent(self) -> str:
        """Words on the layers with neurons that are silent in all samples, or nothing."""
        shares = enumerate(() if self.silent is None else self.silent, start=1)
        listed = ", ".join(f"{share:.1%} of layer {level}" for level, share in shares if share)
        return f"; never active: {listed}" if listed else ""

    def separation(self) -> tuple:
        """Goodness summed over layers under the true label, and under the best wrong one: two (n,) arrays."""
        return true_and_best_wrong(self.goodness.sum(axis=2), self.labels)

    def arrays(self) -> dict:
        """All of it as a dictionary of arrays."""
        return {name: np.asarray(value) for name, value in vars(self).items() if value is not None}

    @classmethod
    def from_arrays(cls, arrays) -> "Evaluation":
        return cls(**{name: float(value) if np.ndim(value) == 0 else value for name, value in arrays.items()})

    def __repr__(self):
        tied = {way: f" ({n} ties)" if (n := self.ties(way)) else "" for way in self.ways}
        of_ways = ", ".join(f"{way} {self.accuracy(way):.4f}{tied[way]}" for way in self.ways)
        return f"<accuracy of {len(self.labels)} samples by {of_ways}>"


def evaluate_scores(simulator, inputs, images, labels, offset=0, steps=None):
    """What layers with class scores of their own say, in one pass without a label.

    Parameters
    ----------
    simulator, inputs, images, steps
        As for `present`; samples are the images.
    labels : (n,) int array
        The true ones.
    offset : int
        Number of the first sample, so that different sets get different encoder noise.
    """
    n, levels = len(labels), range(1, simulator.architecture.depth + 1)
    number = EVALUATION_PRESENTATIONS + offset + np.arange(n)
    variables = [(f"record_classes{k}", "score") for k in levels] + [(f"record_x{k}", "x") for k in levels]
    found = presented(simulator, inputs, images, np.arange(n), np.full(n, LABEL_NONE), number, variables, steps)
    scores = [scipy.special.log_softmax(of_layer, axis=1) for of_layer in found[: len(levels)]]
    return Evaluation.of_traces(labels, np.stack(scores, axis=2), None, found[len(levels) :])


def evaluate(present, readout, labels, offset=0, candidates=True):
    """Try every label on every sample, and ask the readout after one pass with a neutral label.

    Parameters
    ----------
    present : callable
        ``present(image, label, number, keep_traces=True)`` as the function of this name; samples are the images.
    readout : `SoftmaxReadout`
    labels : (n,) int array
        The true ones.
    offset : int
        Number of the first sample, so that different sets get different encoder noise.
    candidates : bool
        False: only the readout (networks without label input).
    """
    n, k = len(labels), readout.w.shape[1]
    rows, tried = np.arange(n), np.tile(np.arange(k), n)
    base = EVALUATION_PRESENTATIONS + (offset + rows) * (k + 1)
    _, traces = present(rows, np.full(n, LABEL_NEUTRAL if candidates else LABEL_NONE), base)
    belief = readout.probabilities(features(traces))
    goodness = None
    if candidates:
        goodness, _ = present(np.repeat(rows, k), tried, np.repeat(base, k) + 1 + tried, keep_traces=False)
        goodness = goodness.reshape(n, k, -1)
    return Evaluation.of_traces(labels, goodness, belief, traces)
