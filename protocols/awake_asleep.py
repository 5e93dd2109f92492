"""How far apart may the phases be? Positive stimulus epochs awake, negative ones asleep, in blocks of some length.

Forward-forward learning would suit a brain that collects positive samples when awake and negative ones when asleep, if
it does not have to wake up between any two (Hinton 2022, arXiv 2212.13345, section 3.3).  Here a network is shown so
many positive stimulus epochs in a row, then as many negative ones of the same samples, again and again; it takes the
same number of steps in each phase.  What it has learnt is measured on validation samples.

    python protocols/awake_asleep.py                             # blocks of 1, 10, 100, 1000 pairs: some minutes
    python protocols/awake_asleep.py --blocks 1,1000 --learning-rate 1e-4
"""

import sys
from dataclasses import dataclass

import brianff.program  # noqa: F401
from brianff import jobs, plotting
from brianff.command_line.commands import draw, fail_cleanly, study_options
from brianff.devices import device_option
from brianff.jobs.tables import groups, spread
from brianff.options import EPOCHS, LIST, SEED, Options, option

QUICK = dict(blocks=(1, 20), seeds=(1,), epochs=1, layers=("20",), limit=100)


@dataclass(frozen=True)
class Study(Options):
    """What is compared; the rest is as in `brianff.ForwardForward`."""

    blocks: tuple[int, ...] = option((1, 10, 100, 1000), "pairs in a block", **LIST, low=1, high=10_000)
    seeds: tuple[int, ...] = option((1, 2, 3), "seeds", **LIST, **SEED)
    layers: tuple[str, ...] = option(("200", "200"), "neurons of each layer", metavar="N,N", some=True)
    rule: str = option("forward_forward", "a rule that learns from each phase by itself")
    learning_rate: float = option(2e-3, "at the start", low=0, high=1000)
    epochs: int = option(10, "passes over the digits", **EPOCHS)
    limit: int = option(1000, "training samples", low=1)
    device: str = device_option()


@fail_cleanly
def main(arguments=None):
    help = "two blocks, a small network: is everything there?"
    study, out, computing = study_options(arguments, __doc__, Study, "awake-asleep", QUICK, help, jobs.Computing)
    common = {name: getattr(study, name) for name in ("layers", "rule", "learning_rate", "epochs", "limit", "device")}
    todo = []
    for pairs in study.blocks:
        # Side by side are as many presentations as leave a block of two stimulus epochs in each phase.
        batch = next(b for b in (10, 5, 2, 1) if b == 1 or (pairs % b == 0 and pairs >= 2 * b))
        longest = pairs * max(1, 200 // pairs)
        options = dict(phases=f"blocked {pairs // batch}", batch=batch, refresh=longest, chunk=longest, validate=0)
        for seed in study.seeds:
            columns = {"pairs": pairs, "seed": seed}
            todo.append(jobs.Job(f"blocks{pairs}_seed{seed}", {**common, **options, "seed": seed}, columns, test=False))
    rows = jobs.run(todo, out, computing)
    for (pairs,), own in groups(rows, ["pairs"]).items():
        goodness, readout = (spread(100 * row[f"validation_{way}"] for row in own) for way in ("goodness", "readout"))
        print(f"blocks of {pairs} pairs: validation accuracy by goodness {goodness} %, by readout {readout} %")
    print(f"figure: {out / 'awake_asleep.png'}")
    return draw(out, {"awake_asleep": lambda: plotting.awake_asleep(rows)})


if __name__ == "__main__":
    sys.exit(main())
