"""MNIST as the peers of benchmarks/time_to_accuracy.py take it, without brianff: the last images are held out."""

import gzip
from pathlib import Path

import numpy as np

VALIDATION = 5000


def read(folder):
    """Images, uint8 of shape (60000, 28, 28), and labels, of the training file; the test file is not read."""
    values = []
    for name in ("images-idx3", "labels-idx1"):
        with gzip.open(Path(folder) / f"train-{name}-ubyte.gz") as file:
            values.append(np.frombuffer(file.read(), np.uint8))
    return values[0][16:].reshape(-1, 28, 28), values[1][8:]
