"""ConvolutionSynapses against brian2.Synapses with the unrolled connectivity."""

import numpy as np
import pytest
from brian2 import (
    Clock,
    Network,
    NeuronGroup,
    SpikeMonitor,
    Synapses,
    device,
    get_device,
    ms,
    set_device,
)
from conftest import campaign
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from brianff import ConvolutionSynapses, DenseSynapses
from brianff.errors import OptionError
from brianff.network.convolution import Geometry

EQUATIONS = """dv/dt = (I + drive - v)/(10*ms) : 1
dI/dt = -I/(5*ms) : 1
dx/dt = -x/(20*ms) : 1
z : 1
y : 1
drive : 1"""


def neurons(n, drive=None):
    group = NeuronGroup(n, EQUATIONS, threshold="v > 1", reset="v -= 1; x += 1", method="exact")
    group.drive = 0 if drive is None else drive
    return group


@st.composite
def geometries(draw):
    """Small convolutions, borders and strides of all kinds."""
    size, stride = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    padding = draw(st.integers(0, size - 1))
    shape = draw(st.integers(1, 3)), draw(st.integers(1, 7)), draw(st.integers(1, 7))
    assume(min(shape[1:]) + 2 * padding >= size)
    return Geometry(shape, draw(st.integers(1, 4)), size, stride, padding)


def options_of(of):
    return dict(shape=of.source, channels=of.channels, size=of.size, stride=of.stride, padding=of.padding)


@given(geometries(), st.integers(0, 1000))
@settings(max_examples=campaign(1000, 50), deadline=None)
def test_connections_are_those_of_a_convolution(of, seed):
    kernel = np.random.default_rng(seed).normal(size=(of.channels, of.source[0], of.size, of.size))
    np.testing.assert_array_equal(of.kernel(of.stored(kernel)), kernel)
    (channels, height, width), (n_target, rows, columns) = of.source, of.target
    expected = np.zeros((of.n_pre, of.n_post))
    for o, c, ky, kx in np.ndindex(kernel.shape):
        for row, column in np.ndindex(rows, columns):
            y, x = row * of.stride - of.padding + ky, column * of.stride - of.padding + kx
            if 0 <= y < height and 0 <= x < width:
                expected[(y * width + x) * channels + c, (row * columns + column) * n_target + o] = kernel[o, c, ky, kx]
    i, j, element = of.connections()
    found = np.zeros_like(expected)
    found[i, j] = of.stored(kernel)[element]
    assert len(set(zip(i.tolist(), j.tolist(), strict=True))) == len(i)
    np.testing.assert_array_equal(found, expected)


def both(of, batch, seed, on_pre, model, delay, update, rows, then, ticks=15 * ms):
    """One source, and two equal targets: through ConvolutionSynapses, and through Synapses."""
    rng = np.random.default_rng(seed)
    source = neurons(batch * of.n_pre, rng.uniform(0.5, 3.0, batch * of.n_pre))
    targets = [neurons(batch * of.n_post) for _ in range(2)]
    clock = Clock(dt=ticks)
    values = {name: rng.normal(0.2, 0.5, of.n_elements) for name in ("w", "u")}
    shared = ConvolutionSynapses(source, targets[0], model, on_pre=on_pre, batch=batch, delay=delay, **options_of(of))
    i, j, element = of.connections()
    entry = np.repeat(np.arange(batch), len(i))
    unrolled = Synapses(source, targets[1], model, on_pre=on_pre, delay=delay)
    unrolled.connect(i=entry * of.n_pre + np.tile(i, batch), j=entry * of.n_post + np.tile(j, batch))
    for name, value in values.items():
        setattr(shared, name, value)
        setattr(unrolled, name, value[np.tile(element, batch)])
    shared.update(update, rows=rows, clock=clock, then=then)
    unrolled.run_regularly(update, clock=clock, when="start")
    monitors = [SpikeMonitor(group) for group in targets]
    network = Network(source, *targets, shared, unrolled, *monitors)
    return network, shared, unrolled, monitors, element


ON_PRE = ["I_post += w", "I_post += w*(1 + x_pre)", "v_post = clip(v_post + u, -2, 2)", "I += 0.1*w; y_post += 1"]
UPDATES = ["a += x_post*x_pre", "a += x_pre; a -= 0.5*w*x_post", "a += int(v_pre > v_post)*x_post"]
MODEL = "w : 1\nu : 1\na : 1\nhalf = w/2 : 1"


