"""Model files: loading, composition, and whether `check` finds what is wrong and says where."""

import itertools
import re
from pathlib import Path

import brianff.models
import numpy as np
import pytest
from brian2 import Equations, Hz, ms, mV, second
from conftest import campaign, with_partners

from brianff.equations.compose import compose
from brianff.equations.kinds import FORWARD_FORWARD, KINDS, available
from brianff.equations.model import load
from brianff.errors import ModelError
from brianff.network.trial import check
from brianff.values import parse_parameter

FF_KINDS = list(FORWARD_FORWARD.defaults)
ALL = [(kind, name) for kind in FF_KINDS for name in available(kind)]
_NAMES = {kind: available(kind) for kind in FF_KINDS}


def fits(**models):
    """Whether models work together: a rule may ask for what a neuron does not define."""
    try:
        return compose(models=models).misfit() is None
    except ModelError as error:
        assert "needs" in str(error)
        return False


# Every model with the defaults of the other kinds, every rule with every third neuron (every one, with
# BRIANFF_CAMPAIGN=1), and mixtures of models that are no default.
COMBINATIONS = sorted(
    {tuple((FORWARD_FORWARD.defaults | with_partners({kind: name}))[k] for k in FF_KINDS) for kind, name in ALL}
    | {
        tuple((FORWARD_FORWARD.defaults | with_partners(dict(rule=rule)) | {"neuron": neuron})[k] for k in FF_KINDS)
        for (k, rule), (n, neuron) in itertools.product(enumerate(_NAMES["rule"]), enumerate(_NAMES["neuron"]))
        if (k + n) % campaign(1, 3) == 0
    }
    | {tuple(names[n % len(names)] for names in _NAMES.values()) for n in range(2 * max(map(len, _NAMES.values())))}
)
COMBINATIONS = [names for names in COMBINATIONS if fits(**dict(zip(FF_KINDS, names, strict=True)))]

# One correct file of each kind; the tests change one thing in it.
GOOD = {
    "neuron": '''"""A neuron."""

from brian2 import ms

equations = """
dv/dt = (gain_below*I_syn - v)/tau_m : 1
dI_syn/dt = -I_syn/tau_syn : 1
half = 0.5*v : 1
"""
threshold = "v > v_th"
reset = """
v -= v_th
I_syn = I_syn*1
"""
on_pre = "I_syn_post += w"
parameters = {"tau_m": 20*ms, "tau_syn": 100*ms, "v_th": 1.0}
''',
    "encoder": '''"""An encoder."""

from brian2 import ms

equations = "next_spike : integer"
at_epoch_start = """
delay = int(floor((1 - intensity)*t_code/dt + 0.5))
next_spike = int(intensity > dark)*(t_in_timesteps + delay + 1) - 1
"""
threshold = "t_in_timesteps == next_spike"
parameters = {"t_code": 25*ms, "dark": 0.05}
''',
    "goodness": '''"""A goodness."""

from brian2 import ms

neuron = "dx/dt = -x/tau_x : 1"
on_spike = "x += 1"
layer = """
dG/dt = -2*G/tau_x : 1
g = G/n_neurons : 1
gain = 1/sqrt(0.01 + g) : 1 (constant over dt)
"""
layer_on_spike = "G += 2*x_pre + 1"
derivative = "x"
parameters = {"tau_x": 100*ms}
''',
    "rule": '''"""A rule."""

presynaptic = "dz/dt = gain_layer*x/T_epoch : 1"
neuron = "x_last : 1"
layer = "M : 1"
layer_at_epoch_end = "M = phase*beta/(1 + exp(phase*beta*(g - theta)))"
synapse = "dw : 1"
at_epoch_end = "dw += M_layer*x_post*z_pre"
learns_when = "phase_layer != 0"
rows = "z_pre != 0"
neuron_remember = "x_last = x"
parameters = {"beta": 3.0, "theta": 1.0}
''',
    "optimizer": '''"""An optimizer."""

synapse = "m1 : 1"
at_update = """
m1 += (1 - decay)*(dw/samples_per_update_layer - m1)
w += learning_rate_layer*m1
dw = 0
"""
parameters = {"decay": 0.9}
''',
}


def changed(text, *changes):
    """`text` with fragments replaced, each of which it holds exactly once."""
    for old, new in changes:
        assert text.count(old) == 1, f"{text.count(old)} times {old!r}"
        text = text.replace(old, new)
    return text


def line_of(text, fragment):
    return 1 + text[: text.index(fragment)].count("\n")


@pytest.fixture
def write(tmp_path):
    def write(text, name="mine.py"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


@pytest.fixture
def error_of(write):
    """Message of `check` for a file with this text, whose path is replaced by FILE."""

    def error_of(kind, text, build=False, **others):
        path = write(text)
        with pytest.raises(ModelError) as caught:
            check(kind, path, build=build, **others)
        return str(caught.value).replace(str(path), "FILE")

    return error_of


# -- the models that come with brianff -----------------------------------------------------------------------------
def remarks(kind, name, **others):
    """What a check says of a model that comes with brianff, but for what a neuron means by it."""
    notes = check(kind, name, **others)
    if kind == "neuron" and name in ("lif_current", "settling"):  # their own docstrings say so
        assert len(notes) == 1 and "activity will not be normalised" in notes[0]
        return []
    return notes


@pytest.mark.parametrize("kind, name", ALL)
def test_model_passes_its_check_without_remarks(kind, name):
    others = with_partners({kind: name})
    assert remarks(kind, others.pop(kind), **others) == []


@pytest.mark.parametrize("names", COMBINATIONS, ids="-".join)
def test_the_rule_of_every_combination_passes_its_check(names):
    models = dict(zip(FF_KINDS, names, strict=True))
    assert check("rule", models.pop("rule"), **models, build=False) == []


@pytest.mark.parametrize("rule", [name for name in available("rule") if name != FORWARD_FORWARD.defaults["rule"]])
@pytest.mark.parametrize("kind", [kind for kind in FF_KINDS if kind != "rule"])
def test_models_pass_their_check_with_every_rule(kind, rule):
    if kind == "optimizer" and compose(models=with_partners(dict(rule=rule))).online:
        pytest.skip("the rule has no use for an optimizer")
    for name in available(kind):
        models = with_partners(dict(rule=rule)) | {kind: name}
        if fits(**models):
            assert remarks(kind, models.pop(kind), **models, build=False) == []


@pytest.mark.parametrize("kind, name", ALL)
def test_model_says_what_it_is_and_where_it_comes_from(kind, name):
    model = load(kind, name)
    assert model.docstring.splitlines()[0].endswith((".", ":"))
    assert any(str(year) in model.docstring for year in range(1900, 2030)), "no citation"
    assert "anges" in model.docstring or not model.parameters, "no ranges of its parameters"


@pytest.mark.parametrize("kind", FF_KINDS)
def test_defaults_are_available(kind):
    assert FORWARD_FORWARD.defaults[kind] in available(kind)


@pytest.mark.parametrize("kind", FF_KINDS)
def test_the_good_files_of_these_tests_pass(kind, write):
    assert check(kind, write(GOOD[kind]), build=False) == []


# -- loading -------------------------------------------------------------------------------------------------------
def test_load_by_name_finds_the_file_of_the_package():
    assert load("neuron", "lif").path == Path(brianff.models.__path__[0]) / "neurons" / "lif.py"


@pytest.mark.parametrize("kind_of_path", [str, Path])
def test_load_by_file_reads_strings_parameters_and_docstring(write, kind_of_path):
    model = load("neuron", kind_of_path(write(GOOD["neuron"], "my_neuron.py")))
    assert model.name == "my_neuron"
    assert model.docstring == "A neuron."
    assert model["threshold"] == "v > v_th"
    assert model["equations"].splitlines()[1] == "dv/dt = (gain_below*I_syn - v)/tau_m : 1"
    assert model.parameters == {"tau_m": 20 * ms, "tau_syn": 100 * ms, "v_th": 1.0}


def test_load_by_file_in_the_working_folder(write, monkeypatch):
    monkeypatch.chdir(write(GOOD["neuron"]).parent)
    assert load("neuron", "mine.py").name == "mine"


def test_load_of_a_loaded_model_is_the_model():
    model = load("neuron", "lif")
    assert load("neuron", model) is model


def test_load_refuses_a_loaded_model_of_another_kind():
    with pytest.raises(ModelError):
        load("neuron", load("rule", "symba"))


def test_absent_strings_are_empty():
    assert load("neuron", "lif")["refractory"] == ""


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["unix", "windows"])
def test_line_ends_do_not_matter(tmp_path, newline):
    path = tmp_path / "mine.py"
    path.write_bytes(GOOD["neuron"].replace("\n", newline).encode())
    assert check("neuron", path, build=False) == []


