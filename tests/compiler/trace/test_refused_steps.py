"""What a compiled training step cannot follow is refused, with its line; and then nothing is changed."""
import copy
import itertools
import math
import random
import threading

import pytest

import microgradx as mg
from microgradx import Value, jit
from microgradx.compiler import TracingError

from ...compiled import close, every_way
from .net import XS, YS, Net, agree
from .train_programs import plain

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
    with pytest.raises(TracingError, match=r"test_refused_steps\.py:|random numbers are drawn"):
        way.jit(f)()
    assert (w.data, w.grad, w.label) == (2.0, 0.0, "w")


@every_way
def test_values_among_the_arguments_have_numbers_but_no_gradients(way):
    for f in (lambda x: setattr(x, "data", 1.0), lambda x: setattr(x, "grad", 1.0), lambda x: x.grad,
              lambda x: (x * w).backward()):
        x = Value(3.0)
        with pytest.raises(TracingError, match=r"test_refused_steps\.py:"):
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
