"""CasADi: the programs as graphs of scalars (SX), differentiated by it and run by its virtual machine.

Arguments and results stay in buffers that it is given once: its fastest way of being called.
"""
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from problems import PROBLEMS, Problem, flat
from programs import DECAY, RATE

from . import Solution, Solver

Loss = Callable[[Any, Any], Any]                    # of parameters and data, both dicts of matrices


def expression(p: Any, data: Any) -> Any:
    """W1."""
    from casadi import fmax
    a, b = p["a"], p["b"]
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + fmax(b + a, 0)
    d += 3 * d + fmax(b - a, 0)
    e = c - d
    f = e**2
    return f / 2.0 + 10.0 / f


def neuron(p: Any, data: Any) -> Any:
    """W2."""
    from casadi import dot, tanh
    return tanh(dot(p["w"], p["x"]) + p["b"])


def mlp(p: Any, x: Any) -> Any:
    """The outputs for each column of inputs: relu between the layers."""
    from casadi import fmax, repmat
    *hidden, last = range(len(p) // 2)
    for i in hidden:
        x = fmax(p[f"{i}.weight"] @ x + repmat(p[f"{i}.bias"], 1, x.shape[1]), 0)
    return p[f"{last}.weight"] @ x + repmat(p[f"{last}.bias"], 1, x.shape[1])


def moons(p: Any, data: Any) -> Any:
    """W3."""
    from casadi import fmax, sum2, sumsqr
    margins = fmax(1 - data["labels"].T * mlp(p, data["points"].T), 0)
    return sum2(margins) / margins.shape[1] + DECAY * sum(sumsqr(v) for v in p.values())


def digit(p: Any, data: Any) -> Any:
    """W4."""
    from casadi import sumsqr
    outputs = mlp(p, data["pixels"])
    outputs[0] -= 1
    return sumsqr(outputs)


def lstm(p: Any, data: Any) -> Any:
    """The 24 steps written out."""
    from casadi import SX, exp, sumsqr, tanh, vertsplit
    h = c = SX.zeros(16)
    total = 0
    for t in range(24):
        gates = p["weight_ih"] @ data["xs"][t, :].T + p["bias_ih"] + p["weight_hh"] @ h + p["bias_hh"]
        enter, forget, new, out = vertsplit(gates, 16)
        c = c / (1 + exp(-forget)) + tanh(new) / (1 + exp(-enter))
        h = tanh(c) / (1 + exp(-out))
        total += sumsqr(h - data["targets"][t, :].T)
    return total / (24 * 16)


# Solvers -----------------------------------------------------------------------------------------------------------

def symbols(numbers: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """One vector of symbols for all these numbers, and the matrices, in rows, that it falls into."""
    from casadi import SX
    vector, found, place = SX.sym("v", len(flat(numbers))), {}, 0
    for name, nest in numbers.items():
        count, columns = len(flat([nest])), len(nest[0]) if isinstance(nest, list) and isinstance(nest[0], list) else 1
        found[name] = vector[place:place + count].reshape((columns, count // columns)).T
        place += count
    return vector, found


def solve(loss: Loss, problem: Problem) -> Solution:
    """A run is a call; a step of training gives the moved parameters, which are its next input."""
    import casadi
    import numpy as np
    begin = time.perf_counter()
    vector, parameters = symbols(problem.parameters)
    given, data = symbols(problem.data)
    value = loss(parameters, data)
    slopes = casadi.gradient(value, vector)
    f = casadi.Function("f", [vector, given], [value, vector - RATE * slopes if problem.lengths else slopes])

    buffer, call = f.buffer()
    first = np.array(flat(problem.parameters))
    inputs, results = (first.copy(), np.array(flat(problem.data))), (np.zeros(1), np.zeros_like(first))
    for i, array in enumerate(inputs):
        buffer.set_arg(i, memoryview(array))
    for i, array in enumerate(results):
        buffer.set_res(i, memoryview(array))

    def run(runs: int) -> None:
        if not problem.lengths:
            for _ in range(runs):
                call()
            return
        inputs[0][:] = first
        for _ in range(runs):
            call()
            inputs[0][:] = results[1]

    def numbers(alive: Any = buffer) -> list[float]:        # the call does not keep its buffer alive, this does
        return [x for array in results for x in array.tolist()]
    run(len(problem.lengths) or 1)
    return Solution(run, numbers, time.perf_counter() - begin)


def solvers(variant: str) -> dict[str, Solver]:
    """Not LeNet-5 and the GPT: they would have to be written out in scalars by hand."""
    losses = {"W1 README expression": expression, "W2 tanh neuron": neuron, "W3 moons step": moons,
              "W4 784-50-10": digit, "LSTM 8-16, 24 steps": lstm}
    return {name: partial(solve, losses[name]) for name in PROBLEMS if name in losses}
