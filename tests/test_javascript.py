"""The table as JavaScript against the table in Python: every row, values and slopes, to 1e-12, in node."""
import itertools
import json
import math
import os
import random
import shutil
import subprocess

import pytest

from microgradx import Value, exp, reduction, row
from microgradx.ieee import inf, nan
from microgradx.show.javascript import SPELLINGS, Program
from microgradx.show.page import asset
from microgradx.show.script import literal
from microgradx.table import TABLE, Reduction

from . import points

ROWS = list(TABLE.values())
EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -3.0, inf, -inf, nan, 1e308, -1e308, 5e-324, 710.0, -746.0, 1e-17, 27.5]
SUBNORMAL = 1e-300          # where numbers near 0 have fewer digits than a float, and x*x less than none

NODE = shutil.which("node") or shutil.which("nodejs")
REQUIRED = os.environ.get("MICROGRADX_REQUIRE_BROWSER")
needs_node = pytest.mark.skipif(not (NODE or REQUIRED), reason="node, which runs JavaScript, is not installed")

HARNESS = """
const spell = (x) => x === null ? null : Object.is(x, -0) ? "-0" : String(Number(x));
const answers = CASES.map(([name, ...texts]) => {
  const xs = texts.map(Number);
  try {
    const y = Number(values[name](...xs));
    return [spell(y), ...slopes[name](y, ...xs).map(spell)];
  } catch (error) {
    return error.name;
  }
});
console.log(JSON.stringify(answers));
"""


def run(script):
    """What node prints."""
    done = subprocess.run([NODE or "node", "-"], input='"use strict";' + script, text=True, capture_output=True,
                          timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def evaluated(cases):
    """For each (op, inputs) its value and slopes in JavaScript, or the name of the error."""
    program = Program()
    calls = [[program.include(op, len(xs)), *map(literal, xs)] for op, xs in cases]
    script = asset("math.js") + program.source() + HARNESS.replace("CASES", json.dumps(calls))
    return [[None if t is None else float(t.replace("Infinity", "inf")) for t in answer]
            if isinstance(answer, list) else answer for answer in json.loads(run(script))]


def expected(op, xs):
    """The same in Python; the slopes of a node, None where it holds that no gradient flows."""
    try:
        v = op.apply(tuple(map(Value, xs)))
    except IndexError:
        return "RangeError"
    return [v.data, *v.slopes]


def agree(got, right):
    if isinstance(right, str) or isinstance(got, str):
        return got == right
    return len(got) == len(right) and all(map(same, got, right))


def same(a, b):
    """Equal to 1e-12, nan being equal to nan; near 0, where floats lose their digits, to what is left of them."""
    if a is None or b is None or math.isinf(b):
        return a == b
    return (a != a and b != b) or abs(a - b) <= 1e-12 * abs(b) + SUBNORMAL


def edges(op):
    """Zeros, infinities, nan, overflow and underflow in every input."""
    rng = random.Random(op.name)
    for size in points.counts(op)[:4]:
        grid = list(itertools.product(EDGES, repeat=size)) if size < 3 else []
        yield from map(list, grid or (rng.choices(EDGES, k=size) for _ in range(300)))


def cases(op):
    return [(op, xs) for xs in (*points.smooth(op, 200), *points.kinks(op), *edges(op))]


@pytest.fixture(scope="module")
def answers():
    """What JavaScript answers, by row: node is started once."""
    asked = [case for op in ROWS for case in cases(op)]
    found = {op.name: [] for op in ROWS}
    for (op, xs), got in zip(asked, evaluated(asked), strict=True):
        found[op.name].append((xs, got))
    return found


@needs_node
@pytest.mark.parametrize("op", ROWS, ids=lambda op: op.name)
def test_a_row_agrees_with_python(op, answers):
    wrong = [(xs, got, expected(op, xs)) for xs, got in answers[op.name] if not agree(got, expected(op, xs))]
    assert len(answers[op.name]) > 10 and wrong[:5] == []
