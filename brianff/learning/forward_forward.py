"""Forward-forward learning of spiking networks: every layer by its own goodness, in positive and negative phases.

The samples of all passes form one stream, cut into rows of `batch` samples that are presented side by side; `phases`
says how rows become stimulus epochs.  After every `mini_batch` samples the optimizer takes a step.  Before every
`refresh` samples a pass with a neutral label trains the readout and asks for its beliefs, from which hard negatives are
drawn.  Nothing else depends on where a chunk ends, so an interrupted run goes on to the same weights, bit for bit.

Nor does the result depend on `batch`, for the same mini-batch: up to the order of additions, the weights are the same.
Only rules that change weights while presentations run side by side (`online`) see each other's changes then.
"""

from dataclasses import dataclass

import numpy as np

from brianff.equations.compose import compose
from brianff.equations.kinds import FORWARD_FORWARD
from brianff.errors import OptionError
from brianff.learning.checkpoints import Whole
from brianff.learning.evaluation import evaluate
from brianff.learning.finite import not_finite, require_finite
from brianff.learning.health import Health, lower_threshold
from brianff.learning.negatives import negatives_of
from brianff.learning.options import SpikingOptions
from brianff.learning.phases import POSITIVE, Phases
from brianff.learning.readout import SoftmaxReadout, features
from brianff.learning.spiking import SpikingMethod
from brianff.network.architecture import Architecture
from brianff.network.layers import layers_of
from brianff.options import SAMPLES, option, parameters_of
from brianff.stimulus import EVALUATION_PRESENTATIONS, LABEL_NONE, NEUTRAL_PRESENTATIONS, Schedule

__all__ = ["ForwardForward", "ForwardForwardOptions"]


@dataclass(frozen=True)
class ForwardForwardOptions(SpikingOptions):
    """All options of a training run; the defaults of the fields that are None depend on the data set."""

    goodness: str = option(FORWARD_FORWARD.defaults["goodness"], "goodness: name or file", also="strings")
    rule: str = option(FORWARD_FORWARD.defaults["rule"], "learning rule: name or file", also="strings")
    dale: float | None = option(
        None, "Dale's principle: this part of the neurons of every layer excites, the others inhibit", above=0, below=1
    )
    label_neurons: int = option(10, "input neurons for each class", low=0, high=10_000)
    init_gain: float = option(
        1.5, "initial weights have standard deviation init_gain/sqrt(number of inputs)", above=0, high=1000
    )
    final_rate: float = option(0.05, "learning rate at the end, as a fraction; linear in between", low=0, high=1)
    greedy: bool = option(False, "train one layer after the other, each for all epochs")
    negatives: str = option(
        "hard",
        "negative samples: wrong labels in proportion to the network's belief, uniform wrong labels, hybrid images "
        "without labels, or none: no negative phase and no label input, for class groups",
        choices=["hard", "uniform", "hybrid", "none"],
    )
    uniform_share: float = option(0.2, "part of the hard negatives that is drawn uniformly", low=0, high=1)
    phases: str = option(
        "paired",
        "stimulus epochs: paired (every positive one is followed by its negative one), 'blocked N' (N positive ones, "
        "then N negative ones), either with 'gap@STEPS' between all and 'carry-over' (no reset between them), or a "
        "cycle such as '+0 gap@20 -0'",
    )
    readout_rate: float = option(2e-3, "learning rate of the softmax readout", low=0, high=1)
    refresh: int | None = option(None, "samples between two readings of the network's beliefs", **SAMPLES)

    model_kinds = tuple(FORWARD_FORWARD.defaults)
    _common = dict(layers=("200", "200"), mini_batch=10, learning_rate=2e-3, refresh=200, chunk=200)
    presets = {
        "digits": _common | dict(steps=50, dt=1.0, epochs=40, dropout=0.1),
        "rhythm": _common | dict(steps=100, dt=2.0, epochs=20, dropout=0.0),
        "mnist": dict(
            layers=("500", "500"), steps=50, dt=1.0, epochs=15, mini_batch=20, learning_rate=1e-3, refresh=1000,
            chunk=1000, dropout=0.2,
        ),
    }  # fmt: skip

    def __post_init__(self):
        object.__setattr__(self, "phases", str(self.phases))  # also an object `Phases`
        super().__post_init__()
        Phases.of(self.phases)

    @property
    def labels_shown(self):
        """Whether labels are part of the input."""
        return self.negatives in ("hard", "uniform")

    def check(self):
        super().check()
        if self.refresh % self.batch:
            raise OptionError(f"--refresh {self.refresh} is not a multiple of --batch {self.batch}.")
        if self.labels_shown and self.label_neurons < 1:
            raise OptionError("--label-neurons must be at least 1, or train without labels: --negatives hybrid.")
        if self.phases != "paired":
            if self.negatives == "none":
                raise OptionError(f"--phases {self.phases}: with --negatives none there is a positive phase only.")
            if self.refresh % (rows := Phases.of(self.phases).rows * self.batch):
                raise OptionError(
                    f"--refresh {self.refresh} is not a multiple of the {rows} samples of a cycle of --phases."
                )


