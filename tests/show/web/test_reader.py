"""Typed expressions in the page, read by node: the same values, gradients and error columns as parse() in Python."""
import json
import math
import random
import re

import pytest

from microgradx import Value, tape
from microgradx.expr import ExpressionError, parse
from microgradx.naming import names
from microgradx.show.web.bundle import CORE, asset
from microgradx.show.web.javascript import JavaScriptRows
from microgradx.show.web.lab import READER
from microgradx.show.web.language import MOST, language
from microgradx.table import TABLE, Reduction, row

from ...budget import budget
from ...test_expr import MEANINGS, PIECES, REFUSALS
from .test_javascript import answer, near, needs_node, number

pytestmark = needs_node

READ = """
data.map(([text, variables]) => {
  try {
    const {nodes} = read(text, Object.fromEntries(Object.entries(variables).map(([k, x]) => [k, Number(x)])));
    const numbers = forward(nodes, nodes.map((node) => node.data)), grads = nodes.map(() => 0);
    for (const event of backward(nodes, stepsBack(nodes), numbers)) grads[event.target] = event.after;
    return nodes.map(({name}, k) => [name, numbers[k], grads[k]]);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return error.message;
  }
})"""


def program():
    rows = JavaScriptRows()
    words = language(rows)
    parts = [asset("core/math.js"), rows.source(), *map(asset, (*CORE, *READER))]
    return "\n".join([*parts, f"const LANGUAGE = {json.dumps(words)};", READ])


@pytest.fixture(scope="module")
def reader():
    return program()


def in_python(text, variables):
    """For each node its name, number and gradient; the message of a refusal."""
    try:
        y = parse(text, **variables)
    except ExpressionError as refusal:
        return str(refusal)
    y.backward()
    return [[name, v.data, v.grad] for v, name in names(y).items()]


def column(message):
    found = re.match(r"column (\d+): ", message)
    return int(found[1]) if found else 0


def agree(got, right):
    if isinstance(right, str) or isinstance(got, str):
        return isinstance(right, str) and isinstance(got, str) and column(got) == column(right)
    size = max((abs(grad) for _, _, grad in right if math.isfinite(grad)), default=0.0)     # terms may cancel
    return len(got) == len(right) and all(
        a[0] == b[0] and near(number(a[1]), b[1])
        and (near(number(a[2]), b[2]) or abs(number(a[2]) - b[2]) <= 1e-12 * size) for a, b in zip(got, right))


def check(reader, asked):
    for (text, variables), got in zip(asked, answer(reader, asked)):
        right = in_python(text, {name: float(x) for name, x in variables.items()})
        assert agree(got, right), (text, got, right)


@pytest.mark.slow
def test_meanings_and_refusals_are_those_of_parse(reader):
    """Each text of tests/test_expr.py but one that JSON has no word for."""
    asked = [(text, {"x": 0.25} if re.search(r"\bx\b", text) else {}) for text, _ in MEANINGS]
    check(reader, asked)
    refused = [(text, column, says) for text, column, says in REFUSALS if "\udc80" not in text]
    for (text, where, says), got in zip(refused, answer(reader, [(text, {"x": 1.0}) for text, *_ in refused])):
        assert isinstance(got, str) and len(got) < 250, (text, got)
        assert where is None or column(got) == where, (text, got)
        if "did you mean" not in says:
            assert says in got, (text, got)


@pytest.mark.slow
def test_names_that_every_object_of_javascript_has(reader):
    check(reader, [("constructor*x + constructor", {"constructor": 2, "x": 3}), ("valueOf(x)", {"x": 1}),
                   ("toString/valueOf", {"toString": 3, "valueOf": 2}), ("hasOwnProperty", {}),
                   ("x(constructor)", {"x": 1}), ("sin(isPrototypeOf)", {"isPrototypeOf": 0.5})])


def expression(rng, depth):
    """A text over x, w, numbers, operators, rows, lists."""
    kind = rng.random()
    if depth == 0 or kind < 0.2:
        return rng.choice(["x", "w", "x", "w", "1", "0", "2.5", "1e3", "-3", ".5", "pi", "0x1f", "1_0"])
    inner = lambda: expression(rng, depth - 1)  # noqa: E731
    if kind < 0.5:
        gap = rng.choice(["", " "])
        return f"({inner()}{gap}{rng.choice(['+', '-', '*', '/', '**', '<', '>='])}{gap}{inner()})"
    if kind < 0.6:
        return f"{rng.choice('-+')}{inner()}"
    if kind < 0.7:
        count = rng.randint(1, 4)
        listed = [f"[{', '.join(inner() for _ in range(count))}]" for _ in range(2)]
        return rng.choice([f"sum({listed[0]})", f"max({listed[0]})", f"logsumexp({listed[0]})", f"prod({listed[0]})",
                           f"dot({listed[0]}, {listed[1]})", f"softmax({listed[0]})[{rng.randrange(count)}]",
                           f"log_softmax({listed[0]})[0]", f"{listed[0]}[{rng.randrange(count)}]"])
    op = rng.choice([op for op in TABLE.values() if not isinstance(op, Reduction)])
    return f"{op.name}({', '.join(inner() for _ in op.inputs)})"


