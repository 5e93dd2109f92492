"""Layers, and the projections between them: what a network is made of, as data.

A layer says how many neurons it has, and from which kind of projection they get their input.  A projection knows its
shape, its fan-in, its initial weights, the Brian2 object it becomes, and the matrix that values of its synapses make;
nothing else in brianff computes with the numbers of neurons on its two sides.  A new kind of projection is a class
derived from `Projection` (or from `Dense`, to leave some of its synapses out), given to a layer::

    @dataclass(frozen=True)
    class OneToOne(Dense):
        def present(self, seed):
            return np.eye(*self.shape, dtype=bool)

    Architecture(..., layers=[100, Layer(100, incoming=OneToOne())])
"""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace

import numpy as np

from brianff.equations.text import equations_of
from brianff.errors import OptionError
from brianff.network.channels import ChannelSynapses
from brianff.network.convolution import ConvolutionSynapses, Geometry
from brianff.network.dense import DenseSynapses
from brianff.stimulus import stream

__all__ = ["Channels", "Convolution", "Dense", "Layer", "Projection", "layers_of"]


@dataclass(frozen=True)
class Projection(ABC):
    """Connections from the neurons of one layer to those of another, or of the same.

    A kind of projection is made with its own options alone, `between` puts it into a network.

    Attributes
    ----------
    name : str
        Of the Brian2 object: "synapses1", "recurrent1", "feedback1" ...
    source, target : int
        Levels of the layers.
    pre, post : `Layer`
        The layers themselves.
    """

    name: str = field(default="", kw_only=True, repr=False)
    source: int = field(default=0, kw_only=True, repr=False)
    target: int = field(default=0, kw_only=True, repr=False)
    pre: "Layer | None" = field(default=None, kw_only=True, repr=False)
    post: "Layer | None" = field(default=None, kw_only=True, repr=False)

    def between(self, name, source, target, pre, post):
        """This projection in its place in a network."""
        return replace(self, name=name, source=source, target=target, pre=pre, post=post)

    @property
    def shape(self):
        """(n_pre, n_post): neurons on either side."""
        return self.pre.n, self.post.n

    @property
    def feeds_forward(self):
        """Whether it leads to a layer from the one below it."""
        return self.source == self.target - 1

    def key(self, variable):
        """Name of a synaptic variable among the inputs and results of a simulator."""
        return f"{self.name}.{variable}"

    delay = 0  # time steps from a spike to its effects
    gain = 1.0  # factor of the initial weights

    needs = ()  # names of what `inputs` gives

    def inputs(self, seed):  # noqa: ARG002  (of those that are drawn)
        """What a run has to set beside the weights, as inputs of a simulator."""
        return {}

    def problem(self, composition):  # noqa: ARG002  (of kinds that cannot do everything)
        """What this projection cannot do with the strings of a composition, as a sentence, or None."""
        return None

    @property
    def n_values(self) -> int:
        """Values of a synaptic variable."""
        return int(np.prod(self.weights_shape))

    @property
    @abstractmethod
    def fan_in(self) -> int:
        """Synapses that a neuron of the target gets input from."""

    @property
    def weights_shape(self) -> tuple:
        """Of the array that `flat` takes and `matrix` gives."""
        return self.shape

    def flat(self, matrix, seed) -> np.ndarray:  # noqa: ARG002  (of those that are drawn)
        """Values of the synapses, as a simulator takes them, from an array of `weights_shape`."""
        return np.reshape(matrix, -1)

    def matrix(self, values) -> np.ndarray:
        """An array of `weights_shape` from values of the synapses, as a simulator gives them; 0 where there is none."""
        return np.reshape(values, self.weights_shape)

    def of_sources(self, draw):
        """Values that all weights of a source neuron share, to multiply an array of `weights_shape` with.

        `draw` gives (n,) of them.
        """
        return draw(self.shape[0])[:, None]

    @abstractmethod
    def connect(self, source, target, **options):
        """The Brian2 object.

        Parameters
        ----------
        source, target : `brian2.NeuronGroup`
        **options
            Of `DenseSynapses`: `model`, `on_pre`, `on_post`, `batch`, `layer`, `name`; and `since`, a group
            and its variable: spikes before that time step do not arrive any more.
        """

    def normal(self, seed, gain, excitatory=None) -> np.ndarray:
        """Initial weights from a normal distribution of standard deviation ``gain/sqrt(fan_in)``.

        Parameters
        ----------
        seed : int
        gain : float
        excitatory : float, optional
            Part of the source's neurons (or channels) whose weights are all positive; those of the others are all
            negative, and larger in the ratio of the numbers, so that all weights add up to about zero (Dale's
            principle).

        Returns
        -------
        w : (n_values,) array
        """
        w = self._drawn(seed).normal(size=self.weights_shape)
        if excitatory is not None:

            def signs(n):
                excites = stream(seed, "dale", self.source + 1).permutation(n) < excitatory * n
                return np.where(excites, 1.0, -excitatory / (1 - excitatory))

            w = np.abs(w) * self.of_sources(signs)
        return self.flat(w, seed) * (self.gain * gain) / np.sqrt(self.fan_in)

    def uniform(self, seed, limit) -> np.ndarray:
        """Initial weights between -`limit` and `limit`, (n_values,) array."""
        return self.gain * limit * self.flat(self._drawn(seed).uniform(-1, 1, self.weights_shape), seed)

    def _drawn(self, seed):
        """Random numbers of this projection; the stream of the feed-forward weights has no name, as runs know it."""
        kind, level = re.fullmatch(r"(.*?)(\d*)", self.name).groups()
        return stream(seed, "weights" if kind == "synapses" else kind, int(level or 0))


