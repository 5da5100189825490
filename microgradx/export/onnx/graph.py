"""A graph of ONNX under construction: nodes, constants, and tensors with operators.

    graph = OnnxGraph(onnx, numpy, "float64")
    x = graph.input("x", [1.0, 2.0])
    y = 2.0 * x + 1.0                       # two nodes: Mul, Add
    z = silu(y)                             # a row writes itself, as compiled code lowers it
"""
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ... import ops
from ... import reductions as red
from ...arithmetic import Arithmetic
from ...branches import Condition
from ...compiler.ir.lowering import formula
from ...ieee import short
from ...nesting import is_leaf, leaves, shape
from ...table import Op, of_math

OPERATORS: dict[Op, str] = {
    ops.add: "Add", ops.sub: "Sub", ops.mul: "Mul", ops.div: "Div", ops.neg: "Neg", ops.identity: "Identity",
    ops.pow: "Pow", ops.sqrt: "Sqrt", ops.abs: "Abs", ops.exp: "Exp", ops.log: "Log", ops.tanh: "Tanh",
    ops.sin: "Sin", ops.cos: "Cos", ops.maximum: "Max", ops.minimum: "Min", ops.sign: "Sign",
}
SINGLE: dict[Op, str] = {ops.tan: "Tan", ops.asin: "Asin", ops.acos: "Acos", ops.atan: "Atan", ops.sinh: "Sinh",
                         ops.cosh: "Cosh", ops.asinh: "Asinh", ops.acosh: "Acosh", ops.atanh: "Atanh",
                         ops.erf: "Erf"}      # onnxruntime has these in float32 only
COMPARED: dict[Op, str] = {ops.less: "Less", ops.less_equal: "LessOrEqual", ops.greater: "Greater",
                           ops.greater_equal: "GreaterOrEqual"}
COMPOSED = (ops.where, ops.expm1, ops.log1p, red.entry)


class OnnxGraph:
    """Nodes and constants, under construction."""

    def __init__(self, onnx: Any, np: Any, dtype: str) -> None:
        self.onnx, self.np, self.dtype = onnx, np, dtype
        self.kind = onnx.TensorProto.DOUBLE if dtype == "float64" else onnx.TensorProto.FLOAT
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.inputs: list[Any] = []
        self.integers: set[str] = set()         # names of inputs of whole numbers

    def has(self, op: Op) -> bool:
        """Whether a row is an operator of onnxruntime, or few of them; other rows are lowered."""
        single = op in SINGLE or op is ops.erfc
        return op in OPERATORS or op in COMPARED or op in COMPOSED or (single and self.dtype == "float32")

    def input(self, name: str, x: Any) -> Any:
        """An example as an input of its shape, a tuple as one for each part; what holds no numbers as it is."""
        if isinstance(x, tuple):
            return tuple(self.input(f"{name}{k}", part) for k, part in enumerate(x))
        if isinstance(x, int) or not (is_leaf(x) or (isinstance(x, list) and leaves(x))):
            if x is None or isinstance(x, (int, str, list)):
                return x
            raise TypeError(f"{name}: expected a number, nested lists of numbers or a tuple of these, got {short(x)}")
        integers = isinstance(x, list) and all(isinstance(one, int) for one in leaves(x))
        kind, found = self.onnx.TensorProto.INT64 if integers else self.kind, OnnxTensor(self, name, shape(x))
        self.inputs.append(self.onnx.helper.make_tensor_value_info(name, kind, found.shape))
        if integers:
            self.integers.add(name)
        return found

    def node(self, op: str, inputs: Sequence[str], sizes: tuple[int, ...], **attributes: Any) -> OnnxTensor:
        """A new node; its output."""
        return self.many(op, inputs, [sizes], **attributes)[0]

    def many(self, op: str, inputs: Sequence[str], sizes: Sequence[tuple[int, ...]],
             **attributes: Any) -> list[OnnxTensor]:
        """A new node with several outputs. No name of theirs is one that an argument can have."""
        made = [OnnxTensor(self, f"t{len(self.nodes)}.{k}", one) for k, one in enumerate(sizes)]
        self.nodes.append(self.onnx.helper.make_node(op, list(inputs), [x.name for x in made], **attributes))
        return made

    def constant(self, numbers: Any, dtype: str = "") -> OnnxTensor:
        """A new constant."""
        with self.np.errstate(over="ignore"):           # beyond float32 is infinite there
            array = self.np.array(numbers, dtype or self.dtype)
        self.constants.append(self.onnx.numpy_helper.from_array(array, f"c.{len(self.constants)}"))
        return OnnxTensor(self, self.constants[-1].name, array.shape)

    def weights(self, nest: Any) -> Any:
        """The numbers of a parameter as an array."""
        return self.np.array([v.data for v in leaves(nest)]).reshape(shape(nest))


