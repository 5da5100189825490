"""Branches: what asks whether a Value is true, followed both ways and joined by where().

    >>> from microgradx.compiler.trace.branches import both_ways
    >>> from microgradx.compiler.trace.trace import trace
    >>> y, = trace(lambda x: both_ways(lambda x: x if x > 0 else -x, x), [2.0]).results
    >>> y, y.args
    (Traced(where), (Traced(greater), Traced(input), Traced(neg)))

For the value of a row, which has no effects, so that it may be run once for each answer. A function of the user's is
refused instead: see errors.py.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from itertools import count
from typing import Any

from ... import ops

BRANCHES = 64                           # runs of one row's value

# What is answered in this run, in order; None where nothing is followed both ways.
answers: ContextVar[Iterator[bool] | None] = ContextVar("answers", default=None)


class Question(BaseException):
    """Is this Value true? No `except Exception` of a row's value stops it."""


def answer(condition: Any) -> bool:
    """The next of this run's answers; Question where it has none for this condition yet."""
    for known in answers.get() or ():
        return known
    raise Question(condition)


def both_ways(f: Callable[..., Any], *args: Any) -> Any:
    """f at Traced Values, where it asks for their truth followed both ways and joined by where(). TypeError if it asks
    again and again."""
    runs = count()

    def run(known: tuple[bool, ...]) -> Any:
        if next(runs) > BRANCHES:
            raise TypeError("it asks again and again whether something is true")
        token = answers.set(iter(known))
        try:
            return f(*args)
        except Question as asked:
            condition = asked.args[0]
        finally:
            answers.reset(token)
        return ops.where(condition, run((*known, True)), run((*known, False)))
    return run(())
