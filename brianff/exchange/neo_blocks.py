"""Recordings as Neo objects (Garcia et al. 2014, Front. Neuroinform. 8:10), which Elephant and others analyse.

A `neo.Block` has a segment for every stimulus epoch, on the common clock of the recording: a spike train of every
neuron, those that are silent included, the recorded signals, and an epoch that says phase and label.  A group for each
layer collects its spike trains over all segments.

Files are MATLAB files of `neo.io.NeoMatlabIO`.  Of the formats that Neo both writes and reads, pickles do not outlast
a version of Neo, and NIX takes minutes: 23 ms, and 20 kB, for a spike train (7 700 of them, six presentations of a
network of 1 300 neurons: 180 s and 167 MB; as a MATLAB file 3 384 trains take 7.3 s and 4.2 MB).  MATLAB's format of
level 5 is published, has stood still since 1996, and SciPy, MATLAB and Octave read it.
"""

import numpy as np

from brianff.exchange.parts import layer_name, neurons_of, require_recording, signals
from brianff.extras import library
from brianff.units import with_unit

__all__ = ["to_neo", "unit_of_neo"]

_BASE = ("m", "kg", "s", "A", "K", "mol", "cd")
_NAMED = {
    "second": "s", "hertz": "Hz", "volt": "V", "amp": "A", "siemens": "S", "farad": "F", "ohm": "ohm", "coulomb": "C",
}  # fmt: skip


def to_neo(recording, **annotations):
    """A recording as a `neo.Block`.

    Parameters
    ----------
    recording : `brianff.Recording`
    **annotations
        Of the block.

    Returns
    -------
    block : `neo.Block`
        Segments with annotations ``phase`` (1 positive, -1 negative, 0 none), ``label`` and ``sample`` (-1: not known).
        Spike trains in ms with ``layer`` (0: the input) and ``neuron``, where there are positions also ``channel``,
        ``row``, ``column``.  Signals in SI units, `layer`, and `neurons`, of the columns in their order.

    Raises
    ------
    BrianffError
        If Neo is not installed.

    Examples
    --------
    >>> block = ff.exchange.to_neo(run.record([0, 1]))
    >>> rates = [elephant.statistics.mean_firing_rate(train) for train in block.segments[0].spiketrains]
    """
    require_recording(recording)
    neo, ms = library("neo"), library("quantities").ms
    block = neo.Block(name="brianff recording", **annotations)
    groups = [neo.Group(name=layer_name(k), layer=k, n_neurons=n) for k, n in enumerate(recording.sizes)]
    block.groups.extend(groups)
    spikes = [_spikes(recording, level) for level in range(len(recording.sizes))]
    neurons = [neurons_of(recording, level) for level in range(len(recording.sizes))]
    known, of_step = list(signals(recording)), recording.epoch_at(recording.t)
    for k, shown in enumerate(recording.epochs):
        said = dict(phase=shown.phase, label=shown.label, sample=shown.sample)
        segment = neo.Segment(name=f"stimulus epoch {k}", index=k, **said)
        block.segments.append(segment)
        limits = dict(t_start=shown.start * ms, t_stop=shown.stop * ms)
        for level, group in enumerate(groups):
            for i, times in enumerate(spikes[level](k)):
                of_neuron = {name: int(values[i]) for name, values in neurons[level].items()}
                train = neo.SpikeTrain(times, units="ms", name=f"{group.name}, neuron {i}", **limits, **of_neuron)
                segment.spiketrains.append(train)
                group.spiketrains.append(train)
        steps = of_step[: len(known[0].values) if known else 0] == k
        sampling = dict(t_start=shown.start * ms, sampling_period=recording.dt * ms)
        segment.analogsignals.extend([_signal(neo, one, one.values[steps], sampling) for one in known])
        when = dict(times=[shown.start] * ms, durations=[shown.stop - shown.start] * ms)
        segment.epochs.append(neo.Epoch(**when, labels=[shown.phase_and_label], name="phase and label", **said))
    return block


def _spikes(recording, level):
    """Times of the spikes of every neuron of a layer in a stimulus epoch, in order: a function of its index."""
    i, t = recording.spikes(level)
    order = np.lexsort((t, i, epoch := recording.epoch_at(t)))
    i, t, n = i[order], t[order], recording.sizes[level]
    edges = np.searchsorted(epoch[order] * n + i, np.arange(n * len(recording.epochs) + 1))

    def of_epoch(k):
        return [t[edges[j] : edges[j + 1]] for j in range(k * n, (k + 1) * n)]

    return of_epoch


def _signal(neo, signal, values, sampling):
    of_neurons = {} if signal.neurons is None else {"neurons": np.asarray(signal.neurons)}
    if of_neurons:  # files keep the annotation, memory has both
        of_neurons["array_annotations"] = {"neuron": of_neurons["neurons"]}
    name = f"{signal.name} of {layer_name(signal.level)}"
    said = dict(layer=signal.level, variable=signal.name, **of_neurons)
    return neo.AnalogSignal(values, units=unit_of_neo(signal.unit), name=name, **sampling, **said)


def unit_of_neo(text):
    """Of the library `quantities`, from the text of `unit_string`."""
    if text == "1":
        return "dimensionless"
    if text in _NAMED:
        return _NAMED[text]
    dims = zip(_BASE, with_unit(1.0, text).dim._dims, strict=True)
    return "*".join(f"{name}**{exponent:g}" for name, exponent in dims if exponent)
