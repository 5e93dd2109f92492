"""Speed, side by side: brianff's dense synapses, and the same equations on Brian2's ordinary Synapses.

    make bench          # on one core; keep the other processes of the machine quiet

Everything is measured in one run on one core, in turn, several times; the table gives medians and their ratios.
Written to benchmarks/results/ as JSON, with the processor's name and the versions.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import time
from pathlib import Path

import numpy as np
from brian2 import Network, NeuronGroup, Synapses, device, get_device, ms, set_device
from ordinary import MINI_BATCH, OrdinaryNetwork

from brianff import DenseSynapses
from brianff.device import CppSimulator
from brianff.equations import compose
from brianff.network import Architecture
from brianff.stimulus import Schedule

FOLDER = Path(__file__).parent / "results"
ACTIVE_PIXELS = 0.19  # as in MNIST


# -- propagation ---------------------------------------------------------------------------------------------------
def propagation(kind, batch, folder, n_pre=784, n_post=500, active=0.02, steps=2000):
    """Nanoseconds a synaptic event of ``I_post += w``, from Brian2's own profile of the pathway."""
    set_device("cpp_standalone", directory=str(folder), build_on_run=False)
    try:
        rng = np.random.default_rng(1)
        # every neuron spikes with a period of its own: the same number of spikes in every step, on average
        source = NeuronGroup(
            batch * n_pre,
            "period : integer\noffset : integer",
            threshold="(t_in_timesteps + offset) % period == 0",
            reset="",
            name="source",
        )
        source.period = int(1 / active)
        source.offset = rng.integers(0, int(1 / active), batch * n_pre)
        target = NeuronGroup(batch * n_post, "I : 1", name="target")
        weights = rng.normal(size=(n_pre, n_post))
        if kind == "dense":
            synapses = DenseSynapses(source, target, on_pre="I_post += w", batch=batch, name="S")
            synapses.w = weights.ravel()
        else:
            synapses = Synapses(source, target, "w : 1", on_pre="I_post += w", name="S")
            entry, i, j = np.meshgrid(np.arange(batch), np.arange(n_pre), np.arange(n_post), indexing="ij")
            synapses.connect(i=(entry * n_pre + i).ravel(), j=(entry * n_post + j).ravel())
            synapses.w = np.tile(weights.ravel(), batch)
        network = Network(source, target, synapses)
        network.run(steps * 0.1 * ms, profile=True)
        current = get_device()
        current.build(**{**current.build_options, "run": False})
        times = []
        for _ in range(3):
            current.run()
            profile = dict(network.profiling_info)
            times.append(sum(float(v) for k, v in profile.items() if k.startswith("S_")))
        events = steps * batch * n_pre * active * n_post
        return float(np.median(times)) / events * 1e9
    finally:
        device.reinit()
        set_device("runtime")


