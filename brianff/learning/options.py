"""Options that methods of learning share: which data, how long, how often it is looked at."""

import dataclasses
import os
from dataclasses import dataclass
from typing import ClassVar

from brianff import datasets
from brianff.devices import device_option
from brianff.equations.kinds import FORWARD_FORWARD, OF_SPIKE_TRAINS
from brianff.errors import OptionError
from brianff.learning.black_box import BOXES
from brianff.options import EPOCHS, SAMPLES, SEED, STEPS, TIME_STEP, Options, option

__all__ = [
    "RECORDINGS", "DataOptions", "MiniBatchOptions", "RunOptions", "SpikingOptions", "gain_option", "layers_option",
    "set_option",
]  # fmt: skip


# Of recordings: time steps that hold the longest of them whole, and chunks of a few hundred MB.
_WORDS = dict(steps=140, dt=10.0, chunk=200, dropout=0.0)
RECORDINGS = {
    "nmnist": dict(steps=20, dt=20.0, chunk=400, dropout=0.0),
    "dvs-gesture": dict(steps=400, dt=50.0, chunk=20, refresh=20, dropout=0.0),
    "shd": _WORDS,
    "ssc": _WORDS,
    "spoken-digits": _WORDS | dict(steps=235),
}
GROUPS = dict(metavar="NAME,NAME", distinct=True, some=True)


@dataclass(frozen=True)
class DataOptions(Options):
    """Which samples; `dataset` is None where a data set was given as an object."""

    dataset: str | None = option("digits", "data set", choices=datasets.names())
    data: str | None = option(None, "folder that holds the data set's files; for events, the file", metavar="DIR")
    download: bool = option(False, "download the data set if it is not on this machine")
    validation: int | None = option(None, "samples held out of the training set", low=0)
    test_group: tuple[str, ...] | None = option(None, "test on all samples of these speakers or users", **GROUPS)
    validation_group: tuple[str, ...] | None = option(
        None, "hold these speakers or users out of the training set for validation", **GROUPS
    )
    split_seed: int = option(0, "seed of the split into training, validation and (digits) test set", **SEED)
    limit: int | None = option(None, "use only this many training samples", low=1)
    label_noise: float = option(
        0.0, "part of the training samples that have a wrong label, drawn at random", low=0, high=1
    )


@dataclass(frozen=True)
class RunOptions(DataOptions):
    """What `brianff.learning.run.Run` needs to know of any method."""

    epochs: int | None = option(None, "passes over the training set", **EPOCHS)
    chunk: int | None = option(None, "samples between two checkpoints", **SAMPLES)
    validate: int = option(1000, "validation samples used each time (0: all)", low=0)
    validate_every: int | None = option(
        None, "samples between two validations (default: a pass over the training set)", **SAMPLES
    )
    seed: int = option(1, "seed of everything that is drawn: weights, order, negatives, noise", **SEED)

    # Of each data set: option -> its default there; those of "mnist" hold for data sets that are not named, but for
    # what `RECORDINGS` says of them.
    presets: ClassVar[dict] = {}
    model_kinds: ClassVar[tuple] = ()  # options that name a model

    def resolved(self, dataset=None):
        """The same options with the defaults of a data set filled in, which may have been given as an object.

        Raises
        ------
        OptionError
            If options do not go with each other.
        """
        preset = self.defaults(dataset)
        changes = {k: v for k, v in preset.items() if hasattr(self, k) and getattr(self, k) is None}
        for kind in ("data", "weights", *self.model_kinds):  # a run may be resumed from another folder
            value = getattr(self, kind, None)
            if isinstance(value, str) and (kind not in self.model_kinds or value.endswith(".py")):
                changes[kind] = os.path.abspath(value)
        resolved = dataclasses.replace(self, **changes)
        resolved.check()
        return resolved

    def defaults(self, dataset):
        """Of a data set, which is that of `dataset` where it is no object."""
        return self.preset(self.dataset if dataset is None else dataset.name)

    @classmethod
    def preset(cls, name):
        """Defaults of a data set."""
        return cls.presets.get(name) or cls.presets["mnist"] | RECORDINGS.get(name, {})

    def check(self):
        """Raise the `OptionError` of options that do not go with each other."""


