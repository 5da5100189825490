"""Embedding: a table of vectors, one for each word of a vocabulary.

    >>> from microgradx.nn import Embedding
    >>> words = Embedding(3, 2)
    >>> words(1)[0] is words.weight[1][0]               # a plain index returns the row itself
    True
    >>> len(words([2, 0, 2]))
    3
"""
from typing import Any

from ..ieee import short
from ..ops import detach
from ..reductions import take
from . import init
from .module import Module
from .shapes import Nested, each, positive


class Embedding(Module):
    """Row i of weight for each index i: (*) to (*, embedding_dim). As torch.nn.Embedding.

    IndexError unless an index is a whole number from 0 to num_embeddings - 1. weight (num_embeddings, embedding_dim) is
    first drawn from a normal distribution. A plain index picks the row without a node; an index that is a Value is
    recorded, so that a compiled program looks it up when it runs. The row padding_idx, for places without a word, is
    first zeros and gets no gradient.

    >>> words = Embedding(10, 2)
    >>> words.load_state_dict({"weight": [[i, -i] for i in range(10)]})
    >>> [[v.data for v in vector] for vector in words([3, 1])]
    [[3.0, -3.0], [1.0, -1.0]]
    """

    def __init__(self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None) -> None:
        positive(self, num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        if padding_idx is not None and (type(padding_idx) is not int
                                        or not -num_embeddings <= padding_idx < num_embeddings):
            raise ValueError(f"Embedding: expected a whole number from {-num_embeddings} to {num_embeddings - 1} as "
                             f"padding_idx, or None, got {short(padding_idx)}")
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        self.weight = init.normal_(init.parameter(num_embeddings, embedding_dim))
        if self.padding_idx is not None:
            init.zeros_(self.weight[self.padding_idx])

    def forward(self, i: Nested) -> Nested:
        """(*) to (*, embedding_dim)."""
        table = self.weight
        if self.padding_idx is not None:
            k = self.padding_idx
            table = [*table[:k], list(map(detach, table[k])), *table[k + 1:]]
        return each(lambda one: self._row(table, one), i)

    def _row(self, table: list[Any], i: Any) -> list[Any]:
        try:
            return list(take(table, i))
        except IndexError:
            raise IndexError(f"Embedding: expected whole numbers from 0 to {self.num_embeddings - 1} as indices, "
                             f"got {i}") from None

    def extra_repr(self) -> str:
        """Its sizes."""
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"
