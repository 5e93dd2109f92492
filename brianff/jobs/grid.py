"""A grid of runs, as a file says it: every combination of some values, each with several seeds.

method = "forward_forward"            # or feedback, backpropagation, rectified, population_search
seeds = [1, 2, 3]
test = false                          # true: show the trained networks the test samples

[options]                             # of every run, as on the command line
dataset = "digits"
epochs = 10

[parameters]                          # of the models
tau_syn = "50*ms"

[grid]                                # every combination of these: options, or parameters of the models
rule = ["symba", "forward_forward"]
tau_m = ["10*ms", "20*ms"]
layers = ["200", "200,200"]
"""

import itertools
import tomllib
from dataclasses import dataclass
from pathlib import Path

from brianff.errors import BrianffError, OptionError
from brianff.jobs.job import Job
from brianff.jobs.points import field_of, folder_name, with_values
from brianff.learning.method import method_class

__all__ = ["Grid"]

MOST = 100_000  # runs


@dataclass(frozen=True)
class Grid:
    """Runs that differ in some values and in their seed.

    Attributes
    ----------
    varied : dict of str -> tuple
        Values of options, by their names, and of parameters of the models.
    options : dict
        Of the method, for all of them.
    seeds : tuple of int
    method : str
    test : bool
        Whether the trained networks are shown the test samples.
    """

    varied: dict
    options: dict
    seeds: tuple = (1, 2, 3)
    method: str = "forward_forward"
    test: bool = False

    @classmethod
    def read(cls, path) -> "Grid":
        """The grid of a TOML file.

        Raises
        ------
        OptionError
            If the file is missing or says what cannot be done; the message says where.
        """
        path = Path(path)
        try:
            document = tomllib.loads(path.read_text())
        except OSError as error:
            raise OptionError(f"{path} cannot be read: {error.strerror}.") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise OptionError(f"{path}: {error}.") from None
        try:
            return cls._of(document)
        except BrianffError as error:
            raise OptionError(f"{path}: {error}") from None

    @classmethod
    def _of(cls, document):
        known = ("method", "seeds", "test", "options", "parameters", "grid")
        if unknown := [key for key in document if key not in known]:
            raise OptionError(f"there is no entry '{unknown[0]}': there are {', '.join(known)}.")
        for key in ("options", "parameters", "grid"):
            if not isinstance(document.get(key, {}), dict):
                raise OptionError(f"'{key}' must be a table, [{key}].")
        method = method_class(document.get("method", "forward_forward"))
        seeds, test = document.get("seeds", [1, 2, 3]), document.get("test", False)
        if not isinstance(seeds, list) or not seeds or not all(type(seed) is int for seed in seeds):
            raise OptionError(f"'seeds' must be a list of whole numbers, not {seeds!r}.")
        if not isinstance(test, bool):
            raise OptionError(f"'test' must be true or false, not {test!r}.")
        fixed = document.get("options", {}) | document.get("parameters", {})
        for key, fields in (("options", True), ("parameters", False)):
            for name in document.get(key, {}):
                if (field_of(method, name) is not None) is not fields:
                    other = "a parameter of the models: put it under [parameters]" if fields else "an option"
                    raise OptionError(f"[{key}]: '{name}' is no option" if fields else f"[{key}]: '{name}' is {other}.")
        varied = {}
        for name, values in document.get("grid", {}).items():
            if not isinstance(values, list) or not values:
                raise OptionError(f"[grid]: '{name}' must be a list of values, not {values!r}.")
            varied[name] = tuple(values)
        options = with_values(method, {}, fixed)
        return cls(varied, options, tuple(seeds), method.name, test)

    def points(self) -> list:
        """Every combination of the values: list of dict of name -> value."""
        return [dict(zip(self.varied, values, strict=True)) for values in itertools.product(*self.varied.values())]

    def jobs(self) -> list:
        """The runs, as `brianff.jobs.run` takes them.

        Raises
        ------
        OptionError
            If a value cannot be read, a seed comes twice, or there are too many runs.
        """
        points, method, jobs = self.points(), method_class(self.method), []
        if len(points) * len(self.seeds) > MOST:
            raise OptionError(f"these are {len(points) * len(self.seeds)} runs: {MOST} are the most.")
        if len(set(self.seeds)) < len(self.seeds):
            raise OptionError(f"a seed comes twice: {','.join(map(str, self.seeds))}.")
        for number, point in enumerate(points):
            options = with_values(method, self.options, point) | {"method": self.method}
            for seed in self.seeds:
                columns = {name: _plain(value) for name, value in point.items()} | {"seed": seed}
                name = folder_name(columns, number)
                jobs.append(Job(name, options | {"seed": seed}, columns, test=self.test))
        return jobs


def _plain(value):
    """A value as a column shows it."""
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value))
    return value if isinstance(value, (str, int, float, bool)) else str(value)
