"""The ways a function can be compiled, and what counts as the same number: for the tests of the compiler.

    >>> from microgradx import tanh
    >>> PYTHON.jit(tanh)(0.0)
    0.0

A small program runs as a straight line in machine code, a large one as loops. Here either is forced on any program, so
that whatever is tested is tested in both.
"""
import math
from importlib.util import find_spec
from typing import NamedTuple
from unittest import mock

import pytest

from microgradx import Value, jit, tape
from microgradx.nesting import leaves, rebuild

needs_llvmlite = pytest.mark.skipif(find_spec("llvmlite") is None,
                                    reason='llvmlite is not installed: pip install "microgradx[jit]"')


class Way(NamedTuple):
    """A back end, and up to how many operations it writes as one straight line (native code only)."""

    name: str
    backend: str
    flat: int = 0

    def jit(self, f, **options):
        """jit(f) in this way."""
        compiled = jit(f, backend=self.backend, **options)
        if self.backend == "python":
            return compiled

        def call(*args, **options):
            with mock.patch("microgradx.compiler.native.straight.FLAT", self.flat):
                return compiled(*args, **options)
        call.variants, call.report, call.compiled = compiled.variants, compiled.report, compiled
        return call


PYTHON, STRAIGHT, LOOPS = Way("python", "python"), Way("straight", "native", 20_000), Way("loops", "native", -1)
WAYS = [PYTHON, pytest.param(STRAIGHT, marks=needs_llvmlite), pytest.param(LOOPS, marks=needs_llvmlite)]
NATIVE = WAYS[1:]


def name(way):
    """How a test calls it."""
    return getattr(way, "name", None)


every_way = pytest.mark.parametrize("way", WAYS, ids=name)
native_ways = pytest.mark.parametrize("way", NATIVE, ids=name)


def as_function(root):
    """The graph as a function of a list, the numbers of its leaves; and these."""
    order = tape(root)
    leaves = [v for v in order if v.op is None]

    def f(xs):
        now = dict(zip(leaves, xs, strict=True))
        for v in order:
            if v.op is not None:
                now[v] = v.op.apply(v.op.called([now[a] if isinstance(a, Value) else a for a in v.args]))
        return now[root]
    return f, [v.data for v in leaves]


def values(tree):
    """The nesting with a Value for each number."""
    return rebuild(tree, iter(map(Value, leaves(tree))))


def equal(a, b):
    """The same number, nan being the same as nan, and both zeros the same: for gradients, where sums start at 0."""
    return a == b or (a != a and b != b)


def identical(a, b):
    """The same bits, but that nan is nan."""
    return equal(a, b) and (a != 0 or math.copysign(1, a) == math.copysign(1, b))


def close(a, b, scale=0.0):
    """To 1e-12 of themselves, or of the largest term that went into them."""
    return equal(a, b) or abs(a - b) <= 1e-12 * max(abs(a), abs(b), scale) < math.inf


def different(got, expected, same):
    """Where two lists of numbers differ: [(place, got, expected)]."""
    assert len(got) == len(expected)
    return [(i, a, b) for i, (a, b) in enumerate(zip(got, expected)) if not same(a, b)]
