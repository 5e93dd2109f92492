"""Readouts in closed form, one for every layer (Cascaded Forward, Zhao et al. 2023, arXiv 2303.09728).

Nothing is learnt by gradients: a linear readout of each layer's traces is the solution of ridge regression on the
training set, whose sums of products are gathered as the samples stream by.  The layers themselves may be as they were
drawn, or trained by any rule; the prediction is the class with the largest sum of the layers' readouts.
"""

import numpy as np

from brianff.errors import OptionError
from brianff.learning.evaluation import Evaluation, predicted_classes
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
        candidates, best = RIDGES if ridge is None else (ridge,), 0
        solved = [[_solved(a, b, r) for a, b in zip(squares, products, strict=True)] for r in candidates]
        if ridge is None:
            validation = method.data.validation
            if not len(validation):
                raise OptionError("ridge: without validation samples to choose it with, give its value.")
            layers, labels = self._layers(validation), method.data.labels[validation]
            predicted = [predicted_classes(_scores(layers, w).sum(axis=2)) for w in solved]
            best = int(np.argmax([np.mean(one == labels) for one in predicted]))
        self.weights, self.ridge = solved[best], candidates[best]

    def _layers(self, samples):
        """Features of every layer, (n, n_l + 1) each."""
        return [features([x]) for x in self.method.traces(samples)]

    def _sums(self, samples):
        """Mean products of features with each other, and with the classes, of every layer."""
        data, n, sizes = self.method.data, len(samples), [size + 1 for size in self.method.sizes[1:]]
        squares, products = ([np.zeros((k, m or k)) for k in sizes] for m in (None, data.n_classes))
        for piece in self._pieces(samples):
            targets = np.eye(data.n_classes)[data.labels[piece]]
            for f, a, b in zip(self._layers(piece), squares, products, strict=True):
                a += f.T @ f / n
                b += f.T @ targets / n
        return squares, products

    def _pieces(self, samples):
        return np.split(samples, range(self.chunk, len(samples), self.chunk))

    def evaluate(self, samples) -> Evaluation:
        """What the readouts say of samples, as an `Evaluation` whose `goodness` are their scores."""
        found = [self.method.traces(piece) for piece in self._pieces(samples)]
        traces = [np.concatenate(pieces) for pieces in zip(*found, strict=True)]
        scores = _scores([features([x]) for x in traces], self.weights)
        return Evaluation.of_traces(self.method.data.labels[samples], scores, None, traces)


def _solved(squares, products, ridge):
    """Weights of the ridge regression; the constant is not held back."""
    penalty = np.full(len(squares), ridge)
    penalty[-1] = 1e-12
    return np.linalg.solve(squares + np.diag(penalty), products)


def _scores(layers, weights):
    """(n, n_classes, n_layers) scores."""
    return np.stack([f @ w for f, w in zip(layers, weights, strict=True)], axis=2)
