"""What a shell needs to complete a command line (argcomplete, extra ``[completion]``).

The shell calls the program with the line in its environment, and without arguments. Parsers answer by themselves
(`brianff.options.Parser`); commands whose options are those of a protocol have parsers of their own, for which the
words before them count as the name of the program.
"""

import os

__all__ = ["skip", "words"]


def words():
    """Complete words of the line that a shell wants completed, behind the program's name; none if none does."""
    if "_ARGCOMPLETE" not in os.environ:
        return []
    from argcomplete.lexers import split_line

    line = split_line(os.environ["COMP_LINE"], int(os.environ["COMP_POINT"]))[3]
    return line[int(os.environ["_ARGCOMPLETE"]) :]


def skip(n):
    """The next `n` words belong to the name of the program."""
    if "_ARGCOMPLETE" in os.environ:
        os.environ["_ARGCOMPLETE"] = str(int(os.environ["_ARGCOMPLETE"]) + n)
