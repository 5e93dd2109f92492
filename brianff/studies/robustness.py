"""How accurate a trained network is when something is disturbed: images, spikes, synapses, neurons, training labels.

    import brianff as ff
    from brianff.studies.robustness import Bench

    run = ff.load("runs/mine")
    bench = Bench(run.method, run.method.data.test[:1000])
    bench.curve("weight noise")          # accuracy at every strength, 0 first

Every disturbance has a range of strengths, of which 0 changes nothing.  What is drawn depends on the seed, the
disturbance and the strength alone, so that all networks see the same corrupted images.
"""

import functools
from dataclasses import dataclass

import numpy as np

from brianff import datasets
from brianff.errors import OptionError
from brianff.stimulus import stream
from brianff.studies import disturbances
from brianff.studies.adversarial import ATTACKS
from brianff.studies.corruptions import CORRUPTIONS, corrupted
from brianff.studies.twin import Twin

__all__ = ["DISTURBANCES", "Bench", "Disturbance", "adversarial_images", "area", "disturbed_weights"]


@dataclass(frozen=True)
class Disturbance:
    """What is measured of one kind of disturbance.

    Attributes
    ----------
    family : str
        What is disturbed: images, spikes, synapses, neurons (mismatch), attack, labels.
    function : callable or str
        That does it; of neurons, which of their parameters.
    strengths : tuple of float
        Beside 0.
    label : str
        What the strength is.
    even : bool
        Whether the strengths stand at equal distances on an axis, whatever they are.
    """

    family: str
    function: object
    strengths: tuple
    label: str
    even: bool = False

    def positions(self):
        """Where 0 and the strengths stand on an axis."""
        return np.arange(len(self.strengths) + 1.0) if self.even else np.array([0.0, *self.strengths])


_JITTER, _SHARES = (0.05, 0.1, 0.2, 0.3, 0.5), (0.05, 0.1, 0.2, 0.3, 0.5)
_d = disturbances
DISTURBANCES = {
    name.replace("_", " "): Disturbance("images", name, kind.strengths, kind.label)
    for name, kind in CORRUPTIONS.items()
}
DISTURBANCES |= {
    "spike jitter": Disturbance("spikes", _d.spike_jitter, _JITTER, "s.d. (part of the code's length)"),
    "channel jitter": Disturbance("spikes", _d.channel_jitter, _JITTER, "s.d. (part of the code's length)"),
    "spike deletion": Disturbance("spikes", _d.deletion, _SHARES, "part of the spikes lost"),
    "spurious spikes": Disturbance(
        "spikes", _d.spurious_spikes, (0.1, 0.2, 0.4, 0.7, 1.0), "spikes added, to each that is there"
    ),
    "reversal": Disturbance("spikes", _d.reversal, (1.0,), "part of the samples reversed"),
    "weight noise": Disturbance(
        "synapses", _d.weight_noise, (0.02, 0.05, 0.1, 0.15, 0.2), "s.d. (part of the largest weight)"
    ),
    "stuck synapses": Disturbance(
        "synapses", _d.stuck_synapses, (0.001, 0.003, 0.01, 0.03, 0.1), "part of the synapses", True
    ),
    "missing synapses": Disturbance("synapses", _d.missing_synapses, _SHARES, "part of the synapses"),
    "dead neurons": Disturbance("synapses", _d.dead_neurons, _SHARES, "part of the hidden neurons"),
    "quantisation": Disturbance("synapses", _d.quantised, (8, 6, 5, 4, 3, 2), "bits of a weight", True),
    "threshold mismatch": Disturbance("neurons", "thresholds", (0.05, 0.1, 0.2, 0.3, 0.4), "coefficient of variation"),
    "time constant mismatch": Disturbance(
        "neurons", "time constants", (0.05, 0.1, 0.2, 0.3, 0.4), "coefficient of variation"
    ),
    "fgsm": Disturbance("attack", "fgsm", (0.02, 0.05, 0.1, 0.2, 0.3), "largest change of a pixel"),
    "pgd": Disturbance("attack", "pgd", (0.02, 0.05, 0.1, 0.2, 0.3), "largest change of a pixel"),
    "label noise": Disturbance("labels", "label_noise", (0.1, 0.2, 0.4), "part of the labels that are wrong"),
}


ANYTIME = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)  # of a stimulus epoch


def area(positions, accuracies):
    """Area under a curve of accuracies, over an axis from 0 to 1: the mean accuracy, by trapezoids."""
    positions = np.asarray(positions, float)
    return float(np.trapezoid(accuracies, positions / positions[-1]))


def disturbed_weights(method, name, strength, rng):
    """The state of a network with disturbed weights.

    Parameters
    ----------
    method : `brianff.learning.method.Method`
    name : str
        Of `DISTURBANCES`, one of synapses.
    strength : float
    rng : `numpy.random.Generator`

    Returns
    -------
    state : dict of str -> array
        For `Method.restore`.
    """
    state, change = {k: np.copy(v) for k, v in method.state().items()}, DISTURBANCES[name].function
    weights = {k: v for k, v in state.items() if k.endswith(".w") and not k.startswith("feedback")}
    if change is disturbances.dead_neurons:
        biases = {k: v for k, v in state.items() if k.startswith("layer") and k.endswith(".b")}
        hidden = [level for level in method.levels if level < len(method.sizes) - int(method.has_output)]
        return state | change(weights | biases, strength, rng, method.sizes, hidden)
    return state | change(weights, strength, rng)


