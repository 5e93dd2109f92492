"""Variables of `DenseSynapses` as people know them from `brian2.Synapses`: indices, strings, monitors.

Synapses are numbered as in ``Synapses.connect()``: synapse ``i*n_post + j`` leads from neuron i of the source to neuron
j of the target, of every entry of the batch, however a variable is stored.  A variable that differs between entries
(flag `per_entry`, and those of the neurons) has the values of the first entry first.
"""

import weakref

import numpy as np
from brian2 import Clock, Quantity, StateMonitor, second
from brian2.codegen.codeobject import create_runner_codeobj
from brian2.core.namespace import get_local_namespace
from brian2.core.variables import ArrayVariable, AuxiliaryVariable, Subexpression, Variables, VariableView
from brian2.devices.device import RuntimeDevice, get_device, reset_device, set_device
from brian2.units.fundamentalunits import fail_for_dimension_mismatch
from brian2.utils.stringtools import get_identifiers

from brianff.errors import OptionError, UnsupportedError
from brianff.network.templates import on_cuda, use_templates

__all__ = [
    "PLACES", "DelayView", "DenseIndexing", "DenseSubset", "DenseVariables", "DenseView", "LikeSynapses", "NumbersOf",
]  # fmt: skip

# Where the templates find a variable -> the array of places with which Brian2's own templates (of monitors) find it.
PLACES = {f"_{what}_idx": f"_{what}_place" for what in ("post_major", "entry_matrix", "entry_post_major")}
_INDICES = ("i", "j")


class DenseVariables(Variables):
    """Variables whose arrays of places, one number a synapse, are made when a monitor asks for them, and not before."""

    def __getitem__(self, name):
        if name in PLACES.values() and name not in self._variables:
            synapses, index = self.owner, next(index for index, place in PLACES.items() if place == name)
            if synapses.batch > 1 and index != "_post_major_idx":
                raise UnsupportedError(
                    f"a monitor of '{synapses.name}' cannot record a variable that differs between the "
                    f"{synapses.batch} entries of the batch: record it on the neurons, or read it with matrix() "
                    "between two runs."
                )
            numbers = synapses._indices.numbers(slice(None), 1)
            values = synapses._indices.places(numbers, index)
            self.add_array(name, size=len(values), dtype=np.int32, values=values, constant=True, read_only=True)
        return super().__getitem__(name)


