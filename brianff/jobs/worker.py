"""A process that does one job after another, for whoever has started it.

It has one thread, Brian2 and its networks to itself, and ends when the one that it works for does.  Jobs come through a
socket, and what is to be said of them goes back: ``(kind, value)``, the outcome last.
"""

import contextlib
import gc
import multiprocessing.connection
import os
import pickle
import pkgutil
import queue
import signal
import subprocess
import sys
import threading
import time
import traceback
from dataclasses import dataclass

import cloudpickle

from brianff.endings import Stopped, warnings_said
from brianff.errors import BrianffError, speaking_of_options, speaks_of_options

__all__ = ["Outcome", "Worker"]

JOBS_OF_A_PROCESS = 20  # then a new one: Brian2 keeps much of what it has built
PERFORM = "brianff.jobs.training:perform"  # what does a job
_INTERVAL = 1.0  # seconds between two questions whether a job is to stop
MOST_DEATHS = 10  # of a job's process, one after the other, without getting further
_PROGRAM = "import sys, brianff.program; from brianff.jobs.worker import main; main(int(sys.argv[1]))"
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Outcome:
    """What has become of a job.

    Attributes
    ----------
    row : dict or None
    failed : str or None
        Why there is no row, in a sentence.
    traceback : str or None
        Of a failure.
    """

    row: dict | None = None
    failed: str | None = None
    traceback: str | None = None

    @property
    def stopped(self):
        """Whether it was asked to stop: it goes on from its checkpoint."""
        return self.row is None and self.failed is None


class _Died(Exception):
    pass


class Worker:
    """The process, as the one who has started it sees it; it is started when there is a job."""

    def __init__(self):
        self._process = self._connection = None
        self._jobs, self._stopping = 0, False
        self._turn = threading.Lock()

    def do(self, job, folder, say, cancelled=lambda: False):
        """Do a job, however often the process is killed on the way: it goes on from the run's checkpoint.

        Parameters
        ----------
        job : `brianff.jobs.job.Job`
        folder : str
            Of the run.
        say : callable
            Called as ``say(kind, value)``: "begun" and "progress" with (samples, of how many, words), "said" with a
            sentence.
        cancelled : callable, optional
            Asked once a second; from True on, the job is to stop at its last checkpoint.

        Returns
        -------
        outcome : `Outcome`
        """
        deaths, furthest = 0, -1
        while True:
            began = []

            def heard(kind, value, began=began):
                if kind == "begun":
                    began.append(value[0])
                say(kind, value)

            try:
                return self._once(job, folder, heard, cancelled)
            except _Died as died:
                self.close()
                if self._stopping or cancelled():
                    return Outcome()
                further = bool(began) and began[0] > furthest
                furthest = max([furthest, *began])
                deaths = 1 if further else deaths + 1
                if deaths >= MOST_DEATHS:
                    return Outcome(
                        failed=f"its process came to its end {deaths} times without getting further (the last time by "
                        f"{died}): is there enough memory?"
                    )

    def _once(self, job, folder, say, cancelled):
        if self._jobs >= JOBS_OF_A_PROCESS:
            self.close()
        if self._process is None:
            self._start()
        self._jobs += 1
        try:
            content = cloudpickle.dumps((job, folder, speaks_of_options()))  # also functions of scripts and notebooks
        except Exception as error:
            return Outcome(failed=f"{job.name} cannot be handed to another process: {error}")
        try:
            self._send(content)
            if self._stopping:  # asked for just before
                self._send(b"")
            asked, when = False, time.monotonic()
            while True:
                if self._connection.poll(_INTERVAL):
                    kind, value = self._connection.recv()
                    if kind == "outcome":
                        return value
                    say(kind, value)
                if not asked and time.monotonic() - when > _INTERVAL:
                    asked, when = cancelled(), time.monotonic()
                    if asked:
                        self._send(b"")
        except (OSError, EOFError):
            raise _Died(self._how_it_ended()) from None

    def _send(self, content):
        with self._turn:
            self._connection.send_bytes(content)

    def _start(self):
        ours, theirs = multiprocessing.Pipe()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=2,  # stderr: what is printed there is no result of the program's
                start_new_session=True,  # Ctrl-C reaches the one who has started it, who decides what happens
                env=os.environ | _ONE_THREAD,
            )
        self._connection, self._jobs = ours, 0
        self._send(pickle.dumps(sys.path))

    def _how_it_ended(self):
        try:
            status = self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        return f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"

    @property
    def pid(self):
        """Of the process, or None."""
        process = self._process
        return process.pid if process is not None else None

    def stop(self):
        """Ask for the job at hand, and those to come, to stop at the last checkpoint; from any thread."""
        self._stopping = True
        with contextlib.suppress(OSError, AttributeError):  # there is no process, or it has ended
            self._send(b"")

    def close(self):
        """End the process."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._connection.close()
            self._process = self._connection = None


# -- within the process --------------------------------------------------------------------------------------------


def main(descriptor):
    """Do the jobs that come through a socket, until it is closed."""
    connection = multiprocessing.connection.Connection(descriptor)
    sys.path[:] = pickle.loads(connection.recv_bytes())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # but while there is a job
    jobs = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(connection, jobs), daemon=True).start()
    while True:
        content, stop = jobs.get()
        outcome = _done(content, stop, connection)
        if outcome.row is None:
            gc.collect()  # what failed lets go of its folder
        connection.send(("outcome", outcome))


def _listen(connection, jobs):
    stop = threading.Event()
    while True:
        try:
            content = connection.recv_bytes()
        except (EOFError, OSError):  # nobody is there any more
            os._exit(1)
        if content:
            stop = threading.Event()
            jobs.put((content, stop))
        else:  # wakes the main thread up, whatever it waits for
            stop.set()
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)


def _done(content, stop, connection):
    """The outcome of a job."""
    # Brian2 takes a second to import: by now somebody listens. Its own way with Ctrl-C is replaced below.
    perform = pkgutil.resolve_name(PERFORM)
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if stop.is_set():
            return Outcome()
        job, folder, of_options = pickle.loads(content)

        def say(kind, value):
            connection.send((kind, value))

        with speaking_of_options(of_options), warnings_said(lambda text: say("said", text)):
            return Outcome(row=perform(job, folder, say))
    except (Stopped, KeyboardInterrupt):
        return Outcome()
    except BrianffError as error:
        return Outcome(failed=str(error), traceback=traceback.format_exc())
    except Exception as error:  # a bug, but the other runs go on
        return Outcome(failed=f"{type(error).__name__}: {error}", traceback=traceback.format_exc())
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
