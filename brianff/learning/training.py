"""Training: a loop over chunks of stimulus epochs, each one run of the simulator and one checkpoint.

The samples of all training epochs form one stream; sample s is position ``s % n_train`` of a random order drawn for
training epoch ``s // n_train``.  The stream is cut into rows of `batch` samples, presented side by side: a positive
stimulus epoch, then a negative one.  After every `mini_batch` samples the optimizer takes a step.  Before every
`refresh` samples a pass with a neutral label trains the readout and asks for its beliefs, from which hard negatives are
drawn.  Nothing else depends on where a chunk ends, so an interrupted run goes on to the same weights, bit for bit.

Nor does the result depend on `batch`, for the same mini-batch: up to the order of additions, the weights are the same.
Only rules that change weights while presentations run side by side (`online`) see each other's changes then.
"""

import dataclasses
import resource
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from brianff import datasets
from brianff.devices import device_option, simulator
from brianff.endings import Stopped
from brianff.equations.compose import compose
from brianff.equations.kinds import FORWARD_FORWARD
from brianff.errors import OptionError
from brianff.learning import runs
from brianff.learning.checkpoints import Whole, check_checkpoint
from brianff.learning.evaluation import NO_PREDICTION, evaluate, group_goodness, present
from brianff.learning.finite import not_finite, require_finite
from brianff.learning.health import Health, lower_threshold
from brianff.learning.readout import SoftmaxReadout, features
from brianff.learning.recordings import record_presentations
from brianff.network.feedforward import LABEL_NEUTRAL, LABEL_NONE, Architecture
from brianff.options import EPOCHS, NEURONS, SAMPLES, SEED, STEPS, TIME_STEP, Options, option, parameters_of
from brianff.results import RunFolder
from brianff.stimulus import (
    EVALUATION_PRESENTATIONS,
    NEUTRAL_PRESENTATIONS,
    Schedule,
    drawn,
    hybrids_of,
    moved,
    stream,
    wrong_labels,
)

__all__ = [
    "Config", "Progress", "Stopped", "Trainer", "check_input", "check_options", "cpu_seconds", "default_encoder",
    "limited", "load_data", "record_run",
]  # fmt: skip


def cpu_seconds():
    """Processor time so far: (of this process, of those that it has started and waited for)."""
    usage = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return np.array([u.ru_utime + u.ru_stime for u in usage])


def check_options(config):
    """Refuse options, of those that all trainers of spiking networks have, that do not go with each other."""
    if config.mini_batch % config.batch:
        raise OptionError(f"--mini-batch {config.mini_batch} is not a multiple of --batch {config.batch}.")


