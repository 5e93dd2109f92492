"""The brianff command: what it prints, what it returns, and one sentence for each error."""

import pytest

import brianff.command_line.commands
from brianff.command_line.main import main
from brianff.equations.compose import compose
from brianff.equations.kinds import FORWARD_FORWARD, KINDS, available
from brianff.equations.model import load
from brianff.errors import BrianffError, DivergenceError, ModelError, OptionError, UnsupportedError

NEURON = '''"""A neuron."""

from brian2 import ms

equations = """
dv/dt = (gain_below*I_syn - v)/tau_m : 1
dI_syn/dt = -I_syn/tau_syn : 1
"""
threshold = "v > v_th"
reset = "v -= v_th"
parameters = {"tau_m": 20*ms, "tau_syn": 100*ms, "v_th": 1.0}
'''
BROKEN = NEURON.replace("-I_syn/tau_syn", "-I_syn")  # on line 7


@pytest.fixture
def run(capsys):
    """Runs the command; returns exit status, standard output and error output."""

    def run(*arguments):
        status = main([str(a) for a in arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.fixture
def failure(run):
    """Runs a command that must fail with one line; returns that line."""

    def failure(*arguments):
        status, out, err = run(*arguments)
        assert status == 1
        assert out == ""
        assert err.startswith("error: ") and err.count("\n") == 1 and err.endswith("\n")
        return err.strip()

    return failure


@pytest.fixture
def neuron(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(NEURON)
    return path


@pytest.fixture
def broken(tmp_path):
    path = tmp_path / "broken.py"
    path.write_text(BROKEN)
    return path


# -- show ----------------------------------------------------------------------------------------------------------
def test_show_prints_the_composition(run):
    assert run("show") == (0, f"{compose()}\n", "")


def test_show_takes_a_model_of_each_kind(run):
    _, out, _ = run("show", "--neuron", "integrate_and_fire", "--encoder", "poisson_rate", "--rule", "forward_forward",
                    "--optimizer", "sgd")  # fmt: skip
    assert out.startswith(
        "# neuron integrate_and_fire, encoder poisson_rate, goodness sum_of_squares, rule forward_forward, "
        "optimizer sgd\n"
    )
    assert "dw += M_layer*derivative_post*z_pre" in out and "beta1" not in out


def test_models_of_another_kind_of_learning_are_refused(run, failure):
    _, out, _ = run("show", "--feedback", "dfa", "--optimizer", "sgd")
    assert "optimizer sgd" in out and "feedback dfa" in out
    assert "--rule and --feedback do not go together" in failure("show", "--feedback", "dfa", "--rule", "symba")
    loss = load("loss", "spike_count").path
    assert "--goodness and --loss do not go together" in failure("check", loss, "--goodness", "linear")
    assert "there is no neuron 'lief'" in failure("check", loss, "--neuron", "lief")


def test_show_takes_a_file(run, neuron):
    _, out, _ = run("show", "--neuron", neuron)
    assert "dI_syn/dt = -I_syn/tau_syn : 1" in out and "neuron mine" in out


def test_show_replaces_parameters(run):
    _, out, _ = run("show", "--set", "tau_m=7*ms", "--set", "alpha=2")
    assert "tau_m = 7. ms" in out and "alpha = 2\n" in out


@pytest.mark.parametrize("setting", ["tau_m", "tau_m=", "tau_m=7", "tau_m=7*mV", "tau_q=7*ms", "tau_m=seven"])
def test_show_refuses_a_wrong_setting_in_one_line(failure, setting):
    assert setting.split("=")[0] in failure("show", "--set", setting)


def test_an_unknown_model_suggests(failure):
    assert "there is no neuron 'lief'. Did you mean 'lif'?" in failure("show", "--neuron", "lief")


def test_a_missing_file_is_named(failure):
    assert "nowhere.py: there is no such file" in failure("show", "--neuron", "nowhere.py")


def test_show_has_dale_s_principle(run):
    assert "sign_of_w" in run("show", "--dale")[1] and "sign_of_w" not in run("show")[1]


def test_show_says_what_is_not_to_be_trained(run):
    status, out, err = run("show", "--rule", "csdp")
    assert status == 0 and out and err.startswith("note: not to be trained: the rule csdp learns where")


def test_a_missing_file_to_check_is_named(failure):
    assert failure("check", "nowhere.py") == "error: nowhere.py: there is no such file."


def test_a_file_that_cannot_be_written_is_named(failure, tmp_path, monkeypatch):
    monkeypatch.setattr("brianff.command_line.models.models_page", lambda: "what the page holds is tested elsewhere")
    assert failure("docs", tmp_path) == f"error: {tmp_path}: Is a directory."


# -- check ---------------------------------------------------------------------------------------------------------
def test_check_of_a_correct_file_says_so(run, neuron):
    assert run("check", neuron) == (0, f"{neuron}: this neuron is in order\n", "")


def test_check_of_a_broken_file_names_file_and_line(failure, broken):
    assert failure("check", broken) == (
        f"error: {broken}:7: wrong unit: the right-hand side of dI_syn/dt has the unit 1, not hertz."
    )


def test_check_prints_notes(run, neuron):
    neuron.write_text(NEURON.replace("gain_below*", ""))
    status, out, _ = run("check", neuron)
    assert status == 0
    first, last = out.splitlines()
    assert first.startswith(f"note: {neuron}: no string uses gain_below") and last.endswith("is in order")


@pytest.mark.parametrize("kind", FORWARD_FORWARD.defaults)
def test_check_finds_the_kind_from_the_contents(run, tmp_path, monkeypatch, kind):
    """What the check itself says of every model is in test_equations.py."""
    monkeypatch.setattr("brianff.network.trial.check", lambda found, file, **others: [])
    for name in available(kind):
        path = tmp_path / f"{name}.py"
        path.write_text(load(kind, name).path.read_text())
        status, out, said = run("check", path)
        *notes, last = out.splitlines()
        assert (status, last, said) == (0, f"{path}: this {kind} is in order", "")
        assert notes == [] or name == "lif_current"  # which is there for simulators that normalise nothing


@pytest.mark.parametrize("kind, folder", [(k, k.folder) for k in KINDS.values() if str(k) != "feedback"])
def test_check_finds_the_kind_from_the_folder(failure, tmp_path, kind, folder):
    path = tmp_path / folder / "mine.py"
    path.parent.mkdir()
    path.write_text("")
    assert f"a {kind} must define" in failure("check", path)


def test_show_has_networks_with_feedback(run):
    status, out, _ = run("show", "--feedback", "sfdfa")
    assert status == 0 and "neuron two_exponential" in out and "d_post += w*sent_pre" in out
    assert "perturbation" in run("show", "--feedback", "opzo", "--set", "sigma=0.2")[1]


def test_check_finds_the_kind_from_the_working_folder(run, tmp_path, monkeypatch):
    (tmp_path / "neurons").mkdir()
    (tmp_path / "neurons" / "mine.py").write_text(NEURON)
    monkeypatch.chdir(tmp_path / "neurons")
    assert run("check", "mine.py")[0] == 0


def test_the_kind_that_is_given_wins(failure, neuron):
    assert "a rule has no 'equations'" in failure("check", neuron, "--kind", "rule")


def test_check_of_an_unrecognised_file_says_what_it_was_taken_for(failure, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("x = 3\n")
    message = failure("check", path)
    assert f"{path}:1: " in message and "taken for a neuron; use --kind" in message


@pytest.mark.parametrize("kind, key", [("rule", "learns_when"), ("goodness", "on_spike"), ("optimizer", "at_update")])
def test_check_recognises_a_file_with_a_misspelt_key(failure, tmp_path, kind, key):
    path = tmp_path / "mine.py"
    text = next(t for t in (load(kind, n).path.read_text() for n in available(kind)) if f"\n{key} =" in t)
    path.write_text(text.replace(f"\n{key} =", f"\n{key}s ="))
    assert f"a {kind} has no '{key}s'. Did you mean '{key}'?" in failure("check", path)


def test_check_uses_the_other_models_that_are_given(run, failure, tmp_path, neuron):
    neuron.write_text(NEURON.replace("dI_syn", "u = 2*v : 1\ndI_syn"))
    rule = tmp_path / "rule.py"
    rule.write_text(load("rule", "forward_forward").path.read_text().replace("derivative_post*z_pre", "u_post*z_pre"))
    assert run("check", rule, "--neuron", neuron)[0] == 0
    assert "'u_post' is not defined" in failure("check", rule)


def test_check_of_a_missing_file_is_one_line(failure):
    assert "nowhere.py: there is no such file" in failure("check", "nowhere.py")


def test_check_of_a_file_in_another_encoding_names_it(failure, neuron):
    neuron.write_bytes(NEURON.replace("A neuron", "Für").encode("latin-1"))
    assert str(neuron) in failure("check", neuron)


def test_check_of_a_clash_of_names_is_one_line(failure, neuron):
    neuron.write_text(NEURON.replace("dI_syn", "channel : 1\ndI_syn"))
    assert "'channel'" in failure("check", neuron)


# -- models, run, help ---------------------------------------------------------------------------------------------
def test_models_lists_every_model_with_its_summary(run):
    status, out, _ = run("models")
    lines = [line.split(maxsplit=2) for line in out.splitlines()]
    assert status == 0
    assert [(kind, name) for kind, name, _ in lines] == [(k, n) for k in KINDS for n in available(k)]
    for kind, name, summary in lines:
        assert summary == load(kind, name).docstring.splitlines()[0]


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["check"], ["run", "nonsense"], ["show", "--nonsense"]])
def test_wrong_usage_has_exit_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: brianff" in capsys.readouterr().err


def test_help_lists_the_commands(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    out = capsys.readouterr().out
    assert all(command in out for command in ("show", "check", "models", "run"))


@pytest.mark.parametrize("kind", FORWARD_FORWARD.defaults)
def test_help_of_show_lists_the_models(kind, capsys):
    with pytest.raises(SystemExit):
        main(["show", "--help"])
    out = " ".join(capsys.readouterr().out.split())
    assert all(name in out for name in available(kind))


@pytest.mark.parametrize("error", [BrianffError, ModelError, OptionError, DivergenceError, UnsupportedError])
def test_expected_errors_become_one_sentence_and_status_1(error, capsys):
    @brianff.command_line.commands.fail_cleanly
    def command(arguments=None):
        raise error("something is missing.")

    assert command() == 1
    assert capsys.readouterr().err == "error: something is missing.\n"


def test_an_interrupted_training_has_the_exit_status_of_ctrl_c(capsys):
    @brianff.command_line.commands.fail_cleanly
    def command(arguments=None):
        raise brianff.command_line.commands.Stopped("stopped after 10 of 20 samples.")

    assert command() == 130
    assert "stopped after 10 of 20 samples." in capsys.readouterr().err


@pytest.mark.parametrize("error", [AttributeError, ValueError, NotImplementedError, OverflowError])
def test_a_mistake_in_the_library_keeps_its_traceback(error):
    @brianff.command_line.commands.fail_cleanly
    def command(arguments=None):
        raise error("a defect")

    with pytest.raises(error):
        command()
