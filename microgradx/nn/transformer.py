"""TransformerEncoderLayer: attention, then two Linears for each place, each added to what came in.

    >>> from microgradx.nesting import shape
    >>> from microgradx.nn import TransformerEncoderLayer
    >>> layer = TransformerEncoderLayer(d_model=4, nhead=2, dim_feedforward=8).eval()
    >>> shape(layer([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]]))
    (2, 4)

Source: Vaswani et al. 2017.
"""
from collections.abc import Callable
from typing import Any, Literal

from ..activations import gelu, relu
from ..ieee import short
from .attention import MultiheadAttention
from .dropout import Dropout
from .linear import Linear
from .masks import Mask
from .module import Module
from .normalisation import LayerNorm
from .shapes import Nested, added, each

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {"relu": relu, "gelu": gelu}


class TransformerEncoderLayer(Module):
    """norm1(x + attention(x)), then norm2(x + feed-forward(x)): (L, E) or a batch. As torch.nn.TransformerEncoderLayer.

    d_model is E, dim_feedforward the width between linear1 and linear2. With norm_first the norms come before attention
    and feed-forward (Xiong et al. 2020). activation: "relu", "gelu", or a function of one number. A batch is (L, N, E),
    with batch_first (N, L, E).

    ValueError for another activation or shape, and unless d_model is a multiple of nhead.

    >>> layer = TransformerEncoderLayer(2, 1, dim_feedforward=1)
    >>> [name for name, _ in layer.named_parameters()][:3], len(layer.parameters())
    (['self_attn.in_proj_weight', 'self_attn.in_proj_bias', 'self_attn.out_proj.weight'], 39)
    """

    def __init__(self, d_model: int, nhead: int, dim_feedforward: int = 2048, dropout: float = 0.1,
                 activation: Literal["relu", "gelu"] | Callable[[Any], Any] = "relu", layer_norm_eps: float = 1e-5,
                 batch_first: bool = False, norm_first: bool = False, bias: bool = True) -> None:
        if not callable(activation) and activation not in ACTIVATIONS:
            raise ValueError(f"TransformerEncoderLayer: expected activation 'relu', 'gelu' or a function, got "
                             f"{short(activation)}")
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first)
        self.linear1 = Linear(d_model, dim_feedforward, bias)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias)
        self.norm_first = norm_first
        self.norm1, self.norm2 = (LayerNorm(d_model, layer_norm_eps, bias=bias) for _ in range(2))
        self.dropout1, self.dropout2 = Dropout(dropout), Dropout(dropout)
        self.activation = activation if callable(activation) else ACTIVATIONS[activation]

    def forward(self, src: Nested, src_mask: Mask = None, src_key_padding_mask: Mask = None,
                is_causal: bool = False) -> Nested:
        """(L, E) or a batch, the same out. The masks are attn_mask and key_padding_mask of MultiheadAttention."""
        def attended(x: Nested) -> Nested:
            return self.dropout1(self.self_attn(x, x, x, key_padding_mask=src_key_padding_mask, need_weights=False,
                                                attn_mask=src_mask, is_causal=is_causal)[0])

        def fed(x: Nested) -> Nested:
            return self.dropout2(self.linear2(self.dropout(each(self.activation, self.linear1(x)))))
        if self.norm_first:
            x = added(src, attended(self.norm1(src)))
            return added(x, fed(self.norm2(x)))
        x = self.norm1(added(src, attended(src)))
        return self.norm2(added(x, fed(x)))
