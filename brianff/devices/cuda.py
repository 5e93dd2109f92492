"""brian2cuda: one process for many runs.

nvcc takes a quarter of a minute for every file that includes Thrust and cuRAND, as all of brian2cuda's do: here all
code objects are compiled as one file.  And a GPU context takes longer to make than many a run: the process that has
one stays (``templates/cuda/jobs.h``).
"""

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
from brian2.core.variables import ArrayVariable

import brianff
from brianff.devices.base import CompiledSimulator, ended, read_values
from brianff.devices.cache import CompilerError, DeviceError
from brianff.devices.cuda_setup import Setup
from brianff.devices.merging import merge
from brianff.errors import OptionError, UnsupportedError
from brianff.network import network_class
from brianff.network.recorder import Recorder
from brianff.one_thread import borrowed
from brianff.scratch import run_folder, written

__all__ = ["CudaSimulator", "generate", "on_gpu"]

LARGEST_BATCH = 65535  # blocks of a grid in its second dimension
_TEMPLATES = Path(brianff.__file__).parent / "templates" / "cuda"


class OnCuda:
    """What a network does in another way on a GPU, before its class among the bases."""

    def make_neurons(self, level, n, strings, **options):
        """Spikes for the dense synapses alone."""
        neurons = super().make_neurons(level, n, strings, **options)
        neurons.step.template_kwds["_listed"] = False
        return neurons

    def _record_spikes(self, level, variables=()):
        a, neurons = self.architecture, self.groups[f"neurons{level}"]
        options = dict(clock=neurons.clock, when="after_thresholds", name=f"spikes{level}")
        self._add(Recorder(neurons, list(variables), a.capacity * a.n_steps + 1, spikes=True, **options))

    def _record_traces(self, level, record):
        """For inspection, on the NumPy runtime alone."""


def on_gpu(network_class):
    """A class of networks for the GPU."""
    return type(f"Cuda{network_class.__name__}", (OnCuda, network_class), {})


class CudaSimulator(CompiledSimulator):
    """A network on a GPU; recording takes a byte a neuron and time step.

    Parameters
    ----------
    architecture, composition, report, record
        As for `CompiledSimulator`.
    setup : `brianff.devices.cuda_setup.Setup`, optional
        Toolkit and GPU (default: what this machine has).

    Raises
    ------
    DeviceError
        If there is no GPU, no CUDA toolkit or no cuRAND.
    """

    device = "cuda"
    parts = ("brian2cuda",)

    def __init__(self, architecture, composition, report=None, record=False, setup=None):
        self.setup = setup or Setup.find()
        if self.setup.problems:
            self.require()
        if architecture.batch > LARGEST_BATCH:
            raise OptionError(f"--device cuda takes a batch of at most {LARGEST_BATCH}, not {architecture.batch}.")
        self.make = ("make", *self.setup.make_arguments)
        super().__init__(architecture, composition, report, record)
        self._process = self._scratch = None

    @classmethod
    def problem(cls):
        return " ".join(Setup.find().problems) or None

    # -- building --------------------------------------------------------------------------------------------------
    def surroundings(self):
        return self.setup.fingerprint

    def announce(self):
        return [
            f"{self.setup.summary}; compiling (once for this architecture, some minutes)",
            f"brian2cuda {', '.join(self.setup.fixes)}",
        ]

    def require_tools(self):
        """Nothing more: a GPU is needed as well, and for a network in the cache, too."""

    def generate(self, work):
        return generate(work, self.architecture, self.composition, self.setup, record=self.record)

    # -- running ---------------------------------------------------------------------------------------------------
    def _run(self, inputs, n_epochs):
        a, requests = self.architecture, ["reset"]
        if self._process is None:
            self._start()
        with contextlib.ExitStack() as process, written(self._scratch.parent):
            process.callback(self.close)
            for name, value in self.inputs_of_run(inputs, n_epochs):
                if (value == value[0]).all():
                    requests.append(f"fill\t{name}\t{value[:1].tobytes().hex()}")
                else:
                    path = self._scratch / f"in_{name}"
                    value.tofile(path)
                    requests.append(f"set\t{name}\t{path}")
            self._ask([*requests, "run"])
            process.pop_all()
        self._steps = a.steps_of(inputs, n_epochs) + 1
        self._spikes = {}  # of this run: (time step, neuron) of each group
        return (self._read,)

    def _read(self, name):
        group, _, variable = name.partition(".")
        if f"{group}.spiked" not in self.manifest:
            return self._get(name)
        if group not in self._spikes:
            self._spikes[group] = np.nonzero(self._get(f"{group}.spiked")[: self._steps])
        step, i = self._spikes[group]
        if variable == "i":
            return i
        return step * self.architecture.dt_ms * 1e-3 if variable == "t" else self._get(name)[step, i]

    def _get(self, name):
        spec, path = self.variable(name), self._scratch / "out"
        self._ask([f"get\t{name}\t{path}"])
        return read_values(path, spec, spec["size"], self._scratch.parent)

    def _start(self):
        self._scratch = run_folder()
        with open(self._scratch / "stderr", "wb") as errors:
            # A session of its own: Ctrl-C reaches the Python process, which decides what happens.
            self._process = subprocess.Popen(
                [str(self.folder / "main")],
                cwd=self.folder,
                env={**os.environ, "CUDA_DEVICE_ORDER": "PCI_BUS_ID"},  # nvidia-smi's, by which the GPU was chosen
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
                text=True,
            )

    def _ask(self, requests):
        """Send requests, of which the last one is answered, and wait for the answer."""
        said = []
        with contextlib.suppress(BrokenPipeError):  # what it said before it ended comes below
            self._process.stdin.write("\n".join(requests) + "\n")
            self._process.stdin.flush()
        for line in self._process.stdout:
            if line == "brianff done\n":
                return
            said.append(line)
        status = self._process.wait()
        said.append((self._scratch / "stderr").read_text(errors="replace"))
        self.close()
        raise DeviceError(
            f"the compiled network failed ({ended(status)}): {''.join(said).strip()[-500:]}. If this happens "
            f"again, delete {self.folder}."
        )

    def close(self):
        """End the process; the next run starts another one."""
        super().close()
        if self._process is not None:
            self._process.kill()
            with contextlib.suppress(BrokenPipeError):  # what it did not read any more
                self._process.stdin.close()
            self._process.stdout.close()
            self._process.wait()
            shutil.rmtree(self._scratch, ignore_errors=True)
            self._process = None

    def __del__(self):
        if getattr(self, "_process", None) is not None:
            self.close()


