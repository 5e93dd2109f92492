"""Counter-based random numbers, the same on every device.

``uniform(seed, presentation, draw, channel)`` is a Brian2 function with NumPy, C++ and CUDA implementations of
Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", SC11).  It has no state: a number
depends on its four arguments and on nothing else, not on the device, the length of a chunk, the batch or a resumed run.
``exponential(mean, seed, presentation, draw, channel)`` makes an exponentially distributed number of it.
"""

import numpy as np
from brian2 import Function

__all__ = ["FUNCTIONS", "exponential", "philox4x32", "uniform"]

_ROUNDS = 10
_M0, _M1 = 0xD2511F53, 0xCD9E8D57  # multipliers and Weyl constants of the Philox paper, table 2
_W0, _W1 = 0x9E3779B9, 0xBB67AE85
_LOW = np.uint64(0xFFFFFFFF)


def philox4x32(counter, key):
    """Philox4x32-10 of four counter words and two key words.

    Parameters
    ----------
    counter : sequence of 4 array_like of unsigned 32-bit integers (broadcast against each other)
    key : sequence of 2 array_like of unsigned 32-bit integers

    Returns
    -------
    words : list of 4 ndarray of uint64, each value below 2**32
    """
    c0, c1, c2, c3 = (np.asarray(c).astype(np.uint64) & _LOW for c in counter)
    k0, k1 = (np.asarray(k).astype(np.uint64) & _LOW for k in key)
    shift = np.uint64(32)
    for _ in range(_ROUNDS):
        p0 = np.uint64(_M0) * c0
        p1 = np.uint64(_M1) * c2
        c0, c1, c2, c3 = (p1 >> shift) ^ c1 ^ k0, p1 & _LOW, (p0 >> shift) ^ c3 ^ k1, p0 & _LOW
        k0 = (k0 + np.uint64(_W0)) & _LOW
        k1 = (k1 + np.uint64(_W1)) & _LOW
    return [c0, c1, c2, c3]


def _uniform(seed, presentation, draw, channel):
    """Uniform number in (0, 1) with 52 random bits; never 0 or 1, so that its logarithm exists and is not 0."""
    high, low, _, _ = philox4x32((channel, draw, presentation, 0), (seed, 0x62726961))
    bits = ((high >> np.uint64(6)) << np.uint64(26)) | (low >> np.uint64(6))
    return (bits.astype(np.float64) + 0.5) * 2.0**-52


_CPP = f"""
static inline double _brianff_uniform(uint32_t seed, uint32_t presentation, uint32_t draw, uint32_t channel)
{{
    uint32_t c0 = channel, c1 = draw, c2 = presentation, c3 = 0, k0 = seed, k1 = 0x62726961u;
    for (int r = 0; r < {_ROUNDS}; r++)
    {{
        const uint64_t p0 = (uint64_t){_M0}u * c0;
        const uint64_t p1 = (uint64_t){_M1}u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += {_W0}u;
        k1 += {_W1}u;
    }}
    const uint64_t bits = ((uint64_t)(c0 >> 6) << 26) | (c1 >> 6);
    return ((double)bits + 0.5) * 2.220446049250313e-16;
}}
"""


def _function(numpy_function, types, name, code, dependencies=None):
    """A Brian2 function without state: in NumPy, in C++, and the same for threads of a GPU."""
    units = [1] * len(types)
    made = Function(
        numpy_function, arg_units=units, arg_types=types, return_unit=1, return_type="float", stateless=True
    )
    made.implementations.add_numpy_implementation(numpy_function, discard_units=True)  # there are none
    # by the names of the code generators: brian2cuda's code objects inherit from the C++ device's
    on_gpu = code.replace("static inline", "__host__ __device__ static inline")
    for generator, text in (("cpp", code), ("cuda", on_gpu)):
        made.implementations.add_implementation(generator, code=text, name=name, dependencies=dependencies)
    return made


uniform = _function(_uniform, ["integer"] * 4, "_brianff_uniform", _CPP)


# Beyond this mean, an interval counts as infinite, which is the answer then, without a draw.
_NEVER = 1e9


def _exponential(mean, seed, presentation, draw, channel):
    """Exponentially distributed number of this mean; infinity where the mean is `_NEVER` or more."""
    mean = np.asarray(mean)
    with np.errstate(invalid="ignore"):
        return np.where(mean < _NEVER, -mean * np.log(_uniform(seed, presentation, draw, channel)), np.inf)


exponential = _function(
    _exponential,
    ["float", *["integer"] * 4],
    "_brianff_exponential",
    f"""
static inline double _brianff_exponential(double mean, uint32_t seed, uint32_t presentation, uint32_t draw,
                                          uint32_t channel)
{{
    return mean < {_NEVER} ? -mean*log(_brianff_uniform(seed, presentation, draw, channel)) : INFINITY;
}}
""",
    {"_brianff_uniform": uniform},
)

# What equation strings may use.
FUNCTIONS = {"uniform": uniform, "exponential": exponential}
