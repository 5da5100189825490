"""Composed operations: what is used once becomes a part of the next; nothing is lost, computed twice or changed."""
import pytest

from ...budget import budget
from ...compiled import as_function, different, identical, needs_llvmlite

pytestmark = needs_llvmlite
pytest.importorskip("llvmlite")

from hypothesis import given, settings  # noqa: E402

import microgradx as mg  # noqa: E402
from microgradx import tape, value_and_grad  # noqa: E402
from microgradx.checking.strategies import graphs  # noqa: E402
from microgradx.compiler.ir.program import Program, program  # noqa: E402
from microgradx.compiler.loops.compose import MOST, WIDE, Composed, Term, composed, only_row, outermost  # noqa: E402
from microgradx.compiler.native.instructions import native  # noqa: E402
from microgradx.compiler.pickling import played  # noqa: E402
from microgradx.compiler.trace.trace import trace  # noqa: E402


def value(term, xs):
    """A term at these inputs, by the rows of the table."""
    return term.op.apply(term.op.called([value(a, xs) if isinstance(a, Term) else xs[a] for a in term.args]))


def spelled(p):
    """The program with an ordinary row's interface in place of each composed operation."""
    for op in p.ops:
        if isinstance(op, Composed):
            op.apply, op.called = (lambda xs, term=op.term: value(term, xs)), list
    return p


def count(op):
    """How many rows an operation is made of."""
    def inside(term):
        return 1 + sum(inside(a) for a in term.args if isinstance(a, Term))
    return inside(op.term) if isinstance(op, Composed) else 1


def recorded(f, *args):
    return program(trace(f, list(args)), lambda op: native(op, False))


def names(f, *args):
    return [op.name for op in composed(recorded(f, *args), False).ops if op]


@pytest.mark.slow
@settings(max_examples=budget(150))
@given(graphs())
def test_every_graph_computes_the_same_by_the_same_rows(root):
    f, xs = as_function(root)
    p = recorded(value_and_grad(f), xs)
    q = composed(p, False)
    given_now = [*xs, *[source.data for source in p.closures]]
    assert different(played(spelled(q), given_now), played(p, given_now), identical) == []
    assert sum(count(op) for op in q.ops if op) == sum(op is not None for op in p.ops)
    assert all(len(args) <= (WIDE if only_row(op) else MOST)
               for op, args in zip(q.ops, q.args) if isinstance(op, Composed))
    assert len(tape(root)) < 2 or len(q) <= len(p)


def test_a_chain_is_one_operation():
    assert names(lambda x, y: mg.tanh(x * y) - 1, 1.0, 2.0) == ["sub(tanh(mul(0, 1)), 2)"]


def test_what_is_used_twice_or_asked_for_stands_alone():
    assert names(lambda x, y: (x * y) * mg.tanh(x * y), 1.0, 2.0) == ["mul", "mul(0, tanh(0))"]
    assert names(lambda x: [mg.tanh(x), mg.exp(mg.tanh(x))], 1.0) == ["tanh", "exp"]


def test_no_operation_has_more_inputs_than_fit():
    """A long chain of two rows is cut where a part has taken as many as it can."""
    found = names(lambda xs: mg.square(xs[0] * xs[1] - xs[2] * xs[3] - xs[4] * xs[5] - xs[6] * xs[7]), [1.0] * 8)
    assert len(found) == 2 and found[1].startswith("square(")


@pytest.mark.parametrize("count", [2, 7, 16, 27, 32])
def test_a_maximum_of_few_or_many_numbers_is_one_operation(count):
    """So what follows on it is at one level in programs, and in rows, of any length."""
    found = names(mg.max, [1.0] * count)
    assert len(found) == 1 and found[0].count("maximum") == count - 1
    assert len(names(mg.max, [1.0] * 33)) == 2


def test_sums_and_tables_stay_what_they_are():
    """The finder of loops looks into them."""
    found = names(lambda xs, i: mg.sum([x * x for x in xs]) + mg.take(xs, i), [1.0] * 9, 2.0)
    assert found.count("mul") == 9 and {"sum", "take"} <= set(found)


def test_the_same_term_is_the_same_operation():
    p = composed(recorded(lambda x, y, z: [mg.exp(x * y), mg.exp(y * z)], 1.0, 2.0, 3.0), False)
    first, second = [op for op in p.ops if op]
    assert first is second and outermost(first) is mg.exp and outermost(mg.tanh) is mg.tanh


def test_inputs_in_the_wrong_place_would_be_seen():
    p = Program()
    p.results = [p.add(mg.exp, (p.add(mg.sub, (p.input(), p.input())),))]
    q = spelled(composed(p, False))
    assert played(q, [3.0, 1.0]) == played(p, [3.0, 1.0]) != played(q, [1.0, 3.0])
