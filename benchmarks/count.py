"""Instructions of one sample: a measure of speed that does not depend on the clock, to notice when it gets worse.

    python benchmarks/count.py            # count, and compare with the committed figure
    python benchmarks/count.py --write    # after a change that was meant to cost, or that saves, instructions

Counted by valgrind's callgrind, of code compiled for one and the same processor (x86-64-v3), so that the figure is the
same on every machine with the same compiler.
"""

import argparse
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from brian2 import prefs

PATH = Path(__file__).parent / "results" / "instructions.json"
TOLERANCE = 0.05
PROCESSOR = "x86-64-v3"
CASES = (
    ("time_to_first_spike", "float64"),
    ("time_to_first_spike", "float32"),
    ("poisson_rate", "float64"),
)  # encoder, precision


class CannotCount(Exception):
    """No valgrind, or another compiler than that of the committed figure; the message says which."""


def compiler():
    """Name and major version: another one produces other instructions."""
    version = subprocess.run(["g++", "-dumpversion"], capture_output=True, text=True, check=True).stdout
    return f"g++ {version.split('.')[0].strip()}"


def count(cases=CASES):
    """Instructions of one sample (positive and negative presentation, learning), by encoder and precision."""
    from training import Case

    if shutil.which("valgrind") is None:
        raise CannotCount("counting instructions needs the program 'valgrind'.")
    flags = list(prefs["codegen.cpp.extra_compile_args_gcc"])
    prefs["codegen.cpp.extra_compile_args_gcc"] = [re.sub("-march=.*", f"-march={PROCESSOR}", f) for f in flags]
    try:
        return {
            f"{encoder}, {dtype}": _instructions(Case("", encoder, (100, 80), batch=4, dtype=dtype, samples=40))
            for encoder, dtype in cases
        }
    finally:
        prefs["codegen.cpp.extra_compile_args_gcc"] = flags


def _instructions(case):
    """Of a run, less those of a run of two stimulus epochs, by sample."""
    totals = []
    for epochs in (case.epochs, 2):
        with tempfile.NamedTemporaryFile() as out:
            case.simulator.under = ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={out.name}"]
            with case.simulator.run(case.inputs, epochs):
                pass
            totals.append(int(re.search(r"^totals: (\d+)", Path(out.name).read_text(), re.M)[1]))
    return round((totals[0] - totals[1]) / ((case.rows - 1) * case.batch))


def committed():
    """The committed figures.

    Raises
    ------
    CannotCount
        If they are another compiler's.
    """
    figures = json.loads(PATH.read_text())
    if figures["compiler"] != compiler():
        raise CannotCount(f"the committed instruction counts are those of {figures['compiler']}, not {compiler()}.")
    return figures["instructions"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="make this the figure to compare with")
    args = parser.parse_args()
    counted = count()
    before = json.loads(PATH.read_text())["instructions"] if PATH.is_file() else {}
    for name, instructions in counted.items():
        change = f"{instructions / before[name] - 1:+.2%}" if name in before else "new"
        print(f"{name:40} {instructions:12,d} instructions a sample   {change}")
    if args.write:
        PATH.write_text(
            json.dumps({"compiler": compiler(), "processor": PROCESSOR, "instructions": counted}, indent=1) + "\n"
        )
        print(f"written: {PATH}")


if __name__ == "__main__":
    main()
