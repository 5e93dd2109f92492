"""Load, compose and check the equation strings under `models/`.

A model file holds a docstring, strings, numbers and `parameters` with units; nothing else.  What a file of each kind
may define (* = must), and the part of the network that each string belongs to:

=========  ======================  =========  =====================================================================
kind       name                    part       meaning
=========  ======================  =========  =====================================================================
neuron     equations*              neurons    Brian2 equations of a hidden neuron
neuron     threshold*, reset*      neurons    condition for a spike; statements at a spike
neuron     refractory              neurons    refractory period or condition
neuron     method                  neurons    integration method (default exponential_euler; where an equation is not
                                              linear in its own variable, or has noise: euler; heun for noise that is
                                              multiplied)
neuron     on_pre                  synapses   what a presynaptic spike does (default ``I_syn_post += w``)
neuron     surrogate               neurons    pseudo-derivative of the spike, for rules that ask for one
neuron     excess                  neurons    how far the membrane is above threshold, -1: at rest; for losses that ask
neuron     initial                 neurons    dictionary of values at the start of a stimulus epoch (default 0)
neuron     on_step                 neurons    statements in every time step, after the membrane's update
neuron     lateral                 lateral    statements for every neuron `_post` of a layer when one, `_pre`, spikes
neuron     presynaptic             both       variables of every neuron that projects, input channels too, for `on_pre`:
                                              ``NAME_pre`` (short-term plasticity)
neuron     presynaptic_on_spike    both       their statements at an own spike, after `on_pre` has read them
neuron     response                both       must define `response`: what all spikes of a presynaptic neuron add to the
                                              membrane potential through a weight of 1; for rules that ask for it
neuron     response_on_spike       both       its statements at a spike of the presynaptic neuron
encoder    equations               input      variables of an input channel
encoder    at_epoch_start*         input      statements that turn `intensity` (0..1) into spike times
encoder    threshold*, reset       input      as above
goodness   neuron*, on_spike*      both       must define `x`, the trace of every neuron; its jump at an own spike
goodness   hidden                  neurons    further variables of hidden neurons
goodness   lateral                 lateral    as the neuron's
goodness   layer*                  layer      must define `g`, the goodness, and `gain`, the normalisation
goodness   layer_on_spike*         layer      jump of the layer's variables when neuron `_pre` spikes (before on_spike)
goodness   derivative*             neurons    of the goodness by `x`, up to a factor that the layer has in common
goodness   goodness_jump           neurons    of the goodness at an own spike, by the same factor; for rules that ask
goodness   memory                  neurons    what is left of `x` after a time step (default 1); for rules that ask
rule       presynaptic             both       first factor: variables of every neuron that projects
rule       neuron                  neurons    second factor: further variables of a learning neuron
rule       presynaptic_on_spike    both       statements at a spike of a neuron that projects
rule       neuron_on_spike         neurons    statements at a spike of a learning neuron
rule       on_step                 neurons    statements in every time step, after the neuron's own
rule       layer                   layer      third factor: variables of the layer
rule       layer_max               sum        ``NAME = expression`` when a stimulus epoch ends: the largest value of all
                                              neurons `_pre`, if it is larger than what the layer's NAME has
rule       layer_sum               sum        statements when a stimulus epoch ends, for every neuron `_pre`; afterwards
rule       layer_at_epoch_end      layer      statements when a stimulus epoch ends, after those
rule       neuron_at_epoch_end     neurons    the same for each neuron, after the layer's
rule       synapse, at_epoch_end   synapses   `dw`, the weight change for the optimizer; statements that change it
rule       on_pre, on_post         synapses   statements at a spike of the pre- or postsynaptic neuron; they may change
                                              `w` itself instead of dw (then there is no optimizer)
rule       synapse_on_step         synapses   statements in every time step in which the rule learns
rule       learns_when             synapses   condition (default ``phase_layer != 0``)
rule       rows                    synapses   condition of `_pre` variables; rows where it is false are skipped
rule       X_remember              X          X in presynaptic, neuron, layer: last statements before the reset
optimizer  synapse, at_update*     synapses   statements that turn `dw` into a change of `w`, and set `dw` to 0
all        parameters              all        dictionary of quantities; shared variables, changed without recompiling
all        functions                          functions of the file's own: ``{"relu(x)": "clip(x, 0, inf)"}``
all        limits                             conditions on the file's own parameters, one a line: ``0 <= dark < 1``
all        base                               name or file of another model, whose strings and parameters hold where
                                              this file has none of its own ("" leaves a string out)
=========  ======================  =========  =====================================================================

Names at hand, beside Brian2's own (`t`, `dt`, `t_in_timesteps`, `i`, functions, units):

- everywhere: `T_epoch`, the length of a stimulus epoch; in neurons and input: `t_in_epoch`, the time since it began;
- input: `intensity` (0..1), `channel`, `entry` (of the batch), `presentation` (its number), `seed`, `n_pixels`,
  `label_neurons` (of a class),
  ``uniform(seed, presentation, draw, channel)`` and ``exponential(mean, seed, presentation, draw, channel)``: random
  numbers that depend on their arguments only; for spike times: `shown_image` and ``images(shown_image*second, k)``,
  value k of the image, `events` (values of a channel);
- neurons: `channel`, `entry`, `presentation`, `seed`, `uniform` and `exponential` as well; there, `channel` counts on
  from the layer below, so that every neuron of the network has random numbers of its own; `n_classes`, `class_group`
  (of the neuron: its number in the layer modulo n_classes) and `target` (the label of the presentation, shown or not);
- neurons and input: variables of the own layer as ``NAME_layer``; neurons: of the layer below as ``NAME_below``;
- both: what input channels and hidden neurons have in common;
- layer: `phase` (+1 positive, -1 negative, 0 no learning), `n_neurons`, `learning_rate` (0: no update after this
  stimulus epoch), `samples_per_update`, `n_spikes` (since the run began);
- synapses: `w`, ``NAME_pre`` (of a neuron that projects, that is of both), ``NAME_post`` and ``NAME_layer`` (the
  postsynaptic layer); in `at_update` only shared ones of these, such as `learning_rate_layer`;
- rules: `derivative`, `goodness_jump`, `memory` and `surrogate` in strings of neurons, ``derivative_post`` ... and
  ``response_pre`` in those of synapses; ``(per_entry)`` behind a variable of `synapse`: a value of its own for each
  entry of the batch.

Numbers with a name of their own (``area = 20000*umetre**2``) serve to compute others, and count as parameters where a
string uses them; a one-dimensional `TimedArray` of a neuron or an encoder is called with a time, as in
``drive(t_in_epoch)``.  A name belongs to its file, whatever other files call theirs: see `brianff.equations.names`.

At the start of every stimulus epoch all variables with a differential equation go back to 0 (or to `initial`).
"""

import ast
import functools
import gc
import re
from copy import copy
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from brian2 import Quantity, defaultclock, ms, prefs, second
from brian2.core.functions import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS, Function
from brian2.core.variables import Constant, Variable
from brian2.devices.device import get_device, reset_device, runtime_device, set_device
from brian2.equations.equations import (
    DIFFERENTIAL_EQUATION,
    PARAMETER,
    SUBEXPRESSION,
    Equations,
)
from brian2.equations.unitcheck import check_units_statements
from brian2.parsing.bast import brian_ast
from brian2.parsing.expressions import (
    is_boolean_expression,
    parse_expression_dimensions,
)
from brian2.parsing.statements import parse_statement
from brian2.stateupdaters.base import StateUpdateMethod
from brian2.units.allunits import all_units
from brian2.units.fundamentalunits import (
    DIMENSIONLESS,
    DimensionMismatchError,
    get_dimensions,
    get_or_create_dimension,
)
from brian2.utils.logger import catch_logs
from brian2.utils.stringtools import get_identifiers

import brianff.models
from brianff.equations.advice import advice, function_advice
from brianff.equations.functions import FunctionError, expand, read_functions
from brianff.equations.integration import default_method
from brianff.equations.limits import limits_of, require_size
from brianff.equations.names import Isolated, isolate, ships
from brianff.equations.reading import Assignments, read_constants, read_courses
from brianff.equations.text import (
    base_name,
    closest,
    equation_lines,
    foreign_name,
    names_in,
    statement_lines,
    targets,
    tidy,
    without_comments,
)
from brianff.errors import ModelError
from brianff.noise import FUNCTIONS
from brianff.one_thread import in_turn
from brianff.values import UNITS, is_number

__all__ = [
    "Composition",
    "GroupStrings",
    "Model",
    "ModelError",
    "SynapseStrings",
    "available",
    "check",
    "check_model",
    "check_own_files",
    "compose",
    "load",
]

