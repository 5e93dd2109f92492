"""Stimulus epochs: wrong labels, hybrid images, random streams, and the layout of presentations."""

import itertools

import numpy as np
import pytest

from brianff.errors import OptionError
from brianff.learning.phases import Phases
from brianff.network.architecture import Architecture
from brianff.stimulus import (
    EVALUATION_PRESENTATIONS,
    LABEL_NEUTRAL,
    LABEL_NONE,
    NEUTRAL_PRESENTATIONS,
    Schedule,
    drawn,
    hybrid_images,
    hybrids_of,
    moved,
    random_masks,
    stream,
    wrong_labels,
)

N = 20_000
K = 5


def draw(belief=None, label=2, n=N, n_classes=K, **options):
    """Wrong labels of `n` samples of one class with one belief; u runs evenly over [0, 1)."""
    beliefs = None if belief is None else np.tile(np.asarray(belief, float), (n, 1))
    return wrong_labels(np.full(n, label), np.arange(n) / n, n_classes, beliefs, **options)


def frequencies(drawn, n_classes=K):
    return np.bincount(drawn, minlength=n_classes) / len(drawn)


# -- wrong labels --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("label", range(K))
@pytest.mark.parametrize("belief", [None, "certain", "random", "uniform"])
def test_a_wrong_label_is_never_the_true_one(label, belief):
    beliefs = {
        None: None,
        "certain": np.eye(K)[label],
        "random": np.random.default_rng(0).dirichlet(np.ones(K)),
        "uniform": np.full(K, 1 / K),
    }
    drawn = draw(beliefs[belief], label)
    assert set(drawn) == set(range(K)) - {label}


@pytest.mark.parametrize("u", [0.0, np.nextafter(1, 0), 0.25, 0.5, 0.75])
@pytest.mark.parametrize("label", range(K))
def test_a_wrong_label_is_never_the_true_one_at_the_edges_of_u(u, label):
    rng = np.random.default_rng(1)
    beliefs = np.concatenate([rng.dirichlet(np.full(K, 0.05), 200), np.eye(K), np.zeros((1, K))])
    labels = np.full(len(beliefs), label)
    drawn = wrong_labels(labels, np.full(len(beliefs), u), K, beliefs, uniform_share=0.0)
    assert not np.any(drawn == label)
    assert np.all((0 <= drawn) & (drawn < K))


def test_without_belief_all_wrong_labels_are_equally_likely():
    np.testing.assert_allclose(frequencies(draw()), [0.25, 0.25, 0, 0.25, 0.25], atol=1e-3)


def test_wrong_labels_follow_the_belief():
    drawn = draw([0.1, 0.3, 0.5, 0.06, 0.04], uniform_share=0.0)
    np.testing.assert_allclose(frequencies(drawn), [0.2, 0.6, 0, 0.12, 0.08], atol=1e-3)


def test_a_belief_need_not_be_normalised():
    belief = np.array([0.1, 0.3, 0.5, 0.06, 0.04])
    np.testing.assert_array_equal(draw(belief), draw(7 * belief))


@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
def test_uniform_share_of_the_draws_is_uniform(share):
    drawn = draw([1, 0, 0, 0, 0], uniform_share=share)
    expected = np.array([share / 4 + 1 - share, share / 4, 0, share / 4, share / 4])
    np.testing.assert_allclose(frequencies(drawn), expected, atol=1e-3)


@pytest.mark.parametrize("belief", [[0, 0, 1, 0, 0], [0, 0, 0, 0, 0], [1e-300, 0, 1, 0, 0]])
def test_a_certain_and_right_belief_gives_uniform_wrong_labels(belief):
    drawn = draw(belief, uniform_share=0.0)
    np.testing.assert_allclose(frequencies(drawn), [0.25, 0.25, 0, 0.25, 0.25], atol=1e-3)


def test_a_certain_and_wrong_belief_gives_its_label():
    assert set(draw([0, 0, 0, 0, 1], uniform_share=0.0)) == {4}


