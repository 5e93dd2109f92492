"""Disturbances by their definitions: strength 0 changes nothing, statistics of what each does; and measured runs."""

import numpy as np
import pytest
from scipy import ndimage

from brianff import datasets
from brianff.errors import OptionError
from brianff.learning.forward_forward import ForwardForward
from brianff.learning.perceptron import Perceptron
from brianff.learning.run import Run
from brianff.learning.samples import mislabelled
from brianff.studies import disturbances as d
from brianff.studies.adversarial import ATTACKS, STEPS
from brianff.studies.corruptions import CORRUPTIONS, corrupted
from brianff.studies.robustness import DISTURBANCES, Bench, adversarial_images, area
from brianff.trains import SpikeTrains

RNG = np.random.default_rng


def ring(n=50, side=28):
    """Bright rings on black, (n, side, side)."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    radius = np.hypot(x, y) / side
    return np.broadcast_to(np.exp(-(((radius - 0.25) / 0.08) ** 2)), (n, side, side)).copy()


# -- images ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_corruptions_keep_shape_and_range_and_strength_zero_changes_nothing(kind):
    images, strengths = ring(12), CORRUPTIONS[kind].strengths
    np.testing.assert_array_equal(corrupted(images, kind, 0, RNG(0)), images)
    for strength in strengths:
        out = corrupted(images, kind, strength, RNG(0))
        assert out.shape == images.shape and out.min() >= 0 and out.max() <= 1
        np.testing.assert_array_equal(out, corrupted(images, kind, strength, RNG(0)))  # the seed says all
    assert np.abs(out - images).mean() > 0.005
    small = corrupted(np.round(255 * ring(3, 8)).astype(np.uint8), kind, strengths[-1], RNG(0))
    assert small.dtype == np.uint8 and small.shape == (3, 8, 8)


def test_noise_has_the_statistics_of_its_definition():
    grey = np.full((200, 28, 28), 0.4)
    shot = corrupted(grey, "shot_noise", 1, RNG(0))
    assert shot.mean() == pytest.approx(0.4, abs=0.002) and shot.var() == pytest.approx(0.4 / 60, rel=0.05)
    impulse = corrupted(grey, "impulse_noise", 5, RNG(0))
    assert np.mean(impulse == 1) == pytest.approx(0.135, abs=0.005)
    assert np.mean(impulse == 0) == pytest.approx(0.135, abs=0.005) and np.all(np.isin(impulse, (0, 0.4, 1)))
    np.testing.assert_allclose(corrupted(grey, "brightness", 3, RNG(0)), 0.7)


def test_geometry_moves_what_it_says():
    image = ring(40)
    y, x = np.mgrid[:28, :28]

    def centre(images):
        return np.array([[np.sum(i * y), np.sum(i * x)] / np.sum(i) for i in images])

    assert np.abs(centre(corrupted(image, "translate", 2, RNG(0))) - 13.5) == pytest.approx(2.0, abs=0.01)
    far = np.hypot(*(centre(corrupted(image, "translation", 0.1, RNG(0))) - 13.5).T)
    assert far == pytest.approx(2.8, abs=0.01)
    for kind, strength in (("rotate", 5), ("rotation", 77)):  # a ring looks the same
        assert np.abs(corrupted(image, kind, strength, RNG(0)) - image).max() < 0.05
    half = corrupted(image, "scale", 5, RNG(0))
    assert half.sum() == pytest.approx(image.sum() / 4, rel=0.01)
    bar = np.zeros((2, 29, 29))
    bar[:, 14] = 1.0
    np.testing.assert_allclose(corrupted(bar, "rotation", 90, RNG(0)), bar.transpose(0, 2, 1), atol=1e-9)
    sheared = corrupted(bar, "shear", 1, RNG(0))  # rows stay in their places
    assert sheared[:, 14].min() > 0.99 and np.abs(sheared.sum(axis=(1, 2)) - 29).max() < 2


def test_occlusion_stripe_and_lines():
    white = np.ones((300, 20, 20))
    black = corrupted(white, "occlusion", 0.25, RNG(0)) == 0
    assert np.all(black.sum(axis=(1, 2)) == 100) and np.ptp(black.mean(axis=0)) > 0  # everywhere, at random
    assert black.any(axis=0).all()
    assert not corrupted(white, "occlusion", 1, RNG(0)).any()
    stripe = corrupted(np.zeros((1, 28, 28)), "stripe", 1, RNG(0))[0]
    assert np.all(stripe[:, :7] == 1) and np.all(stripe[:, 21:] == 1) and not stripe[:, 7:21].any()
    line = corrupted(np.zeros((100, 28, 28)), "dotted_line", 1, RNG(0))
    assert not line[:, :, 0:2].any() and line[:, :, 2:4].any()
    assert np.all(corrupted(np.zeros((50, 28, 28)), "zigzag", 1, RNG(0)).max(axis=(1, 2)) > 0.5)


def test_canny_edges_are_thin_closed_and_hang_together():
    square = np.zeros((3, 28, 28))
    square[:, 8:20, 10:22] = 1
    edges = corrupted(square, "canny_edges", 1, RNG(0))
    y, x = np.nonzero(edges[0])
    away = np.minimum.reduce([np.abs(x - 9.5), np.abs(x - 21.5), np.abs(y - 7.5), np.abs(y - 19.5)])
    assert set(np.unique(edges)) == {0, 1} and away.max() <= 1 and len(y) < 1.2 * 4 * 12
    assert ndimage.binary_fill_holes(edges[0]).sum() > 100  # nothing gets out
    low, rising = np.zeros((28, 28)), np.zeros((28, 28))
    low[14:] = 0.05  # a slope between the two thresholds
    rising[14:] = np.linspace(0.05, 0.2, 28)  # one that grows steeper than both
    low, rising = corrupted(np.stack([low, rising]), "canny_edges", 1, RNG(0))
    assert not low.any() and rising[:, 1:27].sum(axis=0).tolist() == [1] * 26
    assert not corrupted(np.full((1, 28, 28), 0.7), "canny_edges", 1, RNG(0)).any()


def test_blurs_and_weather():
    image = ring()
    for kind in ("glass_blur", "motion_blur"):
        blurred = corrupted(image, kind, 3, RNG(0))
        assert np.abs(np.diff(blurred, axis=2)).mean() < np.abs(np.diff(image, axis=2)).mean()
    fog = corrupted(image, "fog", 5, RNG(0))
    assert np.ptp(fog, axis=(1, 2)).mean() < 0.6 * np.ptp(image) and fog[:, 0].mean() > 0.02
    drops = corrupted(np.zeros((20, 28, 28)), "spatter", 2, RNG(0))
    assert 0.01 < np.mean(drops > 0.1) < 0.5 and drops.max() <= 63 / 255 + 1e-9


@pytest.mark.parametrize(
    "images, kind, strength, message",
    [
        (ring(1), "snow", 1, "there is no corruption 'snow'"),
        (ring(1), "fog", 6, "fog has the severities 0 to 5, not 6"),
        (ring(1), "occlusion", -0.1, "the strength of occlusion is 0 or more"),
        (ring(1)[0], "fog", 1, r"images are \(n, height, width\)"),
    ],
)
def test_corruptions_that_there_are_not(images, kind, strength, message):
    with pytest.raises(OptionError, match=message):
        corrupted(images, kind, strength, RNG(0))


# -- spikes ------------------------------------------------------------------------------------------------------------


def trains(n=60, channels=40, steps=50, seed=0):
    """About ten spikes a channel, in the middle of a stimulus epoch of 100 steps."""
    rng = RNG(seed)
    k = n * channels * 10
    columns = rng.integers(0, n, k), rng.integers(0, channels, k), 25 + rng.integers(0, steps, k)
    return SpikeTrains.of_spikes(*columns, n, channels)


def same(one, other):
    return all(np.array_equal(getattr(one, k), getattr(other, k)) for k in ("sample", "channel", "step", "count"))


OF_SPIKES = (d.spike_jitter, d.channel_jitter, d.deletion, d.spurious_spikes, d.reversal)


@pytest.mark.parametrize("function", OF_SPIKES)
def test_strength_zero_changes_no_spike(function):
    assert same(function(trains(), 0, 100, RNG(0)), trains())


def test_jitter_moves_spikes_by_its_standard_deviation():
    one = SpikeTrains.of_spikes(np.zeros(4000, int), np.arange(4000), np.full(4000, 50), 1, 4000)
    moved = d.spike_jitter(one, 4, 100, RNG(0))
    assert moved.count.sum() == 4000 and moved.step.mean() == pytest.approx(50, abs=0.3)
    assert moved.step.std() == pytest.approx(4, rel=0.05)
    edges = d.spike_jitter(one, 500, 100, RNG(0))
    assert edges.count.sum() == 4000 and edges.step.min() == 0 and edges.step.max() == 99
    both = SpikeTrains.of_spikes(np.zeros(200, int), np.repeat(np.arange(100), 2), np.tile([40, 45], 100), 1, 100)
    together = d.channel_jitter(both, 4, 100, RNG(0))
    assert np.all(np.diff(together.step.reshape(100, 2)) == 5) and np.std(together.step[::2]) > 2


def test_deletion_spurious_spikes_and_reversal():
    whole = trains()
    n = whole.count.sum()
    assert d.deletion(whole, 0.3, 100, RNG(0)).count.sum() == pytest.approx(0.7 * n, abs=4 * np.sqrt(0.21 * n))
    assert d.deletion(whole, 1, 100, RNG(0)).n_events == 0
    more = d.spurious_spikes(whole, 0.5, 100, RNG(0))
    assert more.count.sum() == pytest.approx(1.5 * n, abs=4 * np.sqrt(0.5 * n)) and more.step.max() <= whole.step.max()
    turned = d.reversal(whole, 1, 100, RNG(0))
    assert same(d.reversal(turned, 1, 100, RNG(1)), whole) and not same(turned, whole)
    ends = whole.step.min() + whole.step.max()
    assert sorted(ends - np.repeat(turned.step, turned.count)) == sorted(np.repeat(whole.step, whole.count))
    some = d.reversal(whole, 0.5, 100, RNG(0))
    assert 15 < sum(same(some[[k]], whole[[k]]) for k in range(60)) < 45


# -- hardware ----------------------------------------------------------------------------------------------------------

WEIGHTS = {"synapses1.w": RNG(1).normal(0, 0.2, 20_000), "synapses2.w": np.where(RNG(2).random(5000) < 0.5, 0, 0.7)}


@pytest.mark.parametrize("function", [d.weight_noise, d.stuck_synapses, d.missing_synapses, d.quantised])
def test_strength_zero_changes_no_weight_and_absent_synapses_stay_absent(function):
    for name, w in function(WEIGHTS, 0, RNG(0)).items():
        np.testing.assert_array_equal(w, WEIGHTS[name])
    out = function(WEIGHTS, 3 if function is d.quantised else 0.5, RNG(0))["synapses2.w"]
    assert not out[WEIGHTS["synapses2.w"] == 0].any() and WEIGHTS["synapses2.w"].max() == 0.7


def test_noise_stuck_missing_and_quantised_weights():
    w = WEIGHTS["synapses1.w"]
    noise = d.weight_noise(WEIGHTS, 0.1, RNG(0))["synapses1.w"] - w
    assert noise.std() == pytest.approx(0.1 * np.abs(w).max(), rel=0.02) and abs(noise.mean()) < 0.005
    stuck = d.stuck_synapses(WEIGHTS, 0.2, RNG(0))["synapses1.w"]
    assert np.mean(stuck == w.max()) == pytest.approx(0.1, abs=0.01)
    assert np.mean(stuck == w.min()) == pytest.approx(0.1, abs=0.01) and np.mean(stuck == w) > 0.75
    assert np.mean(d.missing_synapses(WEIGHTS, 0.2, RNG(0))["synapses1.w"] == 0) == pytest.approx(0.2, abs=0.01)
    for bits in (8, 4, 2):
        out = d.quantised(WEIGHTS, bits)["synapses1.w"]
        step = np.abs(w).max() / (2 ** (bits - 1) - 1)
        assert len(np.unique(out)) <= 2**bits - 1 and np.abs(out - w).max() <= step / 2 + 1e-12
        np.testing.assert_allclose(out / step, np.round(out / step), atol=1e-9)
    with pytest.raises(OptionError, match="2 bits or more"):
        d.quantised(WEIGHTS, 1)
    with pytest.raises(OptionError, match="a part of all, 0 to 1"):
        d.stuck_synapses(WEIGHTS, 2, RNG(0))


def test_dead_neurons_have_no_synapses():
    sizes = (30, 20, 10, 5)
    weights = {f"layer{k}.w": np.ones(sizes[k - 1] * sizes[k]) for k in (1, 2, 3)} | {"layer1.b": np.ones(20)}
    out = d.dead_neurons(weights, 0.4, RNG(0), sizes, [1, 2])
    first, second, third = (out[f"layer{k}.w"].reshape(sizes[k - 1], sizes[k]) for k in (1, 2, 3))
    dead = ~first.any(axis=0)
    assert dead.sum() == 8 and not second[dead].any() and not out["layer1.b"][dead].any()
    assert (~third.any(axis=1)).sum() == 4 and third.any(axis=0).all()
    assert all(np.array_equal(v, weights[k]) for k, v in d.dead_neurons(weights, 0, RNG(0), sizes, [1]).items())


def test_mismatch_has_mean_one_and_its_coefficient_of_variation():
    factors = d.mismatch(200_000, 0.4, RNG(0))
    assert factors.mean() == pytest.approx(1, abs=0.01) and factors.std() == pytest.approx(0.4, rel=0.03)
    assert np.all(d.mismatch(5, 0, RNG(0)) == 1) and factors.min() > 0


def test_label_noise_touches_training_labels_alone():
    data = datasets.load("digits")
    noisy = Perceptron("digits", label_noise=0.3).data
    wrong = np.flatnonzero(noisy.labels != data.labels)
    assert len(wrong) == round(0.3 * len(data.train)) and np.isin(wrong, data.train).all()
    assert np.array_equal(mislabelled(data, 0, 1).labels, data.labels)
    counts = np.bincount((noisy.labels - data.labels)[wrong] % 10, minlength=10)
    assert counts[0] == 0 and counts[1:].min() > 0.5 * len(wrong) / 9  # every wrong one


# -- trained networks --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ordinary():
    return Run(Perceptron("digits", layers=(40, 40), epochs=8)).train(progress=False).method


def test_backpropagation_is_the_gradient_and_learns(ordinary):
    x, labels = ordinary.pixels[:6], ordinary.data.labels[:6]
    twin = Perceptron("digits", layers=(40, 40))
    twin.w, twin.b = [w.astype(float) for w in ordinary.w], [b.astype(float) for b in ordinary.b]

    def loss(x):
        scores = twin.activities(x)[1]
        top = scores.max(axis=1, keepdims=True)
        return np.log(np.exp(scores - top).sum(axis=1)) + top[:, 0] - scores[np.arange(6), labels]

    x = 0.1 + 0.8 * x.astype(float)
    exact, step = twin.errors(*twin.activities(x)[1:], labels), 1e-6
    for pixel in (10, 20, 43):
        moved = np.eye(64)[pixel] * step
        assert (loss(x + moved) - loss(x - moved)) / (2 * step) == pytest.approx(exact[1][:, pixel], abs=1e-5)
    for level, w in enumerate(twin.w):
        gradient, index = twin.activities(x)[0][level].T @ exact[0][level], (3, 5)
        before = w[index]
        sides = []
        for side in (step, -step):
            w[index] = before + side
            sides.append(loss(x).sum())
        w[index] = before
        assert (sides[0] - sides[1]) / (2 * step) == pytest.approx(gradient[index], abs=1e-5)
    assert Run(ordinary).evaluate("test").accuracy() > 0.9


def test_attacks_stay_within_epsilon_and_hurt(ordinary):
    samples = ordinary.data.test[:100]
    images, labels = ordinary.data.images[samples] / 255, ordinary.data.labels[samples]
    for attack in ATTACKS.values():
        np.testing.assert_array_equal(attack(ordinary, images, labels, 0, RNG(0)), images)
        out = attack(ordinary, images, labels, 0.1, RNG(0))
        assert np.abs(out - images).max() <= 0.1 + 1e-6 and 0 <= out.min() and out.max() <= 1
        right = np.mean(ordinary.activities(out.reshape(100, -1).astype(np.float32))[1].argmax(axis=1) == labels)
        assert right < 0.75
    assert STEPS / 8 > 1  # pgd can reach epsilon


def test_a_bench_measures_and_leaves_the_network_as_it_was(ordinary):
    samples = np.sort(ordinary.data.test)[:80]
    attacks = adversarial_images(ordinary, ordinary.data, samples)
    assert {kind for kind, _ in attacks} == {"fgsm", "pgd"} and attacks["pgd", 0.1].shape == (80, 8, 8)
    before = {k: np.copy(v) for k, v in ordinary.state().items()}
    bench = Bench(ordinary, samples, attacks=attacks)
    curves = bench.curves(["impulse noise", "weight noise", "dead neurons", "quantisation", "pgd", "spike jitter"])
    assert list(curves) == ["impulse noise", "weight noise", "dead neurons", "quantisation", "pgd"]
    assert all(curve[0] == bench.clean > 0.85 and curve[-1] < curve[0] for curve in curves.values())
    assert all(np.array_equal(v, before[k]) for k, v in ordinary.state().items())
    with pytest.raises(OptionError, match="spike jitter: the network has no spikes"):
        bench.accuracy("spike jitter", 0.1)
    with pytest.raises(OptionError, match="there is no disturbance 'rust'"):
        bench.curve("rust")


def test_the_twin_of_a_spiking_network_answers_as_it_does_until_it_is_disturbed():
    own = dict(device="runtime", batch=10, seed=3, set=("tau_m=20*ms*exp(0.2*normal())", "t_code=35*ms"))
    method = ForwardForward("digits", layers=[20], limit=60, steps=20, dt=2.5, **own)
    bench = Bench(method, np.sort(method.data.test)[:10])
    own, twin = method.evaluate(bench.samples, offset=int(bench.samples[0])), bench.twin.answers()
    np.testing.assert_allclose(own.goodness, twin.goodness, rtol=1e-12)
    np.testing.assert_allclose(own.goodness, bench.twin.answers(variation=0).goodness, rtol=1e-12)
    assert bench.twin.differing == {"thresholds": ("v_th",), "time constants": ("tau_m", "tau_syn")}
    for disturbed in (
        bench.twin.answers(variation=0.3),
        bench.twin.answers(differing="time constants", variation=0.3),
        bench.twin.answers(d.deletion(bench.twin.trains, 0.5, 20, RNG(0))),
    ):
        assert np.abs(disturbed.goodness - own.goodness).max() > 0.01
    np.testing.assert_allclose(own.goodness, bench.twin.answers().goodness, rtol=1e-12)  # and no longer


def test_areas_are_means_over_the_range():
    assert area([0, 1, 3], [1, 1, 1]) == 1 and area([0, 2], [1, 0]) == 0.5 and area([0, 1, 4], [1, 0, 0]) == 0.125
    for found in DISTURBANCES.values():
        assert found.positions()[0] == 0 and np.all(np.diff(found.positions()) > 0)
