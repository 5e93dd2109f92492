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
from brianff.equations.compose import compose
from brianff.equations.kinds import FORWARD_FORWARD, KINDS, available, scheme_of
from brianff.equations.model import assigned_names, load
from brianff.errors import ModelError, OptionError
from brianff.network.trial import check
from brianff.options import Parser, parameters_of, text

__all__ = ["main"]


def _kind_of(path):
    """Kind of a model file: the folder it lies in, or the one kind of forward-forward learning whose names it defines.

    Where it is in order as no kind, the error of the kind whose names it has most of is the one that helps.
    """
    path = Path(path)
    if path.suffix == ".py" and not path.is_file():
        raise ModelError(f"{path}: there is no such file.")
    for kind in KINDS.values():
        if path.resolve().parent.name == kind.folder:
            return kind.name
    names = assigned_names(path) if path.is_file() else []
    if path.is_file() and not names:
        raise ModelError(
            f"{path}:1: this file defines nothing that a model has, such as 'equations' or 'at_update': begin with a "
            "copy of a file under models/, or see the tables in docs/models.md."
        )
    fitting, errors = [], {}
    for kind in FORWARD_FORWARD.kinds:
        try:
            load(kind, path)
            if not {"base", *kind.strings} & set(names):
                raise ModelError(f"{path}:1: it defines no string of a {kind}.")
            fitting.append(kind.name)
        except ModelError as error:
            errors[kind] = error
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise ModelError(f"{path}: this could be a {' or a '.join(fitting)}: say which with --kind.")
    likeliest = max(FORWARD_FORWARD.kinds, key=lambda kind: sum(_likeness(name, kind.strings) for name in names))
    raise ModelError(f"{errors[likeliest]} (taken for a {likeliest}; use --kind for another)")


def _likeness(name, keys):
    """How much a name is like one of the keys: 1 if it is one, 0 if it is like none."""
    best = max(difflib.SequenceMatcher(a=name, b=key).ratio() for key in keys)
    return best if best > 0.6 else 0


def _chosen(args, *kinds):
    """Models that are named on the command line, and the one scheme that has all of their kinds and `kinds`."""
    chosen = {kind: name for kind in KINDS if (name := getattr(args, kind, None))}
    scheme = scheme_of({*chosen, *kinds})
    if scheme is None:
        names = [f"--{kind}" for kind in KINDS if kind in {*chosen, *kinds}]
        raise OptionError(
            f"{', '.join(names[:-1])} and {names[-1]} do not go together: see the kinds in docs/models.md."
        )
    return chosen, scheme


def _protocols():
    folder = Path(brianff.protocols.__path__[0])
    return sorted(p.stem for p in folder.glob("*.py") if not p.stem.startswith("_"))


@fail_cleanly
def main(arguments=None):
    parser = Parser(prog="brianff", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    show = commands.add_parser("show", help="print the equations that Brian2 gets")
    add_model_options(show, KINDS.values())
    show.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="replace a parameter, as in tau_m=10*ms"
    )
    show.add_argument("--dale", action="store_true", help="with Dale's principle: the optimizer keeps signs")

    checker = commands.add_parser("check", help="find a wrong unit, a missing name or a bad flag in a model file")
    checker.add_argument("file", type=text, metavar="FILE")
    checker.add_argument("--kind", choices=KINDS, help="default: from the file's folder or contents")
    add_model_options(checker, KINDS.values())

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
        chosen, scheme = _chosen(args)
        composition = compose(scheme, chosen, parameters_of(args.set), args.dale)
        print(composition)
        if misfit := composition.misfit():
            print(f"note: not to be trained: {misfit}", file=sys.stderr)
    elif args.command == "check":
        kind = args.kind or _kind_of(args.file)
        others, _ = _chosen(args, kind)
        others.pop(kind, None)
        for note in check(kind, args.file, **others):
            print(f"note: {note}")
        print(f"{args.file}: this {kind} is in order")
    elif args.command == "models":
        for kind in KINDS:
            for name in available(kind):
                summary = load(kind, name).docstring.splitlines()[0]
                print(f"{kind:12} {name:20} {summary}")
    elif args.command == "docs":
        path = Path(args.file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(models_page())
        print(f"written: {path}")
    elif args.command == "doctor":
        from brianff.command_line.doctor import report

        print("\n".join(report()))
    else:
        return importlib.import_module(f"brianff.protocols.{args.protocol}").main(args.rest)


if __name__ == "__main__":
    sys.exit(main())
