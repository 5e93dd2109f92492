"""brianff and event-driven PyTorch in turn, so that what else the machine does reaches both: samples a second.

    python benchmarks/rivals_setup.py                        # once
    taskset -c 1 python benchmarks/in_turn.py [--rounds 7] [--encoder time_to_first_spike]

`make bench` measures one after the other.  Here every round measures all of them; medians, and the best round of each.
"""

import argparse
import json
import os
import subprocess
from pathlib import Path

import numpy as np
from rivals_setup import FOLDER, interpreter
from run import ENCODERS
from training import Case

SHAPES = ((20, 20), (10, 50), (10, 500), (50, 500))  # presentations side by side, samples between two steps
BATCHES = "50,500"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--encoder", choices=ENCODERS, default="time_to_first_spike")
    args = parser.parse_args()
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    cases = [
        Case(
            f"brianff, batch {batch}, mini-batch {mini}",
            args.encoder,
            batch=batch,
            mini_batch=mini,
            dtype="float32",
            samples=2000,
        )
        for batch, mini in SHAPES
    ]
    rival = [str(interpreter(FOLDER).absolute()), str(Path(__file__).parent / "rivals.py"), "--only", "by-hand"]
    rival += ["--batches", BATCHES, "--repeats", "1", "--encoder", ENCODERS[args.encoder]]
    found = {}
    for _ in range(args.rounds):
        for row in json.loads(subprocess.run(rival, stdout=subprocess.PIPE, text=True, check=True).stdout)["rows"]:
            found.setdefault(f"PyTorch by events, batch {row['batch']}", []).append(row["samples_per_second"])
        for case in cases:
            found.setdefault(case.name, []).append(1 / case.seconds_per_sample())
    for name, rates in found.items():
        print(f"{name:40} median {np.median(rates):6.0f}  best {max(rates):6.0f} samples/s")


if __name__ == "__main__":
    main()
