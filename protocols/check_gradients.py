# %% [markdown]
"""Are the local gradients exact? Eligibilities of the clocked network against an event-driven reference.

The rule follows the derivative of every spike time with respect to every weight.  In a simulation with a clock its
error falls in proportion to the time step; the reference, without a clock, agrees with finite differences to 1e-6.

    python protocols/check_gradients.py                                   # a minute
    python protocols/check_gradients.py --dt 2,1,0.5 --neurons two_exponential
"""

import argparse
import sys
from pathlib import Path

import numpy as np

import brianff.program  # noqa: F401
from brianff import gradient_check, plotting
from brianff.commands import dated_folder, fail_cleanly, names

QUICK = dict(dt=(2.0, 1.0), trials=2)


# %% Options
def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dt", type=_numbers, default=(1.0, 0.5, 0.25, 0.1), metavar="A,B", help="time steps in ms")
    parser.add_argument(
        "--neurons", type=names, default=("two_exponential", "two_exponential_interpolated"), metavar="A,B"
    )
    parser.add_argument("--trials", type=int, default=20, help="neurons compared with finite differences")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--out", metavar="FOLDER", help="results folder (default: runs/gradients-DATE-TIME)")
    parser.add_argument("--quick", action="store_true", help="a few seconds: is everything there?")
    return parser.parse_args(arguments)


def _numbers(text):
    return tuple(float(part) for part in text.split(","))


@fail_cleanly
def main(arguments=None):
    args = parse(arguments)
    if args.quick:
        args.dt, args.trials = QUICK["dt"], QUICK["trials"]
    out = Path(args.out or dated_folder("gradients"))
    out.mkdir(parents=True, exist_ok=True)

    # %% The reference against finite differences
    own = [
        gradient_check.finite_difference_error(*gradient_check.neuron_trial(args.seed + k)) for k in range(args.trials)
    ]
    print(
        f"event-driven reference against finite differences, {args.trials} neurons: median relative error "
        f"{np.median(own):.1e}, largest {max(own):.1e}"
    )

    # %% The clocked network against the reference
    weights, images = gradient_check.random_network(args.seed)
    exact = gradient_check.exact_eligibilities(weights, images)
    errors = {}
    for neuron in args.neurons:
        errors[neuron] = [gradient_check.clocked_errors(weights, images, exact, dt, neuron) for dt in args.dt]
        for dt, found in zip(args.dt, errors[neuron], strict=True):
            low, median, high = np.quantile(found, (0.25, 0.5, 0.75))
            print(
                f"{neuron}, {dt:g} ms: relative error {median:.2e} (quartiles {low:.2e}, {high:.2e}; n = {len(found)})"
            )
        if len(args.dt) > 1:
            slope = np.polyfit(np.log(args.dt), np.log([np.median(found) for found in errors[neuron]]), 1)[0]
            print(f"{neuron}: the error goes with the time step to the power of {slope:.2f}")

    # %% Draw
    figure = plotting.gradient_error(args.dt, errors, max(own))
    print(f"figure: {plotting.save(figure, out / 'gradient_error.png')}")


if __name__ == "__main__":
    sys.exit(main())
