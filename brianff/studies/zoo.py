"""Networks that read networks: the test accuracy of a trained spiking network, predicted from its weights alone.

What is predicted does not change when the neurons of a hidden layer change places, and neither may the prediction
(Zhou et al. 2023, arXiv 2302.14040; Unterthiner et al. 2020, arXiv 2002.11448).  Two readers have that built in:
statistics of the weights with gradient boosting, and Deep Sets (Zaheer et al. 2017, arXiv 1703.06114), which look at
every neuron by itself and take the mean over each layer.  Trained networks come from `jobs_of`.
"""

from functools import partial
from pathlib import Path

import numpy as np
from scipy.stats import kendalltau
from sklearn.ensemble import GradientBoostingRegressor

from brianff.errors import OptionError
from brianff.jobs.job import Job
from brianff.learning.adam import Adam

__all__ = ["Boosting", "DeepSets", "jobs_of", "load", "neurons_of", "permuted", "statistics_of", "tau"]

LAYERS = (24, 16)
QUANTILES = (0, 0.05, 0.25, 0.5, 0.75, 0.95, 1)
SPECTRUM = 5  # singular values that are looked at
FOLDER = "weights"


# -- trained networks ----------------------------------------------------------------------------------------------
def _keep(folder, run, evaluation):
    """The weights of a finished run, beside the rows."""
    path = Path(folder) / f"{run.folder.path.name}.npz"
    path.parent.mkdir(exist_ok=True)
    np.savez(path, **{f"w{level}": run.weights[level] for level in range(1, len(LAYERS) + 1)})
    return {}


def jobs_of(out, n_runs, neuron="lif", seed=1, device="cpp"):
    """Small networks on the digits with options drawn at random, good ones and bad ones.

    Parameters
    ----------
    out : path
        Folder of all runs; weights go into its folder ``weights``.
    n_runs : int
    neuron : str
        Name or file of a model.
    seed : int
        Of the draws; a run's own seed is its number.

    Returns
    -------
    jobs : list of `brianff.jobs.Job`
    """
    rng = np.random.default_rng(seed)
    common = dict(
        rule="local_readout", negatives="none", neuron=neuron, layers=LAYERS, steps=16, dt=5.0, batch=10, chunk=500,
        validate=0, device=device,
    )  # fmt: skip
    found = []
    for k in range(n_runs):
        options = dict(
            learning_rate=float(10 ** rng.uniform(-3.3, -1.5)), init_gain=float(10 ** rng.uniform(-0.1, 0.8)),
            final_rate=float(rng.uniform(0, 1)), dropout=float(rng.choice([0, 0.1, 0.3])),
            limit=int(rng.choice([100, 300, 1000])), epochs=int(rng.choice([4, 8, 16, 30])),
            mini_batch=int(rng.choice([10, 20])), jitter=int(rng.choice([0, 1])), seed=k + 1,
        )  # fmt: skip
        name = f"{Path(neuron).stem}-{k + 1:04d}"
        finish = partial(_keep, Path(out).resolve() / FOLDER)
        found.append(Job(name, common | options, {"neuron": neuron, "seed": k + 1}, finish=finish, keep=False))
    return found


def load(out, rows, jobs):
    """Weights and test accuracies of finished runs.

    Returns
    -------
    networks : list of lists of (n_pre, n_post) arrays
    accuracies : (n,) array
    """
    networks, accuracies = [], []
    for job, row in zip(jobs, rows, strict=True):
        if "test_accuracy" in row:
            with np.load(Path(out) / FOLDER / f"{job.name}.npz") as stored:
                networks.append([stored[f"w{level}"] for level in range(1, len(LAYERS) + 1)])
            accuracies.append(row["test_accuracy"])
    return networks, np.array(accuracies)


def permuted(network, rng):
    """The same network with its hidden neurons in another order."""
    order = [np.arange(len(network[0])), *(rng.permutation(w.shape[1]) for w in network)]
    return [w[np.ix_(pre, post)] for w, pre, post in zip(network, order[:-1], order[1:], strict=True)]


# -- what does not change with the order of neurons ----------------------------------------------------------------
def statistics_of(network):
    """Of each layer mean, spread and quantiles of weights and of lengths and sums of rows and columns; spectra: (k,).

    Spectra are the largest singular values of each matrix and of the product of all, and the correlations of neurons.
    """
    found = []
    for w in network:
        in_order = [np.sort(w, axis=k) for k in (0, 1)]  # a sum depends on the order of its terms in the last digits
        lengths = [np.sqrt((s**2).sum(axis=k)) for k, s in enumerate(in_order)]
        for values in (w, *lengths, *(s.sum(axis=k) for k, s in enumerate(in_order))):
            values = np.sort(values.ravel())
            found += [values.mean(), values.std(), (values**4).mean() ** 0.25, *np.quantile(values, QUANTILES)]
        between = np.corrcoef(w.T)
        found += [*np.quantile(between[np.triu_indices(len(between), 1)], QUANTILES[1:-1])]
    for matrix in (*network, np.linalg.multi_dot(network), *(w.T @ w * (1 - np.eye(w.shape[1])) for w in network)):
        spectrum = np.linalg.svd(matrix, compute_uv=False)
        found += [*spectrum[:SPECTRUM], spectrum.sum(), spectrum[0] / spectrum.sum()]
    return np.array(found)


def neurons_of(network):
    """What Deep Sets see of every neuron of each layer, a list of (n_l, k_l) arrays.

    Neurons of the first layer: the weights from every input channel, whose order is fixed.  All: quantiles, mean and
    spread of the weights from and to neurons, whose order is not.
    """
    found = []
    for level, w in enumerate(network):
        of_inputs = [w.T] if level == 0 else []
        found.append(np.hstack([*of_inputs, _of_each(w.T), *map(_of_each, network[level + 1 : level + 2])]))
    return found


