"""Statements that stand for several repetitions of themselves: the same as doing them again and again."""

import numpy as np
import pytest

from brianff.equations.repeated import repeated
from brianff.equations.text import assignments

TEXTS = [
    "G += 2*x + 1",
    "n += 1\nP += s*(2*x + 1)\nG += 2*x + 1",
    "p += 1\nacc -= q*w",
    "acc += p*w\np += 2",
    "p += 2\nacc += p*w",
    "c = 3*w\ny += c*x",
    "y -= clip(w, 0, 1)\nz += x*p\np += x",
]


def done(text, values, meanwhile=""):
    values = dict(values)
    for name, operator, expression in [*assignments(text), *assignments(meanwhile)]:
        value = eval(expression, {"clip": np.clip}, values)
        values[name] = value if operator == "=" else values[name] + (value if operator == "+=" else -value)
    return values


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("n", [1, 2, 5])
def test_n_repetitions_at_once(text, n):
    rng = np.random.default_rng(n)
    values = {name: float(rng.normal()) for name in "G x n P s p acc q w y z c".split()}
    one_by_one = dict(values)
    for _ in range(n):
        one_by_one = done(text, one_by_one, "x += 1")
    at_once = done(repeated(text, "m", {"x": "1"}), values | {"m": n}, "x += m")
    assert at_once.pop("m") == n
    assert at_once == pytest.approx(one_by_one)


@pytest.mark.parametrize(
    "text", ["R -= U*R", "y += exp(x)", "x *= 2", "a += b\nb += a", "y += int(x > 0)", "y = x", "a += 1\na += 2"]
)
def test_what_has_no_such_form_is_refused(text):
    with pytest.raises(ValueError):
        repeated(text, "m", {"x": "1"})
