"""Evaluation: predictions from hand-made arrays, and presentations cut into runs of the simulator and put together."""

import functools

import numpy as np
import pytest

from brianff import datasets
from brianff.devices import Results
from brianff.errors import OptionError
from brianff.learning.evaluation import (
    NO_PREDICTION,
    Evaluation,
    evaluate,
    never_active,
    predicted_classes,
    present,
    ties,
)
from brianff.learning.readout import SoftmaxReadout
from brianff.learning.views import evaluate_views
from brianff.network.architecture import Architecture
from brianff.stimulus import EVALUATION_PRESENTATIONS, LABEL_NEUTRAL, LABEL_NONE

# Three samples, three labels, two layers: layer 1 says 0, 1, 2; layer 2 says 1, 1, 0; together 0, 1, 0.
GOODNESS = np.array(
    [
        [[5.0, 1.0], [1.0, 2.0], [0.0, 0.0]],
        [[1.0, 0.0], [2.0, 3.0], [0.0, 1.0]],
        [[0.0, 9.0], [1.0, 0.0], [2.0, 0.0]],
    ]
)
LABELS = np.array([0, 1, 1])
BELIEF = np.array([[0.2, 0.5, 0.3], [0.1, 0.8, 0.1], [0.3, 0.4, 0.3]])


@pytest.fixture
def evaluation():
    return Evaluation(LABELS, GOODNESS.copy(), BELIEF.copy(), 1.5)


# -- predictions ---------------------------------------------------------------------------------------------------
def confusion_matrix(labels, predicted, n_classes):
    return Evaluation(labels, output=np.eye(n_classes)[predicted] * (predicted >= 0)[:, None]).confusion()


def test_confusion_matrix_has_true_classes_in_rows():
    matrix = confusion_matrix(np.array([0, 0, 0, 2, 1]), np.array([0, 1, 1, 2, 0]), 3)
    np.testing.assert_array_equal(matrix, [[1, 2, 0], [1, 0, 0], [0, 0, 1]])


def test_confusion_matrix_counts_every_sample_once():
    rng = np.random.default_rng(0)
    labels, predicted = rng.integers(0, 4, (2, 500))
    matrix = confusion_matrix(labels, predicted, 4)
    np.testing.assert_array_equal(matrix.sum(axis=1), np.bincount(labels, minlength=4))
    np.testing.assert_array_equal(matrix.sum(axis=0), np.bincount(predicted, minlength=4))
    assert np.trace(matrix) == np.sum(labels == predicted)


def test_confusion_matrix_keeps_room_for_classes_that_do_not_occur():
    assert confusion_matrix(np.array([0]), np.array([0]), 10).shape == (10, 10)


def test_goodness_is_summed_over_layers(evaluation):
    np.testing.assert_array_equal(evaluation.predicted(), [0, 1, 0])


@pytest.mark.parametrize("layers, expected", [(slice(0, 1), [0, 1, 2]), (slice(1, 2), [1, 1, 0]), ([1], [1, 1, 0])])
def test_goodness_of_chosen_layers(evaluation, layers, expected):
    np.testing.assert_array_equal(evaluation.by_goodness(layers), expected)


def test_readout_predicts_the_strongest_belief(evaluation):
    np.testing.assert_array_equal(evaluation.predicted("readout"), [1, 1, 1])


@pytest.mark.parametrize("how, expected", [("goodness", 2 / 3), ("upper", 1 / 3), ("readout", 2 / 3)])
def test_accuracy_is_the_fraction_of_correct_predictions(evaluation, how, expected):
    assert evaluation.accuracy(how) == pytest.approx(expected)


def test_accuracy_by_upper_layers_of_a_single_layer_is_that_of_the_layer():
    e = Evaluation(LABELS, GOODNESS[:, :, :1], BELIEF, 1.0)
    assert e.accuracy("upper") == e.accuracy("goodness") == pytest.approx(2 / 3)


def test_upper_layers_of_three_are_the_second_and_third():
    goodness = np.zeros((1, 3, 3))
    goodness[0, :, 0] = [100, 0, 0]
    goodness[0, :, 1] = [0, 2, 0]
    goodness[0, :, 2] = [0, 0, 1]
    assert Evaluation(np.array([1]), goodness, BELIEF[:1], 1.0).accuracy("upper") == 1


