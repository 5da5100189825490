"""The page to step through: how large it is, how long it takes to make, to load, to step, to try another number; and
the lab: updates a second beside those of Python, and its longest tasks while it trains: no more than 50 ms by the
clock where the machine is free, and by the processor's time anywhere.

    python tests/benchmarks/page.py                 a minute; prints Markdown; needs chromium (see tests/browser.py)

Loading is counted from the request of the file to the first step on the screen. A step is a click on Next and all
that it redraws, a what-if another number for a leaf: everything computed anew, differences and redrawing included.
Each figure is the median of several. The network of the lab is 2-8-8-1 with tanh on 100 points of moons, Adam, full
batches; before anything is timed, three updates must agree with Python's.
"""
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))     # tests/browser.py

from report import duration, machine, table

from microgradx import Value, dot, logsumexp, prod, square, sum, tanh, tape
from microgradx import max as largest
from microgradx.nn import Linear, Sequential, Tanh, bce_with_logits
from microgradx.show.web.lab import lab
from microgradx.show.web.page import to_html
from microgradx.training import Adam, fit
from tests.browser import chromium, tasks

LOADS, STEPS = 3, 15
MEASURE = """
const redrawn = (act) => {
  const start = performance.now();
  act();
  document.body.getBoundingClientRect();                // what has changed is laid out now, not later
  return performance.now() - start;
};
const leaf = state.graph.nodes.findIndex((node) => node.op === null);
go(count());
const steps_ = [], tries = [];
for (let k = 0; k < STEPS; k += 1) steps_.push(redrawn(() => byId("next").click()));
for (let k = 0; k < STEPS; k += 1) tries.push(redrawn(() => setLeaf(leaf, k / 10)));
return [performance.getEntriesByType("navigation")[0].loadEventEnd, steps_, tries];
""".replace("STEPS", str(STEPS))


def network(*sizes):
    """The loss of a fully connected network on one sample."""
    rng = random.Random(0)
    xs = [Value(rng.gauss(0, 1)) for _ in range(sizes[0])]
    for size in sizes[1:]:
        xs = [tanh(dot([Value(rng.gauss(0, 1)) for _ in xs], xs) + Value(0.1)) for _ in range(size)]
    return sum([square(x - 1) for x in xs])


def chain(length):
    """One value after the other, the first of them used all along."""
    x = y = Value(0.5)
    for k in range(length):
        y = y.tanh() if k % 3 else y + x
    return y


def wide(size):
    """Reductions over a long list."""
    rng = random.Random(0)
    xs = [Value(rng.gauss(0, 1)) for _ in range(size)]
    return prod(xs) + largest(xs) + logsumexp(xs)


def neuron():
    w1, x1, w2, x2, b = (Value(x) for x in (-3.0, 2.0, 1.0, 0.0, 6.88))
    return (w1 * x1 + w2 * x2 + b).tanh()


GRAPHS = {"a neuron": neuron(), "MLP 2-8-8-1": network(2, 8, 8, 1), "MLP 10-18-18-12-4": network(10, 18, 18, 12, 4),
          "a chain": chain(998), "three reductions of 990": wide(990)}


def measured(browser, name, root, folder):
    """A row of the table."""
    start = time.perf_counter()
    page = to_html(root)
    made = time.perf_counter() - start
    path = folder / "page.html"
    path.write_text(page, encoding="ascii")
    rounds = []
    for _ in range(LOADS):
        browser.get(path.as_uri())
        rounds.append(browser.execute_script(MEASURE))
    load, step, what_if = ([x for r in rounds for x in (r[k] if k else [r[k]])] for k in range(3))
    times = [duration(statistics.median(ms) / 1000) for ms in (load, step, what_if)]
    return [name, f"{len(tape(root)):,}", f"{len(page) / 1000:.0f} kB", duration(made), *times]


