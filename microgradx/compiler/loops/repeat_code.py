"""Repeats: writes the function that runs all steps of a loop (ir/repeat.py).

    >>> from microgradx import jit, scan
    >>> f = jit(lambda x: scan(lambda total, y: (total + y * y, total), 0.0, x), backend="native")
    >>> f([1.0, 2.0, 3.0] * 50)[0], f.report().scans
    (700.0, 1)

A small step stands within the loop, and its carries in registers. A large one is a kernel with memory of its own: the
loop copies its inputs there, calls it, and copies its results.
"""
from __future__ import annotations

from typing import Any, NamedTuple

from llvmlite import ir

from ..ir.repeat import Repeat
from ..native.builder import Code
from ..native.engine import Loaded, load
from ..native.instructions import BIT, LONG, POINTER, VOID, called, number, truth
from ..native.kernel import Kernel
from ..native.straight import is_small, line, set_flag
from .affine import Slots

PACE = 2**20                            # inputs of operations, after which a loop looks whether Ctrl-C was pressed


class RepeatNest(NamedTuple):
    """A loop and the numbers that its function is given: its steps, the slot `status`, the slots of carries and
    constants, the first slot and stride of each column, the first slot and stride of each y, the slot of the block, and
    the address of the memory of a large step. That address, and that of pause() in place of unknown steps, are filled
    in by the kernel for each memory of its own."""

    op: Repeat
    table: list[int]


def nest(op: Repeat, out: int, first: Slots, columns: list[tuple[int, int]], status: int) -> RepeatNest:
    """The nest of a loop whose block begins at `out`."""
    ys = [(out + op.carries + j * op.steps, 1) for j in range(op.ys)]
    rows = [(start + step * (op.steps - 1), -step) if op.reverse else (start, step) for start, step in (*columns, *ys)]
    return RepeatNest(op, [op.steps, status, *first.tolist(), *(x for row in rows for x in row), out, 0])


def compiled(op: Repeat, strict: bool, body: Kernel | None) -> tuple[int, Any]:
    """The address of the function of a loop, void f(number *memory, long *table), and what must live as long. body: the
    kernel of a step that is large."""
    module = ir.Module("repeat")
    code: Any = (Inside if op.count is not None else InsideOn)(module, op) if body is None else (
        Around if op.count is not None else AroundOn)(module, op, body)
    code.write(strict)
    loaded: Loaded = load(module, called(op.body.ops, strict) if body is None else ())
    return loaded.address("repeat"), (loaded, body)


def place_of_body(op: Repeat) -> int:
    """Where in the table of a loop the address of the memory of its step is."""
    return 3 + op.carries + op.constants + 2 * (len(op.columns) + op.ys)


def fits(op: Repeat) -> bool:
    """Whether a step stands within the loop."""
    return is_small(op.body)


