"""Seconds of training on one core until 97, 98 and 98.5 % of MNIST's held-out images are right, for every method.

    python benchmarks/time_to_accuracy.py --mnist DIR [--seeds 1] [--jobs 1] [--only TEXT]
    python benchmarks/time_to_accuracy.py                 # only print the table again

Writes benchmarks/results/time_to_accuracy.json. Every run learns from 55 000 images, moved by up to a pixel where the
method can, and is tested on 5 000 that are held out (the last of the file, for peers); the test set is not read.
Seconds are processor time of training alone, on one core, without start, compilation and testing. A run ends at 98.5
%, after its passes, or after --limit-seconds. Networks are 784-500-500 (884 with label neurons), with an output layer
of ten where a method has one (mlGeNN's example: 784-128-10); settings are the best known of each (learning rate,
passes, steps). Peers run in the environment that benchmarks/rivals_setup.py makes, mlGeNN in the one of
benchmarks/peer_mlgenn.py, and are left out where it is missing.
"""

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import numpy as np
from rivals_setup import interpreter

HERE = Path(__file__).parent
OUT = HERE / "results" / "time_to_accuracy.json"
ENVIRONMENTS = Path("runs/bench")
TARGETS = (0.97, 0.98, 0.985)
SPIKING = dict(dtype="float32", batch=20, mini_batch=20, jitter=1)
FEW = dict(steps=16, dt=5.0)
# name -> (class of brianff, options that differ)
METHODS = {
    "local readouts, 16 steps of 5 ms": (
        "ForwardForward",
        dict(rule="local_readout", negatives="none", epochs=6, **FEW),
    ),
    "local readouts": ("ForwardForward", dict(rule="local_readout", negatives="none", epochs=6)),
    "forward-forward, symba, 25 steps of 2 ms": ("ForwardForward", dict(epochs=10, steps=25, dt=2.0)),
    "forward-forward, symba": ("ForwardForward", dict(epochs=10)),
    "forward-forward, symba, any wrong label": ("ForwardForward", dict(epochs=10, negatives="uniform")),
    "forward-forward, polar halves": (
        "ForwardForward",
        dict(rule="forward_forward", goodness="polar_halves", set=("theta=0",), epochs=10),
    ),
    "surrogate gradient within each layer": ("ForwardForward", dict(rule="surrogate_gradient", epochs=10)),
    "R-STDP": ("ForwardForward", dict(rule="r_stdp", epochs=10)),
    "SFDFA": ("Feedback", dict(eligibility="spike_time_bounded", learning_rate=0.005, epochs=10)),
    "DFA": (
        "Feedback",
        dict(feedback="dfa", set=("rho=1",), eligibility="spike_time_bounded", learning_rate=0.005, epochs=10),
    ),
    "exact backpropagation of spike times": ("Backpropagation", dict(epochs=5)),
    "equilibrium propagation, 784-500": ("Equilibrium", dict(layers=[500], epochs=10)),
    "forward-forward without spikes": ("Rectified", dict(epochs=30)),
    "ordinary network, backpropagation": ("Perceptron", dict(epochs=10)),
}
# name -> (environment, script, options)
PEERS = {
    "PyTorch by events, symba, any wrong label": ("rivals-env", "peers.py", ["--peer", "pytorch-events"]),
    "snnTorch, surrogate gradient within each layer": (
        "rivals-env",
        "peers.py",
        ["--peer", "snntorch-local", "--every", "27500"],
    ),
    "snnTorch, backpropagation": ("rivals-env", "peers.py", ["--peer", "snntorch-backprop"]),
    "mlGeNN, EventProp": ("genn-env", "peer_mlgenn.py", ["--every", "11000"]),
}


def options_of(name):
    """(class, options) of a method of brianff, but for data and seed."""
    method, options = METHODS[name]
    common = dict(layers=[500, 500], validation=5000, validate=0, validate_every=11000)
    if method in ("ForwardForward", "Equilibrium"):
        common |= SPIKING
    elif method in ("Feedback", "Backpropagation"):
        common |= dict(jitter=1)
    return method, common | options


