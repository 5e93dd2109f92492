"""The digits that scikit-learn ships."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from .dataset import Dataset
from .splits import three_parts

TEST_FRACTION = 0.25


def load_digits(validation=None, split_seed=0):
    """Load scikit-learn's handwritten digits: 1797 images of 8 x 8 pixels.

    Parameters
    ----------
    validation, split_seed
        As `brianff.datasets.load` takes them. The test split depends on the seed alone.

    Returns
    -------
    Dataset
        A stratified quarter of the samples is the test split.

    Notes
    -----
    The data are the test part of Alpaydin and Kaynak, "Optical Recognition of
    Handwritten Digits", UCI Machine Learning Repository, 1998.
    """
    values = _read()
    levels, labels = values[:, :-1].reshape(-1, 8, 8), values[:, -1].copy()  # 0 to 16; 0 to 9
    images = ((levels * 255 + 8) // 16).astype(np.uint8)

    parts = three_parts("digits", labels, validation, split_seed, n_test=round(TEST_FRACTION * len(labels)))
    return Dataset("digits", images, labels, 10, *parts)


def _read():
    """Pixels and label of every digit, a row each: (1797, 65) array of int64."""
    # Importing scikit-learn takes longer than a short run; its file is read without.
    path = Path(find_spec("sklearn").submodule_search_locations[0], "datasets", "data", "digits.csv.gz")
    if path.is_file():
        return np.loadtxt(path, np.int64, delimiter=",")
    from sklearn.datasets import load_digits  # of a version that keeps it elsewhere

    bunch = load_digits()
    return np.column_stack([bunch.data, bunch.target]).astype(np.int64)
