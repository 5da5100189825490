"""RNNCell, GRUCell, LSTMCell: one step of a recurrent network. The layers over sequences are in sequences.py.

    >>> from microgradx.nn import RNNCell
    >>> cell = RNNCell(3, 2)
    >>> h = cell([1.0, 0.0, 0.0])                       # the first state is zeros
    >>> h = cell([0.0, 1.0, 0.0], h)
    >>> len(h)
    2

A rule takes the weights, an input (input_size) and a state, a tuple of lists (hidden_size), and returns the next state.
The first list of a state is the output h; an LSTM has a second one, its memory c.
"""
import math
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

from ..activations import relu, sigmoid
from ..ieee import short
from ..ops import tanh
from . import init
from .linear import linear
from .module import Module
from .shapes import Nested, expect, nested, positive

State = Sequence[list[Any]]
Weights = tuple[Any, Any, Any, Any]             # weight_ih, weight_hh, bias_ih, bias_hh; the biases may be None
Rule = Callable[[Weights, list[Any], State], State]
NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


# The rules -----------------------------------------------------------------------------------------------------

def _gates(weights: Weights, x: list[Any], h: list[Any], rows: slice = slice(None)) -> list[Any]:
    """weight_ih x + bias_ih + weight_hh h + bias_hh for some rows of the weights: one node for each row."""
    from_x, from_h, bias_x, bias_h = (part and part[rows] for part in weights)
    if bias_x is None:
        return linear([*x, *h], [[*i, *j] for i, j in zip(from_x, from_h)])
    return linear([*x, *h, 1.0], [[*i, *j, b] for i, j, b in zip(from_x, from_h, bias_x)], bias_h)


def tanh_rule(weights: Weights, x: list[Any], state: State) -> State:
    """h' = tanh(gates): Elman's network."""
    return ([tanh(a) for a in _gates(weights, x, state[0])],)


def relu_rule(weights: Weights, x: list[Any], state: State) -> State:
    """h' = relu(gates)."""
    return ([relu(a) for a in _gates(weights, x, state[0])],)


def gru_rule(weights: Weights, x: list[Any], state: State) -> State:
    """Gates r (reset), z (keep), n (new), stacked in this order: h' = (1 - z)*n + z*h (Cho et al. 2014)."""
    h, size = state[0], len(state[0])
    r, z = (list(map(sigmoid, _gates(weights, x, h, rows))) for rows in (slice(size), slice(size, 2 * size)))
    from_x, from_h, bias_x, bias_h = (part and part[2 * size:] for part in weights)
    new = [tanh(a + gate * b) for a, gate, b in zip(linear(x, from_x, bias_x), r, linear(h, from_h, bias_h))]
    return ([n + keep * (old - n) for n, keep, old in zip(new, z, h)],)


def lstm_rule(weights: Weights, x: list[Any], state: State) -> State:
    """Gates i (in), f (forget), g (new), o (out): c' = f*c + i*g, h' = o*tanh(c') (Hochreiter & Schmidhuber 1997)."""
    (h, c), size = state, len(state[0])
    gates = _gates(weights, x, h)
    i, f, g, o = (gates[k * size:(k + 1) * size] for k in range(4))
    memory = [sigmoid(forget) * old + sigmoid(enter) * tanh(new) for forget, old, enter, new in zip(f, c, i, g)]
    return [sigmoid(out) * tanh(m) for out, m in zip(o, memory)], memory


class Kind(NamedTuple):
    """A kind of recurrent network: its rule, the gates of each unit, the number of parts of its state."""

    rule: Rule
    gates: int
    parts: int


ELMAN = {"tanh": Kind(tanh_rule, 1, 1), "relu": Kind(relu_rule, 1, 1)}
GATED = Kind(gru_rule, 3, 1)
MEMORY = Kind(lstm_rule, 4, 2)


def elman(owner: object, nonlinearity: str) -> Kind:
    """The kind of an RNN. ValueError for a nonlinearity other than tanh and relu."""
    if nonlinearity not in ELMAN:
        raise ValueError(f"{type(owner).__name__}: expected nonlinearity 'tanh' or 'relu', got {nonlinearity!r}")
    return ELMAN[nonlinearity]


# The cells -----------------------------------------------------------------------------------------------------

class Recurrent(Module):
    """The base of cells and layers: sizes, weights, and the forms of a state."""

    def __init__(self, kind: Kind, input_size: int, hidden_size: int, bias: bool) -> None:
        positive(self, input_size=input_size, hidden_size=hidden_size)
        self.kind, self.input_size, self.hidden_size, self.bias = kind, input_size, hidden_size, bias

    def make_weights(self, inputs: int, suffix: str = "") -> None:
        """Set the four weights, uniform within ±1/sqrt(hidden_size); without bias the biases are None."""
        rows, bound = self.kind.gates * self.hidden_size, 1 / math.sqrt(self.hidden_size)
        for name, sizes in zip(NAMES, ((rows, inputs), (rows, self.hidden_size), (rows,), (rows,))):
            wanted = self.bias or name.startswith("weight")
            setattr(self, name + suffix, init.uniform_(init.parameter(*sizes), -bound, bound) if wanted else None)

    def weights(self, suffix: str = "") -> Weights:
        """The four weights."""
        w_ih, w_hh, b_ih, b_hh = (getattr(self, name + suffix) for name in NAMES)
        return w_ih, w_hh, b_ih, b_hh

    def opened(self, hx: Nested, *sizes: int) -> tuple[Nested, ...]:
        """The parts of a state as a tuple, each of these sizes; zeros if hx is None. ValueError for another form."""
        if hx is None:
            return tuple(nested(sizes, float) for _ in range(self.kind.parts))
        if self.kind.parts == 1:
            hx = (hx,)
        elif not isinstance(hx, (list, tuple)) or len(hx) != self.kind.parts:
            raise ValueError(f"{type(self).__name__}: expected the state (h, c), got {short(hx)}")
        for part in hx:
            expect(f"{type(self).__name__} state", part, sizes)
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
        state = self.opened(hx, *sizes[:-1], self.hidden_size)
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
