"""Train a spiking network on spoken digits: words of real speakers, through a model of the ear into spikes.

Every layer has class scores of its own and learns from their error alone, by synapses that know when a spike came
(rule local_readout_in_time).  A slow trace remembers the word until it ends, a fast one adapts to how loud it is
(goodness slow_trace).  Beside the network stands what a linear readout makes of spike counts, which know no time.

The recordings are those of the Free Spoken Digit Dataset, github.com/Jakobovski/free-spoken-digit-dataset.

    python protocols/spoken_digits.py --data DIR                        # its authors' split: new words, known speakers
    python protocols/spoken_digits.py --data DIR --test-group george    # a speaker whom the network has never heard
    python protocols/spoken_digits.py --data DIR --layers 300r,300r     # recurrent layers
    python protocols/spoken_digits.py --resume runs/FOLDER              # go on after an interruption
"""

import sys

import brianff.program  # noqa: F401
from brianff import plotting
from brianff.command_line import commands
from brianff.learning.forward_forward import ForwardForward
from brianff.studies.rate_readout import rate_readout

# Ahead of the options that are given, which replace them.
DEFAULTS = "--dataset spoken-digits --rule local_readout_in_time --goodness slow_trace --negatives none".split()
DEFAULTS += ["--set", "tau_syn=30*ms", *"--dtype float32 --batch 20".split()]
QUICK = dict(layers=("20", "20"), limit=200, epochs=2, validate=50, chunk=100)


@commands.fail_cleanly
def main(arguments=None):
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    parser = commands.run_options(ForwardForward.Options, __doc__, "spoken-digits")
    args = parser.parse_args(arguments)
    if not args.resume:
        args = parser.parse_args([*DEFAULTS, *arguments])

    # The network, or an interrupted run of it.
    run = commands.start_or_resume(args, ForwardForward, QUICK, lambda o: "-".join([o.dataset, *(o.test_group or ())]))

    # Training: every word once a pass, without phases.
    with commands.going_on(run):
        run.train()

    # Evaluation, once, on words that nothing was decided with.
    evaluation = run.evaluate("test", 50 if args.quick else None)
    run.folder.save("evaluation", evaluation.arrays())
    commands.tell_layers(evaluation)
    commands.tell_activity(evaluation, "word")
    print(f"a linear readout of the input's spike counts: {rate_readout(run.method):.4f}")
    print(f"figures: {run.folder.figures}")
    print(f"test accuracy: {evaluation.accuracy():.4f}")

    recording = run.record([0, 1, 2], range(12))
    run.folder.save("recordings", recording.arrays())
    return commands.draw(run.folder.figures, figures(run, recording, evaluation))


def figures(run, recording, evaluation):
    """What to draw of a run: name -> function."""
    found = {
        "raster": lambda: plotting.raster(recording),
        "membrane": lambda: plotting.membrane(recording),
        "confusion": lambda: plotting.confusion(evaluation),
    }
    if len(run.method.data.validation):
        found["learning_curve"] = lambda: plotting.learning_curve(run.metrics)
    return found


if __name__ == "__main__":
    sys.exit(main())