def test_each_sample_has_its_own_belief():
    labels = np.array([0, 1, 2])
    beliefs = np.eye(3)[[1, 2, 0]]
    drawn = wrong_labels(labels, np.full(3, 0.5), 3, beliefs, uniform_share=0.0)
    np.testing.assert_array_equal(drawn, [1, 2, 0])


def test_a_belief_that_is_not_a_number_counts_as_none():
    np.testing.assert_allclose(frequencies(draw(np.full(K, np.nan))), [0.25, 0.25, 0, 0.25, 0.25], atol=1e-3)


@pytest.mark.parametrize("u", [0.0, np.nextafter(1, 0), 0.4])
@pytest.mark.parametrize("belief", [None, [0, 1, 0, 0, 0], [0.2, 0.2, 0.2, 0.2, 0.2]])
def test_of_several_classes_none_is_drawn(u, belief):
    excluded = np.array([[0, 1, 4], [1, 2, 0]])
    beliefs = None if belief is None else np.tile(belief, (3, 1))
    drawn = wrong_labels(excluded, np.full(3, u), K, beliefs, uniform_share=0.0)
    assert not np.any(drawn == excluded) and np.all((0 <= drawn) & (drawn < K))
    if belief == [0, 1, 0, 0, 0]:  # what is excluded, or the only one that is believed in
        assert drawn[2] == 1


def test_of_two_classes_the_other_one_is_wrong():
    labels = np.array([0, 1, 1, 0])
    np.testing.assert_array_equal(wrong_labels(labels, np.array([0, 0.3, 0.99, 0.5]), 2), 1 - labels)


def test_wrong_labels_depend_on_u_alone():
    rng = np.random.default_rng(3)
    labels, u, beliefs = rng.integers(0, K, 50), rng.random(50), rng.dirichlet(np.ones(K), 50)
    whole = wrong_labels(labels, u, K, beliefs)
    pieces = [wrong_labels(labels[p], u[p], K, beliefs[p]) for p in (slice(0, 7), slice(7, 50))]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


def test_drawing_leaves_the_belief_as_it_was():
    belief = np.full((3, K), 1 / K)
    wrong_labels(np.zeros(3, int), np.full(3, 0.5), K, belief)
    np.testing.assert_array_equal(belief, np.full((3, K), 1 / K))


# -- masks and hybrids ---------------------------------------------------------------------------------------------
def neighbours_agree(masks):
    """Fraction of horizontally neighbouring pixels that are equal, and the same 4 pixels apart."""
    return [np.mean(masks[:, :, :-lag] == masks[:, :, lag:]) for lag in (1, 4)]


def test_masks_are_half_on():
    assert abs(random_masks(np.random.default_rng(0), 300, (28, 28)).mean() - 0.5) < 0.01


def test_masks_have_large_regions():
    rng = np.random.default_rng(0)
    near, far = neighbours_agree(random_masks(rng, 200, (28, 28)))
    white_near, white_far = neighbours_agree(random_masks(rng, 200, (28, 28), blurs=0))
    assert near > 0.8 > 0.51 > white_near
    assert far > 0.52 and abs(white_far - 0.5) < 0.01


def test_masks_have_regions_in_both_directions():
    masks = random_masks(np.random.default_rng(0), 200, (28, 28))
    across, down = neighbours_agree(masks), neighbours_agree(masks.transpose(0, 2, 1))
    np.testing.assert_allclose(across, down, atol=0.01)


def test_more_blurs_make_larger_regions():
    agreement = [neighbours_agree(random_masks(np.random.default_rng(0), 100, (28, 28), b))[0] for b in (0, 1, 6, 20)]
    assert agreement == sorted(agreement)


def test_one_blur_is_a_threshold_of_the_smoothed_bits():
    bits = np.random.default_rng(4).integers(0, 2, size=(1, 6, 7))[0]
    padded = np.pad(bits, 1, mode="reflect")
    kernel = np.outer([1, 2, 1], [1, 2, 1])
    smooth = np.array([[np.sum(kernel * padded[y : y + 3, x : x + 3]) for x in range(7)] for y in range(6)])
    np.testing.assert_array_equal(random_masks(np.random.default_rng(4), 1, (6, 7), blurs=1)[0], smooth > 8)


