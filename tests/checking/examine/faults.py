"""Mistakes to plant in engine.py: what is replaced by what, an exercise that it breaks, and words of what is said.

FIRST is the first exercise that must be wrong: mistakes are found where the course introduces what is mistaken.
"""
from pathlib import Path

ENGINE = (Path(__file__).parent / "engine.py").read_text(encoding="utf-8")
LOOP = ENGINE[ENGINE.index("        order, visited"):ENGINE.index("        for v in order:")]
RESET = ENGINE[ENGINE.index("        for v in order:"):ENGINE.index("        self.grad += 1.0")]


def recursive(memo):
    """The lecture's topological sort, with or without its memory."""
    seen = ("            if v not in visited:\n                visited.add(v)\n"
            if memo else "            if True:\n")
    return ("        order, visited = [], set()\n\n        def build(v):\n" + seen +
            "                for child in v._prev:\n                    build(child)\n"
            "                order.append(v)\n        build(self)\n")


# name: (old, new, the first exercise that is wrong, words of the mistake)
FAULTS = {
    "add without +=": ("            self.grad += out.grad\n            other.grad += out.grad",
                       "            self.grad = out.grad\n            other.grad = out.grad", "a + a", "+="),
    "mul without +=": ("self.grad += other.data * out.grad\n            other.grad += self",
                       "self.grad = other.data * out.grad\n            other.grad = self", "a * a", "+="),
    "add ignores out.grad": ("            self.grad += out.grad\n            other.grad += out.grad",
                             "            self.grad += 1.0\n            other.grad += 1.0",
                             "the gradient that comes in", "out.grad"),
    "mul with its own factor": ("self.grad += other.data * out.grad\n            other.grad += self.data",
                                "self.grad += self.data * out.grad\n            other.grad += other.data",
                                "through a * b", "is b, not a"),
    "operands of - exchanged": ("return self + (-other)", "return -self + other", "a - b",
                                "operands of - are exchanged"),
    "operands of / exchanged": ("return self * (other if isinstance(other, Value) else Value(other)) ** -1",
                                "return (self ** -1) * other", "a / b", "operands of / are exchanged"),
    "add does not wrap": ("        other = other if isinstance(other, Value) else Value(other)\n"
                          "        out = Value(self.data + other",
                          "        out = Value(self.data + other", "a + 2", "isinstance(other, Value)"),
    "rsub as sub": ("return Value(other) - self", "return self - other", "2 - a", "computed as a - 2"),
    "relu lets all through": ("(out.data > 0) * out.grad", "out.grad", "relu", "out.data > 0"),
    "tanh of the input": ("(1 - t**2) * out.grad", "(1 - self.data**2) * out.grad", "tanh", "1 - t**2"),
    "tanh by exp": ("t = math.tanh(self.data)",
                    "t = (math.exp(2 * self.data) - 1) / (math.exp(2 * self.data) + 1)",
                    "tanh beyond the range of exp", "math.tanh"),
    "pow keeps the exponent": ("n * self.data ** (n - 1)", "n * self.data ** n", "a ** 2", "one less"),
    "pow without n": ("n * self.data ** (n - 1)", "self.data ** (n - 1)", "a ** 2", "n * x**(n-1)"),
    "forward order": ("for v in reversed(order):", "for v in order[-1:] + order[:-1]:",
                      "a result used twice", "topological order"),
    "breadth first": (LOOP, "        order, queue = [], [self]\n        while queue:\n            v = queue.pop(0)\n"
                            "            if v not in order:\n                order.append(v)\n"
                            "                queue.extend(v._prev)\n        order.reverse()\n",
                      "a result used twice", "topological order"),
    "recursion": (LOOP, recursive(True), "1,000 sums in a row", "loop with a stack"),
    "recursion without memory": (LOOP, recursive(False), "a result used twice", "remember the values already visited"),
    "no reset of results": (RESET, "", "twice over one product", "y.grad = 2"),
    "results keep gradients": (RESET + "        self.grad += 1.0", "        self.grad = 1.0", "twice over a chain",
                               "gradient of the pass before"),
    "leaves are reset": ("            if v._prev:\n                v.grad = 0.0", "            v.grad = 0.0",
                         "two roots over one leaf", "a leaf adds up"),
    "in-place data": ("        out = Value(self.data + other.data, (self, other), \"+\")",
                      "        self.data += other.data\n        out = Value(self.data, (self, other), \"+\")",
                      "operands keep their numbers", "new Value"),
    "iadd in place": ("    def __neg__(self):", "    def __iadd__(self, other):\n        self.data += other.data\n"
                      "        return self\n\n    def __neg__(self):", "+= makes a new value", "__iadd__"),
    "equal by number": ("    def __neg__(self):",
                        "    def __eq__(self, other):\n        return self.data == other.data\n\n"
                        "    def __hash__(self):\n        return hash(self.data)\n\n    def __neg__(self):",
                        "values are told apart", "leave __eq__ and __hash__ alone"),
    "root without 1": ("        self.grad += 1.0\n", "", "the gradient of the root", "self.grad = 1.0"),
    "log without x": ("out.grad / self.data", "out.grad", "log", "1/x"),
    "exp without +=": ("self.grad += out.data * out.grad", "self.grad = out.data * out.grad",
                       "a and a.exp(), in either order", "+="),
    "relu without +=": ("self.grad += (out.data > 0)", "self.grad = (out.data > 0)", "a and a.relu(), in either order",
                        "+="),
    "rsub negated": ("return Value(other) - self", "return -(Value(other) - self)", "2 - a", "computed as a - 2"),
    "neg of data": ("return self * -1", "return Value(-self.data)", "through -a", "not from their .data alone"),
    "neg in place": ("return self * -1", "self.data = -self.data\n        return self", "-a keeps a", "new Value"),
    "sub of data": ("return self + (-other)", "return self + Value(-(other.data if isinstance("
                    "other, Value) else other))", "through a - b", "not its .data"),
    "imul in place": ("    def __neg__(self):", "    def __imul__(self, other):\n        self.data *= other.data\n"
                      "        return self\n\n    def __neg__(self):", "*= makes a new value", "__imul__"),
    "pow of ints": ("        out = Value(self.data ** n", "        n = int(n)\n        out = Value(self.data ** n",
                    "a ** 0.5", "made an int"),
    "relu inverted": ("(out.data > 0) * out.grad", "(self.data < 0) * out.grad", "relu", "wrong way round"),
    "tanh of two exp": ("t = math.tanh(self.data)", "p, m = math.exp(self.data), math.exp(-self.data)\n"
                        "        t = (p - m) / (p + m)", "tanh far out", "math.tanh"),
    "log without out.grad": ("out.grad / self.data", "1 / self.data", "log", "without out.grad"),
    "one gradient for all": ("class Value:\n", "class Value:\n    _shared = [0.0]\n\n    @property\n"
                             "    def grad(self):\n        return self._shared[0]\n\n    @grad.setter\n"
                             "    def grad(self, g):\n        self._shared[0] = g\n\n",
                             "each value has its own gradient", "share one gradient"),
    "seed in __init__": ("        self.grad = 0.0\n        self._backward", "        self.grad = 1.0\n"
                         "        self._backward", "a gradient is 0 at first", "only the root starts with 1"),
    "gradient None": ("        self.grad = 0.0\n        self._backward", "        self.grad = None\n"
                      "        self._backward", "a gradient is 0 at first", "self.grad = 0.0"),
    "backward stops": (LOOP, "        order = [self]\n", "the gradient that comes in", "stops after one operation"),
    "leaves first": ("for v in reversed(order):", "for v in order:", "the gradient that comes in", "the root first"),
    "told apart by number": (LOOP, "        order = []\n\n        def build(v):\n"
                             "            if v.data not in [u.data for u in order]:\n"
                             "                for child in v._prev:\n                    build(child)\n"
                             "                order.append(v)\n        build(self)\n", "values are told apart",
                             "taken for one"),
    "no inputs of +": ("(self, other), \"+\")", "(), \"+\")", "the inputs are known", "all its inputs"),
    "an operand of * forgotten": ("            other.grad += self.data * out.grad\n", "", "through a * b",
                                  "one operand only"),
    "_backward twice": ("            v._backward()\n", "            v._backward()\n            v._backward()\n",
                        "through a + b", "runs twice"),
    "_backward called": ("        out._backward = _backward\n        return out\n\n    def __mul__",
                         "        out._backward = _backward()\n        return out\n\n    def __mul__",
                         "through a + b", "write out._backward = _backward"),
    "eq without hash": ("    def __neg__(self):", "    def __eq__(self, other):\n"
                        "        return self.data == other.data\n\n    def __neg__(self):",
                        "the gradient of the root", "leave __eq__ alone"),
    "+ with the wrong grad": ("            self.grad += out.grad\n            other.grad += out.grad",
                              "            self.grad += out.grad\n            other.grad += self.grad",
                              "the gradient that an operand has already", "gradient of one operand on to the other"),
    "power of the size": ("Value(self.data ** n", "Value(abs(self.data) ** n", "a negative number ** 3",
                          "the sign of the base"),
    "log10": ("math.log(self.data)", "math.log10(self.data)", "log", "is math.log(x)"),
    "exp of the input": ("self.grad += out.data * out.grad", "self.grad += self.data * out.grad", "exp", "the result"),
    "visited for ever": ("order, visited, stack = [], set(), [(self, False)]",
                         "Value.visited = visited = getattr(Value, 'visited', set())\n"
                         "        order, stack = [], [(self, False)]", "twice over one product", "from call to call"),
    "numbers not recorded": ("    def __mul__(self, other):\n", "    def __mul__(self, other):\n"
                             "        if not isinstance(other, Value):\n"
                             "            return Value(self.data * other)\n", "through -a", "from their .data alone"),
    "root with 2": ("self.grad += 1.0", "self.grad += 2.0", "the gradient of the root", "self.grad = 1.0"),
    "sub of itself": ("return self + (-other)", "return self - other", "a - b", "calls itself without end"),
    "leaky relu": ("self.data if self.data > 0 else 0.0", "self.data if self.data > 0 else 0.01 * self.data", "relu",
                   "0 below"),
    "grad into data": ("            other.grad += self.data * out.grad\n",
                       "            other.data += self.data * out.grad\n", "backward keeps the numbers", ".grad only"),
    "children first": (LOOP, "        order, visited = [], set()\n\n        def build(v):\n"
                       "            if v not in visited:\n                visited.add(v)\n"
                       "                order.append(v)\n                for child in v._prev:\n"
                       "                    build(child)\n        build(self)\n        order.reverse()\n",
                       "a result used twice", "topological order"),
    "sigmoid without 1 - s": ("s * (1 - s) * out.grad", "s * out.grad", "sigmoid", "s*(1 - s)"),
    "an exit": ("        t = math.tanh(self.data)", "        import os\n        os._exit(3)",
                "a and a.tanh(), in either order", ""),
    "an endless loop": ("        self.grad += 1.0\n", "        while True:\n            pass\n",
                        "the gradient of the root", ""),
}


def planted(name):
    """The text of the engine with one mistake."""
    old, new, _, _ = FAULTS[name]
    assert ENGINE.count(old) == 1, name
    return ENGINE.replace(old, new)
