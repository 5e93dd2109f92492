"""Functions of a model file's own: expressions with arguments, put into the strings that call them.

``functions = {"relu(x)": "clip(x, 0, inf)"}`` lets every string of the file say ``relu(v - v_th)``; Brian2 gets
``(clip((v - v_th), 0, inf))``, on every device alike.
"""

import re

from brianff.equations.text import foreign_name
from brianff.errors import ModelError

__all__ = ["expand", "read_functions"]

_SIGNATURE = re.compile(r"\s*([A-Za-z]\w*)\s*\(\s*([A-Za-z]\w*(?:\s*,\s*[A-Za-z]\w*)*)\s*\)\s*")
_DEEPEST = 20


def read_functions(definitions, reserved, where):
    """name -> (arguments, body) of a dictionary such as ``{"relu(x)": "clip(x, 0, inf)"}``.

    Raises
    ------
    ModelError
        With file and line of what is wrong, `where(key)`.
    """
    found = {}

    def refuse(complaint):
        raise ModelError(f"{where(key)}: {complaint}")

    for key, body in definitions.items():
        match = _SIGNATURE.fullmatch(key) if isinstance(key, str) else None
        if not match:
            refuse(f'{key!r} is no function with its arguments, as in "relu(x)".')
        name, arguments = match[1], [argument.strip() for argument in match[2].split(",")]
        if name in reserved or name in found:
            refuse(f"there is a function '{name}' already: give yours another name.")
        if not isinstance(body, str) or not body.strip() or "\n" in body.strip() or "=" in re.sub("[<>!=]=", "", body):
            refuse(f"{name} must be one expression, as a string.")
        if complaint := foreign_name(body):
            refuse(complaint)
        if len(set(arguments)) < len(arguments):
            refuse(f"{name} has two arguments of the same name.")
        found[name] = (arguments, body.strip())
    return found


def expand(text, functions, where):
    """A line with every call of one of the functions replaced by its body.

    Raises
    ------
    ModelError
        If a call has too few or too many arguments, or functions call each other for ever.
    """
    code, sign, comment = text.partition("#")
    for _ in range(_DEEPEST):
        call = next((m for m in re.finditer(r"(?<![\w.])([A-Za-z]\w*)\s*\(", code) if m[1] in functions), None)
        if call is None:
            return code + sign + comment
        arguments, body = functions[call[1]]
        given, end = _arguments(code, call.end())
        if given is None:
            raise ModelError(f"{where}: '(' of {call[1]} was never closed.")
        if len(given) != len(arguments):
            raise ModelError(f"{where}: {call[1]}({', '.join(arguments)}) is called with {len(given)} arguments.")
        values = dict(zip(arguments, given, strict=True))
        inside = re.sub(r"(?<![\w.])[A-Za-z_]\w*", lambda m, v=values: f"({v[m[0]]})" if m[0] in v else m[0], body)
        code = f"{code[: call.start()]}({inside}){code[end:]}"
    raise ModelError(f"{where}: functions call each other for ever, or more than 20 calls stand in a line.")


def _arguments(code, start):
    """The arguments of a call, whose parenthesis opens before `start`, and where it ends."""
    depth, begin, found = 1, start, []
    for k in range(start, len(code)):
        depth += (code[k] == "(") - (code[k] == ")")
        if depth == 0:
            return [*found, code[begin:k].strip()], k + 1
        if code[k] == "," and depth == 1:
            found.append(code[begin:k].strip())
            begin = k + 1
    return None, start
