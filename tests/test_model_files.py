"""What a model file may hold beside strings: helper constants, functions, courses of time, resources, numbers."""

import numpy as np
import pytest
from brian2 import Hz, have_same_dimensions, ms

from brianff.devices import simulator
from brianff.equations.compose import compose
from brianff.equations.kinds import FEEDBACK
from brianff.equations.model import load
from brianff.errors import ModelError
from brianff.learning.forward_forward import ForwardForward
from brianff.learning.phases import POSITIVE
from brianff.network.architecture import Architecture
from brianff.network.trial import check

NEURON = '''"""A neuron."""

import numpy as np
from brian2 import Hz, TimedArray, ms, mV, second

equations = """
dv/dt = (gain_below*I_syn - v)/tau_m : 1
dI_syn/dt = -I_syn/tau_syn : 1
"""
threshold = "v > 1"
reset = "v = 0"
parameters = {"tau_m": 20*ms, "tau_syn": 100*ms}
'''


@pytest.fixture
def neuron(tmp_path):
    """Writes the neuron with changes, and lines at its end."""

    def neuron(*changes, more=""):
        text = NEURON
        for old, new in changes:
            assert text.count(old) == 1
            text = text.replace(old, new)
        path = tmp_path / f"mine{len(list(tmp_path.iterdir()))}.py"
        path.write_text(text + more)
        return path

    return neuron


def traces(composition, *variables, device="runtime", epochs=2, level=1, **inputs):
    """Variables of the neurons of a layer in every time step: (neurons, steps) arrays."""
    a = Architecture(4, 2, (3,), label_neurons=1, batch=1, n_steps=20, capacity=epochs, images=2)
    rng = np.random.default_rng(0)
    shown = np.arange(epochs) % 2, np.arange(epochs) % 2, np.arange(epochs)
    schedule = POSITIVE.schedule(shown, shown, a)
    given = schedule.inputs(a) | composition.parameter_inputs(a) | {"images": rng.uniform(0.3, 1, (2, 4))}
    given |= {"synapses1.w": rng.normal(1, 1, a.sizes[0] * a.sizes[1])} | inputs
    with simulator(device, a, composition, record=True).run(given, epochs) as results:
        found = [np.array(results[f"traces{level}.{name}"]) for name in variables]
    # one record a step, of all neurons; NumPy's are flat
    return [values.reshape(-1, a.sizes[level]).T.copy() for values in found]


# -- constants -----------------------------------------------------------------------------------------------------
def test_numbers_under_names_of_their_own_make_parameters(neuron):
    path = neuron(("20*ms", "2*tau"), ("reset =", "tau = 10*ms\nreset ="))
    assert load("neuron", path).parameters == {"tau_m": 20 * ms, "tau_syn": 100 * ms}


def test_a_constant_that_strings_use_is_a_parameter(neuron):
    path = neuron(("v > 1", "v > top"), more="top = 1.5\nunused = 3*mV\n")
    assert check("neuron", path) == []
    assert load("neuron", path).parameters == {"tau_m": 20 * ms, "tau_syn": 100 * ms, "top": 1.5}
    assert compose(models=dict(neuron=path), parameters={"top": 2.0}).neurons.parameters["top"] == 2.0


@pytest.mark.parametrize("name", ["thresold", "refractry", "reset_", "paramters", "methd", "on_prex"])
def test_a_constant_with_nearly_the_name_of_a_string_is_a_typing_error(neuron, name):
    with pytest.raises(ModelError, match=rf"mine0\.py:13: a neuron has no '{name}'. Did you mean"):
        load("neuron", neuron(more=f"{name} = 2*ms\n"))


@pytest.mark.parametrize("value", ["[1, 2]", "np.ones(3)", "(1, 2)", "{}", "1j", "float('inf')", "1 < 2", "ms.dim"])
def test_a_constant_is_one_number(neuron, value):
    with pytest.raises(
        ModelError, match=r"mine0\.py:13: a neuron has no 'area' \(another name may stand for one finite"
    ):
        load("neuron", neuron(more=f"area = {value}\n"))


