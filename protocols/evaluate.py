"""How accurate networks are that have learnt in different ways, and how robust: tables, figures, all rows in a folder.

Forward-forward learning beside local readouts, R-STDP, SFDFA, exact backpropagation of spike times, and ordinary
networks (forward-forward and backpropagation), all of the same size on the same data.  Every network is then disturbed
in thirty-three ways: images, spikes, synapses, neurons, adversarial images, and wrong labels in training.

    python protocols/evaluate.py                              # quick: digits, 64-100-100, three seeds
    python protocols/evaluate.py --suite full --data DIR      # digits, MNIST, Fashion-MNIST: a day; goes on with --out
    python protocols/evaluate.py --suite full --datasets mnist --data DIR --limit 10000 --ways symba,ordinary
    python protocols/evaluate.py --out FOLDER --table         # table and figures of what is there so far
"""

import dataclasses
import sys
from dataclasses import dataclass
from pathlib import Path

import brianff.program  # noqa: F401
from brianff import datasets
from brianff.command_line.commands import add_out_option, add_quick_option, dated_folder, draw, fail_cleanly, with_quick
from brianff.devices import device_option
from brianff.errors import OptionError
from brianff.jobs.engine import RESULTS, Results, run
from brianff.jobs.pools import Computing
from brianff.jobs.rows import Rows
from brianff.options import EPOCHS, LIST, NEURONS, SEED, Options, given, option, parser_of
from brianff.results import atomic_write
from brianff.studies import suite
from brianff.studies.suite import COMPARED, PARTS, SUITES

QUICK = dict(ways=("local_readout", "ordinary"), seeds=(1,), layers=(20,), epochs=10, limit=200, test=20)


@dataclass(frozen=True)
class Choice(Options):
    """What is trained; None: as the suite has it."""

    suite: str = option("quick", "which suite", choices=list(SUITES))
    datasets: tuple[str, ...] | None = option(None, "data sets", metavar="A,B", distinct=True, some=True)
    data: str | None = option(None, "folder that holds the data sets' files", metavar="DIR")
    ways: tuple[str, ...] = option(
        tuple(COMPARED), "what is compared", metavar="A,B", distinct=True, some=True, choices=list(COMPARED)
    )
    seeds: tuple[int, ...] = option((1, 2, 3), "seeds", **LIST, **SEED)
    layers: tuple[int, ...] | None = option(None, "hidden layers of all networks", metavar="N,N", some=True, **NEURONS)
    epochs: int | None = option(None, "passes over the training set", **EPOCHS)
    parts: tuple[str, ...] | None = option(
        None, "what is measured", metavar="A,B", distinct=True, some=True, choices=list(PARTS)
    )
    limit: int | None = option(None, "use only this many training samples", low=1)
    test: int | None = option(None, "test samples that are disturbed", low=1)
    device: str = device_option()


@fail_cleanly
def main(arguments=None):
    parser = parser_of(__doc__, Choice, Computing)
    add_out_option(parser, "runs/evaluate-SUITE-DATE-TIME; what it holds already is not trained again")
    parser.add_argument("--table", action="store_true", help="train nothing")
    add_quick_option(parser, "two networks of 20 neurons: is everything there?")
    args = parser.parse_args(arguments)
    choice, computing = (
        Choice(**with_quick(args, given(args, Choice), QUICK)),
        Computing(**given(args, Computing)),
    )
    chosen = SUITES[choice.suite]
    changes = {
        name: value for name in ("datasets", "layers", "test", "parts") if (value := getattr(choice, name)) is not None
    }
    if choice.epochs:
        changes["epochs"] = {"": choice.epochs}
    chosen = dataclasses.replace(chosen, **changes)
    for name in set(chosen.datasets) - set(datasets.names()):
        raise OptionError(f"--datasets {name}: there are {', '.join(datasets.names())}.")
    out = Path(args.out or dated_folder(f"evaluate-{choice.suite}"))

    # Train: first the networks that make adversarial images, then all that are compared.
    if not args.table:
        results = Results(out, print)
        for dataset in chosen.datasets:
            common = {"limit": choice.limit, "data": None if dataset == "digits" else choice.data}
            attacker = suite.attacker_job(dataset, chosen, common)
            run([attacker], results, computing)
            jobs = suite.jobs(dataset, chosen, choice.seeds, choice.ways, results.folder(attacker), common)
            spiking = [job for job in jobs if job.options.get("method") not in ("perceptron", "rectified")]
            for job in spiking:
                job.options["device"] = choice.device
            run(jobs, results, computing)

    # Tables and figures.
    everything = list(Rows(out / RESULTS))
    rows = [row for row in everything if "failed" not in row and row["way"] in COMPARED]
    failed = [row for row in everything if "failed" in row]
    for row in failed:
        print(f"warning: {row['way']} on {row['data']}, seed {row['seed']}, failed: {row['failed']}", file=sys.stderr)
    if not rows:
        raise OptionError(f"--out {out}: there are no results yet: leave out --table.")
    text, status = "", int(bool(failed))
    for dataset in dict.fromkeys(row["data"] for row in rows):
        own = [row for row in rows if row["data"] == dataset]
        text += f"## {dataset}\n\n{suite.tables(own)}\n"
        status |= draw(out, {f"{dataset}_{name}": figure for name, figure in suite.figures(own).items()}, dpi=110)
    atomic_write(out / "tables.md", text.encode())
    print(text)
    print(f"tables and figures: {out}")
    return status


if __name__ == "__main__":
    sys.exit(main())
