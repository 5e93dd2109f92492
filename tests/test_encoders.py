"""The codes under models/encoders: spike times in closed form, and what a linear readout finds in the spikes."""

import math
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from brian2 import Hz, Network, NeuronGroup, SpikeMonitor, TimedArray, defaultclock, ms, prefs, second
from conftest import campaign
from sklearn.linear_model import LogisticRegression

from brianff import datasets
from brianff.devices.cpp import CppSimulator
from brianff.devices.runtime import RuntimeSimulator
from brianff.equations.compose import compose
from brianff.equations.kinds import available
from brianff.equations.model import load
from brianff.equations.variables import INPUT_VARIABLES, SHOWN_IMAGE
from brianff.network.architecture import Architecture
from brianff.noise import FUNCTIONS
from brianff.stimulus import Schedule
from brianff.trains import SpikeTrains


def encode(encoder, images, steps=50, dt_ms=1.0, begin=0, **parameters):
    """Spikes of every image in one stimulus epoch, as a boolean array (image, channel, time step).

    The epoch begins with time step `begin` of the simulation.  For `spike_times`, images are `SpikeTrains`.
    """
    model = load("encoder", encoder)
    defaultclock.dt = dt_ms * ms
    if isinstance(images, SpikeTrains):
        n_images, n_channels, intensities = len(images), images.n_channels, 0
        arrays = images.inputs(SimpleNamespace(images=n_images, events=images.n_events))
    else:
        (n_images, n_channels), intensities = images.shape, images.ravel()
        arrays = {"images": images}
    given = {name: TimedArray(values, dt=1 * second) for name, values in arrays.items()} | {"n_pixels": n_channels}
    group = NeuronGroup(
        n_images * n_channels,
        INPUT_VARIABLES + SHOWN_IMAGE + f"t_in_epoch = (t_in_timesteps - {begin})*dt : second\n" + model["equations"],
        threshold=model["threshold"],
        reset=model["reset"],
        method="exponential_euler",
        namespace={**FUNCTIONS, **given, "T_epoch": steps * dt_ms * ms, **model.parameters, **parameters},
    )
    group.intensity = intensities
    group.shown_image = group.presentation = np.repeat(np.arange(n_images), n_channels)
    group.channel = np.tile(np.arange(n_channels), n_images)
    group.seed = 1
    group.run_regularly(model["at_epoch_start"], dt=(begin or 100 * steps) * dt_ms * ms, when="start")
    monitor = SpikeMonitor(group)
    network = Network(group, monitor)
    network.t_ = begin * dt_ms * 1e-3
    network.run(steps * dt_ms * ms)
    spikes = np.zeros((len(group), steps), bool)
    spikes[np.array(monitor.i), np.rint(np.array(monitor.t) * 1e3 / dt_ms).astype(int) - begin] = True
    return spikes.reshape(n_images, n_channels, steps)


RAMP = np.linspace(0, 1, 256).reshape(1, -1)


def first_and_count(spikes):
    return np.where(spikes.any(-1), spikes.argmax(-1), -1)[0], spikes.sum(-1)[0]


def test_phase_code_is_the_binary_expansion():
    spikes = encode("phase", RAMP, steps=40, t_phase=5 * ms, dark=0.0)[0]
    bits = spikes[:, ::5]
    assert spikes.sum() == bits.sum()  # at the start of a phase only
    weights = 2.0 ** -np.arange(1, 9)
    np.testing.assert_allclose(bits @ weights * 256, np.arange(256))


def test_phase_code_repeats_its_cycle():
    spikes = encode("phase", RAMP, steps=24, t_phase=1 * ms)[0]
    np.testing.assert_array_equal(spikes[:, :8], spikes[:, 8:16])
    np.testing.assert_array_equal(spikes[:, :8], spikes[:, 16:])


def test_a_phase_lasts_at_least_one_time_step():
    spikes = encode("phase", RAMP, steps=8, t_phase=0.1 * ms)[0]
    assert (spikes == encode("phase", RAMP, steps=8, t_phase=1 * ms)[0]).all()


def test_burst_code_has_count_and_interval_of_the_paper():
    spikes = encode("burst", RAMP, steps=60)[0]
    for p, train in zip(RAMP[0], spikes, strict=True):
        times = np.flatnonzero(train)
        if p <= 0.05:
            assert not len(times)
            continue
        number = int(np.ceil(5 * p - 1e-9))
        interval = int(np.ceil(20 - 18 * p - 1e-9))
        np.testing.assert_array_equal(times, [t for t in interval * np.arange(number) if t < 60])


