"""One folder a run: configuration with the equations verbatim, metrics, checkpoint, weights, recordings, figures.

======================  ==============================================================================================
config.json             every option, the composed equations as Brian2 gets them, parameters, versions, a hash of the
                        data set, and one of all of this
models/                 copies of model files that do not come with brianff, and of those that they build upon
initial_weights.*       a copy of the file of weights that it began with, if it did
checkpoint.npz          everything that training needs to go on, metrics included; replaced atomically after each chunk
metrics.csv             one row a chunk of training, one a validation: what the checkpoint has, for reading
weights.npz             the weights of the trained network
recordings_before.npz   as recordings.npz, before training
recordings.npz          spikes of chosen presentations, and variables of chosen neurons (`brianff.learning.recordings`)
evaluation.npz          goodness of every test sample under every label, beliefs, neurons that are silent in all
figures/                PNG files, and NAME.error.txt with the traceback of one that failed
.lock                   locked by the process that works in the folder
======================  ==============================================================================================

Every npz file carries a seal, a hash of its contents and of config.json: a file of another run, or one that somebody
has changed, is refused.  (The seal is the comment of the zip archive; NumPy reads the file as any other.)
"""

import contextlib
import csv
import fcntl
import functools
import io
import json
import os
import platform
import weakref
import zipfile
from pathlib import Path

import numpy as np

from brianff.errors import BrianffError
from brianff.hashes import digest_of

__all__ = [
    "InUseError", "ResultsError", "RunFolder", "atomic_write", "config_digest", "lock_folder", "write_arrays",
]  # fmt: skip

_WHAT_TO_DO = {
    "checkpoint": "put the run's own back, or delete it, and training begins again from the start",
    "recordings_before": "delete it, and it is left out",
}
_METRICS = "metrics.json"  # within checkpoint.npz, its bytes as an array
_held = weakref.WeakValueDictionary()


class ResultsError(BrianffError):
    """A results folder that is missing, damaged or of another network."""


class InUseError(ResultsError):
    """A results folder in which another process is at work."""


def config_digest(document):
    """Hash of what config.json holds, without itself and the signature."""
    return digest_of({k: v for k, v in document.items() if k not in ("digest", "signature")})


