"""Dependence: which results may depend on which inputs, found without a walk through all that came before.

    >>> from microgradx import Value
    >>> from microgradx.dependence import between
    >>> state = Value(2.0)
    >>> for _ in range(1000):
    ...     force = state * state
    ...     steps = len(between([force], [state]))          # not 1, 3, 5, 7, ...
    ...     state = state - 0.1 * force
    >>> steps
    3

A simulation whose force is itself a gradient, force = grad(potential), differentiates at each step: by the present
state alone, not by the thousand states before it. So each walk leaves its number on the results that it meets first
(in `_met`), and a later one stops at what was met before the inputs it is about: that cannot depend on them.

Derivatives that are recorded get such a number as they are made, one between two whole ones. A tape that has some of
them is sorted by these: so the terms of a second derivative are added in one order, whichever gates are closed in the
first; the graph that is left by closed gates is another one at each point.
"""
from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any

from .engine import Value, tape
from .ieee import inf
from .locks import lock

numbers = count(1)                      # of walks, and of transforms among them
one_at_a_time = lock()                  # threads may share a graph


def between(roots: Sequence[Value], xs: Iterable[Value], record: bool = False) -> list[Value]:
    """The results that roots were computed from, in order, without those that are known to be older than all of xs.
    Pass record=True if their derivatives are recorded, for number_derived().

    The age of a leaf is known only if a transform made it. For any other leaf among xs, also a result of no_grad(),
    these are all results.
    """
    with one_at_a_time:
        now = next(numbers)
        since = min([0 if x._a is None and x._met == inf else x._met for x in xs], default=0)
        order = tape(*roots, leaves=False, since=min(since, now))
        for v in order if since or record else ():
            if v._met == inf:
                v._met = next(numbers)
        return order


def number_derived(made: Iterable[Any]) -> None:
    """Number what a pass that is recorded has made, in this order, and what that was computed from before it."""
    for v in tape(*[v for v in made if isinstance(v, Value)], leaves=False, since=inf):
        v._met = next(numbers) + 0.5


class Sources:
    """The inputs of a transform that runs, and which results depend on one of them as far as that was asked.

    since       the number of the walk before which no result depended on them; 0 if they were there before
    """

    def __init__(self, xs: Sequence[Value], made_for_it: bool) -> None:
        self.since = next(numbers) if made_for_it else 0
        self.known, self.reached = set[object](), set(xs)
        for x in xs if made_for_it else ():
            if x._a is None:
                x._met = self.since

    def reach(self, roots: Sequence[Value], inner: "Sources") -> bool:
        """Whether one of roots, which a transform inside of this one has computed, depends on one of the inputs."""
        with one_at_a_time:
            order = tape(*roots, leaves=False, seen=self.known, since=self.since)
            self.known.difference_update([id(inputs) for v in order for inputs in (v._a, v._b)])    # see tape()
            for v in order:
                if not self.reached.isdisjoint(v.args):
                    self.reached.add(v)
            found = not self.reached.isdisjoint(roots)
            for v in order if not found else ():    # a number is all that is left of what was recorded inside: free it
                if v._met >= inner.since:
                    self.known.difference_update((v, *v.args))
            return found
