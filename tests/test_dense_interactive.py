"""DenseSynapses in the hands of people who know brian2.Synapses: the same, or one sentence that says what to do.

`USES` are things that people do with `Synapses`, each of which returns what it is about; with `DenseSynapses`, however
its variable is stored, it must return the same.
"""

import numpy as np
import pytest
from brian2 import (
    BrianObjectException,
    DimensionMismatchError,
    Network,
    NeuronGroup,
    PoissonGroup,
    Quantity,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    device,
    get_device,
    mM,
    ms,
    mV,
    prefs,
    run,
    seed,
    set_device,
    start_scope,
)
from conftest import campaign

from brianff import DenseSynapses

N_PRE, N_POST = 4, 3
NEURONS = "dv/dt = -v/(10*ms) : 1\nI : 1\nx : 1"


def groups(n_pre=N_PRE, n_post=N_POST):
    source = NeuronGroup(n_pre, "x : 1\ndrive : boolean", threshold="drive", reset="drive = False; x += 1")
    target = NeuronGroup(n_post, NEURONS, threshold="v > 1", reset="v = 0", method="exact")
    source.x, target.x = np.arange(n_pre) / 8, 10 + np.arange(n_post)
    source.drive[[0, n_pre - 1]] = True
    return source, target


def make(kind, model="w : 1", flags="", **options):
    """Synapses of either kind, with the variables 0, 1, 2 ... in w where it has one."""
    source, target = options.pop("groups", None) or groups()
    if kind is DenseSynapses:
        model = model.replace("w : 1", f"w : 1 {flags}")
    synapses = kind(source, target, model, **options)
    synapses.connect()
    if "w" in synapses.equations.names:
        synapses.w = np.arange(len(source) * len(target))
    return synapses


def set_(synapses, item, value):
    synapses.w[item] = value
    return synapses.w[:]


def assign(name, value):
    def use(synapses):
        setattr(synapses, name, value)
        return synapses.w[:]

    return use


