"""The table as JavaScript against the table in Python, to 1e-12: every row, whole graphs. Run by node."""
import atexit
import itertools
import json
import math
import os
import random
import shutil
import subprocess
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import microgradx as mg
from microgradx import Value, exp, tape, where
from microgradx.checking.differences import derivative
from microgradx.checking.mismatch import roundings
from microgradx.ieee import inf, nan
from microgradx.naming import brief
from microgradx.show.web.bundle import CORE, asset
from microgradx.show.web.javascript import MACHINE, JavaScriptRows
from microgradx.show.web.page import graph
from microgradx.show.web.script import literal
from microgradx.step import steps
from microgradx.table import TABLE, Op, Reduction, reduction, row

from ... import points
from ...budget import PATIENCE, budget

ROWS = list(TABLE.values())
EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -3.0, inf, -inf, nan, 1e308, -1e308, 5e-324, 710.0, -746.0, 1e-17, 27.5]
ENGINE = "".join(map(asset, CORE))
TINY = 1e-300               # nearer to 0 floats have fewer digits, or a factor had

NODE = shutil.which("node") or shutil.which("nodejs")
REQUIRED = "MICROGRADX_REQUIRE_BROWSER" in os.environ
needs_node = pytest.mark.skipif(not (NODE or REQUIRED), reason="node, which runs JavaScript, is not installed")
every_row = pytest.mark.parametrize("op", ROWS, ids=lambda op: op.name)


@pytest.fixture
def table():
    """The table, restored afterwards."""
    before = dict(TABLE)
    yield TABLE
    TABLE.clear()
    TABLE.update(before)


# One answer for each line; strict code, run by itself, leaves no name behind. Numbers come back as texts.
SERVER = """
const spell = (_, x) => typeof x === "number" ? (Object.is(x, -0) ? "-0" : String(x)) : x;
require("readline").createInterface({input: process.stdin}).on("line", (line) => {
  let found;
  try { found = [(0, eval)(JSON.parse(line))]; } catch (error) { found = String(error.stack); }
  console.log(JSON.stringify(found, spell));
});"""
running = []


def node():
    """The process that runs JavaScript: started once, and anew if it has ended."""
    if not running or running[0].poll() is not None:
        running[:] = [subprocess.Popen([NODE or "node", "-e", SERVER], text=True, stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE)]
        atexit.register(running[0].communicate)         # it ends when nothing more can come
    return running[0]


def answer(script, data):
    """What `script` makes of `data`: the value of its last expression."""
    child = node()
    limit = threading.Timer(PATIENCE, child.kill)
    limit.start()
    print(json.dumps(f'"use strict";\nconst data = {json.dumps(data)};\n{script}\n'), file=child.stdin, flush=True)
    found = json.loads(child.stdout.readline() or '"the process ended"')
    limit.cancel()
    assert isinstance(found, list), found
    return found[0]


def number(text):
    return text if text is None else float(text.replace("Infinity", "inf"))


# Every row -----------------------------------------------------------------------------------------------------

CALLS = """
data.map(([name, ...texts]) => {
  const xs = texts.map(Number);
  try {
    const y = Number(values[name](...xs));
    return [y, ...slopes[name](y, ...xs)];
  } catch (error) {
    return error.name;
  }
})"""


def evaluated(asked, more=""):
    """For each (op, inputs) its value and slopes in JavaScript, or the name of the error; `more` is run before."""
    program = JavaScriptRows()
    calls = [[program.include(op, len(xs)), *map(literal, xs)] for op, xs in asked]
    found = answer(asset("core/math.js") + program.source() + more + CALLS, calls)
    return [got if isinstance(got, str) else [*map(number, got)] for got in found]


def expected(op, xs):
    """The same in Python: of a node its number and its slopes, None where no gradient flows."""
    try:
        v = op.apply(op.called(list(map(Value, xs))))
    except IndexError:
        return "RangeError"
    return [v.data, *v.slopes]


def check(op, xs, got):
    right = expected(op, xs)
    if isinstance(got, str) or isinstance(right, str):
        assert got == right
    else:
        assert all(map(same, got, right)) and len(got) == len(right), f"{op.name}{xs}: {got}, in Python {right}"


def same(a, b):
    """Equal to 1e-12; nan is equal to nan."""
    if a is None or b is None or math.isinf(b):
        return a == b
    return (a != a and b != b) or abs(a - b) <= 1e-12 * abs(b) + TINY


def edges(op):
    """Zeros, infinities, nan, overflow and underflow in every input."""
    rng = random.Random(op.name)
    for size in points.counts(op)[:4]:
        grid = itertools.product(EDGES, repeat=size) if size < 3 else (rng.choices(EDGES, k=size) for _ in range(300))
        yield from map(list, grid)


