"""Put the strings of one model of each kind together: what Brian2 gets for every group of a network.

The strings of the files are joined by the table of kinds (`brianff.equations.kinds`), place by place.  What is added:
variables that brianff sets (`brianff.equations.variables`) where a string uses them; the initial values of
what has a differential equation, which goes back to them at the start of every stimulus epoch; the stimulus; the
parameters, as shared variables; conditions of learning; Dale's principle.

Numbers with a name of their own (``area = 20000*umetre**2``) serve to compute others, and count as parameters where a
string uses them; a one-dimensional `TimedArray` of a neuron or an encoder is called with a time, as in
``drive(t_in_epoch)``.  A name belongs to its file, whatever other files call theirs: see `brianff.equations.names`.
"""

from dataclasses import asdict, replace
from types import SimpleNamespace

import numpy as np
from brian2.equations.equations import INTEGER, PARAMETER

from brianff.equations import fit
from brianff.equations.definitions import check_file
from brianff.equations.groups import (
    AT_UPDATE,
    GroupStrings,
    SynapseStrings,
    add_channel_variables,
    channels_of,
    classes_of,
    declare_in,
    finish_group,
)
from brianff.equations.in_time import lasting, of_recurrent, recurrent_response, settling
from brianff.equations.integration import DEFAULT as EXPONENTIAL_EULER
from brianff.equations.integration import default_method
from brianff.equations.joined import Joined
from brianff.equations.kinds import FORWARD_FORWARD, LEARNING, OF_NEURONS
from brianff.equations.model import load
from brianff.equations.names import isolate
from brianff.equations.of_models import OfModels
from brianff.equations.printing import printed
from brianff.equations.repeated import repeated
from brianff.equations.text import (
    assignments,
    closest,
    equations_of,
    initial_of_shared,
    initial_statements,
    names_in,
    statement_lines,
    strings_in,
    targets,
    tidy,
    unit_of,
    without_comments,
)
from brianff.equations.variables import (
    INPUT_VARIABLES,
    LAYER_VARIABLES,
    LOOK_UP,
    NEURON_VARIABLES,
    OUTPUT_VARIABLES,
    SHOW_STIMULUS,
    SHOW_TRAINS,
    SHOWN,
    SHOWN_IMAGE,
    SPIKE_COUNT,
)
from brianff.errors import ModelError
from brianff.hashes import digest_of
from brianff.stimulus import stream
from brianff.values import Distribution

__all__ = ["Composition", "GroupStrings", "SynapseStrings", "compose"]

SPIKE = "n_spikes += 1\n"  # of the layer


