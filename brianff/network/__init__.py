"""Brian2 objects of a network: layers, the projections between them, monitors."""


def network_class(composition):
    """The class that builds the Brian2 objects of a composition's scheme."""
    from brianff.network.feedback import FeedbackNetwork
    from brianff.network.feedforward import FeedForwardNetwork

    return FeedbackNetwork if composition.has_output else FeedForwardNetwork


def build(architecture, composition, record=False, stop_early=False):
    """The Brian2 objects of an architecture and a composition of any scheme.

    Parameters
    ----------
    architecture : `brianff.network.feedforward.Architecture`
    composition : `brianff.equations.compose.Composition`
    record, stop_early
        See `FeedForwardNetwork`.

    Returns
    -------
    network : `brianff.network.feedforward.FeedForwardNetwork`
    """
    return network_class(composition)(architecture, composition, record=record, stop_early=stop_early)
