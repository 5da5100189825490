"""Programs in the idioms of micrograd and microgpt: on Value they give the numbers of the plainest engine there is."""
import copy
import pathlib
import pickle
import re

import numpy as np
import pytest

import microgradx
from microgradx import Value, gelu
from microgradx.micrograd import OFTEN
from microgradx.table import TABLE, Reduction

from .micrograd_programs import PROGRAMS
from .plain_engine import Plain, sorted_by_hand

README = (pathlib.Path(__file__).parent.parent / "README.md").read_text()


def subclass():
    """One that hands on micrograd's arguments with their empty defaults, and sets what micrograd's sets."""
    class Mine(Value):
        def __init__(self, data, _children=(), _op="", label=""):
            super().__init__(data, _children, _op, label)
            self.grad = 0
            self._backward = lambda: None
            self._prev = set(_children)
            self._op = _op
    return Mine


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
@pytest.mark.parametrize("kind", [Value, subclass()], ids=["Value", "subclass"])
def test_a_program_gives_the_numbers_of_the_plain_engine(program, kind):
    assert program(kind) == pytest.approx(program(Plain), rel=1e-12, abs=1e-14)


def test_the_modules_have_micrograds_paths():
    from microgradx.engine import Value as Again
    from microgradx.nn import MLP, Layer, Neuron
    assert Again is Value
    assert len(MLP(2, [16, 16, 1]).parameters()) == 337
    assert isinstance(Layer(2, 3)([1.0, 2.0])[0], Value) and isinstance(Neuron(2)([1.0, 2.0]), Value)


# The graph as pictures walk it ---------------------------------------------------------------------------------

def walk(root):
    """What a picture shows: the text of each box, the sign of each operation, and edges."""
    nodes, edges = set(), set()

    def build(v):
        if v not in nodes:
            nodes.add(v)
            for child in v._prev:
                edges.add((child, v))
                build(child)
    build(root)
    return (sorted(f"{n.label} | data {n.data:.4f}" for n in nodes), sorted(n._op for n in nodes),
            sorted((a.data, b.data, b._op) for a, b in edges))


def pictured(kind):
    x, w = kind(2.0, label="x"), kind(-3.0, label="w")
    y = (x * 2 + 1 + w * w) * (x + 2) + x**3
    y.label = "y"
    return y.tanh()


def test_a_picture_has_every_box_and_edge_also_those_of_constants():
    boxes, signs, edges = walk(pictured(Value))
    boxes.remove(" | data 3.0000")                      # the exponent, which micrograd has in the sign only
    signs.remove("")
    edges.remove((3.0, 8.0, "**3"))
    assert (boxes, signs, edges) == walk(pictured(Plain))
    assert (len(boxes), len(edges)) == (14, 15) and not any("None" in box for box in boxes)


def test_inputs_are_in_order_and_each_once():
    a, b = Value(1.0, "a"), Value(2.0, "b")
    for _ in range(20):
        left, right = (a - b)._prev
        assert (left, right) == (a, b)
    assert (a + b)._prev == {a, b} == set((b + a)._prev)
    assert list((a * a)._prev) == [a] and a._prev == set()
    x, two = (a * 2)._prev
    assert (x, two.data, two.op, two.label) == (a, 2.0, None, "")
    assert len(microgradx.dot([a, b, 3.0], [b, a, 4.0])._prev) == 4


def test_a_look_changes_nothing():
    a = Value(3.0)
    y = a * 2 + 1
    before = y.args, y.slopes, a.grad, y.grad
    assert (len(y._prev), y._op, len(y._children), y._local_grads) == (2, "+", 1, (1.0,))
    assert (y.args, y.slopes, a.grad, y.grad) == before


