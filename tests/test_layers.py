"""Layers and projections: which synapses there are, their weights, and networks of them on their devices."""

from dataclasses import dataclass

import numpy as np
import pytest
from brian2 import Synapses

from brianff import datasets
from brianff.devices.cpp import CppSimulator
from brianff.devices.runtime import RuntimeSimulator
from brianff.equations.compose import compose
from brianff.equations.kinds import FEEDBACK, available
from brianff.errors import OptionError
from brianff.learning.backpropagation import Backpropagation
from brianff.learning.phases import Phases
from brianff.network.architecture import Architecture
from brianff.network.layers import Dense, Layer, layers_of
from brianff.stimulus import LABEL_NONE, Schedule, stream

TINY = dict(n_pixels=12, n_classes=3, label_neurons=2, batch=2, n_steps=30, capacity=8, images=8)


# -- data --------------------------------------------------------------------------------------------------------------
def test_layers_are_words():
    assert layers_of("500,20r") == (Layer(500), Layer(20, recurrent=True))
    assert [str(layer) for layer in layers_of("500, 20r")] == ["500", "20r"]
    for text, word in (("500,,3", "''"), ("5x", "'5x'"), ("0", "'0'"), ("r", "'r'"), ("-3", "'-3'")):
        with pytest.raises(OptionError, match=f"{word} is no layer.*as in 500,500, or convolutions"):
            layers_of(text)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Layer(0), "at least one neuron"),
        (lambda: Layer(10, shape=(2, 2, 2)), "as many neurons as their product"),
        (lambda: Layer(1, recurrent=True), "at least two neurons"),
        (lambda: Dense(density=0), "density=0"),
        (lambda: Dense(density=1.5), "density=1.5"),
        (lambda: Dense(delay=-1), "delay=-1"),
        (lambda: Dense(delay=0.5), "number of time steps"),
    ],
)
def test_what_no_layer_can_be(make, message):
    with pytest.raises(OptionError, match=message):
        make()


def test_a_layer_may_have_a_shape():
    assert Layer(12, shape=(3, 2, 2)).shape == (3, 2, 2)


def test_projections_of_a_network():
    a = Architecture(4, 2, (5, Layer(6, recurrent=True), 3), label_neurons=1)
    assert a.sizes == (6, 5, 6, 3) and a.depth == 3 and a.recurrent == [2]
    assert [(p.name, p.source, p.target, p.shape, p.fan_in, p.delay) for p in a.projections] == [
        ("synapses1", 0, 1, (6, 5), 6, 0),
        ("synapses2", 1, 2, (5, 6), 5, 0),
        ("recurrent2", 2, 2, (6, 6), 5, 0),
        ("synapses3", 2, 3, (6, 3), 6, 0),
    ]
    assert [(p.name, p.shape) for p in a.feedback] == [("feedback1", (3, 5)), ("feedback2", (3, 6))]
    assert compose().plasticity(a, {2}) == {
        "synapses1.plastic": False, "synapses2.plastic": True, "recurrent2.plastic": True, "synapses3.plastic": False
    }  # fmt: skip
    assert list(a.inputs(1)) == ["recurrent2._present"]
    assert a.asdict() != a.with_(layers=(5, 6, 3)).asdict()


def test_initial_weights_are_those_of_the_seed():
    (p,) = Architecture(6, 2, (5,), label_neurons=1).projections
    expected = stream(3, "weights", 1).normal(size=40) * 1.5 / np.sqrt(8)
    np.testing.assert_array_equal(p.normal(3, 1.5), expected)
    np.testing.assert_array_equal(p.uniform(3, 0.2), 0.2 * stream(3, "weights", 1).uniform(-1, 1, 40))
    signs = np.sign(p.matrix(p.normal(3, 1.5, excitatory=0.75)))
    assert np.all(signs == signs[:, :1]) and (signs[:, 0] > 0).sum() == 6
    a = Architecture(6, 2, (Layer(8, recurrent=True), 5), label_neurons=1)
    signs = [np.sign(p.matrix(p.normal(3, 1.5, excitatory=0.75))).sum(axis=1) > 0 for p in a.projections[1:]]
    np.testing.assert_array_equal(*signs)  # of a neuron, in whatever it projects to


