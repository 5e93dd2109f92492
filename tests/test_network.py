"""The network on its devices: NumPy against C++, the goodness trace, the noise, what a run may change."""

import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from brian2.utils.logger import catch_logs

from brianff.command_line import doctor
from brianff.devices import DeviceError, simulator
from brianff.devices.cache import cached, one_at_a_time
from brianff.devices.cpp import CppSimulator, failure, generate
from brianff.devices.runtime import RuntimeSimulator
from brianff.equations.compose import compose
from brianff.learning.phases import Phases
from brianff.network.architecture import Architecture
from brianff.scratch import ScratchError, cache_folder, run_folder, sweep
from brianff.stimulus import LABEL_NEUTRAL, LABEL_NONE, Schedule

pytestmark = pytest.mark.usefixtures("optimised")
SMALL = Architecture(
    n_pixels=30, n_classes=3, layers=(20, 15), label_neurons=4, batch=3, n_steps=40, capacity=8, images=12
)


def stimulus(a, rng, n=4):
    """Inputs of `n` pairs of positive and negative stimulus epochs; an optimizer step after every second pair."""
    images = rng.uniform(0.1, 1, (a.images, a.n_pixels)) * (rng.random((a.images, a.n_pixels)) < 0.5)
    samples = np.arange(n * a.batch) % a.images
    right = rng.integers(0, a.n_classes, n * a.batch)
    number = 2 * np.arange(n * a.batch)
    negative = samples, (right + 1) % a.n_classes, number + 1
    schedule = Phases.paired().schedule((samples, right, number), negative, a)
    inputs = {"images": images, **schedule.inputs(a), "neurons0.seed": 7}
    rates = np.zeros(a.capacity + 1)
    rates[3::4] = 0.01
    for level, (n_pre, n_post) in enumerate(zip(a.sizes[:-1], a.sizes[1:], strict=True), start=1):
        inputs[f"synapses{level}.w"] = rng.normal(size=n_pre * n_post) * 4 / np.sqrt(n_pre)
        inputs[f"synapses{level}.plastic"] = True
        inputs[f"layer{level}.samples_per_update"] = 2.0 * a.batch
        inputs[f"learning_rate_at{level}"] = rates
    return inputs, schedule


