"""The second reference: as small an engine as can be with slots, and two tuples a node (its inputs, their slopes).

No table, no edge cases, no second derivatives: what a good afternoon's autograd engine costs.

    >>> from tuples import Value
    >>> a = Value(3.0)
    >>> y = a * a + a
    >>> y.backward(); a.grad
    7.0
"""
from __future__ import annotations

import math


class Value:
    """A number, its gradient, the Values it was computed from, and its slope by each of them."""

    __slots__ = ("data", "grad", "inputs", "slopes")

    def __init__(self, data: float, inputs: tuple[Value, ...] = (), slopes: tuple[float, ...] = ()) -> None:
        self.data, self.grad, self.inputs, self.slopes = data, 0.0, inputs, slopes

    def __add__(self, other: Value | float) -> Value:
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: Value | float) -> Value:
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, n: float) -> Value:
        return Value(self.data**n, (self,), (n * self.data**(n - 1),))

    def relu(self) -> Value:
        """The larger of self and 0."""
        return Value(max(self.data, 0.0), (self,), (float(self.data > 0),))

    def tanh(self) -> Value:
        """The hyperbolic tangent."""
        y = math.tanh(self.data)
        return Value(y, (self,), (1 - y * y,))

    def __neg__(self) -> Value:
        return self * -1.0

    def __sub__(self, other: Value | float) -> Value:
        return self + -other

    def __rsub__(self, other: float) -> Value:
        return -self + other

    def __truediv__(self, other: Value | float) -> Value:
        return self * other**-1

    def __rtruediv__(self, other: float) -> Value:
        return self**-1 * other

    __radd__, __rmul__ = __add__, __mul__

    def backward(self) -> None:
        """Add d self / d v to the gradient of every v that self was computed from."""
        self.grad = 1.0
        for v in reversed(self.order()):
            for x, slope in zip(v.inputs, v.slopes):
                x.grad += slope * v.grad

    def order(self) -> list[Value]:
        """Every Value that self was computed from, each after its inputs."""
        order: list[Value] = []
        seen: set[Value] = set()
        stack = [(self, False)]
        while stack:
            v, inputs_listed = stack.pop()
            if inputs_listed:
                order.append(v)
            elif v not in seen:
                seen.add(v)
                stack.append((v, True))
                stack.extend([(x, False) for x in v.inputs])
        return order
