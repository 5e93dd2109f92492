"""Plasticity rules: what they compute, against the same thing by hand, and whether they learn what they should."""

import numpy as np
import pytest
from brian2 import network_operation
from conftest import with_partners

from brianff.devices.cpp import CppSimulator
from brianff.devices.runtime import RuntimeSimulator
from brianff.equations.compose import compose
from brianff.equations.kinds import available
from brianff.equations.model import load
from brianff.errors import ModelError, OptionError
from brianff.learning.phases import Phases
from brianff.network.architecture import Architecture
from brianff.network.feedforward import FeedForwardNetwork
from brianff.network.layers import Dense, layers_of
from brianff.network.layers import Layer as network_layer
from brianff.network.trial import check
from brianff.stimulus import LABEL_NONE, Schedule

STEPS = 50


class Layer:
    """One layer of neurons without label input, on the NumPy runtime, that sees `images` side by side."""

    def __init__(self, images, n, phase=1, n_classes=2, labels=None, repeat=1, parameters=None, delay=0, **models):
        self.images, self.n = images, n
        batch, n_in = images.shape
        layers = (network_layer(n, incoming=Dense(delay=delay)),)
        size = dict(batch=batch, n_steps=STEPS, capacity=repeat + 1, images=batch)
        self.architecture = a = Architecture(n_in, n_classes, layers, label_neurons=0, **size)
        self.simulator = RuntimeSimulator(a, compose(models=models, parameters=parameters), record=True)
        number = np.tile(np.arange(batch), repeat + 1)
        labels = np.full(batch, LABEL_NONE) if labels is None else labels
        self.schedule = Schedule.evaluation(number, np.tile(labels, repeat + 1), number, batch)
        self.schedule.phase[:-1] = phase

    def show(self, w, learning_rate=0.0):
        inputs = {
            "images": self.images,
            **self.schedule.inputs(self.architecture),
            "synapses1.w": w.ravel(),
            **self.simulator.composition.plasticity(self.architecture, (1,)),
            "learning_rate_at1": np.full(len(self.schedule) + 1, learning_rate),
        }
        return self.simulator.run(inputs, len(self.schedule))

    def raster(self, level):
        """Spikes of the first stimulus epoch, (batch, neurons, steps)."""
        spikes = self.simulator.built.spikes[f"neurons{level}"]
        step, i = np.round(np.array(spikes.t) * 1e3).astype(int), np.array(spikes.i)
        n = self.architecture.sizes[level]
        out = np.zeros((len(self.images), n, STEPS))
        first = step < STEPS
        out[i[first] // n, i[first] % n, step[first]] = 1
        return out


def images_and_weights(seed=3, batch=4, n_in=20, n=12, gain=3.0):
    rng = np.random.default_rng(seed)
    return rng.uniform(size=(batch, n_in)), rng.normal(size=(n_in, n)) * gain / np.sqrt(n_in)


def lif(w, spikes, spike, width=0.2, own=None, tau=1.0, jump=0.0, reset=True):
    """The default neuron and goodness in NumPy, with `spike` in place of the threshold.

    Returns goodness (batch,), traces (batch, n) and eligibilities (batch, n_in, n): of e-prop (Bellec et al. 2020),
    step by step.  With weights `own` of the layer to itself, the last n of n_in are its neurons.  With `jump` every
    spike raises the threshold, which relaxes with `tau`.
    """
    n, (batch, n_in, steps) = w.shape[1], spikes.shape
    w = w if own is None else np.concatenate([w, own])
    v, I_syn, x = (np.zeros((batch, n)) for _ in range(3))
    inputs, (z, z_syn) = np.zeros((batch, n_in)), (np.zeros((batch, len(w))) for _ in range(2))
    a, (eligibility, of_a) = np.zeros((batch, n)), np.zeros((2, batch, *w.shape))
    membrane, slow, relaxed = np.exp(-1 / 20), np.exp(-1 / 100), np.exp(-1 / tau)
    for step in range(steps):
        gain = 1 / np.sqrt(0.01 + np.mean(inputs**2, axis=1, keepdims=True))
        v = membrane * v + (1 - membrane) * gain * I_syn
        z = membrane * z + (1 - membrane) * gain * z_syn
        I_syn, z_syn, x, inputs, a = slow * I_syn, slow * z_syn, slow * x, slow * inputs, relaxed * a
        psi = 1 / (1 + np.abs(v - 1 - a) / width) ** 2
        change = psi[:, None, :] * (z[:, :, None] - of_a)
        eligibility, of_a = slow * eligibility + change, relaxed * (of_a + jump * change)
        s = spike(v - 1 - a)
        arriving = spikes[:, :, step] if own is None else np.concatenate([spikes[:, :, step], s], axis=1)
        I_syn += arriving @ w
        z_syn += arriving
        inputs += spikes[:, :, step]
        v, x, a = v - s * (1 + a) * reset, x + s, a + jump * s
    return np.mean(x**2, axis=1), x, eligibility


def modulator(g, phase, beta=3.0, theta=1.0):
    return phase * beta / (1 + np.exp(phase * beta * (g - theta)))


# -- the exact local surrogate gradient ----------------------------------------------------------------------------
@pytest.mark.parametrize("neuron", [name for name in available("neuron") if load("neuron", name)["response"]])
def test_response_is_what_the_spikes_of_an_input_add_to_the_membrane_potential(neuron):
    """Sum of w*response, in every time step, as long as no neuron spikes."""
    images, w = images_and_weights(gain=0.02)
    quiet = {"sigma": 0.0} if neuron == "lif_noise" else {}
    layer = Layer(images, 12, neuron=neuron, rule="surrogate_gradient_stepwise", parameters=quiet)
    built = layer.simulator.built
    responses, potentials = [], []

    @network_operation(when="end", order=-1)  # before the end of a stimulus epoch resets both
    def look():
        responses.append(np.array(built.groups["neurons0"].response[:]).reshape(images.shape))
        group = built.groups["neurons1"]
        v = group.B[:] - group.A[:] if "B" in group.variables else group.v[:]  # u, but for gain_below
        potentials.append(np.array(v).reshape(-1, layer.n))

    built.network.add(look)
    layer.show(w)
    assert not len(built.spikes["neurons1"].t) and len(built.spikes["neurons0"].t) > 50
    assert np.abs(potentials).max() > 1e-3
    np.testing.assert_allclose(potentials, responses @ w, atol=1e-12)


@pytest.mark.parametrize("phase", [1, -1])
def test_surrogate_rule_sums_pseudo_derivative_times_response(phase):
    images, w = images_and_weights()
    layer = Layer(images, 12, phase, rule="surrogate_gradient", parameters={"width": 0.2})
    results = layer.show(w)
    g, x, eligibility = lif(w, layer.raster(0), lambda u: u > 0)
    np.testing.assert_allclose(results.recorded("record_x1", "x", 1).reshape(4, 12), x)
    expected = np.einsum("b,bj,bij->ij", modulator(g, phase), x, eligibility)
    np.testing.assert_allclose(results["synapses1.dw"].reshape(w.shape), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("phase", "seed"), [(1, 3), (-1, 4)])
def test_surrogate_rule_follows_the_gradient_of_a_smoothed_network(phase, seed):
    """In which spikes are graded: a sigmoid whose derivative is the surrogate, at the reset as well."""
    width = 0.2
    images, w = images_and_weights(seed)
    layer = Layer(images, 12, phase, rule="surrogate_gradient", parameters={"width": width})
    found = layer.show(w)["synapses1.dw"].reshape(w.shape)
    spikes = layer.raster(0)

    def loss(w):
        g = lif(w, spikes, lambda u: width + u / (1 + np.abs(u) / width))[0]
        return np.log1p(np.exp(-phase * 3 * (g - 1))).sum()

    some = np.random.default_rng(0).permutation(w.size)[:80]
    gradient = np.empty(len(some))
    for k, index in enumerate(some):
        step = np.zeros_like(w)
        step.flat[index] = 1e-5
        gradient[k] = (loss(w + step) - loss(w - step)) / 2e-5
    cosine = -found.flat[some] @ gradient / np.linalg.norm(found.flat[some]) / np.linalg.norm(gradient)
    assert cosine >= 0.95


SLOW = {"lif": {}, "lif_adaptive": dict(tau=200, jump=0.1), "spike_response": dict(tau=100, jump=1, reset=False)}


@pytest.mark.parametrize(
    ("rule", "neuron"),
    [
        ("surrogate_gradient", "lif"), ("surrogate_gradient_stepwise", "lif"), ("local_readout_in_time", "lif"),
        ("e_prop", "lif_adaptive"), ("e_prop", "spike_response"),
    ],
)  # fmt: skip
def test_a_recurrent_layer_learns_by_the_eligibility_of_e_prop(rule, neuron):
    """In epochs that are long enough for credits to be settled on the way, against e-prop step by step."""
    n_in, n, batch, steps = 20, 12, 3, 220
    images, w = images_and_weights(batch=batch, gain=2.0)
    own = np.random.default_rng(1).normal(size=(n, n)) * (1 - np.eye(n)) * 0.3
    composition = compose(models=dict(rule=rule, neuron=neuron, encoder="poisson_rate"), parameters={"width": 0.2})
    layers = (network_layer(n, recurrent=True),)
    a = Architecture(n_in, 2, layers, label_neurons=0, batch=batch, n_steps=steps, capacity=1, images=batch)
    schedule = Schedule(*np.array([[[0, 1, 2]], [[0, 1, 1]], [[0, 0, 0]], [[0, 1, 2]]])[[0, 1, 3, 3]])
    schedule.phase = np.array([1 if composition.readout else -1])
    of_classes = np.random.default_rng(2).normal(size=(n, 2))
    inputs = {"images": images} | schedule.inputs(a) | a.inputs(1) | composition.plasticity(a, (1,))
    inputs |= {"synapses1.w": w.ravel(), "recurrent1.w": own.ravel(), "neurons0.seed": 1}
    inputs |= {"readout1.w": of_classes.ravel()} if composition.readout else {}
    results = RuntimeSimulator(a, composition, record="spikes").run(inputs, 1)
    spikes = np.zeros((batch, n_in, steps))
    i, step = results["spikes0.i"], np.round(results["spikes0.t"] * 1e3).astype(int)
    spikes[i // n_in, i % n_in, step] = 1
    g, x, eligibility = lif(w, spikes, lambda u: u > 0, own=own, **SLOW[neuron])
    np.testing.assert_allclose(results.recorded("record_x1", "x", 1).reshape(batch, n), x, rtol=1e-9)
    factor = modulator(g, -1)[:, None] * x
    if composition.readout:
        activity = x / np.sqrt(0.01 + g)[:, None]
        p = np.exp(activity @ of_classes)
        error = np.eye(2)[[0, 1, 1]] - p / p.sum(axis=1, keepdims=True)
        factor = error @ of_classes.T / np.sqrt(0.01 + g)[:, None]
        np.testing.assert_allclose(results["readout1.dw"].reshape(n, 2), activity.T @ error, rtol=1e-8)
    expected = np.einsum("bj,bij->ij", factor, eligibility)
    expected[n_in:][np.eye(n, dtype=bool)] = 0
    assert len(results["spikes1.i"]) > 50 and np.abs(expected[n_in:]).max() > 1e-2
    found = np.concatenate([results["synapses1.dw"].reshape(n_in, n), results["recurrent1.dw"].reshape(n, n)])
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-11 * np.abs(expected).max())


WITH_CREDIT = [name for name in available("neuron") if load("neuron", name)["credit"]]


def weight_changes(rule, neuron, carry_over=False, **chosen):
    """Of two layers, sparse, delayed and recurrent, in two stimulus epochs with several spikes an input."""
    composition = compose(models=dict(rule=rule, neuron=neuron, encoder="poisson_rate"))
    size = dict(label_neurons=0, batch=2, n_steps=40, capacity=3, images=2, carry_over=carry_over) | chosen
    a = Architecture(15, 2, (network_layer(12, incoming=Dense(delay=2)), *layers_of("8rd0.5")), **size)
    number = np.arange(6).reshape(3, 2)
    schedule = Schedule(number % 2, np.full((3, 2), LABEL_NONE), np.array([1, -1, 0]), number)
    inputs = {"images": np.random.default_rng(5).uniform(0.3, 1, (2, 15)), **schedule.inputs(a), **a.inputs(1)}
    inputs |= {p.key("w"): p.normal(1, 3.0) for p in a.projections} | composition.plasticity(a, (1, 2))
    results = RuntimeSimulator(a, composition, record="spikes").run(inputs, 3)
    assert min(len(results[f"spikes{level}.i"]) for level in (1, 2)) > 10
    return [results[p.key("dw")] for p in a.projections]


@pytest.mark.parametrize(
    ("neuron", "carry_over"), [*((name, False) for name in WITH_CREDIT), ("lif", True), ("integrate_and_fire", True)]
)
def test_surrogate_rule_changes_synapses_at_spikes_as_in_every_time_step(neuron, carry_over):
    every_step = weight_changes("surrogate_gradient_stepwise", neuron, carry_over)
    for found, expected in zip(weight_changes("surrogate_gradient", neuron, carry_over), every_step, strict=True):
        assert np.abs(expected).max() > 1e-3
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12 * np.abs(expected).max())


