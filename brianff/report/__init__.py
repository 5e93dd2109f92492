"""Pages of runs: one HTML file each, which a browser shows without a server and without network.

`write` makes that of one run, `compare` that of two beside each other.  Both need Bokeh
(``pip install 'brianff[report]'``).
"""

import importlib.util

from brianff.errors import UnsupportedError
from brianff.lazy import at_first_use

_PLACES = {"write": "report.of_run", "compare": "report.of_two"}

__all__ = sorted(_PLACES)
_imported, __dir__ = at_first_use(__name__, _PLACES)


def __getattr__(name):  # Bokeh and matplotlib take a second to import
    if name in _PLACES and importlib.util.find_spec("bokeh") is None:
        raise UnsupportedError("pages of runs are drawn by Bokeh: pip install 'brianff[report]', or pip install bokeh.")
    return _imported(name)
