"""Runs that are taken up again: nothing in their folder changes the result in silence, or runs as code."""

import dataclasses
import json
import os
import shutil

import numpy as np
import pytest
from conftest import ROOT, in_python
from test_training import TINY

from brianff.datasets import load
from brianff.errors import OptionError
from brianff.hashes import digest_of
from brianff.learning import folder as folders
from brianff.learning.forward_forward import ForwardForward
from brianff.learning.run import Run
from brianff.results import ResultsError

LIF = (ROOT / "models" / "neurons" / "lif.py").read_text()


def begin(path, **options):
    return Run(ForwardForward(**{**TINY, **options}), path).begin()


@pytest.fixture(scope="module")
def begun_once(tmp_path_factory):
    """A run that has been begun, and has not learnt yet."""
    path = tmp_path_factory.mktemp("begun") / "run"
    run = begin(path)
    run._checkpoint()
    return path


@pytest.fixture
def begun(begun_once, tmp_path):
    """A copy of it."""
    return shutil.copytree(begun_once, tmp_path / "run")


def edit(path, change, signed=False):
    """Change config.json; `signed`: with the hash of what it then holds, as somebody would who knows how."""
    document = json.loads((path / "config.json").read_text())
    change(document)
    if signed:
        rest = {k: v for k, v in document.items() if k not in ("digest", "signature")}
        document["digest"] = digest_of(rest)
    (path / "config.json").write_text(json.dumps(document))


# -- options and data ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("dropout", 5.0, "--dropout must be at least 0 and less than 1, not 5.0"),
        ("seed", 2, "config.json has been changed"),
        ("seed", "2", "--seed must be a whole number"),
        ("seed", True, "--seed must be a whole number, not True"),
        ("seed", None, "--seed must be a whole number, not None"),
        ("batch", 7, "--mini-batch 5 is not a multiple of --batch 7"),
        ("greedy", "x", "--greedy must be True or False"),
        ("layers", [8, 1.5], "--layers must be a text"),
        ("layers", {}, "--layers must be a list of values"),
        ("phases", "sometimes", "--phases 'sometimes' is neither paired"),
        ("learning_rate", float("nan"), "--learning-rate must .*not nan"),
        ("set", ["t_code=10*ms"], "config.json has been changed"),
        ("neuron", "adex", "config.json has been changed"),
    ],
)
def test_edited_options_are_refused(begun, name, value, message):
    edit(begun, lambda document: document["config"].update({name: value}))
    with pytest.raises(ResultsError, match=in_python(message)) as error:
        Run.resume(begun)
    assert "config.json" in str(error.value)


@pytest.mark.parametrize("change", [lambda d: d["config"].pop("seed"), lambda d: d["config"].update(new=1)])
def test_options_of_another_version_are_refused(begun, change):
    edit(begun, change, signed=True)
    with pytest.raises(
        ResultsError, match="another version of brianff: the option '(seed' is missing|new' is unknown)"
    ):
        Run.resume(begun)


def test_a_run_of_an_earlier_version_is_refused(begun):
    edit(begun, lambda document: document.pop("digest"))
    with pytest.raises(ResultsError, match="of an earlier version of brianff"):
        Run.resume(begun)


def test_another_version_of_a_library_is_said(begun):
    for name in ("checkpoint.npz", "metrics.csv"):  # the former is sealed with the whole of config.json
        (begun / name).unlink()
    edit(begun, lambda document: document["versions"].update(numpy="1.0"), signed=True)
    said = []
    Run.resume(begun, report=said.append)
    assert said == [f"begun with numpy 1.0, and now it is {np.__version__}: weights may differ in their last bits."]


def test_the_hash_of_data_tells_every_array_apart():
    data = load("digits")
    assert folders.data_digest(data) == folders.data_digest(load("digits"))
    images, labels = data.images.copy(), data.labels.copy()
    images[5, 3, 3] ^= 1
    labels[[0, 1]] = labels[[1, 0]]
    swapped = {"train": data.validation, "validation": data.train}
    others = [dict(images=images), dict(labels=labels), swapped, dict(name="other")]
    digests = {folders.data_digest(dataclasses.replace(data, **other)) for other in others}
    assert len(digests | {folders.data_digest(data)}) == 5


