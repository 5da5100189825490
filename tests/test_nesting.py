"""Nested arguments: every container through every transform, eager and compiled; what would be ignored is refused.

Numbers of reports: HIPS/autograd#95 (a gradient by a dict), jax#523 (keyword arguments), jax#3086 (a leaked input).
"""
import collections
import dataclasses
import enum
import functools
import math
import types
from typing import Any, NamedTuple

import pytest
from hypothesis import find

import microgradx as mg
from microgradx import Value, Vector, grad, gradcheck, gradients, hessian, hvp, jit, jvp, mul, nn, value_and_grad
from microgradx.checking.strategies import arguments
from microgradx.compiler.trace.errors import TracingError
from microgradx.nesting import floated, leaves, paths, rebuild
from microgradx.training import SGD, batches, fit

from .budget import sweep
from .compiled import every_way


class Pair(NamedTuple):
    a: Any
    b: Any


@dataclasses.dataclass
class Plain:
    a: Any
    b: Any
    name: str = "it"


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    a: Any
    b: Any

    def __post_init__(self):
        assert math.isfinite(self.a)                        # refuses gradients, and Values: no constructor runs


class Row(list):
    """A list of the user's."""


class Couple(tuple):
    """A tuple of the user's, with a constructor of its own."""

    __slots__ = ()

    def __new__(cls, a, b):
        return super().__new__(cls, (a, b))


def by_key(d):
    return d["a"] ** 2 * d["b"]


def by_name(d):
    return d.a ** 2 * d.b


def by_place(d):
    return d[0] ** 2 * d[1]


CONTAINERS = [
    ({"a": 2.0, "b": 3.0}, by_key), ({"b": 3.0, "a": 2.0}, by_key), (collections.OrderedDict(a=2.0, b=3.0), by_key),
    (collections.defaultdict(float, a=2.0, b=3.0), by_key), (collections.Counter(a=2.0, b=3.0), by_key),
    (Pair(2.0, 3.0), by_name), (Plain(2.0, 3.0), by_name), (Frozen(2.0, 3.0), by_name),
    ([2.0, 3.0], by_place), ((2.0, 3.0), by_place), (Row([2.0, 3.0]), by_place), (Couple(2.0, 3.0), by_place),
]
every_container = pytest.mark.parametrize("tree, f", CONTAINERS, ids=lambda x: getattr(x, "__name__", type(x).__name__))


def of(tree, a, b):
    """The container with these in the places of a and b."""
    new = iter((b, a) if isinstance(tree, dict) and [*tree] == ["b", "a"] else (a, b))
    return rebuild(tree, new)


def same(found, tree, a, b):
    """Whether it is such a container with these numbers."""
    return type(found) is type(tree) and found == of(tree, a, b)


@every_container
def test_a_gradient_has_the_structure_of_its_argument(tree, f):
    """HIPS/autograd#95. a**2 * b at (2, 3): slopes 2ab = 12 and a**2 = 4."""
    assert same(grad(f)(tree), tree, 12.0, 4.0)
    assert same(grad(lambda k, d: k * f(d), 1)(2.0, tree), tree, 24.0, 8.0)
    y, (inner, slope) = value_and_grad(lambda d: f(d[0]) * d[1])((tree, 5.0))
    assert y == 60.0 and same(inner, tree, 60.0, 20.0) and slope == 12.0


@every_container
def test_second_derivatives_and_directions(tree, f):
    assert same(hessian(f)(tree), tree, of(tree, 6.0, 4.0), of(tree, 4.0, 0.0))
    assert jvp(f, [tree], [of(tree, 1.0, 10.0)]) == (12.0, 52.0)
    assert same(hvp(f, [tree], [of(tree, 1.0, 10.0)])[0], tree, 46.0, 4.0)
    assert same(grad(lambda d: sum(leaves(grad(f)(d))))(tree), tree, 10.0, 4.0)


