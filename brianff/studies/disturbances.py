"""What spikes, synapses, neurons and labels may suffer, as functions of a strength; strength 0 changes nothing.

Spikes (Yu, Sun & Goodman 2025, arXiv 2507.16043): jitter of every spike or of every channel, deletion, spurious spikes,
reversal in time.  They act on `brianff.trains.SpikeTrains`, of recordings or of an encoder.

Hardware: noise on weights, synapses that are stuck or missing, neurons that are dead, weights of a few bits.  They act
on the arrays of weights of a network, by their names; synapses that are not there, with a weight of exactly 0, stay so.
"""

import numpy as np

from brianff.errors import OptionError
from brianff.trains import SpikeTrains

__all__ = [
    "channel_jitter", "dead_neurons", "deletion", "missing_synapses", "mismatch", "quantised",
    "reversal", "spike_jitter", "spurious_spikes", "stuck_synapses", "weight_noise",
]  # fmt: skip


def _require_share(value, what):
    if not 0 <= value <= 1:
        raise OptionError(f"{what} is a part of all, 0 to 1, not {value}.")


# -- spikes ----------------------------------------------------------------------------------------------------------


def _spikes(trains):
    """(sample, channel, step) of every spike, those that share an event included."""
    return [np.repeat(array, trains.count) for array in (trains.sample, trains.channel, trains.step)]


def _trains(like, sample, channel, step):
    return SpikeTrains.of_spikes(sample, channel, step, like.n_samples, like.n_channels)


def spike_jitter(trains, sigma, n_steps, rng):
    """Every spike moved by a normal random time.

    Parameters
    ----------
    trains : `brianff.trains.SpikeTrains`
    sigma : float
        Standard deviation in time steps.
    n_steps : int
        Of a stimulus epoch; a spike that would leave it stays at its edge.
    rng : `numpy.random.Generator`
    """
    sample, channel, step = _spikes(trains)
    return _trains(trains, sample, channel, _moved(step, sigma * rng.standard_normal(len(step)), n_steps))


def channel_jitter(trains, sigma, n_steps, rng):
    """All spikes of a channel of a sample moved by the same normal random time, of `sigma` time steps."""
    sample, channel, step = _spikes(trains)
    by = sigma * rng.standard_normal((trains.n_samples, trains.n_channels))
    return _trains(trains, sample, channel, _moved(step, by[sample, channel], n_steps))


def _moved(step, by, n_steps):
    return np.clip(np.floor(step + 0.5 + by), 0, n_steps - 1).astype(np.int64)


def deletion(trains, share, n_steps, rng):
    """Every spike is lost with the probability `share`."""
    _require_share(share, "the share of lost spikes")
    sample, channel, step = _spikes(trains)
    kept = rng.random(len(step)) >= share
    return _trains(trains, sample[kept], channel[kept], step[kept])


def spurious_spikes(trains, share, n_steps, rng):
    """Poisson spikes are added, `share` times as many as there are on average, anywhere between first and last."""
    if share < 0:
        raise OptionError(f"the share of spurious spikes is 0 or more, not {share}.")
    spikes = _spikes(trains)
    n = rng.poisson(share * len(spikes[0]))
    last = spikes[2].max(initial=0) + 1
    drawn = (rng.integers(0, high, n) for high in (trains.n_samples, trains.n_channels, last))
    return _trains(trains, *(np.concatenate([own, more]) for own, more in zip(spikes, drawn, strict=True)))


def reversal(trains, strength, n_steps, rng):
    """Of this part of the samples, time runs backwards between the first and the last step that any sample has."""
    _require_share(strength, "the share of reversed samples")
    sample, channel, step = _spikes(trains)
    turned = rng.random(trains.n_samples)[sample] < strength
    ends = step.min() + step.max() if len(step) else 0
    return _trains(trains, sample, channel, np.where(turned, ends - step, step))


# -- hardware --------------------------------------------------------------------------------------------------------


def _changed(weights, change):
    """The arrays with the weights that are there changed: ``change(values, largest)``."""
    found = {}
    for name, w in weights.items():
        there, out = w != 0, w.copy()
        if there.any():
            out[there] = change(w[there].astype(float), np.abs(w).max())
        found[name] = out
    return found


def weight_noise(weights, sigma, rng):
    """Normal noise on every weight, its standard deviation relative to the largest weight of its array."""
    return _changed(weights, lambda w, largest: w + sigma * largest * rng.standard_normal(len(w)))


def stuck_synapses(weights, share, rng):
    """A part of the synapses has the largest or the smallest weight of its array, with equal probability."""
    _require_share(share, "the share of stuck synapses")

    def stuck(w, largest):
        hit, high = rng.random(len(w)) < share, rng.random(len(w)) < 0.5
        return np.where(hit, np.where(high, w.max(), w.min()), w)

    return _changed(weights, stuck)


def missing_synapses(weights, share, rng):
    """A part of the synapses has the weight 0."""
    _require_share(share, "the share of missing synapses")
    return _changed(weights, lambda w, largest: np.where(rng.random(len(w)) < share, 0.0, w))


def quantised(weights, bits, rng=None):
    """Weights of so many bits: 2**bits - 1 values, evenly spaced and symmetric about 0, up to the largest of the array.

    0 bits: unchanged.
    """
    if bits == 0:
        return {name: w.copy() for name, w in weights.items()}
    if int(bits) != bits or bits < 2:
        raise OptionError(f"weights have 2 bits or more (0: as they are), not {bits}.")
    levels = 2 ** (int(bits) - 1) - 1
    return _changed(weights, lambda w, largest: np.round(w / largest * levels) / levels * largest)


def dead_neurons(weights, share, rng, sizes, levels):
    """A part of the neurons of some layers never spikes: they have neither inputs nor a bias, and nobody hears them.

    Parameters
    ----------
    weights : dict of str -> array
        ``synapses1.w`` or ``layer1.w``, … from layer to layer, of n_pre*n_post values each, and ``layer1.b``, ….
    share : float
        Of the neurons of a layer, rounded.
    rng : `numpy.random.Generator`
    sizes : sequence of int
        Neurons of every layer, the input first.
    levels : iterable of int
        Layers whose neurons die.
    """
    _require_share(share, "the share of dead neurons")
    found = {name: w.copy() for name, w in weights.items()}

    def of_level(level):
        for group in ("synapses", "layer"):
            if (w := found.get(f"{group}{level}.w")) is not None and w.size == sizes[level - 1] * sizes[level]:
                return w.reshape(sizes[level - 1], sizes[level])
        return None

    for level in levels:
        dead = rng.permutation(sizes[level])[: round(share * sizes[level])]
        below, above = of_level(level), of_level(level + 1) if level + 1 < len(sizes) else None
        if below is None:
            raise OptionError(f"layer {level} has no weight for every pair of neurons: dead neurons need dense layers.")
        below[:, dead] = 0
        if above is not None:
            above[dead] = 0
        if f"layer{level}.b" in found:
            found[f"layer{level}.b"][dead] = 0
    return found


def mismatch(n, variation, rng):
    """Factors of a parameter that differs between `n` neurons: log-normal, mean 1, this coefficient of variation."""
    if variation < 0:
        raise OptionError(f"a coefficient of variation is 0 or more, not {variation}.")
    sigma = np.sqrt(np.log1p(variation**2))
    return np.exp(sigma * rng.standard_normal(n) - sigma**2 / 2)
