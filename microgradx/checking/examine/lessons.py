"""The lessons: some ninety programs, in the order in which a course builds an engine.

    >>> from microgradx.checking.examine.lessons import EXERCISES, LESSONS
    >>> LESSONS[:4], len(EXERCISES) > 55
    (['arithmetic', 'recording', 'chain rule', 'reuse'], True)
"""
import math
from collections.abc import Callable
from typing import Any

from .exercise import Exercise

EXERCISES: list[Exercise] = []


def lesson(name: str) -> Callable[..., None]:
    """A function that adds an exercise to a lesson; the lines of the program are joined."""
    def add(title: str, *lines: str, mistakes: Any = None, hint: str = "", needs: str = "") -> None:
        EXERCISES.append(Exercise(name, title, "\n".join(lines), mistakes or {}, hint, tuple(needs.split())))
    return add


def backward(expression: str, *names: str, **numbers: float) -> list[str]:
    """The lines of a program: leaves, y = the expression, backward, the gradients of `names`."""
    leaves = [f"{name} = Value({x})" for name, x in numbers.items()]
    return [*leaves, f"y = {expression}", "y.backward()", f"got = {', '.join(f'{n}.grad' for n in names or numbers)}"]


WRAP = ("an operand that is a plain number has no .data: write other = other if isinstance(other, Value) else "
        "Value(other)")
PLUS = "backward writes = where it must add +=: a value that is used twice gets the sum of both contributions"
ORDER = ("a value passes its gradient on before it is complete: backward must visit a value after everything that was "
         "computed from it (reverse topological order)")
NOTHING = ("no gradient arrives: the result must be made with its inputs, not from their .data alone, out._backward "
           "set, and called by backward")
ONE = "the gradient arrives at one operand only: an operation passes it on to both"
TWICE = "twice what it should be: each _backward runs twice, or the slope has a factor 2"
STOPS = ("the gradient stops after one operation: backward must visit all results, the root first, through the inputs "
         "that each of them keeps")
ALONE = "it passes its slope on without out.grad: multiply by the gradient that comes in"
GIVEN = "+ passes the gradient of one operand on to the other: write other.grad += out.grad"
MEMO = "it visits a value once for each path to it, which are a million here: remember the values already visited"
AGAIN = ("the sort lists a value once for each path to it, so that its _backward runs again and again: remember the "
         "values already visited")
DEEP = "the topological sort calls itself for each value, and Python allows some 1,000 calls: use a loop with a stack"
ADDS = ("a leaf adds up over calls of backward, as in torch: backward must not set it to 0, nor write =, nor take the "
        "graph apart, nor remember what it visited from call to call; the training loop sets it to 0")
STALE = ("a result keeps the gradient of the pass before, and passes it on again: backward must set the gradients of "
         "results to 0 first, and only leaves add up")
OFF = "the derivative of one operation is wrong: see the lesson on it above"


# Arithmetic ----------------------------------------------------------------------------------------------------

add = lesson("arithmetic")
add("a number is kept", "got = Value(-3.5).data, Value(1 / 3).data", hint="__init__ must keep the number in .data")
add("a + b", "got = (Value(2.0) + Value(-3.0)).data", hint="__add__ returns Value(self.data + other.data)",
    needs="__add__")
add("a * b", "got = (Value(2.0) * Value(-3.0)).data", hint="__mul__ returns Value(self.data * other.data)",
    needs="__mul__")
add("-a", "got = (-Value(2.0)).data", hint="__neg__ is self * -1", needs="__neg__")
add("a - b", "got = (Value(2.0) - Value(5.0)).data", mistakes={(3.0,): "the operands of - are exchanged"},
    hint="__sub__ is self + (-other)", needs="__sub__")
add("a / b", "got = (Value(3.0) / Value(4.0)).data", mistakes={
    (4 / 3,): "the operands of / are exchanged", (0.0,): "// cuts off the fraction; write /"},
    hint="__truediv__ is self * other**-1", needs="__truediv__")
add("a ** 3", "got = (Value(2.0) ** 3).data", mistakes={(9.0,): "base and exponent are exchanged"},
    hint="__pow__ returns Value(self.data ** other)", needs="__pow__")
add("a negative number ** 3", "got = (Value(-2.0) ** 3).data", mistakes={(8.0,): "the sign of the base is lost"},
    hint="__pow__ returns Value(self.data ** other)", needs="__pow__")
