"""A second engine, written the plainest way: the model that the state machine compares Value with.

It knows add, mul and relu, recurses, and has its own chain rule by hand. It shares no line with the package.
"""


class Naive:
    def __init__(self, data, inputs=(), slopes=()):
        self.data, self.inputs, self.slopes, self.grad = data, inputs, slopes, 0.0

    def __add__(self, other):
        return Naive(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        return Naive(self.data * other.data, (self, other), (other.data, self.data))

    def relu(self):
        return Naive(self.data if self.data > 0 else 0.0, (self,), (1.0 if self.data > 0 else 0.0,))

    def backward(self):
        found = {}                                  # d self / d node, by the sum over all paths from self

        def walk(node, through):
            found[id(node)] = (node, found.get(id(node), (node, 0.0))[1] + through)
            for a, slope in zip(node.inputs, node.slopes):
                walk(a, through * slope)

        walk(self, 1.0)
        for node, total in found.values():
            node.grad = node.grad + total if not node.inputs else total


class Dual:
    """a + b*eps with eps*eps = 0: a number and its exact derivative, in integers without any rounding."""

    def __init__(self, a, b=0):
        self.a, self.b = a, b

    def __add__(self, other):
        return Dual(self.a + other.a, self.b + other.b)

    def __sub__(self, other):
        return Dual(self.a - other.a, self.b - other.b)

    def __mul__(self, other):
        return Dual(self.a * other.a, self.a * other.b + self.b * other.a)

    def __neg__(self):
        return Dual(-self.a, -self.b)

    def relu(self):
        return self if self.a > 0 else Dual(0)
