"""The proof of the table. Every check takes a row; none names one.

Each check is a function that raises AssertionError. It is called with every row of the table, and with rows that are
wrong on purpose, which it must find (the test of the test).
"""
import inspect
import math
import sys
from collections import Counter

import pytest
from mpmath import mp, mpf

import microgradx as mg
from microgradx import Value, gradients
from microgradx.table import TABLE, Op, Reduction

from . import oracle, points
from .budget import sweep

ROWS = list(TABLE.values())         # as imported: rows that other tests add are not among them
EPS, LARGEST = sys.float_info.epsilon, sys.float_info.max
UNDERFLOW = 1e-290                  # closer to 0 a factor may have been subnormal, with fewer digits than a float
POINTS, FEW = 60, 12

every_row = pytest.mark.parametrize("op", ROWS, ids=lambda op: op.name)


def close(got, exact, wobble, what):
    """`got` is `exact` to 1e-12; or, where the condition is bad, to what 8 ulp in each input do (`wobble()`)."""
    assert isinstance(got, float) and math.isfinite(got), f"{what} is {got}, exactly {mp.nstr(exact, 20)}"
    error = abs(mpf(got) - exact)
    if error > mpf(1e-12) * abs(exact) + UNDERFLOW:
        allowed = 8 * EPS * wobble()
        assert error <= allowed, (f"{what} is {got!r}, exactly {mp.nstr(exact, 20)}: "
                                  f"off by {mp.nstr(error, 3)}, allowed {mp.nstr(allowed, 3)}")


def inputs(op, xs):
    """The places of the inputs that a slope is asked for: all but an index."""
    return [i for i, domain in enumerate(op.domains(len(xs))) if not isinstance(domain, range)]


def frozen(op, xs):
    """The slopes that the node of Values at `xs` holds; 0 where it says that no gradient flows."""
    return [0.0 if slope is None else slope for slope in op.apply(op.called(list(map(Value, xs)))).slopes]


def again(op, *slopes, **changes):
    """A row told as `op` is, but for some changes; not in the table."""
    told = {name: getattr(op, name) for kind in (Op, type(op))
            for name, told in inspect.signature(kind).parameters.items() if told.kind is told.KEYWORD_ONLY}
    return type(op)(op.name, changes.pop("value", value_told(op)), *slopes or op.slopes, **{**told, **changes})


def value_told(op):
    """The value of a row as it was told: one of several lists is given these."""
    return op.of_lists if isinstance(op, Reduction) and op.lists > 1 else op.value


def wrong(op, bend):
    """The row with `bend` done to each of its slopes."""
    if isinstance(op, Reduction):
        return again(op, lambda y, *xs: bent(op.slopes[0](y, *xs), bend, op.index))
    rules = [slope if callable(slope) else lambda y, *xs, slope=slope: slope for slope in op.slopes]
    return again(op, *(lambda y, *xs, rule=rule: bent_rule(bend, rule(y, *xs)) for rule in rules))


def bent_rule(bend, slope):
    """`bend` done to a slope, also to that of a closed gate."""
    return bend(0.0 if slope is None else slope)


def bent(slopes, bend, index):
    """`bend` done to each slope of a list, or of several lists; not to the None of an index, which comes last."""
    if isinstance(slopes, (list, tuple)):
        smooth = len(slopes) - index
        return [*(bent(slope, bend, False) for slope in slopes[:smooth]), *slopes[smooth:]]
    return bent_rule(bend, slopes)


def rejects(check, *args):
    """Does the check fail?"""
    try:
        check(*args)
    except AssertionError:
        return True
    return False


# Value and slopes against mpmath -------------------------------------------------------------------------------

def check_value(op, xs):
    """The value is the exact one; on overflow the infinity of its sign."""
    got, exact = op.at(*xs), oracle.value(op, xs)
    if abs(exact) > LARGEST:
        assert got == math.copysign(math.inf, exact), f"{op.name}{xs} overflows to {got}, exactly {mp.nstr(exact, 20)}"
    else:
        close(got, exact, lambda: oracle.wobble(lambda at: oracle.value(op, at), xs), f"{op.name}{xs}")


def check_slopes(op, xs):
    """Each slope that a node freezes is the exact derivative, wherever result and derivative are floats."""
    if abs(oracle.value(op, xs)) > LARGEST:
        return
    slopes = frozen(op, xs)
    for i in inputs(op, xs):
        exact = oracle.slope(op, xs, i)
        if abs(exact) <= LARGEST:
            close(slopes[i], exact, lambda i=i: oracle.wobble(lambda at: oracle.slope(op, at, i), xs),
                  f"slope {i} of {op.name}{xs}")


