"""Readers of networks: the order of hidden neurons makes no difference, and they learn what can be learnt."""

import numpy as np
import pytest

from brianff.errors import OptionError
from brianff.learning.forward_forward import ForwardForwardOptions
from brianff.studies import zoo

RNG = np.random.default_rng(5)


def networks_of(n):
    """Random networks, and of each a number that its weights determine."""
    scales = RNG.uniform(0.2, 2, (n, 2))
    found = [[a * RNG.normal(size=(12, 7)), b * RNG.normal(size=(7, 5))] for a, b in scales]
    return found, np.tanh(scales[:, 0] - 0.5 * scales[:, 1])


def test_the_order_of_hidden_neurons_makes_no_difference():
    networks, accuracies = networks_of(40)
    moved = [zoo.permuted(network, RNG) for network in networks]
    for one, other in zip(networks, moved, strict=True):
        assert not np.array_equal(one[1], other[1])
        # it is the same network
        x = np.maximum(np.ones(12) @ one[0], 0) @ one[1]
        np.testing.assert_allclose(np.sort(x), np.sort(np.maximum(np.ones(12) @ other[0], 0) @ other[1]))
        np.testing.assert_allclose(zoo.statistics_of(one), zoo.statistics_of(other), rtol=1e-9, atol=1e-12)
    for reader in (zoo.Boosting(), zoo.DeepSets(width=8, epochs=3)):
        reader.fit(networks, accuracies)
        assert np.abs(reader.predict(networks) - reader.predict(moved)).max() < 1e-9
        # but other weights do
        assert np.abs(reader.predict(networks) - reader.predict([[3 * w for w in n] for n in networks])).max() > 1e-3


@pytest.mark.parametrize("reader", [zoo.Boosting(), zoo.DeepSets(width=16, epochs=60)], ids=["boosting", "deep_sets"])
def test_readers_learn(reader):
    networks, accuracies = networks_of(200)
    reader.fit(networks[:150], accuracies[:150])
    assert zoo.tau(reader.predict(networks[150:]), accuracies[150:]) > 0.75


def test_the_gradient_of_deep_sets():
    networks, accuracies = networks_of(20)
    reader = zoo.DeepSets(width=4, epochs=1, dropout=0.0).fit(networks, accuracies)
    layers, y = reader._standard(reader._stacked(networks)), RNG.normal(size=20)
    gradients = reader._gradient(layers, y)
    for parameter, gradient in zip(reader.parameters, gradients, strict=True):
        for place in [tuple(RNG.integers(0, n) for n in parameter.shape) for _ in range(4)]:
            ends = []
            for sign in (1, -1):
                parameter[place] += sign * 1e-6
                ends.append(((reader._forward(layers)[0] - y) ** 2).mean())
                parameter[place] -= sign * 1e-6
            assert gradient[place] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-4, abs=1e-7)


def test_the_jobs_are_drawn_and_can_be_drawn_again(tmp_path):
    jobs, again = (zoo.jobs_of(tmp_path, 30, seed=3) for _ in range(2))
    assert [job.options for job in jobs] == [job.options for job in again]
    assert len({job.options["learning_rate"] for job in jobs}) == 30
    for job in jobs:
        ForwardForwardOptions(dataset="digits", **job.options)


def test_too_few_networks_are_refused():
    with pytest.raises(OptionError, match="needs 10 or more"):
        zoo.DeepSets().fit(*networks_of(9))