class Composition(OfModels, SimpleNamespace):
    """Strings of a whole network, put together from one model of each kind of a scheme.

    Attributes
    ----------
    scheme : `Scheme`
    models : dict of kind -> `Model`
    parameters : dict of name -> quantity
    isolated : `Isolated`
    input, neurons, last_neurons, input_layer, layer : `GroupStrings`
        The last layer projects to nobody, and may be an output; the other groups are those of `GROUPS`.
    recurrent_neurons : `GroupStrings`
        Of hidden layers that project to themselves.
    layer_on_spike, layer_max, layer_sum, lateral, lateral_at_epoch_end, lateral_afterwards : str
    layer_on_spike_of_input : str
    synapses, synapses_of_input, recurrent_synapses : `SynapseStrings`
        From layer to layer; those of the first layer see spikes of the input, which may stand for several; from a layer
        to itself.
    single_spikes : str
        Why a spike of the input cannot stand for several, or nothing.
    columns, backward : str
        Of the synapses: the condition for columns; what goes back from layer to layer.
    feedback : `SynapseStrings` or None
    channels : `SynapseStrings` or None
        What the neurons of a channel share.
    classes : `GroupStrings` or None
        Of rules with class scores in every layer; then also: `readout`, a `SynapseStrings`, and strings `score`,
        `class_max`, `class_sum`, `readout_backward`.
    kept : tuple of str
        Variables of hidden neurons that go on from run to run.
    """

    @property
    def courses(self):
        """Courses of time of all files: name -> `TimedArray`."""
        return {name: course for model in self.models.values() for name, course in model.courses.items()}

    @property
    def online(self):
        """Whether the rule changes weights at spikes or in every time step, and leaves nothing to an optimizer."""
        return not self.synapses.at_update

    @property
    def has_output(self):
        """Whether the last layer is an output with targets; without one, every hidden layer has a goodness."""
        return self.scheme.has("output")

    @property
    def hidden_learns(self):
        return not self.has_output or bool(self.backward or self.feedback)

    @property
    def several_at_once(self):
        """Whether a spike of an input channel stands for its `multiplicity`."""
        return "multiplicity" in equations_of(self.input.equations).names

    @property
    def presentations(self):
        """How often every sample is shown: twice if the feedback perturbs the network."""
        return 2 if "perturbation" in equations_of(self.neurons.equations).names else 1

    @property
    def class_groups(self):
        """Whether groups of neurons, or of channels, stand for the classes."""
        return "class_group" in equations_of(self.neurons.equations).names

    def misfit(self):
        """Why these models cannot learn together, as a sentence, or None."""
        return fit.misfit(self)

    def require_fit(self):
        """Raise the `ModelError` of models that cannot learn together."""
        if reason := self.misfit():
            raise ModelError(f"{reason}.")

    def with_models(self, **models):
        """The same composition with other models, and the parameters of the files."""
        return compose(self.scheme, {m.kind: m for m in self.isolated.loaded.values()} | models)

    def of_neurons(self, level, architecture):
        """Strings of the neurons of a layer, 0 the input; the last one is like the others if it projects to itself."""
        if level in architecture.recurrent:
            return self.recurrent_neurons
        if level == architecture.depth:
            return self.last_neurons
        return self.neurons if level else self.input

    def of_synapses(self, projection):
        """Strings of a projection that learns."""
        if projection.source == projection.target:
            return self.recurrent_synapses
        return self.synapses if projection.source else self.synapses_of_input

    def parts(self, architecture):
        """(name, strings) of all groups and projections of a network."""
        parts = [("neurons0", self.input), ("layer0", self.input_layer)]
        for level in range(1, architecture.depth + 1):
            parts += [(f"neurons{level}", self.of_neurons(level, architecture)), (f"layer{level}", self.layer)]
        if self.classes:
            parts += [(f"classes{level}", self.classes) for level in range(1, architecture.depth + 1)]
        parts += [(projection.name, strings) for projection, strings in self.learning(architecture)]
        return parts + [(projection.name, self.feedback) for projection in architecture.feedback if self.feedback]

    def learning(self, architecture):
        """(projection, strings) of all that has variables which go on from run to run, but for feedback."""
        found = [(projection, self.of_synapses(projection)) for projection in architecture.projections]
        found += [(projection, self.readout) for projection in architecture.readouts if self.readout]
        return found + [(projection, self.channels) for projection in architecture.channels if self.channels]

    def parameter_inputs(self, architecture, seed=0, output=None):
        """Every parameter, in every group that has it, and every course of time, as inputs of a simulator.

        Parameters
        ----------
        architecture : `brianff.network.architecture.Architecture`
        seed : int
            Of the run: where a parameter differs between neurons, each has one value, in all entries of the batch.
        output : dict of name -> quantity, optional
            Values of parameters of the last layer alone.

        Returns
        -------
        inputs : dict of str -> float or (n,) array, in SI units

        Raises
        ------
        ModelError
            If a value that was drawn is outside of the limits of its model.
        """
        inputs = {name: np.asarray(course.values) for name, course in self.courses.items()}
        last = f"neurons{len(architecture.sizes) - 1}"
        for name, strings in self.parts(architecture):
            for parameter, value in (strings.parameters | (output or {} if name == last else {})).items():
                if isinstance(value, Distribution):
                    level = int(name.removeprefix("neurons"))
                    drawn = value.draw(stream(seed, f"parameter {parameter}", level), architecture.sizes[level])
                    self._require_limits(parameter, drawn, f"layer {level}" if level else "the input")
                    value = np.tile(drawn, architecture.batch)
                inputs[f"{name}.{parameter}"] = np.asarray(value) if np.ndim(value) else float(value)
        return inputs

    def _require_limits(self, parameter, drawn, where):
        for kind, model in self.models.items():
            written = {name: self.isolated.as_written(kind, name) for name in model.parameters}
            values = {written[name]: drawn if name == parameter else self.parameters[name] for name in written}
            for limit in model.limits:
                if written.get(parameter) in limit.names and not limit.holds(values):
                    raise ModelError(
                        f"{parameter} = {self.parameters[parameter]} gives a neuron of {where} {drawn.min()} or "
                        f"{drawn.max()}: {limit.where} needs {limit.text}."
                    )

    def plasticity(self, architecture, levels):
        """Inputs of a simulator by which the layers of these levels learn, and the others do not."""
        return {projection.key("plastic"): projection.target in levels for projection, _ in self.learning(architecture)}

    def state_variables(self, strings=None):
        """Names of the arrays of synapses, or of others, that a checkpoint has to hold, shared ones included."""
        strings = strings or self.synapses
        return [
            eq.varname
            for eq in equations_of(strings.model).values()
            if eq.type == PARAMETER
            and eq.varname not in {"plastic", "T_epoch", *strings.parameters}
            and "per_entry" not in eq.flags  # of a presentation: 0 when it begins
        ]

    def fingerprint(self, values=False):
        """A digest of all that compiled code depends on.

        Parameters
        ----------
        values : bool
            And of the values of all parameters and courses of time, which a run of compiled code is given.
        """

        def plain(strings):
            if isinstance(strings, GroupStrings | SynapseStrings):
                return {k: plain(v) for k, v in asdict(strings).items()} | {"parameters": list(strings.parameters)}
            return without_comments(tidy(strings)) if isinstance(strings, str) else strings

        of_files = ("scheme", "models", "parameters", "isolated")
        found = {name: plain(strings) for name, strings in vars(self).items() if name not in of_files}
        found["courses"] = {name: (len(c.values), float(c.dt)) for name, c in self.courses.items()}
        if values:
            found["values"] = [{name: repr(value) for name, value in self.parameters.items()}]
            found["values"] += [{name: np.asarray(c.values).tolist() for name, c in self.courses.items()}]
        return digest_of(found)

    def __str__(self):
        return printed(self)


