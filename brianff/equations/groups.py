"""The strings of one part of a network: of a kind of group or of synapses, of channels, of the classes of a layer."""

from dataclasses import dataclass, field

from brian2.equations.equations import PARAMETER
from brian2.utils.stringtools import word_substitute

from brianff.equations.integration import DEFAULT as EXPONENTIAL_EULER
from brianff.equations.kinds import LEARNING
from brianff.equations.text import declare, equations_of, initial_statements, names_in, tidy, unit_of
from brianff.equations.variables import NEURON_VARIABLES

__all__ = [
    "AT_UPDATE", "GroupStrings", "SynapseStrings", "add_channel_variables", "channels_of", "classes_of", "declare_in",
    "finish_group",
]  # fmt: skip

_T_EPOCH = "T_epoch : second (shared, constant)"
AT_UPDATE = "t > 0*second and learning_rate_layer > 0"


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

    def names(self):
        """All names that the strings use."""
        return names_in(*(text for key, text in vars(self).items() if isinstance(text, str) and key != "method"))


@dataclass
class SynapseStrings:
    """Everything `DenseSynapses` gets between two layers; `on_spike` does not wait until a delayed spike arrives."""

    model: str
    at_epoch_end: str
    condition: str
    at_update: str
    update_condition: str = f"plastic and {AT_UPDATE}"
    rows: str | None = None
    parameters: dict = field(default_factory=dict)
    on_arrival: str = ""
    on_spike: str = ""
    on_post: str = ""
    on_step: str = ""
    step_condition: str = ""
    settle: str = ""
    settle_condition: str = ""

    @property
    def on_pre(self):
        """All that a presynaptic spike does."""
        return tidy(f"{self.on_arrival}\n{self.on_spike}")


def declare_in(synapses, values, names):
    """Declare those of some names that are parameters, or the length of a stimulus epoch, in synapses."""
    synapses.parameters = {k: v for k, v in values.items() if k in names}
    epoch = f"\n{_T_EPOCH}" if "T_epoch" in names else ""
    synapses.model = tidy(f"{synapses.model}\n{declare(synapses.parameters)}{epoch}")


def finish_group(group, layer_variables, below_variables, parameters, also=frozenset()):
    """Declare links to layers and the parameters that the strings of a group use, and those named in `also`."""
    used = group.names() | also
    extra = []
    for which, variables in (("layer", layer_variables), ("below", below_variables)):
        for name, unit in variables.items():
            linked = f"{name}_{which}"
            if linked in used:
                extra.append(f"{linked} : {unit} (linked)")
                group.links[linked] = (which, name)
    group.parameters = {k: v for k, v in parameters.items() if k in used}
    extra.append(declare(group.parameters))
    if "T_epoch" in used:
        extra.append(_T_EPOCH)
    group.equations = tidy(group.equations + "\n" + "\n".join(extra))
    return group


def channels_of(joined, values):
    """Strings of what the neurons of a channel share, or None."""
    if not (text := joined.text("equations", "channels")):
        return None
    channels = SynapseStrings(
        model=f"plastic : boolean (shared)\n{text}",
        at_epoch_end=tidy(joined.text("at_epoch_end", "channels")),
        condition="plastic and t > 0*second and phase_layer != 0",
        at_update=tidy(joined.text("at_update", "channels")),
    )
    declare_in(channels, values, names_in(channels.model, channels.at_epoch_end, channels.at_update))
    return channels


def add_channel_variables(group, channels):
    """Declare what the strings of neurons use of their channel: copies, which are brought up to date every epoch."""
    for eq in equations_of(channels.model).values():
        if f"{eq.varname}_channel" in group.names():
            group.equations += f"\n{eq.varname}_channel : {unit_of(eq)}               # of the neuron's channel"


def classes_of(joined, values, layer_variables):
    """Strings of the classes of a layer, and of the synapses that lead to them, or None for both."""
    if not (text := joined.text("equations", "classes")):
        return None, None
    equations = f"{text}\nown_class : integer (constant)\nentry : integer (constant)"
    start = [initial_statements(text, joined.initial)]
    start += [f"{eq.varname} = 0" for eq in equations_of(text).values() if eq.type == PARAMETER and not eq.flags]
    classes = GroupStrings(
        equations=equations,
        at_epoch_end=joined.text("at_epoch_end", "classes"),
        at_epoch_start="\n".join(start),
        method=EXPONENTIAL_EULER,
    )
    if "target" in classes.names():
        declaration, at_start = NEURON_VARIABLES["target"]
        classes.equations += f"\n{declaration}"
        classes.at_epoch_start = f"{at_start}\n{classes.at_epoch_start}"
    learns_when = joined.text("learns_when", "synapses") or LEARNING
    optimizer, speed = joined.models["optimizer"], joined.text("speed", "readout")
    at_update = optimizer["at_update"]
    if speed != "1":
        at_update = word_substitute(at_update, {"learning_rate_layer": f"(({speed})*learning_rate_layer)"})
    readout = SynapseStrings(
        model=f"w : 1\nplastic : boolean (shared)\ndw : 1\n{optimizer['synapse']}",
        at_epoch_end=tidy(joined.text("at_epoch_end", "readout")),
        condition=f"plastic and t > 0*second and ({learns_when})",
        at_update=tidy(at_update),
        rows=joined.text("rows", "readout") or None,
    )
    declare_in(readout, values, names_in(*joined.all("readout"), readout.model, at_update) - classes.names())
    return finish_group(classes, layer_variables, {}, values), readout
