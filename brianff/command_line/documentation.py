"""The page on models, `docs/models.md`: templates/pages/models.md, and what the model files say of themselves."""

import itertools
import re
from pathlib import Path

import brianff
from brianff.equations import variables
from brianff.equations.compose import compose
from brianff.equations.kinds import FORWARD_FORWARD, GROUPS, KINDS, SCHEMES, available
from brianff.equations.model import load
from brianff.errors import ModelError
from brianff.jobs.tables import markdown

__all__ = ["models_page"]

_TEMPLATE = Path(brianff.__file__).parent / "templates" / "pages" / "models.md"


def _groups():
    schemes = "; ".join(f"{scheme.name}: {_code(scheme.defaults)}" for scheme in SCHEMES)
    said = f"\nKinds of models, by method of learning, in the order in which strings are joined: {schemes}.\n"
    return markdown(["group", "is"], [(f"`{name}`", meaning) for name, meaning in GROUPS.items()]) + said


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
    parts = {
        "contents": _contents(),
        "fits": _fits(),
        "groups": _groups(),
        "constructors": _code(kind.constructor for kind in KINDS.values()),
        "at_hand": variables.__doc__.partition("\n\n")[2].strip().replace("``", "`"),
        "taken": markdown(["kind", "names"], [(kind, _code(sorted(kind.at_hand))) for kind in KINDS.values()]),
        "kinds": "\n".join(map(_kind, KINDS.values())),
    }
    return re.sub(r"\{(\w+)\}", lambda place: parts[place[1]], _TEMPLATE.read_text())


def _kind(kind):
    return "\n".join([f"## {kind.title}\n", _strings(kind), *(_model(kind, name) for name in available(kind))])


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
