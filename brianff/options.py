"""Options of a configuration class: declared once, with their range, for the command line and for Python alike.

    @dataclass(frozen=True)
    class Config(Options):
        epochs: int | None = option(None, "passes over the training set", low=1, high=1_000_000)
        dropout: float = option(0.0, "part of the pixels that stay dark", low=0, below=1)
        seeds: tuple[int, ...] = option((1, 2), "seeds", **SEED, distinct=True, some=True)

An object of the class cannot be made with another value than its field allows; `parser_of` makes one option of the
command line of every field.  What depends on several options at once is for the class itself to check.
"""

import argparse
import contextlib
import dataclasses
import math
import numbers
import os
import sys
import types
import typing
from dataclasses import dataclass, field
from functools import partial
from operator import ge, gt, le, lt

from brianff.errors import BrianffError, OptionError

__all__ = [
    "EPOCHS", "LIST", "NEURONS", "Options", "Parser", "SAMPLES", "SEED", "STEPS", "TIME_STEP", "flag_of", "given",
    "numbers_of", "option", "parameters_of", "parser_of", "read_value", "shortened", "text",
]  # fmt: skip

SEED = dict(low=0, high=2**31 - 1)  # seeds are variables of 32 bits in the network
# Ranges that several classes share.  Their ends keep what is absurd from what only takes long.
NEURONS = dict(low=1, high=10_000_000)
STEPS = dict(low=1, high=1_000_000)
TIME_STEP = dict(low=1e-3, high=1000)  # ms
SAMPLES = dict(low=1, high=10_000_000)
EPOCHS = dict(low=1, high=1_000_000)
LIST = dict(metavar="N,N", distinct=True, some=True)
LONGEST_LIST = 1000
LARGEST_RANGE = 10_000_000


def option(
    default, help, *, distinct=False, some=False, parameters=False, also=None, choices=None, metavar=None, **limits
):
    """A field of an `Options` class.

    Parameters
    ----------
    default : object
        None where the value depends on something else.
    help : str
    distinct, some : bool
        No value of a tuple comes twice; there is one at least.
    parameters : bool
        A tuple of texts NAME=VALUE (`brianff.values.parse_parameter`); the option may be given several times.
    also : str, optional
        Attribute by which an object is known that may stand, in Python, where the command line has a text: a model
        that is given as strings, a layer.
    choices, metavar
        As `argparse` has them.
    **limits
        Of every value: at least ``low``, at most ``high``, more than ``above``, less than ``below``, and a
        ``multiple_of`` a number.
    """
    metadata = dict(help=help, range=Range(**limits), distinct=distinct, some=some, parameters=parameters, also=also)
    metadata |= dict(choices=choices, metavar=metavar)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Range:
    """What values a number may have, beside being finite."""

    low: float | None = None
    high: float | None = None
    above: float | None = None
    below: float | None = None
    multiple_of: int | None = None

    def _ends(self):
        """(words, number, what a value is to it) of each end."""
        ends = ("at least", self.low, ge), ("more than", self.above, gt), ("at most", self.high, le)
        return [end for end in (*ends, ("less than", self.below, lt)) if end[1] is not None]

    def holds(self, value):
        return (
            (isinstance(value, numbers.Integral) or math.isfinite(value))  # of 400 digits, there is no such float
            and all(is_within(value, end) for _, end, is_within in self._ends())
            and (self.multiple_of is None or value % self.multiple_of == 0)
        )

    def must(self):
        """The end of a sentence that begins with "--option must ..."."""
        said = self._words("lie between {:.10g} and {:.10g}", "be {}", " and ") or "be a finite number"
        return said + (f", and a multiple of {self.multiple_of}" if self.multiple_of else "")

    def short(self):
        """For help texts."""
        said = self._words("{:.10g} to {:.10g}", "{}", ", ")
        return said + (f", a multiple of {self.multiple_of}" if self.multiple_of else "")

    def _words(self, of_two, of_others, between):
        if self.low is not None and self.high is not None:
            return of_two.format(self.low, self.high)
        ends = between.join(f"{words} {end:.10g}" for words, end, _ in self._ends())
        return of_others.format(ends) if ends else ""


class Options:
    """Base of a frozen dataclass whose fields are made by `option`.

    Raises
    ------
    OptionError
        For a value of the wrong type or out of its range; the message names the option.
    """

    def __post_init__(self):
        for one in dataclasses.fields(self):
            object.__setattr__(self, one.name, _checked(one, getattr(self, one.name)))


def flag_of(name):
    """Option of the command line that belongs to a field."""
    return "--" + name.replace("_", "-")


