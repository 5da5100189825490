"""First names, letter by letter: a recurrent network, GRU, LSTM and a one-layer GPT learn which letter comes next.

Each must beat the bigram baseline, the frequencies of the letters after each letter: that needs a look further back.
The GPT is that of Karpathy's microgpt: 16 wide, 4 heads, context 16, RMSNorm without weights, no biases, ReLU. Data:
names.txt, 32,033 names (US Social Security, public domain).
"""
import math
import random
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Any

from ... import activations
from ...engine import Value
from ...nn import GRU, LSTM, RNN, Embedding, Linear, Module, MultiheadAttention, RMSNorm, cross_entropy, init
from ...recording import no_grad
from .. import Adam, LinearLR, evaluate, fit, split
from ..outcome import Outcome
from .target import Target, compiled, outcome, print_losses

LETTERS = ".abcdefghijklmnopqrstuvwxyz"         # 0, the dot, begins and ends a name
CONTEXT, WIDTH, HEADS = 16, 16, 4
Tokens = list[int]


def names() -> tuple[list[Tokens], list[Tokens]]:
    """For each name the input letters, ".emma", and the next letter after each, "emma."; as numbers."""
    words = files(__package__.rpartition(".")[0]).joinpath("names.txt").read_text("ascii").split()
    tokens = [[LETTERS.index(letter) for letter in f".{word}."] for word in words]
    return [t[:-1][:CONTEXT] for t in tokens], [t[1:][:CONTEXT] for t in tokens]


# Models: from tokens to the logits of the next letter after each ---------------------------------------------------

class Bigram(Module):
    """The baseline: how often each letter followed this one. Counts start at 1, so that no pair is impossible."""

    def __init__(self, xs: Sequence[Tokens], ys: Sequence[Tokens]) -> None:
        counts = [[1] * len(LETTERS) for _ in LETTERS]
        for x, y in zip(xs, ys):
            for a, b in zip(x, y):
                counts[a][b] += 1
        self.logits = [[Value(math.log(n)) for n in row] for row in counts]

    def forward(self, tokens: Tokens) -> Any:
        """(L) to (L, letters)."""
        return [self.logits[t] for t in tokens]


class RecurrentModel(Module):
    """A model with a state from letter to letter: RNN, GRU or LSTM."""

    def __init__(self, kind: Any, hidden: int) -> None:
        self.embedding, self.layer = Embedding(len(LETTERS), 8), kind(8, hidden)
        self.head = Linear(hidden, len(LETTERS))

    def forward(self, tokens: Tokens) -> Any:
        """(L) to (L, letters)."""
        outputs, _ = self.layer(self.embedding(tokens))
        return self.head(outputs)


class GPT(Module):
    """One layer: each letter attends to itself and all letters before it, with four heads."""

    def __init__(self) -> None:
        self.wte, self.wpe = Embedding(len(LETTERS), WIDTH), Embedding(CONTEXT, WIDTH)
        self.norm = RMSNorm(WIDTH, eps=1e-5, elementwise_affine=False)
        self.attention = MultiheadAttention(WIDTH, HEADS, bias=False)
        self.fc1, self.fc2 = Linear(WIDTH, 4 * WIDTH, bias=False), Linear(4 * WIDTH, WIDTH, bias=False)
        self.head = Linear(WIDTH, len(LETTERS), bias=False)
        init.normal_(self.parameters(), std=0.08)

    def forward(self, tokens: Tokens) -> Any:
        """(L) to (L, letters), L up to 16."""
        x = self.norm(added(self.wte(tokens), self.wpe(list(range(len(tokens))))))
        y = self.norm(x)
        x = added(x, self.attention(y, y, y, need_weights=False, is_causal=True)[0])
        y = [[activations.relu(v) for v in row] for row in self.fc1(self.norm(x))]
        return self.head(added(x, self.fc2(y)))


def added(a: Any, b: Any) -> Any:
    """The sum of two matrices."""
    return [[p + q for p, q in zip(row, other)] for row, other in zip(a, b)]


MODELS = {"RNN": lambda: RecurrentModel(RNN, 32), "GRU": lambda: RecurrentModel(GRU, 24),
          "LSTM": lambda: RecurrentModel(LSTM, 24), "GPT": GPT}


# Training and writing ------------------------------------------------------------------------------------------

def loss(model: Module, x: Tokens, y: Tokens) -> Any:
    """The cross-entropy of the next letter, the mean over a name."""
    return cross_entropy(model(x), y)


def sample(model: Module, rng: random.Random, temperature: float = 0.7) -> str:
    """A random name from the model. A low temperature prefers likely letters."""
    tokens = [0]
    with no_grad():
        while len(tokens) <= CONTEXT:
            shares = activations.softmax([v.data / temperature for v in model(tokens)[-1]])
            letter, = rng.choices(range(len(LETTERS)), shares)
            if letter == 0:
                break
            tokens.append(letter)
    return "".join(LETTERS[t] for t in tokens[1:])


def run(full: bool, seed: int) -> Iterator[Outcome | Target]:
    """Train for 600 steps of one name; in full 10,000. Validate on 100, or 1,000, names that are not for training."""
    train, (xs, ys) = split(*names(), 0.1, seed)
    steps, kept, lr = (10_000, 1000, 0.01) if full else (600, 100, 0.02)
    xs, ys = xs[:kept], ys[:kept]
    bigram = evaluate(Bigram(*train), xs, ys, loss)
    print(f"{len(train[0]):,} names to learn from; loss on {kept} others: "
          f"a guess {math.log(27):.3f}, bigram {bigram:.3f}")
    for name, make in MODELS.items():
        random.seed(seed)
        model = make()
        print(f"{name}, {len(model.parameters()):,} parameters")
        optimiser = Adam(model.parameters(), lr=lr, betas=(0.85, 0.99))
        history = compiled(fit, model, *train, loss, optimiser, steps=steps, batch_size=1,
                           schedule=LinearLR(1.0, 0.0, steps), seed=seed)
        print_losses(history)
        rng = random.Random(seed)
        print("  it writes:", ", ".join(sample(model, rng) for _ in range(10)))
        yield outcome(name, history)
        yield Target(f"validation loss of the {name}", compiled(evaluate, model, xs, ys, loss), most=bigram)
