"""A graph is taken apart as far as nobody else has it; test_pyodide.py does so where that is needed."""
import sys

import microgradx as mg
from microgradx import Value
from microgradx.freeing import unlinked


def operations(y):
    """How many operations y was computed by."""
    return sum(v.op is not None for v in mg.tape(y))


def test_all_that_nobody_else_has_is_taken_apart():
    x = Value(2.0)
    before = sys.getrefcount(x)
    y = mg.sum([x * x, (x + 1.0).tanh(), mg.dot([x, x], [x, 3.0])])
    part = y.args[1].args[0]
    assert operations(y) == 5 and sys.getrefcount(x) > before
    unlinked(y)
    assert y.args == () and operations(part) == 1 and sys.getrefcount(x) == before + 1


def test_what_somebody_else_has_stays():
    x = Value(2.0)
    kept = x * 3.0
    unlinked(kept + kept)
    assert kept.args == (x, 3.0)


def test_a_chain_of_any_length():
    x = y = Value(1.0)
    before = sys.getrefcount(x)
    for _ in range(20_000):
        y = y * y + y
    unlinked(y)
    assert mg.tape(y) == [y] and sys.getrefcount(x) == before - 1       # y is another one
