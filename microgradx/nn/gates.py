"""The rules of recurrent networks: from the weights, an input and a state to the next state.

    >>> from microgradx.nn.gates import tanh_rule
    >>> tanh_rule(([[1.0]], [[2.0]], [0.0], [0.0], None), [4.0], ([-2.0],))         # tanh(4 - 4)
    ([0.0],)

A rule takes the weights, an input (input_size) and a state, a tuple of lists (hidden_size), and returns the next state.
The first list of a state is the output h; an LSTM has a second one, its memory c.
"""
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..activations import relu, sigmoid
from ..ieee import kind_of
from ..ops import tanh
from .linear import linear

State = Sequence[list[Any]]
Weights = tuple[Any, Any, Any, Any, Any]        # weight_ih, weight_hh, bias_ih, bias_hh, weight_hr; the last 3 or None
Rule = Callable[[Weights, list[Any], State], State]


def _gates(weights: Weights, x: list[Any], h: list[Any], rows: slice = slice(None)) -> list[Any]:
    """weight_ih x + bias_ih + weight_hh h + bias_hh for some rows of the weights: one node for each row."""
    from_x, from_h, bias_x, bias_h = (part and part[rows] for part in weights[:4])
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
    gates = [*map(sigmoid, _gates(weights, x, h, slice(2 * size)))]
    from_x, from_h, bias_x, bias_h = (part and part[2 * size:] for part in weights[:4])
    new = [tanh(a + gate * b) for a, gate, b in zip(linear(x, from_x, bias_x), gates, linear(h, from_h, bias_h))]
    return ([(1 - z) * n + z * old for n, z, old in zip(new, gates[size:], h)],)


def lstm_rule(weights: Weights, x: list[Any], state: State) -> State:
    """Gates i (in), f (forget), g (new), o (out): c' = f*c + i*g, h' = o*tanh(c') (Hochreiter & Schmidhuber 1997).

    With weight_hr h' is weight_hr (o*tanh(c')), with fewer numbers than c' (Sak et al. 2014).
    """
    (h, c), size = state, len(state[1])
    gates = _gates(weights, x, h)
    i, f, g, o = (gates[k * size:(k + 1) * size] for k in range(4))
    memory = [sigmoid(forget) * old + sigmoid(enter) * tanh(new) for forget, old, enter, new in zip(f, c, i, g)]
    shown = [sigmoid(out) * tanh(m) for out, m in zip(o, memory)]
    return shown if weights[4] is None else linear(shown, weights[4]), memory


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
        raise ValueError(f"{kind_of(owner)}: expected nonlinearity 'tanh' or 'relu', got {nonlinearity!r}")
    return ELMAN[nonlinearity]
