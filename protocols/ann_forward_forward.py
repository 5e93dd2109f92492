# %% [markdown]
"""The baseline: forward-forward learning in an ordinary network of rectified linear units, without spikes or time.

As in Hinton 2022 (arXiv 2212.13345): every layer raises the mean of its squared activities for positive samples (image
and true label) and lowers it for negative ones (image and wrong label, or a hybrid image), by itself.  NumPy only.

    python protocols/ann_forward_forward.py                                  # digits, a few seconds
    python protocols/ann_forward_forward.py --dataset mnist --data DIR       # half an hour of one core
    python protocols/ann_forward_forward.py --resume runs/FOLDER             # go on after an interruption
    python protocols/ann_forward_forward.py --negatives hybrid               # without labels in the network
"""

import sys
from dataclasses import dataclass

import brianff.program  # noqa: F401
from brianff import plotting
from brianff.command_line.commands import draw, fail_cleanly, progress_bar, run_options, start_or_resume, way_to_predict
from brianff.learning.evaluation import ties
from brianff.learning.rectified import AnnConfig, AnnTrainer
from brianff.options import Options, given, option

QUICK = dict(hidden=(60, 40), limit=300, epochs=2, validate=50, chunk=100)


# %% Options: one for each field of brianff.learning.rectified.AnnConfig, and where to write
@dataclass(frozen=True)
class More(Options):
    predict: str = option(
        "goodness",
        "test accuracy by: goodness of every label tried (all layers, or layers >= 2), or the softmax readout",
        choices=["goodness", "upper", "readout"],
    )


@fail_cleanly
def main(arguments=None):
    args = run_options(AnnConfig, __doc__, "ann-DATASET", More).parse_args(arguments)
    more = More(**given(args, More))

    # %% Build the network, or take up an interrupted run
    def predict(config):
        return way_to_predict(args, more.predict, config)

    trainer = start_or_resume(
        args, AnnTrainer, QUICK, lambda c: f"ann-{c.dataset}", "100 test samples", check=predict, report=print
    )
    folder, how = trainer.folder, predict(trainer.config)

    # %% Train: positive and negative samples, layer by layer, nothing backwards
    with progress_bar(trainer) as advance:
        trainer.run(advance)
    trainer.save_weights()

    # %% Evaluate, once, on samples that nothing was decided with
    evaluation = trainer.evaluate("test", 100 if args.quick else None)
    folder.save("evaluation", evaluation.arrays())
    if trainer.supervised:
        print(
            "test accuracy by goodness of every label: "
            f"{evaluation.accuracy('goodness'):.4f} (layers >= 2: {evaluation.accuracy('upper'):.4f}), "
            f"by softmax readout: {evaluation.accuracy('readout'):.4f}"
        )
    print(f"{trainer.seconds:.0f} s of training, {trainer.cpu_seconds:.0f} s of CPU time{evaluation.of_silent()}")
    if tied := ties(evaluation.predicted(how)):
        print(tied)
    print(f"figures: {folder.figures}")
    print(f"test accuracy: {evaluation.accuracy(how):.4f}")

    # %% Draw
    return draw(folder.figures, figures(trainer, evaluation, how))


def figures(trainer, evaluation, how):
    """What to draw of a run: name -> function."""
    data, weights = trainer.data, trainer.network.layers[0].w
    drawn = {
        "goodness_training": lambda: plotting.goodness_over_training(trainer.metrics),
        "learning_curve": lambda: plotting.learning_curve(trainer.metrics),
        "receptive_fields": lambda: plotting.receptive_fields(weights, data.image_shape),
        "confusion": lambda: plotting.confusion(evaluation, how),
    }
    if trainer.supervised:
        drawn["goodness_test"] = lambda: plotting.goodness_distribution(evaluation)
    return drawn


if __name__ == "__main__":
    sys.exit(main())
