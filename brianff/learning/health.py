"""What is wrong with a network in training, in a sentence: layers that are silent, or that do not learn.

Training goes on all the same; each sentence is said once, as a `BrianffWarning`, with something to try.
"""

import warnings

import numpy as np
import scipy

from brianff.equations.text import equations_of
from brianff.equations.threshold import parameter_of_threshold
from brianff.errors import BrianffWarning, spoken

__all__ = [
    "Health",
    "at_chance",
    "chance_of",
    "cosine",
    "listed",
    "lower_threshold",
    "of_layers",
    "relative_changes",
    "warn",
]

PATIENCE = 200  # samples after which a silent layer is mentioned, or a pass over a smaller training set
EARLIEST = 0.5  # of the training: before that, a network may still be about to learn
MARGIN = 0.05  # so much more than chance would be learning
STILL = 1e-6  # relative change of weights in a pass, which is none
WILD = 1.0  # and one with which little is left of what they were


def warn(text):
    """Say what a user should know, though the program goes on."""
    warnings.warn(spoken(text), BrianffWarning, stacklevel=4)


def relative_changes(before, after):
    """How far weights have moved, relative to their length: dict of key -> float, from dicts of key -> array."""
    lengths = {key: float(np.linalg.norm(w)) for key, w in before.items()}
    moved = {key: float(np.linalg.norm(np.subtract(after[key], w))) for key, w in before.items()}
    return {key: moved[key] / length if length else float(moved[key] > 0) for key, length in lengths.items()}


def cosine(one, other):
    """Of the angle between two arrays; 0 where one of them is 0 everywhere."""
    lengths = np.linalg.norm(one) * np.linalg.norm(other)
    return float(np.sum(one * other) / lengths) if lengths else 0.0


def of_layers(by_level):
    """The same values by the names of the layers."""
    return {f"layer {level}": value for level, value in by_level.items()}


def chance_of(predicted, labels):
    """Accuracy of the same answers in a random order, or of guesses: that of a network that does not see its input."""
    classes = np.unique(labels)
    shuffled = sum(np.mean(predicted == k) * np.mean(labels == k) for k in classes)
    return float(max(shuffled, 1 / len(classes)))


def at_chance(right, n, chance):
    """Whether `right` of `n` are no more than chance gives, and so few that `MARGIN` more can be excluded.

    Both with an error of one in twenty: of few samples nothing is said.
    """
    if chance + MARGIN >= 1:
        return False
    more = right > 0 and scipy.special.bdtrc(right - 1, n, chance) < 0.05
    return bool(not more and scipy.special.bdtr(right, n, chance + MARGIN) < 0.05)


def _no_better_than_chance(predicted, labels, which, how):
    right, n, chance = int(np.sum(predicted == labels)), len(labels), chance_of(predicted, labels)
    if at_chance(right, n, chance):
        return f"{right} of {n} {which} samples are right by {how}, no more than by chance ({n * chance:.0f})"
    return ""


def lower_threshold(composition, option="--set"):
    """How to lower the threshold of a composition's neurons, in words."""
    neuron = composition.models["neuron"]
    variables = equations_of(composition.neurons.equations).names
    name = parameter_of_threshold(neuron["threshold"], variables, composition.parameters)
    return f"a lower {name} ({option} {name}=…)" if name else f"a lower threshold (in {neuron.path})"


