"""Backpropagation as a list of steps: forward one value, backward one application of the chain rule.

    >>> from microgradx import Value
    >>> from microgradx.step import steps
    >>> w = Value(3.0, "w")
    >>> for step in steps(w * w):
    ...     print(step)
    forward: w = 3
    forward: y = w*w = 9
    backward: dy/dy = 1, grad(y) = 1
    backward: dy/dw = w = 3, grad(w) = 3
    backward: dy/dw = w = 3, grad(w) = 3 + 3 = 6

Steps are data: they print nothing and change no node's data or gradient. Their gradients do not depend on whether
backward() was called, and equal bit for bit those of backward() with all leaves' gradients set to 0.
"""
import re
from collections import Counter

from . import text
from .engine import tape
from .ieee import kind_of
from .naming import brief, equal, names
from .operators import Operand, Value
from .table import Op

TERMS = 6                                   # terms shown of a sum


class Step:
    """One event: a value computed, or one contribution made to one gradient.

    phase         "forward" or "backward"
    node          forward, the value computed; backward, the value that passes its gradient on to one of its inputs
    i             backward, the index of that input; None forward, and in the first backward step: dy/dy = 1
    names         the name of every Value of the graph: names(root)

    Backward only (0 and None forward):
    slope         d node / d target, frozen when recorded; None where no gradient flows, as into a condition
    incoming      the gradient of node, complete at this step
    contribution  slope * incoming; 0 where no gradient flows
    reached       whether a gradient has flowed to node: not if it is behind a branch that is not taken
    before, after the gradient of target without and with this contribution
    use, uses     this is use number `use` of target, of `uses`; its gradient is complete when the two are equal

    >>> from microgradx import Value, steps
    >>> step = steps(Value(3.0, "w") * 2)[-1]
    >>> step.phase, step.rule, step.contribution, step.after
    ('backward', 'dy/dw = 2', 2.0, 2.0)
    """

    __slots__ = ("phase", "node", "i", "names", "slope", "incoming", "contribution", "before", "after", "reached",
                 "use", "uses", "_terms")

    def __init__(self, phase: str, node: Value, names: dict[Value, str], i: int | None = None) -> None:
        self.phase, self.node, self.names, self.i = phase, node, names, i
        self.slope: float | None = None
        self.incoming = self.contribution = self.before = self.after = 0.0
        self.use = self.uses = 0
        self.reached = True
        self._terms: list[float] = []       # shared by all steps to one target; up to this step the first `use`

    @property
    def op(self) -> Op | None:
        """The row of the table that made node; None for a leaf."""
        return self.node.op

    @property
    def inputs(self) -> tuple[Operand, ...]:
        """The inputs of node: Values, and floats for constants."""
        return self.node.args

    @property
    def target(self) -> Value:
        """The Value that the step is about: the input that gets the contribution, or else node itself."""
        return self.node if self.i is None else self.node.args[self.i]

    @property
    def terms(self) -> list[float]:
        """The contributions to target so far, this one last."""
        return self._terms[:self.use]

    # As text, made on demand: a graph of 65,000 values has 200,000 steps ---------------------------------------

    @property
    def formula(self) -> str:
        """How node is computed, in names: "w*x"; for a leaf its number."""
        return text.formula(self.op, self.called) if self.op else brief(self.node.data)

    @property
    def rule(self) -> str:
        """Forward "y = w*x"; backward the slope as it is computed, "dy/dn = sech(n)**2", of a list as in textbooks."""
        name = self.names[self.node]
        if self.phase == "forward":
            return f"{name} = {self.formula}"
        if self.op is None or self.i is None:
            return f"d{name}/d{name} = 1"
        return f"d{name}/d{self.names[self.target]} = {text.rule(self.op, self.i, self.called, name)}"

    @property
    def textbook(self) -> str:
        """The rule as textbooks write it, "dy/dn = 1 - tanh(n)**2"; "" where the table has no such form."""
        if self.op is None or self.i is None or not (form := text.textbook(self.op)):
            return ""
        called = {"y": self.names[self.node], **dict(zip(self.op.inputs, map(str, self.called), strict=False))}
        slope = re.sub(r"\w+", lambda word: called.get(word[0], word[0]), form)
        return f"d{self.names[self.node]}/d{self.names[self.target]} = {slope}"

    @property
    def sum(self) -> str:
        """The sum over the uses of target so far, written out: "3 + 3 = 6"."""
        terms = self.terms if self.use <= TERMS else [self.before, self.contribution]
        added = "".join(f" - {brief(-t)}" if t < 0 else f" + {brief(t)}" for t in terms[1:])
        return f"{brief(terms[0])}{added} = {brief(self.after)}" if added else brief(self.after)

    @property
    def called(self) -> list[str | float]:
        """The inputs of node by name; constants as numbers."""
        return [self.names[a] if isinstance(a, Value) else a for a in self.inputs]

    def __repr__(self) -> str:
        if self.phase == "forward":
            return f"forward: {equal(self.rule, self.node.data)}"
        rule = equal(self.textbook or self.rule, 1.0 if self.i is None else self.slope or 0.0)
        return f"backward: {rule}, grad({self.names[self.target]}) = {self.sum}"


def steps(root: Value) -> list[Step]:
    """Every step of the forward pass and of backward() at root, in order. TypeError if root is not a Value.

    Forward: one step for each Value of the tape. Backward: first dy/dy = 1, then one step for each input of each Value
    in reverse order, also where nothing flows.

    >>> from microgradx import Value
    >>> from microgradx.step import steps
    >>> a, b = Value(2.0, "a"), Value(3.0, "b")
    >>> last = steps(a * b + a)[-1]
    >>> last.rule, last.contribution, last.sum
    ('dv1/db = a', 2.0, '2')
    """
    if not isinstance(root, Value):
        raise TypeError(f"steps takes the Value to step back from, got {kind_of(root)}")
    called, order = names(root), tape(root)
    sums = _Sums(order, called)
    forward = [Step("forward", v, called) for v in order]
    backward = [sums.step(root, None, 1.0, 1.0)]
    for v in reversed(order):
        for i, (a, slope) in enumerate(zip(v.args, v.slopes, strict=True)):
            if isinstance(a, Value):
                backward.append(sums.step(v, i, slope, sums.adjoint[v]))
    return forward + backward


class _Sums:
    """The sums of the backward pass: adjoint[x] so far, its terms[x], and uses[x], how many terms there will be."""

    def __init__(self, order: list[Value], called: dict[Value, str]) -> None:
        self.called = called
        self.uses = Counter(a for v in order for a in v.args if isinstance(a, Value))
        self.adjoint = dict.fromkeys(order, 0.0)
        self.terms: dict[Value, list[float]] = {v: [] for v in order}
        self.reached: set[Value] = set()

    def step(self, v: Value, i: int | None, slope: float | None, incoming: float) -> Step:
        """One backward step: the same additions in the same order as backward(), so the same bits."""
        step = Step("backward", v, self.called, i)
        x = step.target
        step.slope, step.incoming, step.before = slope, incoming, self.adjoint[x]
        step.reached = i is None or v in self.reached
        if slope is not None and step.reached:
            step.contribution = slope * incoming
            self.adjoint[x] += step.contribution
            self.reached.add(x)
        self.terms[x].append(step.contribution)
        step._terms, step.after = self.terms[x], self.adjoint[x]
        step.use, step.uses = len(self.terms[x]), self.uses[x] or 1
        return step
