"""The table's mechanism: what a row is, and how it is called.

A row holds an operation and its derivative, written once. It is called like a function:

    >>> from microgradx import row, Value
    >>> cube = row("cube", lambda x: x * x * x, lambda y, x: 3 * x**2)
    >>> cube(2.0)                                # floats in, a float out
    8.0
    >>> v = Value(2.0)
    >>> cube(v).backward(); v.grad               # Values in, a Value out
    12.0
    >>> del TABLE["cube"]                        # a row may be taken out again

A slope is the partial derivative of the result by one input. It may be a gate: `gate(c)` or `gate(c, s)`. Where a gate
is closed the input has no effect on the result, and no gradient flows to it.

An operand that is not a number has a method `_apply(op, args)`, which says what a row does to it: Value records
(engine.py), Symbol writes text (text.py). So a new kind of operand needs no change here.
"""
import math
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from types import MethodType
from typing import TYPE_CHECKING, Any, TypeVar, overload

from .arithmetic import TABLE as TABLE  # noqa: PLC0414  # others read it here
from .arithmetic import Arithmetic
from .arrays import is_array, nested
from .ieee import NO_LIST, PLAIN, RAISED, Ieee, inf, nan, number, short

if TYPE_CHECKING:
    from .engine import Value

T = TypeVar("T", bound=Arithmetic[Any])         # another operand that stands in for a number
Slope = Callable[..., Any] | float
Domain = tuple[float, float] | range
Limits = tuple[float, float]
REAL = (-inf, inf)
LETTERS: dict[int, tuple[str, ...]] = {1: ("x",), 2: ("a", "b"), 3: ("a", "b", "c")}


def gate(open: Any, slope: Any = None, point: bool = False) -> Any:
    """`slope` where the gate is open, None where it is closed: where `open` is 0. Without a slope it is `open` itself.

    Rows with branches write it in their slopes: gate(where(c, 1, 0)) for the first branch of where. `open` is 0 or
    positive, and constant except for jumps. Pass point=True if it is 0 at single points only, as abs(n) for x**n is:
    then the derivative of the slope by n (1/x at n = 0) still counts. An operand that is not a number has its own
    method `_gate(slope, point)`.

    >>> gate(1.0), gate(1.0, 5.0), gate(0.0, 5.0)
    (1.0, 5.0, None)
    """
    if isinstance(open, (int, float)):
        return None if open == 0 else open if slope is None else slope
    return open._gate(slope, point)


