"""Convolutional synapses: one small kernel, shared by all positions and by a batch, from Brian2 equation strings.

`brian2.Synapses` would unroll a convolution: a synapse, with its indices and its weight, for every pair of a source and
a target neuron.  `ConvolutionSynapses` hands the same strings to Brian2's code generator with templates that walk the
kernel instead.  For everything accepted here, both give the same spikes.

Layout
------
Channels come last: neuron ``(y*width + x)*channels + c`` of an entry stands for channel c at row y and column x.
Target position (Y, X) gets input from the rows ``Y*stride - padding + ky`` and columns ``X*stride - padding + kx`` of
the source, for ky and kx from 0 to ``size - 1``.

A kernel is stored as [source channel][ky][column][target channel], its columns kx sorted by ``kx % stride``, and
falling within those of the same remainder.  What one source neuron reaches in one row of the target is then one
contiguous run of target neurons, and of kernel elements: the borders only clip it.
"""

from dataclasses import dataclass

import numpy as np
from brian2.utils.stringtools import get_identifiers

from brianff.equations.text import assignments, targets
from brianff.errors import OptionError, UnsupportedError
from brianff.network.synapses import ADVICE, BatchSynapses
from brianff.network.templates import on_cuda

__all__ = ["ConvolutionSynapses", "Geometry"]


