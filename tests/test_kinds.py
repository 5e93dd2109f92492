"""The table of kinds: schemes of one's own, and what models say of themselves."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from brianff.devices.runtime import RuntimeSimulator
from brianff.equations.compose import compose
from brianff.equations.from_strings import Encoder, FeedbackPathway, Neuron, Rule, from_strings
from brianff.equations.kinds import FEEDBACK, FORWARD_FORWARD, KINDS, Kind, Scheme, String, available
from brianff.equations.model import load
from brianff.errors import ModelError
from brianff.network.architecture import Architecture
from brianff.network.trial import check

# A kind of somebody else's, and a method of learning that has it: its models lie wherever they like.
HOMEOSTASIS = Kind(
    "homeostasis",
    "Homeostasis",
    "homeostases",
    "",
    {
        "neuron": String("neurons.equations", "variables of a neuron", must_define={"spikes": "a count"}),
        "on_spike": String("neurons.reset", "at a spike", required=True),
        "at_epoch_end": String("neurons.at_epoch_end", "when a stimulus epoch ends"),
    },
    at_hand=frozenset({"phase"}),
)
MINE = Scheme("homeostatic", (*FORWARD_FORWARD.kinds, HOMEOSTASIS))
COUNT = """
neuron = \"\"\"
spikes : 1
mean : 1
\"\"\"
on_spike = "spikes += 1"
at_epoch_end = \"\"\"
mean += speed*(spikes - mean)
spikes = 0
\"\"\"
parameters = {"speed": 0.5}
limits = "0 < speed <= 1"
"""


@pytest.fixture
def count(tmp_path):
    path = tmp_path / "count.py"
    path.write_text(COUNT)
    return path


def test_a_scheme_of_one_s_own_is_composed_checked_and_simulated(count):
    composition = compose(MINE, {"homeostasis": count}, parameters={"speed": 1.0})
    neurons = composition.neurons
    assert "spikes += 1" in neurons.reset and "speed : 1 (shared, constant)" in neurons.equations
    assert "homeostasis count" in str(composition)
    assert check(HOMEOSTASIS, count, scheme=MINE) == []
    a = Architecture(4, 2, (3,), label_neurons=1, batch=1, n_steps=20, capacity=1, images=1)
    inputs = {"images": np.ones(4), "image_index": np.zeros(2), "label": np.zeros(2), "synapses1.w": 2.0}
    with RuntimeSimulator(a, composition, record=True).run(inputs, 1) as results:
        spikes = np.bincount(results["spikes1.i"], minlength=3)
        assert spikes.min() > 0
        np.testing.assert_array_equal(results["neurons1.mean"], spikes)


def test_its_files_are_checked_as_all_others(count):
    for old, new, message in (
        ("spikes = 0", "spike = 0", "count.py:9: 'spike' is no variable here"),
        ("spikes : 1\n", "", "count.py:2: 'neuron' of a homeostasis must define 'spikes': a count"),
        ('on_spike = "spikes += 1"', "", "a homeostasis must define 'on_spike'"),
        ('"speed": 0.5', '"speed": 2', "needs 0 < speed <= 1"),
    ):
        count.write_text(COUNT.replace(old, new))
        with pytest.raises(ModelError, match=message):
            check(HOMEOSTASIS, count, scheme=MINE)
    with pytest.raises(ModelError, match="homeostatic has no kind of model 'loss'. It has: neuron, "):
        compose(MINE, {"loss": "spike_count"})
    assert from_strings(HOMEOSTASIS, on_spike="v += 0").kind == "homeostasis"


def test_kinds_need_no_brian2():
    """The command line lists kinds and models before Brian2 is imported."""
    code = (
        "import sys; from brianff.equations.kinds import KINDS, available;"
        "print(*map(available, KINDS)); sys.exit('brian2' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.parametrize("kind", KINDS.values(), ids=str)
def test_every_place_is_in_the_tables(kind):
    from brianff.equations.checker import _Checker
    from brianff.equations.kinds import GROUPS, SLOTS

    for string in kind.strings.values():
        assert string.group in GROUPS and string.slot in SLOTS and hasattr(_Checker, string.sort)
    assert kind.default in available(kind)


# -- what models say of themselves -------------------------------------------------------------------------------------
def test_what_a_composition_needs():
    assert compose().needs == {"pairs"} and compose(FEEDBACK).needs == set()
    assert compose(models=dict(rule="forward_forward")).needs == set()
    groups = compose(models=dict(rule="class_competition"))
    assert groups.needs == {"targets"} and groups.class_groups and not compose().class_groups


def test_early_spikes_and_rules_that_need_late_ones_do_not_meet():
    late = Rule(base="forward_forward", needs="late_spikes")
    early = Encoder(base="regular_rate", spikes="early")
    assert compose(models=dict(rule=late, encoder="regular_rate")).misfit() is None
    assert "take constant_current, for example" in compose(models=dict(rule=late, encoder=early)).misfit()
    assert compose(models=dict(encoder=early)).misfit() is None


def test_the_error_is_what_the_loss_sets():
    c = compose(FEEDBACK, parameters={"y_true": 10.0, "y_other": 2.0, "rho": 0.5, "f_target": 3.0})
    error = c.error("output", own_class=np.arange(3), shown_class=np.array([[1], [2]]), n_spikes=np.array([4.0, 5, 6]))
    np.testing.assert_array_equal(error, [[-2, 5, -4], [-2, -3, 4]])
    np.testing.assert_array_equal(c.error("hidden", **{c.kept[0]: np.array([1.0, 3, 5])}), [1, 0, -1])


def test_feedback_weights_and_spike_times_are_said_by_the_models():
    assert compose(FEEDBACK, {"feedback": "dfa"}).feedback_weights == {"F": 1.0}
    assert compose(FEEDBACK, {"feedback": "dfa"}, parameters={"F_range": 0.5}).feedback_weights == {"F": 0.5}
    assert compose(FEEDBACK, {"feedback": "symmetric"}).feedback_weights == {}
    c = compose(FEEDBACK)
    assert float(c.evaluate(c.spike_time["slow"])) == 2 * float(c.evaluate(c.spike_time["fast"])) == 0.04
    np.testing.assert_allclose(c.evaluate(c.spike_time["slope"], A=np.array([1.0, 2]), c=0.5), [0.5, 1.5])
    assert compose(FEEDBACK, {"neuron": "lif"}).spike_time is None


@pytest.mark.parametrize(
    "make, message",
    [
        (
            lambda: Rule(base="symba", needs="pears"),
            r"Rule\(needs=…\): there is no word 'pears' for 'needs'. Did you mean",
        ),
        (lambda: Encoder(base="phase", spikes="late"), r"there is no word 'late' for 'spikes'.* There are: early."),
        (lambda: Neuron(base="two_exponential", spike_time={"fast": "tau_s"}), r"'slow' is missing"),
        (lambda: Neuron(base="two_exponential", spike_time={"quick": "tau_s"}), r"there is no 'quick'"),
        (
            lambda: FeedbackPathway(synapse="F : 1", at_epoch_end="delta_post += F*delta_pre"),
            "must define 'initial_limit'",
        ),
        (lambda: FeedbackPathway(base="dfa", initial_limit={"G": 1.0}), r"there is no variable 'G'"),
        (
            lambda: FeedbackPathway(base="dfa", initial_limit={"F": "G"}),
            r"\(initial_limit=…\), 'F': the name 'G' is not defined",
        ),
    ],
)
def test_what_a_model_says_is_checked(make, message):
    with pytest.raises(ModelError, match=message):
        model = make()
        others = {"rule": "class_competition"} if model.kind == "goodness" else {}
        check(model.kind, model, build=False, **others)


def test_a_kind_may_have_another_default():
    other = Scheme("other", (replace(KINDS["neuron"], default="adex"), *FORWARD_FORWARD.kinds[1:]))
    assert compose(other).models["neuron"].name == "adex" and load("neuron", "adex").kind == "neuron"
