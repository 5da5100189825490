"""Activations as Modules: each applies a row of the table to every number of a nested list.

    >>> from microgradx.nn import LeakyReLU, Softmax
    >>> LeakyReLU(0.1)([[2.0, -2.0]]), Softmax()([0.0, 0.0])
    ([[2.0, -0.2]], [0.5, 0.5])

Names and arguments are those of torch.nn. The derivatives are in the rows only (microgradx/activations.py).
"""
from typing import ClassVar, Literal

from .. import activations, ops
from ..table import Op
from .module import Module
from .shapes import Nested, each, expect, within


class Elementwise(Module):
    """A row of the table on every number, with constants for the row's other inputs. Any shape in, the same out.

    A subclass sets `row`; torch.nn writes a forward() for each.

    >>> from microgradx import sin
    >>> class Sine(Elementwise):
    ...     row = sin
    >>> Sine()([0.0, [0.0]])
    [0.0, [0.0]]
    """

    row: ClassVar[Op]

    def __init__(self, *constants: float) -> None:
        self.constants = constants

    def forward(self, x: Nested) -> Nested:
        """Any shape."""
        return each((lambda v: self.row(v, *self.constants)) if self.constants else self.row, x)

    def extra_repr(self) -> str:
        """Its constants."""
        return ", ".join(map(str, self.constants))


class Identity(Elementwise):
    """x itself.

    Any shape, the same out. As torch.nn.Identity.

    >>> Identity()([[1.0, 2.0]])
    [[1.0, 2.0]]
    """

    row = ops.identity


class ReLU(Elementwise):
    """x where it is positive, else 0.

    Any shape, the same out. As torch.nn.ReLU.

    >>> ReLU()([2.0, -2.0])
    [2.0, 0.0]
    """

    row = activations.relu


class LeakyReLU(Elementwise):
    """x where it is positive, else negative_slope * x.

    Any shape, the same out. As torch.nn.LeakyReLU; source: Maas et al. 2013.

    >>> LeakyReLU(0.1)([2.0, -2.0])
    [2.0, -0.2]
    """

    row = activations.leaky_relu

    def __init__(self, negative_slope: float = 0.01) -> None:
        super().__init__(negative_slope)


class ELU(Elementwise):
    """x where it is positive, else alpha * (exp(x) - 1).

    Any shape, the same out. As torch.nn.ELU; source: Clevert et al. 2016.

    >>> ELU()([2.0, -800.0])
    [2.0, -1.0]
    """

    row = activations.elu

    def __init__(self, alpha: float = 1.0) -> None:
        super().__init__(alpha)


class SELU(Elementwise):
    """ELU scaled so that layer after layer keeps mean 0 and variance 1 (Klambauer et al. 2017).

    Any shape, the same out. As torch.nn.SELU.

    >>> SELU()([1.0, 0.0])
    [1.0507009873554805, 0.0]
    """

    row = activations.selu


class SiLU(Elementwise):
    """x * sigmoid(x).

    Any shape, the same out. As torch.nn.SiLU; source: Ramachandran et al. 2017.

    >>> SiLU()([0.0, 800.0])
    [0.0, 800.0]
    """

    row = activations.silu


class GELU(Module):
    """x times the probability of a standard normal below x; approximate="tanh" for the older form (GPT-2).

    Any shape, the same out. ValueError for another `approximate`. As torch.nn.GELU; source: Hendrycks & Gimpel 2016.

    >>> round(GELU()([1.0])[0], 4), round(GELU("tanh")([1.0])[0], 4)
    (0.8413, 0.8412)
    """

    def __init__(self, approximate: Literal["none", "tanh"] = "none") -> None:
        if approximate not in ("none", "tanh"):
            raise ValueError(f"GELU: expected approximate='none' or 'tanh', got {approximate!r}")
        self.approximate = approximate

    def forward(self, x: Nested) -> Nested:
        """Any shape."""
        return each(activations.gelu_tanh if self.approximate == "tanh" else activations.gelu, x)

    def extra_repr(self) -> str:
        """Its form."""
        return f"approximate={self.approximate!r}"


class Mish(Elementwise):
    """x * tanh(softplus(x)).

    Any shape, the same out. As torch.nn.Mish; source: Misra 2019.

    >>> Mish()([0.0, 800.0])
    [0.0, 800.0]
    """

    row = activations.mish


class Sigmoid(Elementwise):
    """1 / (1 + exp(-x)).

    Any shape, the same out. As torch.nn.Sigmoid.

    >>> Sigmoid()([0.0, 800.0])
    [0.5, 1.0]
    """

    row = activations.sigmoid


class LogSigmoid(Elementwise):
    """log(sigmoid(x)), exact in both tails.

    Any shape, the same out. As torch.nn.LogSigmoid.

    >>> LogSigmoid()([-800.0])
    [-800.0]
    """

    row = activations.log_sigmoid


class Tanh(Elementwise):
    """The hyperbolic tangent.

    Any shape, the same out. As torch.nn.Tanh.

    >>> Tanh()([0.0, 800.0])
    [0.0, 1.0]
    """

    row = ops.tanh


class Softplus(Elementwise):
    """log(1 + exp(x)): a smooth ReLU. (torch returns x beyond 20, which is 1e-10 off there.)

    Any shape, the same out. As torch.nn.Softplus.

    >>> Softplus()([-800.0, 800.0])
    [0.0, 800.0]
    """

    row = activations.softplus


class Softsign(Elementwise):
    """x / (1 + |x|).

    Any shape, the same out. As torch.nn.Softsign.

    >>> Softsign()([1.0, -3.0])
    [0.5, -0.75]
    """

    row = activations.softsign


class Hardtanh(Elementwise):
    """x, cut off at min_val and max_val.

    Any shape, the same out. ValueError unless min_val is below max_val. As torch.nn.Hardtanh.

    >>> Hardtanh()([0.5, -3.0])
    [0.5, -1.0]
    """

    row = ops.clamp

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0) -> None:
        if not min_val < max_val:
            raise ValueError(f"Hardtanh: expected min_val below max_val, got {min_val} and {max_val}")
        super().__init__(min_val, max_val)


class Softmax(Module):
    """exp(x) over its sum along the innermost lists, (*, C): positive numbers that add up to 1.

    As torch.nn.Softmax(dim=-1). TypeError if x is not a list.

    >>> Softmax()([[0.0, 0.0], [1000.0, 0.0]])
    [[0.5, 0.5], [1.0, 0.0]]
    """

    def forward(self, x: Nested) -> Nested:
        """(*, C) to (*, C)."""
        return within(activations.softmax, x, len(expect(self, x, ("*", "C"))) - 1)


class LogSoftmax(Module):
    """The logarithm of softmax along the innermost lists, (*, C).

    As torch.nn.LogSoftmax(dim=-1). TypeError if x is not a list.

    >>> LogSoftmax()([1000.0, 0.0])
    [0.0, -1000.0]
    """

    def forward(self, x: Nested) -> Nested:
        """(*, C) to (*, C)."""
        return within(activations.log_softmax, x, len(expect(self, x, ("*", "C"))) - 1)
