"""A compiled function in other processes: pickled as its programs, compiled where it lands."""
import copy
import dataclasses
import enum
import io
import json
import math
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec

import pytest

from microgradx import Value, grad, hessian, jit, row, silu, take, value_and_grad
from microgradx import sum as added
from microgradx.compiler.jit import _unpacked, unpacked
from microgradx.nesting import leaves
from microgradx.nn import BatchNorm1d, Dropout, LeakyReLU, Linear, Sequential
from microgradx.table import TABLE

pytestmark = pytest.mark.filterwarnings("ignore:machine code of")      # a row is called back

BACKENDS = ["python", pytest.param("native", marks=pytest.mark.skipif(
    find_spec("llvmlite") is None, reason='llvmlite is not installed: pip install "microgradx[jit]"'))]
backends = pytest.mark.parametrize("backend", BACKENDS)


def sent(f):
    """What arrives."""
    return pickle.loads(pickle.dumps(f))


@backends
@pytest.mark.parametrize("strict", [False, True])
def test_it_computes_the_same_where_it_lands(backend, strict):
    f = jit(value_and_grad(lambda w, x, n: silu(w[0]) ** n * x + w[1] / x), backend=backend, strict=strict)
    args = [([0.3, -0.5], 2.0, 3), ([0.3, -0.5], 0.0, 3), ([0.3, -0.5], 2.0, 2)]
    expected = [f(*a) for a in args]
    g = sent(f)
    assert [g(*a) for a in args] == expected
    assert (g.backend, g.strict, g.report().programs) == (backend, strict, 2)


@backends
def test_it_is_compiled_once_a_process(backend):
    f = jit(lambda x: x * 17.0, backend=backend)
    f(1.0)
    before = sent(f)
    assert sent(f) is before is not f
    f(2.0)
    assert sent(f) is before
    other = jit(lambda x: x * 18.0, backend=backend)
    assert other(1.0) == sent(other)(1.0) == 18.0


@backends
def test_a_sent_function_is_sent_on(backend):
    f = jit(lambda x: [x, x * x], backend=backend)
    f(2.0)
    for g in (sent(sent(f)), sent(f)):
        assert g(3.0) == [3.0, 9.0]
    assert sent(sent(f))(4.0) == [4.0, 16.0]


@backends
def test_unknown_structures_say_what_to_do(backend):
    f = jit(added, backend=backend)
    with pytest.raises(pickle.PicklingError, match="call it once"):
        pickle.dumps(f)
    f([1.0, 2.0])
    with pytest.raises(ValueError, match=r"came from another process with 1 recorded.*call it once with such"):
        sent(f)([1.0, 2.0, 3.0])
    assert sent(f)([1.0, 2.0]) == 3.0


@backends
def test_transforms_of_a_sent_function(backend):
    f = jit(lambda x, table: take(table, 1.0) * x**3, backend=backend)
    f(2.0, [1.0, 5.0])
    g = sent(f)
    assert grad(g)(2.0, [1.0, 5.0]) == 60.0
    assert hessian(g)(2.0, [1.0, 5.0]) == 60.0
    assert jit(value_and_grad(g), backend=backend)(2.0, [1.0, 5.0]) == (40.0, 60.0)
    assert g(Value(2.0), [1.0, 5.0]) == 40.0


@backends
def test_what_it_closes_over_goes_along_as_it_is(backend):
    w = Value(2.0)
    f = jit(lambda x: w * x, backend=backend)
    f(1.0)
    w.data = 5.0
    g = sent(f)
    w.data = 7.0
    assert (g(3.0), f(3.0), sent(f)(3.0)) == (15.0, 21.0, 21.0)


@backends
def test_a_row_of_the_user_must_be_there(backend):
    bump = row("bump_of_pickle", math.gamma, lambda y, x: y)
    f = jit(lambda x: bump(x) + 1, backend=backend)
    f(2.0)
    parcel = pickle.dumps(f)
    assert pickle.loads(parcel)(3.0) == sent(sent(f))(3.0) == 3.0
    del TABLE["bump_of_pickle"]
    _unpacked.cache_clear()
    with pytest.raises(LookupError, match="bump_of_pickle"):
        pickle.loads(parcel)


@backends
def test_modules_are_told_by_their_structure(backend):
    """Each comes as a new object with every task, and is compiled for once."""
    def model(size):
        return Sequential(Linear(2, size), LeakyReLU(0.1), Linear(size, 1))
    f = jit(value_and_grad(lambda model, x: model(x)[0]), backend=backend)
    f(model(3), [1.0, 2.0])
    g = sent(f)
    for _ in range(3):
        other = model(3)
        expected = value_and_grad(lambda model, x: model(x)[0])(other, [1.0, 2.0])
        y, gradient = g(sent(other), [1.0, 2.0])
        assert y == pytest.approx(expected[0], rel=1e-12)
        assert {k: leaves(v) for k, v in gradient.items()} == {k: pytest.approx(leaves(v), rel=1e-12)
                                                               for k, v in expected[1].items()}
    assert g.report().programs == 1
    for wrong in (model(4), model(3).eval(), Sequential(Linear(2, 3), LeakyReLU(0.2), Linear(3, 1))):
        with pytest.raises(ValueError, match="Modules"):
            g(wrong, [1.0, 2.0])


def test_python_where_llvmlite_is_missing(monkeypatch):
    pytest.importorskip("llvmlite")
    f = jit(lambda x: x * 19.0, backend="native")
    f(1.0)
    parcel = pickle.dumps(f)
    monkeypatch.setattr("microgradx.compiler.backends.find_spec", lambda name: None)
    g = pickle.loads(parcel)
    assert (g(2.0), g.report().backend) == (38.0, "python")


