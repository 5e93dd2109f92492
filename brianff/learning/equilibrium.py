"""Equilibrium propagation: recurrent layers that settle, freely and with the error as a small current.

Every sample is one free and two nudged stimulus epochs, from which the state goes on to the next (`Phases.nudged`); a
local rule compares the rates of the nudged ones (models/rules/equilibrium.py).  Everything else is as in
forward-forward learning with class scores; what differs are the defaults, and symmetric recurrent weights.
"""

from dataclasses import dataclass, field, fields

import numpy as np

from brianff.learning.forward_forward import ForwardForward, ForwardForwardOptions
from brianff.learning.phases import Phases

__all__ = ["Equilibrium", "EquilibriumOptions"]

# Without it recurrent weights grow until rates hardly settle, and the rule no longer follows the gradient.
WEIGHT_DECAY = 0.3
_INHERITED = {one.name: one for one in fields(ForwardForwardOptions)}


def _with_default(name, default):
    """The option of this name with another default."""
    return field(default=default, metadata=_INHERITED[name].metadata)


@dataclass(frozen=True)
class EquilibriumOptions(ForwardForwardOptions):
    """All options of a training run; the defaults of the fields that are None depend on the data set."""

    neuron: str = _with_default("neuron", "settling")
    encoder: str | None = _with_default("encoder", "graded")
    goodness: str = _with_default("goodness", "mean_rate")
    rule: str = _with_default("rule", "equilibrium")
    optimizer: str = _with_default("optimizer", "adamw")
    negatives: str = _with_default("negatives", "none")
    phases: str = _with_default("phases", str(Phases.nudged()))
    init_gain: float = _with_default("init_gain", 1.0)
    dtype: str = _with_default("dtype", "float32")
    batch: int = _with_default("batch", 10)

    _common = dict(steps=20, dt=1.0, mini_batch=20, learning_rate=2e-3, refresh=1000, dropout=0.0)
    presets = {
        "digits": _common | dict(layers=("200r",), epochs=30, chunk=500),
        "mnist": _common | dict(layers=("300r",), steps=16, epochs=12, mini_batch=50, chunk=5000),
    }


class Equilibrium(ForwardForward):
    """A recurrent network of spiking neurons that learns from how a small current shifts its equilibrium.

    Parameters, attributes and methods as those of `brianff.learning.forward_forward.ForwardForward`.
    """

    name = "equilibrium"
    Options = EquilibriumOptions

    def parameters(self):
        decay = {"weight_decay": WEIGHT_DECAY} if self.options.optimizer == "adamw" else {}
        return decay | super().parameters()

    def initial_weights(self, projection):
        w = super().initial_weights(projection)
        if projection.source != projection.target:
            return w
        matrix = projection.matrix(w)
        return projection.flat((matrix + matrix.T) / np.sqrt(2), self.options.seed)
