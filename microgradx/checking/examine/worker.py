"""The exercises in a process of their own: an endless loop is stopped, a crash is told, prints are dropped. In
WebAssembly, which has no processes, they run in this one.

    >>> from microgradx.checking.examine.worker import EngineClass
    >>> EngineClass("microgradx.engine:Value").name
    'Value'
"""
import contextlib
import importlib
import importlib.util
import io
import multiprocessing
import os
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .exercise import PROGRAM, Exercise, run
from .lessons import EXERCISES

PROCESSES = sys.platform != "emscripten"    # WebAssembly has none
START, SHORT = 60.0, 0.5                    # seconds to import the engine, and for one exercise after others hung


class Answer(NamedTuple):
    """What came of one exercise: numbers, or the name and text of an error and the engine's line that raised it; or
    the method that is missing."""

    numbers: list[float] | None = None
    error: str = ""
    text: str = ""
    line: str = ""
    missing: str = ""


class EngineClass:
    """Where a class is: "engine.py:Value", "package.module:Value", or the class itself.

    ValueError if the text has not this form, or there is no such file.
    """

    def __init__(self, engine: Any) -> None:
        self.kind = None if isinstance(engine, str) else engine
        if self.kind is not None:
            self.place, self.name = self.kind.__module__, self.kind.__qualname__
            return
        self.place, colon, self.name = engine.rpartition(":")
        if not colon or not self.place or not self.name.isidentifier():
            raise ValueError(f"expected a file and a class in it, got {engine!r}; write engine.py:Value")
        if self.place.endswith(".py") and not Path(self.place).is_file():
            raise ValueError(f"there is no file {self.place}")

    def load(self) -> Any:
        """The class. Whatever its module raises; AttributeError, TypeError if it is no engine."""
        kind = self.kind if self.kind is not None else getattr(self.module(), self.name)
        one = kind(1.0)
        for name in ("backward", "data", "grad"):
            if not hasattr(one, name):
                called = "()" if name == "backward" else ""
                raise AttributeError(f"{self.name} has no {name}{called}: an engine has .data, .grad and backward()")
        return kind

    def module(self) -> Any:
        """The module that the class is in; a file in a package is imported as part of it."""
        if not self.place.endswith(".py"):
            sys.path.insert(0, os.getcwd())
            return importlib.import_module(self.place)
        path = Path(self.place).resolve()
        names, folder = [path.stem], path.parent
        while (folder / "__init__.py").is_file():
            names, folder = [folder.name, *names], folder.parent
        sys.path.insert(0, str(folder))
        if len(names) > 1:
            return importlib.import_module(".".join(names[:-1] if names[-1] == "__init__" else names))
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        spec.loader.exec_module(module)
        return module


def answers(source: EngineClass, chosen: Sequence[int], limit: float) -> Iterator[tuple[int, Answer]]:
    """The answer to each exercise, chosen by its place in EXERCISES. ValueError if the class cannot be loaded."""
    if not PROCESSES:
        yield from in_this_process(source, chosen, limit)
        return
    left = list(chosen)
    while left:                             # after each that does not end, less time for the others
        for i, answer in until_it_stops(source, tuple(left), limit):
            left.remove(i)
            yield i, answer
            if answer.error == "time":
                limit = max(limit / 2, min(limit, SHORT))


def until_it_stops(source: EngineClass, chosen: Sequence[int], limit: float) -> Iterator[tuple[int, Answer]]:
    """The answers of one process. It ends with the first that does not end in time, or crashes."""
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    context: Any = multiprocessing.get_context(method)
    ours, theirs = context.Pipe(False)
    process = context.Process(target=work, args=(source, chosen, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        failed = received(ours, START) or Answer(error="time", text=f"its module was not imported in {START:g} s")
        if failed.error:
            raise not_loaded(source, failed)
        for i in chosen:
            answer = received(ours, limit)
            yield i, answer or overtime(limit)
            if answer is None or answer.error == "crash":
                return
    finally:
        process.kill()
        process.join()
        ours.close()


def received(pipe: Any, limit: float) -> Answer | None:
    """What the process says next; None if it says nothing in time."""
    try:
        return pipe.recv() if pipe.poll(limit) else None
    except EOFError:
        return Answer(error="crash", text="the process ended: sys.exit, os._exit or a crash of the interpreter")


def in_this_process(source: EngineClass, chosen: Sequence[int], limit: float) -> Iterator[tuple[int, Answer]]:
    """The answers without another process: a loop of Python is stopped in time, a crash is not survived."""
    try:
        with unheard():
            kind = source.load()
    except BaseException as error:
        raise not_loaded(source, told(error, "")) from None
    for i in chosen:
        with unheard():
            answer = in_time(EXERCISES[i], kind, limit)
        yield i, answer


@contextlib.contextmanager
def unheard() -> Iterator[None]:
    """What is printed goes nowhere."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


class Overtime(BaseException):
    """The time of an exercise is over. No `except Exception` of an engine catches it."""


def in_time(exercise: Exercise, kind: Any, limit: float) -> Answer:
    """The answer to one exercise; each line looks at the clock."""
    end, before = time.monotonic() + limit, sys.gettrace()

    def watch(*_: Any) -> Any:
        if time.monotonic() > end:
            raise Overtime
        return watch
    sys.settrace(watch)
    try:
        answer = answered(exercise, kind)
    finally:
        sys.settrace(before)
    return overtime(limit) if answer.error == Overtime.__name__ else answer


def overtime(limit: float) -> Answer:
    """That an exercise did not end."""
    return Answer(error="time", text=f"no end after {limit:g} s")


def not_loaded(source: EngineClass, failed: Answer) -> ValueError:
    """The error for a class that cannot be loaded."""
    kind = "" if failed.error == "time" else f"{failed.error}: "
    return ValueError(f"{source.place}: {kind}{failed.text}{failed.line}")


def work(source: EngineClass, chosen: Sequence[int], pipe: Any) -> None:
    """In the other process: load the class, then run the exercises."""
    silence()
    try:
        kind = source.load()
    except BaseException as error:
        pipe.send(told(error, str(Path(source.place).resolve())))
        return
    pipe.send(Answer())
    for i in chosen:
        pipe.send(answered(EXERCISES[i], kind))


def answered(exercise: Exercise, kind: Any) -> Answer:
    """The answer to one exercise."""
    try:
        if missing := exercise.missing(kind):
            return Answer(missing=missing)
        return Answer(run(exercise, kind))
    except NotImplementedError as error:
        return Answer(missing=str(error) or "a method that raises NotImplementedError")
    except BaseException as error:
        return told(error, "")


def told(error: BaseException, place: str) -> Answer:
    """An error in a line, and the line of the engine that raised it."""
    name = type(error).__name__
    frames = [f for f in traceback.extract_tb(error.__traceback__)
              if f.filename != PROGRAM and not f.filename.startswith((str(Path(__file__).parent), "<frozen"))]
    text = " ".join(str(error).split())[:200]
    line = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames and name != "SyntaxError" else ""
    return Answer(error=name, text=text, line=line)


def silence() -> None:
    """What the engine prints goes nowhere."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
