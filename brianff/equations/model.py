"""Models: files of equation strings, read, checked for what a file of their kind may hold, and at hand as objects."""

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.equations.equations import Equations

from brianff.equations.functions import expand, read_functions
from brianff.equations.kinds import KINDS, Kind, available, models_folder
from brianff.equations.limits import limits_of, parameter_value
from brianff.equations.reading import Assignments, read_values
from brianff.equations.text import closest, code_of, equation_lines, names_in, strings_in, without_comments
from brianff.errors import ModelError
from brianff.noise import FUNCTIONS
from brianff.values import UNITS, is_number

__all__ = ["Model", "assigned_names", "load", "model_of_source", "names_file"]


@dataclass
class Model:
    """One model, of a file or from strings: its strings, its parameters and where each of them stands."""

    schema: Kind
    name: str
    path: Path
    strings: dict
    parameters: dict
    docstring: str
    lines: dict  # name -> line number in the file of every line of the string
    base: "Model | None" = None  # the model that this one differs from; strings and parameters are complete
    limits: tuple = ()  # of `brianff.equations.limits.Limit`
    courses: dict = field(default_factory=dict)  # name -> `TimedArray`
    written: str = ""  # the file that a model from strings would be
    checked: bool = field(default=False, init=False)  # by `brianff.equations.definitions.check_file`

    @property
    def kind(self):
        """Name of the kind."""
        return self.schema.name

    def __getitem__(self, key):
        return self.strings.get(key) or ""

    @property
    def ships(self):
        """Whether it comes with brianff."""
        return models_folder(self.schema).parent.resolve() in self.path.resolve().parents

    @property
    def reads_spike_times(self):
        """Whether this is an encoder of spike times, not of intensities."""
        return self.kind == "encoder" and "event_first" in names_in(*self.strings.values())

    def where_entry(self, key, name):
        """File and line of an entry of a dictionary, or of a parameter's value."""
        entry = f"{key}.{name}"
        if self.base and entry not in self.lines and key == "parameters" and name in self.base.parameters:
            return self.base.where_entry(key, name)
        return self.where(entry if entry in self.lines else key)

    def where_differential(self, variable, key="equations"):
        """File and line of a variable's differential equation."""
        for offset, line in equation_lines(self[key]):
            if re.match(rf"d{variable}\s*/\s*dt", line):
                return self.where(key, offset)
        return self.where(key)

    def argument(self, key, offset=0):
        """The same of a model from strings: which argument, and which line of it."""
        name, _, entry = key.partition(".")
        several = "\n" in str(self.strings.get(name, "")).strip("\n")
        place = f", '{entry}'" if entry else f", line {offset + 1}" if several else ""
        return f"{self.schema.constructor}({name}=…){place}"

    def source(self):
        """The text of a model file of this model."""
        return self.written or self.path.read_text()

    def where(self, key, offset=0):
        if self.base and key not in self.lines:
            return self.base.where(key, offset)
        if self.written:
            return self.argument(key, offset)
        lines = self.lines.get(key, [1])
        return f"{self.path}:{lines[min(offset, len(lines) - 1)]}"


_KEPT = {}  # path -> when it was written, and the model: each composition asks for five


def names_file(name):
    """Whether an option names a model file, and not a model that comes with brianff."""
    return isinstance(name, str) and (name.endswith(".py") or "/" in name)


def load(kind, name):
    """A model of a kind (`Kind` or its name), by name (``"lif"``) or from a file (``"my_neuron.py"``).

    Raises
    ------
    ModelError
        If there is no such model, or the file holds something else than strings and parameters.
    """
    if not isinstance(kind, Kind):
        if kind not in KINDS:
            raise ModelError(f"there is no kind of model '{kind}': it is one of {', '.join(KINDS)}.")
        kind = KINDS[kind]
    if isinstance(name, Model):
        if name.kind != kind.name:
            raise ModelError(f"{name.path}: this is loaded as a {name.kind}, and cannot be the {kind}.")
        return name
    return _read(kind, _path_of(kind, str(name)))


def _path_of(kind, name):
    own = name.endswith(".py") or "/" in name
    path = Path(name) if own else models_folder(kind) / f"{name}.py"
    if path.is_file():
        return path
    if own:
        raise ModelError(f"{path}: there is no such file (--{kind} takes a name or a file that ends in .py).")
    names = available(kind)
    raise ModelError(
        f"there is no {kind} '{name}'.{closest(name, names)} There are: {', '.join(names)}; or give a file that ends "
        "in .py."
    )


