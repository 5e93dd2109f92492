"""Where networks run: C++ (the default), a GPU, or NumPy.

`DEVICES` has them by name.  A further one is a class derived from `Simulator`, in a module of your own:
``DEVICES["mine"] = Device("my_package.my_module:MySimulator", "what it is")``.
"""

import pkgutil
from typing import TYPE_CHECKING, NamedTuple

from brianff.devices.cache import CompilerError, DeviceError
from brianff.devices.memory import require_size
from brianff.errors import OptionError
from brianff.lazy import at_first_use
from brianff.options import option

if TYPE_CHECKING:
    from brianff.devices.base import Results, Simulator  # noqa: F401

__all__ = [
    "DEVICES", "CompilerError", "Device", "DeviceError", "Results", "Simulator", "device_class", "device_option",
    "require_device", "simulator",
]  # fmt: skip


# beside what only knows devices by their names
__getattr__, _ = at_first_use(__name__, dict.fromkeys(("Results", "Simulator"), "devices.base"))


class Device(NamedTuple):
    """Where the class of a device is, as "module:class", and what it is, for help texts."""

    place: str
    what: str


# Loaded when they are used: Brian2 and brian2cuda take a second each to import.
DEVICES = {
    "cpp": Device("brianff.devices.cpp:CppSimulator", "compiled"),
    "cuda": Device("brianff.devices.cuda:CudaSimulator", "on a GPU, for batches of 64 and more"),
    "runtime": Device("brianff.devices.runtime:RuntimeSimulator", "NumPy, no compiler"),
}


def device_class(name) -> "type[Simulator]":
    """The `Simulator` class of a device.

    Raises
    ------
    DeviceError
        If there is no device of that name.
    """
    if name not in DEVICES:
        raise DeviceError(f"there is no device '{name}': it is {', '.join(DEVICES)}.")
    return pkgutil.resolve_name(DEVICES[name].place)


def device_option():
    """The option ``--device`` of an `brianff.options.Options` class."""
    described = [f"{name} ({device.what})" for name, device in DEVICES.items()]
    return option("cpp", f"{', '.join(described[:-1])} or {described[-1]}", choices=DEVICES)


def require_device(name) -> None:
    """Raise the `DeviceError` of a device that cannot be used here, before anything begins."""
    device_class(name).require()


def simulator(device, architecture, composition, report=None, record=False, threads=1) -> "Simulator":
    """A simulator on one of `DEVICES`.

    Parameters
    ----------
    device : str
    architecture, composition, report, record
        As for `Simulator`.
    threads : int
        Cores on which a run is simulated, as `brianff.devices.cpp.CppSimulator` takes them.

    Raises
    ------
    DeviceError
        If the device does not exist or cannot be used here.
    OptionError
        If the network is larger than the device or the machine can hold, or cannot be shared out among cores.
    """
    cls = device_class(device)
    require_size(architecture, composition)
    more = {} if threads == 1 else {"threads": threads}
    if more and device != "cpp":
        raise OptionError(f"--threads {threads} are for --device cpp, not {device}.")
    return cls(architecture, composition, report, record, **more)