MASK = np.arange(N_PRE * N_POST) % 3 == 1
USES = {
    "w": lambda s: s.w,
    "w[:]": lambda s: s.w[:],
    "w_": lambda s: s.w_[:],
    "w[i, j]": lambda s: s.w[2, 1],
    "w[i, :]": lambda s: s.w[0, :],
    "w[:, j]": lambda s: s.w[:, 2],
    "w[:, :]": lambda s: s.w[:, :],
    "w[a:b, j]": lambda s: s.w[1:3, 0],
    "w[a:, b:]": lambda s: s.w[-2:, 1:],
    "w[::2, ::2]": lambda s: s.w[::2, ::2],
    "w[array, j]": lambda s: s.w[np.array([3, 0]), 1],
    "w[list, list]": lambda s: s.w[[0, 2], [1, 2]],
    "w[i, j, :]": lambda s: s.w[1, 2, :] if isinstance(s, Synapses) else s.w[1, 2],
    "w[k]": lambda s: s.w[5],
    "w[-k]": lambda s: s.w[-2],
    "w[a:b]": lambda s: s.w[2:9:3],
    "w[array]": lambda s: s.w[np.array([7, 2, 2])],
    "w[list]": lambda s: s.w[[7, 2]],
    "w[condition on i]": lambda s: s.w["i == 1"],
    "w[condition on j]": lambda s: s.w["j > 0"],
    "w[condition on both]": lambda s: s.w["i == j"],
    "w[condition on w]": lambda s: s.w["w > 4"],
    "w[condition on the source]": lambda s: s.w["x_pre > 0.1 and i_pre < 3"],
    "w[condition on the target]": lambda s: s.w["x_post > 10 or i_post == 0"],
    "w[True]": lambda s: s.w["True"],
    "w[subset]": lambda s: s.w[s[1:3, 0]],
    "subset": lambda s: [len(s[0, :]), len(s["i == j"]), len(s[3:4])],
    "indices": lambda s: [s.indices[1, :], s.indices["i == j"], s.indices[:3]],
    "i": lambda s: s.i,
    "i, j": lambda s: [s.i[:], s.j[:], s.i[0, :], s.j[5], s.i[2:4], s.j["w > 5"], len(s.i)],
    "i == 1": lambda s: [s.i == 1, s.w[np.flatnonzero(s.j[:] == 0)]],
    "numbers": lambda s: [int(np.asarray(s.N)), len(s), s.N_pre, s.N_post, s.w.shape, len(s.w)],
    "degrees": lambda s: [s.N_incoming[:], s.N_outgoing[:], s.N_outgoing_pre, s.N_incoming_post],
    "arithmetic": lambda s: [s.w + 1, 2 * s.w, s.w - s.w, s.w / 2, -s.w, s.w > 4, s.w**2, np.mean(s.w)],
    "of the neurons": lambda s: [s.x_pre[:], s.x_post[:], s.x_post[1, :], s.x_pre["j == 0"], s.v_post[0], s.i_pre[:]],
    "matrix by hand": lambda s: _matrix(s),
    "w = number": assign("w", 3),
    "w = array": assign("w", np.arange(N_PRE * N_POST)[::-1]),
    "w_ = array": assign("w_", np.arange(N_PRE * N_POST)[::-1]),
    "w = expression": assign("w", "i*10 + j"),
    "w = expression of the neurons": assign("w", "x_pre + 100*x_post + i_pre - i_post"),
    "w = expression of itself": assign("w", "w**2 - w*int(i != j)"),
    "w = expression of numbers": assign("w", "N_pre*N_post + N_incoming - N_outgoing"),
    "w = rand()": assign("w", "rand()"),
    "w = randn()": assign("w", "0.5 + 0.1*randn()*(i + 1)"),
    "w = clip": assign("w", "clip(exp(-abs(i - j)/2.0), 0.1, 0.9)"),
    "w = number in a string": assign("w", "0.25"),
    "w[:] = expression": lambda s: set_(s, slice(None), "i - j"),
    "w[i, j] = ": lambda s: set_(s, (2, 1), -1),
    "w[i, :] = ": lambda s: set_(s, (0, slice(None)), -1),
    "w[i, :] = array": lambda s: set_(s, (0, slice(None)), [-1, -2, -3]),
    "w[:, j] = array": lambda s: set_(s, (slice(None), 1), np.arange(N_PRE) - 10),
    "w[slices] = array": lambda s: set_(s, (slice(1, 3), slice(0, 2)), [-1, -2, -3, -4]),
    "w[i, :] = expression": lambda s: set_(s, (1, slice(None)), "j*100 + rand()"),
    "w[k] = ": lambda s: set_(s, 7, -1),
    "w[array] = array": lambda s: set_(s, np.array([7, 3]), [-7, -3]),
    "w[list] = expression": lambda s: set_(s, [1, 5, 8], "-i - 10*j"),
    "w[a:b] = ": lambda s: set_(s, slice(2, 6), -1),
    "w[condition] = number": lambda s: set_(s, "i == 1", -1),
    "w[condition] = string": lambda s: set_(s, "i == j", "0"),
    "w[condition] = expression": lambda s: set_(s, "i != j and w > 3", "rand() + i_pre - x_post"),
    "w[random condition]": lambda s: set_(s, "rand() < 0.5", "-1"),
    "w[never]": lambda s: set_(s, "False", "-1"),
    "w[subset] = ": lambda s: set_(s, s["i == j"], -1),
    "w += ": lambda s: _in_place(s),
    "get_states": lambda s: [s.get_states()[name] for name in ("w", "i", "j", "N", "x_pre", "x_post", "N_incoming")],
    "get_states of some": lambda s: [s.get_states(["w", "j"], units=False)[name] for name in ("w", "j")],
    "set_states": lambda s: _set_states(s),
    "states for set_states": lambda s: sorted(s.get_states(read_only_variables=False).keys() & {"w", "i", "N"}),
}


def _matrix(synapses):
    matrix = np.full((N_PRE, N_POST), np.nan)
    matrix[synapses.i[:], synapses.j[:]] = synapses.w[:]
    return matrix


def _in_place(synapses):
    synapses.w += 1
    synapses.w *= 2
    synapses.w[0, :] -= 5
    synapses.w[3] += 0.5
    return synapses.w[:]


def _set_states(synapses):
    synapses.set_states({"w": np.arange(N_PRE * N_POST) ** 2})
    return synapses.w[:]


def kept(result):
    """A copy, with its unit: what a view shows is gone with its group."""
    if isinstance(result, list):
        return [kept(one) for one in result]
    return result if isinstance(result, (str, tuple)) else np.array(result, copy=True, subok=True)


