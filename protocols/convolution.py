"""Train a convolutional spiking network with local readouts, and draw what its layers have learnt to see.

One kernel serves all positions of a layer and all samples of a batch; no connection is unrolled.  Every layer has class
scores of its own and learns from their error alone (rule local_readout): there are no phases, and nothing crosses a
layer.  On small images thresholds adapt, one a channel, so that none falls silent (neuron lif_homeostatic).

    python protocols/convolution.py                                        # digits, 8x8 pixels: half a minute
    python protocols/convolution.py --dataset mnist --data DIR             # 28x28 pixels: a quarter of an hour
    python protocols/convolution.py --dataset fashion-mnist --views mirrored
    python protocols/convolution.py --layers conv20k3,conv40k3s2,200       # layers of your own
    python protocols/convolution.py --resume runs/FOLDER                   # go on after an interruption
"""

import sys

import brianff as ff
import brianff.program  # noqa: F401
from brianff import plotting
from brianff.command_line import commands
from brianff.learning.forward_forward import ForwardForward
from brianff.stimulus import stream

# Ahead of the options that are given, which replace them.
DEFAULTS = "--rule local_readout --negatives none --neuron lif_homeostatic --dropout 0 --dtype float32".split()
DEFAULTS += "--dt 5".split()
OF_DATA = {
    "digits": "--layers conv16k3,conv32k3s2,100 --steps 10 --epochs 25 --learning-rate 2e-3 --chunk 1000".split(),
    "fashion-mnist": (
        "--layers conv32k5s2,500 --encoder regular_rate --set rate_max=200*Hz --set wanted=2 --set speed=0.5 "
        "--steps 16 --epochs 15 --batch 20 --mini-batch 100 --flip --chunk 5000"
    ).split(),
    "mnist": (
        "--layers conv40k5s2,conv80k5s2,500 --neuron lif --steps 16 --epochs 20 --batch 20 --mini-batch 100 --jitter 1 "
        "--chunk 5000"
    ).split(),
}
QUICK = dict(layers=("conv8k3s2", "20"), limit=300, epochs=3, validate=50, chunk=100)
SHOWN = 500  # training samples from which the figures of fields are made


@commands.fail_cleanly
def main(arguments=None):
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    parser = commands.run_options(ForwardForward.Options, __doc__, "CONVOLUTION-DATASET")
    parser.add_argument(
        "--views", metavar="A,B", type=lambda text: text.split(","), default=(), help="answers are means over views: "
        "mirrored (of an image and its mirror image), moved (of it and of what is moved by a pixel)",
    )  # fmt: skip
    args = parser.parse_args(arguments)
    if not args.resume:
        of_data = OF_DATA.get(args.dataset or "digits", OF_DATA["mnist"])
        args = parser.parse_args([*DEFAULTS, *([] if args.quick else of_data), *arguments])

    # The network, or an interrupted run of it.
    run = commands.start_or_resume(args, ForwardForward, QUICK, lambda o: f"convolution-{o.dataset}")

    # Training: every sample once a pass, without phases.
    with commands.going_on(run):
        run.train()

    # Evaluation, once, on samples that nothing was decided with.
    evaluation = run.evaluate("test", 100 if args.quick else None, args.views)
    run.folder.save("evaluation", evaluation.arrays())
    commands.tell_layers(evaluation)
    commands.tell_activity(evaluation)
    print(f"figures: {run.folder.figures}")
    print(f"test accuracy: {evaluation.accuracy():.4f}")

    recording = run.record([0, 1, 2], range(12))
    run.folder.save("recordings", recording.arrays())
    return commands.draw(run.folder.figures, figures(run, recording, evaluation))


def figures(run, recording, evaluation):
    """What to draw of a run: name -> function."""
    method, samples = run.method, stream(run.method.options.seed, "fields").permutation(run.method.train)[:SHOWN]
    found = {
        "raster": lambda: plotting.raster(recording),
        "membrane": lambda: plotting.membrane(recording),
        "confusion": lambda: plotting.confusion(evaluation),
    }
    if len(method.data.validation):
        found["learning_curve"] = lambda: plotting.learning_curve(run.metrics)
    for level, layer in enumerate(method.architecture.layers, start=1):
        if layer.shape:
            found[f"kernels{level}"] = lambda level=level: plotting.kernels(run.weights[level])
            found[f"feature_maps{level}"] = lambda level=level: plotting.feature_maps(recording, level)
        found[f"fields{level}"] = lambda level=level: plotting.fields(ff.triggered_average(method, level, samples))
    return found


if __name__ == "__main__":
    sys.exit(main())
