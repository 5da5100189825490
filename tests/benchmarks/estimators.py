"""Estimators beside scikit-learn's own: the time of a fit to the same loss, from the same first weights and order.

    python tests/benchmarks/estimators.py           a minute or two; prints Markdown
    python tests/benchmarks/estimators.py --quick   a few epochs; no figure worth quoting

Both make the same steps, so they come to the same losses, which is checked before anything is printed. They take turns;
the figures are medians. BLAS has one thread: on small matrices more cost time. A first fit compiles, and is told apart.
"""
import argparse
import time
import warnings
from statistics import median
from typing import Any

import numpy as np
from report import duration, figure, machine, table
from sklearn import neural_network
from sklearn.datasets import load_digits, make_moons
from threadpoolctl import threadpool_limits

from microgradx import estimators

Problem = tuple[str, Any, Any, dict[str, Any]]


def problems() -> list[Problem]:
    """What is learned: a name, the estimator's class, the data, the parameters."""
    moons, digits = make_moons(200, noise=0.1, random_state=0), load_digits(return_X_y=True)
    digits = digits[0] / 16, digits[1]
    plane = moons[0], np.sin(2 * moons[0][:, 0]) * moons[0][:, 1]
    return [
        ("moons, 2-16-16-1, batches of 200", "MLPClassifier", moons, {"hidden_layer_sizes": (16, 16)}),
        ("moons, 2-16-16-1, batches of 20", "MLPClassifier", moons, {"hidden_layer_sizes": (16, 16), "batch_size": 20}),
        ("a surface, 2-32-1, lbfgs", "MLPRegressor", plane,
         {"hidden_layer_sizes": (32,), "activation": "tanh", "solver": "lbfgs"}),
        ("digits, 64-32-10, batches of 200", "MLPClassifier", digits, {"hidden_layer_sizes": (32,)}),
        ("digits, 64-100-10, batches of 200", "MLPClassifier", digits, {"hidden_layer_sizes": (100,)}),
    ]


def fitted(package: Any, problem: Problem, epochs: int) -> tuple[float, float]:
    """The time of a fit, and the loss that it comes to."""
    _, kind, (x, y), given = problem
    model = getattr(package, kind)(**{"batch_size": 200, **given}, max_iter=epochs, tol=0.0, n_iter_no_change=epochs,
                                   random_state=1)
    start = time.perf_counter()
    model.fit(x, y)
    return time.perf_counter() - start, model.loss_


def row(problem: Problem, epochs: int, turns: int) -> list[str]:
    """A line of the table. SystemExit if the losses differ."""
    first, loss = fitted(estimators, problem, epochs)
    times: dict[Any, list[float]] = {estimators: [], neural_network: []}
    for _ in range(turns):
        for package, found in times.items():
            seconds, other = fitted(package, problem, epochs)
            found.append(seconds)
            if not np.isclose(loss, other, 1e-6, 1e-8):
                raise SystemExit(f"{problem[0]}: one comes to a loss of {loss}, the other to {other}")
    ours, theirs = median(times[estimators]), median(times[neural_network])
    return [problem[0], f"{loss:.4g}", duration(theirs), duration(ours), figure(ours / theirs), duration(first)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few epochs")
    quick = parser.parse_args().quick
    warnings.simplefilter("ignore")                     # of epochs that are too few to converge
    with threadpool_limits(1):
        rows = [row(problem, 3 if quick else 50, 1 if quick else 7) for problem in problems()]
    print(machine() + "\n")
    print(table(["", "loss", "scikit-learn", "microgradx", "ratio", "first fit"], rows))


if __name__ == "__main__":
    main()
