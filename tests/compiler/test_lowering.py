"""A row says by itself what it is made of: for machine code, Python and JavaScript, the table's own and a user's."""
import ast
import math
import pathlib
import random
import warnings

import pytest
from mpmath import mp

import microgradx as mg
from microgradx import Value, gradients, jit, jvp, row, value_and_grad
from microgradx.compiler.trace.trace import trace
from microgradx.step import steps
from microgradx.table import TABLE, Op, Reduction, of_math
from microgradx.text import formula, rule

from .. import points
from ..compiled import equal, every_way, identical, needs_llvmlite

ROWS = list(TABLE.values())
PACKAGE = pathlib.Path(mg.__file__).parent


def cube_root(x):
    """To 50 digits."""
    with mp.workdps(50):
        return mp.sign(x) * mp.cbrt(abs(mp.mpf(x)))


@pytest.fixture
def cbrt():
    """A row as a user adds one: a function of math and one slope."""
    yield row("cbrt", math.cbrt, lambda y, x: 1 / (3 * y * y))
    del TABLE["cbrt"]


NUMBERS = [8.0, 0.3, -27.0, 1e-200, -1e200, math.inf]


# A function of math ------------------------------------------------------------------------------------------------

def test_a_row_of_math_in_eager_code(cbrt):
    for x in NUMBERS[:5]:
        y = cube_root(x)
        v = Value(x)
        slope, = gradients(cbrt(v), [v], create_graph=True)
        second, = gradients(slope, [v])
        assert float(abs(cbrt(x) / y - 1)) < 1e-15 and float(abs(slope.data * 3 * y * y - 1)) < 1e-14
        assert float(abs(second / (-2 * y / 9 / mp.mpf(x)**2) - 1)) < 1e-14 or math.isinf(second) or second == 0
        assert jvp(cbrt, [x], [2.0]) == (cbrt(x), 2 * slope.data)


