"""What the models of a composition say of themselves, to Python code: words, and expressions that NumPy evaluates."""

import numpy as np
from brian2 import second

from brianff.equations.text import assignments, equations_of, names_in
from brianff.values import FUNCTIONS, UNITS, evaluate

__all__ = ["OfModels"]


class OfModels:
    """Methods of a composition, with its `models`, `parameters`, `neurons`, `classes`, `channels` and `has_output`."""

    @property
    def needs(self):
        """What the models need of a protocol, or of each other: "pairs", "late_spikes", "targets" (a set of words)."""
        words = {word for model in self.models.values() for word in model["needs"].replace(",", " ").split()}
        groups = [self.neurons, *([self.classes] if self.classes else [])]
        targets = any("target" in equations_of(group.equations).names for group in groups) and not self.has_output
        return words | ({"targets"} if targets else set())

    @property
    def channel_values(self):
        """Variables of channels -> their values when training begins."""
        given = self._said("channels.initial_value") or {}
        names = [] if self.channels is None else self.state_variables(self.channels)
        return {name: float(np.asarray(self.evaluate(str(given.get(name, 0))))) for name in names}

    @property
    def spike_time(self):
        """Expressions `fast`, `slow`, `slope`, `reset`, for backpropagation through spike times, or None."""
        return self._said("model.spike_time")

    @property
    def spike_variables(self):
        """Variables of a neuron that `slope` of `spike_time` needs of the moment of a spike."""
        time = self.spike_time or {"slope": ""}
        return sorted(names_in(time["slope"]) & equations_of(self.neurons.equations).names - self.parameters.keys())

    @property
    def feedback_weights(self):
        """Variables of the feedback synapses that go on from run to run -> limit of their values at the start.

        The first is the feedback weight.
        """
        limits = self._said("feedback.initial_limit") or {}
        return {name: float(np.asarray(self.evaluate(str(limit)))) for name, limit in limits.items()}

    def _said(self, place):
        """What one of the models has at a place that is none of the network, or None."""
        found = ((m, key) for m in self.models.values() for key, s in m.schema.strings.items() if s.place == place)
        return next((model[key] for model, key in found if model[key]), None)

    def misfit_of_epochs(self, T_epoch):
        """What stimulus epochs of a length, in seconds, have against these models, as a sentence, or None."""
        for model in self.models.values():
            for key, string in model.schema.strings.items():
                counts = string.slot == "holds" and model[key]
                if not counts or string.asked and string.asked not in equations_of(self.neurons.equations).names:
                    continue
                if not np.all(self.evaluate(model[key], T_epoch=T_epoch * second)):
                    needs = f"the {model.kind} {model.name}, which needs {model[key]} ({model.where(key)})"
                    return f"stimulus epochs of {1e3 * T_epoch:g} ms are too long for {needs}"
        return None

    def evaluate(self, expression, **values):
        """Value of an expression of a model in NumPy.

        Parameters
        ----------
        expression : str
        **values
            Of variables, or of parameters in the place of those of the composition.
        """
        middle = {name: getattr(value, "middle", value) for name, value in self.parameters.items()}
        return evaluate(expression, UNITS | middle | values, FUNCTIONS)

    def error(self, group, **values):
        """The error `delta` that the loss sets at the end of a stimulus epoch, in NumPy.

        Parameters
        ----------
        group : {"output", "hidden"}
        **values : arrays
            Of the variables that the loss's statement uses: `own_class`, `shown_class`, `n_spikes`; of hidden neurons,
            what is `kept`.
        """
        statements = assignments(self._said(f"{group}.at_epoch_end"))
        *_, expression = (expression for name, _, expression in statements if name == "delta")
        return self.evaluate(expression, **values)
