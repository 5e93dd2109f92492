"""What runs the code of synapses that a batch shares: through one of our templates, at spikes or at a clock's ticks."""

import weakref

import numpy as np
from brian2 import Quantity, second
from brian2.core.variables import Variables
from brian2.groups.group import CodeRunner
from brian2.units.fundamentalunits import fail_for_dimension_mismatch

from brianff.errors import OptionError, UnsupportedError
from brianff.network.templates import on_cuda
from brianff.origin import point_at_user
from brianff.values import evaluate

__all__ = ["ADVICE", "Pathway", "SynapsesRunner", "add_indices"]

ADVICE = "Use brian2.Synapses for this connection."


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
        point_at_user(self)


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
