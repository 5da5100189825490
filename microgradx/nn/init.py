"""First values of weights, by torch.nn.init's names and formulas, set in place on nested lists of Values.

    >>> import random
    >>> from microgradx import Value
    >>> from microgradx.nn import init
    >>> weight = init.xavier_uniform_([[Value(0.0), Value(0.0)]], generator=random.Random(0))
    >>> weight[0][0].data == init.xavier_uniform_([[Value(0.0)] * 2], generator=random.Random(0))[0][0].data
    False

Numbers come from Python's own generator: `random.seed(1)` before building a model fixes them all. Pass your own as
`generator=random.Random(1)`.
"""
import math
from collections.abc import Callable
from typing import Literal

from ..engine import Value
from ..nesting import leaves, shape
from .randomness import Generator, source
from .shapes import Nested, nested

Mode = Literal["fan_in", "fan_out"]

GAINS: dict[str, Callable[[float], float]] = {      # functions of the parameter a, for leaky_relu the slope below 0
    "linear": lambda a: 1.0, "conv1d": lambda a: 1.0, "conv2d": lambda a: 1.0, "sigmoid": lambda a: 1.0,
    "tanh": lambda a: 5 / 3, "relu": lambda a: math.sqrt(2), "leaky_relu": lambda a: math.sqrt(2 / (1 + a * a)),
    "selu": lambda a: 3 / 4,
}


def parameter(*sizes: int) -> Nested:
    """A nested list of Values of these sizes, all 0: a weight to initialise. torch: Parameter(zeros(*sizes)).

    >>> parameter(1, 2)
    [[Value(data=0.0, grad=0.0), Value(data=0.0, grad=0.0)]]
    """
    return nested(sizes, lambda: Value(0.0))


def constant_(tree: Nested, val: float) -> Nested:
    """Set every Value to `val`; the tree. torch: constant_.

    >>> constant_(parameter(2), 0.25)
    [Value(data=0.25, grad=0.0), Value(data=0.25, grad=0.0)]
    """
    return _fill(tree, lambda: val)


def zeros_(tree: Nested) -> Nested:
    """Set every Value to 0: right for biases, wrong for the weights of two or more layers. torch: zeros_.

    With zero weights every neuron of a layer computes the same and gets the same gradient, so all stay equal for ever.
    Worse, gradients pass to the layer below through these weights and become zeros: that layer learns nothing. Weights
    must differ, so they are drawn at random.

    >>> from microgradx.nn import MLP
    >>> model = MLP(2, [3, 1])
    >>> for p in model.parameters(): p.data = 0.0
    >>> model([1.0, 2.0]).backward(); {p.grad for p in model.layers[0].parameters()}
    {0.0}
    """
    return constant_(tree, 0.0)


def ones_(tree: Nested) -> Nested:
    """Set every Value to 1; the tree. torch: ones_.

    >>> ones_(parameter(2))
    [Value(data=1.0, grad=0.0), Value(data=1.0, grad=0.0)]
    """
    return constant_(tree, 1.0)


def uniform_(tree: Nested, a: float = 0.0, b: float = 1.0, generator: Generator = None) -> Nested:
    """Draw every Value uniformly between a and b; the tree. torch: uniform_.

    >>> import random
    >>> low, high = uniform_(parameter(2), 1.0, 2.0, random.Random(0))
    >>> 1 <= low.data <= 2, low.data == high.data
    (True, False)
    """
    draw = source(generator).uniform
    return _fill(tree, lambda: draw(a, b))


def normal_(tree: Nested, mean: float = 0.0, std: float = 1.0, generator: Generator = None) -> Nested:
    """Draw every Value from a normal distribution; the tree. torch: normal_.

    >>> import random
    >>> weight = normal_(parameter(1000), mean=5.0, std=2.0, generator=random.Random(0))
    >>> round(sum(v.data for v in weight) / 1000, 1)
    5.0
    """
    draw = source(generator).gauss
    return _fill(tree, lambda: draw(mean, std))


def xavier_uniform_(tree: Nested, gain: float = 1.0, generator: Generator = None) -> Nested:
    """Uniform, with std gain*sqrt(2/(fan_in + fan_out)): signals keep their size both ways (Glorot & Bengio 2010).

    tree (out, in, ...). ValueError for fewer than two dimensions. torch: xavier_uniform_.

    >>> weight = xavier_uniform_(parameter(50, 50))
    >>> max(v.data for v in leaves(weight)) <= math.sqrt(6 / (50 + 50))
    True
    """
    return _even(tree, _xavier(tree, gain), generator)


