"""Units in which values are shown to people."""

import numpy as np

__all__ = ["display_unit"]

# Units as neuroscientists write them, where they are no power of 1000 of the SI's.
_USUAL = {"A/(m^2)": ("µA/cm²", 1e-2), "S/(m^2)": ("mS/cm²", 10.0), "F/(m^2)": ("µF/cm²", 1e-2)}
_PREFIXES = {"V": "m", "A": "munp", "S": "munp", "F": "unp", "s": "mu", "Hz": "k", "ohm": "kMG", "C": "munp"}
_POWERS = {"p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9}


def display_unit(unit, values):
    """Unit in which values are read most easily, and its size in the SI unit.

    Parameters
    ----------
    unit : str
        SI unit, as in a recording.
    values : array
        In that unit.

    Returns
    -------
    unit : str
        As ``"mV"``; nothing for numbers without a unit.
    scale : float
    """
    if unit in ("1", ""):
        return "", 1.0
    if unit in _USUAL:
        return _USUAL[unit]
    values = np.abs(np.asarray(values, float))
    largest = values[np.isfinite(values)].max(initial=0)
    sizes = sorted([(1.0, ""), *((_POWERS[p], p) for p in _PREFIXES.get(unit, ""))])
    # Up to 5000: "1200 pA" is read as easily as "1.2 nA"; membrane potentials are in mV whatever their size.
    fitting = [(size, prefix) for size, prefix in sizes if largest < 5000 * size] or sizes[-1:]
    size, prefix = fitting[0] if largest else sizes[0]
    if unit == "V":
        size, prefix = 1e-3, "m"
    return prefix.replace("u", "µ") + unit.replace("ohm", "Ω"), size
