"""Compiled networks: each is built once, by one process, moved into the cache in one step, and checked before use."""

import contextlib
import fcntl
import json
import os
import shutil
import tempfile

from brianff.errors import BrianffError
from brianff.hashes import digest_of, file_digest
from brianff.scratch import owned_folder, swept, written

__all__ = ["CompilerError", "DeviceError", "cached", "one_at_a_time"]


class DeviceError(BrianffError):
    """A device that is missing, or a run on it that failed; the message says what to do."""


class CompilerError(DeviceError):
    """No compiler, or a compilation that failed."""


def cached(folder, build, report=None, announce=(), require=lambda: None):
    """Manifest of a compiled network, built if the cache has none, or one that is damaged.

    Parameters
    ----------
    folder : `pathlib.Path`
        Of the network, in the cache.
    build : callable
        Writes the project into a folder and compiles it; returns what `make` gave (`subprocess.CompletedProcess`) and
        the manifest (a dict that JSON can hold).
    report : callable, optional
        Called with each sentence of `announce` before the building.
    announce : sequence of str
    require : callable, optional
        Called first of all where something must be built; raises the `CompilerError` of a missing compiler.

    Returns
    -------
    manifest : dict
    compiled : bool
        Whether it had to be built.
    """
    swept()
    manifest = _read(folder)
    if manifest is not None:
        return manifest, False
    require()
    with one_at_a_time(folder):
        manifest = _read(folder)
        if manifest is not None:
            return manifest, False
        if report:
            for sentence in announce:
                report(sentence)
        work = owned_folder("build", folder.parent)
        try:
            with written(folder.parent):
                with _temporary_files_in(work):
                    built = build(work)
                _publish(work, folder, *built)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return _read(folder), True


@contextlib.contextmanager
def _temporary_files_in(work):
    """Temporary files of Brian2 and the compiler lie in a build's own folder: nothing else stays after a kill."""
    from brian2.utils.logger import std_silent

    before, opened = tempfile.tempdir, std_silent.dest_stdout is not None
    variable = os.environ.get("TMPDIR")
    tempfile.tempdir = os.environ["TMPDIR"] = str(work)
    try:
        yield
    finally:
        tempfile.tempdir = before
        if variable is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = variable
        if not opened and std_silent.dest_stdout is not None:  # open for as long as the process lives
            std_silent.close()
            std_silent.dest_stdout = std_silent.dest_stderr = None


@contextlib.contextmanager
def one_at_a_time(folder):
    """Let several processes that need the same network compile it once; the others wait."""
    path = folder.parent / f"{folder.name}.lock"
    while True:
        with written(folder.parent):
            folder.parent.mkdir(parents=True, exist_ok=True)
            lock = open(path, "w")
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not os.fstat(lock.fileno()).st_nlink:  # deleted by who had it before: another may hold a new one
                continue
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
            return


def _publish(work, folder, make, manifest):
    """Move a compiled project into the cache, its manifest with it, or raise the `CompilerError` of a failed `make`."""
    if make.returncode:
        log = folder.parent / f"failed-{folder.name}.log"
        errors = [line for line in make.stdout.splitlines() if "rror" in line or "No space" in line]
        log.write_text(make.stdout)
        raise CompilerError(f"compilation failed: {(errors or ['no message'])[0]} (all of it: {log})")
    for leftover in work.glob("**/*.o"):
        leftover.unlink()
    used = [work / "main", *(path for path in work.glob("static_arrays/*") if path.is_file())]
    files = {str(path.relative_to(work)): file_digest(path) for path in used}
    document = {"network": manifest, "files": files}
    (work / "manifest.json").write_text(json.dumps(document | {"digest": digest_of(document)}))
    if folder.is_dir():  # without a manifest, or damaged
        shutil.rmtree(folder, ignore_errors=True)
    else:
        folder.unlink(missing_ok=True)
    os.replace(work, folder)


def _read(folder):
    """The manifest of a network in the cache; None where one is missing, or anything that it needs is damaged."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        document = json.loads((folder / "manifest.json").read_text())
        whole = document.pop("digest") == digest_of(document)
        if whole and all(file_digest(folder / name) == digest for name, digest in document["files"].items()):
            return document["network"]
    return None
