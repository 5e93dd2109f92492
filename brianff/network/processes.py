"""One run of a compiled network on several cores: processes that share arrays, each with entries of the batch.

The entries of a batch are independent of each other until weights change.  A program of the C++ device becomes several
processes when its run begins (templates/sources/processes.cpp): each simulates entries of its own for a whole stimulus
epoch, with spikes of its own; variables of neurons, layers and synapses lie in memory that all of them share, single
numbers (the time, the learning rate, the number of updates) are the same in each.  What changes the weights waits for
all, sees all entries, and is shared out by rows of the matrix: every weight adds up what it is changed by in the same
order as in a single process, and ends as the same number, bit for bit.

How code is shared out (`shared_out`, for the templates):

- "entries": it writes variables of neurons, of layers, or of each entry's synapses;
- "rows": it writes synaptic variables that all entries share;
- "nothing": both, or sums into few places that all neurons share; the first process does it, and the others wait.
"""

from brian2.core.variables import ArrayVariable, DynamicArrayVariable, Variables
from brian2.devices.device import get_device
from brian2.groups.group import CodeRunner

__all__ = ["allow", "begin", "in_processes"]

_PRIVATE = ("_spikespace", "_ring")  # lists of the own entries' spikes


def in_processes():
    """Whether code is being generated for a program that can become several processes."""
    return getattr(get_device(), "brianff_processes", False)


def allow(device):
    """Let code that is generated for a device be shared out among processes, and the program end as one."""
    device.brianff_processes = True
    device.insert_code("after_network_run", "brianff::end();")


def begin(layer, clock, groups):
    """The `CodeRunner` at which one process becomes many, at the first tick of the clock and before anything else.

    Parameters
    ----------
    layer : `NeuronGroup`
        To which it belongs.
    clock : `Clock`
        Of the stimulus epochs.
    groups : sequence
        Whose variables all processes share.
    """
    shared = {}
    for group in groups:
        for name, variable in group.variables.items():
            whole = isinstance(variable, ArrayVariable) and not isinstance(variable, DynamicArrayVariable)
            if whole and variable.size > 1 and not variable.read_only and not name.startswith(_PRIVATE):
                shared[id(variable)] = variable
    options = dict(clock=clock, when="start", order=-61, name="begin", template_kwds={"_shared": list(shared.values())})
    runner = CodeRunner(layer, "begin", code="", **options)
    runner.variables = Variables(layer)
    return runner
