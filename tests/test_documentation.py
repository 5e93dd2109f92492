"""README and documentation: every block of code is run, every command line is read, every public name stands there.

Blocks of Python run page after page, as a reader would type them, in NumPy and on ten training samples, whatever
they ask for; tutorials likewise.  Command lines are read by the program that they name, whose parser looks at every
option and its range; nothing is computed.
"""

import contextlib
import dataclasses
import importlib
import inspect
import os
import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import ROOT

import brianff
import brianff.options
from brianff import devices
from brianff.command_line import main as cli
from brianff.equations.kinds import KINDS, available
from brianff.jobs.grid import Grid
from brianff.learning import method
from brianff.learning.backpropagation import Backpropagation
from brianff.learning.equilibrium import Equilibrium
from brianff.learning.feedback import Feedback
from brianff.learning.forward_forward import ForwardForward
from brianff.learning.perceptron import Perceptron
from brianff.learning.rectified import Rectified
from brianff.learning.run import Run

DOCS = ROOT / "docs"
PAGES = sorted({ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *DOCS.glob("**/*.md")})
NOTEBOOKS = sorted((*DOCS.glob("tutorials/*.py"), *DOCS.glob("reference/*.py")))
MODELS = DOCS / "models.md"  # has a test of its own

FENCE = re.compile(r"^(?P<fence>`{3,})(?P<language>[^\n`]*)\n(?P<code>.*?)^(?P=fence)`*$", re.MULTILINE | re.DOTALL)
PROGRAMS = r"(?:python|pytest|brianff|make|pip)"
INLINE = re.compile(rf"(?<!`)`((?:\.venv/bin/)?{PROGRAMS} [^`]+)`(?!`)")
FEW = 10  # training samples
# What a shell knows, and programs whose options are theirs.
OTHERS = {"cd", "cp", "git", ".", "apptainer", "optuna-dashboard", "pre-commit", "pip", "eval", "export"}


def name_of(page):
    return page.relative_to(ROOT).as_posix()


def blocks(page):
    """(language, line, code) of every fenced block of a page, but for Sphinx's directives."""
    text = page.read_text()
    for found in FENCE.finditer(text):
        if not (language := found["language"].strip()).startswith("{"):
            yield language, text.count("\n", 0, found.start()) + 1, found["code"]


# -- Python --------------------------------------------------------------------------------------------------------


@pytest.fixture
def small(monkeypatch, tmp_path, here):
    """Everything runs in NumPy, on few samples, in an empty folder and in this process."""
    load_data = method.load_data

    def few(options, dataset=None):
        data, train = load_data(options, dataset)
        return dataclasses.replace(data, validation=data.validation[:4], test=data.test[:20]), train[:FEW]

    def build(one, dataset=None, report=print, build=method.Method.__init__, **options):
        build(one, dataset, report, **options | ({"epochs": 1} if (options.get("epochs") or 0) > 4 else {}))

    def plan(run, epochs, plan=Run._plan):
        plan(run, 1 if run.folder is None or run.position else run.method.options.epochs)

    def evaluate(run, which="test", limit=None, evaluate=Run.evaluate):
        return evaluate(run, which, 4)

    monkeypatch.setattr(method, "load_data", few)
    monkeypatch.setattr(method.Method, "__init__", build)
    monkeypatch.setattr(Run, "_plan", plan)
    monkeypatch.setattr(Run, "evaluate", evaluate)
    for one in (ForwardForward, Equilibrium, Feedback, Backpropagation, Rectified, Perceptron):
        for preset in one.Options.presets.values():
            for name, value in dict(steps=12, epochs=1, mini_batch=10, batch=10).items():
                if name in preset:
                    monkeypatch.setitem(preset, name, value)
    monkeypatch.setitem(devices.DEVICES, "cpp", devices.DEVICES["runtime"])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def execute(code, file, line, names):
    try:
        exec(compile("\n" * line + code, str(file), "exec"), names)
    except SystemExit as end:
        assert not end.code
    finally:
        if pyplot := sys.modules.get("matplotlib.pyplot"):
            pyplot.close("all")  # what a page opens is nothing to other tests