def test_every_row_has_a_definition():
    names = {op.name for op in ROWS}
    assert names == set(oracle.DEFINITIONS), "a row and its definition in tests/oracle.py come together"


@sweep(5)
@every_row
def test_value(op):
    for xs in (*points.smooth(op, POINTS), *points.kinks(op)):
        if math.isfinite(op.at(*xs)) or not points.on_kink(op, xs):     # a pole has no exact value
            check_value(op, xs)


@sweep(11)
@every_row
def test_slopes(op):
    for xs in points.smooth(op, POINTS):
        check_slopes(op, xs)


@sweep(997)
@every_row
def test_value_and_slopes_next_to_their_zeros(op):
    """Where terms cancel and only the condition can bound the error."""
    for xs in points.cancelling(op, POINTS):
        check_value(op, xs)
        check_slopes(op, xs)


@pytest.mark.slow
def test_the_points_reach_the_zeros():
    assert sum(any(points.cancelling(op, FEW)) for op in ROWS) >= 12


def test_the_points_reach_the_tails():
    sizes = [abs(x) for op in ROWS for xs in points.smooth(op, POINTS) for x in xs]
    assert min(sizes) < 1e-250 and max(sizes) > 1e250
    assert sum(abs(op.at(*xs)) < 1e-100 for op in ROWS for xs in points.smooth(op, POINTS)) > 100


@every_row
def test_a_value_off_by_a_millionth_is_found(op):
    twin = again(op, value=lambda *xs: value_told(op)(*xs) * (1 + 1e-6) or 1e-6)
    assert any(rejects(check_value, twin, xs) for xs in (*points.smooth(op, POINTS), *points.kinks(op)))


@sweep(11)
@pytest.mark.parametrize("bend", [lambda s: s * (1 + 1e-6) or 1e-6, lambda s: -s or -1.0, lambda s: s + math.nan])
@every_row
def test_a_wrong_slope_is_found(op, bend):
    """Off by a millionth (also off 0), of the wrong sign, not a number."""
    smooth = list(points.smooth(op, POINTS))
    assert not smooth or any(rejects(check_slopes, wrong(op, bend), xs) for xs in smooth)


# Second and third order ----------------------------------------------------------------------------------------

def check_orders(op, xs, ds, orders=3):
    """The derivatives of order 1, 2, 3 on the way from xs in the direction ds, recorded by gradients().

    One direction with a part in each input meets every mixed derivative. The bound is 1e-12, or 64 ulp of the size of
    all derivatives there: a higher derivative is a sum of terms that large.
    """
    exact = oracle.along(op, xs, ds, orders + 1)
    if max(map(abs, exact)) > LARGEST:
        return
    leaves = list(map(Value, xs))
    y = op.apply(op.called(leaves))
    for order in range(1, orders + 1):
        y = mg.dot(ds, gradients(y, leaves, create_graph=True))
        close(y.data, exact[order], lambda: 8 * mp.fsum(map(abs, exact[1:])), f"derivative {order} of {op.name}{xs}")


def direction(op, xs):
    """A part in each input, none in an index."""
    smooth = inputs(op, xs)
    return [(-1) ** i * (1 + i / 7) if i in smooth else 0.0 for i in range(len(xs))]


@sweep(11)
@every_row
def test_second_and_third_order(op):
    for xs in points.smooth(op, FEW, [points.MODERATE, points.WIDE]):
        check_orders(op, xs, direction(op, xs))


@sweep(997)
@every_row
def test_a_wrong_second_derivative_is_found(op):
    """Right in first order, a millionth off from there on: found wherever there is a second or third derivative."""
    twin = wrong(op, lambda slope: slope + 1e-6 * (slope - mg.detach(slope)))
    for xs in points.smooth(op, FEW, [points.MODERATE]):
        ds = direction(op, xs)
        exact = oracle.along(op, xs, ds, 3)
        assert not rejects(check_orders, twin, xs, ds, 1)
        assert rejects(check_orders, twin, xs, ds) == bool(abs(exact[2]) + abs(exact[3]) > 1e-9)


# Kinks ---------------------------------------------------------------------------------------------------------