class Op:
    """One row: a value on floats, one slope per input, how it prints, where it is defined, where it has kinks.

    name      its name in calls, text and messages
    value     floats in, a float out; where it raises, the row returns the result of IEEE 754
    slopes    one per input, each `lambda y, x: ...` or a constant; written with + - * / ** and other rows,
              so that it runs on floats, on Values (higher derivatives) and on symbols (text, code)
    domain    one open interval per input, where value and slopes are finite; a `range` for an integer input
    kinks     `lambda x: [...]`: quantities that are zero on a kink, jump or pole
    poles     the value where Python raises at a pole: {0.0: -inf} for log
    textbook  the slope as textbooks write it, if the row needs another form to stay exact: "1 - tanh(x)**2"
    prints    the operation in other rows, if it is not written name(x): `lambda x: 1 / x`
    infix     "+" if it is written between its inputs
    symbol    micrograd's `_op`, if it is neither the infix nor the name
    defaults  constants for inputs that a call may leave out
    lowering  the value in operators and other rows only, for generated code (machine code, Python, JavaScript), with
              the same bits. Give it if the value calls Python's math and also branches or loops. A value in operators
              and rows, or a function of `math`, needs none
    limits    of an activation: its limits on the left and on the right, (0, inf) for relu. It saturates at a finite
              limit; nan means no limit, as for sin. A row with more inputs has a function of these:
              `lambda a: (-a, inf)` for elu
    """

    __slots__ = ("name", "value", "slopes", "rules", "inputs", "domain", "kinks", "poles", "textbook", "prints",
                 "infix", "symbol", "defaults", "lowering", "limits")

    def __init__(self, name: str, value: Callable[..., float], *slopes: Slope, domain: Sequence[Domain] = (),
                 kinks: Callable[..., Sequence[Any]] | None = None, poles: dict[float, float] | None = None,
                 textbook: str | Callable[..., Any] = "", prints: Callable[..., Any] | None = None, infix: str = "",
                 symbol: str = "", defaults: tuple[float, ...] = (), lowering: Callable[..., Any] | None = None,
                 limits: Limits | Callable[..., Limits] | None = None) -> None:
        if not slopes:
            raise TypeError(f"row {name!r} needs one slope per input: row({name!r}, value, lambda y, x: ...)")
        self.name, self.value, self.slopes, self.inputs = name, value, slopes, _letters(slopes)
        self.rules: tuple[Any, ...] = tuple([_rule(slope, len(slopes)) for slope in slopes])
        self.domain, self.kinks, self.poles = tuple(domain) or (REAL,) * len(slopes), kinks, poles or {}
        self.textbook, self.prints, self.infix, self.symbol = textbook, prints, infix, symbol or infix or name
        self.defaults, self.lowering, self.limits = defaults, lowering, limits

    @overload
    def __call__(self, *args: float) -> float: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, *args: "float | Value") -> "Value": ...
    @overload
    def __call__(self, *args: float | T) -> T: ...
    def __call__(self, *args: Any) -> Any:
        """The operation on floats (a float), or on Values and floats (a Value)."""
        return self.apply(args if len(args) == len(self.inputs) else self._filled(args))

    def _filled(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        missing = len(self.inputs) - len(args)
        if not 0 < missing <= len(self.defaults):
            wanted = f"{len(self.inputs)} input{'s' * (len(self.inputs) > 1)}"
            raise TypeError(f"{self.name}({', '.join(self.inputs)}) takes {wanted}, got {len(args)}")
        return args + self.defaults[-missing:]

    def apply(self, args: tuple[Any, ...]) -> Any:
        """The row at `args`: a float if all are numbers, else the result of `_apply` of the first that is not."""
        floats = True
        for x in args:
            if x.__class__ is not float:
                if x.__class__ not in PLAIN and hasattr(type(x), "_apply"):
                    return x._apply(self, args)
                floats = False
        return self.at(*args) if floats else self.at(*map(number, args))

    def flat(self, args: Sequence[Any]) -> Sequence[Any]:
        """The arguments of a call as a flat sequence of inputs: a Reduction takes lists."""
        return args

    def called(self, inputs: Sequence[Any]) -> tuple[Any, ...]:
        """A flat sequence of inputs as the arguments of a call: the inverse of flat()."""
        return tuple(inputs)

    def takes(self, count: int) -> bool:
        """Whether it may have so many inputs."""
        return count == len(self.inputs)

    @property
    def __name__(self) -> str:
        return self.name

    def __get__(self, x: Any, kind: Any = None) -> Any:
        """The row as a method, if a class of numbers has it as an attribute: `Value.gelu = gelu`, then v.gelu()."""
        return MethodType(self, x) if hasattr(kind, "_apply") and x is not None else self

    def at(self, *xs: float) -> float:
        """The value at floats; the result of IEEE 754 where Python raises or returns a complex number."""
        try:
            y = self.value(*xs)
        except RAISED:
            return self.edge(*xs)
        return y if y.__class__ is float else nan if isinstance(y, complex) else number(y)

    def edge(self, *xs: float) -> float:
        """The value where Python raised: at a pole its infinity, else the result of operators that never raise.

        If a function of `math` raised, it is nan outside the domain; on overflow it is infinite, with the sign of the
        value at smaller inputs.
        """
        if xs[0] in self.poles:
            return self.poles[xs[0]]
        for halvings in range(1100):
            try:
                y = float(self.value(*(Ieee(x * 2.0**-halvings) for x in xs)))
                return y if halvings == 0 else math.copysign(inf, y) if math.isfinite(y) else nan
            except OverflowError:
                continue
            except RAISED:
                break
        return nan

    def partials(self, wanted: Sequence[bool], y: Any, *xs: Any) -> list[Any]:
        """The slopes by the wanted inputs at result `y` and inputs `xs`: floats, Values or symbols.

        None for an input that is not wanted, and for one on which the result never depends (a constant 0).
        """
        rules = [rule if want else None for rule, want in zip(self.rules, wanted)]
        try:
            slopes = [rule and rule(y, *xs) for rule in rules]
            if complex not in map(type, slopes):
                return slopes
        except RAISED:
            pass
        y, *numbers = map(Ieee.of, (y, *xs))
        return [rule and Ieee.plain(rule(y, *numbers)) for rule in rules]

    def names(self, count: int) -> tuple[str, ...]:
        """The letters of its inputs, as its slopes call them."""
        return self.inputs

    def domains(self, count: int) -> tuple[Domain, ...]:
        """The domain of each of its `count` inputs."""
        return self.domain

    def __repr__(self) -> str:
        return f"<row {self.name}({', '.join(self.names(2))})>"


class Inputs:
    """The base of Vector (vector.py), which a Reduction takes like a list or tuple."""

    __slots__ = ()


class Reduction(Op):
    """A row of any number of inputs, called with lists: `sum(xs)`, `dot(xs, ys)`, `take(table, i)`.

    value     takes all inputs as arguments, or the lists if there are several; so does a lowering
    slopes    one rule: it takes the result and the inputs or lists, and returns all slopes, or lists of them
    lists     how many lists it takes: one, or several of the same length
    index     whether an index follows them
    choice    whether the slopes depend on that index and the number of elements alone
    least     how many elements it needs
    textbook  a rule for the slope by the input at k, `lambda y, k, *xs: ...`; texts are read from it
    """

    __slots__ = ("lists", "index", "choice", "least", "of_lists", "slopes_of_lists")

    def __init__(self, name: str, value: Callable[..., float], slopes: Callable[..., Sequence[Any]], *,
                 lists: int = 1, index: bool = False, choice: bool = False, least: int = 0, **more: Any) -> None:
        self.lists, self.index, self.choice, self.least = lists, index, choice, least
        self.of_lists: Callable[..., float] = value if lists > 1 else lambda xs: value(*xs)
        self.slopes_of_lists: Callable[..., Any] = slopes if lists > 1 else lambda y, xs: [slopes(y, *xs)]
        super().__init__(name, lambda *xs: self.of_lists(*self.split(xs)), slopes, **more)
        of_lists = self.lowering
        if of_lists is not None and lists > 1:
            self.lowering = lambda *xs: of_lists(*self.split(xs))

    @overload
    def __call__(self, *lists: Iterable[float] | float) -> float: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, *lists: "Iterable[float | Value] | float | Value") -> "Value": ...
    @overload
    def __call__(self, *lists: Iterable[float | T] | float | T) -> T: ...
    def __call__(self, *lists: Any) -> Any:
        """The operation on lists of floats (a float), or of Values and floats (a Value)."""
        if len(lists) != self.lists + self.index:
            form = ", ".join(["[...]"] * self.lists + ["i"] * self.index)
            got = f"{len(lists)} argument{'s' * (len(lists) != 1)}"
            raise TypeError(f"{self.name} got {got}; write {self.name}({form})")
        rows = lists[:self.lists]
        for xs in rows:
            if not isinstance(xs, (tuple, list, Inputs)):
                rows = tuple([self._inputs(xs) for xs in rows])
                lists = rows + lists[self.lists:]
                break
        first = rows[0]
        for xs in rows:
            if len(xs) != len(first):
                raise ValueError(f"{self.name} takes lists of one length, got "
                                 f"{' and '.join([str(len(xs)) for xs in rows])}")
        if self.least and len(first) < self.least:
            raise ValueError(f"{self.name} of an empty list has no value; give it at least {self.least} element")
        for x in first:                                 # the first element is usually a Value
            if x.__class__ not in PLAIN and hasattr(x, "_apply"):
                return x._apply(self, lists)
        return self.apply(lists)

    def apply(self, args: tuple[Any, ...]) -> Any:
        """The row at lists, and an index where it takes one."""
        for xs in args:
            for x in xs if self.index == 0 or xs is not args[-1] else (xs,):
                if x.__class__ not in PLAIN and hasattr(type(x), "_apply"):
                    return x._apply(self, args)
        return self.at(*map(number, self.flat(args)))

    def flat(self, args: Sequence[Any]) -> Sequence[Any]:
        """The elements of all lists, then the index."""
        return (*chain.from_iterable(args[:self.lists]), *args[self.lists:])

    def called(self, inputs: Sequence[Any]) -> tuple[Any, ...]:
        """The lists, and the index."""
        return (*self.split(inputs[:len(inputs) - self.index]), *inputs[len(inputs) - self.index:])

    def takes(self, count: int) -> bool:
        """Whether it may have so many inputs."""
        return (count - self.index) % self.lists == 0 and count - self.index >= self.least * self.lists

    def _inputs(self, xs: Any) -> Any:
        if not hasattr(type(xs), "__iter__") or isinstance(xs, NO_LIST):
            raise TypeError(f"{self.name} takes a list of Values, got {short(xs)}; write {self.name}([...])")
        return nested(xs) if is_array(xs) else xs if hasattr(type(xs), "__len__") else tuple(xs)

    def __get__(self, x: Any, kind: Any = None) -> Any:
        """A row of lists cannot be a method: AttributeError, with the call to write instead."""
        if hasattr(kind, "_apply") and x is not None:
            raise AttributeError(f"{kind.__name__!r} object has no attribute {self.name!r}; write "
                                 f"microgradx.{self.name}({', '.join(['[...]'] * self.lists)})")
        return self

    def split(self, xs: Sequence[Any]) -> list[Sequence[Any]]:
        """A flat sequence of inputs as the lists that they came in."""
        size = len(xs) // self.lists
        return [xs[k * size:(k + 1) * size] for k in range(self.lists)] if self.lists > 1 else [xs]

    def partials(self, wanted: Sequence[bool], y: Any, *xs: Any) -> list[Any]:
        """The slopes by the wanted inputs, None for the others. TypeError or ValueError if the rule lacks some."""
        lists = self.split(xs)
        try:
            found = self._one_for_each(self.slopes_of_lists(y, *lists), lists)
            defined = complex not in map(type, found)
        except RAISED:
            defined = False
        if not defined:
            y, *numbers = map(Ieee.of, (y, *xs))
            found = [*map(Ieee.plain, self._one_for_each(self.slopes_of_lists(y, *self.split(numbers)), lists))]
        return found if all(wanted) else [slope if want else None for slope, want in zip(found, wanted)]

    def _one_for_each(self, slopes: Any, lists: Sequence[Sequence[Any]]) -> list[Any]:
        """All slopes, one after the other. TypeError or ValueError unless each list has as many as inputs."""
        try:
            rows = [tuple(found) for found in slopes]
            if any(isinstance(found, NO_LIST) for found in (slopes, *slopes)):
                raise TypeError
        except TypeError:
            form = ", ".join(["[...]"] * self.lists)
            raise TypeError(f"the slopes of {self.name} are {short(slopes if self.lists > 1 else slopes[0])}; write "
                            f"{form if self.lists == 1 else f'[{form}]'}, one for each input") from None
        if [len(row) for row in rows] != [len(xs) for xs in lists]:
            got, wanted = (" and ".join([str(len(row)) for row in each]) for each in (rows, lists))
            raise ValueError(f"{self.name} has {got} slopes for {wanted} inputs; give one for each")
        return list(chain(*rows))

    def names(self, count: int) -> tuple[str, ...]:
        """x1, x2, ... for `count` inputs."""
        return tuple(f"x{i + 1}" for i in range(count))

    def domains(self, count: int) -> tuple[Domain, ...]:
        """The domain of each of `count` inputs."""
        inputs = count - self.index
        return self.domain * inputs + (range(inputs),) * self.index


