"""Learning without gradients: one layer learns one problem by rules with local factors and by random search.

The same layer, spiking and of rectified linear units, learns the same forward-forward problem with every method; the
budget is counted in presentations and in synaptic events.  Searches go over all weights of the layer at once ("layer"),
with the layer's loss as fitness, or every neuron searches by itself ("neuron"), with its part of the goodness.

    python protocols/gradient_free.py                             # digits, every method, three seeds: about ten minutes
    python protocols/gradient_free.py --spiking es-neuron,r_stdp --ann none --seeds 1
    python protocols/gradient_free.py --resume runs/FOLDER        # go on after an interruption
"""

import dataclasses
import sys
from dataclasses import dataclass

import numpy as np

import brianff.program  # noqa: F401
from brianff import plotting
from brianff.command_line import commands
from brianff.errors import OptionError
from brianff.learning.folder import begin, check_data, reopen
from brianff.options import Options, given, option, parser_of, text
from brianff.results import RunFolder
from brianff.studies.gradient_free import ANN, SPIKING, Comparison, Settings

QUICK = dict(
    neurons=12, members=8, pairs=8, generations=6, epochs=6, limit=60, rounds=2, steps=25, seeds=(1, 2), widths=(5, 10),
    spiking=("frozen", "r_stdp", "es-neuron"), ann=("gradient", "pso-neuron"),
)  # fmt: skip
SCALING = ("es-neuron", "es-layer")
METHODS = dict(distinct=True, some=True)


def methods_of(substrate, methods):
    return f"methods in the {substrate} layer, or none (default: all: {', '.join(('frozen', *methods))})"


@dataclass(frozen=True)
class Courses(Options):
    """Which methods, in which layer."""

    spiking: tuple[str, ...] | None = option(None, methods_of("spiking", SPIKING), metavar="METHOD,...", **METHODS)
    ann: tuple[str, ...] | None = option(None, methods_of("ann", ANN), metavar="METHOD,...", **METHODS)

    def __post_init__(self):
        super().__post_init__()
        for substrate, known in (("spiking", SPIKING), ("ann", ANN)):
            for name in getattr(self, substrate) or ():
                if name not in ("frozen", *known) and getattr(self, substrate) != ("none",):
                    raise OptionError(
                        f"--{substrate} knows no method '{name}': it knows frozen, {', '.join(known)}, or none alone."
                    )
        if self.spiking == self.ann == ("none",):
            raise OptionError("--spiking none and --ann none leave nothing to do.")


@commands.fail_cleanly
def main(arguments=None):
    parser = parser_of(__doc__, Settings, Courses)
    commands.add_out_option(parser, "runs/gradient-free-DATE-TIME")
    parser.add_argument("--resume", type=text, metavar="FOLDER", help="go on with an interrupted run, as it was begun")
    commands.add_quick_option(parser, "a few methods on a small layer: is everything there?")
    args = parser.parse_args(arguments)

    # The problem, or an interrupted run.
    chosen, named = given(args, Settings), dataclasses.asdict(Courses(**given(args, Courses)))
    named = {k: () if methods == ("none",) else methods for k, methods in named.items() if methods is not None}
    if args.resume:
        changes = commands.resumed(chosen | named, args.out)
        folder, settings = reopen(args.resume, Settings, print)
        courses = folder.document["courses"]
        Courses(**{substrate: methods or ("none",) for substrate, methods in courses.items()})
        settings = dataclasses.replace(settings, **changes)
    else:
        courses = {"spiking": ("frozen", *SPIKING), "ann": ("frozen", *ANN)}
        both = commands.with_quick(args, chosen | named, QUICK)
        courses |= {k: both.pop(k) for k in courses if k in both}
        settings = Settings(**both)
    comparison = Comparison(settings, print)
    if args.resume:
        check_data(folder, comparison.data)
    else:
        out = args.out or commands.dated_folder("gradient-free")
        RunFolder.check_new(out)
        if courses["spiking"]:
            comparison.population("spiking")  # what fails here leaves no folder
        folder = begin(out, settings, comparison.data, report=print, courses=courses)
    state, rows = folder.load_checkpoint(print) or ({}, [])
    comparison.check_state(folder.path / "checkpoint.npz", state)
    done = {(row["what"], row["seed"]) for row in rows}

    # Courses of training: every method, every seed.
    for substrate, methods in courses.items():
        for method in methods:
            for seed in settings.seeds:
                what = f"{substrate} {method}"
                if (what, seed) in done:
                    continue
                course = []
                for row, w in comparison.course(substrate, method, seed):  # noqa: B007
                    course.append({"what": what, "seed": seed, **row})
                course[-1] |= comparison.test(substrate, w)
                rows += course
                done.add((what, seed))
                if what == "spiking es-neuron" and "trained" not in state:
                    state["trained"] = w
                folder.save_checkpoint(state, rows)
                last = course[-1]
                print(
                    f"{what:27} seed {seed}: test accuracy by goodness {last['test_goodness']:.4f}, by readout "
                    f"{last['test_readout']:.4f}; {last['presentations']} presentations, {last['cpu_seconds']:.1f} s"
                )

    # Angles: between each method's update and the local gradient, and what becomes of them in a larger layer.
    if courses["spiking"] and "angles" not in state:
        state["angles"] = measure_angles(comparison, state.get("trained"))
        folder.save_checkpoint(state, rows)
    if "scaling" not in state:
        state["scaling"] = np.array([[comparison.scaling(n, method, 1) for n in settings.widths] for method in SCALING])
        folder.save_checkpoint(state, rows)

    # Table and figure.
    angles = dict(zip(SPIKING, state["angles"], strict=True)) if courses["spiking"] else {}
    scaling = {"neurons": np.array(settings.widths), "cosine": state["scaling"]}
    for name, arrays in (("angles", angles), ("scaling", scaling)):
        folder.save(name, arrays)
    print(comparison.table(rows, angles))
    print(f"figure: {folder.figures / 'gradient_free.png'}")
    n_pixels = comparison.data.n_pixels
    return commands.draw(
        folder.figures, {"gradient_free": lambda: plotting.gradient_free(rows, scaling, SCALING, n_pixels)}
    )


def measure_angles(comparison, found):
    """At the start of training, and at the weights that a search has found: (methods, 2) cosines."""
    start = comparison.start(comparison.settings.seeds[0])
    places = [comparison.angles(w, comparison.settings.seeds[0]) for w in (start, found) if w is not None]
    return np.array([[place[method] for place in places] for method in SPIKING])


if __name__ == "__main__":
    sys.exit(main())
