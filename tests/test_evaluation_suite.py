"""Comparisons of ways to learn: errors by their definitions, black boxes, costs, tasks in turn, two protocols."""

import json
import re

import numpy as np
import pytest
from matplotlib.figure import Figure
from test_protocols import run
from test_robustness import same, trains

from brianff import datasets, plotting
from brianff.errors import OptionError
from brianff.learning.black_box import LEVELS, NOISE, BlackBox
from brianff.learning.forward_forward import ForwardForward
from brianff.learning.perceptron import Perceptron
from brianff.learning.rectified import Rectified
from brianff.studies import suite
from brianff.studies.black_box import BIN, boxed
from brianff.studies.continual import Projector, Tasks, scores
from brianff.studies.corruptions import CORRUPTIONS
from brianff.studies.costs import costs, energy
from brianff.studies.robustness import DISTURBANCES

# -- tables ------------------------------------------------------------------------------------------------------------


def rows(accuracy, way="ordinary", clean=0.9, n_seeds=2):
    """Rows of a way that has this accuracy under every disturbance."""
    found = []
    for seed in range(n_seeds):
        curves = {name: [clean, *[accuracy] * len(one.strengths)] for name, one in DISTURBANCES.items()}
        curves.pop("label noise")
        cost = dict.fromkeys(("activation_sparsity", "connection_sparsity", "footprint", "dense", "spikes"), 0.5)
        cost |= {"effective": 1000.0, "membrane_updates": 0.0, "presentations": 10.0}
        row = dict(data="digits", way=way, seed=seed, part="disturbed", curves=curves, costs=cost, network="64-100-10")
        found.append(row | {"test_accuracy": clean, "cpu_seconds": 3.0, "samples": 6000})
        noisy = dict(data="digits", way=way, seed=seed, part="label noise", strength=0.4, test_accuracy=accuracy)
        found.append(noisy)
    return found


def test_corruption_errors_are_relative_to_the_reference():
    curves = suite.curves_of([*rows(0.5), *rows(0.7, "symba", 0.8)])
    found = suite.mean_corruption_error(curves)
    np.testing.assert_allclose(found["ordinary"], 100)
    mean, relative = found["symba"]
    np.testing.assert_allclose(mean, 100 * 0.3 / 0.5)
    np.testing.assert_allclose(relative, 100 * 0.1 / 0.4)
    assert curves["symba"]["label noise"].tolist() == [[0.8, 0.7]] * 2 and list(curves) == ["symba", "ordinary"]


def test_tables_and_figures_of_rows():
    both = [*rows(0.5), *rows(0.7, "symba", 0.8)]
    both[4]["anytime"] = both[6]["anytime"] = {"parts": [0.5, 1.0], "accuracy": [0.4, 0.8], "latency": 0.75}
    said = suite.tables(both)
    assert "| forward-forward, symba | 64-100-10 | 2 | 80.0 ± 0.0 | 30.0 ± 0.0 | 60.0 ± 0.0 | 25.0 ± 0.0 |" in said
    assert re.search(r"\| labels \| label noise \| 75.0 ± 0.0 \| 70.0 ± 0.0 \|", said)
    assert "| 75 ± 0 | 300 ± 0 |" in said  # latency; three presentations of 50 ms of 6000 samples in 3 s
    assert "| 15 to 450 |" in said and energy(1e4) == (15.0, 450.0)  # 1000 operations, ten presentations
    figures = {name: figure() for name, figure in suite.figures(both).items()}
    assert figures.keys() == {"robustness", "areas", "anytime"}
    assert all(isinstance(figure, Figure) for figure in figures.values())
    assert len(figures["robustness"].axes) == len(suite.PANELS)
    images = {kind: [np.zeros((8, 8)), np.ones((8, 8))] for kind in CORRUPTIONS}
    assert len(plotting.corruptions(images).axes) == 2 * len(images)


