"""One training run on several cores (`--threads`): samples a second, and whether the weights are the same.

The numbers of threads take turns within one run of this script; with more of them than cores they wait for each other.
Beside them stands what as many separate runs as there are cores do together: more is not to be had from the machine.

    python benchmarks/threads.py [--threads 1,2,4,8] [--batch 20,100] [--repeats 5] [--out FILE]
"""

import argparse
import dataclasses
import hashlib
import json
import platform
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from training import Case, side_by_side

from brianff.machine import usable_cores

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--threads", default="1,2,4,8")
parser.add_argument("--batch", default="20,100", help="presentations side by side, and a mini-batch")
parser.add_argument("--hidden", default="500,500")
parser.add_argument("--encoder", default="time_to_first_spike")
parser.add_argument("--samples", type=int, default=2000)
parser.add_argument("--repeats", type=int, default=5)
parser.add_argument("--out", help="JSON file")


@dataclasses.dataclass
class Shared(Case):
    """The same chunk on so many cores."""

    threads: int = 1

    def __post_init__(self):
        super().__post_init__()
        self.simulator.threads = self.threads

    def weights(self):
        """A digest of all weights after the chunk."""
        with self.simulator.run(self.inputs, self.epochs) as results:
            arrays = [results[projection.key("w")] for projection in self.architecture.projections]
        assert all(np.ptp(array) > 0 for array in arrays)
        return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()[:16]


class Separate:
    """As many runs side by side as there are cores."""

    def __init__(self, **common):
        self.name, self.runs = "separate", [Case(f"{k}", **common) for k in range(usable_cores())]

    def seconds_per_sample(self):
        with ThreadPoolExecutor(len(self.runs)) as pool:
            return 1 / sum(1 / seconds for seconds in pool.map(Case.seconds_per_sample, self.runs))


def main():
    args = parser.parse_args()
    numbers, hidden = ([int(n) for n in given.split(",")] for given in (args.threads, args.hidden))
    rows = []
    print(f"{usable_cores()} cores; 784-{'-'.join(map(str, hidden))}, {args.encoder}, float32, symba")
    for batch in map(int, args.batch.split(",")):
        common = dict(encoder=args.encoder, hidden=tuple(hidden), dtype="float32", samples=args.samples)
        common |= dict(batch=batch, mini_batch=batch)
        cases = [Shared(f"{n}", threads=n, **common) for n in numbers if n <= batch]
        speed = side_by_side([*cases, Separate(**common)], args.repeats)
        together = speed["separate"]
        print(f"batch {batch}, {usable_cores()} separate runs: {together:.0f} samples/s together")
        rows.append(dict(batch=batch, separate=usable_cores(), samples_per_second=together))
        weights = {case.name: case.weights() for case in cases}
        for case in cases:
            per_second, ratio = speed[case.name], speed[case.name] / speed[cases[0].name]
            same = weights[case.name] == weights[cases[0].name]
            print(
                f"batch {batch}, {case.threads} threads: {per_second:.0f} samples/s, {ratio:.2f} times, weights "
                f"{'the same' if same else 'DIFFER'}"
            )
            rows.append(
                dict(batch=batch, threads=case.threads, samples_per_second=per_second, ratio=ratio, same_weights=same)
            )
    if args.out:
        found = dict(cores=usable_cores(), processor=platform.processor(), hidden=hidden, encoder=args.encoder)
        with open(args.out, "w") as file:
            json.dump(found | {"rows": rows}, file, indent=1)


if __name__ == "__main__":
    main()
