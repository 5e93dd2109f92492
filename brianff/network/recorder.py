"""Values of variables at every tick of a clock, in one array for each variable.

A `StateMonitor` of a compiled network grows by an array for every tick, and belongs to one process; brian2cuda's has an
array of its own on the device for every neuron, which is half a million allocations for a layer of 500 and a batch of
1024.  Here there is room for all ticks from the beginning.  In a program of the C++ device the room is a file of the
run's results, mapped into memory (templates/sources/recording.cpp): nothing is copied, every process fills in the
entries of the batch that it simulates, and what is not recorded takes no room.
"""

from brian2.core.variables import Variables
from brian2.groups.group import CodeRunner, Group

from brianff.network.processes import in_processes
from brianff.network.templates import on_cuda

__all__ = ["Recorder"]


class Recorder(Group, CodeRunner):
    """Values of variables at every tick of a clock, each in one array of the variable's name.

    Parameters
    ----------
    source : `BatchNeurons`
    recorded : list of str
        Names of its variables.
    rows : int
        Number of ticks for which there is room; later ones are not recorded.
    spikes : bool
        Record as well who has spiked, as ``spiked``; on CUDA alone.
    wanted : (`Group`, str), optional
        A shared variable: where it is false, nothing is recorded.
    **options
        clock, when, order and name.

    Attributes
    ----------
    columns : int
        Values of a variable at one tick.
    files : dict of name -> dict
        In a program of the C++ device, for each variable the file, the type and the number of values.
    """

    add_to_magic_network = True
    invalidates_magic_network = True

    def __init__(self, source, recorded, rows, spikes=False, wanted=None, **options):
        self.columns, self.files = len(source), {}
        told = {"recorded": recorded, "n_recorded": len(source), "n_rows": rows, "spikes": spikes}
        one_entry = {"_batch": 1, "_processes": False, "_n_neurons": len(source)}  # of a group that knows no batch
        told |= {"wanted": wanted and "_wanted", **getattr(source, "template_kwds", one_entry)}
        CodeRunner.__init__(
            self,
            group=self,
            template="record",
            code="\n".join(f"_to_record_{variable} = _source_{variable}" for variable in recorded),
            check_units=False,
            template_kwds=told,
            needed_variables=[*recorded, *(["spiked", "_fired"] if spikes else []), *(["_wanted"] if wanted else [])],
            **options,
        )
        self.add_dependency(source)
        self.variables = Variables(self)
        self.variables.add_constant("N", len(source))
        self.variables.create_clock_variables(self._clock)
        if not on_cuda():  # there the host passes it on
            self.variables.add_reference("_tick", self._clock, "timestep")
            self.needed_variables.append("_tick")
        if wanted:
            self.variables.add_reference("_wanted", *wanted, index="0")
        for variable in recorded:
            of_source = source.variables[variable]
            common = dict(dimensions=of_source.dim, dtype=of_source.dtype)
            index = source.variables.indices[variable]
            self.variables.add_reference(f"_source_{variable}", source, variable, index=index)
            self.variables.add_auxiliary_variable(f"_to_record_{variable}", **common)
            self._make_room(variable, rows, **common)
        if spikes:
            self.variables.add_reference("_fired", source)
            self._make_room("spiked", rows, dtype=bool)
        self._enable_group_attributes()

    codeobj_class = None

    def __len__(self):
        return self.columns

    def _make_room(self, variable, rows, dtype, **dimensions):
        if in_processes():
            self.needed_variables.remove(variable)
            self.files[variable] = dict(file=f"{self.name}.{variable}", dtype=dtype, size=rows * self.columns)
        else:
            size = rows * self.columns
            self.variables.add_array(variable, size=size, dtype=dtype, read_only=True, **dimensions)