def _source(path):
    """Text and syntax tree of a model file."""
    try:
        source = path.read_bytes()
        text = source.decode("utf-8-sig").replace("\r\n", "\n")
        return text, ast.parse(text)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        line = 1 + source[: error.start].count(b"\n")
        raise ModelError(f"{path}:{line}: not UTF-8 text: save the file in this encoding.") from None
    except SyntaxError as error:
        raise ModelError(f"{path}:{error.lineno or 1}: not valid Python: {error.msg}.") from None


def assigned_names(path):
    """Names that a model file assigns to, without running it."""
    _, tree = _source(Path(path))
    return [t.id for node in tree.body if isinstance(node, ast.Assign) for t in node.targets if isinstance(t, ast.Name)]


def _line_numbers(text, source, first, last):
    """Line in the file of every line of a string, which escapes, backslashes and joined literals shift."""
    numbers, here = [], first
    for offset, line in enumerate(text.splitlines()):
        line = line.strip()
        if line:
            exact = [n for n in range(here, last + 1) if source[n - 1].strip() == line]
            partial = [n for n in range(here, last + 1) if line in source[n - 1]]
            found = exact or partial or [here]
            here = first + offset if first + offset in found else found[0]
        numbers.append(here)
    return numbers or [first]


def _read(kind, path, above=()):
    """The model of a file, which is the base of those `above`; one that comes with brianff is read when it changed."""
    if path.parent != models_folder(kind):
        return model_of_source(kind, path, *_source(path), above)
    written, model = _KEPT.get(path, (None, None))
    if model is None or written != _written(model):
        model = model_of_source(kind, path, *_source(path), above)
        _KEPT[path] = _written(model), model
    return model


def _written(model):
    """When files were last written: a model's and those that it builds upon; None if one of them is gone."""
    try:
        status = model.path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, model.base and _written(model.base)


def model_of_source(kind, path, source, tree, above=()):
    """The model of a file's text, from its syntax tree; a `ModelError` says file and line of what is wrong."""
    schema = kind.strings
    known = [*schema, "functions", "parameters", "limits", "base"]
    found = Assignments(path, tree)
    namespace = {"__name__": f"brianff_model_{path.stem}"}
    try:
        exec(compile(tree, str(path), "exec"), namespace)
    except (Exception, SystemExit) as error:
        line = getattr(error.__traceback__.tb_next, "tb_lineno", 1)
        raise ModelError(f"{path}:{line}: {type(error).__name__}: {' '.join(str(error).split())}") from None
    constants, courses = read_values(found, namespace, kind, known)
    lines = {key: [first] for key, (first, _) in found.extent.items()}
    lines |= {f"{name}.{key}": [line] for (name, key), line in found.entries.items()}
    lines |= {f"parameters.{name}": lines[name] for name in constants}
    base = _base(kind, path, namespace["base"], lines["base"][0], above) if "base" in lines else None
    model = Model(kind, path.stem, path, {}, {}, ast.get_docstring(tree) or "", lines, base)
    functions = _functions(model, namespace)
    for key, string in schema.items():
        what, required = string.sort, string.required
        value = namespace.get(key)
        if value is False and key == "refractory":  # as Brian2 says that there is none
            value = None
        if value == "" and not isinstance(value, np.ndarray) and base and key in base.strings and not required:
            continue
        if value is None:
            if base and key in base.strings:
                model.strings[key] = base.strings[key]
            elif required:
                raise ModelError(f"{path}:1: a {kind} must define '{key}' ({what}).")
            continue
        if what in ("values", "expressions"):
            _check_values(model, key, value)
        else:
            value = _text(model, key, what, value)
            model.lines[key] = _line_numbers(value, source.split("\n"), *found.extent[key])
            value = _expanded(model, key, value, functions)
            if what == "statements":  # Brian2 reads no line that is a comment
                value = re.sub(r"(?m)^[ \t]*#.*$", "", value)
            if what not in ("equations", "statements", "maxima"):
                value = without_comments(value).strip()  # stands within a line of what Brian2 gets
        model.strings[key] = value
    used = names_in(*strings_in(model.strings))
    own = _parameters(model, namespace.get("parameters", {}))
    own = {name: value for name, value in constants.items() if name in used - own.keys()} | own
    of_base = {k: v for k, v in base.parameters.items() if k in used} if base else {}
    model.parameters.update(of_base | own)
    model.limits = _limits(model, namespace.get("limits"), source, found.extent)
    model.courses.update((base.courses if base else {}) | courses)
    _check_courses(model)
    return model


