"""What the neurons of a network do in a few presentations, in every time step, on the NumPy reference device."""

import zipfile
import zlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from brianff.devices import simulator as make_simulator
from brianff.devices.memory import require_memory
from brianff.equations.text import unit_string
from brianff.errors import OptionError
from brianff.learning.health import listed, lower_threshold
from brianff.network.monitors import DERIVED, THRESHOLD, membrane, shown_variables
from brianff.results import ResultsError, write_arrays
from brianff.stimulus import LABEL_NEUTRAL, LABEL_NONE
from brianff.units import display_unit, with_unit

__all__ = ["Recording", "ShownEpoch", "check_recording", "collect", "divergence", "record_presentations", "silence"]

PHASES = {1: "positive", -1: "negative", 0: "neutral"}
NEEDED = ("sizes", "dt", "t", "start", "stop", "phase", "label", "image", "variables", "membrane", "diverged")


@dataclass(frozen=True, eq=False)
class ShownEpoch:
    """A stimulus epoch of a recording.

    Attributes
    ----------
    phase : int
        +1 positive, -1 negative, 0 no learning.
    label : int
        Class, `LABEL_NEUTRAL` or `LABEL_NONE`.
    image : (n_pixels,) array
        Intensities; of spike trains the first time of each channel, as a part of the stimulus epoch; 0 in a gap.
    start, stop : float
        In ms.
    sample : int
        As it was asked for, of its set counted from 0; -1 in a gap, or where it is not known.
    """

    phase: int
    label: int
    image: np.ndarray
    start: float
    stop: float
    sample: int = -1

    @property
    def name(self):
        """Of the phase, as in figures."""
        return PHASES[self.phase]

    @property
    def phase_and_label(self):
        """Both in words."""
        return f"{self.name} phase, {self.label_name}" if self.phase else self.label_name

    @property
    def label_name(self):
        """Of the label, in words."""
        return {LABEL_NEUTRAL: "neutral label", LABEL_NONE: "no label"}.get(self.label, f"label {self.label}")


