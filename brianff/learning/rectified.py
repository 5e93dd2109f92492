"""Forward-forward learning in an ordinary network of rectified linear units (Hinton 2022, arXiv 2212.13345).

The baseline of the spiking networks: the same data, labels, negative samples and predictions, without time, without
spikes, in NumPy.  A layer gets the activity of the one below divided by its root mean square (layer normalisation: only
the direction passes), and raises the mean of its squared activities for positive samples and lowers it for negative
ones, by the gradient of a loss of its own.  Nothing travels backwards.

Positive and negative samples come in pairs; the image of a pair is the same and the labels differ, or one image is a
hybrid.  Losses of a pair with goodnesses g+ and g-, and the modulators that follow from them:

========= ===================================================================== =====================================
symba     softplus(-alpha*(g+ - g-)), Lee & Song 2023, arXiv 2303.08418         M = alpha*sigmoid(-alpha*(g+ - g-))
threshold softplus(-alpha*(g+ - theta)) + softplus(alpha*(g- - theta)), Hinton  M+, M- = alpha*sigmoid(-/+alpha*(g - theta))
========= ===================================================================== =====================================
"""  # noqa: E501

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from brianff.learning.adam import Adam
from brianff.learning.checkpoints import named
from brianff.learning.evaluation import Evaluation
from brianff.learning.method import of_phases
from brianff.learning.mini_batches import MiniBatches
from brianff.learning.options import MiniBatchOptions, gain_option
from brianff.learning.readout import SoftmaxReadout, features
from brianff.options import NEURONS, option
from brianff.stimulus import LABEL_NEUTRAL, hybrids_of, stream, wrong_labels

__all__ = ["Layer", "Rectified", "RectifiedOptions", "labelled", "modulators", "normalised", "pair_errors"]

PEER_DECAY = 0.9  # of the running mean of a neuron's activity


def normalised(y):
    """Rows of `y` divided by their root mean square."""
    return y / np.sqrt(np.mean(y * y, axis=1, keepdims=True) + 1e-8)


def modulators(positive, negative, alpha, theta=None):
    """How much a rise of g+ and a fall of g- lower the loss of each pair: two (n,) arrays.

    Parameters
    ----------
    positive, negative : (n,) arrays
        Goodness.
    alpha : float
        Steepness of the loss.
    theta : float, optional
        Threshold; without it, the loss of the pair (SymBa).
    """
    if theta is None:
        m = alpha * _sigmoid(alpha * (negative - positive))
        return m, m
    return alpha * _sigmoid(alpha * (theta - positive)), alpha * _sigmoid(alpha * (negative - theta))


def _sigmoid(z):
    return 0.5 * (1 + np.tanh(0.5 * z))


def pair_errors(y, alpha, theta=None):
    """n_out/2 times the gradient of the mean loss over pairs, (2*n, n_out), and the goodness, (2*n,).

    `y`, (2*n, n_out), is the activity in the positive samples, then in the negative ones; see `modulators`.
    """
    n, g = len(y) // 2, np.mean(y * y, axis=1)
    rise, fall = modulators(g[:n], g[n:], alpha, theta)
    return y * (np.concatenate([-rise, fall]) / n)[:, None].astype(y.dtype), g


def labelled(pixels, labels, n_classes, scale):
    """Pixels (n, n_pixels) and labels (n,), or one for all, side by side.

    A label's input is `scale`; a neutral label divides it among all classes.
    """
    labels = np.broadcast_to(labels, len(pixels))[:, None]
    shown = np.where(labels == LABEL_NEUTRAL, scale / n_classes, scale * (labels == np.arange(n_classes)))
    return np.concatenate([pixels, shown], axis=1, dtype=pixels.dtype)


