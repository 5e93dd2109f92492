"""How programs end: one sentence for what the machine refuses, and nothing is lost."""

import errno
import importlib
import os
import subprocess
import sys

import pytest
from brianff.protocols import ann_forward_forward
from conftest import ROOT

from brianff.endings import fail_cleanly

ANN = [sys.executable, str(ROOT / "protocols" / "ann_forward_forward.py"), "--quick", "--epochs", "4"]


def test_an_output_that_nobody_reads_ends_training_at_a_checkpoint(tmp_path, capsys):
    run = tmp_path / "run"
    pipes = dict(stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with subprocess.Popen([*ANN, "--out", str(run)], **pipes) as process:
        assert process.stdout.readline().startswith("--quick")
        process.stdout.close()
        said = process.stderr.read()
    assert process.returncode == 141 and said.count("\n") == 1
    assert "nobody reads the output any more" in said and f"Go on with: --resume {run}" in said
    assert ann_forward_forward.main(["--resume", str(run)]) == 0
    assert "test accuracy" in capsys.readouterr().out


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_an_output_that_cannot_be_written_is_one_sentence(tmp_path):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "brianff.command_line.main", "models"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: the output cannot be written: No space left on device")


def test_results_that_do_not_fit_on_the_disk_are_one_sentence_and_nothing_is_lost(tmp_path):
    """A limit on the size of files stands for the full disk."""
    script = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "import brianff.protocols.ann_forward_forward as protocol;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY)); sys.exit(protocol.main())"
    )
    run = tmp_path / "run"
    command = [sys.executable, "-c", script, *ANN[2:], "--out", str(run)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert f"{run}/checkpoint.npz cannot be written: File too large." in done.stderr
    assert f"Go on with: --resume {run}" in done.stderr
    assert not list(run.glob("*.tmp"))
    assert ann_forward_forward.main(["--resume", str(run)]) == 0


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (
            MemoryError("Unable to allocate 9 TiB"),
            1,
            "not enough memory (Unable to allocate 9 TiB): try smaller --layers",
        ),
        (OSError(errno.EMFILE, "Too many open files"), 1, "too many open files: raise the limit"),
        (OSError(errno.ENFILE, "Too many open files", "a"), 1, "too many open files: raise the limit"),
        (ImportError("libx.so: Too many open files"), 1, "too many open files: raise the limit"),
        (OSError(errno.EACCES, "Permission denied", "a/b"), 1, "error: a/b: Permission denied."),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "the output cannot be written: No space left"),
        (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), 1, "too many processes"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 141, "nobody reads the output any more"),
    ],
)
def test_errors_of_the_machine_are_one_sentence(capsys, error, status, message):
    @fail_cleanly
    def main(arguments):
        raise error

    assert main([]) == status
    said = capsys.readouterr().err
    assert message in said and said.count("\n") == 1


def test_a_bug_keeps_its_traceback():
    @fail_cleanly
    def main(arguments):
        raise OSError("of nothing that is known")

    with pytest.raises(OSError, match="of nothing that is known"):
        main([])


@pytest.mark.parametrize(
    ("protocol", "options", "message"),
    [
        ("forward_forward", ["--layers", "300000,300000"], "300000-300000 have 90,000,000,000 weights"),
        ("forward_forward", ["--layers", "40000,40000"], "at least 96 GiB of memory, and this machine has 8.0"),
        ("forward_forward", ["--layers", "10", "--batch", "10000000", "--mini-batch", "10000000", "--refresh",
                             "10000000", "--chunk", "10000000", "--epochs", "100000"], "--chunk with layers 164-10"),
        ("ann_forward_forward", ["--layers", "300000,300000"], "at least 1,341 GiB of memory"),
        ("sfdfa", ["--layers", "300000,300000"], "300000-300000-10 have 90,000,000,000 weights"),
        ("gradient_free", ["--neurons", "100000", "--members", "512"], "weights"),
    ],
)  # fmt: skip
def test_sizes_that_no_machine_has_are_refused_before_anything_is_made(
    capsys, monkeypatch, tmp_path, protocol, options, message
):
    monkeypatch.setattr("brianff.devices.memory.machine_memory", lambda: 8 * 2**30)
    main = importlib.import_module(f"brianff.protocols.{protocol}").main
    assert main([*options, "--out", str(tmp_path / "run")]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: --") and message in said and said.count("\n") == 1
    assert not (tmp_path / "run").exists()
