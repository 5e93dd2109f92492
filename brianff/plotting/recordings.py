"""Figures of a recording: spikes of all layers, and the variables of one neuron in time."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, MaxNLocator

from brianff.errors import OptionError
from brianff.plotting.style import COLOURS, SHADE, TEXT, colour_bar, stacked, tidy
from brianff.units import display_unit

__all__ = ["MOST_VARIABLES", "membrane", "neurons", "raster", "told_apart"]

MOST_EPOCHS = 4  # shown unless others are asked for
MOST_VARIABLES = 7  # rows of `membrane` unless others are asked for, beside the goodness
FEW = 40  # neurons of a layer, each of which has a tick in the raster
FAR = 3.0  # times the membrane's own range: a threshold beyond that is not drawn
LARGEST = 1e100  # drawn; beyond that, axes overflow
RISE = 30  # times the median of a variable that diverges
LETTER = 0.014  # width of a letter above an epoch, as a part of the axes
SIGNS = {"positive": "+", "negative": "−", "neutral": ""}


def raster(recording, epochs=None, figure=None) -> Figure:
    """Spikes of all neurons: one row of axes for each layer, the input at the bottom, time to the right.

    The background has the colour of the phase; above each stimulus epoch stands the label that is shown in it.  In the
    input, the label neurons lie above the pixels and their spikes have a colour of their own.

    Parameters
    ----------
    recording : `brianff.learning.recordings.Recording`
    epochs : sequence of int, optional
        Consecutive stimulus epochs (default: the first four).
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional

    Returns
    -------
    figure : `matplotlib.figure.Figure`
        Axes from the last layer down to the input.
    """
    epochs, sizes = _epochs(recording, epochs), recording.sizes
    levels = range(len(sizes) - 1, -1, -1)
    heights = _heights([sizes[level] for level in levels])
    figure, rows = stacked(figure, 1.0 + sum(heights), heights)
    for axes, level, height in zip(rows, levels, heights, strict=True):
        _spikes_of_layer(axes, recording, level, *_spikes(recording, level, epochs))
        _number_neurons(axes, sizes[level], height)
    _in_time(rows, recording, epochs)
    return figure


def _spikes(recording, level, epochs):
    """Neurons that spike in a layer in some stimulus epochs, and when."""
    i, t = recording.spikes(level)
    chosen = np.isin(recording.epoch_at(t), epochs)
    return i[chosen], t[chosen]


def _spikes_of_layer(axes, recording, level, i, t):
    n, n_pixels = recording.sizes[level], len(recording.epochs[0].image)
    is_label = (i >= n_pixels) & (level == 0)
    size = float(np.clip(400 / n, 2.5, 8))
    spikes = dict(linestyle="", marker="|", markersize=size, markeredgewidth=0.9)
    axes.plot(t[~is_label], i[~is_label], color=COLOURS["ink"], **spikes)
    axes.set_ylim(-0.5 - 0.02 * n, 1.02 * n - 0.5)
    axes.set_ylabel(f"layer {level}\nneuron" if level else "input\nneuron")
    if level == 0 and n_pixels < n:
        axes.plot(t[is_label], i[is_label], color=COLOURS["label"], **spikes)
        axes.axhline(n_pixels - 0.5, color=COLOURS["ink"], linewidth=0.8, linestyle=":")
        _write_beside(axes, n_pixels / 2, "pixels", color=COLOURS["ink"])
        _write_beside(axes, (n_pixels + n) / 2, "labels", color=COLOURS["label"])
    if not len(t):
        axes.text(0.5, 0.5, "no spikes", transform=axes.transAxes, ha="center", va="center", fontsize=TEXT)


def _heights(sizes):
    """Inches of the layers' axes: by the square root, within limits; with few neurons, room for the number of each."""
    sizes, roots = np.array(sizes), np.sqrt(sizes)
    heights = 1.6 * np.clip(roots / roots.mean(), 0.6, 1.6)
    numbered = np.where(sizes <= FEW, np.maximum(0.96, sizes * np.where(sizes <= 14, 0.17, 0.11)), heights)
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


