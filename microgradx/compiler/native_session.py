"""Training in machine code: kernels for the forms of samples, the optimiser's rule, and the driver around them."""
from __future__ import annotations

import ctypes
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from llvmlite import ir

from ..table import Op
from .batch import mapped, summed
from .driver import FIELDS, Driver
from .elements import native
from .fuse import fused
from .native import called, compiled, load, width
from .resident import address, resident
from .session import Session, Steps, Unit

LANES = 3000                            # operations that a straight line for a batch may have
FEW = 4                                 # samples that are worth it


def _address(array: Any) -> int:
    return int(array.ctypes.data)


def _starts(sizes: Iterable[int]) -> Any:
    """Where each part begins, of parts of these sizes; and the end."""
    return np.cumsum([0, *sizes]).astype(np.int64)


class NativeSession(Session):
    """Training in machine code; parameters and the optimiser's numbers stay in memory."""

    def start(self) -> None:
        """Everything but the kernels of the samples, which are compiled when the first of their form comes up."""
        values = self.weights.values
        block = resident(values)
        if block is None:
            raise ValueError("the optimiser's parameters lie in the memory of several compiled Modules; jit the Module "
                             "whose parameters() the optimiser was given, before its parts")
        self.block = block
        self.count = len(values)
        self.blocks = {k: address(block) + 8 * k for k in range(self.count)}
        self.kernels: dict[Any, Any] = {}
        self.data = np.array([x for row in self.numbers for x in row])
        self.offsets = _starts(map(len, self.numbers))
        self.which, self.known = np.full(len(self.samples), -1, np.int64), 0
        self.total = np.zeros(self.count + 1)
        self.kept = np.zeros((len(self.optimiser.kept), self.count))
        for row, numbers in zip(self.kept, zip(*self.optimiser.numbers)):
            row[:] = numbers
        self.decay = compiled(self.penalty_program(), self.blocks, self.strict) if self.penalty else None
        self.driver: Any = None
        self.lanes = False
        self.first: Any = None

    def native(self, op: Op) -> bool:
        """Whether machine code has this row."""
        return native(op, self.strict)

    # Code ----------------------------------------------------------------------------------------------------------

    def prepare(self, batches: Sequence[Sequence[int]]) -> None:
        """Compile what these batches need and is not there yet."""
        if self.driver is None:
            self.lanes = self.in_lanes(batches)
            self.load_driver()
        if self.lanes or (self.known == len(self.samples) and not self.whole):
            return
        for unit in dict.fromkeys(unit for batch in self.units(batches) for unit in batch):
            wanted = self.form(unit)
            if wanted not in self.kernels:
                self.kernels[wanted] = len(self.kernels), self.kernel(unit)
            if not self.whole and self.which[unit[0]] < 0:
                self.which[unit[0]] = self.kernels[wanted][0]
                self.known += 1

    def kernel(self, unit: Unit) -> Any:
        """Loss and gradient of units like this one."""
        p = self.first if unit == (0,) and self.first else self.unit_program(unit)
        kernel = compiled(p, self.blocks, self.strict)
        own = len(self.inputs(unit))
        kernel.place.memory[own + 1:own + 1 + len(p.closures)] = [v.data for v in p.closures]
        return kernel

    def in_lanes(self, batches: Sequence[Sequence[int]]) -> bool:
        """Whether a batch is one straight line with a sample in each lane: all of one form, and a small program."""
        if self.strict or self.whole or len(set(self.forms)) > 1 or min(map(len, batches)) < FEW:
            return False
        p = self.first = self.unit_program((0,))
        if sum(map(len, p.args)) > 2 * LANES:
            return False
        low = fused(p)
        if sum(map(len, low.args)) > LANES or any(op is not None and op.name == "take" for op in low.ops):
            return False
        self.batch_program, self.closures = low, [v.data for v in p.closures]
        return True

    def load_driver(self) -> None:
        """Machine code of the optimiser's rule and of the loop; in lanes, of the samples too."""
        module = ir.Module("training")
        update = self.update_program()
        rule = mapped(module, update, 2 + len(self.optimiser.kept), width(), self.strict)
        Driver(module, rule, self.lanes, self.penalty is not None, self.strict)
        rows = called(update, self.strict)
        if self.lanes:
            addresses = [self.blocks[k] for k in range(self.count)]
            summed(module, self.batch_program, addresses, 1 + len(self.closures), width(), False)
            rows += called(self.batch_program, False)
            self.extra = np.array([1.0, *self.closures])
            self.totals = np.zeros((self.count + 1) * width())
            self.gathered = np.zeros(len(self.samples), np.int64)
        self.engine = load(module, rows)
        get = self.engine[0].get_function_address
        self.driver = ctypes.PYFUNCTYPE(None, ctypes.c_void_p, ctypes.c_long)(get("train"))
        self.batch = get("batch") if self.lanes else 0

    # Steps ---------------------------------------------------------------------------------------------------------

    def run(self, batches: Sequence[Sequence[int]], rates: Sequence[float]) -> Steps:
        """See Session.run. IndexError if a take() was given an index outside of its table."""
        self.prepare(batches)
        optimiser, steps = self.optimiser, len(batches)
        losses, norms, done = np.zeros(steps), np.zeros(steps), np.zeros(1, np.int64)
        kernels = [kernel for _, kernel in self.kernels.values()]
        clip = np.array([-1.0 if self.clip is None else self.clip])
        arrays = {
            **(self.whole_batches(batches) if self.whole else self.single_samples(batches)),
            "kernels": np.array([k.address for k in kernels], np.int64),
            "memories": np.array([k.start for k in kernels], np.int64),
            "owns": np.array([k.place.given - 1 - len(k.closures) for k in kernels], np.int64),
            "outs": np.array([k.results for k in kernels], np.int64),
            "total": self.total, "uniform": np.zeros(2), "rates": np.array(rates, float),
            "losses": losses, "norms": norms, "clip": clip, "threshold": np.array([self.threshold]), "done": done,
            "arrays": np.array([address(self.block), 0, *map(_address, self.kept)], np.int64),
        }
        fields = {name: _address(array) for name, array in arrays.items()}
        fields |= {"count": self.count, "first": optimiser.t}
        if self.lanes:
            fields |= {"kernels": self.batch, "which": _address(self.gathered), "extra": _address(self.extra),
                       "totals": _address(self.totals)}
        if self.decay is not None:
            fields |= {"penalty": self.decay.address, "penalty_memory": self.decay.start,
                       "penalty_out": self.decay.start + 8 * self.decay.results}
        table = np.array([fields.get(name, 0) for name in FIELDS], np.int64)
        self.driver(_address(table), steps)
        for kernel in kernels:
            kernel.check()
        made = int(done[0])
        optimiser.t += made
        return list(zip(losses[:made].tolist(), norms[:made].tolist()))

    def single_samples(self, batches: Sequence[Sequence[int]]) -> dict[str, Any]:
        """All samples as they are, and for each batch which of them. A batch that comes again is read once."""
        places: dict[int, Any] = {}
        for batch in batches:
            if id(batch) not in places:
                places[id(batch)] = np.array(batch, np.int64)
        return {"starts": _starts(map(len, batches)), "order": np.concatenate([places[id(batch)] for batch in batches]),
                "offsets": self.offsets, "which": self.which, "data": self.data}

    def whole_batches(self, batches: Sequence[Sequence[int]]) -> dict[str, Any]:
        """Each batch as one sample: its numbers brought together."""
        units = [tuple(batch) for batch in batches]
        rows = [self.inputs(unit) for unit in units]
        return {"starts": np.arange(len(units) + 1), "order": np.arange(len(units)), "offsets": _starts(map(len, rows)),
                "which": np.array([self.kernels[self.form(unit)][0] for unit in units], np.int64),
                "data": np.array([x for row in rows for x in row])}

    def finish(self) -> None:
        """The optimiser gets back the numbers that it keeps for each parameter."""
        if len(self.kept):
            self.optimiser.numbers = list(zip(*self.kept.tolist()))