FOLDERS = {
    "neuron": "neurons",
    "encoder": "encoders",
    "goodness": "goodness",
    "rule": "rules",
    "optimizer": "optimizers",
}
# Kinds of learning from output errors (brianff.network.feedback), beside neuron, encoder and optimizer.
FEEDBACK_FOLDERS = {
    "eligibility": "eligibilities",
    "feedback": "feedbacks",
    "loss": "losses",
}
_FOLDERS = FOLDERS | FEEDBACK_FOLDERS
DEFAULTS = {
    "neuron": "lif",
    "encoder": "time_to_first_spike",
    "goodness": "sum_of_squares",
    "rule": "symba",
    "optimizer": "adam",
}

# kind -> name -> (what the string is, part of the network, required); "both": hidden neurons and input channels;
# "layers": hidden and input layer; "goodness": from the neurons of a layer to the layer; "sum": the same, hidden ones
# only; "lateral": from the neurons of a layer to each other; "update": synapses without their neurons
SCHEMA = {
    "neuron": {
        "equations": ("equations", "neurons", True),
        "threshold": ("condition", "neurons", True),
        "reset": ("statements", "neurons", True),
        "refractory": ("word", "neurons", False),
        "method": ("word", "neurons", False),
        "on_pre": ("statements", "synapses", False),
        "surrogate": ("expression", "neurons", False),
        "excess": ("expression", "neurons", False),
        "initial": ("values", "neurons", False),
        "on_step": ("statements", "neurons", False),
        "lateral": ("statements", "lateral", False),
        "presynaptic": ("equations", "both", False),
        "presynaptic_on_spike": ("statements", "both", False),
        "response": ("equations", "both", False),
        "response_on_spike": ("statements", "both", False),
    },
    "encoder": {
        "equations": ("equations", "input", False),
        "at_epoch_start": ("statements", "input", True),
        "threshold": ("condition", "input", True),
        "reset": ("statements", "input", False),
    },
    "goodness": {
        "neuron": ("equations", "both", True),
        "on_spike": ("statements", "both", True),
        "hidden": ("equations", "neurons", False),
        "lateral": ("statements", "lateral", False),
        "layer": ("equations", "layers", True),
        "layer_on_spike": ("statements", "goodness", True),
        "derivative": ("expression", "neurons", True),
        "goodness_jump": ("expression", "neurons", False),
        "memory": ("expression", "neurons", False),
    },
    "rule": {
        "presynaptic": ("equations", "both", False),
        "neuron": ("equations", "neurons", False),
        "presynaptic_on_spike": ("statements", "both", False),
        "neuron_on_spike": ("statements", "neurons", False),
        "on_step": ("statements", "neurons", False),
        "layer": ("equations", "layer", False),
        "layer_max": ("maxima", "sum", False),
        "layer_sum": ("statements", "sum", False),
        "layer_at_epoch_end": ("statements", "layer", False),
        "neuron_at_epoch_end": ("statements", "neurons", False),
        "synapse": ("equations", "synapses", False),
        "on_pre": ("statements", "synapses", False),
        "on_post": ("statements", "synapses", False),
        "synapse_on_step": ("statements", "synapses", False),
        "at_epoch_end": ("statements", "synapses", False),
        "learns_when": ("condition", "synapses", False),
        "rows": ("condition", "synapses", False),
        "presynaptic_remember": ("statements", "both", False),
        "neuron_remember": ("statements", "neurons", False),
        "layer_remember": ("statements", "layer", False),
    },
    "optimizer": {
        "synapse": ("equations", "synapses", False),
        "at_update": ("statements", "update", True),
    },
    "eligibility": {
        "presynaptic": ("equations", "both", False),
        "presynaptic_on_spike": ("statements", "both", False),
        "neuron": ("equations", "neurons", False),
        "on_step": ("statements", "neurons", False),
        "on_threshold": ("statements", "neurons", False),
        "synapse": ("equations", "synapses", True),
        "on_post": ("statements", "synapses", False),
        "synapse_on_step": ("statements", "synapses", False),
        "rows": ("condition", "synapses", False),
        "at_epoch_end": ("statements", "synapses", True),
        "columns": ("condition", "synapses", False),
    },
    "feedback": {
        "neuron": ("equations", "neurons", False),
        "perturbation": ("expression", "neurons", False),
        "remember": ("statements", "neurons", False),
        "at_epoch_start": ("statements", "neurons", False),
        "hidden_at_epoch_start": ("statements", "neurons", False),
        "on_threshold": ("statements", "neurons", False),
        "on_spike": ("statements", "neurons", False),
        "on_pre": ("statements", "upper", False),
        "backward": ("statements", "upper", False),
        "synapse": ("equations", "feedback", False),
        "at_epoch_end": ("statements", "feedback", False),
        "at_update": ("statements", "feedback", False),
    },
    "loss": {
        "neuron": ("equations", "neurons", True),
        "hidden": ("equations", "neurons", False),
        "on_spike": ("statements", "neurons", True),
        "at_epoch_start": ("statements", "neurons", False),
        "output_at_epoch_end": ("statements", "output", True),
        "output_score": ("expression", "output", True),
        "hidden_at_epoch_end": ("statements", "neurons", True),
    },
}
ALLOWED_FLAGS = {
    DIFFERENTIAL_EQUATION: {"unless refractory"},
    PARAMETER: {"constant", "shared"},
    SUBEXPRESSION: {"shared", "constant over dt"},
}
# kind -> (string, variable, what for)
MUST_DEFINE = {
    "goodness": (
        ("neuron", "x", "the trace that is recorded and that the readout uses"),
        ("layer", "g", "the goodness that rules and predictions use"),
        ("layer", "gain", "the factor with which the next layer normalises its input"),
    ),
    "eligibility": (("synapse", "dw", "the accumulated weight change"),),
    "loss": (
        ("neuron", "n_spikes", "the spike count that predictions use"),
        ("neuron", "delta", "the error of a neuron"),
    ),
}
# kind -> (string, variables that its statements set, complaint)
MUST_SET = {
    "optimizer": ("at_update", {"w", "dw"}, "must change w and set dw to 0"),
    "eligibility": ("at_epoch_end", {"dw"}, "must change dw, the accumulated weight change"),
    "loss": ("output_at_epoch_end", {"delta"}, "must set delta, the error of an output neuron"),
}
# Strings that run for some neurons or synapses, or after the state update: no place to set what all share.
AT_SPIKES = {
    *("reset", "on_spike", "on_step", "on_pre", "on_post", "lateral", "response_on_spike", "presynaptic_on_spike"),
    *("neuron_on_spike", "on_threshold", "synapse_on_step"),
}
DEFAULT_ON_PRE = "I_syn_post += w"
# Expressions of the neuron and the goodness that neurons have as variables where a rule asks for them.
WANTED_BY_RULES = ("surrogate", "derivative", "goodness_jump", "memory")


@dataclass
class Model:
    """One model file: its strings, its parameters and where each of them stands."""

    kind: str
    name: str
    path: Path
    strings: dict
    parameters: dict
    docstring: str
    lines: dict  # name -> line number in the file of every line of the string
    base: "Model | None" = None  # the model that this one differs from; strings and parameters are complete
    limits: tuple = ()  # of `brianff.equations.limits.Limit`
    courses: dict = field(default_factory=dict)  # name -> `TimedArray`

    def __getitem__(self, key):
        return self.strings.get(key) or ""

    @property
    def reads_spike_times(self):
        """Whether this is an encoder of spike times, not of intensities."""
        return self.kind == "encoder" and "events" in names_in(*self.strings.values())

    def where_parameter(self, name):
        """File and line of a parameter's value."""
        if self.base and f"parameters.{name}" not in self.lines and name in self.base.parameters:
            return self.base.where_parameter(name)
        return self.where_entry("parameters", name)

    def where_entry(self, key, name):
        """File and line of an entry of a dictionary."""
        return self.where(f"{key}.{name}" if f"{key}.{name}" in self.lines else key)

    def where(self, key, offset=0):
        if self.base and key not in self.lines:
            return self.base.where(key, offset)
        lines = self.lines.get(key, [1])
        return f"{self.path}:{lines[min(offset, len(lines) - 1)]}"


def available(kind):
    """Names of the models of a kind that come with brianff."""
    folder = Path(brianff.models.__path__[0]) / _FOLDERS[kind]
    return sorted(p.stem for p in folder.glob("*.py") if not p.stem.startswith("_"))


def load(kind, name):
    """Load a model by name (``"lif"``) or from a file (``"my_neuron.py"``).

    Raises
    ------
    ModelError
        If there is no such model, or the file holds something else than strings and parameters.
    """
    if kind not in _FOLDERS:
        raise ModelError(f"there is no kind of model '{kind}': it is one of {', '.join(_FOLDERS)}.")
    if isinstance(name, Model):
        if name.kind != kind:
            raise ModelError(f"{name.path}: this is loaded as a {name.kind}, and cannot be the {kind}.")
        return name
    return _read(kind, _path_of(kind, str(name)))


