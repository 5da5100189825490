"""The vector forms of elementary functions against mpmath, in float64 and in float32: tails, edges, every width, with
and without fused steps."""
import ctypes
import math
import random
from functools import cache

import pytest
from mpmath import chebyfit, mp, mpf

import microgradx
from microgradx.table import TABLE

from ... import oracle, points
from ...budget import FULL, sweep

llvm = pytest.importorskip("llvmlite.binding", reason="machine code is made by llvmlite; no wheel here")

from llvmlite import ir  # noqa: E402

from microgradx.compiler.native.elementary import FORMS, call, coefficients  # noqa: E402
from microgradx.compiler.native.elementary.precision import DOUBLE, SINGLE  # noqa: E402

inf, nan = math.inf, math.nan
LONG = ir.IntType(64)
C = {DOUBLE: ctypes.c_double, SINGLE: ctypes.c_float}
WIDTHS = (1, 4, 8)
# in units in the last place
LIMITS = {DOUBLE: dict.fromkeys(FORMS, 4.0) | dict.fromkeys(("exp", "log", "tanh"), 2.0),
          SINGLE: dict.fromkeys(FORMS, 2.5) | dict.fromkeys(("exp", "log", "log1p"), 1.0) | {"erfc": 4.5}}
EDGES = [0.0, -0.0, inf, -inf, nan, 1.0, -1.0, 5e-324, -5e-324, 2.0**-1022, -(2.0**-1022), 1.7e308, -1.7e308,
         709.782712893384, 709.7827128933841, -745.1332191019411, -745.1332191019412, math.pi, -math.pi / 2, 1e5, -1e22]
SINGLE_EDGES = [*EDGES[:7], 1e-45, -1e-45, 2.0**-126, -(2.0**-126), 3.4e38, -3.4e38, 88.7228317, 88.7228394, -103.27893,
                -103.97208, -104.5, math.pi, -math.pi / 2, 1e4, 10001.0, 9.010913, 16.6355, 10.0, 0.75, -1e22]
both = pytest.mark.parametrize("of", [DOUBLE, SINGLE], ids=["float64", "float32"])
llvm.initialize_native_target()
llvm.initialize_native_asmprinter()
engines = []


@cache
def compiled(name, width, fused=True, of=DOUBLE):
    """A function of a list of floats that runs the form in a loop."""
    kind = of.real if width == 1 else ir.VectorType(of.real, width)
    pointer = ir.PointerType()
    run = ir.Function(ir.Module(), ir.FunctionType(ir.VoidType(), [pointer, pointer, LONG]), "run")
    builder = ir.IRBuilder(run.append_basic_block("start"))
    start, loop, end = builder.block, run.append_basic_block("loop"), run.append_basic_block("end")
    builder.branch(loop)
    builder.position_at_end(loop)
    i = builder.phi(LONG)
    source, target = (builder.gep(p, [i], source_etype=of.real) for p in run.args[:2])
    x = builder.load(source, typ=kind)
    y = builder.store(call(builder, name, x), target)
    x.align = y.align = of.whole.width // 8
    after = builder.add(i, LONG(width))
    i.add_incoming(LONG(0), start)
    i.add_incoming(after, builder.block)
    builder.cbranch(builder.icmp_signed("<", after, run.args[2]), loop, end)
    builder.position_at_end(end)
    builder.ret_void()

    host = {"cpu": llvm.get_host_cpu_name(), "features": llvm.get_host_cpu_features().flatten()} if fused else {}
    machine = llvm.Target.from_default_triple().create_target_machine(opt=1, jit=True, **host)
    engines.append(llvm.create_mcjit_compiler(llvm.parse_assembly(str(run.module)), machine))
    engines[-1].finalize_object()
    code = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)(
        engines[-1].get_function_address("run"))

    def function(xs):
        size = len(xs) + -len(xs) % width
        found = (C[of] * size)(*xs, *[1.0] * (size - len(xs)))
        code(found, found, size)
        return list(found)[:len(xs)]
    return function


def single(x):
    return ctypes.c_float(x).value


