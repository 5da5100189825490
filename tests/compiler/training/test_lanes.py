"""Batches in vector lanes: the sum over any number of samples, and a rule applied to parameters side by side."""
import ctypes
import math
import random

import pytest

from ...budget import sweep
from ...compiled import needs_llvmlite

pytestmark = needs_llvmlite
np = pytest.importorskip("numpy")
ir = pytest.importorskip("llvmlite.ir")

import microgradx as mg  # noqa: E402
from microgradx import value_and_grad, where  # noqa: E402
from microgradx.compiler.ir.program import program  # noqa: E402
from microgradx.compiler.native.engine import load  # noqa: E402
from microgradx.compiler.native.instructions import native  # noqa: E402
from microgradx.compiler.native.resident import aligned  # noqa: E402
from microgradx.compiler.pickling import played  # noqa: E402
from microgradx.compiler.trace.trace import trace  # noqa: E402
from microgradx.compiler.training.lanes import Sum, mapped  # noqa: E402

POINTER = ctypes.c_void_p
widths = pytest.mark.parametrize("width", [2, 4, 8])


def recorded(f, *args):
    return program(trace(f, list(args)), lambda op: native(op, False))


def summed(p, shared, samples, width):
    """The results of a program added up over samples, its first inputs being shared by all."""
    parameters, data = aligned(len(shared)), np.array([x for sample in samples for x in sample])
    parameters[:] = shared
    start, module = parameters.ctypes.data, ir.Module("batch")
    Sum(module, p, len(shared) - 1, width).write()
    machine = load(module)
    run = ctypes.CFUNCTYPE(None, POINTER, POINTER, ctypes.c_int64, *[POINTER] * 4)(machine.address("batch"))
    offsets = np.arange(len(samples)) * len(samples[0])
    totals, out = np.full(len(p.results) * width, math.nan), np.full(len(p.results), math.nan)
    run(data.ctypes.data, offsets.ctypes.data, len(samples), totals.ctypes.data, out.ctypes.data, start,
        start + 8 * (len(shared) - 1))
    return out.tolist()


def one_by_one(p, shared, samples):
    """The same by the rows of the table."""
    return [math.fsum(column) for column in zip(*[played(p, [*shared, *sample]) for sample in samples])]


def neuron(w, b, x):
    return mg.square(mg.tanh(w[0] * x[0] + w[1] * x[1] + b) - x[2])


@sweep(4)
@widths
@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 9, 16, 17, 100])
def test_any_number_of_samples(width, count):
    rng = random.Random(count)
    p = recorded(value_and_grad(neuron, (0, 1)), [0.5, -1.0], 0.25, [0.0] * 3)
    samples = [[rng.uniform(-2, 2) for _ in range(3)] for _ in range(count)]
    shared = [0.5, -1.0, 0.25]
    assert summed(p, shared, samples, width) == pytest.approx(one_by_one(p, shared, samples), rel=1e-12)


@widths
def test_a_gradient_of_0_carries_nothing(width):
    """The slope of sqrt at 0 is infinite, in a product that is nothing but a result and in one that is used."""
    def f(w, x):
        root = where(x[0] > 0, mg.sqrt(x[0] * w[0]), 0)
        return root * w[1] + where(x[0] > 0, w[2] * mg.sqrt(w[0] * x[0]), 0)
    p = recorded(value_and_grad(f), [1.0] * 3, [1.0])
    samples, shared = [[0.0], [4.0], [0.0], [1.0], [0.0]], [1.0, 2.0, 3.0]
    found = summed(p, shared, samples, width)
    assert found == pytest.approx(one_by_one(p, shared, samples)) and not any(map(math.isnan, found))


@widths
def test_results_that_are_inputs_constants_and_twice_the_same(width):
    def f(w, x):
        return [w[0], x[0], 2.5, w[0] * x[0], w[0] * x[0], x[0] + x[0], w[0] * w[0]]
    p = recorded(f, [3.0], [1.0])
    samples = [[float(k)] for k in range(11)]
    assert summed(p, [3.0], samples, width) == one_by_one(p, [3.0], samples)


@widths
def test_a_nan_in_one_sample_is_seen_and_stays_in_its_results(width):
    p = recorded(lambda w, x: [w[0] * x[0], w[0] * x[1]], [3.0], [1.0, 1.0])
    samples = [[1.0, float(k)] for k in range(5)]
    samples[3][0] = math.nan
    first, second = summed(p, [3.0], samples, width)
    assert math.isnan(first) and second == 30.0


@widths
@pytest.mark.parametrize("count", [1, 2, 8, 13, 64])
def test_a_rule_goes_over_all_parameters(width, count):
    """New parameters take the place of the old ones, kept numbers that of theirs; gradients stay."""
    def rule(parameter, gradient, kept, rate):
        velocity = 0.9 * kept + gradient
        return [parameter - rate * velocity / (1 + rate), velocity]
    p = recorded(rule, 1.0, 1.0, 1.0, 1.0)
    rng, module = random.Random(count), ir.Module("rule")
    arrays = [np.array([rng.uniform(-1, 1) for _ in range(count)]) for _ in range(3)]
    before = [a.tolist() for a in arrays]
    mapped(module, "update", p, 3, width, False)
    machine = load(module)
    run = ctypes.CFUNCTYPE(None, POINTER, ctypes.c_long, POINTER)(machine.address("update"))
    addresses, uniform = np.array([a.ctypes.data for a in arrays]), np.array([0.1])
    run(addresses.ctypes.data, count, uniform.ctypes.data)
    expected = [rule(*numbers, 0.1) for numbers in zip(*before)]
    assert arrays[0].tolist() == pytest.approx([new for new, _ in expected], rel=1e-14)
    assert arrays[1].tolist() == before[1]
    assert arrays[2].tolist() == pytest.approx([velocity for _, velocity in expected], rel=1e-14)
