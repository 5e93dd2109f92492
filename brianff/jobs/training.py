"""One run of one method, from its options to a row of results; begun anew, or taken up where it was interrupted."""

import time

from brianff.errors import OptionError
from brianff.learning.method import make_method
from brianff.learning.run import Run
from brianff.results import InUseError

__all__ = ["perform", "train"]

PATIENCE = 60.0  # seconds for another process, whose end is near, to leave a folder
INTERVAL = 0.5  # seconds between two words on how far a run has come
# Entries of a row of metrics that are no measures of the network.
_NO_MEASURES = ("what", "samples", "epoch", "validation_seconds")


def train(
    options, folder=None, on_validation=None, *, test=True, until=None, finish=None, watch=None, report=print
) -> dict:
    """Train one network, and say in a row what has become of it.

    Parameters
    ----------
    options : dict
        Those of the method, and its name, or class, as ``"method"`` (default: forward_forward).
    folder : path, optional
        Of the run: a new one; or one with the same run in it, which goes on from its checkpoint.  None: in memory.
    on_validation : callable, optional
        Called as ``on_validation(run, row)`` after every validation; one that returns True stops the training.
    test : bool
        Whether the trained network is shown the test samples, once.  False: they are not looked at.
    until : int, optional
        Stop after so many validations; 0: learn nothing.
    finish : callable, optional
        Called as ``finish(run, evaluation)`` after training (`evaluation`: of the test samples, or None); returns
        further entries of the row.
    watch : callable, optional
        Called as ``watch(run, row)`` with every new row of metrics, and once, without a row, before the first.
    report : callable
        Called with a sentence when something slow begins or something is worth knowing.

    Returns
    -------
    row : dict
        method, network, data, seed; samples learnt, and of how many; seconds and cpu_seconds of training; the last
        validation's measures (``validation_accuracy``, …) and the curve of all of them; the same of the test samples
        (``test_accuracy``, …).

    Raises
    ------
    BrianffError
        If the options, or what the folder has, are not in order.
    Stopped
        On Ctrl-C: what has been learnt is kept.
    """
    run = _in_folder(make_method(options, report=report), folder, report)
    try:
        return _trained(run, on_validation, test, until, finish, watch)
    finally:
        if run.folder is not None:
            run.folder.release()


def _in_folder(method, folder, report):
    if folder is None:
        return Run(method)
    begun = time.monotonic()
    while True:
        try:
            return Run.begun_or_new(method, folder, report)
        except InUseError:  # a process that was given up may take a moment to end
            if time.monotonic() - begun > PATIENCE:
                raise
            time.sleep(0.2)


def _trained(run, on_validation, test, until, finish, watch):
    run.begin()
    if watch:
        watch(run, None)

    def enough(run):
        return until is not None and len(_validations(run)) >= until

    def look(run, row):
        if watch:
            watch(run, row)
        if row["what"] != "validation":
            return False
        return (on_validation is not None and on_validation(run, row) is True) or enough(run)

    if not enough(run):
        run.train(callbacks=[look], progress=False)
    return _row(run, test, finish)


def _validations(run):
    return [row for row in run.metrics if row["what"] == "validation"]


def _row(run, test, finish):
    method, (samples, of) = run.method, run.progress
    row = {
        "method": method.name,
        "network": method.network_name(),
        "data": method.data.name,
        "seed": method.options.seed,
        "samples": samples,
        "of": of,
        "seconds": round(run.seconds, 3),
        "cpu_seconds": round(run.cpu_seconds, 3),
    }
    if validations := _validations(run):
        row |= {f"validation_{k}": v for k, v in validations[-1].items() if k not in _NO_MEASURES}
        row["curve"] = {name: [one[name] for one in validations] for name in ("epoch", "accuracy")}
    evaluation = run.evaluate("test") if test else None
    if evaluation is not None:
        row |= {f"test_{k}": v for k, v in evaluation.measures().items()}
        if run.folder is not None:
            run.folder.save("evaluation", evaluation.arrays())
    if finish is not None:
        more = finish(run, evaluation)
        if both := row.keys() & more.keys():
            raise OptionError(f"what `finish` returns has '{min(both)}' again, which every row has.")
        row |= more
    return row


def perform(job, folder, say):
    """Do a `brianff.jobs.Job` in a folder; returns its row.

    Parameters
    ----------
    job : `brianff.jobs.Job`
    folder : path
    say : callable
        As in `brianff.jobs.worker.Worker.do`.
    """
    last = -INTERVAL

    def watch(run, row):
        nonlocal last
        now = time.monotonic()
        if row is None:
            say("begun", (*run.progress, ""))
        elif row["what"] == "validation" or now - last > INTERVAL:
            last = now
            words = f"validation accuracy {row['accuracy']:.4f}" if row["what"] == "validation" else ""
            say("progress", (*run.progress, words))

    return train(
        job.options,
        folder,
        test=job.test,
        until=job.until,
        finish=job.finish,
        watch=watch,
        report=lambda text: say("said", text),
    )
