"""Optimisers whose step() is compiled, as a part of a function, against the same, eager."""
import pytest

from microgradx import Value, jit
from microgradx.compiler import TracingError
from microgradx.nesting import leaves
from microgradx.training import SGD, Adam, AdamW, RMSprop, StepLR, clip_grad_norm

from ...compiled import close, every_way, identical
from .net import XS, YS, Net, agree, mean_square, told

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
