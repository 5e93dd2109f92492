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

import dataclasses
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from brianff import datasets
from brianff.devices.memory import require_memory
from brianff.errors import OptionError
from brianff.learning import runs
from brianff.learning.checkpoints import Whole, check_checkpoint
from brianff.learning.evaluation import NO_PREDICTION, Evaluation, never_active
from brianff.learning.finite import require_finite
from brianff.learning.health import Health
from brianff.learning.readout import SoftmaxReadout, features
from brianff.learning.training import Progress, Stopped, load_data
from brianff.network.feedforward import LABEL_NEUTRAL, LABEL_NONE
from brianff.options import EPOCHS, NEURONS, SAMPLES, SEED, Options, option
from brianff.results import RunFolder
from brianff.stimulus import hybrids_of, stream, wrong_labels

__all__ = ["Adam", "AnnConfig", "AnnTrainer", "ForwardForward", "Layer", "modulators", "normalised"]

BLOCK = 1 << 15  # elements of an optimizer step that stay in the cache together
PEER_DECAY = 0.9  # of the running mean of a neuron's activity


def normalised(y):
    """Rows of `y` divided by their root mean square."""
    return y / np.sqrt(np.mean(y * y, axis=1, keepdims=True) + 1e-8)


def modulators(positive, negative, alpha, theta=None):
    """How much a rise of g+ and a fall of g- lower the loss of each pair.

    Parameters
    ----------
    positive, negative : (n,) arrays
        Goodness.
    alpha : float
        Steepness of the loss.
    theta : float, optional
        Threshold; without it, the loss of the pair (SymBa).

    Returns
    -------
    m_positive, m_negative : (n,) arrays
    """
    if theta is None:
        m = alpha * _sigmoid(alpha * (negative - positive))
        return m, m
    return alpha * _sigmoid(alpha * (theta - positive)), alpha * _sigmoid(alpha * (negative - theta))


def _sigmoid(z):
    return 0.5 * (1 + np.tanh(0.5 * z))


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
        """n_out/2 times the gradient of the mean loss over pairs: three factors, x, y and the modulator.

        Parameters
        ----------
        x, y : (2*n, n_in) and (2*n, n_out) arrays
            Input and activity of the positive samples, then of the negative ones.
        alpha, theta : float
            See `modulators`.
        peer : float
            Weight of peer normalisation (Hinton 2022, section 4), which moves each neuron's mean activity towards that
            of its layer, silent neurons included.

        Returns
        -------
        dw, db : arrays of the shapes of w, b
        goodness : (2*n,) array
        """
        n = len(x) // 2
        g = np.mean(y * y, axis=1)
        m = np.concatenate([-(part := modulators(g[:n], g[n:], alpha, theta))[0], part[1]])
        delta = y * (m / n)[:, None].astype(y.dtype)
        if peer:
            self.mean += (1 - PEER_DECAY) * (y[:n].mean(axis=0) - self.mean)
            delta[:n] += peer / n * (self.mean - self.mean.mean())
        return x.T @ delta, delta.sum(axis=0), g


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


class ForwardForward:
    """Layers, one on the other.

    Parameters
    ----------
    sizes : sequence of int
        Inputs, and neurons of every layer.
    seed : int
    gain : float
    dtype : dtype
    """

    def __init__(self, sizes, seed=1, gain=1.0, dtype=np.float32):
        self.sizes = tuple(sizes)
        self.layers = [
            Layer(n_in, n_out, stream(seed, "weights", level), gain, dtype)
            for level, (n_in, n_out) in enumerate(zip(self.sizes[:-1], self.sizes[1:], strict=True), start=1)
        ]

    def activities(self, x):
        """Activity of every layer, a list of (n, n_l) arrays, for input (n, n_in)."""
        out = []
        for layer in self.layers:
            out.append(layer.activity(normalised(x)))
            x = out[-1]
        return out


