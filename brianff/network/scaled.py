"""Exponential traces that a time step need not touch: they are kept in units of what is left of 1.

A variable of the neurons with dx/dt = -x/tau, which jumps at spikes, is x = X*r: X jumps by (jump)/r, and r, one number
for each entry of the batch, decays from 1 at the start of the stimulus epoch.  An integral of it, dz/dt = k*x with a k
that the neurons of an entry share, is z = X*R - Z: R is the integral of k*r, and Z jumps by R times the jump of X.
Neither X nor Z changes but at spikes, where x and z would be read and written for every neuron in every time step: more
than half of the memory that a step of leaky integrate-and-fire neurons with a goodness moves.

What models say stays as it is: `x` and `z` become expressions that all strings go on reading, and statements that
change them are replaced.  It is the same up to rounding, if not much less than 1 is left in the end (`MOST_DECAY`); the
NumPy runtime integrates the equations as they are written, and the tests compare the two.
"""

import functools
import re
from collections import namedtuple
from dataclasses import dataclass, field, replace

import numpy as np
from brian2 import second
from brian2.equations.equations import DIFFERENTIAL_EQUATION, SUBEXPRESSION
from brian2.parsing.sympytools import str_to_sympy, sympy_to_str
from brian2.utils.stringtools import get_identifiers, word_substitute
from sympy import Symbol

from brianff.equations.groups import GroupStrings, SynapseStrings
from brianff.equations.integration import DEFAULT as EXPONENTIAL_EULER
from brianff.equations.text import (
    assignments,
    equation_lines,
    equations_of,
    names_in,
    statement_lines,
    targets,
    unit_string,
)
from brianff.errors import OptionError

__all__ = ["Scaled", "scaled_traces"]

# Time constants in a stimulus epoch: of a trace, whose units grow by their exponential, which single precision has to
# hold with room for weights; of one that is integrated, where a difference of two numbers loses as many digits.
MOST_DECAY, MOST_DECAY_OF_INTEGRAL = 40, 5

Trace = namedtuple("Trace", "name expression integral_of", defaults=[None])


@dataclass(frozen=True)
class Scaled:
    """Which traces of a kind of neurons are scaled, and what that changes.

    Attributes
    ----------
    traces : tuple of `Trace`
    decays : dict of name -> str
        Of those that are no integrals, 1/(time constant).
    parameters : list of str
        Of the neurons, which the layer uses.
    """

    traces: tuple = ()
    decays: dict = field(default_factory=dict)
    parameters: tuple = ()

    @property
    def names(self):
        return [trace.name for trace in self.traces]

    def neurons(self, strings):
        """`GroupStrings` of the neurons, with these traces scaled."""
        if not self.traces:
            return strings
        of = equations_of(strings.equations)
        lines, links = [], dict(strings.links)
        for trace in self.traces:
            name, source = trace.name, trace.integral_of
            unit = unit_string(of[name].dim)
            if source:
                lines.append(f"{name} = {_own(source)}*{_sum(name)}_layer - {_before(name)} : {unit}")
                lines.append(f"{_before(name)} : {unit}")
                links[f"{_sum(name)}_layer"] = ("layer", _sum(name))
            else:
                lines.append(f"{name} = {_own(name)}*{_left(name)}_layer : {unit}")
                lines.append(f"{_own(name)} : {unit}")
                for variable in (_left(name), _grown(name)):
                    links[f"{variable}_layer"] = ("layer", variable)
        equations = _without_differential(strings.equations, self.names)
        return replace(
            strings,
            equations="\n".join([equations, *lines]),
            reset=self._jumps(strings.reset),
            on_threshold=self._jumps(strings.on_threshold),
            at_epoch_start=self._starts(strings.at_epoch_start),
            links=links,
        )

    def layer(self, strings):
        """What the layer needs: equations, and statements at the start of a stimulus epoch."""
        of, lines, start = equations_of(strings.equations), [], []
        own = {name: _parameter(name) for name in self.parameters}
        for name, expression, source in self.traces:
            text = word_substitute(expression, own)
            if source:
                unit = unit_string(of[name].dim / of[source].dim)
                lines.append(f"d{_sum(name)}/dt = {word_substitute(text, {source: _left(source)})} : {unit}")
                start.append(f"{_sum(name)} = 0{'' if unit == '1' else f'*{unit}'}")
            else:
                lines.append(f"d{_left(name)}/dt = {word_substitute(text, {name: _left(name)})} : 1")
                lines.append(f"d{_grown(name)}/dt = -({word_substitute(text, {name: _grown(name)})}) : 1")
                start += [f"{_left(name)} = 1", f"{_grown(name)} = 1"]
        return "\n".join(lines), "\n".join(start)

    def lend(self, neurons, layer):
        """Let the layer see the parameters of its neurons."""
        for name in self.parameters:
            layer.variables.add_reference(_parameter(name), neurons, name, index="0")

    def arrival(self, text):
        """Code of synapses at an arriving spike, with the traces of the postsynaptic neuron scaled."""
        replaced = {f"{name}_post": f"{_grown(name)}_layer" for name in self.decays}
        return _replaced(text, replaced, lambda name: f"{_own(name.removesuffix('_post'))}_post")

    def _jumps(self, text):
        integrals = {trace.integral_of: trace.name for trace in self.traces if trace.integral_of}

        def also(name, operator, jump):
            if name not in integrals:
                return []
            of = integrals[name]
            return [f"{_before(of)} {operator} {jump}*{_sum(of)}_layer"]

        return _replaced(text, {name: f"{_grown(name)}_layer" for name in self.decays}, _own, also)

    def _starts(self, text):
        found = []
        for _, statement in statement_lines(text):
            (name, _, value), *_ = assignments(statement) or [("", "", "")]
            if name in self.decays:
                statement = f"{_own(name)} = {value}"
            elif name in self.names:
                statement = f"{_before(name)} = {value}"
            found.append(statement)
        return "\n".join(found)

    def require(self, group, inputs, composition, T_epoch):
        """Raise the `OptionError` of parameters, set for a run, with which too little is left."""
        integrated = {trace.integral_of for trace in self.traces}
        for name, rate in self.decays.items():
            given = {key: inputs[f"{group}.{key}"] for key in get_identifiers(rate) if f"{group}.{key}" in inputs}
            most = MOST_DECAY_OF_INTEGRAL if name in integrated else MOST_DECAY
            if (decay := _decay(composition, rate, T_epoch, **given)) > most:
                raise OptionError(
                    f"{group}: '{name}' decays by {decay:.0f} time constants in a stimulus epoch, and this network was "
                    f"compiled for at most {most}: give the parameter to the composition, not to the run."
                )


