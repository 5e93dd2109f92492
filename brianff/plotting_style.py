"""Colours, sizes and axes that all figures share."""

__all__ = ["COLOURS", "SHADE", "TEXT", "WIDTH", "tidy"]

# Blue and orange stay apart for the colour-blind, dark and light in grey.
COLOURS = {
    "positive": "#14529e",
    "negative": "#e88a00",
    "neutral": "0.6",  # epochs in which nothing is learnt
    "ink": "0.15",  # spikes and traces
    "label": "#a3195b",  # spikes of label inputs
    "grid": "0.85",
}
SHADE = {"positive": 0.22, "negative": 0.16, "neutral": 0.10}  # opacity of the background; differs in grey, too
WIDTH = 7.5  # inches of most figures
TEXT = 10  # points


def tidy(axes):
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=TEXT)
    axes.xaxis.label.set_size(TEXT)
    axes.yaxis.label.set_size(TEXT)