class Recording:
    """Spikes and variables of a network's neurons in a few stimulus epochs.  All times are in ms.

    Parameters
    ----------
    arrays : dict of str -> array
        As `save` writes them.  ``sizes`` of the layers, the input first; ``dt``; ``t`` of every step; of every
        stimulus epoch ``start``, ``stop``, ``phase``, ``label`` and ``image``; ``membrane`` and ``variables`` (see
        `membrane` and `state`); ``diverged``.  For every layer l ``spikes{l}_i`` and ``spikes{l}_t``; for those
        above the input ``neurons{l}``, ``traces{l}_NAME`` in the SI unit ``unit{l}_NAME``, and, where there are any,
        ``threshold{l}`` and ``goodness{l}``.  ``shapes`` of layers with positions; ``sample`` of every stimulus epoch.

    Attributes
    ----------
    sizes : tuple of int
        Neurons of every layer, the input first.
    dt : float
        Length of a time step.
    t : (steps,) array
        Of what `trace`, `threshold` and `goodness` give.
    epochs : list of `ShownEpoch`
    membrane : str
        The variable that crosses the threshold; empty where none does.
    state : tuple of str
        State variables of the neuron model, the membrane first.
    diverged : str
        What `divergence` says.

    Raises
    ------
    ResultsError
        If arrays are missing.
    """

    def __init__(self, arrays):
        layers = range(len(arrays["sizes"])) if "sizes" in arrays else ()
        spikes = [f"spikes{level}_{part}" for level in layers for part in "it"]
        if missing := [key for key in (*NEEDED, *spikes) if key not in arrays]:
            raise ResultsError(f"this is no recording: it lacks {', '.join(missing)}.")
        self._arrays = dict(arrays)
        self.sizes = tuple(int(n) for n in arrays["sizes"])
        self.dt, self.t = float(arrays["dt"]), arrays["t"]
        self.membrane, self.diverged = str(arrays["membrane"]), str(arrays["diverged"])
        self.state = tuple(map(str, arrays["variables"]))

    @cached_property
    def epochs(self):
        a = self._arrays
        phase, label, start, stop = (a[key].tolist() for key in ("phase", "label", "start", "stop"))
        sample = a.get("sample", np.full(len(phase), -1)).tolist()
        return [ShownEpoch(*each) for each in zip(phase, label, a["image"], start, stop, sample, strict=True)]

    @property
    def shapes(self) -> tuple:
        """(channels, height, width) of every layer, the input first, or None where neurons have no positions: tuple."""
        found = self._arrays.get("shapes", np.zeros((len(self.sizes), 3), int))
        return tuple(tuple(shape) if any(shape) else None for shape in np.asarray(found).tolist())

    def spikes(self, level) -> tuple[np.ndarray, np.ndarray]:
        """Neurons that spike in a layer, 0 being the input, and when: (n_spikes,) int and float arrays."""
        self._check(level, 0)
        return self._arrays[f"spikes{level}_i"], self._arrays[f"spikes{level}_t"]

    def neurons(self, level=1) -> np.ndarray:
        """Which neurons of a layer `trace` and `threshold` have: (n,) int array."""
        self._check(level)
        return self._arrays[f"neurons{level}"]

    def variables(self, level=1) -> tuple:
        """Names of the variables that `trace` knows of a layer, the state of the neuron model first: tuple."""
        self._check(level)
        prefix = f"traces{level}_"
        names = [key.removeprefix(prefix) for key in self._arrays if key.startswith(prefix)]
        return tuple(sorted(names, key=lambda name: (*self.state, name).index(name)))

    def trace(self, name, level=1) -> np.ndarray:
        """A variable of the recorded neurons in every step: (neurons, steps), a Brian2 quantity if it has a unit."""
        if name not in (names := self.variables(level)):
            raise OptionError(f"there is no variable '{name}' of layer {level}: there are {', '.join(names)}.")
        return with_unit(self._arrays[f"traces{level}_{name}"], str(self._arrays[f"unit{level}_{name}"]))

    def threshold(self, level=1) -> np.ndarray | None:
        """What the membrane has to exceed, as `trace`; None if a spike has another condition than that."""
        self._check(level)
        values = self._arrays.get(f"threshold{level}")
        return None if values is None else with_unit(values, str(self._arrays[f"unit{level}_{self.membrane}"]))

    def goodness(self, level=1) -> np.ndarray | None:
        """Of a layer in every step: (steps,); None where layers have none."""
        self._check(level)
        return self._arrays.get(f"goodness{level}")

    def epoch_at(self, t) -> np.ndarray:
        """Index of the stimulus epoch of each time in ms; after the last one, their number."""
        edges = np.append(self._arrays["start"], self._arrays["stop"][-1:])
        # half a step more keeps times that are a rounding error early in their epoch
        return np.searchsorted(edges, np.asarray(t) + self.dt / 2, side="right") - 1

    def named(self, samples) -> "Recording":
        """The same recording, whose stimulus epochs know by what number each of the `samples` was asked for."""
        row = self._arrays.get("sample", np.full(len(self.epochs), -1))
        # what is shown in a negative phase may be an image of its own, behind all others
        known = np.where(row < 0, -1, np.asarray(samples)[row % len(samples)])
        return Recording(self._arrays | {"sample": known})

    def only(self, variables) -> "Recording":
        """The same recording, with some of the variables alone.

        Raises
        ------
        OptionError
            If no layer has one of them; it names those that there are.
        """
        levels = range(1, len(self.sizes))
        known = list(dict.fromkeys(name for level in levels for name in self.variables(level)))
        if unknown := [name for name in variables if name not in known]:
            raise OptionError(f"--variables: no neuron has a variable '{unknown[0]}': there are {', '.join(known)}.")
        others = [f"{part}{k}_{name}" for part in ("traces", "unit") for k in levels for name in known]
        kept = {f"{part}{k}_{name}" for part in ("traces", "unit") for k in levels for name in variables}
        kept |= {f"unit{level}_{self.membrane}" for level in levels}  # that of the threshold
        return Recording({key: a for key, a in self._arrays.items() if key in kept or key not in others})

    def arrays(self) -> dict:
        """All of it as a dictionary of arrays, of which `Recording` can be made again."""
        return dict(self._arrays)

    def save(self, path) -> None:
        """Write an npz file, whose arrays `numpy.load` reads; see `Recording`."""
        write_arrays(path, self._arrays)

    @classmethod
    def load(cls, path) -> "Recording":
        """Read what `save` wrote, or ``recordings.npz`` of a run.

        Raises
        ------
        ResultsError
            If the file is missing or damaged, or holds something else.
        """
        try:
            with np.load(path, allow_pickle=False) as data:
                arrays = dict(data)
        except FileNotFoundError:
            raise ResultsError(f"{path} does not exist.") from None
        except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise ResultsError(f"{path} is not a valid npz file ({error}): record again.") from None
        try:
            return cls(arrays)
        except ResultsError as error:
            raise ResultsError(f"{path}: {error}") from None

    def __repr__(self):
        spikes = ", ".join(str(len(self.spikes(level)[0])) for level in range(len(self.sizes)))
        traces = "; ".join(
            f"{', '.join(self.variables(level))} of {len(self.neurons(level))} neurons of layer {level}"
            for level in range(1, len(self.sizes))
        )
        length = self.epochs[-1].stop if self.epochs else 0
        return (
            f"<Recording of {len(self.epochs)} stimulus epochs, {length:g} ms in steps of {self.dt:g} ms; layers of "
            f"{'-'.join(map(str, self.sizes))} neurons with {spikes} spikes; {traces}>"
        )

    def _check(self, level, lowest=1):
        if level not in range(lowest, len(self.sizes)):
            of_input = "of the input, layer 0, only the spikes are recorded; " if level == 0 else ""
            raise OptionError(f"level={level}: {of_input}the layers are {lowest} to {len(self.sizes) - 1}.")


