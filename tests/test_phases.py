"""Phases as data: what a cycle says, how it becomes stimulus epochs, when the optimizer takes a step."""

import numpy as np
import pytest
from conftest import in_python

import brianff as ff
from brianff.learning.phases import POSITIVE, Epoch, Phases
from brianff.network.architecture import Architecture
from brianff.stimulus import LABEL_NONE

TINY = dict(device="runtime", layers=[8, 6], steps=20, label_neurons=2, batch=5, mini_batch=10, limit=40, refresh=20)
TINY |= dict(chunk=20, epochs=1, validation=3)


@pytest.mark.parametrize(
    ("text", "phases"),
    [
        ("paired", Phases([Epoch(0, 1), Epoch(0, -1)])),
        ("blocked 2", Phases([Epoch(0, 1), Epoch(1, 1), Epoch(0, -1), Epoch(1, -1)])),
        ("paired 2", Phases([Epoch(0, 1), Epoch(0, -1), Epoch(0, 1), Epoch(0, -1)])),
        ("paired gap@5", Phases([Epoch(0, 1), Epoch(None, 0, 5), Epoch(0, -1), Epoch(None, 0, 5)])),
        ("+0 +1@30 gap@7 -1 -0 carry-over", Phases(
            [Epoch(0, 1), Epoch(1, 1, 30), Epoch(None, 0, 7), Epoch(1, -1), Epoch(0, -1)], carry_over=True)),
    ],
)  # fmt: skip
def test_texts_and_objects_say_the_same(text, phases):
    assert Phases.of(text) == phases == Phases.of(str(phases)) == Phases.of(phases)
    assert ff.ForwardForward.Options(phases=text).phases == text
    assert Phases.of(ff.ForwardForward.Options(phases=phases).phases) == phases


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sometimes", "'sometimes' is neither paired"),
        ("blocked", "neither paired"),
        ("blocked 0", "neither paired"),
        ("paired 0", "neither paired"),
        ("paired gap", "neither paired"),
        ("+1 -1", "row 0 of the cycle is never shown"),
        ("", "1 to 100000 stimulus epochs"),
        ("+0 gap", "neither paired"),
    ],
)
def test_what_is_no_cycle_is_refused(text, message):
    with pytest.raises(ff.BrianffError, match=message):
        Phases.of(text)


def test_an_epoch_that_is_none():
    for epoch in (Epoch(0, 0), Epoch(None, 1), Epoch(0, 2)):
        with pytest.raises(ff.BrianffError, match="the phase"):
            Phases([epoch])
    with pytest.raises(ff.BrianffError, match="one time step at least"):
        Phases([Epoch(0, 1, -3)])


def test_rows_are_spread_over_cycles_and_the_last_may_be_shorter():
    blocked = Phases.blocked(2)
    assert [(e.row, e.phase) for e in blocked.spread(range(10, 13))] == [
        (0, 1), (1, 1), (0, -1), (1, -1), (2, 1), (2, -1),
    ]  # fmt: skip
    assert len(blocked.spread(range(3))) == 6
    assert [epoch.steps for epoch in Phases.paired(gap=7).spread(range(1))] == [None, 7, None, 7]


def test_when_the_optimizer_takes_a_step():
    seen = np.arange(1, 5) * 5
    assert Phases.paired().updates(seen, 10).tolist() == [False, False, False, True] * 2
    assert Phases.blocked(4).updates(seen, 10).tolist() == [False, True, False, True] * 2
    assert Phases.paired(gap=3).updates(seen, 10).tolist() == [False] * 6 + [True] + [False] * 7 + [True] + [False]
    assert POSITIVE.updates(seen, 10).tolist() == [False, True] * 2


def test_pairs_are_known():
    assert Phases.paired().is_paired and Phases.blocked(1).is_paired and Phases.of("+0 -0 gap@9 +1 -1").is_paired
    assert Phases.paired(3).is_paired and Phases.of("+0 -0 +0 -0 +1 -1").is_paired
    no_pairs = "blocked 2", "paired gap@5", "paired 2 gap@5", "+0 +1 -0 -1", "-0 +0", "+0", "+0 -0 -0", "+0 -0 +0"
    assert not any(Phases.of(text).is_paired for text in no_pairs)


def test_negatives_of_a_row_are_counted():
    counts = {"paired": 1, "paired 3": 3, "+0 -0 -0 +1 -1": 2, "+0": 0, "blocked 5": 1}
    assert {text: Phases.of(text).negatives for text in counts} == counts


def test_every_negative_epoch_of_a_row_has_a_label_of_its_own():
    phases, images, labels = Phases.of("+0 -1 -0 +1 -0 -1"), np.arange(3), np.array([[1, 2, 3], [4, 5, 6]])
    a = Architecture(4, 7, (5,), batch=1, n_steps=6)
    schedule = phases.schedule((images, images * 0, images), (images, labels, images), a)
    np.testing.assert_array_equal(schedule.image.T, [[0, 1, 0, 1, 0, 1, 2, 2, 2]])
    np.testing.assert_array_equal(schedule.label.T, [[0, 2, 1, 0, 4, 5, 0, 3, 6]])


def test_a_schedule_of_phases():
    phases = Phases.of("+0 gap@4 +1@9 -1 -0")
    images, numbers = np.arange(3), np.array([20, 22, 24])
    positive, negative = (images, [1, 2, 3], numbers), (images + 10, [4, 5, 6], numbers + 1)
    schedule = phases.schedule(positive, negative, Architecture(4, 3, (5,), batch=2, n_steps=6))
    np.testing.assert_array_equal(schedule.image, [[0, 1], [-1, -1], [2, -1], [12, -1], [10, 11]])
    none = LABEL_NONE
    np.testing.assert_array_equal(schedule.label, [[1, 2], [none, none], [3, none], [6, none], [4, 5]])
    np.testing.assert_array_equal(schedule.phase, [1, 0, 1, -1, -1])
    np.testing.assert_array_equal(schedule.number, [[20, 22], [0, 0], [24, 0], [25, 0], [21, 23]])
    np.testing.assert_array_equal(schedule.steps, [6, 4, 9, 6, 6])


