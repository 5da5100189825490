"""torch as a second oracle: value and gradient of every row that torch has, edges included."""
import itertools
import math

from microgradx import Value
from microgradx.table import Reduction

from . import oracle, points
from .test_ops import same
from .test_table import ROWS, every_row, inputs, rejects, wrong

EDGES = [0.0, 1.0, -1.0, 0.5, math.inf, -math.inf, math.nan]


def asked(torch, op, xs):
    """torch's value and gradients at `xs`."""
    tensors = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in xs]
    y = oracle.TORCH[op.name](torch, *tensors)
    grads = torch.autograd.grad(y, tensors, allow_unused=True) if y.requires_grad else [None] * len(xs)
    return y.item(), [0.0 if g is None else g.item() for g in grads]


def differences(torch, op, xs, agree):
    """Where the row and torch differ: "value", or the place of an input whose slope differs."""
    value, grads = asked(torch, op, xs)
    node = op.apply(op.called(list(map(Value, xs))))
    if not agree(node.data, value):
        yield "value", node.data, value
    for i in inputs(op, xs):
        slope = node.slopes[i] or 0.0
        if not agree(slope, grads[i]):
            yield i, slope, grads[i]


def check_against_torch(torch, op, xs):
    """Value and slopes are torch's, to what torch keeps: its tails are absolute, 1 - y*y and the like."""
    found = list(differences(torch, op, xs, lambda a, b: math.isclose(a, b, rel_tol=1e-10, abs_tol=1e-14)))
    assert not found, f"{op.name}{xs}: {found}"


def test_every_row_is_asked_of_torch_or_said_to_be_missing_there():
    assert {op.name for op in ROWS} == oracle.TORCH.keys() | oracle.NOT_IN_TORCH.keys()
    assert not oracle.TORCH.keys() & oracle.NOT_IN_TORCH.keys()


@every_row
def test_value_and_gradient(torch, op):
    for xs in points.smooth(op, 20, [points.MODERATE]):
        if op.name in oracle.TORCH:
            check_against_torch(torch, op, xs)


@every_row
def test_a_wrong_slope_is_found(torch, op):
    twin = wrong(op, lambda slope: slope * (1 + 1e-6) or 1e-6)
    smooth = list(points.smooth(op, 20, [points.MODERATE]))
    if op.name in oracle.TORCH and smooth:
        assert any(rejects(check_against_torch, torch, twin, xs) for xs in smooth)


def edges(op):
    """Zero, one, infinities and nan in every input; for lists, of two elements."""
    size = 2 * op.lists + op.index if isinstance(op, Reduction) else len(op.inputs)
    numbers = EDGES if size < 4 else EDGES[::2]
    return itertools.product(*(map(float, domain) if isinstance(domain, range) else numbers
                               for domain in op.domains(size)))


def excuse(op, xs, where):
    """Why the row answers otherwise than torch at `xs`, on purpose; None if it should not."""
    for names, places, at, why in oracle.NOT_AS_TORCH:
        if op.name in names and where in places and at(*xs):
            return why
    return None


@every_row
def test_edges(torch, op):
    """At infinities, nan, zeros and ties: torch's very answer, or a listed reason."""
    if op.name not in oracle.TORCH:
        return
    for xs in edges(op):
        for where, ours, theirs in differences(torch, op, xs, lambda a, b: same(a + 0.0, b + 0.0)):
            assert excuse(op, xs, where), f"{op.name}{xs}, {where}: {ours}, torch has {theirs}"


def test_every_excuse_is_needed(torch):
    """A reason that excuses nothing is out of date."""
    rows = {op.name: op for op in ROWS}
    for names, places, at, why in oracle.NOT_AS_TORCH:
        found = {where for name in names for xs in edges(rows[name]) if at(*xs)
                 for where, *_ in differences(torch, rows[name], xs, lambda a, b: same(a + 0.0, b + 0.0))}
        assert found & places, f"{names}: {why}"
