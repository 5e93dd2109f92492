"""What the page of a run shows, as plain numbers and strings: nothing here draws."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from brianff.datasets.dataset import Dataset
from brianff.learning.evaluation import NO_PREDICTION, Evaluation
from brianff.learning.method import Method
from brianff.plotting.mosaic import strongest
from brianff.results import ResultsError

__all__ = ["Content", "Fields", "accuracies", "changed_options", "shown"]

MOST_SAMPLES, MOST_NEURONS, MOST_FIELDS = 3, 20, 40  # shown unless others are asked for
# Ways to predict a class, in words, and those of layers with class scores.
WAYS = {
    "goodness": "goodness of every label",
    "upper": "goodness, layers ≥ 2",
    "readout": "softmax readout",
    "together": "goodness and readout together",
    "upper_together": "goodness of layers ≥ 2 and readout",
    "output": "output neurons",
    "accuracy": "output neurons",
}
SCORES = {"goodness": "class scores of all layers", "upper": "class scores, layers ≥ 2"}
_PLACES = ("dataset", "data", "download", "device", "threads")  # options that say where, not what is learnt


@dataclass(frozen=True)
class Fields:
    """Weights of the first layer as small images.

    Attributes
    ----------
    images : (n, height, width) array
        Those with the largest norm, the largest first; of a convolution its kernels, summed over source channels.
        Where channels stand in a row, as those of sounds do, the height is 1.
    numbers : (n,) int array
        Of the neurons, or of the channels.
    what : str
        "neuron" or "channel".
    """

    images: np.ndarray
    numbers: np.ndarray
    what: str


class Content:
    """A run as its page shows it; what its method does not have is None.

    Parameters
    ----------
    run : `brianff.learning.run.Run`
    samples, neurons : sequence of int, optional
        Test samples whose spikes are recorded, and neurons of each layer whose variables are; default: the first
        samples, and the neurons that spike most.
    evaluate : bool
        Look at the test samples if nobody has done so yet.
    record : bool
        False: no recording.

    Attributes
    ----------
    name, title : str
        Of the folder; of the network and its data.
    method : str
        What was trained, in a sentence.
    facts : dict of str -> str
        What else one wants to know at once.
    changed : list of (option, value, default)
        Options that are not at their defaults.
    options : dict of str -> str
        All of them.
    equations : str
        As `brianff show` prints them.
    parameters : dict of str -> str
    metrics : list of dict
    scores : bool
        Whether layers have class scores, whose logarithms take the place of the goodness.
    evaluation : `brianff.learning.evaluation.Evaluation` or None
        On test samples.
    classes : tuple of str
    recording : `brianff.learning.recordings.Recording` or None
    image_shape : (height, width) or None
        Of what is shown, where that is an image.
    fields : `Fields` or None
    """

    def __init__(self, run, samples=None, neurons=None, evaluate=False, record=True):
        method, data, composition = run.method, run.method.data, run.method.composition
        self.name = Path(run.path).name if run.path is not None else "run"
        self.title = f"{method.network_name()} on {data.name}"
        self.method = ((type(method).__doc__ or "").strip().partition("\n")[0]).replace("`", "")
        self.facts, self.changed = _facts(run), changed_options(method)
        self.options = {name: shown(value) for name, value in _options(method).items()}
        self.equations, self.metrics = str(composition or ""), run.metrics
        self.parameters = {k: f"{v}" for k, v in composition.parameters.items()} if composition is not None else {}
        self.scores = composition is not None and getattr(composition, "classes", None) is not None
        self.evaluation = _evaluated(run, evaluate)
        self.classes = tuple(map(str, data.classes or range(data.n_classes)))
        self.recording = _recorded(run, samples, neurons) if record else None
        of_images = isinstance(data, Dataset) and min(data.image_shape) > 1
        self.image_shape, self.fields = tuple(data.image_shape) if of_images else None, _fields(run)

    def words(self, way):
        """A way to predict a class, in words."""
        return (WAYS | SCORES if self.scores else WAYS)[way]


def shown(value):
    """The value of an option in words."""
    if value is None or value is False:
        return "no" if value is False else "–"
    if value is True:
        return "yes"
    if isinstance(value, (tuple, list)):
        return ", ".join(map(shown, value)) or "–"
    text = str(getattr(value, "name", value))
    return Path(text).name if text.endswith(".py") else text


def _options(method):
    return {field.name: getattr(method.options, field.name) for field in dataclasses.fields(method.options)}


def changed_options(method):
    """(option, value, default) of a method's options that are not at the defaults of its data set, as text."""
    named = {"dataset": method.options.dataset}
    if named["dataset"] is None:
        default = type(method.options)(dataset=None).resolved(method.data)
    else:
        default = type(method.options)(**named).resolved()
    rows = [(name, shown(value), shown(getattr(default, name))) for name, value in _options(method).items()]
    return [row for row in rows if row[1] != row[2] and row[0] not in _PLACES]


