# %% [markdown]
# # 2. Train, and look inside
#
# Two layers of 100 neurons learn handwritten digits: 1 078 training images of 8 by 8 pixels, ten passes, a few seconds.
# From here on the network is compiled to C++, once for each architecture.

# %%
import brianff as ff

method = ff.ForwardForward("digits", layers=[100, 100], epochs=10, seed=1)
run = ff.Run(method)
before = run.record([0, 1])
run.train(progress=False)
run

# %% [markdown]
# ## What learning does
#
# Every layer has a goodness, the mean of its squared traces. It is pushed up in positive phases (true label) and down
# in negative ones (a wrong label, chosen among those that the network takes for likely). The rule is local: presynaptic
# trace × postsynaptic trace × one number of the layer.

# %%
ff.plotting.raster(before)

# %%
ff.plotting.raster(run.record([0, 1]))

# %% [markdown]
# The same two test images before and after: with the true label (positive phase) the layers now answer with more spikes
# than with a wrong one.
#
# ## Does every layer learn?

# %%
ff.plotting.goodness_over_training(run.metrics)

# %% [markdown]
# Left, the goodness of the two phases parts; right, how often the positive phase had the larger one. It does not have
# to reach 100 %: the wrong labels are hard ones. A layer that stays at 50 % does not learn ([what to do
# then](../if_it_does_not_learn.md)).

# %%
ff.plotting.learning_curve(run.metrics)

# %% [markdown]
# ## Test samples, once
#
# Every label is tried for every image, and the one with the largest goodness, summed over the layers, is the answer. A
# softmax readout on one pass without a label is cheaper, and nearly as good.

# %%
evaluation = run.evaluate("test")
{way: round(float(evaluation.accuracy(way)), 3) for way in evaluation.ways}

# %%
ff.plotting.goodness_distribution(evaluation)

# %%
ff.plotting.confusion(evaluation)

# %% [markdown]
# ## What neurons look for
#
# Input weights of the first layer, of the 40 neurons with the strongest: green excites, purple inhibits. With 8 by 8
# pixels they are coarse; on MNIST they become strokes ([what it learns](../what_it_learns.md)). Rows of the matrix
# beyond the 64 pixels belong to the labels.

# %%
ff.plotting.receptive_fields(run.weights[1], run.method.data.image_shape)

# %% [markdown]
# How does a neuron of the first layer treat labels? One block of ten rows is a class.

# %%
import matplotlib.pyplot as plt
import numpy as np

of_labels = run.weights[1][64:].reshape(10, 10, -1).mean(1)  # (classes, neurons)
order = np.argsort(of_labels.argmax(0))
figure, axes = plt.subplots(figsize=(7, 2.2), layout="constrained")
limit = np.abs(of_labels).max()
image = axes.imshow(of_labels[:, order], cmap="PRGn", vmin=-limit, vmax=limit, aspect="auto", interpolation="none")
axes.set(xlabel="neuron, ordered by its favourite label", ylabel="label", yticks=range(0, 10, 3))
figure.colorbar(image, label="mean weight")
plt.show()

# %% [markdown]
# ## Keep it
#
# `ff.Run(method, "runs/digits")` keeps options, equations, metrics and checkpoints in a folder;
# `ff.load("runs/digits")` goes on with it, or looks at it again ([stop, go on, look again](../resume.md)).
#
# **Next**: [a learning rule of your own](3_your_own_learning_rule).
