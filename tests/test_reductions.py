"""Operations on lists at their edges, and what they refuse."""
import math
from importlib.util import find_spec

import pytest

import microgradx as mg
from microgradx import Value, hessian, prod, take
from microgradx.table import Op, Reduction

from .cases import EMPTY, REDUCTIONS
from .test_ops import check_case


@pytest.mark.parametrize("case", REDUCTIONS, ids=lambda case: case.what)
def test_edges(case):
    check_case(case)


@pytest.mark.parametrize("what, call, expected, source", EMPTY, ids=[case[0] for case in EMPTY])
def test_empty_lists(what, call, expected, source):
    if isinstance(expected, float):
        assert call() == expected, source
    else:
        with pytest.raises(expected, match="empty"):
            call()


def test_second_derivatives_of_a_product_with_zeros():
    """y / x would be 0/0: the products of the others are made without division."""
    assert hessian(prod)([0.0, 0.0, 3.0]) == [[0.0, 3.0, 0.0], [3.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    assert hessian(prod)([2.0, 0.0, 3.0]) == [[0.0, 3.0, 0.0], [3.0, 0.0, 2.0], [0.0, 2.0, 0.0]]


def test_sums_are_added_left_to_right_one_rounding_each():
    """Python 3.12's builtin sum compensates: it would answer 1.0 and compiled code could not follow."""
    assert mg.sum([1e16, 1.0, -1e16]) == 0.0
    assert mg.dot([1e16, 1.0, -1e16], [1.0, 1.0, 1.0]) == 0.0
    assert mg.sum([0.1] * 10) == 0.9999999999999999


@pytest.mark.parametrize("i", [-1, 2, 0.5, math.nan, math.inf, -math.inf, 10**400])
def test_take_refuses_an_index_outside(i):
    for index in (i, Value(i)):
        with pytest.raises(IndexError, match="expected a whole number from 0 to 1 as index, got"):
            take([1.0, 2.0], index)
        with pytest.raises(IndexError, match="expected a whole number from 0 to 1 as index, got"):
            take([[1.0, 2.0], [3.0, 4.0]], index)


@pytest.mark.parametrize("i", ["0", None, [0], 1j])
def test_take_refuses_what_is_no_number(i):
    with pytest.raises(TypeError, match="expected a number or a Value"):
        take([1.0, 2.0], i)


@pytest.mark.parametrize("i", [1, True, 1.0])
def test_take_by_a_number_is_the_entry_itself(i):
    a, b = Value(1.0), Value(2.0)
    assert take([a, b], i) is b
    assert take([[a, b], [b, a]], i) == [b, a]


def test_take_a_row_by_a_value_is_one_node_an_entry():
    rows = [[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]]
    row = take(rows, Value(1))
    assert [v.data for v in row] == [3.0, 4.0]
    row[0].backward()
    assert [v.grad for v in (*rows[0], *rows[1])] == [0.0, 0.0, 1.0, 0.0]


@pytest.mark.parametrize("things", ["12", b"12", 1.0, None, Value(1.0)])
@pytest.mark.parametrize("f", [mg.sum, mg.prod, mg.max, mg.min, mg.logsumexp, lambda xs: mg.dot(xs, xs)])
def test_a_list_is_asked_for(f, things):
    with pytest.raises(TypeError, match="takes a list of Values, got"):
        f(things)


@pytest.mark.parametrize("thing", ["1", None, [1.0], 1j])
@pytest.mark.parametrize("f", [mg.sum, mg.prod, mg.max, mg.min, mg.logsumexp, lambda xs: mg.dot(xs, xs)])
def test_elements_are_numbers_or_values(f, thing):
    for xs in ([1.0, thing], [Value(1.0), thing]):
        with pytest.raises(TypeError, match="expected a number or a Value, got"):
            f(xs)


def test_lists_of_unequal_length_and_missing_lists_are_refused():
    with pytest.raises(ValueError, match="dot takes lists of one length, got 1 and 2"):
        mg.dot([1.0], [1.0, 2.0])
    with pytest.raises(TypeError, match=r"dot got 1 argument; write dot\(\[\.\.\.\], \[\.\.\.\]\)"):
        mg.dot([1.0])


def test_any_iterable_is_a_list():
    v = Value(2.0)
    assert mg.sum(x for x in (v, 1)).data == mg.sum((1, v)).data == mg.sum({"a": 1, "b": v}.values()).data == 3.0


@pytest.mark.parametrize("lists, slopes, error, words", [
    (1, lambda y, *xs: [1.0], ValueError, "has 1 slopes for 2 inputs"),
    (1, lambda y, *xs: [1.0] * 5, ValueError, "has 5 slopes for 2 inputs"),
    (1, lambda y, *xs: 1.0, TypeError, r"are 1.0; write \[...\], one for each input"),
    (2, lambda y, xs, ys: [[1.0], [1.0]], ValueError, "has 1 and 1 slopes for 2 and 2 inputs"),
    (2, lambda y, xs, ys: [[1.0], [1.0] * 3], ValueError, "has 1 and 3 slopes for 2 and 2 inputs"),
    (2, lambda y, xs, ys: [[1.0, 1.0], [1.0]], ValueError, "has 2 and 1 slopes for 2 and 2 inputs"),
    (2, lambda y, xs, ys: [[1.0], [1.0, 1.0]], ValueError, "has 1 and 2 slopes for 2 and 2 inputs"),
    (2, lambda y, xs, ys: [[1.0, 1.0]], ValueError, "has 2 slopes for 2 and 2 inputs"),
    (2, lambda y, xs, ys: [1.0, 1.0], TypeError, r"are \[1.0, 1.0\]; write \[\[...\], \[...\]\]"),
    (2, lambda y, xs, ys: 1.0, TypeError, "are 1.0; write"),
    (1, lambda y, *xs: dict.fromkeys(range(len(xs)), 1.0), TypeError, "are {0: 1.0, 1: 1.0}; write"),
    (1, lambda y, *xs: {1.0, 2.0}, TypeError, r"are \{1.0, 2.0\}; write"),
    (1, lambda y, *xs: "12", TypeError, "are '12'; write"),
    (2, lambda y, xs, ys: [{0: 1.0, 1: 2.0}, xs], TypeError, "write"),
    (2, lambda y, xs, ys: {0: xs, 1: ys}, TypeError, "write"),
])
def test_each_input_of_a_row_of_ones_own_has_a_slope(lists, slopes, error, words):
    """Gradients [1, 0] came out without a word: short lists were read up to their end."""
    op = Reduction("bad", lambda *xs: 1.0, slopes, lists=lists)
    a, b = Value(1.0), Value(2.0)
    calls = [lambda: op(*[[a, b]] * lists), lambda: op(*[[a, 2.0]] * lists), lambda: op(*[mg.Vector([a, b])] * lists),
             lambda: mg.gradients(op.apply(tuple([[a, b]] * lists)), [a], create_graph=True),
             lambda: mg.jit(mg.grad(lambda xs: op(*[xs] * lists)))([1.0, 2.0])]
    for call in calls:
        with pytest.raises(error, match=words):
            call()


@pytest.mark.filterwarnings("ignore:machine code of")
@pytest.mark.parametrize("value", ["3", None, [1.0], (1.0, 2.0)], ids=repr)
@pytest.mark.parametrize("make", [lambda value: Op("bad", value, lambda y, x: 1.0),
                                  lambda value: Reduction("bad", value, lambda y, *xs: [1.0] * len(xs))])
def test_the_value_of_a_row_of_ones_own_is_a_number(value, make):
    """A list of one, or "3", was taken for a number by some ways and not by others."""
    op = make(lambda *xs: value)
    call = op if type(op) is Op else lambda x: op([x])
    for compute in (call, lambda x: call(Value(x)), mg.value_and_grad(call),
                    mg.jit(call, backend="python"), mg.jit(call)):
        with pytest.raises(TypeError, match="expected a number"):
            compute(2.0)


@pytest.mark.parametrize("backend", [None, "python", *["native"] * bool(find_spec("llvmlite"))])
def test_no_row_of_ones_own_is_complex(backend):
    """Python's own powers are, of a negative number: nan, as everywhere."""
    half = Op("half", lambda x: x**1.5, lambda y, x: 1.5 * x**0.5)
    halves = Reduction("halves", lambda *xs: xs[0]**1.5 + xs[1], lambda y, *xs: [1.5 * xs[0]**0.5, 1.0])
    for f, slopes in ((lambda x: half(x[0]) + x[1], [math.nan, 1.0]), (halves, [math.nan, 1.0])):
        compute = mg.value_and_grad(f) if backend is None else mg.jit(mg.value_and_grad(f), backend=backend)
        y, found = compute([-1.0, 2.0])
        assert math.isnan(y) and found == pytest.approx(slopes, nan_ok=True)


def test_slopes_may_come_one_by_one():
    op = Reduction("energy", lambda *xs: sum(x * x for x in xs), lambda y, *xs: (2 * x for x in xs))
    assert op([Value(3.0), 4.0]).slopes == (6.0, None) and op([Value(3.0), Value(4.0)]).slopes == (6.0, 8.0)


def test_a_product_with_a_zero_and_a_large_number():
    """By the last the slope is 0*2*1e308; y/x of a partial product that overflows was nan."""
    assert mg.grad(lambda a, b, v: prod([0.0, a, b, v]), (0, 1, 2))(2.0, 1e308, 1.0) == (0.0, 0.0, 0.0)


def test_kinks_of_the_largest_are_the_distances_to_the_best_of_the_others():
    assert mg.max.kinks(1.0, 2.0, 4.0) == mg.reductions.first_max.kinks(1.0, 2.0, 4.0) == [-3.0, -2.0, 2.0]
    assert mg.min.kinks(1.0, 2.0, 4.0) == [-1.0, 1.0, 3.0]
    assert mg.max.kinks(4.0, 4.0, 1.0) == [0.0, 0.0, -3.0] and mg.max.kinks(4.0) == []


@pytest.mark.parametrize("count", range(1, 10))
def test_the_lowering_of_the_largest_looks_at_every_element(count):
    for k in range(count):
        xs = [float(i != k) for i in range(count)]
        assert mg.min.lowering(*xs) == 0.0 and mg.max.lowering(*[-x for x in xs]) == 0.0
        assert mg.max.lowering(*xs) == mg.max.at(*xs)


def test_a_masked_dot_adds_products_where_the_mask_is_open():
    masks, xs, ys = [1.0, 0.0, 2.0], [2.0, math.inf, 3.0], [5.0, 1.0, 4.0]
    assert mg.reductions.masked_dot(masks, xs, ys) == mg.reductions.masked_dot.lowering(*masks, *xs, *ys) == 22.0