def test_credits_grow_no_further_than_single_precision_goes():
    """In long stimulus epochs, of which the second begins with credits that have not just been settled."""
    long = dict(n_steps=220)
    every_step = weight_changes("surrogate_gradient_stepwise", "lif", **long)
    in_single = weight_changes("surrogate_gradient", "lif", dtype="float32", **long)
    for found, expected in zip(in_single, every_step, strict=True):
        assert np.linalg.norm(found - expected) < 1e-4 * np.linalg.norm(expected)


@pytest.mark.parametrize(
    ("models", "architecture", "sentence"),
    [
        (dict(rule="r_stdp"), dict(n_steps=501), r"too long for the rule r_stdp, .*T_epoch <= 10\*tau_plus .*r_stdp"),
    ],
)
def test_what_the_algebra_of_a_rule_cannot_do_is_refused(models, architecture, sentence):
    size = dict(layers=(5, 4), label_neurons=1, capacity=2, images=2)
    composition = compose(models=dict(rule="surrogate_gradient") | models)
    with pytest.raises(OptionError, match=sentence):
        FeedForwardNetwork(Architecture(6, 2, **size | architecture), composition)


def test_a_credit_needs_one_time_constant_for_all_neurons():
    various = dict(tau_m="20*ms*exp(0.3*normal())")
    with pytest.raises(ModelError, match=r"lif.py:\d+: 'tau_m' = .* differs between neurons, and 'credit' of the neur"):
        compose(models=dict(rule="surrogate_gradient"), parameters=various)
    compose(models=dict(rule="surrogate_gradient_stepwise"), parameters=various)


