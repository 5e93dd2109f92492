"""Figures of studies: many models, methods or time steps beside each other."""

import numpy as np
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from brianff.plotting.style import (
    COLOURS,
    TEXT,
    WIDTH,
    canvas,
    legend_above,
    one_axes,
    only_ticks,
    scale_by_error,
    tidy,
)

__all__ = ["awake_asleep", "comparison", "convergence", "gradient_error", "gradient_free"]


def comparison(results, measures, figure=None):
    """Accuracy of every neuron, code and rule as a map for each rule, and below, accuracy against the costs.

    Parameters
    ----------
    results : dict of (neuron, code, rule) -> dict of measure -> (mean, standard deviation)
        As from `brianff.studies.comparison.summary`; measures accuracy (in %), spikes, events and milliseconds.
    measures : dict of measure -> label
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional

    Returns
    -------
    figure : `matplotlib.figure.Figure`
        Axes: a map for each rule, in alphabetical order; then spikes, events and milliseconds.
    """
    neurons, codes, rules = (sorted({names[k] for names in results}) for k in range(3))
    columns = min(4, len(rules))
    rows = -(-len(rules) // columns)
    height = 0.45 + 0.2 * len(neurons)
    figure = canvas(figure, 2 * WIDTH, 1.6 + 2.2 + rows * (height + 0.2))
    top, bottom = figure.subfigures(2, 1, height_ratios=(rows * (height + 0.2) + 1.6, 2.6))
    maps = top.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    accuracies = [of_names["accuracy"][0] for of_names in results.values()]
    low, high = np.percentile(accuracies, 5) - 1, max(accuracies)  # a few that fail take no colours from the others
    for axes, rule in zip(maps, rules, strict=False):
        grid = np.full((len(neurons), len(codes)), np.nan)
        for (neuron, code, of_rule), values in results.items():
            if of_rule == rule:
                grid[neurons.index(neuron), codes.index(code)] = values["accuracy"][0]
        axes.set_facecolor(COLOURS["grid"])  # not combined
        axes.imshow(grid, cmap="cividis", vmin=low, vmax=high, aspect="auto")
        for (row, column), value in np.ndenumerate(grid):
            if np.isfinite(value):
                dark = value < (low + high) / 2
                axes.text(column, row, f"{value:.0f}", ha="center", va="center", color="w" if dark else "k", fontsize=8)
        axes.set_title(rule, fontsize=TEXT)
        axes.set_xticks(range(len(codes)), codes, rotation=35, ha="right", fontsize=8)
        axes.set_yticks(range(len(neurons)), neurons, fontsize=8)
        axes.tick_params(length=0)
    for axes in maps[len(rules) - columns : len(rules)]:
        axes.tick_params(labelbottom=True)  # nothing stands below
    for axes in maps[len(rules) :]:
        axes.set_visible(False)
    top.suptitle(f"{measures['accuracy']}; grey: not combined", fontsize=TEXT, x=0.01, ha="left")
    markers = "os^vD<>p*hX"
    for axes, cost in zip(bottom.subplots(1, 3, sharey=True), ("spikes", "events", "milliseconds"), strict=True):
        for k, rule in enumerate(rules):
            points = [(v[cost][0], v["accuracy"][0]) for names, v in results.items() if names[2] == rule]
            axes.scatter(*np.transpose(points), s=16, marker=markers[k % 11], alpha=0.75, linewidths=0, label=rule)
        scale_by_error(axes, np.array(accuracies), measures["accuracy"])
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel(measures[cost])
        tidy(axes, grid=True)
        axes.label_outer()
    bottom.legend(*axes.get_legend_handles_labels(), loc="outside right center", frameon=False, fontsize=TEXT)
    return figure


def gradient_free(rows, scaling, methods, n_inputs, figure=None):
    """Learning curves of many methods on one budget, and how far their updates point along the gradient.

    Left and middle: error on validation samples against presentations, mean over the seeds and their range, in the
    spiking layer and in the layer of rectified linear units.  Right: cosine between a search's update and the exact
    gradient in layers of different width, and what it is for random directions.

    Parameters
    ----------
    rows : list of dict
        what ("spiking es-neuron"), seed, presentations, goodness (an accuracy).
    scaling : dict
        neurons (n,), cosine (methods, n).
    methods : sequence of str
        Of the rows of ``scaling["cosine"]``.
    n_inputs : int
        Pixels, for the label of the axis.
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional
    """
    colours = {"gradient": "0.1", "symba": "0.1", "surrogate_gradient": "0.5", "r_stdp": "#a3195b"} | {
        "es": "#14529e", "spsa": "#009e73", "ga": "#e88a00", "pso": "#b05fb0",
    }  # fmt: skip
    figure = canvas(figure, WIDTH * 1.5, 4.8)
    panels = figure.subplots(1, 3, width_ratios=(3, 3, 2))
    lines = {}
    for axes, substrate, title in zip(panels, ("spiking", "ann"), ("spiking", "rectified linear"), strict=False):
        courses = dict.fromkeys(row["what"] for row in rows if row["what"].startswith(f"{substrate} "))
        for what in courses:
            method = what.split()[1]
            name, _, scope = method.partition("-")
            if name == "frozen":
                continue
            own = [row for row in rows if row["what"] == what]
            x = sorted({row["presentations"] for row in own})
            error = [[100 - 100 * row["goodness"] for row in own if row["presentations"] == k] for k in x]
            style = dict(color=colours[name], linestyle="--" if scope == "layer" else "-", linewidth=1.8)
            marker = {"gradient": "o", "symba": "o", "r_stdp": "s", "surrogate_gradient": "^"}.get(name)
            low, mean, high = (list(map(of_seeds, error)) for of_seeds in (min, np.mean, max))
            lines[method] = axes.plot(x, mean, marker=marker, markersize=5, **style)[0]
            axes.fill_between(x, low, high, color=colours[name], alpha=0.12, linewidth=0)
        axes.set(xscale="log", yscale="log", xlabel=f"presentations, {title} layer", ylabel="validation error (%)")
        only_ticks(axes.yaxis, [2, 3, 5, 10, 20, 30, 50, 100])
        axes.xaxis.set_major_locator(LogLocator(10))
        axes.xaxis.set_minor_formatter(NullFormatter())
        tidy(axes, grid=True)
    axes = panels[2]
    for method, cosine in zip(methods, scaling["cosine"], strict=True):
        name, _, scope = method.partition("-")
        line = "--" if scope == "layer" else "-"
        axes.plot(scaling["neurons"], cosine, color=colours[name], linestyle=line, marker="o", markersize=5)
    axes.set(xscale="log", yscale="log", ylim=(None, 1), ylabel="cosine of update and gradient")
    axes.set_xlabel(f"neurons of the layer ({n_inputs} pixels)")
    only_ticks(axes.xaxis, scaling["neurons"])
    tidy(axes, grid=True)
    order = sorted(lines, key=lambda method: ("-" in method, method.partition("-")[::2][::-1]))
    handles = [lines[method] for method in order]
    figure.legend(handles, order, loc="outside lower center", ncols=6, frameon=False, fontsize=TEXT - 2)
    return figure


def convergence(rows, figure=None):
    """Validation accuracy of several methods over training: mean of the seeds, and the range from worst to best.

    The axis is logarithmic in the error.

    Parameters
    ----------
    rows : list of dict
        A row for each method and seed, as of `brianff.train`, with the method's ``name``.
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional
    """
    colours = ("0.1", "#14529e", "#e88a00", "#009e73", "#b05fb0", "#56b4e9", "#a3195b", "0.55")
    lines = ("-", "--", "-", "-.", ":", "--", "-.", ":")
    markers = ("o", "s", "D", "^", "v", "P", "X", "*")
    figure, axes = one_axes(figure, WIDTH, 5.2)
    drawn = []
    for k, name in enumerate(dict.fromkeys(row["name"] for row in rows)):
        own = [row for row in rows if row["name"] == name]
        x = np.array(own[0]["curve"]["epoch"])
        curves = 100 * np.array([row["curve"]["accuracy"] for row in own])
        style = dict(color=colours[k % 8], linestyle=lines[k % 8], marker=markers[k % 8])
        text = f"{name}: {curves[:, -1].mean():.1f} %"
        axes.plot(x, curves.mean(axis=0), label=text, markevery=max(1, len(x) // 8), markersize=5, **style)
        if len(own) > 1:
            axes.fill_between(x, curves.min(axis=0), curves.max(axis=0), color=colours[k % 8], alpha=0.10, linewidth=0)
        drawn.append(curves.mean(axis=0))
    scale_by_error(axes, np.concatenate(drawn))
    axes.set_xlabel("training epoch")
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    legend_above(figure, ncols=2, handlelength=3)
    return figure


def gradient_error(dt, errors, of_reference, figure=None):
    """Error of local gradients against the time step: median and quartiles of neurons, and a line of slope 1.

    Parameters
    ----------
    dt : (n,) sequence of float
        Time steps in ms.
    errors : dict of name -> (n,) sequence of arrays
        Relative errors of all neurons at every time step.
    of_reference : float
        Largest relative error of the reference itself.
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional
    """
    dt = np.asarray(dt, dtype=float)
    figure, axes = one_axes(figure, WIDTH, 4.6)
    styles = zip((COLOURS["positive"], COLOURS["negative"]), "os", (-1, 1), strict=True)
    for (name, found), (colour, marker, side) in zip(errors.items(), styles, strict=False):
        low, median, high = np.array([np.quantile(values, (0.25, 0.5, 0.75)) for values in found]).T
        x, quartiles = dt * 1.015**side, (median - low, high - median)  # side by side
        axes.errorbar(x, median, quartiles, color=colour, marker=marker, capsize=4, label=name)
    level = min(np.median(found[0]) for found in errors.values()) / dt[0]
    axes.plot(dt, 0.6 * level * dt, "--", color="0.5", label="proportional to the time step")
    axes.set(xscale="log", yscale="log", xlabel="time step (ms)")
    axes.set_ylabel("relative error of the eligibility (%),\nmedian and quartiles of the neurons")
    only_ticks(axes.xaxis, dt)
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g}")
    axes.minorticks_off()
    text = f"the reference itself: {of_reference:.1e} at most, against finite differences"
    legend_above(figure, ncols=3, title=text, alignment="left")
    return figure


def awake_asleep(rows, figure=None):
    """Accuracy against the number of pairs in a block of positive, then of negative stimulus epochs.

    Parameters
    ----------
    rows : list of dict
        As of `brianff.train`, each with its "pairs".
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional
    """
    figure, axes = one_axes(figure, WIDTH, 4.4)
    pairs = np.array(sorted({row["pairs"] for row in rows}))
    ways = {"goodness": ("goodness of every label", COLOURS["positive"], "o", 0.96)}
    ways["readout"] = ("softmax readout", COLOURS["negative"], "s", 1.04)  # side by side
    drawn = []
    for way, (label, colour, marker, side) in ways.items():
        of_pairs = [[100 * row[f"validation_{way}"] for row in rows if row["pairs"] == n] for n in pairs]
        means, values = [np.mean(values) for values in of_pairs], np.concatenate(of_pairs)
        axes.plot(pairs * side, means, color=colour, linewidth=1.8, label=f"by {label}: mean and every seed")
        x = np.repeat(pairs, [len(values) for values in of_pairs]) * side
        axes.plot(x, values, marker, color=colour, markersize=6, alpha=0.6)
        drawn += [means, values]
    scale_by_error(axes, np.concatenate(drawn))
    axes.set(xscale="log", xlabel="pairs in a block: positive stimulus epochs, then as many negative ones")
    only_ticks(axes.xaxis, pairs)
    legend_above(figure, ncols=2)
    return figure