def error(y, truth, of=DOUBLE):
    """How far y is from the truth, in units of the last place of a number there."""
    if math.isinf(y) or math.isnan(y):
        return 0.0 if abs(truth) > (2 - mpf(2)**-of.digits) * mpf(2)**of.bias and y * truth > 0 else inf
    least = 1 - of.bias - of.digits
    exponent = max(mp.frexp(truth)[1] - of.digits - 1, least) if truth else least
    return float(abs(y - truth) / mpf(2) ** exponent)


def check(op, xs, ys, limit, of=DOUBLE):
    for x, y in zip(xs, ys, strict=True):
        found = error(y, oracle.value(op, x), of)
        assert found <= limit, f"{op.name}{tuple(x)} is {y!r}: an error of {found:.2f} units in the last place"


def some(name, count):
    """Points of the row's domain, of all sizes, and where its value is neither 0 nor 1 nor infinite."""
    rng = random.Random(name)
    lo, hi = next(iter(TABLE[name].domains(1)))
    spread = {"sin": 1e6, "cos": 1e6, "erf": 6, "erfc": 28, "tanh": 20, "atan": 50}.get(name, 750)
    even = (rng.uniform(max(lo, -limit), min(hi, limit)) for limit in (1, 4, spread) for _ in range(count))
    return [x for x, in points.smooth(TABLE[name], count)] + list(even)


def given(name, count, of):
    """Such points that are numbers of this precision."""
    if of is DOUBLE:
        return some(name, count)
    rounded = [x if name in ("erf", "erfc", "sin", "cos", "atan", "log") else x / 7 for x in some(name, count)]
    return [x for x in map(single, rounded) if math.isfinite(x)]


@sweep(11)
@both
@pytest.mark.parametrize("fused", [True, False], ids=["host", "generic"])
@pytest.mark.parametrize("name", FORMS)
def test_values(name, fused, of):
    xs = given(name, 60, of)
    check(TABLE[name], [[x] for x in xs], compiled(name, 8, fused, of)(xs), LIMITS[of][name], of)


@pytest.mark.slow
@both
@pytest.mark.parametrize("name", FORMS)
def test_more_values(name, of):
    xs = given(name, 500 if of is DOUBLE else 150, of)
    check(TABLE[name], [[x] for x in xs], compiled(name, 8, of=of)(xs), LIMITS[of][name], of)


@pytest.mark.sweep(997)
@both
@pytest.mark.parametrize("name", ["sin", "cos"])
def test_next_to_a_zero(name, of):
    """The numbers next to multiples of pi/2, where all digits of the result come from the parts of pi."""
    xs = [C[of](n * math.pi / 2).value for n in range(1, 63600, 97 if FULL else 970)]
    check(TABLE[name], [[x] for x in xs], compiled(name, 8, of=of)(xs), 2.0, of)


@both
@pytest.mark.parametrize("name", FORMS)
def test_edges_are_the_rows(name, of):
    """nan, infinities and zeros with their signs as eager has them."""
    edges = EDGES if of is DOUBLE else list(map(single, SINGLE_EDGES))
    for x, y in zip(edges, compiled(name, 8, of=of)(edges), strict=True):
        eager = C[of](TABLE[name].at(x)).value
        if eager == 0 and y != 0:
            assert name == "sech"               # eager's 1/cosh(x) is 0 where cosh(x) is infinite, from 710.5 on
        elif eager == 0 or not math.isfinite(eager):
            assert repr(y) == repr(eager), f"{name}({x}) is {y}, eager {eager}"
        elif of is DOUBLE:
            assert y == pytest.approx(eager, rel=1e-12, abs=0), x
        else:
            check(TABLE[name], [[x]], [y], LIMITS[of][name], of)


@sweep(3)
@both
@pytest.mark.parametrize("name", FORMS)
def test_lanes_do_not_know_of_each_other(name, of):
    """The same bits at every width: those of a single number."""
    xs = EDGES[:7] + given(name, 20, of)
    one, *others = [list(map(float.hex, compiled(name, width, of=of)(xs))) for width in WIDTHS]
    assert all(other == one for other in others)


