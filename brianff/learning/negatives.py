"""Where negative samples come from: wrong labels, hybrid images, or nowhere."""

import numpy as np

from brianff.errors import OptionError
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

    def labels(self, samples, numbers, belief, n):
        """`n` negative labels of training samples, (n, n_samples), after a pass that gave the network's `belief`."""
        return np.full((1, len(samples)), LABEL_NONE)

    def distinct(self, n):
        """How many different negatives a sample has, for `n` negative stimulus epochs."""
        return 1

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

    def distinct(self, n):
        if n >= self.data.n_classes:
            raise OptionError(
                f"--phases {self.options.phases}: {n} negative stimulus epochs of a sample need as many wrong labels, "
                f"and {self.data.n_classes} classes have {self.data.n_classes - 1}."
            )
        return n

    def labels(self, samples, numbers, belief, n):
        c, n_train, found = self.options, len(self.train), [self.data.labels[samples]]
        hard = belief if c.negatives == "hard" else None
        for turn in range(n):  # the first as ever, the others without those before
            key = (turn,) if turn else ()
            u = of_passes(
                numbers, n_train, lambda epoch, key=key: stream(c.seed, "negatives", epoch, *key).random(n_train)
            )
            found.append(wrong_labels(np.stack(found), u, self.data.n_classes, hard, c.uniform_share))
        return np.stack(found[1:])


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