def test_masks_need_not_be_square():
    assert random_masks(np.random.default_rng(0), 2, (5, 9)).shape == (2, 5, 9)


def test_masks_differ_from_image_to_image():
    masks = random_masks(np.random.default_rng(0), 20, (8, 8))
    assert len(np.unique(masks.reshape(20, -1), axis=0)) == 20


def test_every_pixel_of_a_hybrid_comes_from_one_of_the_two_images():
    images, partners = np.full((50, 8, 8), 1.0), np.full((50, 8, 8), 2.0)
    images += np.arange(50)[:, None, None] * 10
    partners += np.arange(50)[:, None, None] * 10
    hybrids = hybrid_images(images, partners, np.random.default_rng(0))
    assert np.all((hybrids == images) | (hybrids == partners))
    assert 0.4 < np.mean(hybrids == images) < 0.6


def test_the_image_shows_where_the_mask_is_on():
    masks = random_masks(np.random.default_rng(7), 3, (8, 8))
    hybrids = hybrid_images(np.ones((3, 8, 8)), np.zeros((3, 8, 8)), np.random.default_rng(7))
    np.testing.assert_array_equal(hybrids, masks)


def test_no_hybrid_is_the_image_itself():
    """Ten thousand of small images, some of them the same, with themselves among their partners."""
    rng = np.random.default_rng(1)
    images = rng.integers(0, 17, (1000, 8, 8))
    images[::10] = images[0]
    images[1::10] = images[0]
    images[1::10, 0, 0] += 1  # differs in one pixel, which a mask may cover
    samples = np.tile(np.arange(1000), 10)
    hybrids = hybrids_of(images, samples, np.arange(1000), rng)
    assert not np.any(np.all(hybrids == images[samples], axis=(1, 2)))


@pytest.mark.parametrize("shape", [(1, 2), (2, 1), (2, 2), (1, 40), (28, 28)])
def test_hybrids_have_pixels_of_both_images(shape):
    hybrids = hybrid_images(np.ones((300, *shape)), np.zeros((300, *shape)), np.random.default_rng(2))
    assert np.all(hybrids.any(axis=(1, 2)) & ~hybrids.all(axis=(1, 2)))


def test_images_that_cannot_be_mixed_are_refused():
    rng, same = np.random.default_rng(3), np.ones((20, 4, 4))
    with pytest.raises(OptionError, match="all 19 training images are the same as sample 3: take another kind"):
        hybrids_of(same, np.array([3]), np.arange(19), rng)
    same[17, 2, 2] = 0
    hybrids = hybrids_of(same, np.arange(10), np.arange(20), rng)
    np.testing.assert_array_equal(hybrids, np.tile(same[17], (10, 1, 1)))
    with pytest.raises(OptionError, match="these have one"):
        hybrids_of(np.arange(5).reshape(5, 1, 1), np.arange(5), np.arange(5), rng)


# -- random streams ------------------------------------------------------------------------------------------------
def first(*key):
    return stream(*key).random()


def test_streams_do_not_depend_on_the_order_of_calls():
    a = stream(1, "order", 0)
    b = stream(1, "negatives", 0)
    mixed = [a.random(), b.random(), a.random(), b.random()]
    np.testing.assert_array_equal(mixed[0::2], stream(1, "order", 0).random(2))
    np.testing.assert_array_equal(mixed[1::2], stream(1, "negatives", 0).random(2))


def test_a_stream_of_one_epoch_does_not_depend_on_others_having_been_drawn():
    alone = stream(1, "order", 3).permutation(10)
    for epoch in range(3):
        stream(1, "order", epoch).permutation(10)
    np.testing.assert_array_equal(stream(1, "order", 3).permutation(10), alone)


