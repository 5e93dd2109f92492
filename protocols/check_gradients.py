"""Are the local gradients exact? Eligibilities of the clocked network against an event-driven reference.

The rule follows the derivative of every spike time with respect to every weight.  In a simulation with a clock its
error falls in proportion to the time step; the reference, without a clock, agrees with finite differences to 1e-6.

    python protocols/check_gradients.py                                   # a minute
    python protocols/check_gradients.py --dt 2,1,0.5 --neurons two_exponential
"""

import sys
from dataclasses import dataclass

import numpy as np

import brianff.program  # noqa: F401
from brianff import plotting
from brianff.command_line.commands import draw, fail_cleanly, study_options
from brianff.equations.compose import compose
from brianff.equations.kinds import FEEDBACK
from brianff.errors import ModelError, OptionError
from brianff.options import SEED, Options, option
from brianff.studies import gradient_check

QUICK = dict(dt=(2.0, 1.0), trials=2)


@dataclass(frozen=True)
class Trials(Options):
    """What is compared."""

    dt: tuple[float, ...] = option(
        (1.0, 0.5, 0.25, 0.1), "time steps in ms", metavar="A,B", distinct=True, some=True, low=0.01, high=20
    )
    neurons: tuple[str, ...] = option(
        ("two_exponential", "two_exponential_interpolated"), "neuron models", metavar="A,B", distinct=True, some=True
    )
    trials: int = option(20, "neurons compared with finite differences", low=1, high=100_000)
    seed: int = option(3, "seed", **SEED)


@fail_cleanly
def main(arguments=None):
    chosen, out = study_options(arguments, __doc__, Trials, "gradients", QUICK, "a few seconds: is everything there?")
    for neuron in chosen.neurons:
        try:
            missing = {"tau_s", "c"} - set(compose(FEEDBACK, dict(neuron=neuron)).neurons.parameters)
        except ModelError as error:
            raise OptionError(f"--neurons: {error}") from None
        if missing:
            raise OptionError(f"--neurons {neuron} is no two-exponential neuron: it has no parameter '{min(missing)}'.")
    out.mkdir(parents=True, exist_ok=True)

    # The reference against finite differences.
    trials = (gradient_check.neuron_trial(chosen.seed + k) for k in range(chosen.trials))
    own = [gradient_check.finite_difference_error(*trial) for trial in trials]
    print(
        f"event-driven reference against finite differences, {chosen.trials} neurons: median relative error "
        f"{np.median(own):.1e}, largest {max(own):.1e}"
    )

    # The clocked network against the reference.
    weights, images = gradient_check.random_network(chosen.seed)
    exact = gradient_check.exact_eligibilities(weights, images)
    errors = {}
    for neuron in chosen.neurons:
        errors[neuron] = [gradient_check.clocked_errors(weights, images, exact, dt, neuron) for dt in chosen.dt]
        for dt, found in zip(chosen.dt, errors[neuron], strict=True):
            low, median, high = np.quantile(found, (0.25, 0.5, 0.75))
            print(
                f"{neuron}, {dt:g} ms: relative error {median:.2e} (quartiles {low:.2e}, {high:.2e}; n = {len(found)})"
            )
        if len(chosen.dt) > 1:
            slope = np.polyfit(np.log(chosen.dt), np.log([np.median(found) for found in errors[neuron]]), 1)[0]
            print(f"{neuron}: the error goes with the time step to the power of {slope:.2f}")

    # Draw.
    print(f"figure: {out / 'gradient_error.png'}")
    return draw(out, {"gradient_error": lambda: plotting.gradient_error(chosen.dt, errors, max(own))})


if __name__ == "__main__":
    sys.exit(main())