def shortened(value, longest=60):
    """A value as a message shows it."""
    try:
        shown = str(value) if isinstance(value, numbers.Number) else repr(value)
    except ValueError:  # Python does not write out integers of more than 4300 digits
        shown = "a number of thousands of digits"
    return shown if len(shown) <= longest else f"{shown[:longest]}... ({len(shown)} characters)"


def _type_of(one):
    """(type of a field's value, or of each of its values, whether there are many, whether it may be None)."""
    annotation = one.type
    parts = typing.get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)
    (kind,) = (part for part in parts if part is not types.NoneType)
    if typing.get_origin(kind) is tuple:
        return typing.get_args(kind)[0], True, len(parts) > 1
    return kind, False, len(parts) > 1


def _checked(one, value):
    """The value of a field, in the type that the field says."""
    kind, many, optional = _type_of(one)
    name = flag_of(one.name)
    if value is None and optional:
        return None
    if not many:
        return _checked_one(one, name, kind, value)
    if isinstance(value, str) or not isinstance(value, (list, tuple, range)):
        raise OptionError(f"{name} must be a list of values, not {shortened(value)}.")
    if len(value) > LONGEST_LIST:
        raise OptionError(f"{name} has {len(value)} values: {LONGEST_LIST} are the most.")
    if one.metadata["some"] and not value:
        raise OptionError(f"{name} must have one value at least.")
    values = tuple(_checked_one(one, name, kind, part, many=True) for part in value)
    if one.metadata["distinct"] and (twice := [v for k, v in enumerate(values) if v in values[:k]]):
        raise OptionError(f"{name} names {shortened(twice[0])} twice.")
    return values


_NAMES = {int: "a whole number", float: "a number", str: "a text", bool: "True or False"}


def _checked_one(one, name, kind, value, many=False):
    limits = one.metadata["range"]
    if one.metadata["also"] and hasattr(value, one.metadata["also"]):
        return value
    if kind is str and isinstance(value, os.PathLike):
        value = os.fspath(value)
    if kind is str and many and isinstance(value, numbers.Integral) and not isinstance(value, bool):
        value = str(value)  # layers=[500, "500r"]
    kinds = {int: numbers.Integral, float: numbers.Real}.get(kind, kind)
    if not isinstance(value, kinds) or (kind is not bool and isinstance(value, bool)):
        raise OptionError(f"{name} must be {_NAMES[kind]}, not {shortened(value)}.")
    if kind in (int, float):
        with contextlib.suppress(OverflowError):
            if limits.holds(value):
                return kind(value)
        raise OptionError(f"{name} must {limits.must()}, not {shortened(value)}.")
    if kind is str and not value.strip():
        raise OptionError(f"{name} must not be empty.")
    choices = one.metadata["choices"]
    if choices is not None and value not in choices:
        said = "must be one of" if not many else "may have"
        raise OptionError(f"{name} {said} {', '.join(choices)}, not {shortened(value)}.")
    if one.metadata["parameters"]:
        parameters_of([value], name)
    return value


def parameters_of(texts, name="--set"):
    """``["tau_m=10*ms"]`` as a dictionary of quantities; `name` is the option that an error names.

    Raises
    ------
    OptionError
    """
    from brianff.values import parse_parameter  # Brian2 takes a second to import, and --help needs none of it

    try:
        return dict(parse_parameter(one) for one in texts)
    except BrianffError as error:
        raise OptionError(f"{name} {error}") from None


def numbers_of(texts, name, kind=int):
    """``["0:50", "60"]`` as a list of numbers; None as None.

    Parameters
    ----------
    texts : sequence of str or None
        Numbers, START:STOP or START:STOP:STEP.  Of whole numbers STOP is left out, as in Python; of others it is the
        last one, if the steps meet it.
    name : str
        Option that an error names.
    kind : type
        int or float.

    Raises
    ------
    OptionError
    """
    if texts is None:
        return None
    found = []
    for one in texts:
        try:
            parts = [_READERS[kind](part) for part in one.split(":")]
        except argparse.ArgumentTypeError:
            parts = []
        if len(parts) not in (1, 2, 3) or not all(map(math.isfinite, parts)):
            raise OptionError(f"{name}: {shortened(one)} is neither a number nor START:STOP or START:STOP:STEP.")
        if len(parts) == 1:
            found += parts
            continue
        start, stop, step = (*parts, 1)[:3]
        if step <= 0 or stop <= start or (stop - start) / step > LARGEST_RANGE:
            raise OptionError(f"{name}: {shortened(one)} has to go upwards, in {LARGEST_RANGE:,} steps at most.")
        n = math.ceil((stop - start) / step) if kind is int else math.floor((stop - start) / step + 1e-9) + 1
        found += [kind(start + k * step) for k in range(n)]
    return found