def _path_of(kind, name):
    if name.endswith(".py") or "/" in name:
        path = Path(name)
        if not path.is_file():
            raise ModelError(f"{path}: there is no such file (--{kind} takes a name or a file that ends in .py).")
    else:
        path = Path(brianff.models.__path__[0]) / _FOLDERS[kind] / f"{name}.py"
        if not path.is_file():
            names = available(kind)
            raise ModelError(
                f"there is no {kind} '{name}'.{closest(name, names)} There are: {', '.join(names)}; or give a file "
                "that ends in .py."
            )
    return path


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
    """The model of a file, which is the base of those `above`."""
    source, tree = _source(path)
    schema = SCHEMA[kind]
    known = [*schema, "functions", "parameters", "limits", "base"]
    found = Assignments(path, tree)
    namespace = {"__name__": f"brianff_model_{path.stem}"}
    try:
        exec(compile(tree, str(path), "exec"), namespace)
    except (Exception, SystemExit) as error:
        line = getattr(error.__traceback__.tb_next, "tb_lineno", 1)
        raise ModelError(f"{path}:{line}: {type(error).__name__}: {' '.join(str(error).split())}") from None
    constants = read_constants(found, namespace, kind, known)
    courses = read_courses(found, namespace)
    lines = {key: [first] for key, (first, _) in found.extent.items()}
    lines |= {f"{name}.{key}": [line] for (name, key), line in found.entries.items()}
    lines |= {f"parameters.{name}": lines[name] for name in constants}
    base = _base(kind, path, namespace["base"], lines["base"][0], above) if "base" in lines else None
    model = Model(kind, path.stem, path, {}, {}, ast.get_docstring(tree) or "", lines, base)
    functions = _functions(model, namespace)
    for key, (what, _, required) in schema.items():
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
        if what == "values":
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
    used = names_in(*_texts(model.strings))
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
        for key in SCHEMA[model.kind]:
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
        return _code(value)
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
    for name, value in parameters.items():
        where = model.where_entry("parameters", name)
        try:
            Equations.check_identifier(str(name))
        except (SyntaxError, ValueError) as error:
            raise ModelError(f"{where}: '{name}' cannot be the name of a parameter: {error}") from None
        if not is_number(value):
            raise ModelError(f"{where}: parameter '{name}' must be a number with a unit, and finite, not {value!r}.")
        require_size(name, value, where)
    return dict(parameters)


def _functions(model, namespace):
    """The functions that a file gives its strings (`brianff.equations.functions`)."""
    definitions = namespace.get("functions", {})
    if not isinstance(definitions, dict):
        raise ModelError(f"{model.where('functions')}: 'functions' must be a dictionary, as in {{\"relu(x)\": ...}}.")
    try:
        return read_functions(definitions, {*DEFAULT_FUNCTIONS, *FUNCTIONS, *UNITS})
    except FunctionError as error:
        message, key = error.args
        raise ModelError(f"{model.where_entry('functions', key)}: {message}") from None


def _expanded(model, key, text, functions):
    """A string with its file's own functions in the place of their calls, line by line."""
    out = []
    for offset, line in enumerate(text.split("\n") if functions else ()):
        try:
            out.append(expand(line, functions))
        except FunctionError as error:
            raise ModelError(f"{model.where(key, offset)}: {error}") from None
    return "\n".join(out) if functions else text


def _limits(model, text, source, extent):
    """Limits that a file states, or those of its base on the parameters that it has kept."""
    if text is None:
        of_base = model.base.limits if model.base else ()
        return tuple(limit for limit in of_base if set(limit.names) <= set(model.parameters))
    if not isinstance(text, str):
        raise ModelError(f"{model.where('limits')}: 'limits' must be a string, not {type(text).__name__}.")
    model.lines["limits"] = _line_numbers(text, source.split("\n"), *extent["limits"])
    return limits_of(text, lambda offset: model.where("limits", offset), model.parameters)


def _texts(strings):
    """All strings of a model, and the values in its dictionaries as such."""
    return [text for s in strings.values() for text in (map(str, s.values()) if isinstance(s, dict) else [s])]


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


# -- composition ---------------------------------------------------------------------------------------------------


@dataclass
class GroupStrings:
    """Everything Brian2 gets for one kind of group."""

    equations: str = ""
    threshold: str | None = None
    reset: str = ""
    refractory: str | None = None
    method: str | tuple | None = None
    on_step: str = ""
    on_threshold: str = ""
    at_epoch_end: str = ""
    at_epoch_start: str = ""
    encode: str = ""
    parameters: dict = field(default_factory=dict)
    links: dict = field(default_factory=dict)  # name -> (layer, below: this or that layer, input: channels; variable)


@dataclass
class SynapseStrings:
    """Everything `DenseSynapses` gets between two layers."""

    model: str
    on_pre: str
    at_epoch_end: str
    condition: str
    rows: str | None
    at_update: str
    update_condition: str
    parameters: dict
    on_post: str = ""
    on_step: str = ""
    step_condition: str = ""


@dataclass
class Composition:
    """Equations of a whole network, put together from one model of each kind."""

    models: dict
    input: GroupStrings
    neurons: GroupStrings
    last_neurons: GroupStrings  # the last layer projects to nobody: no first factor
    input_layer: GroupStrings
    layer: GroupStrings
    layer_on_spike: str
    layer_max: str
    layer_sum: str
    lateral: str
    synapses: SynapseStrings
    parameters: dict
    isolated: Isolated = field(default_factory=lambda: Isolated({}, {}))

    @property
    def courses(self):
        """Courses of time of all files: name -> `TimedArray`."""
        return {name: course for model in self.models.values() for name, course in model.courses.items()}

    @property
    def online(self):
        """Whether the rule changes weights at spikes or in every time step, and leaves nothing to an optimizer."""
        return not self.synapses.at_update

    @property
    def class_groups(self):
        """Whether groups of neurons stand for the classes: labels are targets, and there is no negative phase."""
        goodness = self.models["goodness"]
        return "class_group_post" in names_in(goodness["lateral"])

    def misfit(self):
        """Why these models cannot learn together, as a sentence, or None."""
        goodness, rule = (self.models[kind].name for kind in ("goodness", "rule"))
        has_targets = "target" in Equations(self.neurons.equations).names
        if self.class_groups and not has_targets:
            return f"the goodness {goodness} needs a rule that learns from targets (class_competition), not {rule}"
        encoder = self.models["encoder"].name
        if "w" in targets(self.models["rule"]["on_pre"]) and encoder in ("time_to_first_spike", "burst"):
            return (
                f"the rule {rule} learns where an input spikes after the neuron, and with {encoder} labels and bright "
                "pixels spike before all neurons, and then no more: use another code (regular_rate)"
            )
        if has_targets and not self.class_groups:
            return f"the rule {rule} needs a goodness with class groups (class_groups), not {goodness}"
        return None

    def require_fit(self):
        """Raise the `ModelError` of models that cannot learn together."""
        if reason := self.misfit():
            raise ModelError(f"{reason}.")

    @property
    def network_class(self):
        """What builds the Brian2 objects."""
        from brianff.network.feedforward import FeedForwardNetwork

        return FeedForwardNetwork

    def of_neurons(self, level, n_levels):
        """Strings of the neurons of layer `level` out of 1 ... `n_levels`, or of the input (0)."""
        return self.input if level == 0 else self.last_neurons if level == n_levels else self.neurons

    def parts(self, n_levels):
        """(name, strings) of the groups of a network of `n_levels` layers."""
        parts = [("neurons0", self.input), ("layer0", self.input_layer)]
        for level in range(1, n_levels + 1):
            parts += [(f"neurons{level}", self.of_neurons(level, n_levels)), (f"layer{level}", self.layer)]
            parts += [(f"synapses{level}", self.synapses)]
        return parts

    def parameter_inputs(self, n_levels):
        """Every parameter, in every group that has it, as inputs of a simulator."""
        parts = self.parts(n_levels)
        inputs = {f"{name}.{k}": float(np.asarray(v)) for name, strings in parts for k, v in strings.parameters.items()}
        return inputs | {name: np.asarray(course.values) for name, course in self.courses.items()}

    def state_variables(self):
        """Names of the synaptic arrays that a checkpoint has to hold, shared ones included."""
        return [
            eq.varname
            for eq in Equations(self.synapses.model).values()
            if eq.type == PARAMETER
            and eq.varname not in {"plastic", "T_epoch", *self.synapses.parameters}
            and "per_entry" not in eq.flags  # of a presentation: 0 when it begins
        ]

    def __str__(self):
        out = []

        def section(title, text):
            text = tidy(text)
            if text:
                out.append(f"{title}\n" + "\n".join("    " + line for line in text.splitlines()))

        out.append("# " + ", ".join(f"{kind} {m.name}" for kind, m in self.models.items()))
        for title, group in (
            ("input neurons", self.input),
            ("neurons", self.neurons),
            ("input layer", self.input_layer),
            ("layer", self.layer),
        ):
            section(f"[{title}] equations", group.equations)
            section(f"[{title}] threshold", group.threshold or "")
            section(f"[{title}] reset", group.reset)
            section(f"[{title}] refractory", group.refractory or "")
            if group is self.neurons:  # the others have none of their own
                section(f"[{title}] integration method", group.method)
            section(f"[{title}] every time step", group.on_step)
            section(f"[{title}] at the end of a stimulus epoch", group.at_epoch_end)
            section(f"[{title}] at the start of a stimulus epoch", group.at_epoch_start + "\n" + group.encode)
        missing = set(Equations(self.neurons.equations).names) - set(Equations(self.last_neurons.equations).names)
        section("[neurons] not in the last layer, which projects to nobody", ", ".join(sorted(missing)))
        section("[layer] when a neuron of the layer spikes (before its reset)", self.layer_on_spike)
        section("[layer] at the end of a stimulus epoch, the largest value of all neurons", self.layer_max)
        section("[layer] at the end of a stimulus epoch, for every neuron", self.layer_sum)
        section("[neurons] when a neuron of the same layer spikes", self.lateral)
        s = self.synapses
        section("[synapses] model", s.model)
        section("[synapses] on_pre", s.on_pre)
        section("[synapses] on_post", s.on_post)
        section(f"[synapses] every time step, if {s.step_condition}", s.on_step)
        section(f"[synapses] at the end of a stimulus epoch, if {s.condition}", s.at_epoch_end)
        section("[synapses] rows that the end of a stimulus epoch changes", s.rows or "")
        section(f"[synapses] optimizer, if {s.update_condition}", s.at_update)
        lengths = [f"{k}: {len(v.values)} values, every {v.dt * second}" for k, v in self.courses.items()]
        section("[courses of time]", "\n".join(lengths))
        out.append("[parameters]\n" + "\n".join(f"    {k} = {v}" for k, v in self.parameters.items()))
        return "\n\n".join(out)


