"""Load, compose and check the equation strings under `models/`.

A model file holds a docstring, strings and `parameters` with units; nothing else.  What a file of each kind may define
(* = must), and the part of the network that each string belongs to:

=========  ======================  =========  =====================================================================
kind       name                    part       meaning
=========  ======================  =========  =====================================================================
neuron     equations*              neurons    Brian2 equations of a hidden neuron
neuron     threshold*, reset*      neurons    condition for a spike; statements at a spike
neuron     refractory              neurons    refractory period or condition
neuron     method                  neurons    integration method (default exponential_euler)
neuron     on_pre                  synapses   what a presynaptic spike does (default ``I_syn_post += w``)
neuron     surrogate               neurons    pseudo-derivative of the spike, for rules that ask for one
neuron     initial                 neurons    dictionary of values at the start of a stimulus epoch (default 0)
encoder    equations               input      variables of an input channel
encoder    at_epoch_start*         input      statements that turn `intensity` (0..1) into spike times
encoder    threshold*, reset       input      as above
goodness   neuron*, on_spike*      both       trace of every neuron, and its jump at an own spike
goodness   layer*                  layer      must define `g`, the goodness, and `gain`, the normalisation
goodness   layer_on_spike*         layer      jump of the layer's variables when neuron `_pre` spikes (before on_spike)
rule       presynaptic             both       first factor: variables of every neuron that projects
rule       neuron                  neurons    second factor: further variables of a learning neuron
rule       on_step                 neurons    statements in every time step, after the membrane's update
rule       layer                   layer      third factor: variables of the layer
rule       layer_at_epoch_end      layer      statements when a stimulus epoch ends
rule       neuron_at_epoch_end     neurons    the same for each neuron, after the layer's
rule       synapse*, at_epoch_end* synapses   must define `dw`; statements that change it
rule       learns_when             synapses   condition (default ``phase_layer != 0``)
rule       rows                    synapses   condition of `_pre` variables; rows where it is false are skipped
rule       X_remember              X          X in presynaptic, neuron, layer: last statements before the reset
optimizer  synapse, at_update*     synapses   statements that turn `dw` into a change of `w`, and set `dw` to 0
all        parameters              all        dictionary of quantities; shared variables, changed without recompiling
=========  ======================  =========  =====================================================================

Names at hand, beside Brian2's own (`t`, `dt`, `t_in_timesteps`, `i`, functions, units):

- everywhere: `T_epoch`, the length of a stimulus epoch;
- input: `intensity` (0..1), `channel`, `entry` (of the batch), `presentation` (its number), `seed`,
  ``uniform(seed, presentation, draw, channel)``: a random number that depends on its arguments only;
- neurons and input: variables of the own layer and of the layer below as ``NAME_layer`` and ``NAME_below``;
- layer: `phase` (+1 positive, -1 negative, 0 no learning), `label_known`, `n_neurons`, `learning_rate` (0: no update
  after this stimulus epoch), `samples_per_update`;
- synapses: `w`, ``NAME_pre``, ``NAME_post`` and ``NAME_layer`` (the postsynaptic layer).

At the start of every stimulus epoch all variables with a differential equation go back to 0 (or to `initial`).
"""

import ast
import difflib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from brian2 import Quantity, have_same_dimensions, second
from brian2.core.functions import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS
from brian2.core.variables import Constant, Variable
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
from brian2.units.allunits import all_units
from brian2.units.fundamentalunits import (
    DIMENSIONLESS,
    DimensionMismatchError,
    get_dimensions,
    get_or_create_dimension,
)
from brian2.units.stdunits import stdunits
from brian2.utils.stringtools import get_identifiers

import brianff.models
from brianff.noise import uniform

__all__ = [
    "Composition",
    "GroupStrings",
    "Model",
    "ModelError",
    "SynapseStrings",
    "available",
    "check",
    "compose",
    "load",
    "parse_parameter",
]

