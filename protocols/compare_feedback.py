# %% [markdown]
"""SFDFA and its rivals on one network: convergence and test accuracy, several seeds.

All train the same network with the same local gradients, loss, optimizer and order of samples; they differ in how the
error of the output reaches the hidden neurons (or, e-prop, in the local gradient).

    python protocols/compare_feedback.py                                  # digits, 5 seeds
    python protocols/compare_feedback.py --dataset timing --seeds 1,2,3
    python protocols/compare_feedback.py --methods sfdfa,dfa --hidden 400,400,400
    python protocols/compare_feedback.py --out FOLDER                     # goes on where the folder's results end
"""

import argparse
import dataclasses
import json
import sys
from pathlib import Path

import numpy as np

import brianff.program  # noqa: F401
from brianff import plotting
from brianff.backpropagation import BackpropagationTrainer
from brianff.commands import add_device_option, dated_folder, fail_cleanly, integers
from brianff.feedback_training import FeedbackConfig, FeedbackTrainer
from brianff.results import atomic_write, read_rows
from brianff.scratch import temporary_folder

# name -> (what it is, trainer, options)
METHODS = {
    "backpropagation": ("exact backpropagation", BackpropagationTrainer, dict(feedback="output_only")),
    "symmetric": ("symmetric feedback", FeedbackTrainer, dict(feedback="symmetric")),
    "sfdfa": ("SFDFA", FeedbackTrainer, dict(feedback="sfdfa")),
    "bounded": ("SFDFA, bounded denominator", FeedbackTrainer, dict(eligibility="spike_time_bounded")),
    "eprop": ("SFDFA, surrogate eligibility", FeedbackTrainer, dict(eligibility="surrogate")),
    "opzo": ("OPZO", FeedbackTrainer, dict(feedback="opzo")),
    # Random feedback wants a firmer hand on the rates (as in the paper), and to be small beside it: with weights of the
    # size of the forward ones, an output neuron that is silent at the start can stay so, and then never learns.
    "dfa": ("DFA", FeedbackTrainer, dict(feedback="dfa", set=("rho=1", "f_target=1", "F_range=0.1"))),
    "output_only": ("output layer only", FeedbackTrainer, dict(feedback="output_only")),
}


# %% Options
def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="digits")
    parser.add_argument("--data", metavar="DIR", help="folder that holds the data set's files")
    parser.add_argument("--methods", default=",".join(METHODS), metavar="NAME,NAME", help="(default: %(default)s)")
    parser.add_argument("--seeds", type=integers, default=(1, 2, 3, 4, 5), metavar="N,N")
    parser.add_argument("--hidden", type=integers, metavar="N,N", help="neurons of each hidden layer")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--limit", type=int, help="use only this many training samples")
    parser.add_argument("--batch", type=int, default=1, help="presentations simulated side by side (default: 1)")
    add_device_option(parser)
    parser.add_argument(
        "--out",
        metavar="FOLDER",
        help="results folder; what it holds already is not trained again (default: runs/compare-DATASET-DATE-TIME)",
    )
    parser.add_argument("--quick", action="store_true", help="two methods on a small network: is everything there?")
    return parser.parse_args(arguments)


QUICK = dict(hidden=(100,), limit=500, epochs=4, mini_batch=25, chunk=250)


@fail_cleanly
def main(arguments=None):
    args = parse(arguments)
    methods = ["sfdfa", "dfa"] if args.quick else args.methods.split(",")
    if unknown := set(methods) - set(METHODS):
        raise ValueError(f"there is no method '{min(unknown)}': there are {', '.join(METHODS)}.")
    seeds = args.seeds[:2] if args.quick else args.seeds
    common = dict(dataset=args.dataset, data=args.data, batch=args.batch, device=args.device)
    common |= QUICK if args.quick else dict(hidden=args.hidden, epochs=args.epochs, limit=args.limit)
    out = Path(args.out or dated_folder(f"compare-{args.dataset}"))
    out.mkdir(parents=True, exist_ok=True)

    # %% Train every method with every seed, but for those that the folder has
    rows = read_rows(out / "results.json", lambda row: settings(FeedbackConfig(**common, **METHODS[row["method"]][2])))
    for seed in seeds:
        for method in methods:
            if any((row["method"], row["seed"]) == (method, seed) for row in rows):
                continue
            name, trainer_class, options = METHODS[method]
            with temporary_folder() as folder:
                config = FeedbackConfig(seed=seed, **common, **options)
                trainer = trainer_class.start(config, Path(folder) / "run")
                trainer.run()
                scores, labels = trainer.evaluate("test")
            validations = [row for row in trainer.metrics if row["what"] == "validation"]
            row = {
                "method": method,
                "name": name,
                "seed": seed,
                "config": settings(config),
                "test": float(np.mean(scores.argmax(axis=1) == labels)),
                "alignment": trainer.alignment(),
                "seconds": round(trainer.seconds, 1),
                "epoch": [v["epoch"] for v in validations],
                "validation": [v["accuracy"] for v in validations],
            }
            rows.append(row)
            print(f"{name}, seed {seed}: test accuracy {row['test']:.4f}, {row['seconds']:.0f} s", flush=True)
            atomic_write(out / "results.json", json.dumps(rows, indent=1).encode())

    # %% The table: mean and standard deviation over the seeds
    print(f"\n{'':30} {'seeds':>10} {'test (%)':>14} {'validation (%)':>16} {'cos(F, W)':>12} {'s a run':>8}")
    rows.sort(key=lambda row: (list(METHODS).index(row["method"]), row["seed"]))
    for method in dict.fromkeys(row["method"] for row in rows):
        own = [row for row in rows if row["method"] == method]
        test = 100 * np.array([row["test"] for row in own])
        validation = 100 * np.array([row["validation"][-1] for row in own])
        cosine = np.mean([row["alignment"] for row in own], axis=0) if own[0]["alignment"] else []
        seeds = ",".join(str(row["seed"]) for row in own)
        print(
            f"{own[0]['name']:30} {seeds:>10} {spread(test):>14} {spread(validation):>16} "
            f"{', '.join(f'{c:.2f}' for c in np.atleast_1d(cosine)):>12} {np.mean([r['seconds'] for r in own]):8.0f}"
        )

    # %% Convergence on one axis
    plotting.save(plotting.convergence(rows), out / "convergence.png")
    print(f"figures: {out}")


def settings(config):
    """Everything in a configuration that its results depend on."""
    values = dataclasses.asdict(config.resolved())
    return {k: v for k, v in values.items() if k not in ("data", "download", "device", "seed")}


def spread(values):
    return f"{values.mean():.2f} ± {values.std(ddof=1):.2f}" if len(values) > 1 else f"{values[0]:.2f}"


if __name__ == "__main__":
    sys.exit(main())
