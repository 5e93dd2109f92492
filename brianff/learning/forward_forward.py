"""Forward-forward learning of spiking networks: every layer by its own goodness, in positive and negative phases.

The samples of all passes form one stream, cut into rows of `batch` samples that are presented side by side; `phases`
says how rows become stimulus epochs.  After every `mini_batch` samples the optimizer takes a step.  Before every
`refresh` samples a pass with a neutral label trains the readout and asks for its beliefs, from which hard negatives are
drawn.  Nothing else depends on where a chunk ends, so an interrupted run goes on to the same weights, bit for bit.

Nor does the result depend on `batch`, for the same mini-batch: up to the order of additions, the weights are the same.
Only rules that change weights while presentations run side by side (`online`) see each other's changes then.
"""

import functools
from dataclasses import dataclass

import numpy as np
import scipy

from brianff.equations.compose import compose
from brianff.equations.kinds import FORWARD_FORWARD
from brianff.errors import OptionError
from brianff.learning.checkpoints import Whole, named, part_of
from brianff.learning.evaluation import Evaluation, evaluate, evaluate_scores, present, true_and_best_wrong
from brianff.learning.health import Health, lower_threshold, of_layers
from brianff.learning.method import of_phases
from brianff.learning.negatives import negatives_of
from brianff.learning.options import RECORDINGS, SpikingOptions, gain_option
from brianff.learning.phases import POSITIVE, Phases
from brianff.learning.readout import SoftmaxReadout, features
from brianff.learning.samples import lengths_in_groups
from brianff.learning.spiking import SpikingMethod
from brianff.network.architecture import Architecture
from brianff.network.layers import layers_of
from brianff.options import SAMPLES, option, parameters_of
from brianff.stimulus import EVALUATION_PRESENTATIONS, LABEL_NEUTRAL, LABEL_NONE, NEUTRAL_PRESENTATIONS

__all__ = ["ForwardForward", "ForwardForwardOptions"]

# Encoder and rule -> the fewest time steps of the same 50 ms with which no accuracy is lost on MNIST, in the mean of
# three seeds, against 50 of them: benchmarks/fewer_steps.py, docs/speed.md.  What is not here loses some.
FEWEST_STEPS = {
    ("poisson_rate", "symba"): 10,
    ("poisson_rate", "local_readout"): 10,
    ("poisson_rate", "forward_forward"): 25,
    ("poisson_rate", "r_stdp"): 25,
    ("regular_rate", "symba"): 25,
    ("regular_rate", "local_readout"): 25,
    ("regular_rate", "forward_forward"): 25,
    ("regular_rate", "r_stdp"): 25,
    ("burst", "symba"): 25,
    ("burst", "local_readout"): 10,
    ("phase", "local_readout"): 10,
    ("phase", "forward_forward"): 25,
}


