"""Names of a package that are imported when they are first used, since Brian2 takes a second."""

import pkgutil

__all__ = ["resolved"]


def resolved(package, places, name):
    """What ``__getattr__`` of a package gives.

    Parameters
    ----------
    package : str
        Full name of the package.
    places : dict of str -> str
        The module, within ``brianff``, that each name comes from.
    name : str
    """
    if name not in places:
        raise AttributeError(f"module '{package}' has no attribute '{name}'")
    return pkgutil.resolve_name(f"brianff.{places[name]}:{name}")
