"""One combination of neuron, code and rule after another: does it work, how well, and at what cost?"""

import functools
from dataclasses import dataclass

import numpy as np

from brianff.equations.compose import compose
from brianff.errors import ModelError, OptionError
from brianff.jobs import tables
from brianff.jobs.job import Job
from brianff.jobs.tables import groups
from brianff.stimulus import EVALUATION_PRESENTATIONS, Schedule

__all__ = [
    "MEASURES", "Combination", "jobs", "markdown", "measured", "medians", "refilled", "refusals", "summary",
]  # fmt: skip

NAMES = ("neuron", "code", "rule")
# name of a row's entry -> heading of the table and label of the figure
MEASURES = {
    "accuracy": "test accuracy (%)",
    "margin": "margin of goodness",
    "spikes": "spikes a presentation",
    "events": "synaptic events a presentation",
    "milliseconds": "CPU time a sample (ms)",
}


@functools.cache
@dataclass(frozen=True)
class Combination:
    """Names of a neuron, a code and a rule."""

    neuron: str
    code: str
    rule: str

    def __str__(self):
        return f"{self.neuron} + {self.code} + {self.rule}"

    def options(self):
        """Of `ForwardForward`."""
        chosen = dict(neuron=self.neuron, encoder=self.code, rule=self.rule)
        alone = compose(models={"rule": self.rule}).classes is not None
        return chosen | ({"negatives": "none"} if alone else {})

    def misfit(self):
        """Why this cannot work, or None; nothing is compiled to find out."""
        try:
            return compose(models=dict(neuron=self.neuron, encoder=self.code, rule=self.rule)).misfit()
        except ModelError as error:
            return str(error)


def jobs(combinations, seeds, more):
    """Runs of combinations, as `brianff.jobs.run` takes them; every one is compiled for the first of its seeds.

    Parameters
    ----------
    combinations : sequence of `Combination`
    seeds : sequence of int
    more : dict
        Further options of `ForwardForward`.
    """
    return [
        Job(
            f"{one.neuron}_{one.code}_{one.rule}_seed{seed}",
            one.options() | more | {"validate": 1, "seed": seed},
            {"neuron": one.neuron, "code": one.code, "rule": one.rule, "seed": seed},
            finish=measured,
            keep=False,
        )
        for seed in seeds
        for one in combinations
    ]


def measured(run, evaluation):
    """`MEASURES` of a trained network."""
    true, wrong = evaluation.separation()
    spikes, events = _count(run.method)
    return {
        "accuracy": 100 * evaluation.accuracy("goodness"),
        "margin": float(np.mean(true - wrong)),
        "spikes": spikes,
        "events": events,
        "milliseconds": 1e3 * run.cpu_seconds / run.progress[1],
    }


def _count(method):
    """Spikes of hidden neurons and weights that spikes were sent through, in one presentation of a test sample."""
    a, data = method.architecture, method.data
    chosen = data.test[: a.images]
    rows = np.arange(len(chosen))
    schedule = Schedule.evaluation(rows, data.labels[chosen], EVALUATION_PRESENTATIONS + rows, a.batch)
    inputs = method.inputs() | schedule.inputs(a, method.shown(chosen))
    with method.simulator.run(inputs, len(schedule)) as results:
        counts = [results[f"layer{level}.n_spikes"].sum() / len(chosen) for level in range(len(a.sizes))]
    return float(sum(counts[1:])), float(np.dot(counts[:-1], a.sizes[1:]))


def summary(rows):
    """Mean and standard deviation over the seeds: {(neuron, code, rule): {measure: (mean, deviation)}}.

    Rows of failures are left out.
    """
    return {
        names: {m: (np.mean([r[m] for r in of_names]), np.std([r[m] for r in of_names])) for m in MEASURES}
        for names, of_names in groups(rows, NAMES).items()
    }


def markdown(rows):
    """A table of all combinations, the most accurate first and those that failed last, with the reason."""
    lines, seeds = [], {names: len(of_names) for names, of_names in groups(rows, NAMES).items()}
    for names, of_names in sorted(summary(rows).items(), key=lambda item: -item[1]["accuracy"][0]):
        accuracy, deviation = of_names["accuracy"]
        shown = f"{accuracy:.1f} ± {deviation:.1f}" if seeds[names] > 1 else f"{accuracy:.1f}"
        rest = [_number(of_names[m][0]) for m in MEASURES if m != "accuracy"]
        lines.append([*names, seeds[names], shown, *rest])
    for row in rows:
        if "failed" in row:
            names, said = (row[name] for name in NAMES), f"seed {row['seed']} failed: {_cell(row['failed'])}"
            lines.append([*names, "", said, *[""] * (len(MEASURES) - 1)])
    return tables.markdown([*NAMES, "seeds", *MEASURES.values()], lines)


def _number(value):
    """Three digits; thousands in full, and apart."""
    return f"{round(value):,}".replace(",", " ") if value >= 1000 else f"{value:.3g}"


def _cell(text):
    """Of a table: one line without bars."""
    return " ".join(text.replace("|", "/").split())


def medians(rows):
    """A short table: the median and the best of each neuron's, code's and rule's combinations, the best median first.

    Medians, since one partner that does not fit pulls a mean down.
    """
    measured, lines = summary(rows), []
    for k, kind in enumerate(NAMES):
        of_model = {}
        for names, of_names in measured.items():
            of_model.setdefault(names[k], []).append(of_names["accuracy"][0])
        for name, values in sorted(of_model.items(), key=lambda item: -np.median(item[1])):
            lines.append([kind, name, len(values), f"{np.median(values):.1f}", f"{max(values):.1f}"])
    return tables.markdown(["", "", "combinations", "median of test accuracy (%)", "best (%)"], lines)


def refusals(reasons):
    """The reasons why combinations are refused, each once with their number.

    Parameters
    ----------
    reasons : dict of `Combination` -> str
    """
    counts = {}
    for combination, reason in reasons.items():
        # file names differ from machine to machine, and the neuron's name is all that they tell
        reason = reason.rpartition(".py: ")[2].replace(f"'{combination.neuron}'", "at hand").rstrip(".")
        counts[reason] = counts.get(reason, 0) + 1
    return "".join(f"- {number}: {_cell(reason)}.\n" for reason, number in counts.items())


def refilled(page, parts):
    """A page of documentation with other tables in it.

    Parameters
    ----------
    page : str
        Whose parts stand between ``<!-- NAME -->`` and ``<!-- end -->``.
    parts : dict of str -> str

    Raises
    ------
    OptionError
        If the page has no place for one of them.
    """
    for name, said in parts.items():
        before, mark, rest = page.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition("<!-- end -->")
        if not end:
            raise OptionError(f"--docs: the page has no place for a table, <!-- {name} --> and below it <!-- end -->.")
        page = before + mark + said + end + after
    return page
