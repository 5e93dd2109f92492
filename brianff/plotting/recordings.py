"""Figures of a recording: spikes of all layers, and the variables of one neuron in time."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator

from brianff.network.feedforward import LABEL_NEUTRAL, LABEL_NONE
from brianff.plotting.style import COLOURS, SHADE, TEXT, WIDTH, tidy
from brianff.units import display_unit

__all__ = ["MOST_VARIABLES", "membrane", "raster"]

MOST_EPOCHS = 4  # shown unless others are asked for
MOST_VARIABLES = 7  # rows of `membrane` unless others are asked for, beside the goodness
FEW = 40  # neurons of a layer, each of which has a tick in the raster
FAR = 3.0  # times the membrane's own range: a threshold beyond that is not drawn
LARGEST = 1e100  # drawn; beyond that, axes overflow
RISE = 30  # times the median of a variable that diverges


def raster(recording, epochs=None):
    """Spikes of all neurons: one row of axes for each layer, the input at the bottom, time to the right.

    The background has the colour of the phase; above each stimulus epoch stands the label that is shown in it.  In the
    input, the label neurons lie above the pixels and their spikes have a colour of their own.

    Parameters
    ----------
    recording : dict of name -> array
        See `brianff.learning.recordings.record_presentations`.
    epochs : sequence of int, optional
        Consecutive stimulus epochs (default: the first four).

    Returns
    -------
    figure : `matplotlib.figure.Figure`
        Axes from the last layer down to the input.
    """
    _need(recording, "sizes", "image")
    epochs = _epochs(recording, epochs)
    sizes = [int(n) for n in recording["sizes"]]
    n_pixels = recording["image"].shape[1]
    levels = range(len(sizes) - 1, -1, -1)
    _need(recording, *(f"spikes{level}_{part}" for level in levels for part in "it"))

    heights = _heights([sizes[level] for level in levels])
    figure = Figure(figsize=(WIDTH, 1.0 + sum(heights)), layout="constrained")
    rows = figure.subplots(len(sizes), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    for axes, level, height in zip(rows, levels, heights, strict=True):
        t, i = recording[f"spikes{level}_t"], recording[f"spikes{level}_i"]
        chosen = np.isin(_epoch_at(recording, t), epochs)
        t, i = t[chosen], i[chosen]
        is_label = (i >= n_pixels) & (level == 0)
        size = float(np.clip(400 / sizes[level], 2.5, 8))
        spikes = dict(linestyle="", marker="|", markersize=size, markeredgewidth=0.9)
        axes.plot(t[~is_label], i[~is_label], color=COLOURS["ink"], **spikes)
        axes.set_ylim(-0.5 - 0.02 * sizes[level], 1.02 * sizes[level] - 0.5)
        _number_neurons(axes, sizes[level], height)
        axes.set_ylabel(f"layer {level}\nneuron" if level else "input\nneuron")
        if level == 0 and n_pixels < sizes[0]:
            axes.plot(t[is_label], i[is_label], color=COLOURS["label"], **spikes)
            axes.axhline(n_pixels - 0.5, color=COLOURS["ink"], linewidth=0.8, linestyle=":")
            beside = dict(transform=axes.get_yaxis_transform(), va="center", fontsize=TEXT)
            axes.text(1.01, n_pixels / 2, "pixels", color=COLOURS["ink"], **beside)
            axes.text(1.01, (n_pixels + sizes[0]) / 2, "labels", color=COLOURS["label"], **beside)
        if not len(t):
            axes.text(0.5, 0.5, "no spikes", transform=axes.transAxes, ha="center", va="center", fontsize=TEXT)
        _shade(axes, recording, epochs)
        tidy(axes)
    _name_epochs(rows[0], recording, epochs)
    rows[-1].set_xlabel("time (ms)")
    return figure


def _heights(sizes):
    """Inches of the layers' axes: by the square root, within limits; with few neurons, room for the number of each."""
    heights = np.sqrt(sizes)
    heights = 1.6 * np.clip(heights / heights.mean(), 0.6, 1.6)
    few = np.array(sizes) <= FEW
    numbered = np.where(few, np.maximum(0.96, np.array(sizes) * np.where(np.array(sizes) <= 14, 0.17, 0.11)), heights)
    return list(numbered if numbered.sum() < 8.5 else heights)


