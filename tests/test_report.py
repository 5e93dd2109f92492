"""Pages of runs: their data are the run's, what a method has not is left out, and a real browser shows them."""

import copy
import json
import re
import shutil
import time

import numpy as np
import pytest

import brianff as ff
from brianff.command_line.main import main
from brianff.errors import UnsupportedError
from brianff.learning.recordings import Recording

pytest.importorskip("bokeh", reason="pages of runs need Bokeh, which is not installed: pip install 'brianff[report]'")

from bokeh.document import Document  # noqa: E402
from bokeh.models import ColumnDataSource, Plot  # noqa: E402

from brianff.report import of_run, of_two  # noqa: E402
from brianff.report.activity import Activity  # noqa: E402
from brianff.report.content import Content, accuracies  # noqa: E402

SMALL = dict(layers=[12, 10], steps=20, limit=60, validation=20, chunk=30, device="runtime")
FEWER = SMALL | dict(label_neurons=2, refresh=30, epochs=2)
MOST = 4_000_000  # bytes of a page with 100 000 spikes
LONGEST = 3.0  # seconds until it can be used


def changed(content, **more):
    """The same content with something else in it."""
    other = copy.copy(content)
    vars(other).update(more)
    return other


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Of a small run that has been tested."""
    path = tmp_path_factory.mktemp("report") / "one"
    run = ff.Run(ff.ForwardForward("digits", **FEWER), path).train(progress=False)
    run.folder.save("evaluation", run.evaluate("test", 40).arrays())
    return path


@pytest.fixture(scope="module")
def content(folder):
    return Content(ff.load(folder), samples=[0, 3], neurons=[1, 5, 11])


@pytest.fixture(scope="module")
def page(content, tmp_path_factory):
    """The file, and its text."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(of_run.page_of(content))
    return path, path.read_text()


def document_of(text):
    """The Bokeh document that a page holds."""
    (found,) = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', text, re.DOTALL)
    (document,) = json.loads(found.replace("&quot;", '"').replace("&lt;", "<").replace("&amp;", "&")).values()
    return Document.from_json(document)


def visible(text):
    """A page without what is in scripts and styles."""
    return " ".join(re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL).split())


# -- without a browser ---------------------------------------------------------------------------------------------
def test_spikes_and_variables_in_the_page_are_those_of_the_run(content, page):
    document, recording = document_of(page[1]), content.recording
    for level in range(3):
        (shown,) = document.select({"name": f"spikes{level}"})
        i, t = recording.spikes(level)
        if level == 0:  # without those of label inputs, which have a colour of their own
            i, t = i[i < 64], t[i < 64]
        np.testing.assert_array_equal(shown.data_source.data["i"], i)
        np.testing.assert_allclose(shown.data_source.data["t"], t, rtol=1e-6)
    args = Activity(content).args  # of the page's script: that they are in the page, a browser shows below
    for level, of_level in enumerate(args["store"], start=1):
        assert of_level["neurons"].tolist() == [i for i in (1, 5, 11) if i < recording.sizes[level]]
        assert of_level["names"] == ["v", "I_syn", "x"]
        for name in of_level["names"]:
            expected = recording.trace(name, level)
            np.testing.assert_allclose(of_level["values"][name].reshape(expected.shape), expected, rtol=1e-6)
    assert args["epochs"]["sample"].tolist() == [0, 0, 3, 3]
    curves = [s.data for s in document.select({"type": ColumnDataSource}) if "accuracy" in s.data]
    validations = [100 * row["goodness"] for row in content.metrics if row["what"] == "validation"]
    assert any(np.allclose(of_way["accuracy"], validations) for of_way in curves)


def test_a_page_says_what_was_trained_and_how_well(content, page):
    said = visible(page[1])
    (way, share, right, n, _), *_ = accuracies(content)
    assert f"{100 * share:.2f} % test accuracy by {way} {right} of {n}" in said and n == 40
    assert "84-12-10 on digits" in said and "learns by forward-forward learning" in said
    assert "--label-neurons 2 10" in said and "--layers 12, 10 200, 200" in said and "dv/dt" in said
    assert [name for name, _, _ in content.changed].count("device") == 0
    for title in ("Activity", "Training", "Test samples", "Weights from the input"):
        assert title in said
    assert "positive phase" in said and "negative phase" in said


def test_a_page_needs_nothing_but_itself(page):
    assert not re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="(?!data:)[^"]+"', page[1])
    for part in ("bokeh-widgets", "bokeh-tables", "bokeh-gl", "mathjax"):
        assert f'"{part}' not in page[1]


