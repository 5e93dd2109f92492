"""One folder a run: configuration with the equations verbatim, metrics, checkpoint, weights, recordings, figures.

======================  ==============================================================================================
config.json             every option, the composed equations as Brian2 gets them, parameters, versions
metrics.csv             one row a chunk of training, one a validation
checkpoint.npz          everything that training needs to go on; replaced atomically after each chunk
weights.npz             the weights of the trained network
recordings_before.npz   as recordings.npz, before training
recordings.npz          spikes and membrane variables of chosen neurons and presentations
evaluation.npz          goodness of every test sample under every label, predictions
figures/                PNG files
======================  ==============================================================================================
"""

import csv
import io
import json
import os
from pathlib import Path

import numpy as np

from brianff.errors import BrianffError

__all__ = ["ResultsError", "RunFolder", "atomic_write", "read_rows"]


class ResultsError(BrianffError):
    """A results folder that is missing, damaged or of another network."""


def atomic_write(path, data):
    """Replace the file at `path` by `data` (bytes): whoever reads it sees the old or the new one, never half of one."""
    path = Path(path)
    temporary = path.with_name(path.name + ".tmp")
    with open(temporary, "wb") as f:
        f.write(data)
        f.flush()
        os.fsync(f.fileno())
    os.replace(temporary, path)


def read_rows(path, config_of):
    """Rows that an earlier call of a protocol has written, as JSON; none if there is no such file.

    Parameters
    ----------
    path : `pathlib.Path`
    config_of : callable
        The options (dict) with which this call would make a row; they must be those in the row's ``config``.

    Raises
    ------
    ResultsError
        If the file is damaged, or made with other options.
    """
    if not path.is_file():
        return []
    try:
        rows = json.loads(path.read_text())
        for row in rows:
            then, now = row["config"], json.loads(json.dumps(config_of(row)))
            for key in sorted(then.keys() | now.keys()):
                if then.get(key) != now.get(key):
                    raise ResultsError(
                        f"{path} has results of {key} = {then.get(key)}, and now it is {now.get(key)}: choose another "
                        "--out, or the same options."
                    )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ResultsError(f"{path} holds no results of this protocol ({error!r}): choose another --out.") from None
    return rows


class RunFolder:
    """Reads and writes the folder of one run.

    Parameters
    ----------
    path : path
    """

    def __init__(self, path):
        self.path = Path(path)

    @classmethod
    def create(cls, path, config):
        """A new folder with `config` (dict); refuses one that already holds a run."""
        cls.check_new(path)
        path = Path(path)
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ResultsError(f"the folder {path} cannot be made: {error.strerror}. Choose another --out.") from None
        atomic_write(path / "config.json", json.dumps(config, indent=1).encode())
        return cls(path)

    @staticmethod
    def check_new(path):
        """Refuse a folder that already holds a run."""
        if (Path(path) / "config.json").exists():
            raise ResultsError(f"{path} already holds a run: choose another --out, or go on with --resume {path}.")

    @classmethod
    def open(cls, path):
        """An existing folder."""
        path = Path(path)
        if not (path / "config.json").is_file():
            raise ResultsError(f"{path} is not the folder of a run: it has no config.json.")
        return cls(path)

    @property
    def config(self):
        path = self.path / "config.json"
        try:
            document = json.loads(path.read_text())
        except ValueError as error:  # JSON or UTF-8
            raise ResultsError(f"{path} is damaged: {error}.") from None
        if not isinstance(document, dict):
            raise ResultsError(f"{path} is damaged: it holds no JSON object.")
        return document

    @property
    def figures(self):
        folder = self.path / "figures"
        folder.mkdir(exist_ok=True)
        return folder

    # -- arrays ------------------------------------------------------------------------------------------------------
    def save(self, name, arrays):
        """Write ``name.npz`` atomically."""
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        atomic_write(self.path / f"{name}.npz", buffer.getbuffer())

    def load(self, name):
        """Read ``name.npz`` as a dictionary of arrays."""
        path = self.path / f"{name}.npz"
        if not path.is_file():
            raise ResultsError(f"{path} does not exist.")
        try:
            with np.load(path, allow_pickle=False) as data:
                return {key: data[key] for key in data.files}
        except Exception as error:  # a damaged archive fails in many ways
            raise ResultsError(f"{path} is damaged ({error}): delete it, or take the folder of another run.") from None

    def has(self, name):
        return (self.path / f"{name}.npz").is_file()

    # -- metrics -----------------------------------------------------------------------------------------------------
    def write_metrics(self, rows):
        """Rewrite ``metrics.csv`` from `rows` (list of dict); columns are the union of their keys."""
        columns = list(dict.fromkeys(key for row in rows for key in row))
        buffer = io.StringIO()
        writer = csv.DictWriter(buffer, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        atomic_write(self.path / "metrics.csv", buffer.getvalue().encode())

    def read_metrics(self):
        """Rows of ``metrics.csv``; numbers as float, empty cells left out."""
        path = self.path / "metrics.csv"
        try:
            with open(path, newline="") as f:
                return [
                    {k: (v if k == "what" else float(v)) for k, v in row.items() if v != ""}
                    for row in csv.DictReader(f)
                ]
        except FileNotFoundError:
            raise ResultsError(f"{path} does not exist.") from None
        except (ValueError, TypeError, csv.Error) as error:
            raise ResultsError(f"{path} is damaged: {error}.") from None
