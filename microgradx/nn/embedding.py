"""Embedding: a table of vectors, one for each word of a vocabulary.

    >>> from microgradx.nn import Embedding
    >>> words = Embedding(3, 2)
    >>> words(1)[0] is words.weight[1][0]               # a plain index returns the row itself
    True
    >>> len(words([2, 0, 2]))
    3
"""
from typing import Any

from ..reductions import take
from . import init
from .module import Module
from .shapes import Nested, each, positive


class Embedding(Module):
    """Row i of weight for each index i: (*) to (*, embedding_dim). As torch.nn.Embedding.

    IndexError unless an index is a whole number from 0 to num_embeddings - 1. weight (num_embeddings, embedding_dim) is
    first drawn from a normal distribution. A plain index picks the row without a node; an index that is a Value is
    recorded, so that a compiled program looks it up when it runs.

    >>> words = Embedding(10, 2)
    >>> words.load_state_dict({"weight": [[i, -i] for i in range(10)]})
    >>> [[v.data for v in vector] for vector in words([3, 1])]
    [[3.0, -3.0], [1.0, -1.0]]
    """

    def __init__(self, num_embeddings: int, embedding_dim: int) -> None:
        positive(self, num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.weight = init.normal_(init.parameter(num_embeddings, embedding_dim))

    def forward(self, i: Nested) -> Nested:
        """(*) to (*, embedding_dim)."""
        return each(self._row, i)

    def _row(self, i: Any) -> list[Any]:
        try:
            return list(take(self.weight, i))
        except IndexError:
            raise IndexError(f"Embedding: expected whole numbers from 0 to {self.num_embeddings - 1} as indices, "
                             f"got {i}") from None

    def extra_repr(self) -> str:
        """Its sizes."""
        return f"{self.num_embeddings}, {self.embedding_dim}"
