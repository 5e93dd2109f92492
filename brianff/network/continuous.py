"""Streams of stimulus epochs without a reset in between (`Architecture.carry_over`).

What the neuron and the encoder keep, and what the goodness has a differential equation for, is state of the network: it
goes on from one stimulus epoch to the next.  So do spikes on their way through a projection with a delay.  What a rule
judges a stimulus epoch by begins anew: the variables of the rule, what the neuron has for it (`credit`), the
eligibility, the loss and the feedback (mean traces over the epoch, eligibilities, numbers of spikes), and counters of
the goodness, which have a statement in place of a differential equation.  What they remember of the epoch before is
kept as ever.

A run of the simulator begins with a network at rest, unless it is given the state after another one (`state_after`).  A
run goes on for one time step beyond its last stimulus epoch; what the state was before that, every group keeps in
``NAME_at_end``.
"""

import re

from brian2.equations.equations import DIFFERENTIAL_EQUATION, PARAMETER

from brianff.equations.text import equations_of
from brianff.errors import OptionError

__all__ = ["AT_END", "going_on", "names_of_state", "state_after", "state_of", "without"]

AT_END = "_at_end"


def state_of(composition):
    """Names of the variables that go on from one stimulus epoch to the next."""
    found = set()
    for kind in ("neuron", "encoder", "goodness"):
        if (model := composition.models.get(kind)) is None:
            continue
        texts = [text for key, text in model.strings.items() if isinstance(text, str) and key != "credit"]
        found |= {name for text in texts for name in re.findall(r"^\s*d(\w+)\s*/\s*dt\s*=", text, re.MULTILINE)}
        if kind != "goodness":
            found |= set(model.strings.get("initial") or {})
    return found


def going_on(equations, composition):
    """Those of them that the equations of a group have."""
    goes_on = state_of(composition)
    kept = (eq for eq in equations_of(equations).values() if eq.type in (DIFFERENTIAL_EQUATION, PARAMETER))
    return [eq.varname for eq in kept if eq.varname in goes_on and "shared" not in eq.flags]


def names_of_state(composition, architecture):
    """Names of the inputs with which a run goes on after another one: dict of name -> name of the result.

    Of neurons and layers, and what synapses keep of every entry of the batch, such as eligibilities.

    Raises
    ------
    OptionError
        If something depends on when it was: spikes that are on their way, and refractory periods.
    """
    if any(projection.delay for projection in architecture.projections) or composition.neurons.refractory:
        raise OptionError(
            "a stream goes on in another run only without delays and refractory periods, which count from the start "
            "of a run: take other layers or another neuron, or one run for all of it."
        )
    found = {}
    for name, strings in composition.parts(architecture):
        if name.startswith(("neurons", "layer")):
            names = going_on(strings.equations, composition)
            found |= {f"{name}.{variable}": f"{name}.{variable}{AT_END}" for variable in names}
    for projection, strings in composition.learning(architecture):
        own = (eq.varname for eq in equations_of(strings.model).values() if "per_entry" in eq.flags)
        found |= {projection.key(variable): projection.key(variable) for variable in own}
    return found


def state_after(results, composition, architecture):
    """The state after the last stimulus epoch of a run, as inputs with which another run goes on.

    Parameters
    ----------
    results : `brianff.devices.base.Results`
    composition : `brianff.equations.compose.Composition`
    architecture : `brianff.network.Architecture`
        With `carry_over`.

    Returns
    -------
    state : dict of name -> array
        As `names_of_state` says, which also raises what it does.
    """
    return {name: results[result] for name, result in names_of_state(composition, architecture).items()}


def without(statements, names):
    """Statements but for those that assign to one of these names."""
    lines = statements.splitlines()
    return "\n".join(line for line in lines if line.partition("=")[0].strip() not in names)
