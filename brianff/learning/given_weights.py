"""Weights to begin with, from a file: of another run, of a program of one's own (npz), of another simulator (NIR)."""

import zipfile
from pathlib import Path

import numpy as np

from brianff.errors import OptionError, spoken
from brianff.extras import library

__all__ = ["read_weights", "weights_for"]

_NEURONS = ("CubaLIF", "CubaLI", "LIF", "LI", "IF", "I")
_WEIGHTS = ("Linear", "Affine", "Conv2d")


def read_weights(path):
    """Weights of a file.

    Parameters
    ----------
    path : path
        An npz file, such as ``weights.npz`` of a run, or a ``.nir`` file.

    Returns
    -------
    weights : dict of str -> array
        Matrices (n_pre, n_post), kernels (channels, channels of the source, size, size): ``w1``, ``w2`` ... of the
        layers, ``recurrent1`` ... within them.  Of NIR weights alone: no time constants, thresholds and delays.

    Raises
    ------
    OptionError
        If the file is missing or damaged, or has what cannot be weights here, such as a bias.

    Examples
    --------
    >>> ff.exchange.read_weights("runs/a/weights.npz")["w1"].shape
    (164, 200)
    """
    path = Path(path)
    if not path.is_file():
        raise OptionError(f"--weights {path}: there is no such file.")
    found = _of_nir(path) if path.suffix == ".nir" else _of_npz(path)
    for name, w in found.items():
        if not np.issubdtype(w.dtype, np.number) or np.iscomplexobj(w) or not np.isfinite(w).all():
            raise OptionError(f"--weights {path}: {name} has values that are not finite numbers.")
    return found


def _of_npz(path):
    try:
        with np.load(path, allow_pickle=False) as data:
            return dict(data)
    except (OSError, ValueError, EOFError, TypeError, AttributeError, zipfile.BadZipFile, zipfile.zlib.error) as error:
        raise OptionError(f"--weights {path} is no npz file ({error}); a file of NIR ends in .nir.") from None


def weights_for(projections, path, seed, report=lambda text: None):
    """Weights of a file for the projections of a network.

    Parameters
    ----------
    projections : sequence of `Projection`
    path : path
        As for `read_weights`.
    seed : int
        Of the run.
    report : callable, optional
        Told of what has no place here.

    Returns
    -------
    weights : dict of str -> array
        Flat, by names as in ``"synapses1.w"``; without those that the file lacks.

    Raises
    ------
    OptionError
        If a shape is another one, there are weights where there is no synapse, or nothing has a place.
    """
    given, found = read_weights(path), {}
    there = {f"w{p.target}" if p.feeds_forward else p.name: p for p in projections}
    for name in sorted(given.keys() & there.keys()):
        projection, w = there[name], given[name]
        if w.shape != projection.weights_shape:
            wanted = projection.weights_shape
            raise OptionError(f"--weights {path}: {name} has the shape {w.shape}, and the network's is {wanted}.")
        flat = np.array(projection.flat(w, seed), float)
        if not np.array_equal(projection.matrix(flat), w):
            raise OptionError(
                f"--weights {path}: {name} has weights where this network has no synapse; synapses of sparse layers "
                "are drawn from --seed."
            )
        found[projection.key("w")] = flat
    if not found:
        raise OptionError(f"--weights {path} has {_named(given)}, and this network wants {_named(there)}.")
    if left := given.keys() - there.keys():
        report(spoken(f"--weights {path}: {_named(left)} is left out, since the network begins without it."))
    return found


def _named(names):
    return ", ".join(sorted(names)) or "nothing"


# -- NIR -------------------------------------------------------------------------------------------------------------
def _of_nir(path):
    nir = library("nir")
    try:
        graph = nir.read(path)
    except Exception as error:  # a damaged file fails in many ways
        raise OptionError(f"--weights {path} cannot be read as a file of NIR ({error}).") from None
    kinds = {name: type(node).__name__ for name, node in graph.nodes.items()}
    ahead = {name: [b for a, b in graph.edges if a == name] for name in kinds}
    behind = {name: [a for a, b in graph.edges if b == name] for name in kinds}
    levels, found = _levels(path, kinds, ahead), {}
    for name, kind in kinds.items():
        if kind not in _WEIGHTS:
            continue
        (source, through), (target, _) = (_end(path, name, ways, kinds) for ways in (behind, ahead))
        if kinds[target] == "Output":
            continue  # a readout without neurons
        level = levels[target]
        if levels[source] not in (level, level - 1):
            raise OptionError(f"--weights {path}: {name} leads from {source} to {target}, past other layers.")
        key = f"recurrent{level}" if levels[source] == level else f"w{level}"
        if key in found:
            raise OptionError(f"--weights {path}: two nodes lead from {source} to {target}.")
        flat = next((graph.nodes[one] for one in through if kinds[one] == "Flatten"), None)
        found[key] = _weight(path, name, graph.nodes[name], flat)
    return found


def _levels(path, kinds, ahead):
    """Number of every layer of neurons, the input 0."""
    (start, *more) = [name for name, kind in kinds.items() if kind == "Input"] or [None]
    if start is None or more:
        raise OptionError(f"--weights {path}: the graph has {len(more) + (start is not None)} inputs, not one.")
    levels, at, seen = {start: 0}, [start], {start}
    while at:
        name = at.pop(0)
        for target in ahead[name]:
            if target not in seen:
                seen.add(target)
                if kinds[target] in _NEURONS:
                    levels[target] = len(levels)
                at.append(target)
    return levels


def _end(path, name, ways, kinds):
    """(neurons, input or output at the end of the only way from a node, what lies between)."""
    through = []
    while True:
        if len(ways[name]) != 1:
            raise OptionError(f"--weights {path}: {len(ways[name])} edges at {name}, where there is one.")
        (name,) = ways[name]
        if kinds[name] in (*_NEURONS, "Input", "Output"):
            return name, through
        if kinds[name] not in ("Flatten", "Delay"):
            raise OptionError(f"--weights {path}: {name} is a {kinds[name]}, for which brianff has nothing.")
        through.append(name)


def _weight(path, name, node, flatten):
    """A weight matrix or kernel as brianff has it."""
    if np.any(getattr(node, "bias", 0)):
        raise OptionError(f"--weights {path}: {name} has a bias, and brianff's neurons have none.")
    if type(node).__name__ == "Conv2d":
        if int(node.groups) != 1 or np.any(np.asarray(node.dilation) != 1):
            raise OptionError(f"--weights {path}: {name} has groups or a dilation, which brianff's kernels have not.")
        return np.asarray(node.weight)
    w = np.asarray(node.weight)
    if w.ndim != 2:
        raise OptionError(f"--weights {path}: {name} has a weight of {w.ndim} dimensions, not two.")
    shape = None if flatten is None else tuple(flatten.input_type["input"])
    if shape is not None and len(shape) == 3:  # channels come last here
        w = w.reshape(len(w), *shape).transpose(0, 2, 3, 1).reshape(len(w), -1)
    return w.T.copy()