def prepare_exchange(names):  # noqa: ARG001
    for module in ("neo", "pynwb", "nir", "elephant"):
        pytest.importorskip(module, reason=f"needs {module}: pip install 'brianff[dev]'")


def prepare_feedback(names):
    names["np"] = np
    names["labels"] = np.array([0, 1, 0])
    names["times"] = [np.array([0.001, 0.002])] * 3
    names["channels"] = [np.array([3, 5])] * 3


def prepare_events(names):
    """Files and data sets as others have them, small."""
    pytest.importorskip("h5py")
    from test_event_files import LikeTonic, write_shd, write_words

    write_words(Path("words"))
    write_shd(Path("DIR"))
    names["files"] = sorted(Path("words").glob("*/*.wav"))
    names["labels"] = [int(k % 2) for k in range(len(names["files"]))]
    names["speakers"] = ["ann" if k % 4 < 2 else "bob" for k in range(len(names["files"]))]
    names["times"] = [np.array([0.001, 0.002])] * len(names["files"])
    names["channels"] = [np.array([3, 5])] * len(names["files"])
    sets = type("sets", (), {"POKERDVS": staticmethod(lambda folder, train=True: LikeTonic())})
    names["tonic"] = type("tonic", (), {"datasets": sets})


def prepare_memory(names):
    from brianff.equations.compose import compose
    from brianff.studies.memory import memory_curve

    def few(composition, layer, device, seed):
        return memory_curve(composition, layer, n_frames=40, n_delays=3, streams=2, device="runtime", seed=seed)

    names.update(compose=compose, memory_curve=few, Layer=brianff.Layer, Dense=brianff.Dense, brianff=brianff)


def prepare_many_runs(names):
    data = brianff.datasets.load("digits")
    names.update(data=data, neuron="lif")
    wildcards = type("wildcards", (), {"rule": "symba", "seed": "1"})
    names["snakemake"] = type("snakemake", (), {"wildcards": wildcards, "output": ["out.json"]})


def prepare_networks(names):
    from dataclasses import dataclass

    names.update(brianff=brianff, np=np, dataclass=dataclass)


# What a page takes for granted: names that stand for the reader's own.
PREPARED = {
    "docs/events.md": prepare_events,
    "docs/exchange.md": prepare_exchange,
    "docs/reference/exchange.md": prepare_exchange,
    "docs/feedback.md": prepare_feedback,
    "docs/many_runs.md": prepare_many_runs,
    "docs/memory.md": prepare_memory,
    "docs/networks.md": prepare_networks,
}
WITH_PYTHON = [page for page in PAGES if page != MODELS and any(b[0] == "python" for b in blocks(page))]


@pytest.mark.parametrize("page", WITH_PYTHON, ids=name_of)
def test_blocks_of_python_run(page, small):
    names = {"__name__": "__main__"}
    PREPARED.get(name_of(page), lambda names: None)(names)
    for language, line, code in blocks(page):
        if language == "python":
            execute(code, page, line, names)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=name_of)
def test_tutorials_run(notebook, small):
    execute(notebook.read_text(), notebook, 0, {"__name__": "__main__", "__file__": str(notebook)})


# -- command lines -------------------------------------------------------------------------------------------------


class Read(BaseException):
    """All options of a command line have been read."""


def complete(parser, arguments, namespace):
    found, unknown = parser.parse_known_args(arguments, namespace)
    if unknown:
        parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    return found


@pytest.fixture
def reading(monkeypatch):
    """Parsers read a command line and check every value; then the program ends."""
    add = brianff.options._add

    def noting(parser, one):
        vars(parser).setdefault("own_fields", []).append(one)
        return add(parser, one)

    def read(parser, arguments=None, namespace=None):
        found = complete(parser, arguments, namespace)
        for one in vars(parser).get("own_fields", ()):
            if (value := getattr(found, one.name)) is not None:
                brianff.options._checked(one, value)
        if getattr(found, "command", "") in ("run", "train"):
            return found  # the protocol's own parser comes next
        raise Read

    def read_others(parser, arguments=None, namespace=None):
        complete(parser, arguments, namespace)
        raise Read

    monkeypatch.setattr(brianff.options, "_add", noting)
    monkeypatch.setattr(brianff.options.Parser, "parse_args", read)
    monkeypatch.setattr("argparse.ArgumentParser.parse_args", read_others)


