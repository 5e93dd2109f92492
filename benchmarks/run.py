"""Speed, side by side and in one run: brianff, the same equations on ordinary Brian2, other libraries, the hardware.

    make bench                                    # about half an hour; keep the other processes of the machine quiet
    python benchmarks/rivals_setup.py             # before it, once: snnTorch, BindsNET and PyTorch to compare with

Everything is measured on one core, in turn, several times; the table gives medians and their ratios.  Each part is
written to benchmarks/results/cpu.json, with the processor's name and the versions, and the last is drawn in
figures/cost.png.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import subprocess
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import roofline
from synapses import bytes_per_weight, pathway_time
from training import ACTIVE_PIXELS, MINI_BATCH, Case, side_by_side

from brianff.network.convolution import Geometry

FOLDER = Path(__file__).parent / "results"
FIGURE = Path(__file__).parent.parent / "figures" / "cost.png"
ENCODERS = {"time_to_first_spike": "ttfs", "poisson_rate": "poisson"}


class Table:
    """Rows that are printed as they come, and written to a file part by part."""

    def __init__(self):
        self.rows = []
        self.part = None

    def add(self, what, unit, value, than=None, counted="", **more):
        """`than`: (name, value, whether more is better) of what it is compared with."""
        row = {"part": self.part, "what": what, "unit": unit, "value": value, "counted": counted, **more}
        text = f"{what + f' ({unit})':74} {value:9.3g}"
        if than:
            name, other, more_is_better = than
            row |= {"than": name, "other": other, "ratio": value / other if more_is_better else other / value}
            text += f"   {name} {other:.3g}: {row['ratio']:.2f} times"
        self.rows.append(row)
        print(text, flush=True)

    def write(self, path):
        """Put the rows in place of those of the same parts in the file."""
        parts = {row["part"] for row in self.rows}
        before = json.loads(path.read_text())["rows"] if path.is_file() else []
        rows = [row for row in before if row["part"] not in parts] + self.rows
        path.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=1) + "\n")
        print(f"written: {path}")


def projections(table, work, quick):
    size = dict(n_pre=100, n_post=50, steps=200) if quick else {}
    for pathway, counted in (
        ("on_pre", "I_post += w for each synapse of a spiking neuron, queue included; 2 % spike in a step"),
        ("on_post", "q += x_pre for each synapse of a spiking neuron; dense: q stored post-major"),
    ):
        for batch in (1, 8) if pathway == "on_pre" else (1,):
            for dtype in ("float64", "float32"):
                ns = {
                    kind: pathway_time(
                        kind, pathway, work / f"{kind}-{pathway}-{batch}-{dtype}", batch, dtype=dtype, **size
                    )
                    for kind in ("dense", "ordinary")
                }
                than = ("Synapses", ns["ordinary"], False)
                table.add(f"{pathway}, batch {batch}, {dtype}", "ns an event", ns["dense"], than, counted)
    for dtype in ("float64", "float32"):
        bytes_ = {
            kind: bytes_per_weight(kind, work / f"bytes-{kind}-{dtype}", dtype=dtype) for kind in ("dense", "ordinary")
        }
        counted = "growth of the process' peak memory from 784x500 to 784x2500 synapses, without learning"
        table.add(
            f"memory, {dtype}", "bytes a weight", bytes_["dense"], ("Synapses", bytes_["ordinary"], False), counted
        )


def trainings(table, hidden, repeats, samples, rivals):
    sizes = "-".join(map(str, (884, *hidden)))
    counted = (
        "50 steps positive and 50 negative, encoding, learning of both layers and Adam every {} samples; without the "
        "start of the process"
    )
    # batch: presentations side by side; mini-batch: samples between two steps of the optimizer
    shapes = [(1, 20), (10, 20), (20, 20), (10, 50), (10, 500)]
    for encoder, short in ENCODERS.items():
        cases = [
            Case(
                f"{dtype}, batch {batch}, mini-batch {mini_batch}",
                encoder,
                hidden,
                batch,
                dtype,
                samples=samples,
                mini_batch=mini_batch,
            )
            for dtype in ("float64", "float32")
            for batch, mini_batch in shapes
        ]
        # Synapses have no batch
        ordinary = [
            Case(f"ordinary, {dtype}", encoder, hidden, 1, dtype, samples=samples, ordinary=True)
            for dtype in ("float64", "float32")
        ]
        rates = side_by_side([*cases, *ordinary], repeats)
        mean_trace_of_other = ordinary[0].mean_trace()
        for case in cases:
            than = (f"Synapses, {case.dtype}", rates[f"ordinary, {case.dtype}"], True)
            table.add(
                f"training {sizes}, {short}, {case.name}",
                "samples/s",
                rates[case.name],
                than if case.mini_batch == MINI_BATCH else None,
                counted.format(case.mini_batch),
                encoder=encoder,
                mean_trace=case.mean_trace(),
                mean_trace_of_other=mean_trace_of_other,
                bytes_per_weight=case.bytes_of_weights(),
            )
        for row in rivals(short, hidden, repeats):
            # the same mathematics: the fastest with as many samples between two steps of the optimizer
            alike = max(shape[1] for shape in shapes if shape[1] <= max(row["batch"], MINI_BATCH))
            rate = max(rates[c.name] for c in cases if c.dtype == "float32" and c.mini_batch == alike)
            table.add(
                f"{row['what']}, batch {row['batch']}",
                "samples/s",
                row["samples_per_second"],
                (f"brianff float32, mini-batch {alike}", rate, False),
                row["counted"],
            )


def rooflines(table, hidden, repeats, samples):
    """The hardware's limit, where a step of the optimizer follows every batch; in turn with the training.

    What the processor reaches differs by a third from one minute to the next: of so many rounds, each with a training
    of its own, the table has the one with the median ratio, and the ratios of all.
    """
    for encoder, short in ENCODERS.items():
        for dtype in ("float64", "float32"):
            case = Case(f"{short}, {dtype}", encoder, hidden, MINI_BATCH, dtype, samples=samples)
            spikes = case.spikes_per_sample()
            rounds = [(roofline.floor_seconds(case, spikes), case.seconds_per_sample()) for _ in range(repeats)]
            rounds = sorted((seconds / floor["seconds"], seconds, floor) for floor, seconds in rounds)
            _, seconds, floor = rounds[repeats // 2]
            table.add(
                f"roofline, {case.name}",
                "samples/s",
                1 / floor["seconds"],
                (f"brianff, batch {case.batch}", 1 / seconds, True),
                "bytes over the bandwidth of their working set, or operations over a matrix product's: the longer",
                ratios=[ratio for ratio, _, _ in rounds],
                **floor,
            )


def rival_rows(python, quick):
    """What `rivals.py` measures, in its own environment, on this process' core."""

    def rows(encoder, hidden, repeats):
        if not python.is_file():
            print(f"no other libraries: {python} is not there; benchmarks/rivals_setup.py makes it.")
            return []
        command = [str(python.absolute()), str(Path(__file__).parent / "rivals.py"), "--encoder", encoder]
        command += ["--hidden", ",".join(map(str, hidden)), "--repeats", str(repeats)]
        command += ["--quick"] if quick else []
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        return [row for row in json.loads(done.stdout)["rows"] if row.get("samples_per_second")]

    return rows


