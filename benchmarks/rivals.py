"""What a user would take instead of brianff, on the same task: snnTorch, PyTorch by hand, BindsNET.

    python benchmarks/rivals_setup.py                        # once: an environment with these libraries
    taskset -c 1 runs/bench/rivals-env/bin/python benchmarks/rivals.py

Prints one JSON object.  It needs neither Brian2 nor brianff, uses one thread, and stays on the processor cores that it
inherits.  A sample is a positive and a negative presentation of an image, learning of all layers included; images and
labels become spikes within the measured time, in every rival.
"""

import argparse
import ctypes
import importlib
import importlib.metadata
import importlib.util
import json
import math
import os
import platform
import statistics
import sys
import time
import types
from dataclasses import dataclass

# before torch is imported: its compiler would start a process for each core
os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")

import numpy as np
import torch
import torch.nn.functional as F

N_CLASSES, LABEL_NEURONS = 10, 10
ACTIVE_PIXELS, IMAGES = 0.19, 200  # as in benchmarks/run.py
MINI_BATCH = 20  # samples between two steps of the optimizer, or the batch where that is larger
LEARNING_RATE = 1e-3
# the parameters of models/, in time steps of 1 ms
TAU_M, TAU_SYN, TAU_X, FLOOR_X2, ALPHA = 20.0, 100.0, 100.0, 0.01, 6.0
T_CODE, RATE_MAX, DARK = 40, 0.1, 0.05
LOCAL = "each layer by its own SymBa pair loss on the mean of its squared spike traces, Adam"


@dataclass
class Task:
    n_inputs: int
    hidden: tuple
    steps: int
    encoder: str

    @property
    def sizes(self):
        return (self.n_inputs, *self.hidden)

    @property
    def n_pixels(self):
        return self.n_inputs - N_CLASSES * LABEL_NEURONS

    def weights(self):
        rng = np.random.default_rng(2)
        pairs = zip(self.sizes[:-1], self.sizes[1:], strict=True)
        return [torch.from_numpy((rng.normal(size=p) * 1.5 / np.sqrt(p[0])).astype(np.float32)) for p in pairs]


class Data:
    """Images as bright as MNIST's, and labels; the negative label is the next one."""

    def __init__(self, task, images):
        rng = np.random.default_rng(1)
        values = np.clip(rng.normal(0.6, 0.3, (images, task.n_pixels)), 0.1, 1)
        self.images = (values * (rng.random(values.shape) < ACTIVE_PIXELS)).astype(np.float32)
        self.labels = rng.integers(0, N_CLASSES, images)

    def batch(self, number, size):
        """Positive presentations, then the negative ones of the same images."""
        which = np.arange(number * size, (number + 1) * size) % len(self.images)
        images, labels = self.images[which], self.labels[which]
        return np.concatenate([images, images]), np.concatenate([labels, (labels + 1) % N_CLASSES])


class Encoder:
    """Spikes as sorted numbers ``(step*rows + row)*n + channel``, one row for each presentation."""

    def __init__(self, task):
        self.task = task
        self.rng = np.random.default_rng(3)

    def __call__(self, images, labels):
        task, rows = self.task, len(images)
        pixels = np.flatnonzero(images > DARK)
        row = pixels // task.n_pixels
        label_channels = task.n_pixels + LABEL_NEURONS * labels[:, None] + np.arange(LABEL_NEURONS)
        cell = np.concatenate(
            [pixels + row * (task.n_inputs - task.n_pixels), (label_channels + _column(rows) * task.n_inputs).ravel()]
        )
        intensity = np.concatenate([images.ravel()[pixels], np.ones(label_channels.size, np.float32)])
        if task.encoder == "ttfs":
            step = np.floor((1 - intensity) * T_CODE + 0.5).astype(np.int64)
        else:
            # a Poisson process: as many spikes as a Poisson number says, each at any time
            spikes = self.rng.poisson(intensity * (RATE_MAX * task.steps))
            cell = np.repeat(cell, spikes)
            step = np.ceil(self.rng.random(len(cell), np.float32) * task.steps).astype(np.int64)
        inside = step < task.steps
        keys = _integers(step * (rows * task.n_inputs) + cell, task.steps * rows * task.n_inputs)[inside]
        keys.sort()
        if task.encoder == "poisson":  # at most one spike a step
            keys = keys[np.concatenate([[True], keys[1:] != keys[:-1]])]
        return keys

    def dense(self, images, labels):
        """The same as an array of zeros and ones: (steps, rows, channels)."""
        spikes = torch.zeros(self.task.steps, len(images), self.task.n_inputs)
        spikes.view(-1)[torch.from_numpy(self(images, labels)).long()] = 1
        return spikes