def command_lines(page):
    """(line, command, whether it is whole) of blocks without a language, and of what stands between backticks."""
    for language, line, code in blocks(page):
        if language:
            continue
        for k, command in enumerate(re.sub(r"\\\n\s*", " ", code).splitlines(), start=1):
            yield line + k, command, True
    text = page.read_text()
    for found in INLINE.finditer(FENCE.sub(lambda block: "\n" * block[0].count("\n"), text)):
        yield text[: found.start()].count("\n") + 1, " ".join(found[1].split()), False


def words_of(command):
    """Words of every command of a line, as a shell has them."""
    for one in command.split(" && "):
        words = shlex.split(one, comments=True)
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            words = words[1:]
        if words:
            yield words


def read_command(words):
    """Have a command line read by the program that it names; raises, or exits, if it cannot be."""
    program, rest = words[0].removeprefix(".venv/bin/"), words[1:]
    if program == "brianff" or (program == "python" and rest[:2] == ["-m", "brianff"]):
        rest = rest[2:] if program == "python" else rest
        with contextlib.suppress(Read):
            cli.main.__wrapped__(rest)
    elif program == "python" and rest[0].startswith("protocols/"):
        module = importlib.import_module("brianff." + rest[0].removesuffix(".py").replace("/", "."))
        with contextlib.suppress(Read):
            module.main.__wrapped__(rest[1:])
    elif program == "python" and rest[0].startswith("benchmarks/"):
        read_script(ROOT / rest[0], rest[1:])
    elif program == "python" and rest[0].startswith("tests/"):
        read_script(ROOT / rest[0], rest[1:])
    elif program == "pytest" or rest[:2] == ["-m", "pytest"]:
        assert all((ROOT / word).exists() for word in rest if word.startswith("tests/")), words
    elif program == "make":
        targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert all(word in targets for word in rest if "=" not in word), words
    elif program == "pip":
        check_extras(rest)
    else:
        assert program in OTHERS, f"{program}: what is it? A block that is no shell's has a language"


def read_script(path, arguments):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [str(path), *arguments])
        patch.syspath_prepend(str(path.parent))
        with contextlib.suppress(Read):
            runpy.run_path(str(path), run_name="__main__")


