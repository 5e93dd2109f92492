"""Random command lines of everything that has one: done, or refused with one sentence that names the option.

A fixed seed; a small share of the lines here, 500 with BRIANFF_CAMPAIGN=1.  Nothing is trained beyond a first chunk: by
then every option has been looked at.
"""

import dataclasses
import importlib
import random
import signal
import time

import brianff.protocols.check_gradients
import brianff.protocols.compare_models
import brianff.protocols.inspect_neuron
import numpy as np
import pytest
from conftest import campaign

from brianff import plotting
from brianff.command_line import main as cli
from brianff.equations.kinds import available
from brianff.jobs.pools import Computing
from brianff.learning.feedback import Feedback
from brianff.learning.forward_forward import ForwardForward
from brianff.learning.rectified import Rectified
from brianff.learning.run import Run
from brianff.studies.gradient_free import Settings

SEED, LINES, SECONDS = 14, campaign(500, 70), 10
LONG = "x" * 3000
INTEGERS = [
    *("0", "-1", "1", "2", "5", "10", "1000000000", "9999999999", "1e3", "1_000", " 3 ", "٣", "nan", "inf", "", "--"),
    *("2.5", "0x10", "9" * 400, "9" * 5000, LONG, "-0", "+4", "one"),
]
FLOATS = [
    *("0", "1", "-1", "0.5", "nan", "inf", "-inf", "1e308", "1e-320", "-0.0", "1e400", "", "0,5", "--", "٣.٥", "1_0"),
    *(" 0.25 ", "1e-3", "100", "five", LONG),
]
LISTS = [
    *("12", "12,10", "12,,10", "-5", "0", "11,12,13", "", ",", " 12, 13 ", "1,1", "1,2", "nan", "2.5", "9999999999,1"),
    *("--", "3;4", "1000000000", "٣,٤", ",".join("1" * 1500), LONG),
]
SETTINGS = [
    *("tau_m=10*ms", "tau_m=", "=3", "tau_m=-1*ms", "tau_m=nan*ms", "v_th=1e400", "v_th=1e300", "floor_x2=0", "foo=1"),
    *("tau_m=10", "tau_m=10*ms*ms", "tau_m=10*ms=3", "dark=2", LONG + "=1", "tau_m=__import__('os')", "alpha=2", ""),
    *("v_th=1,2", "dark=0.1", "--", "v_th=-1", "tau_m=1e-30*second", "theta=1e300", "c=-1", "tau_s=0*ms", "v_th"),
    *("alpha=2**2", "alpha=9**9**9", "v_th=1/0", "beta1=1", "épsilon=1"),
]
TEXTS = ["", " ", "--", "nonsense", LONG, "ünïcode", "nowhere.py", "../lif", ".", "/", "a\nb", "lif.py", "%s", "{0}"]
STRANGE = [
    *(["--nonsense"], ["--layer", "3"], ["positional"], ["-x"], ["--spiking", "frozen"], ["--", "x"], ["--quick=1"]),
    *(["--seeds", "1,1"], ["--methods="], ["--table"], ["--resume", "nowhere"], ["--jobs", "3"], ["--out="]),
]
SMALL = {
    "forward_forward": "--device runtime --layers 12,10 --steps 8 --epochs 1 --limit 20 --batch 10 --mini-batch 10 "
    "--refresh 20 --chunk 20 --validation 20 --label-neurons 1",
    "sfdfa": "--device runtime --layers 8 --steps 8 --epochs 1 --limit 20 --batch 10 --mini-batch 10 --chunk 20 "
    "--validation 20",
    "ann_forward_forward": "--layers 12,10 --epochs 1 --limit 40 --batch 10 --validation 20",
    "gradient_free": "--device runtime --neurons 5 --members 4 --pairs 2 --generations 2 --epochs 1 --limit 20 "
    "--rounds 1 --steps 8 --seeds 1 --widths 3 --ann pso-neuron --spiking none",
    "compare_models": "--device runtime --neurons lif --codes burst --rules symba --seeds 1 --layers 10 --epochs 1",
    "compare_feedback": "--device runtime --methods sfdfa --seeds 1 --layers 8 --epochs 1 --limit 50 --batch 25",
    "check_gradients": "--dt 20 --trials 1 --neurons two_exponential",
    "inspect_neuron": "--neurons 3 --pairs 1 --steps 8",
}
CLASSES = {
    "forward_forward": [ForwardForward.Options],
    "sfdfa": [Feedback.Options],
    "ann_forward_forward": [Rectified.Options],
    "gradient_free": [Settings, Computing],
    "compare_models": [brianff.protocols.compare_models.Choice, Computing],
    "compare_feedback": [importlib.import_module("brianff.protocols.compare_feedback").Choice, Computing],
    "check_gradients": [brianff.protocols.check_gradients.Trials],
    "inspect_neuron": [brianff.protocols.inspect_neuron.Stimulation],
}
MODELS = ("neuron", "encoder", "goodness", "rule", "optimizer", "eligibility", "feedback", "loss")


class Reached(BaseException):
    """Everything has been looked at, and computing has begun."""