# -- functions -----------------------------------------------------------------------------------------------------
def test_functions_are_put_into_the_strings_that_call_them(neuron):
    functions = 'functions = {"relu(x)": "clip(x, 0, inf)", "above(x, y)": "relu(x - y) > 0"}\n'
    path = neuron(
        ("gain_below*I_syn - v", "relu(gain_below*I_syn) - v"), ("v > 1", "above(v, 2*(1 + 0.5))"), more=functions
    )
    assert check("neuron", path) == []
    model = load("neuron", path)
    assert "dv/dt = ((clip((gain_below*I_syn), 0, inf)) - v)/tau_m : 1" in model["equations"]
    assert model["threshold"] == "((clip(((v) - (2*(1 + 0.5))), 0, inf)) > 0)"


def test_functions_give_the_same_as_what_they_stand_for(neuron):
    called = neuron(("gain_below*I_syn - v", "half(gain_below*I_syn) - v"), more='functions = {"half(x)": "x/2"}\n')
    plain = neuron(("gain_below*I_syn - v", "gain_below*I_syn/2 - v"))
    np.testing.assert_array_equal(*(traces(compose(models=dict(neuron=path)), "v")[0] for path in (called, plain)))


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        ('{"f(x)": "g(x)", "g(x)": "f(x)"}', "call each other for ever"),
        ('{"f(x, y)": "x + y"}', r"f\(x, y\) is called with 1 arguments"),
    ],
)
def test_a_wrong_call_has_the_line_of_the_call(neuron, functions, message):
    with pytest.raises(ModelError, match=rf"mine0\.py:10: .*{message}"):
        load("neuron", neuron(("v > 1", "f(v) > 1"), more=f"functions = {functions}\n"))


def test_a_python_function_is_answered_with_the_way_out(neuron):
    with pytest.raises(ModelError, match=r"mine0\.py:13: .*functions = \{\"relu\(x\)\": \"clip"):
        load("neuron", neuron(more="def relu(x):\n    return x*(x > 0)\n"))


# -- courses of time -----------------------------------------------------------------------------------------------
COURSE = [
    ("dv/dt = (gain_below*I_syn - v)/tau_m : 1", "v : 1\ndq/dt = drive(t_in_epoch)/mV/ms : 1"),
    ("reset = ", 'on_step = "v = drive(t_in_epoch)/mV"\nreset = '),
]
DRIVE = "drive = TimedArray(np.arange(10)/10*mV, dt=2*ms)\n"


def test_a_course_of_time_begins_with_every_stimulus_epoch(neuron):
    c = compose(models=dict(neuron=neuron(*COURSE, more=DRIVE)))
    (v,) = traces(c, "q")
    expected = np.cumsum(np.repeat(np.arange(10) / 10, 2))
    np.testing.assert_allclose(v[0, :20], expected, atol=1e-12)
    np.testing.assert_allclose(v[0, 20:40], expected, atol=1e-12)
    assert "drive: 10 values, every 2. ms" in str(c)


def test_a_course_of_time_is_an_input_of_the_run(neuron):
    c = compose(models=dict(neuron=neuron(*COURSE, more=DRIVE)))
    assert np.allclose(c.parameter_inputs(Architecture(4, 2, (3,)))["drive"], np.arange(10) / 10 * 1e-3)
    (q,) = traces(c, "q", drive=np.full(10, 1e-3))
    np.testing.assert_allclose(q[0, :20], np.arange(1, 21), atol=1e-12)


@pytest.mark.compiler
def test_a_course_of_time_in_cpp(neuron):
    c = compose(models=dict(neuron=neuron(*COURSE, more=DRIVE)))
    np.testing.assert_allclose(*(traces(c, "q", device=device)[0] for device in ("runtime", "cpp")), atol=1e-12)
    np.testing.assert_allclose(traces(c, "q", device="cpp", drive=np.ones(10))[0][0, 19], 20e3)


