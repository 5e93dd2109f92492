"""Train every neuron with every code and every rule that fits, and put all of them in one table and one figure.

Small networks and few passes over the digits, so that all combinations come to an end; what cannot work together is
refused, with the reason, before anything is compiled.  Every combination is compiled once, for all its seeds; several
combinations run side by side, in processes of their own.  An interrupted comparison goes on where it was, and one that
fails is put down with the reason, in the table, and tried again the next time.

    python protocols/compare_models.py                                      # everything, on all cores
    python protocols/compare_models.py --neurons lif,adex --rules symba     # all codes with these
    python protocols/compare_models.py --table                              # table and figure of what is there so far
    python protocols/compare_models.py --table --docs docs/comparison.md    # the page of the documentation as well
"""

import itertools
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.progress import track

import brianff.program  # noqa: F401
from brianff import plotting
from brianff.command_line.commands import add_out_option, add_quick_option, draw, fail_cleanly, with_quick
from brianff.devices import device_option, require_device
from brianff.equations.kinds import available
from brianff.equations.model import load
from brianff.errors import BrianffError, ModelError, OptionError
from brianff.jobs.seeds import JOBS
from brianff.learning.forward_forward import ForwardForwardOptions
from brianff.learning.options import layers_option
from brianff.machine import usable_cores
from brianff.options import EPOCHS, SEED, Options, given, option, parser_of, text
from brianff.results import atomic_write, lock_folder, read_rows, write_rows
from brianff.studies import comparison

CODES = tuple(name for name in available("encoder") if not load("encoder", name).reads_spike_times)  # for images
QUICK = dict(neurons=("lif",), codes=("time_to_first_spike",), rules=("symba",), seeds=(1,), layers=(30,), epochs=1)
QUICK |= dict(limit=200, refresh=100, chunk=100)


@dataclass(frozen=True)
class Choice(Options):
    """What is trained."""

    neurons: tuple[str, ...] = option(tuple(available("neuron")), "neurons", metavar="A,B", distinct=True, some=True)
    codes: tuple[str, ...] = option(CODES, "codes", metavar="A,B", distinct=True, some=True)
    rules: tuple[str, ...] = option(tuple(available("rule")), "rules", metavar="A,B", distinct=True, some=True)
    seeds: tuple[int, ...] = option((1, 2, 3), "seeds", metavar="N,N", distinct=True, some=True, **SEED)
    layers: tuple[str, ...] = layers_option("150,150", ("150",))
    epochs: int = option(5, "passes over the training set", **EPOCHS)
    jobs: int = option(0, "combinations side by side; 0: one a core", **JOBS)
    device: str = device_option()


@fail_cleanly
def main(arguments=None):
    parser = parser_of(__doc__, Choice)
    add_out_option(parser, "runs/compare_models")
    parser.add_argument("--table", action="store_true", help="train nothing")
    parser.add_argument("--docs", type=text, metavar="FILE.md", help="also write the page of the documentation")
    add_quick_option(parser, "one combination, a minute: is everything there?")
    args = parser.parse_args(arguments)
    chosen = with_quick(args, given(args, Choice), QUICK)
    quick = {name: chosen.pop(name) for name in ("limit", "refresh", "chunk") if name in chosen}
    choice = Choice(**chosen)
    settings = {"layers": list(choice.layers), "epochs": choice.epochs} | quick
    ForwardForwardOptions(**settings)
    for kind, option_name in (("neuron", "neurons"), ("encoder", "codes"), ("rule", "rules")):
        for name in getattr(choice, option_name):
            try:
                model = load(kind, name)
            except ModelError as error:
                raise OptionError(f"--{option_name}: {error}") from None
            if model.reads_spike_times:
                raise OptionError(f"--codes {name} reads spike times, and digits are images: leave it out.")
    out = Path(args.out or "runs/compare_models")
    lock = lock_folder(out, print) if out.exists() and not args.table else None
    results = out / "results.json"

    # What fits together, and what does not.
    wanted = [
        comparison.Combination(*models) for models in itertools.product(choice.neurons, choice.codes, choice.rules)
    ]
    refused = {combination: reason for combination in wanted if (reason := combination.misfit())}
    for combination, reason in refused.items():
        print(f"refused: {combination}: {reason}")
    done = comparison.latest(read_rows(results, lambda row: row["config"] if args.table else settings))
    if args.table and done:
        settings = done[0]["config"]
    known = {
        (comparison.Combination(row["neuron"], row["code"], row["rule"]), row["seed"])
        for row in done
        if "failed" not in row
    }
    todo = {
        combination: seeds
        for combination in wanted
        if combination not in refused
        and (seeds := [seed for seed in choice.seeds if (combination, seed) not in known])
        and not args.table
    }
    print(f"{len(wanted) - len(refused)} combinations, {len(refused)} refused, {len(todo)} still to be trained")

    # Train, several combinations side by side.
    if not todo and not comparison.summary(done):
        what = "leave out --table" if args.table else "nothing that was chosen fits together"
        raise OptionError(f"--out {out}: there are no results yet: {what}.")
    if todo:
        require_device(choice.device)
    lock = lock or args.table or lock_folder(out, print)  # a table may be made while others train
    if todo:
        more = settings | {"device": choice.device}
        jobs = min(choice.jobs or usable_cores(), len(todo))
        for rows in track(comparison.measure_all(todo, more, jobs), "training", total=len(todo)):
            done = comparison.latest(done + [row | {"config": settings} for row in rows])
            write_rows(results, done)

    # Table and figure.
    if not comparison.summary(done):
        raise BrianffError(f"all of it failed, and first: {done[0]['failed']} (all are in {results}).")
    table = comparison.markdown(done)
    atomic_write(out / "table.md", table.encode())
    print(table)
    print(f"table and figure: {out}")
    status = draw(
        out, {"compare_models": lambda: plotting.comparison(comparison.summary(done), comparison.MEASURES)}, dpi=100
    )
    if args.docs:
        layers = "-".join(settings["layers"])
        page = comparison.PAGE.format(
            n_combinations=len(comparison.summary(done)),
            network=f"164-{layers}",
            grouped=f"64-{layers}",
            epochs=settings["epochs"],
            seeds=", ".join(map(str, sorted({row["seed"] for row in done}))),
            medians=comparison.medians(done),
            refusals=comparison.refusals(refused),
            table=table,
        )
        atomic_write(args.docs, page.encode())
        if not status:
            shutil.copy(out / "compare_models.png", Path(args.docs).parent.parent / "figures")
    return status


if __name__ == "__main__":
    sys.exit(main())
