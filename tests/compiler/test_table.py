"""Every row of the table, compiled, against the row itself: value, gradients and second derivatives, at regular points,
on kinks and at the edges. Strict code gives the same bits, other code the same numbers to 1e-12.
"""
import itertools
import math
import random
from functools import reduce
from operator import add

import pytest

import microgradx as mg
from microgradx import Value, gradients, value_and_grad
from microgradx.checking.mismatch import EPSILON, roundings
from microgradx.table import TABLE, Op, Reduction

from .. import points
from ..budget import sweep
from ..compiled import LOOPS, STRAIGHT, WAYS, close, different, equal, every_way, identical, name, needs_llvmlite

pytestmark = pytest.mark.filterwarnings("ignore:machine code of")      # rows from outside are called back

ROWS = list(TABLE.values())         # as imported: rows that other tests add are not among them
EDGES = [0.0, -0.0, 1.0, -math.inf, 0.5, math.inf, -1.0, math.nan]
SHORT, LONG = (1, 2, 5), (9, 21)    # elements of lists: of more than 4 the sum may be a loop

MANY, FEW = 30, 8

every_row = pytest.mark.parametrize("op", ROWS, ids=lambda op: op.name)


def edges(op):
    """Edges in every input; for lists, of two elements, and some of many."""
    size = 2 * op.lists + op.index if isinstance(op, Reduction) else len(op.inputs)
    numbers = EDGES if size < 3 else EDGES[::2] + [-1.0]
    yield from map(list, itertools.product(*(map(float, domain) if isinstance(domain, range) else numbers
                                             for domain in op.domains(size))))
    if isinstance(op, Reduction):
        rng = random.Random(op.name)
        for length in LONG:
            for numbers in [EDGES, [1.0, 0.5, -2.0]] * 2 + [[0.0, math.inf], [-0.0]]:
                xs = rng.choices(numbers, k=length * op.lists)
                yield xs + [float(rng.randrange(length))] * op.index


def asked(op, count):
    """The points a row is asked at, by their number of inputs."""
    found = {}
    for xs in (*edges(op), *points.smooth(op, count), *itertools.islice(points.kinks(op), count)):
        if not isinstance(op, Reduction) or len(xs) // op.lists - op.index in (*SHORT, LONG[0], LONG[count > FEW]):
            found.setdefault(len(xs), []).append(xs)
    return found


def first(op, xs):
    """The value and the gradient, by eager code."""
    inputs = list(map(Value, xs))
    y = op.apply(op.called(inputs))
    return [y.data, *gradients(y, inputs)]


def second(op, xs):
    """All second derivatives, by eager code."""
    inputs = list(map(Value, xs))
    slopes = gradients(op.apply(op.called(inputs)), inputs, create_graph=True)
    return [x for slope in slopes for x in gradients(slope, inputs)]


def terms(op, xs):
    """How large the terms are that each second derivative is the sum of: the chain rule on absolute values."""
    inputs = list(map(Value, xs))
    slopes = gradients(op.apply(op.called(inputs)), inputs, create_graph=True)
    return [blur / EPSILON for slope in slopes for blur in roundings(slope, inputs)[1]]


def first_program(op):
    """The same as first(), as a function to compile."""
    def program(xs):
        y, slopes = value_and_grad(lambda xs: op.apply(op.called(xs)))(xs)
        return [y, *slopes]
    return program


def second_program(op):
    """The same as second()."""
    return lambda xs: [x for row in mg.hessian(lambda xs: op.apply(op.called(xs)))(xs) for x in row]


def check(way, op, program, eager, count, strict=True, rule=None):
    """A row, compiled, answers as eager code does: a point at a time in a straight line, all at once in loops."""
    for xss in asked(op, count).values():
        if way is LOOPS:
            found = way.jit(lambda xss: [program(rule or op)(xs) for xs in xss], strict=strict)(xss)
        else:
            compiled = way.jit(program(rule or op), strict=strict)
            found = [compiled(xs) for xs in xss]
        for xs, got in zip(xss, found):
            expected = eager(op, xs)
            wrong = different(got, expected, equal if strict else close)
            if wrong and eager is second and not strict:        # terms that cancel are added up in another order
                wrong = [(i, a, b) for i, a, b in wrong if not close(a, b, terms(op, xs)[i])]
            if eager is first and strict and not identical(got[0], expected[0]):
                wrong.insert(0, (0, got[0], expected[0]))
            assert not wrong, f"{op.name}{xs}: {wrong[0][1]} in place of {wrong[0][2]} at {wrong[0][0]}"


@sweep(11)
@every_way
@every_row
def test_value_and_gradient(way, op):
    check(way, op, first_program, first, MANY)


