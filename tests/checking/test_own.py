"""gradcheck of functions of torch's and JAX's arrays: the backward pass that users wrote for them."""
import re

import numpy as np
import pytest

from microgradx import GradientError, gradcheck


def test_a_torch_function(torch):
    class Cube(torch.autograd.Function):
        power = 2

        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, g):
            x, = ctx.saved_tensors
            return 3 * x**Cube.power * g

    x = torch.tensor([0.5, -2.0, 1.5])
    for given in (x, x.double(), x.double().reshape(3, 1)):
        Cube.power = 2
        assert gradcheck(Cube.apply, given)
        Cube.power = 1
        with pytest.raises(GradientError):
            gradcheck(Cube.apply, given)
    assert not x.requires_grad and x.grad is None


def test_torch_gradients_by_several_tensors(torch):
    a, b = torch.rand(2, 3, dtype=torch.float64), torch.rand(3, dtype=torch.float64)
    assert gradcheck(lambda a, b, n: (a @ b).sum() ** n, a, b, 2)
    assert gradcheck(lambda a, b: a @ b, a, b)
    assert gradcheck(lambda a, b: (a.sum(), [b.sum()]), a, b)
    assert gradcheck(lambda a: torch.sin(a).sum(), a, grad=torch.cos)
    with pytest.raises(GradientError, match="2 times"):
        gradcheck(lambda a: torch.sin(a).sum(), a, grad=lambda a: 2 * torch.cos(a))
    with pytest.raises(TypeError, match="write gradcheck"):
        gradcheck(lambda a: a, torch.tensor([1, 2]))
    with pytest.raises(TypeError, match=re.escape("args[1] is 2.0, by which torch does not differentiate")):
        gradcheck(lambda a, b: a * b, torch.ones(1), 2.0)
    with pytest.raises(TypeError, match=re.escape("some within a list or dict; write gradcheck(f, x, grad=df)")):
        gradcheck(lambda p: p["a"].sum(), {"a": torch.ones(1)})


def test_many_points_in_one_call_of_torch(torch):
    calls = []

    def f(x, c):
        calls.append(1)
        return (c * torch.sin(x).sum(-1)).squeeze()

    x = torch.linspace(0.1, 2, 30, dtype=torch.float64)
    for given in (x, x.float()):
        assert gradcheck(f, given, torch.tensor(2.0), batched=True)
    assert len(calls) <= 2 * (3 * 31 + 71)
    assert gradcheck(lambda x: (x.T @ x).sum(), x.reshape(5, 6), batched=torch.vmap(lambda x: (x.T @ x).sum()))
    with pytest.raises(GradientError, match="2 times"):
        gradcheck(f, x, torch.tensor(2.0), grad=lambda x, c: (4 * torch.cos(x), torch.sin(x).sum()), batched=True)


@pytest.mark.slow
def test_a_jax_custom_vjp():
    jax = pytest.importorskip("jax")

    def cube(factor):
        @jax.custom_vjp
        def f(x):
            return x**3
        f.defvjp(lambda x: (x**3, x), lambda x, g: (factor * x**2 * g,))
        return f

    x = jax.numpy.asarray(np.array([0.5, -2.0, 1.5]))
    assert gradcheck(cube(3), x) and gradcheck(lambda x, y: jax.numpy.sum(x) * y[0], x, x)
    with pytest.raises(GradientError, match=r"0\.6666666667 times"):
        gradcheck(lambda x: cube(2)(x).sum(), x)


@pytest.mark.slow
def test_many_points_in_one_call_of_jax():
    jax = pytest.importorskip("jax")

    def f(p):
        return jax.numpy.sum(jax.numpy.sin(p["a"])) * p["b"]

    given = {"a": jax.numpy.linspace(0.1, 2, 30), "b": jax.numpy.asarray(1.5)}
    calls = []
    many = jax.jit(jax.vmap(f))
    assert gradcheck(f, given, grad=jax.grad(f), batched=lambda p: calls.append(1) or many(p))
    assert len(calls) <= 4 * 31 + 45
    with pytest.raises(GradientError, match="sign"):
        gradcheck(f, given, grad=lambda p: {**jax.grad(f)(p), "b": -jax.grad(f)(p)["b"]}, batched=many)
