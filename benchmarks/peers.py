"""What a user would take instead of brianff, on MNIST: accuracy on held-out images against the seconds of training.

    python benchmarks/rivals_setup.py                        # once: an environment with snnTorch and PyTorch
    runs/bench/rivals-env/bin/python benchmarks/peers.py --mnist DIR --peer snntorch-backprop

Prints one JSON object a line, each after so many samples of training.  Seconds are processor time of training alone,
without the start, reading files and testing.  The last 5 000 images of the training file are held out; the test file is
not read.  Uses one thread; needs neither Brian2 nor brianff.

Three peers: the equations of brianff in hand-written PyTorch, and the same with snnTorch's neurons and surrogate
gradients within each layer (both from `rivals.py`: time to first spike, a label as part of the input, SymBa's loss, and
any wrong label as the negative one); and what snnTorch is made for, backpropagation through all layers and time steps.
"""

import argparse
import json
import time

import numpy as np
import rivals
import torch
import torch.nn.functional as F
from held_out import VALIDATION, read

HIDDEN = (500, 500)
FINAL_RATE = 0.05  # of the learning rate, linear in between, as in brianff


def moved(images, rng):
    """Each image moved by up to a pixel in either direction, as by brianff's --jitter 1."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    out = np.empty_like(images)
    dy, dx = rng.integers(0, 3, (2, len(images)))
    for y in range(3):
        for x in range(3):
            chosen = (dy == y) & (dx == x)
            out[chosen] = padded[chosen, y : y + 28, x : x + 28]
    return out


class Local:
    """A rival that learns layer by layer from pairs of phases; an answer is the label with the largest goodness."""

    def __init__(self, rival, args):
        self.task = rivals.Task(784 + rivals.N_CLASSES * rivals.LABEL_NEURONS, HIDDEN, 50, "ttfs")
        torch.manual_seed(args.seed)
        self.model = rival(self.task, args.batch)
        rng = np.random.default_rng(args.seed)
        with torch.no_grad():
            for w in self.model.parameters():
                drawn = torch.from_numpy(rng.normal(size=tuple(w.shape)).astype(np.float32))
                fan_in = w.shape[1] if isinstance(self.model, rivals.SnnTorch) else w.shape[0]
                w.copy_(drawn * 1.5 / fan_in**0.5)
        self.every = max(1, rivals.MINI_BATCH // args.batch)
        self.rng, self.number = rng, 0
        self.optimizer = self.model.optimizer

    def learn(self, images, labels):
        negative = (labels + self.rng.integers(1, rivals.N_CLASSES, len(labels))) % rivals.N_CLASSES
        self.number += 1
        update = self.number % self.every == 0
        self.model.batch(np.concatenate([images, images]), np.concatenate([labels, negative]), update)

    @torch.no_grad()
    def answers(self, images):
        size = getattr(self.model, "rows", 200)  # presentations that the model takes at a time
        label = np.tile(np.arange(rivals.N_CLASSES), len(images))
        image = np.repeat(np.arange(len(images)), rivals.N_CLASSES)
        goodness = np.empty(len(label))
        for first in range(0, len(label), size):
            rows = np.arange(first, first + size) % len(label)
            found = sum(np.asarray(g) for g, *_ in self.model.present(images[image[rows]], label[rows]))
            last = min(size, len(label) - first)
            goodness[first : first + last] = found[:last]
        return goodness.reshape(len(images), -1).argmax(1)


class Backpropagation:
    """snn.Leaky layers, intensities as constant currents, the loss on the last layer's summed membrane potentials."""

    def __init__(self, args):
        import snntorch as snn
        from snntorch import surrogate

        torch.manual_seed(args.seed)
        sizes = (784, *HIDDEN, rivals.N_CLASSES)
        self.steps = args.steps
        self.linear = torch.nn.ModuleList(torch.nn.Linear(m, n) for m, n in zip(sizes, sizes[1:], strict=False))
        self.leaky = [snn.Leaky(beta=0.9, spike_grad=surrogate.fast_sigmoid()) for _ in sizes[1:]]
        self.optimizer = torch.optim.Adam(self.linear.parameters(), lr=args.learning_rate, fused=True)

    def outputs(self, images):
        first = self.linear[0](torch.from_numpy(images))  # the same in every step
        potentials = [torch.zeros_like(first), *(torch.zeros(len(images), one.out_features) for one in self.linear[1:])]
        total = 0.0
        for _ in range(self.steps):
            current = first
            for level, leaky in enumerate(self.leaky):
                spike, potentials[level] = leaky(current, potentials[level])
                if level + 1 < len(self.leaky):
                    current = self.linear[level + 1](spike)
            total = total + potentials[-1]
        return total / self.steps

    def learn(self, images, labels):
        self.optimizer.zero_grad()
        F.cross_entropy(self.outputs(images), torch.from_numpy(labels)).backward()
        self.optimizer.step()

    @torch.no_grad()
    def answers(self, images):
        return torch.cat([self.outputs(part).argmax(1) for part in np.array_split(images, 25)]).numpy()


