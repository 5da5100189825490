"""The evaluations of GradBench, and 10,000 operations 10,000 times: ours, JAX, torch and CasADi in one process.

    python tests/benchmarks/gradbench.py            some minutes; prints Markdown
    python tests/benchmarks/gradbench.py --quick    everything runs once, small; no figure worth quoting

A call takes an array of float64 and gives the derivative as one, on one core; peers take turns, and must arrive at the
same numbers before anything is timed. A peer that is not installed is left out and named. Trust ratios.
"""
import argparse
import os
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import numpy as np
from called import Call, medians
from evaluations import EVALUATIONS, Evaluation
from peers import jax as jax_peer
from report import duration, machine, table

import microgradx as mg

PATIENCE = 20.0                         # seconds that a peer may take to compile; the next size is then not tried


# The peers: a call for an evaluation, and one for the random operations ----------------------------------------------

def forwards(jvp: Callable[..., Any], f: Callable[[Any], Any], x: list[Any]) -> tuple[Any, list[Any]]:
    """The value of f at x, and its slopes, by one forward pass each."""
    found = [jvp(f, [x], [[float(k == j) for k in range(len(x))]]) for j in range(len(x))]
    return found[0][0], [slope for _, slope in found]


def ours(one: Evaluation, x: Any, rows: Any) -> Call:
    """microgradx: jit of transforms, and of the sum over what vmap gives for samples."""
    def loop(step: Any, carry: Any, xs: Any) -> Any:
        return mg.scan(lambda c, x: (step(c, x), []), carry, xs)[0]
    ops = SimpleNamespace(
        exp=mg.exp, log=mg.log, sqrt=mg.sqrt, sin=mg.sin, cos=mg.cos, tanh=mg.tanh, sigmoid=mg.sigmoid, sum=mg.sum,
        dot=mg.dot, greatest=mg.max, least=mg.min, loop=loop, where=mg.where, repeat=mg.while_loop,
        slopes=lambda f, x: forwards(mg.jvp, f, x), gradient=lambda f, x: mg.grad(f)(x))
    if one.what == "value":
        value = mg.jit(lambda x: one.scalar(ops, [x[k] for k in range(len(x))], None), arrays=True)
        return lambda: value(x)
    if not isinstance(rows, np.ndarray):
        derivative = mg.jacobian if one.what == "jacobian" else mg.grad
        f = mg.jit(derivative(lambda x: one.scalar(ops, x, rows)), arrays=True)
        return lambda: f(x)

    def scalar(x: Any, row: Any) -> Any:
        return one.scalar(ops, x, row)
    if one.what == "jacobian":
        jacobian = mg.jit(mg.vmap(mg.jacobian(scalar)), threads=1)
        return lambda: jacobian(x, rows)

    def total(x: Any, rows: Any) -> Any:
        return mg.sum(mg.vmap(scalar, in_axes=(None, 0))(x, rows))
    if one.what == "direction":
        def both(x: Any, rows: Any) -> Any:
            return mg.jvp(lambda x: mg.grad(total)(x, rows), [x], [[1.0] * len(x)])
        found = mg.jit(both)

        def direction() -> Any:
            g, h = found(x, rows)
            return g / h
        return direction
    gradient = mg.jit(mg.grad(total))
    return lambda: gradient(x, rows)


def jax(one: Evaluation, x: Any, rows: Any) -> Call:
    """JAX: jit of grad; loops are lax.scan."""
    module = jax_peer.start()
    jnp = module.numpy

    def loop(step: Any, carry: Any, xs: Any) -> Any:
        return module.lax.scan(lambda c, x: (step(c, x), None), carry, jnp.asarray(xs))[0]
    ops = SimpleNamespace(
        exp=jnp.exp, log=jnp.log, sqrt=jnp.sqrt, sin=jnp.sin, cos=jnp.cos, tanh=jnp.tanh, sigmoid=module.nn.sigmoid,
        greatest=jnp.max, concat=jnp.concatenate, stack=jnp.stack, loop=loop, array=jnp.asarray,
        least_of_rows=lambda a: a.min(1), logsumexp=lambda a: module.nn.logsumexp(a, -1), where=jnp.where, sum=sum,
        least=lambda xs: jnp.min(jnp.stack(xs)), repeat=module.lax.while_loop,
        slopes=lambda f, x: forwards(module.jvp, f, x), gradient=lambda f, x: module.grad(f)(x))
    if one.what == "value":
        value = module.jit(lambda x: one.array(ops, list(x), None))
        return lambda: np.asarray(value(x))
    data = jnp.asarray(rows) if isinstance(rows, np.ndarray) else rows
    if one.what == "jacobian" and data is rows:
        jacobian = module.jit(module.jacfwd(lambda x: one.array(ops, x, rows)))
        return lambda: np.asarray(jacobian(x))
    if one.what == "jacobian":
        f = module.jit(module.vmap(module.jacrev(lambda x, row: one.array(ops, x, row))))
        return lambda: np.asarray(f(x, data))

    def gradient(x: Any) -> Any:
        return module.grad(lambda x: one.array(ops, x, data))(x)

    def direction(x: Any) -> Any:
        g, h = module.jvp(gradient, [x], [jnp.ones_like(x)])
        return g / h
    g = module.jit(direction if one.what == "direction" else gradient)
    return lambda: np.asarray(g(x))


