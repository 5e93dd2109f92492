"""`pip install .` takes along everything that brianff imports and reads: as setup.cfg says, without pip."""

import configparser

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
