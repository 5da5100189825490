"""jit never freezes in silence: training steps as people write them, compiled, against the same function, eager."""
import copy
import itertools
import math
import pickle
import random
import threading
import warnings
from collections import deque

import pytest

import microgradx as mg
from microgradx import Value, detach, jit, no_grad, sqrt, value_and_grad, where
from microgradx.compiler import TracingError
from microgradx.nesting import leaves
from microgradx.nn import BatchNorm1d, Buffer, Dropout, Linear, Module, Sequential, Tanh
from microgradx.training import SGD, Adam, AdamW, RMSprop, StepLR, clip_grad_norm, clip_grad_value, fit

from ...compiled import close, every_way, identical, needs_llvmlite

XS = [[0.3, -1.0], [2.0, 0.5], [-0.7, 0.1]]
YS = [1.0, -0.5, 0.25]
CALLS = 4


def net():
    random.seed(3)
    return Sequential(Linear(2, 3), Tanh(), Linear(3, 1))


def mean_square(model, xs, ys):
    return mg.sum([(model(x)[0] - y) ** 2 for x, y in zip(xs, ys)]) / len(xs)


class Net:
    """What a program works on: a model, three Values and Buffers for state. Each run has its own, all alike."""

    def __init__(self):
        self.model = net()
        self.ps = self.model.parameters()
        self.m, self.v = [Value(0.0) for _ in self.ps], [Buffer(0.0) for _ in self.ps]
        self.t, self.w = Value(0.0), Value(0.7)
        self.frozen = self.w > 0.5

    def numbers(self):
        """All that can be seen from outside."""
        return [x for v in (*self.ps, *self.m, *self.v, self.t, self.w) for x in (v.data, v.grad)]


# Programs: each takes what it works on and gives the function, (xs, ys) -> result ------------------------------------

def plain(n):
    def step(xs, ys):
        loss = mean_square(n.model, xs, ys)
        for p in n.model.parameters():
            p.grad = 0.0
        loss.backward()
        for p in n.model.parameters():
            p.data -= 0.1 * p.grad
        return loss
    return step


def zero_grad(n):
    def step(xs, ys):
        n.model.zero_grad()
        loss = mean_square(n.model, xs, ys)
        loss.backward()
        for p in n.ps:
            p.data += -0.1 * p.grad
        return loss.data
    return step


def accumulated(n):
    def step(xs, ys):
        loss = mean_square(n.model, xs, ys)
        loss.backward()
        for p in n.ps:
            p.data -= 0.01 * p.grad
        return loss
    return step


def two_backwards(n):
    def step(xs, ys):
        n.model.zero_grad()
        for x, y in zip(xs, ys):
            loss = mean_square(n.model, [x], [y])
            loss.backward()
        loss.backward()
        for p in n.ps:
            p.data -= 0.1 * p.grad
        return [loss, [p.grad for p in n.ps]]
    return step


def loop(n):
    def steps(xs, ys):
        losses = []
        for _ in range(3):
            n.model.zero_grad()
            loss = mean_square(n.model, xs, ys)
            loss.backward()
            for p in n.ps:
                p.data = p.data - 0.1 * p.grad
            losses.append(loss)
        return losses
    return steps


def stochastic(n):
    def steps(xs, ys):
        total = 0.0
        for x, y in zip(xs, ys):
            for p in n.ps:
                p.grad = None
            loss = mean_square(n.model, [x], [y])
            loss.backward()
            for p in n.ps:
                p.data -= 0.1 * p.grad
            total += loss.data
        return total / len(xs)
    return steps


def momentum(n):
    def step(xs, ys):
        n.model.zero_grad()
        mean_square(n.model, xs, ys).backward()
        for p, m in zip(n.ps, n.m):
            m.data = 0.9 * m.data + p.grad
            p.data -= 0.05 * m.data
    return step


def adam(n):
    def step(xs, ys):
        loss = mean_square(n.model, xs, ys)
        n.model.zero_grad()
        loss.backward()
        n.t.data += 1
        for p, m, v in zip(n.ps, n.m, n.v):
            m.data = 0.9 * m.data + 0.1 * p.grad
            v.data = 0.999 * v.data + 0.001 * p.grad * p.grad
            p.data -= 0.1 * (m.data / (1 - 0.9**n.t.data)) / (sqrt(v.data / (1 - 0.999**n.t.data)) + 1e-8)
        return loss
    return step


