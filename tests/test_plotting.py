"""Figures: what is drawn is what was given, in the colours of the phases, and nothing needs a display."""

import subprocess
import sys

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from brianff import plotting
from brianff.errors import BrianffError, OptionError
from brianff.learning.evaluation import Evaluation
from brianff.learning.recordings import Recording
from brianff.stimulus import LABEL_NEUTRAL, LABEL_NONE

N_STEPS, N_PIXELS, SIZES, RECORDED = 20, 6, (10, 8, 5), 3


def make_arrays(n_epochs=6, sizes=SIZES, spikes=60, variables=("v", "I_syn", "x"), dt=0.5, steps=None):
    """Of a recording; `steps`: of each stimulus epoch."""
    rng = np.random.default_rng(1)
    ends = np.cumsum(np.full(n_epochs, N_STEPS) if steps is None else steps)
    n = ends[-1] if n_epochs else 0
    arrays = {
        "phase": np.resize([1, -1], n_epochs),
        "label": np.arange(n_epochs),
        "image": np.zeros((n_epochs, N_PIXELS)),
        "start": np.append(0, ends[:-1])[:n_epochs] * dt,
        "stop": ends * dt,
        "dt": np.array(dt),
        "sizes": np.array(sizes),
        "t": np.arange(n + 1) * dt,
        "membrane": np.array("v"),
        "variables": np.array([name for name in variables if name != "x"]),
        "diverged": np.array(""),
    }
    for level, size in enumerate(sizes):
        arrays[f"spikes{level}_i"] = rng.integers(0, size, spikes)
        # Multiplied and divided, so that times carry rounding errors, as Brian2's do.
        arrays[f"spikes{level}_t"] = rng.integers(0, max(n, 1), spikes) * (dt * 1e-3) * 1e3
        if level:
            arrays[f"neurons{level}"] = np.arange(RECORDED)
            arrays[f"goodness{level}"] = rng.random(n + 1)
            for name in variables:
                arrays[f"traces{level}_{name}"] = rng.random((RECORDED, n + 1))
                arrays[f"unit{level}_{name}"] = np.array("1")
    return arrays


def make_recording(**options):
    return Recording(make_arrays(**options))


def make_metrics(layers=2, chunks=30, validations=5, epoch=True):
    rng = np.random.default_rng(2)
    rows = []
    for k in range(1, chunks + 1):
        row = {"what": "chunk", "samples": 100 * k, "epoch": k / 6}
        for level in range(1, layers + 1):
            row |= {f"positive{level}": 2 + rng.random(), f"negative{level}": rng.random(), f"ordered{level}": 0.9}
        rows.append(row)
    for k in range(1, validations + 1):
        accuracy = {"goodness": 1 - 0.2 / k, "upper": 1 - 0.3 / k, "readout": 1 - 0.1 / k}
        rows.append({"what": "validation", "samples": 600 * k, "epoch": float(k), **accuracy})
    if not epoch:
        rows = [{key: value for key, value in row.items() if key != "epoch"} for row in rows]
    return rows


def make_evaluation(layers=2, n=50, classes=4):
    rng = np.random.default_rng(3)
    labels = rng.integers(0, classes, n)
    goodness = rng.random((n, classes, layers))
    goodness[np.arange(n), labels] += 0.4
    return Evaluation(labels, goodness, rng.random((n, classes)), 0.5)


def predictions(labels, predicted, n_classes):
    """An evaluation with these predicted classes; -1: several tie."""
    labels, predicted = np.array(labels, int), np.array(predicted, int)
    belief = np.where(np.arange(n_classes) == predicted[:, None], 1.0, 0.0)
    return Evaluation(labels, None, belief, 0.5)


