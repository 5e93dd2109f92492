"""Training, predictions and weights of runs, as figures of a page."""

import numpy as np
from bokeh.models import (
    BasicTicker,
    ColorBar,
    ColumnDataSource,
    FixedTicker,
    LinearColorMapper,
    NoOverlap,
    NumeralTickFormatter,
    Range1d,
)
from matplotlib import colormaps
from matplotlib.colors import to_hex

from brianff.learning.evaluation import true_and_best_wrong
from brianff.plotting.training import column_of, levels_of, smoothed
from brianff.report.style import INK, PALETTE, figure_of, hex_of, hover, legend_above

__all__ = ["alignment", "confusion", "distribution", "errors", "fields", "phases"]

ROUND = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9)
EMPTY = "#fafbfc"  # a cell of nobody
DASHES = ("solid", "dashed", "dotdash", "dotted", "dashdot")
COLOURS_OF_SIGN = [to_hex(colormaps["PRGn"](k / 255)) for k in range(256)]
REDS = [to_hex(colormaps["Reds"](k / 255)) for k in range(256)]


def _of(metrics, what):
    return [row for row in metrics if row.get("what") == what]


def errors(runs, colours=None):
    """Errors on validation samples in the course of training, one curve for each way to predict; None without any.

    Parameters
    ----------
    runs : dict of str -> `brianff.report.content.Content`
        Name in the legend (empty: a single run) -> run.
    colours : sequence of str, optional
        Of each run; then ways differ by their lines.
    """
    made = figure_of(300, "training epoch", "error on validation samples (%)", "both", y_axis_type="log")
    drawn = []
    for number, (name, content) in enumerate(runs.items()):
        rows = _of(content.metrics, "validation")
        n_layers = len(levels_of(content.metrics, "positive"))
        ways = [way for way in ("goodness", "upper", "readout", "together") if any(way in row for row in rows)]
        ways = [way for way in ways if way != "upper" or n_layers != 1] or ["accuracy"] * any(
            "accuracy" in row for row in rows
        )
        for k, way in enumerate(ways):
            accuracy, epoch = 100 * column_of(rows, way), column_of(rows, "epoch")
            words = content.words(way)
            error = np.maximum(100 - accuracy, 0.02)  # none at all has no logarithm
            source = ColumnDataSource(
                {"epoch": epoch, "error": error, "accuracy": accuracy, "way": [words] * len(rows)}
            )
            colour = PALETTE[k % len(PALETTE)] if colours is None else colours[number]
            look = dict(color=colour, legend_label=f"{name}: {words}" if name else words)
            dash = DASHES[0 if colours is None else k % len(DASHES)]
            line = made.line("epoch", "error", source=source, line_width=2, line_dash=dash, **look)
            drawn.append(made.scatter("epoch", "error", source=source, size=5, **look))
            # of several runs, one curve each: a click on the names shows the others
            line.visible = drawn[-1].visible = colours is None or k == 0
        drawn += [] if colours is not None else _of_training(made, content)
    if not drawn:
        return None
    tips = [("by", "@way"), ("accuracy", "@accuracy{0.00} %"), ("training epoch", "@epoch{0.[00]}")]
    made.add_tools(hover(drawn, tips))
    made.yaxis.formatter = NumeralTickFormatter(format="0.[00]")
    made.yaxis.ticker = FixedTicker(ticks=[x * 10.0**k for k in (-2, -1, 0, 1) for x in ROUND] + [100])
    made.yaxis.major_label_policy = NoOverlap(min_distance=8)
    legend_above(made, ncols=2)
    return made


