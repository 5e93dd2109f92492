"""What spike rates of the input alone say: the measure of what a network makes of their times."""

import numpy as np

from brianff.studies.twin import PIECE, encoded

__all__ = ["rate_readout"]


def rate_readout(method):
    """Test accuracy of a logistic regression on the spike counts of the input channels.

    Those of spike trains are counted as they are; intensities become spikes by the encoder of `method`, on the NumPy
    runtime.
    """
    from sklearn.linear_model import LogisticRegression

    def counts(samples):
        together = PIECE if method.architecture.events else len(samples)  # spike trains of all may be too many
        pieces = np.split(samples, range(together, len(samples), together))
        return np.concatenate([encoded(method, piece).counts() for piece in pieces])

    data = method.data
    readout = LogisticRegression(max_iter=1000).fit(counts(method.train), data.labels[method.train])
    return float(readout.score(counts(data.test), data.labels[data.test]))
