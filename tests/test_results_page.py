"""docs/results.md is what benchmarks/results_page.py makes of the committed rows."""

import importlib.util
import json
import re

import pytest
from conftest import ROOT


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("results_page", ROOT / "benchmarks" / "results_page.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_not_stale(script):
    figures = {}
    text = script.page(json.loads(script.KEPT.read_text()), figures)
    assert text == script.PAGE.read_text(), "run python benchmarks/results_page.py"
    assert not re.search(script.PLACE, text.replace("```{", "")), "a table is missing"
    for name in (*figures, "results_corruptions"):
        if f"figures/{name}.png" in text:
            assert (ROOT / "figures" / f"{name}.png").exists()


def test_rows_are_kept_short(script):
    row = {"a": 0.123456, "b": [1.00001, {"c": 12345.678}], "curve": {"epoch": [1]}, "d": "x"}
    assert script.rounded(row) == {"a": 0.1235, "b": [1.0, {"c": 12345.7}], "d": "x"}
