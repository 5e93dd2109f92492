"""Searches for good options: what may vary, trials that go on, and test samples that nobody looks at."""

import json
import sys

import numpy as np
import pytest

import brianff as ff
from brianff import plotting
from brianff.command_line.main import main
from brianff.errors import BrianffError, OptionError
from brianff.jobs.search import Search, Settings
from brianff.jobs.space import dimension_of
from brianff.learning.forward_forward import ForwardForward
from brianff.learning.rectified import Rectified
from brianff.learning.run import Run
from brianff.results import ResultsError

pytest.importorskip("optuna")

DIGITS = ff.datasets.load("digits")
N = 300
VARY = ("learning_rate=1e-3..0.3 log", "layers=5|8,8", "batch=5..20 step 5")


def data(test=None):
    """Some digits; `test`: pixels in place of those of the test set."""
    images, labels = DIGITS.images[:N], DIGITS.labels[:N]
    of_test = DIGITS.images[N : N + 30] if test is None else test
    return ff.datasets.from_arrays(images, labels, test=(of_test, DIGITS.labels[N : N + 30]), name="few digits")


def settings(vary=VARY, **more):
    return Settings(vary, {"epochs": 9, "validate": 0, "layers": (8,)}, "rectified", **more)


# -- what may vary -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tau_m=5..50*ms log", dict(low=5, high=50, unit="ms", log=True)),
        ("tau_m = 5 .. 50 * ms", dict(low=5, high=50, unit="ms", log=False)),
        ("learning-rate=1e-4..1e-2 log", dict(name="learning_rate", low=1e-4, high=1e-2, log=True, whole=False)),
        ("mini_batch=10..100 step 10", dict(low=10, high=100, step=10, whole=True)),
        ("rule=symba,r_stdp", dict(choices=("symba", "r_stdp"))),
        ("layers=200|500,500", dict(choices=("200", "500,500"))),
        ("greedy=true,false", dict(choices=("true", "false"))),
        ("alpha=2,3", dict(choices=("2", "3"))),
    ],
)
def test_what_may_vary_is_said_in_words(text, expected):
    found = dimension_of(text, ForwardForward, {})
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("tau_m", "write NAME=A..B"),
        ("=1..2", "write NAME=A..B"),
        ("tau_m=50..5*ms", "50 is not less than 5"),
        ("tau_m=0..5*ms log", "positive"),
        ("tau_m=1..5*ms log step 1", "log or step"),
        ("tau_m=1..5*ms step 9", "the step must lie between 0 and 4"),
        ("tau_m=1..5*ms logarithmic", "a range is written as in"),
        ("tau_m=1..5*furlongs", "furlongs"),
        ("learning_rate=1e-4..1e-2*ms", "no unit"),
        ("learning_rate=-1..1", "learning_rate must"),
        ("mini_batch=1.5..3", "a whole number"),
        ("negatives=hard,soft", "negatives must be one of"),
        ("rule=symba", "two different values"),
        ("rule=symba,symba", "two different values"),
        ("seed=1..9", "give several, as seeds"),
        ("epochs=1..9", "have the same 'epochs'"),
        ("limit=10,20", "have the same 'limit'"),
    ],
)
def test_what_cannot_vary(text, complaint):
    with pytest.raises(OptionError, match=complaint):
        dimension_of(text, ForwardForward, {})


def test_a_method_without_models_has_no_parameters():
    with pytest.raises(OptionError, match="no option 'tau_m', and no models"):
        dimension_of("tau_m=1..2*ms", Rectified, {})


# -- the search ----------------------------------------------------------------------------------------------------
def test_a_search_that_goes_on(tmp_path, here):
    """Trials are judged at their rungs; an interrupted search has the trials that were under way go on."""
    search = Search(settings(), tmp_path / "out", data())
    assert search.rungs == [1, 3] and search.validations == 9
    search.run(6)
    found = search.trials()
    assert len(found) == 6 and {row["state"] for row in found} == {"complete", "pruned"}
    complete = [row for row in found if row["state"] == "complete"]
    assert search.best() == complete[0]
    assert complete[0]["validation_accuracy"] == max(row["validation_accuracy"] for row in complete)
    assert [name for name in complete[0]][3:] == ["learning_rate", "layers", "batch"]
    folders = sorted(p.name for p in (tmp_path / "out").glob("trial*"))
    assert folders == [f"trial{k:04d}" for k in range(6)]
    asked = search.study.ask()  # a trial under way when the program ends
    values = {one.name: one.suggest(asked) for one in search.dimensions}
    del search
    again = Search(None, tmp_path / "out", data())
    again.run(8)
    assert len(again.trials()) == 8 and not [t for t in again.study.trials if t.state.name == "RUNNING"]
    ours = next(row for row in again.trials() if row["trial"] == 6)
    assert {name: ours[name] for name in values} == {k: v for k, v in values.items()}
    drawn = [json.dumps(one.params, sort_keys=True) for one in again.study.trials]
    assert len(set(drawn)) == 8  # going on does not draw the same again
    assert all(job.test is False for job in here.done)
    with pytest.raises(ResultsError, match="has a search with vary"):
        Search(settings(VARY[:1]), tmp_path / "out", data())
    with pytest.raises(ResultsError, match="has a search with data"):
        Search(None, tmp_path / "out", data(np.zeros((30, 8, 8))))


