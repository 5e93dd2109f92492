"""BatchNeurons against brian2.NeuronGroup."""

import numpy as np
import pytest
from brian2 import (
    DimensionMismatchError,
    Network,
    NeuronGroup,
    SpikeMonitor,
    device,
    linked_var,
    ms,
    set_device,
)
from conftest import campaign
from hypothesis import given, settings
from hypothesis import strategies as st

from brianff.network import neurons as module
from brianff.network.dense import DenseSynapses
from brianff.network.neurons import BatchNeurons

EQUATIONS = """
dv/dt = (drive*strength_layer - v)/(10*ms) : 1 (unless refractory)
dx/dt = -x/(20*ms) : 1
drive : 1
steps : integer
ticks : integer
"""
LAYER = """
dG/dt = -G/(20*ms) : 1
strength = 1.0 + 0.5*G : 1 (constant over dt)
common : 1 (shared)
"""


def layer_of(batch):
    layer = NeuronGroup(batch, LAYER, threshold="False", reset="", method="exponential_euler")
    layer.G = np.linspace(0, 2, batch)
    layer.common = 0.25
    return layer


def build(kind, batch, n, seed, on_step="steps += 1"):
    """Neurons that read two variables of their layer; NeuronGroup needs an index for every neuron for that."""
    layer = layer_of(batch)
    options = dict(threshold="v > 1 - 0.1*x", reset="v = common_layer; x += 1", refractory=2 * ms)
    options |= dict(method="exponential_euler", name=f"{kind}_neurons*")
    if kind == "batch":
        links = {"strength_layer": (layer, "strength"), "common_layer": (layer, "common")}
        neurons = BatchNeurons(batch * n, EQUATIONS, batch=batch, links=links, on_step=on_step, **options)
    else:
        model = EQUATIONS + "strength_layer : 1 (linked)\ncommon_layer : 1 (linked)"
        neurons = NeuronGroup(batch * n, model, **options)
        neurons.strength_layer = linked_var(layer, "strength", index=np.repeat(np.arange(batch), n))
        neurons.common_layer = linked_var(layer, "common")
        neurons.state_updater.order = -1  # before the layer's own, as the pass of BatchNeurons
        neurons.run_regularly(on_step, when="thresholds", order=-1)
    neurons.run_regularly("ticks += int(strength_layer > 1.2)", dt=1 * ms)
    neurons.drive = np.random.default_rng(seed).uniform(0.5, 2.5, batch * n)
    spikes = SpikeMonitor(neurons)
    return Network(layer, neurons, spikes), neurons, spikes


def outcome(kind, *args):
    network, neurons, spikes = build(kind, *args)
    network.run(20 * ms)
    return {
        "i": np.array(spikes.i),
        "t": np.array(spikes.t / ms),
        **{name: np.array(getattr(neurons, name)) for name in ("v", "x", "steps", "ticks")},
    }


def same(ours, reference):
    for name, values in reference.items():
        np.testing.assert_allclose(ours[name], values, rtol=1e-12, err_msg=name)


@settings(max_examples=campaign(8, 4), deadline=None, derandomize=True)
@given(batch=st.integers(1, 4), n=st.integers(1, 20), seed=st.integers(0, 100))
def test_same_spikes_as_neuron_group(batch, n, seed):
    ours, reference = outcome("batch", batch, n, seed), outcome("ordinary", batch, n, seed)
    same(ours, reference)


def test_neurons_do_spike():
    """The comparison above is one of something."""
    assert len(outcome("batch", 3, 20, 1)["i"]) > 50


@pytest.mark.compiler
@pytest.mark.parametrize("n", [7, 300])  # less and more than a tile of the compiled loop
def test_compiled_as_in_numpy(tmp_path, n):
    reference = outcome("batch", 3, n, 1)
    set_device("cpp_standalone", directory=str(tmp_path))
    try:
        same(outcome("batch", 3, n, 1), reference)
    finally:
        device.reinit()
        set_device("runtime")


def test_units_of_on_step_and_threshold_are_checked():
    network, *_ = build("batch", 2, 3, 1, on_step="v = 3*ms")
    with pytest.raises(Exception) as raised:
        network.run(1 * ms)
    error = raised.value
    while error.__cause__ is not None:
        error = error.__cause__
    assert isinstance(error, DimensionMismatchError)


def test_a_batch_that_does_not_divide_is_refused():
    with pytest.raises(ValueError, match="not a multiple of batch=3"):
        BatchNeurons(10, "v : 1", threshold="v > 1", reset="", batch=3)


def test_a_layer_of_another_batch_is_refused():
    with pytest.raises(ValueError, match="has 4 elements; it needs one for each of 2 entries"):
        BatchNeurons(10, "v : 1", threshold="v > 1", reset="", batch=2, links={"q": (layer_of(4), "G")})


# -- neurons that wait for a time step --------------------------------------------------------------------------------
WAITING = "due : integer\nleft : integer\nv : 1"


@pytest.mark.parametrize(
    ("threshold", "reset", "expected"),  # nothing more in the condition, it may be later, a spike moves it
    [
        ("t_in_timesteps == due", "", (True, False, False)),
        ("t_in_timesteps == due", "due += 5", (True, False, True)),
        ("t_in_timesteps >= due", "v = 0", (True, True, True)),
        ("left > 0 and t_in_timesteps == due", "left -= 1", (False, False, False)),
        ("left > 0 or t_in_timesteps == due", "", None),
        ("not (left > 0 and t_in_timesteps == due)", "", None),
        ("t_in_timesteps > due", "", None),
        ("t_in_timesteps == due + left", "", None),
        ("t_in_timesteps == v", "", None),
    ],
)
def test_which_thresholds_wait_for_a_time_step(threshold, reset, expected, monkeypatch):
    monkeypatch.setattr(module, "in_processes", lambda: True)
    neurons = BatchNeurons(6, WAITING, threshold=threshold, reset=reset, batch=2)
    found = neurons.template_kwds["_awaited"]
    assert (found and (found["alone"], found["or_later"], found["moves"])) == expected


@pytest.mark.parametrize(
    "options", [dict(on_step="left += 1"), dict(refractory=2 * ms), dict(model=WAITING + "\ndx/dt = -x/ms : 1")]
)
def test_neurons_with_more_to_do_in_a_step_do_it(options, monkeypatch):
    monkeypatch.setattr(module, "in_processes", lambda: True)
    options = dict(model=WAITING, threshold="t_in_timesteps == due", reset="", method="euler") | options
    assert BatchNeurons(6, batch=2, **options).template_kwds["_awaited"] is None


def test_synapses_that_set_a_time_step_are_known():
    neurons = BatchNeurons(6, WAITING, threshold="t_in_timesteps == due", reset="", batch=2)
    DenseSynapses(neurons, model="w : 1", on_pre="due_post += 3; v_post += w", batch=2)
    assert neurons.set_by_synapses == {"due", "v"}
