"""Figures of a run: what the spikes, the goodness, the weights and the predictions look like.

Every function returns a `matplotlib.figure.Figure` that belongs to no window and no pyplot state, so that figures can
be drawn on a machine without a display; `save` writes one as PNG.  The two phases have the same colours in all of them.
"""

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from brianff.errors import BrianffError
from brianff.learning.evaluation import NO_PREDICTION, Evaluation, confusion_matrix
from brianff.plotting.recordings import membrane, raster
from brianff.plotting.studies import comparison, convergence, gradient_error, gradient_free
from brianff.plotting.style import COLOURS, TEXT, WIDTH, save, scale_by_error, tidy

__all__ = [
    "COLOURS",
    "comparison",
    "confusion",
    "convergence",
    "feedback_training",
    "goodness_distribution",
    "goodness_over_training",
    "gradient_error",
    "gradient_free",
    "learning_curve",
    "membrane",
    "raster",
    "receptive_fields",
    "save",
]


# -- what training does ----------------------------------------------------------------------------------------------
def goodness_over_training(metrics):
    """Goodness of the positive and the negative phase in the course of training, one row for each layer.

    Left: the mean goodness of every chunk (thin) and its running mean (thick), in the colours of the phases.  Right:
    the fraction of samples whose positive phase had the larger goodness; an untrained layer is at 50 %.

    Parameters
    ----------
    metrics : list of dict
        Rows of `brianff.learning.training.Trainer.metrics` or ``metrics.csv``; only those of chunks are used.

    Returns
    -------
    figure : `matplotlib.figure.Figure`
        Axes: goodness and fraction of the first layer, of the second, ...
    """
    rows = [row for row in metrics if row.get("what") == "chunk"]
    levels = _levels(rows)
    if not levels:
        raise ValueError("metrics have no goodness: there must be rows of chunks with positive1, negative1, ...")
    x, label = _progress(rows)

    figure = Figure(figsize=(WIDTH, 0.9 + 1.9 * len(levels)), layout="constrained")
    grid = figure.subplots(len(levels), 2, sharex=True, squeeze=False, width_ratios=(3, 2))
    for (left, right), level in zip(grid, levels, strict=True):
        for phase in ("positive", "negative"):
            _raw_and_smooth(left, x, _column(rows, f"{phase}{level}"), COLOURS[phase], f"{phase} phase")
        left.set_ylabel(f"goodness\nof layer {level}")
        _raw_and_smooth(right, x, 100 * _column(rows, f"ordered{level}"), COLOURS["ink"])
        right.axhline(50, color=COLOURS["ink"], linewidth=0.9, linestyle=":")
        right.set_ylim(min(45, right.get_ylim()[0]), 101)
        right.set_ylabel("positive >\nnegative (%)")
        for axes in (left, right):
            tidy(axes)
            axes.xaxis.set_major_locator(MaxNLocator(5, integer=label == "training epoch", steps=[1, 2, 5, 10]))
            axes.grid(color=COLOURS["grid"], linewidth=0.6)
    for axes in grid[-1]:
        axes.set_xlabel(label)
    figure.legend(
        *grid[0, 0].get_legend_handles_labels(), loc="outside upper left", ncols=2, frameon=False, fontsize=TEXT
    )
    return figure