def of_math(op: Op) -> str:
    """The name in Python's `math` of the row's value; "" if the value is not a function of `math`.

    >>> from microgradx import silu, tanh
    >>> from microgradx.table import of_math
    >>> of_math(tanh), of_math(silu)
    ('tanh', '')
    """
    name: str = getattr(op.value, "__name__", "")
    return name if getattr(math, name, None) is op.value else ""


def _rule(slope: Slope, inputs: int) -> Callable[..., Any] | None:
    """A slope as a function of result and inputs; None for a constant 0, which no gradient follows."""
    if callable(slope):
        return slope
    if slope and inputs == 2:
        return lambda y, a, b: slope                    # a + b is frequent, and a call with * takes twice as long
    return (lambda *_: slope) if slope else None


def _letters(slopes: Sequence[Slope]) -> tuple[str, ...]:
    """The input names of a row: the parameters of its slopes after the result y."""
    for rule in slopes:
        code: Any = getattr(rule, "__code__", None)     # a constant or a functools.partial has none
        if code:
            return tuple(code.co_varnames[1:code.co_argcount])
    return LETTERS[len(slopes)]


R = TypeVar("R", bound=Op)


def enter(op: R) -> R:
    """Add a row to the table, and as a method to all operands. ValueError if its name is taken."""
    if op.name in TABLE:
        raise ValueError(f"the table already has a row {op.name!r}; choose another name")
    TABLE[op.name] = op
    if isinstance(vars(Arithmetic).get(op.name, op), Op):
        setattr(Arithmetic, op.name, op)                # v.gelu(), v.clamp(0, 1): see Op.__get__
    return op