class DenseIndexing:
    """From what stands in brackets to numbers of synapses."""

    def __init__(self, synapses):
        self.n_pre, self.n_post, self.batch = synapses.n_pre, synapses.n_post, synapses.batch
        self.name = synapses.name
        self.group = weakref.proxy(synapses)

    def __call__(self, item=slice(None), index_var="_idx"):
        """Numbers of synapses, as Brian2's indexing objects give them."""
        return self.numbers(item, 1)

    def shape(self, entries):
        """Of a variable with values for so many entries."""
        return (self.n_pre, self.n_post) if entries == 1 else (entries, self.n_pre, self.n_post)

    def numbers(self, item, entries):
        """Numbers of the synapses that `item` names, of all `entries`, or of those of the batch that `item` names.

        Parameters
        ----------
        item : int, slice, array of int or bool, tuple of two or (entry first) three of them, or a subset of synapses
        entries : int
            1 for what all entries share, otherwise the size of the batch.

        Raises
        ------
        IndexError, TypeError
            Where there are no such synapses.
        """
        size = self.n_pre * self.n_post
        if isinstance(item, tuple) and len(item) == 2 and item[1] is None:  # as matplotlib asks
            return self.numbers(item[0], entries)[:, None]
        if isinstance(item, tuple):
            e, rows, columns = self.sides(item, entries)
            return (((e[:, None] * self.n_pre + rows)[:, :, None]) * self.n_post + columns).ravel()
        if hasattr(item, "_indices"):
            return (np.arange(entries)[:, None] * size + item._indices()).ravel()
        return self._named(item, entries * size, "synapse", self.shape(entries), self.shape(1))

    def sides(self, item, entries):
        """Numbers of entries, of source and of target neurons that a tuple names."""
        n_indices = 2 if entries == 1 else 3
        if not 2 <= len(item) <= n_indices:
            what = "[i, j]" if entries == 1 else "[i, j] or [entry, i, j]"
            raise IndexError(f"a synapse of '{self.name}' is {what}, with numbers of neurons, not {len(item)} indices.")
        *entry, i, j = item
        return (
            self._axis(entry[0] if entry else slice(None), entries, "entry"),
            self._axis(i, self.n_pre, "source neuron"),
            self._axis(j, self.n_post, "target neuron"),
        )

    def _axis(self, item, n, what):
        """Numbers along one side, ascending and each once, as with `Synapses`."""
        return np.unique(self._named(item._indices() if hasattr(item, "_indices") else item, n, what))

    def _named(self, item, n, what, *shapes):
        """Numbers below `n` that a slice, integers or a mask, which may have other shapes, too, name."""
        if item is Ellipsis or (isinstance(item, str) and item == "True"):
            item = slice(None)
        if isinstance(item, slice):
            return np.arange(*item.indices(n), dtype=np.int32)
        array = np.asarray(item)
        if array.dtype == bool:
            if array.shape not in ((n,), *shapes):
                allowed = " or ".join(map(str, dict.fromkeys([*shapes, (n,)])))
                raise IndexError(f"a mask of a {what} of '{self.name}' has the shape {allowed}, not {array.shape}.")
            return np.flatnonzero(array if array.ndim == 1 else np.broadcast_to(array, shapes[0]))
        if not array.size:
            return np.zeros(array.shape, int)
        if not np.issubdtype(array.dtype, np.integer):
            raise TypeError(
                f"a {what} of '{self.name}' is named by integers, booleans or slices, not by {array.dtype} values."
            )
        if array.min() < -n or array.max() >= n:
            bad = int(array.min() if array.min() < -n else array.max())
            raise IndexError(f"there is no {what} {bad} in '{self.name}': they are 0 to {n - 1}.")
        return np.where(array < 0, array + n, array)

    def places(self, numbers, index):
        """Where the values of synapses lie in a variable that the templates find by `index`."""
        entry, pair = np.divmod(numbers, self.n_pre * self.n_post)
        i, j = np.divmod(pair, self.n_post)
        return {
            "_idx": lambda: pair,
            "_post_major_idx": lambda: j * self.n_pre + i,
            "_entry_matrix_idx": lambda: numbers,
            "_entry_post_major_idx": lambda: entry * self.n_pre * self.n_post + j * self.n_pre + i,
            "_presynaptic_idx": lambda: entry * self.n_pre + i,
            "_postsynaptic_idx": lambda: entry * self.n_post + j,
            "_entry_idx": lambda: entry,
        }[index]()


class DenseSubset:
    """Some synapses of `DenseSynapses`, to index with: ``S[0, :]``, for example for a `StateMonitor`."""

    def __init__(self, synapses, numbers):
        self.name, self._numbers = synapses.name, np.atleast_1d(numbers)

    def _indices(self, index_var="_idx"):
        return self._numbers

    def __len__(self):
        return len(self._numbers)

    def __repr__(self):
        return f"<{len(self)} synapses of {self.name}>"


class NumbersOf:
    """``S.indices[...]``: numbers of synapses, by index or by condition."""

    def __init__(self, synapses):
        self.synapses = weakref.proxy(synapses)

    def __getitem__(self, item):
        return self.get(item, get_local_namespace(level=1))

    def get(self, item, namespace):
        if isinstance(item, str):
            return numbers_where(self.synapses, item, 1, namespace)
        return self.synapses._indices.numbers(item, 1)


def _places_of(synapses, *codes):
    """Variables in code, by way of subexpressions as well, and by which index the templates find each."""
    found, todo, seen = {}, set().union(*map(get_identifiers, codes)), set()
    while todo:
        name = todo.pop()
        seen.add(name)
        variable = synapses.variables.get(name)
        if isinstance(variable, Subexpression) and name not in _INDICES:
            todo |= get_identifiers(variable.expr) - seen
        elif variable is not None:
            found[name] = _place(synapses, name)
    return found


