"""What a call costs a user who has arrays: ours, our kernel alone, JAX and torch, in one process that takes turns.

    python tests/benchmarks/called.py               two minutes; prints Markdown
    python tests/benchmarks/called.py --quick       everything runs once, small; no figure worth quoting

A call gives loss and gradient, from arrays to arrays of float64, on one core; vmap uses all. Ours has its parameters in
a Module, and where a program is short to write on arrays, as arrays, too. out= and CasADi write into arrays that stay.
Trust ratios.
"""
import argparse
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import arrays
import numpy as np
import ours
from peers import jax, native
from problems import PROBLEMS
from report import duration, machine, table

from microgradx import dot, erf, exp, jit, log, relu, sqrt, square, tanh, value_and_grad, vmap
from microgradx import sum as sum_of

Call = Callable[[], Any]
WAYS = ["kernel alone", "Module", "arrays", "arrays, out=", "CasADi, buffers", "JAX jit", "torch"]
NEURON, DIGIT, LENET, LSTM = "W2 tanh neuron", "W4 784-50-10", "W5 LeNet-5", "LSTM 8-16, 24 steps"
KEPT: list[Any] = []                    # what CasADi refers to
OPTIONS = "Black-Scholes, 5 greeks"
JAX: dict[str, Callable[..., Any]] = {NEURON: jax.neuron, DIGIT: jax.digit, LENET: jax.lenet5, LSTM: jax.lstm}
TORCH: dict[str, Callable[..., Any]] = {NEURON: arrays.neuron, DIGIT: arrays.digit, LENET: arrays.lenet5,
                                        LSTM: arrays.lstm}


# The programs on arrays --------------------------------------------------------------------------------------------

def neuron(w: Any, x: Any, b: Any) -> Any:
    """W2."""
    return tanh(dot(w, x) + b)


def mlp(p: Any, x: Any) -> Any:
    """W4."""
    hidden = [relu(dot(row, x) + b) for row, b in zip(p[0], p[1])]
    outputs = [dot(row, hidden) + b for row, b in zip(p[2], p[3])]
    return sum_of([square(outputs[0] - 1), *map(square, outputs[1:])])


def price(stock: Any, strike: Any, years: Any, rate: Any, spread: Any) -> Any:
    """A call option by Black and Scholes (1973)."""
    d = (log(stock / strike) + (rate + spread * spread / 2) * years) / (spread * sqrt(years))
    return stock * normal(d) - strike * exp(-rate * years) * normal(d - spread * sqrt(years))


def normal(x: Any) -> Any:
    """The distribution function of the normal distribution."""
    return 0.5 * (1 + erf(x / 2**0.5))


def price_in_jax(stock: Any, strike: Any, years: Any, rate: Any, spread: Any) -> Any:
    """The same."""
    import jax
    import jax.numpy as jnp

    def normal(x: Any) -> Any:
        return 0.5 * (1 + jax.lax.erf(x / 2**0.5))
    d = (jnp.log(stock / strike) + (rate + spread * spread / 2) * years) / (spread * jnp.sqrt(years))
    return stock * normal(d) - strike * jnp.exp(-rate * years) * normal(d - spread * jnp.sqrt(years))


# The ways ----------------------------------------------------------------------------------------------------------

def on_arrays(name: str, values: list[Any], data: list[Any]) -> Call | None:
    """A call of a program that is written on arrays."""
    if name == NEURON:
        f, (w, x, b) = jit(value_and_grad(neuron, (0, 1, 2))), values
        return lambda: f(w, x, b)
    g = jit(value_and_grad(mlp))
    return (lambda: g(values, *data)) if name == DIGIT else None


def into_arrays(values: list[Any]) -> dict[str, Call]:
    """The neuron's value and slopes written into arrays that stay, by ours and by CasADi if it is there."""
    f, (weights, inputs, bias) = jit(value_and_grad(neuron, (0, 1, 2))), values
    out = (np.zeros(()), tuple(np.zeros(np.shape(v)) for v in values))
    found: dict[str, Call] = {"arrays, out=": lambda: f(weights, inputs, bias, out=out)}
    try:
        import casadi
    except ImportError:
        return found
    w, x, b = (casadi.SX.sym(name, np.size(v)) for name, v in zip("wxb", values))
    y = casadi.tanh(casadi.dot(w, x) + b)
    function = casadi.Function("neuron", [w, x, b], [y, *(casadi.gradient(y, v) for v in (w, x, b))])
    buffer, call = function.buffer()
    given, taken = [np.atleast_1d(np.array(v)) for v in values], [np.zeros(n) for n in (1, 3, 3, 1)]
    for k, array in enumerate(given):
        buffer.set_arg(k, memoryview(array))
    for k, array in enumerate(taken):
        buffer.set_res(k, memoryview(array))
    call(), f(*values, out=out)
    assert all(map(np.allclose, taken, (out[0], *out[1])))
    KEPT.append((buffer, given, taken))
    return found | {"CasADi, buffers": lambda: call()}      # noqa: PLW0108  # as ours has one


