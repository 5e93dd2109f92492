"""Every protocol runs with --quick, prints what the README says, and draws its figures."""

import ast
import contextlib
import importlib
import io
import itertools
import json
import re
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT
from test_event_files import write_wav

from brianff.results import RunFolder

PROTOCOLS = sorted(p.name for p in (ROOT / "protocols").glob("*.py") if not p.stem.startswith("_"))


def run(name, *options, quiet=True):
    """Lines on stdout of a protocol that works, and, if it is to be `quiet`, warns of nothing."""
    main = importlib.import_module(f"brianff.protocols.{name}").main
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        status = main(list(map(str, options)))
    said, warned = out.getvalue(), err.getvalue()
    assert status == 0 and not (quiet and "warning:" in warned), said + warned
    return said.strip().splitlines()


def program(name, *options, **more):
    """The same as the program that a reader starts."""
    command = [sys.executable, str(ROOT / "protocols" / f"{name}.py"), *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **more)


@pytest.mark.compiler
@pytest.mark.slow
def test_forward_forward(tmp_path):
    done = program("forward_forward", "--quick", "--out", tmp_path / "run")
    assert done.returncode == 0 and "warning:" not in done.stderr, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert re.fullmatch(r"test accuracy: 0\.\d{4}", lines[-1])
    assert lines[-2] == f"figures: {tmp_path / 'run' / 'figures'}"
    figures = {p.stem for p in (tmp_path / "run" / "figures").glob("*.png")}
    assert figures == {
        "raster_before", "raster_after", "membrane", "goodness_training", "goodness_test", "learning_curve",
        "receptive_fields", "confusion",
    }  # fmt: skip


@pytest.mark.compiler
def test_convolution(tmp_path):
    lines = run("convolution", "--quick", "--out", tmp_path / "run", quiet=False)
    assert re.fullmatch(r"test accuracy: 0\.\d{4}", lines[-1])
    assert {p.stem for p in (tmp_path / "run" / "figures").glob("*.png")} == {
        "raster", "membrane", "learning_curve", "confusion", "kernels1", "feature_maps1", "fields1", "fields2"
    }  # fmt: skip


@pytest.mark.compiler
def test_events(tmp_path):
    """Recordings of a dot that stands in another place for every digit."""
    for part, number, digit in itertools.product(("Train", "Test"), range(6), range(10)):
        folder = tmp_path / "data" / part / str(digit)
        folder.mkdir(parents=True, exist_ok=True)
        events = np.zeros((30, 5), np.uint8)
        events[:, 0], events[:, 1] = 3 * digit + np.arange(30) % 3, 10 + number % 3 + np.arange(30) % 2
        events[:, 2], events[:, 3] = np.arange(30) % 2 * 128 + np.arange(30) // 8, 10 * np.arange(30) % 256
        events.tofile(folder / f"{number:05}.bin")
    options = ("--quick", "--limit", 50, "--validation", 10, "--data", tmp_path / "data", "--out", tmp_path / "run")
    lines = run("events", *options, quiet=False)
    assert re.fullmatch(r"test accuracy: 0\.\d{4}", lines[-1])
    assert float(re.fullmatch(r"a linear readout of the input's spike counts: ([01]\.\d{4})", lines[-3])[1]) > 0.9
    figures = {p.stem for p in (tmp_path / "run" / "figures").glob("*.png")}
    assert figures == {"events", "raster", "membrane", "confusion", "learning_curve", "kernels1", "feature_maps1"}


@pytest.mark.compiler
def test_spoken_digits(tmp_path):
    """Words of two speakers, each a tone whose pitch says which digit it is."""
    for digit, speaker, number in itertools.product(range(10), ("anna", "bert"), range(8)):
        tone = np.sin(2 * np.pi * (200 + 300 * digit + 10 * number) * np.arange(800) / 8000)
        write_wav(tmp_path / "recordings" / f"{digit}_{speaker}_{number}.wav", (tone * 2**14).astype(np.int16))
    options = ("--quick", "--limit", 50, "--validate", 10, "--data", tmp_path, "--out", tmp_path / "run")
    lines = run("spoken_digits", *options, quiet=False)
    assert re.fullmatch(r"test accuracy: 0\.\d{4}", lines[-1])
    assert float(re.fullmatch(r"a linear readout of the input's spike counts: ([01]\.\d{4})", lines[-3])[1]) > 0.8
    figures = {p.stem for p in (tmp_path / "run" / "figures").glob("*.png")}
    assert figures == {"raster", "membrane", "learning_curve", "confusion"}


