"""Equilibria of one recurrent layer of rates, and the exact gradient there, by the implicit function theorem.

With weights F of the input x, recurrent weights W and a constant b, the rates of a layer that has settled are the fixed
point a = clip(a W + x F + b, 0, 1), rows are samples, and the loss is the cross-entropy of the scores a R.  A change of
the currents by s changes the rates by da = (s + da W) D, D: 1 where a neuron is neither silent nor saturated.  So

    -dL/dW_ij = a_i lambda_j,    -dL/dF_ij = x_i lambda_j,    lambda = (g + lambda W^T) D,    g = (target - softmax) R^T

What a nudge of beta*g does to the rates, divided by beta, is the same with W in the place of W^T: for symmetric weights
the rule equilibrium follows the gradient, for others it does not (Scellier & Bengio 2017, arXiv 1602.05179; implicit
gradients of spiking networks: Xiao et al. 2021, arXiv 2109.14247).
"""

import copy
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import log_softmax, softmax

from brianff.errors import OptionError
from brianff.learning.health import cosine
from brianff.learning.recordings import record_presentations
from brianff.stimulus import EVALUATION_PRESENTATIONS, LABEL_NONE, Schedule, stream

__all__ = [
    "Rates", "asymmetric", "cosines", "eigenvalues", "local_update", "rates_of", "settling", "slower",
    "stronger", "within",
]  # fmt: skip

MOST = 10_000  # iterations
CLOSE = 1e-12


@dataclass(frozen=True)
class Rates:
    """A recurrent layer of rates with a softmax.

    Attributes
    ----------
    F : (n_inputs, n) array
    W : (n, n) array
    R : (n, n_classes) array
    bias : float
    """

    F: np.ndarray
    W: np.ndarray
    R: np.ndarray
    bias: float = 0.0

    def fixed_point(self, x, nudge=0.0):
        """Rates (n_samples, n) of inputs (n_samples, n_inputs), under additional currents.

        Raises
        ------
        OptionError
            If the rates do not settle.
        """
        drive = x @ self.F + self.bias + nudge
        a = np.clip(drive, 0, 1)
        for _ in range(MOST):
            new = 0.5 * (a + np.clip(a @ self.W + drive, 0, 1))  # by halves: large negative weights oscillate
            a, change = new, np.abs(new - a).max()
            if change < CLOSE:
                return a
        raise OptionError(f"the rates do not settle: they still change by {change:.1g} after {MOST} iterations.")

    def errors(self, a, labels):
        """target - softmax of the scores, (n_samples, n_classes)."""
        return np.eye(self.R.shape[1])[labels] - softmax(a @ self.R, axis=1)

    def loss(self, x, labels):
        """Mean cross-entropy at the fixed point."""
        believed = log_softmax(self.fixed_point(x) @ self.R, axis=1)
        return float(-np.mean(believed[np.arange(len(labels)), labels]))

    def gradient(self, x, labels):
        """Of `loss`, with its sign turned, by the implicit function theorem: dict of F, W, R -> array.

        That of W is by each of its elements alone, as if the others stayed what they are.
        """
        a = self.fixed_point(x)
        error = self.errors(a, labels)
        u = a @ self.W + x @ self.F + self.bias
        on = ((u > 0) & (u < 1)).astype(float)
        g, n = error @ self.R.T, len(self.W)
        # lambda (1 - W^T D) = g D, one system a sample
        systems = np.eye(n) - self.W.T * on[:, None, :]
        adjoint = np.linalg.solve(systems.transpose(0, 2, 1), (g * on)[:, :, None])[:, :, 0]
        each = {"F": x.T @ adjoint, "W": a.T @ adjoint, "R": a.T @ error}
        return {name: one / len(x) for name, one in each.items()}


def rates_of(method):
    """The `Rates` of an `Equilibrium` network with one recurrent layer, with its weights of the moment."""
    w = method.weights()
    if set(w) != {1, "recurrent1", "readout1"}:
        raise OptionError("--layers: the implicit gradient is that of one recurrent layer, as in 100r.")
    bias = float(method.composition.parameters["bias"])
    return Rates(*(np.asarray(w[name], float) for name in (1, "recurrent1", "readout1")), bias)


