"""Adversarial images, made with the gradient of an ordinary network and shown to others (transfer).

Gradients through a surrogate overstate how robust networks with spikes or local rules are (arXiv 2504.08897): attacks
that transfer do not depend on any.  Intensities go from 0 to 1, and change by at most epsilon:

fgsm   x + epsilon sign(dloss/dx), Goodfellow, Shlens & Szegedy 2015 (arXiv 1412.6572)
pgd    from a random point within epsilon, 20 steps of epsilon/8, each brought back within epsilon, Madry et al. 2018
       (arXiv 1706.06083)
"""

import numpy as np

from brianff.errors import OptionError

__all__ = ["ATTACKS", "fgsm", "pgd"]

STEPS = 20


def _uphill(network, images, labels, epsilon, begin, steps):
    """Follow the sign of the gradient from where images `begin`, in steps, each brought back within epsilon."""
    if not 0 <= epsilon <= 1:
        raise OptionError(f"epsilon is a change of intensity, 0 to 1, not {epsilon}.")
    images = np.asarray(images, float)
    flat = images.reshape(len(images), -1)
    low, high = np.maximum(flat - epsilon, 0), np.minimum(flat + epsilon, 1)
    x = np.clip(begin(flat), low, high)
    for step in steps if epsilon else ():
        x = np.clip(x + step * np.sign(network.input_gradient(x, labels)), low, high)
    return x.reshape(images.shape)


def fgsm(network, images, labels, epsilon, rng=None):
    """One step along the sign of the gradient.

    Parameters
    ----------
    network : `brianff.learning.perceptron.Perceptron`
        Or any object with its `input_gradient`.
    images : (n, ...) array
        Of intensities from 0 to 1.
    labels : (n,) int array
        The true ones.
    epsilon : float
    """
    return _uphill(network, images, labels, epsilon, lambda flat: flat, [epsilon])


def pgd(network, images, labels, epsilon, rng):
    """Many small steps, as `fgsm`; `rng` draws where they begin."""

    def begin(flat):
        return flat + rng.uniform(-epsilon, epsilon, flat.shape)

    return _uphill(network, images, labels, epsilon, begin, [epsilon / 8] * STEPS)


ATTACKS = {"fgsm": fgsm, "pgd": pgd}
