"""What every device has in common: a network that is made once and run many times.

A simulator is made from an `Architecture` and a `Composition`.  ``run(inputs, n_epochs)`` starts from a fresh state,
sets the variables that `inputs` names (``"synapses1.w"``, ``"label"`` for a TimedArray), simulates `n_epochs` stimulus
epochs and returns `Results` to read variables from.  Everything that changes between runs is an input, so that a
network is compiled once for an architecture and kept in a cache; the composition's parameters are inputs by default.

A device of your own is a class derived from `Simulator`, named in ``brianff.devices.DEVICES``.
"""

import errno
import functools
import hashlib
import importlib.metadata
import inspect
import json
import os
import platform
import signal
import subprocess
import weakref
from abc import ABC, abstractmethod
from pathlib import Path

import numpy as np

import brianff
from brianff.devices.cache import DeviceError, cached
from brianff.errors import OptionError
from brianff.machine import usable_cores
from brianff.scratch import cache_folder, failed, written

__all__ = ["CompiledSimulator", "Results", "Simulator", "as_input", "ended", "read_values"]


def ended(status):
    """How a process came to its end, in words."""
    return f"exit status {status}" if status >= 0 else f"ended by {signal.Signals(-status).name}"


def as_input(name, value, dtype, size):
    """A value of a run's inputs as a flat array of `size` elements; one number stands for all of them.

    Raises
    ------
    OptionError
        For another number of values.
    """
    value = np.asarray(value, dtype=dtype).ravel()
    if value.size == 1 and size > 1:
        value = np.full(size, value[0], dtype=dtype)
    if value.size != size:
        raise OptionError(f"'{name}' has {size} elements in this network; {value.size} values were given for it.")
    return value


class Results:
    """Values after a run; ``results["synapses1.w"]`` reads one variable (flat array, a copy).

    They belong to one run, and are gone when the simulator begins the next one or when they are closed.

    Parameters
    ----------
    read : callable
        From a name to an array.
    close : callable
        Called once, when nobody can read any more.
    without : str, optional
        What names begin with that were not recorded.
    """

    def __init__(self, read, close=lambda: None, without=None):
        self._read, self._without = read, without
        self._end = weakref.finalize(self, close)

    def __getitem__(self, name):
        if self._read is None:
            raise DeviceError(
                f"'{name}' belongs to a run that is over: read what you need before the next run of the same network, "
                "and before the results are closed."
            )
        if self._without and name.startswith(self._without):
            raise DeviceError(f"'{name}' was not recorded in this run, which had layer0.traces_wanted = False.")
        return self._read(name)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self) -> None:
        self._read = None
        self._end()

    def recorded(self, name, variable, n_epochs) -> np.ndarray:
        """Values recorded at the end of each of `n_epochs` epochs, shape (n_epochs, elements of the group)."""
        values = self[f"{name}.{variable}"]
        return values[1 : n_epochs + 1]  # the first record is made before anything has happened


class Simulator(ABC):
    """A network on a device.

    Parameters
    ----------
    architecture : `Architecture`
    composition : `Composition`
    report : callable, optional
        Called with a sentence before something slow (compiling) begins.
    record : bool
        Record every spike: ``results["spikes1.i"]``, ``results["spikes1.t"]`` (seconds).

    Raises
    ------
    DeviceError
        If the device cannot be used here.
    """

    device = None  # its name
    _latest = staticmethod(lambda: None)  # a weak reference to the last run's results

    def __init__(self, architecture, composition, report=None, record=False):
        self.architecture = architecture
        self.composition = composition
        self.record = record

    @classmethod
    def problem(cls) -> str | None:
        """Why this device cannot be used here, and what to do about it: sentences, or None."""
        return None

    @classmethod
    def require(cls) -> None:
        """Raise the `DeviceError` of a device that cannot be used here, before anything begins."""
        if problem := cls.problem():
            raise DeviceError(f"--device {cls.device} does not work here: {problem}")

    def run(self, inputs, n_epochs) -> Results:
        """Simulate, from a fresh state; results of the run before can no longer be read.

        Parameters
        ----------
        inputs : dict of name -> array_like
            Values of variables; a single number for all elements of one.
        n_epochs : int
            Stimulus epochs.

        Returns
        -------
        results : `Results`

        Raises
        ------
        OptionError
            For a number of epochs that the network has no room for, or an input of another size.
        DeviceError
            If there is no such variable, or the run fails.
        """
        if not 1 <= n_epochs <= self.architecture.capacity:
            raise OptionError(f"a run has 1 to {self.architecture.capacity} stimulus epochs, not {n_epochs}.")
        if missing := self.architecture.needs - inputs.keys():
            raise OptionError(
                f"a run of this network needs '{min(missing)}': add what architecture.inputs(seed) gives."
            )
        if (before := self._latest()) is not None:
            before.close()
        without = None if inputs.get("layer0.traces_wanted", True) else "record_x"
        results = Results(*self._run(inputs, n_epochs), without=without)
        self._latest = weakref.ref(results)
        return results

    @abstractmethod
    def _run(self, inputs, n_epochs):
        """Simulate; returns the arguments of `Results`."""

    @abstractmethod
    def size(self, name) -> int:
        """Number of elements of a variable."""

    @abstractmethod
    def dtype(self, name) -> np.dtype:
        """NumPy data type of a variable."""

    def close(self) -> None:
        """Give back what the device holds, results of the last run included; another run takes it anew."""
        if (latest := self._latest()) is not None:
            latest.close()


