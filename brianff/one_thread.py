"""Brian2 has one clock, one device and one set of preferences for a process: who changes them does so alone.

What makes Brian2 objects, generates their code or runs them in this process happens within `borrowed`: threads take
turns, and everything is put back.  A compiled network runs in a process of its own, and several threads may run theirs
at the same time.
"""

import contextlib
import copy
import gc
import importlib
import threading

__all__ = ["borrowed", "little_garbage"]

_TURN = threading.RLock()


@contextlib.contextmanager
def borrowed(device, preferences=None, **options):
    """Brian2 on a device of our own; afterwards, everything that a program shares with it is as it was.

    The program's own device, with its clock and a project that may be under way there, is set aside as it is: nothing
    is told to it, where ``brian2.set_device`` would copy the time step from one to the other.

    Parameters
    ----------
    device : `brian2.devices.device.Device`
    preferences : dict of name -> value, optional
        Of Brian2's, in the meantime.
    **options
        Of ``brian2.set_device``, where it is a standalone device that has not been used yet.
    """
    from brian2 import prefs
    from brian2.codegen.targets import codegen_targets

    devices = importlib.import_module("brian2.devices.device")  # of that name, its package has an object as well
    with _TURN:
        before = devices.active_device
        preferred = {name: copy.copy(prefs[name]) for name in prefs}
        templaters = {target: target.templater for target in codegen_targets}
        devices.active_device = device
        try:
            if device.defaultclock is None:
                device.activate(**options)
            for name, value in (preferences or {}).items():
                prefs[name] = value
            yield
        finally:
            devices.active_device = before
            for target, templater in templaters.items():
                target.templater = templater
            for name, value in preferred.items():
                if prefs[name] != value:
                    prefs[name] = value


@contextlib.contextmanager
def little_garbage():
    """Brian2 collects all garbage in every run, a tenth of a second and more: let it look at new objects only."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
