"""N-MNIST: the digits of MNIST as an event camera saw them that moved before a screen.

Orchard et al. (2015, Frontiers in Neuroscience 9:437). A recording of 34 x 34 pixels, some 4 000 events in 0.3 s, is a
file ``Train/DIGIT/NUMBER.bin`` or ``Test/DIGIT/NUMBER.bin`` of 40-bit events: x, y, a bit of polarity (1: brighter) and
23 bits of time in microseconds, the highest first. Where y is 240 there is no event: the clock ran over, and all times
after it are later by 2^13 microseconds.
"""

import os
from pathlib import Path

import numpy as np

from .dataset import DatasetError, readable
from .events import EventDataset
from .locate import Place, find_folder
from .sources import Source
from .splits import three_parts

__all__ = ["NMnist", "load_nmnist", "read_recording"]

WIDTH = HEIGHT = 34
EVENT = 5  # bytes
OVERFLOW, OVERFLOW_TIME = 240, 2**13  # what y is then, and microseconds
PLACE = Place(
    "N-MNIST",
    ("NMNIST", "N-MNIST", "nmnist", "n-mnist"),
    tuple(f"{part}/{digit}" for part in ("Train", "Test") for digit in range(10)),
    "garrickorchard.com/datasets/n-mnist",
)
_AGAIN = "Replace it with the original file, or take it out of the folder."


def read_recording(path):
    """All events of a recording.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    x, y, polarity, time : (n_events,) int arrays
        Column and row, from the upper left; 1 where it became brighter; microseconds, ascending.

    Raises
    ------
    DatasetError
        If the file is unreadable, empty, truncated or damaged.
    """
    with readable(path):
        content = np.fromfile(path, np.uint8)
    if not len(content):
        raise DatasetError(f"{path} is empty. {_AGAIN}")
    if rest := len(content) % EVENT:
        raise DatasetError(
            f"{path} is truncated, or no recording of N-MNIST: {rest} bytes are left at byte {len(content) - rest}, "
            f"and an event has {EVENT}. {_AGAIN}"
        )
    x, y, high, middle, low = np.ascontiguousarray(content.reshape(-1, EVENT).T).astype(np.int64)
    over = y == OVERFLOW
    bad = np.flatnonzero(((x >= WIDTH) | (y >= HEIGHT)) & ~over)
    if bad.size:
        k = bad[0]
        raise DatasetError(
            f"{path} is damaged, or no recording of N-MNIST: the event at byte {EVENT * k} is at x={x[k]}, y={y[k]}, "
            f"outside of {WIDTH} x {HEIGHT} pixels. {_AGAIN}"
        )
    events = x, y, high >> 7, (high & 127) << 16 | middle << 8 | low
    if over.any():
        events = [values[~over] for values in (*events[:3], events[3] + OVERFLOW_TIME * np.cumsum(over))]
    if np.any(events[3][1:] < events[3][:-1]):
        order = np.argsort(events[3], kind="stable")
        events = [values[order] for values in events]
    return tuple(events)


class NMnist(Source):
    """Recordings of N-MNIST, each read when it is shown.

    Parameters
    ----------
    paths : sequence of path-like
    """

    n_channels = HEIGHT * WIDTH * 2

    def __init__(self, paths):
        self.paths = paths
        with readable(paths):
            self._sizes = np.array([os.stat(path).st_size // EVENT for path in paths])

    def __len__(self):
        return len(self.paths)

    def sizes(self):
        return self._sizes

    def identity(self):
        return [self._sizes, *("/".join(Path(path).parts[-3:]).encode() for path in self.paths)]

    def read(self, sample):
        x, y, polarity, time = read_recording(self.paths[sample])
        return time * 1e-6, (y * WIDTH + x) * 2 + polarity


def load_nmnist(data=None, **split):
    """Load N-MNIST, or any part of it in the same folders.

    Parameters
    ----------
    data, **split
        As `brianff.datasets.load` takes them, `split` what says how it is split; groups are refused: N-MNIST
        does not say who wrote a digit.

    Returns
    -------
    EventDataset
        Channel ``(y*34 + x)*2 + polarity``. The folder ``Test`` is the test split.
    """
    folder, found = find_folder(PLACE, data), []
    for part in ("Train", "Test"):
        for digit in range(10):
            names = [path.name for path in Path(folder, part, str(digit)).glob("*.bin")]
            if not names:
                raise DatasetError(
                    f"{folder / part / str(digit)} holds no recording (*.bin): get the files again from {PLACE.home}."
                )
            found += [(part == "Test", name, digit) for name in names]
    found.sort()  # by the number in MNIST, whose order knows nothing of the digits
    of_test, names, labels = zip(*found, strict=True)
    labels, n_train = np.array(labels), len(found) - sum(of_test)
    paths = [f"{folder}/{'Test' if test else 'Train'}/{digit}/{name}" for test, name, digit in found]
    parts = three_parts("nmnist", labels, **split, n_train=n_train)
    return EventDataset("nmnist", NMnist(paths), labels, 10, *parts, image_shape=(HEIGHT, WIDTH))
