"""Functions and Modules as ONNX: onnxruntime gives the same numbers, to 1e-12 in float64 and to 1e-6 in float32."""
import inspect
import math
import random
from unittest import mock

import pytest

import microgradx as mg
from microgradx import Value, nn, scan
from microgradx.export import to_onnx
from microgradx.nesting import leaves, shape
from microgradx.table import TABLE

from .. import nn_cases
from ..budget import budget, sweep
from ..compiled import as_function, close, different
from . import rows

np = pytest.importorskip("numpy")
onnxruntime = pytest.importorskip("onnxruntime", reason='onnxruntime is not installed: pip install onnxruntime')
onnx = pytest.importorskip("onnx", reason='onnx is not installed: pip install "microgradx[onnx]"')

DTYPES = [("float64", 1e-12), ("float32", 1e-6)]
CASES = [c for c in nn_cases.CASES if not c.is_loss]


def parts(tree, name=""):
    """What a graph has as inputs of an argument, and their names."""
    if isinstance(tree, tuple):
        return [one for k, part in enumerate(tree) for one in parts(part, f"{name}{k}")]
    return [(name, tree)] if not isinstance(tree, (bool, int)) and leaves(tree) else []


def run(made, given, dtype):
    """What onnxruntime computes: an array for each output."""
    session = onnxruntime.InferenceSession(made.SerializeToString())
    names = [x.name for x in session.get_inputs()]
    assert names == [name for name, _ in given]
    return session.run(None, {name: np.array(x, "int64" if isinstance(leaves(x)[0], int) else dtype)
                              for name, x in given})


def check(f, args, dtype, bound, names=("x",)):
    expected = [x for _, x in parts(f(*args))]
    found = run(to_onnx(f, *args, dtype=dtype), [one for n, x in zip(names, args) for one in parts(x, n)], dtype)
    assert len(found) == len(expected) > 0
    for got, wanted in zip(found, expected):
        numbers = np.array([float(getattr(v, "data", v)) for v in leaves(wanted)]).reshape(shape(wanted))
        assert got.shape == numbers.shape and got.dtype == dtype
        scale = max(1.0, np.abs(numbers).max(initial=0, where=np.isfinite(numbers)))
        assert np.all((got == numbers) | (np.isnan(got) & np.isnan(numbers)) | (np.abs(got - numbers) <= bound * scale))


@sweep(9)
@pytest.mark.parametrize("dtype, bound", DTYPES)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_layer(case, dtype, bound):
    drawn, model = nn_cases.numbers(case), nn_cases.layer(case)
    model.load_state_dict(drawn.state)
    call = inspect.signature(model.forward).bind(*drawn.inputs, **case.call)
    call.apply_defaults()
    if case.training and case.options.get("track_running_stats") and "Instance" in case.name:
        with pytest.raises(TypeError, match=rf"{case.name} sets numbers.* write model.eval\(\)"):
            to_onnx(model, *call.args, dtype=dtype)
    elif "BatchNorm" in case.name and case.training:
        with pytest.raises(TypeError, match=rf"{case.name} takes the statistics .* model.eval\(\)"):
            to_onnx(model, *call.args, dtype=dtype)
    elif dtype == "float64" and ((case.name == "GELU" and not case.options) or "gelu" in case.options.values()):
        with pytest.raises(TypeError, match="onnxruntime has no erfc in float64"):
            to_onnx(model, *call.args)
    else:
        check(model, call.args, dtype, bound, list(call.arguments))


@pytest.mark.parametrize("layer", [nn.RNN, nn.GRU, nn.LSTM])
def test_recurrent_layers_are_operators_of_onnx(layer):
    made = to_onnx(layer(2, 3, bidirectional=True, num_layers=2), [[0.5, 1.0], [1.0, 0.5]], dtype="float32")
    assert [n.op_type for n in made.graph.node].count(layer.__name__) == 2


def test_attention_is_a_softmax_of_products():
    x = [[0.5, 1.0], [1.0, 0.5]]
    made = to_onnx(nn.TransformerEncoderLayer(2, 1, 3).eval(), x)
    operators = {n.op_type for n in made.graph.node}
    assert {"MatMul", "Softmax"} <= operators and "Gather" not in operators


@pytest.mark.parametrize("dtype, bound", DTYPES)
def test_a_small_lenet(dtype, bound):
    random.seed(1)
    model = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.Tanh(), nn.MaxPool2d(2), nn.Flatten(0),
                          nn.Residual(nn.Linear(18, 18), nn.Mish()), nn.Linear(18, 4), nn.LogSoftmax())
    check(model, [[[[random.random() for _ in range(6)] for _ in range(6)]]], dtype, bound)


class Tagger(nn.Module):
    """A forward() of one's own, with layers of nn inside."""

    def __init__(self):
        self.rnn, self.out = nn.LSTM(2, 3), nn.Linear(3, 2)

    def forward(self, x):
        return [mg.softmax(row) for row in self.out(self.rnn(x)[0])]


@pytest.mark.parametrize("dtype, bound", DTYPES)
def test_modules_and_functions_of_ones_own(dtype, bound):
    random.seed(1)
    check(Tagger(), [[[0.5, 1.0], [1.0, -0.5]]], dtype, bound)
    check(nn.Sequential(nn.Linear(2, 2), nn.MLP(2, [3, 1])), [[0.5, 1.0]], dtype, bound)
    tied = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    tied[1].weight = tied[0].weight
    check(tied, [[0.5, 1.0]], dtype, bound)
    check(lambda y, c0: (y * c0, [y, mg.sum([])], mg.exp(c0)), [0.5, 2.0], dtype, bound, ["y", "c0"])
    w = Value(3.0, "w")
    check(lambda x: scan(lambda c, one: (mg.tanh(c * w + one), c), 0.0, x)[1], [[0.5, 1.0, -2.0]], dtype, bound)


