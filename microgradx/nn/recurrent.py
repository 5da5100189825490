"""RNNCell, GRUCell, LSTMCell: one step of a recurrent network. The layers over sequences are in sequences.py.

    >>> from microgradx.nn import RNNCell
    >>> cell = RNNCell(3, 2)
    >>> h = cell([1.0, 0.0, 0.0])                       # the first state is zeros
    >>> h = cell([0.0, 1.0, 0.0], h)
    >>> len(h)
    2

The rules are in gates.py.
"""
import math
from collections.abc import Sequence
from typing import Literal

from ..ieee import kind_of, short
from . import init
from .gates import GATED, MEMORY, Kind, Weights, elman
from .module import Module
from .shapes import Nested, expect, nested, positive

NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")


class Recurrent(Module):
    """The base of cells and layers: sizes, weights, and the forms of a state."""

    proj_size = 0                               # numbers of h, if they are not hidden_size: of an LSTM

    def __init__(self, kind: Kind, input_size: int, hidden_size: int, bias: bool) -> None:
        positive(self, input_size=input_size, hidden_size=hidden_size)
        self.kind, self.input_size, self.hidden_size, self.bias = kind, input_size, hidden_size, bias

    def make_weights(self, inputs: int, suffix: str = "") -> None:
        """Set the weights, uniform within ±1/sqrt(hidden_size); those that are not wanted are None."""
        rows, bound = self.kind.gates * self.hidden_size, 1 / math.sqrt(self.hidden_size)
        shown = self.proj_size or self.hidden_size
        sizes = ((rows, inputs), (rows, shown), (rows,), (rows,), (shown, self.hidden_size))
        for name, size, wanted in zip(NAMES, sizes, (True, True, self.bias, self.bias, self.proj_size)):
            setattr(self, name + suffix, init.uniform_(init.parameter(*size), -bound, bound) if wanted else None)

    def weights(self, suffix: str = "") -> Weights:
        """The weights of one rule."""
        w_ih, w_hh, b_ih, b_hh, w_hr = (getattr(self, name + suffix) for name in NAMES)
        return w_ih, w_hh, b_ih, b_hh, w_hr

    def opened(self, hx: Nested, *sizes: int) -> tuple[Nested, ...]:
        """The parts of a state as a tuple, (*sizes, numbers) each; zeros if hx is None. ValueError for another form."""
        widths = (self.proj_size or self.hidden_size, self.hidden_size)[:self.kind.parts]
        if hx is None:
            return tuple(nested((*sizes, width), float) for width in widths)
        if self.kind.parts == 1:
            hx = (hx,)
        elif not isinstance(hx, (list, tuple)) or len(hx) != self.kind.parts:
            raise ValueError(f"{kind_of(self)}: expected the state (h, c), got {short(hx)}")
        for part, width in zip(hx, widths):
            expect(f"{kind_of(self)} state", part, (*sizes, width))
        return tuple(hx)

    def closed(self, state: Sequence[Nested]) -> Nested:
        """A state as it is returned: h alone, or the tuple (h, c)."""
        return state[0] if self.kind.parts == 1 else tuple(state)

    def extra_repr(self) -> str:
        """Its sizes."""
        return f"{self.input_size}, {self.hidden_size}{', bias=False' * (not self.bias)}"


class _Cell(Recurrent):
    """One step, for one sample or for a batch."""

    def __init__(self, kind: Kind, input_size: int, hidden_size: int, bias: bool) -> None:
        super().__init__(kind, input_size, hidden_size, bias)
        self.make_weights(input_size)

    def forward(self, x: Nested, hx: Nested = None) -> Nested:
        """(input_size) and a state of (hidden_size) to the next state; or a batch, (N, ...) each."""
        sizes = expect(self, x, (self.input_size,), ("N", self.input_size))
        state = self.opened(hx, *sizes[:-1])
        if len(sizes) == 1:
            return self.closed(self.kind.rule(self.weights(), x, state))
        states = [self.kind.rule(self.weights(), row, start) for row, *start in zip(x, *state)]
        return self.closed([list(part) for part in zip(*states)])


class RNNCell(_Cell):
    """h' = tanh(weight_ih x + bias_ih + weight_hh h + bias_hh), or relu of it. As torch.nn.RNNCell.

    weight_ih (hidden_size, input_size), weight_hh (hidden_size, hidden_size), bias_ih and bias_hh (hidden_size).

    ValueError for another nonlinearity, or another shape. Source: Elman 1990.

    >>> cell = RNNCell(2, 3)
    >>> cell, len(cell([1.0, 0.0]))
    (RNNCell(2, 3)  # 21 parameters, 3)
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True,
                 nonlinearity: Literal["tanh", "relu"] = "tanh") -> None:
        super().__init__(elman(self, nonlinearity), input_size, hidden_size, bias)


class GRUCell(_Cell):
    """A gated unit (see gru_rule); its weights have 3*hidden_size rows: r, z, n. As torch.nn.GRUCell.

    (input_size) and a state (hidden_size), zeros if not given, to the next state; or a batch, (N, ...) each.
    ValueError for another shape. Source: Cho et al. 2014.

    >>> cell = GRUCell(2, 3)
    >>> h = cell([1.0, 0.0])
    >>> len(cell.weight_ih), len(cell([0.0, 1.0], h))
    (9, 3)
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True) -> None:
        super().__init__(GATED, input_size, hidden_size, bias)


class LSTMCell(_Cell):
    """A unit with a memory (see lstm_rule); its weights have 4*hidden_size rows: i, f, g, o. As torch.nn.LSTMCell.

    The state is a tuple (h, c), of hidden_size numbers each, or of (N, hidden_size) for a batch.

    ValueError for another shape. Source: Hochreiter & Schmidhuber 1997.

    >>> cell = LSTMCell(2, 3)
    >>> h, c = cell([1.0, 0.0])
    >>> h, c = cell([0.0, 1.0], (h, c))
    >>> len(cell.weight_ih), len(h), len(c)
    (12, 3, 3)
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True) -> None:
        super().__init__(MEMORY, input_size, hidden_size, bias)