add("an expression", "a, b = Value(2.0), Value(-3.0)", "got = (a * b + a * a * 2 + b).data",
    hint="an operation changes its operands, or __mul__ does not take numbers", needs="__add__ __mul__")
add("operands keep their numbers", "a, b = Value(2.0), Value(5.0)", "c = a + b", "d = a * b", "got = a.data, b.data",
    hint="an operation must make a new Value: self.data += ... changes the operand", needs="__add__ __mul__")
add("-a keeps a", "a = Value(2.0)", "b = -a", "got = a.data, b.data",
    hint="-a must make a new Value: self.data = -self.data changes the operand", needs="__neg__")
for _sign, _name in [("+", "add"), ("-", "sub"), ("*", "mul"), ("/", "truediv")]:
    add(f"{_sign}= makes a new value", "a = Value(2.0)", "b = a", f"b {_sign}= Value(4.0)", "got = a.data, b.data",
        hint=f"__i{_name}__ changes the operand in place: others still use it; leave __i{_name}__ out",
        needs=f"__{_name}__")

# Recording -----------------------------------------------------------------------------------------------------

add = lesson("recording")
add("a gradient is 0 at first", "got = Value(2.0).grad", mistakes={
    (1.0,): "only the root starts with 1, and only when backward is called: __init__ sets self.grad = 0.0"},
    hint="__init__ sets self.grad = 0.0")
add("each value has its own gradient", "a, b = Value(2.0), Value(3.0)", "a.grad = 5.0", "got = a.grad, b.grad",
    hint="values share one gradient, in a class attribute or a default argument: __init__ sets self.grad = 0.0")
add("the gradient of the root", "y = Value(2.0) * Value(3.0)", "y.backward()", "got = y.grad",
    hint="backward must set self.grad = 1.0 first (d y / d y = 1), and leave it so", needs="__mul__")
add("backward of a leaf", "a = Value(2.0)", "a.backward()", "got = a.grad",
    hint="d a / d a = 1, also for a leaf, whose _backward does nothing")
add("backward keeps the numbers", "a, b = Value(2.0), Value(3.0)", "y = a * b", "y.backward()",
    "got = a.data, b.data, y.data", hint="backward changes .grad only", needs="__mul__")
add("the inputs are known", "a, b = Value(2.0), Value(3.0)", "y, z = a * b, a + b",
    "got = [*sorted(v.data for v in set(y._prev)), *sorted(v.data for v in set(z._prev))]",
    hint="a result keeps all its inputs: Value(data, (self, other))", needs="__mul__ __add__ _prev")
add("a leaf has no inputs", "a, b = Value(2.0), Value(3.0)", "y = a * b", "got = len(Value(1.0)._prev)",
    hint="values share one list of inputs, a default argument: write _children=()", needs="__mul__ _prev")

# One step of the chain rule ------------------------------------------------------------------------------------

add = lesson("chain rule")
add("through a + b", *backward("a + b", a=2.0, b=-3.0), mistakes={
    (0.0, 0.0): NOTHING, (2.0, 2.0): TWICE, (1.0, 0.0): ONE, (0.0, 1.0): ONE},
    hint="+ passes the gradient on to both: self.grad += out.grad", needs="__add__")
add("through a * b", *backward("a * b", a=2.0, b=-3.0), mistakes={
    (2.0, -3.0): "the slope of a * b by a is b, not a: self.grad += other.data * out.grad",
    (0.0, 0.0): NOTHING, (-6.0, 4.0): TWICE, (-3.0, 0.0): ONE, (0.0, 2.0): ONE},
    hint="d(a*b)/da = b and d(a*b)/db = a, of .data: self.grad += other.data * out.grad", needs="__mul__")
add("the gradient that comes in", *backward("(a + b) * c", a=2.0, b=3.0, c=7.0), mistakes={
    (1.0, 1.0, 5.0): "+ passes 1 on in place of out.grad: multiply the slope by the gradient that comes in",
    (0.0, 0.0, 5.0): STOPS},
    hint="the slope of each operation is multiplied by out.grad", needs="__add__ __mul__")
add("the gradient that an operand has already", "a, b = Value(2.0), Value(3.0)", "a.grad = 5.0", "y = a + b",
    "y.backward()", "got = b.grad", mistakes={(5.0,): GIVEN, (6.0,): GIVEN},
    hint="+ passes out.grad on to both operands", needs="__add__")
