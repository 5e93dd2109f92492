"""The page of a run."""

import base64
import io
from os import PathLike

import numpy as np
from PIL import Image

from brianff.plotting.style import SHADE
from brianff.report import curves
from brianff.report.activity import Activity
from brianff.report.content import Content, accuracies
from brianff.report.page import Page
from brianff.report.style import hex_of
from brianff.results import atomic_write

__all__ = ["page_of", "write"]


def write(run, path, samples=None, neurons=None, evaluate=False) -> str | PathLike:
    """Write the page of a run.

    Parameters
    ----------
    run : `brianff.learning.run.Run`
    path : path
        Of the HTML file.
    samples, neurons : sequence of int, optional
        Test samples whose spikes are shown, and neurons of each layer whose variables are; default: the first
        samples, and the neurons that spike most.
    evaluate : bool
        Look at the test samples where nobody has done so yet.

    Returns
    -------
    path : path

    Raises
    ------
    OptionError
        If a sample or a neuron is asked for that there is not.
    """
    atomic_write(path, page_of(Content(run, samples, neurons, evaluate)).encode())
    return path


def page_of(content):
    """The page of a `brianff.report.content.Content`, as text."""
    page, one = Page(f"{content.title} – {content.name}"), {"": content}
    if content.recording is not None:
        activity = Activity(content)
        page.section("Activity", [[activity.rasters], [activity.neuron]], kind="activity")
        page.script("activity.js", **activity.args, start=content.recording.epochs[0].sample)
    page.section("Training", [[curves.errors(one)], curves.phases(one), [curves.alignment(one), curves.rates(one)]])
    page.section("Test samples", [[curves.confusion(content), curves.distribution(content)]])
    page.section("Weights from the input to the first layer", [[curves.fields(content)]])
    look = {name: (hex_of(name), SHADE[name]) for name in SHADE}
    if content.recording is None:
        names, labels = [], ""
    else:
        names = [epoch.name for epoch in content.recording.epochs]
        labels = hex_of("label") if activity.labels is not None else ""
    values = dict(accuracies=accuracies(content), samples=_samples(content), look=look, labels=labels)
    return page.text("run.html", run=content, phased=names if "negative" in names else [], **values)


def _samples(content):
    """What the menu and the pictures say of each sample that is shown."""
    if content.recording is None:
        return []
    found, e = [], content.evaluation
    positive = {epoch.sample: epoch for epoch in reversed(content.recording.epochs) if epoch.phase >= 0}
    for sample in dict.fromkeys(epoch.sample for epoch in content.recording.epochs if epoch.sample >= 0):
        label = positive[sample].label if sample in positive else None
        known = e is not None and sample < len(e.labels)
        if known:
            label = int(e.labels[sample])
        predicted = int(e.predicted()[sample]) if known else None
        found.append({
            "sample": sample,
            "label": content.classes[label] if label is not None and label >= 0 else "",
            "predicted": None if predicted is None else content.classes[predicted] if predicted >= 0 else "a tie",
            "right": predicted == label,
            "image": _picture(content, positive.get(sample)),
        })  # fmt: skip
    return found


def _picture(content, epoch):
    """A PNG of what is shown, as a data URL; nothing where it is no image."""
    if epoch is None or (content.image_shape is None and content.recording.shapes[0] is None):
        return ""
    if content.image_shape is not None:
        intensity = epoch.image.reshape(content.image_shape)
    else:  # spikes of both polarities, say
        channels, height, width = content.recording.shapes[0]
        i, t = content.recording.spikes(0)
        i = i[(t >= epoch.start) & (t < epoch.stop)]
        counts = np.bincount(i, minlength=channels * height * width).reshape(height, width, channels).sum(axis=2)
        intensity = counts / max(1, counts.max())
    grey = np.uint8(255 * (1 - np.clip(intensity, 0, 1)))
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "png")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
