"""Several runs of one script side by side, each a process of its own, that differ in their seed.

A step of a small network is too short to be shared between cores; whole runs are not.
"""

import os
import re
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from brianff.errors import BrianffError, OptionError
from brianff.machine import usable_cores

__all__ = ["JOBS", "SeedError", "run_seeds", "without"]

JOBS = dict(low=0, high=1024)  # range of a number of processes; 0: one for each core

RESULT = re.compile(r"test accuracy: (\d\.\d+)")


class SeedError(BrianffError):
    """A run that failed; the message names it and ends with what it said."""


def without(arguments, *options):
    """Arguments of a command line without some options, which take one value each."""
    left, value = [], False
    for one in map(str, arguments):
        if value or one.partition("=")[0] in options:
            value = not value and one in options
        else:
            left.append(one)
    return left


def run_seeds(script, options, seeds, jobs, report=print):
    """Run ``python SCRIPT OPTIONS --seed N --out FOLDER`` for several seeds, some of them at a time.

    Parameters
    ----------
    script : path
        Prints ``test accuracy: 0.1234`` in a line of its own when its results are saved.
    options : callable
        From a seed to the list of command-line options.
    seeds : sequence of int
    jobs : int
        Processes at a time; 0: one for each core that this process may use.
    report : callable
        Gets every line of every run, its seed before it.

    Returns
    -------
    accuracies : ndarray, shape (len(seeds),)

    Raises
    ------
    SeedError
        If a run fails; those that have begun are waited for, the others do not begin.
    OptionError
        If `seeds` is empty or names a seed twice, or `jobs` is negative.
    """
    if not seeds or len(set(seeds)) != len(seeds):
        shown = ",".join(map(str, seeds)) or "none"
        raise OptionError(f"--seeds must be different numbers, at least one, not {shown}.")
    if jobs < 0:
        raise OptionError(f"--jobs must be positive, or 0 for one process a core, not {jobs}.")
    jobs = jobs or usable_cores()
    failed = threading.Event()
    # Several processes with as many threads as there are cores would be in each other's way.
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"} if jobs > 1 else os.environ

    def one(seed):
        if failed.is_set():
            return None
        process = subprocess.Popen(
            [sys.executable, "-u", str(script), *map(str, options(seed))],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        )
        line, found = "", None
        for line in process.stdout:
            report(f"seed {seed} | {line.rstrip()}")
            found = RESULT.fullmatch(line.strip()) or found
        process.wait()
        if not found:  # what fails after the result is a figure
            failed.set()
            raise SeedError(f"the run with seed {seed} ended with status {process.returncode}: {line.strip()}")
        return float(found[1])

    with ThreadPoolExecutor(min(jobs, len(seeds))) as pool:
        runs = [pool.submit(one, seed) for seed in seeds]
        try:
            return np.array([run.result() for run in runs])
        except KeyboardInterrupt:  # the runs have got it, too: each one writes its checkpoint
            failed.set()
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            raise
