"""The finder of loops: whatever matrix of slots it is given, its nests are exactly that matrix; and it finds the loops
of matrix products, convolutions, attention and ragged rows.
"""
import itertools
import random

import pytest

from ...budget import budget
from ...compiled import LOOPS, needs_llvmlite

pytestmark = needs_llvmlite
np = pytest.importorskip("numpy")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

import microgradx as mg  # noqa: E402
from microgradx import grad, nn, value_and_grad  # noqa: E402
from microgradx.compiler.loops.memory_layout import Group  # noqa: E402
from microgradx.compiler.loops.nests import FEW, REDUCED, nests  # noqa: E402
from microgradx.nesting import leaves  # noqa: E402
from microgradx.table import TABLE  # noqa: E402

STATUS = 777


def turns(loops, slots):
    """The slots at each turn of nested loops, each (count, steps)."""
    for places in itertools.product(*(range(count) for count, _ in loops)):
        yield tuple(slot + sum(k * steps[j] for k, (_, steps) in zip(places, loops)) for j, slot in enumerate(slots))


def expanded(found, op):
    """The nests spelled out: for each slot of a result its terms, a list of slots each, in order."""
    terms = {}
    for nest in found:
        loops = [(count, (step, *steps)) for count, step, steps in nest.outer]
        for out, *operands in turns(loops, (nest.out, *nest.operands)):
            if op.name == "take" and nest.inner:
                (count, (step, *_)), = nest.inner
                new = [[operands[0] + k * step for k in range(count)] + operands[1:]]
            else:
                new = [list(term) for term in turns(nest.inner, operands)]
            assert (out in terms) == nest.more, "only what is there already is added to"
            terms.setdefault(out, []).extend(new)
    return terms


def given_terms(group):
    """The same of the matrix: a sum or product of lists has a term for each element, all else one."""
    for slot, inputs in zip(group.slots.tolist(), group.inputs.tolist()):
        lists = group.op.split(inputs) if group.op in REDUCED else None
        if lists is None or len(lists[0]) <= FEW:
            yield slot, [[*inputs, STATUS] if group.op.name == "take" else inputs]
        else:
            yield slot, [list(term) for term in zip(*lists)]


def check(group, found, strict):
    """The nests are the matrix: each sum has its terms, in strict code in their order."""
    terms = expanded(found, group.op)
    assert sorted(terms) == sorted(group.slots.tolist())
    for slot, expected in given_terms(group):
        assert (terms[slot] if strict else sorted(terms[slot])) == (expected if strict else sorted(expected))


@st.composite
def groups(draw):
    """Matrices of slots: at random; in even rows, some disturbed; few numbers, so that many steps are alike."""
    op = TABLE[draw(st.sampled_from(["exp", "mul", "where", "sum", "dot", "masked_dot", "take"]))]
    listed = op in REDUCED or op.name == "take"
    width = draw(st.integers(1, 9)) * getattr(op, "lists", 1) + (op.name == "take") if listed else len(op.inputs)
    count = draw(st.integers(1, 14))
    slot = st.integers(0, draw(st.sampled_from([3, 40])))
    rows = np.array([[draw(slot) for _ in range(width)]])
    rows = rows + np.outer(np.arange(count), [draw(st.integers(-2, 3)) for _ in range(width)])
    across = np.arange(width) * draw(st.integers(-1, 2))
    rows = np.abs(rows + across)
    for _ in range(draw(st.integers(0, 6))):
        rows[draw(st.integers(0, count - 1)), draw(st.integers(0, width - 1))] = draw(slot)
    if draw(st.booleans()):
        rows = np.array([[draw(slot) for _ in range(width)] for _ in range(count)])
    return Group(op, np.arange(100, 100 + count), rows)


@pytest.mark.slow
@settings(max_examples=budget(500))
@given(groups(), st.booleans())
def test_nests_are_exactly_the_matrix(group, strict):
    check(group, nests(group, STATUS, strict), strict)


@settings(max_examples=budget(50))
@given(groups())
def test_a_wrong_nest_is_found(group):
    """A nest left out, moved by a slot, or in another order."""
    found = nests(group, STATUS, True)
    moved = found[0]._replace(operands=(found[0].operands[0] + 1, *found[0].operands[1:]))
    for wrong in (found[1:], [moved, *found[1:]], *([found[::-1]] if any(nest.more for nest in found) else [])):
        with pytest.raises((AssertionError, KeyError)):
            check(group, wrong, True)


