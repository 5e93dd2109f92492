"""Whether models fit together, found out before anything is built.

Eligibilities, feedbacks and losses are written for certain neurons, whose variables and parameters they name: what such
a string uses and no chosen model defines, or has another unit, is a misfit.
"""

from brian2.utils.stringtools import get_identifiers

from brianff.equations.checker import check_model, environment_of
from brianff.equations.kinds import available
from brianff.equations.text import base_name, equation_lines, equations_of, names_in, targets
from brianff.errors import ModelError

__all__ = ["misfit"]


def misfit(composition):
    """Why the models of a composition cannot learn together, as a sentence, or None."""
    found = _reason(composition)
    if found is None:
        return None
    reason, kind = found
    others = (name for name in available(kind) if name != composition.models[kind].name)
    fitting = next((name for name in others if _fits(composition, **{kind: name})), None)
    return f"{reason}: take {fitting}, for example" if fitting else reason


def _reason(composition):
    """(what does not fit, kind of the model that could be another one), or None."""
    if composition.has_output:
        found = _first_misfit(composition)
        return found and (f"the {found[0].kind} {found[0].name} {found[1]}", "neuron")
    rule, encoder = (composition.models[kind] for kind in ("rule", "encoder"))
    if "late_spikes" in composition.needs and "early" in encoder["spikes"]:
        return (
            f"the rule {rule.name} learns where an input spikes after the neuron, and with {encoder.name} labels and "
            "bright channels spike before all neurons, and then no more",
            "encoder",
        )
    if "targets" in composition.needs and not composition.classes:
        return f"the rule {rule.name} learns from targets, and has no `classes` with scores to predict by", "rule"
    return None


def _first_misfit(composition):
    """(model, what is wrong with it) of the first that does not fit, or None."""
    neuron, environment = composition.models["neuron"], environment_of(composition)
    for model in composition.models.values():
        if model.schema.alone:
            continue
        if missing := _missing(composition, model, environment):
            where, name = missing
            return model, f"needs '{name}' of the neuron ({where}), and {neuron.name} has no such name"
        try:
            check_model(composition, model)
        except ModelError as error:
            return model, f"does not go with the neuron {neuron.name}: {str(error).rstrip('.')}"
    return None


def _fits(composition, **models):
    """Whether the models fit with others in the place of some."""
    try:
        return _reason(composition.with_models(**models)) is None
    except ModelError:
        return False


def _missing(composition, model, environment):
    """(where, name) of the first name that a string of the model uses and nothing defines."""
    for key, string in model.schema.strings.items():
        if not isinstance(model.strings.get(key), str) or string.group not in environment:
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
    equations = (eq for _, line in equation_lines(text) for eq in equations_of(line).values())
    return set().union(*(get_identifiers(str(eq.expr)) for eq in equations if eq.expr is not None))
