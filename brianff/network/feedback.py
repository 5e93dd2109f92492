"""Learning from output errors: networks whose last layer has targets, and whose hidden layers get feedback.

Composed of a neuron, an encoder and an optimizer, as forward-forward networks are, and of three kinds of their own:

===========  ======================  =========  ====================================================================
kind         name                    part       meaning
===========  ======================  =========  ====================================================================
eligibility  presynaptic             both       variables of every neuron that projects
eligibility  presynaptic_on_spike    both       their jumps at an own spike
eligibility  neuron                  neurons    further variables of a neuron
eligibility  on_step                 neurons    statements in every time step
eligibility  on_threshold            neurons    statements at a spike, before any synapse; `n_spikes`: earlier ones
eligibility  synapse*                synapses   must define `dw`
eligibility  on_post                 synapses   what a postsynaptic spike does
eligibility  synapse_on_step, rows   synapses   statements in every time step; `rows` for which they run
eligibility  at_epoch_end*           synapses   statements that change `dw`, with the error `delta_post`
eligibility  columns                 synapses   condition of `_post` variables; other columns are skipped then
feedback     neuron                  neurons    variables of hidden and output neurons
feedback     on_threshold, on_spike  neurons    statements at a spike, before any synapse and at the reset
feedback     on_pre                  synapses   what a spike of a hidden neuron does, beside the neuron's own on_pre
feedback     at_epoch_start          neurons    statements when a stimulus epoch begins
feedback     hidden_at_epoch_start   neurons    the same for hidden neurons only, afterwards
feedback     remember                neurons    statements before the reset of a stimulus epoch
feedback     perturbation            neurons    a number; `perturbation` is this in a presentation of phase -1, else 0;
                                                every sample is then shown twice, first with phase -1
feedback     backward                synapses   statements of the forward synapses, the last layer's first, by which
                                                `delta_pre` of a hidden layer is made of `delta_post`
feedback     synapse                 feedback   variables of the synapses from the output to a hidden layer
feedback     at_epoch_end            feedback   statements that change `delta_post`, from `delta_pre` of the output
feedback     at_update               feedback   statements with every step of the optimizer
loss         neuron*                 neurons    must define `n_spikes`, and `delta`, the error
loss         hidden                  hidden     further variables of hidden neurons, kept from run to run
loss         on_spike*               neurons    statements at a reset
loss         at_epoch_start          neurons    statements when a stimulus epoch begins
loss         output_at_epoch_end*    output     statements when it ends; `own_class`, and `shown_class` of the sample
loss         output_score*           output     what predictions compare, with `excess` (0 where the neuron has none)
loss         hidden_at_epoch_end*    hidden     the same for hidden neurons, before the feedback
===========  ======================  =========  ====================================================================

A feedback without `backward` and `at_epoch_end` leaves the hidden layers as they are.

Order of what happens at the boundary between two stimulus epochs (see `brianff.network`): -45 the loss makes `delta`;
-44 to -43 the feedback; -42 weight changes accumulate; -40 the optimizer and the feedback's update; -30 the reset.
"""

from dataclasses import dataclass

import numpy as np
from brian2.equations.equations import Equations

from brianff.equations.compose import (
    DEFAULT_ON_PRE,
    LAYER_VARIABLES,
    SHOW_STIMULUS,
    Composition,
    GroupStrings,
    ModelError,
    SynapseStrings,
    _add_neuron_variables,
    _declare,
    _environment,
    _finish_group,
    _initial,
    _initial_of_shared,
    _input_equations,
    _joined,
    _unit_of,
    _used_names,
    _variables,
    check_and_isolate,
    initial_of_presynaptic,
    load,
    start_of_input,
)
from brianff.equations.integration import default_method
from brianff.equations.text import names_in, tidy
from brianff.network.feedforward import FeedForwardNetwork

__all__ = ["FEEDBACK_DEFAULTS", "FeedbackComposition", "FeedbackNetwork", "compose_feedback", "environment_of_feedback"]

FEEDBACK_DEFAULTS = {
    "neuron": "two_exponential",
    "encoder": "time_to_first_spike",
    "eligibility": "spike_time",
    "feedback": "sfdfa",
    "loss": "spike_count",
    "optimizer": "adam",
}
OUTPUT_VARIABLES = """
own_class : integer (constant)               # class that the neuron stands for
shown_class : integer                        # class of the sample
"""
LEARNING = "t > 0*second and phase_layer > 0"


