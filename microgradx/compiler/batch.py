"""Batch: one straight line of instructions for many samples at once, each in a lane of the machine's vectors.

Two programs are written so. The loss of a small network: samples are read from a data set, results added up over them.
And the rule of an optimiser: lanes are parameters, which lie side by side.

What depends on nothing that differs from lane to lane (a bias correction, the learning rate) is computed once.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from llvmlite import ir

from ..ops import div, mul, reciprocal
from .code import Code
from .elements import DOUBLE, INT, LONG, POINTER, emit, number, splat
from .program import Program

Fetch = Callable[[], Any]


class Lanes(Code):
    """A function whose inputs are numbers, the same in all lanes, or vectors."""

    def __init__(self, module: Any, name: str, args: Sequence[Any], p: Program, width: int, strict: bool) -> None:
        super().__init__(module, name, args)
        self.p, self.width, self.strict = p, width, strict
        self.vector = ir.VectorType(DOUBLE, width)
        self.values: dict[int, Any] = {i: number(x, DOUBLE) for i, x in p.numbers.items()}
        self.fetches: dict[int, Fetch] = {}     # inputs that are read where they are used, so that none waits long

    def value(self, i: int) -> Any:
        """The value of a node."""
        return self.values[i] if i in self.values else self.fetches[i]()

    def compute(self, varying: bool, done: Callable[[int], None] = lambda i: None) -> None:
        """All nodes that are not known yet; or only those whose inputs are, the same in all lanes. done(i) after each:
        what is to become of a value is best said at once, for there are few registers for it to wait in."""
        for i, (op, args) in enumerate(zip(self.p.ops, self.p.args)):
            if op is None or i in self.values or not (varying or all(a in self.values for a in args)):
                continue
            xs = [self.value(a) for a in args]
            if any(isinstance(x.type, ir.VectorType) for x in xs):
                xs = [x if isinstance(x.type, ir.VectorType) else self.spread(x) for x in xs]
            self.values[i] = emit(self.b, op, xs, self.strict)
            done(i)

    def spread(self, x: Any) -> Any:
        """A number in all lanes."""
        if isinstance(x, ir.Constant):
            return number(x.constant, self.vector)
        return splat(self.b, x, self.vector)


def mapped(module: Any, p: Program, arrays: int, width: int, strict: bool) -> Any:
    """void update(double **arrays, long count, double *uniform): results take the place of inputs, lane by lane.

    The first inputs of the program are elements of so many arrays, the others numbers in `uniform`. The first result
    is written to the first array, the next ones from the third array on: parameter and kept numbers, not gradients.
    """
    p = p if strict else shared_divisors(p, p.inputs[:arrays])
    code = Lanes(module, "update", [POINTER, LONG, POINTER], p, width, strict)
    b, (pointers, count, uniform) = code.b, code.args
    for k, i in enumerate(p.inputs[arrays:]):
        code.values[i] = code.get(uniform, k)
    bases = [code.get(pointers, k, POINTER) for k in range(arrays)]
    code.compute(varying=False)
    known = dict(code.values)
    whole = b.sub(count, b.srem(count, LONG(width)))
    for start, stop, step, kind in ((LONG(0), whole, width, code.vector), (whole, count, 1, DOUBLE)):
        code.values = dict(known)
        with code.loop(start, stop, step) as (at, _, _):
            for base, i in zip(bases, p.inputs):
                code.values[i] = b.load(code.at(base, at), typ=kind, align=8)
            code.compute(varying=True)
            for base, r in zip([bases[0], *bases[2:]], p.results):
                y = code.value(r)
                b.store(y if y.type == kind else code.spread(y), code.at(base, at), align=8)
    b.ret_void()
    return code.function


def shared_divisors(p: Program, varying: Sequence[int]) -> Program:
    """The program with a product in place of x / d where d does not depend on what differs from lane to lane: the
    reciprocal of d is computed once."""
    out, differ = Program(p.native), set(varying)
    new = {i: out.input() for i in p.inputs}
    for i, (op, args) in enumerate(zip(p.ops, p.args)):
        if i in p.numbers:
            new[i] = out.constant(p.numbers[i])
        elif op is not None:
            a, *others = [new[a] for a in args]
            if not differ.isdisjoint(args):
                differ.add(i)
            if op is div and i in differ and args[1] not in differ:
                new[i] = out.add(mul, (a, out.add(reciprocal, tuple(others))))
            else:
                new[i] = out.add(op, (a, *others))
    out.results = [new[r] for r in p.results]
    return out


def _number_at(code: Code, address: int) -> Any:
    """The number that stands at an address."""
    return code.get(code.b.inttoptr(LONG(address), POINTER), 0)


def summed(module: Any, p: Program, addresses: Mapping[int, int], width: int, strict: bool) -> Any:
    """void batch(double *data, long *offsets, long count, double *totals, double *out).

    Inputs that have an address are numbers that all samples share; the others are those of a sample, which lie side by
    side in `data` from its offset on. `out` gets the sum of each result over the samples; `totals` is room for a vector
    of each.
    """
    code = Lanes(module, "batch", [POINTER, POINTER, LONG, POINTER, POINTER], p, width, strict)
    b, (data, offsets, count, totals, out) = code.b, code.args
    own = [i for k, i in enumerate(p.inputs) if k not in addresses]
    for k, address in addresses.items():
        code.fetches[p.inputs[k]] = partial(_number_at, code, address)
    zero, lanes = number(0.0, code.vector), ir.Constant(ir.VectorType(LONG, width), list(range(width)))
    for k in range(len(p.results)):
        b.store(zero, code.at(totals, k, code.vector), align=8)
    # What does not fill a vector comes first: its totals, in which lanes are left over, are then set to 0 there, once.
    odd = b.srem(count, LONG(width))
    with code.loop(b.select(b.icmp_signed("==", odd, LONG(0)), LONG(0), b.sub(odd, LONG(width))), count, width) as (
            first, _, _):
        starts = []
        for k in range(width):                  # before the first sample, the first one once more
            place = b.add(first, LONG(k))
            inside = b.icmp_signed(">=", place, LONG(0))
            starts.append(code.get(offsets, b.select(inside, place, LONG(0)), LONG))
        for j, i in enumerate(own):
            x: Any = ir.Constant(code.vector, ir.Undefined)
            for k, start in enumerate(starts):
                x = b.insert_element(x, code.get(data, b.add(start, LONG(j))), INT(k))
            code.values[i] = x
        def add(i: int) -> None:
            for k in places.pop(i, ()):
                y = code.value(i)
                y = y if isinstance(y.type, ir.VectorType) else code.spread(y)
                place = code.at(totals, k, code.vector)
                total = b.load(place, typ=code.vector, align=8)
                b.store(b.fadd(total, y), place, align=8)

        places: dict[int, list[int]] = {}       # of each result in `out`
        for k, r in enumerate(p.results):
            places.setdefault(r, []).append(k)
        code.compute(varying=True, done=add)
        for i in list(places):                  # results that are inputs or constants
            add(i)
        with b.if_then(b.icmp_signed("<", first, LONG(0)), likely=False):
            mask = b.icmp_signed(">=", b.add(lanes, splat(b, first, lanes.type)), ir.Constant(lanes.type, [0] * width))
            with code.loop(0, LONG(len(p.results)), 1) as (k, _, _):
                place = code.at(totals, k, code.vector)
                b.store(b.select(mask, b.load(place, typ=code.vector, align=8), zero), place, align=8)
    with code.loop(0, LONG(len(p.results)), 1) as (k, _, _):
        with code.loop(0, LONG(width), 1, number(0.0, DOUBLE)) as (lane, (total,), new):
            new[:] = [b.fadd(total, code.get(totals, b.add(b.mul(k, LONG(width)), lane)))]
        b.store(code.carried[0], code.at(out, k))
    b.ret_void()
    return code.function