@dataclass(frozen=True)
class Geometry:
    """Which neurons a convolution connects, and through which element of its kernel.

    Parameters
    ----------
    source : (channels, height, width)
    channels : int
        Of the target.
    size : int
        Rows and columns of the kernel.
    stride : int
        Positions of the source from one target position to the next.
    padding : int
        Positions around the source that never spike.

    Raises
    ------
    OptionError
        If there is no such convolution.
    """

    source: tuple
    channels: int
    size: int
    stride: int = 1
    padding: int = 0

    def __post_init__(self):
        object.__setattr__(self, "source", tuple(map(int, self.source)))
        for name, least in (("channels", 1), ("size", 1), ("stride", 1), ("padding", 0)):
            value = getattr(self, name)
            if int(value) != value or value < least:
                raise OptionError(f"convolution: {name}={value}: it is a whole number from {least} on.")
            object.__setattr__(self, name, int(value))
        if self.padding >= self.size:
            raise OptionError(
                f"convolution: with padding={self.padding} and size={self.size} the outermost positions would get no "
                "input: the padding is smaller than the kernel."
            )
        if min(self.source[1:]) + 2 * self.padding < self.size:
            raise OptionError(
                f"convolution: a kernel of {self.size} by {self.size} does not fit into {self.source[1]} by "
                f"{self.source[2]} positions: take a smaller one, or padding."
            )

    @property
    def target(self):
        """(channels, height, width) of the target."""
        places = ((n + 2 * self.padding - self.size) // self.stride + 1 for n in self.source[1:])
        return (self.channels, *places)

    @property
    def options(self):
        """Arguments of `ConvolutionSynapses`."""
        kernel = dict(channels=self.channels, size=self.size, stride=self.stride, padding=self.padding)
        return {"shape": self.source} | kernel

    @property
    def n_pre(self):
        return int(np.prod(self.source))

    @property
    def n_post(self):
        return int(np.prod(self.target))

    @property
    def n_elements(self):
        """Elements of the kernel."""
        return self.source[0] * self.size**2 * self.channels

    @property
    def fan_in(self):
        """Synapses of a target neuron away from the border."""
        return self.source[0] * self.size**2

    @property
    def columns(self):
        """Columns kx of the kernel in the order in which they are stored, (size,) array."""
        k = np.arange(self.size)
        return k[np.lexsort((-k, k % self.stride))]

    def stored(self, kernel):
        """A kernel, (channels, source channels, size, size), as it lies in memory: (n_elements,) array."""
        return np.asarray(kernel)[:, :, :, self.columns].transpose(1, 2, 3, 0).ravel()

    def kernel(self, values):
        """The kernel, (channels, source channels, size, size), from how it lies in memory."""
        values = np.reshape(values, (self.source[0], self.size, self.size, self.channels))
        found = np.empty_like(values)
        found[:, :, self.columns] = values
        return found.transpose(3, 0, 1, 2).copy()

    def reach(self, axis):
        """What a source row (axis 1) or column (axis 2) reaches: (first target, how many, k of the first) arrays.

        The next target has ``k - stride``.
        """
        n, n_target = self.source[axis], self.target[axis]
        at = np.arange(n) + self.padding
        first = np.maximum(0, -((self.size - 1 - at) // self.stride))
        last = np.minimum(n_target - 1, at // self.stride)
        count = np.maximum(0, last - first + 1)
        k = np.where(count > 0, at - first * self.stride, 0)
        return np.where(count > 0, first, 0), count, k

    def tables(self):
        """What the templates need to walk from a source neuron to its targets: dict of lists of int."""
        row_first, row_count, row_kernel = self.reach(1)
        column_first, column_count, k = self.reach(2)
        place = np.argsort(self.columns)  # of a column kx
        found = dict(
            row_first=row_first, row_count=row_count, row_kernel=row_kernel,
            column_first=column_first, column_count=column_count, column_kernel=place[k],
        )  # fmt: skip
        return {name: values.tolist() for name, values in found.items()}

    def connections(self):
        """Every connection, as `brian2.Synapses` would unroll it: source neuron, target neuron and kernel element.

        Returns
        -------
        i, j, element : (n,) int arrays
            Sorted by i, then j.
        """
        width, (c_target, _, width_target) = self.source[2], self.target
        t = {name: np.array(values) for name, values in self.tables().items()}
        found = []
        for own in range(self.n_pre):
            position, c = divmod(own, self.source[0])
            y, x = divmod(position, width)
            rows = np.arange(t["row_count"][y])
            run = np.arange(t["column_count"][x] * c_target)
            target = ((t["row_first"][y] + rows) * width_target + t["column_first"][x]) * c_target
            ky = t["row_kernel"][y] - rows * self.stride
            element = ((c * self.size + ky) * self.size + t["column_kernel"][x]) * c_target
            j, e = (start[:, None] + run for start in (target, element))
            found.append(np.stack([np.full(j.size, own), j.ravel(), e.ravel()]))
        return tuple(np.concatenate(found, axis=1))


class ConvolutionSynapses(BatchSynapses):
    """A convolution whose kernel is shared by all positions and by all entries of a batch.

    Parameters
    ----------
    source, target : `NeuronGroup`
        Groups of ``batch`` entries; an entry is a block of neurons (y, x, channel), the channel changing fastest.
    model : str or `Equations`
        Parameters (``"w : 1"``), one value for each kernel element, and subexpressions.  Flags: ``shared``,
        ``constant``.
    on_pre : str or dict of name -> str, optional
        Code for every synapse of a source neuron that spiked.
    shape : (channels, height, width)
        Of the source.
    channels : int
        Of the target.
    size, stride, padding : int
        Of the kernel, as `Geometry` has them.
    batch, layer, delay, namespace, dt, clock, order, name, dtype
        As for `brianff.DenseSynapses`.

    Attributes
    ----------
    convolution : `Geometry`
    pre : `brianff.network.synapses.Pathway`

    Notes
    -----
    ``S.w`` has the kernel elements in the order in which they are stored; ``S.kernel("w")`` is the kernel, and
    ``S.w = S.convolution.stored(kernel)`` sets it.  Code may name `i` and `j`, the numbers of the neurons of a synapse.

    Since a kernel element serves many synapses, code that names neurons can only add to it: ``dw += x_post*z_pre``
    sums over positions and entries, as the gradient of a shared weight does.

    Raises
    ------
    NotImplementedError
        For `on_post`, variables of single synapses (`per_entry`, differential equations), and code that sets a kernel
        element, which would depend on the order of the synapses.
    ValueError
        If the groups do not have as many neurons as the shapes, or code names a variable that does not exist.

    Examples
    --------
    >>> S = ConvolutionSynapses(pixels, maps, "w : 1", on_pre="I_post += w", shape=(1, 28, 28), channels=16, size=5)
    ... # doctest: +SKIP
    """

    indices_of_code = (
        ("_presynaptic_idx", False),
        ("_postsynaptic_idx", False),
        ("_entry_idx", False),
        ("_row", False),
        ("_col", False),
    )
    templates = {"propagate": "convolution_propagate"}  # noqa: RUF012

    def __init__(
        self,
        source,
        target,
        model="w : 1",
        on_pre=None,
        on_post=None,
        *,
        shape,
        channels,
        size,
        stride=1,
        padding=0,
        name="convolutionsynapses*",
        **options,
    ):
        self.convolution = Geometry(tuple(shape), channels, size, stride, padding)
        super().__init__(source, target, model, on_pre, on_post, name=name, **options)

    def __len__(self):
        return self.convolution.n_elements

    def _check_sides(self, source, target, batch):
        super()._check_sides(source, target, batch)
        of = self.convolution
        for side, group, shape, n in (
            ("source", source, of.source, of.n_pre),
            ("target", target, of.target, of.n_post),
        ):
            if len(group) != batch * n:
                raise OptionError(
                    f"the {side} group '{group.name}' has {len(group)} neurons; a batch of {batch} with "
                    f"{' x '.join(map(str, shape))} (channels, height, width) needs {batch * n}."
                )

    @property
    def geometry(self):
        of = self.convolution
        told = dict(
            size=of.size, stride=of.stride, padding=of.padding, n_elements=of.n_elements,
            n_pre=of.n_pre, n_post=of.n_post,
            channels_pre=of.source[0], height_pre=of.source[1], width_pre=of.source[2],
            channels_post=of.target[0], height_post=of.target[1], width_post=of.target[2],
            columns=of.columns.tolist(), places=np.argsort(of.columns).tolist(), tables=of.tables(),
        )  # fmt: skip
        return super().geometry | {"convolution": told}

    @property
    def i(self):
        """Source neuron of every connection, as `brian2.Synapses` would have it."""
        return self.convolution.connections()[0]

    @property
    def j(self):
        """Target neuron of every connection."""
        return self.convolution.connections()[1]

    def kernel(self, name):
        """Values of a synaptic variable, (channels, source channels, size, size); compiled: after a run."""
        return self.convolution.kernel(self.state(name, use_units=False)[:])

    def _add_pathways(self, on_pre, on_post, delay):
        if on_post is not None:
            raise UnsupportedError(
                f"'{self.name}' has no on_post: the synapses of a target neuron are scattered over its kernel. Let the "
                f"neuron keep a trace, and use update(), or: {ADVICE}"
            )
        super()._add_pathways(on_pre, None, delay)

    def check_code(self, code, what, *indices) -> None:
        super().check_code(code, what, *indices)
        if on_cuda():
            self._check_on_cuda(code, what)
        if get_identifiers(code) & self._of_neurons or what.startswith("on_"):
            self._require_additions(code, what)

    def _check_on_cuda(self, code, what):
        """There a thread owns a kernel element, or a target neuron."""
        of_kernel, of_target = (
            targets(code) & self.storage.keys(),
            targets(code) & self._names_with("_postsynaptic_idx"),
        )
        if of_kernel and (of_target or what.startswith("on_")):
            other = f"and to '{min(of_target)}' " if of_target else ""
            raise UnsupportedError(
                f"{what} code of '{self.name}' writes to '{min(of_kernel)}' {other}for each of its synapses: on CUDA, "
                "what adds to a kernel is an update() of its own."
            )

    @property
    def _of_neurons(self):
        return self._names_with("_presynaptic_idx", "_postsynaptic_idx", "_entry_idx")

    def _require_additions(self, code, what):
        """Refuse code for every synapse that does more to a kernel element than to add to it."""
        of_kernel = self.storage.keys() | self._names_with("0") - {"t", "dt"}
        statements = list(assignments(code))
        for name, op, _ in statements:
            if name in self.storage and op not in ("+=", "-="):
                raise UnsupportedError(
                    f"{what} code of '{self.name}' sets '{name}' with '{op}', once for every position that shares this "
                    f"kernel element: only += and -= add up to something. {ADVICE}"
                )
        added_to = {name for name, _, _ in statements} & of_kernel
        reads = set().union(*(get_identifiers(expression) for _, _, expression in statements))
        if both := added_to & reads & self.storage.keys():
            raise UnsupportedError(
                f"{what} code of '{self.name}' reads '{min(both)}' and adds to it: the outcome would depend on the "
                f"order of the positions that share this kernel element. {ADVICE}"
            )

    def update(self, code, *, rows=None, columns=None, then=None, then_condition=None, **options):
        """Run `code` at every tick of `clock`.

        Code that names variables of the neurons runs once for each connection and batch entry, one entry after the
        other, and may add to the kernel and to variables of the target; code of kernel variables alone (an optimizer)
        runs once for each kernel element.  Arguments and result are those of `brianff.DenseSynapses.update`, but for
        `columns`: there are none.
        """
        if columns is not None:
            raise UnsupportedError(
                f"update of '{self.name}': a kernel has no columns={columns!r}: use rows, a condition of the source."
            )
        told = self._options_of_rows(code, rows, then, then_condition)
        unique = {"_idx", "_postsynaptic_idx"}  # of one source neuron
        options |= dict(rows=rows, then=then, then_condition=then_condition)
        return self._add_update("convolution_update", code, unique, told, **options)

    def __repr__(self):
        of = self.convolution
        return (
            f"<ConvolutionSynapses '{self.name}': {of.size} x {of.size}, stride {of.stride}, from "
            f"{' x '.join(map(str, of.source))} of '{self.source.name}' to {' x '.join(map(str, of.target))} of "
            f"'{self.target.name}'>"
        )

    __str__ = __repr__
