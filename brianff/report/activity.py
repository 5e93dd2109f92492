"""Spikes of all layers and the variables of one neuron, linked in time, with what lets one choose among them."""

import numpy as np
from bokeh.core.properties import value
from bokeh.layouts import gridplot
from bokeh.models import ColumnDataSource, CrosshairTool, CustomJSHover, DataRange1d, Range1d, Span, TapTool
from bokeh.models.glyphs import Segment, Text, VStrip
from bokeh.transform import dodge

from brianff.plotting.recordings import told_apart
from brianff.plotting.style import SHADE
from brianff.report.style import FONT, INK, PALETTE, figure_of, hex_of, hover, legend_above
from brianff.units import display_unit

__all__ = ["Activity"]

FEW = 10_000  # spikes, which are drawn larger
LARGEST = 1e100  # drawn; beyond that, axes overflow
FEWEST, HIGHEST = 90, 330  # pixels of a raster
ZEBRA = ("#f0f1f3", "#e4e7ea")  # stimulus epochs of a run that has no phases


class Activity:
    """What the neurons of a recording do, as figures of a page.

    Parameters
    ----------
    content : `brianff.report.content.Content`
        With a recording.

    Attributes
    ----------
    rasters, neuron : `bokeh.models.LayoutDOM`
        Spikes of all layers; variables of the chosen neuron, and goodness.
    args : dict
        What the page's script (``activity.js``) needs of them.
    phased : bool
        Whether there is a negative phase.
    """

    def __init__(self, content):
        self.recording = recording = content.recording
        self.levels = range(len(recording.sizes))
        self.epochs = _epochs(recording, content.classes)
        self.phased = bool((np.asarray(self.epochs.data["phase"]) < 0).any())
        stop = recording.epochs[-1].stop
        of_all = sum(len(recording.spikes(level)[0]) for level in self.levels)
        self.width = 2.2 if of_all < FEW else 1.5
        self.x_range = Range1d(0, stop, bounds=(-0.02 * stop, 1.02 * stop), min_interval=2 * recording.dt)
        self.crosshair = Span(dimension="height", line_color="#8c959f", line_width=1, line_dash="dotted")
        self.spikes, self.labels = [_spikes(*recording.spikes(level)) for level in self.levels], None
        if (n_pixels := len(recording.epochs[0].image)) < recording.sizes[0]:
            i, t = recording.spikes(0)
            is_label = i >= n_pixels
            self.spikes[0], self.labels = _spikes(i[~is_label], t[~is_label]), _spikes(i[is_label], t[is_label])
        self.chosen = [
            Span(dimension="width", line_color=hex_of("label"), line_alpha=0.55, visible=False) for _ in self.levels
        ]
        self.shown, self.marks = ColumnDataSource({"t": np.float32(recording.t)}), ColumnDataSource({"t": [], "y": []})
        self.store = [_store(recording, level) for level in self.levels[1:]]
        rows = [self._stimulus(), *(self._raster(level) for level in reversed(self.levels))]
        rows[-1].xaxis.visible, rows[-1].height = True, rows[-1].height + 40
        self.rasters = _stacked(rows)
        self.rows = {name: self._variable(name) for name in self._names()}
        below = [*self.rows.values(), *self._goodness()]
        below[-1].xaxis.visible, below[-1].height = True, below[-1].height + 40
        self.neuron = _stacked(below)

    @property
    def args(self):
        data = self.epochs.data
        return {
            "x_range": self.x_range, "spikes": self.spikes, "chosen": self.chosen, "shown": self.shown,
            "marks": self.marks, "store": self.store, "rows": self.rows, "names": self.names,
            "epochs": {name: np.asarray(data[name]) for name in ("x0", "x1", "sample")}, "dt": self.recording.dt,
        }  # fmt: skip

    # -- figures ---------------------------------------------------------------------------------------------------
    def _in_time(self, height, label, **options):
        """An empty figure of the linked time axis, with the phases as its background."""
        made = figure_of(height, "time (ms)", label, x_range=self.x_range, **options)
        made.xgrid.visible = made.xaxis.visible = False
        made.add_tools(CrosshairTool(overlay=self.crosshair))
        strips = VStrip(x0="x0", x1="x1", fill_color="fill", fill_alpha="alpha", line_color="white", line_width=1)
        made.add_glyph(self.epochs, strips, level="underlay")
        return made

    def _stimulus(self):
        """A strip that says what is shown when."""
        made = self._in_time(26, "", y_range=Range1d(0, 1))
        made.yaxis.visible = made.ygrid.visible = False
        made.min_border_top = made.min_border_bottom = 0
        text = Text(x="middle", y=0.5, text="text", text_color="colour", text_font=value(FONT), text_font_size="12px")
        text.update(text_align="center", text_baseline="middle", text_font_style="bold")
        self.names = made.add_glyph(self.epochs, text)
        return made

    def _raster(self, level):
        recording, n = self.recording, self.recording.sizes[level]
        name = f"layer {level}" if level else "input"
        what = "channel" if not level else "neuron"
        root = np.sqrt(recording.sizes)
        height = int(np.clip(170 * root[level] / root.mean(), FEWEST, HIGHEST))
        gap = 0.5 + 0.02 * n
        y_range = Range1d(-gap, n - 1 + gap, bounds=(-gap, n - 1 + gap), min_interval=1)
        made = self._in_time(height, f"{name}\n{what}", y_range=y_range, name=f"raster{level}")
        made.yaxis[0].ticker.update(desired_num_ticks=4, num_minor_ticks=0, min_interval=1)
        made.ygrid.visible = n <= 60
        # at least as high as wide, and as high as its neuron where few of them are in sight
        look = dict(x0="t", x1="t", y0=dodge("i", -0.38), y1=dodge("i", 0.38), line_width=self.width, line_cap="square")
        n_pixels = len(recording.epochs[0].image)
        drawn = [made.add_glyph(self.spikes[level], Segment(**look, line_color=INK), name=f"spikes{level}")]
        if level == 0 and self.labels is not None:
            drawn.append(made.add_glyph(self.labels, Segment(**look, line_color=hex_of("label"))))
            edge = Span(location=n_pixels - 0.5, dimension="width", line_color=hex_of("label"), line_dash="dotted")
            made.add_layout(edge)
        for one in drawn:
            one.nonselection_glyph = one.selection_glyph = None
        where = CustomJSHover(args={"shape": recording.shapes[level] or [], "n": n_pixels}, code=_WHERE)
        formatters = {"@i": where}
        tips = [(what, "@i{custom}"), ("time", "@t{0.[00]} ms")]
        made.add_tools(hover(drawn, tips, formatters=formatters), TapTool(renderers=drawn))
        made.add_layout(self.chosen[level])
        return made

    def _names(self):
        """Variables that are drawn of any layer, in the order of the model."""
        return list(dict.fromkeys(name for of_level in self.store for name in of_level["names"]))

    def _variable(self, name):
        recording = self.recording
        unit = next(of_level["units"][name] for of_level in self.store if name in of_level["names"])
        is_membrane = name == recording.membrane
        label = _label(name, unit, is_membrane)
        made = self._in_time(
            190 if is_membrane else 120, label, y_range=DataRange1d(range_padding=0.12), name=f"variable {name}"
        )
        made.yaxis.ticker.desired_num_ticks = 4
        made.window_axis = "x"  # its vertical range is that of the time that is shown
        self.shown.data[name] = self._first(name)
        line = made.line("t", name, source=self.shown, color=INK, line_width=1.4)
        tips = [("time", "@t{0.[00]} ms"), (name, f"@{{{name}}}{{0.[0000]}} {unit}")]
        made.add_tools(hover([line], tips, mode="vline"))
        if is_membrane:
            self.shown.data["threshold"] = self._first("threshold")
            made.line("t", "threshold", source=self.shown, color=INK, line_dash="dashed", line_width=1)
            made.scatter("t", "y", source=self.marks, marker="dash", angle=np.pi / 2, size=12, line_color=INK,
                         line_width=1.8)  # fmt: skip
        return made

    def _first(self, name):
        """What a figure begins with, until the page's script shows the chosen neuron."""
        steps = len(self.recording.t)
        found = [of_level["values"][name][:steps] for of_level in self.store if name in of_level["values"]]
        return found[0] if found and len(found[0]) else np.zeros(steps, np.float32)

    def _goodness(self):
        """One figure of the goodness of all layers; none where layers have none."""
        recording = self.recording
        found = {level: recording.goodness(level) for level in self.levels[1:]}
        found = {level: _drawable(g) for level, g in found.items() if g is not None}
        if not found:
            return []
        source = ColumnDataSource({"t": np.float32(recording.t)} | {f"layer {k}": g for k, g in found.items()})
        made = self._in_time(170, "goodness\nof the layer", name="goodness")
        lines = [
            made.line("t", f"layer {k}", source=source, color=PALETTE[k % len(PALETTE)], line_width=1.6,
                      legend_label=f"layer {k}") for k in found
        ]  # fmt: skip
        tips = [("time", "@t{0.[00]} ms"), *((f"layer {k}", f"@{{layer {k}}}{{0.000}}") for k in found)]
        made.add_tools(hover(lines[:1], tips, mode="vline"))
        made.yaxis.ticker.desired_num_ticks = 4
        legend_above(made)
        return [made]


