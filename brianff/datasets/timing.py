"""Temporal patterns whose classes differ in nothing but the timing of spikes.

Every sample has exactly one spike in every channel: counts say nothing of the class. Each class has a few patterns; a
pattern gives one and the same set of latencies to the channels in an order of its own, and a sample adds jitter.
"""

import numpy as np

from .dataset import Dataset
from .splits import three_parts

CHANNELS = 40
CLASSES = 5
PATTERNS = 8  # of a class
SAMPLES = 3000
JITTER = 0.04  # standard deviation, as a part of the longest latency
PATTERN_SEED = 2024


def load_timing(validation=None, split_seed=0):
    """Generate the data set; the patterns are always the same.

    Parameters
    ----------
    validation, split_seed
        As `brianff.datasets.load` takes them.

    Returns
    -------
    Dataset
        Images of 1 x 40 pixels, one a channel, never black: the time-to-first-spike code turns a grey level p into one
        spike at (1 - p/255) of the longest latency. A stratified third of the samples is the test split.
    """
    rng = np.random.default_rng(PATTERN_SEED)
    templates = pattern_latencies(rng)
    labels = np.repeat(np.arange(CLASSES), SAMPLES // CLASSES)
    chosen = rng.integers(PATTERNS, size=SAMPLES)
    latencies = templates[labels, chosen] + JITTER * rng.normal(size=(SAMPLES, CHANNELS))
    images = np.clip(np.round(255 * (1 - latencies)), 1, 255).astype(np.uint8)[:, None, :]

    parts = three_parts("timing", labels, validation, split_seed, n_test=SAMPLES // 3)
    return Dataset("timing", images, labels, CLASSES, *parts)


def pattern_latencies(rng=None):
    """Latencies of every pattern without jitter, as parts of the longest one: (classes, patterns, channels)."""
    rng = np.random.default_rng(PATTERN_SEED) if rng is None else rng
    latencies = np.linspace(0.05, 0.95, CHANNELS)
    return np.array([[rng.permutation(latencies) for _ in range(PATTERNS)] for _ in range(CLASSES)])
