"""Random graphs of all rows, compiled against eager code: values, gradients, second derivatives, in every way."""
import pytest
from hypothesis import HealthCheck, given, settings

import microgradx as mg
from microgradx import Value, tape, value_and_grad
from microgradx.checking.mismatch import roundings
from microgradx.checking.strategies import graphs
from microgradx.reductions import masked_dot

from ..budget import budget
from ..compiled import PYTHON, as_function, close, different, equal, every_way

EXAMPLES = {PYTHON: 100}                    # a native program takes longer to compile than to run a million times
FEW = 20


def drawn(way):
    """Random graphs, as many as the way can take in a few seconds."""
    return lambda test: settings(max_examples=budget(EXAMPLES.get(way, FEW)), database=None,
                                 suppress_health_check=list(HealthCheck))(given(graphs())(test))


@pytest.mark.sweep(997)
@every_way
def test_strict_code_has_the_bits_of_eager_code(way):
    @drawn(way)
    def agrees(root):
        f, xs = as_function(root)
        y, slopes = way.jit(value_and_grad(f), strict=True)(xs)
        expected, gradient = value_and_grad(f)(xs)
        assert (y, slopes) == (expected, gradient)
        inputs = list(map(Value, xs))
        f(inputs).backward()
        assert slopes == [x.grad for x in inputs]
    agrees()


@pytest.mark.sweep(997)
@every_way
def test_other_code_is_as_exact(way):
    """To what rounding may do in eager code itself."""
    @drawn(way)
    def agrees(root):
        f, xs = as_function(root)
        y, slopes = way.jit(value_and_grad(f))(xs)
        inputs = list(map(Value, xs))
        expected = f(inputs)
        check_value(y, expected)
        largest = max(abs(v.data) for v in tape(expected)) * max(map(abs, mg.gradients(expected, tape(expected))))
        assert different(slopes, mg.gradients(expected, inputs), lambda a, b: close(a, b, largest)) == []
    agrees()


@pytest.mark.sweep(997)
@every_way
def test_second_derivatives(way):
    @drawn(way)
    def agrees(root):
        f, xs = as_function(root)
        found = [x for row in way.jit(mg.hessian(f), strict=True)(xs) for x in row]
        assert different(found, [x for row in mg.hessian(f)(xs) for x in row], equal) == []
    agrees()


@every_way
@pytest.mark.parametrize("f", [
    lambda x: (x * 1.3 + x * 1.3)**2 * (x * 1.3 + x * 1.3), lambda x: mg.cos(2 * mg.max([x + x])) + mg.log(2 * (x + x)),
    lambda x: mg.relu(x) * mg.exp(x) + x * mg.relu(x), lambda x: 0.5**(x + x) * mg.log(4 * 0.5**(x + x)),
    lambda x: mg.max([x / 9, mg.acos(x / 9), x / 9]) / (mg.acos(x / 9) * 2), lambda x: (x**x) * mg.maximum(x**x, x),
    lambda x: masked_sum([mg.logsumexp([-x, x, -x]), -x, 0.0]) + mg.minimum(-x, x) / (x - 9) * mg.minimum(-x, x),
], ids=["paths", "a gate of another row's", "a gate used twice", "a gate at a point", "a closed gate", "a power",
        "masks"])
def test_strict_second_derivatives_add_in_the_order_of_eager_code(way, f):
    """A sum of one recorded product starts without 0.0 in eager code, and a mask is no part of its graph."""
    compiled = way.jit(mg.hessian(f), strict=True)
    for x in (0.3, 1.1234, 2.71, 7.9):
        assert compiled(x) == mg.hessian(f)(x)


def masked_sum(xs):
    """Of products by the next, with a mask that is negative, too."""
    return masked_dot(xs, xs[1:] + xs[:1], xs)


@every_way
@pytest.mark.parametrize("strict", [True, False])
def test_masks_of_both_signs_do_not_cancel(way, strict):
    """x/masked_dot is -1/(4*x) here, of second derivative -1/(2*x**3): flows are open behind gates of x and of -x."""
    def f(x):
        return x / masked_dot([-x, x, -x, x], [x, -x, x, -x], [-x, x, -x, x])
    assert mg.hessian(lambda x: f(x) * x)(-2.0) == 0
    for x in (-2.0, 0.5):
        assert way.jit(mg.hessian(lambda x: f(x) + f(x / 2)), strict=strict)(x) == -0.5 / x**3 * 3


def check_value(y, expected):
    """y is the result of eager code to what rounding may do in eager code itself."""
    noise, _ = roundings(expected, [])
    assert abs(y - expected.data) <= 8 * noise + 1e-12 * abs(y)


def test_a_number_off_by_a_billionth_is_found():
    y = mg.tanh(Value(0.3)) * mg.exp(Value(2.0)) + 1
    check_value(y.data, y)
    with pytest.raises(AssertionError):
        check_value(y.data * (1 + 1e-9), y)


@pytest.mark.slow
@pytest.mark.parametrize("strict", [True, False])
@every_way
def test_many(way, strict, monkeypatch):
    monkeypatch.setitem(EXAMPLES, way, 300)
    (test_strict_code_has_the_bits_of_eager_code if strict else test_other_code_is_as_exact)(way)