# What a channel or neuron is: its place, where it has one.
_WHERE = """
const [channels, height, width] = shape
if (channels === undefined || value >= channels*height*width) return `${value}`
const place = Math.floor(value/channels)
return `${value}: channel ${value % channels} at row ${Math.floor(place/width)}, column ${place % width}`
"""


def _stacked(rows):
    return gridplot([[row] for row in rows], merge_tools=True, toolbar_location="right", sizing_mode="stretch_width",
                    toolbar_options={"logo": None})  # fmt: skip


def _epochs(recording, classes):
    """What is shown when, and how its background looks."""
    epochs = recording.epochs
    phased = any(epoch.phase < 0 for epoch in epochs)
    fill, alpha, colour = [], [], []
    for k, epoch in enumerate(epochs):
        fill.append(hex_of(epoch.name) if phased else ZEBRA[k % 2])
        alpha.append(SHADE[epoch.name] if phased else 1.0)
        colour.append(
            {"negative": "#a35f00", "neutral": "#57606a"}.get(epoch.name, hex_of("positive")) if phased else INK
        )
    start, stop = (np.array([getattr(epoch, edge) for epoch in epochs]) for edge in ("start", "stop"))
    return ColumnDataSource(
        {
            "x0": start, "x1": stop, "middle": (start + stop) / 2, "fill": fill, "alpha": alpha, "colour": colour,
            "text": [_text(epoch, phased, classes) for epoch in epochs], "phase": [epoch.phase for epoch in epochs],
            "sample": np.array([epoch.sample for epoch in epochs], np.int32),
        }
    )  # fmt: skip


