"""Brian2 objects of a network: layers, the projections between them, monitors.

`NETWORKS` has what builds the networks of each scheme of models, by its name; one of your own is a class with the
arguments and attributes of `brianff.network.feedforward.FeedForwardNetwork`:
``NETWORKS["mine"] = "my_package.my_module:MyNetwork"``.
"""

import importlib

__all__ = ["NETWORKS", "build", "network_class"]

NETWORKS = {
    "forward_forward": "brianff.network.feedforward:FeedForwardNetwork",
    "feedback": "brianff.network.feedback:FeedbackNetwork",
}


def network_class(composition):
    """The class that builds the Brian2 objects of a composition's scheme."""
    module, _, cls = NETWORKS[composition.scheme.name].partition(":")
    return getattr(importlib.import_module(module), cls)


def build(architecture, composition, record=False, stop_early=False):
    """The Brian2 objects of an architecture and a composition of any scheme.

    Parameters
    ----------
    architecture : `brianff.network.architecture.Architecture`
    composition : `brianff.equations.compose.Composition`
    record, stop_early
        See `brianff.network.feedforward.FeedForwardNetwork`.

    Returns
    -------
    network : `brianff.network.feedforward.FeedForwardNetwork`
    """
    return network_class(composition)(architecture, composition, record=record, stop_early=stop_early)