class Layer:
    """Fully connected rectified linear units that learn by themselves.

    Parameters
    ----------
    n_in, n_out : int
    rng : `numpy.random.Generator`
    gain : float
        Initial weights have standard deviation ``gain/sqrt(n_in)``.
    dtype : dtype

    Attributes
    ----------
    w : (n_in, n_out) array
    b : (n_out,) array
    mean : (n_out,) array
        Running mean of every neuron's activity in positive samples.
    """

    def __init__(self, n_in, n_out, rng, gain=1.0, dtype=np.float32):
        self.w = (rng.normal(size=(n_in, n_out)) * gain / np.sqrt(n_in)).astype(dtype)
        self.b = np.zeros(n_out, dtype)
        self.mean = np.zeros(n_out, dtype)

    def activity(self, x):
        """Activity (n, n_out) for normalised input (n, n_in)."""
        y = x @ self.w
        y += self.b
        return np.maximum(y, 0, out=y)

    def gradient(self, x, y, alpha, theta=None, peer=0.0):
        """Gradients for w and b as of `pair_errors`: three factors, x, y and the modulator; and the goodness, (2*n,).

        Parameters
        ----------
        x, y : (2*n, n_in) and (2*n, n_out) arrays
            Input and activity of the positive samples, then of the negative ones.
        alpha, theta
            As for `modulators`.
        peer : float
            Weight of peer normalisation (Hinton 2022, section 4), which moves each neuron's mean activity towards that
            of its layer, silent neurons included.
        """
        n, (delta, g) = len(x) // 2, pair_errors(y, alpha, theta)
        if peer:
            self.mean += (1 - PEER_DECAY) * (y[:n].mean(axis=0) - self.mean)
            delta[:n] += peer / n * (self.mean - self.mean.mean())
        return x.T @ delta, delta.sum(axis=0), g


@dataclass(frozen=True)
class RectifiedOptions(MiniBatchOptions):
    """All options of a training run; the defaults of the fields that are None depend on the data set."""

    layers: tuple[int, ...] | None = option(
        None, "units of each layer, as in 1000,1000", metavar="N,N", some=True, **NEURONS
    )
    init_gain: float = gain_option(1.0)
    label_scale: float | None = option(None, "value of a label's input, where a white pixel is 1", low=0, high=1000)
    loss: str = option("symba", "loss of a layer: of the pair, or with a threshold", choices=["symba", "threshold"])
    alpha: float | None = option(None, "steepness of the loss", above=0, high=1000)
    theta: float = option(1.0, "threshold of the goodness, for --loss threshold", low=-1000, high=1000)
    peer: float = option(0.03, "weight of peer normalisation", low=0, high=1000)
    negatives: str = option(
        "hard",
        "negative samples: wrong labels in proportion to the network's belief, uniform wrong labels, or hybrid "
        "images without labels",
        choices=["hard", "uniform", "hybrid"],
    )
    uniform_share: float = option(0.2, "part of the hard negatives that is drawn uniformly", low=0, high=1)
    readout_rate: float = option(1e-3, "learning rate of the softmax readout", low=0, high=1)

    presets = {
        "digits": dict(
            layers=(500, 500), epochs=60, batch=20, learning_rate=3e-3, label_scale=4.0, alpha=6.0, dropout=0.1
        ),
        "mnist": dict(
            layers=(1000, 1000), epochs=30, batch=100, learning_rate=3e-3, label_scale=6.0, alpha=8.0, dropout=0.2
        ),
    }

    @property
    def labels_shown(self):
        """Whether labels are part of the input."""
        return self.negatives != "hybrid"


