"""One run among many: what is to be done, and what its row is called."""

from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["Job"]


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