def texts(figure):
    return [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")) if text.get_text()]


def points(line):
    return np.stack(line.get_data(), axis=1)


def marks(axes):
    """Spikes in axes of a raster."""
    drawn = [points(line) for line in axes.lines if line.get_marker() == "|"]
    return np.concatenate(drawn)


def phase_of_background(axes):
    """Extent and phase of every shaded epoch, from left to right."""
    spans = []
    for patch in axes.patches:
        phase = next(
            p
            for p in ("positive", "negative", "neutral")
            if to_rgb(plotting.COLOURS[p]) == to_rgb(patch.get_facecolor()[:3])
        )
        spans.append((patch.get_x(), patch.get_x() + patch.get_width(), phase))
    return sorted(spans)


def in_order(pairs):
    return sorted(map(tuple, np.round(pairs, 6).tolist()))


# -- files -----------------------------------------------------------------------------------------------------------
FIGURES = {
    "raster": lambda: plotting.raster(make_recording()),
    "membrane": lambda: plotting.membrane(make_recording()),
    "goodness_over_training": lambda: plotting.goodness_over_training(make_metrics()),
    "learning_curve": lambda: plotting.learning_curve(make_metrics()),
    "goodness_distribution": lambda: plotting.goodness_distribution(make_evaluation()),
    "receptive_fields": lambda: plotting.receptive_fields(np.random.default_rng(1).normal(size=(884, 50)), (28, 28)),
    "confusion": lambda: plotting.confusion(predictions(np.arange(300) % 10, np.arange(300) % 7, 10)),
}


@pytest.mark.parametrize("name", FIGURES)
def test_saved_figure_is_a_small_png(name, tmp_path):
    figure = FIGURES[name]()
    assert isinstance(figure, Figure)
    path = tmp_path / "figure.png"
    path.write_bytes(b"old")
    assert plotting.save(figure, path) == path
    assert [file.name for file in tmp_path.iterdir()] == ["figure.png"]
    assert path.stat().st_size < 300_000
    assert figure.axes
    with Image.open(path) as image:
        assert image.format == "PNG"
        image.load()
        assert 600 < image.width < 1500 and 300 < image.height < 1500
        assert len(np.unique(np.asarray(image.convert("L")))) > 10


@pytest.mark.parametrize("name", FIGURES)
def test_text_is_large_and_stays_apart(name):
    figure = FIGURES[name]()
    figure.draw_without_rendering()
    shown = [
        text
        for text in figure.findobj(lambda artist: hasattr(artist, "get_fontsize"))
        if text.get_visible() and text.get_text().strip()
    ]
    assert min(text.get_fontsize() for text in shown) >= 9
    # Without the tick labels, some of which lie outside the limits and are not drawn.
    boxes = [
        text.get_window_extent()
        for axes in figure.axes
        for text in (axes.xaxis.label, axes.yaxis.label, axes.title, *axes.texts)
        if text.get_text()
    ]
    for k, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[k + 1 :])


def test_needs_no_pyplot(monkeypatch):
    def forbidden(*args, **kwargs):
        raise AssertionError("pyplot keeps every figure, and may want a display.")

    monkeypatch.setattr(pyplot, "figure", forbidden)
    monkeypatch.setattr(pyplot, "gcf", forbidden)
    for draw in FIGURES.values():
        draw()
    assert pyplot.get_fignums() == []


def test_phases_differ_in_grey():
    def luminance(phase):
        return np.dot(to_rgb(plotting.COLOURS[phase]), [0.2126, 0.7152, 0.0722])

    assert luminance("negative") - luminance("positive") > 0.25


# -- raster ----------------------------------------------------------------------------------------------------------
def test_raster_draws_every_spike():
    recording = make_recording()
    figure = plotting.raster(recording, epochs=range(6))
    assert len(figure.axes) == 3
    for axes, level in zip(figure.axes, (2, 1, 0), strict=True):
        given = np.stack(recording.spikes(level)[::-1], axis=1)
        assert in_order(marks(axes)) == in_order(given)
        low, high = axes.get_ylim()
        assert low < 0 and high > SIZES[level] - 1
    assert figure.axes[0].get_ylabel().startswith("layer 2") and figure.axes[2].get_ylabel().startswith("input")
    assert "time (ms)" in texts(figure)


def test_raster_shows_the_first_epochs_by_default():
    recording = make_recording()
    figure = plotting.raster(recording)
    duration = N_STEPS * 0.5
    for axes, level in zip(figure.axes, (2, 1, 0), strict=True):
        assert len(marks(axes)) == np.sum(recording.spikes(level)[1] < 4 * duration - 0.1)
    assert figure.axes[0].get_xlim() == pytest.approx((0, 4 * duration), abs=0.02 * 4 * duration)
    assert {"+ label 0", "− label 1", "+ label 2", "− label 3"} <= set(texts(figure))
    assert "+ label 4" not in texts(figure)


