"""Everything about a network that is compiled in, as numbers: layers, projections, the batch, time."""

from dataclasses import dataclass, fields, replace

import numpy as np
from brian2 import ms, second

from brianff.errors import OptionError
from brianff.network.layers import Channels, Dense, Layer, layers_of

__all__ = ["Architecture"]

MOST_STEPS = 2**31 - 1  # of one run: equations count them in integers of 32 bits


@dataclass(frozen=True)
class Architecture:
    """Everything about a network that is compiled in.

    Parameters
    ----------
    n_pixels, n_classes : int
    layers : sequence of `Layer`, int or str
        Layers above the input, or what `layers_of` makes layers of.
    label_neurons : int
        Input neurons for each class.
    image_shape : (height, width), optional
        Of the pixels, for convolutions.
    batch : int
        Presentations that are simulated side by side, with shared weights.
    n_steps, dt_ms : int, float
        Time steps of a stimulus epoch, and their length.
    capacity : int
        The largest number of stimulus epochs of one run.
    total_steps : int, optional
        For stimulus epochs of unequal length (`Schedule.steps`): the most time steps that those of one run have
        together.  Without it all have `n_steps`.
    carry_over : bool
        The state of input channels and neurons goes on from one stimulus epoch to the next, in a continuous stream (see
        `brianff.network.continuous`); otherwise each begins anew.
    images : int
        The largest number of different images of one run.
    dtype : {"float64", "float32"}
        Precision of every state variable of neurons, layers and synapses.
    events : int
        The most events that the spike trains of one run have together; 0: of images.
    """

    n_pixels: int
    n_classes: int
    layers: tuple
    label_neurons: int = 10
    batch: int = 10
    n_steps: int = 50
    dt_ms: float = 1.0
    capacity: int = 400
    images: int = 1000
    dtype: str = "float64"
    events: int = 0
    total_steps: int | None = None
    image_shape: tuple | None = None
    carry_over: bool = False

    def __post_init__(self):
        for name in ("n_pixels", "n_classes", "label_neurons", "batch", "n_steps", "capacity", "images", "events"):
            if int(getattr(self, name)) < (0 if name in ("label_neurons", "events") else 1):
                raise OptionError(f"{name} must be positive, not {getattr(self, name)}.")
        if not 0 < self.dt_ms < float("inf"):
            raise OptionError(f"the time step must be positive, not {self.dt_ms} ms.")
        if self.dtype not in ("float64", "float32"):
            raise OptionError(f"dtype must be float64 or float32, not {self.dtype}.")
        below, layers = self.input_layer, []
        for layer in layers_of(self.layers):
            below = layer.above(below)
            layers.append(below)
        object.__setattr__(self, "layers", tuple(layers))
        if not layers:
            raise OptionError("layers: a network has at least one layer above its input.")
        if self.most_steps >= MOST_STEPS:
            raise OptionError(
                f"{self.capacity} stimulus epochs of together {self.most_steps} time steps are more than the "
                f"{MOST_STEPS} steps that one run may have: use a smaller --chunk."
            )

    @property
    def epoch_seconds(self):
        return self.n_steps * self.dt_ms * 1e-3

    @property
    def most_steps(self):
        """Time steps that the stimulus epochs of one run have at most."""
        return self.capacity * self.n_steps if self.total_steps is None else self.total_steps

    def steps_of(self, inputs, n_epochs):
        """Time steps of the first `n_epochs` stimulus epochs of a run with these inputs (see `Schedule.inputs`)."""
        times = inputs.get("epoch_clock.times")
        return n_epochs * self.n_steps if times is None else round(times[n_epochs] / (self.dt_ms * ms / second))

    @property
    def n_input(self):
        return self.n_pixels + self.n_classes * self.label_neurons

    @property
    def input_layer(self):
        """The input as a `Layer`; it has positions where all of it are pixels of an image."""
        shape = self.image_shape and (self.n_pixels // int(np.prod(self.image_shape)), *self.image_shape)
        return Layer(self.n_input, shape=None if self.n_input != self.n_pixels else shape)

    @property
    def sizes(self):
        """Neurons of every layer, the input first."""
        return (self.n_input, *(layer.n for layer in self.layers))

    @property
    def depth(self):
        """Level of the last layer."""
        return len(self.layers)

    @property
    def recurrent(self):
        """Levels of the layers that project to themselves."""
        return [level for level, layer in enumerate(self.layers, start=1) if layer.recurrent]

    @property
    def projections(self):
        """Projections that learn: into each layer from the one below, ``synapses1`` ..., and from itself."""
        found, below = [], self.input_layer
        for level, layer in enumerate(self.layers, start=1):
            found.append(layer.incoming.between(f"synapses{level}", level - 1, level, below, layer))
            if layer.recurrent:
                found.append(layer.recurrent.between(f"recurrent{level}", level, level, layer, layer))
            below = layer
        return found

    @property
    def feedback(self):
        """Projections from the last layer to those below, ``feedback1`` ..., for compositions that have them."""
        *hidden, last = self.layers
        return [Dense().between(f"feedback{k}", self.depth, k, last, to) for k, to in enumerate(hidden, start=1)]

    @property
    def readouts(self):
        """Projections to the classes of each layer, ``readout1`` ..., for rules with class scores in every layer."""
        classes, layers = Layer(self.n_classes), enumerate(self.layers, start=1)
        return [Dense(itself=True).between(f"readout{k}", k, k, layer, classes) for k, layer in layers]

    @property
    def channels(self):
        """What the neurons of a channel share, ``channels1`` ..., for neurons that have something."""
        return [Channels().between(f"channels{k}", k, k, layer, layer) for k, layer in enumerate(self.layers, start=1)]

    def inputs(self, seed):
        """What the projections ask every run to set, as inputs of a simulator: which synapses there are."""
        return {name: value for projection in self.projections for name, value in projection.inputs(seed).items()}

    @property
    def needs(self):
        """Names of the inputs that no run can do without: those of `inputs`."""
        return {name for projection in self.projections for name in projection.needs}

    def starts(self, steps=None):
        """Times (s) at which stimulus epochs begin, the one after the last included: (capacity + 1,) array.

        Parameters
        ----------
        steps : (epochs,) int array, optional
            Their lengths (default: `n_steps`); after the last there are no more, at infinity.
        """
        dt = self.dt_ms * ms / second
        if steps is None:
            return np.arange(self.capacity + 1) * self.n_steps * dt
        return np.append(np.append(0, np.cumsum(steps)) * dt, np.full(self.capacity - len(steps), np.inf))

    def asdict(self):
        """All of it as numbers and strings."""
        return {field.name: getattr(self, field.name) for field in fields(self)} | {
            "layers": list(map(repr, self.layers))
        }

    def with_(self, **changes):
        return replace(self, **changes)
