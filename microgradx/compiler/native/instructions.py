"""Instructions: emits LLVM instructions for an operation on numbers or on vectors of numbers.

This file has the few rows that are instructions. A row whose value is a function of `math` is a call of the C library
(libm.py); elementary/ has vector forms of some. Other rows are lowered to these (ir/lowering.py); for a row that cannot
be lowered, machine code calls back into Python. Functions without a vector form are computed in double, also of float32
numbers, and then rounded.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from llvmlite import ir

from ...table import Op
from ..ir.dtype import Dtype
from ..ir.repeat import Repeat, Structure
from . import elementary
from .libm import libm

DOUBLE, FLOAT, VOID = ir.DoubleType(), ir.FloatType(), ir.VoidType()
BIT, BYTE, INT, LONG = map(ir.IntType, (1, 8, 32, 64))
POINTER = ir.PointerType()
REALS = {"float64": DOUBLE, "float32": FLOAT}
Emit = Callable[..., Any]


def real(dtype: Dtype) -> Any:
    """The LLVM type of a number."""
    return REALS[dtype.name]


def converted(b: Any, x: Any, lane: Any) -> Any:
    """A number, or the numbers of a vector, of this type: rounded if it has fewer digits."""
    kind = ir.VectorType(lane, x.type.count) if isinstance(x.type, ir.VectorType) else lane
    if x.type == kind:
        return x
    return b.fpext(x, kind) if lane == DOUBLE else b.fptrunc(x, kind)


def splat(b: Any, x: Any, like: Any) -> Any:
    """A number, broadcast to every lane of a vector of the type `like`."""
    if not isinstance(like, ir.VectorType):
        return x
    one = b.insert_element(ir.Constant(like, ir.Undefined), x, INT(0))
    return b.shuffle_vector(one, ir.Constant(like, ir.Undefined), ir.Constant(ir.VectorType(INT, like.count), None))


def number(x: float, like: Any) -> Any:
    """A constant of the type `like`, the same in every lane."""
    return ir.Constant(like, [x] * like.count if isinstance(like, ir.VectorType) else x)


def intrinsic(b: Any, name: str, *xs: Any) -> Any:
    """A call of the intrinsic llvm.name on numbers or vectors."""
    return b.call(declared(b.module, f"llvm.{name}.{suffix(xs[0].type)}", xs[0].type, [x.type for x in xs]), xs)


def suffix(kind: Any) -> str:
    """How LLVM calls a type of numbers, or of vectors of them, in the name of an intrinsic."""
    if isinstance(kind, ir.VectorType):
        return f"v{kind.count}{kind.element.intrinsic_name}"
    return str(kind.intrinsic_name)


def declared(module: Any, name: str, result: Any, args: list[Any]) -> Any:
    """An external function, declared once in the module."""
    return module.globals.get(name) or ir.Function(module, ir.FunctionType(result, args), name)


def fma(b: Any, x: Any, y: Any, z: Any, strict: bool) -> Any:
    """x*y + z, rounded once; if strict, rounded twice as in Python."""
    return b.fadd(z, times(b, x, y)) if strict or _is_unit(y) else intrinsic(b, "fma", x, y, z)


def times(b: Any, x: Any, y: Any) -> Any:
    """x*y, without a multiplication if y is 1 or -1."""
    if not _is_unit(y):
        return b.fmul(x, y)
    return x if y == number(1.0, y.type) else b.fneg(x)


def _is_unit(x: Any) -> bool:
    return isinstance(x, ir.Constant) and x in (number(1.0, x.type), number(-1.0, x.type))


def _compare(sign: str) -> Emit:
    return lambda b, x, y: b.select(b.fcmp_ordered(sign, x, y), number(1.0, x.type), number(0.0, x.type))


def _where(b: Any, c: Any, yes: Any, no: Any) -> Any:
    return b.select(truth(b, c), yes, no)


def truth(b: Any, c: Any) -> Any:
    """The bit c != 0, true for nan as in Python; for a comparison the bit from which c was made."""
    if isinstance(c, ir.SelectInstr) and c.operands[1:] == [number(1.0, c.type), number(0.0, c.type)]:
        return c.operands[0]
    return b.fcmp_unordered("!=", c, number(0.0, c.type))


def under(b: Any, mask: Any, x: Any, y: Any, total: Any, strict: bool) -> Any:
    """total + x*y in lanes where the mask is not 0, else total."""
    return b.select(truth(b, mask), fma(b, x, y, total, strict), total)


def _extreme(sign: str) -> Emit:
    def emit(b: Any, x: Any, y: Any) -> Any:
        first = b.or_(b.fcmp_ordered(sign, x, y), b.fcmp_unordered("uno", x, x))
        return b.select(first, x, y)
    return emit


ELEMENTS: dict[str, Emit] = {
    "add": lambda b, x, y: b.fadd(x, y), "sub": lambda b, x, y: b.fsub(x, y),
    "mul": lambda b, x, y: b.fmul(x, y), "div": lambda b, x, y: b.fdiv(x, y),
    "neg": lambda b, x: b.fneg(x), "identity": lambda b, x: x, "square": lambda b, x: b.fmul(x, x),
    "reciprocal": lambda b, x: b.fdiv(number(1.0, x.type), x),
    "sqrt": lambda b, x: intrinsic(b, "sqrt", x), "abs": lambda b, x: intrinsic(b, "fabs", x),
    "less": _compare("<"), "less_equal": _compare("<="), "greater": _compare(">"), "greater_equal": _compare(">="),
    "where": _where, "maximum": _extreme(">="), "minimum": _extreme("<="),
    "pow": lambda b, x, n: by_lane(b, lambda *xs: _call(b, "pow", xs), [x, n]),     # C's answers if Python's pow raises
}
LIBM_FIRST = ("exp", "log", "expm1", "log1p", "cosh", "erf", "erfc")     # for one double faster than FORMS
LISTS = ("sum", "dot", "masked_dot", "take")
STRICT = frozenset([*ELEMENTS, *LISTS])
DEFAULT = STRICT | frozenset(elementary.FORMS)


def native(op: Op, strict: bool) -> bool:
    """Whether a row needs no lowering. Strict: only rows with the bits of Python's math."""
    return isinstance(op, Structure) or op.name in (STRICT if strict else DEFAULT) or bool(libm(op, strict))


