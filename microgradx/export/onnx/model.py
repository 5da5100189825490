"""to_onnx(): a function or Module as a file of standard operators, the extra "onnx".

    model = to_onnx(Sequential(Linear(2, 3), Tanh()), [0.5, -1.0])
    open("net.onnx", "wb").write(model.SerializeToString())
"""
from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any, Literal

from ... import nn
from ...conversion import listed
from ...extras import install
from ...ieee import kind_of
from ...nn.activation import Elementwise
from ...nn.shapes import nested
from ...recording import no_grad
from ..recorded import labels
from . import layers, sequences, windows
from .graph import OnnxGraph, OnnxTensor
from .programs import recorded, tensors

OPSET = 17


def to_onnx(f: Callable[..., Any], *example: Any, dtype: Literal["float64", "float32"] = "float64") -> Any:
    """An onnx.ModelProto that computes f, a Module or function, for arguments of the shapes of `example`.

    Inputs are named as f names them, the parts of a tuple x0, x1, ...; the output is y, those of a tuple y0, y1, ... An
    int, a bool or a str is a part of the file; a list of ints is an input. Parameters and what f closes over are
    constants.

    float64 has the numbers of f to 1e-12 of the largest, float32 to 1e-6. Layers of nn are standard operators where
    onnxruntime has them (in float64 it has no Conv, RNN, GRU and LSTM); all else is a recorded program, many operations
    of one row at once.

    ImportError without onnx. TypeError, with the name, for a layer that draws random numbers or takes the statistics of
    a batch (write model.eval()), for a row that onnxruntime does not have (erfc in float64: GELU), and for arguments
    and results without a shape; ValueError for an example that the model refuses; TracingError where jit refuses f.

    >>> to_onnx(2.0, [1.0])
    Traceback (most recent call last):
    TypeError: expected a function or a Module to export, got float
    """
    if not callable(f):
        raise TypeError(f"expected a function or a Module to export, got {kind_of(f)}")
    if dtype not in ("float64", "float32"):
        raise ValueError(f"expected dtype 'float64' or 'float32', got {dtype!r}")
    try:
        import numpy as np
        import onnx
    except ImportError:
        raise ImportError(f"to_onnx needs onnx; write {install('onnx')}") from None
    example = tuple(listed(list(example)))
    if isinstance(f, nn.Module):
        with no_grad():
            copy.deepcopy(f).eval()(*example)                   # refuses an example of another shape
    graph = OnnxGraph(onnx, np, dtype)
    args = [graph.input(name, x) for name, x in zip(labels(f, example), example)]
    found = list(tensors(written(graph, f, args, example)))
    names = _names([x.name for x in graph.inputs], len(found))
    graph.nodes += [onnx.helper.make_node("Identity", [x.name], [name]) for x, name in zip(found, names)]
    outputs = [onnx.helper.make_tensor_value_info(name, graph.kind, x.shape) for x, name in zip(found, names)]
    inner = onnx.helper.make_graph(graph.nodes, "microgradx", graph.inputs, outputs, graph.constants)
    made = onnx.helper.make_model(inner, producer_name="microgradx", ir_version=8,
                                  opset_imports=[onnx.helper.make_opsetid("", OPSET)])
    onnx.checker.check_model(made)
    return made


def _names(taken: Sequence[str], count: int) -> list[str]:
    """The names of outputs: y, or y0, y1, ..., and y_ where an input has such a name."""
    stem = "y"
    while any(name.startswith(stem) for name in taken):
        stem += "_"
    return [stem] if count == 1 else [f"{stem}{k}" for k in range(count)]


def written(graph: OnnxGraph, f: Any, args: list[Any], example: Any = None) -> Any:
    """The results of a layer or function at tensors."""
    kind = type(f)
    if getattr(nn, kind.__name__, None) is kind:                # nn's own: a subclass may have another forward()
        for known, write in LAYERS.items():
            if isinstance(f, known) and (found := write(graph, f, *args)) is not None:
                return found
    return recorded(graph, f, _zeros(args) if example is None else example, args)


def _zeros(tree: Any) -> Any:
    """An example for tensors."""
    if isinstance(tree, OnnxTensor):
        return nested(tree.shape, float)
    return type(tree)(map(_zeros, tree)) if isinstance(tree, (list, tuple)) else tree


def _in_order(graph: OnnxGraph, layer: nn.Sequential, x: Any) -> Any:
    for inner in layer:
        x = written(graph, inner, [x])
    return x


def _residual(graph: OnnxGraph, layer: nn.Residual, x: OnnxTensor) -> Any:
    return x + _in_order(graph, layer, x)


LAYERS: dict[type[nn.Module], Any] = {
    nn.Residual: _residual, nn.Sequential: _in_order, nn.Linear: layers.linear, nn.Flatten: layers.flatten,
    nn.Conv1d: windows.convolution, nn.Conv2d: windows.convolution,
    nn.MaxPool1d: windows.max_pool, nn.MaxPool2d: windows.max_pool,
    nn.AvgPool1d: windows.average_pool, nn.AvgPool2d: windows.average_pool,
    Elementwise: layers.row, nn.GELU: layers.gelu, nn.PReLU: layers.leaky, nn.RReLU: layers.leaky,
    nn.Softmax: layers.normalised("Softmax"), nn.LogSoftmax: layers.normalised("LogSoftmax"),
    nn.LayerNorm: layers.layer_norm, nn.RMSNorm: layers.rms_norm, nn.Dropout: layers.dropout,
    nn.BatchNorm1d: layers.batch_norm, nn.BatchNorm2d: layers.batch_norm, nn.Embedding: layers.embedding,
    nn.RNN: sequences.recurrent, nn.GRU: sequences.recurrent, nn.LSTM: sequences.recurrent,
    nn.MultiheadAttention: sequences.attention, nn.TransformerEncoderLayer: sequences.encoder,
}
