"""Many runs on Dask: a scheduler that is there, workers of this machine, a batch system; and what is killed there."""

import importlib
import os
import random
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import campaign

import brianff as ff
from brianff import jobs
from brianff.errors import BrianffError, OptionError
from brianff.jobs import cluster as clusters
from brianff.results import RunFolder

pytestmark = pytest.mark.slow

DIGITS = ff.datasets.load("digits")
DATA = ff.datasets.from_arrays(DIGITS.images[:200], DIGITS.labels[:200], test=10, validation=10, name="few digits")
SMALL = dict(dataset=DATA, device="runtime", layers=(6,), limit=40, epochs=2, steps=8, mini_batch=10, label_neurons=1)
SMALL |= dict(chunk=10, refresh=10)
PASSES = campaign(12, 6)


def todo(n, **options):
    return [jobs.Job(f"seed{k}", SMALL | options | {"seed": k}, {"seed": k}, test=False) for k in range(1, n + 1)]


def weights(out, n):
    return [RunFolder(out / f"seed{k}").load("weights")["w1"] for k in range(1, n + 1)]


@pytest.fixture
def dask(monkeypatch):
    """A cluster of this process with two workers, whose address is returned."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        yield cluster


def test_runs_on_a_scheduler_that_is_there(dask, tmp_path):
    """Rows, words on the way, and weights as of runs in processes of this machine; a failure is a row."""
    said = []
    todo_here = [*todo(2), jobs.Job("bad", SMALL | {"layers": (2_000_000, 2_000_000)}, {"seed": 9})]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "brianff.jobs.display.Display.heard", lambda self, job, kind, value: said.append((job.name, kind))
        )
        rows = jobs.run(todo_here, tmp_path / "out", jobs.Computing(scheduler=dask.scheduler_address))
    assert [row["seed"] for row in rows] == [1, 2, 9] and " weights" in rows[2]["failed"]
    assert ("seed1", "begun") in said and ("seed2", "begun") in said
    alone = jobs.run(todo(2), tmp_path / "alone", jobs.Computing(jobs=1))
    assert [row["validation_accuracy"] for row in rows[:2]] == [row["validation_accuracy"] for row in alone]
    np.testing.assert_array_equal(weights(tmp_path / "out", 2), weights(tmp_path / "alone", 2))


def test_a_scheduler_that_is_not_there(tmp_path):
    with pytest.raises(OptionError, match="scheduler tcp://127.0.0.1:1 does not answer"):
        jobs.run(todo(1), tmp_path / "out", jobs.Computing(scheduler="tcp://127.0.0.1:1"))


def test_without_dask_there_is_a_way_out(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(BrianffError, match=r'pip install "brianff\[cluster\]"'):
        jobs.run(todo(1), tmp_path / "out", jobs.Computing(scheduler="tcp://127.0.0.1:1"))


SBATCH = """#!{python}
import re, subprocess, sys
log = open("{folder}/submitted", "a")
text = open(sys.argv[-1]).read()
log.write(text + "\\n")
process = subprocess.Popen(["bash", sys.argv[-1]], stdout=log, stderr=log, start_new_session=True)
print("Submitted batch job", process.pid)
"""
SCANCEL = """#!{python}
import os, signal, sys
for number in sys.argv[1:]:
    try:
        os.killpg(int(number), signal.SIGKILL)
    except ProcessLookupError:
        pass
"""


def test_workers_of_a_batch_system(tmp_path, monkeypatch):
    """With programs of SLURM's names, which run what is submitted on this machine."""
    import dask

    handler = signal.getsignal(signal.SIGINT)
    for name, text in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.format(python=sys.executable, folder=tmp_path))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OptionError, match=r"cluster slurm: .* \(~/\.config/dask/jobqueue\.yaml"):
        jobs.run(todo(1), tmp_path / "out", jobs.Computing(cluster="slurm", jobs=1))
    configured = {"jobqueue.slurm.cores": 1, "jobqueue.slurm.memory": "2GB", "jobqueue.slurm.walltime": "00:10:00"}
    with dask.config.set(configured):
        rows = jobs.run(todo(2), tmp_path / "out", jobs.Computing(cluster="slurm", jobs=2))
    assert [row["samples"] for row in rows] == [80, 80]
    assert signal.getsignal(signal.SIGINT) is handler  # which dask_jobqueue replaces
    submitted = (tmp_path / "submitted").read_text()
    assert "#SBATCH -t 00:10:00" in submitted and "distributed.cli.dask_worker" in submitted


