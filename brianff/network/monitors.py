"""What is recorded of neurons in every time step: their variables, their threshold, and whether a value diverges."""

import numpy as np
from brian2 import NetworkOperation, StateMonitor, ms
from brian2.devices.device import RuntimeDevice, get_device
from brian2.equations.equations import DIFFERENTIAL_EQUATION, PARAMETER, SUBEXPRESSION

from brianff.equations.text import equations_of
from brianff.equations.threshold import crossing, membrane_of

__all__ = ["DERIVED", "FirstNotFinite", "THRESHOLD", "membrane", "monitor_neurons", "shown_variables"]

# Names of further variables of recorded neurons: what the membrane has to rise above, and copies of subexpressions.
THRESHOLD = "brianff_threshold"
DERIVED = "brianff_copy_of_"


def _changing(equations):
    """Names of what can change in a neuron: with a differential equation, by statements, and what follows from them."""
    kinds = {DIFFERENTIAL_EQUATION: [], PARAMETER: [], SUBEXPRESSION: []}
    for eq in equations.values():
        varies = {"constant", "shared", "linked"}.isdisjoint(eq.flags) and eq.varname != "lastspike"
        if varies and eq.var_type == "float":
            kinds[eq.type].append(eq.varname)
    return kinds.values()


def shown_variables(composition):
    """State variables of the composition's neuron model, in the order of its equations, the membrane first."""
    equations = equations_of(composition.models["neuron"]["equations"])
    differential, parameters, _ = _changing(equations)
    first = membrane(composition)
    state = {*differential, *parameters, first}
    return sorted((name for name in equations if name in state), key=lambda name: name != first)


def membrane(composition):
    """Name of the variable that has to cross the threshold."""
    model = composition.models["neuron"]
    differential, parameters, derived = _changing(equations_of(model["equations"]))
    names = [*differential, *parameters, *derived]
    return membrane_of(model["threshold"], names) or (names or [None])[0]


def monitor_neurons(neurons, composition, chosen, name):
    """A monitor of all variables of chosen neurons in every time step, and of their threshold where it is one.

    Recorded after the reset of the same step, so that a plot shows what the next step starts from.

    Parameters
    ----------
    neurons : `NeuronGroup`
    composition : `Composition`
    chosen : True or sequence of int
    name : str
        Of the monitor.
    """
    differential, parameters, _ = _changing(neurons.equations)
    if not isinstance(get_device(), RuntimeDevice):  # a compiled network is asked for its spikes
        return StateMonitor(neurons, sorted(differential), record=chosen, when="end", name=name)
    model = composition.models["neuron"]
    *_, derived = _changing(equations_of(model["equations"]))
    copies = {DERIVED + each: each for each in derived}  # a monitor cannot follow the links that they may contain
    if found := crossing(model["threshold"], [*differential, *parameters, *derived]):
        copies[THRESHOLD] = found[1]
    of_membrane = found[0] if found else None
    for copy, expression in copies.items():
        like = neurons.variables[of_membrane if copy == THRESHOLD else expression]
        neurons.variables.add_array(copy, size=len(neurons), dimensions=like.dim, dtype=like.dtype)
    if copies:
        code = "\n".join(f"{copy} = {expression}" for copy, expression in copies.items())
        neurons.run_regularly(code, clock=neurons.clock, when="end", order=-1, name=f"{name}_copies")
    return StateMonitor(neurons, sorted([*differential, *parameters, *copies]), record=chosen, when="end", name=name)


class FirstNotFinite(NetworkOperation):
    """Looks for the first value of a neuron that is not a finite number, in every time step.

    Parameters
    ----------
    groups : dict of int -> `NeuronGroup`
        By the level of their layer.

    Attributes
    ----------
    found : (str, int, int, float) or None
        Variable, neuron, level and time in ms, of the last run.
    """

    def __init__(self, groups):
        self.found = None
        self.watched = []
        for level, group in groups.items():
            differential, parameters, _ = _changing(group.equations)
            self.watched += [(level, name, group.variables[name]) for name in (*differential, *parameters)]
        super().__init__(self._look, when="end", order=1, name="first_not_finite")

    def before_run(self, run_namespace):
        self.found = None
        super().before_run(run_namespace)

    def _look(self, t):
        if self.found is None:
            for level, name, variable in self.watched:
                values = variable.get_value()
                if not np.isfinite(values).all():
                    self.found = (name, int(np.argmin(np.isfinite(values))), level, float(t / ms))
                    return
