"""The Spiking Heidelberg Digits and Spiking Speech Commands: spoken words as spikes of a model of the inner ear.

Cramer et al. (2020, IEEE TNNLS 33:2744), zenkelab.org. An HDF5 file holds ``spikes/times`` (s) and ``spikes/units``
(0 to 699), one array of any length for each recording, ``labels``, and with the names of the classes and the speakers
``extra/keys`` and ``extra/speaker``. SHD has a file for training and one for the test, SSC one for validation, too.
"""

import os

import numpy as np

from brianff.errors import OptionError

from .dataset import DatasetError
from .events import EventDataset
from .locate import Place, find_folder
from .sources import Source
from .splits import three_parts

__all__ = ["HeidelbergFiles", "load_shd", "load_ssc"]

N_CHANNELS = 700
HOME = "zenkelab.org/resources/spiking-heidelberg-datasets-shd (unpack the .gz files)"
VALIDATION_SPEAKERS = 2  # of SHD, whose test file has as many that are in no other


def _place(title, name, parts):
    folders = (title, name, name.upper(), "hdspikes")
    return Place(title, folders, tuple(f"{name}_{part}.h5" for part in parts), HOME)


SHD = _place("the Spiking Heidelberg Digits", "shd", ("train", "test"))
SSC = _place("the Spiking Speech Commands", "ssc", ("train", "valid", "test"))


class HeidelbergFiles(Source):
    """The recordings of some files, one file after the other; each is read when it is shown.

    Parameters
    ----------
    paths : sequence of path-like
    n_channels : int

    Attributes
    ----------
    counts : list of int
        Recordings in each file.
    labels : (n_samples,) int array
    speakers : (n_samples,) array of str, or None if a file does not name them
    keys : tuple of str, or None
        Names of the classes.

    Raises
    ------
    DatasetError
        If h5py is not installed, or a file is missing or bad.
    """

    def __init__(self, paths, n_channels=N_CHANNELS):
        self.paths, self.n_channels = [str(path) for path in paths], n_channels
        self._process, self._files = os.getpid(), {}
        labels, speakers, sizes = [], [], []
        for path in self.paths:
            file, *_ = self._open(path)
            labels.append(_whole(path, file, "labels"))
            sizes.append(_sizes(path, file, len(labels[-1])))
            speakers.append(_whole(path, file, "extra/speaker") if "extra/speaker" in file else None)
            if speakers[-1] is not None and len(speakers[-1]) != len(labels[-1]):
                raise DatasetError(f"{path} has {len(labels[-1])} labels but {len(speakers[-1])} speakers. {_AGAIN}")
        self.counts, self.labels, self._sizes = [len(one) for one in labels], *map(np.concatenate, (labels, sizes))
        self.speakers = None if any(one is None for one in speakers) else np.concatenate(speakers).astype(str)
        self.keys = _keys(self._open(self.paths[0])[0])
        self._starts = np.cumsum([0, *self.counts])

    def _open(self, path):
        """The file, held open, its times and its units; HDF5's state does not outlive a fork."""
        if self._process != os.getpid():
            self._process, self._files = os.getpid(), {}
        if path not in self._files:
            file = _opened(path)
            self._files[path] = file, file["spikes/times"], file["spikes/units"]
        return self._files[path]

    def __getstate__(self):
        return vars(self) | {"_files": {}}

    def __len__(self):
        return len(self.labels)

    def sizes(self):
        return self._sizes

    def identity(self):
        return [self._sizes, self.labels]

    def read(self, sample):
        part = int(np.searchsorted(self._starts, sample, side="right")) - 1
        path, index = self.paths[part], int(sample - self._starts[part])
        _, of_times, of_units = self._open(path)
        try:
            times, units = of_times[index].astype(float), of_units[index].astype(np.int64)
        except OSError as error:
            raise DatasetError(f"{path} is damaged: recording {index} cannot be read ({error}). {_AGAIN}") from None
        if len(times) and not (times.min() >= 0 and times.max() < np.inf):  # also refuses nan
            bad = int(np.argmin((times >= 0) & (times < np.inf)))
            raise DatasetError(f"{path} is damaged: spike {bad} of recording {index} is at {times[bad]} s. {_AGAIN}")
        if len(units) and not 0 <= units.min() <= units.max() < self.n_channels:
            bad = int(np.argmax((units < 0) | (units >= self.n_channels)))
            raise DatasetError(
                f"{path} is damaged or of another data set: spike {bad} of recording {index} is of unit {units[bad]}, "
                f"and they count from 0 to {self.n_channels - 1}. {_AGAIN}"
            )
        if np.any(times[1:] < times[:-1]):
            order = np.argsort(times, kind="stable")
            times, units = times[order], units[order]
        return times, units


_AGAIN = f"Get it again from {HOME}."


def _opened(path):
    try:
        import h5py
    except ImportError:
        raise DatasetError(
            f"{path} is an HDF5 file, which needs h5py: pip install 'brianff[events]', or pip install h5py."
        ) from None
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise DatasetError(f"{path} cannot be read as an HDF5 file ({error}). {_AGAIN}") from None
    for name in ("spikes/times", "spikes/units", "labels"):
        if not isinstance(file.get(name), h5py.Dataset):
            raise DatasetError(f"{path} lacks {name}: it needs spikes/times, spikes/units and labels. {_AGAIN}")
    for name, kind, what in (("times", "f", "floating-point"), ("units", "iu", "whole")):
        values = h5py.check_vlen_dtype(file[f"spikes/{name}"].dtype)
        if values is None or np.dtype(values).kind not in kind:
            raise DatasetError(
                f"{path} holds spikes/{name} as {values or file[f'spikes/{name}'].dtype}, not as {what} numbers, an "
                f"array of any length for each recording. {_AGAIN}"
            )
    return file