class CompiledSimulator(Simulator):
    """A network that is generated and compiled once, into the cache.

    Parameters
    ----------
    network : class, optional
        What builds the Brian2 objects (default: the composition's).

    Attributes
    ----------
    folder : `pathlib.Path`
        The compiled project.
    compiled : bool
        Whether this object had to compile, or found the binary in the cache.
    manifest : dict of name -> dict
        Type and size of every variable that a run can set or give back.
    """

    make = ("make",)
    parts = ()  # distributions that code depends on

    def __init__(self, architecture, composition, report=None, record=False, network=None):
        super().__init__(architecture, composition, report, record)
        self.network = network
        # A binary in the cache may have been built with other values.
        self.parameters = composition.parameter_inputs(architecture)
        self.folder = cache_folder() / self.fingerprint()
        self._equations = str(composition)
        self.manifest, self.compiled = cached(self.folder, self._build, report, self.announce(), self.require_tools)

    def fingerprint(self):
        """Name of the compiled network: everything that its code depends on, and no value that a run can set."""
        text = [
            self.device,
            json.dumps(self.architecture.asdict(), sort_keys=True),
            str(self.record),
            inspect.getsource(self.network) if self.network else "",
            self.composition.fingerprint(),
            *(importlib.metadata.version(package) for package in ("brian2", "numpy", *self.parts)),
            os.environ.get("CXX", ""),
            _code(),
            self.surroundings(),
        ]
        return f"{self.device}-{hashlib.sha256(chr(10).join(text).encode()).hexdigest()[:20]}"

    def surroundings(self):
        """What else compiled code depends on: processor, compiler and its options."""
        return ""

    def announce(self):
        """Sentences to say before compiling."""
        return ["compiling the network (once for this architecture, some seconds)"]

    def require_tools(self):
        """Raise the `DeviceError` of a missing compiler."""
        self.require()

    @abstractmethod
    def generate(self, work):
        """Write a project with a makefile into the folder `work`; returns the manifest."""

    def _build(self, work):
        """Generate and compile in the folder `work`; returns what `make` gave, and the manifest."""
        manifest = self.generate(work)
        return self._compile(work), manifest

    def _compile(self, work):
        return subprocess.run(
            [*self.make, f"-j{usable_cores()}"], cwd=work, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def variable(self, name):
        """Entry of the manifest.

        Raises
        ------
        DeviceError
            If there is none of that name.
        """
        if name not in self.manifest:
            raise DeviceError(f"the compiled network has no variable '{name}'.")
        return self.manifest[name]

    def size(self, name):
        return self.variable(name)["size"]

    def dtype(self, name):
        return np.dtype(self.variable(name)["dtype"])

    def inputs_of_run(self, inputs, n_epochs):
        """(name, flat array) of all that a run sets: parameters, inputs, and when it is to stop."""
        a = self.architecture
        t_stop = (a.steps_of(inputs, n_epochs) - 0.5) * a.dt_ms * 1e-3
        for name, value in {**self.parameters, **inputs, "layer0.t_stop": t_stop}.items():
            if name == "epoch_length" and "T_epoch" not in self._equations:
                continue  # no string reads it, and the binary has no such array
            spec = self.variable(name)
            # the size of an ordinary Synapses' variable is known to the binary alone
            yield name, as_input(name, value, spec["dtype"], spec.get("size", np.size(value)))


def read_values(path, spec, size, place):
    """Values of one variable as a device has written them into a file.

    Raises
    ------
    ScratchError
        If not all of them are there: neither Brian2 nor CUDA's runtime asks whether what it writes has arrived.
    """
    with written(place):
        values = np.fromfile(path, dtype=spec["dtype"])
    columns = spec.get("columns", 1)
    if values.size != size or values.size % columns:
        raise failed(place, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    return values.reshape(-1, columns) if "columns" in spec else values


@functools.cache
def _code():
    """The part of this package that writes code, and the processor's kind, as one digest."""
    package, digest = Path(brianff.__file__).parent, hashlib.sha256(platform.machine().encode())
    folders = [package.glob("*.py"), *((package / name).glob("**/*") for name in ("network", "devices", "templates"))]
    for path in sorted(path for folder in folders for path in folder if path.is_file() and path.suffix != ".pyc"):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