@pytest.mark.compiler
@pytest.mark.parametrize("blocks", ["frozen", "trained"])
def test_cascaded_forward(tmp_path, blocks):
    lines = run("cascaded_forward", "--quick", "--blocks", blocks, "--out", tmp_path, quiet=False)
    assert 0.4 < float(re.fullmatch(r"test accuracy: (0\.\d{4})", lines[-1])[1])
    assert {p.name for p in tmp_path.iterdir()} == {"evaluation.npz", "readouts.npz", "confusion.png"}
    assert np.load(tmp_path / "readouts.npz")["readout2"].shape == (31, 10)


@pytest.mark.compiler
def test_keywords(tmp_path):
    lines = run("keywords", "--quick", "--out", tmp_path, quiet=False)
    assert any(line.startswith("hits ") and line.endswith(" an hour") for line in lines)
    assert {path.name for path in tmp_path.iterdir()} == {"stream.png", "within_words.png", "test.npz", "weights.npz"}


def test_inspect_neuron_needs_no_compiler(tmp_path):
    lines = run("inspect_neuron", "--quick", "--out", tmp_path)
    assert lines[-1] == f"figures: {tmp_path}"
    assert any(line.startswith("positive phase") for line in lines)
    assert any(line.startswith("negative phase") for line in lines)
    assert {p.name for p in tmp_path.iterdir()} == {"raster.png", "membrane.png", "recording.npz"}
    recording = np.load(tmp_path / "recording.npz")
    assert recording["traces1_v"].shape == recording["threshold1"].shape == (10, 101)
    assert str(recording["membrane"]) == "v" and str(recording["unit1_v"]) == "1"


def diverging(folder):
    """File of a neuron whose membrane is soon infinite."""
    path = folder / "my_neuron.py"
    path.write_text(
        'equations = """\ndv/dt = (v**3 + gain_below*I_syn)/ms : 1\ndI_syn/dt = -I_syn/(20*ms) : 1\n"""\n'
        'threshold = "v > 1e9"\nreset = ""\nmethod = "euler"\n'
    )
    return str(path)


def test_inspect_neuron_says_that_a_membrane_diverges_and_draws_it(tmp_path, capfd):
    options = ["--quick", "--neuron", diverging(tmp_path), "--out", str(tmp_path / "out")]
    assert importlib.import_module("brianff.protocols.inspect_neuron").main(options) == 1
    printed = capfd.readouterr()
    assert re.search(r"warning: v of neuron \d of layer 1 is not finite at t = \d+ ms: try --dt 0.1", printed.err)
    assert "mean change of a weight" in printed.out
    assert len(list((tmp_path / "out").glob("*.png"))) == 2 and not list((tmp_path / "out").glob("*.txt"))


