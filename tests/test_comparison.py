"""Comparison of models: what is refused, and how results are put together."""

import pytest

from brianff import plotting
from brianff.comparison import MEASURES, Combination, markdown, summary


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (("lif", "phase", "symba"), None),
        (("lif", "phase", "class_competition"), None),
        (("adex", "phase", "surrogate_gradient"), "the rule 'surrogate_gradient' needs a 'response'"),
        (("lif", "time_to_first_spike", "csdp"), "spike once"),
        (("liff", "phase", "symba"), "there is no neuron 'liff'"),
    ],
)
def test_what_cannot_work_is_refused_with_a_reason(names, reason):
    misfit = Combination(*names).misfit()
    assert misfit is None if reason is None else reason in misfit


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


def test_seeds_become_mean_and_deviation():
    of_names = summary(results())["lif", "phase", "symba"]
    assert of_names["accuracy"] == (16, 5)


def test_the_table_has_a_line_for_each_combination_the_best_first():
    lines = markdown(results()).splitlines()
    assert len(lines) == 2 + 5
    assert lines[2].startswith("| lif") and "16.0 ± 5.0" in lines[2]


def test_the_figure_has_a_map_for_each_rule():
    figure = plotting.comparison(summary(results()), MEASURES)
    maps = [axes for axes in figure.get_axes() if axes.get_title()]
    assert [axes.get_title() for axes in maps] == ["csdp", "r_stdp", "symba"]
    assert [text.get_text() for text in maps[0].texts] == ["16"]