@every_way
@every_container
def test_compiled_it_is_the_same(way, tree, f):
    for strict in (False, True):
        both = way.jit(value_and_grad(f), strict=strict)
        y, slopes = both(tree)
        assert y == 12.0 and same(slopes, tree, 12.0, 4.0)
        assert both(of(tree, 1.0, 5.0))[0] == 5.0
        assert same(way.jit(lambda d: d, strict=strict)(tree), tree, 2.0, 3.0)


@pytest.mark.slow
@sweep(11)
@every_container
def test_all_that_takes_arguments_takes_it(tree, f):
    assert gradcheck(f, tree)
    assert leaves(tree) == leaves(floated(tree)) and len(paths(tree, "p")) == 2
    drawn, = find(arguments(f, tree), lambda _: True)
    assert type(drawn) is type(tree)


def test_the_place_of_a_leaf_is_written_as_python_writes_it():
    tree = [{"w": 1.0}, Pair(1.0, Plain(2.0, [Value(3.0, "last")]))]
    assert paths(tree, "args") == ["args[0]['w']", "args[1].a", "args[1].b.a", "last"]


def test_values_and_modules_within():
    model = nn.Linear(1, 1)
    model.load_state_dict({"weight": [[2.0]], "bias": [1.0]})
    found = grad(lambda d: d["model"]([3.0])[0] * d["by"].a)({"model": model, "by": Plain(Value(5.0), None)})
    assert found == {"model": {"weight": [[15.0]], "bias": [5.0]}, "by": Plain(7.0, None)}
    assert model.weight[0][0].grad == 0.0


def test_a_direction_is_matched_by_key_and_not_by_order():
    f = lambda d: d["a"] ** 2 * d["b"]  # noqa: E731
    assert jvp(f, [{"a": 2.0, "b": 3.0}], [{"b": 10.0, "a": 1.0}]) == (12.0, 52.0)
    assert hvp(f, [{"a": 2.0, "b": 3.0}], [{"b": 10.0, "a": 1.0}]) == [{"a": 46.0, "b": 4.0}]
    with pytest.raises(ValueError, match=r"the direction has keys \['a', 'c'\], the argument \['a', 'b'\]"):
        jvp(f, [{"a": 2.0, "b": 3.0}], [{"a": 1.0, "c": 10.0}])


def test_a_field_that_is_computed_is_no_input():
    @dataclasses.dataclass
    class Box:
        w: float
        h: float
        area: float = dataclasses.field(init=False)

        def __post_init__(self):
            self.area = self.w * self.h

    for transform in (grad(lambda b: b.area**2), jit(lambda b: b.area**2), leaves):
        with pytest.raises(TypeError, match=r"Box.area is 6.0, no field that its constructor takes.*property"):
            transform(Box(2.0, 3.0))


# Refused -------------------------------------------------------------------------------------------------------

class Colour(enum.Enum):
    RED = 1.0


class Thing:
    """An object whose numbers nobody knows of."""

    w = 2.0


NEITHER = [
    ({2.0}, "list"), (frozenset([2.0]), "list"), (collections.deque([2.0]), "list"), (range(2, 4), "list"),
    (Vector([2.0]), "list"), (iter([2.0]), "list"),
    (collections.UserList([2.0]), "list"),
    (types.MappingProxyType({"a": 2.0}), "dict"), (collections.UserDict(a=2.0), "dict"),
    (types.SimpleNamespace(w=2.0), "its numbers"), (Thing(), "its numbers"), (2j, "its numbers"),
]
NOTHING = [("ab", "another argument"), (b"ab", "another argument"), (None, "another argument"), (True, "float"),
           (Colour.RED, "another argument"), (print, "another argument"), (by_key, "another argument")]
DERIVATIVES = {
    "grad": lambda f, a: grad(f)(a), "value_and_grad": lambda f, a: value_and_grad(f)(a),
    "hessian": lambda f, a: hessian(f)(a), "jvp": lambda f, a: jvp(f, [a], [a]), "hvp": lambda f, a: hvp(f, [a], [a]),
    "second": lambda f, a: grad(lambda x: grad(lambda y: f(a) * y * x, 0)(2.0), 0)(a),
    "compiled": lambda f, a: jit(grad(f))(a), "python": lambda f, a: jit(grad(f), backend="python")(a),
}


