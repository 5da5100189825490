"""The evaluations of GradBench that fit an engine of scalars, by the definitions in its evals/*/README.md and cpp/.

    >>> from evaluations import EVALUATIONS, PLAIN
    >>> hello = EVALUATIONS["hello"]
    >>> hello.scalar(PLAIN, [3.0], None)
    9.0

Each is written twice. `scalar` computes with single numbers, for our engine and CasADi; `array` with whole arrays, as a
user of JAX or torch writes it. What they need beside operators is in `ops`: a namespace of each library.
"""
from collections.abc import Callable, Sequence
from itertools import pairwise
from math import log, pi
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np


class Evaluation(NamedTuple):
    """One evaluation.

    what        "gradient" by x; "direction", the gradient over the diagonal of the Hessian; "jacobian", where x has a
                row for each sample, too; or "value" of a function that differentiates by itself, in loops
    data        by a size from 1 on the vector x, and the rows of samples over which the function is a sum, or None; or
                what else the function needs
    scalar      scalar(ops, x, row): the function of one sample, of a list of numbers
    array       array(ops, x, rows): the function of all samples, of an array
    sizes       which are measured, by what they are called
    """

    what: str
    data: Callable[[int], tuple[Any, Any]]
    scalar: Callable[[Any, Any, Any], Any]
    array: Callable[[Any, Any, Any], Any]
    sizes: dict[str, int]


PLAIN = SimpleNamespace()               # of floats: what needs operators alone


def random(size: int, *sizes: int) -> Any:
    """Uniform numbers from 0 to 1, as in GradBench."""
    return np.random.default_rng(31337 + size).random(sizes)


# lse: log(sum(exp(x))) by its primitives -----------------------------------------------------------------------------

def lse_scalar(ops: Any, x: Any, row: Any) -> Any:
    """By the largest number, as evals/lse says, and not by a row of the table."""
    top = ops.greatest(x)
    return top + ops.log(ops.sum([ops.exp(v - top) for v in x]))


def lse_array(ops: Any, x: Any, rows: Any) -> Any:
    """The same."""
    top = ops.greatest(x)
    return top + ops.log(ops.exp(x - top).sum())


# llsq: least squares of a polynomial ---------------------------------------------------------------------------------

def llsq_data(size: int) -> tuple[Any, Any]:
    """The powers of t, and its sign."""
    n, m = 100 * size, 12 * size + 8
    t = -1 + np.arange(n) * 2 / (n - 1)
    return random(size, m), np.column_stack([t[:, None] ** np.arange(m), np.sign(t)])


def llsq_scalar(ops: Any, x: Any, row: Any) -> Any:
    """The square of one residual."""
    *powers, sign = [row[k] for k in range(len(x) + 1)]
    return (sign - ops.dot(x, powers)) ** 2 / 2


def llsq_array(ops: Any, x: Any, rows: Any) -> Any:
    """Half the sum of the squares."""
    return ((rows[:, -1] - rows[:, :-1] @ x) ** 2).sum() / 2


# ode: y' by Runge and Kutta, the last element ------------------------------------------------------------------------

STEPS = 10


def runge_kutta(ops: Any, y: Any, f: Callable[[Any], Any], mix: Callable[..., Any]) -> Any:
    """s steps from 0 to 2."""
    h = 2 / STEPS

    def step(y: Any, _: Any) -> Any:
        k1 = f(y)
        k2 = f(mix(y, (h / 2, k1)))
        k3 = f(mix(y, (h / 2, k2)))
        k4 = f(mix(y, (h, k3)))
        return mix(y, (h / 6, k1), (h / 3, k2), (h / 3, k3), (h / 6, k4))
    return ops.loop(step, y, [0.0] * STEPS)


def ode_scalar(ops: Any, x: Any, row: Any) -> Any:
    """z[0] = x[0], z[i] = x[i] y[i-1]."""
    def mix(y: Any, *terms: Any) -> Any:
        return [ops.sum([v, *(c * k[i] for c, k in terms)]) for i, v in enumerate(y)]
    return runge_kutta(ops, [0.0 * v for v in x], lambda y: [x[0], *(a * b for a, b in zip(x[1:], y))], mix)[-1]


