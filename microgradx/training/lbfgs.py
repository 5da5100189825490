"""LBFGS: Newton's direction, guessed from the last gradients; few steps, each of several evaluations of the loss.

    >>> from microgradx import Value
    >>> from microgradx.training import LBFGS
    >>> x, y = Value(-1.2), Value(1.0)
    >>> optimiser = LBFGS([x, y], max_iter=100, line_search_fn="strong_wolfe")
    >>> def closure():                                          # Rosenbrock's valley
    ...     optimiser.zero_grad()
    ...     loss = (1 - x) ** 2 + 100 * (y - x**2) ** 2
    ...     loss.backward()
    ...     return loss
    >>> first = optimiser.step(closure)
    >>> round(x.data, 3), round(y.data, 3)
    (1.0, 1.0)

Sources: Liu & Nocedal 1989; the numbers are those of torch.optim.LBFGS.
"""
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Literal

from ..engine import Value
from ..ieee import number, short
from ..nesting import shape
from ..nn.lengths import length as norm
from .line_search import dot, strong_wolfe
from .memory import CurvatureMemory, along
from .optim import Numbers, Optimiser, require

Closure = Callable[[], Any]             # computes gradients and returns the loss, a Value or a number


class Still(Optimiser):
    """No step at all: what is compiled for an optimiser that asks for loss and gradient alone.

    >>> from microgradx import Value
    >>> w = Value(3.0)
    >>> (w * w).backward()
    >>> Still([w], lr=1.0).step(); w.data
    3.0
    """

    def update(self, p: Any, g: Any, kept: Numbers, t: Any, lr: Any) -> tuple[Any, Numbers]:
        """The parameter as it is."""
        return p, kept


