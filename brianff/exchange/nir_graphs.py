"""Networks as NIR graphs (Neuromorphic Intermediate Representation; Pedersen et al. 2024, Nat. Commun. 15:8122).

NIR knows leaky integrate-and-fire neurons whose membrane is reset to a value, with or without a synaptic current, and
weights between them.  Coefficients are read from the equation strings, whatever their variables are called:

    dv/dt = (v_leak - v + R*I)/tau_mem,  dI/dt = -I/tau_syn,  I += k*w      CubaLIF
    dv/dt = (v_leak - v)/tau,            v += k*w                           LIF
    dv/dt = 0,                           v += k*w                           IF

Everything else is refused by name.  A spike of NIR is taken to be 1 for one time step, as other exporters have it: to
raise I by w in a time step, ``w_in`` is tau_syn/dt (of LIF, ``r`` is tau/dt, of IF 1/dt), and weights stay what they
are.  Graphs are continuous in time; ``dt`` and the integration method are in their metadata.
"""

import importlib.metadata

import numpy as np

from brianff.errors import UnsupportedError
from brianff.exchange.dynamics import Dynamics
from brianff.extras import library
from brianff.network.layers import Convolution, Dense

__all__ = ["to_nir"]


def to_nir(run):
    """The network of a run as a `nir.NIRGraph`, with its weights as they are now.

    Parameters
    ----------
    run : `brianff.Run` or `brianff.Method`
        Of spiking neurons.

    Returns
    -------
    graph : `nir.NIRGraph`
        ``input`` (the spikes of the input channels; the code that makes them is not part of NIR), of every layer
        ``weights1``, ``layer1`` ..., and ``output``.  Positions are (channels, height, width).

    Raises
    ------
    UnsupportedError
        If NIR cannot say what the network does; the message says what it is, and what to do.
    BrianffError
        If NIR is not installed.

    Examples
    --------
    >>> run = ff.Run(ff.ForwardForward("digits", neuron="lif_current")).train(epochs=5)
    >>> ff.exchange.write(ff.exchange.to_nir(run), "network.nir")
    """
    method = getattr(run, "method", run)
    if getattr(method, "composition", None) is None:
        raise UnsupportedError(f"the method {method.name} has no spiking neurons, of which NIR consists.")
    nir, a = library("nir"), method.architecture.with_(batch=1)
    builder = _Builder(nir, method, a)
    for projection in a.projections:
        builder.connect(projection)
    builder.finish()
    metadata = {
        "generator": f"brianff {importlib.metadata.version('brianff')}",
        "dt": a.dt_ms * 1e-3,
        "integration_method": str(method.composition.of_neurons(1, a).method),
    }
    return nir.NIRGraph(builder.nodes, builder.edges, metadata=metadata)


class _Builder:
    """Nodes and edges of a graph, layer by layer."""

    def __init__(self, nir, method, architecture):
        self.nir, self.method, self.architecture = nir, method, architecture
        self.weights = method.weights()
        self.inputs = method.inputs(architecture=architecture)
        self.dynamics = {}
        self.shapes = [layer.shape for layer in (architecture.input_layer, *architecture.layers)]
        shape = self.shapes[0] or (architecture.n_input,)
        self.nodes = {"input": nir.Input(input_type={"input": np.array(shape)})}
        self.edges = []
        self.ends = ["input"]  # by level, the node whose spikes go on
        for level in range(1, len(self.shapes)):
            self.nodes[f"layer{level}"] = self._neurons(level)
            self.ends.append(f"layer{level}")

    def finish(self):
        last = self.ends[-1]
        self.nodes["output"] = self.nir.Output(output_type={"output": self.nodes[last].output_type["output"]})
        self.edges.append((last, "output"))

    def _neurons(self, level):
        composition, a = self.method.composition, self.architecture
        dynamics = self.dynamics[level] = Dynamics(composition, a, level, self.inputs)
        dt, shape = a.dt_ms * 1e-3, self.shapes[level]

        def each(name):
            values = np.broadcast_to(np.asarray(dynamics.values[name], float), a.sizes[level])
            return _of_positions(values, shape) if shape else values.copy()

        threshold = dict(v_threshold=each("threshold"), v_reset=each("reset"))
        if dynamics.kind == "CubaLIF":
            tau_syn = each("tau_syn")
            taus = dict(tau_syn=tau_syn, tau_mem=each("tau_mem"), w_in=tau_syn / dt)
            return self.nir.CubaLIF(r=each("r"), v_leak=each("v_leak"), **taus, **threshold)
        if dynamics.kind == "LIF":
            tau = each("tau_mem")
            return self.nir.LIF(tau=tau, r=tau / dt, v_leak=each("v_leak"), **threshold)
        return self.nir.IF(r=np.full_like(threshold["v_threshold"], 1 / dt), **threshold)

    def connect(self, projection):
        """Weights of a projection, in front of them its delay, or positions in one row."""
        level, recurrent = projection.target, projection.source == projection.target
        key = projection.name if recurrent else level
        factor = self.dynamics[level].jump
        shape = self.shapes[projection.source]
        end = self.ends[projection.source]
        name = f"recurrent{level}" if recurrent else f"weights{level}"
        if projection.delay:
            seconds = projection.delay * self.architecture.dt_ms * 1e-3
            delays = np.full(shape or (projection.shape[0],), seconds)
            end = self._behind(end, f"delay_{name}", self.nir.Delay(delay=delays))
        matrix = np.asarray(self.weights[key], float)
        if isinstance(projection, Convolution):
            if recurrent:
                raise UnsupportedError(f"layers: NIR has no recurrent convolution; layer {level} is one.")
            g = projection.geometry
            kernel = dict(stride=g.stride, padding=g.padding, dilation=1, groups=1, bias=np.zeros(g.channels))
            node = self.nir.Conv2d(input_shape=tuple(shape[1:]), weight=factor * matrix, **kernel)
        else:
            if not isinstance(projection, Dense):
                raise UnsupportedError(f"layers: NIR has no projection {projection!r}, which layer {level} has.")
            if recurrent and shape:
                raise UnsupportedError(f"layers: NIR cannot say a convolution that is recurrent, as layer {level} is.")
            if shape:
                rows = np.arange(projection.shape[0]).reshape(shape[1], shape[2], shape[0]).transpose(2, 0, 1).ravel()
                matrix = matrix[rows]
                flatten = self.nir.Flatten(input_type={"input": np.array(shape)}, start_dim=0, end_dim=-1)
                end = self._behind(end, f"flatten{level}", flatten)
            node = self.nir.Linear(weight=factor * matrix.T)
        self.edges.append((self._behind(end, name, node), f"layer{level}"))

    def _behind(self, end, name, node):
        """A node behind another; its name."""
        self.nodes[name] = node
        self.edges.append((end, name))
        return name


def _of_positions(values, shape):
    """(channels, height, width) from values of neurons, whose channels come last."""
    channels, height, width = shape
    return values.reshape(height, width, channels).transpose(2, 0, 1).copy()
