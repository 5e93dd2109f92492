"""Ways to learn beside each other, on the same data and networks of the same size: accuracy, and what disturbs it.

A suite is a list of runs for `brianff.jobs.run`.  Each trains one network by one method with one seed; when it has
learnt, it is measured in its own process, and its row has all the curves.  Runs with wrong labels have rows of their
own.
"""

import functools
import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from brianff import datasets, plotting
from brianff.errors import OptionError
from brianff.jobs.job import Job
from brianff.jobs.tables import groups, markdown, spread
from brianff.learning.black_box import BOXES
from brianff.learning.method import method_of
from brianff.stimulus import stream
from brianff.studies.black_box import above_boxes
from brianff.studies.corruptions import MNIST_C
from brianff.studies.costs import ARITHMETIC, costs, energy
from brianff.studies.robustness import DISTURBANCES, Bench, adversarial_images, area

__all__ = [
    "COMPARED", "REFERENCE", "SUITES", "Compared", "Suite", "attacker_job", "curves_of", "jobs",
    "mean_corruption_error", "positions_of", "tables",
]  # fmt: skip

ATTACKER_SEED = 1001
FEEDBACK_STEP = 4.0  # ms, of networks with targets above a black box
ONLINE_CHUNK = 50  # samples
ONLINE_BLOCKS = 30  # points of a curve
NEGLIGIBLE = 0.01  # of the accuracy


@dataclass(frozen=True)
class Compared:
    """One way to learn.

    Attributes
    ----------
    title : str
        As figures and tables call it.
    options : dict
        Of its method.
    """

    title: str
    options: dict


REFERENCE = "ordinary"
COMPARED = {
    "symba": Compared("forward-forward, symba", dict(rule="symba", dtype="float32")),
    "polar_halves": Compared(
        "forward-forward, polar halves",
        dict(rule="forward_forward", goodness="polar_halves", set=("theta=0",), dtype="float32"),
    ),
    "local_readout": Compared("local readout", dict(rule="local_readout", negatives="none", dtype="float32")),
    "r_stdp": Compared("R-STDP", dict(rule="r_stdp", dtype="float32")),
    "sfdfa": Compared("SFDFA", dict(method="feedback")),
    "backpropagation": Compared("exact backpropagation of spike times", dict(method="backpropagation")),
    "rectified": Compared("forward-forward without spikes", dict(method="rectified")),
    "ordinary": Compared("ordinary network, backpropagation", dict(method="perceptron")),
}


@dataclass(frozen=True)
class Suite:
    """What is trained, and how long.

    Attributes
    ----------
    datasets : tuple of str
    layers : tuple of int
    epochs : dict of str -> int
        Of a data set; "" of all others.
    test : int
        Samples of the test set that are disturbed.
    labels : tuple of float
        Parts of the training labels that are wrong.
    few : tuple of int
        Training samples of a class.
    parts : tuple of str
        Of `PARTS`.
    """

    datasets: tuple
    layers: tuple
    epochs: dict
    test: int
    labels: tuple
    few: tuple
    parts: tuple

    def passes(self, dataset, times=1.0):
        """Passes over the training set, or so many times as many."""
        return max(1, round(times * self.epochs.get(dataset, self.epochs[""])))


PARTS = ("disturbed", "label noise", "black box", "few samples", "online")
SUITES = {
    "quick": Suite(("digits",), (100, 100), {"": 20}, 300, (0.2, 0.4), (10, 30), PARTS[:2]),
    "full": Suite(
        ("digits", "mnist", "fashion-mnist"), (200, 200), {"digits": 40, "": 10}, 1000, (0.1, 0.2, 0.4),
        (10, 30, 100, 300), PARTS,
    ),
}  # fmt: skip
KINDS = [kind.replace("_", " ") for kind in MNIST_C]  # of disturbances, that count as corruption
LIGHT = ("brightness", "fog")  # which change the intensity everywhere, and with it the times of all spikes
ONE_BY_ONE = ("local_readout", "sfdfa", "ordinary")  # what says a class when it learns
MOST_PASSES = 5.0  # times as many over few samples


