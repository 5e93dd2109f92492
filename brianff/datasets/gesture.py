"""DVS128 Gesture: eleven gestures of the hands and arms, by 29 people in three kinds of light, before an event camera.

Amir et al. (2017, CVPR). A recording ``userNN_LIGHT.aedat`` of 128 x 128 pixels holds all gestures of a person, and
``userNN_LIGHT_labels.csv`` says from when to when each of them goes. ``trials_to_train.txt`` and
``trials_to_test.txt`` list the recordings; nobody is in both.
"""

import csv
import os
import re
from pathlib import Path

import numpy as np

from .aedat import HEADER, packets, polarity_events
from .dataset import DatasetError
from .events import EventDataset
from .locate import Place, find_folder
from .sources import Source
from .splits import three_parts

__all__ = ["GestureRecordings", "load_dvs_gesture"]

WIDTH = HEIGHT = 128
CLASSES = (
    "hand clapping", "right hand wave", "left hand wave", "right arm clockwise", "right arm counter-clockwise",
    "left arm clockwise", "left arm counter-clockwise", "arm roll", "air drums", "air guitar", "other gestures",
)  # fmt: skip
COLUMNS = ["class", "startTime_usec", "endTime_usec"]
LISTS = ("trials_to_train.txt", "trials_to_test.txt")
PLACE = Place(
    "DVS128 Gesture",
    ("DvsGesture", "DVSGesture/DvsGesture", "dvs-gesture", "DVSGesture"),
    LISTS,
    "research.ibm.com/interactive/dvsgesture (DvsGesture.tar.gz, unpacked)",
)
VALIDATION_USERS = 4  # of the 23 of the training recordings
_AGAIN = f"Get the file again from {PLACE.home}."


class GestureRecordings(Source):
    """The gestures of some recordings, of which the packets are read when they are shown.

    Parameters
    ----------
    paths : sequence of path-like
        AEDAT files; their labels lie beside them.

    Attributes
    ----------
    counts : list of int
        Gestures of each recording.
    labels : (n_samples,) int array
    """

    n_channels = HEIGHT * WIDTH * 2

    def __init__(self, paths):
        self.paths, self.counts, found = [str(path) for path in paths], [], []
        for number, path in enumerate(self.paths):
            index, gestures = packets(path), _gestures(_labels_of(path))
            self.counts.append(len(gestures))
            for line, label, start, stop in gestures:
                within = np.flatnonzero((index["last"] >= start) & (index["first"] < stop))
                if not within.size:
                    raise DatasetError(
                        f"{_labels_of(path)}, line {line}: {path} has no event from {start} to {stop} microseconds: "
                        f"are the labels of another recording? {_AGAIN}"
                    )
                last = index[within[-1]]
                end = last["offset"] + HEADER.size + 8 * last["number"]
                size = index["number"][within[0] : within[-1] + 1].sum()
                found.append((number, index["offset"][within[0]], end, start, stop, size, label))
        *self._index, self._sizes, self.labels = np.array(found, np.int64).reshape(-1, 7).T

    def __len__(self):
        return len(self.labels)

    def sizes(self):
        return self._sizes

    def identity(self):
        return [*(os.path.basename(path).encode() for path in self.paths), *map(np.ascontiguousarray, self._index)]

    def read(self, sample):
        number, offset, end, start, stop = (int(column[sample]) for column in self._index)
        x, y, polarity, time = polarity_events(self.paths[number], offset, end, WIDTH, HEIGHT)
        own = np.flatnonzero((time >= start) & (time < stop))
        own = own[np.argsort(time[own], kind="stable")]
        return (time[own] - start) * 1e-6, ((y * WIDTH + x) * 2 + polarity)[own]


def _labels_of(path):
    return Path(path).with_name(Path(path).stem + "_labels.csv")


def _gestures(path):
    """(line, label from 0, start and end in microseconds) of the gestures of a recording."""
    try:
        with open(path, newline="") as file:
            rows = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}. {_AGAIN}") from None
    if not rows or [column.strip() for column in rows[0]] != COLUMNS:
        raise DatasetError(f"{path}, line 1: it does not read {','.join(COLUMNS)}. {_AGAIN}")
    found = []
    for line, row in enumerate(rows[1:], start=2):
        if not row:
            continue
        try:
            label, start, stop = map(int, row)
        except ValueError:
            raise DatasetError(f"{path}, line {line}: {','.join(row)!r} is not three whole numbers. {_AGAIN}") from None
        if not 1 <= label <= len(CLASSES) or not 0 <= start < stop:
            raise DatasetError(
                f"{path}, line {line}: {','.join(row)!r} is not a class from 1 to {len(CLASSES)}, a start and a later "
                f"end. {_AGAIN}"
            )
        found.append((line, label - 1, start, stop))
    if not found:
        raise DatasetError(f"{path} has no gesture. {_AGAIN}")
    return found


def load_dvs_gesture(data=None, **split):
    """Load the data set; the recordings of `trials_to_test.txt` are the test split.

    Parameters
    ----------
    data, **split
        As `brianff.datasets.load` takes them, `split` what says how it is split; the groups are the users, as in
        ``user07``. By default the validation split holds four of them, drawn by `split_seed`.

    Returns
    -------
    EventDataset
        Channel ``(y*128 + x)*2 + polarity``; times from the start of a gesture.
    """
    folder = find_folder(PLACE, data)
    listed = [_listed(folder / name) for name in LISTS]
    source = GestureRecordings([path for paths in listed for path in paths])
    users = np.repeat([re.match("user[0-9]*", Path(path).name)[0] for path in source.paths], source.counts)
    n_train = sum(source.counts[: len(listed[0])])
    held_out = dict(n_train=n_train, groups=users, usual_groups=VALIDATION_USERS)
    parts, shape = three_parts("dvs-gesture", source.labels, **split, **held_out), (HEIGHT, WIDTH)
    return EventDataset("dvs-gesture", source, source.labels, 11, *parts, CLASSES, image_shape=shape, groups=users)


def _listed(path):
    """Recordings that a list names."""
    try:
        names = path.read_text().split()
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} cannot be read: {error}. {_AGAIN}") from None
    if not names:
        raise DatasetError(f"{path} names no recording. {_AGAIN}")
    for name in names:
        if not re.fullmatch(r"user[0-9]+_\w+\.aedat", name):
            raise DatasetError(f"{path} names {name!r}, which is not as in user01_led.aedat. {_AGAIN}")
    return [path.parent / name for name in names]