def check_extras(words):
    known = re.findall(r"^(\w+) =$", (ROOT / "setup.cfg").read_text(), re.MULTILINE)
    for word in words:
        if found := re.search(r"(?:brianff|^\.)\[([\w,]+)\]", word):
            assert set(found[1].split(",")) <= set(known), word


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_command_lines_are_read_by_their_programs(page, reading, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    for line, command, whole in command_lines(page):
        for words in words_of(command):
            try:
                read_command(words)
            except (Exception, SystemExit) as error:
                if isinstance(error, SystemExit) and not error.code:
                    continue  # --version, --help
                said = capsys.readouterr().err
                if not whole and "arguments are required" in said:
                    continue  # within a sentence a command may be named without what it works on
                pytest.fail(f"{name_of(page)}:{line}: {command}\n{error!r}\n{said}")


def test_a_wrong_option_in_a_page_would_be_found(reading, tmp_path, capsys):
    for wrong in (
        "python protocols/forward_forward.py --epoch 3",
        "python protocols/sfdfa.py --epochs 0",
        "brianff run inspect_neuron --neurons none",
        "brianff search --vary 'tau_m=5..50*ms log' --trials 0",
        "python protocols/nothing.py",
        "python benchmarks/threads.py --cores 3",
        "pip install '.[gpu]'",
        "make everything",
        "frobnicate",
    ):
        with pytest.raises((Exception, SystemExit)):
            read_command(next(words_of(wrong)))
            print(f"{wrong}: nothing wrong was found")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_other_blocks_are_what_they_say(page, tmp_path):
    for language, line, code in blocks(page):
        where = f"{name_of(page)}:{line}"
        if language == "toml":
            (tmp_path / "grid.toml").write_text(code)
            assert tomllib.loads(code) and Grid.read(tmp_path / "grid.toml").jobs(), where
        elif language == "yaml":
            assert yaml.safe_load(code), where
        else:
            assert language in ("", "python", "text"), f"{where}: no test knows '{language}'"


def test_links_lead_somewhere():
    """Between pages, to figures and to files; Sphinx looks at those to headings."""
    for page in PAGES:
        text = FENCE.sub("", page.read_text())
        for target in re.findall(r"\]\((?!https?:|#)([^)\s#]+)", text):
            folder = page.parent
            assert (folder / target).exists(), f"{name_of(page)}: {target}"


# -- the reference -------------------------------------------------------------------------------------------------


def public_names():
    for name in brianff.__all__:
        value = getattr(brianff, name)
        yield from (
            [f"brianff.{name}.{inner}" for inner in value.__all__] if inspect.ismodule(value) else [f"brianff.{name}"]
        )


def test_every_public_name_is_in_the_reference_with_an_example():
    text = "\n".join(page.read_text() for page in sorted((DOCS / "reference").glob("*.[mp][dy]")))
    code = "\n".join(re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    code += "\n".join(page.read_text() for page in (DOCS / "reference").glob("*.py"))
    for name in public_names():
        own = name.rpartition(".")[2]
        assert re.search(rf"auto\w+:: {re.escape(name)}$|`{re.escape(name)}`", text, re.MULTILINE), name
        assert re.search(rf"\b{own}\b", code), f"{name} has no example"


# What people call: methods of learning and projections are for those who write their own.
CALLED = ("Run", "Evaluation", "Recording", "Phases", "ClosedForm", "Neuron", "datasets", "devices", "jobs", "plotting")


def called():
    """(name, function) of what people call."""
    for name in (*CALLED, "load", "train", "triggered_average"):
        value = getattr(brianff, name)
        for one in [getattr(value, inner) for inner in value.__all__] if inspect.ismodule(value) else [value]:
            inside = vars(one).items() if inspect.isclass(one) else [(one.__name__, one)] if callable(one) else []
            for inner, function in inside:
                function = getattr(function, "__func__", getattr(function, "fget", function))
                if inspect.isfunction(function) and not inner.startswith("_"):
                    yield f"{name}: {inner}", function


def test_public_functions_say_what_they_return():
    silent = {name for name, function in called() if "return" not in function.__annotations__}
    assert silent <= {"devices: device_option"}  # a field of any type


def test_type_checkers_know_every_public_name():
    """`brianff/__init__.pyi` says what `brianff/__init__.py` loads when it is first used."""
    stub = (ROOT / "brianff" / "__init__.pyi").read_text()
    known = set(re.findall(r" as (\w+)", stub)) | set(re.findall(r"^def (\w+)", stub, re.MULTILINE))
    assert known == set(brianff.__all__)


# -- the page on models --------------------------------------------------------------------------------------------


def test_the_page_on_models_is_not_stale(tmp_path):
    """Written by a process of its own: how Brian2 prints a unit depends on the units that were used before."""
    page = tmp_path / "models.md"
    subprocess.run([sys.executable, "-m", "brianff.command_line.main", "docs", page], check=True, capture_output=True)
    assert MODELS.read_text() == page.read_text(), "run: brianff docs"


def test_the_page_has_every_model():
    page = MODELS.read_text()
    for kind in KINDS:
        for name in available(kind):
            assert f"\n### {name}\n" in page


def test_blocks_of_the_page_on_models_run():
    """Of each model, what its file defines; and the example of models from strings."""
    from brian2 import units

    checked = 0
    for language, line, code in blocks(MODELS):
        assert language == "python", line
        names = dict(vars(units))
        execute(code, MODELS, line, names)
        if isinstance(found := names.get("neuron"), brianff.equations.model.Model):
            from brianff.network.trial import check

            assert check("neuron", found) == []
            checked += 1
    assert checked == 1


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) < 120


def test_pages_have_no_path_of_a_machine():
    for page in (*PAGES, *NOTEBOOKS):
        assert not re.search(r"(?<![\w.])/(?:work|tmp|home)/", page.read_text()), name_of(page)
    assert os.fspath(DOCS)
