"""Names that meet: files that know nothing of each other may use the same name, and each keeps its own meaning.

A composition puts strings of several files into one group of Brian2's, where every name exists once.  A name belongs to
the file that defines it: with an equation, as a parameter, or with an assignment that later statements read (a local
variable).  Where two files have the same name for different things, the later one in the order of kinds (neuron,
encoder, goodness, rule, optimizer) gets another in the network, ``NAME_of_KIND``, in all of its strings; so does a name
that the generated code cannot have, such as ``double``.  Three exceptions:

- what files of other kinds are written for (`Kind.contract`: the trace ``x``, ...) keeps its name, and the other is
  renamed;
- what brianff itself offers to the strings of a file (`Kind.at_hand`) cannot be defined there: nobody could tell which
  of both is meant;
- ``w`` in strings of synapses is always the weight.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, field, replace

from brian2 import have_same_dimensions

from brianff.equations.kinds import KINDS, LAYER_NAMES, NEURON_NAMES, OF_SYNAPSES, SYNAPSE_NAMES
from brianff.equations.limits import parameter_value, require_limits
from brianff.equations.text import SUFFIXES, base_name, closest, equation_lines, names_in, statement_lines, strings_in
from brianff.errors import ModelError
from brianff.values import numbers_of

__all__ = ["Isolated", "isolate"]

# What brianff itself has in the groups of a network; `scopes` of names are these: in "hidden", neurons and the synapses
# that reach them, which see all names of their neurons.
_INTERNAL = {
    "input": {
        *KINDS["encoder"].at_hand,
        *("is_pixel", "shown_label", "label_class", "first_label", "in_class", "neutral", "pixel"),
        *("image_index", "label", "presentation_index", "first_step_of_epoch"),
    },
    "hidden": {
        *(NEURON_NAMES | SYNAPSE_NAMES),
        *(string.variable for kind in KINDS.values() for string in kind.strings.values() if string.variable),
        *("label", "presentation_index", "own_class", "shown_class", "perturbation", "N_pre", "N_post"),
        "first_step_of_epoch",
    },
    "layer": {*LAYER_NAMES, "t_stop", "phase_at"},
    "channel": set(SYNAPSE_NAMES),
    "class": {"own_class", "target", "entry", "label", *SYNAPSE_NAMES},
}
_SCOPES = {"input": {"input"}, "both": {"input", "hidden"}}
_SCOPES |= dict.fromkeys(("layer", "layers", "goodness", "sum"), {"layer"})
_SCOPES |= {"channels": {"channel"}, "classes": {"class"}, "readout": {"class", "hidden"}, "class_sum": {"layer"}}
_EVERYWHERE = {"input", "hidden", "layer", "channel", "class"}
for _names in _INTERNAL.values():
    _names |= {"epoch_index", "epoch_length", "epoch_began"}
# Words of C++ and CUDA, macros of their headers, what the templates hand to Python, and what Brian2 asks a group for.
_GENERATED = set(
    """alignas alignof and_eq asm auto bitand bitor bool break case catch char class compl concept const const_cast
    constexpr continue decltype default delete do double dynamic_cast else enum explicit export extern false
    float for friend goto if inline int long mutable namespace new noexcept not_eq nullptr operator or_eq
    private protected public register reinterpret_cast requires restrict return short signed sizeof static
    static_assert static_cast struct switch template this thread_local throw true try typedef typeid typename
    union unsigned using virtual void volatile wchar_t while xor xor_eq int8_t int16_t int32_t int64_t uint8_t
    uint16_t uint32_t uint64_t size_t std brian assert errno stdin stdout stderr BUFSIZ CHAR_BIT CHAR_MAX
    CHAR_MIN CLOCKS_PER_SEC DBL_MAX DBL_MIN EOF FLT_MAX FLT_MIN HUGE_VAL INFINITY INT_MAX INT_MIN LONG_MAX
    LONG_MIN M_1_PI M_2_PI M_E M_LN2 M_LN10 M_LOG2E M_LOG10E M_PI M_PI_2 M_PI_4 M_SQRT2 NAN NULL RAND_MAX
    SCHAR_MAX SHRT_MAX UCHAR_MAX UINT_MAX ULONG_MAX isnan isinf isfinite signbit major minor linux unix
    DEFAULT_CASE blockIdx blockDim threadIdx gridDim warpSize min max abs fabs pow fmod floor_divide owner
    variables scalar_code vector_code codeobj_name variable_indices get_array_name eventspace_variable
    LazyArange logical_not logical_and logical_or inf nan source class_name codeobj_class collected
    conditional_write dtype resize idx vectorisation_idx entry_idx cond numpy spikespace""".split()
)


@dataclass
class _Own:
    """A name that a file defines."""

    where: str
    scopes: set
    what: str  # "variable", "parameter", "course" (of time) or "local"


@dataclass
class Isolated:
    """Models whose names do not meet, the values of all parameters, and what was renamed: kind -> new -> old."""

    models: dict
    values: dict
    renamed: dict = field(default_factory=dict)
    own: dict = field(default_factory=dict)  # kind -> variables that it defines, and that are not in its contract
    loaded: dict = field(default_factory=dict)  # the models as they were before

    def foreign(self, kind):
        """Variables of files of other kinds, in all their forms, that a file of this kind has no part in."""
        names = set().union(*(names for k, names in self.own.items() if k != kind)) - self.own[kind]
        return {name + suffix for name in names for suffix in ("", "_pre", "_post")}

    def as_written(self, kind, message):
        """A message about a file, in the names of this file."""
        for new, old in self.renamed.get(kind, {}).items():
            message = re.sub(rf"\b(d?){new}(?={'|'.join(SUFFIXES)}|\b)", rf"\g<1>{old}", message)
        return message


def isolate(models, overrides):
    """Rename what has the same name in two files and means different things.

    Parameters
    ----------
    models : dict of kind -> `Model`
    overrides : dict
        Values that replace those of the files: ``NAME``, or ``KIND.NAME`` where two files have the name.

    Returns
    -------
    isolated : `Isolated`

    Raises
    ------
    ModelError
        If a file defines a name twice, or one that is taken; if an override fits no parameter.
    """
    own = {kind: _own_names(model) for kind, model in models.items()}
    for kind, model in models.items():
        _refuse_taken(model, own[kind])
        _refuse_ambiguous_locals(model, own, models)
    parameters = _overridden(models, overrides)
    mapping = _new_names(models, own, parameters)
    _follow(models, own, mapping)
    renamed, values = {}, {}
    for kind, model in models.items():
        if mapping[kind]:
            renamed[kind] = _renamed(model, mapping[kind], own[kind])
        values |= {mapping[kind].get(name, name): value for name, value in parameters[kind].items()}
    back = {kind: {new: old for old, new in names.items()} for kind, names in mapping.items() if names}
    variables = {
        kind: {mapping[kind].get(name, name) for name, o in names.items() if o.what == "variable"}
        - models[kind].schema.contract
        for kind, names in own.items()
    }
    return Isolated(models | renamed, values, back, variables, models)


# -- what a file defines -------------------------------------------------------------------------------------------
def _own_names(model):
    """name -> `_Own` of all that a file defines."""
    found = {}
    for key, string in model.schema.strings.items():
        scopes = _SCOPES.get(string.group, {"hidden"})
        for offset, line in equation_lines(model[key]) if string.sort == "equations" else ():
            if not (match := re.match(r"d(\w+)\s*/\s*dt\s*=|(\w+)\s*(?:=|:)", line)):
                continue
            name, where = match[1] or match[2], model.where(key, offset)
            if name in found:
                raise ModelError(f"{where}: '{name}' is defined twice, here and in {found[name].where}.")
            found[name] = _Own(where, scopes, "variable")
    for name in model.parameters:
        where = model.where_entry("parameters", name)
        if name in found:
            raise ModelError(f"{found[name].where}: '{name}' is both a variable and one of the parameters ({where}).")
        found[name] = _Own(where, _EVERYWHERE, "parameter")
    found |= {name: _Own(model.where(name), _EVERYWHERE, "course") for name in model.courses}
    for key, string in model.schema.strings.items():
        for name, offset in _locals(model, key, string.group, found) if string.sort == "statements" else ():
            own = found.setdefault(name, _Own(model.where(key, offset), set(), "local"))
            own.scopes |= _SCOPES.get(string.group, {"hidden"})
    return found


def _locals(model, key, group, defined):
    """Names that a string assigns and reads afterwards, and that are not defined elsewhere: (name, offset)."""
    statements = list(statement_lines(model[key]))
    not_local = set(defined) | model.schema.at_hand | model.schema.contract
    if group in OF_SYNAPSES:
        not_local |= {"w", "dw", "plastic"}
    for k, (offset, statement) in enumerate(statements):
        match = re.match(r"(\w+)\s*([-+*/]?=)(?!=)(.*)", statement)
        if not match or match[1] in not_local or base_name(match[1])[1]:
            not_local |= names_in(statement)
            continue
        name = match[1]
        not_local |= names_in(match[3])
        later = names_in(*(text for _, text in statements[k + 1 :]))
        first = model.schema.alone or group in OF_SYNAPSES  # these set nothing that is another's
        if match[2] == "=" and name not in not_local and (first or name in later):
            yield name, offset
        not_local.add(name)


def _refuse_taken(model, own):
    """Names that brianff or another file gives this one to use, and names that look like a variable elsewhere."""
    taken = model.schema.at_hand - model.schema.contract
    variables = {name for name, o in own.items() if o.what == "variable"}
    of_layers = LAYER_NAMES | KINDS["goodness"].contract
    group_of = {"_pre": "presynaptic neuron", "_post": "postsynaptic neuron", "_layer": "layer", "_channel": "channel"}
    for name, o in own.items():
        base, suffix = base_name(name)
        weight = name in SYNAPSE_NAMES and o.what == "parameter" and model.kind == "neuron"  # which on_pre could mean
        if name in taken or weight:
            raise ModelError(
                f"{o.where}: '{name}' is also defined by brianff, or by another file, as a name for the strings of a "
                f"{model.kind}: rename it."
            )
        if suffix and base in (variables if suffix in ("_pre", "_post", "_channel") else variables | of_layers):
            raise ModelError(
                f"{o.where}: '{name}' is also defined as what strings call '{base}' of the "
                f"{group_of.get(suffix, 'layer below')}: rename it."
            )
        if o.what == "variable" and suffix in ("_pre", "_post"):  # Brian2 has no such variables
            raise ModelError(
                f"{o.where}: a variable cannot be called '{name}': in strings of synapses, that is '{base}' of the "
                f"{group_of[suffix]}. Rename it."
            )


def _refuse_ambiguous_locals(model, own, models):
    """A user's file that assigns to a name of another file and reads it afterwards: is a local variable meant?"""
    if model.schema.alone or model.ships:
        return
    for name, o in own[model.kind].items():
        for kind in models:
            other = own[kind].get(name)
            if o.what == "local" and kind != model.kind and other and other.what == "variable":
                if "hidden" in o.scopes & other.scopes or "layer" in o.scopes & other.scopes:
                    raise ModelError(
                        f"{o.where}: '{name}' is also defined in {other.where}: if a variable of this string's own is "
                        "meant, rename it."
                    )


