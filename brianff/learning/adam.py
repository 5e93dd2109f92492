"""Adam in NumPy, for what is no equation string."""

import numpy as np

__all__ = ["Adam"]

BLOCK = 1 << 15  # elements of an optimizer step that stay in the cache together


class Adam:
    """Adam (Kingma & Ba 2015) on a list of arrays, changed in place."""

    def __init__(self, parameters, beta1=0.9, beta2=0.999, epsilon=1e-8):
        self.parameters = parameters
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon
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
