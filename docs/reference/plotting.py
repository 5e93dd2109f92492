# %% [markdown]
# # Figures
#
# Every function takes what it draws as an object, and returns a matplotlib figure that belongs to no window: a notebook
# shows it, and `save` writes it. With `figure=`, a figure or one of its subfigures, it draws there. The two phases have
# the same colours in all of them.

# %%
import numpy as np

import brianff as ff
from brianff import datasets, plotting

rng = np.random.default_rng(0)
run = ff.Run(ff.ForwardForward("digits", layers=[60, 60], epochs=8)).train(progress=False)
recording, evaluation = run.record([0, 1]), run.evaluate("test")

# %% [markdown]
# ## raster
#
# ```{eval-rst}
# .. autofunction:: brianff.plotting.raster
# ```

# %%
plotting.raster(recording)

# %% [markdown]
# ## membrane
#
# ```{eval-rst}
# .. autofunction:: brianff.plotting.membrane
# ```

# %%
plotting.membrane(recording, level=1, epochs=[0, 1], variables=["v", "I_syn"])

# %% [markdown]
# ## neurons
#
# ```{eval-rst}
# .. autofunction:: brianff.plotting.neurons
# ```

# %%
plotting.neurons(recording, level=1, variables=["v", "I_syn"])

# %% [markdown]
# ## current_curves, beside
#
# ```{eval-rst}
# .. autofunction:: brianff.plotting.current_curves
# .. autofunction:: brianff.plotting.beside
# ```

# %%
from brianff.equations.compose import compose
from brianff.studies.current import current_curve

currents = np.linspace(0, 2, 9)
names = ["lif", "lif_adaptive"]
plotting.current_curves({name: current_curve(compose(models={"neuron": name}), currents) for name in names})

# %%
shown = {name: ff.Run(ff.ForwardForward("digits", layers=[20], neuron=name)).record([0]) for name in names}
plotting.beside(lambda name, figure: plotting.membrane(shown[name], figure=figure), names)

# %% [markdown]
# ## goodness_over_training
#
# ```{eval-rst}
# .. autofunction:: brianff.plotting.goodness_over_training
# ```

# %%
plotting.goodness_over_training(run.metrics)

# %% [markdown]
# ## learning_curve
#
# ```{eval-rst}
# .. autofunction:: brianff.plotting.learning_curve
# ```

# %%
plotting.learning_curve(run.metrics)

# %% [markdown]
# ## goodness_distribution
#
# ```{eval-rst}
# .. autofunction:: brianff.plotting.goodness_distribution
# ```

# %%
plotting.goodness_distribution(evaluation)

# %% [markdown]
# ## confusion
#
# ```{eval-rst}
# .. autofunction:: brianff.plotting.confusion
# ```

# %%
plotting.confusion(evaluation, how="readout")

# %% [markdown]
# ## receptive_fields
#
# ```{eval-rst}
# .. autofunction:: brianff.plotting.receptive_fields
# ```

# %%
plotting.receptive_fields(run.weights[1], run.method.data.image_shape, n=20)

# %% [markdown]
# ## kernels, feature_maps, fields
#
# Of convolutions, and of what any layer answers to.
#
# ```{eval-rst}
# .. autofunction:: brianff.plotting.kernels
# .. autofunction:: brianff.plotting.feature_maps
# .. autofunction:: brianff.plotting.fields
# ```

# %%
seeing = ff.ForwardForward("digits", layers=["conv8k3"], rule="local_readout", negatives="none", epochs=4)
convolution = ff.Run(seeing).train(progress=False)
plotting.kernels(convolution.weights[1])

# %%
plotting.feature_maps(convolution.record([0]))

# %%
plotting.fields(ff.triggered_average(run.method, 1, run.method.train[:300]), n=20)

# %% [markdown]
# ## sweep, search
#
# Rows of `brianff.jobs`; [tutorial 5](../tutorials/5_many_runs_and_statistics) makes real ones.
#
# ```{eval-rst}
# .. autofunction:: brianff.plotting.sweep
# .. autofunction:: brianff.plotting.search
# ```

# %%
rows = [
    {
        "tau_m": f"{tau}*ms",
        "rule": rule,
        "seed": seed,
        "validation_accuracy": rng.normal(0.9 + 0.02 * np.log(tau), 0.01),
    }
    for tau in (5, 10, 20)
    for rule in ("symba", "r_stdp")
    for seed in (1, 2, 3)
]
plotting.sweep(rows, ["tau_m", "rule"])

# %%
trials = [
    {"trial": k, "state": "complete" if k % 3 else "pruned", "validation_accuracy": rng.uniform(0.8, 0.95),
     "learning_rate": 10 ** rng.uniform(-3.5, -2), "alpha": rng.uniform(1, 10)}
    for k in range(20)
]  # fmt: skip
plotting.search(trials, ["learning_rate", "alpha"], {"learning_rate": 0.8, "alpha": 0.2})