class Health:
    """Looks at a network in training, chunk by chunk, and says what is wrong with it.

    Parameters
    ----------
    remedies : dict of str -> str
        Name of every layer, the lowest first -> what to try where it is silent.
    n_train : int
        Samples of the training set.
    learning_rate : float, optional
        With which it learns, for what to try.
    """

    name = ""  # of the network, where there are several
    has_diverged = False  # whether a recording had values that are not finite

    def __init__(self, remedies, n_train, learning_rate=None):
        self.remedies, self.n_train, self.patience = remedies, n_train, min(PATIENCE, n_train)
        self.learning_rate = learning_rate
        self.moved = {}  # layer -> [sum of relative changes of its weights, samples], of about the last pass
        self.at_chance_since = {}  # what is no better than chance -> samples that had been learnt
        self.silent_for = dict.fromkeys(remedies, 0)  # samples
        self.ordered = {}  # layer -> [samples with the larger goodness in the positive phase, samples]
        self.said = set()

    def after_chunk(self, n, active, ordered=None, changed=None):
        """Of `n` samples: whether each layer was active, what it told apart, and how its weights have changed.

        `ordered` has the part of the samples with the larger goodness in the positive phase, layer -> float; where
        there are no predictions by the goodness, and where negative samples are not chosen for being hard.  `changed`
        has the change of the weights of every layer that learns, relative to what they were, layer -> float.
        """
        for layer, is_active in zip(self.remedies, active, strict=True):
            self.silent_for[layer] = 0 if is_active else self.silent_for[layer] + n
        for layer, share in (ordered or {}).items():
            right, total = self.ordered.get(layer, (0, 0))
            self.ordered[layer] = right + share * n, total + n
        self._after_changes(n, changed or {})
        silent = [layer for layer, samples in self.silent_for.items() if samples >= self.patience]
        if silent and silent[0] not in self.said:
            verb = "has" if len(silent) == 1 else "have"
            samples = min(self.silent_for[layer] for layer in silent)
            text = f"{listed(silent)} {verb} been silent for {samples} samples: try {self.remedies[silent[0]]}."
            self._say(silent[0], text)
            self.said.update(silent)

    def _after_changes(self, n, changed):
        """Say which layer's weights have stayed what they were for a pass over the training set."""
        for layer, change in changed.items():
            total, samples = self.moved.get(layer, (0.0, 0))
            if samples >= self.n_train:
                if total < STILL and not self.silent_for.get(layer):
                    text = f"its weights have not changed in the last {samples} samples"
                    self._say(layer, self._still(layer, text))
                total, samples = 0.0, 0
            self.moved[layer] = total + change, samples + n

    def _advice(self, layer=None):
        """What to try where nothing is learnt, in words, by how much weights change."""
        if self.learning_rate is None or any(self.silent_for.values()):
            return ""  # what to do about silent layers is said of them
        moved = [total for of, (total, _) in self.moved.items() if layer in (None, of)]
        still, wild = bool(moved) and max(moved) < STILL, bool(moved) and min(moved) > WILD
        which = "a larger" if still else "a smaller" if wild else "another"
        return f": try {which} --learning-rate than {self.learning_rate:g}"

    def after_evaluation(self, done, how, predicted, labels, which="validation", layers=None, seen=0):
        """Of predictions after the part `done` of the training, and of what layers told apart since the last ones.

        What is no better than chance for a pass over the training set, or in the second half of the training, is said.

        `predicted`, (n,), are what the network says of the samples `which` by `how`; `layers`, layer -> (n,), what each
        layer says by its own goodness; `seen` samples have been learnt.
        """
        since, self.ordered = self.ordered, {}
        text = _no_better_than_chance(predicted, labels, which, how)
        if self._lasts(how, text, done, seen):
            tied = int(np.sum(np.asarray(predicted) < 0))  # without a prediction
            said = f"; {tied} of them tie" if tied else ""
            self._say(how, f"the network has not learnt: {text}{said}{self._advice()}.")
        if text:
            return
        for layer, of_layer in (layers or {}).items():
            text = _no_better_than_chance(of_layer, labels, which, "its goodness")
            if self._lasts(layer, text, done, seen):
                self._say(layer, self._still(layer, text))
        for layer, (ordered, n) in since.items():
            text = ""
            if at_chance(round(ordered), n, 0.5):
                text = f"its goodness was larger in the positive phase for {ordered / n:.1%} of the last {n} samples, "
                text += "no more than by chance"
            if self._lasts(f"order of {layer}", text, done, seen):
                self._say(layer, self._still(layer, text))

    def _still(self, layer, text):
        return f"{layer} does not learn: {text}{self._advice(layer)}."

    def _lasts(self, what, text, done, seen):
        """Whether a fault, a `text` or nothing, has been there for long enough to be said."""
        if not text:
            self.at_chance_since.pop(what, None)
            return False
        began = self.at_chance_since.setdefault(what, seen)
        return done >= EARLIEST or seen - began >= self.n_train

    def diverged(self, text):
        """Say what `brianff.learning.recordings.divergence` says."""
        if text:
            self.has_diverged = True
            self._say("divergence", text)

    def _say(self, what, text):
        if what not in self.said:
            self.said.add(what)
            warn(f"{self.name}: {text}" if self.name else text)


def listed(names):
    """``["layer 1", "layer 2"]`` as text."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
