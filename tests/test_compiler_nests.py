"""Loops as vector code: sums in parts, in order where they must be; every count of results, terms and lanes."""
import random

import pytest

import microgradx as mg
from microgradx import Value

from .compiled import LOOPS, close, different, identical, needs_llvmlite

pytestmark = needs_llvmlite


def numbers(count, seed=0):
    """Of all sizes, so that the order in which they are added up shows."""
    rng = random.Random(seed)
    return [rng.uniform(-1, 1) * 10 ** rng.uniform(-3, 3) for _ in range(count)]


def eager(f, xs):
    return [y.data for y in f(list(map(Value, xs)))]


def scattered(xs):
    """Sums and dot products whose terms lie anywhere, as many short loops."""
    rng = random.Random(1)
    picks = [[rng.randrange(len(xs)) for _ in range(rng.choice([3, 5, 9, 20]))] for _ in range(30)]
    return [f(pick) for pick in picks for f in (
        lambda pick: mg.sum([xs[i] for i in pick]),
        lambda pick: mg.dot([xs[i] for i in pick], [xs[7 * i % len(xs)] for i in pick]))]


def test_a_sum_in_parts_stays_in_order_in_strict_code():
    xs = numbers(40)
    assert different(LOOPS.jit(scattered, strict=True)(xs), eager(scattered, xs), identical) == []
    assert different(LOOPS.jit(scattered)(xs), eager(scattered, xs), identical)       # in this order it shows
