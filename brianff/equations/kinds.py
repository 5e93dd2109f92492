"""The kinds of models, what a file of each may define, and the part of the network that each string belongs to.

`KINDS` is the one table that loads model files, composes and checks their strings, titles what `brianff show` prints,
and writes the page on models (`docs/models.md`).  A method of learning is a `Scheme`, a tuple of kinds; a kind or a
scheme of somebody else's is made of the same classes, and needs no change here.

The place of a string is ``GROUP.SLOT``: whose it is (`GROUPS`), and when it counts (`SLOTS`).
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

__all__ = [
    "available", "FEEDBACK", "FORWARD_FORWARD", "GROUPS", "Kind", "KINDS", "LAYER_NAMES",
    "LEARNING", "models_folder", "NEURON_NAMES", "OF_NEURONS",
    "OF_SYNAPSES", "Scheme", "scheme_of", "SCHEMES", "SLOTS", "String",
    "SYNAPSE_NAMES",
]  # fmt: skip

GROUPS = {
    "input": "the input channels",
    "neurons": "the neurons of all layers but the input",
    "hidden": "those of the hidden layers",
    "output": "those of the last layer, in networks with targets",
    "both": "neurons and input channels",
    "projecting": "the same, but for the last layer, which projects to nobody",
    "layer": "one element for each layer (and entry of the batch)",
    "layers": "the same, for the input as well",
    "goodness": "from every neuron of a layer, `_pre`, to its layer",
    "sum": "the same, without the input, when a stimulus epoch ends",
    "model": "what models say of themselves",
    "lateral": "from every neuron of a layer, `_pre`, to every other one, `_post`; in a convolution, of its position",
    "channels": "one element for each channel of a convolution, or neuron of another layer; all entries share it",
    "classes": "one element for each class, in every layer (and entry of the batch)",
    "readout": "the synapses from every neuron of a layer, `_pre`, to its classes, `_post`",
    "class_sum": "from every class of a layer, `_pre`, to its layer, when a stimulus epoch ends",
    "synapses": "the synapses from layer to layer",
    "upper": "those of them that come from hidden neurons",
    "feedback": "the synapses from the output to the hidden layers",
}
OF_SYNAPSES = {"synapses", "upper", "feedback", "readout", "channels"}
OF_NEURONS = {"input", "neurons", "hidden", "output", "both", "projecting"}
# Slot -> sort of the strings there (`brianff.equations.checker` has a method for each), and when or as what they count.
SLOTS = {
    "equations": ("equations", "equations"),
    "threshold": ("condition", "threshold"),
    "reset": ("statements", "reset"),
    "refractory": ("word", "refractory"),
    "method": ("word", "integration method"),
    "on_step": ("statements", "every time step"),
    "on_threshold": ("statements", "at a spike, before any synapse"),
    "at_epoch_end": ("statements", "at the end of a stimulus epoch"),
    "remember": ("statements", "last of a stimulus epoch, before the reset"),
    "initial": ("values", "values at the start of a stimulus epoch"),
    "at_epoch_start": ("statements", "at the start of a stimulus epoch"),
    "encode": ("statements", "at the start of a stimulus epoch, after all else"),
    "perturbation": ("expression", "in a perturbed presentation"),
    "on_pre": ("statements", "when a presynaptic neuron spikes"),
    "on_spike": ("statements", "the same, whatever the delay of its spikes"),
    "on_post": ("statements", "when a postsynaptic neuron spikes"),
    "largest": ("maxima", "the largest value of all neurons"),
    "model": ("equations", "model"),
    "learns_when": ("condition", "when the rule learns"),
    "rows": ("condition", "rows that change"),
    "columns": ("condition", "columns that change"),
    "at_update": ("statements", "optimizer"),
    "backward": ("statements", "backward"),
    "initial_limit": ("expressions", "limits of random initial values"),
    "initial_value": ("expressions", "values when training begins"),
    "afterwards": ("statements", "at the end of a stimulus epoch, after those"),
    "score": ("statements", "at the end of a stimulus epoch, before all else"),
    "speed": ("expression", "learning rate, relative to that of the layer"),
    "spike_time": ("expressions", "the time of a spike"),
    "words": ("words", "words"),
    "holds": ("condition", "stimulus epochs for which its numbers hold"),
    "lasts": ("duration", "how long its numbers hold"),
    "settle": ("statements", "at the start of a time step, from time to time"),
}


@dataclass(frozen=True)
class String:
    """What a model may define under one key.

    Attributes
    ----------
    place : str
        ``GROUP.SLOT`` (see `GROUPS` and `SLOTS`).
    meaning : str
    required : bool
    default : str
        What stands there where a file has none.
    variable : str
        Name of the variable that an expression becomes.
    asked : str
        Counts only where a model of another kind uses this name.
    must_define : dict of name -> what for
        Variables that the string, if there is one, has to define.
    must_set : tuple of str
        Variables that its statements have to set.
    words : tuple of str
        Those that it may consist of; of a dictionary the keys that it must have, if not any.
    with_key : str
        What a file that has this string must have as well.
    """

    place: str
    meaning: str
    required: bool = False
    default: str = ""
    variable: str = ""
    asked: str = ""
    must_define: dict = field(default_factory=dict)
    must_set: tuple = ()
    words: tuple = ()
    with_key: str = ""

    @property
    def group(self):
        return self.place.partition(".")[0]

    @property
    def slot(self):
        return self.place.partition(".")[2]

    @property
    def sort(self):
        """What it is, by its slot; what becomes a variable is an expression."""
        return "expression" if self.variable else SLOTS[self.slot][0]


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of model.

    Attributes
    ----------
    name, title : str
        As in ``neuron`` and ``Neurons``.
    folder : str or path
        Where its models lie: below ``models/``, or anywhere.
    default : str
        Name of the model that is taken where none is chosen.
    strings : dict of str -> `String`
    at_hand : frozenset of str
        What brianff, or models of other kinds, give its strings to use: no file of this kind can define it.
    contract : frozenset of str
        Names by which models of other kinds, and Python code, know what its files define.
    alone : bool
        Its files know nothing of what models of other kinds define, beside what is at hand.
    class_name : str
        Of what makes a model of this kind from strings, if it is not the name with a capital letter.
    changes_weights : bool
        A file must change `dw`, which it defines, or `w` itself.
    """

    name: str
    title: str
    folder: str
    default: str
    strings: dict
    at_hand: frozenset = frozenset()
    contract: frozenset = frozenset()
    alone: bool = False
    changes_weights: bool = False
    class_name: str = ""

    @property
    def constructor(self):
        """What makes a model of this kind from strings: ``Neuron(...)``."""
        return self.class_name or self.name.capitalize()

    def __str__(self):
        return self.name


