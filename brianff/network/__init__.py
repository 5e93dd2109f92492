"""Brian2 objects of a network: layers, the projections between them, monitors.

`NETWORKS` has what builds the networks of a scheme of models, by its name; those of other schemes are built as
forward-forward networks are or, with output targets, as feedback networks are.  A class of your own has the arguments
and attributes of `brianff.network.feedforward.FeedForwardNetwork`:
``NETWORKS["mine"] = "my_package.my_module:MyNetwork"``.
"""

import pkgutil

__all__ = ["NETWORKS", "build", "network_class"]

NETWORKS = {
    "forward_forward": "brianff.network.feedforward:FeedForwardNetwork",
    "feedback": "brianff.network.feedback:FeedbackNetwork",
}


def network_class(composition):
    """The class that builds the Brian2 objects of a composition's scheme."""
    usual = NETWORKS["feedback" if composition.has_output else "forward_forward"]
    return pkgutil.resolve_name(NETWORKS.get(composition.scheme.name, usual))


def build(architecture, composition, record=False, stop_early=False):
    """The Brian2 objects of an architecture and a composition of any scheme.

    Arguments and attributes are those of `brianff.network.feedforward.FeedForwardNetwork`.
    """
    return network_class(composition)(architecture, composition, record=record, stop_early=stop_early)