TRAIN = """
alter({config: {...CONFIG, share: 0, count: 100, rate: 0.01}});
const {network, training} = lab.trainer, first = [...network.weights];
for (let k = 0; k < 3; k += 1) lab.trainer.step();
const third = [...network.weights], rates = [];
for (let n = 0; n < 7; n += 1) {
  const start = performance.now();
  for (let k = 0; k < 200; k += 1) lab.trainer.step();
  rates.push(200000 / (performance.now() - start));
}
return [first, third, training, rates];
"""
PLAY = """
const [config, seconds, done] = arguments;
alter({config: {...CONFIG, ...config}, pace: "fast", playing: true});
setTimeout(() => { alter({playing: false}); done(); }, 1000 * seconds);
"""
LABS = {"moons, 2-8-8-1": {}, "a curve, 1-8-8-1": {"data": "curve", "loss": "squared"},
        "500 points, six layers of 8": {"layers": [{"units": 8, "act": "gelu"}] * 6, "count": 500, "share": 0}}


class Same:
    """The network of the page in Python, from the same weights."""

    def __init__(self, weights, training):
        numbers, layers = iter(weights), [Linear(2, 8), Linear(8, 8), Linear(8, 1)]
        self.order = [v for layer in layers for row, b in zip(layer.weight, layer.bias) for v in (*row, b)]
        for v in self.order:                            # as in the page: for each unit its weights, then its bias
            v.data = float(next(numbers))
        self.model = Sequential(layers[0], Tanh(), layers[1], Tanh(), layers[2])
        self.xs, self.ys = [p["x"] for p in training], [(p["t"] + 1) / 2 for p in training]
        self.optimiser = Adam(self.model.parameters(), lr=0.01)

    def train(self, steps, jit=False):
        """Updates a second."""
        start = time.perf_counter()
        fit(self.model, self.xs, self.ys, lambda model, x, y: bce_with_logits(model(x)[0], y), self.optimiser,
            steps=steps, jit=jit)
        return steps / (time.perf_counter() - start)


def trained(browser, folder):
    """The table of the lab."""
    path = folder / "lab.html"
    path.write_text(lab(), encoding="ascii")
    browser.get(path.as_uri())
    first, third, training, rates = browser.execute_script(TRAIN)
    eager, compiled = Same(first, training), Same(first, training)
    eager.train(3)
    assert all(abs(v.data - w) <= 1e-12 * max(1, abs(w)) for v, w in zip(eager.order, third, strict=True))
    compiled.train(3, jit=True)
    found = {"the page": statistics.median(rates), "Python, eager": eager.train(20),
             "Python, compiled": compiled.train(2000, True)}
    rows = [[who, f"{rate:,.0f}", f"{rate / found['the page']:.3g}"] for who, rate in found.items()]
    return table(["moons, 2-8-8-1", "updates a second", "of the page's"], rows)


def longest(name, folder):
    """A row: the longest tasks of the page while it trains and draws, by Chromium's trace."""
    with chromium(traced=True) as browser:
        browser.get((folder / "lab.html").as_uri())
        browser.execute_async_script(PLAY, LABS[name], 1)               # the second time all is compiled
        browser.execute_script("performance.mark('since')")
        browser.execute_async_script(PLAY, LABS[name], 4)
        found = tasks(browser)
    return [name, f"{len(found):,}", *(f"{max(each):.0f} ms" for each in zip(*found)),
            f"{sum(wall > 50 for wall, _ in found):,}"]


def main():
    with chromium() as browser, tempfile.TemporaryDirectory() as folder:
        rows = [measured(browser, name, root, Path(folder)) for name, root in GRAPHS.items()]
        training = trained(browser, Path(folder))
        tasks_of = [longest(name, Path(folder)) for name in LABS]
    print(table(["graph", "values", "page", "made in", "loads in", "a step", "a what-if"], rows))
    print(f"\n{training}\n")
    print(table(["while it trains", "tasks", "the longest", "of the processor's time", "over 50 ms"], tasks_of))
    print(f"\n{machine()}")


if __name__ == "__main__":
    main()