# -- generated code ------------------------------------------------------------------------------------------------
def generate(folder, architecture, composition, setup, network=None, record=False):
    """Write the CUDA project of a network into `folder`; needs no nvcc and no GPU.

    Parameters and what is returned are those of `brianff.devices.cpp.generate`; `setup` is a
    `brianff.devices.cuda_setup.Setup`.
    """
    from brian2cuda.device import CUDAStandaloneDevice

    device = CUDAStandaloneDevice()
    with borrowed(device, build_on_run=False, directory=str(folder)), setup.preferences():
        built = on_gpu(network or network_class(composition))(architecture, composition, record=record, stop_early=True)
        for slot in ("before_network_run", "after_network_run"):
            device.insert_code(slot, f"BRIANFF_{slot}")
        device.headers.append('"jobs.h"')
        with built.precision():
            built.network.run(built.duration, namespace={})
            device.build(directory=str(folder), compile=False, run=False, with_output=False)
        manifest, arrays = _arrays(device, built)
        if any(max(code.rng_calls.values(), default=0) for code in device.code_objects.values()):
            raise UnsupportedError(
                "rand(), randn() and xi start again with every run on CUDA: use uniform(seed, presentation, draw, "
                "channel)."
            )
        _accept_jobs(folder / "main.cu", arrays, built.network.name, sorted(c.name for c in device.clocks))
        device.reinit()  # forgets the network, which then takes no name away from the next one
    shutil.copy(_TEMPLATES / "jobs.h", folder)
    merge(folder, ".cu")
    return manifest


def _arrays(device, built):
    """Manifest, and for each array the arguments of ``Jobs::add``."""
    manifest, arrays = {}, []
    recorders = {group.name: group for group in built.objects if isinstance(group, Recorder)}
    for variable, name in device.arrays.items():
        if not isinstance(variable, ArrayVariable) or name in device.variables_on_host_only or not variable.size:
            continue
        dtype, size, owner = np.dtype(variable.dtype), int(variable.size), variable.owner.name
        spec = {"dtype": dtype.str, "size": size}
        if owner in recorders:
            spec["columns"] = recorders[owner].columns
        manifest[f"{owner}.{variable.name}"] = spec
        pointer = f"dev{name}[0]" if variable.name.endswith("space") else f"dev{name}"
        reset = "false" if owner in recorders else "true"
        arrays.append((f"{owner}.{variable.name}", pointer, size, dtype.itemsize, reset))
    for name, array in built.timed_arrays.items():
        if any(array is used for used in device.timed_arrays):
            size, dtype = int(array.values.size), array.values.dtype
            manifest[name] = {"dtype": dtype.str, "size": size}
            arrays.append((name, f"dev{name}_values", size, dtype.itemsize, "true"))
    return manifest, arrays


def _accept_jobs(main, arrays, network, clocks):
    """Put the loop over runs into the generated program, in place of the marks that `generate` left in it."""
    lines = ["brianff::Jobs _jobs;"]
    lines += [
        f'_jobs.add("{name}", {pointer}, {size}, {item}, {reset});' for name, pointer, size, item, reset in arrays
    ]
    lines += ["while (_jobs.next())", "{", f"{network}.t = 0;"]
    lines += [f"{clock}.timestep[0] = 0; {clock}.t[0] = 0;" for clock in clocks]
    text = main.read_text()
    after = "CUDA_SAFE_CALL(cudaDeviceSynchronize());\n_jobs.done();\n}\n_dealloc_arrays();\nreturn 0;"
    for slot, code in (("before_network_run", "\n".join(lines)), ("after_network_run", after)):
        if text.count(f"BRIANFF_{slot}") != 1:
            raise CompilerError(f"brian2cuda's main.cu has changed: no place for {slot}.")
        text = text.replace(f"BRIANFF_{slot}", code)
    main.write_text(text)