def membrane(recording, level=1, neuron=None, epochs=None, variables=None, figure=None) -> Figure:
    """One neuron in time: membrane potential with threshold and spikes, its other variables, and its layer's goodness.

    Spikes are marks above the membrane potential, the threshold is a dashed line (where it is far off, an arrow); the
    background has the colour of the phase.

    Parameters
    ----------
    recording : `brianff.learning.recordings.Recording`
    level : int
        Layer; 1 is the first one above the input.
    neuron : int, optional
        One of the recorded neurons of that layer (default: the one with most spikes in these epochs).
    epochs : sequence of int, optional
        Consecutive stimulus epochs (default: the first four).
    variables : sequence of str, optional
        What to show (default: the state variables of the neuron model, and the trace x; of a large model, the first).
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional

    Returns
    -------
    figure : `matplotlib.figure.Figure`
        One axes for each variable, the membrane potential first, and one for the goodness where layers have one.
    """
    epochs, goodness = _epochs(recording, epochs), recording.goodness(level)
    shown = np.isin(recording.epoch_at(recording.t), epochs)
    neuron, spikes = _neuron(recording, level, neuron, epochs, shown)
    t, row = recording.t[shown], recording.neurons(level).tolist().index(neuron)
    values = {name: _drawable(recording.trace(name, level)[row][shown]) for name in recording.variables(level)}
    threshold, first = recording.threshold(level), recording.membrane
    if threshold is not None:
        threshold = _drawable(threshold[row][shown])
    names = _chosen(recording, level, values, threshold, variables)

    heights = [1.8 if name == first else 1 for name in names] + [1] * (goodness is not None)
    figure, rows = stacked(figure, 1.0 + 1.15 * sum(heights), heights)
    for axes, name in zip(rows, names, strict=False):
        unit, scale = display_unit(values[name])
        drawn = np.asarray(values[name]) / scale
        axes.plot(t, drawn, color=COLOURS["ink"], linewidth=1.3)
        axes.set_ylabel(_label(name, unit, name == first))
        _mark_divergence(axes, t, drawn)
        if name == first:
            _limits(axes, drawn, t, None if threshold is None else np.asarray(threshold) / scale, unit)
    _mark_spikes(rows[0], spikes)
    if goodness is not None:
        rows[-1].plot(t, _drawable(goodness[shown]), color=COLOURS["ink"], linewidth=1.3)
        rows[-1].set_ylabel("goodness\nof the layer")
    for axes in rows:
        axes.yaxis.set_major_locator(MaxNLocator(4))
    above = dict(xycoords="axes fraction", textcoords="offset points", fontsize=TEXT)
    rows[0].annotate(f"layer {level},\nneuron {neuron}", (1.01, 1), (0, 5), **above)
    figure.align_ylabels(rows)
    _in_time(rows, recording, epochs)
    return figure


def neurons(recording, level=1, epochs=None, variables=None, figure=None) -> Figure:
    """Variables of all recorded neurons of a layer in time: a row of axes for each, a row of pixels for each neuron.

    White is zero, and colours end at the largest value of a variable (of those that have both signs, green is above
    zero and purple below).  A bar above the first axes has the colours of the phases.

    Parameters
    ----------
    recording : `brianff.learning.recordings.Recording`
    level : int
        Layer; 1 is the first one above the input.
    epochs : sequence of int, optional
        Consecutive stimulus epochs (default: the first four).
    variables : sequence of str, optional
        What to show (default: as in `membrane`).
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional

    Returns
    -------
    figure : `matplotlib.figure.Figure`
        One axes for each variable, and their colour bars.
    """
    epochs, numbers = _epochs(recording, epochs), recording.neurons(level)
    if not len(numbers):
        raise OptionError(f"level={level}: no neuron of that layer was recorded.")
    shown = np.isin(recording.epoch_at(recording.t), epochs)
    values = {name: _drawable(recording.trace(name, level)[:, shown]) for name in recording.variables(level)}
    names = _chosen(recording, level, values, None, variables)
    height = float(np.clip(0.05 * len(numbers), 1.1, 3.0))
    figure, rows = stacked(figure, 0.9 + height * len(names), [1] * len(names))
    t, chosen = recording.t[shown], [recording.epochs[k] for k in epochs]
    for axes, name in zip(rows, names, strict=True):
        unit, scale = display_unit(values[name])
        _heat(figure, axes, t, np.asarray(values[name]) / scale, recording.dt, f"{name} ({unit})" if unit else name)
        axes.set_ylabel(f"layer {level}\nneuron")
        step = next(k for k in (1, 2, 5, 10, 20, 50, 100, 200, len(numbers)) if len(numbers) <= 8 * k)
        axes.set_yticks(range(0, len(numbers), step), numbers[::step])
        tidy(axes)
        for epoch in chosen[1:]:
            axes.axvline(epoch.start, color=COLOURS["ink"], linewidth=0.8)
    rows[0].set_xlim(chosen[0].start, chosen[-1].stop)
    for epoch in chosen:
        bar = dict(transform=rows[0].get_xaxis_transform(), clip_on=False, linewidth=0, color=COLOURS[epoch.name])
        rows[0].add_patch(Rectangle((epoch.start, 1.02), epoch.stop - epoch.start, 0.03, **bar))
    _name_epochs(rows[0], chosen, 12)
    rows[-1].set_xlabel("time (ms)", fontsize=TEXT)
    return figure


