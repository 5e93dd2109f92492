"""Spike trains that take longer to compute than to simulate: computed once, and kept on this machine.

They lie in the folder of compiled networks, ``$BRIANFF_CACHE``, in three files, of which only what is shown is read.
"""

import hashlib
import os
import shutil

import numpy as np

from brianff.scratch import cache_folder, owned_folder, written

from .dataset import DatasetError
from .sources import Source

__all__ = ["Prepared"]

_FILES = {"times": np.float32, "channels": np.uint16, "start": np.int64}


class Prepared(Source):
    """Spike trains that a function computes, at the first time.

    Parameters
    ----------
    key : str
        Everything that they depend on.
    compute : callable
        From a sample to its (n_spikes,) times in seconds, ascending, and channels.
    n_samples, n_channels : int
        There are at most 65536 channels.

    Raises
    ------
    ScratchError
        If they cannot be kept.
    """

    def __init__(self, key, compute, n_samples, n_channels):
        self.key, self.n_channels, self._n_samples = hashlib.sha256(key.encode()).hexdigest(), n_channels, n_samples
        self.folder = cache_folder() / "spikes" / self.key
        if not self._open():
            _compute(self.folder, compute, n_samples)
            self._open()

    def _open(self):
        """Whether the files are there, and whole."""
        try:
            start = np.fromfile(self.folder / "start", _FILES["start"])
            sizes = {name: (self.folder / name).stat().st_size for name in ("times", "channels")}
        except OSError:
            return False
        whole = len(start) == self._n_samples + 1 and np.all(np.diff(start, prepend=0) >= 0)
        if not whole or any(sizes[name] != start[-1] * np.dtype(_FILES[name]).itemsize for name in sizes):
            return False
        self._start = start
        self._files = {name: open(self.folder / name, "rb", buffering=0) for name in sizes}
        return True

    def _values(self, name, start, stop):
        size = np.dtype(_FILES[name]).itemsize
        # at a place of its own, so that processes may share the open file; a map into memory dies with a truncated one
        content = os.pread(self._files[name].fileno(), (stop - start) * size, start * size)
        if len(content) < (stop - start) * size:
            raise DatasetError(f"{self.folder / name} has been cut short: start again, and it is written again.")
        return np.frombuffer(content, _FILES[name])

    def __getstate__(self):
        return {name: value for name, value in vars(self).items() if name != "_files"}

    def __setstate__(self, state):
        vars(self).update(state)
        if not self._open():
            raise DatasetError(f"{self.folder} is no longer there: start again, and it is written again.")

    def __len__(self):
        return self._n_samples

    def sizes(self):
        return np.diff(self._start)

    def identity(self):
        return [self._start]

    def latest(self):
        spiking = np.flatnonzero(np.diff(self._start))
        ends = [self._values("times", stop - 1, stop)[0] for stop in self._start[spiking + 1]]
        return int(spiking[np.argmax(ends)]) if ends else None

    def read(self, sample):
        own = self._start[sample], self._start[sample + 1]
        return self._values("times", *own).astype(float), self._values("channels", *own).astype(np.int64)


def _compute(folder, compute, n_samples):
    """Write the files, which are where they belong when they are whole."""
    with written(cache_folder()):
        folder.parent.mkdir(parents=True, exist_ok=True)
    work = owned_folder("spikes", folder.parent)
    try:
        with written(cache_folder()), open(work / "times", "wb") as times, open(work / "channels", "wb") as channels:
            start = np.zeros(n_samples + 1, _FILES["start"])
            for sample in range(n_samples):
                of_times, of_channels = compute(sample)
                times.write(np.asarray(of_times, _FILES["times"]).tobytes())
                channels.write(np.asarray(of_channels, _FILES["channels"]).tobytes())
                start[sample + 1] = start[sample] + len(of_times)
            start.tofile(work / "start")
        shutil.rmtree(folder, ignore_errors=True)  # damaged
        with written(cache_folder()):
            try:
                os.replace(work, folder)
            except OSError:  # another process has been faster
                if not folder.is_dir():
                    raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
