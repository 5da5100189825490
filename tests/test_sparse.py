"""Sparse Jacobians and Hessians: against the dense ones, their patterns, how many passes they take; the colourings."""
import itertools
import math
import pickle
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microgradx import Value, exp, grad, hessian, jacobian, jit, nn, relu, sin, sparse, tanh, value_and_grad, where
from microgradx import sum as total
from microgradx.colouring import apart, star

from .budget import budget
from .compiled import every_way

scipy = pytest.importorskip("scipy.sparse")


def rosenbrock(x):
    return total([100 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in itertools.pairwise(x)])


def arrow(x):
    return total([x[0] * v**2 for v in x[1:]])


def separable(x):
    return total([sin(v) for v in x])


def everything(x):
    return exp(total([v * v for v in x]) / 10)


def grid(x):
    """A membrane of 4 x n points: each with its neighbours to the right and below."""
    rows = [x[i:i + 4] for i in range(0, len(x) - 3, 4)]
    return total([tanh(a - b) ** 2 for row in rows for a, b in itertools.pairwise(row)] +
                 [tanh(a - b) ** 2 for row, below in itertools.pairwise(rows) for a, b in zip(row, below)])


POTENTIALS = {f.__name__: f for f in (rosenbrock, arrow, separable, everything, grid)}


@pytest.fixture
def passes(monkeypatch):
    """A list with the count of colours of each sparse matrix."""
    seen = []
    for name in ("_along", "_against"):
        way = getattr(sparse, name)

        def counted(*args, way=way):
            sums = way(*args)
            seen.append(len(sums))
            return sums
        monkeypatch.setattr(sparse, name, counted)
    return seen


@pytest.mark.parametrize("f", POTENTIALS.values(), ids=POTENTIALS)
@pytest.mark.parametrize("size", [3, 8, 13])
def test_a_hessian_against_the_dense_one(f, size):
    x = [math.sin(i) + 0.5 for i in range(size)]
    found, dense = hessian(f, sparse=True)(x), hessian(f)(x)
    assert scipy.issparse(found) and found.shape == (size, size)
    assert found.toarray().tolist() == [pytest.approx(row, rel=1e-12, abs=1e-14) for row in dense]
    assert abs(found - found.T).max() <= 1e-13 * abs(found).max()


@pytest.mark.parametrize("f, size, most, entries", [
    (rosenbrock, 100, 3, 298), pytest.param(rosenbrock, 1000, 3, 2998, marks=pytest.mark.slow),
    (arrow, 200, 2, 200 + 2 * 199 - 1), (separable, 300, 1, 300),
    (grid, 80, 8, None), (everything, 10, 10, 100)])
def test_a_handful_of_passes(f, size, most, entries, passes):
    found = hessian(f, sparse=True)([1.5] * size)
    assert passes[0] <= most and entries in (None, found.nnz)


def test_a_jacobian_takes_the_direction_with_fewer_passes(passes):
    """A wide row needs a pass for each column, but one backward pass; a high column the other way round."""
    n = 30
    row = jacobian(lambda x: [total(x), *(v * v for v in x)], sparse=True)([1.0 * i for i in range(n)])
    column = jacobian(lambda x: [x[0] * v for v in x], sparse=True)([1.0 + i for i in range(n)])
    assert passes == [2, 2] and (row.nnz, column.nnz) == (2 * n, 2 * n - 1)
    assert row.toarray()[0].tolist() == [1.0] * n and row.toarray()[3, 2] == 4.0
    assert column.toarray()[:, 0].tolist() == [2.0, *(1.0 + i for i in range(1, n))]


