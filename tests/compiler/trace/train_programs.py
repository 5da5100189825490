"""Training steps as people write them: each takes what it works on and gives the function, (xs, ys) -> result."""
import microgradx as mg
from microgradx import Value, detach, no_grad, sqrt, where
from microgradx.training import clip_grad_norm, clip_grad_value

from .net import mean_square


def plain(n):
    def step(xs, ys):
        loss = mean_square(n.model, xs, ys)
        for p in n.model.parameters():
            p.grad = 0.0
        loss.backward()
        for p in n.model.parameters():
            p.data -= 0.1 * p.grad
        return loss
    return step


def zero_grad(n):
    def step(xs, ys):
        n.model.zero_grad()
        loss = mean_square(n.model, xs, ys)
        loss.backward()
        for p in n.ps:
            p.data += -0.1 * p.grad
        return loss.data
    return step


def accumulated(n):
    def step(xs, ys):
        loss = mean_square(n.model, xs, ys)
        loss.backward()
        for p in n.ps:
            p.data -= 0.01 * p.grad
        return loss
    return step


def two_backwards(n):
    def step(xs, ys):
        n.model.zero_grad()
        for x, y in zip(xs, ys):
            loss = mean_square(n.model, [x], [y])
            loss.backward()
        loss.backward()
        for p in n.ps:
            p.data -= 0.1 * p.grad
        return [loss, [p.grad for p in n.ps]]
    return step


def loop(n):
    def steps(xs, ys):
        losses = []
        for _ in range(3):
            n.model.zero_grad()
            loss = mean_square(n.model, xs, ys)
            loss.backward()
            for p in n.ps:
                p.data = p.data - 0.1 * p.grad
            losses.append(loss)
        return losses
    return steps


def stochastic(n):
    def steps(xs, ys):
        total = 0.0
        for x, y in zip(xs, ys):
            for p in n.ps:
                p.grad = None
            loss = mean_square(n.model, [x], [y])
            loss.backward()
            for p in n.ps:
                p.data -= 0.1 * p.grad
            total += loss.data
        return total / len(xs)
    return steps


def momentum(n):
    def step(xs, ys):
        n.model.zero_grad()
        mean_square(n.model, xs, ys).backward()
        for p, m in zip(n.ps, n.m):
            m.data = 0.9 * m.data + p.grad
            p.data -= 0.05 * m.data
    return step


def adam(n):
    def step(xs, ys):
        loss = mean_square(n.model, xs, ys)
        n.model.zero_grad()
        loss.backward()
        n.t.data += 1
        for p, m, v in zip(n.ps, n.m, n.v):
            m.data = 0.9 * m.data + 0.1 * p.grad
            v.data = 0.999 * v.data + 0.001 * p.grad * p.grad
            p.data -= 0.1 * (m.data / (1 - 0.9**n.t.data)) / (sqrt(v.data / (1 - 0.999**n.t.data)) + 1e-8)
        return loss
    return step


def decay(n):
    def step(xs, ys):
        n.model.zero_grad()
        loss = mean_square(n.model, xs, ys)
        (loss + 0.01 * mg.sum([p * p for p in n.ps])).backward()
        for p in n.ps:
            p.data = p.data * 0.9
            p.data -= 0.1 * p.grad
        return loss
    return step


def clipped(n):
    def step(xs, ys):
        n.model.zero_grad()
        loss = mean_square(n.model, xs, ys)
        loss.backward()
        norm = sqrt(mg.sum([p.grad * p.grad for p in n.ps]))
        factor = where(norm > 0.1, 0.1 / norm, 1.0)
        for p in n.ps:
            p.grad *= factor
            p.data -= p.grad
        return {"loss": loss, "norm": norm}
    return step


def clip_functions(n):
    def step(xs, ys):
        n.model.zero_grad()
        loss = mean_square(n.model, xs, ys)
        loss.backward()
        norm = clip_grad_norm(n.ps, 0.5)
        clip_grad_value(n.ps, 0.2)
        for p in n.ps:
            p.data -= 0.1 * p.grad
        return [loss, norm]
    return step


