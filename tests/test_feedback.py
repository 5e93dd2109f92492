"""Learning from output errors: local gradients against exact references, feedback, training, and the rivals."""

import importlib

import numpy as np
import pytest
from brian2 import NeuronGroup, run, second
from conftest import campaign

from brianff import datasets
from brianff.command_line import main as cli
from brianff.datasets.timing import pattern_latencies
from brianff.devices.runtime import RuntimeSimulator
from brianff.endings import Stopped
from brianff.equations.compose import compose
from brianff.equations.kinds import FEEDBACK, FORWARD_FORWARD, available
from brianff.equations.model import load
from brianff.errors import DivergenceError, ModelError
from brianff.learning.backpropagation import Backpropagation, spike_time_gradients
from brianff.learning.feedback import Feedback
from brianff.learning.run import Run
from brianff.network.architecture import Architecture
from brianff.network.dense import DenseSynapses
from brianff.network.trial import check, try_out
from brianff.studies.event_driven import Spikes, backward, relative_error
from brianff.studies.gradient_check import (
    HIDDEN,
    OUTPUT,
    T_END,
    TAU_S,
    clocked_errors,
    exact_eligibilities,
    present,
    random_network,
)
from brianff.studies.rate_readout import rate_readout

OWN_KINDS = FEEDBACK.defaults.keys() - FORWARD_FORWARD.defaults.keys()
MODELS = [(kind, name) for kind in sorted(OWN_KINDS) for name in available(kind)]


@pytest.mark.parametrize(("kind", "name"), MODELS)
def test_every_model_is_in_order(kind, name):
    assert check(kind, name) == []
    assert len(load(kind, name).docstring.splitlines()[0]) > 20


# -- columns of a matrix ---------------------------------------------------------------------------------------------
def columns_group():
    source = NeuronGroup(6, "x : 1\nerror : 1")
    target = NeuronGroup(4, "y : 1\nback : 1")
    S = DenseSynapses(source, target, "w : 1 (post_major)\ns : 1 (post_major, per_entry)\ng : 1 (shared)", batch=2)
    S.update("w += x_pre*y_post\ns += x_pre", columns="y_post > 0", condition="g > 0")
    S.update("error_pre += w*back_post", columns="back_post != 0", order=1)
    return source, target, S


def test_columns_that_meet_the_condition_change():
    source, target, S = columns_group()
    x, y, back = np.arange(1.0, 7), np.array([2.0, 0, 0, 3]), np.array([0, 1.0, 2, 0])
    source.x, target.y, target.back, S.g = x, y, back, 1
    run(0.1 * second / 1000)
    expected = np.outer(x[:3], y[:2]) + np.outer(x[3:], y[2:])  # summed over the batch
    np.testing.assert_allclose(S.matrix("w"), expected)
    states = np.stack([np.outer(x[:3], [1, 0]), np.outer(x[3:], [0, 1])])
    np.testing.assert_allclose(S.matrix("s"), states)
    np.testing.assert_allclose(source.error, np.concatenate([expected @ back[:2], expected @ back[2:]]))


def test_columns_wait_for_the_condition():
    source, target, S = columns_group()
    source.x, target.y = 1, 1
    run(0.1 * second / 1000)
    assert not S.matrix("w").any()


def test_columns_refuse_what_they_cannot_do():
    _, _, S = columns_group()
    with pytest.raises(NotImplementedError, match="y_post"):
        S.update("y_post += w", columns="y_post > 0")
    with pytest.raises(NotImplementedError, match="rows"):
        S.update("w += x_pre", columns="y_post > 0", rows="x_pre > 0")


# -- local gradients ---------------------------------------------------------------------------------------------------
def test_error_of_the_clocked_eligibility_is_proportional_to_the_time_step():
    """Against the event-driven reference, whose derivatives are exact to 1e-6 (test_event_driven.py)."""
    weights, images = random_network(3)
    exact = exact_eligibilities(weights, images)
    steps = (1, 0.5, 0.25, 0.1)
    errors = [np.median(clocked_errors(weights, images, exact, dt)) for dt in steps]
    slope = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert 0.85 < slope < 1.15
    assert errors[-1] < 0.003