add("through three products", *backward("a * b * c", a=2.0, b=3.0, c=5.0), mistakes={
    (3.0, 2.0, 6.0): "* passes its slope on without out.grad", (0.0, 0.0, 6.0): STOPS},
    hint="multiply the slope by out.grad", needs="__mul__")
add("through -a", *backward("-a", a=2.0), mistakes={(1.0,): "-a has slope -1, not 1", (0.0,): NOTHING},
    hint="d(-a)/da = -1", needs="__neg__")
add("through a - b", *backward("a - b", a=2.0, b=5.0), mistakes={
    (1.0, 1.0): "the slope of a - b by b is -1", (-1.0, 1.0): "the operands of - are exchanged", (0.0, 0.0): NOTHING,
    (1.0, 0.0): "no gradient arrives at b: it must be recorded as an input, not its .data, and backward must visit all "
                "inputs"},
    hint="d(a-b)/da = 1, d(a-b)/db = -1", needs="__sub__")

# A value that is used more than once ---------------------------------------------------------------------------

add = lesson("reuse")
add("a + a", *backward("a + a", a=3.0), mistakes={(1.0,): PLUS}, needs="__add__")
add("a * a", *backward("a * a", a=3.0), mistakes={(3.0,): PLUS}, needs="__mul__")
add("a used by two results", *backward("a * b + a", "a", a=3.0, b=4.0), mistakes={
    (1.0,): f"{PLUS}; or backward visits the product before the sum", (4.0,): PLUS},
    needs="__add__ __mul__")
add("a diamond", "a, b = Value(-2.0), Value(4.0)", "d, e = a * b, a + b", "y = d * e", "y.backward()",
    "got = a.grad, b.grad", mistakes={(8.0, -4.0): PLUS, (-8.0, -8.0): PLUS}, hint=PLUS, needs="__add__ __mul__")
add("values are told apart", *backward("(a + b) * (a * b)", a=2.0, b=2.0),
    hint="two values with the same number are taken for one: leave __eq__ and __hash__ alone", needs="__add__ __mul__")
add("a result used twice", "a = Value(3.0)", "b = a * 2", "y = b + b * b", "y.backward()",
    "got = a.grad", mistakes={(12.0,): PLUS, (78.0,): AGAIN}, hint=ORDER, needs="__add__ __mul__")
for _used, _expression in [("exp", "a.exp()"), ("tanh", "a.tanh()"), ("relu", "a.relu()"), ("log", "a.log()"),
                           ("sigmoid", "a.sigmoid()"), ("__pow__", "a ** 2")]:
    add(f"a and {_expression}, in either order", "a = Value(1.5)", f"b = {_expression}", "y = a * 2 + b",
        "y.backward()", "one = a.grad", "a = Value(1.5)", f"b = {_expression}", "y = b + a * 2", "y.backward()",
        "got = one - a.grad", hint=PLUS, needs=f"__add__ __mul__ {_used}")
add("two roots over one leaf", "a = Value(3.0)", "(a * 2).backward()", "(a * a).backward()", "got = a.grad",
    mistakes={(6.0,): ADDS},
    hint=PLUS, needs="__mul__")

# The order -----------------------------------------------------------------------------------------------------

add = lesson("order")
add("a long and a short way", "a = Value(2.0)", "b = a * 3", "c = b + a", "d = b * c", "d.backward()", "got = a.grad",
    hint=ORDER, needs="__add__ __mul__")
add("the short way first", "a = Value(2.0)", "b = a * 3", "y = b + (b * 5) * 7", "y.backward()", "got = a.grad, b.grad",
    hint=ORDER, needs="__add__ __mul__")
add("the long way first", "a = Value(2.0)", "b = a * 3", "y = (b * 5) * 7 + b", "y.backward()", "got = a.grad, b.grad",
    hint=ORDER, needs="__add__ __mul__")
add("three levels", "a = Value(1.5)", "b = a * a", "c = b * a", "d = c * b + c", "e = d * c + b", "e.backward()",
    "got = a.grad, b.grad, c.grad, d.grad", hint=ORDER, needs="__add__ __mul__")
add("a million ways", "a = Value(1.0)", "b = a", "for _ in range(20):", "    b = b + b", "b.backward()",
    "got = a.grad", mistakes={"time": MEMO, (1.0,): PLUS}, hint=ORDER, needs="__add__")

# Backward again ------------------------------------------------------------------------------------------------

