"""The numbers of the compiled programs: parameters by torch's names and in torch's shapes, data, steps of training.

    >>> from problems import PROBLEMS
    >>> lstm = PROBLEMS["LSTM 8-16, 24 steps"](1)
    >>> {name: len(rows) for name, rows in lstm.parameters.items()}
    {'weight_ih': 64, 'weight_hh': 64, 'bias_ih': 64, 'bias_hh': 64}

Every peer starts from these. What it must arrive at: the loss and the gradient by all parameters; in a problem of
training the last loss and the parameters as they have become. Flattened, they are compared number by number.
"""
import math
import random
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from programs import PROGRAMS, SEED, moons, pixels, weights

NAMES = Path(__file__).resolve().parents[2] / "microgradx" / "training" / "names.txt"
LETTERS = ".abcdefghijklmnopqrstuvwxyz"             # 0, the dot, begins and ends a name
CONTEXT, WIDTH, HEADS, LETTERS_COUNT = 16, 16, 4, len(LETTERS)
LR, BETAS, EPS = 0.01, (0.85, 0.99), 1e-8           # Adam as in microgpt, lr falls to 0 in a straight line
MOONS_STEPS, GPT_STEPS = 100, 1000
TARGET = 3                                          # the digit that LeNet-5's image is said to show


class Problem(NamedTuple):
    """What a program starts from."""

    parameters: dict[str, Any]
    data: dict[str, Any]
    lengths: Sequence[int] = ()                     # of each step of training its share of the work; () for none
    share: int = 1

    def steps(self, most: int) -> int:
        """How many steps a run has for a peer that takes so many at most; 0 where nothing is trained."""
        return min(len(self.lengths), most)

    def effort(self, steps: int) -> float:
        """How many steps of average length the first `steps` are."""
        return sum(self.lengths[:steps]) * len(self.lengths) / sum(self.lengths)


def flat(nest: Any) -> list[float]:
    """All numbers of nested lists, or of a dict of them, in order."""
    if isinstance(nest, dict):
        nest = list(nest.values())
    return [x for part in nest for x in flat(part)] if isinstance(nest, (list, tuple)) else [float(nest)]


def uniform(rng: random.Random, bound: float, *sizes: int) -> Any:
    """Nested lists of these sizes, drawn evenly within ±bound."""
    if not sizes:
        return rng.uniform(-bound, bound)
    return [uniform(rng, bound, *sizes[1:]) for _ in range(sizes[0])]


def network(sizes: list[int]) -> dict[str, Any]:
    """The network of programs.py as weights (outputs, inputs) and biases."""
    layers = [([ws for ws, _ in layer], [b for _, b in layer]) for layer in weights(sizes)]
    return {f"{i}.{name}": part for i, pair in enumerate(layers) for name, part in zip(("weight", "bias"), pair)}


# The problems ----------------------------------------------------------------------------------------------------

def expression(share: int) -> Problem:
    """W1: the expression in micrograd's README, by a and b."""
    return Problem({"a": -4.0, "b": 2.0}, {})


def neuron(share: int) -> Problem:
    """W2: one tanh neuron of three inputs, by all seven numbers."""
    return Problem({"w": [0.3, -0.5, 0.8], "x": [1.0, 2.0, -0.5], "b": 0.1}, {})


def moons_training(share: int) -> Problem:
    """W3: 100 steps, as in micrograd's demonstration, of a 2-16-16-1 network on 100 points."""
    samples = moons(100 // share)
    data = {"points": [x for x, _ in samples], "labels": [label for _, label in samples]}
    return Problem(network([2, 16, 16, 1]), data, [1] * (MOONS_STEPS // share), share)


def digit(share: int) -> Problem:
    """W4: a 784-50-10 network, squared error of one image against a one-hot target."""
    return Problem(network([784 // share, 50, 10]), {"pixels": pixels(784 // share)}, (), share)


def lenet5(share: int) -> Problem:
    """W5: LeNet-5, cross entropy of one image. Names as in Sequential(Conv2d, Tanh, MaxPool2d, ...)."""
    rng, parameters = random.Random(SEED), {}
    for place, *sizes in ((0, 6, 1, 5, 5), (3, 16, 6, 5, 5), (7, 120, 400), (9, 84, 120), (11, 10, 84)):
        bound = 1 / math.sqrt(math.prod(sizes[1:]))
        parameters[f"{place}.weight"] = uniform(rng, bound, *sizes)
        parameters[f"{place}.bias"] = uniform(rng, bound, sizes[0])
    rows = pixels(784)
    return Problem(parameters, {"pixels": [rows[i:i + 28] for i in range(0, 784, 28)], "target": TARGET})


@cache
def gpt_training(share: int) -> Problem:
    """W6: 1,000 steps of one name each for microgpt's GPT, Adam included. Data: the letters, a dot at both ends."""
    rng = random.Random(SEED)
    shapes = {"wte.weight": (LETTERS_COUNT, WIDTH), "wpe.weight": (CONTEXT, WIDTH),
              "attention.in_proj_weight": (3 * WIDTH, WIDTH), "attention.out_proj.weight": (WIDTH, WIDTH),
              "fc1.weight": (4 * WIDTH, WIDTH), "fc2.weight": (WIDTH, 4 * WIDTH), "head.weight": (LETTERS_COUNT, WIDTH)}
    parameters = {name: [[rng.gauss(0, 0.08) for _ in range(i)] for _ in range(o)] for name, (o, i) in shapes.items()}
    names = rng.sample(NAMES.read_text("ascii").split(), GPT_STEPS // share)
    tokens = [[LETTERS.index(letter) for letter in f".{name}."][:CONTEXT + 1] for name in names]
    return Problem(parameters, {"names": tokens}, [len(t) - 1 for t in tokens], share)


def lstm(share: int) -> Problem:
    """An LSTM of 8 inputs and 16 hidden units over 24 steps, mean squared error of all outputs."""
    rng, bound = random.Random(SEED), 1 / math.sqrt(16)
    parameters = {"weight_ih": uniform(rng, bound, 64, 8), "weight_hh": uniform(rng, bound, 64, 16),
                  "bias_ih": uniform(rng, bound, 64), "bias_hh": uniform(rng, bound, 64)}
    return Problem(parameters, {"xs": uniform(rng, 1.0, 24, 8), "targets": uniform(rng, 1.0, 24, 16)})


PROBLEMS: dict[str, Callable[[int], Problem]] = {
    **dict(zip(PROGRAMS, (expression, neuron, moons_training, digit), strict=True)),
    "W5 LeNet-5": lenet5, "W6 microgpt step": gpt_training, "LSTM 8-16, 24 steps": lstm}