def decay(n):
    def step(xs, ys):
        n.model.zero_grad()
        loss = mean_square(n.model, xs, ys)
        (loss + 0.01 * mg.sum([p * p for p in n.ps])).backward()
        for p in n.ps:
            p.data = p.data * 0.9
            p.data -= 0.1 * p.grad
        return loss
    return step


def clipped(n):
    def step(xs, ys):
        n.model.zero_grad()
        loss = mean_square(n.model, xs, ys)
        loss.backward()
        norm = sqrt(mg.sum([p.grad * p.grad for p in n.ps]))
        factor = where(norm > 0.1, 0.1 / norm, 1.0)
        for p in n.ps:
            p.grad *= factor
            p.data -= p.grad
        return {"loss": loss, "norm": norm}
    return step


def clip_functions(n):
    def step(xs, ys):
        n.model.zero_grad()
        loss = mean_square(n.model, xs, ys)
        loss.backward()
        norm = clip_grad_norm(n.ps, 0.5)
        clip_grad_value(n.ps, 0.2)
        for p in n.ps:
            p.data -= 0.1 * p.grad
        return [loss, norm]
    return step


def intermediate(n):
    def step(xs, ys):
        h = n.w * n.model(xs[0])[0]
        unused = n.w * 3
        y = h * h
        y.backward()
        first = [h.grad, y.grad, unused.grad]
        (h * 2).backward()
        n.w.data -= 0.1 * h.grad
        return [first, h.grad, y.grad, n.w.grad]
    return step


def only_read(n):
    def f(xs, ys):
        return [n.w.grad * xs[0][0], n.w.data, [p.grad for p in n.ps]]
    return f


def arithmetic(n):
    def f(xs, ys):
        loss = mean_square(n.model, xs, ys)
        loss.backward()
        n.w.grad = 0.0
        (n.w * loss.data).backward()                    # a number: the graph behind it is not gone through
        kept = loss.grad
        n.w.data = n.w.data * 0.9 + 0.01 * loss.data
        return [loss.data * 2 + 1, -loss.data, kept, n.w.grad]
    return f


def no_grad_blocks(n):
    def step(xs, ys):
        n.model.zero_grad()
        loss = mean_square(n.model, xs, ys)
        loss.backward()
        with no_grad():
            for p in n.ps:
                p.data = p.data - 0.1 * p.grad
            after = mean_square(n.model, xs, ys)
        (after * n.w).backward()
        return [loss, after, n.w.grad]
    return step


def set_before_backward(n):
    def f(xs, ys):
        y = n.w * n.w * xs[0][0]
        n.w.data = 5.0
        z = y * n.w                                     # the old number and the new one, in one graph
        z.backward()
        n.w.data = 0.5
        return [z, y, y.grad, n.w, n.w.data]
    return f


def comparison(n):
    def f(xs, ys):
        n.w.data += 0.0
        return [n.frozen.data * xs[0][0], where(n.frozen, n.w, 0.0)]
    return f


def own_values(n):
    """Values that the function makes itself."""
    def f(xs, ys):
        a, b = Value(2.0), Value(3.0)
        y = a * b * n.w
        y.backward()
        b.data += 1
        a.data = 7.0
        c = (b * 2).data if b.data > 3 else 0.0
        return [a.grad, b.grad, a * b, a.data, c, n.w.grad]
    return f


def by_gradients(n):
    def step(xs, ys):
        loss = mean_square(n.model, xs, ys)
        gs = mg.gradients(loss, n.ps)
        for p, g in zip(n.ps, gs):
            p.data -= 0.1 * g
        again = mg.gradients(mean_square(n.model, xs, ys), n.ps)
        return [loss, gs, again, mg.gradients(n.w * 3, [n.w, n.t])]
    return step


def penalty_of_gradient(n):
    def step(xs, ys):
        gs = mg.gradients(mean_square(n.model, xs, ys), n.ps, create_graph=True)
        n.model.zero_grad()
        mg.sum([g * g for g in gs]).backward()
        for p in n.ps:
            p.data -= 0.01 * p.grad
        return gs
    return step


def leaf_root(n):
    def f(xs, ys):
        n.w.backward()
        n.w.data += n.w.grad
        n.w.backward()
        return n.w.grad
    return f


