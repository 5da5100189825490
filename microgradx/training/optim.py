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
from collections.abc import Iterable, Mapping, Sequence, Set
from functools import partial
from inspect import signature
from typing import Any

from ..conversion import listed
from ..engine import Value, tracer
from ..ieee import inf, kind_of, number, printable, short
from ..nesting import shape
from ..nn.parts import Buffer
from ..operators import zero_grad

Numbers = tuple[Any, ...]


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
            if self.name == "lr":
                require(lr=x)
            vars(optimiser)[self.name] = x
        else:
            trace.set_attribute(optimiser, self.name, x)


class Optimiser:
    """The base of all optimisers: the parameters, the numbers kept for each of them (0 at first), the count of steps.

    params  Values, such as model.parameters(); or dicts of options, {"params": [...], "lr": ...}: see Groups
    lr      the learning rate; may be set between steps, as schedules do. ValueError for nan, or below 0
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

    def __init_subclass__(cls) -> None:
        """Its arguments are those of __init__, also for those who look at __new__."""
        made: Any = cls.__init__
        cls.__signature__ = signature(partial(made, None))  # type: ignore[attr-defined]

    def __new__(cls, params: Any = (), *args: Any, **options: Any) -> Any:
        """The optimiser; of a list of dicts one of groups."""
        if isinstance(params, (list, tuple)) and any(isinstance(group, Mapping) for group in params):
            return _grouped(cls, params, args, options)
        return super().__new__(cls)

    def __init__(self, params: Iterable[Any], lr: float) -> None:
        if not hasattr(type(params), "__iter__") or isinstance(params, (Mapping, Set)):
            raise TypeError(f"expected a list of Values, got {kind_of(params)}; write model.parameters()")
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
        raise NotImplementedError(f"{kind_of(self)} does not define update(self, p, g, kept, t, lr)")

    def step(self) -> None:
        """Move every parameter once, by the gradient in its .grad. All new numbers are computed before any is set.

        >>> from microgradx.training import SGD
        >>> w = Value(3.0)
        >>> (w * w).backward()
        >>> SGD([w], lr=0.5).step(); w.data
        0.0
        """
        t, lr = self.t + 1, self.lr
        moved = self.moved(t, lr)
        try:
            self._set(moved, t)
        except KeyboardInterrupt:                   # Ctrl-C between two parameters: the step is finished first
            self._set(moved, t)
            raise

    def moved(self, t: Any, lr: Any) -> list[tuple[Any, Numbers]]:
        """The new numbers of all parameters."""
        return [self.update(p.data, p.grad, kept, t, lr) for p, kept in zip(self.params, self.numbers)]

    def _set(self, moved: Sequence[tuple[Any, Numbers]], t: int) -> None:
        for p, (x, _) in zip(self.params, moved):
            p.data = x
        self.numbers, self.t = [kept for _, kept in moved], t

    def rules(self) -> list[tuple["Optimiser", float]]:
        """The rules that move its parameters, one after the other in the order of params, and the factor by which lr
        reaches each: its own, by 1.0; Groups have more.

        >>> from microgradx.training import SGD
        >>> sgd = SGD([Value(3.0)])
        >>> sgd.rules() == [(sgd, 1.0)]
        True
        """
        return [(self, 1.0)]

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0.

        >>> from microgradx.training import SGD
        >>> w = Value(3.0)
        >>> (w * w).backward()
        >>> SGD([w]).zero_grad(); w.grad
        0.0
        """
        zero_grad(self.params)

    def state_dict(self) -> dict[str, Any]:
        """The state to continue from: the count of steps, and the numbers kept as lists in the order of the parameters.

        Learning rate and other settings are arguments of the constructor. save() writes weights and state to disk.

        >>> from microgradx.training import SGD
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

        >>> from microgradx.training import SGD
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

    def own_shapes(self, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
        """The names and shapes that its state has, where these are given.

        >>> from microgradx.training import SGD
        >>> SGD([Value(3.0)]).own_shapes({})
        {'step': (), 'momentum_buffer': (1,)}
        """
        return {"step": (), **dict.fromkeys(self.kept, (len(self.params),))}

    def check_shapes(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        """What load_state_dict() checks of names and shapes: KeyError or ValueError if they do not fit.

        >>> from microgradx.training import SGD
        >>> SGD([Value(3.0)]).check_shapes({"step": (), "momentum_buffer": (1,)})
        """
        own = self.own_shapes(shapes)
        if shapes.keys() != own.keys():
            raise KeyError(f"the state does not fit {kind_of(self)}: expected {[*own]}, "
                           f"got {short([*shapes], 200)}")
        for name, sizes in own.items():
            if shapes[name] != sizes:
                raise ValueError(f"{name}: expected shape {sizes}, got {shapes[name]}")

    # Options by name, as torch's groups of parameters have them -------------------------------------------------

    @property
    def param_groups(self) -> list["Optimiser"]:
        """Its groups of parameters, each with options that may be set: itself alone, or those of Groups.

        >>> from microgradx.training import SGD
        >>> optimiser = SGD([Value(3.0)], lr=0.5)
        >>> for group in optimiser.param_groups:
        ...     group["lr"] *= 0.5                                  # the same as optimiser.lr *= 0.5
        >>> optimiser
        SGD(1 parameters, lr=0.25, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False)
        """
        return [self]

    def _options(self) -> dict[str, Any]:
        return {name: x for name, x in vars(self).items()
                if name not in ("params", "numbers", "t") and not name.startswith("_")}

    def __getitem__(self, name: str) -> Any:
        """An option, or "params". KeyError for another name."""
        if name != "params" and name not in self._options():
            raise KeyError(f"{kind_of(self)} has no option {short(name)}; it has {[*self._options()]}")
        return getattr(self, name)

    def __setitem__(self, name: str, x: Any) -> None:
        """Set an option. KeyError for another name: parameters are those that it was made for."""
        if name not in self._options():
            raise KeyError(f"{kind_of(self)} has no option {short(name)} to set; it has {[*self._options()]}")
        setattr(self, name, x)

    def __repr__(self) -> str:
        hyper = [f"{name}={x}" for name, x in self._options().items()]
        return f"{kind_of(self)}({len(self.params)} parameters, {', '.join(hyper)})"


class Groups(Optimiser):
    """Optimisers of one kind, each for a part of the parameters, as one: SGD([{"params": ...}, {"params": ...}]).

    param_groups has them; what is set there, lr or another option, holds from the next step on. `lr` is that of groups
    without one of their own. Set it, as schedules do, and the rates of all groups follow in proportion. ValueError if a
    parameter is in two groups, if groups keep different numbers, unless lr is above 0, and for an optimiser whose
    step() is not that of one rule: LBFGS.

    >>> from microgradx.training import SGD
    >>> slow, fast = Value(1.0), Value(1.0)
    >>> optimiser = SGD([{"params": [slow]}, {"params": [fast], "lr": 0.5, "momentum": 0.9}], lr=0.125)
    >>> (slow + fast).backward()
    >>> optimiser.step(); slow.data, fast.data
    (0.875, 0.5)
    """

    def __init__(self, parts: Sequence[Optimiser], lr: float) -> None:
        kind = type(parts[0])
        if kind.step is not Optimiser.step:
            raise ValueError(f"{printable(kind.__name__)} looks at all parameters at once, so that it has no groups; "
                             "give it one list of parameters")
        super().__init__([p for part in parts for p in part.params], lr)
        if len({part.kept for part in parts}) > 1:
            raise ValueError(f"expected groups that keep the same numbers, got {[list(part.kept) for part in parts]}; "
                             "give all the same amsgrad")
        if lr <= 0:
            raise ValueError(f"expected a common lr above 0, from which those of the groups follow, got {lr}")
        self._parts = list(parts)
        self.kept, self.squares = parts[0].kept, parts[0].squares
        self.numbers = [row for part in parts for row in part.numbers]
        self._common = lr

    @property
    def param_groups(self) -> list[Optimiser]:
        """The optimiser of each group."""
        return self._parts

    def rules(self) -> list[tuple[Optimiser, float]]:
        """The rule of each group, and its share of lr."""
        return [(part, part.lr / self._common) for part in self.param_groups]

    def moved(self, t: Any, lr: Any) -> list[tuple[Any, Numbers]]:
        """The new numbers of all parameters, each by the rule of its group."""
        kept = iter(self.numbers)
        return [part.update(p.data, p.grad, next(kept), t, lr * share)
                for part, share in self.rules() for p in part.params]

    def __repr__(self) -> str:
        return f"Groups(lr={self.lr}, {self.param_groups})"


def _grouped(kind: type[Optimiser], groups: Iterable[Any], args: tuple[Any, ...], options: dict[str, Any]) -> Groups:
    """The optimiser for a list of dicts. KeyError for one without "params", TypeError for an unknown option."""
    bound = signature(kind.__init__).bind(None, groups, *args, **options)
    bound.apply_defaults()
    _, _, *names = bound.arguments
    common, parts = {name: bound.arguments[name] for name in names}, []
    for group in groups:
        if not isinstance(group, Mapping) or "params" not in group:
            raise KeyError(f"expected every group as a dict with 'params', got {short(group)}")
        params = group["params"]
        own = {name: x for name, x in group.items() if name != "params"}
        parts.append(kind([params] if isinstance(params, Value) else params, **{**common, **own}))
    return Groups(parts, common["lr"])


def require(least: float = 0.0, below: float = inf, **hyper: float) -> None:
    """ValueError unless each of these hyperparameters is from `least` to below `below`."""
    for name, x in hyper.items():
        if not least <= number(x) < below:
            raise ValueError(f"expected {name} from {least} to below {below}, got {x}")