def test_the_best_trial_is_tested_once_with_new_seeds(tmp_path, here):
    search = Search(settings(VARY[:1]), tmp_path / "out", data())
    search.run(3)
    with pytest.raises(OptionError, match="is a seed of the search's own"):
        search.test([1, 2])
    rows = search.test([11, 12])
    assert [row["seed"] for row in rows] == [11, 12] and all(0 < row["test_accuracy"] <= 1 for row in rows)
    trained = len(here.done)
    assert search.test([11, 12]) == rows and len(here.done) == trained
    options = search.options_of(search.best())
    assert options["learning_rate"] == search.best()["learning_rate"]
    figure = plotting.search(search.trials(), ["learning_rate"], {"learning_rate": 1.0})
    assert figure.get_axes()[0].get_xlabel() == "trial"


def test_a_search_never_reads_the_test_samples(tmp_path, here, monkeypatch):
    """With noise in their place, it is the same search; and nothing is evaluated on them."""
    evaluate = Run.evaluate
    monkeypatch.setattr(Run, "evaluate", lambda run, which="test", limit=None: pytest.fail(f"evaluated on {which}"))
    noise = np.random.default_rng(1).random((30, 8, 8))
    studies = []
    for name, of_test in (("images", None), ("noise", noise)):
        search = Search(settings(), tmp_path / name, data(of_test))
        search.run(5)
        studies.append([(one.params, one.values, one.intermediate_values) for one in search.study.trials])
    assert studies[0] == studies[1]
    monkeypatch.setattr(Run, "evaluate", evaluate)


def test_several_seeds_of_a_trial_count_by_their_mean(tmp_path, here):
    search = Search(settings(VARY[:1], seeds=(1, 2), pruning="none"), tmp_path / "out", data())
    assert search.rungs == []
    search.run(2)
    rows = {name: row for name, row in search.results.rows.of_runs.items()}
    assert sorted(rows) == [f"trial{k:04d}_seed{s}" for k in (0, 1) for s in (1, 2)]
    for one in search.study.trials:
        own = [rows[f"trial{one.number:04d}_seed{s}"]["validation_accuracy"] for s in (1, 2)]
        assert one.value == np.mean(own)


def test_a_search_in_which_everything_fails_ends_with_the_reason(tmp_path, here, monkeypatch):
    def fail(job, folder, say):
        raise BrianffError("no luck")

    monkeypatch.setattr("brianff.jobs.training.perform", fail)
    search = Search(settings(VARY[:1]), tmp_path / "out", data())
    with pytest.raises(BrianffError, match="the first 3 trials all failed, and first: no luck"):
        search.run(10)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda d: {**d, "seeds": [2]}, r"search\.json is damaged, or has been changed"),
        (lambda d: [], r"search\.json is damaged"),
    ],
)
def test_a_changed_search_is_refused(tmp_path, here, change, complaint):
    Search(settings(), tmp_path / "out", data())
    path = tmp_path / "out" / "search.json"
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    with pytest.raises(ResultsError, match=complaint):
        Search(None, tmp_path / "out", data())


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ([], "--vary says what is searched"),
        (["--vary", "batch=1..9", "--seed", "3"], "--seed is one run's: give --seeds"),
        (["--vary", "batch=1..9", "--vary", "batch=1..3"], "nothing twice"),
        (["--vary", "batch=1..9", "--validation", "0"], "validation samples only, and there are none"),
        (["--resume", "nowhere"], "is not the folder of a search"),
        (["--resume", "nowhere", "--trials", "9", "--sampler", "tpe"], "leave out --sampler"),
        (["--vary", "batch=1..9", "--jobs", "-1"], "--jobs must lie between"),
    ],
)
def test_command_lines_of_searches_that_are_refused(tmp_path, monkeypatch, capsys, options, complaint):
    monkeypatch.chdir(tmp_path)
    method = [] if "--resume" in options else ["--method", "rectified"]
    assert main(["search", *method, *options]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ") and complaint in said and said.count("\n") == 1
    assert not list(tmp_path.iterdir())  # nothing is left


def test_the_command_search(tmp_path, monkeypatch, capsys, here):
    monkeypatch.chdir(tmp_path)
    small = ["--method", "rectified", "--limit", "100", "--epochs", "2", "--layers", "8"]
    vary = ["--vary", "learning_rate=1e-3..0.1 log"]
    assert main(["search", *small, *vary, "--trials", "2", "--test-seeds", "5", "--out", "out"]) == 0
    said = capsys.readouterr().out
    assert "the best as options: --limit 100" in said and "with seeds 5, not the search's own" in said
    assert (tmp_path / "out" / "search.png").exists() and "| trial |" in (tmp_path / "out" / "search.md").read_text()
    assert main(["search", "--resume", "out", "--trials", "3", "--no-test"]) == 0
    assert len(Search(None, "out").trials()) == 3


def test_without_optuna_there_is_a_way_out(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(BrianffError, match=r'pip install "brianff\[search\]"'):
        Search(settings(), tmp_path / "out")
    assert not (tmp_path / "out").exists()
