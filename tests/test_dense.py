"""DenseSynapses against brian2.Synapses and against NumPy."""

import numpy as np
import pytest
from brian2 import (
    Clock,
    DimensionMismatchError,
    Network,
    NeuronGroup,
    SpikeMonitor,
    Synapses,
    defaultclock,
    device,
    get_device,
    ms,
    set_device,
)
from conftest import campaign
from hypothesis import given, settings
from hypothesis import strategies as st

from brianff import DenseSynapses

N_PRE, N_POST, BATCH = 40, 30, 3


def source(batch=BATCH, n=N_PRE, seed=1):
    group = NeuronGroup(
        batch * n,
        """dv/dt = -v/(10*ms) + drive/ms : 1
        drive : 1
        dx/dt = -x/(20*ms) : 1""",
        threshold="v > 1",
        reset="v = 0; x += 1",
        method="exact",
    )
    group.drive = np.random.default_rng(seed).uniform(0.05, 0.3, batch * n)
    return group


def target(batch=BATCH, n=N_POST):
    return NeuronGroup(
        batch * n,
        """dv/dt = (I - v)/(10*ms) : 1
        dI/dt = -I/(5*ms) : 1
        dx/dt = -x/(20*ms) : 1""",
        threshold="v > 1",
        reset="v -= 1; x += 1",
        method="exact",
    )


def ordinary(pre, post, weights, batch):
    """The same connection with Brian2's Synapses: a copy of the weights for each batch entry."""
    n_pre, n_post = weights.shape
    synapses = Synapses(pre, post, "w : 1", on_pre="I_post += w")
    entry, i, j = np.meshgrid(np.arange(batch), np.arange(n_pre), np.arange(n_post), indexing="ij")
    synapses.connect(i=(entry * n_pre + i).ravel(), j=(entry * n_post + j).ravel())
    synapses.w = np.tile(weights.ravel(), batch)
    return synapses


def weights(seed=2):
    return np.random.default_rng(seed).normal(0.1, 0.2, (N_PRE, N_POST))


def run_both(batch, duration=100 * ms):
    """One source that drives two equal targets, through DenseSynapses and through Synapses."""
    pre, dense_target, ordinary_target = source(batch), target(batch), target(batch)
    w = weights()
    dense = DenseSynapses(pre, dense_target, "w : 1", on_pre="I_post += w", batch=batch)
    dense.w = w.ravel()
    synapses = ordinary(pre, ordinary_target, w, batch)
    monitors = SpikeMonitor(dense_target), SpikeMonitor(ordinary_target)
    network = Network(pre, dense_target, ordinary_target, dense, synapses, *monitors)
    network.run(duration)
    return network, monitors


@pytest.fixture
def cpp(tmp_path):
    """C++ standalone in a folder of its own."""
    set_device("cpp_standalone", directory=str(tmp_path / "cpp"), build_on_run=False)
    yield get_device()
    device.reinit()
    set_device("runtime")


def same_spikes(dense, ordinary):
    assert dense.num_spikes > 200
    np.testing.assert_array_equal(dense.i[:], ordinary.i[:])
    np.testing.assert_array_equal(dense.t[:] / ms, ordinary.t[:] / ms)


@pytest.mark.parametrize("batch", [1, BATCH])
def test_same_spikes_as_synapses_on_numpy(batch):
    _, monitors = run_both(batch)
    same_spikes(*monitors)


@pytest.mark.compiler
def test_same_spikes_as_synapses_on_cpp(cpp):
    _, monitors = run_both(BATCH)
    cpp.build(**cpp.build_options)
    same_spikes(*monitors)


def learning_network(rows=None, condition=None):
    """Accumulates dw = eta * sum over the batch of layer factor * x_post * x_pre at three ticks of 20 ms."""
    pre, post = source(), target()
    layer = NeuronGroup(BATCH, "M : 1\ngate : 1 (shared)")
    layer.M = [1.0, -2.0, 0.5]
    synapses = DenseSynapses(
        pre,
        post,
        "w : 1\ndw : 1\neta : 1 (shared)\ncount : 1 (shared)",
        on_pre="I_post += w",
        batch=BATCH,
        layer=layer,
        name="learning",
    )
    synapses.w = weights().ravel()
    synapses.eta = 0.25
    tick = Clock(dt=20 * ms)
    synapses.update(
        "dw += eta*M_layer*x_post*x_pre", rows=rows, condition=condition, clock=tick, order=-2, name="accumulate"
    )
    synapses.update("count += 1; w += 0.1*dw", clock=tick, order=-1, name="apply")
    return Network(pre, post, layer, synapses), synapses, (pre, post, layer)


