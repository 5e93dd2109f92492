"""What is wrong with the strings of a model, string by string, in a composition, before anything is built.

What is wrong with a model by itself is found by `brianff.equations.definitions`; whether Brian2 can build a network of
it is tried in `brianff.network.trial`.
"""

import functools
import re
from copy import copy
from dataclasses import dataclass, field, replace

import numpy as np
from brian2 import second
from brian2.core.functions import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS, Function
from brian2.core.variables import Constant, Variable
from brian2.equations.equations import DIFFERENTIAL_EQUATION, PARAMETER, SUBEXPRESSION
from brian2.equations.unitcheck import check_units_statements
from brian2.parsing.bast import brian_ast
from brian2.parsing.expressions import is_boolean_expression, parse_expression_dimensions
from brian2.parsing.statements import parse_statement
from brian2.stateupdaters.base import StateUpdateMethod
from brian2.units.fundamentalunits import DIMENSIONLESS, DimensionMismatchError, get_dimensions
from brian2.utils.stringtools import get_identifiers

from brianff.equations.advice import advice, function_advice
from brianff.equations.integration import default_method
from brianff.equations.kinds import OF_SYNAPSES
from brianff.equations.text import (
    base_name,
    closest,
    code_of,
    equation_lines,
    equations_of,
    first_sentence,
    foreign_name,
    names_in,
    statement_lines,
    strings_in,
    unit_string,
    without_comments,
)
from brianff.errors import ModelError
from brianff.noise import FUNCTIONS
from brianff.values import UNITS

__all__ = ["check_model", "check_own_files", "environment_of"]

# When strings run for some neurons or synapses, or after the state update: no place to set what all share.
AT_SPIKES = {"reset", "on_step", "on_threshold", "on_pre", "on_spike", "on_post"}


# -- names at hand -------------------------------------------------------------------------------------------------
def _variable(name, dim, var_type="float", scalar=False, read_only=False):
    dtype = {"float": np.float64, "integer": np.int32, "boolean": np.bool_}[var_type]
    return Variable(name, dimensions=dim, dtype=dtype, scalar=scalar, read_only=read_only)


def _variables(text):
    """Brian2 variables that equations define; what a statement cannot set is read-only."""
    found = {}
    for eq in equations_of(text).values():
        read_only = eq.type == SUBEXPRESSION or not {"constant", "linked"}.isdisjoint(eq.flags)
        found[eq.varname] = _variable(eq.varname, eq.dim, eq.var_type, "shared" in eq.flags, read_only)
    return found


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


def _common(composition):
    """Names that every string may use."""
    parameters = {
        name: Constant(name, dimensions=get_dimensions(value), value=float(np.asarray(value)))
        for name, value in composition.parameters.items()
    }
    times = {name: _variable(name, second.dim, scalar=True, read_only=True) for name in ("t", "dt", "T_epoch")}
    times["t_in_timesteps"] = _variable("t_in_timesteps", DIMENSIONLESS, "integer", scalar=True, read_only=True)
    return _brian2_names() | parameters | times


def environment_of(composition):
    """Names that the strings of each part may use: part -> name -> Brian2 variable, constant or function."""
    common = _common(composition)
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
    names = ("n_pixels", "label_neurons")
    architecture = {name: Constant(name, dimensions=DIMENSIONLESS, value=1) for name in names}
    of_image = Function(lambda image, k: k, arg_units=[second, 1], return_unit=1, stateless=True)
    of_event = Function(lambda place: place, arg_units=[second], return_unit=1, stateless=True)
    images = {"images": of_image, "event_first": of_image, "event_step": of_event, "event_count": of_event}

    synapses = _variables(composition.synapses.model)
    functions = FUNCTIONS | composition.courses
    of_layer, below = _read_only(layer, "_layer"), _read_only(base_layer, "_below")
    of_post = _read_only(own) | post  # without a suffix: those of the neurons that the synapses reach
    found = {
        "neurons": common | of_layer | below | neurons | functions,
        "input": common | _read_only(base_layer, "_layer") | inputs | architecture | functions | images,
        "layer": common | layer,
        "layers": common | base_layer,
        "goodness": common | base_layer | _read_only(base_layer, "_post") | projecting,
        "sum": common | layer | _read_only(own, "_pre"),
        "lateral": common | of_post | _read_only(own, "_pre"),
        "synapses": common | of_post | projecting | of_layer | synapses,
    }
    if composition.channels:
        found["channel variables"] = _variables(composition.channels.model)
        found["channels"] = common | of_layer | _read_only(own, "_pre") | found["channel variables"]
    found |= _environment_of_classes(composition, own, common, layer) if composition.classes else {}
    for group in found.keys() & {"goodness", "sum", "lateral", "synapses", "readout", "class_sum"}:
        found[group].pop("i", None)
    found["model"] = common | _read_only(own)
    found["hidden"] = found["output"] = found["neurons"]
    found["both"] = {k: v for k, v in found["neurons"].items() if k in found["input"]}
    found["projecting"] = dict(found["both"])
    if composition.scheme.has("output"):
        found |= _environment_of_output(composition, found, neurons, common)
    # With variables of neurons an update would run once for each entry of the batch.
    for group, variables in (("synapses", synapses), ("channels", found.get("channel variables", {}))):
        found[f"{group}.at_update"] = {
            k: v for k, v in found.get(group, {}).items() if not isinstance(v, Variable) or v.scalar or k in variables
        }
    return found