@pytest.mark.compiler
@pytest.mark.parametrize(
    "models",
    [
        dict(neuron="lif", encoder="time_to_first_spike", rule="symba", optimizer="adam"),
        dict(neuron="integrate_and_fire", encoder="poisson_rate", rule="forward_forward", optimizer="sgd"),
    ],
    ids=lambda m: "-".join(m.values()),
)
def test_numpy_and_cpp_agree(models):
    """The same spikes, and weights equal to 1e-9 relative, after several learning steps."""
    composition = compose(models=models)
    inputs, schedule = stimulus(SMALL, np.random.default_rng(3))
    reference = RuntimeSimulator(SMALL, composition, record=True)
    expected = reference.run(inputs, len(schedule))
    with CppSimulator(SMALL, composition, record=True).run(inputs, len(schedule)) as got:
        for level in range(3):
            spikes = reference.built.spikes[f"neurons{level}"]
            assert spikes.num_spikes > 50
            np.testing.assert_array_equal(got[f"spikes{level}.i"], spikes.i[:])
            np.testing.assert_allclose(got[f"spikes{level}.t"], spikes.t_[:], rtol=0, atol=1e-9)
            of_entries = np.bincount(spikes.i[:] // SMALL.sizes[level], minlength=SMALL.batch)
            for results in (got, expected):
                np.testing.assert_array_equal(results[f"layer{level}.n_spikes"], of_entries)
        for level in (1, 2):
            w, reference_w = got[f"synapses{level}.w"], expected[f"synapses{level}.w"]
            assert np.abs(reference_w - inputs[f"synapses{level}.w"]).max() > 1e-4
            np.testing.assert_allclose(w, reference_w, rtol=1e-9, atol=1e-9 * np.abs(reference_w).max())
            np.testing.assert_allclose(
                got.recorded(f"record_g{level}", "g", len(schedule)),
                expected.recorded(f"record_g{level}", "g", len(schedule)),
                rtol=1e-9,
            )


STEPS = {"every": (1, 3, 5, 7), "second and third": (3, 5), "all but the second": (1, 5, 7)}


@pytest.mark.compiler
@pytest.mark.parametrize("on_spikes", [False, True], ids=["at the end of epochs", "on spikes too"])
@pytest.mark.parametrize("after", STEPS.values(), ids=list(STEPS))
def test_what_the_optimizer_sets_to_zero_need_not_be_in_memory(after, on_spikes, tmp_path):
    """Its steps after some pairs of stimulus epochs, from weight changes that are there at the start."""
    (tmp_path / "hebbian.py").write_text("base = 'symba'\non_pre = 'dw += 0.01*w'")
    composition = compose(models=dict(rule=str(tmp_path / "hebbian.py") if on_spikes else "symba"))
    inputs, schedule = stimulus(SMALL, np.random.default_rng(5))
    rates = np.zeros(SMALL.capacity + 1)
    rates[list(after)] = 0.01
    for level in (1, 2):
        inputs[f"learning_rate_at{level}"] = rates
        inputs[f"synapses{level}.dw"] = np.random.default_rng(level).normal(size=inputs[f"synapses{level}.w"].size)
    expected = RuntimeSimulator(SMALL, composition).run(inputs, len(schedule))
    with CppSimulator(SMALL, composition).run(inputs, len(schedule)) as got:
        for name in ("w", "dw", "m1", "m2"):
            for level in (1, 2):
                value = expected[f"synapses{level}.{name}"]
                atol = 1e-9 * max(np.abs(value).max(), 1e-12)
                np.testing.assert_allclose(got[f"synapses{level}.{name}"], value, rtol=1e-7, atol=atol, err_msg=name)
            assert np.any(expected[f"synapses1.{name}"]) == (name != "dw" or 7 not in after)
    generate(tmp_path / "source", SMALL, composition)
    source = "".join(path.read_text() for path in (tmp_path / "source").glob("**/*.cpp"))
    assert ("_is_zero" in source) == (not on_spikes)


@pytest.mark.compiler
def test_nothing_is_compiled_again_for_other_values(monkeypatch):
    """Data, weights, seed, learning rates and every parameter of the models are inputs of a run.

    Those of the composition hold where a run does not set them, whatever the binary was built with.
    """
    models = dict(neuron="lif", encoder="time_to_first_spike", rule="symba", optimizer="adam")
    first = CppSimulator(SMALL, compose(models=models), record=True)
    monkeypatch.setenv("PATH", "")  # no compiler to be found
    composition = compose(models=models, parameters={"alpha": 2.0, "v_th": 0.9})
    again = CppSimulator(SMALL, composition, record=True)
    assert not again.compiled
    inputs, schedule = stimulus(SMALL, np.random.default_rng(4))
    changed = {f"neurons{k}.v_th": 0.5 for k in (1, 2)}
    with again.run(inputs, len(schedule)) as low:
        spikes, w = low["spikes1.i"], low["synapses2.w"]
    with again.run({**inputs, **changed}, len(schedule)) as high:
        assert len(high["spikes1.i"]) > 1.2 * len(spikes)
    given = {f"neurons{k}.v_th": 0.9 for k in (1, 2)} | {f"layer{k}.alpha": 2.0 for k in (1, 2)}
    with first.run(inputs, len(schedule)) as other:
        assert len(other["spikes1.i"]) != len(spikes)
    with first.run({**inputs, **given}, len(schedule)) as same:
        np.testing.assert_array_equal(same["synapses2.w"], w)


def test_simulators_in_several_threads_do_not_disturb_each_other():
    """Brian2's clock, of another time step in each, is one for the process: threads take turns."""
    jobs = []
    for k, (dt, n_steps) in enumerate([(1.0, 40), (0.3, 30), (0.5, 20)]):
        a = SMALL.with_(dt_ms=dt, n_steps=n_steps, layers=(5, 4))
        jobs.append((a, compose(), *stimulus(a, np.random.default_rng(k), n=2)))

    def weights(a, composition, inputs, schedule, together=None):
        runtime = RuntimeSimulator(a, composition)
        if together:
            together.wait(60)
        out = []
        for _ in range(2):
            with runtime.run(inputs, len(schedule)) as results:
                out.append(results["synapses1.w"])
        return out

    alone = [weights(*job) for job in jobs]
    together = threading.Barrier(len(jobs))
    with ThreadPoolExecutor(len(jobs)) as pool:
        threads = [pool.submit(weights, *job, together) for job in jobs]
        for thread, expected in zip(threads, alone, strict=True):
            np.testing.assert_array_equal(thread.result(), expected)


@pytest.mark.parametrize(("dt", "n_steps"), [(0.3, 50), (0.1, 7), (0.7, 50)])
def test_no_false_alarm_of_misaligned_time_grids(dt, n_steps):
    a = SMALL.with_(dt_ms=dt, n_steps=n_steps, layers=(3,), capacity=2)
    with catch_logs() as logs:
        RuntimeSimulator(a, compose()).run({}, 1)
    assert not [message for *_, message in logs]


def test_files_of_killed_runs_are_deleted_but_those_of_another_machine_are_not(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "access", lambda *_: False)  # not in the memory of this one
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("BRIANFF_CACHE", str(tmp_path))
    with subprocess.Popen(["true"]) as killed:
        pass
    alive = run_folder()
    dead = tmp_path / alive.name.replace(f"-{os.getpid()}-", f"-{killed.pid}-")
    start = alive.name.split("-")[-2]
    again = tmp_path / alive.name.replace(f"-{start}-", f"-{int(start) - 1}-")  # its number is this process's now
    elsewhere = tmp_path / f"brianff-run-elsewhere-{killed.pid}-1-x"
    built, fresh = (tmp_path / f"brianff-build-elsewhere-{killed.pid}-1-{name}" for name in ("old", "new"))
    earlier = tmp_path / "build-of-an-earlier-version"
    for folder in (dead, again, elsewhere, built, fresh, earlier):
        (folder / "static_arrays").mkdir(parents=True)
    for folder in (built, earlier):
        os.utime(folder, (0, 0))
    (tmp_path / "build-notes.txt").write_text("somebody else's")
    os.utime(tmp_path / "build-notes.txt", (0, 0))
    sweep(tmp_path)
    assert {p for p in tmp_path.iterdir() if p.is_dir()} == {alive, elsewhere, fresh}
    assert (tmp_path / "build-notes.txt").exists()


def test_locks_of_killed_processes_are_deleted_and_held_ones_are_not(monkeypatch, tmp_path):
    monkeypatch.setenv("BRIANFF_CACHE", str(tmp_path))
    (tmp_path / "killed.lock").touch()
    with one_at_a_time(tmp_path / "network"):
        sweep(tmp_path)
        assert [p.name for p in tmp_path.iterdir()] == ["network.lock"]


@pytest.mark.parametrize(
    ("status", "output", "message"),
    [
        (-6, "terminate called after throwing an instance of 'std::bad_alloc'", "not enough memory"),
        (-9, "", "ended by SIGKILL.: it said nothing; there was not enough memory"),
        (0, "Error opening static array phase_at_values.", "raise the limit of open files"),
        (1, "something else", "exit status 1.: something else; if this happens again, delete"),
    ],
)
def test_the_failure_of_a_compiled_network_says_what_to_do(status, output, message, tmp_path):
    assert re.search(message, str(failure(status, output, tmp_path)))


class Full:
    """An array that cannot be written, as NumPy says it."""

    size = 2

    def tofile(self, path):
        raise OSError("2560 requested and 0 written")


@pytest.mark.compiler
def test_what_did_not_fit_into_the_temporary_folder_is_one_sentence(monkeypatch, tmp_path):
    """Neither NumPy nor the compiled network says so by itself."""
    simulator, (inputs, schedule) = CppSimulator(SMALL, compose()), stimulus(SMALL, np.random.default_rng(1))
    folders = iter([tmp_path / "a" / "run", tmp_path / "b" / "run"])

    def run_folder():
        folder = next(folders)
        folder.mkdir(parents=True)
        return folder

    monkeypatch.setattr("brianff.devices.cpp.run_folder", run_folder)
    with simulator.run(inputs, len(schedule)) as results:
        path = tmp_path / "a" / "run" / simulator.manifest["synapses1.w"]["file"]
        path.write_bytes(path.read_bytes()[:-8])
        with pytest.raises(ScratchError, match="a cannot be written .No space left on device.*TMPDIR"):
            _ = results["synapses1.w"]
    monkeypatch.setattr("brianff.devices.base.as_input", lambda *_: Full())
    with pytest.raises(ScratchError, match="b cannot be written .no space left on the device.*TMPDIR"):
        simulator.run(inputs, len(schedule))
    assert not (tmp_path / "b" / "run").exists()


@pytest.mark.compiler
def test_missing_compiler_is_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv("BRIANFF_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeviceError, match="Install g\\+\\+ and make .*device runtime"):
        CppSimulator(SMALL, compose())


@pytest.mark.parametrize(
    ("cxx", "message"), [("", "CXX is empty"), ("  ", "CXX is empty"), ("no-such", "Install no-such")]
)
def test_a_variable_that_names_no_compiler_is_named(monkeypatch, tmp_path, cxx, message):
    monkeypatch.setenv("BRIANFF_CACHE", str(tmp_path))
    monkeypatch.setenv("CXX", cxx)
    with pytest.raises(DeviceError, match=message):
        CppSimulator(SMALL, compose())
    assert any(message in line for line in doctor.report())


def test_an_empty_name_of_the_cache_is_none(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for empty in ("", " "):
        monkeypatch.setenv("BRIANFF_CACHE", empty)
        assert cache_folder() == tmp_path / "brianff" / "builds"


@pytest.mark.compiler
def test_nothing_is_compiled_without_optimization(monkeypatch, tmp_path):
    """Where Brian2's test of flags finds no compiler it drops all of them, and a network is 16 times slower."""
    from brian2.codegen import cpp_prefs

    monkeypatch.setenv("BRIANFF_CACHE", str(tmp_path))
    monkeypatch.setattr(cpp_prefs, "has_flag", lambda compiler, flag: False)
    with pytest.raises(DeviceError, match="CXX=g"):
        CppSimulator(SMALL, compose())
    assert not [p for p in tmp_path.iterdir() if p.is_dir()]


@pytest.mark.compiler
def test_failed_compilation_names_the_error_and_leaves_no_build(monkeypatch, tmp_path):
    monkeypatch.setenv("BRIANFF_CACHE", str(tmp_path))
    monkeypatch.setenv("CXXFLAGS", "")
    monkeypatch.setattr(CppSimulator, "make", ("make", "CXX=false"))
    with pytest.raises(DeviceError, match="compilation failed"):
        CppSimulator(SMALL, compose(), record=True)
    assert not [p for p in tmp_path.iterdir() if p.is_dir()]


@pytest.mark.compiler
def test_an_interrupted_compilation_leaves_nothing(monkeypatch, tmp_path):
    def interrupted(command, *args, **options):
        if command[0] == "make":
            raise KeyboardInterrupt
        return run(command, *args, **options)

    run = subprocess.run
    monkeypatch.setenv("BRIANFF_CACHE", str(tmp_path))
    monkeypatch.setattr(subprocess, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        CppSimulator(SMALL, compose())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("damage", ["main cut", "main gone", "manifest cut", "manifest edited", "a file"])
def test_a_damaged_cache_entry_is_built_again(monkeypatch, tmp_path, damage):
    monkeypatch.setenv("BRIANFF_CACHE", str(tmp_path))
    built = []

    def build(work):
        built.append(work)
        (work / "main").write_bytes(b"program")
        return subprocess.CompletedProcess([], 0, ""), {"variables": {"a": {"size": 3}}}

    folder = tmp_path / "network"
    assert cached(folder, build) == ({"variables": {"a": {"size": 3}}}, True)
    assert cached(folder, build)[1] is False
    manifest = folder / "manifest.json"
    if damage == "a file":
        shutil.rmtree(folder)
        folder.write_text("")
    elif damage == "main gone":
        (folder / "main").unlink()
    elif damage == "main cut":
        (folder / "main").write_bytes(b"prog")
    else:
        text = manifest.read_text()
        manifest.write_text(text[:20] if damage == "manifest cut" else text.replace('"size": 3', '"size": 4'))
    assert cached(folder, build) == ({"variables": {"a": {"size": 3}}}, True) and len(built) == 2
    assert [p.name for p in tmp_path.iterdir()] == ["network"]


def test_who_waited_for_a_build_keeps_the_next_one_out(tmp_path):
    """The file that they waited for is deleted by the first: they must not take the deleted one for the lock."""
    inside = []

    def wait():
        with one_at_a_time(tmp_path / "network"):
            inside.append((tmp_path / "network.lock").exists())

    with one_at_a_time(tmp_path / "network"):
        waiting = threading.Thread(target=wait)
        waiting.start()
        time.sleep(0.2)
        assert not inside
    waiting.join()
    assert inside == [True] and not list(tmp_path.iterdir())


@pytest.mark.compiler
def test_a_wrong_size_is_refused_and_nothing_is_left_behind():
    compiled = CppSimulator(SMALL, compose(models=dict(neuron="lif")), record=True)
    inputs, schedule = stimulus(SMALL, np.random.default_rng(3))
    with pytest.raises(ValueError, match="'synapses1.w' has .* elements"):
        compiled.run({**inputs, "synapses1.w": np.zeros(7)}, len(schedule))
    with pytest.raises(DeviceError, match="no variable 'synapses9.w'"):
        compiled.run({**inputs, "synapses9.w": np.zeros(7)}, len(schedule))


def test_unknown_device():
    with pytest.raises(DeviceError, match="no device 'gpu'"):
        simulator("gpu", SMALL, compose())


@pytest.fixture(scope="module")
def runtime():
    """One NumPy network with monitors, for the tests that only look."""
    return RuntimeSimulator(SMALL, compose(), record=True)


def test_goodness_is_the_sum_of_squared_traces_at_every_moment(runtime):
    inputs, schedule = stimulus(SMALL, np.random.default_rng(5))
    runtime.run(inputs, len(schedule))
    for level in (1, 2):
        x = np.array(runtime.built.traces[f"neurons{level}"].x).reshape(SMALL.batch, SMALL.sizes[level], -1)
        G = np.array(runtime.built.traces[f"layer{level}"].G)
        assert G.max() > 5
        np.testing.assert_allclose(G, (x**2).sum(axis=1), rtol=1e-9, atol=1e-12)


def test_a_run_starts_afresh(runtime):
    inputs, schedule = stimulus(SMALL, np.random.default_rng(5))
    runs = [runtime.run(inputs, len(schedule))["synapses2.w"] for _ in range(2)]
    np.testing.assert_array_equal(*runs)


def test_evaluation_changes_no_weight(runtime):
    inputs, _ = stimulus(SMALL, np.random.default_rng(5))
    schedule = Schedule.evaluation(np.arange(6), np.zeros(6, int), np.arange(6), SMALL.batch)
    after = runtime.run({**inputs, **schedule.inputs(SMALL)}, len(schedule))
    np.testing.assert_array_equal(after["synapses1.w"], inputs["synapses1.w"])


def test_a_layer_that_is_not_plastic_keeps_its_weights(runtime):
    inputs, schedule = stimulus(SMALL, np.random.default_rng(5))
    after = runtime.run({**inputs, "synapses1.plastic": False}, len(schedule))
    np.testing.assert_array_equal(after["synapses1.w"], inputs["synapses1.w"])
    assert np.abs(after["synapses2.w"] - inputs["synapses2.w"]).max() > 1e-4


def input_spikes(runtime, label):
    a = SMALL
    images = np.zeros((a.images, a.n_pixels))
    images[0, :4] = [1.0, 0.5, 0.2, 0.0]
    schedule = Schedule.evaluation(np.array([0]), np.array([label]), np.array([0]), a.batch)
    inputs = {"images": images, **schedule.inputs(a), "synapses1.w": 0.0, "synapses2.w": 0.0}
    runtime.run(inputs, 1)
    spikes = runtime.built.spikes["neurons0"]
    return np.array(spikes.i), np.rint(spikes.t_ / 1e-3).astype(int)


def test_time_to_first_spike_is_linear_in_the_intensity(runtime):
    i, t = input_spikes(runtime, LABEL_NONE)
    assert dict(zip(i, t, strict=True)) == {0: 0, 1: 20, 2: 32}  # round((1 - p)*40), the dark pixel silent


def test_label_neurons(runtime):
    pixels = {0, 1, 2}
    first = SMALL.n_pixels
    for label in range(3):
        i, _ = input_spikes(runtime, label)
        assert set(i) - pixels == set(range(first + 4 * label, first + 4 * label + 4))
    i, _ = input_spikes(runtime, LABEL_NEUTRAL)
    assert set(i) - pixels == {first, first + 4, first + 8}  # one of every class


def test_empty_places_are_silent(runtime):
    i, _ = input_spikes(runtime, 0)
    assert i.max() < SMALL.sizes[0]  # only entry 0 of the batch is filled


def test_only_the_direction_of_the_activity_passes():
    """Twice the spikes of the layer below change its goodness, not the drive of the layer above."""
    a = Architecture(n_pixels=10, n_classes=2, layers=(8,), label_neurons=1, batch=1, n_steps=20, capacity=1, images=1)
    composition = compose(models=dict(encoder="regular_rate"), parameters={"floor_x2": 1e-12})
    runtime = RuntimeSimulator(a, composition, record=True)
    rng = np.random.default_rng(0)
    w = rng.normal(size=a.n_input * 8)
    schedule = Schedule.evaluation(np.array([0]), np.array([LABEL_NONE]), np.array([0]), 1)
    drive, goodness = [], []
    for rate in (200.0, 400.0):
        runtime.run({"images": np.ones((1, 10)), **schedule.inputs(a), "synapses1.w": w, "neurons0.rate_max": rate}, 1)
        current = np.array(runtime.built.traces["neurons1"].I_syn)[:, -2]
        below = runtime.built.groups["layer0"]
        goodness.append(float(below.G_[0]))
        drive.append(current)
    # all channels are equal here, so I_syn/|x| must be the same although |x| has about doubled
    ratio = np.linalg.norm(drive[1]) / np.linalg.norm(drive[0])
    assert 1.7 < ratio < 2.3
    np.testing.assert_allclose(drive[1] / np.linalg.norm(drive[1]), drive[0] / np.linalg.norm(drive[0]), rtol=1e-9)


def test_noise_does_not_depend_on_the_batch():
    """The same presentations, one after the other and side by side: the same goodness, with Poisson input."""
    composition = compose(models=dict(encoder="poisson_rate"))
    rng = np.random.default_rng(1)
    n = 6
    images = rng.random((12, SMALL.n_pixels))
    w = {f"synapses{k}.w": rng.normal(size=p * q) for k, (p, q) in enumerate([(42, 20), (20, 15)], start=1)}
    goodness = []
    for batch in (1, 3):
        a = SMALL.with_(batch=batch)
        schedule = Schedule.evaluation(np.arange(n), np.zeros(n, int), np.arange(100, 100 + n), batch)
        results = RuntimeSimulator(a, composition).run(
            {"images": images, **schedule.inputs(a), **w, "neurons0.seed": 5}, len(schedule)
        )
        goodness.append(results.recorded("record_g2", "g", len(schedule)).ravel())
    np.testing.assert_array_equal(*goodness)
    assert len(set(goodness[0])) == n


@pytest.mark.parametrize("encoder", ["regular_rate", "poisson_rate"])
def test_rate_codes_have_the_rate(encoder):
    a = Architecture(
        n_pixels=200, n_classes=2, layers=(1,), label_neurons=1, batch=1, n_steps=500, capacity=1, images=1
    )
    runtime = RuntimeSimulator(a, compose(models=dict(encoder=encoder)), record=True)
    image = np.repeat([0.2, 0.5], 100)[None]
    schedule = Schedule.evaluation(np.array([0]), np.array([LABEL_NONE]), np.array([0]), 1)
    runtime.run({"images": image, **schedule.inputs(a), "synapses1.w": 0.0, "neurons0.rate_max": 100.0}, 1)
    counts = np.bincount(np.array(runtime.built.spikes["neurons0"].i), minlength=a.n_input)[:200].reshape(2, 100)
    expected = np.array([0.2, 0.5]) * 100 * 0.5  # 100 Hz, half a second
    np.testing.assert_allclose(counts.mean(axis=1), expected, rtol=0.06)
    if encoder == "poisson_rate":
        np.testing.assert_allclose(counts.var(axis=1), expected, rtol=0.35)
    else:
        assert counts.std(axis=1).max() == 0


@pytest.mark.parametrize("rule", ["symba", "forward_forward"])
def test_a_step_of_the_rule_raises_positive_above_negative_goodness(rule):
    """Learning one pair with a small step moves the margin of both layers in the right direction."""
    a = SMALL.with_(batch=1, capacity=4, images=1, n_steps=40)
    runtime = RuntimeSimulator(a, compose(models=dict(rule=rule, optimizer="sgd")))
    better = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        image = rng.random((1, a.n_pixels))
        schedule = Phases.paired().schedule(([0, 0], [0, 0], [0, 0]), ([0, 0], [1, 1], [1, 1]), a)
        inputs = {"images": image, **schedule.inputs(a)}
        for level, (n_pre, n_post) in enumerate(zip(a.sizes[:-1], a.sizes[1:], strict=True), start=1):
            inputs[f"synapses{level}.w"] = rng.normal(size=n_pre * n_post) * 3 / np.sqrt(n_pre)
        for level in (1, 2):  # one at a time, so that the layer above sees the same input before and after
            rates = np.zeros(a.capacity + 1)
            rates[1] = 0.02
            results = runtime.run({**inputs, f"synapses{level}.plastic": True, f"learning_rate_at{level}": rates}, 4)
            g = results.recorded(f"record_g{level}", "g", 4)[:, 0]
            better.append(g[2] - g[3] - (g[0] - g[1]))
    better = np.array(better)
    assert (better > 0).mean() >= 0.75
    assert better.mean() > 0


def test_architecture_refuses_nonsense():
    with pytest.raises(ValueError, match="batch must be positive"):
        SMALL.with_(batch=0)
    with pytest.raises(ValueError, match="the time step must be positive"):
        SMALL.with_(dt_ms=0.0)
    with pytest.raises(ValueError, match="at least one layer"):
        SMALL.with_(layers=())
    with pytest.raises(ValueError, match="use a smaller chunk"):
        SMALL.with_(capacity=2**31)


@pytest.mark.compiler
def test_an_epoch_begins_with_its_first_step_however_long_the_run():
    """Rounding does not move the boundaries: the same presentation is the same after minutes of simulated time."""
    a = SMALL.with_(dt_ms=0.7, n_steps=20, capacity=8000, images=1, batch=1)
    compiled = CppSimulator(a, compose())
    n = a.capacity
    shown = Schedule.evaluation(np.zeros(n, int), np.zeros(n, int), np.zeros(n, int), 1)
    inputs = {"images": np.random.default_rng(0).random((1, a.n_pixels)), **shown.inputs(a), "neurons0.t_code": 0.003}
    for level, (n_pre, n_post) in enumerate(zip(a.sizes[:-1], a.sizes[1:], strict=True), start=1):
        inputs[f"synapses{level}.w"] = np.random.default_rng(level).normal(size=n_pre * n_post) * 3 / np.sqrt(n_pre)
    with compiled.run(inputs, n) as results:
        g = results.recorded("record_g1", "g", n)[:, 0]
    assert len(g) == n and g[0] > 0 and (g == g[0]).all()


@pytest.mark.compiler
def test_single_precision_is_single_throughout():
    """One double constant in a loop would make the whole statement double: the loops name no such type."""
    a = SMALL.with_(dtype="float32")
    compiled = CppSimulator(a, compose(models=dict(encoder="poisson_rate")))
    inputs, schedule = stimulus(a, np.random.default_rng(3))
    with compiled.run(inputs, len(schedule)) as got:
        assert got["neurons1.v"].dtype == np.float32
        assert np.isfinite(got["synapses1.w"]).all() and np.any(got["synapses1.w"] != inputs["synapses1.w"])
    pieces = re.split(
        r"^namespace { namespace ", (compiled.folder / "code_objects" / "merged.cpp").read_text(), flags=re.M
    )
    for name in ("neurons0_step", "neurons1_step", "synapses1_pre", "synapses1_learn"):
        (text,) = (piece for piece in pieces if piece.startswith(f"{name}_codeobject"))
        loops = text.split("// scalar code")[1].replace("const double t =", "")
        assert ("float" in loops or name == "neurons0_step") and "double" not in loops, name
