"""Exact gradients carried forward in time, the terms that rules drop, and the time step made from a model's strings."""

from dataclasses import replace

import numpy as np
import pytest
from brian2 import Equations, Network, NeuronGroup, SpikeGeneratorGroup, SpikeMonitor, Synapses, ms
from conftest import ROOT

from brianff.equations.integration import default_method
from brianff.equations.model import load
from brianff.equations.text import declare
from brianff.errors import ModelError, OptionError
from brianff.studies.gradients_in_time import (
    DEEP,
    RECURRENT,
    RULES,
    compare,
    cosine,
    exact_by_differences,
    faster,
    gradient,
    loss,
    network,
    task,
    train,
)
from brianff.studies.neuron_step import NeuronStep

SMALL = dict(n_in=5, n=6)
NEURONS = ("lif", "lif_adaptive", "spike_response", "quadratic_if")


def step_of(neuron, **more):
    return NeuronStep(neuron, parameters=faster(neuron), **more)


@pytest.mark.parametrize("kind", [RECURRENT, DEEP])
@pytest.mark.parametrize("neuron", NEURONS[:3])  # the membrane of the last one is far from its threshold
def test_the_exact_gradient_is_that_of_finite_differences(neuron, kind):
    net, given = network(kind, step_of(neuron), 3, **SMALL), task(3, n_steps=40, n_in=5)
    exact = exact_by_differences(net, given)
    assert np.abs(exact[net.n_in :]).max() > 1e-4  # of the synapses between neurons, too
    np.testing.assert_allclose(gradient(net, given, soft=True), exact, rtol=0, atol=1e-7 * np.abs(exact).max())


@pytest.mark.parametrize("neuron", NEURONS)
def test_the_network_spikes_as_brian2s(neuron):
    """The same strings in a `NeuronGroup` with `Synapses`: every spike in the same time step."""
    model, net, given = load("neuron", neuron), network(RECURRENT, step_of(neuron), 1), task(1)
    parameters = model.parameters | faster(neuron) | {"gain_below": 1.0}
    used = {k: v for k, v in parameters.items() if k in f"{model['equations']}{model['threshold']}{model['reset']}"}
    neurons = NeuronGroup(
        24, Equations(f"{model['equations']}\n{declare(used)}"), threshold=model["threshold"], reset=model["reset"],
        method=model["method"] or default_method(model["equations"])[0], dt=1 * ms,
    )  # fmt: skip
    for name, value in used.items():
        setattr(neurons, name, value)
    steps, channels = np.nonzero(given.spikes)
    channel = SpikeGeneratorGroup(20, channels, steps * ms, dt=1 * ms)
    joined = []
    for source, weights in ((channel, net.weights[:20]), (neurons, net.weights[20:])):
        synapses = Synapses(source, neurons, "w : 1", on_pre=model["on_pre"], dt=1 * ms)
        i, j = np.nonzero(weights)
        synapses.connect(i=i, j=j)
        synapses.w = weights[i, j]
        joined.append(synapses)
    monitor = SpikeMonitor(neurons)
    Network(neurons, channel, *joined, monitor).run(200 * ms)
    # and here
    step, state, own = net.step, np.zeros((24, len(net.step.names))), []
    for t, arriving in enumerate(given.spikes):
        state = step.integrate(state)
        z = (step.distance(state) > 0).astype(float)
        state[:, step.target] += np.concatenate([arriving, z]) @ net.weights
        state += z[:, None] * (step.reset(state) - state)
        own += [(t, int(k)) for k in np.flatnonzero(z)]
    assert len(own) >= 10 and loss(net, given)[1] == len(own)
    assert sorted(zip(np.rint(monitor.t / ms).astype(int).tolist(), monitor.i[:].tolist(), strict=True)) == own


