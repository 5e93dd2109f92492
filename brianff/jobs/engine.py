"""Many runs, each of which ends as a row in one file; what is interrupted, goes on.

A folder of many runs has ``results.jsonl`` (`brianff.jobs.rows`) and a folder for each run; the row of a run is written
when it has ended.  Whoever is killed (a run's process, a cluster's worker, its scheduler, or the program that gave the
jobs out), the same call goes on where it was: runs that have a row are not done again, those that were under way go on
from their checkpoints to the same weights, bit for bit, and those that failed are tried again.
"""

import contextlib
import shutil
import time
from pathlib import Path

from brianff.devices import require_device
from brianff.endings import Stopped
from brianff.errors import BrianffError, OptionError
from brianff.jobs.cluster import ClusterPool
from brianff.jobs.display import Display, summary
from brianff.jobs.pools import Computing, LocalPool
from brianff.jobs.rows import Rows, described
from brianff.learning.method import method_of
from brianff.results import ResultsError, lock_folder

__all__ = ["RESULTS", "Results", "pool_of", "require_devices", "run", "stopping_cleanly"]

RESULTS = "results.jsonl"


class Results:
    """The folder of many runs, which this process alone works in.

    Parameters
    ----------
    out : path
    report : callable, optional

    Attributes
    ----------
    rows : `brianff.jobs.rows.Rows`
    """

    def __init__(self, out, report=lambda text: None):
        self.out = Path(out)
        self._lock = lock_folder(self.out, report)
        self.rows = Rows(self.out / RESULTS)

    def folder(self, job):
        """Of a run, wherever it is done."""
        return str(self.out.resolve() / job.name)

    def keep(self, job, options, outcome):
        """Write the row of a job that has ended; returns it.

        Parameters
        ----------
        job : `brianff.jobs.job.Job`
        options : dict
            Of `described`.
        outcome : `brianff.jobs.worker.Outcome`
        """
        folder = Path(self.folder(job))
        report = folder.with_name(f"{job.name}.error.txt")
        if outcome.failed:
            row = self.rows.add(job.name, options, {**job.columns, "failed": outcome.failed})
            if outcome.traceback:
                report.write_text(outcome.traceback)
            return row
        self._check_shared(folder)
        row = self.rows.add(job.name, options, {**job.columns, **outcome.row, **job.columns})
        report.unlink(missing_ok=True)
        if not job.keep:
            shutil.rmtree(folder, ignore_errors=True)
        return row

    @staticmethod
    def _check_shared(folder):
        """Refuse results that lie on another machine's disk."""
        for _ in range(20):  # a network file system may take a while
            if (folder / "config.json").exists():
                return
            time.sleep(0.5)
        raise ResultsError(
            f"{folder} is not here, although its run has ended: the workers must see the same file system. Choose an "
            "--out that they share."
        )


def run(jobs, out, computing=None, report=print, on_row=lambda job, row: None) -> list[dict]:
    """Do many runs.

    Parameters
    ----------
    jobs : sequence of `brianff.jobs.Job`
    out : path or `Results`
        Folder of all of them.
    computing : `brianff.jobs.Computing`, optional
        Where (default: in processes of this machine, one a core).
    report : callable
        Called with a sentence that is worth knowing.
    on_row : callable, optional
        Called as ``on_row(job, row)`` with every new row.

    Returns
    -------
    rows : list of dict
        In the order of the jobs: what tells each from the others, and what `brianff.train` says of it; or why it
        ``failed``.

    Raises
    ------
    BrianffError
        If anything is not in order before the first run begins; or if all of them fail.
    Stopped
        On Ctrl-C: all rows are kept, and what was under way can go on.
    """
    jobs, computing = list(jobs), computing or Computing()
    names = [job.name for job in jobs]
    if not jobs or len(set(names)) < len(names):
        twice = next((name for k, name in enumerate(names) if name in names[:k]), None)
        raise OptionError(f"two runs are called '{twice}'." if jobs else "there is nothing to do: no runs.")
    options = {job.name: described(job.options) for job in jobs}
    require_devices([job.options for job in jobs], computing)
    results = out if isinstance(out, Results) else Results(out, report)
    out = results.out
    for name, of_job in options.items():
        results.rows.check(name, of_job)
    todo = [job for job in jobs if not _is_done(job, results.rows.of_runs.get(job.name))]
    if len(todo) < len(jobs):
        report(f"{len(jobs) - len(todo)} of {len(jobs)} runs are there already, in {out}.")
    if todo:
        with (
            Display(len(jobs), len(jobs) - len(todo)) as display,
            stopping_cleanly(display, out),
            pool_of(computing, display.heard, report) as pool,
        ):
            for job in todo:
                pool.submit(job, results.folder(job))
            for _ in todo:
                job, outcome = pool.next()
                row = results.keep(job, options[job.name], outcome)
                display.ended(job, summary(row))
                on_row(job, row)
    rows = [results.rows.of_runs[name] for name in names]
    if all("failed" in row for row in rows):
        raise BrianffError(f"all {len(rows)} runs failed, and first: {rows[0]['failed']} (all of it: {out})")
    return rows


def _is_done(job, row):
    """Whether a row has all that a job asks for; a run that has not been tested so far is only tested."""
    return row is not None and "failed" not in row and (not job.test or "test_accuracy" in row)


def require_devices(many, computing):
    """Raise the error of a device that this machine does not have, where the runs are done here.

    Parameters
    ----------
    many : list of dict
        Options, as for `brianff.train`.
    computing : `brianff.jobs.Computing`
    """
    if computing.scheduler or computing.cluster:
        return
    named = [method_of(options) for options in many]
    for name in {given.get("device", getattr(method.Options, "device", None)) for method, given in named} - {None}:
        require_device(name)


def pool_of(computing, say=lambda job, kind, value: None, report=lambda text: None):
    """The `Pool` that `Computing` asks for."""
    if computing.scheduler or computing.cluster:
        return ClusterPool(computing, say, report)
    return LocalPool(computing.jobs, say)


@contextlib.contextmanager
def stopping_cleanly(display, out):
    try:
        yield
    except KeyboardInterrupt:
        raise Stopped(
            f"stopped: {display.done} of {display.total} {display.what} are done, and those under way have their "
            f"checkpoints. Go on with the same command and --out {out}"
        ) from None
