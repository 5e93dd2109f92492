"""Learning without gradients: one layer learns one problem by rules with local factors and by random search.

The same layer, spiking and of rectified linear units, learns the same forward-forward problem with every method; the
budget is counted in presentations and in synaptic events.  Searches go over all weights of the layer at once ("layer"),
with the layer's loss as fitness, or every neuron searches by itself ("neuron"), with its part of the goodness.

    python protocols/gradient_free.py                             # digits, every method, three seeds: some minutes
    python protocols/gradient_free.py --spiking es-neuron,r_stdp --ann none --seeds 1
    python protocols/gradient_free.py --out FOLDER                # goes on where the folder's results end
"""

import dataclasses
import sys
from dataclasses import dataclass
from pathlib import Path

import brianff.program  # noqa: F401
from brianff import plotting
from brianff.command_line import commands
from brianff.errors import OptionError
from brianff.hashes import data_digest
from brianff.jobs.engine import Results, run
from brianff.jobs.pools import Computing
from brianff.jobs.rows import Rows
from brianff.options import Options, given, option, parser_of
from brianff.results import RunFolder
from brianff.studies.gradient_free import ANN, SPIKING, Comparison, Settings, table

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

    def methods(self):
        """Of each layer."""
        known = {"spiking": SPIKING, "ann": ANN}
        chosen = {substrate: getattr(self, substrate) or ("frozen", *known[substrate]) for substrate in known}
        return {substrate: () if methods == ("none",) else methods for substrate, methods in chosen.items()}


@commands.fail_cleanly
def main(arguments=None):
    parser = parser_of(__doc__, Settings, Courses, Computing)
    commands.add_out_option(parser, "runs/gradient-free-DATE-TIME; what it holds already is not done again")
    commands.add_quick_option(parser, "a few methods on a small layer: is everything there?")
    args = parser.parse_args(arguments)
    computing, chosen = Computing(**given(args, Computing)), given(args, Settings) | given(args, Courses)
    chosen = commands.with_quick(args, chosen, QUICK)
    courses = Courses(**{k: chosen.pop(k) for k in ("spiking", "ann") if k in chosen}).methods()
    settings = Settings(**chosen)
    comparison = Comparison(settings, print)
    if courses["spiking"]:
        comparison.population("spiking")  # what fails here leaves no folder
    out = Path(args.out or commands.dated_folder("gradient-free"))

    # Courses of training: every method, every seed.
    wanted = [(substrate, method) for substrate, methods in courses.items() for method in methods]
    jobs = [comparison.job(*course, seed) for course in wanted for seed in settings.seeds]
    results = Results(out, print)
    rows = run(jobs, results, computing)

    # Angles: between each method's update and the local gradient, and what becomes of them in a larger layer.
    measured = Rows(out / "angles.jsonl")
    options = {k: v for k, v in dataclasses.asdict(settings).items() if k not in ("device", "data")}
    options |= {"data": data_digest(comparison.data)}

    def once(name, measure):
        measured.check(name, options)
        if name not in measured.of_runs:
            measured.add(name, options, measure())
        return measured.of_runs[name]

    angles = once("angles", lambda: measure_angles(comparison, out)) if courses["spiking"] else {}
    scaling = once("scaling", lambda: measure_scaling(comparison))

    # Table and figure.
    print(f"\n{table(rows, angles)}")
    print(f"figure: {out / 'gradient_free.png'}")
    points = [{"what": row["course"], **point} for row in rows if "failed" not in row for point in row["points"]]
    n_pixels = comparison.data.n_pixels
    return commands.draw(
        out, {"gradient_free": lambda: plotting.gradient_free(points, scaling, SCALING, n_pixels)}
    ) or int(any("failed" in row for row in rows))


def measure_angles(comparison, out):
    """At the start of training, and at the weights that a search has found, if there is one: method -> cosines."""
    seed = comparison.settings.seeds[0]
    places, found = [comparison.start(seed)], RunFolder(out / f"spiking_es-neuron_seed{seed}")
    if found.has("weights"):
        places.append(found.load("weights")["w1"].astype(float))
    cosines = [comparison.angles(w, seed) for w in places]
    return {method: [place[method] for place in cosines] for method in SPIKING}


def measure_scaling(comparison):
    """Cosines of searches with the exact gradient in layers of different width."""
    widths = comparison.settings.widths
    return {
        "neurons": list(widths),
        "cosine": [[comparison.scaling(n, method, 1) for n in widths] for method in SCALING],
    }


if __name__ == "__main__":
    sys.exit(main())
