"""A transform inside a simulation walks what is new, not its whole history; and finds what a full walk finds."""
import gc
import itertools
import math
import random
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

import microgradx as mg
from microgradx import Value, dependence, engine, grad, gradients, hessian, hvp, jvp
from microgradx.compiler.trace.trace import trace


def potential(q):
    return 1 - mg.cos(q)


# Forces that are gradients themselves: of all kinds of transforms, nested, of a closure, and as torch writes it.
FORCES = {
    "grad": grad(potential),
    "jvp": lambda q: jvp(potential, [q], [1.0])[1],
    "of a closure": lambda q: grad(lambda k: potential(k * q))(1.0),
    "two deep": grad(lambda a: grad(lambda b: potential(a * b))(1.0)),
    "hessian": lambda q: hessian(lambda p: potential(p[0]) * p[0])([q])[0][0],
    "hvp": lambda q: hvp(potential, [q], [1.0])[0],
    "gradients": lambda q: gradients(potential(q), [q], create_graph=True)[0],
}


def simulated(force, steps):
    def end(q):
        q, speed = mg.ops.identity(q), 0.0
        for _ in range(steps):
            speed = speed - 0.1 * force(q)
            q = q + 0.1 * speed
        return q
    return end


# What differentiates it; in the last the simulation does not depend on the input of the transform around it.
AROUND = {
    "backward": lambda f: f(Value(1.0)).backward(),
    "grad": lambda f: grad(f)(1.0),
    "grad of grad": lambda f: grad(grad(f))(1.0),
    "jvp": lambda f: jvp(f, [1.0], [1.0]),
    "jit": lambda f: trace(grad(f), [1.0], False),
    "beside": lambda f: grad(lambda x: x * f(Value(1.0)))(1.0),
}


def visited(monkeypatch, force, around):
    """How many nodes all tapes have together, for 10, 20 and 40 steps."""
    count = [0]

    def counted(*roots, **options):
        order = engine.tape(*roots, **options)
        count[0] += len(order)
        return order
    with monkeypatch.context() as patch:
        patch.setattr(dependence, "tape", counted)
        for steps in (10, 20, 40):
            count[0] = 0
            AROUND[around](simulated(FORCES[force], steps))
            yield count[0]


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("force", FORCES)
def test_a_simulation_is_differentiated_in_time_linear_in_its_steps(monkeypatch, force, around):
    """50, 100, 200, 400 steps took 0.07, 0.24, 0.88, 3.55 s; torch 0.04, 0.06, 0.15, 0.33."""
    one, two, four = visited(monkeypatch, force, around)
    assert one > 0 and four - two == 2 * (two - one)


def test_a_full_walk_is_found_out(monkeypatch):
    monkeypatch.setattr(dependence, "numbers", itertools.repeat(0))
    one, two, four = visited(monkeypatch, "grad", "grad")
    assert four - two > 3 * (two - one)


def whole(*roots, since=0, **more):
    """tape() of all results, but where it looks for those without a number."""
    return engine.tape(*roots, since=since if since == math.inf else 0, **more)


@pytest.mark.parametrize("force", FORCES)
def test_a_simulation_has_the_derivatives_of_a_full_walk(monkeypatch, force):
    f = simulated(FORCES[force], 5)
    found = grad(f)(1.0), grad(grad(f))(1.0), jvp(f, [1.0], [2.0])
    with monkeypatch.context() as patch:
        patch.setattr(dependence, "tape", whole)                        # so that nothing is older than anything
        assert found == (grad(f)(1.0), grad(grad(f))(1.0), jvp(f, [1.0], [2.0]))
    plain = simulated(mg.sin, 5)
    if force in ("grad", "jvp", "gradients"):
        assert found[0] == pytest.approx(grad(plain)(1.0), rel=1e-14)


@given(st.integers(0, 10**9))
def test_whatever_was_walked_before_gradients_are_those_of_a_full_walk(seed):
    """A graph that grows, with a derivative of any result by any others now and then."""
    rng, values = random.Random(seed), [Value(float(k)) for k in range(1, 4)]
    for _ in range(40):
        a, b = rng.choice(values), rng.choice(values[-5:])
        values.append(rng.choice([a + b, mg.dot([a, b, a], [b, 1.0, 0.5]), mg.sin(a)]))
        if rng.random() < 0.4:
            y, xs = rng.choice(values), rng.sample(values, 3)
            found = gradients(y, xs, create_graph=rng.random() < 0.5)
            copies = full(y, xs)
            assert [getattr(g, "data", g) for g in found] == pytest.approx(copies, rel=1e-12)


def full(y, xs):
    """The same by the chain rule on the whole tape."""
    flow = {y: 1.0}
    for v in reversed(engine.tape(y)):
        for a, slope in zip(v.args, v.slopes):
            if slope is not None:
                flow[a] = flow.get(a, 0.0) + slope * flow.get(v, 0.0)
    return [flow.get(x, 0.0) for x in xs]


def test_results_older_than_a_transform_may_depend_on_its_parameters():
    """A Module's parameters are no new inputs: what was recorded and walked before depends on them too."""
    class Line:
        def __init__(self):
            self.weight = Value(3.0)

        def named_parameters(self):
            return iter([("weight", self.weight)])

    model = Line()
    before = model.weight * 2
    gradients(before * 1.0, [before])
    assert grad(lambda m: grad(lambda x: x * before)(1.0))(model) == {"weight": 2.0}
    assert grad(lambda z: z * grad(lambda m: grad(lambda x: x * before)(1.0))(model)["weight"])(1.0) == 2.0


@pytest.mark.slow
def test_what_does_not_depend_on_the_outer_input_is_not_kept_alive():
    """Newton's method on a constant, inside a transform: each step's graph is freed after it."""
    def alive():
        return sum(isinstance(v, Value) for v in gc.get_objects())

    counts = []

    def solved(x):
        root = 3.0
        for _ in range(50):
            root = root - grad(lambda r: (r * r - 2.0) ** 2)(root) * 0.01
            counts.append(alive())
        return x * root

    grad(solved)(1.0)
    assert max(counts) <= counts[0] + 3


def test_threads_that_share_a_graph():
    shared, found = Value(0.5), []
    for _ in range(200):
        shared = mg.sin(shared) + 0.5

    def work():
        y, before = shared, shared
        for _ in range(30):
            y = mg.sin(y)
            found.append(gradients(y, [before])[0] != 0.0)

    threads = [threading.Thread(target=work) for _ in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert len(found) == 120 and all(found)
