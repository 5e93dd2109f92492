"""Habits of a program: version, ``python -m``, completion by the shell, advice where an extra is missing."""

import importlib.metadata
import os
import subprocess
import sys

import pytest

from brianff.command_line.main import main
from brianff.devices.cuda import CudaSimulator


def test_the_version(capsys):
    with pytest.raises(SystemExit, match="^0$"):
        main(["--version"])
    assert capsys.readouterr().out == f"brianff {importlib.metadata.version('brianff')}\n"
    done = subprocess.run([sys.executable, "-m", "brianff", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("brianff ")


def test_train_is_the_protocol(capsys):
    """With the same options, refused in the same words."""
    for words in (["train"], ["run", "forward_forward"]):
        assert main([*words, "--epochs", "0"]) == 1
        assert capsys.readouterr().err.endswith("error: --epochs must lie between 1 and 1000000, not 0.\n")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("brianff tr", "train "),
        ("brianff run sf", "sfdfa "),
        ("brianff train --ep", "--epochs "),
        ("brianff run inspect_neuron --show-", "--show-neuron "),
        ("brianff sweep --cl", "--cluster "),
        ("brianff show --neu", "--neuron "),
    ],
)
def test_a_shell_completes_command_lines(line, expected, tmp_path):
    pytest.importorskip("argcomplete")
    asked = {"_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line)), "_ARGCOMPLETE_IFS": "\n"}
    answer = os.environ | asked | {"_ARGCOMPLETE_STDOUT_FILENAME": str(tmp_path / "answer")}
    subprocess.run([sys.executable, "-m", "brianff"], env=answer, check=False)
    assert (tmp_path / "answer").read_text() == expected


def test_without_brian2cuda_the_advice_is_one_sentence(monkeypatch, capsys):
    known = importlib.metadata.version

    def version(name):
        if name == "brian2cuda":
            raise importlib.metadata.PackageNotFoundError(name)
        return known(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    advice = "brian2cuda is not installed: pip install 'brianff[cuda]'."
    assert CudaSimulator.problem() == advice
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert f"--device cuda: does not work: {advice}\n" in out and "brian2cuda: none\n" in out