# -- rules that act at spikes --------------------------------------------------------------------------------------
@pytest.mark.parametrize(("delay", "goodness"), [(0, "sum_of_squares"), (0, "polar_halves"), (3, "sum_of_squares")])
def test_r_stdp_is_spike_timing_dependent_plasticity_times_reward(delay, goodness):
    """Of the spikes as they leave their neurons, those on their way at the end of the stimulus epoch as well."""
    images, w = images_and_weights()
    layer = Layer(images, 12, rule="r_stdp", delay=delay, goodness=goodness)
    results = layer.show(w)
    pre, post = layer.raster(0), layer.raster(1)
    assert post.sum() > 20
    p, q, eligibility = np.zeros(pre.shape[:2]), np.zeros(post.shape[:2]), np.zeros((4, *w.shape))
    for step in range(STEPS):
        p, q = p * np.exp(-1 / 50), q * np.exp(-1 / 20)
        eligibility -= 0.2 * pre[:, :, step, None] * q[:, None, :]
        eligibility += p[:, :, None] * post[:, None, :, step]
        p, q = p + pre[:, :, step], q + post[:, :, step]
    g = results.recorded("record_g1", "g", 1).ravel()
    side = np.where((np.arange(12) % 2 == 1) & (goodness == "polar_halves"), -1, 1)
    expected = np.einsum("b,j,bij->ij", modulator(g, 1), side, eligibility)
    np.testing.assert_allclose(results["synapses1.dw"].reshape(w.shape), expected, rtol=1e-9, atol=1e-12)