def _number_neurons(axes, n, height):
    """A tick for each of a few neurons, and numbers at as many as find room."""
    if n > FEW:
        axes.yaxis.set_major_locator(MaxNLocator(3, integer=True, steps=[1, 2, 5, 10]))
        return
    step = next(k for k in (1, 2, 5, 10, 20) if height * k / (1.04 * n) > 0.155)
    axes.yaxis.set_major_locator(FixedLocator(range(0, n, step)))
    axes.yaxis.set_minor_locator(FixedLocator(range(n)))
    axes.grid(axis="y", color=COLOURS["grid"], linewidth=0.5)


def membrane(recording, level=1, neuron=None, epochs=None, variables=None):
    """One neuron in time: membrane potential with threshold and spikes, its other variables, and its layer's goodness.

    Spikes are marks above the membrane potential, the threshold is a dashed line (where it is far off, an arrow); the
    background has the colour of the phase.

    Parameters
    ----------
    recording : dict of name -> array
        See `brianff.learning.recordings.record_presentations`.
    level : int
        Layer; 1 is the first hidden one.
    neuron : int, optional
        One of the recorded neurons of that layer (default: the one with most spikes in these epochs).
    epochs : sequence of int, optional
        Consecutive stimulus epochs (default: the first four).
    variables : sequence of str, optional
        What to show (default: the state variables of the neuron model, and the trace x; of a large model, the first).

    Returns
    -------
    figure : `matplotlib.figure.Figure`
        One axes for each variable, the membrane potential first, and one for the goodness.
    """
    _need(recording, "t", f"neurons{level}", f"goodness{level}", f"spikes{level}_t", f"spikes{level}_i")
    epochs = _epochs(recording, epochs)
    neuron, spikes = _neuron(recording, level, neuron, epochs)
    shown = np.isin(_epoch_at(recording, recording["t"]), epochs)
    t, row = recording["t"][shown], list(recording[f"neurons{level}"]).index(neuron)

    def of_neuron(key):
        return _drawable(recording[key][row][shown])

    values = {name: of_neuron(f"traces{level}_{name}") for name in _recorded(recording, level)}
    threshold = of_neuron(f"threshold{level}") if f"threshold{level}" in recording else None
    first = _membrane_name(recording)
    names = _chosen(recording, level, values, threshold, variables)

    heights = [1.8 if name == first else 1 for name in names] + [1]
    figure = Figure(figsize=(WIDTH, 1.0 + 1.15 * sum(heights)), layout="constrained")
    rows = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    for axes, name in zip(rows, names, strict=False):
        unit, scale = display_unit(str(recording.get(f"unit{level}_{name}", "1")), values[name])
        axes.plot(t, values[name] / scale, color=COLOURS["ink"], linewidth=1.3)
        axes.set_ylabel(_label(name, unit, name == first))
        _mark_divergence(axes, t, values[name])
        if name == first:
            _limits(axes, values[name] / scale, t, None if threshold is None else threshold / scale, unit)
    _mark_spikes(rows[0], spikes)
    rows[-1].plot(t, _drawable(recording[f"goodness{level}"][shown]), color=COLOURS["ink"], linewidth=1.3)
    rows[-1].set_ylabel("goodness\nof the layer")
    rows[-1].set_xlabel("time (ms)")
    for axes in rows:
        _shade(axes, recording, epochs)
        tidy(axes)
        axes.yaxis.set_major_locator(MaxNLocator(4))
    rows[0].annotate(
        f"layer {level},\nneuron {neuron}",
        (1.01, 1),
        (0, 5),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=TEXT,
    )
    figure.align_ylabels(rows)
    _name_epochs(rows[0], recording, epochs)
    return figure


def _recorded(recording, level):
    """Names of the variables that were recorded of a layer's neurons."""
    prefix = f"traces{level}_"
    return [key.removeprefix(prefix) for key in recording if key.startswith(prefix)]


def _membrane_name(recording):
    return str(recording.get("membrane", "v"))


