"""Lanes: compiles a program to one basic block that computes many samples at once, each in a vector lane.

There are two kinds of such programs. Sum: the loss of a small network; lanes are samples, and the results are summed
over them. mapped(): the rule of an optimiser; lanes are parameters, which are contiguous.

A number that is the same in all lanes (a bias correction, the learning rate) is computed once.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from llvmlite import ir

from ...ops import div, mul, reciprocal
from ...reductions import entry
from ...table import Op
from ..ir.dtype import FLOAT64, Dtype
from ..ir.program import Program
from ..ir.repeat import Structure
from ..native.builder import Code
from ..native.engine import width
from ..native.instructions import DOUBLE, INT, LONG, POINTER, converted, emit, number, real, splat
from ..native.resident import aligned

Fetch = Callable[[], Any]
MOST = 4000                             # edges that the basic block for a batch may have


def fits(p: Program) -> bool:
    """Whether a program runs in lanes: a small one without tables and loops."""
    return sum(map(len, p.args)) <= MOST and not any(op is entry or isinstance(op, Structure) for op in p.ops)


class Lanes(Code):
    """A function under construction whose values are vectors, or numbers that are the same in all lanes.

    kind        the type of what differs from lane to lane
    """

    def __init__(self, module: Any, name: str, args: Sequence[Any], p: Program, width: int, strict: bool,
                 dtype: Dtype | None = None) -> None:
        super().__init__(module, name, args, dtype=dtype or p.dtype)
        self.p, self.width, self.strict = p, width, strict
        self.kind = self.vector = ir.VectorType(self.real, width)
        self.values: dict[int, Any] = {i: number(x, real(p.dtype)) for i, x in p.numbers.items()}
        self.fetches: dict[int, Fetch] = {}     # loads of inputs, emitted at each use to keep live ranges short

    def value(self, i: int) -> Any:
        """The value of a node."""
        return self.values[i] if i in self.values else self.fetches[i]()

    def compute(self, varying: bool) -> None:
        """Emit all nodes not emitted yet; unless `varying`, only those whose inputs are the same in all lanes."""
        for i, (op, args) in enumerate(zip(self.p.ops, self.p.args)):
            if op is None or i in self.values or not (varying or all(a in self.values for a in args)):
                continue
            xs = [self.value(a) for a in args]
            if any(x.type == self.kind for x in xs):
                xs = list(map(self.vectored, xs))
            self.node(i, op, xs)

    def node(self, i: int, op: Op, xs: list[Any]) -> None:
        """Emit one node."""
        self.values[i] = emit(self.b, op, xs, self.strict)

    def vectored(self, x: Any) -> Any:
        """x as a vector: a number is broadcast."""
        return x if x.type == self.kind else self.spread(x)

    def spread(self, x: Any) -> Any:
        """A number, rounded to the type of lanes and broadcast to all of them."""
        if isinstance(x, ir.Constant):
            return number(self.dtype.rounded(x.constant), self.kind)
        return splat(self.b, converted(self.b, x, self.real), self.kind)


def mapped(module: Any, name: str, p: Program, arrays: int, width: int, strict: bool, dtype: Dtype = FLOAT64) -> Any:
    """Emit void name(number **arrays, long count, double *uniform), which replaces inputs by results in place.

    The first `arrays` inputs of the program are elements of these arrays, the others numbers in `uniform`. The first
    result goes to the first array (parameters), the next to the third and later arrays (the optimiser's state); the
    second array (gradients) stays. The arrays are of this dtype; what is the same in all lanes, such as a learning rate
    or 1 - beta**t, is computed in double.
    """
    p = p if strict else shared_divisors(p, p.inputs[:arrays])
    code = Lanes(module, name, [POINTER, LONG, POINTER], p, width, strict, dtype)
    b, (pointers, count, uniform) = code.b, code.args
    for k, i in enumerate(p.inputs[arrays:]):
        code.values[i] = code.get(uniform, k, DOUBLE)
    bases = [code.get(pointers, k, POINTER) for k in range(arrays)]
    code.compute(varying=False)
    known = dict(code.values)
    whole = b.sub(count, b.srem(count, LONG(width)))
    for start, stop, step, kind in ((LONG(0), whole, width, code.vector), (whole, count, 1, code.real)):
        code.values, code.kind = dict(known), kind
        with code.loop(start, stop, step) as (at, _, _):
            for base, i in zip(bases, p.inputs):
                code.values[i] = b.load(code.at(base, at), typ=kind, align=dtype.size)
            code.compute(varying=True)
            for base, r in zip([bases[0], *bases[2:]], p.results):
                b.store(code.vectored(code.value(r)), code.at(base, at), align=dtype.size)
    b.ret_void()
    return code.function


def shared_divisors(p: Program, varying: Sequence[int]) -> Program:
    """The program with x * (1/d) in place of x / d if d is the same in all lanes, so that 1/d is computed once.
    `varying`: the inputs that differ from lane to lane."""
    out, differ = Program(p.native, dtype=p.dtype), set(varying)
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


class Sum(Lanes):
    """Emits void batch(number *data, long *offsets, long count, number *totals, number *out, number *params,
    number *extra).

    The inputs of the program are those in `params`, then the first number in `extra`, then those of a sample, which are
    contiguous in `data` from its offset on, and at last the closures: the other numbers in `extra`. `out` gets the sum
    of each result over the samples; `totals` has space for one vector for each result.

    params      how many inputs are in `params`
    """

    def __init__(self, module: Any, p: Program, params: int, width: int) -> None:
        super().__init__(module, "batch", [POINTER, POINTER, LONG, POINTER, POINTER, POINTER, POINTER], p, width,
                         strict=False)
        self.data, self.offsets, self.count, self.totals, self.out, *shared = self.args
        end = len(p.inputs) - len(p.closures)
        self.own = p.inputs[params + 1:end]
        for array, inputs in zip(shared, (p.inputs[:params], [p.inputs[params], *p.inputs[end:]])):
            for k, i in enumerate(inputs):
                self.fetches[i] = partial(self.get, array, k)
        self.places: dict[int, list[int]] = {}          # the places of each result in `out`
        for k, r in enumerate(p.results):
            self.places.setdefault(r, []).append(k)

    def write(self) -> Any:
        """Emit and return the whole function. An incomplete vector comes first; the totals of its unused lanes are then
        set to 0."""
        b = self.b
        self.each_total(lambda place: b.store(number(0.0, self.vector), place, align=self.dtype.size))
        odd = b.srem(self.count, LONG(self.width))
        start = b.select(b.icmp_signed("==", odd, LONG(0)), LONG(0), b.sub(odd, LONG(self.width)))
        with self.loop(start, self.count, self.width) as (first, _, _):
            self.read(first)
            self.compute(varying=True)
            for i in self.places:
                if self.p.ops[i] is None:               # an input or a constant
                    self.add(i, self.vectored(self.value(i)))
            with b.if_then(b.icmp_signed("<", first, LONG(0)), likely=False):
                self.masked(first)
        with self.loop(0, LONG(len(self.p.results)), 1) as (k, _, _):
            with self.loop(0, LONG(self.width), 1, number(0.0, self.real)) as (lane, (total,), new):
                new[:] = [b.fadd(total, self.get(self.totals, b.add(b.mul(k, LONG(self.width)), lane)))]
            b.store(self.carried[0], self.at(self.out, k))
        b.ret_void()
        return self.function

    def each_total(self, body: Callable[[Any], Any]) -> None:
        """Emit a loop that runs body(address) for the vector of each total."""
        with self.loop(0, LONG(len(self.p.results)), 1) as (k, _, _):
            body(self.at(self.totals, k, self.vector))

    def read(self, first: Any) -> None:
        """Load the samples from `first` on, one in each lane; lanes before the first sample load it, too."""
        b, starts = self.b, []
        for k in range(self.width):
            place = b.add(first, LONG(k))
            inside = b.icmp_signed(">=", place, LONG(0))
            starts.append(self.get(self.offsets, b.select(inside, place, LONG(0)), LONG))
        for j, i in enumerate(self.own):
            x: Any = ir.Constant(self.vector, ir.Undefined)
            for k, start in enumerate(starts):
                x = b.insert_element(x, self.get(self.data, b.add(start, LONG(j))), INT(k))
            self.values[i] = x

    def node(self, i: int, op: Op, xs: list[Any]) -> None:
        """Emit one node, and add a result to its total at once: registers are few."""
        super().node(i, op, xs)
        if i in self.places:
            self.add(i, self.vectored(self.values[i]))

    def add(self, i: int, x: Any) -> None:
        """Add a vector to the totals of a result."""
        for k in self.places[i]:
            place = self.at(self.totals, k, self.vector)
            before = self.b.load(place, typ=self.vector, align=self.dtype.size)
            self.b.store(self.b.fadd(before, x), place, align=self.dtype.size)

    def masked(self, first: Any) -> None:
        """Set the lanes before the first sample to 0 in all totals."""
        b = self.b
        lanes = ir.Constant(ir.VectorType(LONG, self.width), list(range(self.width)))
        inside = b.icmp_signed(">", lanes, splat(b, b.sub(LONG(-1), first), lanes.type))
        zero, align = number(0.0, self.vector), self.dtype.size
        self.each_total(lambda place: b.store(
            b.select(inside, b.load(place, typ=self.vector, align=align), zero), place, align=align))


def batch_of(p: Program, module: Any, params: int) -> None:
    """Emit Sum for the program of a sample; its results: the loss, and its derivatives by the parameters."""
    summed = p.changed(p.ops, p.args)
    summed.results = p.results[:params + 1]             # Buffers do not change
    Sum(module, summed, params, width(p.dtype)).write()


def space(p: Program, params: int) -> tuple[Any, Any]:
    """The memory for a call of it at a time: `extra` and `totals`."""
    # The next samples read the totals again. A store of a whole cache line bypasses the nearest cache (measured on
    # Zen 4: a step takes 1.4 times as long), so each vector straddles two lines.
    return (np.zeros(1 + len(p.closures), p.dtype.name),
            aligned((params + 1) * width(p.dtype), p.dtype.line // 2, p.dtype))
