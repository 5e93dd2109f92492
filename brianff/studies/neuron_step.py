"""One time step of a neuron model in NumPy, and its derivatives, both made from the model's strings.

The strings are those that the network simulates: Brian2's own state updater turns the equations into the statements of
a time step, and sympy differentiates them.  What a spike does comes from the threshold, the reset and the surrogate.
"""

import numpy as np
import sympy
from brian2 import Equations, ms
from brian2.parsing.sympytools import str_to_sympy
from brian2.stateupdaters.base import StateUpdateMethod

from brianff.equations.integration import default_method
from brianff.equations.model import load
from brianff.equations.text import assignments, base_name, declare
from brianff.errors import ModelError

__all__ = ["NeuronStep"]

TRACE = "x_readout"  # of the spikes, what a leaky readout sees


class NeuronStep:
    """A neuron's time step as functions of arrays.

    A state is an array (..., k), its last axis the variables in `names`.  In a time step the variables are integrated
    (`integrate`), those neurons spike whose `distance` from the threshold is positive, input spikes add to the variable
    `target`, and the reset takes place (`reset`), in Brian2's order.

    Parameters
    ----------
    neuron : str
        Name or file of a model with a surrogate and a threshold of the form ``A > B``; input goes where
        ``on_pre`` says: ``VARIABLE_post += w``.  Normalisation is off: ``gain_below`` is 1.
    dt : Quantity
    tau_readout : Quantity
        Time constant of the readout's trace.
    parameters : dict of name -> value, optional
        Instead of the model's own.

    Attributes
    ----------
    names : tuple of str
        State variables; the last one is the trace of the neuron's spikes, which a readout sees.
    target : int
        The variable to which a spike adds its weight.
    integrate, reset : callable
        State -> state.
    integrate_slope, reset_slope : callable
        State -> (..., k, k), the derivative of each variable (second to last axis) with respect to each.
    distance : callable
        State -> (...): the membrane less its threshold.
    distance_slope : callable
        State -> (..., k).
    surrogate : callable
        State -> (...): what stands for the derivative of a spike with respect to `distance`.
    membrane : (k,) bool array
        Variables that input reaches without a spike: the membrane and its currents; the others are what the neuron's
        own spikes leave behind.
    width : float
        Of the surrogate; `soft` spikes have it, too.

    Raises
    ------
    ModelError
        If the model has no surrogate, or anything of it has no derivative of this kind.
    """

    def __init__(self, neuron, dt=1 * ms, tau_readout=30 * ms, parameters=None):
        model = load("neuron", neuron)
        values = model.parameters | (parameters or {}) | {"tau_readout": tau_readout, "gain_below": 1.0}
        if unknown := set(parameters or {}) - model.parameters.keys():
            raise ModelError(f"{model.path}: the neuron has no parameter '{min(unknown)}'.")
        strings = _Symbols(model, values, dt)
        state, after = strings.state, strings.after

        def slope(expressions):
            return _function(state, sympy.Matrix(expressions).jacobian(state).tolist())

        self.names = tuple(map(str, state))
        self.target = self.names.index(strings.target)
        self.integrate, self.integrate_slope = _function(state, after), slope(after)
        self.reset, self.reset_slope = _function(state, strings.reset), slope(strings.reset)
        self.distance = _function(state, strings.distance)
        self.distance_slope = _function(state, [sympy.diff(strings.distance, s) for s in state])
        self.surrogate, self.width = _function(state, strings.surrogate), float(values.get("width", 0.5))
        reached = {self.target}
        for _ in state:  # what depends on what is reached
            reached |= {k for k, value in enumerate(after) if any(value.has(state[r]) for r in reached)}
        self.membrane = np.isin(np.arange(len(state)), list(reached))


class _Symbols:
    """The strings of a model as expressions in its state variables, numbers in place of parameters."""

    def __init__(self, model, values, dt):
        self.model = model
        for needed in ("surrogate", "threshold", "on_pre"):
            if not model[needed]:
                raise ModelError(f"{model.path}: without '{needed}' a spike has no derivative: take another neuron.")
        if model["refractory"]:
            raise ModelError(f"{model.where('refractory')}: a neuron has no derivative while it is refractory.")
        equations = f"{model['equations']}\nd{TRACE}/dt = -{TRACE}/tau_readout : 1"
        method = model["method"] or default_method(equations)[0]
        equations = Equations(f"{equations}\n{declare(values)}")
        if equations.is_stochastic:
            raise ModelError(f"{model.path}: noise has no derivative: take a neuron without it.")
        differential = sorted(equations.diff_eq_names - {TRACE})
        self.state = [sympy.Symbol(name, real=True) for name in (*differential, TRACE)]
        self.numbers = {name: sympy.Float(float(np.asarray(value))) for name, value in {**values, "dt": dt}.items()}
        self.subexpressions = {e.varname: e.expr.code for e in equations.ordered if e.type == "subexpression"}
        self.after = self._outcome(StateUpdateMethod.apply_stateupdater(equations, {}, method))
        self.reset = self._outcome(f"{model['reset']}\n{TRACE} += 1")
        self.surrogate = self._value(model["surrogate"], {})
        self.distance = self._distance()
        self.target = self._target()

    def _value(self, code, changed):
        """A string as an expression in the state variables, some of which have `changed` since the start."""
        expression = str_to_sympy(code)
        while names := {s for s in expression.free_symbols if str(s) in self.subexpressions and str(s) not in changed}:
            expression = expression.xreplace({s: str_to_sympy(self.subexpressions[str(s)]) for s in names})
        known = {**self.numbers, **{str(s): s for s in self.state}, **changed}
        if strange := {str(s) for s in expression.free_symbols} - known.keys():
            raise ModelError(f"{self.model.path}: the derivative of '{code}' needs '{min(strange)}'.")
        return expression.xreplace({s: known[str(s)] for s in expression.free_symbols})

    def _outcome(self, code):
        """What statements make of the state variables."""
        changed = {}
        for name, operator, expression in assignments(code):
            by = self._value(expression, changed)
            if operator != "=":
                before = self._value(name, changed)
                by = {"+=": before + by, "-=": before - by, "*=": before * by, "/=": before / by}[operator]
            changed[name] = by
        return [changed.get(str(s), s) for s in self.state]

    def _distance(self):
        condition = str_to_sympy(self.model["threshold"])
        if not isinstance(condition, sympy.StrictGreaterThan | sympy.GreaterThan):
            raise ModelError(f"{self.model.where('threshold')}: a threshold with a derivative is of the form A > B.")
        above, threshold = self.model["threshold"].split(">")
        return self._value(above, {}) - self._value(threshold.lstrip("="), {})

    def _target(self):
        found = assignments(self.model["on_pre"])
        if len(found) != 1 or found[0][1:] != ("+=", "w") or base_name(found[0][0])[1] != "_post":
            raise ModelError(f"{self.model.where('on_pre')}: a spike with a derivative does VARIABLE_post += w alone.")
        return base_name(found[0][0])[0]


def _function(state, expressions):
    """Expressions of any shape as a function of an array (..., k), with the values in further axes."""
    shape = np.shape(expressions)
    flat = sympy.lambdify(state, list(np.ravel(np.array(expressions, dtype=object))), "numpy", cse=True)

    def evaluate(values):
        found = flat(*np.moveaxis(values, -1, 0))
        out = np.empty((*values.shape[:-1], *shape))
        for place, value in zip(np.ndindex(shape), found, strict=True):
            out[(..., *place)] = value
        return out

    return evaluate