def _neuron(recording, level, neuron, epochs):
    """The neuron that is shown, and when it spikes."""
    recorded = [int(i) for i in recording[f"neurons{level}"]]
    if not recorded:
        raise ValueError(f"no neuron of layer {level} was recorded.")
    in_epochs = np.isin(_epoch_at(recording, recording[f"spikes{level}_t"]), epochs)
    i, times = recording[f"spikes{level}_i"][in_epochs], recording[f"spikes{level}_t"][in_epochs]
    if neuron is None:
        counts = np.array([np.count_nonzero(i == number) for number in recorded])
        if not counts.any():  # the one that comes nearest to a spike
            counts = _highest(recording, level, epochs)
        neuron = recorded[int(np.argmax(counts))]
    if neuron not in recorded:
        raise ValueError(f"neuron {neuron} of layer {level} was not recorded; recorded are {_listed(recorded)}.")
    return neuron, times[i == neuron]


def _highest(recording, level, epochs):
    """The largest membrane potential of every recorded neuron, or nothing that tells them apart."""
    shown = np.isin(_epoch_at(recording, recording["t"]), epochs)
    values = recording.get(f"traces{level}_{_membrane_name(recording)}", np.zeros((1, len(shown))))[:, shown]
    return np.max(values, axis=1, where=np.isfinite(values), initial=-LARGEST)


def _chosen(recording, level, values, threshold, variables):
    """Names of the variables that are shown."""
    if variables is not None:
        if unknown := [name for name in variables if name not in values]:
            raise ValueError(f"there is no variable '{unknown[0]}' of layer {level}: there are {_listed(values)}.")
        return list(variables)
    if "variables" in recording:
        names = [*map(str, recording["variables"]), "x"]
    else:
        names = ["v", "I_syn", "x", *sorted(values)]
    chosen, seen = [], [threshold]
    for name in dict.fromkeys(names):
        # What another curve shows already is left out, such as a copy of the membrane potential for the next step.
        if name in values and not any(_same(values[name], other) for other in seen):
            chosen.append(name)
            seen.append(values[name])
    return chosen[:MOST_VARIABLES]


def _same(a, b):
    return b is not None and np.ptp(b) > 0 and np.array_equal(a, b, equal_nan=True)


def _drawable(values):
    """Without what no axes can show; where values diverge, without their last rise, beside which the rest is flat."""
    size = np.abs(values)
    with np.errstate(invalid="ignore"):
        finite = np.asarray(size, float) < LARGEST  # which single precision has not
        if not finite.all() and finite.any():
            finite &= size <= RISE * max(np.median(size[finite]), 1e-12)
    return np.where(finite, values, np.nan)


def _label(name, unit, is_membrane):
    known = {"I_syn": "synaptic\ncurrent $I_\\mathrm{syn}$", "x": "trace $x$"}
    if is_membrane:
        text = f"membrane\npotential ${name}$" if len(name) == 1 else f"membrane\npotential {name}"
    elif name in known and unit != "mV" and len(unit) < 3:
        text = known[name]
    else:
        text = name
    if not unit:
        return text
    return f"{text}\n({unit})" if "\n" not in text and len(text) + len(unit) > 10 else f"{text} ({unit})"


def _limits(axes, values, t, threshold, unit):
    """Limits of the membrane potential with room for the spikes, and the threshold as far as it is near."""
    low, high = (np.nan, np.nan) if np.isnan(values).all() else (np.nanmin(values), np.nanmax(values))
    known = threshold is not None and np.isfinite(threshold).any()
    beside = dict(transform=axes.get_yaxis_transform(), va="center", fontsize=TEXT)
    if known:
        span = high - low or abs(np.nanmin(threshold) - high) or 1.0
        if np.nanmin(threshold) > high + FAR * span or np.nanmax(threshold) < low - FAR * span:
            arrow = "↑" if np.nanmin(threshold) > high else "↓"
            limit = f"{threshold[np.isfinite(threshold)][-1]:.4g} {unit}".strip()
            axes.text(1.01, 0.75, f"threshold\n{limit} {arrow}", **beside | {"transform": axes.transAxes})
        else:
            axes.plot(t, threshold, color=COLOURS["ink"], linewidth=1.2, linestyle="--")
            low, high = np.fmin(low, np.nanmin(threshold)), np.fmax(high, np.nanmax(threshold))
            place = threshold[np.isfinite(threshold)][-1] - 0.03 * (high - low)
            axes.text(1.01, place, "threshold", **beside)
    if np.isfinite(high - low) and high > low:
        axes.set_ylim(low - 0.08 * (high - low), high + 0.3 * (high - low))


