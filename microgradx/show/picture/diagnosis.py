"""How well gradients flow: the gradient of each parameter, by depth, and which activations are dead or saturated.

    >>> from microgradx import Value, sigmoid
    >>> from microgradx.show.picture.diagnosis import diagnose
    >>> w, x = Value(0.5, "w"), 1.0
    >>> for _ in range(6):                              # six sigmoid units in a chain, all with the weight w
    ...     x = sigmoid(w * x)
    >>> print(diagnose(x, [w]))
    parameter    values    |grad|    rms      zero
    w            1         0.159     0.159    0%
    <BLANKLINE>
    level    activation    values    |grad|      rms         zero    dead    saturated
    1        sigmoid       1         2.75e-05    2.75e-05    0%      0%      0%
    2        sigmoid       1         0.000225    0.000225    0%      0%      0%
    3        sigmoid       1         0.00184     0.00184     0%      0%      0%
    4        sigmoid       1         0.015       0.015       0%      0%      0%
    5        sigmoid       1         0.122       0.122       0%      0%      0%
    6        sigmoid       1         1           1           0%      0%      0%
    <BLANKLINE>
    vanishing: from level 6 down to level 1 the gradient falls from 1 to 2.75e-05, by a factor of 0.12 at each level

diagnose() computes its own gradients and changes nothing.
"""
import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ...checking.check import described, first_nonfinite
from ...derivatives import gradients
from ...engine import Value, tape
from ...ieee import short
from ...naming import shown
from ...nesting import is_module, leaves
from ..terminal.columns import columns
from .grouping import Path, homes
from .units import activation, condition

FADES = 0.01            # a gradient that shrinks by more than this factor is vanishing; by more than 1/FADES, exploding
MANY = 0.8              # a larger share of dead or saturated activations is a problem; half is usual for relu
ROWS = 20               # of a table, printed


class GradientGroup(NamedTuple):
    """The gradients of some values: of a parameter, or of the activations of one kind at one level.

    level      for activations the number of activations on the longest path from a leaf, including these: in a chain of
               layers the number of the layer, in a recurrent network the time step; 0 for parameters
    norm, rms  the root of the sum, and of the mean, of the squares of the gradients
    zero       the share of the values whose gradient is 0
    dead       the share of the activations whose slope is 0, so that no gradient passes
    saturated  the share of the activations that are flat from here outwards, as tanh is far from 0

    >>> from microgradx import Value, relu
    >>> unit = diagnose(relu(Value(-1.0))).activations[0]
    >>> unit.name, unit.level, unit.dead
    ('relu', 1, 1.0)
    """

    name: str
    level: int
    size: int
    norm: float
    rms: float
    zero: float
    dead: float = 0.0
    saturated: float = 0.0


class Diagnosis:
    """The result of diagnose(): print it, or plot it.

    parameters   a GradientGroup for each parameter
    activations  a GradientGroup for each level and kind, in the order of computation
    nonfinite    the first node that made infinity or nan from finite inputs, or None
    flow         for each level the rms of the gradients of its activations
    problems     one sentence for each problem

    >>> from microgradx import Value, relu
    >>> found = diagnose(relu(Value(-1.0, "x")))
    >>> found.flow, found.problems
    ({1: 1.0}, ['no gradient: leaves', 'dead: 100% of relu at level 1'])
    """

    def __init__(self, parameters: list[GradientGroup], activations: list[GradientGroup],
                 nonfinite: Value | None) -> None:
        self.parameters, self.activations, self.nonfinite = parameters, activations, nonfinite
        levels: dict[int, list[GradientGroup]] = {}
        for group in activations:
            levels.setdefault(group.level, []).append(group)
        self.flow = {level: math.hypot(*(g.norm for g in groups)) / math.sqrt(sum(g.size for g in groups))
                     for level, groups in levels.items()}
        self.problems = list(self._problems())

    def _problems(self) -> Iterable[str]:
        if self.nonfinite is not None:
            yield f"not finite: infinity or nan starts at {described(self.nonfinite)}"
        flow = [(level, size) for level, size in self.flow.items() if size and math.isfinite(size)]
        if len(flow) > 1:
            (first, low), (last, high) = flow[0], flow[-1]
            if not FADES <= low / high <= 1 / FADES:
                word, verb = ("vanishing", "falls") if low < high else ("exploding", "grows")
                yield (f"{word}: from level {last} down to level {first} the gradient {verb} from {high:.3g} to "
                       f"{low:.3g}, by a factor of {(low / high) ** (1 / (last - first)):.2g} at each level")
        for group in self.parameters:
            if group.zero == 1:
                yield f"no gradient: {group.name}"
        for group in self.activations:
            for word, share in (("dead", group.dead), ("saturated", group.saturated)):
                if share > MANY:
                    yield f"{word}: {share:.0%} of {group.name} at level {group.level}"

    def __repr__(self) -> str:              # not __str__: a notebook shows the tables as well
        parameters = [[g.name, *_numbers(g)] for g in self.parameters]
        activations = [[str(g.level), g.name, *_numbers(g), f"{g.dead:.0%}", f"{g.saturated:.0%}"]
                       for g in self.activations]
        numbers = ["values", "|grad|", "rms", "zero"]
        tables = [columns(header, _middle_left_out(rows)) for header, rows in (
            (["parameter", *numbers], parameters),
            (["level", "activation", *numbers, "dead", "saturated"], activations)) if rows]
        return "\n\n".join([*tables, "\n".join(self.problems) or "nothing conspicuous"])

    def plot(self) -> Any:
        """The flow by level and the shares of dead and saturated activations, as two matplotlib axes."""
        from ..plots.canvas import gradient_flow
        return gradient_flow(self)