def by_hand(pre, post, layer, batch=BATCH):
    x_pre, x_post = np.array(pre.x).reshape(batch, -1), np.array(post.x).reshape(batch, -1)
    return 0.25 * np.einsum("b,bi,bj->ij", np.array(layer.M), x_pre, x_post)


def test_update_sums_over_the_batch():
    network, synapses, groups = learning_network()
    network.run(20 * ms)  # the tick at 0 ms finds silent traces; the one at 20 ms comes with the next step
    before = np.array(synapses.dw)
    expected = by_hand(*groups)
    network.run(0.1 * ms)
    assert np.abs(before).max() == 0
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(np.array(synapses.dw).reshape(N_PRE, N_POST), expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(
        np.array(synapses.w).reshape(N_PRE, N_POST), weights() + 0.1 * expected, rtol=1e-12, atol=1e-14
    )


def test_optimiser_code_runs_once_a_tick_and_writes_shared_variables():
    network, synapses, _ = learning_network()
    network.run(40.1 * ms)
    assert synapses.count == 3  # at 0, 20 and 40 ms, not once a batch entry


def test_skipping_silent_rows_changes_nothing():
    results = []
    for rows in (None, "x_pre != 0"):
        network, synapses, _ = learning_network(rows=rows)
        network.run(40.1 * ms)
        results.append(np.array(synapses.w))
    np.testing.assert_array_equal(*results)


def test_rows_are_really_skipped():
    network, synapses, (pre, _, _) = learning_network(rows="x_pre > 0.5")
    network.run(20.1 * ms)
    dw = np.array(synapses.dw).reshape(N_PRE, N_POST)
    active = (np.array(pre.x).reshape(BATCH, -1) > 0.5 * np.exp(-0.1 / 20)).any(axis=0)
    assert not np.abs(dw[~active]).any() and np.abs(dw[active]).any(axis=1).all()


def test_condition_holds_an_update_back():
    network, synapses, (_, _, layer) = learning_network(condition="gate_layer > 0")
    network.run(20.1 * ms)
    assert not np.array(synapses.dw).any()
    layer.gate = 1
    network.run(20 * ms)
    assert np.array(synapses.dw).any()


@pytest.mark.compiler
def test_learning_agrees_between_numpy_and_cpp(tmp_path):
    network, synapses, _ = learning_network(rows="x_pre != 0", condition="t > 0*second")
    network.run(60.1 * ms)
    numpy_w = np.array(synapses.w)
    set_device("cpp_standalone", directory=str(tmp_path / "cpp"), build_on_run=False)
    try:
        network, synapses, _ = learning_network(rows="x_pre != 0", condition="t > 0*second")
        network.run(60.1 * ms)
        current = get_device()
        current.build(**current.build_options)
        cpp_w = np.array(synapses.w)
    finally:
        device.reinit()
        set_device("runtime")
    assert np.abs(numpy_w - weights().ravel()).max() > 0.05
    np.testing.assert_allclose(cpp_w, numpy_w, rtol=1e-9, atol=1e-12)


def test_on_pre_may_change_shared_weights_spike_by_spike():
    """Two batch entries whose same neuron spikes in the same step both change the one weight they share."""
    pre = NeuronGroup(4, "v : 1", threshold="v > 0", reset="v = 0")
    post = NeuronGroup(2, "I : 1")
    synapses = DenseSynapses(pre, post, "w : 1", on_pre="w += 1; I_post += w", batch=2)
    pre.v = [1, 0, 1, 0]
    Network(pre, post, synapses).run(0.2 * ms)
    np.testing.assert_array_equal(synapses.w, [2, 0])
    np.testing.assert_array_equal(post.I, [1, 2])


def test_variables_are_matrices_in_row_order():
    pre = NeuronGroup(3, "v : 1", threshold="v > 0", reset="v = 0")
    post = NeuronGroup(2, "I : 1")
    synapses = DenseSynapses(pre, post, on_pre="I_post += w")
    synapses.w = np.arange(6)
    pre.v = [0, 1, 0]
    Network(pre, post, synapses).run(0.1 * ms)
    np.testing.assert_array_equal(post.I, [2, 3])
    assert len(synapses) == 6


# What the templates call something, and the Python that they are written in.
TEMPLATE_NAMES = [
    *(
        "n",
        "batch",
        "side",
        "n_spiking",
        "delay_steps",
        "per_entry",
        "has_rows",
        "has_then",
        "has_condition",
        "columns",
    ),
    *(
        "serial",
        "by_rows",
        "n_neurons",
        "listed",
        "condition_type",
        "mask_type",
        "fired",
        "slot",
        "indices",
        "range",
        "len",
    ),
]


@pytest.mark.parametrize("where", ["neuron", "synapse"])
def test_variables_may_have_the_names_that_the_templates_use(where):
    """The same outcome as with names that nobody else uses: with delay, rows, columns and `then`."""
    plain = [f"variable_{k}" for k in range(len(TEMPLATE_NAMES))]

    def outcome(of_neuron, of_synapse):
        defaultclock.dt = 0.1 * ms  # whatever other tests have left
        declared = "\n".join(f"{name} : 1" for name in of_neuron)
        pre = NeuronGroup(4, f"v : 1\n{declared}", threshold="v > 0", reset="v = 0\n" + raised(of_neuron, "1"))
        post = NeuronGroup(6, f"I : 1\n{declared}")
        total = "(" + " + ".join(f"{name}_pre" for name in of_neuron) + ")"
        synapses = DenseSynapses(
            pre,
            post,
            "w : 1\n" + "\n".join(f"{name} : 1" for name in of_synapse),
            batch=2,
            delay=0.1 * ms,
            on_pre="\n".join([f"I_post += w + {total}", raised(of_synapse, "1"), raised(of_neuron, "{}_pre", "_post")]),
        )
        at_end = dict(clock=pre.clock)
        synapses.update(raised(of_synapse, total), rows=f"{total} > 0", then=f"w += {of_synapse[0]}", **at_end)
        synapses.update(f"w += {of_neuron[0]}_post", columns=f"{of_neuron[-1]}_post > 0", order=1, **at_end)
        synapses.w = np.arange(6)
        pre.v = [1, 0, 0, 1]
        Network(pre, post, synapses).run(0.5 * ms)
        found = [(post, "I"), (synapses, "w")] + [(post, n) for n in of_neuron] + [(synapses, n) for n in of_synapse]
        return np.concatenate([group.variables[name].get_value().copy() for group, name in found])

    def raised(names, by, suffix=""):
        return "\n".join(f"{name}{suffix} += {by.format(name)}" for name in names)

    names = (TEMPLATE_NAMES, ["q"]) if where == "neuron" else (["q"], TEMPLATE_NAMES)
    ordinary = (plain, ["other"]) if where == "neuron" else (["other"], plain)
    found = outcome(*names)
    np.testing.assert_array_equal(found, outcome(*ordinary))
    assert np.count_nonzero(found) > len(found) / 2


# -- on_pre, on_post, delay and storage against brian2.Synapses ----------------------------------------------------
STDP = dict(
    model="w : 1\nelig : 1{post}\nown : 1{entry}\nboth : 1{both}",
    on_pre="I_post += w; w = clip(w - 0.01*x_post, -1, 1); own += x_post",
    on_post="w = clip(w + 0.02*x_pre, -1, 1); elig += x_pre; both += x_pre*x_post",
)
FLAGS = dict(post=" (post_major)", entry=" (per_entry)", both=" (post_major, per_entry)")


def plastic(make, n_pre, n_post, batch, delay, dtype, seed, drive, present=None):
    """One network with `Synapses` (make="ordinary") or `DenseSynapses`, batch entries being independent copies.

    `present`: (n_pre, n_post) truth values; where they are false there is no synapse.
    """
    pre, post = source(batch, n_pre, seed), target(batch, n_post)
    pre.drive = drive
    rng = np.random.default_rng(seed)
    w = rng.normal(0.3, 0.5, (n_pre, n_post)).clip(-1, 1)
    if make == "ordinary":
        model = STDP["model"].format(post="", entry="", both="")
        code = dict(on_pre=STDP["on_pre"], on_post=STDP["on_post"])
        synapses = Synapses(pre, post, model, **code, delay=delay, name="plastic")
        there = np.tile(np.ones_like(w, bool) if present is None else present, (batch, 1, 1))
        entry, i, j = np.nonzero(there)
        synapses.connect(i=entry * n_pre + i, j=entry * n_post + j)
        synapses.pre.delay = delay
        synapses.w = w[i, j]
        synapses.add_attribute("where")
        synapses.where = entry, i, j
    else:
        synapses = DenseSynapses(
            pre, post, STDP["model"].format(**FLAGS), on_pre=STDP["on_pre"], on_post=STDP["on_post"], batch=batch,
            delay=delay, dtype=dtype, name="plastic", partial=present is not None,
        )  # fmt: skip
        synapses.w = w
        if present is not None:
            synapses.variables["_present"].set_value(present.ravel())
            synapses.w = np.where(present, w, 0)
    monitor = SpikeMonitor(post, name="monitor")
    return Network(pre, post, synapses, monitor), synapses, monitor


def matrices(synapses, batch, n_pre, n_post):
    """Final w, elig (shared) and own, both (a value for each entry) of either kind of synapses."""
    names, shape = ("w", "elig", "own", "both"), (batch, n_pre, n_post)
    if isinstance(synapses, DenseSynapses):
        return {name: synapses.matrix(name) for name in names}
    found = {name: np.zeros(shape) for name in names}
    for name in names:
        found[name][synapses.where] = getattr(synapses, name)[:]
    return found


@settings(max_examples=campaign(12, 5), deadline=None, derandomize=True)
@given(
    n_pre=st.integers(1, 12),
    n_post=st.integers(1, 12),
    delay=st.sampled_from([0.0, 0.1, 0.3, 1.7]),
    density=st.sampled_from([None, 0.3, 0.8]),
    seed=st.integers(0, 1000),
    data=st.data(),
)
def test_plasticity_equals_synapses(n_pre, n_post, delay, density, seed, data):
    """Any shape, delay and choice of synapses: the same spikes and synaptic variables, whatever their storage."""
    present = None if density is None else np.random.default_rng(seed).random((n_pre, n_post)) < density
    if present is not None:
        present[0, 0] = True  # Brian2 has no synapses without any
    drive = np.array(data.draw(st.lists(st.sampled_from([0.0, 0.2, 0.5]), min_size=n_pre, max_size=n_pre)))
    results = []
    for make in ("ordinary", "dense"):
        network, synapses, monitor = plastic(make, n_pre, n_post, 1, delay * ms, None, seed, drive, present)
        network.run(40 * ms)
        spikes = np.array(monitor.i), np.array(monitor.t)
        results.append((spikes, matrices(synapses, 1, n_pre, n_post)))
    (ordinary_spikes, expected), (dense_spikes, got) = results
    np.testing.assert_array_equal(dense_spikes[0], ordinary_spikes[0])
    np.testing.assert_array_equal(dense_spikes[1], ordinary_spikes[1])
    for name in expected:
        np.testing.assert_allclose(got[name].reshape(n_pre, n_post), expected[name][0], rtol=1e-12, err_msg=name)


NAMES = st.sampled_from(["w", "q", "x_pre", "x_post", "0.5", "-1.25"])
EXPRESSIONS = st.recursive(
    NAMES,
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*"]), inner)
        | st.builds("{}({})".format, st.sampled_from(["tanh", "abs", "cos"]), inner)
    ),
    max_leaves=6,
)


