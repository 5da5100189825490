"""jit and the other transforms in each other; what makes a new program, and what does not; two threads."""
import threading
import warnings

import pytest

import microgradx as mg
from microgradx import Value, grad, hessian, hvp, jit, jvp, nn, value_and_grad
from microgradx.nesting import leaves

from ..budget import sweep
from ..compiled import PYTHON, close, different, every_way


def f(w, x):
    return mg.tanh(mg.dot(w, x)) * w[0] + mg.exp(w[1]) / x[0]


W, X = [0.5, -0.3], [2.0, 1.5]


# In one another ----------------------------------------------------------------------------------------------------

TRANSFORMS = {
    "grad": grad, "grad of grad": lambda f: grad(lambda w, x: grad(f)(w, x)[0]),
    "value_and_grad": value_and_grad, "value_and_grad by both": lambda f: value_and_grad(f, (0, 1)),
    "value_and_grad by the second": lambda f: value_and_grad(f, 1), "hessian": hessian,
    "jvp": lambda f: lambda w, x: jvp(f, [w, x], [[1.0, 2.0], [0.5, -1.0]]),
    "jvp in an unknown direction": lambda f: lambda w, x: jvp(f, [w, x], [x, w]),
    "hvp": lambda f: lambda w, x: hvp(f, [w, x], [[1.0, 2.0], [0.5, -1.0]]),
    "hvp in an unknown direction": lambda f: lambda w, x: hvp(f, [w, x], [x, w]),
    "grad of jvp": lambda f: grad(lambda w, x: jvp(f, [w, x], [x, w])[1]),
    "jvp of grad": lambda f: lambda w, x: jvp(grad(f), [w, x], [x, w])[1],
    "gradient of a gradient's size": lambda f: grad(lambda w, x: mg.dot(grad(f)(w, x), grad(f)(w, x))),
    "third order": lambda f: grad(lambda w, x: grad(lambda w, x: grad(f)(w, x)[0])(w, x)[1]),
}
every_transform = pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)


def agree(found, expected):
    """The same nesting, numbers to 1e-12."""
    assert type(found) is type(expected)
    assert different(leaves(found), leaves(expected), close) == [] and str(found).count("[") == str(expected).count("[")
    assert all(x.__class__ is float for x in leaves(found))


@sweep(4)
@every_way
@every_transform
def test_a_transform_is_compiled(way, transform):
    agree(way.jit(transform(f))(W, X), transform(f)(W, X))


@every_transform
def test_a_compiled_function_is_transformed(transform):
    """It is the function itself then."""
    agree(transform(jit(f))(W, X), transform(f)(W, X))


@sweep(4)
@every_way
@every_transform
def test_both(way, transform):
    agree(way.jit(transform(jit(f)))(W, X), transform(f)(W, X))


def test_its_name_is_that_of_the_function():
    assert repr(jit(f)) == repr(jit(jit(f))) == "jit(f)" and repr(jit(lambda x: x)) == "jit(<lambda>)"
    assert repr(jit(nn.Linear(1, 1))) == "jit(Linear)"


@every_way
def test_jit_of_jit(way):
    agree(way.jit(jit(jit(f)))(W, X), f(W, list(map(Value, X))).data)


@every_way
def test_a_module_s_gradient_is_a_dict_by_name(way):
    model = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1))
    run = value_and_grad(lambda model, x: model(x)[0], (0, 1))
    (y, (by_model, by_x)), expected = way.jit(run)(model, X), run(model, X)
    agree(y, expected[0])
    agree(by_x, expected[1][1])
    assert list(by_model) == [name for name, _ in model.named_parameters()]
    agree(list(by_model.values()), list(expected[1][0].values()))


@every_way
def test_values_may_be_arguments_and_numbers_come_back(way):
    assert way.jit(lambda x, y: [x * y, x])(Value(2.0), 3.0) == [6.0, 2.0]


@every_way
def test_a_result_that_depends_on_nothing(way):
    assert way.jit(value_and_grad(lambda x, n: Value(n) * 2))(1.0, 3) == (6.0, 0.0)
    assert way.jit(lambda x: 7)(1.0) == 7.0
    assert way.jit(lambda: Value(2.0) + 1)() == 3.0


# What makes a new program ------------------------------------------------------------------------------------------