@dataclass(frozen=True, eq=False)
class Scheme:
    """The kinds of models that a method of learning is composed of, a neuron and an encoder among them.

    Attributes
    ----------
    name : str
    kinds : tuple of `Kind`
        Strings are joined in this order.
    """

    name: str
    kinds: tuple

    @property
    def defaults(self):
        """Name of every kind -> of the model that is taken where none is chosen."""
        return {kind.name: kind.default for kind in self.kinds}

    def has(self, group):
        """Whether one of the kinds must have a string in a group."""
        strings = (string for kind in self.kinds for string in kind.strings.values())
        return any(string.group == group for string in strings if string.required)


_FUNCTIONS = frozenset({"uniform", "exponential"})
_RANDOM = frozenset({"seed", "presentation", "channel", "entry"})
_CLASSES = frozenset({"n_classes", "class_group", "target"})
NEURON_NAMES = _FUNCTIONS | _RANDOM | _CLASSES | {"T_epoch", "t_in_epoch", "lastspike", "not_refractory"}
LAYER_NAMES = frozenset({"phase", "learning_rate", "samples_per_update", "n_neurons", "n_spikes"})
SYNAPSE_NAMES = frozenset({"w", "plastic"})
LEARNING = "phase_layer > 0"  # where no rule says when it learns

