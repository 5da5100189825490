"""Into: a program as a builtin function for calls with out=, which writes its results to the caller's arrays.

    >>> from microgradx import grad, jit
    >>> from microgradx.arrays import numpy
    >>> np = numpy()
    >>> f, kept = jit(grad(lambda x: x[0] * x[1]), backend="native"), np.zeros(2)
    >>> [f(np.array([3.0, x]), out=kept) is kept for x in (4.0, 5.0)], kept.tolist()
    ([True, True], [5.0, 3.0])

Before anything runs the machine code looks at these arrays as at those of the arguments, and whether two lie in the
same memory. It passes whatever differs from the first call on, and Python says what is wrong, if anything is: out.py.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, product
from math import prod
from typing import Any, NamedTuple

from ...arrays import numpy
from ..trace.arguments import ArrayOf, Sizes
from ..trace.results import arrays_in
from .builtin import builtin
from .entry import Entry
from .instructions import LONG, POINTER, VOID
from .layout import ITEMS, ORDERLY, SIZE, TYPE
from .straight import is_small

WRITEABLE = 0x400                               # the flag NPY_ARRAY_WRITEABLE
MOST_PAIRS = 1000                               # of arrays that the machine code compares


def into_call(variant: Any, args: Sequence[Any], out: Any) -> Any:
    """A builtin function for calls with an `out` of this nesting, ArrayOf and None; it passes others to variant.exact.
    None for a large program that may raise an error when some results are written, and for very many arrays."""
    count = len(arrays_in(out))
    fails_late = variant.may_fail and not is_small(variant.program)
    if fails_late or count * (count + len(variant.arrays)) > MOST_PAIRS:
        return None
    return builtin(Into(variant, args, out))


class Taken(NamedTuple):
    """An array of the caller's: the object, the address of its numbers, their shape, and whether the program makes an
    array there, or numbers."""

    object: Any
    pointer: Any
    sizes: Sizes
    is_made: bool


class Into(Entry):
    """The builtin function, under construction.

    taken       the arrays that are given
    places      those among them in which the program makes an array, by its place among these
    """

    def __init__(self, variant: Any, args: Sequence[Any], out: Any) -> None:
        self.out = out
        self.taken: list[Taken] = []
        self.places: dict[int, Taken] = {}
        self.seen = 0
        super().__init__(variant, args, variant.exact)

    def keywords(self, names: Any) -> None:
        """There is one, out."""
        b = self.b
        self.require(b.icmp_unsigned("!=", names, self.null()))
        self.require(b.icmp_signed("==", self.get(names, SIZE, LONG), LONG(1)))
        self.require(b.icmp_unsigned("==", self.get(names, ITEMS, POINTER), self.object("out")))

    def given(self, pointer: Any) -> None:
        """Read it."""
        self.orderly = ORDERLY | WRITEABLE
        self.tree = self.target(self.b.load(pointer, typ=POINTER), self.tree, self.out, False)
        self.apart()

    def target(self, x: Any, tree: Any, out: Any, nested: bool) -> Any:
        """Read what is given for a part of the results. Returns the part, with what is given in it."""
        b = self.b
        if out is None:
            self.require(b.icmp_unsigned("==", x, self.object(None)))
            self.seen += len(arrays_in(tree))
            return tree
        sizes = getattr(out, "sizes", ()) if isinstance(out, (float, ArrayOf)) else None      # () is read as a number
        kind = type(out) if sizes is None else numpy().ndarray
        self.require(b.icmp_unsigned("==", self.get(x, TYPE, LONG), LONG(id(kind))))
        if sizes is not None:
            pointer = self.array(x, sizes, numpy().dtype(self.dtype.name))
            self.nested += [x] * nested
            found = Taken(x, pointer, sizes, isinstance(tree, ArrayOf))
            self.taken.append(found)
            if found.is_made:
                self.places[self.seen] = found
                self.seen += 1
            return found
        if isinstance(out, dict):
            self.require(b.icmp_signed("==", self.python("PyDict_Size", LONG, x), LONG(len(tree))))
            inner = {key: self.python("PyDict_GetItemWithError", POINTER, x, self.object(key)) for key in tree}
            self.require(self.all([b.icmp_unsigned("!=", one, self.null()) for one in inner.values()]))
            return {key: self.target(inner[key], tree[key], out[key], True) for key in tree}
        self.require(b.icmp_signed("==", self.get(x, SIZE, LONG), LONG(len(tree))))
        items = self.items(x, out)
        return type(tree)([self.target(b.load(self.item(items, k), typ=POINTER), *pair, True)
                           for k, pair in enumerate(zip(tree, out))])

    def apart(self) -> None:
        """Continue if no two arrays share memory of which one is written."""
        b = self.b
        read = [(pointer, sizes) for pointer, (_, sizes) in zip(self.pointers, self.variant.arrays)]
        written = [(one.pointer, one.sizes) for one in self.taken]
        for pair in (*combinations(written, 2), *product(written, read)):
            if all(prod(sizes) for _, sizes in pair):
                (one, after), (other, end) = [(b.ptrtoint(pointer, LONG), b.ptrtoint(
                    self.number(pointer, prod(sizes)), LONG)) for pointer, sizes in pair]
                self.require(b.or_(b.icmp_unsigned("<=", after, other), b.icmp_unsigned("<=", end, one)))

    def new_array(self, k: int, sizes: Sizes) -> Any:
        """The array that is given for the k-th of the results in arrays, or a new one."""
        return self.places[k].object if k in self.places else super().new_array(k, sizes)

    def made(self, tree: Any, numbers: Iterator[Any], arrays: Iterator[Any]) -> Any:
        """The same, with the arrays that are given."""
        if not isinstance(tree, Taken):
            return super().made(tree, numbers, arrays)
        if tree.is_made:
            next(arrays)
        else:
            for j in range(prod(tree.sizes)):
                self.b.store(self.value(next(numbers)), self.number(tree.pointer, j))
        self.python("Py_IncRef", VOID, tree.object)
        return tree.object


__all__ = ["Into", "into_call"]
