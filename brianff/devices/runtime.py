"""Brian2's NumPy runtime: the reference of every device, slow, no compiler needed."""

import functools

import numpy as np
from brian2.groups.group import CodeRunner

from brianff.devices.base import Simulator, as_input
from brianff.network import build
from brianff.network.recorder import Recorder
from brianff.one_thread import borrowed, little_garbage

__all__ = ["RuntimeSimulator"]


class RuntimeSimulator(Simulator):
    """Brian2 objects in this process; `record` may be a sequence of neurons, too.

    Attributes
    ----------
    built : network
        `brianff.network.build`'s: its groups and monitors can be looked at until the next run.
    """

    device = "runtime"

    def __init__(self, architecture, composition, report=None, record=False):
        from brian2.devices.device import RuntimeDevice

        super().__init__(architecture, composition, report, record)
        self._device = RuntimeDevice()  # with a clock of its own
        with self._numpy():
            self.built = build(architecture, composition, record=record)
            self.built.network.store("initial")
            for one in self.built.network.sorted_objects:  # or Brian2 warns of objects that are never run
                object.__setattr__(one, "_network", self.built.network.id)
            self._initial_arrays = {k: v.values.copy() for k, v in self.built.timed_arrays.items()}

    def _numpy(self):
        # Functions get plain numbers: with units, each call would write its result into a message that nobody reads.
        return borrowed(self._device, {"codegen.target": "numpy", "codegen.runtime.numpy.discard_units": True})

    def _variable(self, name):
        group, _, variable = name.partition(".")
        return self.built.groups[group].variables[variable]

    def size(self, name):
        return self._variable(name).size

    def dtype(self, name):
        return np.dtype(self._variable(name).dtype)

    def _run(self, inputs, n_epochs):
        from brian2 import ms

        from brianff.network.templates import use_templates

        a, network = self.architecture, self.built.network
        with self._numpy():
            use_templates()
            network.restore("initial")
            for name, array in self._initial_arrays.items():
                self.built.timed_arrays[name].values[...] = array
            for name, value in inputs.items():
                if "." in name:
                    variable = self._variable(name)
                    value = as_input(name, value, variable.dtype, variable.size)
                    variable.set_value(value[0] if variable.scalar else value)
                else:
                    values = self.built.timed_arrays[name].values
                    values[...] = as_input(name, value, values.dtype, values.size).reshape(values.shape)
            # Brian2 compares states with 1e50, which single precision has not; the sigmoid of an exponential that
            # overflows is right. Training says what is not finite (`brianff.learning.finite`), recordings
            # what diverges (`brianff.network.monitors`).
            quiet = np.errstate(over="ignore", divide="ignore", invalid="ignore")
            with self.built.precision(), little_garbage(), quiet:
                network.run((a.steps_of(inputs, n_epochs) + 1) * a.dt_ms * ms, namespace={})
        _keep_code(network)
        return (self._read,)

    def _read(self, name):
        # a copy: the next run writes into the same memory
        value = np.array(self._variable(name).get_value())
        group = self.built.groups[name.partition(".")[0]]
        return value.reshape(-1, group.columns) if isinstance(group, Recorder) else value.ravel()


def _keep_code(network):
    """Let further runs use the code of the first: Brian2 would generate it again, half a second for a small network."""
    for one in network.sorted_objects:
        if isinstance(one, CodeRunner):
            # not by way of Group, which takes every attribute for a variable
            object.__setattr__(one, "create_code_objects", functools.partial(_renew, one._code_objects))


def _renew(code_objects, run_namespace):
    """Give code the values of constants that this run has set."""
    for code_object in code_objects:
        code_object.variables_to_namespace()
