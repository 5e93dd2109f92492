"""Exact, event-driven reference of the soft-reset two-exponential neuron and of its spike-time derivatives.

The neuron of Bacho & Chu (2024, arXiv 2403.08804), membrane time constant tau = 2 tau_s and threshold c = theta/tau::

    u = B - A                 membrane potential
    dA/dt = -A/tau_s          input spike of weight w: A += w
    dB/dt = -B/tau            input spike of weight w: B += w
    spike when u reaches c:   B -= c   (so u = 0 after a spike)

Between two events, with x = exp(-t/tau), u(t) = B x - A x^2: the next crossing of c is the root of a quadratic. Hence
du/dt = (A - u)/tau, and A > c at every upward crossing.

Times, time constants and `theta` are in seconds; weights, A, B, u and c have no unit, so the derivative of a spike time
with respect to a weight is in seconds. Everything is float64, and nothing is random.

Gradient convention. The loss 1/2 sum_o (y_o - n_o)^2 of the spike counts n is piecewise constant. The rule puts -1 in
the place of dn_o/dt_k for each output spike k (a spike that comes earlier makes room for more), so that
dL/dw = sum_o err_o sum_k dt_k/dw with err = y - n: the exact derivative of

    S(w) = sum_o err_o sum_k t_k^o          at constant err

which `backward` computes and finite differences of S check. For the weights of the output layer it is err_o e_oh.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Neuron:
    """Synaptic time constant `tau_s` (s) and threshold `theta` (s) of a neuron; tau = 2 tau_s, c = theta/tau."""

    tau_s: float = 0.130
    theta: float = 0.2

    @property
    def tau(self):
        return 2 * self.tau_s

    @property
    def c(self):
        return self.theta / self.tau


@dataclass(frozen=True)
class Spikes:
    """Spikes of a layer in order of time: `source` (int), `time` (s), `A` of the neuron there (NaN for inputs)."""

    source: np.ndarray
    time: np.ndarray
    A: np.ndarray

    def counts(self, n):
        return np.bincount(self.source, minlength=n)


def input_spikes(source, time):
    """Spikes of an input layer from unordered arrays of neuron indices and times (s)."""
    source, time = np.asarray(source, dtype=int), np.asarray(time, dtype=float)
    order = np.argsort(time, kind="stable")
    return Spikes(source[order], time[order], np.full(len(time), np.nan))


def next_crossing(A, B, neuron):
    """Time (s) until u = B - A reaches c from below when no input comes; infinity if it never does.

    A x^2 - B x + c = 0 with x = exp(-t/tau): the larger root is the first crossing and the upward one, where A x^2 > c.
    With u < c now there is none unless A > 0 and 0 < x < 1. A potential at or above c already crosses at once.
    """
    if B - A >= neuron.c:
        return 0.0
    discriminant = B * B - 4 * A * neuron.c
    if A <= 0 or B <= 0 or discriminant <= 0:
        return np.inf
    x = (B + np.sqrt(discriminant)) / (2 * A)
    return -neuron.tau * np.log(x) if x < 1 else np.inf


def simulate(weights, inputs, neuron, t_end):
    """Spike times and the values of A there of one neuron with one weight an input neuron, up to `t_end` (s)."""
    A = B = now = 0.0
    times, values = [], []
    arrivals = [(t, weights[j]) for j, t in zip(inputs.source, inputs.time, strict=True) if t < t_end]
    for arrival, weight in [*arrivals, (t_end, 0.0)]:
        while (wait := next_crossing(A, B, neuron)) < arrival - now:
            A, B, now = A * np.exp(-wait / neuron.tau_s), B * np.exp(-wait / neuron.tau), now + wait
            times.append(now)
            values.append(A)
            B = A  # B - c, since u = c here; subtracting would leave u a rounding error away from 0
        A = A * np.exp(-(arrival - now) / neuron.tau_s) + weight
        B = B * np.exp(-(arrival - now) / neuron.tau) + weight
        now = arrival
    return np.array(times), np.array(values)


def layer(weights, inputs, neuron, t_end):
    """Spikes of a layer; `weights` is (neurons, inputs)."""
    trains = [simulate(row, inputs, neuron, t_end) for row in weights]
    source = np.repeat(np.arange(len(trains)), [len(times) for times, _ in trains])
    time, A = (np.concatenate([train[i] for train in trains]) if trains else np.empty(0) for i in (0, 1))
    order = np.argsort(time, kind="stable")
    return Spikes(source[order], time[order], A[order])


def network(weights, inputs, neurons, t_end):
    """Spikes of every layer of a feed-forward network, the inputs first; one matrix and one `Neuron` a layer."""
    spikes = [inputs]
    for matrix, neuron in zip(weights, neurons, strict=True):
        spikes.append(layer(matrix, spikes[-1], neuron, t_end))
    return spikes


def spike_time_gradients(weights, inputs, neuron, t_end, bounded=False):
    """dt_k/dw_j (s) of each spike k of one neuron, (spikes, inputs), by the forward recursion of the online rule.

    With traces a_j (tau_s) and b_j (tau), both += 1 at an input spike, at output spike k

        g_k = tau (a - b)/(A - c);   b -= (c/tau) g_k   (the effect of this spike on later ones)

    and the eligibility is e = sum_k g_k. `bounded` puts A in the place of A - c, for a factor that stays finite when
    the membrane grazes the threshold; the result is then no longer the exact derivative.
    """
    times, values = simulate(weights, inputs, neuron, t_end)
    a, b, now, gradients = np.zeros(len(weights)), np.zeros(len(weights)), 0.0, []
    events = [(t, 0, j) for j, t in zip(inputs.source, inputs.time, strict=True)]
    events += [(t, 1, k) for k, t in enumerate(times)]
    for t, is_output, index in sorted(events):
        a, b, now = a * np.exp(-(t - now) / neuron.tau_s), b * np.exp(-(t - now) / neuron.tau), t
        if is_output:
            gradient = neuron.tau * (a - b) / (values[index] - (0 if bounded else neuron.c))
            gradients.append(gradient)
            b = b - neuron.c / neuron.tau * gradient
        else:
            a[index] += 1
            b[index] += 1
    return np.array(gradients).reshape(len(times), len(weights))


def eligibility(weights, inputs, neuron, t_end, bounded=False):
    """e_hj = sum_k dt_k/dw_hj (s) of a layer, (neurons, inputs)."""
    return np.array([spike_time_gradients(row, inputs, neuron, t_end, bounded).sum(axis=0) for row in weights])


def backward(weights, spikes, neurons, errors):
    """Exact dS/dw of every weight matrix, by backpropagation through the spike times; S = sum_o errors_o sum_k t_k^o.

    With an adjoint dS/dt for each spike (errors_o at the outputs), in reverse order of time, s = adjoint_k tau/(A_k-c),
    alpha = exp(-(t_k - t_i)/tau_s) and beta = exp(-(t_k - t_i)/tau):

        dS/dw_j   += s (alpha - beta)                        for each earlier spike i of input neuron j
        adjoint_i += s w_j (alpha/tau_s - beta/tau)          for each earlier spike i of input neuron j
        adjoint_m += s (c/tau) exp(-(t_k - t_m)/tau)         for each earlier spike m of the same neuron (soft reset)
    """
    adjoint = np.asarray(errors, dtype=float)[spikes[-1].source]
    gradients = []
    for matrix, neuron, pre, post in zip(weights[::-1], neurons[::-1], spikes[-2::-1], spikes[:0:-1], strict=True):
        gradient, adjoint_pre = np.zeros_like(matrix), np.zeros(len(pre.time))
        for k in reversed(range(len(post.time))):
            h, t = post.source[k], post.time[k]
            scale = adjoint[k] * neuron.tau / (post.A[k] - neuron.c)
            own = np.flatnonzero(post.source[:k] == h)
            adjoint[own] += scale * neuron.c / neuron.tau * np.exp(-(t - post.time[own]) / neuron.tau)
            earlier = np.flatnonzero(pre.time < t)
            j, age = pre.source[earlier], t - pre.time[earlier]
            alpha, beta = np.exp(-age / neuron.tau_s), np.exp(-age / neuron.tau)
            np.add.at(gradient[h], j, scale * (alpha - beta))
            adjoint_pre[earlier] += scale * matrix[h, j] * (alpha / neuron.tau_s - beta / neuron.tau)
        gradients.insert(0, gradient)
        adjoint = adjoint_pre
    return gradients


def finite_difference(function, x, step):
    """Derivative of `function` (scalar or array valued) along every entry of x: central differences of step and 2 step,
    combined so that the error is of order step^4. The entries of x are the last axes of the result."""
    x = np.asarray(x, dtype=float)
    columns = []
    for index in np.ndindex(x.shape):
        unit = np.zeros_like(x)
        unit[index] = step
        near = function(x + unit) - function(x - unit)
        far = function(x + 2 * unit) - function(x - 2 * unit)
        columns.append((8 * near - far) / (12 * step))
    columns = np.array(columns)
    return np.moveaxis(columns.reshape(x.shape + columns.shape[1:]), range(x.ndim), range(-x.ndim, 0))


def relative_error(value, reference):
    """Norm of the difference relative to the norm of the reference."""
    return np.linalg.norm(np.asarray(value) - reference) / np.linalg.norm(reference)