def test_spike_in_the_first_step_belongs_to_its_epoch():
    start = 3 * N_STEPS * 0.1
    spikes = {"spikes1_t": np.array([start - 1e-9, start - 0.1]), "spikes1_i": np.array([4, 5])}
    recording = Recording(make_arrays(spikes=0, dt=0.1) | spikes)
    (spike,) = marks(plotting.raster(recording, epochs=[3, 4]).axes[1])
    assert spike[1] == 4


def test_raster_shades_phases():
    shown = {"phase": np.array([1, -1, 0]), "label": np.array([LABEL_NONE, 3, LABEL_NEUTRAL])}
    figure = plotting.raster(Recording(make_arrays(n_epochs=3) | shown))
    for axes in figure.axes:
        assert phase_of_background(axes) == [(0, 10, "positive"), (10, 20, "negative"), (20, 30, "neutral")]
    assert {"+ no label", "− label 3", "neutral label"} <= set(texts(figure))


def test_raster_tells_labels_from_pixels():
    recording = make_recording()
    axes = plotting.raster(recording, epochs=range(6)).axes[-1]
    drawn = {line.get_color(): points(line) for line in axes.lines if line.get_marker() == "|"}
    pixels, labels = drawn[plotting.COLOURS["ink"]], drawn[plotting.COLOURS["label"]]
    assert pixels[:, 1].max() < N_PIXELS <= labels[:, 1].min()
    assert {"pixels", "labels"} <= {text.get_text() for text in axes.texts}


def test_raster_without_label_neurons():
    figure = plotting.raster(make_recording(sizes=(N_PIXELS, 4)))
    assert len(figure.axes) == 2
    assert "labels" not in texts(figure)


def test_many_epochs_have_short_names():
    figure = plotting.raster(make_recording(n_epochs=30), epochs=range(30))
    names = [text.get_text() for text in figure.axes[0].texts]
    assert "+0" in names and len(names) <= 24


@pytest.mark.parametrize("draw", [plotting.raster, plotting.membrane])
def test_no_spikes_at_all(draw, tmp_path):
    arrays = make_arrays(spikes=0)
    for key in arrays:
        if key.startswith(("traces", "goodness")):
            arrays[key] *= 0
    figure = draw(Recording(arrays))
    assert draw is plotting.membrane or texts(figure).count("no spikes") == 3
    assert plotting.save(figure, tmp_path / "silent.png").stat().st_size > 5000


@pytest.mark.parametrize("draw", [plotting.raster, plotting.membrane])
@pytest.mark.parametrize("epochs", [[], [6], [-1, 0], [0, 2], [1, 0]])
def test_epochs_that_cannot_be_shown(draw, epochs):
    with pytest.raises(ValueError, match="consecutive ones of the 6"):
        draw(make_recording(), epochs=epochs)


def test_a_recording_without_epochs():
    for draw in (plotting.raster, plotting.membrane):
        with pytest.raises(OptionError, match="of the 0 in the recording"):
            draw(make_recording(n_epochs=0, spikes=0))


@pytest.mark.parametrize("draw", [plotting.raster, plotting.membrane])
def test_epochs_of_unequal_length_are_drawn_as_long_as_they_are(draw):
    recording = make_recording(n_epochs=4, steps=(20, 60, 4, 40))
    axes = draw(recording).axes[0]
    assert [(start, stop) for start, stop, _ in phase_of_background(axes)] == [(0, 10), (10, 40), (40, 42), (42, 62)]
    assert axes.get_xticks().tolist() == [0, 10, 40, 62]  # 42 finds no room
    names = {text.get_text(): text for text in axes.texts}
    assert {"+0", "−1", "−3"} <= set(names) and names["−1"].xy[0] == 25


# -- membrane --------------------------------------------------------------------------------------------------------
def test_membrane_draws_what_was_recorded():
    recording = make_recording()
    figure = plotting.membrane(recording, level=2, neuron=1, epochs=[2, 3])
    shown = slice(2 * N_STEPS, 4 * N_STEPS)
    rows = [*(recording.trace(name, 2)[1] for name in ("v", "I_syn", "x")), recording.goodness(2)]
    assert len(figure.axes) == len(rows)
    for axes, values in zip(figure.axes, rows, strict=True):
        np.testing.assert_array_equal(points(axes.lines[0]), np.stack([recording.t, values], axis=1)[shown])
        assert [phase for *_, phase in phase_of_background(axes)] == ["positive", "negative"]
    assert "layer 2,\nneuron 1" in texts(figure)


