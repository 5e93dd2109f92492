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

from collections.abc import Mapping

import numpy as np
from brian2.core.variables import Variables
from brian2.equations.equations import DIFFERENTIAL_EQUATION, PARAMETER, SUBEXPRESSION, Equations
from brian2.groups.group import Group, get_dtype
from brian2.groups.subgroup import Subgroup
from brian2.synapses.synapses import Synapses
from brian2.utils.stringtools import get_identifiers

from brianff.equations.text import assignments, closest, targets
from brianff.errors import OptionError, UnsupportedError
from brianff.network.dense_runners import ADVICE, DensePathway, DenseRunner, add_indices
from brianff.network.dense_views import PLACES, DenseIndexing, DenseVariables, LikeSynapses, NumbersOf
from brianff.network.templates import on_cuda, use_templates
from brianff.origin import point_at_user

__all__ = ["DenseSynapses"]

# Where element (entry, row, column) of a synaptic variable lies, by its flags (post_major, per_entry).  The templates
# define these indices; in the group itself every variable counts as a flat array.
_STORAGE = {
    (False, False): "_idx",
    (True, False): "_post_major_idx",
    (False, True): "_entry_matrix_idx",
    (True, True): "_entry_post_major_idx",
}
_FLAGS = {"shared", "constant", "post_major", "per_entry"}
# Options of brian2.Synapses that need another kind of synapses.
_OF_SYNAPSES = {"on_event", "multisynaptic_index", "codeobj_class", "method_options"}


def _of_pathway(name, what):
    """An attribute of the pathway `pre`, as one of the synapses."""

    def pathway(synapses):
        if not isinstance(synapses.__dict__.get("pre"), DensePathway):
            raise AttributeError(f"'{synapses.name}' has no pathway 'pre', and no delay.")
        return synapses.pre

    return property(
        lambda synapses: getattr(pathway(synapses), name),
        lambda synapses, value: setattr(pathway(synapses), name, value),
        doc=what,
    )


