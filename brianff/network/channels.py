"""What all neurons of a channel share, at every position and in every entry of a batch, from Brian2 equation strings.

A threshold that adapts in a convolution belongs to a channel, as its kernel does.  In a layer without positions every
neuron is a channel of its own; entries of the batch share its variables all the same.
"""

from brianff.errors import OptionError
from brianff.network.synapses import BatchSynapses

__all__ = ["ChannelSynapses"]


class ChannelSynapses(BatchSynapses):
    """Variables of channels, one value each, and code that runs for every neuron of a channel.

    Parameters
    ----------
    source : `NeuronGroup`
        Of ``batch`` entries; neuron k of an entry belongs to channel ``k % channels``.
    model : str or `Equations`
        Parameters (``"th : 1"``); flags: ``shared``, ``constant``.
    channels : int
    batch, layer, namespace, dt, clock, order, name, dtype
        As for `brianff.DenseSynapses`.

    Notes
    -----
    Code calls variables of the neuron ``NAME_pre``, of its layer ``NAME_layer``, and those of the channel by their
    names.

    Raises
    ------
    OptionError
        If an entry has no whole number of neurons for each channel.
    """

    indices_of_code = (("_presynaptic_idx", False), ("_entry_idx", False), ("_row", False))
    targeted = False

    def __init__(self, source, model, *, channels, name="channelsynapses*", **options):
        self.channels = int(channels)
        super().__init__(source, source, model, None, None, name=name, **options)

    def __len__(self):
        return self.channels

    def _check_sides(self, source, target, batch):
        super()._check_sides(source, target, batch)
        if self.channels < 1 or len(source) % (batch * self.channels):
            raise OptionError(
                f"'{source.name}' has {len(source)} neurons, which are no whole number for each of {self.channels} "
                f"channels in {batch} entries."
            )

    @property
    def geometry(self):
        return super().geometry | {"channels": self.channels}

    def update(self, code, *, then=None, then_condition=None, **options):
        """Run `code` for every neuron of every entry, in their order, at every tick of `clock`.

        It may add to variables of the channel, and set those of the neuron.  The other arguments are those of
        `brianff.DenseSynapses.update`; `then` runs once for each channel.
        """
        self._options_of_rows(code, None, then, then_condition)
        options |= dict(then=then, then_condition=then_condition)
        return self._add_update("channel_update", code, {"_presynaptic_idx"}, {}, **options)

    def check_code(self, code, what, *indices):
        """Code for every neuron may set what is the neuron's own."""
        super().check_code(code, what, *(index for index in indices if index != "_presynaptic_idx"))