def test_boxes_few_samples_and_one_pass_have_tables_and_figures():
    own = [dict(data="digits", way=way, seed=s) for way in ("ordinary", "local_readout") for s in (1, 2)]
    accuracy = {"none": 0.9, "noise": 0.8, "nonlinear": 0.7, "permutation": 0.6}
    course = [[50 * k, k / 100] for k in range(1, 41)]
    both = [row | {"part": "few samples", "strength": n, "test_accuracy": n / 100} for row in own for n in (30, 10)]
    both += [row | {"part": "online", "online": course, "test_accuracy": 0.5} for row in own]
    both += [row | {"part": "black box", "boxes": accuracy} for row in own if row["way"] != "ordinary"]
    both += [
        row | {"part": "black box", "strength": kind, "test_accuracy": 0.1, "test_upper": a}
        for row in own if row["way"] == "ordinary" for kind, a in accuracy.items()
    ]  # fmt: skip
    said = suite.tables(both)
    for way in ("local readout", "ordinary network, backpropagation"):
        assert f"| {way} | 2 | 90.0 ± 0.0 | 80.0 ± 0.0 | 70.0 ± 0.0 | 60.0 ± 0.0 |" in said
        assert f"| {way} | 10.0 ± 0.0 | 30.0 ± 0.0 |" in said
        assert f"| {way} | 38.5 ± 0.0 | 50.0 ± 0.0 |" in said  # the mean of 37, 38, 39 and 40 %
    figures = {name: figure() for name, figure in suite.figures(both).items()}
    assert figures.keys() == {"black_boxes", "few_samples", "online"}
    (line, *_) = figures["few_samples"].axes[0].lines
    np.testing.assert_allclose(line.get_xydata(), [[10, 10], [30, 30]])
    x, y = figures["online"].axes[0].lines[0].get_data()
    assert len(x) == 40 and y[-1] == 40


def test_costs_count_what_is_sent():
    ordinary = Perceptron("digits", layers=(30,), epochs=1)
    samples = ordinary.data.test[:20]
    (x, h), scores_, on = ordinary.activities(ordinary.pixels[samples])
    found = costs(ordinary, samples)
    assert found["effective"] == pytest.approx(((x != 0).sum() * 30 + on[0].sum() * 10) / 20)
    assert found["dense"] == 64 * 30 + 300 and found["presentations"] == 1 and found["membrane_updates"] == 0
    assert found["activation_sparsity"] == pytest.approx(1 - (on[0].sum() + (scores_ != 0).sum()) / (40 * 20))
    assert costs(Rectified("digits", layers=(30,), epochs=1), samples)["presentations"] == 10
    spiking = ForwardForward("digits", layers=[15], limit=50, steps=20, dt=2.5, device="runtime")
    found = costs(spiking, samples)
    assert found["dense"] == 164 * 15 * 20 and found["membrane_updates"] == 300 and found["presentations"] == 10
    assert 20 * 15 < found["effective"] < 75 * 15 and found["spikes"] == pytest.approx(
        (1 - found["activation_sparsity"]) * 15 * 20
    )


# -- black boxes -------------------------------------------------------------------------------------------------------


def test_boxes_between_layers_of_numbers():
    y, rng = np.abs(np.random.default_rng(0).normal(size=(500, 40))), np.random.default_rng(1)
    assert BlackBox("none", 40, 1, 1)(y, rng) is y
    noise = BlackBox("noise", 40, 1, 1)(y, rng) - y
    assert noise.std() == pytest.approx(NOISE * np.sqrt(np.mean(y**2)), rel=0.05)
    permuted = BlackBox("permutation", 40, 1, 1)(y, rng)
    assert len(np.unique(permuted)) <= LEVELS
    np.testing.assert_array_equal(permuted, BlackBox("permutation", 40, 1, 1)(y, None))
    odd = BlackBox("nonlinear", 40, 1, 1)(y, rng)
    assert odd.min() >= 0 and odd.max() <= 2 and np.abs(np.corrcoef(odd.ravel(), y.ravel())[0, 1]) < 0.3
    boxes = Perceptron("digits", layers=(20, 20), black_box="noise").boxes
    assert [box.kind for box in boxes] == ["noise", "none"]  # none before the scores