def test_an_unknown_name_suggests_and_lists():
    with pytest.raises(ModelError) as caught:
        load("optimizer", "adma")
    names = ", ".join(available("optimizer"))
    assert str(caught.value).startswith(f"there is no optimizer 'adma'. Did you mean 'adam'? There are: {names};")


def test_an_unknown_kind_lists_the_kinds():
    with pytest.raises(ModelError, match="no kind of model 'synapse': it is one of neuron, encoder, goodness"):
        load("synapse", "lif")


def test_a_missing_file_is_named():
    with pytest.raises(ModelError, match="nowhere/mine.py: there is no such file"):
        load("neuron", "nowhere/mine.py")


# -- files that are not model files --------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", FF_KINDS)
def test_a_missing_required_key_is_named(kind, write):
    for key, string in KINDS[kind].strings.items():
        if not string.required:
            continue
        text = changed(GOOD[kind], (f"\n{key} = ", f"\n_{key} = "))
        path = write(text)
        with pytest.raises(ModelError) as caught:
            load(kind, path)
        assert str(caught.value).startswith(f"{path}:1: a {kind} must define '{key}'")


def test_an_empty_file_misses_a_required_key(error_of):
    assert error_of("neuron", "").startswith("FILE:1: a neuron must define 'equations'")


def test_an_unknown_key_suggests_and_lists(error_of):
    text = changed(GOOD["neuron"], ("threshold =", "treshold ="))
    message = error_of("neuron", text)
    line = line_of(text, "treshold")
    assert message.startswith(f"FILE:{line}: a neuron has no 'treshold'. Did you mean 'threshold'? It may define: equ")


def test_private_names_and_imports_are_allowed(write):
    text = changed(
        GOOD["neuron"], ("20*ms", "_slow*ms"), ("from brian2 import ms", "from brian2 import ms\n_slow = 20")
    )
    assert load("neuron", write(text)).parameters["tau_m"] == 20 * ms


@pytest.mark.parametrize(
    "statement",
    [
        "def f(x):\n    return x",
        "class Neuron:\n    pass",
        "for k in range(3):\n    pass",
        "print('hello')",
        "if True:\n    method = 'euler'",
        "reset += '; v = 0'",
        "parameters['tau_q'] = 3*ms",
        "on_pre: str = 'I_syn_post += w'",
        "import sys; sys.exit()",
    ],
    ids=lambda s: s.split("\n")[0],
)
def test_other_statements_are_refused_with_their_line(error_of, statement):
    text = GOOD["neuron"] + "\n" + statement + "\n"
    message = error_of("neuron", text)
    assert message.startswith(
        f"FILE:{line_of(text, statement)}: a model file holds a docstring, strings and parameters"
    )


def test_statements_are_refused_before_anything_is_run(error_of, tmp_path):
    error_of("neuron", f"_x = open({str(tmp_path / 'made')!r}, 'w')\ndef f(): pass\n" + GOOD["neuron"])
    assert not (tmp_path / "made").exists()


def test_a_python_syntax_error_has_its_line(error_of):
    text = changed(GOOD["neuron"], ('threshold = "v > v_th"', 'threshold = "v > v_th'))
    assert error_of("neuron", text).startswith(f"FILE:{line_of(text, 'threshold')}: not valid Python: unterminated")


def test_an_error_while_the_file_is_read_has_its_line(error_of):
    text = changed(GOOD["neuron"], ("20*ms", "20*msec"))
    assert error_of("neuron", text).startswith(f"FILE:{line_of(text, '20*msec')}: NameError: name 'msec'")


def test_a_missing_import_has_its_line(error_of):
    text = changed(GOOD["neuron"], ("from brian2 import ms", "from brian2 import ms\nimport no_such_module"))
    assert error_of("neuron", text).startswith(f"FILE:{line_of(text, 'import no_such')}: ModuleNotFoundError")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(GOOD["neuron"].replace("A neuron", "Ein für").encode("latin-1"), id="latin-1"),
        pytest.param(GOOD["neuron"].encode() + b"\0", id="null byte"),
    ],
)
def test_a_file_that_is_no_text_is_named(tmp_path, content):
    path = tmp_path / "mine.py"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"mine\.py:\d+: "):
        load("neuron", path)


def test_a_file_that_calls_exit_is_named(error_of):
    assert error_of("neuron", GOOD["neuron"] + "_x = exit()\n").startswith("FILE:")


@pytest.mark.parametrize("value, kind", [("3", "int"), ("['v = 0']", "list"), ("b'v = 0'", "bytes")])
def test_a_string_of_another_type_is_named(error_of, value, kind):
    text = changed(GOOD["neuron"], ('threshold = "v > v_th"', f"threshold = {value}"))
    assert error_of("neuron", text) == f"FILE:{line_of(text, 'threshold')}: 'threshold' must be a string, not {kind}."


def test_initial_must_be_a_dictionary(error_of):
    text = GOOD["neuron"] + "initial = 'v = 0'\n"
    assert error_of("neuron", text) == f"FILE:{line_of(text, 'initial')}: 'initial' must be a dictionary."


# -- parameters ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("value", ["3", "[('tau_m', 20*ms)]", "{'tau_m'}"])
def test_parameters_must_be_a_dictionary(error_of, value):
    text = changed(GOOD["optimizer"], ('parameters = {"decay": 0.9}', f"from brian2 import ms\nparameters = {value}"))
    assert error_of("optimizer", text).startswith(
        f"FILE:{line_of(text, 'parameters =')}: 'parameters' must be a dictionary of numbers with units"
    )


@pytest.mark.parametrize("value", ["[1, 2]*ms", "None", "(20, ms)", "1j", "[20]"])
def test_a_parameter_must_be_one_number(error_of, value):
    text = changed(GOOD["neuron"], ("20*ms", value))
    assert error_of("neuron", text).startswith(
        f"FILE:{line_of(text, 'parameters')}: parameter 'tau_m' must be a number with a unit"
    )


@pytest.mark.parametrize("value", ["float('nan')*ms", "float('inf')*ms"])
def test_a_parameter_must_be_finite(error_of, value):
    assert "tau_m" in error_of("neuron", changed(GOOD["neuron"], ("20*ms", value)))


@pytest.mark.parametrize("name", ["t", "i", "exp", "ms", "N", "pi"])
def test_a_parameter_cannot_have_a_name_of_brian2(error_of, name):
    text = changed(
        GOOD["neuron"], ("half = 0.5*v", f"half = 0.5*v*{name}/{name}"), ('"v_th": 1.0', f'"v_th": 1.0, "{name}": 1.0')
    )
    message = error_of("neuron", text)
    assert message.startswith(f"FILE:{line_of(text, 'parameters')}:") and f"'{name}'" in message


@pytest.mark.parametrize("name", ["'tau m'", "3", "'lambda'"])
def test_the_name_of_a_parameter_is_a_name(error_of, name):
    assert error_of("neuron", changed(GOOD["neuron"], ('"v_th": 1.0', f'"v_th": 1.0, {name}: 1.0'))).startswith("FILE:")


