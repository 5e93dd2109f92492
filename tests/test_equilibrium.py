"""Equilibrium propagation: fixed points, the implicit gradient, and what the spiking network makes of both."""

import importlib

import numpy as np
import pytest

import brianff as ff
from brianff.errors import ModelError, OptionError
from brianff.learning.equilibrium import Equilibrium
from brianff.studies import equilibrium as study

SMALL = dict(device="runtime", batch=10, mini_batch=10, refresh=40, chunk=40, dtype="float64", limit=40, validate=10)


def network(gain=0.3, n=20, steps=60, **options):
    layers = [ff.Layer(n, recurrent=ff.Dense(gain=gain))]
    return Equilibrium("digits", layers=layers, steps=steps, **SMALL | options)


@pytest.fixture(scope="module")
def method():
    return network()


def test_the_implicit_gradient_agrees_with_finite_differences(method):
    """Of weights that are not symmetric, and of neurons of which some are silent."""
    rng, data = np.random.default_rng(1), method.data
    samples = method.train[:10]
    x, labels = method.shown(samples), data.labels[samples]
    rates = study.Rates(*(rng.normal(size=s) * 0.2 for s in ((64, 12), (12, 12), (12, 10))), bias=0.2)
    a = rates.fixed_point(x)
    assert 0.05 < np.mean(a == 0) < 0.9 and 0.1 < np.mean((a > 0) & (a < 1))
    np.testing.assert_allclose(a, np.clip(a @ rates.W + x @ rates.F + 0.2, 0, 1), atol=1e-9)
    for name, exact in rates.gradient(x, labels).items():
        w, places = getattr(rates, name), rng.integers(0, exact.shape, size=(15, 2))
        for place in map(tuple, places):
            losses = []
            for step in (1e-6, -1e-6):
                before, w[place] = w[place], w[place] + step
                losses.append(rates.loss(x, labels))
                w[place] = before
            assert -(losses[0] - losses[1]) / 2e-6 == pytest.approx(exact[place], abs=1e-8), name


def test_a_network_without_fixed_point_is_refused():
    w = np.array([[0.0, 9.0], [-9.0, 0.0]])
    rates = study.Rates(np.eye(2), w, np.eye(2))  # its fixed point, (.5, .5), is the centre of a spiral outwards
    with pytest.raises(OptionError, match="the rates do not settle: they still change by"):
        rates.fixed_point(np.array([[5.0, -4.0]]))


def test_spikes_settle_to_the_fixed_point(method):
    steps, spikes, currents = study.settling(method, method.data.validation[:2], 300)
    assert spikes[:, -1].max() < 0.01 and currents[:, -1].max() < 0.003
    assert study.within(steps, currents, 0.01) < study.within(steps, spikes, 0.01) <= 300
    assert study.within(steps, spikes, 1e-9) is None


def test_the_local_rule_follows_the_implicit_gradient_of_symmetric_weights():
    method = network(gain=0.5, steps=40)
    samples = method.data.validation[:40]
    w = method.weights()["recurrent1"]
    assert np.array_equal(w, w.T) and study.eigenvalues(method)[1] > 0.7
    found, other = (study.cosines(one, samples) for one in (method, study.asymmetric(method)))
    assert min(found.values()) > 0.93
    assert all(other[name] < found[name] - 0.02 for name in "FW")


def test_learning_keeps_recurrent_weights_symmetric_and_the_network_learns():
    run = ff.Run(network(steps=12, limit=150, epochs=1, learning_rate=5e-3)).train(progress=False)
    w = run.weights["recurrent1"]
    assert np.abs(w - network(steps=12).weights()["recurrent1"]).max() > 1e-3
    np.testing.assert_allclose(w, w.T, atol=1e-12)
    assert not np.diag(w).any()
    assert run.evaluate("validation", 100).accuracy() > 0.2  # chance: 0.1


def test_a_run_goes_on_as_if_it_had_not_been_interrupted(tmp_path):
    options = SMALL | dict(epochs=2, layers=["15r"], steps=8)
    whole = ff.Run(Equilibrium("digits", **options)).train(progress=False)
    ff.Run(Equilibrium("digits", **options), tmp_path / "run").train(callbacks=[lambda *_: True], progress=False)
    again = ff.load(tmp_path / "run")
    assert 0 < again.position < again.method.n_rows
    again.train(progress=False)
    for name, one in whole.method.state().items():
        np.testing.assert_array_equal(one, again.method.state()[name], err_msg=name)


@pytest.mark.parametrize(
    "options, error, message",
    [
        (dict(neuron="lif"), ModelError, "the rule 'equilibrium' needs a 'total_current' .* the neuron 'lif' defines"),
        (dict(phases="+0 -0"), OptionError, "rule equilibrium compares two nudged phases .* '\\+0 -0 -0 carry-over'"),
        (dict(rule="local_readout", neuron="lif", phases="+0 -0 -0"), OptionError, "there is a positive phase only"),
    ],
)
def test_what_does_not_go_together_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        Equilibrium("digits", **SMALL | dict(layers=["10r"]) | options)


def test_the_gradient_is_that_of_one_recurrent_layer():
    with pytest.raises(OptionError, match="the implicit gradient is that of one recurrent layer"):
        study.rates_of(Equilibrium("digits", **SMALL, layers=["10"]))
    with pytest.raises(OptionError, match="no whole rows of 10"):
        study.local_update(network(), np.arange(13))


def test_protocol(tmp_path, capsys):
    options = "--quick --device runtime --limit 40 --steps 8 --epochs 1".split()
    assert (
        importlib.import_module("brianff.protocols.equilibrium").main([*options, "--out", str(tmp_path / "run")]) == 0
    )
    printed = capsys.readouterr().out
    assert "| the same, asymmetric |" in printed and "test accuracy: 0." in printed
    figures = {p.stem for p in (tmp_path / "run" / "figures").glob("*.png")}
    assert figures == {"settling", "raster", "membrane", "confusion", "learning_curve"}
    assert "cosine: F" in (tmp_path / "run" / "equilibrium.md").read_text()
