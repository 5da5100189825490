"""Functions as C, compiled by gcc and clang with and without optimisation, against the numbers of eager code."""
import itertools
import math
import random
import subprocess
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import microgradx as mg
from microgradx import Value, jit, value_and_grad
from microgradx.checking.strategies import graphs
from microgradx.compiler import TooLarge, TracingError
from microgradx.export import to_c
from microgradx.export.c import function as writer
from microgradx.export.c.names import Names
from microgradx.nesting import leaves
from microgradx.nn import MLP, Dropout, Linear, Module, Sequential, Tanh, bce, cross_entropy, mse
from microgradx.table import TABLE, Reduction
from microgradx.training import SGD, Adam
from microgradx.training.examples.lenet5 import lenet5
from microgradx.training.examples.names import GPT

from .. import nn_cases
from ..budget import budget, sweep
from ..compiled import as_function, close, different, identical
from .build import COMPILERS, Array, built, call, state

pytestmark = pytest.mark.skipif(not COMPILERS, reason="no C compiler is installed: apt install gcc")
WAYS = [(compiler, level) for compiler in COMPILERS for level in ("-O0", "-O3")]
every_compiler = pytest.mark.parametrize("way", WAYS, ids=" ".join)
NOT_IN_C = {"hypot", "asinh", "atan2"}      # to the last digit only: Python computes hypot itself


def same(a, b):
    return identical(a, b) or a == b == 0


def outputs(f, args, tmp_path, way, strict=True, name="f"):
    """What the C function writes for f, which returns a nest of numbers; and what f gives."""
    expected = [v.data if isinstance(v, Value) else v for v in leaves(f(*args))]
    found = Array([0.0] * len(expected))
    call(built(to_c(f, *args, name=name, strict=strict), tmp_path, *way), name, args, [found])
    return list(found), expected


# Rows and graphs -----------------------------------------------------------------------------------------------

def every_row(x, y, z):
    """Value and slopes of every row of the table at three numbers."""
    found = []
    for name, op in TABLE.items():
        xs = ([x, y, z],) * op.lists if isinstance(op, Reduction) else (x, y, z)[:len(op.inputs)]
        if name not in NOT_IN_C:
            found.append(value_and_grad(op, tuple(range(len(xs))))(*xs, *[1.0] * getattr(op, "index", 0)))
    return found


@pytest.mark.slow
@sweep(4)
@every_compiler
@pytest.mark.parametrize("at", [(0.3, 0.5, 0.7), (-0.4, 1.5, -2.0), (3.0, -0.0, 1.0), (0.0, math.inf, -1.0),
                                (math.nan, 2.0, 0.5), (-800.0, 1e300, 25.0)])
def test_every_row_has_the_bits_of_eager_code(way, at, tmp_path):
    found, expected = outputs(every_row, at, tmp_path, way)
    assert len(expected) > 150 and different(found, expected, same) == []


@pytest.mark.slow
@every_compiler
def test_a_row_that_python_computes_itself_keeps_all_but_the_last_digit(way, tmp_path):
    found, expected = outputs(lambda x, y: [value_and_grad(TABLE[name], tuple(range(len(TABLE[name].inputs))))(
        *(x, y)[:len(TABLE[name].inputs)]) for name in sorted(NOT_IN_C)], (0.3, -1.7), tmp_path, way)
    assert different(found, expected, lambda a, b: abs(a - b) <= 1e-15 * abs(b)) == []


@pytest.mark.slow
def test_two_hundred_random_graphs(tmp_path):
    """Ten in a file: value and gradient of each."""
    serial = itertools.count()

    @settings(max_examples=budget(20), database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(graphs(), min_size=10, max_size=10), st.sampled_from(WAYS))
    def agrees(roots, way):
        both = [as_function(root) for root in roots]
        name = f"graphs{next(serial)}"          # a library that is loaded stays, by its path
        found, expected = outputs(lambda *lists: [value_and_grad(f)(xs) for (f, _), xs in zip(both, lists)],
                                  [xs for _, xs in both], tmp_path, way, name=name)
        hypot = any(v.op and v.op.name in NOT_IN_C for root in roots for v in mg.tape(root))
        assert different(found, expected, close if hypot else same) == []
    agrees()


