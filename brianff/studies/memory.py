"""What memory a layer has: how well a linear readout finds in its traces what came when (Jaeger 2001, GMD report 148).

A network that does not learn hears a stream of frames.  In each of them half of the input channels are loud or silent,
and the other half the opposite, at random: one bit.  From the traces of a layer at the end of a frame, the bits of this
frame and of earlier ones are found by ridge regression; the squared correlation with them, on frames that the
regression has not seen, is the memory of so long ago.  Summed over delays it is the memory capacity, in bits at most.
"""

import numpy as np
from sklearn.linear_model import Ridge

from brianff.devices import simulator
from brianff.network.architecture import Architecture
from brianff.network.layers import layers_of
from brianff.stimulus import LABEL_NONE, Schedule, stream
from brianff.trains import SpikeTrains

__all__ = ["memory_curve"]


def memory_curve(
    composition, layer, n_channels=40, n_frames=400, n_delays=20, n_steps=10, dt_ms=2.0, rate=25.0, init_gain=3.0,
    streams=10, seed=1, device="runtime", ridge=1.0,
):  # fmt: skip
    """Squared correlation of the bit so many frames ago with what a readout of a layer's traces says.

    Parameters
    ----------
    composition : `Composition`
        Of forward-forward learning, with the encoder spike_times.
    layer : `Layer`, int or str
    n_channels, n_frames, n_delays : int
    n_steps, dt_ms : int, float
        Of a frame.
    rate : float
        Spikes a second of a channel that is loud.
    init_gain, seed, device
        As of a run.
    streams : int
        Side by side; the last fifth of them tests the regression.
    ridge : float
        Weight of the squared weights.

    Returns
    -------
    curve : (n_delays,) array
        From the frame itself on; 0 where nothing is left.
    """
    rng, chance = stream(seed, "memory"), rate * dt_ms * 1e-3
    bits = rng.integers(0, 2, (n_frames, streams))
    loud = np.where(np.arange(n_channels) % 2 == bits.reshape(-1, 1), chance, 0.0)
    row, channel, step = np.nonzero(rng.random((len(loud), n_channels, n_steps)) < loud[:, :, None])
    trains = SpikeTrains.of_spikes(row, channel, step, len(loud), n_channels)
    size = dict(capacity=n_frames, images=n_frames * streams, events=trains.n_events, batch=streams, label_neurons=0)
    of_time = dict(n_steps=n_steps, dt_ms=dt_ms, carry_over=True)
    a = Architecture(n_channels, 2, layers_of([layer]), **size, **of_time)
    rows = np.arange(n_frames * streams).reshape(n_frames, streams)
    schedule = Schedule(rows, np.full(rows.shape, LABEL_NONE), np.zeros(n_frames, int), rows)
    inputs = composition.parameter_inputs(a, seed) | a.inputs(seed) | schedule.inputs(a, trains)
    inputs |= {p.key("w"): p.normal(seed, init_gain) for p in a.projections} | composition.plasticity(a, ())
    with simulator(device, a, composition).run(inputs, n_frames) as results:
        traces = results.recorded("record_x1", "x", n_frames).reshape(n_frames, streams, -1)
    learnt = streams - max(1, streams // 5)
    return np.array(
        [_found(traces[n_delays:], bits[n_delays - d : n_frames - d], learnt, ridge) for d in range(n_delays)]
    )


def _found(traces, bits, learnt, ridge):
    """Squared correlation on the streams from `learnt` on, with a regression on those before."""
    of_learnt, others = (part.reshape(-1, traces.shape[2]) for part in np.split(traces, [learnt], axis=1))
    said = Ridge(ridge).fit(of_learnt, bits[:, :learnt].ravel()).predict(others)
    if not said.std():
        return 0.0
    return float(np.corrcoef(said, bits[:, learnt:].ravel())[0, 1] ** 2)
