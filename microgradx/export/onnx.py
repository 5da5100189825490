"""to_onnx(): a Module as a file of standard operators, the extra "onnx".

    model = to_onnx(Sequential(Linear(2, 3), Tanh()), [0.5, -1.0])
    open("net.onnx", "wb").write(model.SerializeToString())

Each layer writes its own operators; an activation is written from its row of the table, as compiled code lowers it.
"""
from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

from .. import activations, nn, ops
from ..arithmetic import Arithmetic
from ..branches import Condition
from ..compiler.ir.lowering import formula
from ..extras import install
from ..nesting import leaves, shape
from ..nn.activation import Elementwise
from ..recording import no_grad
from ..table import Op, of_math
from .torch import refuse_own, refuse_shared

OPSET = 17
OPERATORS: dict[Op, str] = {
    ops.add: "Add", ops.sub: "Sub", ops.mul: "Mul", ops.div: "Div", ops.neg: "Neg", ops.identity: "Identity",
    ops.pow: "Pow", ops.sqrt: "Sqrt", ops.abs: "Abs", ops.exp: "Exp", ops.log: "Log", ops.tanh: "Tanh",
    ops.maximum: "Max", ops.minimum: "Min", ops.sign: "Sign",
}
COMPARED: dict[Op, str] = {ops.less: "Less", ops.less_equal: "LessOrEqual", ops.greater: "Greater",
                           ops.greater_equal: "GreaterOrEqual"}


