"""Training runs: learning, interruption and resuming, what the options mean."""

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from brianff.protocols import forward_forward
from conftest import ROOT, in_python

from brianff.datasets import DatasetError
from brianff.errors import BrianffError, DivergenceError, OptionError
from brianff.learning.forward_forward import ForwardForward
from brianff.learning.run import Run
from brianff.results import ResultsError, RunFolder
from brianff.stimulus import moved

# One architecture for all tests that compile.
COMPILED = dict(layers=(40, 30), refresh=100, chunk=50, validate=0)
TINY = dict(
    device="runtime",
    layers=(8, 6),
    steps=20,
    label_neurons=2,
    batch=5,
    mini_batch=5,
    limit=40,
    epochs=2,
    validate=5,
    refresh=20,
    chunk=20,
    set=("t_code=15*ms",),
)


def train(path, **options):
    run = Run(ForwardForward(**options), path)
    run.train(progress=False)
    return run


@pytest.mark.compiler
def test_learns_digits(tmp_path):
    """A small network, a few epochs: well above chance on held-out data, positive goodness above negative."""
    run = train(tmp_path / "run", epochs=6, **COMPILED)
    result = run.evaluate("test")
    assert result.accuracy("goodness") > 0.8
    assert result.accuracy("readout") > 0.8
    true, wrong = result.separation()
    assert true.mean() > wrong.mean()
    assert np.mean(true > wrong) == pytest.approx(result.accuracy("goodness"), abs=0.02)
    metrics = RunFolder(tmp_path / "run").load_checkpoint()[1]
    last = [row for row in metrics if row["what"] == "chunk"][-1]
    assert last["positive1"] > last["negative1"] and last["positive2"] > last["negative2"]
    assert sum(row["what"] == "validation" for row in metrics) == 6


def protocol(*arguments):
    return [sys.executable, str(ROOT / "protocols" / "forward_forward.py"), *map(str, arguments)]


INTERRUPTED = [
    "--dataset", "digits", "--layers", "40,30", "--refresh", "100", "--chunk", "50", "--validate", "20", "--limit",
    "400", "--epochs", "3", "--encoder", "poisson_rate",
]  # fmt: skip


def position(folder):
    try:
        return int(RunFolder(folder).load("checkpoint")["position"])
    except ResultsError:
        return -1


def wait_for(folder, rows, process):
    deadline = time.monotonic() + 240
    while position(folder) < rows:
        assert process.poll() is None, f"ended before row {rows}: {process.communicate()[0]}"
        assert time.monotonic() < deadline, "no progress"
        time.sleep(0.02)


