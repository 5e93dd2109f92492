"""Rhythms whose classes differ in nothing but the phases of the channels to each other.

Every channel spikes once in each period, so that counts say nothing of the class. A pattern gives every channel a
phase; a sample shifts all of them by one and the same random amount, so that no spike by itself says anything either,
and adds jitter. The classes are told apart by which channels spike together, again and again.
"""

import numpy as np

from .own import from_spikes
from .splits import VALIDATION_FRACTION

CHANNELS = 40
CLASSES = 5
PATTERNS = 6  # of a class
PERIOD = 0.05  # s
CYCLES = 4
SAMPLES = 3000
JITTER = 0.03  # standard deviation, as a part of the period
PATTERN_SEED = 2025


def load_rhythm(validation=None, split_seed=0):
    """Generate the data set; the patterns are always the same.

    Parameters
    ----------
    validation, split_seed
        As `brianff.datasets.load` takes them.

    Returns
    -------
    EventDataset
        40 channels with 4 spikes each in 200 ms, one in each period of 50 ms. A stratified third of the samples is the
        test split.
    """
    rng = np.random.default_rng(PATTERN_SEED)
    patterns = pattern_phases(rng)
    labels = np.repeat(np.arange(CLASSES), SAMPLES // CLASSES)
    phases = patterns[labels, rng.integers(PATTERNS, size=SAMPLES)] + rng.random((SAMPLES, 1))
    jittered = phases[:, :, None] + JITTER * rng.normal(size=(SAMPLES, CHANNELS, CYCLES))
    times = PERIOD * (jittered % 1 + np.arange(CYCLES))
    channels = np.repeat(np.arange(CHANNELS), CYCLES)
    return from_spikes(
        times.reshape(SAMPLES, -1),
        [channels] * SAMPLES,
        labels,
        test=SAMPLES // 3,
        validation=VALIDATION_FRACTION if validation is None else validation,
        name="rhythm",
        split_seed=split_seed,
    )


def pattern_phases(rng=None):
    """Phases of every pattern, as parts of the period: (classes, patterns, channels), each a permutation."""
    rng = np.random.default_rng(PATTERN_SEED) if rng is None else rng
    phases = np.arange(CHANNELS) / CHANNELS
    return np.array([[rng.permutation(phases) for _ in range(PATTERNS)] for _ in range(CLASSES)])
