"""Dense synapses: one weight matrix, shared by a batch, from Brian2 equation strings.

Fully connected layers need neither the index lists nor the spike queue of Brian2's `Synapses`.  `DenseSynapses`
hands the same kind of strings (``on_pre="I_syn_post += w"``) to Brian2's own code generator, with templates that
walk one contiguous matrix row for each spike.  `brian2.Synapses` remains the reference: for everything accepted
here both give the same spikes.

Layout
------
A group of ``batch * n`` neurons holds ``batch`` independent copies of a layer: entry ``b`` owns the neurons
``b*n ... (b+1)*n - 1``.  Entry ``b`` of the source projects to entry ``b`` of the target, and all entries share the
matrix, stored row by row: element ``i*n_post + j`` belongs to source neuron ``i`` and target neuron ``j`` of every
entry.
"""

import numpy as np

from brianff.equations.text import targets
from brianff.errors import OptionError, UnsupportedError
from brianff.network.dense_views import PLACES, DelayView, DenseIndexing, DenseVariables, LikeSynapses, NumbersOf
from brianff.network.synapses import BatchSynapses, Pathway
from brianff.network.templates import on_cuda

__all__ = ["DenseSynapses"]

# Where element (entry, row, column) of a synaptic variable lies, by its flags (post_major, per_entry).  The templates
# define these indices; in the group itself every variable counts as a flat array.
_STORAGE = {
    (False, False): "_idx",
    (True, False): "_post_major_idx",
    (False, True): "_entry_matrix_idx",
    (True, True): "_entry_post_major_idx",
}


def _of_pathway(name, what):
    """An attribute of the pathway `pre`, as one of the synapses."""

    def pathway(synapses):
        if not isinstance(synapses.__dict__.get("pre"), Pathway):
            raise AttributeError(f"'{synapses.name}' has no pathway 'pre', and no delay.")
        return synapses.pre

    return property(
        lambda synapses: getattr(pathway(synapses), name),
        lambda synapses, value: setattr(pathway(synapses), name, value),
        doc=what,
    )