def _of_training(made, content):
    """The error on the samples of each chunk, while they are learnt, where a method knows it."""
    rows = [row for row in _of(content.metrics, "chunk") if "training_accuracy" in row]
    if not rows:
        return []
    accuracy, words = 100 * column_of(rows, "training_accuracy"), "training samples, while they are learnt"
    data = {"epoch": column_of(rows, "epoch"), "error": np.maximum(100 - accuracy, 0.02), "accuracy": accuracy}
    source = ColumnDataSource(data | {"way": [words] * len(rows)})
    return [made.line("epoch", "error", source=source, color="#8c959f", line_width=1.2, legend_label=words)]


def phases(contents, colours=None):
    """Goodness in both phases in the course of training: a figure for each layer; empty where layers have none.

    Parameters
    ----------
    contents : dict of str -> `brianff.report.content.Content`
        As for `errors`.  Of several runs the difference between the phases is drawn, in the `colours` of the runs.
    """
    rows = {name: _of(content.metrics, "chunk") for name, content in contents.items()}
    levels = sorted({level for each in rows.values() for level in levels_of(each, "positive")})
    scores = all(content.scores for content in contents.values())
    what = "log p of the class" if scores else "goodness"
    x_range, found = None, []
    for level in levels:
        label = f"{what},\nlayer {level}" if colours is None else f"{what}: difference\nof phases, layer {level}"
        shared = {} if x_range is None else {"x_range": x_range}
        made = figure_of(230, "training epoch", label, "both", **shared)
        x_range = made.x_range
        if colours is None:
            (of_run,) = rows.values()
            names = ("true class", "best wrong class") if scores else ("positive phase", "negative phase")
            curves = [(name, hex_of(key), column_of(of_run, f"{key}{level}"), of_run)
                      for name, key in zip(names, ("positive", "negative"), strict=True)]  # fmt: skip
        else:
            curves = [(name, colour, column_of(each, f"positive{level}") - column_of(each, f"negative{level}"), each)
                      for (name, each), colour in zip(rows.items(), colours, strict=True)]  # fmt: skip
        drawn = [_raw_and_smooth(made, name, colour, column_of(of, "epoch"), y) for name, colour, y, of in curves]
        made.add_tools(hover(drawn, [("", "@name"), (what, "@y{0.000}"), ("training epoch", "@x{0.[00]}")]))
        legend_above(made)
        found.append(made)
    return found


def _raw_and_smooth(made, name, colour, x, y):
    """Every value thin, and their running mean thick; returns what can be pointed at."""
    known = np.isfinite(y)
    x, y = x[known], y[known]
    source = ColumnDataSource(
        {"x": np.float32(x), "y": np.float32(y), "smooth": np.float32(smoothed(y)), "name": [name] * len(x)}
    )
    line = made.line("x", "y", source=source, color=colour, line_width=1, line_alpha=0.35)
    made.line("x", "smooth", source=source, color=colour, line_width=2.2, legend_label=name)
    if len(x) == 1:  # which makes no line
        return made.scatter("x", "y", source=source, color=colour, size=6)
    return line


def rates(contents, colours=None):
    """Spikes of hidden neurons in the course of training; None where a method does not count them."""
    return _of_layers(contents, "chunk", "spikes", "spikes of a neuron\nand presentation", colours)


def alignment(contents, colours=None):
    """Cosine of feedback and forward weights in the course of training; None where there is none."""
    made = _of_layers(contents, "validation", "alignment", "cosine of feedback\nand forward weights", colours)
    if made is not None:
        lowest = min(np.nanmin(one.data_source.data["y"], initial=0) for one in made.renderers)
        made.y_range = Range1d(1.03 * lowest, 1.03)
    return made


