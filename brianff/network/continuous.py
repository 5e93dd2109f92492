"""Streams of stimulus epochs without a reset in between (`Architecture.carry_over`).

What the neuron and the encoder keep, and what the goodness has a differential equation for, is state of the network: it
goes on from one stimulus epoch to the next.  So do spikes on their way through a projection with a delay.  What a rule
judges a stimulus epoch by begins anew: the variables of the rule, what the neuron has for it (`credit`), the
eligibility, the loss and the feedback (mean traces over the epoch, eligibilities, numbers of spikes), and counters of
the goodness, which have a statement in place of a differential equation.  What they remember of the epoch before is
kept as ever.  A run of the simulator, a chunk, always begins with a network at rest.
"""

import re

__all__ = ["state_of", "without"]


def state_of(composition):
    """Names of the variables that go on from one stimulus epoch to the next."""
    found = set()
    for kind in ("neuron", "encoder", "goodness"):
        if (model := composition.models.get(kind)) is None:
            continue
        texts = [text for key, text in model.strings.items() if isinstance(text, str) and key != "credit"]
        found |= {name for text in texts for name in re.findall(r"^\s*d(\w+)\s*/\s*dt\s*=", text, re.MULTILINE)}
        if kind != "goodness":
            found |= set(model.strings.get("initial") or {})
    return found


def without(statements, names):
    """Statements but for those that assign to one of these names."""
    lines = statements.splitlines()
    return "\n".join(line for line in lines if line.partition("=")[0].strip() not in names)
