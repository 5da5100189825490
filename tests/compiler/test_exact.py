"""What cancels in eager code cancels in compiled code: each product is rounded by itself, short sums keep their order.

A fused multiply-add rounds a product and a sum together. x*x - y*y would then be what x*x lost by rounding, where it is
exactly 0, and its square root nan.
"""
import math
from fractions import Fraction

import pytest

pytest.importorskip("hypothesis")

from hypothesis import example, given, settings
from hypothesis import strategies as st

import microgradx as mg
from microgradx import dot, jit, sqrt, value_and_grad
from microgradx.compiler.loops.nests import FEW

from ..budget import budget
from ..compiled import LOOPS, PYTHON, STRAIGHT, equal, every_way, needs_llvmlite

pytestmark = needs_llvmlite

THIRD = 1e8 + 1 / 3
CANCEL = [
    ("x*x - y*y", lambda x, y: x * x - y * y, (THIRD, THIRD), 0.0),
    ("a*b - c*d", lambda a, b, c, d: sqrt(a * b - c * d), (0.3, 0.1, 0.1, 0.3), 0.0),
    ("1/(x*x - y*y)", lambda x, y: 1 / (x * x - y * y), (0.1, 0.1), math.inf),
    ("dot([1 - (x*x - x*x)], [x])", lambda x: dot([1 - (x * x - x * x)], [x]), (1e150,), 1e150),
    ("overflow in a dot", lambda x: dot([x, 2.0, x], [2.0, x, x]), (-1e308,), math.nan),
    ("discriminant", lambda a, b, c: sqrt(b * b - 4 * a * c), (0.1, 0.2, 0.1), math.sqrt(0.2 * 0.2 - 4 * 0.1 * 0.1)),
    ("cross product", lambda a, b: mg.hypot(a[0] * b[1] - a[1] * b[0], a[1] * b[2] - a[2] * b[1]),
     ([0.1, 0.3, 0.7], [0.1, 0.3, 0.7]), 0.0),
    ("dot([a, b], [c, d])", lambda a, b: dot([a, b], [b, -a]), (0.1, 0.7), 0.0),
    ("variance", lambda xs: dot(xs, xs) / 4 - (mg.sum(xs) / 4)**2, ([0.1] * 4,), (4 * (0.1 * 0.1)) / 4 - 0.1**2),
    ("two sums", lambda a, b, c, d: (a + b) - (c + d), (0.1, 0.2, 0.1, 0.2), 0.0),
    ("a product and its rounding", lambda a, b, c: a * b - c, (0.1, 0.7, 0.1 * 0.7), 0.0),
    ("comparison", lambda a, b, c, d: mg.where(a * b - c * d > 0, 1.0, 2.0), (0.3, 0.1, 0.1, 0.3), 2.0),
]


@every_way
@pytest.mark.parametrize("f, args, answer", [row[1:] for row in CANCEL], ids=[row[0] for row in CANCEL])
def test_what_cancels_in_eager_code_cancels(way, f, args, answer):
    assert equal(way.jit(f)(*args), answer)


@pytest.mark.slow
@every_way
def test_a_loop_over_many_rows_cancels_too(way):
    """The same, computed for so many rows that they are a loop."""
    def f(xs, ys):
        return [x * x - y * y for x, y in zip(xs, ys)] + [dot([x, y], [y, -x]) for x, y in zip(xs, ys)]

    xs = [0.1 * k + 1 / 3 for k in range(200)]
    assert set(way.jit(f)(xs, xs)) == {0.0}


@every_way
def test_gradients_cancel_too(way):
    """d/dx of x*y - x*z at y = z is y - z = 0, and of a product and its negative nothing is left."""
    f = way.jit(value_and_grad(lambda x, y, z: (x * y) * (x * y) - (x * z) * (x * z)))
    assert f(0.1, 0.7, 0.7) == (0.0, 0.0)


# Random programs ----------------------------------------------------------------------------------------------------

SIZES = st.floats(-300, 300).map(lambda e: 10.0**e) | st.sampled_from([0.1, 0.3, 1 / 3, 7.0])
NUMBERS = st.tuples(SIZES, st.sampled_from([1.0, -1.0])).map(math.prod)


@st.composite
def sums(draw):
    """An expression in a, b, c as a function: sums of products, with terms that cancel planted, or a short dot."""
    ops = st.recursive(
        st.sampled_from(["a", "b", "c"]),
        lambda inner: st.tuples(st.sampled_from("+-*"), inner, inner).map(lambda t: f"({t[1]} {t[0]} {t[2]})"),
        max_leaves=8)
    one, other = draw(ops), draw(ops)
    form = draw(st.sampled_from(["{0} * {1} - {2} * {3}", "({0} + {1}) - ({2} + {3})", "dot([{0}, {2}], [{1}, -{3}])",
                                 "{0} * {1} - ({2} * {3} - {0})", "sum([{0}, {1}, -{2}, -{3}])"]))
    twin = {"a": "d", "b": "e", "c": "f"}                          # other inputs with the same numbers
    renamed = ["".join(twin.get(x, x) for x in side) for side in (one, other)]
    return form.format(one, other, *renamed)


def evaluated(text):
    return lambda a, b, c, d, e, f: eval(text, {"dot": dot, "sum": mg.sum}, locals())


@pytest.mark.slow
@settings(max_examples=budget(300))
@given(sums(), NUMBERS, NUMBERS, NUMBERS)
@example("a * b - d * e", 0.1, 0.3, 1.0)
def test_sums_of_products_have_the_bits_of_eager_code(text, a, b, c):
    f, xs = evaluated(text), (a, b, c, a, b, c)
    eager = f(*map(mg.Value, xs))
    for way in (PYTHON, STRAIGHT, LOOPS):
        assert equal(way.jit(f)(*xs), eager.data), (text, way)


@pytest.mark.parametrize("terms", [1, 2, FEW - 1, FEW, FEW + 1, 100])
def test_a_long_dot_keeps_its_promise(terms):
    """Within one rounding a term of the sum of sizes: a fused multiply-add may leave a rest where terms cancel."""
    xs = [(-1)**k * (0.1 + k // 2) for k in range(2 * terms)]
    ys = [1 / 3 + k // 2 for k in range(2 * terms)]
    found = jit(dot)(xs, ys)
    exact = sum(Fraction(x) * Fraction(y) for x, y in zip(xs, ys))
    size = sum(abs(Fraction(x) * Fraction(y)) for x, y in zip(xs, ys))
    assert abs(Fraction(found) - exact) <= 2 * terms * Fraction(2)**-52 * size
    assert found == 0 or 2 * terms > FEW