# -- parameters ----------------------------------------------------------------------------------------------------
def _overridden(models, overrides):
    """kind -> name -> value of every parameter."""
    parameters = {kind: dict(model.parameters) for kind, model in models.items()}
    given = {kind: set() for kind in models}
    for key, value in overrides.items():
        for kind in _kinds_with(models, key):
            name = key.rpartition(".")[2]
            before = parameters[kind][name]
            value = parameter_value(key, value, "--set")
            if not have_same_dimensions(before, value):
                raise ModelError(f"--set: the parameter '{key}' has the unit of {before}, which {value} has not.")
            parameters[kind][name] = value
            given[kind].add(name)
    for kind, model in models.items():
        require_limits([model], parameters[kind], given[kind])
        for name, value in parameters[kind].items():
            if (name == "tau" or name.startswith("tau_")) and numbers_of(value).min() <= 0:
                where = "--set" if name in given[kind] else model.where_entry("parameters", name)
                raise ModelError(f"{where}: the time constant '{name}' must be positive, not {value}.")
    return parameters


def _kinds_with(models, key):
    """Kinds whose files have the parameter that an override, ``NAME`` or ``KIND.NAME``, means."""
    kind, dot, name = key.rpartition(".")
    having = [k for k, model in models.items() if name in model.parameters and (not dot or k == kind)]
    if not having:
        names = list(dict.fromkeys(name for model in models.values() for name in model.parameters))
        raise ModelError(
            f"--set: no chosen model has a parameter '{key}'.{closest(name, names)} There are: {', '.join(names)}."
        )
    first = models[having[0]]
    for k in having:
        if not _same(models[k].parameters[name], first.parameters[name]):
            raise ModelError(
                f"--set: the parameter '{key}' is {first.parameters[name]} in {first.path} and "
                f"{models[k].parameters[name]} in {models[k].path}: say which with {first.kind}.{name} or {k}.{name}."
            )
    return having


