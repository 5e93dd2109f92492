# %% [markdown]
"""Show one neuron, or a small layer, a positive and a negative phase, and draw what it does.

The place where a new equation string is first tried: NumPy only, no compiler, a few seconds.  A layer with random
weights sees an image with its true label, then the same image with a wrong one; the weights change after the negative
phase by the learning rule, and the two phases come again.

    python protocols/inspect_neuron.py --neuron my_neuron.py             # yours (or the default neuron)
    python protocols/inspect_neuron.py --neuron lif --neuron my_neuron.py              # two beside each other
    python protocols/inspect_neuron.py --neuron adex --set tau_adapt=50*ms --show v,I_adapt --show-neuron 7
    python protocols/inspect_neuron.py --neuron lif --neuron adex --current 0:2:0.1    # spikes a second against current
    python protocols/inspect_neuron.py --weights runs/FOLDER --sample 3 --label 8      # the first layer of a run

What was recorded, of every neuron and variable in SI units, lies beside the figures in recording.npz, whose arrays
brianff.learning.recordings.Recording describes; f-I curves lie in current.npz.
"""

# %%
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

import brianff.program  # noqa: F401
from brianff import plotting
from brianff.command_line import commands
from brianff.errors import OptionError
from brianff.learning.health import warn
from brianff.learning.recordings import silence
from brianff.options import SEED, STEPS, TIME_STEP, Options, given, numbers_of, option, parameters_of, parser_of, text
from brianff.plotting.recordings import MOST_VARIABLES
from brianff.results import write_arrays
from brianff.studies import inspection
from brianff.studies.current import current_curve


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
    sample: int = option(0, "training sample that is shown, counted from 0", low=0)
    label: int | None = option(None, "wrong label of the negative phase (default: the one after the true one)", low=0)
    current: tuple[str, ...] | None = option(
        None, "constant currents, as weights, in place of an image: how often the neuron spikes", metavar="0:2:0.1"
    )
    show: tuple[str, ...] | None = option(None, "variables drawn (default: the neuron's)", metavar="NAME,NAME")
    show_neuron: int | None = option(None, "neuron drawn (default: the one with most spikes)", low=0)


@commands.fail_cleanly
def main(arguments=None):
    parser = parser_of(__doc__, Stimulation)
    commands.add_model_options(parser, several=["neuron"])
    parser.add_argument(
        "--weights", type=text, metavar="FOLDER", help="a run: its weights, data set, models and options"
    )
    commands.add_out_option(parser, "runs/inspect")
    commands.add_quick_option(parser, "a smaller layer and one pair")
    args = parser.parse_args(arguments)
    wanted = given(args, Stimulation)
    if args.weights and (extra := wanted.keys() & {"neurons", "gain", "current"}):
        raise OptionError(f"--weights takes the first layer of a run as it is: leave out --{min(extra)}.")
    run = commands.opened(args.weights) if args.weights else None
    stimulus = inspection.stimulus(run, args.sample or 0, args.label)
    of_run, defaults = inspection.defaults_of(run)
    chosen = Stimulation(**of_run | commands.with_quick(args, wanted, dict(neurons=10, pairs=1)))
    models = {kind: getattr(args, kind) or default for kind, default in defaults.items()}
    neurons = args.neuron or [models["neuron"]]
    names = [Path(str(getattr(neuron, "name", neuron))).stem for neuron in neurons]
    if len({*names}) < len(names):
        raise OptionError(f"--neuron: {', '.join(names)} are not all different.")
    tried = {
        name: inspection.checked(models | {"neuron": neuron}, parameters_of(chosen.set), print)
        for name, neuron in zip(names, neurons, strict=True)
    }
    out = Path(args.out or "runs/inspect")
    return currents(tried, chosen, out) if chosen.current else phases(tried, chosen, stimulus, out)


# %% Positive and negative phases
def phases(tried, chosen, stimulus, out):
    size = {
        name: getattr(chosen, name) for name in ("neurons", "pairs", "steps", "dt", "gain", "learning_rate", "seed")
    }
    recordings = {}
    for name, composition in tried.items():
        recordings[name], change = inspection.present(composition, stimulus, **size)
        inspection.require_shown(recordings[name], chosen.show_neuron, chosen.show)
        if len(tried) > 1:
            print(f"{name}:")
        commands.tell_recording(recordings[name])
        print(f"mean change of a weight: {np.abs(change).mean():.2e}")
        for problem in (silence(recordings[name], composition, ("--gain", chosen.gain)), recordings[name].diverged):
            if problem:
                warn(problem)
        if not chosen.show and (more := recordings[name].state[MOST_VARIABLES:]):
            print(f"not drawn: {', '.join(more)} (--show draws what it names)")
    out.mkdir(parents=True, exist_ok=True)
    for name, recording in recordings.items():
        recording.save(out / f"recording{f'_{name}' if len(tried) > 1 else ''}.npz")
    print(f"figures: {out}")
    epochs, neuron = range(len(recording.epochs)), chosen.show_neuron
    neuron = inspection.busiest(list(recordings.values())) if neuron is None else neuron

    def raster(name, figure):
        return plotting.raster(recordings[name], epochs, figure)

    def membrane(name, figure):
        return plotting.membrane(recordings[name], 1, neuron, epochs, chosen.show, figure)

    drawn = {draw.__name__: partial(plotting.beside, draw, list(tried)) for draw in (raster, membrane)}
    return commands.draw(out, drawn) or int(any(recording.diverged for recording in recordings.values()))


# %% Constant currents
def currents(tried, chosen, out):
    values = numbers_of(chosen.current, "--current", float)
    curves = {name: current_curve(c, values, chosen.dt, seed=chosen.seed) for name, c in tried.items()}
    for name, curve in curves.items():
        print(f"{name}: {curve}")
    out.mkdir(parents=True, exist_ok=True)
    write_arrays(out / "current.npz", {f"{n}_{part}": a for n, c in curves.items() for part, a in c.arrays().items()})
    print(f"figures: {out}")
    return commands.draw(out, {"current": lambda: plotting.current_curves(curves)})


if __name__ == "__main__":
    sys.exit(main())
