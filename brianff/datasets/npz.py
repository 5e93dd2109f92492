"""Reader of the npz archive in which Keras keeps MNIST."""

import zipfile
import zlib

import numpy as np

from .dataset import DatasetError
from .idx import GET_AGAIN


def read_npz(path):
    """Read an npz archive of images and labels, as Keras's ``mnist.npz``.

    Parameters
    ----------
    path : pathlib.Path
        Archive with the arrays ``x_train``, ``y_train``, ``x_test`` and ``y_test``.
        Pickled objects are refused.

    Returns
    -------
    images : ndarray of uint8, shape (n_samples, height, width)
        Images for training, then those for test.
    counts : list of int
        Number of images for training and for test.
    labels : list of ndarray of uint8, shape (n_split,)
        Labels for training and for test.

    Raises
    ------
    DatasetError
        If the archive is unreadable or damaged, lacks an array, or holds one of
        another type or shape.
    """
    try:
        # numpy.load takes anything that is no zip archive for a pickle.
        if path.is_file() and not zipfile.is_zipfile(path):
            raise zipfile.BadZipFile("no zip archive")
        with np.load(path, allow_pickle=False) as archive:
            images = [_get(archive, path, key, 3) for key in ("x_train", "x_test")]
            labels = [_get(archive, path, key, 1) for key in ("y_train", "y_test")]
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:
        raise DatasetError(f"{path} is not a valid npz file ({error}). {GET_AGAIN}") from error
    except OSError as error:
        raise DatasetError(
            f"{path} cannot be read: {error.strerror or error}. Make it a readable "
            "file, or name another folder with --data DIR."
        ) from error
    if images[0].shape[1:] != images[1].shape[1:]:
        raise DatasetError(
            f"{path} holds images of shape {images[0].shape[1:]} for training but "
            f"{images[1].shape[1:]} for test. {GET_AGAIN}"
        )
    for part, n_images, n_labels in zip(("train", "test"), map(len, images), map(len, labels), strict=True):
        if n_images != n_labels:
            raise DatasetError(
                f"{path} has {n_images} images in x_{part} but {n_labels} labels in y_{part}. {GET_AGAIN}"
            )
    return np.concatenate(images), [len(part) for part in images], labels


def _get(archive, path, key, n_dimensions):
    if key not in archive.files:
        raise DatasetError(f"{path} lacks the array {key}: it holds {', '.join(archive.files)}. {GET_AGAIN}")
    array = archive[key]
    if array.dtype != np.uint8 or array.ndim != n_dimensions or array.size == 0:
        raise DatasetError(
            f"{path} holds {key} as a {array.dtype} array of shape {array.shape} where "
            f"a non-empty uint8 array with {n_dimensions} dimensions is expected. "
            f"{GET_AGAIN}"
        )
    return array
