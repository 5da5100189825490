"""Activations as Modules: each one a row of the table, applied to every number of a nested list.

    >>> from microgradx.nn import LeakyReLU, Softmax
    >>> LeakyReLU(0.1)([[2.0, -2.0]]), Softmax()([0.0, 0.0])
    ([[2.0, -0.2]], [0.5, 0.5])

Names and arguments are those of torch.nn. Derivatives stand in the rows alone (microgradx/activations.py).
"""
from typing import ClassVar, Literal

from .. import activations, ops
from ..table import Op
from .module import Module
from .shapes import Nested, each, expect, within


class Elementwise(Module):
    """A row of the table on every number, with constants for the row's further inputs. Any shape in, the same out.

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
        return each(lambda v: self.row(v, *self.constants), x)

    def extra_repr(self) -> str:
        """Its constants."""
        return ", ".join(map(str, self.constants))


class Identity(Elementwise):
    """x itself."""

    row = ops.identity


class ReLU(Elementwise):
    """x where it is positive, else 0."""

    row = activations.relu


class LeakyReLU(Elementwise):
    """x where it is positive, else negative_slope * x."""

    row = activations.leaky_relu

    def __init__(self, negative_slope: float = 0.01) -> None:
        super().__init__(negative_slope)


class ELU(Elementwise):
    """x where it is positive, else alpha * (exp(x) - 1)."""

    row = activations.elu

    def __init__(self, alpha: float = 1.0) -> None:
        super().__init__(alpha)


class SELU(Elementwise):
    """ELU scaled so that layer after layer keeps mean 0 and variance 1 (Klambauer et al. 2017)."""

    row = activations.selu


class SiLU(Elementwise):
    """x * sigmoid(x)."""

    row = activations.silu


class GELU(Module):
    """x times the share of a normal distribution below x; approximate="tanh" for the older form (GPT-2)."""

    def __init__(self, approximate: Literal["none", "tanh"] = "none") -> None:
        if approximate not in ("none", "tanh"):
            raise ValueError(f"GELU: expected approximate='none' or 'tanh', got {approximate!r}")
        self.approximate = approximate

    def forward(self, x: Nested) -> Nested:
        """Any shape."""
        return each(activations.gelu_tanh if self.approximate == "tanh" else activations.gelu, x)

    def extra_repr(self) -> str:
        """Which form."""
        return f"approximate={self.approximate!r}"


class Mish(Elementwise):
    """x * tanh(softplus(x))."""

    row = activations.mish


class Sigmoid(Elementwise):
    """1 / (1 + exp(-x))."""

    row = activations.sigmoid


class LogSigmoid(Elementwise):
    """log(sigmoid(x)), exact in both tails."""

    row = activations.log_sigmoid


class Tanh(Elementwise):
    """The hyperbolic tangent."""

    row = ops.tanh


class Softplus(Elementwise):
    """log(1 + exp(x)): a smooth ReLU. (torch says x itself beyond 20, which is 1e-10 off there.)"""

    row = activations.softplus


class Softsign(Elementwise):
    """x / (1 + |x|)."""

    row = activations.softsign


class Hardtanh(Elementwise):
    """x, cut off at min_val and max_val."""

    row = ops.clamp

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0) -> None:
        if not min_val < max_val:
            raise ValueError(f"Hardtanh: expected min_val below max_val, got {min_val} and {max_val}")
        super().__init__(min_val, max_val)


class Softmax(Module):
    """exp(x) over its sum: positive numbers that add up to 1, along the innermost lists, (*, C)."""

    def forward(self, x: Nested) -> Nested:
        """(*, C) to (*, C)."""
        return within(activations.softmax, x, len(expect(self, x, ("*", "C"))) - 1)


class LogSoftmax(Module):
    """The logarithm of softmax along the innermost lists, (*, C)."""

    def forward(self, x: Nested) -> Nested:
        """(*, C) to (*, C)."""
        return within(activations.log_softmax, x, len(expect(self, x, ("*", "C"))) - 1)
