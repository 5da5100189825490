"""The program: common subexpressions, constants, dead code, and that it grows no faster than what was traced."""
import math

import pytest

import microgradx as mg
from microgradx import Value, value_and_grad
from microgradx.compiler.ir.program import Program, program, template
from microgradx.compiler.ir.row_names import OWN, distinct
from microgradx.compiler.pickling import played
from microgradx.compiler.trace.trace import trace
from microgradx.table import TABLE, Op


def made(f, *args, **more):
    """The operations of a function's program, by name."""
    return [op.name for op in program(trace(f, list(args)), **more).ops if op]


def test_what_is_computed_twice_is_computed_once():
    assert made(lambda x, y: mg.tanh(x * y) + mg.exp(mg.tanh(x * y)), 1.0, 2.0) == ["mul", "tanh", "exp", "add"]
    assert made(lambda x: [mg.sin(x), mg.sin(x), mg.sin(x + 0.0)], 1.0) == ["sin", "add", "sin"]    # -0.0 + 0.0 is 0.0


def test_sums_and_products_are_the_same_either_way_round():
    assert made(lambda x, y: [x + y, y + x, x * y, y * x, x - y, y - x], 1.0, 2.0) == ["add", "mul", "sub", "sub"]


def test_constants_are_computed_at_once():
    assert made(lambda x: x * mg.exp(Value(0.0)) + mg.sin(Value(2.0) * 0.5) * 0, 1.0) == ["add"]
    p = program(trace(lambda: Value(2.0) * 3 + 1, []))
    assert [p.numbers[r] for r in p.results] == [7.0]


def test_gradients_of_many_are_shared_with_what_is_known():
    """x[0] times the slope is asked for twice, by a gradient and by f."""
    def f(w, x):
        y = mg.square(mg.dot(w, x))
        slope, = mg.gradients(y, [w[0]], create_graph=True)
        return [*mg.gradients(y, w, create_graph=True), slope]
    assert made(f, [0.5] * 3, [1.0, 2.0, 3.0]).count("mul") == 4


def test_zeros_of_both_signs_stay_two_among_inputs():
    p = program(trace(lambda x: [mg.atan2(0.0, x), mg.atan2(-0.0, x)], [1.0]))
    assert played(p, [-1.0]) == [math.pi, -math.pi]


def test_zeros_of_both_signs_and_nan_are_constants_of_their_own():
    p = Program()
    assert len({p.constant(0.0), p.constant(-0.0), p.constant(math.nan), p.constant(1.0)}) == 4
    assert p.constant(math.nan) == p.constant(math.nan) and p.constant(0.0) == p.constant(0.0)


def test_what_no_result_needs_is_left_out():
    def f(x, y):
        _unused = mg.exp(x) / y
        return x * x
    assert made(f, 1.0, 2.0) == ["mul"]
    p = program(trace(f, [1.0, 2.0]))
    assert len(p.inputs) == 2                                       # it is given all the same


def test_a_gradient_needs_only_what_depends_on_the_input():
    assert "exp" not in made(mg.grad(lambda x, y: x * x * 3 + mg.exp(y)), 1.0, 2.0)


def test_each_node_stands_behind_its_inputs():
    p = program(trace(mg.hessian(lambda xs: mg.prod(xs) * mg.logsumexp(xs)), [[1.0, 2.0, 3.0]]))
    assert all(a < i for i, args in enumerate(p.args) for a in args)
    assert all(len(p.args[i]) == 0 for i in (*p.inputs, *p.numbers))


def test_uses_count_each_place():
    p = Program()
    x = p.input()
    p.results = [p.add(TABLE["mul"], (x, x)), x]
    assert p.uses() == [3, 1]


@pytest.mark.parametrize("f", [lambda xs: mg.sum([mg.tanh(x) for x in xs]), mg.prod,
                               lambda xs: mg.logsumexp([x * x for x in xs])])
def test_programs_grow_no_faster_than_their_inputs(f):
    sizes = [len(program(trace(value_and_grad(f), [[0.1] * n]))) for n in (100, 200)]
    assert sizes[1] <= 2.05 * sizes[0]


def test_a_row_under_the_name_of_another_gets_a_name_of_its_own():
    ours, theirs = TABLE["tanh"], Op("tanh", lambda x: x, 1.0)
    assert distinct(ours) is ours and distinct(theirs) is distinct(theirs) is not theirs
    assert distinct(theirs).name not in OWN and distinct(theirs).value is theirs.value


def test_a_row_told_in_other_rows():
    assert [op.name for op in template(TABLE["silu"], 1).ops if op] == ["sigmoid", "mul"]
    assert template(Op("gamma", math.gamma, 0.0), 1) is None
    assert template(Op("pole", lambda x: 1 / x, 0.0, poles={0.0: math.inf}), 1) is None