def accuracies(content):
    """(way in words, share, right ones, samples, those without a prediction) of each way to predict test samples."""
    e, found = content.evaluation, []
    for way in () if e is None else e.ways:
        if way.startswith("upper") and e.goodness.shape[2] == 1:
            continue  # the same as all layers
        predicted = e.predicted(way)
        right, tied = int(np.sum(predicted == e.labels)), int(np.sum(predicted == NO_PREDICTION))
        found.append((content.words(way), right / len(e.labels), right, len(e.labels), tied))
    return found


def _recorded(run, samples, neurons):
    """Of test samples, or None of a network without spikes."""
    if type(run.method).record is Method.record:
        return None
    samples = range(min(MOST_SAMPLES, len(run.method.data.test))) if samples is None else samples
    if neurons is None:
        neurons = _busiest(run.record(samples, ()))
    return run.record(samples, neurons)


def _busiest(recording):
    """Those neurons of each layer that spike most: level -> list of int."""
    found = {}
    for level, n in enumerate(recording.sizes[1:], start=1):
        counts = np.bincount(recording.spikes(level)[0], minlength=n)
        found[level] = sorted(np.argsort(-counts, kind="stable")[:MOST_NEURONS].tolist())
    return found


def _evaluated(run, evaluate):
    if run.folder is not None and run.folder.has("evaluation"):
        arrays = run.folder.load("evaluation")
        try:
            return Evaluation.from_arrays(arrays)
        except TypeError:
            raise ResultsError(f"{run.folder.path}/evaluation.npz is of another version of brianff.") from None
    return run.evaluate("test") if evaluate else None


def _facts(run):
    """What the head of the page says beside the accuracy."""
    method, data = run.method, run.method.data
    done, total = run.progress
    facts = {"data": f"{data.name}: {len(method.train)} training, {len(data.test)} test samples"}
    if method.composition is not None:
        facts["models"] = ", ".join(f"{kind} {model.name}" for kind, model in method.composition.models.items())
    passes = done / len(method.train)
    facts["training"] = (
        f"{passes:.3g} pass{'' if passes == 1 else 'es'} ({done:,} samples) in {_duration(run.seconds)}".replace(
            ",", " "
        )
    )
    if done < total:
        facts["training"] += f", of {total:,} planned".replace(",", " ")
    facts["seed"] = f"{method.options.seed}"
    if run.folder is not None:
        document = run.folder.document
        versions = document.get("versions", {})
        facts["begun with"] = ", ".join(
            f"{name} {versions[name]}" for name in ("brianff", "brian2") if name in versions
        )
    return facts


def _duration(seconds):
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _fields(run):
    """Of the first layer, where it looks at images, or at channels in a row."""
    data, w = run.method.data, run.weights.get(1)
    height, width = data.image_shape
    if w is None or (height > 1 and not isinstance(data, Dataset)):
        return None
    w = np.asarray(w, np.float32)
    if w.ndim == 4 and isinstance(data, Dataset):
        kernels = w.sum(axis=1)
        order = strongest(kernels, MOST_FIELDS)
        return Fields(kernels[order], order, "channel")
    if w.ndim != 2 or len(w) < height * width:
        return None
    of_pixels = w[: height * width].T
    order = strongest(of_pixels, MOST_FIELDS)
    return Fields(of_pixels[order].reshape(-1, height, width), order, "neuron")