def test_two_files_may_share_a_parameter_of_the_same_value(write):
    path = write(changed(GOOD["neuron"], ("/tau_syn : 1", "/tau_x : 1"), ('"tau_syn"', '"tau_x"')))
    assert check("neuron", path, build=False) == []


def test_an_override_replaces_a_value():
    c = compose(parameters={"tau_m": 5 * ms})
    assert c.parameters["tau_m"] == 5 * ms == c.neurons.parameters["tau_m"]


def test_an_override_does_not_change_the_model():
    compose(parameters={"tau_m": 5 * ms})
    assert compose().parameters["tau_m"] == 20 * ms


@pytest.mark.parametrize("value", [5, 5 * mV, 5 * Hz])
def test_an_override_of_the_wrong_unit_is_refused(value):
    with pytest.raises(ModelError, match="'tau_m' has the unit of 20. ms, which .* has not"):
        compose(parameters={"tau_m": value})


def test_an_override_of_an_unknown_name_suggests_and_lists():
    with pytest.raises(ModelError, match="no chosen model has a parameter 'tau_n'. Did you mean 'tau_.*There are: "):
        compose(parameters={"tau_n": 5 * ms})


@pytest.mark.parametrize("value", ["five", None, [1, 2] * ms, float("nan") * ms])
def test_an_override_must_be_one_number(value):
    with pytest.raises(ModelError):
        compose(parameters={"tau_m": value})


@pytest.mark.parametrize(
    "text, name, value",
    [
        ("tau_m=10*ms", "tau_m", 10 * ms),
        (" tau_m = 10 * ms ", "tau_m", 10 * ms),
        ("tau_m=1e-3*second", "tau_m", 1e-3 * second),
        ("alpha=-2.5", "alpha", -2.5),
        ("rate=1/(2*ms)", "rate", 500 * Hz),
        ("n=2**3", "n", 8),
    ],
)
def test_parse_parameter_reads_quantities(text, name, value):
    found, quantity = parse_parameter(text)
    assert found == name
    assert quantity == value and getattr(quantity, "dim", None) == getattr(value, "dim", None)


@pytest.mark.parametrize(
    "text",
    ["tau_m", "tau_m=", "tau_m=10*", "tau_m=10 ms", "tau_m=ten", "tau_m==3", "tau_m=[1,2]*ms", "tau_m='3'", "tau_m=1/0",
     "tau_m=__import__('os')", "tau_m=ms.__class__", "tau_m=(lambda: 1)()", "tau_m=9**9**9**9", "tau_m=1 if 1 else 2",
     "tau_m=" + "(" * 400 + "1" + ")" * 400, "tau_m=" + "1+" * 600 + "1", "tau_m=1+ms", "tau_m=\0", ""],
)  # fmt: skip
def test_parse_parameter_refuses_with_the_text(text):
    with pytest.raises(ModelError) as caught:
        parse_parameter(text)
    assert str(caught.value).startswith(f"'{text}': ")


@pytest.mark.parametrize("text", ["=5", "tau m=5", "tau_m=1e400", "tau_m=True"])
def test_parse_parameter_refuses_odd_names_and_values(text):
    with pytest.raises(ModelError):
        parse_parameter(text)


# -- equations: units, names, flags --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "old, new, complaint",
    [
        ("- v)/tau_m : 1", "- v)/tau_m**2 : 1", "the right-hand side of dv/dt has the unit second**-2, not hertz"),
        ("-I_syn/tau_syn : 1", "-I_syn : 1", "the right-hand side of dI_syn/dt has the unit 1, not hertz"),
        ("0.5*v : 1", "tau_m*v : 1", "the right-hand side of half has the unit second, not 1"),
    ],
    ids=["first", "middle", "last"],
)
def test_a_wrong_unit_is_found_on_its_line(error_of, old, new, complaint):
    text = changed(GOOD["neuron"], (old, new))
    assert error_of("neuron", text) == f"FILE:{line_of(text, new)}: wrong unit: {complaint}."


def test_inconsistent_units_within_an_expression_are_found_on_their_line(error_of):
    text = changed(GOOD["neuron"], ("gain_below*I_syn - v", "gain_below*I_syn - tau_m"))
    message = error_of("neuron", text)
    assert message.startswith(f"FILE:{line_of(text, 'dv/dt')}: wrong unit") and "tau_m" in message


@pytest.mark.parametrize(
    "kind, old, new",
    [
        ("neuron", "v -= v_th", "v -= tau_m"),
        ("neuron", "I_syn = I_syn*1", "I_syn = tau_syn"),
        ("neuron", "I_syn_post += w", "I_syn_post += w*second"),
        ("encoder", "t_code/dt + 0.5", "t_code + 0.5"),
        ("goodness", "G += 2*x_pre + 1", "G += 2*x_pre + tau_x"),
        ("rule", "exp(phase*beta*(g - theta))", "exp(phase*T_epoch*(g - theta))"),
        ("rule", "dw += M_layer*x_post*z_pre", "dw += M_layer*x_post*z_pre*T_epoch"),
        ("rule", "x_last = x", "x_last = x*T_epoch"),
        ("optimizer", "w += learning_rate_layer*m1", "w += learning_rate_layer*m1*second"),
    ],
)
def test_a_wrong_unit_in_a_statement_is_found_on_its_line(error_of, kind, old, new):
    text = changed(GOOD[kind], (old, new))
    message = error_of(kind, text)
    assert message.startswith(f"FILE:{line_of(text, new)}: wrong unit")


@pytest.mark.parametrize(
    "kind, old, new, wrong, right",
    [
        ("neuron", "gain_below*I_syn", "gain_bellow*I_syn", "gain_bellow", "gain_below"),
        ("neuron", "-I_syn/tau_syn", "-I_sin/tau_syn", "I_sin", "I_syn"),
        ("neuron", "-I_syn/tau_syn", "-I_syn/tau_sin", "tau_sin", "tau_syn"),
        ("neuron", '"v > v_th"', '"v > v_thr"', "v_thr", "v_th"),
        ("neuron", "v -= v_th", "v -= v_thr", "v_thr", "v_th"),
        ("neuron", "I_syn_post += w", "I_sin_post += w", "I_sin_post", "I_syn_post"),
        ("encoder", "1 - intensity", "1 - intensty", "intensty", "intensity"),
        ("encoder", "== next_spike", "== nxt_spike", "nxt_spike", "next_spike"),
        ("goodness", "-2*G/tau_x", "-2*G/tau_xx", "tau_xx", "tau_x"),
        ("goodness", "2*x_pre", "2*x_prr", "x_prr", "x_pre"),
        ("rule", "gain_layer*x", "gain_layr*x", "gain_layr", "gain_layer"),
        ("rule", "(g - theta)", "(g - thetaa)", "thetaa", "theta"),
        ("rule", "x_post*z_pre", "x_post*z_pree", "z_pree", "z_pre"),
        ("rule", "phase_layer != 0", "phas_layer != 0", "phas_layer", "phase_layer"),
        ("optimizer", "w += learning_rate_layer", "w += learning_rate", "learning_rate", "learning_rate_layer"),
    ],
)
def test_a_misspelt_name_is_found_on_its_line_with_a_suggestion(error_of, kind, old, new, wrong, right):
    text = changed(GOOD[kind], (old, new))
    message = error_of(kind, text)
    assert message.startswith(f"FILE:{line_of(text, new)}: the name '{wrong}' is not defined. Did you mean '{right}'?")


@pytest.mark.parametrize(
    "kind, old, new",
    [
        ("neuron", "v -= v_th", "V = 0"),
        ("goodness", '"x += 1"', '"xx = x + 1"'),
        ("rule", '"M = phase', '"MM = phase'),
        ("rule", '"x_last = x"', '"x_lst = x"'),
    ],
)
def test_a_misspelt_target_of_an_assignment_is_noticed(write, kind, old, new):
    path = write(changed(GOOD[kind], (old, new)))
    try:
        notes = check(kind, path, build=False)
    except ModelError:
        return
    assert notes