def test_a_course_of_time_of_two_files_with_one_name(neuron, tmp_path):
    encoder = tmp_path / "encoder.py"
    encoder.write_text(
        "import numpy as np\nfrom brian2 import TimedArray, ms\n"
        'equations = "level = drive(t_in_epoch) : 1"\nat_epoch_start = "own = intensity; presentation = int(own)"\n'
        'threshold = "level > 0.5"\ndrive = TimedArray(np.eye(10)[3], dt=2*ms)\n'
    )
    c = compose(models=dict(neuron=neuron(*COURSE, more=DRIVE), encoder=encoder))
    assert set(c.courses) == {"drive", "drive_of_encoder"}
    assert not have_same_dimensions(c.courses["drive"](0 * ms), c.courses["drive_of_encoder"](0 * ms))


@pytest.mark.parametrize(
    ("call", "drive", "message"),
    [
        ("drive(t)/mV", DRIVE, r":11: t counts on .* write drive\(t_in_epoch\)"),
        ("drive(v)/mV", DRIVE, r":11: wrong unit"),
        ("drive(t_in_epoch, i)", DRIVE, r":11: "),
        ("drive(t_in_epoch)", "drive = TimedArray(np.ones((3, 3)), dt=1*ms)\n", r":14: 'drive' must have one finite"),
        ("drive(t_in_epoch)", "drive = TimedArray([1, np.nan], dt=1*ms)\n", r":14: 'drive' must have one finite"),
    ],
)
def test_what_is_wrong_with_a_course_has_its_line(neuron, call, drive, message):
    path = neuron(("reset = ", f'on_step = "v = {call}"\nreset = '), more=drive)
    with pytest.raises(ModelError, match=rf"mine0\.py{message}"):
        check("neuron", path, build=False)


def test_other_kinds_have_no_courses(tmp_path):
    path = tmp_path / "rule.py"
    path.write_text('from brian2 import TimedArray, ms\nbase = "symba"\ndrive = TimedArray([1, 2], dt=1*ms)\n')
    with pytest.raises(ModelError, match=r"rule\.py:3: a rule has no course of time"):
        load("rule", path)


# -- what neurons have for those that they project to ----------------------------------------------------------------
STP = 'presynaptic = "dR/dt = (1 - R)/(200*ms) : 1"\npresynaptic_on_spike = "R -= 0.4*R"\ninitial = {"R": 1}\n'


def test_on_pre_reads_a_resource_before_the_spike_takes_of_it(neuron):
    path = neuron(
        ("tau_syn : 1", "tau_syn : 1\nseen : 1"), more=STP + 'on_pre = "I_syn_post += w*R_pre; seen_post += R_pre"\n'
    )
    assert check("neuron", path) == []
    c = compose(models=dict(neuron=path, encoder="regular_rate"), parameters={"rate_max": 100 * Hz})
    assert "R" in c.input.equations and "R = 1" in c.input.at_epoch_start and "R -= 0.4*R" in c.neurons.reset
    assert "R" not in c.last_neurons.equations.replace("R_", "")


def test_a_resource_in_a_network_with_feedback(neuron):
    more = STP + 'on_pre = "I_syn_post += w*R_pre"\nsurrogate = "1/(1 + abs(v - 1))"\n'
    path = neuron(('tau_m": 20*ms', 'tau_m": 20*ms, "tau_s": 20*ms'), more=more)
    c = compose(FEEDBACK, dict(neuron=path, eligibility="surrogate", feedback="dfa"))
    for part in (c.input, c.neurons):
        assert "dR/dt" in part.equations and "R -= 0.4*R" in part.reset and "R = 1" in part.at_epoch_start
    assert "dR/dt" not in c.last_neurons.equations


