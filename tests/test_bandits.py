"""Bayesian regressions on traces, the passage to other traces, and a bandit with a spiking network."""

import numpy as np
import pytest

from brianff.errors import OptionError
from brianff.studies.bandits import MEMORIES, Regressions, Rewarded, play


def some(seed=1, n=60, k=5):
    rng = np.random.default_rng(seed)
    return rng, rng.normal(size=(n, k)), rng.integers(0, 3, n), rng.normal(size=n)


def test_rounds_one_by_one_are_the_closed_form():
    rng, x, actions, rewards = some()
    single, at_once = Regressions(3, 5, 2.0), Regressions(3, 5, 2.0)
    for features, action, reward in zip(x, actions, rewards, strict=True):
        single.learn(features, action, reward)
    at_once.learn_all(x, actions, rewards)
    for action in range(3):
        own = actions == action
        covariance = np.linalg.inv(np.eye(5) / 2 + x[own].T @ x[own])
        for regressions in (single, at_once):
            np.testing.assert_allclose(regressions.covariance[action], covariance, atol=1e-12)
            np.testing.assert_allclose(regressions.mean[action], covariance @ x[own].T @ rewards[own], atol=1e-12)
    mean, variance = single.predict(x[:2])
    assert mean.shape == variance.shape == (2, 3)
    np.testing.assert_allclose(variance[1, 2], x[1] @ single.covariance[2] @ x[1])


def test_thompson_sampling_draws_as_often_as_is_believed():
    regressions = Regressions(2, 1, 1.0)
    regressions.mean[:, 0] = 0, 1
    rng, features = np.random.default_rng(3), np.ones(1)
    chosen = [regressions.choose(features, 1.0, rng) for _ in range(4000)]
    assert abs(np.mean(chosen) - 0.7602) < 0.02  # P(N(1, 2) > 0)
    assert {regressions.choose(features, 0.0, rng) for _ in range(20)} == {1}


def test_matching_keeps_what_was_believed_of_the_stored_rounds():
    """The mean, where new traces are a linear function of the old ones; the average variance; and no more than that."""
    rng, x, actions, rewards = some(n=80)
    regressions = Regressions(3, 5, 100.0)
    regressions.learn_all(x, actions, rewards)
    mean, variance = regressions.predict(x[:40])
    new = x @ (np.eye(5) + 0.3 * rng.normal(size=(5, 5)))
    regressions.match(x[:40], new[:40])
    found = regressions.predict(new[:40])
    np.testing.assert_allclose(found[0], mean, rtol=0.01, atol=2e-3)
    np.testing.assert_allclose(found[1].mean(axis=0), variance.mean(axis=0), rtol=1e-6)
    assert np.corrcoef(found[1].ravel(), variance.ravel())[0, 1] > 0.7
    # what no stored round says anything about is as uncertain as in the beginning
    regressions.match(new[:1], 2 * new[:1])
    across = np.linalg.svd(new[:1])[2][1:]
    np.testing.assert_allclose(regressions.predict(across)[1], 100, rtol=1e-6)
    np.testing.assert_allclose(regressions.predict(across)[0], 0, atol=1e-9)


def network(**more):
    small = dict(layers=(8, 6), device="runtime", steps=8, dt=5.0, batch=2, mini_batch=2, chunk=40, limit=100)
    rule = dict(rule="local_readout", negatives="none")
    return Rewarded("digits", jitter=0, dropout=0.0, **small | rule | more)


@pytest.mark.parametrize("memory", sorted(set(MEMORIES) - {"few"}))
def test_a_game(memory):
    net = network()
    before = net.synaptic["synapses1.w"].copy()
    rewards = play(net, memory, 80, update=40, stored=30)
    assert rewards.shape == (80,) and set(rewards) <= {0.0, 1.0} and 0 < rewards.mean() < 0.9
    assert (net.synaptic["synapses1.w"] != before).any() and net.n_learnt % 2 == 0
    assert 0 < net.n_learnt <= 2 * rewards.sum()


def test_without_learning_all_memories_play_the_same_game():
    games = [play(network(), memory, 40, online=False, update=20, stored=10) for memory in ("few", "matching")]
    np.testing.assert_array_equal(*games)


def test_what_cannot_be_played_is_refused():
    with pytest.raises(OptionError, match="one of all, matching"):
        play(network(), "much")
    with pytest.raises(OptionError, match="rule='local_readout'"):
        play(network(rule="symba", negatives="hard", refresh=40), "few")
