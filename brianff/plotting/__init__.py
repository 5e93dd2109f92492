"""Figures of recordings, training, predictions and studies.

Every function takes what it draws as an object, and returns a `matplotlib.figure.Figure` that belongs to no window and
no pyplot state: it can be drawn on a machine without a display, a notebook shows it, and `save` writes it as PNG.  With
``figure=``, a figure or one of its `subfigures`, it draws there.  The two phases have the same colours in all of them.
"""

from brianff.lazy import at_first_use

_MODULES = {
    "convolutions": ("feature_maps", "fields", "kernels"),
    "current": ("beside", "current_curves"),
    "disturbances": (
        "anytime",
        "black_boxes",
        "continual",
        "corruptions",
        "few_samples",
        "online",
        "robustness",
        "robustness_map",
    ),
    "events": ("camera", "cochleagram"),
    "jobs": ("search", "sweep"),
    "predictions": ("confusion", "goodness_distribution", "receptive_fields"),
    "recordings": ("membrane", "neurons", "raster"),
    "studies": (
        "awake_asleep",
        "comparison",
        "convergence",
        "gradient_error",
        "gradient_free",
        "gradient_terms",
        "readers",
        "regret",
        "settling",
    ),
    "streams": ("memory", "stream", "within_words"),
    "style": ("COLOURS", "save"),
    "training": ("goodness_over_training", "learning_curve"),
}

_PLACES = {name: f"plotting.{module}" for module, names in _MODULES.items() for name in names}

__all__ = sorted(_PLACES)
__getattr__, __dir__ = at_first_use(__name__, _PLACES)  # matplotlib takes half a second to import, Brian2 one more
