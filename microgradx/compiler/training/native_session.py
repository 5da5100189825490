"""Training in machine code: a kernel for each form of samples, the optimiser's rules, and the driver that calls them.

    >>> from microgradx import Value
    >>> from microgradx.compiler.backends import backend
    >>> from microgradx.training import SGD
    >>> w = Value(0.0)
    >>> rule = SGD([w], lr=0.25)
    >>> session = backend("native").session(None, [1.0], [3.0], lambda model, x, y: (w * x - y) ** 2, rule)
    >>> session.run([[0]] * 2, [0.25] * 2), w.data                          # one call of machine code
    ([(9.0, 6.0), (2.25, 3.0)], 2.25)
"""
from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from llvmlite import ir

from ...arrays import rounded
from ...interrupts import allowed
from ...table import Op
from ..ir.callbacks import names, warn_of
from ..ir.dtype import FLOAT64
from ..ir.program import Program
from ..native.engine import load, raise_noted, width
from ..native.instructions import called, native
from ..native.resident import address, aligned, resident, resident_gradients
from ..native.threads import cores, pool
from ..native.waiting import Waiting
from .blocks import SHARED, STOP, can_yield
from .driver import Driver
from .fields import SEVERAL, place_of, tabled
from .kept_numbers import KeptNumbers
from .lanes import batch_of, fits, mapped, space
from .sample_kernel import SampleKernel, fields
from .session import Session, Steps, Unit
from .sums import BLOCKS, many

FEW = 4                                 # batches of fewer samples do not use lanes
WORTH = 200_000                         # inputs of the operations of a batch, from which on threads share it


def _starts(sizes: Iterable[int]) -> Any:
    """The start of each part, for parts of these sizes, and the end of the last."""
    return np.cumsum([0, *sizes]).astype(np.int64)


