"""Errors: what tracing refuses, with the line of the user's program and a remedy.

    >>> from microgradx import jit
    >>> @jit
    ... def f(x):
    ...     return x if x > 0 else 0.0
    >>> f(2.0)
    Traceback (most recent call last):
    microgradx.compiler.trace.errors.TracingError: the truth of a Value is not known while its program is recorded ...
"""
from __future__ import annotations

import copy
import linecache
import sys
from pathlib import Path
from typing import NoReturn

from ...ieee import printable

PASSED = str(Path(__file__).parents[2]), str(Path(copy.__file__).parent), "<frozen "    # a line there is not the user's


class TracingError(TypeError):
    """A traced function used the number of a Value, which is not known yet. The message has the line and a remedy.

    >>> from microgradx import jit
    >>> jit(lambda x: float(x))(2.0)
    Traceback (most recent call last):
    microgradx.compiler.trace.errors.TracingError: the number of a Value is not known while its program is recorded ...
    """


class TooLarge(ValueError):
    """A program has too many operations to compile it in reasonable time and memory.

    >>> from microgradx.compiler.trace import traced
    >>> f"{traced.MOST:,} operations"
    '5,000,000 operations'
    """


def refuse(what: str, instead: str) -> NoReturn:
    """Raise TracingError with the line of the user's program."""
    raise TracingError(f"{what} of a Value is not known while its program is recorded for jit ({_line()}); {instead}")


def refuse_number() -> NoReturn:
    """Raise TracingError: the function used the number of a traced Value."""
    refuse("the number", "compute with the Value itself; a decision in the program must depend on an int, a bool or a "
           "str among the arguments")


def refuse_gradient() -> NoReturn:
    """Raise TracingError: the function read the .grad of an argument, which no Value outside holds."""
    refuse("the gradient", "write jit(value_and_grad(f)), which returns it, or pass a Module")


def refuse_set() -> NoReturn:
    """To set what is no number of its own."""
    raise TracingError(f"the data of an argument or a result is not set while its program is recorded for jit "
                       f"({_line()}); close over the Value itself, pass its Module, or return the new number")


def refuse_made(kind: str) -> NoReturn:
    """An optimiser that would be a new one at each call."""
    raise TracingError(f"{kind} is made while a program is recorded for jit ({_line()}), and would start anew at each "
                       "call; make it before, or write p.data -= lr * p.grad")


def refuse_changed(kind: str) -> NoReturn:
    """An optimiser that is not what it was."""
    raise TracingError(f"{kind} was changed since a program with it was recorded for jit ({_line()}); only lr, t and "
                       "the numbers that it keeps may change: write jit(f) anew")


def refuse_kept(name: str) -> NoReturn:
    """A number that a function keeps from call to call by itself, or a Value that it made for that."""
    raise TracingError(f"{printable(name)} is set while a program is recorded for jit ({_line()}), and would not be "
                       "set again as it runs; keep the number in a Value or Buffer that is made before, and set its "
                       ".data")


def refuse_random() -> NoReturn:
    """A random number that would be the same one at each run."""
    raise TracingError(f"random numbers are drawn while a program is recorded for jit ({_line()}), and would be the "
                       "same at each call; draw them outside and pass them as arguments, or in a layer by "
                       "microgradx.nn.randomness.draw()")


def refuse_next(name: str) -> NoReturn:
    """A number that a generator, an iterator or a list gives once."""
    raise TracingError(f"{printable(name)} gives a number while a program is recorded for jit ({_line()}), and would "
                       "not be asked again at each call; ask it outside and pass the number as an argument")


def refuse_truth() -> NoReturn:
    """Raise TracingError: the function branched on a traced Value."""
    refuse("the truth", "write where(a < b, p, q), maximum(a, b), or take(table, i); or decide by an int or a bool, "
           "which is a static argument")


def refuse_branch(name: str) -> NoReturn:
    """A branch of cond that does more than compute."""
    raise TracingError(f"{printable(name)} sets or draws a number in a branch of cond ({_line()}), where jit computes "
                       "both branches and chooses; return the number instead")


def refuse_step(what: str) -> NoReturn:
    """A step of while_loop of which one does not stand for all."""
    raise TracingError(f"while_loop: body_fun {what} ({_line()}), and jit records one step for all of them; write "
                       "fori_loop for a fixed number of steps, or return the number as a part of the value")


def refuse_leaked() -> NoReturn:
    """Raise TracingError: a traced Value is used outside of the run that traced it."""
    raise TracingError(f"a Value of a program that was recorded for jit has no number; let f return what is to be kept "
                       f"({_line()})")


def refuse_more(most: int) -> NoReturn:
    """Raise TooLarge with the line of the user's program."""
    raise TooLarge(f"f records more than {most:,} operations ({_line()}), too many for one program; compile what it "
                   "does for one sample, and call that for each, or train by fit(..., jit=True)")


def _line() -> str:
    """The innermost line outside of this package that is being run: "net.py:12, `if y > 0:`"."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PASSED):
        frame = frame.f_back
    file, number = frame.f_code.co_filename, frame.f_lineno
    text = linecache.getline(file, number).strip()
    return printable(f"{Path(file).name}:{number}{f', `{text}`' if text else ''}")
