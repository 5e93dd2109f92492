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
from brianff.jobs.engine import RESULTS, run
from brianff.jobs.job import Job
from brianff.jobs.pools import Computing
from brianff.jobs.rows import Rows
from brianff.jobs.tables import groups, spread
from brianff.learning.options import layers_option
from brianff.options import EPOCHS, LIST, SAMPLES, SEED, Options, given, option, parser_of

# name -> (what it is, options)
METHODS = {
    "backpropagation": ("exact backpropagation", dict(method="backpropagation", feedback="output_only")),
    "symmetric": ("symmetric feedback", dict(feedback="symmetric")),
    "sfdfa": ("SFDFA", dict(feedback="sfdfa")),
    "bounded": ("SFDFA, bounded denominator", dict(eligibility="spike_time_bounded")),
    "eprop": ("SFDFA, surrogate eligibility", dict(eligibility="surrogate")),
    "opzo": ("OPZO", dict(feedback="opzo")),
    # Random feedback wants a firmer hand on the rates (as in the paper), and to be small beside it: with weights of the
    # size of the forward ones, an output neuron that is silent at the start can stay so, and then never learns.
    "dfa": ("DFA", dict(feedback="dfa", set=("rho=1", "f_target=1", "F_range=0.1"))),
    "output_only": ("output layer only", dict(feedback="output_only")),
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
    seeds: tuple[int, ...] = option((1, 2, 3, 4, 5), "seeds", **LIST, **SEED)
    layers: tuple[str, ...] | None = layers_option("400,400")
    epochs: int | None = option(None, "passes over the training set", **EPOCHS)
    limit: int | None = option(None, "use only this many training samples", low=1)
    batch: int = option(1, "presentations simulated side by side", **SAMPLES)
    device: str = device_option()


@fail_cleanly
def main(arguments=None):
    parser = parser_of(__doc__, Choice, Computing)
    add_out_option(parser, "runs/compare-DATASET-DATE-TIME; what it holds already is not trained again")
    add_quick_option(parser, "two methods on a small network: is everything there?")
    args = parser.parse_args(arguments)
    chosen = with_quick(args, given(args, Choice), QUICK)
    common = {name: chosen.pop(name) for name in ("mini_batch", "chunk") if name in chosen}
    choice, computing = Choice(**chosen), Computing(**given(args, Computing))
    common |= {k: v for k, v in dataclasses.asdict(choice).items() if k not in ("methods", "seeds")}
    out = Path(args.out or dated_folder(f"compare-{choice.dataset}"))

    # Train every method with every seed, but for those that the folder has.
    jobs = [
        Job(
            f"{method}_seed{seed}",
            {"method": "feedback", **common, **METHODS[method][1], "seed": seed},
            {"rival": method, "seed": seed},
        )
        for seed in choice.seeds
        for method in choice.methods
    ]
    run(jobs, out, computing)
    done = [row for row in Rows(out / RESULTS) if "failed" not in row]  # with those of earlier calls
    done.sort(key=lambda row: (list(METHODS).index(row["rival"]), row["seed"]))
    rows = [{"name": METHODS[row["rival"]][0], **row} for row in done]

    # The table: mean and standard deviation over the seeds.
    print(f"\n{'':30} {'seeds':>10} {'test (%)':>14} {'validation (%)':>16} {'cos(F, W)':>12} {'s a run':>8}")
    for (name,), own in groups(rows, ["name"]).items():
        test = spread(100 * row["test_accuracy"] for row in own)
        validation = spread(100 * row["validation_accuracy"] for row in own)
        layers = [key for key in own[0] if key.startswith("validation_alignment")]
        cosines = [np.mean([row[key] for row in own]) for key in layers]
        seeds = ",".join(str(row["seed"]) for row in own)
        print(
            f"{name:30} {seeds:>10} {test:>14} {validation:>16} {', '.join(f'{c:.2f}' for c in cosines):>12} "
            f"{np.mean([r['seconds'] for r in own]):8.0f}"
        )

    # Convergence on one axis.
    print(f"figures: {out}")
    return draw(out, {"convergence": lambda: plotting.convergence(rows)})


if __name__ == "__main__":
    sys.exit(main())