def torch(one: Evaluation, x: Any, rows: Any) -> Call:
    """torch: eager, on one thread."""
    import torch
    torch.set_num_threads(1)

    def loop(step: Any, carry: Any, xs: Any) -> Any:
        for row in xs:
            carry = step(carry, row)
        return carry
    ops = SimpleNamespace(
        exp=torch.exp, log=torch.log, sqrt=torch.sqrt, sin=torch.sin, cos=torch.cos, tanh=torch.tanh,
        sigmoid=torch.sigmoid, greatest=torch.max, concat=torch.cat, stack=torch.stack, loop=loop,
        array=lambda a: torch.tensor(a, dtype=torch.float64), least_of_rows=lambda a: a.amin(1),
        logsumexp=lambda a: torch.logsumexp(a, -1))
    data = torch.from_numpy(rows) if isinstance(rows, np.ndarray) else rows
    if one.what == "jacobian" and data is rows:
        jacobian = torch.func.jacfwd(lambda x: one.array(ops, x, rows))
        return lambda: jacobian(torch.from_numpy(x)).numpy()
    if one.what == "jacobian":
        f = torch.func.vmap(torch.func.jacrev(lambda x, row: one.array(ops, x, row)))
        return lambda: f(torch.from_numpy(x), data).numpy()

    def call() -> Any:
        leaf = torch.from_numpy(x).clone().requires_grad_()
        more = one.what == "direction"
        g, = torch.autograd.grad(one.array(ops, leaf, data), leaf, create_graph=more)
        return (g / torch.autograd.grad(g.sum(), leaf)[0] if more else g).detach().numpy()
    return call


def casadi(one: Evaluation, x: Any, rows: Any) -> Call:
    """CasADi: SX, its virtual machine; a sum over samples is its map."""
    import casadi as ca

    def loop(step: Any, carry: Any, xs: Any) -> Any:
        for row in xs:
            carry = step(carry, row)
        return carry
    ops = SimpleNamespace(
        exp=ca.exp, log=ca.log, sqrt=ca.sqrt, sin=ca.sin, cos=ca.cos, tanh=ca.tanh, loop=loop,
        sigmoid=lambda v: 1 / (1 + ca.exp(-v)), sum=lambda xs: ca.sum1(ca.vertcat(*xs)),
        dot=lambda a, b: ca.dot(ca.vertcat(*a), ca.vertcat(*b)), greatest=lambda xs: ca.mmax(ca.vertcat(*xs)),
        least=lambda xs: ca.mmin(ca.vertcat(*xs)))
    sampled = isinstance(rows, np.ndarray)
    v = ca.SX.sym("x", x.shape[-1])
    row = ca.SX.sym("row", rows.shape[1]) if sampled else None
    found = one.scalar(ops, ca.vertsplit(v), ca.vertsplit(row) if sampled else rows)
    if one.what == "jacobian" and not sampled:
        f = ca.Function("f", [v], [ca.jacobian(ca.vertcat(*found), v)])
        return lambda: np.array(f(x))
    if one.what == "jacobian":
        f = ca.Function("f", [v, row], [ca.jacobian(ca.vertcat(*found), v)]).map(len(rows))
        return lambda: np.array(f(x.T, rows.T)).reshape(3, len(rows), 15).transpose(1, 0, 2)
    g = ca.gradient(found, v)
    if not sampled:
        f = ca.Function("f", [v], [g])
        return lambda: np.array(f(x)).ravel()
    outputs = [g, ca.jtimes(g, v, ca.DM.ones(len(x)))] if one.what == "direction" else [g]
    f = ca.Function("f", [v, row], outputs).map("sum", "serial", len(rows), [0], [])

    def call() -> Any:
        parts = f(x, rows.T)
        sums = [np.array(part).sum(1) for part in (parts if len(outputs) > 1 else [parts])]
        return sums[0] / sums[1] if len(sums) > 1 else sums[0]
    return call


PEERS: dict[str, tuple[str, Callable[..., Call]]] = {
    "microgradx": ("llvmlite", ours), "JAX jit": ("jax", jax), "torch": ("torch", torch), "CasADi": ("casadi", casadi)}
LOOPING = ("microgradx", "JAX jit")     # have loops in compiled code that end where a number says so


# Random operations ---------------------------------------------------------------------------------------------------

def operations(ops: Any, x: Any, count: int) -> Any:
    """The last node of the graph of "Fastest Autograd in the West" (A. Rogozhnikov, 2023): softplus, sum, product and
    softmax in turn, of what came shortly before. It begins with 0, 0.01, ..., 0.99; 0, 1, ..., 99 overflow."""
    nodes = list(x)
    for k in range(count):
        if k % 4 == 0:
            nodes.append(ops.softplus(nodes[-10]))
        elif k % 4 == 1:
            nodes.append(ops.sum(nodes[-30:-10:5]))
        elif k % 4 == 2:
            nodes.append(nodes[-20] * nodes[-10])
        else:
            nodes += ops.softmax(nodes[-4:])
    return nodes[-1]