def _entries_of(synapses, *codes):
    """Names in code whose values differ between the entries of a batch."""
    shared = ("_idx", "_post_major_idx", "0")
    return {name for name, place in _places_of(synapses, *codes).items() if place not in shared}


def _place(synapses, name):
    """The index by which the templates find a variable."""
    return synapses.storage.get(name, synapses.variables.indices[name])


def _require_one_value(synapses, entries, *codes):
    if entries == 1 and synapses.batch > 1 and (names := _entries_of(synapses, *codes)):
        raise UnsupportedError(
            f"'{min(names)}' differs between the {synapses.batch} entries of the batch of '{synapses.name}', and what "
            "they share has one value: use update(), or give an array."
        )


def _run_code(synapses, template, code, entries, run_namespace, auxiliary=(), numbers=None, check_units=True):
    """Run statements on some synapses at once, outside of a simulation."""
    use_templates()
    variables = Variables(synapses)
    for name, index in synapses.storage.items():
        variables.add_reference(name, synapses, name, index=index)
    for name, options in auxiliary:
        variables.add_auxiliary_variable(name, **options)
    if numbers is not None:
        variables.add_array("_group_idx", size=len(numbers), dtype=np.int32, values=numbers)
    own = {"n_pre": synapses.n_pre, "n_post": synapses.n_post, "entries": entries, "has_numbers": numbers is not None}
    code_object = create_runner_codeobj(
        synapses,
        code,
        template,
        additional_variables=variables,
        needed_variables=["_group_idx"] if numbers is not None else [],
        template_kwds={f"_{name}": value for name, value in own.items()} | {"_has_condition": "condition" in code},
        check_units=check_units,
        run_namespace=run_namespace,
        codeobj_class=get_device().code_object_class(fallback_pref="codegen.string_expression_target"),
    )
    return code_object()


def _values(synapses, expression, entries, run_namespace, numbers=None, **options):
    """Values of an expression, one for each synapse; on a standalone device from the state that the run has left."""
    device = get_device()
    if isinstance(device, RuntimeDevice):
        auxiliary = [("_value", options)]
        code = {"statement": f"_value = {expression}"}
        return _run_code(synapses, "dense_get", code, entries, run_namespace, auxiliary, numbers)
    if not device.has_been_run:
        raise UnsupportedError(
            f"Cannot retrieve values of '{synapses.name}' in standalone code before the simulation has been run."
        )
    set_device("runtime")
    try:
        return _values(synapses, expression, entries, run_namespace, numbers, **options)
    finally:
        reset_device()


def numbers_where(synapses, condition, entries, run_namespace):
    """Numbers of the synapses for which a condition holds."""
    _require_one_value(synapses, entries, condition)
    return np.flatnonzero(_values(synapses, condition, entries, run_namespace, dtype=bool))


