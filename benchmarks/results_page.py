"""The page docs/results.md and its figures, from the rows in benchmarks/results/evaluation.json.

    python benchmarks/results_page.py                                           # write the page and the figures again
    python benchmarks/results_page.py --add runs/a --name digits --command "python …" --cpu 1200

``--add`` keeps the rows of folders, of `protocols/evaluate.py` or `protocols/continual.py`, in the file, under the
``--name`` that benchmarks/results_page.md has in braces; ``--cpu`` are seconds of processor time that it took.
"""

import argparse
import json
import re
from pathlib import Path

import numpy as np

import brianff.program  # noqa: F401
from brianff import datasets, plotting
from brianff.jobs.engine import RESULTS
from brianff.jobs.rows import Rows
from brianff.jobs.tables import markdown, spread
from brianff.plotting.style import save
from brianff.results import atomic_write
from brianff.stimulus import stream
from brianff.studies import suite
from brianff.studies.continual import scores
from brianff.studies.corruptions import CORRUPTIONS, corrupted

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "benchmarks" / "results" / "evaluation.json"
PAGE = ROOT / "docs" / "results.md"
TEXT = Path(__file__).with_name("results_page.md")
DIGITS = 4  # of a number in a row
PLACE = r"\{(\w+)\}"  # of the tables of an entry, in the text


def processor():
    """Name of this machine's processor."""
    found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    return found[1].strip() if found else "unknown"


def rounded(value):
    """JSON with short numbers."""
    if isinstance(value, float):
        return round(value, DIGITS) if abs(value) < 1e4 else round(value, 1)
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items() if k != "curve"}
    return [rounded(v) for v in value] if isinstance(value, list) else value


def added(folders, command, cpu):
    """An entry of the file, from folders of results; a later one counts."""
    entry, found, accuracies = {"command": command, "machine": processor(), "cpu": cpu}, {}, {}
    for folder in map(Path, folders):
        if (folder / "accuracies.json").exists():
            for name, of_seeds in json.loads((folder / "accuracies.json").read_text())["accuracies"].items():
                accuracies.setdefault(name, []).extend(of_seeds)
            continue
        for row in Rows(folder / RESULTS):
            if "failed" not in row and row["way"] in suite.COMPARED:
                found[tuple(row.get(key) for key in ("data", "way", "seed", "part", "strength"))] = row
    if accuracies:
        return entry | {"kind": "continual", "accuracies": rounded(accuracies)}
    return entry | {"kind": "evaluate", "rows": rounded(list(found.values()))}


def minutes(seconds):
    """In words."""
    n = max(1, round(seconds / 60))
    return f"{n} minute{'s' * (n > 1)}"


def of_continual(entry):
    """The table of an entry of tasks in turn."""
    lines = []
    for name, of_seeds in entry["accuracies"].items():
        columns = zip(*(scores(np.array(one)) for one in of_seeds), strict=True)
        lines.append([name, len(of_seeds), *(spread((100 * v for v in values), 1) for values in columns)])
    return markdown(["", "seeds", "average accuracy (%)", "forgetting (points)", "backward transfer (points)"], lines)


def page(entries, figures):
    """Text of the page; `figures` gets name -> function of what it shows."""
    found = {}
    for entry in entries:
        name = re.sub(r"\W+", "_", entry["name"])
        said = f"`{entry['command']}`: {minutes(entry['cpu'])} of one core ({entry['machine']}).\n\n"
        if entry["kind"] == "continual":
            figures[f"results_{name}"] = lambda entry=entry: plotting.continual(
                {k: np.array(v) for k, v in entry["accuracies"].items()}
            )
            found[name] = said + of_continual(entry)
            continue
        for row_name, figure in suite.figures(entry["rows"]).items():
            figures[f"results_{name}_{row_name}"] = figure
        found[name] = said + suite.tables(entry["rows"])
    sections = re.split(r"(?m)^(?=## )", TEXT.read_text())
    there = [one for one in sections if set(re.findall(PLACE, one)) <= found.keys()]  # what has not been measured
    return re.sub(PLACE, lambda match: found[match[1]].strip(), "".join(there))


def examples():
    """A digit under every corruption."""
    data = datasets.load("digits")
    image = data.images[data.test[3:4]]
    return {
        kind: np.concatenate([corrupted(image, kind, s, stream(4, kind)) for s in (0, *one.strengths)])
        for kind, one in CORRUPTIONS.items()
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--add", metavar="FOLDER", nargs="+", help="results to keep")
    parser.add_argument("--name", help="what the page calls them, as in {digits}")
    parser.add_argument("--command", default="", help="that made them")
    parser.add_argument("--cpu", type=float, default=0.0, help="seconds of processor time that it took")
    parser.add_argument("--no-figures", action="store_true")
    args = parser.parse_args()
    entries = json.loads(KEPT.read_text()) if KEPT.exists() else []
    if args.add:
        entry = {"name": args.name} | added(args.add, args.command, args.cpu)
        entries = [one for one in entries if one["name"] != entry["name"]] + [entry]
        lines = ",\n".join(json.dumps(one, separators=(",", ":")) for one in entries)
        atomic_write(KEPT, f"[\n{lines}\n]\n".encode())
    figures = {}
    text = page(entries, figures)
    atomic_write(PAGE, text.encode())
    if not args.no_figures:
        figures["results_corruptions"] = lambda: plotting.corruptions(examples())
        for name, figure in figures.items():
            if f"figures/{name}.png" in text:
                save(figure(), ROOT / "figures" / f"{name}.png", dpi=90)


if __name__ == "__main__":
    main()
