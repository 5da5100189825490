"""adopt: another engine's graph as ours, with its own slopes; what the table says otherwise is marked."""
import re

import numpy as np
import pytest

import microgradx
from microgradx import Value, draw, gradients, steps, tape
from microgradx.testing import adopt

from .examine.faults import ENGINE, planted


def engine(text):
    """The class in a program."""
    names = {}
    exec(text, names)
    return names["Value"]


MICROGPT = """
class Value:
    __slots__ = ("data", "grad", "_children", "_local_grads")

    def __init__(self, data, children=(), local_grads=()):
        self.data, self.grad, self._children, self._local_grads = data, 0.0, children, local_grads

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1, 1))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, n):
        return Value(self.data**n, (self,), (n * self.data**(n - 1),))

    def tanh(self):
        import math
        t = math.tanh(self.data)
        return Value(t, (self,), (1 - t * t,))
"""
ENGINES = {"micrograd's shape": engine(ENGINE), "microgpt's shape": engine(MICROGPT)}


def expression(kind):
    """The same graph in any engine: a value used twice, a diamond, a power, a constant."""
    a, b = kind(2.0), kind(-3.0)
    c = a * b + a
    d = (c**2) * 0.01
    return (d.tanh() + d) * c + c, a, b


def transcript(root):
    """What is seen of a graph: every step without the last digits."""
    return [re.sub(r"\d+\.\d+", lambda found: f"{float(found[0]):.4f}", str(step)) for step in steps(root)]


@pytest.mark.parametrize("name", ENGINES)
def test_steps_and_pictures_are_those_of_our_own_graph(name):
    pytest.importorskip("graphviz")
    theirs, _, _ = expression(ENGINES[name])
    ours, _, _ = expression(Value)
    found = adopt(theirs)
    assert found.faults == [] and len(tape(found)) >= len(tape(ours))
    constants = [v for v in tape(found) if v.op is None and v.data == 0.01]
    assert len(constants) == 1                          # a node of theirs, a number of ours
    ours = with_constant()
    assert sorted(transcript(found)) == sorted(transcript(ours))
    assert draw(found).source.count("<TR>") == draw(ours).source.count("<TR>")


def with_constant():
    """The expression of ours in which the constant is a leaf, as it is in theirs."""
    a, b = Value(2.0), Value(-3.0)
    c = a * b + a
    d = (c**2) * Value(0.01)
    return (d.tanh() + d) * c + c


def test_micrograd_itself():
    micrograd = pytest.importorskip("micrograd.engine")
    a, b = micrograd.Value(2.0), micrograd.Value(-3.0)
    y = ((a * b + a) ** 2).relu() + a / b - 1
    y.backward()
    found = adopt(y)
    leaves = {v.data: g for v, g in zip(tape(found), gradients(found, tape(found))) if v.op is None}
    assert found.faults == [] and found.data == y.data
    assert leaves[2.0] == pytest.approx(a.grad) and leaves[-3.0] == pytest.approx(b.grad)


@pytest.mark.parametrize("name", ENGINES)
def test_adopting_changes_nothing_in_theirs(name):
    root, a, b = expression(ENGINES[name])
    for k, v in enumerate((root, a, b)):
        v.grad = k + 0.5
    before = [(v.data, v.grad) for v in (root, a, b)]
    found = adopt(root)
    found.backward()
    assert [(v.data, v.grad) for v in (root, a, b)] == before


def test_labels_and_gradients_are_theirs():
    kind = engine(ENGINE)
    a, y = kind(3.0), None
    a.label = "a"
    y = a * a
    y.backward()
    found = adopt(y)
    [leaf] = [v for v in tape(found) if v.op is None]
    assert (leaf.label, leaf.grad) == ("a", 6.0)


WRONG = [                                   # a planted mistake, the row, both slopes, words
    ("tanh of the input", "tanh", 1 - 0.16**2, 0.974831, "is 0.9744 and should be 0.974831"),
    ("pow keeps the exponent", "pow", 32.0, -8.0, "is 32 and should be -8"),
    ("add without +=", "add", 1.0, 1.0, "it writes = where it must add +="),
    ("add ignores out.grad", "add", 1.0, 1.0, "it does not multiply the slope by the gradient that comes in"),
    ("mul with its own factor", "mul", 0.16, -4.0, "and should be"),
]


@pytest.mark.parametrize("mistake, row, theirs, ours, said", WRONG)
def test_the_first_wrong_slope_is_shown(mistake, row, theirs, ours, said):
    pytest.importorskip("graphviz")
    root, _, _ = expression(engine(planted(mistake)))
    found = adopt(root)
    fault = next(fault for fault in found.faults if fault.node.op.name == row)
    assert any(said in fault.words for fault in found.faults)
    if row in ("tanh", "pow"):
        assert (fault.theirs, fault.ours) == (pytest.approx(theirs), pytest.approx(ours, rel=1e-5))
        assert found.faults[0] is fault
    assert "wrong slope" in draw(found).source and any("WRONG" in str(step) for step in steps(found))
    assert "WRONG" in microgradx.to_html(found) and microgradx.diagnose(found) is not None


