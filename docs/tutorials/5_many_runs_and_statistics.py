# %% [markdown]
# # 5. Many runs, searches, statistics
#
# One run is an anecdote. Seeds, grids and searches go through one engine: a list of jobs, each a run in a folder and a
# process of its own, each result a row. Killed half-way, the same cell goes on where it was.

# %%
import tempfile
from pathlib import Path

import numpy as np

import brianff as ff
from brianff import jobs

folder = Path(tempfile.mkdtemp())  # "runs/..." if you want to keep it
small = {"layers": [50], "epochs": 4, "limit": 500}
two_at_a_time = jobs.Computing(jobs=2)
quiet = dict(report=lambda text: None)

# %% [markdown]
# ## Seeds
#
# Two rules, five seeds each. `columns` is what tells a row from the others; `test=False` leaves the test samples alone
# while we still choose.

# %% tags=["remove-output"]
todo = [
    jobs.Job(f"{rule}-{seed}", {**small, "rule": rule, "seed": seed}, {"rule": rule, "seed": seed}, test=False)
    for rule in ("symba", "r_stdp")
    for seed in (1, 2, 3, 4, 5)
]
rows = jobs.run(todo, folder / "seeds", two_at_a_time, **quiet)  # says how each run did

# %%
print(jobs.table(rows, by=["rule"]))

# %% [markdown]
# Both rules had the same five seeds: the same initial weights, the same order of samples. So the differences are
# paired, and the question is whether their mean is 0.

# %%
from scipy.stats import ttest_rel

accuracy = {rule: [row["validation_accuracy"] for row in rows if row["rule"] == rule] for rule in ("symba", "r_stdp")}
difference = 100 * np.subtract(accuracy["symba"], accuracy["r_stdp"])
test = ttest_rel(accuracy["symba"], accuracy["r_stdp"])
print(f"symba less r_stdp: {difference.mean():.1f} ± {difference.std(ddof=1):.1f} points")
print(f"paired t test: p = {test.pvalue:.2g}")

# %% [markdown]
# ## A grid
#
# Every combination of some values: options of the method, or parameters of the models. From the command line the same
# is a TOML file (`brianff sweep grid.toml`).

# %% tags=["remove-output"]
grid = jobs.Grid({"tau_m": ("5*ms", "10*ms", "20*ms", "40*ms"), "rule": ("symba", "r_stdp")}, small, seeds=(1, 2))
rows = jobs.run(grid.jobs(), folder / "grid", two_at_a_time, **quiet)

# %%
ff.plotting.sweep(rows, ["tau_m", "rule"])

# %% [markdown]
# Each dot is a run. `rows` are plain dictionaries: `pandas.DataFrame(rows)` makes a table of them.
#
# ## A search
#
# With more than two or three dimensions a grid is waste. Optuna proposes values where earlier ones did well; weak
# trials are given up after a part of their training. The search sees validation samples only. (Ten trials are for show:
# take fifty.)

# %% tags=["remove-output"]
import optuna

optuna.logging.set_verbosity(optuna.logging.WARNING)
settings = jobs.Settings(
    vary=("tau_m=5..50*ms log", "tau_syn=20..200*ms log", "learning_rate=5e-4..2e-2 log"), options=small
)
search = jobs.Search(settings, folder / "search", **quiet)
search.run(10, two_at_a_time)

# %%
names = ["tau_m", "tau_syn", "learning_rate"]
ff.plotting.search(search.trials(), names, search.importance())

# %% [markdown]
# The best of many trials is also the luckiest. So it is trained anew with seeds that the search did not have, and
# tested once:

# %% tags=["remove-output"]
best = search.best()
tested = search.test([101, 102, 103], two_at_a_time)

# %%
print({name: best[name] for name in names}, f"in the search: {best['validation_accuracy']:.3f}")
for row in tested:
    print(f"seed {row['seed']}: validation {row['validation_accuracy']:.3f}, test {row['test_accuracy']:.3f}")

# %% [markdown]
# ## On a cluster
#
# `jobs.Computing(cluster="slurm", jobs=10)` in place of `two_at_a_time`, or `--cluster slurm --jobs 10` on the command
# line, does the same on the nodes of a cluster ([many runs](../many_runs.md#on-a-cluster)).
#
# **Next**: [convolution and events](6_convolution_and_events).