class OnnxTensor(Condition, Arithmetic["OnnxTensor"]):
    """A tensor of the graph. Operators and rows applied to it write nodes."""

    __slots__ = ("graph", "name", "shape")

    def __init__(self, graph: OnnxGraph, name: str, sizes: tuple[int, ...]) -> None:
        self.graph, self.name, self.shape = graph, name, sizes

    def reshaped(self, *sizes: int) -> OnnxTensor:
        """The same numbers in another shape."""
        return self.graph.node("Reshape", [self.name, self.graph.constant(sizes, "int64").name], sizes)

    def turned(self, *axes: int) -> OnnxTensor:
        """The same numbers, with the axes in another order."""
        return self.graph.node("Transpose", [self.name], tuple(self.shape[k] for k in axes), perm=axes)

    def times(self, other: OnnxTensor) -> OnnxTensor:
        """The product of matrices, those that the last two axes are."""
        return self.graph.node("MatMul", [self.name, other.name], (*self.shape[:-1], other.shape[-1]))

    def gathered(self, index: Any, axis: int = 0) -> OnnxTensor:
        """The numbers at an array of indices of one axis."""
        sizes = (*self.shape[:axis], *index.shape, *self.shape[axis + 1:])
        return self.graph.node("Gather", [self.name, self.graph.constant(index, "int64").name], sizes, axis=axis)

    def summed(self) -> OnnxTensor:
        """The sum over the last axis."""
        axes = self.graph.constant([len(self.shape) - 1], "int64")
        return self.graph.node("ReduceSum", [self.name, axes.name], self.shape[:-1], keepdims=0)

    def _apply(self, op: Op, args: Sequence[Any]) -> OnnxTensor:
        """A row of tensors of one shape (or of shapes that ONNX broadcasts to that of the longest)."""
        graph = self.graph
        xs = [x if isinstance(x, OnnxTensor) else graph.constant(float(x)) for x in op.flat(args)]
        names, sizes = [x.name for x in xs], max((x.shape for x in xs), key=lambda s: (len(s), math.prod(s)))
        if op in OPERATORS or (op in SINGLE and graph.has(op)):
            return graph.node(OPERATORS.get(op) or SINGLE[op], names, sizes)
        if op in COMPARED:
            return graph.node("Cast", [graph.node(COMPARED[op], names, sizes).name], sizes, to=graph.kind)
        if op is ops.where:
            chosen = graph.node("Cast", names[:1], xs[0].shape, to=graph.onnx.TensorProto.BOOL)
            return graph.node("Where", [chosen.name, *names[1:]], sizes)
        if op in COMPOSED:
            return _COMPOSED[op](*xs)  # type: ignore[no-any-return]
        if op is ops.erfc and graph.has(op):
            return 1.0 - graph.node("Erf", names, sizes)
        if of_math(op):
            raise TypeError(missing([op], graph.dtype))
        return formula(op, args)  # type: ignore[no-any-return]


def missing(rows: Sequence[Op], dtype: str) -> str:
    """What is said of rows that are functions of math and no operators of onnxruntime."""
    other = "write dtype='float32', or to_c" if dtype == "float64" else "write to_c"
    return f"onnxruntime has no {', '.join(sorted({op.name for op in rows}))} in {dtype}; {other}"


# Neither loses digits near 0: the rounding of exp(x), and of 1 + x, is divided away (Kahan; Higham 2002, section 1.14).

def _expm1(x: OnnxTensor) -> Any:
    power: Any = ops.exp(x)
    kept = ops.where(power - 1.0, (power - 1.0) * x / ops.log(power), x)
    return ops.where(ops.abs(x) < 1.0, kept, power - 1.0)


def _log1p(x: OnnxTensor) -> Any:
    more = 1.0 + x
    kept = ops.where(more - 1.0, ops.log(more) * x / (more - 1.0), x)
    return ops.where(ops.abs(x) < 0.5, kept, ops.log(more))


def _entry(*xs: OnnxTensor) -> Any:
    found: Any = xs[-1] * math.nan
    for k, x in enumerate(xs[:-1]):
        found = ops.where(xs[-1] - float(k), found, x)
    return found


_COMPOSED: dict[Op, Any] = {ops.expm1: _expm1, ops.log1p: _log1p, red.entry: _entry}