def test_membrane_marks_spikes_above_the_trace():
    recording = make_recording()
    axes = plotting.membrane(recording, neuron=2, epochs=range(6)).axes[0]
    spikes = marks(axes)
    i, t = recording.spikes(1)
    assert sorted(spikes[:, 0]) == sorted(t[i == 2])
    assert spikes[:, 1].min() > 1 and spikes[:, 1].max() < axes.get_ylim()[1]


def test_membrane_chooses_the_most_active_recorded_neuron():
    t, i = np.array([1.0, 2, 3, 4, 5, 21, 22, 23, 24]), np.array([7, 7, 7, 2, 2, 1, 1, 1, 1])
    # 7 is not recorded; 1 spikes in epoch 2
    recording = Recording(make_arrays() | {"spikes1_t": t, "spikes1_i": i})
    assert "layer 1,\nneuron 2" in texts(plotting.membrane(recording, epochs=[0, 1]))
    assert "layer 1,\nneuron 1" in texts(plotting.membrane(recording))


def test_membrane_draws_its_threshold_where_it_is_one():
    assert not [line for line in plotting.membrane(make_recording()).axes[0].lines if line.get_linestyle() == "--"]
    moving = 1 + 0.01 * np.arange(RECORDED * 121).reshape(RECORDED, 121)
    figure = plotting.membrane(Recording(make_arrays() | {"threshold1": moving}), neuron=1)
    (dashed,) = [line for line in figure.axes[0].lines if line.get_linestyle() == "--"]
    np.testing.assert_array_equal(dashed.get_ydata(), moving[1][: 4 * N_STEPS])
    assert "threshold" in texts(figure) and len(figure.axes) == 4


def test_a_threshold_far_off_does_not_flatten_the_membrane():
    figure = plotting.membrane(Recording(make_arrays() | {"threshold1": np.full((3, 121), 1000.0)}))
    assert "threshold\n1000 ↑" in texts(figure)
    assert figure.axes[0].get_ylim()[1] < 2


def test_membrane_has_units():
    arrays = make_arrays(variables=("v", "I_adapt", "g_e", "I_syn", "x"))
    units = {"v": ("volt", 0.03), "I_adapt": ("amp", 5e-10), "g_e": ("siemens", 2e-8), "I_syn": ("volt", 0.01)}
    for name, (unit, size) in units.items():
        arrays[f"traces1_{name}"] *= size
        arrays[f"unit1_{name}"] = np.array(unit)
    arrays["threshold1"] = np.full((3, 121), 0.02)
    figure = plotting.membrane(Recording(arrays), neuron=0)
    labels = [axes.get_ylabel() for axes in figure.axes[:-1]]
    assert labels == ["membrane\npotential $v$ (mV)", "I_adapt (pA)", "g_e (nS)", "I_syn (mV)", "trace $x$"]
    for axes, (name, scale) in zip(figure.axes, (("v", 1e-3), ("I_adapt", 1e-12), ("g_e", 1e-9)), strict=False):
        np.testing.assert_allclose(axes.lines[0].get_ydata(), arrays[f"traces1_{name}"][0][: 4 * N_STEPS] / scale)
    (dashed,) = [line for line in figure.axes[0].lines if line.get_linestyle() == "--"]
    np.testing.assert_allclose(dashed.get_ydata(), 20)


@pytest.mark.parametrize(
    "variables, rows",
    [
        (("v",), ["v"]),
        (("w", "v"), ["w", "v"]),
        (("x", "u"), ["u", "x"]),
        (("v", "b", "a", "c", "x", "d", "e", "f", "h"), ["v", "b", "a", "c", "d", "e", "f"]),
    ],
)
def test_membrane_of_other_neuron_models(variables, rows):
    recording = make_recording(variables=variables)
    figure = plotting.membrane(recording, neuron=0)
    assert len(figure.axes) == len(rows) + 1
    for axes, name in zip(figure.axes, rows, strict=False):
        np.testing.assert_array_equal(axes.lines[0].get_ydata(), recording.trace(name)[0][: 4 * N_STEPS])
        assert name in axes.get_ylabel()
    assert "goodness" in figure.axes[-1].get_ylabel()