class Rectified(MiniBatches):
    """Layers of rectified linear units, one on the other, that learn by forward-forward learning.

    Parameters, attributes and methods as those of `brianff.learning.method.Method`.  A row is a mini-batch.
    """

    name = "rectified"
    Options = RectifiedOptions

    def build(self) -> None:
        super().build()
        c, shapes = self.options, zip(self.levels, pairwise(self.sizes), strict=True)
        self.layers = [Layer(*shape, stream(c.seed, "weights", level), c.init_gain) for level, shape in shapes]
        self.optimizer = Adam([p for layer in self.layers for p in (layer.w, layer.b)])
        self.readout = SoftmaxReadout(sum(c.layers) + 1, self.data.n_classes, c.readout_rate, c.batch)

    def sizes_of_layers(self):
        c, data = self.options, self.data
        return (data.n_pixels + (data.n_classes if c.labels_shown else 0), *c.layers)

    def activities(self, x, rng=None):
        """Activity of every layer, a list of (n, n_l) arrays, for input (n, n_in).

        `rng` draws the noise of a black box (default: always the same).
        """
        rng, out = rng or stream(self.options.seed, "noise"), []
        for layer, box in zip(self.layers, self.boxes, strict=True):
            out.append(layer.activity(normalised(x)))
            x = box(out[-1], rng)
        return out

    # -- input -----------------------------------------------------------------------------------------------------
    def input(self, pixels, labels):
        """Pixels, and labels beside them where there are any, (n, n_inputs)."""
        c = self.options
        return labelled(pixels, labels, self.data.n_classes, c.label_scale) if c.labels_shown else pixels

    # -- the course of training ------------------------------------------------------------------------------------
    def learn_rows(self, rows):
        goodness = np.stack([self._learn(samples, rate) for samples, rate in self.mini_batches(rows)], axis=1)
        row = of_phases(np.split(g, 2, axis=1) for g in goodness)
        told_apart = {f"layer {k}": row[f"ordered{k}"] for k in self.levels if not self.options.labels_shown}
        return row, goodness.any(axis=(1, 2)), told_apart

    def _learn(self, samples, rate):
        """One mini-batch: readout and its beliefs, negative samples, and a step of every layer.

        Returns the goodness of the positive samples, then of the negative ones, (n_layers, 2*n).
        """
        c, rng = self.options, self._rng
        pixels, labels = self.pixels[samples], self.data.labels[samples]
        kept = self.kept(len(pixels))
        belief = self.readout.learn(features(self.activities(self.input(pixels * kept, LABEL_NEUTRAL), rng)), labels)
        if c.labels_shown:
            hard = belief if c.negatives == "hard" else None
            wrong = wrong_labels(labels, rng.random(len(labels)), self.data.n_classes, hard, c.uniform_share)
            pair = self.input(pixels * kept, labels), self.input(pixels * kept, wrong)
        else:
            images = self.pixels.reshape(-1, *self.data.image_shape)
            hybrids = hybrids_of(images, samples, self.train, rng).reshape(pixels.shape)
            pair = pixels * kept, hybrids * kept
        x, theta = np.concatenate(pair), c.theta if c.loss == "threshold" else None
        gradients, goodness = [], []
        for layer, box in zip(self.layers, self.boxes, strict=True):
            below = normalised(x)
            y = layer.activity(below)
            dw, db, g = layer.gradient(below, y, c.alpha, theta, c.peer)
            x = box(y, rng)
            gradients += [dw, db]
            goodness.append(g)
        self.optimizer.step(gradients, rate)
        return np.array(goodness)

    # -- measuring -------------------------------------------------------------------------------------------------
    def evaluate(self, samples, offset=0, piece=1000) -> Evaluation:
        goodness, beliefs, neutral = [], [], []
        for start in range(0, len(samples), piece):
            pixels = self.pixels[samples[start : start + piece]]
            neutral.append(self.activities(self.input(pixels, LABEL_NEUTRAL)))
            beliefs.append(self.readout.probabilities(features(neutral[-1])))
            if self.options.labels_shown:
                tried = [self.activities(self.input(pixels, k)) for k in range(self.data.n_classes)]
                goodness.append(np.transpose([[np.mean(y * y, axis=1) for y in layers] for layers in tried], (2, 0, 1)))
        activity = [np.concatenate(pieces) for pieces in zip(*neutral, strict=True)]
        of_labels = np.concatenate(goodness) if goodness else None
        return Evaluation.of_traces(self.data.labels[samples], of_labels, np.concatenate(beliefs), activity)

    # -- state -----------------------------------------------------------------------------------------------------
    def arrays(self) -> dict:
        out = super().arrays()
        for level, layer in enumerate(self.layers, start=1):
            out |= {f"layer{level}.{name}": getattr(layer, name) for name in ("w", "b", "mean")}
        return out | named("readout", self.readout.arrays())

    def weights(self) -> dict:
        found = {level: layer.w for level, layer in enumerate(self.layers, start=1)}
        found |= {f"b{level}": layer.b for level, layer in enumerate(self.layers, start=1)}
        return found | {"readout": self.readout.w}
