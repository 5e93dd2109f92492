"""Recordings of every step: what they say, the threshold as it moves, and values that diverge."""

import numpy as np
import pytest
from brian2 import Quantity, amp, farad, get_dimensions, hertz, metre, mV, nA, ohm, second, siemens, volt

from brianff import plotting
from brianff.equations.compose import compose
from brianff.equations.kinds import FEEDBACK, available
from brianff.equations.text import unit_string
from brianff.equations.threshold import crossing
from brianff.errors import BrianffWarning, OptionError
from brianff.learning.forward_forward import ForwardForward
from brianff.learning.phases import POSITIVE, Phases
from brianff.learning.recordings import Recording, record_presentations, silence
from brianff.learning.run import Run
from brianff.network.architecture import Architecture
from brianff.network.monitors import membrane, shown_variables
from brianff.results import ResultsError
from brianff.stimulus import LABEL_NONE, Schedule
from brianff.units import display_unit, with_unit

FITZHUGH = '''"""FitzHugh-Nagumo neuron."""
from brian2 import ms
equations = """
dv/dt = (v - v**3/3 - u + 0.2 + gain_below*I_syn)/tau : 1
du/dt = 0.08*(v + 0.7 - 0.8*u)/tau : 1
dI_syn/dt = -I_syn/tau_syn : 1
"""
threshold = "v > 1"
reset = ""
refractory = "v > 0"
method = "euler"
initial = {"v": "-1.2", "u": "-0.6"}
parameters = {"tau": 1*ms, "tau_syn": 20*ms}
'''


def record(neuron, sizes=(6,), weight=3.0, dt=1.0, n_steps=30, neurons=None, parameters=None, label=0):
    composition = compose(models=dict(neuron=neuron), parameters=parameters)
    a = Architecture(4, 2, sizes, label_neurons=2, batch=1, n_steps=n_steps, dt_ms=dt)
    rng = np.random.default_rng(0)
    n = [a.n_input, *sizes]
    inputs = {f"synapses{k + 1}.w": weight * rng.normal(size=n[k] * n[k + 1]) for k in range(len(sizes))}
    zero = np.zeros(1, int)
    schedule = Phases.paired().schedule((zero, zero + label, zero), (zero, zero + label + 1, zero + 1), a)
    image = np.full((1, 4), 0.9 if label >= 0 else 0.0)
    recording = record_presentations(composition, a, inputs, image, schedule, neurons)
    return recording, composition


# -- what is recorded ------------------------------------------------------------------------------------------------
def test_units_and_threshold_of_a_neuron_with_units():
    recording, _ = record("adex")
    assert [recording.trace(name).dim for name in ("v", "I_adapt", "I_syn")] == [volt.dim, amp.dim, amp.dim]
    assert not isinstance(recording.trace("x"), Quantity)
    np.testing.assert_allclose(recording.threshold() / mV, -40.4)
    assert recording.membrane == "v" and recording.state == recording.variables()[:3] == ("v", "I_adapt", "I_syn")
    assert -1 * volt < recording.trace("v").min() < -70 * mV
    assert recording.trace("v").shape == recording.threshold().shape == (6, 61)


def test_threshold_that_moves_and_belongs_to_every_neuron():
    recording, _ = record("lif_adaptive")
    assert np.ptp(recording.trace("a"), axis=1).max() > 0.1
    np.testing.assert_allclose(recording.threshold(), 1 + recording.trace("a"))


def test_membrane_by_another_name_that_follows_from_other_variables():
    recording, _ = record("two_exponential", sizes=(6, 5))
    assert recording.membrane == "u" and recording.state == ("u", "A", "B")
    np.testing.assert_allclose(recording.threshold(2), 0.25)
    for level in (1, 2):
        u, a, b = (recording.trace(name, level) for name in "uAB")
        assert np.corrcoef(u.ravel(), (b - a).ravel())[0, 1] > 0.9 and not np.array_equal(u, b - a)


def test_a_condition_of_another_form_has_no_threshold(tmp_path):
    path = tmp_path / "escape.py"
    path.write_text(
        'base = "lif"\nthreshold = "uniform(seed, presentation, t_in_timesteps, channel) < exp((v - v_th)/width)"\n'
    )
    recording, _ = record(path)
    assert recording.threshold() is None and recording.membrane == "v"


