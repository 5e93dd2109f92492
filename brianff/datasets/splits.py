"""Stratified, seeded splits."""

from numbers import Integral, Real

import numpy as np

from brianff.errors import OptionError

MAX_DEFAULT_VALIDATION = 5000
VALIDATION_FRACTION = 0.2


def held_out_size(name, size, n_available, what="validation"):
    """Turn a number or a fraction of samples into a number.

    Parameters
    ----------
    name : str
        Data set to name in errors.
    size : int or float
        Number (int) or fraction (float) of samples to hold out.
    n_available : int
        Samples to hold them out of.
    what : str
        The argument that `size` is, and what the samples are for.

    Returns
    -------
    int
        0 to ``n_available - 1``; 0 only if `size` is 0.  Otherwise an `OptionError`.
    """
    if isinstance(size, bool) or not isinstance(size, Real):
        raise OptionError(
            f"data set {name!r}: {what}={size!r} is neither a number of samples (int) nor a fraction (float)"
        )
    if isinstance(size, Integral):
        found = int(size)
        in_range = 0 <= found < n_available
    else:
        in_range = 0 <= size < 1  # also refuses nan
        found = round(float(size) * n_available) if in_range else 0
        in_range = in_range and found < n_available and (found > 0 or size == 0)
    if not in_range:
        raise OptionError(
            f"data set {name!r}: cannot hold {what}={size!r} out of {n_available} training samples: give a number of "
            f"samples from 0 to {n_available - 1}, or a fraction of at least one sample and below 1.0"
        )
    return found


def three_parts(
    name, labels, validation=None, split_seed=0, test_group=None, validation_group=None,
    *, n_test=None, n_train=None, groups=None, usual_groups=0,
):  # fmt: skip
    """Stratified training, validation and test samples.

    Parameters
    ----------
    name : str
        Data set to name in errors.
    labels : ndarray of int, shape (n_samples,)
    validation : int or float, optional
        As in `held_out_size`, of what the test samples leave. Default: 0.2 where the test samples are drawn as well;
        otherwise 5000, or a twelfth if that is fewer.
    split_seed : int
        Seed that draws what is held out.
    test_group, validation_group : sequence of str, optional
        Groups all of whose samples are the test and the validation split, in place of those that are drawn, or of the
        test set that there is.
    n_test, n_train : int
        Either the number of test samples that are drawn, or, where there is a test set already, that of the samples
        before it.
    groups : ndarray of str, shape (n_samples,), optional
        Who each sample is of.
    usual_groups : int
        So many groups of the training samples, drawn at random, are the validation split where nothing else is asked
        for, and there are more.

    Returns
    -------
    train, validation, test : ndarray of int
        Sorted, disjoint, together all samples.

    Raises
    ------
    OptionError
        If `validation` or the groups leave no training sample, or there is no such group.
    """
    rng, default = np.random.default_rng(split_seed), VALIDATION_FRACTION
    if usual_groups and groups is not None and validation is validation_group is test_group is None:
        names = np.unique(groups[:n_train])
        if len(names) > usual_groups:
            validation_group = rng.permutation(names)[:usual_groups]
    if test_group is not None:
        of_test = _of_groups(name, groups, test_group, "--test-group")
        rest, test = np.flatnonzero(~of_test), np.flatnonzero(of_test)
    elif n_test is None:
        rest, test = np.split(np.arange(len(labels)), [n_train])
        default = min(MAX_DEFAULT_VALIDATION, max(1, n_train // 12))
    else:
        rest, test = stratified_split(np.arange(len(labels)), labels, n_test, rng)
    if validation_group is not None:
        if validation is not None:
            raise OptionError(
                f"data set {name!r}: --validation {validation} and --validation-group "
                f"{','.join(validation_group)}: give only one of the two."
            )
        if both := sorted({*validation_group} & {*(test_group or ())}):
            raise OptionError(f"data set {name!r}: {both[0]} is in --test-group and in --validation-group: choose one.")
        held_out = _of_groups(name, groups, validation_group, "--validation-group")[rest]
        if held_out.all():
            raise OptionError(f"data set {name!r}: the groups held out leave no training samples: hold out fewer.")
        return rest[~held_out], rest[held_out], test
    size = held_out_size(name, default if validation is None else validation, len(rest))
    train, validation = stratified_split(rest, labels, size, rng)
    return train, validation, test


def _of_groups(name, groups, wanted, option):
    """Samples that are of some groups: (n_samples,) bool array."""
    if groups is None:
        raise OptionError(f"data set {name!r} does not say who its samples are of: leave out {option}.")
    known = np.unique(groups)
    if unknown := [group for group in wanted if group not in known]:
        raise OptionError(f"data set {name!r} has no group {unknown[0]!r} ({option}): choose from {', '.join(known)}.")
    return np.isin(groups, wanted)


def stratified_split(indices, labels, n_held_out, rng):
    """Hold out samples at random, each class in proportion to its frequency.

    Parameters
    ----------
    indices : ndarray of int, shape (n_split,)
        Samples to split, of which `n_held_out` are held out.
    labels : ndarray of int, shape (n_samples,)
        Class of every sample of the data set.

    Returns
    -------
    kept, held_out : ndarray of int
        Sorted, disjoint, together all of `indices`. Each class has within one sample of its exact share in `held_out`.
    """
    # Largest-remainder quotas, in integers so that no rounding depends on floats.
    classes, counts = np.unique(labels[indices], return_counts=True)
    shares = counts * n_held_out
    quotas = shares // len(indices)
    remainders = shares % len(indices)
    n_left = n_held_out - quotas.sum()
    quotas[np.argsort(-remainders, kind="stable")[:n_left]] += 1

    of_classes = zip(classes, quotas, strict=True)
    held_out = [rng.permutation(indices[labels[indices] == label])[:quota] for label, quota in of_classes]
    held_out = np.sort(np.concatenate(held_out))
    return np.setdiff1d(indices, held_out), held_out
