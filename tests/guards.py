"""What must not change by accident: equations, generated code, and results of the protocols.

    python tests/guards.py                  # compare everything with tests/guards.json (minutes)
    python tests/guards.py --write          # after a change that is meant; the commit message says why

Texts of compositions and generated C++ are the same on every machine, and `tests/test_guards.py` compares them.
Results of the protocols are the same, bit for bit, on one kind of processor with one version of NumPy: where both are
those of the record, they are compared as well.
"""

import argparse
import contextlib
import gc
import hashlib
import io
import itertools
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from brianff.devices import cpp
from brianff.equations.compose import compose
from brianff.equations.kinds import KINDS, available, scheme_of
from brianff.errors import ModelError
from brianff.network.architecture import Architecture

ROOT = Path(__file__).resolve().parent.parent
RECORD = Path(__file__).with_suffix(".json")

# Compositions whose generated code is kept: what each of them is there for -> (models, architecture).
GENERATED = {
    "default": ({}, {}),
    "float32, batch of 20": ({}, dict(dtype="float32", batch=20)),
    "per-entry eligibility, Poisson": (dict(rule="r_stdp", encoder="poisson_rate"), {}),
    "weights change at spikes, conductances": (dict(rule="event_driven", neuron="lif_conductance"), {}),
    "class groups": (dict(rule="class_competition"), dict(label_neurons=0)),
    "local readouts, channels": (dict(rule="local_readout", neuron="lif_homeostatic"), dict(label_neurons=0)),
    "feedback": (dict(eligibility="spike_time"), dict(label_neurons=0, layers=(4, 3), batch=1)),
}

# Protocol -> options that make it small, beside --quick.
QUICK = {
    "forward_forward": [],
    "sfdfa": [],
    "ann_forward_forward": [],
    "inspect_neuron": [],
    "check_gradients": [],
    "compare_feedback": [],
    "compare_models": [],
    "gradient_free": [],
    "awake_asleep": [],
}


def digest(text):
    return hashlib.sha256(text if isinstance(text, bytes) else text.encode()).hexdigest()[:16]


# -- compositions ------------------------------------------------------------------------------------------------------
def choices():
    """Models that are put together: pairs of kinds that meet in a string, the rest at their defaults."""
    for one, other in (("neuron", "rule"), ("encoder", "rule"), ("goodness", "rule")):
        for name, partner in itertools.product(available(one), available(other)):
            yield {one: name, other: partner}
    for optimizer in available("optimizer"):
        yield dict(optimizer=optimizer)
        yield dict(optimizer=optimizer, dale=True)
    for other in ("neuron", "feedback", "loss"):
        for eligibility, partner in itertools.product(available("eligibility"), available(other)):
            yield {"eligibility": eligibility, other: partner}


def composed(models):
    dale = models.pop("dale", False)
    return compose(scheme_of(models), models, dale=dale)


def compositions():
    """Name of every composition -> digest of its text; those that are refused are left out."""
    found = {}
    for models in choices():
        with contextlib.suppress(ModelError):
            name = " ".join(f"{kind}={models[kind]}" for kind in (*KINDS, "dale") if kind in models)
            found[name] = digest(str(composed(dict(models))))
    return found


# -- generated C++ -----------------------------------------------------------------------------------------------------
def generated():
    """Name of a composition -> file -> digest of the C++ that Brian2 writes for it."""
    found = {}
    for name, (models, changes) in GENERATED.items():
        options = dict(layers=(5, 4), label_neurons=2, batch=3, n_steps=6, capacity=4, images=6) | changes
        architecture = Architecture(7, 3, **options)
        gc.collect()  # an object that is still there takes its name away from the next one
        with tempfile.TemporaryDirectory() as folder:
            cpp.generate(Path(folder), architecture, composed(dict(models)))
            files = {p.relative_to(folder).as_posix(): p for p in Path(folder).glob("**/*.cpp")}
            found[name] = {
                # the order of statements in main.cpp depends on Python's hash seed; space means nothing
                file: digest("\n".join(sorted(filter(None, map(str.strip, path.read_text().split("\n"))))))
                for file, path in sorted(files.items())
                if "brianlib" not in file
            }
    return found


# -- results of the protocols ------------------------------------------------------------------------------------------
def quick(names=QUICK):
    """Protocol -> digest of every number of its results with --quick that is no time."""
    found = {}
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "run"
            command = [sys.executable, ROOT / "protocols" / f"{name}.py", "--quick", "--out", out, *QUICK[name]]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(f"{name} failed: {done.stdout}{done.stderr}")
            found[name] = digest(_numbers(out, done.stdout))
    return found


def _numbers(out, printed):
    """All results in a folder as bytes, without what depends on the clock or the folder's name."""
    content = io.BytesIO()
    for path in sorted(out.glob("**/*.npz")):
        if path.stem in ("weights", "evaluation", "trained", "angles", "scaling", "recordings"):
            with np.load(path, allow_pickle=False) as arrays:
                for key in sorted(arrays.files):
                    content.write(f"{path.name} {key} {arrays[key].dtype} {arrays[key].shape}\n".encode())
                    content.write(np.ascontiguousarray(arrays[key]).tobytes())
    for path in sorted(out.glob("**/*.jsonl")):
        entries = sorted(map(json.loads, path.read_text().splitlines()), key=lambda entry: entry["run"])
        content.write(_without_times(json.dumps([entry["row"] for entry in entries], sort_keys=True)).encode())
    if not content.tell():
        content.write(_without_times(printed.replace(str(out), "")).encode())
    return content.getvalue()


def _without_times(text):
    text = re.sub(r'"\w*seconds\w*": [\d.e-]+', "", text)
    return re.sub(r"[\d.]+ (s|ms|s of training|samples/s)\b", "", text)


def machine():
    """What the last bits of a floating point number depend on."""
    compiler = subprocess.run(["g++", "-dumpfullversion"], capture_output=True, text=True, check=False).stdout.strip()
    return f"{digest(cpp.processor())}, NumPy {np.__version__}, g++ {compiler}"


def record():
    return json.loads(RECORD.read_text())


def differences(then, now, path=""):
    """Names that are in one of two nested dictionaries only, or differ."""
    if isinstance(then, dict) and isinstance(now, dict):
        keys = sorted(then.keys() | now.keys())
        return [d for key in keys for d in differences(then.get(key), now.get(key), f"{path} {key}".strip())]
    return [] if then == now else [path if then and now else f"{path} ({'new' if now else 'gone'})"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the record anew")
    parser.add_argument("--only", choices=["compositions", "generated", "quick"], help="one part")
    args = parser.parse_args()
    parts = {"compositions": compositions, "generated": generated, "quick": quick}
    now = {name: make() for name, make in parts.items() if args.only in (None, name)} | {"machine": machine()}
    if args.write:
        RECORD.write_text(json.dumps((record() if RECORD.is_file() else {}) | now, indent=1) + "\n")
        return 0
    then = {name: record()[name] for name in now}
    changed = differences(then, now)
    print("\n".join(changed) or "all as recorded")
    return bool(changed)


if __name__ == "__main__":
    sys.exit(main())
