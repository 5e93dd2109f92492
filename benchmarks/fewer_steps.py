"""What fewer and longer time steps lose, for each code and rule: the same 50 ms in 50, 25 and 10 steps, on MNIST.

    python benchmarks/fewer_steps.py --mnist DIR [--seeds 1,2,3] [--jobs 2]   # writes benchmarks/results/steps.json

Every run learns from 25 000 images, three passes, 784-500-500 (884 with label neurons), float32, batches of 20, with
the method's own defaults, and is tested on the 5 000 images that are held out; the test set is not read.  The table
gives the accuracy with 50 steps, mean over the seeds, and what is lost with 25 and 10: mean and standard deviation of
the differences of runs with the same seed.  Processor time is that of the compiled network and Python, validation
included.
"""

import argparse
import json
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import numpy as np

import brianff as ff
import brianff.program  # noqa: F401

OUT = Path(__file__).parent / "results" / "steps.json"
STEPS = {50: 1.0, 25: 2.0, 10: 5.0}  # number -> ms
CODES = ("time_to_first_spike", "poisson_rate", "regular_rate", "burst", "phase")
RULES = {
    "symba": {},
    "forward_forward, polar halves": dict(rule="forward_forward", goodness="polar_halves", set=["theta=0"]),
    "local_readout": dict(rule="local_readout", negatives="none"),
    "r_stdp": dict(rule="r_stdp", goodness="polar_halves", set=["theta=0"]),
}


def run(job):
    """A row of the table, with the reason in place of an accuracy where models refuse each other."""
    data, code, rule, steps, seed = job
    common = dict(data=data, layers=[500, 500], epochs=3, limit=25000, validation=5000, dtype="float32")
    common |= dict(batch=20, mini_batch=20, encoder=code, steps=steps, dt=STEPS[steps], seed=seed)
    row = dict(code=code, rule=rule, steps=steps, seed=seed)
    try:
        training = ff.Run(ff.ForwardForward("mnist", **common, **RULES[rule]))
    except ff.BrianffError as error:
        return row | dict(refused=str(error))
    training.train(progress=False)
    last = [found for found in training.metrics if found["what"] == "validation"][-1]
    return row | dict(accuracy=last["accuracy"], cpu_seconds=training.cpu_seconds, samples=training.progress[0])


def table(rows):
    print("| code | rule | 50 steps of 1 ms | 25 of 2 ms | 10 of 5 ms | processor time, 25 and 10 of 50 |")
    print("|--|--|--|--|--|--|")
    for code in CODES:
        for rule in RULES:
            own = [row for row in rows if (row["code"], row["rule"]) == (code, rule)]
            found = {steps: {r["seed"]: r for r in own if r["steps"] == steps and "accuracy" in r} for steps in STEPS}
            if not found[50]:
                continue
            seeds = sorted(set.intersection(*(set(of.keys()) for of in found.values() if of)))
            line = [f"{100 * np.mean([found[50][s]['accuracy'] for s in seeds]):.2f} %"]
            times = []
            for steps in (25, 10):
                if not found[steps]:
                    line.append("refused")
                    times.append("-")
                    continue
                of = [100 * (found[steps][s]["accuracy"] - found[50][s]["accuracy"]) for s in seeds]
                spread = f" ± {np.std(of, ddof=1):.2f}" if len(of) > 1 else ""
                line.append(f"{np.mean(of):+.2f}{spread}")
                of = [found[steps][s]["cpu_seconds"] / found[50][s]["cpu_seconds"] for s in seeds]
                times.append(f"{np.median(of):.2f}")
            print(f"| {code} | {rule} | {' | '.join(line)} | {', '.join(times)} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", metavar="DIR", help="where the files are (default: only print the table again)")
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    rows = json.loads(args.out.read_text())["rows"] if args.out.exists() else []
    if args.mnist:
        os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
        done = {(row["code"], row["rule"], row["steps"], row["seed"]) for row in rows}
        jobs = [(c, r, n, s) for s in map(int, args.seeds.split(",")) for r in RULES for c in CODES for n in STEPS]
        jobs = [(args.mnist, *job) for job in jobs if job not in done]
        with ProcessPoolExecutor(args.jobs) as pool:
            for finished in as_completed([pool.submit(run, job) for job in jobs]):
                rows.append(finished.result())
                print(rows[-1], flush=True)
                args.out.write_text(json.dumps({"rows": rows}, indent=1) + "\n")
    table(rows)


if __name__ == "__main__":
    main()
