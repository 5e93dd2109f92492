# %% [markdown]
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

import numpy as np

import brianff.program  # noqa: F401
from brianff import plotting
from brianff.command_line.commands import draw, fail_cleanly, progress_bar, run_options, start_or_resume
from brianff.datasets import SPIKE_TRAINS
from brianff.learning.evaluation import Evaluation, predicted_classes, ties
from brianff.learning.feedback_training import FeedbackConfig, FeedbackTrainer, rate_readout
from brianff.learning.training import cpu_seconds

QUICK = dict(hidden=(100,), limit=500, epochs=15, mini_batch=25, chunk=250)


@fail_cleanly
def main(arguments=None):
    # %% Options: one for each field of brianff.learning.feedback_training.FeedbackConfig, and where to write
    args = run_options(FeedbackConfig, __doc__, "FEEDBACK-DATASET").parse_args(arguments)

    # %% Build the network, or take up an interrupted run
    trainer = start_or_resume(
        args, FeedbackTrainer, QUICK, lambda c: f"{Path(c.feedback).stem}-{c.dataset}", report=print
    )
    folder = trainer.folder

    # %% Train
    began, first = cpu_seconds().sum(), trainer.position
    with progress_bar(trainer) as advance:
        trainer.run(advance)
    trainer.save_weights()
    if trainer.position > first:
        cost = (cpu_seconds().sum() - began) / (trainer.position - first) / trainer.config.batch
        print(f"{1e3 * cost:.2f} ms of one core for a training sample, validation and checkpoints included")

    # %% Evaluate, once, on samples that nothing was decided with
    scores, labels = trainer.evaluate("test")
    predicted = predicted_classes(scores)
    folder.save("evaluation", {"scores": scores, "labels": labels})
    if trainer.config.dataset in ("timing", *SPIKE_TRAINS):
        print(f"test accuracy of a linear readout of the input's spike counts: {rate_readout(trainer):.4f}")
    if cosines := trainer.alignment():
        print(f"cosine of feedback and forward weights: {', '.join(f'{c:.3f}' for c in cosines)}")

    if tied := ties(predicted):
        print(tied)
    print(f"figures: {folder.figures}")
    print(f"test accuracy: {np.mean(predicted == labels):.4f}")

    # %% Draw
    evaluation = Evaluation(labels, None, scores, np.nan)
    figures = {"training": lambda: plotting.learning_curve(trainer.metrics)} if len(trainer.data.validation) else {}
    figures |= {
        "confusion": lambda: plotting.confusion(evaluation),
        "receptive_fields": lambda: plotting.receptive_fields(folder.load("weights")["w1"], trainer.data.image_shape),
    }
    return draw(folder.figures, figures)


if __name__ == "__main__":
    sys.exit(main())
