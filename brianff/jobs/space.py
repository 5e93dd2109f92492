"""What a search may choose from: ``tau_m=5..50*ms log``, ``rule=symba,r_stdp``, ``layers=200|500,500``.

=====================  =========================================================================================
``NAME=A..B``          every number between the two; whole ones where the option is a whole number
``NAME=A..B*ms``       the same with a unit, for a parameter of the models
``… log``              by their logarithm: as many values between 1 and 10 as between 10 and 100
``… step S``           in steps
``NAME=a,b,c``         one of these
``NAME=a|b,c``         one of these, where they have commas
=====================  =========================================================================================
"""

import math
import re
from dataclasses import dataclass

from brianff.errors import OptionError
from brianff.jobs.points import field_of, with_values
from brianff.options import shortened

__all__ = ["Dimension", "dimension_of"]

# Trials are compared, and so they are of one length, and see the same samples.
_SHARED = (
    "epochs", "validate", "validate_every", "generations", "limit", "dataset", "data", "download", "validation",
    "split_seed",
)  # fmt: skip

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_RANGE = re.compile(
    rf"(?P<low>{_NUMBER})\s*\.\.\s*(?P<high>{_NUMBER})(?:\s*\*\s*(?P<unit>[\w*/^.()]+))?"
    rf"(?:\s+(?P<log>log))?(?:\s+step\s+(?P<step>{_NUMBER}))?\s*"
)


@dataclass(frozen=True)
class Dimension:
    """One thing that a search varies.

    Attributes
    ----------
    name : str
        An option of the method, or a parameter of the models.
    text : str
        As it was given.
    choices : tuple of str
        What there is to choose from; none for a range of numbers.
    low, high : float
        Ends of the range.
    log, whole : bool
        Whether numbers are drawn by their logarithm, and whether they are whole.
    step : float or None
    unit : str
        Of a parameter: ``"ms"``.
    """

    name: str
    text: str
    choices: tuple = ()
    low: float = math.nan
    high: float = math.nan
    log: bool = False
    whole: bool = False
    step: float | None = None
    unit: str = ""

    def suggest(self, trial):
        """The value that an Optuna trial has here, as an option or parameter takes it."""
        if self.choices:
            return trial.suggest_categorical(self.name, list(self.choices))
        suggest, ends = trial.suggest_float, {"low": self.low, "high": self.high, "step": self.step}
        if self.whole:
            suggest, ends = trial.suggest_int, {name: int(end) for name, end in ends.items() if end is not None}
        return self.value(suggest(self.name, log=self.log, **ends))

    def value(self, chosen):
        """What was chosen as it is used: a number with four digits, and its unit."""
        if self.choices:
            return chosen
        if not self.whole:
            chosen = min(max(float(f"{chosen:.4g}"), self.low), self.high)
        return f"{chosen!r}*{self.unit}" if self.unit else chosen


def dimension_of(text, method, options):
    """The `Dimension` that a text means.

    Parameters
    ----------
    text : str
    method : type
        A class of `brianff.learning.method.Method`.
    options : dict
        Its options that are not varied.

    Raises
    ------
    OptionError
        If it cannot be read, or a value of it cannot be meant.
    """
    name, equals, given = (part.strip() for part in text.partition("="))
    if not equals or not name.replace("-", "_").isidentifier() or not given:
        raise OptionError(f"--vary {shortened(text)}: write NAME=A..B, or NAME=a,b,c.")
    one = field_of(method, name)
    name = one.name if one is not None else name
    if name in _SHARED:
        raise OptionError(f"--vary {shortened(text)}: trials are compared, and have the same '{name}': leave it out.")
    if found := _RANGE.fullmatch(given):
        dimension = _range(name, text, found, one)
        tried = [dimension.value(int(end) if dimension.whole else end) for end in (dimension.low, dimension.high)]
    else:
        if ".." in given:
            raise OptionError(f"--vary {shortened(text)}: a range is written as in 5..50*ms log, or 1..9 step 2.")
        tried = tuple(part.strip() for part in given.split("|" if "|" in given else ","))
        if len(set(tried)) < max(2, len(tried)) or not all(tried):
            raise OptionError(f"--vary {shortened(text)}: name two different values at least.")
        dimension = Dimension(name, text, choices=tried)
    for value in tried:
        try:
            method.Options(**{k: v for k, v in with_values(method, options, {name: value}).items() if k != "dataset"})
        except OptionError as error:
            raise OptionError(f"--vary {shortened(text)}: {error}") from None
    return dimension


def _range(name, text, found, one):
    low, high = float(found["low"]), float(found["high"])
    step = None if found["step"] is None else float(found["step"])
    # an option whose type is int, or int or None
    whole = one is not None and "float" not in str(one.type) and "int" in str(one.type)
    complaint = None
    if not low < high:
        complaint = f"{found['low']} is not less than {found['high']}"
    elif found["log"] and low <= 0:
        complaint = "numbers that are drawn by their logarithm are positive"
    elif found["log"] and step is not None:
        complaint = "take log or step, not both"
    elif step is not None and not 0 < step <= high - low:
        complaint = f"the step must lie between 0 and {high - low:g}"
    elif one is not None and found["unit"]:
        complaint = f"the option has no unit: leave out *{found['unit']}"
    elif whole and not all(value is None or value.is_integer() for value in (low, high, step)):
        complaint = "the option is a whole number"
    if complaint:
        raise OptionError(f"--vary {shortened(text)}: {complaint}.")
    return Dimension(name, text, (), low, high, bool(found["log"]), whole, step, found["unit"] or "")