@dataclass
class FeedbackComposition(Composition):
    """Equations of a network with output targets; `neurons` are the hidden ones, `last_neurons` the output."""

    on_pre_of_input: str = ""
    columns: str | None = None
    backward: str = ""
    feedback: SynapseStrings | None = None
    kept: tuple = ()  # variables of hidden neurons that go on from run to run

    @property
    def network_class(self):
        return FeedbackNetwork

    def misfit(self):
        """Why these models cannot learn together, as a sentence, or None."""
        from brianff.equations.feedback_fit import misfit

        return misfit(self)

    @property
    def hidden_learns(self):
        return bool(self.backward.strip() or self.feedback)

    @property
    def presentations(self):
        """How often every sample is shown: twice if the feedback perturbs the network."""
        return 2 if self.models["feedback"]["perturbation"] else 1

    def parts(self, n_levels):
        """As of any network, and the feedback synapses."""
        of_feedback = [(f"feedback{level}", self.feedback) for level in range(1, n_levels) if self.feedback]
        return super().parts(n_levels) + of_feedback

    def state_variables(self):
        """Names of the synaptic variables that go on from run to run: neither eligibilities, which every presentation
        begins anew, nor `dw`, which is 0 after an update."""
        equations = Equations(self.synapses.model)
        return [name for name in super().state_variables() if name != "dw" and "per_entry" not in equations[name].flags]

    def __str__(self):
        before, parameters = super().__str__().split("\n\n[parameters]")
        more = [
            ("[neurons] at a spike, before any synapse", self.neurons.on_threshold),
            ("[output neurons] equations", self.last_neurons.equations),
            ("[output neurons] reset", self.last_neurons.reset),
            ("[output neurons] at the end of a stimulus epoch", self.last_neurons.at_epoch_end),
            ("[output neurons] at the start of a stimulus epoch", self.last_neurons.at_epoch_start),
            ("[synapses of the input] on_pre", self.on_pre_of_input),
            ("[synapses] backward", self.backward),
            ("[synapses] columns that the end of a stimulus epoch changes", self.columns or ""),
        ]
        if self.feedback:
            more += [
                ("[feedback synapses] model", self.feedback.model),
                ("[feedback synapses] at the end of a stimulus epoch", self.feedback.at_epoch_end),
                ("[feedback synapses] at an update", self.feedback.at_update),
            ]
        for title, text in more:
            if text := tidy(text):
                before += f"\n\n{title}\n" + "\n".join("    " + line for line in text.splitlines())
        return f"{before}\n\n[parameters]{parameters}"


