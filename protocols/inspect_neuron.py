# %% [markdown]
"""Show one neuron, or a small layer, a positive and a negative phase, and draw what it does.

The place where a new equation string is first tried: NumPy only, no compiler, a few seconds.  A layer with random
weights sees an image with its true label, then the same image with a wrong one; the weights change after the negative
phase by the learning rule, and the two phases come again.

    python protocols/inspect_neuron.py                                   # the default neuron
    python protocols/inspect_neuron.py --neuron my_neuron.py             # yours
    python protocols/inspect_neuron.py --encoder poisson_rate --set tau_m=10*ms --neurons 1
    python protocols/inspect_neuron.py --neuron adex --show v,I_adapt --show-neuron 7

What was recorded, of every neuron and variable in SI units, lies beside the figures in recording.npz, whose arrays
brianff.learning.recordings.Recording describes.
"""

# %%
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import brianff.program  # noqa: F401
from brianff import datasets, plotting
from brianff.command_line import commands
from brianff.devices.runtime import RuntimeSimulator
from brianff.equations.checker import check_own_files
from brianff.equations.compose import compose
from brianff.equations.kinds import FORWARD_FORWARD
from brianff.errors import ModelError, OptionError
from brianff.learning.health import warn
from brianff.learning.phases import Phases
from brianff.learning.recordings import collect, silence
from brianff.network.architecture import Architecture
from brianff.network.trial import check
from brianff.options import SEED, STEPS, TIME_STEP, Options, given, option, parameters_of, parser_of
from brianff.plotting.recordings import MOST_VARIABLES


@dataclass(frozen=True)
class Stimulation(Options):
    """What is shown to what."""

    set: tuple[str, ...] = option((), "as in tau_m=10*ms", metavar="NAME=VALUE", parameters=True)
    neurons: int = option(30, "neurons of the layer", low=1, high=10_000)
    pairs: int = option(2, "pairs of a positive and a negative phase", low=1, high=1000)
    steps: int = option(50, "time steps of a stimulus epoch", **STEPS)
    dt: float = option(1.0, "time step in ms", **TIME_STEP)
    gain: float = option(3.0, "standard deviation of the weights, times sqrt(inputs)", low=0, high=1000)
    learning_rate: float = option(0.02, "learning rate", low=0, high=1000)
    seed: int = option(1, "seed of weights and encoder noise", **SEED)
    show: tuple[str, ...] | None = option(None, "variables drawn (default: the neuron's)", metavar="NAME,NAME")
    show_neuron: int | None = option(None, "neuron drawn (default: the one with most spikes)", low=0)


@commands.fail_cleanly
def main(arguments=None):
    parser = parser_of(__doc__, Stimulation)
    commands.add_model_options(parser)
    commands.add_out_option(parser, "runs/inspect")
    commands.add_quick_option(parser, "a smaller layer and one pair")
    args = parser.parse_args(arguments)
    chosen = Stimulation(**commands.with_quick(args, given(args, Stimulation), dict(neurons=10, pairs=1)))
    if chosen.show_neuron is not None and chosen.show_neuron >= chosen.neurons:
        raise OptionError(f"--show-neuron must be less than {chosen.neurons}, the neurons, not {chosen.show_neuron}.")
    models = {kind: getattr(args, kind) or default for kind, default in FORWARD_FORWARD.defaults.items()}
    composition = checked(models, parameters_of(chosen.set))
    recording, change = present(composition, chosen)
    if unknown := [name for name in chosen.show or () if name not in recording.variables()]:
        known = ", ".join(recording.variables())
        raise OptionError(f"--show: there is no variable '{unknown[0]}' of the neurons: there are {known}.")
    tell(recording, change)
    if silent := silence(recording, composition, gain=("--gain", chosen.gain)):
        warn(silent)
    if recording.diverged:
        warn(recording.diverged)

    out = Path(args.out or "runs/inspect")
    out.mkdir(parents=True, exist_ok=True)
    recording.save(out / "recording.npz")
    if not chosen.show and (more := recording.state[MOST_VARIABLES:]):
        print(f"not drawn: {', '.join(more)} (--show draws what it names)")
    print(f"figures: {out}")
    epochs = range(len(recording.epochs))
    figures = {
        "raster": lambda: plotting.raster(recording, epochs),
        "membrane": lambda: plotting.membrane(recording, 1, chosen.show_neuron, epochs, chosen.show),
    }
    return commands.draw(out, figures) or int(bool(recording.diverged))


def checked(models, parameters):
    """The models' equations together; a mistake in a file is found with its line, before anything runs."""
    for kind in models:
        if kind == "optimizer" and compose(models=models).online:
            continue  # the rule leaves nothing to it
        for note in check(kind, models[kind], **{k: v for k, v in models.items() if k != kind}):
            print(f"note: {note}")
    composition = compose(models=models, parameters=parameters)
    check_own_files(composition)
    composition.require_fit()
    if composition.models["encoder"].reads_spike_times:
        raise ModelError(f"--encoder {models['encoder']} reads spike times, and digits are images: take another one.")
    return composition


def present(composition, chosen):
    """Show an image to a small layer with random weights; returns a `Recording`, and how much every weight changed."""
    data, pairs = datasets.load("digits"), chosen.pairs
    size = dict(batch=1, n_steps=chosen.steps, dt_ms=chosen.dt, capacity=2 * pairs, images=1)
    a = Architecture(data.n_pixels, data.n_classes, (chosen.neurons,), **size)
    sample, zeros = data.train[0], np.zeros(pairs, int)
    label = int(data.labels[sample])
    wrong = (label + 1) % data.n_classes
    number = 2 * np.arange(pairs)
    schedule = Phases.paired().schedule((zeros, zeros + label, number), (zeros, zeros + wrong, number + 1), a)
    weights = a.projections[0].normal(chosen.seed, chosen.gain)
    rates = np.zeros(a.capacity + 1)
    rates[1 : 2 * pairs : 2] = chosen.learning_rate  # weights change after the negative phase
    inputs = {
        "images": data.images[sample].reshape(1, -1) / 255.0,
        **schedule.inputs(a),
        "synapses1.w": weights,
        "synapses1.plastic": True,
        "learning_rate_at1": rates,
        "neurons0.seed": chosen.seed,
    }
    simulator = RuntimeSimulator(a, composition, record=True)
    results = simulator.run(inputs, len(schedule))
    return collect(simulator, inputs["images"], schedule), results["synapses1.w"] - weights


def tell(recording, change):
    """Print what the neurons did in each stimulus epoch."""
    _, times = recording.spikes(1)
    for k, epoch in enumerate(recording.epochs):
        spikes = np.count_nonzero(recording.epoch_at(times) == k)
        goodness = recording.goodness()[recording.epoch_at(recording.t) == k][-1]
        print(f"{epoch.name} phase, label {epoch.label}: {spikes:4d} spikes, goodness {goodness:.3f}")
    print(f"mean change of a weight: {np.abs(change).mean():.2e}")


if __name__ == "__main__":
    sys.exit(main())
