from pathlib import Path

# In a clone, the packages brianff.models and brianff.protocols are folders beside this one.
if Path(__file__).parents[1].joinpath("setup.cfg").is_file():
    __path__.append(str(Path(__file__).parents[1]))

__all__ = ["DenseSynapses"]


def __getattr__(name):  # Brian2 takes a second to import, and a program may first say how (brianff.program)
    if name in __all__:
        from brianff.network.dense import DenseSynapses

        return DenseSynapses
    raise AttributeError(f"module 'brianff' has no attribute '{name}'")
