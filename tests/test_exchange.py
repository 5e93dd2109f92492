"""Recordings as Neo and NWB, networks as NIR: what is read back is what was written; weights from a file."""

import datetime
import sys
import tempfile

import numpy as np
import pytest
from test_recordings import record

import brianff as ff
from brianff import exchange, extras
from brianff.command_line.main import main
from brianff.errors import BrianffError, OptionError, UnsupportedError
from brianff.learning.forward_forward import ForwardForward
from brianff.learning.run import Run, load
from brianff.results import ResultsError

WHY = "pip install 'brianff[exchange]'"
TINY = dict(layers=(6, 5), steps=10, dt=4.0, batch=20, mini_batch=20, limit=40, epochs=1, refresh=40, chunk=20)
TINY |= dict(validate=20, device="runtime")
SCORES = dict(TINY, negatives="none", rule="local_readout", encoder="regular_rate")


@pytest.fixture(scope="module")
def recording():
    """A neuron with units, in two layers and two phases."""
    return record("adex", sizes=(6, 5), dt=0.5, neurons=[0, 3])[0].named([7])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A trained run in a folder, with a recording."""
    run = Run(
        ForwardForward("digits", **SCORES, neuron="lif_current", init_gain=4.0), tmp_path_factory.mktemp("x") / "run"
    )
    run.train(progress=False)
    run.folder.save("recordings", run.record([0, 2], [1, 4]).arrays())
    return run


def spikes_of(recording, level, neuron, epoch):
    i, t = recording.spikes(level)
    return np.sort(t[(i == neuron) & (recording.epoch_at(t) == epoch)])


# -- Neo -------------------------------------------------------------------------------------------------------------
def test_neo_reads_back_what_was_recorded(recording, tmp_path):
    neo = pytest.importorskip("neo", reason=WHY)
    exchange.write(exchange.to_neo(recording, run="a run"), tmp_path / "a.mat")
    block = neo.io.NeoMatlabIO(str(tmp_path / "a.mat")).read_block()
    assert block.annotations["run"] == "a run" and len(block.segments) == 2
    assert [group.name for group in block.groups] == ["input", "layer 1", "layer 2"]
    n_spikes = 0
    for k, (segment, shown) in enumerate(zip(block.segments, recording.epochs, strict=True)):
        assert segment.annotations == dict(phase=shown.phase, label=shown.label, sample=7)
        (epoch,) = segment.epochs
        assert list(epoch.labels) == [f"{shown.name} phase, label {shown.label}"]
        assert float(epoch.times[0].rescale("ms")) == shown.start and float(epoch.durations.rescale("ms").item()) == 15
        assert len(segment.spiketrains) == sum(recording.sizes)
        for train in segment.spiketrains:
            expected = spikes_of(recording, train.annotations["layer"], train.annotations["neuron"], k)
            np.testing.assert_allclose(train.rescale("s").magnitude, 1e-3 * expected, rtol=0, atol=1e-12)
            n_spikes += len(train)
        for signal in segment.analogsignals:
            name, level = signal.annotations["variable"], int(signal.annotations["layer"])
            of_epoch = slice(30 * k, 30 * (k + 1))
            if name == "goodness":
                np.testing.assert_array_equal(signal.magnitude[:, 0], recording.goodness(level)[of_epoch])
                continue
            assert list(signal.annotations["neurons"]) == [0, 3]
            values = recording.threshold(level) if name == "threshold" else recording.trace(name, level)
            np.testing.assert_array_equal(signal.magnitude.T, np.asarray(values)[:, of_epoch])
            units = dict(v="V", threshold="V", I_syn="A", I_adapt="A").get(name, "dimensionless")
            assert signal.units.dimensionality.string == units
            assert float(signal.sampling_period.rescale("ms")) == 0.5 and float(signal.t_start) == shown.start
    assert n_spikes == sum(len(recording.spikes(level)[0]) for level in range(3)) > 20
    assert sum(len(train) for train in block.groups[1].spiketrains) == len(recording.spikes(1)[0])


def test_units_of_neo_have_the_size_of_brians():
    pq = pytest.importorskip("quantities", reason=WHY)
    from brian2 import farad, metre, mS, nA, siemens, umetre

    from brianff.equations.text import unit_string
    from brianff.exchange.neo_blocks import unit_of_neo

    for value, expected in [
        (3 * mS, 3 * pq.mS), (2 * nA, 2 * pq.nA), (5 * siemens / metre**2, 5 * pq.S / pq.m**2),
        (1 * farad / umetre**2, 1 * pq.F / pq.um**2), (4, 4 * pq.dimensionless),
    ]:  # fmt: skip
        found = pq.Quantity(float(value), unit_of_neo(unit_string(value)))
        assert float(found.rescale(expected.units)) == pytest.approx(float(expected.magnitude), rel=1e-12)


def test_positions_of_a_convolution_are_said():
    pytest.importorskip("neo", reason=WHY)
    method = ForwardForward("digits", **(SCORES | dict(layers=("conv3k3", 5))))
    block = exchange.to_neo(Run(method).record([0], {1: [2]}))
    trains = [train.annotations for train in block.segments[0].spiketrains if train.annotations["layer"] == 1]
    assert trains[3 * 7 + 2] == dict(layer=1, neuron=23, channel=2, row=1, column=1)
    assert {name: signal.shape[1] for signal in block.segments[0].analogsignals if (name := signal.name)} == {
        **{f"{name} of layer 1": 1 for name in ("v", "I_syn", "M", "x", "z", "threshold", "goodness")},
        "goodness of layer 2": 1,
    }


# -- NWB -------------------------------------------------------------------------------------------------------------
def test_nwb_reads_back_what_was_recorded(recording, tmp_path):
    pynwb = pytest.importorskip("pynwb", reason=WHY)
    start = datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.UTC)
    exchange.write(exchange.to_nwb(recording, start=start, notes={"seed": 1}), tmp_path / "a.nwb")
    assert not pynwb.validate(path=str(tmp_path / "a.nwb"))
    with pynwb.NWBHDF5IO(str(tmp_path / "a.nwb"), "r") as io:
        file = io.read()
        assert file.session_start_time == start and file.notes == '{"seed": 1}'
        units, trials = file.units, file.trials
        assert len(units) == sum(recording.sizes)
        for row in range(len(units)):
            i, t = recording.spikes(int(units["layer"][row]))
            expected = np.sort(t[i == units["neuron"][row]])
            np.testing.assert_allclose(units["spike_times"][row], 1e-3 * expected, rtol=0, atol=1e-12)
        np.testing.assert_allclose(trials["start_time"][:], [0, 0.015], rtol=0, atol=1e-12)
        np.testing.assert_allclose(trials["stop_time"][:], [0.015, 0.03], rtol=0, atol=1e-12)
        assert list(trials["phase"][:]) == [1, -1] and list(trials["label"][:]) == [0, 1]
        assert list(trials["phase_and_label"][:]) == ["positive phase, label 0", "negative phase, label 1"]
        assert list(trials["sample"][:]) == [7, 7] and trials["intensity"][0].tolist() == [0.9] * 4
        v = file.acquisition["v_layer2"]
        np.testing.assert_array_equal(v.data[:], np.asarray(recording.trace("v", 2)).T[:-1])
        assert (v.unit, v.rate, v.starting_time) == ("volt", 2000, 0) and v.data.shape == (60, 2)
        assert file.acquisition["x_layer1"].unit == "dimensionless"
        columns = file.analysis["columns"].to_dataframe()
        of_v = columns[columns.series == "v_layer2"]
        assert list(of_v.neuron) == [0, 3] and list(units["neuron"][:][of_v.unit_row]) == [0, 3]
        assert set(units["layer"][:][of_v.unit_row]) == {2}
        assert set(columns.series) == set(file.acquisition)


def test_nwb_wants_a_time_zone(recording):
    pytest.importorskip("pynwb", reason=WHY)
    with pytest.raises(OptionError, match="start: NWB needs the time zone"):
        exchange.to_nwb(recording, start=datetime.datetime(2026, 1, 1))


# -- NIR: an interpreter of its own ----------------------------------------------------------------------------------
def correlated(x, node):
    """What a `Conv2d` makes of (channels, height, width), by the definition."""
    (py, px), (sy, sx) = np.broadcast_to(node.padding, 2), np.broadcast_to(node.stride, 2)
    x = np.pad(x, [(0, 0), (py, py), (px, px)])
    _, _, ky, kx = node.weight.shape
    rows, columns = ((n - k) // s + 1 for n, k, s in zip(x.shape[1:], (ky, kx), (sy, sx), strict=True))
    out = np.zeros((len(node.weight), rows, columns))
    for y in range(rows):
        for c in range(columns):
            out[:, y, c] = np.tensordot(node.weight, x[:, y * sy : y * sy + ky, c * sx : c * sx + kx], 3)
    return out + np.reshape(node.bias, (-1, 1, 1))


def replay(graph, spikes, dt):
    """Spikes of all neurons of a NIR graph, name -> (steps, ...) array, from those of its input.

    A step: membranes and currents decay (exponential Euler), neurons above threshold spike, spikes pass through the
    graph and arrive, neurons that have spiked are reset.
    """
    kinds = {name: type(node).__name__ for name, node in graph.nodes.items()}
    neurons = [name for name, kind in kinds.items() if kind in ("CubaLIF", "LIF", "IF")]
    v = {
        name: np.array(getattr(graph.nodes[name], "v_leak", np.zeros(graph.nodes[name].v_reset.shape)))
        for name in neurons
    }
    i = {name: np.zeros(v[name].shape) for name in neurons}
    queues = {name: [np.zeros(node.delay.shape)] * round(node.delay.flat[0] / dt) for name, node in graph.nodes.items()
              if kinds[name] == "Delay"}  # fmt: skip
    out = {name: [] for name in neurons}

    def arriving_at(name, signal):
        return sum(passed_on(a, signal) for a, b in graph.edges if b == name)

    def passed_on(name, signal):
        if name not in signal:
            node, x = graph.nodes[name], arriving_at(name, signal)
            if kinds[name] == "Delay":
                queues[name].append(x)
                x = queues[name].pop(0)
            act = dict(Linear=lambda: node.weight @ x, Conv2d=lambda: correlated(x, node), Flatten=lambda: x.ravel())
            signal[name] = act.get(kinds[name], lambda: x)()
        return signal[name]

    for shown in spikes:
        signal = {"input": shown.reshape(tuple(graph.nodes["input"].input_type["input"]))}
        for name in neurons:
            node = graph.nodes[name]
            if kinds[name] == "CubaLIF":
                drive = node.v_leak + node.r * i[name]
                v[name] = drive + (v[name] - drive) * np.exp(-dt / node.tau_mem)
                i[name] = i[name] * np.exp(-dt / node.tau_syn)
            elif kinds[name] == "LIF":
                v[name] = node.v_leak + (v[name] - node.v_leak) * np.exp(-dt / node.tau)
            signal[name] = (v[name] > node.v_threshold).astype(float)
            out[name].append(signal[name])

        for name in neurons:
            node, arriving = graph.nodes[name], arriving_at(name, signal)
            if kinds[name] == "CubaLIF":
                i[name] = i[name] + node.w_in * dt / node.tau_syn * arriving
            else:
                v[name] = v[name] + node.r * dt / (node.tau if kinds[name] == "LIF" else 1) * arriving
            v[name] = np.where(signal[name] > 0, node.v_reset, v[name])
    return {name: np.array(each) for name, each in out.items()}


def in_steps(recording, level, epoch):
    """Spikes of a layer in a stimulus epoch, (steps, n) array of 0 and 1."""
    i, t = recording.spikes(level)
    steps = np.zeros((len(recording.t), recording.sizes[level]))
    np.add.at(steps, (np.rint(t / recording.dt).astype(int), i), 1)
    shown = recording.epochs[epoch]
    return steps[round(shown.start / recording.dt) : round(shown.stop / recording.dt)]


def in_channels_last(spikes):
    return spikes.transpose(0, 2, 3, 1).reshape(len(spikes), -1) if spikes.ndim == 4 else spikes


def assert_replayed(method, path, samples=(0, 1), least=5):
    nir = pytest.importorskip("nir", reason=WHY)
    exchange.write(exchange.to_nir(method), path)
    graph, recording = nir.read(path), Run(method).record(samples, [0])
    assert graph.metadata["dt"] == pytest.approx(1e-3 * recording.dt)
    for epoch in range(len(recording.epochs)):
        found = replay(graph, in_steps(recording, 0, epoch), 1e-3 * recording.dt)
        for level in range(1, len(recording.sizes)):
            expected = in_steps(recording, level, epoch)
            np.testing.assert_array_equal(in_channels_last(found[f"layer{level}"]), expected)
            assert expected.sum() >= least
    return graph


V_UNITS = ff.Neuron(
    base="lif_current",
    equations="""
    dv/dt = (E_L - v + R*I_s)/tau_m : volt
    dI_s/dt = -I_s/tau_s : amp
    """,
    threshold="v > E_th",
    reset="v = E_r",
    on_pre="I_s_post += w*nA",
    parameters={
        "tau_m": "20*ms*exp(0.3*normal())", "tau_s": "50*ms", "R": "20*Mohm", "E_L": "-70*mV", "E_th": "-62*mV",
        "E_r": "-75*mV",
    },
    initial={"v": "E_L"},
    surrogate="1",
)  # fmt: skip
JUMPS = dict(base="lif_current", reset="v = 0.1", on_pre="v_post += w", surrogate="1", threshold="1 < v")
LEAKY = ff.Neuron(equations="dv/dt = (0.2 - v)/tau_m : 1", initial={"v": "0.2"}, **JUMPS)
NO_LEAK = ff.Neuron(equations="dv/dt = 0*Hz : 1", **JUMPS)


@pytest.mark.parametrize(
    "neuron, layers, more, kind",
    [
        ("lif_current", ("conv4k3s2p1", "12r", "10d0.5t2"), dict(init_gain=4.0), "CubaLIF"),
        (V_UNITS, (12, 10), dict(init_gain=4.0), "CubaLIF"),
        (LEAKY, (12, "10t1"), dict(init_gain=2.0), "LIF"),
        (NO_LEAK, (12, 10), dict(init_gain=2.0), "IF"),
    ],
)
def test_a_nir_file_replayed_has_the_same_spikes(neuron, layers, more, kind, tmp_path):
    method = ForwardForward("digits", **(SCORES | more | dict(layers=layers, neuron=neuron, steps=25)))
    graph = assert_replayed(method, tmp_path / "a.nir")
    assert {type(node).__name__ for name, node in graph.nodes.items() if name.startswith("layer")} == {kind}
    weights = exchange.read_weights(tmp_path / "a.nir")
    factor = 1e-9 if neuron is V_UNITS else 1
    for level in range(1, len(layers) + 1):
        np.testing.assert_allclose(weights[f"w{level}"], factor * method.weights()[level], rtol=1e-12)


def test_label_neurons_and_phases_are_replayed(tmp_path):
    method = ForwardForward("digits", **(TINY | dict(neuron="lif_current", steps=25, init_gain=4.0)))
    graph = assert_replayed(method, tmp_path / "a.nir", [0], 1)
    assert graph.nodes["weights1"].weight.shape == (6, 164)


def test_output_neurons_have_their_own_threshold(tmp_path):
    options = dict(layers=(8,), steps=20, dt=10.0, limit=40, epochs=1, mini_batch=20, batch=20, device="runtime")
    method = ff.Feedback(
        "digits", **options, neuron="lif_current", eligibility="e_prop", set_output=("v_th=0.3",), init=2.0
    )
    graph = assert_replayed(method, tmp_path / "a.nir", [0], 1)
    assert set(graph.nodes["layer1"].v_threshold) == {1} and set(graph.nodes["layer2"].v_threshold) == {0.3}


def changed(**strings):
    return ff.Neuron(**(dict(base="lif_current", surrogate="1") | strings))


NOISY = "dv/dt = (I_syn - v)/tau_m + 0.1*xi*tau_m**-0.5 : 1\ndI_syn/dt = -I_syn/tau_syn : 1"
TWO = "dv/dt = (I_syn - v - u)/tau_m : 1\ndu/dt = -u/tau_m : 1\ndI_syn/dt = -I_syn/tau_syn : 1"


@pytest.mark.parametrize(
    "neuron, message",
    [
        ("lif", "gain_below divides .* cannot be frozen to a mean; train with --neuron lif_current"),
        (changed(reset="v -= v_th"), r"its reset does not set v to a value \('v -= v_th'\); write reset = 'v = 0'"),
        (changed(refractory="2*ms"), "it has a refractory period; NIR has none"),
        (changed(threshold="v > 1 and t > 3*ms"), "its threshold is 'v > 1 and t > 3.ms'; write 'v > value'"),
        (changed(threshold="v >= v_th"), "its threshold is 'v >= v_th'"),
        (changed(threshold="v > 1 + I_syn"), "its threshold depends on I_syn; NIR has constants there"),
        (changed(equations=NOISY), r"it has noise \(xi\)"),
        (changed(equations=TWO), "its membrane depends on v, I_syn, u; NIR has one current"),
        (changed(equations=NOISY.replace("0.1*xi*tau_m**-0.5", "v**2/tau_m")), "its equations are not linear in v"),
        (changed(on_step="v = clip(v, -1, 2)"), "its on_step changes v; NIR's neurons have nothing of the kind"),
        (changed(initial={"v": "0.5"}), "v starts at 0.5; NIR does not say where"),
        (changed(on_pre="I_syn_post += w*w"), r"a spike adds 'w\*w'; NIR adds a multiple of the weight"),
        (changed(lateral="v_post -= 0.01"), r"its neurons act on each other \(lateral\)"),
    ],
)
def test_what_nir_cannot_say(neuron, message):
    pytest.importorskip("nir", reason=WHY)
    method = ForwardForward("digits", **SCORES, neuron=neuron)
    with pytest.raises(UnsupportedError, match=f"NIR cannot say the neuron .* of layer 1: {message}".replace("--", "")):
        exchange.to_nir(method)


def test_networks_without_spikes_are_no_nir():
    with pytest.raises(UnsupportedError, match="rectified has no spiking neurons"):
        exchange.to_nir(ff.Rectified("digits", layers=(5,), limit=100, batch=50))


# -- weights from a file ---------------------------------------------------------------------------------------------
def test_a_run_begins_with_given_weights(run, tmp_path):
    options = SCORES | dict(neuron="lif_current", weights=str(run.path / "weights.npz"), seed=5)
    said = []
    method = ForwardForward("digits", report=said.append, **options)
    for name, w in run.weights.items():
        np.testing.assert_array_equal(method.weights()[name], w)
    assert said == []
    np.savez(tmp_path / "one.npz", w1=np.full((64, 6), 0.25), bias=np.zeros(3))
    one = ForwardForward("digits", report=said.append, **(options | dict(weights=str(tmp_path / "one.npz"))))
    own = ForwardForward("digits", **(options | dict(weights=None)))
    assert (one.weights()[1] == 0.25).all() and np.array_equal(one.weights()[2], own.weights()[2])
    assert said == [f"weights {tmp_path}/one.npz: bias is left out, since the network begins without it."]


def test_weights_of_nir_are_those_of_the_network(run, tmp_path):
    pytest.importorskip("nir", reason=WHY)
    exchange.export(run, "nir", tmp_path / "a.nir")
    options = SCORES | dict(neuron="lif_current", weights=str(tmp_path / "a.nir"), seed=5)
    method = ForwardForward("digits", **options)
    for level in (1, 2):
        np.testing.assert_array_equal(method.weights()[level], run.weights[level])


def test_a_folder_keeps_the_weights_that_its_run_began_with(tmp_path):
    np.savez(tmp_path / "one.npz", w1=np.full((64, 6), 0.25))
    options = SCORES | dict(neuron="lif_current", weights=str(tmp_path / "one.npz"))
    whole = Run(ForwardForward("digits", **options), tmp_path / "whole").train(progress=False)
    half = Run(ForwardForward("digits", **options), tmp_path / "half")
    half.train(callbacks=[lambda run, row: True], progress=False)
    assert 0 < half.progress[0] < whole.progress[0]
    (tmp_path / "one.npz").unlink()
    half.folder.release()
    (tmp_path / "half" / "checkpoint.npz").unlink()
    again = load(tmp_path / "half")
    assert again.position == 0
    again.train(progress=False)
    np.testing.assert_array_equal(again.weights[1], whole.weights[1])
    again.folder.release()
    np.savez(tmp_path / "half" / "initial_weights.npz", w1=np.full((64, 6), 0.5))
    with pytest.raises(ResultsError, match="initial_weights.npz is not the file of weights with which"):
        load(tmp_path / "half")


@pytest.mark.parametrize(
    "arrays, message",
    [
        (dict(w1=np.zeros((6, 64))), r"w1 has the shape \(6, 64\), and the network's is \(64, 6\)"),
        (dict(w1=np.full((64, 6), np.nan)), "w1 has values that are not finite"),
        (dict(w9=np.zeros(3)), "has w9, and this network wants readout1, readout2, recurrent2, w1, w2"),
        (dict(recurrent2=np.ones((5, 5))), "recurrent2 has weights where this network has no synapse"),
        (None, "is no npz file"),
        ("missing", "there is no such file"),
    ],
)
def test_weights_that_do_not_fit(arrays, message, tmp_path):
    path = tmp_path / "a.npz"
    if isinstance(arrays, dict):
        np.savez(path, **arrays)
    elif arrays is None:
        path.write_bytes(b"nothing")
    with pytest.raises(OptionError, match=f"a.npz.* {message}|a.npz: {message}"):
        ForwardForward("digits", **(SCORES | dict(layers=(6, "5r"), weights=str(path))))


def test_graphs_of_others():
    """A bias, a pooling, a way past a layer: refused by name."""
    nir = pytest.importorskip("nir", reason=WHY)
    lif = nir.LIF(*(np.ones(2) for _ in range(4)))
    w = nir.Linear(np.array([[1.0, 2, 3], [4, 5, 6]]))

    def read(tmp, *nodes):
        nir.write(tmp, nir.NIRGraph.from_list(*nodes))
        return exchange.read_weights(tmp)

    with tempfile.TemporaryDirectory() as folder:
        np.testing.assert_array_equal(read(f"{folder}/a.nir", w, lif)["w1"], [[1, 4], [2, 5], [3, 6]])
        with pytest.raises(OptionError, match="affine has a bias"):
            read(f"{folder}/b.nir", nir.Affine(np.ones((2, 3)), np.ones(2)), lif)
        with pytest.raises(OptionError, match="scale is a Scale, for which brianff has nothing"):
            read(f"{folder}/c.nir", w, nir.Scale(np.ones(2)), lif)


# -- the command -----------------------------------------------------------------------------------------------------
def test_the_command_exports_a_run(run, tmp_path, capsys):
    neo, pynwb = pytest.importorskip("neo", reason=WHY), pytest.importorskip("pynwb", reason=WHY)
    run.folder.release()
    assert main(["export", str(run.path), str(tmp_path / "a.mat"), "--to", "neo"]) == 0
    assert capsys.readouterr().out == f"{tmp_path}/a.mat\n"
    block = neo.io.NeoMatlabIO(str(tmp_path / "a.mat")).read_block()
    assert [segment.annotations["sample"] for segment in block.segments] == [0, 2]
    assert block.annotations["dataset"] == "digits" and "dv/dt" in block.annotations["equations"]
    main(["export", str(run.path), str(tmp_path / "b.nwb"), "--to", "nwb", "--samples", "3", "--neurons", "0:3"])
    with pynwb.NWBHDF5IO(str(tmp_path / "b.nwb"), "r") as io:
        file = io.read()
        assert list(file.trials["sample"][:]) == [3] and file.acquisition["v_layer1"].data.shape == (10, 3)
    main(["export", str(run.path), str(tmp_path / "c.nir"), "--to", "nir"])
    assert exchange.read_weights(tmp_path / "c.nir").keys() == {"w1", "w2"}


@pytest.mark.parametrize(
    "options, message",
    [
        (["a.dat", "--to", "neo"], "a.dat: a file of --to neo ends in .mat"),
        (["a.nir", "--to", "nir", "--samples", "1"], "--samples and --neurons are of recordings, and NIR holds"),
        (["a.mat", "--to", "neo", "--neurons", "1"], "--neurons goes with --samples"),
        (["a.mat", "--to", "neo", "--samples", "1,x"], "--samples: 'x' is neither a number nor START:STOP"),
        (["nowhere/a.mat", "--to", "neo"], "nowhere/a.mat cannot be written"),
    ],
)
def test_mistakes_of_the_command(run, options, message, tmp_path, monkeypatch, capsys):
    run.folder.release()
    monkeypatch.chdir(tmp_path)
    assert main(["export", str(run.path), *options]) == 1
    assert message in (said := capsys.readouterr().err) and said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_run_without_a_recording_says_what_to_do(tmp_path):
    run = Run(ForwardForward("digits", **SCORES), tmp_path / "run").begin()
    with pytest.raises(OptionError, match="recordings.npz does not exist: name samples"):
        exchange.export(run.path, "neo", tmp_path / "a.mat")
    with pytest.raises(OptionError, match="samples: say which"):
        exchange.export(run, "nwb", tmp_path / "a.nwb")


def test_a_missing_library_is_said_in_a_sentence(monkeypatch, recording):
    monkeypatch.setitem(sys.modules, "neo", None)
    with pytest.raises(BrianffError, match=r'^this needs "neo": pip install "brianff\[exchange\]"\.$'):
        exchange.to_neo(recording)
    assert extras.library("json").dumps(1) == "1"
