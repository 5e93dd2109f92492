"""Recordings as NWB files (Neurodata Without Borders; Ruebel et al. 2022, eLife 11:e78362).

Every neuron is a row of ``units``, every stimulus epoch one of ``trials``, and every recorded variable of a layer a
`TimeSeries` in ``acquisition``, whose columns are the rows of the table ``columns`` in ``analysis``.  All times are in
seconds, on the one clock of the recording.
"""

import datetime
import importlib.metadata
import json
import uuid

import numpy as np

from brianff.errors import OptionError
from brianff.exchange.parts import layer_name, neurons_of, require_recording, signals
from brianff.extras import library

__all__ = ["to_nwb"]

_MEANINGS = {
    "layer": "layer of the neuron, 0 the input", "neuron": "its number within the layer, from 0",
    "channel": "channel of its layer, -1: none", "row": "row of its position, -1: none",
    "column": "column of its position, -1: none",
}  # fmt: skip
_TRIALS = {
    "phase": "1 positive, -1 negative, 0 none", "label": "class that was shown, -1: a neutral label, -2: none",
    "phase_and_label": "the same in words", "sample": "which sample was shown, -1: not known",
    "intensity": "of every input channel, 0 to 1",
}  # fmt: skip


def to_nwb(recording, description="a simulated spiking network, recorded by brianff", start=None, notes=None):
    """A recording as a `pynwb.NWBFile`.

    Parameters
    ----------
    recording : `brianff.Recording`
    description : str
        Of the session.
    start : datetime, optional
        When the session began, with its time zone (default: now).
    notes : dict, optional
        What else is to be kept, as JSON.

    Returns
    -------
    file : `pynwb.NWBFile`

    Raises
    ------
    BrianffError
        If pynwb is not installed.

    Examples
    --------
    >>> ff.exchange.write(ff.exchange.to_nwb(run.record([0, 1])), "recording.nwb")
    """
    require_recording(recording)
    pynwb, now = library("pynwb"), datetime.datetime.now(datetime.UTC)
    if start is not None and start.tzinfo is None:
        raise OptionError("start: NWB needs the time zone, as in datetime.now(timezone.utc).")
    file = pynwb.NWBFile(
        session_description=description,
        identifier=str(uuid.uuid4()),
        session_start_time=start or now,
        notes=json.dumps(notes) if notes else None,
        was_generated_by=[["brianff", importlib.metadata.version("brianff")]],
    )
    _add_units(file, recording)
    _add_trials(file, recording)
    _add_signals(pynwb, file, recording)
    return file


def _add_units(file, recording):
    neurons = [neurons_of(recording, level) for level in range(len(recording.sizes))]
    columns = list(max(neurons, key=len))
    for name in columns:
        file.add_unit_column(name, _MEANINGS[name])
    for level, of_layer in enumerate(neurons):
        i, t = recording.spikes(level)
        order = np.lexsort((t, i))
        pieces = np.split(1e-3 * t[order], np.searchsorted(i[order], np.arange(1, recording.sizes[level])))
        for neuron, times in enumerate(pieces):
            said = {name: int(of_layer[name][neuron]) if name in of_layer else -1 for name in columns}
            file.add_unit(spike_times=times, **said)


def _add_trials(file, recording):
    for name, meaning in _TRIALS.items():
        file.add_trial_column(name, meaning)
    for shown in recording.epochs:
        file.add_trial(
            start_time=1e-3 * shown.start,
            stop_time=1e-3 * shown.stop,
            phase=shown.phase,
            label=shown.label,
            phase_and_label=shown.phase_and_label,
            sample=shown.sample,
            intensity=np.asarray(shown.image, float),
        )


def _add_signals(pynwb, file, recording):
    compressed = library("pynwb").H5DataIO
    columns = library("hdmf.common").DynamicTable(
        name="columns", description="the columns of every series of acquisition, in their order"
    )
    columns.add_column("series", "name of the TimeSeries")
    for name in ("layer", "neuron"):
        columns.add_column(name, _MEANINGS[name])
    columns.add_column("unit_row", "row of the neuron in units, -1: of the layer as a whole")
    first = np.cumsum([0, *recording.sizes])
    for signal in signals(recording):
        name, of = f"{signal.name}_layer{signal.level}", layer_name(signal.level)
        series = pynwb.TimeSeries(
            name=name,
            data=compressed(signal.values, compression="gzip"),
            unit="dimensionless" if signal.unit == "1" else signal.unit,
            starting_time=0.0,
            rate=1e3 / recording.dt,
            description=f"{signal.name} of {of}, after the reset of each time step",
        )
        file.add_acquisition(series)
        for neuron in (-1,) if signal.neurons is None else map(int, signal.neurons):
            unit = -1 if neuron < 0 else int(first[signal.level]) + neuron
            columns.add_row(series=name, layer=signal.level, neuron=neuron, unit_row=unit)
    if len(columns):
        file.add_analysis(columns)