def _whole(path, file, name):
    """One whole number for each recording."""
    try:
        found = file[name][()]
    except OSError as error:
        raise DatasetError(f"{path} is damaged: {name} cannot be read ({error}). {_AGAIN}") from None
    if found.ndim != 1 or found.dtype.kind not in "iu" or not len(found):
        raise DatasetError(
            f"{path} holds {name} as a {found.dtype} array of shape {found.shape}, not as a whole number for each "
            f"recording. {_AGAIN}"
        )
    return found.astype(np.int64)


def _keys(file):
    if "extra/keys" not in file:
        return None
    return tuple(key.decode() if isinstance(key, bytes) else str(key) for key in file["extra/keys"][()])


def _sizes(path, file, n_samples):
    """Spikes of each recording, (n,) int array, without reading them."""
    times, units = file["spikes/times"], file["spikes/units"]
    for name, found in (("times", times), ("units", units)):
        if found.shape != (n_samples,):
            raise DatasetError(
                f"{path} has {n_samples} labels, and spikes/{name} of shape {found.shape}: it is damaged. {_AGAIN}"
            )
    try:
        of_times, of_units = _lengths(file, times), _lengths(file, units)
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path} is damaged: its spikes cannot be read ({error}). {_AGAIN}") from None
    if (bad := np.flatnonzero(of_times != of_units)).size:
        k = bad[0]
        raise DatasetError(
            f"{path} is damaged: recording {k} has {of_times[k]} times for {of_units[k]} units. {_AGAIN}"
        )
    return of_times


def _lengths(file, dataset):
    """Lengths of the arrays of a dataset: (n,) int array.

    A file has a list of descriptors in the place of the arrays: the length, in 4 bytes, and where the values are (HDF5
    File Format Specification, "Variable-length"). This list is read as it is, where no filter has been over it;
    otherwise the values have to be read.
    """
    n, layout = len(dataset), dataset.id.get_create_plist()
    of_address, _ = file.id.get_create_plist().get_sizes()
    descriptor = np.dtype([("length", "<u4"), ("place", f"V{of_address + 4}")])
    if dataset.chunks is not None and not layout.get_nfilters():
        parts = [dataset.id.read_direct_chunk((start,))[1] for start in range(0, n, dataset.chunks[0])]
    elif (offset := dataset.id.get_offset()) is not None:
        with open(file.filename, "rb") as plain:
            plain.seek(offset)
            parts = [plain.read(n * descriptor.itemsize)]
    else:
        return np.array([len(dataset[k]) for k in range(n)], np.int64)
    return np.concatenate([np.frombuffer(part, descriptor)["length"] for part in parts])[:n].astype(np.int64)


def load_shd(data=None, **split):
    """Load the Spiking Heidelberg Digits; the test file is the test split.

    Parameters
    ----------
    data, **split
        As `brianff.datasets.load` takes them, `split` what says how it is split; the groups are the speakers. By
        default the validation split holds two speakers that are in no test sample, drawn by `split_seed`: most
        recordings of the test file are of speakers that no training sample is of.

    Returns
    -------
    EventDataset
    """
    folder = find_folder(SHD, data)
    source = HeidelbergFiles([folder / name for name in SHD.holds])
    _check_classes(source, 20)
    held_out = dict(n_train=source.counts[0], groups=source.speakers, usual_groups=VALIDATION_SPEAKERS)
    parts = three_parts("shd", source.labels, **split, **held_out)
    return EventDataset("shd", source, source.labels, 20, *parts, source.keys, groups=source.speakers)


def load_ssc(data=None, validation=None, **split):
    """Load the Spiking Speech Commands, with a file for each split.

    Parameters
    ----------
    data, **split
        As `brianff.datasets.load` takes them; the groups are the speakers.
    validation : int, optional
        0: the samples of the validation file are trained on as well. Another number is refused.

    Returns
    -------
    EventDataset
    """
    folder = find_folder(SSC, data)
    source = HeidelbergFiles([folder / name for name in SSC.holds])
    _check_classes(source, 35)
    n_train, n_validation, _ = source.counts
    if validation:
        raise OptionError(
            f"data set 'ssc' has a validation file of its own: leave out --validation {validation}, or train on that "
            "file as well with --validation 0."
        )
    of_file = validation is None and all(split.get(name) is None for name in ("test_group", "validation_group"))
    split |= dict(validation=0 if of_file else validation, n_train=n_train + n_validation, groups=source.speakers)
    train, held_out, test = three_parts("ssc", source.labels, **split)
    if of_file:
        train, held_out = np.split(train, [n_train])
    return EventDataset("ssc", source, source.labels, 35, train, held_out, test, source.keys, groups=source.speakers)


def _check_classes(source, n_classes):
    for path, labels in zip(source.paths, np.split(source.labels, np.cumsum(source.counts)[:-1]), strict=True):
        if (bad := np.flatnonzero((labels < 0) | (labels >= n_classes))).size:
            raise DatasetError(
                f"{path}: label {labels[bad[0]]} of recording {bad[0]} is out of range for {n_classes} classes: is it "
                f"of another data set? {_AGAIN}"
            )
    if source.keys is not None and len(set(source.keys)) != n_classes:
        raise DatasetError(
            f"{source.paths[0]} names {len(source.keys)} classes in extra/keys, not {n_classes}. {_AGAIN}"
        )
