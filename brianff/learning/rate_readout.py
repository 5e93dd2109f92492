"""What spike rates of the input alone say: the measure of what a network makes of their times."""

import numpy as np

from brianff.devices import simulator
from brianff.network.layers import Layer
from brianff.stimulus import EVALUATION_PRESENTATIONS, LABEL_NONE, Schedule

__all__ = ["rate_readout"]

TOGETHER = 500  # samples whose spikes are counted at once


def rate_readout(method):
    """Test accuracy of a logistic regression on the spike counts of the input channels.

    Those of spike trains are counted as they are; intensities become spikes by the encoder of `method`, on the NumPy
    runtime.
    """
    from sklearn.linear_model import LogisticRegression

    data, count = method.data, _of_trains(method) if method.architecture.events else _of_encoder(method)

    def counts(samples):
        pieces = np.split(samples, range(TOGETHER, len(samples), TOGETHER))
        return np.concatenate([count(piece) for piece in pieces])

    readout = LogisticRegression(max_iter=1000).fit(counts(method.train), data.labels[method.train])
    return float(readout.score(counts(data.test), data.labels[data.test]))


def _of_trains(method):
    """From samples to counts of their spikes, (n, n_channels)."""
    return lambda samples: method.shown(samples).read().counts()


def _of_encoder(method):
    """The same, of the spikes that an encoder makes of intensities."""
    layers, size = (Layer(1), Layer(method.data.n_classes)), TOGETHER
    a = method.architecture.with_(layers=layers, batch=size, capacity=1, images=size)
    counter = simulator("runtime", a, method.composition, record="spikes")
    inputs = {name: value for name, value in method.inputs().items() if name.startswith("neurons0")}

    def counts(samples):
        unlabelled = np.full(len(samples), LABEL_NONE)
        shown = Schedule.evaluation(np.arange(len(samples)), unlabelled, EVALUATION_PRESENTATIONS + samples, size)
        with counter.run(inputs | shown.inputs(a, method.shown(samples)), 1) as results:
            spikes = np.bincount(results["spikes0.i"], minlength=size * a.n_pixels).reshape(size, -1)
        return spikes[: len(samples)].astype(float)

    return counts