def _of_layers(contents, what, column, label, colours):
    """A curve for each layer and run of a column of the metrics; None where there is none."""
    made, drawn = figure_of(230, "training epoch", label, "both"), []
    for number, (name, content) in enumerate(contents.items()):
        rows = _of(content.metrics, what)
        for k, level in enumerate(levels_of(rows, column)):
            words = f"{name}: layer {level}" if name else f"layer {level}"
            data = {"x": column_of(rows, "epoch"), "y": column_of(rows, f"{column}{level}")}
            colour = PALETTE[1 + k % 5] if colours is None else colours[number]
            look = dict(color=colour, line_width=2, line_dash=DASHES[0 if colours is None else k % 5])
            source = ColumnDataSource(data | {"name": [words] * len(rows)})
            drawn.append(made.line("x", "y", source=source, legend_label=words, **look))
            if len(rows) == 1:  # which makes no line
                drawn.append(made.scatter("x", "y", source=source, color=colour, size=6))
    if not drawn:
        return None
    made.add_tools(
        hover(drawn, [("", "@name"), (label.partition("\n")[0], "@y{0.000}"), ("training epoch", "@x{0.[00]}")])
    )
    legend_above(made)
    return made


def distribution(content):
    """Histograms of the goodness of test samples under the true label, and under the best wrong one; None without."""
    e = content.evaluation
    if e is None or e.goodness is None or not np.isfinite(e.goodness).all():
        return None
    true, wrong = true_and_best_wrong(e.goodness.sum(axis=2), e.labels)
    edges = np.histogram_bin_edges(np.concatenate([true, wrong]), bins=48)
    layers = "sum of all layers" if e.goodness.shape[2] > 1 else "layer 1"
    label = f"log p of the class, {layers}" if content.scores else f"goodness, {layers}"
    made = figure_of(260, label, "test samples", "both")
    drawn = []
    names = ("true class", "best wrong class") if content.scores else ("true label", "best wrong label")
    for values, phase, name in ((true, "positive", names[0]), (wrong, "negative", names[1])):
        counts = np.histogram(values, edges)[0]
        some = counts > 0
        data = {"left": edges[:-1][some], "right": edges[1:][some], "n": counts[some], "name": [name] * int(some.sum())}
        look = dict(fill_color=hex_of(phase), fill_alpha=0.35, line_color=hex_of(phase), legend_label=name)
        drawn.append(made.quad(left="left", right="right", bottom=0, top="n", source=ColumnDataSource(data), **look))
    tips = [("", "@name"), ("samples", "@n"), (label.partition(",")[0], "@left{0.[00]} to @right{0.[00]}")]
    made.add_tools(hover(drawn, tips))
    made.y_range.start = 0
    legend_above(made)
    return made


