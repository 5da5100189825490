"""jit never freezes in silence: training steps as people write them, compiled, against the same function, eager."""
import copy
import pickle
import random
import threading

import pytest

import microgradx as mg
from microgradx import Value, jit, value_and_grad
from microgradx.nn import BatchNorm1d, Buffer, Dropout, Linear, Module, Sequential
from microgradx.training import Adam, fit

from ...compiled import close, every_way, identical, needs_llvmlite
from .net import XS, YS, Net, agree, mean_square, net, told
from .train_programs import PROGRAMS, adam, only_read, plain

CALLS = 4


def history(program, compile, calls=CALLS):
    """What each call gives, and all that is seen from outside after it. Between calls some is set from outside."""
    n = Net()
    f = compile(program(n))
    found = []
    for k in range(calls):
        found += told(f([[x + 0.1 * k for x in row] for row in XS], YS))
        found += n.numbers()
        if k == 1:
            n.ps[2].data, n.ps[3].grad, n.w.data = 0.25, -1.5, 1.5
    return found


@every_way
@pytest.mark.parametrize("program", PROGRAMS)
def test_it_does_what_eager_code_does(way, program):
    scale = 1.0
    agree(history(program, way.jit), history(program, lambda f: f), lambda a, b: close(a, b, scale))


@every_way
@pytest.mark.parametrize("program", PROGRAMS)
def test_strict_it_does_so_to_the_bit(way, program):
    agree(history(program, lambda f: way.jit(f, strict=True)), history(program, lambda f: f), identical)


@every_way
def test_the_model_as_an_argument(way):
    def step(model, xs, ys):
        loss = mean_square(model, xs, ys)
        for p in model.parameters():
            p.grad = 0.0
        loss.backward()
        for p in model.parameters():
            p.data -= 0.1 * p.grad
        return loss
    one, other = net(), net()
    for p in other.parameters():
        p.data *= 0.5
    twins = [copy.deepcopy(one), copy.deepcopy(other)]
    compiled = way.jit(step)
    for _ in range(3):
        for model, twin in zip((one, other), twins):
            assert close(compiled(model, XS, YS), step(twin, XS, YS).data)
            agree([x for p in model.parameters() for x in (p.data, p.grad)],
                  [x for p in twin.parameters() for x in (p.data, p.grad)], lambda a, b: close(a, b, 1.0))
    assert [p.data for p in one.parameters()] != [p.data for p in other.parameters()]


@every_way
def test_it_learns(way):
    n = Net()
    step = way.jit(plain(n))
    losses = [step(XS, YS) for _ in range(200)]
    assert losses[-1] < 0.01 * losses[0] and step.report().programs == 1


@pytest.mark.slow
@every_way
def test_two_functions_and_eager_code_share_a_model(way):
    n, twin = Net(), Net()
    step, read = way.jit(plain(n)), way.jit(value_and_grad(mean_square))
    eager_step = plain(twin)
    for _ in range(3):
        step(XS, YS)
        eager_step(XS, YS)
        found, expected = read(n.model, XS, YS), value_and_grad(mean_square)(twin.model, XS, YS)
        assert close(found[0], expected[0], 1.0)
        plain(n)(XS, YS)                                # the same step, eagerly, on parameters that are compiled for
        eager_step(XS, YS)
        agree(n.numbers(), twin.numbers(), lambda a, b: close(a, b, 1.0))
    copied = copy.deepcopy(n.model)
    assert {type(p) for p in copied.parameters()} == {Value} and [p.grad for p in copied.parameters()] == [
        p.grad for p in n.ps]
    assert [(p.data, p.grad) for p in pickle.loads(pickle.dumps(n.ps))] == [(p.data, p.grad) for p in n.ps]
    assert {type(b) for b in copy.deepcopy(n.v)} == {Buffer} and all(isinstance(b, Buffer) for b in n.v)


