"""Science: price and greeks, a gradient for L-BFGS, a differential equation, optimal control; beside JAX and CasADi.

    python tests/benchmarks/science.py              half a minute; prints Markdown
    python tests/benchmarks/science.py --quick      seconds; no figure worth quoting

A call takes arrays of float64 and gives the derivative, on one core; peers take turns, and must arrive at the same
numbers before anything is timed. In brackets the first call with all compilation: set MICROGRADX_CACHE=off for ours.
Trust ratios.
"""
import argparse
import time
from collections.abc import Callable
from importlib.util import find_spec
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
from called import Call, medians, price, price_in_jax
from gradbench import agree, load
from peers import jax as jax_peer
from report import duration, machine, table

import microgradx as mg

Peers = dict[str, Callable[[], Call]]   # each makes ready and gives a call
STEP, PERIODS, TIMES = 0.05, 50, 200


def options(count: int) -> Peers:
    """Price and five greeks of so many options."""
    rng, module = np.random.default_rng(0), jax_peer.start()
    ranges = ((80, 120), (80, 120), (0.1, 2), (0, 0.05), (0.1, 0.4))
    columns = [rng.uniform(*ends, count) for ends in ranges]

    def ours() -> Call:
        f = mg.jit(mg.vmap(mg.value_and_grad(price, tuple(range(5)))), threads=1)
        return lambda: f(*columns)

    def jax() -> Call:
        f = module.jit(module.vmap(module.value_and_grad(price_in_jax, tuple(range(5)))))
        return lambda: module.block_until_ready(f(*columns))
    return {"microgradx": ours, "JAX jit": jax}


def rosenbrock(size: int) -> Peers:
    """Value and gradient, as scipy's L-BFGS asks for them."""
    x, module = np.tile([-1.2, 1.0], size // 2), jax_peer.start()

    def ours() -> Call:
        f = mg.jit(mg.value_and_grad(lambda x: mg.sum([100 * (b - a * a) ** 2 + (1 - a) ** 2
                                                       for a, b in pairwise(x)])))
        return lambda: f(x)

    def jax() -> Call:
        f = module.jit(module.value_and_grad(
            lambda x: (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()))

        def call() -> Any:
            value, slopes = f(x)
            return float(value), np.asarray(slopes)
        return call
    return {"microgradx": ours, "JAX jit": jax}


def lotka_volterra(times: int) -> Peers:
    """The loss of four rates against data, by Runge and Kutta, and its gradient."""
    data, module = np.random.default_rng(0).random((times, 2)) * 10, jax_peer.start()
    rates = np.array([1.1, 0.4, 0.4, 0.1])

    def loss(ops: Any, rates: Any) -> Any:
        a, b, c, d = [rates[k] for k in range(4)]

        def slope(z: Any) -> Any:
            return a * z[0] - b * z[0] * z[1], d * z[0] * z[1] - c * z[1]

        def step(z: Any, row: Any) -> Any:
            k1 = slope(z)
            k2 = slope([v + STEP / 2 * k for v, k in zip(z, k1)])
            k3 = slope([v + STEP / 2 * k for v, k in zip(z, k2)])
            k4 = slope([v + STEP * k for v, k in zip(z, k3)])
            new = tuple(z[i] + STEP / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]) for i in (0, 1))
            return new, (new[0] - row[0]) ** 2 + (new[1] - row[1]) ** 2
        return ops.sum(ops.scan(step, (10.0 + 0 * a, 5.0 + 0 * a), ops.data)[1])

    def ours() -> Call:
        ops = SimpleNamespace(scan=mg.scan, sum=mg.sum, data=data.tolist())
        f = mg.jit(mg.value_and_grad(lambda rates: loss(ops, rates)), arrays=True)
        return lambda: f(rates)

    def jax() -> Call:
        ops = SimpleNamespace(scan=module.lax.scan, sum=module.numpy.sum, data=module.numpy.asarray(data))
        f = module.jit(module.value_and_grad(lambda rates: loss(ops, rates)))
        return lambda: [np.asarray(part) for part in f(rates)]
    return {"microgradx": ours, "JAX jit": jax}