@pytest.mark.parametrize("transform", DERIVATIVES)
@pytest.mark.parametrize("given, advice", NEITHER + NOTHING, ids=lambda x: type(x).__name__)
def test_what_has_no_gradient_is_refused_by_its_name(transform, given, advice):
    """An input came back as its own gradient, without a word."""
    with pytest.raises(TypeError) as found:
        DERIVATIVES[transform](lambda _: Value(1.0), given)
    assert f"({type(given).__name__})" in str(found.value) and advice in str(found.value)


@pytest.mark.parametrize("transform", [name for name in DERIVATIVES if name != "second"])
@pytest.mark.parametrize("given", [["2.0"], ("a", None), {"a": [b"b"]}, [print]], ids=repr)
def test_nor_is_a_container_without_numbers(transform, given):
    """["2.0"] came back as its own gradient. What is empty has one: it is empty, too."""
    with pytest.raises(TypeError, match="has no number"):
        DERIVATIVES[transform](lambda _: Value(1.0), given)
    assert DERIVATIVES[transform](lambda _: Value(1.0), [None, {}]) is not None


@pytest.mark.parametrize("transform", [mg.jacfwd, mg.jacrev, lambda f: lambda x: jvp(f, [x], [1.0])])
@pytest.mark.parametrize("found", [None, "a", True])
def test_a_function_without_a_result_has_no_derivative(transform, found):
    """None, of a function without `return`, was its own derivative."""
    with pytest.raises(TypeError, match=f"must return Values or numbers, alone or in containers, got {found!r}"):
        transform(lambda x: found)(2.0)


@pytest.mark.parametrize("given", [{2.0}, collections.deque([2.0]), True, Thing()], ids=lambda x: type(x).__name__)
@pytest.mark.parametrize("wrap", [lambda x: [1.0, x], lambda x: (x, 1.0), lambda x: {"a": x}, lambda x: Plain(1.0, x)])
def test_nor_is_it_passed_over_deep_within(given, wrap):
    with pytest.raises(TypeError, match=rf"\({type(given).__name__}\)"):
        grad(lambda d: Value(1.0))(wrap(given))
    if given is not True:                                   # a flag of the program
        with pytest.raises(TypeError, match=rf"\({type(given).__name__}\)"):
            jit(lambda d: 1.0)(wrap(given))


@every_way
@pytest.mark.parametrize("given", [given for given, _ in NEITHER if not isinstance(given, (range, frozenset, complex))],
                         ids=lambda x: type(x).__name__)
def test_a_program_is_not_made_for_what_may_change(way, given):
    with pytest.raises(TypeError, match=rf"\({type(given).__name__}\)"):
        way.jit(lambda x, d: x)(1.0, given)


class Scaled:
    """A callable object with a Value."""

    def __init__(self):
        self.by = Value(3.0)

    def __call__(self, x):
        return self.by * x


@every_way
def test_functions_are_a_part_of_a_program(way):
    """Also those with Values, which are read at each run, as those that f closes over are."""
    scaled = Scaled()
    compiled = way.jit(lambda x, g: g(x))
    for g in (scaled, scaled.__call__, functools.partial(mul, 3.0), jit(lambda x: 3.0 * x), lambda x: x * 3.0):
        assert compiled(2.0, g) == 6.0
    scaled.by.data = 5.0
    assert compiled(2.0, scaled) == compiled(2.0, scaled.__call__) == 10.0


@pytest.mark.parametrize("made", [lambda x: {x}, lambda x: [1.0, collections.deque([x])], lambda x: Vector([x])])
def test_nor_does_a_result_leak_in_one(made):
    with pytest.raises(TypeError, match="write list"):
        jit(made)(2.0)


