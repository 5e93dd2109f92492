"""Tasks that are learnt one after the other, with and without forgetting.

Tasks are the same images with pixels in another fixed order each (permuted), blocks of the classes (split), or images
that turn by a few degrees from task to task (drift).  A network learns them in turn and is then asked about all.  With
a_ij the accuracy on task j after task i, of n:

average accuracy   mean over j of a_nj
forgetting         mean over j < n of max_i a_ij - a_nj (Chaudhry et al. 2018, arXiv 1801.10112)
backward transfer  mean over j < n of a_nj - a_jj (Lopez-Paz & Ranzato 2017, arXiv 1706.08840)

Without forgetting: weights may only change where the inputs of earlier tasks do not see it.  Every layer has a
projector P = (1 + A/alpha)^-1, with A the mean of z z^T over presynaptic activities z, summed over earlier tasks (the
recursive form is P <- P - P z z^T P/(alpha + z^T P z); Zeng et al. 2019, arXiv 1810.01256; forgetting-free blocks,
arXiv 2111.11366).  What a chunk of samples changes, dw, becomes P dw: no layer needs anything of another one.
"""

import dataclasses

import numpy as np
from scipy import ndimage

from brianff.errors import OptionError
from brianff.learning.method import limited
from brianff.learning.run import Run
from brianff.stimulus import stream

__all__ = ["KINDS", "Projector", "Tasks", "learn_in_turn", "scores", "shortened"]

KINDS = ("permuted", "split", "drift")


@dataclasses.dataclass(frozen=True)
class Tasks:
    """Data sets that are learnt in turn.

    Parameters
    ----------
    data : `brianff.datasets.Dataset`
    kind : {"permuted", "split", "drift"}
    n : int
        How many; the first one has the pixels as they are, the split ones share the classes out.
    seed : int
        Of the permutations.
    turn : float
        Degrees from task to task, of a drift.
    """

    data: object
    kind: str = "permuted"
    n: int = 10
    seed: int = 0
    turn: float = 10.0

    def __post_init__(self):
        if self.kind not in KINDS:
            raise OptionError(f"tasks are {', '.join(KINDS)}, not '{self.kind}'.")
        if self.kind == "split" and not 1 < self.n <= self.data.n_classes:
            raise OptionError(f"{self.data.n_classes} classes make 2 to {self.data.n_classes} tasks, not {self.n}.")

    def __len__(self):
        return self.n

    def __getitem__(self, k):
        """The data set of task k."""
        if not 0 <= k < self.n:
            raise IndexError(k)
        data = self.data
        if self.kind == "permuted":
            order = stream(self.seed, "task", k).permutation(data.n_pixels) if k else np.arange(data.n_pixels)
            images = data.images.reshape(len(data.images), -1)[:, order].reshape(data.images.shape)
            return dataclasses.replace(data, images=images)
        if self.kind == "drift":
            turned = [ndimage.rotate(image, k * self.turn, reshape=False, order=1) for image in data.images]
            return dataclasses.replace(data, images=np.stack(turned))
        own = np.array_split(np.arange(data.n_classes), self.n)[k]
        parts = ("train", "validation", "test")
        kept = {part: rows[np.isin(data.labels[rows], own)] for part in parts for rows in [getattr(data, part)]}
        return dataclasses.replace(data, **kept)


def shortened(data, train=None, test=None):
    """A data set of images with some of the training and test samples, at random, and no others.

    Parameters
    ----------
    data : `brianff.datasets.Dataset`
    train, test : int, optional
        How many (default: all).
    """
    parts = [limited(part, n) for part, n in ((data.train, train), (data.test, test))]
    rows, n = np.concatenate(parts), len(parts[0])
    places = dict(train=np.arange(n), validation=np.zeros(0, int), test=np.arange(n, len(rows)))
    return dataclasses.replace(data, images=data.images[rows], labels=data.labels[rows], **places)


