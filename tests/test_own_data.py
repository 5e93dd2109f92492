"""Data sets of one's own arrays and spike trains: what they hold, and what is said of mistakes."""

import numpy as np
import pytest
from brian2 import ms, mV

from brianff.datasets import from_arrays, from_spikes
from brianff.errors import BrianffError

RNG = np.random.default_rng(1)
IMAGES = RNG.random((40, 5, 4))
LABELS = np.arange(40) % 4


# -- images ----------------------------------------------------------------------------------------------------------
def test_images_are_kept_and_divided_as_those_of_any_data_set():
    data = from_arrays(IMAGES, LABELS, test=0.25, validation=6, name="mine")
    assert data.name == "mine" and data.image_shape == (5, 4) and data.n_classes == 4 and data.classes is None
    np.testing.assert_allclose(data.shown(np.arange(40), 50, 1e-3), IMAGES.reshape(40, -1), atol=0.5 / 255)
    assert repr(data) == "<Dataset 'mine': 24 train, 6 validation, 10 test samples of 5x4 inputs, 4 classes>"
    assert sorted([*data.train, *data.validation, *data.test]) == list(range(40))
    again = from_arrays(IMAGES, LABELS, test=0.25, validation=6)
    other = from_arrays(IMAGES, LABELS, test=0.25, validation=6, split_seed=1)
    assert np.array_equal(data.test, again.test) and not np.array_equal(data.test, other.test)


@pytest.mark.parametrize(
    "images, white",
    [(np.array([0, 3, 255, 128]), 255), (np.array([0, 1, 1, 0], bool), 1), (np.array([0, 0.2, 1, 0.5]), 1)],
)
def test_scales_of_images(images, white):
    data = from_arrays(np.tile(images, (8, 1)), np.arange(8) % 2)
    assert data.images.dtype == np.uint8 and data.image_shape == (1, 4)
    np.testing.assert_array_equal(data.images[0, 0], np.round(255 * images / white))


def test_a_test_set_of_its_own_and_names_of_classes():
    names = ["cat", "dog", "bird", "fish", "never seen"]
    data = from_arrays(IMAGES, LABELS, test=(IMAGES[:3], [1, 1, 3]), validation=0, classes=names)
    assert data.test.tolist() == [40, 41, 42] and len(data.train) == 40 and not len(data.validation)
    assert data.labels[data.test].tolist() == [1, 1, 3]
    assert data.classes == tuple(names) and data.n_classes == 5


@pytest.mark.parametrize(
    "options, message",
    [
        (dict(images=IMAGES[0, 0]), r"images: an array of float64 of shape \(4,\), in place of numbers of shape"),
        (dict(images=IMAGES[None]), r"images: an array of float64 of shape \(1, 40, 5, 4\)"),
        (dict(images=[[1, 2], [3]]), "images: its elements have different shapes"),
        (dict(images=IMAGES.astype(str)), "images: an array of <U"),
        (dict(images=np.where(np.arange(4) == 2, np.nan, IMAGES)), "images: 200 values are not finite"),
        (dict(images=16 * IMAGES), r"images: floats from .* to 15\..*, in place of 0 to 1: scale them"),
        (dict(images=IMAGES - 1), "images: floats from -0.99"),
        (dict(images=np.round(16 * IMAGES).astype(int)), "integers from 0 to 16, which is dark .*: give images / 16"),
        (dict(images=np.round(400 * IMAGES).astype(int)), "integers from 1 to 400, in place of 0 to 255"),
        (dict(labels=LABELS[:-1]), "labels: 39 labels for 40 samples"),
        (dict(labels=LABELS + 0.5), "labels: an array of float64 .*, in place of one integer a sample"),
        (dict(labels=LABELS.astype(str)), "one integer a sample: number the classes from 0, and give their names"),
        (dict(labels=LABELS[:, None]), r"labels: an array of int64 of shape \(40, 1\)"),
        (dict(labels=LABELS - 1), "labels: a label is -1: number the classes from 0"),
        (dict(labels=LABELS + 1), "labels: no sample is of class 0"),
        (dict(labels=0 * LABELS), "labels: all are 0: give samples of at least two classes"),
        (
            dict(labels=np.where(np.arange(40), LABELS % 2, 2), test=38, validation=0),
            "no training sample is left of cl",
        ),
        (dict(classes=["a", "b", "c"]), "labels: a label is 3, and classes= has names of 3"),
        (dict(classes=["a", "b", "c", "a"]), "give a name of its own to each of 4"),
        (dict(classes=4), "classes=4: give a list of the names"),
        (dict(test=0), "test=0: hold at least one sample out"),
        (dict(test=40), "cannot hold test=40 out of 40"),
        (dict(test=True), "test=True is neither a number"),
        (dict(validation=0.99), "cannot hold validation=0.99 out of 30"),
        (dict(test=(IMAGES,)), r"test: 1 things in place of \(images, labels\)"),
        (dict(test=(IMAGES[:, :4], LABELS)), r"test: images of shape \(4, 4\), and images= has \(5, 4\)"),
        (dict(test=(IMAGES, LABELS[1:])), "test: 39 labels for 40 samples"),
    ],
)
def test_mistakes_in_images_are_one_sentence(options, message):
    given = dict(images=IMAGES, labels=LABELS) | options
    with pytest.raises(BrianffError, match=message) as error:
        from_arrays(given.pop("images"), given.pop("labels"), **given)
    assert "\n" not in str(error.value) and "--" not in str(error.value)


