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
from brianff.command_line.commands import draw, fail_cleanly, going_on, run_options, start_or_resume, way_to_predict
from brianff.learning.evaluation import ties
from brianff.learning.rectified import Rectified
from brianff.options import Options, given, option

QUICK = dict(layers=(60, 40), limit=300, epochs=2, validate=50, chunk=100)


@dataclass(frozen=True)
class More(Options):
    """What is done with a run, beside training."""

    predict: str = option(
        "goodness",
        "test accuracy by goodness of every label (all layers, or upper: layers >= 2), readout, or these two together",
        choices=["goodness", "upper", "readout", "together", "upper_together"],
    )


@fail_cleanly
def main(arguments=None):
    args = run_options(Rectified.Options, __doc__, "ann-DATASET", More).parse_args(arguments)
    more = More(**given(args, More))

    # The network, or an interrupted run of it.
    def predict(options):
        return way_to_predict(args, more.predict, options)

    run = start_or_resume(args, Rectified, QUICK, lambda o: f"ann-{o.dataset}", "100 test samples", check=predict)
    how = predict(run.method.options)

    # Training: positive and negative samples, layer by layer, nothing backwards.
    with going_on(run):
        run.train()

    # Evaluation, once, on samples that nothing was decided with.
    evaluation = run.evaluate("test", 100 if args.quick else None)
    run.folder.save("evaluation", evaluation.arrays())
    if evaluation.goodness is not None:
        print(
            "test accuracy by goodness of every label: "
            f"{evaluation.accuracy('goodness'):.4f} (layers >= 2: {evaluation.accuracy('upper'):.4f}), "
            f"by softmax readout: {evaluation.accuracy('readout'):.4f}, together: {evaluation.accuracy('together'):.4f}"
        )
    print(f"{run.seconds:.0f} s of training, {run.cpu_seconds:.0f} s of CPU time{evaluation.of_silent()}")
    if tied := ties(evaluation.predicted(how)):
        print(tied)
    print(f"figures: {run.folder.figures}")
    print(f"test accuracy: {evaluation.accuracy(how):.4f}")
    return draw(run.folder.figures, figures(run, evaluation, how))


def figures(run, evaluation, how):
    """What to draw of a run: name -> function."""
    drawn = {
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
