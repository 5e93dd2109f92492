"""What a neuron's strings do between two spikes and at one, as the numbers of a linear integrate-and-fire neuron."""

import ast

import numpy as np
import sympy
from brian2.equations.equations import Equations
from brian2.parsing.sympytools import str_to_sympy

from brianff.equations.text import assignments, names_in
from brianff.equations.threshold import crossing
from brianff.errors import UnsupportedError
from brianff.values import UNITS

__all__ = ["Dynamics"]

_UNITS = {name: float(unit) for name, unit in UNITS.items() if np.ndim(unit) == 0 and not callable(unit)}


class Dynamics:
    """One layer's neurons as NIR has them.

    Parameters
    ----------
    composition : `brianff.equations.compose.Composition`
    architecture : `brianff.network.architecture.Architecture`
        With a batch of one.
    level : int
    inputs : dict
        Of a run, parameters among them.

    Attributes
    ----------
    kind : {"CubaLIF", "LIF", "IF"}
    values : dict of str -> float or (n,) array
        In SI units: ``threshold``, ``reset``, and of those that have them ``tau_mem``, ``tau_syn``, ``r``, ``v_leak``.
    jump : float
        What a spike adds through a weight of 1.

    Raises
    ------
    UnsupportedError
        If the neuron is another one.
    """

    def __init__(self, composition, architecture, level, inputs):
        self.composition, self.level = composition, level
        self.model = composition.models["neuron"]
        strings = composition.of_neurons(level, architecture)
        self.equations = Equations(strings.equations)
        self.inputs = {
            name.removeprefix(f"neurons{level}."): value
            for name, value in inputs.items()
            if name.startswith(f"neurons{level}.")
        }
        self.differential = set(self.equations.diff_eq_names)
        self.v, threshold = self._threshold(strings)
        self.state = self._state(strings)
        self.jump, into = self._arrival(composition)
        self.values = {"threshold": threshold, "reset": self._reset(strings)}
        self._untouched(strings, composition)
        self.kind = self._linear(into)
        self._start(strings)

    def _refuse(self, what, remedy):
        raise UnsupportedError(f"NIR cannot say the neuron {self.model.name} of layer {self.level}: {what}; {remedy}.")

    # -- spikes ------------------------------------------------------------------------------------------------------
    def _threshold(self, strings):
        """(membrane, value of its threshold)."""
        found = crossing(strings.threshold, self.differential)
        tree = ast.parse(strings.threshold.strip(), mode="eval").body
        if found is None or not isinstance(tree, ast.Compare) or isinstance(tree.ops[0], ast.GtE | ast.LtE):
            self._refuse(f"its threshold is '{strings.threshold}'", "write 'v > value', for a variable v of a "
                         "differential equation")  # fmt: skip
        if strings.refractory:
            self._refuse("it has a refractory period", "NIR has none: leave it out")
        return found[0], self._constant(found[1], "its threshold")

    def _reset(self, strings):
        own = [(op, expression) for name, op, expression in assignments(strings.reset) if name == self.v]
        if len(own) != 1 or own[0][0] != "=":
            self._refuse(
                f"its reset does not set {self.v} to a value ('{self.model['reset'].strip()}')",
                f"write reset = '{self.v} = 0', as in lif_current",
            )
        return self._constant(own[0][1], "its reset")

    def _arrival(self, composition):
        """(what a spike adds through a weight of 1, to which variable)."""
        arriving = assignments(composition.synapses.on_arrival)
        found = [one for one in arriving if one[0].removesuffix("_post") in self.state]
        if len(found) != 1 or found[0][1] != "+=":
            self._refuse(
                f"a spike does '{self.model['on_pre']}'", "NIR adds a weight to one variable, as in I_post += w"
            )
        name, _, expression = found[0]
        w = sympy.Symbol("w", real=True)
        factor = sympy.diff(_sympy(expression), w)
        if sympy.simplify(_sympy(expression) - factor * w) != 0:
            self._refuse(f"a spike adds '{expression}'", "NIR adds a multiple of the weight")
        value = np.asarray(self._number(factor, f"what a spike adds, '{expression}',"))
        if value.ndim and np.ptp(value):
            self._refuse(f"what a spike adds, '{expression}', differs between neurons", "put it into the weights")
        return float(value.flat[0]), name.removesuffix("_post")

    def _untouched(self, strings, composition):
        """Refuse what else changes the membrane, or the current."""
        changed = dict(reset=strings.reset, on_step=strings.on_step, on_threshold=strings.on_threshold)
        for what, code in changed.items():
            for name, _, _ in assignments(code):
                if name in self.state and (what, name) != ("reset", self.v):
                    self._refuse(f"its {what} changes {name}", "NIR's neurons have nothing of the kind: leave it out")
        if any(name.removesuffix("_post") in self.state for name, _, _ in assignments(composition.lateral)):
            self._refuse("its neurons act on each other (lateral)", "take one without, such as lif_current")

    # -- between them --------------------------------------------------------------------------------------------------
    def _state(self, strings):
        """Variables that the membrane depends on, itself the first."""
        if "gain_below" in strings.links and "gain_below" in self._needed({self.v}):
            self._refuse(
                "gain_below divides what arrives by the activity of the layer below, as it is at each moment, and "
                "cannot be frozen to a mean",
                "train with --neuron lif_current, which has none",
            )
        return self._needed({self.v})

    def _needed(self, names):
        """Everything that the equations of some variables depend on."""
        found = set()
        while names:
            name = names.pop()
            found.add(name)
            eq = self.equations.get(name) if name in self.equations else None
            if eq is not None and eq.expr is not None:
                names |= names_in(eq.expr.code) - found
        return found & self.equations.names

    def _linear(self, into):
        """The coefficients of the differential equations, into `values`; which neuron it is."""
        state = sorted(self.state & self.differential, key=lambda name: (name != self.v, name))
        if len(state) > 2:
            self._refuse(f"its membrane depends on {', '.join(state)}", "NIR has one current and the membrane")
        rates = {name: self._rate(name) for name in state}
        symbols = {name: sympy.Symbol(name, real=True) for name in state}
        v = symbols[self.v]
        slope = self._coefficient(rates[self.v], v, symbols)
        rest = rates[self.v].subs(dict.fromkeys(symbols.values(), 0))
        at_rest = self._number(rest, f"d{self.v}/dt")
        a = self._number(slope, f"d{self.v}/dt")
        if len(state) == 1:
            return self._without_current(a, at_rest)
        (current,) = (name for name in state if name != self.v)
        i = symbols[current]
        decay = self._number(self._coefficient(rates[current], i, symbols), f"d{current}/dt")
        if sympy.simplify(rates[current] - self._coefficient(rates[current], i, symbols) * i) != 0 or np.any(
            decay >= 0
        ):
            self._refuse(f"d{current}/dt is not -{current}/tau", "NIR's current decays, and does nothing else")
        if into != current:
            self._refuse(f"spikes arrive at {into}, and {current} decays", "NIR's spikes arrive at the current")
        if np.any(a >= 0):
            self._refuse(f"{self.v} has no leak", "NIR has no neuron with a current and without a leak: take one")
        drive = self._number(self._coefficient(rates[self.v], i, symbols), f"d{self.v}/dt")
        self.values |= {"tau_mem": -1 / a, "tau_syn": -1 / decay, "r": -drive / a, "v_leak": -at_rest / a}
        return "CubaLIF"

    def _without_current(self, a, at_rest):
        if np.all(a == 0) and np.all(at_rest == 0):
            self.values["v_leak"] = 0.0
            return "IF"
        if np.any(a >= 0):
            self._refuse(f"{self.v} has no leak", "NIR's neuron without a leak does nothing between spikes")
        self.values |= {"tau_mem": -1 / a, "v_leak": -at_rest / a}
        return "LIF"

    def _rate(self, name):
        """The right-hand side of a differential equation, with subexpressions put in."""
        code = self.equations[name].expr.code
        while inner := names_in(code) & set(self.equations.subexpr_names):
            for one in inner:
                code = str(_sympy(code).subs(sympy.Symbol(one, real=True), _sympy(self.equations[one].expr.code)))
        if "xi" in {one.split("_")[0] for one in names_in(code)}:
            self._refuse("it has noise (xi)", "take one without, such as lif_current")
        return sympy.expand(_sympy(code))

    def _coefficient(self, rate, symbol, symbols):
        """Of a variable in a rate, which must be linear in all of them."""
        found = sympy.diff(rate, symbol)
        if found.free_symbols & set(symbols.values()):
            self._refuse(f"its equations are not linear in {symbol}", "NIR's are: take one such as lif_current")
        return found

    def _start(self, strings):
        """Refuse initial values that are not those at rest."""
        for name, _, expression in assignments(strings.at_epoch_start):
            if name in self.state & self.differential:
                rest = self.values["v_leak"] if name == self.v else 0.0
                value = self._constant(expression, f"the initial {name}")
                if not np.allclose(value, rest, rtol=1e-12, atol=0):
                    self._refuse(f"{name} starts at {expression}", "NIR does not say where: let it start at rest")

    # -- numbers -------------------------------------------------------------------------------------------------------
    def _constant(self, expression, what):
        return self._number(_sympy(expression), what)

    def _number(self, expression, what):
        """Value of an expression of parameters and units: float, or (n,) array."""
        names = sorted(str(symbol) for symbol in expression.free_symbols)
        for name in names:
            if name not in self.inputs and name not in _UNITS:
                self._refuse(f"{what} depends on {name}", "NIR has constants there")
        if expression.atoms(sympy.core.function.AppliedUndef):
            self._refuse(f"{what} is {expression}", "NIR has constants there")
        values = [self.inputs.get(name, _UNITS.get(name)) for name in names]
        symbols = [sympy.Symbol(name, real=True) for name in names]
        return np.asarray(sympy.lambdify(symbols, expression, "numpy")(*values), float)


def _sympy(code):
    return sympy.nsimplify(sympy.sympify(str_to_sympy(code)), rational=True)
