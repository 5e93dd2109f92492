"""The neurons under models/neurons against closed forms and published firing patterns."""

import numpy as np
import pytest
from brian2 import (
    Equations,
    Hz,
    Network,
    NeuronGroup,
    SpikeMonitor,
    StateMonitor,
    cm,
    defaultclock,
    ms,
    msiemens,
    mV,
    nA,
    nS,
    pA,
    pF,
    second,
    uA,
)
from scipy.integrate import quad
from scipy.optimize import brentq

from brianff.devices import simulator
from brianff.devices.runtime import RuntimeSimulator
from brianff.equations.compose import compose
from brianff.equations.kinds import available
from brianff.equations.model import load
from brianff.equations.text import unit_string
from brianff.network.architecture import Architecture
from brianff.noise import FUNCTIONS
from brianff.stimulus import LABEL_NONE, Schedule

NOISE = """
seed : integer (shared)
presentation : integer
channel : integer
"""


class Cells:
    """Independent cells of one model; every parameter, and every variable at the start, may differ from cell to cell.

    `gain_below` is 1, and synaptic variables keep what they are given: a constant drive.
    """

    def __init__(self, neuron, n, dt_ms, start, record=(), **parameters):
        defaultclock.dt = dt_ms * ms
        model = load("neuron", neuron)
        values = model.parameters | {"gain_below": 1.0} | parameters
        of_channel = model.strings.get("channel_initial", {}).items()
        values |= {f"{name}_channel": values[parameter] for name, parameter in of_channel}
        if "tau_syn" in values:
            values["tau_syn"] = 1e12 * second
        declared = "\n".join(f"{name} : {unit_string(value)}" for name, value in values.items())
        self.group = group = NeuronGroup(
            n,
            model["equations"] + "\nt_in_epoch = t : second\n" + declared + NOISE,
            threshold=model["threshold"],
            reset=model["reset"],
            refractory=model["refractory"] or False,
            method=model["method"] or "exponential_euler",
            namespace=FUNCTIONS,
        )
        for name, value in values.items():
            setattr(group, name, value)
        group.channel = np.arange(n)
        for name, value in (model.strings.get("initial", {}) | start).items():
            if name in group.variables:  # not one of its 'presynaptic'
                setattr(group, name, value)
        if model["on_step"]:
            group.run_regularly(model["on_step"], when="thresholds", order=-1)
        self.monitor = SpikeMonitor(group)
        self.traces = StateMonitor(group, record, record=True, when="end") if record else None
        self.network = Network(group, self.monitor, *([self.traces] if record else []))

    def run(self, duration_ms):
        self.network.run(duration_ms * ms)
        return self

    def spikes(self):
        """Spike times in ms of every cell."""
        trains = self.monitor.spike_trains()
        return [np.array(trains[i]) * 1e3 for i in range(len(self.group))]


def intervals(trains, skip=1):
    """Mean interval of every train, without the first `skip` spikes."""
    return np.array([(t[-1] - t[skip]) / (len(t) - 1 - skip) if len(t) > skip + 1 else np.inf for t in trains])


# -- rates in closed form ------------------------------------------------------------------------------------------
def lif_interval(current):
    return 20 * np.log(current / (current - 1))


@pytest.mark.parametrize(
    ("neuron", "interval"),
    [
        ("lif", lif_interval),
        ("integrate_and_fire", lambda current: 40 / current),
        ("lif_noise", lif_interval),
        ("lif_adaptive", lif_interval),
    ],
)
def test_rate_for_a_constant_current(neuron, interval):
    """Within 1 % (Gerstner et al. 2014, eq. 1.16), without noise and adaptation."""
    current = np.linspace(1.1, 6, 60)
    dt, duration = (0.1, 200) if neuron == "lif_noise" else (0.05, 300)  # random numbers are slow in NumPy
    off = {"lif_noise": {"sigma": 0.0}, "lif_adaptive": {"jump": 0.0}}.get(neuron, {})
    found = intervals(Cells(neuron, 60, dt, {"I_syn": current}, **off).run(duration).spikes())
    np.testing.assert_allclose(found, interval(current), rtol=0.01)