def cases(op):
    return [(op, xs) for xs in (*points.smooth(op, 200), *points.kinks(op), *edges(op))]


@pytest.fixture(scope="module")
def answers(request):
    """What JavaScript answers, by row, of the rows whose test is run here; node is started once."""
    rows = [item.callspec.params["op"] for item in request.session.items
            if item.nodeid.startswith(f"{request.node.nodeid}::{test_a_row_agrees_with_python.__name__}[")]
    asked = [case for op in rows for case in cases(op)]
    found = {op.name: [] for op in rows}
    for (op, xs), got in zip(asked, evaluated(asked)):
        found[op.name].append((xs, got))
    return found


@needs_node
@every_row
def test_a_row_agrees_with_python(op, answers):
    assert len(answers[op.name]) >= len(EDGES)
    for xs, got in answers[op.name]:
        check(op, xs, got)


@pytest.mark.slow
@needs_node
@pytest.mark.parametrize("name, wrong", [
    ("exp", "(x) => Math.exp(x) * (1 + 3e-12)"), ("sin", "Math.cos"), ("pow", "Math.pow"), ("max2", "(...xs) => xs[0]"),
    ("log1p", "(x) => Math.log(1 + x)"), ("erfc", "(x) => 1 - erf(x)"), ("softplus", "(x) => Math.log1p(Math.exp(x))"),
])
def test_a_wrong_value_is_found(name, wrong):
    """Off by 3e-12; another function; JavaScript's own power; lost digits, lost tails, overflow."""
    asked = cases(TABLE[name.rstrip("2")])
    with pytest.raises(AssertionError):
        for (op, xs), got in zip(asked, evaluated(asked, f"values.{name} = {wrong};")):
            check(op, xs, got)


def test_what_is_not_made_of_rows_is_little():
    """What math.js has, beside functions of Python's math: the row of a user's of such a name is another."""
    assert len(MACHINE) == 2
    own = Op("take", lambda x: 2 * x, 2.0)
    program = JavaScriptRows()
    assert "values.take = (x) => 2 * x;" in (program.include(own, 1) and program.source())


# Rows of one's own ---------------------------------------------------------------------------------------------

@needs_node
def test_rows_of_ones_own(table):
    """Composed, with branches, loops, powers, on lists; names and letters that JavaScript would not allow."""
    own = [
        row("bell", lambda x: exp(-x * x), lambda y, x: -2 * x * y),
        row("delete", lambda new, var: abs(new) - var if var < new else 3.0, lambda y, new, var: where(var < new, 1, 0),
            lambda y, new, var: where(var < new, -1.0, 0)),
        row("</script>", lambda x: x if -1 <= x <= 1 or not x else 2 / x, lambda y, x: where(x > 1, -2 / x**2, 1)),
        row("2**x", lambda x: 2**x * 0.5, lambda y, x: y * math.log(2)),
        row("my row", lambda x: max(x, 0.5), lambda y, x: where(x > 0.5, 1, 0)),
        row("my-row", lambda x: 7.0, 0.0),
        reduction("energy", lambda *xs: sum(x * x for x in xs), lambda y, *xs: [2 * x for x in xs]),
        reduction("energy1", lambda *xs: 1.0 * xs[0], lambda y, *xs: [1.0] + [0.0] * (len(xs) - 1), least=1),
    ]
    moderate = [0.0, -0.0, 0.3, 0.5, 1.0, -1.0, 2.5, -40.0, inf, nan]
    asked = [(op, list(xs)) for op in own for size in ((1, 2) if isinstance(op, Reduction) else (len(op.inputs),))
             for xs in itertools.product(moderate, repeat=size)]
    for (op, xs), got in zip(asked, evaluated(asked)):
        check(op, xs, got)


@pytest.mark.parametrize("value", [
    math.gamma, lambda x: math.exp(-x), lambda x: float(x) * x, lambda x: int(x) + 1, lambda x: x // 1,
])
def test_a_row_that_cannot_be_read_is_refused_with_advice(value, table):
    op = row("own", value, lambda y, x: 1.0)
    with pytest.raises(TypeError, match=r"'own'.*from microgradx import exp.*row\('own', \.\.\., lowering=lambda x"):
        JavaScriptRows().include(op, 1)


def test_too_many_branches_are_refused(table):
    """Without end, or twice as many for each input: at once, in either case."""
    most = reduction("most", max, lambda y, *xs: [0.0] * len(xs))
    with pytest.raises(TypeError, match="again and again"):
        JavaScriptRows().include(most, 40)

    def halved(x):
        while x > 1:
            x = x / 2
        return x
    with pytest.raises(TypeError, match="again and again"):
        JavaScriptRows().include(row("halved", halved, lambda y, x: 1.0), 1)