LISTS = {
    **{row.name: row for row in (mg.sum, mg.max, mg.min, mg.prod, mg.logsumexp)}, "dot": lambda x: mg.dot(x, [1.0] * 2),
    "softmax": mg.softmax, "Vector": Vector, "optimiser": SGD,
    "take": lambda x: mg.take(x, 0), "recorded": lambda x: mg.take(x, Value(0)),
    "batches": lambda x: list(batches(x, [1.0, 2.0], 1)), "gradients": lambda x: gradients(Value(1.0), x),
}


@pytest.mark.parametrize("f", LISTS.values(), ids=LISTS)
@pytest.mark.parametrize("made", [lambda a, b: {0: a, 1: b}, lambda a, b: {a, b}, lambda a, b: frozenset([a, b]),
                                  lambda a, b: types.MappingProxyType({0: a, 1: b})])
def test_a_dict_is_not_taken_for_the_list_of_its_keys(f, made):
    """sum({0: a, 1: b}) was 1; a set has an order of its own in each process."""
    with pytest.raises(TypeError):
        f(made(Value(2.0), Value(3.0)))
    if f in (mg.sum, Vector, SGD):
        f({"a": Value(2.0), "b": Value(3.0)}.values())


def test_a_penalty_of_a_set_is_not_zero():
    with pytest.raises(TypeError, match=r"\(set\)"):
        nn.l2_penalty({Value(2.0)})


def test_gradients_takes_what_can_be_read_twice_and_has_an_order():
    """By an iterator it was []."""
    x, z = Value(3.0), Value(5.0)
    assert gradients(x * z, iter([x, z])) == gradients(x * z, (x, z)) == gradients(x * z, [x, z]) == [5.0, 3.0]
    for xs in ({x, z}, x, frozenset([x]), nn.Linear(1, 1)):
        with pytest.raises(TypeError, match=r"gradients takes a list of Values, got \w+; write gradients\(y, \[x\]\)"):
            gradients(x * z, xs)
    with pytest.raises(TypeError, match="gradients takes Values, got str"):
        gradients(x * z, {"a": x})


@pytest.mark.parametrize("argnums", [(0, 0), (0, -2), [1, 1], (-1, 1)])
def test_an_argument_that_is_named_twice_has_no_gradient_of_zero(argnums):
    with pytest.raises(ValueError, match="argnums names an argument twice"):
        grad(lambda x, y: x * y, argnums)(3.0, 2.0)


@pytest.mark.parametrize("argnums", ["x", 2, -3, (0, "y"), 0.0, None])
def test_an_argument_that_is_not_there(argnums):
    with pytest.raises(TypeError, match=r"argument|iterable"):
        grad(lambda x, y: x * y, argnums)(3.0, 2.0)


def test_a_value_given_twice_is_two_arguments():
    x = Value(3.0)
    assert grad(lambda a, b: a * a * b, (0, 1))(x, x) == (18.0, 9.0)
    assert grad(lambda d: d["a"] ** 2 * d["b"])({"a": x, "b": x}) == {"a": 18.0, "b": 9.0}


@pytest.mark.parametrize("transform", [jvp, hvp])
@pytest.mark.parametrize("xs, vs", [(2.0, 1.0), ({"a": 2.0}, {"a": 1.0}), ([2.0], 1.0), (2.0, [1.0]), ("a", "a")])
def test_arguments_and_directions_are_lists(transform, xs, vs):
    with pytest.raises(TypeError, match=r"takes the arguments of f, and the directions, as lists, got"):
        transform(lambda x: x * x, xs, vs)


# Keyword arguments ---------------------------------------------------------------------------------------------

def line(x, y=1.0, *, by=1.0):
    return x * y ** 2 + by


@every_way
def test_keyword_arguments(way):
    """jax#523: the error named a function of ours."""
    f = jit(line, backend=way.backend)
    for _ in range(2):
        assert f(2.0) == 3.0 and f(2.0, 3.0) == 19.0
        assert f(2.0, y=3.0) == 19.0 and f(x=2.0, y=3.0) == f(y=3.0, x=2.0) == 19.0
        assert f(2.0, 3.0, by=5.0) == 23.0 and f(2.0, by=Value(7.0)) == 9.0
    assert f.report().programs == 6
    with pytest.raises(TypeError, match="unexpected keyword argument 'z'"):
        f(2.0, z=3.0)


