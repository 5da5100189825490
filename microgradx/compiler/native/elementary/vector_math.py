"""VectorMath: a number, or a vector of numbers, with operators. Each operator emits one LLVM instruction.

    >>> from llvmlite import ir
    >>> kind = ir.VectorType(ir.DoubleType(), 4)
    >>> f = ir.Function(ir.Module(), ir.FunctionType(kind, [kind]), "f")
    >>> builder = ir.IRBuilder(f.append_basic_block())
    >>> x = VectorMath(builder, f.args[0])
    >>> _ = builder.ret(horner(x, [1.0, 2.0]).value)          # 1 + 2*x
    >>> [i.opname for i in f.blocks[0].instructions]
    ['call', 'ret']

The operators are those of Arithmetic (arithmetic.py): an operator applies a row, and here a row is an instruction. A
number as an operand is broadcast to every lane. `bits` are the lanes as integers, with the operators
+ - & | ^ << >>. Numbers are double or float; `precision` says what differs.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Union

from llvmlite import ir

from .... import ops
from ....arithmetic import Arithmetic
from ....table import Op
from .precision import DOUBLE, Precision, of_lane

Number = Union["VectorMath", float, int]

# The instruction of each row on numbers; on integers without the f.
INSTRUCTIONS: dict[Op, str] = {ops.add: "fadd", ops.sub: "fsub", ops.mul: "fmul", ops.div: "fdiv", ops.neg: "fneg"}
INTRINSICS: dict[Op, str] = {ops.abs: "fabs", ops.sqrt: "sqrt"}


class VectorMath(Arithmetic["VectorMath"]):
    """An LLVM value, with the builder that appends instructions to a block."""

    __slots__ = ("builder", "value")

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder, self.value = builder, value

    @property
    def precision(self) -> Precision:
        """That of the lanes."""
        return of_lane(lane(self.value.type))

    def of(self, x: float) -> VectorMath:
        """A constant of this type."""
        return VectorMath(self.builder, self.like(x))

    def like(self, x: Number) -> Any:
        """The value `x`; a number becomes a constant of this type."""
        return x.value if isinstance(x, VectorMath) else ir.Constant(self.value.type, splat(self.value.type, x))

    def _emit(self, instruction: str, *others: Number) -> VectorMath:
        return VectorMath(self.builder, getattr(self.builder, instruction)(self.value, *map(self.like, others)))

    def _apply(self, op: Op, args: Sequence[Any]) -> VectorMath:
        b, xs = self.builder, [*map(self.like, args)]
        if op in INTRINSICS:
            return VectorMath(b, intrinsic(b, INTRINSICS[op], *xs))
        if op not in INSTRUCTIONS:                          # a comparison: a bit for each lane
            return VectorMath(b, b.fcmp_ordered(op.infix, *xs))
        name = INSTRUCTIONS[op]
        return VectorMath(b, getattr(b, name if self._is_real else name.removeprefix("f"))(*xs))

    def _intrinsic(self, name: str, *others: Number) -> VectorMath:
        return VectorMath(self.builder, intrinsic(self.builder, name, self.value, *map(self.like, others)))

    @property
    def _is_real(self) -> bool:
        return bool(lane(self.value.type) == self.precision.real)

    def __and__(self, other: Number) -> VectorMath:
        return self._emit("and_", other)

    def __or__(self, other: Number) -> VectorMath:
        return self._emit("or_", other)

    def __xor__(self, other: Number) -> VectorMath:
        return self._emit("xor", other)

    def __lshift__(self, places: int) -> VectorMath:
        return self._emit("shl", places)

    def __rshift__(self, places: int) -> VectorMath:
        return self._emit("lshr", places)

    def equals(self, other: Number) -> VectorMath:
        """The lanes where both are the same number; never nan. (== keeps its Python meaning.)"""
        return VectorMath(self.builder, self.builder.fcmp_ordered("==", self.value, self.like(other)))

    def odd(self) -> VectorMath:
        """The lanes where an integer is odd."""
        return VectorMath(self.builder, self.builder.trunc(self.value, shaped(self.value.type, ir.IntType(1))))

    def where(self, yes: Number, no: Number) -> VectorMath:
        """`yes` in the lanes where this comparison holds, `no` in the others; at least one must be a VectorMath."""
        kind = yes if isinstance(yes, VectorMath) else no
        assert isinstance(kind, VectorMath)
        return VectorMath(self.builder, self.builder.select(self.value, kind.like(yes), kind.like(no)))

    def at_most(self, bound: float) -> VectorMath:
        """The smaller of the two; nan stays nan."""
        return (self > bound).where(bound, self)

    def at_least(self, bound: float) -> VectorMath:
        """The larger of the two; nan stays nan."""
        return (self < bound).where(bound, self)

    @property
    def bits(self) -> VectorMath:
        """The bits of each number as an integer."""
        return VectorMath(self.builder, self.builder.bitcast(self.value, shaped(self.value.type, self.precision.whole)))

    @property
    def real(self) -> VectorMath:
        """The numbers that have these bits."""
        return VectorMath(self.builder, self.builder.bitcast(self.value, shaped(self.value.type, self.precision.real)))

    def signed(self, x: VectorMath) -> VectorMath:
        """These numbers, with the sign bit set where `x` has it: 0.0 becomes -0.0, too."""
        return (self.bits | (x.bits & self.precision.sign)).real

    def if_any(self, yes: Callable[[], VectorMath], no: VectorMath) -> VectorMath:
        """`yes()` in the lanes where this comparison holds, `no` in the others; yes() runs only if there are any."""
        b, before = self.builder, self.builder.block
        mask = ir.IntType(getattr(self.value.type, "count", 1))
        with b.if_then(b.icmp_unsigned("!=", b.bitcast(self.value, mask), mask(0)), likely=False):
            mixed, after = self.where(yes(), no).value, b.block
        result = b.phi(no.value.type)
        result.add_incoming(no.value, before)
        result.add_incoming(mixed, after)
        return VectorMath(b, result)

    def by_lane(self, name: str) -> VectorMath:
        """A function of libm on doubles, called for each lane."""
        b, kind = self.builder, self.value.type
        function = declared(b.module, name, DOUBLE.real, 1)

        def called(x: Any) -> Any:
            if x.type == DOUBLE.real:
                return b.call(function, [x])
            return b.fptrunc(b.call(function, [b.fpext(x, DOUBLE.real)]), x.type)
        if not isinstance(kind, ir.VectorType):
            return VectorMath(b, called(self.value))
        result = ir.Constant(kind, ir.Undefined)
        for k in map(ir.IntType(32), range(kind.count)):
            result = b.insert_element(result, called(b.extract_element(self.value, k)), k)
        return VectorMath(b, result)


def muladd(x: VectorMath, y: Number, z: Number) -> VectorMath:
    """x*y + z in one instruction if the processor has it, else in two: for sums where either rounding will do."""
    return x._intrinsic("fmuladd", y, z)


def fma(x: VectorMath, y: Number, z: Number) -> VectorMath:
    """x*y + z, always rounded once. A processor without this instruction calls libm, which is slow."""
    return x._intrinsic("fma", y, z)


def horner(x: VectorMath, coefficients: Sequence[float]) -> VectorMath:
    """The polynomial with these coefficients, the constant term first."""
    *rest, y = coefficients
    total: Number = y
    for c in reversed(rest):
        total = muladd(x, total, c)
    assert isinstance(total, VectorMath)
    return total


def lane(kind: Any) -> Any:
    """The type of each lane."""
    return getattr(kind, "element", kind)


def shaped(kind: Any, each: Any) -> Any:
    """The type with as many lanes as `kind`, each of type `each`."""
    return ir.VectorType(each, kind.count) if isinstance(kind, ir.VectorType) else each


def splat(kind: Any, x: float) -> Any:
    """The number, or the list of numbers, of a constant of this type."""
    return [x] * kind.count if isinstance(kind, ir.VectorType) else x


def intrinsic(builder: Any, name: str, *xs: Any) -> Any:
    """A call of llvm.name on values of one type."""
    kind = xs[0].type
    suffix = lane(kind).intrinsic_name
    suffix = f"v{kind.count}{suffix}" if isinstance(kind, ir.VectorType) else suffix
    return builder.call(declared(builder.module, f"llvm.{name}.{suffix}", kind, len(xs)), xs)


def declared(module: Any, name: str, kind: Any, count: int) -> Any:
    """The external function `name`, with `count` arguments of the type that it returns."""
    return module.globals.get(name) or ir.Function(module, ir.FunctionType(kind, [kind] * count), name)
