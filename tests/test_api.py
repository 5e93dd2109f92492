"""brianff in a notebook: ten lines, own neurons, own data, own methods; runs in memory and in folders."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest
from brian2 import ms
from matplotlib.figure import Figure

import brianff as ff

SMALL = dict(device="runtime", layers=[12, 10], steps=20, label_neurons=2, limit=60, validation=5, refresh=30, chunk=30)
ADAPTIVE = """
dv/dt = (gain_below*I_syn - v)/tau_m : 1 (unless refractory)
dI_syn/dt = -I_syn/tau_syn : 1
da/dt = -a/tau_a : 1
"""


def small(**options):
    return ff.ForwardForward("digits", **SMALL | options)


def test_the_notebook():
    """The ten lines of the documentation, with a neuron in strings."""
    data = ff.datasets.load("digits", validation=5)
    neuron = ff.Neuron(
        base="lif", equations=ADAPTIVE, threshold="v > v_th + a", reset="v = 0; a += 0.1".replace("; ", "\n"),
        parameters={"tau_a": 50 * ms}, name="adaptive",
    )  # fmt: skip
    options = SMALL | {"validation": None}
    method = ff.ForwardForward(data, neuron=neuron, **options)
    assert "da/dt = -a/tau_a" in str(method.equations)
    run = ff.Run(method)
    run.train(epochs=2, progress=False)
    assert run.progress == (120, 120) and run.method.options.epochs == 2
    assert 0 <= run.evaluate("test", 10).accuracy() <= 1
    assert run.weights[1].shape == (84, 12) and run.weights[2].shape == (12, 10)
    recording = run.record([0, 1], neurons=range(3))
    assert "a" in recording.variables() and recording.trace("a").shape == (3, 4 * 20 + 1)
    figure = ff.plotting.raster(recording)
    assert isinstance(figure, Figure)


def test_a_neuron_in_strings_is_checked_like_a_file():
    with pytest.raises(ff.BrianffError, match=r"equations.*line 2.*tau_q"):
        ff.ForwardForward("digits", neuron=ff.Neuron(base="lif", equations="dv/dt = -v/tau_m : 1\nq = v/tau_q : 1\n"))


def test_a_run_in_a_folder_is_what_it_is_in_memory_and_can_be_looked_at_again(tmp_path):
    in_memory = ff.Run(small(epochs=2)).train(progress=False)
    run = ff.Run(small(epochs=2), tmp_path / "run").train(progress=False)
    again = ff.load(tmp_path / "run")
    for one in (run, again):
        for key, w in in_memory.weights.items():
            np.testing.assert_array_equal(w, one.weights[key])
    assert repr(again) == f"<forward_forward 84-12-10 on digits, 120/120 in {tmp_path / 'run'}>"
    recording = again.record([17], neurons=[3, 5])
    assert list(recording.neurons(2)) == [3, 5] and len(recording.epochs) == 2
    assert again.evaluate("test", 10).accuracy("readout") == run.evaluate("test", 10).accuracy("readout")


def test_a_run_with_a_neuron_in_strings_can_be_taken_up_again(tmp_path):
    neuron = ff.Neuron(base="lif", parameters={"tau_m": 30 * ms}, name="slow")
    whole = ff.Run(small(epochs=1, neuron=neuron), tmp_path / "whole").train(progress=False)
    cut = ff.Run(small(epochs=1, neuron=neuron), tmp_path / "cut").train(
        callbacks=[lambda run, row: True], progress=False
    )
    assert 0 < cut.position < cut.method.n_rows
    assert (tmp_path / "cut" / "models" / "neuron" / "slow.py").is_file()
    again = ff.load(tmp_path / "cut").train(progress=False)
    np.testing.assert_array_equal(again.weights[2], whole.weights[2])
    assert again.method.composition.parameters["tau_m"] == 30 * ms


def test_training_goes_on_for_more_epochs(tmp_path):
    run = ff.Run(small(), tmp_path / "run").train(epochs=1, progress=False)
    first = run.weights[1].copy()
    run.train(epochs=2, progress=False)
    assert run.progress == (180, 180) and np.abs(run.weights[1] - first).max() > 1e-4
    again = ff.load(tmp_path / "run")
    assert again.progress == (180, 180)
    np.testing.assert_array_equal(again.weights[1], run.weights[1])


def test_callbacks_see_every_row_and_may_stop():
    seen = []
    run = ff.Run(small(epochs=2, validate_every=30))

    def stop(run, row):
        seen.append((row["what"], row["samples"]))
        return row["what"] == "validation" and row["samples"] == 60

    run.train(callbacks=[stop], progress=False)
    assert seen == [("chunk", 30), ("validation", 30), ("chunk", 60), ("validation", 60)]
    assert [(row["what"], row["samples"]) for row in run.metrics] == seen
    run.train(progress=False)
    assert run.progress == (120, 120)


def test_own_images_and_own_spikes():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 90)
    images = rng.random((90, 4, 4)) * 0.2
    images[np.arange(90), labels] += 0.8
    data = ff.datasets.from_arrays(images, labels, test=30, validation=20)
    method = ff.ForwardForward(data, device="runtime", layers=[9], steps=20, epochs=1, refresh=20, chunk=20)
    run = ff.Run(method).train(progress=False)
    assert run.evaluate("test").goodness.shape == (30, 3, 1)
    times = [np.sort(rng.random(5)) * 0.03 for _ in labels]
    channels = [rng.integers(0, 6, 5) for _ in labels]
    spikes = ff.datasets.from_spikes(times, channels, labels, test=30, validation=20)
    options = dict(device="runtime", layers=[9], steps=20, dt=2.0, epochs=1, mini_batch=10, chunk=20, batch=5)
    assert ff.Run(ff.Feedback(spikes, **options)).train(progress=False).evaluate("test").output.shape == (30, 3)


def test_a_run_on_own_data_asks_for_them_again(tmp_path):
    data = ff.datasets.from_arrays(
        np.random.default_rng(1).random((60, 3, 3)), np.arange(60) % 2, test=20, validation=10
    )
    options = dict(device="runtime", layers=[6], steps=10, epochs=1, refresh=10, chunk=10)
    ff.Run(ff.ForwardForward(data, **options), tmp_path / "run").train(progress=False)
    with pytest.raises(ff.BrianffError, match="hand it over, dataset="):
        ff.load(tmp_path / "run")
    assert ff.load(tmp_path / "run", data).progress == (30, 30)


def test_errors_speak_of_arguments():
    with pytest.raises(ff.BrianffError) as error:
        small(mini_batch=7)
    assert str(error.value) == "mini_batch 7 is not a multiple of batch 10."
    with pytest.raises(ff.BrianffError, match="init_gain must be more than 0"):
        small(init_gain=-1.0)


@pytest.mark.parametrize("method", [ff.Feedback, ff.Backpropagation])
def test_a_network_with_feedback_is_recorded_and_drawn(method):
    options = dict(device="runtime", layers=[8], steps=15, dt=8.0, limit=20, mini_batch=10, batch=10, chunk=20)
    run = ff.Run(method("digits", epochs=1, **options)).train(progress=False)
    recording = run.record([0, 1])
    assert len(recording.epochs) == 2 and recording.goodness(1) is None
    assert recording.trace(recording.membrane).shape == (8, 2 * 15 + 1)
    for figure in (ff.plotting.raster(recording), ff.plotting.membrane(recording)):
        assert isinstance(figure, Figure)


OWN_METHOD = '''
"""A method of learning in one file: a nearest-mean classifier, one sample a row."""

import numpy as np

import brianff as ff
from brianff.learning.health import Health
from brianff.learning.options import RunOptions


class NearestMean(ff.Method):
    name = "nearest_mean"

    class Options(RunOptions):
        presets = {"mnist": dict(epochs=1, chunk=100)}

    def build(self):
        self.images = self.data.images.reshape(len(self.data.images), -1) / 255.0
        self.sums = np.zeros((self.data.n_classes, self.images.shape[1]))
        self.counts = np.zeros(self.data.n_classes)
        self.health = Health({}, len(self.train))

    sizes = property(lambda self: self.sums.shape[::-1])
    n_rows = property(lambda self: self.epochs * len(self.train))

    def samples_at(self, row):
        return row

    def next_stop(self, row, samples):
        return min(row + samples, (self.epoch_at(row) + 1) * len(self.train))

    def learn(self, rows):
        for row in rows:
            sample = self.train[row % len(self.train)]
            self.sums[self.data.labels[sample]] += self.images[sample]
            self.counts[self.data.labels[sample]] += 1
        return {"seen": int(self.counts.sum())}

    def state(self):
        return {"sums": self.sums.copy(), "counts": self.counts.copy()}

    def restore(self, arrays):
        self.sums, self.counts = arrays["sums"], arrays["counts"]

    def weights(self):
        return {1: (self.sums / np.maximum(self.counts, 1)[:, None]).T}

    def evaluate(self, samples, offset=0):
        w = self.weights()[1]
        return ff.Evaluation(self.data.labels[samples], output=2 * self.images[samples] @ w - np.sum(w**2, axis=0))
'''


def test_a_method_from_outside_the_package(tmp_path):
    """One file: started, interrupted, taken up again, validated and evaluated as brianff's own."""
    (tmp_path / "own_method.py").write_text(OWN_METHOD)
    sys.path.insert(0, str(tmp_path))
    try:
        from own_method import NearestMean
    finally:
        sys.path.remove(str(tmp_path))
    whole = ff.Run(NearestMean("digits")).train(progress=False)
    assert whole.evaluate("test").accuracy() > 0.85 and whole.metrics[-1]["accuracy"] > 0.85
    ff.Run(NearestMean("digits"), tmp_path / "run").train(callbacks=[lambda run, row: True], progress=False)
    with pytest.raises(ff.BrianffError, match="there is no method 'nearest_mean'.*hand over your own class"):
        ff.load(tmp_path / "run")
    again = ff.load(tmp_path / "run", method=NearestMean)
    assert again.progress[0] == 100
    again.train(progress=False)
    np.testing.assert_array_equal(again.weights[1], whole.weights[1])