@pytest.mark.parametrize("recurrent", [False, True])
@pytest.mark.parametrize("density", [0.1, 0.5, 1.0])
def test_every_neuron_has_the_same_number_of_inputs(density, recurrent):
    layer, n = Layer(40), 39 if recurrent else 30
    place = ("recurrent1", 1, 1, layer, layer) if recurrent else ("synapses1", 0, 1, Layer(n), layer)
    p = Dense(density=density).between(*place)
    present = p.present(1)
    assert p.fan_in == round(density * n) and np.all(present.sum(axis=0) == p.fan_in)
    assert not recurrent or not np.diagonal(present).any()
    np.testing.assert_array_equal(present, p.present(1))
    if density < 1:
        assert np.any(present != p.present(2))
    w = p.matrix(p.normal(1, 2.0))
    assert w.shape == p.shape and np.all((w != 0) == present)
    assert w[present].std() == pytest.approx(2 / np.sqrt(p.fan_in), rel=0.25)


# -- networks ----------------------------------------------------------------------------------------------------------
def inputs_of(a, n_pairs=4, seed=1, gain=5.0, composition=None):
    composition = composition or compose()
    rng = np.random.default_rng(seed)
    rows = np.arange(n_pairs * a.batch)
    labels = rng.integers(0, a.n_classes, len(rows))
    negative = rows % a.images, (labels + 1) % a.n_classes, 2 * rows + 1
    schedule = Phases.paired().schedule((rows % a.images, labels, 2 * rows), negative, a)
    rates = np.zeros(a.capacity + 1)
    rates[1::2] = 0.01
    inputs = {"images": rng.uniform(0.2, 1, (a.images, a.n_pixels)), **schedule.inputs(a), "neurons0.seed": 7}
    inputs |= a.inputs(seed) | composition.plasticity(a, range(1, a.depth + 1))
    for level in range(1, a.depth + 1):
        inputs |= {f"learning_rate_at{level}": rates, f"layer{level}.samples_per_update": float(a.batch)}
    inputs |= {p.key("w"): p.normal(seed, 1.0) for p in a.readouts if composition.readout}
    return inputs | {p.key("w"): p.normal(seed, gain) for p in a.projections}, schedule


SPARSE = (
    Layer(10, incoming=Dense(density=0.4, delay=2), recurrent=True),
    Layer(8, recurrent=Dense(density=0.5, delay=3)),
)


def untouched(a, results, seed=1, variables=("w", "dw", "m1", "m2")):
    """Whether the variables of synapses that are not there are 0, and others have changed."""
    inputs, _ = inputs_of(a, seed=seed)
    for p in a.projections:
        present = p.present(seed)
        for variable in variables:
            values = p.matrix(results[p.key(variable)])
            assert np.all(values[~present] == 0), (p.name, variable)
        assert np.abs(results[p.key("w")] - inputs[p.key("w")]).max() > 1e-4, p.name


def schedule_of(phases, steps=None, batch=2, silent=()):
    """Presentations of image k in epoch k; those in `silent` are gaps."""
    n = len(phases)
    image = np.repeat(np.arange(n), batch).reshape(n, batch)
    label = image % 3
    for k in silent:
        image[k], label[k] = -1, LABEL_NONE
    return Schedule(image, label, np.array(phases), image + 0, steps)


def spikes_of(results, level):
    order = np.lexsort((results[f"spikes{level}.i"], np.round(results[f"spikes{level}.t"] * 1e6)))
    return results[f"spikes{level}.i"][order], results[f"spikes{level}.t"][order]


def agrees_with_numpy(simulator):
    """A sparse, delayed and recurrent network: the same spikes and weights on another device."""
    a = Architecture(layers=SPARSE, **TINY)
    inputs, schedule = inputs_of(a)
    found = []
    for kind in (RuntimeSimulator, simulator):
        results = kind(a, compose(), record=True).run(inputs, len(schedule))
        untouched(a, results)
        found.append([spikes_of(results, 1), spikes_of(results, 2), *(results[p.key("w")] for p in a.projections)])
    assert min(len(i) for i, _ in found[0][:2]) > 50
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.compiler
def test_sparse_delayed_recurrent_networks_on_cpp():
    agrees_with_numpy(CppSimulator)


