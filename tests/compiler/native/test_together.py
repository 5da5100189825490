"""Two rows of one number at once: the same results as one by one, wherever they stand."""
import math

import pytest

from ...compiled import needs_llvmlite

pytestmark = needs_llvmlite
pytest.importorskip("llvmlite")

from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

import microgradx as mg  # noqa: E402
from microgradx import jit, value_and_grad  # noqa: E402
from microgradx.compiler.ir.program import program  # noqa: E402
from microgradx.compiler.native.elementary import PAIRS  # noqa: E402
from microgradx.compiler.native.instructions import native  # noqa: E402
from microgradx.compiler.native.straight import straight  # noqa: E402
from microgradx.compiler.trace.trace import trace  # noqa: E402
from microgradx.table import TABLE  # noqa: E402

every_pair = pytest.mark.parametrize("names", PAIRS, ids=" ".join)


def inside(f, *args, strict=False):
    """The names of the functions that the straight line of f has of its own."""
    p = program(trace(f, list(args)), lambda op: native(op, strict), strict)
    module = straight(p, range(len(p.inputs)), len(p.inputs) + 1, len(p.inputs), strict).module
    return [g.name for g in module.functions if g.linkage == "internal"]


@every_pair
@given(st.floats(-700, 700), st.permutations([0, 1, 0, 1]))
def test_any_order_any_number_of_times(names, x, order):
    rows = [TABLE[names[k]] for k in order]
    found = jit(lambda x: [row(x) for row in rows], backend="native")(x)
    assert found == pytest.approx([row(x) for row in rows], rel=1e-12, abs=0.0)


@every_pair
def test_one_call_for_each_number(names):
    first, second = (TABLE[name] for name in names)
    both = "_and_".join(names) + ".v1"
    assert inside(lambda x, y: [second(x), first(x), first(y), second(y)], 1.0, 2.0) == [both]
    assert inside(lambda x: [first(x), first(x)], 1.0) == [f"{names[0]}.v1"]
    assert sorted(inside(lambda x, y: [first(x), second(y)], 1.0, 2.0)) == sorted(f"{name}.v1" for name in names)


def test_a_neuron_has_one_exponential():
    assert inside(value_and_grad(lambda w, x: mg.tanh(w * x)), 1.0, 2.0) == ["tanh_and_sech.v1"]


def test_strict_programs_have_the_functions_of_libm():
    assert inside(value_and_grad(lambda w, x: mg.tanh(w * x)), 1.0, 2.0, strict=True) == []
    neuron = jit(value_and_grad(mg.tanh), backend="native", strict=True)
    assert neuron(0.3) == value_and_grad(mg.tanh)(0.3) == (math.tanh(0.3), (1 / math.cosh(0.3))**2)