def test_local_variables_of_statements_are_allowed(write):
    text = changed(GOOD["neuron"], ("v -= v_th\n", "rest = v - v_th\nv = rest\n"))
    assert check("neuron", write(text), build=False) == []


def test_a_local_variable_is_unknown_before_its_line(error_of):
    text = changed(GOOD["neuron"], ("v -= v_th\n", "v = rest\nrest = v - v_th\n"))
    message = error_of("neuron", text)
    assert message.startswith(f"FILE:{line_of(text, 'v = rest')}: the name 'rest' is not defined.")


@pytest.mark.parametrize(
    "flagged, flag, suggestion",
    [
        ("/tau_m : 1 (unless refractry)", "unless refractry", "unless refractory"),
        ("/tau_m : 1 (constant)", "constant", None),
        ("/tau_m : 1\nq : 1 (constnt)", "constnt", "constant"),
        ("/tau_m : 1\nq : 1 (unless refractory)", "unless refractory", None),
        ("/tau_m : 1\nq : 1 (linked)", "linked", None),
        ("/tau_m : 1\nq = 2*v : 1 (constant over dtt)", "constant over dtt", "constant over dt"),
    ],
)
def test_a_bad_flag_is_found_on_its_line(error_of, flagged, flag, suggestion):
    text = changed(GOOD["neuron"], ("/tau_m : 1", flagged))
    message = error_of("neuron", text)
    assert message.startswith(f"FILE:{line_of(text, f'({flag})')}: ")
    assert f"cannot have the flag '{flag}'" in message and "Allowed for such a line:" in message
    assert suggestion is None or f"Did you mean '{suggestion}'?" in message


def test_a_variable_that_is_defined_twice_is_found_on_its_second_line(error_of):
    text = changed(GOOD["neuron"], ("half = 0.5*v : 1", "v : 1"))
    assert error_of("neuron", text).startswith(
        f"FILE:{line_of(text, 'v : 1')}: 'v' is defined twice, here and in FILE:"
    )


def test_a_variable_that_is_also_a_parameter_is_found_on_its_line(error_of):
    text = changed(GOOD["neuron"], ("half = 0.5*v : 1", "tau_m : second"))
    assert error_of("neuron", text).startswith(
        f"FILE:{line_of(text, 'tau_m : second')}: 'tau_m' is both a variable and"
    )


@pytest.mark.parametrize(
    "line, complaint",
    [
        ("dq/dt = (gain_below*I_syn - v)/tau_m", "an equation ends with its unit"),
        ("dq/dt = (gain_below*I_syn - v^2)/tau_m : 1", "a power is x**2, not x^2"),
        ("dq/dt = np.exp(-v)/tau_m : 1", "exp(x), not np.exp(x)"),
        ("dθ/dt = (gain_below*I_syn - v)/tau_m : 1", "'dθ' cannot be a name"),
        ("dq/dt = (gain_below*I_syn - v)/τ : 1", "'τ' cannot be a name"),
        ("dq/dt = (gain_below*I_syn - v)/*tau_m : 1", "invalid syntax"),
        ("dq/dt = (gain_below*I_syn - v)/tau_m : one", "'one', but this is not a base unit"),
        ("dq/dt = (gain_below*I_syn - v)/tau_m : mV", "Use 'volt' instead"),
        ("dq/dt = (v if v > 0 else 0)/tau_m : 1", "there is no 'if': write int(condition)*value"),
        ("lambda : 1", "Python keyword"),
        ("i : 1", "special meaning"),
    ],
)
def test_an_equation_that_brian2_cannot_parse_is_found_on_its_line(error_of, line, complaint):
    text = changed(GOOD["neuron"], ("half = 0.5*v : 1", line))
    message = error_of("neuron", text)
    assert message.startswith(f"FILE:{line_of(text, line)}: ")
    assert complaint in message and line in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "statement, complaint",
    [
        ("v", "is not an assignment"),
        ("v == v_th", ""),
        ("v -= (v_th", "never closed"),
        ("v **= 2", ""),
        ("v = clip(v)", "clip"),
        pytest.param("v_th = 2", "parameter"),
        ("pi = 3", "parameter or a constant"),
    ],
)
def test_a_statement_that_is_no_assignment_is_found_on_its_line(error_of, statement, complaint):
    text = changed(GOOD["neuron"], ("I_syn = I_syn*1", statement))
    message = error_of("neuron", text)
    assert message.startswith(f"FILE:{line_of(text, chr(10) + statement + chr(10)) + 1}: ") and complaint in message


@pytest.mark.parametrize(
    "kind, old, new",
    [
        ("neuron", '"v > v_th"', '"v - v_th"'),
        ("neuron", '"v > v_th"', '"v"'),
        ("encoder", '"t_in_timesteps == next_spike"', '"next_spike"'),
        ("rule", '"phase_layer != 0"', '"phase_layer"'),
        ("rule", '"z_pre != 0"', '"z_pre"'),
    ],
)
def test_a_condition_without_truth_value_is_found_on_its_line(error_of, kind, old, new):
    text = changed(GOOD[kind], (old, new))
    assert error_of(kind, text).startswith(f"FILE:{line_of(text, f'= {new}')}: '{new[1:-1]}' is not a condition")


@pytest.mark.parametrize("condition", ["v > tau_m", "v >", "", "v > v_th\nv < 2"])
def test_a_condition_that_makes_no_sense_is_found_on_its_line(error_of, condition):
    text = changed(GOOD["neuron"], ('"v > v_th"', repr(condition)))
    assert error_of("neuron", text).startswith(f"FILE:{line_of(text, 'threshold')}: wrong unit or syntax: ")


@pytest.mark.parametrize("condition", ["v > v_th and not half < 0", "not (v < v_th)", "v > v_th or v < -v_th"])
def test_compound_conditions_are_allowed(write, condition):
    assert check("neuron", write(changed(GOOD["neuron"], ('"v > v_th"', f'"{condition}"')))) == []


@pytest.mark.parametrize("surrogate, complaint", [("tau_m*v", "wrong unit"), ("vv", "Did you mean 'v'?")])
def test_a_wrong_surrogate_is_found_on_its_line(error_of, surrogate, complaint):
    text = GOOD["neuron"] + f'surrogate = "{surrogate}"\n'
    message = error_of("neuron", text)
    assert message.startswith(f"FILE:{line_of(text, 'surrogate')}: ") and complaint in message


# -- line numbers --------------------------------------------------------------------------------------------------
BAD_LINE = "dI_syn/dt = -I_syn : 1"


@pytest.mark.parametrize(
    "before",
    [
        pytest.param("# a comment (with a bracket\n", id="comment"),
        pytest.param("\n   \n\n", id="blank lines"),
        pytest.param("q : 1  # (not closed: 1\n", id="comment after an equation"),
        pytest.param("q = (v\n    - half  # why (\n    )*2 : 1\n", id="brackets across lines"),
        pytest.param("q = clip(v,\n  0, (1 +\n 1)) : 1\n    # end\n", id="nested brackets"),
        pytest.param(
            "q = v + \\\n    half : 1\n",
            id="backslash",
        ),
    ],
)
def test_what_stands_before_does_not_shift_the_line(error_of, before):
    text = changed(GOOD["neuron"], ("dI_syn/dt = -I_syn/tau_syn : 1", before + BAD_LINE))
    assert error_of("neuron", text).startswith(f"FILE:{line_of(text, BAD_LINE)}: wrong unit: ")


def test_an_equation_across_lines_is_reported_on_its_first_line(error_of):
    text = changed(GOOD["neuron"], ("half = 0.5*v : 1", "half = (0.5*v +\n    tau_m) : 1"))
    assert error_of("neuron", text).startswith(f"FILE:{line_of(text, 'half')}: wrong unit")