# -- spike trains ----------------------------------------------------------------------------------------------------
TIMES = [np.array([0.03, 0.01, 0.02]), np.array([]), np.array([0.05])] * 4
CHANNELS = [np.array([2, 0, 0]), np.array([]), np.array([1])] * 4
OF_SPIKES = np.arange(12) % 3


def test_spike_trains_are_kept_in_the_order_of_time():
    data = from_spikes(TIMES, CHANNELS, OF_SPIKES, n_channels=5, duration=0.1, test=3, validation=3)
    assert data.n_pixels == 5 and data.n_classes == 3
    own = data.source.samples == 0
    np.testing.assert_array_equal(data.source.times[own], [0.01, 0.02, 0.03])
    np.testing.assert_array_equal(data.source.channels[own], [0, 0, 2])
    assert not np.any(data.source.samples == 1) and np.sum(data.source.samples == 11) == 1
    assert [len(part) for part in (data.train, data.validation, data.test)] == [6, 3, 3]
    trains = data.shown(np.array([0]), 100, 1e-3).read()
    assert list(zip(trains.channel, trains.step, strict=True)) == [(0, 10), (0, 20), (2, 30)]


def test_times_with_a_unit_and_a_test_set_of_its_own():
    in_ms = [1e3 * t * ms for t in TIMES]
    test = ([[50, 60] * ms], [[1, 1]], [2])
    data = from_spikes(in_ms, CHANNELS, OF_SPIKES, duration=100 * ms, test=test, validation=0)
    np.testing.assert_allclose(data.source.times[data.source.samples == 0], [0.01, 0.02, 0.03])
    np.testing.assert_allclose(data.source.times[data.source.samples == 12], [0.05, 0.06])
    assert data.test.tolist() == [12] and data.n_channels == 3


@pytest.mark.parametrize(
    "options, message",
    [
        (dict(times=TIMES[1:]), "channels: of 12 samples, and times of 11"),
        (dict(times=[], channels=[]), "channels: of 0 samples"),
        (dict(labels=OF_SPIKES[1:]), "labels: 11 labels for 12 samples"),
        (dict(times=[np.array([0.01])] * 12), r"channels: sample 0 has an array of int64 of shape \(3,\) for times of"),
        (dict(channels=[0.5 * c for c in CHANNELS]), "channels: sample 0 has an array of float64"),
        (dict(times=[-t for t in TIMES]), "times: sample 0 has a spike at -0.03 s: times count from the start"),
        (dict(times=[t * 1e3 for t in TIMES], duration=0.1), "sample 0 has a spike at 30 s, and the duration is 0.1 s"),
        (dict(times=[t + np.inf for t in TIMES]), "times: sample 0 has a spike at inf s"),
        (dict(times=[t * mV for t in TIMES]), "times: sample 0: a quantity in .*, in place of one of time"),
        (dict(times=[t.astype(str) for t in TIMES]), "times: sample 0: an array of <U"),
        (dict(channels=[c - 1 for c in CHANNELS]), "channels: sample 0 has a spike of channel -1"),
        (dict(n_channels=2), "n_channels=2: channel 2 spikes"),
        (dict(times=[[]] * 12, channels=[[]] * 12), "times: there is no spike in any sample"),
        (dict(duration=1 * mV), "duration: a quantity in"),
        (dict(test=(TIMES, CHANNELS)), r"test: 2 things in place of \(times, channels, labels\)"),
        (dict(labels=0 * OF_SPIKES), "labels: all are 0"),
    ],
)
def test_mistakes_in_spike_trains_are_one_sentence(options, message):
    given = dict(times=TIMES, channels=CHANNELS, labels=OF_SPIKES) | options
    with pytest.raises(BrianffError, match=message) as error:
        from_spikes(given.pop("times"), given.pop("channels"), given.pop("labels"), **given)
    assert "\n" not in str(error.value) and "--" not in str(error.value)
