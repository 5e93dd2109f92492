"""Many runs: rows that survive, jobs that go on, processes that are killed, grids as files."""

import json
import os
import signal
import threading
import time

import numpy as np
import pytest

import brianff as ff
from brianff import jobs, plotting
from brianff.endings import Stopped
from brianff.errors import BrianffError, OptionError
from brianff.jobs import worker
from brianff.jobs.engine import Results
from brianff.jobs.grid import Grid
from brianff.jobs.pools import LocalPool
from brianff.jobs.rows import Rows, described
from brianff.jobs.tables import spread, table
from brianff.results import ResultsError, RunFolder, lock_folder

DIGITS = ff.datasets.load("digits")
DATA = ff.datasets.from_arrays(DIGITS.images[:200], DIGITS.labels[:200], test=10, validation=10, name="few digits")
SMALL = dict(dataset=DATA, device="runtime", layers=(6,), limit=40, epochs=2, steps=8, mini_batch=10, label_neurons=1)
SMALL |= dict(chunk=20, refresh=20)


def job(seed, **more):
    return jobs.Job(f"seed{seed}", SMALL | {"seed": seed, **more.pop("options", {})}, {"seed": seed}, **more)


def weights(folder):
    return RunFolder(folder).load("weights")["w1"]


@pytest.fixture(autouse=True)
def quiet():
    """The small networks learn nothing, and say so."""
    with pytest.warns() as _:
        import warnings

        warnings.warn("one at least", stacklevel=1)
        yield


# -- one run -------------------------------------------------------------------------------------------------------
def test_training_in_memory_gives_a_row():
    row = ff.train(SMALL | {"method": "forward_forward", "seed": 3}, test=False)
    assert (row["method"], row["data"], row["seed"], row["samples"], row["of"]) == (
        "forward_forward",
        "few digits",
        3,
        80,
        80,
    )
    assert row["curve"]["epoch"] == [1, 2] and row["curve"]["accuracy"][-1] == row["validation_accuracy"]
    assert not [name for name in row if name.startswith("test")]
    json.dumps(row)


def test_a_run_goes_on_from_its_folder_to_the_same_weights(tmp_path):
    ff.train(SMALL, tmp_path / "whole")
    seen = []

    def first(run, row):
        seen.append(row["epoch"])
        return True

    part = ff.train(SMALL, tmp_path / "run", on_validation=first, test=False)
    assert part["samples"] == 40 and seen == [1]
    again = ff.train(SMALL, tmp_path / "run")
    assert again["samples"] == 80 and "test_accuracy" in again
    np.testing.assert_array_equal(weights(tmp_path / "run"), weights(tmp_path / "whole"))
    assert ff.train(SMALL, tmp_path / "run") == again  # nothing is trained twice: not even the clock differs
    with pytest.raises(ResultsError, match="has a run with learning_rate = 0.001, and now it is 0.1"):
        ff.train(SMALL | {"learning_rate": 0.1}, tmp_path / "run")
    with pytest.raises(ResultsError, match="has a run with method = forward_forward, and now it is rectified"):
        ff.train({"method": "rectified", "dataset": DATA}, tmp_path / "run")


def test_the_folder_is_free_when_the_run_has_ended_or_failed(tmp_path):
    ff.train(SMALL | {"epochs": 1}, tmp_path / "run", test=False)
    with pytest.raises(ResultsError, match="choose another folder") as kept:
        ff.train(SMALL, tmp_path / "run")
    del kept
    lock = lock_folder(tmp_path / "run")
    assert lock is not None


def test_stops_after_so_many_validations_and_learns_nothing_after_none(tmp_path):
    assert ff.train(SMALL, tmp_path / "run", until=0)["samples"] == 0
    assert ff.train(SMALL, tmp_path / "run", until=1)["samples"] == 40
    assert ff.train(SMALL, tmp_path / "run", until=1)["samples"] == 40
    assert ff.train(SMALL, tmp_path / "run")["samples"] == 80


