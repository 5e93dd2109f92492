"""What a model defines, and what is wrong with it by itself: syntax, units and flags, and what its kind must have."""

import ast

from brian2.equations.equations import DIFFERENTIAL_EQUATION, PARAMETER, SUBEXPRESSION

from brianff.equations.advice import advice
from brianff.equations.kinds import OF_SYNAPSES
from brianff.equations.text import closest, equation_lines, equations_of, first_sentence, foreign_name, targets
from brianff.errors import ModelError

__all__ = ["check_file"]

ALLOWED_FLAGS = {
    DIFFERENTIAL_EQUATION: {"unless refractory"},
    PARAMETER: {"constant", "shared"},
    SUBEXPRESSION: {"shared", "constant over dt"},
}


def check_file(model):
    """Refuse a model whose expressions cannot be read, or that does not define what its kind must."""
    if not model.checked:
        _check_syntax(model)
        _check_required_names(model, _definitions(model))
        model.checked = True


def _check_syntax(model):
    """Refuse expressions that cannot be read, before they become parts of equations."""
    for key, string in model.schema.strings.items():
        code = model[key]
        if string.sort not in ("expression", "condition") or not code:
            continue
        if instead := advice(code):
            raise ModelError(f"{model.where(key)}: '{code}': {instead}.")
        try:
            ast.parse(code, mode="eval")
        except (SyntaxError, ValueError) as error:
            raise ModelError(
                f"{model.where(key)}: wrong unit or syntax: {getattr(error, 'msg', error)}: {code}"
            ) from None


def _definitions(model):
    """Variables that each string of a model defines: string -> names; syntax and flags are checked, line by line."""
    found = {}
    for key, string in model.schema.strings.items():
        if string.sort != "equations":
            continue
        found[key] = set()
        for offset, line in equation_lines(model[key]):
            where = model.where(key, offset)
            no_unit = "" if ":" in line else "an equation ends with its unit, ': 1' or ': volt'"
            complaint = foreign_name(line) or no_unit or advice(line.partition(":")[0].partition("=")[2])
            if complaint:
                raise ModelError(f"{where}: {complaint} (in: {line})")
            try:
                equations = equations_of(line)
            except Exception as error:
                raise ModelError(f"{where}: {first_sentence(error)} (in: {line})") from None
            for eq in equations.values():
                if complaint := _noise_complaint(eq, model.kind):
                    raise ModelError(f"{where}: {complaint} (in: {line})")
                allowed = ALLOWED_FLAGS[eq.type]
                if string.group in OF_SYNAPSES:
                    own = not model.schema.alone and eq.type == PARAMETER
                    allowed = allowed & {"shared", "constant"} | ({"post_major", "per_entry"} if own else set())
                    if eq.type == DIFFERENTIAL_EQUATION:
                        raise ModelError(
                            f"{where}: '{eq.varname}' cannot have a differential equation: synapses and channels "
                            "change at spikes and at the end of a stimulus epoch only. Put the trace on the neurons."
                        )
                for flag in eq.flags:
                    if flag not in allowed:
                        raise ModelError(
                            f"{where}: '{eq.varname}' cannot have the flag '{flag}' here.{closest(flag, allowed)} "
                            f"Allowed for such a line: {', '.join(sorted(allowed))}."
                        )
                found[key].add(eq.varname)
    return found


def _noise_complaint(eq, kind):
    """What is wrong with Brian2's noise, xi, in an equation, or None."""
    noise = [name for name in eq.identifiers if name == "xi" or name.startswith("xi_")]
    if not noise:
        return None
    if eq.type != DIFFERENTIAL_EQUATION or kind != "neuron":
        return f"'{noise[0]}' stands in differential equations of a neuron only"
    try:
        eq.expr.split_stochastic()
    except ValueError:
        return (
            f"'{noise[0]}' is noise, which an equation may add once, with a factor: ... + sigma*sqrt(2/tau)*{noise[0]}"
        )
    return None


def _check_required_names(model, definitions):
    for key, string in model.schema.strings.items():
        for name, reason in string.must_define.items() if model[key] else ():
            if name not in definitions[key]:
                raise ModelError(f"{model.where(key)}: '{key}' of a {model.kind} must define '{name}': {reason}.")
        if string.with_key and model[key] and not model[string.with_key]:
            other = model.schema.strings[string.with_key]
            raise ModelError(
                f"{model.where(key)}: a {model.kind} with '{key}' must define '{string.with_key}': {other.meaning}."
            )
        if string.must_set and not set(string.must_set) <= targets(model[key]):
            names = " and ".join(string.must_set)
            raise ModelError(f"{model.where(key)}: '{key}' must set {names}: it {string.meaning}.")
    if model.schema.changes_weights:
        of_synapses = [key for key, string in model.schema.strings.items() if string.group == "synapses"]
        target = "dw" if any("dw" in definitions.get(key, ()) for key in of_synapses) else "w"
        if not any(target in targets(model[key]) for key in of_synapses if key not in definitions):
            raise ModelError(
                f"{model.where('synapse')}: a {model.kind} must define dw in 'synapse' and change it, or change w in "
                "'on_pre', 'on_post' or 'synapse_on_step'."
            )
