"""What a program closes over is compared in machine code, object by object; Python is asked where one is another."""
import sys

import pytest

from microgradx import Value, grad, jit, nn, no_grad, value_and_grad
from microgradx.compiler.trace.closures import Closure

from ...compiled import needs_llvmlite

np = pytest.importorskip("numpy")
pytestmark = needs_llvmlite


@pytest.fixture
def asked(monkeypatch):
    """How often Python was asked, each time with its answer."""
    found, holds = [], Closure.holds
    monkeypatch.setattr(Closure, "holds", lambda closure: found.append(holds(closure)) or found[-1])
    return found


@pytest.fixture(autouse=True)
def known():
    from microgradx.compiler.native.layout import is_known
    if not is_known():
        pytest.skip("a Python whose objects are not known")


def program(code, **variables):
    """The variables of a user's program that has run, with its function f compiled, and called twice."""
    space = {"np": np, "jit": jit, "__name__": "__main__", **variables}
    exec(code, space)
    space["f"] = jit(space["f"], backend="native")
    space["f"](1.0), space["f"](1.0)
    return space


constant = np.arange(3.0)
constant.setflags(write=False)
SAME = {
    "variables": dict(code="def f(x): return x * a * b", a=2.0, b=3.0),
    "a function": dict(code="def g(x): return x + x\ndef f(x): return g(x)"),
    "a cell": dict(code="def g(k): return lambda x: x * k\nf = g(2.0)"),
    "None": dict(code="def f(x): return x if a is None else x * a", a=None),
    "a list": dict(code="def f(x): return x * a[0] * a[1][0]", a=[2.0, [3.0], float("nan")]),
    "an empty list": dict(code="def f(x): return x * (1 + len(a))", a=[]),
    "a dict": dict(code="def f(x): return x * a['k']", a={"k": 2.0, "more": None}),
    "an array": dict(code="def f(x): return x * a[1, 0]", a=np.arange(4.0).reshape(2, 2)),
    "an array of one number": dict(code="def f(x): return x * float(a)", a=np.array(2)),
    "an empty array": dict(code="def f(x): return x * (1 + len(a))", a=np.zeros(0)),
    "a constant array": dict(code="def f(x): return x * a[0]", a=constant),
    "an object": dict(code="class A: k = 2.0\na = A()\na.m = 3.0\ndef f(x): return x * a.k * a.m"),
    "a method": dict(code="class A:\n    def by(self, x): return x * 2.0\na = A()\ndef f(x): return a.by(x)"),
}


@pytest.mark.parametrize("name", SAME)
def test_python_is_not_asked_while_all_is_the_same(name, asked):
    space = program(**SAME[name])
    del asked[:]
    assert space["f"](3.0) == space["f"](3.0)
    assert asked == []


EQUAL = {
    "another float": ("def f(x): return x * a", 2.5, lambda a: float("2.5")),
    "another list": ("def f(x): return x * a[0]", [2.5], lambda a: [2.5]),
    "its element": ("def f(x): return x * a[0]", [2.5], lambda a: a.__setitem__(0, float("2.5")) or a),
    "its value": ("def f(x): return x * a['k']", {"k": 2.5}, lambda a: a.update(k=float("2.5")) or a),
}


@pytest.mark.parametrize("name", EQUAL)
def test_an_equal_object_is_the_same_program(name, asked):
    code, a, other = EQUAL[name]
    space = program(code, a=a)
    space["a"] = other(a)
    del asked[:]
    assert space["f"](2.0) == 5.0 and asked == [True]
    assert space["f"].report().programs == 1


def resized(a):
    a.resize(1, refcheck=False)


OTHER = {
    "a float": ("def f(x): return x * a", 2.0, lambda s: s.update(a=3.0), 3.0),
    "a number by None": ("def f(x): return x if a is None else x * a", 2.0, lambda s: s.update(a=None), 1.0),
    "None by a number": ("def f(x): return x if a is None else x * a", None, lambda s: s.update(a=3.0), 3.0),
    "longer list": ("def f(x): return x * len(a)", [2.0], lambda s: s["a"].append(1.0), 2.0),
    "shorter list": ("def f(x): return x * len(a)", [2.0, 1.0], lambda s: s["a"].pop(), 1.0),
    "list element": ("def f(x): return x * a[1]", [2.0, 1.0], lambda s: s["a"].__setitem__(1, 7.0), 7.0),
    "inner list": ("def f(x): return x * a[0][0]", [[2.0]], lambda s: s["a"][0].__setitem__(0, 7.0), 7.0),
    "dict value": ("def f(x): return x * a['k']", {"k": 2.0}, lambda s: s["a"].update(k=3.0), 3.0),
    "more keys": ("def f(x): return x * len(a)", {"k": 2.0}, lambda s: s["a"].update(m=3.0), 2.0),
    "another key": ("def f(x): return x * sum(map(ord, a))", {"k": 2.0},
                    lambda s: s["a"].update(m=s["a"].pop("k")), float(ord("m"))),
    "array element": ("def f(x): return x * a[1]", np.arange(3.0), lambda s: s["a"].__setitem__(1, 7.0), 7.0),
    "array resized": ("def f(x): return x * len(a)", np.arange(3.0), lambda s: resized(s["a"]), 1.0),
    "array replaced": ("def f(x): return x * a[1]", np.arange(3.0), lambda s: s.update(a=np.ones(2) * 4), 4.0),
    "array in place of a list": ("def f(x): return x * a[0]", [2.0], lambda s: s.update(a=np.ones(2)), 1.0),
    "function": ("def g(x): return x\ndef f(x): return g(x)", None,
                 lambda s: exec("def g(x): return x * 5", s), 5.0),
    "attribute of a class": ("class A: k = 2.0\na = A()\ndef f(x): return x * a.k", None,
                             lambda s: setattr(s["A"], "k", 3.0), 3.0),
    "attribute that hides it": ("class A: k = 2.0\na = A()\ndef f(x): return x * a.k", None,
                                lambda s: setattr(s["a"], "k", 3.0), 3.0),
    "method": ("class A:\n    def by(self, x): return x * 2.0\na = A()\ndef f(x): return a.by(x)", None,
               lambda s: setattr(s["A"], "by", lambda self, x: x * 3.0), 3.0),
}