def test_a_resource_that_input_channels_do_not_have_is_answered_with_presynaptic(neuron):
    path = neuron(("tau_syn : 1", "tau_syn : 1\ndR/dt = (1 - R)/tau_m : 1"), more='on_pre = "I_syn_post += w*R_pre"\n')
    with pytest.raises(ModelError, match=r"mine0\.py:14: the name 'R_pre' is not defined: .* defined in 'presynaptic'"):
        check("neuron", path, build=False)


def test_a_resource_in_response_is_answered_with_presynaptic(neuron):
    more = 'response = "dR/dt = (1 - R)/tau_m : 1\\nresponse = R : 1"\non_pre = "I_syn_post += w*R_pre"\n'
    with pytest.raises(
        ModelError, match=r"mine0\.py:14: the name 'R_pre' is not defined: 'response' .* in 'presynaptic'"
    ):
        check("neuron", neuron(more=more), build=False)


# -- numbers and initial values ------------------------------------------------------------------------------------
@pytest.mark.parametrize("value", ["2*ms", "'2*ms'", "0.002*second"])
def test_a_refractory_period_may_be_a_quantity(neuron, value):
    path = neuron(("tau_m : 1", "tau_m : 1 (unless refractory)"), more=f"refractory = {value}\n")
    assert check("neuron", path) == []


def test_shared_variables_have_initial_values(neuron):
    path = neuron(
        ("tau_syn : 1", "tau_syn : 1\ntop : 1 (shared)\ntired : boolean\nk : integer"),
        ("v > 1", "v > top and not tired"),
        ('reset = "v = 0"', 'reset = """\nv = 0\nk += 1\ntired = k > 2\n"""'),
        more='initial = {"k": 0, "tired": False, "top": 0.5, "v": 0.1}\n',
    )
    assert check("neuron", path) == []
    c = compose(models=dict(neuron=path))
    assert c.neurons.at_epoch_start.startswith("top = 0.5\n")
    (v,) = traces(c, "v", epochs=2)
    assert v.shape == (3, 40 + 1) and np.isfinite(v).all()


@pytest.mark.parametrize(
    ("change", "method"),
    [
        (("gain_below*I_syn - v", "gain_below*I_syn + v**2"), "euler"),
        (("- v)/tau_m", "- v)/tau_m + xi/tau_m**0.5"), "euler"),
        (("- v)/tau_m", "- v)/tau_m + v*xi/tau_m**0.5"), "heun"),
        (("gain_below*I_syn - v", "gain_below*I_syn - 2*v"), None),
    ],
)
def test_the_method_follows_from_the_equations(neuron, change, method):
    path = neuron(change)
    notes = [note for note in check("neuron", path) if "Euler" in note]
    assert compose(models=dict(neuron=path)).neurons.method == (method or "exponential_euler")
    assert len(notes) == bool(method)
    for note in notes:
        assert note.startswith(f"{path}:7: exponential Euler cannot integrate 'v': the method is {method}.")


# -- where a mistake is found ----------------------------------------------------------------------------------------
def test_a_file_is_checked_before_a_network_is_made_of_it(neuron):
    """Without `brianff check`: not an error of Brian2's, and not after compiling."""
    path = neuron(("-I_syn/tau_syn", "-I_syn"))
    for device in ("runtime", "cpp"):
        with pytest.raises(ModelError, match=r"mine0\.py:8: wrong unit: the right-hand side of dI_syn/dt"):
            ForwardForward("digits", neuron=path, device=device)


def test_a_membrane_that_is_no_number_is_noticed(neuron):
    path = neuron(("- v)/tau_m", "- v + 1)/tau_m/C"), ('"tau_m": 20*ms', '"C": 0.0, "tau_m": 20*ms'))
    with pytest.raises(ModelError, match=r"mine0\.py:7: 'v' is not a finite number after one time step"):
        check("neuron", path)
