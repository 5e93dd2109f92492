"""Sizes that a network cannot have, refused before anything is compiled or allocated."""

from brianff.errors import OptionError
from brianff.machine import machine_memory

__all__ = ["require_memory", "require_size"]

MOST_ELEMENTS = 2**31 - 1  # of an array: the compiled networks have indices of 32 bits
MOST_EVENTS = 2**24  # which single precision counts
_GIB = 2**30


def require_memory(n_bytes, what):
    """Refuse, by an `OptionError`, what this machine surely cannot hold.

    Parameters
    ----------
    n_bytes : int
        That are needed at least.
    what : str
        Beginning of the message, with the options.
    """
    if n_bytes > (available := machine_memory()):
        raise OptionError(
            f"{what} need at least {n_bytes / _GIB:,.0f} GiB of memory, and this machine has {available / _GIB:,.1f}."
        )


def require_size(architecture, composition):
    """Refuse a network with more elements in an array than 32 bits count, or for which there is no memory.

    Its `Architecture` and `Composition` say what it needs; the `OptionError` names options that make it smaller.
    """
    from brianff.equations.text import equations_of

    a, synapses = architecture, [projection.n_values for projection in architecture.projections]
    layers = "-".join(map(str, a.sizes))
    shown = a.images * (a.n_pixels + 1) + 2 * a.events
    arrays = [
        (f"--hidden: layers {layers} have {{:,}} weights between two of them", max(synapses)),
        (f"--batch {a.batch}: so many presentations in layers {layers} have {{:,}} neurons", a.batch * max(a.sizes)),
        (f"--chunk and --batch: {a.images} images of one run have {{:,}} values", shown),
        (f"--chunk and --batch: layers {layers} record {{:,}} values in one run",
         (a.capacity + 1) * a.batch * max(a.sizes[1:])),
    ]  # fmt: skip
    counted = [(what, elements, MOST_ELEMENTS) for what, elements in arrays]
    counted.append(("--chunk: spike trains of one run can have {:,} spikes", a.events, MOST_EVENTS))
    for what, elements, most in counted:
        if elements > most:
            raise OptionError(f"{what.format(elements)}, and {most:,} are the most: use fewer.")
    equations = equations_of(composition.synapses.model)
    kept = [name for name in composition.state_variables() if "shared" not in equations[name].flags]
    itemsize = 4 if a.dtype == "float32" else 8
    # in the device and here, where weights are drawn in double precision
    weights = sum(synapses) * len(kept) * (itemsize + 8)
    require_memory(weights, f"--hidden: the weights of layers {layers}")
    neurons = a.batch * sum(a.sizes) * 3 * itemsize  # membrane, current, trace
    require_memory(weights + neurons + shown * (itemsize + 8), f"--batch {a.batch} and --chunk with layers {layers}")