@dataclass(frozen=True)
class AnnConfig(Options):
    """All options of a training run; the defaults of the fields that are None depend on the data set (`PRESETS`)."""

    dataset: str = option("digits", "data set", choices=datasets.names())
    data: str | None = option(None, "folder that holds the data set's files", metavar="DIR")
    download: bool = option(False, "download the data set if it is not on this machine")
    validation: int | None = option(None, "samples held out of the training set", low=0)
    split_seed: int = option(0, "seed of the split into training, validation and (digits) test set", **SEED)
    limit: int | None = option(None, "use only this many training samples", low=1)

    hidden: tuple[int, ...] | None = option(
        None, "neurons of each hidden layer, as in 1000,1000", metavar="N,N", some=True, **NEURONS
    )
    init_gain: float = option(
        1.0, "initial weights have standard deviation init_gain/sqrt(number of inputs)", above=0, high=1000
    )
    label_scale: float | None = option(None, "value of a label's input, where a white pixel is 1", low=0, high=1000)
    loss: str = option("symba", "loss of a layer: of the pair, or with a threshold", choices=["symba", "threshold"])
    alpha: float | None = option(None, "steepness of the loss", above=0, high=1000)
    theta: float = option(1.0, "threshold of the goodness, for --loss threshold", low=-1000, high=1000)
    peer: float = option(0.03, "weight of peer normalisation", low=0, high=1000)

    epochs: int | None = option(None, "passes over the training set", **EPOCHS)
    batch: int | None = option(None, "samples between two steps of the optimizer", **SAMPLES)
    learning_rate: float | None = option(None, "learning rate at the start", low=0, high=1000)
    final_rate: float = option(0.0, "learning rate at the end, as a fraction; linear in between", low=0, high=1)
    negatives: str = option(
        "hard",
        "negative samples: wrong labels in proportion to the network's belief, uniform wrong labels, or hybrid "
        "images without labels",
        choices=["hard", "uniform", "hybrid"],
    )
    uniform_share: float = option(0.2, "part of the hard negatives that is drawn uniformly", low=0, high=1)
    dropout: float | None = option(
        None,
        "part of the pixels that stay dark in a training sample, the same ones in both samples of a pair",
        low=0,
        below=1,
    )
    readout_rate: float = option(1e-3, "learning rate of the softmax readout", low=0, high=1)

    validate: int = option(1000, "validation samples used after each epoch (0: all)", low=0)
    chunk: int = option(10000, "samples between two rows of metrics", **SAMPLES)
    seed: int = option(1, "seed of weights, order and negatives", **SEED)

    def resolved(self):
        """The same configuration with the defaults of its data set filled in."""
        preset = PRESETS.get(self.dataset, PRESETS["mnist"])
        changes = {name: value for name, value in preset.items() if getattr(self, name) is None}
        if self.data is not None:  # a run may be resumed from another folder
            changes["data"] = str(Path(self.data).resolve())
        return dataclasses.replace(self, **changes)


PRESETS = {
    "digits": dict(hidden=(500, 500), epochs=60, batch=20, learning_rate=3e-3, label_scale=4.0, alpha=6.0, dropout=0.1),
    "mnist": dict(
        hidden=(1000, 1000), epochs=30, batch=100, learning_rate=3e-3, label_scale=6.0, alpha=8.0, dropout=0.2
    ),
}


