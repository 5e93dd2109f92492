"""What all formats have to say of a recording, in one place: names, positions of neurons, its signals."""

from dataclasses import dataclass

import numpy as np

from brianff.equations.text import unit_string
from brianff.errors import OptionError

__all__ = ["Signal", "layer_name", "neurons_of", "require_recording", "signals"]


@dataclass(frozen=True, eq=False)
class Signal:
    """One variable of a layer in every time step.

    Attributes
    ----------
    name : str
        Of the variable; "threshold" or "goodness".
    level : int
        Of the layer.
    neurons : (n,) int array or None
        Whose columns `values` has; None: of the layer as a whole.
    values : (steps, n) array
        In SI units.
    unit : str
        As `brianff.equations.text.unit_string` says, "1" for none.
    """

    name: str
    level: int
    neurons: np.ndarray | None
    values: np.ndarray
    unit: str


def require_recording(recording):
    """Refuse what is no `Recording`, or one without a stimulus epoch."""
    if not hasattr(recording, "spikes") or not recording.epochs:
        raise OptionError("recording: this needs a Recording with at least one stimulus epoch, as Run.record gives it.")


def layer_name(level):
    """In words; level 0 is the input."""
    return f"layer {level}" if level else "input"


def neurons_of(recording, level):
    """What is to be said of every neuron of a layer: dict of name -> (n,) int array.

    ``layer`` and ``neuron``; where neurons have positions also ``channel``, ``row`` and ``column``.
    """
    neuron = np.arange(recording.sizes[level])
    found = {"layer": np.full(len(neuron), level), "neuron": neuron}
    if shape := recording.shapes[level]:
        channels, _, width = shape
        found |= {"channel": neuron % channels, "row": neuron // channels // width}
        found["column"] = neuron // channels % width
    return found


def signals(recording):
    """Every `Signal` of a recording.

    A recording ends with the state after its last stimulus epoch, one step that belongs to none, and is left out.
    """
    steps = np.asarray(recording.epoch_at(recording.t)) < len(recording.epochs)
    for level in range(1, len(recording.sizes)):
        neurons = recording.neurons(level)
        for name in recording.variables(level) if len(neurons) else ():
            values = recording.trace(name, level)
            yield Signal(name, level, neurons, np.asarray(values).T[steps], unit_string(values))
        if len(neurons) and (threshold := recording.threshold(level)) is not None:
            yield Signal("threshold", level, neurons, np.asarray(threshold).T[steps], unit_string(threshold))
        if (goodness := recording.goodness(level)) is not None:
            yield Signal("goodness", level, None, np.asarray(goodness)[steps, None], "1")