def attacker_job(dataset, suite, common):
    """The run of the network whose gradient makes adversarial images: of another seed than all that are compared."""
    options = dict(dataset=dataset, layers=suite.layers, epochs=suite.passes(dataset), seed=ATTACKER_SEED)
    columns = {"data": dataset, "way": "attacker", "seed": ATTACKER_SEED, "part": "attacker"}
    finish = functools.partial(attacks, n=suite.test)
    return Job(f"{dataset}_attacker", options | COMPARED[REFERENCE].options | common, columns, finish=finish)


def attacks(run, evaluation, n):
    """Write adversarial images of test samples into the folder of the run of their network."""
    samples = _samples(run.method, n)
    found = adversarial_images(run.method, run.method.data, samples)
    arrays = {f"{name} {strength}": images for (name, strength), images in found.items()}
    run.folder.save("attacks", arrays | {"samples": samples})
    return {}


def _samples(method, n):
    """Test samples that are disturbed: always the same."""
    return np.sort(stream(0, "suite").permutation(method.data.test)[:n])


def measured(run, evaluation, attacker, n):
    """Everything that a trained network is measured for, as further entries of its row."""
    method, samples = run.method, _samples(run.method, n)
    with np.load(Path(attacker) / "attacks.npz") as arrays:
        if "samples" in arrays.files and not np.array_equal(arrays["samples"], samples):
            raise OptionError(
                f"{attacker} has adversarial images of {len(arrays['samples'])} other test samples than these {n}: "
                "choose another --out, or the same --test."
            )
        names = [name for name in arrays.files if name != "samples"]
        images = {(name.split()[0], float(name.split()[1])): arrays[name] for name in names}
    bench = Bench(method, samples, seed=method.options.seed, attacks=images)
    found = {"curves": bench.curves(), "costs": costs(method, samples[:100])}
    return found | ({"anytime": bench.anytime()} if method.has_spikes else {})


def jobs(dataset, suite, seeds, ways, attacker, common):
    """The runs of one data set.

    Parameters
    ----------
    dataset : str
    suite : `Suite`
    seeds : sequence of int
    ways : sequence of str
        Of `COMPARED`.
    attacker : path
        Folder of the run of `attacker_job`, which has to be there first.
    common : dict
        Further options of all runs.
    """
    found = []
    for seed, way in itertools.product(seeds, ways):
        options = dict(dataset=dataset, layers=suite.layers, seed=seed, epochs=suite.passes(dataset), validate=1)
        options |= COMPARED[way].options | common
        columns, name = {"data": dataset, "way": way, "seed": seed}, f"{dataset}_{way}_seed{seed}"
        if "disturbed" in suite.parts:
            finish = functools.partial(measured, attacker=str(attacker), n=suite.test)
            found.append(Job(name, options, columns | {"part": "disturbed"}, finish=finish))
        for share in suite.labels if "label noise" in suite.parts else ():
            own = columns | {"part": "label noise", "strength": share}
            found.append(Job(f"{name}_labels{share}", options | {"label_noise": share}, own, keep=False))
        if "black box" in suite.parts:
            found += _boxes(name, way, options, columns | {"part": "black box"})
        if "few samples" in suite.parts:
            found += _few(name, options, columns | {"part": "few samples"}, suite)
        if "online" in suite.parts and way in ONE_BY_ONE:
            each = {"batch": 1, "epochs": 1, "chunk": ONLINE_CHUNK}
            each |= {} if way == REFERENCE else {"mini_batch": 1}
            finish, own = one_by_one, columns | {"part": "online"}
            found.append(Job(f"{name}_online", options | each, own, finish=finish, keep=False))
    return found