add = lesson("backward again")
add("twice over one product", "a, b = Value(2.0), Value(3.0)", "y = a * b", "y.backward()", "y.backward()",
    "got = a.grad, b.grad", mistakes={(9.0, 6.0): "the second pass starts with y.grad = 2: set it to 1, do not add",
    (3.0, 2.0): ADDS}, needs="__mul__")
add("twice over a chain", "a = Value(2.0)", "y = (a * 3) * 4", "y.backward()", "y.backward()", "got = a.grad",
    mistakes={(36.0,): STALE, (12.0,): ADDS,
              (48.0,): STALE, (60.0,): STALE}, hint=STALE, needs="__mul__")
add("again after the gradient is set to 0", "a = Value(2.0)", "(a * a).backward()", "a.grad = 0.0",
    "(a * a).backward()", "got = a.grad", hint="a.grad = 0.0 must be enough to start anew", needs="__mul__")
add("from a result inside", "a = Value(2.0)", "b = a * 3", "y = b * b", "b.backward()", "got = a.grad, y.grad",
    hint="backward must go from self to its inputs only", needs="__mul__")

# Powers and division -------------------------------------------------------------------------------------------

add = lesson("powers")
_POWER = "d(x**n)/dx = n * x**(n-1)"
add("a ** 2", *backward("a ** 2", a=3.0), mistakes={(2.0,): f"the base is missing: {_POWER}",
    (18.0,): f"the exponent must be one less: {_POWER}", (9.0,): f"the factor n is missing: {_POWER}"}, hint=_POWER,
    needs="__pow__")
add("a ** 3 at a negative number", *backward("a ** 3", a=-2.0), hint=_POWER, needs="__pow__")
add("a ** -1", *backward("a ** -1", a=4.0), mistakes={(0.0625,): f"the sign is lost: {_POWER}"}, hint=_POWER,
    needs="__pow__")
add("a ** 0.5", *backward("a ** 0.5", a=4.0), mistakes={
    (0.0,): "the exponent is made an int", "AssertionError": "exponents that are not whole are refused"}, hint=_POWER,
    needs="__pow__")
add("a power within an expression", *backward("(a * b) ** 2 * b", a=2.0, b=3.0),
    hint="multiply the slope of the power by out.grad", needs="__pow__ __mul__")

add = lesson("division")
add("a / b by both", *backward("a / b", a=3.0, b=4.0), mistakes={
    (0.25, 0.1875): "the slope of a / b by b is -a/b**2: the sign is lost", (0.25, 0.25): "d(a/b)/db = -a/b**2",
    (0.0, 0.0): NOTHING, (0.25, 0.0): "no gradient arrives at b: b**-1 must be recorded, not computed from b.data",
    (-4 / 9, 1 / 3): "the operands of / are exchanged"}, hint="d(a/b)/da = 1/b, d(a/b)/db = -a/b**2",
    needs="__truediv__")
add("a / a", *backward("a / a", a=3.0), mistakes={(1 / 3,): PLUS, (-1 / 3,): PLUS}, hint="a/a is 1, its slope 0",
    needs="__truediv__")
add("a fraction of sums", *backward("(a + b) / (a * b)", a=3.0, b=4.0), hint="d(a/b)/db = -a/b**2, times out.grad",
    needs="__truediv__ __add__ __mul__")

# Constants -----------------------------------------------------------------------------------------------------

add = lesson("constants")
for _expression, _needs in [("a + 2", "__add__"), ("a * 2", "__mul__"), ("a - 2", "__sub__"), ("a / 2", "__truediv__")]:
    add(_expression, "a = Value(3.0)", f"y = {_expression}", "y.backward()", "got = y.data, a.grad",
        mistakes={"AttributeError": WRAP}, hint=WRAP, needs=_needs)
for _expression, _needs, _wrong in [("2 + a", "__radd__", {}), ("2 * a", "__rmul__", {}),
                                    ("2 - a", "__rsub__", {(1.0, 1.0): "2 - a is computed as a - 2"}),
                                    ("2 / a", "__rtruediv__", {(1.5, 0.5): "2 / a is computed as a / 2"})]:
    add(_expression, "a = Value(3.0)", f"y = {_expression}", "y.backward()", "got = y.data, a.grad",
        mistakes=_wrong | {"AttributeError": WRAP}, hint=f"{_needs} handles a number on the left", needs=_needs)
add("sum of a list", "xs = [Value(1.0), Value(2.0), Value(4.0)]", "y = sum(xs)", "y.backward()",
    "got = y.data, *(x.grad for x in xs)", hint="sum starts with 0 + xs[0]: __radd__", needs="__add__ __radd__")

