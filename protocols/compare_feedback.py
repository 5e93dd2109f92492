"""SFDFA and its rivals on one network: convergence and test accuracy, several seeds.

All train the same network with the same local gradients, loss, optimizer and order of samples; they differ in how the
error of the output reaches the hidden neurons (or, e-prop, in the local gradient).

    python protocols/compare_feedback.py                                  # digits, 5 seeds
    python protocols/compare_feedback.py --dataset timing --seeds 1,2,3
    python protocols/compare_feedback.py --methods sfdfa,dfa --layers 400,400,400
    python protocols/compare_feedback.py --out FOLDER                     # goes on where the folder's results end
"""

import dataclasses
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import brianff.program  # noqa: F401
from brianff import datasets, plotting
from brianff.command_line.commands import add_out_option, add_quick_option, dated_folder, draw, fail_cleanly, with_quick
from brianff.devices import device_option
from brianff.learning.backpropagation import Backpropagation
from brianff.learning.feedback import Feedback, FeedbackOptions
from brianff.learning.folder import data_digest
from brianff.learning.method import load_data
from brianff.learning.options import layers_option
from brianff.learning.run import Run
from brianff.options import EPOCHS, SAMPLES, SEED, Options, given, option, parser_of
from brianff.results import lock_folder, read_rows, write_rows

# name -> (what it is, method, options)
METHODS = {
    "backpropagation": ("exact backpropagation", Backpropagation, dict(feedback="output_only")),
    "symmetric": ("symmetric feedback", Feedback, dict(feedback="symmetric")),
    "sfdfa": ("SFDFA", Feedback, dict(feedback="sfdfa")),
    "bounded": ("SFDFA, bounded denominator", Feedback, dict(eligibility="spike_time_bounded")),
    "eprop": ("SFDFA, surrogate eligibility", Feedback, dict(eligibility="surrogate")),
    "opzo": ("OPZO", Feedback, dict(feedback="opzo")),
    # Random feedback wants a firmer hand on the rates (as in the paper), and to be small beside it: with weights of the
    # size of the forward ones, an output neuron that is silent at the start can stay so, and then never learns.
    "dfa": ("DFA", Feedback, dict(feedback="dfa", set=("rho=1", "f_target=1", "F_range=0.1"))),
    "output_only": ("output layer only", Feedback, dict(feedback="output_only")),
}


QUICK = dict(methods=("sfdfa", "dfa"), seeds=(1, 2), layers=(100,), limit=500, epochs=15, mini_batch=25, chunk=250)


@dataclass(frozen=True)
class Choice(Options):
    """What is trained; None: as in `FeedbackOptions`."""

    dataset: str = option("digits", "data set", choices=datasets.names())
    data: str | None = option(None, "folder that holds the data set's files", metavar="DIR")
    methods: tuple[str, ...] = option(
        tuple(METHODS), "what is compared", metavar="NAME,NAME", distinct=True, some=True, choices=list(METHODS)
    )
    seeds: tuple[int, ...] = option((1, 2, 3, 4, 5), "seeds", metavar="N,N", distinct=True, some=True, **SEED)
    layers: tuple[str, ...] | None = layers_option("400,400")
    epochs: int | None = option(None, "passes over the training set", **EPOCHS)
    limit: int | None = option(None, "use only this many training samples", low=1)
    batch: int = option(1, "presentations simulated side by side", **SAMPLES)
    device: str = device_option()


@fail_cleanly
def main(arguments=None):
    parser = parser_of(__doc__, Choice)
    add_out_option(parser, "runs/compare-DATASET-DATE-TIME; what it holds already is not trained again")
    add_quick_option(parser, "two methods on a small network: is everything there?")
    args = parser.parse_args(arguments)
    chosen = with_quick(args, given(args, Choice), QUICK)
    common = {name: chosen.pop(name) for name in ("mini_batch", "chunk") if name in chosen}
    choice = Choice(**chosen)
    methods, seeds = choice.methods, choice.seeds
    common |= {k: v for k, v in dataclasses.asdict(choice).items() if k not in ("methods", "seeds")}
    out = Path(args.out or dated_folder(f"compare-{choice.dataset}"))
    lock = lock_folder(out, print) if out.exists() else None

    # Train every method with every seed, but for those that the folder has.
    data = data_digest(load_data(FeedbackOptions(**common).resolved())[0])
    rows = read_rows(
        out / "results.json", lambda row: settings(FeedbackOptions(**common, **METHODS[row["method"]][2]), data)
    )
    for seed in seeds:
        for method in methods:
            if any((row["method"], row["seed"]) == (method, seed) for row in rows):
                continue
            name, method_class, more = METHODS[method]
            options = FeedbackOptions(seed=seed, **common, **more)
            run = Run(method_class.of(options))
            lock = lock or lock_folder(out, print)  # everything is in order
            run.method.health.name = f"{name}, seed {seed}"
            run.train(progress=False)
            validations = [row for row in run.metrics if row["what"] == "validation"]
            row = {
                "method": method,
                "name": name,
                "seed": seed,
                "config": settings(options, data),
                "test": run.evaluate("test").accuracy(),
                "alignment": run.method.alignment(),
                "seconds": round(run.seconds, 1),
                "epoch": [v["epoch"] for v in validations],
                "validation": [v["accuracy"] for v in validations],
            }
            rows.append(row)
            print(f"{name}, seed {seed}: test accuracy {row['test']:.4f}, {row['seconds']:.0f} s", flush=True)
            write_rows(out / "results.json", rows)

    # The table: mean and standard deviation over the seeds.
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

    # Convergence on one axis.
    print(f"figures: {out}")
    return draw(out, {"convergence": lambda: plotting.convergence(rows)})


def settings(options, data):
    """Everything that results depend on: the options, and the hash of the data."""
    values = dataclasses.asdict(options.resolved())
    return {k: v for k, v in values.items() if k not in ("download", "device", "seed")} | {"data": data}


def spread(values):
    return f"{values.mean():.2f} ± {values.std(ddof=1):.2f}" if len(values) > 1 else f"{values[0]:.2f}"


if __name__ == "__main__":
    sys.exit(main())
