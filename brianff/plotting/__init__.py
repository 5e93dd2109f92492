"""Figures of recordings, training, predictions and studies.

Every function takes what it draws as an object, and returns a `matplotlib.figure.Figure` that belongs to no window and
no pyplot state: it can be drawn on a machine without a display, a notebook shows it, and `save` writes it as PNG.  With
``figure=``, a figure or one of its `subfigures`, it draws there.  The two phases have the same colours in all of them.
"""

import importlib

_PLACES = {
    "COLOURS": "style",
    "awake_asleep": "studies",
    "comparison": "studies",
    "confusion": "predictions",
    "convergence": "studies",
    "goodness_distribution": "predictions",
    "goodness_over_training": "training",
    "gradient_error": "studies",
    "gradient_free": "studies",
    "learning_curve": "training",
    "membrane": "recordings",
    "raster": "recordings",
    "receptive_fields": "predictions",
    "save": "style",
}

__all__ = list(_PLACES)


def __getattr__(name):  # matplotlib takes half a second to import, Brian2 one more
    if name in _PLACES:
        return getattr(importlib.import_module(f"brianff.plotting.{_PLACES[name]}"), name)
    raise AttributeError(f"module 'brianff.plotting' has no attribute '{name}'")


def __dir__():
    return __all__
