"""Training as a whole: samples a second through FeedForwardNetwork, and what a sample consists of.

One sample is one positive and one negative presentation, with learning of all layers.
"""

import time
from dataclasses import dataclass

import numpy as np
from ordinary import MINI_BATCH, OrdinaryNetwork

from brianff.devices.cpp import CppSimulator
from brianff.equations.compose import compose
from brianff.learning.phases import Phases
from brianff.network.architecture import Architecture

__all__ = ["ACTIVE_PIXELS", "Case", "MINI_BATCH", "side_by_side"]

ACTIVE_PIXELS = 0.19  # as in MNIST


@dataclass
class Case:
    """A compiled network and a chunk of training on images as bright as MNIST's."""

    name: str
    encoder: str = "time_to_first_spike"
    hidden: tuple = (500, 500)
    batch: int = 10
    dtype: str = "float64"
    steps: int = 50
    samples: int = 1000
    active: float = ACTIVE_PIXELS
    ordinary: bool = False
    mini_batch: int = MINI_BATCH
    images: int = 200

    def __post_init__(self):
        composition = compose(models=dict(encoder=self.encoder))
        self.rows = max(2, self.samples // self.batch)
        self.architecture = a = Architecture(
            784,
            10,
            self.hidden,
            batch=self.batch,
            n_steps=self.steps,
            capacity=2 * self.rows,
            images=self.images,
            dtype=self.dtype,
        )
        self.simulator = CppSimulator(a, composition, print, network=OrdinaryNetwork if self.ordinary else None)
        self.set_inputs(self.active)

    def set_inputs(self, active):
        a, rng = self.architecture, np.random.default_rng(2)
        images = np.clip(rng.normal(0.6, 0.3, (a.images, a.n_pixels)), 0.1, 1)
        images *= rng.random(images.shape) < active
        n = self.rows * a.batch
        samples = np.arange(n) % a.images
        labels = rng.integers(0, a.n_classes, n)
        number = 2 * np.arange(n)
        negative = samples, (labels + 1) % a.n_classes, number + 1
        schedule = Phases.paired().schedule((samples, labels, number), negative, a)
        self.epochs = len(schedule)
        self.inputs = {"images": images, **schedule.inputs(a)}
        if self.encoder == "poisson_rate":
            self.inputs["neurons0.rate_max"] = 100.0  # Hz, as in rivals.py
        rates = np.zeros(a.capacity + 1)
        every = max(1, self.mini_batch // a.batch)
        rates[2 * every - 1 :: 2 * every] = 1e-3
        for level, projection in enumerate(a.projections, start=1):
            self.inputs[projection.key("w")] = rng.normal(size=projection.n_values) * 1.5 / np.sqrt(projection.fan_in)
            self.inputs[f"layer{level}.samples_per_update"] = float(max(self.mini_batch, a.batch))
            self.inputs[f"learning_rate_at{level}"] = rates
            if not self.ordinary:
                self.inputs[f"synapses{level}.plastic"] = True

    def _run(self, n_epochs):
        """As training does it: no traces are recorded."""
        start = time.perf_counter()
        with self.simulator.run(self.inputs | {"layer0.traces_wanted": False}, n_epochs):
            return time.perf_counter() - start

    def mean_trace(self):
        """Of the last layer, over all stimulus epochs: to compare what networks of other libraries do."""
        with self.simulator.run(self.inputs, self.epochs) as results:
            return float(results.recorded("record_x2", "x", self.epochs).mean())

    def seconds_per_sample(self):
        """Of one run, less what a run of two stimulus epochs takes: the start of the process and its files."""
        whole, start = self._run(self.epochs), self._run(2)
        return (whole - start) / ((self.rows - 1) * self.batch)

    def bytes_of_weights(self):
        """Bytes of all synaptic arrays, for each weight (what learning adds included)."""
        variables = self.simulator.manifest
        n = sum(projection.n_values for projection in self.architecture.projections)
        return (
            sum(
                spec.get("size", 0) * np.dtype(spec["dtype"]).itemsize
                for name, spec in variables.items()
                if name.startswith("synapses")
            )
            / n
        )

    def spikes_per_sample(self):
        """Spikes of every layer in one sample of the chunk, from a recording: they change as the network learns."""
        recorder = CppSimulator(self.architecture, compose(models=dict(encoder=self.encoder)), print, record=True)
        with recorder.run(self.inputs, self.epochs) as results:
            n_spikes = [len(results[f"spikes{level}.i"]) for level in range(len(self.hidden) + 1)]
        return [n / (self.rows * self.batch) for n in n_spikes]


def side_by_side(cases, repeats):
    """Samples a second of each case: medians over `repeats` rounds, in which every case has its turn."""
    seconds = {case.name: [] for case in cases}
    for _ in range(repeats):
        for case in cases:
            seconds[case.name].append(case.seconds_per_sample())
    return {name: 1 / float(np.median(values)) for name, values in seconds.items()}
