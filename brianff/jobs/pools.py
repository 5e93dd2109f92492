"""Where jobs are done: in processes of this machine, or on the workers of a Dask cluster (`brianff.jobs.cluster`)."""

import queue
import threading
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from brianff.errors import OptionError
from brianff.jobs.worker import Worker
from brianff.machine import usable_cores
from brianff.options import Options, option

__all__ = ["CLUSTERS", "Computing", "LocalPool", "Pool"]

CLUSTERS = ("slurm", "pbs", "sge", "lsf", "htcondor", "oar", "moab", "local")


@dataclass(frozen=True)
class Computing(Options):
    """Where many runs are done."""

    jobs: int = option(
        0,
        "runs at a time, each with one thread; 0: one a core; with --cluster: jobs that are submitted",
        low=0,
        high=1024,
    )
    scheduler: str | None = option(
        None, "do them on the workers of this Dask scheduler, as in tcp://host:8786", metavar="ADDRESS"
    )
    cluster: str | None = option(
        None,
        "start workers on a cluster, through dask-jobqueue and its configuration file; local: on this machine",
        choices=list(CLUSTERS),
    )

    def __post_init__(self):
        super().__post_init__()
        if self.scheduler and self.cluster:
            raise OptionError("--scheduler names workers that are there, --cluster starts some: leave one out.")
        if self.scheduler and self.jobs:
            raise OptionError("--scheduler has as many runs at a time as its workers have threads: leave out --jobs.")
        if self.cluster and not self.jobs:
            raise OptionError(f"--cluster {self.cluster} submits so many jobs: say how many, --jobs N.")


class Pool(ABC):
    """Does jobs side by side.

    Used as a context manager; what still runs when it is left, is stopped at its last checkpoint.

    Parameters
    ----------
    say : callable
        Called as ``say(job, kind, value)``, from any thread (see `brianff.jobs.worker.Worker.do`).
    """

    def __init__(self, say=lambda job, kind, value: None):
        self.say = say

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    @property
    @abstractmethod
    def size(self):
        """Jobs that are done at a time, now."""

    @abstractmethod
    def submit(self, job, folder):
        """Have a job done, in the run's folder (str)."""

    @abstractmethod
    def next(self):
        """(job, outcome) of one that has come to its end; waits for it."""

    @abstractmethod
    def close(self):
        """Stop what runs at its last checkpoint, and wait for it."""


class LocalPool(Pool):
    """Processes of this machine.

    Parameters
    ----------
    size : int
        0: one for each core that this process may use.
    say : callable, optional
    """

    def __init__(self, size=0, say=lambda job, kind, value: None):
        super().__init__(say)
        self._size = size or usable_cores()
        self._threads, self._finished = ThreadPoolExecutor(self._size), queue.SimpleQueue()
        self._workers, self._own = [], threading.local()
        self._closing = False

    @property
    def size(self):
        return self._size

    @property
    def pids(self):
        """Of the processes."""
        return [pid for worker in self._workers if (pid := worker.pid) is not None]

    def submit(self, job, folder):
        self._threads.submit(self._do, job, folder).add_done_callback(self._finished.put)

    def _do(self, job, folder):
        if not hasattr(self._own, "worker"):  # one for each thread
            self._own.worker = Worker()
            self._workers.append(self._own.worker)
        if self._closing:
            self._own.worker.stop()
        return job, self._own.worker.do(job, folder, lambda kind, value: self.say(job, kind, value))

    def next(self):
        return self._finished.get().result()

    def close(self):
        self._closing = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in self._workers:
            worker.stop()
        self._threads.shutdown()
        for worker in self._workers:
            worker.close()