def test_signs_are_micrograds():
    a, b = Value(1.0), Value(2.0)
    assert [v._op for v in (a, a + b, a * b, a**2, a**-0.5, a.relu(), a.tanh(), a.exp(), a - b, a / b)] == [
        "", "+", "*", "**2", "**-0.5", "ReLU", "tanh", "exp", "-", "/"]
    assert (a**b)._op == "**"


def test_microgpts_names():
    a, b = Value(3.0), Value(-1.0)
    assert ((a * b)._children, (a * b)._local_grads) == ((a, b), (-1.0, 3.0))
    assert ((a * 2)._children, (a * 2)._local_grads) == ((a,), (2.0,))
    assert (b.relu()._children, b.relu()._local_grads) == ((b,), (0.0,))
    assert (a._children, a._local_grads) == ((), ())
    y = (a * b + a).exp() * a
    y.grad = 1
    for v in reversed(sorted_by_hand(y, "_children")):
        for child, slope in zip(v._children, v._local_grads):
            child.grad += slope * v.grad
    by_hand = a.grad, b.grad
    a.grad = b.grad = 0
    y.backward()
    assert by_hand == pytest.approx((a.grad, b.grad), rel=1e-15)


@pytest.mark.parametrize("walk", [lambda y: y._backward(), lambda y: y._prev, lambda y: y._children,
                                  lambda y: y._local_grads])
def test_no_graph_is_walked_while_jit_records(walk):
    def program(x):
        y = x * 2
        walk(y)
        return y
    with pytest.raises(TypeError, match=r"while jit records"):
        microgradx.jit(program)(3.0)


# How a Value is made -------------------------------------------------------------------------------------------

@pytest.mark.parametrize("make", [
    lambda: Value(2.0, "w"), lambda: Value(2.0, label="w"), lambda: Value(data=2, label="w"),
    lambda: Value(2.0, (), "", "w"), lambda: Value(2.0, (), "", label="w"), lambda: Value(2.0, set(), label="w"),
    lambda: Value(2.0, _children=(), _op="", label="w"), lambda: Value(2.0, [], (), "w"),
    lambda: Value(2.0, children=(), local_grads=(), label="w"), lambda: Value(2.0, Value(1.0)._prev, "", "w"),
    lambda: Value(np.array(2.0), "w"), lambda: Value(np.array(2), "w"), lambda: Value(2.0, None, None, "w"),
])
def test_a_leaf_is_made_in_any_of_the_ways(make):
    v = make()
    assert (v.data, v.grad, v.label, v.op, v._prev, type(v.data)) == (2.0, 0.0, "w", None, set(), float)


@pytest.mark.parametrize("make, says", [
    (lambda: Value(2.0, 5), "a label is a str, got int"), (lambda: Value(2.0, label=5), "a label is a str, got int"),
    (lambda: Value(2.0, (), "", 5), "a label is a str, got int"), (lambda: Value(2.0, 1.5), "got float"),
    (lambda: Value(2.0, _children=5), "inputs of a Value are a tuple of Values, got 5"),
    (lambda: Value(2.0, children="ab"), "inputs of a Value are a tuple of Values, got 'ab'"),
    (lambda: Value(2.0, (1.0, 2.0)), "microgradx.row"), (lambda: Value(2.0, (), "sin"), "microgradx.sin"),
    (lambda: Value(2.0, (), "", "w", 1), "got 5 arguments"), (lambda: Value(2.0, colour=1), "argument 'colour'"),
    (lambda: Value(np.array("2")), "float"), (lambda: Value(np.array(2j)), "real"),
    (lambda: Value(np.array([2.0])), "each"), (lambda: Value(np.array(None)), "number"),
    (lambda: Value(2.0).named(3), "a label is a str"), (lambda: Value(None), "number"),
    (lambda: Value(Value(2.0)), r"v\.data"),
])
def test_what_is_no_leaf_is_refused(make, says):
    with pytest.raises(TypeError, match=says):
        make()


def test_labels_are_text_where_there_is_none():
    a = Value(1.0)
    assert (a.label, (a * 2).label, Value(1.0, label=None).label, f"{a.label}") == ("", "", "", "")