# Activations ---------------------------------------------------------------------------------------------------

add = lesson("activations")
add("relu", "a, b = Value(3.0), Value(-2.0)", "y, z = a.relu() * 5, b.relu() * 5", "y.backward()", "z.backward()",
    "got = y.data, z.data, a.grad, b.grad", mistakes={
        (15.0, 0.0, 5.0, 5.0): "relu passes the gradient on where it is 0: multiply by (out.data > 0)",
        (15.0, 0.0, 1.0, 0.0): "relu passes 1 on in place of out.grad",
        (15.0, 0.0, 15.0, 0.0): "the slope of relu is 1, not the result",
        (15.0, 0.0, 0.0, 5.0): "relu is the wrong way round",
        (15.0, 0.0, 0.0, 0.0): NOTHING},
    hint="relu(x) is x for x > 0 and 0 below; relu'(x) is 1 for x > 0 and 0 below, times out.grad",
    needs="relu __mul__")
_TANH = "tanh(x) is math.tanh(x), and tanh'(x) = 1 - tanh(x)**2, of the result, times out.grad"
_FAR = "exp overflows at x = 800, where tanh(x) is 1: write math.tanh(x)"
add("tanh", "a = Value(0.7)", "y = a.tanh() * 2", "y.backward()", "got = y.data, a.grad",
    mistakes={(1.208735676, 1.02): f"1 - x**2 in place of 1 - t**2: {_TANH}",
              (2 * math.tanh(0.7), 1.02): f"1 - x**2 in place of 1 - t**2: {_TANH}",
              (2 * math.tanh(0.7), 1 - math.tanh(0.7)**2): ALONE}, hint=_TANH, needs="tanh __mul__")
add("tanh far out", "a, b = Value(20.0), Value(-800.0)", "y, z = a.tanh(), b.tanh()", "got = y.data, z.data",
    mistakes={"OverflowError": _FAR}, hint="write math.tanh(x)", needs="tanh")
add("tanh beyond the range of exp", "a = Value(800.0)", "y = a.tanh()", "y.backward()",
    "got = y.data, round(a.grad, 9)", mistakes={"OverflowError": _FAR}, hint=_FAR, needs="tanh")
for _name, _x, _y, _slope, _rule in [
        ("exp", 1.5, math.exp(1.5), math.exp(1.5), "exp(x) is math.exp(x), and exp'(x) = exp(x), the result"),
        ("log", 2.5, math.log(2.5), 0.4, "log(x) is math.log(x), and log'(x) = 1/x"),
        ("sigmoid", 0.5, 1 / (1 + math.exp(-0.5)), math.exp(-0.5) / (1 + math.exp(-0.5))**2,
         "sigmoid(x) = s = 1 / (1 + exp(-x)), and sigmoid'(x) = s*(1 - s)")]:
    add(_name, f"a = Value({_x})", f"y = a.{_name}() * 2", "y.backward()", "got = y.data, a.grad",
        mistakes={(2 * _y, _slope): ALONE, (2 * _y, 0.0): NOTHING}, hint=f"{_rule}, times out.grad",
        needs=f"{_name} __mul__")
add("sigmoid far out", "y, z = Value(-800.0).sigmoid(), Value(800.0).sigmoid()", "got = y.data, z.data",
    mistakes={"OverflowError": "exp(-x) overflows at x = -800: for x < 0 write exp(x) / (1 + exp(x))"}, needs="sigmoid")

# Depth ---------------------------------------------------------------------------------------------------------

add = lesson("depth")
for _length, _of in [(100, "100"), (1000, "1,000")]:
    add(f"{_of} sums in a row", "a = Value(1.0)", "y = a", f"for _ in range({_length}):", "    y = y + a",
        "y.backward()", "got = y.data, a.grad", mistakes={"RecursionError": DEEP, "time": MEMO}, hint=PLUS,
        needs="__add__")
add("1,000 products in a row", "a = Value(1.001)", "y = a", "for _ in range(1000):", "    y = y * a",
    "y.backward()", "got = a.grad", mistakes={"RecursionError": DEEP, "time": MEMO}, hint=PLUS, needs="__mul__")

# Networks ------------------------------------------------------------------------------------------------------