@pytest.mark.parametrize("neuron", ["lif", "lif_noise", "lif_adaptive", "lif_conductance", "exponential_if", "adex"])
def test_below_rheobase_there_are_no_spikes(neuron):
    """And above there are: 1 for a LIF neuron; g_L (V_T - E_L - Delta_T) without adaptation for exponential ones."""
    scale = {"exponential_if": 16.2 * pA, "adex": 30 * 18.2 * pA}.get(neuron, 1)
    level = np.array([0.98, 1.05])
    off = {"lif_noise": {"sigma": 0.0}, "adex": {"a": 0 * nS, "b": 0 * pA}}.get(neuron, {})
    start = {"g_e": 3 * nS * level} if neuron == "lif_conductance" else {"I_syn": level * scale}
    below, above = Cells(neuron, 2, 0.5 if neuron == "lif_noise" else 0.1, start, **off).run(400).spikes()
    assert len(below) == 0 and len(above)


def test_adaptive_threshold_settles_where_the_closed_form_says():
    """In the steady state a = jump/(exp(T/tau_a) - 1) before a spike, when v = I (1 - exp(-T/tau_m)) reaches 1 + a."""
    current = np.linspace(1.5, 5, 20)
    found = intervals(Cells("lif_adaptive", 20, 0.05, {"I_syn": current}).run(1500).spikes(), skip=40)

    def steady(level):
        return brentq(lambda T: level * (1 - np.exp(-T / 20)) - 1 - 0.1 / np.expm1(T / 200), 1, 1e3)

    cells = np.isfinite(found)
    assert cells.sum() > 10
    np.testing.assert_allclose(found[cells], [steady(level) for level in current[cells]], rtol=0.01)


def test_conductances_give_fixed_point_and_rate():
    g_e, g_i = (g.ravel() for g in np.meshgrid(np.linspace(0, 15, 9), np.linspace(0, 10, 5)))
    cells = Cells("lif_conductance", 45, 0.05, {"g_e": g_e * nS, "g_i": g_i * nS}, record=("v",)).run(300)
    total = 10 + g_e + g_i
    rest = (10 * -65 + g_i * -80) / total
    silent = rest < -50.2
    np.testing.assert_allclose(np.array(cells.traces.v)[silent, -1] * 1e3, rest[silent], atol=0.01)
    found = intervals(cells.spikes(), skip=0)
    firing = rest > -49.8
    expected = (
        200 / total * np.log((rest + 65) / np.where(firing, rest + 50, 1e9), where=firing, out=np.ones_like(rest))
    )
    assert silent.sum() > 15 and firing.sum() > 10
    assert np.isinf(found[silent]).all()
    np.testing.assert_allclose(found[firing], expected[firing], rtol=0.02, atol=0.05)


def test_conductances_of_a_weight_cancel_at_the_threshold():
    """A weight of 1 opens w_e, one of -1 w_i: with both, the neuron stays where one without input would, at v_th."""
    p = load("neuron", "lif_conductance").parameters
    excitation, inhibition = p["w_e"] * (p["E_e"] - p["v_th"]), p["w_i"] * (p["v_th"] - p["E_i"])
    assert np.isclose(excitation / pA, inhibition / pA)
    assert np.isclose(excitation / pA, p["g_L"] * (p["v_th"] - p["E_L"]) / pA)


def test_exponential_neuron_fires_at_the_rate_of_the_quadrature():
    """T = t_ref + integral of C dv/(g_L (E_L - v) + g_L Delta_T exp((v - V_T)/Delta_T) + I) from v_reset to v_cut."""
    current = np.linspace(20, 200, 25)
    found = intervals(Cells("exponential_if", 25, 0.02, {"I_syn": current * pA}).run(250).spikes(), skip=0)

    def interval(level):
        def slowness(v):
            return 100 / (10 * (-65 - v) + 10 * 3.48 * np.exp((v + 59.9) / 3.48) + level)

        return 1.7 + quad(slowness, -68, -42.5, points=[-59.9], limit=200)[0]

    np.testing.assert_allclose(found, [interval(level) for level in current], rtol=0.01)