class NativeSession(Session):
    """Training in machine code; parameters and the optimiser's state stay in its memory."""

    def start(self) -> None:
        """Prepare everything but the kernels, which are compiled at the first sample of their form."""
        self.warned = False                     # whether the warning about callbacks was issued
        self.calls_back = False                 # whether machine code calls Python, which one thread does at a time
        values, size = self.weights.values, self.dtype.size
        self.home = resident(values)            # None where another Module's block has them
        self.slopes = None if self.home is None else resident_gradients(values)
        self.apart = self.home is None or self.dtype is not FLOAT64     # copy them to a block of this dtype and back
        self.block = aligned(self.count, dtype=self.dtype) if self.apart else self.home
        self.total = aligned(self.count + 1, first=1, dtype=self.dtype)
        self.held = np.zeros((2, len(self.buffers)), self.dtype.name)
        first = address(self.block)
        self.addresses = {k: first + size * k for k in range(self.count)}
        if self.in_order:
            self.addresses |= {self.count + k: place_of(self.total) + size * k for k in range(self.count + 1)}
        self.at_once = SEVERAL                  # samples that a kernel computes, see many()
        self.first: Program | None = None       # the program of the first sample, if in_lanes() traced it
        self.kernels: dict[Any, tuple[int, SampleKernel]] = {}
        self.data = self.array([x for row in self.numbers for x in row])
        self.offsets = _starts(map(len, self.numbers))
        self.which, self.known = np.full(len(self.samples), -1, np.int64), 0
        self.kept = KeptNumbers(self.optimiser, self.dtype)
        self.decay = self.sample_kernel(self.penalty_program(), 0) if self.penalty else None
        if self.decay:
            self.decay.share(1)
        self.driver: Any = None
        self.space: Any = None
        self.lanes = False

    def array(self, numbers: Any) -> Any:
        """Numbers as an array of this dtype."""
        return rounded(numbers, self.dtype.name)

    def has(self, op: Op) -> bool:
        """Whether machine code has this row."""
        return native(op, self.strict)

    def refill(self, rows: Any) -> None:
        """See Session.refill. An array of this dtype stays where it is: numbers set in it later are used."""
        before = len(self.samples)
        super().refill(rows)
        table = np.require(rows, self.dtype.name, ["C", "W"])
        self.data, self.offsets = table.reshape(-1), np.arange(len(table) + 1) * table.shape[1]
        if len(table) != before:
            self.which, self.known = np.full(len(table), -1, np.int64), 0

    # Code ----------------------------------------------------------------------------------------------------------

    def prepare(self, batches: Sequence[Sequence[int]]) -> None:
        """Compile what these batches need and is not compiled yet."""
        self.record(batches)
        for _, one in self.kernels.values():
            one.share(1)

    def record(self, batches: Sequence[Sequence[int]]) -> None:
        """Have the driver, and a program for each form of units in these batches; the first sample's before all others,
        which are laid out as it is: so whatever comes first, they have the same bits."""
        if self.driver is None:
            self.lanes = self.in_lanes(batches)
            self.at_once = self.at_once if self.kernels else many(max(map(len, batches)), self.dtype)
        if self.driver is None or self.has_new_settings():
            self.load_driver()
        if self.lanes or (self.known == len(self.samples) and not self.whole):
            return
        first: list[Unit] = [] if self.whole else [(0,)]
        for unit in dict.fromkeys([*first, *(unit for batch in batches for unit in self.units(batch))]):
            wanted = self.form(unit)
            if wanted not in self.kernels:
                p = self.first if wanted == self.form((0,)) and self.first else self.unit_program(unit)
                self.kernels[wanted] = len(self.kernels), self.sample_kernel(
                    p, len(self.inputs(unit)), *[self.kernels[self.form(one)][1] for one in first if one != unit])
            if not self.whole and self.which[unit[0]] < 0:
                self.which[unit[0]] = self.kernels[wanted][0]
                self.known += 1

    def sample_kernel(self, p: Program, own: int, like: SampleKernel | None = None) -> SampleKernel:
        """The kernel of a program, which accesses parameters and Buffers in place."""
        self.warn(called(p.ops, self.strict))
        return SampleKernel(p, self.placed(p), own, self.strict, at_once=self.at_once, like=like)

    def warn(self, rows: list[Op]) -> None:
        """Issue one warning if machine code calls back into Python for some rows."""
        self.calls_back |= bool(rows)
        if rows and not self.warned:
            self.warned = True
            warn_of("fit(..., jit=True)", names(rows))

    def placed(self, p: Program) -> dict[int, int]:
        """The address of each input that is outside of the kernel's memory."""
        fixed, start = len(p.inputs) - len(p.closures), place_of(self.held)
        held = {b: start + self.dtype.size * k for k, b in enumerate(self.buffers)}
        return self.addresses | {fixed + k: held[source] for k, source in enumerate(p.closures) if source in held}

    def in_lanes(self, batches: Sequence[Sequence[int]]) -> bool:
        """Whether to compute a batch with a sample in each lane: samples of one form, and a small program that neither
        draws random numbers nor sets Buffers."""
        if self.strict or self.whole or not self.alike or min(map(len, batches)) < FEW:
            return False
        p = self.first = self.unit_program((0,))
        return not p.updates and not self.generators and fits(p)

    def load_driver(self) -> None:
        """Compile the optimiser's rules and the driver; with lanes, also the function of a batch."""
        module = ir.Module("training")
        updates = self.update_programs()
        self.arrays = 2 + len(self.optimiser.kept)          # of a rule: parameters, gradients, the numbers it keeps
        rules = [(mapped(module, f"update{k}", p, self.arrays, width(self.dtype), self.strict, self.dtype),
                  count)
                 for k, (p, count) in enumerate(updates)]
        self.in_blocks = self.emit(module, rules, self.penalty is not None)
        self.starts = _starts(count for _, count in updates)
        rows = [row for p, _ in updates for row in called(p.ops, self.strict)]
        rows += called(self.first.ops, self.strict) if self.lanes and self.first else []
        self.warn(rows)
        self.code = load(module, rows)
        # Where no row calls Python, its lock is released
        kind = (ctypes.PYFUNCTYPE if self.calls_back else ctypes.CFUNCTYPE)(None, ctypes.c_void_p, ctypes.c_int64)
        self.driver = kind(self.code.address("train"))
        self.worker: Any = kind(self.code.address("work")) if self.in_blocks else None

    def emit(self, module: Any, rules: Any, penalty: bool) -> bool:
        """Emit the driver. Returns whether threads share a batch."""
        driver = Driver(module, rules, self.arrays, self.lanes, penalty, bool(self.buffers), self.strict,
                        self.dtype, self.at_once)
        if self.lanes:
            self.emit_lanes(module)
        return driver.blocks is not None

    def emit_lanes(self, module: Any) -> None:
        """Emit the function of a block in lanes, and have the memory for it."""
        p: Any = self.first
        batch_of(p, module, self.count)
        self.closures, (self.extra, self.totals) = p.closures, space(p, self.count)

    # Steps ---------------------------------------------------------------------------------------------------------

    def run(self, batches: Sequence[Sequence[int]], rates: Sequence[float]) -> Steps:
        """See Session.run. IndexError if a take() was given an index outside of its table."""
        with allowed():
            self.prepare(batches)
        buffers, generators = self.state()
        self.held[0] = buffers
        if self.apart:
            self.block[:] = self.array(self.home if self.home is not None else [v.data for v in self.weights.values])
        losses, norms = np.zeros((2, len(batches)))
        try:
            made = self.drive(batches, rates, losses, norms)
        finally:
            if self.apart:
                self.give_back()
            self.restore((self.held[0].tolist(), []))
        if made < len(batches) and generators:  # redraw for just the steps made, for the same final state
            self.restore(([], generators))
            self.gathered(batches[:made])
        return list(zip(losses[:made].tolist(), norms[:made].tolist()))

    def give_back(self) -> None:
        """Set the parameters to what machine code has made of them."""
        if self.home is not None:
            np.asarray(self.home)[:] = self.block
            return
        for v, x in zip(self.weights.values, self.block.tolist()):
            v.data = x

    def drive(self, batches: Sequence[Sequence[int]], rates: Sequence[float], losses: Any, norms: Any) -> int:
        """Run the machine code. Returns the number of steps made."""
        threads, arrays, plain = self.batch_fields(batches)
        if self.decay:
            self.decay.refresh()
        done, clip = np.zeros(1, np.int64), -1.0 if self.clip is None else self.clip
        self.kept.settle()
        shared = aligned(SHARED).view(np.int64)
        arrays |= {
            "shared": shared, "sums": self.sums(),
            "total": self.total, "uniform": np.zeros(2), "rates": np.array(rates, float),
            "sizes": np.array(list(map(self.size, batches))), "losses": losses,
            "norms": norms, "clip": np.array([clip]), "threshold": np.array([self.threshold]), "done": done,
            "arrays": np.add.outer(self.dtype.size * self.starts[:-1],
                                   [address(self.block), 0, *map(place_of, self.kept.memory)]),
            "buffers": self.held[0], "held": self.held[1],
        }
        table = tabled(arrays, plain | self.plain_fields())
        others = [pool(threads - 1).submit(self.worker, place_of(table), thread) for thread in range(1, threads)]
        try:
            with self.waiting():
                self.driver(place_of(table), len(batches))
                raise_noted()                   # of a row that was called back: the step is not made
        except KeyboardInterrupt:
            self.interrupted = True
        finally:
            shared[STOP] = 1
            for other in others:
                if not other.cancel():          # of a busy pool: it has not begun
                    other.result()
            self.optimiser.t += int(done[0])
        try:
            for _, one in self.kernels.values():
                one.check()
        except IndexError:                      # of a sample of the batch at which the driver stopped
            if not self.interrupted:            # a loop that Ctrl-C ended is wrong, too
                for unit in self.units(batches[done[0]]):
                    self.kernels[self.form(unit)][1].play(self.inputs(unit))
                raise
        if done[0]:
            self.show_gradient(int(arrays["arrays"][0, 1]))
        return int(done[0])

    def waits(self) -> bool:
        """Whether a sample has a loop that may go on for ever."""
        return any(one.waits for _, one in self.kernels.values())

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """A with-block in which Ctrl-C ends such a loop: its step is not made."""
        if not self.waits():
            yield
            return
        with allowed(), Waiting():
            yield

    def batch_fields(self, batches: Sequence[Sequence[int]]) -> tuple[int, dict[str, Any], dict[str, int]]:
        """How many threads compute the samples, and the fields for these: arrays, and plain numbers."""
        kernels = [one for _, one in self.kernels.values()]
        threads = self.sharing(batches)
        plain = {"kernels": self.code.address("batch")} if self.lanes else {}
        together = self.together(batches)
        for one in kernels:
            if together:
                one.together()
                plain |= one.fields()
            one.share(threads)
            one.refresh()
        memories = [one.memories[thread] for thread in range(threads) for one in kernels]
        rooms = [room for one in kernels for room in one.rooms]
        return threads, self.sample_fields(batches, kernels) | fields(kernels, memories, rooms), plain

    def sharing(self, batches: Sequence[Sequence[int]]) -> int:
        """How many threads compute the samples of a batch."""
        if not self.in_blocks or self.calls_back or self.whole or self.waits() or not can_yield():
            return 1                            # only the main thread looks whether Ctrl-C was pressed
        wanted = self.threads if self.threads is not None else 1 if self.is_small(batches) else cores()
        return max(1, min(wanted, BLOCKS, max(map(len, batches), default=1)))

    def is_small(self, batches: Sequence[Sequence[int]]) -> bool:
        """Whether to compute a batch takes less time than to share it."""
        each = max([one.work for _, one in self.kernels.values()], default=self.first.work() if self.first else 0)
        return each * sum(map(len, batches)) < WORTH * len(batches)

    def together(self, batches: Sequence[Sequence[int]]) -> bool:
        """Whether a kernel computes several samples of a batch at once: if all samples there are have one form."""
        return self.in_blocks and not self.whole and self.alike and max(map(len, batches)) >= self.at_once

    def sums(self) -> Any:
        """Space for the sum of each block."""
        if self.space is None:
            self.space = aligned(BLOCKS * (self.count + 1), first=1, dtype=self.dtype)
        return self.space

    def show_gradient(self, start: int) -> None:
        """Give the parameters the gradient of the last step, which machine code has left at this address."""
        place: Any = (self.dtype.c * self.count).from_address(start)
        last = np.frombuffer(place, self.dtype.name)
        if self.slopes is not None:
            np.asarray(self.slopes)[:] = last
            return
        for v, x in zip(self.weights.values, last.tolist()):
            v.grad = x

    def plain_fields(self) -> dict[str, int]:
        """The fields that are not arrays: counts, and the addresses of functions."""
        found = {"count": self.count, "first": self.optimiser.t, "held_count": len(self.buffers),
                 "forms": len(self.kernels), "params": address(self.block)}
        if self.decay is not None:
            kernel = self.decay.kernel
            found |= {"penalty": kernel.address, "penalty_memory": kernel.start,
                      "penalty_out": kernel.start + self.dtype.size * kernel.results}
        return found

    def sample_fields(self, batches: Sequence[Sequence[int]], kernels: Sequence[SampleKernel]) -> dict[str, Any]:
        """The fields for the numbers of the samples, and for the samples of each batch."""
        if self.whole or any(one.draws for one in kernels):
            return self.gathered(batches)
        found = self.single_samples(batches)
        if self.lanes:
            self.extra[1:] = [source.data for source in self.closures]
            found |= {"which": np.zeros(max(map(len, batches)), np.int64), "extra": self.extra, "totals": self.totals}
        return found

    def single_samples(self, batches: Sequence[Sequence[int]]) -> dict[str, Any]:
        """The fields for all samples in place, with the places of each batch. A repeated batch is converted once."""
        places: dict[int, Any] = {}
        for batch in batches:
            if id(batch) not in places:
                places[id(batch)] = np.array(batch, np.int64)
        return {"starts": _starts(map(len, batches)), "order": np.concatenate([places[id(batch)] for batch in batches]),
                "offsets": self.offsets, "which": self.which, "data": self.data}

    def gathered(self, batches: Sequence[Sequence[int]]) -> dict[str, Any]:
        """The fields for units gathered in order, each with the random numbers that it draws."""
        units = [self.units(batch) for batch in batches]
        every = [(unit, *self.kernels[self.form(unit)]) for batch in units for unit in batch]
        rows = [[*self.inputs(unit), *(one.read() if one.draws else [])] for unit, _, one in every]
        return {"starts": _starts(map(len, units)), "order": np.arange(len(every)), "offsets": _starts(map(len, rows)),
                "which": np.array([which for _, which, _ in every], np.int64),
                "data": self.array([x for row in rows for x in row])}

    def finish(self) -> None:
        """The optimiser keeps its numbers by itself again."""
        self.optimiser.numbers = list(self.optimiser.numbers)
