# %% [markdown]
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
from brianff.command_line.commands import (
    dated_folder,
    draw,
    fail_cleanly,
    progress_bar,
    run_options,
    start_or_resume,
    way_to_predict,
    with_quick,
)
from brianff.errors import OptionError
from brianff.jobs.seeds import JOBS, run_seeds, without
from brianff.learning.evaluation import Evaluation, ties
from brianff.learning.health import warn
from brianff.learning.recordings import Recording
from brianff.learning.training import Config, Trainer, record_run
from brianff.options import SEED, Options, given, option


# %% Options: one for each field of brianff.learning.training.Config, and where to write
@dataclass(frozen=True)
class More(Options):
    predict: str = option(
        "goodness",
        "test accuracy by: goodness of every label tried (all layers, or layers >= 2), or the softmax readout",
        choices=["goodness", "upper", "readout"],
    )
    seeds: tuple[int, ...] | None = option(
        None, "several runs, each in a folder of its own", metavar="N,N", distinct=True, some=True, **SEED
    )
    jobs: int = option(0, "runs at a time, with --seeds; 0: one a core", **JOBS)


QUICK = dict(hidden=(40, 30), limit=200, epochs=2, validate=50, refresh=100, chunk=50)


@fail_cleanly
def main(arguments=None):
    args = run_options(Config, __doc__, "DATASET", More).parse_args(arguments)
    more = More(**given(args, More))
    if more.seeds:
        return several_seeds(args, more, sys.argv[1:] if arguments is None else arguments)
    if args.jobs is not None:
        raise OptionError("--jobs is for several runs: give their --seeds, or leave it out.")
    start = time.perf_counter()

    # %% Build the network, or take up an interrupted run
    def predict(config):
        return way_to_predict(args, more.predict, config)

    trainer = start_or_resume(
        args, Trainer, QUICK, lambda c: c.dataset, "100 test samples", check=predict, report=print
    )
    folder, how = trainer.folder, predict(trainer.config)
    if trainer.position == 0:
        folder.save("recordings_before", record_run(trainer).arrays())

    # %% Train: positive phase, negative phase, again and again
    with progress_bar(trainer) as advance:
        trainer.run(advance)
    trainer.save_weights()

    # %% Evaluate, once, on samples that nothing was decided with
    limit = 100 if args.quick else None
    evaluation = trainer.evaluate("test", limit)
    folder.save("evaluation", evaluation.arrays())
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
        f"{trainer.seconds:.0f} s of training, {time.perf_counter() - start:.0f} s in all"
    )
    if tied := ties(evaluation.predicted(how)):
        print(tied)
    print(f"figures: {folder.figures}")
    print(f"test accuracy: {evaluation.accuracy(how):.4f}")

    # %% Draw
    folder.save("recordings", record_run(trainer).arrays())
    return draw(folder.figures, figures(trainer, evaluation, how)) or int(trainer.health.has_diverged)


def several_seeds(args, more, arguments):
    """The same options again for each seed, in processes of their own."""
    if args.resume or args.seed is not None:
        raise OptionError("--seeds starts several runs: leave out --seed and --resume.")
    Config(**with_quick(args, given(args, Config), QUICK)).resolved()  # what is wrong is found once, and here
    out = Path(args.out or dated_folder(args.dataset or Config.dataset))
    accuracies = run_seeds(
        __file__,
        lambda seed: [*without(arguments, "--seeds", "--jobs"), "--seed", seed, "--out", out / f"seed{seed}"],
        more.seeds,
        more.jobs,
    )
    spread = f" +- {accuracies.std(ddof=1):.4f}" if len(accuracies) > 1 else ""
    print(f"test accuracy of seeds {','.join(map(str, more.seeds))}: {accuracies.mean():.4f}{spread}")


def figures(trainer, evaluation: Evaluation, how):
    """What to draw of a run: name -> function."""
    folder, metrics, data = trainer.folder, trainer.metrics, trainer.data
    before, after = folder.load_whole("recordings_before", warn), Recording(folder.load("recordings"))
    drawn = {
        "raster_after": lambda: plotting.raster(after),
        "membrane": lambda: plotting.membrane(after),
        "goodness_training": lambda: plotting.goodness_over_training(metrics),
        "learning_curve": lambda: plotting.learning_curve(metrics),
        "receptive_fields": lambda: plotting.receptive_fields(folder.load("weights")["w1"], data.image_shape),
        "confusion": lambda: plotting.confusion(evaluation, how),
    }
    if before is not None:
        drawn["raster_before"] = lambda: plotting.raster(Recording(before))
    if evaluation.goodness is not None:
        drawn["goodness_test"] = lambda: plotting.goodness_distribution(evaluation)
    return drawn


if __name__ == "__main__":
    sys.exit(main())