# -- published firing patterns -------------------------------------------------------------------------------------
#                C    g_L  E_L  V_T   D  a   tau  b   v_r  I       (Naud et al. 2008, table 1; pF, nS, mV, ms, pA)
NAUD = {
    "tonic": (200, 10, -70, -50, 2, 2, 30, 0, -58, 500),
    "adapting": (200, 12, -70, -50, 2, 2, 300, 60, -58, 500),
    "initial burst": (130, 18, -58, -50, 2, 4, 150, 120, -50, 400),
    "bursting": (200, 10, -58, -50, 2, 2, 120, 100, -46, 210),
    "delayed accelerating": (200, 12, -70, -50, 2, -10, 300, 0, -58, 300),
    "delayed bursting": (100, 10, -65, -50, 2, -10, 90, 30, -47, 110),
    "transient": (100, 10, -65, -50, 2, 10, 90, 100, -47, 180),
}


@pytest.fixture(scope="module")
def naud():
    from brian2 import prefs

    prefs.codegen.target = "numpy"
    C, g_L, E_L, V_T, Delta_T, a, tau, b, v_r, current = np.array(list(NAUD.values()), float).T
    cells = Cells(
        "adex",
        len(NAUD),
        0.05,
        {"I_syn": current * pA},
        C=C * pF,
        g_L=g_L * nS,
        E_L=E_L * mV,
        V_T=V_T * mV,
        Delta_T=Delta_T * mV,
        v_cut=(V_T + 20) * mV,
        v_reset=v_r * mV,
        a=a * nS,
        tau_adapt=tau * ms,
        b=b * pA,
    )
    return dict(zip(NAUD, cells.run(600).spikes(), strict=True))


def test_adex_tonic(naud):
    gaps = np.diff(naud["tonic"])
    assert len(gaps) > 20 and gaps[5:].std() < 0.03 * gaps[5:].mean()


def test_adex_adapting(naud):
    gaps = np.diff(naud["adapting"])
    assert len(gaps) > 5 and gaps[-1] > 3 * gaps[0]
    assert (np.diff(gaps[:5]) > 0).all()


def test_adex_initial_burst(naud):
    """Several spikes at once, then single ones at long intervals."""
    gaps = np.diff(naud["initial burst"])
    assert gaps[0] < 10 and gaps[2:].min() > 3 * gaps[0]
    assert gaps[4:].std() < 0.1 * gaps[4:].mean()


@pytest.mark.parametrize("pattern", ["bursting", "delayed bursting"])
def test_adex_bursting(naud, pattern):
    """Again and again bursts, with silence between them."""
    gaps = np.diff(naud[pattern])
    long = gaps > 3 * np.median(gaps) if np.median(gaps) < 20 else gaps > 0.7 * gaps.max()
    assert long.sum() >= 2 and (~long).sum() >= long.sum()
    assert gaps[long].min() > 2 * gaps[~long].max()


def test_adex_delayed_accelerating(naud):
    times = naud["delayed accelerating"]
    gaps = np.diff(times)
    assert times[0] > gaps.min() and (np.diff(gaps[:5]) < 0).all()


def test_adex_transient(naud):
    times = naud["transient"]
    assert 1 <= len(times) <= 8 and times[-1] < 200


def test_adex_of_brette_and_gerstner_adapts():
    """The default parameters: intervals grow to a steady value (their fig. 2, regular spiking)."""
    (times,) = Cells("adex", 1, 0.05, {"I_syn": 1000 * pA}).run(600).spikes()
    gaps = np.diff(times)
    assert len(gaps) > 6 and gaps[3] > 1.5 * gaps[0]
    assert abs(gaps[-1] - gaps[-2]) < 0.05 * gaps[-1]


IZHIKEVICH = ("izhikevich", "izhikevich_fast_spiking", "izhikevich_chattering")


def izhikevich_trains(current, dt_ms=0.1, duration=600):
    """From the resting state, as in fig. 2 of the paper."""
    n = len(current)
    rest = {"v": -70 * mV, "v_now": -70 * mV, "u": -14 * mV}
    return {name: Cells(name, n, dt_ms, rest | {"I_syn": current * mV}).run(duration).spikes() for name in IZHIKEVICH}


