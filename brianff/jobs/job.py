"""One run of one method, from its options to a row of results; begun anew, or taken up where it was interrupted."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from brianff.errors import OptionError
from brianff.learning.method import Method, method_class
from brianff.learning.run import Run
from brianff.results import InUseError

__all__ = ["Job", "make_method", "method_of", "train"]

PATIENCE = 60.0  # seconds for another process, whose end is near, to leave a folder
# Entries of a row of metrics that are no measures of the network.
_NO_MEASURES = ("what", "samples", "epoch", "validation_seconds")


@dataclass(frozen=True)
class Job:
    """A run among many.

    Attributes
    ----------
    name : str
        Of its folder within the folder of all, and of its row.
    options : dict
        As for `train`.
    columns : dict of str -> str or number
        First entries of its row: what tells it from the others.
    test : bool
        Whether the trained network is shown the test samples.
    until : int, optional
        Stop after so many validations; the same job without it goes on from there.
    finish : callable, optional
        Called as ``finish(run, evaluation)`` after training, in another process; returns further entries of the row.
    keep : bool
        Whether the run's folder stays when its row is written.
    """

    name: str
    options: dict
    columns: dict = field(default_factory=dict)
    test: bool = True
    until: int | None = None
    finish: Callable | None = None
    keep: bool = True

    def __str__(self):
        values = {key: f"{value:.4g}" if isinstance(value, float) else value for key, value in self.columns.items()}
        return ", ".join(f"{key} {value}" for key, value in values.items()) or self.name


def method_of(options):
    """(class of the method, its other options) that a dictionary names."""
    options = dict(options)
    method = options.pop("method", "forward_forward")
    if isinstance(method, type) and issubclass(method, Method):
        return method, options
    return method_class(method), options


def make_method(options, dataset=None, report=lambda text: None):
    """The method that a dictionary of options means, as for `train`; `dataset`: in place of the one that they name."""
    chosen, given = method_of(options)
    named = given.pop("dataset", None)
    return chosen(named if dataset is None else dataset, report, **given)


def train(options, folder=None, on_validation=None, *, test=True, until=None, finish=None, watch=None, report=print):
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
