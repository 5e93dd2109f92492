"""What a user would take instead of brianff, on MNIST: mlGeNN's EventProp or e-prop, on one core of a CPU.

    OMP_NUM_THREADS=1 runs/bench/genn-env/bin/python benchmarks/peer_mlgenn.py --mnist DIR

Prints one JSON object a line, each after `--every` samples of training: accuracy on the last 5 000 images of the
training file, which are held out, and the processor seconds of training. The test file is not read. Seconds are those
within mlGeNN's `train`, and of shuffling and moving images; without reading files, turning images to spikes (each
once, before training), writing and compiling code, and testing. Stops at an accuracy of 0.985 or after `--limit-
seconds` of these.

Networks and settings are those of mlGeNN's examples of latency-coded MNIST: 784-128-10 neurons, the hidden ones leaky
integrate-and-fire, read out by leaky integrators; softmax and cross-entropy; Adam.  EventProp has 20 steps of 1 ms, 32
samples an update and a learning rate of 0.01.  E-prop has 80 steps, 128 samples an update and a learning rate of 0.001.
Options can change most of these; `--shift 2` moves images as another of the examples does.

Three things differ from the examples, which are written for a GPU:

- GeNN's CPU backend shows one sample at a time.  Here the gradients of a batch are added up before Adam uses them, once
  a batch; for Adam, a sum is as good as a mean.  The last sample before each test is without effect in EventProp, which
  learns from a sample during the next one.
- GeNN's code is compiled with optimization, which is off unless asked for, and for this processor (-march=native).
- EventProp keeps fewer spikes a neuron in memory; no neuron has more of them, so that the results are the same.

The environment, of GeNN 5.4.0 and mlGeNN 2.4.0 (whose setup.py says 2.3.1), needs g++, make, git, pkg-config and
libffi's headers (on Debian: apt-get install g++ make git pkg-config libffi-dev).  In the folder of the repository:

    python3.12 -m venv runs/bench/genn-env
    runs/bench/genn-env/bin/python -m pip install pybind11==3.1.0 pkgconfig==1.6.0 setuptools==80.10.2 wheel==0.48.0
    runs/bench/genn-env/bin/python -m pip install numpy==2.5.5 psutil==7.2.2 tqdm==4.70.1 enum-compat==0.0.3
    runs/bench/genn-env/bin/python -m pip install deprecated==3.0.1
    git clone --branch 5.4.0 https://github.com/genn-team/genn runs/bench/genn
    git clone --branch ml_genn_2_4_0 https://github.com/genn-team/ml_genn runs/bench/ml_genn
    env -u CUDA_PATH runs/bench/genn-env/bin/python -m pip install --no-build-isolation --no-deps ./runs/bench/genn
    runs/bench/genn-env/bin/python -m pip install --no-build-isolation --no-deps ./runs/bench/ml_genn/ml_genn

Building GeNN takes some six minutes of a core.
"""

import argparse
import json
import os
import tempfile
import time

import numpy as np
from held_out import VALIDATION, read
from ml_genn import InputLayer, Layer, SequentialNetwork
from ml_genn.callbacks import Callback
from ml_genn.compilers import EPropCompiler, EventPropCompiler, eprop_compiler, event_prop_compiler
from ml_genn.connectivity import Dense
from ml_genn.initializers import Normal
from ml_genn.neurons import LeakyIntegrate, LeakyIntegrateFire, SpikeInput
from ml_genn.optimisers import Adam
from ml_genn.synapses import Exponential
from ml_genn.utils.data import calc_latest_spike_time, linear_latency_encode_data, log_latency_encode_data

PIXELS = 784
CLASSES = 10
LINEAR_STEPS = 20  # of a millisecond, EventProp's; pixels spike within the 3rd to the 19th