def reference_izhikevich(a, b, c, d, current, dt=0.005, duration=600):
    """The paper's equations, forward Euler with a very small step."""
    v, u, times = -70.0, -14.0, []
    for k in range(round(duration / dt)):
        v, u = v + dt * (0.04 * v * v + 5 * v + 140 - u + current), u + dt * a * (b * v - u)
        if v >= 30:
            v, u = c, u + d
            times.append((k + 1) * dt)
    return np.array(times)


def test_izhikevich_firing_patterns():
    """Regular spiking adapts, fast spiking is fast and does not, chattering bursts (fig. 2 of the paper, I = 10)."""
    (regular,), (fast,), (chattering,) = izhikevich_trains(np.array([10.0])).values()
    gaps = np.diff(regular)
    assert gaps[3] > 1.5 * gaps[0] and 5 < len(regular) < 25
    assert gaps[4:].std() < 0.1 * gaps[4:].mean()
    gaps = np.diff(fast)
    assert len(fast) > 2 * len(regular) and gaps[5:].std() < 0.05 * gaps[5:].mean()
    gaps = np.diff(chattering)
    short, long = gaps[gaps < 10], gaps[gaps > 15]
    assert len(short) + len(long) == len(gaps)
    assert len(long) > 3 and len(short) > 1.5 * len(long)


@pytest.mark.parametrize(
    ("neuron", "values"),
    zip(IZHIKEVICH, [(0.02, 0.2, -65, 8), (0.1, 0.2, -65, 2), (0.02, 0.2, -50, 2)], strict=True),
)
def test_izhikevich_spikes_when_the_paper_s_equations_do(neuron, values):
    expected = reference_izhikevich(*values, current=10, duration=200)
    (found,) = izhikevich_trains(np.array([10.0]), dt_ms=0.02, duration=200)[neuron]
    assert abs(len(found) - len(expected)) <= 1
    k = min(len(found), len(expected))
    np.testing.assert_allclose(found[:k], expected[:k], rtol=0.01, atol=0.05)


def test_izhikevich_sets_share_their_equations():
    models = [load("neuron", name) for name in IZHIKEVICH]
    assert all(model.strings == models[0].strings for model in models)
    assert all(model.parameters.keys() == models[0].parameters.keys() for model in models)


@pytest.mark.parametrize("neuron", IZHIKEVICH)
def test_izhikevich_takes_steps_of_a_millisecond_and_strong_inhibition(neuron):
    """Currents that jump between excitation and inhibition, at which forward Euler diverges."""
    rng = np.random.default_rng(1)
    drive = 30 * rng.normal(size=(4, 300)) * mV
    counts = []
    for dt in (1.0, 0.2):
        cells = Cells(neuron, 300, dt, {}, record=("v",) if dt == 1 else ())
        for current in drive:
            cells.group.I_syn = current
            cells.run(25)
        counts.append([len(t) for t in cells.spikes()])
        if cells.traces:
            assert np.isfinite(np.array(cells.traces.v)).all()
    assert np.corrcoef(counts)[0, 1] > 0.95


# -- SFDFA's neuron ------------------------------------------------------------------------------------------------
def closed_form_spikes(inputs, c, tau_s, end):
    """Spike times of u = B y - A y^2, y = exp(-t/(2 tau_s)); inputs: (time, weight)."""
    A = B = now = 0.0
    times = []
    for arrival, weight in [*inputs, (end, 0.0)]:
        while True:
            # the larger root in y comes first
            discriminant = B * B - 4 * A * c
            y = (B + np.sqrt(discriminant)) / (2 * A) if A > 0 and discriminant > 0 and B > 0 else 0.0
            if y > 1 or y <= 0 or now - 2 * tau_s * np.log(y) >= arrival:
                break
            step = -2 * tau_s * np.log(y)
            now += step
            times.append(now)
            A, B = A * y * y, B * y - c
        decay = np.exp(-(arrival - now) / (2 * tau_s))
        A, B, now = A * decay**2 + weight, B * decay + weight, arrival
    return np.array(times)


