"""Whether models fit together, found out before anything is built.

Eligibilities, feedbacks and losses are written for certain neurons, whose variables and parameters they name: what such
a string uses and no chosen model defines, or has another unit, is a misfit.
"""

from brian2.equations.equations import Equations
from brian2.utils.stringtools import get_identifiers

from brianff.equations.checker import check_model, environment_of
from brianff.equations.kinds import FEEDBACK_KINDS, available
from brianff.equations.text import base_name, equation_lines, names_in, targets
from brianff.errors import ModelError

__all__ = ["misfit"]


def misfit(composition):
    """Why the models of a composition cannot learn together, as a sentence, or None."""
    return _misfit_of_feedback(composition) if composition.has_output else _misfit_of_goodness(composition)


def _misfit_of_goodness(composition):
    models = composition.models
    goodness, rule, encoder = (models[kind].name for kind in ("goodness", "rule", "encoder"))
    has_targets = "target" in Equations(composition.neurons.equations).names
    if composition.class_groups and not has_targets:
        return f"the goodness {goodness} needs a rule that learns from targets (class_competition), not {rule}"
    if "w" in targets(models["rule"]["on_pre"]) and encoder in ("time_to_first_spike", "burst"):
        return (
            f"the rule {rule} learns where an input spikes after the neuron, and with {encoder} labels and bright "
            "pixels spike before all neurons, and then no more: use another code (regular_rate)"
        )
    if has_targets and not composition.class_groups:
        return f"the rule {rule} needs a goodness with class groups (class_groups), not {goodness}"
    return None


def _misfit_of_feedback(composition):
    found = _first_misfit(composition)
    if found is None:
        return None
    model, reason = found
    neurons = (name for name in available("neuron") if name != composition.models["neuron"].name)
    fitting = [name for name in neurons if _fits(composition, name)]
    return f"the {model.kind} {model.name} {reason}" + (f": take {' or '.join(fitting)}" if fitting else "")


def _first_misfit(composition):
    """(model, what is wrong with it) of the first that does not fit, or None."""
    neuron, environment = composition.models["neuron"], environment_of(composition)
    for kind in FEEDBACK_KINDS:
        model = composition.models[kind]
        if missing := _missing(composition, model, environment):
            where, name = missing
            return model, f"needs '{name}' of the neuron ({where}), and {neuron.name} has no such name"
        try:
            check_model(composition, model)
        except ModelError as error:
            return model, f"does not go with the neuron {neuron.name}: {str(error).rstrip('.')}"
    return None


def _fits(composition, neuron):
    """Whether the models fit with another neuron in the place of theirs."""
    try:
        return _first_misfit(composition.with_models(neuron=neuron)) is None
    except ModelError:
        return False


def _missing(composition, model, environment):
    """(where, name) of the first name that a string of the model uses and nothing defines."""
    for key, string in model.schema.strings.items():
        if key not in model.strings or string.group not in environment:
            continue
        local = {name for name in targets(model[key]) if base_name(name)[1] == ""}
        known = environment[string.group].keys() | local
        for name in sorted(_used(string.sort, model[key]) - known):
            return model.where(key), composition.isolated.as_written(model.kind, base_name(name)[0])
    return None


def _used(sort, text):
    """Names that a string reads."""
    if sort != "equations":
        return names_in(text)
    equations = (eq for _, line in equation_lines(text) for eq in Equations(line).values())
    return set().union(*(get_identifiers(str(eq.expr)) for eq in equations if eq.expr is not None))