def learning_curve(metrics):
    """Accuracy on validation samples after every training epoch, for each way of predicting the class.

    The axis is logarithmic in the error, so that 90 to 95 % takes as much room as 95 to 97.5 %.  Without validation
    samples the figure says so.

    Parameters
    ----------
    metrics : list of dict
        Rows of `brianff.learning.training.Trainer.metrics` or ``metrics.csv``; only those of validations are used.

    Returns
    -------
    figure : `matplotlib.figure.Figure`
    """
    if not metrics:
        raise ValueError("there are no metrics to draw.")
    ways = {
        "goodness": ("goodness of every label, all layers", "0.1", "o", "-"),
        "upper": ("goodness of every label, layers ≥ 2", "#009e73", "s", "--"),
        "readout": ("softmax readout", "#b05fb0", "^", "-."),
    }
    rows = [row for row in metrics if row.get("what") == "validation"]
    figure = Figure(figsize=(WIDTH, 4.6), layout="constrained")
    axes = figure.subplots()
    tidy(axes)
    if _levels(metrics) == [1]:
        del ways["upper"]  # the same as all layers
    present = [way for way in ways if any(way in row for row in rows)]
    axes.set_ylabel("validation accuracy (%),\nlogarithmic in the error")
    if not present:
        axes.set(xlabel="training epoch", ylabel="validation accuracy (%)", xticks=[], yticks=[])
        axes.text(0.5, 0.5, "no validation samples", transform=axes.transAxes, ha="center", fontsize=TEXT)
        return figure
    x, label = _progress(rows)
    for way in present:
        text, colour, marker, line = ways[way]
        accuracy = 100 * _column(rows, way)
        text = f"{text}: {accuracy[np.isfinite(accuracy)][-1]:.1f} %"
        axes.plot(
            x,
            accuracy,
            color=colour,
            linestyle=line,
            linewidth=1.8,
            marker=marker,
            markersize=5,
            label=text,
            markevery=max(1, len(x) // 20),
        )
    axes.set_xlabel(label)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=label == "training epoch", min_n_ticks=1))
    scale_by_error(axes, 100 * np.concatenate([_column(rows, way) for way in present]))
    axes.grid(color=COLOURS["grid"], linewidth=0.6)
    figure.legend(
        loc="outside upper left",
        title="prediction by (last value)",
        frameon=False,
        fontsize=TEXT,
        title_fontsize=TEXT,
        alignment="left",
        handlelength=3,
    )
    return figure


def feedback_training(metrics):
    """Accuracy on validation samples after every epoch, and the cosine between feedback and forward weights.

    Parameters
    ----------
    metrics : list of dict
        Rows of `brianff.learning.feedback_training.FeedbackTrainer.metrics`; only those of validations are used.

    Returns
    -------
    figure : `matplotlib.figure.Figure`
        Without learnt feedback, the accuracy alone.
    """
    rows = [row for row in metrics if row.get("what") == "validation"]
    if not rows:
        raise ValueError("there are no validation samples whose accuracy could be drawn.")
    x, label = _progress(rows)
    levels = sorted(int(key.removeprefix("alignment")) for key in rows[-1] if key.startswith("alignment"))
    figure = Figure(figsize=(WIDTH, 2.8 + 1.8 * bool(levels)), layout="constrained")
    grid = figure.subplots(1 + bool(levels), 1, sharex=True, squeeze=False)[:, 0]
    accuracy = 100 * _column(rows, "accuracy")
    grid[0].plot(x, accuracy, color=COLOURS["ink"], marker="o", markersize=4)
    grid[0].set_ylabel("validation\naccuracy (%)")
    scale_by_error(grid[0], accuracy)
    for level, line in zip(levels, ("-", "--", "-.", ":"), strict=False):
        values = _column(rows, f"alignment{level}")
        grid[1].plot(x, values, linestyle=line, color=COLOURS["positive"], linewidth=2, label=f"hidden layer {level}")
        grid[1].set_ylabel("cosine of feedback\nand forward weights")
        grid[1].set_ylim(min(0, values.min()), 1)
    if len(levels) > 1:
        grid[1].legend(frameon=False, fontsize=TEXT)
    grid[-1].set_xlabel(label)
    for axes in grid:
        tidy(axes)
        axes.grid(color=COLOURS["grid"], linewidth=0.6)
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=label == "training epoch", min_n_ticks=1))
    return figure


