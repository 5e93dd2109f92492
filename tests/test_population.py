"""A population of spiking layers in one binary, its fitness, and what it learns."""

import numpy as np
import pytest

from brianff import datasets
from brianff.errors import OptionError
from brianff.learning.population import AnnPopulation, PopulationSearch, SpikingPopulation, fitness, smoothed_gradient
from brianff.learning.run import Run, cpu_seconds

SPIKING = dict(n_pixels=64, n_classes=10, n_neurons=12, capacity=16, n_steps=25, dt_ms=2.0)


@pytest.fixture(scope="module")
def digits():
    return datasets.load("digits")


def stimuli(data, n=8):
    pixels = data.images[data.train[:n]].reshape(n, -1) / 255.0
    labels = data.labels[data.train[:n]]
    return pixels, labels, (labels + 3) % 10


@pytest.mark.compiler
def test_members_side_by_side_do_what_each_does_alone_in_a_third_of_the_time(digits):
    """Three times faster at least; benchmarks/population.py measures by how much."""
    pixels, labels, _ = stimuli(digits)
    together, alone = SpikingPopulation(**SPIKING, members=64), SpikingPopulation(**SPIKING, members=1)
    weights = np.random.default_rng(0).normal(size=(64, *together.shape)) * 0.2
    times = [cpu_seconds().sum()]
    shown = together.show(weights, pixels, labels)
    times.append(cpu_seconds().sum())
    one_by_one = [alone.show(w[None], pixels, labels)[:, 0] for w in weights]
    times.append(cpu_seconds().sum())
    assert shown.shape == (8, 64, 12) and shown.max() > 0
    np.testing.assert_array_equal(shown, np.stack(one_by_one, axis=1))
    np.testing.assert_array_equal(together.present(weights[3], pixels, labels), shown[:, 3])
    assert times[2] - times[1] > 3 * (times[1] - times[0])


@pytest.mark.compiler
def test_a_spiking_population_raises_its_margin(digits):
    run = Run(PopulationSearch(digits, neurons=12, members=8, pairs=8, generations=40))
    start = run.evaluate("validation")
    run.train(progress=False)
    end = run.evaluate("validation")
    margins = [float(np.mean(np.subtract(*result.separation()))) for result in (start, end)]
    assert margins[1] > margins[0]
    assert end.accuracy("goodness") > start.accuracy("goodness") + 0.1
    assert run.method.presentations == 40 * (8 * 16 + 8)


def test_a_neurons_fitness_is_its_part_of_the_gradient(digits):
    """Small steps of one neuron's weights: the layer's loss changes as much as the neuron's own fitness says."""
    population = AnnPopulation(64, 10, 5, 4)
    pixels, labels, wrong = stimuli(digits)
    w = np.random.default_rng(1).normal(size=population.shape) * 0.1
    step = np.zeros((4, *w.shape))
    step[0, :, 2] = step[1, :, 2] = 1e-5 * np.random.default_rng(2).normal(size=len(w))
    step[1] *= -1
    shown = population.show(w + step, np.concatenate([pixels] * 2), np.concatenate([labels, wrong]))
    halves = np.split(shown, 2)
    of_layer, of_neuron = (fitness(*halves, 3.0, scope) for scope in ("layer", "neuron"))
    assert of_neuron[0, 2] - of_neuron[1, 2] == pytest.approx((of_layer[0] - of_layer[1])[0], rel=1e-3)
    assert of_neuron[0, 1] == of_neuron[1, 1]


def test_the_smoothed_gradient_of_a_smooth_layer_is_its_gradient(digits):
    population = AnnPopulation(64, 10, 6, 32)
    given, rng = stimuli(digits), np.random.default_rng(3)
    w = rng.normal(size=population.shape) * 0.1
    found = smoothed_gradient(population, w, given, 3.0, 1e-3, 200, rng)
    exact = population.gradient(w, *given, 3.0)
    cosine = np.sum(found * exact) / np.linalg.norm(found) / np.linalg.norm(exact)
    assert cosine > 0.98
    assert np.linalg.norm(found) == pytest.approx(np.linalg.norm(exact), rel=0.1)


@pytest.mark.parametrize("method", ["gradient", "es", "spsa", "ga", "pso"])
def test_every_method_learns_in_a_layer_of_rectified_linear_units(method, digits):
    options = dict(sigma=0.1) if method == "pso" else dict(learning_rate=0.2)
    options |= dict(substrate="ann", neurons=30, members=32, generations=80, pairs=16)
    run = Run(PopulationSearch(digits, search=method, **options))
    frozen = run.evaluate("validation").accuracy("goodness")
    assert run.train(progress=False).evaluate("validation").accuracy("goodness") > frozen + 0.3


def test_a_whole_layer_is_searched_in_the_same_order(digits):
    options = dict(substrate="ann", neurons=7, members=8)
    w = {scope: PopulationSearch(digits, scope=scope, **options).w for scope in ("neuron", "layer")}
    np.testing.assert_array_equal(w["neuron"], w["layer"])
    assert w["layer"].shape == (74, 7)
    with pytest.raises(OptionError, match="scope must be one of neuron, layer, not 'both'"):
        PopulationSearch(digits, scope="both", **options)