@needs_node
def test_a_row_that_cannot_be_read_says_it_once_more_in_rows(table):
    op = row("own", lambda x: math.exp(x) + 1, lambda y, x: y - 1, lowering=lambda x: exp(x) + 1)
    assert evaluated([(op, [0.0])]) == [[2.0, 1.0]]


@needs_node
@pytest.mark.parametrize("name", ["cbrt", "log2", "log10", "exp2", "fabs", "degrees", "radians", "erf", "fmod",
                                  "copysign"])
def test_a_function_of_math_needs_no_word(name, table):
    """Neither JavaScript's own nor one of math.js is listed by the row."""
    inputs = 2 if name in ("fmod", "copysign") else 1
    op = row("own", getattr(math, name), *[1.0] * inputs)
    numbers = [0.3, 1.0, 7.5, 100.0] + [-0.0, -2.5, inf, nan] * (not name.startswith("log"))
    for (_, xs), got in zip(asked := [(op, list(xs)) for xs in itertools.product(numbers, repeat=inputs)],
                            evaluated(asked)):
        assert same(got[0], op.at(*xs)), (name, xs, got)


@pytest.mark.slow
def test_slopes_of_a_long_list_do_not_grow_with_its_square():
    def length(op, count):
        program = JavaScriptRows()
        program.include(op, count)
        return len(program.source())
    reductions = [op for op in ROWS if isinstance(op, Reduction)]
    assert len(reductions) > 3
    for op in reductions:
        assert length(op, 402) < 3 * length(op, 204)         # of one, two or three lists


# Whole graphs --------------------------------------------------------------------------------------------------

def random_graph(seed):
    """A graph of 40 results over rows chosen at random, with shared inputs and constants."""
    rng = random.Random(seed)
    known = [Value(rng.uniform(-2, 2)) for _ in range(5)]
    scalar = [op for op in ROWS if not isinstance(op, Reduction)]
    for _ in range(40):
        op = rng.choice(scalar)
        inputs = [rng.choice(known[-12:]) if rng.random() < 0.9 else rng.uniform(-2, 2) for _ in op.inputs]
        if not any(isinstance(a, Value) for a in inputs):
            inputs[0] = known[-1]
        known.append(op(*inputs))
    return TABLE["sum"](known[-10:])


@pytest.mark.slow
@needs_node
def test_every_step_of_a_graph_agrees_with_python():
    roots = [random_graph(seed) for seed in range(60)]
    program = JavaScriptRows()
    graphs = [graph(root, program) for root in roots]
    found = answer(asset("core/math.js") + program.source() + ENGINE + """
data.map(({graph: nodes}) => {
  const numbers = forward(nodes, nodes.map((node) => Number(node.data)));
  return [numbers, backward(nodes, stepsBack(nodes), numbers).map(
    ({slope, incoming, contribution, before, after, use}) => [slope, incoming, contribution, before, after, use])];
})""", graphs)
    finite = 0
    for root, (numbers, events) in zip(roots, found):
        back = [step for step in steps(root) if step.phase == "backward"]
        close = [same(number(a), v.data) for a, v in zip(numbers, tape(root))]
        # nan * 0 and other accidents of infinities included; 1e-9, since a graph may amplify the last digit of a row
        assert all(close) or all(near(number(a), v.data) for a, v in zip(numbers, tape(root)))
        assert len(events) == len(back)
        for got, step in zip(events, back):
            right = [step.slope, step.incoming, step.contribution, step.before, step.after, step.use]
            assert all(map(near, map(number, got), right)), (step, got)
            finite += math.isfinite(step.after) and step.after != 0
    assert finite > 500


def near(a, b):
    return same(a, b) or abs(a - b) <= 1e-9 * abs(b)


@needs_node
def test_a_wrong_slope_in_a_graph_is_found():
    x = Value(0.5)
    root = x.tanh() * x
    program = JavaScriptRows()
    data = graph(root, program)["graph"]
    source = program.source().replace("slopes.tanh = (y, x) => [", "slopes.tanh = (y, x) => [2 * ")
    found = answer(asset("core/math.js") + source + ENGINE + """
const leaves = data.map((node) => Number(node.data));
backward(data, stepsBack(data), forward(data, leaves)).at(-1).after""", data)
    assert not near(number(found), steps(root)[-1].after)


# Small things of the page --------------------------------------------------------------------------------------

@pytest.mark.slow
@needs_node
@settings(max_examples=budget(5))
@given(st.lists(st.floats() | st.floats(-1e7, 1e7) | st.floats(-1e-3, 1e-3) | st.integers(-10**8, 10**8).map(
    lambda n: n / 16), min_size=200, max_size=400))
def test_numbers_are_written_as_python_writes_them(xs):
    found = answer(ENGINE + "data.map((x) => brief(Number(x)))", [literal(x) for x in xs])
    assert [(a, x) for a, x in zip(found, xs) if a != brief(x)] == []


