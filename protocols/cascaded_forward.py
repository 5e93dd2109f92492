"""Cascaded Forward: a readout of every layer in closed form, on blocks that are frozen or have been trained.

Nothing of a readout is learnt by steps: it is the solution of a ridge regression from a layer's traces to the classes,
whose sums of products are gathered as the training set streams by (Zhao et al. 2023, arXiv 2303.09728).  Frozen blocks
are as they were drawn; trained ones learn first, each from scores of its own (rule local_readout).

    python protocols/cascaded_forward.py                                     # digits, frozen: some seconds
    python protocols/cascaded_forward.py --blocks trained
    python protocols/cascaded_forward.py --dataset mnist --data DIR --layers conv32k5s2,conv64k5s2
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import brianff.program  # noqa: F401
from brianff import plotting
from brianff.command_line import commands
from brianff.learning.closed_form import ClosedForm
from brianff.learning.evaluation import ties
from brianff.learning.forward_forward import ForwardForward
from brianff.learning.run import Run
from brianff.options import Options, given, option, parser_of
from brianff.results import write_arrays

DEFAULTS = "--rule local_readout --negatives none --dropout 0 --dtype float32 --steps 16 --dt 5 --chunk 5000".split()


@dataclass(frozen=True)
class Blocks(Options):
    """What is special to this protocol."""

    blocks: str = option("frozen", "layers as they were drawn, or trained first", choices=["frozen", "trained"])
    ridge: float | None = option(None, "weight of the squared weights (default: chosen on validation samples)", above=0)
    samples: int = option(2000, "samples at a time", low=1)


@commands.fail_cleanly
def main(arguments=None):
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    parser = parser_of(__doc__, ForwardForward.Options, Blocks)
    commands.add_out_option(parser, "runs/cascade-DATE-TIME")
    commands.add_quick_option(parser, "a small network on a few samples")
    args = parser.parse_args([*DEFAULTS, *arguments])
    chosen = Blocks(**given(args, Blocks))
    quick = dict(layers=("40", "30"), limit=300, epochs=2, validate=50)
    options = ForwardForward.Options(**commands.with_quick(args, given(args, ForwardForward.Options), quick))
    method = ForwardForward.of(options, report=print)
    out = Path(args.out or commands.dated_folder("cascade"))
    print(f"{method.network_name()} on {method.data.name}, {chosen.blocks} blocks, seed {options.seed}")
    if chosen.blocks == "trained":
        Run(method).train()
    fitted = ClosedForm(method, ridge=chosen.ridge, chunk=chosen.samples)
    print(f"ridge {fitted.ridge:g}")
    test = method.data.test[: 100 if args.quick else None]
    evaluation = fitted.evaluate(test)
    commands.tell_layers(evaluation)
    out.mkdir(parents=True, exist_ok=True)
    write_arrays(out / "evaluation.npz", evaluation.arrays())
    write_arrays(out / "readouts.npz", {f"readout{level}": w for level, w in enumerate(fitted.weights, start=1)})
    print(f"figures: {out}")
    if tied := ties(evaluation.predicted()):
        print(tied)
    print(f"test accuracy: {evaluation.accuracy():.4f}")
    return commands.draw(out, {"confusion": lambda: plotting.confusion(evaluation)})


if __name__ == "__main__":
    sys.exit(main())
