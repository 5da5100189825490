"""Mazur's network: two inputs, two hidden units, two outputs, every number of its training published.

    >>> from microgradx.training.examples.mazur import WEIGHTS, loss, step
    >>> round(loss(WEIGHTS).data, 9), round(loss(step(WEIGHTS)).data, 9)
    (0.298371109, 0.291027774)

Source: Matt Mazur, "A Step by Step Backpropagation Example" (2015). Logistic units, loss (t1 - o1)**2/2 +
(t2 - o2)**2/2, learning rate 0.5; the biases are not trained.

The article's eight new weights are those of gradient descent; its totals, .291027924 after one update and .000035085
after 10,000, are not (.291027774 and .000035102). They come out to every digit if the output weights are moved first
and the gradients of the hidden units go back through the moved weights: article_step(). Gradient descent takes all
slopes at one point: step(). The moved weights differ little, so both ways lead down.
"""
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from ...activations import sigmoid
from ...derivatives import grad
from ...engine import Value
from ...reductions import dot
from ..compiled import compiler
from ..outcome import Outcome
from .target import Target

WEIGHTS = [0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55]         # w1 to w4: hidden units; w5 to w8: outputs
RATE = 0.5
TRUE_TOTAL, PUBLISHED_TOTAL = 3.5101878e-05, 3.5085e-05             # after 10,000 steps, to as many digits
NOTE = """\
Mazur's network: two inputs, two hidden units, two outputs. E is its error on one example.

weight    before    gradient        after one step
{weights}

error                         before         after 1 step    after 10,000
gradient descent, rate 0.5    0.298371109    0.291027774     0.000035102
as published                  0.298371109    0.291027924     0.000035085

The published totals come out to every digit if the output weights w5 to w8 are
moved first and the gradients of the hidden units go back through the moved
weights. Gradient descent takes all slopes at one point, as backward() does.
"""


def note() -> str:
    """An introduction to print before the first step."""
    rows = zip(range(1, 9), WEIGHTS, grad(loss)(WEIGHTS), step(WEIGHTS))
    lines = [f"w{k}        {x:.2f}      {slope:<12.9f}    {new:.9f}" for k, x, slope, new in rows]
    return NOTE.format(weights="\n".join(lines))


def graph() -> Value:
    """The loss before the first update."""
    return loss(WEIGHTS)


def loss(weights: Sequence[Value | float]) -> Value:
    """The error of the network, a graph with the article's labels."""
    hidden = hidden_units(weights[:4])
    return error(nets(hidden, weights[4:]))


def hidden_units(weights: Sequence[Value | float]) -> list[Value]:
    """h1 and h2, from w1 to w4."""
    w1, w2, w3, w4 = leaves("w1 w2 w3 w4", weights)
    i1, i2, b1 = leaves("i1 i2 b1", [0.05, 0.10, 0.35])
    return [sigmoid(w1 * i1 + w2 * i2 + b1).named("h1"), sigmoid(w3 * i1 + w4 * i2 + b1).named("h2")]


def nets(hidden: Sequence[Value], weights: Sequence[Value | float]) -> list[Value]:
    """The weighted sums of the two output units, from w5 to w8."""
    (h1, h2), (w5, w6, w7, w8) = hidden, leaves("w5 w6 w7 w8", weights)
    b2 = Value(0.60, "b2")
    return [(w5 * h1 + w6 * h2 + b2).named("net1"), (w7 * h1 + w8 * h2 + b2).named("net2")]


def error(nets: Sequence[Value]) -> Value:
    """Half the squared distance of the outputs from the targets."""
    t1, t2 = leaves("t1 t2", [0.01, 0.99])
    o1, o2 = (sigmoid(net).named(f"o{k}") for k, net in enumerate(nets, 1))
    return ((t1 - o1)**2 / 2 + (t2 - o2)**2 / 2).named("E")


def leaves(names: str, numbers: Sequence[Value | float]) -> list[Value]:
    """Numbers as labelled Values; Values as they are."""
    return [x if isinstance(x, Value) else Value(x, name) for name, x in zip(names.split(), numbers)]


# One update of the weights -------------------------------------------------------------------------------------

def step(weights: Sequence[float]) -> list[float]:
    """The weights after one step of gradient descent: all slopes are at the same point.

    >>> from microgradx.training.examples.mazur import WEIGHTS, step
    >>> [round(w, 8) for w in step(WEIGHTS)[:2]]
    [0.14978072, 0.19956143]
    """
    return moved(weights, grad(loss)(weights))


def article_step(weights: Sequence[float]) -> list[float]:
    """The weights after one step of the article: output weights move first, hidden ones use the moved weights.

    >>> from microgradx.training.examples.mazur import WEIGHTS, article_step, loss
    >>> round(loss(article_step(WEIGHTS)).data, 9)
    0.291027924
    """
    first, last = list(weights[:4]), list(weights[4:])
    slopes = grad(error)(nets(hidden_units(first), last))       # dE/dnet1 and dE/dnet2 before the move,
    outer = moved(last, grad(lambda w: loss([*first, *w]))(last))
    inner = grad(lambda w: dot(slopes, nets(hidden_units(w), outer)))(first)    # through the weights after it
    return moved(first, inner) + outer


def moved(weights: Sequence[Any], slopes: Sequence[Any]) -> list[Any]:
    """Each weight minus the learning rate times its slope."""
    return [w - RATE * slope for w, slope in zip(weights, slopes)]


# The example ---------------------------------------------------------------------------------------------------

def run(full: bool, seed: int) -> Iterator[Outcome | Target]:
    """Make 10,000 steps by each rule. There is no randomness, and no longer run."""
    print(note())
    print("gradient descent:")
    losses = trained(step)
    yield Outcome("gradient descent", losses[1:])
    yield Target("loss after gradient descent, to 8 digits", float(f"{losses[-1]:.7e}"), TRUE_TOTAL, TRUE_TOTAL)
    print("as published:")
    losses = trained(article_step)
    yield Outcome("as published", losses[1:])
    yield Target("loss after the article's steps, to 9 places", round(losses[-1], 9), PUBLISHED_TOTAL, PUBLISHED_TOTAL)


def trained(update: Callable[[Sequence[float]], list[float]]) -> list[float]:
    """The losses before, and after each of 10,000 compiled updates by this rule."""
    weights, update, compiled = WEIGHTS, compiler().jit(update), compiler().jit(loss)
    losses = [compiled(weights)]
    for done, until in pairwise([0, 1, 10, 100, 1000, 10_000]):
        for _ in range(until - done):
            weights = update(weights)
            losses.append(compiled(weights))
        print(f"  after {until:6,} updates   loss {losses[-1]:.9g}")
    return losses
