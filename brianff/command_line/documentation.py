"""The page on models, `docs/models.md`, from the docstrings and strings of the model files."""

from brianff.equations.compose import FEEDBACK_FOLDERS, FOLDERS, SCHEMA, ModelError, available, compose, load
from brianff.equations.names import AT_HAND

__all__ = ["models_page"]

_TITLES = {
    "neuron": "Neurons",
    "encoder": "Codes",
    "goodness": "Goodness",
    "rule": "Rules",
    "optimizer": "Optimizers",
    "eligibility": "Eligibilities (learning with feedback)",
    "feedback": "Feedback",
    "loss": "Losses",
}
_INTRODUCTION = """# Models

<!-- Written by `brianff docs`; change the files under models/ and run it again. -->

Every model is one file of equation strings under `models/`, named with `--neuron`, `--encoder`, `--goodness`, `--rule`
and `--optimizer`, or given as a file of your own. What a string means, and which names it may use, stands in the table
at the top of `brianff/equations/compose.py`, and, for learning with feedback (`--eligibility`, `--feedback`,
`--loss`), of `brianff/network/feedback.py`;
`brianff show` prints what Brian2 gets of any combination; `brianff check FILE`
finds mistakes. Parameters are changed with `--set NAME=VALUE`, without compiling again.

A model file is Python, and runs when it is loaded: read one that you got from somebody before you name it. A run keeps
copies of the files that you name, with their hashes, in `models/` of its folder. `--resume` loads a copy only if you
began the run on this machine and the original is what it was, or if you add `--trust-models`.
"""


_NAMES = """## Names

A variable, a parameter or a variable of one string belongs to the file that defines it, and may have any name that
Brian2 takes: where two files, or the generated code, use it for something else, one of them is called `NAME_of_KIND` in
the network (`brianff show` prints it), and strings, messages and `--set` keep the name of the file. Where files of two
kinds have a parameter of one name, `--set rule.theta=2` says which.

What cannot be defined, and is refused with its line: Brian2's own (`t`, `dt`, `i`, `N`, `xi`, `pi`, `e`, functions and
units), `NAME_pre`, `NAME_post`, `NAME_layer` and `NAME_below` of a variable NAME, and what the strings of a kind are
given:

| kind | names |
|--|--|
"""


def _names():
    rows = "\n".join(f"| {kind} | {_code(sorted(names))} |" for kind, names in AT_HAND.items())
    return _NAMES + rows + "\n"


def models_page():
    """Markdown of all models that come with brianff."""
    parts = [_INTRODUCTION, _contents(), _fits(), _names()]
    for kind, title in _TITLES.items():
        parts.append(f"## {title}\n")
        parts += [_model(kind, name) for name in available(kind)]
    return "\n".join(parts)


def _contents():
    lines = ["| | |", "|--|--|"]
    for kind, title in _TITLES.items():
        names = ", ".join(f"[`{name}`](#{name})" for name in available(kind))
        lines.append(f"| {title} | {names} |")
    return "\n".join(lines) + "\n"


def _fits():
    """Which rule works with which goodness and which neuron; all else works with all else."""
    rules = {rule: next(g for g in available("goodness") if _fit(goodness=g, rule=rule)) for rule in available("rule")}
    online = [rule for rule in rules if compose(rule=rule, goodness=rules[rule]).online]
    unfit = "; ".join(
        f"`{rule}` with {_code(codes)}"
        for rule, goodness in rules.items()
        if (codes := [c for c in available("encoder") if not _fit(goodness=goodness, rule=rule, encoder=c)])
    )
    lines = [
        f"All codes work with everything, but for {unfit}; `spike_times` is for data sets of spike times. All "
        f"optimizers do as well; {_code(online)} change weights themselves and use none. What does not fit is "
        "refused before anything is compiled:\n",
        "| rule | goodness that it works with | neurons that lack what it asks for |",
        "|--|--|--|",
    ]
    for rule in rules:
        goodness = [name for name in available("goodness") if _fit(goodness=name, rule=rule)]
        without = [n for n in available("neuron") if not _fit(neuron=n, goodness=goodness[0], rule=rule)]
        lines.append(f"| `{rule}` | {_code(goodness)} | {_code(without)} |")
    return "\n".join(lines) + "\n"


def _fit(**models):
    try:
        return compose(**{"encoder": "regular_rate"} | models).misfit() is None
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
    for key in SCHEMA[kind]:
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
        out += ["| parameter | default | must be |", "|--|--|--|"]
        for key, value in model.parameters.items():
            limits = ", ".join(f"`{limit.text}`" for limit in model.limits if key in limit.names)
            out.append(f"| `{key}` | {value} | {limits} |")
        out.append("")
    return "\n".join(out)


assert set(_TITLES) == set(FOLDERS | FEEDBACK_FOLDERS)
