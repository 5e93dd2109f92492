"""Many runs: one engine for seeds, grids and searches, from a laptop to a cluster.

    from brianff import jobs

    todo = [jobs.Job(f"seed{k}", {"rule": "symba", "seed": k}, {"seed": k}) for k in (1, 2, 3)]
    rows = jobs.run(todo, "runs/seeds")

Started from a script, this needs no ``if __name__ == "__main__"``: the processes import brianff, and not the script.
"""

import importlib

_PLACES = {
    "Computing": "pools",
    "Grid": "grid",
    "Job": "job",
    "Search": "search",
    "Settings": "search",
    "run": "engine",
    "table": "tables",
    "train": "training",
}

__all__ = list(_PLACES)


def __getattr__(name):  # Brian2 takes a second to import
    if name in _PLACES:
        return getattr(importlib.import_module(f"brianff.jobs.{_PLACES[name]}"), name)
    raise AttributeError(f"module 'brianff.jobs' has no attribute '{name}'")


def __dir__():
    return __all__
