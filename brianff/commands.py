"""What the protocol scripts share: options from a configuration, progress, errors as one sentence."""

import argparse
import contextlib
import dataclasses
import functools
import gc
import os
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from brianff.equations import DEFAULTS, available
from brianff.errors import BrianffError
from brianff.training import Stopped, device_option

__all__ = [
    "add_device_option", "add_model_options", "dated_folder", "fail_cleanly", "integers", "names", "options_of",
    "progress_bar", "resumed", "run_options", "start_or_resume",
]  # fmt: skip

EXPECTED = (BrianffError, ValueError, NotImplementedError, FloatingPointError, OverflowError)


def options_of(config, docstring):
    """An argument parser with one option for each field of a configuration class.

    Parameters
    ----------
    config : dataclass whose fields carry ``metadata["help"]``
    docstring : str
        Description of the script.
    """
    parser = argparse.ArgumentParser(
        description=docstring, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    for field in dataclasses.fields(config):
        more = dict(field.metadata)
        text = more.pop("help")
        if isinstance(field.default, tuple) and field.default:
            text += f" (default: {','.join(map(str, field.default))})"
        elif field.default is not None and field.default != () and field.default is not False:
            text += f" (default: {field.default})"
        flag = "--" + field.name.replace("_", "-")
        if more.pop("many", False):
            parser.add_argument(flag, action="append", help=text, **more)
        elif field.default is False:
            parser.add_argument(flag, action="store_true", default=None, help=text)
        elif "N,N" == more.get("metavar"):
            parser.add_argument(flag, type=integers, help=text, **more)
        else:
            types = {t.strip() for t in str(getattr(field.type, "__name__", field.type)).split("|")}
            kind = next((k for k in (int, float) if k.__name__ in types), str)
            parser.add_argument(flag, type=kind, help=text, **more)
    return parser


def run_options(config, docstring, name):
    """`options_of` a configuration of training runs, and which run; results go to ``runs/NAME-DATE-TIME``."""
    parser = options_of(config, docstring)
    parser.add_argument("--out", metavar="FOLDER", help=f"results folder (default: runs/{name}-DATE-TIME)")
    parser.add_argument("--resume", metavar="FOLDER", help="go on with an interrupted run, with its own options")
    parser.add_argument("--quick", action="store_true", help="a few seconds on a small network: is everything there?")
    return parser


def dated_folder(name):
    return Path("runs") / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"


def resumed(chosen, out=None):
    """Options that go with ``--resume``: only those that say where the data are and where to compute."""
    if extra := (set(chosen) | ({"out"} if out else set())) - {"device", "data"}:
        raise ValueError(f"--resume goes on with the run's own options: leave out --{min(extra).replace('_', '-')}.")
    return chosen


def start_or_resume(args, trainer_class, quick, name, **more):
    """The trainer of a new run, or of the one that ``--resume`` names; says what is trained on what.

    Parameters
    ----------
    args : argparse.Namespace
        Of `run_options`.
    trainer_class : class
        `brianff.training.Trainer`, or one like it.
    quick : dict
        Defaults of ``--quick``.
    name : callable
        What the name of a new folder begins with, for a configuration.
    **more
        Handed on to the trainer.
    """
    names = [field.name for field in dataclasses.fields(trainer_class.config_class)]
    chosen = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    if args.resume:
        trainer = trainer_class.resume(args.resume, **resumed(chosen, args.out), **more)
    else:
        config = trainer_class.config_class(**({**quick, **chosen} if args.quick else chosen))
        trainer = trainer_class.start(config, args.out or dated_folder(name(config)), **more)
    data = trainer.data
    print(
        f"{'-'.join(map(str, trainer.sizes))} on {data.name}: {len(trainer.train)} training, {len(data.validation)} "
        f"validation, {len(data.test)} test samples; seed {trainer.config.seed}"
    )
    return trainer


def add_model_options(parser):
    """One option for each kind of model: a name or a file."""
    for kind, default in DEFAULTS.items():
        parser.add_argument(
            f"--{kind}",
            default=default,
            metavar="MODEL",
            help=f"name or file (default: {default}; there are: {', '.join(available(kind))})",
        )


def add_device_option(parser):
    """`--device`, as in a configuration class."""
    field = device_option()
    text = field.metadata["help"] + " (default: %(default)s)"
    parser.add_argument("--device", default=field.default, choices=field.metadata["choices"], help=text)


def integers(text):
    """``"500,500"`` as a tuple; nothing as an empty one."""
    try:
        return tuple(int(part) for part in text.split(",")) if text else ()
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a list of numbers such as 500,500") from None


def names(text):
    """``"lif,adex"`` as a tuple."""
    return tuple(part.strip() for part in text.split(","))


def fail_cleanly(main):
    """Turn the errors that a user can do something about into one sentence and an exit status."""

    @functools.wraps(main)
    def wrapped(arguments=None):
        sys.excepthook = sys.__excepthook__  # Brian2's asks to report every error as a bug of Brian2
        try:
            return main(arguments) or 0
        except (Stopped, KeyboardInterrupt) as interrupt:
            print(f"\n{interrupt if isinstance(interrupt, Stopped) else 'interrupted'}", file=sys.stderr)
            # After an interrupt, Python's last garbage collection crashes now and then (3.12.1; all is saved by then).
            gc.freeze()
            return 130
        except BrokenPipeError:  # of "... | head": nobody reads the rest
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        except EXPECTED as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
        except OSError as error:
            if error.filename is None:  # nothing that has to do with a file that the user named
                raise
            print(f"error: {error.filename}: {error.strerror}.", file=sys.stderr)
            return 1

    return wrapped


@contextlib.contextmanager
def progress_bar(trainer):
    """A bar with what the trainer says of each chunk; without a terminal, one line an epoch."""
    console = Console()
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} samples"),
        TextColumn("{task.fields[detail]}"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
    seen = [len(trainer.metrics)]

    def advance(done, total, row):
        latest = next((r for r in reversed(trainer.metrics) if r["what"] == "chunk"), None)
        progress.update(task, completed=done, total=total, detail=trainer.detail(latest))
        for new in trainer.metrics[seen[0] :]:
            if new["what"] == "validation":
                speed = f"{latest['samples_per_second']:.0f} samples/s"
                console.print(
                    f"epoch {new['epoch']:5.1f}  {trainer.summary(new)}  ({speed})",
                    highlight=False,
                    soft_wrap=True,
                )
        seen[0] = len(trainer.metrics)

    try:
        with progress:
            completed, total = trainer.progress
            task = progress.add_task("training", total=total, completed=completed, detail="")
            yield advance
    except Stopped as stopped:
        raise Stopped(f"{stopped} Go on with: --resume {trainer.folder.path}") from None