@dataclass(frozen=True)
class Dense(Projection):
    """One weight for every pair of neurons, or for some of them.

    Parameters
    ----------
    density : float
        Part of the pairs that are connected: every neuron of the target has the same number of inputs, drawn from the
        run's seed.  Where there is no synapse, no code of it runs, and every variable of it stays what it was: 0.
    delay : int
        Time steps from a spike to its effects.  What a rule does is not delayed: it sees the traces of the source as
        they are, and its own `on_pre` runs when the spike leaves.
    itself : bool
        Of a layer that projects to itself: whether its neurons are connected to themselves.
    gain : float
        Factor of the initial weights, beside what a method of learning has for all projections.
    """

    density: float = 1.0
    delay: int = 0
    itself: bool = False
    gain: float = 1.0

    def __post_init__(self):
        if not 0 < self.density <= 1:
            raise OptionError(f"density={self.density}: the part of the pairs that are connected is above 0, up to 1.")
        if self.delay != int(self.delay) or self.delay < 0:
            raise OptionError(f"delay={self.delay}: a delay is a number of time steps, 0 or more.")

    @property
    def _to_others(self):
        """Whether the projection leads from a layer to itself, and no neuron is connected to itself."""
        return self.source == self.target and not self.itself

    @property
    def partial(self) -> bool:
        """Whether there are pairs without a synapse."""
        return self.density < 1 or self._to_others or type(self).present is not Dense.present

    @property
    def fan_in(self) -> int:
        return max(1, round(self.density * (self.shape[0] - self._to_others)))

    def present(self, seed):
        """Which pairs have a synapse: (n_pre, n_post) bool array."""
        found = np.ones(self.shape, bool)
        if self.density < 1:
            order = stream(seed, f"synapses of {self.name}").random(self.shape)
            if self._to_others:
                np.fill_diagonal(order, 2)  # after all others
            found[:] = False
            np.put_along_axis(found, np.argpartition(order, self.fan_in - 1, axis=0)[: self.fan_in], True, axis=0)
        if self._to_others:
            np.fill_diagonal(found, False)
        return found

    @property
    def needs(self):
        return (self.key("_present"),) if self.partial else ()

    def inputs(self, seed):
        return {name: self.present(seed).ravel() for name in self.needs}

    def flat(self, matrix, seed) -> np.ndarray:
        return super().flat(np.where(self.present(seed), matrix, 0.0) if self.partial else matrix, seed)

    def connect(self, source, target, *, since=None, **options):
        all_others = self._to_others and self.density == 1 and type(self).present is Dense.present
        partial = "others" if all_others else self.partial
        synapses = DenseSynapses(source, target, partial=partial, **options)
        return _delayed(synapses, self.delay, source, since)


