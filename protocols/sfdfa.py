"""Train a spiking network with spiking forward direct feedback alignment (SFDFA), evaluate it, and draw what it does.

Output neurons have a target number of spikes; hidden neurons get the output's errors through feedback weights that
learn the forward weights from random numbers carried by the spikes (Bacho & Chu 2024, arXiv 2403.08804).  Every synapse
follows the exact derivative of its neuron's spike times, kept up to date by that neuron's own spikes.

    python protocols/sfdfa.py                                             # digits, 64-300-10, half a minute
    python protocols/sfdfa.py --dataset mnist --data DIR                  # 784-800-10
    python protocols/sfdfa.py --dataset mnist --data DIR --feedback dfa   # random feedback that does not learn
    python protocols/sfdfa.py --validation 0                              # train on all samples
    python protocols/sfdfa.py --dataset timing                            # classes that differ in spike timing alone
    python protocols/sfdfa.py --dataset rhythm                            # the same, with several spikes a channel
    python protocols/sfdfa.py --resume runs/FOLDER                         # go on after an interruption
"""

import sys
from pathlib import Path

import brianff.program  # noqa: F401
from brianff import plotting
from brianff.command_line.commands import draw, fail_cleanly, going_on, run_options, start_or_resume
from brianff.datasets import SPIKE_TRAINS
from brianff.learning.evaluation import ties
from brianff.learning.feedback import Feedback
from brianff.studies.rate_readout import rate_readout

QUICK = dict(layers=(100,), limit=500, epochs=15, mini_batch=25, chunk=250)


@fail_cleanly
def main(arguments=None):
    args = run_options(Feedback.Options, __doc__, "FEEDBACK-DATASET").parse_args(arguments)

    # The network, or an interrupted run of it.
    run = start_or_resume(args, Feedback, QUICK, lambda o: f"{Path(o.feedback).stem}-{o.dataset}")

    # Training.
    began, first = run.cpu_seconds, run.progress[0]
    with going_on(run):
        run.train()
    if (done := run.progress[0]) > first:
        cost = (run.cpu_seconds - began) / (done - first)
        print(f"{1e3 * cost:.2f} ms of one core for a training sample")

    # Evaluation, once, on samples that nothing was decided with.
    evaluation, data = run.evaluate("test"), run.method.data
    run.folder.save("evaluation", evaluation.arrays())
    if data.name in ("timing", *SPIKE_TRAINS):
        print(f"test accuracy of a linear readout of the input's spike counts: {rate_readout(run.method):.4f}")
    if cosines := run.method.alignment():
        print(f"cosine of feedback and forward weights: {', '.join(f'{c:.3f}' for c in cosines)}")
    if tied := ties(evaluation.predicted()):
        print(tied)
    print(f"figures: {run.folder.figures}")
    print(f"test accuracy: {evaluation.accuracy():.4f}")

    recording = run.record([0, 1, 2], range(12))
    run.folder.save("recordings", recording.arrays())
    figures = {"training": lambda: plotting.learning_curve(run.metrics)} if len(data.validation) else {}
    figures |= {
        "raster": lambda: plotting.raster(recording),
        "membrane": lambda: plotting.membrane(recording),
        "confusion": lambda: plotting.confusion(evaluation),
        "receptive_fields": lambda: plotting.receptive_fields(run.weights[1], data.image_shape),
    }
    return draw(run.folder.figures, figures)


if __name__ == "__main__":
    sys.exit(main())