def test_constant_current_spikes_when_an_integrate_and_fire_neuron_does():
    spikes = encode("constant_current", RAMP, steps=1000, dt_ms=0.05)[0]
    for p, train in zip(RAMP[0], spikes, strict=True):
        current = 4 * p
        times = (np.flatnonzero(train) + 1) * 0.05
        if current <= 1:
            assert not len(times)
            continue
        interval = 20 * np.log(current / (current - 1))
        expected = interval * np.arange(1, 50 // interval + 1)
        assert abs(len(times) - len(expected)) <= 1
        k = min(len(times), len(expected))
        # each spike is noticed at the end of its time step
        np.testing.assert_array_less(np.abs(times[:k] - expected[:k]), 0.05 * np.arange(1, k + 1) + 1e-6)


@pytest.mark.parametrize("encoder", ["time_to_first_spike", "constant_current", "regular_rate", "burst"])
def test_brighter_is_never_later_nor_less(encoder):
    first, count = first_and_count(encode(encoder, RAMP))
    assert (np.diff(count) >= 0).all()
    spiking = first >= 0
    assert (np.diff(first[spiking]) <= 0).all()


def test_spike_times_are_given_back():
    """Several events a channel, in order; an empty place is silent; a label spikes at once, and again and again."""
    expected = {0: [0, 5, 25, 49], 1: [15, 16], 2: [], 3: [0, 20, 40], 4: []}
    step, channel = np.array([49, 0, 5, 25, 16, 15]), np.array([0, 0, 0, 0, 1, 1])
    trains = SpikeTrains.of_spikes(np.zeros(6, int), channel, step, 1, 3)
    a = Architecture(3, 2, (1,), label_neurons=1, batch=2, n_steps=50, capacity=2, images=1, events=6)
    composition = compose(models=dict(encoder="spike_times"), parameters={"label_interval": 20 * ms})
    runtime = RuntimeSimulator(a, composition, record=True)
    schedule = Schedule.evaluation(np.array([0, -1, 0, -1]), np.array([0, -2, 0, -2]), np.zeros(4, int), 2)
    runtime.run(schedule.inputs(a, trains), 2)
    spikes = runtime.built.spikes["neurons0"]
    steps, channels = np.rint(np.array(spikes.t) * 1e3).astype(int), np.array(spikes.i)
    for channel in range(10):
        train = np.array(expected.get(channel, []))
        np.testing.assert_array_equal(steps[channels == channel], [*train, *(train + 50)])


# -- times belong to the stimulus epoch ----------------------------------------------------------------------------
@pytest.fixture
def precision():
    before = prefs.core.default_float_dtype

    def choose(dtype):
        prefs.core.default_float_dtype = dtype

    yield choose
    prefs.core.default_float_dtype = before


LEVELS = np.concatenate([np.arange(256) / 255, np.arange(17) / 16])
BEGINNINGS = [211, 7919, 59_940]
# rates and lengths that make spikes due exactly at a time step, for some of the levels
TIES = {"regular_rate": dict(rate_max=300 * Hz), "poisson_rate": dict(rate_max=300 * Hz), "burst": dict(t_max=25 * ms)}


def presentations_of(encoder, rng, n_images=3, n_channels=91, spikes=900):
    """Images of every grey level, or spike trains."""
    if encoder != "spike_times":
        return rng.permutation(LEVELS).reshape(n_images, n_channels)
    drawn = (rng.integers(n, size=spikes) for n in (n_images, n_channels, 200))
    return SpikeTrains.of_spikes(*drawn, n_images, n_channels)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("encoder", available("encoder"))
def test_a_presentation_gives_the_same_spikes_wherever_it_stands(encoder, dtype, precision):
    precision(dtype)
    images = presentations_of(encoder, np.random.default_rng(11))
    steps, options = (200, {}) if encoder == "spike_times" else (50, TIES.get(encoder, {}))
    here = encode(encoder, images, steps, **options)
    assert here.sum() > 100
    for begin in BEGINNINGS[-campaign(len(BEGINNINGS), 2) :]:
        np.testing.assert_array_equal(here, encode(encoder, images, steps, begin=begin, **options))


@pytest.mark.parametrize("encoder", ["regular_rate", "burst", "phase", "spike_times"])
def test_both_precisions_give_the_same_spikes(encoder, precision):
    """Of the codes that have no random numbers and no differential equation; what is due at a time step comes in it."""
    images = presentations_of(encoder, np.random.default_rng(12))
    steps, options = (200, {}) if encoder == "spike_times" else (50, TIES.get(encoder, {}))
    spikes = []
    for dtype in (np.float32, np.float64):
        precision(dtype)
        spikes.append(encode(encoder, images, steps, **options))
    np.testing.assert_array_equal(*spikes)


def test_regular_spikes_come_in_the_step_at_which_they_are_due():
    spikes = encode("regular_rate", np.ones((1, 1)), steps=60, rate_max=300 * Hz)
    due = [math.ceil(Fraction(2 * k + 1, 2) * Fraction(10, 3)) for k in range(18)]
    assert 5 in due and 15 in due  # ties
    np.testing.assert_array_equal(np.flatnonzero(spikes), [step for step in due if step < 60])


@pytest.mark.compiler
def test_compiled_codes_give_the_same_spikes_wherever_they_stand(tmp_path):
    """The same presentation in every place of a batch and of a run, in single precision."""
    a = Architecture(9, 2, (1,), label_neurons=1, batch=2, n_steps=50, capacity=60, images=1, dtype="float32")
    compiled = CppSimulator(
        a, compose(models=dict(encoder="regular_rate"), parameters={"rate_max": 300 * Hz}), record=True
    )
    zeros = np.zeros(a.capacity * a.batch, int)
    schedule = Schedule.evaluation(zeros, zeros, zeros, a.batch)
    images = np.linspace(0.1, 1, 9)
    with compiled.run({"images": images, "neurons0.seed": 1, **schedule.inputs(a)}, a.capacity) as results:
        steps, channels = np.rint(results["spikes0.t"] * 1e3).astype(int), results["spikes0.i"]
    spikes = np.zeros((a.capacity, 50, a.batch, a.n_input), int)
    inside = steps < a.capacity * 50
    entries, channels = np.divmod(channels[inside], a.n_input)
    spikes[steps[inside] // 50, steps[inside] % 50, entries, channels] = 1
    assert spikes[0, :, 0].sum() > 50
    np.testing.assert_array_equal(spikes, np.broadcast_to(spikes[:1, :, :1], spikes.shape))


LONG = {
    "time_to_first_spike": {"t_code": 55 * ms},
    "poisson_rate": {"rate_max": 600 * Hz},
    "burst": {"t_max": 50 * ms},
    "spike_times": {"label_interval": 9 * ms},
}


@pytest.mark.compiler
@pytest.mark.parametrize("encoder", LONG)
def test_compiled_neurons_wait_for_time_steps_far_away(encoder):
    """C++ keeps a byte of how long each has to wait; what a neuron above has received at the end tells every spike."""
    a = Architecture(70, 2, (5,), label_neurons=1, batch=3, n_steps=600, dt_ms=0.1, capacity=3, images=4)
    composition = compose(models=dict(encoder=encoder), parameters=LONG[encoder])
    rng = np.random.default_rng(3)
    shown = np.array([0, 1, 2, 3, -1, 0, 2, 2, 1])
    schedule = Schedule.evaluation(shown, np.where(shown < 0, -2, shown % 2), np.arange(9), 3)
    if encoder == "spike_times":
        trains = SpikeTrains.of_spikes(*(rng.integers(0, n, 300) for n in (4, 70, 600)), 4, 70)
        a = a.with_(events=trains.n_events)
        inputs = schedule.inputs(a, trains)
    else:
        inputs = {"images": rng.random((4, 70)), **schedule.inputs(a)}
    projection = a.projections[0]
    inputs |= {projection.key("w"): rng.normal(0.15, 0.2, projection.n_values), "neurons0.seed": 5}
    found = []
    for kind in (RuntimeSimulator, CppSimulator):
        with kind(a, composition).run(inputs, a.capacity) as results:
            found.append(results.recorded("record_x1", "x", a.capacity))
    assert np.ptp(found[0], axis=0).min() > 0.05
    np.testing.assert_allclose(found[1], found[0], rtol=1e-9)


def traces(spikes):
    """Three features a channel: number of spikes, and spikes weighted with exp(-t/tau) for two time constants.

    The short one halves the weight every 5 ms, the length of a phase of the phase code.
    """
    t = np.arange(spikes.shape[-1])
    kernels = np.stack([np.full(len(t), 5 / len(t)), np.exp(-t / 20), 2.0 ** -(t // 5)], axis=1)
    return (spikes @ kernels).reshape(len(spikes), -1)


def counts(spikes):
    """One feature a channel: the number of spikes, as a fraction of the largest."""
    of_channels = spikes.sum(-1)
    return of_channels / of_channels.max()


# Presentations of every image, each with other random spikes: what is to be measured is how well the digit can be read
# from one presentation, not how well a readout learns from few noisy samples.
PRESENTATIONS = {"poisson_rate": 8}


@pytest.fixture(scope="module")
def digits():
    data = datasets.load("digits")
    return data.images.reshape(len(data.images), -1) / 255.0, data.labels, data.train, data.test


def readout(features, labels, train, test):
    """Test accuracy of logistic regression."""
    return (
        LogisticRegression(C=1.0, max_iter=200, tol=1e-3)
        .fit(features[train], labels[train])
        .score(features[test], labels[test])
    )


@pytest.fixture(scope="module")
def accuracy_of_pixels(digits):
    images, *rest = digits
    return readout(images, *rest)


@pytest.mark.parametrize("encoder", [name for name in available("encoder") if name not in ("spike_times", "graded")])
def test_a_linear_readout_finds_the_digit_in_the_spikes(encoder, digits, accuracy_of_pixels):
    images, labels, train, test = digits
    times = PRESENTATIONS.get(encoder, 1)
    spikes = encode(encoder, np.tile(images, (times, 1)))
    features = traces(spikes) if times == 1 else counts(spikes)
    train, test = (np.add.outer(len(images) * np.arange(times), samples).ravel() for samples in (train, test))
    accuracy = readout(features, np.tile(labels, times), train, test)
    print(f"{encoder}: {accuracy:.4f}, pixels: {accuracy_of_pixels:.4f}")
    assert accuracy > accuracy_of_pixels - 0.03
