"""Figures of neuron models: how often they spike for a constant current, and two of them beside each other."""

import numpy as np
from matplotlib.figure import Figure

from brianff.plotting.style import COLOURS, TEXT, WIDTH, canvas, tidy
from brianff.units import display_unit

__all__ = ["beside", "current_curves"]

LINES = ((COLOURS["ink"], "o"), ("#0b6e69", "s"), ("#b0358b", "^"), ("#7a5c00", "D"))  # of each neuron


def current_curves(curves, figure=None) -> Figure:
    """Spikes a second against a constant input: a filled mark in the steady state, a hollow one at the beginning.

    Neurons whose input has the same variable and unit share an axis.

    Parameters
    ----------
    curves : dict of str -> `brianff.studies.current.CurrentCurve`
        Name of a neuron -> its f-I curve.
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional

    Returns
    -------
    figure : `matplotlib.figure.Figure`
        One axes for each kind of input.
    """
    inputs = {}
    for name, curve in curves.items():
        unit, scale = display_unit(curve.values)
        inputs.setdefault((curve.variable, unit, scale), []).append(name)
    figure = canvas(figure, WIDTH, 1.0 + 3.0 * len(inputs))
    rows = figure.subplots(len(inputs), 1, squeeze=False)[:, 0]
    for axes, ((variable, unit, scale), names) in zip(rows, inputs.items(), strict=True):
        for name in names:
            curve, (colour, marker) = curves[name], LINES[list(curves).index(name) % len(LINES)]
            x, look = np.asarray(curve.values) / scale, dict(color=colour, marker=marker, markersize=4.5)
            axes.plot(x, curve.steady, linewidth=1.8, label=f"{name}, steady state", **look)
            if not np.allclose(curve.onset, curve.steady, rtol=0.1, equal_nan=True):
                first = dict(look, markerfacecolor="w", linestyle="--", linewidth=0.9)
                axes.plot(x, curve.onset, label=f"{name}, first interval", **first)
        tidy(axes, grid=True)
        axes.set_ylim(bottom=0)
        what = {"I_syn": "synaptic current $I_\\mathrm{syn}$"}.get(variable, variable)
        axes.set_xlabel(
            f"{what}{f' ({unit})' if unit else ''}, constant" if variable else "input (weight, see the text)"
        )
        axes.set_ylabel("spikes a second (Hz)")
        axes.legend(frameon=False, fontsize=TEXT)
    return figure


def beside(draw, names, width=WIDTH, height=6.0, figure=None) -> Figure:
    """Figures of the same kind beside each other, each with its name above; one alone is as it is.

    Parameters
    ----------
    draw : callable
        Called with a name and ``figure=``, on which it draws.
    names : sequence of str
    width, height : float
        Of each figure, in inches.
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional
    """
    if len(names) == 1:
        return draw(names[0], figure=figure)
    figure = canvas(figure, width * len(names), height)
    for part, name in zip(np.atleast_1d(figure.subfigures(1, len(names))), names, strict=True):
        draw(name, figure=part)
        part.suptitle(name, fontsize=TEXT + 2, fontweight="bold")
    return figure
