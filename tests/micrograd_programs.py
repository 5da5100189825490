"""Programs in the idioms of micrograd and microgpt: each takes the class of its values, and gives numbers."""
import random
from itertools import pairwise

from .plain_engine import sorted_by_hand


def hand_stepped(kind):
    """Lecture 1: from the result back, one call of _backward for each, leaves among them."""
    x1, w1, b = kind(2.0, label="x1"), kind(-3.0, label="w1"), kind(6.5, label="b")
    product = x1 * w1
    product.label = "x1*w1"
    n = product + b
    o = n.tanh()
    o.grad = 1.0
    for v in (o, n, b, product, w1):
        v._backward()
    return [v.grad for v in (o, n, product, x1, w1, b)]


def by_hand_with_one_used_twice(kind):
    a = kind(3.0)
    b = a + a
    b.grad = 1.0
    b._backward()
    return [a.grad]


def own_topological_loop(kind):
    a, b = kind(-2.0), kind(3.0)
    d, e = a * b, a + b
    f = d * e + 2 * d - 7
    order = sorted_by_hand(f)
    for v in order:
        v.grad = 0.0
    f.grad = 1.0
    for v in reversed(order):
        v._backward()
    return [v.grad for v in (a, b, d, e, f)]


def exponentials(kind):
    n = kind(0.8814, label="n")
    e = (2 * n).exp()
    o = (e - 1) / (e + 1)
    o.backward()
    return [o.data, e.grad, n.grad]


def every_operator(kind):
    a, b = kind(1.5), kind(-2.0)
    y = (a + 1) * (2 - b) / (3 + a * a) + 1 / a - b**3 + (a / b) ** 2 + a.log() + (-b).exp() + b.relu() + 0.5 * a.relu()
    y.backward()
    return [y.data, a.grad, b.grad]


def neuron(w, b, xs):
    return sum((wi * xi for wi, xi in zip(w, xs)), b)


def training(kind):
    """Parameters by hand, a sum of squares, `p.grad = None` or 0.0, `p.data -= rate * p.grad`."""
    rng = random.Random(7)
    hidden = [([kind(rng.uniform(-1, 1)) for _ in range(3)], kind(0)) for _ in range(4)]
    last = [kind(rng.uniform(-1, 1)) for _ in range(4)], kind(0.0)
    parameters = [p for w, b in (*hidden, last) for p in (*w, b)]
    xs = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
    losses = []
    for _ in range(20):
        outs = [neuron(*last, [neuron(w, b, x).tanh() for w, b in hidden]) for x in xs]
        loss = sum((out - y) ** 2 for y, out in zip([1.0, -1.0, -1.0, 1.0], outs))
        for p in parameters:
            p.grad = 0.0
        loss.backward()
        for p in parameters:
            p.data += -0.05 * p.grad
        losses.append(loss.data)
    assert losses[-1] < losses[0] / 3
    return losses


def hinge_with_regularisation(kind):
    rng = random.Random(3)
    w, b = [kind(rng.gauss(0, 1)) for _ in range(2)], kind(0)
    points = [([rng.gauss(side, 1), rng.gauss(side, 1)], side) for side in (-1, 1) for _ in range(5)]
    losses = [(1 + -side * neuron(w, b, list(map(kind, x)))).relu() for x, side in points]
    total = sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in w)
    total.backward()
    return [total.data, *(p.grad for p in (*w, b))]


def gpt(kind):
    """Training steps of a tiny GPT, as microgpt writes them: lists of lists, keys and values, its own Adam."""
    rng, width, heads, vocabulary = random.Random(42), 8, 2, 5
    size = width // heads

    def matrix(rows, columns):
        return [[kind(rng.gauss(0, 0.2)) for _ in range(columns)] for _ in range(rows)]

    state = {"wte": matrix(vocabulary, width), "wpe": matrix(4, width), "head": matrix(vocabulary, width),
             **{name: matrix(width, width) for name in ("wq", "wk", "wv", "wo")},
             "fc1": matrix(2 * width, width), "fc2": matrix(width, 2 * width)}
    parameters = [p for rows in state.values() for row in rows for p in row]

    def linear(x, name):
        return [sum(wi * xi for wi, xi in zip(row, x)) for row in state[name]]

    def softmax(logits):
        most = max(v.data for v in logits)
        exps = [(v - most).exp() for v in logits]
        total = sum(exps)
        return [e / total for e in exps]

    def rmsnorm(x):
        scale = (sum(xi * xi for xi in x) / len(x) + 1e-5) ** -0.5
        return [xi * scale for xi in x]

    def model(token, place, keys, values):
        x = rmsnorm([t + p for t, p in zip(state["wte"][token], state["wpe"][place])])
        before, x = x, rmsnorm(x)
        q = linear(x, "wq")
        keys.append(linear(x, "wk"))
        values.append(linear(x, "wv"))
        mixed = []
        for h in range(0, width, size):
            weights = softmax([sum(q[h + j] * k[h + j] for j in range(size)) / size**0.5 for k in keys])
            mixed += [sum(a * v[h + j] for a, v in zip(weights, values)) for j in range(size)]
        x = [a + b for a, b in zip(linear(mixed, "wo"), before)]
        before, x = x, [v.relu() ** 2 for v in linear(rmsnorm(x), "fc1")]
        return linear([a + b for a, b in zip(linear(x, "fc2"), before)], "head")

    m, v, history = [0.0] * len(parameters), [0.0] * len(parameters), []
    for step in range(4):
        tokens, keys, values, losses = [0, 1 + step % 2, 3, 0], [], [], []
        for place, (token, target) in enumerate(pairwise(tokens)):
            losses.append(-softmax(model(token, place, keys, values))[target].log())
        loss = (1 / len(losses)) * sum(losses)
        loss.backward()
        for i, p in enumerate(parameters):
            m[i] = 0.9 * m[i] + 0.1 * p.grad
            v[i] = 0.95 * v[i] + 0.05 * p.grad**2
            p.data -= 0.01 * (m[i] / (1 - 0.9 ** (step + 1))) / ((v[i] / (1 - 0.95 ** (step + 1))) ** 0.5 + 1e-8)
            p.grad = 0
        history.append(loss.data)
    assert len(set(history)) == 4
    return history


PROGRAMS = [hand_stepped, by_hand_with_one_used_twice, own_topological_loop, exponentials, every_operator, training,
            hinge_with_regularisation, gpt]