class DenseSynapses(LikeSynapses, BatchSynapses):
    """A fully connected projection whose weight matrix is shared by all entries of a batch.

    Parameters
    ----------
    source, target : `NeuronGroup`
        Groups of ``batch * n_pre`` and ``batch * n_post`` neurons; entry ``b`` of the batch is a contiguous block.
    model : str or `Equations`
        Synaptic parameters (``"w : 1"``) and subexpressions.  Flags of a parameter: ``shared`` and ``constant`` as in
        Brian2; ``post_major``: stored column by column, for variables that only `on_post` touches (elsewhere, and for
        `on_post` on other variables, memory is read in strides, about ten times as slow); ``per_entry``: a value of its
        own for each batch entry, at `batch` times the memory.
    on_pre, on_post : str or dict of name -> str, optional
        Code for every synapse of a source (target) neuron that spiked; it may name the neurons of the synapse, `i` and
        `j`.  Several pathways have names.
    batch : int
        Number of entries that share the matrix.
    layer : `NeuronGroup`, optional
        A group with one element for each batch entry, whose variables are at hand as ``NAME_layer``: the third factor
        of a learning rule.
    delay : `Quantity` or dict of name -> `Quantity`, optional
        One delay for all `on_pre` effects (default: in the time step of the spike, as with `Synapses`), or one for each
        of several pathways.
    method, namespace, dt, clock, order, name
        As for `brian2.Synapses`; `method` only exists for the sake of the same signature.
    dtype : dtype, optional
        Type of the synaptic floating point variables (default: ``prefs.core.default_float_dtype``).
    partial : bool or "others"
        Leave synapses out: those for which ``_present``, an array with one truth value a synapse, is false. No code of
        theirs runs, at spikes or in `update`, and their variables stay what they are.  "others": these are the synapses
        of neurons to themselves, and no others, which makes spikes faster.

    Attributes
    ----------
    n_pre, n_post : int
        Neurons of one batch entry on either side; the matrix has shape ``(n_pre, n_post)``, row-major.
    i, j
        Source and target neuron of every synapse, made when they are looked at.
    pre, post, or the names of the pathways : `brianff.network.synapses.Pathway`

    Notes
    -----
    Variables are read and assigned as with `Synapses`, however they are stored: ``S.w[i, j]``, ``S.w[0, :]``,
    ``S.w["i == j"] = "0"``, ``S.w = "rand()/N_incoming"``; also from matrices, ``S.w = matrix``.  A variable that
    differs between the entries of a batch has the entry as its first index, ``S.w[entry, i, j]``.

    Raises
    ------
    NotImplementedError
        For anything the dense templates would have to guess: differential equations of synaptic variables, delays that
        differ between synapses, subgroups, code that writes to a variable once for every synapse of a neuron.
    ValueError
        If a group is not divisible by `batch`, or code names a variable that does not exist.

    Examples
    --------
    >>> S = DenseSynapses(inputs, layer, "w : 1", on_pre="I_syn_post += w")   # doctest: +SKIP
    >>> S.w = rng.normal(size=(n_pre, n_post))                                # doctest: +SKIP
    >>> S.update("w += eta * x_pre * x_post", rows="x_pre > 0", clock=epoch)  # doctest: +SKIP
    """

    indices_of_code = (
        ("_presynaptic_idx", False),
        ("_postsynaptic_idx", False),
        ("_entry_idx", False),
        ("_post_major_idx", True),
        ("_entry_matrix_idx", True),
        ("_entry_post_major_idx", True),
        ("_row", False),
        ("_col", False),
    )
    templates = {"propagate": "dense_propagate"}  # noqa: RUF012
    by_rows = True
    flags = BatchSynapses.flags | {"post_major", "per_entry"}
    delay_view, variables_class = DelayView, DenseVariables

    def __init__(self, source, target=None, model="w : 1", on_pre=None, on_post=None, *, partial=False, **options):
        self.partial = partial
        super().__init__(source, target, model, on_pre, on_post, **{"name": "densesynapses*"} | options)

    def __len__(self):
        return self.n_pre * self.n_post

    def _arrange(self):
        self._indices = DenseIndexing(self)
        self.indices = NumbersOf(self)

    @property
    def geometry(self):
        return super().geometry | {"partial": self.partial}

    @property
    def needed(self):
        return ["_present"] if self.partial else []

    delay = _of_pathway("delay", "Delay of the pathway `pre`, the same for all its synapses.")
    delay_ = _of_pathway("delay_", "`delay` in seconds.")

    def matrix(self, name) -> np.ndarray:
        """Values of a synaptic variable, shape (n_pre, n_post), or (batch, n_pre, n_post) with the flag `per_entry`.

        On a standalone device: after the run.
        """
        of_entries = (self.batch,) if self.storage[name].startswith("_entry") else ()
        return np.reshape(self.state(name, use_units=False)[:], (*of_entries, self.n_pre, self.n_post))

    def _create_own(self):
        for name, number in (("N_incoming", self.n_pre), ("N_outgoing", self.n_post)):
            if name not in self.equations.names:
                self.variables.add_constant(name, number)
        if self.partial:
            self.variables.add_array("_present", size=len(self), dtype=bool)
            self.storage["_present"] = _STORAGE[False, False]

    def _stored(self, eq):
        index = _STORAGE["post_major" in eq.flags, per_entry := "per_entry" in eq.flags]
        return index, len(self) * (self.batch if per_entry else 1), PLACES.get(index)

    def _create_variable(self, eq, dtype):
        if "shared" in eq.flags and set(eq.flags) & {"post_major", "per_entry"}:
            raise OptionError(f"'{eq.varname}' cannot be shared and stored for each synapse.")
        super()._create_variable(eq, dtype)

    def update(self, code, *, rows=None, columns=None, then=None, then_condition=None, one_by_one=False, **options):
        """Run `code` on the whole matrix at every tick of `clock`.

        Code that names variables of the neurons runs once for each batch entry and synapse, one batch entry after
        the other, so that ``dw += x_post * x_pre`` accumulates over the batch; so does code that names a `per_entry`
        variable.  Code of shared-matrix variables alone (an optimiser) runs once for each synapse.

        Parameters
        ----------
        code : str
            Statements, units checked.
        condition : str, optional
            A boolean expression of shared variables; where it is false the tick does nothing.
        rows : str, optional
            A boolean expression of source variables: rows for which it is false are skipped, which must not change
            the outcome (``rows="x_pre != 0"`` for ``dw += x_pre*x_post``).
        columns : str, optional
            A boolean expression of target variables: columns for which it is false are skipped, and the matrix is
            walked column by column, as `post_major` variables lie in memory.  The code runs once for each batch entry,
            and may write to variables of the source (``"error_pre += w*error_post"``), not to those of the target.
        then : str, optional
            Statements that follow, once for each synapse, on variables of the shared matrix (an optimizer): in one
            pass with `code`, each row while it is in the cache.
        then_condition : str, optional
            As `condition`, for `then` (default: the same), which does not need `condition` to be true as well.
        one_by_one : bool
            One row after the other on every device, for code that makes a target's variable of what it was and of the
            source's (``"most_post = clip(x_pre, most_post, inf)"``); in NumPy that is a loop.
        clock : `Clock`, optional
            Default: the clock of the source group.
        when, order, name
            As in `Group.run_regularly`.

        Returns
        -------
        runner : `brianff.network.synapses.SynapsesRunner`
        """
        self._require_one_condition("columns", "i", columns)
        by_columns = columns is not None
        if (by_columns or one_by_one) and (rows is not None or then is not None):
            what = f"columns={columns!r}" if by_columns else "one_by_one"
            raise UnsupportedError(f"update of '{self.name}': {what} goes with neither `rows` nor `then`. Use two.")
        if by_columns:
            told, unique = self._options_of_columns(code), {"_presynaptic_idx"}
        else:
            told = self._options_of_rows(code, rows, then, then_condition) | {"one_by_one": one_by_one}
            unique = {"_postsynaptic_idx"} if self.n_pre == 1 or one_by_one else set()
        template = "dense_columns" if by_columns else "dense_update"
        options |= dict(rows=rows, columns=columns, then=then, then_condition=then_condition)
        return self._add_update(template, code, unique, told, **options)

    def _options_of_columns(self, code):
        """The same of an update by columns."""
        self.check_code(code, "column by column, update", "_postsynaptic_idx")
        if not on_cuda():
            return {}
        of_source = bool(targets(code) & self._names_with("_presynaptic_idx"))
        return {"by_rows": of_source, "serial": self.written_by_all_entries(code)}
