"""Lanes: a loop whose steps are connected by sums alone, with a step in each lane of a vector.

    >>> from microgradx import exp, grad, jit, sum, vmap
    >>> def energy(w, xs):
    ...     return sum(vmap(lambda w, x: exp(w * x), in_axes=(None, 0))(w, xs))
    >>> jit(grad(energy), backend="native")(0.0, [1.0, 2.0] * 500)
    1500.0

This is what the gradient of a sum over samples becomes. Each lane adds up its own steps; the lanes are added in order
at last, then the steps that were left over: an order that the number of steps alone decides. What is the same at all
steps is computed once, before the loop.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import Any

from llvmlite import ir

from ... import reductions as red
from ..ir.repeat import Repeat, Structure
from ..native.engine import Loaded, load, width
from ..native.instructions import BIT, INT, LONG, POINTER, VOID, called, declared, emit, number, splat
from .repeat_code import Steps

MOST = 4000                             # edges that a step may have
SUMS = (red.sum, red.dot, red.masked_dot)


def adds(op: Repeat, strict: bool) -> bool:
    """Whether nothing but sums connects the steps, so that they may be computed in any order."""
    p, c = op.body, op.carries
    if (strict or p.strict or op.steps < 4 * width(p.dtype) or p.work() > MOST or len(p.results) > MOST
            or any(one is red.entry or isinstance(one, Structure) for one in p.ops)):
        return False
    uses = Counter(chain(p.results, *p.args))
    return all(r == x or (uses[r] == uses[x] == 1 and _is_term(p, r, x))
               for x, r in zip(p.inputs[:c], p.results))


def _is_term(p: Any, r: int, x: int) -> bool:
    """Whether r is a sum, of which x is a term."""
    op, args = p.ops[r], p.args[r]
    if op not in SUMS or x not in args:
        return False
    place, size = args.index(x), len(args) // op.lists
    others = [args[k] for k in range(place % size, len(args), size) if k != place]
    return (op is not red.masked_dot or place >= size) and all(p.numbers.get(other) == 1.0 for other in others)


def compiled(op: Repeat) -> tuple[int, Any]:
    """The address of the function of such a loop, void f(number *memory, long *table), and what must live as long."""
    module = ir.Module("lanes")
    InLanes(module, op).write()
    loaded: Loaded = load(module, called(op.body.ops, False))
    return loaded.address("repeat"), loaded


class InLanes(Steps):
    """The function under construction."""

    def write(self) -> None:
        """Emit it."""
        op, b, p, c = self.op, self.b, self.op.body, self.op.carries
        self.vector = ir.VectorType(self.real, width(self.dtype))
        given = [self.get(self.memory, self.entry(2 + k)) for k in range(self.fixed)]
        self.sums = [k for k in range(c) if p.results[k] != p.inputs[k]]
        self.same: dict[int, Any] = {i: number(x, self.real) for i, x in p.numbers.items()}
        self.same |= {p.inputs[k]: given[k] for k in range(self.fixed) if k not in set(self.sums)}
        self.compute(self.same, False)
        whole = op.steps - op.steps % self.vector.count
        starts = [b.insert_element(number(0.0, self.vector), given[k], INT(0)) for k in self.sums]
        with self.loop(0, LONG(whole), self.vector.count, *starts) as (t, now, new):
            new[:] = self.step(t, now, self.vector)
        totals = list(map(self.total, self.carried))
        if whole < op.steps:
            with self.loop(whole, LONG(op.steps), 1, *totals) as (t, now, new):
                new[:] = self.step(t, now, self.real)
            totals = self.carried
        for k, x in (dict(enumerate(given[:c])) | dict(zip(self.sums, totals))).items():
            b.store(x, self.at(self.memory, b.add(self.out, LONG(k))))
        b.ret_void()

    def total(self, lanes: Any) -> Any:
        """The sum of all lanes, in order."""
        b, found = self.b, self.b.extract_element(lanes, INT(0))
        for k in range(1, self.vector.count):
            found = b.fadd(found, b.extract_element(lanes, INT(k)))
        return found

    def compute(self, values: dict[int, Any], varying: bool) -> None:
        """Emit all operations that have no value yet; unless `varying`, only those whose inputs have one."""
        for i, (op, args) in enumerate(zip(self.op.body.ops, self.op.body.args)):
            if op is not None and i not in values and (varying or all(a in values for a in args)):
                xs = [values[a] for a in args]
                if any(x.type == self.vector for x in xs):
                    xs = [self.spread(x, self.vector) for x in xs]
                values[i] = emit(self.b, op, xs, False)

    def spread(self, x: Any, kind: Any) -> Any:
        """x as this type: in all lanes if that is a vector."""
        if x.type == kind:
            return x
        return number(x.constant, kind) if isinstance(x, ir.Constant) else splat(self.b, x, kind)

    def step(self, t: Any, sums: Sequence[Any], kind: Any) -> list[Any]:
        """The sums after step t, or as many as there are lanes from it on."""
        op, p, values = self.op, self.op.body, dict(self.same)
        values |= zip([p.inputs[k] for k in self.sums], sums)
        columns = len(op.columns)
        for j, i in enumerate(p.inputs[self.fixed:]):
            values[i] = self.moved(j, t, kind)
        self.compute(values, True)
        for j, r in enumerate(p.results[op.carries:]):
            self.moved(columns + j, t, kind, self.spread(values[r], kind))
        return [values[p.results[k]] for k in self.sums]

    def moved(self, k: int, t: Any, kind: Any, x: Any = None) -> Any:
        """Column k, or y, at step t: read, or written if x is given."""
        b = self.b
        slot, stride = self.entry(self.moving + 2 * k), self.entry(self.moving + 2 * k + 1)
        first = b.add(slot, b.mul(t, stride))
        if kind == self.real:
            place = self.at(self.memory, first)
            return self.b.load(place, typ=kind) if x is None else self.b.store(x, place)
        count, longs = kind.count, ir.VectorType(LONG, kind.count)
        steps = b.mul(splat(b, stride, longs), ir.Constant(longs, [LONG(n) for n in range(count)]))
        places = b.mul(b.add(splat(b, first, longs), steps), splat(b, LONG(self.dtype.size), longs))
        pointers = b.inttoptr(b.add(places, splat(b, b.ptrtoint(self.memory, LONG), longs)),
                              ir.VectorType(POINTER, count))
        all_lanes = ir.Constant(ir.VectorType(BIT, count), [BIT(1)] * count)
        name = f"v{count}f{8 * self.dtype.size}.v{count}p0"
        if x is None:
            gather = declared(self.function.module, f"llvm.masked.gather.{name}", kind,
                              [pointers.type, INT, all_lanes.type, kind])
            return b.call(gather, [pointers, INT(self.dtype.size), all_lanes, number(0.0, kind)])
        scatter = declared(self.function.module, f"llvm.masked.scatter.{name}", VOID,
                           [kind, pointers.type, INT, all_lanes.type])
        return b.call(scatter, [x, pointers, INT(self.dtype.size), all_lanes])