FOLDERS = {
    "neuron": "neurons",
    "encoder": "encoders",
    "goodness": "goodness",
    "rule": "rules",
    "optimizer": "optimizers",
}
DEFAULTS = {
    "neuron": "lif",
    "encoder": "time_to_first_spike",
    "goodness": "sum_of_squares",
    "rule": "symba",
    "optimizer": "adam",
}

# kind -> name -> (what the string is, part of the network, required)
SCHEMA = {
    "neuron": {
        "equations": ("equations", "neurons", True),
        "threshold": ("condition", "neurons", True),
        "reset": ("statements", "neurons", True),
        "refractory": ("word", "neurons", False),
        "method": ("word", "neurons", False),
        "on_pre": ("statements", "synapses", False),
        "surrogate": ("expression", "neurons", False),
        "initial": ("values", "neurons", False),
    },
    "encoder": {
        "equations": ("equations", "input", False),
        "at_epoch_start": ("statements", "input", True),
        "threshold": ("condition", "input", True),
        "reset": ("statements", "input", False),
    },
    "goodness": {
        "neuron": ("equations", "neurons", True),
        "on_spike": ("statements", "neurons", True),
        "layer": ("equations", "layer", True),
        "layer_on_spike": ("statements", "goodness", True),
    },
    "rule": {
        "presynaptic": ("equations", "neurons", False),
        "neuron": ("equations", "neurons", False),
        "on_step": ("statements", "neurons", False),
        "layer": ("equations", "layer", False),
        "layer_at_epoch_end": ("statements", "layer", False),
        "neuron_at_epoch_end": ("statements", "neurons", False),
        "synapse": ("equations", "synapses", True),
        "at_epoch_end": ("statements", "synapses", True),
        "learns_when": ("condition", "synapses", False),
        "rows": ("condition", "synapses", False),
        "presynaptic_remember": ("statements", "neurons", False),
        "neuron_remember": ("statements", "neurons", False),
        "layer_remember": ("statements", "layer", False),
    },
    "optimizer": {
        "synapse": ("equations", "synapses", False),
        "at_update": ("statements", "synapses", True),
    },
}
ALLOWED_FLAGS = {
    DIFFERENTIAL_EQUATION: {"unless refractory"},
    PARAMETER: {"constant", "shared"},
    SUBEXPRESSION: {"shared", "constant over dt"},
}


class ModelError(Exception):
    """A model file, or a combination of models, that cannot work; the message says where and what to do."""


@dataclass
class Model:
    """One model file: its strings, its parameters and where each of them stands."""

    kind: str
    name: str
    path: Path
    strings: dict
    parameters: dict
    docstring: str
    lines: dict  # name -> line number of the string's first line

    def __getitem__(self, key):
        return self.strings.get(key) or ""

    def where(self, key, offset=0):
        return f"{self.path}:{self.lines.get(key, 1) + offset}"


def available(kind):
    """Names of the models of a kind that come with brianff."""
    folder = Path(brianff.models.__path__[0]) / FOLDERS[kind]
    return sorted(p.stem for p in folder.glob("*.py") if not p.stem.startswith("_"))


def _closest(word, candidates):
    match = difflib.get_close_matches(word, list(candidates), n=1)
    return f" Did you mean '{match[0]}'?" if match else ""


def load(kind, name):
    """Load a model by name (``"lif"``) or from a file (``"my_neuron.py"``).

    Raises
    ------
    ModelError
        If there is no such model, or the file holds something else than strings and parameters.
    """
    if kind not in FOLDERS:
        raise ModelError(f"there is no kind of model '{kind}': it is one of {', '.join(FOLDERS)}.")
    if isinstance(name, Model):
        return name
    name = str(name)
    if name.endswith(".py") or "/" in name:
        path = Path(name)
        if not path.is_file():
            raise ModelError(f"{path}: there is no such file (--{kind} takes a name or a file that ends in .py).")
    else:
        path = Path(brianff.models.__path__[0]) / FOLDERS[kind] / f"{name}.py"
        if not path.is_file():
            names = available(kind)
            raise ModelError(
                f"there is no {kind} '{name}'.{_closest(name, names)} There are: {', '.join(names)}; or give a file "
                "that ends in .py."
            )
    return _read(kind, path)


