"""Mistakes in model files: one sentence each, with file and line, within seconds, and no other result in silence."""

import re
import time

import numpy as np
import pytest
from conftest import campaign, with_partners

from brianff.equations.kinds import KINDS, available
from brianff.equations.model import load
from brianff.errors import ModelError
from brianff.network.trial import check

FILES = [(kind, name) for kind in KINDS for name in available(kind)]
NUMBER = 100


# -- the generator -------------------------------------------------------------------------------------------------
def code_lines(model):
    """(index of a line in the file, what kind of string it stands in) of the strings' lines that hold code."""
    source = model.path.read_text().split("\n")
    found = {}
    for key, text in model.strings.items():
        if isinstance(text, dict) or key in ("method", "learns_when") or key not in model.lines:
            continue
        for offset, line in enumerate(text.split("\n")):
            code = line.partition("#")[0].strip()
            index = int(model.where(key, offset).rpartition(":")[2]) - 1
            if code and code in source[index]:
                found[index] = (key, code)
    return source, list(found.items())


def misspelt(code, rng):
    """A name with a letter more."""
    names = sorted(
        {n for n in re.findall(r"(?<![\w.])[A-Za-z_]\w+(?!\w*/dt)", code.partition(":")[0]) if n not in WORDS}
    )
    if not names:
        return None
    name = names[rng.integers(len(names))]
    return re.sub(rf"(?<![\w.]){name}\b", f"{name}q", code, count=1)


def without_parenthesis(code, rng):
    places = [k for k, sign in enumerate(code.partition(":")[0]) if sign in "()"]
    if not places:
        return None
    k = places[rng.integers(len(places))]
    return code[:k] + code[k + 1 :]


def replaced(old, new):
    def change(code, rng):
        left, colon, unit = code.partition(":")
        if old == "*" and "**" in left:  # a product is no power, but no mistake that could be seen
            return None
        return left.replace(old, new, 1) + colon + unit if old in left else None

    change.__name__ = f"{old} -> {new}".strip()
    return change


def wrong_unit(code, rng):
    head, equals, right = code.partition("= ")
    if not equals or head.endswith(("=", "!", "<", ">")) or '"' in right or "==" in code:
        return None
    right, colon, unit = right.partition(":")
    return f"{head}{equals}({right.strip()})*kelvin{' ' + colon if colon else ''}{unit}"


def no_unit(code, rng):
    return code.partition(":")[0].rstrip() if re.search(r":\s*\w+", code) else None


def odd_flag(code, rng):
    return f"{code} (shard)" if re.search(r":\s*\w+$", code) else None


def half_an_assignment(code, rng):
    return code.partition("=")[0] if re.match(r"\w+ [-+*/]?= ", code) else None


WORDS = {"and", "or", "not", "int", "shared", "constant", "integer", "boolean", "second", "volt", "amp", "Hz"}
REPLACED = [
    *[("==", "="), ("and", "&&"), ("**", "^"), ("exp(", "np.exp("), ("exp(", "expp("), (">", "=>"), ("<", "=<")],
    *[(" - ", " -* "), ("*", " "), ("clip(", "max("), (" + ", " + τ"), ("+=", "=+ *"), ("-=", "--="), ("1", "1,0)")],
    *[("/", "/0*")],
]
CHANGES = [
    *(misspelt, misspelt, without_parenthesis, wrong_unit, no_unit, odd_flag, half_an_assignment),
    *(replaced(old, new) for old, new in REPLACED),
]


def mistakes(number):
    """(kind, name, what was done, lines of the file with the mistake, index of its line), `number` times."""
    rng = np.random.default_rng(20)
    found, k = [], 0
    while len(found) < number:
        kind, name = FILES[rng.integers(len(FILES))]
        change = CHANGES[k % len(CHANGES)]
        source, lines = code_lines(load(kind, name))
        for place in rng.permutation(len(lines)):
            index, (_, code) = lines[place]
            changed = change(code, rng)
            if changed is not None and changed != code:
                source = [*source[:index], source[index].replace(code, changed, 1), *source[index + 1 :]]
                found.append((kind, name, change.__name__, source, index, code, changed))
                k += 1
                break
    return found


def related(source, index, code, changed):
    """Lines that may be named: that of the mistake, and those that use a name which it does not define any more."""
    before, after = (set(re.findall(r"[A-Za-z_]\w*", text)) for text in (code, changed))
    lost = {re.sub(r"^d(?=\w)|_(?:pre|post|layer|below)$", "", name) for name in before - after} | before - after
    lost |= {*re.findall(r"^\w+", code), *re.findall(r"^d(\w+)\s*/", code)}
    first = next(k for k in range(index, -1, -1) if re.match(r"\w+ = [\"{]", source[k]))  # where the string begins
    return {index + 1, first + 1, first + 2} | {
        k + 1 for k, line in enumerate(source) if lost & set(re.findall(r"[A-Za-z]\w*?(?=_pre|_post|_layer|\b)", line))
    }