def same(got, expected):
    if isinstance(expected, list):
        assert len(got) == len(expected)
        for g, e in zip(got, expected, strict=True):
            same(g, e)
        return
    if not isinstance(expected, (str, tuple)):
        assert np.shape(np.asarray(got)) == np.shape(np.asarray(expected))
        assert getattr(got, "dim", None) == getattr(expected, "dim", None)
    np.testing.assert_array_equal(np.asarray(got), np.asarray(expected))


STORAGES = ["", "(post_major, per_entry)", "(post_major)", "(per_entry)"]


@pytest.mark.parametrize("flags", STORAGES[: campaign(4, 1)])
@pytest.mark.parametrize("use", USES)
def test_a_use_of_synapses(use, flags):
    results = []
    for kind in (Synapses, DenseSynapses):
        start_scope()
        synapses = make(kind, flags=flags, on_pre="v_post += w")
        seed(7)
        results.append(kept(USES[use](synapses)))
    same(results[1], results[0])


# -- in a simulation -----------------------------------------------------------------------------------------------
def steps(synapses, *variables, duration=1 * ms, monitors=()):
    """Run, twice, and return what has become of the groups."""
    spikes = SpikeMonitor(synapses.target)
    network = Network(synapses, synapses.source, synapses.target, spikes, *monitors)
    network.run(duration)
    synapses.source.drive = True
    network.run(duration)
    assert spikes.num_spikes or np.any(synapses.target.v[:] > 0)
    state = [synapses.target.v[:], synapses.target.x[:], synapses.source.x[:]]
    return kept(state + [getattr(synapses, name)[:] for name in variables] + [spikes.i[:], spikes.t[:]])


def _delayed(assigned):
    def use(kind):
        synapses = make(kind, on_pre="v_post += w", **({} if assigned else {"delay": 0.3 * ms}))
        if assigned:
            assigned(synapses)
        return steps(synapses)

    return use


def _monitored(record, variable="w", flags=""):
    def use(kind):
        synapses = make(kind, flags=flags, on_pre="v_post += w; w += 0.01")
        monitor = StateMonitor(synapses, variable, record=record(synapses))
        return kept([*steps(synapses, "w", monitors=[monitor]), getattr(monitor, variable), monitor[synapses[0, 1]].w])

    return use


def _regularly(kind):
    synapses = make(kind, on_pre="v_post += w")
    synapses.run_regularly("w = clip(w*0.9 + 0.1*j, 0, 5) + x_post*0.01", dt=0.5 * ms)
    return steps(synapses, "w")


def _types(kind):
    synapses = make(
        kind, "w : 1\nk : integer\nb : boolean\ng : volt", on_pre="k += 1 + i; b = not b; g += w*j*mV; v_post += 0.1"
    )
    return steps(synapses, "k", "b", "g")


def _store(kind):
    synapses = make(kind, on_pre="v_post += w; w += 0.1", delay=0.4 * ms)
    network = Network(synapses, synapses.source, synapses.target)
    network.run(0.2 * ms)
    network.store()
    out = []
    for _ in range(2):
        network.restore()
        network.run(1 * ms)
        out += [synapses.w[:].copy(), synapses.target.v[:].copy()]
    np.testing.assert_array_equal(out[0], out[2])
    return out


def _shared(kind):
    synapses = make(
        kind, "w : 1\neta : 1 (shared)\nu = w*eta + x_pre : 1\nc : 1 (constant)", on_pre="w += eta + c; v += 0.1"
    )
    synapses.eta, synapses.c = 0.5, "i + j"
    out = kept([synapses.eta[:], synapses.u[:], synapses.u[1, :], synapses.u["i == j"], synapses.w["u > 3"]])
    synapses.eta = "0.25"
    return out + steps(synapses, "w", "u")


def _poisson(kind):
    source, target = PoissonGroup(N_PRE, rates=1000 * mM / mM / ms / 10), groups()[1]
    synapses = make(kind, on_pre="v_post += w*0.01", groups=(source, target))
    seed(3)
    Network(synapses, source, target).run(3 * ms)
    assert target.v[0] > 0
    return kept([target.v[:], synapses.w[:]])


