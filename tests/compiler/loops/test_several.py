"""A kernel for several samples: it adds up what the kernel of one sample computes for each."""
import math
import random

import pytest

from ...budget import budget
from ...compiled import as_function, equal, needs_llvmlite

pytestmark = needs_llvmlite
np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")

from hypothesis import given, settings  # noqa: E402

import microgradx as mg  # noqa: E402
from microgradx import value_and_grad  # noqa: E402
from microgradx.checking.strategies import graphs  # noqa: E402
from microgradx.compiler.ir.program import program  # noqa: E402
from microgradx.compiler.loops import several as rooms  # noqa: E402
from microgradx.compiler.loops.nests import Nest  # noqa: E402
from microgradx.compiler.loops.schedule import looped  # noqa: E402
from microgradx.compiler.native.instructions import native  # noqa: E402
from microgradx.compiler.native.place import FIXED, ORIGINS, placed  # noqa: E402
from microgradx.compiler.native.resident import address, filled  # noqa: E402
from microgradx.compiler.trace.trace import trace  # noqa: E402


def recorded(f, *args):
    return program(trace(f, list(args)), lambda op: native(op, False))


class Both:
    """The kernels of a program for one sample and for `count`. The inputs `shared` lie at an address: all samples have
    them."""

    def __init__(self, p, shared, count):
        self.count, self.results = count, len(p.results)
        self.block = filled([0.0] * len(shared))
        self.one = looped(p, placed(p, {k: address(self.block) + 8 * j for j, k in enumerate(shared)}), False)
        self.several = self.one.several(count)

    def singly(self, rows):
        """The results for each sample."""
        return [self.one.run(row) for row in rows]

    def together(self, rows, before=0.0):
        """The sums of all results, added to a number."""
        kernel, first = self.several
        memory, total = kernel.new(), np.full(self.results, before)
        for lane, row in enumerate(rows):
            memory[first + lane:first + len(row) * self.count:self.count] = row
        memory.view(np.int64)[kernel.place.totals] = total.ctypes.data
        kernel._function(memory.ctypes.data)
        kernel.check(memory)
        return total.tolist()


def agree(p, shared, numbers, rows):
    """Whether both kernels give the same sums, to the rounding of the sum."""
    both = Both(p, shared, len(rows))
    both.block[:] = np.array(numbers)
    found = zip(*both.singly(rows))
    for total, terms in zip(both.together(rows, 0.25), found):
        size = max([0.25, *map(abs, terms)])
        expected = sum(terms) + 0.25
        assert equal(total, expected) or abs(total - expected) <= 1e-13 * len(rows) * size, (total, terms)
    return both


@pytest.mark.slow
@settings(max_examples=budget(30))
@given(graphs())
def test_every_graph(root):
    f, xs = as_function(root)
    p = recorded(value_and_grad(f), xs)
    p.closures.clear()                          # inputs as others
    rng, shared = random.Random(len(p)), range(0, len(p.inputs), 3)
    rows = [[rng.choice([-1.0, 0.0, 0.5, 2.0, rng.gauss(0, 1)]) for k in range(len(p.inputs)) if k not in shared]
            for _ in range(16)]
    agree(p, shared, [rng.gauss(0, 1) for _ in shared], rows)


def mlp(weights, xs, ys):
    """A dense layer, then a table, and what is the same for all samples."""
    hidden = [mg.tanh(mg.dot(row, xs)) for row in weights]
    return mg.sum([(h - y) ** 2 for h, y in zip(hidden, ys)]) + mg.dot(weights[0], weights[1])


@pytest.mark.slow
@pytest.mark.sweep(997)
@pytest.mark.parametrize("count", [1, 3, 4, 8, 16, 32])
@pytest.mark.parametrize("sizes", [(5, 7), (16, 24), (33, 40)])
def test_any_number_of_samples(count, sizes):
    rng = random.Random(count)
    outputs, inputs = sizes
    weights = [[rng.gauss(0, 1) for _ in range(inputs)] for _ in range(outputs)]
    p = recorded(value_and_grad(mlp), weights, [0.0] * inputs, [0.0] * outputs)
    rows = [[rng.gauss(0, 1) for _ in range(inputs + outputs)] for _ in range(count)]
    both = agree(p, range(outputs * inputs), [x for row in weights for x in row], rows)
    spoilt = [[*row[:-1], math.inf] if k == count // 2 else row for k, row in enumerate(rows)]
    assert [x != x for x in both.together(spoilt)] == [x != x for x in map(sum, zip(*both.singly(spoilt)))]


@pytest.mark.slow
@pytest.mark.parametrize("again", [0, 1, 5, 12])
def test_results_in_pieces_that_are_used_again(again):
    """Each is the sum of two nests, and counts once, whether other results need it or not."""
    def f(weights, xs):
        ys = [mg.exp(x) for x in xs]
        sums = [mg.dot([*row, *xs], [*xs, *ys[::-1]]) for row in weights]
        return [*sums, *[mg.tanh(one) for one in sums[:again]], mg.sum(xs)]
    rng = random.Random(again)
    weights = [[rng.gauss(0, 1) for _ in range(20)] for _ in range(12)]
    rows = [[rng.gauss(0, 1) for _ in range(20)] for _ in range(16)]
    agree(recorded(f, weights, [0.0] * 20), range(240), [x for row in weights for x in row], rows)


@pytest.mark.slow
def test_weights_are_loaded_once_and_gradients_stay_in_registers():
    """One loop nest for both: the dense layer over samples, and its gradient with samples as terms."""
    p = recorded(value_and_grad(mlp), [[1.0] * 40] * 33, [0.0] * 40, [0.0] * 33)
    both = Both(p, range(33 * 40), 16)
    assert both.several[0].nests <= both.one.nests + 2


def test_an_index_outside_of_its_table():
    def f(xs, i):
        return mg.take([x * 2 for x in xs], i) + mg.take(xs[::-1], i)
    both = Both(recorded(f, [0.0] * 20, 0.0), [], 16)
    rows = [[float(k) for k in range(20)] + [float(i)] for i in range(16)]
    assert both.together(rows) == [sum(2.0 * i + 19 - i for i in range(16))]
    rows[5][-1] = 20.0
    with pytest.raises(IndexError, match="take: expected a whole number from 0"):
        both.together(rows)


def test_operands_that_lie_in_two_places_are_taken_apart():
    """Two rows have a constant stride, wherever they are: one in memory, one at an address."""
    far = ORIGINS[FIXED] + 7 - 20
    samples = rooms.SampleLanes(8, 100, 3, range(50, 60), -1000)
    outer = Nest(mg.mul, 30, (20, 21), ((2, 1, (far, 1)), (4, 2, (1, 0))))
    assert [nest.operands for nest in rooms.several([outer], samples, set())] == [
        (100 + 160, 100 + 168), (ORIGINS[FIXED] + 7, 100 + 176)]
    inner = Nest(mg.dot, 30, (20, 21), (), ((2, (far, 1)), (4, (1, 1))))
    assert [nest.more for nest in rooms.several([inner], samples, set())] == [False, True]
    table = Nest(mg.reductions.entry, 30, (20, 5, 3), (), ((2, (far, 0, 0)),))
    assert rooms.several([table], samples, set()) is None


def test_a_scan_is_computed_sample_by_sample():
    p = recorded(lambda xs: mg.scan(lambda total, x: (total + x * x, total), 0.0, xs)[0], [1.0] * 50)
    assert Both(p, [], 16).several is None