class Projector:
    """What earlier tasks leave free, for every layer that projects.

    Parameters
    ----------
    method : `brianff.learning.spiking.SpikingMethod`
    alpha : float
        How much of the activity counts as none, relative to its mean square.
    """

    def __init__(self, method, alpha=0.01):
        self.method, self.alpha = method, alpha
        self._seen = [np.zeros((n, n)) for n in method.sizes]
        self._free = None  # nothing is taken yet

    def add(self, activities):
        """Activities of a task: for each layer, the input first, an (n, n_l) array."""
        for seen, z in zip(self._seen, activities, strict=True):
            z = z / np.sqrt(np.mean(np.sum(z * z, axis=1)) + 1e-12)
            seen += z.T @ z / len(z)
        self._free = [np.linalg.inv(np.eye(len(a)) + a / self.alpha) for a in self._seen]

    def project(self, before, after):
        """Weights between those before and after learning, with the part of the change that is free.

        Parameters
        ----------
        before, after : dict of str -> array
            As `SpikingMethod.synaptic`.
        """
        if self._free is None:
            return after
        a, found = self.method.architecture, dict(after)
        for p in (*a.projections, *a.readouts):
            if (key := p.key("w")) in after:
                free, shape = self._free[p.source], (self.method.sizes[p.source], -1)
                change = (after[key].astype(float) - before[key]).reshape(shape)
                found[key] = (before[key] + (free @ change).ravel()).astype(after[key].dtype)
        return found


def learn_in_turn(make, tasks, forgetting_free=False, alpha=0.01, remembered=1000, report=lambda text: None):
    """Learn tasks one after the other with one network.

    Parameters
    ----------
    make : callable
        From a data set to the method that learns it, a `SpikingMethod`; of all tasks the same network.
    tasks : `Tasks`
    forgetting_free : bool
    alpha : float
        See `Projector`.
    remembered : int
        Samples of every task whose activities the projector gets.
    report : callable

    Returns
    -------
    accuracies : (n, n) array
        On task j after task i, on test samples; also of the task that comes next, before it is learnt.
    """
    n, network, projector = len(tasks), None, None
    tasks = [tasks[k] for k in range(n)]
    found = np.zeros((n, n))
    for i in range(n):
        method = make(tasks[i])
        if network is not None:
            method.restore(network.state())
        network = method
        projector = projector or Projector(method, alpha)
        projector.method = method
        _learn(method, projector if forgetting_free else None)
        if forgetting_free:
            samples = method.train[:remembered]
            projector.add([_inputs(method, samples), *method.traces(samples)])
        for j in range(min(i + 2, n)):
            there = tasks[j]
            found[i, j] = method.seeing(there).evaluate(there.test, int(there.test[0])).accuracy()
        report(f"after task {i + 1}: {', '.join(f'{100 * a:.1f}' for a in found[i, : i + 1])} %")
    return found


def _learn(method, projector):
    before = dict(method.synaptic)

    def project(run, row):
        nonlocal before
        if row["what"] == "chunk":
            method.synaptic = projector.project(before, method.synaptic)
            before = dict(method.synaptic)

    Run(method).train(callbacks=[project] if projector else (), progress=False)


def _inputs(method, samples):
    """What stands for the activity of input channels: intensities, and none of label neurons."""
    shown = method.shown(samples)
    pixels = shown if isinstance(shown, np.ndarray) else shown.read().counts()
    return np.pad(pixels, [(0, 0), (0, method.sizes[0] - pixels.shape[1])])


def scores(accuracies):
    """(average accuracy, forgetting, backward transfer) of (n, n) accuracies on task j after task i."""
    accuracies = np.nan_to_num(accuracies)
    n, last = len(accuracies), accuracies[-1]
    if n < 2:
        return float(last[0]), 0.0, 0.0
    best = np.max(np.tril(accuracies), axis=0, initial=0)
    forgotten = best[:-1] - last[:-1]
    return float(last.mean()), float(forgotten.mean()), float(np.mean(last[:-1] - np.diag(accuracies)[:-1]))
