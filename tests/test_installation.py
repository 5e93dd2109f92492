"""`pip install .` takes along everything that brianff imports and reads: as setup.cfg says, without pip.

An editable installation is found from any folder.
"""

import configparser
import os
import subprocess
import sys

import pytest
from conftest import ROOT

CONFIG = configparser.ConfigParser()
CONFIG.read(ROOT / "setup.cfg")
FOLDERS = {"brianff": "brianff", "models": "brianff.models", "protocols": "brianff.protocols"}


def files():
    """Package, and path in the package, of every file that brianff consists of."""
    for top, package in FOLDERS.items():
        for path in (ROOT / top).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield package, path.relative_to(ROOT / top)


def test_every_folder_of_modules_is_a_package_that_is_installed():
    found = {".".join([package, *path.parent.parts]) for package, path in files() if path.suffix == ".py"}
    assert found == set(CONFIG["options"]["packages"].split())


def test_every_other_file_is_installed_with_its_package():
    patterns = {p: CONFIG["options.package_data"][p].split() for p in CONFIG["options.package_data"]}
    for package, path in files():
        if path.suffix != ".py":
            assert any(path.match(pattern) for pattern in patterns.get(package, [])), f"{package}: {path}"


@pytest.mark.parametrize("options", [[], ["-OO", "-W", "error::SyntaxWarning"]])
def test_scripts_in_the_folder_that_holds_the_clone_find_it(options, tmp_path):
    """There, 'brianff' is the clone itself: a folder that Python takes for a part of a package of that name."""
    (tmp_path / "brianff").symlink_to(ROOT)
    script = tmp_path / "script.py"
    script.write_text(
        "import brianff, brianff.models, brianff.protocols\n"
        "print(brianff.__file__, brianff.models.__file__, brianff.protocols.__file__)"
    )
    done = subprocess.run([sys.executable, *options, script], cwd=tmp_path, capture_output=True, text=True, check=False)
    expected = [str(ROOT / folder / "__init__.py") for folder in ("brianff", "models", "protocols")]
    assert done.returncode == 0 and done.stdout.split() == expected, (
        f"{done.stdout}{done.stderr}\nAfter a change of setup.cfg, install again: make .venv/ready"
    )


@pytest.mark.parametrize(("module", "logs"), [("brianff.program", False), ("brianff.learning.run", True)])
def test_programs_leave_no_log_of_brian2_and_the_library_changes_none_of_its_settings(module, logs, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(f"import {module}, brian2, os; os._exit(0)\n")  # as if killed: Brian2 tidies up at a normal exit
    left = tmp_path / "temporary"
    left.mkdir()
    environment = os.environ | {"TMPDIR": str(left)}
    subprocess.run([sys.executable, str(script)], check=True, env=environment, cwd=tmp_path)
    assert {path.name.split("_")[1] for path in left.iterdir()} == ({"debug", "script"} if logs else set())


def test_help_needs_no_brian2_and_half_a_second():
    program = (
        "import contextlib, sys, time\n"
        "from brianff.command_line.main import main\n"
        "with contextlib.suppress(SystemExit):\n"
        "    main(['--help'])\n"
        "assert 'brian2' not in sys.modules\n"
        "assert time.process_time() < 0.5\n"  # of the processor: that of an idle machine or of a busy one
        "import brian2\n"
        "assert sys.excepthook is sys.__excepthook__\n"
        "assert not {'Cython.Build', 'matplotlib', 'pytest'} & set(sys.modules)\n"
        "import Cython.Build, gc, pylab, pytest\n"  # hidden from Brian2, and from nobody else
        "assert gc.isenabled()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.startswith("usage: brianff"), done.stderr


def test_importing_the_package_takes_no_time():
    program = "import time, brianff; assert time.process_time() < 0.3"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_every_program_works_without_docstrings():
    """Python leaves them out with -OO; those of model files are read, not run."""
    protocols = sorted(path.stem for path in (ROOT / "protocols").glob("*.py") if path.stem[0] != "_")
    program = (
        "import contextlib, importlib\n"
        "from brianff.command_line.main import main\n"
        f"for name in {protocols}:\n"
        "    with contextlib.suppress(SystemExit):\n"
        "        importlib.import_module(f'brianff.protocols.{name}').main(['--help'])\n"
        "main(['models'])\n"
    )
    options = ["-OO", "-W", "error::SyntaxWarning"]
    done = subprocess.run([sys.executable, *options, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\nusage: ") + 1 == len(protocols)
    assert "Adaptive exponential integrate-and-fire neuron" in done.stdout