def _column(n):
    return np.arange(n)[:, None]


def _integers(values, limit):
    """NumPy sorts short integers several times as fast."""
    return values.astype(np.int32) if limit < 2**31 else values


def decays(steps, tau):
    """(steps, steps) matrix of what is left in a row's step of a jump in a column's step."""
    age = _column(steps) - np.arange(steps)
    return np.where(age >= 0, np.exp(-age / tau), 0)


# -- PyTorch by hand -----------------------------------------------------------------------------------------------
def lif_eager(current, gain, spikes, decay_syn, decay_m):
    """Spikes of a layer in all steps; `current` holds the weighted spikes that arrive in each, and is overwritten."""
    currents, out = current.unbind(), spikes.unbind()
    for before, now in zip(currents, currents[1:], strict=False):
        torch.add(now, before, alpha=decay_syn, out=now)
    current.mul_(gain[:, :, None])
    v = torch.zeros_like(currents[0])
    out[0].zero_()
    for drive, spike in zip(currents, out[1:], strict=False):
        torch.add(drive, v, alpha=decay_m, out=v)
        torch.gt(v, 1, out=spike)
        v.sub_(spike)


def lif_block(current, gain, v, synaptic, spikes, decay_syn, decay_m):
    """A few steps of a layer as one function, which torch.compile fuses; the state is updated in place."""
    a, b = v, synaptic
    for step in range(len(current)):
        b = decay_syn * b + current[step]
        a = decay_m * a + gain[step][:, None] * b
        spike = (a > 1).to(a.dtype)
        a = a - spike
        spikes[step].copy_(spike)
    v.copy_(a)
    synaptic.copy_(b)


