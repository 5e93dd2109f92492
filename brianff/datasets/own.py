"""Data sets of one's own arrays and spike trains."""

import numpy as np

from brianff.errors import OptionError

from .dataset import Dataset, described
from .events import EventDataset
from .sources import InMemory
from .splits import held_out_size, three_parts

DIM = 25  # of 255: integers that reach no further are on another scale


def from_arrays(images, labels, *, test=0.25, validation=0.2, classes=None, name="own", split_seed=0) -> Dataset:
    """A data set of images, or of any intensities.

    Parameters
    ----------
    images : array, shape (n_samples, height, width) or (n_samples, n_channels)
        Floats from 0 to 1, which are rounded to 256 grey levels, integers from 0 to 255, or booleans.
    labels : array of int, shape (n_samples,)
        Class of each image, counted from 0 without gaps.
    test : int, float or (images, labels)
        Number or fraction of the samples to hold out for the test, or a test set of its own.
    validation : int or float
        Number or fraction to hold out of the rest.
    classes : sequence of str, optional
        Names of the classes, for figures.
    name : str, optional
        Of the data set, for messages.
    split_seed : int
        Seed that draws the samples that are held out, each class in proportion to its frequency.

    Returns
    -------
    Dataset

    Raises
    ------
    OptionError
        If an argument cannot be meant; one sentence says which and why.

    Examples
    --------
    >>> import numpy as np
    >>> from brianff import datasets
    >>> rng = np.random.default_rng(0)
    >>> data = datasets.from_arrays(rng.random((100, 8, 8)), rng.integers(0, 2, 100))
    >>> len(data.train), len(data.validation), len(data.test)
    (60, 15, 25)
    """
    classes, images, n_train = names_of(classes), _images(images, "images"), None
    labels = labels_of(labels, "labels", len(images), classes)
    if isinstance(test, (tuple, list)):
        of_test = _images(_pair(test, 2, "(images, labels)")[0], "test")
        if of_test.shape[1:] != images.shape[1:]:
            raise OptionError(f"test: images of shape {of_test.shape[1:]}, and images= has {images.shape[1:]}.")
        n_train, images = len(images), np.concatenate([images, of_test])
        labels = np.concatenate([labels, labels_of(test[1], "test", len(of_test), classes)])
    n_classes, parts = divided(labels, test, validation, classes, name, split_seed, n_train)
    return Dataset(name, images, labels, n_classes, *parts, classes)


def from_spikes(
    times,
    channels,
    labels,
    *,
    n_channels=None,
    duration=None,
    test=0.25,
    validation=0.2,
    classes=None,
    name="own",
    split_seed=0,
) -> EventDataset:
    """A data set of spike trains, for the encoder ``spike_times``.

    Parameters
    ----------
    times : sequence of arrays
        Of each sample, the times of its spikes from its start: Brian2 quantities, or floats in seconds.
    channels : sequence of int arrays
        Of each sample, the input channels of these spikes, counted from 0.
    labels : array of int, shape (n_samples,)
        Class of each sample, counted from 0 without gaps.
    n_channels : int, optional
        Number of input channels (default: one more than the highest that spikes).
    duration : Quantity or float, optional
        Length of a sample, in which all spikes must lie.
    test : int, float or (times, channels, labels)
        Number or fraction of the samples to hold out for the test, or a test set of its own.
    validation, classes, name, split_seed
        As of `from_arrays`.

    Returns
    -------
    EventDataset

    Raises
    ------
    OptionError
        If an argument cannot be meant; one sentence says which and why.
    """
    classes, given = names_of(classes), [(times, channels, labels, "times", "channels", "labels")]
    if isinstance(test, (tuple, list)):
        given.append((*_pair(test, 3, "(times, channels, labels)"), "test", "test", "test"))
    trains, all_labels = [], []
    for of_times, of_channels, of_labels, *what in given:
        trains += _trains(of_times, of_channels, what, duration)
        all_labels.append(labels_of(of_labels, what[2], len(of_times), classes))
    labels = np.concatenate(all_labels)
    times, channels = (np.concatenate(part) for part in zip(*trains, strict=True))
    if not len(times):
        raise OptionError("times: there is no spike in any sample.")
    n_channels = int(channels.max()) + 1 if n_channels is None else n_channels
    if not isinstance(n_channels, (int, np.integer)) or channels.max() >= n_channels:
        raise OptionError(f"n_channels={n_channels!r}: channel {channels.max()} spikes, and they are counted from 0.")
    samples = np.repeat(np.arange(len(labels)), [len(t) for t, _ in trains])
    n_train = len(all_labels[0]) if len(all_labels) > 1 else None
    n_classes, parts = divided(labels, test, validation, classes, name, split_seed, n_train)
    source = InMemory(times, channels, samples, int(n_channels), len(labels))
    return EventDataset(name, source, labels, n_classes, *parts, classes)


def _pair(test, n, what):
    if len(test) != n:
        raise OptionError(f"test: {len(test)} things in place of {what}.")
    return test