class LBFGS(Optimiser):
    """Steps in the direction -H g, where H is the inverse Hessian that the last gradients show. torch.optim.LBFGS.

    step(closure) makes up to max_iter of them, with up to max_eval evaluations (1.25 * max_iter if None); it ends early
    where all of the gradient is below tolerance_grad, or a step or its gain below tolerance_change. history_size pairs
    of steps and gradients are kept. line_search_fn: None for steps of lr, or "strong_wolfe". It is for all data at
    once, fit() without batch_size; jit=True compiles loss and gradient. ValueError for a hyperparameter out of range.

    >>> from microgradx import Value
    >>> w = Value(3.0)
    >>> def closure():
    ...     w.grad = 2 * w.data
    ...     return w.data ** 2
    >>> LBFGS([w], line_search_fn="strong_wolfe").step(closure), round(w.data, 6)
    (9.0, 0.0)
    """

    def __init__(self, params: Iterable[Any], lr: float = 1.0, max_iter: int = 20, max_eval: int | None = None,
                 tolerance_grad: float = 1e-7, tolerance_change: float = 1e-9, history_size: int = 100,
                 line_search_fn: Literal["strong_wolfe"] | None = None) -> None:
        super().__init__(params, lr)
        require(tolerance_grad=tolerance_grad, tolerance_change=tolerance_change)
        self.max_eval = max_iter * 5 // 4 if max_eval is None else max_eval
        for name, count in (("max_iter", max_iter), ("max_eval", self.max_eval), ("history_size", history_size)):
            if type(count) is not int or count < 1:
                raise ValueError(f"expected a whole number from 1 up as {name}, got {short(count)}")
        if line_search_fn not in (None, "strong_wolfe"):
            raise ValueError(f"expected line_search_fn None or 'strong_wolfe', got {short(line_search_fn)}")
        self.max_iter, self.history_size, self.line_search_fn = max_iter, history_size, line_search_fn
        self.tolerance_grad, self.tolerance_change = tolerance_grad, tolerance_change
        self._memory = CurvatureMemory()

    def step(self, closure: Closure | None = None) -> Any:
        """Move all parameters; returns the loss before. closure() computes gradients and returns the loss.

        TypeError without a closure. After an exception parameters are what they were.
        """
        if not callable(closure):
            raise TypeError("expected a function that computes gradients and returns the loss; write step(closure)")
        start, memory = [p.data for p in self.params], self._memory
        self._memory = memory.copy()
        try:
            return self._moved(closure)
        except BaseException:
            self._place(start)
            self._memory = memory
            raise

    def _moved(self, closure: Closure) -> Any:
        first = closure()
        loss, gradient, evaluations, memory = _number(first), self._gradient(), 1, self._memory
        if _all_within(self.tolerance_grad, gradient):
            return first
        for n in range(1, self.max_iter + 1):
            direction = memory.direction(gradient, self.history_size)
            before, memory.loss = loss, loss
            length = self.lr if memory.count > 1 else min(1.0, 1.0 / norm(gradient, 1)) * self.lr
            memory.length = length
            if dot(gradient, direction) > -self.tolerance_change:
                break
            origin = [p.data for p in self.params]
            if self.line_search_fn:
                found = strong_wolfe(partial(self._look, closure, origin, direction), length, direction, loss, gradient,
                                     most=self.max_eval - evaluations)
                loss, gradient, evaluations = found.loss, found.gradient, evaluations + found.evaluations
                memory.length = length = found.step
                self._place(along(origin, direction, length))
            else:
                self._place(along(origin, direction, length))
                if n < self.max_iter:
                    loss, gradient, evaluations = _number(closure()), self._gradient(), evaluations + 1
            if (evaluations >= self.max_eval or _all_within(self.tolerance_grad, gradient)
                    or _all_within(self.tolerance_change, [d * length for d in direction])
                    or abs(loss - before) < self.tolerance_change):
                break
        self.t += 1
        return first

    def _gradient(self) -> list[float]:
        return [p.grad for p in self.params]

    def _place(self, xs: list[float]) -> None:
        for p, x in zip(self.params, xs):
            p.data = x

    def _look(self, closure: Closure, origin: list[float], direction: list[float],
              step: float) -> tuple[float, list[float]]:
        """Loss and gradient at a step from the origin, where the parameters are put back."""
        self._place(along(origin, direction, step))
        found = _number(closure()), self._gradient()
        self._place(origin)
        return found

    # The state -------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """The state to continue from: counts, the last step, and the pairs of gradient changes and steps.

        >>> from microgradx import Value
        >>> LBFGS([Value(1.0)]).state_dict()
        {'step': 0.0, 'n_iter': 0.0}
        """
        return {"step": float(self.t), **self._memory.state()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state_dict(). KeyError for other names, ValueError for other lengths.

        >>> from microgradx import Value
        >>> LBFGS([Value(1.0)]).load_state_dict({"step": 0.0, "n_iter": 0.0})
        """
        given = {name: state[name] for name in state}
        self.check_shapes({name: shape(x) for name, x in given.items()})
        self.t, self._memory = int(given["step"]), CurvatureMemory.of(given)

    def own_shapes(self, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
        """The names and shapes that its state has: those of its memory where these are given.

        >>> from microgradx import Value
        >>> LBFGS([Value(1.0)]).own_shapes({})
        {'step': (), 'n_iter': ()}
        """
        n, pairs = len(self.params), shapes.get("old_dirs", (0,))[0]
        begun = {"d": (n,), "t": (), "prev_flat_grad": (n,), "prev_loss": ()} if "d" in shapes else {}
        own: dict[str, tuple[int, ...]] = {"step": (), "n_iter": (), **begun}
        if "old_dirs" in shapes:
            own |= {"old_dirs": (pairs, n), "old_stps": (pairs, n)}
        return own


def _number(loss: Any) -> float:
    return loss.data if isinstance(loss, Value) else number(loss)


def _all_within(most: float, xs: list[float]) -> bool:
    """Whether no number is larger than `most`, and none nan, which max() may pass over."""
    return all([abs(x) <= most for x in xs])