def compose_feedback(parameters=None, **chosen):
    """Put one model of each kind in `FEEDBACK_DEFAULTS` together.

    Parameters
    ----------
    parameters : dict, optional
        Values that replace those of the files.
    **chosen : str, path or `Model`
        ``neuron``, ``encoder``, ``eligibility``, ``feedback``, ``loss``, ``optimizer``.

    Returns
    -------
    composition : `FeedbackComposition`

    Raises
    ------
    ModelError
        If an equation cannot be read, two files define the same name, or a model lacks what the others need.
    """
    models = {kind: load(kind, chosen.get(kind) or default) for kind, default in FEEDBACK_DEFAULTS.items()}
    isolated = check_and_isolate(models, parameters or {})
    models, values = isolated.models, isolated.values
    n, c, e, f, loss, o = (models[kind] for kind in FEEDBACK_DEFAULTS)
    uses_surrogate = "surrogate" in names_in(e["neuron"], e["on_step"])
    if uses_surrogate and not n["surrogate"]:
        raise ModelError(
            f"{n.path}: the eligibility '{e.name}' needs a 'surrogate' (pseudo-derivative of the spike) and the neuron "
            f"'{n.name}' defines none."
        )

    def neuron_strings(projects, variables, at_epoch_end, at_epoch_start):
        of_own = n["presynaptic"] if projects or _reads_presynaptic(n) else ""
        own_on_spike = n["presynaptic_on_spike"] if of_own else ""
        presynaptic = _joined(of_own, e["presynaptic"] if projects else "")
        text = "\n".join([n["equations"], presynaptic, e["neuron"], loss["neuron"]])
        text += "\n" + "\n".join([f["neuron"], variables])
        if uses_surrogate:
            text += f"\nsurrogate = {n['surrogate']} : 1"
        if f["perturbation"]:
            text += "\nperturbation : 1"
        if "gain_below" in names_in(text, n["reset"], n["threshold"]):
            text += "\ngain_below = 1 : 1                # nothing normalises activity between the layers"
        on_spike = _joined(own_on_spike, e["presynaptic_on_spike"] if projects else "")
        return GroupStrings(
            equations=text,
            threshold=n["threshold"],
            reset="\n".join([n["reset"], on_spike, loss["on_spike"], f["on_spike"]]),
            refractory=n["refractory"] or None,
            method=n["method"] or default_method(n["equations"])[0],
            on_step="\n".join([n["on_step"], e["on_step"]]),
            on_threshold="\n".join([e["on_threshold"], f["on_threshold"]]),
            at_epoch_end=at_epoch_end,
            at_epoch_start=_initial_of_shared(text, n.strings.get("initial", {}))
            + "\n".join(
                [f["remember"], _initial(text, n.strings.get("initial", {})), loss["at_epoch_start"]]
                + [f["at_epoch_start"], at_epoch_start]
            ),
        )

    neurons = neuron_strings(True, loss["hidden"], loss["hidden_at_epoch_end"], "")
    neurons.encode = f["hidden_at_epoch_start"]
    if f["perturbation"]:
        neurons.encode += f"\nperturbation = int(phase_layer < 0)*({f['perturbation']})"
    score = OUTPUT_VARIABLES + f"score = {loss['output_score']} : 1\n"
    if "excess" in names_in(loss["output_score"]):
        score += f"excess = {n['excess'] or '0'} : 1\n"
    output = neuron_strings(
        False, score, loss["output_at_epoch_end"], "shown_class = int(label(epoch_index*second, entry))"
    )
    for strings in (neurons, output):
        _add_neuron_variables(strings, set())
    input_text = _input_equations(c, _joined(n["presynaptic"], e["presynaptic"]))
    inputs = GroupStrings(
        equations=input_text,
        threshold=c["threshold"],
        reset=_joined(c["reset"], n["presynaptic_on_spike"], e["presynaptic_on_spike"]),
        method="exponential_euler",
        at_epoch_start=start_of_input(input_text) + _initial(input_text, initial_of_presynaptic(n)),
        encode=SHOW_STIMULUS + c["at_epoch_start"],
    )
    layer, input_layer = (GroupStrings(equations=LAYER_VARIABLES, method="exponential_euler") for _ in range(2))
    variables = {eq.varname: _unit_of(eq) for eq in Equations(LAYER_VARIABLES).values()}

    on_pre = n["on_pre"] or DEFAULT_ON_PRE
    synapse_text = "\n".join(["w : 1\nplastic : boolean (shared)", e["synapse"], o["synapse"]])
    of_forward = (synapse_text, on_pre, f["on_pre"], e["on_post"], e["synapse_on_step"], e["rows"], e["at_epoch_end"])
    used = names_in(*of_forward, e["columns"], f["backward"], o["at_update"])
    used_by_feedback = names_in(f["synapse"], f["at_epoch_end"], f["at_update"])
    # Synapses see every name of the neurons that they reach: what other groups use is declared in the neurons.
    of_groups = set().union(*map(_used_names, (inputs, neurons, output)))
    common = (used | used_by_feedback) & set(values) & of_groups

    def declare(text, names):
        own = {k: v for k, v in values.items() if k in names - common}
        return own, tidy(f"{text}\n{_declare(own, values)}")

    parameters_of_synapses, model = declare(synapse_text, used)
    feedback = None
    if f["at_epoch_end"].strip():
        parameters_of_feedback, feedback_model = declare(f["synapse"], used_by_feedback)
        feedback = SynapseStrings(
            model=feedback_model,
            on_pre="",
            at_epoch_end=tidy(f["at_epoch_end"]),
            condition=LEARNING,
            rows=None,
            at_update=tidy(f["at_update"]),
            update_condition="t > 0*second and learning_rate_layer > 0",
            parameters=parameters_of_feedback,
        )
    return FeedbackComposition(
        models=models,
        input=_finish_group(inputs, variables, {}, values),
        neurons=_finish_group(neurons, variables, {}, values, also=common),
        last_neurons=_finish_group(output, variables, {}, values, also=common),
        input_layer=_finish_group(input_layer, {}, {}, values),
        layer=_finish_group(layer, {}, {}, values),
        layer_on_spike="",
        layer_max="",
        layer_sum="",
        lateral="",
        synapses=SynapseStrings(
            model=model,
            on_pre=tidy(f"{on_pre}\n{f['on_pre']}"),
            at_epoch_end=tidy(e["at_epoch_end"]),
            condition=f"plastic and {LEARNING}",
            rows=e["rows"] or None,
            at_update=tidy(o["at_update"]),
            update_condition="plastic and t > 0*second and learning_rate_layer > 0",
            parameters=parameters_of_synapses,
            on_post=tidy(e["on_post"]),
            on_step=tidy(e["synapse_on_step"]),
        ),
        parameters=values,
        isolated=isolated,
        on_pre_of_input=on_pre,
        columns=e["columns"] or None,
        backward=f["backward"],
        feedback=feedback,
        kept=tuple(Equations(loss["hidden"]).names) if loss["hidden"] else (),
    )


