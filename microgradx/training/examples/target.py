"""Helpers of the examples: a target to reach, compiled training, accuracy, a history in a few lines.

    >>> from microgradx.training.examples.target import Target
    >>> print(Target("test accuracy in %", 96.4, least=95))
    target: test accuracy in % should be at least 95; reached 96.4: OK
    >>> print(Target("validation loss", 2.5, most=2.45))
    target: validation loss should be at most 2.45; reached 2.5: NOT REACHED
"""
import math
import sys
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple, TypeVar

from ...engine import Value
from ...extras import install
from ...nn import Module
from ...nn.shapes import each
from ...recording import no_grad
from ..compiled import compiler
from ..history import History
from ..mode import mode
from ..outcome import Outcome

T = TypeVar("T")


class Target(NamedTuple):
    """A number that an example must reach: from `least` to `most`."""

    what: str
    value: float
    least: float = -math.inf
    most: float = math.inf

    @property
    def reached(self) -> bool:
        """Whether the number is within its bounds; nan never is."""
        return self.least <= self.value <= self.most

    def __str__(self) -> str:
        bounds = [f"{word} {bound:.8g}" for word, bound in (("at least", self.least), ("at most", self.most))
                  if math.isfinite(bound)]
        wanted = f"exactly {self.least:.8g}" if self.least == self.most else " and ".join(bounds)
        end = "OK" if self.reached else "NOT REACHED"
        return f"target: {self.what} should be {wanted}; reached {self.value:.8g}: {end}"


def compiled(f: Callable[..., T], *args: Any, **options: Any) -> T:
    """f(..., jit=True) for fit and evaluate; f(...) if generated Python would be too large and llvmlite is missing."""
    if find_spec("llvmlite") and find_spec("numpy"):
        return f(*args, **options, jit=True)
    try:
        _advise("generated Python")
        return f(*args, **options, jit=True)
    except compiler().TooLarge:
        _advise("an interpreted graph")
        return f(*args, **options)


@cache                                              # printed once
def _advise(instead: str) -> None:
    print(f"llvmlite is not installed, so this runs as {instead}; {install('jit')} for machine code",
          file=sys.stderr)                          # not in the tables on stdout


def outputs(model: Module, xs: Sequence[Any]) -> list[Any]:
    """model(x) for each x as numbers, in eval() mode.

    >>> from microgradx.nn import ReLU
    >>> from microgradx.training.examples.target import outputs
    >>> outputs(ReLU(), [[1.0, -1.0], [2.0, 0.0]])
    [[1.0, 0.0], [2.0, 0.0]]
    """
    with mode(model, training=False):
        return compiled(_outputs, model, xs)


def _outputs(model: Module, xs: Sequence[Any], jit: bool = False) -> list[Any]:
    if jit:
        forward = compiler().jit(lambda model, x: model(x))
        return [forward(model, x) for x in xs]
    with no_grad():
        return [each(lambda v: v.data if isinstance(v, Value) else v, model(x)) for x in xs]


def accuracy(model: Module, xs: Sequence[Any], ys: Sequence[int]) -> float:
    """The percentage of samples whose largest output is that of class y."""
    return share_right(outputs(model, xs), ys)


def share_right(found: Sequence[Any], ys: Sequence[int]) -> float:
    """The percentage of outputs of which the largest is that of class y."""
    return 100 * [max(out) == out[y] for out, y in zip(found, ys)].count(True) / len(ys)


def outcome(name: str, history: History, kind: str = "", model: Any = None, xs: Sequence[Any] = (),
            ys: Sequence[Any] = ()) -> Outcome:
    """What a training came to: see Outcome. The outputs of the model are computed here."""
    return Outcome(name, [r.loss for r in history], kind, xs, ys, outputs(model, xs) if len(xs) else (), model)


def print_losses(history: History, parts: int = 5) -> None:
    """Print the first loss of a history, and the mean of each fifth, because losses of single samples vary."""
    for r in history[:1]:
        print(f"  loss before the first step          {r.loss:.5f}")
    for k in range(parts):
        part = history[k * len(history) // parts:(k + 1) * len(history) // parts]
        if part:
            mean = sum(r.loss for r in part) / len(part)
            print(f"  mean loss of steps {part[0].step:6,} to {part[-1].step:6,}: {mean:.5f}")


def extra(module: str) -> Any:
    """A module of the extra "examples". ImportError with the command that installs it."""
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise ImportError(f"this example needs {package}: {install('examples')}") from error
