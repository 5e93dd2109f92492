"""Spike trains as data: from files good and bad, generated with a known answer, and as input of both trainers."""

from collections import Counter

import numpy as np
import pytest
from conftest import campaign, in_python
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from brianff import datasets
from brianff.datasets import DatasetError
from brianff.datasets.rhythm import CHANNELS, CYCLES, PERIOD, pattern_phases
from brianff.datasets.sources import InMemory
from brianff.devices.cpp import CppSimulator
from brianff.devices.runtime import RuntimeSimulator
from brianff.equations.compose import compose
from brianff.errors import OptionError
from brianff.learning.feedback import Feedback
from brianff.learning.forward_forward import ForwardForward
from brianff.learning.rectified import Rectified
from brianff.learning.run import Run
from brianff.network.architecture import Architecture
from brianff.stimulus import Schedule
from brianff.studies.rate_readout import rate_readout
from brianff.trains import SpikeTrains

# three channels, the last of which is always silent; two spikes of channel 0 in samples 0, 3 and 4
GOOD = dict(
    times=np.array([0.01, 0.02, 0.03, 0.0, 0.019, 0.01, 0.012, 0.039, 0.01, 0.03]),
    channels=np.array([0, 1, 0, 1, 0, 0, 0, 1, 0, 0]),
    samples=np.array([0, 0, 0, 1, 2, 3, 3, 3, 4, 4]),
    labels=np.array([0, 1, 1, 0, 1]),
    n_channels=3,
    n_classes=2,
    n_train=3,
)


def write(path, **changes):
    np.savez(path, **{k: v for k, v in {**GOOD, **changes}.items() if v is not None})
    return path


@pytest.fixture
def file(tmp_path):
    return write(tmp_path / "events.npz")


def test_a_file_gives_spike_times_for_the_encoder(file):
    data = datasets.load("events", data=file, validation=1)
    assert (data.n_pixels, data.n_classes, data.most_events(2)) == (3, 2, 6)
    assert sorted([*data.train, *data.validation]) == [0, 1, 2] and list(data.test) == [3, 4]
    trains = data.shown(np.array([0, 1, 3]), 20, 0.002).read()
    events = zip(trains.sample, trains.channel, trains.step, trains.count, strict=True)
    expected = {(0, 0, 5, 1), (0, 0, 15, 1), (0, 1, 10, 1), (1, 1, 0, 1), (2, 0, 5, 1), (2, 0, 6, 1), (2, 1, 19, 1)}
    assert set(events) == expected
    coarse = data.shown(np.array([3, 0]), 2, 0.02).read()
    np.testing.assert_array_equal(coarse.count, [2, 1, 1, 1, 1])  # 10 and 12 ms: one event
    np.testing.assert_array_equal(coarse.counts(), [[2, 1, 0], [2, 1, 0]])


def recorded_events(data, n_steps, dt, simulator=RuntimeSimulator):
    """Events of all samples in a simulation: (sample, channel, step, count), sorted."""
    n = len(data.labels)
    trains = data.shown(np.arange(n), n_steps, dt).read()
    a = Architecture(
        data.n_pixels, 2, (1,), label_neurons=0, batch=1, n_steps=n_steps, dt_ms=1e3 * dt, capacity=n, images=n,
        events=max(trains.n_events, 1),
    )  # fmt: skip
    network = simulator(a, compose(models=dict(encoder="spike_times")), record=True)
    schedule = Schedule.evaluation(np.arange(n), np.full(n, -2), np.arange(n), 1)
    results = network.run(schedule.inputs(a, trains), n)
    step = np.rint(results["spikes0.t"] / dt).astype(int)
    found = step // n_steps, results["spikes0.i"], step % n_steps, results["spikes0.multiplicity"]
    return sorted(zip(*(np.asarray(v, int).tolist() for v in found), strict=True))


def dataset(times, channels, samples, n_channels, n_samples):
    labels, numbers = np.arange(n_samples) % 2, np.arange(n_samples)
    source = InMemory(times, channels, samples, n_channels, n_samples)
    return datasets.EventDataset("events", source, labels, 2, numbers[:1], numbers[:0], numbers[1:])


@settings(max_examples=campaign(200, 12), deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), n_steps=st.integers(1, 12), single=st.booleans())
def test_every_spike_of_the_data_is_in_an_event_of_the_simulation(seed, n_steps, single):
    """However many fall into a step, and in its own step."""
    rng, dt, n_samples, n_channels = np.random.default_rng(seed), 0.002, 3, 4
    n_spikes = rng.integers(0, n_steps + 3, (n_samples, n_channels))
    n_spikes[0, 0] = n_steps
    sample, channel = np.divmod(np.repeat(np.arange(n_spikes.size), n_spikes.ravel()), n_channels)
    times = rng.choice([rng.random() * n_steps, rng.integers(n_steps), n_steps - 0.5], len(sample)) * dt
    order = np.lexsort((times, sample))
    data = dataset(
        times[order].astype(np.float32 if single else float), channel[order], sample[order], n_channels, n_samples
    )
    steps = np.floor(times / dt + 1e-6).astype(int)
    expected = Counter(zip(sample.tolist(), channel.tolist(), steps.tolist(), strict=True))
    assert recorded_events(data, n_steps, dt) == sorted((*event, n) for event, n in expected.items())


