"""strict=True has the bits of eager code: values, gradients and second derivatives, at zeros of both signs, infinities,
nan, ties and subnormal numbers, in both back ends. The sign of a zero counts: 1/x tells it.
"""
import itertools
import math
from random import Random

import pytest

import microgradx as mg
from microgradx import Value, grad, hessian, jvp, value_and_grad
from microgradx.nesting import leaves, rebuild
from microgradx.table import TABLE, Reduction

from ..budget import FULL, budget, sweep
from ..compiled import LOOPS, PYTHON, every_way, identical

ROWS = list(TABLE.values())
EDGES = [0.0, -0.0, 1.0, math.nan, -math.inf, 5e-324, -1e-310, math.inf, -1.0, 2.0, 0.5, 1e308, -745.13]
MOST = 150 if FULL else 30              # points of a row


def at_edges(op):
    """Edges in every input, so many of them spread over all combinations; two elements a list."""
    count = 2 * op.lists + op.index if isinstance(op, Reduction) else len(op.inputs)
    numbers = EDGES[:{1: 13, 2: 10}.get(count, 6)]
    every = list(itertools.product(*(map(float, domain) if isinstance(domain, range) else numbers
                                     for domain in op.domains(count))))
    return [list(xs) for xs in every[::max(1, len(every) // MOST)]]


def first(op):
    return value_and_grad(lambda xs: op.apply(op.called(xs)))


def second(op):
    return hessian(lambda xs: op.apply(op.called(xs)))


def forward(op):
    """In the direction of all inputs at once."""
    return lambda xs: jvp(lambda xs: op.apply(op.called(xs)), [xs], [[1.0] * len(xs)])


def different(way, f, points, strict=True):
    """Where compiled code has other bits: [(point, compiled, eager)]."""
    if way is LOOPS:
        found = way.jit(lambda xss: [f(xs) for xs in xss], strict=strict)(points)
    else:
        compiled = way.jit(f, strict=strict)
        found = [compiled(xs) for xs in points]
    pairs = [(xs, leaves(got), leaves(f(xs))) for xs, got in zip(points, found)]
    return [(xs, got, eager) for xs, got, eager in pairs if not all(map(identical, got, eager))]


@sweep(11)
@every_way
@pytest.mark.parametrize("program", [first, second, forward])
@pytest.mark.parametrize("op", ROWS, ids=lambda op: op.name)
@pytest.mark.filterwarnings("ignore:machine code of")
def test_strict_code_has_the_bits_of_eager_code(op, program, way):
    assert not different(way, program(op), at_edges(op))


# Rows of rows: sums, maxima and gates of inputs that they have more than once, alone and through others ---------------

def drawn(seed):
    """A function of a list of two numbers, up to six rows of the table; and where to compute it."""
    random, steps = Random(seed), []
    for size in range(2, 2 + random.randint(2, 6)):
        op = random.choice(ROWS)
        count = len(op.inputs)
        if isinstance(op, Reduction):
            count = random.randint(max(op.least, 1), 4) * op.lists + op.index
        steps.append((op, [float(random.choice(domain)) if isinstance(domain, range) else
                           max(0, size - 1 - int(random.expovariate(0.5))) for domain in op.domains(count)]))

    def f(xs):
        found, used = [*xs], {0, 1}
        for op, places in steps:
            found.append(op.apply(op.called([k if isinstance(k, float) else found[k] for k in places])))
            used.update(places)
        return mg.sum([y for k, y in enumerate(found) if k not in used])
    return f, [random.choice(EDGES if seed % 4 == 0 else [0.3, 1.1234, -0.7, 2.0, -1.0, 0.5]) for _ in range(2)]


ORDERS = {
    "gradient": grad, "hessian": hessian,
    "hvp": lambda f: lambda xs: mg.hvp(f, [xs], [[1.0, 0.7]]),
    "third": lambda f: grad(lambda xs: mg.dot(leaves(hessian(f)(xs)), [1.0, 0.3, 0.7, 2.0])),
}


def check_drawn(way, order, seeds):
    for seed in seeds:
        f, xs = drawn(seed)
        assert not different(way, ORDERS[order](f), [xs]), seed


@pytest.mark.parametrize("order", ORDERS)
def test_rows_of_rows(order):
    check_drawn(PYTHON, order, range(20))


@pytest.mark.slow
@every_way
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.filterwarnings("ignore:machine code of")
def test_many_rows_of_rows(order, way):
    check_drawn(way, order, range(100, 100 + budget(100 if way is PYTHON else 20)))


# Zeros: what a program makes of them, and 1 over it -------------------------------------------------------------------

ZEROS = [list(xs) for xs in itertools.product([0.0, -0.0, 1.0], [0.0, -0.0], [-0.0, -1.0], [0.0, -0.0])]
PROGRAMS = {
    "sum of one": lambda a, b, c, d: mg.sum([a]), "sum": lambda a, b, c, d: mg.sum([a, b, c, d]),
    "sum of sums": lambda a, b, c, d: mg.sum([c, mg.sum([a, b]), -mg.sum([a, b])]),
    "sum with a constant": lambda a, b, c, d: mg.sum([a, -0.0, b]) * mg.dot([b, c], [1.0, -0.0]) + mg.sum([c, 0.0]),
    "mean": lambda a, b, c, d: mg.sum([a, b]) / 4, "sum of negatives": lambda a, b, c, d: mg.sum([-a, -b]),
    "dot of one": lambda a, b, c, d: mg.dot([a], [b]), "dot": lambda a, b, c, d: mg.dot([a, b], [c, d]),
    "dot with ones": lambda a, b, c, d: mg.dot([a, b], [1.0, 1.0]), "a + b": lambda a, b, c, d: a + b,
    "a*b + c*d": lambda a, b, c, d: a * b + c * d, "-(a + b)": lambda a, b, c, d: -(a + b),
    "-a - b": lambda a, b, c, d: -a - b, "a + b + c": lambda a, b, c, d: a + b + c, "a + 0": lambda a, b, c, d: a + 0.0,
    "0 - a": lambda a, b, c, d: 0.0 - a, "a - 0": lambda a, b, c, d: a - 0.0, "a*1": lambda a, b, c, d: a * 1.0,
    "-1*a": lambda a, b, c, d: -1.0 * a, "0*c": lambda a, b, c, d: 0.0 * c, "a**1": lambda a, b, c, d: a**1,
    "a/2": lambda a, b, c, d: a / 2, "-(-a)": lambda a, b, c, d: -(0.0 - a), "max": lambda a, b, c, d: mg.max([a, b]),
    "min": lambda a, b, c, d: mg.min([a, b]), "clamp": lambda a, b, c, d: mg.clamp(a, b, 1.0),
    "where": lambda a, b, c, d: mg.where(a < b, c, d), "prod": lambda a, b, c, d: mg.prod([a, b]),
    "relu": lambda a, b, c, d: mg.relu(a), "cos'": lambda a, b, c, d: grad(mg.cos)(a),
    "(x*x)'": lambda a, b, c, d: grad(lambda x: x * x)(a), "(-x*b)'": lambda a, b, c, d: grad(lambda x: -(x * b))(c),
    "(ax + bx)'": lambda a, b, c, d: grad(lambda x: a * x + b * x)(c),
    "sin''": lambda a, b, c, d: grad(grad(mg.sin))(a),
}


def inverses(xs):
    """One over each, for eager code too, whose derivatives are floats."""
    xs = [x if isinstance(x, Value) else Value(x) for x in xs]
    return [mg.div(1.0, f(*xs)) for f in PROGRAMS.values()]


def eager(xs):
    return [y.data if isinstance(y, Value) else y for y in inverses(xs)]


@pytest.mark.slow
@every_way
def test_one_over_a_zero_tells_its_sign(way):
    """pytorch#189799: 1/sum([-0.0]) is inf, a sum starting at 0; its compiler answered -inf."""
    compiled = way.jit(inverses, strict=True)
    for xs in ZEROS:
        wrong = [name for name, got, want in zip(PROGRAMS, compiled(xs), eager(xs)) if not identical(got, want)]
        assert not wrong, xs
    assert way.jit(lambda xs: 1 / mg.sum(xs), strict=True)([-0.0]) == math.inf
    assert identical(way.jit(grad(mg.cos), strict=True)(0.0), grad(mg.cos)(0.0))


class Wrong:
    """A way of compiling that gives -0.0 for each number."""

    @staticmethod
    def jit(f, **options):
        return lambda *xs: rebuild(f(*xs), iter([-0.0] * len(leaves(f(*xs)))))


def test_a_sign_that_differs_is_found():
    assert different(Wrong, mg.sum, [[-0.0]]) and not different(PYTHON, mg.sum, [[-0.0]])


@every_way
@pytest.mark.parametrize("f", [mg.sum, lambda xs: mg.dot(xs, [1.0] * len(xs)), lambda xs: mg.dot([1.0] * len(xs), xs)])
@pytest.mark.parametrize("count", [1, 2, 9, 40])
def test_a_sum_of_negative_zeros_is_zero_by_default_too(way, f, count):
    """pytorch#189799: 1/sum([-0.0]) is inf."""
    assert way.jit(lambda xs: 1 / f(xs))([-0.0] * count) == math.inf