class DenseSynapses(LikeSynapses, Group):
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
    partial : bool
        Leave synapses out: those for which ``_present``, an array with one truth value a synapse, is false. No code of
        theirs runs, at spikes or in `update`, and their variables stay what they are.

    Attributes
    ----------
    n_pre, n_post : int
        Neurons of one batch entry on either side; the matrix has shape ``(n_pre, n_post)``, row-major.
    i, j
        Source and target neuron of every synapse, made when they are looked at.
    pre, post, or the names of the pathways : `DensePathway`

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

    add_to_magic_network = True
    invalidates_magic_network = True

    def __init__(
        self,
        source,
        target=None,
        model="w : 1",
        on_pre=None,
        on_post=None,
        *,
        batch=1,
        layer=None,
        delay=None,
        method=None,
        namespace=None,
        dt=None,
        clock=None,
        order=0,
        name="densesynapses*",
        dtype=None,
        partial=False,
        **others,
    ):
        if others:
            raise (NotImplementedError if min(others) in _OF_SYNAPSES else TypeError)(
                f"DenseSynapses has no option '{min(others)}'. {ADVICE if min(others) in _OF_SYNAPSES else ''}".strip()
            )
        target = source if target is None else target
        use_templates()
        batch = int(batch)
        for side, group in (("source", source), ("target", target)):
            if isinstance(group, (Subgroup, Synapses)):
                raise UnsupportedError(
                    f"DenseSynapses cannot use {type(group).__name__} '{group.name}' as its {side}: a batch entry is "
                    f"a contiguous block of a whole group. {ADVICE}"
                )
            if batch < 1 or len(group) % batch:
                raise OptionError(
                    f"the {side} group '{group.name}' has {len(group)} neurons, which is not a multiple of "
                    f"batch={batch}: every batch entry needs the same number."
                )
        Group.__init__(
            self,
            clock=source.clock if dt is None and clock is None else clock,
            dt=dt,
            when="start",
            order=order,
            namespace=namespace,
            name=name,
        )
        point_at_user(self)
        self.codeobj_class = None
        if layer is not None and len(layer) != batch:
            raise OptionError(
                f"the layer group '{layer.name}' has {len(layer)} elements; it needs one for each of the "
                f"{batch} entries of the batch."
            )
        self.source, self.target, self.layer, self.batch = source, target, layer, batch
        self.n_pre, self.n_post = len(source) // batch, len(target) // batch
        self.equations = model if isinstance(model, Equations) else Equations(model or "")
        self.partial = partial
        self.storage = {}  # synaptic variable -> the index by which code reaches it
        self._create_variables(dtype)
        self.on_pre, self.on_post = on_pre, on_post
        self._indices = DenseIndexing(self)
        self.indices = NumbersOf(self)
        self._enable_group_attributes()
        self._add_pathways(on_pre, on_post, delay)

    def __len__(self):
        return self.n_pre * self.n_post

    def _add_pathways(self, on_pre, on_post, delay):
        """Code at spikes, several strings of each side by name, and their delays, as with `Synapses`."""
        strings = [
            (side, name, code)
            for side, given in (("pre", on_pre), ("post", on_post))
            for name, code in (given.items() if isinstance(given, Mapping) else [(side, given)])
            if code is not None
        ]
        names = [name for _, name, _ in strings]
        delays = delay if isinstance(delay, Mapping) else {"pre": delay}
        for name in [name for name in names if names.count(name) > 1 or hasattr(type(self), name)]:
            raise OptionError(
                f"'{self.name}': '{name}' cannot name a pathway: take another name for this on_pre or on_post."
            )
        for name, given in delays.items():
            if given is not None and name not in names and (isinstance(delay, Mapping) or names):
                raise OptionError(
                    f"'{self.name}' has no pathway '{name}' for its delay: it has {', '.join(names) or 'none'}; name "
                    "one, as in delay={'" + (names or ["pre"])[0] + "': 2*ms}."
                )
        if strings:  # what spikes must be in the network, as with `Synapses`
            self.add_dependency(self.source)
            self.add_dependency(self.target)
        for side, name, code in strings:
            pathway = DensePathway(self, side, name, code)
            pathway.delay = delays.get(name)
            self.contained_objects.append(pathway)
            object.__setattr__(self, name, pathway)

    delay = _of_pathway("delay", "Delay of the pathway `pre`, the same for all its synapses.")
    delay_ = _of_pathway("delay_", "`delay` in seconds.")

    def matrix(self, name):
        """Values of a synaptic variable, shape (n_pre, n_post), or (batch, n_pre, n_post) with the flag `per_entry`.

        On a standalone device: after the run.
        """
        of_entries = (self.batch,) if self.storage[name].startswith("_entry") else ()
        return np.reshape(self.state(name, use_units=False)[:], (*of_entries, self.n_pre, self.n_post))

    def _create_variables(self, dtype):
        """Matrix variables, and references ``NAME_pre``, ``NAME_post`` and ``NAME`` (post) to the neurons'."""
        self.variables = DenseVariables(self)
        self.variables.add_constant("N", self.n_pre * self.n_post)
        self.variables.add_constant("N_pre", self.n_pre)
        self.variables.add_constant("N_post", self.n_post)
        for name, number in (("N_incoming", self.n_pre), ("N_outgoing", self.n_post)):
            if name not in self.equations.names:
                self.variables.add_constant(name, number)
        for index, line in (("i", "_row"), ("j", "_col")):  # of the synapse, within an entry
            self.variables.add_subexpression(index, expr=line, dtype=np.int32)
            self.variables[index].read_only = True
        self.variables.create_clock_variables(self._clock)
        add_indices(self.variables)
        if self.partial:
            self.variables.add_array("_present", size=len(self), dtype=bool)
            self.storage["_present"] = _STORAGE[False, False]
        for eq in self.equations.values():
            self._create_variable(eq, dtype)
        for group, suffixes, index in (
            (self.source, ("_pre",), "_presynaptic_idx"),
            (self.target, ("_post", ""), "_postsynaptic_idx"),
            (self.layer, ("_layer",), "_entry_idx"),
        ):
            if group is not None:
                self._refer_to(group, suffixes, index)

    def _create_variable(self, eq, dtype):
        """The array, or the subexpression, of one line of the model."""
        if eq.type == DIFFERENTIAL_EQUATION:
            raise UnsupportedError(
                f"'{eq.varname}' is a differential equation: DenseSynapses has no synaptic dynamics. Put the trace "
                f"on the neurons (NAME_pre, NAME_post), or: {ADVICE}"
            )
        if unknown := set(eq.flags) - _FLAGS:
            raise UnsupportedError(f"'{eq.varname}': DenseSynapses does not know the flag '{min(unknown)}'. {ADVICE}")
        shared, post_major, per_entry = (flag in eq.flags for flag in ("shared", "post_major", "per_entry"))
        if shared and (post_major or per_entry):
            raise OptionError(f"'{eq.varname}' cannot be shared and stored for each synapse.")
        common = dict(dimensions=eq.dim, dtype=get_dtype(eq, dtype), scalar=shared)
        if eq.type == PARAMETER:
            if not shared:
                self.storage[eq.varname] = _STORAGE[post_major, per_entry]
            self.variables.add_array(
                eq.varname,
                size=1 if shared else self.n_pre * self.n_post * (self.batch if per_entry else 1),
                constant="constant" in eq.flags,
                index="0" if shared else PLACES.get(_STORAGE[post_major, per_entry]),
                **common,
            )
        elif eq.type == SUBEXPRESSION:
            self.variables.add_subexpression(eq.varname, expr=str(eq.expr), **common)

    def _refer_to(self, group, suffixes, index):
        """Variables of the neurons, or of the layer, under their names here."""
        for name, variable in group.variables.items():
            if name.startswith("_") or name in ("N", "t", "dt", "t_in_timesteps"):
                continue
            if name in self.equations.names:
                raise OptionError(
                    f"The variable '{name}' exists in the group '{group.name}' and in the synapses: rename the "
                    f"synaptic one (for example to '{name}_syn')."
                )
            for suffix in suffixes[:1] if name == "i" else suffixes:
                try:
                    self.variables.add_reference(name + suffix, group, name, index="0" if variable.scalar else index)
                except TypeError:
                    pass  # an indexed (linked) variable: resolving its name raises the error that explains

    # -- code ------------------------------------------------------------------------------------------------------
    def _names_with(self, *indices):
        return {name for name, i in self.variables.indices.items() if i in indices}

    def _check_written(self, code, what, *indices):
        of_code = set()
        for name, op, _ in assignments(code):
            if op != "=" and name not in self.variables and name not in of_code:
                known = [known for known in self.variables if known[0] != "_"]
                raise OptionError(
                    f"{what} code of '{self.name}' changes '{name}', which is no variable of the synapses, of the "
                    f"source (NAME_pre) or of the target (NAME_post).{closest(name, known)}"
                )
            of_code.add(name)
        if bad := targets(code) & self._names_with("_entry_idx", *indices):
            raise UnsupportedError(
                f"{what} code of '{self.name}' writes to '{min(bad)}', once for every "
                "synapse. Do it in the neurons' group (reset string or run_regularly), or use brian2.Synapses."
            )

    def _written_by_all_entries(self, code):
        """Whether on CUDA one thread must go through all entries: they would change the same element of the matrix."""
        shared = {name for name, index in self.storage.items() if not index.startswith("_entry")}
        return self.batch > 1 and bool(targets(code) & shared)

    def _check_read_where_written(self, code, side):
        """On CUDA, threads must not read what others write: variables of a group that projects to itself."""
        if self.source is not self.target:
            return
        of_threads, of_others = ("_post", "_pre") if side == "pre" else ("_pre", "_post")
        written = {name.removesuffix(of_threads) for name in targets(code)}
        both = {name for name in get_identifiers(code) if name.endswith(of_others)} & {n + of_others for n in written}
        if both:
            raise UnsupportedError(
                f"'{self.name}' reads '{min(both)}' and writes to the same variable of '{self.target.name}': on CUDA "
                f"the outcome would depend on which thread is first. {ADVICE}"
            )

    def update(
        self,
        code,
        *,
        condition=None,
        rows=None,
        columns=None,
        then=None,
        then_condition=None,
        one_by_one=False,
        clock=None,
        when="start",
        order=0,
        name=None,
    ):
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
        runner : `DenseRunner`
        """
        for option, index, given in (("rows", "j", rows), ("columns", "i", columns)):
            if given is not None and index in get_identifiers(given):
                raise OptionError(
                    f"update of '{self.name}': {option}={given!r} is one condition for many '{index}', which does not "
                    "enter it."
                )
        by_columns = columns is not None
        if by_columns and (rows is not None or then is not None):
            raise UnsupportedError(
                f"update of '{self.name}': columns={columns!r} goes with neither `rows` nor `then`. Use two."
            )
        if by_columns:
            options = self._options_of_columns(code)
        else:
            options = self._options_of_rows(code, rows, then, then_condition, one_by_one)
        variables = Variables(self)
        one_row = self.n_pre == 1 or one_by_one
        add_indices(variables, unique_pre=by_columns, unique_post=one_row and not by_columns)
        blocks = {"update": code} | ({} if then is None else {"then": then})
        for block, truth, expression, scalar in (
            ("condition", "_update_now", condition, True),
            ("rows", "_row_active", rows, False),
            ("columns", "_column_active", columns, False),
            ("then_condition", "_then_now", then_condition, True),
        ):
            if expression is not None:
                variables.add_auxiliary_variable(truth, dtype=bool, scalar=scalar)
                blocks[block] = f"{truth} = {expression}"
        options |= {f"has_{block}": block in blocks for block in ("condition", "rows", "then", "then_condition")}
        n = sum(isinstance(o, DenseRunner) for o in self.contained_objects)
        runner = DenseRunner(
            self,
            "dense_columns" if by_columns else "dense_update",
            blocks,
            variables,
            clock=self.source.clock if clock is None else clock,
            when=when,
            order=order,
            name=f"{self.name}_update_{n}" if name is None else name,
            template_kwds=options,
        )
        self.contained_objects.append(runner)
        return runner

    def _options_of_rows(self, code, rows, then, then_condition, one_by_one):
        """What the template is told of an update by rows; refuses what does not go together."""
        for statements in (code, then or ""):
            self._check_written(statements, "update", "_presynaptic_idx")
        identifiers = get_identifiers(code) | (get_identifiers(rows) if rows else set())
        of_neurons = self._names_with("_presynaptic_idx", "_postsynaptic_idx", "_entry_idx")
        of_entries = {name for name, index in self.storage.items() if index.startswith("_entry")}
        if rows is not None and not identifiers & of_neurons:
            raise OptionError(f"update of '{self.name}': rows={rows!r} needs code that names variables of the neurons.")
        if then is not None and get_identifiers(then) & (of_neurons | of_entries):
            name = sorted(get_identifiers(then) & (of_neurons | of_entries))[0]
            raise UnsupportedError(
                f"update of '{self.name}': `then` runs once for each synapse and cannot name '{name}', which differs "
                "between the entries of the batch. Put it into a second update()."
            )
        if one_by_one and (rows is not None or then is not None):
            raise UnsupportedError(f"update of '{self.name}': one_by_one goes with neither `rows` nor `then`.")
        if then_condition is not None and then is None:
            raise OptionError(f"update of '{self.name}': then_condition={then_condition!r} without `then`.")
        options = {"per_entry": bool(identifiers & (of_neurons | of_entries)), "one_by_one": one_by_one}
        if on_cuda():
            of_target = targets(code) & self._names_with("_postsynaptic_idx")
            refused = targets(code) & self._names_with("0") | of_target
            if then is not None and refused:
                raise UnsupportedError(
                    f"update of '{self.name}': on CUDA, code that `then` follows cannot write to '{min(refused)}', "
                    "which is not a variable of the matrix. Put it into an update() of its own."
                )
            options |= {"columns": bool(of_target), "serial": self._written_by_all_entries(code)}
        return options

    def _options_of_columns(self, code):
        """The same of an update by columns."""
        self._check_written(code, "column by column, update", "_postsynaptic_idx")
        if not on_cuda():
            return {}
        of_source = bool(targets(code) & self._names_with("_presynaptic_idx"))
        return {"by_rows": of_source, "serial": self._written_by_all_entries(code)}
