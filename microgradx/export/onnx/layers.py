"""Layers that are few operators of ONNX: Linear, activations, norms, Dropout, Embedding. (graph, layer, x) -> y.

An activation is written from its row of the table. None in place of y: this layer is written as its recorded program.
"""
from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ... import activations, nn, ops
from ...ieee import kind_of
from ...nn.activation import Elementwise
from .graph import OnnxGraph, OnnxTensor


def linear(graph: OnnxGraph, layer: nn.Linear, x: OnnxTensor) -> Any:
    """x times the weight, turned, plus the bias."""
    return affine(graph, x, graph.weights(layer.weight), None if layer.bias is None else graph.weights(layer.bias))


def affine(graph: OnnxGraph, x: OnnxTensor, weight: Any, bias: Any) -> Any:
    """The same by arrays: weight (out, in), bias (out) or None."""
    y = x.times(graph.constant(weight.T))
    return y if bias is None else y + graph.constant(bias)


def flatten(graph: OnnxGraph, layer: nn.Flatten, x: OnnxTensor) -> OnnxTensor:
    """All axes from the first one that is flattened as one."""
    start = layer.start_dim
    return x.reshaped(*x.shape[:start], math.prod(x.shape[start:]))


def row(graph: OnnxGraph, layer: Elementwise, x: OnnxTensor) -> Any:
    """The row of an activation."""
    return layer.row(x, *layer.constants)


def gelu(graph: OnnxGraph, layer: nn.GELU, x: OnnxTensor) -> Any:
    """One of two rows."""
    chosen: Any = activations.gelu_tanh if layer.approximate == "tanh" else activations.gelu
    return chosen(x)


def normalised(op: str) -> Callable[[OnnxGraph, Any, OnnxTensor], OnnxTensor]:
    """Softmax and its kin, over the last axis."""
    return lambda graph, layer, x: graph.node(op, [x.name], x.shape, axis=-1)


def dropout(graph: OnnxGraph, layer: nn.Dropout, x: OnnxTensor) -> OnnxTensor:
    """Nothing, unless it trains."""
    refuse_dropout(layer, layer.p)
    return x


def refuse_dropout(layer: nn.Module, p: float) -> None:
    """TypeError if a layer draws random numbers in its present mode."""
    if layer.training and p:
        raise TypeError(f"{kind_of(layer)} draws random numbers while training; write model.eval()")


def mean(graph: OnnxGraph, layer: Any, x: OnnxTensor) -> OnnxTensor:
    """The mean over the axes of normalized_shape, each kept as one of size 1."""
    count = len(layer.normalized_shape)
    return graph.node("ReduceMean", [x.name], (*x.shape[:-count], *[1] * count), axes=[-k - 1 for k in range(count)])


def layer_norm(graph: OnnxGraph, layer: nn.LayerNorm, x: OnnxTensor) -> Any:
    """Not LayerNormalization, whose epsilon is a float32."""
    return rms_norm(graph, layer, x - mean(graph, layer, x))


def rms_norm(graph: OnnxGraph, layer: Any, x: OnnxTensor) -> Any:
    """x over its root mean square."""
    y = x / ops.sqrt(mean(graph, layer, x * x) + layer.eps)
    y = y if layer.weight is None else y * graph.constant(graph.weights(layer.weight))
    return y if layer.bias is None else y + graph.constant(graph.weights(layer.bias))


def leaky(graph: OnnxGraph, layer: Any, x: OnnxTensor) -> Any:
    """PReLU and RReLU: the row with the slopes that they have."""
    if isinstance(layer, nn.RReLU):
        if layer.training:
            raise TypeError("RReLU draws random numbers while training; write model.eval()")
        return activations.leaky_relu(x, (layer.lower + layer.upper) / 2)
    size = (1, layer.num_parameters, *[1] * (len(x.shape) - 2)) if layer.num_parameters > 1 else (1,)
    return activations.leaky_relu(x, graph.constant(graph.weights(layer.weight).reshape(size)))


def embedding(graph: OnnxGraph, layer: nn.Embedding, x: OnnxTensor) -> Any:
    """Rows of its weight. TypeError for an example that is no whole numbers."""
    if x.name not in graph.integers:
        raise TypeError("Embedding: expected whole numbers as indices in the example")
    sizes = (*x.shape, layer.embedding_dim)
    return graph.node("Gather", [graph.constant(graph.weights(layer.weight)).name, x.name], sizes)


def batch_norm(graph: OnnxGraph, layer: Any, x: OnnxTensor) -> Any:
    """A scale and a shift for each channel, by the statistics that it keeps."""
    if layer.training:
        raise TypeError(f"{kind_of(layer)} takes the statistics of its batch while training; write model.eval()")
    if not layer.track_running_stats:
        return None
    size = (1, layer.num_features, *[1] * (len(x.shape) - 2))
    average, variance = graph.weights(layer.running_mean), graph.weights(layer.running_var)
    scale = 1 / graph.np.sqrt(variance + layer.eps) * (1.0 if layer.weight is None else graph.weights(layer.weight))
    scaled = (x - graph.constant(average.reshape(size))) * graph.constant(scale.reshape(size))
    return scaled if layer.bias is None else scaled + graph.constant(graph.weights(layer.bias).reshape(size))
