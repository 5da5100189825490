"""The node: recording, backward, its edges, its memory, and micrograd's names."""
import copy
import gc
import math
import pickle
import subprocess
import sys
import threading
import tracemalloc
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

import microgradx as mg
from microgradx import Value, no_grad, tape

from .naive import Dual, Naive

# Recording -----------------------------------------------------------------------------------------------------

def test_a_node_knows_its_row_inputs_and_slopes():
    a, b = Value(3.0), Value(4.0)
    y = a * b
    assert (y.op.name, y.args, y.slopes) == ("mul", (a, b), (4.0, 3.0))
    assert (a.op, a.args, a.slopes) == (None, (), ())


def test_both_edges_of_a_square_are_kept():
    a = Value(3.0)
    assert (a * a).args == (a, a)


def test_constants_are_floats_not_nodes():
    x = Value(3.0)
    assert ((2 * x).args, (2 * x).slopes) == ((2.0, x), (None, 2.0))
    assert ((x**2).args, (x**2).slopes) == ((x, 2.0), (6.0, None))
    assert mg.clamp(x, 0, 1).slopes == (None, None, None)      # a closed gate


def test_a_condition_carries_no_gradient():
    x = Value(3.0)
    chosen = mg.where(x > 1, x, 0.0)
    assert chosen.slopes == (None, 1.0, None)


def test_slopes_are_frozen_when_recorded():
    w, x = Value(2.0), Value(5.0)
    y = w * x
    x.data = 100.0
    y.backward()
    assert (y.data, w.grad) == (10.0, 5.0)


@pytest.mark.parametrize("function, method", [(mg.exp, Value.exp), (mg.log, Value.log), (mg.sqrt, Value.sqrt),
                                              (mg.sin, Value.sin), (mg.cos, Value.cos), (mg.tanh, Value.tanh),
                                              (mg.sigmoid, Value.sigmoid), (mg.relu, Value.relu),
                                              (mg.neg, Value.__neg__), (mg.abs, Value.__abs__)])
@given(x=st.floats())
def test_method_and_function_are_the_same_row(function, method, x):
    by_function, by_method = function(Value(x)), method(Value(x))
    assert repr((by_function.data, by_function.slopes)) == repr((by_method.data, by_method.slopes))


@pytest.mark.parametrize("function, operator", [(mg.add, Value.__add__), (mg.sub, Value.__sub__),
                                                (mg.mul, Value.__mul__), (mg.div, Value.__truediv__),
                                                (mg.pow, Value.__pow__)])
@given(a=st.floats(), b=st.floats())
def test_operator_and_function_are_the_same_row(function, operator, a, b):
    for other in (lambda: b, lambda: Value(b)):
        by_function, by_operator = function(Value(a), other()), operator(Value(a), other())
        assert repr((by_function.data, by_function.slopes)) == repr((by_operator.data, by_operator.slopes))


def test_no_grad_computes_numbers_only():
    x = Value(2.0)
    with no_grad():
        inside = [x * 3, x.exp(), mg.sum([x, x]), 2 / x, x < 3]
    assert all(v.op is None for v in inside)
    assert [v.data for v in inside] == [6.0, math.exp(2), 4.0, 1.0, 1.0]
    assert (x * 3).op is not None


def test_no_grad_ends_with_an_exception_and_is_of_one_thread():
    x, seen = Value(2.0), []
    with pytest.raises(KeyError), no_grad():
        thread = threading.Thread(target=lambda: seen.append((x * 2).op))
        thread.start()
        thread.join()
        raise KeyError
    assert (x * 2).op is not None
    assert seen == [mg.mul]


# Backward ------------------------------------------------------------------------------------------------------

def test_leaves_accumulate_and_results_hold_the_last_pass():
    x = Value(3.0)
    square = x * x
    y = square * 2
    y.backward()
    y.backward()
    assert (x.grad, square.grad, y.grad) == (24.0, 2.0, 1.0)


def test_two_roots_over_a_shared_part_give_the_true_sum():
    x = Value(3.0)
    shared = x * x
    (shared * 2).backward()
    (shared * 5).backward()
    assert x.grad == 2 * 6 + 5 * 6


