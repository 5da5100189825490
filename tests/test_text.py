"""What the table says in text is what it computes: every formula and every rule is evaluated, in the tests only."""
import math
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from microgradx.table import TABLE, Op
from microgradx.text import Symbol, formula, rule

from . import points
from .budget import sweep
from .test_table import ROWS, again, every_row, frozen, inputs, rejects

TABLE_AS_NAMES = {"__builtins__": {}, "inf": math.inf, "nan": math.nan, **TABLE}


def evaluate(text, **names):
    """The number that the text stands for. (Text of our own making; users' text is never evaluated.)"""
    return float(eval(text, TABLE_AS_NAMES, names))


def agree(text, said, computed):
    """The text's number is the computed one, but for the order of roundings."""
    assert said == pytest.approx(computed, rel=1e-11, abs=1e-14), f"{text} says {said}, the row computes {computed}"


def check_text(op, xs):
    """The formula gives the value, and each rule its slope; also where some inputs are written as numbers."""
    names = op.names(len(xs))
    values = dict(zip(names, xs, strict=True), y=op.at(*xs))
    slopes = frozen(op, xs)
    for called in (names, *([*names[:k], xs[k], *names[k + 1:]] for k in range(len(xs)))):
        agree(formula(op, called), evaluate(formula(op, called), **values), values["y"])
        for i in inputs(op, xs):
            text = rule(op, i, called)
            agree(text, evaluate(text, **values), slopes[i])


def check_textbook(op, xs):
    """The slope as textbooks write it is the slope."""
    values = {**dict(zip(op.names(len(xs)), xs, strict=True)), "y": op.at(*xs)}
    agree(op.textbook, evaluate(op.textbook, **values), frozen(op, xs)[0])


@sweep(3)
@every_row
def test_text(op):
    for xs in points.smooth(op, 20, [points.MODERATE]):
        check_text(op, xs)


@sweep(7)
@pytest.mark.parametrize("number", [0.0, -0.0, 1.0, -2.0, 0.5, math.inf, math.nan])
@every_row
def test_any_number_may_stand_in_a_rule(op, number):
    """As constants of a graph do: 1/0 is then a text, not an error."""
    size = points.counts(op)[-1]
    for k in inputs(op, [1.0] * size) if size > 1 else []:      # one of the inputs at least is a Value
        called = [*op.names(size)[:k], number, *op.names(size)[k + 1:]]
        assert formula(op, called) and all(rule(op, i, called) for i in inputs(op, called))


def test_textbook():
    rows = [op for op in ROWS if isinstance(op.textbook, str) and op.textbook]
    assert rows
    for op in rows:
        for xs in points.smooth(op, 20, [points.MODERATE]):
            check_textbook(op, xs)


def test_text_that_says_something_else_is_found():
    """A row that prints as another one: in its own formula, and in the rule of a row that uses it."""
    misprint = Op("misprint", lambda x: x * x, lambda y, x: 2 * x, prints=lambda x: 2 * x)
    user = Op("square", lambda x: x**3, lambda y, x: 3 * misprint(x))
    for op in (misprint, user):
        assert all(rejects(check_text, op, xs) for xs in points.smooth(op, 5, [points.MODERATE]))


def test_a_wrong_textbook_is_found():
    for op in (op for op in ROWS if op.textbook):
        twin, check = again(op, textbook=f"{op.textbook} + 1e-6"), check_textbook
        if callable(op.textbook):                       # of a list: read by each of its rules
            twin, check = again(op, textbook=lambda *xs, rule=op.textbook: 1e-6 + (rule(*xs) or 0.0)), check_text
        assert all(rejects(check, twin, xs) for xs in points.smooth(op, 5, [points.MODERATE]) if xs)


# Parentheses ---------------------------------------------------------------------------------------------------

NAMES = {"a": Fraction(3, 2), "b": Fraction(-2, 3), "c": Fraction(5)}
LEAVES = st.sampled_from([(Symbol(name), value) for name, value in NAMES.items()])
NUMBERS = st.sampled_from([-2, -1, 1, 2, 3]).map(lambda n: (n, Fraction(n)))
OPERATORS = {"+": lambda p, q: p + q, "-": lambda p, q: p - q, "*": lambda p, q: p * q, "/": lambda p, q: p / q}


def grown(smaller):
    """Terms made of smaller ones: negated, to a power, or joined with another term or a number."""
    def joined(sign, pair):
        (p, x), (q, y) = pair
        return OPERATORS[sign](p, q), (OPERATORS[sign](x, y) if sign != "/" or y else None)

    pairs = st.tuples(smaller, smaller | NUMBERS) | st.tuples(NUMBERS, smaller)
    return (smaller.map(lambda t: (-t[0], -t[1]))
            | st.tuples(smaller, st.sampled_from([-1, 2, 3])).filter(lambda t: t[0][1] != 0)
                .map(lambda t: (t[0][0] ** t[1], t[0][1] ** t[1]))
            | st.builds(joined, st.sampled_from(sorted(OPERATORS)), pairs).filter(lambda t: t[1] is not None))


@given(st.recursive(LEAVES, grown, max_leaves=8))
def test_parentheses_stand_where_they_must(term):
    """Operators on Symbols and on exact fractions: the text, read as Python reads it, is the same number."""
    symbol, exact = term
    assume(abs(exact) < 10**50)
    assert eval(symbol.text, {"__builtins__": {}}, NAMES) == exact, symbol.text


@pytest.mark.parametrize(("term", "text"), [
    (lambda a, b: a - (b - a), "a - (b - a)"),
    (lambda a, b: (a - b) - a, "a - b - a"),
    (lambda a, b: a / (b * a), "a/(b*a)"),
    (lambda a, b: (a + b) * 2, "(a + b)*2"),
    (lambda a, b: -(a + b), "-(a + b)"),
    (lambda a, b: (-a) ** 2, "(-a)**2"),
    (lambda a, b: -(a**2), "-a**2"),
    (lambda a, b: (a**2) ** 3, "(a**2)**3"),
    (lambda a, b: a ** (b**2), "a**b**2"),
    (lambda a, b: a * -b, "a*(-b)"),
    (lambda a, b: 1 * a * 1 / 1, "a"),
    (lambda a, b: a**1.0, "a"),
    (lambda a, b: a * 0.5, "a*0.5"),
    (lambda a, b: 1e-5 * a, "1e-05*a"),
    (lambda a, b: (a < b) + 2, "(a < b) + 2"),
    (lambda a, b: (a < b) < a, "(a < b) < a"),          # a < b < a is read as a < b and b < a
    (lambda a, b: a <= (b > a), "a <= (b > a)"),
    (lambda a, b: a - b < a, "a - b < a"),
])
def test_text_is_as_short_as_it_can_be(term, text):
    assert term(Symbol("a"), Symbol("b")).text == text
