"""Expressions typed by a user: what they mean, and that nothing else is ever read."""
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgradx import Value, tape
from microgradx.expr import DEPTH, LENGTH, NODES, ExpressionError, functions, parse
from microgradx.reductions import take
from microgradx.table import TABLE, Op, Reduction
from microgradx.text import formula

x = Value(0.25, "x")

# Text, and the same in Python on x = 0.25
MEANINGS = [
    ("x", x), ("+x", x), ("-x", -x), ("x + 1", x + 1), ("1 - x", 1 - x), ("2*x", 2 * x), ("1/x", 1 / x), ("x/0", x / 0),
    ("x**2", x**2), ("2**x", 2**x), ("-x**2", -(x**2)), ("2**-x", 2**-x), ("x - 1 - 2", (x - 1) - 2),
    ("x < 1", x < 1), ("x <= 0.25", x <= 0.25), ("0.25 > x", x < 0.25), ("x >= 1", x >= 1),
    ("tanh(x)", x.tanh()), ("exp(sin(x))", x.sin().exp()), ("leaky_relu(x)", x), ("clamp(x, 0, 0.1)", Value(0.1)),
    ("sum([x, 1, x])", x + 1 + x), ("dot([x, 2], [3, x])", 5 * x), ("max([x, 1])", Value(1.0)), ("sum([])", Value(0.0)),
    ("softmax([x, x])[0]", Value(0.5)), ("log_softmax([x, x])[1]", Value(math.log(0.5))), ("[1, x][1]", x),
    ("take([1, x, 3], 1)", take([1.0, x, 3.0], 1)), ("where(x < 1, x, 2)", x),
    ("pi", Value(math.pi)), ("e", Value(math.e)), ("inf", Value(math.inf)), ("-inf", Value(-math.inf)),
    ("9**9**9", Value(math.inf)), ("1e999", Value(math.inf)), ("0/0", Value(math.nan)), ("(-4)**0.5", Value(math.nan)),
    ("1_000.5e-3", Value(1.0005)), ("0x10", Value(16.0)), ("10**400", Value(math.inf)),
    ("1" + "0" * 400, Value(math.inf)), ("  x\t+\n 1 ", x + 1), ("(x)", x), ("0. + x", x), ("00.5", Value(0.5)),
]


@pytest.mark.parametrize("text, meaning", MEANINGS, ids=[text[:20] for text, _ in MEANINGS])
def test_meaning(text, meaning):
    y = parse(text, **({"x": x} if re.search(r"\bx\b", text) else {}))
    assert isinstance(y, Value)
    assert y.data == pytest.approx(meaning.data, rel=1e-15, abs=0, nan_ok=True)


@pytest.mark.parametrize("op", [op for op in TABLE.values()], ids=lambda op: op.name)
def test_every_row_is_understood_as_it_prints(op):
    count = 2 * op.lists + op.index if isinstance(op, Reduction) else len(op.inputs)
    names = [f"v{k}" for k in range(count)]
    point = dict.fromkeys(names, 1.0)
    assert parse(formula(op, names), **point).data == op.at(*point.values())


def test_a_row_added_by_a_user_is_understood(monkeypatch):
    monkeypatch.setitem(TABLE, "cube", Op("cube", lambda x: x**3, lambda y, x: 3 * x**2))
    y = parse("cube(x)", x=2)
    y.backward()
    assert (y.data, y.args[0].grad) == (8.0, 12.0)


def test_numbers_become_labelled_leaves_and_values_are_used_as_they_are():
    w = Value(3.0)
    y = parse("w*b + w", w=w, b=True)
    y.backward()
    assert [(v.label, v.data) for v in tape(y) if not v.op] == [("", 3.0), ("b", 1.0)]
    assert w.grad == 2.0


def test_a_name_given_stands_before_a_constant():
    assert parse("e*pi", e=2.0).data == 2 * math.pi


@pytest.mark.parametrize("given, typed", [("µ", "µ"), ("μ", "µ"), ("µ", "μ"), ("ﬁ", "fi")])
def test_letters_that_python_takes_for_the_same(given, typed):
    assert parse(f"{typed} + 1", **{given: 1.0}).data == 2.0


