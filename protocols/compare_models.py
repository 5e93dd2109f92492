"""Train every neuron with every code and every rule that fits, and put all of them in one table and one figure.

Small networks and few passes over the digits, so that all combinations come to an end; what cannot work together is
refused, with the reason, before anything is compiled.  Every combination is compiled once, for all its seeds.  An
interrupted comparison goes on where it was; a run that fails is put down with the reason, in the table, and tried again
the next time.

    python protocols/compare_models.py                                      # everything, on all cores
    python protocols/compare_models.py --neurons lif,adex --rules symba     # all codes with these
    python protocols/compare_models.py --table                              # table and figure of what is there so far
    python protocols/compare_models.py --table --docs docs/comparison.md    # and into the documentation
"""

import itertools
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import brianff.program  # noqa: F401
from brianff import plotting
from brianff.command_line.commands import add_out_option, add_quick_option, draw, fail_cleanly, with_quick
from brianff.devices import device_option
from brianff.equations.kinds import available
from brianff.equations.model import load
from brianff.errors import ModelError, OptionError
from brianff.jobs.engine import RESULTS, run
from brianff.jobs.pools import Computing
from brianff.jobs.rows import Rows
from brianff.learning.options import layers_option
from brianff.options import EPOCHS, LIST, SEED, Options, given, option, parser_of, text
from brianff.results import atomic_write
from brianff.studies import comparison

CODES = tuple(name for name in available("encoder") if not load("encoder", name).reads_spike_times)  # for images
RULES = tuple(name for name in available("rule") if name != "surrogate_gradient_stepwise")  # the same, slower
QUICK = dict(neurons=("lif",), codes=("time_to_first_spike",), rules=("symba",), seeds=(1,), layers=(30,), epochs=1)
QUICK |= dict(limit=200, refresh=100, chunk=100)


@dataclass(frozen=True)
class Choice(Options):
    """What is trained."""

    neurons: tuple[str, ...] = option(tuple(available("neuron")), "neurons", metavar="A,B", distinct=True, some=True)
    codes: tuple[str, ...] = option(CODES, "codes", metavar="A,B", distinct=True, some=True)
    rules: tuple[str, ...] = option(RULES, "rules", metavar="A,B", distinct=True, some=True)
    seeds: tuple[int, ...] = option((1, 2, 3), "seeds", **LIST, **SEED)
    layers: tuple[str, ...] = layers_option("150,150", ("150",))
    epochs: int = option(5, "passes over the training set", **EPOCHS)
    device: str = device_option()


@fail_cleanly
def main(arguments=None):
    parser = parser_of(__doc__, Choice, Computing)
    add_out_option(parser, "runs/compare_models")
    parser.add_argument("--table", action="store_true", help="train nothing")
    parser.add_argument("--docs", type=text, metavar="FILE.md", help="also write the tables into this page")
    add_quick_option(parser, "one combination, a minute: is everything there?")
    args = parser.parse_args(arguments)
    chosen = with_quick(args, given(args, Choice), QUICK)
    quick = {name: chosen.pop(name) for name in ("limit", "refresh", "chunk") if name in chosen}
    choice, computing = Choice(**chosen), Computing(**given(args, Computing))
    settings = {"layers": choice.layers, "epochs": choice.epochs} | quick
    for kind, option_name in (("neuron", "neurons"), ("encoder", "codes"), ("rule", "rules")):
        for name in getattr(choice, option_name):
            try:
                model = load(kind, name)
            except ModelError as error:
                raise OptionError(f"--{option_name}: {error}") from None
            if model.reads_spike_times:
                raise OptionError(f"--codes {name} reads spike times, and digits are images: leave it out.")
    out = Path(args.out or "runs/compare_models")

    # What fits together, and what does not.
    wanted = [
        comparison.Combination(*models) for models in itertools.product(choice.neurons, choice.codes, choice.rules)
    ]
    refused = {combination: reason for combination in wanted if (reason := combination.misfit())}
    for combination, reason in refused.items():
        print(f"refused: {combination}: {reason}")
    fitting = [combination for combination in wanted if combination not in refused]
    print(f"{len(fitting)} combinations, {len(refused)} refused")

    # Train, several networks side by side.
    if not args.table and fitting:
        Rows(out / RESULTS).require(settings)
        run(comparison.jobs(fitting, choice.seeds, settings | {"device": choice.device}), out, computing)
    results = Rows(out / RESULTS)  # with those of earlier calls, for other combinations
    done, options = list(results), list(results.options().values())
    if not comparison.summary(done):
        what = "leave out --table" if args.table else "nothing that was chosen fits together"
        raise OptionError(f"--out {out}: there are no results yet: {what}.")

    # Table and figure.
    table = comparison.markdown(done)
    atomic_write(out / "table.md", table.encode())
    print(table)
    print(f"table and figure: {out}")
    status = draw(
        out, {"compare_models": lambda: plotting.comparison(comparison.summary(done), comparison.MEASURES)}, dpi=100
    )
    if args.docs:
        layers = "-".join(options[0]["layers"])
        page, layers, n = Path(args.docs), "-".join(options[0]["layers"]), len(comparison.summary(done))
        settings = (
            f"{n} combinations: digits, 164-{layers} (64-{layers} with class groups), {options[0]['epochs']} epochs, "
            f"seeds {', '.join(map(str, sorted({row['seed'] for row in done})))}.\n"
        )
        parts = {"settings": settings, "medians": comparison.medians(done), "all": table}
        parts["refusals"] = comparison.refusals(refused)
        atomic_write(page, comparison.refilled(page.read_text(), parts).encode())
        if not status:
            shutil.copy(out / "compare_models.png", Path(args.docs).parent.parent / "figures")
    return status


if __name__ == "__main__":
    sys.exit(main())