@every_way
@pytest.mark.parametrize("strict", [False, True])
def test_a_row_of_math_is_compiled_to_the_function_itself(way, strict, cbrt):
    f = value_and_grad(lambda x: cbrt(x) * 2.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compiled = way.jit(f, strict=strict)
        for x in [*NUMBERS, 0.0, -0.0, math.nan]:
            assert all(map(equal, compiled(x), f(x))) or (not strict and compiled(x) == pytest.approx(f(x), rel=1e-15))
    assert compiled.report().called_back == ()


def test_a_row_of_math_steps_and_prints(cbrt):
    x = Value(8.0, "x")
    assert formula(cbrt) == "cbrt(x)" and rule(cbrt, 0) == "1/(3*y*y)"
    assert [step.after for step in steps(cbrt(x)) if step.phase == "backward"][-1] == 1 / 12
    from microgradx.show.web.page import to_html
    assert "values.cbrt = Math.cbrt;" in to_html(cbrt(x))


@needs_llvmlite
def test_a_function_is_called_in_c_only_where_the_row_answers_as_c_does():
    """What CPython computes by itself; poles that the row does not name; what is no function of floats to a float."""
    from microgradx.compiler.native.libm import libm
    found = {op.name for op in ROWS if libm(op, True)}
    assert found == {op.name for op in ROWS if of_math(op)} - {"hypot"} and len(found) > 20
    own = {name: Op(name, getattr(math, name), *[1.0] * inputs) for name, inputs in
           [("gamma", 1), ("lgamma", 1), ("hypot", 2), ("frexp", 1), ("modf", 1), ("ldexp", 2), ("isnan", 1),
            ("floor", 1), ("log10", 1), ("degrees", 1), ("fsum", 1)]}
    assert not [name for name, op in own.items() if libm(op, True)]
    assert libm(Op("log10", math.log10, 1.0, poles={0.0: -math.inf}), True) == "log10"
    assert libm(Op("tanh", lambda x: 2 * math.tanh(x), 1.0), False) == ""


@pytest.mark.slow
@needs_llvmlite
def test_c_has_the_bits_of_pythons_math():
    """At many more numbers than are tried when a row is met. hypot, which is Python's own, need not."""
    from microgradx.compiler.native.libm import OWN, _found, libm
    rng, count = random.Random(0), 0
    for name in sorted(vars(math)):
        for inputs in (1, 2):
            op = Op(name, getattr(math, name), *[1.0] * inputs) if callable(getattr(math, name)) else None
            # (log and its kin name no pole here; the table's own rows are among those that do)
            if op is None or not (libm(op, True) or name in OWN[:inputs - 1]):
                continue
            found = _found(name, inputs)
            xss = [[rng.choice([rng.uniform(-1, 1), rng.gauss(0, 30), rng.uniform(-1, 1) * 2.0**rng.randrange(-300, 9)])
                    for _ in range(inputs)] for _ in range(5000)]
            same = all(identical(found(*xs), op.at(*xs)) for xs in xss)
            assert same or name in OWN, name
            count += 1
    assert count > 20


# Rows that Python alone can compute --------------------------------------------------------------------------------

@needs_llvmlite
@pytest.mark.parametrize("size", [1, 400])
def test_what_is_called_back_is_counted_and_warned_of_once(size):
    floor, gamma = Op("floor", math.floor, 0.0), Op("gamma", math.gamma, lambda y, x: y)
    compiled = jit(lambda xs: [floor(x) + gamma(x) + gamma(x + 1) for x in xs], backend="native")
    with pytest.warns(RuntimeWarning, match="<lambda> calls Python back for floor, gamma.*lowering=") as seen:
        assert compiled([3.0] * size) == [11.0] * size
        compiled([3.0] * (size + 1))
    assert len(seen) == 1 and seen[0].filename == __file__
    assert compiled.report().called_back == ("floor", "gamma") and "back for floor, gamma" in str(compiled.report())


def test_generated_python_calls_nothing_back():
    compiled = jit(Op("floor", math.floor, 0.0), backend="python")
    assert compiled(1.5) == 1.0 and compiled.report().called_back == ()


@every_way
@pytest.mark.filterwarnings("ignore:machine code of")
@pytest.mark.parametrize("value", [math.floor, math.isnan, math.acosh])
def test_what_a_function_of_math_gives_is_a_float(way, value):
    """math.floor gives an int, math.isnan a bool."""
    found = way.jit(Op("own", value, 0.0))(1.5)
    assert found.__class__ is float and found == value(1.5)


@every_way
def test_a_lowering_in_its_place(way):
    def value(x):
        return math.exp(-math.fabs(x)) if x == x else x
    op = Op("tent", value, lambda y, x: -mg.sign(x) * y, lowering=lambda x: mg.exp(-mg.abs(x)))
    f = value_and_grad(op)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compiled = way.jit(f, strict=True)
        for x in (0.5, -3.0, 0.0, math.inf, math.nan):
            assert all(map(equal, compiled(x), f(x)))
    assert compiled.report().called_back == ()


@needs_llvmlite
def test_of_the_tables_own_rows_none_is_called_back():
    """Value, gradient and second derivatives. Strict: but hypot, whose last bit is Python's own."""
    from microgradx.compiler.ir.program import program
    from microgradx.compiler.native.instructions import called, native
    for op in ROWS:
        size = 2 * op.lists + op.index if isinstance(op, Reduction) else len(op.inputs)
        for strict in (False, True):
            recorded = trace(mg.hessian(lambda xs, op=op: op.apply(op.called(xs))), [[0.0] * size], strict)
            p = program(recorded, lambda op, strict=strict: native(op, strict), strict)
            assert {one.name for one in called(p.ops, strict)} <= ({"hypot"} if strict else set()), op.name


# Lowerings ---------------------------------------------------------------------------------------------------------

LOWERED = [op for op in ROWS if op.lowering]


def sampled(op):
    """Numbers to ask a row at: ordinary ones, kinks, edges."""
    edges = [0.0, -0.0, 1.0, -1.0, 0.5, math.inf, -math.inf, math.nan, 1e308, -745.0, 710.0, 1e-17]
    yield from points.smooth(op, 200)
    yield from points.kinks(op)
    for size in points.counts(op)[:4]:
        for k in range(len(edges)):
            yield [edges[(k * (j + 1) + j) % len(edges)] for j in range(size)]


@pytest.mark.parametrize("op", LOWERED, ids=lambda op: op.name)
def test_a_lowering_has_the_bits_of_the_value(op):
    for xs in sampled(op):
        assert identical(float(op.lowering(*xs)), op.at(*xs)), (op.name, xs)


def test_what_is_written_in_rows_has_no_lowering():
    """A value that can be traced is read: a lowering would say everything twice."""
    from microgradx.branches import both_ways
    for op in LOWERED:
        count = 8 * op.lists if isinstance(op, Reduction) else len(op.inputs)
        with pytest.raises(TypeError):
            trace(lambda *xs, op=op: both_ways(lambda: op.value(*xs), mg.where), [0.0] * count)


def test_a_wrong_lowering_is_found():
    for lowering in (lambda x: 1 / (1 + mg.exp(-x)), lambda x: mg.exp(x) / (1 + mg.exp(x)), mg.tanh):
        op = Op("sigmoid", TABLE["sigmoid"].value, TABLE["sigmoid"].slopes[0], lowering=lowering)
        with pytest.raises(AssertionError, match="sigmoid"):
            test_a_lowering_has_the_bits_of_the_value(op)


# Names -------------------------------------------------------------------------------------------------------------

# The table of instructions: what a machine has.
INSTRUCTIONS = ("compiler/native/instructions.py", "compiler/native/elementary/")
# Texts elsewhere that are a row's name, by file; and why they stand there.
EXCEPTIONS = {
    "compiler/ir/simplify.py": "algebra is about the rows it names: x*1 is x",
    "compiler/native/libm.py": "hypot, which CPython computes by itself",
    "compiler/training/blocks.py": "an operation of an atomic instruction of LLVM",
    "compiler/training/driver.py": "an instruction of the loop's own, which is in no program",
    "show/web/javascript.py": "what JavaScript's Math has, as functions of math; and take of math.js",
    "show/web/page.py": "sign is a key in the data of a page",
}


def names(source):
    """The texts in a program that are the name of a row; docstrings are none."""
    tree = ast.parse(source)
    docstrings = {id(node.body[0].value) for node in ast.walk(tree)
                  if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
                  and isinstance(node.body[0], ast.Expr)}
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in docstrings
            and node.value in {op.name for op in ROWS}]


@pytest.mark.slow
def test_rows_are_named_in_the_rows_and_in_the_table_of_instructions_alone():
    files = {path.relative_to(PACKAGE).as_posix(): path.read_text() for place in ("compiler/**/*.py", "show/web/*.py")
             for path in PACKAGE.glob(place)}
    found = {file for file, source in files.items() if names(source) and not file.startswith(INSTRUCTIONS)}
    assert found == EXCEPTIONS.keys() and len(files) > 40
    assert names(files[INSTRUCTIONS[0]])


def test_a_list_of_names_is_found():
    assert names('"""tanh"""\nSLOW = {"tanh": 1}\ndef f():\n    "exp"\n    return op.name == "sigmoid"') == [
        "tanh", "sigmoid"]
