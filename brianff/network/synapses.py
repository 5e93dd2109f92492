"""What synapses that a batch shares have in common, dense or convolutional: variables, code at spikes, updates.

A group of ``batch * n`` neurons holds ``batch`` independent copies of a layer: entry ``b`` owns the neurons
``b*n ... (b+1)*n - 1``.  Entry ``b`` of the source projects to entry ``b`` of the target, and all entries share the
synapses.  Strings of the kind that `brian2.Synapses` takes go to Brian2's own code generator, with templates that know
where the synapses of a spike lie in memory; `brian2.Synapses` remains the reference.
"""

import contextlib
import weakref
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from brian2 import Quantity, second
from brian2.core.variables import Variables
from brian2.equations.equations import DIFFERENTIAL_EQUATION, PARAMETER, SUBEXPRESSION, Equations
from brian2.groups.group import CodeRunner, Group, get_dtype
from brian2.groups.subgroup import Subgroup
from brian2.synapses.synapses import Synapses
from brian2.units.fundamentalunits import fail_for_dimension_mismatch
from brian2.utils.stringtools import get_identifiers

from brianff.equations.text import assignments, closest, targets
from brianff.errors import OptionError, UnsupportedError
from brianff.network.processes import in_processes
from brianff.network.templates import on_cuda, use_templates
from brianff.origin import point_at_user
from brianff.values import evaluate

__all__ = ["ADVICE", "BatchSynapses", "Pathway", "SynapsesRunner"]

ADVICE = "Use brian2.Synapses for this connection."
_OF_OBJECTS = {"name", "namespace", "dt", "clock", "order"}  # options of any object of Brian2's
# Options of brian2.Synapses that need another kind of synapses.
_OF_SYNAPSES = {"on_event", "multisynaptic_index", "codeobj_class", "method_options"}
# Conditions of an update -> name of the truth value, and whether it is one for all.
_TRUTHS = {
    "condition": ("_update_now", True),
    "rows": ("_row_active", False),
    "columns": ("_column_active", False),
    "then_condition": ("_then_now", True),
}


