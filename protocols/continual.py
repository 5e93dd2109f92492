"""Tasks one after the other: what a network has forgotten in the end, and what a projection of its changes saves.

Layers with readouts of their own learn ten tasks in turn: images whose pixels are permuted, blocks of classes, or
images that turn.  With --forgetting-free weights change only where the inputs of earlier tasks do not see it.

    python protocols/continual.py                                            # digits, ten tasks, with and without
    python protocols/continual.py --dataset mnist --data DIR --limit 10000   # permuted MNIST
    python protocols/continual.py --tasks split --number 5
    python protocols/continual.py --tasks drift --plain                      # images that turn, without projection
"""

import json
import sys
from dataclasses import dataclass

import brianff.program  # noqa: F401
from brianff import datasets, plotting
from brianff.command_line.commands import draw, fail_cleanly, study_options
from brianff.devices import device_option
from brianff.jobs.tables import spread
from brianff.learning.forward_forward import ForwardForward
from brianff.learning.options import layers_option
from brianff.options import EPOCHS, LIST, SEED, Options, option
from brianff.results import atomic_write
from brianff.studies.continual import KINDS, Tasks, learn_in_turn, scores, shortened

QUICK = dict(number=3, layers=("40",), seeds=(1,), epochs=2, limit=300)


@dataclass(frozen=True)
class Choice(Options):
    """What is learnt."""

    dataset: str = option("digits", "data set of images", choices=datasets.names())
    data: str | None = option(None, "folder that holds the data set's files", metavar="DIR")
    tasks: str = option("permuted", "tasks: permuted pixels, classes in blocks, or turning images", choices=list(KINDS))
    number: int = option(10, "number of tasks", low=2, high=1000)
    forgetting_free: bool = option(False, "with the projection only")
    plain: bool = option(False, "without the projection only")
    alpha: float = option(0.01, "activity that the projection counts as none, relative to the mean", above=0, high=1e6)
    layers: tuple[str, ...] | None = layers_option("300,300", ("300", "300"))
    epochs: int = option(2, "passes over the training samples of a task", **EPOCHS)
    limit: int | None = option(None, "use only this many training samples of each task", low=1)
    test: int = option(2000, "test samples of each task", low=1)
    seeds: tuple[int, ...] = option((1, 2, 3), "seeds", **LIST, **SEED)
    device: str = device_option()


@fail_cleanly
def main(arguments=None):
    help = "three tasks on a small network: is everything there?"
    c, out = study_options(arguments, __doc__, Choice, "continual-{dataset}", QUICK, help)
    out.mkdir(parents=True, exist_ok=True)
    data = datasets.load(c.dataset, data=c.data, validation=0)
    data = shortened(data, c.limit, c.test)
    batch = 20 if len(data.train) >= 2000 else 10

    # Every task in turn, with every seed, without and with the projection.
    ways = {"plain": False, "forgetting-free": True}
    ways = {name: way for name, way in ways.items() if not (c.plain and way or c.forgetting_free and not way)}
    found = {}
    for name, way in ways.items():
        for seed in c.seeds:

            def make(task, seed=seed):
                rule = dict(rule="local_readout", negatives="none", steps=10, dt=5.0, dropout=0.0, final_rate=0.3)
                size = dict(layers=c.layers, epochs=c.epochs, batch=batch, mini_batch=batch, chunk=200)
                return ForwardForward(task, seed=seed, dtype="float32", device=c.device, validate=1, **rule, **size)

            print(f"{name}, seed {seed}")
            tasks = Tasks(data, c.tasks, c.number, seed)
            accuracies = learn_in_turn(make, tasks, way, c.alpha, report=lambda text: print(f"  {text}"))
            found.setdefault(name, []).append(accuracies)

    # The table and the figure.
    document = {"options": {k: v for k, v in vars(c).items() if k not in ("data", "device")}}
    document["accuracies"] = {name: [one.round(5).tolist() for one in of] for name, of in found.items()}
    atomic_write(out / "accuracies.json", json.dumps(document, default=list).encode())
    print(f"\n{'':16} {'average accuracy (%)':>22} {'forgetting (points)':>22} {'backward transfer':>20}")
    for name, of_seeds in found.items():
        columns = zip(*(scores(one) for one in of_seeds), strict=True)
        print(f"{name:16} " + " ".join(f"{spread((100 * v for v in values), 1):>21}" for values in columns))
    status = draw(out, {"continual": lambda: plotting.continual(found)})
    print(f"figure: {out / 'continual.png'}")
    return status


if __name__ == "__main__":
    sys.exit(main())
