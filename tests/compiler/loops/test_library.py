"""The library of functions: compiled once in a process, shared by programs and threads, apart where they must be."""
import threading
from unittest import mock

import pytest

from ...compiled import LOOPS, needs_llvmlite

pytestmark = needs_llvmlite
pytest.importorskip("llvmlite")

import microgradx as mg  # noqa: E402
from microgradx import jit, value_and_grad  # noqa: E402
from microgradx.compiler.loops import library  # noqa: E402
from microgradx.compiler.loops.library import addresses  # noqa: E402
from microgradx.compiler.loops.shapes import Shape  # noqa: E402
from microgradx.table import Op  # noqa: E402


@pytest.fixture
def loads(monkeypatch):
    """A library without books, and how often machine code was made."""
    monkeypatch.setattr(library, "_known", {})
    with mock.patch.object(library, "load", side_effect=library.load) as load:
        yield load


def shape(operands=2, op=mg.mul):
    return Shape(op, operands, 1, 0, "outer", (1,) * (operands + 1))


def test_each_shape_is_compiled_once(loads):
    first = addresses([shape(op=mg.neg, operands=1), shape(), shape(op=mg.add)], strict=False)
    assert len(set(first.values())) == 3 and loads.call_count == 1
    assert addresses([shape(op=mg.add), shape(op=mg.neg, operands=1)], strict=False).items() <= first.items()
    assert loads.call_count == 1
    assert addresses([shape(op=mg.sub)], strict=False)[shape(op=mg.sub)] not in first.values()
    assert loads.call_count == 2


def test_a_wider_function_that_is_there_serves_a_narrower_shape(loads):
    """Any number of vectors serves one; iterations left over serve none. The bits of both are the same."""
    few, full, many = shape()._replace(block=1), shape()._replace(block=1, whole=True), shape()
    found = addresses([few, full, many], strict=False)
    assert len(set(found.values())) == 1 and loads.call_count == 1
    assert addresses([full], strict=False)[full] == found[many] and loads.call_count == 1
    assert addresses([few], strict=True)[few] != addresses([few], strict=False)[few]


def test_strict_code_has_functions_of_its_own(loads):
    assert addresses([shape()], strict=False) != addresses([shape()], strict=True)


@pytest.mark.slow
def test_programs_that_differ_in_counts_share_all_functions(loads):
    def f(xs):
        return mg.sum([mg.tanh(x) * mg.exp(x) for x in xs])
    for count in (90, 91, 130):
        xs = [k / count for k in range(count)]
        y, slopes = LOOPS.jit(value_and_grad(f))(xs)
        expected, gradient = value_and_grad(f)(xs)
        assert y == pytest.approx(expected, rel=1e-12) and slopes == pytest.approx(gradient, rel=1e-12)
    assert loads.call_count == 1


def test_a_row_of_the_same_name_is_another_operation():
    """Rows of a user who redefines one: each program keeps its own."""
    def program(scale):
        opaque = Op("scaled", lambda x: float(str(x)) * scale, scale)      # not in the table, which has one of a name
        return LOOPS.jit(lambda xs: [opaque(x) for x in xs])
    xs = [1.0, 2.0, 3.0]
    twice, thrice = program(2.0), program(3.0)
    assert (twice(xs), thrice(xs), twice(xs)) == ([2.0, 4.0, 6.0], [3.0, 6.0, 9.0], [2.0, 4.0, 6.0])


def test_threads_compile_at_once(loads):
    def f(xs):
        return [mg.tanh(x) * x for x in xs]
    found = {}

    def work(k):
        found[k] = jit(f, backend="native")([k / 10] * 300)         # too many for a straight line
    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[k] for k in range(4)] == [pytest.approx(f([k / 10] * 300), rel=1e-12) for k in range(4)]