@sweep(11)
@needs_llvmlite
@pytest.mark.parametrize("way", [STRAIGHT, pytest.param(LOOPS, marks=pytest.mark.slow)], ids=name)
@every_row
def test_value_and_gradient_where_sums_are_free(way, op):
    check(way, op, first_program, first, MANY, strict=False)


@sweep(11)
@pytest.mark.parametrize("way, strict", [(*WAYS[:1], True), *[pytest.param(way, strict, marks=needs_llvmlite)
                                         for way, strict in ((STRAIGHT, True), (LOOPS, False))]], ids=str)
@every_row
def test_second_derivatives(way, strict, op):
    check(way, op, second_program, second, FEW, strict)


@pytest.mark.sweep(997)
@every_way
def test_a_wrong_row_is_found(way):
    """Not the row's own value, a slope a millionth off, a slope that is wrong at one edge only."""
    tanh = TABLE["tanh"]
    for value, slope in [(lambda x: x, tanh.rules[0]), (tanh.value, lambda y, x: (1 + 1e-6) * mg.square(mg.sech(x))),
                         (tanh.value, lambda y, x: mg.where(x <= 1, mg.where(x < 1, mg.square(mg.sech(x)), 0), 0))]:
        with pytest.raises(AssertionError, match=r"tanh\[.*\]: .* in place of"):
            check(way, tanh, first_program, first, FEW, rule=Op("tanhlike", value, slope))


# Rows from outside ---------------------------------------------------------------------------------------------

def outside():
    """Rows as a user may write them: with operators, with an if, with Python's math, with anything."""
    yield Op("swish", lambda x, b: x * mg.sigmoid(b * x), lambda y, x, b: mg.sigmoid(b * x) * (1 + b * (x - y)),
             lambda y, x, b: y * (x - y))
    yield Op("tent", lambda x: max(0.0, 1 - math.fabs(x)), lambda y, x: mg.where(y > 0, -mg.sign(x), 0))
    yield Op("gamma", math.gamma, lambda y, x: y * digamma(x))
    yield Op("nan_to_zero", lambda x: 0.0 if x != x else x, lambda y, x: mg.where(x <= math.inf, 1, 0))
    yield Op("steps", lambda x: 1.0 if x == 1 else 2 * x if 0 <= x < 1 else -x, lambda y, x: mg.where(x < 0, -1, 2))
    yield Op("power", lambda x: 2.0**x, lambda y, x: math.log(2) * y)
    yield Op("hyperbola", lambda x: 1 / x, lambda y, x: -1 / x**2, poles={0.0: math.inf})
    yield Op("late", lambda x: math.exp(x) * math.sqrt(x - 2), lambda y, x: y * (1 + 1 / (2 * (x - 2))))
    yield Op("flat", lambda x: 7, lambda y, x: 0.0)
    yield Op("tanh", lambda x: x * x, lambda y, x: 2 * x)                   # not the table's
    yield Op("mul", lambda a, b: math.floor(a) + b, 0.0, 1.0)
    # (not Python's sum(), which from 3.12 on makes up for roundings if all are floats)
    yield Reduction("energy", lambda *xs: reduce(add, [x * x for x in xs], 0.0), lambda y, *xs: [2 * x for x in xs])
    yield Reduction("cosine", lambda xs, ys: mg.dot(xs, ys) / mg.hypot(1, mg.dot(xs, xs)),
                    lambda y, xs, ys: [[y * x for x in xs], list(xs)], lists=2)


digamma = Op("digamma", lambda x: (math.lgamma(x + 1e-3) - math.lgamma(x - 1e-3)) / 2e-3, lambda y, x: 1 / x)


@sweep(4)
@every_way
@pytest.mark.parametrize("op", list(outside()), ids=lambda op: op.name)
def test_a_row_from_outside(way, op):
    check(way, op, first_program, first, FEW)
    check(way, op, second_program, second, FEW)


@every_way
def test_two_rows_of_one_name(way):
    """One was taken out of the table, another was entered under its name; a function may use both."""
    before, after = (Op("noise", lambda x, k=k: math.floor(k * x), 0.0) for k in (2, 3))
    compiled = way.jit(lambda x: before(x) + 10 * after(x))
    assert compiled(1.0) == 32.0


@every_way
def test_what_a_row_raises_is_raised(way):
    """Also one that machine code calls back; and after that all is as before."""
    def value(x):
        if math.floor(x) == 2:
            raise KeyError("two")
        return math.floor(x)
    op = Op("choosy", value, 0.0)
    compiled = way.jit(lambda x: op(x) + op(x + 1))
    assert compiled(3.5) == 7.0
    for x in (2.0, 1.0):
        with pytest.raises(KeyError, match="two"):
            compiled(x)
    assert compiled(3.5) == 7.0
