"""Sound files as spike trains."""

import wave
from pathlib import Path

import numpy as np

from brianff.errors import OptionError

from .cochlea import Cochlea
from .dataset import DatasetError, readable
from .events import EventDataset
from .own import divided, labels_of, names_of
from .prepared import Prepared

__all__ = ["SoundFiles", "from_wav", "read_wav"]

_CONVERT = "Convert it, as by ffmpeg -i FILE -c:a pcm_s16le NEW.wav, or leave it out."
_VERSION = 1  # of what becomes of a sound


def read_wav(path):
    """Sound of a WAV file with PCM samples.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    sound : (n_samples,) float32 array
        From -1 to 1, the mean of all channels.
    rate : int
        Samples a second.

    Raises
    ------
    DatasetError
        If the file is missing, damaged, truncated, empty or of another kind.
    """
    try:
        with readable(path), wave.open(str(path)) as file:
            n_channels, width, rate, promised = file.getparams()[:4]
            content = file.readframes(promised)
    except (wave.Error, EOFError) as error:
        problem = str(error) or "it ends too early"
        raise DatasetError(f"{path} is no WAV file of PCM samples ({problem}). {_CONVERT}") from None
    held = len(content) // (n_channels * width)
    if held != promised:
        raise DatasetError(
            f"{path} is truncated: its header promises {promised} frames of {n_channels * width} bytes, and it ends "
            f"after {held}. Replace it with the original file, or leave it out."
        )
    if not held:
        raise DatasetError(f"{path} holds no sound. Leave it out.")
    if width == 1:
        values = np.frombuffer(content, np.uint8).astype(np.float32) - 128
    elif width == 3:  # the three upper bytes of four
        four = np.zeros((held * n_channels, 4), np.uint8)
        four[:, 1:] = np.frombuffer(content, np.uint8).reshape(-1, 3)
        values = four.view("<i4")[:, 0].astype(np.float32) / 256
    else:
        values = np.frombuffer(content, f"<i{width}").astype(np.float32)
    return values.reshape(held, n_channels).mean(axis=1) / 2 ** (8 * width - 1), rate


class SoundFiles(Prepared):
    """The spike trains of sound files, computed once and kept.

    Parameters
    ----------
    paths : sequence of path-like
    cochlea : `brianff.datasets.cochlea.Cochlea`, optional

    Raises
    ------
    DatasetError
        If a file is missing or bad, or has too few samples a second.
    """

    def __init__(self, paths, cochlea=None):
        self.cochlea, self.paths = cochlea or Cochlea(), [Path(path) for path in paths]
        with readable(paths):
            states = [path.stat() for path in self.paths]
        files = zip(self.paths, states, strict=True)
        known = [f"{path.absolute()} {one.st_size} {one.st_mtime_ns}" for path, one in files]
        key = "\n".join([f"{self.cochlea} {_VERSION}", *known])
        super().__init__(key, self._computed, len(known), self.cochlea.channels)

    @property
    def centres(self):
        """Centre frequencies of the channels in Hz."""
        return self.cochlea.centres

    def _computed(self, sample):
        sound, rate = read_wav(self.paths[sample])
        if rate <= 2 * self.cochlea.highest:
            raise DatasetError(
                f"{self.paths[sample]} has {rate} samples a second, too few for a filter at "
                f"{self.cochlea.highest:g} Hz: give Cochlea(highest=...) of less than {rate / 2:g}."
            )
        return self.cochlea.spikes(sound, rate)


def from_wav(
    files,
    labels=None,
    *,
    cochlea=None,
    groups=None,
    test=None,
    validation=None,
    test_group=None,
    validation_group=None,
    classes=None,
    name="own",
    split_seed=0,
) -> EventDataset:
    """A data set of sound files, which a filter bank turns into spikes; for the encoder ``spike_times``.

    Parameters
    ----------
    files : path-like, or sequence of path-like
        A folder that has one folder of WAV files for each class, or the files themselves.
    labels : array of int, shape (n_samples,)
        Class of each file, counted from 0 without gaps. For a folder they are not given: the names of its folders, in
        alphabetical order, are the classes.
    cochlea : `brianff.datasets.cochlea.Cochlea`, optional
        What makes spikes of sound. They are computed once and kept on this machine.
    groups : sequence of str, optional
        Who each file is of, such as the speaker.
    test, validation : int or float, optional
        Number or fraction of the samples to hold out for the test, and of the rest (default: 0.25, 0.2).
    test_group, validation_group : sequence of str, optional
        Groups all of whose samples are held out, in place of a number.
    classes, name, split_seed
        As of `brianff.datasets.from_spikes`.

    Returns
    -------
    EventDataset

    Raises
    ------
    OptionError
        If an argument cannot be meant.
    DatasetError
        If a file is missing or bad.
    """
    if isinstance(files, (str, Path)):
        if labels is not None:
            raise OptionError("labels: the folders of a folder are its classes; give them with a list of files only.")
        files, labels, classes = _of_folder(Path(files).expanduser())
    if not len(files):
        raise OptionError("files: there is none.")
    classes = names_of(classes)
    labels = labels_of(labels, "labels", len(files), classes)
    if groups is not None and len(groups) != len(files):
        raise OptionError(f"groups: {len(groups)} for {len(files)} files.")
    groups = None if groups is None else np.array(list(map(str, groups)))
    of_groups = dict(groups=groups, test_group=test_group, validation_group=validation_group)
    test = 0.25 if test is None else test
    n_classes, parts = divided(labels, test, validation, classes, name, split_seed, **of_groups)
    return EventDataset(name, SoundFiles(files, cochlea), labels, n_classes, *parts, classes, groups=groups)


def _of_folder(root):
    """(files, labels, names of classes) of a folder of folders."""
    if not root.is_dir():
        raise DatasetError(f"the folder {root} does not exist or is a file: name the one that holds the classes.")
    found = {folder.name: sorted(folder.glob("*.wav")) for folder in sorted(root.iterdir()) if folder.is_dir()}
    found = {name: files for name, files in found.items() if files}
    if len(found) < 2:
        raise DatasetError(
            f"{root} has {len(found)} folders with WAV files: give every class, of at least two, a folder of its own."
        )
    labels = np.repeat(np.arange(len(found)), [len(files) for files in found.values()])
    return [path for files in found.values() for path in files], labels, tuple(found)