def test_keyword_arguments_through_every_transform():
    assert grad(line)(2.0, y=3.0) == 9.0 and grad(line, 1)(2.0, 3.0, by=1.0) == 12.0
    assert value_and_grad(line)(2.0, y=3.0, by=2.0) == (20.0, 9.0)
    assert hessian(lambda y, x: line(x, y))(3.0, x=2.0) == 4.0
    assert jit(grad(line))(2.0, y=3.0) == 9.0 and grad(jit(line))(2.0, y=3.0) == 9.0
    assert grad(lambda y: grad(line)(2.0, y=y))(3.0) == 6.0             # a Value by keyword is differentiated


# What a trace leaves behind ------------------------------------------------------------------------------------

@every_way
def test_gradients_of_an_input_within(way):
    """It gave [0.0] on both back ends."""
    assert way.jit(lambda x: gradients(x * x, [x]))(3.0) == [6.0]
    assert way.jit(lambda x: gradients(x * x, [x], create_graph=True))(3.0) == [6.0]
    assert way.jit(lambda d: gradients(by_key(d), [d["a"], d["b"]]))({"a": 2.0, "b": 3.0}) == [12.0, 4.0]


LATER = {
    "an operator": lambda x: x * 2.0, "a row": lambda x: x.tanh(), "its data": lambda x: x.data,
    "its grad": lambda x: x.grad, "setting": lambda x: setattr(x, "data", 1.0), "float": float, "bool": bool,
    "backward": lambda x: x.backward(), "a sum": lambda x: Value(1.0) + x, "gradients": lambda x: gradients(x, [x]),
    "grad": lambda x: grad(lambda y: y * x)(2.0), "an argument": grad(lambda y: y * y),
    "jit": lambda x: jit(lambda y: y * x)(2.0), "argument of jit": jit(lambda y: y * y),
    "a loss": lambda x: nn.l1(x, 1.0),
    "a Vector": lambda x: Vector([x]), "to train": lambda x: SGD([x], lr=0.1).step(),
}


@every_way
@pytest.mark.parametrize("use", LATER)
def test_an_input_that_leaked_out_of_a_trace_has_no_number(way, use):
    """jax#3086: it computed with 0."""
    leaked = []

    def f(x, d):
        leaked.extend([x, x * d["a"], d["a"]])
        return x
    way.jit(f)(3.0, {"a": 2.0})
    for x in leaked:
        with pytest.raises((TypeError, ValueError) if use == "to train" else TypeError):
            LATER[use](x)
        with pytest.raises(TracingError):
            x * 1.0


# Samples -------------------------------------------------------------------------------------------------------

@pytest.mark.slow
@pytest.mark.parametrize("compiled", [False, True])
def test_samples_may_be_containers(compiled):
    xs = [{"x": 1.0, "k": 2}, {"x": 2.0, "k": 3}, {"k": 1, "x": -1.0}]
    ys = [Plain(2.0, 0.0), Plain(6.0, 0.0), Plain(-1.0, 0.0)]
    model = nn.Linear(1, 1, bias=False)
    model.load_state_dict({"weight": [[0.5]]})
    fit(model, xs, ys, lambda m, x, y: (m([x["x"] * x["k"]])[0] - y.a) ** 2, SGD(model.parameters(), lr=0.01),
        steps=200, jit=compiled)
    assert model.weight[0][0].data == pytest.approx(1.0)


def test_a_sample_that_is_a_set_is_refused_when_compiled():
    model = nn.Linear(1, 1)
    with pytest.raises(TypeError, match=r"\(set\)"):
        fit(model, [{1.0}], [1.0], lambda m, x, y: m([*x])[0], SGD(model.parameters()), steps=1, jit=True)
