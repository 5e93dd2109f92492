"""How far a run has come: a bar with what the method says of each chunk; without a terminal, a line a validation."""

import contextlib
from collections import Counter

from rich.progress import BarColumn, TextColumn, TimeRemainingColumn

from brianff.endings import OutputConsole

__all__ = ["shown"]


@contextlib.contextmanager
def shown(run):
    """Show the progress of a run; gives a callback for `Run.train`."""
    console = OutputConsole()
    progress = console.progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} samples"),
        TextColumn("{task.fields[detail]}"),
        TimeRemainingColumn(),
    )
    latest, moved = {}, Counter()  # of the last chunk; since the last validation

    def show(run, row):
        if row["what"] == "chunk":
            moved.update({key: change for key, change in row.items() if key.startswith("changed")})
            latest.update(row | moved)
            progress.update(task, completed=run.progress[0], detail=run.method.detail(row))
        else:
            speed = f"{latest['samples_per_second']:.0f} samples/s"
            said = f"epoch {row['epoch']:5.1f}  {run.method.summary(latest, row)}  ({speed})"
            console.print(said, highlight=False, soft_wrap=True)
            moved.clear()

    with progress:
        done, total = run.progress
        task = progress.add_task("training", total=total, completed=done, detail="")
        yield show
