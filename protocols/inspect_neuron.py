# %% [markdown]
"""Show one neuron, or a small layer, a positive and a negative phase, and draw what it does.

The place where a new equation string is first tried: NumPy only, no compiler, a few seconds.  A layer with random
weights sees an image with its true label, then the same image with a wrong one; the weights change after the negative
phase by the learning rule, and the two phases come again.

    python protocols/inspect_neuron.py                                   # the default neuron
    python protocols/inspect_neuron.py --neuron my_neuron.py             # yours
    python protocols/inspect_neuron.py --encoder poisson_rate --set tau_m=10*ms --neurons 1
"""

import argparse
import sys
from pathlib import Path

import numpy as np

import brianff.program  # noqa: F401
from brianff import datasets, plotting
from brianff.commands import add_model_options, fail_cleanly
from brianff.device import RuntimeSimulator
from brianff.equations import DEFAULTS, ModelError, check, compose
from brianff.network import Architecture
from brianff.stimulus import Schedule, stream
from brianff.training import collect_recording
from brianff.values import parse_parameter


# %% Options
def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_model_options(parser)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="as in tau_m=10*ms")
    parser.add_argument("--neurons", type=int, help="neurons of the layer (default: 30)")
    parser.add_argument("--pairs", type=int, help="pairs of a positive and a negative phase (default: 2)")
    parser.add_argument("--steps", type=int, default=50, help="time steps of a stimulus epoch (default: 50)")
    parser.add_argument("--dt", type=float, default=1.0, help="time step in ms (default: 1)")
    parser.add_argument("--gain", type=float, default=3.0, help="standard deviation of the weights, times sqrt(inputs)")
    parser.add_argument("--learning-rate", type=float, default=0.02)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default="runs/inspect", metavar="FOLDER")
    parser.add_argument("--quick", action="store_true", help="a smaller layer and one pair")
    return parser.parse_args(arguments)


@fail_cleanly
def main(arguments=None):
    args = parse(arguments)
    neurons, pairs = (10, 1) if args.quick else (30, 2)
    neurons = neurons if args.neurons is None else args.neurons
    pairs = pairs if args.pairs is None else args.pairs

    # %% Equations: checked first, so that a mistake is found with its line
    models = {kind: getattr(args, kind) for kind in DEFAULTS}
    for kind in models:
        if kind == "optimizer" and compose(**models).online:
            continue  # the rule leaves nothing to it
        for note in check(kind, models[kind], **{k: v for k, v in models.items() if k != kind}):
            print(f"note: {note}")
    composition = compose(**models, parameters=dict(map(parse_parameter, args.set)))
    composition.require_fit()
    if composition.models["encoder"].reads_spike_times:
        raise ModelError(f"--encoder {args.encoder} reads spike times, and digits are images: take another one.")

    # %% A small layer with random weights, and one image of the embedded data set
    data = datasets.load("digits")
    a = Architecture(
        data.n_pixels,
        data.n_classes,
        (neurons,),
        batch=1,
        n_steps=args.steps,
        dt_ms=args.dt,
        capacity=2 * pairs,
        images=1,
    )
    sample = data.train[0]
    label = int(data.labels[sample])
    zeros = np.zeros(pairs, int)
    schedule = Schedule.pairs(
        zeros, zeros, zeros + label, zeros + (label + 1) % data.n_classes, 2 * np.arange(pairs), 1
    )
    weights = stream(args.seed, "weights", 1).normal(size=a.n_input * neurons) * args.gain / np.sqrt(a.n_input)
    rates = np.zeros(a.capacity + 1)
    rates[1 : 2 * pairs : 2] = args.learning_rate
    inputs = {
        "images": data.images[sample].reshape(1, -1) / 255.0,
        **schedule.inputs(a),
        "synapses1.w": weights,
        "synapses1.plastic": True,
        "learning_rate_at1": rates,
        "neurons0.seed": args.seed,
    }

    # %% Present
    simulator = RuntimeSimulator(a, composition, record=True)
    results = simulator.run(inputs, len(schedule))
    recording = collect_recording(simulator, inputs["images"], schedule)

    # %% What happened
    g = results.recorded("record_g1", "g", len(schedule))[:, 0]
    counts = np.histogram(recording["spikes1_t"], bins=np.arange(len(schedule) + 1) * args.steps * args.dt)[0]
    for k in range(len(schedule)):
        phase = "positive" if schedule.phase[k] > 0 else "negative"
        print(f"{phase} phase, label {schedule.label[k, 0]}: {counts[k]:4d} spikes, goodness {g[k]:.3f}")
    change = results["synapses1.w"] - weights
    print(f"mean change of a weight: {np.abs(change).mean():.2e}")

    # %% Draw
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    plotting.save(plotting.raster(recording, epochs=range(len(schedule))), out / "raster.png")
    plotting.save(plotting.membrane(recording, epochs=range(len(schedule))), out / "membrane.png")
    print(f"figures: {out}")


if __name__ == "__main__":
    sys.exit(main())