def atomic_write(path, data):
    """Replace the file at `path` by `data` (bytes): whoever reads it sees the old or the new one, never half of one.

    Raises
    ------
    ResultsError
        If it cannot be written; the old file is unharmed.
    """
    path = Path(path)
    temporary = path.with_name(path.name + ".tmp")
    try:
        with open(temporary, "wb") as f:
            f.write(data)
            f.flush()
            os.fsync(f.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise ResultsError(
            f"{path} cannot be written: {error.strerror}. What was written before is unharmed."
        ) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_arrays(path, arrays, seal=lambda archive: b""):
    """Write an npz file as `atomic_write` does; its comment is what `seal` says of the `zipfile.ZipFile`."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = seal(archive)
    with buffer.getbuffer() as content:  # released at once: Python 3.12.1 crashes if it is collected as garbage
        atomic_write(path, content)


class _Lock:
    """Keeps other processes out of a folder while it lives; the kernel ends it with the process."""

    def __init__(self, folder, report):
        path = folder / ".lock"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.file = open(path, "a+")
        except OSError as error:
            raise ResultsError(f"{path} cannot be made: {error.strerror}. Choose another folder.") from None
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.file.seek(0)
            who = self.file.read(200).strip()
            raise InUseError(
                f"another process{f' ({who})' if who else ''} is at work in {folder}: wait until it has ended."
            ) from None
        except OSError:  # a network file system without locks
            report(f"the file system of {folder} has no locks: let no other process work there.")
            return
        self.file.truncate(0)
        self.file.write(f"{os.getpid()} on {platform.node()}")
        self.file.flush()


def lock_folder(path, report=lambda text: None):
    """Lock a folder for this process, for as long as the returned object lives; it is made if there is none.

    Raises
    ------
    ResultsError
        If another process has locked it.
    """
    path = Path(path).resolve()
    return _held.get(path) or _held.setdefault(path, _Lock(path, report))


class RunFolder:
    """Reads and writes the folder of one run."""

    def __init__(self, path):
        self.path = Path(path)

    @classmethod
    def create(cls, path, document, models=None, report=lambda text: None):
        """A new folder, which this process alone works in; refuses one that already holds a run.

        config.json gets `document` and its hash; `models` are contents (bytes) of files by their path in the folder.
        """
        cls.check_new(path)
        folder, path = cls(path), Path(path)
        folder._lock = lock_folder(path, report)
        cls.check_new(path)  # by another process, until now
        for name, content in (models or {}).items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            atomic_write(path / name, content)
        whole = {"digest": config_digest(document), **document}
        atomic_write(path / "config.json", json.dumps(whole, indent=1).encode())
        return folder

    @staticmethod
    def check_new(path):
        """Refuse a folder that already holds a run."""
        if (Path(path) / "config.json").exists():
            raise ResultsError(
                f"{path} already holds a run: choose another folder, or go on with it (--resume {path}; in Python "
                "brianff.load)."
            )

    @classmethod
    def open(cls, path, report=lambda text: None):
        """An existing folder, which this process alone works in."""
        path = Path(path)
        if not (path / "config.json").is_file():
            raise ResultsError(f"{path} is not the folder of a run: it has no config.json.")
        folder = cls(path)
        folder._lock = lock_folder(path, report)
        for left in (*path.glob("*.tmp"), *path.glob("figures/*.tmp")):  # half written, by a process that was killed
            with contextlib.suppress(OSError):
                left.unlink()
        return folder

    def release(self):
        """Let other processes work in the folder."""
        self._lock = None

    @property
    def document(self):
        """What config.json holds, which may have been changed: see `check_unchanged`."""
        path = self.path / "config.json"
        try:
            document = json.loads(path.read_text())
        except OSError as error:
            raise ResultsError(f"{path} cannot be read: {error.strerror}.") from None
        except (ValueError, RecursionError) as error:  # JSON or UTF-8
            raise ResultsError(f"{path} is damaged: {error}.") from None
        if not isinstance(document, dict):
            raise ResultsError(f"{path} is damaged: it holds no JSON object.")
        return document

    def check_unchanged(self, document):
        """Refuse a configuration that is not the one with which the run was begun."""
        path = self.path / "config.json"
        if "digest" not in document:
            raise ResultsError(f"{path} is of an earlier version of brianff, or damaged: start a new run.")
        if document["digest"] != config_digest(document):
            raise ResultsError(f"{path} has been changed since the run was begun: put it back, or start a new run.")

    @property
    def config(self):
        """As `document`, unchanged since the run was begun."""
        document = self.document
        self.check_unchanged(document)
        return document

    @functools.cached_property
    def run(self):
        """The hash of config.json: what tells this run from all that differ in an option, a model or the data."""
        return self.config["digest"]

    @property
    def figures(self):
        folder = self.path / "figures"
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise ResultsError(f"the folder {folder} cannot be made: {error.strerror}.") from None
        return folder

    # -- arrays ------------------------------------------------------------------------------------------------------
    def _seal(self, archive):
        contents = sorted((member.filename, member.CRC, member.file_size) for member in archive.infolist())
        return f"brianff {digest_of([self.run, contents])}".encode()

    def save(self, name, arrays):
        """Write ``name.npz`` atomically."""
        write_arrays(self.path / f"{name}.npz", arrays, self._seal)

    def load(self, name):
        """Read ``name.npz`` as a dictionary of arrays."""
        path, remedy = self.path / f"{name}.npz", _WHAT_TO_DO.get(name, "delete it, and --resume writes it again")
        if not self.has(name):
            raise ResultsError(f"{path} does not exist.")
        run = self.run
        try:
            with np.load(path, allow_pickle=False) as data:
                whole = data.zip.comment == self._seal(data.zip)
                arrays = dict(data)
        except Exception as error:  # a damaged archive fails in many ways
            raise ResultsError(f"{path} is damaged ({error}): {remedy}.") from None
        if not whole:
            raise ResultsError(f"{path} has been changed, or is of another run than config.json ({run[:8]}): {remedy}.")
        return arrays

    def has(self, name):
        return (self.path / f"{name}.npz").exists()

    # -- checkpoint --------------------------------------------------------------------------------------------------
    def save_checkpoint(self, arrays, metrics):
        """Write ``checkpoint.npz``, and its metrics, a list of dict, once more as ``metrics.csv``."""
        text = json.dumps(metrics, default=lambda number: number.item()).encode()
        self.save("checkpoint", arrays | {_METRICS: np.frombuffer(text, np.uint8)})
        self.write_metrics(metrics)

    def load_checkpoint(self, report=lambda text: None):
        """Arrays and metrics of the checkpoint, or None where there is none yet.

        ``metrics.csv`` is written again where it differs.
        """
        path = self.path / "checkpoint.npz"
        if not self.has("checkpoint"):
            if (self.path / "metrics.csv").exists():
                report(f"{path} is missing: training begins again from the start.")
            return None
        arrays = self.load("checkpoint")
        try:
            metrics = json.loads(bytes(arrays.pop(_METRICS)))
        except (KeyError, ValueError):
            raise ResultsError(f"{path} has no metrics: {_WHAT_TO_DO['checkpoint']}.") from None
        table = self.path / "metrics.csv"
        if not table.is_file() or table.read_bytes() != _csv(metrics):
            self.write_metrics(metrics)
            report(f"{table} was not what the checkpoint has, and is written again.")
        return arrays, metrics

    # -- metrics -----------------------------------------------------------------------------------------------------
    def write_metrics(self, rows):
        """Rewrite ``metrics.csv`` from `rows` (list of dict); columns are the union of their keys."""
        atomic_write(self.path / "metrics.csv", _csv(rows))


def _csv(rows):
    columns = list(dict.fromkeys(key for row in rows for key in row))
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().encode()
