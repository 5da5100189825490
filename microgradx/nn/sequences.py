"""RNN, GRU, LSTM: recurrent layers over whole sequences, and detached(), which cuts the history of a long one.

    >>> from microgradx.nn import GRU
    >>> layer = GRU(1, 2)
    >>> output, state = layer([[0.5], [-0.5], [1.0]])       # a sequence of three inputs of one number
    >>> len(output), [h is y for h, y in zip(state[0], output[-1])]
    (3, [True, True])
"""
from typing import Any, Literal

from ..engine import Value, tracer
from ..ieee import kind_of, short
from ..nesting import leaves, rebuild
from ..ops import detach
from ..recording import scope
from ..warning import warn
from .dropout import dropped, probability
from .gates import GATED, MEMORY, Kind, State, elman
from .recurrent import Recurrent
from .shapes import Nested, expect, positive, swapped


def detached(state: Nested) -> Nested:
    """The numbers of a state as new leaves, without the graph before them. torch: state.detach().

    For truncated backpropagation through time: a text of 10,000 letters is learned in chunks. Each chunk starts from
    the state of the one before, without its graph, so that each backward() passes through one chunk only and the old
    graph is freed. Source: Williams & Peng 1990.

    >>> from microgradx.nn import RNN, detached
    >>> from microgradx import sum, tape
    >>> layer, state = RNN(1, 1), None
    >>> for chunk in ([[1.0], [2.0]], [[3.0], [4.0]], [[5.0], [6.0]]):
    ...     output, state = layer(chunk, state)
    ...     output[-1][0].backward()                    # here: compare with a target, take a step
    ...     state = detached(state)
    >>> len(tape(state[0][0]))
    1
    """
    return rebuild(state, iter([_cut(v) if isinstance(v, Value) else v for v in leaves(state)]))


def _cut(v: Value) -> Value:
    """A leaf with the number of v; while jit traces, a Value that has its number when the program runs."""
    return Value(v.data) if tracer() is None else detach(v)


class _Layers(Recurrent):
    """A rule over time, in layers: the outputs of one layer are the inputs of the next."""

    def __init__(self, kind: Kind, input_size: int, hidden_size: int, num_layers: int, bias: bool, batch_first: bool,
                 dropout: float, bidirectional: bool) -> None:
        super().__init__(kind, input_size, hidden_size, bias)
        positive(self, num_layers=num_layers)
        if probability(self, "dropout", dropout) and num_layers == 1:
            warn(f"{kind_of(self)}: dropout={dropout} is between layers, and there is one", UserWarning)
        self.num_layers, self.batch_first = num_layers, batch_first
        self.dropout, self.bidirectional = dropout, bidirectional
        self.ways = ("", "_reverse") if bidirectional else ("",)
        for k in range(num_layers):
            for way in self.ways:
                inputs = (self.proj_size or hidden_size) * len(self.ways) if k else input_size
                self.make_weights(inputs, f"_l{k}{way}")

    def forward(self, x: Nested, hx: Nested = None) -> tuple[Nested, Nested]:
        """(L, input_size) to the outputs (L, hidden_size) and the last state (num_layers, hidden_size).

        A batch: (L, N, input_size) to (L, N, hidden_size) and (num_layers, N, hidden_size); with batch_first N comes
        before L in inputs and outputs. bidirectional: 2*hidden_size outputs, 2*num_layers states, of each layer the
        forward one first. hx is the first state, by default zeros.
        """
        batch = ("N", "L") if self.batch_first else ("L", "N")
        sizes = expect(self, x, ("L", self.input_size), (*batch, self.input_size))
        passes = self.num_layers * len(self.ways)
        if len(sizes) == 2:
            outputs, end = self._run(x, list(zip(*self.opened(hx, passes))))
            return outputs, self.closed([list(part) for part in zip(*end)])
        samples = x if self.batch_first else swapped(x)
        state = map(swapped, self.opened(hx, passes, len(samples)))
        runs = [self._run(sample, list(zip(*start))) for sample, *start in zip(samples, *state)]
        outputs = [ys for ys, _ in runs]
        parts = zip(*[zip(*end) for _, end in runs])
        return outputs if self.batch_first else swapped(outputs), self.closed([swapped(part) for part in parts])

    def _run(self, xs: list[Any], start: list[State]) -> tuple[list[Any], list[State]]:
        """One sequence through all layers, from a first state for each: the last layer's outputs, all last states."""
        end, first = [], iter(start)
        for k in range(self.num_layers):
            if k and self.dropout and self.training:
                xs = dropped(xs, self.dropout)
            found = [self._pass(xs, f"{k}{way}", next(first)) for way in self.ways]
            xs = [[y for part in parts for y in part] for parts in zip(*[outputs for outputs, _ in found])]
            end += [last for _, last in found]
        return xs, end

    def _pass(self, xs: list[Any], name: str, state: State) -> tuple[list[Any], State]:
        """One sequence through one layer, backward if its name says so: outputs in the order of xs, the last state."""
        weights, outputs = self.weights(f"_l{name}"), []
        order = list(range(len(xs)))[::-1 if name.endswith("reverse") else 1]
        for t in order:
            with scope(f"layer{name}"), scope(f"t{t}"):
                state = self.kind.rule(weights, xs[t], state)
            outputs.append(state[0])
        return outputs if order[0] == 0 else outputs[::-1], state

    def extra_repr(self) -> str:
        """Its sizes."""
        return super().extra_repr() + f", num_layers={self.num_layers}" + "".join(
            f", {name}={getattr(self, name)}" for name in ("batch_first", "dropout", "bidirectional", "proj_size")
            if getattr(self, name))