def test_an_equation_on_the_line_of_the_quotes_has_that_line(error_of):
    text = changed(GOOD["neuron"], ('"""\ndv/dt', '"""dv/dt'), ("v)/tau_m : 1", "v) : 1"))
    assert error_of("neuron", text).startswith(f"FILE:{line_of(text, 'dv/dt')}: wrong unit")


def test_comments_and_blank_lines_do_not_shift_the_line_of_a_statement(error_of):
    text = changed(GOOD["neuron"], ("v -= v_th", "v -= v_th  # (reset\n\n# more"), ("I_syn*1", "tau_m"))
    assert error_of("neuron", text).startswith(f"FILE:{line_of(text, 'I_syn = tau_m')}: wrong unit")


def test_a_string_with_escaped_line_ends_has_the_line_of_the_string(error_of):
    text = changed(GOOD["rule"], ('neuron = "x_last : 1"', 'neuron = "x_last : 1\\nq = x*T_epoch : 1"'))
    assert error_of("rule", text).startswith(f"FILE:{line_of(text, 'neuron =')}: wrong unit")


@pytest.mark.parametrize("quotes", ["dedent", "joined"])
def test_strings_that_are_put_together_are_located_within_the_assignment(error_of, quotes):
    if quotes == "dedent":
        text = changed(
            GOOD["neuron"],
            ("from brian2 import ms", "from textwrap import dedent\n\nfrom brian2 import ms"),
            ('equations = """', 'equations = dedent("""'),
            ('half = 0.5*v : 1\n"""', 'half = tau_m*v : 1\n""")'),
        )
    else:
        text = changed(
            GOOD["goodness"],
            ('"""\ndG/dt = -2*G/tau_x : 1\n', '(\n    "dG/dt = -2*G/tau_x : 1\\n"\n'),
            ("g = G/n_neurons : 1\n", '    "g = G*tau_x/n_neurons : 1\\n"\n'),
            ('gain = 1/sqrt(0.01 + g) : 1 (constant over dt)\n"""', '    "gain = 1/sqrt(0.01 + g) : 1"\n)'),
        )
    kind, fragment = ("neuron", "half = tau_m*v") if quotes == "dedent" else ("goodness", "g = G*tau_x")
    assert error_of(kind, text).startswith(f"FILE:{line_of(text, fragment)}: wrong unit")


# -- what a kind has to provide ------------------------------------------------------------------------------------
def test_a_rule_must_define_dw(error_of):
    text = changed(GOOD["rule"], ('"dw : 1"', '"q : 1"'), ("dw += M_layer", "q += M_layer"))
    message = error_of("rule", text, optimizer="sgd")
    assert message.startswith("FILE:") and "dw" in message


@pytest.mark.parametrize("old, new, name", [("g = G", "gg = G", "g"), ("gain = ", "gian = ", "gain")])
def test_a_goodness_must_define_g_and_gain(error_of, old, new, name):
    text = changed(GOOD["goodness"], (old, new), ("0.01 + g)", "0.01 + G)"))
    message = error_of("goodness", text)
    assert message.startswith(f"FILE:{line_of(text, 'layer = ')}: 'layer' of a goodness must define '{name}':")


def test_a_goodness_must_define_x(error_of):
    text = changed(GOOD["goodness"], ("dx/dt = -x/", "dy/dt = -y/"), ("x += 1", "y += 1"), ("x_pre", "y_pre"))
    assert "'x'" in error_of("goodness", text)


@pytest.mark.parametrize(
    "code",
    [
        "q = dw\ndw = 0",
        "q = w\nw = q",
        pytest.param("q = w*dw\n"),
        pytest.param("w += learning_rate_layer*dw"),
        pytest.param("# w and dw\nq = 1"),
    ],
)
def test_an_optimizer_must_set_w_and_dw(error_of, code):
    text = f'at_update = """\n{code}\n"""\n'
    assert (
        error_of("optimizer", text)
        == "FILE:1: 'at_update' must set w and dw: it turns `dw` into a change of `w`, and sets `dw` to 0."
    )


def test_a_rule_must_change_dw(error_of):
    assert "dw" in error_of("rule", changed(GOOD["rule"], ("dw += M_layer", "q = M_layer")))


WANTS_SURROGATE = [
    (("x_last : 1", "dx_last/dt = surrogate*x/T_epoch : 1"), ("x_last = x", "x_last = 0")),
    (('neuron = "x_last : 1"', 'neuron = "x_last : 1"\non_step = "x_last += surrogate"'),),
    (('neuron = "x_last : 1"', 'neuron = "x_last : 1"\nneuron_at_epoch_end = "x_last = surrogate"'),),
    pytest.param(
        (("x_last = x", "x_last = surrogate"),),
    ),
]


@pytest.mark.parametrize("changes", WANTS_SURROGATE)
def test_a_rule_that_asks_for_a_surrogate_needs_a_neuron_with_one(write, error_of, changes):
    neuron = write(GOOD["neuron"], "plain.py")
    message = error_of("rule", changed(GOOD["rule"], *changes), neuron=neuron)
    assert str(neuron) in message and "'mine' needs a 'surrogate'" in message


@pytest.mark.parametrize("changes", WANTS_SURROGATE[:3])
def test_a_rule_that_asks_for_a_surrogate_gets_that_of_the_neuron(write, changes):
    path = write(changed(GOOD["rule"], *changes))
    assert check("rule", path, build=False) == []
    assert "surrogate = 1/(1 + abs(v - v_th)/width)**2 : 1" in compose(models=dict(rule=path)).neurons.equations


def test_a_surrogate_that_no_rule_asks_for_is_left_out():
    c = compose()
    assert "surrogate" not in c.neurons.equations and "width" not in c.neurons.parameters


def test_a_comment_does_not_ask_for_a_surrogate(write):
    rule = write(changed(GOOD["rule"], ("x_last : 1", "x_last : 1  # no surrogate")))
    assert check("rule", rule, neuron=write(GOOD["neuron"], "plain.py"), build=False) == []


NO_GAIN = ("gain_below*I_syn - v", "I_syn - v")


def test_a_neuron_that_is_not_normalised_gets_a_note(write):
    path = write(changed(GOOD["neuron"], NO_GAIN))
    (note,) = check("neuron", path, build=False)
    assert note.startswith(f"{path}: no string uses gain_below")


def test_on_pre_cannot_follow_a_link_to_the_layer_below(error_of):
    text = changed(GOOD["neuron"], ("I_syn_post += w", "I_syn_post += w*gain_below_post"))
    assert "'gain_below_post' is not defined" in error_of("neuron", text)


@pytest.mark.parametrize(
    "kind, change, remark",
    [
        ("neuron", ("- v)/tau_m : 1", "- v)/tau_m : 1 (unless refractory)"), "'(unless refractory)' does nothing"),
        ("neuron", ('"v_th": 1.0', '"v_th": 1.0, "taum": 2*ms'), "uses the parameter 'taum'. Did you mean 'tau_m'?"),
        ("neuron", ("v -= v_th", "v = rand()"), "rand does not come from the run's seed"),
        ("encoder", ("t_in_timesteps == next_spike", "rand() < dark"), "rand does not come from the run's seed"),
    ],
)
def test_what_is_allowed_but_hardly_meant_gets_a_note(write, kind, change, remark):
    notes = check(kind, write(changed(GOOD[kind], change)), build=False)
    assert any(remark in note for note in notes)


def test_an_optimizer_is_not_checked_with_a_rule_that_has_none(write):
    with pytest.raises(ModelError, match="the rule csdp changes weights itself"):
        check("optimizer", write(GOOD["optimizer"]), rule="csdp", encoder="regular_rate", build=False)


def test_a_rule_may_read_its_first_factor_at_the_postsynaptic_neuron(write):
    """In the last layer as well, which projects to nobody."""
    assert check("rule", write(changed(GOOD["rule"], ("x_post*z_pre", "(x_post - z_post)*z_pre")))) == []