def local_update(method, samples):
    """What the rule makes of samples, mean over them, without a step of the optimizer: dict of F, W, R -> array.

    `samples`, rows of the data set, are shown in one run of the simulator: as many as its capacity allows.
    """
    a, n = method.architecture, len(samples)
    rows = -(-n // a.batch)
    if n % a.batch or len(method.phases.spread(range(rows))) > a.capacity:
        raise OptionError(f"samples: {n} of them are no whole rows of {a.batch}, or more than --chunk allows.")
    own, number = np.arange(n), EVALUATION_PRESENTATIONS + np.arange(n)
    shown = (own, method.data.labels[samples], number), (own, np.full(n, LABEL_NONE), number)
    schedule = method.phases.schedule(*shown, a)
    inputs = method.inputs(method.levels) | schedule.inputs(a, method.shown(samples))
    places = {"F": a.projections[0], "W": a.projections[1], "R": a.readouts[0]}
    with method.simulator.run(inputs, len(schedule)) as results:
        return {name: p.matrix(results[p.key("dw")]).astype(float) / n for name, p in places.items()}


def _with(method, recurrent):
    """A view of a network with other recurrent weights, (n, n)."""
    other, place = copy.copy(method), method.architecture.projections[1]
    other.synaptic = method.synaptic | {place.key("w"): place.flat(recurrent, method.options.seed)}
    return other


def stronger(method, factor):
    """A view of a network whose recurrent weights are so many times as strong."""
    return _with(method, factor * method.weights()["recurrent1"])


def asymmetric(method, seed=1):
    """A view of a network whose recurrent weights below the diagonal have changed places at random."""
    w = method.weights()["recurrent1"].copy()
    below = np.tril_indices_from(w, -1)
    w[below] = stream(seed, "asymmetric").permutation(w[below])
    return _with(method, w)


def slower(method, factor):
    """The same network with stimulus epochs so many times as long, and its weights: another one to compile."""
    other = method.of(replace(method.options, steps=factor * method.options.steps), method.data, method.report)
    other.synaptic = {name: method.synaptic[name] for name in other.synaptic}
    return other


def eigenvalues(method):
    """Least and greatest real part of the eigenvalues of the recurrent weights; below 1 all rates settle."""
    of_w = np.linalg.eigvals(rates_of(method).W).real
    return float(of_w.min()), float(of_w.max())


def cosines(method, samples):
    """Of the rule's weight changes with the implicit gradient: dict of F, W, R -> float.

    The rule changes w_ij and w_ji alike; so does the gradient with which W is compared, that of symmetric weights.
    """
    exact = rates_of(method).gradient(method.shown(samples), method.data.labels[samples])
    symmetric = exact["W"] + exact["W"].T
    np.fill_diagonal(symmetric, 0)
    found = local_update(method, samples)
    return {name: cosine(found[name], one) for name, one in (exact | {"W": symmetric}).items()}


def settling(method, samples, n_steps=1000):
    """How far spiking neurons are from the fixed point after some time, relative to the length of its vector of rates.

    Parameters
    ----------
    method : `brianff.learning.equilibrium.Equilibrium`
    samples : (n,) int array
        Rows of the data set, each shown for `n_steps` from rest.

    Returns
    -------
    steps : (k,) int array
        At whose end one looks; averages are those of their second half.
    of_spikes, of_currents : (n, k) arrays
        Relative errors of the rates of spikes, and of those by the rule: currents, averaged and cut off.
    """
    a = method.architecture.with_(batch=1, n_steps=n_steps, carry_over=False, total_steps=None)
    rows = np.arange(len(samples))
    schedule = Schedule.evaluation(rows, np.full(len(rows), LABEL_NONE), EVALUATION_PRESENTATIONS + rows, 1)
    shown = method.shown(samples)
    recording = record_presentations(method.composition, a, method.inputs(architecture=a), shown, schedule)
    exact = rates_of(method).fixed_point(shown)
    neurons, times = recording.spikes(1)
    raster = np.zeros((a.sizes[1], len(rows) * n_steps))
    per_step = float(method.composition.parameters["tau_m"]) * 1e3 / a.dt_ms
    np.add.at(raster, (neurons, np.round(times / a.dt_ms).astype(int)), per_step)
    currents = np.asarray(recording.trace("u"))[:, : raster.shape[1]]
    steps = np.unique(np.geomspace(4, n_steps, 25).astype(int) // 2 * 2)
    summed = [np.cumsum(one.reshape(len(one), len(rows), n_steps), axis=2) for one in (raster, currents)]
    errors = []
    for total in summed:
        means = (total[:, :, steps - 1] - total[:, :, steps // 2 - 1]) / (steps - steps // 2)
        off = np.clip(means, 0, 1) - exact.T[:, :, None]
        errors.append(np.linalg.norm(off, axis=0) / np.linalg.norm(exact, axis=1)[:, None])
    return steps, *errors


def within(steps, errors, limit):
    """The first of `steps` from which on the mean of `errors`, (n, k), stays below a limit; None: not yet."""
    above = np.flatnonzero(errors.mean(axis=0) > limit)
    after = above[-1] + 1 if len(above) else 0
    return int(steps[after]) if after < len(steps) else None
