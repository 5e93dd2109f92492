"""Which method integrates the equations of a file, where it names none, and why one cannot.

The order: exponential_euler, where every equation is linear in its own variable and without noise; then euler; heun for
noise that a variable multiplies.
"""

import functools
import re

from brian2.equations.equations import Equations
from brian2.stateupdaters.exponential_euler import get_conditionally_linear_system

__all__ = ["default_method"]

DEFAULT = "exponential_euler"


@functools.lru_cache(maxsize=1024)
def default_method(text):
    """The method for equations that name none, and the variable that exponential Euler cannot integrate, or None."""
    equations = Equations(text)
    noise = equations.stochastic_type
    if noise is not None:
        variable = next(eq.varname for eq in equations.values() if eq.stochastic_variables)
        return "euler" if noise == "additive" else "heun", variable
    try:
        get_conditionally_linear_system(equations)
    except ValueError as error:
        found = re.search(r"defining the variable\s+'(\w+)'", " ".join(str(error).split()))
        if found:
            return "euler", found[1]
        raise
    return DEFAULT, None
