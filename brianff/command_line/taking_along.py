"""`brianff export`: a run in the formats of other programs."""

import sys

from brianff.errors import OptionError
from brianff.exchange.files import export as write_export

__all__ = ["export", "numbers"]


def export(args):
    """Write the file, and say where."""
    samples, neurons = numbers(args.samples, "--samples"), numbers(args.neurons, "--neurons")
    more = dict(data=args.data, trust_models=args.trust_models, report=lambda said: print(said, file=sys.stderr))
    print(write_export(args.run, args.to, args.file, samples, neurons, args.which, **more))


def numbers(given, flag):
    """Whole numbers from text with commas, in which ``3:6`` stands for 3, 4, 5; None for None.

    Raises
    ------
    OptionError
        If it is no such text.
    """
    if given is None:
        return None
    found = []
    for word in given.split(","):
        first, colon, end = (part.strip() for part in word.partition(":"))
        if not first.isdecimal() or (colon and not end.isdecimal()):
            raise OptionError(f"{flag} {given}: give numbers with commas between them, as in 0,3,7, or 0:50.")
        found += range(int(first), int(end)) if colon else [int(first)]
    if not found or len(set(found)) != len(found):
        raise OptionError(f"{flag} {given}: give one number at least, and none twice.")
    return found