ONLINE = [name for name in available("rule") if compose(models=with_partners(dict(rule=name))).online]


@pytest.mark.parametrize("rule", ONLINE)
def test_weights_stay_where_nothing_is_to_be_learnt(rule):
    images, w = images_and_weights()
    for phase, rate in ((1, 0.0), (0, 1.0)):
        layer = Layer(images, 12, phase, rule=rule, parameters={"w_max": 9.0})
        np.testing.assert_array_equal(layer.show(w, rate)["synapses1.w"], w.ravel())


@pytest.mark.parametrize("rule", ONLINE)
def test_weights_change_at_spikes_only(rule):
    images, w = images_and_weights(batch=1)
    images[0, :10] = 0
    layer = Layer(images, 12, rule=rule, parameters={"w_max": 9.0})
    change = layer.show(w, 0.01)["synapses1.w"].reshape(w.shape) - w
    assert not change[:10].any() and (change[10:] > 0).any() and (change[10:] >= 0).all()


def test_csdp_adds_modulator_times_trace_at_every_presynaptic_spike():
    images, w = images_and_weights(batch=1)
    too_little_to_matter = {"eta": 1e-6, "w_max": 9.0, "theta": 1.0}
    layer = Layer(images, 12, rule="csdp", parameters=too_little_to_matter)
    found = layer.show(w, 1.0)["synapses1.w"].reshape(w.shape) - w
    pre, post = layer.raster(0)[0], layer.raster(1)[0]
    x, expected = np.zeros(12), np.zeros(w.shape)
    for step in range(STEPS):
        M = modulator(np.mean(x**2), 1, theta=(step / STEPS) ** 2) if step else 0.0  # of the beginning of the step
        x = x * np.exp(-1 / 100)
        expected += 1e-6 * M * pre[:, step, None] * x
        x = x + post[:, step]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-13)


