"""Stratified, seeded splits."""

from numbers import Integral, Real

import numpy as np


def held_out_size(name, validation, n_available):
    """Turn a number or a fraction of validation samples into a number.

    Parameters
    ----------
    name : str
        Data set to name in errors.
    validation : int or float
        Number (int) or fraction (float) of samples to hold out.
    n_available : int
        Samples to hold them out of.

    Returns
    -------
    int
        0 to ``n_available - 1``; 0 only if `validation` is 0.

    Raises
    ------
    ValueError
        If `validation` leaves no training sample or is not a size.
    """
    if isinstance(validation, bool) or not isinstance(validation, Real):
        raise ValueError(
            f"data set {name!r}: validation={validation!r} is neither a number of samples (int) nor a fraction (float)"
        )
    if isinstance(validation, Integral):
        size = int(validation)
        in_range = 0 <= size < n_available
    else:
        in_range = 0 <= validation < 1  # also refuses nan
        size = round(float(validation) * n_available) if in_range else 0
        in_range = in_range and size < n_available and (size > 0 or validation == 0)
    if not in_range:
        raise ValueError(
            f"data set {name!r}: cannot hold validation={validation!r} out of "
            f"{n_available} training samples: give a number of samples from 0 to "
            f"{n_available - 1}, or a fraction of at least one sample and below 1.0"
        )
    return size


def three_parts(name, labels, n_test, validation, split_seed):
    """Stratified training, validation and test samples of a data set that comes in one piece.

    Parameters
    ----------
    name, validation
        As in `held_out_size`; the validation samples are held out of what the test samples leave.
    labels : ndarray of int, shape (n_samples,)
    n_test : int
    split_seed : int
        Seed that draws both held-out parts.

    Returns
    -------
    train, validation, test : ndarray of int
        Sorted, disjoint, together all samples.

    Raises
    ------
    ValueError
        If `validation` leaves no training sample.
    """
    rng = np.random.default_rng(split_seed)
    rest, test = stratified_split(np.arange(len(labels)), labels, n_test, rng)
    size = held_out_size(name, validation, len(rest))
    train, validation = stratified_split(rest, labels, size, rng)
    return train, validation, test


def stratified_split(indices, labels, n_held_out, rng):
    """Hold out samples at random, each class in proportion to its frequency.

    Parameters
    ----------
    indices : ndarray of int, shape (n_split,)
        Samples to split.
    labels : ndarray of int, shape (n_samples,)
        Class of every sample of the data set.
    n_held_out : int
        Number of samples to hold out of `indices`.
    rng : numpy.random.Generator
        Draws the samples.

    Returns
    -------
    kept, held_out : ndarray of int
        Sorted, disjoint, together all of `indices`. Each class has within one
        sample of its exact share in `held_out`.
    """
    # Largest-remainder quotas, in integers so that no rounding depends on floats.
    classes, counts = np.unique(labels[indices], return_counts=True)
    shares = counts * n_held_out
    quotas = shares // len(indices)
    remainders = shares % len(indices)
    n_left = n_held_out - quotas.sum()
    quotas[np.argsort(-remainders, kind="stable")[:n_left]] += 1

    held_out = np.concatenate(
        [
            rng.permutation(indices[labels[indices] == label])[:quota]
            for label, quota in zip(classes, quotas, strict=True)
        ]
    )
    return np.setdiff1d(indices, held_out), np.sort(held_out)