FUNCTIONS = {                 # the same in both languages, and points: small, large, on and beside kinks and edges
    "exp": (math.exp, "Math.exp", [0.0, 1.0, -3.0, 700.0]),
    "log": (math.log, "Math.log", [1e-5, 1e-3, 1.0, 1e8, 1e-300]),
    "sqrt": (math.sqrt, "Math.sqrt", [1e-5, 1.0, 1e10, -1.0, 0.0]),
    "1/x": (lambda x: 1 / x, "(x) => (x === 0 ? NaN : 1 / x)", [1e-5, -1e-5, 1.0, 1e6]),
    "relu": (lambda x: max(x, 0.0), "(x) => Math.max(x, 0)", [1e-8, -1e-8, 0.0, 1.0, 3e-5]),
    "abs": (abs, "Math.abs", [0.0, 1e-12, -2.0]),
    "sin": (math.sin, "Math.sin", [1e3, 1e6, 1e8, 0.5]),
    "cube": (lambda x: x * x * x, "(x) => x * x * x", [1e-3, 0.0, 50.0]),
    "constant": (lambda x: 3.0, "() => 3", [1.0]),
    "fine": (lambda x: math.sin(1e4 * x), "(x) => Math.sin(1e4 * x)", [1.0]),
    "bent": (lambda x: max(x * x, 0.001), "(x) => Math.max(x * x, 0.001)", [0.0]),
}


@needs_node
def test_differences_are_those_of_python():
    """The algorithm of checking/differences.py: no kink where there is none, at any scale, and each where there is."""
    asked = [(name, x, side) for name, (_, _, xs) in FUNCTIONS.items() for x in xs for side in (0, -1, 1)]
    table = ", ".join(f"{json.dumps(name)}: {script}" for name, (_, script, _) in FUNCTIONS.items())
    found = answer(ENGINE + f"const fs = {{{table}}};" + """
data.map(([name, x, side]) => derivative(fs[name], Number(x), side))""", [(n, literal(x), s) for n, x, s in asked])
    for (name, x, side), got in zip(asked, found):
        right = derivative(FUNCTIONS[name][0], x, side)
        value, error = number(got["value"]), number(got["error"])
        assert near(value, right.value) or abs(value - right.value) <= 10 * (error + right.error), (name, x, side)
        assert (error == inf) == (right.error == inf), (name, x, side)
        assert error == right.error or 0.01 < error / (right.error or 5e-324) < 100 or max(error, right.error) < 1e-12


@needs_node
def test_a_kink_is_found_where_it_is_and_nowhere_else():
    cases = [(name, x) for name, (_, _, xs) in FUNCTIONS.items() for x in xs]
    table = ", ".join(f"{json.dumps(name)}: {script}" for name, (_, script, _) in FUNCTIONS.items())
    found = answer(ENGINE + f"const fs = {{{table}}};" + """
data.map(([name, x]) => judged(fs[name], Number(x), 0, 0, 0).kink !== null)""", [(n, literal(x)) for n, x in cases])
    assert [case for case, kink in zip(cases, found) if kink] == [("relu", 0.0), ("abs", 0.0)]


@pytest.mark.slow
@needs_node
def test_rounding_errors_of_a_graph_are_those_of_python():
    top = mg.max([Value(-1e14), Value(-1e14)])
    roots = [random_graph(seed) for seed in range(20)] + [(Value(1.0) + 1e8) - 1e8, mg.sum([top, Value(1.0), 1e14])]
    program = JavaScriptRows()
    pages = [graph(root, program) for root in roots]
    graphs, kinked = [page["graph"] for page in pages], sorted({op for page in pages for op in page["kinked"]})
    found = answer(asset("core/math.js") + program.source() + ENGINE + f"""
const KINKED = new Set({kinked});
data.map((nodes) => roundings(nodes, nodes.map((node) => Number(node.data))))""", graphs)
    for root, got in zip(roots, found):
        noise, blurs = roundings(root, tape(root))
        assert near(number(got["noise"]), noise) and all(map(near, map(number, got["blurs"]), blurs))


def test_literals():
    assert [*map(literal, (1.0, -0.0, 0.1, 1e300, inf, -inf, nan))] == [
        "1", "-0", "0.1", "1e+300", "Infinity", "-Infinity", "NaN"]


def test_an_op_is_named_once():
    program = JavaScriptRows()
    twice = [program.include(TABLE["add"], 2) for _ in range(2)]
    assert twice == ["add", "add"] and program.source().count("slopes.add =") == 1


def test_names_never_collide():
    program = JavaScriptRows()
    rows = [Op(name, lambda x: x, lambda y, x: 1.0) for name in ("a b", "a-b", "a_b", "", "1", "_")]
    assert len({program.include(op, 1) for op in rows}) == len(rows)