@pytest.mark.slow
@every_way
def test_fit_and_a_compiled_step_take_turns(way):
    runs = []
    for compile, compiled in ((way.jit, True), (lambda f: f, False)):
        n = Net()
        step, optimiser = compile(plain(n)), Adam(n.ps, lr=0.01)
        for _ in range(2):
            step(XS, YS)
            fit(n.model, XS, YS, lambda m, x, y: (m(x)[0] - y) ** 2, optimiser, steps=3, jit=compiled)
            step(XS, YS)
        runs.append(n.numbers())
    agree(*runs, lambda a, b: close(a, b, 1.0))


@every_way
def test_threads_lose_nothing(way):
    v = Value(0.0)

    def add(x):
        v.data += x
    f = way.jit(add)
    f(0.0)
    f = getattr(f, "compiled", f)                       # what it patches, threads would patch in any order
    threads = [threading.Thread(target=lambda: [f(1.0) for _ in range(100)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert v.data == 400.0


@every_way
def test_a_class_of_the_user_s_keeps_what_it_has(way):
    class Named(Value):
        pass
    v = Named(1.0)
    v.note = "kept"

    def step(x):
        v.grad = 0
        (v * v * x).backward()
        v.data -= 0.1 * v.grad
    f = way.jit(step)
    f(1.0)
    f(1.0)
    assert v.data == pytest.approx(0.64, rel=1e-15) and v.note == "kept" and type(v) is Named


@needs_llvmlite
def test_nothing_is_gathered_or_scattered_at_a_call():
    """Also what is kept in Buffers; and a Value is still shown as one."""
    n = Net()
    step = jit(adam(n), backend="native")
    step(XS, YS)
    variant = step.variant((XS, YS))
    assert variant.sources == [] == variant.updates and len(variant.targets) == 4 * len(n.ps) + 1
    assert repr(n.t) == "Value(data=1.0, grad=0.0)" and repr(n.v[0]).startswith("Buffer(data=")


@pytest.mark.slow
@every_way
def test_layers_that_keep_and_draw(way):
    runs = []
    for compile in (way.jit, lambda f: f):
        random.seed(2)
        model = Sequential(Linear(2, 3), BatchNorm1d(3), Dropout(0.3), Linear(3, 1))

        def step(xs, ys, model=model):
            model.zero_grad()
            loss = mg.sum([(out[0] - y) ** 2 for out, y in zip(model(xs), ys)])
            loss.backward()
            for p in model.parameters():
                p.data -= 0.05 * p.grad
            return loss
        f = compile(step)
        random.seed(7)
        runs.append([x for _ in range(3) for x in (*told(f(XS, YS)), *(v.data for v in model.parameters()),
                                                   *(b.data for b in model.buffers()))])
    agree(*runs, lambda a, b: close(a, b, 10.0))


def test_within_a_transform_and_another_jit_it_is_the_function_itself():
    v = Value(3.0)

    @jit
    def step(x):
        v.grad = 0.0
        (v * v * x).backward()
        v.data -= 0.1 * v.grad
        return v.data
    twice = jit(lambda x: [step(x), step(x)])
    assert twice(1.0) == pytest.approx([2.4, 1.92]) and v.data == pytest.approx(1.92)


def test_a_module_of_its_own_and_a_shared_one():
    class Twice(Module):
        def __init__(self, inner):
            self.inner, self.scale = inner, Value(0.5)

        def forward(self, x):
            return [self.scale * y for y in self.inner(self.inner(x))]
    inner = Linear(2, 2)
    one, other = Twice(inner), Twice(inner)
    twins = copy.deepcopy((one, other))

    def step(model, x):
        model.zero_grad()
        loss = mg.sum([y * y for y in model(x)])
        loss.backward()
        for p in model.parameters():
            p.data -= 0.01 * p.grad
        return loss
    compiled = jit(step)
    for _ in range(3):
        for model, twin in zip((one, other), twins):
            assert compiled(model, [1.0, -2.0]) == pytest.approx(step(twin, [1.0, -2.0]).data, rel=1e-12)


def test_pickled_it_says_why_not():
    n = Net()
    step, reads = jit(plain(n)), jit(only_read(n))
    step(XS, YS)
    reads(XS, YS)
    for f in (step, reads):
        with pytest.raises(pickle.PicklingError, match=r"reads gradients or sets Values"):
            pickle.dumps(f)