def adversarial_images(network, data, samples, seed=1):
    """Adversarial images for all attacks and strengths: dict of (name, strength) -> (n, height, width) uint8 array."""
    images, labels = data.images[samples] / 255.0, data.labels[samples]
    return {
        (name, strength): np.round(255 * attack(network, images, labels, strength, stream(seed, name))).astype(np.uint8)
        for name, attack in ATTACKS.items()
        for strength in DISTURBANCES[name].strengths
    }


class Bench:
    """A trained network under disturbances.

    Parameters
    ----------
    method : `brianff.learning.method.Method`
        As it has learnt.
    samples : (n,) int array
        Rows of its data set, which it is tested with; ascending.
    seed : int
        Of what is drawn.
    attacks : dict, optional
        Of `adversarial_images`, for the same samples.
    report : callable
        Called with a sentence before compiling.
    """

    def __init__(self, method, samples, seed=1, attacks=None, report=lambda text: None):
        self.method, self.samples, self.seed = method, np.asarray(samples), seed
        self.attacks, self.report = attacks or {}, report

    @functools.cached_property
    def twin(self):
        """The `Twin` of the network, compiled when it is first needed."""
        return Twin(self.method, self.samples, self.report)

    @functools.cached_property
    def clean(self):
        """Accuracy of the undisturbed network."""
        return self._accuracy(self.method)

    def _accuracy(self, method):
        return method.evaluate(self.samples, offset=int(self.samples[0])).accuracy()

    def problem(self, name):
        """Why a disturbance cannot be measured here, or None."""
        family = _known(name).family
        if family == "labels":
            return "labels are disturbed in training, by the option label_noise."
        if family in ("spikes", "neurons") and not self.method.has_spikes:
            return "the network has no spikes and no membranes."
        if family == "attack" and not self.attacks:
            return "no adversarial images are given."
        if family in ("images", "attack") and not isinstance(self.method.data, datasets.Dataset):
            return f"'{self.method.data.name}' holds no images."
        return None

    def accuracy(self, name, strength):
        """Accuracy under one disturbance.

        Raises
        ------
        OptionError
            If it cannot be measured of this network.
        """
        found = _known(name)
        if problem := self.problem(name):
            raise OptionError(f"{name}: {problem}")
        if strength == 0:
            return self.clean
        rng = stream(self.seed, f"disturbance {name}", round(1e6 * strength))
        return getattr(self, f"_{found.family}")(found, name, strength, rng)

    def curve(self, name):
        """Accuracy without the disturbance, and at each of its strengths: list of float."""
        return [self.accuracy(name, strength) for strength in (0, *_known(name).strengths)]

    def curves(self, names=tuple(DISTURBANCES)):
        """The curves of all that can be measured here: dict of name -> list of float."""
        return {name: self.curve(name) for name in names if not self.problem(name)}

    def anytime(self, parts=ANYTIME):
        """What the network says when it has seen a part of a stimulus epoch only.

        Returns
        -------
        found : dict
            ``parts`` of the stimulus epoch, ``accuracy`` after each of them, and ``latency``: the mean part after which
            a sample's answer is the last one, and stays so.
        """
        n_steps = self.method.architecture.n_steps
        said = np.array([self.twin.answers(n_steps=max(1, round(part * n_steps))).predicted() for part in parts])
        settled = np.logical_and.accumulate((said == said[-1])[::-1])[::-1]
        latency = np.asarray(parts)[settled.argmax(axis=0)].mean()
        accuracy = np.mean(said == self.method.data.labels[self.samples], axis=1)
        return {"parts": list(parts), "accuracy": accuracy.tolist(), "latency": float(latency)}

    # -- families ----------------------------------------------------------------------------------------------------
    def _images(self, found, name, strength, rng):
        return self._of_images(corrupted(self.method.data.images[self.samples], found.function, strength, rng))

    def _attack(self, found, name, strength, rng):
        return self._of_images(self.attacks[name, strength])

    def _of_images(self, shown):
        return self._accuracy(self.method.seeing(self.method.data.with_images(self.samples, shown)))

    def _spikes(self, found, name, strength, rng):
        trains, n_steps = self.twin.trains, self.method.architecture.n_steps
        if "jitter" in name:
            strength *= trains.step.max(initial=0) + 1
        return self.twin.answers(found.function(trains, strength, n_steps, rng)).accuracy()

    def _neurons(self, found, name, strength, rng):
        return self.twin.answers(differing=found.function, variation=strength, seed=self.seed).accuracy()

    def _synapses(self, found, name, strength, rng):
        before = {k: np.copy(v) for k, v in self.method.state().items()}
        self.method.restore(disturbed_weights(self.method, name, strength, rng))
        try:
            return self._accuracy(self.method)
        finally:
            self.method.restore(before)


def _known(name):
    if name not in DISTURBANCES:
        raise OptionError(f"there is no disturbance '{name}': there are {', '.join(DISTURBANCES)}.")
    return DISTURBANCES[name]
