"""Spiking networks that learn without backpropagation, from Brian2 equation strings.

    import brianff as ff

    method = ff.ForwardForward("digits", layers=[200, 200], neuron=ff.Neuron(base="lif", parameters={"tau_m": 20 * ms}))
    run = ff.Run(method).train(epochs=5)
    run.evaluate("test").accuracy()
    ff.plotting.raster(run.record([0, 1]))

Names are imported when they are first used, since Brian2 takes a second.
"""

import importlib
from pathlib import Path

from brianff.lazy import at_first_use

# In a clone, the packages brianff.models and brianff.protocols are folders beside this one.
if Path(__file__).parents[1].joinpath("setup.cfg").is_file():
    __path__.append(str(Path(__file__).parents[1]))

_PLACES = {
    "ForwardForward": "learning.forward_forward",
    "Equilibrium": "learning.equilibrium",
    "Feedback": "learning.feedback",
    "Backpropagation": "learning.backpropagation",
    "Rectified": "learning.rectified",
    "Perceptron": "learning.perceptron",
    "PopulationSearch": "learning.population",
    "Method": "learning.method",
    "Run": "learning.run",
    "load": "learning.run",
    "train": "jobs.training",
    "Evaluation": "learning.evaluation",
    "ClosedForm": "learning.closed_form",
    "triggered_average": "learning.fields",
    "Recording": "learning.recordings",
    "Epoch": "learning.phases",
    "Phases": "learning.phases",
    "Neuron": "equations.from_strings",
    "Encoder": "equations.from_strings",
    "Goodness": "equations.from_strings",
    "Rule": "equations.from_strings",
    "Optimizer": "equations.from_strings",
    "Eligibility": "equations.from_strings",
    "FeedbackPathway": "equations.from_strings",
    "Loss": "equations.from_strings",
    "Layer": "network.layers",
    "Convolution": "network.layers",
    "Dense": "network.layers",
    "Projection": "network.layers",
    "ConvolutionSynapses": "network.convolution",
    "DenseSynapses": "network.dense",
    "BrianffError": "errors",
    "BrianffWarning": "errors",
}
_PACKAGES = ("datasets", "devices", "exchange", "jobs", "plotting", "report")

__all__ = [*_PLACES, *_PACKAGES]
_imported, _ = at_first_use(__name__, _PLACES)


def __getattr__(name):
    if name in _PACKAGES:
        return importlib.import_module(f"brianff.{name}")
    return _imported(name)


def __dir__():
    return sorted({*globals(), *__all__})
