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


@pytest.mark.parametrize(("module", "logs"), [("brianff.program", False), ("brianff.learning.training", True)])
def test_programs_leave_no_log_of_brian2_and_the_library_changes_none_of_its_settings(module, logs, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(f"import {module}, brian2, os; os._exit(0)\n")  # as if killed: Brian2 tidies up at a normal exit
    left = tmp_path / "temporary"
    left.mkdir()
    environment = os.environ | {"TMPDIR": str(left)}
    subprocess.run([sys.executable, str(script)], check=True, env=environment, cwd=tmp_path)
    assert {path.name.split("_")[1] for path in left.iterdir()} == ({"debug", "script"} if logs else set())