def test_what_rules_drop():
    """In a layer without synapses of its own nothing goes on to others; without a slow variable none is dropped."""
    net, given = network(RECURRENT, step_of("lif"), 2, **SMALL), task(2, n_steps=80, n_in=5)
    alone = replace(net, weights=np.where(np.arange(11)[:, None] < 5, 2 * net.weights, 0))
    alone = replace(alone, synapses=alone.weights != 0)
    exact = gradient(alone, given)
    assert np.abs(exact).max() > 1e-3
    np.testing.assert_allclose(gradient(alone, given, RULES["block_diagonal"]), exact, rtol=1e-9, atol=1e-15)
    e_prop = RULES["e_prop"]
    assert cosine(gradient(alone, given, e_prop), exact) < 1 - 1e-6  # it has no reset
    same = gradient(alone, given, replace(e_prop, slow=False))
    np.testing.assert_array_equal(same, gradient(alone, given, e_prop))
    adaptive = replace(alone, step=step_of("lif_adaptive"))
    assert cosine(gradient(adaptive, given, e_prop), gradient(adaptive, given, replace(e_prop, slow=False))) < 1 - 1e-6


def test_e_prop_is_that_of_its_string():
    """The eligibility as models/rules/e_prop.py has it, step by step, for the threshold that adapts."""
    step = step_of("lif_adaptive")
    net, given = network(RECURRENT, step, 4, **SMALL), task(4, n_steps=120, n_in=5)
    net = replace(net, weights=2.5 * net.weights)
    p = {
        k: float(np.asarray(v)) for k, v in (load("neuron", "lif_adaptive").parameters | faster("lif_adaptive")).items()
    }
    keep = {tau: np.exp(-1e-3 / p[tau]) for tau in ("tau_m", "tau_syn", "tau_a")}
    jump_of_v = np.diff(step.integrate(np.eye(4)[[3, 0]])[:, 2])[0]  # of the membrane in a step, by a current of 1
    state = np.zeros((6, 4))
    response = current = np.zeros(11)
    eligibility = slow = np.zeros((11, 6))
    memory, total = np.exp(-1e-3 / 30e-3), np.zeros((11, 6))
    for arriving, wanted in zip(given.spikes, given.target, strict=True):
        response, current = keep["tau_m"] * response + jump_of_v * current, keep["tau_syn"] * current
        state = step.integrate(state)
        z, psi = (step.distance(state) > 0).astype(float), step.surrogate(state)
        slow = keep["tau_a"] * slow
        change = psi * (response[:, None] - slow)
        eligibility, slow = memory * eligibility + change, slow + p["jump"] * change
        current = current + np.concatenate([arriving, z])
        state[:, step.target] += np.concatenate([arriving, z]) @ net.weights
        state += z[:, None] * (step.reset(state) - state)
        total += (net.readout @ (state[:, -1] @ net.readout - wanted)) * eligibility
    assert state[:, 1].max() > 0.05  # the threshold has risen
    found = gradient(net, given, RULES["e_prop"])
    np.testing.assert_allclose(found, np.where(net.synapses, total, 0) / 120, rtol=1e-9, atol=1e-14)


def test_training_and_the_row_of_a_comparison():
    row = compare(DEEP, "lif", 1, n_updates=1, checks=2, parameters=faster("lif"))
    assert row["updates"] == [0, 1] and row["rate"] > 1 and set(row["loss"]) == set(RULES)
    assert set(row["cosine"]) == set(RULES) - {"exact"} and list(row["cosine"]["e_prop"]) == ["1", "2", "3"]
    np.testing.assert_allclose(row["cosine"]["block_diagonal"]["3"], 1)  # nothing lies behind the last layer
    net, given = network(RECURRENT, step_of("lif"), 1), task(1)
    trained, losses = train(net, given, RULES["exact"], 8, 0.01)
    assert losses[-1] < 0.9 * losses[0] and loss(trained, given)[0] == losses[-1]
    assert not (trained.weights[~net.synapses]).any()
    with pytest.raises(OptionError, match="recurrent or deep, not 'wide'"):
        network("wide", net.step, 1)


@pytest.mark.parametrize(
    ("neuron", "message"),
    [
        ("lif_noise", "noise|derivative"),
        ("lif_conductance", "VARIABLE_post"),
        ("exponential_if", "refractory"),
    ],
)
def test_neurons_without_such_a_gradient_are_refused_by_name(neuron, message):
    with pytest.raises(ModelError, match=rf"{neuron}\.py.*({message})"):
        NeuronStep(neuron)


def test_parameters_of_another_name_are_refused():
    assert (ROOT / "models" / "neurons" / "lif.py").exists()
    with pytest.raises(ModelError, match="no parameter 'tau_x'"):
        NeuronStep("lif", parameters={"tau_x": 3})
