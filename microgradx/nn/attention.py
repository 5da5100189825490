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
from typing import Any

from ..activations import softmax
from ..reductions import dot, sum
from . import init
from .linear import Linear, linear
from .module import Module
from .shapes import Nested, expect, positive, swapped

Mask = list[list[bool]] | None


def attend(query: list[Any], keys: list[Any], values: list[Any]) -> tuple[list[Any], list[Any]]:
    """softmax(query·keys / sqrt(d)) values, for one query: the weighted mean of the values, and its weights.

    query (d), keys (S, d), values (S, e) to (e) and the weights (S). Source: Vaswani et al. 2017.

    >>> attend([0.0], [[1.0], [2.0]], [[10.0], [20.0]])
    ([15.0], [0.5, 0.5])
    """
    scale = 1 / math.sqrt(len(query))
    shares = softmax([dot(query, key) * scale for key in keys])
    return [dot(shares, column) for column in zip(*values)], shares


class MultiheadAttention(Module):
    """num_heads attentions in parallel, each on its part of embed_dim numbers. As torch.nn.MultiheadAttention.

    ValueError unless embed_dim is a multiple of num_heads. Source: Vaswani et al. 2017.
    in_proj_weight (3*embed_dim, embed_dim) and in_proj_bias (3*embed_dim) make queries, keys and values; out_proj is a
    Linear. With batch_first=False, torch's default, a batch is (L, N, embed_dim).

    >>> from microgradx.nesting import shape
    >>> x = [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]
    >>> output, weights = MultiheadAttention(embed_dim=4, num_heads=2)(x, x, x)
    >>> shape(output), shape(weights)
    ((3, 4), (3, 3))
    """

    def __init__(self, embed_dim: int, num_heads: int, bias: bool = True, batch_first: bool = False) -> None:
        positive(self, embed_dim=embed_dim, num_heads=num_heads)
        if embed_dim % num_heads:
            raise ValueError(f"MultiheadAttention: expected embed_dim to be a multiple of num_heads, got {embed_dim} "
                             f"and {num_heads}")
        self.embed_dim, self.num_heads, self.batch_first = embed_dim, num_heads, batch_first
        self.in_proj_weight = init.xavier_uniform_(init.parameter(3 * embed_dim, embed_dim))
        self.in_proj_bias = init.parameter(3 * embed_dim) if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias)
        if self.out_proj.bias is not None:
            init.zeros_(self.out_proj.bias)

    def forward(self, query: Nested, key: Nested, value: Nested, need_weights: bool = True, attn_mask: Mask = None,
                is_causal: bool = False) -> tuple[Nested, Nested]:
        """query (L, E), key and value (S, E) to the output (L, E) and the weights (L, S), the mean over all heads.

        ValueError if the mask hides all keys from a query. A batch: (L, N, E) and (S, N, E) to (L, N, E) and (N, L, S);
        with batch_first N comes first everywhere. attn_mask (L, S): True hides a key from a query. is_causal hides all
        later places (torch requires the mask too). Without need_weights the weights are None.
        """
        batch = ("N", "L") if self.batch_first else ("L", "N")
        sizes = expect(self, query, ("L", self.embed_dim), (*batch, self.embed_dim))
        time = 1 if self.batch_first and len(sizes) == 3 else 0
        others = expect(self, key, (*sizes[:time], "S", *sizes[time + 1:]))
        expect(self, value, others)
        visible = self._visible(sizes[time], others[time], attn_mask, is_causal)
        if len(sizes) == 2:
            return self._sample(query, key, value, visible, need_weights)
        if not self.batch_first:
            query, key, value = swapped(query), swapped(key), swapped(value)
        found = [self._sample(*sample, visible, need_weights) for sample in zip(query, key, value)]
        outputs = [output for output, _ in found]
        weights = [shares for _, shares in found] if need_weights else None
        return outputs if self.batch_first else swapped(outputs), weights

    def _visible(self, queries: int, keys: int, attn_mask: Mask, is_causal: bool) -> list[list[int]]:
        """For each query the keys that are not hidden; hidden ones are not computed. ValueError if all are hidden."""
        if attn_mask is None:
            attn_mask = [[False] * keys] * queries
        expect("attn_mask", attn_mask, (queries, keys))
        if not all(isinstance(hidden, bool) for row in attn_mask for hidden in row):
            raise TypeError("attn_mask: expected rows of bools, True where a query may not look")
        visible = [[j for j in range(keys) if not row[j] and not (is_causal and j > i)]
                   for i, row in enumerate(attn_mask)]
        if not all(visible):
            raise ValueError(f"attn_mask: query {visible.index([])} may look at no key; leave it at least one")
        return visible

    def _sample(self, query: Nested, key: Nested, value: Nested, visible: list[list[int]],
                need_weights: bool) -> tuple[Nested, Nested]:
        """Output and weights of one sample, from query (L, E), key and value (S, E)."""
        q, k, v = (self._projected(xs, part) for part, xs in enumerate((query, key, value)))
        size = self.embed_dim // self.num_heads
        heads = [slice(start, start + size) for start in range(0, self.embed_dim, size)]
        outputs, weights = [], []
        for row, seen in zip(q, visible):
            found = [attend(row[head], [k[j][head] for j in seen], [v[j][head] for j in seen]) for head in heads]
            outputs.append([y for taken, _ in found for y in taken])
            if need_weights:
                means = {j: sum(shares) / self.num_heads for j, *shares in zip(seen, *[s for _, s in found])}
                weights.append([means.get(j, 0.0) for j in range(len(key))])
        return self.out_proj(outputs), weights if need_weights else None

    def _projected(self, xs: list[Any], part: int) -> list[Any]:
        """Queries, keys or values (part 0, 1, 2): the inputs times their third of in_proj_weight."""
        rows = slice(part * self.embed_dim, (part + 1) * self.embed_dim)
        bias = None if self.in_proj_bias is None else self.in_proj_bias[rows]
        return linear(xs, self.in_proj_weight[rows], bias, depth=1)

    def extra_repr(self) -> str:
        """Its sizes."""
        return f"{self.embed_dim}, {self.num_heads}{', batch_first=True' * self.batch_first}"
