from brianff.dense import DenseSynapses

__all__ = ["DenseSynapses"]
