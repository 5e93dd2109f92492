"""Class scores of every layer, what the neurons of a channel share, and convolutions of strings, from end to end."""

import numpy as np
import pytest
from brian2 import Clock, Network, NeuronGroup, ms
from test_layers import inputs_of

import brianff as ff
from brianff.devices.cpp import CppSimulator
from brianff.devices.runtime import RuntimeSimulator
from brianff.equations.compose import compose
from brianff.errors import OptionError
from brianff.learning.phases import POSITIVE
from brianff.learning.run import load
from brianff.network.architecture import Architecture
from brianff.network.channels import ChannelSynapses
from brianff.network.layers import Convolution, Layer, layers_of

MODELS = dict(rule="local_readout", encoder="time_to_first_spike")
SIZE = dict(n_pixels=16, n_classes=3, label_neurons=0, batch=2, n_steps=30, capacity=4, images=8, image_shape=(4, 4))


def presented(a, composition, learning_rate=0.0, device=RuntimeSimulator, **more):
    """Results of four rows of images, and the labels that they were shown with, (4, batch)."""
    rng = np.random.default_rng(2)
    inputs, _ = inputs_of(a, n_pairs=2, composition=composition, gain=4.0)
    rows = np.arange(4 * a.batch)
    labels = rng.integers(0, a.n_classes, len(rows))
    schedule = POSITIVE.schedule((rows, labels, rows), (rows, labels, rows), a)
    images = rng.uniform(0.2, 1, (a.images, a.n_pixels)) * (rng.random((a.images, a.n_pixels)) < 0.7)
    inputs |= {"images": images} | schedule.inputs(a)
    rates = np.zeros(a.capacity + 1)
    rates[1::2] = learning_rate
    for level in range(1, a.depth + 1):
        inputs |= {f"learning_rate_at{level}": rates, f"layer{level}.samples_per_update": 4.0}
    return device(a, composition).run(inputs | more, 4), inputs, labels.reshape(4, a.batch)


def softmax(scores):
    p = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return p / p.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("layers", ["12,7", "conv4k3s2,6", "10r"])
def test_scores_and_both_rules_by_hand(layers):
    """From the recorded traces: the scores, what the readout learns, and what each neuron's synapses do."""
    composition = compose(models=MODELS)
    a = Architecture(layers=layers_of(layers), **SIZE)
    results, inputs, labels = presented(a, composition)
    for level, layer in enumerate(a.layers, start=1):
        x = results.recorded(f"record_x{level}", "x", 4).reshape(4, a.batch, layer.n)
        g = results.recorded(f"record_g{level}", "g", 4)[..., None]
        scores = results.recorded(f"record_classes{level}", "score", 4).reshape(4, a.batch, 3)
        w = a.readouts[level - 1].matrix(inputs[f"readout{level}.w"])
        activity = x / np.sqrt(0.01 + g)
        np.testing.assert_allclose(scores, activity @ w, rtol=1e-9, atol=1e-12)
        error = (labels[..., None] == np.arange(3)) - softmax(scores)
        learnt = np.einsum("tbn,tbc->nc", activity, error)
        assert np.abs(learnt).max() > 0.1
        np.testing.assert_allclose(a.readouts[level - 1].matrix(results[f"readout{level}.dw"]), learnt, rtol=1e-8)
    # One presentation alone: dw is the product of a modulator that follows from the error, and a trace.
    alone = a.with_(batch=1, capacity=2)
    inputs_alone, _ = inputs_of(alone, n_pairs=1, composition=composition, gain=4.0)
    schedule = POSITIVE.schedule(*2 * [(np.array([3]), np.array([1]), np.array([0]))], alone)
    shown = {"images": inputs["images"]} | schedule.inputs(alone)
    shown |= {f"learning_rate_at{level}": np.zeros(3) for level in range(1, a.depth + 1)}
    results = RuntimeSimulator(alone, composition).run(inputs_alone | shown, 1)
    if layers == "12,7":
        x, g = results.recorded("record_x1", "x", 1)[0], results.recorded("record_g1", "g", 1)[0]
        score = results.recorded("record_classes1", "score", 1)[0]
        w = a.readouts[0].matrix(inputs_alone["readout1.w"])
        modulator = (x > 0) / np.sqrt(0.01 + g) * (w @ ((np.arange(3) == 1) - softmax(score)))
        dw = results["synapses1.dw"].reshape(16, 12)
        z = dw[:, np.abs(modulator).argmax()] / modulator[np.abs(modulator).argmax()]
        assert z.max() > 0.1 and z.min() >= 0
        np.testing.assert_allclose(dw, z[:, None] * modulator, rtol=1e-8, atol=1e-12)


