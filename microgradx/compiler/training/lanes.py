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

from ...ops import div, mul, reciprocal
from ...reductions import masked_dot
from ...table import Op
from ..ir.program import Program
from ..native.builder import Code
from ..native.instructions import DOUBLE, INT, LONG, POINTER, emit, fma, number, splat, under

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

    def compute(self, varying: bool) -> None:
        """All nodes that are not known yet; or only those whose inputs are, the same in all lanes."""
        for i, (op, args) in enumerate(zip(self.p.ops, self.p.args)):
            if op is None or i in self.values or not (varying or all(a in self.values for a in args)):
                continue
            xs = [self.value(a) for a in args]
            if any(isinstance(x.type, ir.VectorType) for x in xs):
                xs = list(map(self.vectored, xs))
            self.node(i, op, xs)

    def node(self, i: int, op: Op, xs: list[Any]) -> None:
        """One node."""
        self.values[i] = emit(self.b, op, xs, self.strict)

    def vectored(self, x: Any) -> Any:
        """A vector as it is, a number in all lanes."""
        return x if isinstance(x.type, ir.VectorType) else self.spread(x)

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


class Sum(Lanes):
    """void batch(double *data, long *offsets, long count, double *totals, double *out).

    Inputs that have an address are numbers that all samples share; the others are those of a sample, which lie side by
    side in `data` from its offset on. `out` gets the sum of each result over the samples; `totals` is room for a vector
    of each.
    """

    def __init__(self, module: Any, p: Program, addresses: Mapping[int, int], width: int) -> None:
        super().__init__(module, "batch", [POINTER, POINTER, LONG, POINTER, POINTER], p, width, strict=False)
        self.data, self.offsets, self.count, self.totals, self.out = self.args
        self.own = [i for k, i in enumerate(p.inputs) if k not in addresses]
        for k, address in addresses.items():
            self.fetches[p.inputs[k]] = partial(_number_at, self, address)
        self.places: dict[int, list[int]] = {}          # of each result in `out`
        for k, r in enumerate(p.results):
            self.places.setdefault(r, []).append(k)
        uses = p.uses()                                 # products that are nothing but results
        self.products = {i for i, places in self.places.items() if self.is_product(i) and uses[i] == len(places)}

    def is_product(self, i: int) -> bool:
        """Whether a node is one product, under a mask or not."""
        return self.p.ops[i] is mul or (self.p.ops[i] is masked_dot and len(self.p.args[i]) == 3)

    def write(self) -> Any:
        """The whole function. What does not fill a vector comes first: its totals, in which lanes are left over, are
        then set to 0 there, once."""
        b = self.b
        self.each_total(lambda place: b.store(number(0.0, self.vector), place, align=8))
        odd = b.srem(self.count, LONG(self.width))
        start = b.select(b.icmp_signed("==", odd, LONG(0)), LONG(0), b.sub(odd, LONG(self.width)))
        with self.loop(start, self.count, self.width) as (first, _, _):
            self.read(first)
            self.compute(varying=True)
            for i in self.places:
                if self.p.ops[i] is None:               # an input or a constant
                    self.add(i, partial(b.fadd, self.vectored(self.value(i))))
            with b.if_then(b.icmp_signed("<", first, LONG(0)), likely=False):
                self.masked(first)
        with self.loop(0, LONG(len(self.p.results)), 1) as (k, _, _):
            with self.loop(0, LONG(self.width), 1, number(0.0, DOUBLE)) as (lane, (total,), new):
                new[:] = [b.fadd(total, self.get(self.totals, b.add(b.mul(k, LONG(self.width)), lane)))]
            b.store(self.carried[0], self.at(self.out, k))
        b.ret_void()
        return self.function

    def each_total(self, body: Callable[[Any], Any]) -> None:
        """body(address) of the vector of each total."""
        with self.loop(0, LONG(len(self.p.results)), 1) as (k, _, _):
            body(self.at(self.totals, k, self.vector))

    def read(self, first: Any) -> None:
        """The numbers of the samples from `first` on, one in each lane; before the first sample it once more."""
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
        """Results are added up at once, products in one instruction: there are few registers for them to wait in."""
        if i in self.products:
            term: Callable[..., Any] = fma if op is mul else under
            self.add(i, lambda total: term(self.b, *map(self.vectored, xs), total, strict=False))
        else:
            super().node(i, op, xs)
            if i in self.places:
                self.add(i, partial(self.b.fadd, self.vectored(self.values[i])))

    def add(self, i: int, more: Callable[[Any], Any]) -> None:
        """The totals of a node that is a result, with more."""
        for k in self.places[i]:
            place = self.at(self.totals, k, self.vector)
            self.b.store(more(self.b.load(place, typ=self.vector, align=8)), place, align=8)

    def masked(self, first: Any) -> None:
        """0 in the lanes before the first sample, in all totals."""
        b = self.b
        lanes = ir.Constant(ir.VectorType(LONG, self.width), list(range(self.width)))
        inside = b.icmp_signed(">", lanes, splat(b, b.sub(LONG(-1), first), lanes.type))
        zero = number(0.0, self.vector)
        self.each_total(lambda place: b.store(
            b.select(inside, b.load(place, typ=self.vector, align=8), zero), place, align=8))