def _external(kind):
    eta = 0.125
    synapses = make(kind, on_pre="w += eta*x_post", namespace=None)
    synapses.w = "eta*i"
    synapses.w["i == j"] = "eta"
    before = kept([synapses.w[:], synapses.w["w > eta"]])
    synapses.run_regularly("w += 0", dt=1 * ms)
    synapses.source.drive = True
    Network(synapses, synapses.source, synapses.target).run(1 * ms, namespace={"eta": eta})
    assert np.any(synapses.w[:] > 1)
    return kept([*before, synapses.w[:]])


def _recurrent(kind):
    group = groups()[0]
    synapses = (
        kind(group, on_pre="x_post += w*int(i != j)")
        if kind is DenseSynapses
        else kind(group, model="w : 1", on_pre="x_post += w*int(i != j)")
    )
    synapses.connect()
    synapses.w = "0.25 + i"
    Network(group, synapses).run(0.3 * ms)
    return kept([group.x[:]])


def _random(kind):
    synapses = make(kind, on_pre="v_post += w*int(rand() < 0.5)")
    seed(5)
    return steps(synapses)


def _two_clocks(kind):
    source, _ = groups()
    target = NeuronGroup(N_POST, NEURONS, threshold="v > 1", reset="v = 0", method="exact", dt=0.3 * ms)
    return steps(make(kind, on_pre="v_post += w*0.01; w += 1", groups=(source, target)), "w")


def _several_runs(kind):
    synapses = make(kind, on_pre="v_post += w; w += 0.1")
    network = Network(synapses, synapses.source, synapses.target)
    network.run(0.5 * ms)
    synapses.w[0, :] = 0.125
    synapses.w["i > 0"] = "w/2"
    synapses.source.drive = True
    network.run(0.5 * ms)
    assert synapses.w[0, 0] > 0.2
    return kept([synapses.w[:], synapses.target.v[:]])


def _magic(kind):
    synapses = make(kind, on_pre="v_post += w*0.01", delay=0.2 * ms)
    source, target = synapses.source, synapses.target
    monitor = StateMonitor(target, "v", record=True)
    run(1 * ms)
    assert len(source) == N_PRE and target.v[0] > 0
    return kept([monitor.v[:], monitor.t[:]])


RUNS = {
    "on_pre with rand()": _random,
    "two clocks": _two_clocks,
    "several runs": _several_runs,
    "all that is in sight": _magic,
    "on_pre": lambda kind: steps(make(kind, on_pre="v_post += w*0.1")),
    "on_pre without suffix": lambda kind: steps(make(kind, on_pre="v += w*0.1")),
    "on_pre with i and j": lambda kind: steps(make(kind, on_pre="v_post += w*int(i != j)*(j + 1)/N_incoming")),
    "on_pre with i_pre": lambda kind: steps(make(kind, on_pre="v_post += w*int(i_pre != i_post)")),
    "on_post": lambda kind: steps(make(kind, on_pre="v += w*0.2", on_post="w = clip(w - 0.1*i + x_pre, 0, 9)"), "w"),
    "named pathways": lambda kind: steps(make(kind, on_pre={"up": "v_post += w*0.1", "count": "w += 1"}), "w"),
    "named pathways with delays": lambda kind: steps(
        make(kind, on_pre={"pre": "v_post += w*0.1", "late": "w += 1"}, delay={"late": 0.5 * ms}), "w"
    ),
    "named pathways of both sides": lambda kind: steps(
        make(kind, on_pre={"a": "v_post += w"}, on_post={"b": "w += 1", "c": "w *= 0.5"}), "w"
    ),
    "delay": _delayed(None),
    "delay = ": _delayed(lambda s: setattr(s, "delay", 0.3 * ms)),
    "pre.delay = ": _delayed(lambda s: setattr(s.pre, "delay", 0.3 * ms)),
    "delay_ = ": _delayed(lambda s: setattr(s, "delay_", 0.0003)),
    "delay = string": _delayed(lambda s: setattr(s, "delay", "0.3*ms")),
    "delay[:] = ": _delayed(lambda s: s.delay.__setitem__(slice(None), 0.3 * ms)),
    "delay = array": _delayed(lambda s: setattr(s, "delay", np.full(N_PRE * N_POST, 0.3) * ms)),
    "record=True": _monitored(lambda s: True),
    "record=[...]": _monitored(lambda s: [1, 5]),
    "record=S[i, j]": _monitored(lambda s: s[0, 1]),
    "record=S[condition]": _monitored(lambda s: s["i == j or j == 1"]),
    "record, column by column": _monitored(lambda s: s[:2, :], flags="(post_major)"),
    "record, of an entry": _monitored(lambda s: s[0, :], flags="(post_major, per_entry)"),
    "run_regularly": _regularly,
    "types and units": _types,
    "store and restore": _store,
    "shared, constant, subexpression": _shared,
    "external names": _external,
    "Poisson source": _poisson,
    "one group": _recurrent,
}