def test_a_leaf_as_root_counts_itself():
    x = Value(3.0)
    x.backward()
    x.backward()
    assert x.grad == 2.0


def test_two_to_the_sixtieth_paths():
    y = x = Value(1.0)
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad == 2.0**60


def test_the_tape_has_inputs_first_and_each_node_once():
    x = Value(2.0)
    y = (x * x + x).tanh() * x
    order = tape(y)
    place = {v: i for i, v in enumerate(order)}
    assert len(place) == len(order) == 5
    assert order[-1] is y
    assert all(place[a] < place[v] for v in order for a in v.args)
    assert tape(x, y) == order


INTEGER_OPS = [("add", lambda a, b: a + b), ("sub", lambda a, b: a - b), ("mul", lambda a, b: a * b),
               ("neg", lambda a, b: -a), ("relu", lambda a, b: a.relu())]


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=4),
       st.lists(st.tuples(st.sampled_from(INTEGER_OPS), st.integers(0, 30), st.integers(0, 30)), max_size=12))
def test_integer_graphs_equal_dual_numbers_exactly(numbers, program):
    def run(nodes):
        for (_, f), i, j in program:
            made = f(nodes[i % len(nodes)], nodes[j % len(nodes)])
            if abs(made.data if isinstance(made, Value) else made.a) < 2**40:
                nodes = [*nodes, made]
        return nodes[-1]

    leaves = [Value(n) for n in numbers]
    y = run(leaves)
    y.backward()
    for k, leaf in enumerate(leaves):
        dual = run([Dual(n, int(i == k)) for i, n in enumerate(numbers)])
        assert (y.data, leaf.grad) == (dual.a, dual.b)


class AgainstNaive(RuleBasedStateMachine):
    """Create, combine, backward anywhere, zero, set a leaf, drop: Value and the naive engine never differ."""

    nodes = Bundle("nodes")

    def __init__(self):
        super().__init__()
        self.alive = []

    def keep(self, ours, model):
        self.alive.append((ours, model))
        return ours, model

    @rule(target=nodes, n=st.integers(-2, 2))
    def leaf(self, n):
        return self.keep(Value(n), Naive(float(n)))

    @rule(target=nodes, a=nodes, b=nodes)
    def add(self, a, b):
        return self.keep(a[0] + b[0], a[1] + b[1])

    @rule(target=nodes, a=nodes, b=nodes)
    def multiply(self, a, b):
        if abs(a[1].data * b[1].data) > 2**20:          # beyond it floats would round, and orders of sums matter
            return a
        return self.keep(a[0] * b[0], a[1] * b[1])

    @rule(target=nodes, a=nodes)
    def relu(self, a):
        return self.keep(a[0].relu(), a[1].relu())

    @rule(a=nodes)
    def backward(self, a):
        if len(tape(a[0])) <= 12:                       # the naive engine walks every path
            a[0].backward()
            a[1].backward()

    @rule(a=nodes)
    def zero(self, a):
        a[0].grad = a[1].grad = 0.0

    @rule(a=nodes, n=st.integers(-2, 2))
    def set_leaf(self, a, n):
        if not a[1].inputs:
            a[0].data, a[1].data = n, float(n)

    @rule(a=consumes(nodes))
    def drop(self, a):
        self.alive = [pair for pair in self.alive if pair[0] is not a[0]]

    @invariant()
    def equal(self):
        for ours, model in self.alive:
            assert (ours.data, ours.grad) == (model.data, model.grad)


TestAgainstNaive = AgainstNaive.TestCase


# Size, memory, repeatability -----------------------------------------------------------------------------------

@pytest.mark.slow
def test_a_million_node_chain():
    y = x = Value(1.0)
    for _ in range(1_000_000):
        y = y + 1.0
    y.backward()
    assert (y.data, x.grad, len(tape(y))) == (1_000_001.0, 1.0, 1_000_001)


