"""Models from strings: read, checked and composed as the files that they would be."""

import numpy as np
import pytest
from brian2 import TimedArray, ms, mV

from brianff.equations import from_strings
from brianff.equations.compose import compose
from brianff.equations.from_strings import Goodness, Neuron, Optimizer, Rule
from brianff.equations.kinds import KINDS, available
from brianff.equations.model import load
from brianff.errors import ModelError
from brianff.network.trial import check

ADAPTIVE = dict(
    base="lif",
    name="mine",
    equations="""
dv/dt = (gain_below*I_syn - v)/tau_m : 1
dI_syn/dt = -I_syn/tau_syn : 1
da/dt = -a/tau_a : 1
""",
    threshold="v > v_th + a",
    reset="""
v -= v_th
a += 0.1
""",
    parameters={"tau_a": 50 * ms},
)


def changed(**changes):
    return {**ADAPTIVE, **changes}


def test_a_neuron_is_what_its_file_would_be(tmp_path):
    neuron = Neuron(**ADAPTIVE)
    path = tmp_path / "mine.py"
    path.write_text(neuron.source())
    same = load("neuron", path)
    assert neuron.strings == same.strings and neuron.parameters == same.parameters and neuron.name == same.name
    ours, theirs = (compose(models=dict(neuron=model)) for model in (neuron, path))
    assert str(ours) == str(theirs) and ours.fingerprint(values=True) == theirs.fingerprint(values=True)
    assert check("neuron", neuron) == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_constructor_that_keeps_its_models(kind, tmp_path):
    """What is written out of a model with a base of its own, needs no other file."""
    for name in available(kind):
        model = load(kind, name)
        copy = getattr(from_strings, model.schema.constructor)(base=model, name="copy")
        assert {k: v for k, v in copy.strings.items() if v} == {k: v for k, v in model.strings.items() if v}
        assert copy.parameters == model.parameters
        assert "base" not in copy.source()


@pytest.mark.parametrize(
    "changes, where",
    [
        (dict(equations=ADAPTIVE["equations"].replace("- v)", "- q)")), "Neuron(equations=…), line 2: the name 'q'"),
        (dict(threshold="v > q"), "Neuron(threshold=…): the name 'q'"),
        (dict(reset="\nv -= v_th\nq =\n"), "Neuron(reset=…), line 3: 'q =' is not an assignment"),
        (dict(threshold=None), "Neuron(threshold=…): a string or a finite number is needed, not NoneType"),
        (dict(thresold="v > 1"), "Neuron(thresold=…): a neuron has no 'thresold'. Did you mean 'threshold'?"),
        (dict(parameters={"tau_a": "long"}), "Neuron(parameters=…): parameter 'tau_a' = 'long': 'long' is no unit"),
        (dict(parameters={"tau_a": [1]}), "Neuron(parameters=…), 'tau_a': a string or a finite number is needed"),
        (dict(parameters=5), "Neuron(parameters=…): 'parameters' must be a dictionary"),
        (dict(initial={"v": "q"}), "Neuron(initial=…), 'v': the name 'q'"),
        (dict(limits="tau_q > 1"), "Neuron(limits=…): limits: 'tau_q'"),
        (dict(base="lief"), "Neuron(base=…): base: there is no neuron 'lief'. Did you mean 'lif'?"),
        (dict(name="my neuron"), "Neuron(name='my neuron'): a name has"),
    ],
)
def test_errors_name_the_argument_and_the_line_of_its_string(changes, where):
    with pytest.raises(ModelError) as error:
        check("neuron", Neuron(**changed(**changes)), build=False)
    assert str(error.value).startswith(where), error.value


def test_what_is_missing_and_what_must_be_defined_is_said():
    with pytest.raises(ModelError, match=r"Neuron\(…\): a neuron must define 'threshold'"):
        Neuron(equations="v : 1")
    with pytest.raises(ModelError, match=r"Goodness\(neuron=…\): 'neuron' of a goodness must define 'x'"):
        Goodness(base="linear", neuron="dy/dt = -y/tau_x : 1", on_spike="y += 1")
    with pytest.raises(ModelError, match=r"Optimizer\(at_update=…\).*: 'at_update' must set w and dw"):
        Optimizer(at_update="w += dw")
    with pytest.raises(ModelError, match="is loaded as a rule, and cannot be the neuron"):
        compose(models=dict(neuron=Rule(base="symba")))


def test_a_file_s_own_things_are_arguments_too():
    drive = TimedArray(np.arange(3) * mV, dt=2 * ms)
    neuron = Neuron(**changed(drive=drive, on_step="v += twice(drive(t_in_epoch)/mV)", functions={"twice(x)": "2*x"}))
    again = Neuron(base=neuron)
    for model in (neuron, again):
        assert model["on_step"] == "v += (2*(drive(t_in_epoch)/mV))"
        np.testing.assert_array_equal(model.courses["drive"].values, drive.values)
        assert model.courses["drive"].dim is drive.dim and model.courses["drive"].dt == drive.dt
