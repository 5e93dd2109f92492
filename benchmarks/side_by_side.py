"""Many small networks in one program: would it be faster than a run for each?

A sweep over N values of a parameter could put N networks side by side into one compiled program, each with weights of
its own, as `brianff.learning.population` does for random search.  How fast that would be, a layer of N times as many
neurons tells: it has the same input, as many weights, spikes and neurons to update, and starts as many programs as one
run.  (What it learns is something else: its goodness is of all networks together.)  Times are processor seconds of
training, of Python and of the program together, without validation.

    python benchmarks/side_by_side.py
"""

import argparse

import brianff as ff
import brianff.program  # noqa: F401


def seconds(neurons, samples):
    """Processor seconds to learn from a sample: median of the chunks."""
    run = ff.Run(ff.ForwardForward("digits", layers=[neurons], epochs=1, limit=samples, validate=1))
    run.train(progress=False)
    spent = [row["cpu_seconds"] for row in run.metrics if row["what"] == "chunk"]
    pieces = sorted(b - a for a, b in zip([0.0, *spent], spent, strict=False))
    return pieces[len(pieces) // 2] / run.method.options.chunk


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", type=int, default=64)
    parser.add_argument(
        "--neurons", type=lambda text: [int(n) for n in text.split(",")], default=[10, 20, 50, 100, 200]
    )
    args = parser.parse_args()
    print(f"| neurons | {args.networks} runs, ms a sample | side by side, ms a sample | ratio |\n|--|--|--|--|")
    for neurons in args.neurons:
        apart, together = args.networks * seconds(neurons, 1000), seconds(args.networks * neurons, 1000)
        print(f"| {neurons} | {1e3 * apart:.1f} | {1e3 * together:.1f} | {apart / together:.2f} |", flush=True)


if __name__ == "__main__":
    main()