def test_a_copy_is_the_function_itself():
    f = jit(lambda x: x)
    assert copy.copy(f) is copy.deepcopy(f) is f


class OneName(pickle.Unpickler):
    """Reads compiled functions and nothing else."""

    def find_class(self, module, name):
        assert (module, name) == ("microgradx.compiler.jit", "unpacked"), f"{module}.{name} is not allowed"
        return unpacked


@backends
def test_dicts_and_keyword_arguments_are_sent_without_another_name(backend):
    f = jit(value_and_grad(lambda d, by=1.0: d["a"]**2 * d["b"][0] * by), backend=backend)
    d = {"a": 2.0, "b": (3.0, "note")}
    expected = f(d), f(d, by=2.0)
    sent = OneName(io.BytesIO(pickle.dumps(f))).load()
    assert (sent(d), sent(d, by=2.0)) == expected == (
        (12.0, {"a": 12.0, "b": (4.0, "note")}), (24.0, {"a": 24.0, "b": (8.0, "note")}))
    with pytest.raises(ValueError, match="none of them for arguments of this structure"):
        sent(d, of=2.0)


@backends
def test_an_unpickler_that_allows_one_name_is_not_circumvented(backend, monkeypatch):
    """There is no pickle in the pickle: reading one must not read another behind its back."""
    f = jit(value_and_grad(lambda model, x: model(x)[0] * 1.5), backend=backend)
    model = Sequential(Linear(2, 3), LeakyReLU(0.1), Linear(3, 1))
    expected = f(model, [1.0, 2.0])
    parcel = pickle.dumps(f)
    _unpacked.cache_clear()
    for reader in ("loads", "load", "Unpickler"):
        monkeypatch.setattr(pickle, reader, None)
    assert OneName(io.BytesIO(parcel)).load()(model, [1.0, 2.0]) == expected
    with pytest.raises(AssertionError, match="system is not allowed"):
        OneName(io.BytesIO(b"cos\nsystem\n(S'true'\ntR.")).load()


@pytest.mark.parametrize("change", [
    lambda p: p["args"].append([0]), lambda p: p["args"].__setitem__(-1, [10**9, 0]), lambda p: p["results"].append(-1),
    lambda p: p["args"].__setitem__(-1, [-5, 0]), lambda p: p["args"].__setitem__(-1, [0]),
    lambda p: p["inputs"].append(0), lambda p: p["inputs"].append(len(p["ops"]) - 1),
    lambda p: p["args"].__setitem__(-1, [len(p["ops"]) - 1, 0]), lambda p: p["results"].__setitem__(0, 0.5),
    lambda p: p["numbers"].append([10**6, "0x1p0"]), lambda p: p["closures"].extend(["0x1p0"] * 9)])
def test_a_program_whose_nodes_do_not_fit_together_is_refused(change):
    """Machine code would read and write outside of its memory."""
    f = jit(lambda x, y: x * y + y)
    f(2.0, 3.0)
    _, (parcel,) = f.__reduce__()
    parts = json.loads(parcel)
    change(parts[-1][0][1])
    with pytest.raises(ValueError, match="do not fit together"):
        unpacked(json.dumps(parts))
    assert unpacked(parcel)(2.0, 3.0) == 9.0


@backends
def test_structures_and_results_of_any_kind_are_sent(backend):
    Colour = enum.Enum("Colour", "RED")
    globals()["Colour"] = Colour
    Colour.__module__, Colour.__qualname__ = __name__, "Colour"
    f = jit(lambda x, c, flags: {"a": [x, (x * x, "text", None, True)], 7: c.name, "c": flags[0]}, backend=backend)
    for args in ((2.0, Colour.RED, (1, True, None, "é\ud800", 10**30)), (2.0, Colour.RED, [-1, False, b"bytes"])):
        expected = f(*args)
        assert sent(f)(*args) == expected
        assert str(sent(f)(*args)) == str(expected)                 # True is not 1


@dataclasses.dataclass
class Pair:
    """Not hashable."""

    a: object
    b: object


@backends
def test_a_dataclass_as_argument_and_result(backend):
    f = jit(lambda p: Pair(p.a * p.b, [p.b]), backend=backend)
    expected = f(Pair(2.0, 3.0))
    g = sent(f)
    assert g is sent(f) and g(Pair(2.0, 3.0)) == expected == Pair(6.0, [3.0])


@backends
def test_constants_keep_their_bits(backend):
    f = jit(lambda x: [x * 0.1, x + math.inf, x * 0.0 - 0.0, x + math.nan, x * 5e-324], backend=backend, strict=True)
    assert str(f(1.0)) == str(sent(f)(1.0))


# Processes ---------------------------------------------------------------------------------------------------------

@pytest.mark.slow
@backends
def test_processes_of_their_own(backend):
    """Spawned: nothing is inherited, a lambda could not be sent."""
    step = jit(value_and_grad(lambda w, xs: added([(w[0] * x + w[1]) ** 2 for x in xs])), backend=backend)
    parts = [([1.0, 2.0],), ([3.0, 4.0],), ([5.0, 6.0],)]
    expected = [step([0.5, -1.0], *part) for part in parts]
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as executor:
        found = [executor.submit(step, [0.5, -1.0], *part) for part in parts]
        assert [one.result() for one in found] == expected


@pytest.mark.parametrize("layer", [Dropout(0.5), BatchNorm1d(1)], ids=repr)
def test_what_draws_or_keeps_statistics_is_not_sent(layer):
    f = jit(lambda xs: layer(xs)[0][0])
    f([[1.0], [2.0]])
    with pytest.raises(pickle.PicklingError, match=r"Dropout, BatchNorm in training.*call eval\(\)"):
        pickle.dumps(f)
