"""Readouts in closed form, and what drives the neurons of a layer."""

import numpy as np
import pytest

import brianff as ff
from brianff import plotting
from brianff.errors import OptionError
from brianff.learning.fields import window
from brianff.learning.readout import features
from brianff.learning.recordings import Recording


@pytest.fixture(scope="module")
def method():
    options = dict(rule="local_readout", negatives="none", layers=["conv4k3s2p1", "conv5k2", 20], steps=12, dt=4.0)
    return ff.ForwardForward("digits", **options, limit=150, device="runtime", validate=50, dropout=0.0)


@pytest.fixture(scope="module")
def traces(method):
    return method.traces(method.train)


def test_a_readout_in_closed_form_is_the_ridge_regression(method, traces):
    fitted = ff.ClosedForm(method, ridge=0.01, chunk=64)
    targets = np.eye(10)[method.data.labels[method.train]]
    for x, w in zip(traces, fitted.weights, strict=True):
        f = features([x])
        penalty = 0.01 * len(f) * np.eye(f.shape[1])
        penalty[-1, -1] = 0
        np.testing.assert_allclose(f.T @ (f @ w - targets) + penalty @ w, 0, atol=1e-6)
    evaluation = fitted.evaluate(method.train)
    expected = np.stack([features([x]) @ w for x, w in zip(traces, fitted.weights, strict=True)], axis=2)
    np.testing.assert_allclose(evaluation.goodness, expected, atol=1e-9)
    assert evaluation.accuracy() > 0.9


def test_the_ridge_is_chosen_on_validation_samples(method):
    fitted = ff.ClosedForm(method, chunk=100)
    validation = method.data.validation
    chosen = fitted.evaluate(validation).accuracy()
    others = [ff.ClosedForm(method, ridge=r, chunk=100).evaluate(validation).accuracy() for r in (1e-5, 1e-1)]
    assert chosen >= max(others)


def test_what_cannot_be_fitted(method):
    with pytest.raises(OptionError, match="there are none to fit"):
        ff.ClosedForm(method, samples=[])
    with pytest.raises(OptionError, match="ridge=0: it is positive"):
        ff.ClosedForm(method, ridge=0)


def test_fields_are_the_mean_input_where_a_channel_spikes(method):
    samples = method.train[:40]
    images, activity = method.shown(samples).reshape(-1, 8, 8), method.traces(samples)
    assert window(method.architecture, 1) == ((3, 3), (2, 2), (-1, -1))
    assert window(method.architecture, 2) == ((5, 5), (2, 2), (-1, -1))
    assert window(method.architecture, 3) == ((8, 8), (1, 1), (0, 0))
    padded = np.pad(images, ((0, 0), (1, 9), (1, 9)))
    for level, size, n in ((1, 3, 4), (2, 5, 3)):
        x = activity[level - 1].reshape(40, n, n, -1)
        patches = np.stack(
            [[padded[:, 2 * y : 2 * y + size, 2 * k : 2 * k + size] for k in range(n)] for y in range(n)]
        ).transpose(2, 0, 1, 3, 4)
        total = np.einsum("byxc,byxhw->chw", x, patches)
        weight = x.sum(axis=(0, 1, 2))
        assert (weight > 0).any()
        expected = np.where(weight[:, None, None] > 0, total / np.maximum(weight, 1e-12)[:, None, None], 0)
        expected -= np.where(weight[:, None, None] > 0, patches.mean(axis=(0, 1, 2)), 0)
        np.testing.assert_allclose(ff.triggered_average(method, level, samples), expected, atol=1e-9)
    dense, x = ff.triggered_average(method, 3, samples), activity[2]
    seen = x.sum(axis=0) > 0
    expected = np.einsum("bn,bhw->nhw", x, images)[seen] / x.sum(axis=0)[seen, None, None] - images.mean(axis=0)
    np.testing.assert_allclose(dense[seen], expected, atol=1e-9)
    with pytest.raises(OptionError, match="level=4: the layers are 1 to 3"):
        ff.triggered_average(method, 4, samples)


def test_figures_of_convolutions(method, tmp_path):
    recording = ff.Run(method).record([0, 1], range(3))
    assert recording.shapes == ((1, 8, 8), (4, 4, 4), (5, 3, 3), None)
    weights = method.weights()
    for figure in (
        plotting.kernels(weights[1]),
        plotting.kernels(weights[2], n=8),
        plotting.fields(ff.triggered_average(method, 2, method.train[:20]), n=3),
        plotting.feature_maps(recording, 2, epoch=1),
    ):
        assert plotting.save(figure, tmp_path / "figure.png").stat().st_size > 2000
    recording.save(tmp_path / "recording.npz")
    again = Recording(dict(np.load(tmp_path / "recording.npz")))
    assert again.shapes == recording.shapes
    for draw, message in (
        (lambda: plotting.feature_maps(recording, 3), "layer 3 has no positions"),
        (lambda: plotting.kernels(weights[3]), "are no kernels"),
        (lambda: plotting.fields(np.zeros((2, 3))), "holds no fields"),
    ):
        with pytest.raises(OptionError, match=message):
            draw()