def _boxes(name, way, options, columns):
    """Runs with a black box between layers."""
    if COMPARED[way].options.get("method") in ("rectified", "perceptron"):
        return [
            Job(f"{name}_box_{kind}", options | {"black_box": kind}, columns | {"strength": kind}, keep=False)
            for kind in BOXES
        ]
    first, *rest = options["layers"]
    upper = {k: v for k, v in options.items() if k not in ("dataset", "data", "seed")} | {"layers": tuple(rest)}
    lower, until = options | {"layers": (first,)}, None
    if (
        "method" in options
    ):  # its errors come from the output, and do not reach the lower block: it stays as it was drawn
        upper["dt"] = FEEDBACK_STEP
        lower = {k: v for k, v in lower.items() if k != "method"} | {"dtype": "float32"}
        until = 0
    finish = functools.partial(above_boxes, options=upper)
    return [Job(f"{name}_boxes", lower, columns, finish=finish, until=until, test=False, keep=False)]


def _few(name, options, columns, suite):
    """Runs on few samples of a class, each of which is seen more often."""
    data = _loaded(options["dataset"], options.get("data"))
    found, n = [], min(len(data.train), options.get("limit") or len(data.train))
    for each in suite.few:
        limit = each * data.n_classes
        if limit > n:
            continue
        passes = suite.passes(options["dataset"], min(MOST_PASSES, n / limit))
        more = {"limit": limit, "epochs": passes}
        found.append(Job(f"{name}_few{each}", options | more, columns | {"strength": each}, keep=False))
    return found


@functools.cache
def _loaded(name, data):
    return datasets.load(name, data)


def one_by_one(run, evaluation):
    """Accuracy before each sample is learnt, in a single pass: ``online``, pairs of (samples, accuracy of the last)."""
    found = []
    for row in run.metrics:
        if row["what"] == "chunk":
            last = f"ordered{len(run.method.levels)}"  # the true class has the largest score of the last layer
            found.append((row["samples"], row["training_accuracy"] if "training_accuracy" in row else row[last]))
    return {"online": found}


# -- what the rows say -------------------------------------------------------------------------------------------------


def curves_of(rows):
    """Accuracies over the strengths: dict of way -> disturbance -> (n_seeds, n_strengths) array, in order of the seeds.

    Parameters
    ----------
    rows : iterable of dict
        Of one data set.
    """
    found = {}
    for (way,), own in groups(rows, ["way"]).items():
        if way not in COMPARED:
            continue
        whole = sorted((row for row in own if row["part"] == "disturbed"), key=lambda row: row["seed"])
        if not whole:
            continue
        names = [name for name in DISTURBANCES if name in whole[0]["curves"]]
        found[way] = {name: np.array([row["curves"][name] for row in whole]) for name in names}
        if noisy := _label_curves(whole, [row for row in own if row["part"] == "label noise"]):
            found[way]["label noise"] = np.array(noisy)
    order = [way for way in COMPARED if way in found]
    return {way: found[way] for way in order}


def _label_curves(clean, noisy):
    """Test accuracies over the parts of wrong labels, of the seeds that have all of them."""
    of_seed = {}
    for row in noisy:
        of_seed.setdefault(row["seed"], {})[row["strength"]] = row["test_accuracy"]
    wanted = sorted({row["strength"] for row in noisy})
    return [
        [row["test_accuracy"], *(of_seed[row["seed"]][share] for share in wanted)]
        for row in clean
        if wanted and of_seed.get(row["seed"], {}).keys() == set(wanted)
    ]


def positions_of(name, rows):
    """Where the strengths of a disturbance stand on an axis, 0 first: those of wrong labels are the suite's."""
    if name != "label noise":
        return DISTURBANCES[name].positions()
    return np.array([0.0, *sorted({row["strength"] for row in rows if row["part"] == "label noise"})])


