"""Generated Python: its text, what happens where Python's own operators raise, and its limit."""
import math
from unittest import mock

import pytest

import microgradx as mg
from microgradx import Value, value_and_grad
from microgradx.compiler import python_backend as python
from microgradx.compiler.ir.program import program
from microgradx.compiler.python_backend import PythonKernel
from microgradx.compiler.trace.trace import trace
from microgradx.table import Op

from ..compiled import PYTHON, close, different, identical, values


def kernel(f, *args, strict=False):
    return PythonKernel(program(trace(f, list(args)), strict=strict))


@pytest.mark.parametrize("f, text", [
    (lambda x, y: x * y + 1, "return [x0*x1+1.0]"), (lambda x, y: x - (y - x), "return [x0-(x1-x0)]"),
    (lambda x, y: -(x + y), "return [-(x0+x1)]"), (lambda x, y: -2 * x, "return [(-2.0)*x0]"),
])
def test_the_text(f, text):
    source = kernel(f, 1.0, 2.0).source.replace("(x0*x1)", "x0*x1")
    assert text in source, source


@pytest.mark.parametrize("f, xs", [
    (lambda x, y: x / y, [1.0, 0.0]), (lambda x, y: mg.exp(x) - y, [800.0, 1.0]),
    (lambda x, y: mg.log(x) * y, [0.0, 2.0]),
    (lambda x, y: x**y, [-8.0, 0.5]), (lambda x, y: mg.where(x > y, 1 / y, x), [-1.0, 0.0]),
    (lambda x, y: mg.sum([mg.sqrt(x), 1 / y]), [-1.0, -0.0]), (lambda x, y: mg.reciprocal(x * y), [0.0, -1.0]),
])
def test_where_python_raises_it_answers_as_ieee_does(f, xs):
    """And goes on as before after that."""
    compiled = PYTHON.jit(value_and_grad(f, (0, 1)), strict=True)
    for at in (xs, [2.0, 3.0], xs):
        y, slopes = compiled(*at)
        expected, gradient = value_and_grad(f, (0, 1))(*at)
        assert different([y, *slopes], [expected, *gradient], lambda a, b: identical(a + 0.0, b + 0.0)) == []


def test_the_careful_function_is_made_once():
    made = kernel(lambda x: 1 / x, 1.0)
    with mock.patch.object(python, "Body", wraps=python.Body) as bodies:
        assert made.run([0.0]) == [math.inf] and made.run([-0.0]) == [-math.inf]
    assert bodies.call_count == 1


def test_long_sums_and_deep_expressions():
    """Neither the parser's stack nor its lines have a limit that a program meets."""
    xs = [0.001 * k for k in range(3000)]
    compiled = PYTHON.jit(lambda xs: [mg.sum(xs), mg.dot(xs, xs)], strict=True)
    assert compiled(xs) == [mg.sum(values(xs)).data, mg.dot(values(xs), values(xs)).data]

    def deep(x):
        for _ in range(2000):
            x = mg.sin(x) + 1
        return x
    assert close(PYTHON.jit(deep)(0.5), deep(Value(0.5)).data)


def test_names_of_rows_are_no_code():
    """A row may be called anything."""
    evil = Op("x); import os; (", lambda x: math.floor(x) + 1, 0.0)
    assert PYTHON.jit(lambda x: evil(x))(1.5) == 2.0        # noqa: PLW0108
    assert "import" not in kernel(lambda x: evil(x) * 2, 1.0).source


@pytest.mark.parametrize("args", [(2.0,), ([2.0] * 300,)])
def test_past_the_limit_it_says_so(args, monkeypatch):
    monkeypatch.setattr(python, "LIMIT", 100)

    def f(xs):
        x = xs[0] if isinstance(xs, list) else xs
        for _ in range(200):
            x = mg.tanh(x)
        return x
    with pytest.raises(ValueError, match=r"a program of 200 inputs is too large for generated Python \(100\).*native"):
        PYTHON.jit(f)(*args)