@dataclass(frozen=True)
class ForwardForwardOptions(SpikingOptions):
    """All options of a training run; the defaults of the fields that are None depend on the data set."""

    goodness: str = option(FORWARD_FORWARD.defaults["goodness"], "goodness: name or file", also="strings")
    rule: str = option(FORWARD_FORWARD.defaults["rule"], "learning rule: name or file", also="strings")
    dale: float | None = option(
        None, "Dale's principle: this part of the neurons of every layer excites, the others inhibit", above=0, below=1
    )
    label_neurons: int = option(10, "input neurons for each class", low=0, high=10_000)
    init_gain: float = gain_option(1.5)
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
        "stimulus epochs: paired (every positive one is followed by its negative one), 'paired N' (the same N times, "
        "each time with another wrong label), 'blocked N' (N positive ones, then N negative ones), all of them with "
        "'gap@STEPS' between all and 'carry-over' (no reset between them), or a cycle such as '+0 gap@20 -0 -0 -0'",
    )
    tail: int | None = option(
        None, "of recordings: stimulus epochs end so many time steps after the last spike of a mini-batch, not after "
        "--steps", low=0, high=1_000_000,
    )  # fmt: skip
    fewest_steps: bool = option(
        False, "of images: as few time steps, as long together, as lose no accuracy with this encoder and rule"
    )
    readout_rate: float = option(2e-3, "learning rate of the softmax readout", low=0, high=1)
    refresh: int | None = option(None, "samples between two readings of the network's beliefs", **SAMPLES)

    model_kinds = tuple(FORWARD_FORWARD.defaults)
    _common = dict(layers=("200", "200"), mini_batch=10, learning_rate=2e-3, refresh=200, chunk=200)
    presets = {
        "digits": _common | dict(steps=50, dt=1.0, epochs=40, dropout=0.1),
        "rhythm": _common | dict(steps=100, dt=2.0, epochs=20, dropout=0.0),
        "spoken-digits": _common | RECORDINGS["spoken-digits"] | dict(
            layers=("300", "300"), epochs=30, mini_batch=20, chunk=400
        ),
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

    def defaults(self, dataset):
        found = super().defaults(dataset)
        return found | (self._fewest(found) if self.fewest_steps else {})

    def _fewest(self, found):
        """``steps`` and ``dt`` for ``fewest_steps``, where `found` are the defaults of the data set."""
        encoder = self.encoder or found["encoder"]
        if (found["steps"], found["dt"]) != (50, 1.0):
            raise OptionError("--fewest-steps is for images that are shown for 50 time steps of 1 ms: leave it out.")
        if (encoder, self.rule) not in FEWEST_STEPS:
            rules = {of: "/".join(rule for other, rule in FEWEST_STEPS if other == of) for of, _ in FEWEST_STEPS}
            known = ", ".join(f"{of} with {some}" for of, some in rules.items())
            raise OptionError(
                f"--fewest-steps: fewer than 50 time steps are not known to lose nothing with --encoder {encoder} and "
                f"--rule {self.rule}; known are {known}. Choose --steps and --dt yourself."
            )
        steps = FEWEST_STEPS[encoder, self.rule]
        dt = found["steps"] * found["dt"] / steps
        if (self.steps, self.dt) not in ((None, None), (steps, dt)):
            raise OptionError("--fewest-steps chooses --steps and --dt: leave these out, or it.")
        return {"steps": steps, "dt": dt}

    def check(self):
        super().check()
        if self.refresh % self.batch:
            raise OptionError(f"--refresh {self.refresh} is not a multiple of --batch {self.batch}.")
        if self.labels_shown and self.label_neurons < 1:
            raise OptionError("--label-neurons must be at least 1, or train without labels: --negatives hybrid.")
        if self.phases != "paired":
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
    initial_option = "--init-gain"

    def build(self) -> None:
        c = self.options
        self.negatives = negatives_of(c, self.data, self.train)
        self.phases = POSITIVE if c.negatives == "none" and c.phases == "paired" else Phases.of(c.phases)
        super().build()
        n_features = sum(self.sizes[1:]) + 1
        if self.has_readout:
            self.readout = SoftmaxReadout(n_features, self.data.n_classes, c.readout_rate, c.mini_batch)
        self.block_start = -1
        self.negative_labels = np.zeros((self.negatives.distinct(self.phases.negatives), 0), int)
        self.stages = [[level] for level in self.levels] if c.greedy else [list(self.levels)]
        weaker = f"a larger --init-gain than {c.init_gain:g}, or {lower_threshold(self.composition)}"
        remedies = {"the input": f"other parameters of the encoder {self.composition.models['encoder'].name}"}
        remedies |= {f"layer {level}": weaker for level in self.levels}
        self.health = Health(remedies, len(self.train), c.learning_rate)

    def compose(self):
        c = self.options
        composition = compose(FORWARD_FORWARD, c.models, self.parameters(), dale=c.dale is not None)
        composition.require_fit()
        from_targets = composition.classes is not None
        if from_targets != (c.negatives == "none"):
            learns = "learns from positive and negative phases: --negatives none is for rules that learn from labels."
            if from_targets:
                learns = "has no negative phase and no label among its input: add --negatives none."
            names = (composition.models[kind].name for kind in ("goodness", "rule"))
            raise OptionError("--goodness {} with --rule {} {}".format(*names, learns))
        self._require_phases(composition)
        return composition

    def parameters(self) -> dict:
        """Values in the place of those of the model files: name -> quantity."""
        return parameters_of(self.options.set)

    def _require_phases(self, composition):
        """Refuse stimulus epochs from which the rule cannot learn."""
        c, rule = self.options, composition.models["rule"].name
        if "nudges" in composition.needs:
            if not self.phases.is_nudged:
                raise OptionError(
                    f"--rule {rule} compares two nudged phases that go on from a free one: add --phases "
                    f"'{Phases.nudged()}', each with its number of time steps, as in +0@30, if they are to differ."
                )
        elif c.negatives == "none" and c.phases != "paired":
            raise OptionError(
                f"--phases {c.phases}: with --negatives none and --rule {rule} there is a positive phase only."
            )
        if "pairs" in composition.needs and not self.phases.is_paired:
            raise OptionError(
                f"--rule {rule} compares the two phases of every sample, and --phases {c.phases} does not show them "
                "one after the other: take --rule forward_forward, or --phases paired."
            )

    def make_architecture(self):
        c = self.options
        rows = max(1, (min(c.chunk, c.refresh) if self.has_readout else c.chunk) // c.batch)
        rows = -(-rows // self.phases.rows) * self.phases.rows
        epochs = self.phases.spread(range(rows))
        capacity, steps = max(2 * rows, len(epochs)), sum(epoch.steps or c.steps for epoch in epochs)
        if c.tail is not None and self.data.most_events(1) == 0:
            raise OptionError(
                f"--tail {c.tail} ends stimulus epochs after the last spike of a recording, and '{self.data.name}' "
                "holds images: leave it out."
            )
        unequal = c.tail is not None or any(e.steps for e in self.phases.epochs)
        architecture = Architecture(
            layers=layers_of(c.layers),
            **self.size_options(rows * c.batch * self.negatives.images_of_a_sample),
            label_neurons=c.label_neurons if c.labels_shown else 0,
            capacity=capacity,
            total_steps=max(steps, capacity * c.steps) if unequal else None,
            carry_over=self.phases.carry_over,
        )
        if self.composition.class_groups:
            self._require_groups(architecture.layers)
        return architecture

    def _require_groups(self, layers):
        """Every class has a neuron in every layer, and at every position of a convolution."""
        n, words = self.data.n_classes, ",".join(map(str, self.options.layers))
        if any(layer.channels < n for layer in layers):
            raise OptionError(
                f"--layers: class groups need a neuron for each of {n} classes in every layer, not {words}."
            )
        if any(layer.shape and layer.channels % n for layer in layers):
            raise OptionError(
                f"--layers: class groups share the channels of a convolution out among {n} classes: take a multiple of "
                f"{n} channels in place of {words}."
            )

    def require_updates(self) -> None:
        samples = self.epochs * len(self.train)
        if samples < self.options.mini_batch and not self.composition.online:
            raise OptionError(
                f"--mini-batch {self.options.mini_batch} is more than the {samples} samples of the whole run: lower "
                "it, or raise --limit or --epochs."
            )
        if self.options.greedy and self.epochs != self.options.epochs:
            raise OptionError("--greedy trains every layer for a number of epochs that is fixed when training begins.")

    @property
    def has_readout(self) -> bool:
        """Whether a softmax readout listens to the network, in a pass of its own; layers with scores have none."""
        return self.composition.classes is None

    def initial_weights(self, projection):
        return projection.normal(self.options.seed, self.options.init_gain, self.options.dale)

    # -- the course of training ------------------------------------------------------------------------------------
    @property
    def rows_per_stage(self) -> int:
        return self.stream.rows_of(self.epochs)

    @property
    def n_rows(self) -> int:
        return len(self.stages) * self.rows_per_stage

    def samples_at(self, row) -> int:
        (stage, inside), of_stage = self._place(row), self.epochs * len(self.train)
        return stage * of_stage + min(inside * self.options.batch, of_stage)

    def _place(self, row):
        """(stage, row within it)."""
        return divmod(row, self.rows_per_stage)

    def take(self, rows):
        """Samples and numbers of rows of one stage."""
        stage, first = self._place(rows.start)
        return self.stream.take(range(first, first + len(rows)), self.epochs, stage)

    def next_stop(self, row, samples) -> int:
        """Never across a refresh, an epoch, a stage or within a cycle of phases."""
        batch, inside = self.options.batch, self._place(row)[1]
        block, cycle = self.options.refresh // batch, self.phases.rows
        stops = [self.rows_per_stage, self.end_of_epoch(inside, batch)]
        if self.has_readout:
            stops.append((inside // block + 1) * block)
        wanted = max(cycle, samples // batch // cycle * cycle)
        return row - inside + min(inside + wanted, *stops)

    def learn(self, rows) -> dict:
        c, (stage, first) = self.options, self._place(rows.start)
        if self.has_readout and (first % (c.refresh // c.batch) == 0 or self.block_start < 0):
            self._refresh(rows.start)
        levels, (samples, _) = self.stages[stage], self.take(rows)
        # empty places in the last row are no samples
        seen = np.minimum((first + 1 + np.arange(len(rows))) * c.batch, self.epochs * len(self.train))
        before = self.synaptic
        with self.learning(rows, seen, levels) as results:
            goodness = [self._goodness_of_phases(results, level, samples, len(rows)) for level in self.levels]
            active = [results[f"layer{level}.n_spikes"].any() for level in range(len(self.sizes))]
        row = of_phases(goodness)
        told_apart = {f"layer {k}": row[f"ordered{k}"] for k in levels if c.negatives == "hybrid"}
        changed = self.changes(before, levels)
        self.health.after_chunk(len(samples), active, told_apart, of_layers(changed))
        return row | {f"changed{level}": change for level, change in changed.items()}

    def _refresh(self, start):
        """One pass with a neutral label over the next `refresh` samples: readout, beliefs, negative labels."""
        c, (stage, _) = self.options, self._place(start)
        samples, numbers = self.take(range(start, min(start + c.refresh // c.batch, (stage + 1) * self.rows_per_stage)))
        neutral = np.full(len(samples), self.negatives.neutral)
        shown, rows = self.altered(self.shown(samples), numbers), np.arange(len(samples))
        number, steps = NEUTRAL_PRESENTATIONS + numbers, self.lengths(shown)
        _, traces = present(self.apart, self.inputs(), shown, rows, neutral, number, steps=steps)
        belief = self.readout.learn(features(traces), self.data.labels[samples])
        self.block_start = start
        self.negative_labels = self.negatives.labels(samples, numbers, belief, len(self.negative_labels))

    def stimulus(self, rows):
        samples, numbers = self.take(rows)
        if self.has_readout:
            first = (rows.start - self.block_start) * self.options.batch
            labels = self.negative_labels[:, first : first + len(samples)]
        else:
            labels = self.negatives.labels(samples, numbers, None, 0)
        images, lengths = self._shown_in_training(rows)
        hybrids = self.negatives.images(samples, numbers)
        if hybrids is not None:
            hybrids = self.altered(hybrids, numbers)
        return self._in_phases(samples, images, 2 * numbers, hybrids, labels, self.architecture, lengths)

    def _shown_in_training(self, rows):
        """What the input gets of rows as training shows it, and how long that takes, (n_rows,) or None: as ever."""
        c, (stage, first) = self.options, self._place(rows.start)
        if c.tail is None:
            samples, numbers = self.take(rows)
            return self.altered(self.shown(samples), numbers), None
        # a mini-batch that a chunk divides is as long as if it were whole
        each, begin = c.mini_batch // c.batch, stage * self.rows_per_stage
        start = first // each * each
        stop = min(-(-(first + len(rows)) // each) * each, self.rows_per_stage)
        samples, numbers = self.take(range(begin + start, begin + stop))
        trains = self.altered(self.shown(samples), numbers)
        own = slice((first - start) * c.batch, (first - start + len(rows)) * c.batch)
        return trains[own], self.lengths(trains)[own][:: c.batch]

    def lengths(self, shown, group=None):
        """Time steps for which recordings are shown, (n,) int array, or None: those of the architecture.

        As many as the longest of `group` of them takes that follow each other: a mini-batch, whatever the batch.
        """
        c = self.options
        if c.tail is None:
            return None
        group = group or c.mini_batch
        ends = [shown[start : start + group].read().ends() for start in range(0, len(shown), group)]
        return lengths_in_groups(np.concatenate(ends), group, c.tail, c.steps)

    def _in_phases(self, samples, images, number, negative_images, negative_labels, architecture, lengths=None):
        """Images and schedule of samples in all phases; `negative_images` None: those of the positive phase."""
        own = np.arange(len(samples))
        other = own if negative_images is None else own + len(own)
        positive = own, self.negatives.positive_labels(samples), number
        schedule = self.phases.schedule(positive, (other, negative_labels, number + 1), architecture, lengths)
        return images if negative_images is None else np.concatenate([images, negative_images]), schedule

    def rates_of(self, seen):
        c, planned = self.options, self.options.epochs * len(self.train)
        return c.learning_rate * (1 - (1 - c.final_rate) * np.minimum(seen, planned) / planned)

    def _goodness_of_phases(self, results, level, samples, n_rows):
        """Of the positive and the negative phase, (n,) each; of classes: of the true and the best wrong one."""
        epochs = self.phases.spread(range(n_rows))
        n, labels = len(samples), self.data.labels[samples]
        if not self.has_readout:
            scores = results.recorded(f"record_classes{level}", "score", len(epochs))
            scores = scores[[e.phase > 0 for e in epochs]].reshape(-1, self.data.n_classes)
            return true_and_best_wrong(scipy.special.log_softmax(scores[:n], axis=1), labels)
        recorded = results.recorded(f"record_g{level}", "g", len(epochs))
        shown = np.array([(-1 if epoch.row is None else epoch.row, epoch.phase) for epoch in epochs])
        of_rows = [[recorded[(shown == (row, phase)).all(axis=1)] for row in range(n_rows)] for phase in (1, -1)]
        return [np.concatenate([g.mean(axis=0) for g in of_phase])[:n] for of_phase in of_rows]

    def watched(self, results, n_epochs):
        return {f"layer{k}.goodness": results.recorded(f"record_g{k}", "g", n_epochs) for k in self.levels}

    # -- state -----------------------------------------------------------------------------------------------------
    def state(self) -> dict:
        block = {"block_start": np.array(self.block_start), "negative_labels": self.negative_labels}
        return super().state() | (named("readout", self.readout.state()) | block if self.has_readout else {})

    def expected_state(self) -> dict:
        labels = Whole(LABEL_NONE, self.data.n_classes - 1, shape=(len(self.negative_labels), None))
        block = {"block_start": Whole(-1, self.n_rows), "negative_labels": labels}
        return self.state() | super().expected_state() | (block if self.has_readout else {})

    def restore(self, arrays) -> None:
        super().restore(arrays)
        if not self.has_readout:
            return
        self.readout.restore(part_of(arrays, "readout"))
        self.block_start = int(arrays["block_start"])
        self.negative_labels = arrays["negative_labels"]

    def weights(self) -> dict:
        return super().weights() | ({"readout": self.readout.w} if self.has_readout else {})

    # -- looking at it ---------------------------------------------------------------------------------------------
    def evaluate(self, samples, offset=0) -> Evaluation:
        shown, labels = self.shown(samples), self.data.labels[samples]
        steps = self.lengths(shown)
        if not self.has_readout:
            return evaluate_scores(self.apart, self.inputs(), shown, labels, offset, steps)
        show = functools.partial(present, self.apart, self.inputs(), shown, steps=steps)
        return evaluate(show, self.readout, labels, offset, self.options.labels_shown)

    def traces(self, samples, offset=0):
        """Activity traces of every layer at the end of one presentation without a label, (n, n_l) each."""
        n, label = len(samples), LABEL_NEUTRAL if self.options.labels_shown else LABEL_NONE
        number = EVALUATION_PRESENTATIONS + offset + np.arange(n)
        images = self.shown(samples)
        shown = images, np.arange(n), np.full(n, label), number
        return present(self.apart, self.inputs(), *shown, steps=self.lengths(images))[1]

    def trained_levels(self, row):
        stage = self._place(max(0, row - 1))[0]
        return sorted({level for levels in self.stages[: stage + 1] for level in levels})

    def presentations(self, samples):
        number = EVALUATION_PRESENTATIONS - 2 * len(samples) + 2 * np.arange(len(samples))
        alone = self.architecture.with_(batch=1)
        shown = self.shown(samples)
        return self._in_phases(samples, shown, number, *self.negatives.shown(samples), alone, self.lengths(shown, 1))