def check_kink(op, xs):
    """The slope lies between the one-sided difference quotients. Says which kinds of kink were met:

    "between"  both quotients exist
    "jump"     one diverges: the slope need only be finite
    "pole"     the value itself is not finite: nothing is asked
    "decree"   the row calls every point a kink: its slope is a convention, and need only be finite
    """
    if not math.isfinite(op.at(*xs)):
        return {"pole"}
    decree, kinds = not any(points.smooth(op, 1)), set()
    for i in inputs(op, xs):
        slope = frozen(op, xs)[i]
        assert math.isfinite(slope), f"slope {i} of {op.name}{xs} is {slope}"
        quotients = oracle.one_sided(op, xs, i)
        kind = "decree" if decree else "jump" if max(map(abs, quotients)) > 1e30 else "between"
        kinds.add(kind)
        assert kind != "between" or min(quotients) - 1e-12 <= slope <= max(quotients) + 1e-12, (
            f"slope {i} of {op.name}{xs} is {slope}, not between {mp.nstr(quotients, 5)}")
    return kinds


def kinds(op):
    """All kinds of kink of a row."""
    return set().union(*(check_kink(op, xs) for xs in points.kinks(op)))


@every_row
def test_slopes_at_kinks(op):
    for xs in points.kinks(op):
        check_kink(op, xs)


@pytest.mark.slow
def test_every_kind_of_kink_is_met():
    met = {op.name: kinds(op) for op in ROWS if op.kinks}
    count = Counter(kind for found in met.values() for kind in found)
    assert count["between"] >= 10 and count["jump"] >= 7 and count["pole"] >= 2 and count["decree"] >= 1, met
    assert sum(not found for found in met.values()) <= 1, met       # kinks that no float hits, as multiples of pi


@every_row
def test_a_wrong_slope_at_a_kink_is_found(op):
    beside, infinite = wrong(op, lambda s: s - 4), wrong(op, lambda s: s + math.inf)
    for xs in points.kinks(op):
        kind = check_kink(op, xs)
        assert rejects(check_kink, beside, xs) == ("between" in kind)
        assert rejects(check_kink, infinite, xs) == (kind != {"pole"})


# Rows from outside ---------------------------------------------------------------------------------------------

@pytest.fixture
def table():
    """The table with its own rows only (the doctests have added some), afterwards as it was before."""
    before = dict(TABLE)
    TABLE.clear()
    TABLE.update({op.name: op for op in ROWS})
    yield
    TABLE.clear()
    TABLE.update(before)


def check_row(op):
    """All that is asked of the table's own rows, but for the farthest tails."""
    for xs in points.smooth(op, FEW, [points.MODERATE, points.WIDE]):
        check_value(op, xs)
        check_slopes(op, xs)
    for xs in points.smooth(op, FEW, [points.MODERATE]):
        check_orders(op, xs, direction(op, xs))
    for xs in points.kinks(op):
        check_kink(op, xs)


def test_a_row_from_outside_is_a_row_like_any_other(table, monkeypatch):
    swish = mg.row("swish", lambda x, b: x * mg.sigmoid(b * x),
                   lambda y, x, b: mg.sigmoid(b * x) * (1 + b * x * mg.sigmoid(-b * x)),
                   lambda y, x, b: x * x * mg.sigmoid(b * x) * mg.sigmoid(-b * x), defaults=(1.0,))
    monkeypatch.setitem(oracle.DEFINITIONS, "swish", lambda x, b: x / (1 + mp.exp(-b * x)))
    check_row(swish)
    assert TABLE["swish"] is swish and repr(swish) == "<row swish(x, b)>"
    assert str(swish).splitlines()[:2] == ["swish", "    value           y = swish(x, b)"]
    assert swish(2.0) == swish(Value(2.0)).data == swish(2, 1) == mg.silu(2.0)
    assert mg.grad(mg.grad(swish))(0.0) == 0.5


def test_a_row_from_outside_may_have_kinks(table, monkeypatch):
    tent = mg.row("tent", lambda x: max(0.0, 1 - math.fabs(x)), lambda y, x: mg.where(y > 0, -mg.sign(x), 0),
                  kinks=lambda x: [x, x - 1, x + 1])
    monkeypatch.setitem(oracle.DEFINITIONS, "tent", lambda x: max(mpf(0), 1 - abs(x)))
    check_row(tent)
    assert kinds(tent) == {"between"}


def test_a_reduction_from_outside_is_a_row_like_any_other(table, monkeypatch):
    energy = mg.reduction("energy", lambda *xs: sum(x * x for x in xs), lambda y, *xs: [2 * x for x in xs])
    monkeypatch.setitem(oracle.DEFINITIONS, "energy", lambda *xs: mp.fsum(x * x for x in xs))
    check_row(energy)
    assert energy([Value(3.0), 4]).data == 25.0
    assert mg.hessian(energy)([3.0, 4.0]) == [[2.0, 0.0], [0.0, 2.0]]


