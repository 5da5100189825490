"""Session: compiled training. fit(..., jit=True) makes one, and asks it for many steps at once.

    >>> from microgradx import Value
    >>> from microgradx.compiler.session import Session
    >>> from microgradx.training import SGD
    >>> w = Value(0.0)
    >>> session = Session(None, [1.0, 2.0], [3.0, 6.0], lambda model, x, y: (w * x - y) ** 2, SGD([w], lr=0.1))
    >>> steps = session.run([[0, 1]] * 50, [0.1] * 50)
    >>> len(steps), round(w.data, 6), steps[0][0]               # loss and length of the gradient, before each step
    (50, 3.0, 22.5)

All numbers of the samples are inputs, ints too: a token, a class does not make a new program. Samples of another
nesting, longer sequences, do.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from typing import Any

from ..derivatives import gradients
from ..ieee import number
from ..nesting import is_leaf, leaves
from ..table import Op
from ..value import Value
from .program import Program, program
from .structure import rebuilt
from .trace import trace

Steps = list[tuple[float, float]]
Unit = tuple[int, ...]                  # places of samples that one run of a program takes


class Weights:
    """The parameters that an optimiser moves, as trace() takes a Module's."""

    def __init__(self, values: Sequence[Value]) -> None:
        self.values = list(values)

    def named_parameters(self) -> Iterator[tuple[str, list[Value]]]:
        """All under one name."""
        yield "", self.values


class Session:
    """Training of a model on samples, step by step, without a graph.

    run(batches, rates) makes a step for each batch, a list of places of samples, with the learning rate given for it.
    """

    def __new__(cls, *args: Any, backend: str | None = None, **more: Any) -> Session:
        """A session of one of the two back ends."""
        chosen = backend or ("native" if find_spec("llvmlite") and find_spec("numpy") else "python")
        if chosen == "native":
            from .native_session import NativeSession
            return object.__new__(NativeSession)
        return object.__new__(PythonSession)

    def __init__(self, model: Any, xs: Sequence[Any], ys: Sequence[Any], loss: Callable[..., Any], optimiser: Any, *,
                 penalty: Callable[[Any], Any] | None = None, clip: float | None = None,
                 threshold: float = -float("inf"), whole: bool = False, strict: bool = False,
                 backend: str | None = None) -> None:
        self.model, self.loss, self.optimiser, self.penalty = model, loss, optimiser, penalty
        self.clip, self.threshold, self.whole, self.strict = clip, threshold, whole, strict
        self.weights = Weights(optimiser.params)
        self.samples = list(zip(xs, ys))
        self.forms = [form(sample) for sample in self.samples]
        self.numbers = [[number(x) for x in leaves(sample)] for sample in self.samples]
        self.start()

    def units(self, batches: Sequence[Sequence[int]]) -> list[list[Unit]]:
        """For each batch what a program is run on: its samples one by one, or all of them at once."""
        if self.whole:
            return [[tuple(batch)] for batch in batches]
        return [[(place,) for place in batch] for batch in batches]

    def form(self, unit: Unit) -> Any:
        """What tells the program of one unit from that of another."""
        return tuple([self.forms[place] for place in unit])

    def inputs(self, unit: Unit) -> list[float]:
        """The numbers of all its samples."""
        return [x for place in unit for x in self.numbers[place]]

    def start(self) -> None:
        """What a back end prepares."""

    def run(self, batches: Sequence[Sequence[int]], rates: Sequence[float]) -> Steps:
        """Loss and length of the gradient of each step made: fewer than asked for where the threshold was reached, or
        where they were not finite, and then without that step."""
        raise NotImplementedError

    def finish(self) -> None:
        """To be called after the last step."""

    def native(self, op: Op) -> bool:
        """Whether a row stays as it is in a program."""
        return True

    # Programs ------------------------------------------------------------------------------------------------------

    def unit_program(self, unit: Unit) -> Program:
        """Loss and gradient of a unit like this one, divided by the number of units in a batch, the last input."""
        def f(weights: Weights, samples: list[Any], count: Any) -> list[Any]:
            if self.whole:
                return self.with_gradient(self.loss(self.model, *map(list, zip(*samples))) / count)
            (x, y), = samples
            return self.with_gradient(self.loss(self.model, x, y) / count)
        samples = [rebuilt(self.samples[place], iter(self.numbers[place])) for place in unit]
        return program(trace(f, [self.weights, samples, 1.0], self.strict), self.native, self.strict)

    def penalty_program(self) -> Program:
        """The penalty and its gradient."""
        def f(weights: Weights) -> list[Any]:
            return self.with_gradient(self.penalty(self.model) if self.penalty else 0.0)
        return program(trace(f, [self.weights], self.strict), self.native, self.strict)

    def with_gradient(self, root: Any) -> list[Any]:
        """A loss, and its derivative by every parameter."""
        root = root if isinstance(root, Value) else Value(root)
        return [root, *gradients(root, self.weights.values, create_graph=True)]

    def update_program(self) -> Program:
        """The optimiser's rule for one parameter: of (p, g, *kept, t, lr) the new (p, *kept)."""
        kept = len(self.optimiser.kept)

        def f(p: Any, g: Any, kept: tuple[Any, ...], t: Any, lr: Any) -> list[Any]:
            moved, numbers = self.optimiser.update(p, g, kept, t, lr)
            return [moved, *numbers]
        return program(trace(f, [0.0, 0.0, (0.0,) * kept, 0.0, 0.0], self.strict), self.native, self.strict)