def values_of(field, pick):
    """A value for an option: good, at the border or absurd."""
    kind, name = str(field.type), field.name
    choices = field.metadata["choices"]
    if name == "device":
        return pick(["runtime", "gpu", "", "RUNTIME", "--"])
    if name == "dataset":
        return pick(["digits", "events", "minst", "", "--"])
    if choices and "tuple" not in kind:
        return pick([*choices, "nonsense", "", choices[0].upper()])
    if name in MODELS:
        return pick([*available(name), *TEXTS])
    if field.metadata["parameters"]:
        return pick(SETTINGS)
    if "tuple" in kind:
        return pick([*LISTS, "lif", "lif,lif", "symba", "frozen", "dfa,dfa"])
    if "bool" in kind:
        return None
    return pick(INTEGERS if "int" in kind else FLOATS if "float" in kind else TEXTS)


def line_of(rng):
    """(name of the program, arguments, what was changed: flag -> value)."""
    name = rng.choice([*SMALL, "forward_forward", "sfdfa", "inspect_neuron", "show", "check"])
    changed = {}
    if name in ("show", "check"):
        for kind in rng.sample(MODELS, rng.randint(1, 2)):
            changed[f"--{kind}"] = rng.choice([*available(kind), *TEXTS])
        if name == "show" and rng.random() < 0.6:
            changed["--set"] = rng.choice(SETTINGS)
        file = [] if name == "show" else [rng.choice(["nowhere.py", "lif", *TEXTS])]
        return name, [name, *file, *(f"{flag}={value}" for flag, value in changed.items())], changed | {"file": file}
    fields = [f for one in CLASSES[name] for f in dataclasses.fields(one) if f.name != "download"]
    base = SMALL[name].split()
    options = dict(zip(base[::2], base[1::2], strict=True))
    for field in rng.sample(fields, rng.choice([1, 1, 2, 3])):
        flag = "--" + field.name.replace("_", "-")
        changed[flag] = options[flag] = values_of(field, rng.choice)
    arguments = []
    for flag, value in options.items():
        joined = value is not None and (value.startswith("-") or rng.random() < 0.5)
        arguments += [flag] if value is None else [f"{flag}={value}"] if joined else [flag, value]
    if rng.random() < 0.2:
        strange = rng.choice(STRANGE)
        arguments += strange
        changed |= {part.split("=")[0]: None for part in strange}
    arguments += ["--quick"] * (rng.random() < 0.1)
    if rng.random() < 0.1:
        return "run", ["run", name, *arguments], changed
    return name, arguments, changed


def lines():
    rng = random.Random(SEED)
    return [line_of(rng) for _ in range(LINES)]


@pytest.fixture
def stops(monkeypatch):
    """Nothing is computed beyond a first chunk; returns the runs that got so far."""
    reached = []

    def one_chunk(self, **_):
        self.begin()._chunk()
        reached.append(self)
        raise Reached

    def at_once(*_, **__):
        raise Reached

    monkeypatch.setattr(Run, "train", one_chunk)
    monkeypatch.setattr("brianff.jobs.engine.pool_of", at_once)
    monkeypatch.setattr(brianff.protocols.check_gradients.gradient_check, "finite_difference_error", at_once)
    monkeypatch.setattr(plotting, "save", at_once)
    return reached


def outcome(name, arguments):
    """Exit status of a program in this process; 0 as well if it got as far as computing."""
    main = cli.main if name in ("show", "check", "run") else importlib.import_module(f"brianff.protocols.{name}").main
    try:
        return main(arguments)
    except Reached:
        return 0
    except SystemExit as ended:
        return ended.code


def as_given(field, text):
    """What a text means, read in another way than the options read it."""
    kind = str(field.type)
    if "tuple" not in kind:
        return int(text) if "int" in kind else float(text) if "float" in kind else text
    if field.metadata["parameters"]:
        return (text,)
    return tuple(int(p) if "int" in kind else p.strip() for p in text.split(","))


@pytest.mark.parametrize(("name", "arguments", "changed"), lines(), ids=[f"{k}" for k in range(LINES)])
def test_a_command_line_is_done_or_refused(name, arguments, changed, stops, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def too_long(*_):
        raise TimeoutError(f"a minute, and no end: {name} {arguments}")

    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(60)
    began = time.process_time()
    try:
        with np.errstate(all="ignore"):
            status = outcome(name, arguments)
    finally:
        signal.alarm(0)
    said = capsys.readouterr().err
    assert time.process_time() - began < SECONDS
    assert status in (0, 1, 2), (status, said)
    assert "Traceback" not in said
    if status == 0:
        for run in stops[:1]:
            for field in dataclasses.fields(run.method.options):
                text = changed.get("--" + field.name.replace("_", "-"))
                if text is not None:
                    assert getattr(run.method.options, field.name) == as_given(field, text)
        return
    assert not list(tmp_path.iterdir()), "refused, and something was written"
    last = said.rstrip("\n").rpartition("\n")[2]
    assert "error: " in last, said
    if status == 1:
        assert last.startswith("error: ")
    parts = [part for flag, value in changed.items() for part in (flag, value) if isinstance(part, str)]
    parts += [part for value in changed.values() if isinstance(value, list) for part in value]
    named = [part.lstrip("-").partition("=")[0].strip()[:40] for part in parts]
    assert any(part and part in said for part in named) or "unrecognized arguments" in said, (said, changed)