def test_a_row_written_with_pythons_operators_answers_as_ieee_does(table):
    """Nothing that its author did not think of raises."""
    power = mg.row("two_to_the", lambda x: 2.0**x, lambda y, x: math.log(2) * 2**x)
    hyperbola = mg.row("hyperbola", lambda x: 1 / x, lambda y, x: -1 / x**2, poles={0.0: math.inf})
    assert power(Value(5000.0)).slopes == (math.inf,) and power(5000.0) == math.inf
    assert hyperbola(Value(0.0)).slopes == (-math.inf,) and hyperbola(0.0) == math.inf
    offset = mg.row("offset", lambda x: math.exp(x) - 5, lambda y, x: y + 5)
    assert offset(800.0) == math.inf
    late = mg.row("late", lambda x: math.exp(x) * math.sqrt(x - 2), lambda y, x: y * (1 + 1 / (2 * (x - 2))))
    assert late(800.0) == math.inf and math.isnan(late(0.0))
    for name, value in [("pole", lambda a, b: -1 / a + math.exp(b)), ("overflow", lambda a, b: math.exp(b) - 1 / a)]:
        both = mg.row(name, value, lambda y, a, b: 1 / a**2, lambda y, a, b: math.exp(b))
        assert both(0.0, 1.0) == -math.inf and math.isnan(both(0.0, 800.0))     # inf - inf, whichever is met first


@every_row
def test_a_domain_is_an_open_interval_and_only_within_it_values_are_finite(op):
    count = points.counts(op)[-1]
    inside = next(points.smooth(op, 1, [points.MODERATE]), None) or [0.5] * count
    for i, domain in enumerate(op.domains(len(inside))):
        if isinstance(domain, tuple):
            assert domain[0] < domain[1]
            for end, way in zip(domain, (-math.inf, math.inf)):
                beyond = [*inside[:i], math.nextafter(end, way), *inside[i + 1:]]
                within = [*inside[:i], math.nextafter(end, -way), *inside[i + 1:]]
                assert math.isinf(end) or not math.isfinite(op.at(*beyond)), (op.name, end)
                assert math.isinf(end) or math.isfinite(op.at(*within)), (op.name, end)


@every_row
def test_inputs_as_arguments_and_as_a_flat_sequence(op):
    for xs in points.smooth(op, FEW, [points.MODERATE]):
        assert list(op.flat(op.called(xs))) == xs and op.apply(op.called(xs)) == op.at(*xs)


def test_a_reduction_takes_an_empty_list_unless_it_says_otherwise():
    assert Reduction("count", lambda *xs: float(len(xs)), lambda y, *xs: [0.0] * len(xs))([]) == 0.0
    with pytest.raises(ValueError, match="give it at least 1 element"):
        Reduction("first", lambda *xs: xs[0], lambda y, *xs: [1.0], least=1)([])


@pytest.mark.parametrize("add", [mg.row, mg.reduction])
def test_a_name_is_taken_once(table, add):
    taken = ROWS[0]
    with pytest.raises(ValueError, match=f"the table already has a row '{taken.name}'"):
        add(taken.name, lambda *xs: 0.0, lambda y, x: [0.0])
    assert list(TABLE.values()) == ROWS


def test_a_row_without_slopes_is_refused(table):
    with pytest.raises(TypeError, match="row 'flat' needs one slope per input"):
        mg.row("flat", lambda x: x)
    assert "flat" not in TABLE


@pytest.mark.parametrize("add", [mg.row, mg.reduction])
@pytest.mark.parametrize("name, value", [("b", 3), (1, math.exp), (math.exp, "b")])
def test_a_row_without_name_or_function_is_refused(table, add, name, value):
    with pytest.raises(TypeError, match=f"^{add.__name__} takes a name and a function of floats, got"):
        add(name, value, lambda y, x: 1.0)
    assert list(TABLE.values()) == ROWS


@pytest.mark.parametrize("slopes", [[lambda y: 1], [lambda y, a, b: 1], [lambda y, a: 1, lambda y, a: 1]])
def test_a_slope_that_lacks_its_inputs_is_refused(table, slopes):
    with pytest.raises(TypeError, match=f"row 'b' has {len(slopes)} slope.*write each as lambda y, "):
        mg.row("b", lambda *xs: 1.0, *slopes)
    assert list(TABLE.values()) == ROWS


@pytest.mark.parametrize("count", [0, 5])
@every_row
def test_a_wrong_number_of_inputs_is_refused(op, count):
    with pytest.raises(TypeError, match=f"{op.name}.* got {count}"):
        op(*[Value(1.0)] * count)