def test_channels_share_what_their_strings_say():
    """Thresholds of a convolution: one a channel, which follows the mean number of spikes of all of its neurons."""
    composition = compose(models=MODELS | dict(neuron="lif_homeostatic"), parameters={"adapt": 0.2, "wanted": 1.0})
    a = Architecture(layers=layers_of("conv4k3s2,6"), **SIZE)
    start = np.array([0.3, 1.0, 1.5, 4.0])
    results, *_ = presented(a, composition, 1e-3, **{"channels1.th": start, "channels2.th": 0.5})
    assert results["channels1.th"].shape == (4,) and results["channels2.th"].shape == (6,)
    still, inputs, _ = presented(a, composition, 1e-3, **{"channels1.th": start, "channels1.plastic": False})
    np.testing.assert_array_equal(still["channels1.th"], start)
    # The same by hand, from the spikes of the first update's two rows.
    recorder = RuntimeSimulator(a, composition, record="spikes")
    results = recorder.run(inputs | {"channels1.th": start, "channels1.plastic": True}, 4)
    i, step = results["spikes1.i"], np.round(results["spikes1.t"] * 1e3).astype(int)
    per_epoch = a.batch * a.layers[0].n / 4
    expected = start
    for update in range(2):
        chosen = (step >= 60 * update) & (step < 60 * (update + 1))
        spikes = np.bincount(i[chosen] % 4, minlength=4) / (2 * per_epoch)
        expected = np.clip(expected * np.exp(0.2 * np.clip(spikes - 1, -1, 1)), 0.05, 5)
    np.testing.assert_allclose(results["channels1.th"], expected, rtol=1e-9)
    assert np.any(expected > start) and np.any(expected < start)


def test_code_of_channels():
    group = NeuronGroup(12, "x : 1\nown : 1\nmine : 1")  # two entries, two positions, three channels
    group.x = np.arange(12)
    synapses = ChannelSynapses(group, "total : 1\nmean : 1\nn : 1 (shared)", channels=3, batch=2)
    synapses.update("total += x_pre; mine_pre = mean", then="n += 1; mean = total/4; total = 0", clock=Clock(dt=1 * ms))
    Network(group, synapses).run(1.05 * ms)
    np.testing.assert_allclose(synapses.mean[:], np.arange(12).reshape(4, 3).mean(axis=0))
    np.testing.assert_allclose(group.mine[:], np.tile(synapses.mean[:], 4))
    assert synapses.n[:] == 2 and not synapses.total[:].any()
    with pytest.raises(OptionError, match="no whole number for each of 5 channels"):
        ChannelSynapses(group, "a : 1", channels=5, batch=2)


def learns_as_numpy(simulator):
    """Convolutions with delay, padding and thresholds of channels, and local readouts, on another device."""
    composition = compose(models=MODELS | dict(neuron="lif_homeostatic"))
    a = Architecture(layers=(Layer(incoming=Convolution(4, 3, 1, 1)), *layers_of("conv6k2s2t2,8")), **SIZE)
    found = []
    for device in (RuntimeSimulator, simulator):
        results, inputs, _ = presented(a, composition, 1e-2, device)
        names = [p.key(v) for p, s in composition.learning(a) for v in composition.state_variables(s)]
        found.append({name: results[name] for name in names} | {"x": results.recorded("record_x3", "x", 4)})
    assert np.abs(found[0]["synapses1.w"] - inputs["synapses1.w"]).max() > 1e-3
    assert len(np.unique(found[0]["channels2.th"])) > 1 and found[0]["x"].any()
    for name, values in found[0].items():
        np.testing.assert_allclose(found[1][name], values, rtol=1e-8, atol=1e-11, err_msg=name)


@pytest.mark.compiler
def test_numpy_and_cpp_learn_the_same():
    learns_as_numpy(CppSimulator)


