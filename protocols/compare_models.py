# %% [markdown]
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

import argparse
import itertools
import json
import os
import shutil
import sys
from pathlib import Path

from rich.progress import track

import brianff.program  # noqa: F401
from brianff import plotting
from brianff.commands import add_device_option, fail_cleanly, integers, names
from brianff.comparison import MEASURES, PAGE, Combination, latest, markdown, measure_all, medians, refusals, summary
from brianff.device import require_device
from brianff.equations import ModelError, available, load
from brianff.results import atomic_write, read_rows


# %% Options
def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    codes = [name for name in available("encoder") if not load("encoder", name).reads_spike_times]  # for images
    for name, default in (("neurons", available("neuron")), ("codes", codes), ("rules", available("rule"))):
        parser.add_argument(f"--{name}", type=names, default=default, metavar="A,B", help="default: all")
    parser.add_argument("--seeds", type=integers, default=(1, 2, 3), metavar="1,2,3")
    parser.add_argument(
        "--hidden", type=integers, default=(150,), metavar="N,N", help="neurons of each hidden layer (default: 150)"
    )
    parser.add_argument("--epochs", type=int, default=5, help="passes over the training set (default: 5)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes (default: one a core)")
    add_device_option(parser)
    parser.add_argument("--out", default="runs/compare_models", metavar="FOLDER")
    parser.add_argument("--table", action="store_true", help="train nothing")
    parser.add_argument("--docs", metavar="FILE.md", help="also write the page of the documentation, and its figure")
    parser.add_argument("--quick", action="store_true", help="one combination, a minute: is everything there?")
    return parser.parse_args(arguments)


@fail_cleanly
def main(arguments=None):
    args = parse(arguments)
    if args.jobs < 1:
        raise ValueError(f"--jobs must be at least 1, not {args.jobs}.")
    settings = {"hidden": list(args.hidden), "epochs": args.epochs}
    if args.quick:
        args.neurons, args.codes, args.rules, args.seeds = ["lif"], ["time_to_first_spike"], ["symba"], [1]
        settings = {"hidden": [30], "epochs": 1, "limit": 200, "refresh": 100, "chunk": 100}
    for kind, chosen in (("neuron", args.neurons), ("encoder", args.codes), ("rule", args.rules)):
        for name in chosen:
            if load(kind, name).reads_spike_times:
                raise ModelError(f"--codes {name} reads spike times, and digits are images: leave it out.")
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    results = out / "results.json"

    # %% What fits together, and what does not
    wanted = [Combination(*models) for models in itertools.product(args.neurons, args.codes, args.rules)]
    refused = {combination: reason for combination in wanted if (reason := combination.misfit())}
    for combination, reason in refused.items():
        print(f"refused: {combination}: {reason}")
    done = latest(read_rows(results, lambda row: row["config"] if args.table else settings))
    if args.table and done:
        settings = done[0]["config"]
    known = {(Combination(row["neuron"], row["code"], row["rule"]), row["seed"]) for row in done if "failed" not in row}
    todo = {
        combination: seeds
        for combination in wanted
        if combination not in refused
        and (seeds := [seed for seed in args.seeds if (combination, seed) not in known])
        and not args.table
    }
    print(f"{len(wanted) - len(refused)} combinations, {len(refused)} refused, {len(todo)} still to be trained")

    # %% Train, several combinations side by side
    if todo:
        require_device(args.device)
        more = settings | {"device": args.device}
        for rows in track(measure_all(todo, more, args.jobs), "training", total=len(todo)):
            done = latest(done + [row | {"config": settings} for row in rows])
            atomic_write(results, json.dumps(done, indent=1).encode())

    # %% Table and figure
    if not summary(done):
        what = "leave out --table" if args.table else "nothing that was chosen fits together, or all of it failed"
        raise ValueError(f"{results} has no results yet: {what}.")
    table = markdown(done)
    (out / "table.md").write_text(table)
    picture = out / "compare_models.png"
    plotting.save(plotting.comparison(summary(done), MEASURES), picture, dpi=100)
    if args.docs:
        hidden = "-".join(map(str, settings["hidden"]))
        page = PAGE.format(
            n_combinations=len(summary(done)),
            network=f"164-{hidden}",
            grouped=f"64-{hidden}",
            epochs=settings["epochs"],
            seeds=", ".join(map(str, sorted({row["seed"] for row in done}))),
            medians=medians(done),
            refusals=refusals(refused),
            table=table,
        )
        Path(args.docs).write_text(page)
        shutil.copy(picture, Path(args.docs).parent.parent / "figures")
    print(table)
    print(f"table and figure: {out}")


if __name__ == "__main__":
    sys.exit(main())
