"""What all devices share: one interface, results of one run, and Brian2 left as it was found."""

import copy
import os
import subprocess
import sys

import brian2cuda  # noqa: F401  (registers its device and code objects)
import numpy as np
import pytest
from brian2 import NeuronGroup, defaultclock, get_device, ms, prefs, run, set_device
from brian2.codegen.targets import codegen_targets
from brian2.devices.device import all_devices, previous_devices
from cuda_on_host import SETUP

from brianff import devices, machine
from brianff.command_line import doctor
from brianff.devices import DEVICES, Device, DeviceError, Results, simulator
from brianff.devices.base import CompiledSimulator
from brianff.devices.cpp import CppSimulator
from brianff.devices.cpp import generate as generate_cpp
from brianff.devices.cuda import generate as generate_cuda
from brianff.devices.runtime import RuntimeSimulator
from brianff.equations.compose import compose
from brianff.errors import OptionError
from brianff.network.architecture import Architecture

TINY = Architecture(4, 2, (3,), label_neurons=1, batch=2, n_steps=5, dt_ms=0.5, capacity=2, images=2, dtype="float32")


@pytest.fixture(scope="module")
def runtime():
    return RuntimeSimulator(TINY, compose())


# -- Brian2 as it was found ----------------------------------------------------------------------------------------
def shared_state():
    """All that a program shares with us in Brian2."""
    clock = get_device().defaultclock
    return {
        "preferences": {name: copy.copy(prefs[name]) for name in prefs},
        "clock": (clock.dt_, clock.t_, clock._old_dt),
        "device": (get_device(), get_device().build_on_run, dict(get_device().build_options)),
        "before": list(previous_devices),
        "templaters": {target: target.templater for target in codegen_targets},
    }


def with_cpp(folder):
    generate_cpp(folder, TINY, compose())


def with_cuda(folder):
    generate_cuda(folder, TINY, compose(), SETUP)


def with_runtime(folder):
    RuntimeSimulator(TINY, compose()).run({"images": np.ones((2, 4))}, 2)


@pytest.mark.parametrize("use", [with_runtime, with_cpp, with_cuda])
@pytest.mark.parametrize("own", ["runtime", "cpp_standalone"])
def test_brian2_is_left_as_it_was_found(use, own, tmp_path):
    set_device(own, build_on_run=False, directory=str(tmp_path / "own"))
    try:
        defaultclock.dt = 0.2 * ms
        prefs.codegen.target = "cython"
        before, arrays = shared_state(), len(getattr(all_devices["cpp_standalone"], "arrays", ()))
        (tmp_path / "ours").mkdir()
        use(tmp_path / "ours")
        after = shared_state()
        after["preferences"] = {name: after["preferences"][name] for name in before["preferences"]}
        assert after == before
        assert len(all_devices["cpp_standalone"].arrays) == arrays  # a project that is under way there
    finally:
        set_device("runtime")
        all_devices["cpp_standalone"].reinit()


def test_a_network_of_ones_own_goes_on_with_its_time_step(runtime):
    defaultclock.dt = 0.3 * ms
    group = NeuronGroup(1, "dv/dt = 1/ms : 1", method="euler")
    run(2.1 * ms)
    runtime.run({}, 1)
    run(2.1 * ms)
    assert float(group.v[0]) == pytest.approx(4.2)


def test_importing_changes_nothing_of_brian2s():
    modules = (
        "brianff.devices.cpp, brianff.devices.cuda, brianff.devices.runtime, brianff.learning.forward_forward, "
        "brianff.learning.feedback, brianff.command_line.main, brianff.network.dense, brianff.network.neurons"
    )
    program = f"""
from brian2 import prefs, defaultclock, get_device
from brian2.codegen.targets import codegen_targets
def state():
    return ({{name: str(prefs[name]) for name in prefs}}, defaultclock.dt_, get_device(),
            {{target: target.templater for target in codegen_targets}})
before = state()
import {modules}
assert state() == before
"""
    subprocess.run([sys.executable, "-c", program], check=True)


# -- results -------------------------------------------------------------------------------------------------------
def twice(simulator):
    first = simulator.run({}, 1)
    assert first["synapses1.w"].size == 18
    simulator.run({}, 1)
    with pytest.raises(DeviceError, match="'synapses1.w' belongs to a run that is over: read what you need before"):
        _ = first["synapses1.w"]


def test_results_of_an_earlier_run_are_gone(runtime):
    twice(runtime)


@pytest.mark.compiler
def test_results_of_an_earlier_run_are_gone_compiled():
    twice(CppSimulator(TINY, compose()))


def test_closed_results_are_gone_and_end_once():
    ended = []
    with Results(str.upper, lambda: ended.append(True)) as results:
        assert results["a"] == "A"
    with pytest.raises(DeviceError, match="before the results are closed"):
        _ = results["a"]
    results.close()
    del results
    assert ended == [True]


