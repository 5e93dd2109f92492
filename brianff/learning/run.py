"""The loop that all methods of learning share: chunks, metrics, validation, checkpoints, resuming."""

import dataclasses
import resource
import time
import typing
from pathlib import Path

import numpy as np

from brianff import datasets
from brianff.endings import Stopped
from brianff.errors import BrianffError, OptionError
from brianff.learning import folder as folders
from brianff.learning.checkpoints import Whole, check_checkpoint
from brianff.learning.evaluation import Evaluation
from brianff.learning.method import method_class
from brianff.learning.views import evaluate_views
from brianff.results import RunFolder
from brianff.stimulus import stream

if typing.TYPE_CHECKING:
    from brianff.learning.recordings import Recording

__all__ = ["Run", "cpu_seconds", "load"]


def cpu_seconds():
    """Processor time so far: (of this process, of those that it has started and waited for)."""
    usage = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return np.array([u.ru_utime + u.ru_stime for u in usage])


class Run:
    """One course of training of one method, in memory or in a folder.

    Parameters
    ----------
    method : `brianff.learning.method.Method`
    folder : path, optional
        A new folder, which is made when training begins, and gets a checkpoint after every chunk: `load` goes on with
        it.  None: in memory.

    Attributes
    ----------
    position : int
        Rows of the stream of samples that have been learnt.
    metrics : list of dict
        A row for each chunk ("what": "chunk") and each validation ("validation").
    seconds, cpu_seconds : float
        Of training so far, validation apart: on the clock, and of all cores together.
    """

    def __init__(self, method, folder=None):
        self.method, self.folder = method, None
        self.position, self.metrics = 0, []
        self.seconds = self.cpu_seconds = 0.0
        self.path = folder
        if folder is not None:
            RunFolder.check_new(folder)

    @classmethod
    def resume(cls, path, method=None, dataset=None, report=lambda text: None, trust_models=False, **changes) -> "Run":
        """A run as its folder has it, ready to go on.

        Parameters
        ----------
        path : path
        method : type, optional
            Class of the method (default: what the folder says).
        dataset : `brianff.datasets.Dataset` or `brianff.datasets.EventDataset`, optional
            Where the run was begun with an object: the same samples.
        report : callable, optional
        trust_models : bool
            Load the copies of model files in the folder (they are Python, and run), whoever began the run.
        **changes
            Options that may differ: `device` and `data`.

        Raises
        ------
        ResultsError
            If anything in the folder has been changed, or is damaged.
        """
        if method is None:
            method = method_class(RunFolder.open(path, report).document.get("method"))
        folder, options = folders.reopen(path, method.Options, report, trust_models)
        options = dataclasses.replace(options, **{k: v for k, v in changes.items() if v is not None})
        if options.dataset is None and dataset is None:
            dataset = _named(folder)
        return cls(method.of(options, dataset, report))._going_on(folder, report)

    @classmethod
    def begun_or_new(cls, method, folder, report=lambda text: None) -> "Run":
        """A run of a method in a folder: a new one, or the one that the folder has, which must be the same.

        Parameters
        ----------
        method : `brianff.learning.method.Method`
        folder : path
        report : callable, optional

        Raises
        ------
        ResultsError
            If the folder has another run, or is damaged.
        """
        if not (Path(folder) / "config.json").exists():
            return cls(method, folder)
        begun = RunFolder.open(folder, report)
        folders.check_options(begun, method)
        return cls(method)._going_on(begun, report)

    def _going_on(self, folder, report):
        """This run, as a folder has it."""
        self.folder, self.path = folder, folder.path
        folders.check_data(folder, self.method.data)
        folders.check_equations(folder, self.method.composition)
        if checkpoint := folder.load_checkpoint(report):
            self._restore(*checkpoint)
        return self

    def __repr__(self):
        done, total = self.progress
        where = f" in {self.path}" if self.path is not None else ""
        return f"<{self.method.name} {self.method.network_name()} on {self.method.data.name}, {done}/{total}{where}>"

    @property
    def progress(self) -> tuple[int, int]:
        """Samples learnt, and samples of the whole run."""
        return self.method.samples_at(self.position), self.method.samples_at(self.method.n_rows)

    @property
    def weights(self) -> dict:
        """Weight matrices, (n_pre, n_post), by the level of their layer or by name."""
        return self.method.weights()

    # -- the loop --------------------------------------------------------------------------------------------------
    def train(self, epochs=None, callbacks=(), progress=True) -> "Run":
        """Learn.

        Parameters
        ----------
        epochs : int, optional
            Passes over the training set: before anything is learnt, of the whole run, which the learning rate's
            schedule spans; later, so many more.  Default: to the end of what is planned.
        callbacks : sequence of callable
            Called as ``callback(run, row)`` with every new row of `metrics`; one that returns True stops the training,
            which can go on later.
        progress : bool
            Show a progress bar, and a line for each validation.

        Returns
        -------
        run : `Run`
            Itself.

        Raises
        ------
        Stopped
            On Ctrl-C: what has been learnt is kept, and the run can go on.
        """
        if epochs is not None:
            self._plan(epochs)
        self.begin()
        if progress:
            from brianff.learning.progress import shown

            with shown(self) as show:
                return self._loop([show, *callbacks])
        return self._loop(callbacks)

    def _plan(self, epochs):
        method = self.method
        if self.position:
            method.epochs = method.epoch_at(self.position) + epochs
        elif self.folder is not None and epochs != method.options.epochs:
            raise OptionError(f"this run has been begun with --epochs {method.options.epochs}: go on without another.")
        else:
            method.options = dataclasses.replace(method.options, epochs=epochs)
            method.epochs = epochs
        method.require_updates()

    def _loop(self, callbacks):
        method = self.method
        try:
            if self.position == 0 and self.folder is not None and not self.folder.has("checkpoint"):
                self._checkpoint()
            while self.position < method.n_rows:
                rows = self._chunk()
                self._checkpoint()
                answers = [callback(self, row) for row in rows for callback in callbacks]
                if any(answer is True for answer in answers):
                    break
        except KeyboardInterrupt:
            raise Stopped("stopped after {} of {} samples.".format(*self.progress)) from None
        if self.folder is not None:
            self.save_weights()
        return self

    def _chunk(self):
        """Learn from the rows up to the next stop; the new rows of metrics."""
        method, first = self.method, self.position
        began, began_cpu = time.perf_counter(), cpu_seconds().sum()
        rows = range(first, method.next_stop(first, self._samples_to_go()))
        found = method.learn(rows)
        self.position = rows.stop
        elapsed = time.perf_counter() - began
        self.seconds += elapsed
        self.cpu_seconds += float(cpu_seconds().sum() - began_cpu)
        n = method.samples_at(rows.stop) - method.samples_at(first)
        seconds = {name: round(getattr(self, name), 3) for name in ("seconds", "cpu_seconds")}
        new = [self._row("chunk") | seconds | {"samples_per_second": round(n / elapsed, 1)} | found]
        self.metrics += new
        if self._validation_is_due(first) and len(method.data.validation):
            new.append(self._validate())
            self.metrics.append(new[-1])
        return new

    def _row(self, what):
        samples = self.method.samples_at(self.position)
        return {"what": what, "samples": samples, "epoch": round(samples / len(self.method.train), 4)}

    def _samples_to_go(self):
        """Samples of the next chunk: to the next checkpoint or validation."""
        options, seen = self.method.options, self.method.samples_at(self.position)
        every = options.validate_every
        return min(options.chunk, every - seen % every) if every else options.chunk

    def _validation_is_due(self, first):
        """Whether one falls into the rows from `first` to the present one."""
        method, every = self.method, self.method.options.validate_every
        if self.position == method.n_rows:
            return True
        if every:
            return method.samples_at(self.position) // every > method.samples_at(first) // every
        return method.epoch_at(self.position) > method.epoch_at(first)

    # -- measuring -------------------------------------------------------------------------------------------------
    def _validate(self):
        method, options = self.method, self.method.options
        began = time.perf_counter()
        samples = stream(options.split_seed, "validate").permutation(method.data.validation)
        result = method.evaluate(np.sort(samples[: options.validate or None]))
        self._look_at(result, "validation")
        seconds = {"validation_seconds": round(time.perf_counter() - began, 3)}
        return self._row("validation") | seconds | result.measures() | method.measures()

    def evaluate(self, which="test", limit=None, views=()) -> Evaluation:
        """What the network says of samples, without learning.

        Parameters
        ----------
        which : {"test", "validation", "train"}
        limit : int, optional
            Only the first so many.
        views : sequence of str
            What an answer is the mean over, beside the image itself: ``mirrored``, ``moved``
            (`brianff.learning.views`).

        Returns
        -------
        evaluation : `brianff.learning.evaluation.Evaluation`
        """
        samples = self._samples(which)[:limit]
        if not len(samples):
            raise OptionError(f"the {which} set is empty.")
        result = evaluate_views(self.method, samples, views, offset=int(samples[0]))
        self._look_at(result, which)
        return result

    def _samples(self, which):
        if which not in ("train", "validation", "test"):
            raise OptionError(f"there is no set of '{which}' samples: it is train, validation or test.")
        return getattr(self.method.data, which)

    def _look_at(self, result, which):
        """What an evaluation says of the network's health."""
        method, predicted, how = self.method, result.predicted(), result.ways[0]
        layers = {}
        if how == "goodness":
            levels = method.trained_levels(self.position)
            layers = {f"layer {level}": result.by_goodness([level - 1]) for level in levels}
        how = "the output" if how == "output" else how
        done = self.position / method.n_rows
        seen = method.samples_at(self.position)
        method.health.after_evaluation(done, how, predicted, result.labels, which, layers, seen)

    def record(self, samples=(0,), neurons=None, which="test", labels=None) -> "Recording":
        """What the neurons do when samples are shown.

        Parameters
        ----------
        samples : sequence of int
            Of the set `which`, counted from 0.
        neurons : sequence of int, optional
            Neurons of each layer whose variables are recorded in every time step (all spikes are); default: all.
            Or a dict of level -> neurons.
        which : {"test", "validation", "train"}
        labels : sequence of int, optional
            Classes that each sample is shown with, one after the other, in place of the phases of training: with the
            true one it is a positive phase, with another a negative one.

        Returns
        -------
        recording : `brianff.learning.recordings.Recording`
        """
        rows = self._rows_to_record(samples, which)
        more = {} if labels is None else {"labels": labels}
        recording = self.method.record(rows, neurons, **more).named(samples)
        self.method.health.diverged(recording.diverged)
        return recording

    def check_recording(self, samples=(0,), neurons=None, which="test") -> None:
        """Raise the `OptionError` of samples and neurons that `record` refuses, without simulating."""
        self.method.check_recording(self._rows_to_record(samples, which), neurons)

    def _rows_to_record(self, samples, which):
        there = self._samples(which)
        if bad := [k for k in samples if not 0 <= k < len(there)]:
            raise OptionError(f"there is no {which} sample {bad[0]}: they are 0 to {len(there) - 1}.")
        return there[list(samples)]

    # -- the folder ------------------------------------------------------------------------------------------------
    def begin(self) -> "Run":
        """Make the folder, with everything that the run depends on; nothing for a run in memory."""
        if self.path is not None and self.folder is None:
            self.folder = folders.begin_run(self.path, self.method)
        return self

    def _checkpoint(self):
        if self.folder is None:
            return
        of_run = {name: np.array(getattr(self, name)) for name in ("position", "seconds", "cpu_seconds")}
        of_method = {"sizes": np.array(self.method.sizes), "epochs": np.array(self.method.epochs)}
        self.folder.save_checkpoint(self.method.state() | of_run | of_method, self.metrics)

    def _restore(self, arrays, metrics):
        method, seconds = self.method, np.array(0.0)
        path = self.folder.path / "checkpoint.npz"
        if np.shape(arrays.get("epochs")) == () and np.issubdtype(getattr(arrays.get("epochs"), "dtype", float), int):
            method.epochs = max(method.epochs, int(arrays["epochs"]))
        of_run = {"position": Whole(0, method.n_rows), "epochs": Whole(1), "seconds": seconds, "cpu_seconds": seconds}
        check_checkpoint(path, arrays, {"sizes": np.array(method.sizes)} | method.expected_state() | of_run)
        method.restore(arrays)
        self.position, self.metrics = int(arrays["position"]), metrics
        self.seconds, self.cpu_seconds = float(arrays["seconds"]), float(arrays["cpu_seconds"])

    def save_weights(self) -> None:
        """Write ``weights.npz``: ``w1``, ``w2`` … of the layers, and others by their names."""
        named = {f"w{key}" if isinstance(key, int) else key: w for key, w in self.weights.items()}
        self.folder.save("weights", named)


def load(path, dataset=None, method=None, report=lambda text: None, **more) -> "Run":
    """A run from its folder, finished or not: to train on, evaluate or record.

    Parameters
    ----------
    path : path
    dataset, method, report, **more
        As for `Run.resume`.

    Returns
    -------
    run : `Run`
    """
    return Run.resume(path, method, dataset, report, **more)


def _named(folder):
    """The data set that a run was begun with as an object, if it can be loaded by its name."""
    name = folder.document.get("dataset")
    try:
        return datasets.load(name)
    except BrianffError:
        raise OptionError(
            f"{folder.path} was begun with a data set given as an object, '{name}': hand it over, dataset=..."
        ) from None
