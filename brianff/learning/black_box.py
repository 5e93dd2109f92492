"""A black box between layers, which nobody can differentiate (Hinton 2022, arXiv 2212.13345, section 1).

Between layers of numbers, each divided by its root mean square r over the layer, stand

noise         normal noise of standard deviation `NOISE` r, another one at every presentation
nonlinear     a function of its own for every unit, 1 + sin(omega y/r + phi), drawn once: not monotone, not invertible
permutation   a fixed random permutation, and `LEVELS` values from 0 to 3 r

and between layers of spikes the corresponding changes of spike trains (`brianff.studies.black_box`).
"""

import numpy as np

from brianff.stimulus import stream

__all__ = ["BOXES", "BlackBox", "boxes_of"]

BOXES = ("none", "noise", "nonlinear", "permutation")
NOISE = 0.5
LEVELS = 4


def boxes_of(kind, layers, seed):
    """What comes after each of the hidden layers, with so many units; nothing after the last."""
    kinds = [kind] * (len(layers) - 1) + ["none"]
    return [BlackBox(*one, seed, level) for level, one in enumerate(zip(kinds, layers, strict=True), start=1)]


class BlackBox:
    """What happens to the activity of a layer before the next one sees it.

    Parameters
    ----------
    kind : str
        One of `BOXES`.
    n : int
        Units of the layer below.
    seed, level : int
        Of what is drawn once.
    """

    def __init__(self, kind, n, seed, level):
        self.kind, rng = kind, stream(seed, "black box", level)
        self._omega, self._phi = rng.uniform(1, 4, n), rng.uniform(0, 2 * np.pi, n)
        self._order = rng.permutation(n)

    def __call__(self, y, rng):
        """What comes out for activities (n_samples, n); `rng` draws the noise."""
        if self.kind == "none":
            return y
        size = np.sqrt(np.mean(y * y, axis=1, keepdims=True)) + 1e-8
        if self.kind == "noise":
            out = y + NOISE * size * rng.standard_normal(y.shape)
        elif self.kind == "nonlinear":
            out = 1 + np.sin(self._omega * (y / size) + self._phi)
        else:
            out = np.round(np.clip(y[:, self._order] / (3 * size), 0, 1) * (LEVELS - 1))
        return out.astype(y.dtype)
