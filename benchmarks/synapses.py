"""One projection alone: nanoseconds an event and bytes a weight, of brianff's synapses and of brian2.Synapses."""

import re
import subprocess
import time
from pathlib import Path

import numpy as np
from brian2 import Network, NeuronGroup, Synapses, device, get_device, ms, prefs, set_device

from brianff import ConvolutionSynapses, DenseSynapses

__all__ = ["bytes_per_weight", "pathway_time"]

# code and model
PATHWAYS = {
    "on_pre": ("I_post += w", "w : 1"),
    "on_post": ("q += x_pre", "q : 1"),
}


class Built:
    """One source, one target and one projection, compiled in `folder`; every neuron spikes with a fixed period.

    `kind`: "dense", "ordinary" (`brian2.Synapses`), and of a `Geometry` "convolution" and "unrolled" (`Synapses`).
    """

    def __init__(self, kind, pathway, folder, batch, n_pre, n_post, active, steps, dtype="float64", geometry=None):
        if geometry:
            n_pre, n_post = geometry.n_pre, geometry.n_post
        self.folder, self.batch = Path(folder), batch
        self.n_pre, self.n_post, self.steps = n_pre, n_post, steps
        default = prefs.core.default_float_dtype
        prefs.core.default_float_dtype = np.dtype(dtype).type
        set_device("cpp_standalone", directory=str(folder), build_on_run=False)
        try:
            rng = np.random.default_rng(1)
            code, model = PATHWAYS[pathway]
            groups = [
                self._spiking(batch * n, active, rng, name) for n, name in ((n_pre, "source"), (n_post, "target"))
            ]
            if kind == "dense":
                if pathway == "on_post":
                    model += " (post_major)"
                synapses = DenseSynapses(*groups, model, **{pathway: code}, batch=batch, name="S")
            elif kind == "convolution":
                options = {pathway: code, "batch": batch, **geometry.options}
                synapses = ConvolutionSynapses(*groups, model, name="S", **options)
            else:
                synapses = Synapses(*groups, model, **{pathway: code}, name="S")
                if geometry:
                    i, j, _ = geometry.connections()
                    entry, i, j = np.repeat(np.arange(batch), len(i)), np.tile(i, batch), np.tile(j, batch)
                else:
                    entry, i, j = np.meshgrid(np.arange(batch), np.arange(n_pre), np.arange(n_post), indexing="ij")
                synapses.connect(i=(entry * n_pre + i).ravel(), j=(entry * n_post + j).ravel())
            setattr(synapses, model[0], 0.5)  # written to, so that the memory is really there
            network = Network(*groups, synapses)
            network.run(steps * 0.1 * ms, profile=True)
            self.device = get_device()
            self.device.build(**{**self.device.build_options, "run": False})
            self.network = network
            connections = len(geometry.connections()[0]) if geometry else n_pre * n_post
            self.events = steps * batch * active * connections
        finally:
            prefs.core.default_float_dtype = default

    @staticmethod
    def _spiking(n, active, rng, name):
        period = int(1 / active)
        group = NeuronGroup(
            n,
            "period : integer\noffset : integer\nI : 1\nx : 1",
            threshold="(t_in_timesteps + offset) % period == 0",
            reset="",
            name=name,
        )
        group.period = period
        group.offset = rng.integers(0, period, n)
        return group

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        device.reinit()
        set_device("runtime")

    def nanoseconds(self):
        """Of an event in the pathway's own code (and, of `Synapses`, its queue), by Brian2's profile.

        Looking at the clock takes as long as hundreds of events: what resets without a statement say is taken off.
        """
        self.device.run()
        profile = {name: float(seconds) for name, seconds in self.network.profiling_info}
        clock = min(seconds for name, seconds in profile.items() if "_spike_resetter" in name)
        own = [seconds - clock for name, seconds in profile.items() if name.startswith("S_")]
        return sum(own) / self.events * 1e9

    def peak_memory(self):
        """Largest resident memory of the process, in bytes."""
        process = subprocess.Popen(["./main"], cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # not ru_maxrss, which counts the memory of the process that it was forked from
        status, peak = Path(f"/proc/{process.pid}/status"), 0
        while process.poll() is None:
            found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
            peak = max(peak, int(found[1]) * 1024 if found else 0)
            time.sleep(1e-3)
        return peak


def pathway_time(
    kind, pathway, folder, batch=1, n_pre=784, n_post=500, active=0.02, steps=2000, dtype="float64", geometry=None
):
    """Nanoseconds a synaptic event; median of 3 runs."""
    with Built(kind, pathway, folder, batch, n_pre, n_post, active, steps, dtype, geometry) as built:
        return float(np.median([built.nanoseconds() for _ in range(3)]))


def bytes_per_weight(kind, folder, n_pre=784, n_post=(500, 2500), dtype="float64"):
    """What memory grows by for one more weight: from the peak memory of processes with few and with many weights."""
    peaks = []
    for n in n_post:
        with Built(kind, "on_pre", f"{folder}-{n}", 1, n_pre, n, 0.02, 2000, dtype) as built:
            peaks.append(built.peak_memory())
    return (peaks[1] - peaks[0]) / (n_pre * (n_post[1] - n_post[0]))
