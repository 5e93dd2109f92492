"""The roofline: the time in which this core could at best move the bytes and do the operations of one sample.

Bytes and operations are counted from the equations of the default models and from the spikes of the network; each array
is charged at the bandwidth, measured here, of a working set as large as what is in use together with it.
"""

import time

import numpy as np

__all__ = ["bandwidth", "floor_seconds", "operations_per_second"]


def _best(function, repeats=7):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def bandwidth(working_set):
    """Bytes a second read and written by ``a += b`` on two arrays of `working_set` bytes together."""
    n = max(1024, int(working_set) // 16)
    a, b = np.zeros(n), np.ones(n)
    passes = max(1, int(2e8 / (16 * n)))

    def add():
        for _ in range(passes):
            np.add(a, b, out=a)

    return 24 * n * passes / _best(add)


def operations_per_second(dtype="float64"):
    """Floating point operations a second of a matrix product that fits the cache."""
    a = np.ones((512, 512), dtype)
    return 2 * 512**3 / _best(lambda: a @ a, 15)


def floor_seconds(case, spikes):
    """The roofline of one sample of a `training.Case` (models: lif, sum_of_squares, symba, adam).

    Parameters
    ----------
    case : `Case`
    spikes : list of float
        Spikes of each layer, input first, in one sample.

    Returns
    -------
    floor : dict
        ``seconds``, and what it is made of: bytes, operations, and the seconds that either takes.
    """
    a = case.architecture
    size = np.dtype(a.dtype).itemsize
    sizes, last = a.sizes, len(a.sizes) - 1
    n_weights = [m * n for m, n in zip(sizes[:-1], sizes[1:], strict=True)]
    steps = 2 * a.n_steps
    # what a step of a neuron moves: of the input, next_spike is read; elsewhere v is read and written, and the current
    # read; traces and what they integrate change at spikes alone
    state = [4 * sizes[0] * steps] + [3 * size * n * steps for n in sizes[1:]]
    state_set = (4 * sizes[0] + sum(2 * size * n for n in sizes[1:])) * a.batch
    operations = sum(ops * n * steps for ops, n in zip([1] + [6] * last, sizes, strict=True))
    # an event reads a weight, and reads and writes a current
    event_weights = [spikes[level] * sizes[level + 1] * size for level in range(last)]
    event_currents = [2 * b for b in event_weights]
    operations += sum(b / size for b in event_weights)
    # learning: rows with presynaptic activity; dw is read and written once a batch, and read and written again by the
    # optimizer, but stays in the cache where a step follows every batch
    mini_batch = max(a.batch, 20)
    dw_streams = 0 if mini_batch == a.batch else 2 * size
    active_rows = [case.active * a.n_pixels + 2 * a.label_neurons] + [spikes[level] / 2 for level in range(1, last)]
    rows = [min(r, n) for r, n in zip(active_rows, sizes, strict=False)]
    learnt = [r * n for r, n in zip(rows, sizes[1:], strict=True)]
    learning_neurons = [2 * size * k for k in learnt]  # x and x_last
    learning_weights = [dw_streams * k / a.batch for k in n_weights]
    operations += sum(5 * k for k in learnt)
    # w, m1, m2 read and written
    optimizer = [(6 * size + dw_streams) * k / mini_batch for k in n_weights]
    operations += sum(14 * k / mini_batch for k in n_weights)
    weights_set = size * sum(n_weights)
    charged = [
        (sum(state) + sum(event_currents) + sum(learning_neurons), state_set),
        (sum(event_weights), weights_set),
        (sum(learning_weights) + sum(optimizer), 4 * weights_set),
    ]
    measured = [(count, working_set, bandwidth(working_set)) for count, working_set in charged]
    moving = sum(count / rate for count, _, rate in measured)
    computing = operations / operations_per_second(a.dtype)
    return {
        "seconds": max(moving, computing),
        "moving_seconds": moving,
        "computing_seconds": computing,
        "bytes": sum(count for count, _, _ in measured),
        "operations": operations,
        "bandwidths": [
            {"bytes_a_sample": count, "working_set": working_set, "bytes_a_second": rate}
            for count, working_set, rate in measured
        ],
        "spikes": spikes,
    }
