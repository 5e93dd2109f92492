# %% [markdown]
# # 3. Your own learning rule
#
# A rule is a few strings as well. This one does not exist in brianff: *stop when it is good enough*. The default rule,
# `symba`, pulls the goodness of the two phases apart for ever; ours stops where they differ by a margin, as a
# perceptron or a support vector machine would:
#
# $$ L = \max(0,\ \text{margin} - (g^+ - g^-)) $$
#
# Its gradient is the same three factors, with a modulator $M$ that is 1 as long as the margin is not reached, and 0
# afterwards.

# %%
import warnings

import numpy as np

import brianff as ff

# %% [markdown]
# ## What symba says
#
# | string | factor |
# |--|--|
# | `presynaptic` | a trace of each input, normalised: `z` |
# | `neuron` | the derivative of the goodness by the neuron's trace; it is given, as `derivative` |
# | `layer`, `layer_at_epoch_end` | the modulator `M`, from the goodness `g` and the one before, `g_last` |
# | `at_epoch_end` | what a synapse does with the three of them |
# | `..._remember` | what is kept of the positive phase until the negative one ends |
#
# Only the modulator differs. With `base=` all other strings stay what they are:

# %%
margin_rule = ff.Rule(
    base="symba",
    name="margin",
    layer_at_epoch_end="M = int(g_last - g < margin)",
    parameters={"margin": 1.0},
)

# %% [markdown]
# ## Does it descend its loss?
#
# A learning rule deserves better than an accuracy. One sample, plain gradient descent, a small rate: if the rule
# follows the gradient, the goodness of the true label must rise above that of all others, and come to rest where the
# margin is reached.

# %%
one_sample = dict(limit=1, epochs=1, batch=1, mini_batch=1, refresh=1, chunk=1, validation=0, dropout=0.0)
descent = dict(optimizer="sgd", learning_rate=5e-4, final_rate=1.0, negatives="uniform", seed=3)
run = ff.Run(ff.ForwardForward("digits", layers=[30], rule=margin_rule, **one_sample, **descent))
label = run.method.data.labels[run.method.train[0]]
margins = []
for _ in range(15):
    goodness = run.evaluate("train", 1).goodness[0, :, 0]  # under every label
    margins.append(goodness[label] - np.delete(goodness, label).max())
    run.train(epochs=2, progress=False)
print(np.round(margins, 2))

# %% [markdown]
# It does: true label less best wrong one.
#
# ## Does it learn?


# %%
def trained(rule, **parameters):
    chosen = [f"{name}={value}" for name, value in parameters.items()]
    return ff.Run(ff.ForwardForward("digits", layers=[100, 100], epochs=8, rule=rule, set=chosen)).train(progress=False)


runs = {"symba": trained("symba")} | {f"margin {m}": trained(margin_rule, margin=m) for m in (0.3, 1, 3)}
for name, one in runs.items():
    last = one.metrics[-1]
    print(f"{name:12s} validation {last['accuracy']:.3f}   spikes a neuron {last['spikes_per_neuron']:.2f}")

# %% [markdown]
# The margin is a parameter, and no network was compiled again for its three values. (Differences of a point or two are
# within chance for 270 validation samples: [tutorial 5](5_many_runs_and_statistics) does it properly.)

# %%
ff.plotting.goodness_over_training(runs["margin 1"].metrics)

# %% [markdown]
# ## A rule of its own
#
# Nothing has to come from another rule. Here is Hebbian learning with the phase as its third factor, in full: the
# synapses of active neurons grow in positive phases and shrink in negative ones.

# %%
hebb = ff.Rule(
    name="hebb",
    presynaptic="dz/dt = gain_layer*x/T_epoch : 1     # normalised presynaptic trace, mean over the epoch",
    synapse="dw : 1                                   # change of the weight until the optimizer's next step",
    at_epoch_end="dw += phase_layer*x_post*z_pre",
    rows="z_pre != 0",
)
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always", ff.BrianffWarning)
    last = trained(hebb).metrics[-1]
print(f"hebb         validation {last['accuracy']:.3f}   spikes a neuron {last['spikes_per_neuron']:.2f}")
print(*{str(one.message) for one in said if issubclass(one.category, ff.BrianffWarning)}, sep="\n")

# %% [markdown]
# It fails, and the warnings say so. Without a modulator nothing tells a layer that it is already right, and the most
# active neurons run away with the weights: this is what the loss of the other rules is for.
#
# Eligibilities of each synapse (`(per_entry)`), changes at spikes (`on_pre`, `on_post`), class scores (`classes`) are
# further strings: [what a rule may define](../models.md#rules), and `models/rules/` has fourteen to begin with.
#
# **Next**: [feedback learning, and your own spike trains](4_feedback_and_spike_trains).
