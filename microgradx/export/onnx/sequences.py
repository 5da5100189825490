"""Recurrent layers, attention and the encoder layer as operators of ONNX. (graph, layer, *arguments) -> results.

onnxruntime has RNN, GRU and LSTM in float32 only; in float64 they are written as their recorded program (None here).
"""
from __future__ import annotations

import math
from typing import Any

from ... import nn
from ...nn.gates import ELMAN
from ...nn.masks import terms
from ...nn.transformer import ACTIVATIONS
from .graph import OnnxGraph, OnnxTensor
from .layers import affine, layer_norm, linear, refuse_dropout

# The gates of a unit in the order of ONNX, by their places in torch's: GRU (r, z, n) to (z, r, n), LSTM (i, f, g, o) to
# (i, o, f, g).
ORDER: dict[type[nn.Module], list[int]] = {nn.RNN: [0], nn.GRU: [1, 0, 2], nn.LSTM: [0, 3, 1, 2]}


def recurrent(graph: OnnxGraph, layer: Any, x: OnnxTensor, hx: Any = None) -> Any:
    """RNN, GRU or LSTM, one node for each layer: the outputs and the last state."""
    if layer.num_layers > 1:
        refuse_dropout(layer, layer.dropout)
    if graph.dtype != "float32" or layer.proj_size:
        return None
    single, ways, size = len(x.shape) == 2, len(layer.ways), layer.hidden_size
    x = x.reshaped(x.shape[0], 1, x.shape[1]) if single else x.turned(1, 0, 2) if layer.batch_first else x
    time, samples = x.shape[:2]
    states: tuple[Any, ...] = (None,) * layer.kind.parts if hx is None else (hx,) if layer.kind.parts == 1 else hx
    ends: list[list[OnnxTensor]] = []
    for k in range(layer.num_layers):
        first = [None if part is None else part.reshaped(ways * layer.num_layers, samples, size).gathered(
            graph.np.arange(k * ways, (k + 1) * ways)) for part in states]
        y, *end = graph.many(type(layer).__name__, [x.name, *_weights(graph, layer, k), *_given(first)],
                             [(time, ways, samples, size), *[(ways, samples, size)] * len(states)],
                             hidden_size=size, direction="bidirectional" if layer.bidirectional else "forward",
                             **_options(layer))
        ends.append(end)
        x = y.turned(0, 2, 1, 3).reshaped(time, samples, ways * size)
    sizes = (layer.num_layers * ways, samples, size)
    last = [graph.node("Concat", [part.name for part in parts], sizes, axis=0) for parts in zip(*ends)]
    if single:
        x, last = x.reshaped(time, ways * size), [part.reshaped(sizes[0], size) for part in last]
    elif layer.batch_first:
        x = x.turned(1, 0, 2)
    return x, layer.closed(last)


def _weights(graph: OnnxGraph, layer: Any, k: int) -> list[str]:
    """W, R and B of one layer, for each direction."""
    np, size = graph.np, layer.hidden_size

    def ordered(array: Any) -> Any:
        return np.concatenate([array[g * size:(g + 1) * size] for g in ORDER[type(layer)]])
    found: list[list[Any]] = [[], [], []]
    for way in layer.ways:
        w_ih, w_hh, b_ih, b_hh, _ = layer.weights(f"_l{k}{way}")
        none = np.zeros(layer.kind.gates * size)
        biases = [none if b is None else ordered(graph.weights(b)) for b in (b_ih, b_hh)]
        for part, array in zip(found, (ordered(graph.weights(w_ih)), ordered(graph.weights(w_hh)),
                                       np.concatenate(biases))):
            part.append(array)
    return [graph.constant(np.stack(part)).name for part in found]


def _given(states: list[Any]) -> list[str]:
    """First states as inputs of a node; the empty name is sequence_lens, which all samples share."""
    return [] if states[0] is None else ["", *[part.name for part in states]]


