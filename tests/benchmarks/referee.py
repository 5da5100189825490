"""How many wrong gradients does a check find, and how many right ones does it reject? The table of docs/check.md.

    python tests/benchmarks/referee.py              # 300 random functions, 1,200 in all; --quick 5, --count 3000

Random smooth functions of three numbers, written in plain floats, NumPy, torch and torch's single precision, at random
points. Their right gradients are torch's in double precision. In each one number of the gradient is then made wrong by
one part in a hundred, ten thousand, ten million. The same for torch.autograd.gradcheck and jax.test_util.check_grads
with their own tolerances. It needs torch; without jax its line is left out.
"""
import argparse
import math
import random
from types import SimpleNamespace

import numpy as np

from microgradx import GradientError, gradcheck

OPERATIONS = ["add", "mul", "div", "sin", "cos", "tanh", "exp", "log", "root"]
FUNCTIONS = ["sin", "cos", "tanh", "exp", "log", "sqrt"]
SHARES = (0.0, 1e-2, 1e-4, 1e-7)


class Program:
    """A random function: each step is an operation on two of the numbers so far."""

    def __init__(self, rng):
        self.steps = [(rng.choice(OPERATIONS), rng.randrange(k), rng.randrange(k))
                      for k in range(3, 3 + rng.randint(4, 10))]

    def __call__(self, xs, on):
        pool = list(xs)
        for name, i, j in self.steps:
            a, b = pool[i], pool[j]
            pool.append(a + b if name == "add" else a * b * 0.5 if name == "mul" else a / (b * b + 1) if name == "div"
                        else on.exp(on.tanh(a)) if name == "exp" else on.log(a * a + 1) if name == "log"
                        else on.sqrt(a * a + 1) if name == "root" else getattr(on, name)(a))
        return pool[-1] + pool[-2] * 0.5 + pool[0] * pool[1] * pool[2]


def gradient(f, x):
    """The right gradient, by torch in double precision."""
    import torch
    given = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    f(given, torch).backward()
    return given.grad.numpy()


def planted(right, share, k):
    """The gradient with entry k off by a share."""
    return right * (1 + share * (np.arange(3) == k))


def ours(f, x, claim):
    """Does our check accept it?"""
    try:
        return gradcheck(f, x, grad=lambda _: claim)
    except GradientError:
        return False


def plain(f, x, claim):
    try:
        return gradcheck(lambda p: f(p, math), x.tolist(), grad=lambda p: claim.tolist())
    except GradientError:
        return False


def numpy(f, x, claim):
    return ours(lambda p: f(p, np), x, claim)


def of_torch(f, x, claim):
    import torch
    return ours(lambda p: f(p, torch), torch.tensor(x), torch.tensor(claim))


def single(f, x, claim):
    import torch
    return ours(lambda p: f(p, torch), torch.tensor(x, dtype=torch.float32), torch.tensor(claim, dtype=torch.float32))


def torchs_own(f, x, claim):
    import torch

    class Wrong(torch.autograd.Function):
        """The function with the claimed gradient."""

        @staticmethod
        def forward(ctx, p):
            return f(p, torch)

        @staticmethod
        def backward(ctx, g):
            return g * torch.as_tensor(claim)

    return torch.autograd.gradcheck(Wrong.apply, torch.tensor(x, requires_grad=True), raise_exception=False)


def jaxs_own(f, x, claim):
    import jax
    from jax.test_util import check_grads
    jax.config.update("jax_enable_x64", True)
    on = SimpleNamespace(**{name: getattr(jax.numpy, name) for name in FUNCTIONS})
    wrong = jax.custom_vjp(lambda p: f(p, on))
    wrong.defvjp(lambda p: (f(p, on), None), lambda _, g: (g * jax.numpy.asarray(claim),))
    try:
        check_grads(wrong, (jax.numpy.asarray(x),), order=1, modes=["rev"])
    except AssertionError:
        return False
    return True


CHECKS = {"plain floats": plain, "NumPy": numpy, "torch": of_torch, "torch, single precision": single,
          "`torch.autograd.gradcheck`": torchs_own, "`jax.test_util.check_grads`": jaxs_own}


def rejected(check, count):
    """For each share how many of `count` gradients the check rejects."""
    found = dict.fromkeys(SHARES, 0)
    for seed in range(count):
        rng = random.Random(seed)
        f, x = Program(rng), np.array([rng.uniform(-2, 2) for _ in range(3)])
        right = gradient(f, x)
        if check is single:
            x = x.astype(np.float32).astype(np.float64)
            right = gradient(f, x)
        k = max(range(3), key=lambda i: abs(right[i]))
        for share in SHARES:
            found[share] += not check(f, x, planted(right, share, k))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--count", type=int, default=300)
    options = parser.parse_args()
    count = 5 if options.quick else options.count
    print(f"| of {count:,} random functions | right, rejected | off by 1e-2, found | by 1e-4 | by 1e-7 |")
    print("|---|---|---|---|---|")
    for name, check in CHECKS.items():
        try:
            few = min(count, 300) if check is jaxs_own else count
            found = rejected(check, few)
        except ImportError as missing:
            print(f"{missing}: left out")
            continue
        cells = [f"{found[0.0]}", *(f"{found[share] / few:.1%}" for share in SHARES[1:])]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