def scaled_traces(composition, architecture):
    """A `Scaled` for the neurons of each layer, the input first."""
    levels = range(architecture.depth + 1)
    return [_scaled(composition, composition.of_neurons(level, architecture), architecture) for level in levels]


def _scaled(composition, strings, architecture):
    """The traces of a kind of neurons that can be scaled, a `Scaled`.

    Parameters
    ----------
    composition : `brianff.equations.compose.Composition`
    strings : `brianff.equations.groups.GroupStrings`
        Of the neurons.
    architecture : `brianff.network.architecture.Architecture`
    """
    if architecture.carry_over or strings.method != EXPONENTIAL_EULER or strings.refractory:
        return Scaled()
    of = {eq.varname: eq for eq in equations_of(strings.equations).values()}
    shared = {name for name, value in strings.parameters.items() if not hasattr(value, "draw")} | {"T_epoch"}
    writable, constant = _writable(composition, strings), _constant(composition, strings)
    differential = [eq for eq in of.values() if eq.type == DIFFERENTIAL_EQUATION and not eq.flags]
    traces, decays = [], {}
    for eq in differential:
        rate = _factor(f"-({eq.expr.code})", eq.varname)
        decaying = rate is not None and get_identifiers(rate) <= shared and eq.varname in writable
        if decaying and 0 < _decay(composition, rate, architecture.epoch_seconds) <= MOST_DECAY:
            traces.append(Trace(eq.varname, eq.expr.code))
            decays[eq.varname] = rate
    at_hand = shared | {name for name, (which, _) in strings.links.items() if which == "layer"}
    for eq in differential:
        expression = _inlined(eq.expr.code, of)
        sources = get_identifiers(expression) & decays.keys()
        if eq.varname in decays or len(sources) != 1:
            continue
        (source,) = sources
        factor = _factor(expression, source)
        integrated = factor is not None and get_identifiers(factor) <= at_hand and eq.varname in constant
        short = _decay(composition, decays[source], architecture.epoch_seconds) <= MOST_DECAY_OF_INTEGRAL
        taken = {trace.integral_of for trace in traces} | _arriving(composition)
        if integrated and short and source not in taken:
            own = {name: variable for name, (which, variable) in strings.links.items() if which == "layer"}
            traces.append(Trace(eq.varname, word_substitute(expression, own), source))
    used = names_in(*(trace.expression for trace in traces))
    return Scaled(tuple(traces), decays, tuple(sorted(used & shared)))