def _check_courses(model):
    """Refuse courses of time where there are none, and a call with `t`, which goes on from epoch to epoch."""
    for name in model.courses:
        if model.kind not in ("neuron", "encoder"):
            raise ModelError(f"{model.where(name)}: a {model.kind} has no course of time such as '{name}'.")
        for key in model.schema.strings:
            for offset, line in enumerate(str(model[key]).splitlines()):
                if re.search(rf"\b{name}\s*\(\s*t\s*\)", without_comments(line)):
                    raise ModelError(
                        f"{model.where(key, offset)}: t counts on from one stimulus epoch to the next: write "
                        f"{name}(t_in_epoch), the time since the epoch began."
                    )


def _text(model, key, what, value):
    """The string of a key; a number where an expression may be one."""
    if isinstance(value, str):
        return value
    if is_number(value) and (key == "refractory" or what == "expression"):
        return code_of(value)
    raise ModelError(f"{model.where(key)}: '{key}' must be a string, not {type(value).__name__}.")


def _check_values(model, key, values):
    if not isinstance(values, dict):
        raise ModelError(f"{model.where(key)}: '{key}' must be a dictionary.")
    for name, value in values.items():
        if not isinstance(name, str) or not (isinstance(value, (str, bool)) or is_number(value)):
            raise ModelError(f"{model.where_entry(key, name)}: '{key}' has {value!r} for {name!r}, not a number.")


def _parameters(model, parameters):
    """The dictionary of parameters, checked."""
    if not isinstance(parameters, dict):
        raise ModelError(f"{model.where('parameters')}: 'parameters' must be a dictionary of numbers with units.")
    found = {}
    for name, value in parameters.items():
        where = model.where_entry("parameters", name)
        try:
            Equations.check_identifier(str(name))
        except (SyntaxError, ValueError) as error:
            raise ModelError(f"{where}: '{name}' cannot be the name of a parameter: {error}") from None
        found[name] = parameter_value(name, value, where)
    return found


def _functions(model, namespace):
    """The functions that a file gives its strings (`brianff.equations.functions`)."""
    definitions = namespace.get("functions", {})
    if not isinstance(definitions, dict):
        raise ModelError(f"{model.where('functions')}: 'functions' must be a dictionary, as in {{\"relu(x)\": ...}}.")
    reserved = {*DEFAULT_FUNCTIONS, *FUNCTIONS, *UNITS}
    return read_functions(definitions, reserved, lambda key: model.where_entry("functions", key))


def _expanded(model, key, text, functions):
    """A string with its file's own functions in the place of their calls, line by line."""
    if not functions:
        return text
    return "\n".join(expand(line, functions, model.where(key, k)) for k, line in enumerate(text.split("\n")))


def _limits(model, text, source, extent):
    """Limits that a file states, or those of its base on the parameters that it has kept."""
    if text is None:
        of_base = model.base.limits if model.base else ()
        return tuple(limit for limit in of_base if set(limit.names) <= set(model.parameters))
    if not isinstance(text, str):
        raise ModelError(f"{model.where('limits')}: 'limits' must be a string, not {type(text).__name__}.")
    model.lines["limits"] = _line_numbers(text, source.split("\n"), *extent["limits"])
    return limits_of(text, lambda offset: model.where("limits", offset), model.parameters)


def _base(kind, path, name, line, above):
    """The model that a file builds upon: a name, or a file beside it."""
    if not isinstance(name, str):
        raise ModelError(f"{path}:{line}: 'base' must be the name of a {kind} or a file, not {name!r}.")
    try:
        found = _path_of(kind, str(path.parent / name) if name.endswith(".py") else name)
    except ModelError as error:
        raise ModelError(f"{path}:{line}: base: {error}") from None
    above = (*above, path.resolve())
    if found.resolve() in above:
        raise ModelError(f"{path}:{line}: the base '{name}' builds upon this file.")
    return _read(kind, found, above)