def within(ops: Iterable[Any]) -> Iterator[Any]:
    """The rows of a program, with those of the steps of its loops."""
    for op in ops:
        yield from within(op.body.ops) if isinstance(op, Repeat) else (op,)


def called(ops: Iterable[Any], strict: bool) -> list[Op]:
    """The rows among these for which machine code calls back into Python, each once; never a composed operation."""
    return list({op.name: op for op in dict.fromkeys(within(dict.fromkeys(ops)))
                 if op is not None and not hasattr(op, "term") and not native(op, strict)}.values())


def emit(b: Any, op: Op, xs: list[Any], strict: bool) -> Any:
    """`op` of numbers or vectors; a composed operation (compose.py) is emitted term by term, innermost first."""
    if hasattr(op, "term"):
        return _term(b, op.term, xs, strict)
    if op.name in ELEMENTS:
        return ELEMENTS[op.name](b, *xs)
    if op.name in ("sum", "dot", "masked_dot"):
        return _terms(b, op, xs)
    known = libm(op, strict)
    single = known and xs[0].type == DOUBLE and op.name in LIBM_FIRST
    found = None if strict or single else elementary.call(b, op.name, *xs)
    if found is not None:
        return found
    name = known or f"row.{op.name}"        # a callback: load() sets its address
    return by_lane(b, lambda *ys: _call(b, name, ys), xs)


def _term(b: Any, term: Any, xs: list[Any], strict: bool) -> Any:
    """An operation on inputs, given by index, and on other terms."""
    return emit(b, term.op, [xs[a] if isinstance(a, int) else _term(b, a, xs, strict) for a in term.args], strict)


def _terms(b: Any, op: Op, xs: list[Any]) -> Any:
    """A short sum, unrolled: in order, and each product is rounded, so that what cancels in eager code cancels here."""
    total = number(0.0, xs[0].type if xs else DOUBLE)       # a sum starts at 0.0, and 0.0 + -0.0 is 0.0
    if op.name == "masked_dot":
        third = len(xs) // 3
        for mask, x, y in zip(xs[:third], xs[third:2 * third], xs[2 * third:]):
            total = under(b, mask, x, y, total, strict=True)
        return total
    half = len(xs) // 2
    terms = xs if op.name == "sum" else [times(b, x, y) for x, y in zip(xs[:half], xs[half:])]
    if any(map(_is_no_negative_zero, terms)):               # nor is their sum
        total, *terms = terms
    for x in terms:
        total = b.fadd(total, x)
    return total


def _is_no_negative_zero(x: Any) -> bool:
    """Whether a number is known not to be -0.0: the sum of two is -0.0 only if both are."""
    while getattr(x, "opname", "") == "fadd":
        x, y = x.operands
        if _is_other(y):
            return True
    return _is_other(x)


def _is_other(x: Any) -> bool:
    """Whether it is a constant other than -0.0."""
    return isinstance(x, ir.Constant) and isinstance(x.constant, float) and str(x.constant) != "-0.0"


def by_lane(b: Any, f: Emit, xs: list[Any]) -> Any:
    """f applied to each lane of vectors."""
    kind = xs[0].type
    if not isinstance(kind, ir.VectorType):
        return f(*xs)
    out = ir.Constant(kind, ir.Undefined)
    for k in range(kind.count):
        out = b.insert_element(out, f(*[b.extract_element(x, INT(k)) for x in xs]), INT(k))
    return out


def _call(b: Any, name: str, xs: Any) -> Any:
    """A call of an external function of doubles."""
    function = declared(b.module, name, DOUBLE, [DOUBLE] * len(xs))
    return converted(b, b.call(function, [converted(b, x, DOUBLE) for x in xs]), xs[0].type)