def mean_corruption_error(curves, reference=REFERENCE):
    """mCE and relative mCE of every way, in %, of the kinds of MNIST-C that are measured.

    mCE is the mean over kinds of E/E_ref, with E the error summed over the severities (Hendrycks & Dietterich 2019,
    arXiv 1903.12261).  The relative one has E less the error without corruption in the place of E, above and below;
    kinds that cost the reference less than one point are left out of it, since they would divide by next to nothing.

    Parameters
    ----------
    curves
        Of `curves_of`.
    reference : str

    Returns
    -------
    found : dict of way -> (mCE, relative mCE), two (n_seeds,) arrays
    """
    errors = {way: {k: 1 - own[k] for k in KINDS if k in own} for way, own in curves.items()}
    of_reference = {k: e.mean(axis=0) for k, e in errors[reference].items()}
    found = {}
    for way, own in errors.items():
        ratios, relative = [], []
        for kind, e in own.items():
            ref = of_reference[kind]
            ratios.append(e[:, 1:].sum(axis=1) / ref[1:].sum())
            if (cost := np.mean(ref[1:] - ref[0])) > NEGLIGIBLE:
                relative.append((e[:, 1:] - e[:, :1]).mean(axis=1) / cost)
        found[way] = 100 * np.mean(ratios, axis=0), 100 * np.mean(relative, axis=0)
    return found


def tables(rows, reference=REFERENCE):
    """What the rows of one data set say, in Markdown: errors under corruption, areas under curves, costs."""
    rows = list(rows)
    curves, titled = curves_of(rows), {way: one.title for way, one in COMPARED.items()}
    said = _errors(rows, curves, titled) if reference in curves else ""
    if curves:
        said += "\n### Area under the curve of accuracy over the range of strengths (%)\n\n"
        said += _areas(rows, curves, titled)
        for one in (reference, "backpropagation"):
            if one in curves and len(curves) > 1:
                said += f"\n### Areas that differ by more than twice the spread from: {titled[one]}\n\n"
                said += _beyond(rows, curves, titled, one)
        said += "\n### What an answer costs\n\n" + _costs(rows, titled)
    for part, table in (("black box", _box_table), ("few samples", _few_table), ("online", _online_table)):
        if own := [row for row in rows if row["part"] == part]:
            said += f"\n### {TITLES[part]}\n\n{table(own, titled)}"
    return said


TITLES = {
    "black box": "A black box between two hidden layers: test accuracy (%)",
    "few samples": "Few training samples of a class: test accuracy (%)",
    "online": "One pass, sample by sample: accuracy of the last 200 before they are learnt, and on test samples (%)",
}


def _of_ways(rows):
    """The rows of every way to learn, in the order of `COMPARED`."""
    found = {way: [row for row in rows if row["way"] == way] for way in COMPARED}
    return {way: own for way, own in found.items() if own}


def _boxes_of(rows):
    """Accuracies behind every black box: way -> box -> list."""
    found = {}
    for way, own in _of_ways(rows).items():
        of_kind = found[way] = {kind: [] for kind in BOXES}
        for row in own:
            for kind, accuracy in row.get("boxes", {}).items():
                of_kind[kind].append(accuracy)
            if "boxes" not in row:  # of several layers, what those behind the box say
                of_kind[row["strength"]].append(row.get("test_upper", row["test_accuracy"]))
    return found


def _box_table(rows, titled):
    lines = []
    for way, of_kind in _boxes_of(rows).items():
        seeds = max(map(len, of_kind.values()))
        cells = (spread((100 * a for a in values), 1) if values else "" for values in of_kind.values())
        lines.append([titled[way], seeds, *cells])
    return markdown(["", "seeds", *BOXES], lines)


def _few_of(rows):
    """Accuracies over the training samples of a class: way -> number -> list, in the order of the seeds."""
    found = {}
    for row in sorted(rows, key=lambda row: (row["strength"], row["seed"])):
        found.setdefault(row["way"], {}).setdefault(row["strength"], []).append(row["test_accuracy"])
    return {way: found[way] for way in COMPARED if way in found}


def _few_table(rows, titled):
    found = _few_of(rows)
    numbers = sorted({number for own in found.values() for number in own})
    cells = [
        [titled[way], *(spread((100 * a for a in own[n]), 1) if n in own else "" for n in numbers)]
        for way, own in found.items()
    ]
    return markdown(["", *(f"{n} a class" for n in numbers)], cells)