@pytest.mark.sweep(997)
@every_way
def test_what_makes_a_new_program(way):
    """Ints, bools, strings, None and the nesting; not floats, nor Values in their place."""
    def run(x, *_):
        return mg.sum(leaves(x))
    compiled = way.jit(run)

    def programs(*args):
        compiled(*args)
        return compiled.report().programs
    assert [programs([1.0, 2.0]), programs([3.0, 4.0]), programs([-0.0, float("inf")])] == [1, 1, 1]
    assert [programs((1.0, 2.0)), programs([1.0]), programs([[1.0], [2.0]]), programs([[1.0, 2.0]])] == [2, 3, 4, 5]
    assert [programs([1.0], 1), programs([1.0], 2), programs([1.0], True), programs([2.0], 1)] == [6, 7, 8, 8]
    assert [programs([1.0], "a"), programs([1.0], "b"), programs([1.0], None), programs([3.0], "a")] == [9, 10, 11, 11]
    assert programs(1.0) == programs(Value(2.0)) == programs(4.0) == 12


def test_train_and_eval_make_two_programs():
    model = nn.Sequential(nn.Linear(1, 1), nn.Dropout(0.0))
    compiled = jit(lambda model, x: model(x))
    compiled(model.eval(), [1.0])
    assert compiled.report().programs == 1
    compiled(model, [2.0])
    assert compiled.report().programs == 1


@pytest.mark.slow
@every_way
def test_many_programs_are_warned_of_once(way):
    compiled = way.jit(lambda x, n: x * n)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for n in range(40):
            assert compiled(2.0, n) == 2.0 * n
    assert [str(w.message)[:25] for w in told] == ["jit compiled <lambda> 16 "]
    assert "take(table, i)" in str(told[0].message)


def test_what_cannot_be_told_apart_is_refused():
    with pytest.raises(TypeError, match=r"expected a number, a Value, a Module.*got \{1.0\} \(set\); write list"):
        jit(f)({1.0}, X)
    with pytest.raises(ValueError, match="backend 'native' or 'python', got 'c'"):
        jit(f, backend="c")
    with pytest.raises(TypeError, match="jit takes a function, got float"):
        jit(2.0)
    with pytest.raises(ValueError, match="call the function once"):
        jit(f).report()


# Threads -----------------------------------------------------------------------------------------------------------

@every_way
def test_threads_share_a_compiled_function(way):
    """Four threads call it at once, also while others have it compiled for new structures."""
    w = Value(2.0)
    compiled = jit(value_and_grad(lambda xs: mg.sum([w * mg.exp(x) for x in xs])), backend=way.backend)
    wrong = []

    def work(k):
        try:
            for i in range(60):
                xs = [0.01 * (k + i + j) for j in range(1 + (i // 20))]
                y, slopes = compiled(xs)
                expected = [2 * mg.exp(x) for x in xs]
                if different([y, *slopes], [mg.sum(expected), *expected], close):
                    wrong.append((k, i))
        except Exception as error:
            wrong.append(error)
    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == [] and compiled.report().programs == 3


@pytest.mark.sweep(997)
@every_way
def test_threads_compile_at_once_what_is_called_back(way):
    """hypot is, for Python's is more exact than C's."""
    found = []

    def work(k):
        compiled = jit(lambda x, y: mg.hypot(x, y) * k, backend=way.backend)
        found.append(compiled(3.0, 4.0) - 5 * k)
        del compiled
        found.append(jit(lambda x, y: mg.hypot(x, y) + k, backend=way.backend)(3.0, 4.0) - 5 - k)
    threads = [threading.Thread(target=work, args=(float(k),)) for k in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [0.0] * 24


def test_threads_trace_at_once_functions_that_share_a_module():
    model, wrong = nn.Linear(3, 2), []

    def work(k):
        try:
            compiled = jit(value_and_grad(lambda model, x: mg.sum(model(x)) * k), backend=PYTHON.backend)
            y, _ = compiled(model, [1.0, 2.0, 3.0])
            if not close(y, k * sum(v.data for v in model([1.0, 2.0, 3.0]))):
                wrong.append(k)
        except Exception as error:
            wrong.append(error)
    threads = [threading.Thread(target=work, args=(float(k),)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == [] and {type(p) for p in model.parameters()} == {Value}


def test_kept_programs_change_places_under_the_lock():
    """One kept for other closures takes the first place when nobody compiles; the first itself needs no lock."""
    scale = 2.0

    def f(x):
        return x * scale
    g = jit(f, backend="python")
    assert g(1.0) == 2.0
    scale = 3.0
    assert g(1.0) == 3.0 and g.report().programs == 2
    found = []
    thread = threading.Thread(target=lambda: found.append(g(1.0)))
    with g._lock:
        first = threading.Thread(target=lambda: found.append(g(1.0)))
        first.start()
        first.join()
        assert found == [3.0]
        scale = 2.0
        thread.start()
        thread.join(0.02)
        assert thread.is_alive()
    thread.join()
    assert found == [3.0, 2.0] and g.report().programs == 2
