"""Convolution and pooling as operators of ONNX, for a batch or one sample. (graph, layer, x) -> y.

onnxruntime has Conv in float32 only, and no AveragePool that counts the padding: these are written as Gather, of the
numbers under the kernel at each of its stops, and MatMul or ReduceSum.
"""
from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .graph import OnnxGraph, OnnxTensor


def batched(x: OnnxTensor, axes: int, write: Callable[[OnnxTensor], OnnxTensor]) -> OnnxTensor:
    """write() of a batch, also for one sample."""
    if len(x.shape) > axes + 1:
        return write(x)
    y = write(x.reshaped(1, *x.shape))
    return y.reshaped(*y.shape[1:])


def windows(graph: OnnxGraph, x: OnnxTensor, layer: Any) -> tuple[OnnxTensor, list[int]]:
    """The numbers under a kernel at each of its stops, (N, C, stops, taps), 0 on the padding; the sizes of stops."""
    np, lengths, taps = graph.np, x.shape[2:], math.prod(layer.kernel_size)
    grid = layer.grid(lengths)
    index = np.full((math.prod(grid.sizes), taps), math.prod(lengths), "int64")     # the zero behind all numbers
    places = np.arange(math.prod(lengths)).reshape(lengths)
    order = np.arange(taps).reshape(layer.kernel_size)
    for k, (inputs, kernel) in enumerate(zip(grid.inputs, grid.taps)):
        index[k, order[tuple(slice(r.start, r.stop, r.step) for r in kernel)].ravel()] = places[
            tuple(slice(r.start, r.stop, r.step) for r in inputs)].ravel()
    flat, zero = x.reshaped(*x.shape[:2], math.prod(lengths)), graph.constant(np.zeros((*x.shape[:2], 1)))
    padded = graph.node("Concat", [flat.name, zero.name], (*x.shape[:2], math.prod(lengths) + 1), axis=2)
    return padded.gathered(index, axis=2), grid.sizes


def convolution(graph: OnnxGraph, layer: Any, x: OnnxTensor) -> OnnxTensor | None:
    """Conv; in float64 MatMul, but with groups its recorded program."""
    weight = graph.weights(layer.weight)
    bias = None if layer.bias is None else graph.weights(layer.bias)
    known = graph.dtype == "float32" and not isinstance(layer.padding, str)
    if layer.groups != 1 and not known:
        return None

    def by_operator(x: OnnxTensor) -> OnnxTensor:
        inputs = [x.name, graph.constant(weight).name, *([] if bias is None else [graph.constant(bias).name])]
        sizes = (x.shape[0], layer.out_channels, *layer.grid(x.shape[2:]).sizes)
        return graph.node("Conv", inputs, sizes, kernel_shape=layer.kernel_size, strides=layer.stride,
                          pads=[*layer.padding] * 2, dilations=layer.dilation, group=layer.groups)

    def by_product(x: OnnxTensor) -> OnnxTensor:
        beneath, sizes = windows(graph, x, layer)
        n, channels, stops, taps = beneath.shape
        rows = beneath.turned(0, 2, 1, 3).reshaped(n, stops, channels * taps)
        found = rows.times(graph.constant(weight.reshape(len(weight), -1).T))
        found = found if bias is None else found + graph.constant(bias)
        return found.turned(0, 2, 1).reshaped(n, len(weight), *sizes)
    return batched(x, layer.axes, by_operator if known else by_product)


def max_pool(graph: OnnxGraph, layer: Any, x: OnnxTensor) -> OnnxTensor:
    """MaxPool."""
    return batched(x, layer.axes, lambda x: graph.node(
        "MaxPool", [x.name], (*x.shape[:2], *layer.grid(x.shape[2:]).sizes), kernel_shape=layer.kernel_size,
        strides=layer.stride, pads=[*layer.padding] * 2))


def average_pool(graph: OnnxGraph, layer: Any, x: OnnxTensor) -> OnnxTensor:
    """Sums of windows, each over its count."""
    def write(x: OnnxTensor) -> OnnxTensor:
        beneath, sizes = windows(graph, x, layer)
        count = math.prod(layer.kernel_size)
        counts = [count if layer.count_include_pad else math.prod(map(len, stop))
                  for stop in layer.grid(x.shape[2:]).inputs]
        return (beneath.summed() / graph.constant(counts)).reshaped(*x.shape[:2], *sizes)
    return batched(x, layer.axes, write)