@pytest.mark.compiler
def test_a_membrane_that_diverges_is_said_after_the_first_chunk(tmp_path):
    command = [
        sys.executable,
        "-u",
        ROOT / "protocols" / "forward_forward.py",
        "--quick",
        "--neuron",
        diverging(tmp_path),
    ]
    done = subprocess.run(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said = [line for line in done.stdout.splitlines() if re.search("is not finite|^epoch", line)]
    assert done.returncode == 1 and "is not finite" in said[0] and said[1].startswith("epoch   1.0"), done.stdout


def test_inspect_neuron_with_a_rule_that_needs_no_optimizer(tmp_path):
    options = ["--quick", "--neurons", "3", "--rule", "event_driven", "--out", str(tmp_path)]
    assert importlib.import_module("brianff.protocols.inspect_neuron").main(options) == 0


@pytest.mark.parametrize(
    "protocol, options, message",
    [
        ("forward_forward", ["--dataset", "mnist", "--data", "nowhere"], "nowhere"),
        ("forward_forward", ["--set", "tau_m=3"], "unit"),
        ("inspect_neuron", ["--rule", "csdp"], "the rule csdp learns where an input spikes after"),
        ("inspect_neuron", ["--quick", "--show", "v,w"], "there is no variable 'w' of the neurons: there are v, I_"),
        ("inspect_neuron", ["--quick", "--show-neuron", "10"], "--show-neuron must be less than 10"),
        ("inspect_neuron", ["--encoder", "spike_times"], "digits are images"),
        ("inspect_neuron", ["--quick", "--neurons", "0"], "--neurons must lie between 1 and 10000, not 0"),
        ("inspect_neuron", ["--dt", "0"], "--dt must lie between 0.001 and 1000, not 0.0"),
        ("inspect_neuron", ["--set", "tau_m=-5*ms"], "needs 1*us <= tau_m"),
        ("compare_models", ["--neurons", "lief"], "Did you mean 'lif'?"),
        ("compare_models", ["--codes", "spike_times"], "digits are images"),
        ("compare_models", ["--jobs", "-1"], "--jobs must lie between 0 and 1024, not -1"),
    ],
)
def test_wrong_options_are_refused_with_one_sentence(capsys, tmp_path, protocol, options, message):
    main = importlib.import_module(f"brianff.protocols.{protocol}").main
    assert main([*options, "--out", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ") and message in error and error.count("\n") == 1


@pytest.mark.compiler
@pytest.mark.slow
def test_compare_models_and_go_on(tmp_path, here):
    lines = run("compare_models", "--quick", "--out", tmp_path, quiet=False)
    assert lines[0].startswith("--quick: neurons lif, codes time_to_first_spike, rules symba, seeds 1, layers 30,")
    assert "1 combinations, 0 refused" in lines[1]
    assert lines[-1] == f"table and figure: {tmp_path}" and (tmp_path / "compare_models.png").is_file()
    table = (tmp_path / "table.md").read_text()
    assert "| lif | time_to_first_spike | symba |" in table
    again = run("compare_models", "--quick", "--table", "--neurons", "adex", "--out", tmp_path)
    assert (
        again[0].startswith("--quick: codes")
        and "validation accuracy" not in "".join(again)
        and (tmp_path / "table.md").read_text() == table
    )


@pytest.mark.compiler
def test_sfdfa(tmp_path):
    lines = run("sfdfa", "--quick", "--out", tmp_path / "run")
    assert re.fullmatch(r"test accuracy: 0\.\d{4}", lines[-1]) and float(lines[-1][-6:]) > 0.8
    assert any(re.fullmatch(r"cosine of feedback and forward weights: 0\.[89]\d+", line) for line in lines)
    figures = {p.stem for p in (tmp_path / "run" / "figures").glob("*.png")}
    assert figures == {"training", "confusion", "receptive_fields", "raster", "membrane"}


def test_sfdfa_without_validation_samples(tmp_path):
    small = ["--device", "runtime", "--epochs", "1", "--limit", "50", "--layers", "10", "--batch", "25"]
    lines = run("sfdfa", "--quick", "--validation", "0", *small, "--out", tmp_path / "run", quiet=False)
    assert re.fullmatch(r"test accuracy: 0\.\d{4}", lines[-1])
    drawn = {p.stem for p in (tmp_path / "run" / "figures").glob("*.png")}
    assert drawn == {"confusion", "receptive_fields", "raster", "membrane"}


@pytest.mark.compiler
def test_compare_feedback(tmp_path, here):
    small = ["--layers", "10", "--limit", "50", "--epochs", "2"]
    lines = run("compare_feedback", "--quick", *small, "--out", tmp_path, quiet=False)
    assert lines[0].startswith("--quick: methods sfdfa,dfa, seeds 1,2, mini-batch 25, chunk 250")
    ended = [line.split("] ")[1] for line in lines if re.match(r"\[\d/4\]", line)]
    assert sorted(line.partition(":")[0] for line in ended) == [
        f"rival {name}, seed {seed}" for name in ("dfa", "sfdfa") for seed in (1, 2)
    ]
    assert lines[-1] == f"figures: {tmp_path}"
    assert (tmp_path / "convergence.png").is_file() and (tmp_path / "results.jsonl").is_file()
    again = run("compare_feedback", "--quick", *small, "--out", tmp_path, quiet=False)
    assert again[1] == f"4 of 4 runs are there already, in {tmp_path}." and again[-3:] == lines[-3:]


@pytest.mark.compiler
def test_awake_asleep(tmp_path, here):
    small = ["--layers", "5", "--limit", "20", "--blocks", "10,25"]  # which have the same network
    lines = run("awake_asleep", "--quick", *small, "--out", tmp_path, quiet=False)
    assert [line.split(":")[0] for line in lines if line.startswith("blocks")] == [
        f"blocks of {n} pairs" for n in (10, 25)
    ]
    assert (tmp_path / "awake_asleep.png").is_file()


def test_check_gradients(tmp_path):
    lines = run("check_gradients", "--quick", "--out", tmp_path)
    errors = [float(line.split()[5]) for line in lines if "quartiles" in line]
    assert len(errors) == 4 and max(errors) < 0.05 and (tmp_path / "gradient_error.png").is_file()
    assert float(lines[1].split()[-1]) < 1e-6


def test_compare_gradients(tmp_path):
    lines = run("compare_gradients", "--quick", "--out", tmp_path, quiet=False)
    errors = [float(line.split()[-1]) for line in lines if "finite differences" in line]
    assert len(errors) == 2 and max(errors) < 1e-6 and (tmp_path / "terms_lif_adaptive.png").is_file()
    assert sum(line.startswith("| lif_adaptive |") for line in lines) == 8  # rules
    assert (tmp_path / "table.md").read_text().strip() in "\n".join(lines)


def test_bandit(tmp_path):
    lines = run("bandit", "--quick", "--device", "runtime", "--out", tmp_path, quiet=False)
    assert sum("seed 1: regret" in line for line in lines) == 3 and (tmp_path / "regret.png").is_file()
    curves = json.loads((tmp_path / "regret.json").read_text())["regret"]
    assert all(np.all(np.diff(curve[0]) >= 0) and 100 < curve[0][-1] < 200 for curve in curves.values())


@pytest.mark.parametrize("name", PROTOCOLS)
def test_protocols_stay_short_and_explain_themselves(name):
    text = (ROOT / "protocols" / name).read_text()
    assert len(text.splitlines()) < 150
    assert ast.get_docstring(ast.parse(text)) and "python protocols/" in text
    assert not re.search(r"^[ \t]+# %%", text, flags=re.M), "a cell within a function cannot be run"


def test_what_a_user_can_mend_is_one_sentence(tmp_path):
    options, message = ["--neuron", "liff"], "Did you mean 'lif'"
    done = program("forward_forward", *options, cwd=tmp_path)
    assert done.returncode == 1
    assert message in done.stderr and done.stderr.startswith("error: ") and "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["ann_forward_forward", "forward_forward", "sfdfa"])
def test_an_interrupted_run_goes_on_with_its_own_options(name, capsys):
    main = importlib.import_module(f"brianff.protocols.{name}").main
    for options, message in (
        (["--epochs", "3"], "leave out --epochs"),
        (["--out", "elsewhere"], "leave out --out"),
        (["--data", "here"], "nowhere is not the folder of a run"),
    ):
        assert main(["--resume", "nowhere", *options]) == 1
        error = capsys.readouterr().err
        assert error.startswith("error: ") and message in error


def test_a_folder_of_something_else_is_one_sentence(tmp_path, capsys):
    """A run of another protocol, or a file where results should go."""
    RunFolder.create(tmp_path / "run", {"config": {"dataset": "digits"}})
    for name, options, message in (("compare_feedback", ["--out", tmp_path / "run" / "config.json"], "File exists"),):
        assert importlib.import_module(f"brianff.protocols.{name}").main(list(map(str, options))) == 1
        error = capsys.readouterr().err
        assert error.startswith("error: ") and message in error


def test_a_figure_that_fails_hides_neither_results_nor_other_figures(tmp_path, monkeypatch, capfd):
    from brianff import plotting

    def fail(*args):
        raise KeyError("a bug")

    def full_disk(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(plotting, "learning_curve", fail)
    monkeypatch.setattr(plotting, "confusion", full_disk)
    main = importlib.import_module("brianff.protocols.ann_forward_forward").main
    options = ["--quick", "--epochs", "1", "--out", str(tmp_path / "run")]
    assert main(options) == 1
    printed = capfd.readouterr()
    assert re.fullmatch(r"test accuracy: 0\.\d{4}", printed.out.splitlines()[-1])
    folder = tmp_path / "run" / "figures"
    assert (
        f"warning: no figure 'learning_curve': KeyError: 'a bug' (traceback: {folder / 'learning_curve.error.txt'})"
        in (printed.err)
    )
    assert "in fail" in (folder / "learning_curve.error.txt").read_text()
    assert "warning: no figure 'confusion': No space left on device\n" in printed.err
    assert len(list(folder.glob("*.png"))) == 3 and len(list(folder.glob("*.txt"))) == 1


def test_ann_forward_forward(tmp_path):
    lines = run("ann_forward_forward", "--quick", "--out", tmp_path / "run")
    assert re.fullmatch(r"test accuracy: 0\.\d{4}", lines[-1])
    figures = {p.stem for p in (tmp_path / "run" / "figures").glob("*.png")}
    assert figures == {"goodness_training", "goodness_test", "learning_curve", "receptive_fields", "confusion"}


@pytest.mark.compiler
@pytest.mark.slow
def test_gradient_free(tmp_path, here):
    options = ["--quick", "--out", tmp_path / "run", "--spiking", "es-neuron", "--ann", "gradient"]
    options += ["--seeds", "1", "--neurons", "6", "--members", "4", "--pairs", "4", "--generations", "2"]
    options += ["--epochs", "2", "--limit", "30", "--rounds", "1", "--widths", "5", "--device", "runtime"]
    lines = run("gradient_free", *options, quiet=False)
    assert lines[-1] == f"figure: {tmp_path / 'run' / 'gradient_free.png'}"
    again = run("gradient_free", *options, quiet=False)
    assert "2 of 2 runs are there already" in again[1] and again[-7:] == lines[-7:]  # nothing is trained twice