@given(st.lists(st.lists(st.integers(0, 6), max_size=3), min_size=1, max_size=8), st.randoms())
@settings(max_examples=budget(100))
def test_a_jacobian_against_the_dense_one(places, random):
    weights = [[random.uniform(-1, 1) for _ in row] for row in places]

    def f(x):
        return [tanh(total([w * x[j] * x[0] for w, j in zip(ws, row)])) if row else Value(1.0)
                for ws, row in zip(weights, places)]
    x = [random.uniform(-1, 1) for _ in range(7)]
    found = jacobian(f, sparse=True)(x)
    assert found.shape == (len(places), 7)
    assert found.toarray().tolist() == [pytest.approx(row, rel=1e-12, abs=1e-14) for row in jacobian(f)(x)]


def test_nested_arguments_count_from_left_to_right():
    layer = nn.Linear(2, 1)
    found = jacobian(lambda d, m: {"y": m(d["x"]), "z": d["b"]}, (0, 1), sparse=True)(
        {"x": [3.0, 5.0], "b": 2.0}, layer)
    w = [v.data for v in layer.weight[0]]
    assert found.toarray().tolist() == [[*w, 0.0, 3.0, 5.0, 1.0], [0.0, 0.0, 1.0, 0.0, 0.0, 0.0]]


def test_a_branch_that_is_not_taken_has_no_entry():
    f = lambda x: [relu(x[0]) * x[1], where(x[0] > 0, x[0].sqrt(), x[1])]  # noqa: E731
    assert jacobian(f, sparse=True)([-1.0, 2.0]).toarray().tolist() == [[0.0, 0.0], [0.0, 1.0]]
    assert jacobian(f, sparse=True)([-1.0, 2.0]).nnz == 2                   # d/dx1 of the first is relu(x0): 0 today


def test_infinity_in_one_row_stays_there():
    """Columns of one colour are added up: 0 * inf would be nan."""
    found = jacobian(lambda x: [v.sqrt() for v in x], sparse=True)([0.0, 4.0, 0.0])
    assert found.toarray().tolist() == [[math.inf, 0.0, 0.0], [0.0, 0.25, 0.0], [0.0, 0.0, math.inf]]


def test_more_results_and_within_a_gradient():
    found, more = jacobian(lambda x: ([x[0] ** 2], {"x1": x[1]}), has_aux=True, sparse=True)([3.0, 5.0])
    assert found.toarray().tolist() == [[6.0, 0.0]] and more == {"x1": 5.0}
    trace = grad(lambda x: total(hessian(lambda v: total([e**3 for e in v]), sparse=True)(x).data))
    assert trace([1.0, 2.0]) == [6.0, 6.0]


@every_way
def test_compiled(way):
    """One program, whatever the numbers; matrices also deep in a result, and of arrays."""
    np = pytest.importorskip("numpy", reason="numpy is not installed: pip install numpy")
    compiled = way.jit(lambda x: {"H": hessian(arrow, sparse=True)(x), "g": grad(arrow)(x)}, strict=True)
    for x in ([1.0, 2.0, 3.0, 4.0], [0.5, -1.0, 0.0, 2.0]):
        for argument in (x, np.array(x)):
            found = compiled(argument)
            assert found["H"].toarray().tolist() == hessian(arrow, sparse=True)(x).toarray().tolist()
            assert list(found["g"]) == grad(arrow)(x) and type(found["g"]) is type(argument)
    assert compiled.report().programs == 2
    first = way.jit(jacobian(lambda x: [relu(v) * v for v in x], sparse=True))
    assert [first(x).toarray().diagonal().tolist() for x in ([1.0, -1.0], [-1.0, 1.0])] == [[2.0, 0.0], [0.0, 2.0]]


def test_what_a_user_does_to_a_matrix_does_not_reach_the_next_one():
    compiled = jit(hessian(arrow, sparse=True))
    found = compiled([1.0, 2.0, 3.0])
    found.indices[:] = 0
    found.data[:] = 7.0
    again = pickle.loads(pickle.dumps(compiled))
    for f in (compiled, again):
        assert f([1.0, 2.0, 3.0]).toarray().tolist() == hessian(arrow)([1.0, 2.0, 3.0])