def _online_table(rows, titled):
    lines = []
    for way, own in _of_ways(rows).items():
        last = [100 * np.mean([accuracy for _, accuracy in row["online"][-200 // ONLINE_CHUNK :]]) for row in own]
        lines.append([titled[way], spread(last, 1), spread((100 * row["test_accuracy"] for row in own), 1)])
    return markdown(["", "online", "test"], lines)


def _areas(rows, curves, titled):
    lines = []
    for name in DISTURBANCES:
        if not any(name in own for own in curves.values()):
            continue
        cells, at = [], positions_of(name, rows)
        for own in curves.values():
            areas = [100 * area(at, curve) for curve in own.get(name, ())]
            cells.append(spread(areas, 1) if areas else "")
        lines.append([DISTURBANCES[name].family, name, *cells])
    return markdown(["", "", *(titled[way] for way in curves)], lines)


def _beyond(rows, curves, titled, reference):
    """Disturbances whose areas differ from those of a way by more than twice the spread, in points.

    The spread is the root of the sum of both variances over the seeds.
    """
    lines = []
    for way, own in curves.items():
        better, worse = [], []
        for name in [name for name in own if name in curves[reference]]:
            at = positions_of(name, rows)
            both = [np.array([100 * area(at, c) for c in one[name]]) for one in (own, curves[reference])]
            if way == reference or min(map(len, both)) < 2:
                continue
            difference = both[0].mean() - both[1].mean()
            if abs(difference) > 2 * np.hypot(*(values.std(ddof=1) for values in both)):
                (better if difference > 0 else worse).append((difference, name))
        if way != reference:
            shown = (sorted(found, key=lambda one: -abs(one[0])) for found in (better, worse))
            lines.append([titled[way], *(", ".join(f"{name} {d:+.1f}" for d, name in found) for found in shown)])
    return markdown(["", "more accurate", "less accurate"], lines)


def _errors(rows, curves, titled):
    whole, lines = mean_corruption_error(curves), []
    dark = {way: {name: v for name, v in own.items() if name not in LIGHT} for way, own in curves.items()}
    without = mean_corruption_error(dark)
    for way, own in curves.items():
        runs = [row for row in rows if row["way"] == way and row["part"] == "disturbed"]
        seconds = spread((row["cpu_seconds"] for row in runs), 0)
        tested = spread((100 * row["test_accuracy"] for row in runs), 1)
        mean = 100 * np.mean([1 - own[kind][:, 1:].mean(axis=1) for kind in KINDS if kind in own], axis=0)
        cells = (spread(values, 1) for values in (mean, *whole[way], without[way][0]))
        lines.append([titled[way], runs[0]["network"], len(runs), tested, *cells, seconds])
    headings = ["", "network", "seeds", "test accuracy (%)", "mean error under corruption (%)", "mCE (%)"]
    headings += ["relative mCE (%)", f"mCE without {' and '.join(LIGHT)} (%)", "training, CPU time (s)"]
    return markdown(headings, lines)


def _costs(rows, titled):
    lines = []
    for way, title in titled.items():
        runs = [row for row in rows if row["way"] == way and row["part"] == "disturbed"]
        if not runs:
            continue
        mean = {name: np.mean([row["costs"][name] for row in runs]) for name in runs[0]["costs"]}
        operations = mean["effective"] * mean["presentations"]
        spiking = "anytime" in runs[0]
        low, high = energy(operations)
        least = operations * ARITHMETIC["accumulate" if spiking else "multiply-accumulate"] / 1e3
        latency = spread((100 * row["anytime"]["latency"] for row in runs), 0) if spiking else ""
        chips = f"{_short(low)} to {_short(high)}" if spiking else ""
        cells = [f"{mean['spikes']:.0f}", f"{100 * mean['activation_sparsity']:.1f}", f"{mean['footprint'] / 1024:.0f}"]
        cells += [_short(mean[name]) for name in ("effective", "dense", "membrane_updates")]
        pace = spread((_pace(way, row) for row in runs), 0) if spiking else ""
        lines.append([title, *cells, f"{mean['presentations']:.0f}", _short(least), chips, latency, pace])
    headings = ["", "spikes (active units)", "activation sparsity (%)", "footprint (KiB)", "effective operations"]
    headings += ["dense operations", "membrane updates", "presentations of an answer", "arithmetic, 45 nm (nJ)"]
    return markdown([*headings, "on chips (nJ)", "latency (% of the stimulus)", "learning, times real time"], lines)


def _short(value):
    """Three digits, thousands apart."""
    return f"{float(f'{value:.3g}'):,.0f}".replace(",", " ") if value >= 100 else f"{value:.3g}"


def _pace(way, row):
    """Simulated seconds of all presentations of training to a second of the processor."""
    method, given = method_of(COMPARED[way].options)
    options = method.Options(dataset=row["data"], **given).resolved()
    shown = 3 if getattr(options, "labels_shown", False) else 1  # positive, negative, neutral
    return shown * row["samples"] * options.steps * options.dt * 1e-3 / row["cpu_seconds"]


# -- figures -----------------------------------------------------------------------------------------------------------

PANELS = (
    "impulse noise", "fog", "occlusion", "translation", "spike jitter", "spike deletion", "spurious spikes",
    "weight noise", "quantisation", "threshold mismatch", "pgd", "label noise",
)  # fmt: skip


def figures(rows):
    """What to draw of the rows of one data set: name -> function that returns a figure."""
    rows = list(rows)
    curves, titled = curves_of(rows), {way: one.title for way, one in COMPARED.items()}
    there = [name for name in DISTURBANCES if any(name in own for own in curves.values())]
    panels = {name: _panel(name, rows) for name in PANELS if name in there}
    titles = {name: name for name in there}
    found = {"robustness": lambda: plotting.robustness(curves, panels, titles, titled)} if panels else {}
    if REFERENCE in curves and len(curves) > 1:
        areas = {
            way: {name: 100 * np.mean([area(positions_of(name, rows), c) for c in own[name]]) for name in own}
            for way, own in curves.items()
        }
        families = {name: DISTURBANCES[name].family for name in there if name in curves[REFERENCE]}
        found["areas"] = lambda: plotting.robustness_map(areas, REFERENCE, families, titled)
    of_part = {part: [row for row in rows if row["part"] == part] for part in PARTS}
    times, operations = {}, {}
    for (way,), own in groups(of_part["disturbed"], ["way"]).items():
        cost = np.mean([row["costs"]["effective"] * row["costs"]["presentations"] for row in own])
        operations[way] = cost, 100 * np.mean([row["test_accuracy"] for row in own])
        if "anytime" in own[0]:
            times[way] = [row["anytime"] for row in own]
    if times:
        found["anytime"] = lambda: plotting.anytime(times, operations, titled)
    if boxes := _boxes_of(of_part["black box"]):
        found["black_boxes"] = lambda: plotting.black_boxes(boxes, titled)
    if few := _few_of(of_part["few samples"]):
        whole = {way: own for way, own in few.items() if len(set(map(len, own.values()))) == 1}
        curves_of_few = {way: (list(own), np.array(list(own.values())).T) for way, own in whole.items()}
        found["few_samples"] = lambda: plotting.few_samples(curves_of_few, titled)
    if one_pass := _of_ways(of_part["online"]):
        over = {way: _blocks([row["online"] for row in own]) for way, own in one_pass.items()}
        found["online"] = lambda: plotting.online(over, titled)
    return found


def _blocks(of_seeds):
    """Means of blocks of an online course: (samples, (n_seeds, n) array)."""
    courses = np.array(of_seeds)  # seed, chunk, (samples, accuracy)
    size = max(1, courses.shape[1] // ONLINE_BLOCKS)
    n = courses.shape[1] // size
    courses = courses[:, : n * size].reshape(len(courses), n, size, 2)
    return courses[0, :, -1, 0], courses[..., 1].mean(axis=2)


def _panel(name, rows):
    """(positions, what is written at them or None, label of the axis)."""
    kind, at = DISTURBANCES[name], positions_of(name, rows)
    if kind.even:
        return at, ["all" if name == "quantisation" else "0", *(f"{s:g}" for s in kind.strengths)], kind.label
    return at, [f"{s:g}" for s in at] if kind.label == "severity" else None, kind.label