def _read(kind, path):
    source = path.read_text()
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise ModelError(f"{path}:{error.lineno}: not valid Python: {error.msg}.") from None
    schema = SCHEMA[kind]
    lines = {}
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            key = node.targets[0].id
            if key not in schema and key != "parameters" and not key.startswith("_"):
                raise ModelError(
                    f"{path}:{node.lineno}: a {kind} has no '{key}'.{_closest(key, [*schema, 'parameters'])} It may "
                    f"define: {', '.join([*schema, 'parameters'])}."
                )
            lines[key] = node.value.lineno
            continue
        raise ModelError(
            f"{path}:{node.lineno}: a model file holds a docstring, strings and parameters, nothing else: "
            "move functions and classes to the script that uses them."
        )
    namespace = {"__name__": f"brianff_model_{path.stem}"}
    try:
        exec(compile(tree, str(path), "exec"), namespace)
    except Exception as error:
        line = getattr(error.__traceback__.tb_next, "tb_lineno", 1)
        raise ModelError(f"{path}:{line}: {type(error).__name__}: {error}") from None
    strings = {}
    for key, (what, _, required) in schema.items():
        value = namespace.get(key)
        if value is None:
            if required:
                raise ModelError(f"{path}:1: a {kind} must define '{key}' ({what}).")
            continue
        if what == "values":
            if not isinstance(value, dict):
                raise ModelError(f"{path}:{lines[key]}: '{key}' must be a dictionary.")
        elif not isinstance(value, str):
            raise ModelError(f"{path}:{lines[key]}: '{key}' must be a string, not {type(value).__name__}.")
        strings[key] = value
    parameters = namespace.get("parameters", {})
    if not isinstance(parameters, dict):
        raise ModelError(f"{path}:{lines['parameters']}: 'parameters' must be a dictionary of numbers with units.")
    for name, value in parameters.items():
        if not isinstance(value, (int, float, Quantity, np.number)) or np.ndim(value):
            raise ModelError(f"{path}:{lines['parameters']}: parameter '{name}' must be a number with a unit.")
    return Model(kind, path.stem, path, strings, dict(parameters), ast.get_docstring(tree) or "", lines)


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
    at_epoch_end: str = ""
    at_epoch_start: str = ""
    encode: str = ""
    parameters: dict = field(default_factory=dict)
    links: dict = field(default_factory=dict)  # name -> (which layer, variable)


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


@dataclass
class Composition:
    """Equations of a whole network, put together from one model of each kind."""

    models: dict
    input: GroupStrings
    neurons: GroupStrings
    input_layer: GroupStrings
    layer: GroupStrings
    layer_on_spike: str
    synapses: SynapseStrings
    parameters: dict

    def state_variables(self):
        """Names of the synaptic arrays that a checkpoint has to hold, shared ones included."""
        return [
            eq.varname
            for eq in Equations(self.synapses.model).values()
            if eq.varname != "plastic" and eq.type == PARAMETER and eq.varname not in self.synapses.parameters
        ]

    def __str__(self):
        out = []

        def section(title, text):
            text = _tidy(text)
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
            section(f"[{title}] every time step", group.on_step)
            section(f"[{title}] at the end of a stimulus epoch", group.at_epoch_end)
            section(f"[{title}] at the start of a stimulus epoch", group.at_epoch_start + "\n" + group.encode)
        section("[layer] when a neuron of the layer spikes (before its reset)", self.layer_on_spike)
        s = self.synapses
        section("[synapses] model", s.model)
        section("[synapses] on_pre", s.on_pre)
        section(f"[synapses] at the end of a stimulus epoch, if {s.condition}", s.at_epoch_end)
        section(f"[synapses] optimizer, if {s.update_condition}", s.at_update)
        out.append("[parameters]\n" + "\n".join(f"    {k} = {v}" for k, v in self.parameters.items()))
        return "\n\n".join(out)