class ByHand:
    """The equations of brianff, three factors and no autograd, written for speed as brianff's own engine is.

    Layers do not feed back, so each one goes through all steps before the next one starts.  Spikes are few: currents
    are sums of rows of the weight matrix (embedding_bag), and traces, goodness and averages are computed from the list
    of spikes.  Only current and membrane potential are dense.
    """

    name = "PyTorch by events"
    counted = (
        "encoding, {steps} steps of 1 ms of the equations of brianff for a positive and a negative presentation, "
        f"learning of all layers without autograd ({LOCAL}, one step every {{every}} samples); events gathered by "
        "embedding_bag, dense in-place operations for the neurons"
    )
    packages = ("torch", "numpy")
    learns = True

    def __init__(self, task, batch):
        self.task, self.rows, self.encode = task, 2 * batch, Encoder(task)
        steps = task.steps
        self.w = [torch.nn.Parameter(w, requires_grad=False) for w in task.weights()]
        for w in self.w:
            w.grad = torch.zeros_like(w)
        self.optimizer = torch.optim.Adam(self.w, lr=LEARNING_RATE, fused=True)
        self.samples_per_update = max(MINI_BATCH, batch)
        self.fresh = True  # no gradient accumulated yet
        self.spikes = [torch.empty(steps, self.rows, n) for n in task.hidden]
        self.decay_G = decays(steps, TAU_X / 2)
        self.grow = np.exp(np.arange(steps) / TAU_X)
        self.shrink = 1 / self.grow
        self.at_end = np.exp((np.arange(steps) - (steps - 1)) / TAU_X)
        # z averages gain*x, both from the step before: row = step of the spike, column = step whose gain it meets
        self.z_kernel = np.triu(np.roll(decays(steps, TAU_X).T, 1, axis=1), 1) / steps
        self.decay_syn, self.decay_m = math.exp(-1 / TAU_SYN), math.exp(-1 / TAU_M)

    def parameters(self):
        return self.w

    def traces(self, keys, n, end, average):
        """Goodness sum(x**2) of each step, gain that the next step sees, x at the end, z: from a list of spikes."""
        steps, rows = self.task.steps, self.rows
        step = keys // (rows * n)
        keys = (keys - step * (rows * n)) * steps + step
        keys.sort()  # by neuron, then by time
        cell = keys // steps
        step = keys - cell * steps
        # A trace is a sum over the neuron's earlier spikes: a running sum, less its value where the neuron begins.
        grown = self.grow[step]
        before = np.cumsum(grown) - grown
        first = np.ones(len(cell), bool)
        np.not_equal(cell[1:], cell[:-1], out=first[1:])
        start = np.maximum.accumulate(np.where(first, np.arange(len(cell)), 0))
        jump = 2 * (before - before[start]) * self.shrink[step] + 1
        moment = step * rows + cell // n
        G = self.decay_G @ np.bincount(moment, jump, steps * rows).reshape(steps, rows)
        gain = 1 / np.sqrt(FLOOR_X2 + np.concatenate([np.zeros((1, rows)), G[:-1]]) / n)
        x = z = None
        if end:
            x = np.bincount(cell, self.at_end[step], rows * n).astype(np.float32).reshape(rows, n)
        if average:
            z = np.bincount(cell, (self.z_kernel @ gain).ravel()[moment], rows * n)
            z = torch.from_numpy(z.astype(np.float32).reshape(rows, n))
        return G, gain, x, z

    def lif(self, current, gain, spikes):
        lif_eager(current, gain, spikes, self.decay_syn, self.decay_m)

    @torch.no_grad()
    def present(self, images, labels):
        """Layer by layer: goodness of each presentation, trace x at the end, and z of what arrives there."""
        task, rows = self.task, self.rows
        keys = self.encode(images, labels)
        n_pre = task.n_inputs
        _, gain, _, z = self.traces(keys, n_pre, end=False, average=True)
        for level, (w, spikes) in enumerate(zip(self.w, self.spikes, strict=True)):
            n, last = w.shape[1], level == len(self.w) - 1
            moment = keys // n_pre
            count = np.bincount(moment, minlength=task.steps * rows)
            offsets = torch.from_numpy(np.cumsum(count) - count)
            channels = torch.from_numpy((keys - moment * n_pre).astype(np.int64))
            current = F.embedding_bag(channels, w, offsets, mode="sum").view(task.steps, rows, n)
            # the membrane sees the current of the step before with the gain of this one
            drive = np.roll(gain, -1, axis=0) * (1 - self.decay_m)
            self.lif(current, torch.from_numpy(drive.astype(np.float32)), spikes)
            keys = _integers(np.flatnonzero((spikes > 0).numpy()), spikes.numel())
            G, gain, x, z_next = self.traces(keys, n, end=True, average=not last)
            yield G[-1] / n, x, z
            z, n_pre = z_next, n

    @torch.no_grad()
    def batch(self, images, labels, update):
        half, loss = self.rows // 2, 0.0
        for w, (g, x, z) in zip(self.w, self.present(images, labels), strict=True):
            difference = ALPHA * (g[:half] - g[half:])
            loss += float(np.logaddexp(0, -difference).mean())
            modulator = ALPHA / (1 + np.exp(difference))
            modulated = x * np.concatenate([modulator, -modulator]).astype(np.float32)[:, None]
            w.grad.addmm_(
                z.t(), torch.from_numpy(modulated), beta=0 if self.fresh else 1, alpha=-1 / self.samples_per_update
            )
        self.mean_trace = float(x.mean())
        self.fresh = update
        if update:
            self.optimizer.step()
        return loss