@pytest.mark.parametrize("rule", sorted({*available("rule")} - {"equilibrium"}))  # in nudged phases alone
def test_every_rule_learns_recurrent_synapses_and_nothing_in_a_gap(rule):
    """And changes none that is not there; in a gap no channel spikes."""
    composition = compose(models=dict(rule=rule, encoder="regular_rate"))
    a = Architecture(layers=SPARSE, **TINY)
    inputs, schedule = inputs_of(a, composition=composition)
    simulator = RuntimeSimulator(a, composition, record="spikes")
    results = simulator.run(inputs, len(schedule))
    untouched(a, results, variables=("w", "dw", "m1", "m2")[: 1 if composition.online else 4])
    gaps = schedule_of([0, 0, 0, 0], silent=[1, 2])
    weak = {p.key("w"): p.normal(1, 0.5) for p in a.projections}  # some rules keep weights within limits
    results = simulator.run({**inputs, **gaps.inputs(a), **weak}, 4)
    assert set(np.round(spikes_of(results, 0)[1] * 1e3).astype(int) // a.n_steps) == {0, 3}
    for name, w in weak.items():
        np.testing.assert_array_equal(results[name], w)


@pytest.mark.parametrize("feedback", available("feedback"))
def test_every_feedback_learns_recurrent_synapses_of_hidden_layers(feedback):
    composition = compose(FEEDBACK, dict(feedback=feedback))
    a = Architecture(layers=(*SPARSE, 3), **TINY | dict(label_neurons=0))
    inputs, schedule = inputs_of(a)
    inputs["phase_at"] = np.where(np.arange(a.capacity + 1) < a.capacity, 1, 0)
    for p in a.feedback if composition.feedback else ():
        inputs[p.key("F")] = p.uniform(1, 1.0)
    results = RuntimeSimulator(a, composition).run(inputs, len(schedule))
    if composition.hidden_learns:
        untouched(a, results)
    else:
        assert np.abs(results["synapses3.w"] - inputs["synapses3.w"]).max() > 1e-4


@dataclass(frozen=True)
class Fixed(Dense):
    """A projection that cannot learn."""

    def problem(self, composition):
        return f"{self.name} is fixed, and the rule {composition.models['rule'].name} changes it: take Dense."


def test_what_a_projection_cannot_do_is_refused_before_anything_is_made():
    a = Architecture(layers=(4, Layer(4, incoming=Fixed())), **TINY)
    with pytest.raises(OptionError, match="synapses2 is fixed, and the rule symba changes it"):
        CppSimulator(a, compose())
    a = Architecture(layers=(4, Layer(3, recurrent=True)), **TINY)
    with pytest.raises(OptionError, match="the output layer, the last one, cannot project to itself"):
        CppSimulator(a, compose(FEEDBACK))


def test_a_recurrent_last_layer_gets_the_parameters_of_neurons_that_project():
    """Others have none of the rule's traces of the source, here with tau_z."""
    composition = compose(models=dict(rule="event_driven", encoder="regular_rate"))
    for last, projects in ((Layer(3), False), (Layer(3, recurrent=True), True)):
        a = Architecture(layers=(4, last), **TINY)
        strings = composition.of_neurons(2, a)
        assert ("tau_z" in strings.equations) == projects
        assert ("neurons2.tau_z" in composition.parameter_inputs(a)) == projects


@pytest.mark.parametrize("word", ["8r", "8d0.5", "8t2"])
def test_exact_backpropagation_knows_plain_layers_only(word):
    with pytest.raises(OptionError, match="layers: backpropagation computes with all synapses"):
        Backpropagation(datasets.load("digits"), layers=[word], device="runtime", limit=40, mini_batch=10, batch=10)


class ByBrian(Synapses):
    """Brian2's own synapses, which do not learn."""

    def update(self, *_, **__):
        pass


@dataclass(frozen=True)
class Explicit(Dense):
    """`Dense` by `brian2.Synapses` with its list of pairs: a reference, with a batch of one."""

    seed: int = 1

    @property
    def needs(self):
        return ()

    def connect(self, source, target, *, name, **_):
        model = "w : 1\nplastic : boolean (shared)\nn_updates : 1 (shared)"
        synapses = ByBrian(source, target, model, on_pre="I_syn_post += w", name=name)
        i, j = np.nonzero(self.present(self.seed))
        synapses.connect(i=i, j=j)
        synapses.pre.delay = self.delay * source.clock.dt
        return synapses


def test_spikes_are_those_of_explicit_synapses():
    """A sparse, a delayed and two recurrent projections."""
    options = TINY | dict(batch=1, capacity=2)
    a = Architecture(layers=SPARSE, **options)
    inputs, schedule = inputs_of(a, 1)
    recorded = [spikes_of(RuntimeSimulator(a, compose(), record=True).run(inputs, 1), level) for level in (1, 2)]
    explicit = [
        Layer(layer.n, incoming=Explicit(layer.incoming.density, layer.incoming.delay),
              recurrent=Explicit(layer.recurrent.density, layer.recurrent.delay))
        for layer in SPARSE
    ]  # fmt: skip
    b = Architecture(layers=explicit, **options)
    of_b = {k: v for k, v in inputs.items() if not k.endswith("_present")}
    of_b |= {p.key("w"): inputs[p.key("w")][p.present(1).ravel()] for p in a.projections}
    reference = RuntimeSimulator(b, compose(), record=True).run(of_b, 1)
    for level, (i, t) in enumerate(recorded, start=1):
        assert len(i) > 20
        np.testing.assert_array_equal(spikes_of(reference, level)[0], i)
        np.testing.assert_array_equal(spikes_of(reference, level)[1], t)


def test_a_stimulus_epoch_does_not_depend_on_the_one_before():
    """Spikes that are on their way when it ends do not arrive in the next."""
    a = Architecture(layers=(Layer(10, incoming=Dense(delay=12), recurrent=True),), **TINY | dict(batch=1))
    simulator = RuntimeSimulator(a, compose(), record=True)
    inputs, _ = inputs_of(a, gain=20.0)
    counts = []
    for shown in ([0, 1, 0], [1, 1, 1]):
        schedule = Schedule.evaluation(shown, np.zeros(3, int), np.zeros(3, int), 1)
        results = simulator.run({**inputs, **schedule.inputs(a)}, 3)
        i, t = spikes_of(results, 1)
        epoch = np.round(t * 1e3).astype(int) // 30
        counts.append([np.bincount(i[epoch == k], minlength=10) for k in range(3)])
    np.testing.assert_array_equal(counts[0][1], counts[1][0])
    np.testing.assert_array_equal(counts[0][1], counts[1][1])
    assert counts[0][1].sum() > 5 and np.any(counts[0][0] != counts[0][1])


@dataclass(frozen=True)
class Banded(Dense):
    """Neurons and those of about the same place: a projection that brianff does not have."""

    width: int = 2

    def present(self, seed):
        i, j = np.indices(self.shape)
        n_pre, n_post = self.shape
        return np.abs(i * n_post - j * n_pre) <= self.width * n_post

    @property
    def fan_in(self):
        return 2 * self.width + 1


def test_a_new_kind_of_projection_from_outside_the_package():
    a = Architecture(layers=(Layer(12, incoming=Banded(width=3)), Layer(12, incoming=Banded(width=1))), **TINY)
    inputs, schedule = inputs_of(a, gain=9.0)
    simulator = RuntimeSimulator(a, compose())
    results = simulator.run(inputs, len(schedule))
    untouched(a, results)
    assert np.count_nonzero(a.projections[1].matrix(results["synapses2.w"])) == 12 + 2 * 11
    del inputs["synapses1._present"]
    with pytest.raises(OptionError, match=r"needs 'synapses1\._present': add what architecture\.inputs\(seed\) gives"):
        simulator.run(inputs, len(schedule))
