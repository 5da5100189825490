"""Branches: a function that asks whether something is true is run once for each answer, and the results are joined.

    >>> from microgradx.branches import answer, both_ways
    >>> class Unknown:
    ...     def __bool__(self):
    ...         return answer("it rains")
    >>> both_ways(lambda: "wet" if Unknown() else "dry", lambda asked, yes, no: f"{yes} if {asked} else {no}")
    'wet if it rains else dry'

So the value of a row may have an `if` and still be read as a program: compiled code joins by the row where()
(compiler/ir/lowering.py), JavaScript by an if-statement (show/web/script.py). It is for the value of a row, which has
no effects, so that it may be run several times. A branch in a function of the user's is refused by jit: see
compiler/trace/errors.py.
"""
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from itertools import count
from typing import Any, TypeVar

T = TypeVar("T")

RUNS = 200                              # of one function: two for each question, less one

# The answers of this run, in order; None where no function is followed both ways.
answers: ContextVar[Iterator[bool] | None] = ContextVar("answers", default=None)


class Question(BaseException):
    """Is this condition true? No `except Exception` in the value of a row stops it."""


def answer(condition: Any) -> bool:
    """The next answer of this run. Question where it has none yet for this condition."""
    for known in answers.get() or ():
        return known
    raise Question(condition)


def both_ways(run: Callable[[], T], join: Callable[[Any, T, T], T]) -> T:
    """run() once for each answer to each condition that it asks for, joined by join(condition, yes, no).

    TypeError if it asks again and again.
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
