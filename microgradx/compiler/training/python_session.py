"""Training in generated Python, for when llvmlite is not installed.

    >>> from microgradx import Value
    >>> from microgradx.compiler.backends import backend
    >>> from microgradx.training import SGD
    >>> w = Value(0.0)
    >>> rule = SGD([w], lr=0.25)
    >>> session = backend("python").session(None, [1.0], [3.0], lambda model, x, y: (w * x - y) ** 2, rule)
    >>> session.run([[0]] * 2, [0.25] * 2), w.data
    ([(9.0, 6.0), (2.25, 3.0)], 2.25)
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...interrupts import allowed
from ...table import Op
from ...training.clipping import clip_grad_norm, grad_norm
from ..ir.program import Program
from ..python_backend import PythonKernel, has_row
from .session import Session, Steps, Unit


class PythonSession(Session):
    """Training in generated Python, which always adds in the order of eager code."""

    in_order = True

    def start(self) -> None:
        """Compile rules and penalty. The programs of samples are compiled at the first sample of their form."""
        self.kernels: dict[Any, tuple[Any, list[Any]]] = {}
        self.load_rules()
        self.decay = self.compiled(self.penalty_program()) if self.penalty else None

    def load_rules(self) -> None:
        """Compile the optimiser's rules: one for each parameter."""
        self.updates = [kernel for p, count in self.update_programs() for kernel in [PythonKernel(p)] * count]

    def refill(self, rows: Any) -> None:
        """See Session.refill."""
        super().refill([list(map(float, row)) for row in rows])

    def compiled(self, p: Program) -> tuple[Any, list[Any]]:
        """A program as a Python function, and its closures."""
        return PythonKernel(p), p.closures

    def has(self, op: Op) -> bool:
        """Whether generated Python computes this row itself."""
        return has_row(op)

    def run(self, batches: Sequence[Sequence[int]], rates: Sequence[float]) -> Steps:
        """See Session.run."""
        if self.has_new_settings():
            self.load_rules()
        found = Steps()
        for batch, rate in zip(batches, rates):
            step = self.step(self.units(batch), self.size(batch), rate)
            if step is None:
                break
            found.append(step)
            if step[0] <= self.threshold:
                break
        return found

    def step(self, units: list[Unit], size: float, rate: float) -> tuple[float, float] | None:
        """Make a step; loss and length of the gradient. None, with the state before it, if these are not finite or
        Ctrl-C was pressed."""
        params, before = self.weights.values, self.state()
        try:
            with allowed():
                self.prepare(units)
                before = self.state()           # preparing finds the random generators
                total = self.batch(units, size)
        except BaseException as error:
            self.restore(before)
            self.interrupted = isinstance(error, KeyboardInterrupt)
            if self.interrupted:
                return None
            raise
        for p, g in zip(params, total[1:]):
            p.grad = g
        norm = grad_norm(params)
        if not abs(total[0]) + norm < float("inf"):
            self.restore(before)
            return None
        if self.clip is not None:
            clip_grad_norm(params, self.clip)
        self.move(rate)
        return total[0], norm

    def prepare(self, units: list[Unit]) -> None:
        """Compile what these units need and is not compiled yet."""
        for unit in units:
            if self.form(unit) not in self.kernels:
                self.kernels[self.form(unit)] = self.compiled(self.unit_program(unit))

    def batch(self, units: list[Unit], size: float) -> list[float]:
        """Loss and gradient of a batch, penalty included."""
        total = self.before()
        for unit in units:
            total = self.gradient(self.kernels[self.form(unit)], total, [size, *self.inputs(unit)])
        return self.gradient(self.decay, total, []) if self.decay else total

    def gradient(self, compiled: tuple[Any, list[Any]], before: list[float], own: list[float]) -> list[float]:
        """Run a program and set the Buffers. Returns loss and gradient, with those in `before` added."""
        kernel, closures = compiled
        found: list[float] = kernel.run([*(p.data for p in self.weights.values), *before, *own,
                                         *(source.data for source in closures)])
        for b, x in zip(self.buffers, found[self.count + 1:]):
            b.data = x
        return found[:self.count + 1]

    def move(self, rate: float) -> None:
        """Apply the optimiser's rules to all parameters."""
        optimiser, t = self.optimiser, self.optimiser.t + 1
        moved = [update.run([p.data, p.grad, *kept, float(t), rate])
                 for update, p, kept in zip(self.updates, optimiser.params, optimiser.numbers)]
        optimiser._set([(new, tuple(kept)) for new, *kept in moved], t)