def _tidy(text):
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


_BASE = ("meter", "kilogram", "second", "amp", "kelvin", "mole", "candle")


def _unit_string(value):
    """Unit of a quantity as Brian2's equations spell it."""
    dim = get_dimensions(value)
    if dim is DIMENSIONLESS:
        return "1"
    for name in ("second", "hertz", "volt", "amp", "siemens", "farad", "ohm", "coulomb"):
        if dim is all_unit_dimensions[name]:
            return name
    return "*".join(f"{name}**{exponent:g}" for name, exponent in zip(_BASE, dim._dims, strict=True) if exponent)


all_unit_dimensions = {unit.name: unit.dim for unit in all_units}


def _declare(names, parameters):
    """Parameters as shared variables: run_args can change them without a new compilation."""
    return "\n".join(
        f"{name} : {_unit_string(parameters[name])} (shared, constant)" for name in parameters if name in names
    )


def _initial(equations, initial):
    """Statements that put every variable with a differential equation back to its initial value."""
    statements = []
    for eq in Equations(equations).values():
        if eq.type == DIFFERENTIAL_EQUATION:
            zero = "0" if eq.dim is DIMENSIONLESS else f"0*{_unit_string(Quantity(1, dim=eq.dim))}"
            statements.append(f"{eq.varname} = {initial.get(eq.varname, zero)}")
    return "\n".join(statements)


def _names(*texts):
    return set().union(*(get_identifiers(t) for t in texts if t))


def _finish_group(group, layer_variables, below_variables, parameters, shared=("T_epoch",)):
    """Declare links to layers and the parameters that the strings of a group use."""
    used = _names(
        group.equations,
        group.threshold,
        group.reset,
        group.refractory,
        group.on_step,
        group.at_epoch_end,
        group.at_epoch_start,
        group.encode,
    )
    extra = []
    for which, variables in (("layer", layer_variables), ("below", below_variables)):
        for name, unit in variables.items():
            linked = f"{name}_{which}"
            if linked in used:
                extra.append(f"{linked} : {unit} (linked)")
                group.links[linked] = (which, name)
    group.parameters = {k: v for k, v in parameters.items() if k in used}
    extra.append(_declare(group.parameters, parameters))
    extra += [f"{name} : second (shared, constant)" for name in shared if name in used]
    group.equations = _tidy(group.equations + "\n" + "\n".join(extra))
    return group


LAYER_VARIABLES = """
phase : 1 (shared)                           # +1 positive, -1 negative, 0 no learning
learning_rate : 1 (shared)                   # of the update after this stimulus epoch; 0: no update
samples_per_update : 1 (shared)
n_neurons : 1 (shared, constant)
"""
INPUT_VARIABLES = """
intensity : 1                                # of the pixel or label that the channel stands for
presentation : integer                       # number of the presentation, for random numbers
seed : integer (shared)
channel : integer (constant)                 # pixels first, then label neurons class by class
entry : integer (constant)                   # of the batch
"""
# n_pixels and label_neurons belong to the architecture and are constants of the namespace.
SHOW_STIMULUS = """
is_pixel = int(channel < n_pixels)
is_label = 1 - is_pixel
shown_image = image_index(t, entry)
shown_label = label(t, entry)
label_channel = is_label*(channel - n_pixels)
in_class = int(label_channel // label_neurons == shown_label)
neutral = int(shown_label == -1)*int(label_channel % label_neurons == 0)
pixel = images(shown_image*second, is_pixel*channel)
intensity = int(shown_image >= 0)*(is_pixel*pixel + is_label*(in_class + neutral))
presentation = presentation_index(t, entry)
"""


