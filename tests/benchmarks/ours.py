"""Our side: the programs as a user of microgradx writes them, run in four ways.

    eager       value_and_grad(f), fit(...)
    python      jit(value_and_grad(f), backend="python"): generated Python, called from Python
    native      jit(value_and_grad(f)), called from Python; training by fit(..., jit=True)
    kernel      the machine code alone, run many times by a loop in C

fit() compiles anew whenever it is called. That is in the time of the first run; steps are timed on what it runs them
by, a session, which is compiled once and makes all of them in one call.

All that is known here of the compiler stands in compiled(), kernel() and stepper().
"""
import time
from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import Any, NamedTuple

from peers import Solution, Solver, native
from problems import BETAS, EPS, LR, PROBLEMS, Problem, flat
from programs import DECAY, RATE

from microgradx import Value, relu, square, tanh, value_and_grad
from microgradx import sum as sum_of
from microgradx.nn import LSTM, Linear, Module, ReLU, Sequential, hinge, l2_penalty, mse
from microgradx.training import SGD, Adam, LinearLR, Optimiser, fit
from microgradx.training.examples import lenet5, names

# The programs ----------------------------------------------------------------------------------------------------

class Gradient(NamedTuple):
    """A function, its arguments, and by which of them the gradient is wanted."""

    f: Callable[..., Any]
    args: Sequence[Any]
    argnums: int | tuple[int, ...] = 0


def expression(problem: Problem) -> Gradient:
    """W1."""
    def f(a: Any, b: Any) -> Any:
        c = a + b
        d = a * b + b**3
        c += c + 1
        c += 1 + c + (-a)
        d += d * 2 + relu(b + a)
        d += 3 * d + relu(b - a)
        e = c - d
        f = e**2
        return f / 2.0 + 10.0 / f
    return Gradient(f, list(problem.parameters.values()), (0, 1))


def neuron(problem: Problem) -> Gradient:
    """W2."""
    def f(w: Any, x: Any, b: Any) -> Any:
        return tanh(w[0] * x[0] + w[1] * x[1] + w[2] * x[2] + b)
    return Gradient(f, list(problem.parameters.values()), (0, 1, 2))


def mlp(problem: Problem) -> Module:
    """Linear layers with relu between them."""
    shapes = [(len(rows[0]), len(rows)) for name, rows in problem.parameters.items() if name.endswith("weight")]
    layers = [layer for i, o in shapes for layer in (Linear(i, o), ReLU())]
    return loaded(Sequential(*layers[:-1]), problem)


def loaded(model: Module, problem: Problem) -> Module:
    """The model with the parameters of the problem, which come in the same order."""
    model.load_state_dict(dict(zip(model.state_dict(), problem.parameters.values(), strict=True)))
    return model


def digit(problem: Problem) -> Gradient:
    """W4."""
    def f(model: Module, x: Any) -> Any:
        outputs = model(x)
        return sum_of([square(outputs[0] - 1), *map(square, outputs[1:])])
    return Gradient(f, (mlp(problem), problem.data["pixels"]))


def digits(problem: Problem) -> Gradient:
    """W5."""
    return Gradient(lenet5.loss, (loaded(lenet5.lenet5(), problem), [problem.data["pixels"]], problem.data["target"]))


def lstm(problem: Problem) -> Gradient:
    """24 steps of nn.LSTM."""
    def f(model: Module, xs: Any, targets: Any) -> Any:
        return mse(model(xs)[0], targets)
    return Gradient(f, (loaded(LSTM(8, 16), problem), *problem.data.values()))


class Training(NamedTuple):
    """What fit() is given. `optimiser` makes a new one, with nothing remembered."""

    model: Module
    xs: Sequence[Any]
    ys: Sequence[Any]
    loss: Callable[..., Any]
    optimiser: Callable[[Sequence[Value]], Optimiser]
    options: dict[str, Any]
    batches: list[list[int]]                        # of each step its samples, in the order in which fit() takes them


def moons(problem: Problem) -> Training:
    """W3."""
    points, labels = problem.data.values()
    return Training(mlp(problem), points, labels, lambda model, x, y: hinge(model(x)[0], y), partial(SGD, lr=RATE),
                    {"penalty": lambda model: DECAY * l2_penalty(model)},
                    [list(range(len(points)))] * len(problem.lengths))


