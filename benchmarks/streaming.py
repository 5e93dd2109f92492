"""How much memory a large data set of recordings takes, and what reading it costs beside simulating it.

A file in the format of the Spiking Heidelberg Digits is generated, 700 channels and some 8 000 spikes a recording, and
read from beginning to end as a network is shown it: recording by recording, counted in time steps.

    python benchmarks/streaming.py                       # 100 000 recordings: 3.3 GB on disk, some minutes
    python benchmarks/streaming.py --recordings 2000     # seconds
"""

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import brianff.program  # noqa: F401
from brianff.datasets import EventDataset
from brianff.datasets.heidelberg import HeidelbergFiles
from brianff.learning.forward_forward import ForwardForward
from brianff.learning.run import Run, cpu_seconds

N_STEPS, DT = 140, 0.01  # s
CHUNK, TRAINED = 200, 400  # recordings
CLASSES, LAYERS = 20, ("300", "300")


def write(path, recordings, spikes):
    """Recordings of uniform noise whose lengths differ by half; the number of all spikes."""
    import h5py

    rng, written = np.random.default_rng(1), 0
    times = np.sort(rng.random(2 * spikes)).astype(np.float16)
    units = rng.integers(0, 700, 2 * spikes).astype(np.uint16)
    with h5py.File(path, "w") as file:
        of_times, of_units = (
            file.create_dataset(f"spikes/{name}", (recordings,), h5py.vlen_dtype(kind), chunks=(min(1000, recordings),))
            for name, kind in (("times", np.float16), ("units", np.uint16))
        )
        for k in range(recordings):
            n = int(rng.integers(spikes // 2, spikes * 3 // 2))
            of_times[k], of_units[k] = times[np.sort(rng.integers(0, 2 * spikes, n))], units[rng.permutation(n)]
            written += n
        file["labels"] = rng.integers(0, CLASSES, recordings).astype(np.uint16)
    return written


def memory():
    """The most that this process has had in memory so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def opened(path):
    """The file as a data set."""
    source = HeidelbergFiles([path])
    order = np.random.default_rng(2).permutation(len(source))
    test, train = map(np.sort, np.split(order, [max(1, len(order) // 10)]))
    return EventDataset("streamed", source, source.labels, CLASSES, train, order[:0], test)


def read(data):
    """Show all recordings, in any order: (spikes that were counted, processor time of a recording in s)."""
    start, counted = time.process_time(), 0
    order = np.random.default_rng(3).permutation(len(data.labels))
    for chunk in np.array_split(order, -(-len(order) // CHUNK)):
        counted += int(data.shown(chunk, N_STEPS, DT).read().count.sum())
    return counted, (time.process_time() - start) / len(order)


def train(data):
    """Processor time of a training sample in s: (Python, compiled network)."""
    options = dict(rule="local_readout", negatives="none", layers=LAYERS, steps=N_STEPS, dt=1e3 * DT, dropout=0.0)
    options |= dict(batch=20, mini_batch=20, chunk=CHUNK, epochs=1, dtype="float32")
    options["limit"] = min(TRAINED, len(data.train))
    for _ in range(2):  # the first one compiles the network
        run, before = Run(ForwardForward(data, **options)), cpu_seconds()
        run.train(progress=False)
    return (cpu_seconds() - before) / options["limit"]


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=int, default=100_000)
    parser.add_argument("--spikes", type=int, default=8000, help="of a recording, on average (default: 8000)")
    parser.add_argument("--folder", help="where the file is written, and deleted again (default: a temporary folder)")
    args = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        path = Path(folder) / "shd_train.h5"
        written = write(path, args.recordings, args.spikes)
        print(f"{args.recordings} recordings, {written} spikes, {path.stat().st_size / 1e9:.2f} GB; {memory():.0f} MB")
        start = time.perf_counter()
        data = opened(path)
        print(f"opened in {time.perf_counter() - start:.1f} s; {memory():.0f} MB")
        counted, reading = read(data)
        print(f"read and counted in time steps: {1e3 * reading:.2f} ms a recording; {memory():.0f} MB")
        print(f"spikes lost: {written - counted}")
        of_python, of_network = train(data)
        print(
            f"a training sample of 700-{'-'.join(LAYERS)}, {N_STEPS} steps: {1e3 * of_network:.2f} ms in the compiled "
            f"network, {1e3 * of_python:.2f} in Python, of which reading {1e3 * reading:.2f}"
        )
        print(f"at most {memory():.0f} MB in memory")
    return int(written != counted)


if __name__ == "__main__":
    sys.exit(main())
