"""How long a run takes to start: from the call of the program to its first chunk, the network compiled before.

    python benchmarks/start.py --mnist DIR [--rounds 9]

Seconds of `protocols/forward_forward.py --dataset mnist`, each round a new process and a new run: imports, reading the
images, putting the network together, the first checkpoint.  Two processes before are not counted: one compiles the
network, and one leaves Python's bytecode behind.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

PROTOCOL = Path(__file__).parent.parent / "protocols" / "forward_forward.py"
# The process ends where the generated program would be called.
UNTIL_FIRST_CHUNK = """
import os, runpy, sys, time
import brianff.program
from brianff.devices import cpp
def first_chunk(*args, **keywords):
    os.write(3, str(time.time()).encode())
    os._exit(0)
cpp.CppSimulator.run = first_chunk
runpy.run_path(sys.argv[0], run_name="__main__")
"""
CODE = f"import sys; del sys.argv[0]; exec({UNTIL_FIRST_CHUNK!r})"


def seconds(options):
    """Of one process, and of nothing else: the clock is read before it is made."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as answer:
        command = [sys.executable, "-c", CODE, str(PROTOCOL), *options, "--out", str(Path(folder) / "run")]
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        os.dup2(answer.fileno(), 3)
        began = time.time()
        subprocess.run(command, env=environment, pass_fds=[3], stdout=subprocess.DEVNULL, check=True)
        answer.seek(0)
        return float(answer.read()) - began


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", metavar="DIR", required=True)
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    options = ["--dataset", "mnist", "--data", args.mnist, "--dtype", "float32"]
    found = np.array([seconds(options) for _ in range(args.rounds + 2)])[2:]
    print(f"{np.median(found):.2f} s, {found.min():.2f} to {found.max():.2f} in {args.rounds} rounds")


if __name__ == "__main__":
    main()
