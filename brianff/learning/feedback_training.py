"""Training with output targets and feedback: as `brianff.learning.training`, without negative samples and beliefs.

The samples of all training epochs form one stream, cut into rows of `batch` samples that are presented side by side.
After every `mini_batch` samples the optimizer takes a step.  A run of the simulator ends with such a step, so that only
weights, moments, feedback weights and mean rates go on from run to run; a chunk of several runs ends with a checkpoint.
"""

import dataclasses
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from brian2 import have_same_dimensions, ms

from brianff import datasets
from brianff.devices import device_option, simulator
from brianff.equations.compose import compose
from brianff.equations.kinds import FEEDBACK
from brianff.equations.limits import require_limits
from brianff.errors import OptionError
from brianff.learning.evaluation import NO_PREDICTION, predicted_classes
from brianff.learning.finite import not_finite, require_finite
from brianff.learning.health import Health, lower_threshold
from brianff.learning.training import (
    Trainer,
    check_input,
    check_options,
    default_encoder,
    load_data,
)
from brianff.network.feedforward import LABEL_NONE, Architecture
from brianff.options import EPOCHS, NEURONS, SAMPLES, SEED, STEPS, TIME_STEP, Options, option, parameters_of
from brianff.stimulus import EVALUATION_PRESENTATIONS, Schedule, stream

__all__ = ["FeedbackConfig", "FeedbackTrainer", "rate_readout"]

SILENT = 1e-3  # spikes in a presentation


@dataclass(frozen=True)
class FeedbackConfig(Options):
    """All options of a training run with feedback; the defaults of the fields that are None depend on the data set."""

    dataset: str = option("digits", "data set", choices=datasets.names())
    data: str | None = option(None, "folder that holds the data set's files; for events, the file", metavar="DIR")
    download: bool = option(False, "download the data set if it is not on this machine")
    validation: int | None = option(None, "samples held out of the training set", low=0)
    split_seed: int = option(0, "seed of the split into training, validation and (digits) test set", **SEED)
    limit: int | None = option(None, "use only this many training samples", low=1)

    neuron: str = option(FEEDBACK.defaults["neuron"], "neuron model: name or file")
    encoder: str | None = option(
        None, "encoder: name or file (default: time_to_first_spike, or spike_times for spike trains)"
    )
    eligibility: str = option(FEEDBACK.defaults["eligibility"], "local gradient: name or file")
    feedback: str = option(FEEDBACK.defaults["feedback"], "feedback to hidden layers: name or file")
    loss: str = option(FEEDBACK.defaults["loss"], "loss: name or file")
    optimizer: str = option(FEEDBACK.defaults["optimizer"], "optimizer: name or file")
    set: tuple[str, ...] = option(
        (), "replace a parameter of the models, as in tau_s=100*ms", metavar="NAME=VALUE", parameters=True
    )
    set_output: tuple[str, ...] = option(
        (), "the same for the output layer alone", metavar="NAME=VALUE", parameters=True
    )

    hidden: tuple[int, ...] | None = option(
        None, "neurons of each hidden layer, as in 400,400", metavar="N,N", some=True, **NEURONS
    )
    steps: int | None = option(None, "time steps of a stimulus epoch", **STEPS)
    dt: float | None = option(None, "time step in ms", **TIME_STEP)
    batch: int = option(1, "presentations simulated side by side, each with eligibilities of its own", **SAMPLES)
    init: float = option(1.0, "initial weights are uniform from -init to init", above=0, high=1000)

    dropout: float = option(0.0, "part of the pixels that stay dark in a training sample", low=0, below=1)
    jitter: int = option(0, "pixels by which a training image is moved at most, in both directions", low=0)
    epochs: int | None = option(None, "passes over the training set", **EPOCHS)
    mini_batch: int | None = option(
        None, "samples between two steps of the optimizer; those left at the end make none", **SAMPLES
    )
    learning_rate: float | None = option(None, "learning rate at the start", low=0, high=1000)
    schedule: str = option("cosine", "learning rate over training", choices=["cosine", "constant"])

    device: str = device_option()
    dtype: str = option("float32", "precision of all state variables", choices=["float64", "float32"])
    chunk: int | None = option(None, "samples between two checkpoints", **SAMPLES)
    validate: int = option(0, "validation samples used after each epoch (0: all)", low=0)
    seed: int = option(1, "seed of weights, order and noise", **SEED)

    def resolved(self):
        """The same configuration with the defaults of its data set filled in."""
        preset = _preset(self.dataset) | {"encoder": default_encoder(self.dataset)}
        changes = {k: v for k, v in preset.items() if "parameters" not in k and getattr(self, k) is None}
        for name in ("data", *FEEDBACK.defaults):
            value = getattr(self, name)
            if value is not None and (name == "data" or value.endswith(".py")):
                changes[name] = str(Path(value).resolve())
        return dataclasses.replace(self, **changes)._checked()

    def _checked(self):
        check_options(self)
        return self