def test_what_finish_returns_stands_in_the_row(tmp_path):
    row = ff.train(SMALL | {"epochs": 1}, finish=lambda run, evaluation: {"silent": float(evaluation.silent[0])})
    assert 0 <= row["silent"] <= 1
    with pytest.raises(OptionError, match="'seed' again"):
        ff.train(SMALL | {"epochs": 1}, finish=lambda run, evaluation: {"seed": 1})


# -- rows ----------------------------------------------------------------------------------------------------------
def test_rows_are_read_as_they_were_written(tmp_path):
    rows = Rows(tmp_path / "rows.jsonl")
    rows.add("a", {"epochs": 1}, {"accuracy": np.float64(0.5), "curve": np.arange(2)})
    rows.add("b", {"epochs": 2}, {"accuracy": 0.25})
    rows.add("a", {"epochs": 1}, {"accuracy": 0.75})
    again = Rows(tmp_path / "rows.jsonl")
    assert again.of_runs == {"a": {"accuracy": 0.75}, "b": {"accuracy": 0.25}}
    again.check("a", {"epochs": 1})
    with pytest.raises(ResultsError, match="has the run 'a' with epochs = 1, and now it is 3"):
        again.check("a", {"epochs": 3})
    with pytest.raises(ResultsError, match="has the run 'a' with epochs = 1, and now it is 2"):
        again.require({"epochs": 2})
    with pytest.raises(OptionError, match="not object"):
        again.add("c", {}, {"x": object()})


def test_half_a_line_does_not_count_and_makes_room(tmp_path):
    path = tmp_path / "rows.jsonl"
    rows = Rows(path)
    rows.add("a", {}, {"accuracy": 1})
    whole = path.read_bytes()
    rows.add("b", {}, {"accuracy": 2})
    for length in (len(whole) + 1, path.stat().st_size - 1):
        path.write_bytes(path.read_bytes()[:length])
        rows = Rows(path)
        assert rows.of_runs == {"a": {"accuracy": 1}}
        rows.add("b", {}, {"accuracy": 2})
        assert Rows(path).of_runs == {"a": {"accuracy": 1}, "b": {"accuracy": 2}}


@pytest.mark.parametrize("change", [lambda t: t.replace('"accuracy": 1', '"accuracy": 9'), lambda t: "{\n" + t])
def test_a_changed_line_is_refused_with_its_number(tmp_path, change):
    path = tmp_path / "rows.jsonl"
    Rows(path).add("a", {}, {"accuracy": 1})
    path.write_text(change(path.read_text()))
    with pytest.raises(ResultsError, match=r"rows\.jsonl:1 is damaged"):
        Rows(path)


def test_what_a_result_depends_on(tmp_path):
    plain = described({"epochs": 2})
    assert plain["method"] == "forward_forward" and plain["epochs"] == 2
    assert described({"epochs": 2, "device": "runtime"}) == plain
    assert described({"epochs": 2, "split_seed": 1})["data"] != plain["data"]
    path = tmp_path / "own.py"
    path.write_text('"""Own."""\n\nbase = "lif"\n')
    first = described({"neuron": str(path)})
    path.write_text('"""My own."""\n\nbase = "lif"\n')
    assert described({"neuron": str(path)}) != first
    assert "own" in described({"neuron": ff.Neuron(base="lif", name="own")})["neuron"]
    with pytest.raises(OptionError, match="no option 'epoch'"):
        described({"epoch": 2})
    with pytest.raises(OptionError, match="epochs must"):
        described({"epochs": 0})
    with pytest.raises(BrianffError, match="there is no neuron 'lief'. Did you mean 'lif'"):
        described({"neuron": "lief"})