class BatchSynapses(Group):
    """Base of `DenseSynapses` and `ConvolutionSynapses`, whose documentation says what the arguments are.

    Attributes
    ----------
    n_pre, n_post : int
        Neurons of one batch entry on either side.
    storage : dict of str -> str
        Synaptic variable -> the index by which code reaches it.
    geometry : dict
        What the templates are told of the synapses.
    """

    add_to_magic_network = True
    invalidates_magic_network = True

    indices_of_code: ClassVar = ()  # (name, unique within a piece of vector code) that the templates define
    variables_class = Variables
    templates: ClassVar = {}  # "propagate", "update" -> name
    flags: ClassVar = frozenset({"shared", "constant"})  # of a synaptic variable
    needed = ()  # variables that all templates read
    by_rows = False  # whether processes can change rows of a matrix side by side
    targeted = True  # whether code knows neurons on two sides

    @staticmethod
    def delay_view(pathway, dimensions):
        """What the attribute `delay` of a pathway is."""
        return Quantity(pathway.delay_in_seconds, dimensions) if dimensions else pathway.delay_in_seconds

    def __init__(
        self, source, target, model, on_pre, on_post, *, batch=1, layer=None, delay=None, dtype=None, **of_object
    ):
        of_object.pop("method", None)  # there for the sake of the same signature as that of brian2.Synapses
        if others := of_object.keys() - _OF_OBJECTS:
            error, advice = (NotImplementedError, f" {ADVICE}") if min(others) in _OF_SYNAPSES else (TypeError, "")
            raise error(f"{type(self).__name__} has no option '{min(others)}'.{advice}")
        target = source if target is None else target
        use_templates()
        batch = int(batch)
        self._check_sides(source, target, batch)
        if of_object.get("dt") is of_object.get("clock") is None:
            of_object["clock"] = source.clock
        Group.__init__(self, when="start", **of_object)
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
        self.storage = {}
        self._create_variables(dtype)
        self.on_pre, self.on_post = on_pre, on_post
        self._arrange()
        self._enable_group_attributes()
        self._add_pathways(on_pre, on_post, delay)

    def _check_sides(self, source, target, batch):
        kind = type(self).__name__
        for side, group in (("source", source), ("target", target)):
            if isinstance(group, (Subgroup, Synapses)):
                raise UnsupportedError(
                    f"{kind} cannot use {type(group).__name__} '{group.name}' as its {side}: a batch entry is "
                    f"a contiguous block of a whole group. {ADVICE}"
                )
            if batch < 1 or len(group) % batch:
                raise OptionError(
                    f"the {side} group '{group.name}' has {len(group)} neurons, which is not a multiple of "
                    f"batch={batch}: every batch entry needs the same number."
                )

    def _arrange(self):
        """What a kind of synapses makes before its variables can be reached as attributes."""

    @property
    def geometry(self):
        return {"n_pre": self.n_pre, "n_post": self.n_post, "batch": self.batch, "processes": in_processes()}

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
            self.check_code(code, f"on_{side}", "_presynaptic_idx" if side == "pre" else "_postsynaptic_idx")
            pathway = Pathway(self, side, name, code)
            pathway.delay = delays.get(name)
            self.contained_objects.append(pathway)
            object.__setattr__(self, name, pathway)

    # -- variables -------------------------------------------------------------------------------------------------
    def _create_variables(self, dtype):
        """Synaptic variables, and references ``NAME_pre``, ``NAME_post`` and ``NAME`` (post) to the neurons'."""
        self.variables = self.variables_class(self)
        self.variables.add_constant("N", len(self))
        self.variables.add_constant("N_pre", self.n_pre)
        self.variables.add_constant("N_post", self.n_post)
        numbers = (("i", "_row"), ("j", "_col")) if self.targeted else (("i", "_row"),)
        for index, line in numbers:  # of the synapse, within an entry
            self.variables.add_subexpression(index, expr=line, dtype=np.int32)
            self.variables[index].read_only = True
        self.variables.create_clock_variables(self._clock)
        add_indices(self.variables, self.indices_of_code)
        self._create_own()
        for eq in self.equations.values():
            self._create_variable(eq, dtype)
        for group, suffixes, index in (
            (self.source, ("_pre",), "_presynaptic_idx"),
            (self.target if self.targeted else None, ("_post", ""), "_postsynaptic_idx"),
            (self.layer, ("_layer",), "_entry_idx"),
        ):
            if group is not None:
                self._refer_to(group, suffixes, index)

    def _create_own(self):
        """Variables of a kind of synapses, beside those of the model."""

    def _stored(self, eq):
        """(index, number of values, index of Brian2's own templates) of a synaptic variable that is not shared."""
        return "_idx", len(self), None

    def _create_variable(self, eq, dtype):
        """The array, or the subexpression, of one line of the model."""
        kind = type(self).__name__
        if eq.type == DIFFERENTIAL_EQUATION:
            raise UnsupportedError(
                f"'{eq.varname}' is a differential equation: {kind} has no synaptic dynamics. Put the trace "
                f"on the neurons (NAME_pre, NAME_post), or: {ADVICE}"
            )
        if unknown := set(eq.flags) - self.flags:
            raise UnsupportedError(f"'{eq.varname}': {kind} does not know the flag '{min(unknown)}'. {ADVICE}")
        shared = "shared" in eq.flags
        common = dict(dimensions=eq.dim, dtype=get_dtype(eq, dtype), scalar=shared)
        if eq.type == PARAMETER:
            index, size, place = ("0", 1, "0") if shared else self._stored(eq)
            if not shared:
                self.storage[eq.varname] = index
            constant = "constant" in eq.flags
            self.variables.add_array(eq.varname, size=size, constant=constant, index=place, **common)
        elif eq.type == SUBEXPRESSION:
            self.variables.add_subexpression(eq.varname, expr=str(eq.expr), **common)

    def _refer_to(self, group, suffixes, index):
        """Variables of the neurons, or of the layer, under their names here."""
        for name, variable in group.variables.items():
            if name.startswith("_") or name in ("N", "t", "dt", "t_in_timesteps"):
                continue
            if any(name + suffix in self.equations.names for suffix in suffixes):
                raise OptionError(
                    f"The variable '{name}' exists in the group '{group.name}' and in the synapses: rename the "
                    f"synaptic one (for example to '{name}_syn')."
                )
            for suffix in suffixes[:1] if name == "i" else suffixes:
                # of an indexed (linked) variable, resolving its name raises the error that explains
                with contextlib.suppress(TypeError):
                    self.variables.add_reference(name + suffix, group, name, index="0" if variable.scalar else index)

    # -- code ------------------------------------------------------------------------------------------------------
    def _names_with(self, *indices):
        return {name for name, i in self.variables.indices.items() if i in indices}

    def check_code(self, code, what, *indices):
        """Refuse code that changes what no piece of code of this kind (`what`) can change."""
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

    def _common(self):
        """Synaptic variables that all entries of the batch have in common."""
        return {name for name, index in self.storage.items() if not index.startswith("_entry")}

    def written_by_all_entries(self, code):
        """Whether on CUDA one thread must go through all entries: they would change the same synapses."""
        return self.batch > 1 and bool(targets(code) & self._common())

    def check_read_where_written(self, code, side):
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

    def _shared_out(self, code):
        """How several processes share out an update, see `brianff.network.processes`."""
        written = targets(code)
        if not written & self._common():
            return "entries"
        of_neurons = self._names_with("_presynaptic_idx", "_postsynaptic_idx", "_entry_idx")
        return "rows" if self.by_rows and not written & of_neurons else "nothing"

    def _add_update(
        self, template, code, unique, told, *, then=None, clock=None, when="start", order=0, name=None, **conditions
    ):
        """A runner of code at the ticks of a clock.

        Parameters
        ----------
        template : str
        code, then : str
        unique : set of str
            Indices that are unique in one piece of vector code.
        told : dict
            What the template is told.
        **conditions : str
            Of `_TRUTHS`.
        """
        variables = Variables(self)
        add_indices(variables, self.indices_of_code, unique)
        blocks = {"update": code} | ({} if then is None else {"then": then})
        for block, (truth, scalar) in _TRUTHS.items():
            if (expression := conditions.pop(block, None)) is not None:
                variables.add_auxiliary_variable(truth, dtype=bool, scalar=scalar)
                blocks[block] = f"{truth} = {expression}"
        if conditions:
            raise TypeError(f"update of '{self.name}' has no option '{min(conditions)}'.")
        told["shared_out"] = self._shared_out(f"{code}\n{then or ''}")
        told |= {f"has_{block}": block in blocks for block in ("condition", "rows", "then", "then_condition")}
        n = sum(isinstance(o, SynapsesRunner) for o in self.contained_objects)
        options = dict(name=f"{self.name}_update_{n}" if name is None else name, when=when, order=order)
        options["clock"] = self.source.clock if clock is None else clock
        runner = SynapsesRunner(self, template, blocks, variables, template_kwds=told, **options)
        self.contained_objects.append(runner)
        return runner

    def _require_one_condition(self, option, index, given):
        if given is not None and index in get_identifiers(given):
            raise OptionError(
                f"update of '{self.name}': {option}={given!r} is one condition for many '{index}', which does not "
                "enter it."
            )

    def _options_of_rows(self, code, rows, then, then_condition):
        """What the template is told of an update by rows; refuses what does not go together."""
        self._require_one_condition("rows", "j", rows)
        for statements in (code, then or ""):
            self.check_code(statements, "update", "_presynaptic_idx")
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
        if then_condition is not None and then is None:
            raise OptionError(f"update of '{self.name}': then_condition={then_condition!r} without `then`.")
        options = {"per_entry": bool(identifiers & (of_neurons | of_entries))}
        if on_cuda():
            of_target = targets(code) & self._names_with("_postsynaptic_idx")
            refused = targets(code) & self._names_with("0") | of_target
            if then is not None and refused:
                raise UnsupportedError(
                    f"update of '{self.name}': on CUDA, code that `then` follows cannot write to '{min(refused)}', "
                    "which is not a variable of the synapses. Put it into an update() of its own."
                )
            options |= {"columns": bool(of_target), "serial": self.written_by_all_entries(code)}
        return options


