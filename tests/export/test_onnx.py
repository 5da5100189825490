"""Modules as ONNX: onnxruntime gives the same numbers, to 1e-12 in float64 and to 1e-6 in float32."""
import random
from unittest import mock

import pytest

from microgradx import nn
from microgradx.export import to_onnx
from microgradx.export.onnx import LAYERS
from microgradx.nesting import leaves, shape

from .. import nn_cases
from ..budget import sweep

np = pytest.importorskip("numpy")
onnxruntime = pytest.importorskip("onnxruntime", reason='onnxruntime is not installed: pip install onnxruntime')
pytest.importorskip("onnx", reason='onnx is not installed: pip install "microgradx[onnx]"')

CASES = [c for c in nn_cases.CASES if not c.is_loss and len(c.inputs) == 1 and not c.call
         and issubclass(getattr(nn, c.name), tuple(LAYERS)) and not ("BatchNorm" in c.name and (
             c.training or c.options.get("track_running_stats") is False))
         and c.options.get("groups", 1) == 1]


def run(made, x, dtype):
    """What onnxruntime computes."""
    session = onnxruntime.InferenceSession(made.SerializeToString())
    integers = isinstance(leaves(x)[0], int)
    return session.run(None, {"x": np.array(x, "int64" if integers else dtype)})[0]


def check(model, x, dtype, bound):
    expected = model(x)
    found = run(to_onnx(model, x, dtype), x, dtype)
    numbers = np.array([float(getattr(v, "data", v)) for v in leaves(expected)]).reshape(shape(expected))
    assert found.shape == numbers.shape and found.dtype == dtype
    assert np.abs(found - numbers).max() <= bound * max(1.0, np.abs(numbers).max())


@sweep(5)
@pytest.mark.parametrize("dtype, bound", [("float64", 1e-12), ("float32", 1e-6)])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_layer(case, dtype, bound):
    drawn = nn_cases.numbers(case)
    model = nn_cases.layer(case)
    model.load_state_dict(drawn.state)
    if case.name == "GELU" and not case.options and dtype == "float64":
        with pytest.raises(TypeError, match="onnxruntime has no erfc in float64"):
            to_onnx(model, drawn.inputs[0])
    else:
        check(model, drawn.inputs[0], dtype, bound)


@pytest.mark.parametrize("dtype, bound", [("float64", 1e-12), ("float32", 1e-6)])
def test_a_small_lenet(dtype, bound):
    random.seed(1)
    model = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.Tanh(), nn.MaxPool2d(2), nn.Flatten(0),
                          nn.Residual(nn.Linear(18, 18), nn.Mish()), nn.Linear(18, 4), nn.LogSoftmax())
    check(model, [[[random.random() for _ in range(6)] for _ in range(6)]], dtype, bound)


def test_a_changed_weight_is_noticed():
    model = nn.Linear(2, 1)
    made = to_onnx(model, [1.0, 2.0])
    before = run(made, [1.0, 2.0], "float64")
    model.weight[0][0].data += 1e-6
    assert abs(before[0] - model([1.0, 2.0])[0].data) > 1e-7


class Own(nn.Module):
    pass


@pytest.mark.parametrize("model, error, said", [
    (Own(), TypeError, "Own is no layer"), (nn.Sequential(nn.GRU(1, 1)), TypeError, "GRU is not written"),
    (nn.Dropout(0.5), TypeError, "draws random numbers"), (nn.BatchNorm1d(1), TypeError, "statistics of its batch"),
    (nn.MLP(1, [1]), TypeError, "MLP is no layer"), (2.0, TypeError, "expected a Module"),
])
def test_what_is_not_written_is_refused(model, error, said):
    with pytest.raises(error, match=said):
        to_onnx(model, [[1.0]])


def test_an_example_that_the_model_refuses_is_refused():
    with pytest.raises(ValueError, match=r"expected shape"):
        to_onnx(nn.Linear(2, 1), [1.0])


def test_another_type_of_number_is_refused():
    with pytest.raises(ValueError, match="expected dtype"):
        to_onnx(nn.ReLU(), [1.0], "float16")


def test_without_onnx_it_says_what_to_install():
    with mock.patch.dict("sys.modules", onnx=None), pytest.raises(ImportError, match="onnx"):
        to_onnx(nn.ReLU(), [1.0])
