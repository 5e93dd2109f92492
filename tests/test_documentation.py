"""The page on models."""

import re
import subprocess
import sys

from conftest import ROOT

from brianff.command_line.documentation import models_page
from brianff.equations.kinds import KINDS, available
from brianff.network.trial import check


def test_the_page_on_models_is_not_stale(tmp_path):
    """Written by a process of its own: how Brian2 prints a unit depends on the units that were used before."""
    page = tmp_path / "models.md"
    subprocess.run([sys.executable, "-m", "brianff.command_line.main", "docs", page], check=True, capture_output=True)
    assert (ROOT / "docs" / "models.md").read_text() == page.read_text(), "run: brianff docs"


def test_the_page_has_every_model():
    page = models_page()
    for kind in KINDS:
        for name in available(kind):
            assert f"\n### {name}\n" in page


def test_the_model_from_strings_in_the_documentation_is_in_order():
    """The example of the page on models, as it stands there."""
    page = (ROOT / "docs" / "models.md").read_text()
    code = re.search(r"## Models from strings.*?```python\n(.*?)```", page, re.DOTALL)[1]
    found = {}
    exec(code, found)
    assert check("neuron", found["neuron"]) == []
