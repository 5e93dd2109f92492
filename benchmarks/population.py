"""A population in one binary against its members one after the other, on one core.

    python benchmarks/population.py             # half a minute; writes benchmarks/results/population.json

64 spiking layers of 50 neurons, each with weights of its own, see the same digits in both phases: as in
protocols/gradient_free.py, in one compiled network, and in 64 runs of the same network with one member.  Processor
time of the compiled programs and of the Python that hands over weights and stimuli; compiling is not counted.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from run import machine

from brianff import datasets
from brianff.learning.population import SpikingPopulation
from brianff.learning.run import cpu_seconds

FILE = Path(__file__).parent / "results" / "population.json"
MEMBERS, NEURONS = 64, 50
PAIRS = (4, 32, 256)  # of a generation; the protocol shows 32
REPEATS = 5


def spent(function):
    """Processor time of a call: (of this process, of those that it has run)."""
    before = cpu_seconds()
    function()
    return cpu_seconds() - before


def measure(pairs, data, repeats=REPEATS):
    """Median processor time, (Python, compiled program), of the population together and in turn."""
    n = 2 * pairs
    chosen = data.train[np.arange(n) % len(data.train)]
    pixels, labels = data.images[chosen].reshape(n, -1) / 255.0, data.labels[chosen]
    size = dict(capacity=n, n_steps=25, dt_ms=2.0, report=print)
    whole, single = (SpikingPopulation(data.n_pixels, data.n_classes, NEURONS, m, **size) for m in (MEMBERS, 1))
    weights = np.random.default_rng(0).normal(size=(MEMBERS, *whole.shape)) * 1.5 / np.sqrt(whole.shape[0])
    together, in_turn = [], []
    for _ in range(repeats):
        together.append(spent(lambda: whole.show(weights, pixels, labels)))
        in_turn.append(spent(lambda: [single.show(w[None], pixels, labels) for w in weights]))
    return np.median(together, axis=0), np.median(in_turn, axis=0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    data, rows = datasets.load("digits"), []
    for pairs in PAIRS:
        together, in_turn = measure(pairs, data)
        ratio, of_program = in_turn.sum() / together.sum(), in_turn[1] / together[1]
        rows.append(
            {
                "pairs": pairs,
                "together_ms": round(1e3 * together.sum(), 1),
                "in_turn_ms": round(1e3 * in_turn.sum(), 1),
                "ratio": round(ratio, 2),
                "ratio_of_compiled_programs": round(of_program, 2),
            }
        )
        print(
            f"{MEMBERS} members, {pairs} pairs: together {1e3 * together.sum():.1f} ms, in turn "
            f"{1e3 * in_turn.sum():.0f} ms: {ratio:.1f} times (compiled programs alone: {of_program:.1f})"
        )
    FILE.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=1) + "\n")
    print(f"written: {FILE}")


if __name__ == "__main__":
    main()