class Steps(Code):
    """void repeat(number *memory, long *table), under construction."""

    def __init__(self, module: Any, op: Repeat) -> None:
        super().__init__(module, "repeat", [POINTER, POINTER], dtype=op.body.dtype)
        self.op = op
        self.memory, self.table = self.args
        self.count, self.status = self.entry(0), self.entry(1)
        self.fixed = op.carries + op.constants
        self.moving = 2 + self.fixed                    # where the columns begin in the table
        self.out = self.entry(place_of_body(op) - 1)

    def entry(self, k: Any) -> Any:
        """The number at this place of the table."""
        return self.get(self.table, k, LONG)

    def pause(self, steps: Any) -> tuple[Any, Any]:
        """How many steps are left until the next look whether Ctrl-C was pressed, and a bit that is set if it was."""
        b, before = self.b, self.b.block
        left = b.sub(steps, LONG(1))
        with b.if_then(b.icmp_signed("==", left, LONG(0)), likely=False):
            stop = b.call(b.inttoptr(self.count, ir.FunctionType(LONG, []).as_pointer()), [])
            pressed, inside = b.icmp_signed("!=", stop, LONG(0)), b.block
        found, again = b.phi(BIT), b.phi(LONG)
        for phi, here, there in ((found, BIT(0), pressed), (again, left, self.pace())):
            phi.add_incoming(here, before)
            phi.add_incoming(there, inside)
        return again, found

    def pace(self) -> Any:
        """How many steps there are between two looks, which take a millisecond or so."""
        return LONG(max(1, PACE // max(1, self.op.body.work())))


class Inside(Steps):
    """A step within the loop."""

    def write(self, strict: bool) -> None:
        """Emit the function."""
        op, b, c = self.op, self.b, self.op.carries
        given = [self.get(self.memory, self.entry(2 + k)) for k in range(self.fixed)]
        slots = [self.entry(self.moving + 2 * j) for j in range(len(op.columns) + op.ys)]
        steps = [self.entry(self.moving + 2 * j + 1) for j in range(len(slots))]
        wrong: Any = None
        with self.loop(0, self.count, 1, *given[:c], *slots, number(0.0, self.real)) as (_, now, new):
            at = now[c:-1]
            xs = [self.get(self.memory, slot) for slot in at[:len(op.columns)]]
            found, wrong = line(b, op.body, [*now[:c], *given[c:], *xs], strict)
            for y, slot in zip(found[c:], at[len(op.columns):]):
                b.store(y, self.at(self.memory, slot))
            failed = now[-1] if wrong is None else b.select(wrong, number(1.0, self.real), now[-1])
            new[:] = [*found[:c], *(b.add(slot, step) for slot, step in zip(at, steps)), failed]
        for k in range(c):
            b.store(self.carried[k], self.at(self.memory, b.add(self.out, LONG(k))))
        if wrong is not None:
            bit = b.fcmp_ordered("!=", self.carried[-1], number(0.0, self.real))
            set_flag(b, bit, self.at(self.memory, self.status), self.real)
        b.ret_void()


class InsideOn(Steps):
    """A step within a loop without a count."""

    def write(self, strict: bool) -> None:
        """Emit the function."""
        op, b, c = self.op, self.b, self.op.carries
        given = [self.get(self.memory, self.entry(2 + k)) for k in range(self.fixed)]
        with self.repeat(self.goes_on, *given[:c], BIT(0), self.pace()) as (now, new):
            found, wrong = line(b, op.body, [*now[:c], *given[c:]], strict)
            left, stop = self.pause(now[-1])
            new[:] = [*found, stop if wrong is None else b.or_(wrong, stop), left]
        for k in range(c):
            b.store(self.carried[k], self.at(self.memory, b.add(self.out, LONG(k))))
        set_flag(b, self.carried[c], self.at(self.memory, self.status), self.real)
        b.ret_void()

    def goes_on(self, now: list[Any]) -> Any:
        """Whether the condition holds, and nothing went wrong."""
        return self.b.and_(truth(self.b, now[0]), self.b.not_(now[self.op.carries]))


class Around(Steps):
    """A loop around the kernel of a step."""

    def __init__(self, module: Any, op: Repeat, body: Kernel) -> None:
        super().__init__(module, op)
        b = self.b
        self.body = b.inttoptr(self.entry(place_of_body(op)), POINTER)
        self.run = b.inttoptr(LONG(body.address), ir.FunctionType(VOID, [POINTER]).as_pointer())
        self.results, self.failed = body.results, body.place.status

    def write(self, strict: bool) -> None:
        """Emit the function."""
        op, b, c, w = self.op, self.b, self.op.carries, len(self.op.columns)
        self.copy(self.fixed, lambda k: (self.memory, self.entry(b.add(k, LONG(2)))), lambda k: (self.body, k))
        with self.loop(0, self.count, 1) as (t, _, _):
            self.copy(w, lambda k: self.row(k, t), lambda k: (self.body, b.add(k, LONG(self.fixed))))
            b.call(self.run, [self.body])
            self.copied(self.body, self.at(self.body, self.results), LONG(c))
            self.copy(op.ys, lambda k: (self.body, b.add(k, LONG(self.results + c))),
                      lambda k: self.row(b.add(k, LONG(w)), t))
        self.end()

    def end(self) -> None:
        """Write the last carries, and whether a step went wrong."""
        b = self.b
        self.copied(self.at(self.memory, self.out), self.body, LONG(self.op.carries))
        flag = self.get(self.body, self.failed)
        b.store(number(0.0, self.real), self.at(self.body, self.failed))
        set_flag(b, b.fcmp_ordered("!=", flag, number(0.0, self.real)), self.at(self.memory, self.status), self.real)
        b.ret_void()

    def row(self, k: Any, t: Any) -> tuple[Any, Any]:
        """Where column k, or y, is at step t."""
        b = self.b
        at = b.add(b.mul(k, LONG(2)), LONG(self.moving))
        return self.memory, b.add(self.entry(at), b.mul(t, self.entry(b.add(at, LONG(1)))))

    def copy(self, count: int, source: Any, target: Any) -> None:
        """for (k = 0; k < count; k++) target(k) = source(k);"""
        if count:
            with self.loop(0, LONG(count), 1) as (k, _, _):
                self.b.store(self.get(*source(k)), self.at(*target(k)))


class AroundOn(Around):
    """A loop without a count around the kernel of a step."""

    def write(self, strict: bool) -> None:
        """Emit the function."""
        b, c = self.b, self.op.carries
        self.copy(self.fixed, lambda k: (self.memory, self.entry(b.add(k, LONG(2)))), lambda k: (self.body, k))
        with self.repeat(lambda _: self.goes_on(), self.pace()) as (now, new):
            b.call(self.run, [self.body])
            self.copied(self.body, self.at(self.body, self.results), LONG(c))
            new[0], stop = self.pause(now[0])
            set_flag(b, stop, self.at(self.body, self.failed), self.real)
        self.end()

    def goes_on(self) -> Any:
        """Whether the condition holds, and nothing went wrong."""
        b = self.b
        return b.and_(truth(b, self.get(self.body, 0)), b.not_(truth(b, self.get(self.body, self.failed))))


__all__ = ["RepeatNest", "compiled", "fits", "nest", "place_of_body"]