# -- what runs code: through a template, at spikes or at the ticks of a clock ------------------------------------------
def add_indices(variables, names, unique=()):
    """Add the index variables that the templates define themselves, so that no generator loads them from an array.

    The generators ask whether the indices in one piece of vector code are unique: they decide on ``ufunc.at`` in NumPy
    and on the check for order dependence.

    Parameters
    ----------
    variables : `brian2.core.variables.Variables`
    names : sequence of (name, whether it is unique in any piece of vector code)
    unique : set of str
        Those that are unique in this one.
    """
    for name, always in names:
        variables.add_auxiliary_variable(name, dtype=np.int32)
        variables[name].unique = always or name in unique
        # Expressions of neurons may lead to variables of their entry; a link by itself is refused where it is used.
        variables[name].read_only = name == "_entry_idx"


class SynapsesRunner(CodeRunner):
    """Runs one piece of code of synapses through one of their templates."""

    def __init__(self, synapses, template, code, variables, **kwds):
        self.variables = variables
        for name, index in synapses.storage.items():
            variables.add_reference(name, synapses, name, index=index)
        # A template finds variables and these under their names: no variable can have one with an underscore in front.
        told = kwds.get("template_kwds", {}) | synapses.geometry
        kwds["template_kwds"] = {f"_{name}": value for name, value in told.items()}
        CodeRunner.__init__(self, synapses, template, code=code, needed_variables=list(synapses.needed), **kwds)
        for name in targets(self.text()):
            if (variable := synapses.variables.get(name)) is not None:
                getattr(variable.owner, "set_by_synapses", set()).add(variable.name)
        point_at_user(self)

    def text(self):
        """All of its code."""
        code = self.abstract_code
        return "\n".join(code.values()) if isinstance(code, dict) else code

    def before_run(self, run_namespace):
        self.template_kwds["_cleared"] = self._cleared()
        super().before_run(run_namespace)

    def _cleared(self):
        """Variables that `then` leaves at zero whenever it runs, and that nothing but this runner changes in a run.

        They need not be in memory from one time to the next.  For programs of `brianff.network.processes` alone: in
        others, something may set them between two runs.
        """
        if not in_processes() or not isinstance(self.abstract_code, dict) or "then" not in self.abstract_code:
            return []
        last = {name: (op, value.strip()) for name, op, value in assignments(self.abstract_code["then"])}
        zero = {name for name, how in last.items() if how == ("=", "0")}
        for other in self.group.contained_objects:
            if isinstance(other, SynapsesRunner) and other is not self:
                zero -= targets(other.text())
        storage = self.group.storage
        return [self.variables[name] for name in sorted(zero) if storage.get(name) == "_idx"]


