"""`brianff report`, `brianff inspect` and `brianff export`: what a finished run has learnt, and what its neurons do."""

import sys
from dataclasses import dataclass
from pathlib import Path

from brianff import plotting
from brianff import report as pages
from brianff.command_line.commands import add_out_option, draw, opened, tell_recording
from brianff.errors import OptionError
from brianff.exchange.files import export as write_export
from brianff.learning.health import warn
from brianff.options import LIST, Options, given, numbers_of, option, parser_of, text

__all__ = ["export", "inspect", "report"]

_REPORT = """Write the page of a run: one HTML file, which a browser shows without a server and without network.

    brianff report runs/FOLDER                     # runs/FOLDER/report.html
    brianff report runs/ONE runs/OTHER             # two runs beside each other: what differs, and their curves

Spikes of all layers, the variables of chosen neurons, training, test samples, weights. What it shows of neurons is
recorded anew, on the NumPy device; accuracies are those that the run's folder has.
"""

_INSPECT = """Show samples to a finished run, and draw what its neurons do.

    brianff inspect runs/FOLDER --samples 7,8 --neurons 0:50 --variables v,I_syn
    brianff inspect runs/FOLDER --samples 7 --label 0,1,2        # the same sample with each of these labels

Figures, and all that was recorded in recording.npz, whose arrays brianff.Recording.load reads again.
"""

_EXPORT = """Write a recording of a run as Neo or NWB, or its network as NIR.

    brianff export runs/FOLDER recording.nwb --to nwb                  # what was recorded when it was trained
    brianff export runs/FOLDER recording.mat --to neo --samples 7,8    # these samples, recorded anew
"""

MOST_EPOCHS = 12  # drawn in one figure


@dataclass(frozen=True)
class Shown(Options):
    """What is shown to a run, and what of it is recorded."""

    samples: tuple[str, ...] | None = option(None, "test samples, counted from 0, as in 7,8 or 0:5", **LIST)
    neurons: tuple[str, ...] | None = option(
        None, "neurons of each layer whose variables are recorded, as in 0:50 (the last one is left out) or 3,7", **LIST
    )


@dataclass(frozen=True)
class Inspected(Shown):
    """What else `brianff inspect` can be told."""

    layer: tuple[int, ...] | None = option(None, "layers whose neurons are meant (default: all)", low=1, **LIST)
    variables: tuple[str, ...] | None = option(
        None, "variables that are kept and drawn (default: all are kept, the neuron's state drawn)", **LIST
    )
    label: tuple[int, ...] | None = option(
        None, "labels that each sample is shown with, in place of a positive and a negative phase; -1: a neutral one",
        low=-1, **LIST,
    )  # fmt: skip
    split: str = option("test", "set that samples are of", choices=["train", "validation", "test"])


def report(arguments):
    """`brianff report FOLDER [OTHER]`."""
    parser = parser_of(_REPORT, Shown, prog="brianff report")
    parser.add_argument("folder", type=text, metavar="FOLDER", help="of a run")
    parser.add_argument("other", type=text, nargs="?", metavar="OTHER", help="of a second run, to compare it with")
    parser.add_argument("--evaluate", action="store_true", help="look at the test samples if nobody has done so yet")
    _add_loading(parser)
    parser.add_argument("--out", type=text, metavar="FILE", help="default: report.html in the folder of the run")
    args = parser.parse_args(arguments)
    chosen = Shown(**given(args, Shown))
    run = opened(args.folder, args.trust_models, args.data, args.evaluate)
    if args.other:
        if chosen != Shown():
            raise OptionError("--samples and --neurons are for the page of one run: two are compared without spikes.")
        other = opened(args.other, args.trust_models, args.data, args.evaluate)
        out = Path(args.out or Path(args.folder) / f"report-with-{Path(args.other).resolve().name}.html")
        pages.compare(run, other, out, args.evaluate)
    else:
        out = Path(args.out or Path(args.folder) / "report.html")
        pages.write(run, out, _samples(chosen), numbers_of(chosen.neurons, "--neurons"), args.evaluate)
    print(f"{out}: {out.stat().st_size / 1e6:.1f} MB; open it in a browser")
    return 0


