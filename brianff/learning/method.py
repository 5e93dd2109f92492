"""What a method of learning is, as `brianff.learning.run.Run` needs it.

The samples of all passes over the training set form one stream, cut into rows of samples that are learnt side by side.
A method learns from ranges of rows, and keeps all that its future depends on in a `state` of arrays; everything else -
the loop, checkpoints, validation, metrics, resuming - is the run's, and the same for all methods.

A new method is one class: see tests/test_api.py for one that is added from outside the package.
"""

import copy
import pkgutil
from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from brianff import datasets
from brianff.errors import BrianffError, OptionError
from brianff.learning.samples import mislabelled
from brianff.options import flag_of
from brianff.stimulus import stream

__all__ = [
    "METHODS", "Method", "limited", "load_data", "make_method", "method_class", "method_of", "of_phases",
]  # fmt: skip

# Name in config.json -> where the class is.
METHODS = {
    "forward_forward": "brianff.learning.forward_forward:ForwardForward",
    "equilibrium": "brianff.learning.equilibrium:Equilibrium",
    "feedback": "brianff.learning.feedback:Feedback",
    "backpropagation": "brianff.learning.backpropagation:Backpropagation",
    "rectified": "brianff.learning.rectified:Rectified",
    "perceptron": "brianff.learning.perceptron:Perceptron",
    "population_search": "brianff.learning.population:PopulationSearch",
}


def method_class(name):
    """The class of a method by its name in config.json."""
    if name not in METHODS:
        raise BrianffError(f"there is no method '{name}': it is {', '.join(METHODS)}; hand over your own class.")
    return pkgutil.resolve_name(METHODS[name])


