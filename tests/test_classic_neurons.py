"""Ten classical neurons as a user would write them (tests/neurons): checked, drawn, trained, on NumPy and C++."""

from pathlib import Path

import numpy as np
import pytest
from brianff.protocols import inspect_neuron
from conftest import campaign

from brianff.devices import simulator
from brianff.equations.compose import compose
from brianff.learning.phases import Phases
from brianff.network.architecture import Architecture
from brianff.network.trial import check

FILES = {path.stem: path for path in sorted((Path(__file__).parent / "neurons").glob("*.py"))}
# Those that use most of what a file can have come first: the others are compiled in campaigns only.
FIRST = ["short_term_plasticity", "hodgkin_huxley", "resonate_and_fire"]
ORDER = FIRST + [name for name in FILES if name not in FIRST]
# Time steps that the equations need, ms.
DT = {"hodgkin_huxley": 0.2, "morris_lecar": 0.1, "fitzhugh_nagumo": 0.1, "quadratic": 0.1, "resonate_and_fire": 0.2}


def one_pass(name, device):
    """Spikes of every layer, and weights, after every sample was shown once in a positive and a negative phase."""
    dt = DT.get(name, 1.0)
    a = Architecture(8, 2, (6, 5), label_neurons=1, batch=2, n_steps=int(60 / dt), dt_ms=dt, capacity=6, images=6)
    rng = np.random.default_rng(2)
    six = np.arange(6)
    schedule = Phases.paired().schedule((six, [0, 1] * 3, 2 * six), (six, [1, 0] * 3, 2 * six + 1), a)
    composition = compose(models=dict(neuron=FILES[name], encoder="poisson_rate"))
    inputs = schedule.inputs(a) | composition.parameter_inputs(a) | {"images": rng.uniform(0.2, 1, (6, 8))}
    for n in (1, 2):
        inputs[f"learning_rate_at{n}"] = np.full(a.capacity + 1, 0.02)
        inputs[f"synapses{n}.w"] = rng.normal(0.7, 0.7, a.sizes[n - 1] * a.sizes[n])
        inputs[f"synapses{n}.plastic"] = True
    with simulator(device, a, composition, record=True).run(inputs, len(schedule)) as results:
        spikes = [
            sorted(
                zip(np.rint(results[f"spikes{n}.t"] / (dt * 1e-3)).astype(int), results[f"spikes{n}.i"], strict=True)
            )
            for n in range(3)
        ]
        return spikes, [np.array(results[f"synapses{n}.w"]) for n in (1, 2)], [inputs[f"synapses{n}.w"] for n in (1, 2)]


@pytest.mark.parametrize("name", list(FILES))
def test_a_file_as_a_user_writes_it_passes(name):
    notes = check("neuron", FILES[name], build=False)
    assert all("exponential Euler" in note for note in notes)
    assert bool(notes) == (name == "quadratic")


@pytest.mark.parametrize("name", ORDER)
def test_every_layer_spikes_and_learns(name):
    spikes, weights, before = one_pass(name, "runtime")
    assert all(spikes)
    for w, w0 in zip(weights, before, strict=True):
        assert np.isfinite(w).all() and np.abs(w - w0).max() > 1e-4


@pytest.mark.compiler
@pytest.mark.parametrize("name", ORDER[: campaign(len(ORDER), 1)])
def test_numpy_and_cpp_give_the_same_spikes(name):
    (spikes, weights, _), (spikes_cpp, weights_cpp, _) = (one_pass(name, device) for device in ("runtime", "cpp"))
    assert spikes == spikes_cpp
    for w, w_cpp in zip(weights, weights_cpp, strict=True):
        np.testing.assert_allclose(w, w_cpp, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", ORDER[: campaign(len(ORDER), 2)])
def test_inspect_neuron_draws_it(name, tmp_path, capsys):
    options = ["--dt", str(DT.get(name, 1.0)), "--quick", "--out", str(tmp_path / "out")]
    assert inspect_neuron.main(["--neuron", str(FILES[name]), *options]) == 0
    assert list((tmp_path / "out").glob("*.png"))