@dataclass(frozen=True)
class Convolution(Projection):
    """One kernel for all positions of a layer; see `brianff.ConvolutionSynapses`.

    Weights are an array (channels, channels of the source, size, size).

    Parameters
    ----------
    channels : int
        Of the target.
    size, stride, padding : int
        Of the kernel; positions from one of its places to the next; silent positions around the source.
    delay : int
        Time steps from a spike to its effects.
    gain : float
        Factor of the initial weights, beside what a method of learning has for all projections.
    """

    channels: int
    size: int
    stride: int = 1
    padding: int = 0
    delay: int = 0
    gain: float = 1.0

    def of(self, shape):
        """The `Geometry` of this convolution of positions (channels, height, width).

        Raises
        ------
        OptionError
            If it does not fit.
        """
        return Geometry(shape, self.channels, self.size, self.stride, self.padding)

    @property
    def geometry(self):
        return self.of(self.pre.shape)

    @property
    def fan_in(self) -> int:
        return self.geometry.fan_in

    @property
    def weights_shape(self) -> tuple:
        return self.channels, self.pre.shape[0], self.size, self.size

    def flat(self, matrix, seed) -> np.ndarray:  # noqa: ARG002
        return self.geometry.stored(matrix)

    def matrix(self, values) -> np.ndarray:
        return self.geometry.kernel(values)

    def of_sources(self, draw):
        return draw(self.pre.shape[0])[None, :, None, None]

    def problem(self, composition):
        s = composition.synapses
        own = [eq.varname for eq in equations_of(s.model).values() if {"per_entry", "post_major"} & set(eq.flags)]
        needs = f"a value of its own for every synapse, '{own[0]}'" if own else "code at postsynaptic spikes"
        if own or s.on_post:
            others = "take another rule, such as local_readout, or a dense layer"
            return f"layers: a convolution shares its kernel, and these models need {needs}: {others}."
        return None

    def connect(self, source, target, *, since=None, **options):
        synapses = ConvolutionSynapses(source, target, **self.geometry.options, **options)
        return _delayed(synapses, self.delay, source, since)


def _delayed(synapses, delay, source, since):
    """Synapses whose `on_pre` works some time steps after a spike, if that is not before `since`."""
    if delay and synapses.on_pre:
        synapses.pre.delay = delay * source.clock.dt
        if since:
            synapses.pre.forget(*since)
    return synapses


@dataclass(frozen=True)
class Channels(Projection):
    """From the neurons of a layer to the variables that those of a channel share; see `ChannelSynapses`."""

    fan_in = 1

    @property
    def weights_shape(self):
        return (self.pre.channels,)

    def connect(self, source, target, *, since=None, model="", on_pre=None, on_post=None, **options):  # noqa: ARG002
        return ChannelSynapses(source, model, channels=self.pre.channels, **options)


