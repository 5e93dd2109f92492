"""How far many runs have come: on a terminal a bar for all of them and one for each that is under way."""

import threading

from rich.progress import BarColumn, TextColumn, TimeElapsedColumn

from brianff.endings import OutputConsole

__all__ = ["Display", "summary"]


def summary(row):
    """What a row of results has to say, in words."""
    if "failed" in row:
        return f"failed: {row['failed']}"
    words = [
        f"{which} accuracy {row[key]:.4f}" for which in ("validation", "test") if (key := f"{which}_accuracy") in row
    ]
    return f"{', '.join(words) or 'done'} ({row['seconds']:.0f} s)"


class Display:
    """Shows the progress of many runs; a line for each that has ended.

    Parameters
    ----------
    total : int or None
        Runs, where it is known how many they will be.
    done : int
        Of them before.
    what : str
        What they are called together.
    """

    def __init__(self, total, done=0, what="runs"):
        self.console = OutputConsole()
        self.total, self.done, self.what = total, done, what
        self._shown, self._turn = {}, threading.Lock()
        self._progress = self.console.progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[count]}"),
            TextColumn("{task.fields[detail]}"),
            TimeElapsedColumn(),
        )
        self._all = self._progress.add_task(what, total=total, completed=done, count=self._count(), detail="")

    def __enter__(self):
        self._progress.start()
        return self

    def __exit__(self, *error):
        self._progress.stop()

    def _count(self):
        return f"{self.done}/{self.total}"

    def line(self, text):
        """Print a line above the bars."""
        self.console.print(text, highlight=False, soft_wrap=True, markup=False)

    def heard(self, job, kind, value):
        """Of a `brianff.jobs.pools.Pool`: what a job says."""
        if kind == "said":
            self.line(f"{job} | {value}")
            return
        samples, of, words = value
        with self._turn:
            if job.name not in self._shown:
                self._shown[job.name] = self._progress.add_task(f"  {job}", total=of, count="", detail="")
            more = {"detail": words} if words else {}
            self._progress.update(self._shown[job.name], completed=samples, count=f"{samples}/{of} samples", **more)

    def ended(self, job, words=None):
        """Of a job that runs no longer; a line with these words counts it as done."""
        with self._turn:
            if (task := self._shown.pop(job.name, None)) is not None:
                self._progress.remove_task(task)
            if words is None:
                return
            self.done += 1
            self._progress.update(self._all, completed=self.done, count=self._count())
        width = len(str(self.total))
        self.line(f"[{self.done:{width}}/{self.total}] {job}: {words}")