def test_together_upper_layers_and_readout_count_alike_whatever_their_scale():
    """One is nearly undecided between two classes, the other between two others: the class that both can have wins."""
    goodness, belief = np.array([[0.0, 9.0, 10.0]]), np.array([[0.5, 0.45, 0.05]])
    layers = np.stack([np.array([[99.0, 0.0, 0.0]]), goodness], axis=2)
    for scale in (1e-6, 1, 1e6):
        e = Evaluation(np.array([1]), scale * layers, belief, 1.0)
        assert [e.predicted(how)[0] for how in ("goodness", "upper", "readout", "upper_together")] == [0, 2, 0, 1]
        assert e.predicted("together") == 0
        np.testing.assert_allclose(e.scores("together").sum(), 0, atol=1e-12)
    by_hand = [(g - 19 / 3) / np.std(goodness) + (b - np.log(belief).mean()) / np.log(belief).std()
               for g, b in zip(goodness[0], np.log(belief[0]), strict=True)]  # fmt: skip
    np.testing.assert_allclose(e.scores("upper_together")[0], by_hand)


def test_where_one_of_two_has_no_opinion_the_other_one_decides():
    e = Evaluation(np.array([1]), np.zeros((1, 3, 2)), np.array([[0.0, 0.9, 0.1]]), 0.0)
    assert e.accuracy("goodness") == 0 and e.accuracy("together") == 1


def test_accuracy_names_what_it_knows(evaluation):
    with pytest.raises(ValueError, match="'loss': it is goodness, upper, readout, together, upper_together"):
        evaluation.accuracy("loss")


def test_separation_compares_the_true_label_with_the_best_wrong_one(evaluation):
    true, wrong = evaluation.separation()
    np.testing.assert_array_equal(true, [6, 5, 1])
    np.testing.assert_array_equal(wrong, [3, 1, 9])


def test_separation_is_positive_exactly_where_goodness_predicts_the_label(evaluation):
    true, wrong = evaluation.separation()
    np.testing.assert_array_equal(true > wrong, evaluation.predicted() == LABELS)


def test_separation_leaves_the_goodness_as_it_was(evaluation):
    evaluation.separation()
    np.testing.assert_array_equal(evaluation.goodness, GOODNESS)


@pytest.mark.parametrize("goodness", [GOODNESS, None], ids=["with labels", "without labels"])
def test_evaluation_comes_back_from_its_arrays(goodness):
    again = Evaluation.from_arrays(Evaluation(LABELS, goodness, BELIEF, 1.5).arrays())
    np.testing.assert_array_equal(again.labels, LABELS)
    np.testing.assert_array_equal(again.belief, BELIEF)
    assert again.spikes_per_neuron == 1.5
    assert again.goodness is None if goodness is None else np.array_equal(again.goodness, goodness)


def test_arrays_of_an_evaluation_without_labels_hold_no_object():
    assert all(np.asarray(a).dtype != object for a in Evaluation(LABELS, None, BELIEF, 1.5).arrays().values())


@pytest.mark.parametrize("how", ["goodness", "upper", "together", "upper_together"])
def test_accuracy_by_goodness_without_label_input_is_one_sentence(how):
    with pytest.raises(ValueError, match="no label input"):
        Evaluation(LABELS, None, BELIEF, 1.0).accuracy(how)


# -- ties ----------------------------------------------------------------------------------------------------------
def test_a_tie_is_no_prediction():
    values = np.array([[0, 0, 0], [1, 2, 0], [2, 2, 1], [3, 3, 5], [np.nan, 1, 2], [np.inf, 1, np.inf]])
    np.testing.assert_array_equal(predicted_classes(values), [-1, 1, -1, 2, -1, -1])
    assert ties(predicted_classes(values)) == "4 of 6 samples tie: no prediction"
    assert ties(np.array([0, 1])) == ""


