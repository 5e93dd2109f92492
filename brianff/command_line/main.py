# PYTHON_ARGCOMPLETE_OK
"""The `brianff` command: train, look at equations, at the machine and at runs, check a model file, do many runs."""

import argparse
import importlib
import importlib.metadata
import sys
from pathlib import Path

import brianff.program
import brianff.protocols
from brianff.command_line import completion
from brianff.command_line.commands import add_model_options, fail_cleanly
from brianff.equations.kinds import KINDS
from brianff.options import Parser, text

__all__ = ["main"]


_MANY = {
    "sweep": "do every combination of some values, as a file says, each with several seeds",
    "search": "find good options: values that do well on validation samples",
}
_LOOKING = {
    "report": "write the page of a run, or of two beside each other: one HTML file",
    "inspect": "show samples to a finished run, and draw what its neurons do",
    "export": "write a recording as Neo or NWB, or a network as NIR",
}


def _protocols():
    folder = Path(brianff.protocols.__path__[0])
    return sorted(p.stem for p in folder.glob("*.py") if not p.stem.startswith("_"))


def _elsewhere(arguments):
    """Module, function and number of words of a command with a parser of its own, or None.

    Those have options of a method, which take a second to import.
    """
    if arguments[:1] == ["train"]:
        return "protocols.forward_forward", "main", 1
    if arguments[:1] == ["run"] and len(arguments) > 1 and arguments[1] in _protocols():
        return f"protocols.{arguments[1]}", "main", 2
    module = "many" if arguments and arguments[0] in _MANY else "looking"
    return (f"command_line.{module}", arguments[0], 1) if arguments and arguments[0] in _MANY | _LOOKING else None


@fail_cleanly
def main(arguments=None):
    parser = Parser(prog="brianff", description=__doc__)
    parser.add_argument("--version", action="version", version=f"brianff {importlib.metadata.version('brianff')}")
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

    commands.add_parser("train", help="train a network: the protocol forward_forward", add_help=False)
    run = commands.add_parser("run", help="run a protocol", add_help=False)
    run.add_argument("protocol", choices=_protocols())
    run.add_argument("rest", nargs=argparse.REMAINDER, metavar="OPTIONS")  # for the protocol's own parser

    for name, help in (_MANY | _LOOKING).items():
        commands.add_parser(name, help=help, add_help=False)

    arguments = (completion.words() or sys.argv[1:]) if arguments is None else arguments
    if place := _elsewhere(arguments):
        module, function, n = place
        completion.skip(n)
        return getattr(importlib.import_module(f"brianff.{module}"), function)(arguments[n:])
    args = parser.parse_args(arguments)
    # by name, as protocols and devices: Brian2 takes a second to import, and --help needs none of it
    place = "doctor" if args.command == "doctor" else "models"
    getattr(importlib.import_module(f"brianff.command_line.{place}"), args.command)(args)
    return 0


if __name__ == "__main__":
    sys.exit(main())