def outcomes(shared, unrolled, monitors, element, n_elements, batch):
    """Spikes, a variable of the targets, and the kernel's sums, from both."""
    sums = np.zeros(n_elements)
    np.add.at(sums, np.tile(element, batch), unrolled.a[:])
    found = [(m.i[:], m.t[:] / ms, m.source.y[:], a) for m, a in zip(monitors, (shared.a[:], sums), strict=True)]
    return zip(*found, strict=True)


@given(
    geometries(), st.integers(1, 3), st.sampled_from(ON_PRE), st.sampled_from(UPDATES), st.sampled_from([None, 1 * ms]),
    st.booleans(), st.integers(0, 1000),
)  # fmt: skip
@settings(max_examples=campaign(300, 12), deadline=None)
def test_spikes_and_sums_are_those_of_unrolled_synapses(of, batch, on_pre, update, delay, skip, seed):
    rows = "x_pre != 0" if skip and "x_pre" in update and ";" not in update else None
    network, *found = both(of, batch, seed, on_pre, MODEL, delay, update, rows, None)
    network.run(40 * ms)
    for one, other in outcomes(*found, of.n_elements, batch):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


CHOSEN = Geometry((2, 9, 8), 5, 5, 2, 2)


@pytest.fixture
def cpp(tmp_path):
    """C++ standalone in a folder of its own."""
    set_device("cpp_standalone", directory=str(tmp_path / "cpp"), build_on_run=False)
    yield get_device()
    device.reinit()
    set_device("runtime")


@pytest.mark.compiler
@pytest.mark.parametrize("of", [CHOSEN, Geometry((1, 6, 6), 3, 3, 3)], ids=["stride 2", "stride 3"])
def test_spikes_and_sums_compiled(of, cpp):
    network, *found = both(of, 3, 1, "I_post += w", MODEL, 1 * ms, UPDATES[1], None, None)
    network.run(60 * ms)
    cpp.build(**cpp.build_options)
    assert found[2][0].num_spikes > 50
    for one, other in outcomes(*found, of.n_elements, 3):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)
    assert found[0].kernel("w").shape == (of.channels, of.source[0], of.size, of.size)


def learnt(batch, rows, then_condition=None):
    """A kernel after updates with an optimizer."""
    of = Geometry((1, 5, 5), 2, 3)
    rng = np.random.default_rng(3)
    source, target = neurons(batch * of.n_pre), neurons(batch * of.n_post)
    source.z = rng.integers(0, 2, batch * of.n_pre) * rng.random(batch * of.n_pre)
    target.y = rng.normal(size=batch * of.n_post)
    synapses = ConvolutionSynapses(source, target, "w : 1\ndw : 1\nn : 1 (shared)", batch=batch, **options_of(of))
    synapses.w = 0.5
    clock = Clock(dt=10 * ms)
    optimizer = dict(then="n += 1\nw += 0.1*dw/n\ndw = 0", then_condition=then_condition)
    synapses.update("dw += y_post*z_pre", rows=rows, clock=clock, **optimizer)
    network = Network(source, target, synapses)
    network.run(25 * ms)
    return of, source, target, synapses


@pytest.mark.parametrize("rows", [None, "z_pre != 0"])
def test_an_optimizer_follows_the_sum_over_positions_and_entries(rows):
    of, source, target, synapses = learnt(2, rows)
    i, j, element = of.connections()
    gradient = np.zeros(of.n_elements)
    for z, y in zip(source.z[:].reshape(2, -1), target.y[:].reshape(2, -1), strict=True):
        np.add.at(gradient, element, y[j] * z[i])
    np.testing.assert_allclose(synapses.w[:], 0.5 + 0.1 * gradient * (1 + 1 / 2 + 1 / 3))
    assert synapses.n[:] == 3
    assert not synapses.dw[:].any()


def test_an_optimizer_may_wait():
    synapses = learnt(2, None, "t > 15*ms")[-1]
    assert synapses.n[:] == 1