def ode_array(ops: Any, x: Any, rows: Any) -> Any:
    """The same."""
    def mix(y: Any, *terms: Any) -> Any:
        for c, k in terms:
            y = y + c * k
        return y
    return runge_kutta(ops, 0 * x, lambda y: ops.concat([x[:1], x[1:] * y[:-1]]), mix)[-1]


# det: by minors ------------------------------------------------------------------------------------------------------

def det(ops: Any, x: Any, row: Any) -> Any:
    """Expansion by the first row, with no minor kept."""
    side = round(len(x) ** 0.5)

    def minor(i: int, columns: Sequence[int]) -> Any:
        if len(columns) == 1:
            return x[i * side + columns[0]]
        terms = [x[i * side + j] * minor(i + 1, [*columns[:k], *columns[k + 1:]]) for k, j in enumerate(columns)]
        total = terms[0]
        for k, term in enumerate(terms[1:]):
            total = total + term if k % 2 else total - term
        return total
    return minor(0, range(side))


# lstm: of ADBench, with diagonal weights -----------------------------------------------------------------------------

LAYERS, BITS = 2, 14


def lstm_data(size: int) -> tuple[Any, Any]:
    """The parameters, and the sequence; the state at first is 0.5."""
    return random(size, LAYERS * 8 * BITS + 3 * BITS), random(size, 25 * size + 6, BITS).tolist()


def lstm_scalar(ops: Any, x: Any, sequence: Any) -> Any:
    """The loss of all predictions."""
    parts = [x[k:k + BITS] for k in range(0, len(x), BITS)]
    *gates, enter, leave, bias = parts

    def step(carry: Any, pair: Any) -> Any:
        state, total = carry
        now, then = pair
        h, new = [v * w for v, w in zip(now, enter)], []
        for k in range(LAYERS):
            wf, wi, wo, wc, bf, bi, bo, bc = gates[8 * k:8 * k + 8]
            hidden, cell = state[2 * k], state[2 * k + 1]
            cell = [c * ops.sigmoid(v * w + b) + ops.sigmoid(s * u + d) * ops.tanh(s * t + e) for
                    c, v, w, b, s, u, d, t, e in zip(cell, h, wf, bf, hidden, wi, bi, wc, bc)]
            h = [ops.sigmoid(v * w + b) * ops.tanh(c) for v, w, b, c in zip(h, wo, bo, cell)]
            new += [h, cell]
        y = [v * w + b for v, w, b in zip(h, leave, bias)]
        lse = ops.log(ops.sum([2.0, *map(ops.exp, y)]))
        return new, total + ops.dot(then, [v - lse for v in y])
    start = [[0.5 + 0.0 * x[0]] * BITS for _ in range(2 * LAYERS)]
    _, total = ops.loop(step, (start, 0.0 * x[0]), list(pairwise(sequence)))
    return -total / (BITS * (len(sequence) - 1))


def lstm_array(ops: Any, x: Any, sequence: Any) -> Any:
    """The same."""
    parts = x.reshape(-1, BITS)
    gates, (enter, leave, bias) = parts[:-3].reshape(LAYERS, 8, BITS), parts[-3:]

    def step(carry: Any, pair: Any) -> Any:
        state, total = carry
        h, new = pair[0] * enter, []
        for k in range(LAYERS):
            wf, wi, wo, wc, bf, bi, bo, bc = gates[k]
            hidden, cell = state[2 * k], state[2 * k + 1]
            cell = cell * ops.sigmoid(h * wf + bf) + ops.sigmoid(hidden * wi + bi) * ops.tanh(hidden * wc + bc)
            h = ops.sigmoid(h * wo + bo) * ops.tanh(cell)
            new += [h, cell]
        y = h * leave + bias
        return ops.stack(new), total + (pair[1] * (y - ops.log(ops.exp(y).sum() + 2.0))).sum()
    rows = ops.array(sequence)
    pairs = ops.stack([rows[:-1], rows[1:]]).swapaxes(0, 1)
    _, total = ops.loop(step, (0.5 + 0 * parts[:2 * LAYERS], 0 * x[0]), pairs)
    return -total / (BITS * (len(rows) - 1))


