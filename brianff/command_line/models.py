"""What the `brianff` command does with models: show what Brian2 gets, check a file, list them, write their page."""

import difflib
import sys
from pathlib import Path

from brianff.command_line.documentation import models_page
from brianff.equations.compose import compose
from brianff.equations.kinds import FORWARD_FORWARD, KINDS, available, scheme_of
from brianff.equations.model import assigned_names, load
from brianff.errors import ModelError, OptionError
from brianff.network import trial
from brianff.options import parameters_of

__all__ = ["check", "docs", "models", "show"]


def show(args):
    """Print the equations that Brian2 gets."""
    chosen, scheme = _chosen(args)
    composition = compose(scheme, chosen, parameters_of(args.set), args.dale)
    print(composition)
    if misfit := composition.misfit():
        print(f"note: not to be trained: {misfit}", file=sys.stderr)


def check(args):
    """Say what is wrong with a model file."""
    kind = args.kind or _kind_of(args.file)
    others, _ = _chosen(args, kind)
    others.pop(kind, None)
    for note in trial.check(kind, args.file, **others):
        print(f"note: {note}")
    print(f"{args.file}: this {kind} is in order")


def models(args):
    """List the models that come with brianff."""
    for kind in KINDS:
        for name in available(kind):
            summary = load(kind, name).docstring.splitlines()[0]
            print(f"{kind:12} {name:20} {summary}")


def docs(args):
    """Write the page on models."""
    path = Path(args.file)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(models_page())
    print(f"written: {path}")


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
