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
brianff.learning.recordings.record_presentations describes.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import brianff.program  # noqa: F401
from brianff import datasets, plotting
from brianff.command_line.commands import (
    add_model_options,
    add_out_option,
    add_quick_option,
    draw,
    fail_cleanly,
    with_quick,
)
from brianff.devices.device import RuntimeSimulator
from brianff.equations.compose import DEFAULTS, check, compose
from brianff.errors import ModelError, OptionError
from brianff.learning.health import warn
from brianff.learning.recordings import collect_recording, recorded_variables, save_recording, silence
from brianff.network.feedforward import Architecture
from brianff.options import SEED, STEPS, TIME_STEP, Options, given, option, parameters_of, parser_of
from brianff.plotting.recordings import MOST_VARIABLES
from brianff.stimulus import Schedule, stream


# %% Options
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


@fail_cleanly
def main(arguments=None):
    parser = parser_of(__doc__, Stimulation)
    add_model_options(parser)
    add_out_option(parser, "runs/inspect")
    add_quick_option(parser, "a smaller layer and one pair")
    args = parser.parse_args(arguments)
    chosen = Stimulation(**with_quick(args, given(args, Stimulation), dict(neurons=10, pairs=1)))

    # %% Equations: checked first, so that a mistake is found with its line
    models = {kind: getattr(args, kind) or default for kind, default in DEFAULTS.items()}
    for kind in models:
        if kind == "optimizer" and compose(**models).online:
            continue  # the rule leaves nothing to it
        for note in check(kind, models[kind], **{k: v for k, v in models.items() if k != kind}):
            print(f"note: {note}")
    composition = compose(**models, parameters=parameters_of(chosen.set))
    composition.require_fit()
    if composition.models["encoder"].reads_spike_times:
        raise ModelError(f"--encoder {models['encoder']} reads spike times, and digits are images: take another one.")

    # %% A small layer with random weights, and one image of the embedded data set
    data = datasets.load("digits")
    a = Architecture(
        data.n_pixels,
        data.n_classes,
        (chosen.neurons,),
        batch=1,
        n_steps=chosen.steps,
        dt_ms=chosen.dt,
        capacity=2 * chosen.pairs,
        images=1,
    )
    sample = data.train[0]
    label = int(data.labels[sample])
    zeros = np.zeros(chosen.pairs, int)
    schedule = Schedule.pairs(
        zeros, zeros, zeros + label, zeros + (label + 1) % data.n_classes, 2 * np.arange(chosen.pairs), 1
    )
    normal = stream(chosen.seed, "weights", 1).normal(size=a.n_input * chosen.neurons)
    weights = normal * chosen.gain / np.sqrt(a.n_input)
    rates = np.zeros(a.capacity + 1)
    rates[1 : 2 * chosen.pairs : 2] = chosen.learning_rate
    inputs = {
        "images": data.images[sample].reshape(1, -1) / 255.0,
        **schedule.inputs(a),
        "synapses1.w": weights,
        "synapses1.plastic": True,
        "learning_rate_at1": rates,
        "neurons0.seed": chosen.seed,
    }

    # %% Present
    simulator = RuntimeSimulator(a, composition, record=True)
    known = recorded_variables(simulator)
    if unknown := [name for name in chosen.show or () if name not in known]:
        raise OptionError(f"--show: there is no variable '{unknown[0]}' of the neurons: there are {', '.join(known)}.")
    if chosen.show_neuron is not None and chosen.show_neuron >= chosen.neurons:
        raise OptionError(f"--show-neuron must be less than {chosen.neurons}, the neurons, not {chosen.show_neuron}.")
    results = simulator.run(inputs, len(schedule))
    recording = collect_recording(simulator, inputs["images"], schedule)

    # %% What happened
    g = results.recorded("record_g1", "g", len(schedule))[:, 0]
    counts = np.histogram(recording["spikes1_t"], bins=np.arange(len(schedule) + 1) * chosen.steps * chosen.dt)[0]
    for k in range(len(schedule)):
        phase = "positive" if schedule.phase[k] > 0 else "negative"
        print(f"{phase} phase, label {schedule.label[k, 0]}: {counts[k]:4d} spikes, goodness {g[k]:.3f}")
    change = results["synapses1.w"] - weights
    print(f"mean change of a weight: {np.abs(change).mean():.2e}")
    if silent := silence(recording, composition, gain=("--gain", chosen.gain)):
        warn(silent)
    if diverged := str(recording["diverged"]):
        warn(diverged)

    # %% Draw
    out = Path(args.out or "runs/inspect")
    out.mkdir(parents=True, exist_ok=True)
    save_recording(out / "recording.npz", recording)
    if not chosen.show and (more := recording["variables"][MOST_VARIABLES:]).size:
        print(f"not drawn: {', '.join(more)} (--show draws what it names)")
    print(f"figures: {out}")
    shown = dict(epochs=range(len(schedule)), neuron=chosen.show_neuron, variables=chosen.show)
    figures = {
        "raster": lambda: plotting.raster(recording, epochs=range(len(schedule))),
        "membrane": lambda: plotting.membrane(recording, **shown),
    }
    return draw(out, figures) or int(bool(diverged))


if __name__ == "__main__":
    sys.exit(main())