# -- many runs -----------------------------------------------------------------------------------------------------
def test_many_runs_one_of_which_fails(tmp_path, capsys):
    """Side by side; rows in the order of the jobs; a failure is a row, and is tried again the next time."""
    path = tmp_path / "own.py"
    path.write_text('"""Own."""\n\nbase = "nobody"\n')
    seen = []

    def finish(run, evaluation):  # a function of no module
        return {"pid": os.getpid(), "threads": os.environ["OMP_NUM_THREADS"]}

    todo = [job(k, finish=finish, keep=k != 2) for k in (3, 1, 2)]
    todo.append(jobs.Job("bad", SMALL | {"layers": (2_000_000, 2_000_000)}, {"seed": 9}))
    rows = jobs.run(todo, tmp_path / "out", jobs.Computing(jobs=2), on_row=lambda job, row: seen.append(row["seed"]))
    assert [row["seed"] for row in rows] == [3, 1, 2, 9] and sorted(seen) == [1, 2, 3, 9]
    assert "weights" in rows[3]["failed"] and (tmp_path / "out" / "bad.error.txt").exists()
    assert {row["threads"] for row in rows[:3]} == {"1"} and os.getpid() not in {row["pid"] for row in rows[:3]}
    assert len({row["pid"] for row in rows[:3]}) == 2
    assert (tmp_path / "out" / "seed1" / "weights.npz").exists() and not (tmp_path / "out" / "seed2").exists()
    alone = ff.train(SMALL | {"seed": 1}, tmp_path / "alone")
    assert alone["test_accuracy"] == rows[1]["test_accuracy"]
    np.testing.assert_array_equal(weights(tmp_path / "out" / "seed1"), weights(tmp_path / "alone"))
    capsys.readouterr()
    again = jobs.run(todo[:3], tmp_path / "out")
    assert again == rows[:3] and "3 of 3 runs are there already" in capsys.readouterr().out
    with pytest.raises(ResultsError, match="has the run 'seed1' with epochs = 2, and now it is 1"):
        jobs.run([job(1, options={"epochs": 1})], tmp_path / "out")


def test_a_run_that_has_not_been_tested_is_tested_without_training(tmp_path, here):
    first = jobs.run([job(1, test=False)], tmp_path / "out")
    second = jobs.run([job(1)], tmp_path / "out")
    assert "test_accuracy" not in first[0] and "test_accuracy" in second[0]
    assert second[0]["seconds"] == first[0]["seconds"] and len(here.done) == 2
    assert jobs.run([job(1)], tmp_path / "out") == second and len(here.done) == 2


def test_what_cannot_be_done_is_refused_before_anything_begins(tmp_path):
    with pytest.raises(OptionError, match="two runs are called 'seed1'"):
        jobs.run([job(1), job(1)], tmp_path / "out")
    with pytest.raises(OptionError, match="no runs"):
        jobs.run([], tmp_path / "out")
    with pytest.raises(OptionError, match="jobs must lie"):
        jobs.Computing(jobs=-1)
    with pytest.raises(OptionError, match="leave one out"):
        jobs.Computing(scheduler="tcp://a:1", cluster="slurm", jobs=1)
    with pytest.raises(OptionError, match="say how many"):
        jobs.Computing(cluster="slurm")
    assert not (tmp_path / "out").exists()


def test_if_all_runs_fail_the_first_says_why(tmp_path):
    bad = jobs.Job("bad", SMALL | {"layers": (2_000_000, 2_000_000)}, {"seed": 1})
    with pytest.raises(BrianffError, match="all 1 runs failed, and first: .* weights"):
        jobs.run([bad], tmp_path / "out")


def test_a_killed_process_goes_on_from_the_checkpoint(tmp_path):
    """Killed twice, right after its first checkpoints: the row and the weights are those of an undisturbed run."""
    long = job(1, options={"epochs": 4, "chunk": 10, "refresh": 10})
    killed = []

    def say(job, kind, value):
        if kind == "progress" and len(killed) < 2 and 0 < value[0] < value[1]:
            killed.append(value[0])
            os.kill(pool.pids[0], signal.SIGKILL)

    with LocalPool(1, say) as pool:
        pool.submit(long, str(tmp_path / "run"))
        _, outcome = pool.next()
    ff.train(long.options, tmp_path / "undisturbed")
    assert len(killed) == 2 and outcome.row["samples"] == 160
    np.testing.assert_array_equal(weights(tmp_path / "run"), weights(tmp_path / "undisturbed"))


