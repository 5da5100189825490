"""The unrolled operators give what record() gives, and the engine can be read in ten minutes."""
import operator
import pathlib
from itertools import product

import pytest

import microgradx as mg
from microgradx import Value, engine, no_grad, operators, ops, scope
from microgradx.engine import record
from microgradx.table import TABLE, Op

NUMBERS = [-2.5, -1.0, -0.0, 0.0, 0.5, 1.0, 2.0, 710.0, float("inf"), float("nan")]
BINARY = {operator.add: ops.add, operator.sub: ops.sub, operator.mul: ops.mul, operator.truediv: ops.div,
          operator.pow: ops.pow, operator.lt: ops.less, operator.le: ops.less_equal, operator.gt: ops.greater,
          operator.ge: ops.greater_equal}
UNARY = {op: op for op in TABLE.values() if op.__class__ is Op and len(op.inputs) == 1}
UNARY |= {operator.neg: ops.neg, operator.pos: ops.identity, operator.abs: ops.abs}


def seen(v, names):
    """All that a result holds, its inputs by name."""
    inputs = [names.get(a, a) if isinstance(a, Value) else a for a in v.args]
    return repr((v.data, v.op, inputs, v.slopes, v.scope, v.label, v.grad))


@pytest.mark.parametrize("f", UNARY, ids=lambda f: getattr(f, "name", f.__class__.__name__))
def test_of_one_input(f):
    for x in NUMBERS:
        v = Value(x)
        with scope("here"):
            assert seen(f(v), {v: "v"}) == seen(record(UNARY[f], [v]), {v: "v"})
        with no_grad():
            assert repr(f(v)) == repr(record(UNARY[f], [v])) and f(v).op is None


@pytest.mark.parametrize("f", BINARY, ids=lambda f: f.__name__)
def test_of_two_inputs(f):
    for a, b in product(NUMBERS, NUMBERS):
        x, y = Value(a), Value(b)
        names = {x: "x", y: "y"}
        assert seen(f(x, y), names) == seen(record(BINARY[f], [x, y]), names)
        assert seen(f(x, b), names) == seen(record(BINARY[f], [x, b]), names)
        if BINARY[f].infix[0] not in "<>":              # Python turns 2 < x round
            assert seen(f(a, y), names) == seen(record(BINARY[f], [a, y]), names)


def test_of_lists():
    xs, ys = [Value(2.0), 3.0, Value(-1.0)], [4.0, Value(5.0), Value(6.0)]
    names = {v: k for k, v in enumerate([*xs, *ys]) if isinstance(v, Value)}
    for op, lists in ((mg.sum, [xs]), (mg.dot, [xs, ys]), (mg.max, [ys]), (mg.logsumexp, [xs]), (mg.prod, [ys])):
        assert seen(op(*lists), names) == seen(record(op, op.flat(lists)), names)


def test_a_wrong_operator_is_seen():
    x = Value(2.0)
    assert seen(operators.unary(ops.exp)(x), {x: 0}) != seen(record(ops.expm1, [x]), {x: 0})


def test_the_engine_is_short():
    """The ten minutes: no more than 180 lines, docstrings included, and nothing imported but what a row is."""
    source = pathlib.Path(engine.__file__).read_text()
    assert len(source.splitlines()) <= 180 and max(map(len, source.splitlines())) <= 120
    assert [line for line in source.splitlines() if line.startswith("from .")] == [
        "from .arithmetic import Arithmetic", "from .ieee import inf, kind_of, number", "from .table import Op"]


def test_no_gradient_is_a_zero_of_its_own():
    """backward() tells it from a gradient that is 0: sqrt(x)*sqrt(x) at 0 is nan, a shut branch 0."""
    zero = float("0.0")
    assert engine.UNREACHED == 0.0 and engine.UNREACHED is not zero and zero + zero is not engine.UNREACHED


class Stranger(mg.arithmetic.Arithmetic["Stranger"]):
    """An operand of another kind, which says what it was asked."""

    def _apply(self, op, args):
        return (op.name, *args)


@pytest.mark.parametrize("f", BINARY, ids=lambda f: f.__name__)
def test_operands_of_other_kinds_are_asked_themselves(f):
    """A Value hands on to their operators, in the order in which the operands stand."""
    v, other = Value(2.0), Stranger()
    turned = {"less": "greater", "less_equal": "greater_equal", "greater": "less", "greater_equal": "less_equal"}
    name = BINARY[f].name
    assert f(v, other) == ((turned[name], other, v) if name in turned else (name, v, other))
    assert f(other, v) == (name, other, v)