def test_a_silent_network_knows_no_sample_of_class_0():
    e = Evaluation(np.zeros(5, int), np.zeros((5, 3, 2)), np.full((5, 3), 1 / 3), 0.0)
    for how in ("goodness", "upper", "readout", "together", "upper_together"):
        assert e.accuracy(how) == 0
        np.testing.assert_array_equal(e.predicted(how), NO_PREDICTION)


def test_samples_without_a_prediction_are_not_in_the_confusion_matrix():
    matrix = confusion_matrix(np.array([0, 1, 1]), np.array([0, NO_PREDICTION, 1]), 2)
    np.testing.assert_array_equal(matrix, [[1, 0], [0, 1]])


def test_neurons_that_are_never_active():
    traces = [np.array([[0.0, 0.5, 0.0], [0.0, 0.0, 0.0]]), np.ones((2, 2))]
    np.testing.assert_allclose(never_active(traces), [2 / 3, 0])
    e = Evaluation(LABELS, GOODNESS, BELIEF, 1.5, never_active(traces))
    assert e.of_silent() == "; never active: 66.7% of layer 1"
    np.testing.assert_allclose(Evaluation.from_arrays(e.arrays()).silent, [2 / 3, 0])


# -- presentations -------------------------------------------------------------------------------------------------
class Simulator:
    """Answers at once: goodness and traces are a code of the pixels, label and number that were presented.

    Records have one row before the first epoch, as Brian2's monitors, and rows of garbage after the last.
    """

    def __init__(self, **changes):
        values = dict(n_pixels=2, n_classes=3, layers=(3, 2), batch=2, n_steps=5, capacity=3, images=4)
        self.architecture = Architecture(**{**values, **changes})
        self.runs = []
        self.open = 0

    def run(self, inputs, n_epochs):
        a = self.architecture
        assert 1 <= n_epochs <= a.capacity
        assert inputs["images"].shape == (a.images, a.n_pixels)
        assert inputs["image_index"].shape == (a.capacity + 1, a.batch)
        self.runs.append((inputs, n_epochs))
        self.open += 1
        index = inputs["image_index"].astype(int)
        assert index.max() < a.images
        shown = np.where(index >= 0, inputs["images"][index, 0], 0)
        code = 1e6 * shown + 1e3 * inputs["label"] + inputs["presentation_index"]
        values = {}
        for level, n in enumerate(a.sizes[1:], start=1):
            rows = np.vstack([np.full((1, a.batch), np.nan), code + 0.1 * level])
            rows[n_epochs + 1 :] = np.nan
            values[f"record_g{level}.g"] = rows
            values[f"record_x{level}.x"] = np.repeat(rows, n, axis=1) + np.tile(0.01 * np.arange(n), a.batch)
        return Results(values.__getitem__, self.close)

    def close(self):
        self.open -= 1


def expected_code(images, image, label, number):
    return 1e6 * images[image, 0] + 1e3 * label + number


def presented(n, n_images, simulator, inputs=None, seed=0):
    """Present `n` random images, labels and numbers; returns the results and the code that they should show."""
    rng = np.random.default_rng(seed)
    images = np.c_[np.arange(1, n_images + 1), np.zeros(n_images)]
    image, label, number = rng.integers(0, n_images, n), rng.integers(-2, 3, n), rng.permutation(n)
    goodness, traces = present(simulator, inputs or {}, images, image, label, number)
    return goodness, traces, expected_code(images, image, label, number)


@pytest.mark.parametrize("n_images", [1, 4, 5, 50], ids=lambda k: f"{k} images")
@pytest.mark.parametrize("n", [1, 2, 5, 6, 7, 13, 60])
def test_present_returns_everything_in_order(n, n_images):
    goodness, traces, code = presented(n, n_images, Simulator())
    np.testing.assert_allclose(goodness, code[:, None] + [0.1, 0.2])
    np.testing.assert_allclose(traces[0], code[:, None] + 0.1 + [0, 0.01, 0.02])
    np.testing.assert_allclose(traces[1], code[:, None] + 0.2 + [0, 0.01])


