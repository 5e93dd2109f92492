"""What rules need of time: responses of a layer to itself, and credits that last for a while.

The `response` of a neuron runs the course that the spikes of its layer take in the layer above, whose input is divided
by this layer's gain.  In the layer itself they take another one, since all input of a neuron is divided by the gain of
the layer below: synapses of a layer that projects to itself read variables of their own, ``NAME_recurrent``.
"""

from dataclasses import replace

from brian2.equations.equations import DIFFERENTIAL_EQUATION
from brian2.utils.stringtools import word_substitute

from brianff.equations.text import equations_of, names_in

__all__ = ["lasting", "of_recurrent", "recurrent_response", "settling"]


def _names(joined):
    """Variables of the response -> their names in a layer that projects to itself, where they run another course."""
    text = joined.of_asked("response", "equations")
    return {name: f"{name}_recurrent" for name in equations_of(text).names} if "gain_layer" in names_in(text) else {}


def recurrent_response(joined):
    """What neurons of a layer that projects to itself have for its synapses: slot -> strings, or nothing."""
    if not (names := _names(joined)):
        return {}
    equations = joined.of_asked("response", "equations")
    reset, rates = joined.of_asked("response", "reset"), {f"d{name}": f"d{new}" for name, new in names.items()}
    return {
        "equations": "\n" + word_substitute(equations, names | rates | {"gain_layer": "gain_below"}),
        "reset": "\n" + word_substitute(reset, names),
    }


def of_recurrent(synapses, joined):
    """Strings of the synapses of a layer that projects to itself."""
    names = {f"{name}_pre": f"{new}_pre" for name, new in _names(joined).items()}
    texts = {key: text for key, text in vars(synapses).items() if isinstance(text, str) and names_in(text) & set(names)}
    return replace(synapses, **{key: word_substitute(text, names) for key, text in texts.items()})


def lasting(joined):
    """An expression that is 0 in time steps in which credits are settled, or nothing."""
    lasts = joined.text("lasts", "model")
    return f"t_in_timesteps % int(1 + ({lasts})/dt)" if lasts and joined.text("settle", "synapses") else ""


def settling(joined):
    """Statements of every time step by which the credit of a neuron begins anew when it has been settled."""
    if not (since := lasting(joined)):
        return ""
    credits = equations_of(joined.of_asked("credit", "equations")).values()
    names = [eq.varname for eq in credits if eq.type == DIFFERENTIAL_EQUATION]
    return "".join(f"{name} = {name}*int({since} != 0)\n" for name in names)