OPTIONS = dict(
    rule="local_readout", negatives="none", neuron="lif_homeostatic", layers=["conv10k3", 30], steps=20, dt=2.0,
    mini_batch=10, jitter=0, dropout=0.0, chunk=300, epochs=4, learning_rate=3e-3, device="runtime",
)  # fmt: skip


def test_a_convolution_learns_and_goes_on_where_it_was(tmp_path):
    """Bit for bit, thresholds of channels included; without a pass for a readout, and in one pass of evaluation."""
    small = OPTIONS | dict(limit=150, epochs=2, layers=["conv6k3s2", 20], chunk=50, validate=20)
    whole = ff.Run(ff.ForwardForward("digits", **small)).train(progress=False)
    part = ff.Run(ff.ForwardForward("digits", **small), tmp_path / "run")
    part.train(callbacks=[lambda run, row: run.position >= 10], progress=False)
    assert 0 < part.position < part.method.n_rows
    again = load(tmp_path / "run").train(progress=False)
    for name, values in whole.method.state().items():
        np.testing.assert_array_equal(again.method.state()[name], values, err_msg=name)
    assert {"synapses1.w", "readout2.w", "channels1.th"} <= again.method.state().keys()
    assert again.weights[1].shape == (6, 1, 3, 3) and again.weights["readout1"].shape == (54, 10)
    evaluation = again.evaluate("test", 30)
    assert evaluation.ways[0] == "goodness" and "readout" not in evaluation.ways
    np.testing.assert_allclose(np.exp(evaluation.goodness).sum(axis=1), 1)


@pytest.mark.compiler
def test_local_readouts_learn_the_digits():
    options = OPTIONS | dict(layers=["conv16k3", "60r"], device="cpp", neuron="lif", batch=10)
    run = ff.Run(ff.ForwardForward("digits", **options)).train(progress=False)
    assert run.evaluate().accuracy() > 0.9


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (dict(negatives="hard", layers=[20]), OptionError, "no negative phase and no label .*: add negatives none"),
        (dict(rule="symba", negatives="hard"), OptionError, "'conv10k3' needs positions, .* label neurons"),
        (dict(layers=[20, "conv4k2"]), OptionError, "'conv4k2' needs positions"),
        (dict(layers=["conv4k9"]), OptionError, "a kernel of 9 by 9 does not fit into 8 by 8"),
        (dict(rule="r_stdp", negatives="hybrid"), OptionError, "a convolution shares its kernel, .* 'eligibility'"),
        (dict(rule="class_competition", layers=[9]), OptionError, "a neuron for each of 10 classes"),
        (dict(rule="class_competition", layers=["conv15k3"]), OptionError, "a multiple of 10 channels"),
    ],
)
def test_what_cannot_be_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        ff.ForwardForward("digits", **OPTIONS | options)


def test_words_of_convolutions():
    (layer,) = layers_of("conv20k5s2p1t2")
    assert layer.incoming == Convolution(20, 5, 2, 1, delay=2) and str(layer) == "conv20k5s2p1t2"
    assert layers_of(["conv3k2", Convolution(3, 2)]) == 2 * (Layer(incoming=Convolution(3, 2)),)
    a = Architecture(layers=layers_of("conv3k3,conv5k2s2p1r"), **SIZE)
    assert [layer.shape for layer in a.layers] == [(3, 2, 2), (5, 2, 2)] and a.sizes == (16, 12, 20)
    assert [p.weights_shape for p in a.projections] == [(3, 1, 3, 3), (5, 3, 2, 2), (20, 20)]
    for word in ("conv3", "conv3k2d0.5", "conv0k3", "k3", "conv3k2s0"):
        with pytest.raises(OptionError, match=f"'{word}' is no layer"):
            layers_of(word)
    with pytest.raises(OptionError, match="a layer needs its number of neurons"):
        Layer()


def test_initial_kernels_and_dale():
    a = Architecture(layers=layers_of("conv50k3,conv40k2"), **SIZE)
    for p in a.projections:
        kernel = p.matrix(p.normal(1, 2.0))
        assert kernel.std() == pytest.approx(2 / np.sqrt(p.fan_in), rel=0.15)
        np.testing.assert_array_equal(p.flat(kernel, 1), p.normal(1, 2.0))
    signs = np.sign(p.matrix(p.normal(1, 2.0, 0.8)))
    assert np.all(signs == signs[:1, :, :1, :1]) and (signs[0, :, 0, 0] > 0).sum() == 40
