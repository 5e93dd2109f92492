"""Which term of the gradient does each rule drop, and what does it cost?

The exact gradient through time (with the surrogate for the derivative of a spike) is carried forward with a small
network that learns to draw a pattern; beside it, in the same network at the same moment, what rules make of it that a
synapse can follow by itself.  First, with smooth spikes, the exact one is checked against finite differences.

    python protocols/compare_gradients.py                    # a quarter of an hour on one core
    python protocols/compare_gradients.py --neurons lif_adaptive,my_neuron.py --seeds 1
"""

import json
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

import brianff.program  # noqa: F401
from brianff import plotting
from brianff.command_line.commands import draw, fail_cleanly, study_options
from brianff.jobs.tables import markdown
from brianff.options import SEED, Options, option
from brianff.results import atomic_write
from brianff.studies import gradients_in_time as study
from brianff.studies.neuron_step import NeuronStep

QUICK = dict(neurons=("lif_adaptive",), seeds=(1,), updates=1)


@dataclass(frozen=True)
class Gradients(Options):
    """What is compared."""

    neurons: tuple[str, ...] = option(
        ("lif", "lif_adaptive", "spike_response"), "neuron models", metavar="A,B", distinct=True, some=True
    )
    seeds: tuple[int, ...] = option((1, 2, 3), "seeds of network and task", **SEED, distinct=True, some=True)
    updates: int = option(100, "updates of the weights, with Adam", low=1, high=1_000_000)
    rate: float = option(0.01, "its learning rate", above=0, high=1)


def check(neurons):
    """Largest error of the exact gradients with smooth spikes, relative to the largest derivative."""
    errors = {}
    for neuron in neurons:
        step = NeuronStep(neuron, parameters=study.faster(neuron))
        for kind in (study.RECURRENT, study.DEEP):
            net, given = study.network(kind, step, 1, n_in=5, n=6), study.task(1, n_steps=60, n_in=5)
            exact = study.exact_by_differences(net, given)
            errors[neuron, kind] = np.abs(study.gradient(net, given, soft=True) - exact).max() / np.abs(exact).max()
    return errors


def table_of(rows):
    """Markdown: cosines (mean and spread over training and seeds), and the loss after training by each rule."""
    lines = []
    for neuron in dict.fromkeys(row["neuron"] for row in rows):
        for rule, kept in study.RULES.items():
            line = [neuron, kept.title]
            for kind in (study.RECURRENT, study.DEEP):
                of_kind = [row for row in rows if (row["neuron"], row["network"]) == (neuron, kind)]
                for layer in of_kind[0]["cosine"]["e_prop"]:
                    values = [c for row in of_kind for c in row["cosine"].get(rule, {layer: [1.0]})[layer]]
                    line.append(f"{np.mean(values):.2f} ± {np.std(values):.2f}" if rule != "exact" else "1")
                left = [row["loss"][rule][1] / row["loss"][rule][0] for row in of_kind]
                line.append(f"{100 * np.mean(left):.0f} ± {100 * np.std(left):.0f}")
            lines.append(line)
    of_layers = [f"deep, layer {k}" for k in (1, 2, 3)]
    return markdown(["neuron", "rule", "recurrent", "loss left (%)", *of_layers, "loss left (%)"], lines)


@fail_cleanly
def main(arguments=None):
    chosen, out = study_options(
        arguments, __doc__, Gradients, "compare-gradients", QUICK, "a few seconds: is everything there?"
    )
    out.mkdir(parents=True, exist_ok=True)
    for (neuron, kind), error in check(chosen.neurons).items():
        print(f"{neuron}, {kind}: smooth spikes, all terms against finite differences: relative error {error:.1e}")
    rows = []
    for neuron in chosen.neurons:
        for kind in (study.RECURRENT, study.DEEP):
            for seed in chosen.seeds:
                parameters = study.faster(neuron)
                row = study.compare(kind, neuron, seed, chosen.updates, chosen.rate, parameters=parameters)
                rows.append(row)
                left = row["loss"]["exact"][1] / row["loss"]["exact"][0]
                print(f"{neuron}, {kind}, seed {seed}: {row['rate']:.1f} Hz; {100 * left:.0f} % of the loss left")
                atomic_write(out / "rows.json", json.dumps(rows, indent=1).encode())
    text = table_of(rows)
    atomic_write(out / "table.md", f"{text}\n".encode())
    print(f"\n{text}\n\nrows, table and figures: {out}")
    titles = {rule: kept.title for rule, kept in study.RULES.items()}

    def figure_of(neuron):
        return plotting.gradient_terms([row for row in rows if row["neuron"] == neuron], titles)

    return draw(out, {f"terms_{Path(neuron).stem}": partial(figure_of, neuron) for neuron in chosen.neurons})


if __name__ == "__main__":
    sys.exit(main())
