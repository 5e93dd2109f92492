"""A black box between spiking layers: block by block, the spikes of one changed before the next one sees them.

The lower block learns by itself.  Its spikes, for all samples, go through a box that may be any function of spike
trains, and are the input of the upper block, in training and test.  Local rules need no more: nothing passes from the
upper block to the lower one.  Errors that come from the output, as in backpropagation or SFDFA, do not pass either:
with them only what is above the box learns, and the lower block stays as it was drawn.

noise         three of ten spikes are lost, as many others added, and all moved by three time steps (standard deviation)
nonlinear     every neuron's number of spikes is replaced by another one, from a table of its own that was drawn once,
              and the new spikes stand at equal distances: neither monotone nor in time with the old ones
permutation   a fixed random permutation of the neurons, and times in bins of eight steps, with one spike at most in
              each
"""

import numpy as np

from brianff import datasets
from brianff.equations.kinds import OF_SPIKE_TRAINS
from brianff.learning.black_box import BOXES
from brianff.learning.method import make_method
from brianff.learning.run import Run
from brianff.stimulus import LABEL_NEUTRAL, LABEL_NONE, stream
from brianff.studies import disturbances
from brianff.studies.twin import TrainsSource, room_for, spikes_of
from brianff.trains import SpikeTrains

__all__ = ["above_boxes", "boxed"]

TOLD_APART = 0.99  # of all numbers of spikes, by the table of `nonlinear`; larger ones count as the largest of these
BIN = 8  # time steps


def boxed(trains, kind, n_steps, seed):
    """What comes out of a box.

    Parameters
    ----------
    trains : `brianff.trains.SpikeTrains`
    kind : str
        One of `brianff.learning.black_box.BOXES`.
    n_steps : int
        Of a stimulus epoch.
    seed : int
    """
    rng = stream(seed, f"box {kind}")
    if kind == "noise":
        trains = disturbances.deletion(trains, 0.3, n_steps, rng)
        trains = disturbances.spurious_spikes(trains, 0.3, n_steps, rng)
        return disturbances.spike_jitter(trains, 3, n_steps, rng)
    n, channels = trains.n_samples, trains.n_channels
    if kind == "nonlinear":
        counts = trains.counts().astype(int)
        most = max(1, int(np.quantile(counts, TOLD_APART)))
        table = np.argsort(rng.random((channels, most + 1)), axis=1)
        new = table[np.arange(channels), np.minimum(counts, most)]
        sample, channel = np.repeat(np.indices((n, channels)).reshape(2, -1), new.ravel(), axis=1)
        each = np.repeat(new.ravel(), new.ravel())
        place = np.arange(new.sum()) - np.repeat(np.cumsum(new.ravel()) - new.ravel(), new.ravel())
        return SpikeTrains.of_spikes(sample, channel, (2 * place + 1) * n_steps // (2 * each), n, channels)
    if kind == "permutation":
        events = np.stack([trains.sample, rng.permutation(channels)[trains.channel], trains.step // BIN * BIN])
        return SpikeTrains.of_spikes(*np.unique(events, axis=1), n, channels)
    return trains


def above_boxes(run, evaluation, options, kinds=BOXES):
    """Train the block above every kind of box, on the spikes of a trained block; for the row of that block's run.

    Times of the upper block's stimulus are those of the lower one, in its own time steps.

    Parameters
    ----------
    run : `brianff.learning.run.Run`
        Of the lower block, of one layer.
    evaluation : object
        Not used.
    options : dict
        Of the upper block, as for `brianff.jobs.train`, without its data set.
    kinds : sequence of str

    Returns
    -------
    row : dict
        ``boxes``: kind -> test accuracy of the upper block alone.
    """
    method, data = run.method, run.method.data
    a, everything = method.architecture, np.arange(len(run.method.data.labels))
    label = LABEL_NEUTRAL if a.label_neurons else LABEL_NONE
    ((row, neuron, step),) = spikes_of(method, everything, np.full(len(everything), label), [1])
    trains = SpikeTrains.of_spikes(row, neuron, step, len(everything), a.sizes[1])
    found = {}
    for kind in kinds:
        upper = dict(options, seed=method.options.seed, encoder=OF_SPIKE_TRAINS, steps=a.n_steps)
        upper.setdefault("dt", a.dt_ms)
        changed = boxed(trains, kind, a.n_steps, method.options.seed)
        source = TrainsSource(changed, everything, len(everything), 1e-3 * upper["dt"], 4 * room_for(trains))
        splits = data.train, data.validation, data.test
        events = datasets.EventDataset(data.name, source, data.labels, data.n_classes, *splits)
        block = Run(make_method(upper, events)).train(progress=False)
        found[kind] = block.evaluate("test").accuracy()
    return {"boxes": found}
