"""The network of rectified linear units: its local gradient, learning, resuming, and its protocol."""

import numpy as np
import pytest

from brianff.learning.rectified import Adam, AnnConfig, AnnTrainer, Layer, normalised
from brianff.results import ResultsError

SMALL = dict(hidden=(60, 40), limit=300, epochs=3, validate=50, chunk=100)


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
    trainer = AnnTrainer.start(AnnConfig(hidden=(200, 200), epochs=12, validate=0), tmp_path / "run")
    trainer.run()
    result = trainer.evaluate("test")
    assert result.accuracy("goodness") > 0.94 and result.accuracy("readout") > 0.93
    true, wrong = result.separation()
    assert true.mean() > wrong.mean()


def test_learns_without_labels(tmp_path):
    config = AnnConfig(hidden=(200, 200), epochs=8, negatives="hybrid", validate=10)
    trainer = AnnTrainer.start(config, tmp_path / "run")
    trainer.run()
    assert trainer.network.sizes[0] == 64
    assert trainer.evaluate("test").accuracy("readout") > 0.9


def test_an_interrupted_run_ends_with_the_same_weights(tmp_path):
    whole = AnnTrainer.start(AnnConfig(**SMALL), tmp_path / "whole")
    whole.run()

    class Killed(Exception):
        pass

    def kill(done, total, row):
        if row["what"] == "validation":
            raise Killed

    cut = AnnTrainer.start(AnnConfig(**SMALL), tmp_path / "cut")
    with pytest.raises(Killed):
        cut.run(kill)
    resumed = AnnTrainer.resume(tmp_path / "cut")
    assert resumed.position == 1
    resumed.run()
    for a, b in zip(whole.network.layers, resumed.network.layers, strict=True):
        np.testing.assert_array_equal(a.w, b.w)
    assert [r["samples"] for r in whole.metrics] == [r["samples"] for r in resumed.metrics]


def test_bad_options_are_refused(tmp_path):
    for bad, message in ((dict(epochs=0), "--epochs"), (dict(dropout=1.0), "--dropout"), (dict(limit=0), "--limit")):
        with pytest.raises(ValueError, match=message):
            AnnTrainer.start(AnnConfig(**{**SMALL, **bad}), tmp_path / "bad")
    AnnTrainer.start(AnnConfig(**SMALL), tmp_path / "run")
    with pytest.raises(ResultsError, match="already holds a run"):
        AnnTrainer.start(AnnConfig(**SMALL), tmp_path / "run")
