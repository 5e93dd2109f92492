"""Continuous streams: a run that goes on from another one, frames of streams, learning on line, detection."""

import numpy as np
import pytest

from brianff import plotting
from brianff.datasets import from_spikes
from brianff.devices.cpp import CppSimulator
from brianff.devices.runtime import RuntimeSimulator
from brianff.equations.compose import compose
from brianff.errors import OptionError
from brianff.learning.streams import Frames, Listener, detections, frames_of
from brianff.network.architecture import Architecture
from brianff.network.continuous import state_after
from brianff.network.layers import layers_of
from brianff.stimulus import LABEL_NONE, Schedule
from brianff.studies.memory import memory_curve
from brianff.trains import SpikeTrains

MODELS = dict(rule="local_readout_stream", goodness="since_onset", encoder="spike_times")
SIZE = dict(label_neurons=0, batch=2, n_steps=15, events=400, carry_over=True)


def words(n=40, seed=0):
    """Two classes of words: five channels, and then five others, or the other way round."""
    rng = np.random.default_rng(seed)
    times, channels, labels = [], [], rng.integers(0, 2, n)
    for label in labels:
        halves = [(c, rng.uniform(0, 0.05)) for c in range(5) for _ in range(2)]
        halves += [(c + 5, rng.uniform(0.05, 0.1)) for c in range(5) for _ in range(2)]
        own = sorted((t, (c + 5 * label) % 10) for c, t in halves)
        times.append(np.array([t for t, _ in own]))
        channels.append(np.array([c for _, c in own]))
    return from_spikes(times, channels, labels, test=10, validation=10)


def in_pieces(simulator, pieces, layers="12r"):
    """Scores, weights and state of a stream of frames that is shown in one run, or goes on in several."""
    composition = compose(models=MODELS | dict(neuron="lif_adaptive"))
    rng, n = np.random.default_rng(0), 12
    sample = np.repeat(np.arange(n), 30)
    drawn = rng.integers(0, 10, len(sample)), rng.integers(0, 15, len(sample))
    trains = SpikeTrains.of_spikes(sample, *drawn, n, 10)
    a = Architecture(10, 2, layers_of(layers), capacity=6, images=12, **SIZE)
    device, state, scores = simulator(a, composition), {}, []
    learning = composition.learning(a)
    names = [p.key(name) for p, strings in learning for name in composition.state_variables(strings)]
    synaptic = {p.key("w"): p.normal(1, 3.0) for p, _ in learning}
    for piece in pieces:
        row = np.array([[2 * k, 2 * k + 1] for k in piece])
        schedule = Schedule(row - row.min(), row % 2, np.ones(len(piece), int), row)
        inputs = a.inputs(1) | composition.plasticity(a, (1,)) | synaptic | state
        inputs |= schedule.inputs(a, trains[row.ravel()])
        inputs["learning_rate_at1"] = np.full(a.capacity + 1, 1e-2)
        results = device.run(inputs, len(piece))
        synaptic = {name: results[name] for name in names}
        scores.append(results.recorded("record_classes1", "score", len(piece)))
        state = state_after(results, composition, a)
    return {"scores": np.concatenate(scores)} | synaptic | state


def goes_on(simulator):
    whole, parts = (in_pieces(simulator, pieces) for pieces in ([range(6)], [range(3), range(3, 6)]))
    assert np.abs(whole["scores"]).max() > 0.1 and np.abs(whole["recurrent1.eligibility"]).max() > 0.1
    assert whole.keys() == parts.keys() and {"neurons1.v", "neurons1.a", "layer1.G"} <= whole.keys()
    for name, values in whole.items():
        np.testing.assert_array_equal(parts[name], values, err_msg=name)


def test_a_stream_goes_on_in_another_run():
    """Bit for bit, as if it were one run: state, eligibilities, weights."""
    goes_on(RuntimeSimulator)


@pytest.mark.compiler
def test_a_stream_goes_on_in_another_run_on_cpp():
    goes_on(CppSimulator)


def test_what_cannot_go_on_is_refused():
    with pytest.raises(OptionError, match="goes on in another run only without delays and refractory periods"):
        in_pieces(RuntimeSimulator, [range(3), range(3, 6)], layers="12,8t2")