def test_membrane_shows_the_state_of_the_neuron_model_and_no_copies():
    arrays = make_arrays(variables=("u", "v", "v_now", "th", "x", "z"))
    arrays |= {"membrane": np.array("u"), "variables": np.array(["u", "v", "v_now", "th"])}
    arrays["traces1_v_now"] = arrays["traces1_v"].copy()
    recording = Recording(arrays | {"threshold1": arrays["traces1_th"]})
    labels = [axes.get_ylabel() for axes in plotting.membrane(recording).axes]
    assert labels == ["membrane\npotential $u$", "v", "trace $x$", "goodness\nof the layer"]
    figure = plotting.membrane(recording, variables=("z", "u", "v_now"))
    assert [axes.get_ylabel() for axes in figure.axes[:3]] == ["z", "membrane\npotential $u$", "v_now"]
    assert [line for line in figure.axes[1].lines if line.get_linestyle() == "--"]
    with pytest.raises(ValueError, match="there is no variable 'w' of layer 1: there are u, v, v_now, th, x, z"):
        plotting.membrane(recording, variables=("w",))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e200])
def test_membrane_that_diverges(value, tmp_path):
    arrays = make_arrays() | {"threshold1": np.full((3, 121), 1.0)}
    arrays["traces1_v"][:, 30:] = value
    arrays["traces1_v"][:, 29] = 1e9
    arrays["traces1_x"][:] = value
    arrays["goodness1"][30:] = value
    figure = plotting.membrane(Recording(arrays))
    assert texts(figure).count("diverges") == 2 and figure.axes[0].get_ylim()[1] < 2
    assert plotting.save(figure, tmp_path / "diverged.png").stat().st_size > 5000


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_membrane_of_a_silent_layer_shows_who_comes_nearest(dtype):
    arrays = make_recording(spikes=0).arrays()
    recording = Recording(arrays | {"traces1_v": arrays["traces1_v"].astype(dtype)})
    recording.arrays()["traces1_v"][1, 5] = 7.0
    assert "layer 1,\nneuron 1" in texts(plotting.membrane(recording))


@pytest.mark.parametrize("n", [1, 5, 12, 30, 40])
def test_every_one_of_a_few_neurons_has_a_tick(n):
    recording = make_recording(sizes=(SIZES[0], n))
    axes = plotting.raster(recording).axes[0]
    numbers = [int(tick) for tick in axes.get_yticks()]
    assert sorted([*numbers, *axes.get_yticks(minor=True)]) == list(range(n)) and len(numbers) >= min(n, 4)
    figure = axes.figure
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in axes.get_yticklabels()]
    assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[k + 1 :])


def test_membrane_of_what_was_not_recorded():
    with pytest.raises(OptionError, match="neuron=5: of layer 1 were recorded 0, 1, 2"):
        plotting.membrane(make_recording(), neuron=5)
    with pytest.raises(OptionError, match="level=3: the layers are 1 to 2"):
        plotting.membrane(make_recording(), level=3)
    with pytest.raises(OptionError, match="no neuron of that layer was recorded"):
        plotting.membrane(Recording(make_arrays() | {"neurons1": np.zeros(0, int)}))


def test_membrane_of_a_layer_without_goodness():
    arrays = make_arrays()
    del arrays["goodness1"]
    labels = [axes.get_ylabel() for axes in plotting.membrane(Recording(arrays)).axes]
    assert len(labels) == 3 and not any("goodness" in label for label in labels)


# -- training --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_goodness_over_training(layers):
    metrics = make_metrics(layers)
    figure = plotting.goodness_over_training(metrics)
    assert len(figure.axes) == 2 * layers
    rows = [row for row in metrics if row["what"] == "chunk"]
    for level in range(1, layers + 1):
        left, right = figure.axes[2 * level - 2 : 2 * level]
        for phase in ("positive", "negative"):
            raw, smooth = [line for line in left.lines if line.get_color() == plotting.COLOURS[phase]]
            given = np.array([row[f"{phase}{level}"] for row in rows])
            np.testing.assert_array_equal(raw.get_ydata(), given)
            assert smooth.get_linewidth() > raw.get_linewidth()
            assert np.std(smooth.get_ydata()) < np.std(given)
            assert given.min() <= smooth.get_ydata().min() and smooth.get_ydata().max() <= given.max()
        np.testing.assert_allclose(right.lines[0].get_ydata(), 90)
        assert f"layer {level}" in left.get_ylabel() and "%" in right.get_ylabel()
    assert {"positive phase", "negative phase", "training epoch"} <= set(texts(figure))