def test_importing_is_quick_and_brings_no_brian2():
    code = "import sys, time; began = time.process_time(); import brianff; print(time.process_time() - began); "
    code += "print('brian2' in sys.modules, 'matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, loaded = done.stdout.splitlines()
    assert float(seconds) < 0.3 and loaded == "False False"


def test_a_bug_keeps_its_traceback(tmp_path):
    script = textwrap.dedent(
        """
        from brianff.endings import fail_cleanly

        @fail_cleanly
        def main(arguments):
            raise ValueError("a bug")

        main([])
        """
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "Traceback" in done.stderr and "ValueError: a bug" in done.stderr


def test_population_search_goes_on_where_it_was(tmp_path):
    options = dict(substrate="ann", neurons=10, members=8, pairs=8, generations=8, limit=60, validate=30, chunk=16)
    for search in ("es", "ga", "pso", "gradient"):
        whole = ff.Run(ff.PopulationSearch("digits", search=search, **options)).train(progress=False)
        folder = tmp_path / search
        cut = ff.Run(ff.PopulationSearch("digits", search=search, **options), folder)
        cut.train(callbacks=[lambda run, row: True], progress=False)
        assert 0 < cut.position < cut.method.n_rows
        again = ff.load(folder).train(progress=False)
        np.testing.assert_array_equal(again.weights[1], whole.weights[1], err_msg=search)
        assert again.method.presentations == whole.method.presentations