# -- composing -----------------------------------------------------------------------------------------------------
def compose(scheme=FORWARD_FORWARD, models=None, parameters=None, dale=False):
    """Put one model of each kind together.

    Parameters
    ----------
    scheme : `Scheme`
        The kinds of models (default: those of forward-forward learning).
    models : dict of kind -> str, path or `Model`, optional
        Names, files or loaded models; those of the other kinds are the kinds' defaults.
    parameters : dict of str -> number or quantity, optional
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
    isolated = isolate(_loaded(scheme, models or {}), parameters or {})
    joined, values = Joined(scheme, isolated.models), isolated.values
    _refuse_distributions(isolated, values, joined.asked)
    layers = _layers(joined)
    variables = [{eq.varname: unit_of(eq) for eq in equations_of(group.equations).values()} for group in layers]
    hidden = ("neurons", "both", "projecting", "hidden")
    neurons, recurrent = _neurons(joined, *hidden), _neurons(joined, *hidden, recurrent=True)
    last = _last_neurons(joined)
    inputs = _input(joined)
    if "gain" not in variables[0]:
        _without_gain(inputs, neurons, recurrent, last)
    channels = channels_of(joined, values)
    classes, readout = classes_of(joined, values, variables[1])
    if channels:
        for group in (neurons, recurrent, last):
            add_channel_variables(group, channels)
    common = _common(joined, values, (inputs, neurons, last, *layers))
    of_layer = names_in(*joined.all("goodness"), *joined.all("sum"), *joined.all("class_sum"))
    synapses, feedback = _synapses(joined, values, common, dale)
    of_input = replace(synapses, on_arrival=tidy(joined.text("on_pre", "synapses")))
    at_spike = tidy(f"{SPIKE}{joined.text('on_pre', 'goodness')}") if scheme.has("goodness") else ""
    at_spike_of_input, single_spikes = at_spike, ""
    if "multiplicity" in equations_of(inputs.equations).names:
        at_spike_of_input, single_spikes = _several_at_once(joined, inputs, of_input, at_spike)
    return Composition(
        scheme=scheme,
        models=isolated.models,
        parameters=values,
        isolated=isolated,
        input=finish_group(inputs, variables[0], {}, values),
        neurons=finish_group(neurons, variables[1], variables[0], values, also=common),
        last_neurons=finish_group(last, variables[1], variables[0], values, also=common),
        recurrent_neurons=finish_group(recurrent, variables[1], variables[0], values, also=common),
        input_layer=finish_group(layers[0], {}, {}, values, also=names_in(*joined.all("goodness"))),
        layer=finish_group(layers[1], {}, {}, values, also=of_layer),
        synapses=synapses,
        synapses_of_input=of_input,
        recurrent_synapses=of_recurrent(synapses, joined),
        feedback=feedback,
        layer_on_spike=at_spike,
        layer_on_spike_of_input=at_spike_of_input,
        single_spikes=single_spikes,
        layer_max=tidy(without_comments(joined.text("largest", "sum"))),
        layer_sum=tidy(joined.text("at_epoch_end", "sum")),
        lateral=tidy(joined.text("on_pre", "lateral")),
        lateral_at_epoch_end=tidy(joined.text("at_epoch_end", "lateral")),
        lateral_afterwards=tidy(joined.text("afterwards", "lateral")),
        columns=joined.text("columns", "synapses") or None,
        backward=tidy(joined.text("backward", "upper")),
        kept=tuple(eq.varname for eq in equations_of(joined.text("equations", "hidden")).values()),
        channels=channels,
        classes=classes,
        readout=readout,
        score=tidy(joined.text("score", "readout")),
        class_max=tidy(without_comments(joined.text("largest", "class_sum"))),
        class_sum=tidy(joined.text("at_epoch_end", "class_sum")),
        readout_backward=tidy(joined.text("backward", "readout")),
    )


def _without_gain(*groups):
    """Declare the gains of layers that have none, where nothing normalises activity between the layers."""
    for group in groups:
        for gain in sorted({"gain_below", "gain_layer"} & group.names()):
            group.equations += f"\n{gain} = 1 : 1                # nothing normalises activity between the layers"


def _loaded(scheme, chosen):
    """kind -> model, each of them in order by itself."""
    kinds = {kind.name: kind for kind in scheme.kinds}
    for kind in chosen.keys() - kinds.keys():
        raise ModelError(
            f"models: {scheme.name} has no kind of model '{kind}'.{closest(kind, kinds)} It has: {', '.join(kinds)}."
        )
    models = {name: load(kind, chosen.get(name) or kind.default) for name, kind in kinds.items()}
    for model in models.values():
        check_file(model)
    return models


def _refuse_distributions(isolated, values, asked):
    """Refuse parameters that differ between neurons in strings of what has no neurons, or those of two layers."""
    differing = {name for name, value in values.items() if isinstance(value, Distribution)}
    for kind, model in isolated.models.items() if differing else ():
        for key, string in model.schema.strings.items():
            of_each = string.group in OF_NEURONS and string.asked != "credit" or string.asked not in asked
            used = set() if of_each else names_in(*strings_in({key: model[key]}))
            for name in sorted(differing & used):
                written = isolated.as_written(kind, name)
                raise ModelError(
                    f"{model.where(key)}: '{written}' = {values[name]} differs between neurons, and '{key}' of the "
                    f"{kind} needs one value for all: give it one number."
                )


def _layers(joined):
    """Strings of the layer of the input, which does not learn, and of the others."""
    counts = SPIKE_COUNT if joined.all("goodness") else ""
    found = []
    for groups in (("layers",), ("layers", "layer")):
        text = LAYER_VARIABLES + counts + joined.text("equations", *groups)
        start = f"{joined.text('remember', *groups)}\n{initial_statements(text, {})}"
        at_end = joined.text("at_epoch_end", *groups)
        found.append(GroupStrings(text, method=EXPONENTIAL_EULER, at_epoch_end=at_end, at_epoch_start=start))
    found[0].equations += SHOWN
    found[0].encode = LOOK_UP
    return found


def _neurons(joined, *groups, recurrent=False):
    """Strings of the neurons of a layer, which are in these groups; `recurrent`: of one that projects to itself."""
    own = recurrent_response(joined) if recurrent else {}
    text = joined.text("equations", *groups) + own.get("equations", "")
    encode = joined.text("encode", *groups)
    if perturbation := joined.text("perturbation", "hidden"):
        text += "\nperturbation : 1"
        if "hidden" in groups:
            encode += f"\nperturbation = int(phase_layer < 0)*({perturbation})"
    start = [joined.text("remember", *groups), initial_statements(text, joined.initial)]
    start.append(joined.text("at_epoch_start", *groups))
    if "output" in groups and joined.all("output"):
        text += OUTPUT_VARIABLES
        start.append("shown_class = int(label(epoch_index*second, entry))")
    slots = ("threshold", "reset", "refractory", "method", "on_step", "on_threshold", "at_epoch_end")
    texts = {slot: joined.text(slot, *groups) for slot in slots}
    texts["reset"] += own.get("reset", "")
    texts["on_step"] = settling(joined) + texts["on_step"]
    texts["refractory"] = texts["refractory"] or None
    texts["method"] = texts["method"] or default_method(joined.models["neuron"]["equations"])[0]
    strings = GroupStrings(equations=text, at_epoch_start="\n".join(start), encode=encode, **texts)
    _add_neuron_variables(
        strings, names_in(*joined.all("lateral", "sum", "synapses", "upper", "feedback", "readout", "channels"))
    )
    strings.at_epoch_start = initial_of_shared(text, joined.initial) + strings.at_epoch_start
    return strings


def _last_neurons(joined):
    """Those of the last layer, without what others need of neurons that project, unless something else reads it."""
    groups = ("neurons", "both", "output")
    last = _neurons(joined, *groups)
    of_post = {name.removesuffix("_post") for name in names_in(*joined.all("synapses")) if name.endswith("_post")}
    if (last.names() | of_post) & equations_of(joined.text("equations", "projecting")).names:
        last = _neurons(joined, *groups, "projecting")
    return last


def _add_neuron_variables(neurons, used_elsewhere):
    """Declare what the strings of neurons, and of the synapses that reach them, use of `NEURON_VARIABLES`."""
    elsewhere = {name.removesuffix("_pre").removesuffix("_post") for name in used_elsewhere}
    used = neurons.names() | elsewhere
    if used & {"presentation", "target"}:
        used |= {"entry"}
    for name, (declaration, at_start) in NEURON_VARIABLES.items():
        if name not in used:
            continue
        neurons.equations += f"\n{declaration}"
        neurons.at_epoch_start = f"{at_start}\n{neurons.at_epoch_start}"
    if "seed" in used:
        neurons.links["seed"] = ("input", "seed")


def _input(joined):
    """Strings of the input channels: the encoder's, those of all neurons that project, and the stimulus."""
    groups = ("input", "both", "projecting")
    own = joined.text("equations", *groups)
    encoder = joined.models["encoder"]
    used = names_in(*strings_in(encoder.strings), own)
    text = INPUT_VARIABLES + (SHOWN_IMAGE if "shown_image" in used else "") + own
    start = [joined.text("remember", *groups)]
    if "t_in_epoch" in used:
        text += f"\n{NEURON_VARIABLES['t_in_epoch'][0]}"
        start.insert(0, NEURON_VARIABLES["t_in_epoch"][1])
    projecting = equations_of(joined.text("equations", "projecting")).names
    initial = {name: value for name, value in joined.initial.items() if name in projecting}
    return GroupStrings(
        equations=text,
        threshold=joined.text("threshold", "input"),
        # What a spike does reads what it stands for, before the encoder goes on to the next one.
        reset="\n".join(filter(None, (joined.text("reset", *groups[1:]), joined.text("reset", "input")))),
        method=EXPONENTIAL_EULER,
        at_epoch_start="\n".join([*start, initial_statements(text, initial)]),
        encode=(SHOW_TRAINS if encoder.reads_spike_times else SHOW_STIMULUS) + joined.text("encode", "input"),
    )