def test_a_gradient_of_none_is_zero():
    a = Value(2.0)
    (a * a).backward()
    a.grad = None
    assert a.grad == 0.0
    (a * a).backward()
    assert a.grad == 4.0


# An operation of one's own -------------------------------------------------------------------------------------

def test_the_old_way_is_refused_with_the_row_to_write():
    def cube(v):
        out = Value(v.data**3, (v,), "cube")

        def _backward():
            v.grad += 3 * v.data**2 * out.grad
        out._backward = _backward
        return out

    with pytest.raises(TypeError) as refused:
        cube(Value(2.0))
    line = next(line for line in str(refused.value).splitlines() if "row(" in line)
    assert line.strip() == "cube = microgradx.row('cube', lambda x: ..., lambda y, x: ...)"
    written = line.replace("x: ...", "x: x**3", 1).replace("x: ...", "x: 3 * x**2", 1)
    found = {"microgradx": microgradx}
    try:
        exec(written.strip(), found)
        v = Value(2.0)
        for y in (found["cube"](v), v.cube()):
            v.grad = 0.0
            y.backward()
            assert (y.data, v.grad, y._op) == (8.0, 12.0, "cube")
    finally:
        TABLE.pop("cube", None)
    for attempt in (lambda: Value(1.0, (Value(1.0),), "tanh"), lambda: Value(1.0, children=(Value(1.0),))):
        with pytest.raises(TypeError, match=r"microgradx\.row"):
            attempt()


@pytest.mark.parametrize("sign, says", [("tanh", "microgradx.tanh(x)"), ("ReLU", "microgradx.relu(x)"),
                                        ("+", "microgradx.add(a, b)"), ("mine", "row('mine'"), ("1/x", "row('mine'"),
                                        ("'); import os", "row('mine'")])
def test_the_error_names_what_is_there(sign, says):
    inputs = (Value(1.0), Value(2.0)) if sign == "+" else (Value(1.0),)
    with pytest.raises(TypeError) as refused:
        Value(1.0, inputs, sign)
    assert says in str(refused.value) and "import os" not in str(refused.value)


@pytest.mark.parametrize("name", ["_backward", "_prev", "_children", "_local_grads", "_op"])
def test_what_was_recorded_cannot_be_set(name):
    a = Value(2.0)
    y = a * a
    given = {"_backward": lambda: a, "_op": "x"}.get(name, (a,))
    for v in (a, y):
        with pytest.raises(TypeError, match=rf"{name} cannot be set"):
            setattr(v, name, given)
    with pytest.raises(TypeError):
        setattr(y, name, {"_backward": lambda: None, "_op": ""}.get(name, ()))
    with pytest.raises(TypeError):
        setattr(a, name, 3)
    y.backward()
    assert a.grad == 4.0


def test_rows_are_methods():
    x = Value(0.5)
    for op in [op for op in TABLE.values() if not isinstance(op, Reduction)]:
        if len(op.inputs) - len(op.defaults) == 1:
            assert repr(getattr(x, op.name)().data) == repr(op(x).data)
        more = [0.25] * (len(op.inputs) - 1)
        assert repr(getattr(x, op.name)(*more).data) == repr(op(x, *more).data)
    with pytest.raises(AttributeError, match=r"write microgradx\.sum\(\[\.\.\.\]\)"):
        x.sum  # noqa: B018
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        x.nothing  # noqa: B018


def test_a_row_or_function_is_set_as_a_method():
    try:
        Value.bell, Value.twice = gelu, lambda v: v * 2
        x = Value(0.5)
        assert ((x * 2).bell().data, x.twice().data) == (gelu(1.0), 1.0)
    finally:
        del Value.bell, Value.twice


# A subclass, and attributes ------------------------------------------------------------------------------------

