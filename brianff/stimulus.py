"""Stimulus epochs as data: which image, which label and which phase each presentation has.

All random choices come from counter-based streams (`stream`), keyed by the seed, what they are for, and the training
epoch or the number of the sample, so that they do not depend on the device, on the length of a chunk, on how many
presentations are simulated side by side, or on a resumed run.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import scipy

from brianff.errors import OptionError

__all__ = [
    "LABEL_NEUTRAL", "LABEL_NONE", "Schedule", "drawn", "generator_state", "hybrid_images", "hybrids_of", "moved",
    "random_masks", "restore_generator", "stream", "wrong_labels",
]  # fmt: skip

LABEL_NEUTRAL = -1  # one neuron of every class: as many spikes as a label, no opinion
LABEL_NONE = -2  # all label neurons silent (unsupervised learning)
# Presentations are numbered, for the noise of the encoders: training, passes with a neutral label, evaluation.
NEUTRAL_PRESENTATIONS = 1 << 30
EVALUATION_PRESENTATIONS = 3 << 29


def stream(seed, purpose, *numbers):
    """An independent random generator for `purpose` (str) and `numbers` (int)."""
    key = repr((int(seed), purpose, *map(int, numbers))).encode()
    words = np.frombuffer(hashlib.sha256(key).digest(), np.uint64)
    return np.random.Generator(np.random.Philox(key=words[:2], counter=[0, 0, *words[2:]]))


def generator_state(rng):
    """What the numbers of a generator of `stream` go on from, (13,) uint64 array."""
    s = rng.bit_generator.state
    more = np.array([s["buffer_pos"], s["has_uint32"], s["uinteger"]], np.uint64)
    return np.concatenate([s["state"]["counter"], s["state"]["key"], s["buffer"], more])


def restore_generator(rng, state):
    """Let a generator go on from where another one was (`generator_state`)."""
    counter, key, buffer, more = np.split(state, [4, 6, 10])
    of_buffer = dict(zip(("buffer_pos", "has_uint32", "uinteger"), map(int, more), strict=True))
    of_philox = {"bit_generator": "Philox", "state": {"counter": counter, "key": key}, "buffer": buffer}
    rng.bit_generator.state = of_philox | of_buffer


def drawn(seed, purpose, numbers, draw, together):
    """Random numbers for samples, the same ones for a sample whichever others are asked for with it.

    Parameters
    ----------
    seed : int
    purpose : str
    numbers : (n,) int array
        The numbers of the samples, 0 or more.
    draw : callable
        From a random generator and a number of samples to an array with a row for each of them.
    together : int
        So many neighbouring samples share a generator, which takes longer to make than to draw from.

    Returns
    -------
    rows : (n, ...) array
    """
    numbers = np.asarray(numbers, int)
    blocks, block = np.unique(numbers // together, return_inverse=True)
    rows = [draw(stream(seed, purpose, together * k), together) for k in (blocks if len(blocks) else [0])]
    return np.stack(rows)[block, numbers % together]


def wrong_labels(labels, u, n_classes, belief=None, uniform_share=0.2):
    """Draw a wrong label for each sample.

    Parameters
    ----------
    labels : (n,) or (k, n) int array
        The true labels, or k classes that are not drawn.
    u : (n,) float array in [0, 1)
        One random number a sample.
    n_classes : int
    belief : (n, n_classes) array, optional
        What the network believes; wrong labels are drawn in proportion to it (hard negatives, Hinton 2022, sec. 3.3).
        Without it all wrong labels are equally likely.
    uniform_share : float
        Part of the draws that stays uniform, so that no wrong label disappears.

    Returns
    -------
    wrong : (n,) int array
    """
    labels = np.atleast_2d(labels)
    allowed = np.all(labels[:, :, None] != np.arange(n_classes), axis=0)
    uniform = allowed / allowed.sum(axis=1, keepdims=True)
    weights = uniform
    if belief is not None:
        hard = np.where(allowed, belief, 0.0)
        total = hard.sum(axis=1, keepdims=True)
        # A network that is certain and right has no opinion on the wrong labels.
        hard = np.where(total > 1e-12, hard / np.maximum(total, 1e-12), uniform)
        weights = uniform_share * uniform + (1 - uniform_share) * hard
    cumulative = np.cumsum(weights, axis=1)
    drawn = (u[:, None] * cumulative[:, -1:] >= cumulative).sum(axis=1)
    drawn = np.minimum(drawn, n_classes - 1)
    # Rounding can hit a label that is not allowed, whose weight is zero, only at the edge of its empty interval.
    rows, steps = np.arange(len(drawn))[:, None], np.arange(n_classes)
    after = (drawn[:, None] + steps) % n_classes
    return after[rows[:, 0], allowed[rows, after].argmax(axis=1)]


def random_masks(rng, n, shape, blurs=6):
    """Random masks with large regions of ones and zeros (Hinton 2022, sec. 3.2).

    A random bit image is blurred repeatedly with [1/4, 1/2, 1/4] in both directions and thresholded at 1/2.

    Returns
    -------
    masks : (n, height, width) bool array
    """
    mask = rng.integers(0, 2, size=(n, *shape)).astype(float)
    for _ in range(blurs):
        for axis in (1, 2):
            mask = scipy.ndimage.convolve1d(mask, [0.25, 0.5, 0.25], axis, mode="mirror")
    return mask > 0.5


def moved(pixels, shape, by):
    """Images moved by whole pixels; dark ones come in at the edges.

    Parameters
    ----------
    pixels : (n, height*width) array, also what is returned
    shape : (height, width)
    by : (n, 2) int array
        Down and to the right.
    """
    height, width = shape
    images, by = pixels.reshape(-1, height, width), np.clip(by, [-height, -width], [height, width])
    out = np.zeros_like(images)
    for down, right in np.unique(by, axis=0):
        chosen = np.all(by == (down, right), axis=1)
        rows, columns = (slice(max(0, d), size + min(0, d)) for d, size in ((down, height), (right, width)))
        old_rows, old_columns = (slice(max(0, -d), size + min(0, -d)) for d, size in ((down, height), (right, width)))
        out[chosen, rows, columns] = images[chosen, old_rows, old_columns]
    return out.reshape(pixels.shape)


def hybrid_images(images, partners, rng, blurs=6):
    """Negative data without labels: one image where a blurred random mask is on, another where it is off.

    Parameters
    ----------
    images, partners : (n, height, width) arrays
        Each image differs from its partner.

    Returns
    -------
    hybrids : (n, height, width) array
        With pixels of both; none is the same as its image.
    """
    masks = _mixed_masks(rng, len(images), images.shape[1:], blurs)
    hybrids = np.where(masks, images, partners)
    # Where the two differ only under the mask, the hybrid is the image; what the mask hides shows them differ.
    same = np.all(hybrids == images, axis=(1, 2))
    hybrids[same] = np.where(masks[same], partners[same], images[same])
    return hybrids


def _mixed_masks(rng, n, shape, blurs):
    """Random masks that are neither on nor off everywhere."""
    masks = random_masks(rng, n, shape, blurs)
    for _ in range(100):
        uniform = np.all(masks == masks[:, :1, :1], axis=(1, 2))
        if not uniform.any():
            return masks
        masks[uniform] = random_masks(rng, int(uniform.sum()), shape, blurs)
    for k in np.flatnonzero(uniform):  # the blur leaves nothing else of images of a few pixels
        masks[k] = False
        masks[k].flat[rng.integers(masks[k].size)] = True
    return masks


def hybrids_of(images, samples, pool, rng):
    """Hybrids of samples with other images, none of which is the same as the sample itself.

    Parameters
    ----------
    images : (n_images, height, width) array
    samples : (n,) int array
        Rows of `images`.
    pool : (n_pool,) int array
        Rows of `images` among which partners are drawn; from one that equals the sample, the next that does not.
    rng : `numpy.random.Generator`

    Returns
    -------
    hybrids : (n, height, width) array

    Raises
    ------
    OptionError
        If all images of the pool are the same as a sample, or have a single pixel.
    """
    shape = images.shape[1:]
    if np.prod(shape) < 2:
        raise OptionError("--negatives hybrid mixes the pixels of two images, and these have one: take another kind.")
    partners = np.empty(len(samples), int)
    for k, (sample, drawn) in enumerate(zip(samples, rng.integers(len(pool), size=len(samples)), strict=True)):
        others = (pool[(drawn + step) % len(pool)] for step in range(len(pool)))
        partners[k] = next((other for other in others if not np.array_equal(images[other], images[sample])), -1)
        if partners[k] < 0:
            raise OptionError(
                f"--negatives hybrid mixes different images, and all {len(pool)} training images are the same as "
                f"sample {sample}: take another kind, or more images."
            )
    return hybrid_images(images[samples], images[partners], rng, blurs=max(2, min(shape) // 4))


def _filled(values, n, empty):
    """An array of `n` rows, those of `values` first."""
    full = np.full((n, *np.shape(values)[1:]), empty)
    full[: len(values)] = values
    return full


@dataclass
class Schedule:
    """The presentations of one run of the simulator, one row of `batch` presentations a stimulus epoch.

    Attributes
    ----------
    image : (epochs, batch) int array
        Row of the run's image array, -1 for an empty place.
    label : (epochs, batch) int array
        Class, `LABEL_NEUTRAL` or `LABEL_NONE`.
    phase : (epochs,) int array
        +1 positive, -1 negative, 0 no learning.
    number : (epochs, batch) int array
        Number of the presentation, for random numbers.
    steps : (epochs,) int array, optional
        Time steps of each stimulus epoch; None: as the architecture says.  A silent gap is an epoch of phase 0 without
        images and labels.
    """

    image: np.ndarray
    label: np.ndarray
    phase: np.ndarray
    number: np.ndarray
    steps: np.ndarray | None = None

    def __len__(self):
        return len(self.phase)

    @classmethod
    def evaluation(cls, image, label, number, batch, steps=None):
        """Presentations without learning: flat arrays, filled up to whole rows with empty places.

        `steps`, (n,) int array: how long each takes; a row takes as long as its longest.
        """
        rows = -(-len(image) // batch)
        shown = [(image, -1), (label, LABEL_NONE), (number, 0)]
        image, label, number = (_filled(of, rows * batch, empty).reshape(rows, batch) for of, empty in shown)
        if steps is not None:
            steps = _filled(np.asarray(steps), rows * batch, 1).reshape(rows, batch).max(axis=1).astype(int)
        return cls(image, label, np.zeros(rows, int), number, steps)

    def inputs(self, architecture, images=None):
        """What presents this schedule, filled up to the capacity of the compiled network, as inputs of a simulator.

        Parameters
        ----------
        architecture : `brianff.network.architecture.Architecture`
        images : (n, n_pixels) array or `brianff.trains.SpikeTrains`, optional
            Rows that `image` names.
        """
        a = architecture
        if len(self) > a.capacity:
            raise OptionError(f"{len(self)} stimulus epochs do not fit into one run of {a.capacity}.")
        if self.steps is not None and a.total_steps is None:
            raise OptionError("stimulus epochs of unequal length need an Architecture with total_steps.")
        rows, shown = a.capacity + 1, {}
        if images is not None:
            of_images = isinstance(images, np.ndarray)
            shown = {"images": _filled(images, a.images, 0.0)} if of_images else images.inputs(a)
        return {
            "image_index": _filled(self.image, rows, -1.0),
            "label": _filled(self.label, rows, float(LABEL_NONE)),
            "phase_at": _filled(self.phase, rows, 0.0),
            "presentation_index": _filled(self.number, rows, 0.0),
            **shown,
            **({} if a.total_steps is None else self._times(a)),
        }

    def lengths(self, architecture):
        """Time steps of each stimulus epoch, (epochs,) int array."""
        return np.full(len(self), architecture.n_steps) if self.steps is None else np.asarray(self.steps)

    def _times(self, architecture):
        """When stimulus epochs begin, and how long each is."""
        a, steps = architecture, self.lengths(architecture)
        if len(steps) != len(self) or np.any(steps < 1) or steps.sum() > a.total_steps:
            raise OptionError(
                f"{len(self)} stimulus epochs need as many lengths of at least one time step, {a.total_steps} together "
                f"(total_steps); these are {len(steps)}, at least {min(steps, default=0)} and together {steps.sum()}."
            )
        lengths = _filled(steps * (a.dt_ms * 1e-3), a.capacity + 1, a.epoch_seconds)
        return {"epoch_clock.times": np.append(a.starts(steps), np.inf), "epoch_length": lengths}