def test_a_comment_on_gain_below_does_not_silence_the_note(write):
    path = write(changed(GOOD["neuron"], NO_GAIN, ("/tau_m : 1", "/tau_m : 1  # without gain_below")))
    assert check("neuron", path, build=False)


# -- clashes between files -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "kind, old, new, name",
    [
        ("neuron", "half = 0.5*v : 1", "T_epoch : second", "T_epoch"),
        ("neuron", "half = 0.5*v", "gain_below = 0.5*v", "gain_below"),
        ("encoder", "next_spike : integer", "next_spike : integer\\nintensity : 1", "intensity"),
        ("rule", "x_last : 1", "x_last : 1\\nx : 1", "x"),
        ("rule", "x_last : 1", "x_last : 1\\nz : 1", "z"),
        ("rule", '"M : 1"', '"M : 1\\ng : 1"', "g"),
        ("rule", '"M : 1"', '"M : 1\\nphase : 1"', "phase"),
        ("rule", '"dw : 1"', '"dw : 1\\nw : 1"', "w"),
        ("optimizer", '"m1 : 1"', '"m1 : 1\\ndw : 1"', "dw"),
        ("rule", "x_last : 1", "x_last : 1\\nplastic : 1", "plastic"),
    ],
)
def test_a_name_that_strings_are_given_cannot_be_defined(error_of, kind, old, new, name):
    """Nobody could tell which of both is meant; what is not at hand in the file may have any name (test_names.py)."""
    text = changed(GOOD[kind], (old, new))
    assert re.match(rf"FILE:{line_of(text, new)}: '{name}' is (also )?defined .*", error_of(kind, text))


@pytest.mark.parametrize("name", ["w", "T_epoch", "channel"])
def test_a_parameter_with_the_name_of_what_strings_are_given_is_refused(error_of, name):
    message = error_of("neuron", changed(GOOD["neuron"], ('"v_th": 1.0', f'"v_th": 1.0, "{name}": 1.0')))
    assert "FILE" in message and f"'{name}'" in message


# -- what Brian2 or DenseSynapses refuse only when the network is built, or accept with another meaning ---------------
@pytest.mark.parametrize(
    "kind, changes",
    [
        ("neuron", [("reset =", 'refractory = "5*mV"\nreset =')]),
        ("neuron", [("reset =", 'refractory = "5"\nreset =')]),
        ("neuron", [("reset =", 'refractory = "5*"\nreset =')]),
        ("neuron", [("reset =", 'method = "eulr"\nreset =')]),
        ("neuron", [("reset =", 'initial = {"v": "v_rest"}\nreset =')]),
        ("neuron", [("reset =", 'initial = {"u": 1}\nreset =')]),
        ("neuron", [("reset =", 'initial = {"v": 5*ms}\nreset =')]),
        ("neuron", [("gain_below*I_syn - v", "gain_below*I_syn + v**2"), ("reset =", 'method = "exact"\nreset =')]),
        ("neuron", [("- v)/tau_m : 1", "- v)/tau_m + xi*xi : 1")]),
        ("neuron", [("0.5*v : 1", "rand() : 1"), ("v > v_th", "half > v_th")]),
        ("neuron", [("0.5*v : 1", "0.5*v : 1 (shared)")]),
        ("neuron", [("I_syn = I_syn*1", "half = 3")]),
        ("neuron", [("I_syn = I_syn*1", "t = 1*ms")]),
        ("neuron", [("I_syn = I_syn*1", "i = 1")]),
        ("neuron", [("I_syn = I_syn*1", "gain_below = 1")]),
        ("neuron", [("I_syn = I_syn*1", "I_syn = (I_syn\n+ 1)")]),
        ("neuron", [("v > v_th", "v > v_th and t - lastspike > 1*ms")]),
        ("neuron", [("v > v_th", "v > v_th and not_refractory")]),
        ("neuron", [("I_syn_post += w", "I_syn_post += w\\nx_pre = 0")]),
        ("goodness", [("g = G/n_neurons", "g = G*M/n_neurons")]),
        ("goodness", [("-x/tau_x", "-x*v/tau_x")]),
        ("goodness", [("x += 1", "x += v")]),
        ("goodness", [("(constant over dt)", "(constant over dt, shared)")]),
        ("rule", [("gain_layer*x", "gain_layer*x*v")]),
        ("rule", [("gain_layer*x", "gain_below*x")]),
        ("rule", [("gain_layer*x", "M_layer*x")]),
        ("rule", [("gain_layer*x", "surrogate*x")]),
        ("rule", [("rows =", 'presynaptic_remember = "z = v"\nrows =')]),
        ("rule", [('"M = phase', '"theta += 1\\nM = phase')]),
        ("rule", [('"dw : 1"', '"ddw/dt = -dw/T_epoch : 1"')]),
        ("rule", [('"phase_layer != 0"', '"x_post > 0"')]),
        ("rule", [('"z_pre != 0"', '"x_post != 0"')]),
        ("rule", [("dw += M_layer", "dw += i*M_layer")]),
        ("optimizer", [("w += learning_rate_layer*m1", "w += learning_rate_layer*m1*x_post")]),
        ("optimizer", [('"m1 : 1"', '"m1 : 1\\nlast : 1 (shared)"'), ("dw = 0", "dw = 0\nlast = w")]),
        ("neuron", [("I_syn_post += w", "I_syn += w")]),
        ("neuron", [("v -= v_th", "v -= v_th  # one; not zero")]),
    ],
    ids=lambda v: v if isinstance(v, str) else "; ".join(new.replace("\nreset =", "") for _, new in v),
)
def test_check_refuses_what_cannot_be_built(error_of, kind, changes):
    assert "FILE" in error_of(kind, changed(GOOD[kind], *changes), build=True)


@pytest.mark.parametrize(
    "kind, changes",
    [
        ("neuron", [("reset =", 'refractory = "3*ms"\nreset ='), ("/tau_m : 1", "/tau_m : 1 (unless refractory)")]),
        ("neuron", [("reset =", 'refractory = "v > 0.5*v_th"\nreset =')]),
        ("neuron", [("reset =", 'initial = {"v": "0.5*v_th*rand()", "I_syn": 1}\nreset =')]),
        ("neuron", [("- v)/tau_m", "- v)/tau_m + xi/tau_m**0.5"), ("reset =", 'method = "euler"\nreset =')]),
        ("neuron", [("gain_below*I_syn - v", "gain_below*I_syn + v**2"), ("reset =", 'method = "euler"\nreset =')]),
        ("neuron", [("v > v_th", "half > 0.5*v_th")]),
        ("neuron", [("reset =", 'on_step = "old = half\\nI_syn = I_syn + 0*old"\nreset =')]),
        ("neuron", [("reset =", 'on_step = "v += uniform(seed, presentation, t_in_timesteps, channel)"\nreset =')]),
        ("neuron", [("I_syn_post += w", "I_syn_post += w*x_pre*g_layer")]),
        ("neuron", [("half = 0.5*v : 1", "half = v > 1 : boolean\nk : integer (constant)")]),
        ("neuron", [("I_syn = I_syn*1", "v = v; I_syn = int(v <= v_th)")]),
        ("neuron", [("reset =", 'initial = {"q": 2.5}\nreset ='), ("half = 0.5*v", "q")]),
        ("neuron", [('"v > v_th"', '"""\nv > v_th  # a spike\n"""')]),
        ("rule", [("x_post*z_pre", "v_post*x_pre*g_layer")]),
        ("rule", [("x_post*z_pre", "surrogate_post*z_pre")]),
        ("rule", [("x_post*z_pre", "x_post*z_pre*beta*tau_m/T_epoch")]),  # names that other groups use, too
        ("rule", [('"dw : 1"', '"dw : 1\\ndecay = theta*w : 1"'), ("x_post*z_pre", "x_post*z_pre - decay")]),
        ("goodness", [("G += 2*x_pre + 1", "G += (2*x_pre + 1)*tau_x/tau_m")]),
        ("encoder", [("1 - intensity", "1 - intensity*clip(uniform(seed, presentation, 0, channel), 0, 1)")]),
        pytest.param(
            "neuron",
            [("gain_below*I_syn - v)/tau_m : 1", "gain_below*I_syn)/tau_m\n    - v/tau_m : 1")],
        ),
        pytest.param(
            "neuron",
            [("- v)/tau_m", "- v)/tau_m + xi_v/tau_m**0.5"), ("reset =", 'method = "euler"\nreset =')],
        ),
        pytest.param(
            "encoder",
            [("1 - intensity", "1 - intensity*int(channel < n_pixels)")],
        ),
    ],
    ids=lambda v: v if isinstance(v, str) else "; ".join(new.replace("\nreset =", "") for _, new in v),
)
def test_check_accepts_what_can_be_built(write, kind, changes):
    notes = check(kind, write(changed(GOOD[kind], *changes)))
    assert all("does not come from the run's seed" in note for note in notes)