@dataclass(frozen=True)
class Config(Options):
    """All options of a training run.

    The defaults of the fields that are None depend on the data set (`PRESETS`).
    """

    dataset: str = option("digits", "data set", choices=datasets.names())
    data: str | None = option(None, "folder that holds the data set's files; for events, the file", metavar="DIR")
    download: bool = option(False, "download the data set if it is not on this machine")
    validation: int | None = option(None, "samples held out of the training set", low=0)
    split_seed: int = option(0, "seed of the split into training, validation and (digits) test set", **SEED)
    limit: int | None = option(None, "use only this many training samples", low=1)

    neuron: str = option("lif", "neuron model: name or file")
    encoder: str | None = option(
        None, "encoder: name or file (default: time_to_first_spike, or spike_times for spike trains)"
    )
    goodness: str = option("sum_of_squares", "goodness: name or file")
    rule: str = option("symba", "learning rule: name or file")
    optimizer: str = option("adam", "optimizer: name or file")
    dale: float | None = option(
        None, "Dale's principle: this part of the neurons of every layer excites, the others inhibit", above=0, below=1
    )
    set: tuple[str, ...] = option(
        (), "replace a parameter of the models, as in tau_m=10*ms", metavar="NAME=VALUE", parameters=True
    )

    hidden: tuple[int, ...] | None = option(
        None, "neurons of each hidden layer, as in 500,500", metavar="N,N", some=True, **NEURONS
    )
    label_neurons: int = option(10, "input neurons for each class", low=0, high=10_000)
    steps: int | None = option(None, "time steps of a stimulus epoch", **STEPS)
    dt: float | None = option(None, "time step in ms", **TIME_STEP)
    batch: int = option(10, "presentations simulated side by side: a matter of speed, not of the result", **SAMPLES)
    init_gain: float = option(
        1.5, "initial weights have standard deviation init_gain/sqrt(number of inputs)", above=0, high=1000
    )

    epochs: int | None = option(None, "passes over the training set (layer by layer: for each layer)", **EPOCHS)
    mini_batch: int | None = option(
        None, "samples between two steps of the optimizer; those left at the end make none", **SAMPLES
    )
    learning_rate: float | None = option(None, "learning rate at the start", low=0, high=1000)
    final_rate: float = option(0.05, "learning rate at the end, as a fraction; linear in between", low=0, high=1)
    layers: str = option("together", "train all layers at once, or in turn", choices=["together", "in-turn"])
    negatives: str = option(
        "hard",
        "negative samples: wrong labels in proportion to the network's belief, uniform wrong labels, hybrid images "
        "without labels, or none: no negative phase and no label input, for class groups",
        choices=["hard", "uniform", "hybrid", "none"],
    )
    dropout: float | None = option(
        None, "part of the pixels that stay dark in a training sample, the same ones in both phases", low=0, below=1
    )
    jitter: int = option(0, "pixels by which a training image is moved at most, in both directions", low=0)
    uniform_share: float = option(0.2, "part of the hard negatives that is drawn uniformly", low=0, high=1)
    readout_rate: float = option(2e-3, "learning rate of the softmax readout", low=0, high=1)
    refresh: int | None = option(None, "samples between two readings of the network's beliefs", **SAMPLES)

    device: str = device_option()
    dtype: str = option("float64", "precision of all state variables", choices=["float64", "float32"])
    chunk: int | None = option(None, "samples between two checkpoints", **SAMPLES)
    validate: int = option(1000, "validation samples used after each epoch (0: all)", low=0)
    record_samples: tuple[int, ...] = option(
        (0, 1, 2),
        "test samples whose spikes and membranes are recorded, in both phases, counted from 0",
        metavar="N,N",
        low=0,
        distinct=True,
        some=True,
    )
    record_neurons: tuple[int, ...] = option(
        tuple(range(12)),
        "neurons of each layer whose membrane is recorded (all spikes are), counted from 0",
        metavar="N,N",
        low=0,
        distinct=True,
        some=True,
    )
    seed: int = option(1, "seed of weights, order, negatives and encoder noise", **SEED)

    def resolved(self):
        """The same configuration with the defaults of its data set filled in."""
        preset = PRESETS.get(self.dataset, PRESETS["mnist"])
        preset = preset | {"encoder": default_encoder(self.dataset)}
        changes = {name: value for name, value in preset.items() if getattr(self, name) is None}
        # A run may be resumed from another folder.
        for name in ("data", *FORWARD_FORWARD.defaults):
            value = getattr(self, name)
            if value is not None and (name == "data" or value.endswith(".py")):
                changes[name] = str(Path(value).resolve())
        return dataclasses.replace(self, **changes)._checked()

    def _checked(self):
        check_options(self)
        if self.refresh % self.batch:
            raise OptionError(f"--refresh {self.refresh} is not a multiple of --batch {self.batch}.")
        if self.labels_shown and self.label_neurons < 1:
            raise OptionError("--label-neurons must be at least 1, or train without labels: --negatives hybrid.")
        return self

    @property
    def labels_shown(self):
        """Whether labels are part of the input."""
        return self.negatives in ("hard", "uniform")


PRESETS = {
    "digits": dict(
        hidden=(200, 200),
        steps=50,
        dt=1.0,
        epochs=40,
        mini_batch=10,
        learning_rate=2e-3,
        refresh=200,
        chunk=200,
        dropout=0.1,
    ),
    "rhythm": dict(
        hidden=(200, 200),
        steps=100,
        dt=2.0,
        epochs=20,
        mini_batch=10,
        learning_rate=2e-3,
        refresh=200,
        chunk=200,
        dropout=0.0,
    ),
    "mnist": dict(
        hidden=(500, 500),
        steps=50,
        dt=1.0,
        epochs=15,
        mini_batch=20,
        learning_rate=1e-3,
        refresh=1000,
        chunk=1000,
        dropout=0.2,
    ),
}


