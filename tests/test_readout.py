"""Softmax readout: gradient, learning, checkpoints, and the scaling of its input."""

import numpy as np
import pytest

from brianff.learning.readout import SoftmaxReadout, features

N_FEATURES, N_CLASSES = 5, 3


def problem(n=300, seed=0):
    """Three clusters of points, and a 1 as last feature."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, N_CLASSES, n)
    centres = 3 * np.eye(N_CLASSES, N_FEATURES - 1)
    points = centres[labels] + 0.5 * rng.normal(size=(n, N_FEATURES - 1))
    return np.c_[points, np.ones(n)], labels


def readout(**options):
    return SoftmaxReadout(N_FEATURES, N_CLASSES, **options)


def loss(w, f, labels):
    """Mean negative log-likelihood, written independently of the readout."""
    z = f @ w
    return np.mean(np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(f)), labels])


def test_gradient_agrees_with_finite_differences():
    f, labels = problem(20)
    r = readout(mini_batch=20)
    r.w[...] = np.random.default_rng(1).normal(size=r.w.shape)
    expected = np.empty_like(r.w)
    for place in np.ndindex(*r.w.shape):
        step = np.zeros_like(r.w)
        step[place] = 1e-5
        expected[place] = (loss(r.w + step, f, labels) - loss(r.w - step, f, labels)) / 2e-5
    r.learn(f, labels)
    gradient = r.m1 / 0.1  # the first running mean is a tenth of the gradient
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-8)


def test_first_step_has_the_length_of_the_learning_rate():
    """Adam's bias correction: every weight moves by the learning rate, against its gradient."""
    f, labels = problem(20)
    r = readout(learning_rate=0.01, mini_batch=20)
    r.learn(f, labels)
    np.testing.assert_allclose(r.w, -0.01 * np.sign(r.m1), rtol=1e-2)


def test_steps_agree_with_adam_as_published():
    """Kingma & Ba 2015, algorithm 1 in the order of computation of the last paragraph of section 2."""
    f, labels = problem(60)
    r = readout(learning_rate=0.01, mini_batch=20)
    w, m, v = np.zeros_like(r.w), 0, 0
    for t, start in enumerate(range(0, 60, 20), start=1):
        part = slice(start, start + 20)
        p = np.exp(f[part] @ w)
        p /= p.sum(axis=1, keepdims=True)
        gradient = f[part].T @ (p - np.eye(N_CLASSES)[labels[part]]) / 20
        m = 0.9 * m + 0.1 * gradient
        v = 0.999 * v + 0.001 * gradient**2
        epsilon = 1e-8 / np.sqrt(1 - 0.999**t)
        w = w - 0.01 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + epsilon)
    r.learn(f, labels)
    np.testing.assert_allclose(r.w, w, rtol=1e-9)


def test_learns_a_separable_problem():
    r = readout(learning_rate=0.02)
    for _ in range(10):
        r.learn(*problem())
    f, labels = problem(seed=5)
    assert np.mean(r.probabilities(f).argmax(axis=1) == labels) > 0.98


def test_loss_falls():
    f, labels = problem()
    r = readout()
    before = loss(r.w, f, labels)
    r.learn(f, labels)
    assert loss(r.w, f, labels) < before


def test_probabilities_are_a_distribution():
    r = readout()
    r.w[...] = np.random.default_rng(2).normal(size=r.w.shape)
    p = r.probabilities(problem()[0])
    assert np.all(p > 0)
    np.testing.assert_allclose(p.sum(axis=1), 1)


def test_probabilities_of_huge_weights_are_finite():
    r = readout()
    r.w[0, 0] = 1e6
    np.testing.assert_array_equal(r.probabilities(np.eye(N_FEATURES)[:1]), [[1, 0, 0]])


def test_beliefs_are_those_held_before_each_step():
    f, labels = problem(40)
    r = readout(mini_batch=20)
    beliefs = r.learn(f, labels)
    first = readout(mini_batch=20)
    first.learn(f[:20], labels[:20])
    np.testing.assert_array_equal(beliefs[:20], np.full((20, N_CLASSES), 1 / N_CLASSES))
    np.testing.assert_array_equal(beliefs[20:], first.probabilities(f[20:]))


def test_a_remainder_smaller_than_a_mini_batch_is_learnt_too():
    f, labels = problem(25)
    r = readout(mini_batch=20)
    beliefs = r.learn(f, labels)
    assert r.n_updates == 2
    assert np.all(np.isfinite(beliefs))


def test_restored_readout_goes_on_bit_for_bit():
    f, labels = problem()
    r = readout()
    r.learn(f, labels)
    saved = {name: np.array(value) for name, value in r.state().items()}
    again = readout()
    again.restore(saved)
    expected, found = r.learn(f, labels), again.learn(f, labels)
    np.testing.assert_array_equal(found, expected)
    for name, value in r.state().items():
        np.testing.assert_array_equal(again.state()[name], value)


def test_restore_does_not_tie_the_readout_to_the_saved_arrays():
    f, labels = problem()
    saved = {name: np.array(value) for name, value in readout().state().items()}
    r = readout()
    r.restore(saved)
    r.learn(f, labels)
    assert not saved["w"].any()


def test_a_kept_state_does_not_change_when_learning_goes_on():
    f, labels = problem()
    r = readout()
    kept = r.state()
    r.learn(f, labels)
    assert not kept["w"].any()


def test_restore_refuses_the_state_of_another_network():
    with pytest.raises(ValueError):
        readout().restore(SoftmaxReadout(N_FEATURES + 1, N_CLASSES).state())


def test_features_have_a_root_mean_square_of_1_in_every_layer():
    rng = np.random.default_rng(0)
    f = features([5 * rng.random((4, 7)), 0.1 * rng.random((4, 3))])
    assert f.shape == (4, 11)
    np.testing.assert_allclose(np.sqrt(np.mean(f[:, :7] ** 2, axis=1)), 1, rtol=1e-3)
    np.testing.assert_allclose(np.sqrt(np.mean(f[:, 7:10] ** 2, axis=1)), 1, rtol=1e-3)


def test_features_keep_the_direction_of_a_trace():
    trace = np.array([[1.0, 2.0, 0.0, 4.0]])
    scaled = features([trace])[:, :-1]
    np.testing.assert_allclose(scaled / scaled[0, 0], trace)


def test_features_end_in_a_1():
    np.testing.assert_array_equal(features([np.ones((3, 2))])[:, -1], 1)


def test_features_of_a_silent_layer_are_0():
    f = features([np.zeros((2, 3)), np.ones((2, 4))])
    np.testing.assert_array_equal(f[:, :3], 0)
    assert np.all(np.isfinite(f))