# %% [markdown]
# ## cochleagram, camera
#
# Spike trains of sounds and of event cameras.
#
# ```{eval-rst}
# .. autofunction:: brianff.plotting.cochleagram
# .. autofunction:: brianff.plotting.camera
# ```

# %%
sweep = [np.sort(rng.random(150)) * 0.1 for _ in range(30)]
channels = [np.clip(t * 500 * (1 + k % 2) + rng.normal(0, 3, 150), 0, 49).astype(int) for k, t in enumerate(sweep)]
sounds = datasets.from_spikes(sweep, channels, np.arange(30) % 2, n_channels=50, classes=["slow", "fast"])
plotting.cochleagram(sounds, [0, 1])

# %%
kind = np.dtype([("t", int), ("x", int), ("y", int), ("p", int)])


def spot(k):
    """Events of a spot that moves along a diagonal."""
    events = np.zeros(400, kind)
    events["t"] = np.sort(rng.integers(0, 100_000, 400))
    place = events["t"] * 16 // 100_000
    events["x"], events["y"] = (np.clip(place + rng.integers(-2, 3, 400), 0, 15) for _ in range(2))
    events["p"] = events["x"] + events["y"] > 2 * place
    return events, k % 2


plotting.camera(datasets.from_tonic([spot(k) for k in range(20)], sensor_size=(16, 16, 2)), [0])

# %% [markdown]
# ## stream, within_words
#
# Of words in continuous streams, as `protocols/keywords.py` hears them. Here the belief is made up: it rises in the
# course of a word.
#
# ```{eval-rst}
# .. autofunction:: brianff.plotting.stream
# .. autofunction:: brianff.plotting.within_words
# ```

# %%
from brianff.learning.streams import frames_of

frames = frames_of(sounds, np.arange(30), n_streams=3, n_steps=10, dt=2e-3, seed=1)
since = np.nan_to_num(frames.since_onset())
of_word = np.append(frames.words[:, 1], 0)[frames.word]
belief = np.where(frames.word < 0, 0.1, np.where(of_word == 1, 1 - np.exp(-30 * since), 0.2))
plotting.stream(frames, belief, target=1, threshold=0.8, seconds=4)

# %%
evidence = np.stack([1 - belief, belief], axis=2) + rng.normal(0, 0.2, (*belief.shape, 2))
plotting.within_words(frames, evidence)

# %% [markdown]
# ## memory
#
# ```{eval-rst}
# .. autofunction:: brianff.plotting.memory
# ```

# %%
from brianff.equations.compose import compose
from brianff.studies.memory import memory_curve

listening = compose(models={"encoder": "spike_times", "rule": "local_readout"}, parameters={"v_th": 0.3})
curve = memory_curve(listening, 40, n_frames=120, n_delays=8, streams=5)
plotting.memory({"lif": curve}, 0.02)

# %% [markdown]
# ## Figures of studies
#
# What the protocols of comparisons draw, from rows as they write them.
#
# ```{eval-rst}
# .. autofunction:: brianff.plotting.convergence
# .. autofunction:: brianff.plotting.awake_asleep
# .. autofunction:: brianff.plotting.comparison
# .. autofunction:: brianff.plotting.gradient_free
# .. autofunction:: brianff.plotting.gradient_error
# .. autofunction:: brianff.plotting.gradient_terms
# .. autofunction:: brianff.plotting.readers
# .. autofunction:: brianff.plotting.regret
# .. autofunction:: brianff.plotting.settling
# ```

# %%
rows = [
    {"name": name, "curve": {"epoch": [1, 2, 3, 4], "accuracy": [0.6 + a, 0.8 + a, 0.9 + a, 0.93 + a]}}
    for name, a in (("sfdfa", 0.02), ("dfa", 0.0))
]
plotting.convergence(rows)

# %%
rows = [
    {"pairs": n, "validation_goodness": 0.94 - 0.01 * k, "validation_readout": 0.93} for k, n in enumerate((1, 10, 100))
]
plotting.awake_asleep(rows)

# %%
measures = {
    "accuracy": "accuracy (%)",
    "spikes": "spikes",
    "events": "synaptic events",
    "milliseconds": "CPU time (ms)",
}
results = {
    (neuron, code, rule): {
        "accuracy": (rng.uniform(85, 94), 1),
        "spikes": (60, 5),
        "events": (3e4, 100),
        "milliseconds": (0.2, 0.01),
    }
    for neuron in ("lif", "adex")
    for code in ("phase", "burst")
    for rule in ("symba", "r_stdp")
}
plotting.comparison(results, measures)

