"""Damaged run folders: the same result, or one sentence that names the file or the option; never a traceback or a hang.

A generator with a fixed seed damages every file of finished and half-done runs in every way that fits it.
"""

import dataclasses
import io
import json
import random
import re
import shutil
import signal

import numpy as np
import pytest
from brianff.protocols import ann_forward_forward, forward_forward, sfdfa
from conftest import campaign

from brianff.learning.feedback import Feedback
from brianff.learning.forward_forward import ForwardForward
from brianff.learning.rectified import Rectified
from brianff.learning.run import Run
from brianff.results import RunFolder

COMMON = dict(limit=40, epochs=2)
RUNTIME = dict(device="runtime", steps=10, mini_batch=10, **COMMON)
KINDS = {
    "forward_forward": (
        ForwardForward,
        ForwardForward.Options(layers=(8, 6), label_neurons=2, batch=10, validate=5, refresh=20,
                               chunk=20, **RUNTIME),
        forward_forward,
    ),
    "sfdfa": (Feedback, Feedback.Options(layers=(6,), batch=10, validate=5, chunk=20, **RUNTIME), sfdfa),
    "ann": (Rectified, Rectified.Options(layers=(8, 6), validate=5, batch=10, **COMMON), ann_forward_forward),
}  # fmt: skip


class Hang(BaseException):
    """A call that took too long; nothing that catches errors takes it for one."""


@pytest.fixture
def in_time():
    """Ends a test that hangs."""

    def out_of_time(*_):
        raise Hang

    before = signal.signal(signal.SIGALRM, out_of_time)
    yield lambda seconds: signal.alarm(seconds)
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """For each kind of run: a finished folder, a half-done one, and the weights with which both end."""
    out = {}
    for kind, (method, options, _) in KINDS.items():
        top = tmp_path_factory.mktemp(kind)
        run = Run(method.of(options), top / "finished").begin()
        if kind == "forward_forward":
            run.folder.save("recordings_before", run.record().arrays())
        run.train(progress=False)
        half = Run(method.of(options), top / "half").begin()
        if kind == "forward_forward":
            half.folder.save("recordings_before", half.record().arrays())

        def stop(run, row):
            done, total = run.progress
            if 2 * done >= total:
                raise KeyboardInterrupt

        with pytest.raises(Exception, match="stopped after"):
            half.train(callbacks=[stop], progress=False)
        Run(method.of(dataclasses.replace(options, seed=7)), top / "other").train(progress=False)
        out[kind] = top, run.folder.load("weights")
    return out


# -- ways to damage ------------------------------------------------------------------------------------------------
def cut(content, rng):
    return content[: rng.randrange(max(1, len(content)))]


def nul(content, rng):
    start = rng.randrange(max(1, len(content)))
    stop = min(len(content), start + rng.choice((1, 4, 64)))
    return content[:start] + b"\0" * (stop - start) + content[stop:]


def flip(content, rng):
    content = bytearray(content)
    for _ in range(rng.choice((1, 3))):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    return bytes(content)


def noise(content, rng):
    return rng.randbytes(rng.choice((10, 1000)))


def more(content, rng):
    return content + rng.randbytes(7)


def edit_json(content, rng):
    document = json.loads(content)
    part = rng.choice([document, document["config"], document["config"], document["config"]])
    key = rng.choice(sorted(part))
    how = rng.choice(["gone", "other", "type", "absurd", "new"])
    value = part[key]
    if how == "gone":
        del part[key]
    elif how == "new":
        part["invented"] = 1
    elif how == "type":
        part[key] = rng.choice([None, "x", [], {}, True, [[1]], 1e999, "__import__('os').abort()"])
    elif how == "absurd":
        part[key] = rng.choice([-1, 0, 10**12, float("nan"), -5.5, "", ["tau_m=-1*ms"], "../../x.py"])
    elif isinstance(value, (int, float)):
        part[key] = value + 1
    else:
        part[key] = [*value, 1] if isinstance(value, list) else f"{value}x"
    changed = json.dumps(document)
    return changed.encode() if json.loads(changed) != json.loads(content) else cut(content, rng)