@pytest.mark.parametrize("part", range(4))
def test_a_mistake_is_one_sentence_with_file_and_line(part, tmp_path):
    """100 mistakes, at random places of the files that come with brianff, of every kind."""
    for kind, name, what, source, index, code, changed in mistakes(campaign(10 * NUMBER, NUMBER))[part::4]:
        path = tmp_path / f"{name}.py"
        path.write_text("\n".join(source))
        others = with_partners({kind: name})
        del others[kind]
        said, start = None, time.process_time()
        try:
            check(kind, path, build=False, **others)
        except ModelError as error:
            said = str(error)
        about = f"{kind} {name}, {what}: {code!r} -> {changed!r}\n{said}"
        assert time.process_time() - start < 10, about
        assert said is not None, f"in silence: {about}"
        assert "\n" not in said and len(said) < 1200, about
        lines = {int(n) for n in re.findall(rf"{re.escape(str(path))}:(\d+)", said)}
        assert said.startswith(f"{path}:") and lines & related(source, index, code, changed), about


# -- chosen mistakes -----------------------------------------------------------------------------------------------
LIF = '''"""A neuron."""

from brian2 import ms, mV

equations = """
dv/dt = (gain_below*I_syn - v)/tau_m : 1
dI_syn/dt = -I_syn/tau_syn : 1
k : integer
"""
threshold = "v > v_th"
reset = """
v -= v_th
k += 1
"""
parameters = {"tau_m": 20*ms, "tau_syn": 100*ms, "v_th": 1.0}
'''
CHOSEN = [
    ("v > v_th\"", "v > v_th\"\nsurrogate = \"int(v => 0)\"", "write '>=', not '=>'"),
    ("v > v_th\"", "v > v_th\"\nsurrogate = \"v -* 2\"", "syntax"),
    ("v > v_th", "v = v_th", "two values are compared with '=='"),
    ("v > v_th", "v > v_th && k > 0", "write 'and', not '&&'"),
    ("v > v_th", "v > v_th || k > 0", "write 'or', not '||'"),
    ("v > v_th", "!(v < v_th)", "write 'not', not '!'"),
    ("v > v_th", "v => v_th", "write '>=', not '=>'"),
    ("v > v_th", "v > v_th AND k > 0", "small letters"),
    ("v > v_th", "v > v_th and true", "True or False"),
    ("v > v_th", "v > 1 v", "there must be an operator"),
    ("v > v_th", "v' > v_th", "no quotes"),
    ("v > v_th", "v[i] > v_th", "there are no indices"),
    ("v > v_th", "v > {v_th}", "was an f before the quotes forgotten"),
    ("v > v_th", "fabs(v) > v_th", "fabs is abs(x) here|Did you mean 'abs'"),
    ("v > v_th", "max(v, 0) > v_th", "max is clip"),
    ("v > v_th", "sigmoid(v) > 0.5", "sigmoid is 1/"),
    ("v > v_th", "clip(v, 0) > v_th", "clip"),
    ("v > v_th", "v > v_th/0", "divides by 0"),
    ("v > v_th", "v if k else 0", "there is no 'if'"),
    ("v > v_th", "2(v - 1) > v_th", "a product needs its \\*"),
    ("v > v_th", "v > 10mV", "a unit is multiplied"),
    ("v > v_th", "v > v_th  and", "syntax"),
    ("v > v_th", "v > v_th and xi > 0", "'xi' is not defined"),
    ("v -= v_th", "v == 0", ""),
    ("v -= v_th", "v -= v_th; v++", "write 'n"),
    ("v -= v_th", "if v > 1: v = 0", "no 'if'"),
    ("v -= v_th", "for j in range(3): v = 0", "has no loops"),
    ("v -= v_th", "while v > 1: v -= 1", "has no loops"),
    ("v -= v_th", "v = 0*mV", "wrong unit"),
    ("v -= v_th", "t = 0*ms", "cannot be set here"),
    ("v -= v_th", "dt = 1*ms", "cannot be set here"),
    ("v -= v_th", "v_th = 0", "parameter"),
    ("v -= v_th", "x = 0", "'x'"),
    ("v -= v_th", "z = 0", "'z' is no variable here"),
    ("v -= v_th", "w = v", "'w'"),
    ("v -= v_th", "v -= z", "the name 'z' is not defined"),
    ("v -= v_th", "z += 1", "the name 'z' is not defined"),
    ("v -= v_th", "v -= v_th # one; not 0", "takes what follows a ';'"),
    ("v -= v_th", "print(v)", "no Python"),
    ("k += 1", "k = 0.5*k", "'k' is an integer"),
    ("k += 1", "k /= 2", "'k' is an integer"),
    ("k += 1", "v = v > 1", "'v' is a number: int"),
    ("k : integer", "k : int", "int"),
    ("k : integer", "k : boolean", "'k' is a boolean"),
    ("k : integer", "k : integer (shared)", "shared by all"),
    ("k : integer", "k : ms", "ms"),
    ("k : integer", "i : integer", "special meaning"),
    ("k : integer", "N : integer", "N"),
    ("k : integer", "t : second", "t"),
    ("k : integer", "exp : 1", "exp"),
    ("k : integer", "mV : volt", "mV"),
    ("k : integer", "lambda : 1", "keyword"),
    ("k : integer", "2k : 1", ""),
    ("k : integer", "_k : 1", "_k"),
    ("k : integer", "dk/dx = 1 : 1", ""),
    ("k : integer", "dk/dt = 1 : 1", "unit"),
    ("k : integer", "k = v", "ends with its unit"),
    ("k : integer", "v : 1", "'v' is defined twice"),
    ("k : integer", "v_pre : 1", "'v_pre'"),
    ("k : integer", "k_post : 1", "a variable cannot be called 'k_post'"),
    ("k : integer", "channel : 1", "'channel'"),
    ("k : integer", "k : integer\nq = xi/ms**0.5 : Hz", "'xi'"),
    ("- v)/tau_m", "- v)/tau_m + xi*xi", "'xi' is noise"),
    ("- v)/tau_m", "- v)/tau_m + xi*mV/ms**0.5", "unit"),
    ("- v)/tau_m", "- v)/tau_m + rand()/tau_m + x_pre/tau_m", "'x_pre' is not defined"),
    ("- v)/tau_m", "- v)/tau_m + g_layer_/tau_m", "Did you mean 'g_layer'"),
    ("20*ms", "0*ms", "the time constant 'tau_m' must be positive"),
    ("20*ms", "-20*ms", "must be positive"),
    ("20*ms", "20*ms/0", "finite"),
    ("20*ms", "20", "wrong unit"),
    ("20*ms", "20*msec", "NameError"),
    ("20*ms", "float('nan')*ms", "finite"),
    ("20*ms", "'20 ms'", "parameter 'tau_m' = '20 ms': invalid syntax"),
    ("20*ms", "[20]", "must be a number"),
    ("20*ms", "9**9**9*ms", "exponent"),
    ("20*ms", "10**400*ms", ""),
    ("20*ms", "sum(k for k in range(10**12))*ms", "cannot call sum"),
    ("20*ms", "(lambda: 20)()*ms", ""),
    ("20*ms", "open('x')*ms", "cannot call open"),
    ('"v_th": 1.0', '"v_th": 1.0, "v_th": 2.0', "'v_th' stands twice"),
    ('"v_th": 1.0', '"v_th": 1.0, "v": 2.0', "both a variable and one of the parameters"),
    ('"v_th": 1.0', '"v_th": 1.0, "exp": 2.0', "cannot be the name of a parameter"),
    ('"v_th": 1.0', '"v_th": 1.0, 3: 2.0', ""),
    ('"v_th": 1.0', '"v_th": 1.0 "k2": 3', "not valid Python"),
    ('threshold = "v > v_th"', "threshold = ['v > v_th']", "must be a string, not list"),
    ('threshold = "v > v_th"', 'threshold = "v > v_th" * 10**12', "cannot be repeated"),
    ('threshold = "v > v_th"', 'thresold = "v > v_th"', "Did you mean 'threshold'"),
    ('threshold = "v > v_th"', 'threshold = "v > v_th"\nthreshold = "v > 2"', "'threshold' is assigned twice"),
    ('threshold = "v > v_th"', 'threshold = "v > v_th"\nrefractry = 2*ms', "Did you mean 'refractory'"),
    ('threshold = "v > v_th"', 'threshold = "v > v_th"\nrefractory = "2"', "refractory is no condition"),
    ('threshold = "v > v_th"', 'threshold = "v > v_th"\nrefractory = -2', ""),
    ('threshold = "v > v_th"', 'threshold = "v > v_th"\nrefractory = True', "must be a string"),
    ('threshold = "v > v_th"', 'threshold = "v > v_th"\nmethod = "eulr"', "Did you mean 'euler'"),
    ('threshold = "v > v_th"', 'threshold = "v > v_th"\ninitial = {"u": 0}', "there is no variable 'u'"),
    ('threshold = "v > v_th"', 'threshold = "v > v_th"\ninitial = {"v": "0*mV"}', "wrong unit"),
    ('threshold = "v > v_th"', 'threshold = "v > v_th"\ninitial = {"v": 1j}', "not a number"),
    ('threshold = "v > v_th"', 'threshold = "v > v_th"\nfunctions = {"f": "2*x"}', "no function with its arguments"),
    ('threshold = "v > v_th"', 'threshold = "v > v_th"\nfunctions = {"exp(x)": "2*x"}', "function 'exp' already"),
    ('threshold = "v > v_th"', 'threshold = "v > v_th"\nfunctions = {"f(x)": "y = 2*x"}', "must be one expression"),
    ('threshold = "v > v_th"', 'threshold = "v > v_th"\nbase = "mine.py"', "builds upon this file"),
    ('threshold = "v > v_th"', 'threshold = "v > v_th"\nbase = "liff"', "Did you mean 'lif'"),
    ('threshold = "v > v_th"', 'threshold = "v > v_th"\nimport no_such_module', "ModuleNotFoundError"),
    ('threshold = "v > v_th"', 'threshold = "v > v_th"\nwhile True:\n    pass', "no loops"),
    ('threshold = "v > v_th"', 'threshold = "v > v_th"\ndef f(x):\n    return x', "a function is a string"),
    ('threshold = "v > v_th"', 'threshold = "v > v_th"\nreset2 = "v = 0"', "Did you mean 'reset'"),
    ('threshold = "v > v_th"', 'threshold = "v > v_th"\nprint("hi")', "nothing else"),
    ('threshold = "v > v_th"', 'threshold = f"v > {v_th}"', "NameError"),
    ('threshold = "v > v_th"', 'threshold = "v > v_th', "not valid Python"),
]  # fmt: skip


