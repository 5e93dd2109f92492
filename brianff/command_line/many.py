"""`brianff sweep` and `brianff search`: many runs, as a table and a figure."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from brianff import plotting
from brianff.command_line.commands import add_out_option, dated_folder, draw
from brianff.errors import OptionError
from brianff.jobs import grid
from brianff.jobs import search as searches
from brianff.jobs.engine import run
from brianff.jobs.pools import Computing
from brianff.jobs.tables import groups, markdown, spread, table
from brianff.learning.method import METHODS, method_class
from brianff.options import SEED, Options, Parser, flag_of, given, option, parser_of, text
from brianff.results import atomic_write

__all__ = ["search", "sweep"]

_SWEEP = f"""Do every combination of some values, each with several seeds, as a TOML file says:

{grid.__doc__.partition(chr(10) * 2)[2]}
Prints a table of means and standard deviations over the seeds, and draws it. With the same --out, an interrupted sweep
goes on, and one whose file has got further values does what is new.
"""

_SEARCH = """Find good options: trials are trained, the better half of them longer, and new values are proposed where
earlier ones did well on validation samples. The best is tested once, with new seeds.

    brianff search --vary 'tau_m=5..50*ms log' --vary 'rule=symba,r_stdp' --vary 'layers=200|500,500' --trials 50
    brianff search --resume runs/search-DATE-TIME --trials 80       # go on, with more of them

What is not varied, is given as for the protocols (--epochs 5: the length of a trial).
"""

SEEDS = dict(metavar="N,N", distinct=True, **SEED)


def sweep(arguments):
    """`brianff sweep FILE`."""
    parser = parser_of(_SWEEP, Computing, prog="brianff sweep")
    parser.add_argument("file", type=text, metavar="FILE.toml")
    add_out_option(parser, "runs/sweep-DATE-TIME")
    args = parser.parse_args(arguments)
    computing = Computing(**given(args, Computing))
    wanted = grid.Grid.read(args.file)
    jobs = wanted.jobs()
    out = args.out or dated_folder("sweep")
    print(f"{len(jobs)} runs; results: {out}")
    rows = run(jobs, out, computing)
    by = list(wanted.varied)
    measure = "test_accuracy" if wanted.test else "validation_accuracy"
    said = table(rows, by)
    print(f"\n{said}")
    folder = _made(out, "sweep.md", said)
    print(f"table and figure: {folder}")
    failed = any("failed" in row for row in rows)
    return draw(folder, {"sweep": lambda: plotting.sweep(rows, by, measure)}) or int(failed)


@dataclass(frozen=True)
class Trials(Options):
    """How a search goes about it."""

    trials: int = option(50, "trials, those of the search so far included", low=1, high=1_000_000)
    seeds: tuple[int, ...] = option((1,), "seeds of every trial, whose mean counts", some=True, **SEEDS)
    test_seeds: tuple[int, ...] = option((101, 102, 103), "seeds with which the best trial is tested", **SEEDS)
    no_test: bool = option(False, "do not look at the test samples")
    sampler: str = option(
        "tpe", "how values are proposed: where others did well, or at random", choices=searches.SAMPLERS
    )
    sampler_seed: int = option(1, "seed of the proposals", **SEED)
    pruning: str = option(
        "halving", "at a ninth and a third of its training, a trial goes on if it is among the better half; or none",
        choices=searches.PRUNING,
    )  # fmt: skip


def search(arguments):
    """`brianff search`."""
    first = Parser(add_help=False)
    first.add_argument("--method", choices=list(METHODS), default="forward_forward")
    method = method_class(first.parse_known_args(arguments)[0].method)
    parser = parser_of(_SEARCH, Trials, Computing, method.Options, prog="brianff search")
    parser.add_argument("--vary", action="append", type=text, metavar="NAME=VALUES", help="what is searched")
    parser.add_argument(
        "--method", choices=list(METHODS), help="of learning, whose options then follow (default: forward_forward)"
    )
    parser.add_argument("--resume", type=text, metavar="FOLDER", help="go on with a search as it was begun")
    add_out_option(parser, "runs/search-DATE-TIME")
    args = parser.parse_args(arguments)
    trials, computing = Trials(**given(args, Trials)), Computing(**given(args, Computing))
    found = searches.Search(_settings(args, trials, method), args.resume or args.out or dated_folder("search"))
    rungs = f", judged after {' and '.join(map(str, found.rungs))}" if found.rungs else ""
    print(f"trials of {found.validations} validations{rungs}; results: {found.out}")
    found.run(trials.trials, computing)
    return _tell(found, trials, computing)


def _settings(args, trials, method):
    """What is searched, or None for what the folder has."""
    options = given(args, method.Options)
    if "seed" in options:
        raise OptionError("--seed is one run's: give --seeds, of every trial.")
    if args.resume:
        others = {
            name: getattr(args, name)
            for name in ("vary", "method", "out", "seeds", "sampler", "sampler_seed", "pruning")
        }
        if chosen := [*options, *(name for name, value in others.items() if value is not None)]:
            raise OptionError(f"--resume goes on with the search's own: leave out {flag_of(min(chosen))}.")
        return None
    if not args.vary:
        raise OptionError("--vary says what is searched, as in --vary 'tau_m=5..50*ms log'.")
    return searches.Settings(
        tuple(args.vary), options, method.name, trials.seeds, trials.sampler, trials.sampler_seed, trials.pruning
    )


def _tell(found, trials, computing):
    """Print and draw what a search has found; test the best."""
    rows, best = found.trials(), found.best()
    names = [one.name for one in found.dimensions]
    importance = found.importance()
    complete = [row for row in rows if row["state"] == "complete"]
    said = f"\nThe best of {len(complete)} complete trials ({len(rows) - len(complete)} were given up early):\n\n"
    said += markdown(
        ["trial", "validation accuracy (%)", *names],
        [[row["trial"], f"{100 * row['validation_accuracy']:.2f}", *(row[n] for n in names)] for row in complete[:10]],
    )
    if importance:
        said += "\nWhat matters: " + ", ".join(f"{name} {value:.2f}" for name, value in importance.items()) + "\n"
    print(said)
    print(f"the best as options: {_command_line(found.options_of(best))}\n")
    if not trials.no_test and trials.test_seeds:
        tested = found.test(trials.test_seeds, computing)
        if own := groups(tested, []):
            measured = {
                which: spread(100 * row[f"{which}_accuracy"] for row in own[()]) for which in ("validation", "test")
            }
            words = (
                f"trial {best['trial']} with seeds {','.join(map(str, trials.test_seeds))}, not the search's own: "
                f"validation accuracy {measured['validation']} %, test accuracy {measured['test']} %"
            )
            said += f"\n{words}\n"
            print(words)
    folder = _made(found.out, "search.md", said)
    print(f"table and figure: {folder}")
    return draw(folder, {"search": lambda: plotting.search(rows, names, importance)})


def _command_line(options):
    """Options as one gives them to a protocol."""
    words = []
    for name, value in options.items():
        flag = flag_of(name)
        if value is True:
            words.append(flag)
        elif name in ("set", "set_output"):
            words += [word for one in value for word in (flag, one)]
        elif value is not False:
            words += [flag, ",".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)]
    return shlex.join(words)


def _made(out, name, said):
    """The folder `out`, with a text in it."""
    atomic_write(Path(out) / name, said.encode())
    return Path(out)