def test_a_process_that_dies_without_getting_further_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(worker, "MOST_DEATHS", 2)

    def die(run, evaluation):
        os.kill(os.getpid(), signal.SIGKILL)

    outcome = worker.Worker().do(job(1, finish=die), str(tmp_path / "run"), lambda kind, value: None)
    assert "2 times without getting further (the last time by signal SIGKILL)" in outcome.failed


def test_stopping_leaves_checkpoints_and_no_processes(tmp_path):
    """As on Ctrl-C, with one run under way and one that has not begun."""
    long = [job(k, options={"epochs": 400, "chunk": 10, "refresh": 10}) for k in (1, 2)]
    under_way = threading.Event()

    def interrupt():
        under_way.wait(60)
        os.kill(os.getpid(), signal.SIGINT)

    def say(self, job, kind, value):
        if kind == "progress":
            under_way.set()

    threading.Thread(target=interrupt).start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("brianff.jobs.display.Display.heard", say)
        began = time.monotonic()
        with pytest.raises(Stopped, match="0 of 2 runs are done.* Go on with"):
            jobs.run(long, tmp_path / "out", jobs.Computing(jobs=1))
    assert time.monotonic() - began < 30
    arrays, _ = RunFolder(tmp_path / "out" / "seed1").load_checkpoint()
    assert 0 < arrays["position"] < 1600
    Results(tmp_path / "out")  # free for others


# -- grids ---------------------------------------------------------------------------------------------------------
GRID = """
seeds = [1, 2]
test = true

[options]
epochs = 3
layers = "20,10"

[parameters]
tau_syn = "50*ms"

[grid]
rule = ["symba", "forward_forward"]
tau_m = ["10*ms", "20*ms"]
layers = [[30], "30,20"]
"""


def test_a_grid_is_read_from_a_file(tmp_path):
    path = tmp_path / "grid.toml"
    path.write_text(GRID)
    made = Grid.read(path).jobs()
    assert len(made) == 2 * 2 * 2 * 2 and len({one.name for one in made}) == 16 and all(one.test for one in made)
    first, last = made[0], made[-1]
    assert first.options == {
        "method": "forward_forward", "epochs": 3, "layers": [30], "rule": "symba", "seed": 1,
        "set": ("tau_syn=50*ms", "tau_m=10*ms"),
    }  # fmt: skip
    assert last.columns == {"rule": "forward_forward", "tau_m": "20*ms", "layers": "30,20", "seed": 2}
    assert last.options["layers"] == ("30", "20") and last.name == "rule=forward_forward_tau_m=20ms_layers=30,20_seed=2"
    for one in made:
        described(one.options)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("seeds = 1]", r"grid\.toml: .*line 1"),
        ("seed = [1]", r"grid\.toml: there is no entry 'seed'"),
        ("seeds = []", "'seeds' must be a list"),
        ("seeds = [1, 1]", "a seed comes twice"),
        ("test = 1", "'test' must be true or false"),
        ("grid = 3", r"'grid' must be a table, \[grid\]"),
        ("[grid]\ntau_m = '10*ms'", "'tau_m' must be a list"),
        ("[options]\ntau_m = '10*ms'", r"\[options\]: 'tau_m' is no option"),
        ("[parameters]\nepochs = 3", r"\[parameters\]: 'epochs' is an option"),
        ("[grid]\nseed = [1, 2]", "'seed' cannot be varied"),
        ("[grid]\nlayers = ['1', '2;']\n[options]\nbatch = '1o'", "batch: '1o' is not a whole number"),
        ("method = 'nothing'", "there is no method 'nothing'"),
        ("method = 'rectified'\n[grid]\ntau_m = ['10*ms']", "no option 'tau_m', and no models"),
    ],
)
def test_a_grid_that_cannot_be_meant(tmp_path, text, complaint):
    path = tmp_path / "grid.toml"
    path.write_text(text)
    with pytest.raises(OptionError, match=complaint):
        Grid.read(path).jobs()
    with pytest.raises(OptionError, match=r"nowhere\.toml cannot be read"):
        Grid.read(tmp_path / "nowhere.toml")


