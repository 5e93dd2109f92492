"""Training whose numbers overflow: what is no longer finite, since when, and what to try.

Before the first step of the optimizer no learning rate can be the reason; what is not finite then comes from the
initial weights or from parameters of the models.
"""

import numpy as np

from brianff.errors import DivergenceError

__all__ = ["not_finite", "require_finite"]

_KINDS = {
    "synapses": "the synapses of layer",
    "neurons": "the neurons of layer",
    "feedback": "the feedback to layer",
    "layer": "layer",
}


def not_finite(arrays):
    """What is not finite of arrays named as in ``"synapses1.w"``, in words; None if everything is."""
    found = {}
    for name, values in arrays.items():
        if not np.all(np.isfinite(values)):
            group, _, variable = name.partition(".")
            found.setdefault(group, []).append(f"'{variable}'")
    if not found:
        return None
    return "; ".join(f"{', '.join(variables)} of {_place(group)}" for group, variables in found.items())


def _place(group):
    kind = group.rstrip("0123456789")
    return f"{_KINDS.get(kind, kind)} {group[len(kind) :]}".strip()


def require_finite(arrays, samples, options, before_learning=lambda: None):
    """Raise the `DivergenceError` of numbers that overflowed: what is not finite, and which option to change.

    Parameters
    ----------
    arrays
        As for `not_finite`.
    samples : int
        Samples learnt when they were last looked at and finite.
    options : str
        Options that set the size of the initial weights and the parameters of models, as in "--init-gain or --set".
    before_learning : callable
        Asked when something is not finite: what is not with the initial weights already, as long as none has changed.
    """
    found = not_finite(arrays)
    if not found:
        return
    if at_first := before_learning():
        raise DivergenceError(
            f"{at_first} is not finite before any weight has changed: not the learning rate, but the initial weights "
            f"or a parameter of the models are too large or too small (or a model divides by 0). Change {options}."
        )
    raise DivergenceError(
        f"{found} is no longer finite, and was after {samples} samples: try a smaller --learning-rate. The last "
        "checkpoint is unharmed."
    )