def test_of_nothing():
    assert jacobian(lambda x: [], sparse=True)([1.0, 2.0]).shape == (0, 2)
    assert hessian(lambda x: 3.0, sparse=True)([1.0, 2.0]).nnz == 0


def test_a_sparse_matrix_as_argument():
    with pytest.raises(TypeError, match=r"\(csr_matrix\).*\.toarray\(\)"):
        grad(lambda x: x[0])(scipy.csr_matrix([[1.0, 0.0]]))


def test_what_to_install():
    code = ("import sys; sys.modules['scipy'] = sys.modules['scipy.sparse'] = None\nfrom microgradx import hessian\n"
            "try:\n    hessian(lambda x: x[0] ** 2, sparse=True)([1.0])\n"
            "except ImportError as error:\n    assert '[sparse]' in str(error)\nelse:\n    raise SystemExit(1)")
    subprocess.run([sys.executable, "-c", code], check=True)


# Colourings ----------------------------------------------------------------------------------------------------

GRAPHS = st.integers(1, 12).flatmap(lambda n: st.sets(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1))).map(
    lambda pairs: (n, pairs)))


def rows_of(n, pairs):
    return [sorted(j for k, j in pairs if k == i) for i in range(n)]


def is_apart(rows, colours):
    return all(len({colours[j] for j in row}) == len(row) for row in rows)


def is_star(rows, colours):
    """Of an entry and its mirror image at least one is alone of its colour in its row; the diagonal always."""
    alone = lambda i, j: [colours[k] for k in rows[i]].count(colours[j]) == 1  # noqa: E731
    return all(alone(i, j) or (i != j and alone(j, i)) for i, row in enumerate(rows) for j in row)


@given(GRAPHS)
@settings(max_examples=budget(200))
def test_columns_of_one_colour_have_no_row_in_common(graph):
    rows = rows_of(*graph)
    assert is_apart(rows, apart(rows, graph[0]))


@given(GRAPHS)
@settings(max_examples=budget(300))
def test_a_star_colouring_recovers_every_entry(graph):
    n, pairs = graph
    rows = rows_of(n, {*pairs, *((j, i) for i, j in pairs), *((i, i) for i in range(n))})
    assert is_star(rows, star(rows))


def test_a_wrong_colouring_is_seen():
    path = [[0, 1], [0, 1, 2], [1, 2, 3], [2, 3]]
    assert not is_apart(path, [0, 1, 0, 1]) and not is_star(path, [0, 1, 0, 1]) and is_star(path, [0, 1, 0, 2])


# scipy's users -------------------------------------------------------------------------------------------------

@pytest.mark.slow
@pytest.mark.parametrize("compiled", [False, True])
def test_scipy_minimises_with_our_gradient(compiled):
    optimize, np = pytest.importorskip("scipy.optimize"), pytest.importorskip("numpy")
    slopes = value_and_grad(rosenbrock)
    found = optimize.minimize(jit(slopes) if compiled else slopes, np.full(6, -1.5), jac=True)
    assert found.success and found.x == pytest.approx([1.0] * 6, abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["Newton-CG", "trust-constr"])
def test_and_with_our_hessian(method):
    optimize, np = pytest.importorskip("scipy.optimize"), pytest.importorskip("numpy")
    found = optimize.minimize(value_and_grad(rosenbrock), np.zeros(6), jac=True, hess=hessian(rosenbrock, sparse=True),
                              method=method)
    assert found.x == pytest.approx([1.0] * 6, abs=1e-3)


def test_and_solves_least_squares_with_our_jacobian():
    optimize, np = pytest.importorskip("scipy.optimize"), pytest.importorskip("numpy")

    def f(x):
        return [*(10 * (b - a**2) for a, b in itertools.pairwise(x)), *(1 - a for a in x)]
    found = optimize.least_squares(lambda x: np.array(f(x)), np.zeros(5), jac=jacobian(f, sparse=True))
    assert found.x == pytest.approx([1.0] * 5, abs=1e-6)