def many_spikes(content, n=100_000):
    """The same content with so many spikes, at random."""
    rng, arrays = np.random.default_rng(1), content.recording.arrays()
    stop, dt = arrays["stop"][-1], float(arrays["dt"])
    for level, size in enumerate(arrays["sizes"]):
        part = n // 3 + (level == 0) * (n % 3)
        arrays[f"spikes{level}_t"] = dt * np.sort(rng.integers(0, round(stop / dt), part))
        arrays[f"spikes{level}_i"] = rng.integers(0, size, part)
    return changed(content, recording=Recording(arrays))


@pytest.fixture(scope="module")
def large(content, tmp_path_factory):
    """A page with 100 000 spikes."""
    shown = many_spikes(content)
    assert sum(len(shown.recording.spikes(level)[0]) for level in range(3)) == 100_000
    path = tmp_path_factory.mktemp("large") / "report.html"
    path.write_text(of_run.page_of(shown))
    return path


def test_a_hundred_thousand_spikes_fit_into_four_megabytes(large):
    assert large.stat().st_size < MOST


def shown(method, **more):
    """Words of the page of a run that has just been trained, and labels of the vertical axes of its figures."""
    text = of_run.page_of(Content(ff.Run(method).train(progress=False), **more))
    figures = document_of(text).select({"type": Plot})
    return visible(text), {figure.left[0].axis_label for figure in figures if figure.left}


def test_what_learning_with_feedback_has_not_is_left_out():
    said, labels = shown(ff.Feedback("digits", **SMALL | dict(layers=[12], epochs=1)))
    assert "negative phase" not in said and "Activity" in said and "class 1" in said
    assert "No test accuracy" in said and "Test samples" not in said
    assert "cosine of feedback\nand forward weights" in labels and "spikes of a neuron\nand presentation" in labels
    assert not any("goodness" in label for label in labels)


def test_what_a_network_without_spikes_has_not_is_left_out():
    said, labels = shown(ff.Rectified("digits", layers=[12], limit=60, validation=20, epochs=1), evaluate=True)
    assert "Activity" not in said and "Equations, as" not in said and "positive phase" not in said
    assert "Test samples" in said and "true class" in labels and "goodness,\nlayer 1" in labels


def test_layers_with_class_scores_have_no_phases_and_no_goodness_of_labels():
    scores = dict(rule="local_readout", negatives="none", layers=["conv4k3s2", "10"], label_neurons=10, epochs=1)
    said, labels = shown(ff.ForwardForward("digits", **FEWER | scores))
    assert "negative phase" not in said and "Weights from the input" in said
    assert "log p of the class,\nlayer 1" in labels and "goodness,\nlayer 1" not in labels


def test_words_and_runs_without_a_folder(content):
    assert content.words("goodness") == "goodness of every label"
    assert changed(content, scores=True).words("goodness") == "class scores of all layers"


def test_two_runs_beside_each_other(folder, content, tmp_path, capsys):
    other = tmp_path / "other"
    options = FEWER | dict(neuron="lif_adaptive", set=["tau_m=30*ms"])
    run = ff.Run(ff.ForwardForward("digits", **options), other).train(progress=False)
    run.folder.save("evaluation", run.evaluate("test", 40).arrays())
    run.folder.release()
    assert main(["report", str(folder), str(other), "--out", str(tmp_path / "two.html")]) == 0
    said = visible((tmp_path / "two.html").read_text())
    assert "--neuron lif lif_adaptive" in said and "tau_m 20. ms 30. ms" in said and "McNemar" in said
    assert "one and other" in said and "alone knows" in said
    second = Content(run, record=False)
    changed = dict(of_two.changed_equations(content.equations, second.equations))
    assert changed["models"][:2] == [
        ("-", "neuron <mark>lif</mark>"), ("+", "neuron <mark>lif_adaptive</mark>")
    ]  # fmt: skip
    assert any(sign == "+" and "da/dt" in line for sign, line in changed["[neurons] equations"])
    assert "[synapses] model" not in changed and "[parameters]" not in changed


def test_of_equal_runs_nothing_differs(content):
    assert of_two.changed_equations(content.equations, content.equations) == []
    assert of_two.differences(content.options, content.options) == []
    assert of_two.one_sided(content, content) == (0, 0, 1.0)
    labels = np.zeros(10, int)
    one, other = (
        changed(content, evaluation=ff.Evaluation(labels, output=np.eye(2)[np.array(wrong)]))
        for wrong in ([0] * 8 + [1] * 2, [1] * 7 + [0] * 3)
    )
    # 7 known by the first alone, 2 by the second: 2*(1 + 9 + 36)/2**9
    assert of_two.one_sided(one, other) == (7, 2, pytest.approx(92 / 512))


