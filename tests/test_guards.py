"""Equations and generated code are those of the record (`tests/guards.py`)."""

import subprocess
import sys

import guards
import pytest


@pytest.mark.parametrize("part", ["compositions", "generated"])
def test_strings_and_code_are_as_recorded(part):
    """In a process of its own: Brian2 names objects, and prints some units, by what has been made before."""
    command = [sys.executable, guards.__file__, "--only", part]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"python tests/guards.py --write --only {part}, and say why: {done.stdout}"


def test_results_of_a_protocol_are_as_recorded():
    """One of them, that needs no compiler; all of them: python tests/guards.py."""
    if guards.record()["machine"] != (here := guards.machine()):
        pytest.skip(f"results were recorded on another kind of machine than this one ({here})")
    names = ["ann_forward_forward", "inspect_neuron"]
    changed = guards.differences({n: guards.record()["quick"][n] for n in names}, guards.quick(names))
    assert not changed, f"python tests/guards.py --write --only quick, and say why: {changed}"