_DIMENSIONS = {unit.name: unit.dim for unit in all_units}
_BASE = ("meter", "kilogram", "second", "amp", "kelvin", "mole", "candle")


def _unit_string(value):
    """Unit of a quantity as Brian2's equations spell it."""
    dim = get_dimensions(value)
    if dim is DIMENSIONLESS:
        return "1"
    for name in ("second", "hertz", "volt", "amp", "siemens", "farad", "ohm", "coulomb"):
        if dim is _DIMENSIONS[name]:
            return name
    return "*".join(f"{name}**{exponent:g}" for name, exponent in zip(_BASE, dim._dims, strict=True) if exponent)


_T_EPOCH = "T_epoch : second (shared, constant)"


def _declare(names, parameters):
    """Parameters as shared variables: run_args can change them without a new compilation."""
    return "\n".join(
        f"{name} : {_unit_string(parameters[name])} (shared, constant)" for name in parameters if name in names
    )


def _initial(equations, initial):
    """Statements that put every variable with a differential equation, or an initial value, back to that value."""
    statements = []
    for eq in Equations(equations).values():
        if (eq.type == DIFFERENTIAL_EQUATION or eq.varname in initial) and "shared" not in eq.flags:
            zero = "0" if eq.dim is DIMENSIONLESS else f"0*{_unit_string(Quantity(1, dim=eq.dim))}"
            statements.append(f"{eq.varname} = {_code(initial.get(eq.varname, zero))}")
    return "\n".join(statements)


def _initial_of_shared(equations, initial):
    """The same for variables that all neurons share, which Brian2 sets before all others."""
    shared = [eq.varname for eq in Equations(equations).values() if eq.varname in initial and "shared" in eq.flags]
    return "".join(f"{name} = {_code(initial[name])}\n" for name in shared)


def _code(value):
    """A number or quantity as Brian2's expressions spell it; a string is one already."""
    if isinstance(value, (str, int)):
        return str(value)
    number = repr(float(value))
    return number if get_dimensions(value) is DIMENSIONLESS else f"{number}*{_unit_string(value)}"


def _used_names(group):
    return names_in(
        group.equations,
        group.threshold,
        group.reset,
        group.refractory,
        group.on_step,
        group.on_threshold,
        group.at_epoch_end,
        group.at_epoch_start,
        group.encode,
    )


def _finish_group(group, layer_variables, below_variables, parameters, also=frozenset()):
    """Declare links to layers and the parameters that the strings of a group use, and those named in `also`."""
    used = _used_names(group) | also
    extra = []
    for which, variables in (("layer", layer_variables), ("below", below_variables)):
        for name, unit in variables.items():
            linked = f"{name}_{which}"
            if linked in used:
                extra.append(f"{linked} : {unit} (linked)")
                group.links[linked] = (which, name)
    group.parameters = {k: v for k, v in parameters.items() if k in used}
    extra.append(_declare(group.parameters, parameters))
    if "T_epoch" in used:
        extra.append(_T_EPOCH)
    group.equations = tidy(group.equations + "\n" + "\n".join(extra))
    return group


LAYER_VARIABLES = """
phase : 1 (shared)                           # +1 positive, -1 negative, 0 no learning
learning_rate : 1 (shared)                   # of the update after this stimulus epoch; 0: no update
samples_per_update : 1 (shared)
n_neurons : 1 (shared, constant)
"""
SPIKE_COUNT = "n_spikes : integer                           # of the layer, since the run began\n"
INPUT_VARIABLES = """
intensity : 1                                # of the pixel or label that the channel stands for
presentation : integer                       # number of the presentation, for random numbers
seed : integer (shared)
channel : integer (constant)                 # pixels first, then label neurons class by class
entry : integer (constant)                   # of the batch
"""
# For encoders that read more of an image than one intensity.
SHOWN_IMAGE = "shown_image : integer                        # row of the image array, -1: none\n"
# Those of them that hidden neurons may use, with what sets them at the start of a stimulus epoch.
NEURON_VARIABLES = {
    "entry": ("entry : integer (constant)", ""),
    "channel": ("channel : integer (constant)", ""),
    "presentation": ("presentation : integer", "presentation = presentation_index(epoch_index*second, entry)"),
    "seed": ("seed : integer (linked)", ""),
    "n_classes": ("n_classes : 1 (shared, constant)", ""),
    "class_group": ("class_group : integer (constant)", ""),
    "target": ("target : integer", "target = label(epoch_index*second, entry)"),
    "t_in_epoch": (
        "first_step_of_epoch : integer\nt_in_epoch = (t_in_timesteps - first_step_of_epoch)*dt : second",
        "first_step_of_epoch = t_in_timesteps",
    ),
}
# n_pixels and label_neurons belong to the architecture and are constants of the namespace.
SHOW_STIMULUS = """
is_pixel = int(channel < n_pixels)
is_label = 1 - is_pixel
shown_image = image_index(epoch_index*second, entry)
shown_label = label(epoch_index*second, entry)
label_channel = is_label*(channel - n_pixels)
in_class = int(label_channel // label_neurons == shown_label)
neutral = int(shown_label == -1)*int(label_channel % label_neurons == 0)
pixel = images(shown_image*second, is_pixel*channel*events)
intensity = int(shown_image >= 0)*(is_pixel*pixel + is_label*(in_class + neutral))
presentation = presentation_index(epoch_index*second, entry)
"""


def _input_equations(encoder, *more):
    used = names_in(*encoder.strings.values(), *more)
    shown_image = SHOWN_IMAGE if "shown_image" in used else ""
    time = [NEURON_VARIABLES["t_in_epoch"][0]] if "t_in_epoch" in used else []
    return "\n".join([INPUT_VARIABLES + shown_image, encoder["equations"], *more, *time])


def start_of_input(input_text):
    """What sets the time since the stimulus epoch began, where input channels use it."""
    return NEURON_VARIABLES["t_in_epoch"][1] + "\n" if "t_in_epoch" in names_in(input_text) else ""


def _keep_signs(at_update):
    """Dale's principle: a weight that would change its sign stays at a trace of the old one, which remembers it."""
    statements = [text for _, text in statement_lines(at_update)]
    first = next(k for k, text in enumerate(statements) if "w" in targets(text))  # shared variables come before it
    statements.insert(first, "sign_of_w = 2*int(w > 0) - 1")
    return "\n".join([*statements, "w = sign_of_w*clip(sign_of_w*w, 1e-9, inf)"])