def statements(*templates):
    """One to three statements, each with an expression that stays within -1 and 1."""
    one = st.builds(lambda template, e: template.format(f"tanh({e})"), st.sampled_from(templates), EXPRESSIONS)
    return st.lists(one, min_size=1, max_size=3).map("\n".join)


@settings(max_examples=campaign(15, 6), deadline=None, derandomize=True)
@given(
    n_pre=st.integers(1, 6),
    n_post=st.integers(1, 6),
    on_pre=statements("I_post += {}", "I_post -= {}", "w = {}", "q += {}", "w = clip(w + 0.1*{}, -1, 1)"),
    on_post=statements("w = {}", "q *= {}", "p += {}", "p = {} - p/2"),
    seed=st.integers(0, 1000),
)
def test_any_statements_do_what_they_do_in_synapses(n_pre, n_post, on_pre, on_post, seed):
    """Whatever strings: the same spikes, and the same synaptic variables, p stored column by column."""
    results = []
    for make in (Synapses, DenseSynapses):
        pre, post = source(1, n_pre, seed), target(1, n_post)
        pre.drive = 0.4
        model = "w : 1\nq : 1\np : 1" + (" (post_major)" if make is DenseSynapses else "")
        synapses = make(pre, post, model, on_pre=on_pre, on_post=on_post)
        if make is Synapses:
            i, j = np.divmod(np.arange(n_pre * n_post), n_post)
            synapses.connect(i=i, j=j)
        synapses.w = np.random.default_rng(seed).normal(0.3, 0.5, n_pre * n_post)
        monitor = SpikeMonitor(post)
        Network(pre, post, synapses, monitor).run(15 * ms)
        p = synapses.matrix("p").ravel() if make is DenseSynapses else synapses.p[:]
        results.append([np.array(v) for v in (monitor.i, monitor.t, synapses.w, synapses.q, p)])
    for name, expected, got in zip(("i", "t", "w", "q", "p"), *results, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12, err_msg=name)


