"""Figures of what a trained network says, and of what its weights look like."""

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from brianff.errors import BrianffError, OptionError
from brianff.learning.evaluation import NO_PREDICTION, true_and_best_wrong
from brianff.plotting.mosaic import draw_mosaic, strongest
from brianff.plotting.style import COLOURS, TEXT, WIDTH, canvas, colour_bar, tidy

__all__ = ["confusion", "goodness_distribution", "receptive_fields"]


def goodness_distribution(evaluation, figure=None) -> Figure:
    """Histograms of the goodness under the true label, and under the wrong label that has the largest goodness.

    One row of axes for the sum over all layers, on which the prediction rests, and one for each layer by itself; beside
    each the fraction of samples whose true label has the larger goodness.

    Parameters
    ----------
    evaluation : `brianff.learning.evaluation.Evaluation`
        With goodness: (n, n_classes, n_layers).
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional
    """
    goodness = evaluation.goodness
    if goodness is None or not len(goodness):
        raise OptionError("the evaluation has no goodness: the network has no label input, or there were no samples.")
    if goodness.ndim != 3 or len(goodness) != len(evaluation.labels) or goodness.shape[1] < 2:
        raise OptionError(
            f"goodness of shape {goodness.shape} is not that of {len(evaluation.labels)} samples, at least two "
            "classes, and layers."
        )
    if bad := int(np.sum(~np.isfinite(goodness).all(axis=(1, 2)))):
        raise BrianffError(f"the goodness of {bad} of {len(goodness)} samples is not finite.")
    n_layers = goodness.shape[2]
    panels = {"all layers": goodness.sum(axis=2)} if n_layers > 1 else {}
    panels |= {f"layer {level}": goodness[:, :, level - 1] for level in range(1, n_layers + 1)}

    figure = canvas(figure, WIDTH, 0.6 + 1.7 * len(panels))
    rows = figure.subplots(len(panels), 1, squeeze=False)[:, 0]
    for axes, (name, values) in zip(rows, panels.items(), strict=True):
        true, wrong = true_and_best_wrong(values, evaluation.labels)
        bins = np.histogram_bin_edges(np.concatenate([true, wrong]), bins=40)
        for data, phase, text in ((true, "positive", "true label"), (wrong, "negative", "best wrong label")):
            counts = np.histogram(data, bins)[0]
            # Empty bins are left out, so that no line runs along the axis.
            look = dict(facecolor=(COLOURS[phase], 0.25), edgecolor=COLOURS[phase], linewidth=1.8)
            axes.stairs(np.where(counts, counts, np.nan), bins, fill=True, label=text, **look)
        axes.set_ylim(bottom=0)
        axes.set(ylabel="test samples", xlabel=f"goodness, {'sum of ' * (name == 'all layers')}{name}")
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        tidy(axes)
        # Beside the axes: there is no place inside that no histogram ever reaches.
        handles = axes.get_legend_handles_labels()[0] if axes is rows[0] else []
        place = dict(loc="upper left", bbox_to_anchor=(1.0, 1.05), alignment="left", frameon=False)
        title = f"true > wrong: {100 * np.mean(true > wrong):.1f} %"
        axes.legend(handles=handles, title=title, fontsize=TEXT, title_fontsize=TEXT, **place)
    return figure


def receptive_fields(w1, image_shape, n=40, figure=None) -> Figure:
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
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional

    Returns
    -------
    figure : `matplotlib.figure.Figure`
        One axes with all images, and the colour bar.
    """
    w1, (height, width) = np.asarray(w1), image_shape
    if w1.ndim != 2 or w1.shape[0] < height * width or w1.shape[1] < 1 or n < 1:
        raise OptionError(f"weights of shape {w1.shape} hold no neuron with the {height}x{width} pixels of an image.")
    pixels = w1[: height * width]
    images = pixels.T[strongest(pixels.T, n)].reshape(-1, height, width)
    return draw_mosaic(figure, images, "weight (synaptic current per spike)")


def confusion(evaluation, how=None, classes=None, figure=None) -> Figure:
    """Which classes are taken for which: rows are true classes, columns predicted ones.

    Errors are coloured by their share in the true class, on a scale that ends at the largest one.  The diagonal is
    grey, so that it does not drown them.  Counts stand in the cells of up to 12 classes; an empty cell is zero.
    Samples without a prediction, since several classes tie, are counted above the axes.

    Parameters
    ----------
    evaluation : `brianff.learning.evaluation.Evaluation`
    how : str, optional
        What predicts, of ``evaluation.ways`` (default: the first).
    classes : sequence of str, optional
        Names of the classes, as ``data.classes`` (default: numbers).
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional

    Returns
    -------
    figure : `matplotlib.figure.Figure`
        One axes, and the colour bar.
    """
    labels, predicted, n_classes = evaluation.labels, evaluation.predicted(how), evaluation.scores(how).shape[1]
    if not len(labels):
        raise OptionError("the evaluation has no samples.")
    if classes is not None and len(classes) != n_classes:
        raise OptionError(f"classes: there are {len(classes)} names for {n_classes} classes.")
    counts = evaluation.confusion(how)
    share = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    diagonal = np.eye(n_classes, dtype=bool)
    largest = share[~diagonal].max(initial=0) or 1.0

    figure = canvas(figure, 6.6, 5.6)
    axes = figure.subplots()
    axes.imshow(np.ma.masked_where(~diagonal, diagonal), cmap=ListedColormap([COLOURS["grid"]]))
    errors = axes.imshow(np.ma.masked_where(diagonal, share), cmap="Reds", vmin=0, vmax=largest)
    if n_classes <= 12:
        for row, column in zip(*np.nonzero(counts), strict=True):
            dark = row != column and share[row, column] > 0.6 * largest
            text = dict(ha="center", va="center", fontsize=TEXT, color="white" if dark else "black")
            axes.text(column, row, counts[row, column], **text)
    correct = int(np.trace(counts))
    tied = f"; {n} tie, and are not shown" if (n := int(np.sum(predicted == NO_PREDICTION))) else ""
    axes.set_title(f"accuracy {100 * correct / len(labels):.1f} % ({correct} of {len(labels)}{tied})", fontsize=TEXT)
    axes.set(xlabel="predicted class", ylabel="true class")
    tidy(axes)
    shown = range(0, n_classes, -(-n_classes // 30))  # 30 numbers fit
    names = [str(classes[k]) if classes is not None else f"{k}" for k in shown]
    upright = sum(map(len, names)) > 60
    axes.set_xticks(shown, names, rotation=90 if upright else 0)
    axes.set_yticks(shown, names)
    axes.tick_params(length=0, labelsize=TEXT if n_classes <= 12 else 9)
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color(COLOURS["neutral"])
    colour_bar(figure, errors, axes, "errors (% of the true class)")
    return figure
