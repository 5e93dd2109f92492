"""A feed-forward network of spiking layers, as Brian2 objects, from composed equation strings.

Names of the Brian2 objects, for layer l = 1 ... L (0 is the input): ``neurons0 ... neuronsL``, ``layer0 ... layerL``
(one element for each batch entry: goodness, modulator), ``synapses1 ... synapsesL``, and ``recurrentl`` of a layer that
projects to itself.

Order of what happens at the boundary between two stimulus epochs, in the slot "start" of the new one's first step:

===== ================================================================================================================
order what
===== ================================================================================================================
-60   goodness and traces are recorded
-59.6 `lateral_at_epoch_end`, then `lateral_afterwards` (-59.3)
-59   `score`, then `class_max`, `class_sum` (-58, -57): class scores of a layer, and their sums
-57   `layer_max`: the largest value of all neurons of a layer
-55   `layer_sum`: sums over the neurons of a layer
-50   `layer_at_epoch_end`: the modulator
-48   `class_at_epoch_end`; the scores are recorded (-47); `readout_backward` (-46)
-45   `neuron_at_epoch_end`
-42   `channel_at_epoch_end`, `channel_at_update`
-41   the same as below, of the synapses to the classes
-40   the synapses' `at_epoch_end`: weight changes accumulate; then the optimizer, where this epoch asks for an update
-36   with `carry_over`: what goes on is kept as it is now (`brianff.network.continuous`)
-35   the index of the stimulus epoch, by which image, label, phase and learning rate are read
-32   neurons get the variables of their channel
-30   `..._remember`, then every state variable goes back to its initial value (`carry_over`: it does not)
-29   what is left of 1 is 1 again (`brianff.network.scaled`)
-20   `settle` of the synapses, not here alone but from time to time
-11   which image and label the new epoch shows
-10   the encoder reads them
===== ================================================================================================================
"""

from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
from brian2 import (
    EventClock,
    Network,
    Quantity,
    SpikeMonitor,
    StateMonitor,
    TimedArray,
    defaultclock,
    ms,
    prefs,
    second,
)
from brian2.core.variables import Variables
from brian2.devices.device import RuntimeDevice, get_device
from brian2.groups.group import CodeRunner

from brianff.equations.text import assignments, equations_of, tidy
from brianff.errors import OptionError
from brianff.network.continuous import AT_END, going_on, state_of, without
from brianff.network.layers import Convolution, Dense, Layer
from brianff.network.monitors import FirstNotFinite, monitor_neurons
from brianff.network.neurons import BatchNeurons
from brianff.network.processes import begin, in_processes
from brianff.network.recorder import Recorder
from brianff.network.scaled import Scaled, scaled_traces
from brianff.network.templates import on_cuda
from brianff.noise import FUNCTIONS
from brianff.stimulus import LABEL_NONE

__all__ = ["FeedForwardNetwork"]

_EPOCH = "epoch_index*second"  # where the arrays hold the values of a stimulus epoch
_T_EPOCH = "T_epoch : second (shared, constant)", "T_epoch : second (shared)"


def _epoch_clock(starts):
    """A clock that ticks where stimulus epochs begin; a run can give other times, ``epoch_clock.times``.

    An `EventClock` that has the default clock's own numbers for its times ticks with it for ever, where a clock of n
    time steps drifts apart by rounding.  Brian2's templates know it by the name of its class, so it is no subclass.
    """
    clock = EventClock(starts * second, name="epoch_clock")
    clock.variables["times"].read_only = False
    clock._set_t_update_dt = lambda target_t=0 * second: None  # Network.store calls it, and EventClock has none
    clock._times = np.append(starts, np.inf)  # numbers in place of quantities, which every tick would convert
    clock.variables["times"].set_value(clock._times)
    if isinstance(get_device(), RuntimeDevice):
        clock._times = clock.variables["times"].get_value()  # the same array, which a run may set
    return clock


