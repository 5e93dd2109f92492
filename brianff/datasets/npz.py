"""Reader of npz archives: spike trains, and Keras's MNIST."""

import zipfile
import zlib

import numpy as np

from .dataset import DatasetError
from .idx import GET_AGAIN, OTHER_FOLDER

_NUMBERS = {np.floating: "float", np.integer: "integer", np.uint8: "uint8"}


def read_arrays(path, wanted, again, other):
    """Read arrays of an npz archive; pickled objects are refused.

    Parameters
    ----------
    path : pathlib.Path
    wanted : dict of name -> (number of dimensions, NumPy type)
    again, other : str
        What to do about a damaged file, and about one that cannot be read.

    Returns
    -------
    arrays : dict of name -> ndarray, none of them empty

    Raises
    ------
    DatasetError
        If the archive is unreadable or damaged, lacks an array, or holds one of another type or shape.
    """
    try:
        # numpy.load takes anything that is no zip archive for a pickle.
        if path.is_file() and not zipfile.is_zipfile(path):
            raise zipfile.BadZipFile("no zip archive, or one that was cut short")
        with np.load(path, allow_pickle=False) as archive:
            found = {name: archive[name] for name in archive.files}
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:
        raise DatasetError(f"{path} is not a valid npz file ({error}). {again}") from error
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}. {other}") from error
    for name, (n_dimensions, numbers) in wanted.items():
        if name not in found:
            raise DatasetError(f"{path} lacks the array {name}: it needs {', '.join(wanted)}. {again}")
        array = found[name]
        if array.ndim != n_dimensions or not np.issubdtype(array.dtype, numbers) or not array.size:
            what = f"array with {n_dimensions} dimensions, not empty" if n_dimensions else "number"
            raise DatasetError(
                f"{path} holds {name} as a {array.dtype} array of shape {array.shape}, not as one {_NUMBERS[numbers]} "
                f"{what}. {again}"
            )
    return found


def read_keras(path):
    """Read images and labels for training and for test, as in Keras's ``mnist.npz``.

    Returns
    -------
    images, labels : lists of ndarray of uint8, shapes (n_split, height, width) and (n_split,)

    Raises
    ------
    DatasetError
        As `read_arrays`, or if the arrays do not fit together.
    """
    parts = ("train", "test")
    wanted = {f"{key}_{part}": (n, np.uint8) for part in parts for key, n in (("x", 3), ("y", 1))}
    found = read_arrays(path, wanted, GET_AGAIN, OTHER_FOLDER)
    images, labels = ([found[f"{key}_{part}"] for part in parts] for key in "xy")
    if images[0].shape[1:] != images[1].shape[1:]:
        raise DatasetError(
            f"{path} holds images of shape {images[0].shape[1:]} for training but {images[1].shape[1:]} for test. "
            f"{GET_AGAIN}"
        )
    for part, n_images, n_labels in zip(parts, map(len, images), map(len, labels), strict=True):
        if n_images != n_labels:
            raise DatasetError(
                f"{path} has {n_images} images in x_{part} but {n_labels} labels in y_{part}. {GET_AGAIN}"
            )
    return images, labels