def read_value(one, given):
    """What a text of the command line says for a field of `Options`.

    Parameters
    ----------
    one : `dataclasses.Field`
    given : str

    Raises
    ------
    OptionError
        If it cannot be read; whether the value is allowed, the class says.
    """
    kind, many, _ = _type_of(one)
    if kind is bool:
        if given not in ("true", "false"):
            raise OptionError(f"{flag_of(one.name)} is true or false, not {shortened(given)}.")
        return given == "true"
    try:
        return _reader(kind, many)(given)
    except argparse.ArgumentTypeError as error:
        raise OptionError(f"{flag_of(one.name)}: {error}.") from None


# -- the command line ----------------------------------------------------------------------------------------------


class Parser(argparse.ArgumentParser):
    """A parser of the command line, without abbreviations."""

    def __init__(self, *args, **more):
        more.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(*args, allow_abbrev=False, **more)

    def parse_args(self, args=None, namespace=None):
        if "_ARGCOMPLETE" in os.environ:  # a shell asks what may follow
            import argcomplete

            argcomplete.autocomplete(self)
        return super().parse_args(args, namespace)

    def parse_known_args(self, args=None, namespace=None):
        # argparse of Python 3.12 takes the value of "--limit=--" away, and fails.
        for one in sys.argv[1:] if args is None else args:
            name, equals, value = str(one).partition("=")
            if equals and value == "--" and name.startswith("-"):
                self.error(f"argument {name}: '--' is no value")
        return super().parse_known_args(args, namespace)

    def error(self, message):
        super().error(" ".join(message.splitlines()))  # what was given may have several


def parser_of(docstring, *classes, prog=None):
    """A parser with one option for each field of `Options` classes; `docstring` describes the program `prog`.

    Options that are not given are None.
    """
    parser = Parser(prog=prog, description=docstring)
    for each in classes:
        for one in dataclasses.fields(each):
            _add(parser, one)
    return parser


def given(args, config):
    """The options of a class that the command line gives, as a dictionary."""
    found = {one.name: getattr(args, one.name) for one in dataclasses.fields(config)}
    return {name: value for name, value in found.items() if value is not None}


def _add(parser, one):
    kind, many, _ = _type_of(one)
    help, limits = one.metadata["help"], one.metadata["range"].short()
    default = ",".join(map(str, one.default)) if isinstance(one.default, tuple) else one.default
    notes = [limits] if limits else []
    notes += [f"default: {default}"] if default not in (None, "", False) else []
    described = (help + (f" ({'; '.join(notes)})" if notes else "")).replace("%", "%%")
    more = dict(metavar=one.metadata["metavar"], choices=None if many else one.metadata["choices"])
    if one.metadata["parameters"]:
        parser.add_argument(flag_of(one.name), action="append", type=text, help=described, **more)
    elif kind is bool:
        parser.add_argument(flag_of(one.name), action="store_true", default=None, help=described)
    else:
        parser.add_argument(flag_of(one.name), type=_reader(kind, many), help=described, **more)


def _reader(kind, many):
    """From a text of the command line to a value, or to a tuple of them."""
    return partial(_list_of, _READERS[kind], _EXAMPLES[kind]) if many else _READERS[kind]


def text(given):
    """A text that is not empty."""
    if not given.strip():
        raise argparse.ArgumentTypeError("it must not be empty")
    return given


def integer(given):
    """A whole number in digits: Python itself also reads 1_000 and digits of other scripts."""
    digits = given.strip()
    with contextlib.suppress(ValueError):  # two signs, or thousands of digits
        if digits.lstrip("+-").isdecimal() and digits.isascii():
            return int(digits)
    raise argparse.ArgumentTypeError(f"{shortened(given)} is not a whole number")


def number(given):
    """A number as in 0.5 or 1e-3."""
    with contextlib.suppress(ValueError):
        if given.isascii() and "_" not in given:
            return float(given)
    raise argparse.ArgumentTypeError(f"{shortened(given)} is not a number")


def _list_of(reader, example, given):
    """A tuple from values between commas; nothing as no values."""
    try:
        return tuple(reader(part.strip()) for part in given.split(",")) if given.strip() else ()
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(f"{shortened(given)} is not a list such as {example}") from None


_READERS = {int: integer, float: number, str: text}
_EXAMPLES = {int: "500,500", float: "0.5,1", str: "a,b"}