def _aligned(timed_array):
    """Keep Brian2 from warning of time steps that are no whole part of the array's: all of ours are, up to rounding.

    The code of a `TimedArray` asks for the time step to find a resolution 8 to 16 times as fine, a power of two; the
    next power of two below the time step gives the same one.
    """
    for implementation in timed_array.implementations._implementations.values():
        make = implementation._code

        def code(owner, make=make):
            ratio = timed_array.dt / owner.clock.dt_
            step = timed_array.dt / 2.0 ** np.ceil(np.log2(ratio))
            return make(SimpleNamespace(clock=SimpleNamespace(dt_=step)))

        implementation._code = code
    return timed_array


class FeedForwardNetwork:
    """Brian2 objects of one architecture and one composition.

    Parameters
    ----------
    architecture : `Architecture`
    composition : `Composition`
    record : bool, "spikes" or dict of level -> sequence of int
        Also record every spike, and unless it is "spikes" the variables of these neurons of each layer above the input
        (True: of all) in every time step; for inspection, since memory grows with the length of the run.
    stop_early : bool
        Standalone devices cannot change the duration of a compiled run: let it stop at ``layer0.t_stop``.

    Attributes
    ----------
    network : `brian2.Network`
    timed_arrays : dict of name -> `TimedArray`
    spikes, traces : dict of group name -> monitor, with `record`
    watch : `brianff.network.monitors.FirstNotFinite`, with `record` on the NumPy runtime
    """

    scales = True  # traces that need no integration in every step (`brianff.network.scaled`), in compiled C++

    def __init__(self, architecture, composition, record=False, stop_early=False):
        self.architecture = architecture
        self.composition = composition
        if reason := self.problem():
            raise OptionError(reason)
        with self.precision():
            self._build(record, stop_early)

    def problem(self):
        """Why there is no such network, as a sentence, or None."""
        if self.architecture.total_steps and on_cuda():
            return "on CUDA all stimulus epochs have the same length: take another device, cpp."
        reasons = [projection.problem(self.composition) for projection in self.architecture.projections]
        if reason := self.composition.misfit_of_epochs(self.architecture.epoch_seconds):
            reasons.append(f"{reason}: take fewer or shorter time steps.")
        encoder, first = self.composition.models["encoder"], self.architecture.projections[0]
        if encoder.reads_spike_times and not self.architecture.events:
            reasons.append(f"events: the encoder {encoder.name} needs room for events in the architecture.")
        if first.delay and self.composition.several_at_once:
            reasons.append("layers: spikes of spike trains reach the first layer at once: take t2 in the layers above.")
        return next(filter(None, reasons), None)

    @contextmanager
    def precision(self):
        """Floating point numbers in this network's precision: also those that code generation adds, in a run."""
        default = prefs.core.default_float_dtype
        prefs.core.default_float_dtype = np.dtype(self.architecture.dtype).type
        try:
            yield
        finally:
            prefs.core.default_float_dtype = default

    def _build(self, record, stop_early):
        a = self.architecture
        defaultclock.dt = a.dt_ms * ms
        self.epoch_clock = _epoch_clock(a.starts())
        self.groups = {"epoch_clock": self.epoch_clock}
        self.objects = []
        self.spikes, self.traces = {}, {}
        self.timed_arrays = {}
        scales = in_processes() and self.scales and record is False
        self.scaled = scaled_traces(self.composition, a) if scales else [Scaled()] * (a.depth + 1)
        self._timed_arrays()
        for level in range(a.depth + 1):
            self._layer(level)
            self._neurons(level)
            self._goodness(level)
            if level and self.composition.channels:
                self._channels(a.channels[level - 1])
            if level and self.composition.classes:
                self._classes(a.readouts[level - 1])
        self._count_epochs()
        for projection in a.projections:
            self._learned(projection)
        for level in range(a.depth + 1):
            self._monitors(level, record)
        if self.traces and isinstance(get_device(), RuntimeDevice):
            self.watch = FirstNotFinite({level: self.groups[f"neurons{level}"] for level in range(1, a.depth + 1)})
            self.objects.append(self.watch)
        if stop_early:
            self._stop()
        if in_processes():
            groups = [group for group in self.groups.values() if group is not self.epoch_clock]
            self.objects.append(begin(self.groups["layer0"], self.epoch_clock, groups))
        self.network = Network(*self.objects)

    def _timed_arrays(self):
        a = self.architecture
        # Not courses of time: "second k" is stimulus epoch k, or image k, so that an image serves several epochs.
        per_entry = (a.capacity + 1, a.batch)
        self._timed("image_index", -np.ones(per_entry), 1 * second)
        self._timed("label", np.full(per_entry, float(LABEL_NONE)), 1 * second)
        self._timed("presentation_index", np.zeros(per_entry), 1 * second)
        self._timed("phase_at", np.zeros(a.capacity + 1), 1 * second)
        for level in range(1, a.depth + 1):
            self._timed(f"learning_rate_at{level}", np.zeros(a.capacity + 1), 1 * second)
        if a.total_steps:
            self._timed("epoch_length", np.full(a.capacity + 1, a.epoch_seconds) * second, 1 * second)
        for name, course in self.composition.courses.items():  # of model files
            self._timed(name, course.values * Quantity(1, dim=course.dim), course.dt * second)
        if a.events:
            self._timed("event_first", np.zeros((a.images, a.n_pixels + 1)), 1 * second)
            for name in ("event_step", "event_count"):
                self._timed(name, np.zeros(a.events), 1 * second)
        else:
            self._timed("images", np.zeros((a.images, a.n_pixels)), 1 * second)

    def _timed(self, name, values, dt):
        self.timed_arrays[name] = _aligned(TimedArray(values, dt=dt, name=name))

    def _add(self, group):
        self.groups[group.name] = group
        self.objects.append(group)
        return group

    def _equations(self, text):
        """The length of a stimulus epoch is no constant where they differ."""
        return text.replace(*_T_EPOCH) if self.architecture.total_steps else text

    def _set(self, group, strings, **more):
        for name, value in {**strings.parameters, **more}.items():
            if name in group.variables:  # not setattr: a parameter may be called as an attribute of the group is
                group.state(name).set_item(slice(None), getattr(value, "middle", value))

    @property
    def _epoch(self):
        return self.architecture.epoch_seconds * second

    def _layer(self, level):
        a = self.architecture
        strings = self.composition.input_layer if level == 0 else self.composition.layer
        more = ["t_stop : second (shared)"] if level == 0 else []
        if self._delayed(level):
            more.append("epoch_began : integer (shared)")
        scales, begin = self.scaled[level].layer(self.composition.of_neurons(level, a))
        equations = self._equations("\n".join([strings.equations, scales, *more]))
        options = dict(method=strings.method, namespace=dict(self.timed_arrays), name=f"layer{level}")
        group = self._add(BatchNeurons(a.batch, equations, batch=a.batch, threshold=None, **options))
        self._set(group, strings, n_neurons=a.sizes[level], T_epoch=self._epoch, samples_per_update=1)
        if level == 0:  # an input of a run: training looks at no traces
            group.variables.add_array("traces_wanted", size=1, scalar=True, index="0", dtype=bool, values=True)
        self._at_epoch(group, strings.at_epoch_end, -50)
        self._at_epoch(group, begin, -29)
        self._at_epoch(group, strings.encode, -11)
        start = f"phase = phase_at({_EPOCH})\n"
        if level:
            start += f"learning_rate = learning_rate_at{level}({_EPOCH})\n"
        if self._delayed(level):
            start += "epoch_began = t_in_timesteps\n"
        self._at_start(group, start, strings)

    def _delayed(self, level):
        """Whether spikes are on their way to a layer when a stimulus epoch ends, and must not arrive in the next."""
        ways = [projection for projection in self.architecture.projections if projection.target == level]
        return not self.architecture.carry_over and any(projection.delay for projection in ways)

    def _count_epochs(self):
        """The index of the stimulus epoch, counted by the input neurons, whose shared statements run once on CUDA."""
        levels = range(self.architecture.depth + 1)
        kinds = ("neurons", "layer", "classes")
        groups = (self.groups.get(f"{kind}{level}") for level in levels for kind in kinds)
        counting, *others = filter(None, groups)
        counting.variables.add_array("epoch_index", size=1, scalar=True, index="0", dtype=np.int32, values=-1)
        self._at_epoch(counting, "epoch_index += 1", -35)
        for group in others:
            group.variables.add_reference("epoch_index", counting, "epoch_index", index="0")

    def _at_start(self, group, code, strings):
        """What happens when a stimulus epoch begins: `code`, and the reset of what does not go on."""
        if "T_epoch" in group.variables and self.architecture.total_steps:
            code += f"T_epoch = epoch_length({_EPOCH})\n"
        goes_on = state_of(self.composition) if self.architecture.carry_over else ()
        if goes_on:
            self._keep_state(group, going_on(strings.equations, self.composition))
        self._at_epoch(group, code + without(strings.at_epoch_start, goes_on), -30)

    def _keep_state(self, group, names):
        """Keep what goes on as it is at the end of a stimulus epoch; the run itself takes one more time step."""
        for name in names:
            of = group.variables[name]
            options = dict(size=len(group), dtype=of.dtype, dimensions=of.dim)
            group.variables.add_array(name + AT_END, **options)
        self._at_epoch(group, "\n".join(f"{name}{AT_END} = {name}" for name in names), -36)

    def _at_epoch(self, group, code, order):
        if code.strip():
            group.run_regularly(code, clock=self.epoch_clock, when="start", order=order)

    def _neurons(self, level):
        a = self.architecture
        strings = self.scaled[level].neurons(self.composition.of_neurons(level, a))
        n = a.sizes[level]
        namespace = self.timed_arrays | FUNCTIONS
        if level == 0:
            namespace |= {"n_pixels": a.n_pixels, "label_neurons": max(a.label_neurons, 1)}
        options = dict(refractory=strings.refractory or False, method=strings.method, namespace=namespace)
        group = self._add(self.make_neurons(level, a.batch * n, strings, name=f"neurons{level}", **options))
        self.scaled[level].lend(group, self.groups[f"layer{level}"])
        number, entry = np.tile(np.arange(n), a.batch), np.repeat(np.arange(a.batch), n)
        group_of = number % (a.layers[level - 1].channels if level else n) % a.n_classes
        numbers = dict(channel=number + sum(a.sizes[:level]), entry=entry, class_group=group_of)
        if level == 0:
            label, each = number - a.n_pixels, max(a.label_neurons, 1)
            numbers["label_class"] = np.where(label < 0, np.iinfo(np.int32).min, label // each)  # no label
            numbers["first_label"] = (label >= 0) & (label % each == 0)
        self._set(group, strings, **numbers, own_class=number, T_epoch=self._epoch, n_classes=a.n_classes)
        self._at_epoch(group, strings.at_epoch_end, -45)
        self._at_start(group, "", strings)
        self._at_epoch(group, strings.encode, -10)

    def make_neurons(self, level, n, strings, **options):
        """The neurons of a layer; the benchmarks have others."""
        spikes = dict(threshold=strings.threshold, reset=strings.reset)
        spikes |= dict(on_step=strings.on_step, on_threshold=strings.on_threshold)
        return self._batch_neurons(level, n, strings, **spikes, **options)

    def _batch_neurons(self, level, n, strings, **options):
        """A group of a layer with so many elements for each entry of the batch."""
        equations = "\n".join(line for line in strings.equations.splitlines() if "(linked)" not in line)
        equations = self._equations(equations)
        linked = {"layer": f"layer{level}", "below": f"layer{level - 1}", "input": "neurons0"}
        links = {name: (self.groups[linked[which]], variable) for name, (which, variable) in strings.links.items()}
        return BatchNeurons(n, equations, batch=self.architecture.batch, links=links, **options)

    def _goodness(self, level):
        """Every spike of a layer changes the layer's goodness, before the neuron's own trace jumps."""
        neurons, c = self.groups[f"neurons{level}"], self.composition
        own = self.architecture.layers[level - 1] if level else self.architecture.input_layer
        to_layer = Dense(itself=True).between(f"goodness{level}", level, level, own, Layer(1))
        on_spike = c.layer_on_spike if level else c.layer_on_spike_of_input
        goodness = self._connect(to_layer, neurons, self.groups[f"layer{level}"], on_pre=on_spike)
        if level:
            self._update(goodness, _maximum(c.layer_max), -57, one_by_one=True)
            self._update(goodness, c.layer_sum, -55)
        if level and (c.lateral or c.lateral_at_epoch_end):
            # in a layer with positions: within each of them
            kind = Convolution(own.channels, 1) if own.shape else Dense(itself=True)
            to_each_other = kind.between(f"lateral{level}", level, level, own, own)
            lateral = self._connect(to_each_other, neurons, neurons, on_pre=c.lateral or None)
            self._update(lateral, c.lateral_at_epoch_end, -59.6)
            self._update(lateral, c.lateral_afterwards, -59.3)

    def _update(self, synapses, code, order, **options):
        """Let synapses run code, where there is any, at the boundary between two stimulus epochs."""
        if code:
            synapses.update(code, clock=self.epoch_clock, order=order, **options)

    def _channels(self, projection):
        """What the neurons of a channel share."""
        c, neurons = self.composition.channels, self.groups[f"neurons{projection.source}"]
        channels = self._connect(projection, neurons, neurons, c.model, layer=self.groups[f"layer{projection.target}"])
        self._set(channels, c, T_epoch=self._epoch, **self.composition.channel_values)
        self._learn(channels, c, -42)
        shared = [name for name in self.composition.channel_values if f"{name}_channel" in neurons.variables]
        copies = "\n".join(f"{name}_channel_pre = {name}" for name in shared)
        channels.update(copies, clock=self.epoch_clock, order=-32, name=f"{projection.name}_tell")

    def _learn(self, synapses, strings, order):
        """What changes synapses at the end of a stimulus epoch, and the optimizer in the same pass."""
        then = {"then": strings.at_update, "then_condition": strings.update_condition} if strings.at_update else {}
        options = dict(condition=strings.condition, rows=strings.rows, name=f"{synapses.name}_learn")
        self._update(synapses, strings.at_epoch_end, order, **options, **then)

    def _classes(self, projection):
        """The classes of a layer, and the synapses that lead to them."""
        a, c, level = self.architecture, self.composition, projection.target
        n, layer = a.n_classes, self.groups[f"layer{level}"]
        strings, options = c.classes, dict(namespace=dict(self.timed_arrays), name=f"classes{level}")
        options |= dict(threshold=None, method=strings.method)
        classes = self._add(self._batch_neurons(level, a.batch * n, strings, **options))
        own, entry = np.tile(np.arange(n), a.batch), np.repeat(np.arange(a.batch), n)
        self._set(classes, strings, own_class=own, entry=entry, T_epoch=self._epoch)
        neurons, name = self.groups[f"neurons{level}"], projection.name
        readout = self._connect(projection, neurons, classes, self._equations(c.readout.model), layer=layer)
        self._set(readout, c.readout, T_epoch=self._epoch)
        self._update(readout, c.score, -59, rows=c.readout.rows, name=f"{name}_score")
        to_layer = Dense(itself=True).between(f"class_sum{level}", level, level, Layer(n), Layer(1))
        total = self._connect(to_layer, classes, layer)
        self._update(total, _maximum(c.class_max), -58, one_by_one=True)
        self._update(total, c.class_sum, -57)
        self._at_epoch(classes, strings.at_epoch_end, -48)
        options = dict(columns="own_class_post >= 0", condition=c.readout.condition, name=f"{name}_backward")
        self._update(readout, c.readout_backward, -46, **options)
        self._learn(readout, c.readout, -41)
        self._at_start(classes, "", strings)
        self._record(f"record_classes{level}", classes, ["score"], order=-47)

    def _connect(self, projection, source, target, model="", **options):
        """The Brian2 object of a projection."""
        synapses = projection.connect(
            source, target, model=model, batch=self.architecture.batch, name=projection.name, **options
        )
        return self._add(synapses)

    def _project(self, projection, strings):
        """Synapses from the neurons of one layer to another's."""
        arrival = self.scaled[projection.target].arrival(strings.on_arrival)
        options = dict(on_pre=tidy(f"{arrival}\n{strings.on_spike}") or None, on_post=strings.on_post or None)
        options["model"] = self._equations(strings.model)
        if projection.delay and strings.on_spike:  # what a rule does is not delayed
            options["on_pre"] = {"pre": arrival, "rule": strings.on_spike}
        source, target = (self.groups[f"neurons{level}"] for level in (projection.source, projection.target))
        layer = self.groups[f"layer{projection.target}"]
        if projection.delay and not self.architecture.carry_over:
            options["since"] = layer, "epoch_began"
        synapses = self._connect(projection, source, target, layer=layer, **options)
        self._set(synapses, strings, T_epoch=self._epoch)
        if "T_epoch" in equations_of(options["model"]).names and self.architecture.total_steps:
            synapses.update(f"T_epoch = epoch_length({_EPOCH})", clock=self.epoch_clock, order=-30)
        return synapses

    def _learned(self, projection):
        strings, name = self.composition.of_synapses(projection), projection.name
        synapses = self._project(projection, strings)
        if strings.settle:
            options = dict(condition=strings.settle_condition, rows=strings.rows, when="start", order=-20)
            synapses.update(strings.settle, **options, name=f"{name}_settle")
        if strings.on_step:
            options = dict(condition=strings.step_condition, rows=strings.rows, name=f"{name}_step")
            # before this step's spikes arrive, which may change the membrane potential at once
            synapses.update(strings.on_step, when="synapses", order=-5, **options)
        self._learn(synapses, strings, -40)
        if not strings.at_epoch_end:
            self._update(synapses, strings.at_update, -40, condition=strings.update_condition, name=f"{name}_learn")

    def _record(self, name, group, variables, order=-60, **options):
        """Record variables of all elements of a group at the end of every stimulus epoch."""
        at_end = dict(clock=self.epoch_clock, when="start", order=order, name=name)
        self._add(Recorder(group, variables, self.architecture.capacity + 1, **at_end, **options))

    def _monitors(self, level, record):
        layer, neurons = self.groups[f"layer{level}"], self.groups[f"neurons{level}"]
        if level:
            self._record(f"record_g{level}", layer, ["g"])
            self._record(f"record_x{level}", neurons, ["x"], wanted=(self.groups["layer0"], "traces_wanted"))
        self._record_activity(level, record)

    def _record_activity(self, level, record, at_spikes=()):
        """Record the spikes, and unless these are all that is asked for, variables of the neurons in every step."""
        if record is not False:
            several = not level and self.composition.several_at_once
            self._record_spikes(level, [*at_spikes, "multiplicity"] if several else at_spikes)
            if level and record != "spikes":
                self._record_traces(level, record)

    def _record_spikes(self, level, variables=()):
        """Record every spike of a layer, and the variables of its neuron at that moment."""
        monitor = SpikeMonitor(self.groups[f"neurons{level}"], list(variables), name=f"spikes{level}")
        self.spikes[f"neurons{level}"] = self._add(monitor)

    def _record_traces(self, level, record):
        """Record variables of chosen neurons, and the goodness, in every time step."""
        layer, neurons = self.groups[f"layer{level}"], self.groups[f"neurons{level}"]
        chosen = True if record is True else record[level]
        monitor = monitor_neurons(neurons, self.composition, chosen, f"traces{level}")
        self.traces[neurons.name] = self._add(monitor)
        if "g" in layer.variables:
            names, name = sorted({*layer.equations.diff_eq_names, "g"}), f"goodness_trace{level}"
            self.traces[layer.name] = self._add(StateMonitor(layer, names, record=True, when="end", name=name))

    def _stop(self):
        """Let a compiled run end before its compiled duration, when layer0.t_stop has passed."""
        layer = self.groups["layer0"]
        layer.t_stop = 1e9 * second
        options = dict(clock=self.epoch_clock, when="end", order=1000, name="stop_run", template_kwds={})
        runner = CodeRunner(layer, "stop_run", "_stop_now = t >= t_stop", **options)
        runner.variables = Variables(layer)
        runner.variables.add_auxiliary_variable("_stop_now", dtype=bool, scalar=True)
        layer.contained_objects.append(runner)

    @property
    def duration(self):
        """Length of the longest run: one step more than the epochs, for what happens when the last one ends."""
        a = self.architecture
        return (a.most_steps + 1) * a.dt_ms * ms


def _maximum(statements):
    """Statements ``NAME = expression`` by which NAME becomes the larger of the two."""
    return "\n".join(f"{name} = clip({expression}, {name}, inf)" for name, _, expression in assignments(statements))