class Pathway(SynapsesRunner):
    """Code at the spikes of one side: along a row of the matrix for `on_pre`, along a column for `on_post`.

    Attributes
    ----------
    delay : `Quantity`
        From a spike to its effects, rounded to time steps; may be assigned until spikes are on their way.
    """

    def __init__(self, synapses, side, name, code):
        pre = side == "pre"
        group = synapses.source if pre else synapses.target
        if "_spikespace" not in group.variables:
            raise OptionError(
                f"'{group.name}' has no threshold and never spikes: give it one, or leave on_{side} of "
                f"'{synapses.name}' out (update() runs code at other times)."
            )
        variables = Variables(synapses)
        add_indices(variables, synapses.indices_of_code, {"_postsynaptic_idx" if pre else "_presynaptic_idx"})
        variables.add_reference("_spikespace", group)
        options = {"side": side, "n_spiking": len(group)}
        if on_cuda():
            options["serial"] = synapses.written_by_all_entries(code)
            synapses.check_read_where_written(code, side)
            if "_fired" in group.variables:
                variables.add_reference("_fired", group)
        SynapsesRunner.__init__(
            self,
            synapses,
            synapses.templates["propagate"],
            code,
            variables,
            clock=group.clock,
            when="synapses",
            order=synapses.order + (-1 if pre else 1),  # as the pathways of brian2.Synapses
            name=f"{synapses.name}_{name}",
            template_kwds=options,
        )
        self.synapses, self.spiking, self.side, self.pathway = weakref.proxy(synapses), group, side, name
        self.code = code
        self.delay_in_seconds, self._steps, self._dt, self._has_run = 0.0, 0, None, False
        self._arrange()

    def _arrange(self):
        """What the template is told, and needs, for a delay of so many steps."""
        self.template_kwds["_delay_steps"] = self._steps
        needed, since = ["_spikespace"], "_since" in self.variables
        if self._steps:
            needed += ["_ring", "t_in_timesteps", *(["_since"] if since else [])]
        self.template_kwds["_has_since"] = bool(self._steps and since)
        if on_cuda():
            self.template_kwds["_has_fired"] = "_fired" in self.variables and not self._steps
            if self.template_kwds["_has_fired"]:
                needed = ["_fired"]
            elif hasattr(self.spiking, "step"):  # `BatchNeurons`, which otherwise need no list of their spikes
                self.spiking.step.template_kwds["_listed"] = True
        self.needed_variables = [*needed, *self.synapses.needed]

    def forget(self, group, variable):
        """Let delayed spikes have no effects that are older than the time step in a shared variable of a group."""
        self.variables.add_reference("_since", group, variable, index="0")
        self._arrange()

    @property
    def delay(self):
        return self.synapses.delay_view(self, second.dim)

    @property
    def delay_(self):
        """`delay` in seconds."""
        return self.synapses.delay_view(self, None)

    @delay_.setter
    def delay_(self, delay):
        self.delay = Quantity(delay, second.dim)

    @delay.setter
    def delay(self, delay):
        delay = self._one_delay(delay)
        dt = float(self.spiking.clock.dt)
        steps = int(delay / dt + 0.5)
        if self._has_run and self._steps and steps != self._steps:
            raise UnsupportedError(
                f"the delay of '{self.name}' cannot change after a run, when spikes are on their way: assign it before."
            )
        if steps and self.side == "post":
            raise UnsupportedError(f"'{self.name}': on_post code has no delay. {ADVICE}")
        self.delay_in_seconds, self._dt = delay, dt
        if steps == self._steps:
            return
        self._steps, ring = steps, "_ring" if self.pathway == "pre" else f"_ring_{self.pathway}"
        of_synapses = self.synapses.variables  # which are stored and restored
        for variables, name in ((of_synapses, ring), (self.variables, "_ring")):
            variables._variables.pop(name, None)
        if steps:  # a ring of the last spikes
            of_synapses.add_array(ring, size=(steps + 1) * (len(self.spiking) + 1), dtype=np.int32)
            self.variables.add_reference("_ring", self.synapses, ring)
        self._arrange()

    def _one_delay(self, delay):
        """A delay in seconds, one for all synapses."""
        if delay is None:
            return 0.0
        if isinstance(delay, str):
            try:
                delay = evaluate(delay)
            except ValueError:
                raise UnsupportedError(
                    f"'{self.name}' has one delay for all synapses, a time such as 2*ms, not '{delay}'. {ADVICE}"
                ) from None
        fail_for_dimension_mismatch(
            delay, second, "the delay of synapses must have the unit of time, not {value}", value=delay
        )
        values = np.unique(np.asarray(delay, dtype=float))
        if len(values) != 1:
            raise UnsupportedError(f"'{self.name}' has one delay for all synapses, not {len(values)}. {ADVICE}")
        if not values[0] >= 0:
            raise OptionError(f"the delay of '{self.name}' cannot be negative: {delay}.")
        return float(values[0])

    def before_run(self, run_namespace):
        if self._steps and float(self.spiking.clock.dt) != self._dt:
            raise UnsupportedError(
                f"the time step of '{self.spiking.name}' has changed since '{self.synapses.name}' was made with a "
                "delay: set defaultclock.dt first."
            )
        self._has_run = True
        super().before_run(run_namespace)
