"""Random search finds the optimum of analytic functions and the gradient, and needs no more than shared noise."""

import numpy as np
import pytest

from brianff.learning.search import (
    METHODS,
    SPSA,
    Ascent,
    EvolutionStrategy,
    GeneticAlgorithm,
    ParticleSwarm,
    centred_ranks,
)

TARGET = np.random.default_rng(0).normal(size=(3, 20))


def search(method, fitness, generations=200, **options):
    found = METHODS[method](np.zeros_like(TARGET), 64, np.random.default_rng(1), **options)
    for _ in range(generations):
        found.tell(fitness(found.ask()))
    return found


def sphere(x):
    return -np.sum((x - TARGET) ** 2, axis=2)


@pytest.mark.parametrize("method", METHODS)
def test_finds_the_optimum_of_a_sphere_in_every_problem(method):
    found = search(method, sphere, sigma=0.3 if method == "pso" else 0.1)
    assert found.centre.shape == TARGET.shape
    assert np.all(np.sum((found.centre - TARGET) ** 2, axis=1) < 0.05 * np.sum(TARGET**2, axis=1))


@pytest.mark.parametrize("method", METHODS)
def test_noise_that_a_generation_shares_does_no_harm(method):
    rng = np.random.default_rng(2)
    found = search(method, lambda x: sphere(x) + 0.3 * (x - TARGET) @ rng.normal(size=20), sigma=0.1)
    assert np.all(np.sum((found.centre - TARGET) ** 2, axis=1) < 0.2 * np.sum(TARGET**2, axis=1))


@pytest.mark.parametrize("method", METHODS)
def test_problems_are_independent(method):
    """A problem without any preference changes nothing in the others."""
    both = search(method, sphere, 20)
    flat = search(method, lambda x: sphere(x) * [[1, 1, 0]], 20)
    np.testing.assert_array_equal(both.centre[:2], flat.centre[:2])


@pytest.mark.parametrize(("method", "n"), [(EvolutionStrategy, 2000), (SPSA, 2000)])
def test_the_update_of_mirrored_pairs_is_the_gradient(method, n):
    """Of a linear function, up to the error of sampling, which falls with the number of pairs."""
    slope = np.random.default_rng(3).normal(size=(1, 10))
    found = method(np.zeros((1, 10)), n, np.random.default_rng(4))
    found.tell(np.sum(found.ask() * slope, axis=2))
    cosine = np.sum(found.update * slope) / np.linalg.norm(found.update) / np.linalg.norm(slope)
    assert cosine > 0.98
    if method is SPSA:
        np.testing.assert_allclose(found.update, slope, atol=0.3)


def test_ranks_do_not_depend_on_scale_and_share_ties():
    np.testing.assert_allclose(centred_ranks(np.array([3.0, 1e9, -1.0])), [0, 0.5, -0.5])
    np.testing.assert_allclose(centred_ranks(np.array([1.0, 1.0, 2.0])), [-0.25, -0.25, 0.5])


def test_the_best_survive():
    """Parents and best positions are candidates again, so that they are measured with the same samples."""
    genetic = GeneticAlgorithm(np.zeros((1, 5)), 8, np.random.default_rng(0))
    first = genetic.ask().copy()
    genetic.tell(-np.sum(first**2, axis=2))
    best = np.argsort(np.sum(first**2, axis=2)[:, 0])[:2]
    np.testing.assert_array_equal(genetic.ask()[:2], first[best])
    swarm = ParticleSwarm(np.zeros((1, 5)), 8, np.random.default_rng(0), longest=0.1)
    before = swarm.ask().copy()
    swarm.tell(np.arange(8.0)[:, None])
    np.testing.assert_array_equal(swarm.ask()[4:], before[4:])
    assert np.all(np.linalg.norm(swarm.ask()[:4], axis=2) <= 0.1 + 1e-12)


def test_ascent_takes_steps_of_the_learning_rate():
    ascent = Ascent(np.zeros(3), 0.1)
    ascent.step(np.array([5.0, -1e-3, 1.0]))
    np.testing.assert_allclose(ascent.centre, [0.1, -0.1, 0.1], rtol=1e-6)


def test_wrong_sizes_are_refused():
    with pytest.raises(ValueError, match="even number of at least 4, not 7"):
        SPSA(np.zeros((1, 2)), 7, None)
    with pytest.raises(ValueError, match="sigma must be positive"):
        SPSA(np.zeros((1, 2)), 8, None, sigma=0)
    with pytest.raises(ValueError, match="problems, dimensions"):
        SPSA(np.zeros(2), 8, None)
    found = SPSA(np.zeros((1, 2)), 8, np.random.default_rng(0))
    found.ask()
    with pytest.raises(ValueError, match=r"\(population, problems\) = \(8, 1\), not \(8,\)"):
        found.tell(np.zeros(8))
    with pytest.raises(FloatingPointError, match="not finite"):
        found.tell(np.full((8, 1), np.nan))
