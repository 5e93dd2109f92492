"""Jobs on the workers of a Dask cluster: of one that is there, or one that a batch system starts.

Every job is one Dask task, which has a process of its own (`brianff.jobs.worker`) on the machine of its Dask worker.
Tasks are lost when a worker is killed too often, when the scheduler is, or when the connection to it breaks: they are
given out again, and their runs go on from their checkpoints.  A task that nobody waits for any more stops its run.

Dask's clusters do not look after the number of their workers: one that is killed while it starts is not started again,
and one that has been lost is closed for good if its successor is not there just when the cluster looks, some seconds
later.  With both gone, tasks wait for ever.  So a cluster of our own is asked for all its workers again and again.
"""

import importlib.metadata
import signal
import threading
import time
import uuid

from brianff.errors import OptionError, speaking_of_options, speaks_of_options
from brianff.extras import library
from brianff.jobs.pools import Pool
from brianff.jobs.worker import MOST_DEATHS, Outcome, Worker

__all__ = ["ClusterPool"]

_INTERVAL = 0.2  # seconds between two looks at the tasks
_PATIENCE = 10.0  # seconds before it is worth a sentence that nothing happens
_BETWEEN = 5.0  # seconds between two requests for the workers of a cluster of our own
_own = threading.local()


class ClusterPool(Pool):
    """Workers of a Dask cluster.

    Parameters
    ----------
    computing : `brianff.jobs.pools.Computing`
    say, report : callable
    """

    def __init__(self, computing, say=lambda job, kind, value: None, report=lambda text: None):
        super().__init__(say)
        self.report = report
        self._cluster = self._client = None
        self._tasks = {}  # future -> (job, folder, times that its worker was killed)
        self._topic = f"brianff-{uuid.uuid4().hex}"
        self._computing, self._threads = computing, 1
        self._asked = self._scaled = time.monotonic() - _PATIENCE
        self._closing, self._said = False, set()
        self._distributed = _distributed()
        self.address = computing.scheduler
        if computing.cluster:
            self._cluster = _started(computing)
            self.address = self._cluster.scheduler_address
            self.report(f"{computing.jobs} workers asked for ({computing.cluster}); their scheduler is {self.address}")
        try:
            self._connect()
        except (OSError, ValueError) as error:
            raise OptionError(f"--scheduler {self.address} does not answer: {error}") from None

    def _connect(self):
        self._client = self._distributed.Client(self.address, timeout=5, set_as_default=False)
        self._client.subscribe_topic(self._topic, self._heard)

    def _heard(self, event):
        name, kind, value = event[1]
        jobs = [job for job, _, _ in list(self._tasks.values()) if job.name == name]
        if jobs and not self._closing:
            self.say(jobs[0], kind, value)

    @property
    def size(self):
        if time.monotonic() - self._asked > 2:
            self._asked = time.monotonic()
            try:
                self._threads = max(1, sum(self._client.nthreads().values()))
            except (OSError, TimeoutError, ValueError):  # just now it does not answer
                pass
        return self._threads

    def submit(self, job, folder, killed=0):
        told = importlib.metadata.version("brianff"), speaks_of_options(), self._topic
        task = self._client.submit(_do, job, folder, *told, key=f"{job.name}-{uuid.uuid4().hex}", pure=False)
        self._tasks[task] = (job, folder, killed)

    def next(self):
        begun = time.monotonic()
        while True:
            self._look_after(time.monotonic() - begun)
            for task in list(self._tasks):
                if (outcome := self._outcome(task)) is not None:
                    return self._tasks.pop(task)[0], outcome
            time.sleep(_INTERVAL)

    def _outcome(self, task):
        """Of a task that has come to its end, or None; one that was lost is given out again."""
        job, folder, killed = self._tasks[task]
        if task.status == "finished":
            found = self._result(task)
            if found is None or not found.stopped:
                return found
        elif task.status == "error":
            error = task.exception()
            if type(error).__name__ != "KilledWorker":
                return Outcome(failed=f"on a worker: {type(error).__name__}: {error}")
            if killed + 1 >= MOST_DEATHS:
                return Outcome(failed=f"its workers were killed again and again: {error}")
            killed += 1
        elif task.status == "cancelled" and self._client.status == "running":
            self._client.subscribe_topic(self._topic, self._heard)  # a scheduler that is new knows of nobody
        else:
            return None
        del self._tasks[task]
        self.submit(job, folder, killed)
        return None

    @staticmethod
    def _result(task):
        try:
            return task.result(timeout=5)
        except Exception:  # its worker was killed just now: the scheduler has it done again, or the task is lost
            return None

    def _look_after(self, waited):
        """Ask for workers that are gone, connect again to a scheduler that was; say what is being waited for."""
        if self._cluster is not None and time.monotonic() - self._scaled > _BETWEEN:
            self._scaled = time.monotonic()
            _scale(self._cluster, self._computing)
        status = self._client.status
        if status == "running":
            self._said.discard("gone")
            if waited > _PATIENCE and not self._client.nthreads():
                self._say_once("workers", f"{self.address} has no workers yet: waiting for them.")
            return
        self._say_once("gone", f"the scheduler {self.address} does not answer: waiting for it to come back.")
        if status == "closed":
            try:
                self._connect()
            except (OSError, ValueError):
                time.sleep(1.0)

    def _say_once(self, what, text):
        if what not in self._said:
            self._said.add(what)
            self.report(text)

    def close(self):
        self._closing = True
        if self._client.status == "running":
            self._client.cancel(list(self._tasks))  # their workers stop them at a checkpoint
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()


def _distributed():
    return library("distributed", "cluster", "a Dask cluster")


def _started(computing):
    """The cluster that is asked for, of Dask or dask-jobqueue."""
    name = computing.cluster
    if name == "local":
        return _distributed().LocalCluster(n_workers=computing.jobs, threads_per_worker=1)
    dask_jobqueue = _jobqueue()
    # as its classes are called: SLURMCluster, HTCondorCluster …
    kinds = {kind.removesuffix("Cluster").lower(): kind for kind in dir(dask_jobqueue) if kind.endswith("Cluster")}
    try:
        cluster = getattr(dask_jobqueue, kinds[name])()
        _scale(cluster, computing)
    except (ValueError, TypeError, RuntimeError, OSError) as error:
        said = " ".join(str(error).split())
        raise OptionError(
            f"--cluster {name}: {said} (~/.config/dask/jobqueue.yaml says what a job has, under jobqueue: {name})"
        ) from None
    return cluster


def _jobqueue():
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        return library("dask_jobqueue", "cluster", "--cluster")
    finally:
        for number, handler in handlers.items():  # it has Ctrl-C end the program on the spot
            signal.signal(number, handler)


def _scale(cluster, computing):
    if computing.cluster == "local":
        cluster.scale(computing.jobs)
    else:
        cluster.scale(jobs=computing.jobs)


# -- on a worker ---------------------------------------------------------------------------------------------------


def _do(job, folder, version, of_options, topic):
    """The outcome of a job, in a thread of a Dask worker."""
    from distributed import get_worker

    here = importlib.metadata.version("brianff")
    if here != version:
        return Outcome(failed=f"its worker has brianff {here}, and this is {version}: install the same.")
    dask = get_worker()
    key = dask.get_current_task()

    def say(kind, value):
        dask.log_event(topic, (job.name, kind, value))

    def cancelled():
        task = dask.state.tasks.get(key)
        return task is None or task.state not in ("executing", "long-running")

    if not hasattr(_own, "worker"):
        _own.worker = Worker()
    with speaking_of_options(of_options):
        return _own.worker.do(job, folder, say, cancelled)