def _several_at_once(joined, inputs, synapses, at_spike):
    """Let a spike of the input do what it does `multiplicity` times, in its reset and its synapses.

    Returns the same of what it does to its layer, and why there is no such form, as a sentence, or nothing.
    """
    jumps = joined.text("reset", "both", "projecting")
    try:
        reset = repeated(jumps, "multiplicity")
        meanwhile = {f"{name}_pre": by for name, operator, by in assignments(jumps) if operator == "+="}
        whole = equations_of(inputs.equations)["multiplicity"].var_type == INTEGER
        one, at_spike = ("", at_spike) if whole else (SPIKE, at_spike.removeprefix(SPIKE))  # graded, it is one spike
        texts = (synapses.on_arrival, synapses.on_spike, at_spike)
        arrival, on_spike, at_spike = (repeated(text, "multiplicity_pre", meanwhile) for text in texts)
        at_spike = f"{one}{at_spike}"
    except ValueError as statement:
        return at_spike, f"`{statement}` at a spike has no closed form for several spikes at once"
    inputs.reset = f"{reset}\n{joined.text('reset', 'input')}"
    synapses.on_arrival, synapses.on_spike = arrival, on_spike
    return at_spike, ""


def _common(joined, values, groups):
    """Parameters of synapses that other groups use as well.

    No name may exist in neurons and synapses, and synapses see every name of the neurons that they reach: these are
    declared in the neurons.  What lateral connections use is, too, which have no declarations of their own.
    """
    used = names_in(*joined.all("synapses", "upper", "feedback"))
    of_groups = set().union(*(group.names() for group in groups))
    return used & {*values, "T_epoch"} & of_groups | names_in(*joined.all("lateral")) & set(values)


