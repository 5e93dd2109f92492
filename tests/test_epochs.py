"""Stimulus epochs of unequal length, silent gaps between them, and state that goes on from one to the next."""

import numpy as np
import pytest
from conftest import campaign
from test_layers import TINY, inputs_of, schedule_of, spikes_of

from brianff.devices.cpp import CppSimulator
from brianff.devices.runtime import RuntimeSimulator
from brianff.equations.compose import compose
from brianff.equations.kinds import FEEDBACK
from brianff.network.architecture import Architecture
from brianff.network.continuous import state_of
from brianff.trains import SpikeTrains

LAYERS = (9, 7)
EQUAL = Architecture(layers=LAYERS, **TINY)
UNEQUAL = EQUAL.with_(total_steps=400)


def recorded(results, a, n):
    return [results.recorded(f"record_{v}{level}", v, n) for level in range(1, a.depth + 1) for v in "gx"]


def test_equal_lengths_are_a_special_case():
    found = []
    for a in (EQUAL, UNEQUAL):
        inputs, schedule = inputs_of(a)
        results = RuntimeSimulator(a, compose()).run({**inputs, **schedule.inputs(a)}, len(schedule))
        found.append([*recorded(results, a, len(schedule)), *(results[p.key("w")] for p in a.projections)])
        assert np.abs(found[-1][-1] - inputs["synapses2.w"]).max() > 1e-4
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("models", "changes"),
    [
        ({}, {}),
        (dict(goodness="mean_rate", rule="forward_forward"), {}),
        (dict(encoder="spike_times"), dict(events=60)),
        (dict(encoder="poisson_rate", goodness="mean_rate"), {}),
    ],
    ids=lambda m: "-".join(map(str, m.values())) or "default",
)
def test_each_epoch_is_what_it_is_in_a_run_of_epochs_of_its_length(models, changes):
    """Goodness and traces at its end, and what it learns: T_epoch is its own length."""
    steps, phases = np.array([30, 12, 12, 47]), [0, 1, -1, 0]
    unequal = UNEQUAL.with_(**changes)
    w = {p.key("w"): p.normal(1, 5.0) for p in unequal.projections}
    rng = np.random.default_rng(1)
    images = rng.uniform(0.2, 1, (8, 12))
    if unequal.events:
        images = SpikeTrains.of_spikes(*(rng.integers(n, size=60) for n in (8, 12, 12)), 8, 12)
    common = {**w, **compose(models=models).plasticity(unequal, (1, 2)), "neurons0.seed": 3}
    schedule = schedule_of(phases, steps)
    results = RuntimeSimulator(unequal, compose(models=models)).run({**common, **schedule.inputs(unequal, images)}, 4)
    of_all, dw = recorded(results, unequal, 4), [results[p.key(v)] for p in unequal.projections for v in ("w", "dw")]
    assert all(values.any() for values in of_all)
    for length in (12, 47):
        a = EQUAL.with_(n_steps=length, **changes)
        alone = RuntimeSimulator(a, compose(models=models)).run({**common, **schedule_of(phases).inputs(a, images)}, 4)
        for values, expected in zip(of_all, recorded(alone, a, 4), strict=True):
            np.testing.assert_allclose(values[steps == length], expected[steps == length], rtol=1e-12)
        if length == 12:
            for one, other in zip(dw, (alone[p.key(v)] for p in a.projections for v in ("w", "dw")), strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-15)
            assert np.abs(dw[1]).max() > 0 or np.any(dw[0] != w["synapses1.w"])


@pytest.mark.compiler
@pytest.mark.parametrize("carry_over", [True, False][: campaign(2, 1)])
def test_numpy_and_cpp_agree(carry_over):
    """Also where a run has fewer epochs and steps than were compiled in."""
    a = UNEQUAL.with_(carry_over=carry_over)
    steps, phases = np.array([30, 12, 5, 12, 47]), [0, 1, 0, -1, 0]
    schedule = schedule_of(phases, steps, silent=[2])
    inputs = inputs_of(a)[0] | schedule.inputs(a)
    found = []
    for kind in (RuntimeSimulator, CppSimulator):
        results = kind(a, compose(), record=True).run(inputs, len(schedule))
        found.append([*recorded(results, a, 5), *spikes_of(results, 1), *(results[p.key("w")] for p in a.projections)])
    assert found[0][4].size > 30 and found[0][5].max() < 0.107
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_state_goes_on():
    """Membrane, current and goodness trace are in the next step what they were; means over the epoch begin anew."""
    a = EQUAL.with_(carry_over=True, batch=1)
    schedule = schedule_of([0, 0], batch=1, silent=[1])
    inputs = inputs_of(a)[0] | schedule.inputs(a)
    traces = {}
    for carry_over in (True, False):
        simulator = RuntimeSimulator(a.with_(carry_over=carry_over), compose(), record=True)
        simulator.run(inputs, 2)
        monitor = simulator.built.traces["neurons1"]
        traces[carry_over] = {name: np.array(getattr(monitor, name))[:, 28:32] for name in ("I_syn", "x", "z")}
    decay = np.exp(-1 / 100)  # of a step; the input is silent now
    last, first = ({name: values[:, k] for name, values in traces[True].items()} for k in (1, 2))
    assert np.abs(last["I_syn"]).max() > 0.1 and last["x"].max() > 0.1 and last["z"].max() > 0.1
    np.testing.assert_allclose(first["I_syn"], decay * last["I_syn"], rtol=1e-6)
    assert np.all(first["x"] >= decay * last["x"] * (1 - 1e-9))
    assert first["z"].max() < last["z"].max() / 5
    assert not any(values[:, 2].any() for values in traces[False].values())


def test_what_goes_on():
    assert state_of(compose()) >= {"v", "I_syn", "x", "G"}
    assert "z" not in state_of(compose(models=dict(neuron="adex")))
    assert {"A", "B"} <= state_of(compose(FEEDBACK))


@pytest.mark.parametrize(
    ("a", "steps", "message"),
    [
        (EQUAL, [3, 4], "need an Architecture with total_steps"),
        (UNEQUAL, [3], "as many lengths"),
        (UNEQUAL, [3, 0], "at least one time step"),
        (UNEQUAL, [300, 101], "400 together"),
    ],
)
def test_lengths_that_no_run_can_have(a, steps, message):
    with pytest.raises(ValueError, match=message):
        schedule_of([1, -1], np.array(steps)).inputs(a)


def test_outputs_of_each_epoch_are_what_they_are_alone():
    """Of a network with targets: spike counts of the output neurons."""
    a = EQUAL.with_(layers=(9, 3), label_neurons=0, total_steps=400)
    steps = np.array([30, 12, 47])
    common = {"images": np.random.default_rng(1).uniform(0.2, 1, (8, 12)), "neurons0.seed": 3}
    common |= {p.key("w"): p.normal(1, 8.0) for p in a.projections}
    composition = compose(FEEDBACK)
    found = RuntimeSimulator(a, composition).run({**common, **schedule_of([0, 0, 0], steps).inputs(a)}, 3)
    counts = found.recorded("record_output", "n_spikes", 3)
    assert counts[2].sum() > 3
    for k, length in enumerate(steps):
        equal = a.with_(n_steps=int(length), total_steps=None)
        alone = RuntimeSimulator(equal, composition).run({**common, **schedule_of([0, 0, 0]).inputs(equal)}, 3)
        np.testing.assert_array_equal(counts[k], alone.recorded("record_output", "n_spikes", 3)[k])
