"""An ordinary network: rectified linear units, trained by backpropagation of the cross-entropy, without spikes or time.

The yardstick of robustness (docs/results.md): corrupted errors are relative to its own, and adversarial images are made
with its gradient.  NumPy only.

    h_l = max(0, h_(l-1) W_l + b_l),   p = softmax(h_L W + b),   loss = -log p_target

The error of every layer is the one above times its weights, which is what a local rule does without.  Adam (Kingma & Ba
2015); initial weights of He et al. (2015, arXiv 1502.01852), standard deviation sqrt(2/number of inputs).
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from brianff.devices.memory import require_memory
from brianff.learning.adam import Adam
from brianff.learning.black_box import BOXES, boxes_of
from brianff.learning.evaluation import Evaluation, part_active, predicted_classes
from brianff.learning.finite import require_finite
from brianff.learning.health import Health, of_layers, relative_changes
from brianff.learning.mini_batches import MiniBatches
from brianff.learning.options import RunOptions, gain_option
from brianff.options import NEURONS, SAMPLES, option
from brianff.stimulus import stream

__all__ = ["Perceptron", "PerceptronOptions"]

NEGLIGIBLE = 1e-9  # errors whose squares are denormal in single precision, which takes ten times as long


@dataclass(frozen=True)
class PerceptronOptions(RunOptions):
    """All options of a training run; the defaults of the fields that are None depend on the data set."""

    layers: tuple[int, ...] | None = option(
        None, "units of each hidden layer, as in 500,500", metavar="N,N", some=True, **NEURONS
    )
    init_gain: float = gain_option(2**0.5)
    batch: int | None = option(None, "samples between two steps of the optimizer", **SAMPLES)
    learning_rate: float | None = option(None, "learning rate at the start", low=0, high=1000)
    final_rate: float = option(0.0, "learning rate at the end, as a fraction; linear in between", low=0, high=1)
    dropout: float | None = option(None, "part of the pixels that stay dark in a training sample", low=0, below=1)
    black_box: str = option(
        "none", "what stands between hidden layers, in training and test, without a derivative", choices=list(BOXES)
    )
    chunk: int = option(10000, "samples between two checkpoints", **SAMPLES)
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
    sizes = ()

    def build(self) -> None:
        super().build()
        c, data = self.options, self.data
        self.sizes = (data.n_pixels, *c.layers, data.n_classes)
        shapes = list(zip(self.sizes[:-1], self.sizes[1:], strict=True))
        weights = sum(n_in * n_out for n_in, n_out in shapes)
        require_memory(16 * weights, f"--layers: the weights of layers {self.network_name()}")
        self.w, self.b = [], [np.zeros(n_out, np.float32) for _, n_out in shapes]
        for level, (n_in, n_out) in enumerate(shapes, start=1):
            drawn = stream(c.seed, "weights", level).normal(size=(n_in, n_out))
            self.w.append((drawn * c.init_gain / np.sqrt(n_in)).astype(np.float32))
        self.boxes = boxes_of(c.black_box, c.layers, c.seed)
        self.optimizer = Adam([*self.w, *self.b])
        remedies = {f"layer {k}": f"a larger --init-gain than {c.init_gain:g}" for k in self.levels[:-1]}
        self.health = Health(remedies, len(self.train), c.learning_rate)

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
        error = softmax(scores, axis=1)
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
    def learn(self, rows) -> dict:
        active, right, c = np.zeros(len(self.levels) - 1, bool), 0, self.options
        before = {level: w.copy() for level, w in enumerate(self.w, start=1)}
        for samples, rate in self.mini_batches(rows):
            labels = self.data.labels[samples]
            seen, scores, on = self.activities(self.pixels[samples] * self.kept(len(samples)), self._rng)
            errors = self.errors(scores, on, labels)[0]
            gradients = [h.T @ e / len(samples) for h, e in zip(seen, errors, strict=True)]
            self.optimizer.step([*gradients, *(e.mean(axis=0) for e in errors)], rate)
            active |= [bool(one.any()) for one in on]
            right += np.sum(predicted_classes(scores) == labels)
        changed = relative_changes(before, {level: self.w[level - 1] for level in before})
        self.health.after_chunk(len(rows) * c.batch, active, changed=of_layers(changed))
        require_finite(self.arrays(), self.samples_at(rows.start), "--init-gain")
        row = {"training_accuracy": float(right / (len(rows) * c.batch))}
        return row | {f"changed{level}": change for level, change in changed.items()}

    # -- measuring -------------------------------------------------------------------------------------------------
    def evaluate(self, samples, offset=0, piece=5000) -> Evaluation:
        pieces = [self.pixels[samples[start : start + piece]] for start in range(0, len(samples), piece)]
        scores, hidden = [], [[] for _ in self.w[1:]]
        for pixels in pieces:
            _, of_piece, on = self.activities(pixels)
            scores.append(of_piece)
            for found, one in zip(hidden, on, strict=True):
                found.append(one)
        active = part_active([np.concatenate(found) for found in hidden])
        return Evaluation(self.data.labels[samples], output=np.concatenate(scores), active=active)

    # -- state -----------------------------------------------------------------------------------------------------
    def arrays(self) -> dict:
        moments = {f"optimizer.m1.{k}": m for k, m in enumerate(self.optimizer.m1)}
        moments |= {f"optimizer.m2.{k}": m for k, m in enumerate(self.optimizer.m2)}
        for level in self.levels:
            moments |= {f"layer{level}.w": self.w[level - 1], f"layer{level}.b": self.b[level - 1]}
        return moments

    def weights(self) -> dict:
        return dict(enumerate(self.w, start=1)) | {f"b{k}": b for k, b in enumerate(self.b, start=1)}
