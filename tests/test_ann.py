"""The network of rectified linear units: its local gradient, learning, resuming, and its protocol."""

import numpy as np
import pytest

from brianff.learning.adam import Adam
from brianff.learning.rectified import Layer, Rectified, normalised
from brianff.learning.run import Run
from brianff.results import ResultsError

SMALL = dict(layers=(60, 40), limit=300, epochs=3, validate=50, chunk=100)


def loss(layer, x, alpha, theta):
    y = layer.activity(x)
    g = np.mean(y * y, axis=1)
    n = len(g) // 2
    if theta is None:
        return np.mean(np.logaddexp(0, -alpha * (g[:n] - g[n:])))
    return np.mean(np.logaddexp(0, alpha * (theta - g[:n])) + np.logaddexp(0, alpha * (g[n:] - theta)))


@pytest.mark.parametrize("theta", [None, 0.7])
def test_three_factors_are_the_gradient(theta):
    rng = np.random.default_rng(0)
    layer, x = Layer(7, 5, rng, dtype=float), normalised(rng.normal(size=(12, 7)))
    dw, db, _ = layer.gradient(x, layer.activity(x), 2.0, theta)
    for array, exact in ((layer.w, dw), (layer.b, db)):
        for index in np.ndindex(array.shape):
            sides = []
            for step in (1e-6, -1e-6):
                array[index] += step
                sides.append(loss(layer, x, 2.0, theta))
                array[index] -= step
            assert (sides[0] - sides[1]) / 2e-6 == pytest.approx(2 / 5 * exact[index], abs=1e-7)


def test_peer_normalisation_wakes_the_silent():
    layer, x = Layer(4, 3, np.random.default_rng(0), dtype=float), normalised(np.ones((2, 4)))
    layer.w[:] = [[1, -1, 1]] * 4
    _, db, _ = layer.gradient(x, layer.activity(x), 1e-9, peer=0.1)
    assert db[1] < 0 < db[0]  # steps go against the gradient


def test_adam_is_that_of_the_paper_across_blocks():
    p = np.zeros(70000)
    adam = Adam([p])
    for t in (1, 2):
        adam.step([np.full(70000, 2.0 * t)], 0.1)
    m1, m2 = 0.1 * 0.9 * 2 + 0.1 * 4, 0.001 * 0.999 * 4 + 0.001 * 16
    second = 0.1 * (m1 / (1 - 0.9**2)) / np.sqrt(m2 / (1 - 0.999**2))
    np.testing.assert_allclose(p, -0.1 - second, rtol=1e-5)


def test_learns_digits(tmp_path):
    run = Run(Rectified(layers=(200, 200), epochs=12, validate=0), tmp_path / "run")
    run.train(progress=False)
    result = run.evaluate("test")
    assert result.accuracy("goodness") > 0.94 and result.accuracy("readout") > 0.93
    true, wrong = result.separation()
    assert true.mean() > wrong.mean()


def test_learns_without_labels(tmp_path):
    config = Rectified.Options(layers=(200, 200), epochs=8, negatives="hybrid", validate=10)
    run = Run(Rectified.of(config), tmp_path / "run")
    run.train(progress=False)
    assert run.method.sizes[0] == 64
    assert run.evaluate("test").accuracy("readout") > 0.9


def test_an_interrupted_run_ends_with_the_same_weights(tmp_path):
    whole = Run(Rectified(**SMALL), tmp_path / "whole")
    whole.train(progress=False)

    class Killed(Exception):
        pass

    def kill(run, row):
        if row["samples"] == 400:  # within the second epoch
            raise Killed

    cut = Run(Rectified(**SMALL), tmp_path / "cut")
    with pytest.raises(Killed):
        cut.train(callbacks=[kill], progress=False)
    resumed = Run.resume(tmp_path / "cut")
    assert resumed.progress == (400, 900)
    resumed.train(progress=False)
    for name, value in whole.method.state().items():
        np.testing.assert_array_equal(value, resumed.method.state()[name], err_msg=name)
    assert [r["samples"] for r in whole.metrics] == [r["samples"] for r in resumed.metrics]


def test_bad_options_are_refused(tmp_path):
    for bad, message in ((dict(epochs=0), "epochs"), (dict(dropout=1.0), "dropout"), (dict(limit=0), "limit")):
        with pytest.raises(ValueError, match=message):
            Run(Rectified(**{**SMALL, **bad}), tmp_path / "bad")
    Run(Rectified(**SMALL), tmp_path / "run").begin()
    with pytest.raises(ResultsError, match="already holds a run"):
        Run(Rectified(**SMALL), tmp_path / "run")
