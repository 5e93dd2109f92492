"""Limits of parameters: what model files state is checked, wherever a value comes from."""

import pytest
from brian2 import Quantity, get_dimensions, ms, second

from brianff.command_line.main import main
from brianff.equations.compose import compose
from brianff.equations.kinds import FEEDBACK, KINDS, available
from brianff.equations.model import load
from brianff.errors import ModelError
from brianff.learning.feedback import Feedback
from brianff.learning.run import Run

ALL = [(kind, name) for kind in KINDS for name in available(kind)]


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_every_parameter_has_limits_and_the_defaults_keep_them(kind, name):
    model = load(kind, name)
    assert {n for limit in model.limits for n in limit.names} == set(model.parameters)
    assert all(limit.holds(model.parameters) for limit in model.limits)


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_every_limit_keeps_something_out(kind, name):
    """Of every parameter, something very small, negative or very large is refused."""
    model = load(kind, name)
    for parameter, value in model.parameters.items():
        unit = Quantity(1, dim=get_dimensions(value))
        tried = [{**model.parameters, parameter: scale * unit} for scale in (-1e20, 1e20)]
        for values in tried:
            assert not all(limit.holds(values) for limit in model.limits), parameter


@pytest.mark.parametrize(
    ("models", "parameters", "message"),
    [
        ({}, {"v_th": -1}, r"v_th = -1 \(set\): .*lif.py:\d+ needs 0 < v_th <= 1e6\."),
        ({}, {"floor_x2": 0}, r"floor_x2 = 0 \(set\): .*sum_of_squares.py:\d+ needs 0 < floor_x2"),
        ({}, {"tau_m": 1e-30 * second}, r"needs 1\*us <= tau_m"),
        (
            {"encoder": "burst"},
            {"t_min": 30 * ms},
            r"t_min = 30. ms \(set\), t_max = 20. ms \(.*py:\d+\): ",
        ),
        ({"neuron": "izhikevich_chattering"}, {"I_unit": 2 * second}, "unit of"),
        ({"neuron": "adex"}, {"v_cut": load("neuron", "adex").parameters["V_T"]}, r"adex.py:\d+ needs .* V_T < v_cut"),
        ({}, {"alpha": 1e31}, "'alpha' = 1e.31 is too large to compute with"),
        ({}, {"alpha": 1e-31}, "'alpha' = 1e-31 is too close to 0"),
    ],
)
def test_values_outside_are_refused_with_file_line_and_condition(models, parameters, message):
    with pytest.raises(ModelError, match=message):
        compose(models=models, parameters=parameters)


def test_learning_with_feedback_and_its_output_layer(tmp_path):
    with pytest.raises(ModelError, match=r"eta_F = -1 \(set\): .*sfdfa.py:\d+ needs 0 <= eta_F <= 1"):
        compose(FEEDBACK, parameters={"eta_F": -1})
    config = Feedback.Options(device="runtime", set_output=("c=-1",))
    with pytest.raises(ModelError, match=r"c = -1 \(set_output\): .*two_exponential.py:\d+ needs 0 < c"):
        Run(Feedback.of(config), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.fixture
def neuron(tmp_path):
    """Writes a neuron like lif with these limits, one a line, or none."""

    def neuron(*limits, base="lif", parameters="{}"):
        path = tmp_path / "mine.py"
        stated = ["limits = '''", *limits, "'''"] if limits != ("",) else ['limits = ""']
        path.write_text(
            "\n".join([f"base = {base!r}", f"parameters = {parameters}", *(stated if limits else [])]) + "\n"
        )
        return path

    return neuron


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("v_th", "'v_th' is no comparison such as 0 <= dark < 1"),
        ("v_th == 1", "no comparison"),
        ("0 < v_th and v_th < 1", "no comparison"),
        ("0 <", "cannot be read: invalid syntax"),
        ("0 < tau_n", "'tau_n' in '0 < tau_n' is no parameter of this file, and no unit"),
        ("1 < 2", "names no parameter"),
        ("0 < tau_m < 1*mV", "unit"),
        ("tau_m < 3", "unit"),
        ("0 < v_th/0", "division by zero"),
        ("0 < f(v_th)", "'f' in .* is no parameter"),
    ],
)
def test_a_bad_condition_is_named_with_its_line(neuron, capsys, condition, message):
    path = neuron("tau_m > 0*ms", condition)
    with pytest.raises(ModelError, match=message) as raised:
        load("neuron", path)
    assert str(raised.value).startswith(f"{path}:5: limits: ")
    assert main(["check", str(path), "--kind", "neuron"]) == 1
    assert f"{path}:5: limits: " in capsys.readouterr().err


def test_the_limits_of_a_base_hold_unless_the_file_has_its_own(neuron):
    with pytest.raises(ModelError, match=r"v_th = -1 \(.*mine.py:2\): .*lif.py:\d+ needs 0 < v_th"):
        compose(models=dict(neuron=neuron(parameters="{'v_th': -1}")))
    with pytest.raises(ModelError, match=r"v_th = -1 \(.*mine.py:2\): .*mine.py:4 needs v_th >= 0"):
        compose(models=dict(neuron=neuron("v_th >= 0  # but not below", parameters="{'v_th': -1}")))
    assert load("neuron", neuron("", parameters="{'v_th': -1}")).limits == ()
    assert [limit.names for limit in load("eligibility", "spike_time_bounded").limits] == []  # has no `grazing`


def test_limits_that_are_no_text(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("base = 'lif'\nlimits = 3\n")
    with pytest.raises(ModelError, match=r"mine.py:2: 'limits' must be a string, not int"):
        load("neuron", path)