def diagnose(root: Any, params: Any = None) -> Diagnosis:
    """A Diagnosis of how gradients flow in the graph of root. TypeError unless root is a Value or a Module.

    root    the loss, a Value, with the gradients of root.backward(); or a Module, with its present .grad, without
            activations
    params  a Module or Values in lists: one GradientGroup for each parameter or each element of the list;
            None for the leaves of the graph, grouped by the scope that uses them

    >>> from microgradx import Value, tanh
    >>> def recurrent(w, h=1e-9):                       # fifty time steps
    ...     for _ in range(50):
    ...         h = tanh(w * h)
    ...     return h
    >>> for radius in (0.8, 1.0, 1.25):
    ...     print(diagnose(recurrent(Value(radius))).problems)
    ['vanishing: from level 50 down to level 1 the gradient falls from 1 to 1.78e-05, by a factor of 0.8 at each level']
    []
    ['exploding: from level 50 down to level 1 the gradient grows from 1 to 5.61e+04, by a factor of 1.2 at each level']
    """
    if is_module(root):
        grads = {v: v.grad for v in leaves(root)}
        return Diagnosis([_group(name, 0, vs, grads) for name, vs in _parameters(root, [])], [], None)
    if not isinstance(root, Value):
        raise TypeError(f"diagnose takes a Value or a Module, got {short(root)}")
    order = tape(root)
    grads = dict(zip(order, gradients(root, order)))
    kinds: dict[tuple[int, str], list[Value]] = {}
    for v, level in _levels(order).items():
        if v.op and activation(v):
            kinds.setdefault((level, v.op.name), []).append(v)
    return Diagnosis([_group(name, 0, vs, grads) for name, vs in _parameters(params, order)],
                     [_group(name, level, vs, grads) for (level, name), vs in sorted(kinds.items())],
                     first_nonfinite(root))


def _levels(order: Sequence[Value]) -> dict[Value, int]:
    """The number of activations on the longest path from a leaf to each value."""
    level: dict[Value, int] = {}
    for v in order:
        level[v] = max([level[a] for a in v.args if isinstance(a, Value)], default=0) + (activation(v) is not None)
    return level


def _parameters(params: Any, order: Sequence[Value]) -> Iterable[tuple[str, list[Value]]]:
    """The name and the values of each parameter."""
    if is_module(params):
        return [(name, leaves(values)) for name, values in params.named_parameters()]
    if params is not None:
        elements = params if isinstance(params, (list, tuple)) else [params]
        named = [(shown(getattr(p, "label", None) or f"params[{i}]"), leaves(p)) for i, p in enumerate(elements)]
        return [(name, values) for name, values in named if values]
    paths = homes(order)
    found: dict[Path, list[Value]] = {paths[v]: [] for v in order if v.op}     # in the order of computation
    for v in order:
        if v.op is None:
            found.setdefault(paths[v], []).append(v)
    return [(shown(".".join(path)) or "leaves", values) for path, values in found.items() if values]


def _group(name: str, level: int, values: list[Value], grads: dict[Value, float]) -> GradientGroup:
    sizes, count = [grads.get(v, 0.0) for v in values], len(values)
    idle = [condition(v) for v in values] if level else []
    norm = math.hypot(*sizes)
    return GradientGroup(name, level, count, norm, norm / math.sqrt(count), sizes.count(0.0) / count,
                 idle.count("dead") / count, idle.count("saturated") / count)


def _numbers(g: GradientGroup) -> list[str]:
    return [f"{g.size:,}", f"{g.norm:.3g}", f"{g.rms:.3g}", f"{g.zero:.0%}"]


def _middle_left_out(rows: list[list[str]]) -> list[list[str]]:
    """The rows; of a long table the first and the last ones."""
    half = ROWS // 2
    return rows if len(rows) <= ROWS else [*rows[:half], ["..."] * len(rows[0]), *rows[-half:]]
