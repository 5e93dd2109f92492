"""Names of a package that are imported when they are first used, since Brian2 takes a second."""

import pkgutil

__all__ = ["at_first_use"]


def at_first_use(package, places):
    """``__getattr__`` and ``__dir__`` of a package.

    Parameters
    ----------
    package : str
        Full name of the package.
    places : dict of str -> str
        The module, within ``brianff``, that each name comes from.
    """

    def imported(name):
        if name not in places:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        return pkgutil.resolve_name(f"brianff.{places[name]}:{name}")

    return imported, lambda: list(places)