# kmeans: the direction of Newton's method ----------------------------------------------------------------------------

def kmeans_data(size: int) -> tuple[Any, Any]:
    """Ten clusters in eight dimensions; each centroid is a point."""
    points = random(size, 100 * size, 8)
    return points[-10:].ravel(), points


def kmeans_scalar(ops: Any, x: Any, row: Any) -> Any:
    """The square of the distance to the nearest centroid."""
    point = [row[k] for k in range(8)]
    return ops.least([ops.sum([(c - p) ** 2 for c, p in zip(x[k:k + 8], point)]) for k in range(0, 80, 8)])


def kmeans_array(ops: Any, x: Any, rows: Any) -> Any:
    """The sum over points."""
    return ops.least_of_rows(((x.reshape(1, 10, 8) - rows[:, None]) ** 2).sum(2)).sum()


# gmm: the log posterior of a Gaussian mixture ------------------------------------------------------------------------

MEANS, SPACE, GAMMA, MORE = 5, 2, 1.0, 0


def gmm_data(size: int) -> tuple[Any, Any]:
    """Weights, means, and factors of the precision matrices; points, with their number in each row."""
    rng, count = np.random.default_rng(31337), 100 * size
    x = [rng.normal(size=MEANS), rng.random(MEANS * SPACE), rng.normal(size=MEANS * SPACE), rng.normal(size=MEANS)]
    return np.concatenate(x), np.column_stack([rng.normal(size=(count, SPACE)), np.full(count, float(count))])


def gmm_scalar(ops: Any, x: Any, row: Any) -> Any:
    """The share of one point; the prior and the rest stand with it, over the number of points."""
    k, d = MEANS, SPACE
    alpha, mu, q, low = x[:k], x[k:k + k * d], x[k + k * d:k + 2 * k * d], x[k + 2 * k * d:]
    terms, prior = [], []
    for j in range(k):
        u, v = row[0] - mu[2 * j], row[1] - mu[2 * j + 1]
        a, b = ops.exp(q[2 * j]), ops.exp(q[2 * j + 1])
        terms.append(alpha[j] + q[2 * j] + q[2 * j + 1] - 0.5 * ((a * u) ** 2 + (b * v + low[j] * u) ** 2))
        prior.append(0.5 * GAMMA**2 * (a**2 + b**2 + low[j] ** 2) - MORE * (q[2 * j] + q[2 * j + 1]))
    return lse_scalar(ops, terms, None) - lse_scalar(ops, alpha, None) - ops.sum(prior) / row[2] - log(2 * pi)


def gmm_array(ops: Any, x: Any, rows: Any) -> Any:
    """Of all points."""
    k, d = MEANS, SPACE
    alpha, mu, q, low = x[:k], x[k:k + k * d].reshape(k, d), x[k + k * d:k + 2 * k * d].reshape(k, d), x[-k:]
    diagonal, centred = ops.exp(q), rows[:, None, :2] - mu
    u, v = centred[..., 0] * diagonal[:, 0], centred[..., 1] * diagonal[:, 1] + low * centred[..., 0]
    inner = alpha + q.sum(1) - 0.5 * (u**2 + v**2)
    prior = 0.5 * GAMMA**2 * ((diagonal**2).sum() + (low**2).sum()) - MORE * q.sum()
    return ops.logsumexp(inner).sum() - len(rows) * (ops.logsumexp(alpha) + log(2 * pi)) - prior


# ba: bundle adjustment, the block of an observation ------------------------------------------------------------------

def ba_data(size: int) -> tuple[Any, Any]:
    """Camera (11), point (3) and weight (1) of each observation; where it was seen."""
    count = 100 * size
    return random(size, count, 15) + 0.1 * (np.arange(15) == 13), random(size + 1, count, 2)