def _heat(figure, axes, t, values, dt, label):
    """Values of neurons in time as an image with a colour bar."""
    known = np.abs(values[np.isfinite(values)])
    limit = float(np.quantile(known, 0.999)) if known.size else 1.0
    signed = bool((values[np.isfinite(values)] < 0).any())
    look = dict(cmap="PRGn", vmin=-(limit or 1.0)) if signed else dict(cmap="Greys", vmin=0)
    edges = (t[0], t[-1] + dt, len(values) - 0.5, -0.5)
    image = axes.imshow(
        values, aspect="auto", interpolation="nearest", extent=edges, vmax=limit or 1.0, rasterized=True, **look
    )
    axes.invert_yaxis()
    colour_bar(figure, image, axes, label)


def _neuron(recording, level, neuron, epochs, shown):
    """The neuron that is shown in these epochs and time steps, and when it spikes."""
    recorded = recording.neurons(level).tolist()
    if not recorded:
        raise OptionError(f"level={level}: no neuron of that layer was recorded.")
    i, times = _spikes(recording, level, epochs)
    if neuron is None:
        counts = np.array([np.count_nonzero(i == number) for number in recorded])
        if not counts.any() and recording.membrane in recording.variables(level):  # the one nearest to a spike
            v = np.asarray(recording.trace(recording.membrane, level))[:, shown]
            counts = np.max(v, axis=1, where=np.isfinite(v), initial=-np.inf)
        neuron = recorded[int(np.argmax(counts))]
    if neuron not in recorded:
        listed = ", ".join(map(str, recorded))
        raise OptionError(f"neuron={neuron}: of layer {level} were recorded {listed}.")
    return neuron, times[i == neuron]


def _chosen(recording, level, values, threshold, variables):
    """Names of the variables that are shown."""
    if variables is not None:
        for name in variables:
            recording.trace(name, level)  # which refuses what there is not
        return list(variables)
    return told_apart(recording.state, values, threshold)


def told_apart(state, values, threshold=None) -> list[str]:
    """Which variables to draw: the state of the neuron model, and the trace x, as far as their curves differ.

    Parameters
    ----------
    state : sequence of str
        As `brianff.learning.recordings.Recording.state`.
    values : dict of str -> array
    threshold : array, optional

    Returns
    -------
    names : list of str
        `MOST_VARIABLES` at most.
    """
    chosen, seen = [], [threshold]
    for name in (*state, "x"):
        # What another curve shows already is left out, such as a copy of the membrane potential for the next step.
        if name in values and not any(_same(values[name], other) for other in seen):
            chosen.append(name)
            seen.append(values[name])
    return chosen[:MOST_VARIABLES]


def _same(a, b):
    return b is not None and np.ptp(b) > 0 and np.array_equal(np.asarray(a), np.asarray(b), equal_nan=True)


def _drawable(values):
    """Without what no axes can show; where values diverge, without their last rise, beside which the rest is flat."""
    values = values.copy()
    size = np.abs(np.asarray(values, float))
    with np.errstate(invalid="ignore"):
        finite = size < LARGEST  # which single precision has not
        if not finite.all() and finite.any():
            finite &= size <= RISE * max(np.median(size[finite]), 1e-12)
    np.asarray(values)[~finite] = np.nan
    return values


def _label(name, unit, is_membrane):
    known = {"I_syn": "synaptic\ncurrent $I_\\mathrm{syn}$", "x": "trace $x$"}
    if is_membrane:
        text = f"membrane\npotential ${name}$" if len(name) == 1 else f"membrane\npotential {name}"
    else:
        text = known.get(name, name) if unit != "mV" and len(unit) < 3 else name
    if not unit:
        return text
    return f"{text}\n({unit})" if "\n" not in text and len(text) + len(unit) > 10 else f"{text} ({unit})"