@pytest.mark.slow
def test_a_neuron_of_a_hundred_thousand_inputs():
    n = 100_000
    w = [Value(0.5) for _ in range(n)]
    for weighted in (mg.dot(w, [2.0] * n), sum(v * 2.0 for v in w), mg.sum([v * 2.0 for v in w])):
        [setattr(v, "grad", 0.0) for v in w]
        weighted.tanh().backward()
        assert weighted.data == n
        assert all(v.grad == 0.0 for v in w)            # tanh is flat there: 1/cosh**2 of 100,000
        weighted.backward()
        assert all(v.grad == 2.0 for v in w)


def test_graphs_are_freed_by_reference_count_alone():
    gc.disable()
    gc.freeze()                                         # get_objects() leaves out what is there already
    try:
        x = Value(1.0)
        y = mg.where(mg.dot([x, x * 2], [x, 3.0]) > 1, x.tanh(), mg.sum([x, x]))
        y.backward()
        assert any(issubclass(type(o), Value) for o in gc.get_objects())
        mg.grad(mg.grad(lambda v: mg.sin(v) * v))(1.0)
        del x, y
        assert not any(issubclass(type(o), Value) for o in gc.get_objects())
    finally:
        gc.unfreeze()
        gc.enable()


@pytest.mark.slow
def test_no_growth_over_a_thousand_training_steps():
    w = [Value(0.1 * i) for i in range(10)]

    def step():
        loss = (mg.dot(w, w) - 1.0) ** 2 + mg.sum([v.tanh() for v in w])
        for v in w:
            v.grad = 0.0
        loss.backward()
        for v in w:
            v.data -= 0.01 * v.grad

    [step() for _ in range(50)]
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    [step() for _ in range(1000)]
    gc.collect()
    growth = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert growth < 10_000


def test_a_node_takes_at_most_176_bytes():
    x = Value(1.5)
    nodes = [x]
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(5_000):
        nodes.append(nodes[-1] * x)
        nodes.append(nodes[-1] + x)
    size = (tracemalloc.get_traced_memory()[0] - before) / 10_000
    tracemalloc.stop()
    assert size <= 176


PROGRAM = """
import random
from microgradx import Value, dot, softmax
random.seed(1)
w = [Value(random.gauss(0, 1), f"w{i}") for i in range(30)]
y = sum((p * v).tanh() for p, v in zip(softmax(w), w)) + dot(w, w[::-1])
y.backward()
print(y.data.hex(), [v.grad.hex() for v in w])
"""


@pytest.mark.slow
def test_gradients_are_bit_identical_in_every_process():
    outputs = {subprocess.run([sys.executable, "-c", PROGRAM], env={"PYTHONHASHSEED": seed}, text=True, check=True,
                              capture_output=True).stdout for seed in ("0", "1", "4242")}
    assert len(outputs) == 1
    assert "0x" in outputs.pop()


def test_independent_graphs_in_threads_are_independent():
    def work(k, found):
        total = 0.0
        for i in range(200):
            x = Value(0.01 * i + k)
            ((x * k).sin() * x + x.exp()).backward()
            total += x.grad
        found[k] = total

    alone, together = {}, {}
    [work(k, alone) for k in range(4)]
    threads = [threading.Thread(target=work, args=(k, together)) for k in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert together == alone


# Doors ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("number, expected", [
    (True, 1.0), (2, 2.0), (Fraction(1, 3), 1 / 3), (Decimal("0.5"), 0.5), (np.float64(2), 2.0), (np.float32(0.5), 0.5),
    (np.int64(3), 3.0), (np.bool_(True), 1.0),
    (np.array(2.0), 2.0), (np.array(2), 2.0), pytest.param(10**400, math.inf, id="huge"),
    pytest.param(-10**400, -math.inf, id="-huge"),
])
def test_what_is_a_number_becomes_a_float(number, expected):
    x = Value(1.0)
    for v in (Value(number), x * number, number * x, mg.maximum(-math.inf, Value(number))):
        assert type(v.data) is float
        assert v.data == expected
    x.data = number
    x.grad = number
    assert (type(x.data), type(x.grad)) == (float, float)


@pytest.mark.parametrize("thing", [np.array([1.0, 2.0]), np.array([2.0])])
def test_an_array_is_no_number(thing):
    x = Value(1.0)
    for door in (lambda: Value(thing), lambda: mg.sin(thing), lambda: mg.sum([x, thing]),
                 lambda: setattr(x, "data", thing), lambda: setattr(x, "grad", thing)):
        with pytest.raises(TypeError):
            door()
    assert (x.data, x.grad) == (1.0, 0.0)