class AnnTrainer(Progress):
    """One training run of the ANN in one results folder; a checkpoint after every epoch.

    Parameters
    ----------
    config : `AnnConfig`
        Resolved.
    folder : `RunFolder`

    Attributes
    ----------
    position : int
        Epochs that have been learnt.
    seconds, cpu_seconds : float
        Training, validation apart: on the clock, and of all cores together.
    metrics : list of dict
    """

    config_class = AnnConfig

    def __init__(self, config, folder):
        self.config = c = config
        self.folder = folder
        self.data, self.train = load_data(config)
        if c.batch > len(self.train):
            raise OptionError(
                f"--batch {c.batch} is more than the {len(self.train)} training samples: lower it, or raise --limit."
            )
        self.supervised = c.negatives != "hybrid"
        pixels = self.data.images.reshape(len(self.data.images), -1)
        self.pixels = (pixels / 255.0).astype(np.float32)
        n_labels = self.data.n_classes if self.supervised else 0
        sizes = (self.data.n_pixels + n_labels, *c.hidden)
        weights = sum(pre * post for pre, post in zip(sizes[:-1], sizes[1:], strict=True))
        require_memory(16 * weights, f"--hidden: the weights of layers {'-'.join(map(str, sizes))}")
        self.network = ForwardForward((self.data.n_pixels + n_labels, *c.hidden), c.seed, c.init_gain)
        self.optimizer = Adam([p for layer in self.network.layers for p in (layer.w, layer.b)])
        self.readout = SoftmaxReadout(sum(c.hidden) + 1, self.data.n_classes, c.readout_rate, c.batch)
        self.position = 0
        self.seconds = self.cpu_seconds = 0.0
        self.metrics = []
        remedies = {f"layer {k}": f"a larger --init-gain than {c.init_gain:g}" for k in range(1, len(c.hidden) + 1)}
        self.health = Health(list(remedies), len(self.train), remedies)

    @classmethod
    def start(cls, config, path, report=lambda text: None):
        """Begin a new run in a new folder, which is made when everything is known to be in order."""
        config = config.resolved()
        RunFolder.check_new(path)
        trainer = cls(config, RunFolder(path))
        trainer.folder = runs.begin(path, config, trainer.data, report=report)
        return trainer

    @classmethod
    def resume(cls, path, data=None, report=lambda text: None, trust_models=False):
        """Go on with an interrupted run; `data` may name another folder of its data set's files.

        `trust_models` is there as in other trainers: a run of this one has no models.
        """
        folder, config = runs.reopen(path, AnnConfig, report, trust_models, AnnConfig.resolved)
        trainer = cls(config if data is None else dataclasses.replace(config, data=data), folder)
        runs.check_data(folder, trainer.data)
        if checkpoint := folder.load_checkpoint(report):
            trainer._restore(*checkpoint)
        return trainer

    @property
    def sizes(self):
        """Units of every layer, the input first."""
        return self.network.sizes

    # -- input -----------------------------------------------------------------------------------------------------
    def input(self, pixels, labels):
        """Pixels and labels side by side, (n, n_inputs); `labels` may be `LABEL_NEUTRAL` or `LABEL_NONE` for all."""
        n, scale = len(pixels), self.config.label_scale
        x = np.zeros((n, self.network.sizes[0]), np.float32)
        x[:, : pixels.shape[1]] = pixels
        if np.ndim(labels):
            x[np.arange(n), pixels.shape[1] + labels] = scale
        elif labels == LABEL_NEUTRAL:
            x[:, pixels.shape[1] :] = scale / self.data.n_classes
        return x

    @property
    def neutral(self):
        return LABEL_NEUTRAL if self.supervised else LABEL_NONE

    # -- learning --------------------------------------------------------------------------------------------------
    def run(self, progress=lambda done, total, row: None):
        """Train to the end.

        Parameters
        ----------
        progress : callable
            Called as ``progress(samples_done, samples_total, row_of_metrics)``, and after each epoch.

        Raises
        ------
        Stopped
            On Ctrl-C; the folder can be resumed.
        """
        try:
            while self.position < self.config.epochs:
                self._epoch(progress)
                self._validate()
                self._checkpoint()
                progress(*self.progress, self.metrics[-1])
        except KeyboardInterrupt:
            raise Stopped(f"stopped after {self.position} of {self.config.epochs} epochs.") from None

    @property
    def progress(self):
        """Samples learnt, and samples of the whole run."""
        return self.position * len(self.train), self.config.epochs * len(self.train)

    def _epoch(self, progress):
        c, n = self.config, len(self.train)
        rng = stream(c.seed, "epoch", self.position)
        order = rng.permutation(self.train)
        steps = n // c.batch
        began, began_cpu, seen, goodness = time.perf_counter(), time.process_time(), 0, []
        for step in range(steps):
            rate = c.learning_rate * (1 - (1 - c.final_rate) * (self.position * steps + step) / (c.epochs * steps))
            # the samples that do not fill the last mini-batch are left out; they are others in every epoch
            goodness.append(self.learn(order[step * c.batch : (step + 1) * c.batch], rng, rate))
            seen += c.batch
            if (step + 1) % max(1, c.chunk // c.batch) and step + 1 < steps:
                continue
            now, now_cpu = time.perf_counter(), time.process_time()
            self.seconds += now - began
            self.cpu_seconds += now_cpu - began_cpu
            row = {
                "what": "chunk",
                "samples": self.position * n + (step + 1) * c.batch,
                "epoch": round(self.position + (step + 1) / steps, 4),
                "seconds": round(self.seconds, 3),
                "cpu_seconds": round(self.cpu_seconds, 3),
                "samples_per_second": round(seen / (now - began), 1),
            }
            of_layers = np.stack(goodness, axis=1)
            for level, g in enumerate(of_layers, start=1):
                positive, negative = g[:, : c.batch], g[:, c.batch :]
                row[f"positive{level}"] = float(positive.mean())
                row[f"negative{level}"] = float(negative.mean())
                row[f"ordered{level}"] = float(np.mean(positive > negative))
            self.metrics.append(row)
            levels = range(1, len(c.hidden) + 1)
            told_apart = {f"layer {level}": row[f"ordered{level}"] for level in levels if not self.supervised}
            self.health.after_chunk(seen, of_layers.any(axis=(1, 2)), told_apart)
            if step + 1 < steps:
                progress(row["samples"], self.progress[1], row)
            began, began_cpu, seen, goodness = now, now_cpu, 0, []
        require_finite(self._state(), self.progress[0], "--init-gain")
        self.position += 1

    def learn(self, samples, rng, rate):
        """One mini-batch: readout and its beliefs, negative samples, and a step of every layer.

        Returns
        -------
        goodness : (n_layers, 2*n) array
            Of the positive samples, then of the negative ones.
        """
        c = self.config
        pixels, labels = self.pixels[samples], self.data.labels[samples]
        kept = rng.random(pixels.shape, dtype=np.float32) >= c.dropout if c.dropout else True
        belief = self.readout.learn(features(self.network.activities(self.input(pixels * kept, self.neutral))), labels)
        if self.supervised:
            hard = belief if c.negatives == "hard" else None
            wrong = wrong_labels(labels, rng.random(len(labels)), self.data.n_classes, hard, c.uniform_share)
            pair = self.input(pixels * kept, labels), self.input(pixels * kept, wrong)
        else:
            images = self.pixels.reshape(-1, *self.data.image_shape)
            hybrids = hybrids_of(images, samples, self.train, rng).reshape(pixels.shape)
            pair = pixels * kept, hybrids * kept
        x, theta = np.concatenate(pair), c.theta if c.loss == "threshold" else None
        gradients, goodness = [], []
        for layer in self.network.layers:
            x = normalised(x)
            y = layer.activity(x)
            dw, db, g = layer.gradient(x, y, c.alpha, theta, c.peer)
            gradients += [dw, db]
            goodness.append(g)
            x = y
        self.optimizer.step(gradients, rate)
        return np.array(goodness)

    # -- measuring -------------------------------------------------------------------------------------------------
    def evaluate(self, which="test", limit=None):
        """`Evaluation` of the present weights on the "train", "validation" or "test" samples."""
        samples = getattr(self.data, which)[:limit]
        if not len(samples):
            raise ValueError(f"the {which} set is empty.")
        result = self._evaluate(samples)
        self._look_at(result, which)
        return result

    def _look_at(self, result, which):
        """What an evaluation says of the network's health; returns its predictions."""
        how = "goodness" if self.supervised else "readout"
        predicted, levels = result.predicted(how), range(1, len(self.config.hidden) + 1)
        layers = {f"layer {level}": result.by_goodness([level - 1]) for level in levels if self.supervised}
        self.health.after_evaluation(self.position / self.config.epochs, how, predicted, result.labels, which, layers)
        return predicted

    def _evaluate(self, samples, piece=1000):
        classes = range(self.data.n_classes if self.supervised else 0)
        goodness, belief, activity, active = [], [], [], []
        for start in range(0, len(samples), piece):
            pixels = self.pixels[samples[start : start + piece]]
            neutral = self.network.activities(self.input(pixels, self.neutral))
            belief.append(self.readout.probabilities(features(neutral)))
            activity += [y.mean() for y in neutral]
            active.append([y.any(axis=0) for y in neutral])
            tried = [self.network.activities(self.input(pixels, np.full(len(pixels), k))) for k in classes]
            goodness.append([[np.mean(y * y, axis=1) for y in layers] for layers in tried])
        return Evaluation(
            self.data.labels[samples],
            np.concatenate([np.transpose(g, (2, 0, 1)) for g in goodness]) if self.supervised else None,
            np.concatenate(belief),
            float(np.mean(activity)),
            never_active([np.array(pieces) for pieces in zip(*active, strict=True)]),
        )

    def _validate(self):
        c = self.config
        if not len(self.data.validation):
            return
        samples = stream(c.split_seed, "validate").permutation(self.data.validation)
        result = self._evaluate(np.sort(samples[: c.validate or None]))
        ways = ["readout", "goodness", "upper"] if self.supervised else ["readout"]
        predicted = self._look_at(result, "validation")
        self.metrics.append(
            {
                "what": "validation",
                "samples": self.progress[0],
                "epoch": self.position,
                **{way: result.accuracy(way) for way in ways},
                "ties": int(np.sum(predicted == NO_PREDICTION)),
            }
        )

    # -- checkpoints -----------------------------------------------------------------------------------------------
    def _state(self):
        """Every array that training needs to go on."""
        out = {f"optimizer.m1.{k}": m for k, m in enumerate(self.optimizer.m1)}
        out |= {f"optimizer.m2.{k}": m for k, m in enumerate(self.optimizer.m2)}
        for level, layer in enumerate(self.network.layers, start=1):
            out |= {f"layer{level}.{name}": getattr(layer, name) for name in ("w", "b", "mean")}
        return out | {f"readout.{name}": getattr(self.readout, name) for name in SoftmaxReadout.ARRAYS}

    def _checkpoint(self):
        scalars = ("position", "seconds", "cpu_seconds")
        arrays = {
            **self._state(),
            **{name: np.array(getattr(self, name)) for name in scalars},
            "n_updates": np.array(self.optimizer.n_updates),
        }
        self.folder.save_checkpoint(arrays, self.metrics)

    def _restore(self, arrays, metrics):
        state, seconds = self._state(), np.array(self.seconds)
        whole = {"position": Whole(0, self.config.epochs), "n_updates": Whole(0)}
        expected = {**state, **whole, "seconds": seconds, "cpu_seconds": seconds}
        check_checkpoint(self.folder.path / "checkpoint.npz", arrays, expected)
        for name, value in state.items():
            value[...] = arrays[name]
        self.position = int(arrays["position"])
        self.seconds, self.cpu_seconds = float(arrays["seconds"]), float(arrays["cpu_seconds"])
        self.optimizer.n_updates = int(arrays["n_updates"])
        self.metrics = metrics

    def save_weights(self):
        """Write ``weights.npz``: weights and biases of every layer, and the readout's weights."""
        arrays = {}
        for level, layer in enumerate(self.network.layers, start=1):
            arrays |= {f"w{level}": layer.w, f"b{level}": layer.b}
        self.folder.save("weights", arrays | {"readout": self.readout.w})
