"""SIGKILL at random moments: every protocol that goes on ends with the same results, and leaves nothing behind."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, campaign

from brianff.results import RunFolder

# Everything that takes a while, small enough for a few seconds a run.
PROTOCOLS = {
    "ann_forward_forward": ["--epochs", "20"],
    "forward_forward": ["--epochs", "6"],
    "sfdfa": ["--epochs", "15"],
    "gradient_free": ["--spiking", "frozen,es-neuron", "--ann", "gradient,ga-neuron"],
    "compare_feedback": [],
    "compare_models": [],
}
BY_FOLDER = ("compare_feedback", "compare_models", "gradient_free")  # go on with the same command
CLOCKS = {"seconds", "cpu_seconds", "milliseconds", "samples_per_second", "validation_seconds", "python_seconds"}

NOT_COMPARED = CLOCKS | {"metrics.json"}  # the latter, beside its times, as rows


def command(name, *options):
    return [sys.executable, str(ROOT / "protocols" / f"{name}.py"), *map(str, options)]


def results(run):
    """Everything that must not depend on interruptions, as nested lists and dictionaries."""
    if (run / "results.jsonl").exists():
        lines = (run / "results.jsonl").read_text().splitlines()
        rows = [entry["row"] for entry in sorted(map(json.loads, lines), key=lambda entry: entry["run"])]
    else:
        rows = RunFolder(run).load_checkpoint()[1]
    out = {"rows": without_clocks(rows)}
    for path in sorted(run.rglob("*.npz")):
        arrays, name = RunFolder(path.parent).load(path.stem), str(path.relative_to(run))
        out[name] = {name: array.tobytes() for name, array in arrays.items() if name not in NOT_COMPARED}
    return out


def without_clocks(value):
    """Rows, and lists of rows in them, without times."""
    if isinstance(value, list):
        return [without_clocks(one) for one in value]
    if isinstance(value, dict):
        return {key: without_clocks(one) for key, one in value.items() if key not in CLOCKS}
    return value


def in_memory(pids):
    """Folders in /dev/shm of some processes."""
    return [p for p in Path("/dev/shm").glob("brianff-*") if any(f"-{pid}-" in p.name for pid in pids)]


def disturb(name, run, environment, n_kills, longest, rng):
    """Run a protocol to its end, with some kills on the way; returns the numbers of its processes."""
    start, pids = command(name, "--quick", *PROTOCOLS[name], "--out", run), []
    while True:
        resume = name not in BY_FOLDER and (run / "config.json").exists()
        process = subprocess.Popen(
            command(name, "--quick", "--resume", run) if resume else start,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            start_new_session=True,
        )
        pids.append(process.pid)
        if len(pids) > n_kills:
            said, _ = process.communicate(timeout=300)
            assert process.returncode == 0, said
            return pids
        try:
            process.communicate(timeout=rng.uniform(0.05, longest))
        except subprocess.TimeoutExpired:
            # with its children, as a system does that is short of memory or goes down, or alone
            (os.killpg if rng.random() < 0.5 else os.kill)(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)


@pytest.mark.compiler
@pytest.mark.slow
@pytest.mark.parametrize("name", PROTOCOLS)
def test_killed_at_random_moments(name, tmp_path):
    """CI: the network without spikes alone; all others with BRIANFF_CAMPAIGN=1."""
    n_kills = campaign(10, 2 if name == "ann_forward_forward" else 0)
    if not n_kills:
        pytest.skip("with BRIANFF_CAMPAIGN=1")
    rng = random.Random(name)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = os.environ | {"TMPDIR": str(temporary), "BRIANFF_CACHE": str(tmp_path / "cache")}
    undisturbed = tmp_path / "undisturbed"
    first = command(name, "--quick", *PROTOCOLS[name], "--out", undisturbed)
    began = time.monotonic()
    subprocess.run(first, env=environment, check=True, capture_output=True)
    if name != "ann_forward_forward":  # compiled by now
        began = time.monotonic()
        again = command(name, "--quick", *PROTOCOLS[name], "--out", tmp_path / "timed")
        subprocess.run(again, env=environment, check=True, capture_output=True)
    longest = time.monotonic() - began
    expected = results(undisturbed)
    kills = 0
    while kills < n_kills:
        run, cache = tmp_path / f"run{kills}", tmp_path / "cache"
        if not kills:  # once with kills while it compiles
            cache = environment["BRIANFF_CACHE"] = str(tmp_path / "new_cache")
        some = min(5, n_kills - kills)
        pids = disturb(name, run, environment, some, longest, rng)
        kills += some
        assert results(run) == expected
        left = [p.name for p in Path(cache).glob("*") if p.name.startswith(("brianff-", "build-")) or ".lock" in p.name]
        assert not left and not in_memory(pids)
        assert not list(temporary.iterdir()) and not list(run.rglob("*.tmp"))
        environment["BRIANFF_CACHE"] = str(tmp_path / "cache")
    np.testing.assert_equal(kills, n_kills)
