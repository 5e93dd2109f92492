"""The event-driven reference of spike-time learning against finite differences and a fine clocked integration."""

import numpy as np
import pytest
from conftest import campaign

from brianff.studies.event_driven import (
    Neuron,
    backward,
    eligibility,
    finite_difference,
    input_spikes,
    network,
    next_crossing,
    relative_error,
    simulate,
    spike_time_gradients,
)
from brianff.studies.gradient_check import STEP, T_END, finite_difference_error, neuron_trial, smooth

HIDDEN = Neuron(theta=0.2)


def network_trial(seed, sizes):
    """A small random network with two output spikes or more: (weights, inputs, neurons)."""
    rng = np.random.default_rng(seed)
    neurons = [Neuron(theta=0.05)] * (len(sizes) - 1)
    while True:
        weights = [rng.uniform(-0.5, 1, (post, pre)) for pre, post in zip(sizes[:-1], sizes[1:], strict=True)]
        inputs = input_spikes(rng.integers(sizes[0], size=sizes[0]), rng.uniform(0, 0.1, sizes[0]))
        layers = network(weights, inputs, neurons, T_END)
        if len(layers[-1].time) >= 2 and all(map(smooth, layers, layers[1:], neurons)):
            return weights, inputs, neurons


def test_crossing_solves_the_membrane_equation():
    rng = np.random.default_rng(0)
    found = 0
    for A, B in rng.uniform(-3, 8, (500, 2)):
        t = np.linspace(0, 1, 4001)
        u = B * np.exp(-t / HIDDEN.tau) - A * np.exp(-t / HIDDEN.tau_s)
        above = np.flatnonzero(u >= HIDDEN.c)
        crossing = next_crossing(A, B, HIDDEN)
        if len(above):
            found += 1
            assert t[above[0]] - t[1] <= crossing <= t[above[0]]
        else:
            assert crossing > 1 or B * B - 4 * A * HIDDEN.c < 1e-3
    assert found > 100


def test_spike_times_match_a_fine_clock():
    step = 1e-6
    weights, inputs = next(t for t in map(neuron_trial, range(60)) if len(simulate(*t, HIDDEN, T_END)[0]) >= 3)
    A = B = 0.0
    clocked, arrivals = [], list(zip(inputs.time, weights[inputs.source], strict=True))
    for n in range(round(T_END / step)):
        A, B = A * np.exp(-step / HIDDEN.tau_s), B * np.exp(-step / HIDDEN.tau)
        if B - A >= HIDDEN.c:
            clocked.append((n + 1) * step)
            B -= HIDDEN.c
        while arrivals and arrivals[0][0] < (n + 1) * step:
            weight = arrivals.pop(0)[1]
            A, B = A + weight, B + weight
    times, _ = simulate(weights, inputs, HIDDEN, T_END)
    np.testing.assert_allclose(times, clocked, atol=20 * step)


@pytest.mark.parametrize("seed", range(campaign(60, 20)))
def test_online_derivative_is_exact(seed):
    """dt_k/dw of every spike of a neuron with 100 inputs, its own earlier spikes included."""
    weights, inputs = neuron_trial(seed)
    gradient = spike_time_gradients(weights, inputs, HIDDEN, T_END)
    assert finite_difference_error(weights, inputs) <= 1e-6
    np.testing.assert_allclose(eligibility(weights[None], inputs, HIDDEN, T_END)[0], gradient.sum(axis=0))


def test_earlier_spikes_matter():
    """Without the correction of b at the neuron's own spikes, derivatives of later spikes are wrong."""
    weights, inputs = next(t for t in map(neuron_trial, range(60)) if len(simulate(*t, HIDDEN, T_END)[0]) >= 4)
    times, A = simulate(weights, inputs, HIDDEN, T_END)
    exact = spike_time_gradients(weights, inputs, HIDDEN, T_END)
    age = times[-1] - inputs.time
    kernel = np.where(age > 0, np.exp(-age / HIDDEN.tau_s) - np.exp(-age / HIDDEN.tau), 0)
    without = np.bincount(inputs.source, kernel, len(weights)) * HIDDEN.tau / (A[-1] - HIDDEN.c)
    assert relative_error(without, exact[-1]) > 0.1


def test_bounded_denominator_keeps_the_direction():
    cosines = []
    for seed in range(60):
        weights, inputs = neuron_trial(seed)
        exact, bounded = (
            spike_time_gradients(weights, inputs, HIDDEN, T_END, bounded=b).sum(axis=0) for b in (False, True)
        )
        cosines.append(exact @ bounded / np.linalg.norm(exact) / np.linalg.norm(bounded))
        assert np.linalg.norm(bounded) < np.linalg.norm(exact)
    assert np.median(cosines) > 0.99


@pytest.mark.parametrize("seed", range(campaign(30, 10)))
@pytest.mark.parametrize("sizes", [(12, 5, 2), (8, 4, 4, 2)], ids=["one hidden layer", "two hidden layers"])
def test_backpropagation_through_spike_times_is_exact(seed, sizes):
    """dS/dw of every matrix, S = sum_o err_o sum_k t_k, against finite differences of the output spike times."""
    weights, inputs, neurons = network_trial(seed, sizes)
    errors = np.random.default_rng(1000 + seed).uniform(-2, 15, sizes[-1])
    gradients = backward(weights, network(weights, inputs, neurons, T_END), neurons, errors)

    for index, gradient in enumerate(gradients):

        def weighted_times(matrix, index=index):
            spikes = network([*weights[:index], matrix, *weights[index + 1 :]], inputs, neurons, T_END)[-1]
            return np.sum(errors[spikes.source] * spikes.time)

        numeric = finite_difference(weighted_times, weights[index], STEP)
        assert relative_error(gradient, numeric) <= 1e-6

    # At the outputs, backpropagation is the online rule.
    layers = network(weights, inputs, neurons, T_END)
    online = errors[:, None] * eligibility(weights[-1], layers[-2], neurons[-1], T_END)
    np.testing.assert_allclose(gradients[-1], online, rtol=1e-9, atol=1e-12)