def _mark_spikes(axes, times):
    """Spikes near the upper edge of axes."""
    if not len(times):
        return
    low, high = axes.get_ylim()
    marker = dict(linestyle="", marker="|", markersize=9, markeredgewidth=1.5)
    axes.plot(times, np.full(len(times), high - 0.1 * (high - low)), color=COLOURS["ink"], **marker)
    axes.set_ylim(low, high)
    beside = dict(transform=axes.get_yaxis_transform(), va="center", fontsize=TEXT)
    axes.text(1.01, high - 0.08 * (high - low), "spikes", **beside)


def _mark_divergence(axes, t, values):
    """Where a variable leaves what can be drawn."""
    bad = np.isnan(values)
    text = dict(xycoords=axes.get_xaxis_transform(), textcoords="offset points", fontsize=TEXT)
    for start in t[bad & ~np.append(False, bad[:-1])][:MOST_EPOCHS]:
        axes.axvline(start, color=COLOURS["label"], linestyle=":", linewidth=1.2)
        axes.annotate("diverges", (start, 0.5), (4, 0), color=COLOURS["label"], **text)


# -- recordings ------------------------------------------------------------------------------------------------------
def _need(recording, *keys):
    missing = [key for key in ("phase", "label", "n_steps", "dt", *keys) if key not in recording]
    if missing:
        raise ValueError(f"the recording has no {_listed(missing)}: draw what record_presentations returns.")


def _listed(things):
    return ", ".join(map(str, things))


def _epochs(recording, epochs):
    """Checked stimulus epochs, as a list; the first ones by default."""
    n = len(recording["phase"])
    epochs = list(range(min(n, MOST_EPOCHS)) if epochs is None else map(int, epochs))
    if not epochs or epochs != list(range(epochs[0], epochs[-1] + 1)) or epochs[0] < 0 or epochs[-1] >= n:
        raise ValueError(f"epochs {epochs} are not consecutive ones of the {n} in the recording (0 is the first).")
    return epochs


def _duration(recording):
    """Of a stimulus epoch, in ms."""
    return float(recording["n_steps"] * recording["dt"])


def _epoch_at(recording, t):
    """Stimulus epoch of each time; the half step keeps times that are a rounding error early in their epoch."""
    return np.floor((np.asarray(t) + recording["dt"] / 2) / _duration(recording)).astype(int)


def _phase(recording, epoch):
    return {1: "positive", -1: "negative"}.get(int(recording["phase"][epoch]), "neutral")


def _shade(axes, recording, epochs):
    """Background in the colours of the phases, and the limits of the time axis."""
    duration = _duration(recording)
    for epoch in epochs:
        phase = _phase(recording, epoch)
        axes.axvspan(
            epoch * duration, (epoch + 1) * duration, color=COLOURS[phase], alpha=SHADE[phase], linewidth=0, zorder=0
        )
    start, stop = epochs[0] * duration, (epochs[-1] + 1) * duration
    # A little more, so that spikes in the first step are not hidden by the spine.
    axes.set_xlim(start - 0.01 * (stop - start), stop + 0.002 * (stop - start))
    if len(epochs) <= 8:
        axes.set_xticks(np.arange(epochs[0], epochs[-1] + 2) * duration)


def _name_epochs(axes, recording, epochs):
    """Phase and label above each epoch, as far as they fit: '+ label 3', in short '+3'."""
    duration = _duration(recording)
    short = len(epochs) > 8
    step = -(-len(epochs) // 24)
    names = {LABEL_NEUTRAL: "neutral label", LABEL_NONE: "no label"}
    for epoch in epochs[::step]:
        label, phase = int(recording["label"][epoch]), _phase(recording, epoch)
        sign = {"positive": "+", "negative": "−", "neutral": ""}[phase]
        if short:
            text = f"{sign}{label if label >= 0 else ''}"
        else:
            text = f"{sign} {names.get(label, f'label {label}')}".strip()
        axes.annotate(
            text,
            ((epoch + 0.5) * duration, 1),
            (0, 5),
            xycoords=axes.get_xaxis_transform(),
            textcoords="offset points",
            ha="center",
            fontsize=TEXT,
            fontweight="bold",
            color=COLOURS[phase],
        )
