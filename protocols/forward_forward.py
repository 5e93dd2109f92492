"""Train a spiking network with forward-forward learning, evaluate it, and draw what it does.

Every sample is presented twice: a positive stimulus epoch (image and true label) and a negative one (image and wrong
label, or a hybrid image).  Each layer raises its goodness in the first and lowers it in the second with a three-factor
rule of its own; nothing travels backwards (Hinton 2022, arXiv 2212.13345).

    python protocols/forward_forward.py                                  # digits, half a minute
    python protocols/forward_forward.py --dataset mnist --data DIR       # 884-500-500
    python protocols/forward_forward.py --resume runs/FOLDER             # go on after an interruption
    python protocols/forward_forward.py --neuron my_neuron.py --set tau_m=10*ms
    python protocols/forward_forward.py --seeds 1,2,3                    # side by side, one process a core
"""

import sys
import time
from dataclasses import dataclass
from functools import partial

import numpy as np

import brianff.program  # noqa: F401
from brianff import jobs, plotting
from brianff.command_line import commands
from brianff.errors import OptionError
from brianff.jobs.tables import spread
from brianff.learning.evaluation import ties
from brianff.learning.forward_forward import ForwardForward
from brianff.learning.recordings import Recording
from brianff.learning.run import Run
from brianff.options import LIST, SEED, Options, given, option

QUICK = dict(layers=(40, 30), limit=200, epochs=2, validate=50, refresh=100, chunk=50)


@dataclass(frozen=True)
class More(Options):
    """What is done with a run, beside training."""

    predict: str = option(
        "goodness",
        "test accuracy by goodness of every label (all layers, or upper: layers >= 2), readout, or these two together",
        choices=["goodness", "upper", "readout", "together", "upper_together"],
    )
    record_samples: tuple[int, ...] = option(
        (0, 1, 2), "test samples whose spikes and membranes are recorded, counted from 0", low=0, **LIST
    )
    record_neurons: tuple[int, ...] = option(
        tuple(range(12)), "neurons of each layer whose membrane is recorded, counted from 0", low=0, **LIST
    )
    seeds: tuple[int, ...] | None = option(None, "several runs, each in a folder of its own", **LIST, **SEED)


@commands.fail_cleanly
def main(arguments=None):
    args = commands.run_options(ForwardForward.Options, __doc__, "DATASET", More, jobs.Computing).parse_args(arguments)
    more, computing = More(**given(args, More)), jobs.Computing(**given(args, jobs.Computing))
    if more.seeds:
        return several_seeds(args, more, computing)
    if computing != jobs.Computing():
        raise OptionError("--jobs, --scheduler and --cluster are for several runs: give their --seeds.")
    start = time.perf_counter()

    # The network, or an interrupted run of it.
    def predict(options):
        return commands.way_to_predict(args, more.predict, options)

    def ready(run):
        run.check_recording(more.record_samples, more.record_neurons)  # refused before training

    run = commands.start_or_resume(args, ForwardForward, QUICK, lambda o: o.dataset, "100 test samples", predict, ready)
    how = predict(run.method.options)

    # Training: positive phase, negative phase, again and again.
    def look(run, row):
        if row is run.metrics[0]:  # a membrane that diverges is said after the first chunk, and not after the last
            recorded(run, more)

    with commands.going_on(run):
        run.train(callbacks=[look])

    # Evaluation, once, on samples that nothing was decided with.
    evaluation = run.evaluate("test", 100 if args.quick else None)
    run.folder.save("evaluation", evaluation.arrays())
    if evaluation.goodness is not None:
        true, wrong = evaluation.separation()
        of_ways = (f"{way} {evaluation.accuracy(way):.4f}" for way in evaluation.ways)
        print(f"test accuracy by {', by '.join(of_ways)} (upper: of layers >= 2)")
        print(f"goodness on test data: {true.mean():.3f} of the true class, {wrong.mean():.3f} of the best wrong one")
    print(
        f"{evaluation.spikes_per_neuron:.2f} spikes a neuron and presentation{evaluation.of_silent()}; "
        f"{run.seconds:.0f} s of training, {time.perf_counter() - start:.0f} s in all"
    )
    if tied := ties(evaluation.predicted(how)):
        print(tied)
    print(f"figures: {run.folder.figures}")
    print(f"test accuracy: {evaluation.accuracy(how):.4f}")

    return finished(run, evaluation, more, how)["figures failed"] or int(run.method.health.has_diverged)


def recorded(run, more):
    return run.record(more.record_samples, more.record_neurons).arrays()


def finished(run, evaluation, more, how):
    """Recordings before and after training, and figures; returns the accuracy, as it was asked for."""
    untrained = Run(ForwardForward.of(run.method.options, run.method.data))
    for name, one in (("recordings_before", untrained), ("recordings", run)):
        run.folder.save(name, recorded(one, more))
    status = commands.draw(run.folder.figures, figures(run, evaluation, how))
    return {"predicted": evaluation.accuracy(how), "figures failed": status}


def several_seeds(args, more, computing):
    """The same options again for each seed, in processes of their own."""
    if args.resume or args.seed is not None:
        raise OptionError("--seeds starts several runs: leave out --seed and --resume.")
    chosen = commands.with_quick(args, given(args, ForwardForward.Options), QUICK)
    options = ForwardForward.Options(**chosen).resolved()
    finish = partial(finished, more=more, how=commands.way_to_predict(args, more.predict, options))
    todo = [jobs.Job(f"seed{k}", {**chosen, "seed": k}, {"seed": k}, finish=finish) for k in more.seeds]
    rows = jobs.run(todo, args.out or commands.dated_folder(options.dataset), computing)
    found = {row["seed"]: row["predicted"] for row in rows if "failed" not in row}
    mean, listed = spread(100 * np.array([*found.values()])), ", ".join(f"{100 * one:.2f}" for one in found.values())
    print(f"test accuracy of seeds {','.join(map(str, found))}: {listed}: {mean} %")
    return int(len(found) < len(rows))


def figures(run, evaluation, how):
    """What to draw of a run: name -> function."""
    before, after = (Recording(run.folder.load(name)) for name in ("recordings_before", "recordings"))
    drawn = {
        "raster_before": lambda: plotting.raster(before),
        "raster_after": lambda: plotting.raster(after),
        "membrane": lambda: plotting.membrane(after),
        "goodness_training": lambda: plotting.goodness_over_training(run.metrics),
        "learning_curve": lambda: plotting.learning_curve(run.metrics),
        "receptive_fields": lambda: plotting.receptive_fields(run.weights[1], run.method.data.image_shape),
        "confusion": lambda: plotting.confusion(evaluation, how),
    }
    if evaluation.goodness is not None:
        drawn["goodness_test"] = lambda: plotting.goodness_distribution(evaluation)
    return drawn


if __name__ == "__main__":
    sys.exit(main())