# Layers --------------------------------------------------------------------------------------------------------

def is_set_or_drawn(case):
    """Does it set running statistics or draw random numbers in training? A function of C does neither."""
    return "BatchNorm" in case.name or case.options.get("track_running_stats") or case.name == "TransformerEncoderLayer"


@sweep(997)
@pytest.mark.parametrize("loops", [False, True], ids=["straight", "loops"])
@pytest.mark.parametrize("case", [c for c in nn_cases.CASES if not (c.training and is_set_or_drawn(c))], ids=str)
def test_every_layer_has_the_bits_of_eager_code(case, loops, tmp_path):
    drawn = nn_cases.numbers(case)
    model = Linear(1, 1) if case.is_loss else nn_cases.layer(case)
    if not case.is_loss:
        model.load_state_dict(drawn.state)
    f, args = nn_cases.weighted(case, drawn), [model, *drawn.inputs]
    floats = [isinstance(leaves(x)[0], float) for x in drawn.inputs]
    by = tuple([*[0] * bool(model.parameters()), *(k + 1 for k, yes in enumerate(floats) if yes)])
    with mock.patch.object(writer, "FLAT", -1 if loops else 10**6):
        source = to_c(f, *args, name="layer", argnums=by, strict=True)
    library = built(source, tmp_path, *WAYS[sum(map(ord, str(case))) % len(WAYS)])
    expected, gradient = value_and_grad(f, by)(*args)
    grads = [Array([math.nan] * len(leaves(g))) for g in gradient]
    buffers = [state(library, "layer_state", size)] if (size := _state(source)) else []
    assert same(call(library, "layer_grad", [*args, *buffers], grads), expected)
    assert same(call(library, "layer", [*args, *buffers]), expected)
    assert different([x for g in grads for x in g], leaves(gradient), same) == []


def _state(source):
    """How many numbers the state of a function has."""
    if "_state {" not in source.header:
        return 0
    members = source.header.split("_state {\n")[1].split("};")[0].splitlines()
    return sum(int(m.split("[")[1].split("]")[0]) if "[" in m.split(";")[0] else 1 for m in members)


# Training steps ------------------------------------------------------------------------------------------------

@pytest.mark.sweep(997)
@every_compiler
@pytest.mark.parametrize("loops", [False, True], ids=["straight", "loops"])
@pytest.mark.parametrize("make", [Adam, lambda p: SGD(p, momentum=0.9)], ids=["Adam", "SGD"])
def test_a_training_step_moves_the_weights(way, loops, make, tmp_path):
    random.seed(3)
    model = Sequential(Linear(2, 3), Tanh(), Linear(3, 1))
    optimiser = make(model.parameters())

    def step(x, y):
        optimiser.zero_grad()
        loss = mse(model(x), [y])
        loss.backward()
        optimiser.step()
        return loss
    with mock.patch.object(writer, "FLAT", -1 if loops else 10**6):
        source = to_c(step, [0.5, -1.0], 1.0, strict=True)
    library = built(source, tmp_path, *way)
    now = state(library, "step_state", _state(source))
    for k in range(4):
        assert same(call(library, "step", [[0.5 * k, -1.0], 1.0, now]), step([0.5 * k, -1.0], 1.0).data)
    weights = [v.data for v in model.parameters()]
    assert any(list(now)[k:k + len(weights)] == weights for k in range(len(list(now))))


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS[::3], ids=" ".join)
def test_lenet5(way, tmp_path):
    random.seed(1)
    model = lenet5()
    image = [[[random.random() for _ in range(28)] for _ in range(28)]]

    def lenet(model, image):
        return cross_entropy(model(image), 3)
    source = to_c(lenet, model, image)
    assert len(source.source.splitlines()) < 30_000 and "malloc" not in source.source.replace("no malloc", "")
    library = built(source, tmp_path, *way)
    expected, gradient = jit(value_and_grad(lenet))(model, image)
    found = Array([0.0] * len(model.parameters()))
    assert close(call(library, "lenet_grad", [model, image], [found]), expected)
    assert different(list(found), leaves(gradient), lambda a, b: close(a, b, 1e-3)) == []


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS[::3], ids=" ".join)
def test_a_step_of_microgpt(way, tmp_path):
    random.seed(1)
    model = GPT()
    optimiser = Adam(model.parameters(), lr=0.01, betas=(0.85, 0.99))
    tokens = [0, 5, 13, 13, 1]

    def gpt():
        optimiser.zero_grad()
        loss = cross_entropy(model(tokens), [*tokens[1:], 0])
        loss.backward()
        optimiser.step()
        return loss
    source = to_c(gpt)
    library = built(source, tmp_path, *way)
    now = state(library, "gpt_state", _state(source))
    found = [call(library, "gpt", [now]) for _ in range(5)]
    compiled = jit(gpt)
    assert different(found, [compiled() for _ in range(5)], close) == [] and found[4] < found[0]