DIFFERENT = [
    ((1, "order"), (2, "order")),
    ((1, "order"), (1, "negatives")),
    ((1, "order", 0), (1, "order", 1)),
    ((1, "order", 0), (1, "order")),
    ((1, "order", 0, 1), (1, "order", 1, 0)),
    ((1, "ab", 1), (1, "a", 98, 1)),
    ((1, "a", 98), (1, "ab")),
    ((1, "ab", 1), (1, "ab", 1, 0)),
    ((1, "order", 12), (1, "order", 1, 2)),
    ((1, "a"), (97, "a")),
    pytest.param(
        (1, "a"),
        (1, "a", 0),
    ),
    pytest.param(
        (1, "order", 2**32),
        (1, "order", 0, 1),
    ),
    pytest.param(
        (1 + (98 << 32), "a"),
        (1, "ba"),
    ),
]


@pytest.mark.parametrize("one, other", DIFFERENT, ids=repr)
def test_streams_of_different_keys_differ(one, other):
    assert first(*one) != first(*other)


def test_streams_of_many_keys_are_all_different():
    keys = itertools.product(range(5), ["weights", "order", "negatives", "limit"], range(5), range(3))
    values = [first(*key) for key in keys]
    assert len(set(values)) == len(values) == 300


def test_streams_of_neighbouring_epochs_are_uncorrelated():
    draws = np.array([stream(1, "negatives", epoch).random(2000) for epoch in range(10)])
    off_diagonal = np.corrcoef(draws)[np.triu_indices(10, 1)]
    assert np.abs(off_diagonal).max() < 4.5 / np.sqrt(2000)


@pytest.mark.parametrize("together", [1, 4, 10])
def test_random_numbers_of_a_sample_do_not_depend_on_the_others(together):
    def draw(numbers, seed=1):
        return drawn(seed, "dropout", numbers, lambda rng, n: rng.random((n, 3)), together)

    numbers = np.array([5, 6, 7, 900, 3, 4, 12_345_678, 7])
    np.testing.assert_array_equal(draw(numbers), np.concatenate([draw([number]) for number in numbers]))
    assert len(np.unique(draw(numbers)[:-1])) == 7 * 3
    assert not np.any(draw(numbers) == draw(numbers, seed=2))
    assert draw([]).shape == (0, 3)


def test_numpy_integers_name_the_same_stream_as_python_integers():
    assert first(np.int64(3), "order", np.int32(4)) == first(3, "order", 4)


# -- schedules -----------------------------------------------------------------------------------------------------
def architecture(**changes):
    return Architecture(**{**dict(n_pixels=4, n_classes=3, layers=(2,), batch=2, n_steps=5, capacity=8), **changes})


def pairs(n=5, batch=2):
    place = np.arange(n)
    negative = place + 100, (place + 1) % 3, 2 * place + 1
    return Phases.paired().schedule((place, place % 3, 2 * place), negative, architecture(batch=batch))


def test_evaluation_fills_rows_in_order():
    s = Schedule.evaluation(np.arange(4), np.array([2, 1, 0, 2]), np.arange(10, 14), 2)
    np.testing.assert_array_equal(s.image, [[0, 1], [2, 3]])
    np.testing.assert_array_equal(s.label, [[2, 1], [0, 2]])
    np.testing.assert_array_equal(s.number, [[10, 11], [12, 13]])


def test_evaluation_does_not_learn():
    np.testing.assert_array_equal(Schedule.evaluation(np.arange(4), np.zeros(4, int), np.arange(4), 2).phase, [0, 0])


def test_evaluation_leaves_the_rest_of_the_last_row_empty():
    s = Schedule.evaluation(np.arange(3), np.zeros(3, int), np.arange(7, 10), 2)
    np.testing.assert_array_equal(s.image[-1], [2, -1])
    np.testing.assert_array_equal(s.label[-1], [0, LABEL_NONE])
    np.testing.assert_array_equal(s.number[-1], [9, 0])


@pytest.mark.parametrize("n, rows", [(0, 0), (1, 1), (2, 1), (3, 2), (6, 3)])
def test_length_of_an_evaluation_is_its_number_of_rows(n, rows):
    assert len(Schedule.evaluation(np.arange(n), np.arange(n), np.arange(n), 2)) == rows