class Mine(Value):
    """With room for attributes, and a method."""

    def half(self):
        return self * 0.5


def test_a_subclass_carries_attributes():
    """Adam with its moments on the parameters, as programs write it."""
    parameters = [Mine(1.0, label="p"), Mine(-2.0)]
    for p in parameters:
        p.m, p.v, p.anything = 0.0, 0.0, "of mine"
    for _ in range(3):
        loss = sum(p * p for p in parameters)
        loss.backward()
        for p in parameters:
            p.m = 0.9 * p.m + 0.1 * p.grad
            p.v = 0.9 * p.v + 0.1 * p.grad**2
            p.data -= 0.1 * p.m / (p.v**0.5 + 1e-8)
            p.grad = 0
    assert loss.data < 5.0 and all(p.m != 0 and p.anything == "of mine" for p in parameters)
    del parameters[0].m
    assert not hasattr(parameters[0], "m") and hasattr(parameters[0], "v")


@pytest.mark.parametrize("name", OFTEN)
def test_an_attribute_on_a_value_is_refused_with_the_class_to_write(name):
    for v in (Value(1.0), Value(1.0) * 2, Value(1.0) < 2):
        assert not hasattr(v, name)
        with pytest.raises(AttributeError, match=r"class Value\(microgradx\.Value\): pass"):
            setattr(v, name, 0.0)
        with pytest.raises(AttributeError, match=f"no attribute '{name}'"):
            delattr(v, name)
    assert not hasattr(Value, name)
    with pytest.raises(AttributeError, match="anything"):
        Value(1.0).anything = 0.0


def test_results_of_a_subclass_are_values():
    x = Mine(3.0, label="x")
    assert type(x) is Mine and repr(x) == "Mine(data=3.0, grad=0.0, label='x')"
    assert {type(v) for v in (x + 1, 1 + x, x * x, x.tanh(), x.half(), -x, microgradx.sum([x, x]))} == {Value}
    with pytest.raises(AttributeError, match="half"):
        (x * 2).half()
    x.half().backward()
    assert x.grad == 0.5 and (x < 4) and not x > 4


class Slotted(Value):
    __slots__ = ("m", "empty")


def test_copies_of_a_subclass_have_its_attributes():
    x, s = Mine(2.0, label="x"), Slotted(1.0)
    x.grad, x.m, x.list, s.m = 3.0, 0.5, [1, 2], 7.0
    for twin in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert twin is not x
        assert (type(twin), twin.data, twin.grad, twin.label, twin.m, twin.list) == (Mine, 2.0, 3.0, "x", 0.5, [1, 2])
    assert copy.deepcopy(x).list is not x.list
    for twin in (copy.copy(s), pickle.loads(pickle.dumps(s))):
        assert (type(twin), twin.m, hasattr(twin, "empty")) == (Slotted, 7.0, False)
    with pytest.raises(TypeError, match=r"copy the leaves .* write Value\(v\.data\)"):
        copy.copy(x * 2)


# README --------------------------------------------------------------------------------------------------------

def test_readme_says_it_in_six_points():
    """Each is proved by the tests above, and the last four by what stands here."""
    text = re.search(r"^## Coming from micrograd or microgpt\n\n(.*?)\n\n(?=^## )", README, re.M | re.S)[1]
    lines = text.replace("\n  ", " ").splitlines()
    assert len(lines) == 6 and all(line.startswith("- ") for line in lines)
    assert "class Value(microgradx.Value): pass" in text
    for name in re.findall(r"`(_\w+)(?:\(\))?`", text):
        assert hasattr(Value, name)

    x = Value(3.0)
    square = x * x
    y = square * 2
    x.data = 100.0                                                  # frozen: 2 * 2 * 3
    y.backward()
    y.backward()
    assert (x.grad, square.grad) == (24.0, 2.0)
    five, _ = (5 * x)._prev
    assert (five.data, five.grad) == (5.0, 0.0)
