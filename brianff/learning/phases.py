"""How samples become stimulus epochs: phases as data, which a protocol may choose or write itself.

A row of samples, presented side by side, is shown in several stimulus epochs: with its own labels in a positive phase,
with negative ones in a negative phase.  `Phases` says in which order, for how long, and with what in between.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from brianff.errors import OptionError
from brianff.stimulus import LABEL_NONE, Schedule

__all__ = ["Epoch", "POSITIVE", "Phases"]

_SHORT = re.compile(r"(?P<order>paired|blocked)(?: (?P<n>\d+))?(?: gap@(?P<gap>\d+))?")
_WORD = re.compile(r"(?P<sign>[+-])(?P<row>\d+)(?:@(?P<steps>\d+))?|gap@(?P<gap>\d+)")
LONGEST = 100_000  # stimulus epochs of a cycle


@dataclass(frozen=True)
class Epoch:
    """One stimulus epoch of a cycle.

    Parameters
    ----------
    row : int or None
        Row of samples, counted from the beginning of the cycle; None: nothing is shown.
    phase : int
        +1, -1, or 0 for a silent gap, in which nothing is learnt.
    steps : int, optional
        Its length in time steps, if it differs from that of the network.
    """

    row: int | None
    phase: int
    steps: int | None = None

    def __str__(self):
        shown = "gap" if self.row is None else f"{'+' if self.phase > 0 else '-'}{self.row}"
        return shown + (f"@{self.steps}" if self.steps else "")


@dataclass(frozen=True)
class Phases:
    """A cycle of stimulus epochs, again and again.

    Parameters
    ----------
    epochs : sequence of `Epoch`
        Which show rows 0, 1, ... n - 1 of the cycle.
    carry_over : bool
        Membranes and traces go on from stimulus epoch to stimulus epoch, as in a continuous stream; otherwise every one
        begins at rest.

    Raises
    ------
    OptionError
        If a row is left out, or an epoch can be no epoch.
    """

    epochs: Iterable
    carry_over: bool = False

    def __post_init__(self):
        object.__setattr__(self, "epochs", tuple(self.epochs))
        if not self.epochs or len(self.epochs) > LONGEST:
            raise OptionError(f"--phases: a cycle has 1 to {LONGEST} stimulus epochs, not {len(self.epochs)}.")
        for epoch in self.epochs:
            if epoch.phase not in ((1, -1) if epoch.row is not None else (0,)):
                raise OptionError(
                    f"--phases: a stimulus epoch of a row has the phase +1 or -1, a gap without one 0, not {epoch!r}."
                )
            if epoch.steps is not None and epoch.steps < 1:
                raise OptionError(f"--phases: a stimulus epoch has one time step at least, not {epoch.steps}.")
        if missing := set(range(self.rows)) - {epoch.row for epoch in self.epochs}:
            raise OptionError(f"--phases: row {min(missing)} of the cycle is never shown.")

    @classmethod
    def paired(cls, n=1, gap=0, carry_over=False) -> "Phases":
        """A positive stimulus epoch, then the negative one of the same samples; gaps of so many time steps.

        All of it `n` times, each time with another wrong label.
        """
        gaps = [Epoch(None, 0, gap)] if gap else []
        return cls([Epoch(0, 1), *gaps, Epoch(0, -1), *gaps] * n, carry_over)

    @classmethod
    def blocked(cls, n, gap=0, carry_over=False) -> "Phases":
        """`n` positive stimulus epochs, awake, then the negative ones of the same samples, asleep."""
        gaps = [Epoch(None, 0, gap)] if gap else []
        epochs = [(Epoch(row, phase), *gaps) for phase in (1, -1) for row in range(n)]
        return cls(sum(epochs, ()), carry_over)

    @classmethod
    def nudged(cls, free=None, nudged=None) -> "Phases":
        """A free stimulus epoch and two nudged ones of the same samples, through which the state goes on.

        Of so many time steps each, if not of those of the network.
        """
        return cls([Epoch(0, 1, free), Epoch(0, -1, nudged), Epoch(0, -1, nudged)], carry_over=True)

    @classmethod
    def of(cls, value) -> "Phases":
        """Phases from a text: ``paired``, ``paired 3``, ``blocked 100``, all with ``gap@20`` and ``carry-over`` behind
        them, or all stimulus epochs of a cycle, as in ``+0 gap@20 +1@80 -0 -1``; phases as they are."""
        if isinstance(value, cls):
            return value
        words = value.split()
        if carry_over := words[-1:] == ["carry-over"]:
            words.pop()
        if short := _SHORT.fullmatch(" ".join(words)):
            n, gap = int(short["n"] or short["order"] == "paired"), int(short["gap"] or 0)
            if 1 <= n <= LONGEST // 2:
                return getattr(cls, short["order"])(n, gap, carry_over)
        elif all(found := [_WORD.fullmatch(word) for word in words]):
            return cls(map(_epoch, found), carry_over)
        raise OptionError(
            f"--phases '{value}' is neither paired or paired N, nor blocked N, nor a list of stimulus epochs as in "
            "'+0 gap@20 -0'."
        )

    def __str__(self):
        return " ".join([*map(str, self.epochs), *(["carry-over"] if self.carry_over else [])])

    @property
    def rows(self) -> int:
        """Rows of samples that a cycle shows."""
        return 1 + max((epoch.row for epoch in self.epochs if epoch.row is not None), default=-1)

    @property
    def is_paired(self) -> bool:
        """Whether a negative stimulus epoch of its row comes at once after every positive one, and none otherwise."""
        shown = [(k, e.row, e.phase) for k, e in enumerate(self.epochs) if e.row is not None]
        pairs = zip(shown[0::2], shown[1::2], strict=False)
        return len(shown) % 2 == 0 and all(one[2] == 1 and other == (one[0] + 1, one[1], -1) for one, other in pairs)

    @property
    def is_nudged(self) -> bool:
        """Whether every sample is shown in a positive and two negative stimulus epochs, and the state goes on."""
        return self.carry_over and [(e.row, e.phase) for e in self.epochs] == [(0, 1), (0, -1), (0, -1)]

    @property
    def negatives(self) -> int:
        """Negative stimulus epochs of a row, the most of all rows."""
        return max(Counter(epoch.row for epoch in self.epochs if epoch.phase < 0).values(), default=0)

    def spread(self, rows) -> list:
        """The stimulus epochs of a range of rows, whose `row` counts within it; the last cycle may be shorter."""
        n, found = len(rows), []
        for first in range(0, n, self.rows):
            for epoch in self.epochs:
                if epoch.row is None:
                    found.append(epoch)
                elif first + epoch.row < n:
                    found.append(Epoch(first + epoch.row, epoch.phase, epoch.steps))
        return found

    def schedule(self, positive, negative, architecture, lengths=None) -> Schedule:
        """The `brianff.stimulus.Schedule` of samples in all phases.

        Parameters
        ----------
        positive, negative : (image, label, number)
            Of the samples in each phase, (n,) int arrays; `batch` of them are a row.  Negative labels may be a
            (k, n) array: one row of it after the other is shown, as the negative stimulus epochs of a row follow.
        architecture : `brianff.network.architecture.Architecture`
            Whose batch and length of a stimulus epoch count.
        lengths : (n_rows,) int array, optional
            Time steps of the epochs of every row that the cycle gives no length, if not those of the architecture.
        """
        a = architecture
        image, label, first = positive
        negative_image, labels, number = negative
        negatives = [Schedule.evaluation(negative_image, one, number, a.batch) for one in np.atleast_2d(labels)]
        shown = {1: [Schedule.evaluation(image, label, first, a.batch)], -1: negatives}
        epochs, met, sources = self.spread(range(len(negatives[0]))), Counter(), []
        for e in epochs:
            of_phase = shown.get(e.phase)
            sources.append(of_phase and of_phase[met[e.row, e.phase] % len(of_phase)])
            met[e.row, e.phase] += 1

        def collected(name, empty):
            nothing = np.full(a.batch, empty)
            each = zip(epochs, sources, strict=True)
            return np.stack([nothing if e.row is None else getattr(source, name)[e.row] for e, source in each])

        steps = None
        if lengths is not None or any(e.steps for e in epochs):
            of_row = [a.n_steps if lengths is None or e.row is None else int(lengths[e.row]) for e in epochs]
            steps = np.array([e.steps or usual for e, usual in zip(epochs, of_row, strict=True)])
        phase = np.array([e.phase for e in epochs])
        return Schedule(collected("image", -1), collected("label", LABEL_NONE), phase, collected("number", 0), steps)

    def updates(self, seen, mini_batch) -> np.ndarray:
        """After which of the stimulus epochs of `spread` the optimizer takes a step: those that complete a mini-batch.

        Where all stimulus epochs of a row follow each other, it takes one step for all of them; otherwise one in every
        phase.  `seen`, (n_rows,), are samples learnt when each row is.  Returns an (n_epochs,) bool array.
        """
        shown = [epoch.row for epoch in self.epochs if epoch.row is not None]
        together = shown == sorted(shown)
        epochs = self.spread(range(len(seen)))
        last = {epoch.row: k for k, epoch in enumerate(epochs)}
        return np.array(
            [
                e.row is not None and seen[e.row] % mini_batch == 0 and (not together or last[e.row] == k)
                for k, e in enumerate(epochs)
            ]
        )


def _epoch(word):
    if word["gap"]:
        return Epoch(None, 0, int(word["gap"]))
    return Epoch(int(word["row"]), 1 if word["sign"] == "+" else -1, int(word["steps"]) if word["steps"] else None)


POSITIVE = Phases([Epoch(0, 1)])