@pytest.mark.parametrize("dt", [0.1, 0.5])
def test_two_exponential_interpolated_spikes_when_the_quadratic_equation_says(dt):
    """Every spike, the later ones too, in the time step in which the closed form has it."""
    n = 200
    first, second_ = np.random.default_rng(0).uniform(0.5, 10, size=(2, n))
    cells = Cells("two_exponential_interpolated", n, dt, {"A": first, "B": first}).run(12)
    for name in ("A", "B"):
        setattr(cells.group, name, np.array(getattr(cells.group, name)) + second_)
    late = []
    for train, w1, w2 in zip(cells.run(38).spikes(), first, second_, strict=True):
        expected = closed_form_spikes([(0, w1), (12, w2)], 0.25, 20, 50)
        assert len(train) == len(expected)
        late.extend(train + dt - expected)  # Brian2 gives the beginning of the step
    assert len(late) > 1000
    assert np.min(late) > -1e-9
    assert np.max(late) <= dt + 1e-9


def test_two_exponential_neuron_spikes_first_when_the_quadratic_equation_says():
    n, dt = 200, 0.1
    first = np.random.default_rng(0).uniform(2, 10, n)
    late = []
    for train, w in zip(Cells("two_exponential", n, dt, {"A": first, "B": first}).run(50).spikes(), first, strict=True):
        expected = closed_form_spikes([(0, w)], 0.25, 20, 50)
        assert abs(len(train) - len(expected)) <= 1
        late.append(train[0] + dt - expected[0])
    assert np.min(late) > -1e-9 and np.max(late) <= dt + 1e-9


def test_two_exponential_response_is_the_difference_of_exponentials():
    cells = Cells("two_exponential", 1, 0.1, {"A": 0.8, "B": 0.8}, record=("u",)).run(100)
    t = np.array(cells.traces.t) * 1e3 + 0.1
    np.testing.assert_allclose(np.array(cells.traces.u)[0], 0.8 * (np.exp(-t / 40) - np.exp(-t / 20)), atol=1e-9)


def test_two_exponential_reset_takes_one_threshold_whatever_the_gain():
    cells = Cells("two_exponential", 3, 0.01, {"A": 2.0, "B": 2.0}, record=("u",), gain_below=np.array([0.6, 1, 3]))
    cells.run(30)
    for u in np.array(cells.traces.u):
        jumps = np.diff(u)[np.diff(u) < -0.1]
        assert len(jumps)
        np.testing.assert_allclose(jumps, -0.25, atol=0.01)


# -- noise ---------------------------------------------------------------------------------------------------------
def test_noise_is_an_ornstein_uhlenbeck_process():
    """Mean 0, standard deviation sigma from the first step, correlation exp(-s/tau), whatever the time step."""
    for dt in (0.5, 2.0):
        cells = Cells("lif_noise", 4000, dt, {"I_syn": 0}, record=("I_noise", "v"), v_th=100.0).run(150)
        noise, v = np.array(cells.traces.I_noise), np.array(cells.traces.v)
        assert abs(noise.mean()) < 0.005
        assert abs(noise.std() - 0.2) < 0.004
        np.testing.assert_allclose(noise[:, :3].std(axis=0), 0.2, rtol=0.05)
        for lag in (5, 10, 20):
            k = round(lag / dt)
            found = (noise[:, k:] * noise[:, :-k]).mean() / 0.2**2
            assert abs(found - np.exp(-k * dt / 10)) < 0.02
        # filtered by the membrane: sigma^2 tau_noise/(tau_noise + tau_m), up to the steps' length
        assert abs(v[:, -1].var() / (0.2**2 * 10 / 30) - 1) < 0.1
    excess = (noise**4).mean() / noise.var() ** 2
    assert abs(excess - 3) < 0.1  # normal


def noisy(device="runtime", batch=2, seed=1, number=0, steps=40):
    """Traces of two layers of noisy neurons without input, at the end of an epoch: (entry, neuron) of each."""
    a = Architecture(4, 2, layers=(5, 5), label_neurons=1, batch=batch, n_steps=steps, capacity=2, images=1)
    composition = compose(models=dict(neuron="lif_noise"), parameters={"sigma": 5.0})
    built = simulator(device, a, composition) if device != "runtime" else RuntimeSimulator(a, composition)
    numbers = number + np.arange(batch)
    schedule = Schedule.evaluation(np.zeros(batch, int), np.full(batch, LABEL_NONE), numbers, batch)
    parameters = {f"neurons{k}.sigma": 5.0 for k in (1, 2)}
    inputs = {"images": np.zeros((1, 4)), **schedule.inputs(a), "neurons0.seed": seed, **parameters}
    results = built.run(inputs, 1)
    return [results.recorded(f"record_x{k}", "x", 1).reshape(batch, 5) for k in (1, 2)]