def compose(neuron=None, encoder=None, goodness=None, rule=None, optimizer=None, parameters=None, dale=False):
    """Put one model of each kind together.

    Parameters
    ----------
    neuron, encoder, goodness, rule, optimizer : str, path or `Model`, optional
        A name, a file or a loaded model; the defaults are in `DEFAULTS`.
    parameters : dict, optional
        Values that replace those of the files.
    dale : bool
        Let the optimizer keep the sign of every weight (Dale's principle, where all weights of a neuron have the same).

    Returns
    -------
    composition : `Composition`

    Raises
    ------
    ModelError
        If an equation cannot be read, two files disagree on a name, a model lacks what the others need, or a value has
        the wrong unit or belongs to no model.
    """
    chosen = {"neuron": neuron, "encoder": encoder, "goodness": goodness, "rule": rule, "optimizer": optimizer}
    models = {kind: load(kind, value or DEFAULTS[kind]) for kind, value in chosen.items()}
    isolated = check_and_isolate(models, parameters or {})
    models, values = isolated.models, isolated.values
    n, c, g, r, o = (models[kind] for kind in chosen)

    wanted = _wanted_by_rule(r, n, g)
    layer_text = LAYER_VARIABLES + SPIKE_COUNT + g["layer"] + "\n" + r["layer"]
    layer_variables = {eq.varname: _unit_of(eq) for eq in Equations(layer_text).values()}

    initial = n.strings.get("initial", {})

    presynaptic = _joined(n["presynaptic"], r["presynaptic"])
    presynaptic_on_spike = _joined(n["presynaptic_on_spike"], r["presynaptic_on_spike"])
    if "response_pre" in names_in(*_of_synapses(r)):
        presynaptic, presynaptic_on_spike = (
            f"{presynaptic}\n{n['response']}",
            f"{presynaptic_on_spike}\n{n['response_on_spike']}",
        )

    lateral = tidy(n["lateral"] + "\n" + g["lateral"])

    def neuron_strings(presynaptic, presynaptic_on_spike, presynaptic_remember):
        text = "\n".join([n["equations"], g["neuron"], g["hidden"], presynaptic, r["neuron"]])
        text += "".join(f"\n{name} = {expression} : 1" for name, expression in wanted.items())
        strings = GroupStrings(
            equations=text,
            threshold=n["threshold"],
            reset="\n".join([n["reset"], g["on_spike"], presynaptic_on_spike, r["neuron_on_spike"]]),
            refractory=n["refractory"] or None,
            method=n["method"] or default_method(n["equations"])[0],
            on_step="\n".join([n["on_step"], r["on_step"]]),
            at_epoch_end=r["neuron_at_epoch_end"],
            at_epoch_start="\n".join([presynaptic_remember, r["neuron_remember"], _initial(text, initial)]),
        )
        _add_neuron_variables(strings, names_in(lateral, r["layer_max"], r["layer_sum"], *_of_synapses(r)))
        strings.at_epoch_start = _initial_of_shared(text, initial) + strings.at_epoch_start
        return strings

    neurons = neuron_strings(presynaptic, presynaptic_on_spike, r["presynaptic_remember"])
    last_neurons = neuron_strings("", "", "")
    of_post = {name.removesuffix("_post") for name in names_in(*_of_synapses(r)) if name.endswith("_post")}
    if (_used_names(last_neurons) | of_post) & set(Equations(presynaptic).names):
        last_neurons = replace(neurons, links=dict(neurons.links))  # a rule may read its first factor elsewhere
    input_text = _input_equations(c, g["neuron"], presynaptic)
    inputs = GroupStrings(
        equations=input_text,
        threshold=c["threshold"],
        reset="\n".join([c["reset"], g["on_spike"], presynaptic_on_spike]),
        method="exponential_euler",
        at_epoch_start=start_of_input(input_text)
        + "\n".join([r["presynaptic_remember"], _initial(input_text, initial_of_presynaptic(n))]),
        encode=SHOW_STIMULUS + c["at_epoch_start"],
    )
    layers = []
    for text, at_end, remember in (
        (LAYER_VARIABLES + SPIKE_COUNT + g["layer"], "", ""),  # the input layer does not learn
        (layer_text, r["layer_at_epoch_end"], r["layer_remember"]),
    ):
        layers.append(
            GroupStrings(
                equations=text,
                method="exponential_euler",
                at_epoch_end=at_end,
                at_epoch_start="\n".join([remember, _initial(text, {})]),
            )
        )
    base_layer = {eq.varname: _unit_of(eq) for eq in Equations(LAYER_VARIABLES + SPIKE_COUNT + g["layer"]).values()}
    optimizer, at_update = (o["synapse"], o["at_update"]) if "dw" in Equations(r["synapse"]).names else ("", "")
    if dale:
        if not at_update:
            raise ModelError(
                f"{r.path}: this rule changes weights itself, without an optimizer that could keep their signs: Dale's "
                "principle needs another rule."
            )
        at_update = _keep_signs(at_update)
    synapse_text = "\n".join(["w : 1\nplastic : boolean (shared)", r["synapse"], optimizer])
    on_pre = "\n".join([n["on_pre"] or DEFAULT_ON_PRE, r["on_pre"]])
    learns_when = r["learns_when"] or "phase_layer != 0"
    used = names_in(synapse_text, on_pre, *_of_synapses(r), at_update, learns_when, r["rows"])
    # No name may exist in neurons and synapses, and synapses see every name of the neurons that they reach: what
    # other groups use as well is declared in the neurons.
    of_groups = set().union(*map(_used_names, (inputs, neurons, last_neurons, *layers)))
    common = used & (set(values) | {"T_epoch"}) & of_groups
    common |= names_in(lateral) & set(values)  # has no declarations of its own
    synapse_parameters = {k: v for k, v in values.items() if k in used - common}
    synapses = SynapseStrings(
        model=tidy(
            synapse_text
            + "\n"
            + _declare(synapse_parameters, values)
            + (f"\n{_T_EPOCH}" if "T_epoch" in used - common else "")
        ),
        on_pre=tidy(on_pre),
        on_post=tidy(r["on_post"]),
        on_step=tidy(r["synapse_on_step"]),
        step_condition=f"plastic and ({learns_when})",
        at_epoch_end=tidy(r["at_epoch_end"]),
        condition=f"plastic and t > 0*second and ({learns_when})",
        rows=r["rows"] or None,
        at_update=tidy(at_update),
        update_condition="plastic and t > 0*second and learning_rate_layer > 0",
        parameters=synapse_parameters,
    )
    of_layer = names_in(g["layer_on_spike"], r["layer_max"], r["layer_sum"])  # have none either
    return Composition(
        models=models,
        input=_finish_group(inputs, base_layer, {}, values),
        neurons=_finish_group(neurons, layer_variables, base_layer, values, also=common),
        last_neurons=_finish_group(last_neurons, layer_variables, base_layer, values, also=common),
        input_layer=_finish_group(layers[0], {}, {}, values, also=names_in(g["layer_on_spike"])),
        layer=_finish_group(layers[1], {}, {}, values, also=of_layer),
        layer_on_spike=tidy("n_spikes += 1\n" + g["layer_on_spike"]),
        layer_max=tidy(without_comments(r["layer_max"])),
        layer_sum=tidy(r["layer_sum"]),
        lateral=lateral,
        synapses=synapses,
        parameters=values,
        isolated=isolated,
    )


def _joined(*texts):
    """Strings of several models, one below the other."""
    return "\n".join(text for text in texts if text)


def initial_of_presynaptic(neuron):
    """Initial values of what input channels have as well."""
    names = Equations(neuron["presynaptic"]).names
    return {name: value for name, value in neuron.strings.get("initial", {}).items() if name in names}


def _check_syntax(model):
    """Refuse expressions that cannot be read, before they become parts of equations."""
    for key, (what, _, _) in SCHEMA[model.kind].items():
        code = model[key]
        if what not in ("expression", "condition") or not code:
            continue
        if instead := advice(code):
            raise ModelError(f"{model.where(key)}: '{code}': {instead}.")
        try:
            ast.parse(code, mode="eval")
        except (SyntaxError, ValueError) as error:
            raise ModelError(
                f"{model.where(key)}: wrong unit or syntax: {getattr(error, 'msg', error)}: {code}"
            ) from None


def check_and_isolate(models, overrides):
    """Models whose names do not meet (`brianff.equations.names`), after a look at what each of them defines."""
    for model in models.values():
        _check_syntax(model)
        _check_required_names(model, _definitions(model))
    return isolate(models, SCHEMA, overrides)


def _of_synapses(rule):
    """The strings of a rule that stand in its synapses."""
    return [rule[key] for key in ("on_pre", "on_post", "synapse_on_step", "at_epoch_end")]


def _wanted_by_rule(r, n, g):
    """Expressions of the neuron and the goodness that the rule asks for, by name.

    Raises
    ------
    ModelError
        If the neuron does not define what the rule asks for.
    """
    of_neurons = names_in(*(r[key] for key in ("neuron", "neuron_on_spike", "on_step", "neuron_at_epoch_end")))
    used = of_neurons | names_in(r["neuron_remember"])
    of_synapses = names_in(*_of_synapses(r))
    for name, meaning in (
        ("surrogate", "pseudo-derivative of the spike"),
        ("response", "what a presynaptic neuron adds to the membrane potential through a weight of 1"),
        ("goodness_jump", "of the goodness when a neuron spikes"),
    ):
        asks = f"{name}_pre" in of_synapses if name == "response" else name in used or f"{name}_post" in of_synapses
        model = g if name == "goodness_jump" else n
        if asks and not model[name]:
            raise ModelError(
                f"{model.path}: the rule '{r.name}' needs a '{name}' ({meaning}) and the {model.kind} '{model.name}' "
                "defines none."
            )
    expressions = {
        "surrogate": n["surrogate"],
        "derivative": g["derivative"],
        "goodness_jump": g["goodness_jump"],
        "memory": g["memory"] or "1",
    }
    return {k: v for k, v in expressions.items() if k in used or f"{k}_post" in of_synapses}