def xavier_normal_(tree: Nested, gain: float = 1.0, generator: Generator = None) -> Nested:
    """Normal, with std gain*sqrt(2/(fan_in + fan_out)).

    tree (out, in, ...). ValueError for fewer than two dimensions. torch: xavier_normal_ (Glorot & Bengio 2010).

    >>> import random
    >>> weight = xavier_normal_(parameter(50, 50), generator=random.Random(0))
    >>> round(math.hypot(*[v.data for v in leaves(weight)]) / 50, 2)    # sqrt(2 / (50 + 50))
    0.14
    """
    return normal_(tree, 0.0, _xavier(tree, gain), generator)


def kaiming_uniform_(tree: Nested, a: float = 0.0, mode: Mode = "fan_in", nonlinearity: str = "leaky_relu",
                     generator: Generator = None) -> Nested:
    """Uniform, with std gain/sqrt(fan), which compensates for the half that relu cuts off (He et al. 2015).

    tree (out, in, ...). ValueError for fewer than two dimensions, another mode, or a nonlinearity without a known gain.
    torch: kaiming_uniform_.

    >>> weight = kaiming_uniform_(parameter(50, 50), nonlinearity="relu")
    >>> max(v.data for v in leaves(weight)) <= math.sqrt(6 / 50)
    True
    """
    return _even(tree, _kaiming(tree, a, mode, nonlinearity), generator)


def kaiming_normal_(tree: Nested, a: float = 0.0, mode: Mode = "fan_in", nonlinearity: str = "leaky_relu",
                    generator: Generator = None) -> Nested:
    """Normal, with std gain/sqrt(fan).

    tree (out, in, ...). ValueError as for kaiming_uniform_. torch: kaiming_normal_ (He et al. 2015).

    >>> import random
    >>> weight = kaiming_normal_(parameter(50, 50), nonlinearity="relu", generator=random.Random(0))
    >>> round(math.hypot(*[v.data for v in leaves(weight)]) / 50, 2)    # sqrt(2 / 50)
    0.2
    """
    return normal_(tree, 0.0, _kaiming(tree, a, mode, nonlinearity), generator)


def calculate_gain(nonlinearity: str, param: float = 0.01) -> float:
    """The factor by which a layer must amplify what this nonlinearity shrinks. torch: calculate_gain.

    ValueError for an unknown nonlinearity.

    >>> calculate_gain("tanh")
    1.6666666666666667
    """
    if nonlinearity not in GAINS:
        raise ValueError(f"no gain known for {nonlinearity!r}; expected one of {', '.join(GAINS)}")
    return GAINS[nonlinearity](param)


def fans(tree: Nested) -> tuple[int, int]:
    """(fan_in, fan_out): how many inputs a unit of this weight has, and how many units each input feeds.

    The weight is (out, in, ...kernel). ValueError for fewer than two dimensions. As torch.nn.init computes them.

    >>> fans(parameter(6, 1, 5, 5))                     # the first convolution of LeNet-5
    (25, 150)
    """
    sizes = shape(tree)
    if len(sizes) < 2:
        raise ValueError(f"fan_in and fan_out need a weight of shape (out, in, ...), got {sizes}")
    kernel = math.prod(sizes[2:])
    return sizes[1] * kernel, sizes[0] * kernel


def _xavier(tree: Nested, gain: float) -> float:
    return gain * math.sqrt(2 / sum(fans(tree)))


def _kaiming(tree: Nested, a: float, mode: Mode, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"expected mode 'fan_in' or 'fan_out', got {mode!r}")
    return calculate_gain(nonlinearity, a) / math.sqrt(fans(tree)[mode == "fan_out"])


def _even(tree: Nested, std: float, generator: Generator) -> Nested:
    """Uniform between -b and b, which has the standard deviation b/sqrt(3)."""
    bound = math.sqrt(3) * std
    return uniform_(tree, -bound, bound, generator)


def _fill(tree: Nested, draw: Callable[[], float]) -> Nested:
    for v in leaves(tree):
        v.data = draw()
    return tree