@settings(max_examples=campaign(6, 3), deadline=None, derandomize=True)
@given(batch=st.integers(2, 4), seed=st.integers(0, 1000), dtype=st.sampled_from([np.float64, np.float32]))
def test_a_batch_equals_copies_where_nothing_shared_is_written(batch, seed, dtype):
    """Values of an entry's own, over a batch: those of independent copies of the network."""
    n_pre, n_post = 7, 5
    rng = np.random.default_rng(seed)
    drive = rng.choice([0.0, 0.2, 0.5], batch * n_pre)
    w = rng.normal(0.3, 0.5, (n_pre, n_post))
    runs = {}
    for copies in (False, True):
        counts, own = [], []
        for part in range(batch) if copies else [slice(None)]:
            b = 1 if copies else batch
            pre, post = source(b, n_pre), target(b, n_post)
            pre.drive = drive.reshape(batch, n_pre)[part].ravel()
            synapses = DenseSynapses(
                pre, post, "w : 1\nown : 1 (per_entry)", on_pre="I_post += w; own += x_post", on_post="own += x_pre",
                batch=b, dtype=dtype,
            )  # fmt: skip
            synapses.w = w
            monitor = SpikeMonitor(post)
            Network(pre, post, synapses, monitor).run(30 * ms)
            counts.append(np.array(monitor.count))
            own.append(synapses.matrix("own"))
        runs[copies] = np.concatenate(counts), np.concatenate(own)
    np.testing.assert_array_equal(runs[False][0], runs[True][0])
    np.testing.assert_allclose(runs[False][1], runs[True][1], rtol=1e-6 if dtype == np.float32 else 1e-12)
    assert runs[False][1].dtype == dtype