# name -> (what makes it, samples of a batch, learning rate, passes): the best of what was tried, see docs/speed.md
PEERS = {
    "pytorch-events": (lambda args: Local(rivals.ByHand, args), 50, 2e-3, 10),
    "snntorch-local": (lambda args: Local(rivals.SnnTorch, args), 50, 2e-3, 4),
    "snntorch-backprop": (Backpropagation, 100, 2e-3, 10),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", metavar="DIR", required=True)
    parser.add_argument("--peer", choices=PEERS, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch", type=int)
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--jitter", type=int, choices=(0, 1), default=1, help="move images by up to a pixel")
    parser.add_argument("--steps", type=int, default=10, help="of snntorch-backprop (default: 10)")
    parser.add_argument("--every", type=int, default=11000, help="samples between two tests")
    parser.add_argument("--target", type=float, default=0.985, help="accuracy at which to stop")
    parser.add_argument("--limit-seconds", type=float, default=900)
    args = parser.parse_args()
    make, *best = PEERS[args.peer]
    for name, value in zip(("batch", "learning_rate", "epochs"), best, strict=True):
        if getattr(args, name) is None:
            setattr(args, name, value)
    torch.set_num_threads(1)
    rivals.keep_memory()
    images, labels = read(args.mnist)
    images, labels = images.astype(np.float32) / 255, labels.astype(int)
    held_out = images[-VALIDATION:].reshape(VALIDATION, -1), labels[-VALIDATION:]
    images, labels = images[:-VALIDATION], labels[:-VALIDATION]
    peer, rng = make(args), np.random.default_rng(args.seed)
    n, done, seconds, tested = len(images), 0, 0.0, 0
    total = args.epochs * (n // args.batch)
    for number in range(total):
        began = time.process_time()
        if number % (n // args.batch) == 0:
            order = rng.permutation(n)
        for group in peer.optimizer.param_groups:
            group["lr"] = args.learning_rate * (1 - (1 - FINAL_RATE) * number / total)
        rows = order[number % (n // args.batch) * args.batch :][: args.batch]
        shown = moved(images[rows], rng) if args.jitter else images[rows]
        peer.learn(shown.reshape(len(rows), -1), labels[rows])
        done += len(rows)
        seconds += time.process_time() - began
        if done - tested >= args.every or number + 1 == total:
            tested = done
            accuracy = float((peer.answers(held_out[0]) == held_out[1]).mean())
            row = dict(system=args.peer, seed=args.seed, samples=done, seconds=seconds, accuracy=accuracy)
            print(json.dumps(row), flush=True)
            if accuracy >= args.target or seconds > args.limit_seconds:
                return


if __name__ == "__main__":
    main()