def test_what_a_run_cannot_do_is_one_sentence(runtime):
    with pytest.raises(OptionError, match="a run has 1 to 2 stimulus epochs, not 3"):
        runtime.run({}, 3)
    with pytest.raises(OptionError, match="'synapses1.w' has 18 elements in this network; 7 values were given"):
        runtime.run({"synapses1.w": np.zeros(7)}, 1)


# -- the table of devices ------------------------------------------------------------------------------------------
OWN = '''
import brian2cuda  # noqa: F401  (registers its device and code objects)
import numpy as np
from brianff.devices.base import Results, Simulator


class Still(Simulator):
    """Nothing ever happens here: what was put in comes out."""

    device = "still"

    @classmethod
    def problem(cls):
        return None if "AWAKE" not in __import__("os").environ else "it is noisy here: unset AWAKE."

    def _run(self, inputs, n_epochs):
        return (lambda name: np.asarray(inputs[name]).ravel(),)

    def size(self, name):
        return 18

    def dtype(self, name):
        return np.dtype(float)
'''


@pytest.fixture
def still(tmp_path, monkeypatch):
    (tmp_path / "still_device.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(DEVICES, "still", Device("still_device:Still", "where nothing happens"))


def test_a_device_from_outside_the_package_in_one_file(still, monkeypatch):
    own = simulator("still", TINY, compose())
    w = np.arange(18.0)
    np.testing.assert_array_equal(own.run({"synapses1.w": w}, 1)["synapses1.w"], w)
    twice_given = own.run({"synapses1.w": w}, 1), own.run({"synapses1.w": w}, 1)
    with pytest.raises(DeviceError, match="a run that is over"):
        _ = twice_given[0]["synapses1.w"]
    assert "--device still: works" in doctor.report()
    assert "still (where nothing happens)" in devices.device_option().metadata["help"]
    monkeypatch.setenv("AWAKE", "1")
    assert "--device still: does not work: it is noisy here: unset AWAKE." in doctor.report()
    with pytest.raises(DeviceError, match="device still does not work here: it is noisy here"):
        devices.require_device("still")


def test_an_option_takes_a_device_from_outside(still):
    from brianff.learning.options import SpikingOptions

    assert SpikingOptions(device="still").device == "still"
    with pytest.raises(OptionError, match="device must be one of cpp, cuda, runtime, still, not 'gpu'"):
        SpikingOptions(device="gpu")


# -- the cache -----------------------------------------------------------------------------------------------------
class Named(CompiledSimulator):
    """A device that never compiles."""

    device = "named"
    parts = ()

    def __init__(self, architecture, composition, record=False):
        self.architecture, self.composition, self.record, self.network = architecture, composition, record, None

    def _run(self, inputs, n_epochs):
        raise NotImplementedError

    def generate(self, work):
        raise NotImplementedError


def test_what_the_name_of_a_compiled_network_depends_on(monkeypatch):
    name = Named(TINY, compose()).fingerprint()
    assert name == Named(TINY, compose(parameters={"alpha": 2.0})).fingerprint()  # an input of every run
    others = [Named(TINY.with_(capacity=3), compose()), Named(TINY, compose(models={"rule": "forward_forward"}))]
    others.append(Named(TINY, compose(), record=True))
    names = {other.fingerprint() for other in others}
    monkeypatch.setenv("CXX", "clang++")
    names.add(Named(TINY, compose()).fingerprint())
    monkeypatch.delenv("CXX")
    monkeypatch.setattr("brianff.devices.base._code", lambda: "another version")
    names.add(Named(TINY, compose()).fingerprint())
    assert len(names) == 5 and name not in names


# -- the machine ---------------------------------------------------------------------------------------------------
def test_no_more_cores_than_this_process_may_use(monkeypatch, tmp_path):
    allowed = os.sched_getaffinity(0)
    monkeypatch.setattr(machine, "_QUOTA", tmp_path / "cpu.max")
    assert machine.usable_cores() == len(allowed)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert machine.usable_cores() == 1
    finally:
        os.sched_setaffinity(0, allowed)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)))
    for quota, cores in (("max 100000", 64), ("250000 100000", 2), ("50000 100000", 1)):
        machine._QUOTA.write_text(quota + "\n")
        assert machine.usable_cores() == cores


def test_code_is_generated_once_and_takes_the_values_of_each_run(monkeypatch):
    simulator = RuntimeSimulator(TINY, compose())
    inputs = {"images": np.ones((2, 4)), "image_index": 0.0, "synapses1.w": 1e3}

    def spikes(**changes):
        with simulator.run(inputs | changes, 2) as results:
            return results["layer1.n_spikes"].sum()

    first = spikes()
    monkeypatch.setattr("brian2.groups.group.create_runner_codeobj", None)  # anything generated would fail
    assert spikes(**{"neurons1.v_th": 1e6}) == 0 < first  # a constant, which Brian2 puts into the code as a number
    assert spikes() == first