def test_setting_and_reading_matrices_whatever_the_storage():
    pre, post = source(2, 3), target(2, 4)
    synapses = DenseSynapses(pre, post, STDP["model"].format(**FLAGS), batch=2)
    for name, shape in (("w", (3, 4)), ("elig", (3, 4)), ("own", (2, 3, 4)), ("both", (2, 3, 4))):
        values = np.arange(np.prod(shape), dtype=float).reshape(shape)
        setattr(synapses, name, values)
        np.testing.assert_array_equal(synapses.matrix(name), values)
    synapses.own = np.ones((3, 4))  # broadcast over the entries
    assert synapses.matrix("own").shape == (2, 3, 4)
    assert list(np.array(synapses.variables["elig"].get_value())[:4]) == [0, 4, 8, 1]  # column by column
    Network(pre, post, synapses).run(0.1 * ms)


def test_update_reaches_the_values_of_every_entry():
    pre, post = source(2, 3), target(2, 4)
    synapses = DenseSynapses(pre, post, "w : 1\nown : 1 (per_entry)", batch=2)
    values = np.arange(24.0).reshape(2, 3, 4)
    synapses.own = values
    synapses.update("own *= 2")
    Network(pre, post, synapses).run(0.1 * ms)
    np.testing.assert_array_equal(synapses.matrix("own"), 2 * values)


