"""What is said of a network in training: silent layers, nothing learnt; and nothing of one that learns."""

import warnings

import numpy as np
import pytest

from brianff.equations.compose import compose
from brianff.equations.threshold import crossing, membrane_of, parameter_of_threshold
from brianff.errors import BrianffWarning
from brianff.learning.feedback import Feedback
from brianff.learning.forward_forward import ForwardForward
from brianff.learning.health import Health, at_chance, chance_of, lower_threshold, relative_changes
from brianff.learning.rectified import Rectified
from brianff.learning.run import Run

TINY = dict(layers=(12, 10), steps=10, dt=4.0, batch=100, mini_batch=100, limit=200, epochs=1, refresh=200, chunk=100)
TINY |= dict(validate=60, device="runtime")


def said(run):
    """What training warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run.train(progress=False)
    return [str(w.message) for w in caught if issubclass(w.category, BrianffWarning)]


# -- the threshold, read from its condition --------------------------------------------------------------------------
@pytest.mark.parametrize(
    "condition, expected",
    [
        ("v > v_th + a", ("v", "v_th + a")),
        ("v_th < v", ("v", "v_th")),
        ("v >= -40*mV", ("v", "-40 * mV")),
        ("(u > c) and not_refractory", ("u", "c")),
        ("t > 5*ms and v > 1", ("v", "1")),
        ("uniform(seed, presentation, 1, channel) < v", None),
        ("v - v_th > 0", None),
        ("v > th or u > 2", None),
        ("1 < v < 3", None),
        ("not v > 1", None),
    ],
)
def test_threshold_of_a_condition(condition, expected):
    assert crossing(condition, ["u", "v"]) == expected


def test_membrane_is_what_the_condition_is_about():
    assert membrane_of("a > v_th", ["v", "a"]) == "a"
    assert membrane_of("w + u - 1 > 0", ["v", "u"]) == "u"
    assert membrane_of("rand() < 0.1", ["v", "u"]) is None


def test_parameter_that_moves_the_threshold():
    assert parameter_of_threshold("v > 2*c + a", ["v", "a"], {"tau": 1, "c": 2}) == "c"
    assert parameter_of_threshold("v > 1", ["v"], {"tau": 1}) is None
    assert lower_threshold(compose()) == "a lower v_th (--set v_th=…)"
    assert (
        lower_threshold(compose(models=dict(neuron="adex")), "--set-output") == "a lower v_cut (--set-output v_cut=…)"
    )


# -- statistics ------------------------------------------------------------------------------------------------------
def test_chance_is_that_of_answers_that_do_not_look():
    labels = np.array([0] * 90 + [1] * 10)
    assert chance_of(np.zeros(100, int), labels) == pytest.approx(0.9)
    assert chance_of(np.full(100, -1), labels) == pytest.approx(0.5)


def test_few_samples_and_small_effects_say_nothing():
    assert not at_chance(0, 5, 0.1) and not at_chance(5, 50, 0.1)  # could be 15 % as well
    assert at_chance(2, 50, 0.1) and at_chance(105, 1000, 0.1) and not at_chance(125, 1000, 0.1)
    assert not at_chance(100, 100, 1.0) and not at_chance(0, 0, 0.5)


def test_guesses_are_found_out_and_a_little_knowledge_is_none():
    """A false alarm of one in twenty at most, where a network knows 10 percentage points more than chance."""
    rng = np.random.default_rng(0)
    n, trials = 500, 400
    guesses = rng.binomial(n, 0.1, trials)
    knows = rng.binomial(n, 0.2, trials)
    assert np.mean([at_chance(k, n, 0.1) for k in guesses]) > 0.85
    assert np.mean([at_chance(k, n, 0.1) for k in knows]) < 0.01


# -- sentences -------------------------------------------------------------------------------------------------------
def test_every_fault_is_said_once():
    health = Health({"layer 1": "this", "layer 2": "that"}, 1000)
    labels = np.arange(300) % 3
    layers = {"layer 1": labels, "layer 3": np.zeros(300, int)}
    with pytest.warns(BrianffWarning) as caught:
        for _ in range(5):
            health.after_chunk(100, [True, False], {"layer 1": 0.9})
            health.after_evaluation(0.1, "goodness", np.zeros(300, int), labels, "test", layers)
        for _ in range(5):
            health.after_chunk(1000, [True, True], {"layer 1": 0.5})
            health.after_evaluation(0.5, "goodness", labels, labels, "test", layers)
            health.after_evaluation(1.0, "readout", np.zeros(300, int), labels)
    assert [str(w.message) for w in caught] == [
        "layer 2 has been silent for 200 samples: try that.",
        "layer 3 does not learn: 100 of 300 test samples are right by its goodness, no more than by chance (100).",
        "layer 1 does not learn: its goodness was larger in the positive phase for 50.0% of the last 1000 samples, "
        "no more than by chance.",
        "the network has not learnt: 100 of 300 validation samples are right by readout, no more than by chance (100).",
    ]


def test_a_membrane_that_diverges_is_said_once_and_remembered():
    health = Health({"layer 1": "this"}, 1000)
    health.name = "DFA, seed 2"
    health.diverged("")
    assert not health.has_diverged
    with pytest.warns(BrianffWarning, match="^DFA, seed 2: v is not finite$") as caught:
        health.diverged("v is not finite")
        health.diverged("v is not finite")
    assert health.has_diverged and len(caught) == 1


def test_a_layer_that_wakes_up_in_time_is_not_mentioned():
    health = Health({"layer 1": "this"}, 1000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for active in (False, True) * 5:
            health.after_chunk(100, [active])


def test_what_does_not_learn_for_a_pass_is_said_with_something_to_try():
    health = Health({"layer 1": "this", "layer 2": "that"}, 1000, learning_rate=0.5)
    labels, low = np.arange(300) % 3, np.zeros(300, int)
    with pytest.warns(BrianffWarning) as caught:
        for k in range(4):
            for _ in range(4):
                health.after_chunk(250, [True, True], changed={"layer 1": 0.0, "layer 2": 2.0})
            health.after_evaluation(0.1 * k, "goodness", low if k else labels, labels, seen=1000 * (k + 1))
    assert [str(w.message) for w in caught] == [
        "layer 1 does not learn: its weights have not changed in the last 1000 samples: try a larger learning_rate "
        "than 0.5.",
        "the network has not learnt: 100 of 300 validation samples are right by goodness, no more than by chance "
        "(100): try another learning_rate than 0.5.",
    ]


def test_changes_are_relative_to_the_length_of_the_weights():
    before = {1: np.array([3.0, 4.0]), 2: np.zeros(2), 3: np.zeros(2)}
    after = {1: np.array([3.0, 3.0]), 2: np.zeros(2), 3: np.ones(2)}
    assert relative_changes(before, after) == {1: 0.2, 2: 0.0, 3: 1.0}


# -- in training -----------------------------------------------------------------------------------------------------
def test_a_silent_network_says_so(tmp_path):
    run = Run(ForwardForward(**TINY, set=("v_th=1000",)), tmp_path / "run")
    silent, nothing = said(run)
    assert silent == (
        "layer 1 and layer 2 have been silent for 200 samples: try a larger init_gain than 1.5, or a lower v_th "
        "(set v_th=…)."
    )
    assert nothing == (
        "the network has not learnt: 0 of 60 validation samples are right by goodness, no more than by chance (6); 60 "
        "of them tie."
    )
    assert [run.metrics[-1][f"active{level}"] for level in (1, 2)] == [0, 0]
    assert [run.metrics[0][f"changed{level}"] for level in (1, 2)] == [0, 0]
    assert run.metrics[-1]["ties"] == 60 and run.metrics[-1]["goodness"] == 0
    evaluation = run.evaluate("test", 40)
    assert evaluation.accuracy() == evaluation.accuracy("upper") == 0
    np.testing.assert_array_equal(evaluation.silent, [1, 1])


def test_an_upper_layer_or_the_input_that_is_silent(tmp_path):
    run = Run(ForwardForward(**TINY, greedy=True), tmp_path / "upper")
    run.method.synaptic["synapses2.w"] = -abs(run.method.synaptic["synapses2.w"])
    assert said(run)[0].startswith("layer 2 has been silent for 200 samples")
    with pytest.warns(
        BrianffWarning, match="the input, layer 1 and layer 2 have been .*: try other parameters of the enc"
    ):
        run.method.health.after_chunk(200, [False, False, False])


def test_a_network_of_rectified_units_says_so(tmp_path):
    options = dict(layers=(20, 10), epochs=1, limit=300, validate=0)
    run = Run(Rectified(**options, learning_rate=0.0), tmp_path / "a")
    for layer in run.method.layers:
        layer.b -= 100
    silent, nothing = said(run)
    assert silent.startswith("layer 1 and layer 2 have been silent for 300 samples: try a larger init_gain than 1")
    assert nothing.startswith("the network has not learnt: 0 of 270")
    assert run.evaluate("test").silent.tolist() == [1, 1]


def test_a_feedback_network_says_so(tmp_path):
    options = dict(layers=(20,), steps=20, dt=10.0, limit=200, epochs=1, mini_batch=50, batch=50, chunk=100)
    silent = Run(Feedback(**options, device="runtime", set=("c=1000",)), tmp_path / "a")
    assert said(silent)[0] == (
        "layer 1 and the output layer have been silent for 200 samples: try a larger init than 1, or a lower c "
        "(set c=…)."
    )


def test_a_network_that_learns_is_left_in_peace(tmp_path):
    """As the spiking ones of tests/test_protocols.py."""
    run = Run(Rectified(layers=(40, 40), epochs=4, limit=500), tmp_path / "ann")
    assert said(run) == []
    chunk, validation = run.metrics[-2:]
    assert 0.1 < validation["active1"] < 1 and 0.001 < chunk["changed1"] < 1
    line = run.method.summary(chunk, validation)
    active, changed = ([f"{100 * row[f'{name}{k}']:.2g}" for k in (1, 2)] for name, row in
                       (("active", validation), ("changed", chunk)))  # fmt: skip
    assert f"  active {active[0]}/{active[1]} %  weights ±{changed[0]}/{changed[1]} %  validation accuracy" in line