def target_network(n):
    """Slow weights that follow, as in Polyak's averages."""
    def step(xs, ys):
        n.model.zero_grad()
        loss = mean_square(n.model, xs, ys)
        loss.backward()
        for p, slow in zip(n.ps, n.m):
            p.data -= 0.1 * p.grad
            slow.data = 0.9 * slow.data + 0.1 * p.data
        return mg.sum([detach(p) - slow for p, slow in zip(n.ps, n.m)])
    return step


PROGRAMS = [plain, zero_grad, accumulated, two_backwards, loop, stochastic, momentum, adam, decay, clipped,
            clip_functions, intermediate, only_read, arithmetic, no_grad_blocks, set_before_backward, comparison,
            own_values, by_gradients, penalty_of_gradient, leaf_root, target_network]


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


def told(tree):
    """The numbers of a result."""
    if isinstance(tree, dict):
        return told([*tree.values()])
    return [x.data if isinstance(x, Value) else float(x) for x in leaves(tree)]


def agree(found, expected, same):
    assert len(found) == len(expected)
    assert [(i, a, b) for i, (a, b) in enumerate(zip(found, expected)) if not same(a, b)] == []


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


# Optimisers ----------------------------------------------------------------------------------------------------------

OPTIMISERS = [lambda ps: SGD(ps, lr=0.1), lambda ps: SGD(ps, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
              lambda ps: SGD(ps, lr=0.1, momentum=0.9, dampening=0.5), lambda ps: Adam(ps, lr=0.1),
              lambda ps: AdamW(ps, lr=0.1), lambda ps: RMSprop(ps, lr=0.01, momentum=0.5)]


@every_way
@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("make", OPTIMISERS)
def test_an_optimiser_keeps_its_numbers(way, make, strict):
    runs = []
    for compile in (lambda f: way.jit(f, strict=strict), lambda f: f):
        n = Net()
        optimiser = make(n.ps)

        def step(xs, ys, n=n, optimiser=optimiser):
            optimiser.zero_grad()
            loss = mean_square(n.model, xs, ys)
            loss.backward()
            clip_grad_norm(optimiser.params, 1.0)
            optimiser.step()
            return loss
        f, found = compile(step), []
        for k in range(5):
            found += [*told(f(XS, YS)), *n.numbers(), *leaves([*map(list, optimiser.numbers)]), optimiser.t]
            if k == 1:
                optimiser.lr *= 0.5                     # as a schedule does, between steps
            if k == 2:
                step(XS, YS)                            # a step that is not compiled
        assert type(optimiser.t) is int and optimiser.state_dict()["step"] == 6.0
        runs.append(found)
    agree(*runs, identical if strict else lambda a, b: close(a, b, 1.0))


@every_way
def test_a_schedule_within(way):
    schedule = StepLR(2, gamma=0.5)
    runs = []
    for compile in (way.jit, lambda f: f):
        n = Net()
        optimiser = SGD(n.ps, lr=0.1)

        def step(k, n=n, optimiser=optimiser):
            optimiser.lr = 0.1 * schedule(k)
            optimiser.zero_grad()
            mean_square(n.model, XS, YS).backward()
            optimiser.step()
            return optimiser.lr
        f = compile(step)
        runs.append([x for k in (0, 2, 0, 4, 2) for x in (*told(f(k)), optimiser.lr, *n.numbers())])
    agree(*runs, lambda a, b: close(a, b, 1.0))


def test_an_optimiser_that_is_made_within_is_refused():
    w = Value(1.0)

    def step():
        optimiser = SGD([w], lr=0.1)
        (w * w).backward()
        optimiser.step()
    with pytest.raises(TracingError, match=r"SGD is made while .*`optimiser = SGD.* p.data -= lr \* p.grad"):
        jit(step)()
    assert (w.data, w.grad) == (1.0, 0.0)


def test_an_optimiser_that_is_changed_is_refused():
    w = Value(1.0)
    optimiser = SGD([w], lr=0.1, momentum=0.5)

    @jit
    def step():
        (w * w).backward()
        optimiser.step()
    step()
    optimiser.momentum = 0.9
    with pytest.raises(TracingError, match="SGD was changed"):
        step()


# What is refused -----------------------------------------------------------------------------------------------------

w = Value(2.0, "w")


def decides():
    return 1.0 if w.data > 0 else 2.0


def counts():
    return [1, 2, 3][w.data]


def prints():
    return f"{w.data:.2f}"


def prints_it():
    return f"{w:.2f}"


def a_float():
    return float(w.data)


def with_math():
    return math.sqrt(w.grad)


def sets_a_result():
    y = w * 2
    y.data = 3.0


def copies():
    return copy.deepcopy(w) * 2


def made_of():
    return Value(w.data)


def draws():
    return w * random.random()


def draws_with_numpy():
    return w * pytest.importorskip("numpy").random.random()


@pytest.mark.parametrize("name", ["tqdm_monitor", "microgradx_0", "Dask-Offload_0"])
def test_a_thread_that_stays_hides_no_random_numbers(name):
    """A progress bar's, one that computed samples, or Dask's: they do not draw, as other threads might."""
    done = threading.Event()
    thread = threading.Thread(target=done.wait, name=name, daemon=True)
    thread.start()
    try:
        with pytest.raises(TracingError, match="random numbers are drawn"):
            jit(draws)()
    finally:
        done.set()
        thread.join()


@every_way
@pytest.mark.parametrize("f", [decides, counts, prints, prints_it, a_float, with_math, sets_a_result, copies, made_of,
                               draws, draws_with_numpy])
def test_what_cannot_be_followed_is_refused(way, f):
    with pytest.raises(TracingError, match=r"test_train_step\.py:|random numbers are drawn"):
        way.jit(f)()
    assert (w.data, w.grad, w.label) == (2.0, 0.0, "w")


@every_way
def test_values_among_the_arguments_have_numbers_but_no_gradients(way):
    for f in (lambda x: setattr(x, "data", 1.0), lambda x: setattr(x, "grad", 1.0), lambda x: x.grad,
              lambda x: (x * w).backward()):
        x = Value(3.0)
        with pytest.raises(TracingError, match=r"test_train_step\.py:"):
            way.jit(f)(x)
        assert (x.data, x.grad, w.grad) == (3.0, 0.0, 0.0)
    assert way.jit(lambda x: x.data * x)(Value(3.0)) == 9.0


@every_way
def test_a_value_in_place_of_a_number_that_backward_reached_is_refused(way):
    v, x = Value(2.0), Value(3.0)
    f = way.jit(lambda x: (x * v).backward())
    f(3.0)
    assert v.grad == 3.0
    with pytest.raises(TracingError, match="the gradient of a Value"):
        f(x)
    assert (v.grad, x.grad) == (3.0, 0.0)


@every_way
def test_what_leaked_is_refused_later(way):
    kept, v = [], Value(2.0)

    def f(x):
        kept.extend([x, v * x, v.data, v.grad])
        return v * x
    way.jit(f)(3.0)
    uses = [lambda k: k.data, lambda k: k.grad, lambda k: setattr(k, "grad", 1.0), lambda k: setattr(k, "data", 1.0),
            lambda k: k * 2, lambda k: 2 - k, lambda k: k > 0 and 1, lambda k: v * k, lambda k: k.backward(),
            lambda k: mg.sum([k, v]), lambda k: setattr(v, "data", k), float]
    for k, use in itertools.product(kept, uses):
        with pytest.raises(TracingError):
            use(k)
    for k, use in itertools.product(kept, [*uses, lambda k: k]):
        with pytest.raises(TracingError):
            way.jit(lambda use=use, k=k: use(k))()
    for k in kept:
        with pytest.raises(TracingError, match="let f return what is to be kept"):
            way.jit(lambda x: x * 2)(k)
    assert (v.data, v.grad) == (2.0, 0.0)


@every_way
def test_an_error_leaves_everything_as_it_was(way):
    n = Net()
    before = n.numbers()

    def step(xs, ys):
        plain(n)(xs, ys)
        n.t.data, n.v[0].data, n.w.grad = 5.0, 6.0, 7.0
        raise KeyError("on purpose")
    with pytest.raises(KeyError):
        way.jit(step)(XS, YS)
    assert n.numbers() == before
    plain(n)(XS, YS)
    twin = Net()
    plain(twin)(XS, YS)
    agree(n.numbers(), twin.numbers(), lambda a, b: close(a, b, 1.0))


@every_way
def test_a_run_that_fails_sets_nothing(way):
    v, table = Value(2.0), [1.0, 2.0, 3.0]

    def f(i):
        v.grad = 0.0
        (v * mg.take(table, i)).backward()
        v.data -= v.grad
    g = way.jit(f)
    g(1.0)
    assert (v.data, v.grad) == (0.0, 2.0)
    with pytest.raises(IndexError):
        g(7.0)
    assert (v.data, v.grad) == (0.0, 2.0)


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


# What f keeps by itself ----------------------------------------------------------------------------------------------

class ByHand:
    """An optimiser that keeps plain numbers."""

    def __init__(self, ps):
        self.ps, self.m, self.t = ps, [0.0 for _ in ps], 0

    def in_place(self):
        for k, p in enumerate(self.ps):
            self.m[k] = 0.9 * self.m[k] + p.grad
            p.data -= 0.1 * self.m[k]

    def anew(self):
        self.m = [0.9 * m + p.grad for m, p in zip(self.m, self.ps)]
        for m, p in zip(self.m, self.ps):
            p.data -= 0.1 * m

    def counts(self):
        self.t += 1
        for p in self.ps:
            p.data -= 0.1 / self.t * p.grad


@every_way
def test_plain_numbers_that_are_kept_are_not_frozen_in_silence(way):
    for method in (ByHand.in_place, ByHand.anew):
        v = Value(2.0)
        optimiser = ByHand([v])
        with pytest.raises(TracingError, match=r"optimiser.m.* is set while .* in a Value"):
            way.jit(lambda optimiser=optimiser, method=method: method(optimiser))()
        with pytest.raises(TracingError, match=r"is set while .* in a Value"):
            way.jit(method.__get__(ByHand([v])))()
        assert v.data == 2.0
    with pytest.raises(TracingError, match=r"self.t is set while"):
        way.jit(ByHand([Value(2.0)]).counts)()


def sources_of_numbers():
    """What gives another number each time, and how a function asks it."""
    np = pytest.importorskip("numpy")
    rng, legacy, generator = random.Random(1), np.random.RandomState(1), np.random.default_rng(1)
    iterator, counter, made = iter([1.0, 2.0]), itertools.count(1), (x for x in (1.0, 2.0, 3.0))
    queue, left = [1.0, 2.0], deque([1.0, 2.0])
    holder = type("Holder", (), {})()
    holder.rng = random.Random(2)
    return {"Random": lambda x: x * rng.random(), "gauss": lambda x: x * rng.gauss(0, 1),
            "RandomState": lambda x: x * legacy.rand(), "Generator": lambda x: x * generator.random(),
            "iterator": lambda x: x * next(iterator), "count": lambda x: x * next(counter),
            "generator": lambda x: x * next(made), "list": lambda x: x * queue.pop(),
            "deque": lambda x: x * left.popleft(), "attribute": lambda x: x * holder.rng.random(),
            "scan": lambda x: mg.scan(lambda c, _: (c * rng.random(), None), x, length=3)[0]}


@pytest.mark.parametrize("name", ["Random", "gauss", "RandomState", "Generator", "iterator", "count", "generator",
                                  "list", "deque", "attribute", "scan"])
def test_what_gives_another_number_each_time_is_not_frozen_in_silence(name):
    with pytest.raises(TracingError, match=r"gives a number while .* pass the number as an argument"):
        jit(sources_of_numbers()[name], backend="python")(1.0)


def test_what_gives_a_number_may_be_there_and_a_record_may_grow():
    rng, iterator, record = random.Random(1), iter([1.0]), [0.0]

    @jit
    def f(x, more=(rng, iterator)):
        record.append(1.0)
        return x * 2 if more else rng.random() * next(iterator)
    assert f(1.0) == 2.0 and len(record) == 2


def test_a_variable_that_is_kept():
    v, mean, losses = Value(2.0), 0.0, []

    def step(x):
        nonlocal mean
        mean = 0.9 * mean + v.data * x
        v.data -= mean
    with pytest.raises(TracingError, match=r"^mean is set"):
        jit(step)(1.0)

    def logs(x):
        losses.append(x * v.data)
        v.data -= x
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        jit(logs)(1.0)                                  # raises where it is used, see above
    assert v.data == 1.0 and len(losses) == 1


def test_values_that_are_made_at_the_first_call_only():
    v, state = Value(2.0), {}

    def step():
        m = state.setdefault("m", Value(0.0))
        m.data = 0.9 * m.data + 1.0
        v.data -= m.data
    with pytest.raises(TracingError, match=r"state\['m'\] is set while"):
        jit(step)()
    assert v.data == 2.0
