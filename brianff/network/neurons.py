"""Neurons of one layer, for a batch: state update, statements of every step and threshold in one pass over memory.

`brian2.NeuronGroup` runs one loop for the state update and another for the threshold, which branches at every neuron,
and looks linked variables up through an index of every neuron; no compiler turns the last two into vector
instructions.  `BatchNeurons` hands the same strings to Brian2's code generator with templates that walk the batch
entry by entry.  `brian2.NeuronGroup` remains the reference.
"""

import numpy as np
from brian2 import NeuronGroup, prefs, second
from brian2.codegen.translation import analyse_identifiers
from brian2.core.variables import Variables
from brian2.equations.unitcheck import check_units_statements
from brian2.groups.group import CodeRunner
from brian2.utils.stringtools import get_identifiers, word_substitute

from brianff.equations.text import targets
from brianff.equations.threshold import time_step
from brianff.errors import OptionError
from brianff.network.processes import in_processes
from brianff.network.templates import on_cuda, use_templates

__all__ = ["BatchNeurons"]


class StepRunner(CodeRunner):
    """State update, the statements of `BatchNeurons.on_step` and the threshold condition, as one piece of code.

    It runs in the slot "groups" before everything else there, so that all that it reads of other groups is the outcome
    of the step before, whatever their names.
    """

    def __init__(self, group, state_updater, thresholder, on_step):
        self.state_updater, self.thresholder, self.on_step = state_updater, thresholder, on_step
        self.event = thresholder.event
        self.variables = Variables(self)
        self.variables.add_auxiliary_variable("_cond", dtype=bool)
        CodeRunner.__init__(
            self,
            group,
            "neurons_step",
            clock=group.clock,
            when="groups",
            order=group.order - 1,
            name=f"{group.name}_step",
            check_units=False,  # of Brian2's own integration code there is nothing to check
            needed_variables=[*thresholder.needed_variables, *(["_fired"] if "_fired" in group.variables else [])],
            template_kwds={**thresholder.template_kwds, **group.template_kwds},
        )

    def update_abstract_code(self, run_namespace):
        self.state_updater.update_abstract_code(run_namespace)
        self.thresholder.update_abstract_code(run_namespace)
        of_user = f"{self.on_step}\n{self.thresholder.abstract_code}"
        variables = self.group.resolve_all(
            self._identifiers(of_user), run_namespace, user_identifiers=self._identifiers(self.on_step)
        )
        check_units_statements(of_user, {**variables, "_cond": self.variables["_cond"]})
        integration = self.state_updater.abstract_code
        if "_dt" in self.group.variables:
            refractory = self.state_updater._get_refractory_code(run_namespace)  # compares times: in double precision
            integration = refractory + word_substitute(integration[len(refractory) :], {"dt": "_dt"})
        self.abstract_code = f"{integration}\n{of_user}"
        self.user_code = f"{self.state_updater.user_code}\n{of_user}"

    def before_run(self, run_namespace):
        awaited = self.template_kwds["_awaited"]
        if awaited and awaited["variable"].name in self.group.set_by_synapses:
            self.template_kwds["_awaited"] = None
        super().before_run(run_namespace)

    def _identifiers(self, code):
        """Names that `code` needs, those in subexpressions included, and does not define itself."""
        defined, known, unknown = analyse_identifiers(code, self.group.variables, recursive=True)
        in_text = get_identifiers(code)  # Brian2 looks at simplified code: without the ms of 0*ms
        return (known | unknown | (in_text - defined)) - {"_cond"}