def _environment_of_classes(composition, own, common, layer):
    """Names for strings of the classes of a layer, and of the synapses that lead to them."""
    classes = _variables(composition.classes.equations)
    of_classes = {k: v for k, v in classes.items() if k not in composition.classes.links}
    of_layer = _read_only(layer, "_layer")
    pre = {f"{name}_pre": variable for name, variable in own.items()}
    post = of_classes | {f"{name}_post": variable for name, variable in of_classes.items()}
    readout = _variables(composition.readout.model)
    return {
        "classes": common | of_layer | classes,
        "readout": common | of_layer | pre | post | readout,
        "class_sum": common | layer | _read_only(of_classes, "_pre"),
    }


def _environment_of_output(composition, found, neurons, common):
    """The same for the last layer, the synapses that reach it, and those that lead from it."""
    output = _variables(composition.last_neurons.equations)
    of_layer = {name: v for name, v in found["synapses"].items() if name.endswith("_layer")}
    upper = {f"{name}_post": v for name, v in output.items() if name in neurons}
    more = {
        "output": found["neurons"] | output,
        "upper": found["synapses"] | {f"{name}_pre": v for name, v in neurons.items()} | upper,
    }
    if composition.feedback:
        ends = [{name + side: v for name, v in own.items()} for own, side in ((output, "_pre"), (neurons, "_post"))]
        shared = {name: v for name, v in neurons.items() if v.scalar}
        more["feedback"] = common | of_layer | ends[0] | ends[1] | shared | _variables(composition.feedback.model)
    return more


# -- a model in a composition ----------------------------------------------------------------------------------------
def check_own_files(composition):
    """Check the strings of all files that do not come with brianff."""
    for model in composition.models.values():
        if not model.ships:
            check_model(composition, model)


def check_model(composition, model):
    """Look at every string of one of the models of a composition.

    Returns
    -------
    notes : list of str
        Remarks on what is allowed but may not be meant.

    Raises
    ------
    ModelError
        Of the first thing that is wrong, with file, line and advice.
    """
    try:
        _check_strings(model, _environment_for(composition, model))
    except ModelError as error:  # in the file's own names, whatever they are called in the network
        raise ModelError(composition.isolated.as_written(model.kind, str(error))) from None
    return _notes(model)


def _check_strings(model, environment):
    wider = dict.fromkeys(("both", "projecting"), environment["neurons"])
    wider |= dict.fromkeys(("layers", "goodness"), environment["layer"])
    for key, string in model.schema.strings.items():
        names = environment.get(string.place, environment.get(string.group, {}))
        if key in model.strings:
            checker = _Checker(model, key, names, wider.get(string.group, {}))
            if string.sort == "values":
                checker.wider = environment["both"]
            getattr(checker, string.sort)(model.strings[key])
        if string.sort == "statements" and string.default and not model[key]:
            try:
                _Checker(model, next(iter(model.schema.strings)), names).statements(string.default)
            except ModelError as error:
                raise ModelError(f"{error} This is the default {key}, '{string.default}': define {key}.") from None


def _environment_for(composition, model):
    """Names that the strings of a model may use, group by group."""
    environment = environment_of(composition)
    for other in composition.models.values():
        for key, string in other.schema.strings.items():
            if string.variable and string.asked and string.asked not in model.schema.at_hand:
                environment["neurons"].pop(string.asked, None)
            if other is model and string.asked and string.sort == "equations":  # whether or not the rule asks for it
                environment[string.group] |= _variables(model[key])
    if model.schema.alone:  # these work with any rule, and know nothing of the variables of one
        foreign = composition.isolated.foreign(model.kind)
        for group, names in environment.items():
            environment[group] = {k: v for k, v in names.items() if k not in foreign}
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
                f"{model.where_differential(variable)}: exponential Euler cannot integrate '{variable}': the method "
                f'is {method}. To choose it, or another, write method = "{method}".'
            )
    if "(unless refractory)" in without_comments(model["equations"]) and not model["refractory"]:
        notes.append(f"{model.path}: '(unless refractory)' does nothing where no string 'refractory' says how long.")
    used = names_in(*strings_in(model.strings))
    if unused := [name for name in model.parameters if name not in used]:
        where = model.where_entry("parameters", unused[0])
        notes.append(f"{where}: no string uses the parameter '{unused[0]}'.{closest(unused[0], used)}")
    if random := sorted(name for name in used if name in ("rand", "randn", "poisson") or name.split("_")[0] == "xi"):
        notes.append(
            f"{model.path}: {random[0]} does not come from the run's seed, so that no run can be repeated or resumed "
            "with the same result: uniform(seed, presentation, draw, channel) does."
        )
    return notes


