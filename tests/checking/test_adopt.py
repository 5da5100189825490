"""adopt: another engine's graph as ours, with its own slopes; what the table says otherwise is marked."""
import re

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
