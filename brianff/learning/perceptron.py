"""An ordinary network: rectified linear units, trained by backpropagation of the cross-entropy, without spikes or time.

The yardstick of robustness (docs/results.md): corrupted errors are relative to its own, and adversarial images are made
with its gradient.  NumPy only.

    h_l = max(0, h_(l-1) W_l + b_l),   p = softmax(h_L W + b),   loss = -log p_target

The error of every layer is the one above times its weights, which is what a local rule does without.  Adam (Kingma & Ba
2015); initial weights of He et al. (2015, arXiv 1502.01852), standard deviation sqrt(2/number of inputs).
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy

from brianff.learning.adam import Adam
from brianff.learning.evaluation import Evaluation, part_active, predicted_classes
from brianff.learning.mini_batches import MiniBatches
from brianff.learning.options import MiniBatchOptions, gain_option
from brianff.options import NEURONS, option
from brianff.stimulus import stream

__all__ = ["Perceptron", "PerceptronOptions"]

NEGLIGIBLE = 1e-9  # errors whose squares are denormal in single precision, which takes ten times as long


@dataclass(frozen=True)
class PerceptronOptions(MiniBatchOptions):
    """All options of a training run; the defaults of the fields that are None depend on the data set."""

    layers: tuple[int, ...] | None = option(
        None, "units of each hidden layer, as in 500,500", metavar="N,N", some=True, **NEURONS
    )
    init_gain: float = gain_option(2**0.5)
    validate: int = option(0, "validation samples used each time (0: all)", low=0)

    presets = {
        "digits": dict(layers=(200, 200), epochs=40, batch=20, learning_rate=2e-3, dropout=0.1),
        "mnist": dict(layers=(500, 500), epochs=15, batch=50, learning_rate=1e-3, dropout=0.2),
    }


class Perceptron(MiniBatches):
    """Layers of rectified linear units and a softmax, trained by backpropagation.

    Parameters, attributes and methods as those of `brianff.learning.method.Method`.  A row is a mini-batch.

    Attributes
    ----------
    w, b : lists of arrays
        (n_in, n_out) and (n_out,), the output layer last.
    """

    name = "perceptron"
    has_output = True
    Options = PerceptronOptions

    def build(self) -> None:
        super().build()
        c = self.options
        self.w, self.b = [], [np.zeros(n, np.float32) for n in self.sizes[1:]]
        for level, shape in enumerate(pairwise(self.sizes), start=1):
            drawn = stream(c.seed, "weights", level).normal(size=shape)
            self.w.append((drawn * c.init_gain / np.sqrt(shape[0])).astype(np.float32))
        self.optimizer = Adam([*self.w, *self.b])

    def sizes_of_layers(self):
        return (self.data.n_pixels, *self.options.layers, self.data.n_classes)

    def activities(self, x, rng=None):
        """For pixels (n, n_pixels): what every layer sees, the pixels first; scores; which hidden units are active.

        `rng` draws the noise of a black box (default: always the same).
        """
        rng, seen, on = rng or stream(self.options.seed, "noise"), [x], []
        for w, b, box in zip(self.w[:-1], self.b[:-1], self.boxes, strict=True):
            h = np.maximum(seen[-1] @ w + b, 0)
            on.append(h > 0)
            seen.append(box(h, rng))
        return seen, seen[-1] @ self.w[-1] + self.b[-1], on

    def errors(self, scores, on, labels):
        """Gradient of the summed loss by the input of every layer, (n, n_l) each; and by the pixels.

        A black box cannot be differentiated: it is taken for no box at all (straight through).
        """
        error = scipy.special.softmax(scores, axis=1)
        error[np.arange(len(labels)), labels] -= 1
        error[np.abs(error) < NEGLIGIBLE] = 0
        out = [error]
        for w, active in zip(reversed(self.w[1:]), reversed(on), strict=True):
            out.insert(0, (out[0] @ w.T) * active)
        return out, out[0] @ self.w[0].T

    def input_gradient(self, pixels, labels):
        """Gradient of every sample's loss by its pixels, (n, n_pixels), where intensities go from 0 to 1."""
        _, scores, on = self.activities(np.asarray(pixels, np.float32))
        return self.errors(scores, on, labels)[1]

    # -- the course of training ------------------------------------------------------------------------------------
    def learn_rows(self, rows):
        active, right = np.zeros(len(self.levels) - 1, bool), 0
        for samples, rate in self.mini_batches(rows):
            labels = self.data.labels[samples]
            seen, scores, on = self.activities(self.pixels[samples] * self.kept(len(samples)), self._rng)
            errors = self.errors(scores, on, labels)[0]
            gradients = [h.T @ e / len(samples) for h, e in zip(seen, errors, strict=True)]
            self.optimizer.step([*gradients, *(e.mean(axis=0) for e in errors)], rate)
            active |= [bool(one.any()) for one in on]
            right += np.sum(predicted_classes(scores) == labels)
        return {"training_accuracy": float(right / (len(rows) * self.options.batch))}, active

    # -- measuring -------------------------------------------------------------------------------------------------
    def evaluate(self, samples, offset=0, piece=5000) -> Evaluation:
        pieces = np.split(self.pixels[samples], range(piece, len(samples), piece))
        _, scores, on = zip(*map(self.activities, pieces), strict=True)
        active = part_active([np.concatenate(of_layer) for of_layer in zip(*on, strict=True)])
        return Evaluation(self.data.labels[samples], output=np.concatenate(scores), active=active)

    # -- state -----------------------------------------------------------------------------------------------------
    def arrays(self) -> dict:
        found = super().arrays()
        for level, w, b in zip(self.levels, self.w, self.b, strict=True):
            found |= {f"layer{level}.w": w, f"layer{level}.b": b}
        return found

    def weights(self) -> dict:
        return dict(enumerate(self.w, start=1)) | {f"b{k}": b for k, b in enumerate(self.b, start=1)}
