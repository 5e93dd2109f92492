"""The page on models."""

from conftest import ROOT

from brianff.documentation import models_page
from brianff.equations import FEEDBACK_FOLDERS, FOLDERS, available


def test_the_page_on_models_is_not_stale():
    assert (ROOT / "docs" / "models.md").read_text() == models_page(), "run: brianff docs"


def test_the_page_has_every_model():
    page = models_page()
    for kind in FOLDERS | FEEDBACK_FOLDERS:
        for name in available(kind):
            assert f"\n### {name}\n" in page