def _add_neuron_variables(neurons, used_elsewhere):
    """Declare what the strings of hidden neurons, and of the synapses that reach them, use of `NEURON_VARIABLES`."""
    elsewhere = {name.removesuffix("_pre").removesuffix("_post") for name in used_elsewhere}
    used = _used_names(neurons) | elsewhere
    if used & {"presentation", "target"}:
        used |= {"entry"}
    for name, (declaration, at_start) in NEURON_VARIABLES.items():
        if name not in used:
            continue
        neurons.equations += f"\n{declaration}"
        neurons.at_epoch_start = f"{at_start}\n{neurons.at_epoch_start}"
    if "seed" in used:
        neurons.links["seed"] = ("input", "seed")


def _unit_of(eq):
    if eq.var_type == "integer" or eq.var_type == "boolean":
        return eq.var_type
    return _unit_string(Quantity(1, dim=eq.dim))


# -- what each file defines ----------------------------------------------------------------------------------------


def _definitions(model):
    """Variables that each string of a model defines, with their place: string -> name -> ``"file:line"``.

    Syntax and flags are checked on the way, line by line.
    """
    found = {}
    for key, (what, part, _) in SCHEMA[model.kind].items():
        if what != "equations":
            continue
        found[key] = {}
        for offset, line in equation_lines(model[key]):
            where = model.where(key, offset)
            if complaint := foreign_name(line):
                raise ModelError(f"{where}: {complaint} (in: {line})")
            if ":" not in line:
                raise ModelError(f"{where}: an equation ends with its unit, ': 1' or ': volt' (in: {line})")
            if instead := advice(line.partition(":")[0].partition("=")[2]):
                raise ModelError(f"{where}: {instead} (in: {line})")
            try:
                equations = Equations(line)
            except Exception as error:
                raise ModelError(f"{where}: {_first_sentence(error)} (in: {line})") from None
            for eq in equations.values():
                if complaint := _noise_complaint(eq, model.kind):
                    raise ModelError(f"{where}: {complaint} (in: {line})")
                allowed = ALLOWED_FLAGS[eq.type]
                if part in ("synapses", "feedback"):
                    own = model.kind != "optimizer" and eq.type == PARAMETER
                    allowed = allowed & {"shared", "constant"} | ({"post_major", "per_entry"} if own else set())
                    if eq.type == DIFFERENTIAL_EQUATION:
                        raise ModelError(
                            f"{where}: '{eq.varname}' cannot have a differential equation: synapses change at spikes "
                            "and at the end of a stimulus epoch only. Put the trace on the neurons."
                        )
                for flag in eq.flags:
                    if flag not in allowed:
                        raise ModelError(
                            f"{where}: '{eq.varname}' cannot have the flag '{flag}' here.{closest(flag, allowed)} "
                            f"Allowed for such a line: {', '.join(sorted(allowed))}."
                        )
                if eq.varname in found[key]:
                    raise ModelError(f"{where}: '{eq.varname}' is defined twice.")
                if eq.varname in model.parameters:
                    raise ModelError(f"{where}: '{eq.varname}' is both a variable and one of the parameters.")
                found[key][eq.varname] = where
    return found


def _noise_complaint(eq, kind):
    """What is wrong with Brian2's noise, xi, in an equation, or None."""
    noise = [name for name in eq.identifiers if name == "xi" or name.startswith("xi_")]
    if not noise:
        return None
    if eq.type != DIFFERENTIAL_EQUATION or kind != "neuron":
        return f"'{noise[0]}' stands in differential equations of a neuron only"
    try:
        eq.expr.split_stochastic()
    except ValueError:
        return (
            f"'{noise[0]}' is noise, which an equation may add once, with a factor: ... + sigma*sqrt(2/tau)*{noise[0]}"
        )
    return None


def _check_required_names(model, definitions):
    for key, name, reason in MUST_DEFINE.get(model.kind, ()):
        if name not in definitions[key]:
            raise ModelError(f"{model.where(key)}: '{key}' of a {model.kind} must define '{name}': {reason}.")
    if model.kind in MUST_SET:
        key, names, complaint = MUST_SET[model.kind]
        if not names <= targets(model[key]):
            raise ModelError(f"{model.where(key)}: '{key}' {complaint}.")
    if model.kind == "neuron" and model["response"] and "response" not in definitions["response"]:
        raise ModelError(f"{model.where('response')}: 'response' of a neuron must define 'response'.")
    if model.kind == "rule":
        target = "dw" if "dw" in definitions["synapse"] else "w"
        strings = _of_synapses(model)
        if not any(target in targets(text) for text in strings):
            raise ModelError(
                f"{model.where('synapse')}: a rule must define dw in 'synapse' and change it, or change w in 'on_pre', "
                "'on_post' or 'synapse_on_step'."
            )


# -- checking ------------------------------------------------------------------------------------------------------


def _variable(name, dim, var_type="float", scalar=False, read_only=False):
    dtype = {"float": np.float64, "integer": np.int32, "boolean": np.bool_}[var_type]
    return Variable(name, dimensions=dim, dtype=dtype, scalar=scalar, read_only=read_only)


def _variables(text):
    """Brian2 variables that equations define; what a statement cannot set is read-only."""
    return {
        eq.varname: _variable(
            eq.varname,
            eq.dim,
            eq.var_type,
            scalar="shared" in eq.flags,
            read_only=eq.type == SUBEXPRESSION or not {"constant", "linked"}.isdisjoint(eq.flags),
        )
        for eq in Equations(text).values()
    }


def _read_only(names, suffix=""):
    """The same variables for another group, which sees them under names with a suffix and cannot set them."""
    found = {}
    for name, variable in names.items():
        found[name + suffix] = copy(variable)
        found[name + suffix].read_only = True
    return found


@functools.cache
def _brian2_names():
    """Functions, constants and units that every string may use; making two thousand units takes a third of a second."""
    units = {n: Constant(n, dimensions=get_dimensions(unit), value=float(unit)) for n, unit in UNITS.items()}
    return dict(DEFAULT_FUNCTIONS) | dict(DEFAULT_CONSTANTS) | units


def _environment(composition):
    """Names that the strings of each part may use: part -> name -> Brian2 variable, constant or function."""
    common = dict(_brian2_names())
    for name, value in composition.parameters.items():
        common[name] = Constant(name, dimensions=get_dimensions(value), value=float(np.asarray(value)))
    for name, dim in (("t", second.dim), ("dt", second.dim), ("T_epoch", second.dim)):
        common[name] = _variable(name, dim, scalar=True, read_only=True)
    common["t_in_timesteps"] = _variable("t_in_timesteps", DIMENSIONLESS, "integer", scalar=True, read_only=True)
    index = {"i": _variable("i", DIMENSIONLESS, "integer", read_only=True)}

    layer = index | _variables(composition.layer.equations)
    base_layer = index | _variables(composition.input_layer.equations)
    neurons = index | _variables(composition.neurons.equations)
    inputs = index | _variables(composition.input.equations)
    if composition.neurons.refractory:
        neurons["not_refractory"] = _variable("not_refractory", DIMENSIONLESS, "boolean", read_only=True)
        neurons["lastspike"] = _variable("lastspike", second.dim, read_only=True)
    # Synapses cannot follow a link from the neurons to their layer; what projects is hidden or input.
    own = {k: v for k, v in neurons.items() if k not in composition.neurons.links}
    projecting = _read_only({k: v for k, v in own.items() if k in inputs}, "_pre")
    post = {f"{name}_post": variable for name, variable in own.items()}
    names = ("n_pixels", "label_neurons", "events")
    architecture = {name: Constant(name, dimensions=DIMENSIONLESS, value=1) for name in names}
    images = Function(lambda image, k: k, arg_units=[second, 1], return_unit=1, stateless=True)

    synapses = _variables(composition.synapses.model)
    courses = composition.courses
    found = {
        "neurons": common
        | _read_only(layer, "_layer")
        | _read_only(base_layer, "_below")
        | neurons
        | FUNCTIONS
        | courses,
        "input": common
        | _read_only(base_layer, "_layer")
        | inputs
        | architecture
        | FUNCTIONS
        | courses
        | {"images": images},
        "layer": common | layer,
        "layers": common | base_layer,
        "goodness": common | base_layer | _read_only(base_layer, "_post") | projecting,
        "sum": common | layer | _read_only(own, "_pre"),
        "lateral": common | _read_only(own) | _read_only(own, "_pre") | post,
        "synapses": common
        | _read_only(own)  # without a suffix: those of the neurons that the synapses reach
        | post
        | projecting
        | _read_only(layer, "_layer")
        | synapses,
    }
    for part in ("goodness", "sum", "lateral", "synapses"):
        del found[part]["i"]
    found["both"] = {k: v for k, v in found["neurons"].items() if k in found["input"]}
    # With variables of neurons an update would run once for each entry of the batch.
    found["update"] = {
        k: v for k, v in found["synapses"].items() if not isinstance(v, Variable) or v.scalar or k in synapses
    }
    return found


