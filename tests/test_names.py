"""Names that meet: two files may use the same name, and each keeps its own meaning, with the same spikes."""

import numpy as np
import pytest
from brian2 import ms

from brianff.devices import simulator
from brianff.equations.compose import compose
from brianff.equations.kinds import FEEDBACK, KINDS, available
from brianff.equations.model import load
from brianff.errors import ModelError
from brianff.learning.phases import POSITIVE, Phases
from brianff.network.architecture import Architecture
from brianff.network.trial import check

# Names that people give, and that other files, brianff, its templates, Brian2's, NumPy or C++ use for something else.
AWKWARD = """
m h s u z G k n side row spike g x label phase delay mean beta1 batch rate gradient theta alpha beta z_last M m1
n_updates pixel is_pixel step intensity learning_rate event code columns col n_neurons score memory derivative
surrogate dw tau_x gain g_last order name clock start stop n_steps events double register new auto short NULL EOF
range len owner variables std min array index indices idx S E I Q O gamma zeta f y a b c d A B equations namespace
source target_rate active state layer input dtype change tile block fired count first size l spikes cond scale
epoch_index epoch_length epoch_began
""".split()


def neuron(variables=(), local=(), parameters=()):
    """A neuron in which every name has a part; its spikes do not depend on what they are called."""
    equations = [
        "dv/dt = (gain_below*I_syn - v)/tau_m : 1",
        "dI_syn/dt = -I_syn/tau_syn : 1",
        *(f"d{name}/dt = -{name}/tau_m : 1" for name in variables),
        f"lift = 0.01*({' + '.join(['0', *variables, *parameters])}) : 1",
    ]
    reset = ["v -= 1", *(f"{name} += 1 - 0.05*v" for name in variables)]
    last = "v"
    for name in local:
        reset += [f"{name} = 0.9*{last} + 0.01"]
        last = name
    values = {name: round(0.3 + 0.01 * k, 3) for k, name in enumerate(parameters)}
    shown = (
        "{" + "".join(f'"{name}": {value}, ' for name, value in values.items()) + '"tau_m": 20*ms, "tau_syn": 50*ms}'
    )
    lines = "\n".join
    return (
        f'"""A neuron."""\n\nfrom brian2 import ms\n\nequations = """\n{lines(equations)}\n"""\n'
        'threshold = "v > 1 + lift"\n'
        f'reset = """\n{lines([*reset, f"v = {last}"])}\n"""\nparameters = {shown}\n'
    )


def outcome(composition, device="runtime"):
    """Spikes, traces and weights after three pairs of phases; of a feedback network, spikes and weights."""
    feedback = "loss" in composition.models
    a = Architecture(6, 2, layers=(5, 2), label_neurons=1, batch=2, n_steps=40, capacity=6, images=6)
    rng = np.random.default_rng(1)
    six = np.arange(6)
    schedule = Phases.paired().schedule((six, [0, 1] * 3, 2 * six), (six, [1, 0] * 3, 2 * six + 1), a)
    if feedback:
        schedule = POSITIVE.schedule((six, [0, 1] * 3, six), (six, [0, 1] * 3, six), a)
    rates = np.full(a.capacity + 1, 0.05)
    inputs = schedule.inputs(a) | {f"learning_rate_at{n}": rates for n in (1, 2)} | composition.parameter_inputs(a)
    inputs |= {"images": rng.uniform(0.2, 1, (6, 6))}
    for n in (1, 2):
        inputs[f"synapses{n}.w"] = rng.normal(1, 1, a.sizes[n - 1] * a.sizes[n])
        inputs[f"synapses{n}.plastic"] = True
    with simulator(device, a, composition, record=True).run(inputs, len(schedule)) as results:
        found = [results[f"synapses{n}.w"] for n in (1, 2)] + [results[f"spikes{n}.t"] for n in range(3)]
        found = [np.array(f, dtype=float).ravel() for f in found]
    assert len(found[-1]) and len(found[-2]), "no spikes"
    return np.concatenate(found)


@pytest.fixture
def written(tmp_path):
    def written(**names):
        path = tmp_path / f"mine{len(list(tmp_path.iterdir()))}.py"
        path.write_text(neuron(**names))
        return path

    return written


