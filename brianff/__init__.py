from pathlib import Path

# In a clone, the packages brianff.models and brianff.protocols are folders beside this one.
if Path(__file__).parents[1].joinpath("setup.cfg").is_file():
    __path__.append(str(Path(__file__).parents[1]))

from brianff.dense import DenseSynapses  # noqa: E402

__all__ = ["DenseSynapses"]
