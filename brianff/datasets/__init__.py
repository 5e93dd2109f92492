"""Labelled data sets: images, and spike trains.

`load` gives a `Dataset`, unsigned 8-bit images, their labels and three disjoint splits, or an `EventDataset`, with
spike times in the place of images. The default, scikit-learn's digits, and the generated `timing` and `rhythm` need no
files; ``events`` is read from a file of spike times, the others from MNIST-format idx files. `from_arrays` and
`from_spikes` make data sets of your own arrays.
"""

import pkgutil
import typing

from brianff.errors import OptionError
from brianff.lazy import at_first_use

if typing.TYPE_CHECKING:
    from .dataset import Dataset
    from .events import EventDataset

# Imported when they are used: reading idx files, spike trains and archives needs much that other data sets do not.
_PLACES = {
    "Dataset": "datasets.dataset",
    "DatasetError": "datasets.dataset",
    "EventDataset": "datasets.events",
    "from_arrays": "datasets.own",
    "from_spikes": "datasets.own",
    "from_wav": "datasets.wav",
    "from_tonic": "datasets.tonic",
    "Cochlea": "datasets.cochlea",
}
__all__ = [*_PLACES, "SPIKE_TRAINS", "load", "names"]
__getattr__, _ = at_first_use(__name__, _PLACES)

# Name -> (where it is from, module and function that load it).
_WITHOUT_FILES = {
    "digits": ("comes with scikit-learn", "digits", "load_digits"),
    "timing": ("is generated", "timing", "load_timing"),
    "rhythm": ("is generated", "rhythm", "load_rhythm"),
}
# Name -> module and function: spike trains in files of their own formats.
_OF_EVENTS = {
    "nmnist": ("nmnist", "load_nmnist"),
    "dvs-gesture": ("gesture", "load_dvs_gesture"),
    "shd": ("heidelberg", "load_shd"),
    "ssc": ("heidelberg", "load_ssc"),
    "spoken-digits": ("spoken_digits", "load_spoken_digits"),
}
SPIKE_TRAINS = ("rhythm", "events", *_OF_EVENTS)  # names of data sets that hold spike times


def _imported(module, name):
    return pkgutil.resolve_name(f"brianff.datasets.{module}:{name}")


def names() -> tuple:
    """Names that `load` knows, the default first: a tuple of str."""
    return (*_WITHOUT_FILES, "events", *_OF_EVENTS, *_imported("idx_sets", "SETS"))


def load(
    name="digits",
    data=None,
    download=False,
    validation=None,
    split_seed=0,
    test_group=None,
    validation_group=None,
) -> "Dataset | EventDataset":
    """Load a data set and split it into train, validation and test samples.

    Parameters
    ----------
    name : str
        One of `names`.
    data : path-like, optional
        For "events" the npz file (see `brianff.datasets.events.load_events`). Otherwise the folder that holds the data
        set's idx files, or one of their usual sub-folders (such as ``MNIST/raw``). If given, no other folder is
        searched. By default these are searched in turn: the folder named by the environment variable ``BRIANFF_DATA``,
        torchvision's usual ``./data`` and ``~/data``, Keras's cache, Debian's package dataset-fashion-mnist and the
        cache that `download` fills.
    download : bool
        Download the files, with their checksums verified, if no searched folder holds them. The digits are never
        downloaded: scikit-learn ships them.
    validation : int or float, optional
        Samples to hold out of the training samples for validation: a number (int) or a fraction (float). 0 leaves the
        validation split empty. Default: 0.2 for the digits; for the others 5000, or a twelfth of the training file if
        that is fewer.
    split_seed : int
        Seed that draws the validation samples and, for the digits, the test samples. The idx data sets keep their
        official test file as the test split.
    test_group, validation_group : sequence of str, optional
        Groups, such as speakers, all of whose samples are the test and the validation split; of data sets that say who
        their samples are of (see ``docs/events.md``).

    Returns
    -------
    Dataset or EventDataset

    Raises
    ------
    OptionError
        If an argument is out of range, or `data` does not go with the others.
    DatasetError
        If the files are missing or bad.

    Examples
    --------
    >>> from brianff import datasets
    >>> digits = datasets.load("digits")
    >>> digits.image_shape, digits.n_classes
    ((8, 8), 10)
    """
    if name in _OF_EVENTS:
        if download:
            raise OptionError(f"data set {name!r} is not downloaded: name the folder that holds it with --data DIR.")
        groups = dict(test_group=test_group, validation_group=validation_group)
        return _imported(*_OF_EVENTS[name])(data, validation=validation, split_seed=split_seed, **groups)
    for option, groups in (("--test-group", test_group), ("--validation-group", validation_group)):
        if groups is not None:
            raise OptionError(f"data set {name!r} does not say who its samples are of: leave out {option}.")
    if name in _WITHOUT_FILES:
        origin, module, function = _WITHOUT_FILES[name]
        if data is not None:
            raise OptionError(
                f"data set {name!r} {origin} and reads no files: leave out data={str(data)!r} (--data), or name the "
                "data set that it holds"
            )
        return _imported(module, function)(validation, split_seed)
    if name == "events":
        if data is None or download:
            raise OptionError("data set 'events' is a file of yours: name it with data=FILE (--data FILE)")
        return _imported("events", "load_events")(data, validation, split_seed)
    if name in (sets := _imported("idx_sets", "SETS")):
        return _imported("idx_sets", "load_idx_set")(sets[name], data, download, validation, split_seed)
    raise OptionError(f"unknown data set {name!r}: choose from {', '.join(names())}")