def plain(n, role):
    return [f"{role}_of_mine_{k}" for k in range(n)]


@pytest.mark.parametrize(("rule", "role"), [("symba", "variables"), ("r_stdp", "local"), ("csdp", "parameters")])
def test_names_of_a_neuron_do_not_matter(written, rule, role):
    """All awkward names at once, as variables, as variables of one string, or as parameters: the same, bit for bit."""
    others = {"rule": rule, "encoder": "poisson_rate"}
    file = written(**{role: AWKWARD})
    assert check("neuron", file, build=False, **others) == []
    found = outcome(compose(models=dict(neuron=file, **others)))
    expected = outcome(compose(models=dict(neuron=written(**{role: plain(len(AWKWARD), role)}), **others)))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.compiler
def test_names_of_a_neuron_do_not_matter_in_cpp(written):
    roles = {role: AWKWARD[k::3] for k, role in enumerate(("variables", "local", "parameters"))}
    others = {"rule": "r_stdp", "encoder": "poisson_rate"}
    found = outcome(compose(models=dict(neuron=written(**roles), **others)), "cpp")
    expected = outcome(
        compose(models=dict(neuron=written(**{r: plain(len(n), r) for r, n in roles.items()}), **others))
    )
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("role", ["variables", "local", "parameters"])
def test_names_of_a_neuron_do_not_matter_in_a_network_with_feedback(written, role):
    names = [name for name in AWKWARD if name not in ("A", "B", "c", "tau_s")] + [
        "F",
        "delta",
        "n_spikes",
        "noise",
        "u1",
    ]
    others = {"eligibility": "surrogate", "feedback": "dfa", "neuron": None}

    def composed(names):
        text = neuron(**{role: names}).replace("tau_m", "tau_s") + 'surrogate = "1/(1 + abs(v - 1))"\n'
        path = written()
        path.write_text(text)
        return compose(FEEDBACK, others | {"neuron": path})

    np.testing.assert_array_equal(outcome(composed(names)), outcome(composed(plain(len(names), role))))


@pytest.mark.parametrize("kind", ["encoder", "goodness", "rule", "optimizer"])
def test_names_of_other_files_do_not_matter(kind, tmp_path):
    """The library's own files with all that they define called as the neuron's variables are: the same outcome."""
    own = {
        "encoder": "next_spike delay dark t_code",
        "goodness": "tau_x floor_x2",
        "optimizer": "m1 rate gradient beta1",
    }
    names = own.get(kind, "z z_last derivative_last g_last M alpha").split()
    path = tmp_path / "mine.py"
    path.write_text(neuron(variables=names))
    found = outcome(compose(models=dict(neuron=path)))
    path.write_text(neuron(variables=plain(len(names), "v")))
    np.testing.assert_array_equal(found, outcome(compose(models=dict(neuron=path))))