def _reads_presynaptic(neuron):
    """Whether a neuron's own strings read what it has for those that it projects to."""
    keys = ("equations", "threshold", "reset", "refractory", "on_step")
    return bool(Equations(neuron["presynaptic"]).names & names_in(*(neuron[key] for key in keys)))


def environment_of_feedback(composition):
    """Names that the strings of each part may use, as for forward-forward networks (see `check`)."""
    found = _environment(composition)
    neurons, output = (_variables(s.equations) for s in (composition.neurons, composition.last_neurons))
    of_layer = {name: v for name, v in found["synapses"].items() if name.endswith("_layer")}
    of_own_layer = _variables(composition.layer.equations)
    common = {name: v for name, v in found["layer"].items() if name not in of_own_layer}
    upper = {f"{name}_post": v for name, v in output.items() if name in neurons}
    found["output"] = found["neurons"] | output
    found["upper"] = found["synapses"] | {f"{name}_pre": v for name, v in neurons.items()} | upper
    if composition.feedback:
        ends = [{name + side: v for name, v in own.items()} for own, side in ((output, "_pre"), (neurons, "_post"))]
        shared = {name: v for name, v in neurons.items() if v.scalar}
        found["feedback"] = common | of_layer | ends[0] | ends[1] | shared | _variables(composition.feedback.model)
    return found


class FeedbackNetwork(FeedForwardNetwork):
    """Brian2 objects of one architecture, whose last layer is the output, and one `FeedbackComposition`.

    As `FeedForwardNetwork`; ``feedback1 ...`` are the synapses from the output to the hidden layers, and `n_spikes` and
    `score` of the output neurons are recorded at the end of every stimulus epoch (``record_output``).
    """

    def _neurons(self, level):
        super()._neurons(level)
        if level == self.architecture.depth:
            a = self.architecture
            self.groups[f"neurons{level}"].own_class = np.tile(np.arange(a.sizes[level]), a.batch)

    def _goodness(self, level):
        """There is none."""

    def _learned(self, projection):
        c, s, name, level = self.composition, self.composition.synapses, projection.name, projection.target
        on_pre = c.on_pre_of_input if projection.source == 0 else s.on_pre
        synapses = self._project(projection, s, on_pre=on_pre)
        if s.on_step:
            # as on_post: before the spikes of this step arrive
            synapses.update(s.on_step, rows=s.rows, when="synapses", order=-2, name=f"{name}_eligibility")
        learn = dict(condition=s.condition, clock=self.epoch_clock, order=-42, name=f"{name}_learn")
        synapses.update(s.at_epoch_end, columns=c.columns, **learn)
        synapses.update(
            s.at_update,
            condition=s.update_condition,
            clock=self.epoch_clock,
            order=-40,
            name=f"{name}_optimize",
        )
        L = self.architecture.depth
        if c.backward.strip() and level > projection.source > 0:  # not through recurrent synapses
            synapses.update(
                c.backward,
                columns="delta_post != 0",
                condition=LEARNING,
                clock=self.epoch_clock,
                order=-43 - level / (L + 1),  # the last layer first
                name=f"{name}_backward",
            )
        if c.feedback and level == L > projection.source:
            for feedback in self.architecture.feedback:
                self._feedback(feedback)

    def _feedback(self, projection):
        """Synapses from the output to a hidden layer."""
        s, name = self.composition.feedback, projection.name
        feedback = self._project(projection, s)
        at_epoch = dict(clock=self.epoch_clock)
        feedback.update(s.at_epoch_end, condition=s.condition, order=-43, name=f"{name}_learn", **at_epoch)
        if s.at_update:
            feedback.update(s.at_update, condition=s.update_condition, order=-40, name=f"{name}_update", **at_epoch)

    def _monitors(self, level, record):
        neurons = self.groups[f"neurons{level}"]
        if level == self.architecture.depth:
            self._record("record_output", neurons, ["n_spikes", "score"])
        self._record_activity(level, record, ["A"] if "A" in neurons.variables else [])  # for backpropagation