def to_onnx(model: nn.Module, example: Any, dtype: Literal["float64", "float32"] = "float64") -> Any:
    """An onnx.ModelProto that computes a model of nn's layers, for inputs of the shape of `example`.

    Its input is x, its output y. float64 has the numbers of the model to 1e-12, float32 to 1e-6 of the largest; in
    float64, for which onnxruntime has no Conv and no AveragePool, these are written as Gather and MatMul.

    ImportError without onnx. TypeError for a Module with a forward() of its own, for a layer that is not written yet
    (recurrent ones, attention), for one in training mode that computes otherwise there (Dropout, RReLU, BatchNorm), and
    for GELU in float64; ValueError for a parameter that two layers share, and for an example that the model refuses.

    >>> to_onnx(2.0, [1.0])
    Traceback (most recent call last):
    TypeError: expected a Module of nn, got float
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"expected a Module of nn, got {type(model).__name__}")
    if dtype not in ("float64", "float32"):
        raise ValueError(f"expected dtype 'float64' or 'float32', got {dtype!r}")
    for name, module in model.named_modules():
        refuse_own(name, module)
        if not isinstance(module, tuple(LAYERS)):
            raise TypeError(f"{type(module).__name__} is not written as operators of ONNX; to_c and to_torch take it")
    refuse_shared(model)
    try:
        import numpy as np
        import onnx
    except ImportError:
        raise ImportError(f"to_onnx needs onnx; write {install('onnx')}") from None
    graph = _Graph(onnx, np, dtype)
    sizes = shape(example)
    integers = all(isinstance(x, int) for x in leaves(example))
    kind = onnx.TensorProto.INT64 if integers else graph.kind
    out = _layer(graph, model, _Tensor(graph, "x", sizes))
    with no_grad():
        model(example)                                          # refuses an example of another shape
    graph.nodes.append(onnx.helper.make_node("Identity", [out.name], ["y"]))
    inner = onnx.helper.make_graph(graph.nodes, "microgradx",
                                   [onnx.helper.make_tensor_value_info("x", kind, sizes)],
                                   [onnx.helper.make_tensor_value_info("y", graph.kind, out.shape)], graph.constants)
    made = onnx.helper.make_model(inner, producer_name="microgradx", ir_version=8,
                                  opset_imports=[onnx.helper.make_opsetid("", OPSET)])
    onnx.checker.check_model(made)
    return made


class _Graph:
    """Nodes and constants, under construction."""

    def __init__(self, onnx: Any, np: Any, dtype: str) -> None:
        self.onnx, self.np, self.dtype = onnx, np, dtype
        self.kind = onnx.TensorProto.DOUBLE if dtype == "float64" else onnx.TensorProto.FLOAT
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def node(self, op: str, inputs: Sequence[str], sizes: tuple[int, ...], **attributes: Any) -> _Tensor:
        """A new node; its output."""
        name = f"t{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(op, list(inputs), [name], **attributes))
        return _Tensor(self, name, sizes)

    def constant(self, numbers: Any, dtype: str = "") -> str:
        """The name of a new constant."""
        array = self.np.array(numbers, dtype or self.dtype)
        self.constants.append(self.onnx.numpy_helper.from_array(array, f"c{len(self.constants)}"))
        return self.constants[-1].name  # type: ignore[no-any-return]

    def weights(self, nest: Any) -> Any:
        """The numbers of a parameter as an array."""
        return self.np.array([v.data for v in leaves(nest)]).reshape(shape(nest))


class _Tensor(Condition, Arithmetic["_Tensor"]):
    """A tensor of the graph. Rows applied to it write nodes."""

    __slots__ = ("graph", "name", "shape")

    def __init__(self, graph: _Graph, name: str, sizes: tuple[int, ...]) -> None:
        self.graph, self.name, self.shape = graph, name, sizes

    def _apply(self, op: Op, args: Sequence[Any]) -> _Tensor:
        graph = self.graph
        names = [x.name if isinstance(x, _Tensor) else graph.constant(float(x)) for x in op.flat(args)]
        if op in OPERATORS:
            return graph.node(OPERATORS[op], names, self.shape)
        if op in COMPARED:
            return graph.node("Cast", [graph.node(COMPARED[op], names, self.shape).name], self.shape, to=graph.kind)
        if op is ops.where:
            chosen = graph.node("Cast", names[:1], self.shape, to=graph.onnx.TensorProto.BOOL)
            return graph.node("Where", [chosen.name, *names[1:]], self.shape)
        if op is ops.expm1:
            less_one: _Tensor = ops.exp(args[0]) - 1.0
            return less_one
        if op is ops.log1p:
            logarithm: _Tensor = ops.log(1.0 + args[0])
            return logarithm
        if op is ops.erfc and graph.dtype == "float32":
            return 1.0 - graph.node("Erf", names, self.shape)
        if of_math(op):
            raise TypeError(f"onnxruntime has no {op.name} in {graph.dtype}; write dtype='float32', or to_c")
        return formula(op, args)  # type: ignore[no-any-return]


# Layers: (graph, layer, x) -> y ---------------------------------------------------------------------------------------

def _layer(graph: _Graph, layer: nn.Module, x: _Tensor) -> _Tensor:
    """The output of a layer."""
    found = next(write for kind, write in LAYERS.items() if isinstance(layer, kind))
    return found(graph, layer, x)  # type: ignore[no-any-return]


def _in_order(graph: _Graph, layer: nn.Sequential, x: _Tensor) -> _Tensor:
    for inner in layer:
        x = _layer(graph, inner, x)
    return x


def _residual(graph: _Graph, layer: nn.Residual, x: _Tensor) -> _Tensor:
    return x + _in_order(graph, layer, x)


def _linear(graph: _Graph, layer: nn.Linear, x: _Tensor) -> _Tensor:
    weight = graph.constant(graph.weights(layer.weight).T)
    y = graph.node("MatMul", [x.name, weight], (*x.shape[:-1], layer.out_features))
    return y if layer.bias is None else _added(graph, y, graph.weights(layer.bias))


def _added(graph: _Graph, y: _Tensor, numbers: Any) -> _Tensor:
    return graph.node("Add", [y.name, graph.constant(numbers)], y.shape)


def _batched(graph: _Graph, x: _Tensor, axes: int, write: Callable[[_Tensor], _Tensor]) -> _Tensor:
    """write() of a batch, also for one sample."""
    if len(x.shape) > axes + 1:
        return write(x)
    y = write(_reshaped(graph, x, (1, *x.shape)))
    return _reshaped(graph, y, y.shape[1:])


def _reshaped(graph: _Graph, x: _Tensor, sizes: tuple[int, ...]) -> _Tensor:
    return graph.node("Reshape", [x.name, graph.constant(sizes, "int64")], sizes)


def _windows(graph: _Graph, x: _Tensor, layer: Any, axes: int) -> tuple[_Tensor, list[int]]:
    """The numbers under a kernel at each of its stops, (N, C, stops, taps), 0 on the padding; the sizes of stops."""
    lengths, taps = x.shape[2:], math.prod(layer.kernel_size)
    grid = layer.grid(lengths)
    index = graph.np.full((math.prod(grid.sizes), taps), math.prod(lengths), "int64")     # the zero behind all numbers
    places = graph.np.arange(math.prod(lengths)).reshape(lengths)
    order = graph.np.arange(taps).reshape(layer.kernel_size)
    for k, (inputs, kernel) in enumerate(zip(grid.inputs, grid.taps)):
        index[k, order[tuple(slice(r.start, r.stop, r.step) for r in kernel)].ravel()] = places[
            tuple(slice(r.start, r.stop, r.step) for r in inputs)].ravel()
    flat = _reshaped(graph, x, (*x.shape[:2], math.prod(lengths)))
    padded = graph.node("Concat", [flat.name, graph.constant(graph.np.zeros((*x.shape[:2], 1)))],
                        (*x.shape[:2], math.prod(lengths) + 1), axis=2)
    return graph.node("Gather", [padded.name, graph.constant(index, "int64")], (*x.shape[:2], *index.shape),
                      axis=2), grid.sizes


def _convolution(graph: _Graph, layer: Any, x: _Tensor) -> _Tensor:
    if layer.groups != 1:
        raise TypeError(f"{type(layer).__name__} with groups is not written as operators of ONNX; to_c and "
                        "to_torch take it")
    weight = graph.weights(layer.weight)
    bias = None if layer.bias is None else graph.weights(layer.bias)

    def write(x: _Tensor) -> _Tensor:
        if graph.dtype == "float32" and not isinstance(layer.padding, str):
            sizes = layer.grid(x.shape[2:]).sizes
            inputs = [x.name, graph.constant(weight), *([] if bias is None else [graph.constant(bias)])]
            return graph.node("Conv", inputs, (x.shape[0], layer.out_channels, *sizes),
                              kernel_shape=layer.kernel_size, strides=layer.stride, pads=[*layer.padding] * 2,
                              dilations=layer.dilation)
        beneath, sizes = _windows(graph, x, layer, layer.axes)
        n, channels, stops, taps = beneath.shape
        turned = graph.node("Transpose", [beneath.name], (n, stops, channels, taps), perm=[0, 2, 1, 3])
        rows = _reshaped(graph, turned, (n, stops, channels * taps))
        found = graph.node("MatMul", [rows.name, graph.constant(weight.reshape(len(weight), -1).T)],
                           (n, stops, len(weight)))
        found = found if bias is None else _added(graph, found, bias)
        back = graph.node("Transpose", [found.name], (n, len(weight), stops), perm=[0, 2, 1])
        return _reshaped(graph, back, (n, len(weight), *sizes))
    return _batched(graph, x, layer.axes, write)


def _max_pool(graph: _Graph, layer: Any, x: _Tensor) -> _Tensor:
    def write(x: _Tensor) -> _Tensor:
        sizes = layer.grid(x.shape[2:]).sizes
        return graph.node("MaxPool", [x.name], (*x.shape[:2], *sizes), kernel_shape=layer.kernel_size,
                          strides=layer.stride, pads=[*layer.padding] * 2)
    return _batched(graph, x, layer.axes, write)


def _average_pool(graph: _Graph, layer: Any, x: _Tensor) -> _Tensor:
    def write(x: _Tensor) -> _Tensor:
        beneath, sizes = _windows(graph, x, layer, layer.axes)
        grid = layer.grid(x.shape[2:])
        count = math.prod(layer.kernel_size)
        counts = [count if layer.count_include_pad else math.prod(map(len, stop)) for stop in grid.inputs]
        total = graph.node("ReduceSum", [beneath.name, graph.constant([3], "int64")], beneath.shape[:3], keepdims=0)
        mean = graph.node("Div", [total.name, graph.constant(counts)], total.shape)
        return _reshaped(graph, mean, (*x.shape[:2], *sizes))
    return _batched(graph, x, layer.axes, write)


def _flatten(graph: _Graph, layer: nn.Flatten, x: _Tensor) -> _Tensor:
    start = layer.start_dim
    return _reshaped(graph, x, (*x.shape[:start], math.prod(x.shape[start:])))


def _row(graph: _Graph, layer: Elementwise, x: _Tensor) -> _Tensor:
    return layer.row(x, *layer.constants)  # type: ignore[no-any-return]


def _gelu(graph: _Graph, layer: nn.GELU, x: _Tensor) -> _Tensor:
    row: Any = activations.gelu_tanh if layer.approximate == "tanh" else activations.gelu
    return row(x)  # type: ignore[no-any-return]


def _normalised(op: str) -> Callable[[_Graph, Any, _Tensor], _Tensor]:
    return lambda graph, layer, x: graph.node(op, [x.name], x.shape, axis=-1)


def _unchanged(graph: _Graph, layer: Any, x: _Tensor) -> _Tensor:
    if layer.training and layer.p:
        raise TypeError("Dropout draws random numbers while training; write model.eval()")
    return x


def _mean(graph: _Graph, layer: Any, x: _Tensor) -> _Tensor:
    axes = [-k - 1 for k in range(len(layer.normalized_shape))]
    return graph.node("ReduceMean", [x.name], x.shape, axes=axes)


def _layer_norm(graph: _Graph, layer: nn.LayerNorm, x: _Tensor) -> _Tensor:
    """Not LayerNormalization, whose epsilon is a float32."""
    return _rms_norm(graph, layer, x - _mean(graph, layer, x))


def _rms_norm(graph: _Graph, layer: Any, x: _Tensor) -> _Tensor:
    y = x / ops.sqrt(_mean(graph, layer, x * x) + layer.eps)
    if layer.weight is not None:
        y = graph.node("Mul", [y.name, graph.constant(graph.weights(layer.weight))], x.shape)
    return y if layer.bias is None else _added(graph, y, graph.weights(layer.bias))


def _leaky(graph: _Graph, layer: Any, x: _Tensor) -> _Tensor:
    if isinstance(layer, nn.RReLU):
        if layer.training:
            raise TypeError("RReLU draws random numbers while training; write model.eval()")
        return activations.leaky_relu(x, (layer.lower + layer.upper) / 2)
    size = (1, layer.num_parameters, *[1] * (len(x.shape) - 2)) if layer.num_parameters > 1 else (1,)
    slopes = _Tensor(graph, graph.constant(graph.weights(layer.weight).reshape(size)), x.shape)
    return activations.leaky_relu(x, slopes)


def _embedding(graph: _Graph, layer: nn.Embedding, x: _Tensor) -> _Tensor:
    return graph.node("Gather", [graph.constant(graph.weights(layer.weight)), x.name], (*x.shape, layer.embedding_dim))


def _batch_norm(graph: _Graph, layer: Any, x: _Tensor) -> _Tensor:
    if layer.training or not layer.track_running_stats:
        raise TypeError(f"{type(layer).__name__} takes the statistics of its batch here; write model.eval(), with "
                        "track_running_stats=True")
    np, size = graph.np, (1, layer.num_features, *[1] * (len(x.shape) - 2))
    mean, variance = graph.weights(layer.running_mean), graph.weights(layer.running_var)
    scale = 1 / np.sqrt(variance + layer.eps) * (1.0 if layer.weight is None else graph.weights(layer.weight))
    centred = graph.node("Sub", [x.name, graph.constant(mean.reshape(size))], x.shape)
    scaled = graph.node("Mul", [centred.name, graph.constant(scale.reshape(size))], x.shape)
    return scaled if layer.bias is None else _added(graph, scaled, graph.weights(layer.bias).reshape(size))


LAYERS: dict[type[nn.Module], Any] = {
    nn.Residual: _residual, nn.Sequential: _in_order, nn.Linear: _linear, nn.Conv1d: _convolution,
    nn.Conv2d: _convolution, nn.MaxPool1d: _max_pool, nn.MaxPool2d: _max_pool, nn.AvgPool1d: _average_pool,
    nn.AvgPool2d: _average_pool, nn.Flatten: _flatten, Elementwise: _row, nn.GELU: _gelu,
    nn.Softmax: _normalised("Softmax"), nn.LogSoftmax: _normalised("LogSoftmax"), nn.Dropout: _unchanged,
    nn.LayerNorm: _layer_norm, nn.RMSNorm: _rms_norm, nn.PReLU: _leaky, nn.RReLU: _leaky,
    nn.Embedding: _embedding, nn.BatchNorm1d: _batch_norm, nn.BatchNorm2d: _batch_norm,
}
