"""A composition as `brianff show` prints it: for people, and for nothing else."""

from brian2 import second

from brianff.equations.kinds import SLOTS
from brianff.equations.text import equations_of, tidy

__all__ = ["printed"]

_WHEN = {slot: when for slot, (_, when) in SLOTS.items()}


def _sections(c):
    """(group, what, text) of all that is printed of a composition."""
    groups = [("input", c.input), ("neurons", c.neurons), ("input layer", c.input_layer), ("layer", c.layer)]
    if c.has_output:
        groups.insert(2, ("output", c.last_neurons))
    slots = ["equations", "threshold", "reset", "refractory", "method", "on_step", "on_threshold", "at_epoch_end"]
    for title, group in groups:
        for slot in slots if title in ("neurons", "output") else [s for s in slots if s != "method"]:
            yield title, _WHEN[slot], getattr(group, slot) or ""
        yield title, _WHEN["at_epoch_start"], group.at_epoch_start + "\n" + group.encode
    more = set(equations_of(c.recurrent_neurons.equations).names) - set(equations_of(c.neurons.equations).names)
    own = "\n".join(line for line in c.recurrent_neurons.equations.splitlines() if any(name in line for name in more))
    yield "neurons", "of a layer that projects to itself, for its own synapses", own
    missing = set(equations_of(c.neurons.equations).names) - set(equations_of(c.last_neurons.equations).names)
    yield "neurons", "not in the last layer, which projects to nobody", ", ".join(sorted(missing))
    yield "layer", "when a neuron of the layer spikes (before its reset)", c.layer_on_spike
    if c.layer_on_spike_of_input != c.layer_on_spike:
        yield "input layer", "when a channel spikes (before its reset)", c.layer_on_spike_of_input
    yield "layer", "at the end of a stimulus epoch, the largest value of all neurons", c.layer_max
    yield "layer", "at the end of a stimulus epoch, for every neuron", c.layer_sum
    yield "neurons", "when a neuron of the same layer spikes", c.lateral
    yield "neurons", "at the end of a stimulus epoch, for every neuron of the same layer", c.lateral_at_epoch_end
    yield "neurons", "the same, afterwards", c.lateral_afterwards
    if c.synapses_of_input.on_pre != c.synapses.on_pre:
        yield "synapses of the input", _WHEN["on_pre"], c.synapses_of_input.on_pre
    if c.channels:
        yield "channels", _WHEN["model"], c.channels.model
        at_end = f"{_WHEN['at_epoch_end']}, for every neuron, if {c.channels.condition}"
        yield "channels", at_end, c.channels.at_epoch_end
        yield "channels", f"with the optimizer, if {c.channels.update_condition}", c.channels.at_update
    if c.classes:
        for slot in ("equations", "at_epoch_end", "at_epoch_start"):
            yield "classes", _WHEN[slot], getattr(c.classes, slot)
        yield "synapses to classes", _WHEN["score"], c.score
        yield "layer", "at the end of a stimulus epoch, the largest value of all classes", c.class_max
        yield "layer", "at the end of a stimulus epoch, for every class", c.class_sum
        yield "synapses to classes", _WHEN["backward"], c.readout_backward
    learning = (("synapses", c.synapses), ("synapses to classes", c.readout), ("feedback synapses", c.feedback))
    for title, s in learning:
        if s is None:
            continue
        yield title, _WHEN["model"], s.model
        yield title, _WHEN["on_pre"], s.on_pre
        yield title, _WHEN["on_post"], s.on_post
        yield title, _WHEN["on_step"] + (f", if {s.step_condition}" if s.step_condition else ""), s.on_step
        yield title, f"{_WHEN['settle']}, if {s.settle_condition}", s.settle
        yield title, f"{_WHEN['at_epoch_end']}, if {s.condition}", s.at_epoch_end
        yield title, _WHEN["rows"], s.rows or ""
        yield title, f"{_WHEN['at_update']}, if {s.update_condition}", s.at_update
    yield "synapses", _WHEN["columns"], c.columns or ""
    yield "synapses", _WHEN["backward"], c.backward


def printed(composition):
    """All strings of a composition, under the name of their group and when they count, and the parameters."""
    c = composition
    out = ["# " + ", ".join(f"{kind} {m.name}" for kind, m in c.models.items())]

    def section(title, text):
        if text := tidy(text):
            out.append(f"{title}\n" + "\n".join("    " + line for line in text.splitlines()))

    for group, what, text in _sections(c):
        section(f"[{group}] {what}", text)
    lengths = [f"{k}: {len(v.values)} values, every {v.dt * second}" for k, v in c.courses.items()]
    section("[courses of time]", "\n".join(lengths))
    section("[parameters]", "\n".join(f"{k} = {v}" for k, v in c.parameters.items()))
    return "\n\n".join(out)