def test_only_what_meets_is_renamed(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(neuron(variables=["z", "phase", "my_own"], local=["rate", "elsewhere"], parameters=["alpha"]))
    shown = str(compose(models=dict(neuron=path)))
    for name in ("z_of_rule", "z_of_rule_pre", "rate_of_optimizer", "alpha_of_rule"):
        assert name in shown
    for name in ("z_of_neuron", "phase_of_neuron", "my_own_of_neuron", "elsewhere_of_neuron", "alpha_of_neuron"):
        assert name not in shown
    assert "dz_of_rule/dt" in shown and "dz/dt" in shown


def test_library_models_keep_their_names():
    for kind in ("neuron", "encoder", "goodness", "rule"):
        for name in available(kind):
            try:
                composition = compose(models={kind: name})
            except ModelError:
                continue
            assert composition.isolated.renamed == {}, name


def test_messages_use_the_names_of_the_file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(neuron(variables=["label", "double"]).replace("-double/tau_m", "-double*label"))
    with pytest.raises(
        ModelError, match=r"mine\.py:9: wrong unit: the right-hand side of ddouble/dt has the unit 1, not"
    ):
        check("neuron", path, build=False)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("what", ["variable", "parameter"])
def test_what_strings_are_given_cannot_be_defined(kind, what, tmp_path):
    """Of every name at hand, the sentence says the user's file and line first."""
    default = FEEDBACK.defaults.get(kind) or load(kind, available(kind)[0]).name
    key = next((k for k, s in KINDS[kind].strings.items() if s.sort == "equations" and s.group != "layers"), None)
    for name in sorted(KINDS[kind].at_hand - {"lastspike", "not_refractory", "dw"}):
        path = tmp_path / "mine.py"
        model = load(kind, default)
        if what == "parameter":
            path.write_text(f'base = "{default}"\n\nparameters = {{"{name}": 1.0}}\n')
        else:
            before = model[key].replace('"', "")
            path.write_text(f'base = "{default}"\n{key} = """{name} : 1\n{before}"""\n')
        line = 3 if what == "parameter" else 2
        with pytest.raises(ModelError) as caught:
            check(kind, path, build=False)
        assert str(caught.value).startswith(f"{path}:{line}: "), str(caught.value)
        assert f"'{name}'" in str(caught.value) and "rename" in str(caught.value) or "name" in str(caught.value)


@pytest.mark.parametrize("name", ["v_pre", "v_post", "v_layer", "gain_below"])
def test_a_name_that_means_the_variable_of_another_group_is_refused(name, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(neuron(variables=[name]))
    with pytest.raises(ModelError, match=rf"mine\.py:8: '{name}' is also defined as what strings call .*: rename it"):
        compose(models=dict(neuron=path))


def test_a_file_that_reads_a_name_of_two_others_is_refused(tmp_path):
    mine, rule = tmp_path / "mine.py", tmp_path / "rule.py"
    mine.write_text(neuron(parameters=["tau_x"]))
    rule.write_text('base = "symba"\nneuron = """derivative_last : 1\nreads = tau_x/second : 1"""\n')
    with pytest.raises(
        ModelError, match=r"rule\.py:3: 'tau_x' is defined in .*mine\.py:\d+ and in .*sum_of_squares.py:\d+"
    ):
        compose(models=dict(neuron=mine, rule=rule))


def test_a_local_variable_with_the_name_of_another_file_s_variable_is_refused_in_a_rule_of_yours(tmp_path):
    rule = tmp_path / "rule.py"
    rule.write_text('base = "symba"\nneuron_at_epoch_end = """\nv = 2\nderivative_last = v\n"""\n')
    with pytest.raises(
        ModelError, match=r"rule\.py:3: 'v' is also defined in .*lif\.py:\d+: if a variable of this string"
    ):
        compose(models=dict(rule=rule))


# -- parameters of the same name -----------------------------------------------------------------------------------
@pytest.fixture
def two_thetas(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(neuron(parameters=["theta"]))
    return {"neuron": path, "rule": "forward_forward"}


def test_parameters_of_the_same_name_belong_to_their_files(two_thetas):
    c = compose(models=two_thetas)
    assert (c.parameters["theta"], c.parameters["theta_of_rule"]) == (0.3, 1.0)
    c = compose(models=two_thetas, parameters={"rule.theta": 2.0, "neuron.theta": 0.5, "tau_m": 10 * ms})
    assert (c.parameters["theta"], c.parameters["theta_of_rule"], c.parameters["tau_m"]) == (0.5, 2.0, 10 * ms)


def test_an_override_of_two_parameters_asks_which(two_thetas):
    with pytest.raises(
        ModelError, match=r"'theta' is 0.3 in .*mine.py and 1.0 in .*: say which with neuron.theta or rule"
    ):
        compose(models=two_thetas, parameters={"theta": 2.0})
    with pytest.raises(ModelError, match="no chosen model has a parameter 'optimizer.theta'"):
        compose(models=two_thetas, parameters={"optimizer.theta": 2.0})


def test_equal_parameters_of_two_files_are_one(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        neuron().replace('"tau_m": 20*ms', '"tau_m": 20*ms, "tau_x": 100*ms').replace("-I_syn/tau_syn", "-I_syn/tau_x")
    )
    c = compose(models=dict(neuron=path))
    assert "tau_x" in c.parameters and "tau_x_of_goodness" not in c.parameters
    c = compose(models=dict(neuron=path), parameters={"tau_x": 50 * ms})
    assert c.parameters["tau_x"] == 50 * ms
    assert (
        compose(models=dict(neuron=path), parameters={"goodness.tau_x": 50 * ms}).parameters["tau_x_of_goodness"]
        == 50 * ms
    )