def _limits(axes, values, t, threshold, unit):
    """Limits of the membrane potential with room for the spikes, and the threshold as far as it is near."""
    low, high = (np.nan, np.nan) if np.isnan(values).all() else (np.nanmin(values), np.nanmax(values))
    if threshold is not None and np.isfinite(threshold).any():
        last = threshold[np.isfinite(threshold)][-1]
        span = high - low or abs(np.nanmin(threshold) - high) or 1.0
        if np.nanmin(threshold) > high + FAR * span or np.nanmax(threshold) < low - FAR * span:
            arrow = "↑" if np.nanmin(threshold) > high else "↓"
            _write_beside(axes, 0.75, f"threshold\n{f'{last:.4g} {unit}'.strip()} {arrow}", transform=axes.transAxes)
        else:
            axes.plot(t, threshold, color=COLOURS["ink"], linewidth=1.2, linestyle="--")
            low, high = np.fmin(low, np.nanmin(threshold)), np.fmax(high, np.nanmax(threshold))
            _write_beside(axes, last - 0.03 * (high - low), "threshold")
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
    _write_beside(axes, high - 0.08 * (high - low), "spikes")


def _mark_divergence(axes, t, values):
    """Where a variable leaves what can be drawn."""
    bad = np.isnan(values)
    text = dict(xycoords=axes.get_xaxis_transform(), textcoords="offset points", fontsize=TEXT)
    for start in t[bad & ~np.append(False, bad[:-1])][:MOST_EPOCHS]:
        axes.axvline(start, color=COLOURS["label"], linestyle=":", linewidth=1.2)
        axes.annotate("diverges", (start, 0.5), (4, 0), color=COLOURS["label"], **text)


def _write_beside(axes, y, text, **more):
    """To the right of the axes."""
    axes.text(1.01, y, text, **{"transform": axes.get_yaxis_transform(), "va": "center", "fontsize": TEXT} | more)


# -- stimulus epochs -------------------------------------------------------------------------------------------------
def _epochs(recording, epochs):
    """Checked stimulus epochs, as a list; the first ones by default."""
    n = len(recording.epochs)
    epochs = list(range(min(n, MOST_EPOCHS)) if epochs is None else map(int, epochs))
    if not epochs or epochs != list(range(epochs[0], epochs[-1] + 1)) or epochs[0] < 0 or epochs[-1] >= n:
        raise OptionError(f"epochs={epochs} are not consecutive ones of the {n} in the recording (0 is the first).")
    return epochs


def _in_time(rows, recording, epochs):
    """Show the stimulus epochs of axes below each other."""
    chosen = [recording.epochs[k] for k in epochs]
    for axes in rows:
        _shade(axes, chosen)
        tidy(axes)
    _name_epochs(rows[0], chosen)
    rows[-1].set_xlabel("time (ms)", fontsize=TEXT)


def _shade(axes, chosen):
    """Background in the colours of the phases, and the limits of the time axis."""
    for epoch in chosen:
        look = dict(color=COLOURS[epoch.name], alpha=SHADE[epoch.name], linewidth=0, zorder=0)
        axes.axvspan(epoch.start, epoch.stop, **look)
    for epoch, next_ in zip(chosen, chosen[1:], strict=False):
        if epoch.name == next_.name:  # nothing else would tell them apart
            axes.axvline(epoch.stop, color="w", linewidth=1.5, zorder=0.5)
    start, stop = chosen[0].start, chosen[-1].stop
    # A little more, so that spikes in the first step are not hidden by the spine.
    axes.set_xlim(start - 0.01 * (stop - start), stop + 0.002 * (stop - start))
    if len(chosen) <= 8:
        ticks = [start]
        for epoch in chosen:
            if epoch.stop - ticks[-1] > 0.06 * (stop - start):
                ticks.append(epoch.stop)
        axes.set_xticks(ticks)


def _name_epochs(axes, chosen, above=5):
    """Phase and label some points above each epoch, as far as they fit: '+ label 3', in short '+3'."""
    span = chosen[-1].stop - chosen[0].start
    short = any(_width(_name(epoch)) > (epoch.stop - epoch.start) / span for epoch in chosen if epoch.phase)
    place = dict(xycoords=axes.get_xaxis_transform(), textcoords="offset points", ha="center", fontsize=TEXT)
    end = -0.01
    for epoch in chosen:
        text, middle = _name(epoch, short), (epoch.start + epoch.stop) / 2
        at, width = (middle - chosen[0].start) / span, _width(text)
        if text and end <= at - width / 2 and at + width / 2 <= 1.01:
            axes.annotate(text, (middle, 1), (0, above), fontweight="bold", color=COLOURS[epoch.name], **place)
            end = at + width / 2


def _name(epoch, short=False):
    if short:
        return f"{SIGNS[epoch.name]}{epoch.label if epoch.label >= 0 else ''}"
    return f"{SIGNS[epoch.name]} {epoch.label_name}".strip()


def _width(text):
    """Of a text above the axes, as a part of their width."""
    return LETTER * (len(text) + 0.5)
