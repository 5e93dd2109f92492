"""Several runs side by side: what they are given, what they report, what happens when one fails."""

import numpy as np
import pytest

from brianff.jobs.seeds import SeedError, run_seeds

SCRIPT = """
import os, sys
seed = int(sys.argv[1])
print("begun", *sys.argv[2:], flush=True)
if seed == 13:
    sys.exit("no luck")
print(f"test accuracy: 0.{seed:04d}" if seed != 14 else "nothing")
if seed == 15:
    sys.exit("warning: no figure 'raster'")
"""


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    return path


@pytest.mark.parametrize("jobs", [0, 1, 2])
def test_accuracies_come_in_the_order_of_the_seeds(script, jobs):
    lines = []
    accuracies = run_seeds(script, lambda seed: [seed, "--out", f"folder{seed}"], [7, 5, 6], jobs, lines.append)
    np.testing.assert_allclose(accuracies, [0.0007, 0.0005, 0.0006])
    assert {f"seed {k} | begun --out folder{k}" for k in (5, 6, 7)} <= set(lines)


def test_a_figure_that_fails_does_not_hide_the_result(script):
    lines = []
    assert run_seeds(script, lambda seed: [seed], [15], 1, lines.append) == [0.0015]
    assert lines[-1].endswith("warning: no figure 'raster'")


@pytest.mark.parametrize("seed, complaint", [(13, "status 1: no luck"), (14, "status 0: nothing")])
def test_a_run_that_fails_is_named_and_no_other_begins(script, seed, complaint):
    lines = []
    with pytest.raises(SeedError, match=f"seed {seed} ended with {complaint}"):
        run_seeds(script, lambda seed: [seed], [seed, 1], 1, lines.append)
    assert not any(line.startswith("seed 1 ") for line in lines)


@pytest.mark.parametrize("seeds, jobs, complaint", [([], 1, "none"), ([2, 2], 1, "2,2"), ([1], -1, "jobs")])
def test_what_cannot_be_run_is_refused(script, seeds, jobs, complaint):
    with pytest.raises(ValueError, match=complaint):
        run_seeds(script, lambda seed: [seed], seeds, jobs)