class StepByStep(ByHand):
    """The same equations as one writes them first: all layers advance together, one time step after the other.

    Every variable of every neuron is a tensor, a step is a handful of in-place operations, and spikes reach the next
    layer by a matrix product.
    """

    name = "PyTorch step by step"
    counted = ByHand.counted.replace(
        "events gathered by embedding_bag, dense in-place operations for the neurons",
        "in every step a matrix product a layer and in-place operations for traces, goodness and neurons",
    )

    def __init__(self, task, batch):
        super().__init__(task, batch)
        self.decay_x = math.exp(-1 / TAU_X)

        def state(sizes):
            return [torch.empty(self.rows, n) for n in sizes]

        self.synaptic, self.v, self.current = state(task.hidden), state(task.hidden), state(task.hidden)
        self.x, self.z = state(task.sizes), state(task.sizes)
        self.gain = [torch.empty(self.rows, 1) for _ in task.sizes]

    @torch.no_grad()
    def batch(self, images, labels, update):
        half, last = self.rows // 2, len(self.w)
        inputs = self.encode.dense(images, labels)
        for states in (self.synaptic, self.v, self.x, self.z):
            for variable in states:
                variable.zero_()
        for gain in self.gain:
            gain.fill_(1 / math.sqrt(FLOOR_X2))
        for spikes in inputs:
            for level, (x, z) in enumerate(zip(self.x, self.z, strict=True)):
                if level < last:
                    z.addcmul_(x, self.gain[level], value=1 / self.task.steps)
                x.mul_(self.decay_x)
                if level:
                    v, synaptic = self.v[level - 1], self.synaptic[level - 1]
                    torch.mul(synaptic, self.gain[level - 1], out=self.current[level - 1])
                    v.lerp_(self.current[level - 1], 1 - self.decay_m)
                    synaptic.mul_(self.decay_syn)
            fired = [spikes, *((v > 1).to(v.dtype) for v in self.v)]
            for level, (x, gain) in enumerate(zip(self.x, self.gain, strict=True)):
                x.add_(fired[level])
                # the gain that the next step sees
                torch.linalg.vector_norm(x, dim=1, keepdim=True, out=gain)
                gain.square_().div_(x.shape[1]).add_(FLOOR_X2).rsqrt_()
                if level:
                    self.v[level - 1].sub_(fired[level])
                    self.synaptic[level - 1].addmm_(fired[level - 1], self.w[level - 1])
        loss = 0.0
        for level, w in enumerate(self.w):
            x = self.x[level + 1]
            g = x.square().mean(1, keepdim=True)
            difference = ALPHA * (g[:half] - g[half:])
            loss += float(F.softplus(-difference).mean())
            modulator = ALPHA * torch.sigmoid(-difference)
            w.grad.addmm_(
                self.z[level].t(),
                x * torch.cat([modulator, -modulator]),
                beta=0 if self.fresh else 1,
                alpha=-1 / self.samples_per_update,
            )
        self.mean_trace = float(self.x[-1].mean())
        self.fresh = update
        if update:
            self.optimizer.step()
        return loss


class Compiled(ByHand):
    """The same, with the neurons' steps fused by torch.compile."""

    name = "PyTorch by events, torch.compile"
    counted = ByHand.counted.replace(
        "dense in-place operations for the neurons", "the neurons compiled, 5 steps a call"
    )
    BLOCK = 5  # more steps in one function compile longer and run slower

    def __init__(self, task, batch):
        super().__init__(task, batch)
        torch._dynamo.reset()  # each batch size is compiled for itself, without PyTorch's limit on variants
        self.block = torch.compile(lif_block, dynamic=False)

    def lif(self, current, gain, spikes):
        v = torch.zeros_like(current[0])
        synaptic = torch.zeros_like(v)
        spikes[0].zero_()
        # spikes that arrive in a step move the membrane in the next one
        pieces = (part.split(self.BLOCK) for part in (current[:-1], gain[:-1], spikes[1:]))
        for now, g, out in zip(*pieces, strict=True):
            self.block(now, g, v, synaptic, out, self.decay_syn, self.decay_m)