def intermediate(n):
    def step(xs, ys):
        h = n.w * n.model(xs[0])[0]
        unused = n.w * 3
        y = h * h
        y.backward()
        first = [h.grad, y.grad, unused.grad]
        (h * 2).backward()
        n.w.data -= 0.1 * h.grad
        return [first, h.grad, y.grad, n.w.grad]
    return step


def only_read(n):
    def f(xs, ys):
        return [n.w.grad * xs[0][0], n.w.data, [p.grad for p in n.ps]]
    return f


def arithmetic(n):
    def f(xs, ys):
        loss = mean_square(n.model, xs, ys)
        loss.backward()
        n.w.grad = 0.0
        (n.w * loss.data).backward()                    # a number: the graph behind it is not gone through
        kept = loss.grad
        n.w.data = n.w.data * 0.9 + 0.01 * loss.data
        return [loss.data * 2 + 1, -loss.data, kept, n.w.grad]
    return f


def no_grad_blocks(n):
    def step(xs, ys):
        n.model.zero_grad()
        loss = mean_square(n.model, xs, ys)
        loss.backward()
        with no_grad():
            for p in n.ps:
                p.data = p.data - 0.1 * p.grad
            after = mean_square(n.model, xs, ys)
        (after * n.w).backward()
        return [loss, after, n.w.grad]
    return step


def set_before_backward(n):
    def f(xs, ys):
        y = n.w * n.w * xs[0][0]
        n.w.data = 5.0
        z = y * n.w                                     # the old number and the new one, in one graph
        z.backward()
        n.w.data = 0.5
        return [z, y, y.grad, n.w, n.w.data]
    return f


def comparison(n):
    def f(xs, ys):
        n.w.data += 0.0
        return [n.frozen.data * xs[0][0], where(n.frozen, n.w, 0.0)]
    return f


def own_values(n):
    """Values that the function makes itself."""
    def f(xs, ys):
        a, b = Value(2.0), Value(3.0)
        y = a * b * n.w
        y.backward()
        b.data += 1
        a.data = 7.0
        c = (b * 2).data if b.data > 3 else 0.0
        return [a.grad, b.grad, a * b, a.data, c, n.w.grad]
    return f


def by_gradients(n):
    def step(xs, ys):
        loss = mean_square(n.model, xs, ys)
        gs = mg.gradients(loss, n.ps)
        for p, g in zip(n.ps, gs):
            p.data -= 0.1 * g
        again = mg.gradients(mean_square(n.model, xs, ys), n.ps)
        return [loss, gs, again, mg.gradients(n.w * 3, [n.w, n.t])]
    return step


def penalty_of_gradient(n):
    def step(xs, ys):
        gs = mg.gradients(mean_square(n.model, xs, ys), n.ps, create_graph=True)
        n.model.zero_grad()
        mg.sum([g * g for g in gs]).backward()
        for p in n.ps:
            p.data -= 0.01 * p.grad
        return gs
    return step


def leaf_root(n):
    def f(xs, ys):
        n.w.backward()
        n.w.data += n.w.grad
        n.w.backward()
        return n.w.grad
    return f


def target_network(n):
    """Slow weights that follow, as in Polyak's averages."""
    def step(xs, ys):
        n.model.zero_grad()
        loss = mean_square(n.model, xs, ys)
        loss.backward()
        for p, slow in zip(n.ps, n.m):
            p.data -= 0.1 * p.grad
            slow.data = 0.9 * slow.data + 0.1 * p.data
        return mg.sum([detach(p) - slow for p, slow in zip(n.ps, n.m)])
    return step


PROGRAMS = [plain, zero_grad, accumulated, two_backwards, loop, stochastic, momentum, adam, decay, clipped,
            clip_functions, intermediate, only_read, arithmetic, no_grad_blocks, set_before_backward, comparison,
            own_values, by_gradients, penalty_of_gradient, leaf_root, target_network]