def ba(ops: Any, x: Any, row: Any) -> Any:
    """Two reprojection errors, and that of the weight."""
    r, centre, f, x0, radial, point, weight = x[:3], x[3:6], x[6], x[7:9], x[9:11], x[11:14], x[14]
    p = [point[k] - centre[k] for k in range(3)]
    theta = ops.sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2])
    w = [r[k] / theta for k in range(3)]
    c, s = ops.cos(theta), ops.sin(theta)
    cross = [w[1] * p[2] - w[2] * p[1], w[2] * p[0] - w[0] * p[2], w[0] * p[1] - w[1] * p[0]]
    along = (w[0] * p[0] + w[1] * p[1] + w[2] * p[2]) * (1 - c)
    u, v, z = [p[k] * c + cross[k] * s + w[k] * along for k in range(3)]
    u, v = u / z, v / z
    square = u * u + v * v
    scale = 1 + radial[0] * square + radial[1] * square * square
    return [weight * (u * scale * f + x0[0] - row[0]), weight * (v * scale * f + x0[1] - row[1]), 1 - weight * weight]


def ba_array(ops: Any, x: Any, row: Any) -> Any:
    """The same, of one observation."""
    return ops.stack(ba(ops, x, row))


# ht: a hand whose bones turn, and points on its skin ----------------------------------------------------------------

FINGERS, BONES, SKIN = 5, 22, 544       # the wrist, four bones of each finger, the forearm; vertices of the skin
CROSS = -np.cross(np.eye(3)[:, None], np.eye(3))        # CROSS @ a @ b is the vector product of a and b


def ht_data(size: int) -> tuple[Any, Any]:
    """Two shifts of all places within triangles, for the two columns that the Jacobian has for these, and a pose of 26.
    GradBench's hand is a file of ADBench; this one has its form, and numbers drawn here."""
    rng, count = np.random.default_rng(31337 + size), 25 * size
    parents = [-1, *(0 if k % 4 == 0 else k for k in range(4 * FINGERS)), 0]
    base, inverse = np.tile(np.eye(4), (2, BONES, 1, 1))
    weights = np.zeros((BONES, SKIN))
    for k, parent in enumerate(parents):
        base[k, :3, :3], base[k, :3, 3] = np.linalg.qr(rng.normal(size=(3, 3)))[0], rng.normal(size=3)
        inverse[k] = np.linalg.inv(base[k]) @ (inverse[parent] if parent >= 0 else np.eye(4))
    for k in range(SKIN):
        weights[rng.choice(BONES, 3, replace=False), k] = rng.dirichlet(np.ones(3))
    hand = SimpleNamespace(
        parents=parents, base=base, inverse=inverse, weights=weights, points=rng.normal(size=(count, 3)),
        skin=np.vstack([rng.normal(size=(3, SKIN)), np.ones(SKIN)]), us=rng.random((count, 2)) / 2,
        corners=(rng.integers(SKIN, size=count)[:, None] + np.arange(3)) % SKIN)
    return np.concatenate([np.zeros(2), rng.normal(size=26)]), hand


def joint_of(k: int) -> tuple[int, int]:
    """The finger of a bone, and which of its four joints moves it: 0 for none, which the wrist and forearm have."""
    finger, joint = divmod(k - 1, 4)
    return finger, joint if finger in range(FINGERS) else 0


