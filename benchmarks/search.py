"""A search for good options on data that nobody has tuned anything for, against the defaults, with new seeds.

The Free Spoken Digit Dataset (github.com/Jakobovski/free-spoken-digit-dataset): every recording becomes an image, the
energy in 16 bands of frequency over 20 pieces of time.  The first 15 recordings of each digit by each speaker are the
test set, a fifth of the others the validation set.  The ranges are those that somebody would give who knows the names
only.

    python benchmarks/search.py DIR --out runs/search-spoken        # DIR holds 0_george_0.wav, ...
"""

import argparse
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.io import wavfile
from scipy.signal import stft

import brianff.program  # noqa: F401
from brianff import datasets, jobs, plotting
from brianff.jobs.tables import spread

BANDS, PIECES = 16, 20
VARY = (
    "tau_m=5..50*ms log", "tau_syn=10..200*ms log", "learning_rate=3e-4..1e-2 log", "init_gain=0.5..4 log",
    "dropout=0..0.4", "label_neurons=3..50 log", "alpha=1..30 log",
)  # fmt: skip
TEST = 15  # of the fifty recordings of every digit by every speaker: the official five are too few to tell much


def image(path):
    """Energy in bands that widen with frequency, over pieces of equal length: (BANDS, PIECES), from 0 to 1."""
    rate, sound = wavfile.read(path)
    frequencies, _, found = stft(sound / 2**15, rate, nperseg=256, noverlap=240)
    edges = 700 * (10 ** (np.linspace(0.1, 2.9, BANDS + 1) / 2.595) - 1)  # equal steps of the mel scale
    edges *= 4000 / edges[-1]
    energy = np.abs(found) ** 2
    bands = [energy[(low <= frequencies) & (frequencies <= high)].mean(axis=0) for low, high in pairwise(edges)]
    pieces = [part.mean(axis=1) for part in np.array_split(np.array(bands), PIECES, axis=1)]
    decibels = 10 * np.log10(np.array(pieces).T + 1e-10)
    return np.clip((decibels - decibels.max() + 50) / 50, 0, 1)  # the loudest 50 dB


def spoken_digits(folder):
    """All recordings; the first of every speaker and digit are the test set."""
    paths = sorted(Path(folder).glob("*_*_*.wav"))
    if not paths:
        sys.exit(f"{folder} has no recordings such as 0_george_0.wav.")
    parts = [path.stem.split("_") for path in paths]
    images, labels = np.array([image(path) for path in paths]), np.array([int(digit) for digit, _, _ in parts])
    test = np.array([int(index) < TEST for _, _, index in parts])
    own = images[~test], labels[~test]
    return datasets.from_arrays(*own, test=(images[test], labels[test]), validation=0.2, name="spoken digits")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DIR")
    parser.add_argument("--out", default="runs/search-spoken", metavar="FOLDER")
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--seeds", type=lambda text: [int(k) for k in text.split(",")], default=[101, 102, 103])
    args = parser.parse_args()
    data = spoken_digits(args.folder)
    print(f"{len(data.train)} training, {len(data.validation)} validation, {len(data.test)} test samples")
    search = jobs.Search(jobs.Settings(VARY), args.out, data)
    search.run(args.trials)
    found = search.test(args.seeds)
    defaults = [jobs.Job(f"defaults_seed{k}", {"dataset": data, "seed": k}, {"seed": k}) for k in args.seeds]
    before = jobs.run(defaults, search.results)
    for name, rows in (("defaults", before), (f"found {search.options_of(search.best())}", found)):
        validation, test = (spread(100 * row[f"{which}_accuracy"] for row in rows) for which in ("validation", "test"))
        print(f"{name}: validation {validation} %, test {test} %, seeds {','.join(map(str, args.seeds))}")
    names = [one.name for one in search.dimensions]
    plotting.save(plotting.search(search.trials(), names, search.importance()), Path(args.out) / "search.png")


if __name__ == "__main__":
    main()
