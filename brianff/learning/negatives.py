"""Where negative samples come from: wrong labels, hybrid images, or nowhere."""

import numpy as np

from brianff.learning.samples import of_passes
from brianff.stimulus import LABEL_NEUTRAL, LABEL_NONE, hybrids_of, stream, wrong_labels

__all__ = ["Hybrids", "NoNegatives", "WrongLabels", "negatives_of"]


class NoNegatives:
    """Labels are targets of groups of neurons, and no part of the input.

    Attributes
    ----------
    neutral : int
        Label of a pass that asks for the network's belief.
    images_of_a_sample : int
    """

    neutral, images_of_a_sample = LABEL_NONE, 1

    def __init__(self, options, data, train):
        self.options, self.data, self.train = options, data, train

    def labels(self, samples, numbers, belief):
        """Negative labels of training samples, (n,), after a pass that gave the network's `belief`."""
        return np.full(len(samples), LABEL_NONE)

    def positive_labels(self, samples):
        return self.data.labels[samples]

    def images(self, samples, numbers):
        """Negative images, (n, n_pixels), or None where they are the positive ones."""
        return None

    def shown(self, samples):
        """(images or None, labels) of negatives for looking at a network: the next class."""
        return None, (self.data.labels[samples] + 1) % self.data.n_classes


class WrongLabels(NoNegatives):
    """The same image with a wrong label: in proportion to the network's belief ("hard"), or any."""

    neutral = LABEL_NEUTRAL

    def labels(self, samples, numbers, belief):
        c, labels, n = self.options, self.data.labels[samples], len(self.train)
        u = of_passes(numbers, n, lambda epoch: stream(c.seed, "negatives", epoch).random(n))
        hard = belief if c.negatives == "hard" else None
        return wrong_labels(labels, u, self.data.n_classes, hard, c.uniform_share)


class Hybrids(NoNegatives):
    """Images put together of two, without any label."""

    images_of_a_sample = 2

    def positive_labels(self, samples):
        return np.full(len(samples), LABEL_NONE)

    def images(self, samples, numbers):
        each = zip(samples[:, None], numbers, strict=True)
        return np.concatenate([self._made(sample, "hybrid", number) for sample, number in each])

    def shown(self, samples):
        return self._made(samples, "recorded"), np.full(len(samples), LABEL_NONE)

    def _made(self, samples, *purpose):
        made = hybrids_of(self.data.images, samples, self.train, stream(self.options.seed, *purpose))
        return made.reshape(len(samples), -1) / 255.0


def negatives_of(options, data, train):
    """The source of negative samples that `options.negatives` names."""
    kinds = {"hard": WrongLabels, "uniform": WrongLabels, "hybrid": Hybrids, "none": NoNegatives}
    return kinds[options.negatives](options, data, train)
