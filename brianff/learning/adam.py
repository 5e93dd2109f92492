"""Adam in NumPy, for what is no equation string."""

import numpy as np

__all__ = ["Adam", "adam_step"]

BLOCK = 1 << 15  # elements of an optimizer step that stay in the cache together


class Adam:
    """Adam (Kingma & Ba 2015) on a list of arrays, changed in place."""

    beta1, beta2, epsilon = 0.9, 0.999, 1e-8

    def __init__(self, parameters):
        self.parameters = parameters
        self.m1 = [np.zeros_like(p) for p in parameters]
        self.m2 = [np.zeros_like(p) for p in parameters]
        self.n_updates = 0

    def step(self, gradients, rate):
        """One step against `gradients` (which are overwritten) with learning rate `rate`."""
        self.n_updates += 1
        rate *= np.sqrt(1 - self.beta2**self.n_updates) / (1 - self.beta1**self.n_updates)
        for arrays in zip(self.parameters, gradients, self.m1, self.m2, strict=True):
            flat = [a.reshape(-1) for a in arrays]
            for start in range(0, len(flat[0]), BLOCK):
                p, g, m1, m2 = (a[start : start + BLOCK] for a in flat)
                m1 *= self.beta1
                m1 += (1 - self.beta1) * g
                g *= g
                g *= 1 - self.beta2
                m2 *= self.beta2
                m2 += g
                np.sqrt(m2, out=g)
                g += self.epsilon
                np.divide(m1, g, out=g)
                g *= rate
                p -= g


def adam_step(w, m1, m2, n_updates, gradient, rate, share1=0.1, share2=0.001, epsilon=1e-8):
    """One step of Adam against `gradient`: `w`, both running means and `n_updates`, (1,), change in place.

    `share1`, `share2` are the parts of a gradient that enter the running means, 1 - beta1 and 1 - beta2.
    """
    n_updates += 1
    m1 += share1 * (gradient - m1)
    m2 += share2 * (gradient**2 - m2)
    n = n_updates[0]
    w -= rate * np.sqrt(1 - (1 - share2) ** n) / (1 - (1 - share1) ** n) * m1 / (np.sqrt(m2) + epsilon)