def test_what_has_no_vector_form():
    f = ir.Function(ir.Module(), ir.FunctionType(DOUBLE.real, [DOUBLE.real]), "f")
    x, builder = f.args[0], ir.IRBuilder(f.append_basic_block())
    assert call(builder, "acosh", x) is call(builder, "hypot", x, x) is call(builder, "pow", x, x) is None
    assert len(list(f.blocks[0].instructions)) == 0


def test_a_form_is_defined_once():
    f = ir.Function(ir.Module(), ir.FunctionType(DOUBLE.real, [DOUBLE.real, SINGLE.real]), "f")
    builder = ir.IRBuilder(f.append_basic_block())
    for x in f.args:
        call(builder, "exp", call(builder, "exp", x))
    assert [g.name for g in f.module.functions if g.linkage == "internal"] == ["exp.v1", "exp.v1f32"]


@pytest.mark.parametrize("wrong", [lambda y: y * (1 + 2.0**-50), lambda y: 0.0, lambda y: -y, lambda y: nan,
                                   lambda y: inf])
def test_a_wrong_value_is_found(wrong):
    check(microgradx.exp, [[-700.5]], [math.exp(-700.5)], 2.0)
    with pytest.raises(AssertionError, match="last place"):
        check(microgradx.exp, [[-700.5]], [wrong(math.exp(-700.5))], 2.0)


@pytest.mark.parametrize("wrong", [lambda y: y * (1 + 2.0**-21), lambda y: 0.0, lambda y: -y, lambda y: nan,
                                   lambda y: inf])
def test_a_wrong_float_is_found(wrong):
    check(microgradx.exp, [[-30.5]], [single(math.exp(-30.5))], 0.5, SINGLE)
    with pytest.raises(AssertionError, match="last place"):
        check(microgradx.exp, [[-30.5]], [wrong(single(math.exp(-30.5)))], 2.0, SINGLE)


# The coefficients ----------------------------------------------------------------------------------------------

def of_root(f):
    return lambda z: f(mp.sqrt(z))


def erfc_factor(t):
    x = 4 * (1 + t) / (1 - t)
    return (1 + 2 * x) * mp.exp(x * x) * mp.erfc(x)


FITS = {                                        # the function, and the interval, in which 0 is no point of the grid
    "EXP": (lambda r: (mp.expm1(r) - r) / r**2, (-0.347, 0.3471)),
    "LOG": (of_root(lambda s: (2 * mp.atanh(s) / s - 2) / s**2), (1e-9, 0.02945)),
    "SIN": (of_root(lambda r: (mp.sin(r) / r - 1) / r**2), (1e-9, 0.617)),
    "COS": (of_root(lambda r: (mp.cos(r) - 1 + r**2 / 2) / r**4), (1e-9, 0.617)),
    "ATAN": (of_root(lambda t: (mp.atan(t) / t - 1) / t**2), (1e-9, 0.1716)),
    "ERF": (of_root(lambda x: mp.erf(x) / x - 1), (1e-9, 0.5626)),
    "ERFC": (erfc_factor, (-0.6843, 0.7501)),
}


@pytest.mark.parametrize("name", FITS)
def test_coefficients(name):
    function, interval = FITS[name]
    for table, number in ((getattr(coefficients, name), float), (getattr(coefficients, f"{name}_SINGLE"), single)):
        with mp.workdps(60):
            fitted = chebyfit(function, list(map(mpf, interval)), len(table))
        assert tuple(map(number, table)) == tuple(number(float(c)) for c in reversed(fitted))


@both
def test_parts_of_constants(of):
    (high, low), digits = of.ln2, of.digits + 1
    with mp.workdps(60):
        assert abs(mpf(high) + low - mp.ln2) < 2.0**-(digits + 15)
        assert (high * 2.0**(digits - 8 if of is SINGLE else 32)).is_integer()
        assert abs(mp.fsum(of.half_pi) - mp.pi / 2) < 2.0**-(3 * digits)