# %%
rows = [
    {
        "what": f"{substrate} {method}",
        "seed": seed,
        "presentations": 1000 * 4**k,
        "goodness": 0.4 + 0.1 * k + 0.01 * seed,
    }
    for substrate in ("spiking", "ann")
    for method in ("symba", "es-neuron")
    for seed in (1, 2)
    for k in range(5)
]
scaling = {"neurons": np.array([10, 30, 100]), "cosine": np.array([[0.3, 0.3, 0.3], [0.1, 0.06, 0.03]])}
plotting.gradient_free(rows, scaling, ["es-neuron", "es-layer"], 64)

# %%
errors = {"two_exponential": [dt * rng.lognormal(-4, 0.5, 50) for dt in (0.1, 0.5, 1.0)]}
plotting.gradient_error((0.1, 0.5, 1.0), errors, 1.4e-8)

# %%
titles = {"exact": "exact", "e_prop": "e-prop"}
loss = {"exact": (1.0, 0.1), "e_prop": (1.0, 0.2)}
rows = [
    {"network": network, "updates": [0, 50, 100], "loss": loss, "cosine": {"e_prop": {"1": rng.uniform(0.7, 0.9, 3)}}}
    for network in ("recurrent", "feed-forward")
    for _ in range(3)
]
plotting.gradient_terms(rows, titles)

# %%
missed = {name: np.cumsum(rng.random((3, 500)) < p, axis=1) for name, p in (("chance", 0.5), ("learnt", 0.1))}
real = rng.uniform(0.1, 0.9, 60)
plotting.readers({"statistics": {"held out": (real, np.clip(real + rng.normal(0, 0.08, 60), 0, 1))}})

# %%
plotting.regret(missed, {"chance": "chance", "learnt": "a learner"})

# %%
steps = np.arange(4, 400, 20)
errors = [scale / steps * rng.uniform(0.8, 1.2, (3, len(steps))) for scale in (2, 0.3)]
plotting.settling({"a network": (steps, *errors)})

# %% [markdown]
# ## Disturbed networks
#
# ```{eval-rst}
# .. autofunction:: brianff.plotting.robustness
# .. autofunction:: brianff.plotting.robustness_map
# .. autofunction:: brianff.plotting.corruptions
# .. autofunction:: brianff.plotting.anytime
# .. autofunction:: brianff.plotting.black_boxes
# .. autofunction:: brianff.plotting.few_samples
# .. autofunction:: brianff.plotting.online
# .. autofunction:: brianff.plotting.continual
# ```

# %%
from brianff.studies.corruptions import corrupted
from brianff.studies.robustness import Bench

bench = Bench(run.method, run.method.data.test[:100])
curves = {"symba": {name: [bench.curve(name)] for name in ("fog", "weight noise")}}
panels = {
    "fog": ([0, 1, 2, 3, 4, 5], None, "severity"),
    "weight noise": ([0, 0.02, 0.05, 0.1, 0.15, 0.2], None, "s.d."),
}
plotting.robustness(curves, panels, {name: name for name in panels}, {"symba": "forward-forward"})

# %%
labels = {"symba": "forward-forward", "ordinary": "ordinary network"}
areas = {"symba": {"fog": 61.0, "weight noise": 84.0}, "ordinary": {"fog": 58.0, "weight noise": 88.0}}
plotting.robustness_map(areas, "ordinary", {"fog": "images", "weight noise": "synapses"}, labels)

# %%
image = run.method.data.images[:1]
plotting.corruptions({"fog": np.concatenate([corrupted(image, "fog", s, rng) for s in (0, 1, 3, 5)])})

# %%
plotting.anytime({"symba": [bench.anytime()]}, {"symba": (11300, 94.8)}, labels)

# %%
plotting.black_boxes({"symba": {"none": [0.95], "noise": [0.9]}, "ordinary": {"none": [0.97], "noise": [0.94]}}, labels)

# %%
plotting.few_samples({"symba": ([10, 30, 100], rng.uniform(0.7, 0.9, (3, 3)))}, labels)

# %%
plotting.online({"symba": (np.arange(50, 501, 50), np.sort(rng.uniform(0.2, 0.9, (3, 10))))}, labels)

# %%
plotting.continual({"plain": [rng.uniform(0.6, 0.9, (5, 5))], "forgetting-free": [rng.uniform(0.8, 0.9, (5, 5))]})

# %% [markdown]
# ## save, COLOURS
#
# `brianff.plotting.COLOURS` has the colours of the phases.
#
# ```{eval-rst}
# .. autofunction:: brianff.plotting.save
# ```

# %%
plotting.save(plotting.raster(recording), "raster.png", dpi=100)
plotting.COLOURS["positive"], plotting.COLOURS["negative"]