@pytest.mark.parametrize("name", RUNS)
def test_a_simulation(name):
    results = []
    for kind in (Synapses, DenseSynapses):
        start_scope()
        results.append(RUNS[name](kind))
    assert len(results[0]) == len(results[1])
    for got, expected in zip(results[1], results[0], strict=True):
        assert getattr(got, "dim", None) == getattr(expected, "dim", None)
        np.testing.assert_allclose(np.asarray(got), np.asarray(expected), rtol=1e-12, atol=1e-15)


# -- more than Synapses does ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("flags", ["", "(post_major)", "(per_entry)"])
def test_matrices_masks_and_negative_numbers(flags):
    synapses = make(DenseSynapses, flags=flags)
    w = np.arange(12.0).reshape(4, 3)
    for key in [(-1, -1), (slice(None), -1), (-2, 0), (slice(1, 3), 0)]:
        np.testing.assert_array_equal(synapses.w[key], np.ravel(w[key]))
    np.testing.assert_array_equal(synapses.w[MASK], w.ravel()[MASK])
    np.testing.assert_array_equal(synapses.w[w > 4], w[w > 4])
    np.testing.assert_array_equal(synapses.w[synapses.w > 4], w[w > 4])
    np.testing.assert_array_equal(synapses.w[np.arange(4) > 1, :], w[2:].ravel())
    np.testing.assert_array_equal(synapses.w[...], w.ravel())
    np.testing.assert_array_equal(synapses.w[:, None], w.ravel()[:, None])
    for assigned in (w.T.reshape(4, 3), w[::-1]):
        synapses.w = assigned
        np.testing.assert_array_equal(synapses.w[:], assigned.ravel())
    synapses.w[:] = w
    synapses.w[1:3, :2] = -w[1:3, :2]
    synapses.w[w == 11] = 70
    expected = w.copy()
    expected[1:3, :2] *= -1
    expected[3, 2] = 70
    np.testing.assert_array_equal(np.squeeze(synapses.matrix("w")), expected)
    synapses.set_states({"w": w})
    np.testing.assert_array_equal(synapses.w[:], w.ravel())


def test_entries_of_a_batch():
    """What differs between them has a value for each, [entry, i, j]; what they share has one."""
    source, target = groups(2 * N_PRE, 2 * N_POST)
    synapses = DenseSynapses(source, target, "w : 1\nown : 1 (per_entry)\nlate : 1 (post_major, per_entry)", batch=2)
    synapses.w = "i*10 + j"
    for name in ("own", "late"):
        setattr(synapses, name, "x_pre*1000 + w + x_post/1000")
        x, y = source.x[:].reshape(2, -1, 1) * 1000, target.x[:].reshape(2, 1, -1) / 1000
        expected = x + y + synapses.matrix("w")
        np.testing.assert_allclose(synapses.matrix(name), expected)
        view = getattr(synapses, name)
        np.testing.assert_array_equal(view[:], synapses.matrix(name).ravel())
        for key in [(1, 2, 1), (slice(None), 0, slice(None)), (-1, [0, 2], 2)]:
            np.testing.assert_array_equal(view[key], synapses.matrix(name)[key].ravel())
        np.testing.assert_array_equal(view[2, 1], synapses.matrix(name)[:, 2, 1])
        np.testing.assert_array_equal(
            view["x_pre > 0.5 and j == 0"], synapses.matrix(name)[source.x[:].reshape(2, -1) > 0.5, 0]
        )
        setattr(synapses, name, np.arange(12).reshape(4, 3))
        view[1, 0, :] = -1
        view[:, 3, :] = np.arange(6).reshape(2, 1, 3)
        assert synapses.matrix(name)[0, 1, 2] == synapses.matrix(name)[1, 1, 2] == 5
        np.testing.assert_array_equal(synapses.matrix(name)[1, 0], -1)
        np.testing.assert_array_equal(synapses.matrix(name)[:, 3], np.arange(6).reshape(2, 3))
    with pytest.raises(NotImplementedError, match="'x_pre' differs between the 2 entries .*update"):
        synapses.w = "x_pre"
    with pytest.raises(NotImplementedError, match="'x_post' differs between"):
        synapses.w["x_post > 1"]
    with pytest.raises(NotImplementedError, match="a monitor .* differs between the 2 entries"):
        StateMonitor(synapses, "own", record=[0])


