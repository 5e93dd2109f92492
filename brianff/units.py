"""Units of recorded values: as they are written in files, and as people read them."""

import numpy as np
from brian2 import Quantity, amp, coulomb, farad, hertz, metre, ohm, second, siemens, volt
from brian2.equations.equations import dimensions_and_type_from_string
from brian2.units.fundamentalunits import DIMENSIONLESS, get_dimensions, get_unit

__all__ = ["display_unit", "with_unit"]

# Units as neuroscientists write them, where they are no power of 1000 of the SI's.
_USUAL = {
    (amp / metre**2).dim: ("µA/cm²", 1e-2),
    (siemens / metre**2).dim: ("mS/cm²", 10.0),
    (farad / metre**2).dim: ("µF/cm²", 1e-2),
}
_SYMBOLS = {
    volt: ("V", "m"), amp: ("A", "munp"), siemens: ("S", "munp"), farad: ("F", "unp"), second: ("s", "mu"),
    hertz: ("Hz", "k"), ohm: ("Ω", "kMG"), coulomb: ("C", "munp"),
}  # fmt: skip
_PREFIXED = {unit.dim: symbol for unit, symbol in _SYMBOLS.items()}
_POWERS = {"p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9}


def with_unit(values, text):
    """Values in a unit of `brianff.equations.text.unit_string`, as a quantity; an array where there is no unit."""
    dim = dimensions_and_type_from_string(text)[0]
    return np.asarray(values) if dim is DIMENSIONLESS else Quantity(values, dim=dim)


def display_unit(values):
    """Unit in which values are read most easily, and its size in the SI unit.

    Parameters
    ----------
    values : Quantity or array

    Returns
    -------
    unit : str
        As ``"mV"``; nothing for numbers without a unit.
    scale : float
    """
    dim = get_dimensions(values)
    if dim is DIMENSIONLESS:
        return "", 1.0
    if dim in _USUAL:
        return _USUAL[dim]
    unit, prefixes = _PREFIXED.get(dim, (str(get_unit(dim)), ""))
    values = np.abs(np.asarray(values, float))
    largest = values[np.isfinite(values)].max(initial=0)
    sizes = sorted([(1.0, ""), *((_POWERS[p], p) for p in prefixes)])
    # Up to 5000: "1200 pA" is read as easily as "1.2 nA"; membrane potentials are in mV whatever their size.
    fitting = [(size, prefix) for size, prefix in sizes if largest < 5000 * size] or sizes[-1:]
    size, prefix = fitting[0] if largest else sizes[0]
    if dim is volt.dim:
        size, prefix = 1e-3, "m"
    return prefix.replace("u", "µ") + unit, size