@pytest.mark.parametrize("alpha", [0.7, 3.0])
def test_swish_has_the_slope_of_its_loss_and_pushes_back_pairs_well_apart(alpha):
    apart = np.linspace(-4, 9, 80) / alpha  # g_positive - g_negative

    def modulator(rule, difference):
        found = {"alpha": alpha, "g_last": difference, "g": 0.0, "exp": np.exp}
        exec(load("rule", rule)["layer_at_epoch_end"], found)
        return found["M"]

    def loss(difference):
        u = -alpha * difference
        return u / (1 + np.exp(-u))

    step = 1e-5
    slope = (loss(apart + step) - loss(apart - step)) / (2 * step)
    np.testing.assert_allclose(modulator("swish", apart), -slope, rtol=1e-6, atol=1e-8)
    assert modulator("swish", 1.2 / alpha) > 0 > modulator("swish", 1.4 / alpha) > -0.1 * alpha
    assert np.all(modulator("symba", apart) > 0)
    with np.errstate(over="ignore"):
        far = [modulator("swish", difference) for difference in (np.float32(1e3), np.float32(-1e3))]
    np.testing.assert_allclose(far, [0, alpha], atol=1e-5)


# -- what every rule should do -------------------------------------------------------------------------------------
TWO_PHASES = [name for name in available("rule") if compose(models=with_partners(dict(rule=name))).classes is None]


@pytest.mark.parametrize("rule", TWO_PHASES)
def test_the_goodness_of_positive_comes_to_exceed_that_of_negative(rule):
    """Two images in turn, one always in positive and the other always in negative phases."""
    rng = np.random.default_rng(1)
    images = (rng.uniform(size=(2, 30)) > 0.5) * rng.uniform(0.5, 1, size=(2, 30))
    w = rng.normal(size=(30, 20)) * 1.5 / np.sqrt(30)
    pairs = 12
    composition = compose(models=dict(rule=rule, encoder="regular_rate"))
    a = Architecture(30, 2, (20,), label_neurons=0, batch=1, n_steps=STEPS, capacity=2 * pairs, images=2)
    k = np.zeros(pairs, int)
    schedule = Phases.paired().schedule((k, k + LABEL_NONE, k), (k + 1, k + LABEL_NONE, k + 1), a)
    inputs = {
        "images": images,
        **schedule.inputs(a),
        "synapses1.w": w.ravel(),
        "synapses1.plastic": True,
        "learning_rate_at1": np.full(a.capacity + 1, 0.1 if rule == "csdp" else 0.02),  # its changes are small
    }
    g = RuntimeSimulator(a, composition).run(inputs, a.capacity).recorded("record_g1", "g", a.capacity)[:, 0]
    assert g[-2] - g[-1] > g[0] - g[1] + 0.3