NEURON = Kind(
    "neuron", "Neurons", "neurons", "lif",
    {
        "equations": String("neurons.equations", "Brian2 equations of a hidden neuron", True),
        "threshold": String("neurons.threshold", "condition for a spike", True),
        "reset": String("neurons.reset", "statements at a spike", True),
        "refractory": String("neurons.refractory", "refractory period or condition"),
        "method": String(
            "neurons.method",
            "integration method (default: exponential_euler; where an equation is not linear in its own variable, or "
            "has noise: euler; heun for noise that is multiplied)",
        ),
        "on_pre": String(
            "synapses.on_pre", "what a presynaptic spike does (default `I_syn_post += w`)", default="I_syn_post += w",
        ),
        "surrogate": String(
            "neurons.equations", "pseudo-derivative of the spike", asked="surrogate", variable="surrogate",
        ),
        "excess": String(
            "output.equations", "how far the membrane is above threshold, -1: at rest", default="0", asked="excess",
            variable="excess",
        ),
        "total_current": String(
            "neurons.equations",
            "all input current, whose average, cut off at 0 and 1, is the rate that the neuron settles to; `nudge`, a "
            "variable among its equations, is a part of it that rules set",
            asked="total_current", variable="total_current",
        ),
        "spike_time": String(
            "model.spike_time",
            "for backpropagation: time constants `fast` and `slow` of the response, slow - fast, to an input spike; "
            "`slope` of the membrane at threshold, times `slow`; `reset`, what a spike takes from the slow part",
            words=("fast", "slow", "slope", "reset"),
        ),
        "initial": String("neurons.initial", "values at the start of a stimulus epoch (default 0)"),
        "on_step": String("neurons.on_step", "in every time step, after the membrane's update"),
        "lateral": String("lateral.on_pre", "for every neuron `_post` when one of its layer spikes"),
        "presynaptic": String(
            "projecting.equations", "variables of every neuron that projects, for `on_pre`: `NAME_pre`",
        ),
        "presynaptic_on_spike": String(
            "projecting.reset", "their statements at an own spike, after `on_pre` has read them",
        ),
        "channel": String(
            "channels.equations",
            "variables that all neurons of a channel share, in their strings `NAME_channel`, and that go on from run "
            "to run; a neuron of a layer without positions is a channel of its own",
        ),
        "channel_initial": String("channels.initial_value", "their values when training begins (default 0)"),
        "channel_at_epoch_end": String(
            "channels.at_epoch_end",
            "for every neuron `_pre` of the channel, when a stimulus epoch ends in which its layer learns; adds up",
        ),
        "channel_at_update": String(
            "channels.at_update", "with every step of the optimizer", with_key="channel_at_epoch_end",
        ),
        "response": String(
            "projecting.equations",
            "what all spikes of a presynaptic neuron add to the membrane potential through a weight of 1",
            asked="response", must_define={"response": "what rules ask for"},
        ),
        "response_on_spike": String(
            "projecting.reset", "its statements at a spike of the presynaptic neuron", asked="response",
        ),
        "slow_memory": String(
            "neurons.equations",
            "what is left after a time step of what an own spike takes from the distance to the threshold",
            default="0", asked="slow_memory", variable="slow_memory",
        ),
        "slow_jump": String(
            "neurons.equations", "how much that is, if it is slow (default 0)", default="0", asked="slow_jump",
            variable="slow_jump", with_key="slow_memory",
        ),
        "credit": String(
            "neurons.equations",
            "of a neuron, for responses of the form `response`, `response_syn`, which jumps by 1: by how much either "
            "adds to what a rule sums over the response, for each unit that there is of it now",
            asked="credit", must_define={"credit": "of the response", "credit_syn": "of response_syn"},
        ),
        "credit_on_step": String(
            "neurons.on_step",
            "turns them into those of a unit after this step from those of one before it: the inverse of the step that "
            "`response` and `response_syn` take",
            asked="credit",
        ),
        "credit_lasts": String(
            "model.lasts",
            "a time: credits, which grow, are settled after it, before they are too large to compute with",
            asked="credit",
        ),
    },
    at_hand=NEURON_NAMES - _CLASSES,  # those are for rules
    alone=True,
)  # fmt: skip
OF_SPIKE_TRAINS = "spike_times"  # the encoder of data that are spike trains, where none is chosen
ENCODER = Kind(
    "encoder", "Codes", "encoders", "time_to_first_spike",
    {
        "equations": String("input.equations", "variables of an input channel"),
        "at_epoch_start": String("input.encode", "statements that turn `intensity` (0..1) into spike times", True),
        "threshold": String("input.threshold", "condition for a spike", True),
        "reset": String("input.reset", "statements at a spike"),
        "spikes": String(
            "model.words",
            "`early`: labels and bright channels spike at the start of a stimulus epoch, and then no more",
            words=("early",),
        ),
    },
    at_hand=_FUNCTIONS
    | _RANDOM
    | {"T_epoch", "t_in_epoch", "intensity", "n_pixels", "label_neurons", "images", "shown_image"}
    | {"event_first", "event_step", "event_count"},
    contract=frozenset({"dark", "multiplicity"}),
    alone=True,
)  # fmt: skip
GOODNESS = Kind(
    "goodness", "Goodness", "goodness", "sum_of_squares",
    {
        "neuron": String(
            "both.equations", "the trace of every neuron, and what it is made of", True,
            must_define={"x": "the trace that is recorded and that the readout uses"},
        ),
        "on_spike": String("both.reset", "its jump at an own spike", True),
        "hidden": String("neurons.equations", "further variables of hidden neurons"),
        "lateral": String("lateral.on_pre", "as the neuron's"),
        "layer": String(
            "layers.equations", "the goodness `g`, and `gain`, the normalisation", True,
            must_define={
                "g": "the goodness that rules and predictions use",
                "gain": "the factor with which the next layer normalises its input",
            },
        ),
        "layer_on_spike": String(
            "goodness.on_pre", "jump of the layer's variables when neuron `_pre` spikes, before its own", True,
        ),
        "derivative": String(
            "neurons.equations", "of the goodness by `x`, up to a factor that the layer has in common", True,
            asked="derivative", variable="derivative",
        ),
        "goodness_jump": String(
            "neurons.equations", "of the goodness when a neuron spikes", asked="goodness_jump",
            variable="goodness_jump",
        ),
        "memory": String(
            "neurons.equations", "what is left of `x` after a time step (default 1)", default="1", asked="memory",
            variable="memory",
        ),
    },
    at_hand=NEURON_NAMES | LAYER_NAMES,
    contract=frozenset({"x", "g", "gain", "G"}),
)  # fmt: skip
RULE = Kind(
    "rule", "Rules", "rules", "symba",
    {
        "presynaptic": String("projecting.equations", "first factor: variables of every neuron that projects"),
        "neuron": String("neurons.equations", "second factor: further variables of a learning neuron"),
        "presynaptic_on_spike": String("projecting.reset", "at a spike of a neuron that projects"),
        "neuron_on_spike": String("neurons.reset", "at a spike of a learning neuron"),
        "on_threshold": String("neurons.on_threshold", "the same, before any synapse"),
        "on_step": String("neurons.on_step", "in every time step, after the neuron's own"),
        "layer": String("layer.equations", "third factor: variables of the layer"),
        "layer_max": String(
            "sum.largest",
            "`NAME = expression`: the largest value of all neurons `_pre`, if larger than what the layer's NAME has",
        ),
        "layer_sum": String("sum.at_epoch_end", "for every neuron `_pre`, afterwards"),
        "layer_at_epoch_end": String("layer.at_epoch_end", "when a stimulus epoch ends, after those"),
        "neuron_at_epoch_end": String("neurons.at_epoch_end", "the same for each neuron, after the layer's"),
        "synapse": String("synapses.model", "`dw`, the weight change for the optimizer, and what else"),
        "on_pre": String(
            "synapses.on_spike",
            "at a presynaptic spike, before it arrives; may change `w` itself: then no optimizer does",
        ),
        "on_post": String("synapses.on_post", "the same at a postsynaptic spike"),
        "synapse_on_step": String("synapses.on_step", "in every time step in which the rule learns"),
        "at_epoch_end": String("synapses.at_epoch_end", "statements that change `dw`"),
        "settle": String(
            "synapses.settle",
            "puts into a synapse what the `credit` of its neuron is worth, which then begins anew; after the time that "
            "it lasts",
        ),
        "learns_when": String(
            "synapses.learns_when", "when the rule learns (default `phase_layer != 0`)", default="phase_layer != 0",
        ),
        "rows": String("synapses.rows", "of `_pre` variables; rows of the matrix where it is false are skipped"),
        "needs": String(
            "model.words",
            "`pairs`: after each positive phase, a negative one of the same samples; `nudges`: two of them, without a "
            "label, and state that goes on; `late_spikes`: inputs that go on spiking after the neurons have",
            words=("pairs", "nudges", "late_spikes"),
        ),
        "holds": String(
            "model.holds",
            "condition on `T_epoch` and parameters: beyond it the rule's numbers are too large to compute with",
        ),
        "lateral_at_epoch_end": String(
            "lateral.at_epoch_end", "when a stimulus epoch ends, first of all; adds to what `_post` has",
        ),
        "lateral_afterwards": String("lateral.afterwards", "the same, when that is done for all"),
        "classes": String(
            "classes.equations",
            "a rule with class scores of every layer: variables of a class, with `score`, the largest of which is the "
            "prediction; `own_class`, `target`; there are synapses from every neuron to the classes of its layer, with "
            "weights `w` of their own, which the same optimizer changes",
            must_define={"score": "evidence for a class, whose softmax is the prediction"}, with_key="score",
        ),
        "score": String(
            "readout.score", "for every neuron `_pre` and class, when a stimulus epoch ends: adds to what classes have",
            with_key="classes",
        ),
        "class_max": String("class_sum.largest", "as `layer_max`, of all classes `_pre`"),
        "class_sum": String("class_sum.at_epoch_end", "as `layer_sum`, for every class `_pre`"),
        "class_at_epoch_end": String("classes.at_epoch_end", "afterwards, for each class, where the rule learns"),
        "readout_backward": String(
            "readout.backward", "afterwards, for every neuron and class, where the rule learns: adds to what it has",
        ),
        "readout_at_epoch_end": String(
            "readout.at_epoch_end", "statements that change `dw` of the synapses to classes, where the rule learns",
        ),
        "readout_rows": String("readout.rows", "of `_pre` variables; neurons where it is false add to no score"),
        "readout_speed": String("readout.speed", "of their learning rate, relative to that of the layer", default="1"),
        "presynaptic_remember": String("projecting.remember", "last statements before the reset"),
        "neuron_remember": String("neurons.remember", "the same of neurons"),
        "layer_remember": String("layer.remember", "the same of the layer"),
    },
    at_hand=NEURON_NAMES
    | LAYER_NAMES
    | SYNAPSE_NAMES
    | {"x", "g", "gain", "surrogate", "derivative", "goodness_jump", "memory"}
    | {"response", "response_syn", "credit", "credit_syn", "slow_memory", "slow_jump", "own_class"}
    | {"total_current", "nudge"},
    contract=frozenset({"dw"}),
    changes_weights=True,
)  # fmt: skip
OPTIMIZER = Kind(
    "optimizer", "Optimizers", "optimizers", "adam",
    {
        "synapse": String("synapses.model", "variables of a synapse"),
        "at_update": String(
            "synapses.at_update", "turns `dw` into a change of `w`, and sets `dw` to 0", True, must_set=("w", "dw"),
        ),
    },
    at_hand=frozenset({"T_epoch", "w", "dw", "plastic"}),
    alone=True,
)  # fmt: skip
ELIGIBILITY = Kind(
    "eligibility", "Eligibilities (learning with feedback)", "eligibilities", "spike_time",
    {
        "presynaptic": String("projecting.equations", "variables of every neuron that projects"),
        "presynaptic_on_spike": String("projecting.reset", "their jumps at an own spike"),
        "neuron": String("neurons.equations", "further variables of a neuron"),
        "on_step": String("neurons.on_step", "in every time step"),
        "on_threshold": String("neurons.on_threshold", "at a spike, before any synapse; `n_spikes`: earlier ones"),
        "synapse": String(
            "synapses.model", "`dw`, and the eligibility", True, must_define={"dw": "the accumulated weight change"},
        ),
        "on_post": String("synapses.on_post", "what a postsynaptic spike does"),
        "synapse_on_step": String("synapses.on_step", "in every time step"),
        "rows": String("synapses.rows", "of `_pre` variables: rows for which `synapse_on_step` runs"),
        "at_epoch_end": String(
            "synapses.at_epoch_end", "changes `dw`, with the error `delta_post`", True, must_set=("dw",),
        ),
        "columns": String("synapses.columns", "of `_post` variables; columns where it is false are skipped then"),
    },
    at_hand=NEURON_NAMES
    | SYNAPSE_NAMES
    | {"phase", "surrogate", "delta", "n_spikes", "response", "response_syn", "slow_memory", "slow_jump"},
    contract=frozenset({"dw", "grazing"}),
)  # fmt: skip
LOSS = Kind(
    "loss", "Losses", "losses", "spike_count",
    {
        "neuron": String(
            "neurons.equations", "the spike count `n_spikes`, and `delta`, the error", True,
            must_define={"n_spikes": "the spike count that predictions use", "delta": "the error of a neuron"},
        ),
        "hidden": String("hidden.equations", "variables of hidden neurons, kept from run to run"),
        "on_spike": String("neurons.reset", "statements at a spike", True),
        "output_at_epoch_end": String(
            "output.at_epoch_end", "sets the error of an output neuron; `own_class`, and `shown_class` of the sample",
            True, must_set=("delta",),
        ),
        "output_score": String(
            "output.equations", "what predictions compare; may use the neuron's `excess`", True, variable="score",
        ),
        "hidden_at_epoch_end": String("hidden.at_epoch_end", "the error of hidden neurons, before the feedback", True),
        "at_epoch_start": String("neurons.at_epoch_start", "when a stimulus epoch begins"),
    },
    at_hand=NEURON_NAMES | {"phase", "own_class", "shown_class", "excess"},
    contract=frozenset({"n_spikes", "delta"}),
)  # fmt: skip
FEEDBACK_KIND = Kind(
    "feedback", "Feedback", "feedbacks", "sfdfa",
    {
        "neuron": String("neurons.equations", "variables of hidden and output neurons"),
        "perturbation": String(
            "hidden.perturbation",
            "`perturbation` is this in a presentation of phase -1, else 0; every sample is then shown twice, first "
            "with phase -1",
        ),
        "remember": String("neurons.remember", "before the reset of a stimulus epoch"),
        "at_epoch_start": String("neurons.at_epoch_start", "when a stimulus epoch begins"),
        "hidden_at_epoch_start": String("hidden.encode", "the same for hidden neurons only, afterwards"),
        "on_threshold": String("neurons.on_threshold", "at a spike, before any synapse"),
        "on_spike": String("neurons.reset", "at a spike, at the reset"),
        "on_pre": String("upper.on_pre", "what a spike of a hidden neuron does, beside the neuron's own"),
        "backward": String(
            "upper.backward",
            "by which `delta_pre` of a hidden layer is made of `delta_post`, the last layer's synapses first",
        ),
        "synapse": String("feedback.model", "variables of the feedback synapses", with_key="initial_limit"),
        "initial_limit": String(
            "feedback.initial_limit",
            "variables of the feedback synapses that go on from run to run, the feedback weight first, and what limits "
            "their random values at the start: uniform from -limit to limit",
        ),
        "at_epoch_end": String(
            "feedback.at_epoch_end", "statements that change `delta_post`, from `delta_pre` of the output",
        ),
        "at_update": String("feedback.at_update", "with every step of the optimizer"),
    },
    at_hand=NEURON_NAMES | SYNAPSE_NAMES | {"phase", "dw", "delta", "n_spikes", "perturbation"},
    class_name="FeedbackPathway",  # Feedback is the method of learning
)  # fmt: skip

FORWARD_FORWARD = Scheme("forward_forward", (NEURON, ENCODER, GOODNESS, RULE, OPTIMIZER))
FEEDBACK = Scheme(
    "feedback", (replace(NEURON, default="two_exponential"), ENCODER, ELIGIBILITY, LOSS, FEEDBACK_KIND, OPTIMIZER)
)
SCHEMES = (FORWARD_FORWARD, FEEDBACK)
KINDS = {kind.name: kind for kind in (*FORWARD_FORWARD.kinds, ELIGIBILITY, FEEDBACK_KIND, LOSS)}


def scheme_of(kinds):
    """The first scheme that has all of some kinds, by name, or None."""
    return next((scheme for scheme in SCHEMES if set(kinds) <= scheme.defaults.keys()), None)


def models_folder(kind):
    """Where the models of a kind lie."""
    import brianff.models

    return Path(brianff.models.__path__[0]) / kind.folder


def available(kind):
    """Names of the models of a kind (`Kind` or its name) that come with brianff."""
    folder = models_folder(KINDS.get(kind, kind))
    return sorted(p.stem for p in folder.glob("*.py") if not p.stem.startswith("_"))
