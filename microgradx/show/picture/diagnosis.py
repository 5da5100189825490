"""How well gradients flow: the gradient of each parameter, by depth, and which units are dead, off or saturated.

    >>> from microgradx import Value, sigmoid
    >>> from microgradx.show.picture.diagnosis import diagnose
    >>> x = 1.0
    >>> for _ in range(4):                              # four sigmoid units in a chain
    ...     x = sigmoid(Value(0.5) * x)
    >>> print(diagnose(x))
    parameter    values    |grad|    rms       zero
    leaves       4         0.141     0.0706    0%
    <BLANKLINE>
    level    activation    units    values    |grad|     rms        zero    dead    off here    saturated
    1        sigmoid       1        1         0.00183    0.00183    0%      0%      0%          0%
    2        sigmoid       1        1         0.015      0.015      0%      0%      0%          0%
    3        sigmoid       1        1         0.122      0.122      0%      0%      0%          0%
    4        sigmoid       1        1         1          1          0%      0%      0%          0%
    <BLANKLINE>
    vanishing: from level 4 down to level 1 the gradient falls from 1 to 0.00183, by a factor of 0.12 at each level. \
Remedy: relu in place of sigmoid, with first weights by nn.init.kaiming_normal_

diagnose() computes its own gradients and changes nothing.
"""
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ...checking.explanation import first_nonfinite
from ...derivatives import gradients
from ...engine import Value
from ...ieee import short
from ...naming import shown
from ...nesting import is_module, leaves
from ..terminal.columns import columns
from .findings import findings
from .graph import Graph
from .scopes import Path, homes
from .units import Units

ROWS = 20               # of a table, printed


class GradientGroup(NamedTuple):
    """The gradients of some values: of a parameter, or of the activations of one kind at one level.

    level      for activations the number of activations on the longest path from a leaf, including these: in a chain of
               layers the number of the layer, in a recurrent network the time step; 0 for parameters
    norm, rms  the root of the sum, and of the mean, of the squares of the gradients
    zero       the share of the values whose gradient is 0

    Of activations only. A unit is what applies the same parameters, to every sample of a batch and at every time step:
    units      how many units the values belong to
    samples    the inputs of a unit, on average, at this level and the others
    dead       the share of the units that pass no gradient on for any of several inputs: their slope is 0 for each
    off        the share of the values that pass no gradient on for their input, while their unit does for another
    saturated  the share of the values that are flat from here outwards, as tanh is far from 0
    flat       the share of the units that are saturated for each of several inputs

    >>> from microgradx import Value, relu
    >>> unit = diagnose(relu(Value(-1.0))).activations[0]
    >>> unit.name, unit.level, unit.dead, unit.off          # off for the only input there is
    ('relu', 1, 0.0, 1.0)
    """

    name: str
    level: int
    size: int
    norm: float
    rms: float
    zero: float
    units: int = 0
    samples: int = 0
    dead: float = 0.0
    off: float = 0.0
    saturated: float = 0.0
    flat: float = 0.0


