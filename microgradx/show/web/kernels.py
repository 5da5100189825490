"""A network's loops as JavaScript, generated from the rows: what lab/network.js calls, over typed arrays.

    >>> from microgradx.show.web.javascript import JavaScriptRows
    >>> from microgradx.show.web.kernels import unit
    >>> forward, backward = unit(1, JavaScriptRows())
    >>> print(forward)
    (W, o, X, p) => {
      return 0 + W[o] * X[p] + W[o + 1] * 1;
    }
    >>> print(backward)
    (W, o, X, p, G, D, q, a) => {
      G[o] += X[p] * a;
      D[q] += W[o] * a;
      G[o + 1] += 1 * a;
    }

No derivative is written here: those of a unit are the slopes of the row dot, those of an activation its row's, those of
a loss follow by the chain rule on the graph that it records, and a step of an optimiser is its own update().
"""
from collections.abc import Callable
from typing import Any

from ...activations import elu, gelu, leaky_relu, relu, sigmoid, silu, softplus
from ...engine import Value, tape
from ...nn import losses
from ...ops import identity, sin, tanh
from ...reductions import dot
from ...table import Op
from ...training.adam import Adam
from ...training.optim import Optimiser
from ...training.sgd import SGD
from .javascript import JavaScriptRows
from .script import ATOM, Script, Trace, function, literal, written

UNITS = 8                                   # of a layer, at most
ROWS = (identity, relu, leaky_relu, tanh, sigmoid, softplus, elu, silu, gelu, sin)
ACTIVATIONS = tuple(op.name for op in ROWS)

# The loss of one sample: z is the network's output, t the target, for a class 1 or -1.
LOSSES: dict[str, Callable[[Any, Any], Any]] = {
    "squared": lambda z, t: losses.mse(z, t, "none"),
    "hinge": lambda z, t: losses.hinge(z, t, "none"),
    "cross entropy": lambda z, t: softplus(-(t * z)),           # bce_with_logits, for 1 and -1 in place of 1 and 0
}


def kernels(program: JavaScriptRows) -> str:
    """The JavaScript program: units, activations, losses and optimisers, each by its name."""
    units = [unit(n, program) for n in range(1, UNITS + 1)]
    parts: dict[str, dict[Any, str]] = {
        "unitForward": {n: forward for n, (forward, _) in enumerate(units, 1)},
        "unitBackward": {n: backward for n, (_, backward) in enumerate(units, 1)},
        "activate": {op.name: activation(op, program)[0] for op in ROWS},
        "activationSlope": {op.name: activation(op, program)[1] for op in ROWS},
        "lossOf": {name: loss(f, program)[0] for name, f in LOSSES.items()},
        "lossSlope": {name: loss(f, program)[1] for name, f in LOSSES.items()},
        "moved": {"sgd": update(SGD, program, "momentum"), "adam": update(Adam, program)},
    }
    return "\n".join(f"const {name} = {{{', '.join(f'{quoted(key)}: {text}' for key, text in part.items())}}};"
                     for name, part in parts.items())


def quoted(key: str | int) -> str:
    """A key of an object in JavaScript."""
    return f'"{key}"'


def unit(count: int, program: JavaScriptRows) -> tuple[str, str]:
    """A unit of `count` inputs, dot([weights, bias], [inputs, 1]): its value, and its part of the way back.

    W has the weights from place o, the bias last, X the inputs from place p. The way back adds a times the slopes to G,
    the gradients of the weights, and to D from place q, those of the inputs.
    """
    trace = Trace(program.value)
    ws, xs = _entries("W", "o", count + 1, trace), _entries("X", "p", count, trace)
    total = dot.of_lists(ws, [*xs, 1.0])
    forward = ["(W, o, X, p) => {", *_indented(trace.lines), f"  return {written(total)};", "}"]
    trace = Trace(program.value)
    ws, xs = _entries("W", "o", count + 1, trace), _entries("X", "p", count, trace)
    by_weight, by_input = dot.slopes_of_lists(Script("y", ATOM, trace), ws, [*xs, 1.0])
    lines = []
    for k, (dw, dx) in enumerate(zip(by_weight, by_input)):
        lines.append(f"{_at('G', 'o', k)} += {written(dw, ATOM)} * a;")
        if k < count:
            lines.append(f"{_at('D', 'q', k)} += {written(dx, ATOM)} * a;")
    backward = ["(W, o, X, p, G, D, q, a) => {", *_indented(trace.lines), *_indented(lines), "}"]
    return "\n".join(forward), "\n".join(backward)