@dataclass
class _Checker:
    """Checks one string of a model file; a method for each sort of string in `SCHEMA`.

    `names` are those it may use, `wider` those that it could use if it stood in one part of the network only.
    """

    model: object
    key: str
    names: dict
    wider: dict = field(default_factory=dict)
    entry: str = ""  # of a dictionary

    @property
    def string(self):
        return self.model.schema.strings[self.key]

    def fail(self, message, offset=0):
        place = self.model.where_entry(self.key, self.entry) if self.entry else self.model.where(self.key, offset)
        raise ModelError(f"{place}: {message}") from None

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
        if self.model.schema.alone or self.string.group not in OF_SYNAPSES:
            return False
        return {name, f"{name}_pre", f"{name}_post"} <= self.names.keys() and not self.names[name].scalar

    def undefined(self, name, code):
        """The sentence on a name that the string cannot use."""
        own = [n for n in self.names if not n.startswith("_") and n not in UNITS]
        functions = [n for n, v in self.names.items() if isinstance(v, Function)]
        if re.search(rf"\b{name}\s*\(", code) and not closest(name, functions):
            return function_advice(name, functions)
        base, suffix = base_name(name)
        if suffix == "_pre" and self.model.kind == "neuron" and base in equations_of(self.model["response"]).names:
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
            self.fail(f"wrong unit or syntax: {first_sentence(error)}", offset)

    def need(self, found, expected, what, offset=0):
        if found is not expected:
            self.fail(f"wrong unit: {what} has the unit {unit_string(found)}, not {unit_string(expected)}.", offset)

    def condition(self, text):
        if not self.evaluate(text)[1]:
            self.fail(f"'{text}' is not a condition (it has no truth value).")
        if self.string.slot == "learns_when" and self.vectors(text):
            self.fail(f"'{self.vectors(text)[0]}' has many values: learns_when holds for all synapses or for none.")
        for slot, suffix, side in (("rows", "_pre", "presynaptic"), ("columns", "_post", "postsynaptic")):
            for name in self.vectors(text) if self.string.slot == slot else ():
                if not name.endswith(suffix):
                    self.fail(
                        f"'{name}' is no variable of a {side} neuron (NAME{suffix}), as a condition of {slot} needs."
                    )

    def expression(self, text):
        self.need(self.evaluate(text)[0], DIMENSIONLESS, text)

    def duration(self, text):
        self.need(self.evaluate(text)[0], second.dim, f"{self.key} is")

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
            variable, checker = self.names.get(name), replace(self, entry=name)
            if not isinstance(variable, Variable) or variable.read_only:
                checker.fail(f"there is no variable '{name}'.{closest(name, self.settable())}")
            both = name in equations_of(self.model["presynaptic"]).names  # input channels have it as well
            names = self.wider if both else self.names
            replace(checker, names=names, wider={}).statements(f"{name} = {code_of(value)}")

    def expressions(self, values):
        """A dictionary of expressions: under keys that the table names, or under variables of the same group."""
        keys = self.string.words
        for name in values.keys() - keys if keys else ():
            self.fail(f"there is no '{name}'.{closest(name, keys)} There are: {', '.join(keys)}.")
        for name in keys:
            if name not in values:
                self.fail(f"'{name}' is missing: it has {', '.join(keys)}.")
        for name, value in values.items():
            checker = replace(self, entry=name)
            if not keys and name not in self.settable():
                checker.fail(f"there is no variable '{name}'.{closest(name, self.settable())}")
            checker.evaluate(str(value))

    def words(self, text):
        allowed = self.string.words
        for word in text.replace(",", " ").split():
            if word not in allowed:
                there = f"There are: {', '.join(allowed)}."
                self.fail(f"there is no word '{word}' for '{self.key}'.{closest(word, allowed)} {there}")

    def settable(self):
        return [k for k, v in self.names.items() if isinstance(v, Variable) and not v.read_only]

    def equations(self, text):
        for offset, line in equation_lines(text):
            for eq in equations_of(line).values():
                if eq.type != PARAMETER:
                    self.equation(eq, offset)

    def equation(self, eq, offset):
        code, dim = " ".join(str(eq.expr.code).split()), eq.dim
        label = f"the right-hand side of {eq.varname}"
        checker = self
        if eq.type == DIFFERENTIAL_EQUATION:
            dim = eq.dim / second.dim
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
                if known.scalar and (set_vectors or self.string.slot in AT_SPIKES):
                    when = (
                        f"after '{set_vectors}', which is not" if set_vectors else "at a spike, or in every time step"
                    )
                    self.fail(f"'{target}' is shared by all, and cannot be set {when}.", offset)
                set_vectors = set_vectors if known.scalar else target
            try:
                check_units_statements(line, local.used(right, offset) | {target: local.names[target]})
            except Exception as error:
                self.fail(f"wrong unit or syntax: {first_sentence(error)}", offset)
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