# -- what the trained network says -----------------------------------------------------------------------------------
def goodness_distribution(evaluation: Evaluation):
    """Histograms of the goodness under the true label, and under the wrong label that has the largest goodness.

    One row of axes for the sum over all layers, on which the prediction rests, and one for each layer by itself; beside
    each the fraction of samples whose true label has the larger goodness.

    Parameters
    ----------
    evaluation : `brianff.learning.evaluation.Evaluation`
        With goodness: (n, n_classes, n_layers).

    Returns
    -------
    figure : `matplotlib.figure.Figure`
    """
    goodness = evaluation.goodness
    if goodness is None or not len(goodness):
        raise ValueError("the evaluation has no goodness: the network has no label input, or there were no samples.")
    if goodness.ndim != 3 or len(goodness) != len(evaluation.labels) or goodness.shape[1] < 2:
        raise ValueError(
            f"goodness of shape {goodness.shape} is not that of {len(evaluation.labels)} samples, at least two "
            "classes, and layers."
        )
    if bad := int(np.sum(~np.isfinite(goodness).all(axis=(1, 2)))):
        raise BrianffError(f"the goodness of {bad} of {len(goodness)} samples is not finite.")
    n_layers = goodness.shape[2]
    panels = {"all layers": goodness.sum(axis=2)} if n_layers > 1 else {}
    panels |= {f"layer {level}": goodness[:, :, level - 1] for level in range(1, n_layers + 1)}

    figure = Figure(figsize=(WIDTH, 0.6 + 1.7 * len(panels)), layout="constrained")
    rows = figure.subplots(len(panels), 1, squeeze=False)[:, 0]
    for axes, (name, values) in zip(rows, panels.items(), strict=True):
        true, wrong = _true_and_best_wrong(values, evaluation.labels)
        bins = np.histogram_bin_edges(np.concatenate([true, wrong]), bins=40)
        for data, phase, text in ((true, "positive", "true label"), (wrong, "negative", "best wrong label")):
            counts = np.histogram(data, bins)[0]
            # Empty bins are left out, so that no line runs along the axis.
            axes.stairs(
                np.where(counts, counts, np.nan),
                bins,
                fill=True,
                facecolor=(COLOURS[phase], 0.25),
                edgecolor=COLOURS[phase],
                linewidth=1.8,
                label=text,
            )
        axes.set_ylim(bottom=0)
        axes.set_ylabel("test samples")
        axes.set_xlabel(f"goodness, {'sum of ' * (name == 'all layers')}{name}")
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        tidy(axes)
        # Beside the axes: there is no place inside that no histogram ever reaches.
        handles = axes.get_legend_handles_labels()[0] if axes is rows[0] else []
        axes.legend(
            handles=handles,
            title=f"true > wrong: {100 * np.mean(true > wrong):.1f} %",
            loc="upper left",
            bbox_to_anchor=(1.0, 1.05),
            frameon=False,
            fontsize=TEXT,
            title_fontsize=TEXT,
            alignment="left",
        )
    return figure


def receptive_fields(w1, image_shape, n=40):
    """Weights from the pixels to the strongest neurons of the first layer, each as a small image.

    Strength is the norm of a neuron's pixel weights; it falls from left to right, then from top to bottom.  White is
    zero, green excites, purple inhibits.

    Parameters
    ----------
    w1 : (n_inputs, n_neurons) array
        Rows beyond the pixels (of label inputs) are left out.
    image_shape : (int, int)
        Height and width of an image.
    n : int
        Number of neurons, if there are as many.

    Returns
    -------
    figure : `matplotlib.figure.Figure`
        One axes with all images, and the colour bar.
    """
    w1, (height, width) = np.asarray(w1), image_shape
    if w1.ndim != 2 or w1.shape[0] < height * width or w1.shape[1] < 1 or n < 1:
        raise ValueError(f"weights of shape {w1.shape} hold no neuron with the {height}x{width} pixels of an image.")
    pixels = w1[: height * width]
    order = np.argsort(-np.linalg.norm(pixels, axis=0), kind="stable")[:n]
    columns = min(len(order), int(np.ceil(np.sqrt(1.6 * len(order)))))
    rows = -(-len(order) // columns)

    # One mosaic instead of many axes: exact pixels, and gaps of the same width everywhere.
    gap = max(1, width // 12)
    mosaic = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap), np.nan)
    for place, neuron in enumerate(order):
        top, left = (place // columns) * (height + gap), (place % columns) * (width + gap)
        mosaic[top : top + height, left : left + width] = pixels[:, neuron].reshape(height, width)
    # Not up to the largest weight: a few outliers would leave the rest pale.
    limit = np.nanquantile(np.abs(mosaic), 0.998) or np.nanmax(np.abs(mosaic)) or 1.0

    aspect = mosaic.shape[0] / mosaic.shape[1]
    figure = Figure(figsize=(WIDTH, 0.3 + aspect * (WIDTH - 1.2)), layout="constrained")
    axes = figure.subplots()
    axes.set_facecolor("0.6")  # of the gaps: without it, weights near zero would have no edge
    image = axes.imshow(mosaic, cmap="PRGn", vmin=-limit, vmax=limit, interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=axes, shrink=0.9, aspect=25, pad=0.02, extend="both")
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=TEXT)
    bar.set_label("weight (synaptic current per spike)", fontsize=TEXT)
    return figure