class ForwardForward(SpikingMethod):
    """A spiking network that learns by forward-forward learning.

    Parameters, attributes and methods as those of `brianff.learning.method.Method` and `SpikingMethod`.
    """

    name = "forward_forward"
    Options = ForwardForwardOptions
    together = 10

    def build(self):
        c = self.options
        self.negatives = negatives_of(c, self.data, self.train)
        self.phases = POSITIVE if c.negatives == "none" else Phases.of(c.phases)
        super().build()
        n_features = sum(self.sizes[1:]) + 1
        self.readout = SoftmaxReadout(n_features, self.data.n_classes, c.readout_rate, c.mini_batch)
        self.block_start, self.negative_labels = -1, np.zeros(0, int)
        self.stages = [[level] for level in self.levels] if c.greedy else [list(self.levels)]
        weaker = f"a larger --init-gain than {c.init_gain:g}, or {lower_threshold(self.composition)}"
        remedies = {"the input": f"other parameters of the encoder {self.composition.models['encoder'].name}"}
        remedies |= {f"layer {level}": weaker for level in self.levels}
        self.health = Health(list(remedies), len(self.train), remedies)

    def compose(self):
        c = self.options
        models = {kind: getattr(c, kind) for kind in c.model_kinds}
        composition = compose(FORWARD_FORWARD, models, parameters_of(c.set), dale=c.dale is not None)
        composition.require_fit()
        groups = composition.class_groups
        if groups != (c.negatives == "none"):
            of_models = (
                f"--goodness {composition.models['goodness'].name} with --rule {composition.models['rule'].name} "
            )
            raise OptionError(
                of_models
                + (
                    "has no negative phase and no label among its input: add --negatives none."
                    if groups
                    else "learns from positive and negative phases: --negatives none is for class groups."
                )
            )
        if "pairs" in composition.needs and not self.phases.is_paired:
            raise OptionError(
                f"--rule {composition.models['rule'].name} compares the two phases of every sample, and --phases "
                f"{c.phases} does not show them one after the other: take --rule forward_forward, or --phases paired."
            )
        return composition

    def make_architecture(self):
        c, data, layers = self.options, self.data, layers_of(self.options.layers)
        if c.negatives == "none" and min(layer.n for layer in layers) < data.n_classes:
            raise OptionError(
                f"--layers: class groups need a neuron for each of {data.n_classes} classes in every layer, not "
                f"{','.join(map(str, c.layers))}."
            )
        rows = max(1, min(c.chunk, c.refresh) // c.batch)
        rows = -(-rows // self.phases.rows) * self.phases.rows
        epochs, steps = self.phases.length(rows, c.steps)
        capacity = max(2 * rows, epochs)
        return Architecture(
            n_pixels=data.n_pixels,
            n_classes=data.n_classes,
            layers=layers,
            label_neurons=c.label_neurons if c.labels_shown else 0,
            batch=c.batch,
            n_steps=c.steps,
            dt_ms=c.dt,
            capacity=capacity,
            images=rows * c.batch * self.negatives.images_of_a_sample,
            dtype=c.dtype,
            events=data.events,
            total_steps=max(steps, capacity * c.steps) if any(e.steps for e in self.phases.epochs) else None,
            carry_over=self.phases.carry_over,
        )

    def require_updates(self):
        samples = self.epochs * len(self.train)
        if samples < self.options.mini_batch and not self.composition.online:
            raise OptionError(
                f"--mini-batch {self.options.mini_batch} is more than the {samples} samples of the whole run: lower "
                "it, or raise --limit or --epochs."
            )
        if self.options.greedy and self.epochs != self.options.epochs:
            raise OptionError("--greedy trains every layer for a number of epochs that is fixed when training begins.")

    def initial_state(self):
        """Weights normal, all else zero."""
        out = {}
        for projection in self.architecture.projections:
            for key in map(projection.key, self.composition.state_variables()):
                out[key] = np.zeros(self.simulator.size(key))
            out[projection.key("w")] = projection.normal(self.options.seed, self.options.init_gain, self.options.dale)
        return out

    # -- the course of training ------------------------------------------------------------------------------------
    @property
    def rows_per_stage(self):
        return self.stream.rows_of(self.epochs)

    @property
    def n_rows(self):
        return len(self.stages) * self.rows_per_stage

    def samples_at(self, row):
        stage, rows = divmod(row, self.rows_per_stage)
        of_stage = self.epochs * len(self.train)
        return stage * of_stage + min(rows * self.options.batch, of_stage)

    def _place(self, row):
        """(stage, row within it)."""
        return divmod(row, self.rows_per_stage)

    def next_stop(self, row, samples):
        """Never across a refresh, an epoch, a stage or within a cycle of phases."""
        batch, n = self.options.batch, len(self.train)
        inside = self._place(row)[1]
        block, cycle = self.options.refresh // batch, self.phases.rows
        stops = [(inside // block + 1) * block, self.rows_per_stage]
        # the row in which an epoch ends belongs to it
        epoch = inside * batch // n
        stops += [end for e in (epoch + 1, epoch + 2) if (end := -(-e * n // batch)) > inside]
        wanted = max(cycle, samples // batch // cycle * cycle)
        return row - inside + min(inside + wanted, *stops)

    def learn(self, rows):
        stage, first = self._place(rows.start)
        inside = range(first, first + len(rows))
        if first % (self.options.refresh // self.options.batch) == 0 or self.block_start < 0:
            self._refresh(rows.start)
        samples, numbers = self.stream.take(inside, self.epochs, stage)
        images, schedule = self._stimulus(samples, numbers, rows)
        learning = self.stages[stage]
        rates = self._learning_rates(inside)
        inputs = {**self.inputs(learning), "images": images, **schedule.inputs(self.architecture)}
        inputs |= {f"learning_rate_at{level}": rates for level in learning}
        with self.simulator.run(inputs, len(schedule)) as results:
            for name in self.synaptic:
                self.synaptic[name] = results[name]
            goodness = [self._goodness_of_phases(results, level, samples, len(rows)) for level in self.levels]
            active = [results[f"layer{level}.n_spikes"].any() for level in range(len(self.sizes))]
        self._check_finite(rows, inputs, goodness)
        row, ordered = {}, {}
        for level, (positive, negative) in enumerate(goodness, start=1):
            ordered[level] = float(np.mean(positive > negative))
            row |= {f"positive{level}": float(positive.mean()), f"negative{level}": float(negative.mean())}
            row[f"ordered{level}"] = ordered[level]
        hybrid = self.options.negatives == "hybrid"
        told_apart = {f"layer {level}": ordered[level] for level in learning if hybrid}
        self.health.after_chunk(len(samples), active, told_apart)
        return row

    def _refresh(self, start):
        """One pass with a neutral label over the next `refresh` samples: readout, beliefs, negative labels."""
        c, (stage, first) = self.options, self._place(start)
        inside = range(first, min(first + c.refresh // c.batch, self.rows_per_stage))
        samples, numbers = self.stream.take(inside, self.epochs, stage)
        neutral = np.full(len(samples), self.negatives.neutral)
        shown = self.altered(self.shown(samples), numbers)
        _, traces = self.present(shown, neutral, NEUTRAL_PRESENTATIONS + numbers)
        belief = self.readout.learn(features(traces), self.data.labels[samples])
        self.block_start = start
        self.negative_labels = self.negatives.labels(samples, numbers, belief)

    def _stimulus(self, samples, numbers, rows):
        """Images and schedule of training samples, in all their phases."""
        a, n = self.architecture, len(samples)
        first = (rows.start - self.block_start) * self.options.batch
        negative_labels = self.negative_labels[first : first + n]
        images = np.zeros((a.images, a.n_pixels * a.events))
        images[:n] = self.altered(self.shown(samples), numbers)
        own = other = np.arange(n)
        hybrids = self.negatives.images(samples, numbers)
        if hybrids is not None:
            other = own + n
            images[n : 2 * n] = self.altered(hybrids, numbers)
        positive = own, self.negatives.positive_labels(samples), 2 * numbers
        negative = other, negative_labels, 2 * numbers + 1
        return images, Schedule.of_phases(self.phases.spread(range(len(rows))), positive, negative, a)

    def _learning_rates(self, inside):
        """Learning rate of every stimulus epoch of a chunk: not zero where it is used."""
        c, rates = self.options, np.zeros(self.architecture.capacity + 1)
        n = len(self.train)
        # empty places in the last row are no samples
        seen = np.minimum((np.arange(inside.start, inside.stop) + 1) * c.batch, self.epochs * n)
        planned = c.epochs * n
        of_rows = c.learning_rate * (1 - (1 - c.final_rate) * np.minimum(seen, planned) / planned)
        epochs = self.phases.spread(range(len(inside)))
        due = self.phases.updates(seen, c.mini_batch)
        for k, epoch in enumerate(epochs):
            # rules that change weights all the time have no other moment for it
            if epoch.row is not None and (due[k] or self.composition.online):
                rates[k] = of_rows[epoch.row]
        return rates

    def _goodness_of_phases(self, results, level, samples, n_rows):
        """Of the positive and the negative phase, (n,) each; of class groups: the true and the best wrong one."""
        epochs = self.phases.spread(range(n_rows))
        n, labels = len(samples), self.data.labels[samples]
        if self.phases is POSITIVE:
            x = results.recorded(f"record_x{level}", "x", len(epochs)).reshape(-1, self.sizes[level])
            g = self.composition.class_evidence(x[:n], self.data.n_classes)
            true = g[np.arange(n), labels]
            g[np.arange(n), labels] = -np.inf
            return true, g.max(axis=1)
        recorded = results.recorded(f"record_g{level}", "g", len(epochs))
        found = []
        for phase in (1, -1):
            of_rows = [[] for _ in range(n_rows)]
            for epoch, g in zip(epochs, recorded, strict=True):
                if epoch.phase == phase:
                    of_rows[epoch.row].append(g)
            found.append(np.concatenate([np.mean(g, axis=0) for g in of_rows])[:n])
        return found

    def _check_finite(self, rows, inputs, goodness):
        """Raise the error of numbers that overflowed in a run with `inputs`, which gave each layer's `goodness`."""
        of_layers = {f"layer{level}.goodness": values for level, values in enumerate(goodness, start=1)}

        def before_learning():
            if rows.start:
                return None
            still = {name: 0.0 for name in inputs if name.startswith("learning_rate_at")}
            n_rows = max(1, self.options.mini_batch // self.options.batch)
            n = len(self.phases.spread(range(min(n_rows, len(rows)))))
            with self.simulator.run({**inputs, **self.initial_state(), **still}, n) as results:
                found = {name: results[name] for name in self.synaptic}
                found |= {f"layer{k}.goodness": results.recorded(f"record_g{k}", "g", n) for k in self.levels}
            return not_finite(found)

        options = "--init-gain or --set"
        require_finite(self.synaptic | of_layers, self.samples_at(rows.start), options, before_learning)

    # -- state -----------------------------------------------------------------------------------------------------
    def state(self):
        of_readout = {f"readout.{k}": v for k, v in self.readout.state().items()}
        block = {"block_start": np.array(self.block_start), "negative_labels": self.negative_labels}
        return super().state() | of_readout | block

    def expected_state(self):
        labels = Whole(LABEL_NONE, self.data.n_classes - 1, shape=None)
        block = {"block_start": Whole(-1, self.n_rows), "negative_labels": labels}
        return self.state() | super().expected_state() | block

    def restore(self, arrays):
        super().restore(arrays)
        self.readout.restore({k: arrays[f"readout.{k}"] for k in SoftmaxReadout.ARRAYS})
        self.block_start = int(arrays["block_start"])
        self.negative_labels = arrays["negative_labels"]

    def weights(self):
        return super().weights() | {"readout": self.readout.w}

    # -- looking at it ---------------------------------------------------------------------------------------------
    def evaluate(self, samples, offset=0):
        return evaluate(
            self.apart,
            self.inputs(),
            self.readout,
            self.shown(samples),
            self.data.labels[samples],
            offset=offset,
            candidates=self.negatives.labels_shown,
            class_groups=self.phases is POSITIVE,
        )

    def trained_levels(self, row):
        stage = self._place(max(0, row - 1))[0]
        return sorted({level for levels in self.stages[: stage + 1] for level in levels})

    def presentations(self, samples):
        images, negative_labels = self.negatives.shown(samples)
        own, shown = np.arange(len(samples)), self.shown(samples)
        other = own if images is None else own + len(own)
        number = EVALUATION_PRESENTATIONS - 2 * len(own) + 2 * own
        positive = own, self.negatives.positive_labels(samples), number
        negative = other, negative_labels, number + 1
        alone = self.architecture.with_(batch=1)
        schedule = Schedule.of_phases(self.phases.spread(own), positive, negative, alone)
        return shown if images is None else np.concatenate([shown, images]), schedule

    def detail(self, row):
        return f"{self._margins(row)}, {super().detail(row)}"

    def summary(self, chunk, validation):
        shown = [f"{k} {validation[k]:.4f}" for k in ("goodness", "readout") if k in validation]
        return f"{self._margins(chunk)}  validation accuracy by {', '.join(shown)}{self._tied(validation)}"