def test_other_data_are_refused(begun, monkeypatch):
    data = load("digits")
    images = data.images.copy()
    images[data.train[0], 0, 0] ^= 1
    monkeypatch.setattr("brianff.datasets.load", lambda *_, **__: dataclasses.replace(data, images=images))
    with pytest.raises(ResultsError, match="'digits' is not the one with which .*run was begun"):
        Run.resume(begun)


# -- model files ---------------------------------------------------------------------------------------------------
TELL_TALE = "_ran = open({path!r}, 'w').close()\n"


@pytest.fixture(scope="module")
def own_once(tmp_path_factory):
    """A run with a model file that builds upon another, and the two files."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "mine" / "sub").mkdir(parents=True)
    model, base = folder / "mine" / "sub" / "fast.py", folder / "mine" / "base.py"
    base.write_text(LIF)
    model.write_text('"""Faster."""\nfrom brian2 import ms\n\nbase = "../base.py"\nparameters = {"tau_m": 10 * ms}\n')
    begin(folder / "run", neuron=str(model)).train(progress=False)
    return folder / "run", model, base


@pytest.fixture
def own(own_once, tmp_path):
    """A copy of the run, and the files, which are as they were afterwards."""
    run, *files = own_once
    texts = [path.read_text() for path in files]
    yield shutil.copytree(run, tmp_path / "run"), *files
    for path, text in zip(files, texts, strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_a_run_keeps_its_model_files(own):
    run, model, base = own
    kept = sorted(path.relative_to(run / "models") for path in (run / "models").rglob("*.py"))
    assert list(map(str, kept)) == ["neuron/base.py", "neuron/sub/fast.py"]
    assert (run / "models" / "neuron" / "base.py").read_text() == base.read_text()
    before = Run.resume(run).method.synaptic
    shutil.rmtree(model.parent.parent)
    again = Run.resume(run, trust_models=True).method
    assert again.options.neuron == str(run / "models" / "neuron" / "sub" / "fast.py")
    np.testing.assert_array_equal(again.synaptic["synapses1.w"], before["synapses1.w"])


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("gone", [False, True])
def test_a_model_file_that_is_not_what_it_was_is_not_loaded(own, tmp_path, which, gone):
    run, *files = own
    marker = tmp_path / "ran"
    if gone:
        files[which].unlink()
    else:
        files[which].write_text(files[which].read_text() + TELL_TALE.format(path=str(marker)))
    with pytest.raises(ResultsError, match=f"{files[which].name} .*trust_models to go on with the copy, .*/models/"):
        Run.resume(run)
    assert not marker.exists()
    Run.resume(run, trust_models=True)
    assert not marker.exists()


@pytest.mark.parametrize("trust", [False, True])
def test_a_changed_copy_is_not_loaded(own, tmp_path, trust):
    run, *_ = own
    copy = run / "models" / "neuron" / "base.py"
    copy.write_text(copy.read_text() + TELL_TALE.format(path=str(tmp_path / "ran")))
    with pytest.raises(ResultsError, match="base.py is not the model file with which the run was begun"):
        Run.resume(run, trust_models=trust)
    assert not (tmp_path / "ran").exists()


def test_somebody_elses_models_run_only_if_asked_for(own, monkeypatch, tmp_path):
    run, *_ = own
    monkeypatch.setenv("BRIANFF_CONFIG", str(tmp_path / "somebody"))
    with pytest.raises(ResultsError, match="begun by somebody else or on another machine.*add trust_models"):
        Run.resume(run)
    Run.resume(run, trust_models=True)


def test_a_forged_configuration_runs_no_code(tmp_path):
    """Whoever knows how the hash is made still lacks the key."""
    run, marker, model = tmp_path / "run", tmp_path / "ran", tmp_path / "evil.py"
    begin(run)
    model.write_text(LIF + TELL_TALE.format(path=str(marker)))
    digest = folders._file_digest(model)
    outside = {"copy": str(model), "original": str(model), "sha256": digest}
    for place in (str(model), "models/neuron/evil.py", str(tmp_path / "evil.py").replace("evil.py", "./evil.py")):
        for entry in (
            None,
            {"copy": "../evil.py", "original": str(model), "sha256": "x"},
            3,
            {"copy": "evil.py"},
            outside,
        ):

            def change(document, place=place, entry=entry):
                document["config"]["neuron"] = place
                document["models"]["neuron"] = [entry] if entry else []

            edit(run, change, signed=True)
            for trust in (False, True):
                with pytest.raises(ResultsError, match="config.json|evil.py|somebody"):
                    Run.resume(run, trust_models=trust)
    edit(run, lambda document: document["config"].update(neuron="lif", set=["tau_m=__import__('os').abort()"]), True)
    with pytest.raises(Exception, match="tau_m=__import__"):
        Run.resume(run)
    assert not marker.exists()


def test_a_complete_forgery_runs_no_code(tmp_path):
    """With a copy of a model file in its place, and the right hash of it."""
    run, marker, model = tmp_path / "run", tmp_path / "ran", tmp_path / "evil.py"
    model.write_text(LIF)
    begin(run, neuron=str(model))
    copy = run / "models" / "neuron" / "evil.py"
    copy.write_text(LIF + TELL_TALE.format(path=str(marker)))

    def change(document):
        document["models"]["neuron"][0] |= {"sha256": folders._file_digest(copy), "original": str(copy)}

    edit(run, change, signed=True)
    for signature in (None, "", "\N{SNOWMAN}", 3):
        edit(run, lambda document, signature=signature: document.update(signature=signature))
        with pytest.raises(ResultsError, match="begun by somebody else"):
            Run.resume(run)
    assert not marker.exists()


def test_a_base_that_a_copy_would_not_find_is_refused(tmp_path):
    (tmp_path / "base.py").write_text(LIF)
    model = tmp_path / "mine.py"
    model.write_text(f'"""Mine."""\n\nbase = "{tmp_path}/base.py"\n')
    with pytest.raises(OptionError, match="mine.py:3: name the base relative to this file"):
        begin(tmp_path / "run", neuron=str(model))
    assert not (tmp_path / "run").exists()


def test_the_key_is_for_this_user_alone_and_made_once(tmp_path, monkeypatch):
    monkeypatch.setenv("BRIANFF_CONFIG", str(tmp_path))
    key = folders._key()
    assert len(key) >= 64 and folders._key() == key
    assert [(p.name, p.stat().st_mode & 0o777) for p in (tmp_path / "brianff").iterdir()] == [("key", 0o600)]
    (tmp_path / "brianff" / "key").write_bytes(b"short")
    with pytest.raises(ResultsError, match="key is damaged"):
        folders._key()


def test_without_a_place_for_the_key_a_run_begins_and_says_so(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BRIANFF_CONFIG", str(tmp_path / "file"))
    (tmp_path / "mine.py").write_text(LIF)
    said = []
    method = ForwardForward(report=said.append, **{**TINY, "neuron": str(tmp_path / "mine.py")})
    Run(method, tmp_path / "run").begin()
    assert len(said) == 1 and "--resume will ask for --trust-models" in said[0]
    with pytest.raises(ResultsError, match="begun by somebody else"):
        Run.resume(tmp_path / "run")


def test_models_of_the_library_need_no_key(tmp_path, monkeypatch):
    monkeypatch.setenv("BRIANFF_CONFIG", str(tmp_path / "config"))
    begin(tmp_path / "run")
    Run.resume(tmp_path / "run")
    assert not (tmp_path / "config").exists() and not (tmp_path / "run" / "models").exists()


# -- what is there before and after training -----------------------------------------------------------------------
def test_a_missing_checkpoint_is_said_and_training_begins_again(tmp_path):
    run = begin(tmp_path / "run")
    run.train(progress=False)
    os.remove(tmp_path / "run" / "checkpoint.npz")
    said = []
    again = Run.resume(tmp_path / "run", report=said.append)
    assert again.position == 0 and len(said) == 1 and "training begins again" in said[0]
    again.train(progress=False)
    np.testing.assert_array_equal(again.method.synaptic["synapses2.w"], run.method.synaptic["synapses2.w"])


def test_metrics_are_the_same_after_a_resume(tmp_path):
    run = begin(tmp_path / "run")
    run.train(progress=False)
    again = Run.resume(tmp_path / "run")
    assert again.metrics == run.metrics
    assert [[type(v) for v in row.values()] for row in again.metrics] == [
        [type(v) for v in row.values()] for row in run.metrics
    ]