def disturbed(n_runs, n_kills, out, rng, longest, victims):
    """Do runs, while processes of `victims()` are killed now and then; returns the number of kills."""
    done, killed = threading.Event(), []

    def kill():
        while len(killed) < n_kills and not done.wait(rng.uniform(0.2, longest)):
            pids = victims()
            if pids:
                killed.append(rng.choice(pids))
                try:
                    os.kill(killed[-1], signal.SIGKILL)
                except ProcessLookupError:
                    killed.pop()

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        rows = jobs.run(todo(n_runs, epochs=PASSES), out, jobs.Computing(cluster="local", jobs=2))
    finally:
        done.set()
        thread.join()
    assert [row["samples"] for row in rows] == [40 * PASSES] * n_runs
    return len(killed)


def children(pid):
    """Numbers of the processes that a process has started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def test_workers_that_are_killed(tmp_path, monkeypatch):
    """Dask's workers and the runs' own processes, at random: every row is there, with the weights of undisturbed runs.

    A few here; with BRIANFF_CAMPAIGN=1, 20 kills over 24 runs.
    """
    n_runs, n_kills = campaign((24, 20), (3, 2))
    started, clustered = [], clusters._started
    monkeypatch.setattr(clusters, "_started", lambda computing: started.append(clustered(computing)) or started[-1])

    def victims():
        workers = [nanny.pid for cluster in started for nanny in cluster.workers.values() if nanny.pid]
        return workers + [run for worker in workers for run in children(worker)]

    rng = random.Random("killed workers")
    killed = disturbed(n_runs, n_kills, tmp_path / "out", rng, campaign(4, 6), victims)
    jobs.run(todo(n_runs, epochs=PASSES), tmp_path / "undisturbed")
    np.testing.assert_array_equal(weights(tmp_path / "out", n_runs), weights(tmp_path / "undisturbed", n_runs))
    assert killed == n_kills or n_runs == 3


def scheduler(port):
    """A scheduler and two workers, as ``dask scheduler`` and ``dask worker`` start them: list of processes."""
    dask = [sys.executable, "-m", "dask"] if importlib.util.find_spec("dask.__main__") else ["dask"]
    more = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    address = f"tcp://127.0.0.1:{port}"
    made = [
        subprocess.Popen([*dask, "scheduler", "--port", str(port), "--no-dashboard", "--host", "127.0.0.1"], **more)
    ]
    for _ in range(2):
        made.append(subprocess.Popen([*dask, "worker", address, "--nthreads", "1", "--no-dashboard"], **more))
    return made


def test_a_scheduler_that_is_killed_and_started_again(tmp_path):
    """Runs go on from their checkpoints, and nobody is waited for who will not come back."""
    port = random.Random().randint(20000, 60000)
    begun, processes, told = threading.Event(), scheduler(port), []

    def heard(self, job, kind, value):
        if kind == "progress":
            begun.set()

    def restart():
        begun.wait(120)
        for process in processes:
            os.killpg(process.pid, signal.SIGKILL)
        time.sleep(2)
        processes.extend(scheduler(port))

    thread = threading.Thread(target=restart)
    thread.start()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("brianff.jobs.display.Display.heard", heard)
            computing = jobs.Computing(scheduler=f"tcp://127.0.0.1:{port}")
            deadline = time.monotonic() + 60
            while True:
                try:
                    rows = jobs.run(todo(2, epochs=12), tmp_path / "out", computing, told.append)
                    break
                except OptionError:  # not yet there
                    assert time.monotonic() < deadline
                    time.sleep(0.5)
    finally:
        begun.set()
        thread.join()
        for process in processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    assert [row["samples"] for row in rows] == [480] * 2
    assert any("does not answer: waiting for it to come back" in text for text in told)
    jobs.run(todo(2, epochs=12), tmp_path / "undisturbed")
    np.testing.assert_array_equal(weights(tmp_path / "out", 2), weights(tmp_path / "undisturbed", 2))