def _same(a, b):
    return have_same_dimensions(a, b) and bool(a == b)


# -- new names -----------------------------------------------------------------------------------------------------
def _new_names(models, own, parameters):
    """kind -> old -> new name of all that must have another one."""
    mapping = {kind: {} for kind in models}
    taken = defaultdict(list)  # name -> [(kind, _Own)] that keep it
    everything = set().union(*own.values())
    variables = {n for of_kind in own.values() for n, o in of_kind.items() if o.what == "variable"}
    found = [(kind, name, name in model.schema.contract) for kind, model in models.items() for name in own[kind]]
    for kind, name, of_contract in sorted(found, key=lambda one: not one[2]):
        o, (base, suffix) = own[kind][name], base_name(name)
        internal = name in _GENERATED or any(name in _INTERNAL[scope] for scope in o.scopes)
        shadows = suffix and base in variables | _INTERNAL["hidden"] | _INTERNAL["layer"]
        meets = any(_meet(name, (kind, o), other, parameters) for other in taken[name])
        if of_contract or not (internal or shadows or meets):
            taken[name].append((kind, o))
            continue
        new = f"{name}_of_{kind}"
        while new in everything:
            new += "_too"
        mapping[kind][name] = new
        everything.add(new)
    return mapping


def _meet(name, one, other, parameters):
    (kind, a), (kind_of_other, b) = one, other
    if a.what == b.what == "parameter":
        return not _same(parameters[kind][name], parameters[kind_of_other][name])
    return bool(a.scopes & b.scopes)


