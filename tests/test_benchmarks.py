"""The benchmarks run, and what a sample costs has not grown."""

import json
import runpy
import sys
import tracemalloc
from pathlib import Path

import pytest
from conftest import campaign

import brianff

pytestmark = pytest.mark.usefixtures("optimised")
FOLDER = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def count(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    import count

    return count


def test_a_sample_takes_no_more_instructions_than_it_did(count):
    """Compared with benchmarks/results/instructions.json, which `python benchmarks/count.py --write` makes anew."""
    try:
        before = count.committed()
        now = count.count(count.CASES[: campaign(len(count.CASES), 1)])
    except count.CannotCount as reason:
        pytest.skip(str(reason))
    changes = {name: now[name] / before[name] - 1 for name in now}
    worse = {name: f"{change:+.1%}" for name, change in changes.items() if change > count.TOLERANCE}
    assert not worse, f"{worse}: find out why, or python benchmarks/count.py --write"
    better = {name: f"{change:+.1%}" for name, change in changes.items() if change < -count.TOLERANCE}
    assert not better, f"{better}: keep it with python benchmarks/count.py --write"


def test_the_roofline_counts_what_a_sample_moves(monkeypatch):
    """Doubling the batch halves what the optimizer moves for a sample, and nothing else; with two batches to a step of
    it, weight changes go to memory."""
    monkeypatch.syspath_prepend(str(FOLDER))
    import roofline

    from brianff.network.architecture import Architecture

    monkeypatch.setattr(roofline, "bandwidth", lambda working_set: 1e9)
    monkeypatch.setattr(roofline, "operations_per_second", lambda dtype: 1e12)

    class Case:
        active = 0.2

        def __init__(self, batch):
            self.architecture = Architecture(20, 2, (5, 4), label_neurons=1, batch=batch, n_steps=10)

    weights = 22 * 5 + 5 * 4
    floors = [roofline.floor_seconds(Case(batch), [8.0, 3.0, 2.0]) for batch in (10, 20, 40)]
    assert floors[0]["bytes"] - floors[1]["bytes"] == pytest.approx(2 * 8 * weights * (1 / 10 + 1 / 20))
    assert floors[1]["bytes"] - floors[2]["bytes"] == pytest.approx(6 * 8 * weights * (1 / 20 - 1 / 40))
    assert floors[0]["seconds"] == pytest.approx(floors[0]["bytes"] / 1e9)


def test_the_committed_figures_are_whole():
    rows = json.loads((FOLDER / "results" / "cpu.json").read_text())["rows"]
    for row in rows:
        assert row["value"] > 0 and row["unit"] and row["counted"], row


def test_time_to_accuracy_names_the_second_in_which_each_seed_arrives(monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(FOLDER))
    import time_to_accuracy

    for name in time_to_accuracy.METHODS:  # options that there are
        method, options = time_to_accuracy.options_of(name)
        getattr(brianff, method).Options("mnist", **options).resolved()
    common = dict(system="SFDFA", samples=1000)
    rows = [
        common | dict(seed=1, seconds=10.0, accuracy=0.96),
        common | dict(seed=1, seconds=20.0, accuracy=0.981),
        common | dict(seed=1, seconds=30.0, accuracy=0.979, samples=3000),
        common | dict(seed=2, seconds=40.0, accuracy=0.97, samples=2000),
    ]
    time_to_accuracy.table(rows)
    line = capsys.readouterr().out.splitlines()[-1]
    assert line == "| SFDFA | 30 s | 20 s (1 of 2 not) | - | 75 | 98.10 %, 20 s |"


@pytest.mark.parametrize(
    "script", ["run.py", "count.py", "streaming.py", "fewer_steps.py", "time_to_accuracy.py", "in_turn.py"]
)
def test_the_scripts_explain_themselves(script, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [script, "--help"])
    monkeypatch.syspath_prepend(str(FOLDER))
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(FOLDER / script), run_name="__main__")
    assert not end.value.code and "benchmarks" in capsys.readouterr().out


def test_reading_recordings_takes_no_more_memory_the_more_there_are(tmp_path, monkeypatch):
    pytest.importorskip("h5py", reason="needs h5py: pip install 'brianff[events]'")
    monkeypatch.syspath_prepend(str(FOLDER))
    import streaming

    monkeypatch.setattr(streaming, "CHUNK", 20)
    most = []
    for recordings in (60, 300):
        path = tmp_path / f"{recordings}.h5"
        written = streaming.write(path, recordings, 500)
        tracemalloc.start()
        counted, _ = streaming.read(streaming.opened(path))
        most.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert counted == written
    assert most[1] < most[0] + 240 * 1000  # bytes: a recording has 500 spikes of 12, and is not held