def control(periods: int) -> Peers:
    """The Hessian by the forces that hold up a pendulum."""
    module, u = jax_peer.start(), np.linspace(-1, 1, periods)

    def step(sin: Any, state: Any, force: Any) -> Any:
        x, v, loss = state
        x, v = x + STEP * v, v + STEP * (sin(x) + force)
        return x, v, loss + x * x + v * v / 10 + force * force / 100

    def ours() -> Call:
        def total(u: Any) -> Any:
            state = 1.0, 0.0, 0.0
            for force in u:
                state = step(mg.sin, state, force)
            return state[2]
        f = mg.jit(mg.hessian(total), arrays=True)
        return lambda: f(u)

    def jax() -> Call:
        def total(u: Any) -> Any:
            start = 1.0 + 0 * u[0], 0 * u[0], 0 * u[0]
            return module.lax.scan(lambda state, force: (step(module.numpy.sin, state, force), None), start, u)[0][2]
        f = module.jit(module.hessian(total))
        return lambda: np.asarray(f(u))
    return {"microgradx": ours, "JAX jit": jax}


def sparse(periods: int) -> Peers:
    """The sparse Hessian of the same, by positions, speeds and forces, with a penalty for what breaks the equations."""
    z = np.linspace(-1, 1, 3 * periods + 2)

    def total(sin: Any, z: Any) -> Any:
        x, v, u = z[:periods + 1], z[periods + 1:2 * periods + 2], z[2 * periods + 2:]
        return sum(x[k] ** 2 + v[k] ** 2 / 10 + u[k] ** 2 / 100 + 10 * (x[k + 1] - x[k] - STEP * v[k]) ** 2
                   + 10 * (v[k + 1] - v[k] - STEP * (sin(x[k]) + u[k])) ** 2 for k in range(periods))

    def ours() -> Call:
        f = mg.jit(mg.hessian(lambda z: total(mg.sin, z), sparse=True))
        return lambda: f(z)

    def casadi() -> Call:
        import casadi as ca
        v = ca.SX.sym("z", len(z))
        f = ca.Function("f", [v], [ca.hessian(total(ca.sin, ca.vertsplit(v)), v)[0]])
        return lambda: f(z).sparse()
    return {"microgradx": ours, "CasADi": casadi}


PACKAGES = {"microgradx": "llvmlite", "JAX jit": "jax", "CasADi": "casadi"}
PROBLEMS = [("Black-Scholes, price and 5 greeks, {:,} options", options, 100_000),
            ("Rosenbrock, {:,} variables, gradient", rosenbrock, 1_000),
            ("Lotka-Volterra, {:,} steps of RK4, gradient", lotka_volterra, TIMES),
            ("optimal control, {:,} forces, Hessian", control, PERIODS),
            ("the same by all states, sparse Hessian", sparse, PERIODS)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="run everything once, small")
    quick = parser.parse_args().quick
    names = [name for name, package in PACKAGES.items() if find_spec(package)]
    print(f"{machine()}; {load()}" + ("; quick: no figure to quote" if quick else "") + "\n")
    rows = []
    for title, problem, whole in PROBLEMS:
        size = whole // 10 if quick else whole
        calls, first = begun({name: make for name, make in problem(size).items() if name in names})
        times = medians(calls, *((1, 0.0) if quick else (7, 0.05)))
        rows.append([title.format(size), *(f"{duration(times[n])} ({duration(first[n])})" if n in calls else "–"
                                           for n in names)])
    print(table(["a call, and the first", *names], rows))
    print("\nAll peers agree on derivatives.")


def begun(made: Peers) -> tuple[dict[str, Call], dict[str, float]]:
    """A call of each peer, and the seconds until it had ended for the first time."""
    calls: dict[str, Call] = {}
    first: dict[str, float] = {}
    results: dict[str, Any] = {}
    for name, make in made.items():
        start = time.perf_counter()
        calls[name] = make()
        found = calls[name]()
        first[name] = time.perf_counter() - start
        found = found.toarray() if hasattr(found, "toarray") else found
        results[name] = np.concatenate([np.ravel(part) for part in leaves(found)])
    agree(results)
    return calls, first


def leaves(found: Any) -> list[Any]:
    """The arrays and numbers of nested tuples."""
    return [leaf for part in found for leaf in leaves(part)] if isinstance(found, list | tuple) else [found]


if __name__ == "__main__":
    main()