def _follow(models, own, mapping):
    """Files that use a name which two others define mean that of the models that they were written with."""
    for kind, model in models.items():
        used = {base_name(n)[0] for n in _used(model)} | _used(model)
        for name in used - own[kind].keys():
            owners = [k for k in models if k != kind and name in own[k] and own[k][name].what != "local"]
            of_contract = any(name in models[k].schema.contract for k in owners)
            if len(owners) < 2 or of_contract or all(name not in mapping[k] for k in owners):
                continue
            if not model.ships:
                places = " and in ".join(own[k][name].where for k in owners)
                raise ModelError(f"{_place(model, name)}: '{name}' is defined in {places}: rename one of them.")
            owner = next((k for k in owners if models[k].ships), owners[0])
            if name in mapping[owner]:
                mapping[kind][name] = mapping[owner][name]


def _used(model):
    words = {key for key, string in model.schema.strings.items() if string.sort == "words"} | {"method"}
    return names_in(*strings_in({key: text for key, text in model.strings.items() if key not in words}))


def _place(model, name):
    """Where the first string stands that uses a name."""
    for key in model.schema.strings:
        for offset, line in enumerate(str(model[key]).splitlines()):
            if any(name in (n, base_name(n)[0]) for n in names_in(line)):
                return model.where(key, offset)
    return str(model.path)


def _renamed(model, mapping, own):
    """The model with other names in all its strings."""
    strings = {}
    for key, value in model.strings.items():
        string = model.schema.strings[key]
        if isinstance(value, dict):
            strings[key] = {
                mapping.get(name, name): _rename(v, mapping, own) if isinstance(v, str) else v
                for name, v in value.items()
            }
        elif key == "method" or string.sort == "words":
            strings[key] = value
        else:
            here = {k: v for k, v in mapping.items() if string.group not in OF_SYNAPSES or k not in SYNAPSE_NAMES}
            strings[key] = _rename(value, here, own, mapping, string.sort == "equations")
    parameters = {mapping.get(name, name): value for name, value in model.parameters.items()}
    courses = {mapping.get(name, name): course for name, course in model.courses.items()}
    return replace(model, strings=strings, parameters=parameters, courses=courses)


def _rename(text, mapping, own, with_suffix=None, equations=False):
    with_suffix = mapping if with_suffix is None else with_suffix

    def new(match):
        token = match[0]
        base, suffix = base_name(token)
        if token in own or not suffix:
            return mapping.get(token, token)
        return with_suffix[base] + suffix if base in with_suffix and _has_form(own.get(base), suffix) else token

    lines = []
    for line in text.split("\n"):
        code, sign, comment = line.partition("#")
        code, colon, unit = code.partition(":") if equations else (code, "", "")
        left = re.match(r"(\s*d)(\w+)(\s*/\s*dt\s*=)", code) if equations else None
        start = left[1] + mapping.get(left[2], left[2]) + left[3] if left else ""
        code = start + re.sub(r"(?<![\w.])[A-Za-z_]\w*", new, code[left.end() if left else 0 :])
        lines.append(code + colon + unit + sign + comment)
    return "\n".join(lines)


def _has_form(own, suffix):
    """Whether a name with this suffix is the variable that a file defines (or, without `own`, reads from another)."""
    if own is None:
        return True
    of_suffix = {"_layer": {"layer"}, "_below": {"layer"}, "_channel": {"channel"}}
    scopes = of_suffix.get(suffix, {"input", "hidden", "class"})
    return own.what == "variable" and bool(own.scopes & scopes)
