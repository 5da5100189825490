"""Branches: run a function that tests a condition once for each outcome, and join the results.

    >>> from microgradx.branches import answer, both_ways
    >>> class Unknown:
    ...     def __bool__(self):
    ...         return answer("it rains")
    >>> both_ways(lambda: "wet" if Unknown() else "dry", lambda asked, yes, no: f"{yes} if {asked} else {no}")
    'wet if it rains else dry'

So the value of a row may have an `if` and still be traced: compiled code joins the branches by the row where()
(compiler/ir/lowering.py), JavaScript by an if-statement (show/web/script.py). This works for the value of a row, which
has no side effects and may run several times. jit refuses a branch in the user's own function: see
compiler/trace/errors.py.
"""
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from itertools import count
from typing import Any, TypeVar

T = TypeVar("T")

RUNS = 200                              # of one function at most; n paths through it take 2n - 1 runs

# The answers of this run, in order; None outside of both_ways().
answers: ContextVar[Iterator[bool] | None] = ContextVar("answers", default=None)


class Question(BaseException):
    """A condition without an answer. A BaseException, so that no `except Exception` in a row's value catches it."""


def answer(condition: Any) -> bool:
    """The next answer of this run. Raises Question if there is none yet for this condition."""
    for known in answers.get() or ():
        return known
    raise Question(condition)


class Condition:
    """The base of operands that stand for a number which is not known: both_ways() answers whether it is true, and a
    comparison for equality is written with the two that the table has."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        return answer(self)

    def __eq__(self, other: object) -> Any:
        return (self <= other) * (self >= other)  # type: ignore[operator]

    def __ne__(self, other: object) -> Any:
        return 1 - (self == other)


def both_ways(run: Callable[[], T], join: Callable[[Any, T, T], T]) -> T:
    """The results of run() for both answers to each condition, joined by join(condition, yes, no).

    TypeError after 200 runs.
    """
    runs = count()

    def after(known: tuple[bool, ...]) -> T:
        if next(runs) >= RUNS:
            raise TypeError("it asks again and again whether something is true")
        token = answers.set(iter(known))
        try:
            return run()
        except Question as asked:
            condition = asked.args[0]
        finally:
            answers.reset(token)
        return join(condition, after((*known, True)), after((*known, False)))
    return after(())