def record_presentations(composition, architecture, inputs, images, schedule, neurons=None):
    """`Recording` of neurons in a few presentations, on the NumPy reference device.

    The compiled network has no monitors; the reference gives the same spikes and needs no compiler.

    Parameters
    ----------
    composition : `Composition`
    architecture : `Architecture`
        Its batch and capacity are replaced by what the schedule needs.
    inputs : dict
        Of the run, weights among them; scalar values are the same for a batch of one.
    images : (n, n_pixels) array or `brianff.trains.SpikeTrains`
    schedule : `Schedule`
        With a batch of one.
    neurons : sequence of int, or dict of level -> sequence of int, optional
        Neurons whose variables are recorded in every step: of every layer as many of them as there are, or of the
        layers named (default: all).  Spikes are recorded of all neurons.

    Raises
    ------
    OptionError
        If a neuron or a layer is asked for that there is not, or more than there is memory for.
    """
    steps = int(schedule.lengths(architecture).sum())
    total = None if schedule.steps is None else steps
    size = dict(images=len(images), total_steps=total)
    if not isinstance(images, np.ndarray):
        images = images.read()
        size["events"] = max(images.n_events, 1)
    a = architecture.with_(batch=1, capacity=len(schedule), **size)
    chosen = check_recording(composition, a, schedule, neurons)
    simulator = make_simulator("runtime", a, composition, record=chosen)
    simulator.run(inputs | schedule.inputs(a, images), len(schedule))
    return collect(simulator, images, schedule)


def check_recording(composition, architecture, schedule, neurons=None):
    """Neurons to record (level -> list, or True for all); raises what `record_presentations` refuses beforehand."""
    chosen = _chosen(neurons, architecture.sizes)
    n = sum(architecture.sizes[1:] if chosen is True else map(len, chosen.values()))
    steps = int(schedule.lengths(architecture).sum())
    values = n * steps * len(shown_variables(composition))
    require_memory(8 * values, f"neurons: the variables of {n:,} neurons in {steps:,} time steps")
    return chosen