def row(name: str, value: Callable[..., float], *slopes: Slope, **more: Any) -> Op:
    """Add an operation to the table and return its row; `Op` explains the arguments. ValueError if the name is taken.

    TypeError for arguments in another order, and for a slope that lacks inputs.

    >>> from microgradx import row, exp, Value
    >>> bell = row("bell", lambda x: exp(-x * x), lambda y, x: -2 * x * y)
    >>> bell(Value(0.0)).data
    1.0
    >>> del TABLE["bell"]
    """
    _expect_function("row", name, value, "lambda y, x: ...")
    op = Op(name, value, *slopes, **more)
    if len(op.inputs) != len(slopes):
        raise TypeError(f"row {name!r} has {len(slopes)} slope{'s' * (len(slopes) > 1)}, one per input; "
                        f"write each as lambda y, {', '.join(LETTERS.get(len(slopes), ('a', 'b', '...')))}: ...")
    return enter(op)


def reduction(name: str, value: Callable[..., float], slopes: Callable[..., Sequence[Any]], **more: Any) -> Reduction:
    """Add an operation on lists to the table and return its row; `Reduction` explains the arguments. Raises as row().

    >>> from microgradx import reduction, Value
    >>> energy = reduction("energy", lambda *xs: sum(x * x for x in xs), lambda y, *xs: [2 * x for x in xs])
    >>> energy([Value(3.0), 4.0]).data
    25.0
    >>> del TABLE["energy"]
    """
    _expect_function("reduction", name, value, "lambda y, *xs: [...]")
    return enter(Reduction(name, value, slopes, **more))


def _expect_function(add: str, name: Any, value: Any, slope: str) -> None:
    if isinstance(name, str) and not name.isprintable():
        raise ValueError(f"expected a name that prints, got {short(name)}; it stands in pictures and messages")
    if not isinstance(name, str) or not callable(value):
        raise TypeError(f"{add} takes a name and a function of floats, got {short(name)} and {short(value)}; "
                        f"write {add}('name', value, {slope})")
