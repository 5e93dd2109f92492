"""Parameters that differ between neurons."""

import numpy as np
import pytest
from brian2 import ms, second

from brianff.devices.cpp import CppSimulator
from brianff.devices.runtime import RuntimeSimulator
from brianff.equations.compose import compose
from brianff.equations.from_strings import Neuron
from brianff.errors import ModelError
from brianff.network.architecture import Architecture
from brianff.values import Distribution, parse_parameter, value_of

SPREAD = "20*ms*exp(0.3*normal())"


def test_values_are_those_of_the_expression():
    rng = np.random.default_rng(1)
    lognormal = value_of(SPREAD).draw(rng, 40000)
    np.testing.assert_allclose(np.log(lognormal / (20 * ms)).std(), 0.3, rtol=0.02)
    np.testing.assert_allclose(np.median(lognormal / ms), 20, rtol=0.01)
    even = value_of("5*ms + 10*ms*uniform()").draw(rng, 40000) / ms
    assert 5 <= even.min() < 5.01 and 14.99 < even.max() < 15 and abs(even.mean() - 10) < 0.05
    both = value_of("normal() - normal()").draw(rng, 40000)
    np.testing.assert_allclose(both.std(), np.sqrt(2), rtol=0.02)  # independent numbers
    assert value_of("log(3)*ms") == np.log(3) * ms and float(value_of(SPREAD)) == 0.02
    assert parse_parameter(f"neuron.tau_m={SPREAD}") == ("neuron.tau_m", Distribution(SPREAD))


@pytest.mark.parametrize(
    "text, message",
    [
        ("20*ms*nomal()", "there is no function 'nomal'; there are abs, clip"),
        ("normal(3)*ms", r"normal\(\) takes no arguments"),
        ("log(normal())*ms", "not all finite"),
        ("20*ms*normal(", "never closed"),
        ("20*ms + normal()", "units do not match"),
        ("__import__('os')", "there is no function"),
    ],
)
def test_other_expressions_are_refused(text, message):
    with pytest.raises(ModelError, match=message):
        compose(parameters={"tau_m": text})
    with pytest.raises(ModelError, match=message):
        Neuron(base="lif", parameters={"tau_m": text})
    with pytest.raises(ModelError, match=message):
        parse_parameter(f"tau_m={text}")


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"tau_m": "1*mV*uniform()"}, "'tau_m' has the unit of 20. ms, which"),
        ({"tau_m": "20*ms*(1 + normal())"}, "lif.py:35 needs 1\\*us <= tau_m"),
        (
            {"tau_x": SPREAD},
            "'tau_x' = .* differs between neurons, and 'layer' of the goodness needs one value for all",
        ),
        ({"beta1": "0.9*uniform()"}, "'at_update' of the optimizer needs one value for all"),
    ],
)
def test_what_cannot_differ_is_refused(parameters, message):
    with pytest.raises(ModelError, match=message):
        compose(parameters=parameters)


def test_a_value_outside_of_the_limits_is_found_among_those_that_are_drawn():
    """One in a hundred thousand is; a thousand are looked at before."""
    composition = compose(parameters={"v_th": "4.3 + normal()"})
    assert composition.parameter_inputs(Architecture(4, 2, (50,)))["neurons1.v_th"].min() > 0
    with pytest.raises(
        ModelError, match=r"v_th = 4.3 \+ normal\(\) gives a neuron of layer 1 -.*lif.py:37 needs 0 < v_th"
    ):
        composition.parameter_inputs(Architecture(4, 2, (1000000,), batch=1))


def test_every_neuron_has_a_value_of_the_run_s_seed():
    a = Architecture(4, 2, (30, 20), label_neurons=1, batch=3)
    composition = compose(parameters={"tau_m": SPREAD, "t_code": "40*ms*uniform()"})
    one, same, other = (composition.parameter_inputs(a, seed) for seed in (1, 1, 2))
    for name, n in (("neurons1.tau_m", 30), ("neurons2.tau_m", 20), ("neurons0.t_code", 6)):
        values = one[name].reshape(3, n)
        assert (values == values[0]).all() and len(np.unique(values)) == n
        np.testing.assert_array_equal(one[name], same[name])
        assert not np.isin(other[name], one[name]).any()
    assert not np.isin(one["neurons2.tau_m"], one["neurons1.tau_m"]).any()
    assert one["neurons1.tau_syn"] == 0.1


@pytest.mark.parametrize("kind", [RuntimeSimulator, CppSimulator])
def test_membranes_decay_with_the_time_constants_of_their_neurons(kind):
    """From 0.5, without input, v = 0.5 exp(-t/tau_m); no other value needs another compilation."""
    a = Architecture(4, 2, (6,), label_neurons=1, batch=2, n_steps=20, capacity=1, images=1)
    neuron = Neuron(base="lif", name="decaying", initial={"v": 0.5}, parameters={"tau_m": SPREAD})
    composition = compose(models=dict(neuron=neuron))
    simulator = kind(a, composition, record=True)
    for seed in (1, 2):
        inputs = composition.parameter_inputs(a, seed)
        with simulator.run(inputs, 1) as results:
            v = results["traces1.v"].reshape(-1, 12)
        t = np.arange(1, a.n_steps + 1)[:, None] * 1e-3
        expected = 0.5 * np.exp(-t / inputs["neurons1.tau_m"])
        np.testing.assert_allclose(v[: a.n_steps], expected, rtol=1e-9)
    assert compose(models=dict(neuron=neuron), parameters={"tau_m": "9*ms*uniform() + 5*ms"}).fingerprint() == (
        composition.fingerprint()
    )
    assert compose(models=dict(neuron=neuron), parameters={"tau_m": 0.02 * second}).fingerprint() != (
        composition.fingerprint()
    )