class Progress:
    """What a trainer of layers with a goodness says of its progress, from its `metrics`."""

    def _margins(self, row):
        levels = range(1, len(self.config.hidden) + 1)
        return "margin " + "/".join(f"{row[f'positive{k}'] - row[f'negative{k}']:+.2f}" for k in levels)

    def detail(self, row):
        """What the progress bar says of a chunk."""
        return f"{self._margins(row)}, {row['samples_per_second']:.0f} samples/s"

    def summary(self, row):
        """What is printed of a validation."""
        latest = next(r for r in reversed(self.metrics) if r["what"] == "chunk")
        shown = [f"{k} {row[k]:.4f}" for k in ("goodness", "readout") if k in row]
        tied = f" ({row['ties']:.0f} ties)" if row.get("ties") else ""
        return f"{self._margins(latest)}  validation accuracy by {', by '.join(shown)}{tied}"


class Trainer(Progress):
    """One training run in one results folder.

    Parameters
    ----------
    config : `Config`
        Resolved.
    folder : `RunFolder`
    report : callable
        Called with a sentence when something slow begins or something worth knowing has happened.

    Attributes
    ----------
    position : int
        Rows of the stream that have been learnt.
    metrics : list of dict
    """

    config_class = Config
    together = 10  # samples that share a generator of random numbers, see `brianff.stimulus.drawn`

    def __init__(self, config, folder, report=lambda text: None):
        self.config = config
        self.folder = folder
        self.report = report
        self.data, self.train = load_data(config)
        self.composition = _compose(config)
        self.rows_per_stage = -(-config.epochs * len(self.train) // config.batch)
        samples = config.epochs * len(self.train)
        if samples < config.mini_batch and not self.composition.online:
            raise OptionError(
                f"--mini-batch {config.mini_batch} is more than the {samples} samples of the whole run: lower it, or "
                "raise --limit or --epochs."
            )
        self.supervised = config.labels_shown
        self.phases = 1 if config.negatives == "none" else 2  # stimulus epochs of a sample
        self.architecture = _architecture(config, self.data)
        check_input(self.data, self.composition, self.architecture, report)
        _check_recorded(config, self.data)
        self.simulator = simulator(config.device, self.architecture, self.composition, report)
        self.readout = SoftmaxReadout(
            sum(self.architecture.sizes[1:]) + 1, self.data.n_classes, config.readout_rate, config.mini_batch
        )
        self.position = 0
        self.seconds = 0.0
        self.metrics = []
        self.block_start, self.negative_labels = -1, np.zeros(0, int)
        self._order = (None, None)
        self.synaptic = self._initial_weights()
        L = self.architecture.depth
        self.stages = [range(1, L + 1)] if config.layers == "together" else [[level] for level in range(1, L + 1)]
        self.n_rows = len(self.stages) * self.rows_per_stage
        self.health = self._health()

    # -- starting --------------------------------------------------------------------------------------------------
    @classmethod
    def start(cls, config, path, report=lambda text: None):
        """Begin a new run in a new folder, which is made when everything is known to be in order."""
        config = config.resolved()
        RunFolder.check_new(path)
        trainer = cls(config, RunFolder(path), report)
        trainer.folder = runs.begin(path, config, trainer.data, trainer.composition, report)
        return trainer

    @classmethod
    def resume(cls, path, report=lambda text: None, trust_models=False, **changes):
        """Go on with an interrupted run; `changes` may replace `device` and `data`.

        `trust_models`: load the copies of model files in its folder (they are Python), whoever began the run.
        """
        folder, config = runs.reopen(path, cls.config_class, report, trust_models, cls.config_class.resolved)
        config = dataclasses.replace(config, **{k: v for k, v in changes.items() if v is not None})
        trainer = cls(config, folder, report)
        runs.check_data(folder, trainer.data)
        runs.check_equations(folder, trainer.composition)
        if checkpoint := folder.load_checkpoint(report):
            trainer._restore(*checkpoint)
        return trainer

    def _health(self):
        """Watches the input and the layers, by their names."""
        weaker = f"a larger --init-gain than {self.config.init_gain:g}, or {lower_threshold(self.composition)}"
        remedies = {"the input": f"other parameters of the encoder {self.composition.models['encoder'].name}"}
        remedies |= {f"layer {level}": weaker for level in range(1, len(self.sizes))}
        return Health(list(remedies), len(self.train), remedies)

    @property
    def sizes(self):
        """Neurons of every layer, the input first."""
        return self.architecture.sizes

    @property
    def progress(self):
        """Samples learnt, and samples of the whole run."""
        return self.position * self.config.batch, self.n_rows * self.config.batch

    def _initial_weights(self):
        """Synaptic variables of every layer as ``{"synapses1.w": array, ...}``: weights normal, all else zero."""
        a, out = self.architecture, {}
        for projection in a.projections:
            for key in map(projection.key, self.composition.state_variables()):
                out[key] = np.zeros(self.simulator.size(key))
            out[projection.key("w")] = projection.normal(self.config.seed, self.config.init_gain, self.config.dale)
        return out

    # -- inputs of the simulator -----------------------------------------------------------------------------------
    def inputs(self, learning=None):
        """Everything a run needs beside the stimulus; `learning`: the levels that learn."""
        a = self.architecture
        out = a.plasticity(learning or ())
        for level in range(1, a.depth + 1):
            out[f"layer{level}.samples_per_update"] = float(self.config.mini_batch)
        out["neurons0.seed"] = self.config.seed
        out |= a.inputs(self.config.seed) | self.composition.parameter_inputs(a, self.config.seed)
        if learning:
            out |= self.synaptic
        else:
            out |= {key: self.synaptic[key] for key in (p.key("w") for p in a.projections)}
        return out

    def _shown(self, samples):
        """What the input channels get of samples, (n, n_pixels*events)."""
        a = self.architecture
        return self.data.shown(samples, a.n_steps, a.dt_ms * 1e-3)

    def _altered(self, shown, numbers):
        """What training makes of inputs as `_shown` gives them: moved by some pixels, and without those that drop out.

        The random numbers belong to the number of the sample, so that both phases of a sample are altered alike (a
        difference would tell them apart), and whatever is presented beside it.
        """
        c, a = self.config, self.architecture
        if c.jitter:
            pixels = (-c.jitter, c.jitter + 1)
            by = drawn(c.seed, "jitter", numbers, lambda rng, n: rng.integers(*pixels, size=(n, 2)), self.together)
            shown = moved(shown, self.data.image_shape, by)
        if c.dropout:
            u = drawn(c.seed, "dropout", numbers, lambda rng, n: rng.random((n, a.n_pixels)), self.together)
            kept = u >= c.dropout
            shown = np.where(np.repeat(kept, a.events, axis=1), shown, self.data.dark)
        return shown

    def _samples(self, rows):
        """Samples of rows [start, stop) of the stream, and their numbers; the last row of a stage may be shorter."""
        stage = rows.start // self.rows_per_stage
        first = (rows.start - stage * self.rows_per_stage) * self.config.batch
        last = (rows.stop - stage * self.rows_per_stage) * self.config.batch
        n = len(self.train)
        numbers = np.arange(first, min(last, self.config.epochs * n))
        samples = np.empty(len(numbers), int)
        for epoch in np.unique(numbers // n):
            chosen = numbers // n == epoch
            samples[chosen] = self._permutation(stage, int(epoch))[numbers[chosen] % n]
        return samples, numbers + stage * self.config.epochs * n

    def _permutation(self, stage, epoch):
        if self._order[0] != (stage, epoch):
            order = stream(self.config.seed, "order", stage, epoch).permutation(self.train)
            self._order = ((stage, epoch), order)
        return self._order[1]

    @property
    def _seen(self):
        """Samples that have been learnt, without the empty places in the last row of a stage."""
        stage, rows = divmod(self.position, self.rows_per_stage)
        of_stage = self.config.epochs * len(self.train)
        return stage * of_stage + min(rows * self.config.batch, of_stage)

    # -- the loop --------------------------------------------------------------------------------------------------
    def run(self, progress=lambda done, total, metrics: None):
        """Train to the end.

        Parameters
        ----------
        progress : callable
            Called as ``progress(samples_done, samples_total, row_of_metrics)`` after each chunk.

        Raises
        ------
        Stopped
            On Ctrl-C; the folder can be resumed.
        """
        try:
            if self.position == 0 and not self.folder.has("checkpoint"):
                self._checkpoint()
            while self.position < self.n_rows:
                row = self._chunk()
                self._checkpoint()
                progress(*self.progress, row)
        except KeyboardInterrupt:
            raise Stopped("stopped after {} of {} samples.".format(*self.progress)) from None

    def _check_finite(self, inputs, goodness):
        """Raise the error of numbers that overflowed in a run with `inputs`, which gave each layer's `goodness`."""
        of_layers = {f"layer{level}.goodness": values for level, values in enumerate(goodness, start=1)}

        def before_learning():
            if self.position:
                return None
            still = {name: 0.0 for name in inputs if name.startswith("learning_rate_at")}
            n = self.phases * max(1, self.config.mini_batch // self.config.batch)
            with self.simulator.run({**inputs, **self._initial_weights(), **still}, n) as results:
                found = {name: results[name] for name in self.synaptic}
                levels = range(1, self.architecture.depth + 1)
                found |= {f"layer{k}.goodness": results.recorded(f"record_g{k}", "g", n) for k in levels}
            return not_finite(found)

        require_finite(self.synaptic | of_layers, self._seen, "--init-gain or --set", before_learning)

    def _next_stop(self):
        """Row at which the next chunk ends: never across a refresh, an epoch or a stage."""
        c, here = self.config, self.position
        stage = here // self.rows_per_stage
        base = stage * self.rows_per_stage
        inside = here - base
        stops = [here + max(1, c.chunk // c.batch)]
        block = c.refresh // c.batch
        stops.append(base + (inside // block + 1) * block)
        epoch = (inside * c.batch) // len(self.train)
        for e in (epoch + 1, epoch + 2):  # the row in which an epoch ends belongs to it
            end = base + -(-e * len(self.train) // c.batch)
            if end > here:
                stops.append(end)
        stops.append(base + self.rows_per_stage)
        return min(stops)

    def _chunk(self):
        """Learn from the rows up to the next stop; returns a row of metrics."""
        c, a = self.config, self.architecture
        began = time.perf_counter()
        rows = range(self.position, self._next_stop())
        stage = rows.start // self.rows_per_stage
        base = stage * self.rows_per_stage
        if (rows.start - base) % (c.refresh // c.batch) == 0 or self.block_start < 0:
            self._refresh(rows.start, base)
        samples, numbers = self._samples(rows)
        first = (rows.start - self.block_start) * c.batch
        negative_labels = self.negative_labels[first : first + len(samples)]
        images, schedule = self._present_pairs(samples, numbers, negative_labels)
        rates = self._learning_rates(rows, base)
        learning = self.stages[stage]
        inputs = {**self.inputs(learning), "images": images, **schedule.inputs(a)}
        for level in learning:
            inputs[f"learning_rate_at{level}"] = rates
        with self.simulator.run(inputs, len(schedule)) as results:
            for name in self.synaptic:
                self.synaptic[name] = results[name]
            goodness = [
                self._goodness_of_phases(results, level, len(schedule), self.data.labels[samples])
                for level in range(1, a.depth + 1)
            ]
            active = [results[f"layer{level}.n_spikes"].any() for level in range(len(a.sizes))]
        self._check_finite(inputs, goodness)
        ordered = [float(np.mean(positive > negative)) for positive, negative in goodness]
        told_apart = {f"layer {level}": ordered[level - 1] for level in learning if c.negatives == "hybrid"}
        self.health.after_chunk(len(samples), active, told_apart)
        self.position = rows.stop
        elapsed = time.perf_counter() - began
        self.seconds += elapsed
        row = {
            "what": "chunk",
            "samples": self._seen,
            "epoch": round(self._seen / len(self.train), 4),
            "seconds": round(self.seconds, 3),
            "samples_per_second": round(len(samples) / elapsed, 1),
        }
        for level, (positive, negative) in enumerate(goodness, start=1):
            row[f"positive{level}"] = float(positive.mean())
            row[f"negative{level}"] = float(negative.mean())
            row[f"ordered{level}"] = ordered[level - 1]
        self.metrics.append(row)
        inside = (self.position - base) * c.batch
        if inside // len(self.train) > (inside - len(rows) * c.batch) // len(self.train) or rows.stop == self.n_rows:
            self._validate()
        return self.metrics[-1]

    def _goodness_of_phases(self, results, level, n_epochs, labels):
        """Of the positive and the negative phase; with class groups: of the true and of the best wrong class."""
        n = len(labels)
        if self.phases == 2:
            g = results.recorded(f"record_g{level}", "g", n_epochs)
            return g[0::2].ravel()[:n], g[1::2].ravel()[:n]
        x = results.recorded(f"record_x{level}", "x", n_epochs).reshape(-1, self.architecture.sizes[level])
        g = group_goodness(x[:n], self.data.n_classes)
        true = g[np.arange(n), labels]
        g[np.arange(n), labels] = -np.inf
        return true, g.max(axis=1)

    def _refresh(self, start, base):
        """One pass with a neutral label over the next `refresh` samples: readout, beliefs, negative labels."""
        c = self.config
        stop = min(start + c.refresh // c.batch, base + self.rows_per_stage)
        samples, numbers = self._samples(range(start, stop))
        neutral = np.full(len(samples), LABEL_NEUTRAL if self.supervised else LABEL_NONE)
        _, traces = present(
            self.simulator,
            self.inputs(),
            self._altered(self._shown(samples), numbers),
            np.arange(len(samples)),
            neutral,
            NEUTRAL_PRESENTATIONS + numbers,
        )
        labels = self.data.labels[samples]
        belief = self.readout.learn(features(traces), labels)
        self.block_start = start
        if self.supervised:
            u = np.empty(len(samples))
            n = len(self.train)
            for epoch in np.unique(numbers // n):
                chosen = numbers // n == epoch
                u[chosen] = stream(c.seed, "negatives", epoch).random(n)[numbers[chosen] % n]
            self.negative_labels = wrong_labels(
                labels, u, self.data.n_classes, belief if c.negatives == "hard" else None, c.uniform_share
            )
        else:
            self.negative_labels = np.full(len(samples), LABEL_NONE)

    def _present_pairs(self, samples, numbers, negative_labels):
        a = self.architecture
        n = len(samples)
        images = np.zeros((a.images, a.n_pixels * a.events))
        images[:n] = self._altered(self._shown(samples), numbers)
        own = np.arange(n)
        if self.phases == 1:
            return images, Schedule.positive(own, self.data.labels[samples], 2 * numbers, a.batch)
        if self.supervised:
            positive_labels, negative_images = self.data.labels[samples], own
        else:
            positive_labels, negative_images = np.full(n, LABEL_NONE), own + n
            for k, number in enumerate(numbers):
                rng = stream(self.config.seed, "hybrid", number)
                hybrid = hybrids_of(self.data.images, samples[k : k + 1], self.train, rng)
                images[n + k] = hybrid.reshape(-1) / 255.0
            images[n : 2 * n] = self._altered(images[n : 2 * n], numbers)
        schedule = Schedule.pairs(own, negative_images, positive_labels, negative_labels, 2 * numbers, a.batch)
        return images, schedule

    def _learning_rates(self, rows, base):
        """Learning rate of every stimulus epoch of a chunk: not zero where it is used."""
        c, a = self.config, self.architecture
        rates = np.zeros(a.capacity + 1)
        total = c.epochs * len(self.train)
        for k, row in enumerate(rows):
            seen = min((row - base + 1) * c.batch, total)  # empty places in the last row are no samples
            rate = c.learning_rate * (1 - (1 - c.final_rate) * seen / total)
            first, last = self.phases * k, self.phases * (k + 1) - 1
            if self.composition.online:  # weights change all the time
                rates[first : last + 1] = rate
            elif seen % c.mini_batch == 0:
                rates[last] = rate
        return rates

    # -- measuring -------------------------------------------------------------------------------------------------
    def evaluate(self, which="test", limit=None):
        """`Evaluation` of the present weights on the "train", "validation" or "test" samples."""
        samples = getattr(self.data, which)[:limit]
        if not len(samples):
            raise ValueError(f"the {which} set is empty.")
        result = self._evaluate(samples, offset=int(samples[0]))
        self._look_at(result, which)
        return result

    def _look_at(self, result, which):
        """What an evaluation says of the network's health; returns its predictions."""
        how = "readout" if result.goodness is None else "goodness"
        predicted, stage = result.predicted(how), max(0, self.position - 1) // self.rows_per_stage
        trained = {level for levels in self.stages[: stage + 1] for level in levels if how == "goodness"}
        layers = {f"layer {level}": result.by_goodness([level - 1]) for level in sorted(trained)}
        self.health.after_evaluation(self.position / self.n_rows, how, predicted, result.labels, which, layers)
        return predicted

    def _evaluate(self, samples, offset=0):
        return evaluate(
            self.simulator,
            self.inputs(),
            self.readout,
            self._shown(samples),
            self.data.labels[samples],
            offset=offset,
            candidates=self.supervised,
            class_groups=self.phases == 1,
        )

    def _validate(self):
        if not len(self.data.validation):
            return
        began = time.perf_counter()
        samples = stream(self.config.split_seed, "validate").permutation(self.data.validation)
        samples = np.sort(samples[: self.config.validate or None])
        result = self._evaluate(samples)
        row = {
            "what": "validation",
            "samples": self._seen,
            "epoch": round(self._seen / len(self.train), 4),
            "validation_seconds": round(time.perf_counter() - began, 3),
            "spikes_per_neuron": result.spikes_per_neuron,
            "readout": result.accuracy("readout"),
        }
        if result.goodness is not None:
            row |= {"goodness": result.accuracy("goodness"), "upper": result.accuracy("upper")}
        row["ties"] = int(np.sum(self._look_at(result, "validation") == NO_PREDICTION))
        self.metrics.append(row)

    # -- checkpoints -----------------------------------------------------------------------------------------------
    def _checkpoint(self):
        arrays = dict(self.synaptic) | self._state()
        arrays |= {
            "position": np.array(self.position),
            "seconds": np.array(self.seconds),
            "sizes": np.array(self.architecture.sizes),
        }
        self.folder.save_checkpoint(arrays, self.metrics)

    def _state(self):
        """What a checkpoint holds beside the synapses, the position and the metrics."""
        arrays = {f"readout.{k}": v for k, v in self.readout.state().items()}
        return arrays | {"block_start": np.array(self.block_start), "negative_labels": self.negative_labels}

    def _expected_state(self):
        """What `checked` may find of `_state`."""
        arrays = {f"readout.{k}": v for k, v in self.readout.state().items()}
        labels = Whole(LABEL_NONE, self.data.n_classes - 1, shape=None)
        return arrays | {"block_start": Whole(-1, self.n_rows), "negative_labels": labels}

    def _restore_state(self, arrays):
        self.readout.restore({k: arrays[f"readout.{k}"] for k in SoftmaxReadout.ARRAYS})
        self.block_start = int(arrays["block_start"])
        self.negative_labels = arrays["negative_labels"]

    def _restore(self, arrays, metrics):
        expected = {
            "sizes": np.array(self.architecture.sizes),
            **{name: (value, self.simulator.dtype(name)) for name, value in self.synaptic.items()},
            **self._expected_state(),
            "position": Whole(0, self.n_rows),
            "seconds": np.array(self.seconds),
        }
        check_checkpoint(self.folder.path / "checkpoint.npz", arrays, expected)
        self.synaptic = {name: arrays[name] for name in self.synaptic}
        self._restore_state(arrays)
        self.position, self.seconds, self.metrics = int(arrays["position"]), float(arrays["seconds"]), metrics

    def save_weights(self):
        """Write ``weights.npz``: one (n_pre, n_post) matrix a layer, and the readout's."""
        a = self.architecture
        arrays = {p.name.replace("synapses", "w"): p.matrix(self.synaptic[p.key("w")]) for p in a.projections}
        self.folder.save("weights", arrays | {"readout": self.readout.w})


def limited(samples, limit, split_seed=0):
    """`limit` samples of a split, or all if it has fewer, at random: splits are sorted."""
    return stream(split_seed, "limit").permutation(samples)[:limit]


def load_data(config):
    """The data set that a configuration names, and its training samples: those that ``--limit`` leaves, at random."""
    data = datasets.load(
        config.dataset,
        data=config.data,
        download=config.download,
        validation=config.validation,
        split_seed=config.split_seed,
    )
    if isinstance(data, datasets.EventDataset):
        if getattr(config, "jitter", 0):
            raise OptionError(f"--jitter moves images, and '{data.name}' holds spike times: leave it out.")
        if getattr(config, "negatives", None) == "hybrid":
            raise OptionError(
                f"--negatives hybrid mixes images, and '{data.name}' holds spike times: take another kind."
            )
    elif getattr(config, "jitter", 0) >= min(data.image_shape):
        shape, most = " by ".join(map(str, data.image_shape)), min(data.image_shape) - 1
        raise OptionError(
            f"--jitter {config.jitter} would move images of {shape} pixels out of sight: {most} is the most."
        )
    if config.limit is None:
        return data, data.train
    if config.limit > len(data.train):
        raise OptionError(f"--limit must lie between 1 and {len(data.train)}, the size of the training set.")
    return data, limited(data.train, config.limit, config.split_seed)


def default_encoder(dataset):
    return "spike_times" if dataset in datasets.SPIKE_TRAINS else FORWARD_FORWARD.defaults["encoder"]


def check_input(data, composition, architecture, report):
    """Refuse an encoder that cannot read what the data set holds, and a stimulus epoch too short for it.

    Calls `report` with a sentence where spikes have to make room for each other.
    """
    trains, encoder = isinstance(data, datasets.EventDataset), composition.models["encoder"]
    if encoder.reads_spike_times != trains:
        raise OptionError(
            f"--encoder {encoder.name} "
            + (
                f"reads intensities, and '{data.name}' holds spike times: take --encoder spike_times."
                if trains
                else f"reads spike times, and '{data.name}' holds images: take another one."
            )
        )
    if trains:
        notice = data.check_duration(architecture.n_steps, architecture.dt_ms * 1e-3)
        if notice:
            report(notice)


def _check_recorded(config, data):
    """Refuse samples and neurons to be recorded that there are not; the default neurons are as many as there are."""
    if max(config.record_samples) >= len(data.test):
        raise OptionError(f"--record-samples must name some of the {len(data.test)} test samples, counted from 0.")
    named = () if config.record_neurons == Config.record_neurons else config.record_neurons
    if max(named, default=0) >= min(config.hidden):
        raise OptionError(
            f"--record-neurons must name neurons of every layer, 0 to {min(config.hidden) - 1}, not {max(named)}."
        )


def _compose(config):
    composition = compose(
        models={kind: getattr(config, kind) for kind in FORWARD_FORWARD.defaults},
        parameters=parameters_of(config.set),
        dale=config.dale is not None,
    )
    composition.require_fit()
    if composition.class_groups != (config.negatives == "none"):
        raise OptionError(
            f"--goodness {config.goodness} with --rule {config.rule} "
            + (
                "has no negative phase and no label among its input: add --negatives none."
                if composition.class_groups
                else "learns from positive and negative phases: --negatives none is for class groups."
            )
        )
    return composition


def _architecture(config, data):
    if config.negatives == "none" and min(config.hidden, default=0) < data.n_classes:
        raise OptionError(
            f"--hidden: class groups need a neuron for each of {data.n_classes} classes in every layer, not "
            f"{config.hidden}."
        )
    rows = max(1, min(config.chunk, config.refresh) // config.batch)
    samples = rows * config.batch
    return Architecture(
        n_pixels=data.n_pixels,
        n_classes=data.n_classes,
        layers=config.hidden,
        label_neurons=config.label_neurons if config.labels_shown else 0,
        batch=config.batch,
        n_steps=config.steps,
        dt_ms=config.dt,
        capacity=2 * rows,
        images=samples * (2 if config.negatives == "hybrid" else 1),
        dtype=config.dtype,
        events=data.events,
    )


def record_run(trainer):
    """Record the chosen test samples, each in a positive and a negative phase, with the present weights.

    What is recorded does not grow with the length of the training (`Config.record_samples`, `record_neurons`).
    """
    data, a, c = trainer.data, trainer.architecture, trainer.config
    chosen = data.test[list(c.record_samples)]
    images = trainer._shown(chosen)
    rows = np.arange(len(chosen))
    labels = data.labels[chosen]
    if trainer.supervised or trainer.phases == 1:
        negative_images, positive, negative = rows, labels, (labels + 1) % data.n_classes
    else:
        hybrids = hybrids_of(data.images, chosen, trainer.train, stream(trainer.config.seed, "recorded"))
        images = np.concatenate([images, hybrids.reshape(len(chosen), -1) / 255.0])
        negative_images = rows + len(rows)
        positive = negative = np.full(len(rows), LABEL_NONE)
    number = EVALUATION_PRESENTATIONS - 2 * len(rows) + 2 * rows
    if trainer.phases == 1:
        schedule = Schedule.positive(rows, labels, number, 1)
    else:
        schedule = Schedule.pairs(rows, negative_images, positive, negative, number, 1)
    recording = record_presentations(
        trainer.composition, a, trainer.inputs(), images, schedule, neurons=c.record_neurons
    )
    trainer.health.diverged(recording.diverged)
    return recording
