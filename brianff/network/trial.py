"""Check a model file as `brianff check` does: its strings, and whether Brian2 can build a network of it."""

import gc

import numpy as np
from brian2 import ms
from brian2.devices.device import RuntimeDevice
from brian2.utils.logger import catch_logs

from brianff.equations.checker import check_model
from brianff.equations.compose import compose
from brianff.equations.kinds import available, scheme_of
from brianff.equations.model import load
from brianff.equations.text import equations_of
from brianff.errors import ModelError
from brianff.network import build
from brianff.network.architecture import Architecture
from brianff.one_thread import borrowed, little_garbage

__all__ = ["check", "try_out"]

_built = set()


def check(kind, name, *, build=True, scheme=None, **others):
    """Find what is wrong with a model file before anything is compiled.

    Parameters
    ----------
    kind, name : str
        As for `brianff.equations.model.load`.
    build : bool
        Also let Brian2 build a tiny network on the NumPy runtime and take one step, which finds what no single string
        shows; takes half a second.
    scheme : `Scheme`, optional
        The kinds that it is composed with (default: of brianff's, the first that has all that are named).
    **others : str
        Models of the other kinds that it is to work with (default: those of its method of learning).

    Returns
    -------
    notes : list of str
        Remarks on what is allowed but may not be meant.

    Raises
    ------
    ModelError
        With file, line and advice.
    """
    model = load(kind, name)
    composition = _composition_for(model, others, scheme or scheme_of({model.kind, *others}))
    model = composition.models[model.kind]
    notes = check_model(composition, model)
    if build:
        try_out(composition, model)
    return notes


def _composition_for(model, others, scheme):
    """What a model is checked with."""
    kind = model.kind
    composition = compose(scheme, others | {kind: model})
    if kind == "rule" and "goodness" not in others and composition.misfit():
        fitting = (compose(scheme, others | {kind: model, "goodness": g}) for g in available("goodness"))
        composition = next((c for c in fitting if not c.misfit()), composition)
    if kind == "optimizer" and composition.online:
        rule = composition.models["rule"].name
        raise ModelError(f"{model.path}: the rule {rule} changes weights itself, without an optimizer.")
    return composition


def try_out(composition, model):
    """Let Brian2 have the last word on one of the models of a composition: build a tiny network and take one step.

    Raises
    ------
    ModelError
    """
    fingerprint = composition.fingerprint(values=True)
    if fingerprint in _built:
        return
    numpy = borrowed(RuntimeDevice(), {"codegen.target": "numpy"})
    with numpy, catch_logs(), np.errstate(all="ignore"):
        message = _failure(composition, model)
        if message:
            gc.collect()  # here, where Brian2's complaints about unused objects are caught
    if message:
        others = ", ".join(f"{kind} {m.name}" for kind, m in composition.models.items() if m is not model)
        key = "method" if model["method"] and "state updater" in message else next(iter(model.strings))
        message = composition.isolated.as_written(model.kind, message)
        raise ModelError(
            f"{model.where(key)}: Brian2 cannot build a network of it (with {others}, method "
            f"{composition.neurons.method}): {message}"
        )
    _built.add(fingerprint)


def _failure(composition, model):
    """What Brian2 says against a network, or None."""
    events = int(composition.models["encoder"].reads_spike_times)
    tiny = Architecture(2, 2, layers=(2, 2), label_neurons=1, batch=2, n_steps=2, capacity=1, images=1, events=events)
    try:
        built = build(tiny, composition)
        with little_garbage():
            built.network.run(tiny.dt_ms * ms, namespace={})
    except Exception as error:
        while error.__cause__ is not None:
            error = error.__cause__
        return " ".join(str(error).split()) or type(error).__name__
    _require_finite(model, built)
    return None


def _require_finite(model, built):
    """Refuse a neuron whose membrane is no number after one step without input: a parameter of 0 that divides, say."""
    for name in equations_of(model["equations"]).diff_eq_names if model.kind == "neuron" else ():
        if not np.isfinite(built.groups["neurons1"].variables[name].get_value()).all():
            raise ModelError(
                f"{model.where_differential(name)}: '{name}' is not a finite number after one time step of 1 ms "
                "without input: does something divide by 0, or need a smaller time step?"
            )
