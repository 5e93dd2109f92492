"""Learning from output errors: networks with targets at their output, and feedback to their hidden layers.

After every `mini_batch` samples the optimizer takes a step.  A run of the simulator ends with such a step, so that only
weights, moments, feedback weights and mean rates go on from run to run, each of which is a chunk.
"""

from dataclasses import dataclass

import numpy as np
from brian2 import have_same_dimensions, ms

from brianff.equations.compose import compose
from brianff.equations.kinds import FEEDBACK
from brianff.equations.limits import require_limits
from brianff.errors import OptionError
from brianff.learning.evaluation import Evaluation, part_active, predicted_classes, presented
from brianff.learning.health import Health, cosine, lower_threshold
from brianff.learning.options import SpikingOptions, set_option
from brianff.learning.phases import POSITIVE, Epoch, Phases
from brianff.learning.spiking import SpikingMethod
from brianff.network.architecture import Architecture
from brianff.network.layers import Layer, layers_of
from brianff.options import SAMPLES, option, parameters_of
from brianff.stimulus import EVALUATION_PRESENTATIONS

__all__ = ["Feedback", "FeedbackOptions"]

SILENT = 1e-3  # spikes in a presentation

# Of the two-exponential neuron, with thresholds theta = 2 tau_s c, and of the code; used where the models have them.
_RULE = {"rho": 0.1, "f_target": 2.0, "eta_F": 0.01}
_CODE = _RULE | {"tau_s": 130 * ms, "t_code": 100 * ms, "dark": 0.0}


@dataclass(frozen=True)
class FeedbackOptions(SpikingOptions):
    """All options of a training run with feedback; the defaults of the fields that are None depend on the data set."""

    neuron: str = option(FEEDBACK.defaults["neuron"], "neuron model: name or file", also="strings")
    eligibility: str = option(FEEDBACK.defaults["eligibility"], "local gradient: name or file", also="strings")
    feedback: str = option(FEEDBACK.defaults["feedback"], "feedback to hidden layers: name or file", also="strings")
    loss: str = option(FEEDBACK.defaults["loss"], "loss: name or file", also="strings")
    set_output: tuple[str, ...] = set_option("replace a parameter of the models, in the output layer alone")
    batch: int = option(1, "presentations simulated side by side, each with eligibilities of its own", **SAMPLES)
    init: float = option(1.0, "initial weights are uniform from -init to init", above=0, high=1000)
    dropout: float = option(0.0, "part of the pixels that stay dark in a training sample", low=0, below=1)
    schedule: str = option("cosine", "learning rate over training", choices=["cosine", "constant"])
    dtype: str = option("float32", "precision of all state variables", choices=["float64", "float32"])
    validate: int = option(0, "validation samples used each time (0: all)", low=0)

    model_kinds = tuple(FEEDBACK.defaults)
    _common = dict(layers=("100",), steps=100, dt=2.0, epochs=20, mini_batch=20, learning_rate=0.01, chunk=2000)
    _images = dict(steps=50, dt=4.0, mini_batch=50)
    presets = {
        "digits": _common | _images | dict(
            layers=("300",), epochs=40, learning_rate=0.02,
            parameters=_CODE | {"c": 0.05 / 0.26, "rho": 0.3}, output_parameters={"c": 1.0 / 0.26},
        ),
        "timing": _common | dict(
            parameters=_CODE | {"c": 0.05 / 0.26, "y_true": 10.0}, output_parameters={"c": 0.25 / 0.26},
        ),
        "rhythm": _common | dict(
            parameters=_RULE | {"tau_s": 5 * ms, "c": 0.5, "y_true": 10.0}, output_parameters={"c": 0.5},
        ),
        "mnist": _common | _images | dict(
            layers=("800",), epochs=30, learning_rate=3e-3, chunk=5500,
            parameters=_CODE | {"c": 0.2 / 0.26, "f_target": 0.2, "eta_F": 1e-3}, output_parameters={"c": 0.7 / 0.26},
        ),
    }  # fmt: skip


