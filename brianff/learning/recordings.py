"""What the neurons of a network do in a few presentations, in every time step, on the NumPy reference device."""

import io

import numpy as np
from brian2.units.fundamentalunits import DIMENSIONLESS, get_unit

from brianff.devices.device import RuntimeSimulator
from brianff.learning.health import listed, lower_threshold
from brianff.network.monitors import DERIVED, THRESHOLD, membrane, shown_variables
from brianff.results import atomic_write
from brianff.units import display_unit

__all__ = ["collect_recording", "divergence", "record_presentations", "recorded_variables", "save_recording", "silence"]


def record_presentations(composition, architecture, inputs, images, schedule, neurons=None):
    """Spikes and variables of neurons in a few presentations, on the NumPy reference device.

    The compiled network has no monitors; the reference gives the same spikes and needs no compiler.

    Parameters
    ----------
    composition : `Composition`
    architecture : `Architecture`
        Its batch and capacity are replaced by what the schedule needs.
    inputs : dict
        Of the run, weights among them; scalar values are the same for a batch of one.
    images : (n, n_pixels) array
    schedule : `Schedule`
        With a batch of one.
    neurons : sequence of int, optional
        Neurons of each hidden layer whose variables are recorded in every step (default: all).

    Returns
    -------
    recording : dict of name -> array
        For every layer l, 0 being the input, ``spikes{l}_i`` and ``spikes{l}_t`` (ms); for hidden layers
        ``neurons{l}``, the neurons recorded, ``traces{l}_NAME``, (neurons, steps), of every variable, in the SI unit
        ``unit{l}_NAME`` ("1": none), ``threshold{l}``, (neurons, steps), where the neuron's condition for a spike has
        the form ``NAME > expression``, and ``goodness{l}``, (steps,).  ``membrane``: the variable that crosses the
        threshold; ``variables``: the neuron model's state variables, this one first.  ``t`` (ms) of every step;
        ``n_steps``, ``dt`` (ms), ``sizes`` of the layers; ``phase``, ``label`` and ``image`` of every stimulus epoch.
        ``diverged``: what `divergence` says.
    """
    a = architecture.with_(batch=1, capacity=len(schedule), images=len(images))
    simulator = RuntimeSimulator(a, composition, record=True if neurons is None else list(neurons))
    simulator.run({**inputs, "images": images, **schedule.inputs(a)}, len(schedule))
    return collect_recording(simulator, images, schedule)


def collect_recording(simulator, images, schedule):
    """What a `RuntimeSimulator` with monitors has recorded in its last run, as described in `record_presentations`."""
    a = simulator.architecture
    built, composition = simulator.built, simulator.built.composition
    out = {
        "phase": schedule.phase,
        "label": schedule.label[:, 0],
        "image": images[schedule.image[:, 0], :: a.events],
        "n_steps": np.array(a.n_steps),
        "dt": np.array(a.dt_ms),
        "sizes": np.array(a.sizes),
        "membrane": np.array(membrane(composition) or ""),
        "variables": np.array(shown_variables(composition), dtype=str),
        "diverged": np.array(divergence(built)),
    }
    for level in range(len(a.sizes)):
        spikes = built.spikes[f"neurons{level}"]
        out[f"spikes{level}_i"] = np.array(spikes.i)
        out[f"spikes{level}_t"] = np.array(spikes.t) * 1e3
        if level:
            traces = built.traces[f"neurons{level}"]
            out["t"] = np.array(traces.t) * 1e3
            out[f"neurons{level}"] = np.array(traces.record)
            out |= _traces(traces, level)
            out[f"goodness{level}"] = np.array(built.traces[f"layer{level}"].g_)[0]
    return out


def recorded_variables(simulator, level=1):
    """Names of the variables that a simulator records of a layer's neurons."""
    names = simulator.built.traces[f"neurons{level}"].record_variables
    return sorted(name.removeprefix(DERIVED) for name in names if name != THRESHOLD)


def _traces(monitor, level):
    """Arrays of a monitor of neurons, with their units."""
    out = {}
    for recorded in monitor.record_variables:
        values = np.array(getattr(monitor, f"{recorded}_"))
        if recorded == THRESHOLD:
            out[f"threshold{level}"] = values
            continue
        name = recorded.removeprefix(DERIVED)
        dim = monitor.variables[recorded].dim
        out[f"traces{level}_{name}"] = values
        out[f"unit{level}_{name}"] = np.array("1" if dim is DIMENSIONLESS else str(get_unit(dim)))
    return out


def save_recording(path, recording):
    """Write a recording as an npz file, which `numpy.load` reads."""
    buffer = io.BytesIO()
    np.savez(buffer, **recording)
    atomic_write(path, buffer.getbuffer())


def divergence(built):
    """A sentence on the first value of a neuron in the last run that was no finite number, or nothing.

    Parameters
    ----------
    built : `FeedForwardNetwork`
        With monitors, on the NumPy runtime.
    """
    if built.watch.found is None:
        return ""
    variable, neuron, level, t = built.watch.found
    dt, method = built.architecture.dt_ms, built.composition.neurons.method
    return (
        f"{variable} of neuron {neuron} of layer {level} is not finite at t = {t:g} ms: try --dt {dt / 10:g} (now "
        f"{dt:g} ms, method {method})."
    )


def silence(recording, composition, gain=None):
    """A sentence on the layers of a recording without a spike, and how near the threshold they came, or nothing.

    Parameters
    ----------
    recording : dict
        Of `record_presentations`.
    composition : `Composition`
    gain : (str, float), optional
        Option that makes weights larger, and its value.
    """
    sizes = recording["sizes"]
    silent = [level for level in range(len(sizes)) if not len(recording[f"spikes{level}_i"])]
    if not silent:
        return ""
    if silent[0] == 0:
        return f"no input channel spiked: look at the encoder, {composition.models['encoder'].path}."
    remedies = [f"{gain[0]} {2 * gain[1]:g}"] if gain else []
    remedies.append(lower_threshold(composition))
    of_layers = listed([f"layer {level}" for level in silent])
    return f"no neuron of {of_layers} spiked{_nearest(recording, silent[0])}: try {' or '.join(remedies)}."


def _nearest(recording, level):
    """How near the membranes of a layer came to their threshold, in words."""
    name, key = str(recording["membrane"]), f"threshold{level}"
    if key not in recording or f"traces{level}_{name}" not in recording:
        return ""
    values, threshold = recording[f"traces{level}_{name}"], recording[key]
    with np.errstate(invalid="ignore"):
        gap = threshold - values
    if not np.isfinite(gap).any():
        return ""
    at = np.unravel_index(np.nanargmin(np.where(np.isfinite(gap), gap, np.inf)), gap.shape)
    unit, scale = display_unit(str(recording[f"unit{level}_{name}"]), [values[at], threshold[at]])
    v, limit = (f"{x / scale:.4g} {unit}".strip() for x in (values[at], threshold[at]))
    return f": {name} came up to {v}, of a threshold of {limit}"
