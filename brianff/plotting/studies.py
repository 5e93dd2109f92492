"""Figures of studies: many models, methods or time steps beside each other."""

import numpy as np
from matplotlib.figure import Figure
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

__all__ = [
    "awake_asleep",
    "comparison",
    "convergence",
    "gradient_error",
    "gradient_free",
    "gradient_terms",
    "readers",
    "regret",
    "settling",
]


def comparison(results, measures, figure=None) -> Figure:
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


def gradient_free(rows, scaling, methods, n_inputs, figure=None) -> Figure:
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


def convergence(rows, figure=None) -> Figure:
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


def gradient_error(dt, errors, of_reference, figure=None) -> Figure:
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


def awake_asleep(rows, figure=None) -> Figure:
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
        drawn += [*means, *values]
    scale_by_error(axes, np.array(drawn))
    axes.set(xscale="log", xlabel="pairs in a block: positive stimulus epochs, then as many negative ones")
    only_ticks(axes.xaxis, pairs)
    legend_above(figure, ncols=2)
    return figure


def gradient_terms(rows, titles, figure=None) -> Figure:
    """Cosine of every rule's direction with the exact gradient over training; below, the loss that training leaves.

    Parameters
    ----------
    rows : list of dict
        As of `brianff.studies.gradients_in_time.compare`, of one neuron model.
    titles : dict of rule -> str
        What the legend says; the first rule is the exact one.
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional
    """
    panels = list(dict.fromkeys((row["network"], layer) for row in rows for layer in row["cosine"]["e_prop"]))
    several = {kind for kind, layer in panels if layer != "1"}
    figure = canvas(figure, 2 * WIDTH, 7.2)
    axes = figure.subplots(2, len(panels), height_ratios=(3, 2), squeeze=False)
    exact, *rules = titles
    colours = dict(zip([exact, *rules], ["k", *(f"C{k}" for k in (0, 9, 1, 2, 8, 4, 3))], strict=False))
    markers = dict(zip(rules, "osv^D<P", strict=False))
    for column, (kind, layer) in enumerate(panels):
        of_kind = [row for row in rows if row["network"] == kind]
        upper, lower = axes[:, column]
        for rule in rules:
            values = np.array([row["cosine"][rule][layer] for row in of_kind])
            x, mean, spread = of_kind[0]["updates"], values.mean(axis=0), values.std(axis=0)
            style = dict(color=colours[rule], marker=markers[rule], markersize=5, linewidth=1.6, label=titles[rule])
            upper.plot(x, mean, "--" if "random" in rule else "-", **style)
            upper.fill_between(x, mean - spread, mean + spread, color=colours[rule], alpha=0.12, linewidth=0)
        upper.axhline(0, color=COLOURS["neutral"], linewidth=0.8)
        upper.set(title=f"{kind}, layer {layer}" if kind in several else kind, ylim=(-1.02, 1.05), xlabel="updates")
        upper.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        tidy(upper, grid=True)
        if (kind, layer) != next(panel for panel in panels if panel[0] == kind):
            lower.set_visible(False)
            continue
        left = np.array([[100 * row["loss"][rule][1] / row["loss"][rule][0] for row in of_kind] for rule in titles])
        lower.barh(range(len(left)), left.mean(axis=1), xerr=left.std(axis=1), color=[colours[r] for r in titles])
        lower.set_yticks(range(len(left)), titles.values() if column == 0 else [""] * len(left))
        lower.invert_yaxis()
        lower.set(xlabel="loss left after training (%)", xlim=(0, None))
        tidy(lower)
    axes[0, 0].set_ylabel("cosine with the exact gradient,\nmean and spread of the seeds")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4, frameon=False, fontsize=TEXT)
    return figure


def regret(curves, titles, figure=None) -> Figure:
    """Rewards that were missed, against the number of rounds: mean and spread of the seeds.

    Parameters
    ----------
    curves : dict of name -> (n_seeds, n_rounds) array
        Sums of what was missed.
    titles : dict of name -> str
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional
    """
    figure, axes = one_axes(figure, WIDTH, 4.8)
    for (name, curve), colour in zip(curves.items(), ("0.5", "k", "C0", "C1", "C3", "C2"), strict=False):
        rounds = np.unique(np.linspace(0, curve.shape[1] - 1, 400).astype(int))
        mean, deviation = curve.mean(axis=0)[rounds], curve.std(axis=0)[rounds]
        axes.plot(rounds + 1, mean, "--" if colour in ("0.5", "k") else "-", color=colour, label=titles[name])
        axes.fill_between(rounds + 1, mean - deviation, mean + deviation, color=colour, alpha=0.15, linewidth=0)
    axes.set(xlabel="rounds", ylabel="regret: rewards missed so far", xlim=(0, None), ylim=(0, None))
    legend_above(figure, ncols=1)
    return figure


def readers(found, figure=None) -> Figure:
    """Predicted against real test accuracy of networks, a panel for each reader.

    Parameters
    ----------
    found : dict of reader -> dict of name -> (accuracies, predictions)
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional
    """
    figure = canvas(figure, 1.3 * WIDTH, 4.6)
    panels = figure.subplots(1, len(found), sharex=True, sharey=True, squeeze=False)[0]
    for axes, (reader, of_names) in zip(panels, found.items(), strict=True):
        axes.axline((50, 50), slope=1, color=COLOURS["neutral"], linewidth=0.9)
        styles = zip((COLOURS["positive"], COLOURS["negative"]), "o^", strict=True)
        for (name, (real, predicted)), (colour, marker) in zip(of_names.items(), styles, strict=False):
            style = dict(color=colour, marker=marker, s=22, alpha=0.65, linewidths=0, label=name)
            axes.scatter(100 * np.asarray(real), 100 * np.asarray(predicted), **style)
        axes.set_title(reader, fontsize=TEXT)
        axes.set(xlabel="test accuracy (%)", xlim=(0, 101), ylim=(0, 101))
        tidy(axes, grid=True)
    panels[0].set_ylabel("predicted from the weights (%)")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False, fontsize=TEXT)
    return figure


def settling(found, figure=None) -> Figure:
    """How far rates are from the fixed point that they settle to, against time: a panel for each network.

    Parameters
    ----------
    found : dict of name -> (steps, of_spikes, of_currents)
        As of `brianff.studies.equilibrium.settling`.
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional
    """
    columns = min(2, len(found))
    rows = -(-len(found) // columns)
    figure = canvas(figure, columns * 0.75 * WIDTH, 0.6 + 2.6 * rows)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    labels = "spikes", "currents, averaged and cut off"
    for axes, (name, (steps, *errors)) in zip(panels, found.items(), strict=False):
        for error, label, colour in zip(errors, labels, (COLOURS["negative"], COLOURS["positive"]), strict=True):
            axes.plot(steps, 100 * error.mean(axis=0), color=colour, linewidth=1.8, label=f"rates of {label}")
            axes.fill_between(steps, *(100 * np.quantile(error, (0, 1), axis=0)), color=colour, alpha=0.15, linewidth=0)
        axes.axhline(1, color=COLOURS["neutral"], linewidth=0.9)
        axes.set_title(name, fontsize=TEXT)
        axes.set(xscale="log", yscale="log")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        tidy(axes, grid=True)
    for axes in panels[len(found) :]:
        axes.set_visible(False)
    figure.supxlabel("time steps; averages are those of their second half", fontsize=TEXT)
    figure.supylabel("distance to the fixed point (%): mean, range of samples", fontsize=TEXT)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2, frameon=False, fontsize=TEXT)
    return figure
