"""What an answer costs: the metrics of NeuroBench (Yik et al. 2025, arXiv 2304.04640), and energy as a range.

===================== ================================================================================================
activation sparsity   1 - spikes/(neurons*steps*samples), of the neurons behind the input; without spikes: the part of
                      activities that are 0
connection sparsity   part of the weights that are 0
footprint             bytes of all weights and of the state of neurons and layers, as they are simulated
effective operations  synapses with a weight that spikes, or activities that are not 0, went through, a sample:
                      accumulates (of spikes), or multiply-accumulates (of numbers)
dense operations      the same if every neuron sent something in every step
membrane updates      neurons times steps
===================== ================================================================================================

A sample here is one presentation; where every label is tried, an answer takes a presentation for each class.

Energy is synaptic operations times the energy of one on published chips, from Tianjic to SpiNNaker, and never one
number: a chip does other things beside (Frontiers in Neuroscience 2023, PMC10326429).  An arithmetic unit in 45 nm
takes 0.9 pJ for an accumulate and 4.6 pJ for a multiply-accumulate (Horowitz 2014), whatever the memory takes.
"""

import numpy as np

from brianff.studies.twin import spikes_of

__all__ = ["ARITHMETIC", "CHIPS", "costs", "energy"]

# pJ a synaptic operation
CHIPS = {
    "Tianjic": 1.5, "TrueNorth": 2.5, "SENECA": 2.8, "ReckOn": 5.3, "SpiNNaker2": 10.0, "ODIN": 12.7, "Loihi": 23.6,
    "SpiNNaker": 45.0,
}  # fmt: skip
ARITHMETIC = {"accumulate": 0.9, "multiply-accumulate": 4.6}  # pJ, 45 nm


def energy(operations):
    """Energy of so many synaptic operations, in nJ, on the chips that need the least and the most."""
    return 1e-3 * operations * min(CHIPS.values()), 1e-3 * operations * max(CHIPS.values())


def _weights(method):
    """Matrices of the projections from layer to layer, as (level of the source, matrix)."""
    if not method.has_spikes:
        return [(level - 1, w) for level, w in method.weights().items() if isinstance(level, int)]
    state = method.state()
    return [(p.source, p.matrix(state[p.key("w")])) for p in method.architecture.projections]


def costs(method, samples):
    """What one presentation costs a trained network, on average over samples.

    Parameters
    ----------
    method : `brianff.learning.method.Method`
        Of spiking neurons, or of layers of rectified linear units.
    samples : (n,) int array
        Rows of its data set.

    Returns
    -------
    costs : dict of str -> float
        activation_sparsity, connection_sparsity, footprint, effective, dense, membrane_updates (0 without spikes),
        spikes (of all neurons behind the input; without spikes, active units), presentations (of an answer).
    """
    weights, n = _weights(method), len(samples)
    if method.has_spikes:
        counts, steps, footprint = _spikes(method, samples)
    else:
        counts, steps, footprint = _activities(method, samples)
    sizes = [array.shape[1] for array in counts]
    behind = sum(sizes[1:])
    tries = method.data.n_classes if not method.has_output and getattr(method.options, "labels_shown", False) else 1
    return {
        "activation_sparsity": float(1 - sum(c.sum() for c in counts[1:]) / (behind * steps * n)),
        "connection_sparsity": float(np.mean(np.concatenate([np.ravel(w) for _, w in weights]) == 0)),
        "footprint": float(footprint),
        "effective": float(sum(np.sum(counts[k].sum(axis=0) * np.sum(w != 0, axis=1)) for k, w in weights) / n),
        "dense": float(sum(w.size for _, w in weights) * steps),
        "membrane_updates": float(behind * steps if method.has_spikes else 0),
        "spikes": float(sum(c.sum() for c in counts[1:]) / n),
        "presentations": float(tries),
    }


def _spikes(method, samples):
    """Spikes of every neuron in every sample, a list of (n, n_l) arrays; steps; bytes."""
    a = method.architecture
    labels = method.data.labels[samples] if a.label_neurons else None
    spikes = spikes_of(method, samples, labels, range(len(a.sizes)))
    counts = [
        np.bincount(row * size + neuron, minlength=len(samples) * size).reshape(-1, size)
        for size, (row, neuron, _) in zip(a.sizes, spikes, strict=True)
    ]
    width = 4 if a.dtype == "float32" else 8
    groups = dict(method.composition.parts(a))
    variables = {level: len(groups[f"neurons{level}"].names()) for level in method.levels}
    state = sum(variables[level] * a.sizes[level] for level in method.levels)
    learnt = sum(np.size(v) for k, v in method.state().items() if k.endswith(".w"))
    return counts, a.n_steps, width * (learnt + state)


def _activities(method, samples):
    """Which units are not 0 in every sample; one step; bytes."""
    pixels = method.pixels[samples]
    if hasattr(method, "input"):
        pixels = method.input(pixels, method.data.labels[samples])
        layers = [pixels, *method.activities(pixels)]
    else:
        seen, scores, _ = method.activities(pixels)
        layers = [*seen, scores]
    weights = sum(v.nbytes for k, v in method.state().items() if k.endswith((".w", ".b")))
    return [np.asarray(layer != 0, float) for layer in layers], 1, weights + 4 * sum(x.shape[1] for x in layers[1:])