def _chosen(neurons, sizes):
    """Level -> neurons that are recorded, or True for all."""
    if neurons is None:
        return True
    if not isinstance(neurons, dict):
        neurons = list(neurons)
        if neurons and (min(neurons) < 0 or min(neurons) >= max(sizes[1:])):
            raise OptionError(f"neurons: no layer has a neuron {min(neurons)}; they are counted from 0.")
        return {level: [i for i in neurons if i < sizes[level]] for level in range(1, len(sizes))}
    for level, chosen in neurons.items():
        if level not in range(1, len(sizes)):
            raise OptionError(f"neurons: there is no layer {level} above the input: they are 1 to {len(sizes) - 1}.")
        if wrong := [i for i in chosen if not 0 <= i < sizes[level]]:
            raise OptionError(f"neurons: layer {level} has neurons 0 to {sizes[level] - 1}, and no {wrong[0]}.")
    return {level: list(neurons.get(level, ())) for level in range(1, len(sizes))}


def collect(simulator, images, schedule):
    """`Recording` of the last run of a `RuntimeSimulator` made with ``record``; see `record_presentations`."""
    a = simulator.architecture
    built, composition = simulator.built, simulator.built.composition
    ends = np.cumsum(schedule.lengths(a))
    out = {
        "sizes": np.array(a.sizes),
        "shapes": np.array([layer.shape or (0, 0, 0) for layer in (a.input_layer, *a.layers)]),
        "dt": np.array(a.dt_ms),
        "start": np.append(0, ends[:-1]) * a.dt_ms,
        "stop": ends * a.dt_ms,
        "phase": schedule.phase,
        "label": schedule.label[:, 0],
        "sample": schedule.image[:, 0],
        "image": np.where(schedule.image[:, :1] < 0, 0, _intensities(images)[schedule.image[:, 0]]),
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
            for recorded in traces.record_variables:
                values, name = np.array(getattr(traces, f"{recorded}_")), recorded.removeprefix(DERIVED)
                if recorded == THRESHOLD:
                    out[f"threshold{level}"] = values
                else:
                    out[f"traces{level}_{name}"] = values
                    out[f"unit{level}_{name}"] = np.array(unit_string(traces.variables[recorded].dim))
            if (of_layer := built.traces.get(f"layer{level}")) is not None:
                out[f"goodness{level}"] = np.array(of_layer.g_)[0]
    return Recording(out)


def _intensities(images):
    """(n, n_pixels) array; of spike trains, the number of spikes relative to the busiest channel of all."""
    if isinstance(images, np.ndarray):
        return images
    counts = images.counts()
    return counts / max(counts.max(), 1)


def divergence(built):
    """A sentence on the first value of a neuron in the last run that was no finite number, or nothing.

    `built` is a `FeedForwardNetwork` with monitors, on the NumPy runtime.
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

    `gain` is an option that makes weights larger, and its value.
    """
    silent = [level for level in range(len(recording.sizes)) if not len(recording.spikes(level)[0])]
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
    name, threshold = recording.membrane, recording.threshold(level)
    if threshold is None or name not in recording.variables(level):
        return ""
    values = recording.trace(name, level)
    with np.errstate(invalid="ignore"):
        gap = np.asarray(threshold - values)
    if not np.isfinite(gap).any():
        return ""
    at = np.unravel_index(np.nanargmin(np.where(np.isfinite(gap), gap, np.inf)), gap.shape)
    unit, scale = display_unit(threshold[at] if abs(threshold[at]) > abs(values[at]) else values[at])
    v, limit = (f"{float(x) / scale:.4g} {unit}".strip() for x in (values[at], threshold[at]))
    return f": {name} came up to {v}, of a threshold of {limit}"
