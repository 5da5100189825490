"""One check of an engine: a program of a few lines, and what each wrong answer betrays.

    >>> from microgradx import Value
    >>> from microgradx.checking.examine.exercise import Exercise, run
    >>> twice = Exercise("reuse", "a + a", "a = Value(3.0)\\nb = a + a\\nb.backward()\\ngot = a.grad",
    ...                  {(1.0,): "backward writes = where it must add +="})
    >>> run(twice, Value), twice.mistake([1.0], [2.0])
    ([2.0], 'backward writes = where it must add +=')

What should come is what microgradx's own Value gives for the same program.
"""
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

CLOSE, SINGLE = 1e-9, 1e-4                  # relative: for numbers of 53 bits and of 24


class Exercise(NamedTuple):
    """A check.

    lesson    where in the course it belongs
    title     what it is about
    program   Python, with the engine's class as Value; it sets `got` to a number or several
    mistakes  what numbers like these, or the name of an exception, betray
    hint      the likely mistake if it is none of these
    needs     the methods and attributes it uses; an engine without one of them is not wrong
    """

    lesson: str
    title: str
    program: str
    mistakes: Mapping[Any, str] = {}
    hint: str = ""
    needs: tuple[str, ...] = ()

    def mistake(self, got: Sequence[float], wanted: Sequence[float]) -> str:
        """What these wrong numbers betray, in a sentence."""
        for numbers, sentence in self.mistakes.items():
            if isinstance(numbers, tuple) and agree(got, numbers):
                return sentence
        return self.hint

    def missing(self, kind: Any) -> str:
        """The first method or attribute that the engine has not; "" if it has all."""
        one = kind(1.0)
        return next((name for name in self.needs if not hasattr(one, name)), "")


def run(exercise: Exercise, kind: Any) -> list[float]:
    """The numbers that the program gets with this class. It raises what the program raises."""
    names: dict[str, Any] = {"Value": kind, "math": math}
    exec(compile(exercise.program, PROGRAM, "exec"), names)
    got = names["got"]
    return [number(x) for x in (got if isinstance(got, (tuple, list)) else [got])]


PROGRAM = "<program>"                       # its file name in tracebacks


class Single(float):
    """A number that an engine keeps in single precision."""


def number(x: Any) -> float:
    """A number, or the data of a Value. TypeError for anything else."""
    if x is None or isinstance(x, (str, complex)):
        raise TypeError(f"got {x!r} in place of a number")
    x = x.data if hasattr(x, "grad") else x                 # a number of NumPy's has .data, too
    return Single(x) if str(getattr(x, "dtype", "")) in ("float32", "torch.float32") else float(x)


def agree(got: Sequence[float], wanted: Sequence[float]) -> bool:
    """Whether all numbers are the same but for rounding, also of single precision; nan agrees with nan."""
    close = SINGLE if any(isinstance(x, Single) for x in got) else CLOSE
    return len(got) == len(wanted) and all(
        x == y or (math.isnan(x) and math.isnan(y)) or abs(x - y) <= close * max(abs(x), abs(y)) + 1e-300
        for x, y in zip(got, wanted))
