# %% [markdown]
# # 4. Feedback learning, and your own spike trains
#
# Goodness is one way to do without backpropagation. Another one has an output layer with targets, and sends the
# output's error to the hidden neurons through weights of their own: random ones (DFA), or ones that are learnt from
# spikes alone (SFDFA, Bacho & Chu 2024). We try both on spike trains that we make ourselves.

# %%
import numpy as np
from brian2 import ms

import brianff as ff
from brianff import datasets

rng = np.random.default_rng(0)

# %% [markdown]
# ## A task that needs time, and a hidden layer
#
# Two groups of ten channels. In each sample, each group spikes once through, upwards or downwards, with jitter. The
# question is whether the two groups go in the *same* direction or not. Counting spikes tells nothing (every channel has
# exactly one), and no single channel does either: this is an exclusive or, in time.

# %%
up = np.arange(10)
labels, times, channels = [], [], []
for _ in range(900):
    first, second = rng.integers(0, 2, 2)
    places = np.concatenate([up if direction else up[::-1] for direction in (first, second)])
    t = 0.008 * (places + 0.5) + rng.normal(0, 0.003, 20)  # seconds from the start of the sample
    t = np.clip(t, 0, 0.0799)
    labels.append(int(first == second))
    channels.append(np.argsort(t))
    times.append(np.sort(t))

data = datasets.from_spikes(times, channels, labels, n_channels=20, classes=["different", "same"])
data

# %% [markdown]
# ## SFDFA and DFA
#
# 20 inputs, 100 hidden neurons, 2 outputs, of which the right one shall spike ten times and the other once. Steps of 2
# ms, 150 ms for each sample. Nothing is sent backwards: what reaches a hidden neuron is a weighted sum of the outputs'
# errors.
#
# Thresholds are `c`, of the hidden neurons (`set`) and of the outputs alone (`set_output`): with one spike a channel,
# the input is weak.


# %%
def trained(feedback):
    options = dict(layers=[100], steps=75, dt=2.0, epochs=12, mini_batch=10, learning_rate=0.02, chunk=90, seed=1)
    parameters = dict(set=["c=0.1", "y_true=10"], set_output=["c=0.3"])
    return ff.Run(ff.Feedback(data, feedback=feedback, **options, **parameters)).train(progress=False)


runs = {name: trained(name) for name in ("sfdfa", "dfa", "output_only")}
for name, run in runs.items():
    print(f"{name:12s} test accuracy {run.evaluate('test').accuracy():.3f}")

# %%
import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(6, 2.8), layout="constrained")
for name, run in runs.items():
    rows = [row for row in run.metrics if row["what"] == "validation"]
    axes.plot([row["epoch"] for row in rows], [100 * row["accuracy"] for row in rows], label=name)
axes.set(xlabel="epoch", ylabel="validation accuracy (%)")
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False, loc="lower right")
plt.show()

# %% [markdown]
# With `output_only` the hidden layer stays random, and the output does what it can with it. The other two solve the
# task. SFDFA learns feedback weights that point where the forward weights do; those of DFA stay random, and the forward
# weights turn towards them a little. The cosine between the two:

# %%
for name in ("sfdfa", "dfa"):
    print(f"{name:12s} {runs[name].metrics[-1]['alignment1']:.2f}")

# %% [markdown]
# ## Look at it
#
# A sample of each class, through all layers: input at the bottom, output at the top.

# %%
test = data.labels[data.test]
samples = [int(np.flatnonzero(test == label)[0]) for label in range(2)]
recording = runs["sfdfa"].record(samples)
ff.plotting.raster(recording)

# %%
ff.plotting.membrane(recording, level=2)

# %% [markdown]
# ## The same spikes, by goodness
#
# Data and learning are independent of each other: a local readout in every layer learns the same task, without an
# output layer and without feedback. Its synapses know when a spike came (`local_readout_in_time`).

# %%
fast = ff.Neuron(base="lif", parameters={"tau_m": 10 * ms, "tau_syn": 20 * ms})
local = ff.ForwardForward(
    data, layers=[100, 100], neuron=fast, rule="local_readout_in_time", negatives="none", steps=75, dt=2.0, epochs=12
)
ff.Run(local).train(progress=False).evaluate("test").accuracy()

# %% [markdown]
# More on both: [learning with feedback](../feedback.md), [networks that remember](../memory.md); for spikes in files,
# [your own data](../own_data.md).
#
# **Next**: [many runs, searches, statistics](5_many_runs_and_statistics).
