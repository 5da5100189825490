"""How many loop nests known programs become. More would be slower by as much, and no other test would notice."""
from unittest import mock

import pytest

import microgradx as mg
from microgradx import nn, value_and_grad
from microgradx.nn import losses

from ...budget import sweep
from ...compiled import needs_llvmlite

pytestmark = needs_llvmlite


def moons(model, xs):
    """The loss of moons: a margin of 1, and a penalty."""
    margins = [mg.relu(1 - model(x)) for x in xs]
    return mg.sum(margins) + 1e-4 * mg.sum([p * p for p in model.parameters()])


def digit(model, pixels):
    return losses.cross_entropy(model(pixels), 2)


def memory(model, xs):
    return mg.sum([h * h for row in model(xs)[0] for h in row])


ROWS = [[0.1 * (i * j % 7) for i in range(8)] for j in range(8)]
# The program, a model, its input; operations and loops, by default and strict. Lower a number when a change does so.
PROGRAMS = {
    "MLP 2-16-16-1, 4 points": (moons, lambda: nn.MLP(2, [16, 16, 1]), [[0.1 * i, 0.2] for i in range(4)],
                                (2954, 29), (3014, 34)),
    "MLP 49-12-5": (digit, lambda: nn.Sequential(nn.Linear(49, 12), nn.ReLU(), nn.Linear(12, 5)), [0.1] * 49,
                    (813, 33), (806, 34)),
    "convolution 8x8": (digit, lambda: nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.Tanh(), nn.MaxPool2d(2),
                                                     nn.Flatten(0), nn.Linear(48, 4)), [ROWS],
                        (2489, 61), (4221, 131)),
    "LSTM 4-6, 5 steps": (memory, lambda: nn.LSTM(4, 6), [[0.1 * i] * 4 for i in range(5)], (1519, 99), (3829, 206)),
}


def found(loss, model, x, strict):
    """The report of the gradient's program, as loops."""
    compiled = mg.jit(value_and_grad(loss), backend="native", strict=strict)
    with mock.patch("microgradx.compiler.native.straight.FLAT", -1):
        compiled(model, x)
    return compiled.report()


@pytest.mark.slow
@sweep(4)
@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("name", PROGRAMS)
def test_loops_of_known_programs(name, strict):
    loss, make, x, *most = PROGRAMS[name]
    report = found(loss, make(), x, strict)
    kept, loops = most[strict]
    assert report.kept <= kept and 0 < report.loops <= loops
    assert report.loops > loops / 2, "far fewer than they were: lower the number here"


@pytest.mark.slow
def test_ragged_programs_have_more_loops():
    """What the count is sensitive to: points that are not computed alike."""
    loss, make, x, (_, loops), _ = PROGRAMS["MLP 49-12-5"]
    report = found(lambda model, x: sum((loss(model, [*x[:k], *[0.0] * (49 - k)]) for k in (3, 17, 40)), 0.0),
                   make(), x, False)
    assert report.loops > loops
