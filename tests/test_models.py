"""The models under models/, and a new one written as the documentation says; test_equations.py checks their strings."""

import re
import shutil
from pathlib import Path

import brianff.models
import numpy as np
import pytest
from brian2 import ms
from brianff.protocols import forward_forward, inspect_neuron
from conftest import ROOT

from brianff.command_line import main as cli
from brianff.command_line.documentation import models_page
from brianff.devices.runtime import RuntimeSimulator
from brianff.equations.compose import compose
from brianff.equations.kinds import FORWARD_FORWARD, available
from brianff.equations.model import load
from brianff.errors import ModelError
from brianff.learning.forward_forward import ForwardForward
from brianff.learning.run import Run
from brianff.network.architecture import Architecture
from brianff.network.trial import check
from brianff.stimulus import LABEL_NONE, Schedule
from brianff.studies.comparison import Combination

ALL = [(kind, name) for kind in FORWARD_FORWARD.defaults for name in available(kind)]


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_every_model_has_a_summary(kind, name):
    assert len(load(kind, name).docstring.splitlines()[0]) > 20


def one_neuron(composition, weight, n_steps=400, dt_ms=0.1, **values):
    """Recorded v of one neuron that a full-intensity input channel drives through `weight`."""
    a = Architecture(
        n_pixels=1,
        n_classes=2,
        layers=(1,),
        label_neurons=1,
        batch=1,
        n_steps=n_steps,
        dt_ms=dt_ms,
        capacity=1,
        images=1,
    )
    runtime = RuntimeSimulator(a, composition, record=True)
    schedule = Schedule.evaluation(np.array([0]), np.array([LABEL_NONE]), np.array([0]), 1)
    w = np.zeros(3)
    w[0] = weight
    runtime.run({"images": np.ones((1, 1)), **schedule.inputs(a), "synapses1.w": w, **values}, 1)
    traces = runtime.built.traces["neurons1"]
    return np.array(traces.t) * 1e3, np.array(traces.v)[0], np.array(runtime.built.spikes["neurons1"].t) * 1e3


@pytest.mark.parametrize(
    ("neuron", "potential"),
    [("lif", lambda t: 1 - np.exp(-t / 20)), ("integrate_and_fire", lambda t: t / 40)],
)
def test_subthreshold_response_is_the_analytic_one(neuron, potential):
    """The membrane's response to one input spike at t = 0, in closed form.

    Current and trace decay alike, so current divided by the length of the trace vector is constant: the weight times
    the square root of the number of inputs (a pixel and two label neurons).
    """
    composition = compose(models=dict(neuron=neuron), parameters={"floor_x2": 1e-12, "t_code": 0 * ms})
    t, v, spikes = one_neuron(composition, weight=0.3)
    assert not len(spikes)
    expected = np.sqrt(3) * 0.3 * potential(t)
    np.testing.assert_allclose(v[1:-1], expected[1:-1], atol=0.01 * expected.max())


def documented_neuron():
    """The neuron of the page on writing one."""
    text = (ROOT / "docs" / "own_neuron.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", text, re.S)
    (block,) = [b for b in blocks if "threshold =" in b]
    return block


@pytest.mark.compiler
@pytest.mark.slow
def test_write_your_own_neuron_as_the_documentation_says(tmp_path, monkeypatch, capsys):
    """Copy, change, check, inspect, train: an adaptive-threshold LIF that nothing in brianff knows."""
    file = tmp_path / "my_neuron.py"
    file.write_text(documented_neuron())
    assert "da/dt" in file.read_text()
    monkeypatch.chdir(tmp_path)

    def run(main, *arguments):
        assert main(list(map(str, arguments))) == 0
        return capsys.readouterr().out

    assert "in order" in run(cli.main, "check", file)
    assert "da/dt" in run(cli.main, "show", "--neuron", file)
    inspected = run(inspect_neuron.main, "--neuron", file, "--quick", "--out", tmp_path / "inspect")
    assert "positive phase" in inspected and (tmp_path / "inspect" / "membrane.png").is_file()
    options = ("--neuron", file, "--quick", "--limit", 600, "--epochs", 4, "--out", tmp_path / "run")
    trained = run(forward_forward.main, *options)
    assert float(trained.strip().splitlines()[-1].removeprefix("test accuracy: ")) > 0.5


def test_the_adaptive_threshold_rises_with_every_spike(tmp_path):
    """The neuron of that page does what it says: the intervals between its spikes grow."""
    file = tmp_path / "my_neuron.py"
    file.write_text(documented_neuron())
    composition = compose(models=dict(neuron=str(file)), parameters={"floor_x2": 1e-12})
    _, _, spikes = one_neuron(composition, weight=3.0, n_steps=1500)
    intervals = np.diff(spikes)
    assert len(intervals) > 4
    assert intervals[-1] > 1.3 * intervals[0]


def test_a_neuron_is_one_file_and_no_change_elsewhere(tmp_path, monkeypatch):
    """A file among the models is listed, checked, combined with what fits, trained, and has its place in the docs."""
    folder = tmp_path / "models"
    shutil.copytree(Path(brianff.models.__path__[0]), folder)
    (folder / "neurons" / "my_neuron.py").write_text(documented_neuron())
    monkeypatch.setattr(brianff.models, "__path__", [str(folder)])
    assert "my_neuron" in available("neuron") and check("neuron", "my_neuron") == []
    assert Combination("my_neuron", "phase", "csdp").misfit() is None
    assert "\n### my_neuron\n" in models_page()
    options = Combination("my_neuron", "phase", "symba").options()
    small = dict(device="runtime", layers=(20,), limit=20, batch=20, mini_batch=20, refresh=20, chunk=20, epochs=1)
    run = Run(ForwardForward(**options, **small, validate=1), tmp_path / "run")
    before = run.method.synaptic["synapses1.w"].copy()
    run.train(progress=False)
    assert run.metrics[0]["positive1"] > 0  # its neurons spike
    assert (run.method.synaptic["synapses1.w"] != before).any()


