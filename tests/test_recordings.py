"""Recordings of every step: what the arrays mean, the threshold as it moves, and values that diverge."""

import numpy as np
import pytest

from brianff import plotting
from brianff.equations.compose import available, compose
from brianff.equations.threshold import crossing
from brianff.errors import BrianffWarning
from brianff.learning.recordings import record_presentations, silence
from brianff.learning.training import Config, Trainer, record_run
from brianff.network.feedforward import Architecture
from brianff.network.monitors import membrane, shown_variables
from brianff.stimulus import Schedule
from brianff.units import display_unit

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
    composition = compose(neuron, parameters=parameters)
    a = Architecture(4, 2, sizes, label_neurons=2, batch=1, n_steps=n_steps, dt_ms=dt)
    rng = np.random.default_rng(0)
    n = [a.n_input, *sizes]
    inputs = {f"synapses{k + 1}.w": weight * rng.normal(size=n[k] * n[k + 1]) for k in range(len(sizes))}
    zero = np.zeros(1, int)
    schedule = Schedule.pairs(zero, zero, zero + label, zero + label + 1, zero, 1)
    image = np.full((1, 4), 0.9 if label >= 0 else 0.0)
    recording = record_presentations(composition, a, inputs, image, schedule, neurons)
    return recording, composition


def traces(recording, name, level=1):
    return recording[f"traces{level}_{name}"]


# -- arrays ----------------------------------------------------------------------------------------------------------
def test_units_and_threshold_of_a_neuron_with_units():
    recording, _ = record("adex")
    assert {name: str(recording[f"unit1_{name}"]) for name in ("v", "I_adapt", "I_syn", "x")} == {
        "v": "V", "I_adapt": "A", "I_syn": "A", "x": "1",
    }  # fmt: skip
    np.testing.assert_allclose(recording["threshold1"], -40.4e-3)
    assert str(recording["membrane"]) == "v" and recording["variables"].tolist() == ["v", "I_adapt", "I_syn"]
    assert -1 < traces(recording, "v").min() < -0.07
    assert traces(recording, "v").shape == recording["threshold1"].shape == (6, 61)


def test_threshold_that_moves_and_belongs_to_every_neuron():
    recording, _ = record("lif_adaptive")
    assert np.ptp(traces(recording, "a"), axis=1).max() > 0.1
    np.testing.assert_allclose(recording["threshold1"], 1 + traces(recording, "a"))


def test_membrane_by_another_name_that_follows_from_other_variables():
    recording, _ = record("two_exponential", sizes=(6, 5))
    assert str(recording["membrane"]) == "u" and recording["variables"].tolist() == ["u", "A", "B"]
    np.testing.assert_allclose(recording["threshold2"], 0.25)
    for level in (1, 2):
        u, a, b = (traces(recording, name, level) for name in "uAB")
        assert np.corrcoef(u.ravel(), (b - a).ravel())[0, 1] > 0.9 and not np.array_equal(u, b - a)


def test_a_condition_of_another_form_has_no_threshold(tmp_path):
    path = tmp_path / "escape.py"
    path.write_text(
        'base = "lif"\nthreshold = "uniform(seed, presentation, t_in_timesteps, channel) < exp((v - v_th)/width)"\n'
    )
    recording, _ = record(path)
    assert "threshold1" not in recording and str(recording["membrane"]) == "v"


def test_threshold_is_a_variable_of_the_neuron():
    recording, _ = record("lif_competitive")
    np.testing.assert_array_equal(recording["threshold1"], traces(recording, "v_th"))


def test_only_chosen_neurons_are_recorded_and_all_are_watched(tmp_path):
    path = tmp_path / "fitzhugh.py"
    path.write_text(FITZHUGH)
    everything, _ = record(path, weight=9.0)
    some, _ = record(path, weight=9.0, neurons=[1])
    np.testing.assert_array_equal(traces(some, "v"), traces(everything, "v")[[1]])
    assert str(some["diverged"]) == str(everything["diverged"]) != ""
    values = np.stack([traces(everything, name) for name in "vu"])
    first = np.argmax(~np.isfinite(values).all(axis=(0, 1)))
    neuron = np.argmin(np.isfinite(values[0, :, first]))
    assert str(some["diverged"]) == (
        f"v of neuron {neuron} of layer 1 is not finite at t = {first} ms: try --dt 0.1 (now 1 ms, method euler)."
    )


def test_the_same_neuron_in_smaller_steps_is_well(tmp_path):
    path = tmp_path / "fitzhugh.py"
    path.write_text(FITZHUGH)
    recording, _ = record(path, dt=0.1, n_steps=300)
    assert str(recording["diverged"]) == "" and np.isfinite(traces(recording, "v")).all()


def test_a_run_with_a_neuron_that_diverges_says_so_before_it_trains(tmp_path):
    path = tmp_path / "fitzhugh.py"
    path.write_text(FITZHUGH)
    options = dict(hidden=(8, 4), record_neurons=(0,), record_samples=(0,), device="runtime", init_gain=9.0)
    trainer = Trainer.start(Config(neuron=str(path), **options), tmp_path / "run")
    with pytest.warns(BrianffWarning, match=r"of neuron \d of layer 1 is not finite at t = \d+ ms: try --dt 0.1"):
        recording = record_run(trainer)
    assert trainer.health.has_diverged
    assert plotting.save(plotting.membrane(recording), tmp_path / "membrane.png").is_file()


NO_THRESHOLD = {"lif_escape"}  # a spike is a matter of chance


@pytest.mark.parametrize("name", sorted(set(available("neuron")) - NO_THRESHOLD))
def test_the_threshold_of_every_neuron_of_the_library_is_found(name):
    composition = compose(name)
    assert crossing(composition.models["neuron"]["threshold"], shown_variables(composition)) is not None
    assert shown_variables(composition)[0] == membrane(composition)


def test_a_spike_by_chance_has_no_threshold():
    composition = compose("lif_escape")
    assert crossing(composition.models["neuron"]["threshold"], shown_variables(composition)) is None


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
        ("1", 3.0, ("", 1.0)),
        ("V", 0.07, ("mV", 1e-3)),
        ("V", 1e-5, ("mV", 1e-3)),
        ("V", 0.0, ("mV", 1e-3)),
        ("A", 600e-12, ("pA", 1e-12)),
        ("A", 20e-9, ("nA", 1e-9)),
        ("S", 12e-9, ("nS", 1e-9)),
        ("S", 5e-11, ("pS", 1e-12)),
        ("s", 0.02, ("ms", 1e-3)),
        ("Hz", 50.0, ("Hz", 1.0)),
        ("A/(m^2)", 0.5, ("µA/cm²", 1e-2)),
        ("V^2", 0.5, ("V^2", 1.0)),
        ("ohm", 2e8, ("MΩ", 1e6)),
    ],
)
def test_units_in_which_values_are_read(unit, largest, expected):
    assert display_unit(unit, [-largest, 0, np.nan]) == (expected[0], pytest.approx(expected[1]))
