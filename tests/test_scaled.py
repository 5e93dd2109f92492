"""Traces that no time step touches in compiled C++: which they are, and that they are what the equations say."""

import numpy as np
import pytest
from brian2 import ms
from conftest import ROOT
from test_network import SMALL, stimulus

from brianff.devices import DeviceError
from brianff.devices.cpp import CppSimulator
from brianff.devices.runtime import RuntimeSimulator
from brianff.equations.compose import compose
from brianff.errors import OptionError
from brianff.network.architecture import Architecture
from brianff.network.layers import Dense, Layer
from brianff.network.scaled import scaled_traces
from brianff.values import Distribution


def found(composition=None, **changes):
    a = Architecture(**{"n_pixels": 30, "n_classes": 3, "layers": (20, 15), "n_steps": 50} | changes)
    return [scaled.names for scaled in scaled_traces(composition or compose(), a)]


def test_those_of_the_default_models():
    assert found() == [["x", "z"], ["I_syn", "x", "z"], ["I_syn", "x"]]


@pytest.mark.parametrize(
    "composition, changes, expected",
    [
        (None, dict(carry_over=True), []),  # never 1 again
        (compose(parameters={"tau_x": 1 * ms}), {}, ["I_syn"]),  # 50 time constants in a stimulus epoch
        (compose(parameters={"tau_x": 8 * ms}), {}, ["I_syn", "x"]),  # an integral would lose digits
        (compose(parameters={"tau_syn": Distribution("100*ms*exp(0.1*normal())")}), {}, ["x", "z"]),
        (compose(models=dict(neuron="two_exponential")), {}, ["x", "z"]),  # the threshold reads A and B
        (compose(models=dict(neuron="adex")), {}, []),
    ],
    ids=["stream", "fast", "integral", "distribution", "threshold", "method"],
)
def test_what_cannot_be_scaled(composition, changes, expected):
    if composition is not None and "tau_syn" in composition.parameters:
        assert "I_syn" in found(compose())[1]
    assert found(composition, **changes)[1] == expected


def test_an_integral_of_what_arriving_spikes_change_is_left_alone(tmp_path):
    """It would have to change with every spike that arrives."""
    text = (ROOT / "models" / "neurons" / "lif.py").read_text()
    path = tmp_path / "charge.py"
    path.write_text(text.replace("\ndI_syn/dt", "\ndtotal/dt = I_syn/tau_m : 1\ndI_syn/dt", 1))
    assert found(compose(models=dict(neuron=str(path))))[1] == ["I_syn", "x", "z"]


@pytest.mark.compiler
@pytest.mark.parametrize("dtype, rtol", [("float64", 1e-9), ("float32", 2e-3)])
@pytest.mark.parametrize(
    "models, layers",
    [
        (dict(), (20, 15)),
        (dict(encoder="poisson_rate", rule="r_stdp"), (20, 15)),
        (dict(rule="local_readout"), (Layer(20, recurrent=Dense(delay=2, gain=0.1)), 15)),
    ],
    ids=["symba", "r_stdp", "recurrent"],
)
def test_the_same_as_integrated(models, layers, dtype, rtol):
    """NumPy integrates the equations as they are written."""
    a = Architecture(30, 3, layers, label_neurons=4, batch=3, n_steps=40, capacity=8, images=12, dtype=dtype)
    composition = compose(models=models)
    inputs, schedule = stimulus(SMALL, np.random.default_rng(3))
    inputs |= a.inputs(1)
    for projection in a.projections:
        inputs[projection.key("w")] = projection.normal(1, 4.0)
        inputs[projection.key("plastic")] = True
    n = len(schedule)
    reference, compiled = RuntimeSimulator(a, composition), CppSimulator(a, composition)
    assert all(scaled.names for scaled in compiled.scaled)
    names = [(f"record_{v}{level}", v) for level in (1, 2) for v in ("g", "x")]
    expected = [reference.run(inputs, n).recorded(*name, n) for name in names]
    with compiled.run(inputs, n) as results:
        for (name, variable), values in zip(names, expected, strict=True):
            assert values.max() > 0.1
            np.testing.assert_allclose(results.recorded(name, variable, n), values, rtol=rtol, atol=rtol)


@pytest.mark.compiler
def test_a_run_cannot_ask_for_more_than_the_network_was_compiled_for():
    compiled = CppSimulator(SMALL, compose())
    inputs, schedule = stimulus(SMALL, np.random.default_rng(3))
    with pytest.raises(OptionError, match=r"neurons1: 'x' decays by 80 time constants .* at most 5:"):
        compiled.run(inputs | {"neurons1.tau_x": 0.5e-3}, len(schedule))


@pytest.mark.compiler
def test_traces_that_are_not_wanted():
    """They take no room, and are missed with a sentence; the goodness is there."""
    a, composition = SMALL, compose()
    inputs, schedule = stimulus(a, np.random.default_rng(3))
    for simulator in (RuntimeSimulator(a, composition), CppSimulator(a, composition)):
        with simulator.run(inputs | {"layer0.traces_wanted": False}, len(schedule)) as results:
            assert results.recorded("record_g1", "g", len(schedule)).shape == (len(schedule), a.batch)
            with pytest.raises(DeviceError, match=r"'record_x1.x' was not recorded in this run"):
                results.recorded("record_x1", "x", len(schedule))
