"""An environment of its own for benchmarks/rivals.py: pinned PyTorch (CPU), snnTorch and BindsNET.

    python benchmarks/rivals_setup.py [--python PYTHON] [--folder FOLDER]

Does nothing where the folder already holds these versions.  Prints the environment's Python at the end.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

PINS = {"numpy": "2.4.6", "torch": "2.13.0", "snntorch": "1.0.0", "bindsnet": "0.3.4"}
# PyPI's wheel for Linux brings gigabytes of CUDA; the label asks for the CPU build and nothing else.
TORCH = f"torch=={PINS['torch']}+cpu"
TORCH_INDEX = "https://download.pytorch.org/whl/cpu"
FOLDER = Path("runs/bench/rivals-env")


def interpreter(folder):
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def installed(folder):
    """Versions in an environment, without the "+cpu" of PyTorch; empty if there is none."""
    code = (
        "import importlib.metadata as m, json\n"
        f"names = {list(PINS)}\n"
        "found = {str(d.metadata['Name']).lower(): d.version.split('+')[0] for d in m.distributions()}\n"
        "print(json.dumps({n: found[n] for n in names if n in found}))"
    )
    try:
        run = subprocess.run([interpreter(folder), "-c", code], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return {}
    return json.loads(run.stdout)


def works(python):
    """Whether this Python starts and can make virtual environments."""
    try:
        return subprocess.run([python, "-c", "import ensurepip, venv"], capture_output=True).returncode == 0
    except OSError:
        return False


def candidates(asked):
    """Pythons to try, best first: the one asked for and no other, or python3.11, pyenv's 3.11, and this one."""
    if asked:
        return [asked]
    found = [shutil.which("python3.11")]
    if shutil.which("pyenv"):
        names = subprocess.run(["pyenv", "versions", "--bare"], capture_output=True, text=True).stdout.split()
        for name in reversed([n for n in names if n.startswith("3.11")]):
            prefix = subprocess.run(["pyenv", "prefix", name], capture_output=True, text=True).stdout.strip()
            found.append(str(Path(prefix) / "bin" / "python3"))
    return [p for p in [*found, sys.executable] if p]


def pip(folder, *arguments):
    command = [interpreter(folder), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def install(python, folder):
    """Make the environment; returns None, or the last line of what went wrong."""
    shutil.rmtree(folder, ignore_errors=True)
    made = subprocess.run([python, "-m", "venv", str(folder)], capture_output=True, text=True)
    if made.returncode:
        return (made.stderr or made.stdout).strip().splitlines()[-1]
    steps = [
        # where pip is told to look first, for machines that have the wheel at home; PyTorch's own index after that
        [[TORCH], ["--retries", "1", "--timeout", "20", "--extra-index-url", TORCH_INDEX, TORCH]],
        [[f"numpy=={PINS['numpy']}", f"snntorch=={PINS['snntorch']}"]],
        # Its dependencies (Atari games, OpenCV, pandas ...) serve other modules than the ones that are measured, and it
        # asks for a newer PyTorch than the pinned one, which its networks do without.
        [["--no-deps", f"bindsnet=={PINS['bindsnet']}"]],
    ]
    for ways in steps:
        for way in ways:
            result = pip(folder, *way)
            if result.returncode == 0:
                break
        else:
            errors = [line for line in result.stderr.splitlines() if line.startswith("ERROR")]
            return (errors or [f"pip failed on {ways[-1][-1]}"])[-1]
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--python",
        default=os.environ.get("RIVALS_PYTHON"),
        help="Python for the environment (default: $RIVALS_PYTHON, python3.11, pyenv's 3.11, or this one)",
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to make it (default: %(default)s)")
    args = parser.parse_args()
    if installed(args.folder) != PINS:
        if args.folder.exists() and not (args.folder / "pyvenv.cfg").exists():
            sys.exit(f"{args.folder} is there and is no virtual environment: give another --folder.")
        reasons = []
        for python in filter(works, candidates(args.python)):
            reason = install(python, args.folder)
            if reason is None and installed(args.folder) == PINS:
                break
            reasons.append(f"{python}: {reason or 'the versions are not the pinned ones afterwards'}")
        else:
            why = "; ".join(reasons) or "none starts and has the modules venv and ensurepip"
            sys.exit(f"No Python that can have {TORCH}, snnTorch and BindsNET (give one with --python): {why}")
    print(interpreter(args.folder))


if __name__ == "__main__":
    main()