def recorded(results, sizes, dt):
    """Spikes of a batch of one as the reference has them, of every layer."""
    layers = []
    for level in range(len(sizes)):
        A = results[f"spikes{level}.A"] if level else np.full(len(results["spikes0.i"]), np.nan)
        shown = results[f"spikes{level}.t"] < T_END - 1e-9  # the last step of a run belongs to the next epoch
        layers.append(
            Spikes(*(values[shown] for values in (results[f"spikes{level}.i"], results[f"spikes{level}.t"], A)))
        )
    return layers


@pytest.mark.parametrize("sizes", [(20, 15, 4), (20, 12, 12, 4)], ids=["one hidden layer", "two hidden layers"])
def test_backpropagation_is_that_of_the_reference(sizes):
    """On the spikes of the clocked network, with dense arrays in the place of lists of events."""
    weights, images = random_network(5, sizes, batch=1)
    weights = [3 * w for w in weights]
    dt, neurons = 1.0, [HIDDEN] * (len(sizes) - 2) + [OUTPUT]
    _, results = present(weights, images, dt, record=True, feedback="output_only")
    layers = recorded(results, sizes, dt)
    assert len(layers[-1].time) > 3
    errors = np.arange(sizes[-1]) - 1.0
    expected = backward([w.T for w in weights], layers, neurons, errors)
    spikes, A = [], []
    for layer, n in zip(layers, sizes, strict=True):
        steps = np.round(layer.time / (dt * 1e-3)).astype(int)
        for values, filled in ((np.ones(len(steps)), spikes), (layer.A, A)):
            dense = np.zeros((1, round(1e3 * T_END / dt), n))
            dense[0, steps, layer.source] = values
            filled.append(dense)
    own = [np.zeros((1, n)) for n in sizes[1:-1]] + [errors[None]]
    slopes = [a - n.c for a, n in zip(A[1:], neurons, strict=True)]
    resets = [n.c for n in neurons]
    found = spike_time_gradients(weights, spikes, slopes, own, TAU_S, 2 * TAU_S, resets, dt * 1e-3)
    for gradient, reference, neuron in zip(found, expected, neurons, strict=True):
        assert relative_error(gradient.T * neuron.tau, reference) < 1e-9


def test_hidden_neurons_get_their_feedback():
    """delta of hidden neurons: fixed feedback weights, the forward weights backwards, and the rate regulariser."""
    weights, images = random_network(7, batch=3)
    labels = np.array([1, 0, 4])
    rng = np.random.default_rng(0)
    F = rng.normal(size=(10, 40))
    for feedback, given, backwards in (
        ("dfa", {"feedback1.F": F.ravel()}, F),
        ("symmetric", {}, weights[1].T),
        ("output_only", {}, np.zeros((10, 40))),
    ):
        regular = {"neurons1.rho": 0.5, "neurons1.f_target": 2.0, "neurons2.y_true": 9.0, "neurons2.y_other": 2.0}
        s, results = present(weights, images, 4.0, parameters=given | regular, labels=labels, feedback=feedback)
        counts = results["record_output.n_spikes"][1].reshape(3, 10)
        error = np.where(np.arange(10) == labels[:, None], 9.0, 2.0) - counts
        mean_n = results["neurons1.mean_n"].reshape(3, 40)
        expected = 0.5 * (2.0 - mean_n) + error @ backwards
        np.testing.assert_allclose(results["neurons1.delta"].reshape(3, 40), expected, atol=1e-9)


