"""Build once, run many times: the NumPy runtime and C++ standalone behind one interface.

`brianff.devices.cuda_simulator` has brian2cuda behind the same one.

A simulator is made from an `Architecture` and a `Composition`.  ``run(inputs, n_epochs)`` starts from a fresh state,
sets the variables that `inputs` names (``"synapses1.w"``, ``"label"`` for a TimedArray), simulates `n_epochs` stimulus
epochs and returns a `Results` to read variables from.  Everything that changes between runs is an input, so the C++
binary is compiled once for an architecture and kept in a cache; the composition's parameters are inputs by default.
"""

import errno
import hashlib
import inspect
import json
import os
import platform
import shutil
import signal
import subprocess
from pathlib import Path

import numpy as np

import brianff
from brianff.devices.cache import CompilerError, DeviceError, cached
from brianff.devices.memory import require_size
from brianff.devices.merging import merge
from brianff.equations.checker import check_own_files
from brianff.network import network_class
from brianff.one_thread import in_turn
from brianff.scratch import cache_folder, failed, run_folder

__all__ = [
    "CompilerError", "CppSimulator", "DEVICES", "DeviceError", "RuntimeSimulator", "cache_folder",
    "compiler_program", "ended", "require_device", "simulator",
]  # fmt: skip

DEVICES = {
    "cpp": "compiled",
    "cuda": "on a GPU, for batches of 64 and more",
    "runtime": "NumPy, no compiler",
}


# Brian2's own dependency list is for projects that are compiled again; making it reads all headers once more.
_MAKE = ["make", "DEPS="]
# objects.cpp reads and writes the arrays, once a run.
_RULES = """

objects.o: objects.cpp
	$(CXX) $(CXXFLAGS) -O1 $< -o $@
"""


def ended(status):
    """How a process came to its end, in words."""
    return f"exit status {status}" if status >= 0 else f"ended by {signal.Signals(-status).name}"


def require_device(device):
    """Raise the `DeviceError` of a device that cannot be used here, before anything begins."""
    if device == "cpp":
        require_compiler()
    elif device == "cuda":
        from brianff.devices.cuda import Setup  # brian2cuda takes a second to import

        Setup.find_complete()


def simulator(device, architecture, composition, report=None, record=False):
    """A simulator on ``"cpp"``, ``"cuda"`` or ``"runtime"``.

    Parameters
    ----------
    device : str
    architecture : `Architecture`
    composition : `Composition`
    report : callable, optional
        Called with a sentence before something slow (compiling) begins.
    record : bool
        Record every spike.

    Raises
    ------
    DeviceError
        If the device does not exist or cannot be used here.
    OptionError
        If the network is larger than the device or the machine can hold.
    ModelError
        If a model file of the user's own is wrong.
    """
    require_size(architecture, composition)
    check_own_files(composition)
    if device == "cpp":
        return CppSimulator(architecture, composition, report, record)
    if device == "runtime":
        return RuntimeSimulator(architecture, composition, record)
    if device == "cuda":
        from brianff.devices.cuda_simulator import CudaSimulator  # brian2cuda takes a second to import

        return CudaSimulator(architecture, composition, report, record)
    raise DeviceError(f"there is no device '{device}': it is {', '.join(DEVICES)}.")


def _check_input(name, value, dtype, size):
    value = np.asarray(value, dtype=dtype).ravel()
    if value.size == 1 and size > 1:
        value = np.full(size, value[0], dtype=dtype)
    if value.size != size:
        raise ValueError(f"'{name}' has {size} elements in this network; {value.size} values were given for it.")
    return value


class Results:
    """Values after a run; ``results["synapses1.w"]`` reads one variable (flat array)."""

    def __init__(self, read, close=lambda: None):
        self._read = read
        self.close = close

    def __getitem__(self, name):
        return self._read(name)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def recorded(self, name, variable, n_epochs):
        """Values recorded at the end of each of `n_epochs` epochs, shape (n_epochs, elements of the group)."""
        values = self[f"{name}.{variable}"]
        return values[1 : n_epochs + 1]  # the first record is made before anything has happened


# -- NumPy ---------------------------------------------------------------------------------------------------------