def activation(op: Op, program: JavaScriptRows) -> tuple[str, str]:
    """An activation and its slope: functions of x, and of y and x. The slope is null where no gradient flows."""
    def slope(y: Any, x: Any) -> Any:
        return op.partials([True] + [False] * len(op.defaults), y, x, *op.defaults)[0]

    program.include(op, len(op.inputs))
    value = function(lambda x: op(x, *op.defaults), ["x"], program.value)
    return value, function(slope, ["y", "x"], program.value)


def loss(f: Callable[[Any, Any], Any], program: JavaScriptRows) -> tuple[str, str]:
    """A loss and its derivative by the output: functions of z and t, by the chain rule on the graph that f records."""
    z, t = Value(1.0), Value(1.0)                       # any number would do that the loss takes as a target
    name = {z: "z", t: "t"}
    forward, backward = [], []
    order = [v for v in tape(f(z, t)) if v.op is not None]
    for k, v in enumerate(order, 1):
        assert v.op is not None
        name[v] = f"v{k}"
        called = ", ".join(name[a] if isinstance(a, Value) else literal(a) for a in v.args)
        row = program.include(v.op, len(v.args))
        forward.append(f"const v{k} = values.{row}({called});")
        backward.append([f"if (d_v{k} !== null) {{", f"  const s = slopes.{row}(v{k}, {called});",
                         *(f"  if (s[{i}] !== null) d_{name[a]} = (d_{name[a]} ?? 0) + s[{i}] * d_v{k};"
                           for i, a in enumerate(v.args) if isinstance(a, Value) and a is not t), "}"])
    start = [f"let {', '.join(f'd_{x} = null' for v, x in name.items() if v is not t)};", f"d_v{len(order)} = 1;"]
    back = [line for lines in reversed(backward) for line in lines]
    return ("\n".join(["(z, t) => {", *_indented(forward), f"  return v{len(order)};", "}"]),
            "\n".join(["(z, t) => {", *_indented([*forward, *start, *back]), "  return d_z;", "}"]))


def update(kind: type[Optimiser], program: JavaScriptRows, *settings: str) -> str:
    """One step of an optimiser for one parameter: [new p, ...what it keeps], a trace of its update().

    A function of p, its gradient g, the numbers kept, the number of the step t, and the settings.
    """
    kept = [f"k{i}" for i in range(len(kind.kept))]

    def rule(p: Any, g: Any, t: Any, lr: Any, decay: Any, *rest: Any) -> list[Any]:
        optimiser = kind([Value(0.0)], lr=1.0)
        vars(optimiser).update({"weight_decay": decay, **dict(zip(settings, rest[len(kept):]))})
        moved, new = optimiser.update(p, g, rest[:len(kept)], t, lr)
        return [moved, *new]
    return function(rule, ["p", "g", "t", "lr", "decay", *kept, *settings], program.value)


def _entries(array: str, start: str, count: int, trace: Trace) -> list[Script]:
    return [Script(_at(array, start, k), ATOM, trace) for k in range(count)]


def _at(array: str, start: str, k: int) -> str:
    return f"{array}[{start} + {k}]" if k else f"{array}[{start}]"


def _indented(lines: list[str]) -> list[str]:
    return ["  " + line for line in lines]