def test_a_rule_that_compares_pairs_is_refused_elsewhere():
    with pytest.raises(ff.BrianffError, match=in_python("--rule symba compares the two phases.*--phases blocked 2")):
        ff.ForwardForward("digits", phases="blocked 2", **TINY)
    with pytest.raises(ff.BrianffError, match="not a multiple of the 30 samples of a cycle"):
        ff.ForwardForward("digits", phases="blocked 6", rule="forward_forward", **TINY)


@pytest.mark.parametrize("phases", ["paired 3", "+0 -0 -0 -0"])
def test_repeated_negatives_can_be_interrupted(phases, tmp_path):
    options = TINY | dict(phases=phases, rule="symba" if phases == "paired 3" else "forward_forward")
    whole = ff.Run(ff.ForwardForward("digits", **options)).train(progress=False)
    ff.Run(ff.ForwardForward("digits", **options), tmp_path / "run").train(
        callbacks=[lambda run, row: True], progress=False
    )
    resumed = ff.load(tmp_path / "run").train(progress=False)
    for level in (1, 2):
        np.testing.assert_array_equal(resumed.weights[level], whole.weights[level])


def test_more_negatives_than_wrong_labels_are_refused():
    with pytest.raises(ff.BrianffError, match="10 classes have 9"):
        ff.ForwardForward("digits", phases="paired 10", **TINY)


def test_pairs_written_by_hand_are_those_of_paired():
    runs = [ff.Run(ff.ForwardForward("digits", phases=p, **TINY)) for p in ("paired", "+0 -0", Phases.blocked(1))]
    weights = [run.train(progress=False).weights[1] for run in runs]
    np.testing.assert_array_equal(weights[0], weights[1])
    np.testing.assert_array_equal(weights[0], weights[2])


def test_blocks_learn_what_the_rule_says_of_each_phase_by_itself():
    """Without a step of the optimizer in between, the order of phases does not matter to a rule without pairs."""
    options = TINY | dict(mini_batch=20, rule="forward_forward", optimizer="sgd", learning_rate=0.1)
    once = ff.Run(ff.ForwardForward("digits", phases="paired", **options)).train(progress=False)
    blocked = ff.Run(ff.ForwardForward("digits", phases="blocked 4", **options)).train(progress=False)
    assert np.abs(once.weights[1] - blocked.weights[1]).max() > 1e-6  # two steps for each of the other's
    last = TINY | dict(mini_batch=40, refresh=40, chunk=40, rule="forward_forward")
    changes = []
    for phases in ("+0 +1 +2 +3 +4 +5 +6 +7 -0 -1 -2 -3 -4 -5 -6 -7", "paired"):
        run = ff.Run(ff.ForwardForward("digits", phases=phases, optimizer="sgd", learning_rate=0.1, **last))
        before = run.weights[1].copy()
        changes.append(run.train(progress=False).weights[1] - before)
    # one step after 40 positive presentations and one after 40 negative ones, or one after both
    assert np.abs(changes[0]).max() > 1e-6 and np.abs(changes[1]).max() > 1e-6
    assert np.corrcoef(changes[0].ravel(), changes[1].ravel())[0, 1] > 0.9


@pytest.mark.parametrize("phases", ["blocked 2 gap@5", "+0 gap@3 +1@30 -1@30 -0", "blocked 4 carry-over"])
def test_cycles_of_ones_own_can_be_interrupted(phases, tmp_path):
    options = TINY | dict(phases=phases, rule="forward_forward")
    whole = ff.Run(ff.ForwardForward("digits", **options)).train(progress=False)
    ff.Run(ff.ForwardForward("digits", **options), tmp_path / "run").train(callbacks=[lambda *_: True], progress=False)
    again = ff.load(tmp_path / "run")
    assert 0 < again.position < again.method.n_rows
    again.train(progress=False)
    for key, w in whole.weights.items():
        np.testing.assert_array_equal(w, again.weights[key])
    assert again.record([0, 1]).epochs[0].phase == 1


def test_a_stream_goes_on_from_chunk_to_chunk():
    """Cut into chunks of another length it is the same; begun anew with each of them it is another."""
    options = TINY | dict(phases="blocked 2 carry-over", rule="forward_forward")
    methods = [ff.ForwardForward("digits", **(options | dict(chunk=chunk))) for chunk in (10, 20)]
    for method in methods:
        ff.Run(method).train(progress=False)
    for name, value in methods[0].state().items():
        np.testing.assert_array_equal(value, methods[1].state()[name], err_msg=name)
    assert methods[0].stream_begun and np.any(methods[0].stream_state["neurons1.v"])

    class Anew(ff.ForwardForward):
        def learn(self, rows):
            self.stream_begun = np.array(False)
            return super().learn(rows)

    anew = Anew("digits", **(options | dict(chunk=10)))
    ff.Run(anew).train(progress=False)
    assert not np.array_equal(anew.weights()[1], methods[0].weights()[1])


def test_a_stream_has_no_delays():
    with pytest.raises(ff.BrianffError, match="a stream goes on in another run only without delays"):
        ff.ForwardForward("digits", **(TINY | dict(phases="paired carry-over", layers=("6", "5t2"))))
