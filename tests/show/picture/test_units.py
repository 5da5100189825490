"""Activations, dead and saturated units: told from the rows."""
import math

import pytest

import microgradx as mg
from microgradx import Value
from microgradx.show.picture.units import FLAT, activation, condition
from microgradx.table import TABLE, Op, Reduction

CASES = [                                   # a unit, its input, its condition
    (mg.tanh, 2.0, ""), (mg.tanh, 2.5, "saturated"), (mg.tanh, -40.0, "saturated"),
    (mg.sigmoid, 0.0, ""), (mg.sigmoid, 5.0, "saturated"), (mg.sigmoid, -1000.0, "saturated"),
    (mg.relu, 1.0, ""), (mg.relu, -1.0, "off"), (mg.relu, 0.0, "off"),
    (mg.leaky_relu, -100.0, ""), (lambda x: mg.leaky_relu(x, Value(0.25)), -1.0, ""),
    (mg.elu, -10.0, "saturated"), (mg.elu, 10.0, ""), (mg.softplus, -10.0, "saturated"),
    (mg.hard_tanh, 2.0, "saturated"), (lambda x: mg.clamp(x, -1, 1), -3.0, "saturated"),
    (mg.elu, -1e9, "off"), (lambda x: mg.clamp(x, 0), -1.0, "off"), (lambda x: mg.minimum(0.5, x), 2.0, "off"),
    (lambda x: mg.maximum(x, 0), -1.0, "off"), (lambda x: mg.maximum(0, x), 1.0, ""),
    (mg.silu, -1.2784645427610738, ""),     # its lowest point: slope 0, and further out it rises again
    (mg.gelu, -8.0, "saturated"),
    (mg.sin, math.pi / 2, ""),              # slope 0, but not for good
    (mg.exp, -30.0, ""), (mg.log, 1e9, ""), (mg.square, 0.0, ""), (mg.reciprocal, 1e6, ""), (mg.asinh, 1e9, ""),
    (lambda x: 1e-9 * x, 3.0, ""), (lambda x: x * 0, 3.0, ""), (lambda x: x * x, 0.0, ""),
    (mg.abs, 0.0, ""), (mg.cos, 0.0, ""), (lambda x: mg.maximum(x, 5), 3.0, "off"),
    (mg.sign, 3.0, ""), (mg.detach, 3.0, ""), (lambda x: x, 3.0, ""),
]


@pytest.mark.parametrize("unit, x, expected", CASES)
def test_condition(unit, x, expected):
    assert condition(unit(Value(x))) == expected


@pytest.mark.parametrize("op", [op for op in TABLE.values() if not isinstance(op, Reduction)],
                         ids=lambda op: op.name)
def test_what_saturates_is_flat_and_bounded_on_its_way_out(op):
    """For every row: a saturated unit has a small slope here, and its value hardly moves however far one goes."""
    for x in (-30.0, -5.0, -1.0, 0.5, 2.0, 30.0):
        xs = [0.5] * len(op.inputs)
        v = op(Value(x), *xs[1:])
        if condition(v) == "saturated":
            far = op.at(1e8 * x, *xs[1:])
            assert abs(v.slopes[0] or 0.0) < FLAT * 3 and abs(far - v.data) < 1


def test_a_row_of_the_user_is_judged_like_any_other():
    """If it says that it is an activation, and not by how it looks."""
    value, slope = lambda x: x / math.sqrt(1 + x * x), lambda y, x: (1 / mg.hypot(1, x))**3
    bend = Op("bend", value, slope, limits=(-1.0, 1.0))
    assert [condition(bend(Value(x))) for x in (0.0, 100.0)] == ["", "saturated"]
    assert activation(Op("bend", value, slope)(Value(100.0))) is None


LIMITED = [op for op in TABLE.values() if op.limits is not None]


@pytest.mark.parametrize("op", LIMITED, ids=lambda op: op.name)
def test_limits_are_what_the_row_tends_to(op):
    rest = tuple(op.defaults) or (0.5,) * (len(op.inputs) - 1)
    for side, limit in zip((-1e200, 1e200), op.limits(*rest) if callable(op.limits) else op.limits):
        far, farther = op.at(side, *rest), op.at(side * 1e100, *rest)
        if math.isfinite(limit):
            assert far == farther == pytest.approx(limit, abs=1e-15)
        elif math.isinf(limit):         # asinh is slow on its way there
            assert abs(farther) > 1.1 * abs(far) and math.copysign(1, far) == math.copysign(1, limit)
        else:
            assert abs(far) <= 1 and abs(farther) <= 1
    assert len(LIMITED) > 15


def test_an_activation_has_one_input_that_varies():
    x, a = Value(1.0), Value(2.0)
    assert activation(mg.maximum(x, a)) is None and activation(x) is None
    curve, i = activation(mg.maximum(0.5, x))
    assert (i, curve.at(3.0), curve.at(-3.0), curve.slope(3.0), curve.slope(-3.0)) == (1, 3.0, 0.5, 1.0, 0.0)