# -- cost of a sample ----------------------------------------------------------------------------------------------
def sweeps(table, quick):
    """Milliseconds a sample along six axes; and how much there is to do in each case."""
    width = 40 if quick else 500
    samples = 40 if quick else 400
    axes = {
        "width": (20, 40) if quick else (100, 500, 1000, 2000, 4000, 8000),
        "depth": (1, 2) if quick else (1, 2, 3, 4, 6, 8),
        "batch": (1, 4) if quick else (1, 10, 64, 256),
        "steps": (25, 50) if quick else (25, 50, 100, 200),
        "active": (0.1, 0.3) if quick else (0.05, 0.1, 0.19, 0.4, 0.8),
        "data": (40, 200) if quick else (500, 2000, 10000, 60000),
    }
    out, spikes = {}, {}  # spikes of either presentation of a sample: whatever the batch and the data
    for axis, values in axes.items():
        cases = []
        for value in values:
            at = {"width": width, "depth": 2, "batch": 10, "steps": 50, "active": ACTIVE_PIXELS, "data": 0, axis: value}
            hidden, batch, data = (at["width"],) * at["depth"], at["batch"], at["data"]
            # long enough for the clock, and the same network for the same sizes, which is then compiled once
            n = data or max(samples * width // max(width, max(hidden)), 4 * batch, 40)
            options = dict(samples=n, images=data or Case.images, steps=at["steps"], active=at["active"])
            cases.append(Case(f"{axis} {value:g}", "time_to_first_spike", hidden, batch, "float32", **options))
        rates, out[axis] = side_by_side(cases, 5), []
        for value, case in zip(values, cases, strict=True):
            alike = case.hidden, case.steps, case.active
            if alike not in spikes:
                spikes[alike] = case.spikes_per_sample()
            sizes = case.architecture.sizes
            work = {
                "weights": sum(a * b for a, b in zip(sizes[:-1], sizes[1:], strict=True)),
                "synaptic_events": sum(s * k for s, k in zip(spikes[alike], sizes[1:], strict=False)),
                "neuron_steps": 2 * case.steps * sum(sizes),
            }
            ms = 1e3 / rates[case.name]
            table.add(f"cost, {case.name}", "ms a sample", ms, None, "float32, one spike a pixel", **work)
            out[axis].append({axis: value, "ms": ms, **work})
    return out


def draw(costs, path):
    labels = {
        "width": "neurons of either hidden layer",
        "depth": "hidden layers of 500",
        "batch": "presentations side by side",
        "steps": "time steps of a presentation",
        "active": "part of the pixels that spike",
        "data": "images of a run",
    }
    figure, axes = plt.subplots(2, 3, figsize=(11, 7), sharey=True, layout="constrained")
    for axis, (name, points) in zip(axes.flat, costs.items(), strict=True):
        x, ms = [p[name] for p in points], np.array([p["ms"] for p in points])
        axis.loglog(x, ms, "o-", color="C0", linewidth=2, label="measured")
        # what grows with the sample, in proportion, through the first point
        work = np.array([p["weights"] + p["synaptic_events"] + p["neuron_steps"] for p in points])
        axis.loglog(x, ms[0] * work / work[0], "--", color="0.5", label="weights + events + neuron steps")
        axis.set_xlabel(labels[name], fontsize=12)
        axis.set_xticks(x, [f"{v:g}" for v in x])
        axis.minorticks_off()
        axis.grid(alpha=0.3)
    for axis in axes[:, 0]:
        axis.set_ylabel("ms a sample", fontsize=12)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), fontsize=10, loc="outside upper center", ncols=2)
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def machine():
    try:
        names = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    except OSError:
        names = [platform.processor()]
    return {
        "processor": names[0],
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in ("brianff", "brian2", "numpy")},
    }


