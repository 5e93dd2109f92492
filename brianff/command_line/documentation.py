"""The page on models, `docs/models.md`, from the docstrings and strings of the model files."""

import itertools

from brianff.equations import variables
from brianff.equations.compose import compose
from brianff.equations.kinds import FORWARD_FORWARD, GROUPS, KINDS, SCHEMES, available
from brianff.equations.model import load
from brianff.errors import ModelError
from brianff.jobs.tables import markdown

__all__ = ["models_page"]

_INTRODUCTION = """# Models

<!-- Written by `brianff docs`; change the files under models/ and run it again. -->

Every model is one file of equation strings under `models/`, named with `--neuron`, `--encoder`, `--goodness`,
`--rule` and `--optimizer` (for learning with feedback, `--eligibility`, `--feedback` and `--loss`), or given as a
file of your own. What a file of each kind may define, and which names its strings may use, stands below. `brianff
show` prints what Brian2 gets of any combination; `brianff check FILE` finds mistakes. Parameters are changed with
`--set NAME=VALUE`, without compiling again.

A model file is Python, and runs when it is loaded: read one that you got from somebody before you name it. A run keeps
copies of the files that you name, with their hashes, in `models/` of its folder. `--resume` loads a copy only if you
began the run on this machine and the original is what it was, or if you add `--trust-models`.
"""


_STRINGS = """## Models from strings

In Python a model need not be a file: what a file may define are arguments, and the model stands wherever a name or a
file does. It is checked as a file is, and errors name the argument and its line. There are {constructors}.

```python
from brian2 import ms
from brianff.equations.from_strings import Neuron

neuron = Neuron(
    base="lif",
    equations=\"\"\"
    dv/dt = (gain_below*I_syn - v)/tau_m : 1
    dI_syn/dt = -I_syn/tau_syn : 1
    da/dt = -a/tau_a : 1                     # adaptation
    \"\"\",
    threshold="v > v_th + a",
    reset=\"\"\"
    v -= v_th
    a += 0.1
    \"\"\",
    parameters={{"tau_a": 50*ms, "tau_m": "20*ms*exp(0.3*normal())"}},
)
```

## Parameters that differ between neurons

The value of a parameter may be a string with `normal()` (mean 0, standard deviation 1) or `uniform()` (0 to 1) in it,
in a file, from strings, or as `--set tau_m='20*ms*exp(0.3*normal())'`: every neuron then has a value of its own, drawn
once from the run's seed, and nothing is compiled again for another distribution of the same parameter. It may call
`exp`, `log`, `sqrt`, `abs` and `clip`. What all neurons share, such as a parameter of a layer or of synapses, cannot
differ.
"""


_NAMES = """## Names

{at_hand}

A variable, a parameter or a variable of one string belongs to the file that defines it, and may have any name that
Brian2 takes: where two files, or the generated code, use it for something else, one of them is called `NAME_of_KIND` in
the network (`brianff show` prints it), and strings, messages and `--set` keep the name of the file. Where files of two
kinds have a parameter of one name, `--set rule.theta=2` says which.

What cannot be defined, and is refused with its line: Brian2's own (`t`, `dt`, `i`, `N`, `xi`, `pi`, `e`, functions and
units), `NAME_pre`, `NAME_post`, `NAME_layer` and `NAME_below` of a variable NAME, and what the strings of a kind are
given:

"""


def _names():
    names = _NAMES.format(at_hand=variables.__doc__.partition("\n\n")[2].strip().replace("``", "`"))
    return names + markdown(["kind", "names"], [(kind, _code(sorted(kind.at_hand))) for kind in KINDS.values()])


_PLACES = """## What a file may define

Each kind has a table below, of the strings that its files may define (\\* = must), and of the place of the network that
each belongs to, `GROUP.SLOT`. All kinds may have, too:

| name | meaning |
|--|--|
| `parameters` | dictionary of quantities, shared by all neurons or not (see below), changed without recompiling |
| `limits` | conditions on the file's own parameters, one a line: `0 <= dark < 1` |
| `functions` | functions of the file's own: `{"relu(x)": "clip(x, 0, inf)"}` |
| `base` | another model, whose strings and parameters hold where this file has none (`""` leaves a string out) |

"""