EXPONENTIAL = ("reset =", 'method = "exponential_euler"\nreset =')


def test_check_leaves_brian2_as_it_found_it(write, tmp_path):
    from brian2 import defaultclock, get_device, prefs, set_device

    wrong = changed(GOOD["neuron"], ("gain_below*I_syn - v", "gain_below*I_syn - v**2"), EXPONENTIAL)
    set_device("cpp_standalone", directory=str(tmp_path / "build"), build_on_run=False)
    prefs.codegen.target = "auto"
    defaultclock.dt = 0.25 * ms
    device = get_device()
    for text in (wrong, wrong.replace("v**2", "3*v")):
        try:
            check("neuron", write(text))
        except ModelError:
            assert text is wrong
        assert get_device() is device and not device.build_on_run
        assert prefs.codegen.target == "auto"
        assert defaultclock.dt == 0.25 * ms


def test_a_network_that_cannot_be_built_is_one_line(error_of, capfd):
    import gc

    text = changed(GOOD["neuron"], ("gain_below*I_syn - v", "gain_below*I_syn - v**2"), EXPONENTIAL)
    message = error_of("neuron", text, build=True)
    assert message.startswith(f"FILE:{line_of(text, 'method')}: Brian2 cannot build a network of it (with encoder")
    assert "method exponential_euler): Can only solve conditionally linear systems" in message and "\n" not in message
    gc.collect()
    assert capfd.readouterr() == ("", "")


UNITS = ["nS/mV", "nA/mV**2", "mV/ms**0.5", "pF", "Mohm", "mM", "ohm*meter", "kelvin", "1/second**2"]


@pytest.mark.parametrize("unit", UNITS)
def test_parameters_may_have_any_unit(write, unit):
    text = changed(
        GOOD["neuron"],
        ("from brian2 import ms", "from brian2 import *"),
        ("half = 0.5*v", "half = 0.5*v*q/q"),
        ('"v_th": 1.0', f'"v_th": 1.0, "q": 3*{unit}'),
    )
    path = write(text)
    assert check("neuron", path, build=False) == []
    c = compose(models=dict(neuron=path))
    assert Equations(c.neurons.equations)["q"].dim == c.parameters["q"].dim


def test_a_membrane_in_volts_passes(write):
    text = changed(
        GOOD["neuron"],
        ("import ms", "import ms, mV"),
        ("gain_below*I_syn - v)/tau_m : 1", "gain_below*I_syn - v)/tau_m : volt"),
        ("/tau_syn : 1", "/tau_syn : volt"),
        ("0.5*v : 1", "0.5*v : volt"),
        ("+= w", "+= w*mV"),
        ('"v_th": 1.0', '"v_th": 15*mV'),
    )
    path = write(text)
    assert check("neuron", path, build=False) == []
    assert "v = 0*volt" in compose(models=dict(neuron=path)).neurons.at_epoch_start


def test_check_uses_the_other_models_that_it_is_given(write):
    rule = write(changed(GOOD["rule"], ("x_post*z_pre", "u_post*z_pre")))
    neuron = write(changed(GOOD["neuron"], ("half = 0.5*v", "u = 0.5*v")), "with_u.py")
    assert check("rule", rule, neuron=neuron, build=False) == []
    with pytest.raises(ModelError, match="'u_post' is not defined"):
        check("rule", rule, build=False)


# -- composition ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("names", COMBINATIONS, ids="-".join)
def test_all_strings_are_shown_verbatim(names):
    chosen = dict(zip(FF_KINDS, names, strict=True))
    shown = {line.strip() for line in str(compose(models=chosen)).splitlines()}
    for kind, name in chosen.items():
        if kind == "optimizer" and compose(models=chosen).online:
            continue
        model = load(kind, name)
        for key, text in model.strings.items():
            if key.partition("_")[0] in (
                "surrogate",
                "excess",
                "derivative",
                "memory",
                "response",
                "goodness",
                "credit",
                "slow",
                "total",
            ):
                continue  # only where the rule asks for it
            if key in ("needs", "holds", "spikes", "spike_time", "channel_initial", "readout_speed", "initial_limit"):
                continue  # for protocols and Python, not for the network
            if key == "initial":  # a dictionary
                assert all(any(line.startswith(f"{name} = ") for line in shown) for name in text)
                continue
            for line in filter(str.strip, text.splitlines()):
                expected = line.strip()
                if key == "learns_when":
                    assert any(f"({expected})" in s for s in shown)
                else:
                    assert expected in shown, f"{name}: {key}"


def test_the_condition_of_rows_is_shown():
    assert load("rule", "symba")["rows"] in str(compose(models=dict(rule="symba")))


def test_the_integration_method_is_shown(write):
    path = write(changed(GOOD["neuron"], ("reset =", 'method = "rk4"\nreset =')))
    assert "rk4" in str(compose(models=dict(neuron=path)))


def test_parameters_are_shown_with_their_values():
    shown = str(compose(parameters={"tau_m": 7 * ms})).split("[parameters]")[1]
    assert "tau_m = 7. ms" in shown and "alpha = 6.0" in shown


def test_initial_values_are_set_at_the_start_of_an_epoch(write):
    path = write(changed(GOOD["neuron"], ("reset =", 'initial = {"v": "0.5*v_th"}\nreset =')))
    at_start = compose(models=dict(neuron=path)).neurons.at_epoch_start.split("\n")
    assert "v = 0.5*v_th" in at_start and "I_syn = 0" in at_start


def test_initial_values_may_be_quantities(write):
    text = changed(
        GOOD["neuron"],
        ("import ms", "import ms, mV"),
        ("half = 0.5*v : 1", "du/dt = -u/tau_m : volt"),
        ("reset =", 'initial = {"u": 5*mV}\nreset ='),
    )
    (line,) = [
        s for s in compose(models=dict(neuron=write(text))).neurons.at_epoch_start.split("\n") if s.startswith("u =")
    ]
    assert parse_parameter(line)[1] == 5 * mV


def test_traces_are_remembered_before_they_are_reset():
    for group, pair in (("neurons", ("derivative_last = derivative", "x = 0")), ("layer", ("g_last = g", "G = 0"))):
        lines = getattr(compose(models=dict(rule="symba")), group).at_epoch_start.split("\n")
        assert lines.index(pair[0]) < lines.index(pair[1])


def test_a_neuron_is_reset_before_its_trace_jumps():
    assert [s for s in compose(models=dict(neuron="lif")).neurons.reset.split("\n") if s] == ["v -= v_th", "x += 1"]


def test_input_and_neurons_share_the_trace_but_not_the_membrane():
    c = compose()
    assert "x" in Equations(c.input.equations).names and "x" in Equations(c.neurons.equations).names
    assert "v" not in Equations(c.input.equations).names


