"""Models from strings, in a notebook's cell or a script, in the place of model files.

    neuron = Neuron(
        base="lif",
        equations=\"\"\"
        dv/dt = (gain_below*I_syn - v)/tau_m : 1
        dI_syn/dt = -I_syn/tau_syn : 1
        da/dt = -a/tau_a : 1
        \"\"\",
        threshold="v > v_th + a",
        reset="v -= v_th; a += 0.1",
        parameters={"tau_a": 50*ms},
    )

The arguments are what a file of the kind may define (`brianff.equations.kinds`); a model is read as the file that it
would be (`Model.source`), and errors name the argument and the line within it.
"""

import ast
import re
from pathlib import Path

import numpy as np
from brian2 import Quantity, TimedArray, second

from brianff.equations.definitions import check_file
from brianff.equations.kinds import KINDS
from brianff.equations.model import Model, load, model_of_source
from brianff.equations.text import code_of, names_in
from brianff.errors import ModelError
from brianff.values import UNITS, Distribution, is_number

__all__ = ["from_strings", *(kind.constructor for kind in KINDS.values())]


def from_strings(kind, base=None, name=None, description="", **values) -> Model:
    """A model of a kind, as if it had been read from a file.

    Parameters
    ----------
    kind : `Kind` or str
    base : str, path or `Model`, optional
        The model that this one differs from: its strings and parameters hold where none are given.
    name : str, optional
        As figures and files of a run call it.
    description : str
    **values
        What a file of the kind may define: strings, ``parameters``, ``limits``, ``functions``, dictionaries such as
        ``initial``, numbers and one-dimensional `TimedArray` under names of their own.

    Returns
    -------
    model : `Model`

    Raises
    ------
    ModelError
        Names the argument, and the line within it.
    """
    kind = KINDS.get(kind, kind) if isinstance(kind, str) else kind
    name = name or f"own_{kind}"
    if not str(name).isidentifier():
        raise ModelError(f"{kind.constructor}(name={name!r}): a name has letters, digits and _ only.")
    for key, value in values.items():
        _check_value(kind, key, value)
    if isinstance(base, Model) or base and (str(base).endswith(".py") or "/" in str(base)):
        values, base = _complete(load(kind, base), values), None  # a run's copy shall need no other file
    source = _source(description or f"{name}, from strings.", base, values)
    path = Path(f"{kind.constructor}(name='{name}')")
    try:
        model = model_of_source(kind, path, source, ast.parse(source))
    except ModelError as error:
        raise ModelError(_of_argument(kind, path, source, str(error))) from None
    model.name, model.written = name, source
    check_file(model)
    return model


def _check_value(kind, key, value):
    """Refuse an argument that no file could have."""
    entries = value.items() if isinstance(value, dict) else [(None, value)]
    for entry, one in entries:
        if not (isinstance(one, str | bool | Distribution | TimedArray) or is_number(one)):
            place = f", '{entry}'" if entry is not None else ""
            raise ModelError(
                f"{kind.constructor}({key}=…){place}: a string or a finite number is needed, not {type(one).__name__}."
            )


def _complete(base, values):
    """What is given, with all that it does not replace of another model."""
    limits = {"limits": "\n".join(limit.text for limit in base.limits)} if base.limits else {}
    found = base.strings | base.courses | limits | values
    parameters = values.get("parameters", {})
    if isinstance(parameters, dict):
        used = names_in(*(str(value) for value in found.values()))
        kept = {name: value for name, value in base.parameters.items() if name in used and name not in values}
        found["parameters"] = kept | parameters
    left_out = {key for key, string in base.schema.strings.items() if found.get(key) == "" and not string.required}
    return {key: value for key, value in found.items() if key not in left_out}


def _source(description, base, values):
    """The text of a model file."""
    body = [f"base = {str(base)!r}"] if base else []
    body += [f"{key} = {_code(value)}" for key, value in values.items()]
    text = "\n".join(body)
    units = sorted(names_in(re.sub(r"'[^']*'|\"[^\"]*\"", "", text)) & set(UNITS) | names_in(text) & {"TimedArray"})
    imports = f"from brian2 import {', '.join(units)}\n\n" if units else ""
    return f"{_quoted(description)}\n\n{imports}{text}\n"


def _code(value):
    """A value as Python spells it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {_code(one)}" for key, one in value.items()) + "}"
    if isinstance(value, TimedArray):
        unit = code_of(Quantity(1.0, dim=value.dim)).removeprefix("1.0").removeprefix("*")
        array = f"[{', '.join(repr(float(one)) for one in np.ravel(value.values))}]"
        return f"TimedArray({array}{f'*{unit}' if unit else ''}, dt={code_of(value.dt * second)})"
    if isinstance(value, Distribution):
        return repr(value.text)
    if isinstance(value, str):
        return _quoted(value)
    return repr(value) if isinstance(value, bool) else code_of(value)


def _quoted(text):
    """A string as it stands, in three quotes where it can."""
    if "\\" in text or '"' in text:
        return repr(text)
    return f'"""{text}"""' if "\n" in text else f'"{text}"'


def _of_argument(kind, path, source, message):
    """A message about a line of the file that there is none of, as one about an argument."""
    found = re.match(rf"{re.escape(str(path))}:(\d+): ", message)
    if not found:
        return message
    line, rest = int(found[1]), message[found.end() :]
    values = (n for n in ast.parse(source).body if isinstance(n, ast.Assign) and n.lineno <= line <= n.end_lineno)
    if (node := next(values, None)) is None:
        return f"{kind.constructor}(…): {rest}"
    place = f", line {line - node.lineno + 1}" if node.end_lineno > node.lineno else ""
    return f"{kind.constructor}({node.targets[0].id}=…){place}: {rest}"


def _constructor(kind):
    def make(base=None, name=None, description="", **values) -> Model:
        return from_strings(kind, base, name, description, **values)

    make.__name__ = make.__qualname__ = kind.constructor
    make.__doc__ = f"A {kind} from strings (see `from_strings`).\n\n    Strings: {', '.join(kind.strings)}.\n    "
    return make


globals().update({kind.constructor: _constructor(kind) for kind in KINDS.values()})
