"""Figures of continuous streams: what a network believes while it listens, and what it remembers."""

import numpy as np
from matplotlib.figure import Figure

from brianff.learning.evaluation import predicted_classes
from brianff.plotting.style import one_axes, stacked, tidy

__all__ = ["memory", "stream", "within_words"]


def stream(frames, probability, target, threshold, of=0, seconds=12.0, figure=None) -> Figure:
    """Spikes of one stream, and below them the probability of a word in the course of time.

    Parameters
    ----------
    frames : `brianff.learning.streams.Frames`
    probability : (n_frames, n_streams) array
        Of the class `target`, at the end of every frame.
    target : int
    threshold : float
        Above which the word is found.
    of : int
        Which of the streams.
    seconds : float
        From the beginning.
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional

    Returns
    -------
    figure : `matplotlib.figure.Figure`
    """
    figure, (above, below) = stacked(figure, 3.4, [3, 2])
    n_streams, trains = frames.label.shape[1], frames.trains
    own = trains.sample % n_streams == of
    step = frames.seconds / (trains.step.max() + 1)
    at = (trains.sample // n_streams)[own] * frames.seconds + trains.step[own] * step
    shown = at < seconds
    above.scatter(at[shown], trains.channel[own][shown], s=0.3, color="0.2", linewidths=0, rasterized=True)
    above.set_ylabel("input channel")
    time = (np.arange(len(frames)) + 1) * frames.seconds
    below.step(time, probability[:, of], where="pre", color="0.1", linewidth=1)
    below.axhline(threshold, color="0.5", linestyle="--", linewidth=0.8)
    for axes in (above, below):
        for _, kind, first, last in frames.words[frames.words[:, 0] == of]:
            if first < seconds:
                colour = "#d55e00" if kind == target else "0.6"
                axes.axvspan(first, last, color=colour, alpha=0.35 if kind == target else 0.15, linewidth=0)
        tidy(axes)
    below.set(xlim=(0, seconds), ylim=(0, 1), xlabel="time (s)", ylabel=f"P(class {target})")
    return figure


def within_words(frames, evidence, figure=None) -> Figure:
    """Part of the frames that are right, by the time since their word began; in silence nothing is asked.

    Parameters
    ----------
    frames : `brianff.learning.streams.Frames`
    evidence : (n_frames, n_streams, n_classes) array
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional

    Returns
    -------
    figure : `matplotlib.figure.Figure`
    """
    figure, axes = one_axes(figure, 4.2, 2.8)
    since, width = frames.since_onset(), frames.seconds
    right = predicted_classes(evidence) == np.append(frames.words[:, 1], -2)[frames.word]
    place = np.where(np.isnan(since), -1, since // width).astype(int)
    bins = [k for k in range(place.max() + 1) if np.sum(place == k) >= 10]
    accuracy = np.array([right[place == k].mean() for k in bins])
    error = np.sqrt(accuracy * (1 - accuracy) / [np.sum(place == k) for k in bins])
    at = (np.array(bins) + 0.5) * width
    axes.errorbar(at, 100 * accuracy, 100 * error, color="0.1", marker="o", markersize=3, linewidth=1)
    chance = 100 / evidence.shape[2]
    axes.axhline(chance, color="0.5", linestyle="--", linewidth=0.8)
    axes.annotate("chance", (1, chance), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize="small")
    axes.set(xlabel="time since the word began (s)", ylabel="frames that are right (%)", ylim=(0, 100), xlim=(0, None))
    tidy(axes)
    return figure


def memory(curves, seconds, figure=None) -> Figure:
    """How much of the input some time ago a linear readout finds in the traces of a layer.

    Parameters
    ----------
    curves : dict of name -> (n_delays,) array
        Squared correlation, see `brianff.studies.memory.memory_curve`.
    seconds : float
        From one delay to the next.
    figure : `matplotlib.figure.Figure` or `SubFigure`, optional

    Returns
    -------
    figure : `matplotlib.figure.Figure`
    """
    figure, axes = one_axes(figure, 4.2, 2.8)
    for (name, curve), line in zip(curves.items(), ["-", "--", ":", "-."] * len(curves), strict=False):
        axes.plot(np.arange(len(curve)) * seconds * 1e3, curve, line, label=name, linewidth=1.2)
    axes.set(xlabel="how long ago (ms)", ylabel="squared correlation", ylim=(0, None), xlim=(0, None))
    axes.legend(frameon=False, fontsize="small")
    tidy(axes)
    return figure
