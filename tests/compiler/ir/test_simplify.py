"""Each rule of simplification holds for all floats: infinities, nan, subnormal numbers and both zeros."""
import math
from unittest import mock

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from microgradx.compiler.ir import simplify as rules
from microgradx.compiler.ir.lowering import POWERS
from microgradx.compiler.ir.program import Program
from microgradx.compiler.ir.simplify import FREE, RULES
from microgradx.table import TABLE, Reduction

from ...budget import budget, sweep
from ...compiled import close, equal, identical

EDGES = [0.0, -0.0, 1.0, -1.0, 2.0, 2.0**1023, 5e-324, math.inf, -math.inf, math.nan]
FLOATS = st.sampled_from(EDGES) | st.floats()
every_rule = pytest.mark.parametrize("op", [TABLE[name] for name in RULES], ids=lambda op: op.name)


def run(p, x):
    """The numbers of all nodes of a program of one input."""
    found = []
    for i, (op, args) in enumerate(zip(p.ops, p.args)):
        found.append(op.at(*[found[a] for a in args]) if op else p.numbers.get(i, x))
    return found


@st.composite
def inputs(draw, op):
    """For each input of a row: a constant; or "x" or "-x", what is known as it runs only."""
    count = draw(st.integers(max(op.least, 1), 5)) * op.lists if isinstance(op, Reduction) else len(op.inputs)
    return draw(st.lists(FLOATS | st.sampled_from(["x", "-x"]), min_size=count, max_size=count))


def check(op, args, x, strict):
    """The node that add() answers with has the very number of the row: in strict programs to the sign of a zero. Powers
    that are told in products are rounded more often."""
    p = Program(strict=strict)
    known = p.input()
    negative = p._new(TABLE["neg"], (known,))
    nodes = [known if a == "x" else negative if a == "-x" else p.constant(a) for a in args]
    node = p.add(op, tuple(nodes))
    got = run(p, x)[node]
    expected = op.at(*[x if a == "x" else -x if a == "-x" else a for a in args])
    same = identical if strict else close if op.name == "pow" and args[1] in POWERS else equal
    assert same(got, expected), f"{op.name}{args} at {x}: {got} in place of {expected}"


@pytest.mark.parametrize("name", sorted(RULES.keys() - FREE.keys()))
@pytest.mark.parametrize("strict", [True, False])
def test_a_rule_of_constants_is_silent_without_one(name, strict):
    """add() does not ask it then."""
    p = Program(strict=strict)
    x, y = p.input(), p.input()
    for a in (x, y, p._new(TABLE["neg"], (x,))):
        assert all(RULES[name](p, args) is None for args in [(a, b) for b in (x, y)])


@sweep(3)
@every_rule
@pytest.mark.parametrize("strict", [True, False])
def test_a_rule_holds_for_all_floats(op, strict):
    @settings(max_examples=budget(150))
    @given(inputs(op), FLOATS)
    @example((["x"] if isinstance(op, Reduction) else ["x"] * len(op.inputs)) * getattr(op, "lists", 1), -0.0)
    def holds(args, x):
        check(op, args, x, strict)
    holds()


def applied(op, args, **more):
    """The names of the operations that are left of one applied to these, and to x."""
    p = Program(**more)
    x = p.input()
    p.results = [p.add(op, tuple([x if a == "x" else p.constant(a) for a in args]))]
    return [op.name for op in p.live().ops if op]


@pytest.mark.parametrize("name, args, left", [
    ("mul", ["x", 1.0], []), ("mul", [-1.0, "x"], ["neg"]), ("mul", ["x", 0.0], ["mul"]),
    ("sub", ["x", 0.0], ["sub"]), ("add", ["x", 0.0], ["add"]),
    ("div", ["x", 1.0], []), ("div", [1.0, "x"], ["div"]), ("div", ["x", -4.0], ["mul"]), ("div", ["x", 3.0], ["div"]),
    ("div", ["x", 2.0**1023], ["div"]), ("div", ["x", 5e-324], ["div"]), ("div", ["x", math.inf], ["div"]),
    ("identity", ["x"], []), ("detach", ["x"], []),
    ("where", [0.0, "x", 2.0], []), ("where", [math.nan, "x", 2.0], []), ("where", ["x", "x", "x"], []),
    ("sum", ["x"], ["sum"]), ("dot", ["x", "x"], ["dot"]), ("dot", ["x", "x", 1.0, 1.0], ["sum"]),
    ("masked_dot", [1.0, "x", 2.0], ["dot"]), ("masked_dot", [0.0, "x", "x"], []),
    ("masked_dot", ["x", 2.0, 1.0], ["where"]),
    ("masked_dot", ["x", "x", math.inf], ["masked_dot"]), ("exp", [0.0], []),
])
def test_what_is_left(name, args, left):
    assert applied(TABLE[name], args) == left


@pytest.mark.parametrize("name, args", [("sum", ["x"]), ("dot", ["x", "x"])])
def test_strict_programs_keep_a_sum_that_makes_a_positive_zero(name, args):
    assert applied(TABLE[name], args, strict=True) == [name]


@pytest.mark.parametrize("name, args, x, wrong", [
    ("mul", [0.0, "x"], math.inf, lambda p, args: p.constant(0.0) if p.number(args[0]) == 0 else None),     # nan
    ("sub", ["x", "x"], math.inf, lambda p, args: p.constant(0.0) if args[0] == args[1] else None),         # nan
    ("sum", ["x"], -0.0, lambda p, args: args[0] if len(args) == 1 else None),                              # 0.0
    ("where", [math.nan, 1.0, 2.0], 0.0, lambda p, args: args[2] if p.number(args[0]) != 1 else None),      # 1.0
])
def test_a_wrong_rule_is_found(name, args, x, wrong):
    check(TABLE[name], args, x, True)
    with (mock.patch.dict(rules.RULES, {name: wrong}), mock.patch.dict(rules.FREE, {name: wrong}),
          pytest.raises(AssertionError, match=f"{name}.* in place of")):
        check(TABLE[name], args, x, True)
