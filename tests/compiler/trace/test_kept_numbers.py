"""Plain numbers that a function keeps from call to call, in an attribute or a list, are not frozen in silence."""
import itertools
import random
import warnings
from collections import deque

import pytest

import microgradx as mg
from microgradx import Value, jit
from microgradx.compiler import TracingError

from ...compiled import every_way


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
