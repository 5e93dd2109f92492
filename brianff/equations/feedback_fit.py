"""Whether the models of a network with feedback fit together, found out before anything is built.

Eligibilities, feedbacks and losses are written for certain neurons, whose variables and parameters they name: what such
a string uses and no chosen model defines, or has another unit, is a misfit.
"""

from brian2.equations.equations import Equations
from brian2.utils.stringtools import get_identifiers

from brianff.equations.compose import SCHEMA, available, check_model
from brianff.equations.text import base_name, equation_lines, names_in, targets
from brianff.errors import ModelError

__all__ = ["misfit"]

KINDS = ("eligibility", "feedback", "loss")


def misfit(composition):
    """Why the models of a `FeedbackComposition` cannot learn together, as a sentence, or None."""
    found = _first_misfit(composition)
    if found is None:
        return None
    model, reason = found
    fitting = [name for name in available("neuron") if name != composition.models["neuron"].name]
    fitting = [name for name in fitting if _fits(composition, name)]
    return f"the {model.kind} {model.name} {reason}" + (f": take {' or '.join(fitting)}" if fitting else "")


def _first_misfit(composition):
    """(model, what is wrong with it) of the first that does not fit, or None."""
    from brianff.network.feedback import environment_of_feedback

    neuron, environment = composition.models["neuron"], environment_of_feedback(composition)
    for kind in KINDS:
        model = composition.models[kind]
        if missing := _missing(composition, model, environment):
            where, name = missing
            return model, f"needs '{name}' of the neuron ({where}), and {neuron.name} has no such name"
        try:
            check_model(composition, model, build=False)
        except ModelError as error:
            complaint = composition.isolated.as_written(kind, str(error)).rstrip(".")
            return model, f"does not go with the neuron {neuron.name}: {complaint}"
    return None


def _fits(composition, neuron):
    """Whether the models fit with another neuron in the place of theirs."""
    from brianff.network.feedback import compose_feedback

    chosen = {kind: one.path for kind, one in composition.models.items()} | {"neuron": neuron}
    try:
        return _first_misfit(compose_feedback(**chosen)) is None
    except ModelError:
        return False


def _missing(composition, model, environment):
    """(where, name) of the first name that a string of the model uses and nothing defines."""
    for key, (sort, part, _) in SCHEMA[model.kind].items():
        if key not in model.strings or part not in environment:
            continue
        local = {name for name in targets(model[key]) if base_name(name)[1] == ""}
        known = environment[part].keys() | local
        for name in sorted(_used(sort, model[key]) - known):
            return model.where(key), composition.isolated.as_written(model.kind, base_name(name)[0])
    return None


def _used(sort, text):
    """Names that a string reads."""
    if sort != "equations":
        return names_in(text)
    equations = (eq for _, line in equation_lines(text) for eq in Equations(line).values())
    return set().union(*(get_identifiers(str(eq.expr)) for eq in equations if eq.expr is not None))
