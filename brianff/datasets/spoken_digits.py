"""The Free Spoken Digit Dataset: ten digits by six speakers, in WAV files, as spikes of a cochlea.

Jackson et al., github.com/Jakobovski/free-spoken-digit-dataset. It is not the Spiking Heidelberg Digits.
"""

import re

import numpy as np

from .dataset import DatasetError
from .events import EventDataset
from .locate import Place, find_folder
from .splits import three_parts
from .wav import SoundFiles

CLASSES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
PLACE = Place(
    "the Free Spoken Digit Dataset",
    ("free-spoken-digit-dataset/recordings", "fsdd/recordings", "spoken-digits/recordings", "recordings"),
    ("[0-9]_*_*.wav",),
    "github.com/Jakobovski/free-spoken-digit-dataset",
)
N_TEST = 5  # the recordings 0 to 4 of every digit and speaker
_NAME = re.compile(r"([0-9])_([a-z]+)_([0-9]+)\.wav")


def load_spoken_digits(data=None, **split):
    """Load the data set, split as its authors do: recordings 0 to 4 of every digit and speaker are the test split.

    Parameters
    ----------
    data, **split
        As `brianff.datasets.load` takes them, `split` what says how it is split; the groups are the speakers.

    Returns
    -------
    EventDataset
    """
    folder = find_folder(PLACE, data)
    found = []
    for path in folder.glob("*.wav"):
        if (name := _NAME.fullmatch(path.name)) is None:
            raise DatasetError(f"{path} is not named DIGIT_SPEAKER_NUMBER.wav: take it out of the folder.")
        number = int(name[3])
        found.append((number < N_TEST, int(name[1]), name[2], number, path))
    of_test, labels, speakers, _, paths = zip(*sorted(found), strict=True)
    labels, speakers, n_train = np.array(labels), np.array(speakers), len(found) - sum(of_test)
    if not 0 < n_train < len(found):
        raise DatasetError(
            f"{folder} has {len(found)} recordings, {n_train} of them numbered from {N_TEST} on: get all of them from "
            f"{PLACE.home}."
        )
    parts = three_parts("spoken-digits", labels, **split, n_train=n_train, groups=speakers)
    return EventDataset("spoken-digits", SoundFiles(paths), labels, 10, *parts, CLASSES, groups=speakers)