def _groups():
    schemes = "; ".join(f"{scheme.name}: {_code(scheme.defaults)}" for scheme in SCHEMES)
    said = f"\nKinds of models, by method of learning, in the order in which strings are joined: {schemes}.\n"
    return _PLACES + markdown(["group", "is"], [(f"`{name}`", meaning) for name, meaning in GROUPS.items()]) + said


def _strings(kind):
    """The table of what a file of a kind may define."""
    rows = []
    for key, string in kind.strings.items():
        must = "".join(f"; defines `{name}`, {reason}" for name, reason in string.must_define.items())
        asked = ", for models that ask for it" if string.asked else ""
        star = "\\*" if string.required else ""
        rows.append([f"`{key}`{star}", string.sort, f"`{string.place}`", f"{string.meaning}{asked}{must}"])
    return markdown(["name", "is", "place", "meaning"], rows)


def models_page():
    """Markdown of all models that come with brianff."""
    from_strings = _STRINGS.format(constructors=_code(kind.constructor for kind in KINDS.values()))
    parts = [_INTRODUCTION, _contents(), _fits(), _groups(), from_strings, _names()]
    for kind in KINDS.values():
        parts += [f"## {kind.title}\n", _strings(kind), *(_model(kind, name) for name in available(kind))]
    return "\n".join(parts)


def _contents():
    linked = {kind: ", ".join(f"[`{name}`](#{name})" for name in available(kind)) for kind in KINDS.values()}
    return markdown(["", ""], [(kind.title, names) for kind, names in linked.items()])


def _fits():
    """Which rule works with which goodness and which neuron; all else works with all else."""
    rules = {rule: _partners(rule) for rule in available("rule")}
    online = [rule for rule in rules if compose(models=rules[rule]).online]
    unfit = "; ".join(
        f"`{rule}` with {_code(codes)}"
        for rule, partners in rules.items()
        if (codes := [c for c in available("encoder") if not _fit(**partners, encoder=c)])
    )
    said = (
        f"All codes work with everything, but for {unfit}; `spike_times` is for data sets of spike times. All "
        f"optimizers do as well; {_code(online)} change weights themselves and use none. What does not fit is "
        "refused before anything is compiled:\n\n"
    )
    lines = []
    for rule, partners in rules.items():
        goodness = [name for name in available("goodness") if _fit(**partners | {"goodness": name})]
        without = [n for n in available("neuron") if not _fit(**partners | {"neuron": n})]
        lines.append([f"`{rule}`", _code(goodness), _code(without)])
    return said + markdown(["rule", "goodness that it works with", "neurons that lack what it asks for"], lines)


def _partners(rule):
    """The rule, and the first neuron and goodness that it works with, the usual neuron before others."""
    neurons = FORWARD_FORWARD.defaults["neuron"], *available("neuron")
    pairs = itertools.product(neurons, available("goodness"))
    models = (dict(neuron=neuron, goodness=goodness, rule=rule) for neuron, goodness in pairs)
    return next(one for one in models if _fit(**one))


def _fit(**models):
    try:
        return compose(models={"encoder": "regular_rate"} | models).misfit() is None
    except ModelError:
        return False


def _code(names):
    return ", ".join(f"`{name}`" for name in names)


def _model(kind, name):
    model = load(kind, name)
    summary, _, rest = model.docstring.partition("\n\n")
    out = [f"### {name}\n", " ".join(summary.split()) + "\n"]
    if rest:
        out.append(rest + "\n")
    out.append("```python")
    for key in kind.strings:
        if key not in model.strings:
            continue
        text = model.strings[key]
        if isinstance(text, dict):
            out.append(f"{key} = {text}")
            continue
        text = text.strip("\n")
        out.append(f'{key} = """\n{text}\n"""' if "\n" in text else f'{key} = "{text}"')
    out.append("```\n")
    if model.parameters:
        limits = {key: _code(one.text for one in model.limits if key in one.names) for key in model.parameters}
        rows = [(f"`{key}`", value, limits[key]) for key, value in model.parameters.items()]
        out.append(markdown(["parameter", "default", "must be"], rows))
    return "\n".join(out)