def test_goodness_over_training_without_epochs_and_with_one_row():
    assert "training samples" in texts(plotting.goodness_over_training(make_metrics(epoch=False)))
    line = plotting.goodness_over_training(make_metrics(chunks=1)).axes[0].lines[1]
    assert line.get_marker() == "o"


@pytest.mark.parametrize("metrics", [[], make_metrics(chunks=0), [{"what": "chunk", "epoch": 1.0}]])
def test_goodness_over_training_needs_chunks(metrics):
    with pytest.raises(ValueError, match="metrics have no goodness"):
        plotting.goodness_over_training(metrics)


def test_metrics_without_progress():
    with pytest.raises(ValueError, match="need 'epoch' or 'samples'"):
        plotting.goodness_over_training([{"what": "chunk", "positive1": 1.0, "negative1": 1.0}])


def test_learning_curve():
    figure = plotting.learning_curve(make_metrics())
    (axes,) = figure.axes
    goodness, upper, readout = axes.lines
    np.testing.assert_allclose(goodness.get_ydata(), [100 * (1 - 0.2 / k) for k in range(1, 6)])
    np.testing.assert_allclose(upper.get_ydata(), [100 * (1 - 0.3 / k) for k in range(1, 6)])
    np.testing.assert_allclose(readout.get_ydata(), [100 * (1 - 0.1 / k) for k in range(1, 6)])
    np.testing.assert_array_equal(readout.get_xdata(), np.arange(1, 6))
    low, high = axes.get_ylim()
    assert 50 < low < 70 and 98 < high < 100
    assert any("softmax readout: 98.0 %" in text for text in texts(figure))
    assert len({line.get_color() for line in axes.lines}) == len({line.get_linestyle() for line in axes.lines}) == 3
    assert not {line.get_color() for line in axes.lines} & {plotting.COLOURS["positive"], plotting.COLOURS["negative"]}


def test_learning_curve_of_one_layer_has_no_upper_layers():
    assert len(plotting.learning_curve(make_metrics(layers=1)).axes[0].lines) == 2


@pytest.mark.parametrize("accuracies", [[1.0], [1.0, 0.99], [0.0], [0.0, 1.0], [0.1, 0.5, 0.9, 0.999], [0.7]])
def test_learning_curve_shows_every_value(accuracies):
    rows = [{"what": "validation", "epoch": float(k), "readout": a} for k, a in enumerate(accuracies, start=1)]
    figure = plotting.learning_curve(rows)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    low, high = axes.get_ylim()
    assert low <= 100 * min(accuracies) and high >= 100 * max(accuracies)
    place = axes.transData.transform(points(axes.lines[0]))
    box = axes.get_window_extent()
    assert np.all(np.isfinite(place)) and np.all(place[:, 1] > box.y0 - 1) and np.all(place[:, 1] < box.y1 + 1)
    # A tick says what is there: the label is the value.
    for value, text in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True):
        assert float(text.get_text()) == pytest.approx(value)


def test_learning_curve_of_a_network_with_targets():
    rows = [{"what": "validation", "epoch": float(k), "accuracy": 1 - 0.2 / k} for k in range(1, 4)]
    figure = plotting.learning_curve(rows)
    np.testing.assert_allclose(figure.axes[0].lines[0].get_ydata(), [80, 90, 100 - 20 / 3])
    assert any("output neurons: 93.3 %" in text for text in texts(figure)) and len(figure.axes) == 1
    cosines = [row | {"alignment1": 0.3 * row["epoch"], "alignment2": -0.1} for row in rows]
    accuracy, cosine = plotting.learning_curve(cosines).axes
    np.testing.assert_allclose(cosine.lines[0].get_ydata(), [0.3, 0.6, 0.9])
    assert cosine.get_ylim() == (-0.1, 1) and cosine.get_xlabel() == "training epoch" and not accuracy.get_xlabel()


def test_learning_curve_names_an_accuracy_once():
    rows = [row | {"accuracy": row["goodness"]} for row in make_metrics() if row["what"] == "validation"]
    assert len(plotting.learning_curve(rows).axes[0].lines) == 3


