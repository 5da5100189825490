"""examine(): somebody's own engine against the lessons of the course, one finding for each exercise.

    >>> from microgradx import Value
    >>> from microgradx.checking.examine.examination import examine
    >>> found = examine(Value, only="reuse")
    >>> found.passed, len(found.findings)
    (True, 13)
"""
from collections.abc import Sequence
from typing import Any, NamedTuple

from ...operators import Value
from .exercise import Exercise, agree, run
from .lessons import EXERCISES, LESSONS, WRAP
from .worker import Answer, EngineClass, answers

LIMIT = 10.0                                # seconds for one exercise


class Finding(NamedTuple):
    """What one exercise found.

    status    "passed", "wrong", or "missing": the engine has not what the exercise uses
    came      what the engine gave, in words; wanted what should have come
    mistake   the likely mistake, in a sentence

    >>> from microgradx import Value
    >>> from microgradx.testing import examine
    >>> finding = examine(Value, only="powers").findings[0]
    >>> finding.exercise.lesson, finding.status
    ('powers', 'passed')
    """

    exercise: Exercise
    status: str
    came: str = ""
    wanted: str = ""
    mistake: str = ""


class Examination(NamedTuple):
    """All findings on one class; `passed` if nothing is wrong.

    >>> from microgradx import Value
    >>> from microgradx.testing import examine
    >>> found = examine(Value, only="powers")
    >>> found.passed, len(found.of("passed")), found.of("missing")
    (True, 5, [])
    """

    engine: str
    findings: Sequence[Finding]

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong; something may be missing."""
        return not self.of("wrong")

    def of(self, status: str) -> list[Finding]:
        """The findings with a status."""
        return [finding for finding in self.findings if finding.status == status]

    def __str__(self) -> str:
        from .report import text
        return text(self)


def examine(engine: Any, only: str = "", limit: float = LIMIT) -> Examination:
    """The findings on an engine of micrograd's shape: a class whose objects have .data, .grad and backward().

    engine   the class, or where it is: "engine.py:Value", "package.module:Value"
    only     a lesson, by the beginning of its name; all without it
    limit    seconds for one exercise

    It runs in another process. ValueError if the class cannot be loaded or is no engine, or there is no such lesson.

    >>> from microgradx import Value
    >>> from microgradx.testing import examine
    >>> print(examine(Value, only="powers"))
    powers: 5 passed
    Value: 5 passed
    """
    chosen = [i for i, exercise in enumerate(EXERCISES) if exercise.lesson.startswith(only)]
    if not chosen:
        raise ValueError(f"there is no lesson {only!r}; the lessons are {', '.join(LESSONS)}")
    source = EngineClass(engine)
    return Examination(source.name, [found(EXERCISES[i], answer, limit)
                                     for i, answer in answers(source, chosen, limit)])


def found(exercise: Exercise, answer: Answer, limit: float = LIMIT) -> Finding:
    """An answer compared with that of microgradx's own Value."""
    if answer.missing:
        return Finding(exercise, "missing", mistake=answer.missing)
    wanted = run(exercise, Value)
    if answer.numbers is None:
        mistake = exercise.mistakes.get(answer.error, "") or of_error(answer)
        mistake = mistake or (exercise.hint if "in place of a number" in answer.text else "")
        said = f"{answer.error}: {answer.text}" if answer.text else answer.error
        said = answer.text if answer.error in ("time", "crash") else said + answer.line
        return Finding(exercise, "wrong", said, numbers(wanted), mistake)
    if agree(answer.numbers, wanted):
        return Finding(exercise, "passed", numbers(answer.numbers), numbers(wanted))
    return Finding(exercise, "wrong", numbers(answer.numbers), numbers(wanted),
                   exercise.mistake(answer.numbers, wanted))


def of_error(answer: Answer) -> str:
    """What an error betrays by itself."""
    if "unhashable" in answer.text:
        return "a class with __eq__ and no __hash__ has no place in a set: leave __eq__ alone"
    if "'NoneType' object is not callable" in answer.text:
        return "write out._backward = _backward: with () it is called at once, and returns nothing"
    if "+=: 'NoneType'" in answer.text or "*: 'NoneType'" in answer.text:
        return "a gradient is None: __init__ sets self.grad = 0.0"
    if "NoneType" in answer.text:
        return "a method returns nothing: is there a return out at its end?"
    if answer.error == "AttributeError" and ("'int'" in answer.text or "'float'" in answer.text):
        return WRAP
    if answer.error == "RecursionError":
        return "a method calls itself without end, or through another one"
    if answer.error == "NameError":
        return "a name is misspelt, or an import is missing"
    if answer.error == "TypeError" and "unsupported operand" in answer.text:
        return "an operation with a plain number is not handled"
    return ""


def numbers(xs: Sequence[float]) -> str:
    """Numbers in a line."""
    said = ", ".join(f"{x + 0.0:.10g}" for x in xs[:6])
    return f"{said}, ..." if len(xs) > 6 else said