class DenseView(VariableView):
    """A variable of `DenseSynapses` as an array with one value a synapse, with Brian2's way to index and to assign."""

    def __init__(self, name, variable, synapses, dimensions):
        self.name, self.variable, self.dim = name, variable, dimensions
        self.index_var_name = self.index_var = "_idx"
        self.group = synapses if isinstance(variable, Subexpression) else weakref.proxy(synapses)
        self.group_name, self.indexing = synapses.name, synapses._indices
        self.place = _place(synapses, name)
        self.entries = synapses.batch if _entries_of(synapses, name) else 1

    ndim = 1

    @property
    def shape(self):
        return (self.entries * self.indexing.n_pre * self.indexing.n_post,)

    # -- reading ---------------------------------------------------------------------------------------------------
    def get_with_index_array(self, item):
        values = self.variable.get_value()
        if _is_whole(item) and self.place in ("_idx", "_entry_matrix_idx"):
            return values[:]
        return values[self.indexing.places(self.indexing.numbers(item, self.entries), self.place)]

    def get_subexpression_with_index_array(self, item, run_namespace):
        numbers = self.indexing.numbers(item, self.entries)
        if self.name in _INDICES:
            i, j = np.divmod(numbers, self.indexing.n_post)
            return np.asarray(i if self.name == "i" else j, dtype=np.int32)[()]
        variable, flat = self.variable, np.atleast_1d(numbers)
        options = dict(dimensions=variable.dim, dtype=variable.dtype)
        values = _values(self.group, self.name, self.entries, run_namespace, flat.ravel(), **options)
        return values.reshape(flat.shape) if np.ndim(numbers) else values[0]

    def get_with_expression(self, code, run_namespace):
        if not isinstance(get_device(), RuntimeDevice):
            return VariableView.get_with_expression(self, code, run_namespace=run_namespace)
        numbers = numbers_where(self.group, code, self.entries, run_namespace)
        if isinstance(self.variable, Subexpression):
            return self.get_subexpression_with_index_array(numbers, run_namespace)
        return self.get_with_index_array(numbers)

    # -- assigning -------------------------------------------------------------------------------------------------
    def set_with_index_array(self, item, value, check_units):
        variable = self.variable
        if check_units:
            fail_for_dimension_mismatch(variable.dim, value, f"Incorrect unit for setting variable {self.name}")
        values = np.asarray(Quantity(value))
        numbers = self.indexing.numbers(item, self.entries)
        values = self._fitting(values, item, numbers)
        device = get_device()
        if _is_whole(item):
            if values.size > 1:
                stored = np.empty(variable.size, variable.dtype)
                stored[self.indexing.places(numbers, self.place)] = values
                values = stored
            return device.fill_with_array(variable, values)
        places = np.atleast_1d(self.indexing.places(numbers, self.place)).ravel()
        if isinstance(device, RuntimeDevice):
            variable.get_value()[places] = values
        elif len(places):
            self._queue(device, places, np.broadcast_to(values, places.shape))

    def _queue(self, device, places, values):
        """Let a standalone device assign single values."""
        flat = VariableView.__new__(VariableView)
        flat.name, flat.variable, flat.index_var = self.name, self.variable, "_idx"
        flat.indexing = lambda item, index_var=None: np.asarray(item)
        device.variableview_set_with_index_array(flat, places.tolist(), values.astype(self.variable.dtype), False)

    def _fitting(self, values, item, numbers):
        """Values as a flat array of as many as there are synapses, or as one."""
        if values.size == 1:
            return values.reshape(-1)
        shapes = [(np.size(numbers),)]
        if _is_whole(item):
            shapes += [self.indexing.shape(self.entries), self.indexing.shape(1)]
        elif isinstance(item, tuple):
            entries, rows, columns = map(len, self.indexing.sides(item, self.entries))
            shapes += [(rows, columns), *([(entries, rows, columns)] if self.entries > 1 else [])]
        if values.shape not in shapes:
            raise OptionError(
                f"'{self.name}' of '{self.group_name}': values of shape {values.shape} for {np.size(numbers)} "
                f"synapses; give one value, or an array of shape {' or '.join(map(str, dict.fromkeys(shapes)))}."
            )
        if values.ndim > 1:
            values = np.broadcast_to(values, (np.size(numbers) // values.size, *values.shape))
        return values.ravel()

    def _by_brian2cuda(self, *codes):
        """Whether brian2cuda has to run this code, which knows variables in the order of the synapses alone."""
        if not on_cuda():
            return False
        places = _places_of(self.group, self.name, *codes)
        if others := [name for name, place in places.items() if place not in ("_idx", "0") or name in _INDICES]:
            raise UnsupportedError(
                f"'{self.name}' of '{self.group_name}': on CUDA, '{min(others)}' cannot stand in a string that is "
                f"assigned: give an array of shape {self.indexing.shape(self.entries)}."
            )
        return True

    def set_with_expression(self, item, code, run_namespace, check_units=True):
        if self._by_brian2cuda(code):
            return VariableView.set_with_expression(self, item, code, run_namespace, check_units)
        numbers = np.atleast_1d(self.indexing.numbers(item, self.entries)).ravel()
        self._set({"statement": f"{self.name} = {code}"}, [code], run_namespace, check_units, numbers)

    def set_with_expression_conditional(self, cond, code, run_namespace, check_units=True):
        if self._by_brian2cuda(cond, code):
            return VariableView.set_with_expression_conditional(self, cond, code, run_namespace, check_units)
        blocks = {"statement": f"{self.name} = {code}"}
        if cond != "True":
            blocks["condition"] = f"_cond = {cond}"
        self._set(blocks, [cond, code], run_namespace, check_units)

    def _set(self, blocks, codes, run_namespace, check_units, numbers=None):
        _require_one_value(self.group, self.entries, *codes)
        auxiliary = [("_cond", dict(dtype=bool))] if "condition" in blocks else []
        _run_code(self.group, "dense_set", blocks, self.entries, run_namespace, auxiliary, numbers, check_units)


class DelayView(VariableView):
    """The delay of a pathway as an array with one value a synapse, all of them the same."""

    def __init__(self, pathway, dimensions):
        self.pathway, self.name, self.dim = pathway, "delay", dimensions
        self.group_name, self.indexing = pathway.name, pathway.synapses._indices
        self.variable = None

    @property
    def shape(self):
        return (self.indexing.n_pre * self.indexing.n_post,)

    ndim, dtype = 1, np.dtype(float)

    def get_item(self, item, level=0, namespace=None):
        if isinstance(item, str):
            namespace = get_local_namespace(level=level + 1) if namespace is None else namespace
            item = numbers_where(self.pathway.synapses, item, 1, namespace)
        values = np.full(np.shape(self.indexing.numbers(item, 1)), self.pathway.delay_in_seconds)[()]
        return values if self.dim is None else Quantity(values, self.dim)

    def set_item(self, item, value, level=0, namespace=None):
        if not _is_whole(item) and not np.all(np.asarray(value) == self.pathway.delay_in_seconds):
            raise UnsupportedError(
                f"'{self.group_name}' has one delay for all synapses, which S.delay = 2*ms sets. Use brian2.Synapses "
                "for several."
            )
        self.pathway.delay = value if self.dim is not None or isinstance(value, str) else Quantity(value, second.dim)

    def __repr__(self):
        return f"<{self.group_name}.delay: {self.pathway.delay_in_seconds * second!r} for all {self.shape[0]} synapses>"


def _is_whole(item):
    return item is Ellipsis or (isinstance(item, slice) and item == slice(None))


def _degrees(number, doc, side=None):
    """How many synapses neurons have, as many for each: of the neurons on a side, or of those of every synapse."""

    def degrees(synapses):
        return np.full(len(getattr(synapses, side) if side else synapses), getattr(synapses, number), dtype=np.int32)

    return property(degrees, doc=doc)


class LikeSynapses:
    """What people know of `brian2.Synapses`, for a class with the attributes of `DenseSynapses`, before `Group`."""

    def state(self, name, use_units=True, level=0):
        """A state variable as an array with one value a synapse; see `DenseView`."""
        if name in ("N_incoming", "N_outgoing"):
            return getattr(self, name)
        variable = self.variables[name] if name in self.variables else None
        synaptic = isinstance(variable, (ArrayVariable, Subexpression)) and not variable.scalar
        if not synaptic or name.startswith("_"):
            return super().state(name, use_units, level)
        return DenseView(name, variable, self, variable.dim if use_units else None)

    def __setattr__(self, key, value, level=0):
        of_variable = "_group_attribute_access_active" in self.__dict__ and key not in self.__dict__
        name, units = (key, True) if of_variable and key in self.variables else (key.removesuffix("_"), False)
        if not of_variable or hasattr(type(self), key) or name not in self.variables or name.startswith("_"):
            return super().__setattr__(key, value, level + 1)
        variable = self.variables[name]
        if variable.read_only or not isinstance(variable, (ArrayVariable, Subexpression)):
            raise TypeError(f"Variable {name} is read-only.")
        if isinstance(variable, Subexpression):
            raise TypeError(f"Cannot set '{name}', it is a subexpression.")
        self.state(name, units).set_item(slice(None), value, level=level + 1)

    def before_run(self, run_namespace):
        """Refuse monitors of what differs between neurons, which Brian2's templates would not find."""
        for reference in StateMonitor.__instances__():
            monitor = reference()
            for name in monitor.record_variables if monitor is not None and monitor.source is self else ():
                if name not in self.storage and (others := self._not_flat(name)):
                    raise UnsupportedError(
                        f"'{monitor.name}' cannot record '{name}' of '{self.name}', since '{min(others)}' is stored in "
                        "another order than the synapses: record the neurons, and the variables of the synapses."
                    )
        super().before_run(run_namespace)

    def _not_flat(self, name):
        """What a variable depends on that is not stored in the order of the synapses."""
        places = _places_of(self, name).items()
        return [other for other, place in places if place not in ("_idx", "0") or other in _INDICES]

    def __getitem__(self, item):
        """Some synapses, to index with: ``S[0, :]``, ``S["i == j"]``."""
        return DenseSubset(self, self.indices.get(item, get_local_namespace(level=1)))

    def get_states(self, vars=None, units=True, format="dict", subexpressions=False, read_only_variables=True, level=0):
        """As `Group.get_states`; with the indices `i` and `j`, as `Synapses` has them."""
        if vars is None:
            vars = [
                name
                for name, variable in self.variables.items()
                if not name.startswith("_")
                and not isinstance(variable, AuxiliaryVariable)
                and (subexpressions or name in _INDICES or not isinstance(variable, Subexpression))
                and (read_only_variables or not getattr(variable, "read_only", False))
            ]
        return super().get_states(vars, units, format, subexpressions, read_only_variables, level + 1)

    def run_regularly(self, code, dt=None, clock=None, when="start", order=0, name=None, codeobj_class=None):
        """As `Group.run_regularly`: `update`, with a clock of its own where `dt` is given."""
        if dt is not None and clock is not None:
            raise OptionError("Cannot specify both a dt and a clock.")
        clock = self.clock if dt is None and clock is None else Clock(dt=dt) if clock is None else clock
        return self.update(code, clock=clock, when=when, order=order, name=name)

    def connect(self, condition=None, i=None, j=None, p=1.0, n=1, skip_if_invalid=False, namespace=None, level=0):
        """Nothing to do: every neuron of the source is connected to every one of the target from the beginning.

        Raises
        ------
        NotImplementedError
            For anything else than all connections, each once.
        """
        certain = p.strip() in ("1", "1.0") if isinstance(p, str) else np.all(np.asarray(p) >= 1)
        if n != 1 or not certain or not self._are_all(condition, i, j):
            raise UnsupportedError(
                f"'{self.name}' connects every neuron of '{self.source.name}' to every one of '{self.target.name}', "
                "once, and cannot leave synapses out: use brian2.Synapses for this connection, or let the code of a "
                'synapse that is not there do nothing, as in "v_post += w*int(i != j)".'
            )

    def _are_all(self, condition, i, j):
        """Whether a condition, or numbers of neurons, name every pair once."""
        if i is None and j is None:
            return condition is None or condition is True or condition == "True"
        if condition is not None or any(side is None or isinstance(side, str) for side in (i, j)):
            return False
        i, j = np.broadcast_arrays(i, j)
        return np.array_equal(np.sort((i * self.n_post + j).ravel()), np.arange(len(self)))

    N_outgoing_pre = _degrees("n_post", "Synapses of every source neuron, shape (N_pre,).", "source")
    N_incoming_post = _degrees("n_pre", "Synapses of every target neuron, shape (N_post,).", "target")
    N_outgoing = _degrees("n_post", "For every synapse, synapses of its source neuron.")
    N_incoming = _degrees("n_pre", "For every synapse, synapses of its target neuron.")

    summed_updaters = {}  # there are no summed variables

    def __repr__(self):
        batch = f", batch of {self.batch}" if self.batch > 1 else ""
        return (
            f"<{type(self).__name__} '{self.name}': {self.n_pre} x {self.n_post} synapses from '{self.source.name}' to "
            f"'{self.target.name}'{batch}>"
        )

    __str__ = __repr__