@pytest.mark.compiler
@pytest.mark.slow
def test_killed_twice_and_resumed_gives_the_same_weights_bit_for_bit(tmp_path, monkeypatch):
    """SIGKILL at two places, SIGINT at a third; Poisson input, hard negatives: everything that draws random numbers.

    What is not killed runs in this process, without figures.
    """
    monkeypatch.setattr("brianff.command_line.commands.draw", lambda *_: 0)
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    assert forward_forward.main([*INTERRUPTED, "--out", str(undisturbed)]) == 0
    command = protocol(*INTERRUPTED, "--out", disturbed)
    total = position(undisturbed)
    pipes = dict(stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for fraction, how in ((0.2, signal.SIGKILL), (0.45, signal.SIGKILL), (0.7, signal.SIGINT)):
        process = subprocess.Popen(command, **pipes)
        wait_for(disturbed, int(fraction * total), process)
        process.send_signal(how)
        output, _ = process.communicate(timeout=60)
        assert position(disturbed) < total
        if how == signal.SIGINT:
            assert process.returncode == 130
            assert f"--resume {disturbed}" in output and "Traceback" not in output
        command = protocol("--resume", disturbed)
    assert forward_forward.main(["--resume", str(disturbed)]) == 0
    first, second = (RunFolder(folder).load_checkpoint()[0] for folder in (undisturbed, disturbed))
    assert first["position"] == second["position"] == total
    for name in first:
        if "seconds" not in name:
            np.testing.assert_array_equal(first[name], second[name], err_msg=name)
    a, b = (RunFolder(folder).load("evaluation") for folder in (undisturbed, disturbed))
    np.testing.assert_array_equal(a["goodness"], b["goodness"])
    rows = [RunFolder(folder).load_checkpoint()[1] for folder in (undisturbed, disturbed)]
    assert len(rows[0]) == len(rows[1])
    assert [r.get("positive1") for r in rows[0]] == [r.get("positive1") for r in rows[1]]


def final_weights(path, **options):
    return train(path, **{**TINY, **options}).method.synaptic


@pytest.mark.parametrize(
    "options", [{}, {"encoder": "poisson_rate", "set": (), "dropout": 0.3}], ids=["default", "noise"]
)
def test_the_length_of_a_chunk_does_not_matter(tmp_path, options):
    short = final_weights(tmp_path / "a", chunk=10, **options)
    long = final_weights(tmp_path / "b", chunk=20, **options)
    for name in short:
        np.testing.assert_array_equal(short[name], long[name], err_msg=name)


def test_the_seed_matters(tmp_path):
    a, b = (final_weights(tmp_path / str(seed), seed=seed) for seed in (1, 2))
    assert np.abs(a["synapses1.w"] - b["synapses1.w"]).max() > 0.1


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Folder of a finished run, to be copied, and its network."""
    run = train(tmp_path_factory.mktemp("trained") / "run", **TINY)
    return run.folder.path, run.method


def test_resuming_a_finished_run_changes_nothing(tmp_path, trained):
    folder, method = trained
    before = method.synaptic
    shutil.copytree(folder, tmp_path / "run")
    run = Run.resume(tmp_path / "run")
    run.train(progress=False)
    for name, value in before.items():
        np.testing.assert_array_equal(run.method.synaptic[name], value)


def test_layers_in_turn(tmp_path):
    """While one layer learns the others do not change."""
    run = Run(ForwardForward(**{**TINY, "greedy": True, "epochs": 1}), tmp_path / "run")
    start = {k: v.copy() for k, v in run.method.synaptic.items()}
    run.train(callbacks=[lambda run, row: run.position >= run.method.rows_per_stage], progress=False)
    middle = {k: v.copy() for k, v in run.method.synaptic.items()}
    run.train(progress=False)
    end = run.method.synaptic
    np.testing.assert_array_equal(middle["synapses2.w"], start["synapses2.w"])
    np.testing.assert_array_equal(end["synapses1.w"], middle["synapses1.w"])
    assert np.abs(middle["synapses1.w"] - start["synapses1.w"]).max() > 1e-4
    assert np.abs(end["synapses2.w"] - start["synapses2.w"]).max() > 1e-4


def test_without_labels(tmp_path):
    """Hybrid images as negatives: no label input, prediction by the readout alone."""
    run = train(tmp_path / "run", **{**TINY, "negatives": "hybrid"})
    assert run.method.architecture.n_input == 64
    result = run.evaluate("test", 30)
    assert result.goodness is None and result.belief.shape == (30, 10)
    assert np.abs(run.method.synaptic["synapses1.w"]).max() > 0
    first, second = run.record([0]).epochs
    assert not np.array_equal(first.image, second.image)  # the negative one is a hybrid


@pytest.mark.parametrize("negatives", ["hard", "uniform"])
def test_repeated_negative_phases_have_different_wrong_labels(negatives):
    options = {**TINY, "negatives": negatives}
    one = ForwardForward(**options)
    method = ForwardForward(**options | {"phases": "paired 3"})
    for m in (one, method):
        m._refresh(0)
    labels = method.negative_labels
    assert labels.shape == (3, 20)
    np.testing.assert_array_equal(labels[:1], one.negative_labels)  # the first as ever
    samples, _ = method.stream.take(range(0, 20 // method.options.batch), 1)
    everything = np.concatenate([method.data.labels[samples][None], labels])
    assert all(len(set(column)) == 4 for column in everything.T)
    _, schedule = method.stimulus(range(0, 2))
    batch = method.options.batch
    np.testing.assert_array_equal(schedule.phase, [1, -1] * 6)
    for k in range(3):
        np.testing.assert_array_equal(schedule.label[2 * k + 1], labels[k, :batch])
        np.testing.assert_array_equal(schedule.label[2 * k + 7], labels[k, batch : 2 * batch])
        np.testing.assert_array_equal(schedule.label[2 * k], method.data.labels[samples[:batch]])
    np.testing.assert_array_equal(schedule.image[:6] % batch, np.arange(batch) + np.zeros((6, 1)))


@pytest.mark.parametrize("negatives", ["hard", "uniform"])
def test_negative_labels_are_wrong(tmp_path, negatives):
    run = Run(ForwardForward(**{**TINY, "negatives": negatives}), tmp_path / "run")
    run.train(callbacks=[lambda run, row: True], progress=False)
    samples, _ = run.method.stream.take(range(0, 4), 1)
    assert run.method.negative_labels.shape == (1, 20)
    assert not np.any(run.method.negative_labels == run.method.data.labels[samples])


@pytest.mark.parametrize(
    "options",
    [
        dict(dropout=0.2, jitter=1, flip=True, phases="paired 3"),
        dict(encoder="poisson_rate", set=(), limit=13, greedy=True),  # 13: the last row has empty places
        dict(negatives="hybrid", dropout=0.2, rule="forward_forward"),
    ],
    ids=["dropout-jitter-flip-negatives", "poisson-greedy", "hybrid"],
)
def test_the_batch_does_not_change_the_result(options, tmp_path):
    """Which presentations are simulated side by side is a matter of speed: the mini-batch is what learns."""
    runs = [
        train(
            tmp_path / f"{batch}",
            **{**TINY, "mini_batch": 10, "batch": batch, "epochs": 1, "limit": 20, "validate": 1, **options},
        )
        for batch in (2, 10)
    ]
    for name in ("synapses1.w", "synapses2.w"):
        few, many = (run.method.synaptic[name] for run in runs)
        np.testing.assert_allclose(few, many, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(runs[0].method.readout.w, runs[1].method.readout.w, rtol=1e-12, atol=1e-15)
    first = runs[0].method
    assert np.abs(first.synaptic["synapses1.w"] - first.initial_state()["synapses1.w"]).max() > 1e-4


@pytest.mark.parametrize("negatives", ["hard", "hybrid"])
def test_jitter_moves_training_images_and_no_others(negatives, tmp_path):
    run = Run(ForwardForward(jitter=1, dropout=0.0, negatives=negatives, **TINY), tmp_path / "run")
    samples, numbers = run.method.train[:20], np.arange(20)
    shown, height = run.method.shown(samples), run.method.data.image_shape[0]
    np.testing.assert_array_equal(shown, run.method.data.images[samples].reshape(20, -1) / 255.0)
    altered = run.method.altered(shown, numbers)
    np.testing.assert_array_equal(altered, run.method.altered(shown, numbers))  # the same in every pass over a chunk
    by = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    same = np.array([(moved(shown, (height, height), np.tile(k, (20, 1))) == altered).all(axis=1) for k in by])
    assert same.any(axis=0).all() and len(set(same.argmax(axis=0))) > 5
    run.train(progress=False)


def test_flip_mirrors_about_half_of_the_training_images():
    method = ForwardForward(flip=True, dropout=0.0, **TINY)
    numbers = np.arange(60)
    shown = method.shown(method.train[numbers % 40])
    altered = method.altered(shown, numbers)
    np.testing.assert_array_equal(altered[7:20], method.altered(shown[7:20], numbers[7:20]))  # whichever with it
    images, height = altered.reshape(60, *method.data.image_shape), method.data.image_shape[0]
    mirrored = shown.reshape(60, height, -1)[:, :, ::-1]
    same, other = ((images == them).all(axis=(1, 2)) for them in (shown.reshape(images.shape), mirrored))
    assert np.all(same | other) and 15 < other.sum() < 45
    again = method.altered(shown, numbers + 60)  # in another pass
    assert 15 < np.any(again != altered, axis=1).sum() < 45


def test_every_epoch_sees_every_sample_once(tmp_path):
    run = Run(ForwardForward(**TINY), tmp_path / "run")
    samples, numbers = run.method.stream.take(range(run.method.n_rows), run.method.epochs)
    n = len(run.method.train)
    assert len(samples) == 2 * n and len(set(numbers)) == 2 * n
    for epoch in (samples[:n], samples[n:]):
        np.testing.assert_array_equal(np.sort(epoch), np.sort(run.method.train))
    assert not np.array_equal(samples[:n], samples[n:])
    assert not set(samples) & set(run.method.data.test) and not set(samples) & set(run.method.data.validation)


def test_empty_places_in_the_last_row_are_no_samples(tmp_path):
    run = train(tmp_path / "run", **{**TINY, "limit": 7, "greedy": True})
    rows = [(row["samples"], row["epoch"]) for row in run.metrics if row["what"] == "validation"]
    assert rows == [(10, 1.4286), (14, 2.0), (24, 3.4286), (28, 4.0)]


def test_the_learning_rate_falls_linearly_and_comes_once_a_mini_batch(tmp_path):
    run = Run(ForwardForward(**{**TINY, "mini_batch": 10, "learning_rate": 1.0, "final_rate": 0.0}), tmp_path / "r")
    run.method.architecture = dataclasses.replace(run.method.architecture, capacity=100)
    n_rows = run.method.n_rows
    rates = run.method.learning_rates(TINY["batch"] * np.arange(1, n_rows + 1))[: 2 * n_rows]
    assert not rates[::2].any()  # never after a positive phase
    np.testing.assert_allclose(rates[3::4], 1 - np.arange(1, 9) / 8)
    assert not rates[1::4].any()


def test_the_folder_holds_what_a_reader_needs(tmp_path):
    run = train(tmp_path / "run", **TINY)
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["config"]["seed"] == 1 and config["versions"]["brian2"] == "2.10.1"
    equations = "\n".join(config["equations"])
    assert "dv/dt = (gain_below*I_syn - v)/tau_m : 1" in equations and "tau_m = 20. ms" in equations
    assert RunFolder(tmp_path / "run").load("weights")["w1"].shape == run.method.architecture.sizes[:2]
    recording = run.record((4, 7), (0, 3, 5))
    assert [epoch.phase for epoch in recording.epochs] == [1, -1, 1, -1]
    assert recording.trace("v").shape == (3, 4 * 20 + 1)
    assert list(recording.neurons(2)) == [0, 3, 5]
    assert recording.epochs[0].label == run.method.data.labels[run.method.data.test[4]]


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """Folder of a run that has been begun, and has not learnt yet."""
    run = Run(ForwardForward(**TINY), tmp_path_factory.mktemp("begun") / "run")
    run.begin()._checkpoint()
    return run.folder.path


class TestRefusals:
    def test_a_folder_that_holds_a_run(self, tmp_path):
        Run(ForwardForward(**TINY), tmp_path / "run").begin()
        with pytest.raises(ResultsError, match="already holds a run.*resume"):
            Run(ForwardForward(**TINY), tmp_path / "run")

    def test_what_fails_at_once_leaves_no_folder(self, tmp_path):
        with pytest.raises(DatasetError):
            Run(ForwardForward(dataset="mnist", data="nowhere"), tmp_path / "run")
        assert not (tmp_path / "run").exists()

    def test_resuming_what_is_no_run(self, tmp_path):
        with pytest.raises(ResultsError, match="no config.json"):
            Run.resume(tmp_path)

    def test_a_truncated_checkpoint(self, tmp_path, trained):
        shutil.copytree(trained[0], tmp_path / "run")
        path = tmp_path / "run" / "checkpoint.npz"
        path.write_bytes(path.read_bytes()[:1000])
        with pytest.raises(ResultsError, match="checkpoint.npz is damaged"):
            Run.resume(tmp_path / "run")

    def test_a_checkpoint_of_another_network(self, tmp_path, trained):
        shutil.copytree(trained[0], tmp_path / "a")
        Run(ForwardForward(**{**TINY, "layers": (9, 6)}), tmp_path / "b").begin()
        os.replace(tmp_path / "a" / "checkpoint.npz", tmp_path / "b" / "checkpoint.npz")
        with pytest.raises(ResultsError, match="checkpoint.npz has been changed, or is of another run"):
            Run.resume(tmp_path / "b")

    @pytest.mark.parametrize(
        ("name", "value", "message"),
        [
            ("sizes", np.array([84, 9, 6]), "'sizes' is .84, 9, 6., here .84, 8, 6."),
            ("synapses1.w", np.zeros(3), "'synapses1.w' has the shape"),
            ("synapses1.w", np.zeros(84 * 8, np.float16), "'synapses1.w' is of type float16, here float64"),
            ("synapses2.w", np.full(8 * 6, np.nan), "'synapses2.w' is not finite"),
            ("readout.w", np.full((15, 10), np.inf), "'readout.w' is not finite"),
            ("position", np.array(-10), "'position' must lie between 0 and 16"),
            ("position", np.array(17), "'position' must lie between 0 and 16"),
            ("position", np.array(3.0), "'position' is of type float64"),
            ("negative_labels", np.full((1, 5), 10), "'negative_labels' must lie between -2 and 9"),
            ("negative_labels", np.full((2, 5), 1), "'negative_labels' has the shape .2, 5."),
            ("more", np.zeros(1), "'more' has no place in it"),
        ],
    )
    def test_a_checkpoint_that_training_cannot_have_written(self, begun, tmp_path, name, value, message):
        folder = RunFolder(shutil.copytree(begun, tmp_path / "run"))
        arrays, metrics = folder.load_checkpoint()
        folder.save_checkpoint(arrays | {name: value}, metrics)
        with pytest.raises(ResultsError, match=f"checkpoint.npz .*{message}"):
            Run.resume(tmp_path / "run")

    def test_a_checkpoint_without_an_array(self, begun, tmp_path):
        folder = RunFolder(shutil.copytree(begun, tmp_path / "run"))
        arrays, metrics = folder.load_checkpoint()
        del arrays["readout.m1"]
        folder.save_checkpoint(arrays, metrics)
        with pytest.raises(ResultsError, match="'readout.m1' is missing"):
            Run.resume(tmp_path / "run")

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (dict(mini_batch=7), "--mini-batch 7 is not a multiple of --batch 5"),
            (dict(epochs=0), "--epochs must lie between 1 and 1000000, not 0"),
            (dict(steps=0), "--steps must lie between 1 and"),
            (dict(dt=0.0), "--dt must lie between 0.001 and 1000, not 0.0"),
            (dict(dt=float("nan")), "--dt must lie between 0.001 and 1000, not nan"),
            (dict(learning_rate=-0.1), "--learning-rate must lie between 0 and 1000"),
            (dict(learning_rate=float("nan")), "--learning-rate must lie between 0 and 1000"),
            (dict(set=("tau_m=0*ms",)), r"tau_m = 0. s \(--set\): .*lif.py:\d+ needs 1\*us <= tau_m"),
            (dict(dropout=1.5), "--dropout must be at least 0 and less than 1, not 1.5"),
            (dict(jitter=-1), "--jitter must be at least 0"),
            (dict(jitter=40, dataset="rhythm"), "--jitter 40 would move samples of 1 by 40 pixels out of sight: 39"),
            (dict(stretch=0.2), "--stretch changes spike times, and 'digits' holds images"),
            (dict(flip=True, dataset="rhythm"), "--flip mirrors images"),
            (dict(limit=10**6), "--limit must lie between 1 and"),
            (dict(set=("tau_n=3*ms",)), "no chosen model has a parameter 'tau_n'. Did you mean"),
            (dict(validate=-1), "--validate must be at least 0"),
            (dict(uniform_share=2.0), "--uniform-share must lie between 0 and 1"),
            (dict(mini_batch=100), "--mini-batch 100 is more than the 80 samples"),
            (dict(negatives="hybrid", dataset="rhythm"), "--negatives hybrid mixes images"),
            (
                dict(layers=(12, 9), rule="class_competition", negatives="none"),
                "a neuron for each of 10 classes",
            ),
            (dict(layers=(0,)), "'0' is no layer"),
            (dict(batch=5, steps=1000, chunk=10**7, refresh=10**7), "one run may have: use a smaller --chunk"),
        ],
    )
    def test_options(self, tmp_path, options, message):
        with pytest.raises(BrianffError, match=in_python(message)):
            Run(ForwardForward(**{**TINY, **options}), tmp_path / "run")
        assert not (tmp_path / "run").exists()

    def test_samples_that_there_are_not(self):
        with pytest.raises(OptionError, match="no test sample 1000000: they are 0 to 448"):
            Run(ForwardForward(**TINY)).record([10**6])

    def test_weights_that_explode(self, tmp_path):
        """The first step overflows: the learning rate, not the initial weights."""
        optimizer = tmp_path / "steep.py"
        optimizer.write_text('base = "sgd"\nat_update = """\nw += exp(1e6*abs(dw))\ndw = 0\n"""\n')
        run = Run(ForwardForward(**{**TINY, "optimizer": str(optimizer)}), tmp_path / "run")
        with pytest.raises(DivergenceError, match="'w' of the synapses of layer 1.* 0 samples.*learning_rate"):
            run.train(progress=False)

    def test_an_overflow_before_any_learning_is_not_the_learning_rate(self, tmp_path):
        goodness = tmp_path / "steep.py"
        source = (ROOT / "models" / "goodness" / "sum_of_squares.py").read_text()
        goodness.write_text(source.replace("g = G/n_neurons", "g = exp(1e4*(1 + G))"))
        models = {"goodness": str(goodness), "rule": "forward_forward"}
        run = Run(ForwardForward(**TINY, **models), tmp_path / "run")
        with pytest.raises(DivergenceError, match="'goodness' of layer 1.*before any weight has.*init_gain or"):
            run.train(progress=False)