def form(tree: Any) -> Any:
    """The nesting of a sample: what tells one program from another. Numbers are not told apart."""
    if isinstance(tree, (list, tuple)):
        if tree and all(is_leaf(branch) for branch in tree):
            return len(tree)
        return tuple(map(form, tree))
    return 0 if is_leaf(tree) else (type(tree), tree)


class PythonSession(Session):
    """Training by generated Python."""

    def start(self) -> None:
        """The programs are compiled when the first sample of their form comes up."""
        from .python import PythonKernel
        self._kernel = PythonKernel
        self.kernels: dict[Any, Any] = {}
        self.update = PythonKernel(self.update_program())
        self.decay = PythonKernel(self.penalty_program()) if self.penalty else None

    def run(self, batches: Sequence[Sequence[int]], rates: Sequence[float]) -> Steps:
        """See Session.run."""
        from ..training.clipping import clip_grad_norm, grad_norm
        found: Steps = []
        for batch, rate in zip(self.units(batches), rates):
            total = self.added([self.gradient(unit, len(batch)) for unit in batch])
            if self.decay:
                total = self.added([total, self.decay.run(self.given([]))])
            for p, g in zip(self.weights.values, total[1:]):
                p.grad = g
            norm = grad_norm(self.weights.values)
            if not abs(total[0]) + norm < float("inf"):
                return found
            if self.clip is not None:
                clip_grad_norm(self.weights.values, self.clip)
            self.move(rate)
            found.append((total[0], norm))
            if total[0] <= self.threshold:
                return found
        return found

    def given(self, own: list[float]) -> list[float]:
        """The inputs of a program: parameters first."""
        return [*(p.data for p in self.weights.values), *own]

    def gradient(self, unit: Unit, count: int) -> list[float]:
        """Loss and gradient of a unit."""
        wanted = self.form(unit)
        if wanted not in self.kernels:
            p = self.unit_program(unit)
            self.kernels[wanted] = self._kernel(p), p.closures
        kernel, closures = self.kernels[wanted]
        given = [*self.inputs(unit), float(count), *(v.data for v in closures)]
        return kernel.run(self.given(given))  # type: ignore[no-any-return]

    @staticmethod
    def added(parts: list[list[float]]) -> list[float]:
        """Losses and gradients added up, in order."""
        total = parts[0]
        for part in parts[1:]:
            total = [x + y for x, y in zip(total, part)]
        return total

    def move(self, rate: float) -> None:
        """A step of the optimiser."""
        optimiser, t = self.optimiser, self.optimiser.t + 1
        moved = [self.update.run([p.data, p.grad, *kept, float(t), rate])
                 for p, kept in zip(optimiser.params, optimiser.numbers)]
        optimiser._set([(new, tuple(kept)) for new, *kept in moved], t)