def test_noise_depends_on_seed_presentation_and_neuron_only():
    one, two = noisy()
    assert len(np.unique(np.concatenate([one.ravel(), two.ravel()]))) > 12  # layers, entries and neurons differ
    np.testing.assert_array_equal(noisy()[0], one)
    assert not np.array_equal(noisy(seed=2)[0], one)
    later = noisy(number=1)[0]
    np.testing.assert_array_equal(later[0], one[1])
    assert not np.array_equal(later[0], one[0])
    np.testing.assert_array_equal(noisy(batch=1)[1][0], two[0])
    np.testing.assert_array_equal(noisy(batch=3)[1][:2], two)


@pytest.mark.compiler
@pytest.mark.slow
def test_noise_is_the_same_on_every_device():
    for found, expected in zip(noisy("cpp"), noisy(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9)


# -- neurons with conductances, quadratic and noisy ones -----------------------------------------------------------
def test_hodgkin_huxley_rests_fires_and_stops_where_its_channels_are_closed():
    """At rest it stays where the currents balance; rates rise with the current (class I, Traub & Miles' rates)."""
    current = np.array([0, 0.1, 0.2, 0.4, 0.8])
    cells = Cells("hodgkin_huxley", 5, 0.05, {"I_syn": current * nA}, record=("v", "m", "h", "n")).run(120)
    trains = cells.spikes()
    assert not len(trains[0]) and np.all(np.diff([len(t) for t in trains[1:]]) > 0)
    v = np.array(cells.traces.v) * 1e3
    assert 30 < v[3].max() < 50 and -90 < v[3].min() < -65  # between the reversal potentials
    p = load("neuron", "hodgkin_huxley").parameters
    m, h, n = (np.array(getattr(cells.traces, gate))[0, -1] for gate in "mhn")
    balance = [
        p["g_L"] * (p["E_L"] - v[0, -1] * mV),
        p["g_Na"] * m**3 * h * (p["E_Na"] - v[0, -1] * mV),
        p["g_K"] * n**4 * (p["E_K"] - v[0, -1] * mV),
    ]
    assert abs(sum(float(current) for current in balance)) < 0.02 * max(abs(float(current)) for current in balance)
    closed = Cells("hodgkin_huxley", 1, 0.1, {"I_syn": [0.5] * nA}, g_Na=0 * nS).run(50)
    assert not len(closed.spikes()[0])


def test_morris_lecar_begins_with_a_high_rate_and_class_one_with_a_low_one():
    """Rinzel & Ermentrout (1989): class II begins at about 10 Hz, class I at 40 uA/cm^2 with rates that go to 0."""
    unit = uA / cm**2
    second_class = Cells("morris_lecar", 3, 0.1, {"I_syn": np.array([80, 95, 150]) * unit}).run(1500).spikes()
    assert len(second_class[0]) <= 1
    assert 9 < 1e3 / intervals(second_class)[1] < 13
    first = dict(g_Ca=4 * msiemens / cm**2, V_3=12 * mV, V_4=17.4 * mV, phi=1 / 15)
    current = np.array([38, 40.2, 41, 50]) * unit
    rates = 1e3 / intervals(Cells("morris_lecar", 4, 0.1, {"I_syn": current}, **first).run(2500).spikes())
    assert rates[0] == 0 and 0 < rates[1] < 4 and rates[1] < rates[2] < rates[3]


def test_quadratic_neuron_fires_at_the_rate_of_the_closed_form():
    """T = tau_m/J (arctan(v_peak/J) - arctan(v_reset/J)), J = sqrt(I - 1); below I = 1 there are no spikes."""
    current = np.linspace(1.5, 8, 20)
    found = intervals(Cells("quadratic_if", 20, 0.005, {"I_syn": current}).run(250).spikes())
    J = np.sqrt(current - 1)
    np.testing.assert_allclose(found, 20 / J * (np.arctan(10 / J) - np.arctan(-2 / J)), rtol=0.01)
    assert not any(len(t) for t in Cells("quadratic_if", 2, 0.1, {"I_syn": [0.9, 0.99]}).run(300).spikes())


def test_escape_noise_has_the_mean_interval_of_its_rate():
    """Mean interval = integral of exp(-integral of rho) after a reset, with v = I (1 - exp(-t/tau_m))."""
    n, current = 2000, np.repeat([0.5, 0.9, 1.5], 2000)
    cells = Cells("lif_escape", 3 * n, 0.2, {"I_syn": current}, delta=0.2).run(60)
    t = np.arange(0, 60, 0.01)
    for k, level in enumerate((0.5, 0.9, 1.5)):
        rho = 0.1 * np.exp((level * (1 - np.exp(-t / 20)) - 1) / 0.2)  # per ms
        survivor = np.exp(-np.cumsum(rho) * 0.01)
        first = np.array([s[0] if len(s) else 60 for s in cells.spikes()[k * n : (k + 1) * n]])
        error = first.std() / np.sqrt(n)
        assert abs(first.mean() - survivor.sum() * 0.01) < 4 * error + 0.1


def test_depression_follows_the_recursion_of_its_resource():
    """Every input spike adds w R; R = 1 - (1 - (1 - U) R) exp(-T/tau_rec) from one spike to the next."""
    a = Architecture(1, 2, (1,), label_neurons=0, batch=1, n_steps=400, capacity=1, images=1)
    composition = compose(
        models=dict(neuron="lif_depressing", encoder="regular_rate"),
        parameters={"tau_syn": 1e3 * second, "rate_max": 50 * Hz},
    )
    simulated = RuntimeSimulator(a, composition, record=True)
    schedule = Schedule.evaluation(np.array([0]), np.array([LABEL_NONE]), np.array([0]), 1)
    inputs = schedule.inputs(a) | composition.parameter_inputs(a) | {"images": [1.0], "synapses1.w": 0.5}
    simulated.run(inputs, 1)
    current = np.array(simulated.built.traces["neurons1"].I_syn)[0]
    jumps = np.diff(current)
    jumps = jumps[jumps > 1e-4]
    R, expected = 1.0, []
    for _ in jumps:
        expected.append(0.5 * R)
        R = 1 - (1 - (1 - 0.4) * R) * np.exp(-20 / 200)
    assert len(jumps) > 15
    np.testing.assert_allclose(jumps, expected, rtol=2e-3)
    q = np.exp(-20 / 200)
    np.testing.assert_allclose(jumps[-1], 0.5 * (1 - q) / (1 - 0.6 * q), rtol=2e-3)


# -- all -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("neuron", available("neuron"))
def test_every_neuron_says_source_and_ranges_and_starts_at_rest(neuron):
    """Without input it stays silent; strong inhibition and excitation leave it finite, in steps of 1 ms."""
    model = load("neuron", neuron)
    assert any(str(year) in model.docstring for year in range(1907, 2027))
    for eq in Equations(model["equations"]).values():
        assert eq.varname not in model.parameters
    units = {"g_e": 3 * nS, "A": 1.0, "I_syn": model.parameters.get("I_unit", 1.0), "I": 1.0}
    names = [n for n in units if n in Equations(model["equations"]).names]
    level = np.array([0, -20, -5, 1, 5, 20.0])
    off = {"sigma": 0.0} if neuron == "lif_noise" else {"rho_th": 0.1 * Hz} if neuron == "lif_escape" else {}
    off |= {"bias": 0.0} if neuron == "settling" else {}
    start = {names[0]: level.clip(0 if neuron == "lif_conductance" else None) * units[names[0]]}
    cells = Cells(neuron, len(level), 1.0, start, record=("u",) if "A" in names else ("v",), **off).run(200)
    trains = cells.spikes()
    assert not len(trains[0])
    (trace,) = (np.array(getattr(cells.traces, k)) for k in (("u",) if "A" in names else ("v",)))
    assert np.isfinite(trace).all()
