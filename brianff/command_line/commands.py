"""What the protocol scripts share: options from a configuration, progress, errors as one sentence."""

import contextlib
import dataclasses
import re
import sys
import time
import traceback
from pathlib import Path

import numpy as np

from brianff.devices import DeviceError
from brianff.endings import OutputError, Stopped, fail_cleanly, of_output
from brianff.equations.kinds import FORWARD_FORWARD, available
from brianff.errors import BrianffError, OptionError
from brianff.learning.evaluation import ties
from brianff.learning.method import method_class
from brianff.options import flag_of, given, parser_of, text
from brianff.results import ResultsError, RunFolder
from brianff.scratch import ScratchError

__all__ = [
    "add_model_options", "add_out_option", "add_quick_option", "add_resume_options", "dated_folder", "draw",
    "fail_cleanly", "going_on", "opened", "resumed", "run_options", "start_or_resume", "study_options",
    "tell_activity", "tell_layers", "tell_recording", "way_to_predict", "with_quick",
]  # fmt: skip


def run_options(options, docstring, name, *more):
    """A parser of the options of training runs, and which run; results go to ``runs/NAME-DATE-TIME``.

    Parameters
    ----------
    options : type
        `brianff.options.Options` of the run.
    docstring : str
        Description of the script.
    name : str
    *more : type
        Further options of the script.
    """
    parser = parser_of(docstring, options, *more)
    add_out_option(parser, f"runs/{name}-DATE-TIME")
    add_resume_options(parser)
    add_quick_option(parser, "a few seconds on a small network: is everything there?")
    return parser


def add_out_option(parser, folder, help="results folder"):
    parser.add_argument("--out", type=text, metavar="FOLDER", help=f"{help} (default: {folder})")


def add_quick_option(parser, help):
    parser.add_argument("--quick", action="store_true", help=help)


def study_options(arguments, docstring, options, name, quick, help, *more):
    """Read the command line of a script that is a study of many runs, or of none.

    Parameters
    ----------
    arguments : list of str or None
        None: those of the process.
    docstring : str
        Description of the script.
    options : type
        `brianff.options.Options` of the study.
    name : str
        Results go to ``runs/NAME-DATE-TIME``; options may stand in it: ``"continual-{dataset}"``.
    quick : dict
        What ``--quick`` changes.
    help : str
        Of ``--quick``.
    *more : type
        Further options.

    Returns
    -------
    chosen : object of `options`
    out : `pathlib.Path`
    *of_more : objects of `more`
    """
    parser = parser_of(docstring, options, *more)
    add_out_option(parser, f"runs/{re.sub(r'{(.+?)}', lambda field: field[1].upper(), name)}-DATE-TIME")
    add_quick_option(parser, help)
    args = parser.parse_args(arguments)
    chosen = options(**with_quick(args, given(args, options), quick))
    out = Path(args.out or dated_folder(name.format(**vars(chosen))))
    return chosen, out, *(each(**given(args, each)) for each in more)


def with_quick(args, chosen, quick, more=""):
    """The chosen options, with those of ``--quick`` where none is chosen; says which these are.

    Parameters
    ----------
    args : argparse.Namespace
        With `quick`.
    chosen, quick : dict
    more : str
        What else ``--quick`` changes.
    """
    if not args.quick:
        return chosen
    changed = {name: value for name, value in quick.items() if name not in chosen}
    said = [f"{flag_of(name)[2:]} {_listed(value)}" for name, value in changed.items()] + ([more] if more else [])
    print(f"--quick: {', '.join(said) or 'every option that it would change is given'}")
    return changed | chosen


def _listed(value):
    return ",".join(map(str, value)) if isinstance(value, (tuple, list)) else value


def add_resume_options(parser):
    """`--resume`, and whose code it may run."""
    parser.add_argument("--resume", type=text, metavar="FOLDER", help="go on with an interrupted run, as it was begun")
    parser.add_argument(
        "--trust-models",
        action="store_true",
        help="with --resume: load the copies of model files in the folder (they are Python, and run), whoever began "
        "the run and whatever has become of the originals",
    )


def dated_folder(name):
    return Path("runs") / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"


def resumed(chosen, out=None):
    """Options that go with ``--resume``: only those that say where the data are and where to compute."""
    if extra := (set(chosen) | ({"out"} if out else set())) - {"device", "data"}:
        raise OptionError(f"--resume goes on with the run's own options: leave out --{min(extra).replace('_', '-')}.")
    return chosen


def start_or_resume(args, method, quick, name, more="", check=lambda options: None, ready=lambda run: None):
    """A new run, or the one that ``--resume`` names; says what is trained on what.

    Parameters
    ----------
    args : argparse.Namespace
        Of `run_options`.
    method : type
        A class of `brianff.learning.method.Method`.
    quick : dict
        Defaults of ``--quick``.
    name : callable
        What the name of a new folder begins with, for the method's options.
    more : str
        What else ``--quick`` changes.
    check : callable
        Called with the options before anything else; may raise.
    ready : callable
        Called with the run before its folder is made; may raise.

    Returns
    -------
    run : `brianff.learning.run.Run`
    """
    from brianff.learning.run import Run  # Brian2 takes a second to import, and `brianff --help` needs none of it

    chosen = given(args, method.Options)
    if args.trust_models and not args.resume:
        raise OptionError("--trust-models goes with --resume: model files that you name yourself are loaded anyway.")
    if args.resume:
        chosen = resumed(chosen, args.out)
        run = Run.resume(args.resume, method, report=print, trust_models=args.trust_models, **chosen)
        check(run.method.options)
    else:
        options = method.Options(**with_quick(args, chosen, quick, more))
        check(options)
        out = args.out or dated_folder(name(options.resolved()))
        RunFolder.check_new(out)
        run = Run(method.of(options, report=print), out)
    network, data = run.method, run.method.data
    ready(run)
    run.begin()
    with going_on(run):
        print(
            f"{network.network_name()} on {data.name}: {len(network.train)} training, {len(data.validation)} "
            f"validation, {len(data.test)} test samples; seed {network.options.seed}"
        )
    return run


