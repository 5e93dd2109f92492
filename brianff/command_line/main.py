"""The `brianff` command: look at equations and at the machine, and check a model file before anything is compiled."""

import argparse
import difflib
import importlib
import sys
from pathlib import Path

import brianff.program
import brianff.protocols
from brianff.command_line.commands import add_model_options, fail_cleanly
from brianff.command_line.documentation import models_page
from brianff.equations.compose import (
    DEFAULTS,
    FEEDBACK_FOLDERS,
    FOLDERS,
    SCHEMA,
    ModelError,
    assigned_names,
    available,
    check,
    compose,
    load,
)
from brianff.errors import OptionError
from brianff.network.feedback import FEEDBACK_DEFAULTS, compose_feedback
from brianff.options import Parser, parameters_of, text

__all__ = ["main"]


def _kind_of(path):
    """Kind of a model file: the folder it lies in, or the one kind of forward-forward learning whose names it defines.

    Where it is in order as no kind, the error of the kind whose names it has most of is the one that helps.
    """
    path = Path(path)
    if path.suffix == ".py" and not path.is_file():
        raise ModelError(f"{path}: there is no such file.")
    for kind, folder in (FOLDERS | FEEDBACK_FOLDERS).items():
        if path.resolve().parent.name == folder:
            return kind
    names = assigned_names(path) if path.is_file() else []
    if path.is_file() and not names:
        raise ModelError(
            f"{path}:1: this file defines nothing that a model has, such as 'equations' or 'at_update': begin with a "
            "copy of a file under models/, or see the table at the top of brianff/equations/compose.py."
        )
    fitting, errors = [], {}
    for kind in FOLDERS:
        try:
            load(kind, path)
            if not {"base", *SCHEMA[kind]} & set(names):
                raise ModelError(f"{path}:1: it defines no string of a {kind}.")
            fitting.append(kind)
        except ModelError as error:
            errors[kind] = error
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise ModelError(f"{path}: this could be a {' or a '.join(fitting)}: say which with --kind.")
    likeliest = max(FOLDERS, key=lambda kind: sum(_likeness(name, SCHEMA[kind]) for name in names))
    raise ModelError(f"{errors[likeliest]} (taken for a {likeliest}; use --kind for another)")


def _likeness(name, keys):
    """How much a name is like one of the keys: 1 if it is one, 0 if it is like none."""
    best = max(difflib.SequenceMatcher(a=name, b=key).ratio() for key in keys)
    return best if best > 0.6 else 0


def _chosen(args, of_feedback):
    """Models that are named on the command line, all of one kind of learning; the defaults depend on which."""
    chosen = {k: name for k in (*FOLDERS, *FEEDBACK_FOLDERS) if (name := getattr(args, k, None))}
    named = {*chosen, "dale"} if getattr(args, "dale", False) else set(chosen)
    if odd := named - set(FEEDBACK_DEFAULTS if of_feedback else (*DEFAULTS, "dale")):
        raise OptionError(f"--{min(odd)} is no part of learning {'with' if of_feedback else 'without'} feedback.")
    return chosen


def _protocols():
    folder = Path(brianff.protocols.__path__[0])
    return sorted(p.stem for p in folder.glob("*.py") if not p.stem.startswith("_"))


@fail_cleanly
def main(arguments=None):
    parser = Parser(prog="brianff", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    show = commands.add_parser("show", help="print the equations that Brian2 gets")
    add_model_options(show)
    show.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="replace a parameter, as in tau_m=10*ms"
    )
    for kind in FEEDBACK_FOLDERS:
        show.add_argument(
            f"--{kind}",
            type=text,
            metavar="MODEL",
            help=f"name or file, for learning with feedback (there are: {', '.join(available(kind))})",
        )
    show.add_argument("--dale", action="store_true", help="with Dale's principle: the optimizer keeps signs")

    checker = commands.add_parser("check", help="find a wrong unit, a missing name or a bad flag in a model file")
    checker.add_argument("file", type=text, metavar="FILE")
    checker.add_argument(
        "--kind", choices=[*FOLDERS, *FEEDBACK_FOLDERS], help="default: from the file's folder or contents"
    )
    add_model_options(checker)

    commands.add_parser("models", help="list the models that come with brianff")

    docs = commands.add_parser("docs", help="write the page on models from their docstrings and equations")
    docs.add_argument(
        "file", type=text, metavar="FILE", nargs="?", default="docs/models.md", help="default: docs/models.md"
    )
    commands.add_parser("doctor", help="compiler, CUDA, GPU and versions: what works on this machine")

    run = commands.add_parser("run", help="run a protocol", add_help=False)
    run.add_argument("protocol", choices=_protocols())
    run.add_argument("rest", nargs=argparse.REMAINDER, metavar="OPTIONS")

    args = parser.parse_args(arguments)
    if args.command == "show":
        parameters = parameters_of(args.set)
        of_feedback = any(getattr(args, kind) for kind in FEEDBACK_FOLDERS)
        chosen = _chosen(args, of_feedback)
        if of_feedback:
            composition = compose_feedback(parameters, **chosen)
        else:
            composition = compose(**chosen, parameters=parameters, dale=args.dale)
        print(composition)
        if misfit := composition.misfit():
            print(f"note: not to be trained: {misfit}", file=sys.stderr)
    elif args.command == "check":
        kind = args.kind or _kind_of(args.file)
        others = _chosen(args, kind in FEEDBACK_FOLDERS)
        others.pop(kind, None)
        for note in check(kind, args.file, **others):
            print(f"note: {note}")
        print(f"{args.file}: this {kind} is in order")
    elif args.command == "models":
        for kind in (*FOLDERS, *FEEDBACK_FOLDERS):
            for name in available(kind):
                summary = load(kind, name).docstring.splitlines()[0]
                print(f"{kind:12} {name:20} {summary}")
    elif args.command == "docs":
        path = Path(args.file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(models_page())
        print(f"written: {path}")
    elif args.command == "doctor":
        from brianff.command_line.doctor import report  # brian2cuda takes a second to import

        print("\n".join(report()))
    else:
        return importlib.import_module(f"brianff.protocols.{args.protocol}").main(args.rest)


if __name__ == "__main__":
    sys.exit(main())
