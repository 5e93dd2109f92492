"""`brianff inspect`: a finished run shown other samples, labels and neurons."""

import dataclasses

import numpy as np
import pytest

import brianff as ff
from brianff import plotting
from brianff.command_line.main import main
from brianff.errors import OptionError
from brianff.options import numbers_of

SMALL = dict(
    layers=[12, 10],
    validation=10,
    steps=20,
    limit=60,
    chunk=60,
    epochs=1,
    device="runtime",
    refresh=20,
    label_neurons=2,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("inspect") / "run"
    ff.Run(ff.ForwardForward("digits", **SMALL), path).train(progress=False).folder.release()
    return path


def test_samples_neurons_and_variables(folder, capsys, tmp_path):
    chosen = "--samples 7,8 --neurons 0:5,11 --variables v,I_syn --layer 1".split()
    assert main(["inspect", str(folder), *chosen]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.partition(",")[0] for line in said[:4]] == ["test sample 7"] * 2 + ["test sample 8"] * 2
    out = folder / "inspect"
    figures = {"raster.png", "neuron_layer1.png", "neurons_layer1.png"}
    assert {path.name for path in out.iterdir()} == figures | {"recording.npz"}
    recording, run = ff.Recording.load(out / "recording.npz"), ff.load(folder)
    assert recording.neurons(1).tolist() == [0, 1, 2, 3, 4, 11] and not len(recording.neurons(2))
    assert recording.variables(1) == ("v", "I_syn") and recording.threshold(1) is not None
    whole = run.record([7, 8])
    np.testing.assert_array_equal(recording.trace("v"), whole.trace("v")[[0, 1, 2, 3, 4, 11]])
    np.testing.assert_array_equal(recording.spikes(2), whole.spikes(2))
    assert [epoch.sample for epoch in whole.epochs] == [7, 7, 8, 8]
    assert [epoch.sample for epoch in ff.Recording(recording.arrays()).epochs] == [7, 7, 8, 8]


def test_other_labels(folder):
    run = ff.load(folder)
    true = int(run.method.data.labels[run.method.data.test[7]])
    recording = run.record([7], labels=[true, (true + 1) % 10, -1])
    assert [(epoch.phase, epoch.label) for epoch in recording.epochs] == [(1, true), (-1, (true + 1) % 10), (0, -1)]
    i, t = recording.spikes(0)
    of_epoch = recording.epoch_at(t)
    for k, label in ((0, true), (1, (true + 1) % 10)):
        assert set(i[(of_epoch == k) & (i >= 64)] - 64) == {2 * label, 2 * label + 1}  # two label inputs a class
    assert {(i[of_epoch == k] < 64).sum() for k in range(3)} == {(i[of_epoch == 0] < 64).sum()}  # the same image
    goodness = run.record([7]).goodness(1)
    np.testing.assert_array_equal(recording.goodness(1)[:20], goodness[:20])  # as in the positive phase


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--samples 449", "there is no test sample 449: they are 0 to 448."),
        ("--samples 1-3", "--samples: '1-3' is neither a number nor START:STOP or START:STOP:STEP."),
        ("--neurons 12", "neurons: layer"),
        ("--neurons 5:2", "--neurons: '5:2' has to go upwards"),
        ("--layer 3", "--layer: there is no layer 3: they are 1 to 2."),
        ("--variables w,v", "--variables: no neuron has a variable 'w': there are v, I_syn, derivative_last, x, z"),
        ("--label 10", "--label: there is no class 10: they are 0 to 9, and -1 is a neutral label."),
    ],
)
def test_what_does_not_exist_is_named(folder, options, message, capsys):
    more = ["--layer", "1"] if options == "--neurons 12" else []
    assert main(["inspect", str(folder), *options.split(), *more]) == 1
    assert message in capsys.readouterr().err


def test_labels_that_are_no_input(tmp_path):
    feedback = ff.Run(ff.Feedback("digits", layers=[5], steps=5, limit=50, epochs=1, device="runtime"))
    with pytest.raises(OptionError, match="label: labels are no part of this network's input"):
        feedback.record([0], labels=[1])
    assert [epoch.sample for epoch in feedback.record([4, 2], neurons=()).epochs] == [4, 2]


def test_a_folder_that_is_none(tmp_path, capsys):
    assert main(["inspect", str(tmp_path / "nothing")]) == 1
    assert "nothing is not the folder of a run: it has no config.json." in capsys.readouterr().err


def test_a_run_that_was_compiled_is_looked_at_without_a_compiler(tmp_path, monkeypatch):
    """Whatever device and number of threads it was trained with."""
    method = ff.ForwardForward("digits", **SMALL)
    method.options = dataclasses.replace(method.options, device="cpp", threads=2)
    ff.Run(method, tmp_path / "run").begin().folder.release()
    monkeypatch.setattr("brianff.devices.cpp.CppSimulator.__init__", lambda *_, **__: pytest.fail("compiles"))
    monkeypatch.setattr("brianff.command_line.looking.draw", lambda *_: 0)
    assert main(["inspect", str(tmp_path / "run"), "--neurons", "0"]) == 0
    assert (tmp_path / "run" / "inspect" / "recording.npz").exists()


def test_numbers():
    assert numbers_of(None, "--a") is None
    assert numbers_of(("3", "0:4", "10:20:5"), "--a") == [3, 0, 1, 2, 3, 10, 15]
    np.testing.assert_allclose(numbers_of(("0:2:0.1",), "--a", float), np.arange(21) / 10)
    for wrong in ("", "a", "1:2:3:4", "1:", "0:5:0", "0:1e99", "0:99999999999"):
        with pytest.raises(OptionError, match="a: "):
            numbers_of((wrong,), "--a")


def test_a_heat_map_shows_the_recorded_values(folder):
    recording = ff.load(folder).record([0], neurons=[1, 4, 7])
    figure = plotting.neurons(recording, variables=["v", "x"])
    first, second = figure.axes[:2]
    np.testing.assert_array_equal(
        first.images[0].get_array(), recording.trace("v")[:, recording.epoch_at(recording.t) < 2]
    )
    assert first.get_ylabel() == "layer 1\nneuron" and second.get_xlabel() == "time (ms)"
    assert [label.get_text() for label in first.get_yticklabels()] == ["1", "4", "7"]
    with pytest.raises(OptionError, match="no neuron of that layer was recorded"):
        plotting.neurons(ff.load(folder).record([0], neurons=()))