def ht_scalar(ops: Any, x: Any, hand: Any) -> Any:
    """From the skin to each point; of the skin those vertices that are corners, by the bones that move each."""
    shift, axis, move, angles = x[:2], x[2:5], x[5:8], x[8:]

    def times(a: Any, b: Any) -> Any:
        """Of three rows and four columns each; a fourth row would be 0, 0, 0, 1."""
        columns = list(zip(*b[:3]))
        return [[*(ops.dot(row[:3], column) for column in columns[:3]), ops.dot(row[:3], columns[3]) + row[3]]
                for row in a]

    def turned(a: Any, p: int, q: int, angle: Any) -> Any:
        c, s = ops.cos(angle), ops.sin(angle)
        return [[c * row[p] + s * row[q] if j == p else c * row[q] - s * row[p] if j == q else row[j]
                 for j in range(4)] for row in a]
    placed, transforms = [], []
    for k, parent in enumerate(hand.parents):
        relative, (finger, joint) = hand.base[k].tolist()[:3], joint_of(k)
        if joint == 1:                                          # turns two ways
            relative = turned(relative, 0, 1, angles[4 * finger + 1])
        if joint:
            relative = turned(relative, 1, 2, angles[4 * finger + (0, 0, 2, 3)[joint]])
        placed.append(times(placed[parent], relative) if parent >= 0 else relative)
        transforms.append(times(placed[k], hand.inverse[k].tolist()))
    norm = ops.sqrt(axis[0] * axis[0] + axis[1] * axis[1] + axis[2] * axis[2])
    (a, b, d), c, s = [v / norm for v in axis], ops.cos(norm), ops.sin(norm)
    rotation = [[a * a + (1 - a * a) * c, a * b * (1 - c) - d * s, a * d * (1 - c) + b * s],
                [a * b * (1 - c) + d * s, b * b + (1 - b * b) * c, b * d * (1 - c) - a * s],
                [a * d * (1 - c) - b * s, d * b * (1 - c) + a * s, d * d + (1 - d * d) * c]]
    corners = {}
    for v in np.unique(hand.corners).tolist():
        near = np.flatnonzero(hand.weights[:, v]).tolist()
        parts = np.outer(hand.weights[near, v], hand.skin[:, v]).ravel().tolist()
        skin = [ops.dot([m for k in near for m in transforms[k][i]], parts) for i in range(3)]
        corners[v] = [ops.dot(row, skin) + t for row, t in zip(rotation, move)]
    found = []
    for place, point, own in zip(hand.us.tolist(), hand.points.tolist(), hand.corners.tolist()):
        u, w = place[0] + shift[0], place[1] + shift[1]
        found += [t - ops.dot([u, w, 1 - u - w], at) for t, *at in zip(point, *(corners[v] for v in own))]
    return found


def ht_array(ops: Any, x: Any, hand: Any) -> Any:
    """The same, of the whole skin and all bones."""
    shift, axis, move, angles = x[:2], x[2:5], x[5:8], x[8:].reshape(FINGERS, 4)

    def turned(p: int, q: int, angle: Any) -> Any:
        plane, turn = np.zeros((2, 4, 4))
        plane[p, p] = plane[q, q] = turn[q, p] = 1
        turn[p, q] = -1
        c, s = ops.cos(angle)[..., None, None], ops.sin(angle)[..., None, None]
        return ops.array(np.eye(4) - plane) + c * ops.array(plane) + s * ops.array(turn)
    aside, bent = turned(0, 1, angles[:, 1]), turned(1, 2, angles[:, [0, 2, 3]])
    base, inverse, placed = ops.array(hand.base), ops.array(hand.inverse), []
    for k, parent in enumerate(hand.parents):
        relative, (finger, joint) = base[k], joint_of(k)
        if joint == 1:
            relative = relative @ aside[finger]
        if joint:
            relative = relative @ bent[finger, joint - 1]
        placed.append(placed[parent] @ relative if parent >= 0 else relative)
    skin = ((ops.stack(placed) @ inverse @ ops.array(hand.skin)) * ops.array(hand.weights)[:, None]).sum(0)[:3]
    norm = ops.sqrt((axis * axis).sum())
    axis, c, s = axis / norm, ops.cos(norm), ops.sin(norm)
    rotation = c * ops.array(np.eye(3)) + (1 - c) * axis[:, None] * axis + s * (ops.array(CROSS) @ axis)
    corners = (rotation @ skin).T[hand.corners] + move
    u, w = (ops.array(hand.us) + shift).T
    return (ops.array(hand.points) - (ops.stack([u, w, 1 - u - w]).T[..., None] * corners).sum(1)).reshape(-1)


# saddle and particle: gradient descent, of what descends or differentiates itself -----------------------------------