def _named(what):
    return lambda name: f"brianff_{what}_{name}"


_own, _left, _grown, _sum, _before, _parameter = map(_named, ("scaled", "left", "grown", "sum", "before", "own"))


@functools.lru_cache(1024)
def _factor(expression, name):
    """What a variable is multiplied with in an expression that has nothing else, or None."""
    symbol, whole = Symbol(name, real=True), str_to_sympy(expression)
    factor = whole.diff(symbol)
    return None if symbol in factor.free_symbols or whole.subs(symbol, 0) != 0 else sympy_to_str(factor)


def _decay(composition, rate, T_epoch, **given):
    """Time constants in a stimulus epoch."""
    return float(np.max(np.asarray(composition.evaluate(rate, T_epoch=T_epoch * second, **given)))) * T_epoch


def _inlined(expression, of):
    """An expression with those of the group's subexpressions that are plain numbers in place of their names."""
    constant = {name: of[name].expr.code for name in get_identifiers(expression) & of.keys() if _is_number(of[name])}
    return word_substitute(expression, constant)


def _is_number(eq):
    return eq.type == SUBEXPRESSION and not get_identifiers(eq.expr.code)


def _without_differential(text, names):
    found = ((re.match(r"d(\w+)\s*/\s*dt", line), line) for _, line in equation_lines(text))
    return "\n".join(line for match, line in found if match is None or match[1] not in names)


def _constant(composition, strings):
    """Names of variables that nothing changes but their equations, and a 0 at the start of a stimulus epoch."""
    own = (strings.reset, strings.on_threshold, strings.on_step, strings.at_epoch_end, strings.encode)
    changed = set().union(*map(targets, own), *(_bare(targets(text)) for text in _others(composition)))
    zero = {name for name, operator, value in assignments(strings.at_epoch_start) if (operator, value) == ("=", "0")}
    return zero - changed - _at_once(strings)


def _bare(names):
    return {re.sub("_(pre|post)$", "", name) for name in names}


def _at_once(strings):
    """Names that the threshold and the statements of a time step read, just after they were integrated."""
    of = equations_of(strings.equations)
    found, waiting = set(), list(names_in(strings.threshold or "", strings.on_step))
    while waiting:
        if (name := waiting.pop()) not in found:
            found.add(name)
            if name in of.names and of[name].type == SUBEXPRESSION:
                waiting += get_identifiers(of[name].expr.code)
    return found


def _writable(composition, strings):
    """Names of variables that change in no other way than this module can replace."""
    forbidden = set().union(*map(targets, (strings.on_step, strings.at_epoch_end, strings.encode)))
    jumps = [*assignments(strings.reset), *assignments(strings.on_threshold)]
    forbidden |= {name for name, operator, _ in jumps if operator not in ("+=", "-=")}
    arrivals = _arrivals(composition)
    for text in _others(composition) - arrivals:
        forbidden |= _bare(targets(text))
    for name, operator, _ in (assignment for text in arrivals for assignment in assignments(text)):
        if operator not in ("+=", "-=") or not name.endswith("_post"):
            forbidden |= _bare({name})
    return equations_of(strings.equations).names - forbidden - _at_once(strings)


def _arrivals(composition):
    """What synapses do when a spike arrives."""
    kinds = composition.synapses, composition.synapses_of_input, composition.recurrent_synapses
    return {strings.on_arrival for strings in kinds}


def _arriving(composition):
    """Names of variables that arriving spikes change, whose integrals they would have to change as well."""
    return set().union(*(_bare(targets(text)) for text in _arrivals(composition)))


def _others(composition):
    """All statements of synapses, and of what else reaches neurons."""
    found = {value for value in vars(composition).values() if isinstance(value, str)}
    for strings in vars(composition).values():
        if isinstance(strings, SynapseStrings):
            found |= {value for key, value in vars(strings).items() if isinstance(value, str) and key != "model"}
        elif isinstance(strings, GroupStrings) and strings is composition.classes:
            found |= {strings.at_epoch_end, strings.at_epoch_start}
    return found


def _replaced(text, factors, own, also=lambda *_: []):
    """Statements that change names of `factors` by jumps, in units of what is left."""
    found = []
    for _, statement in statement_lines(text):
        (name, operator, by), *_ = assignments(statement) or [("", "", "")]
        if name in factors:
            jump = factors[name] if by == "1" else f"({by})*{factors[name]}"
            found += [*also(name, operator, jump), f"{own(name)} {operator} {jump}"]
        else:
            found.append(statement)
    return "\n".join(found)
