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

from brianff.errors import OptionError
from brianff.network.dense import DenseSynapses
from brianff.stimulus import stream

__all__ = ["Dense", "Layer", "Projection", "layers_of"]


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
    @abstractmethod
    def size(self):
        """Values of a synaptic variable."""

    @property
    @abstractmethod
    def fan_in(self):
        """Synapses that a neuron of the target gets input from."""

    @abstractmethod
    def flat(self, matrix, seed):
        """Values of the synapses, as a simulator takes them, from an (n_pre, n_post) array."""

    @abstractmethod
    def matrix(self, values):
        """(n_pre, n_post) array of the values of the synapses, as a simulator gives them; 0 where there is none."""

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

    def normal(self, seed, gain, excitatory=None):
        """Initial weights from a normal distribution of standard deviation ``gain/sqrt(fan_in)``.

        Parameters
        ----------
        seed : int
        gain : float
        excitatory : float, optional
            Part of the source's neurons whose weights are all positive; those of the others are all negative, and
            larger in the ratio of the numbers, so that all weights add up to about zero (Dale's principle).

        Returns
        -------
        w : (size,) array
        """
        w = self._drawn(seed).normal(size=self.shape)
        if excitatory is not None:
            n_pre = self.shape[0]
            excites = stream(seed, "dale", self.source + 1).permutation(n_pre) < excitatory * n_pre
            w = np.abs(w) * np.where(excites, 1.0, -excitatory / (1 - excitatory))[:, None]
        return self.flat(w, seed) * (self.gain * gain) / np.sqrt(self.fan_in)

    def uniform(self, seed, limit):
        """Initial weights between -`limit` and `limit`, (size,) array."""
        return self.gain * limit * self.flat(self._drawn(seed).uniform(-1, 1, self.shape), seed)

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
        Time steps from a spike to its effects.  A rule sees the traces of the source as they are, not delayed.
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
    def size(self):
        n_pre, n_post = self.shape
        return n_pre * n_post

    @property
    def _to_others(self):
        """Whether the projection leads from a layer to itself, and no neuron is connected to itself."""
        return self.source == self.target and not self.itself

    @property
    def partial(self):
        """Whether there are pairs without a synapse."""
        return self.density < 1 or self._to_others or type(self).present is not Dense.present

    @property
    def fan_in(self):
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

    def flat(self, matrix, seed):
        return np.where(self.present(seed), matrix, 0.0).ravel() if self.partial else np.reshape(matrix, -1)

    def matrix(self, values):
        return np.reshape(values, self.shape)

    def connect(self, source, target, *, since=None, **options):
        synapses = DenseSynapses(source, target, partial=self.partial, **options)
        if self.delay and options.get("on_pre"):
            synapses.pre.delay = self.delay * source.clock.dt
            if since:
                synapses.pre.forget(*since)
        return synapses


@dataclass(frozen=True)
class Layer:
    """A population of neurons, and where its input comes from.

    Parameters
    ----------
    n : int
        Neurons.
    shape : (channels, height, width), optional
        Of neurons that stand for positions, stored channel-last: neuron ``(y*width + x)*channels + c``.
    recurrent : bool or `Projection`
        A projection from the layer to itself; True: ``Dense(delay=1, gain=0.1)``, without self-connections (with the
        gain of the others a layer is busy with itself, and learns little of its input).  It has the strings of all
        synapses: `_pre` and `_post` are two neurons of the layer, `_layer` is the layer, and the neuron's own `_below`
        stays the layer below, whose `gain_below` divides all of a neuron's input, recurrent as well.
    incoming : `Projection`
        From the layer below.
    """

    n: int
    shape: tuple | None = None
    recurrent: bool | Projection = False
    incoming: Projection = Dense()

    def __post_init__(self):
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
            object.__setattr__(self, "recurrent", Dense(delay=1, gain=0.1))
        if self.recurrent and self.n == 1:
            raise OptionError("layers: a recurrent layer has at least two neurons, since none is connected to itself.")

    def __str__(self):
        """The word of `layers_of`.

        Raises
        ------
        OptionError
            If there is none for this layer.
        """
        below = self.incoming
        density = f"d{below.density!r}" if getattr(below, "density", 1) < 1 else ""
        word = f"{self.n}{'r' * bool(self.recurrent)}{density}{f't{below.delay}' if getattr(below, 'delay', 0) else ''}"
        if layers_of(word) != (self,):
            raise OptionError(f"layers: there is no word for {self!r}, by which a run in a folder could name it.")
        return word


WORD = re.compile(r"(?P<n>[1-9]\d*)(?P<recurrent>r?)(?:d(?P<density>\d*\.?\d+(?:e-\d+)?))?(?:t(?P<delay>\d+))?")


def layers_of(words):
    """Layers from the words of the command line, ``"500,500r"``, or from a list of words, numbers and layers.

    A word is a number of neurons; then ``r`` for a recurrent layer, ``d0.1`` for a tenth of the synapses from the layer
    below, ``t2`` for their delay of two time steps.

    Raises
    ------
    OptionError
        For a word that is no layer.
    """
    words = words.split(",") if isinstance(words, str) else words
    return tuple(word if isinstance(word, Layer) else _layer(str(word).strip()) for word in words)


def _layer(word):
    found = WORD.fullmatch(word)
    if not found:
        raise OptionError(
            f"--layers: '{word}' is no layer; write numbers of neurons with commas between them, as in 500,500, with r "
            "for a recurrent layer, d0.1 for a tenth of the synapses from below, t2 for a delay of two time steps."
        )
    incoming = Dense(density=float(found["density"] or 1), delay=int(found["delay"] or 0))
    return Layer(int(found["n"]), recurrent=bool(found["recurrent"]), incoming=incoming)