# Of the two-exponential neuron, with thresholds theta = 2 tau_s c, and of the code; used where the models have them.
_CODE = {"tau_s": 130 * ms, "t_code": 100 * ms, "dark": 0.0}
PRESETS = {
    "digits": dict(
        hidden=(300,),
        steps=50,
        dt=4.0,
        epochs=40,
        mini_batch=50,
        learning_rate=0.02,
        chunk=2000,
        parameters=_CODE | {"c": 0.05 / 0.26, "rho": 0.3, "f_target": 2.0, "eta_F": 0.01},
        output_parameters={"c": 1.0 / 0.26},
    ),
    "timing": dict(
        hidden=(100,),
        steps=100,
        dt=2.0,
        epochs=20,
        mini_batch=20,
        learning_rate=0.01,
        chunk=2000,
        parameters=_CODE | {"c": 0.05 / 0.26, "rho": 0.1, "f_target": 2.0, "eta_F": 0.01, "y_true": 10.0},
        output_parameters={"c": 0.25 / 0.26},
    ),
    "rhythm": dict(
        hidden=(100,),
        steps=100,
        dt=2.0,
        epochs=20,
        mini_batch=20,
        learning_rate=0.01,
        chunk=2000,
        parameters={"tau_s": 5 * ms, "c": 0.5, "rho": 0.1, "f_target": 2.0, "eta_F": 0.01, "y_true": 10.0},
        output_parameters={"c": 0.5},
    ),
    "mnist": dict(
        hidden=(800,),
        steps=50,
        dt=4.0,
        epochs=30,
        mini_batch=50,
        learning_rate=3e-3,
        chunk=5500,
        parameters=_CODE | {"c": 0.2 / 0.26, "rho": 0.1, "f_target": 0.2, "eta_F": 1e-3},
        output_parameters={"c": 0.7 / 0.26},
    ),
}