class Diagnosis:
    """The result of diagnose(): print it, or plot it.

    parameters   a GradientGroup for each parameter
    activations  a GradientGroup for each level and kind, in the order of computation
    nonfinite    the first node that made infinity or nan from finite inputs, or None
    cut_off      the names of parameters that no gradient can reach, though all units let it pass
    recurrent    whether a unit is used at more than one level, as in a recurrent network
    flow         for each level the rms of the gradients of its activations
    problems     one sentence for each problem, with a remedy

    >>> from microgradx import Value, relu
    >>> found = diagnose(relu(Value(-1.0, "x")))
    >>> found.flow, [problem.partition(".")[0] for problem in found.problems]
    ({1: 1.0}, ['off here: 1 of 1 relu units at level 1 get no gradient from this input'])
    """

    def __init__(self, parameters: list[GradientGroup], activations: list[GradientGroup],
                 nonfinite: Value | None, cut_off: list[str], recurrent: bool = False) -> None:
        self.parameters, self.activations, self.nonfinite = parameters, activations, nonfinite
        self.cut_off, self.recurrent = cut_off, recurrent
        levels: dict[int, list[GradientGroup]] = {}
        for group in activations:
            levels.setdefault(group.level, []).append(group)
        self.flow = {level: math.hypot(*(g.norm for g in groups)) / math.sqrt(sum(g.size for g in groups))
                     for level, groups in levels.items()}
        self.problems = list(findings(self))

    def __repr__(self) -> str:              # not __str__: a notebook shows the tables as well
        parameters = [[g.name, *_numbers(g)] for g in self.parameters]
        activations = [[str(g.level), g.name, f"{g.units:,}", *_numbers(g), *map("{:.0%}".format, (
            g.dead, g.off, g.saturated))] for g in self.activations]
        numbers = ["values", "|grad|", "rms", "zero"]
        tables = [columns(header, _middle_left_out(rows)) for header, rows in (
            (["parameter", *numbers], parameters),
            (["level", "activation", "units", *numbers, "dead", "off here", "saturated"], activations)) if rows]
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

    Dead units are found in the loss of a batch: for one sample a relu is off or not. Without params the parameters are
    the leaves that several samples use.

    >>> from microgradx import Value, tanh
    >>> def recurrent(w, h=1e-9):                       # fifty time steps
    ...     for _ in range(50):
    ...         h = tanh(w * h)
    ...     return h
    >>> for radius in (0.8, 1.0, 1.25):
    ...     print([problem.partition(",")[0] for problem in diagnose(recurrent(Value(radius))).problems])
    ['vanishing: from level 50 down to level 1 the gradient falls from 1 to 1.78e-05']
    []
    ['exploding: from level 50 down to level 1 the gradient grows from 1 to 5.61e+04']
    """
    if is_module(root):
        grads = {v: v.grad for v in leaves(root)}
        groups = [_group(name, vs, grads) for name, vs in _parameters(root, None)]
        return Diagnosis(groups, [], None, [group.name for group in groups if group.zero == 1])
    if not isinstance(root, Value):
        raise TypeError(f"diagnose takes a Value or a Module, got {short(root)}")
    graph = Graph(root)
    order = graph.order
    grads = dict(zip(order, gradients(root, order)))
    units = Units(graph, None if params is None else leaves(params))
    kinds: dict[tuple[int, str], list[Value]] = {}
    levels = units.levels(graph)
    for v in units.of:
        if v.op:
            kinds.setdefault((levels[graph.place[v]], v.op.name), []).append(v)
    recurrent = any(len({levels[graph.place[v]] for v in inputs}) > 1 for inputs in units.inputs.values())
    parameters, within = list(_parameters(params, graph)), _within_reach(graph, units)
    return Diagnosis([_group(name, vs, grads) for name, vs in parameters],
                     [_activations(name, level, vs, grads, units) for (level, name), vs in sorted(kinds.items())],
                     first_nonfinite(root), [name for name, vs in parameters if within.isdisjoint(vs)], recurrent)


def _within_reach(graph: Graph, units: Units) -> set[Value]:
    """The values that a gradient would reach if all activations let it pass: behind none of the slopes that are 0.

    A gradient of 0 may be a sum whose terms cancel; and whether units let it pass is said of the units.
    """
    found = bytearray(len(graph.order))
    found[graph.place[graph.root]] = 1
    for k in range(len(found) - 1, -1, -1):
        if found[k]:
            opens = graph.order[k] in units.condition
            for a, slope in zip(graph.below[k], graph.slopes[k]):
                if slope or opens:
                    found[a] = 1
    return {v for v, reached in zip(graph.order, found) if reached}


def _parameters(params: Any, graph: Graph | None) -> Iterable[tuple[str, list[Value]]]:
    """The name and the values of each parameter."""
    if is_module(params):
        return [(name, leaves(values)) for name, values in params.named_parameters()]
    if params is not None:
        elements = params if isinstance(params, (list, tuple)) else [params]
        named = [(shown(getattr(p, "label", None) or f"params[{i}]"), leaves(p)) for i, p in enumerate(elements)]
        return [(name, values) for name, values in named if values]
    if graph is None:
        return []
    paths = homes(graph)
    found: dict[Path, list[Value]] = {path: [] for path, op in zip(paths, graph.ops) if op}    # in order of computation
    for v, path in zip(graph.order, paths):
        if v.op is None:
            found.setdefault(path, []).append(v)
    return [(shown(".".join(path)) or "leaves", values) for path, values in found.items() if values]


def _group(name: str, values: Sequence[Value], grads: Mapping[Value, float]) -> GradientGroup:
    sizes, count = [grads.get(v, 0.0) for v in values], len(values)
    norm = math.hypot(*sizes)
    return GradientGroup(name, 0, count, norm, norm / math.sqrt(count), sizes.count(0.0) / count)


def _activations(name: str, level: int, values: Sequence[Value], grads: Mapping[Value, float],
                 units: Units) -> GradientGroup:
    """The group of the activations of one kind at one level."""
    members = {units.of[v] for v in values}
    states, stuck = [units.state(v) for v in values], [units.stuck[unit] for unit in members]
    return _group(name, values, grads)._replace(
        level=level, units=len(members), samples=round(sum(len(units.inputs[unit]) for unit in members) / len(members)),
        dead=stuck.count("dead") / len(stuck), flat=stuck.count("saturated") / len(stuck),
        off=states.count("off here") / len(values), saturated=states.count("saturated") / len(values))


def _numbers(g: GradientGroup) -> list[str]:
    return [f"{g.size:,}", f"{g.norm:.3g}", f"{g.rms:.3g}", f"{g.zero:.0%}"]


def _middle_left_out(rows: list[list[str]]) -> list[list[str]]:
    """The rows; of a long table the first and the last ones."""
    half = ROWS // 2
    return rows if len(rows) <= ROWS else [*rows[:half], ["..."] * len(rows[0]), *rows[-half:]]