@dataclass(frozen=True)
class Layer:
    """A population of neurons, and where its input comes from.

    Parameters
    ----------
    n : int, optional
        Neurons; of a convolution they follow from the layer below.
    shape : (channels, height, width), optional
        Of neurons that stand for positions, stored channel-last: neuron ``(y*width + x)*channels + c``.
    recurrent : bool or `Projection`
        A projection from the layer to itself; True: ``Dense(gain=0.1)``, without self-connections (with the
        gain of the others a layer is busy with itself, and learns little of its input).  It has the strings of all
        synapses: `_pre` and `_post` are two neurons of the layer, `_layer` is the layer, and the neuron's own `_below`
        stays the layer below, whose `gain_below` divides all of a neuron's input, recurrent as well.
    incoming : `Projection`
        From the layer below.
    """

    n: int | None = None
    shape: tuple | None = None
    recurrent: bool | Projection = False
    incoming: Projection = Dense()

    def __post_init__(self):
        if self.n is None:
            if not isinstance(self.incoming, Convolution):
                raise OptionError("layers: a layer needs its number of neurons, unless a convolution leads to it.")
        else:
            if int(self.n) != self.n or self.n < 1:
                raise OptionError(f"layers: a layer has at least one neuron, not {self.n}.")
            object.__setattr__(self, "n", int(self.n))
        if self.shape is not None:
            object.__setattr__(self, "shape", tuple(map(int, self.shape)))
            if len(self.shape) != 3 or min(self.shape) < 1 or np.prod(self.shape) != self.n:
                raise OptionError(
                    f"layers: a layer of shape (channels, height, width) = {self.shape} has as many neurons as their "
                    f"product, not {self.n}."
                )
        if self.recurrent is True:
            object.__setattr__(self, "recurrent", Dense(gain=0.1))
        if self.recurrent and self.n == 1:
            raise OptionError("layers: a recurrent layer has at least two neurons, since none is connected to itself.")

    def above(self, below):
        """This layer, with the numbers that follow from the layer below."""
        if not isinstance(self.incoming, Convolution):
            return self
        if below.shape is None:
            raise OptionError(
                f"layers: '{self}' needs positions, and the layer below it has none: convolutions come before other "
                "layers, and an input with label neurons has no positions either (take --negatives none or hybrid)."
            )
        of = self.incoming.of(below.shape)
        return replace(self, n=of.n_post, shape=of.target)

    @property
    def channels(self) -> int:
        """Channels of a layer with positions; without them every neuron is one."""
        return self.shape[0] if self.shape else self.n

    def __str__(self):
        """The word of `layers_of`.

        Raises
        ------
        OptionError
            If there is none for this layer.
        """
        below = self.incoming
        word = f"{'' if self.n is None else self.n}"
        if isinstance(below, Convolution):
            word = f"conv{below.channels}k{below.size}"
            word += f"s{below.stride}" if below.stride != 1 else ""
            word += f"p{below.padding}" if below.padding else ""
        word += "r" * bool(self.recurrent)
        word += f"d{below.density!r}" if getattr(below, "density", 1) < 1 else ""
        word += f"t{below.delay}" if getattr(below, "delay", 0) else ""
        (same,) = layers_of(word)
        if (same.incoming, same.recurrent) != (below, self.recurrent) or (same.n is not None and same != self):
            raise OptionError(f"layers: there is no word for {self!r}, by which a run in a folder could name it.")
        return word


_MORE = r"(?P<recurrent>r?)(?:d(?P<density>\d*\.?\d+(?:e-\d+)?))?(?:t(?P<delay>\d+))?"
_KERNEL = r"conv(?P<channels>[1-9]\d*)k(?P<size>[1-9]\d*)(?:s(?P<stride>[1-9]\d*))?(?:p(?P<padding>\d+))?"
WORD = re.compile(rf"(?:(?P<n>[1-9]\d*)|{_KERNEL}){_MORE}")


def layers_of(words):
    """Layers from the words of the command line, ``"conv20k5s2,500r"``, or from a list of words, numbers and layers.

    A word is a number of neurons; or a convolution, ``conv20k5`` for 20 channels and kernels of 5 by 5, with ``s2`` for
    a stride of two and ``p1`` for a padding of one.  Then ``r`` for a recurrent layer, ``d0.1`` for a tenth of the
    synapses from the layer below (not of a convolution), ``t2`` for their delay of two time steps.

    Raises
    ------
    OptionError
        For a word that is no layer.
    """
    words = words.split(",") if isinstance(words, str) else words
    return tuple(_layer(word) for word in words)


def _layer(word):
    if isinstance(word, Layer):
        return word
    if isinstance(word, Convolution):
        return Layer(incoming=word)
    word = str(word).strip()
    found = WORD.fullmatch(word)
    if not found or (found["channels"] and found["density"]):
        raise OptionError(
            f"--layers: '{word}' is no layer; write numbers of neurons with commas between them, as in 500,500, or "
            "convolutions, as in conv20k5s2p1 (20 channels, kernels of 5 by 5, stride 2, padding 1); then r for a "
            "recurrent layer, d0.1 for a tenth of the synapses from below, t2 for a delay of two time steps."
        )
    delay = int(found["delay"] or 0)
    if found["channels"]:
        kernel = int(found["channels"]), int(found["size"]), int(found["stride"] or 1), int(found["padding"] or 0)
        incoming, n = Convolution(*kernel, delay), None
    else:
        incoming, n = Dense(density=float(found["density"] or 1), delay=delay), int(found["n"])
    return Layer(n, recurrent=bool(found["recurrent"]), incoming=incoming)
