"""The table of operations, printed: formula, slopes, domain, kinks.

    >>> from microgradx import softplus
    >>> print(softplus)                                 # in_full(softplus)
    softplus
        value           y = softplus(x)
        slope           dy/dx = sigmoid(x)
        domain          any number
        kinks           none
"""
import math

from ... import text
from ...checking.samples import called_with, moderate
from ...derivatives import value_and_grad
from ...table import TABLE, Domain, Op, Reduction
from .columns import columns, cut, fields


def listing() -> str:
    """Every row of the table, including those a user added; a blank domain is every number, blank kinks are none."""
    rows = []
    for op in TABLE.values():
        slopes = _slopes(op)
        rows.append([op.name, cut(_formula(op), 44), cut(slopes[0], 56), cut(_domain(op), 24), cut(_kinks(op), 24)])
        rows += [["", "", cut(slope, 56), "", ""] for slope in slopes[1:]]
    return columns(["name", "value", "slope", "domain", "kinks"], rows)


def entry(name: str) -> str:
    """One row of the table in full. KeyError if no row has this name."""
    return in_full(TABLE[name])


def in_full(op: Op) -> str:
    """A row in full, under its name."""
    return f"{op.name}\n{_fields(op)}"


def _fields(op: Op) -> str:
    form = text.textbook(op)
    textbook = [("in textbooks", f"dy/d{_names(op)[0]} = {form}")] if form else []
    return fields(("value", _formula(op)), *(("slope", slope) for slope in _slopes(op)), *textbook,
                  ("domain", _domain(op) or "any number"), ("kinks", _kinks(op) or "none"))


def documentation(op: Op) -> str:
    """The text of help(tanh): the row in full, and an example with its value and slopes.

    >>> from microgradx import log
    >>> documentation(log).splitlines()[0]
    'log: a row of the table. On floats it gives a float, on Values a Value.'
    """
    xs = called_with(op, [_sample(i, domain) for i, domain in enumerate(op.domains(len(_names(op))))])
    by = tuple(range(len(xs))) if len(xs) > 1 else 0
    f, numbers = f"{op.name}, {by}" if by else op.name, ", ".join(map(repr, xs))
    errors = ["TypeError if an input is not a number."]
    if isinstance(op, Reduction):
        errors += ["ValueError for lists of different lengths."] * (op.lists == 2)
        errors += ["ValueError for an empty list."] * (op.least > 0)
    return "\n".join([
        f"{op.name}: a row of the table. On floats it gives a float, on Values a Value.\n", _fields(op),
        f"\nThe value is infinite at a pole and nan outside the domain. {' '.join(errors)}\n",
        ">>> from microgradx import value_and_grad",
        f">>> value_and_grad({f})({numbers})",
        repr(value_and_grad(op.__call__, by)(*xs))])           # of op itself it would take over this very text


def _sample(i: int, domain: Domain) -> float:
    """A number for input i of an example: 0.5, 1.5, ... if they are in the domain."""
    low, high = moderate(domain)
    x = float(domain[-1]) if isinstance(domain, range) else i + 0.5
    return x if low <= x <= high else round((low + high) / 2, 2)


def _names(op: Op) -> tuple[str, ...]:
    """The names of its inputs; for a reduction those of lists of two elements."""
    return op.names(2 * op.lists + op.index) if isinstance(op, Reduction) else op.inputs


def _formula(op: Op) -> str:
    written = text.formula(op, _names(op))
    return f"y = {written}" if op.infix or not op.prints else f"y = {op.name}({', '.join(op.inputs)}) = {written}"


def _slopes(op: Op) -> list[str]:
    names = _names(op)
    return [f"dy/d{name} = {text.rule(op, i, names)}" for i, name in enumerate(names)]


def _domain(op: Op) -> str:
    names = _names(op)
    limits = [_limits(name, domain) for name, domain in zip(names, op.domains(len(names)))]
    return ", ".join(filter(None, limits))


def _limits(name: str, domain: Domain) -> str:
    """A domain as a condition on a name: "x > 0" for the interval (0, inf)."""
    if isinstance(domain, range):
        return f"{name} in 0, 1, ..."
    low, high = (text.digits(end) for end in domain)
    if math.isinf(domain[0]):
        return "" if math.isinf(domain[1]) else f"{name} < {high}"
    return f"{name} > {low}" if math.isinf(domain[1]) else f"{low} < {name} < {high}"


def _kinks(op: Op) -> str:
    """The kinks of the row, where a quantity is 0: "x = 0"."""
    found = op.kinks(*map(text.Symbol, _names(op))) if op.kinks else []
    return ", ".join(f"{text.Symbol.of(quantity).text} = 0" for quantity in found)