@pytest.mark.parametrize("thing", ["3", b"3", None, [1.0], (1.0,), {}, 1j, np.array(2j), np.array("2"),
                                   np.complex64(1), object(), float])
def test_what_is_no_number_is_refused_and_nothing_changes(thing):
    x = Value(1.0, "x")
    doors = [lambda: Value(thing), lambda: x + thing, lambda: thing * x, lambda: mg.sin(thing), lambda: x**thing,
             lambda: mg.sum([x, thing]), lambda: setattr(x, "data", thing), lambda: x < thing]
    if thing is not None:                               # which sets a gradient to 0
        doors.append(lambda: setattr(x, "grad", thing))
    for door in doors:
        with pytest.raises(TypeError):
            door()
    assert (x.data, x.grad, x.label) == (1.0, 0.0, "x")


@pytest.mark.parametrize("convert", [float, int, bool, math.exp, round, complex])
def test_nothing_cuts_the_graph_silently(convert):
    with pytest.raises(TypeError):
        convert(Value(1.0))


def test_errors_say_what_to_write_instead():
    x = Value(1.0)
    for attempt, advice in [(lambda: float(x), r"v\.data"), (lambda: math.exp(x), r"exp\(v\), not math"),
                            (lambda: bool(x), "where"), (lambda: x + "1", r"float\(\.\.\.\)"),
                            (lambda: x * [1], "each element"), (lambda: mg.sum(x), r"sum\(\[\.\.\.\]\)"),
                            (lambda: Value(1, label=2), r"str\(\.\.\.\)")]:
        with pytest.raises(TypeError, match=advice):
            attempt()


def test_comparisons_are_numbers_with_a_truth():
    a, b = Value(1.0), Value(2.0)
    assert a < b and a <= b and not a > b and not a >= b
    assert 0 < a < 3
    assert max(a, b) is b
    assert ((a < b).data, (a < b).args) == (1.0, (a, b))
    nan = Value(math.nan)
    assert not nan < a and not nan >= a


def test_equality_is_identity_and_format_is_of_the_data():
    a, b = Value(1.0), Value(1.0)
    assert a != b and a == a and len({a, b, a}) == 2
    assert f"{Value(math.pi):.3f}|{Value(2):g}" == "3.142|2"
    assert repr(Value(2, "w")) == f"{Value(2, 'w')}" == "Value(data=2.0, grad=0.0, label='w')"


def test_leaves_are_copied_and_pickled_and_results_refuse():
    x = Value(2.0, "x")
    x.grad = 3.0
    for twin in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert twin is not x
        assert (twin.data, twin.grad, twin.label, twin.op) == (2.0, 3.0, "x", None)
    for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="copy the leaves"):
            attempt(x * 2)


def test_an_exception_midway_leaves_the_inputs_usable():
    x = Value(2.0)

    def forward():
        y = x * x
        raise KeyboardInterrupt(y)

    with pytest.raises(KeyboardInterrupt):
        forward()
    (x * 3).backward()
    assert (x.data, x.grad) == (2.0, 3.0)


def test_micrograds_names():
    """The example of micrograd's README, with one changed import; its printed numbers."""
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    assert f"{g.data:.4f} {a.grad:.4f} {b.grad:.4f}" == "24.7041 138.8338 645.5773"
    assert (b**3)._op == "**3" and (a + b)._op == "+" and a.relu()._op == "ReLU" and a._op == ""
    assert (a + b)._prev == {a, b} and (a * a)._prev == {a} and len((a * 2)._prev) == 2


def test_scopes_nest_and_end():
    x = Value(2.0)
    with mg.scope("layer1"):
        y = x * 2
        with mg.scope("neuron0"), no_grad():
            z = x.tanh()
        with mg.scope("neuron1"):
            w = mg.dot([x, y], [1.0, 2.0])
    assert (x.scope, y.scope, w.scope, z.scope, (x + 1).scope) == ("", "layer1", "layer1.neuron1", "", "")
