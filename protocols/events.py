"""Train a spiking network on the recordings of an event camera, as they are: spikes of pixels that became brighter or
darker.

Nothing is made an image. Convolutions take the two polarities of a pixel as two channels; every layer has class scores
of its own and learns from their error alone (rule local_readout). Beside the network stands what a linear readout makes
of spike counts, which know no time.

    python protocols/events.py --data DIR                           # N-MNIST, or any part of it: Train/0/*.bin ...
    python protocols/events.py --dataset dvs-gesture --data DIR     # DVS128 Gesture
    python protocols/events.py --dataset shd --data DIR             # any other data set of spike trains
    python protocols/events.py --resume runs/FOLDER                 # go on after an interruption
"""

import sys

import brianff.program  # noqa: F401
from brianff import plotting
from brianff.command_line import commands
from brianff.learning.forward_forward import ForwardForward
from brianff.studies.rate_readout import rate_readout

# Ahead of the options that are given, which replace them.
DEFAULTS = "--dataset nmnist --rule local_readout --negatives none --dtype float32 --batch 20 --mini-batch 20".split()
OF_DATA = {
    "nmnist": "--layers conv32k5s2,conv64k3s2 --jitter 1 --epochs 15 --learning-rate 2e-3".split(),
    "dvs-gesture": "--layers conv8k8s4,conv16k5s2,100 --jitter 2 --epochs 15".split(),
}
QUICK = dict(layers=("conv8k5s2",), limit=300, epochs=2, validate=50, chunk=100, learning_rate=3e-3)
DENSE = dict(layers=("40",), limit=200, epochs=1, validate=50, chunk=100)  # where channels are no places


@commands.fail_cleanly
def main(arguments=None):
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    parser = commands.run_options(ForwardForward.Options, __doc__, "EVENTS-DATASET")
    args = parser.parse_args(arguments)
    of_data = OF_DATA.get(args.dataset or "nmnist")
    if not args.resume:
        args = parser.parse_args([*DEFAULTS, *([] if args.quick else of_data or []), *arguments])

    # The network, or an interrupted run of it.
    quick = DENSE if of_data is None else QUICK
    run = commands.start_or_resume(args, ForwardForward, quick, lambda o: f"events-{o.dataset}")

    # Training: every recording once a pass, without phases.
    with commands.going_on(run):
        run.train()

    # Evaluation, once, on recordings that nothing was decided with.
    evaluation = run.evaluate("test", 50 if args.quick else None)
    run.folder.save("evaluation", evaluation.arrays())
    commands.tell_layers(evaluation)
    commands.tell_activity(evaluation, "recording")
    print(f"a linear readout of the input's spike counts: {rate_readout(run.method):.4f}")
    print(f"figures: {run.folder.figures}")
    print(f"test accuracy: {evaluation.accuracy():.4f}")

    recording = run.record([0, 1, 2], range(12))
    run.folder.save("recordings", recording.arrays())
    return commands.draw(run.folder.figures, figures(run, recording, evaluation))


def figures(run, recording, evaluation):
    """What to draw of a run: name -> function."""
    method = run.method
    drawn = plotting.camera if min(method.data.image_shape) > 1 else plotting.cochleagram
    found = {
        "events": lambda: drawn(method.data, method.data.test[:3]),
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
    return found


if __name__ == "__main__":
    sys.exit(main())