@pytest.mark.parametrize("alpha", [2.0, 1000.0])
def test_class_competition_is_the_gradient_of_the_cross_entropy(alpha):
    """Of exponents of a thousand and more as well, whose exponential is not finite: their maximum is subtracted."""
    images, w = images_and_weights(n=12)
    learnt = 0
    for image, label in zip(images, [0, 1, 2, 0], strict=True):
        models = {"rule": "class_competition", "parameters": {"alpha": alpha}}
        layer = Layer(image[None], 12, n_classes=3, labels=np.array([label]), **models)
        results = layer.show(w)
        x = results.recorded("record_x1", "x", 1)[0]
        score = alpha * np.mean((x**2).reshape(4, 3), axis=0)
        assert (score.max() > 1000) == (alpha > 2)
        np.testing.assert_allclose(results.recorded("record_classes1", "score", 1)[0], score)
        p = np.exp(score - score.max())
        M = np.tile(alpha * ((np.arange(3) == label) - p / p.sum()), 4) * 2 * x
        dw = results["synapses1.dw"].reshape(w.shape)
        if not M.any():  # certain, and right
            assert not dw.any()
            continue
        z = dw[:, np.abs(M).argmax()] / M[np.abs(M).argmax()]
        assert z.max() > 0.01 and z.min() >= 0
        np.testing.assert_allclose(dw, z[:, None] * M, rtol=1e-8, atol=1e-9 * np.abs(dw).max())
        learnt += 1
    assert learnt


@pytest.mark.parametrize("layers", ["12", "conv6k2s2"])
def test_channels_compete_at_every_position(layers):
    """The softmax is one of the groups of channels at a position; a dense layer is one position."""
    composition = compose(models=dict(rule="position_competition"), parameters={"alpha": 0.7})
    a = Architecture(
        16, 3, layers_of(layers), label_neurons=0, batch=1, n_steps=30, capacity=2, images=1, image_shape=(4, 4)
    )
    k = np.zeros(1, int)
    schedule = Schedule(k[None], np.array([[2]]), np.array([1]), k[None])
    image = np.random.default_rng(3).uniform(0.2, 1, (1, 16))
    image[0, [0, 1, 4, 5]] = 0  # one position of the convolution stays silent
    inputs = {"images": image, **schedule.inputs(a)} | composition.plasticity(a, (1,))
    (projection,) = a.projections
    inputs[projection.key("w")] = projection.normal(1, 6.0)
    results = RuntimeSimulator(a, composition).run(inputs, 1)
    n = a.layers[0].channels
    x = results.recorded("record_x1", "x", 1).reshape(-1, n)
    evidence = 0.7 * np.mean((x**2).reshape(len(x), n // 3, 3), axis=1)
    log_p = evidence - np.log(np.exp(evidence).sum(axis=1, keepdims=True))
    seen = x.any(axis=1)
    assert 0 < seen.sum() < len(x) or layers == "12"
    expected = np.where(seen[:, None], log_p, 0).mean(axis=0)
    np.testing.assert_allclose(results.recorded("record_classes1", "score", 1)[0], expected, rtol=1e-9)
    M = 0.7 * np.tile((np.arange(3) == 2) - np.exp(log_p), n // 3) * 2 * x
    dw = projection.matrix(results[projection.key("dw")])
    assert np.abs(dw).max() > 0.01
    if layers == "12":
        z = dw[:, np.abs(M[0]).argmax()] / M[0, np.abs(M[0]).argmax()]
        np.testing.assert_allclose(dw, z[:, None] * M[0], rtol=1e-8, atol=1e-9)


@pytest.mark.compiler
def test_class_competition_is_the_same_in_single_precision_compiled():
    images, w = images_and_weights(n=12)
    models = {"rule": "class_competition", "parameters": {"alpha": 1000.0}}
    layer = Layer(images, 12, n_classes=3, labels=np.array([0, 1, 2, 0]), **models)
    expected = layer.show(w)["synapses1.dw"]
    single = layer.architecture.with_(dtype="float32")
    layer.simulator = CppSimulator(single, layer.simulator.built.composition)
    with layer.show(w) as results:
        np.testing.assert_allclose(results["synapses1.dw"], expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())
    assert np.abs(expected).max() > 10


@pytest.mark.parametrize("statement", ["top += 1", "tap = 1", "x_pre = 1", "top"])
def test_a_maximum_is_that_of_a_variable_of_the_layer(tmp_path, statement):
    path = tmp_path / "rule.py"
    path.write_text(f'base = "class_competition"\nlayer_max = """\n{statement}\n"""\n')
    with pytest.raises(ModelError, match=r"rule.py:[23]: .* does not set a variable of the layer"):
        check("rule", path)
