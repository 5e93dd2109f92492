# %% [markdown]
"""The baseline: forward-forward learning in an ordinary network of rectified linear units, without spikes or time.

As in Hinton 2022 (arXiv 2212.13345): every layer raises the mean of its squared activities for positive samples (image
and true label) and lowers it for negative ones (image and wrong label, or a hybrid image), by itself.  NumPy only.

    python protocols/ann_forward_forward.py                                  # digits, a few seconds
    python protocols/ann_forward_forward.py --dataset mnist --data DIR       # half an hour of one core
    python protocols/ann_forward_forward.py --resume runs/FOLDER             # go on after an interruption
    python protocols/ann_forward_forward.py --negatives hybrid               # without labels in the network
"""

import dataclasses
import sys
import time
from pathlib import Path

from brianff import plotting
from brianff.ann import AnnConfig, AnnTrainer
from brianff.commands import fail_cleanly, options_of, progress_bar

QUICK = dict(hidden=(60, 40), limit=300, epochs=2, validate=50, chunk=100)


# %% Options: one for each field of brianff.ann.AnnConfig, and where to write
def parse(arguments):
    parser = options_of(AnnConfig, __doc__)
    parser.add_argument("--out", metavar="FOLDER", help="results folder (default: runs/ann-DATASET-DATE-TIME)")
    parser.add_argument("--resume", metavar="FOLDER", help="go on with an interrupted run, with its own options")
    parser.add_argument(
        "--predict",
        choices=["goodness", "upper", "readout"],
        default="goodness",
        help="test accuracy by: goodness of every label tried (all layers, or layers >= 2), or the softmax readout",
    )
    parser.add_argument("--quick", action="store_true", help="a few seconds on a small network: is everything there?")
    return parser.parse_args(arguments)


@fail_cleanly
def main(arguments=None):
    args = parse(arguments)

    # %% Build the network, or take up an interrupted run
    names = [f.name for f in dataclasses.fields(AnnConfig)]
    chosen = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    if args.resume:
        if extra := set(chosen) - {"data"}:
            raise ValueError(
                f"--resume goes on with the run's own options: leave out --{min(extra).replace('_', '-')}."
            )
        trainer = AnnTrainer.resume(args.resume, data=args.data)
    else:
        config = AnnConfig(**({**QUICK, **chosen} if args.quick else chosen))
        out = args.out or Path("runs") / f"ann-{config.dataset}-{time.strftime('%Y%m%d-%H%M%S')}"
        trainer = AnnTrainer.start(config, out)
    folder, data = trainer.folder, trainer.data
    print(
        f"{'-'.join(map(str, trainer.network.sizes))} on {data.name}: {len(trainer.train)} training, "
        f"{len(data.validation)} validation, {len(data.test)} test samples; seed {trainer.config.seed}"
    )

    # %% Train: positive and negative samples, layer by layer, nothing backwards
    with progress_bar(trainer) as advance:
        trainer.run(advance)
    trainer.save_weights()

    # %% Evaluate, once, on samples that nothing was decided with
    evaluation = trainer.evaluate("test", 100 if args.quick else None)
    folder.save("evaluation", evaluation.arrays())

    # %% Draw
    draw(trainer, evaluation)
    how = args.predict if trainer.supervised else "readout"
    if trainer.supervised:
        print(
            "test accuracy by goodness of every label: "
            f"{evaluation.accuracy('goodness'):.4f} (layers >= 2: {evaluation.accuracy('upper'):.4f}), "
            f"by softmax readout: {evaluation.accuracy('readout'):.4f}"
        )
    print(f"{trainer.seconds:.0f} s of training, {trainer.cpu_seconds:.0f} s of CPU time")
    print(f"figures: {folder.figures}")
    print(f"test accuracy: {evaluation.accuracy(how):.4f}")


def draw(trainer, evaluation):
    """All figures of a run into its folder."""
    data, weights = trainer.data, trainer.network.layers[0].w
    predicted = evaluation.by_goodness() if trainer.supervised else evaluation.by_readout()
    figures = {
        "goodness_training": plotting.goodness_over_training(trainer.metrics),
        "learning_curve": plotting.learning_curve(trainer.metrics),
        "receptive_fields": plotting.receptive_fields(weights, data.image_shape),
        "confusion": plotting.confusion(evaluation.labels, predicted, data.n_classes),
    }
    if trainer.supervised:
        figures["goodness_test"] = plotting.goodness_distribution(evaluation)
    for name, figure in figures.items():
        plotting.save(figure, trainer.folder.figures / f"{name}.png")


if __name__ == "__main__":
    sys.exit(main())