def check(kind, name, *, build=True, **others):
    """Find what is wrong with a model file before anything is compiled.

    Parameters
    ----------
    kind, name : str
        As for `load`.
    build : bool
        Also let Brian2 build a tiny network on the NumPy runtime and take one step, which finds what no single string
        shows; takes half a second.
    **others : str
        Models of the other kinds that it is to work with (default: `DEFAULTS`).

    Returns
    -------
    notes : list of str
        Remarks on what is allowed but may not be meant.

    Raises
    ------
    ModelError
        With file, line and advice.
    """
    model = load(kind, name)
    composition = _composition_for(model, others)
    try:
        return check_model(composition, composition.models[kind], build)
    except ModelError as error:  # in the file's own names, whatever they are called in the network
        raise ModelError(composition.isolated.as_written(kind, str(error))) from None


def check_own_files(composition):
    """Check the strings of all files that do not come with brianff, as `check` does without `build`."""
    for kind, model in composition.models.items():
        if ships(model):
            continue
        try:
            check_model(composition, model, build=False)
        except ModelError as error:
            raise ModelError(composition.isolated.as_written(kind, str(error))) from None


def _composition_for(model, others):
    """What a model is checked with."""
    kind = model.kind
    if kind in FEEDBACK_FOLDERS:
        from brianff.network.feedback import compose_feedback

        return compose_feedback(**(others | {kind: model}))
    composition = compose(**(others | {kind: model}))
    if kind == "rule" and "goodness" not in others and composition.misfit():
        fitting = (compose(**(others | {"rule": model, "goodness": g})) for g in available("goodness"))
        composition = next((c for c in fitting if not c.misfit()), composition)
    if kind == "optimizer" and composition.online:
        rule = composition.models["rule"].name
        raise ModelError(f"{model.path}: the rule {rule} changes weights itself, without an optimizer.")
    return composition


def check_model(composition, model, build):
    """Notes on one of the models of a composition; raises the `ModelError` of the first thing that is wrong with it."""
    kind = model.kind
    environment = _environment_for(composition, model)
    wider = {"both": environment["neurons"], "layers": environment["layer"], "goodness": environment["layer"]}
    for key, (what, part, _) in SCHEMA[kind].items():
        if key in model.strings:
            checker = _Checker(model, key, environment[part], wider.get(part, {}))
            if key == "initial":
                checker.wider = environment["both"]
            getattr(checker, what)(model.strings[key])
    if kind == "neuron":
        _check_default_on_pre(model, environment["synapses"])
    if build:
        _build(model, composition)
    return _notes(model)


def _environment_for(composition, model):
    """Names that the strings of a model may use, part by part."""
    if "loss" in composition.models:
        from brianff.network.feedback import environment_of_feedback

        environment = environment_of_feedback(composition)
    else:
        environment = _environment(composition)
    if model.kind not in ("rule", "eligibility"):
        for name in WANTED_BY_RULES:
            environment["neurons"].pop(name, None)
    if model.kind == "neuron":  # whether or not the rule at hand asks for it
        environment["both"] |= _variables(model["response"])
    if model.kind in ("neuron", "encoder"):  # these work with any rule, and know nothing of the variables of one
        foreign = composition.isolated.foreign(model.kind)
        for part, names in environment.items():
            environment[part] = {k: v for k, v in names.items() if k not in foreign}
    return environment


def _notes(model):
    """Remarks on what is allowed but may not be meant."""
    notes = []
    if model.kind == "neuron" and "gain_below" not in names_in(model["equations"], model["threshold"], model["reset"]):
        notes.append(
            f"{model.path}: no string uses gain_below: activity will not be normalised between layers, and a layer can "
            "read the goodness of the one below."
        )
    if model.kind == "neuron" and not model["method"]:
        method, variable = default_method(model["equations"])
        if variable:
            notes.append(
                f"{_where_differential(model, variable)}: exponential Euler cannot integrate '{variable}': the method "
                f'is {method}. To choose it, or another, write method = "{method}".'
            )
    if "(unless refractory)" in without_comments(model["equations"]) and not model["refractory"]:
        notes.append(f"{model.path}: '(unless refractory)' does nothing where no string 'refractory' says how long.")
    used = names_in(*_texts(model.strings))
    if model.kind in FOLDERS and (unused := [name for name in model.parameters if name not in used]):
        notes.append(
            f"{model.where_parameter(unused[0])}: no string uses the parameter '{unused[0]}'.{closest(unused[0], used)}"
        )
    if random := sorted(name for name in used if name in ("rand", "randn", "poisson") or name.split("_")[0] == "xi"):
        notes.append(
            f"{model.path}: {random[0]} does not come from the run's seed, so that no run can be repeated or resumed "
            "with the same result: uniform(seed, presentation, draw, channel) does."
        )
    return notes


def _where_differential(model, variable, key="equations"):
    """File and line of a variable's differential equation."""
    for offset, line in equation_lines(model[key]):
        if re.match(rf"d{variable}\s*/\s*dt", line):
            return model.where(key, offset)
    return model.where(key)


def _check_default_on_pre(model, names):
    if not model["on_pre"]:
        try:
            _Checker(model, "equations", names).statements(DEFAULT_ON_PRE)
        except ModelError as error:
            raise ModelError(f"{error} This is the default on_pre, '{DEFAULT_ON_PRE}': define on_pre.") from None


_built = set()


def _require_finite(model, built):
    """Refuse a neuron whose membrane is no number after one step without input: a parameter of 0 that divides, say."""
    for name in Equations(model["equations"]).diff_eq_names if model.kind == "neuron" else ():
        if not np.isfinite(built.groups["neurons1"].variables[name].get_value()).all():
            raise ModelError(
                f"{_where_differential(model, name)}: '{name}' is not a finite number after one time step of 1 ms "
                "without input: does something divide by 0, or need a smaller time step?"
            )


@in_turn
def _build(model, composition):
    """Let Brian2 have the last word: build a tiny network and take one step."""
    from brianff.network.feedforward import Architecture

    strings = str(composition)
    if strings in _built:
        return
    target, step = prefs.codegen.target, defaultclock.dt
    another_device = get_device() is not runtime_device
    if another_device:
        set_device(runtime_device)
    prefs.codegen.target = "numpy"

    def failure():
        tiny = Architecture(2, 2, layers=(2, 2), label_neurons=1, batch=2, n_steps=2, capacity=1, images=1)
        try:
            built = composition.network_class(tiny, composition)
            built.network.run(tiny.dt_ms * ms, namespace={})
        except Exception as error:
            while error.__cause__ is not None:
                error = error.__cause__
            return " ".join(str(error).split()) or type(error).__name__
        _require_finite(model, built)

    try:
        with catch_logs(), np.errstate(all="ignore"):
            message = failure()
            if message:
                gc.collect()  # here, where Brian2's complaints about unused objects are caught
    finally:
        prefs.codegen.target = target
        defaultclock.dt = step
        if another_device:
            reset_device()
    if message:
        others = ", ".join(f"{kind} {m.name}" for kind, m in composition.models.items() if m is not model)
        key = "method" if model["method"] and "state updater" in message else next(iter(model.strings))
        raise ModelError(
            f"{model.where(key)}: Brian2 cannot build a network of it (with {others}, method "
            f"{composition.neurons.method}): {message}"
        )
    _built.add(strings)


def _first_sentence(error):
    chain = [error]
    while chain[-1].__cause__ is not None:
        chain.append(chain[-1].__cause__)
    text = " ".join(" ".join(str(e) for e in reversed(chain) if str(e)).split())
    return text.replace(" (<unknown>, line 1)", "")  # of the string, as Python's parser says


def _dim_string(dim):
    return _unit_string(Quantity(1, dim=dim))