def test_frames_hold_every_spike_where_it_belongs():
    data = words()
    frames = frames_of(data, data.train, 3, 15, 1e-3, seed=1, gap=(0.02, 0.06), heard=0.02)
    assert frames.trains.count.sum() == sum(len(data.source.read(int(k))[0]) for k in data.train)
    n, k = frames.label.shape[1], np.argmax(frames.words[:, 0] == 2)
    of, kind, begins, ends = frames.words[k]
    own = np.flatnonzero(frames.word[:, 2] == k)
    assert own[0] == int(begins / 0.015) and own[-1] == int(ends / 0.015)
    label = frames.label[own, 2]
    assert label[0] == LABEL_NONE and set(label[2:]) == {int(kind)}
    assert frames.since_onset()[own[-1], 2] == pytest.approx((own[-1] + 1) * 0.015 - begins)
    trains = frames.trains
    at = (trains.sample // n) * 0.015 + trains.step * 1e-3
    inside = (trains.sample % n == 2) & (at > begins - 1e-3) & (at <= ends)
    sizes = [len(data.source.read(int(sample))[0]) for sample in data.train]
    assert inside.sum() <= trains.count[inside].sum() == 20 == min(sizes)
    assert np.all(frames.label[frames.word < 0] == LABEL_NONE)
    assert frames.most_events(5) <= trains.n_events <= frames.most_events(len(frames))


def test_a_network_learns_words_of_a_stream_on_line():
    data, cut = words(140), dict(n_streams=4, n_steps=6, dt=2.5e-3, gap=(0.08, 0.12), heard=0.06)
    heard = [frames_of(data, data.train, seed=seed, **cut) for seed in (1, 2)]
    new = frames_of(data, data.test, seed=3, **cut)
    quick = dict(tau_syn="10*ms", tau_m="10*ms", tau_lull="15*ms", tau_clear="10*ms", v_th=0.3)
    composition = compose(models=MODELS, parameters=quick)
    events = max(frames.most_events(40) for frames in (*heard, new))
    size = SIZE | dict(batch=4, n_steps=6, dt_ms=2.5, capacity=40, images=160, events=events)
    listener = Listener(composition, Architecture(10, 2, layers_of("30"), **size), "runtime", init_gain=3.0)
    for frames in heard:
        listener.hear(frames, np.full(len(frames), 0.02))
    evidence = listener.hear(new)
    np.testing.assert_allclose(np.exp(evidence).sum(axis=2), 1)
    asked = new.label >= 0
    assert np.mean(evidence.argmax(axis=2)[asked] == new.label[asked]) > 0.9
    with pytest.raises(OptionError, match="streams do not fit into a batch of 4"):
        listener.hear(frames_of(data, data.test, 3, 15, 1e-3, 3))
    with pytest.raises(OptionError, match="needs a rule with class scores"):
        Listener(compose(), listener.architecture)


def test_a_layer_remembers_as_long_as_its_traces():
    """Its membranes are faster than its traces; without spikes there is no memory."""
    models = dict(encoder="spike_times", rule="local_readout")
    few = dict(n_frames=120, n_delays=8, streams=5)
    curves = []
    for tau_x in (10, 60):
        fast = dict(tau_syn="5*ms", tau_m="5*ms", v_th=0.3, tau_x=f"{tau_x}*ms")
        curves.append(memory_curve(compose(models=models, parameters=fast), 40, **few))
    short, long = curves
    assert short[0] > 0.6 and long[1:3].sum() > short[1:3].sum() + 0.2 and max(short[6:].max(), long[6:].max()) < 0.1
    lines = plotting.memory({"short": short, "long": long}, 0.02).axes[0].get_lines()
    np.testing.assert_array_equal(lines[1].get_xydata(), np.transpose([np.arange(8) * 20.0, long]))
    silent = compose(models=models, parameters=dict(v_th=1e3))
    np.testing.assert_allclose(memory_curve(silent, 40, **few), 0, atol=1e-20)


def test_hits_and_false_alarms():
    label = np.full((100, 1), LABEL_NONE)
    spoken = np.array([[0, 1, 1.0, 1.5], [0, 0, 3.0, 3.5], [0, 1, 5.0, 5.5], [0, 1, 8.0, 8.5]])
    frames = Frames(None, label, label, spoken, 0.1)
    p = np.zeros((100, 1))
    p[[12, 13, 33, 56, 70]] = 0.9  # a hit that lasts, a wrong word, a late hit, silence; the last word is missed
    found = detections(frames, p, 1, 0.5)
    assert found.hit.tolist() == [True, True, False] and found.false_alarms == 2
    assert found.hit_rate == pytest.approx(2 / 3) and found.per_hour == pytest.approx(2 * 360)
    assert found.f1 == pytest.approx(4 / 7)
    assert detections(frames, p, 1, 0.95).hit_rate == 0