@dataclass(frozen=True)
class MiniBatchOptions(RunOptions):
    """What all networks without time have."""

    batch: int | None = option(None, "samples between two steps of the optimizer", **SAMPLES)
    learning_rate: float | None = option(None, "learning rate at the start", low=0, high=1000)
    final_rate: float = option(0.0, "learning rate at the end, as a fraction; linear in between", low=0, high=1)
    dropout: float | None = option(
        None, "part of the pixels that stay dark in a training sample, in all that is shown of it", low=0, below=1
    )
    black_box: str = option(
        "none", "what stands between hidden layers, in training and test, without a derivative", choices=list(BOXES)
    )
    chunk: int = option(10000, "samples between two checkpoints", **SAMPLES)


def layers_option(example, default=None):
    help = (
        f"a word for each layer, as in {example}: its neurons, or conv20k5s2p1 (20 channels, kernels of 5 by 5, stride "
        "2, padding 1); r: recurrent; d0.1: a tenth of the synapses from below; t2: which take two time steps"
    )
    return option(default, help, metavar="N,N", some=True, also="incoming")


def gain_option(default):
    help = "initial weights have standard deviation init_gain/sqrt(number of inputs)"
    return option(default, help, above=0, high=1000)


def set_option(help="replace a parameter of the models, as in tau_m=10*ms"):
    return option((), help, metavar="NAME=VALUE", parameters=True)


@dataclass(frozen=True)
class SpikingOptions(RunOptions):
    """What all spiking networks have."""

    neuron: str = option(FORWARD_FORWARD.defaults["neuron"], "neuron model: name or file", also="strings")
    encoder: str | None = option(
        None,
        f"encoder: name or file (default: {FORWARD_FORWARD.defaults['encoder']}; for spike trains {OF_SPIKE_TRAINS})",
        also="strings",
    )
    optimizer: str = option(FORWARD_FORWARD.defaults["optimizer"], "optimizer: name or file", also="strings")
    set: tuple[str, ...] = set_option()

    layers: tuple[str, ...] | None = layers_option("500,500 or 500r")
    steps: int | None = option(None, "time steps of a stimulus epoch", **STEPS)
    dt: float | None = option(None, "time step in ms", **TIME_STEP)
    batch: int = option(10, "presentations simulated side by side: a matter of speed, not of the result", **SAMPLES)

    mini_batch: int | None = option(
        None, "samples between two steps of the optimizer; those left at the end make none", **SAMPLES
    )
    learning_rate: float | None = option(None, "learning rate at the start", low=0, high=1000)
    dropout: float | None = option(None, "part of the pixels that stay dark in a training sample", low=0, below=1)
    jitter: int = option(
        0, "pixels, or channels, by which a training sample is moved at most, in both directions", low=0
    )
    stretch: float = option(
        0.0, "part by which the spike times of a training sample are stretched, or shortened, at most", low=0, high=10
    )
    flip: bool = option(False, "every other training image, at random, is mirrored left to right")

    device: str = device_option()
    threads: int = option(
        1, "cores on which one run is simulated (C++); the result does not depend on them", low=1, high=1024
    )
    dtype: str = option("float64", "precision of all state variables", choices=["float64", "float32"])
    weights: str | None = option(
        None, "begin with the weights of this file, weights.npz of a run or one of NIR", metavar="FILE"
    )

    def defaults(self, dataset):
        trains = (
            self.dataset in datasets.SPIKE_TRAINS if dataset is None else isinstance(dataset, datasets.EventDataset)
        )
        return super().defaults(dataset) | {
            "encoder": OF_SPIKE_TRAINS if trains else FORWARD_FORWARD.defaults["encoder"]
        }

    @property
    def models(self):
        """kind -> name, file or model."""
        return {kind: getattr(self, kind) for kind in self.model_kinds}

    def check(self):
        if self.mini_batch % self.batch:
            raise OptionError(f"--mini-batch {self.mini_batch} is not a multiple of --batch {self.batch}.")
        if self.threads > self.batch:
            raise OptionError(
                f"--threads {self.threads} share out the presentations that are simulated side by side, and --batch "
                f"{self.batch} has fewer: raise it."
            )