def convolutions(table, work, quick):
    """A kernel that is walked, against the same connections one by one."""
    shapes = [Geometry((1, 28, 28), 32, 5, 2), Geometry((32, 12, 12), 64, 5, 2)]
    shapes = [Geometry((1, 8, 8), 4, 3)] if quick else shapes
    for of in shapes:
        name = f"{of.source[0]} to {of.channels} channels, {of.size}x{of.size}, stride {of.stride}"
        counted = f"I_post += w; {len(of.connections()[0])} connections of {of.n_elements} kernel elements; 2 % spike"
        for batch in (1, 20):
            steps = 200 if quick or batch == 20 else 2000
            options = dict(batch=batch, dtype="float32", steps=steps, geometry=of)
            ns = {
                kind: pathway_time(kind, "on_pre", work / f"{kind}-{of.channels}-{batch}", **options)
                for kind in ("convolution", "unrolled")
            }
            than = ("Synapses, unrolled", ns["unrolled"], False)
            table.add(f"{name}, batch {batch}, float32", "ns an event", ns["convolution"], than, counted)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small networks, once; the figure is not drawn")
    parser.add_argument("--core", type=int, help="processor core to run on (default: the first allowed one)")
    parser.add_argument("--work", type=Path, default=Path("runs/bench"), help="folder for compiled networks")
    parser.add_argument(
        "--rivals",
        type=Path,
        default=Path("runs/bench/rivals-env/bin/python"),
        help="Python with snnTorch and BindsNET, made by rivals_setup.py",
    )
    names = ["projections", "convolutions", "training", "roofline", "cost"]
    parser.add_argument("--only", choices=names, action="append", help="this part only")
    args = parser.parse_args()
    parts = args.only or names
    core = args.core if args.core is not None else min(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    args.work.mkdir(parents=True, exist_ok=True)
    hidden, repeats, samples = ((30, 20), 1, 40) if args.quick else ((500, 500), 3, 1000)
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / ("quick.json" if args.quick else "cpu.json")
    table = Table()
    for part in parts:
        table.part = part
        if part == "projections":
            projections(table, args.work, args.quick)
        elif part == "convolutions":
            convolutions(table, args.work, args.quick)
        elif part == "training":
            trainings(table, hidden, repeats, samples, rival_rows(args.rivals, args.quick))
        elif part == "roofline":
            rooflines(table, hidden, 5 * repeats, samples)
        else:
            costs = sweeps(table, args.quick)
            if not args.quick:
                draw(costs, FIGURE)
                print(f"written: {FIGURE}")
        table.write(path)


if __name__ == "__main__":
    main()