def _images(images, what):
    """Grey levels, (n, height, width) array of uint8."""
    images = _array(images, what)
    if images.ndim not in (2, 3) or not images.size or images.dtype.kind not in "fiub":
        raise OptionError(
            f"{what}: {described(images)}, in place of numbers of shape (n_samples, height, width) or "
            "(n_samples, n_channels)."
        )
    if images.dtype.kind == "f":
        if bad := int(np.sum(~np.isfinite(images))):
            raise OptionError(f"{what}: {bad} values are not finite: leave out the samples, or set them to 0.")
        scale, top = 255.0, 1
    else:
        scale, top = (255, 1) if images.dtype.kind == "b" else (1, 255)
    low, high = images.min(), images.max()
    if low < 0 or high > top:
        raise OptionError(
            f"{what}: {'floats' if top == 1 else 'integers'} from {low} to {high}, in place of 0 to {top}: scale them, "
            "as by (images - images.min()) / (images.max() - images.min())."
        )
    if top == 255 and high <= DIM:
        raise OptionError(
            f"{what}: integers from {low} to {high}, which is dark beside 255, white: give images / {high}, floats, "
            "if that is white."
        )
    grey = np.round(images * scale).astype(np.uint8)
    return grey[:, None, :] if grey.ndim == 2 else grey


def labels_of(labels, what, n_samples, classes):
    labels = _array(labels, what)
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        remedy = ": number the classes from 0, and give their names as classes=" if labels.dtype.kind in "UO" else ""
        raise OptionError(f"{what}: {described(labels)}, in place of one integer a sample{remedy}.")
    if len(labels) != n_samples:
        raise OptionError(f"{what}: {len(labels)} labels for {n_samples} samples.")
    if n_samples and labels.min() < 0:
        raise OptionError(f"{what}: a label is {labels.min()}: number the classes from 0.")
    if n_samples and classes is not None and labels.max() >= len(classes):
        raise OptionError(f"{what}: a label is {labels.max()}, and classes= has names of {len(classes)}, from 0.")
    return labels.astype(np.int64)


def _trains(times, channels, what, duration):
    """(times in seconds, channels) of each sample, in the order of time."""
    if not len(times) or len(times) != len(channels):
        raise OptionError(f"{what[1]}: of {len(channels)} samples, and {what[0]} of {len(times)}.")
    end = np.inf if duration is None else float(_seconds(duration, "duration"))
    found = []
    for sample, (t, i) in enumerate(zip(times, channels, strict=True)):
        t, i = _seconds(t, f"{what[0]}: sample {sample}"), _array(i, what[1])
        if not i.size:
            i = i.astype(int)
        if t.ndim != 1 or t.shape != i.shape or i.dtype.kind not in "iu":
            raise OptionError(
                f"{what[1]}: sample {sample} has {described(i)} for times of shape {t.shape}, in place of an array "
                "with an integer for each spike."
            )
        if (bad := ~(np.isfinite(t) & (t >= 0) & (t < end))).any():
            within = "" if np.isinf(end) else f", and the duration is {end:g} s"
            raise OptionError(
                f"{what[0]}: sample {sample} has a spike at {t[bad][0]:g} s{within}: times count from the start of "
                "the sample, numbers without a unit in seconds."
            )
        if i.size and i.min() < 0:
            raise OptionError(f"{what[1]}: sample {sample} has a spike of channel {i.min()}: count them from 0.")
        order = np.argsort(t, kind="stable")
        found.append((t[order], i[order].astype(np.int64)))
    return found


def _seconds(times, what):
    """A Brian2 quantity of time, or numbers of seconds, as an array of floats."""
    if str(getattr(times, "dim", "s")) != "s":
        raise OptionError(f"{what}: a quantity in {times.dim}, in place of one of time.")
    times = _array(times, what)
    if times.size and times.dtype.kind not in "fiu":
        raise OptionError(f"{what}: {described(times)}, in place of times.")
    return times.astype(float)


def divided(labels, test, validation, classes, name, split_seed, n_train=None, **of_groups):
    """Number of classes, and training, validation and test samples; `of_groups` as `splits.three_parts` takes them."""
    n_classes = int(labels.max(initial=-1)) + 1 if classes is None else len(classes)
    present = np.unique(labels)
    if len(present) < 2:
        raise OptionError(f"labels: all are {present[0]}: give samples of at least two classes.")
    if classes is None and len(present) < n_classes:
        missing = np.setdiff1d(np.arange(n_classes), present)[0]
        raise OptionError(
            f"labels: no sample is of class {missing}: count the classes from 0 without gaps, or name all of them with "
            "classes=."
        )
    n_test = None
    if n_train is None and of_groups.get("test_group") is None:
        n_test = held_out_size(name, test, len(labels), "test")
        if not n_test:
            raise OptionError("test=0: hold at least one sample out for the test, or give it as arrays.")
    parts = three_parts(name, labels, validation, split_seed, n_test=n_test, n_train=n_train, **of_groups)
    if len(lost := np.setdiff1d(present, labels[parts[0]])):
        raise OptionError(
            f"labels: no training sample is left of class {lost[0]}, which has {np.sum(labels == lost[0])} samples: "
            "give more of them, or hold out fewer (test=, validation=)."
        )
    return n_classes, parts


def names_of(classes):
    if classes is None:
        return None
    if isinstance(classes, str) or not np.iterable(classes):
        raise OptionError(f"classes={classes!r}: give a list of the names of all classes.")
    return tuple(map(str, classes))


def _array(values, what):
    try:
        return np.asarray(values)
    except ValueError:  # numpy's says nothing of the argument
        raise OptionError(f"{what}: its elements have different shapes.") from None