def rows():
    return [
        {"rule": rule, "tau_m": f"{tau}*ms", "seed": seed, "validation_accuracy": 0.5 + 0.1 * seed, "cpu_seconds": 2.0}
        for rule in ("symba", "csdp")
        for tau in (10, 100)
        for seed in (1, 2)
    ]


def test_the_table_has_means_and_spreads():
    failed = {"rule": "r_stdp", "tau_m": "10*ms", "seed": 1, "failed": "no\nluck"}
    lines = table([*rows(), failed], ["rule", "tau_m"]).splitlines()
    assert lines[0] == "| rule | tau_m | seeds | validation accuracy (%) | CPU time of training (s) |"
    assert lines[2] == "| symba | 10*ms | 2 | 65.00 ± 7.07 | 2 ± 0 |" and len(lines) == 2 + 4 + 2
    assert lines[-1] == "rule r_stdp, tau_m 10*ms, seed 1 failed: no luck"
    assert spread([50]) == "50.00"


def test_the_figure_of_a_grid_has_a_line_for_each_combination_or_a_list():
    (axes,) = plotting.sweep(rows(), ["rule", "tau_m"]).get_axes()
    assert axes.get_xlabel() == "tau_m (ms)" and axes.get_xscale() == "log"
    assert [text.get_text() for text in axes.figure.legends[0].texts] == ["rule symba", "rule csdp"]
    (axes,) = plotting.sweep(rows(), ["rule"]).get_axes()
    assert [label.get_text() for label in axes.get_yticklabels()] == ["rule symba", "rule csdp"]


@pytest.mark.slow
def test_the_command_sweep(tmp_path, monkeypatch, capsys):
    from brianff.command_line.main import main

    monkeypatch.chdir(tmp_path)
    small = {k: v for k, v in SMALL.items() if k != "dataset"} | {"epochs": 1, "validate": 10}
    options = "\n".join(f"{k} = {json.dumps(v)}" for k, v in small.items())
    (tmp_path / "grid.toml").write_text(f"seeds = [1]\n[options]\n{options}\n[grid]\ntau_m = ['10*ms', '20*ms']\n")
    assert main(["sweep", "grid.toml", "--out", "out", "--jobs", "1"]) == 0
    said = capsys.readouterr().out
    assert "2 runs; results: out" in said and "| 20*ms | 1 |" in said
    assert (tmp_path / "out" / "sweep.png").exists() and (tmp_path / "out" / "sweep.md").exists()
    assert main(["sweep", "nowhere.toml"]) == 1
    assert capsys.readouterr().err == "error: nowhere.toml cannot be read: No such file or directory.\n"


@pytest.mark.compiler
def test_runs_that_share_an_architecture_are_compiled_once(tmp_path, monkeypatch):
    """Side by side, with other parameters, learning rates and seeds."""
    monkeypatch.setenv("BRIANFF_CACHE", str(tmp_path / "cache"))
    varied = [{"set": (f"tau_m={10 * k}*ms",), "learning_rate": 1e-3 * k, "dropout": 0.1 * k} for k in (1, 2, 3)]
    todo = [job(k, options={"device": "cpp", **options}) for k, options in enumerate(varied, start=1)]
    rows = jobs.run(todo, tmp_path / "out", jobs.Computing(jobs=2))
    assert [row["samples"] for row in rows] == [80] * 3
    assert len([path for path in (tmp_path / "cache").iterdir() if path.is_dir()]) == 1
