"""Training on a GPU beside one CPU core: samples a second against the batch, and whether both do the same.

    python benchmarks/cuda.py               # writes benchmarks/results/cuda.json; minutes, most of them nvcc's
    python benchmarks/cuda.py --quick       # a small network: does everything work?

A sample is a positive and a negative presentation of 50 steps with learning of both layers, 884-500-500, the
optimizer's step after every batch.  Two rates are given: of the whole run as training does it, input and weights to the
GPU and back included, and of the simulation alone (the difference of a long and a short run).  The CPU's rows are
measured in the same run.  `--mnist DIR` also trains on MNIST on both devices, with the same options and seeds, for the
accuracy: all runs at the same time.
"""

import argparse
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from brianff.devices.cpp import CppSimulator
from brianff.devices.cuda import CudaSimulator
from brianff.devices.cuda_setup import Setup
from brianff.equations.compose import compose
from brianff.learning.phases import Phases
from brianff.machine import usable_cores
from brianff.network.architecture import Architecture

FOLDER = Path(__file__).parent / "results"
ACTIVE_PIXELS = 0.19  # as in MNIST
STEPS = 50


def architecture(batch, rows, hidden, dtype):
    """A network for `rows` rows of `batch` samples, each of which has an image of its own."""
    return Architecture(
        784, 10, hidden, batch=batch, n_steps=STEPS, capacity=2 * rows, images=rows * batch, dtype=dtype
    )


def inputs_of(a):
    rng = np.random.default_rng(2)
    images = np.clip(rng.normal(0.6, 0.3, (a.images, a.n_pixels)), 0.1, 1)
    images *= rng.random(images.shape) < ACTIVE_PIXELS
    shown = np.arange(a.images)
    labels = rng.integers(0, a.n_classes, a.images)
    schedule = Phases.paired().schedule(
        (shown, labels, 2 * shown), (shown, (labels + 1) % a.n_classes, 2 * shown + 1), a
    )
    rates = np.zeros(a.capacity + 1)
    rates[1::2] = 1e-3
    inputs = {"images": images, **schedule.inputs(a)}
    inputs |= compose().plasticity(a, range(1, a.depth + 1))
    for level, projection in enumerate(a.projections, start=1):
        inputs[projection.key("w")] = rng.normal(size=projection.n_values) * 1.5 / np.sqrt(projection.fan_in)
        inputs[f"layer{level}.samples_per_update"] = float(a.batch)
        inputs[f"learning_rate_at{level}"] = rates
    return inputs, len(schedule)


def timed(simulator, inputs, n_epochs):
    """Seconds of one run, the weights and the goodness read as training reads them; and the weights."""
    start = time.perf_counter()
    weights = {}
    with simulator.run(inputs, n_epochs) as results:
        for level in range(1, len(simulator.architecture.sizes)):
            weights |= {f"{v}{level}": results[f"synapses{level}.{v}"] for v in ("w", "dw", "m1", "m2")}
            results.recorded(f"record_g{level}", "g", n_epochs)
    return time.perf_counter() - start, weights