def _synapses(joined, values, common, dale):
    """Strings of the forward synapses and of the feedback."""
    learns_when = joined.text("learns_when", "synapses")
    learning = "t > 0*second and " + (f"({learns_when})" if learns_when else LEARNING)
    updates, since = joined.text("at_update", "synapses"), lasting(joined)
    if dale:
        updates = _keep_signs(joined, updates)
    synapses = SynapseStrings(
        model="w : 1\nplastic : boolean (shared)\n" + joined.text("model", "synapses"),
        on_arrival=tidy(joined.text("on_pre", "synapses", "upper")),
        on_spike=tidy(joined.text("on_spike", "synapses")),
        on_post=tidy(joined.text("on_post", "synapses")),
        on_step=tidy(joined.text("on_step", "synapses")),
        step_condition=f"plastic and ({learns_when})" if learns_when else "",
        settle=tidy(joined.text("settle", "synapses")) if since else "",
        settle_condition=f"plastic and ({learns_when}) and {since} == 0" if since else "",
        at_epoch_end=tidy(joined.text("at_epoch_end", "synapses")),
        condition=f"plastic and {learning}",
        rows=joined.text("rows", "synapses") or None,
        at_update=tidy(updates),
    )
    declare_in(synapses, values, names_in(*joined.all("synapses", "upper"), updates) - common)
    feedback = None
    if at_end := tidy(joined.text("at_epoch_end", "feedback")):
        feedback = SynapseStrings(
            model=joined.text("model", "feedback"),
            at_epoch_end=at_end,
            condition=learning,
            at_update=tidy(joined.text("at_update", "feedback")),
            update_condition=AT_UPDATE,
        )
        declare_in(feedback, values, names_in(*joined.all("feedback")) - common)
    return synapses, feedback


def _keep_signs(joined, at_update):
    """Dale's principle: a weight that would change its sign stays at a trace of the old one, which remembers it."""
    if not at_update:
        rule = next(model for model in joined.models.values() if model.schema.changes_weights)
        raise ModelError(
            f"{rule.path}: this rule changes weights itself, without an optimizer that could keep their signs: Dale's "
            "principle needs another rule."
        )
    statements = [text for _, text in statement_lines(at_update)]
    first = next(k for k, text in enumerate(statements) if "w" in targets(text))  # shared variables come before it
    statements.insert(first, "sign_of_w = 2*int(w > 0) - 1")
    return "\n".join([*statements, "w = sign_of_w*clip(sign_of_w*w, 1e-9, inf)"])