# -- training ------------------------------------------------------------------------------------------------------
def training_inputs(a, composition, encoder, rng, rows):
    """A chunk of training on images as bright as MNIST's."""
    images = np.clip(rng.normal(0.6, 0.3, (a.images, a.n_pixels)), 0.1, 1)
    images *= rng.random(images.shape) < ACTIVE_PIXELS
    n = rows * a.batch
    samples = np.arange(n) % a.images
    labels = rng.integers(0, a.n_classes, n)
    schedule = Schedule.pairs(samples, samples, labels, (labels + 1) % a.n_classes, 2 * np.arange(n), a.batch)
    inputs = {"images": images, **schedule.inputs(a)}
    rates = np.zeros(a.capacity + 1)
    every = max(1, MINI_BATCH // a.batch)
    rates[2 * every - 1 :: 2 * every] = 1e-3
    for level, (n_pre, n_post) in enumerate(zip(a.sizes[:-1], a.sizes[1:], strict=True), start=1):
        inputs[f"synapses{level}.w"] = rng.normal(size=n_pre * n_post) * 1.5 / np.sqrt(n_pre)
        inputs[f"layer{level}.samples_per_update"] = float(MINI_BATCH)
        inputs[f"synapses{level}.plastic"] = True
        inputs[f"learning_rate_at{level}"] = rates
    return inputs, schedule


def seconds_of_run(simulator, inputs, n_epochs):
    """Wall time of a run, and its mean spike trace as a check that the compared networks do the same."""
    start = time.perf_counter()
    with simulator.run(inputs, n_epochs) as results:
        elapsed = time.perf_counter() - start
        x = results.recorded("record_x2", "x", n_epochs)
    return elapsed, float(x.mean())


def training(encoder, hidden, repeats, rows=200):
    """Samples a second (positive and negative presentation, learning included) of brianff and of ordinary Synapses."""
    composition = compose(encoder=encoder)
    out = {}
    simulators = {}
    for name, batch, network in (
        ("brianff, batch 10", 10, None),
        ("brianff, batch 1", 1, None),
        ("ordinary Synapses", 1, OrdinaryNetwork),
    ):
        n_rows = rows // batch if batch > 1 else rows
        a = Architecture(784, 10, hidden, batch=batch, capacity=2 * n_rows, images=rows)
        inputs, schedule = training_inputs(a, composition, encoder, np.random.default_rng(2), n_rows)
        if network is not None:
            inputs = {k: v for k, v in inputs.items() if not k.endswith((".plastic",))}
        simulator = CppSimulator(a, composition, print, network=network)
        simulators[name] = simulator, inputs, len(schedule), n_rows * batch
        out[name] = []
    for _ in range(repeats):
        for name, (simulator, inputs, epochs, n) in simulators.items():
            whole, activity = seconds_of_run(simulator, inputs, epochs)
            start, _ = seconds_of_run(simulator, inputs, 2)
            # the start of the process and the files are the same for a chunk of any length: leave them out
            pairs = epochs // 2
            out[name].append({"samples_per_second": n * (1 - 1 / pairs) / (whole - start), "mean_trace": activity})
    return {name: {key: float(np.median([r[key] for r in runs])) for key in runs[0]} for name, runs in out.items()}


def machine():
    try:
        names = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    except OSError:
        names = [platform.processor()]
    return {
        "processor": names[0],
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in ("brianff", "brian2", "numpy")},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a small network, once")
    parser.add_argument("--core", type=int, help="processor core to run on (default: the first allowed one)")
    parser.add_argument("--work", default="runs/bench", help="folder for compiled networks")
    args = parser.parse_args()
    core = args.core if args.core is not None else min(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    work = Path(args.work)
    work.mkdir(parents=True, exist_ok=True)
    rows = []
    size = dict(n_pre=100, n_post=50, steps=200) if args.quick else {}
    for batch in (1, 8):
        ns = {kind: propagation(kind, batch, work / f"{kind}{batch}", **size) for kind in ("dense", "ordinary")}
        rows.append(
            {
                "what": f"propagation I_post += w, batch {batch}",
                "unit": "ns an event",
                "brianff": ns["dense"],
                "Synapses": ns["ordinary"],
                "ratio": ns["ordinary"] / ns["dense"],
            }
        )
    hidden, repeats = ((30, 20), 1) if args.quick else ((500, 500), 3)
    for encoder in ("time_to_first_spike", "poisson_rate"):
        result = training(encoder, hidden, repeats, rows=40 if args.quick else 200)
        ordinary = result["ordinary Synapses"]["samples_per_second"]
        for name in ("brianff, batch 1", "brianff, batch 10"):
            rate = result[name]["samples_per_second"]
            rows.append(
                {
                    "what": f"training {'-'.join(map(str, hidden))}, {encoder}, {name}",
                    "unit": "samples/s",
                    "brianff": rate,
                    "Synapses": ordinary,
                    "ratio": rate / ordinary,
                    "mean_trace": [result[name]["mean_trace"], result["ordinary Synapses"]["mean_trace"]],
                }
            )
    print(f"\n{'':62} {'brianff':>9} {'Synapses':>9} {'ratio':>6}")
    for row in rows:
        label = f"{row['what']} ({row['unit']})"
        print(f"{label:62} {row['brianff']:9.3g} {row['Synapses']:9.3g} {row['ratio']:6.2f}")
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / ("quick.json" if args.quick else "cpu.json")
    path.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=1) + "\n")
    print(f"written: {path}")


if __name__ == "__main__":
    main()