def test_threshold_is_a_variable_of_the_neuron():
    recording, _ = record("lif_competitive")
    np.testing.assert_array_equal(recording.threshold(), recording.trace("v_th"))


def test_only_chosen_neurons_are_recorded_and_all_are_watched(tmp_path):
    path = tmp_path / "fitzhugh.py"
    path.write_text(FITZHUGH)
    everything, _ = record(path, weight=9.0)
    some, _ = record(path, weight=9.0, neurons=[1])
    np.testing.assert_array_equal(some.trace("v"), everything.trace("v")[[1]])
    assert some.diverged == everything.diverged != ""
    values = np.stack([everything.trace(name) for name in "vu"])
    first = np.argmax(~np.isfinite(values).all(axis=(0, 1)))
    neuron = np.argmin(np.isfinite(values[0, :, first]))
    assert some.diverged == (
        f"v of neuron {neuron} of layer 1 is not finite at t = {first} ms: try --dt 0.1 (now 1 ms, method euler)."
    )


def test_the_same_neuron_in_smaller_steps_is_well(tmp_path):
    path = tmp_path / "fitzhugh.py"
    path.write_text(FITZHUGH)
    recording, _ = record(path, dt=0.1, n_steps=300)
    assert recording.diverged == "" and np.isfinite(recording.trace("v")).all()


def test_a_run_with_a_neuron_that_diverges_says_so_before_it_trains(tmp_path):
    path = tmp_path / "fitzhugh.py"
    path.write_text(FITZHUGH)
    options = dict(layers=(8, 4), device="runtime", init_gain=9.0)
    run = Run(ForwardForward(neuron=str(path), **options), tmp_path / "run")
    with pytest.warns(BrianffWarning, match=r"of neuron \d of layer 1 is not finite at t = \d+ ms: try dt 0.1"):
        recording = run.record([0], [0])
    assert run.method.health.has_diverged
    assert plotting.save(plotting.membrane(recording), tmp_path / "membrane.png").is_file()


NO_THRESHOLD = {"lif_escape"}  # a spike is a matter of chance


@pytest.mark.parametrize("name", sorted(set(available("neuron")) - NO_THRESHOLD))
def test_the_threshold_of_every_neuron_of_the_library_is_found(name):
    composition = compose(models=dict(neuron=name))
    assert crossing(composition.models["neuron"]["threshold"], shown_variables(composition)) is not None
    assert shown_variables(composition)[0] == membrane(composition)


def test_a_spike_by_chance_has_no_threshold():
    composition = compose(models=dict(neuron="lif_escape"))
    assert crossing(composition.models["neuron"]["threshold"], shown_variables(composition)) is None


