"""A run in one of the exchange formats, in one call."""

import datetime
from pathlib import Path

from brianff.errors import OptionError
from brianff.exchange.neo_blocks import to_neo
from brianff.exchange.nir_graphs import to_nir
from brianff.exchange.nwb_files import to_nwb
from brianff.exchange.writing import ENDINGS, require_ending, write
from brianff.learning.recordings import Recording
from brianff.learning.run import load
from brianff.results import RunFolder

__all__ = ["export"]


def export(run, to, path, samples=None, neurons=None, which="test", **more):
    """Write the recording of a run as Neo or NWB, or its network as NIR.

    Parameters
    ----------
    run : `brianff.Run` or path
        A run, or its folder.
    to : {"neo", "nwb", "nir"}
    path : path
        Of the file, which ends in ``.mat`` (Neo), ``.nwb`` or ``.nir``.
    samples, neurons, which
        Record these, as `brianff.Run.record` does; without samples, what the folder has in ``recordings.npz``.
    **more
        Of `brianff.load`, where the run is a folder.

    Returns
    -------
    path : `pathlib.Path`

    Raises
    ------
    BrianffError
        If there is nothing to export, NIR cannot say the network, or a library is missing.

    Examples
    --------
    >>> ff.exchange.export("runs/a", "neo", "a.mat", samples=[0, 1], neurons=range(10))
    """
    if to not in ENDINGS:
        raise OptionError(f"--to {to}: it is {', '.join(ENDINGS)}.")
    require_ending(to, path)
    if to == "nir":
        if samples is not None or neurons is not None:
            raise OptionError("--samples and --neurons are of recordings, and NIR holds a network: leave them out.")
        write(to_nir(_run(run, more)), path)
        return Path(path)
    recording, about, when = _recording(run, samples, neurons, which, more)
    write(to_neo(recording, **about) if to == "neo" else to_nwb(recording, start=when, notes=about), path)
    return Path(path)


def _run(run, more):
    return run if hasattr(run, "method") else load(run, **more)


def _recording(run, samples, neurons, which, more):
    """(recording, what is to be said of it, when it was made)."""
    now = datetime.datetime.now(datetime.UTC)
    if hasattr(run, "method") and samples is None:
        raise OptionError("samples: say which are to be recorded, as in samples=[0, 1].")
    if samples is not None:
        found = _run(run, more)
        method, options = found.method, found.method.options
        about = dict(method=method.name, dataset=method.data.name, seed=options.seed, set=which)
        about |= _where(getattr(found.path, "name", found.path), method.composition)
        return found.record(samples, neurons, which), about, now
    folder = RunFolder(run)
    document, path = folder.config, folder.path / "recordings.npz"
    if not folder.has("recordings"):
        raise OptionError(f"{path} does not exist: name --samples, and they are recorded now.")
    if neurons is not None:
        raise OptionError("--neurons goes with --samples: what has been recorded is exported as it is.")
    recording = Recording(folder.load("recordings"))
    about = dict(method=document["method"], dataset=document["dataset"], seed=document["config"]["seed"])
    about |= _where(folder.path.name, "\n".join(document.get("equations", ())) or None)
    when = datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.UTC)
    return recording, about, when


def _where(name, equations):
    said = dict(run=str(name) if name else "", equations=str(equations) if equations else "")
    return {key: value for key, value in said.items() if value}