def _of_each(rows):
    rows = np.sort(rows, axis=1)
    return np.column_stack([rows.mean(axis=1), rows.std(axis=1), *np.quantile(rows, QUANTILES, axis=1)])


# -- readers: fit(networks, accuracies) returns the reader, predict(networks) an (n,) array -------------------------
class Boosting:
    """Gradient boosting on `statistics_of`."""

    def __init__(self, seed=1):
        self.model = GradientBoostingRegressor(
            n_estimators=300, learning_rate=0.05, max_depth=4, subsample=0.7, max_features=0.3, random_state=seed
        )

    def fit(self, networks, accuracies):
        _require(networks, accuracies)
        self.model.fit(np.array([statistics_of(network) for network in networks]), accuracies)
        return self

    def predict(self, networks):
        return self.model.predict(np.array([statistics_of(network) for network in networks]))


class DeepSets:
    """accuracy = f(mean over neurons of g_1, mean over neurons of g_2, …, statistics): each with one hidden layer.

    Parameters
    ----------
    width : int
        Units of every hidden layer.
    epochs, learning_rate, batch, decay
        Of training, by Adam on the squared error; the weights decay by `decay` times the learning rate a step.
    dropout : float
        Part of the units of f's hidden layer that are off in training.
    """

    def __init__(self, width=32, epochs=300, learning_rate=2e-3, batch=32, decay=0.02, dropout=0.2, seed=1):
        self.width, self.epochs, self.learning_rate, self.batch = width, epochs, learning_rate, batch
        self.decay, self.dropout, self.rng = decay, dropout, np.random.default_rng(seed)

    def fit(self, networks, accuracies):
        _require(networks, accuracies)
        layers = self._stacked(networks)
        self.centre = [x.mean(axis=(0, 1)) for x in layers]
        self.scale = [x.std(axis=(0, 1)) + 1e-9 for x in layers]
        self.mean, self.spread = accuracies.mean(), accuracies.std() + 1e-9
        layers, y = self._standard(layers), (accuracies - self.mean) / self.spread
        *of_neurons, of_networks = layers
        sizes = [(x.shape[2], self.width) for x in of_neurons]
        sizes += [(self.width * len(of_neurons) + of_networks.shape[2], self.width), (self.width, 1)]
        self.parameters = [a for n, m in sizes for a in (self._drawn(n, m), np.zeros(m))]
        optimizer = Adam(self.parameters)
        for epoch in range(self.epochs):
            rate = self.learning_rate * (1 - epoch / self.epochs)
            order = self.rng.permutation(len(y))
            for start in range(0, len(y), self.batch):
                rows = order[start : start + self.batch]
                optimizer.step(self._gradient([x[rows] for x in layers], y[rows]), rate)
                for w in self.parameters[::2]:
                    w *= 1 - rate * self.decay
        return self

    def predict(self, networks):
        return self._forward(self._standard(self._stacked(networks)))[0] * self.spread + self.mean

    def _drawn(self, n, m):
        return self.rng.normal(size=(n, m)) * np.sqrt(2 / n)

    def _stacked(self, networks):
        """Of every layer an array (networks, neurons, features); the last one is of the networks as a whole."""
        of_neurons = [np.array(of_layer) for of_layer in zip(*map(neurons_of, networks), strict=True)]
        return [*of_neurons, np.array([[statistics_of(network)] for network in networks])]

    def _standard(self, layers):
        return [(x - c) / s for x, c, s in zip(layers, self.centre, self.scale, strict=True)]

    def _forward(self, layers, on=1.0):
        """Predictions, and what the gradient needs: the units of g, the sets, and the units of f."""
        *of_g, w1, b1, w2, b2 = self.parameters
        units = [np.maximum(x @ w + b, 0) for x, w, b in zip(layers[:-1], of_g[::2], of_g[1::2], strict=True)]
        # sorted, so that the order of neurons does not even touch the last digits
        sets = np.hstack([*(np.sort(u, axis=1).mean(axis=1) for u in units), layers[-1][:, 0]])
        hidden = np.maximum(sets @ w1 + b1, 0) * on
        return (hidden @ w2 + b2)[:, 0], units, sets, hidden

    def _gradient(self, layers, y):
        *of_g, w1, _, w2, _ = self.parameters
        on = (self.rng.random((len(y), self.width)) >= self.dropout) / (1 - self.dropout)
        found, units, sets, hidden = self._forward(layers, on)
        error = 2 * (found - y)[:, None] / len(y)
        d_hidden = error @ w2.T * on * (hidden > 0)
        *d_sets, _ = np.split(d_hidden @ w1.T, np.arange(1, len(units) + 1) * self.width, axis=1)
        gradients = []
        for x, u, d in zip(layers[:-1], units, d_sets, strict=True):
            d_units = d[:, None] * (u > 0) / u.shape[1]
            gradients += [np.einsum("nik,niw->kw", x, d_units, optimize=True), d_units.sum(axis=(0, 1))]
        return [*gradients, sets.T @ d_hidden, d_hidden.sum(axis=0), hidden.T @ error, error.sum(axis=0)]


def _require(networks, accuracies):
    if len(networks) != len(accuracies) or len(networks) < 10:
        raise OptionError(f"{len(networks)} networks with {len(accuracies)} accuracies: a reader needs 10 or more.")


def tau(found, accuracies):
    """Kendall's rank correlation of predictions and accuracies."""
    return float(kendalltau(found, accuracies).statistic)