@pytest.mark.slow
def test_generated_expressions_mean_the_same(reader):
    rng = random.Random(1)
    asked = [(f"x + w*0 + {expression(rng, 4)}", {"x": rng.uniform(-2, 2), "w": rng.uniform(-2, 2)})
             for _ in range(budget(2000))]
    check(reader, asked)


def broken(rng):
    """An expression with a character or two put in, left out or changed."""
    text = expression(rng, 2)
    for _ in range(rng.randint(1, 2)):
        k = rng.randrange(len(text) + 1)
        text = text[:k] + rng.choice([*PIECES[:20], "", "y", "2", "(", "]"]) + text[k + rng.randint(0, 1):]
    return text


@pytest.mark.slow
def test_errors_are_at_the_same_column(reader):
    """Of garbage 995 in 1000: Python's parser has more rules that guess what was meant than core/guesses.js."""
    rng = random.Random(2)
    asked = [(text, {"x": 0.5, "w": 2.0}) for text in (f"x*w+{broken(rng)}" for _ in range(budget(2000)))
             if not set(text) & set("\udc80\0")]
    wrong = [(text, got, right) for (text, variables), got in zip(asked, answer(reader, asked))
             if not agree(got, right := in_python(text, variables))]
    refused = sum(isinstance(in_python(*case), str) for case in asked)
    assert refused > len(asked) / 3 and len(wrong) <= len(asked) / 200, wrong[:10]


@pytest.mark.slow
def test_limits_are_those_of_parse(reader):
    texts = [f"sum([{','.join('1' * count)}])" for count in range(MOST + 1)]
    texts += ["(" * 100 + "x" + ")" * 100, "-" * 99 + "x", "x" + "+x" * 99, "x" + "+x" * 100, "x+" * 1000, "x" * 4001]
    check(reader, [(text, {"x": 1.0} if "x" in text else {}) for text in texts])
    long = f"sum([{','.join('x' * (MOST + 1))}])"
    [found] = answer(reader, [(long, {"x": 1.0})])
    assert "at most 7 elements" in found and column(found) == 1           # the one limit of its own, told


def test_variables_that_are_missing_or_unused(reader):
    check(reader, [("w*x", {"w": 1.0}), ("w", {"w": 1.0, "x": 1.0, "z": 1.0}), ("tanh(1)", {"tanh": 1.0}),
                   ("e*pi", {"e": 2.0}), ("a", {"a": "-0.0"}), ("a", {"a": "nan"})])


STRANGE = ["\x9b2J", "\x1b", "\u202e", "\u2066", "\u2028", "\u200b", "\ufeff", "\U000e0041", "\xa0", "\xad"]


@pytest.mark.parametrize("text", STRANGE, ids=ascii)
def test_messages_print_as_those_of_parse(reader, text):
    """A bidirectional mark turned the message around: only control characters of ASCII were written as codes."""
    asked = [(f"x+?{text}", {"x": 1.0}), ("x*2", {"x": 1.0, f"a{text}": 1.0}), ("w", {f"a{text}": 1.0})]
    for (one, variables), got in zip(asked, answer(reader, asked)):
        assert got.isprintable() and got == in_python(one, variables)


def test_a_message_is_cut_between_letters(reader):
    [got] = answer(reader, [("?" + "\U0001f600" * 60, {})])
    assert got.encode() and "\U0001f600..." in got


def test_a_wrong_reading_is_found(reader):
    wrong = reader.replace('apply(reader, "neg", [', 'apply(reader, "identity", [')
    with pytest.raises(AssertionError):
        check(wrong, [("-x", {"x": 2.0})])


def test_nothing_but_rows_is_called(reader):
    texts = ["constructor(x)", "__proto__", "toString(x)", "hasOwnProperty(x)", "values(x)", "x.constructor", "eval(x)"]
    for got in answer(reader, [(text, {"x": 1.0}) for text in texts]):
        assert isinstance(got, str)


@pytest.mark.slow
def test_a_row_of_ones_own_is_understood():
    before = dict(TABLE)
    try:
        cube = row("cube", lambda x: x * x * x, lambda y, x: 3 * x**2)
        row("odd", lambda x: __import__("math").gamma(x), 1.0)              # cannot be JavaScript: it is left out
        assert "odd" not in language(JavaScriptRows())["rows"]
        [found] = answer(program(), [("cube(x)", {"x": 2.0})])
        v = Value(2.0)
        cube(v).backward()
        assert [number(found[-1][1]), number(found[0][2])] == [8.0, v.grad] and len(tape(v)) == 1
    finally:
        TABLE.clear()
        TABLE.update(before)
