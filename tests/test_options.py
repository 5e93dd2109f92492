"""Options of configuration classes: types and ranges, for Python and for the command line alike."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT

from brianff.errors import BrianffError, OptionError, speaking_of_options
from brianff.learning.feedback import Feedback
from brianff.learning.forward_forward import FEWEST_STEPS, ForwardForward, ForwardForwardOptions
from brianff.learning.rectified import Rectified
from brianff.options import SEED, Options, given, option, parser_of
from brianff.studies.gradient_free import Settings


@dataclass(frozen=True)
class Example(Options):
    number: int = option(1, "a number", low=1, high=10)
    part: float = option(0.5, "a part", low=0, below=1)
    share: float | None = option(None, "a share", above=0, high=1)
    four: int = option(4, "in fours", low=4, multiple_of=4)
    many: tuple[int, ...] = option((1, 2), "several", low=0, some=True, distinct=True)
    seed: int = option(1, "seed", **SEED)
    how: str = option("well", "how", choices=["well", "badly"])
    flag: bool = option(False, "whether")
    set: tuple[str, ...] = option((), "parameters", metavar="NAME=VALUE", parameters=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(number=0), "--number must lie between 1 and 10, not 0."),
        (dict(number=10**5000), "--number must lie between 1 and 10, not a number of thousands of digits."),
        (dict(number=2.0), "--number must be a whole number, not 2.0."),
        (dict(number=True), "--number must be a whole number, not True."),
        (dict(number=None), "--number must be a whole number, not None."),
        (dict(number="3"), "--number must be a whole number, not '3'."),
        (dict(part=1), "--part must be at least 0 and less than 1, not 1."),
        (dict(part=float("nan")), "--part must be at least 0 and less than 1, not nan."),
        (dict(part=-float("inf")), "--part must be at least 0 and less than 1, not -inf."),
        (dict(part=10**400), "--part must be at least 0 and less than 1, not 1000"),
        (dict(share=0), "--share must be more than 0 and at most 1, not 0."),
        (dict(four=6), "--four must be at least 4, and a multiple of 4, not 6."),
        (dict(many=()), "--many must have one value at least."),
        (dict(many=(1, 1)), "--many names 1 twice."),
        (dict(many=(1, -1)), "--many must be at least 0, not -1."),
        (dict(many=3), "--many must be a list of values, not 3."),
        (dict(many="12"), "--many must be a list of values, not '12'."),
        (dict(many=range(2000)), "--many has 2000 values: 1000 are the most."),
        (dict(seed=2**31), "--seed must lie between 0 and 2147483647, not 2147483648."),
        (dict(how="so"), "--how must be one of well, badly, not 'so'."),
        (dict(how=""), "--how must not be empty."),
        (dict(flag=1), "--flag must be True or False, not 1."),
        (dict(set=("tau_m",)), "--set 'tau_m': a parameter is given as NAME=VALUE"),
    ],
)
def test_a_value_that_cannot_be_meant_is_named(options, message):
    with pytest.raises(OptionError) as raised:
        Example(**options)
    assert str(raised.value).startswith(message.removeprefix("--"))
    with speaking_of_options():
        assert str(raised.value).startswith(message)


def test_values_have_the_type_of_their_field():
    made = Example(number=np.int64(3), part=np.float32(0.25), many=[3, 4], how=Path("well"))
    assert dataclasses.astuple(made)[:6] == (3, 0.25, None, 4, (3, 4), 1)
    assert [type(value) for value in (made.number, made.part, made.many, made.how)] == [int, float, tuple, str]
    assert dataclasses.replace(made, share=1).share == 1.0
    with pytest.raises(OptionError, match="share must"):
        dataclasses.replace(made, share=2)


@pytest.mark.parametrize("config", [ForwardForward.Options, Feedback.Options, Rectified.Options, Settings, Example])
def test_every_option_of_the_command_line_gives_its_own_default(config, capsys):
    parser = parser_of("Words with % in them.", config)
    assert given(parser.parse_args([]), config) == {}
    defaults = config()
    for field in dataclasses.fields(config):
        value = getattr(defaults, field.name)
        if value in (None, (), False) or field.metadata["parameters"]:
            continue
        text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        flag = f"--{field.name.replace('_', '-')}"
        assert config(**given(parser.parse_args([f"{flag}={text}"]), config)) == defaults
    with pytest.raises(SystemExit) as ended:
        parser.parse_args(["--help"])
    assert ended.value.code == 0 and "Words with % in them." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--number=--"], "argument --number: '--' is no value"),
        (["--number", "1_0"], "'1_0' is not a whole number"),
        (["--number", "٣"], "'٣' is not a whole number"),
        (["--part", "1_0"], "'1_0' is not a number"),
        (["--many", "1,,2"], "'1,,2' is not a list such as 500,500"),
        (["--many", "1;2"], "'1;2' is not a list"),
        (["--num", "3"], "unrecognized arguments: --num"),
        (["--how", "so"], "argument --how: invalid choice: 'so'"),
        (["--set="], "argument --set: it must not be empty"),
    ],
)
def test_a_text_that_cannot_be_read_is_named(arguments, message, capsys):
    with pytest.raises(SystemExit) as ended:
        parser_of("", Example).parse_args(arguments)
    assert ended.value.code == 2 and message in capsys.readouterr().err


def test_the_range_stands_in_the_help():
    text = " ".join(parser_of("", Example).format_help().split())
    assert "a number (1 to 10; default: 1)" in text and "a share (more than 0, at most 1)" in text
    assert "in fours (at least 4, a multiple of 4; default: 4)" in text


@pytest.mark.parametrize("config", [ForwardForward.Options, Feedback.Options, Rectified.Options])
@pytest.mark.parametrize(
    "options", [dict(epochs=0), dict(seed=-1), dict(layers="x"), dict(negatives=""), dict(limit=0)]
)
def test_options_of_training_are_checked_when_they_are_made(config, options):
    if options.keys() <= {field.name for field in dataclasses.fields(config)}:
        with pytest.raises(BrianffError, match=f"{next(iter(options))} must"):
            config(**options)


@pytest.mark.parametrize("given", [{}, dict(steps=10, dt=5.0)])
def test_the_fewest_steps_that_lose_nothing(given):
    options = ForwardForwardOptions(dataset="mnist", encoder="phase", rule="local_readout", negatives="none", **given)
    chosen = dataclasses.replace(options, fewest_steps=True).resolved()
    assert (chosen.steps, chosen.dt) == (10, 5.0) and chosen.resolved() == chosen


@pytest.mark.parametrize(
    "options, message",
    [
        (
            dict(),
            "not known to lose nothing with encoder time_to_first_spike and rule symba; known are poisson_rate",
        ),
        (dict(encoder="phase", rule="local_readout", steps=20), "fewest_steps chooses steps and dt"),
        (dict(encoder="phase", rule="local_readout", dataset="rhythm"), "for images that are shown for 50 time steps"),
    ],
)
def test_fewer_steps_that_are_not_known_to_lose_nothing_are_refused(options, message):
    with pytest.raises(OptionError, match=message):
        ForwardForwardOptions(**{"dataset": "mnist", "fewest_steps": True} | options).resolved()


def test_the_fewest_steps_are_those_that_were_measured():
    """In the mean of the seeds, what is chosen loses nothing, and nothing that is faster loses nothing."""
    rows = json.loads((ROOT / "benchmarks" / "results" / "steps.json").read_text())["rows"]
    accuracy = {}
    for row in (row for row in rows if "accuracy" in row):
        key = row["code"], row["rule"].split(",")[0], row["steps"]
        accuracy.setdefault(key, []).append(row["accuracy"])
    found = {}
    for (code, rule, steps), values in accuracy.items():
        assert len(values) == 3
        if steps < 50 and np.mean(values) >= np.mean(accuracy[code, rule, 50]) - 1e-9:
            found[code, rule] = min(steps, found.get((code, rule), 50))
    assert found == FEWEST_STEPS