class RuntimeSimulator:
    """Brian2's NumPy runtime: the reference, slow, no compiler needed."""

    device = "runtime"

    @in_turn
    def __init__(self, architecture, composition, record=False):
        from brian2 import device, prefs, set_device

        if device.__class__.__name__ != "RuntimeDevice":
            set_device("runtime")
        prefs.codegen.target = "numpy"
        self.architecture = architecture
        self.built = network_class(composition)(architecture, composition, record=record)
        self.built.network.store("initial")
        self._initial_arrays = {k: v.values.copy() for k, v in self.built.timed_arrays.items()}

    def size(self, name):
        group, _, variable = name.partition(".")
        return self.built.groups[group].variables[variable].size

    def dtype(self, name):
        group, _, variable = name.partition(".")
        return np.dtype(self.built.groups[group].variables[variable].dtype)

    @in_turn
    def run(self, inputs, n_epochs):
        from brian2 import ms

        a, network = self.architecture, self.built.network
        if not 1 <= n_epochs <= a.capacity:
            raise ValueError(f"a run has 1 to {a.capacity} stimulus epochs, not {n_epochs}.")
        network.restore("initial")
        for name, array in self._initial_arrays.items():
            self.built.timed_arrays[name].values[...] = array
        for name, value in inputs.items():
            group, dot, variable = name.partition(".")
            if not dot:
                values = self.built.timed_arrays[name].values
                values[...] = _check_input(name, value, values.dtype, values.size).reshape(values.shape)
            else:
                var = self.built.groups[group].variables[variable]
                value = _check_input(name, value, var.dtype, var.size)
                var.set_value(value[0] if var.scalar else value)
        # Brian2 compares states with 1e50, which single precision has not; the sigmoid of an exponential that
        # overflows is right. Training says what is not finite (`brianff.learning.finite`), recordings
        # what diverges (`brianff.network.monitors`).
        with self.built.precision(), np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            network.run((a.steps_of(inputs, n_epochs) + 1) * a.dt_ms * ms, namespace={})
        return Results(self._read)

    def _read(self, name):
        group, _, variable = name.partition(".")
        # a copy: the next run writes into the same memory
        value = np.array(self.built.groups[group].variables[variable].get_value())
        return value if group.startswith("record_") else value.ravel()


# -- C++ standalone ------------------------------------------------------------------------------------------------


