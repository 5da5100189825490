r"""Reads what to_latex() writes as a student would, and computes each line with the numbers of the leaves.

    >>> read(r"2 x^{2} - \frac{1}{\tanh\left(x\right)}", {"x": 0.5}) == 0.5 - 1 / math.tanh(0.5)
    True
"""
import math
import re

from microgradx.export.latex import KNOWN, NAMES, SIGNS, called
from microgradx.naming import names
from microgradx.table import TABLE, Reduction

NAME = r"\\frac\{\\partial \w+\}\{\\partial \w(?:_\{\d+\})?\}|(?!e\^)[a-z](?:_\{\d+\})?"
TOKEN = re.compile(rf"{NAME}|\d[\d.]*|\\operatorname\{{(?:\w|\\_)+\}}|\\text\{{[^}}]*\}}|\\(?:begin|end)\{{cases\}}"
                   r"|\\left.|\\right.|\\mathrm\{nan\}|\\\\|\\[a-z]+|\S")
ROWS = {**{rf"\{name}": TABLE[name] for name in KNOWN},
        **{rf"\operatorname{{{name.replace('_', chr(92) + '_')}}}": op for name, op in TABLE.items()},
        **{name: TABLE[op] for op, name in NAMES.items()}}
ENDS = {*SIGNS.values(), r"\ne", "+", "-", ",", "}", "&", r"\\", r"\end{cases}", r"\right)", r"\right]", r"\right|"}
COMPARED = {sign: op for op in TABLE.values() if (sign := SIGNS.get(op.infix))}


def evaluated(root, text):
    """Value and gradient by the lines of a text, by name as LaTeX has it. A line may read those above it only."""
    known = {called(name): v.data for v, name in names(root).items() if v.op is None}
    for line in text.splitlines()[1:-1]:
        left, right = line.removesuffix(r" \\").split(" &= ")
        assert left not in known
        known[left] = read(right, known)
    return known


def read(text, known):
    """The number of a formula."""
    reader = Reader(TOKEN.findall(text), known)
    found = reader.comparison()
    assert not reader.left, reader.left
    return found


class Reader:
    """Precedence as in school: powers, products without a sign, sums, comparisons."""

    def __init__(self, tokens, known):
        self.left, self.known = tokens[::-1], known

    def take(self, *tokens):
        """Whether one of the tokens is next, which is then passed."""
        return self.left.pop() if self.left and self.left[-1] in tokens else None

    def group(self, start, end):
        assert self.take(start), self.left
        found = self.comparison()
        assert self.take(end), self.left
        return found

    def comparison(self):
        found = self.sum()
        while sign := self.take(r"\ne", *COMPARED):
            x = self.sum()
            found = float(found != x) if sign == r"\ne" else COMPARED[sign](found, x)
        return found

    def sum(self):
        found = self.product()
        while sign := self.take("+", "-"):
            x = self.product()
            found = found + x if sign == "+" else found - x
        return found

    def product(self):
        sign, found = -1.0 if self.take("-") else 1.0, self.power()
        while self.take(r"\cdot") or (self.left and self.left[-1] not in ENDS):
            found = found * self.power()
        return sign * found

    def power(self):
        found = self.atom()
        return TABLE["pow"](found, self.group("{", "}")) if self.take("^") else found

    def atom(self):
        token = self.left.pop()
        if token in self.known:
            return self.known[token]
        if token in ROWS:
            return self.call(ROWS[token])
        self.left.append(token)
        if self.take(r"\frac"):
            above = self.group("{", "}")
            return TABLE["div"](above, self.group("{", "}"))
        if self.take(r"\sqrt"):
            return TABLE["sqrt"](self.group("{", "}"))
        if self.take(r"\begin{cases}"):
            return self.cases()
        if token in (r"\left(", r"\left["):        # an Iverson bracket is 1 where the comparison in it holds, else 0
            return self.group(token, {r"\left(": r"\right)", r"\left[": r"\right]"}[token])
        if token == r"\left|":
            return abs(self.group(r"\left|", r"\right|"))
        self.left.pop()
        return {"e": math.e, r"\infty": math.inf, r"\mathrm{nan}": math.nan}.get(token) or float(token)

    def cases(self):
        yes, _, _ = self.sum(), self.left.pop(), self.left.pop()
        condition, _ = self.comparison(), self.left.pop()
        no, _, _, _ = self.sum(), self.left.pop(), self.left.pop(), self.left.pop()
        return yes if condition else no

    def call(self, op):
        """A row at its inputs; lists and a last index are told apart by the row."""
        xs = self.list()
        if not isinstance(op, Reduction):
            return op(*xs)
        last = [int(xs.pop())] if getattr(op, "index", 0) else []
        size = len(xs) // op.lists
        return op(*(xs[k:k + size] for k in range(0, size * op.lists, size)), *last)

    def list(self):
        assert self.take(r"\left(")
        found = [self.sum()]
        while self.take(","):
            found.append(self.sum())
        assert self.take(r"\right)"), self.left
        return found