class Feedback(SpikingMethod):
    """A spiking network that learns from the errors of its output layer, by feedback to its hidden layers.

    Parameters, attributes and methods as those of `brianff.learning.method.Method` and `SpikingMethod`.
    """

    name = "feedback"
    Options = FeedbackOptions
    together = 1
    initial_option = "--init"
    samples_of_update = "mini_batch"
    has_output = True

    def build(self) -> None:
        super().build()
        weaker = f"a larger --init than {self.options.init:g}, or "
        hidden = self.levels[:-1]
        remedies = {f"layer {level}": weaker + lower_threshold(self.composition) for level in hidden}
        remedies["the output layer"] = weaker + lower_threshold(self.composition, "--set-output")
        self.health = Health(remedies, len(self.train), self.options.learning_rate)

    def compose(self):
        c, preset = self.options, self.options.preset(self.data.name)
        known = compose(FEEDBACK, c.models).parameters
        composition = compose(FEEDBACK, c.models, _fitting(preset["parameters"], known) | parameters_of(c.set))
        composition.require_fit()
        self.output_parameters = self._output_parameters(composition, preset["output_parameters"])
        return composition

    def _output_parameters(self, composition, preset):
        known = composition.last_neurons.parameters
        chosen = parameters_of(self.options.set_output, "--set-output")
        for name, value in chosen.items():
            if name not in known:
                raise OptionError(
                    f"--set-output: output neurons have no parameter '{name}'. There are: {', '.join(known)}."
                )
            if not have_same_dimensions(known[name], value):
                raise OptionError(f"--set-output: '{name}' has the unit of {known[name]}, which {value} has not.")
        values = _fitting(preset, known) | chosen
        require_limits(composition.models.values(), composition.parameters | values, chosen, "--set-output")
        return values

    def make_architecture(self):
        c = self.options
        rows = self._whole_updates(max(1, c.chunk // c.batch))
        layers, capacity = (*layers_of(c.layers), Layer(self.data.n_classes)), rows * self.composition.presentations
        size = self.size_options(rows * c.batch)
        return Architecture(layers=layers, label_neurons=0, capacity=capacity, **size)

    def initial_weights(self, projection):
        return projection.uniform(self.options.seed, self.options.init)

    def initial_state(self) -> dict:
        a, c = self.architecture, self.composition
        out = {name: value for name, value in super().initial_state().items() if not name.endswith(".dw")}
        for name, limit in c.feedback_weights.items():
            out |= {p.key(name): p.uniform(self.options.seed, limit) for p in a.feedback}
        hidden = self.levels[:-1]
        return out | {
            f"neurons{level}.{name}": np.zeros(a.batch * a.sizes[level]) for level in hidden for name in c.kept
        }

    def inputs(self, learning=(), architecture=None):
        if not self.composition.hidden_learns:
            learning = [level for level in learning if level == self.levels[-1]]
        return super().inputs(learning, architecture)

    # -- the course of training ------------------------------------------------------------------------------------
    @property
    def rows_per_update(self) -> int:
        return self.options.mini_batch // self.options.batch

    @property
    def n_rows(self) -> int:
        # whole mini-batches only: what is left of the stream at the end would never become a step
        return self.epochs * len(self.train) // self.options.mini_batch * self.rows_per_update

    def samples_at(self, row) -> int:
        return row * self.options.batch

    def next_stop(self, row, samples) -> int:
        """With the first step of the optimizer after so many samples, or after an epoch."""
        end = min(row + max(1, samples // self.options.batch), self.end_of_epoch(row, self.options.batch))
        return min(self.n_rows, self._whole_updates(end))

    def _whole_updates(self, rows):
        """So many rows or more: those with which the optimizer takes a step."""
        return -(-rows // self.rows_per_update) * self.rows_per_update

    def learn(self, rows) -> dict:
        before = {name: value.copy() for name, value in self.synaptic.items() if name.endswith(".w")}
        right, output_spikes = self._learn(rows)
        changed = self.changes(before, self.levels if self.composition.hidden_learns else self.levels[-1:])
        n = len(rows) * self.options.batch
        hidden, mean_n = self.levels[:-1], self.composition.kept[0]
        rates = {level: self.synaptic[f"neurons{level}.{mean_n}"] for level in hidden}
        # the running means of a layer that has fallen silent vanish by and by
        names = dict(zip(self.levels, self.health.remedies, strict=True))
        active = [*(rates[level].max() > SILENT for level in hidden), output_spikes > 0]
        self.health.after_chunk(n, active, changed={names[level]: change for level, change in changed.items()})
        row = {"training_accuracy": float(right / n)} | {f"spikes{k}": float(rates[k].mean()) for k in hidden}
        return row | {f"changed{level}": change for level, change in changed.items()}

    def _learn(self, rows):
        """One run of the simulator on `rows` of the stream; returns how many samples were right, and output spikes."""
        samples, _ = self.stream.take(rows, self.epochs)
        seen, n = (np.arange(rows.start, rows.stop) + 1) * self.options.batch, len(self.phases.epochs)
        with self.learning(rows, seen, self.levels) as results:
            scores = self._output(results, "score", n * len(rows))[n - 1 :: n].reshape(len(samples), -1)
            spikes = self._output(results, "n_spikes", n * len(rows)).sum()
        return np.sum(predicted_classes(scores) == self.data.labels[samples]), spikes

    @property
    def phases(self):
        """Of the presentations of a sample in training: -1 where the feedback perturbs the network."""
        return POSITIVE if self.composition.presentations == 1 else Phases([Epoch(0, -1), Epoch(0, 1)])

    def stimulus(self, rows):
        samples, numbers = self.stream.take(rows, self.epochs)
        shown = np.arange(len(samples)), self.data.labels[samples], numbers
        return self.altered(self.shown(samples), numbers), self.phases.schedule(shown, shown, self.architecture)

    def rates_of(self, seen):
        c = self.options
        planned = c.epochs * len(self.train) // c.mini_batch * self.rows_per_update
        progress = np.minimum((seen // c.batch - self.rows_per_update) / planned, 1.0)
        return c.learning_rate * (
            0.5 * (1 + np.cos(np.pi * progress)) if c.schedule == "cosine" else np.ones(len(seen))
        )

    def _output(self, results, variable, n_epochs):
        """Of the output neurons at the end of each stimulus epoch: (epochs, batch, classes)."""
        return results.recorded("record_output", variable, n_epochs).reshape(n_epochs, self.architecture.batch, -1)

    # -- looking at it ---------------------------------------------------------------------------------------------
    def evaluate(self, samples, offset=0) -> Evaluation:
        shown = self.shown(samples), np.arange(len(samples)), self.data.labels[samples]
        variables = ("record_output", "score"), ("record_output", "n_spikes")
        number = EVALUATION_PRESENTATIONS + samples
        scores, counts = presented(self.simulator, self.inputs(), *shown, number, variables)
        # of hidden layers, whose spikes are not read, those that have spiked at all in the last training samples
        kept = [self.synaptic[f"neurons{level}.{self.composition.kept[0]}"] for level in self.levels[:-1]]
        active = np.array([*(np.mean(rates > SILENT) for rates in kept), part_active([counts])[0]])
        spikes = float(counts.mean())
        return Evaluation(self.data.labels[samples], output=scores, spikes_per_neuron=spikes, active=active)

    def weights(self) -> dict:
        weight = next(iter(self.composition.feedback_weights), None)
        of_feedback = self.architecture.feedback if weight else []
        return super().weights() | {p.name: p.matrix(self.synaptic[p.key(weight)]) for p in of_feedback}

    def measures(self) -> dict:
        return {f"alignment{level}": cosine for level, cosine in enumerate(self.alignment(), start=1)}

    def alignment(self) -> dict:
        """Cosine between the feedback of every hidden layer and the forward weights from there to the output.

        Returns a list of float, empty without feedback synapses; a cosine is 0 as long as the feedback is.
        """
        if not self.composition.feedback_weights:
            return []
        w, (*hidden, last) = self.weights(), self.levels
        cosines, forward = [], np.eye(self.sizes[last])
        for level in reversed(hidden):
            forward = w[level + 1].astype(float) @ forward
            cosines.insert(0, cosine(forward, w[f"feedback{level}"].astype(float).T))
        return cosines

    def detail(self, row) -> str:
        return f"training accuracy {row['training_accuracy']:.3f}, {super().detail(row)}"

    def summary(self, chunk, validation) -> str:
        cosines = [f"{validation[k]:.3f}" for k in validation if k.startswith("alignment")]
        aligned = f"  cos(F, W) {', '.join(cosines)}" if cosines else ""
        return f"{super().summary(chunk, validation)}{aligned}"


def _fitting(preset, known):
    """What the models at hand have of a data set's parameters; another file may mean something else by a name."""
    return {k: v for k, v in preset.items() if k in known and have_same_dimensions(known[k], v)}