def train(name, mnist, seed, limit):
    """Of a method of brianff: a line for each test, as the peers print them.  In a process of its own."""
    import brianff as ff

    method, options = options_of(name)
    run = ff.Run(getattr(ff, method)("mnist", data=mnist, seed=seed, **options))

    def tell(run, row):
        if row["what"] != "validation":
            return False
        found = dict(system=name, seed=seed, samples=row["samples"], seconds=run.cpu_seconds, accuracy=row["accuracy"])
        print(json.dumps(found), flush=True)
        return row["accuracy"] >= TARGETS[-1] or run.cpu_seconds > limit

    run.train(callbacks=[tell], progress=False)


def measure(name, mnist, seed, limit):
    if name in METHODS:
        command = [sys.executable, __file__, "--mnist", mnist, "--train", name, "--limit-seconds", str(limit)]
    else:
        environment, script, options = PEERS[name]
        python = interpreter(ENVIRONMENTS / environment)
        if not python.is_file():
            print(f"left out: {name}: {python} is not there")
            return []
        command = [str(python.absolute()), str(HERE / script), "--mnist", mnist, *options]
        command += ["--limit-seconds", str(limit)]
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    process = subprocess.Popen(
        [*command, "--seed", str(seed)], stdout=subprocess.PIPE, text=True, env=os.environ | one_thread
    )
    rows = []
    for line in process.stdout:
        if line.startswith("{"):
            rows.append(json.loads(line) | {"system": name})
            print(rows[-1], flush=True)
    if process.wait():
        raise RuntimeError(f"{name}: ended with status {process.returncode}: {' '.join(command)}")
    return rows


def table(rows):
    print("| | 97 % | 98 % | 98.5 % | samples/s | best, after |")
    print("|--|--|--|--|--|--|")
    for name in (*METHODS, *PEERS):
        own = [row for row in rows if row["system"] == name]
        if not own:
            continue
        cells = []
        for target in TARGETS:
            first = {}
            for row in own:
                if row["accuracy"] >= target:
                    first[row["seed"]] = min(first.get(row["seed"], np.inf), row["seconds"])
            seeds = {row["seed"] for row in own}
            missed = f" ({len(seeds) - len(first)} of {len(seeds)} not)" if len(first) < len(seeds) else ""
            cells.append(f"{np.median([*first.values()]):.0f} s{missed}" if first else "-")
        last = [max((r for r in own if r["seed"] == seed), key=lambda r: r["samples"]) for seed in seeds]
        speed = np.median([row["samples"] / row["seconds"] for row in last])
        best = max(own, key=lambda row: row["accuracy"])
        cells += [f"{speed:,.0f}".replace(",", " "), f"{100 * best['accuracy']:.2f} %, {best['seconds']:.0f} s"]
        print(f"| {name} | {' | '.join(cells)} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", metavar="DIR", help="where the files are (default: only print the table again)")
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--jobs", type=int, default=1, help="runs side by side: not more than there are idle cores")
    parser.add_argument("--only", help="only systems whose name has this in it")
    parser.add_argument("--limit-seconds", type=float, default=900, help="of training, for each run")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--train", help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.train:
        return train(args.train, args.mnist, args.seed, args.limit_seconds)
    rows = json.loads(args.out.read_text())["rows"] if args.out.exists() else []
    if args.mnist:
        done = {(row["system"], row["seed"]) for row in rows}
        names = [name for name in (*METHODS, *PEERS) if not args.only or args.only in name]
        todo = [(name, seed) for seed in map(int, args.seeds.split(",")) for name in names if (name, seed) not in done]
        with ThreadPoolExecutor(args.jobs) as pool:
            running = [pool.submit(measure, name, args.mnist, seed, args.limit_seconds) for name, seed in todo]
            for finished in as_completed(running):
                rows += finished.result()
                args.out.write_text(json.dumps({"rows": rows}, indent=1) + "\n")
    table(rows)


if __name__ == "__main__":
    main()
