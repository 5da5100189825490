"""Large programs: with their size grow tables of numbers, not the code; and beyond the limit there is a clear error."""
import random

import pytest

import microgradx as mg
from microgradx import jit, nn, value_and_grad
from microgradx.compiler import TooLarge

from ..compiled import every_way, needs_llvmlite


def network(inputs, width):
    """A network's loss and its gradient by all parameters, as a function of one image."""
    random.seed(width)
    model = nn.Sequential(nn.Linear(inputs, width), nn.Tanh(), nn.Linear(width, 10))
    image = [random.uniform(-1, 1) for _ in range(inputs)]
    return value_and_grad(lambda m, x: nn.cross_entropy(m(x), 3)), (model, image)


def tangle(size):
    """Operations on whatever was computed before, with no pattern."""
    rng = random.Random(size)
    plan = [(rng.choice([mg.add, mg.mul, mg.sub]), rng.randrange(40), rng.randrange(40)) for _ in range(size)]

    def f(xs):
        values = list(xs)
        for op, a, b in plan:
            values = [*values[1:], mg.tanh(op(values[a], values[b]))]
        return mg.sum(values)
    return value_and_grad(f), [[rng.uniform(-1, 1) for _ in range(40)]]


@pytest.mark.slow
@needs_llvmlite
def test_a_wider_network_has_as_many_loops():
    loops = set()
    for width in (20, 40, 80):
        f, args = network(50, width)
        compiled = jit(f)
        compiled(*args)
        loops.add(compiled.report().loops)
    assert len(loops) == 1 and loops.pop() <= 45


@pytest.mark.slow
@needs_llvmlite
def test_loops_of_a_graph_without_pattern_grow_with_it_and_functions_more_slowly(monkeypatch):
    from microgradx.compiler.loops import library
    loops, functions = [], []
    for size in (1000, 4000):
        monkeypatch.setattr(library, "_known", {})
        f, args = tangle(size)
        compiled = jit(f)
        y, slopes = compiled(*args)
        expected, gradient = f(*args)
        assert y == pytest.approx(expected, rel=1e-12)
        assert slopes == pytest.approx(gradient, rel=1e-12, abs=1e-12 * max(map(abs, gradient)))
        loops.append(compiled.report().loops / compiled.report().kept)
        functions.append(len(library._known))
    assert loops[1] < 1.2 * loops[0] and functions[1] < 3 * functions[0]


@needs_llvmlite
@pytest.mark.slow
def test_a_million_nodes():
    f, args = network(784, 1260)
    compiled = jit(f)
    y, slopes = compiled(*args)
    report = compiled.report()
    assert report.kept > 1_000_000 and report.loops <= 45     # as many as of the small ones above
    expected, gradient = f(*args)
    assert y == pytest.approx(expected, rel=1e-12)
    assert slopes["0.weight"][5] == pytest.approx(gradient["0.weight"][5], rel=1e-9)
    assert slopes["2.bias"] == pytest.approx(gradient["2.bias"], rel=1e-12)


@every_way
def test_beyond_the_limit(way, monkeypatch):
    monkeypatch.setattr("microgradx.compiler.trace.tracer.MOST", 100)

    def many(x):
        for _ in range(101):
            x = mg.tanh(x)
        return x
    with pytest.raises(TooLarge, match=r"f records more than 100 operations \(test_size.py:\d+, "
                                       r"`x = mg.tanh\(x\)`\), too many .* fit\(..., jit=True\)"):
        way.jit(many)(0.5)
    monkeypatch.setattr("microgradx.compiler.trace.tracer.MOST", 101)
    assert way.jit(many)(0.5) == pytest.approx(many(0.5))


@every_way
def test_beyond_the_limit_by_gradients_recorded_at_once(way, monkeypatch):
    monkeypatch.setattr("microgradx.compiler.trace.tracer.MOST", 100)
    with pytest.raises(TooLarge, match="f records more than 100 operations"):
        way.jit(mg.grad(lambda w, x: mg.square(mg.dot(w, x))))([0.5] * 200, [1.0] * 200)
