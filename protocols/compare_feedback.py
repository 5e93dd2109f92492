# %% [markdown]
"""SFDFA and its rivals on one network: convergence and test accuracy, several seeds.

All train the same network with the same local gradients, loss, optimizer and order of samples; they differ in how the
error of the output reaches the hidden neurons (or, e-prop, in the local gradient).

    python protocols/compare_feedback.py                                  # digits, 5 seeds
    python protocols/compare_feedback.py --dataset timing --seeds 1,2,3
    python protocols/compare_feedback.py --methods sfdfa,dfa --hidden 400,400,400
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
from brianff.learning.backpropagation import BackpropagationTrainer
from brianff.learning.evaluation import predicted_classes
from brianff.learning.feedback_training import FeedbackConfig, FeedbackTrainer
from brianff.learning.runs import data_digest
from brianff.learning.training import load_data
from brianff.options import EPOCHS, NEURONS, SAMPLES, SEED, Options, given, option, parser_of
from brianff.results import lock_folder, read_rows, write_rows
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


QUICK = dict(methods=("sfdfa", "dfa"), seeds=(1, 2), hidden=(100,), limit=500, epochs=15, mini_batch=25, chunk=250)


# %% Options
@dataclass(frozen=True)
class Choice(Options):
    """What is trained; None: as in `FeedbackConfig`."""

    dataset: str = option("digits", "data set", choices=datasets.names())
    data: str | None = option(None, "folder that holds the data set's files", metavar="DIR")
    methods: tuple[str, ...] = option(
        tuple(METHODS), "what is compared", metavar="NAME,NAME", distinct=True, some=True, choices=list(METHODS)
    )
    seeds: tuple[int, ...] = option((1, 2, 3, 4, 5), "seeds", metavar="N,N", distinct=True, some=True, **SEED)
    hidden: tuple[int, ...] | None = option(None, "neurons of each hidden layer", metavar="N,N", some=True, **NEURONS)
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

    # %% Train every method with every seed, but for those that the folder has
    data = data_digest(load_data(FeedbackConfig(**common).resolved())[0])
    rows = read_rows(
        out / "results.json", lambda row: settings(FeedbackConfig(**common, **METHODS[row["method"]][2]), data)
    )
    for seed in seeds:
        for method in methods:
            if any((row["method"], row["seed"]) == (method, seed) for row in rows):
                continue
            name, trainer_class, options = METHODS[method]
            with temporary_folder() as folder:
                config = FeedbackConfig(seed=seed, **common, **options)
                trainer = trainer_class.start(config, Path(folder) / "run")
                lock = lock or lock_folder(out, print)  # everything is in order
                trainer.health.name = f"{name}, seed {seed}"
                trainer.run()
                scores, labels = trainer.evaluate("test")
            validations = [row for row in trainer.metrics if row["what"] == "validation"]
            row = {
                "method": method,
                "name": name,
                "seed": seed,
                "config": settings(config, data),
                "test": float(np.mean(predicted_classes(scores) == labels)),
                "alignment": trainer.alignment(),
                "seconds": round(trainer.seconds, 1),
                "epoch": [v["epoch"] for v in validations],
                "validation": [v["accuracy"] for v in validations],
            }
            rows.append(row)
            print(f"{name}, seed {seed}: test accuracy {row['test']:.4f}, {row['seconds']:.0f} s", flush=True)
            write_rows(out / "results.json", rows)

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
    print(f"figures: {out}")
    return draw(out, {"convergence": lambda: plotting.convergence(rows)})


def settings(config, data):
    """Everything that results depend on: a configuration, and the hash of the data."""
    values = dataclasses.asdict(config.resolved())
    return {k: v for k, v in values.items() if k not in ("download", "device", "seed")} | {"data": data}


def spread(values):
    return f"{values.mean():.2f} ± {values.std(ddof=1):.2f}" if len(values) > 1 else f"{values[0]:.2f}"


if __name__ == "__main__":
    sys.exit(main())
