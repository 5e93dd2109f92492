# %% [markdown]
# # 6. Convolution and events
#
# Layers with positions: one kernel for all of them, from the same equation strings. First on still images, then on what
# an event camera would see.

# %%
import numpy as np

import brianff as ff
from brianff import datasets

# %% [markdown]
# ## A convolution that learns by itself
#
# `conv16k3` is a word for 16 channels with kernels of 3 by 3. Labels among the input have no position, so that
# convolutions learn without them: with the rule `local_readout` every layer has class scores of its own, and learns
# from their error. One presentation gives the prediction, and there are no negative phases.

# %%
method = ff.ForwardForward(
    "digits", layers=["conv16k3", "60"], rule="local_readout", negatives="none", epochs=8, steps=20, dt=3.0
)  # fmt: skip
run = ff.Run(method).train(progress=False)
evaluation = run.evaluate("test")
print(f"{method.network_name()}: {evaluation.accuracy():.3f}")

# %% [markdown]
# The kernels, the strongest first, and what their channels do when a digit is shown: each small image is a channel over
# its positions.

# %%
ff.plotting.kernels(run.weights[1])

# %%
ff.plotting.feature_maps(run.record([0]), level=1)

# %% [markdown]
# What does the dense layer above look for? Its weights go to channels and positions, which nobody can read. So we ask
# which images make it spike: the mean input where a neuron is active, less the mean of all.

# %%
ff.plotting.fields(ff.triggered_average(method, 2, method.train[:400]), n=24)

# %% [markdown]
# ## Events
#
# An event camera sends no frames. A pixel says *brighter* or *darker* when it changes, with its time. Here is a bar
# that moves over 10 by 10 pixels, in one of four directions, with noise; its leading edge makes pixels brighter, the
# trailing one darker.

# %%
rng = np.random.default_rng(0)
size, seconds = 10, 0.1
kind = np.dtype([("t", float), ("x", int), ("y", int), ("p", int)])


def moving_bar(direction):
    """Events of a bar that moves right, left, down or up."""
    events, width = [], 2
    along = np.arange(2, 8) + rng.integers(-2, 3)
    begin, speed = rng.uniform(0, 0.02), rng.uniform(0.8, 1.2)
    for step in range(size + width):
        t = begin + speed * (seconds - 0.04) * step / (size + width)
        for place, polarity in ((step, 1), (step - width, 0)):
            if 0 <= place < size:
                place = place if direction % 2 == 0 else size - 1 - place
                xy = [(place, a) if direction < 2 else (a, place) for a in along if 0 <= a < size]
                events += [(t + rng.normal(0, 0.001), x, y, polarity) for x, y in xy if rng.random() < 0.8]
    events += [(rng.uniform(0, 0.09), *rng.integers(0, size, 2), rng.integers(0, 2)) for _ in range(30)]  # noise
    events = np.array(events, kind)
    events["t"] = np.clip(events["t"], 0, 0.099)
    return np.sort(events, order="t")


labels = rng.integers(0, 4, 600)
recordings = [(moving_bar(label), label) for label in labels]
data = datasets.from_tonic(recordings, sensor_size=(size, size, 2), unit=1.0, classes=["right", "left", "down", "up"])
ff.plotting.camera(data, [int(np.flatnonzero(data.labels == label)[0]) for label in range(4)])

# %% [markdown]
# `from_tonic` takes any sequence of (structured array, label), as the data sets of
# [tonic](https://tonic.readthedocs.io) are. Nothing is made a frame: an event belongs to its time step and its channel.
#
# Where the bar has been says nothing about where it was going: the sum over time is the same for *right* and *left*. A
# rule in time and fast synapses hear the order.

# %%
from brian2 import ms

fast = dict(neuron=ff.Neuron(base="lif", parameters={"tau_syn": 20 * ms, "tau_m": 10 * ms}), steps=50, dt=2.0)
for rule in ("local_readout", "local_readout_in_time"):
    method = ff.ForwardForward(data, layers=[60], rule=rule, negatives="none", epochs=10, **fast)
    run = ff.Run(method).train(progress=False)
    print(f"{rule:22s} test accuracy {run.evaluate('test').accuracy():.3f}")

# %%
ff.plotting.raster(run.record([0, 1]))

# %%
ff.plotting.confusion(run.evaluate("test"), classes=data.classes)

# %% [markdown]
# Real recordings (N-MNIST, DVS128 Gesture, spoken digits) are read as their authors publish them:
# [events](../events.md). Larger images: [networks that see](../seeing.md).
