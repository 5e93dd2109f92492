"""Templates of this package for Brian2's code generators, and what those for CUDA do with generated statements."""

import re

from brian2.codegen.runtime.numpy_rt.numpy_rt import NumpyCodeObject
from brian2.devices.cpp_standalone.codeobject import CPPStandaloneCodeObject
from brian2.devices.device import get_device

__all__ = [
    "after_scalars",
    "along",
    "changes",
    "in_array",
    "on_cuda",
    "read_at",
    "split",
    "use_templates",
    "without_writes",
    "writes",
]

_READ = re.compile(r"^(?:const )?[\w ]+ (\w+) = (_ptr\w+)\[(\w+)\];$")
_WRITE = re.compile(r"^(_ptr\w+)\[(\w+)\] = (\w+);$")

_with_ours = {}  # templater as it was found -> the same, with our templates beside


def use_templates():
    """Let Brian2's code objects find the templates of this package beside their own."""
    used = {function.__name__: function for function in (split, in_array, along, changes, read_at)}
    _derive(CPPStandaloneCodeObject, "cpp", env_globals=used)
    _derive(NumpyCodeObject, "numpy")
    if on_cuda():
        from brian2cuda.codeobject import CUDAStandaloneCodeObject

        used = {function.__name__: function for function in (split, without_writes, after_scalars, writes)}
        _derive(CUDAStandaloneCodeObject, "cuda", env_globals=used)


def _derive(target, folder, **more):
    found = target.templater
    if found not in _with_ours.values():
        if found not in _with_ours:
            _with_ours[found] = found.derive("brianff", templates_dir=f"templates/{folder}", **more)
        target.templater = _with_ours[found]


def on_cuda():
    """Whether Brian2 objects are being made for brian2cuda."""
    return get_device().__class__.__name__ == "CUDAStandaloneDevice"


def _pointer(match):
    """That of a statement that reads or writes."""
    return next(group for group in match.groups() if group.startswith("_ptr"))


def split(lines, constant):
    """Take out of a loop what reads and writes the elements that stay the same through the loop.

    Parameters
    ----------
    lines : list of str
        Generated statements: first all reads from arrays, then the code, then all writes.
    constant : sequence of str
        Names of the indices that do not change in the loop.

    Returns
    -------
    pieces : dict with "before", "inside" and "after"
        Lists of statements.  A variable that is written but not read stays inside, and so does one whose array is
        known by a second name, through which a change would have to be seen.
    """
    names = {}
    for line in lines:
        if match := _READ.match(line) or _WRITE.match(line):
            pointer = _pointer(match)
            names.setdefault(pointer, set()).add(match.group(1) if _READ.match(line) else match.group(3))
    pieces = {"before": [], "inside": [], "after": []}
    moved = set()
    for line in lines:
        if (read := _READ.match(line)) and read.group(3) in constant and len(names[read.group(2)]) == 1:
            moved.add(read.group(1))
            pieces["before"].append(line)
        elif (write := _WRITE.match(line)) and write.group(3) in moved:
            pieces["after"].append(line)
        else:
            pieces["inside"].append(line)
    return pieces


def in_array(lines, index, place):
    """Statements inside of a loop that change elements of arrays, with small arrays in their stead.

    Parameters
    ----------
    lines : list of str
        As `split` leaves them.
    index : str
        Name of the index of what is changed.
    place : str
        Expression of the index in the small arrays.

    Returns
    -------
    found : dict with "variables" and "lines"
        Of each variable that is read and written, its "type", the "pointer" to its array, and the "name" of the small
        array; and the statements.
    """
    of_index = split(lines, [index])
    written = {match.group(1) for line in of_index["after"] if (match := _WRITE.match(line))}
    variables, found = [], []
    for line in lines:
        if (match := _READ.match(line) or _WRITE.match(line)) and f"[{index}]" in line:
            pointer = _pointer(match)
            if pointer in written:
                if _READ.match(line):
                    kind = line.split()[0]
                    variables.append({"type": kind, "pointer": pointer, "name": f"_kept{pointer}"})
                line = line.replace(f"{pointer}[{index}]", f"_kept{pointer}[{place}]")
        found.append(line)
    return {"variables": variables, "lines": found}


def read_at(lines, index):
    """Pointers to the arrays that statements read at an index."""
    return sorted({match.group(2) for line in lines if (match := _READ.match(line)) and match.group(3) == index})


def along(lines, index):
    """The same, where they read and write at this index alone; else None."""
    reads, writes = ([match for line in lines if (match := form.match(line))] for form in (_READ, _WRITE))
    indices = {match.group(3) for match in reads} | {match.group(2) for match in writes}
    return read_at(lines, index) if indices == {index} else None


def changes(lines, pointer):
    """Whether statements write to an array."""
    return any((match := _WRITE.match(line)) and match.group(1) == pointer for line in lines)


def without_writes(lines):
    """Scalar code without the lines that write shared variables back."""
    return [line for line in lines if not _WRITE.match(line)]


def after_scalars(lines, scalar):
    """Vector code that takes the shared variables which scalar code has changed from there, not from memory."""
    changed = {match.group(1) for match in map(_WRITE.match, scalar) if match}
    return [line for line in lines if not ((read := _READ.match(line)) and read.group(2) in changed)]


def writes(code):
    """Whether scalar code, of one block or of several, writes shared variables."""
    blocks = code.values() if isinstance(code, dict) else [code]
    return any(_WRITE.match(line) for block in blocks for line in block)