class BatchNeurons(NeuronGroup):
    """`batch` entries of a layer with the same number of neurons each; entry ``b`` is a contiguous block.

    Parameters
    ----------
    N : int
        Neurons of all entries together.  A run has fewer than 2**31 time steps.
    model, threshold, reset, refractory, method, namespace, dtype, name
        As for `brian2.NeuronGroup`.
    batch : int
        Number of entries; `N` is a multiple of it.
    links : dict of name -> (`NeuronGroup`, str), optional
        Variables of groups with one element for each entry, or shared ones of any group, here known under `name`;
        read-only, in code that runs in `on_step`, at a reset and in `run_regularly`.
    threshold : str or None
        None: they never spike.
    on_step : str, optional
        Statements of every time step, between the state update and the threshold.
    on_threshold : str, optional
        Statements for every neuron that spikes, before any synapse (the reset comes after all synapses).

    Raises
    ------
    ValueError
        If `N` is not a multiple of `batch`, or a linked group has not one element for each entry.
    """

    def __init__(self, N, model, *, threshold, batch=1, links=None, on_step="", on_threshold="", **options):
        if batch < 1 or N % batch:
            raise OptionError(f"{N} neurons are not a multiple of batch={batch}: every entry needs the same number.")
        use_templates()
        self.batch = batch
        self.step = self.template_kwds = None
        self.set_by_synapses = set()  # names of variables
        NeuronGroup.__init__(self, N, model, threshold=threshold, **options)
        bits = 8 * np.dtype(prefs.core.default_float_dtype).itemsize
        self.template_kwds = {
            "_batch": batch,
            "_processes": in_processes(),
            "_n_neurons": N // batch,
            "_listed": True,  # on CUDA: spikes as a list, too, for others than the dense synapses
            # conditions as wide as the variables keep the loop in whole vectors
            "_condition_type": f"int{bits}_t",
            "_awaited": None,
        }
        self.variables.add_auxiliary_variable("_entry_idx", dtype=np.int32)
        self.variables["_entry_idx"].unique = batch == N
        self.variables["_entry_idx"].read_only = True  # the loop's: others may refer to what it leads to
        for name, (group, variable) in (links or {}).items():
            shared = group.variables[variable].scalar
            if not shared and len(group) != batch:
                raise OptionError(
                    f"'{group.name}' has {len(group)} elements; it needs one for each of {batch} entries."
                )
            index = "0" if shared else "_entry_idx"
            self.variables.add_reference(name, group, variable, index=index)
        if prefs.core.default_float_dtype is np.float32:
            # Brian2's clocks are in double precision, and with them all integration constants, and with these the whole
            # state update, if it were not for a time step in single precision.
            self.variables.add_array(
                "_dt", size=1, scalar=True, index="0", dimensions=second.dim, dtype=np.float32, values=self.clock.dt_
            )
        if on_cuda() and threshold is not None:  # spikes of the last step, one bit each, every entry in whole words
            self.variables.add_array("_fired", size=batch * ((N // batch + 31) // 32), dtype=np.int32)
        for runner in self.contained_objects:
            if runner.template == "stateupdate":  # also of what is constant over a time step
                runner.template, runner.template_kwds = "neurons_statements", self.template_kwds
        if threshold is None:
            if not self.equations.diff_eq_names:
                self.contained_objects.remove(self.state_updater)
            return
        thresholder = self.thresholder["spike"]
        if in_processes() and not on_step.strip() and not options.get("refractory"):
            self.template_kwds["_awaited"] = self._awaited(threshold, f"{options.get('reset') or ''}\n{on_threshold}")
        self.step = StepRunner(self, self.state_updater, thresholder, on_step)
        for runner in (self.state_updater, thresholder):
            self.contained_objects.remove(runner)
        self.contained_objects.append(self.step)
        if on_threshold.strip():
            options = dict(clock=self.clock, when="thresholds", order=self.order, name=f"{self.name}_on_threshold")
            options["template_kwds"] = {"eventspace_variable": self.variables["_spikespace"], **self.template_kwds}
            runner = CodeRunner(self, "neurons_reset", on_threshold, needed_variables=["_spikespace"], **options)
            self.contained_objects.append(runner)
        for resetter in self.resetter.values():
            resetter.template = "neurons_reset"
            resetter.template_kwds = {**resetter.template_kwds, **self.template_kwds}

    def _awaited(self, threshold, at_spikes):
        """The time step that a threshold waits for, where a step does nothing but look whether it is there.

        A step then compares a byte of each neuron, of how many steps there were to go.  The templates know of every
        change of the variable: at a spike, and by statements of this group (neurons_statements.cpp).
        """
        found = time_step(threshold)
        if found is None or self.equations.diff_eq_names or found[0] not in self.equations.parameter_names:
            return None
        name, later, alone = found
        variable = self.variables[name]
        if variable.scalar or variable.dtype != np.int32:
            return None
        self.variables.add_array("_changes", size=self.batch, dtype=np.int32)
        return {
            "variable": variable,
            "changes": self.variables["_changes"],
            "alone": alone,
            "or_later": later,
            "moves": later or name in targets(at_spikes),
        }

    def run_regularly(self, code, dt=None, clock=None, when="start", order=0, name=None, codeobj_class=None):
        """As `brian2.NeuronGroup.run_regularly`, with `links` at hand."""
        runner = NeuronGroup.run_regularly(self, code, dt, clock, when, order, name, codeobj_class)
        runner.template = "neurons_statements"
        runner.template_kwds = self.template_kwds
        return runner
