"""The engines that are compared: how each is imported, and what it is told to add up with.

    >>> from engines import ENGINES
    >>> list(ENGINES)
    ['micrograd', 'tuples', 'microgradx', 'fused', 'torch']
"""
import importlib.metadata
import importlib.util
import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from programs import PROGRAMS, Engine, Layer, Work, expression

Programs = dict[str, Callable[[Engine, int], Work]]


def by_operators(value: Callable[[float], Any]) -> Engine:
    """An engine that has + and * only: a node for every sum of two and every product."""
    def dot(xs: list[Any], ys: list[Any], start: Any = 0) -> Any:
        return sum((x * y for x, y in zip(xs, ys)), start)
    return Engine(value, sum, dot, lambda units, rows: [[dot(ws, xs, b) for ws, b in units] for xs in rows])


def micrograd() -> Engine:
    """Karpathy's, from the registry. Its topological sort recurses, so the limit goes out of its way."""
    from micrograd.engine import Value
    sys.setrecursionlimit(10**8)
    return by_operators(Value)


def tuples() -> Engine:
    """The slots-and-tuples reference in this folder."""
    from tuples import Value
    return by_operators(Value)


def microgradx() -> Engine:
    """This engine as micrograd's programs use it: products and sums of two."""
    from microgradx import Value
    return by_operators(Value)


def fused() -> Engine:
    """This engine with one node for a sum, and one for a sum of products; a layer as nn.Linear has it."""
    from microgradx import Value, Vector, dot, sum

    def layer(units: Layer, rows: list[list[Any]]) -> list[list[Any]]:
        weights = [Vector([*ws, b]) for ws, b in units]
        return [[dot(w, xs) for w in weights] for xs in [Vector([*row, 1.0]) for row in rows]]
    return Engine(Value, sum, dot, layer)


def torch() -> Engine:
    """PyTorch, one number a tensor: for W1 alone, the other programs are written on its arrays."""
    import torch
    torch.set_num_threads(1)
    return by_operators(lambda x: torch.tensor(x, dtype=torch.float64, requires_grad=True))


def torch_programs() -> Programs:
    """W1 as it stands, the others on arrays."""
    import arrays
    return dict(zip(PROGRAMS, [expression, arrays.neuron, arrays.moons_step, arrays.digit], strict=True))


class Peer(NamedTuple):
    """What the tables call an engine, how it is imported, and what else the report must know."""

    title: str
    engine: Callable[[], Engine]
    install: str = ""                               # what `pip install` is given, for an engine from the registry
    programs: Callable[[], Programs] = lambda: PROGRAMS
    lacks: Mapping[str, str] = MappingProxyType({})     # programs it cannot do, and why
    memory: Callable[[Work], int] | None = None     # bytes a run takes, for one whose memory Python does not see

    @property
    def installed(self) -> bool:
        """Whether it can be imported here."""
        return not self.install or importlib.util.find_spec(self.install.partition("==")[0]) is not None

    @property
    def name(self) -> str:
        """The title, with the version that was measured."""
        package = self.install.partition("==")[0]
        return f"{self.title} {importlib.metadata.version(package)}" if package else self.title


ENGINES = {
    "micrograd": Peer("micrograd", micrograd, "micrograd==0.1.0", lacks={"W2 tanh neuron": "has no tanh"}),
    "tuples": Peer("slots and tuples", tuples),
    "microgradx": Peer("microgradx", microgradx),
    "fused": Peer("microgradx, sum and dot", fused),
    "torch": Peer("torch", torch, "torch==2.13.0", torch_programs),
}
