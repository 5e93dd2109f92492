"""Folders that belong to one process, and what is swept away where a process was killed.

A folder's name says on which machine, by which process and since when: ``brianff-KIND-NODE-PID-START-RANDOM``.  The
number of a process is used again, the time at which it started is not.  The first folder that a process makes, and the
first network that it takes from the cache, sweep away what killed processes have left.
"""

import contextlib
import errno
import fcntl
import functools
import os
import platform
import re
import shutil
import tempfile
import time
from pathlib import Path

from brianff.errors import BrianffError

__all__ = ["ScratchError", "cache_folder", "failed", "owned_folder", "run_folder", "sweep", "swept", "written"]

_DAY = 86400.0
_NAME = re.compile(r"brianff-(?P<kind>[a-z]+)-(?P<node>.*)-(?P<pid>\d+)-(?P<start>\d+)-[^-]*")


class ScratchError(BrianffError):
    """A temporary folder that cannot be made or written."""


def cache_folder():
    """Folder of compiled networks: ``$BRIANFF_CACHE``, or the user's cache folder."""
    if os.environ.get("BRIANFF_CACHE", "").strip():  # empty: as if it were not set
        return Path(os.environ["BRIANFF_CACHE"])
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "brianff" / "builds"


def _started(pid):
    """When a process started, in ticks since the machine did; 0 if the system does not tell, -1 if it has ended."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            fields = f.read().rpartition(")")[2].split()
    except OSError:
        return 0
    return -1 if fields[0] in "ZX" else int(fields[19])  # nobody has asked yet how it ended


def _alive(pid, start):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        pass
    return _started(pid) in (start, 0)


def _abandoned(path):
    """Whether the process that made a folder has come to its end."""
    if found := _NAME.fullmatch(path.name):
        if found["node"] == platform.node():  # containers may share the folder, and not their processes
            return not _alive(int(found["pid"]), int(found["start"]))
        if found["kind"] != "build":
            return False
    try:  # nothing is compiled for a day, on whichever machine
        return time.time() - path.stat().st_mtime > _DAY
    except OSError:
        return False


def _remove(path):
    """Delete a folder into which a compiler or network that outlived its process may still be writing."""
    found = _NAME.fullmatch(path.name)
    doomed = path.with_name(_name(found["kind"] if found else "build") + "swept")
    with contextlib.suppress(OSError):
        os.replace(path, doomed)  # from now on nothing new finds its way into it
        path = doomed
    for _ in range(5):
        shutil.rmtree(path, ignore_errors=True)
        if not path.exists():
            return
        time.sleep(0.05)


def _name(kind):
    return f"brianff-{kind}-{platform.node()}-{os.getpid()}-{_started(os.getpid())}-"


def _memory_folder():
    """Where the system keeps files in memory, or None."""
    memory = Path("/dev/shm")
    return memory if os.access(memory, os.W_OK) else None


def sweep(root):
    """Delete from a folder what killed processes have left: their folders, and in the cache locks that nobody holds."""
    left = [path for path in root.glob("brianff-*") if _NAME.fullmatch(path.name)]
    if root == cache_folder():
        left += root.glob("build-*")  # of earlier versions
        for path in root.glob("*.lock"):
            with contextlib.suppress(OSError), open(path) as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink(missing_ok=True)
    for path in left:
        if path.is_dir() and _abandoned(path):
            _remove(path)


@functools.cache
def _swept_once(roots):
    for root in roots:
        sweep(root)


def swept():
    """Sweep all places once in this process."""
    roots = [_memory_folder(), Path(tempfile.gettempdir()), cache_folder()]
    _swept_once(tuple(root for root in roots if root is not None and root.is_dir()))


def owned_folder(kind, root=None):
    """A new folder of this process, which the next run sweeps away if this one is killed.

    Parameters
    ----------
    kind : str
        Lower-case letters; "build" for what is never in use for more than a day.
    root : path, optional
        Where (default: the system's temporary folder).

    Raises
    ------
    ScratchError
        If it cannot be made.
    """
    root = Path(root or tempfile.gettempdir())
    swept()
    with written(root):
        return Path(tempfile.mkdtemp(prefix=_name(kind), dir=root))


def run_folder():
    """A new folder for the files of one run of a network, in memory where the system has such a place.

    A run hands over some 10 MB each way, many times a minute: on a disk that is what takes the time.
    """
    memory = _memory_folder()
    return owned_folder("run", memory if memory and shutil.disk_usage(memory).free > 1 << 30 else None)


def failed(place, error):
    """The `ScratchError` for an OSError while files were written at `place`."""
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return ScratchError(f"{place}: too many open files: raise the limit (ulimit -n 1024).")
    reason = error.strerror or "no space left on the device"  # NumPy's says only how much was written
    variable = "BRIANFF_CACHE" if place == cache_folder() else "TMPDIR"
    return ScratchError(f"{place} cannot be written ({reason}): make room there, or name another folder by {variable}.")


@contextlib.contextmanager
def written(place):
    """Files are written at `place`: an OSError becomes the `ScratchError` of it."""
    try:
        yield
    except OSError as error:
        raise failed(place, error) from None