# -- the object ------------------------------------------------------------------------------------------------------
def test_epochs_and_spikes_as_they_were_shown():
    recording, _ = record("lif", sizes=(6, 5), dt=0.5)
    first, second_ = recording.epochs
    assert [(e.phase, e.name, e.label, e.start, e.stop) for e in recording.epochs] == [
        (1, "positive", 0, 0.0, 15.0), (-1, "negative", 1, 15.0, 30.0),
    ]  # fmt: skip
    np.testing.assert_array_equal(first.image, second_.image)
    np.testing.assert_allclose(first.image, 0.9)
    assert recording.sizes == (8, 6, 5) and recording.dt == 0.5 and recording.t[-1] == pytest.approx(30)
    i, t = recording.spikes(0)
    assert len(i) == len(t) > 0 and i.max() < 8
    labels = i >= 4  # a neuron of a label spikes in the stimulus epoch of that label only
    np.testing.assert_array_equal((i[labels] - 4) // 2, recording.epoch_at(t[labels]))
    assert recording.goodness(2).shape == recording.t.shape == (61,)
    np.testing.assert_array_equal(recording.epoch_at([0, 14.5, 15 - 1e-9, 15, 29.5, 30]), [0, 0, 1, 1, 1, 2])
    assert "2 stimulus epochs, 30 ms in steps of 0.5 ms; layers of 8-6-5 neurons" in repr(recording)


@pytest.mark.parametrize("steps", [None, np.array([30, 12])])
def test_a_gap_shows_nothing(steps):
    image, label = np.array([[0], [-1]]), np.array([[0], [LABEL_NONE]])
    schedule = Schedule(image, label, np.array([1, 0]), np.zeros((2, 1), int), steps)
    a = Architecture(4, 2, (3,), label_neurons=2, batch=1, n_steps=20)
    recording = record_presentations(compose(), a, {"synapses1.w": np.ones(24)}, np.full((1, 4), 0.9), schedule)
    shown, gap = recording.epochs
    assert gap.name == "neutral" and not gap.image.any() and shown.image.all()
    assert (shown.stop, gap.start, gap.stop) == ((20, 20, 40) if steps is None else (30, 30, 42))
    assert recording.trace("v").shape == (3, gap.stop + 1)
    assert set(recording.epoch_at(recording.spikes(0)[1])) == {0}


def test_neurons_of_chosen_layers_are_recorded():
    everything, _ = record("lif", sizes=(6, 5))
    some, _ = record("lif", sizes=(6, 5), neurons={2: [4, 0]})
    assert some.neurons(1).size == 0 and some.neurons(2).tolist() == [4, 0]
    np.testing.assert_array_equal(some.trace("v", 2), everything.trace("v", 2)[[4, 0]])
    ranges, _ = record("lif", sizes=(6, 5), neurons=range(3, 30))
    assert ranges.neurons(1).tolist() == [3, 4, 5] and ranges.neurons(2).tolist() == [3, 4]


@pytest.mark.parametrize(
    "neurons, message",
    [
        ([6], "no layer has a neuron 6"),
        ([-1], "no layer has a neuron -1"),
        ({2: [5]}, "layer 2 has neurons 0 to 4, and no 5"),
        ({0: [1]}, "there is no layer 0 above the input: they are 1 to 2"),
    ],
)
def test_neurons_that_there_are_not(neurons, message):
    with pytest.raises(OptionError, match=message):
        record("lif", sizes=(6, 5), neurons=neurons)


def test_more_than_there_is_memory_for(monkeypatch):
    monkeypatch.setattr("brianff.devices.memory.machine_memory", lambda: 5000)
    with pytest.raises(OptionError, match="neurons: the variables of 6 neurons in 60 time steps need at least"):
        record("lif")
    record("lif", neurons=range(5))


@pytest.mark.parametrize("asked", [dict(samples=[9999]), dict(neurons=[20]), dict(neurons={3: [0]})])
def test_what_cannot_be_recorded_is_refused_without_simulating(asked, monkeypatch):
    run = Run(ForwardForward("digits", layers=[20], epochs=1, limit=100))
    with pytest.raises(OptionError) as recorded:
        run.record(**asked)
    monkeypatch.setattr("brianff.learning.recordings.make_simulator", None)
    with pytest.raises(OptionError) as checked:
        run.check_recording(**asked)
    assert str(checked.value) == str(recorded.value)
    run.check_recording([0, 1], range(12))


def test_what_a_recording_does_not_have():
    recording, _ = record("lif")
    with pytest.raises(OptionError, match=r"level=2: the layers are 0 to 1\."):
        recording.spikes(2)
    with pytest.raises(OptionError, match="level=0: of the input, layer 0, only the spikes are recorded"):
        recording.trace("v", 0)
    with pytest.raises(OptionError, match="no variable 'w' of layer 1: there are v, I_syn, "):
        recording.trace("w")


def test_a_saved_recording_is_the_same_and_numpy_reads_it(tmp_path):
    recording, _ = record("adex")
    recording.save(tmp_path / "a.npz")
    again = Recording.load(tmp_path / "a.npz")
    assert repr(again) == repr(recording) and again.variables() == recording.variables()
    for name in recording.variables():
        assert get_dimensions(again.trace(name)) == get_dimensions(recording.trace(name))
        np.testing.assert_array_equal(again.trace(name), recording.trace(name))
    with np.load(tmp_path / "a.npz", allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["traces1_v"] * volt, recording.trace("v"))
        assert str(arrays["unit1_v"]) == "volt" and arrays["stop"].tolist() == [30, 60]


def test_files_that_hold_no_recording(tmp_path):
    with pytest.raises(ResultsError, match="does not exist"):
        Recording.load(tmp_path / "a.npz")
    (tmp_path / "a.npz").write_bytes(b"no archive")
    with pytest.raises(ResultsError, match="is not a valid npz file"):
        Recording.load(tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz", sizes=[2, 3], dt=1.0)
    with pytest.raises(ResultsError, match="a.npz: this is no recording: it lacks t, start"):
        Recording.load(tmp_path / "a.npz")


@pytest.mark.parametrize("models", [{}, dict(eligibility="spike_time", feedback="sfdfa"), dict(feedback="opzo")])
def test_a_network_with_targets_is_recorded_like_any_other(models, tmp_path):
    composition = compose(FEEDBACK, models)
    a = Architecture(4, 2, (5, 2), label_neurons=0, batch=1, n_steps=30)
    rng = np.random.default_rng(0)
    zero = np.zeros(1, int)
    schedule = POSITIVE.schedule((zero, zero + 1, zero), (zero, zero + 1, zero), a)
    inputs = {"synapses1.w": 9 * rng.normal(size=20), "synapses2.w": 9 * rng.normal(size=10)}
    recording = record_presentations(composition, a, inputs, np.full((1, 4), 0.9), schedule, {1: [0, 3], 2: [1]})
    assert recording.sizes == (4, 5, 2) and recording.goodness(1) is recording.goodness(2) is None
    assert len(recording.spikes(1)[0]) and recording.epochs[0].label == 1
    values, threshold = recording.trace(recording.membrane, 1), recording.threshold(1)
    assert values.shape == threshold.shape == (2, 31) and np.ptp(values) > 0
    figure = plotting.membrane(recording)
    assert len(figure.axes) == len([name for name in recording.state if name in recording.variables()])
    assert len(plotting.raster(recording).axes) == 3


# -- silence ---------------------------------------------------------------------------------------------------------
def test_what_is_said_of_silent_layers():
    assert silence(*record("lif")) == ""
    text = silence(*record("lif", sizes=(6, 5), parameters={"v_th": 1000.0}), gain=("--gain", 3.0))
    assert text.startswith("no neuron of layer 1 and layer 2 spiked: v came up to ")
    assert text.endswith(", of a threshold of 1000: try --gain 6 or a lower v_th (--set v_th=…).")
    text = silence(*record("adex", weight=0.0))
    assert "spiked: v came up to -70.6 mV, of a threshold of -40.4 mV: try a lower v_cut" in text
    assert silence(*record("lif", label=-10)).startswith("no input channel spiked: look at the encoder")


# -- units -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "unit, largest, expected",
    [
        (1, 3.0, ("", 1.0)),
        (volt, 0.07, ("mV", 1e-3)),
        (volt, 1e-5, ("mV", 1e-3)),
        (volt, 0.0, ("mV", 1e-3)),
        (amp, 600e-12, ("pA", 1e-12)),
        (amp, 20e-9, ("nA", 1e-9)),
        (siemens, 12e-9, ("nS", 1e-9)),
        (siemens, 5e-11, ("pS", 1e-12)),
        (second, 0.02, ("ms", 1e-3)),
        (hertz, 50.0, ("Hz", 1.0)),
        (amp / metre**2, 0.5, ("µA/cm²", 1e-2)),
        (volt**2, 0.5, ("V^2", 1.0)),
        (ohm, 2e8, ("MΩ", 1e6)),
    ],
)
def test_units_in_which_values_are_read(unit, largest, expected):
    assert display_unit([-largest, 0, np.nan] * unit) == (expected[0], pytest.approx(expected[1]))


@pytest.mark.parametrize("unit", [1, volt, amp / metre**2, farad / metre**2, volt**2, mV / second, nA * second, hertz])
def test_units_in_files_are_read_back(unit):
    dim = get_dimensions(unit)
    assert get_dimensions(with_unit([1.0, 2.0], unit_string(dim))) == dim