# Rows that onnxruntime does not have in float64, and what is named.
MISSING = {"tan": "tan", "asin": "asin", "acos": "acos", "atan": "atan", "atan2": "atan2", "sinh": "sinh",
           "cosh": "cosh", "asinh": "asinh", "acosh": "acosh", "atanh": "atanh", "erf": "erf", "erfc": "erfc",
           "gelu": "erfc", "hypot": "hypot", "sech": "cosh"}


def over(op, points):
    """A row at each of a list of inputs; indices are a part of the program."""
    size = len(points[0]) - getattr(op, "index", 0)
    return lambda x: [rows.at(op, [*one, *xs[size:]]) for one, xs in zip(x, points)], [xs[:size] for xs in points]


@sweep(5)
@pytest.mark.parametrize("op", TABLE.values(), ids=lambda op: op.name)
def test_every_row(op):
    """At edges, ties and infinities, too; what onnxruntime does not have in float64 is refused by name."""
    f, x = over(op, rows.points(op))
    if op.name in MISSING:
        with pytest.raises(TypeError, match=f"onnxruntime has no {MISSING[op.name]} in float64"):
            to_onnx(f, x)
        return
    found, = run(to_onnx(f, x), [("x", x)], "float64")
    assert [(xs, a, b) for xs, a, (b, _) in zip(x, found.tolist(), rows.expected(op)) if not rows.same(a, b)] == []


@pytest.mark.slow
def test_random_graphs():
    both = [as_function(root) for root in rows.drawn(budget(250))
            if not any(v.op and v.op.name in MISSING for v in mg.tape(root))]
    assert len(both) > 100 or budget(250) < 250
    xs = tuple(x for _, x in both)
    found = run(to_onnx(lambda xs: tuple(f(x) for (f, _), x in zip(both, xs)), xs), parts(xs, "xs"), "float64")
    assert different(list(map(float, found)), [float(f(x)) for f, x in both], close) == []


def test_a_changed_weight_is_noticed():
    model = nn.Linear(2, 1)
    made = to_onnx(model, [1.0, 2.0])
    before, = run(made, [("x", [1.0, 2.0])], "float64")
    model.weight[0][0].data += 1e-6
    assert abs(before[0] - model([1.0, 2.0])[0].data) > 1e-7


def test_inputs_that_are_no_numbers_are_a_part_of_the_file():
    made = to_onnx(lambda x, n, how: x * n if how == "times" else x + n, 2.0, 3, "times")
    assert run(made, [("x", 5.0)], "float64")[0] == 15.0
    assert to_onnx(nn.Linear(2, 1), np.array([1.0, 2.0])).graph.input[0].type.tensor_type.shape.dim[0].dim_value == 2


def draws(x):
    return x + random.random()


@pytest.mark.parametrize("f, example, error, said", [
    (nn.Dropout(0.5), [[1.0]], TypeError, r"Dropout draws random numbers while training; write model.eval\(\)"),
    (nn.LSTM(1, 1, 2, dropout=0.5), [[1.0]], TypeError, "LSTM draws random numbers"),
    (nn.TransformerEncoderLayer(1, 1, 1), [[1.0]], TypeError, "draws random numbers"),
    (nn.RReLU(), [1.0], TypeError, "RReLU draws random numbers"),
    (nn.BatchNorm1d(1), [[1.0], [2.0]], TypeError, "statistics of its batch"),
    (2.0, [1.0], TypeError, "expected a function or a Module"), (draws, 1.0, TypeError, "random numbers are drawn"),
    (lambda x: "a", 1.0, TypeError, "returns numbers"), (lambda x: {"a": x}, 1.0, TypeError, "as results"),
    (lambda x: [x, [x]], 1.0, TypeError, "as results"),
    (lambda x: x["a"], {"a": 1.0}, TypeError, r"x: expected a number, nested lists of numbers or a tuple"),
    (lambda x: x[0], [1.0, [2.0]], ValueError, "ragged|same length|length"),
    (lambda x: x[0] * 2.0, [1, 2], TypeError, "whole numbers are a part of the program"),
    (nn.Embedding(2, 2), [0.0], TypeError, "Embedding"), (nn.Linear(2, 1), [1.0], ValueError, "expected shape"),
    (mg.tan, 1.0, TypeError, "onnxruntime has no tan in float64; write dtype='float32'"),
])
def test_what_is_not_written_is_refused_by_name(f, example, error, said):
    before = f.state_dict() if isinstance(f, nn.Module) else None
    with pytest.raises(error, match=said):
        to_onnx(f, example)
    assert before is None or f.state_dict() == before


def test_a_row_that_only_python_computes_is_refused_by_name():
    odd = mg.row("odd", math.ulp, lambda y, x: 1.0)
    try:
        with pytest.raises(TypeError, match=r"has no (odd|ulp)"):
            to_onnx(lambda x: odd(x) + 1, 3.0)
    finally:
        del TABLE["odd"]


def test_another_type_of_number_is_refused():
    with pytest.raises(ValueError, match="expected dtype"):
        to_onnx(nn.ReLU(), [1.0], dtype="float16")


def test_without_onnx_it_says_what_to_install():
    with mock.patch.dict("sys.modules", onnx=None), pytest.raises(ImportError, match="onnx"):
        to_onnx(nn.ReLU(), [1.0])
