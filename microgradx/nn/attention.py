"""MultiheadAttention: each place of a sequence takes a weighted mean over other places, by how well they match.

    >>> from microgradx.nn import MultiheadAttention
    >>> attention = MultiheadAttention(embed_dim=4, num_heads=2)
    >>> x = [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]]
    >>> output, weights = attention(x, x, x, is_causal=True)
    >>> len(output), weights[0]                             # the first place sees itself only
    (2, [Value(data=1.0, grad=0.0), 0.0])

Source: Vaswani et al. 2017.
"""
import math
from collections.abc import Sequence
from typing import Any

from ..activations import softmax
from ..reductions import dot, sum
from . import init
from .dropout import dropped, probability
from .linear import Linear, linear
from .masks import Look, Mask, views
from .module import Module
from .shapes import Nested, expect, positive, swapped


def attend(query: list[Any], keys: list[Any], values: list[Any], terms: Sequence[Any] | None = None,
           dropout: float = 0.0) -> tuple[list[Any], list[Any]]:
    """softmax(query·keys / sqrt(d) + terms) values, for one query: the weighted mean of the values, and its weights.

    query (d), keys (S, d), values (S, e) and terms (S) to (e) and the weights (S); dropout sets a share of them to 0.
    torch: scaled_dot_product_attention; source: Vaswani et al. 2017.

    >>> attend([0.0], [[1.0], [2.0]], [[10.0], [20.0]])
    ([15.0], [0.5, 0.5])
    """
    scale = 1 / math.sqrt(len(query))
    scores = [dot(query, key) * scale for key in keys]
    shares = softmax(scores if terms is None else [score + term for score, term in zip(scores, terms)])
    if dropout:
        shares = dropped(shares, dropout)
    return [dot(shares, column) for column in zip(*values)], shares


class MultiheadAttention(Module):
    """num_heads attentions in parallel, each on its part of embed_dim numbers. As torch.nn.MultiheadAttention.

    ValueError unless embed_dim is a multiple of num_heads. Source: Vaswani et al. 2017.
    in_proj_weight (3*embed_dim, embed_dim) and in_proj_bias (3*embed_dim) make queries, keys and values; out_proj is a
    Linear. dropout sets a share of the weights to 0 in training. With batch_first=False, torch's default, a batch is
    (L, N, embed_dim).

    >>> from microgradx.nesting import shape
    >>> x = [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]
    >>> output, weights = MultiheadAttention(embed_dim=4, num_heads=2)(x, x, x)
    >>> shape(output), shape(weights)
    ((3, 4), (3, 3))
    """

    def __init__(self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True,
                 batch_first: bool = False) -> None:
        positive(self, embed_dim=embed_dim, num_heads=num_heads)
        if embed_dim % num_heads:
            raise ValueError(f"MultiheadAttention: expected embed_dim to be a multiple of num_heads, got {embed_dim} "
                             f"and {num_heads}")
        self.embed_dim, self.num_heads, self.batch_first = embed_dim, num_heads, batch_first
        self.dropout = probability(self, "dropout", dropout)
        self.in_proj_weight = init.xavier_uniform_(init.parameter(3 * embed_dim, embed_dim))
        self.in_proj_bias = init.parameter(3 * embed_dim) if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias)
        if self.out_proj.bias is not None:
            init.zeros_(self.out_proj.bias)

    def forward(self, query: Nested, key: Nested, value: Nested, key_padding_mask: Mask = None,
                need_weights: bool = True, attn_mask: Mask = None, average_attn_weights: bool = True,
                is_causal: bool = False) -> tuple[Nested, Nested]:
        """query (L, E), key and value (S, E) to the output (L, E) and the weights (L, S), the mean over all heads.

        ValueError if the masks hide all keys from a query. A batch: (L, N, E) and (S, N, E) to (L, N, E) and (N, L, S);
        with batch_first N comes first everywhere.

        key_padding_mask      (S) or (N, S): True hides a key of a sample, a float is added to all scores of it
        attn_mask             (L, S) or (N*num_heads, L, S): the same of a key and a query
        is_causal             hides all later places (torch requires the mask too)
        need_weights          whether there are weights; None without
        average_attn_weights  False: the weights of all heads, (num_heads, L, S) or (N, num_heads, L, S)
        """
        batch = ("N", "L") if self.batch_first else ("L", "N")
        sizes = expect(self, query, ("L", self.embed_dim), (*batch, self.embed_dim))
        time = 1 if self.batch_first and len(sizes) == 3 else 0
        others = expect(self, key, (*sizes[:time], "S", *sizes[time + 1:]))
        expect(self, value, others)
        samples = None if len(sizes) == 2 else sizes[1 - time]
        looking = views(samples, self.num_heads, sizes[time], others[time], key_padding_mask, attn_mask, is_causal)
        if samples is None:
            query, key, value = [query], [key], [value]
        elif not self.batch_first:
            query, key, value = swapped(query), swapped(key), swapped(value)
        found = [self._sample(q, k, v, view) for q, k, v, view in zip(query, key, value, looking)]
        outputs = [output for output, _ in found]
        weights = [self._weights(shares, others[time], average_attn_weights) for _, shares in found if need_weights]
        if samples is None:
            return outputs[0], weights[0] if need_weights else None
        return outputs if self.batch_first else swapped(outputs), weights if need_weights else None

    def _sample(self, query: Nested, key: Nested, value: Nested, view: list[list[Look]]) -> tuple[Nested, Nested]:
        """The output of one sample, from query (L, E), key and value (S, E), and the weights by key for each head."""
        q, k, v = (self._projected(xs, part) for part, xs in enumerate((query, key, value)))
        size, drop = self.embed_dim // self.num_heads, self.dropout if self.training else 0.0
        outputs: list[list[Any]] = [[] for _ in q]
        weights = []
        for h in range(self.num_heads):
            head, found = slice(h * size, (h + 1) * size), []
            for output, row, (seen, added) in zip(outputs, q, view[h]):
                taken, shares = attend(row[head], [k[j][head] for j in seen], [v[j][head] for j in seen], added, drop)
                output.extend(taken)
                found.append(dict(zip(seen, shares)))
            weights.append(found)
        return self.out_proj(outputs), weights

    def _weights(self, heads: list[list[dict[int, Any]]], keys: int, average: bool) -> Nested:
        """The weights of all heads as lists over all keys, 0 where one is hidden; or their mean."""
        if not average:
            return [[[row.get(j, 0.0) for j in range(keys)] for row in rows] for rows in heads]
        return [[self._mean([row[j] for row in rows if j in row]) for j in range(keys)] for rows in zip(*heads)]

    def _mean(self, shares: list[Any]) -> Any:
        return sum(shares) / self.num_heads if shares else 0.0

    def _projected(self, xs: list[Any], part: int) -> list[Any]:
        """Queries, keys or values (part 0, 1, 2): the inputs times their third of in_proj_weight."""
        rows = slice(part * self.embed_dim, (part + 1) * self.embed_dim)
        bias = None if self.in_proj_bias is None else self.in_proj_bias[rows]
        return linear(xs, self.in_proj_weight[rows], bias, depth=1)

    def extra_repr(self) -> str:
        """Its sizes."""
        dropout = f", dropout={self.dropout}" * (self.dropout > 0)
        return f"{self.embed_dim}, {self.num_heads}{dropout}{', batch_first=True' * self.batch_first}"
