"""Transforms against JAX's, of arrays, eager and in jit: the same numbers, nesting and shapes."""
from typing import NamedTuple

import pytest

import microgradx as mg

np = pytest.importorskip("numpy", reason="numpy is not installed: pip install numpy")

X, Y = np.array([0.5, -1.0, 2.0]), np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


class Pair(NamedTuple):
    a: object
    b: object


def scalar(x, y):
    return x[0] * x[1] * y[0][1] + x[2] ** 2 * y[1][2] ** 2


def row(r, x):
    return r[0] * x[1] + r[2] ** 2


def vector(listed):
    return lambda x, y: listed([x[0] * y[0][0], x[1] ** 2, x[2] * y[1][1]])


def nested(listed):
    return lambda d: {"u": listed([d["a"][0] * d["b"][0][1], d["a"][1] ** 2]), "v": d["a"][2] * d["b"][1][0]}


def named(listed):
    return lambda p: Pair(listed([p.a[0] * p.b, p.a[1]]), p.b ** 2)


def chosen(listed):
    return lambda d: nested(listed)(d)["v"] ** 2 * nested(listed)(d)["u"][0]


DICT, PAIR = {"a": X, "b": Y}, Pair(X, 2.0)
CASES = {                                           # m: microgradx or JAX; n: a list as each of them returns it
    "grad by two": lambda m, n: m.grad(scalar, (0, 1))(X, Y),
    "value_and_grad by one of a tuple": lambda m, n: m.value_and_grad(scalar, (1,))(X, Y),
    "hessian": lambda m, n: m.hessian(scalar)(X, Y), "hessian by two": lambda m, n: m.hessian(scalar, (0, 1))(X, Y),
    "hessian of a dict": lambda m, n: m.hessian(chosen(n))(DICT),
    "jacrev": lambda m, n: m.jacrev(vector(n))(X, Y), "jacfwd by two": lambda m, n: m.jacfwd(vector(n), (0, 1))(X, Y),
    "jacrev of a dict": lambda m, n: m.jacrev(nested(n))(DICT),
    "jacfwd of a dict": lambda m, n: m.jacfwd(nested(n))(DICT),
    "jacrev of a pair": lambda m, n: m.jacrev(named(n))(PAIR),
    "jacfwd of jacrev": lambda m, n: m.jacfwd(m.jacrev(scalar))(X, Y),
    "jacrev of jacfwd": lambda m, n: m.jacrev(m.jacfwd(scalar, 1), 0)(X, Y),
    "jvp": lambda m, n: m.jvp(vector(n), (X, Y), (X, Y)),
    "vjp": lambda m, n: m.vjp(vector(n), X, Y)[1](n([1.0, 2.0, 3.0])),
    "vmap": lambda m, n: m.vmap(row, (0, None))(Y, X),
    "vmap of grad": lambda m, n: m.vmap(m.grad(row), (0, None))(Y, X),
    "vmap of value_and_grad": lambda m, n: m.vmap(m.value_and_grad(row), (0, None))(Y, X),
    "vmap of hessian": lambda m, n: m.vmap(m.hessian(lambda r: r[0] * r[1] * r[2]))(Y),
    "vmap of vmap": lambda m, n: m.vmap(m.vmap(lambda a, b: a * b, (0, None)), (None, 0))(X, X),
    "vmap of dicts": lambda m, n: m.vmap(lambda d: {"s": d["b"][0] * d["b"][1], "t": (d["b"][2],)})({"b": Y}),
    "vmap to columns": lambda m, n: m.vmap(lambda r: n([r[0], r[1] * 2]), out_axes=1)(Y),
    "jacrev of vmap": lambda m, n: m.jacrev(m.vmap(lambda r: r[0] * r[1]))(Y),
    "grad with more": lambda m, n: m.grad(lambda x: (x[0] ** 2, {"k": x[1]}), has_aux=True)(X),
    "value_and_grad with more": lambda m, n: m.value_and_grad(lambda x: (x[0] ** 2, (x, x[1])), has_aux=True)(X),
    "jacfwd with more": lambda m, n: m.jacfwd(lambda x: (vector(n)(x, Y), x[0]), has_aux=True)(X),
    "a list of arrays": lambda m, n: m.grad(lambda p: p[0][0] * p[1][0][0])([X, Y]),
    "a list of arrays of one shape": lambda m, n: m.grad(lambda p: p[0][0] * p[1][1])([X, X]),
    "jit of grad": lambda m, n: m.jit(m.grad(scalar, (0, 1)))(X, Y),
    "jit of jacrev": lambda m, n: m.jit(m.jacrev(nested(n)))(DICT),
    "jit of jacfwd": lambda m, n: m.jit(m.jacfwd(named(n)))(PAIR),
    "jit of hessian": lambda m, n: m.jit(m.hessian(chosen(n)))(DICT),
    "jit of vmap": lambda m, n: m.jit(m.vmap(m.value_and_grad(row), (0, None)))(Y, X),
    "jit of a list of arrays": lambda m, n: m.jit(m.grad(lambda p: p[0][0] * p[1][1]))([X, X]),
}


def different(ours, theirs, path=""):
    """Where two results differ in nesting, shape or number."""
    if isinstance(theirs, (dict, tuple, list)):
        if type(ours) is not type(theirs) or len(ours) != len(theirs):
            return [f"{path}: {type(ours)} against {type(theirs)}"]
        keys = theirs if isinstance(theirs, dict) else range(len(theirs))
        return [line for key in keys for line in different(ours[key], theirs[key], f"{path}[{key}]")]
    if not (np.shape(ours) == () or isinstance(ours, np.ndarray)) or np.shape(ours) != np.shape(theirs):
        return [f"{path}: {type(ours)} {np.shape(ours)} against {np.shape(theirs)}"]
    return [] if np.allclose(ours, theirs, rtol=1e-12, atol=1e-12) else [f"{path}: {ours} against {theirs}"]


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_as_jax_does_it(case):
    jax = pytest.importorskip("jax", reason="jax is not installed: pip install jax")
    jax.config.update("jax_enable_x64", True)
    assert different(CASES[case](mg, list), CASES[case](jax, jax.numpy.array)) == []


def test_a_difference_is_seen():
    assert different([X], (X,)) and different({"a": X}, {"a": Y}) and different(X + 1e-9, X) and different([1.0], X)
    assert different((X, {"a": 1.0}), (X, {"a": 1.0})) == []