def _options(layer: Any) -> dict[str, Any]:
    if isinstance(layer, nn.RNN):
        return {"activations": ["Tanh" if layer.kind is ELMAN["tanh"] else "Relu"] * len(layer.ways)}
    return {"linear_before_reset": 1} if isinstance(layer, nn.GRU) else {}


def attention(graph: OnnxGraph, layer: nn.MultiheadAttention, query: OnnxTensor, key: OnnxTensor, value: OnnxTensor,
              key_padding_mask: Any = None, need_weights: bool = True, attn_mask: Any = None,
              average_attn_weights: bool = True, is_causal: bool = False) -> tuple[Any, Any]:
    """MatMul and Softmax for all heads at once: the output and the weights."""
    refuse_dropout(layer, layer.dropout)
    single, width, heads = len(query.shape) == 2, layer.embed_dim, layer.num_heads
    xs = [x.reshaped(1, *x.shape) if single else x if layer.batch_first else x.turned(1, 0, 2)
          for x in (query, key, value)]
    samples, queries, keys = xs[0].shape[0], xs[0].shape[1], xs[1].shape[1]
    weight = graph.weights(layer.in_proj_weight)
    bias = None if layer.in_proj_bias is None else graph.weights(layer.in_proj_bias)
    q, k, v = (affine(graph, x, weight[rows], None if bias is None else bias[rows]).reshaped(
        samples, x.shape[1], heads, width // heads).turned(0, 2, 1, 3)
        for x, rows in zip(xs, (slice(width), slice(width, 2 * width), slice(2 * width, None))))
    scores = q.times(k.turned(0, 1, 3, 2)) * (1 / math.sqrt(width // heads))
    if key_padding_mask is not None:
        each = 1 if single else samples
        scores = scores + _mask(graph, "key_padding_mask", key_padding_mask).reshaped(each, 1, 1, keys)
    if attn_mask is not None:
        mask = _mask(graph, "attn_mask", attn_mask)
        scores = scores + (mask if len(mask.shape) == 2 else mask.reshaped(samples, heads, queries, keys))
    if is_causal:
        scores = scores + graph.constant(graph.np.triu(graph.np.full((queries, keys), -math.inf), 1))
    shares = graph.node("Softmax", [scores.name], scores.shape, axis=-1)
    output = linear(graph, layer.out_proj, shares.times(v).turned(0, 2, 1, 3).reshaped(samples, queries, width))
    if average_attn_weights:
        shares = graph.node("ReduceMean", [shares.name], (samples, queries, keys), axes=[1], keepdims=0)
    if single:
        output, shares = output.reshaped(queries, width), shares.reshaped(*shares.shape[1:])
    elif not layer.batch_first:
        output = output.turned(1, 0, 2)
    return output, shares if need_weights else None


def _mask(graph: OnnxGraph, name: str, mask: Any) -> OnnxTensor:
    """What is added to scores: an input of floats, or a constant of bools."""
    return mask if isinstance(mask, OnnxTensor) else graph.constant(terms(name, mask, ("*",)))


def encoder(graph: OnnxGraph, layer: nn.TransformerEncoderLayer, src: OnnxTensor, src_mask: Any = None,
            src_key_padding_mask: Any = None, is_causal: bool = False) -> Any:
    """Attention and two Linears; with an activation of the user's None."""
    if layer.activation not in ACTIVATIONS.values():
        return None
    for drop in (layer.dropout, layer.dropout1, layer.dropout2):
        refuse_dropout(drop, drop.p)

    def attended(x: OnnxTensor) -> Any:
        return attention(graph, layer.self_attn, x, x, x, src_key_padding_mask, False, src_mask, True, is_causal)[0]

    def fed(x: OnnxTensor) -> Any:
        return linear(graph, layer.linear2, layer.activation(linear(graph, layer.linear1, x)))
    if layer.norm_first:
        x = src + attended(layer_norm(graph, layer.norm1, src))
        return x + fed(layer_norm(graph, layer.norm2, x))
    x = layer_norm(graph, layer.norm1, src + attended(src))
    return layer_norm(graph, layer.norm2, x + fed(x))
