"""Rows of many runs in one file: a line is added when a run has ended, and what was written before is never touched.

Every line is a JSON object: the name of a run, everything that its result depends on, its row, and a hash of all this.
A kill leaves at most half a line at the end, which does not count.
"""

import dataclasses
import functools
import json
import os

import numpy as np

from brianff import datasets
from brianff.equations.model import load, names_file
from brianff.errors import OptionError
from brianff.hashes import data_digest, digest_of
from brianff.learning.method import method_of
from brianff.results import ResultsError

__all__ = ["Rows", "described"]

# As `brianff.datasets.load` takes them.
_DATA = ("dataset", "data", "download", "validation", "split_seed", "test_group", "validation_group")
_NO_MATTER = ("device", "data", "download")  # where it is computed, and where the data lie


class Rows:
    """The rows in a file, by the names of their runs, in the order in which these ended; a later one counts.

    Parameters
    ----------
    path : `pathlib.Path`
        Need not exist.

    Raises
    ------
    ResultsError
        If the file is damaged.
    """

    def __init__(self, path):
        self.path, self.of_runs, self._described = path, {}, {}
        self._end = 0  # of the last whole line
        if path.exists():
            self._read()

    def _read(self):
        content = self.path.read_bytes()
        for number, line in enumerate(content.splitlines(keepends=True), start=1):
            if not line.endswith(b"\n"):
                break
            try:
                entry = json.loads(line)
                digest = entry.pop("digest")
                name, options, row = entry["run"], entry["options"], entry["row"]
                whole = digest == digest_of(entry) and isinstance(row, dict)
            except (ValueError, KeyError, TypeError, AttributeError):
                whole = False
            if not whole:
                raise ResultsError(
                    f"{self.path}:{number} is damaged, or has been changed: put it back, or delete this line, and its "
                    "run is done again."
                )
            self.of_runs[name], self._described[name] = row, options
            self._end += len(line)

    def __iter__(self):
        return iter(self.of_runs.values())

    def options(self):
        """Of the runs, by their names: what `described` returned."""
        return dict(self._described)

    def check(self, name, options):
        """Refuse to have the row of another run under this name.

        Parameters
        ----------
        name : str
        options : dict
            Of `described`.
        """
        then = self._described.get(name)
        if then is not None:
            self._compare(name, {key: then.get(key) for key in {**options, **then}}, options)

    def require(self, options):
        """Refuse the rows of runs that differ in one of these options."""
        for name, then in self._described.items():
            self._compare(name, {key: then.get(key) for key in options}, options)

    def _compare(self, name, then, now):
        for key in sorted(then):
            here = _described(now.get(key))
            if then[key] != here:
                raise ResultsError(
                    f"{self.path} has the run '{name}' with {key} = {then[key]}, and now it is {here}: choose another "
                    "--out, or the same options."
                )

    def add(self, name, options, row):
        """Write a row; it is on the disk when this returns."""
        # once through JSON, so that a row is the same now and when it is read
        entry = json.loads(json.dumps({"run": name, "options": options, "row": row}, default=_plain))
        line = json.dumps({**entry, "digest": digest_of(entry)}) + "\n"
        try:
            with open(self.path, "r+b" if self.path.exists() else "xb") as f:
                f.truncate(self._end)  # half a line, of a process that was killed
                f.seek(self._end)
                f.write(line.encode())
                f.flush()
                os.fsync(f.fileno())
        except OSError as error:
            raise ResultsError(
                f"{self.path} cannot be written: {error.strerror}. All earlier rows are there."
            ) from None
        self._end += len(line.encode())
        self.of_runs[name], self._described[name] = entry["row"], options
        return entry["row"]


def _plain(value):
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    raise OptionError(f"a row holds numbers, texts and lists, not {type(value).__name__}: {value!r}.")


def described(options):
    """Everything that the result of a run depends on, as JSON can hold it.

    Parameters
    ----------
    options : dict
        As for `brianff.jobs.train`.

    Raises
    ------
    OptionError
        If options, or their values, are unknown.
    """
    method, given = method_of(options)
    dataset = given.pop("dataset", None)
    of_name = {} if dataset is None else {"dataset": dataset} if isinstance(dataset, str) else {"dataset": None}
    try:
        chosen = method.Options(**given | of_name)
    except TypeError:
        known = {one.name for one in dataclasses.fields(method.Options)}
        raise OptionError(f"the method {method.name} has no option '{min(given.keys() - known)}'.") from None
    found = {"method": method.name}
    for name in [*given, *of_name]:
        if name not in _NO_MATTER and (value := getattr(chosen, name)) is not None:
            found[name] = _described(value, name if name in method.Options.model_kinds else None)
    if chosen.dataset:
        of_data = chosen.resolved()
        found["data"] = _digest(*(getattr(of_data, name) for name in _DATA))
    else:
        found["data"] = data_digest(dataset)
    return found


@functools.lru_cache(maxsize=64)
def _digest(name, *more):
    return data_digest(datasets.load(name, *more))


def _described(value, kind=None):
    if kind is not None:
        model = load(kind, value)  # a name that is none is refused before anything begins
        if isinstance(value, str) and not names_file(value):
            return value
        sources = [model.source()]
        while (model := model.base) is not None:
            sources.append(model.source())
        return f"{value} {digest_of(sources)[:16]}"
    if isinstance(value, (tuple, list)):
        return [_described(one) for one in value]
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)
