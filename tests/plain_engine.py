"""Plain: an engine of closures, as the lecture builds one, whose numbers ours are held against."""
import math


class Plain:
    """An engine of closures, as the lecture builds one: what the programs below are run on, too."""

    def __init__(self, data, _children=(), _op="", label=""):
        self.data, self.grad, self._op, self.label = data, 0.0, _op, label
        self._backward, self._prev = lambda: None, set(_children)

    def make(self, data, op, *slopes):
        """A result, and for each input its slope."""
        out = Plain(data, [x for x, _ in slopes], op)

        def once():
            for x, slope in slopes:
                x.grad += slope * out.grad
        out._backward = once
        return out

    def of(self, x):
        return x if isinstance(x, Plain) else Plain(x)

    def __add__(self, b):
        b = self.of(b)
        return self.make(self.data + b.data, "+", (self, 1.0), (b, 1.0))

    def __mul__(self, b):
        b = self.of(b)
        return self.make(self.data * b.data, "*", (self, b.data), (b, self.data))

    def __pow__(self, n):
        return self.make(self.data**n, f"**{n}", (self, n * self.data**(n - 1)))

    def exp(self):
        return self.make(math.exp(self.data), "exp", (self, math.exp(self.data)))

    def log(self):
        return self.make(math.log(self.data), "log", (self, 1 / self.data))

    def tanh(self):
        return self.make(math.tanh(self.data), "tanh", (self, 1 - math.tanh(self.data)**2))

    def relu(self):
        return self.make(max(0.0, self.data), "ReLU", (self, float(self.data > 0)))

    def __neg__(self):
        return self * -1

    def __sub__(self, b):
        return self + -b

    def __rsub__(self, a):
        return -self + a

    def __truediv__(self, b):
        return self * b**-1

    def __rtruediv__(self, a):
        return self**-1 * a

    __radd__, __rmul__ = __add__, __mul__

    def backward(self):
        self.grad = 1.0
        for v in reversed(sorted_by_hand(self)):
            v._backward()


def sorted_by_hand(root, inputs="_prev"):
    """The topological loop that programs have of their own. microgpt calls the inputs of a node _children."""
    order, seen = [], set()

    def visit(v):
        if v not in seen:
            seen.add(v)
            for child in getattr(v, inputs):
                visit(child)
            order.append(v)
    visit(root)
    return order
