"""What a checkpoint must hold: every array by name, shape, type and range."""

from dataclasses import dataclass

import numpy as np

from brianff.results import ResultsError

__all__ = ["InPlace", "Whole", "check_checkpoint", "named", "part_of"]


def named(name, arrays):
    """The arrays of a part of a state, as in ``"readout.w"``."""
    return {f"{name}.{key}": value for key, value in arrays.items()}


def part_of(arrays, name):
    """The inverse of `named`."""
    return {key.removeprefix(f"{name}."): value for key, value in arrays.items() if key.startswith(f"{name}.")}


class InPlace:
    """Base of what goes on from arrays that change in place: the attributes that `ARRAYS` names."""

    def arrays(self):
        return {name: getattr(self, name) for name in self.ARRAYS}

    def state(self):
        """Copies of them: dict of str -> array."""
        return {name: values.copy() for name, values in self.arrays().items()}

    def restore(self, state):
        for name, values in self.arrays().items():
            values[...] = state[name]


@dataclass(frozen=True)
class Whole:
    """Whole numbers within a range."""

    low: int
    high: int | None = None  # included; None: any that is not smaller than `low`
    shape: tuple = ()  # a length that is None may be any


def check_checkpoint(path, arrays, expected):
    """Raise the `ResultsError` of a checkpoint, at `path`, that training cannot have written.

    Parameters
    ----------
    arrays : dict of str -> array
    expected : dict of str -> array, (array, dtype) or `Whole`
        Exactly these names.  An array says shape and dtype, and that all numbers must be finite; a dtype beside it is
        as good as its own.
    """
    for name in [*expected, *arrays]:
        problem = _problem(name, arrays.get(name), expected.get(name))
        if problem:
            raise ResultsError(
                f"{path} is a checkpoint of another network, or damaged: '{name}' {problem}. Put the run's own back, "
                "or delete it, and training begins again from the start."
            )


def _problem(name, found, wanted):
    if wanted is None:
        return "has no place in it"
    if found is None:
        return "is missing"
    if isinstance(wanted, Whole):
        return _problem_of_whole(found, wanted)
    array, *others = wanted if isinstance(wanted, tuple) else (wanted,)
    if found.shape != array.shape:
        return f"has the shape {found.shape}, here {array.shape}"
    if found.dtype not in (array.dtype, *others):
        return f"is of type {found.dtype}, here {(others or [array.dtype])[0]}"
    if not np.all(np.isfinite(found)):
        return "is not finite everywhere"
    if name == "sizes" and not np.array_equal(found, array):
        return f"is {tuple(found.tolist())}, here {tuple(array.tolist())}"
    return None


def _problem_of_whole(found, wanted):
    if found.dtype != np.dtype(int):
        return f"is of type {found.dtype}, here {np.dtype(int)}"
    lengths = zip(found.shape, wanted.shape, strict=False)
    if found.ndim != len(wanted.shape) or any(n is not None and n != there for there, n in lengths):
        return f"has the shape {found.shape}"
    high = np.iinfo(int).max if wanted.high is None else wanted.high
    if found.size and not wanted.low <= found.min() <= found.max() <= high:
        return f"must lie between {wanted.low} and {high}, not {found.min()} to {found.max()}"
    return None