def gpt(problem: Problem) -> Training:
    """W6. fit() shuffles: the names are laid out so that it meets them in the order of the others."""
    order = list(range(len(problem.lengths)))
    Random(0).shuffle(order)
    tokens = [name for _, name in sorted(zip(order, problem.data["names"], strict=True))]
    return Training(loaded(names.GPT(), problem), [t[:-1] for t in tokens], [t[1:] for t in tokens], names.loss,
                    partial(Adam, lr=LR, betas=BETAS, eps=EPS),
                    {"batch_size": 1, "seed": 0, "schedule": LinearLR(1.0, 0.0, len(tokens))},
                    [[place] for place in order])


GRADIENTS = {"W1 README expression": expression, "W2 tanh neuron": neuron, "W4 784-50-10": digit,
             "W5 LeNet-5": digits, "LSTM 8-16, 24 steps": lstm}
TRAININGS = {"W3 moons step": moons, "W6 microgpt step": gpt}


# The compiler ------------------------------------------------------------------------------------------------------

def compiled(f: Callable[..., Any], way: str) -> Any:
    """The compiled function."""
    from microgradx.compiler import jit
    return jit(f, backend="python" if way == "python" else "native")


def kernel(function: Any, args: Sequence[Any]) -> Any:
    """The machine code of a compiled function, after a call: .address, and .start of the memory that it works on."""
    return function.variant(args).kernel


def stepper(plan: Training) -> Callable[[int], float]:
    """What fit(..., jit=True) does once it has compiled: start anew and make so many steps; the loss of the last."""
    from microgradx.compiler.backends import backend
    optimiser = plan.optimiser(plan.model.parameters())
    session: Any = backend("native").session(plan.model, plan.xs, plan.ys, plan.loss, optimiser,
                                             penalty=plan.options.get("penalty"))
    schedule = plan.options.get("schedule", lambda t: 1.0)
    rates = [optimiser.lr * schedule(t) for t in range(len(plan.batches))]
    begin = memoryview(bytes(session.block)).cast("d")

    def run(steps: int) -> float:
        session.block[:], session.kept[:], optimiser.t = begin, 0.0, 0
        return session.run(plan.batches[:steps], rates[:steps])[-1][0]
    return run


# Solvers -----------------------------------------------------------------------------------------------------------

def gradient(way: str, make: Callable[[Problem], Gradient], problem: Problem) -> Solution:
    """A run is a call, or a run of the kernel."""
    f, args, argnums = make(problem)
    function = value_and_grad(f, argnums)
    last: list[Any] = []

    def run(runs: int) -> None:
        for _ in range(runs):
            last[:] = function(*args)

    def numbers() -> list[float]:
        return flat(last)

    if way == "eager":
        return Solution(run, numbers)
    function = compiled(function, way)
    begin = time.perf_counter()
    run(1)
    seconds = time.perf_counter() - begin
    if way != "kernel":
        return Solution(run, numbers, seconds)
    code = kernel(function, args)

    def alone(runs: int) -> None:
        native.run(code.address, code.start, runs)
    return Solution(alone, numbers, seconds)


def training(way: str, make: Callable[[Problem], Training], problem: Problem) -> Solution:
    """A run is so many steps, from the first parameters."""
    plan = make(problem)
    last: list[float] = []

    def fitted(steps: int) -> None:
        loaded(plan.model, problem)
        history = fit(plan.model, plan.xs, plan.ys, plan.loss, plan.optimiser(plan.model.parameters()), steps=steps,
                      jit=way == "native", **plan.options)
        last[:] = [history[-1].loss]

    def numbers() -> list[float]:
        return last + flat(plan.model.state_dict())
    if way == "eager":
        return Solution(fitted, numbers)
    begin = time.perf_counter()
    fitted(len(plan.batches))
    seconds, found = time.perf_counter() - begin, numbers()
    loaded(plan.model, problem)
    step = stepper(plan)

    def run(steps: int) -> None:
        last[:] = [step(steps)]
    run(len(plan.batches))
    assert numbers() == found, "fit() and its session differ"
    return Solution(run, numbers, seconds)


def solvers(way: str) -> dict[str, Solver]:
    """The problems that can be run this way."""
    found = {name: partial(gradient, way, make) for name, make in GRADIENTS.items()}
    if way in ("eager", "native"):
        found |= {name: partial(training, way, make) for name, make in TRAININGS.items()}
    if way == "python":
        del found["W5 LeNet-5"]                         # more operations than it takes
    return {name: found[name] for name in PROBLEMS if name in found}