# -- sentences -----------------------------------------------------------------------------------------------------
def bare(**options):
    return make(DenseSynapses, on_pre="v_post += w", **options)


REFUSED = {
    "connect(p)": (lambda: bare().connect(p=0.1), NotImplementedError, r"every neuron .*use brian2.Synapses .*int\(i"),
    "connect(condition)": (lambda: bare().connect(condition="i != j"), NotImplementedError, "use brian2.Synapses"),
    "connect(j)": (lambda: bare().connect(j="i"), NotImplementedError, "use brian2.Synapses"),
    "connect(i, j)": (lambda: bare().connect(i=[0, 1], j=[0, 1]), NotImplementedError, "use brian2.Synapses"),
    "connect(n)": (lambda: bare().connect(n=2), NotImplementedError, "use brian2.Synapses"),
    "delays": (lambda: setattr(bare(), "delay", "rand()*2*ms"), NotImplementedError, "one delay .*2\\*ms.*brian2.Syn"),
    "delay of some": (lambda: bare().delay.__setitem__(0, 1 * ms), NotImplementedError, "one delay .* for several"),
    "delay array": (lambda: setattr(bare(), "delay", np.arange(12) * ms), NotImplementedError, "one delay .*not 12"),
    "delay unit": (lambda: setattr(bare(), "delay", 3 * mV), DimensionMismatchError, "unit of time"),
    "delay < 0": (lambda: setattr(bare().pre, "delay", -1 * ms), ValueError, "negative"),
    "delay of on_post": (
        lambda: bare(on_post="w += 1", delay={"post": 1 * ms}), NotImplementedError, "on_post .* no delay",
    ),
    "delay of nothing": (lambda: bare(delay={"pst": 1 * ms}), ValueError, "no pathway 'pst' .*it has pre"),
    "delay of names": (
        lambda: make(DenseSynapses, on_pre={"a": "w += 1"}, delay=1 * ms), ValueError, "no pathway 'pre'.*'a': 2",
    ),
    "no delay": (lambda: make(DenseSynapses).delay, AttributeError, "no pathway 'pre', and no delay"),
    "pathway name": (lambda: make(DenseSynapses, on_pre={"connect": "w += 1"}), ValueError, "cannot name a pathway"),
    "event-driven": (
        lambda: make(DenseSynapses, "dw/dt = -w/ms : 1 (event-driven)"), NotImplementedError, "'w' is a differential",
    ),
    "summed": (lambda: make(DenseSynapses, "I_post = x_pre : 1 (summed)"), NotImplementedError, "'summed'.*Use brian2"),
    "on_event": (lambda: bare(on_event="spike"), NotImplementedError, "no option 'on_event'. Use brian2.Synapses"),
    "unknown option": (lambda: bare(bacth=2), TypeError, "no option 'bacth'"),
    "misspelt": (lambda: make(DenseSynapses, on_pre="v_pst += w"), ValueError, "on_pre .* changes 'v_pst'.*v_post"),
    "no spikes": (
        lambda: make(DenseSynapses, on_pre="I_post += w", groups=(NeuronGroup(3, "v : 1"), groups()[1])),
        ValueError, "has no threshold and never spikes: give it one, or leave on_pre",
    ),
    "no spikes of the target": (
        lambda: make(DenseSynapses, on_post="w += 1", groups=(groups()[0], NeuronGroup(3, "v : 1"))),
        ValueError, "has no threshold and never spikes: give it one, or leave on_post",
    ),
    "row": (lambda: bare().w[4, 0], IndexError, "no source neuron 4 .* 0 to 3"),
    "column": (lambda: set_(bare(), (0, -4), 1), IndexError, "no target neuron -4 .* 0 to 2"),
    "synapse": (lambda: bare().w[12], IndexError, "no synapse 12 .* 0 to 11"),
    "indices": (lambda: bare().w[0, 0, 0], IndexError, r"\[i, j\], with numbers of neurons, not 3"),
    "float": (lambda: bare().w[1.5], TypeError, "integers, booleans or slices, not by float64"),
    "mask": (lambda: bare().w[np.ones(5, bool)], IndexError, r"mask .* shape \(4, 3\) or \(12,\), not \(5,\)"),
    "transposed": (lambda: setattr(bare(), "w", np.zeros((3, 4))), ValueError, r"shape \(3, 4\) for 12 .*\(4, 3\)"),
    "too few": (lambda: set_(bare(), (0, slice(None)), [1, 2]), ValueError, r"shape \(2,\) for 3 .* shape \(3,\)"),
    "string and array": (lambda: set_(bare(), "i == 0", np.arange(3)), TypeError, "value has to be a string or a"),
    "unit": (lambda: setattr(bare(), "w", 3 * mV), DimensionMismatchError, "setting variable w"),
    "unit of an element": (lambda: set_(bare(), (0, 0), 3 * mV), DimensionMismatchError, "setting variable w"),
    "unit of an expression": (lambda: setattr(bare(), "w", "i*mV"), DimensionMismatchError, "w"),
    "unknown name": (lambda: setattr(bare(), "w", "i*nonsense"), KeyError, "nonsense"),
    "unknown attribute": (lambda: setattr(bare(), "wight", 3), AttributeError, "wight"),
    "read-only": (lambda: setattr(bare(), "i", 3), TypeError, "i is read-only"),
    "N": (lambda: setattr(bare(), "N", 3), TypeError, "N is read-only"),
    "subgroup": (lambda: DenseSynapses(groups()[0][:2], groups()[1]), NotImplementedError, "use Subgroup .*brian2"),
    "batch": (lambda: DenseSynapses(*groups(), batch=2), ValueError, "3 neurons, which is not a multiple of batch=2"),
    "clock-driven": (
        lambda: make(DenseSynapses, "du/dt = -u/ms : 1 (clock-driven)"), NotImplementedError, "'u' is a differential",
    ),
    "rows by column": (
        lambda: bare().update("w += x_pre", rows="j == 0"), ValueError, "condition for many 'j'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_there_is_one_sentence(name):
    attempt, error, message = REFUSED[name]
    with pytest.raises(error, match=message) as raised:
        attempt()
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["x_pre", "v_post", "v", "i"])
def test_a_monitor_of_what_belongs_to_the_neurons_is_refused(name):
    synapses = bare()
    monitor = StateMonitor(synapses, ["w", name], record=[0])
    with pytest.raises(BrianObjectException) as raised:
        Network(synapses, synapses.source, synapses.target, monitor).run(0.1 * ms)
    assert f"cannot record '{name}'" in str(raised.value.__cause__) and "record the neurons" in str(
        raised.value.__cause__
    )


def test_connect_all_to_all_changes_nothing():
    synapses = bare()
    i, j = np.divmod(np.arange(12), 3)
    for arguments in ({}, {"p": 1}, {"p": "1"}, {"condition": True}, {"condition": "True"}, {"i": i, "j": j}, {"n": 1}):
        synapses.connect(**arguments)
    synapses.connect(i=np.arange(4)[:, None], j=np.arange(3))
    np.testing.assert_array_equal(synapses.w[:], np.arange(12))


def test_an_error_points_to_the_line_of_the_user():
    start_scope()
    source, target = groups()
    synapses = DenseSynapses(source, target, "w : volt", on_pre="v_post += w")  # this line
    assert synapses.add_to_magic_network
    with pytest.raises(BrianObjectException, match="created here") as raised:
        run(0.1 * ms)
    assert __file__ in str(raised.value) and "# this line" in str(raised.value)


def test_the_delay_of_spikes_on_their_way_cannot_change():
    start_scope()
    synapses = bare(delay=1 * ms)
    for delay in (
        synapses.delay,
        synapses.pre.delay,
        synapses.delay[0, :],
        synapses.delay["i == j"],
        synapses.delay[3],
    ):
        assert np.all(delay == 1 * ms)
    assert (
        np.all(synapses.delay_[:] == 1e-3) and synapses.delay[:].shape == (12,) and synapses.delay[0, :].shape == (3,)
    )
    assert repr(synapses.delay).endswith("_pre.delay: 1. * msecond for all 12 synapses>")
    Network(synapses, synapses.source, synapses.target).run(0.2 * ms)
    synapses.delay = 1 * ms
    with pytest.raises(NotImplementedError, match="spikes are on their way: assign it before"):
        synapses.delay = 2 * ms


def test_what_a_view_shows():
    synapses = bare(name="projection")
    assert repr(synapses) == "<DenseSynapses 'projection': 4 x 3 synapses from 'neurongroup' to 'neurongroup_1'>" or (
        "4 x 3 synapses" in repr(synapses)
    )
    assert repr(synapses.w).startswith("<projection.w: array([ 0.,  1.,")
    assert repr(synapses.i).startswith("<projection.i: array([0, 0, 0, 1")
    assert repr(synapses[0, :]) == "<3 synapses of projection>"
    volts = make(DenseSynapses, "g : volt")
    volts.g = 2 * mV
    assert isinstance(volts.g[0, 1], Quantity) and volts.g[0, 1] == 2 * mV and volts.g_[0] == 0.002


# -- standalone ----------------------------------------------------------------------------------------------------
def assigned():
    """Every way to assign before a standalone program is built."""
    source, target = groups()
    model = "w : 1\nq : 1 (post_major, per_entry)\nr : 1"
    synapses = DenseSynapses(source, target, model, on_pre="v_post += w*int(i != j)", delay=0.1 * ms)
    synapses.w = np.arange(12).reshape(4, 3)
    synapses.w[1, :] = -1
    synapses.w[2:, 0] = [50, 60]
    synapses.w[3, 2] = 0.5
    synapses.q = "i*10 + j + x_pre/4 + w + i_pre"
    synapses.q["i == j and x_post > 10"] = "-q"
    synapses.q[0, :] = "100 + j"
    synapses.q[-1, 1] = 7
    synapses.r = "rand()"
    synapses.delay = 0.2 * ms
    return synapses


@pytest.mark.compiler
def test_assignments_before_a_standalone_program_is_built(tmp_path):
    """The values of the NumPy runtime; reading before the run is Brian2's own error, afterwards all is as there."""
    start_scope()
    synapses = assigned()
    Network(synapses, synapses.source, synapses.target).run(0.5 * ms)
    expected = kept([synapses.w[:], synapses.q[:], synapses.target.v[:]])
    start_scope()
    set_device("cpp_standalone", directory=str(tmp_path / "cpp"), build_on_run=False)
    try:
        seed(7)
        synapses = assigned()
        monitor = StateMonitor(synapses, "q", record=synapses[:, 1])
        with pytest.raises(NotImplementedError, match="before the simulation has been run"):
            synapses.q[:]
        np.testing.assert_array_equal(synapses.j[0, :], [0, 1, 2])
        Network(synapses, monitor, synapses.source, synapses.target).run(0.5 * ms)
        current = get_device()
        current.build(**current.build_options)
        got = kept([synapses.w[:], synapses.q[:], synapses.target.v[:]])
        assert 0 <= np.min(synapses.r[:]) < 0.5 < np.max(synapses.r[:]) <= 1
        np.testing.assert_array_equal(monitor.q[:, -1], synapses.q[:, 1])
        np.testing.assert_array_equal(synapses.i[2, :], 2)
    finally:
        device.reinit()
        set_device("runtime")
        prefs.codegen.target = "numpy"
    for values, reference in zip(got, expected, strict=True):
        np.testing.assert_allclose(values, reference, rtol=1e-12)


def test_spikes_from_a_generator():
    start_scope()
    source, target = SpikeGeneratorGroup(4, [0, 1, 2, 3, 0], [1, 2, 3, 4, 5] * ms), groups()[1]
    synapses = make(DenseSynapses, on_pre="x_post += w", groups=(source, target))
    before = target.x[:].copy()
    run(8 * ms)
    np.testing.assert_array_equal(target.x[:] - before, synapses.matrix("w").sum(axis=0) + synapses.matrix("w")[0])