def test_membranes_decide_between_equal_counts():
    """The score is the spike count, and less than one more by the membrane: what is left of u at the end."""
    weights, images = random_network(7, batch=30)
    s, results = present(weights, images, 4.0)
    counts, scores = (results[f"record_output.{name}"][1] for name in ("n_spikes", "score"))
    assert np.all((scores > counts - 1 - 1e-9) & (scores <= counts))
    tied = counts.reshape(30, 10) == counts.reshape(30, 10).max(axis=1, keepdims=True)
    assert np.any(tied.sum(axis=1) > 1)
    best = scores.reshape(30, 10).argmax(axis=1)
    assert tied[np.arange(30), best].all()
    assert np.mean(np.sort(scores.reshape(30, 10))[:, -1] > np.sort(scores.reshape(30, 10))[:, -2]) > 0.9


def test_perturbation_is_in_the_first_presentation_only():
    composition = compose(FEEDBACK, dict(feedback="opzo"))
    assert composition.presentations == 2 and compose(FEEDBACK).presentations == 1
    assert "perturbation = int(phase_layer < 0)*(sigma*noise)" in str(composition)


@pytest.mark.parametrize(("feedback", "least"), [("sfdfa", 0.8), ("opzo", 0.3)])
def test_feedback_learns_the_forward_weights(feedback, least):
    """On a network that does not learn otherwise: cosine between the mean estimate and the forward weights."""
    weights, _ = random_network(11, (20, 12, 5), batch=1)
    rng = np.random.default_rng(1)
    batch, n = 100, 1000
    composition = compose(FEEDBACK, dict(feedback=feedback))
    shown = composition.presentations
    capacity = n // batch * shown
    a = Architecture(20, 5, (12, 5), label_neurons=0, batch=batch, n_steps=25, dt_ms=8.0, capacity=capacity, images=n)
    s = RuntimeSimulator(a, composition)
    rows = np.repeat(np.arange(n).reshape(-1, batch), shown, axis=0)
    rows = np.concatenate([rows, rows[-1:]])
    inputs = {"images": rng.uniform(0.02, 1, (n, 20)), "image_index": rows, "presentation_index": rows}
    inputs |= {"phase_at": np.append(np.tile([-1, 1][-shown:], n // batch), 0), "neurons0.seed": 3}
    inputs |= {"neurons0.tau_s": TAU_S, "neurons0.t_code": 0.1, "neurons0.dark": 0.0}
    for level, w in enumerate(weights, start=1):
        inputs |= {f"neurons{level}.tau_s": TAU_S, f"neurons{level}.c": 0.1, f"synapses{level}.w": w.ravel()}
        inputs |= {f"layer{level}.samples_per_update": n}
    once = np.zeros(capacity + 1)
    once[capacity - 1] = 1e-9
    inputs |= {"learning_rate_at1": once} | (
        {"feedback1.eta_F": 1.0} if feedback == "sfdfa" else {"feedback1.lam": 0.0}
    )
    results = s.run(inputs, capacity)
    estimate = results["feedback1.F"].reshape(5, 12).T
    spiking = results["record_output.n_spikes"].reshape(-1, 5).any(axis=0)
    cosine = np.sum(estimate * weights[1]) / np.linalg.norm(estimate) / np.linalg.norm(weights[1])
    assert spiking.all() and cosine > least


# -- training ------------------------------------------------------------------------------------------------------
TINY = dict(device="runtime", layers=(12,), limit=40, epochs=1, mini_batch=10, chunk=40, batch=10, validation=0, dt=8.0)
TINY |= dict(steps=25, set_output=("c=0.2",))


def train(path, method=Feedback, **options):
    run = Run(method(**options), path)
    run.before = {name: value.copy() for name, value in run.method.synaptic.items()}
    return run.train(progress=False)


def test_the_length_of_a_chunk_changes_no_bit(tmp_path):
    """Single precision: no time that is counted from the beginning of a run, which differs, enters a sample."""
    runs = [
        train(tmp_path / f"{chunk}", **{**TINY, "limit": 20, "chunk": chunk, "mini_batch": 10}) for chunk in (10, 20)
    ]
    for name in ("synapses1.w", "synapses2.w", "feedback1.F"):
        np.testing.assert_array_equal(*(run.method.synaptic[name] for run in runs))


def test_an_interrupted_run_ends_with_the_same_weights(tmp_path):
    whole = train(tmp_path / "whole", **{**TINY, "limit": 20, "chunk": 10})
    other = Run(Feedback.of(whole.method.options), tmp_path / "cut")
    with pytest.raises(Stopped, match="stopped after 10 of 20 samples"):
        other.train(callbacks=[interrupt], progress=False)
    resumed = Run.resume(tmp_path / "cut")
    assert 0 < resumed.position < resumed.method.n_rows
    resumed.train(progress=False)
    for name, value in whole.method.synaptic.items():
        np.testing.assert_array_equal(resumed.method.synaptic[name], value)


def interrupt(run, row):
    raise KeyboardInterrupt


def changes(run):
    """Whether the weights of the first two layers have changed."""
    return [np.abs(run.method.synaptic[f"synapses{k}.w"] - run.before[f"synapses{k}.w"]).max() > 1e-3 for k in (1, 2)]


@pytest.mark.parametrize(
    "options",
    [dict(feedback=name) for name in available("feedback")]
    + [dict(eligibility="spike_time_bounded"), dict(eligibility="surrogate"), dict(layers=(12, 10))],
    ids=lambda options: " ".join(f"{k}={v}" for k, v in options.items()),
)
def test_every_combination_trains(options, tmp_path):
    run = train(tmp_path / "run", **{**TINY, **options})
    assert changes(run) == [options.get("feedback") != "output_only", True]


def test_backpropagation_trains(tmp_path):
    run = train(tmp_path / "run", Backpropagation, **{**TINY, "limit": 20, "feedback": "output_only"})
    assert changes(run) == [True, True]


def test_output_weights_learn_the_same_by_the_rule_and_by_backpropagation(tmp_path):
    """At the output the local gradient is the exact one."""
    options = {**TINY, "limit": 20, "dtype": "float64", "feedback": "output_only"}
    rule = train(tmp_path / "rule", **options).method.synaptic["synapses2.w"]

    class OutputOnly(Backpropagation):
        def _adam(self, level, gradient, rate):
            if level == 2:
                super()._adam(level, gradient, rate)

    exact = train(tmp_path / "exact", OutputOnly, **options).method.synaptic["synapses2.w"]
    np.testing.assert_allclose(rule, exact, atol=1e-9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(feedback="sfdfaa"), "Did you mean 'sfdfa'"),
        (dict(mini_batch=50, batch=20), "multiple of batch"),
        (dict(dt=0.0), "dt must lie between 0.001 and 1000"),
        (dict(limit=40, epochs=1), "more than the 40 training samples"),
        (dict(set_output=("tau=3",)), "no parameter 'tau'"),
        (dict(set_output=("c=3*second",)), "unit"),
    ],
)
def test_what_a_user_can_mend_is_one_sentence(options, message, tmp_path):
    with pytest.raises((ValueError, ModelError), match=message):
        Run(Feedback(device="runtime", **options), tmp_path / "run")


def test_an_overflow_before_any_learning_is_not_the_learning_rate(tmp_path):
    loss = tmp_path / "steep.py"
    loss.write_text(
        'base = "spike_count"\noutput_at_epoch_end = "delta = exp(1e5*y_true)*int(own_class == shown_class)"\n'
    )
    run = Run(Feedback(**{**TINY, "loss": str(loss)}), tmp_path / "run")
    with pytest.raises(DivergenceError, match="'dw' of the synapses of layer .*before any weight has.* init or set"):
        run.train(progress=False)


# -- what fits together -----------------------------------------------------------------------------------------------
def built(build=True, **models):
    """Why these models cannot learn together; None if they can, and Brian2 can build them."""
    try:
        composition = compose(FEEDBACK, models)
    except ModelError as error:
        return str(error)
    reason = composition.misfit()
    if reason is None and build:
        try_out(composition, composition.models["eligibility"])
    return reason


@pytest.mark.parametrize("eligibility", available("eligibility"))
@pytest.mark.parametrize("neuron", available("neuron"))
def test_every_combination_is_built_or_refused_with_a_sentence(neuron, eligibility):
    names = available("feedback") if neuron == "two_exponential" else ["sfdfa"]
    for needed in ("surrogate", "response") if eligibility == "e_prop" else (eligibility,):
        if needed in ("surrogate", "response") and not load("neuron", neuron)[needed]:
            said = built(neuron=neuron, eligibility=eligibility)
            assert f"the eligibility '{eligibility}' needs a '{needed}'" in said
            return
    for feedback in names:
        # Brian2 builds every third of those that go with every neuron; every one of them with forward-forward learning
        build = eligibility != "e_prop" or available("neuron").index(neuron) % campaign(1, 3) == 0
        reason = built(build, neuron=neuron, eligibility=eligibility, feedback=feedback)
        if neuron.startswith("two_exponential") or eligibility == "e_prop":
            assert reason is None
        else:
            needed = f"the eligibility {eligibility} needs 'tau_s' of the neuron"
            assert reason.startswith(needed) and reason.endswith(
                f"{neuron} has no such name: take two_exponential, for example"
            )


def test_what_the_feedback_needs_of_the_neuron_is_named(tmp_path):
    """A neuron with all that the eligibility asks for, under another name in the place where opzo sends its noise."""
    eligibility = tmp_path / "any.py"
    eligibility.write_text('synapse = "dw : 1"\nat_epoch_end = "dw -= delta_post"\n')
    assert built(neuron="lif", eligibility=str(eligibility)) is None
    reason = built(neuron="lif", eligibility=str(eligibility), feedback="opzo")
    assert reason.startswith("the feedback opzo needs 'A' of the neuron (") and "lif has no such name" in reason


def test_a_unit_that_does_not_fit_is_named(tmp_path):
    neuron = tmp_path / "mine.py"
    text = load("neuron", "two_exponential").path.read_text().replace('"c": 0.25', '"c": 0.25*ms')
    text = text.replace("u > c", "u > c/ms").replace("B -= c/gain", "B -= c/ms/gain").replace("- c)", "- c/ms)")
    neuron.write_text(text.replace("u/c - 1", "u*ms/c - 1").replace("0 < c <= 1e6", "0*ms < c"))
    reason = built(neuron=str(neuron))
    assert reason.startswith("the eligibility spike_time does not go with the neuron mine: ")
    assert "wrong unit" in reason and reason.endswith(": take two_exponential, for example")


def test_a_misfit_is_refused_before_anything_is_compiled(tmp_path, capsys):
    main = importlib.import_module("brianff.protocols.sfdfa").main
    assert main(["--neuron", "adex", "--out", str(tmp_path / "run")]) == 1
    said = capsys.readouterr()
    assert said.err.startswith("error: the eligibility spike_time needs 'tau_s' of the neuron") and not said.out
    assert not (tmp_path / "run").exists()
    assert cli.main(["show", "--feedback", "sfdfa", "--neuron", "lif"]) == 0
    assert "note: not to be trained: the eligibility spike_time needs" in capsys.readouterr().err


# -- spike timing ------------------------------------------------------------------------------------------------------
def test_timing_classes_differ_in_timing_alone():
    data = datasets.load("timing")
    assert (data.images > 0).all()  # every channel spikes, once, in every sample
    latencies = 1 - data.images.reshape(len(data.labels), -1) / 255.0
    patterns = pattern_latencies()
    assert np.ptp(np.sort(patterns, axis=-1), axis=(0, 1)).max() == 0
    distance = ((latencies[data.test, None, None] - patterns) ** 2).sum(axis=-1).min(axis=2)
    assert np.mean(distance.argmin(axis=1) == data.labels[data.test]) > 0.999  # the known answer
    config = Feedback.Options(dataset="timing", device="runtime", limit=300)
    assert rate_readout(Feedback.of(config)) == pytest.approx(0.2, abs=0.02)