def test_the_input_layer_has_goodness_but_no_modulator():
    c = compose(models=dict(rule="symba"))
    assert {"g", "gain"} <= Equations(c.input_layer.equations).names
    assert "M" not in Equations(c.input_layer.equations).names
    assert "M" in Equations(c.layer.equations).names


GROUPS = ("input", "neurons", "input_layer", "layer")


@pytest.mark.parametrize("names", COMBINATIONS, ids="-".join)
def test_parameters_are_declared_where_they_are_used_and_nowhere_else(names):
    c = compose(models=dict(zip(FF_KINDS, names, strict=True)))
    parts = {name: (getattr(c, name).equations, vars(getattr(c, name))) for name in GROUPS}
    parts["synapses"] = (c.synapses.model, vars(c.synapses))
    # what has no declarations of its own
    of_layer = c.layer_on_spike + c.layer_max + c.layer_sum
    elsewhere = {"layer": of_layer, "input_layer": c.layer_on_spike, "neurons": c.lateral}
    without = ("equations", "model", "settle_condition")  # in which synapses see what their neurons share
    for part, (equations, strings) in parts.items():
        declared = Equations(equations)
        text = "\n".join(str(v) for k, v in strings.items() if isinstance(v, str) and k not in without)
        text += "\n".join(str(eq.expr) for eq in declared.values() if eq.expr is not None)
        words = set(re.findall(r"[A-Za-z_]\w*", text + "\n" + elsewhere.get(part, "")))
        for name in c.parameters:
            assert (name in declared.names) == (name in words), f"{part}: {name}"
            assert (name in strings["parameters"]) == (name in words), f"{part}: {name}"


def test_parameters_are_shared_and_constant():
    flags = {eq.varname: set(eq.flags) for eq in Equations(compose().neurons.equations).values()}
    assert flags["tau_m"] == {"shared", "constant"}


def test_links_lead_to_the_own_layer_and_the_one_below():
    c = compose()
    assert c.neurons.links == {"gain_layer": ("layer", "gain"), "gain_below": ("below", "gain")}
    shown = ("shown_image", "shown_label", "presentation")
    assert c.input.links == {f"{name}_layer": ("layer", name) for name in ("gain", *shown)}


@pytest.mark.parametrize(
    "optimizer, expected",
    [("sgd", ["w", "dw"]), ("adam", ["w", "dw", "m1", "m2", "n_updates"])],
)
@pytest.mark.parametrize(
    "rule", [name for name in available("rule") if not compose(models=with_partners(dict(rule=name))).online]
)
def test_a_checkpoint_holds_the_variables_of_rule_and_optimizer(rule, optimizer, expected):
    models = with_partners(dict(rule=rule, optimizer=optimizer))
    assert compose(models=models).state_variables() == expected


def test_a_checkpoint_holds_the_synaptic_variables_of_a_file(write):
    path = write(changed(GOOD["rule"], ('"dw : 1"', '"dw : 1\\neligibility : 1"')))
    assert compose(models=dict(rule=path, optimizer="sgd")).state_variables() == ["w", "dw", "eligibility"]


def test_a_rule_may_use_the_length_of_the_epoch_in_its_synapses(write):
    path = write(changed(GOOD["rule"], ("dw += M_layer", "dw += second/T_epoch*M_layer")))
    assert compose(models=dict(rule=path, optimizer="sgd")).state_variables() == ["w", "dw"]


def test_synapses_learn_only_where_they_are_plastic():
    c = compose(models=dict(rule="symba"))
    assert c.synapses.condition == "plastic and t > 0*second and (phase_layer < 0)"
    assert c.synapses.update_condition.startswith("plastic and ")


def test_a_rule_without_condition_learns_in_every_learning_phase(write):
    path = write(changed(GOOD["rule"], ('learns_when = "phase_layer != 0"\n', "")))
    assert "(phase_layer != 0)" in compose(models=dict(rule=path)).synapses.condition


def test_a_neuron_without_on_pre_gets_the_usual_synapse(write):
    path = write(changed(GOOD["neuron"], ('on_pre = "I_syn_post += w"\n', "")))
    assert check("neuron", path, build=False) == []
    assert compose(models=dict(neuron=path)).synapses.on_pre == "I_syn_post += w"


def test_a_neuron_without_on_pre_needs_a_variable_for_the_usual_synapse(write, error_of):
    text = changed(GOOD["neuron"], ('on_pre = "I_syn_post += w"\n', "")).replace("I_syn", "J")
    assert "on_pre" in error_of("neuron", text)


def test_the_exponential_euler_method_is_the_default():
    assert compose().neurons.method == "exponential_euler"


def test_composing_twice_gives_the_same():
    assert str(compose()) == str(compose())


def test_parameters_stay_numbers_of_the_unit_they_came_with():
    for value in compose().parameters.values():
        assert np.ndim(value) == 0 and np.isfinite(np.asarray(value))


def test_a_neuron_s_statements_of_a_step_come_before_the_rule_s(write):
    neuron = write(changed(GOOD["neuron"], ("reset =", 'on_step = "v = clip(v, -1, 1)"\nreset =')))
    rule = write(changed(GOOD["rule"], ("synapse =", 'on_step = "x_last += x"\nsynapse =')), "rule.py")
    steps = [s for s in compose(models=dict(neuron=neuron, rule=rule)).neurons.on_step.split("\n") if s]
    assert steps == ["v = clip(v, -1, 1)", "x_last += x"]


def test_hidden_neurons_have_what_random_numbers_need_only_if_they_use_it(write):
    assert not {"seed", "channel", "presentation", "entry"} & Equations(compose().neurons.equations).names
    noise = 'on_step = "v += uniform(seed, presentation, t_in_timesteps, channel)"\nreset ='
    c = compose(models=dict(neuron=write(changed(GOOD["neuron"], ("reset =", noise)))))
    assert {"seed", "channel", "presentation", "entry"} <= Equations(c.neurons.equations).names
    assert c.neurons.links["seed"] == ("input", "seed")
    assert "presentation = presentation_index(epoch_index*second, entry)" in c.neurons.at_epoch_start


@pytest.mark.parametrize("name", ["seed", "channel", "presentation", "entry", "uniform"])
def test_a_neuron_cannot_define_the_names_of_random_numbers(error_of, name):
    assert "brianff" in error_of("neuron", changed(GOOD["neuron"], ("half = 0.5*v", f"{name} = 0.5*v")), build=False)


# -- a file that differs from another ----------------------------------------------------------------------------------
def test_a_model_may_build_upon_another(write):
    lif = load("neuron", "lif")
    first = load("neuron", write('"""First."""\nbase = "lif"\nreset = "v = 0"\nsurrogate = ""\n', "first.py"))
    assert first.strings == {k: v for k, v in lif.strings.items() if k != "surrogate"} | {"reset": "v = 0"}
    assert "width" in lif.parameters and "width" not in first.parameters  # nothing uses it any more
    second = load("neuron", write('"""Second."""\nbase = "first.py"\nparameters = {"v_th": 2.0}\n', "second.py"))
    assert second.strings == first.strings and second.parameters == first.parameters | {"v_th": 2.0}
    assert second.docstring == "Second." and second.where("equations") == lif.where("equations")
    assert check("neuron", second) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('base = "liff"', "mine.py:1: base: .*Did you mean 'lif'"),
        ("base = 3", "mine.py:1: 'base' must be the name of a neuron or a file, not 3"),
        ('base = "mine.py"', "mine.py:1: the base 'mine.py' builds upon this file"),
        ('base = "absent.py"', "mine.py:1: base: .*absent.py: there is no such file"),
        ('base = "lif"\nrest = "v = 0"', "mine.py:2: a neuron has no 'rest'. Did you mean 'reset'"),
    ],
)
def test_what_is_wrong_with_a_base_is_one_sentence(text, message, write):
    with pytest.raises(ModelError, match=message):
        load("neuron", write(text + "\n"))
