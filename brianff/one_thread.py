"""Brian2 has one clock, one device and one set of preferences for a process: threads take turns.

What makes Brian2 objects, generates their code or runs them in this process is decorated with `in_turn`.  A compiled
network runs in a process of its own, and several threads may run theirs at the same time.
"""

import functools
import threading

__all__ = ["in_turn"]

_TURN = threading.RLock()


def in_turn(function):
    """Let one thread at a time into all functions that are decorated so."""

    @functools.wraps(function)
    def alone(*args, **kwds):
        with _TURN:
            return function(*args, **kwds)

    return alone