def compose(neuron=None, encoder=None, goodness=None, rule=None, optimizer=None, parameters=None):
    """Put one model of each kind together.

    Parameters
    ----------
    neuron, encoder, goodness, rule, optimizer : str, path or `Model`, optional
        A name, a file or a loaded model; the defaults are in `DEFAULTS`.
    parameters : dict, optional
        Values that replace those of the files.

    Returns
    -------
    composition : `Composition`

    Raises
    ------
    ModelError
        If two files disagree on a name, or a value has the wrong unit or belongs to no model.
    """
    chosen = {"neuron": neuron, "encoder": encoder, "goodness": goodness, "rule": rule, "optimizer": optimizer}
    models = {kind: load(kind, value or DEFAULTS[kind]) for kind, value in chosen.items()}
    n, c, g, r, o = (models[kind] for kind in chosen)
    values = _merge_parameters(models, parameters or {})

    surrogate = n["surrogate"]
    rule_uses_surrogate = "surrogate" in _names(r["on_step"], r["neuron"], r["neuron_at_epoch_end"])
    if rule_uses_surrogate and not surrogate:
        raise ModelError(
            f"{n.path}: the rule '{r.name}' needs a 'surrogate' (pseudo-derivative of the spike) and the neuron "
            f"'{n.name}' defines none."
        )
    layer_text = LAYER_VARIABLES + g["layer"] + "\n" + r["layer"]
    layer_variables = {eq.varname: _unit_of(eq) for eq in Equations(layer_text).values()}

    neuron_text = "\n".join([n["equations"], g["neuron"], r["presynaptic"], r["neuron"]])
    if rule_uses_surrogate:
        neuron_text += f"\nsurrogate = {surrogate} : 1"
    initial = n.strings.get("initial", {})
    on_spike = "\n".join([n["reset"], g["on_spike"]])
    neurons = GroupStrings(
        equations=neuron_text,
        threshold=n["threshold"],
        reset=on_spike,
        refractory=n["refractory"] or None,
        method=n["method"] or "exponential_euler",
        on_step=r["on_step"],
        at_epoch_end=r["neuron_at_epoch_end"],
        at_epoch_start="\n".join([r["presynaptic_remember"], r["neuron_remember"], _initial(neuron_text, initial)]),
    )
    input_text = "\n".join([INPUT_VARIABLES, c["equations"], g["neuron"], r["presynaptic"]])
    inputs = GroupStrings(
        equations=input_text,
        threshold=c["threshold"],
        reset="\n".join([c["reset"], g["on_spike"]]),
        method="exponential_euler",
        at_epoch_start="\n".join([r["presynaptic_remember"], _initial(input_text, {})]),
        encode=SHOW_STIMULUS + c["at_epoch_start"],
    )
    layers = []
    for text, at_end, remember in (
        (LAYER_VARIABLES + g["layer"], "", ""),  # the input layer does not learn
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
    synapse_text = "w : 1\nplastic : boolean (shared)\n" + r["synapse"] + "\n" + o["synapse"]
    on_pre = n["on_pre"] or "I_syn_post += w"
    learns_when = r["learns_when"] or "phase_layer != 0"
    used = _names(on_pre, r["at_epoch_end"], o["at_update"], learns_when, r["rows"])
    synapse_parameters = {k: v for k, v in values.items() if k in used}
    synapses = SynapseStrings(
        model=_tidy(
            synapse_text
            + "\n"
            + _declare(synapse_parameters, values)
            + ("\nT_epoch : second (shared, constant)" if "T_epoch" in used else "")
        ),
        on_pre=on_pre,
        at_epoch_end=_tidy(r["at_epoch_end"]),
        condition=f"plastic and t > 0*second and ({learns_when})",
        rows=r["rows"] or None,
        at_update=_tidy(o["at_update"]),
        update_condition="plastic and t > 0*second and learning_rate_layer > 0",
        parameters=synapse_parameters,
    )
    base_layer = {eq.varname: _unit_of(eq) for eq in Equations(LAYER_VARIABLES + g["layer"]).values()}
    composition = Composition(
        models=models,
        input=_finish_group(inputs, base_layer, {}, values),
        neurons=_finish_group(neurons, layer_variables, base_layer, values),
        input_layer=_finish_group(layers[0], {}, {}, values),
        layer=_finish_group(layers[1], {}, {}, values),
        layer_on_spike=g["layer_on_spike"],
        synapses=synapses,
        parameters=values,
    )
    return composition


def _unit_of(eq):
    if eq.var_type == "integer" or eq.var_type == "boolean":
        return eq.var_type
    return _unit_string(Quantity(1, dim=eq.dim))


def _merge_parameters(models, overrides):
    values, owner = {}, {}
    for model in models.values():
        for name, value in model.parameters.items():
            if name in values and not (have_same_dimensions(values[name], value) and np.all(values[name] == value)):
                raise ModelError(
                    f"the parameter '{name}' is {values[name]} in {owner[name].path} and {value} in {model.path}: "
                    "rename one of them."
                )
            values[name] = value
            owner[name] = model
    for name, value in overrides.items():
        if name not in values:
            raise ModelError(
                f"no chosen model has a parameter '{name}'.{_closest(name, values)} There are: {', '.join(values)}."
            )
        if not have_same_dimensions(values[name], value):
            raise ModelError(f"the parameter '{name}' has the unit of {values[name]}, which {value} has not.")
        values[name] = value
    return values


def parse_parameter(text):
    """``"tau_m=10*ms"`` as a pair of name and quantity."""
    name, equals, expression = text.partition("=")
    if not equals:
        raise ModelError(f"'{text}': a parameter is given as NAME=VALUE, for example tau_m=10*ms.")
    try:
        value = eval(expression, {"__builtins__": {}}, dict(_UNITS))
    except Exception as error:
        raise ModelError(f"'{text}': {error}.") from None
    if not isinstance(value, (int, float, Quantity)) or np.ndim(value):
        raise ModelError(f"'{text}': the value must be a number with a unit, for example tau_m=10*ms.")
    return name.strip(), value


# -- checking ------------------------------------------------------------------------------------------------------

_UNITS = {unit.name: unit for unit in all_units} | dict(stdunits)


def _variable(name, dim, var_type="float", scalar=False):
    dtype = {"float": np.float64, "integer": np.int32, "boolean": np.bool_}[var_type]
    return Variable(name, dimensions=dim, dtype=dtype, scalar=scalar)


def _environment(composition):
    """Names that the strings of each part may use: part -> name -> Brian2 variable, constant or function."""
    common = dict(DEFAULT_FUNCTIONS) | dict(DEFAULT_CONSTANTS)
    for name, unit in _UNITS.items():
        common[name] = Constant(name, dimensions=get_dimensions(unit), value=float(unit))
    for name, var_type, dim in (
        ("t", "float", second.dim),
        ("dt", "float", second.dim),
        ("t_in_timesteps", "integer", DIMENSIONLESS),
        ("i", "integer", DIMENSIONLESS),
        ("T_epoch", "float", second.dim),
    ):
        common[name] = _variable(name, dim, var_type, scalar=name != "i")
    for name, value in composition.parameters.items():
        common[name] = Constant(name, dimensions=get_dimensions(value), value=float(np.asarray(value)))

    def variables(text):
        return {
            eq.varname: _variable(eq.varname, eq.dim, eq.var_type, "shared" in eq.flags)
            for eq in Equations(text).values()
        }

    layer = variables(composition.layer.equations)
    base_layer = variables(composition.input_layer.equations)
    neurons = variables(composition.neurons.equations)
    inputs = variables(composition.input.equations)
    synapses = variables(composition.synapses.model)

    def suffixed(names, suffix):
        return {f"{name}_{suffix}": var for name, var in names.items()}

    projecting = {k: v for k, v in neurons.items() if k in inputs}
    return {
        "neurons": common
        | suffixed(layer, "layer")
        | suffixed(base_layer, "below")
        | neurons
        | {
            "not_refractory": _variable("not_refractory", DIMENSIONLESS, "boolean"),
            "lastspike": _variable("lastspike", second.dim),
        },
        "input": common | suffixed(base_layer, "layer") | inputs | {"uniform": uniform},
        "layer": common | layer,
        "goodness": common | layer | suffixed(layer, "post") | suffixed(projecting, "pre"),
        "synapses": common
        | suffixed(neurons, "post")
        | suffixed(projecting, "pre")
        | suffixed(layer, "layer")
        | synapses,
    }


def check(kind, name, **others):
    """Find what is wrong with a model file before anything is compiled.

    Parameters
    ----------
    kind, name : str
        As for `load`.
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
    _check_equations(model)
    models = {k: load(k, v) for k, v in (DEFAULTS | others).items()}
    models[kind] = model
    composition = compose(**models)
    environment = _environment(composition)
    for key, (what, part, _) in SCHEMA[kind].items():
        text = model.strings.get(key)
        if text is None:
            continue
        names = environment[part]
        if kind == "rule" and part == "neurons":
            names = names | {"surrogate": _variable("surrogate", DIMENSIONLESS)}
        if what == "equations":
            _check_expressions(model, key, text, names)
        elif what == "statements":
            _check_statements(model, key, text, names)
        elif what == "condition":
            _check_expression(model, key, 0, text, names, boolean=True)
        elif what == "expression":
            _check_expression(model, key, 0, text, names, dim=DIMENSIONLESS)
        elif what == "word" and key == "refractory":
            _check_identifiers(model, key, 0, text, names)
    _check_required_names(model)
    notes = []
    if kind == "neuron" and "gain_below" not in _names(model["equations"], model["on_pre"]):
        notes.append(
            f"{model.path}: no string uses gain_below: activity will not be normalised between layers, and a layer can "
            "read the goodness of the one below."
        )
    return notes


def _check_required_names(model):
    for key, name, reason in (
        ("layer", "g", "the goodness that rules and predictions use"),
        ("layer", "gain", "the factor with which the next layer normalises its input"),
        ("synapse", "dw", "the accumulated weight change"),
    ):
        if SCHEMA[model.kind].get(key, (0, 0, False))[2] and name not in Equations(model[key]).names:
            raise ModelError(f"{model.where(key)}: '{key}' of a {model.kind} must define '{name}': {reason}.")
    if model.kind == "optimizer" and not {"w", "dw"} <= _names(model["at_update"]):
        raise ModelError(f"{model.where('at_update')}: 'at_update' must change w and set dw to 0.")


def _logical_lines(text):
    """Pairs of (offset of the first physical line, text) of a string's equations; a line goes on inside brackets."""
    pending, start, depth = "", 0, 0
    for offset, line in enumerate(text.splitlines()):
        code = line.split("#")[0].rstrip()
        if not code.strip() and not pending:
            continue
        if not pending:
            start = offset
        pending += (" " if pending else "") + code.strip().rstrip("\\")
        depth += code.count("(") - code.count(")")
        if depth > 0 or code.endswith("\\"):
            continue
        yield start, pending
        pending, depth = "", 0
    if pending:
        yield start, pending


def _check_equations(model):
    """Syntax and flags of every equation, line by line, before models are put together."""
    for key, (what, _, _) in SCHEMA[model.kind].items():
        if what != "equations" or key not in model.strings:
            continue
        seen = {}
        for offset, line in _logical_lines(model[key]):
            try:
                equations = Equations(line)
            except Exception as error:
                raise ModelError(f"{model.where(key, offset)}: {_first_sentence(error)} (in: {line})") from None
            for eq in equations.values():
                for flag in eq.flags:
                    allowed = ALLOWED_FLAGS[eq.type]
                    if flag not in allowed:
                        raise ModelError(
                            f"{model.where(key, offset)}: '{eq.varname}' cannot have the flag '{flag}' here."
                            f"{_closest(flag, allowed)} Allowed for such a line: {', '.join(sorted(allowed))}."
                        )
                if eq.varname in seen:
                    raise ModelError(f"{model.where(key, offset)}: '{eq.varname}' is defined twice.")
                if eq.varname in model.parameters:
                    raise ModelError(
                        f"{model.where(key, offset)}: '{eq.varname}' is both a variable and one of the parameters."
                    )
                seen[eq.varname] = offset


def _first_sentence(error):
    chain = [error]
    while chain[-1].__cause__ is not None:
        chain.append(chain[-1].__cause__)
    text = " ".join(str(e) for e in reversed(chain) if str(e))
    return " ".join(text.split())


def _check_identifiers(model, key, offset, text, names):
    for identifier in sorted(get_identifiers(text)):
        if identifier not in names and identifier not in ("and", "or", "not", "True", "False"):
            own = [n for n in names if not n.startswith("_") and n not in _UNITS]
            raise ModelError(
                f"{model.where(key, offset)}: the name '{identifier}' is not defined.{_closest(identifier, own)} Give "
                "it an equation, or a value in 'parameters'."
            )


def _check_expression(model, key, offset, text, names, dim=None, boolean=False, label=None):
    _check_identifiers(model, key, offset, text, names)
    try:
        found = parse_expression_dimensions(text, names)
        if boolean and not is_boolean_expression(text, names):
            raise ModelError(f"{model.where(key, offset)}: '{text}' is not a condition (it has no truth value).")
    except (DimensionMismatchError, SyntaxError, ValueError, TypeError) as error:
        raise ModelError(f"{model.where(key, offset)}: wrong unit or syntax: {_first_sentence(error)}") from None
    if dim is not None and found is not dim:
        raise ModelError(
            f"{model.where(key, offset)}: wrong unit: {label or text} has the unit {_dim_string(found)}, not "
            f"{_dim_string(dim)}."
        )


def _dim_string(dim):
    return _unit_string(Quantity(1, dim=dim))


def _check_expressions(model, key, text, names):
    for offset, line in _logical_lines(text):
        for eq in Equations(line).values():
            if eq.type == PARAMETER:
                continue
            dim = eq.dim
            label = f"the right-hand side of {eq.varname}"
            if eq.type == DIFFERENTIAL_EQUATION:
                dim = get_or_create_dimension([a - b for a, b in zip(eq.dim._dims, second.dim._dims, strict=True)])
                label = f"the right-hand side of d{eq.varname}/dt"
            expression = " ".join(str(eq.expr.code).split())
            names_here = names | {"xi": _variable("xi", (second**-0.5).dim)}
            _check_expression(model, key, offset, expression, names_here, dim=dim, label=label)


def _check_statements(model, key, text, names):
    done = []
    defined = dict(names)
    statements = [(offset, part.strip()) for offset, line in _logical_lines(text) for part in line.split(";")]
    for offset, line in statements:
        if not line:
            continue
        left = line
        for op in ("+=", "-=", "*=", "/=", "="):
            if op in line:
                left, right = line.split(op, 1)
                break
        else:
            raise ModelError(f"{model.where(key, offset)}: '{line}' is not an assignment.")
        left = left.strip()
        _check_identifiers(model, key, offset, right, defined)
        if left not in defined:
            if op != "=":
                raise ModelError(
                    f"{model.where(key, offset)}: the name '{left}' is not defined.{_closest(left, defined)}"
                )
            try:
                dim = parse_expression_dimensions(right.strip(), defined)
                dtype = brian_ast(right.strip(), defined).dtype
            except (DimensionMismatchError, SyntaxError, ValueError, TypeError) as error:
                raise ModelError(
                    f"{model.where(key, offset)}: wrong unit or syntax: {_first_sentence(error)}"
                ) from None
            defined[left] = _variable(left, dim, dtype)
        elif isinstance(defined[left], Constant):
            raise ModelError(f"{model.where(key, offset)}: '{left}' is a parameter or a constant and cannot be set.")
        done.append(line)
        try:
            check_units_statements(line, defined)
        except Exception as error:
            raise ModelError(f"{model.where(key, offset)}: wrong unit or syntax: {_first_sentence(error)}") from None