@pytest.mark.parametrize("batch, capacity, images", [(1, 1, 1), (3, 2, 1), (4, 5, 2), (1, 7, 100)])
def test_present_fits_networks_of_any_capacity(batch, capacity, images):
    simulator = Simulator(batch=batch, capacity=capacity, images=images)
    goodness, _, code = presented(23, 11, simulator)
    np.testing.assert_allclose(goodness[:, 0], code + 0.1)


def test_present_uses_as_few_runs_as_the_capacity_allows():
    simulator = Simulator()
    presented(13, 4, simulator)
    assert [n_epochs for _, n_epochs in simulator.runs] == [3, 3, 1]


def test_present_starts_a_new_run_when_the_images_do_not_fit():
    simulator = Simulator(images=2)
    images = np.arange(1, 7)[:, None] * [1.0, 0.0]
    image = np.array([0, 1, 0, 2, 2, 3, 4])
    goodness, _ = present(simulator, {}, images, image, np.zeros(7, int), np.arange(7))
    assert [n_epochs for _, n_epochs in simulator.runs] == [2, 2, 1]
    np.testing.assert_allclose(goodness[:, 0], expected_code(images, image, 0, np.arange(7)) + 0.1)


def test_present_does_not_learn():
    simulator = Simulator()
    presented(13, 4, simulator)
    assert all(not inputs["phase_at"].any() for inputs, _ in simulator.runs)


def test_present_hands_weights_and_parameters_to_every_run():
    simulator = Simulator()
    presented(13, 4, simulator, {"synapses1.w": 7.0})
    assert [inputs["synapses1.w"] for inputs, _ in simulator.runs] == [7.0] * 3


def test_present_does_not_add_to_the_inputs_of_the_caller():
    inputs = {"synapses1.w": 7.0}
    presented(3, 4, Simulator(), inputs)
    assert set(inputs) == {"synapses1.w"}


def test_present_closes_every_run():
    simulator = Simulator()
    presented(13, 4, simulator)
    assert len(simulator.runs) == 3 and simulator.open == 0


def test_present_sends_pixels_unchanged():
    simulator = Simulator()
    images = np.random.default_rng(0).random((3, 2))
    present(simulator, {}, images, np.array([2, 0]), np.zeros(2, int), np.arange(2))
    ((inputs, _),) = simulator.runs
    np.testing.assert_array_equal(inputs["images"][inputs["image_index"][0].astype(int)], images[[2, 0]])


def test_present_of_nothing_is_empty():
    goodness, traces = present(Simulator(), {}, np.zeros((1, 2)), *np.zeros((3, 0), int))
    assert goodness.shape == (0, 2)
    assert [t.shape for t in traces] == [(0, 3), (0, 2)]


# -- evaluation of a network ---------------------------------------------------------------------------------------
def presentations(simulator):
    """Images, labels and numbers of all presentations, in order."""
    out = []
    for inputs, n_epochs in simulator.runs:
        index = inputs["image_index"][:n_epochs].astype(int)
        for e, b in np.argwhere(index >= 0):
            place = inputs["images"][index[e, b], 0], inputs["label"][e, b], inputs["presentation_index"][e, b]
            out.append(tuple(map(int, place)))
    return out


@pytest.fixture
def readout():
    r = SoftmaxReadout(6, 3)
    r.w[:] = np.random.default_rng(0).normal(size=r.w.shape)
    return r


def evaluated(simulator, readout, images, labels, **options):
    return evaluate(functools.partial(present, simulator, {}, images), readout, labels, **options)


IMAGES = np.array([[1.0, 0.0], [2.0, 0.0], [3.0, 0.0], [4.0, 0.0], [5.0, 0.0]])
FIVE_LABELS = np.array([0, 1, 2, 0, 1])


def test_evaluate_asks_the_readout_after_one_neutral_pass(readout):
    simulator = Simulator()
    evaluated(simulator, readout, IMAGES, FIVE_LABELS)
    assert [p[:2] for p in presentations(simulator)[:5]] == [(k, LABEL_NEUTRAL) for k in range(1, 6)]


def test_evaluate_tries_every_label_on_every_image(readout):
    simulator = Simulator()
    evaluated(simulator, readout, IMAGES, FIVE_LABELS)
    assert [p[:2] for p in presentations(simulator)[5:]] == [(k, label) for k in range(1, 6) for label in range(3)]