class RNN(_Layers):
    """Elman's network over a sequence: weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, ... As torch.nn.RNN.

    ValueError for another nonlinearity, or another shape. dropout: the share of the outputs of each layer but the last
    that is set to 0 in training. bidirectional: a second rule, weight_ih_l0_reverse, ..., reads from the end.
    Sources: Elman 1990; Schuster & Paliwal 1997.

    >>> from microgradx.nesting import shape
    >>> output, state = RNN(2, 3, num_layers=2)([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.0, 0.0]])
    >>> shape(output), shape(state)
    ((4, 3), (2, 3))
    """

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1,
                 nonlinearity: Literal["tanh", "relu"] = "tanh", bias: bool = True, batch_first: bool = False,
                 dropout: float = 0.0, bidirectional: bool = False) -> None:
        super().__init__(elman(self, nonlinearity), input_size, hidden_size, num_layers, bias, batch_first, dropout,
                         bidirectional)


class GRU(_Layers):
    """Gated units over a sequence. As torch.nn.GRU.

    Weights, shapes and errors are those of RNN; each weight has 3*hidden_size rows. Source: Cho et al. 2014.

    >>> from microgradx.nesting import shape
    >>> output, state = GRU(2, 3)([[1.0, 0.0], [0.0, 1.0]])
    >>> shape(output), shape(state)
    ((2, 3), (1, 3))
    """

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True,
                 batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False) -> None:
        super().__init__(GATED, input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)


class LSTM(_Layers):
    """Units with a memory over a sequence; the state is a tuple (h, c). As torch.nn.LSTM.

    Weights, shapes and errors are those of RNN; each weight has 4*hidden_size rows. With proj_size outputs and h have
    proj_size numbers, by weight_hr_l0 (proj_size, hidden_size); c has hidden_size. Sources: Hochreiter & Schmidhuber
    1997; Sak et al. 2014.

    >>> from microgradx.nesting import shape
    >>> output, (h, c) = LSTM(2, 3)([[1.0, 0.0], [0.0, 1.0]])
    >>> shape(output), shape(h), shape(c)
    ((2, 3), (1, 3), (1, 3))
    """

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True,
                 batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False,
                 proj_size: int = 0) -> None:
        if type(proj_size) is not int or not 0 <= proj_size < hidden_size:
            raise ValueError(f"LSTM: expected a whole number from 0 to below hidden_size as proj_size, got "
                             f"{short(proj_size)}")
        self.proj_size = proj_size
        super().__init__(MEMORY, input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