class Method(ABC):
    """One network that learns in one way.

    Parameters
    ----------
    dataset : str, `brianff.datasets.Dataset` or `brianff.datasets.EventDataset`, optional
        A name is the same as the option of this name.
    report : callable, optional
        Called with a sentence when something slow begins or something is worth knowing.
    **options
        Fields of the class `Options`.

    Attributes
    ----------
    options : `Options`
        With the defaults of the data set filled in.
    data : `brianff.datasets.Dataset` or `brianff.datasets.EventDataset`
    train : (n,) int array
        Samples of the training set that are used.
    epochs : int
        Passes over the training set that are planned; `options.epochs` is what the learning rate's schedule spans.
    health : `brianff.learning.health.Health`
    composition : `brianff.equations.compose.Composition` or None
        Equation strings, where there are any.

    Raises
    ------
    BrianffError
        If anything is not in order; before anything is compiled, if possible.
    """

    name: ClassVar[str]
    Options: ClassVar[type]  # of `brianff.learning.options.RunOptions`
    composition = None
    samples_of_update = None  # option that says how many samples a step takes
    has_spikes = False  # whether it is a `brianff.learning.spiking.SpikingMethod`
    has_output = False  # whether the last layer has a neuron for each class, and is no hidden layer

    def __init__(self, dataset=None, report=lambda text: None, **options):
        given = None if dataset is None or isinstance(dataset, str) else dataset
        chosen = self.Options(**options | ({} if dataset is None else {"dataset": None if given else dataset}))
        self.report = report
        self.options = chosen.resolved(given)
        self.data, self.train = load_data(self.options, given)
        self.epochs = self.options.epochs
        self.build()

    @classmethod
    def of(cls, options, dataset=None, report=lambda text: None) -> "Method":
        """The method with an object of the class `Options`; `dataset`: an object, in place of what the options load."""
        values = dict(vars(options))
        named = values.pop("dataset")
        if dataset is not None:
            values |= dict(data=None, download=False, validation=None)
        return cls(named if dataset is None else dataset, report, **values)

    @property
    def equations(self):
        """The equation strings as Brian2 gets them; printed, they are text.  None for a network without any."""
        return self.composition

    @abstractmethod
    def build(self) -> None:
        """Make the network, from `options`, `data` and `train`."""

    def seeing(self, data):
        """The same network before other samples: a view of it, which shares its state.

        Parameters
        ----------
        data : `brianff.datasets.Dataset` or `brianff.datasets.EventDataset`
            With the inputs and classes of `self.data`, as when its images are corrupted.
        """
        if (data.n_pixels, data.n_classes) != (self.data.n_pixels, self.data.n_classes):
            raise OptionError(
                f"the network was made for {self.data.n_pixels} inputs and {self.data.n_classes} classes, and "
                f"'{data.name}' has {data.n_pixels} and {data.n_classes}."
            )
        other = copy.copy(self)
        other.data = data
        return other

    # -- the course of training ------------------------------------------------------------------------------------
    @property
    @abstractmethod
    def n_rows(self) -> int:
        """Rows of `epochs` passes."""

    @abstractmethod
    def samples_at(self, row) -> int:
        """Samples that have been learnt before a row."""

    @abstractmethod
    def next_stop(self, row, samples) -> int:
        """Row before which the next chunk ends, which begins with `row` and is to have about so many samples.

        The state may be saved there.  A chunk never goes beyond the pass over the training set.
        """

    def epoch_at(self, row) -> int:
        """Passes over the training set that are complete before a row."""
        return self.samples_at(row) // len(self.train)

    def end_of_epoch(self, row, size) -> int:
        """Row, of `size` samples each, with which the pass over the training set ends that a row belongs to."""
        n = len(self.train)
        return -(-(row * size // n + 1) * n // size)

    def require_updates(self) -> None:
        """Raise the `OptionError` of a run that would never learn anything."""
        if not self.n_rows:
            text, name = "--epochs and --limit leave nothing to learn: raise them.", self.samples_of_update
            if name:
                text = f"{flag_of(name)} {getattr(self.options, name)} is more than the {len(self.train)} training "
                text += "samples: lower it, or raise --limit or --epochs."
            raise OptionError(text)

    @property
    @abstractmethod
    def sizes(self) -> tuple:
        """Neurons of every layer, the input first."""

    @property
    def levels(self):
        """Of the layers that have synapses: 1 and up."""
        return range(1, len(self.sizes))

    @abstractmethod
    def learn(self, rows) -> dict:
        """Learn from a range of rows; returns metrics of this chunk, a dict of str -> number.

        Raises
        ------
        BrianffError
            If numbers are no longer finite.
        """

    # -- state -----------------------------------------------------------------------------------------------------
    @abstractmethod
    def state(self) -> dict:
        """Everything that learning goes on from: dict of str -> array."""

    def expected_state(self) -> dict:
        """What `restore` may be given, as `brianff.learning.checkpoints.check_checkpoint` takes it."""
        return self.state()

    @abstractmethod
    def restore(self, arrays) -> None:
        """Take up a state that has been checked."""

    @abstractmethod
    def weights(self) -> dict:
        """Weight matrices (n_pre, n_post): of the layers, by their level from 1 on, and others by their names."""

    # -- measuring -------------------------------------------------------------------------------------------------
    @abstractmethod
    def evaluate(self, samples, offset=0):
        """What the network says of samples (rows of the data set), without learning, as an `Evaluation`.

        `offset` is the number of the first presentation, so that different sets get different noise.
        """

    def record(self, samples, neurons=None):
        """What the neurons do when samples (rows of the data set) are shown, as a `Recording`.

        `neurons` are those of each layer whose variables are recorded (all spikes are); default: all.
        """
        raise OptionError(f"the method {self.name} has no spikes and no membranes to record.")

    def check_recording(self, samples, neurons=None):
        """Raise what `record` refuses before it simulates."""
        self.record(samples, neurons)

    def measures(self) -> dict:
        """Further numbers for the row of a validation."""
        return {}

    def trained_levels(self, row):
        """Levels of the layers that have learned before a row."""
        return self.levels

    def network_name(self) -> str:
        """Sizes of the layers, as in 164-200-200."""
        return "-".join(map(str, self.sizes))

    # -- words -----------------------------------------------------------------------------------------------------
    def detail(self, row) -> str:
        """What the progress bar says of a chunk."""
        return ", ".join([*_margins(row), f"{row['samples_per_second']:.0f} samples/s"])

    def summary(self, chunk, validation) -> str:
        """What is printed of a validation, after a chunk; numbers with / between them are of layer 1, 2, ..."""
        margins, accuracy = _margins(chunk), f"{validation['accuracy']:.4f}"
        if margins:
            ways = [way for way in ("goodness", "readout") if way in validation]
            accuracy = "by " + ", ".join(f"{way} {validation[way]:.4f}" for way in ways)
        tied = f" ({validation['ties']:.0f} ties)" if validation.get("ties") else ""
        return "  ".join([*margins, *_activity(chunk, validation), f"validation accuracy {accuracy}{tied}"])


def of_phases(goodness):
    """Numbers for the row of a chunk, from the goodness in the two phases, a pair of (n,) arrays for each layer."""
    row = {}
    for level, (positive, negative) in enumerate(goodness, start=1):
        row |= {f"positive{level}": float(positive.mean()), f"negative{level}": float(negative.mean())}
        row[f"ordered{level}"] = float(np.mean(positive > negative))
    return row


def _activity(chunk, validation):
    """Part of every layer's neurons that spike in a presentation, and the change of its weights, in words."""
    said = []
    for about, row, name in (("active", validation, "active"), ("weights ±", chunk, "changed")):
        if values := [row[key] for key in row if key.startswith(name) and key.removeprefix(name).isdecimal()]:
            said.append(f"{about}{'' if about.endswith('±') else ' '}{'/'.join(f'{100 * x:.2g}' for x in values)} %")
    return said


def _margins(row):
    """Between the layers' goodness in the two phases, in words; nothing where layers have none."""
    levels = [name.removeprefix("positive") for name in row if name.startswith("positive")]
    margins = "/".join(f"{row[f'positive{k}'] - row[f'negative{k}']:+.2f}" for k in levels)
    return [f"margin {margins}"] if levels else []


def method_of(options):
    """(class of the method, its other options) that a dictionary names."""
    options = dict(options)
    method = options.pop("method", "forward_forward")
    if isinstance(method, type) and issubclass(method, Method):
        return method, options
    return method_class(method), options


def make_method(options, dataset=None, report=lambda text: None):
    """The method that a dictionary of options means, as for `train`; `dataset`: in place of the one that they name."""
    chosen, given = method_of(options)
    named = given.pop("dataset", None)
    return chosen(named if dataset is None else dataset, report, **given)


def limited(samples, limit, split_seed=0):
    """`limit` samples of a split, or all if it has fewer, at random: splits are sorted."""
    return stream(split_seed, "limit").permutation(samples)[:limit]


def _require_sense(options, dataset):
    """Refuse what cannot be done to samples of a data set."""
    if isinstance(dataset, datasets.EventDataset):
        if getattr(options, "flip", False):
            raise OptionError(f"--flip mirrors images, and '{dataset.name}' holds spike times: leave it out.")
        if getattr(options, "negatives", None) == "hybrid":
            raise OptionError(
                f"--negatives hybrid mixes images, and '{dataset.name}' holds spike times: take another kind."
            )
    elif getattr(options, "stretch", 0):
        raise OptionError(f"--stretch changes spike times, and '{dataset.name}' holds images: leave it out.")
    sides = [side for side in dataset.image_shape if side > 1]  # channels may stand in a row
    if getattr(options, "jitter", 0) > (most := min(sides, default=1) - 1):
        shape = " by ".join(map(str, dataset.image_shape))
        raise OptionError(
            f"--jitter {options.jitter} would move samples of {shape} pixels out of sight: {most} is the most."
        )


def load_data(options, dataset=None):
    """A data set, and its training samples: those that `limit` leaves, at random.

    `dataset`, an object, is taken in place of the one that the `DataOptions` name.
    """
    names = ("data", "download", "validation", "test_group", "validation_group")
    given = {name: getattr(options, name) for name in names}
    if dataset is None:
        dataset = datasets.load(options.dataset, split_seed=options.split_seed, **given)
    elif any(value is not None and value is not False for value in given.values()):
        raise OptionError(
            "--data, --download, --validation, --test-group and --validation-group say how a data set is loaded: it is "
            "given as an object."
        )
    _require_sense(options, dataset)
    dataset = mislabelled(dataset, options.label_noise, options.split_seed)
    if options.limit is None:
        return dataset, np.asarray(dataset.train)
    if options.limit > len(dataset.train):
        raise OptionError(f"--limit must lie between 1 and {len(dataset.train)}, the size of the training set.")
    return dataset, limited(dataset.train, options.limit, options.split_seed)