class CppSimulator:
    """Brian2's C++ standalone device, compiled once into the cache.

    Parameters
    ----------
    architecture : `Architecture`
    composition : `Composition`
    report : callable, optional
    record : bool
        Compile monitors of every spike in: ``results["spikes1.i"]``, ``results["spikes1.t"]`` (seconds).
    network : class, optional
        What builds the Brian2 objects (default: the composition's); the benchmarks compare with another one.
    under : sequence of str, optional
        Command that runs the binary in its place: a profiler and its options.

    Attributes
    ----------
    folder : `pathlib.Path`
        The compiled project.
    compiled : bool
        Whether this object had to compile, or found the binary in the cache.
    """

    device = "cpp"

    def __init__(self, architecture, composition, report=None, record=False, network=None, under=()):
        self.architecture = architecture
        # A binary in the cache may have been built with other values.
        self.parameters = composition.parameter_inputs(architecture)
        self.under = under
        self.folder = cache_folder() / _fingerprint(architecture, composition, record, network)

        def build(work):
            return _build(work, architecture, composition, record, network)

        announce = ["compiling the network (once for this architecture, some seconds)"]
        self.manifest, self.compiled = cached(self.folder, build, report, announce, require_compiler)

    def size(self, name):
        return self.manifest["variables"][name]["size"]

    def dtype(self, name):
        return np.dtype(self.manifest["variables"][name]["dtype"])

    def run(self, inputs, n_epochs):
        a = self.architecture
        if not 1 <= n_epochs <= a.capacity:
            raise ValueError(f"a run has 1 to {a.capacity} stimulus epochs, not {n_epochs}.")
        scratch = run_folder()
        try:
            arguments = ["--results_dir", f"{scratch}/"]
            t_stop = (a.steps_of(inputs, n_epochs) - 0.5) * a.dt_ms * 1e-3
            for name, value in {**self.parameters, **inputs, "layer0.t_stop": t_stop}.items():
                if "." in name:
                    spec, target = self._variable(name), name
                else:
                    spec, target = self.manifest["timed_arrays"][name], f"{name}.values"
                # the size of an ordinary Synapses' variable is known to the binary alone
                value = _check_input(name, value, spec["dtype"], spec.get("size", np.size(value)))
                if value.size == 1:
                    arguments.append(f"{target}={value[0].item()!r}")
                else:
                    path = scratch / f"in_{name}"
                    value.tofile(path)
                    arguments.append(f"{target}={path}")
            # A session of its own: Ctrl-C reaches the Python process, which decides what happens.
            process = subprocess.Popen(
                [*self.under, str(self.folder / "main"), *arguments],
                cwd=self.folder,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                output, _ = process.communicate()
            except BaseException:
                process.kill()
                process.wait()
                raise
            # The binary reports a wrong file on stderr and goes on with the compiled-in values.
            if process.returncode or output:
                raise _failure(process.returncode, output.decode(errors="replace"), self.folder)
        except OSError as error:
            shutil.rmtree(scratch, ignore_errors=True)
            raise failed(scratch.parent, error) from None
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise
        return Results(
            lambda name: self._read(scratch, name),
            lambda: shutil.rmtree(scratch, ignore_errors=True),
        )

    def _variable(self, name):
        try:
            return self.manifest["variables"][name]
        except KeyError:
            raise DeviceError(f"the compiled network has no variable '{name}'.") from None

    def _read(self, scratch, name):
        spec = self._variable(name)
        try:
            values = np.fromfile(scratch / spec["file"], dtype=spec["dtype"])
        except OSError as error:
            raise failed(scratch.parent, error) from None
        if values.size != self._elements(scratch, name, spec) or values.size % spec.get("columns", 1):
            # Brian2 does not ask whether what it writes has arrived.
            raise failed(scratch.parent, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        return values.reshape(-1, spec["columns"]) if "columns" in spec else values

    def _elements(self, scratch, name, spec):
        """How many values a variable has after a run; those of monitors have as many as their `N` says."""
        if "size" in spec:
            return spec["size"]
        number = self.manifest["variables"].get(f"{name.partition('.')[0]}.N", {})
        rows = np.fromfile(scratch / number["file"], dtype=number["dtype"]) if "file" in number else []
        return int(rows[0]) * spec.get("columns", 1) if len(rows) else -1


def _failure(status, output, folder):
    """The `DeviceError` of a compiled network that failed."""
    said = output.strip()[-500:]
    if "bad_alloc" in said or status == -signal.SIGKILL:
        remedy = "there was not enough memory: try a smaller --batch, --chunk or network."
    elif "Error opening" in said:  # of files that were there just before
        remedy = "it could not open its files: raise the limit of open files, as in ulimit -n 1024."
    else:
        remedy = f"if this happens again, delete {folder}."
    return DeviceError(f"the compiled network failed ({ended(status)}): {said or 'it said nothing'}; {remedy}")


def _cpu():
    """Identity of the processor for which -march=native compiles."""
    try:
        with open("/proc/cpuinfo") as f:
            lines = [line for line in f if line.startswith(("model name", "flags"))]
        return "".join(sorted(set(lines)))
    except OSError:
        return platform.processor()


def _fingerprint(architecture, composition, record, network):
    """Name of the compiled network: everything that its code depends on, and no value that a run can set."""
    import importlib.metadata

    from brian2 import prefs

    sources = Path(brianff.__file__).parent
    files = [*sources.glob("network/*.py"), sources / "noise.py", *sources.glob("devices/*.py")]
    code = "".join(p.read_text() for p in sorted([*files, *sources.glob("templates/cpp/*")]))
    text = "\n".join(
        [
            json.dumps(architecture.asdict(), sort_keys=True),
            str(record),
            inspect.getsource(network or network_class(composition)),
            composition.fingerprint(),
            importlib.metadata.version("brian2"),
            np.__version__,
            platform.machine(),
            _cpu(),
            os.environ.get("CXX", ""),
            " ".join(prefs["codegen.cpp.extra_compile_args_gcc"]),
            code,
        ]
    )
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def compiler_program():
    """The program that ``$CXX`` names, without its arguments; g++ if there is no such variable.

    Raises
    ------
    CompilerError
        If the variable is empty, which `make` would take for the name of the compiler.
    """
    named = os.environ.get("CXX", "g++").split()
    if not named:
        raise CompilerError("the variable CXX is empty: unset it, or name your compiler, as in CXX=g++.")
    return named[0]


def require_compiler():
    for program in (compiler_program(), "make"):
        if shutil.which(program) is None:
            raise CompilerError(
                f"--device cpp needs the program '{program}', which is not installed (on Debian: apt-get install g++ "
                "make). Without a compiler, --device runtime works, slowly."
            )


def _arrange(work):
    """Let make compile two files, one a core: the generated code, and the reading and writing of arrays."""
    # Brian2 asks Python's own C++ compiler which flags there are, and leaves out those that it does not answer for.
    if "-O3" not in (work / "makefile").read_text():
        raise CompilerError(
            "Brian2 found no compiler that takes the flag -O3, and would compile without optimization: install the "
            "program 'c++' (on Debian: apt-get install g++), or name your compiler, as in CXX=g++."
        )
    others = [path.name for path in sorted(work.glob("*.cpp")) if path.name != "objects.cpp"]
    merge(work, ".cpp", ["brianlib/spikequeue.cpp", *others])
    with open(work / "makefile", "a") as makefile:
        makefile.write(_RULES)


def _build(work, architecture, composition, record, network):
    """Generate and compile a network in the folder `work`; returns what `make` gave, and the manifest."""
    manifest = _generate(work, architecture, composition, record, network)
    _arrange(work)
    make = subprocess.run(
        [*_MAKE, f"-j{os.cpu_count()}"],
        cwd=work,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"TMPDIR": str(work)},  # nothing of a compiler that is killed stays elsewhere
    )
    return make, manifest


@in_turn
def _generate(work, architecture, composition, record, network):
    """Write the C++ project of a network into `work`; returns its manifest."""
    from brian2 import get_device, prefs, set_device
    from brian2.core.variables import ArrayVariable, DynamicArrayVariable

    link_args = list(prefs["codegen.cpp.extra_link_args"])
    compile_args = list(prefs["codegen.cpp.extra_compile_args_gcc"])
    set_device("cpp_standalone", directory=str(work), build_on_run=False)
    device = get_device()
    try:
        built = (network or network_class(composition))(architecture, composition, record=record, stop_early=True)
        with built.precision():
            built.network.run(built.duration, namespace={})
        # Linking with it makes denormal numbers count as zero: traces of silent pixels decay for ever.
        prefs["codegen.cpp.extra_link_args"] = [*link_args, "-ffast-math"]
        # Partial redundancy elimination moves loads to where GCC then cannot vectorise the loop over a matrix row.
        prefs["codegen.cpp.extra_compile_args_gcc"] = [*compile_args, "-fno-tree-pre"]
        if architecture.dtype == "float32":
            # One literal such as the 1.0 of "1 - beta" would make the statement around it double.
            prefs["codegen.cpp.extra_compile_args_gcc"] += ["-fsingle-precision-constant"]
        device.build(directory=str(work), compile=False, run=False, with_output=False)
        variables = {}
        for variable in device.arrays:
            if not isinstance(variable, ArrayVariable):
                continue
            size = variable.size
            spec = {"file": device.get_array_filename(variable), "dtype": np.dtype(variable.dtype).str}
            if isinstance(variable, DynamicArrayVariable):
                if not np.isscalar(size):
                    spec["columns"] = int(size[1])
            else:
                spec["size"] = int(size)
            variables[f"{variable.owner.name}.{variable.name}"] = spec
        return {
            "variables": variables,
            "timed_arrays": {
                name: {"dtype": array.values.dtype.str, "size": int(array.values.size)}
                for name, array in built.timed_arrays.items()
            },
        }
    finally:
        prefs["codegen.cpp.extra_link_args"] = link_args
        prefs["codegen.cpp.extra_compile_args_gcc"] = compile_args
        device.reinit()
        set_device("runtime")
