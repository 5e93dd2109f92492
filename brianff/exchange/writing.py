"""Files of the exchange formats: whole, or not at all."""

import os
import tempfile
from pathlib import Path

from brianff.errors import OptionError
from brianff.extras import library
from brianff.results import ResultsError

__all__ = ["ENDINGS", "require_ending", "write"]

# Format -> ending of its files, and what it is.
ENDINGS = {"neo": (".mat", "a MATLAB file, as neo.io.NeoMatlabIO reads it"), "nwb": (".nwb", ""), "nir": (".nir", "")}


def require_ending(to, path):
    """Refuse a file name whose ending means another format."""
    ending, what = ENDINGS[to]
    if Path(path).suffix != ending:
        raise OptionError(f"{path}: a file of --to {to} ends in {ending}{what and f' ({what})'}.")


def write(what, path):
    """Write what `to_neo`, `to_nwb` or `to_nir` gives; an older file of this name is replaced when all is done.

    Parameters
    ----------
    what : `neo.Block`, `pynwb.NWBFile` or `nir.NIRGraph`
    path : path
        Ends in ``.mat``, ``.nwb`` or ``.nir``.

    Raises
    ------
    OptionError
        If the ending means another format.
    ResultsError
        If the file cannot be written.
    """
    kinds = {"Block": "neo", "NWBFile": "nwb", "NIRGraph": "nir"}
    if (kind := kinds.get(type(what).__name__)) is None:
        raise OptionError("what: this writes what to_neo, to_nwb and to_nir give.")
    require_ending(kind, path)
    path = Path(path)
    try:
        with tempfile.TemporaryDirectory(prefix=f".{path.stem}-", dir=path.parent) as folder:  # on the same disk
            made = os.path.join(folder, path.name)
            _WRITERS[kind](what, made)
            os.replace(made, path)
    except OSError as error:
        raise ResultsError(f"{path} cannot be written: {error.strerror or error}.") from None


def _write_neo(block, path):
    library("neo").io.NeoMatlabIO(path).write_block(block)


def _write_nwb(file, path):
    with library("pynwb").NWBHDF5IO(path, "w") as io:
        io.write(file)


def _write_nir(graph, path):
    library("nir").write(path, graph)


_WRITERS = {"neo": _write_neo, "nwb": _write_nwb, "nir": _write_nir}