def alone(kernel: Any, given: list[Any]) -> Call:
    """The machine code, on arrays that stay."""
    memory, made = kernel.new(), [np.empty(sizes) for _, sizes in kernel.place.shapes]
    for slot, array in enumerate([*given, *made], kernel.place.arrays):
        memory.view(np.int64)[slot] = array.ctypes.data
    return lambda: (native.run(kernel.address, memory.ctypes.data, 1), memory, given, made)


def ways(name: str, share: int) -> dict[str, Call]:
    """A call of one program by each way that has it. AssertionError where they find different losses or gradients."""
    problem, module = PROBLEMS[name](share), jax.start()
    found: dict[str, Call] = {}
    values = [float(v) if isinstance(v, float) else np.array(v, float) for v in problem.parameters.values()]
    data = [np.array(v, float) for v in problem.data.values()]
    if (call := on_arrays(name, values, data)) is not None:
        found["arrays"] = call
    if name == NEURON:
        found |= into_arrays(values)
    if name != NEURON:
        f, args, argnums = ours.GRADIENTS[name](problem)
        given = [np.array(a, float) if isinstance(a, list) else a for a in args]
        compiled = jit(value_and_grad(f, argnums))
        found["Module"] = lambda: compiled(*given)
        found["Module"]()
        kernel = compiled.variant(given).kernel
        found["kernel alone"] = alone(kernel, [a for a in given if isinstance(a, np.ndarray)])
    parameters, rows = jax.arrays(problem.parameters), jax.arrays(problem.data)
    function = module.jit(module.value_and_grad(JAX[name]))
    found["JAX jit"] = lambda: module.block_until_ready(function(parameters, rows))
    found["torch"] = TORCH[name](None, share)
    slopes = found["JAX jit"]()[1]
    expected = np.concatenate([np.ravel(slopes[key]) for key in problem.parameters])
    for way in {"Module", "arrays"} & found.keys():
        parts = found[way]()[1]
        numbers = np.concatenate([np.ravel(part) for part in (parts.values() if isinstance(parts, dict) else parts)])
        assert np.allclose(numbers, expected, rtol=1e-9, atol=1e-12), f"{name}: {way} and JAX differ"
    return found


def options(share: int) -> dict[str, Call]:
    """Price and greeks of 100,000 options."""
    module, rng = jax.start(), np.random.default_rng(0)
    ranges = ((80, 120), (80, 120), (0.1, 2), (0, 0.05), (0.1, 0.4))
    columns = [rng.uniform(*ends, 100_000 // share) for ends in ranges]
    f = jit(vmap(value_and_grad(price, tuple(range(5)))))
    one = jit(vmap(value_and_grad(price, tuple(range(5)))), threads=1)
    function = module.jit(module.vmap(module.value_and_grad(price_in_jax, tuple(range(5)))))
    device = [module.numpy.asarray(c) for c in columns]
    y, slopes = f(*columns)
    expected, others = function(*device)
    assert np.allclose(y, expected) and all(map(np.allclose, slopes, others))
    return {"arrays": lambda: f(*columns), "arrays, one thread": lambda: one(*columns),
            "JAX jit": lambda: module.block_until_ready(function(*device))}


# Times ---------------------------------------------------------------------------------------------------------------

def seconds(call: Call, least: float) -> float:
    """The time of one call, of at least so many seconds of them. The clock is read now and then: it takes 100 ns."""
    count, several, passed, begin = 0, 1, 0.0, time.perf_counter()
    while not count or passed < least:
        for _ in range(several):
            call()
        count, passed = count + several, time.perf_counter() - begin
        several *= 2 if passed < least / 10 else 1
    return passed / count


def medians(calls: dict[str, Call], rounds: int, least: float) -> dict[str, float]:
    """The median time of each, which take turns."""
    for call in calls.values():
        call()
    times = [{way: seconds(call, least) for way, call in calls.items()} for _ in range(rounds)]
    return {way: median(one[way] for one in times) for way in calls}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="run everything once, small")
    quick = parser.parse_args().quick
    import torch
    torch.set_num_threads(1)
    print(machine() + ("; quick: no figure to quote" if quick else "") + "\n")
    rounds, least, share = (1, 0.0, 10) if quick else (9, 0.05, 1)
    rows = []
    for name in JAX:
        found = medians(ways(name, share), rounds, least)
        rows.append([name, *(duration(found[way]) if way in found else "–" for way in WAYS)])
    print(table(["called with arrays", *WAYS], rows))
    found = medians(options(share), rounds, least)
    print("\n" + table([OPTIONS, *found], [["100,000 rows", *map(duration, found.values())]]))


if __name__ == "__main__":
    main()