def test_updates_reach_no_synapse_that_is_not_there():
    """By rows with an optimizer, by columns, one by one, and for every entry."""
    pre, post = source(2, 5), target(2, 4)
    post.I = np.arange(8.0)
    present = np.random.default_rng(1).random((5, 4)) < 0.5
    model = "a : 1\nb : 1 (post_major)\nc : 1\nd : 1 (per_entry)"
    synapses = DenseSynapses(pre, post, model, batch=2, partial=True)
    synapses.variables["_present"].set_value(present.ravel())
    synapses.update("a += 1 + 0*x_post", rows="drive_pre > 0", then="c += a", order=1)
    synapses.update("b += 1", columns="I_post >= 0", order=2)
    synapses.update("d += 1", order=3)
    synapses.update("x_post = clip(drive_pre, x_post, inf)", one_by_one=True, when="end")
    Network(pre, post, synapses).run(0.1 * ms)
    assert not present.all() and present.any(axis=0).all()
    for name, value in dict(a=2, b=2, c=2, d=1).items():
        values = synapses.matrix(name)
        np.testing.assert_array_equal(values, np.broadcast_to(value * present, values.shape))
    drive = np.array(pre.drive).reshape(2, 5, 1)
    np.testing.assert_array_equal(np.array(post.x), np.where(present, drive, 0).max(axis=1).ravel())


@pytest.mark.compiler
def test_plasticity_on_cpp_equals_numpy(tmp_path):
    """Some synapses, on_pre with a delay, on_post, every kind of storage, a batch: compiled templates against NumPy."""
    arguments = dict(n_pre=9, n_post=8, batch=3, delay=0.7 * ms, dtype=None, seed=3, drive="0.1 + 0.4*(i % 3)/2")
    arguments["present"] = np.random.default_rng(3).random((9, 8)) < 0.7
    network, synapses, monitor = plastic("dense", **arguments)
    network.run(60 * ms)
    expected, spikes = matrices(synapses, 3, 9, 8), (np.array(monitor.i), np.array(monitor.t))
    set_device("cpp_standalone", directory=str(tmp_path / "cpp"), build_on_run=False)
    try:
        network, synapses, monitor = plastic("dense", **arguments)
        network.run(60 * ms)
        current = get_device()
        current.build(**current.build_options)
        got = matrices(synapses, 3, 9, 8)
        np.testing.assert_array_equal(monitor.i[:], spikes[0])
        np.testing.assert_array_equal(np.array(monitor.t), spikes[1])
    finally:
        device.reinit()
        set_device("runtime")
    assert len(spikes[0]) > 50
    for name in expected:
        assert np.abs(expected[name]).max() > 0.1
        np.testing.assert_allclose(got[name], expected[name], rtol=1e-9, atol=1e-12, err_msg=name)


class TestRefusals:
    """What the templates would have to guess is refused, with the way out."""

    def make(self, model="w : 1", **options):
        return DenseSynapses(source(1), target(1), model, **{"on_pre": "I_post += w", **options})

    def test_synaptic_dynamics(self):
        with pytest.raises(NotImplementedError, match="no synaptic dynamics.*brian2.Synapses"):
            self.make("w : 1\ndA/dt = -A/(20*ms) : 1 (event-driven)")

    def test_unknown_flag(self):
        with pytest.raises(NotImplementedError, match="flag 'summed'.*brian2.Synapses"):
            self.make("w : 1\ntotal_post = w : 1 (summed)")

    def test_delays(self):
        with pytest.raises(NotImplementedError, match="one delay for all synapses.*brian2.Synapses"):
            self.make(delay=[1, 2] * ms)
        with pytest.raises(ValueError, match="cannot be negative"):
            self.make(delay=-1 * ms)
        with pytest.raises(DimensionMismatchError, match="unit of time"):
            self.make(delay=3)

    def test_a_time_step_that_changes_after_a_delay_was_given(self):
        synapses = self.make(delay=1 * ms)
        synapses.source.clock.dt = 0.5 * ms
        with pytest.raises(Exception) as error:
            Network(synapses, synapses.source, synapses.target).run(1 * ms)
        assert "set defaultclock.dt first" in repr(error.getrepr(chain=True))
        synapses.source.clock.dt = 0.1 * ms

    def test_shared_and_stored_for_each_synapse(self):
        with pytest.raises(ValueError, match="cannot be shared and stored"):
            self.make("w : 1 (shared, per_entry)")

    def test_subgroup(self):
        with pytest.raises(NotImplementedError, match="Subgroup.*brian2.Synapses"):
            DenseSynapses(source(1)[:10], target(1), on_pre="I_post += w")

    def test_writing_to_the_neuron_that_spiked(self):
        with pytest.raises(NotImplementedError, match="writes to 'x_pre'.*reset string"):
            self.make(on_pre="x_pre += 1")
        with pytest.raises(NotImplementedError, match="writes to 'x_post'.*reset string"):
            self.make(on_post="x_post += 1")

    def test_name_of_a_neuron_variable(self):
        with pytest.raises(ValueError, match="'x' exists in the group.*rename"):
            self.make("x : 1")

    def test_batch_that_does_not_divide(self):
        with pytest.raises(ValueError, match="40 neurons.*not a multiple of batch=7"):
            self.make(batch=7)

    def test_layer_of_the_wrong_size(self):
        with pytest.raises(ValueError, match="has 2 elements.*1 entries"):
            self.make(layer=NeuronGroup(2, "M : 1"))

    def test_rows_without_neurons(self):
        with pytest.raises(ValueError, match="rows="):
            self.make().update("w *= 0.5", rows="w > 0")

    def test_wrong_unit_in_on_pre(self):
        synapses = self.make(on_pre="I_post += w*ms")
        with pytest.raises(Exception) as error:
            Network(synapses, synapses.source, synapses.target).run(0.1 * ms)
        assert "unit" in str(error.value.__cause__ or error.value).lower() or "dimension" in repr(error.getrepr())

    def test_unknown_name_in_on_pre(self):
        synapses = self.make(on_pre="I_post += weight")
        with pytest.raises(Exception) as error:
            Network(synapses, synapses.source, synapses.target).run(0.1 * ms)
        assert "weight" in repr(error.getrepr(chain=True))