# -- goodness ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("goodness", available("goodness"))
def test_goodness_is_what_it_says(goodness):
    """From traces and spikes at the end of a stimulus epoch, for neurons with different rates."""
    a = Architecture(n_pixels=1, n_classes=2, layers=(6,), label_neurons=1, batch=1, n_steps=50, capacity=1, images=1)
    runtime = RuntimeSimulator(a, compose(models=dict(goodness=goodness)), record=True)
    schedule = Schedule.evaluation(np.array([0]), np.array([LABEL_NONE]), np.array([0]), 1)
    w = np.zeros(18)
    w[:6] = np.arange(6)
    results = runtime.run({"images": np.ones((1, 1)), **schedule.inputs(a), "synapses1.w": w}, 1)
    x, g = results.recorded("record_x1", "x", 1).ravel(), results.recorded("record_g1", "g", 1).item()
    counts = np.bincount(np.array(runtime.built.spikes["neurons1"].i), minlength=6)
    assert counts.sum() > 10
    expected = {
        **dict.fromkeys(("sum_of_squares", "slow_trace", "since_onset"), (x**2).mean()),
        "spike_counts": (counts**2).mean(),
        "linear": x.mean(),
        "mean_rate": counts.mean() / (0.05 * 20),
        "polar_halves": 2 * (x**2 * (-1.0) ** (a.n_input + np.arange(6))).mean(),
    }
    assert g == pytest.approx(expected[goodness])
    if goodness == "spike_counts":
        np.testing.assert_array_equal(x, counts)


# -- optimizers ----------------------------------------------------------------------------------------------------
def updates(optimizer, gradients, learning_rate=0.1, w=1.0, **parameters):
    """The weight after each update; gradients are sums over a mini-batch of two samples."""
    model = load("optimizer", optimizer)
    names = {"sqrt": np.sqrt, "clip": np.clip, "w": w, "dw": 0.0, "m1": 0.0, "m2": 0.0, "n_updates": 0, "velocity": 0.0}
    names |= model.parameters | parameters
    names |= {"learning_rate_layer": learning_rate, "samples_per_update_layer": 2}
    weights = []
    for gradient in gradients:
        names["dw"] = 2 * gradient
        exec(model["at_update"], names)
        assert names["dw"] == 0
        weights.append(names["w"])
    return np.array(weights)


GRADIENTS = [0.5, -3.0, 0.1]


def test_sgd():
    np.testing.assert_allclose(updates("sgd", GRADIENTS), 1 + 0.1 * np.cumsum(GRADIENTS))


def test_momentum_clipping_and_weight_decay():
    np.testing.assert_allclose(
        updates("sgd_momentum", GRADIENTS, momentum=0.0, clip_at=10.0), updates("sgd", GRADIENTS)
    )
    velocities = [0.5, 0.9 * 0.5 - 1, 0.9 * (0.9 * 0.5 - 1) + 0.1]  # the second gradient is clipped to -1
    np.testing.assert_allclose(updates("sgd_momentum", GRADIENTS), 1 + 0.1 * np.cumsum(velocities))
    decayed = updates("sgd_momentum", [0, 0, 0], weight_decay=0.2)
    np.testing.assert_allclose(decayed, (1 - 0.1 * 0.2) ** np.arange(1, 4))


def test_rmsprop():
    m2 = np.array([0.01 * 0.25, 0.99 * 0.01 * 0.25 + 0.01 * 9])
    expected = 1 + 0.1 * np.cumsum(np.array(GRADIENTS[:2]) / np.sqrt(m2))
    np.testing.assert_allclose(updates("rmsprop", GRADIENTS[:2]), expected, rtol=1e-6)


def test_adamw_is_adam_with_a_pull_towards_zero():
    np.testing.assert_allclose(updates("adamw", GRADIENTS, weight_decay=0.0), updates("adam", GRADIENTS))
    np.testing.assert_allclose(updates("adamw", [0, 0], weight_decay=0.2), [0.98, 0.98**2])


@pytest.mark.parametrize("optimizer", available("optimizer"))
def test_dale_s_principle_keeps_the_sign_of_every_weight(optimizer):
    """Through a hundred changes larger than the weight, and weights come back from zero."""
    names = {"sqrt": np.sqrt, "clip": np.clip, "int": np.int64, "inf": np.inf}
    names |= dict.fromkeys(("dw", "m1", "m2", "velocity", "n_updates"), 0.0) | load("optimizer", optimizer).parameters
    names |= {"learning_rate_layer": 0.5, "samples_per_update_layer": 1, "w": np.array([1.0, -1.0, 0.1])}
    code = compose(models=dict(optimizer=optimizer), dale=True).synapses.at_update
    smallest = []
    for gradient in np.random.default_rng(0).normal(size=100):
        names["dw"] = gradient
        exec(code, names)
        np.testing.assert_array_equal(np.sign(names["w"]), [1, -1, 1])
        smallest.append(np.abs(names["w"]))
    assert np.min(smallest) <= 1e-9 < 1e-3 < np.max(smallest[-1])


def test_dale_s_principle_needs_an_optimizer():
    with pytest.raises(ModelError, match="Dale"):
        compose(models=dict(rule="csdp"), dale=True)