# Refusals: text, the column, what the one line must say
REFUSALS = [
    ("", 0, "empty"), (" ", 0, "empty"), ("1 +", 4, "the end cannot be read"), ("  1 +", 6, "the end"),
    ("tanh(x", 5, "'(' was never closed"), ("x)", 2, "unmatched ')'"), ("x y", 3, "'y' cannot be read"),
    ("x = 3", 3, "'= 3' cannot be read"), ("  x $ 1", 5, "'$ 1' cannot be read"), ("3 × 4", 3, "invalid character"),
    ("x; x", 2, "'; x'"), ("`x`", 1, "cannot be read"), ("0777", 1, "cannot be read"),
    ("x == 3", 1, "< <= > >="), ("0 < x < 1", 1, "'0 < x < 1'"), ("x ^ 2", 1, "a power is written x**2"),
    ("x % 2", 1, "mod"), ("x // 2", 1, "floor div"), ("x @ x", 1, "mat mult"), ("~x", 1, "invert"),
    ("x if 1 else 2", 3, "'if' is a word of Python's own"), ("lambda*x", 1, "name a variable otherwise"),
    ("not x", 1, "'not'"), ("x and x", 3, "'and'"), ("True", 1, "'True'"), ("None", 1, "'None'"),
    ("[x for x in 3]", 4, "'for'"), ("1if x", 2, "'if'"), ("await x", 1, "'await'"),
    ("'a'", 1, "is not allowed"), ('f"{x}"', 2, "is not allowed"), ("b'x'", 2, "is not allowed"), ("x\\", 2, "'\\\\'"),
    ("1 # x", 3, "'#' is not allowed"), ("x\0", 2, "'\\x00' is not allowed"),
    ("x.data", 1, "'x.data' is not allowed (attribute)"), ("1 + x.__class__", 5, "'x.__class__'"),
    ("(x, 1)", 1, "tuple"), ("{x}", 1, "set"), ("{1: x}", 1, "dict"), ("(z := 3)", 2, "named expr"),
    ("...", 1, "'...'"), ("2j", 1, "is no real number"), ("x[0]", 1, "picks nothing"), ("[x][1]", 1, "picks nothing"),
    ("[x][0.5]", 1, "picks nothing"), ("[x][0:1]", 5, "slice"), ("[1, 2]", 1, "is a list where one number is needed"),
    ("x + [1]", 5, "'[1]'"), ("sum([x, [1]])", 9, "'[1]'"), ("-[x]", 2, "'[x]'"),
    ("tanh", 1, "write tanh(...)"), ("tahn(x)", 1, "did you mean tan or tanh"), ("__import__(x)", 1, "is no function"),
    ("print(x)", 1, "microgradx ops"), ("tanh(x)(x)", 1, "'tanh(x)' is no function"), ("x(1)", 1, "'x' is no function"),
    ("tanh(x=1)", 1, "without names"), ("tanh(*x)", 6, "starred"), ("1 + tanh(x, 1)", 5, "got 2"),
    ("max(x, 1)", 1, "write max([...])"), ("max([])", 1, "empty"), ("tanh([x])", 1, "is refused"),
    ("softmax(x)", 1, "list"),
    ("dot([x], [1, 2])", 1, "one length"),
    ("take([x, 1], 2)", 1, "from 0 to 1"), ("y + z*y", 1, "add y=1 z=1; given: x"), ("é + y", 1, "add é=1 y=1"),
    ("'é'", 1, "is not"), ("x + x.é.z", 5, "'x.é.z'"), ("x**2 + y", 8, "'y' has no value"),
    ("\udc80", 0, "cannot be read"),
    ("-" * 300 + "x", DEPTH + 1, "deep"), ("(" * 300 + "x" + ")" * 300, DEPTH + 1, "deep"),
    ("- " * 300 + "x", 2 * DEPTH + 1, "deep"), ("[" * 300, DEPTH + 1, "deep"), ("-(" * 99 + "x", None, "never closed"),
    ("x+" * 150 + "x", 1, "write a long sum as sum([a, b, c])"), ("x**-" * 150 + "x", None, "deep"),
    ("tanh(" * 90 + "x" + ")" * 90 + "+x" * 90, None, "deep"), ("x" * (LENGTH + 1), 0, f"at most {LENGTH}"),
]


@pytest.mark.parametrize("text, column, says", REFUSALS, ids=[repr(text)[:24] for text, *_ in REFUSALS])
def test_refusal_is_one_line_that_names_the_part_and_its_column(text, column, says):
    with pytest.raises(ExpressionError) as refusal:
        parse(text, x=1.0)
    line = str(refusal.value)
    assert says in line and len(line.splitlines()) == 1 and len(line) < 250
    assert line.startswith(f"column {column}: ") if column else column is None or "column" not in line


