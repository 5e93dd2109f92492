"""Networks that read networks: how good is a trained network, by its weights alone?

Hundreds of small spiking networks are trained on the digits with options drawn at random; their test accuracies are
predicted from the weights, by readers to which the order of hidden neurons makes no difference.  Readers learn from
networks of one neuron model, and are asked about others of that model and about those of another one.

    python protocols/read_networks.py                        # 600 networks and 150 others: half an hour on two cores
    python protocols/read_networks.py --out FOLDER           # goes on where it was interrupted
"""

import json
import sys
from dataclasses import dataclass

import numpy as np

import brianff.program  # noqa: F401
from brianff import jobs, plotting
from brianff.command_line.commands import draw, fail_cleanly, study_options
from brianff.devices import device_option
from brianff.jobs.tables import markdown
from brianff.options import SEED, Options, option
from brianff.results import atomic_write
from brianff.studies import zoo

QUICK = dict(runs=15, others=3, splits=1)


@dataclass(frozen=True)
class Zoo(Options):
    """Which networks are read."""

    neuron: str = option("lif", "neuron model that readers learn from")
    other: str = option("lif_adaptive", "neuron model of which they know nothing")
    runs: int = option(600, "networks of the first", low=15, high=1_000_000)
    others: int = option(150, "networks of the other", low=3, high=1_000_000)
    splits: int = option(3, "times that a fifth of the networks is held out, each time another one", low=1, high=5)
    seed: int = option(1, "seed of options, splits and readers", **SEED)
    device: str = device_option()


def read(networks, accuracies, others, of_others, chosen):
    """Rows: reader, split, Kendall's tau on held-out networks and on others, change by a permutation."""
    rng = np.random.default_rng(chosen.seed)
    order, rows, shown = rng.permutation(len(networks)), [], {}
    for split in range(chosen.splits):
        held_out = np.zeros(len(networks), bool)
        held_out[order[split::5]] = True
        known = [network for network, out in zip(networks, held_out, strict=True) if not out]
        asked = [network for network, out in zip(networks, held_out, strict=True) if out]
        for name, reader in (
            ("statistics, gradient boosting", zoo.Boosting(chosen.seed)),
            ("Deep Sets", zoo.DeepSets(seed=chosen.seed)),
        ):
            reader.fit(known, accuracies[~held_out])
            found = reader.predict(asked)
            moved = reader.predict([zoo.permuted(network, rng) for network in asked])
            of_other = reader.predict(others)
            rows.append(
                {
                    "reader": name,
                    "split": split,
                    "held_out": zoo.tau(found, accuracies[held_out]),
                    "other": zoo.tau(of_other, of_others),
                    "permutation": float(np.abs(found - moved).max()),
                }
            )
            if split == 0:
                shown[name] = {"held out": (accuracies[held_out], found), "another neuron": (of_others, of_other)}
    return rows, shown


@fail_cleanly
def main(arguments=None):
    help = "18 networks: is everything there?"
    chosen, out, computing = study_options(arguments, __doc__, Zoo, "read-networks", QUICK, help, jobs.Computing)
    first = zoo.jobs_of(out, chosen.runs, chosen.neuron, chosen.seed, chosen.device)
    second = zoo.jobs_of(out, chosen.others, chosen.other, chosen.seed + 1, chosen.device)
    rows = jobs.run([*first, *second], out, computing)
    networks, accuracies = zoo.load(out, rows[: len(first)], first)
    others, of_others = zoo.load(out, rows[len(first) :], second)
    for name, values in ((chosen.neuron, accuracies), (chosen.other, of_others)):
        low, middle, high = np.quantile(values, (0.1, 0.5, 0.9))
        print(
            f"{len(values)} networks of {name}: test accuracy {middle:.3f} (a tenth below {low:.3f}, above {high:.3f})"
        )
    found, shown = read(networks, accuracies, others, of_others, chosen)
    atomic_write(out / "tau.json", json.dumps(found, indent=1).encode())
    lines = []
    for name in dict.fromkeys(row["reader"] for row in found):
        own = [row for row in found if row["reader"] == name]
        taus = [[row[kind] for row in own] for kind in ("held_out", "other")]
        largest = max(row["permutation"] for row in own)
        lines.append([name, *(f"{np.mean(t):.3f} ± {np.std(t):.3f}" for t in taus), f"{largest:.0e}"])
    headings = ["reader", f"tau, {chosen.neuron}, held out", f"tau, {chosen.other}", "change by a permutation"]
    table = markdown(headings, lines)
    atomic_write(out / "table.md", f"{table}\n".encode())
    print(f"\n{table}\n\nrows, weights, table and figure: {out}")
    return draw(out, {"read_networks": lambda: plotting.readers(shown)})


if __name__ == "__main__":
    sys.exit(main())