def test_a_right_graph_has_no_mark():
    pytest.importorskip("graphviz")
    assert "wrong slope" not in draw(adopt(expression(engine(ENGINE))[0])).source


def test_an_operation_that_the_table_does_not_have():
    kind = engine(ENGINE)
    a = kind(3.0)
    out = kind(3.0**5 + 1, (a,), "odd")

    def back():
        a.grad += 5 * 3.0**4 * out.grad
    out._backward = back
    found = adopt(out * 2)
    assert found.faults == [] and "odd" in [v.op.name for v in tape(found) if v.op]
    assert gradients(found, [tape(found)[0]]) == [810.0] and microgradx.to_html(found)


class Slim:
    """A value with slots, as others write one: numbers of any kind, no sign of the operation, constants as they are."""

    __slots__ = ("data", "grad", "parents", "children", "back")

    def __init__(self, data, parents=(), back=None):
        self.data, self.grad, self.parents, self.children, self.back = data, 0.0, parents, [], back
        for p in parents:
            if isinstance(p, Slim):
                p.children.append(self)             # the name of what was computed from it

    def _backward(self):
        if self.back:
            self.back(self.grad)
            for p in self.parents:                  # goes on by itself
                if isinstance(p, Slim):
                    p._backward()

    def times(self, other, wrong=0.0):
        number = other.data if isinstance(other, Slim) else other

        def back(g):
            self.grad += (number + wrong) * g
            if isinstance(other, Slim):
                other.grad += self.data * g
        return Slim(self.data * number, (self, other), back)

    def tanh(self):
        t = np.tanh(self.data)

        def back(g):
            self.grad += (1 - t * t) * g
        return Slim(t, [self], back)

    def relu(self):
        def back(g):
            self.grad += (self.data > 0) * g
        return Slim(max(self.data, 0 * self.data), (self,), back)


@pytest.mark.parametrize("kind", [float, np.float64, np.float32, np.array])
def test_engines_of_other_shapes(kind):
    a, b, c = Slim(kind(0.75)), Slim(kind(-1.5)), Slim(kind(-0.7))
    y = a.times(b).tanh().times(c).times(np.float64(3.0)).relu()
    a.grad = b.grad = 5.0
    found = adopt(y)
    assert [v.op.name for v in tape(found) if v.op] == ["mul", "tanh", "mul", "mul", "relu"] and not found.faults
    assert (a.grad, b.grad, y.grad, y.parents[0].grad) == (5.0, 5.0, 0.0, 0.0)
    [fault] = adopt(a.times(b, wrong=1e-3).tanh()).faults
    assert fault.node.op.name == "mul" and fault.theirs == pytest.approx(-1.499) and "-1.5" in fault.words


@pytest.mark.parametrize("x", [12.0, 18.0, -40.0, np.float32(6.0)])
def test_the_rounding_of_a_tail_is_no_fault(x):
    assert adopt(Slim(x).tanh()).faults == []               # 1 - t*t has lost its digits


def test_the_operation_that_is_meant_is_named():
    assert [adopt(Slim(x).relu()).op.name for x in (2.0, -2.0)] == ["relu", "relu"]       # not abs(2), -2 - -2


def test_local_gradients_of_other_kinds():
    kind = ENGINES["microgpt's shape"]
    assert adopt(kind(6.0, (kind(2.0), 3.0), (3.0, 2.0))).faults == []
    assert adopt(kind(6.0, (kind(2.0), kind(3.0)), (kind(3.0), np.float64(2.0)))).faults == []
    assert len(adopt(kind(6.0, (kind(2.0), kind(3.0)), (2.0, 3.0))).faults) == 2
    with pytest.raises(TypeError, match=re.escape("has 1 ._local_grads for 2 inputs")):
        adopt(kind(6.0, (kind(2.0), kind(3.0)), (2.0,)))


@pytest.mark.parametrize("root, said", [
    (3.0, "expected a value of an engine"), ("text", "expected a value of an engine"),
    (type("Odd", (), {"data": 1.0})(), "does not keep what it was computed from"),
    (type("Odd", (), {"data": 1.0, "_prev": [type("Leaf", (), {"data": 2.0, "_prev": (), "grad": 0.0})()]})(),
     "neither ._local_grads nor ._backward()"),
])
def test_bad_input(root, said):
    with pytest.raises(TypeError, match=re.escape(said)) as caught:
        adopt(root)
    assert "\n" not in str(caught.value)