def test_without_bokeh_one_sentence_says_what_to_install(folder, monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UnsupportedError, match=r"pip install 'brianff\[report\]'"):
        _ = ff.report.write
    assert main(["report", str(folder)]) == 1
    assert capsys.readouterr().err.strip() == (
        "error: pages of runs are drawn by Bokeh: pip install 'brianff[report]', or pip install bokeh."
    )


# -- in a browser --------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def browser():
    selenium = pytest.importorskip("selenium.webdriver", reason="needs selenium: pip install 'brianff[test]'")
    programs = [shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")]
    if not all(programs):
        pytest.skip("needs a browser, as of Debian's packages chromium and chromium-driver, which are not installed")
    options = selenium.ChromeOptions()
    options.binary_location = programs[0]
    for one in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "window-size=1280,800"):
        options.add_argument(f"--{one}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = selenium.Chrome(options, selenium.ChromeService(programs[1]))
    yield driver
    driver.quit()


def opened(browser, path):
    """Open a page; seconds until it is ready."""
    began = time.perf_counter()
    browser.get(path.as_uri())
    while not browser.execute_script("return document.documentElement.dataset.ready"):
        assert time.perf_counter() - began < 60, browser.get_log("browser")
        time.sleep(0.02)
    return time.perf_counter() - began


def choose(browser, menu, value):
    script = "const menu = document.getElementById(arguments[0]); menu.value = arguments[1]; "
    browser.execute_script(script + "menu.dispatchEvent(new Event('change'))", menu, str(value))


def model(browser, name, what):
    """An expression of a Bokeh model of the page, by its name."""
    return browser.execute_script(f"return (model => {what})(Bokeh.documents[0].get_model_by_name('{name}'))")


CURVE = "Array.from(model.renderers.find(r => r.glyph.type === 'Line').data_source.data.v)"


def test_a_browser_shows_the_page_without_an_error(browser, page):
    opened(browser, page[0])
    wrong = [entry for entry in browser.get_log("browser") if entry["level"] not in ("INFO", "DEBUG")]
    assert wrong == []
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 1280  # nothing beside the page


def test_the_menus_change_what_is_shown(browser, content, page):
    opened(browser, page[0])
    recording = content.recording
    for layer, neuron in ((1, 5), (1, 11), (2, 1)):
        choose(browser, "layer", layer)
        choose(browser, "neuron", neuron)
        place = recording.neurons(layer).tolist().index(neuron)
        np.testing.assert_allclose(model(browser, "variable v", CURVE), recording.trace("v", layer)[place], rtol=1e-6)
    choose(browser, "sample", 3)
    start, stop = (model(browser, "raster1", f"model.x_range.{edge}") for edge in ("start", "end"))
    assert (start, stop) == (pytest.approx(40, abs=0.5), pytest.approx(79.5))


def test_a_click_on_a_spike_chooses_its_neuron(browser, content, page):
    opened(browser, page[0])
    i, _ = content.recording.spikes(1)
    known = int(np.flatnonzero(np.isin(i, (1, 5, 11)))[-1])
    select = "model.data_source.selected.indices = [{}]"
    model(browser, "spikes1", select.format(known))
    assert browser.execute_script("return document.getElementById('neuron').value") == str(i[known])
    other = int(np.flatnonzero(~np.isin(i, (1, 5, 11)))[0])
    model(browser, "spikes1", select.format(other))
    assert f"neuron {i[other]} of layer 1" in browser.execute_script(
        "return document.getElementById('note').textContent"
    )


def test_zooming_one_raster_zooms_all_that_is_in_time(browser, page):
    from selenium.webdriver.common.action_chains import ActionChains

    opened(browser, page[0])
    element = model(browser, "raster1", "Bokeh.index.find_one(model).el")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    before = model(browser, "raster1", "[model.x_range.start, model.x_range.end]")
    after, tries = before, 0
    while after == before and tries < 20:  # a busy machine answers late
        drag = ActionChains(browser).move_to_element_with_offset(element, -100, -20).click_and_hold()
        drag.move_by_offset(200, 40).release().perform()
        time.sleep(0.2)
        after, tries = model(browser, "raster1", "[model.x_range.start, model.x_range.end]"), tries + 1
    assert before[0] < after[0] < after[1] < before[1]
    for name in ("raster0", "raster2", "variable v", "goodness"):
        assert model(browser, name, "[model.x_range.start, model.x_range.end]") == after


def test_a_hundred_thousand_spikes_are_open_in_three_seconds(browser, page, large):
    """Of the processor: those of an idle machine or of a busy one."""

    def seconds():
        metrics = browser.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
        return next(metric["value"] for metric in metrics if metric["name"] == "ProcessTime")

    browser.execute_cdp_cmd("Performance.enable", {})
    opened(browser, page[0])  # of the same process as the next one
    before = seconds()
    opened(browser, large)
    assert 0.2 < seconds() - before < LONGEST