# -- two pieces of code in one pass --------------------------------------------------------------------------------
def updated(fused, condition, then_condition, batch=2, flags=""):
    """Accumulation over the batch, then an optimizer: in one pass, or in two."""
    pre, post = source(batch, 6), target(batch, 5)
    pre.x = np.arange(batch * 6) % 4
    post.x = np.arange(batch * 5) % 3
    dense = DenseSynapses(pre, post, f"w : 1\ndw : 1 {flags}\nn : 1 (shared)", batch=batch)
    accumulate, optimize = "dw += x_pre*x_post", "n += 1; rate = 0.5**n; w += rate*dw; dw = 0"
    options = dict(clock=Clock(dt=0.2 * ms), condition=condition, rows="x_pre > 0")
    if fused:
        dense.update(accumulate, then=optimize, then_condition=then_condition, **options)
    else:
        dense.update(accumulate, **options)
        then_condition = condition if then_condition is None else then_condition
        dense.update(optimize, clock=options["clock"], condition=then_condition, order=1)
    network = Network(dense)
    network.run(1 * ms)
    return dense.matrix("w"), dense.matrix("dw"), float(dense.n[:])


CONDITIONS = [(None, None), ("t > 0.3*ms", None), (None, "t > 0.3*ms"), ("t < 0.3*ms", "t > 0.7*ms")]


@pytest.mark.parametrize("condition, then_condition", CONDITIONS)
def test_an_optimizer_in_the_same_pass(condition, then_condition):
    one, two = updated(True, condition, then_condition), updated(False, condition, then_condition)
    assert one[2] == two[2] > 0
    assert np.abs(two[0]).max() > 0
    for ours, reference in zip(one, two, strict=True):
        np.testing.assert_array_equal(ours, reference)


@pytest.mark.compiler
@pytest.mark.parametrize("flags", ["", "(post_major)"])
def test_an_optimizer_in_the_same_pass_compiled(flags, tmp_path):
    reference = updated(True, *CONDITIONS[3], flags=flags)
    set_device("cpp_standalone", directory=str(tmp_path))
    try:
        for ours, expected in zip(updated(True, *CONDITIONS[3], flags=flags), reference, strict=True):
            np.testing.assert_allclose(ours, expected, rtol=1e-12)
    finally:
        device.reinit()
        set_device("runtime")


def test_what_runs_once_for_each_synapse_cannot_name_neurons():
    dense = DenseSynapses(source(), target(), "w : 1", batch=BATCH)
    with pytest.raises(NotImplementedError, match="`then` runs once for each synapse and cannot name 'x_post'"):
        dense.update("w += x_pre", then="w -= x_post")
    with pytest.raises(ValueError, match="without `then`"):
        dense.update("w += x_pre", then_condition="t > 0*ms")