def operations_of(name: str, x: Any, count: int) -> Call:
    """The gradient of the last by the first."""
    if name == "microgradx":
        ops = SimpleNamespace(softplus=mg.softplus, sum=mg.sum, softmax=mg.softmax)
        f = mg.jit(mg.grad(lambda x: operations(ops, x, count)))
        return lambda: f(x)
    if name == "JAX jit":
        module = jax_peer.start()
        ops = SimpleNamespace(softplus=module.nn.softplus, sum=sum,
                              softmax=lambda xs: list(module.nn.softmax(module.numpy.stack(xs))))
        g = module.jit(module.grad(lambda x: operations(ops, x, count)))
        return lambda: np.asarray(g(x))
    if name == "torch":
        import torch
        ops = SimpleNamespace(softplus=torch.nn.functional.softplus, sum=sum,
                              softmax=lambda xs: list(torch.softmax(torch.stack(xs), 0)))

        def call() -> Any:
            leaf = torch.from_numpy(x).clone().requires_grad_()
            return torch.autograd.grad(operations(ops, leaf, count), leaf)[0].numpy()
        return call
    import casadi as ca

    def softmax(xs: Any) -> list[Any]:
        top = ca.mmax(ca.vertcat(*xs))
        found = [ca.exp(v - top) for v in xs]
        return [v / sum(found) for v in found]
    ops = SimpleNamespace(softplus=lambda v: ca.fmax(v, 0) + ca.log1p(ca.exp(-ca.fabs(v))), sum=sum, softmax=softmax)
    v = ca.SX.sym("x", len(x))
    h = ca.Function("f", [v], [ca.gradient(operations(ops, ca.vertsplit(v), count), v)])
    return lambda: np.array(h(x)).ravel()


# Measuring -----------------------------------------------------------------------------------------------------------

def begun(names: list[str], make: Callable[[str], Call], slow: set[str]) -> tuple[dict[str, Call], dict[str, float]]:
    """A call of each peer, and the seconds until it had ended for the first time. AssertionError where they find
    different numbers. A peer that takes longer than PATIENCE becomes one of the slow, which are not asked again."""
    calls: dict[str, Call] = {}
    first: dict[str, float] = {}
    results: dict[str, Any] = {}
    for name in names:
        if name not in slow:
            start = time.perf_counter()
            calls[name] = make(name)
            results[name] = np.ravel(calls[name]())
            first[name] = time.perf_counter() - start
            if first[name] > PATIENCE:
                slow.add(name)
    agree(results)
    return calls, first


def agree(results: dict[str, Any]) -> None:
    """AssertionError unless all are the same numbers, to rounding."""
    expected = next(iter(results.values()))
    for name, found in results.items():
        scale = np.max(np.abs(expected), initial=1e-300)
        assert found.shape == expected.shape and np.all(np.abs(found - expected) <= 1e-9 * scale), \
            f"{name} and {next(iter(results))} differ: {found[:3]}, {expected[:3]}"


def load() -> str:
    """How busy the machine is: processes that want a core."""
    return f"{os.getloadavg()[0]:.1f} processes wanted its cores" if hasattr(os, "getloadavg") else "load unknown"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="run everything once, small")
    parser.add_argument("--only", nargs="+", choices=EVALUATIONS, default=list(EVALUATIONS), help="these evaluations")
    given = parser.parse_args()
    quick = given.quick
    rounds, least = (1, 0.0) if quick else (5, 0.05)
    names = [name for name, (package, _) in PEERS.items() if find_spec(package)]
    print(f"{machine()}; {load()}" + ("; quick: no figure to quote" if quick else "") + "\n")
    for name, (package, _) in PEERS.items():
        if name not in names:
            print(f"{name}: not installed, pip install {package}\n")
    head, rows = ["a call, and the first", *names], []
    for title in given.only:
        one, slow = EVALUATIONS[title], set[str]()
        for size, scale in [("", 1)] if quick else one.sizes.items():
            x, samples = one.data(scale)
            able = [name for name in names if one.what != "value" or name in LOOPING]
            calls, first = begun(able, lambda name, one=one, x=x, s=samples: PEERS[name][1](one, x, s), slow)
            times = medians(calls, rounds, least)
            print(title, size, times, file=sys.stderr)
            rows.append([f"{title} {size}".strip() + f", {one.what}",
                         *(f"{duration(times[n])} ({duration(first[n])})" if n in calls else "–" for n in names)])
    print(table(head, rows))
    rows, slow = [], set[str]()
    for count in (8, 16) if quick else (1_000, 10_000):
        x = np.arange(100) / 100
        calls, first = begun(names, lambda name, x=x, count=count: operations_of(name, x, count), slow)
        times = medians(calls, rounds, least)
        passes = 10 if quick else 10_000
        rows.append([f"{count} operations, {passes} passes",
                     *(duration(first[n] + passes * times[n]) if n in calls else "–" for n in names)])
    print("\n" + table(["compiled and run", *names], rows))
    print("\nAll peers agree on derivatives.")


if __name__ == "__main__":
    main()