def _text(epoch, phased, classes):
    if epoch.sample < 0:
        return "gap"
    sign = {1: "+ ", -1: "− "}.get(epoch.phase, "") if phased else ""
    if epoch.label >= 0:
        return f"{sign}{'label' if phased else 'class'} {classes[epoch.label]}"
    return f"{sign}{epoch.label_name}"


def _spikes(i, t):
    small = not len(i) or i.max() < 1 << 16
    return ColumnDataSource({"i": np.asarray(i, np.uint16 if small else np.int32), "t": np.asarray(t, np.float32)})


def _label(name, unit, is_membrane):
    words = {"I_syn": "synaptic current\nI_syn", "x": "trace x"}
    text = f"membrane\npotential {name}" if is_membrane else words.get(name, name)
    return f"{text} ({unit})" if unit else text


def _store(recording, level):
    """Variables of all recorded neurons of a layer, as flat arrays of a neuron after the other, in shown units."""
    neurons, threshold = recording.neurons(level), recording.threshold(level)
    values, units = {}, {}
    traces = {name: recording.trace(name, level) for name in recording.variables(level)}
    for name in told_apart(recording.state, traces, threshold):
        units[name], scale = display_unit(traces[name])
        values[name] = _drawable(np.asarray(traces[name]) / scale).ravel()
        if name == recording.membrane and threshold is not None:
            values["threshold"] = _drawable(np.asarray(threshold) / scale).ravel()
    return {"level": level, "neurons": np.asarray(neurons, np.int32), "names": list(units), "units": units} | {
        "values": values
    }


def _drawable(values):
    values = np.array(values, float)
    values[~(np.abs(values) < LARGEST)] = np.nan
    return np.float32(values)