def confusion(labels, predicted, n_classes):
    """Which classes are taken for which: rows are true classes, columns predicted ones.

    Errors are coloured by their share in the true class, on a scale that ends at the largest one.  The diagonal is
    grey, so that it does not drown them.  Counts stand in the cells of up to 12 classes; an empty cell is zero.

    Parameters
    ----------
    labels, predicted : (n,) int arrays
        Samples without a prediction (`brianff.learning.evaluation.NO_PREDICTION`) are counted above the axes.
    n_classes : int

    Returns
    -------
    figure : `matplotlib.figure.Figure`
        One axes, and the colour bar.
    """
    labels, predicted = np.asarray(labels), np.asarray(predicted)
    if labels.ndim != 1 or labels.shape != predicted.shape or not len(labels):
        raise ValueError(f"labels {labels.shape} and predictions {predicted.shape} are not the same samples.")
    both = np.concatenate([labels, predicted[predicted != NO_PREDICTION]])
    if not np.issubdtype(both.dtype, np.integer) or both.min() < 0 or both.max() >= n_classes:
        raise ValueError(
            f"classes must be integers from 0 to {n_classes - 1}; these are {both.dtype} from {both.min()} to "
            f"{both.max()}."
        )
    counts = confusion_matrix(labels, predicted, n_classes)
    share = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    diagonal = np.eye(n_classes, dtype=bool)
    largest = share[~diagonal].max(initial=0) or 1.0

    figure = Figure(figsize=(6.6, 5.6), layout="constrained")
    axes = figure.subplots()
    axes.imshow(np.ma.masked_where(~diagonal, diagonal), cmap=ListedColormap([COLOURS["grid"]]))
    errors = axes.imshow(np.ma.masked_where(diagonal, share), cmap="Reds", vmin=0, vmax=largest)
    if n_classes <= 12:
        for row, column in zip(*np.nonzero(counts), strict=True):
            dark = row != column and share[row, column] > 0.6 * largest
            axes.text(
                column,
                row,
                counts[row, column],
                ha="center",
                va="center",
                fontsize=TEXT,
                color="white" if dark else "black",
            )
    correct = int(np.trace(counts))
    tied = f"; {n} tie, and are not shown" if (n := int(np.sum(predicted == NO_PREDICTION))) else ""
    axes.set_title(f"accuracy {100 * correct / len(labels):.1f} % ({correct} of {len(labels)}{tied})", fontsize=TEXT)
    axes.set(xlabel="predicted class", ylabel="true class")
    tidy(axes)
    step = -(-n_classes // 30)  # 30 numbers fit
    axes.set(xticks=range(0, n_classes, step), yticks=range(0, n_classes, step))
    axes.tick_params(length=0, labelsize=TEXT if n_classes <= 12 else 9)
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color(COLOURS["neutral"])
    bar = figure.colorbar(errors, ax=axes, shrink=0.9, aspect=25, pad=0.02)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=TEXT)
    bar.set_label("errors (% of the true class)", fontsize=TEXT)
    return figure


# -- metrics and goodness --------------------------------------------------------------------------------------------
def _column(rows, name):
    return np.array([row.get(name, np.nan) for row in rows], float)


def _levels(rows):
    """Layers whose goodness is in rows of metrics."""
    return sorted({int(key.removeprefix("positive")) for row in rows for key in row if key.startswith("positive")})


def _progress(rows):
    """Horizontal axis of training: its values and what they are."""
    if all("epoch" in row for row in rows):
        return _column(rows, "epoch"), "training epoch"
    if all("samples" in row for row in rows):
        return _column(rows, "samples"), "training samples"
    raise ValueError("rows of metrics need 'epoch' or 'samples'.")


def _raw_and_smooth(axes, x, y, colour, label=None):
    known = np.isfinite(y)
    x, y = x[known], y[known]
    window = np.ones(min(len(y), max(3, len(y) // 30)))
    # Divided by the number of values that the window covers, so that the ends are not drawn to zero.
    smooth = np.convolve(y, window, "same") / np.convolve(np.ones(len(y)), window, "same") if len(y) else y
    axes.plot(x, y, color=colour, linewidth=0.8, alpha=0.4)
    axes.plot(x, smooth, color=colour, linewidth=2.0, label=label, marker="o" if len(y) == 1 else None)


def _true_and_best_wrong(values, labels):
    """Of (n, n_classes) values, the one of the true class and the largest of the others."""
    rows = np.arange(len(labels))
    wrong = values.copy()
    wrong[rows, labels] = -np.inf
    return values[rows, labels], wrong.max(axis=1)