class BatchAdam(Adam):
    """Adam that counts updates; `train` gives it the number of samples, as it takes each for a batch."""

    def __init__(self, rate, batch):
        super().__init__(rate)
        self.batch = batch

    def set_step(self, genn_cu, step):
        super().set_step(genn_cu, step // self.batch)


class Clock(Callback):
    """When training last ended; what `train` does after that is the test.  `train` takes copies of callbacks."""

    def __init__(self):
        self.ended = [0.0]

    def on_epoch_end(self, epoch, metrics):
        self.ended[0] = time.process_time()


def moved(images, deviation, rng):
    """Each image moved by a whole number of pixels in either direction, drawn from a normal distribution."""
    reach = 28
    padded = np.pad(images, ((0, 0), (reach, reach), (reach, reach)))
    moves = np.clip(np.rint(rng.normal(scale=deviation, size=(len(images), 2))), -reach, reach).astype(int) + reach
    rows, columns = (moves[:, i, None] + np.arange(28) for i in (0, 1))
    return padded[np.arange(len(images))[:, None, None], rows[:, :, None], columns[:, None, :]]


class EventProp:
    """Settings of mlGeNN's example of EventProp on latency-coded MNIST."""

    system = "mlGeNN, EventProp, CPU"
    batch = 32
    rate = 1e-2
    gradients = {}  # it clears those of the test by itself

    def encode(self, images):
        return linear_latency_encode_data(images.reshape(-1, PIXELS), LINEAR_STEPS - 2.0, 2.0)

    def network(self, hidden):
        network = SequentialNetwork(event_prop_compiler.default_params)
        with network:
            source = InputLayer(SpikeInput(max_spikes=PIXELS), PIXELS)
            lif = LeakyIntegrateFire(v_thresh=1.0, tau_mem=20.0, tau_refrac=None)
            Layer(Dense(Normal(mean=0.078, sd=0.045)), lif, hidden, Exponential(5.0))
            readout = LeakyIntegrate(tau_mem=20.0, readout="avg_var")
            output = Layer(Dense(Normal(mean=0.2, sd=0.37)), readout, CLASSES, Exponential(5.0))
        return network, source, output

    def compile(self, network, spikes, args):
        return EventPropCompiler(
            example_timesteps=LINEAR_STEPS,
            losses="sparse_categorical_crossentropy",
            optimiser=BatchAdam(args.learning_rate, args.batch),
            max_spikes=64,  # a neuron's, in the two trials it has in memory; the usual 500 is slower here
            rng_seed=args.seed + 1,  # GeNN takes 0 for a seed of its own choice
            backend="single_threaded_cpu",
            optimize_code=True,
        ).compile(network)


class EProp:
    """Settings of mlGeNN's example of e-prop on latency-coded MNIST."""

    system = "mlGeNN, e-prop, CPU"
    batch = 128
    rate = 1e-3
    gradients = {"DeltaG": "connection_populations", "DeltaBias": "neuron_populations"}

    def encode(self, images):
        return log_latency_encode_data(images.reshape(-1, PIXELS), 20.0, 51)

    def network(self, hidden):
        network = SequentialNetwork(eprop_compiler.default_params)
        with network:
            source = InputLayer(SpikeInput(max_spikes=PIXELS), PIXELS)
            lif = LeakyIntegrateFire(v_thresh=0.61, tau_mem=20.0, tau_refrac=5.0)
            Layer(Dense(Normal(sd=PIXELS**-0.5)), lif, hidden)
            output = Layer(Dense(Normal(sd=hidden**-0.5)), LeakyIntegrate(tau_mem=20.0, readout="sum_var"), CLASSES)
        return network, source, output

    def compile(self, network, spikes, args):
        return EPropCompiler(
            example_timesteps=int(np.ceil(calc_latest_spike_time(spikes))),
            losses="sparse_categorical_crossentropy",
            optimiser=BatchAdam(args.learning_rate, args.batch),
            rng_seed=args.seed + 1,  # GeNN takes 0 for a seed of its own choice
            backend="single_threaded_cpu",
            optimize_code=True,
        ).compile(network)


METHODS = {"eventprop": EventProp, "eprop": EProp}


def update_every(net, batch, samples):
    """Let the optimiser run once a batch, and after the last of these samples, in place of after each sample."""
    for callback in net.base_train_callbacks:
        if getattr(callback, "name", None) == "GradientLearn":
            callback.filter_fn = lambda sample: sample > 0 and (sample % batch == 0 or sample + 1 == samples)


def clear(net, gradients):
    """Forget what the test added to the gradients."""
    for name, kind in gradients.items():
        for population in getattr(net, kind).values():
            if name in population.vars:
                population.vars[name].view[:] = 0
                population.vars[name].push_to_device()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", metavar="DIR", required=True)
    parser.add_argument("--method", choices=METHODS, default="eventprop")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hidden", type=int, default=128, help="neurons (default: 128, as in mlGeNN's examples)")
    parser.add_argument("--batch", type=int, help="samples an update (default: as in mlGeNN's examples)")
    parser.add_argument("--learning-rate", type=float, help="(default: as in mlGeNN's examples)")
    parser.add_argument("--shift", type=float, default=0.0, help="deviation, in pixels, by which images are moved")
    parser.add_argument("--every", type=int, default=5500, help="samples between two tests")
    parser.add_argument("--target", type=float, default=0.985, help="accuracy at which to stop")
    parser.add_argument("--limit-seconds", type=float, default=900)
    args = parser.parse_args()
    method = METHODS[args.method]()
    args.batch = args.batch or method.batch
    args.learning_rate = args.learning_rate or method.rate
    images, labels = read(args.mnist)
    spikes = method.encode(images)
    test_spikes, test_labels = spikes[-VALIDATION:], labels[-VALIDATION:]
    n = len(images) - VALIDATION
    rng, clock = np.random.default_rng(args.seed), Clock()
    network, source, output = method.network(args.hidden)
    os.environ.setdefault("CXX", "g++ -march=native")  # for the makefiles that GeNN writes
    os.environ.setdefault("MAKEFLAGS", "--no-print-directory")  # make says nothing among the results
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # where GeNN writes its code
        net = method.compile(network, spikes, args)
        done, seconds = 0, 0.0
        with net:
            while True:
                began = time.process_time()
                first = done % n
                if first == 0:
                    order = rng.permutation(n)
                rows = order[first : first + args.every]
                if args.shift:
                    shown = method.encode(moved(images[rows], args.shift, rng))
                else:
                    shown = [spikes[i] for i in rows]
                update_every(net, args.batch, len(rows))
                _, tested, _, _ = net.train(
                    {source: shown},
                    {output: labels[rows]},
                    num_epochs=1,
                    start_epoch=done // args.every,  # for Adam's count of updates
                    shuffle=False,
                    callbacks=[clock],
                    validation_callbacks=[],
                    validation_x={source: test_spikes},
                    validation_y={output: test_labels},
                )
                done += len(rows)
                seconds += clock.ended[0] - began
                clear(net, method.gradients)
                accuracy = float(tested[output].result)
                row = dict(system=method.system, seed=args.seed, samples=done, seconds=seconds, accuracy=accuracy)
                print(json.dumps(row), flush=True)
                if accuracy >= args.target or seconds > args.limit_seconds:
                    break
        os.chdir("/")  # a folder in use cannot be deleted everywhere


if __name__ == "__main__":
    main()