def confusion(content):
    """Which classes are taken for which; None where nobody has looked at the test samples."""
    e = content.evaluation
    if e is None:
        return None
    n = e.scores().shape[1]
    counts = e.confusion()
    share = 100 * counts / np.maximum(np.bincount(e.labels, minlength=n)[:n, None], 1)
    right = np.eye(n, dtype=bool)
    largest = max(share[~right].max(initial=0), 1e-9)
    true, predicted = np.indices((n, n)).reshape(2, -1)
    fill = np.where(right, hex_of("grid"), np.array(REDS)[(235 * np.minimum(share / largest, 1)).astype(int)])
    fill[~right & (counts == 0)] = EMPTY
    ink = np.where(~right & (share > 0.6 * largest), "white", INK)
    names = np.array(content.classes)
    data = {
        "x": predicted, "y": true, "n": counts.ravel(), "share": share.ravel(),
        "fill": fill.ravel().tolist(), "ink": ink.ravel().tolist(), "text": [str(c or "") for c in counts.ravel()],
        "true": names[true].tolist(), "predicted": names[predicted].tolist(),
    }  # fmt: skip
    source = ColumnDataSource(data)
    edge = Range1d(-0.5, n - 0.5)
    options = dict(x_range=edge, y_range=Range1d(n - 0.5, -0.5), sizing_mode="fixed", width=540)
    made = figure_of(460, "predicted class", "true class", "both", **options)
    cells = made.rect("x", "y", 1, 1, source=source, fill_color="fill", line_color="white")
    if n <= 20:
        made.text("x", "y", "text", source=source, text_align="center", text_baseline="middle", text_color="ink",
                  text_font_size="11px")  # fmt: skip
    for axis in (made.xaxis, made.yaxis):
        axis.ticker = FixedTicker(ticks=list(range(0, n, -(-n // 30))))
        axis.major_label_overrides = dict(enumerate(names.tolist()))
    if sum(map(len, content.classes)) > 60:
        made.xaxis.major_label_orientation = 0.8
    made.grid.visible = False
    tips = [("true class", "@true"), ("predicted", "@predicted"), ("samples", "@n (@share{0.[0]} % of the true class)")]
    made.add_tools(hover([cells], tips))
    return made


def fields(content):
    """Weights of the strongest neurons of the first layer, as small images where it looks at images; None without."""
    f = content.fields
    if f is None:
        return None
    limit = float(np.quantile(np.abs(f.images), 0.998)) or float(np.abs(f.images).max()) or 1.0
    mapper = LinearColorMapper(COLOURS_OF_SIGN, low=-limit, high=limit)
    made = _matrix(f, mapper) if f.images.shape[1] == 1 else _mosaic(f, mapper)
    bar = ColorBar(color_mapper=mapper, ticker=BasicTicker(desired_num_ticks=5), width=10, title=None, padding=4)
    bar.update(background_fill_color=None, major_label_text_font_size="11px", bar_line_color=None)
    made.add_layout(bar, "right")
    return made


def _matrix(f, mapper):
    """Weights of channels in a row: a line for each neuron."""
    n, _, width = f.images.shape
    y_range = Range1d(n - 0.5, -0.5)
    made = figure_of(60 + 8 * n, "input channel", "neuron", "both", x_range=Range1d(-0.5, width - 0.5), y_range=y_range)
    neuron = np.broadcast_to(f.numbers[:, None], (n, width)).astype(np.int32)
    channel = np.broadcast_to(np.arange(width, dtype=np.int32), (n, width))
    source = ColumnDataSource({"image": [f.images[:, 0]], "neuron": [neuron], "channel": [channel]})
    drawn = made.image("image", x=-0.5, y=-0.5, dw=width, dh=n, source=source, color_mapper=mapper)
    step = -(-n // 20)
    made.yaxis.ticker = FixedTicker(ticks=list(range(0, n, step)))
    made.yaxis.major_label_overrides = {k: str(f.numbers[k]) for k in range(0, n, step)}
    made.yaxis.major_label_policy = NoOverlap(min_distance=2)
    made.add_tools(hover([drawn], [(f.what, "@neuron"), ("channel", "@channel"), ("weight", "@image{0.[0000]}")]))
    return made


def _mosaic(f, mapper):
    """Weights of pixels: a small image for each neuron."""
    n, height, width = f.images.shape
    columns = min(n, 10)
    rows = -(-n // columns)
    place = np.arange(n)
    source = ColumnDataSource(
        {
            "image": [np.float32(image[::-1]) for image in f.images], "number": f.numbers,
            "x": (place % columns) * (1 + 0.1), "y": -(place // columns + 1) * (1 + 0.1) * height / width,
        }
    )  # fmt: skip
    high = height / width
    size = max(40, min(64, 420 / (rows * high)))  # pixels of an image, so that all of them are a picture of their own
    made = figure_of(
        int(size * 1.1 * rows * high) + 20, "", "", "both", width=int(size * 1.1 * columns) + 80, min_border_left=0,
        x_range=Range1d(-0.1, columns * 1.1), y_range=Range1d(-rows * 1.1 * high - 0.05, 0.0), sizing_mode="fixed",
    )  # fmt: skip
    drawn = made.image("image", x="x", y="y", dw=1, dh=high, source=source, color_mapper=mapper)
    made.axis.visible = made.grid.visible = False
    tips = [(f.what, "@number"), ("weight", "@image{0.[0000]}")]
    made.add_tools(hover([drawn], tips))
    return made
