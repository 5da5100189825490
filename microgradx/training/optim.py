"""Optimisers: one step moves every parameter against its gradient. Names, formulas and numbers are torch.optim's.

    >>> from microgradx import Value
    >>> from microgradx.training import SGD
    >>> w = Value(3.0)
    >>> optimiser = SGD([w], lr=0.1)
    >>> for _ in range(100):
    ...     optimiser.zero_grad()
    ...     ((w - 1) ** 2).backward()
    ...     optimiser.step()
    >>> round(w.data, 6)
    1.0

Letters: p the parameter, g its gradient, t the number of the step (the first is 1), lr the learning rate.
An optimiser is one rule, update(), which takes the numbers of ONE parameter and returns its new ones. It uses only
operators and rows of the table, so it runs on floats, and the compiler can trace it.
"""
import sys
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

from ..conversion import listed
from ..engine import Value, tracer
from ..ieee import inf, number, short
from ..nesting import shape
from ..nn.parts import Buffer
from ..operators import zero_grad
from ..ops import sqrt

Numbers = tuple[Any, ...]
TINY = sys.float_info.min           # an eps of 0 would divide 0 by 0 where a gradient is 0


class Changing:
    """An attribute that changes from step to step. While a function is recorded for jit, its tracer answers for it."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, optimiser: Any, kind: type | None = None) -> Any:
        if optimiser is None:
            return self
        trace = tracer()
        return vars(optimiser)[self.name] if trace is None else trace.attribute(optimiser, self.name)

    def __set__(self, optimiser: Any, x: Any) -> None:
        trace = tracer()
        if trace is None:
            vars(optimiser)[self.name] = x
        else:
            trace.set_attribute(optimiser, self.name, x)


class Optimiser:
    """The base of all optimisers: the parameters, the numbers kept for each of them (0 at first), the count of steps.

    params  Values, such as model.parameters()
    lr      the learning rate; may be set between steps, as schedules do
    kept    the names of the numbers that update() keeps for each parameter, as in torch

    TypeError if params has anything but Values, or a Buffer; ValueError if it is empty, has a Value twice, or a result.

    >>> from microgradx import Value, sign
    >>> class SignSGD(Optimiser):                       # a new one is a class with a rule
    ...     def update(self, p, g, kept, t, lr):
    ...         return p - lr * sign(g), kept
    >>> w = Value(3.0)
    >>> (w * w).backward()
    >>> SignSGD([w], lr=0.5).step(); w.data
    2.5
    """

    kept: tuple[str, ...] = ()
    squares: tuple[str, ...] = ()       # those of kept that are never negative
    lr, t, numbers = Changing(), Changing(), Changing()
    changing = ("lr", "t", "numbers")

    def __init__(self, params: Iterable[Value], lr: float) -> None:
        if not hasattr(type(params), "__iter__") or isinstance(params, (Mapping, Set)):
            raise TypeError(f"expected a list of Values, got {type(params).__name__}; write model.parameters()")
        self.params = list(params)
        for p in self.params:
            if not isinstance(p, Value):
                raise TypeError(f"expected Values as parameters, got {short(p)}; write model.parameters()")
            if isinstance(p, Buffer):
                raise TypeError(f"expected parameters, got {short(p)}, which a Module saves and does not train; write "
                                "model.parameters()")
            if p.op is not None:
                raise ValueError(f"expected parameters, got a result, of {p.op.name}, which is computed anew; "
                                 "write Value(y.data)")
        if not self.params:
            raise ValueError("expected at least one parameter; write model.parameters()")
        if len(set(self.params)) != len(self.params):
            raise ValueError(f"expected each parameter once, got {len(self.params)}, {len(set(self.params))} different")
        require(lr=lr)
        self.lr = lr
        self.t = 0
        self.numbers = [(0.0,) * len(self.kept) for _ in self.params]

    def update(self, p: Any, g: Any, kept: Numbers, t: Any, lr: Any) -> tuple[Any, Numbers]:
        """The new parameter, and the new numbers kept for it. NotImplementedError unless a subclass defines it."""
        raise NotImplementedError(f"{type(self).__name__} does not define update(self, p, g, kept, t, lr)")

    def step(self) -> None:
        """Move every parameter once, by the gradient in its .grad. All new numbers are computed before any is set.

        >>> w = Value(3.0)
        >>> (w * w).backward()
        >>> SGD([w], lr=0.5).step(); w.data
        0.0
        """
        t, lr = self.t + 1, self.lr
        moved = [self.update(p.data, p.grad, kept, t, lr) for p, kept in zip(self.params, self.numbers)]
        try:
            self._set(moved, t)
        except KeyboardInterrupt:                   # Ctrl-C between two parameters: the step is finished first
            self._set(moved, t)
            raise

    def _set(self, moved: Sequence[tuple[Any, Numbers]], t: int) -> None:
        for p, (x, _) in zip(self.params, moved):
            p.data = x
        self.numbers, self.t = [kept for _, kept in moved], t

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0.

        >>> w = Value(3.0)
        >>> (w * w).backward()
        >>> SGD([w]).zero_grad(); w.grad
        0.0
        """
        zero_grad(self.params)

    def state_dict(self) -> dict[str, Any]:
        """The state to continue from: the count of steps, and the numbers kept as lists in the order of the parameters.

        Learning rate and other settings are arguments of the constructor. save() writes weights and state to disk.

        >>> w = Value(3.0)
        >>> (w * w).backward()
        >>> optimiser = SGD([w], momentum=0.9)
        >>> optimiser.step(); optimiser.state_dict()
        {'step': 1.0, 'momentum_buffer': [6.0]}
        """
        return {"step": float(self.t), **{name: [kept[i] for kept in self.numbers] for i, name in enumerate(self.kept)}}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state_dict(). KeyError for other names, ValueError for other lengths or a step that is no
        count, TypeError for no dict.

        After an error nothing has changed. Arrays and tensors are taken as lists.

        >>> optimiser = SGD([Value(3.0)], momentum=0.9)
        >>> optimiser.load_state_dict({"step": 1.0, "momentum_buffer": [6.0]})
        >>> optimiser.state_dict()
        {'step': 1.0, 'momentum_buffer': [6.0]}
        """
        if not isinstance(state, Mapping):
            raise TypeError(f"expected a dict, as state_dict() gives it, got {short(state)}")
        given = {name: listed(numbers) for name, numbers in state.items()}
        self.check_shapes({name: shape(numbers) for name, numbers in given.items()})
        t, rows = number(given["step"]), [[number(x) for x in given[name]] for name in self.kept]
        if not (0 <= t <= 2**53 and t.is_integer()):
            raise ValueError(f"step: expected a whole number from 0 up, got {t}")
        for name in self.squares:
            if any(x < 0 for x in given[name]):
                raise ValueError(f"{name}: expected means of squares, from 0 up, got {short(min(given[name]))}")
        self.t = int(t)
        self.numbers = list(zip(*rows)) if rows else [() for _ in self.params]

    def check_shapes(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        """What load_state_dict() checks of names and shapes: KeyError or ValueError if they do not fit.

        >>> SGD([Value(3.0)]).check_shapes({"step": (), "momentum_buffer": (1,)})
        """
        own = {"step": (), **dict.fromkeys(self.kept, (len(self.params),))}
        if shapes.keys() != own.keys():
            raise KeyError(f"the state does not fit {type(self).__name__}: expected {[*own]}, "
                           f"got {short([*shapes], 200)}")
        for name, sizes in own.items():
            if shapes[name] != sizes:
                raise ValueError(f"{name}: expected shape {sizes}, got {shapes[name]}")

    def __repr__(self) -> str:
        hyper = [f"{k}={v}" for k, v in vars(self).items() if k not in ("params", "numbers", "t")]
        return f"{type(self).__name__}({len(self.params)} parameters, {', '.join(hyper)})"


class SGD(Optimiser):
    """Gradient descent, with momentum (Polyak) or Nesterov's form of it (Sutskever et al. 2013, torch's formula).

    As torch.optim.SGD. ValueError for a hyperparameter out of range, and for nesterov without momentum.

    >>> from microgradx import Value
    >>> from microgradx.training import SGD
    >>> SGD([Value(1.0)], lr=0.1, momentum=0.9, nesterov=True)
    SGD(1 parameters, lr=0.1, momentum=0.9, dampening=0.0, weight_decay=0.0, nesterov=True)
    """

    kept = ("momentum_buffer",)

    def __init__(self, params: Iterable[Value], lr: float = 1e-3, momentum: float = 0.0, dampening: float = 0.0,
                 weight_decay: float = 0.0, nesterov: bool = False) -> None:
        super().__init__(params, lr)
        require(momentum=momentum, weight_decay=weight_decay)
        if nesterov and (momentum == 0 or dampening != 0):
            raise ValueError(f"nesterov needs momentum above 0 and dampening 0, got {momentum} and {dampening}")
        self.momentum, self.dampening, self.weight_decay, self.nesterov = momentum, dampening, weight_decay, nesterov

    def update(self, p: Any, g: Any, kept: Numbers, t: Any, lr: Any) -> tuple[Any, Numbers]:
        """A step against the gradient, or against the running sum of gradients."""
        buffer, = kept
        g = g + self.weight_decay * p
        if self.momentum:
            buffer = self.momentum * buffer + (1 - self.dampening * (t > 1)) * g    # the first gradient is not damped
            g = g + self.momentum * buffer if self.nesterov else buffer
        return p - lr * g, (buffer,)


class Adam(Optimiser):
    """Steps of about lr for gradients of any size: mean m over root mean square v (Kingma & Ba 2015).

    As torch.optim.Adam. ValueError for a hyperparameter out of range.

    >>> from microgradx import Value
    >>> from microgradx.training import Adam
    >>> w = Value(3.0)
    >>> (w * w).backward()
    >>> Adam([w], lr=0.1).step(); round(w.data, 6)
    2.9
    """

    kept = ("exp_avg", "exp_avg_sq")
    squares = ("exp_avg_sq",)

    def __init__(self, params: Iterable[Value], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999),
                 eps: float = 1e-8, weight_decay: float = 0.0) -> None:
        super().__init__(params, lr)
        b1, b2 = betas
        require(below=1, b1=b1, b2=b2)
        require(least=TINY, eps=eps)
        require(weight_decay=weight_decay)
        self.betas, self.eps, self.weight_decay = (b1, b2), eps, weight_decay

    def update(self, p: Any, g: Any, kept: Numbers, t: Any, lr: Any) -> tuple[Any, Numbers]:
        """Adam's step, with weight decay added to the gradient, as in torch."""
        return self.adapt(p, g + self.weight_decay * p, kept, t, lr)

    def adapt(self, p: Any, g: Any, kept: Numbers, t: Any, lr: Any) -> tuple[Any, Numbers]:
        """Adam's rule. Both averages start at 0; division by 1 - b**t removes that bias."""
        (m, v), (b1, b2) = kept, self.betas
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g * g
        return p - lr * (m / (1 - b1**t)) / (sqrt(v / (1 - b2**t)) + self.eps), (m, v)