class TestRefusals:
    of = Geometry((1, 5, 5), 2, 3)

    def make(self, model="w : 1", n_post=None, **options):
        source = neurons(self.of.n_pre)
        target = neurons(self.of.n_post if n_post is None else n_post)
        return ConvolutionSynapses(source, target, model, **options_of(self.of) | options)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (dict(on_pre="w = x_post"), "sets 'w' with '='"),
            (dict(on_pre="w *= 0.9"), "sets 'w' with '\\*='"),
            (dict(on_pre="w += 0.1*(1 - w)*x_post"), "reads 'w' and adds to it"),
            (dict(on_pre="x_pre += 1"), "writes to 'x_pre'"),
            (dict(on_post="w += x_pre"), "no on_post"),
            (dict(model="own : 1 (per_entry)"), "flag 'per_entry'"),
            (dict(model="dq/dt = -q/ms : 1"), "no synaptic dynamics"),
        ],
    )
    def test_what_a_shared_kernel_cannot_do(self, options, message):
        with pytest.raises(NotImplementedError, match=message):
            self.make(**options)

    @pytest.mark.parametrize(
        ("update", "options", "message"),
        [
            ("w = x_post", {}, "sets 'w'"),
            ("w += x_post", dict(columns="x_post > 0"), "no columns"),
            ("w += x_post*w", {}, "reads 'w'"),
            ("w += x_post", dict(then="w += z_pre"), "`then` runs once"),
        ],
    )
    def test_what_an_update_cannot_do(self, update, options, message):
        with pytest.raises(NotImplementedError, match=message):
            self.make().update(update, **options)

    def test_kernel_variables_alone_may_be_set(self):
        synapses = self.make("w : 1\nm : 1")
        synapses.update("m = 0.9*m + w; w = m")

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (dict(n_post=7), "needs 18"),
            (dict(size=6), "does not fit"),
            (dict(stride=0), "stride=0"),
            (dict(padding=3), "smaller than the kernel"),
            (dict(channels=1.5), "channels=1.5"),
        ],
    )
    def test_sizes(self, options, message):
        with pytest.raises(OptionError, match=message):
            self.make(**options)


def test_memory_is_that_of_the_kernel():
    of = Geometry((1, 28, 28), 16, 5)
    synapses = ConvolutionSynapses(neurons(of.n_pre), neurons(of.n_post), "w : 1\ndw : 1", **options_of(of))
    assert len(of.connections()[0]) == 230_400
    sizes = {name: len(synapses.variables[name].get_value()) for name in synapses.storage}
    assert sizes == {"w": 400, "dw": 400}


def test_code_may_name_the_neurons_of_a_synapse():
    of = Geometry((1, 3, 3), 2, 2)
    source, target = neurons(of.n_pre), neurons(of.n_post)
    synapses = ConvolutionSynapses(source, target, "a : 1", **options_of(of))
    synapses.update("a += int(i == 4)*j + 0*x_post", clock=Clock(dt=1 * ms))
    Network(source, target, synapses).run(0.1 * ms)
    expected = np.zeros(of.n_elements)
    i, j, element = of.connections()
    np.add.at(expected, element, (i == 4) * j)
    np.testing.assert_array_equal(synapses.a[:], expected)
    np.testing.assert_array_equal(synapses.i, i)


@pytest.mark.compiler
def test_updates_count_in_the_profile_wherever_they_return(cpp):
    """A fused update, one that a condition skips, columns, and kernels."""
    of, batch = Geometry((1, 20, 20), 4, 5), 4
    source, target = neurons(batch * of.n_pre), neurons(batch * of.n_post)
    dense = DenseSynapses(source, target, "w : 1\ndw : 1", batch=batch, name="dense")
    shared = ConvolutionSynapses(source, target, "w : 1\ndw : 1", batch=batch, name="shared", **options_of(of))
    clock = Clock(dt=1 * ms)
    for synapses in (dense, shared):
        options = dict(then="w += dw", clock=clock, name=f"{synapses.name}_fused")
        synapses.update("dw += x_pre*y_post", **options)
        never = dict(condition="t < 0*ms", then_condition="t < 0*ms")
        synapses.update("dw += x_pre*y_post", **options | never | dict(name=f"{synapses.name}_skipped"))
    dense.update("dw += y_post", columns="y_post > -1", clock=clock, name="dense_columns")
    network = Network(source, target, dense, shared)
    network.run(20 * ms, profile=True)
    cpp.build(**cpp.build_options)
    seconds = {name.removesuffix("_codeobject"): float(value) for name, value in network.profiling_info}
    assert min(seconds[name] for name in ("dense_fused", "shared_fused", "dense_columns")) > 1e-5
    assert 0 < seconds["dense_skipped"] < seconds["dense_fused"] and seconds["shared_skipped"] > 0
