"""How often a neuron spikes for a constant input: its f-I curve (Gerstner et al. 2014, Neuronal Dynamics, ch. 2).

What an input spike adds to, the synaptic current say, is held at the value that a weight of the size of the current
gives it; `gain_below` is 1.  A neuron whose reset changes that variable (`two_exponential`) gets instead, in every
millisecond, an input of such a weight.  NumPy only: no compiler.
"""

import re
from dataclasses import dataclass

import numpy as np
from brian2 import Quantity
from brian2.units.fundamentalunits import get_dimensions

from brianff.devices.runtime import RuntimeSimulator
from brianff.errors import ModelError
from brianff.network.architecture import Architecture
from brianff.stimulus import LABEL_NONE, Schedule

__all__ = ["CurrentCurve", "current_curve"]

_STATEMENT = re.compile(r"(\w+)_post\s*\+=\s*(.+)")
HELD = "brianff_held_"


@dataclass(frozen=True)
class CurrentCurve:
    """Spikes a second of a neuron against a constant input.

    Attributes
    ----------
    current : (n,) array
        As weights.
    variable : str
        What is held; nothing where input spikes stand for the current, or where there are several variables.
    values : (n,) quantity or array
        Of that variable.
    steady : (n,) array
        Spikes a second in the second half of the time.
    onset : (n,) array
        Inverse of the first interval between two spikes; nan with fewer spikes.
    """

    current: np.ndarray
    variable: str
    values: np.ndarray
    steady: np.ndarray
    onset: np.ndarray

    def arrays(self):
        """All of it as a dictionary of arrays, in SI units."""
        return {name: np.asarray(value) for name, value in vars(self).items()}

    def __str__(self):
        first = self.values[self.steady > 0][:1]
        return (
            f"spikes from {first[0] if len(first) else 'no current'} on, {self.steady[-1]:.1f} Hz at {self.values[-1]}"
        )


def current_curve(composition, currents, dt_ms=1.0, seconds=1.0, seed=1):
    """The `CurrentCurve` of the neuron of a composition.

    Parameters
    ----------
    composition : `Composition`
        Of forward-forward learning, with an encoder of images.
    currents : sequence of float
        As weights: for `lif` in units of the threshold, for `adex` times I_unit.
    dt_ms, seconds : float
        Time step, and how long each current lasts.
    seed : int

    Raises
    ------
    ModelError
        If an input spike has other effects on a neuron than to add something that its parameters say.
    """
    currents = np.asarray(currents, float)
    n, n_steps = len(currents), round(1e3 * seconds / dt_ms)
    # a neuron in each entry of the batch: in a layer they might inhibit each other
    a = Architecture(1, 2, (1,), label_neurons=0, batch=n, n_steps=n_steps, dt_ms=dt_ms, capacity=1, images=1)
    held, values = _held(composition, currents, dt_ms)
    simulator = RuntimeSimulator(a, composition, record="spikes")
    neurons, code = simulator.built.groups["neurons1"], []
    gain = "/gain_below" if "gain_below" in composition.models["neuron"]["equations"] else ""
    for name, value in values.items():
        like = neurons.variables[name]
        neurons.variables.add_array(
            HELD + name, size=n, dimensions=like.dim, dtype=like.dtype, values=np.asarray(value)
        )
        code.append(f"{name} {'' if held else '+'}= {HELD}{name}{gain}")
    neurons.run_regularly("\n".join(code), clock=neurons.clock, when="start", order=-1, name="brianff_hold")
    simulator.built.network.store("initial")
    none = np.full(n, -1)
    schedule = Schedule(none[None], np.full((1, n), LABEL_NONE), np.zeros(1, int), np.arange(n)[None])
    inputs = composition.parameter_inputs(a, seed) | a.inputs(seed) | composition.plasticity(a, ())
    inputs |= {"synapses1.w": np.zeros(1), "neurons0.seed": seed} | schedule.inputs(a, np.zeros((1, 1)))
    with simulator.run(inputs, 1):
        monitor = simulator.built.spikes["neurons1"]
        i, t = np.array(monitor.i), np.array(monitor.t_)
    steady, onset = np.array([_rates(t[i == k], seconds) for k in range(n)]).T
    variable = next(iter(values)) if held and len(values) == 1 else ""
    return CurrentCurve(currents, variable, values.get(variable, currents), steady, onset)


def _held(composition, currents, dt_ms):
    """(whether variables are held, or get something in every step; variable -> what it is held at, or gets)."""
    neuron = composition.models["neuron"]
    lines = [line.partition("#")[0].strip() for line in neuron["on_pre"].splitlines()]
    statements = [_STATEMENT.fullmatch(line) for line in lines if line]
    if not all(statements):
        raise ModelError(f"{neuron.where('on_pre')}: --current needs statements as in 'I_syn_post += w' alone.")
    resets = set(re.findall(r"(\w+)\s*[-+*/]?=(?!=)", neuron["reset"] or ""))
    held = not resets & {statement[1] for statement in statements}
    weights, values = currents if held else currents * dt_ms, {}
    for name, expression in (statement.groups() for statement in statements):
        try:
            value = composition.evaluate(expression, w=weights, inf=np.inf)
        except ValueError:  # of a name that is no parameter
            raise ModelError(
                f"{neuron.where('on_pre')}: --current has no other neuron, whose variables '{expression}' reads."
            ) from None
        values[name] = Quantity(value, dim=get_dimensions(value)) + values.get(name, 0 * value)
    return held, values


def _rates(times, seconds):
    """Spikes a second at the end and at the beginning."""
    late = times[times >= seconds / 2]
    if len(late) > 1:
        steady = (len(late) - 1) / (late[-1] - late[0])
    else:
        steady = len(late) / (seconds / 2)
    return steady, 1 / (times[1] - times[0]) if len(times) > 1 else np.nan
