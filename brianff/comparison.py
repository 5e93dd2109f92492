"""One combination of neuron, code and rule after another: does it work, how well, and at what cost?"""

import resource
import tempfile
from dataclasses import dataclass

import numpy as np

from brianff.equations import DEFAULTS, ModelError, compose
from brianff.stimulus import EVALUATION_PRESENTATIONS, Schedule
from brianff.training import Config, Trainer, record_presentations

__all__ = ["MEASURES", "Combination", "markdown", "measure", "summary"]

# name of a row's entry -> heading of the table and label of the figure
MEASURES = {
    "accuracy": "test accuracy (%)",
    "margin": "margin of goodness",
    "spikes": "spikes a presentation",
    "events": "synaptic events a presentation",
    "milliseconds": "CPU time a sample (ms)",
}
COUNTED = 20  # test samples whose spikes are counted


@dataclass(frozen=True)
class Combination:
    """Names of a neuron, a code and a rule; the goodness is the one that the rule is made for."""

    neuron: str
    code: str
    rule: str

    def __str__(self):
        return f"{self.neuron} + {self.code} + {self.rule}"

    @property
    def goodness(self):
        return "class_groups" if self.rule == "class_competition" else DEFAULTS["goodness"]

    def options(self):
        """Of `Config`."""
        negatives = {"negatives": "none"} if self.rule == "class_competition" else {}
        return dict(neuron=self.neuron, encoder=self.code, rule=self.rule, goodness=self.goodness, **negatives)

    def misfit(self):
        """Why this cannot work, or None; nothing is compiled to find out."""
        try:
            return compose(self.neuron, self.code, self.goodness, self.rule).misfit()
        except ModelError as error:
            return str(error)


def measure(combination, seeds, more=None):
    """Train a combination with every seed.

    Parameters
    ----------
    combination : `Combination`
    seeds : sequence of int
    more : dict, optional
        Further options of `Config`.

    Returns
    -------
    rows : list of dict
        One for each seed: the names, the seed and `MEASURES`.
    """
    rows = []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            options = combination.options() | (more or {})
            trainer = Trainer.start(Config(**options, seed=seed, validate=1), f"{folder}/run")
            before = _cpu_seconds()
            trainer.run()
            seconds = _cpu_seconds() - before
            evaluation = trainer.evaluate("test")
        true, wrong = evaluation.separation()
        spikes, events = _count(trainer)
        rows.append(
            {
                "neuron": combination.neuron,
                "code": combination.code,
                "rule": combination.rule,
                "seed": seed,
                "accuracy": 100 * evaluation.accuracy("goodness"),
                "margin": float(np.mean(true - wrong)),
                "spikes": spikes,
                "events": events,
                "milliseconds": 1e3 * seconds / (trainer.n_rows * trainer.config.batch),
            }
        )
    return rows


def _cpu_seconds():
    """Of this process and of the compiled programs that it has run."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def _count(trainer):
    """Spikes of hidden neurons and weights that spikes were sent through, in one presentation of a test sample."""
    a, data = trainer.architecture, trainer.data
    chosen = data.test[:COUNTED]
    schedule = Schedule.evaluation(
        np.arange(len(chosen)), data.labels[chosen], EVALUATION_PRESENTATIONS + np.arange(len(chosen)), 1
    )
    recording = record_presentations(
        trainer.composition, a, trainer.inputs(), trainer._shown(chosen), schedule, neurons=[0]
    )
    counts = np.array([len(recording[f"spikes{level}_i"]) for level in range(len(a.sizes))]) / len(chosen)
    return float(counts[1:].sum()), float(counts[:-1] @ a.sizes[1:])


def summary(rows):
    """Mean and standard deviation over the seeds: {(neuron, code, rule): {measure: (mean, deviation)}}."""
    grouped = {}
    for row in rows:
        grouped.setdefault((row["neuron"], row["code"], row["rule"]), []).append(row)
    return {
        names: {m: (np.mean([r[m] for r in of_names]), np.std([r[m] for r in of_names])) for m in MEASURES}
        for names, of_names in grouped.items()
    }


def markdown(rows):
    """A table of all combinations, the most accurate first."""
    lines = [
        "| neuron | code | rule | " + " | ".join(MEASURES.values()) + " |",
        "|--" * (3 + len(MEASURES)) + "|",
    ]
    for names, of_names in sorted(summary(rows).items(), key=lambda item: -item[1]["accuracy"][0]):
        accuracy, deviation = of_names["accuracy"]
        rest = [f"{of_names[m][0]:.3g}" for m in MEASURES if m != "accuracy"]
        lines.append(f"| {' | '.join(names)} | {accuracy:.1f} ± {deviation:.1f} | {' | '.join(rest)} |")
    return "\n".join(lines) + "\n"
