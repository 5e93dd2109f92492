"""Fixtures that the tests share."""

import gc
import os
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parent.parent


def campaign(n_full, n_ci):
    """Size of a test campaign: the small number everywhere, the full one with BRIANFF_CAMPAIGN=1."""
    return n_full if os.environ.get("BRIANFF_CAMPAIGN") == "1" else n_ci


def with_partners(models):
    """The names of models, with those that their rule works with in the place of the defaults."""
    partners = {"csdp": {"encoder": "regular_rate"}, "equilibrium": {"neuron": "settling", "encoder": "graded"}}
    return partners.get(models.get("rule"), {}) | models


def pytest_configure(config):
    # Brian2 writes a log and copies of the script into the temporary folder unless told not to.
    from brian2 import prefs

    prefs.logging.file_log = False
    prefs.logging.save_script = False
    # As brianff's own simulator has it: with units, functions that tests call in Brian2 take three times as long.
    prefs.codegen.runtime.numpy.discard_units = True


def pytest_collection_modifyitems(items):
    missing = [p for p in ((os.environ.get("CXX") or "g++").split()[0], "make") if shutil.which(p) is None]
    if missing:
        for item in items:
            if item.get_closest_marker("compiler"):
                item.add_marker(pytest.mark.skip(reason=f"needs {' and '.join(missing)}, not installed here"))


@pytest.fixture(scope="session", autouse=True)
def own_folders(tmp_path_factory):
    """Compiled networks of the tests, and the key, stay out of the user's folders: every session compiles again."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # all processes of a session share it
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRIANFF_CACHE", str(folder / "builds"))
        patch.setenv("BRIANFF_CONFIG", str(folder / "config"))
        yield


@pytest.fixture(scope="session", autouse=True)
def frozen_garbage():
    """What `little_garbage` below has set aside stays there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("brianff.one_thread.gc", SimpleNamespace(freeze=lambda: None, unfreeze=lambda: None))
        yield


@pytest.fixture(autouse=True)
def little_garbage():
    """Brian2 collects all garbage in every run: what is left of earlier tests is not looked at again each time."""
    if gc.get_count()[2]:  # some ten thousand new objects
        gc.collect()
        gc.freeze()


@pytest.fixture(autouse=True)
def runtime_device():
    """Every test starts, and leaves, on Brian2's NumPy runtime."""
    from brian2 import prefs, set_device

    set_device("runtime")
    prefs.codegen.target = "numpy"
    yield
    set_device("runtime")
    prefs.codegen.target = "numpy"


@pytest.fixture(scope="session", autouse=True)
def few_files():
    """Networks that tests build with Brian2's own device are compiled as ours are: a third of the time."""
    from brian2 import prefs
    from brian2.devices.cpp_standalone.device import CPPStandaloneDevice

    from brianff.devices.cpp import arrange

    compile_source = CPPStandaloneDevice.compile_source

    def of_few_files(self, directory, *args):
        arrange(Path(directory))
        compile_source(self, directory, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CPPStandaloneDevice, "compile_source", of_few_files)
        patch.setitem(prefs, "devices.cpp_standalone.extra_make_args_unix", ["-j2", "DEPS="])
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_compiler():
    """Networks that this process compiles are optimised little, in two thirds of the time; they compute the same."""
    from brianff.devices import cpp

    users = cpp._RULES
    little = users.replace("-O1", "-O0") + "\ncode_objects/merged.o: OPTIMISATIONS += -O1\n"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cpp, "_RULES", little)
        yield users


@pytest.fixture
def optimised(quick_compiler, monkeypatch):
    """Networks are compiled as users have them."""
    monkeypatch.setattr("brianff.devices.cpp._RULES", quick_compiler)


@pytest.fixture(autouse=True)
def compiler_flags():
    """Brian2 remembers which flags the compiler took; that a test had none, or a false one, must not outlive it."""
    from brian2.codegen.cpp_prefs import _compiler_flag_compatibility as known

    before = dict(known)
    yield
    known.clear()
    known.update(before)


@pytest.fixture
def mnist_folder():
    folder = ROOT.parent / "shared" / "data" / "mnist"
    if not folder.is_dir():
        pytest.skip("MNIST is not at ../shared/data/mnist")
    return folder


def in_python(message):
    """A pattern of a message that names options, as a Python program gets it: it names arguments."""
    return re.sub(r"--([a-z][a-z-]*)", lambda found: found[1].replace("-", "_"), message)


class InThisProcess:
    """Does every job in this process when its outcome is asked for."""

    size = 2

    def __init__(self, say=lambda *_: None):
        self.say = say
        self.waiting, self.done = [], []

    def submit(self, job, folder):
        self.waiting.append((job, folder))

    def next(self):
        from brianff.jobs import training
        from brianff.jobs.worker import Outcome

        job, folder = self.waiting.pop(0)
        self.done.append(job)
        try:
            return job, Outcome(row=training.perform(job, folder, lambda kind, value: self.say(job, kind, value)))
        except Exception as error:
            return job, Outcome(failed=str(error))

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        pass


@pytest.fixture
def here(monkeypatch):
    """Jobs are done in this process; returns them."""
    pool = InThisProcess()
    monkeypatch.setattr("brianff.jobs.engine.pool_of", lambda *_: pool)
    return pool