@contextlib.contextmanager
def going_on(run):
    """Errors that end a run, with how to go on behind them."""
    go_on = f"Go on with: --resume {run.path}"
    try:
        yield
    except Stopped as stopped:
        raise Stopped(f"{stopped} {go_on}") from None
    except (ResultsError, ScratchError, DeviceError) as error:
        raise type(error)(f"{error} {go_on}") from None
    except OSError as error:
        if not of_output(error):
            raise
        done = "stopped after {} of {} samples".format(*run.progress)
        raise OutputError(error, f": {done}. {go_on}") from None


def way_to_predict(args, how, options):
    """The chosen way, or by the readout where labels are no part of the network and none was chosen.

    Raises
    ------
    OptionError
        If a network without labels is to predict by their goodness.
    """
    if options.negatives != "hybrid":
        return how
    if args.predict not in (None, "readout"):
        raise OptionError(
            f"--predict {args.predict} tries labels, of which --negatives hybrid shows none: leave it out, or take "
            "--predict readout."
        )
    return "readout"


def tell_layers(evaluation):
    """Print what each layer with class scores, or with a readout, says by itself."""
    for level in range(1, evaluation.goodness.shape[2] + 1):
        print(f"layer {level} alone: {np.mean(evaluation.by_goodness([level - 1]) == evaluation.labels):.4f}")


def tell_activity(evaluation, shown="presentation"):
    """Print how many spikes there are in a `shown`, which neurons have none, and predictions that tie."""
    print(f"{evaluation.spikes_per_neuron:.2f} spikes a neuron and {shown}{evaluation.of_silent()}")
    if tied := ties(evaluation.predicted()):
        print(tied)


def tell_recording(recording, what=""):
    """Print what the layers did in each stimulus epoch; `what`, if anything, says whose number a sample has."""
    levels = range(1, len(recording.sizes))
    goodness = [recording.goodness(level) for level in levels]
    of_epoch = recording.epoch_at(recording.t)
    for k, epoch in enumerate(recording.epochs):
        spikes = [int(np.sum(recording.epoch_at(recording.spikes(level)[1]) == k)) for level in levels]
        said = f"{', '.join(f'{n:4d}' for n in spikes)} spikes"
        if goodness[0] is not None:
            said += f", goodness {', '.join(f'{g[of_epoch == k][-1]:.3f}' for g in goodness)}"
        shown = f"{what} {epoch.sample}, " if what and epoch.sample >= 0 else ""
        print(f"{shown}{epoch.name} phase, {epoch.label_name}: {said}")


def add_model_options(parser, kinds=FORWARD_FORWARD.kinds, several=()):
    """One option for each kind of model: a name or a file; those of `several` may be given more than once."""
    for kind in kinds:
        known = f"name or file (default: {kind.default}; there are: {', '.join(available(kind))})"
        more = {"action": "append"} if kind.name in several else {}
        again = "; may be given several times" if kind.name in several else ""
        parser.add_argument(f"--{kind}", type=text, metavar="MODEL", help=known + again, **more)


def opened(path, trust_models=False, data=None, compiled=False):
    """The run of a folder, to be looked at: nothing is compiled unless it is to be evaluated."""
    from brianff.learning.run import Run

    method = method_class(RunFolder.open(path).document.get("method"))
    changes = {} if compiled else {"device": "runtime", "threads": 1}
    known = {field.name for field in dataclasses.fields(method.Options)}
    changes = {name: value for name, value in changes.items() if name in known} | {"data": data}
    return Run.resume(path, method, report=print, trust_models=trust_models, **changes)


def draw(folder, figures, **options):
    """Draw figures, once all results are saved and printed: one that fails takes neither them nor the others along.

    Parameters
    ----------
    folder : path
        Exists.  ``NAME.png``, or ``NAME.error.txt`` with the traceback of a figure that failed.
    figures : dict of name -> callable
        Each returns a figure.
    **options
        Of `brianff.plotting.save`.

    Returns
    -------
    status : int
        For the exit status: 1 if a figure failed.
    """
    from brianff import plotting  # matplotlib takes a while to import

    with contextlib.suppress(OSError):  # told at the end of the program
        sys.stdout.flush()
    failed = False
    for name, figure in figures.items():
        path, report = Path(folder) / f"{name}.png", Path(folder) / f"{name}.error.txt"
        try:
            plotting.save(figure(), path, **options)
            report.unlink(missing_ok=True)
        except Exception as error:
            failed = True
            path.unlink(missing_ok=True)  # of an earlier run, with other results
            if isinstance(error, (OSError, BrianffError)):  # for a person
                reason = getattr(error, "strerror", None) or f"{error}"
            else:
                reason = f"{type(error).__name__}: {error} ({_keep_traceback(report, error)})"
            print(f"warning: no figure '{name}': {reason}", file=sys.stderr)
    return int(failed)


def _keep_traceback(path, error):
    """Write the traceback of an error into a file, or to stderr where no file can be written; says where."""
    text = "".join(traceback.format_exception(error))
    try:
        path.write_text(text)
        return f"traceback: {path}"
    except OSError:
        print(text, file=sys.stderr)
        return "traceback above"