def edit_npz(content, rng):
    with np.load(io.BytesIO(content)) as data:
        arrays = {name: data[name] for name in data.files if not name.endswith(".json")}
    name = rng.choice(sorted(arrays))
    how = rng.choice(["gone", "new", "nan", "type", "shape", "value", "object"])
    value = arrays[name]
    if how == "gone":
        del arrays[name]
    elif how == "new":
        arrays["invented"] = np.zeros(3)
    elif how == "nan":
        arrays[name] = np.full(value.shape, np.nan)
    elif how == "type":
        arrays[name] = value.astype(rng.choice([np.float16, np.int8, np.complex64, "U5"]))
    elif how == "shape":
        arrays[name] = np.concatenate([value.ravel(), value.ravel()])
    elif how == "object":
        arrays[name] = np.array([{"a": 1}], dtype=object)
    else:
        arrays[name] = -value - 10
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def damage(run, other, rng):
    """Damage one file of a run; returns its name and what was done."""
    path = rng.choice(sorted(p for p in run.rglob("*") if p.is_file() and p.name != ".lock"))
    ways = [cut, nul, flip, noise, more, "empty", "gone", "folder", "swapped"]
    ways += {".json": [edit_json] * 9, ".npz": [edit_npz] * 6}.get(path.suffix, [])
    way = rng.choice(ways)
    if way == "gone" or way == "folder":
        path.unlink()
        if way == "folder":
            path.mkdir()
    elif way == "empty":
        path.write_bytes(b"")
    elif way == "swapped":
        twin = other / path.relative_to(run)
        path.write_bytes(twin.read_bytes() if twin.exists() else b"")
    else:
        path.write_bytes(way(path.read_bytes(), rng))
    return path.name, way if isinstance(way, str) else way.__name__


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_folder_is_one_sentence_or_the_same_result(kind, runs, tmp_path, capsys, in_time):
    top, expected = runs[kind]
    rng = random.Random(f"damage of {kind}")
    outcomes = []
    for number in range(campaign(40, 15 if kind == "ann" else 6)):
        run = tmp_path / f"run{number}"
        shutil.copytree(top / rng.choice(["finished", "half"]), run)
        what = damage(run, top / "other", rng)
        in_time(120)
        capsys.readouterr()
        status = end(kind, run)
        in_time(0)
        said = capsys.readouterr()
        if status == 0:
            weights = RunFolder(run).load("weights")
            assert weights.keys() == expected.keys(), what
            for name in weights:
                np.testing.assert_array_equal(weights[name], expected[name], err_msg=f"{what}")
            outcomes.append((*what, "the same"))
        else:
            require_sentence(status, said, what)
            outcomes.append((*what, said.err))
        shutil.rmtree(run)
    assert any(outcome[2] == "the same" for outcome in outcomes)
    assert any(outcome[2] != "the same" for outcome in outcomes)


def end(kind, run):
    """Go on to the end; drawing, and the whole test set, take seconds and have tests of their own."""
    *_, protocol = KINDS[kind]
    evaluate = Run.evaluate
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("brianff.command_line.commands.draw", lambda *_, **__: 0)
        if hasattr(protocol, "draw"):
            patch.setattr(protocol, "draw", lambda *_, **__: 0)
        patch.setattr(Run, "evaluate", lambda self, which="test", limit=None: evaluate(self, which, 5))
        return protocol.main(["--resume", str(run)])


def require_sentence(status, said, what):
    """One sentence of an error, beside warnings, that names the file or an option."""
    lines = [line for line in said.err.splitlines() if not line.startswith("warning: ")]
    assert status == 1 and len(lines) == 1 and lines[0].startswith("error: "), (what, said.err)
    assert what[0] in lines[0] or re.search(r"--[a-z]", lines[0]), (what, said.err)
