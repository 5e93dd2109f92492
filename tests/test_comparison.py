"""Comparison of models: what is refused, and how results are put together."""

from pathlib import Path

import pytest

from brianff import plotting
from brianff.errors import OptionError
from brianff.studies.comparison import MEASURES, Combination, jobs, markdown, medians, refilled, refusals, summary


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (("lif", "phase", "symba"), None),
        (("lif", "phase", "class_competition"), None),
        (("adex", "phase", "surrogate_gradient"), "the rule 'surrogate_gradient' needs a 'response'"),
        (("lif", "time_to_first_spike", "csdp"), "spike before"),
        (("adex", "burst", "csdp"), "spike before"),
        (("liff", "phase", "symba"), "there is no neuron 'liff'"),
    ],
)
def test_what_cannot_work_is_refused_with_a_reason(names, reason):
    misfit = Combination(*names).misfit()
    assert misfit is None if reason is None else reason in misfit


def test_every_combination_has_a_run_for_each_seed_and_is_compiled_for_the_first():
    made = jobs([Combination("lif", "phase", "symba"), Combination("lif", "phase", "class_competition")], [1, 2], {})
    assert [(job.columns["rule"], job.options["seed"]) for job in made] == [
        ("symba", 1), ("class_competition", 1), ("symba", 2), ("class_competition", 2)
    ]  # fmt: skip
    assert made[1].options["negatives"] == "none"
    assert len({job.name for job in made}) == 4


def results():
    return [
        {
            "neuron": n,
            "code": "phase",
            "rule": rule,
            "seed": seed,
            **dict.fromkeys(MEASURES, 10.0 * seed + (n == "lif")),
        }
        for n in ("adex", "lif")
        for rule in ("symba", "csdp", "r_stdp")
        for seed in (1, 2)
        if (n, rule) != ("adex", "csdp")
    ]


FAILED = {"neuron": "adex", "code": "phase", "rule": "csdp", "seed": 1, "failed": "ValueError: a | b\nand c"}


def test_a_failure_stands_in_the_table():
    failing = [*results(), FAILED]
    assert summary(failing) == summary(results())
    last = markdown(failing).splitlines()[-1]
    assert last.startswith("| adex | phase | csdp |  | seed 1 failed: ValueError: a / b and c |")
    assert last.count("|") == markdown(failing).splitlines()[0].count("|")


def test_medians_of_every_neuron_code_and_rule():
    rows = [line.split("|")[1:-1] for line in medians(results()).splitlines()[2:]]
    assert [[cell.strip() for cell in row] for row in rows][:3] == [
        ["neuron", "lif", "3", "16.0", "16.0"],
        ["neuron", "adex", "2", "15.0", "15.0"],
        ["code", "phase", "5", "16.0", "16.0"],
    ]


def test_every_reason_of_refusal_is_given_once_and_without_file_names():
    combinations = [Combination(neuron, "phase", "surrogate_gradient") for neuron in ("adex", "izhikevich")]
    combinations.append(Combination("lif", "time_to_first_spike", "csdp"))
    first, second = refusals({c: c.misfit() for c in combinations}).splitlines()
    assert first.startswith("- 2: the rule 'surrogate_gradient' needs") and "adex" not in first and "/" not in first
    assert second.startswith("- 1: the rule csdp")


def test_seeds_become_mean_and_deviation():
    of_names = summary(results())["lif", "phase", "symba"]
    assert of_names["accuracy"] == (16, 5)


def test_the_table_has_a_line_for_each_combination_the_best_first():
    lines = markdown(results()).splitlines()
    assert len(lines) == 2 + 5
    assert lines[2].startswith("| lif") and "| 2 | 16.0 ± 5.0 | 16 |" in lines[2]


def test_tables_are_put_into_the_page_and_the_rest_of_it_stays():
    page = (Path(__file__).parents[1] / "docs" / "comparison.md").read_text()
    parts = {name: f"({name} \\1)\n" for name in ("settings", "medians", "refusals", "all")}
    new = refilled(page, parts)
    assert all(said in new for said in parts.values()) and len(new.splitlines()) < 60
    assert new.startswith(page[: page.index("<!-- settings -->")]) and refilled(new, parts) == new
    with pytest.raises(OptionError, match="no place for a table, <!-- medians -->"):
        refilled("a page", {"medians": "new"})


def test_the_figure_has_a_map_for_each_rule():
    figure = plotting.comparison(summary(results()), MEASURES)
    maps = [axes for axes in figure.get_axes() if axes.get_title()]
    assert [axes.get_title() for axes in maps] == ["csdp", "r_stdp", "symba"]
    assert [text.get_text() for text in maps[0].texts] == ["16"]