@pytest.mark.compiler
def test_compiled_events_are_those_of_the_data():
    rng, n = np.random.default_rng(3), 400
    sample, channel, times = np.sort(rng.integers(4, size=n)), rng.integers(5, size=n), rng.random(n) * 0.04
    data = dataset(times[np.lexsort((times, sample))], channel, sample, 5, 4)
    events = recorded_events(data, 20, 0.002, CppSimulator)
    assert events == recorded_events(data, 20, 0.002) and sum(count for *_, count in events) == n


@pytest.mark.parametrize("rule", ["symba", "r_stdp", "surrogate_gradient"])
@pytest.mark.parametrize("goodness", ["sum_of_squares", "linear"])
def test_several_spikes_at_once_are_like_as_many_one_after_the_other(rule, goodness):
    """Three spikes of a channel in one short step, or in three of them: the same membranes, but for the steps."""
    n_steps, dt = 400, 0.002
    a = Architecture(3, 2, (4,), label_neurons=1, batch=1, n_steps=n_steps, dt_ms=dt, capacity=1, images=1, events=90)
    composition = compose(models=dict(encoder="spike_times", rule=rule, goodness=goodness))
    rng, found = np.random.default_rng(5), []
    step = 40 * np.arange(9).repeat(3)
    w = rng.normal(0.2, 0.1, 20)
    for apart in (0, 1):
        trains = SpikeTrains.of_spikes(np.zeros(27, int), step // 40 % 3, step + apart * np.tile([0, 1, 2], 9), 1, 3)
        network = RuntimeSimulator(a, composition, record=True)
        schedule = Schedule.evaluation(np.zeros(1, int), np.full(1, -2), np.zeros(1, int), 1)
        results = network.run({"synapses1.w": w, **schedule.inputs(a, trains)}, 1)
        assert results["spikes0.multiplicity"].sum() == 27 == results["layer0.n_spikes"][0]
        found.append(np.array(network.built.traces["neurons1"].v)[:, -2])
    assert np.ptp(found[0]) > 0.001
    np.testing.assert_allclose(*found, rtol=0.03)
    assert not np.allclose(*found, rtol=1e-12)


def test_moved_and_stretched_trains():
    """By hand: two kinds of events at 2x3 places, and a row of channels; spikes that come together are counted."""
    places, zeros = np.array([0, 3, 10, 11]), np.zeros(4, int)
    trains = SpikeTrains.of_spikes(zeros, places, np.array([1, 2, 3, 4]), 1, 12)
    down_right = trains.moved((2, 3), np.array([[1, 1]]))
    assert list(zip(down_right.channel, down_right.step, strict=True)) == [(8, 1), (11, 2)]
    assert list(trains.moved((1, 12), np.array([[0, -1]])).channel) == [2, 9, 10]
    row = SpikeTrains.of_spikes(np.array([0, 0, 0, 1]), zeros, np.array([1, 2, 9, 4]), 2, 1)
    short = row.stretched(np.array([0.5, 0.5]), 10)
    assert list(zip(short.sample, short.step, short.count, strict=True)) == [(0, 0, 1), (0, 1, 1), (0, 4, 1), (1, 2, 1)]
    assert list(row.stretched(np.array([0.1, 1.0]), 10).count) == [3, 1]
    long = row.stretched(np.array([1.9, 1.9]), 13)  # of the first sample as far as there is room
    assert list(long.step) == [2, 3, 12, 8] and long.count.sum() == 4


def test_models_that_take_spikes_one_by_one_refuse_several():
    """A depressing synapse has no closed form for several spikes at once: shorter steps, or another neuron."""
    times, channels = [[0.001, 0.0012, 0.005]] * 8, [[0, 0, 1]] * 8
    data = datasets.from_spikes(times, channels, np.arange(8) % 2, test=2, validation=0)
    options = dict(layers=(3,), device="runtime", neuron="lif_depressing", epochs=1, mini_batch=2, batch=2, refresh=2)
    options |= dict(chunk=2, learning_rate=1e-3, dropout=0.0)
    with pytest.raises(OptionError, match="channel 0 spikes 2 times within 1 ms .* `R -= U\\*R` .* shorter time"):
        ForwardForward(data, steps=10, dt=1.0, **options)
    Run(ForwardForward(data, steps=60, dt=0.1, **options)).train(progress=False)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_steps", range(1, 61))
def test_a_spike_at_the_end_of_an_epoch_is_refused(n_steps, dtype):
    """However n steps of 1 ms and the time of the spike are rounded; one in the last step is none."""
    end, last = (
        dataset(np.array([t], dtype), *np.zeros((2, 1), int), 1, 2).shown([0], n_steps, 0.001)
        for t in (n_steps / 1000, n_steps / 1000 - 1e-4)
    )
    with pytest.raises(ValueError, match=f"sample 0 has a spike at {n_steps / 1000:g} s, .* ends at"):
        end.read()
    assert last.read().step == [n_steps - 1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(labels=None), "lacks the array labels: it needs times, channels, samples"),
        (dict(times=np.arange(10)), "holds times as a int64 array of shape \\(10,\\), not as one float array"),
        (dict(n_train=np.array([3])), "holds n_train as .* not as one integer number"),
        (dict(n_train=5), "n_train is 5 of 5 samples"),
        (dict(labels=np.array([0, 1, 2, 0, 1])), "label 2 at sample 2 is out of range for 2 classes"),
        (dict(n_channels=1), "spike 1 is of channel 1; number channels 0 to 0"),
        (dict(samples=GOOD["samples"] + 1), "spike 8 is of sample 5; number samples 0 to 4"),
        (dict(samples=GOOD["samples"][::-1]), "spike 2 is of sample 3, after a later one; sort by sample"),
        (dict(times=GOOD["times"] - 0.001), "spike 3 is at -0.001 s; give times in seconds"),
        (dict(times=np.full(10, np.nan)), "spike 0 is at nan s"),
        (dict(times=np.sort(GOOD["times"])[::-1]), "spike 1 of sample 0 is at .* earlier than the one before it"),
        (dict(times=np.zeros(9)), "there are 9 times, 10 channels and 10 samples"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_what_is_wrong_with_a_file_is_one_sentence(changes, message, tmp_path):
    path = write(tmp_path / "bad.npz", **changes)
    with pytest.raises(DatasetError, match=message) as raised:
        datasets.load("events", data=path)
    assert str(path) in str(raised.value)


def test_damaged_and_missing_files(file):
    content = file.read_bytes()
    for damaged in (content[: len(content) // 2], b"times 1 2 3", b""):
        file.write_bytes(damaged)
        with pytest.raises(DatasetError, match="events.npz is not a valid npz file"):
            datasets.load("events", data=file)
    with pytest.raises(DatasetError, match="nowhere.npz cannot be read: No such file"):
        datasets.load("events", data="nowhere.npz")
    with pytest.raises(ValueError, match="data=FILE"):
        datasets.load("events")


# -- the rhythm -------------------------------------------------------------------------------------------------------
def known_answer(data, samples):
    """Classes by who knows the patterns: the one to whose phases the spikes keep the steadiest distance."""
    source = data.source
    turns = np.exp(2j * np.pi * source.times / PERIOD)
    sums = np.zeros((len(source), CHANNELS), complex)
    np.add.at(sums, (source.samples, source.channels), turns)
    fits = np.abs(np.einsum("sc,kpc->skp", sums[samples], np.exp(-2j * np.pi * pattern_phases())))
    return fits.max(axis=2).argmax(axis=1)


def test_rhythms_differ_in_relative_timing_alone():
    data = datasets.load("rhythm")
    source = data.source
    assert np.mean(known_answer(data, data.test) == data.labels[data.test]) > 0.999
    # one spike of every channel in every period, in every sample: counts are constant
    cell = (source.samples * data.n_channels + source.channels) * CYCLES + (source.times // PERIOD).astype(int)
    assert np.all(np.bincount(cell) == 1) and len(cell) == len(data.labels) * data.n_channels * CYCLES
    # the times of one channel by themselves do not depend on the class
    first = source.times[source.channels == 7].reshape(-1, CYCLES)
    by_time = LogisticRegression(max_iter=300).fit(first[data.train], data.labels[data.train])
    assert by_time.score(first[data.test], data.labels[data.test]) == pytest.approx(0.2, abs=0.04)
    assert np.ptp(np.sort(pattern_phases(), axis=-1), axis=(0, 1)).max() == 0


FEEDBACK = dict(device="runtime", layers=(12,), limit=40, epochs=1, mini_batch=10, chunk=40, batch=10, validation=0)


def test_feedback_learns_from_rhythms(tmp_path):
    run = Run(Feedback(dataset="rhythm", dropout=0.3, **FEEDBACK), tmp_path / "run")
    assert run.method.options.encoder == "spike_times"
    before = run.method.synaptic["synapses1.w"]
    run.train(progress=False)
    assert np.abs(run.method.synaptic["synapses1.w"] - before).max() > 1e-3
    assert rate_readout(run.method) == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize("dropout", [0.0, 1 - 1e-9])
def test_channels_that_drop_out_are_silent(dropout, file, tmp_path):
    options = {**FEEDBACK, "limit": 2, "mini_batch": 1, "batch": 1, "chunk": 1}
    config = Feedback.Options(dataset="events", data=str(file), dropout=dropout, steps=20, dt=2.0, **options)
    run = Run(Feedback.of(config), tmp_path / "run")
    shown = run.method.altered(run.method.shown(run.method.train), np.arange(2))
    assert shown.read().n_events == (4 if dropout == 0 else 0)


def test_forward_forward_takes_spike_trains(file, tmp_path):
    """Label neurons beside event channels; class 0 is told from class 1 by anything."""
    options = dict(
        device="runtime", layers=(6, 5), label_neurons=2, epochs=1, mini_batch=1, batch=1, refresh=2, chunk=2
    )
    options |= dict(steps=20, dt=2.0, validation=1, dropout=0.0)
    run = Run(ForwardForward(dataset="events", data=str(file), **options), tmp_path / "run")
    run.train(progress=False)
    assert run.evaluate("test").goodness.shape == (2, 2, 2)
    recording = run.record([0, 1])
    assert [len(epoch.image) for epoch in recording.epochs] == [3] * 4
    channels, times = recording.spikes(0)
    np.testing.assert_allclose(np.sort(times[(channels < 3) & (times < 39.5)]), [10, 12, 38])  # of sample 3


@pytest.mark.parametrize(
    ("method", "options", "message"),
    [
        (
            Feedback,
            dict(dataset="rhythm", steps=99, dt=2.0),
            "a spike at 0.2 s.* ends at 0.198 s: raise --steps",
        ),
        (
            Feedback,
            dict(dataset="rhythm", encoder="phase"),
            "'rhythm' holds spike times: take --encoder spike_",
        ),
        (
            Feedback,
            dict(encoder="spike_times"),
            "spike_times reads spike times, and 'digits' holds images",
        ),
        (ForwardForward, dict(dataset="rhythm", steps=50), "ends at 0.1 s: raise --steps"),
        (Rectified, dict(dataset="rhythm"), "'rhythm' holds spike times, and rectified"),
    ],
)
def test_what_does_not_go_with_spike_trains_is_refused(method, options, message):
    with pytest.raises(OptionError, match=in_python(message)):
        method(**options)


# -- stimulus epochs as long as the recordings -----------------------------------------------------------------------
def recordings_of_unequal_length():
    rng = np.random.default_rng(3)
    ends = rng.uniform(0.01, 0.1, 50)
    times = [np.sort(rng.uniform(0, end, 20)) for end in ends]
    channels = [rng.integers(6, size=20) for _ in ends]
    return datasets.from_spikes(times, channels, np.arange(50) % 2, n_channels=6, test=10, validation=4)


AS_LONG = dict(layers=(8, 6), steps=30, dt=4.0, mini_batch=10, refresh=20, chunk=20, epochs=1, device="runtime", tail=3)
SCORES = dict(negatives="none", rule="local_readout")


@pytest.mark.parametrize("more", [SCORES, {}])
def test_epochs_as_long_as_recordings_do_not_depend_on_batch_and_chunk(more):
    data = recordings_of_unequal_length()
    options = [dict(batch=5, chunk=5), dict(batch=10)]
    runs = [Run(ForwardForward(data, **(AS_LONG | more | one))).train(progress=False) for one in options]
    evaluations = [run.evaluate("test") for run in runs]
    for level in (1, 2):
        np.testing.assert_allclose(runs[1].weights[level], runs[0].weights[level], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(evaluations[1].goodness, evaluations[0].goodness, rtol=1e-9, atol=1e-12)


def test_epochs_end_after_the_last_spike_of_a_mini_batch():
    method = ForwardForward(recordings_of_unequal_length(), **(AS_LONG | SCORES | dict(batch=5, epochs=2)))
    ends = method.shown(method.train).read().ends()
    samples, _ = method.stream.take(range(8), 2)
    of = dict(zip(method.train.tolist(), ends, strict=True))
    own = np.array([of[sample] for sample in samples.tolist()])
    _, schedule = method.stimulus(range(1, 5))
    np.testing.assert_array_equal(schedule.steps, np.repeat(own.reshape(4, 10).max(axis=1), 2)[1:5] + 3)
    alone = Run(method).record([2, 5])
    expected = method.shown(method.data.test[[2, 5]]).read().ends() + 3
    assert [round((epoch.stop - epoch.start) / alone.dt) for epoch in alone.epochs] == expected.tolist()


def test_images_have_no_end():
    with pytest.raises(
        OptionError, match="tail 3 ends stimulus epochs after the last spike of a recording, and 'digits'"
    ):
        ForwardForward("digits", tail=3, device="runtime")
