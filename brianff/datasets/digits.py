"""The digits that scikit-learn ships."""

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
    # Importing scikit-learn takes longer than reading MNIST, which does without it.
    from sklearn import datasets

    bunch = datasets.load_digits()
    levels = bunch.images.astype(np.int64)  # 0 to 16
    images = ((levels * 255 + 8) // 16).astype(np.uint8)
    labels = bunch.target.astype(np.int64)

    parts = three_parts("digits", labels, validation, split_seed, n_test=round(TEST_FRACTION * len(labels)))
    return Dataset("digits", images, labels, 10, *parts)
