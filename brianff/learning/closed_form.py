"""Readouts in closed form, one for every layer (Cascaded Forward, Zhao et al. 2023, arXiv 2303.09728).

Nothing is learnt by gradients: a linear readout of each layer's traces is the solution of ridge regression on the
training set, whose sums of products are gathered as the samples stream by.  The layers themselves may be as they were
drawn, or trained by any rule; the prediction is the class with the largest sum of the layers' readouts.
"""

import numpy as np

from brianff.errors import OptionError
from brianff.learning.evaluation import Evaluation, never_active, part_active, predicted_classes
from brianff.learning.readout import features

__all__ = ["ClosedForm"]

RIDGES = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)


class ClosedForm:
    """Linear readouts of the layers of a network.

    Parameters
    ----------
    method : `brianff.learning.forward_forward.ForwardForward`
        Its layers are asked, and not changed.
    samples : (n,) int array, optional
        Rows of the data set to fit (default: the training set).
    ridge : float, optional
        Weight of the squared weights, beside a mean squared activity of 1; default: of `RIDGES`, what is best on the
        validation set.
    chunk : int
        Samples at a time: memory grows with it, and with the square of the largest layer.

    Attributes
    ----------
    weights : list of (n_l + 1, n_classes) arrays
        The last row is a constant.
    ridge : float
    """

    def __init__(self, method, samples=None, ridge=None, chunk=2000):
        self.method, self.chunk = method, chunk
        samples = method.train if samples is None else np.asarray(samples)
        if not len(samples):
            raise OptionError("samples: there are none to fit.")
        if ridge is not None and not ridge > 0:
            raise OptionError(f"ridge={ridge}: it is positive.")
        squares, products = self._sums(samples)
        candidates = RIDGES if ridge is None else (ridge,)
        solved = [[_solved(a, b, r) for a, b in zip(squares, products, strict=True)] for r in candidates]
        self.weights, self.ridge = solved[0], candidates[0]
        validation = method.data.validation
        if len(candidates) > 1:
            if not len(validation):
                raise OptionError("ridge: without validation samples to choose it with, give its value.")
            layers, labels = self._layers(validation), method.data.labels[validation]
            predicted = [predicted_classes(_scores(layers, w).sum(axis=2)) for w in solved]
            right = [np.mean(one == labels) for one in predicted]
            best = int(np.argmax(right))
            self.weights, self.ridge = solved[best], candidates[best]

    def _layers(self, samples):
        """Features of every layer, (n, n_l + 1) each."""
        return [features([x]) for x in self.method.traces(samples)]

    def _sums(self, samples):
        """Mean products of features with each other, and with the classes, of every layer."""
        method, n = self.method, len(samples)
        squares, products = None, None
        for start in range(0, n, self.chunk):
            piece = samples[start : start + self.chunk]
            targets = np.eye(method.data.n_classes)[method.data.labels[piece]]
            layers = self._layers(piece)
            if squares is None:
                squares = [np.zeros((f.shape[1], f.shape[1])) for f in layers]
                products = [np.zeros((f.shape[1], targets.shape[1])) for f in layers]
            for f, a, b in zip(layers, squares, products, strict=True):
                a += f.T @ f / n
                b += f.T @ targets / n
        return squares, products

    def evaluate(self, samples) -> Evaluation:
        """What the readouts say of samples, as an `Evaluation` whose `goodness` are their scores."""
        traces, start = [[] for _ in self.weights], 0
        scores = []
        for start in range(0, len(samples), self.chunk):
            found = self.method.traces(samples[start : start + self.chunk])
            scores.append(_scores([features([x]) for x in found], self.weights))
            for pieces, x in zip(traces, found, strict=True):
                pieces.append(x)
        traces = [np.concatenate(pieces) for pieces in traces]
        spikes = float(np.mean([x.mean() for x in traces]))
        labels = self.method.data.labels[samples]
        silent, active = never_active(traces), part_active(traces)
        return Evaluation(labels, np.concatenate(scores), None, spikes, silent, active=active)


def _solved(squares, products, ridge):
    """Weights of the ridge regression; the constant is not held back."""
    penalty = np.full(len(squares), ridge)
    penalty[-1] = 1e-12
    return np.linalg.solve(squares + np.diag(penalty), products)


def _scores(layers, weights):
    """(n, n_classes, n_layers) scores."""
    return np.stack([f @ w for f, w in zip(layers, weights, strict=True)], axis=2)
