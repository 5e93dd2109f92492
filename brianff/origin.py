"""Where a Brian2 object was made: "Object was created here" points to the user's line, and not into this package."""

import traceback
from pathlib import Path

import brian2

__all__ = ["point_at_user"]

_PACKAGES = tuple(f"{Path(path).parent}/" for path in (brian2.__file__, __file__))


def point_at_user(brian_object):
    """Leave frames of this package out of what an error of Brian2 says of the object, as Brian2 does with its own.

    Parameters
    ----------
    brian_object : `brian2.core.base.BrianObject`
        Within its constructor, or within what a user calls to make it.
    """
    frames = [frame for frame in traceback.extract_stack() if not frame.filename.startswith(_PACKAGES)]
    stack = [f"  File '{f.filename}', line {f.lineno}, in {f.name}\n    {f.line}" for f in frames]
    if stack:
        brian_object._creation_stack = stack[-1]
        brian_object._full_creation_stack = "\n".join(stack)
