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


def _require(images, epsilon):
    if not 0 <= epsilon <= 1:
        raise OptionError(f"epsilon is a change of intensity, 0 to 1, not {epsilon}.")
    return np.asarray(images, float)


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
    images = _require(images, epsilon)
    if not epsilon:
        return images.copy()
    flat = images.reshape(len(images), -1)
    return np.clip(flat + epsilon * np.sign(network.input_gradient(flat, labels)), 0, 1).reshape(images.shape)


def pgd(network, images, labels, epsilon, rng):
    """Many small steps, as `fgsm`; `rng` draws where they begin."""
    images = _require(images, epsilon)
    if not epsilon:
        return images.copy()
    flat = images.reshape(len(images), -1)
    low, high = np.maximum(flat - epsilon, 0), np.minimum(flat + epsilon, 1)
    x = np.clip(flat + rng.uniform(-epsilon, epsilon, flat.shape), low, high)
    for _ in range(STEPS):
        x = np.clip(x + epsilon / 8 * np.sign(network.input_gradient(x, labels)), low, high)
    return x.reshape(images.shape)


ATTACKS = {"fgsm": fgsm, "pgd": pgd}