add = lesson("neuron")
_NEURON = ["x1, x2, w1, w2 = Value(2.0), Value(0.0), Value(-3.0), Value(1.0)", "b = Value(6.881373587019543)"]
for _activation in ("tanh", "relu"):
    add(f"a {_activation} neuron", *_NEURON, f"o = (x1 * w1 + x2 * w2 + b).{_activation}()", "o.backward()",
        "got = o.data, x1.grad, w1.grad, x2.grad, w2.grad, b.grad", hint=OFF, needs=f"__add__ __mul__ {_activation}")

add = lesson("network")
_MLP = ["W = [[Value(0.1 * i - 0.2 * j + 0.3) for j in range(3)] for i in range(4)]",
        "V = [Value(0.5 - 0.3 * i) for i in range(4)]"]
_FORWARD = ["def net(xs):", "    hidden = [(sum((w * x for w, x in zip(row, xs)), row[2])).{0}() for row in W]",
            "    return sum((v * h for v, h in zip(V, hidden)), Value(0.1))"]
_ALL = "[p.grad for p in [*V, *(w for row in W for w in row)]]"
for _activation in ("tanh", "relu"):
    add(f"an MLP 2-4-1 of {_activation}", *_MLP, *(line.format(_activation) for line in _FORWARD),
        "y = net([1.5, -0.5])", "y.backward()", f"got = [y.data, *{_ALL}]", hint=OFF,
        needs=f"__add__ __mul__ __radd__ {_activation}")

add = lesson("training")
_DATA = "data = [([0.0, 0.0], 0.0), ([0.0, 1.0], 1.0), ([1.0, 0.0], 1.0), ([1.0, 1.0], 0.0)]"
add("a line, ten steps", "w, b, losses = Value(0.0), Value(0.0), []", "for _ in range(10):",
    "    loss = sum(((w * x + b - (3.0 * x + 1.0)) ** 2 for x in (0.0, 1.0, 2.0)), Value(0.0))",
    "    w.grad = b.grad = 0.0", "    loss.backward()", "    w.data -= 0.05 * w.grad", "    b.data -= 0.05 * b.grad",
    "    losses.append(loss.data)", "got = losses", hint="the gradient is wrong, or .data cannot be set: see above",
    needs="__add__ __mul__ __sub__ __pow__")
for _activation in ("tanh", "relu"):
    add(f"XOR with {_activation}, twenty steps", *_MLP, *(line.format(_activation) for line in _FORWARD), _DATA,
        "losses, parameters = [], [*V, *(w for row in W for w in row)]", "for _ in range(20):",
        "    loss = sum(((net(x) - y) ** 2 for x, y in data), Value(0.0))", "    for p in parameters: p.grad = 0.0",
        "    loss.backward()", "    for p in parameters: p.data -= 0.1 * p.grad", "    losses.append(loss.data)",
        "got = losses", hint=OFF, needs=f"__add__ __mul__ __radd__ __sub__ __pow__ {_activation}")

# Random expressions --------------------------------------------------------------------------------------------

add = lesson("random expressions")
_GROW = ["import random", "rng = random.Random({0})", "a, b, c = Value(0.7), Value(-1.3), Value(2.1)",
         "pool = [a, b, c]", "for _ in range(12):", "    p, q = rng.choice(pool), rng.choice(pool)",
         "    pool.append(rng.choice([{1}])())", "y = sum(pool[3:], pool[0])", "y.backward()",
         "got = y.data, a.grad, b.grad, c.grad"]
for _seed, _choices, _needs in [
        (1, "lambda: p + q, lambda: p * q * 0.5", "__add__ __mul__"),
        (2, "lambda: p + q, lambda: p * q * 0.5", "__add__ __mul__"),
        (3, "lambda: p - q, lambda: p * q * 0.5, lambda: -p, lambda: 1 - q", "__sub__ __rsub__ __mul__ __neg__"),
        (4, "lambda: p / (q * q + 1), lambda: p + q", "__truediv__ __add__ __mul__"),
        (5, "lambda: (p + q).tanh(), lambda: p * q", "__add__ __mul__ tanh"),
        (6, "lambda: (p - q).relu() + q, lambda: p * 0.5", "__add__ __sub__ __mul__ relu"),
        (7, "lambda: (p * p + 1) ** -0.5, lambda: p * q * 0.5 + q", "__add__ __mul__ __pow__")]:
    add(f"number {_seed}", *(line.format(_seed, _choices) for line in _GROW), hint=OFF,
        needs=f"{_needs} __radd__ __add__")

LESSONS = list(dict.fromkeys(exercise.lesson for exercise in EXERCISES))