class AdamW(Adam):
    """Adam with weight decay apart from the gradient, not scaled by v (Loshchilov & Hutter 2019).

    As torch.optim.AdamW. ValueError for a hyperparameter out of range.

    >>> from microgradx import Value
    >>> from microgradx.training import AdamW
    >>> w = Value(3.0)                                  # with a gradient of 0
    >>> AdamW([w], lr=0.1, weight_decay=0.5).step(); round(w.data, 6)
    2.85
    """

    def __init__(self, params: Iterable[Value], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999),
                 eps: float = 1e-8, weight_decay: float = 1e-2) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)

    def update(self, p: Any, g: Any, kept: Numbers, t: Any, lr: Any) -> tuple[Any, Numbers]:
        """The parameter decays by itself, then Adam moves it."""
        return self.adapt(p * (1 - lr * self.weight_decay), g, kept, t, lr)


class RMSprop(Optimiser):
    """The gradient over its root mean square (Hinton's lecture 6e, 2012), optionally with momentum.

    As torch.optim.RMSprop. ValueError for a hyperparameter out of range.

    >>> from microgradx import Value
    >>> from microgradx.training import RMSprop
    >>> w = Value(3.0)
    >>> (w * w).backward()
    >>> RMSprop([w], lr=0.1).step(); round(w.data, 6)
    2.0
    """

    kept = ("square_avg", "momentum_buffer")
    squares = ("square_avg",)

    def __init__(self, params: Iterable[Value], lr: float = 1e-2, alpha: float = 0.99, eps: float = 1e-8,
                 weight_decay: float = 0.0, momentum: float = 0.0) -> None:
        super().__init__(params, lr)
        require(below=1, alpha=alpha)
        require(least=TINY, eps=eps)
        require(momentum=momentum, weight_decay=weight_decay)
        self.alpha, self.eps, self.weight_decay, self.momentum = alpha, eps, weight_decay, momentum

    def update(self, p: Any, g: Any, kept: Numbers, t: Any, lr: Any) -> tuple[Any, Numbers]:
        """A step by g / sqrt(v), where v is a running mean of squares."""
        v, buffer = kept
        g = g + self.weight_decay * p
        v = self.alpha * v + (1 - self.alpha) * g * g
        buffer = self.momentum * buffer + g / (sqrt(v) + self.eps)
        return p - lr * buffer, (v, buffer)


def require(least: float = 0.0, below: float = inf, **hyper: float) -> None:
    """ValueError unless each of these hyperparameters is from `least` to below `below`."""
    for name, x in hyper.items():
        if not least <= number(x) < below:
            raise ValueError(f"expected {name} from {least} to below {below}, got {x}")