def test_learning_curve_without_validation():
    figure = plotting.learning_curve(make_metrics(validations=0))
    assert "no validation samples" in texts(figure)
    with pytest.raises(ValueError, match="there are none to draw"):
        plotting.learning_curve([])


# -- evaluation ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_goodness_distribution(layers):
    evaluation = make_evaluation(layers)
    figure = plotting.goodness_distribution(evaluation)
    assert len(figure.axes) == (1 if layers == 1 else layers + 1)
    true, wrong = evaluation.separation()
    first = figure.axes[0]
    for stairs, given, phase in zip(first.patches, (true, wrong), ("positive", "negative"), strict=True):
        counts, edges, _ = stairs.get_data()
        np.testing.assert_array_equal(np.nan_to_num(counts), np.histogram(given, edges)[0])
        assert np.nansum(counts) == len(given)
        assert to_rgb(stairs.get_edgecolor()[:3]) == to_rgb(plotting.COLOURS[phase])
    for axes, layer in zip(figure.axes[-layers:], range(layers), strict=True):
        g = evaluation.goodness[:, :, layer]
        # In its own terms: true is larger where it is the largest of all labels.
        fraction = 100 * np.mean(g.argmax(axis=1) == evaluation.labels)
        assert axes.get_legend().get_title().get_text() == f"true > wrong: {fraction:.1f} %"
        assert f"layer {layer + 1}" in axes.get_xlabel()
    assert {"true label", "best wrong label"} <= set(texts(figure))


def test_goodness_distribution_needs_goodness():
    evaluation = make_evaluation()
    evaluation.goodness = None
    with pytest.raises(ValueError, match="no label input"):
        plotting.goodness_distribution(evaluation)
    with pytest.raises(ValueError, match="there were no samples"):
        plotting.goodness_distribution(make_evaluation(n=0))
    evaluation = make_evaluation()
    evaluation.goodness[[3, 7], 1, 0] = np.nan, np.inf
    with pytest.raises(BrianffError, match="the goodness of 2 of 50 samples is not finite"):
        plotting.goodness_distribution(evaluation)
    evaluation.goodness = np.zeros((3, 4, 2))
    with pytest.raises(ValueError, match="not that of 50 samples"):
        plotting.goodness_distribution(evaluation)


@pytest.mark.parametrize("shape", [(8, 8), (28, 28), (4, 3)])
def test_receptive_fields_of_the_strongest_neurons(shape):
    height, width = shape
    w = np.random.default_rng(4).normal(size=(height * width + 10, 60)) * np.linspace(0.5, 2, 60)
    w[height * width :] = 1e3  # label inputs must not count
    figure = plotting.receptive_fields(w, shape, n=40)
    axes, bar = figure.axes
    (image,) = axes.images
    low, high = image.get_clim()
    assert low == -high and 0 < high < 100
    mosaic = np.ma.filled(image.get_array(), np.nan)
    strongest = np.argmax(np.linalg.norm(w[: height * width], axis=0))
    np.testing.assert_array_equal(mosaic[:height, :width].ravel(), w[: height * width, strongest])
    assert np.isfinite(mosaic).sum() == 40 * height * width
    assert bar.get_ylabel().startswith("weight")


def test_receptive_fields_of_few_neurons_and_of_nothing():
    figure = plotting.receptive_fields(np.zeros((16, 3)), (4, 4))
    mosaic = np.ma.filled(figure.axes[0].images[0].get_array(), np.nan)
    assert np.isfinite(mosaic).sum() == 3 * 16
    for w in (np.zeros((15, 3)), np.zeros((16, 0)), np.zeros(16)):
        with pytest.raises(ValueError, match="no neuron with the 4x4 pixels"):
            plotting.receptive_fields(w, (4, 4))


def test_confusion_counts():
    figure = plotting.confusion(predictions([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 2, 2], 3))
    axes, bar = figure.axes
    counts = {(int(text.get_position()[1]), int(text.get_position()[0])): int(text.get_text()) for text in axes.texts}
    assert counts == {(0, 0): 2, (0, 1): 1, (1, 1): 1, (1, 2): 1, (2, 2): 1}
    _, errors = axes.images
    shares = errors.get_array()
    assert shares[0, 1] == pytest.approx(100 / 3) and shares[1, 2] == pytest.approx(50)
    assert shares.mask.tolist() == np.eye(3, dtype=bool).tolist()
    assert errors.get_clim() == (0, pytest.approx(50))
    assert axes.get_title() == "accuracy 66.7 % (4 of 6)"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted class", "true class")
    assert "%" in bar.get_ylabel()