def inspect(arguments):
    """`brianff inspect FOLDER`."""
    parser = parser_of(_INSPECT, Inspected, prog="brianff inspect")
    parser.add_argument("folder", type=text, metavar="FOLDER", help="of a run")
    _add_loading(parser)
    add_out_option(parser, "inspect in the folder of the run")
    args = parser.parse_args(arguments)
    chosen = Inspected(**given(args, Inspected))
    run = opened(args.folder, args.trust_models, args.data)
    recording = run.record(_samples(chosen, (0,)), _neurons(run, chosen), chosen.split, chosen.label)
    if chosen.variables:
        recording = recording.only(chosen.variables)
    tell_recording(recording, f"{chosen.split} sample")
    if recording.diverged:
        warn(recording.diverged)
    out = Path(args.out or Path(args.folder) / "inspect")
    out.mkdir(parents=True, exist_ok=True)
    recording.save(out / "recording.npz")
    print(f"figures and recording.npz: {out}")
    return draw(out, _figures(recording, chosen.variables)) or int(bool(recording.diverged))


def export(arguments):
    """`brianff export FOLDER FILE`."""
    parser = parser_of(_EXPORT, Shown, prog="brianff export")
    parser.add_argument("run", type=text, metavar="FOLDER", help="of the run")
    parser.add_argument("file", type=text, metavar="FILE", help="to write: .mat for Neo, .nwb, .nir")
    parser.add_argument("--to", required=True, choices=["neo", "nwb", "nir"], help="format")
    parser.add_argument("--which", choices=["train", "validation", "test"], default="test", help="set of the samples")
    _add_loading(parser)
    args = parser.parse_args(arguments)
    chosen = Shown(**given(args, Shown))
    neurons, more = numbers_of(chosen.neurons, "--neurons"), dict(data=args.data, trust_models=args.trust_models)
    more["report"] = lambda said: print(said, file=sys.stderr)
    print(write_export(args.run, args.to, args.file, _samples(chosen), neurons, args.which, **more))
    return 0


def _add_loading(parser):
    parser.add_argument("--data", type=text, metavar="DIR", help="folder that holds the data set's files now")
    parser.add_argument("--trust-models", action="store_true", help="load the run's model files, whoever began it")


def _samples(chosen, default=None):
    return default if chosen.samples is None else numbers_of(chosen.samples, "--samples")


def _neurons(run, chosen):
    """Of each layer, as `brianff.Run.record` takes them."""
    neurons = numbers_of(chosen.neurons, "--neurons")
    if chosen.layer is None:
        return neurons
    sizes = run.method.sizes
    if wrong := [level for level in chosen.layer if level >= len(sizes)]:
        raise OptionError(f"--layer: there is no layer {wrong[0]}: they are 1 to {len(sizes) - 1}.")
    return {level: range(sizes[level]) if neurons is None else neurons for level in chosen.layer}


def _figures(recording, variables):
    """Name -> function."""
    n = len(recording.epochs)
    epochs = range(min(n, MOST_EPOCHS))
    if n > MOST_EPOCHS:
        print(f"drawn: the first {MOST_EPOCHS} of {n} stimulus epochs; recording.npz has all of them")
    found = {"raster": lambda: plotting.raster(recording, epochs)}
    for level in range(1, len(recording.sizes)):
        if not len(recording.neurons(level)):
            continue
        names = None if variables is None else [name for name in variables if name in recording.variables(level)]
        if names == []:
            continue
        of_level = dict(level=level, epochs=epochs, variables=names)
        found[f"neuron_layer{level}"] = lambda more=of_level: plotting.membrane(recording, **more)
        if len(recording.neurons(level)) > 1:
            found[f"neurons_layer{level}"] = lambda more=of_level: plotting.neurons(recording, **more)
    return found