# Where another line is the one that does not go with it.
ELSEWHERE = {"k : boolean": 13, "k : integer (shared)": 13, "20": 6, '"v_th": 1.0, "v": 2.0': 6}


@pytest.mark.parametrize(("old", "new", "message"), CHOSEN, ids=[f"{new[:40]!r}" for _, new, _ in CHOSEN])
def test_a_chosen_mistake_has_its_sentence_and_line(old, new, message, tmp_path):
    assert LIF.count(old) == 1
    text = LIF.replace(old, new)
    first = LIF[: LIF.index(old)].count("\n") + 1
    path = tmp_path / "mine.py"
    path.write_text(text)
    start = time.process_time()
    with pytest.raises(ModelError) as caught:
        check("neuron", path, build=False)
    assert time.process_time() - start < 5
    said = str(caught.value)
    assert "\n" not in said and len(said) < 1500
    lines = {ELSEWHERE[new]} if new in ELSEWHERE else {first, first + 1, first + new.count("\n")}
    assert said.startswith(tuple(f"{path}:{line}: " for line in lines)), said
    assert re.search(message, said), said


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.replace("\n", "\r\n"),
        lambda t: "\ufeff" + t,
        lambda t: t.replace("\nv -= v_th", "\n\tv -= v_th"),
        lambda t: t.replace("v > v_th", "  v >   v_th  # spike"),
        lambda t: t.replace("v -= v_th", "# a comment\n\n   v -= v_th   # another"),
        lambda t: t.replace('"v > v_th"', '("v >"\n " v_th")'),
        lambda t: t.replace('"v > v_th"', "'''\nv > v_th\n'''"),
        lambda t: t.replace("parameters", "v_limit = 1.0\nparameters").replace("v > v_th", "v > v_limit"),
        lambda t: t.replace('"v > v_th"', "f'v > {1.0} '").replace("{1.0}", "{1.0 + 0.0}"),
        lambda t: t + "refractory = False\n",
        lambda t: t + "method = None\n",
        lambda t: t.replace("v > v_th", "f(v, v_th)") + 'functions = {"f(x, y)": "x > y"}\n',
    ],
)  # fmt: skip
def test_what_only_looks_odd_is_in_order(change, tmp_path):
    path = tmp_path / "mine.py"
    path.write_bytes(change(LIF).encode())
    assert [n for n in check("neuron", path, build=False) if "no string uses the parameter 'v_th'" not in n] == []


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", '"""Nothing."""\n', "x = 3\n", "parameters = {}\n"])
def test_a_file_without_a_model_is_no_rule(text, tmp_path, capsys):
    from brianff.command_line.main import main

    path = tmp_path / "mine.py"
    path.write_text(text)
    assert main(["check", str(path)]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"error: {path}:1: ") and "define" in said and said.count("\n") == 1
    assert "rule" not in said