class FeedbackTrainer(Trainer):
    """One training run, with output targets and feedback, in one results folder.

    Parameters, attributes and methods as those of `brianff.learning.training.Trainer`.
    """

    config_class = FeedbackConfig
    together = 1

    def __init__(self, config, folder, report=lambda text: None):
        self.config = config
        self.folder = folder
        self.report = report
        self.data, self.train = load_data(config)
        self.composition = _compose(config)
        self.output_parameters = self._output_parameters()
        self.architecture = self._architecture()
        check_input(self.data, self.composition, self.architecture, report)
        self.simulator = self._simulator()
        self.position = 0
        self.seconds = 0.0
        self.metrics = []
        self._order = (None, None)
        self.synaptic = self._initial_state()
        # whole mini-batches only: what is left of the stream at the end would never become a step
        self.rows_per_update = config.mini_batch // config.batch
        n_updates = config.epochs * len(self.train) // config.mini_batch
        if not n_updates:
            raise OptionError(
                f"--mini-batch {config.mini_batch} is more than the {len(self.train)} training samples: lower it, or "
                "raise --limit or --epochs."
            )
        self.n_rows = self.rows_per_stage = n_updates * self.rows_per_update
        self.health = self._health()

    # -- starting --------------------------------------------------------------------------------------------------
    def _output_parameters(self):
        known = self.composition.last_neurons.parameters
        chosen = parameters_of(self.config.set_output, "--set-output")
        for name, value in chosen.items():
            if name not in known:
                raise OptionError(
                    f"--set-output: output neurons have no parameter '{name}'. There are: {', '.join(known)}."
                )
            if not have_same_dimensions(known[name], value):
                raise OptionError(f"--set-output: '{name}' has the unit of {known[name]}, which {value} has not.")
        preset = _preset(self.config.dataset)["output_parameters"]
        values = _fitting(preset, known) | chosen
        require_limits(self.composition.models.values(), self.composition.parameters | values, chosen, "--set-output")
        return values

    def _architecture(self):
        c = self.config
        shown = self.composition.presentations
        rows_per_update = c.mini_batch // c.batch
        updates = max(1, c.chunk // c.batch) // rows_per_update
        rows = max(1, updates) * rows_per_update
        return Architecture(
            n_pixels=self.data.n_pixels,
            n_classes=self.data.n_classes,
            layers=(*c.hidden, self.data.n_classes),
            label_neurons=0,
            batch=c.batch,
            n_steps=c.steps,
            dt_ms=c.dt,
            capacity=rows * shown,
            images=rows * c.batch,
            dtype=c.dtype,
            events=self.data.events,
        )

    def _health(self):
        weaker = f"a larger --init than {self.config.init:g}, or "
        levels = range(1, len(self.config.hidden) + 1)
        remedies = {f"layer {level}": weaker + lower_threshold(self.composition) for level in levels}
        remedies["the output layer"] = weaker + lower_threshold(self.composition, "--set-output")
        return Health(list(remedies), len(self.train), remedies)

    def _simulator(self):
        return simulator(self.config.device, self.architecture, self.composition, self.report)

    def _initial_state(self):
        """What goes on from run to run as ``{"synapses1.w": array, ...}``: weights uniform, all else zero."""
        a, c, out = self.architecture, self.composition, {}
        L = a.depth
        for projection in a.projections:
            for key in map(projection.key, (name for name in c.state_variables() if name != "dw")):
                out[key] = np.zeros(self.simulator.size(key))
            out[projection.key("w")] = projection.uniform(self.config.seed, self.config.init)
        if c.feedback:
            for name, limit in c.feedback_weights.items():
                out |= {p.key(name): p.uniform(self.config.seed, limit) for p in a.feedback}
        out |= {
            f"neurons{level}.{name}": np.zeros(a.batch * a.sizes[level]) for level in range(1, L) for name in c.kept
        }
        return out

    # -- inputs of the simulator -----------------------------------------------------------------------------------
    def inputs(self, learning=False):
        """Everything a run needs beside the stimulus."""
        a, c = self.architecture, self.composition
        L = a.depth
        out = dict(self.synaptic)
        out |= a.inputs(self.config.seed)
        out |= a.plasticity((range(1, L + 1) if c.hidden_learns else (L,)) if learning else ())
        for level in range(1, L + 1):
            out[f"layer{level}.samples_per_update"] = float(self.config.mini_batch)
        out |= self.composition.parameter_inputs(a, self.config.seed, self.output_parameters)
        out["neurons0.seed"] = self.config.seed
        return out

    def _stimulus(self, samples, numbers, phases, training=False):
        """Images, altered as in `training`, and schedule; every sample is shown once for each of `phases`."""
        a = self.architecture
        images = np.zeros((a.images, a.n_pixels * a.events))
        given = self._shown(samples)
        images[: len(samples)] = self._altered(given, numbers) if training else given
        shown = Schedule.evaluation(np.arange(len(samples)), self.data.labels[samples], numbers, a.batch)
        schedule = Schedule(
            *(np.repeat(values, len(phases), axis=0) for values in (shown.image, shown.label)),
            np.tile(phases, len(shown)),
            np.repeat(shown.number, len(phases), axis=0),
        )
        return {"images": images, **schedule.inputs(a)}, len(schedule)

    def _learning_rates(self, rows):
        """Learning rate after every stimulus epoch of a run: not zero where a mini-batch is complete."""
        c, shown = self.config, self.composition.presentations
        rates = np.zeros(self.architecture.capacity + 1)
        for k, row in enumerate(rows):
            if (row + 1) % self.rows_per_update == 0:
                progress = (row + 1 - self.rows_per_update) / self.n_rows
                factor = 0.5 * (1 + np.cos(np.pi * progress)) if c.schedule == "cosine" else 1.0
                rates[shown * (k + 1) - 1] = c.learning_rate * factor
        return rates

    # -- the loop --------------------------------------------------------------------------------------------------
    def _next_stop(self):
        """Row at which the next chunk ends: with the first step of the optimizer after `chunk` samples or an epoch."""
        c, n = self.config, len(self.train)
        epoch = self.position * c.batch // n + 1
        ends = [self.position + c.chunk // c.batch, -(-epoch * n // c.batch)]
        if ends[1] <= self.position:
            ends[1] = -(-(epoch + 1) * n // c.batch)
        per_update = self.rows_per_update
        return min(self.n_rows, max(self.position + per_update, -(-min(ends) // per_update) * per_update))

    def _chunk(self):
        """Learn from the rows up to the next stop; returns a row of metrics."""
        c = self.config
        began, cpu = time.perf_counter(), time.process_time()
        start, stop = self.position, self._next_stop()
        tally = np.zeros(2)
        piece = self.architecture.capacity // self.composition.presentations
        for first in range(start, stop, piece):
            tally += self._learn(range(first, min(first + piece, stop)))
        right, output_spikes = tally
        self._check_finite()
        self.position = stop
        elapsed = time.perf_counter() - began
        self.seconds += elapsed
        n = (stop - start) * c.batch
        row = {
            "what": "chunk",
            "samples": stop * c.batch,
            "epoch": round(stop * c.batch / len(self.train), 4),
            "seconds": round(self.seconds, 3),
            "samples_per_second": round(n / elapsed, 1),
            "python_seconds": round(time.process_time() - cpu, 3),
            "training_accuracy": float(right / n),
        }
        mean_n = self.composition.kept[0]
        for level in range(1, len(c.hidden) + 1):
            row[f"spikes{level}"] = float(self.synaptic[f"neurons{level}.{mean_n}"].mean())
        self.metrics.append(row)
        # the running means of a layer that has fallen silent vanish by and by
        hidden = [self.synaptic[f"neurons{level}.{mean_n}"].max() > SILENT for level in range(1, len(c.hidden) + 1)]
        self.health.after_chunk(n, [*hidden, output_spikes > 0])
        if stop * c.batch // len(self.train) > start * c.batch // len(self.train) or stop == self.n_rows:
            self._validate()
        return self.metrics[-1]

    def _check_finite(self):
        """Raise the error of numbers that overflowed in this chunk."""

        def before_learning():
            if self.position:
                return None
            samples, numbers = self._samples(range(self.rows_per_update))
            stimulus, n = self._stimulus(samples, numbers, self._phases, training=True)
            inputs = {**self.inputs(learning=True), **self._initial_state(), **stimulus}
            levels = range(1, self.architecture.depth + 1)
            with self.simulator.run(inputs, n) as results:
                names = [*self.synaptic, *(f"synapses{level}.dw" for level in levels)]
                return not_finite({name: results[name] for name in names})

        require_finite(self.synaptic, self.position * self.config.batch, "--init or --set", before_learning)

    @property
    def _phases(self):
        """Of the presentations of a sample in training."""
        return [1] if self.composition.presentations == 1 else [-1, 1]

    def _learn(self, rows):
        """One run of the simulator on `rows` of the stream; returns how many samples were right, and output spikes."""
        samples, numbers = self._samples(rows)
        phases = self._phases
        stimulus, n_epochs = self._stimulus(samples, numbers, phases, training=True)
        inputs = {**self.inputs(learning=True), **stimulus}
        rates = self._learning_rates(rows)
        for level in range(1, self.architecture.depth + 1):
            inputs[f"learning_rate_at{level}"] = rates
        with self.simulator.run(inputs, n_epochs) as results:
            for name in self.synaptic:
                self.synaptic[name] = results[name]
            scores = self._output(results, "score", n_epochs)[len(phases) - 1 :: len(phases)].reshape(len(samples), -1)
            spikes = self._output(results, "n_spikes", n_epochs).sum()
        return np.array([np.sum(predicted_classes(scores) == self.data.labels[samples]), spikes])

    def _output(self, results, variable, n_epochs):
        """Of the output neurons at the end of each stimulus epoch: (epochs, batch, classes)."""
        return results.recorded("record_output", variable, n_epochs).reshape(n_epochs, self.architecture.batch, -1)

    # -- measuring -------------------------------------------------------------------------------------------------
    def predict(self, samples):
        """Scores and spike counts of the output neurons for samples, without learning: (n, n_classes) each."""
        a, found = self.architecture, {"score": [], "n_spikes": []}
        for start in range(0, len(samples), a.images):
            piece = samples[start : start + a.images]
            stimulus, n_epochs = self._stimulus(piece, EVALUATION_PRESENTATIONS + piece, [0])
            with self.simulator.run({**self.inputs(), **stimulus}, n_epochs) as results:
                for variable, pieces in found.items():
                    pieces.append(self._output(results, variable, n_epochs).reshape(-1, a.n_classes)[: len(piece)])
        return tuple(np.concatenate(pieces) for pieces in found.values())

    def evaluate(self, which="test", limit=None):
        """Scores, (n, n_classes), and labels of the "train", "validation" or "test" samples; the largest score wins."""
        samples = getattr(self.data, which)[:limit]
        if not len(samples):
            raise ValueError(f"the {which} set is empty.")
        scores, labels = self.predict(samples)[0], self.data.labels[samples]
        done = self.position / self.n_rows
        self.health.after_evaluation(done, "the output", predicted_classes(scores), labels, which)
        return scores, labels

    def alignment(self):
        """Cosine between the feedback of every hidden layer and the forward weights from there to the output.

        Returns
        -------
        cosines : list of float
            Empty without feedback synapses; 0 as long as the feedback is.
        """
        a, L = self.architecture, self.architecture.depth
        if not self.composition.feedback:
            return []
        cosines, forward, weight = [], np.eye(a.n_classes), next(iter(self.composition.feedback_weights))
        for level in range(L - 1, 0, -1):
            w = a.projection(f"synapses{level + 1}").matrix(self.synaptic[f"synapses{level + 1}.w"].astype(float))
            forward = w @ forward
            feedback = a.feedback[level - 1].matrix(self.synaptic[f"feedback{level}.{weight}"].astype(float)).T
            norms = np.linalg.norm(forward) * np.linalg.norm(feedback)
            cosines.insert(0, float(np.sum(forward * feedback) / norms) if norms else 0.0)
        return cosines

    def _validate(self):
        if not len(self.data.validation):
            return
        began = time.perf_counter()
        samples = stream(self.config.split_seed, "validate").permutation(self.data.validation)
        samples = np.sort(samples[: self.config.validate or None])
        (scores, counts), labels = self.predict(samples), self.data.labels[samples]
        predicted = predicted_classes(scores)
        samples_seen = self.position * self.config.batch
        row = {
            "what": "validation",
            "samples": samples_seen,
            "epoch": round(samples_seen / len(self.train), 4),
            "validation_seconds": round(time.perf_counter() - began, 3),
            "accuracy": float(np.mean(predicted == labels)),
            "ties": int(np.sum(predicted == NO_PREDICTION)),
            "output_spikes": float(counts.mean()),
        }
        row |= {f"alignment{level}": cosine for level, cosine in enumerate(self.alignment(), start=1)}
        self.metrics.append(row)
        self.health.after_evaluation(self.position / self.n_rows, "the output", predicted, labels)

    def detail(self, row):
        """What the progress bar says of a chunk."""
        return f"training accuracy {row['training_accuracy']:.3f}, {row['samples_per_second']:.0f} samples/s"

    def summary(self, row):
        """What is printed of a validation."""
        cosines = [f"{row[k]:.3f}" for k in row if k.startswith("alignment")]
        aligned = f"  cos(F, W) {', '.join(cosines)}" if cosines else ""
        tied = f" ({row['ties']:.0f} ties)" if row.get("ties") else ""
        return f"validation accuracy {row['accuracy']:.4f}{tied}{aligned}"

    # -- checkpoints -----------------------------------------------------------------------------------------------
    def _state(self):
        return {}

    def _expected_state(self):
        return {}

    def _restore_state(self, arrays):
        """Nothing beside what every trainer restores."""

    def save_weights(self):
        """Write ``weights.npz``: one (n_pre, n_post) matrix a layer, and the feedback's."""
        a = self.architecture
        arrays = {p.name.replace("synapses", "w"): p.matrix(self.synaptic[p.key("w")]) for p in a.projections}
        if self.composition.feedback:
            weight = next(iter(self.composition.feedback_weights))
            arrays |= {p.name: p.matrix(self.synaptic[p.key(weight)]) for p in a.feedback}
        self.folder.save("weights", arrays)


def rate_readout(trainer):
    """Test accuracy of a logistic regression on the spike counts of the input channels: what rate alone gives.

    Parameters
    ----------
    trainer : `FeedbackTrainer`
        Its encoder makes the spikes; they are counted on the NumPy runtime.

    Returns
    -------
    accuracy : float
    """
    from sklearn.linear_model import LogisticRegression

    data, size = trainer.data, 500
    a = trainer.architecture.with_(layers=(1, data.n_classes), batch=size, capacity=1, images=size)
    counter = simulator("runtime", a, trainer.composition, record="spikes")
    inputs = {name: value for name, value in trainer.inputs().items() if name.startswith("neurons0")}

    def counts(samples):
        found = np.zeros((len(samples), a.n_pixels))
        for start in range(0, len(samples), size):
            piece = samples[start : start + size]
            images = np.zeros((size, a.n_pixels * a.events))
            images[: len(piece)] = trainer._shown(piece)
            unlabelled = np.full(len(piece), LABEL_NONE)
            shown = Schedule.evaluation(np.arange(len(piece)), unlabelled, EVALUATION_PRESENTATIONS + piece, size)
            with counter.run({**inputs, "images": images, **shown.inputs(a)}, 1) as results:
                spikes = np.bincount(results["spikes0.i"], minlength=size * a.n_pixels).reshape(size, -1)
            found[start : start + size] = spikes[: len(piece)]
        return found

    readout = LogisticRegression(max_iter=1000).fit(counts(trainer.train), data.labels[trainer.train])
    return float(readout.score(counts(data.test), data.labels[data.test]))


def _preset(dataset):
    return PRESETS.get(dataset, PRESETS["mnist"])


def _fitting(preset, known):
    """What the models at hand have of a data set's parameters; another file may mean something else by a name."""
    return {k: v for k, v in preset.items() if k in known and have_same_dimensions(known[k], v)}


def _compose(config):
    models = {kind: getattr(config, kind) for kind in FEEDBACK.defaults}
    known = compose(FEEDBACK, models).parameters
    preset = _fitting(_preset(config.dataset)["parameters"], known)
    composition = compose(FEEDBACK, models, parameters=preset | parameters_of(config.set))
    composition.require_fit()
    return composition