@pytest.mark.parametrize("name", OTHER)
def test_another_object_is_another_program(name):
    code, a, change, answer = OTHER[name]
    space = program(code, a=a)
    change(space)
    assert space["f"](1.0) == space["f"](1.0) == answer
    assert space["f"].report().programs == 2


def test_a_variable_that_is_gone():
    space = program("def f(x): return x * a", a=2.0)
    del space["a"]
    for _ in range(2):
        with pytest.raises(NameError, match="a"):
            space["f"](1.0)
    space["a"] = 4.0
    assert space["f"](1.0) == space["f"](1.0) == 4.0


def test_large_programs_too():
    space = program("def f(xs): return sum(x * x for x in xs) * a\nf, g = (lambda x: x * a), f", a=2.0)
    f, xs = jit(value_and_grad(space["g"]), backend="native"), np.ones(1000)
    for k in (2.0, 2.0, 3.0, 3.0):
        space["a"] = k
        y, slope = f(xs)
        assert y == 1000 * k and set(slope) == {2 * k}


@pytest.mark.parametrize("sizes", [[4, 1], [9, 9, 1]])
@pytest.mark.parametrize("x", [[0.5, -0.3, 0.8], np.array([0.5, -0.3, 0.8])], ids=["list", "array"])
def test_a_transform_by_what_it_closes_over(sizes, x):
    """Its parameters are in memory that machine code reads: grad(lambda m: f(x))(model) was 0 once f was called."""
    model = nn.MLP(3, sizes)
    f = jit(lambda x: model(x) * 1.0, backend="native")
    assert f(x) == f(x) == pytest.approx(model([*x]).data)
    expected = grad(lambda m: model(x) * 1.0)(model)
    for _ in range(2):
        assert grad(lambda m: f(x))(model) == expected
        y, slope = value_and_grad(lambda k: f(x) * k)(2.0)              # this one could differentiate it, too
        assert y == pytest.approx(2 * slope) and slope == pytest.approx(f(x))
        with no_grad():
            assert f(x) == pytest.approx(slope)
        assert jit(lambda x: f(x) * 2.0)(x) == pytest.approx(2 * slope)


class Doubled(Value):
    """A Value of a user's, whose number is elsewhere."""

    @property
    def data(self):
        return 2.0 * self._data


@pytest.mark.parametrize("size", [3, 300])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_few_values(size, dtype, asked):
    w, more, xs = Value(2.0), Doubled(3.0), np.ones(size, dtype)
    f = jit(value_and_grad(lambda xs: sum(x * x for x in xs) * w), backend="native", dtype=dtype)
    g = jit(lambda xs: xs[0] * w * more, backend="native", dtype=dtype)
    for k in (2.0, 2.0, 5.0):
        w.data = k
        del asked[:]
        y, slope = f(xs)
        assert (y, {*slope.tolist()}) == (size * k, {2 * k}) and asked == []
        assert g(xs) == 6.0 * k
    assert value_and_grad(lambda v: f([v])[0])(3.0) == (45.0, 30.0)         # the function itself
    from microgradx.compiler.native.resident import resident
    block = resident([w])
    block[0] = 7.0
    assert f(xs)[0] == 7.0 * size and g(xs) == 42.0


def test_no_reference_is_kept_or_lost():
    a, k = [object(), 2.5], 3.5
    w = Value(2.0)
    space = program("def f(x): return x * a[1] * k * w", a=a, k=k, w=w)
    w.data = 4.5
    before = [sys.getrefcount(x) for x in (a, a[0], a[1], k, w, w.data)]
    for _ in range(1000):
        space["f"](1.0)
    assert [sys.getrefcount(x) for x in (a, a[0], a[1], k, w, w.data)] == before
