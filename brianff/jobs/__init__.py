"""Many runs: one engine for seeds, grids and searches, from a laptop to a cluster.

    from brianff import jobs

    todo = [jobs.Job(f"seed{k}", {"rule": "symba", "seed": k}, {"seed": k}) for k in (1, 2, 3)]
    rows = jobs.run(todo, "runs/seeds")

Started from a script, this needs no ``if __name__ == "__main__"``: the processes import brianff, and not the script.
"""

from brianff.lazy import at_first_use

_PLACES = {
    "Computing": "jobs.pools",
    "Grid": "jobs.grid",
    "Job": "jobs.job",
    "Search": "jobs.search",
    "Settings": "jobs.search",
    "run": "jobs.engine",
    "table": "jobs.tables",
    "train": "jobs.training",
}

__all__ = list(_PLACES)
__getattr__, __dir__ = at_first_use(__name__, _PLACES)
