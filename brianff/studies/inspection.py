"""A small layer that is shown an image in positive and negative phases: what `protocols/inspect_neuron.py` looks at."""

from dataclasses import dataclass

import numpy as np

from brianff import datasets
from brianff.devices.runtime import RuntimeSimulator
from brianff.equations.checker import check_own_files
from brianff.equations.compose import compose
from brianff.equations.kinds import FORWARD_FORWARD
from brianff.errors import ModelError, OptionError
from brianff.learning.forward_forward import ForwardForward
from brianff.learning.phases import Phases
from brianff.learning.recordings import collect
from brianff.network.architecture import Architecture
from brianff.network.trial import check

__all__ = ["Stimulus", "busiest", "checked", "defaults_of", "present", "require_shown", "stimulus"]


@dataclass(frozen=True)
class Stimulus:
    """An image with two labels, and what sees it.

    Attributes
    ----------
    image : (n_pixels,) array
        Intensities, 0 to 1.
    label, wrong : int
        Shown in the positive and in the negative phase.
    n_classes : int
    label_neurons : int
        Input neurons for each class.
    weights : (n_inputs, n_neurons) array or None
        Of a trained layer; None: random ones.
    """

    image: np.ndarray
    label: int
    wrong: int
    n_classes: int
    label_neurons: int = 10
    weights: np.ndarray | None = None


def _of_sample(data, sample=0, label=None, **more):
    if sample >= len(data.train):
        raise OptionError(f"--sample: there is no training sample {sample}: they are 0 to {len(data.train) - 1}.")
    row = data.train[sample]
    true = int(data.labels[row])
    wrong = (true + 1) % data.n_classes if label is None else label
    if not 0 <= wrong < data.n_classes:
        raise OptionError(f"--label: there is no class {wrong}: they are 0 to {data.n_classes - 1}.")
    if wrong == true:
        raise OptionError(f"--label {true} is the true label of training sample {sample}: give a wrong one.")
    return Stimulus(data.images[row].ravel() / 255.0, true, wrong, data.n_classes, **more)


def defaults_of(run=None):
    """(options, models by their kind) that hold where nothing else is chosen: those of a run, which sees `stimulus`."""
    if run is None:
        return {}, FORWARD_FORWARD.defaults
    options = run.method.options
    return {name: getattr(options, name) for name in ("set", "steps", "dt", "learning_rate")}, options.models


def stimulus(run=None, sample=0, label=None):
    """The `Stimulus` of a training sample, counted from 0, of the digits that come with brianff, or of a run's images.

    Parameters
    ----------
    run : `brianff.learning.run.Run`, optional
        Whose first layer sees it.
    sample : int
    label : int, optional
        The wrong one (default: the one after the true label).

    Raises
    ------
    OptionError
        If the run is none of forward-forward learning with images and labels, or its first layer is a convolution.
    """
    if run is None:
        return _of_sample(datasets.load("digits"), sample, label)
    method, other = run.method, "`brianff inspect` shows any run."
    if not isinstance(method, ForwardForward) or isinstance(method.data, datasets.EventDataset):
        raise OptionError(
            f"--weights {run.path}: {method.name} on {method.data.name} is no forward-forward learning of images; "
            + other
        )
    w = np.asarray(run.weights[1], float)
    if not method.options.labels_shown or w.ndim != 2 or method.architecture.recurrent:
        raise OptionError(
            f"--weights {run.path}: its first layer is a convolution, is recurrent, or gets no labels; {other}"
        )
    return _of_sample(method.data, sample, label, label_neurons=method.architecture.label_neurons, weights=w)


def present(composition, stimulus, neurons=30, pairs=2, steps=50, dt=1.0, gain=3.0, learning_rate=0.02, seed=1):
    """Show an image to a layer, in pairs of phases; its weights change after each of them.

    Parameters
    ----------
    composition : `Composition`
    stimulus : `Stimulus`
    neurons : int
        Of the layer, and `gain` (times sqrt(inputs)) the standard deviation of its weights, where these are random.
    pairs, steps, dt, learning_rate, seed
        Pairs of a positive and a negative phase, time steps of each, in ms, and as of a run.

    Returns
    -------
    recording : `brianff.learning.recordings.Recording`
    change : (n_inputs, n_neurons) array
        Of every weight.
    """
    s = stimulus
    n = neurons if s.weights is None else s.weights.shape[1]
    size = dict(batch=1, n_steps=steps, dt_ms=dt, capacity=2 * pairs, images=1, label_neurons=s.label_neurons)
    a = Architecture(len(s.image), s.n_classes, (n,), **size)
    zeros, number = np.zeros(pairs, int), 2 * np.arange(pairs)
    shown = (zeros, zeros + s.label, number), (zeros, zeros + s.wrong, number + 1)
    schedule = Phases.paired().schedule(*shown, a)
    weights = a.projections[0].normal(seed, gain) if s.weights is None else s.weights.ravel()
    rates = np.zeros(a.capacity + 1)
    rates[1 : 2 * pairs : 2] = learning_rate  # weights change after the negative phase
    inputs = schedule.inputs(a, s.image.reshape(1, -1)) | {"learning_rate_at1": rates, "neurons0.seed": seed}
    inputs |= {"synapses1.w": weights, "synapses1.plastic": True}
    simulator = RuntimeSimulator(a, composition, record=True)
    with simulator.run(inputs, len(schedule)) as results:
        change = np.array(results["synapses1.w"]) - weights
    recording = collect(simulator, inputs["images"], schedule)
    return recording, change.reshape(a.sizes)


def checked(models, parameters, say=lambda text: None):
    """The composition of models that are to be looked at; a mistake in a file is found with its line.

    Parameters
    ----------
    models : dict of kind -> name, file or model
    parameters : dict of name -> quantity
    say : callable
        Called with each remark on what is allowed but may not be meant.
    """
    for kind in models:
        if kind == "optimizer" and compose(models=models).online:
            continue  # the rule leaves nothing to it
        for note in check(kind, models[kind], **{k: v for k, v in models.items() if k != kind}):
            say(f"note: {note}")
    composition = compose(models=models, parameters=parameters)
    check_own_files(composition)
    composition.require_fit()
    if composition.models["encoder"].reads_spike_times:
        name = composition.models["encoder"].name
        raise ModelError(f"--encoder {name} reads spike times, and digits are images: take another one.")
    return composition


def require_shown(recording, neuron=None, variables=None):
    """Refuse to draw a neuron or variables that a recording of a layer has not."""
    if neuron is not None and neuron >= recording.sizes[1]:
        raise OptionError(f"--show-neuron must be less than {recording.sizes[1]}, the neurons, not {neuron}.")
    if unknown := [name for name in variables or () if name not in recording.variables()]:
        known = ", ".join(recording.variables())
        raise OptionError(f"--show: there is no variable '{unknown[0]}' of the neurons: there are {known}.")


def busiest(recordings):
    """The neuron of the first layer with most spikes in recordings of different models together; None for one alone."""
    if len(recordings) == 1:
        return None
    return int(np.bincount(np.concatenate([recording.spikes(1)[0] for recording in recordings]), minlength=1).argmax())
