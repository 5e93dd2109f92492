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
from pathlib import Path

import brianff.program  # noqa: F401
from brianff import plotting
from brianff.command_line import commands
from brianff.errors import OptionError
from brianff.jobs.seeds import JOBS, run_seeds, without
from brianff.learning.evaluation import ties
from brianff.learning.forward_forward import ForwardForward
from brianff.learning.health import warn
from brianff.learning.recordings import Recording
from brianff.options import SEED, Options, given, option

QUICK = dict(layers=(40, 30), limit=200, epochs=2, validate=50, refresh=100, chunk=50)
LIST = dict(metavar="N,N", distinct=True, some=True)


@dataclass(frozen=True)
class More(Options):
    """What is done with a run, beside training."""

    predict: str = option(
        "goodness",
        "test accuracy by: goodness of every label tried (all layers, or layers >= 2), or the softmax readout",
        choices=["goodness", "upper", "readout"],
    )
    record_samples: tuple[int, ...] = option(
        (0, 1, 2), "test samples whose spikes and membranes are recorded, counted from 0", low=0, **LIST
    )
    record_neurons: tuple[int, ...] = option(
        tuple(range(12)), "neurons of each layer whose membrane is recorded, counted from 0", low=0, **LIST
    )
    seeds: tuple[int, ...] | None = option(None, "several runs, each in a folder of its own", **LIST, **SEED)
    jobs: int = option(0, "runs at a time, with --seeds; 0: one a core", **JOBS)


@commands.fail_cleanly
def main(arguments=None):
    args = commands.run_options(ForwardForward.Options, __doc__, "DATASET", More).parse_args(arguments)
    more = More(**given(args, More))
    if more.seeds:
        return several_seeds(args, more, sys.argv[1:] if arguments is None else arguments)
    if args.jobs is not None:
        raise OptionError("--jobs is for several runs: give their --seeds, or leave it out.")
    start = time.perf_counter()

    # The network, or an interrupted run of it.
    def predict(options):
        return commands.way_to_predict(args, more.predict, options)

    def record(run):
        return run.record(more.record_samples, more.record_neurons).arrays()

    before = []
    run = commands.start_or_resume(
        args,
        ForwardForward,
        QUICK,
        lambda o: o.dataset,
        "100 test samples",
        predict,
        lambda r: before.append(record(r)),
    )
    how = predict(run.method.options)

    # Training: positive phase, negative phase, again and again.
    with commands.going_on(run):
        if run.position == 0:
            run.folder.save("recordings_before", before[0])
        run.train()

    # Evaluation, once, on samples that nothing was decided with.
    evaluation = run.evaluate("test", 100 if args.quick else None)
    run.folder.save("evaluation", evaluation.arrays())
    if evaluation.goodness is not None:
        true, wrong = evaluation.separation()
        print(
            "test accuracy by goodness of every label: "
            f"{evaluation.accuracy('goodness'):.4f} (layers >= 2: {evaluation.accuracy('upper'):.4f}), "
            f"by softmax readout: {evaluation.accuracy('readout'):.4f}"
        )
        print(
            f"goodness on test data: {true.mean():.3f} with the true label, {wrong.mean():.3f} with the best wrong one"
        )
    print(
        f"{evaluation.spikes_per_neuron:.2f} spikes a neuron and presentation{evaluation.of_silent()}; "
        f"{run.seconds:.0f} s of training, {time.perf_counter() - start:.0f} s in all"
    )
    if tied := ties(evaluation.predicted(how)):
        print(tied)
    print(f"figures: {run.folder.figures}")
    print(f"test accuracy: {evaluation.accuracy(how):.4f}")

    run.folder.save("recordings", record(run))
    return commands.draw(run.folder.figures, figures(run, evaluation, how)) or int(run.method.health.has_diverged)


def several_seeds(args, more, arguments):
    """The same options again for each seed, in processes of their own."""
    if args.resume or args.seed is not None:
        raise OptionError("--seeds starts several runs: leave out --seed and --resume.")
    options = ForwardForward.Options(**commands.with_quick(args, given(args, ForwardForward.Options), QUICK)).resolved()
    out = Path(args.out or commands.dated_folder(options.dataset))
    accuracies = run_seeds(
        __file__,
        lambda seed: [*without(arguments, "--seeds", "--jobs"), "--seed", seed, "--out", out / f"seed{seed}"],
        more.seeds,
        more.jobs,
    )
    spread = f" +- {accuracies.std(ddof=1):.4f}" if len(accuracies) > 1 else ""
    print(f"test accuracy of seeds {','.join(map(str, more.seeds))}: {accuracies.mean():.4f}{spread}")


def figures(run, evaluation, how):
    """What to draw of a run: name -> function."""
    before, after = run.folder.load_whole("recordings_before", warn), Recording(run.folder.load("recordings"))
    drawn = {
        "raster_after": lambda: plotting.raster(after),
        "membrane": lambda: plotting.membrane(after),
        "goodness_training": lambda: plotting.goodness_over_training(run.metrics),
        "learning_curve": lambda: plotting.learning_curve(run.metrics),
        "receptive_fields": lambda: plotting.receptive_fields(run.weights[1], run.method.data.image_shape),
        "confusion": lambda: plotting.confusion(evaluation, how),
    }
    if before is not None:
        drawn["raster_before"] = lambda: plotting.raster(Recording(before))
    if evaluation.goodness is not None:
        drawn["goodness_test"] = lambda: plotting.goodness_distribution(evaluation)
    return drawn


if __name__ == "__main__":
    sys.exit(main())