# What the loops of a program are -----------------------------------------------------------------------------------

def loops(f, *args):
    """How many nests a function becomes."""
    compiled = LOOPS.jit(f)
    compiled(*args)
    return compiled.report().loops


def matrix(rows, columns, start=0.0):
    return [[start + 0.01 * (columns * i + k) for k in range(columns)] for i in range(rows)]


def total(tree):
    return mg.sum([mg.square(x) for x in leaves(tree)])


@pytest.mark.sweep(997)
@pytest.mark.parametrize("n", [6, 9])
def test_a_matrix_product_is_one_nest(n):
    def product(a, b):
        columns = list(zip(*b))
        return [[mg.dot(row, column) for column in columns] for row in a]
    assert loops(product, matrix(n, n + 1), matrix(n + 1, n)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("size", [6, 9])
def test_a_layer_and_its_gradients_are_few_nests_of_any_size(size):
    model = nn.Sequential(nn.Linear(size, size + 1), nn.Tanh(), nn.Linear(size + 1, size))
    assert loops(value_and_grad(lambda model, x: total(model(x))), model, matrix(1, size)[0]) <= 16


@pytest.mark.slow
@pytest.mark.parametrize("size", [8, 12])
def test_a_convolution_is_few_nests_of_any_size(size):
    """Forward one for each position in the kernel at most; backward the borders are nests of their own."""
    model, image = nn.Conv2d(2, 3, 3), [matrix(size, size), matrix(size, size, 1.0)]
    assert loops(lambda model, image: model(image), model, image) <= 3
    assert loops(grad(lambda model, image: total(model(image))), model, image) <= 6


@pytest.mark.slow
@pytest.mark.parametrize("length", [6, 9])
def test_attention_is_few_nests_of_any_length(length):
    model = nn.MultiheadAttention(6, 2)
    run = loops(value_and_grad(lambda model, x: total(model(x, x, x, need_weights=False)[0])), model, matrix(length, 6))
    assert run <= 60


def test_ragged_rows_are_a_nest_each():
    rows = [[0.1 * k for k in range(length)] for length in range(5, 12)]
    assert loops(lambda rows, w: [mg.dot(row, w[:len(row)]) for row in rows], rows, matrix(1, 12)[0]) <= len(rows)


def test_ragged_rows_of_several_heads_are_a_nest_for_each_length():
    """Row t of each of three heads has t + 1 numbers, head after head, as scores of causal attention are recorded."""
    rows = [(t, [100 * head + 10 * t + k, 300 + 10 * head + t]) for head in range(3) for t in range(5)
            for k in range(t + 1)]
    group = Group(mg.mul, np.arange(len(rows)), np.array([inputs for _, inputs in rows]))
    found = nests(group, STATUS)
    assert len(found) == 5
    check(group, found, False)


@pytest.mark.slow
def test_what_has_no_pattern_is_right_all_the_same():
    rng = random.Random(2)
    picks = [[rng.randrange(60) for _ in range(rng.choice([2, 3, 7]))] for _ in range(80)]

    def tangle(xs):
        ys = [mg.sum([xs[i] for i in pick]) * xs[pick[0]] for pick in picks]
        return mg.sum([mg.tanh(mg.dot([ys[i] for i in pick], [xs[i] for i in pick])) for pick in picks])
    xs = [rng.uniform(-1, 1) for _ in range(60)]
    value, slopes = LOOPS.jit(value_and_grad(tangle), strict=True)(xs)
    assert (value, slopes) == value_and_grad(tangle)(xs)


@pytest.mark.slow
@pytest.mark.parametrize("terms", [3, 8])
def test_nests_grow_no_faster_than_a_tangle(terms):
    """Where there is no pattern at all, twice the nodes are at most twice the nests."""
    def tangle(count):
        rng = random.Random(3)
        picks = [[rng.randrange(count) for _ in range(terms)] for _ in range(count)]
        return loops(lambda xs: [mg.sum([xs[i] for i in pick]) for pick in picks], [0.5] * count)
    assert tangle(400) <= 2.2 * tangle(200)
