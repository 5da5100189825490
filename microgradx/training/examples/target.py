"""What the examples share: a target to reach, how many answers are right, a history in a few lines.

    >>> from microgradx.training.examples.target import Target
    >>> print(Target("test accuracy in %", 96.4, least=95))
    target: test accuracy in % at least 95, reached 96.4: OK
    >>> print(Target("validation loss", 2.5, most=2.45))
    target: validation loss at most 2.45, reached 2.5: NOT REACHED
"""
import math
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, NamedTuple

from ...nn import Module
from ...recording import no_grad
from ..fit import History


class Target(NamedTuple):
    """A number that an example is to reach: from `least` to `most`."""

    what: str
    value: float
    least: float = -math.inf
    most: float = math.inf

    @property
    def reached(self) -> bool:
        """Whether the number is within its bounds. nan never is."""
        return self.least <= self.value <= self.most

    def __str__(self) -> str:
        bounds = [f"{word} {bound:.8g}" for word, bound in (("at least", self.least), ("at most", self.most))
                  if math.isfinite(bound)]
        wanted = f"exactly {self.least:.8g}" if self.least == self.most else " and ".join(bounds)
        return f"target: {self.what} {wanted}, reached {self.value:.8g}: {'OK' if self.reached else 'NOT REACHED'}"


def right_answers(model: Module, xs: Sequence[Any], ys: Sequence[Any], right: Callable[[Any, Any], bool]) -> int:
    """For how many samples right(model(x), y) holds, in eval() mode."""
    model.eval()
    with no_grad():
        count = [right(model(x), y) for x, y in zip(xs, ys)].count(True)
    model.train()
    return count


def accuracy(model: Module, xs: Sequence[Any], ys: Sequence[int]) -> float:
    """In percent, how often the largest output is that of the class y."""
    return 100 * right_answers(model, xs, ys, lambda out, y: max(out, key=lambda v: v.data) is out[y]) / len(xs)


def tell(history: History, parts: int = 5) -> None:
    """Print the first loss of a history, and the mean of each fifth: single samples are hard and easy by turns."""
    for r in history[:1]:
        print(f"  loss before the first step          {r.loss:.5f}")
    for k in range(parts):
        part = history[k * len(history) // parts:(k + 1) * len(history) // parts]
        if part:
            mean = sum(r.loss for r in part) / len(part)
            print(f"  mean loss of steps {part[0].step:6,} to {part[-1].step:6,}: {mean:.5f}")


def extra(module: str) -> Any:
    """A module of the extra "examples". ImportError that tells how to install it."""
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise ImportError(f'this example needs {package}: pip install "microgradx[examples]"') from error
