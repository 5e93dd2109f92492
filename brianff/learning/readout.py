"""Softmax readout: a linear classifier of the layers' activity, trained online with the delta rule.

It listens to the network and tells nothing back, except what a label seems likely to be (for hard negatives).  One
layer, so its gradient is local: input times (probability - target).
"""

import numpy as np
import scipy

from brianff.learning.adam import adam_step
from brianff.learning.checkpoints import InPlace

__all__ = ["SoftmaxReadout", "features"]


def features(traces):
    """Activity of all layers as one vector a presentation: each layer scaled to a root mean square of 1, and a 1.

    From goodness traces at the end of the stimulus epoch, (n, n_l) for each layer, to (n, sum of n_l + 1).
    """
    scaled = [x / np.sqrt(np.mean(x * x, axis=1, keepdims=True) + 1e-6) for x in traces]
    return np.concatenate([*scaled, np.ones((len(traces[0]), 1))], axis=1)


class SoftmaxReadout(InPlace):
    """Multinomial logistic regression with Adam (Kingma & Ba 2015), one step for each `mini_batch` samples.

    Parameters
    ----------
    n_features, n_classes : int
    learning_rate : float
    mini_batch : int
    """

    ARRAYS = ("w", "m1", "m2", "n_updates")

    def __init__(self, n_features, n_classes, learning_rate=2e-3, mini_batch=50):
        self.learning_rate, self.mini_batch = learning_rate, mini_batch
        self.w = np.zeros((n_features, n_classes))
        self.m1, self.m2, self.n_updates = np.zeros_like(self.w), np.zeros_like(self.w), np.zeros(1)

    def probabilities(self, f):
        """Belief in each class, shape (n, n_classes)."""
        return scipy.special.softmax(f @ self.w, axis=1)

    def learn(self, f, labels):
        """One pass over `f` (n, n_features) and `labels` (n,); returns the beliefs held before each step."""
        beliefs = np.empty((len(f), self.w.shape[1]))
        for start in range(0, len(f), self.mini_batch):
            part = slice(start, start + self.mini_batch)
            p = beliefs[part] = self.probabilities(f[part])
            error = p.copy()
            error[np.arange(len(error)), labels[part]] -= 1
            adam_step(**self.arrays(), gradient=f[part].T @ error / len(error), rate=self.learning_rate)
        return beliefs
