# %% [markdown]
# # 1. From an equation string to a raster
#
# You write the neuron as you would in Brian2. brianff puts it into a network, shows the network an image with the right
# and with a wrong label, and records what happens. Nothing is compiled here: NumPy does it in seconds.

# %%
from brian2 import ms

import brianff as ff

# %% [markdown]
# ## A neuron
#
# Three strings and a dictionary. `I_syn` receives the weights of incoming spikes (that is the default `on_pre`,
# `I_syn_post += w`); `gain_below` is the feed-forward inhibition that comes with every network: it divides the input by
# the length of the trace vector of the layer below, so that a layer hears *which* neurons are active, not how many.

# %%
neuron = ff.Neuron(
    name="adapting",
    equations="""
    dv/dt = (gain_below*I_syn - v)/tau_m : 1     # membrane, in units of the threshold at rest
    dI_syn/dt = -I_syn/tau_syn : 1               # synaptic current
    da/dt = -a/tau_a : 1                         # how far the threshold has risen
    """,
    threshold="v > 1 + a",
    reset="""
    v = 0
    a += jump
    """,
    parameters={"tau_m": 20 * ms, "tau_syn": 100 * ms, "tau_a": 50 * ms, "jump": 0.2},
)

# %% [markdown]
# A slip is found before anything runs, with the argument and its line. Here, somebody has forgotten to divide by a time
# constant:

# %%
try:
    wrong = ff.Neuron(
        equations="dv/dt = I_syn - v : 1\ndI_syn/dt = -I_syn/(100*ms) : 1", threshold="v > 1", reset="v = 0"
    )
    ff.ForwardForward("digits", neuron=wrong)
except ff.BrianffError as error:
    print(error)

# %% [markdown]
# ## A network that has not learnt
#
# A layer of 40 such neurons, all connected to 64 pixels and 100 label neurons (ten for each class), with random
# weights. `init_gain` is their standard deviation times $\sqrt{\text{inputs}}$.


# %%
def network(neuron):
    method = ff.ForwardForward("digits", layers=[40], neuron=neuron, init_gain=3.0, device="runtime")
    return ff.Run(method)


run = network(neuron)
recording = run.record([0])  # the first test sample
recording

# %%
ff.plotting.raster(recording)

# %% [markdown]
# Time runs to the right. In the **positive phase** the image is shown with its true label, in the **negative phase**
# with a wrong one: the same pixels (each spikes once, the brighter the earlier), other label neurons. Each phase is a
# *stimulus epoch*, and begins at rest. An untrained layer does not care which label it sees. That is what learning
# changes.
#
# ## One neuron, from inside

# %%
ff.plotting.membrane(recording)

# %% [markdown]
# The dashed line is the threshold: it rises with every spike. Below are the synaptic current, the adaptation, the trace
# `x` from which learning is made, and the layer's goodness, the mean of `x²`.
#
# All of it is arrays, in the units of the equations:

# %%
i, t = recording.spikes(1)  # neurons of layer 1, and times in ms
print(f"{len(t)} spikes, the first at {t.min():.0f} ms; a: {recording.trace('a').shape} (neurons, steps)")

# %% [markdown]
# ## Change a number
#
# Parameters are not part of the code: another value needs nothing new. Without its adaptation the layer fires more, and
# more regularly.

# %%
import matplotlib.pyplot as plt
import numpy as np

figure, axes = plt.subplots(figsize=(6, 2.6), layout="constrained")
for jump in (0.0, 0.2, 0.6):
    spikes = network(ff.Neuron(base=neuron, parameters={"jump": jump})).record([0]).spikes(1)
    counts = np.bincount(spikes[0], minlength=40)
    axes.plot(np.sort(counts)[::-1], label=f"jump = {jump}")
axes.set(xlabel="neuron, the busiest first", ylabel="spikes in two phases")
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# ## What Brian2 gets
#
# `method.equations` are the strings of the whole network, as Brian2's code generator receives them: yours, and those of
# the encoder, the goodness and the learning rule. Here is what has become of the neuron.

# %%
text = str(run.method.equations)
print(text[text.index("[neurons] equations") : text.index("[input layer] equations")])

# %% [markdown]
# The same neuron in a file, `my_neuron.py`, with these strings as its variables, goes through the command line:
# `brianff check my_neuron.py`, `brianff run inspect_neuron --neuron my_neuron.py`, `brianff train --neuron
# my_neuron.py`.
#
# **Next**: [let it learn](2_train_and_look_inside).