def measure(kind, batch, rows, hidden, dtype, repeats):
    """A row of the table, and what the last run learnt."""
    a = architecture(batch, rows, hidden, dtype)
    simulator = kind(a, compose(), print)
    inputs, n_epochs = inputs_of(a)
    timed(simulator, inputs, 2)  # makes the context
    long, short = [], []
    for _ in range(repeats):
        seconds, weights = timed(simulator, inputs, n_epochs)
        long.append(seconds)
        short.append(timed(simulator, inputs, 2)[0])
    whole, least = float(np.median(long)), float(np.median(short))
    row = {
        "device": simulator.device,
        "hidden": list(hidden),
        "dtype": dtype,
        "batch": batch,
        "samples": rows * batch,
        "samples_per_second": rows * batch / whole,
        "simulation_alone": (rows - 1) * batch / max(whole - least, 1e-9),
        "spread": [rows * batch / max(long), rows * batch / min(long)],
    }
    print("  ".join(f"{k} {v:.5g}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items()), flush=True)
    if hasattr(simulator, "close"):
        simulator.close()
    return row, weights


def difference(hidden, batch, rows):
    """Largest difference of a weight between the devices after the same run, relative to the largest weight."""
    found = [measure(kind, batch, rows, hidden, "float64", 1)[1] for kind in (CudaSimulator, CppSimulator)]
    return {
        name: float(np.abs(found[0][name] - found[1][name]).max() / np.abs(found[1][name]).max())
        for name in ("w1", "w2", "m11", "m12")
    }


def compiled(job):
    """Put a network into the cache of compiled ones; nvcc takes minutes for each, on one core."""
    batch, rows, hidden, dtype = job
    CudaSimulator(architecture(batch, rows, hidden, dtype), compose())


def accuracies(data, epochs, seeds, work):
    """Test accuracy by goodness on MNIST, both devices with the same options, all runs at once; a row for each."""
    script = Path(__file__).parent.parent / "protocols" / "forward_forward.py"
    options = (
        f"--dataset mnist --data {data} --epochs {epochs} --batch 100 --mini-batch 100 --refresh 5000 --chunk 5000"
    )

    def train(device, seed):
        command = [sys.executable, str(script), *options.split(), "--device", device, "--seed", str(seed)]
        return subprocess.Popen([*command, "--out", str(work / f"{device}-{seed}")], stdout=subprocess.PIPE, text=True)

    running = {(device, seed): train(device, seed) for device in ("cuda", "cpp") for seed in seeds}
    for (device, seed), process in running.items():
        said, _ = process.communicate()
        if process.returncode:
            sys.exit(f"error: training on {device} with seed {seed} failed: {said[-500:]}")
        accuracy = float(re.search(r"^test accuracy: ([\d.]+)", said, re.M).group(1))
        yield {"device": device, "seed": seed, "epochs": epochs, "accuracy": accuracy, "options": options}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path, default=FOLDER / "cuda.json")
    parser.add_argument("--mnist", metavar="DIR", help="also train on MNIST in DIR, with both devices")
    parser.add_argument("--epochs", type=int, default=3, help="of that (default: 3)")
    parser.add_argument("--seeds", default="1,2,3")
    args = parser.parse_args()
    setup = Setup.find()
    if setup.problems:
        sys.exit(f"error: {' '.join(setup.problems)}")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    hidden, repeats = ((50, 50), 1) if args.quick else ((500, 500), 3)
    batches, samples = ((64, 256), 1024) if args.quick else ((64, 128, 256, 512, 1024, 2048), 40960)
    dtypes = ("float64",) if args.quick else ("float64", "float32")
    of_difference = (64, 10 if args.quick else 100)
    of_rates = [(batch, max(2, samples // batch)) for batch in batches]
    with ProcessPoolExecutor(usable_cores()) as pool:
        jobs = [(*of_difference, hidden, "float64"), *((*shape, hidden, d) for d in dtypes for shape in of_rates)]
        list(pool.map(compiled, jobs))
    document = {
        "machine": {
            "gpu": setup.gpu.name,
            "capability": setup.gpu.capability,
            "driver": setup.gpu.driver,
            "cuda": ".".join(map(str, setup.version)),
            **{name: importlib.metadata.version(name) for name in ("brianff", "brian2", "brian2cuda", "numpy")},
        },
        "counted": __doc__.split("\n\n")[2].replace("\n", " "),
        "difference": difference(hidden, *of_difference),
        "rows": [],
        "accuracy": [],
    }
    print("difference from C++:", document["difference"])

    def write():
        args.out.parent.mkdir(exist_ok=True)
        args.out.write_text(json.dumps(document, indent=1) + "\n")

    for dtype in dtypes:
        for batch, rows in of_rates:
            document["rows"].append(measure(CudaSimulator, batch, rows, hidden, dtype, repeats)[0])
            write()
        for batch in (10, 20):
            document["rows"].append(measure(CppSimulator, batch, 100 if args.quick else 50, hidden, dtype, repeats)[0])
            write()
    best = {
        kind: max(row["samples_per_second"] for row in document["rows"] if row["device"] == kind)
        for kind in ("cuda", "cpp")
    }
    document["best"] = {**best, "ratio": best["cuda"] / best["cpp"]}
    if args.mnist:
        with tempfile.TemporaryDirectory() as work:
            for row in accuracies(args.mnist, args.epochs, args.seeds.split(","), Path(work)):
                print(row, flush=True)
                document["accuracy"].append(row)
                write()
    write()
    print(f"best: {document['best']}; written: {args.out}")


if __name__ == "__main__":
    main()