def descent(ops: Any, f: Callable[[Any], Any], start: Any) -> Any:
    """Where f is least, by the steps of cpp/gradbench/gd.hpp: shorter where f grows, longer after ten good ones."""
    def goes(state: Any) -> Any:
        _, _, slopes, rate, _ = state
        return ops.least([1.0, rate]) ** 2 * ops.sum([s * s for s in slopes]) > 1e-10

    def step(state: Any) -> Any:
        x, fx, slopes, rate, good = state
        new = [v - rate * s for v, s in zip(x, slopes)]
        found, others = ops.slopes(f, new)
        better, tenth = found < fx, good > 8.5

        def either(yes: Any, no: Any) -> Any:
            return ops.where(better, yes, no)
        return (list(map(either, new, x)), either(found, fx), list(map(either, others, slopes)),
                either(ops.where(tenth, 2 * rate, rate), rate / 2), either(ops.where(tenth, 0.0, good + 1), 0.0))
    fx, slopes = ops.slopes(f, start)
    return ops.repeat(goes, step, (start, fx, slopes, 1e-5 + 0 * fx, 0 * fx))[0]


def saddle(ops: Any, start: Any, row: Any) -> Any:
    """The saddle point of x1² + y1² - x2² - y2²: least in x of the largest in y."""
    def f(x: Any, y: Any) -> Any:
        return (x[0] * x[0] + x[1] * x[1]) - (y[0] * y[0] + y[1] * y[1])

    def highest(x: Any) -> Any:
        return descent(ops, lambda y: -f(x, y), start)
    x = descent(ops, lambda x: f(x, highest(x)), start)
    return [*x, *highest(x)]


def particle(ops: Any, start: Any, row: Any) -> Any:
    """Where to place a charge so that a particle, moved by Euler's method, comes through the origin."""
    def miss(w: Any) -> Any:
        def potential(x: Any) -> Any:
            return sum(1 / ops.sqrt((x[0] - 10.0) ** 2 + (x[1] - y) ** 2) for y in (10.0 - w[0], 0.0))

        def step(state: Any) -> Any:
            x, v, _, _ = state
            force = ops.gradient(potential, x)
            return ([a + 0.1 * b for a, b in zip(x, v)], [b - 0.1 * s for b, s in zip(v, force)], x, v)
        zero = 0 * w[0]
        first = [zero, 8.0 + zero], [0.75 + zero, zero]
        _, _, x, v = ops.repeat(lambda state: state[0][1] >= 0, step, (*first, *first))
        return (x[0] - x[1] / v[1] * v[0]) ** 2
    return descent(ops, miss, start)


EVALUATIONS = {
    "hello": Evaluation("gradient", lambda size: (np.array([3.0]), None), lambda ops, x, row: x[0] * x[0],
                        lambda ops, x, rows: x[0] * x[0], {"": 1}),
    "lse": Evaluation("gradient", lambda size: (random(size, 100 * size), None), lse_scalar, lse_array,
                      {"1,000": 10, "100,000": 1000}),
    "llsq": Evaluation("gradient", llsq_data, llsq_scalar, llsq_array, {"400 x 56": 4}),
    "ode": Evaluation("gradient", lambda size: (random(size, 100 * size), None), ode_scalar, ode_array, {"400": 4}),
    "det": Evaluation("gradient", lambda size: (random(size, (size + 2)**2), None), det, det, {"6": 4}),
    "lstm": Evaluation("gradient", lstm_data, lstm_scalar, lstm_array, {"2 x 256": 10}),
    "kmeans": Evaluation("direction", kmeans_data, kmeans_scalar, kmeans_array, {"10 x 1,000 x 8": 10}),
    "gmm": Evaluation("gradient", gmm_data, gmm_scalar, gmm_array, {"400": 4}),
    "ba": Evaluation("jacobian", ba_data, ba, ba_array, {"400": 4}),
    "ht": Evaluation("jacobian", ht_data, ht_scalar, ht_array, {"100": 4}),
    "saddle": Evaluation("value", lambda size: (np.array([1.0, 1.0]), None), saddle, saddle, {"": 1}),
    "particle": Evaluation("value", lambda size: (np.array([0.0]), None), particle, particle, {"": 1}),
}
