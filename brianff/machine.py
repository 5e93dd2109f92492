"""What this process can have of the machine, or of the container that it runs in: memory and processor cores."""

import math
import os
from pathlib import Path

__all__ = ["machine_memory", "usable_cores"]

_MEMORY = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def machine_memory():
    """Bytes that this process can have at most."""
    found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for path in map(Path, _MEMORY):
        try:
            found.append(int(path.read_text()))
        except (OSError, ValueError):  # no container, or "max"
            pass
    return min(found)


def usable_cores():
    """Processor cores that this process may use: those it is bound to, and no more than its container's share."""
    bound = len(os.sched_getaffinity(0))
    try:
        quota, period = _QUOTA.read_text().split()
        return min(bound, max(1, math.floor(int(quota) / int(period))))
    except (OSError, ValueError):  # no container, or "max"
        return bound