def test_boxes_between_layers_of_spikes():
    whole = trains(n=30, channels=20)
    assert boxed(whole, "none", 100, 1) is whole
    permuted, again = (boxed(whole, "permutation", 100, 1) for _ in range(2))
    assert same(permuted, again) and np.all(permuted.step % BIN == 0) and permuted.count.max() == 1
    bins = {tuple(e) for e in np.stack([whole.sample, whole.channel, whole.step // BIN], axis=1)}
    assert permuted.n_events == len(bins)
    few = trains(n=30, channels=20)[np.arange(30)].kept(np.random.default_rng(0).random((30, 20)) < 0.5)
    before, after = few.counts().astype(int), boxed(few, "nonlinear", 100, 1).counts().astype(int)
    for channel in range(20):  # a table for every neuron
        for count in np.unique(before[:, channel]):
            assert len(np.unique(after[before[:, channel] == count, channel])) == 1
    noisy = boxed(whole, "noise", 100, 1)
    assert noisy.count.sum() == pytest.approx(0.7 * 1.3 * whole.count.sum(), rel=0.05)


@pytest.mark.parametrize("method", [Perceptron, Rectified])
def test_networks_learn_through_boxes(method):
    from brianff.learning.run import Run

    network = method("digits", layers=(40, 40), epochs=6, black_box="permutation")
    assert Run(network).train(progress=False).evaluate("test").accuracy() > 0.8


# -- tasks in turn -----------------------------------------------------------------------------------------------------


def test_tasks():
    data = datasets.load("digits")
    permuted = Tasks(data, "permuted", 3)
    assert np.array_equal(permuted[0].images, data.images) and not np.array_equal(permuted[1].images, data.images)
    assert np.array_equal(np.sort(permuted[2].images.reshape(-1, 64)), np.sort(data.images.reshape(-1, 64)))
    split = [np.unique(task.labels[task.train]) for task in Tasks(data, "split", 5)]
    assert [list(own) for own in split] == [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]]
    turned = Tasks(data, "drift", 3, turn=90)[1].images
    assert np.array_equal(turned, np.rot90(data.images, axes=(1, 2)))
    with pytest.raises(OptionError, match="10 classes make 2 to 10 tasks, not 11"):
        Tasks(data, "split", 11)


def test_scores_of_tasks():
    accuracies = np.array([[0.9, 0.3, np.nan], [0.7, 0.8, 0.2], [0.5, 0.8, 0.6]])
    average, forgetting, transfer = scores(accuracies)
    assert average == pytest.approx(1.9 / 3) and forgetting == pytest.approx(0.2) and transfer == pytest.approx(-0.2)


def test_projected_changes_do_not_reach_what_was_learnt():
    method = ForwardForward(
        "digits", layers=[12], rule="local_readout", negatives="none", device="runtime", steps=10, dt=5.0
    )
    rng, projector = np.random.default_rng(0), Projector(method, alpha=1e-6)
    before = dict(method.synaptic)
    after = {k: v + rng.normal(size=v.shape) if k.endswith(".w") else v for k, v in before.items()}
    assert projector.project(before, after) is after  # nothing to forget yet
    z = np.zeros((50, 64))
    z[:, :5] = rng.random((50, 5))
    projector.add([z, rng.random((50, 12))])
    changed = projector.project(before, after)["synapses1.w"].reshape(64, 12) - before["synapses1.w"].reshape(64, 12)
    assert np.abs(z @ changed).max() < 0.01
    np.testing.assert_allclose(changed[5:], (after["synapses1.w"] - before["synapses1.w"]).reshape(64, 12)[5:])


# -- protocols ---------------------------------------------------------------------------------------------------------


def test_evaluate(tmp_path):
    options = ("--quick", "--ways", "rectified,ordinary", "--out", tmp_path / "out", "--jobs", 1)
    lines = run("evaluate", *options)
    assert lines[-1] == f"tables and figures: {tmp_path / 'out'}" and any("relative mCE" in line for line in lines)
    assert {p.name for p in (tmp_path / "out").glob("*.png")} == {"digits_robustness.png", "digits_areas.png"}
    assert "### What an answer costs" in (tmp_path / "out" / "tables.md").read_text()


def test_continual(tmp_path):
    options = ("--number", 2, "--limit", 100, "--test", 100, "--device", "runtime", "--forgetting-free")
    lines = run("continual", "--quick", *options, "--out", tmp_path)
    assert lines[-1] == f"figure: {tmp_path / 'continual.png'}"
    document = json.loads((tmp_path / "accuracies.json").read_text())
    assert list(document["accuracies"]) == ["forgetting-free"]
    accuracies = np.array(document["accuracies"]["forgetting-free"])
    assert accuracies.shape == (1, 2, 2) and accuracies[0, 0, 0] > 0.15