def test_a_column_counts_characters_and_not_bytes():
    with pytest.raises(ExpressionError, match=r"column 9: 'w\.z' is not allowed"):
        parse("é + é + w.z", é=1.0, w=1.0)


@pytest.mark.parametrize("count, fits", [(NODES - 2, True), (NODES - 1, False)])
def test_number_of_parts(count, fits):
    text = f"sum([{','.join('1' * count)}])"
    if fits:
        assert parse(text).data == count
    else:
        with pytest.raises(ExpressionError, match="one part too many"):
            parse(text)


@pytest.mark.parametrize("text, fits", [
    ("(" * DEPTH + "1" + ")" * DEPTH, True), ("-" * (DEPTH - 1) + "1", True), ("-" * DEPTH + "1", False),
    ("1" + "+1" * (DEPTH - 1), True), ("1" + "+1" * DEPTH, False),
])
def test_depth(text, fits):
    if fits:
        assert abs(parse(text).data) in (1.0, DEPTH)
    else:
        with pytest.raises(ExpressionError, match="deep"):
            parse(text)


@pytest.mark.parametrize("text, variables, says", [
    ("w*x", {"w": 1}, "column 3: 'x' has no value; add x=1; given: w"),
    ("w", {"w": 1, "x": 1, "z": 1}, "x and z given but not used in 'w'"),
    ("1", {"a b": 1}, "a b given but not used"), ("tanh(1)", {"tanh": 1}, "tanh given but not used"),
])
def test_variables_that_are_missing_or_unused(text, variables, says):
    with pytest.raises(ExpressionError) as refusal:
        parse(text, **variables)
    assert says in str(refusal.value)


@pytest.mark.parametrize("wrong", ["1", None, [1.0], 1j, b"1", object()])
def test_a_variable_that_is_no_number(wrong):
    with pytest.raises(TypeError, match="variable w: expected a number or a Value"):
        parse("w", w=wrong)


@pytest.mark.parametrize("wrong", [None, 3, b"x", ["x"], Value(1.0)])
def test_text_that_is_no_text(wrong):
    with pytest.raises(TypeError, match="an expression is a str"):
        parse(wrong)


def test_nothing_is_changed_by_a_refusal():
    v = Value(2.0, "v")
    with pytest.raises(ExpressionError):
        parse("v*v + v.data", v=v)
    assert (v.data, v.grad, v.label) == (2.0, 0.0, "v")


def test_functions_are_the_table_and_two_of_lists():
    assert set(functions()) == {*TABLE, "softmax", "log_softmax"}


PIECES = ["(", ")", "[", "]", ",", ":", ".", "=", "<", ">", "+", "-", "*", "**", "/", "%", "~", "!", "@", " ", "\n",
          "#", "\\", "'", '"', "\0", "\udc80", "é", "×", "x", "_", "0", "1", "9", "e", "j", "1e9", "0x",
          "*x", "lambda ", " if ", " else ", "for", "tanh(", "sum([", "max([", "take([", "softmax([", "dot([", "pow(",
          "where(", "inf", "nan", "__class__", "f'"]


@given(st.text(st.characters()) | st.lists(st.sampled_from(PIECES), max_size=30).map("".join))  # no table of a codec
def test_any_text_is_a_value_or_one_line_of_refusal(text):
    try:
        y = parse(text, x=0.5)
    except ExpressionError as refusal:
        assert len(str(refusal).splitlines()) == 1
    else:
        assert isinstance(y, Value)


def expressions():
    """Text that is an expression, as a tree of operators and calls on x and numbers."""
    atoms = st.sampled_from(["x", "1", "0", "2.5", "1e300", "-3", "inf", "nan", "pi"])
    rows = [op for op in TABLE.values() if not isinstance(op, Reduction)]

    def larger(inner):
        signs = st.sampled_from(["+", "-", "*", "/", "**", "<", ">="])
        pair = st.tuples(inner, signs, inner).map("({0[0]} {0[1]} {0[2]})".format)
        call = st.sampled_from(rows).flatmap(lambda op: st.tuples(*[inner] * len(op.inputs)).map(
            lambda args: f"{op.name}({', '.join(args)})"))
        return pair | call | inner.map("-{}".format)
    return st.recursive(atoms, larger, max_leaves=12)


@given(expressions())
def test_every_expression_is_read(text):
    assert isinstance(parse(f"x + {text}", x=0.5), Value)
