"""What layers keep and draw, in compiled functions: as eager, at each run anew, and only what a run sets is set."""
import random

import pytest

from microgradx import Value, jit, no_grad, sum, value_and_grad
from microgradx.nesting import leaves
from microgradx.nn import BatchNorm1d, BatchNorm2d, Buffer, Dropout, Linear, Module, RReLU, Sequential
from microgradx.nn.randomness import draw

from ...budget import sweep
from ...compiled import every_way

BATCH = [[0.3, -1.0], [2.0, 0.5], [-0.7, 0.1]]


def told(model, f, runs=3):
    """What f returns, run after run, the Buffers after each, and where the generator is then."""
    random.seed(5)
    found = []
    for _ in range(runs):
        value, slopes = f(model, BATCH)
        found += [value, *leaves(list(slopes.values())), *(b.data for b in model.buffers())]
    return found, random.random()


def energy(model, xs):
    return sum([y * y for row in model(xs) for y in row])


LAYERS = {
    "BatchNorm1d": lambda: BatchNorm1d(2), "a mean over all batches": lambda: BatchNorm1d(2, momentum=None),
    "no affine": lambda: Sequential(Linear(2, 2), BatchNorm1d(2, affine=False)),
    "no statistics": lambda: BatchNorm1d(2, track_running_stats=False),
    "Dropout": lambda: Sequential(Linear(2, 3), Dropout(0.4)),
    "all is dropped": lambda: Sequential(Linear(2, 3), Dropout(1)),
    "RReLU": lambda: Sequential(Linear(2, 3), RReLU(0.1, 0.9)),
    "all": lambda: Sequential(Linear(2, 3), BatchNorm1d(3), RReLU(), Dropout(0.2), Linear(3, 1)),
}


@sweep(5)
@every_way
@pytest.mark.parametrize("mode", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("name", LAYERS)
def test_a_compiled_layer_keeps_and_draws_as_an_eager_one(way, name, mode):
    runs = []
    for compile in (way.jit, lambda f: f):
        random.seed(2)
        model = LAYERS[name]().train(mode)
        runs.append(told(model, compile(value_and_grad(energy))))
    (found, place), (expected, other) = runs
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-14) and place == other


@every_way
def test_images(way):
    norm, expected = BatchNorm2d(1), BatchNorm2d(1)
    xs = [[BATCH], [[[1.0, 0.0], [0.5, 0.25], [2.0, 2.0]]]]
    way.jit(lambda m, xs: m(xs))(norm, xs)
    expected(xs)
    assert [b.data for b in norm.buffers()] == pytest.approx([b.data for b in expected.buffers()], rel=1e-14)


class Counting(Module):
    """A count that is read after it is set, and set twice."""

    def __init__(self):
        self.calls, self.last = Buffer(0.0), Buffer(0.0)

    def forward(self, x):
        self.calls.data += 1
        self.calls.data *= 2
        self.last.data = x
        return x * self.calls.data


@every_way
def test_what_is_read_after_it_was_set_is_the_new_number(way):
    runs = []
    for compile in (way.jit, lambda f: f):
        model = Counting()
        f = compile(lambda model, x: model(model(x)))
        runs.append([[float(f(model, x)), *(b.data for b in model.buffers())] for x in (1.0, 0.5)])
    assert runs[0] == runs[1] and runs[0][1][1] > runs[0][0][1] > 0


def test_a_model_that_f_closes_over():
    model = Counting()
    f = jit(model, backend="python")
    assert [f(1.0), f(1.0)] == [2.0, 6.0] and model.last.data == 1.0


@every_way
def test_draws_that_nothing_needs_are_drawn_all_the_same(way):
    generator = random.Random(1)

    def f(x):
        draw(generator)
        return x * draw(generator)

    expected = random.Random(1)
    compiled = way.jit(f)
    for _ in range(3):
        expected.random()
        assert compiled(1.0) == expected.random()


@every_way
def test_nothing_is_drawn_or_set_while_it_is_recorded(way):
    """One run, one draw, one batch: also where the first call compiles."""
    random.seed(4)
    model = Sequential(Dropout(0.5), BatchNorm1d(2))
    way.jit(lambda m, xs: m(xs))(model, BATCH)
    place = random.random()
    random.seed(4)
    [random.random() for _ in range(6)]
    assert place == random.random() and model[1].num_batches_tracked.data == 1


@every_way
def test_no_grad_within_freezes_nothing(way):
    class Mean(Module):
        def __init__(self):
            self.mean = Buffer(0.0)

        def forward(self, x):
            with no_grad():
                self.mean.data = 0.5 * self.mean.data + 0.5 * x
            return x - self.mean.data

    model = Mean()
    f = way.jit(lambda m, x: m(x))
    assert [f(model, 1.0), f(model, 1.0), model.mean.data] == [0.5, 0.25, 0.75]


@every_way
def test_a_buffer_that_is_set_has_its_new_number_as_a_value_too(way):
    class Both(Counting):
        def forward(self, x):
            before = x * self.calls
            self.calls.data += 1
            return [before, x * self.calls]

    model, f = Both(), way.jit(lambda m, x: m(x))
    assert [f(model, 2.0), f(model, 2.0), model.calls.data] == [[0.0, 2.0], [2.0, 4.0], 2.0]


def test_an_error_while_it_is_recorded_leaves_all_as_it_was():
    model = Counting()

    def f(model, x):
        model(x)
        raise KeyError(x)

    with pytest.raises(KeyError):
        jit(f, backend="python")(model, 1.0)
    assert [b.data for b in model.buffers()] == [0.0, 0.0]
    model(1.0)
    assert model.calls.data == 2.0                      # and eager layers act at once again


def test_eager_buffers_take_numbers_and_values():
    b = Buffer(1.0)
    b.data += 2
    assert b.data == 3.0
    b.data = Value(4.0) * 2
    assert b.data == 8.0 and b.op is None
    with pytest.raises(TypeError):
        b.data = "7"
