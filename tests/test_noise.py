"""Counter-based random numbers: known answers, statistics, and the same numbers in Brian2 as in Python."""

import brian2
import numpy as np
import pytest

from brianff import noise
from brianff.noise import FUNCTIONS, philox4x32, uniform

# Random123 1.14.0, tests/kat_vectors, philox4x32 with 10 rounds
KNOWN_ANSWERS = {
    "zeros": (
        (0, 0, 0, 0),
        (0, 0),
        (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8),
    ),
    "ones": (
        (0xFFFFFFFF,) * 4,
        (0xFFFFFFFF,) * 2,
        (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
    ),
    "digits of pi": (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
}
N = 100_000
DIRECTIONS = ("seed", "presentation", "draw", "channel")


def numbers(seed=3, presentation=17, draw=0, channel=5):
    """The NumPy implementation."""
    return noise._uniform(seed, presentation, draw, channel)


def along(direction, n=N):
    """`n` numbers whose arguments differ in one place only."""
    return numbers(**{direction: np.arange(n)})


@pytest.mark.parametrize("counter, key, expected", KNOWN_ANSWERS.values(), ids=KNOWN_ANSWERS)
def test_philox_gives_the_known_answers_of_random123(counter, key, expected):
    assert tuple(int(word) for word in philox4x32(counter, key)) == expected


def test_philox_of_arrays_is_philox_of_each_element():
    counters, keys, expected = zip(*KNOWN_ANSWERS.values(), strict=True)
    words = philox4x32(np.transpose(counters), np.transpose(keys))
    np.testing.assert_array_equal(np.transpose(words), expected)


def test_philox_broadcasts_counters_against_keys():
    words = philox4x32((np.arange(3)[:, None], 0, 0, 0), (np.arange(4), 0))
    assert [word.shape for word in words] == [(3, 4)] * 4
    assert words[2][1, 3] == philox4x32((1, 0, 0, 0), (3, 0))[2]


def test_uniform_broadcasts_its_arguments():
    table = numbers(presentation=np.arange(3)[:, None], channel=np.arange(4))
    assert table.shape == (3, 4)
    assert table[2, 1] == numbers(presentation=2, channel=1)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_uniform_depends_on_each_argument(direction):
    assert len(np.unique(along(direction))) == N


def test_arguments_are_not_interchangeable():
    permuted = [numbers(1, 2, 3, 4), numbers(2, 1, 3, 4), numbers(1, 3, 2, 4), numbers(1, 2, 4, 3)]
    assert len(set(map(float, permuted))) == 4


def test_uniform_uses_more_than_32_bits():
    u = along("channel")
    assert np.any(u * 2**32 % 1 != 0.5)


def test_a_negative_seed_counts_as_the_unsigned_word_that_cpp_makes_of_it():
    assert numbers(seed=np.int32(-1)) == numbers(seed=0xFFFFFFFF)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_uniform_lies_strictly_between_0_and_1(direction):
    u = along(direction)
    assert 0 < u.min() < 1e-3 and 1 - 1e-3 < u.max() < 1


@pytest.mark.parametrize(
    "word",
    [
        0,
        pytest.param(
            0xFFFFFFFF,
        ),
    ],
)
def test_extreme_words_do_not_give_0_or_1(monkeypatch, word):
    monkeypatch.setattr(noise, "philox4x32", lambda counter, key: [np.uint64(word)] * 4)
    assert 0 < numbers() < 1


# Four standard errors for means and correlations; the chi-square bounds of 63 degrees of freedom are at 1e-4.
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_mean_is_a_half(direction):
    assert abs(along(direction).mean() - 0.5) < 4 * np.sqrt(1 / 12 / N)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_variance_is_a_twelfth(direction):
    assert abs(along(direction).var() - 1 / 12) < 4 * np.sqrt(1 / 180 / N)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_histogram_is_flat(direction):
    counts = np.bincount((along(direction) * 64).astype(int), minlength=64)
    chi_square = ((counts - N / 64) ** 2 / (N / 64)).sum()
    assert 27 < chi_square < 114


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("lag", [1, 2, 784])
def test_numbers_of_neighbours_are_uncorrelated(direction, lag):
    u = along(direction)
    assert abs(np.corrcoef(u[:-lag], u[lag:])[0, 1]) < 4 / np.sqrt(N)


def test_pairs_of_neighbouring_channels_fill_the_square_evenly():
    u = (along("channel", 2 * N) * 8).astype(int)
    counts = np.bincount(8 * u[::2] + u[1::2], minlength=64)
    assert 27 < ((counts - N / 64) ** 2 / (N / 64)).sum() < 114


@pytest.mark.parametrize("target", ["assignment", "run_regularly"])
def test_brian2_gives_the_same_numbers_as_python(target):
    group = brian2.NeuronGroup(
        6,
        "u : 1\npresentation : integer\nseed : integer (shared)\ndraw : integer",
        namespace={"uniform": uniform},
    )
    group.seed = 42
    group.presentation = "1610612736 + 11*i"
    group.draw = "i // 2"
    network = brian2.Network(group)
    code = "uniform(seed, presentation, draw, i)"
    if target == "assignment":
        group.u = code
    else:
        group.run_regularly(f"u = {code}")
    network.run(brian2.defaultclock.dt)
    i = np.arange(6)
    np.testing.assert_array_equal(group.u[:], numbers(42, 1610612736 + 11 * i, i // 2, i))


def test_brian2_draws_the_same_number_again():
    group = brian2.NeuronGroup(4, "u : 1\nv : 1", namespace={"uniform": uniform})
    group.u = "uniform(1, 2, 3, i)"
    group.v = "uniform(1, 2, 3, i)"
    brian2.Network(group).run(brian2.defaultclock.dt)
    np.testing.assert_array_equal(group.u[:], group.v[:])


# -- exponential -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("mean", [0.5, 20.0])
def test_exponential_has_mean_and_spread_of_its_distribution(mean):
    intervals = noise._exponential(mean, 3, 17, np.arange(N), 5)
    assert intervals.min() > 0
    assert abs(intervals.mean() - mean) < 4 * mean / np.sqrt(N)
    assert abs(intervals.std() - mean) < 4 * mean * np.sqrt(2 / N)


def test_a_mean_without_end_is_an_interval_without_end():
    assert np.all(np.isinf(noise._exponential(np.array([1e9, np.inf]), 3, 17, 0, 5)))


@pytest.mark.parametrize("mean", [0.0, 7.0])
def test_exponential_in_brian2_is_that_of_python(mean):
    group = brian2.NeuronGroup(20, "interval : 1", namespace={"exponential": noise.exponential, "mean": mean})
    group.run_regularly("interval = exponential(mean, 3, 17, 2, i)")
    brian2.Network(group).run(brian2.defaultclock.dt)
    np.testing.assert_allclose(group.interval[:], noise._exponential(mean, 3, 17, 2, np.arange(20)))


def test_a_gpu_gets_functions_of_its_own():
    """brian2cuda's code objects inherit from those of C++, whose functions a kernel cannot call."""
    from brian2.devices.cpp_standalone.codeobject import CPPStandaloneCodeObject
    from brian2cuda.codeobject import CUDAStandaloneAtomicsCodeObject, CUDAStandaloneCodeObject

    for function in FUNCTIONS.values():
        on_cpu = function.implementations[CPPStandaloneCodeObject].get_code(None)
        for target in (CUDAStandaloneCodeObject, CUDAStandaloneAtomicsCodeObject):
            on_gpu = function.implementations[target].get_code(None)
            assert "__device__" in on_gpu and on_gpu.replace("__host__ __device__ ", "") == on_cpu


def test_brian2_calls_the_functions_themselves():
    """In its wrapper, which adds units and takes them away, a call took three times as long."""
    for function in FUNCTIONS.values():
        code = function.implementations[brian2.codegen.runtime.numpy_rt.NumpyCodeObject].get_code(None)
        assert code.__code__ is function.pyfunc.__code__