def test_a_scan_is_written_out(tmp_path):
    def summed(w, xs):
        return mg.scan(lambda carry, x: (carry * w + x, carry), 0.0, xs)[0]
    library = built(to_c(summed, 0.5, [1.0, 2.0, 3.0], strict=True), tmp_path)
    expected, gradient = value_and_grad(summed)(0.5, [1.0, 2.0, 3.0])
    found = Array([0.0])
    assert call(library, "summed", [0.5, [1.0, 2.0, 3.0]]) == expected
    assert call(library, "summed_grad", [0.5, [1.0, 2.0, 3.0]], [found]) == expected and list(found) == [gradient]


# What it looks like, and where it runs -------------------------------------------------------------------------

@pytest.mark.sweep(997)
@every_compiler
def test_it_runs_on_a_bare_machine(way, tmp_path):
    """A struct of weights, a loop and no library but libm: nothing is allocated, and the program ends with a number."""
    random.seed(2)
    model = MLP(2, [4, 1])
    to_c(model, [0.5, -1.0], name="net").save(tmp_path)
    (tmp_path / "main.c").write_text("""\
#include "net.h"
int main(void)
{
    const double x[2] = {0.5, -1.0};
    return (int)(1000.0 * net(x, &net_state_exported)) & 127;
}
""")
    options = ["-std=c99", "-Wall", "-Werror", way[1], "main.c", "net.c", "-o", "main", "-lm"]
    subprocess.run([way[0], *options], cwd=tmp_path, check=True)
    assert subprocess.run([tmp_path / "main"], check=False).returncode == int(1000 * model([0.5, -1.0]).data) & 127
    subprocess.run([way[0], way[1], "-c", "net.c", "-o", "net.o"], cwd=tmp_path, check=True)
    undefined = subprocess.run(["nm", "-u", "net.o"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert set(undefined.split()) <= {"U", "memcpy", "_GLOBAL_OFFSET_TABLE_"}


def test_arguments_keep_their_names_and_ints_are_part_of_the_program():
    header = to_c(lambda weight, double, n: weight[0] * double**n, [2.0, 1.0], 3.0, 2, name="powers").header
    assert "double powers(const double weight[2], double double_);" in header
    assert "double powers_grad(const double weight[2], double double_, double grad_weight[2]);" in header


def test_an_array_may_be_argument_and_result(tmp_path):
    library = built(to_c(lambda x: [x[1], x[0], x[0] * x[1]], [2.0, 3.0, 5.0], name="turn"), tmp_path)
    x = Array([2.0, 3.0, 5.0])
    call(library, "turn", [x], [x])
    assert list(x) == [3.0, 2.0, 6.0]


def test_values_that_it_closes_over_are_its_state():
    rate, table = Value(0.5, "rate"), [Value(1.0), Value(2.0)]
    source = to_c(lambda x: rate * x + table[1] - table[0], 3.0, name="f")
    assert "double rate;\n    double table[2];" in source.header and "0.5,\n    {1.0, 2.0}" in source.source


@pytest.mark.parametrize("index", [2.0, -1.0, 0.5, math.nan, math.inf])
def test_an_index_outside_of_its_table_makes_all_results_nan(index, tmp_path):
    library = built(to_c(lambda xs, i: mg.take(xs, i) + xs[0], [1.0, 2.0], 1.0, name="entry"), tmp_path)
    gradient = Array([7.0, 7.0])
    assert call(library, "entry", [[1.0, 2.0], 1.0]) == 3.0
    assert math.isnan(call(library, "entry_grad", [[1.0, 2.0], index], [gradient]))
    assert all(map(math.isnan, gradient))


def test_a_target_that_a_loss_refuses_makes_the_result_nan(tmp_path):
    library = built(to_c(bce, 0.5, 1.0, name="loss"), tmp_path)
    assert call(library, "loss", [0.5, 1.0]) == bce(0.5, 1.0) and math.isnan(call(library, "loss", [0.5, 1.5]))


# Refused -------------------------------------------------------------------------------------------------------

def test_a_row_that_only_python_computes_is_refused_by_name():
    gamma = mg.row("gamma", math.gamma, lambda y, x: y)
    try:
        with pytest.raises(TypeError, match="C has no gamma"):
            to_c(lambda x: gamma(x) + 1, 3.0)
    finally:
        del TABLE["gamma"]


@pytest.mark.parametrize("f, args, error, said", [
    (3, (), TypeError, "expected a function or a Module"),
    (lambda x: x if x > 0 else 0.0, (1.0,), TracingError, "where"),
    (lambda x: x, ({1.0},), TypeError, "got {1.0}"),
    (lambda x: x, ("a",), TypeError, "expected a function that returns numbers, got 'a'"),
    (Sequential(Dropout(0.5)), ([1.0],), TypeError, "draws random numbers"),
])
def test_what_has_no_form_in_c_is_refused(f, args, error, said):
    with pytest.raises(error, match=said):
        to_c(f, *args)


@pytest.mark.parametrize("name", ["double", "exp", "", "a b", "größe", '"; system("x', "v1", "1x"])
def test_a_name_that_c_does_not_allow_is_refused_with_one_that_it_does(name):
    with pytest.raises(ValueError, match="expected a name that C allows"):
        to_c(lambda x: x * x, 3.0, name=name)
    assert Names().new(Names().new(name)).isidentifier()


def test_labels_and_keys_never_reach_c_as_code():
    class Net(Module):
        def __init__(self):
            self.parts = {'"; system("x"); //': Value(2.0)}

        def forward(self, x):
            return x * next(iter(self.parts.values())) * Value(1.0, "*/ int main")
    header, source = to_c(Net(), 3.0, name="net")[1:]
    assert 'system("' not in header + source and "*/ int" not in header + source


@pytest.mark.slow
def test_a_large_program_without_loops_is_refused_with_what_to_install():
    with mock.patch.object(writer.NATIVE, "is_installed", lambda: False), pytest.raises(TooLarge, match="jit"):
        to_c(lambda xs: [x * 1.5 for x in xs], [1.0] * 20_001)


@pytest.mark.parametrize("wrong", [lambda s: s.replace("tanh(", "sin("), lambda s: s.replace(" - ", " + ")])
def test_a_wrong_source_is_noticed(wrong, tmp_path):
    def f(x):
        return [mg.tanh(x[0]) - x[1]]
    source = to_c(f, [0.5, 2.0], name="bent")
    found = Array([0.0])
    call(built(source._replace(source=wrong(source.source)), tmp_path), "bent", [[0.5, 2.0]], [found])
    assert list(found) != [v.data for v in leaves(f([Value(0.5), 2.0]))]
