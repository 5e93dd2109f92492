"""`protocols/inspect_neuron.py`: other samples, labels, trained weights, two neurons, constant currents."""

import numpy as np
import pytest
from brian2 import ms, nA
from brianff.protocols import inspect_neuron

import brianff as ff
from brianff import plotting
from brianff.equations.compose import compose
from brianff.errors import ModelError
from brianff.studies import inspection
from brianff.studies.current import current_curve

QUICK = ["--quick", "--steps", "20", "--pairs", "1"]


@pytest.fixture
def undrawn(monkeypatch):
    """Figures take longer than all the rest."""
    monkeypatch.setattr("brianff.command_line.commands.draw", lambda *_: 0)


def test_another_sample_with_another_label(tmp_path, capsys, undrawn):
    data = ff.datasets.load("digits")
    label = int(data.labels[data.train[5]])
    wrong = (label + 4) % 10
    assert inspect_neuron.main([*QUICK, "--sample", "5", "--label", str(wrong), "--out", str(tmp_path)]) == 0
    recording = ff.Recording.load(tmp_path / "recording.npz")
    assert [(epoch.phase, epoch.label) for epoch in recording.epochs] == [(1, label), (-1, wrong)]
    np.testing.assert_allclose(recording.epochs[0].image, data.images[data.train[5]].ravel() / 255)
    assert f"positive phase, label {label}:" in capsys.readouterr().out


def test_the_first_layer_of_a_run_with_its_own_weights_and_options(tmp_path, capsys, undrawn):
    options = dict(layers=[12], steps=20, limit=20, validation=5, chunk=20, refresh=20, label_neurons=2, epochs=1)
    method = ff.ForwardForward("digits", device="runtime", set=["tau_m=15*ms"], **options)
    run = ff.Run(method, tmp_path / "run").train(progress=False)
    run.folder.release()
    shown = inspection.stimulus(run, sample=2)
    np.testing.assert_array_equal(shown.weights, run.weights[1])
    assert inspect_neuron.main(["--weights", str(tmp_path / "run"), "--pairs", "1", "--out", str(tmp_path)]) == 0
    recording = ff.Recording.load(tmp_path / "recording.npz")
    assert recording.sizes == (84, 12) and len(recording.t) == 41
    # the same as the run itself shows of the same sample, before the weights change
    row = method.data.train[0]
    own = method.record([row])
    assert own.epochs[0].label == recording.epochs[0].label
    np.testing.assert_array_equal(recording.trace("v")[:, :20], own.trace("v")[:, :20])
    capsys.readouterr()
    assert inspect_neuron.main(["--weights", str(tmp_path / "run"), "--gain", "2"]) == 1
    assert "leave out --gain" in capsys.readouterr().err
    with pytest.raises(ff.BrianffError, match="`brianff inspect` shows any run"):
        inspection.stimulus(ff.Run(ff.Feedback("digits", layers=[5], steps=5, limit=50, epochs=1, device="runtime")))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--sample 9999", "--sample: there is no training sample 9999: they are 0 to 1077."),
        ("--label 0", "--label 0 is the true label of training sample 0: give a wrong one."),
        ("--label 10", "--label: there is no class 10: they are 0 to 9."),
        ("--neuron lif --neuron lif", "--neuron: lif, lif are not all different."),
        ("--current 2:0:0.1", "--current: '2:0:0.1' has to go upwards"),
        ("--current 1 --neuron lif_depressing", "lif_depressing.py:"),
    ],
)
def test_what_cannot_be_shown_is_named(options, message, capsys):
    assert inspect_neuron.main(options.split()) == 1
    assert message in capsys.readouterr().err


def test_two_neurons_beside_each_other(tmp_path, capsys):
    (tmp_path / "mine.py").write_text('base = "lif"\nparameters = {"v_th": 0.5}\n')
    options = ["--neuron", "lif", "--neuron", str(tmp_path / "mine.py"), "--out", str(tmp_path / "out")]
    assert inspect_neuron.main([*QUICK, *options]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[1] == "lif:" and "mine:" in said
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"raster.png", "membrane.png", "recording_lif.npz", "recording_mine.npz"}
    one, other = (ff.Recording.load(tmp_path / "out" / f"recording_{name}.npz") for name in ("lif", "mine"))
    assert len(other.spikes(1)[0]) > len(one.spikes(1)[0])
    np.testing.assert_array_equal(one.spikes(0), other.spikes(0))
    neuron = inspection.busiest([one, other])
    counts = [np.bincount(r.spikes(1)[0], minlength=10) for r in (one, other)]
    assert sum(counts)[neuron] == sum(counts).max()


def test_the_f_i_curve_of_lif_is_that_of_the_textbook():
    """Gerstner et al. 2014, eq. 1.29, without a refractory period; a spike takes whole time steps."""
    currents = np.array([0, 0.9, 1.2, 1.5, 2.0])
    curve = current_curve(compose(), currents, dt_ms=0.5)
    interval = 20 * np.log(currents[2:] / (currents[2:] - 1))
    assert curve.steady[:2].tolist() == [0, 0]
    np.testing.assert_allclose(1e3 / curve.steady[2:], interval, atol=1.0)
    np.testing.assert_allclose(1e3 / curve.onset[2:], interval, atol=1.0)
    assert curve.variable == "I_syn" and np.isnan(curve.onset[:2]).all()
    # the direction of the activity below divides the input: not here
    same = current_curve(compose(parameters={"floor_x2": 0.5}), currents, dt_ms=0.5)
    np.testing.assert_array_equal(same.steady, curve.steady)


def test_f_i_curves_of_other_neurons(tmp_path, capsys, undrawn):
    adex = current_curve(compose(models={"neuron": "adex"}), [0.0, 2.0], seconds=0.3)
    assert float(adex.values[1] / nA) == pytest.approx(1.2) and adex.onset[1] > 1.5 * adex.steady[1] > 0
    # a neuron whose reset changes what input spikes add to gets spikes: u settles at w*tau_s/ms
    parameters = {"tau_s": 10 * ms, "c": 0.25}
    soft = current_curve(
        compose(models={"neuron": "two_exponential"}, parameters=parameters), [0.02, 0.05], seconds=0.3
    )
    assert soft.variable == "" and soft.steady[0] == 0 < soft.steady[1]
    conductance = current_curve(compose(models={"neuron": "lif_conductance"}), [-1.0, 2.0], seconds=0.2)
    assert conductance.steady[0] == 0 < conductance.steady[1]
    figure = plotting.current_curves({"adex": adex, "soft": soft})
    assert figure.axes[0].get_xlabel() == "synaptic current $I_\\mathrm{syn}$ (pA), constant"
    assert figure.axes[1].get_xlabel().startswith("input") and len(figure.axes) == 2
    with pytest.raises(ModelError, match="lif_depressing.py:.* whose variables 'w\\*R_pre' reads"):
        current_curve(compose(models={"neuron": "lif_depressing"}), [1.0])
    assert inspect_neuron.main(["--current", "0:2:1", "--dt", "5", "--out", str(tmp_path)]) == 0
    with np.load(tmp_path / "current.npz") as arrays:
        assert arrays["lif_current"].tolist() == [0, 1, 2] and arrays["lif_steady"].shape == (3,)
    assert "lif: spikes from 2.0 on" in capsys.readouterr().out