def test_pairs_alternate_positive_and_negative_epochs():
    np.testing.assert_array_equal(pairs().phase, [1, -1, 1, -1, 1, -1])


def test_pairs_put_the_negative_of_a_row_right_after_it():
    s = pairs()
    np.testing.assert_array_equal(s.image, [[0, 1], [100, 101], [2, 3], [102, 103], [4, -1], [104, -1]])
    np.testing.assert_array_equal(s.label, [[0, 1], [1, 2], [2, 0], [0, 1], [1, LABEL_NONE], [2, LABEL_NONE]])


def test_pairs_number_negatives_one_higher():
    np.testing.assert_array_equal(pairs(4).number, [[0, 2], [1, 3], [4, 6], [5, 7]])


def test_every_presentation_of_pairs_has_its_own_number():
    s = pairs(50, 4)
    numbers = s.number[s.image >= 0]
    assert len(numbers) == 100 == len(np.unique(numbers))


def test_numbers_of_different_uses_do_not_meet_and_fit_into_32_bits():
    """Ten million training samples, and as many evaluations of 10 labels."""
    most = 2 * 10**7 + 1
    assert most < NEUTRAL_PRESENTATIONS
    assert NEUTRAL_PRESENTATIONS + most < EVALUATION_PRESENTATIONS
    assert EVALUATION_PRESENTATIONS + 11 * 10**7 < 2**31


def test_inputs_hold_the_schedule_first():
    s = pairs()
    inputs = s.inputs(architecture())
    np.testing.assert_array_equal(inputs["image_index"][:6], s.image)
    np.testing.assert_array_equal(inputs["label"][:6], s.label)
    np.testing.assert_array_equal(inputs["phase_at"][:6], s.phase)
    np.testing.assert_array_equal(inputs["presentation_index"][:6], s.number)


def test_inputs_are_filled_up_to_one_epoch_more_than_the_capacity():
    inputs = pairs().inputs(architecture())
    assert {name: value.shape for name, value in inputs.items()} == {
        "image_index": (9, 2),
        "label": (9, 2),
        "phase_at": (9,),
        "presentation_index": (9, 2),
    }


def test_epochs_after_the_schedule_are_empty_and_do_not_learn():
    inputs = pairs().inputs(architecture())
    assert np.all(inputs["image_index"][6:] == -1)
    assert np.all(inputs["label"][6:] == LABEL_NONE)
    assert np.all(inputs["phase_at"][6:] == 0)


def test_inputs_keep_numbers_exactly():
    number = np.array([2**31 - 1, EVALUATION_PRESENTATIONS + 1])
    s = Schedule.evaluation(np.arange(2), np.zeros(2, int), number, 2)
    np.testing.assert_array_equal(s.inputs(architecture())["presentation_index"][0].astype(np.int64), number)


def test_a_schedule_as_long_as_the_capacity_fits():
    assert len(pairs(8, 2).inputs(architecture())["phase_at"]) == 9


def test_inputs_refuse_a_schedule_beyond_the_capacity():
    with pytest.raises(ValueError, match="10 stimulus epochs do not fit into one run of 8"):
        pairs(9, 2).inputs(architecture())


def test_neutral_and_missing_labels_are_no_classes():
    assert LABEL_NEUTRAL < 0 and LABEL_NONE < 0 and LABEL_NEUTRAL != LABEL_NONE


def test_moved_images_keep_their_pixels_and_get_dark_ones():
    images = np.arange(1, 13).reshape(2, 6)  # two of two rows and three columns
    out = moved(images, (2, 3), np.array([[0, 1], [-1, -2]]))
    np.testing.assert_array_equal(out, [[0, 1, 2, 0, 4, 5], [12, 0, 0, 0, 0, 0]])
    np.testing.assert_array_equal(moved(images, (2, 3), np.zeros((2, 2), int)), images)
    assert not moved(images, (2, 3), np.full((2, 2), 9)).any()
