"""Pages of runs: one HTML file each, which a browser shows without a server and without network.

`write` makes that of one run, `compare` that of two beside each other.  Both need Bokeh
(``pip install 'brianff[report]'``).
"""

import importlib
import importlib.util

from brianff.errors import UnsupportedError

_PLACES = {"write": "of_run", "compare": "of_two"}

__all__ = sorted(_PLACES)


def __getattr__(name):  # Bokeh and matplotlib take a second to import
    if name not in _PLACES:
        raise AttributeError(f"module 'brianff.report' has no attribute '{name}'")
    if importlib.util.find_spec("bokeh") is None:
        raise UnsupportedError("pages of runs are drawn by Bokeh: pip install 'brianff[report]', or pip install bokeh.")
    return getattr(importlib.import_module(f"brianff.report.{_PLACES[name]}"), name)


def __dir__():
    return __all__