def test_confusion_leaves_ties_out_and_says_so():
    axes = plotting.confusion(predictions([0, 1, 1, 2], [0, -1, 1, -1], 3)).axes[0]
    assert axes.get_title() == "accuracy 50.0 % (2 of 4; 2 tie, and are not shown)"
    assert len(axes.texts) == 2
    assert plotting.confusion(predictions([0, 0], [-1, -1], 3)).axes[0].get_title().startswith("accuracy 0.0 %")


@pytest.mark.parametrize("n_classes, n_ticks", [(12, 12), (26, 26), (62, 21)])
def test_confusion_of_many_classes(n_classes, n_ticks):
    labels = np.arange(500) % n_classes
    axes = plotting.confusion(predictions(labels, np.roll(labels, 1), n_classes)).axes[0]
    assert bool(axes.texts) == (n_classes <= 12)
    assert len(axes.get_xticks()) == n_ticks


def test_confusion_without_errors_and_with_an_absent_class():
    axes = plotting.confusion(predictions([0, 1], [0, 1], 3)).axes[0]
    assert axes.get_title() == "accuracy 100.0 % (2 of 2)"
    assert np.all(axes.images[1].get_array().compressed() == 0)


def test_confusion_names_the_classes():
    evaluation = predictions([0, 1, 2], [0, 1, 1], 3)
    axes = plotting.confusion(evaluation, classes=["cat", "dog", "bird"]).axes[0]
    for ticks in (axes.get_xticklabels(), axes.get_yticklabels()):
        assert [tick.get_text() for tick in ticks] == ["cat", "dog", "bird"]
    with pytest.raises(OptionError, match="classes: there are 2 names for 3 classes"):
        plotting.confusion(evaluation, classes=["cat", "dog"])
    with pytest.raises(OptionError, match="no samples"):
        plotting.confusion(predictions([], [], 3))


# -- where figures appear --------------------------------------------------------------------------------------------
def test_figures_are_drawn_side_by_side_on_one_of_the_callers():
    whole = Figure(figsize=(14, 5), layout="constrained")
    left, right = whole.subfigures(1, 2)
    recording = make_recording()
    assert plotting.raster(recording, figure=left) is left and len(left.axes) == 3
    assert plotting.membrane(recording, figure=right) is right and len(right.axes) == 4
    for name, draw in (
        ("goodness_over_training", lambda figure: plotting.goodness_over_training(make_metrics(), figure)),
        ("learning_curve", lambda figure: plotting.learning_curve(make_metrics(), figure)),
        ("goodness_distribution", lambda figure: plotting.goodness_distribution(make_evaluation(), figure)),
        ("confusion", lambda figure: plotting.confusion(make_evaluation(), figure=figure)),
        ("receptive_fields", lambda figure: plotting.receptive_fields(np.eye(16), (4, 4), figure=figure)),
    ):
        part = Figure(layout="constrained").subfigures()
        assert draw(part) is part and part.axes, name
        part.figure.draw_without_rendering()


def test_a_notebook_shows_a_figure():
    figure = plotting.learning_curve(make_metrics())
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_matplotlib_is_imported_when_something_is_drawn():
    code = "import sys, brianff.plotting; assert {'matplotlib', 'brian2'}.isdisjoint(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert set(plotting.__all__) <= set(dir(plotting)) and all(hasattr(plotting, name) for name in plotting.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = plotting.nothing


def test_awake_asleep_has_a_line_for_each_way_and_a_point_for_each_run():
    of_seeds = [{"seed": k, "validation_goodness": 0.9 - 0.1 * k, "validation_readout": 0.8} for k in (0, 1)]
    axes = plotting.awake_asleep([{"pairs": n} | row for n in (1, 100) for row in of_seeds]).axes[0]
    mean, points = axes.lines[:2]
    np.testing.assert_allclose(mean.get_ydata(), [85, 85])
    np.testing.assert_allclose(points.get_ydata(), [90, 80, 90, 80])
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["1", "100"]