# -- snnTorch ------------------------------------------------------------------------------------------------------
class SnnTorch:
    """snn.Leaky with surrogate gradients: autograd through time within each layer, none between the layers."""

    name = "snnTorch"
    counted = (
        "encoding, {steps} steps of snn.Leaky for a positive and a negative presentation in one batch, autograd "
        f"through time within each layer (fast sigmoid), layers detached, {LOCAL}, one step every {{every}} samples; "
        "one nn.Linear call for all steps of a layer, on the normalised traces of the layer below"
    )
    packages = ("snntorch", "torch", "numpy")
    learns = True

    def __init__(self, task, batch):
        import snntorch as snn
        from snntorch import surrogate

        self.task, self.encode = task, Encoder(task)
        self.linear = torch.nn.ModuleList()
        for w in task.weights():
            layer = torch.nn.Linear(*w.shape, bias=False)
            layer.weight.data.copy_(w.t())
            self.linear.append(layer)
        self.decay_m, self.decay_x = math.exp(-1 / TAU_M), math.exp(-1 / TAU_X)
        self.leaky = [snn.Leaky(beta=self.decay_m, spike_grad=surrogate.fast_sigmoid()) for _ in task.hidden]
        self.optimizer = torch.optim.Adam(self.linear.parameters(), lr=LEARNING_RATE, fused=True)
        self.batches_per_update = max(1, MINI_BATCH // batch)
        self.at_end = self.decay_x ** torch.arange(task.steps - 1, -1, -1.0)

    def parameters(self):
        return list(self.linear.parameters())

    @torch.no_grad()
    def normalised(self, spikes):
        """Traces of all steps divided by their root mean square, one step late; overwrites the spikes."""
        for before, now in zip(spikes, spikes[1:], strict=False):
            now.add_(before, alpha=self.decay_x)
        gain = (FLOOR_X2 + torch.linalg.vector_norm(spikes, dim=-1, keepdim=True) ** 2 / spikes.shape[-1]).rsqrt_()
        out = torch.zeros_like(spikes)
        # the membrane's own factor goes in here, where it costs nothing
        torch.mul(spikes[:-1], gain[:-1].mul_(1 - self.decay_m), out=out[1:])
        return out

    def present(self, images, labels):
        """Layer by layer: goodness of each presentation, and trace x at the end."""
        below = self.encode.dense(images, labels)
        for linear, leaky in zip(self.linear, self.leaky, strict=True):
            current = linear(self.normalised(below).flatten(0, 1)).view(self.task.steps, len(images), -1)
            membrane, spikes = torch.zeros_like(current[0]), []
            for now in current:
                spike, membrane = leaky(now, membrane)
                spikes.append(spike)
            spikes = torch.stack(spikes)
            x = torch.tensordot(self.at_end, spikes, 1)
            yield x.square().mean(1), x
            below = spikes.detach()

    def batch(self, images, labels, update):
        half, total = len(images) // 2, 0.0
        for g, x in self.present(images, labels):
            total = total + F.softplus(-ALPHA * (g[:half] - g[half:])).mean()
            self.mean_trace = float(x.detach().mean())
        (total / self.batches_per_update).backward()
        if update:
            self.optimizer.step()
            self.optimizer.zero_grad()
        return float(total.detach())


# -- BindsNET ------------------------------------------------------------------------------------------------------
def bindsnet_network():
    """bindsnet.network and bindsnet.learning alone: the package's own start imports games, data sets and plots."""
    if "bindsnet" not in sys.modules:
        package = types.ModuleType("bindsnet")
        package.__path__ = list(importlib.util.find_spec("bindsnet").submodule_search_locations)
        sys.modules["bindsnet"] = package
    network = importlib.import_module("bindsnet.network")  # before learning: they import each other
    return network, importlib.import_module("bindsnet.learning")


class BindsNet:
    """Layers of LIFNodes that learn by PostPre (STDP), the rule that BindsNET's examples use."""

    name = "BindsNET"
    counted = (
        "encoding, {steps} steps for two presentations a sample, learning of all layers by ANOTHER RULE: PostPre (STDP "
        "in every step); no goodness, no normalisation between layers, no Adam, LIFNodes without synaptic current; "
        "modules network and learning only, on the pinned PyTorch instead of the newer one its package asks for"
    )
    packages = ("bindsnet", "torch", "numpy")
    learns = False  # nothing that a loss would show
    # Jumps of the membrane, without a slow current, need larger weights than the other rivals' to spike as often.
    GAIN = 3.0

    def __init__(self, task, batch):
        network, learning = bindsnet_network()
        self.task, self.encode = task, Encoder(task)
        self.net = network.Network(dt=1.0, batch_size=2 * batch)
        layers = [network.nodes.Input(n=task.n_inputs, traces=True, tc_trace=TAU_X)]
        layers += [
            network.nodes.LIFNodes(
                n=n, traces=True, tc_trace=TAU_X, thresh=1.0, rest=0.0, reset=0.0, refrac=0, tc_decay=TAU_M
            )
            for n in task.hidden
        ]
        for level, layer in enumerate(layers):
            self.net.add_layer(layer, name=str(level))
        self.connections = []
        for level, w in enumerate(task.weights()):
            connection = network.topology.Connection(
                source=layers[level],
                target=layers[level + 1],
                w=w * self.GAIN,
                update_rule=learning.PostPre,
                nu=(1e-6, 1e-6),
            )
            self.net.add_connection(connection, source=str(level), target=str(level + 1))
            self.connections.append(connection)
        self.last, self.optimizer = layers[-1], None

    def parameters(self):
        return [connection.w for connection in self.connections]

    @torch.no_grad()
    def batch(self, images, labels, update):
        self.net.reset_state_variables()
        self.net.run(inputs={"0": self.encode.dense(images, labels)}, time=self.task.steps)
        self.mean_trace = float(self.last.x.mean())


RIVALS = {
    "snntorch": SnnTorch,
    "step-by-step": StepByStep,
    "by-hand": ByHand,
    "compiled": Compiled,
    "bindsnet": BindsNet,
}


# -- measuring -----------------------------------------------------------------------------------------------------
def check_learning(rival, task, updates=30):
    """The loss of a small fixed set of samples must fall; and weights must change where there is no loss."""
    model, data = rival(task, MINI_BATCH), Data(task, MINI_BATCH)
    if not rival.learns:
        start = [w.clone() for w in model.parameters()]
        model.batch(*data.batch(0, MINI_BATCH), True)
        if any(torch.equal(a, w) for a, w in zip(start, model.parameters(), strict=True)):
            raise RuntimeError(f"{rival.name}: weights of a layer did not change")
        return None
    losses = [model.batch(*data.batch(0, MINI_BATCH), True) for _ in range(updates)]
    if not losses[-1] < 0.8 * losses[0]:
        raise RuntimeError(f"{rival.name}: the loss went from {losses[0]:.3f} to {losses[-1]:.3f}: it does not learn")
    return [losses[0], losses[-1]]


@torch.no_grad()
def restart(model, weights):
    for w, value in zip(model.parameters(), weights, strict=True):
        w.copy_(value)
    if model.optimizer is not None:
        for state in model.optimizer.state.values():
            for value in state.values():
                value.zero_()


def measure(rival, task, batch, data, repeats, seconds):
    """Samples a second, each repeat at least so many seconds of whole mini-batches; the first one warms up.

    Also the share of the processor that each repeat got; below about 0.98, something else ran on the core.
    """
    model = rival(task, batch)
    every = max(1, MINI_BATCH // batch)  # batches between two steps of the optimizer
    rounds = -(
        -max(len(data.labels), batch) // (every * batch)
    )  # updates on about as many samples as benchmarks/run.py trains on
    start = [w.clone() for w in model.parameters()]
    number, rates, shares = 0, [], []
    for repeat in range(repeats + 1):
        elapsed, busy, done = 0.0, 0.0, 0
        while done == 0 or (repeat > 0 and elapsed < seconds):
            # From the first weights again: spikes become more as the network learns, and cost more.
            restart(model, start)
            wall, processor = time.perf_counter(), time.process_time()
            for part in range(every * rounds):
                model.batch(*data.batch(number, batch), part % every == every - 1)
                number += 1
                done += batch
            elapsed += time.perf_counter() - wall
            busy += time.process_time() - processor
        rates.append(done / elapsed)
        shares.append(busy / elapsed)
    return rates[1:], shares[1:], model.mean_trace, every * batch


def rows_of(rival, task, batches, repeats, seconds, images):
    layers = "-".join(map(str, task.sizes))
    common = {"what": f"{rival.name}, training {layers}, {task.encoder}", "rival": rival.name}
    try:
        versions = {name: importlib.metadata.version(name) for name in rival.packages}
        losses = check_learning(rival, task)
    except (ImportError, torch._dynamo.exc.TorchDynamoException) as error:
        trouble = "not installed" if isinstance(error, ImportError) else "torch.compile does not work here"
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        return [{**common, "batch": None, "samples_per_second": None, "counted": f"{trouble}: {reason}"}]
    data, rows = Data(task, images), []
    for batch in batches:
        rates, shares, mean_trace, samples = measure(rival, task, batch, data, repeats, seconds)
        counted = rival.counted.format(steps=task.steps, every=samples)
        row = {
            "batch": batch,
            "samples_per_second": statistics.median(rates),
            "repeats": rates,
            "processor_share": shares,
            "counted": counted,
        }
        rows.append({**common, **row, "versions": versions, "mean_trace": mean_trace, "loss_in_check": losses})
        progress = f"{common['what']}, batch {batch}: {row['samples_per_second']:.0f} samples/s"
        print(progress, file=sys.stderr, flush=True)
    return rows


def keep_memory():
    """Let the C library keep what is freed, or every large tensor is mapped and cleared by the kernel anew."""
    try:
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(-4, 0)  # M_MMAP_MAX
        libc.mallopt(-1, 2**31 - 1)  # M_TRIM_THRESHOLD
    except (OSError, AttributeError):
        pass  # another C library: its own habits then


def processor():
    try:
        return next(line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def numbers(text):
    return tuple(int(part) for part in text.split(","))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hidden", type=numbers, default=(500, 500))
    parser.add_argument("--steps", type=int, default=50, help="of 1 ms, a presentation")
    parser.add_argument("--inputs", type=int, default=884, help="pixels and the 100 neurons of the label")
    parser.add_argument("--encoder", choices=("ttfs", "poisson"), default="ttfs")
    parser.add_argument("--batches", type=numbers, default=(1, 10, 50, 200, 500), help="samples, comma between")
    parser.add_argument(
        "--images", type=int, default=IMAGES, help="different ones, and samples from the first weights on"
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="least length of a repeat")
    parser.add_argument("--only", choices=RIVALS, action="append", help="this rival only (may be given several times)")
    parser.add_argument("--quick", action="store_true", help="a small network, once, two batch sizes")
    args = parser.parse_args()
    if args.quick:
        args.hidden, args.batches, args.repeats, args.seconds, args.images = (100, 100), (1, 20), 1, 0.2, 20
    if args.inputs <= N_CLASSES * LABEL_NEURONS:
        parser.error(f"--inputs: more than the {N_CLASSES * LABEL_NEURONS} neurons of the label")
    torch.set_num_threads(1)
    keep_memory()
    torch.manual_seed(1)
    task = Task(args.inputs, args.hidden, args.steps, args.encoder)
    rows = []
    for name in args.only or RIVALS:
        rows += rows_of(RIVALS[name], task, args.batches, args.repeats, args.seconds, args.images)
    machine = {"processor": processor(), "python": platform.python_version(), "threads": torch.get_num_threads()}
    print(json.dumps({"machine": machine, "settings": vars(args), "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