@dataclass
class _Checker:
    """Checks one string of a model file; a method for each sort of string in `SCHEMA`.

    `names` are those it may use, `wider` those that it could use if it stood in one part of the network only.
    """

    model: Model
    key: str
    names: dict
    wider: dict = field(default_factory=dict)

    def fail(self, message, offset=0):
        raise ModelError(f"{self.model.where(self.key, offset)}: {message}") from None

    def used(self, code, offset=0):
        """The names in `code`: all that Brian2 has to see, whose caches hash every name that they are given."""
        if foreign := foreign_name(code):
            self.fail(foreign, offset)
        if instead := advice(code):
            self.fail(f"'{code}': {instead}.", offset)
        found = {}
        for name in sorted(get_identifiers(code)):
            if self.of_both_sides(name):
                self.fail(f"'{name}' is a variable of both neurons: write {name}_pre or {name}_post.", offset)
            if name in self.names:
                found[name] = self.names[name]
            elif name in self.wider:
                self.fail(f"the name '{name}' is not defined for the input, where this string counts as well.", offset)
            else:
                self.fail(self.undefined(name, code), offset)
        return found

    def of_both_sides(self, name):
        """Whether a string of synapses leaves open which neuron's variable it means (Brian2: the one it reaches)."""
        if self.model.kind == "neuron" or SCHEMA[self.model.kind][self.key][1] not in ("synapses", "upper", "feedback"):
            return False
        return {name, f"{name}_pre", f"{name}_post"} <= self.names.keys() and not self.names[name].scalar

    def undefined(self, name, code):
        """The sentence on a name that the string cannot use."""
        own = [n for n in self.names if not n.startswith("_") and n not in UNITS]
        functions = [n for n, v in self.names.items() if isinstance(v, Function)]
        if re.search(rf"\b{name}\s*\(", code) and not closest(name, functions):
            return function_advice(name, functions)
        base, suffix = base_name(name)
        if suffix == "_pre" and self.model.kind == "neuron" and base in Equations(self.model["response"]).names:
            return (
                f"the name '{name}' is not defined: 'response' counts only for rules that ask for it. What `on_pre` "
                "reads is defined in 'presynaptic'."
            )
        if suffix == "_pre" and f"{base}_post" in self.names:
            return (
                f"the name '{name}' is not defined: '{base}' is a variable of the neurons that the synapses reach, and "
                "not of input channels. What every neuron that projects has is defined in 'presynaptic'."
            )
        return f"the name '{name}' is not defined.{closest(name, own)} Give it an equation, or a value in 'parameters'."

    def vectors(self, code):
        return [k for k, v in self.used(code).items() if isinstance(v, Variable) and not v.scalar]

    def evaluate(self, code, offset=0):
        """Dimensions of an expression, and whether it is a condition."""
        variables = self.used(code, offset)
        try:
            return parse_expression_dimensions(code, variables), is_boolean_expression(code, variables)
        except (DimensionMismatchError, SyntaxError, ValueError, TypeError) as error:
            self.fail(f"wrong unit or syntax: {_first_sentence(error)}", offset)

    def need(self, found, expected, what, offset=0):
        if found is not expected:
            self.fail(f"wrong unit: {what} has the unit {_dim_string(found)}, not {_dim_string(expected)}.", offset)

    def condition(self, text):
        if not self.evaluate(text)[1]:
            self.fail(f"'{text}' is not a condition (it has no truth value).")
        if self.key == "learns_when" and self.vectors(text):
            self.fail(f"'{self.vectors(text)[0]}' has many values: learns_when holds for all synapses or for none.")
        for key, suffix, side in (("rows", "_pre", "presynaptic"), ("columns", "_post", "postsynaptic")):
            for name in self.vectors(text) if self.key == key else ():
                if not name.endswith(suffix):
                    self.fail(
                        f"'{name}' is no variable of a {side} neuron (NAME{suffix}), as a condition of {key} needs."
                    )

    def expression(self, text):
        self.need(self.evaluate(text)[0], DIMENSIONLESS, text)

    def word(self, text):
        if self.key == "method":
            methods = list(StateUpdateMethod.stateupdaters)
            if text not in methods:
                self.fail(f"there is no method '{text}'.{closest(text, methods)} There are: {', '.join(methods)}.")
        else:
            dim, condition = self.evaluate(text)
            if not condition:
                self.need(dim, second.dim, f"{self.key} is no condition and")

    def values(self, values):
        for name, value in values.items():
            variable = self.names.get(name)
            if not isinstance(variable, Variable) or variable.read_only:
                self.fail(f"there is no variable '{name}'.{closest(name, self.settable())}")
            both = name in Equations(self.model["presynaptic"]).names  # input channels have it as well
            names = self.wider if both else self.names
            replace(self, names=names, wider={}).statements(f"{name} = {_code(value)}")

    def settable(self):
        return [k for k, v in self.names.items() if isinstance(v, Variable) and not v.read_only]

    def equations(self, text):
        for offset, line in equation_lines(text):
            for eq in Equations(line).values():
                if eq.type != PARAMETER:
                    self.equation(eq, offset)

    def equation(self, eq, offset):
        code, dim = " ".join(str(eq.expr.code).split()), eq.dim
        label = f"the right-hand side of {eq.varname}"
        checker = self
        if eq.type == DIFFERENTIAL_EQUATION:
            dim = get_or_create_dimension([a - b for a, b in zip(eq.dim._dims, second.dim._dims, strict=True)])
            label = f"the right-hand side of d{eq.varname}/dt"
            noise = [n for n in get_identifiers(code) if n == "xi" or n.startswith("xi_")]
            checker = replace(self, names=self.names | {n: _variable(n, (second**-0.5).dim) for n in noise})
        self.need(checker.evaluate(code, offset)[0], dim, label, offset)
        if "shared" in eq.flags and checker.vectors(code):
            self.fail(
                f"'{eq.varname}' is shared and cannot depend on '{checker.vectors(code)[0]}', which is not.", offset
            )
        if eq.type == SUBEXPRESSION and "constant over dt" not in eq.flags:
            for name, function in checker.used(code).items():
                if isinstance(function, Function) and not function.stateless:
                    self.fail(f"'{eq.varname}' calls {name}() and needs the flag (constant over dt).", offset)

    def statements(self, text):
        for offset, line in enumerate(text.splitlines()):
            if ";" in line.partition("#")[2]:
                self.fail("Brian2 takes what follows a ';' for a statement, even in a comment.", offset)
        unread = {}  # new local variables -> where
        local = replace(self, names=dict(self.names))
        set_vectors = None  # the first variable of neurons or synapses that was set
        for offset, line in statement_lines(text):
            try:
                target, operator, right, _ = parse_statement(line)
            except ValueError:
                instead = advice(line, assigned=True)
                self.fail(f"'{line}' is not an assignment" + (f": {instead}." if instead else "."), offset)
            if operator not in ("=", "+=", "-=", "*=", "/="):
                self.fail(f"'{line}': there is no '{operator}' in Brian2's statements.", offset)
            if right.count("(") > right.count(")"):
                self.fail(f"'{line}': '(' was never closed: a statement cannot go on in the next line.", offset)
            for name in local.used(right, offset):
                unread.pop(name, None)
            known = local.names.get(target)
            if known is None:
                if operator != "=":
                    self.fail(f"the name '{target}' is not defined.{closest(target, local.settable())}", offset)
                local.names[target] = local.new_variable(target, right, offset)
                unread[target] = offset
            elif isinstance(known, Constant) or not isinstance(known, Variable) or known.read_only:
                post = [f"{target}_post"] if f"{target}_post" in local.settable() else []
                self.fail(
                    f"'{target}' is a parameter or a constant, has an equation of its own, or belongs to another "
                    f"group: it cannot be set here.{closest(target, post)}",
                    offset,
                )
            else:
                self.same_type(known, target, operator, right, local, offset)
                if known.scalar and (set_vectors or self.key in AT_SPIKES):
                    when = (
                        f"after '{set_vectors}', which is not" if set_vectors else "at a spike, or in every time step"
                    )
                    self.fail(f"'{target}' is shared by all, and cannot be set {when}.", offset)
                set_vectors = set_vectors if known.scalar else target
            try:
                check_units_statements(
                    line, {k: v for k, v in local.used(right, offset).items()} | {target: local.names[target]}
                )
            except Exception as error:
                self.fail(f"wrong unit or syntax: {_first_sentence(error)}", offset)
        for name, offset in unread.items():
            self.fail(
                f"'{name}' is no variable here, and no later statement reads it.{closest(name, self.settable())}",
                offset,
            )

    def same_type(self, known, target, operator, right, local, offset):
        """Brian2 would cut off fractions, and take a truth value for a number, without a word."""
        right = f"({target}) {operator[0]} ({right})" if operator != "=" else right
        local.evaluate(right, offset)
        found = brian_ast(right, local.used(right, offset)).dtype
        if known.is_integer and found == "float":
            self.fail(f"'{target}' is an integer: what it gets may have a fraction; int(...) cuts it off.", offset)
        if known.is_boolean and found != "boolean":
            self.fail(f"'{target}' is a boolean: it is set to a condition, True or False.", offset)
        if not known.is_boolean and found == "boolean":
            self.fail(f"'{target}' is a number: int(condition) is 1 where a condition is true.", offset)

    def maxima(self, text):
        """Statements that set a variable of the layer, each by itself."""
        for offset, line in statement_lines(text):
            name, equals, _ = (part.strip() for part in line.partition("="))
            if not equals or name not in self.settable():
                self.fail(f"'{line}' does not set a variable of the layer (NAME = expression).", offset)
        self.statements(text)

    def new_variable(self, name, code, offset):
        dim, _ = self.evaluate(code, offset)
        return _variable(name, dim, brian_ast(code, self.used(code, offset)).dtype)