def test_goodness_of_an_evaluation_belongs_to_its_sample_and_label(readout):
    e = evaluated(Simulator(), readout, IMAGES, FIVE_LABELS)
    assert e.goodness.shape == (5, 3, 2)
    image_and_label = 1e3 * np.round((e.goodness[:, :, 0] - EVALUATION_PRESENTATIONS) / 1e3)
    expected = 1e6 * np.arange(1, 6)[:, None] + 1e3 * np.arange(3)
    np.testing.assert_array_equal(image_and_label, expected)


def test_every_presentation_of_an_evaluation_has_its_own_noise(readout):
    simulator = Simulator()
    evaluated(simulator, readout, IMAGES, FIVE_LABELS)
    numbers = [p[2] for p in presentations(simulator)]
    assert len(set(numbers)) == len(numbers) == 20
    assert min(numbers) == EVALUATION_PRESENTATIONS


def test_numbers_of_two_sets_do_not_overlap(readout):
    used = []
    for offset in (0, 5):
        simulator = Simulator()
        evaluated(simulator, readout, IMAGES, FIVE_LABELS, offset=offset)
        used.append({p[2] for p in presentations(simulator)})
    assert not used[0] & used[1]


def test_the_noise_of_a_sample_does_not_depend_on_the_size_of_its_set(readout):
    simulator = Simulator(), Simulator()
    evaluated(simulator[0], readout, IMAGES, FIVE_LABELS)
    evaluated(simulator[1], readout, IMAGES[:2], FIVE_LABELS[:2])
    assert set(presentations(simulator[1])) < set(presentations(simulator[0]))


def test_a_network_without_label_input_sees_no_labels(readout):
    simulator = Simulator()
    e = evaluated(simulator, readout, IMAGES, FIVE_LABELS, candidates=False)
    assert e.goodness is None
    assert [p[:2] for p in presentations(simulator)] == [(k, LABEL_NONE) for k in range(1, 6)]


def test_belief_of_an_evaluation_is_a_distribution(readout):
    e = evaluated(Simulator(), readout, IMAGES, FIVE_LABELS)
    assert e.belief.shape == (5, 3)
    np.testing.assert_allclose(e.belief.sum(axis=1), 1)


# -- views -----------------------------------------------------------------------------------------------------------
class Columns:
    """Says of an image the mean of each of its columns, as if those were classes."""

    def __init__(self, data):
        self.data = data

    def seeing(self, data):
        return Columns(data)

    def evaluate(self, samples, offset=0):
        columns = self.data.images[samples].mean(axis=1)
        return Evaluation(self.data.labels[samples], columns[:, :, None], None, float(offset))


@pytest.mark.parametrize("views, n", [((), 1), (("mirrored",), 2), (("moved",), 5), (("moved", "mirrored"), 10)])
def test_answers_over_views(views, n):
    data = datasets.load("digits")
    method, samples = Columns(data), data.test[:7]
    images = data.images[samples].astype(float)
    pad = np.pad(images, [(0, 0), (1, 1), (1, 1)])
    seen = [images]
    if "moved" in views:
        seen += [pad[:, 2:, 1:-1], pad[:, :-2, 1:-1], pad[:, 1:-1, 2:], pad[:, 1:-1, :-2]]
    if "mirrored" in views:
        seen += [one[:, :, ::-1] for one in seen]
    assert len(seen) == n
    found = evaluate_views(method, samples, views, offset=3)
    np.testing.assert_allclose(found.goodness[:, :, 0], np.mean([one.mean(axis=1) for one in seen], axis=0))
    assert found.belief is None and found.spikes_per_neuron == 3
    assert method.data is data


def test_views_that_there_are_not():
    method = Columns(datasets.load("rhythm"))
    with pytest.raises(OptionError, match="views.mirrored: .rhythm. holds no images"):
        evaluate_views(method, np.arange(3), ["mirrored"])
    with pytest.raises(OptionError, match="there are mirrored, moved"):
        evaluate_views(method, np.arange(3), ["upside-down"])
