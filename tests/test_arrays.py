"""Arrays at the door: which are taken, what is inside, what comes back, which are refused and how."""
import operator
import subprocess
import sys
from array import array

import pytest

from microgradx import Value, dot, max, prod, softmax, take
from microgradx import sum as total
from microgradx.arrays import flat, is_array, nested, packed, shape, shaped

np = pytest.importorskip("numpy")

GRID = np.arange(6.0).reshape(2, 3)


def read_only():
    x = GRID.copy()
    x.flags.writeable = False
    return x


# What numpy's documentation calls memory layout and data type objects
TAKEN = {
    "C order": GRID, "read-only": read_only(), "F order": np.asfortranarray(GRID), "float32": GRID.astype("f4"),
    "float16": GRID.astype("f2"), "long double": GRID.astype(np.longdouble), "byte-swapped": GRID.astype(">f8"),
    "int": GRID.astype(int), "uint8": GRID.astype("u1"), "negative strides": GRID[::-1, ::-1][::-1, ::-1],
    "every second": np.repeat(GRID, 2, axis=1)[:, ::2], "broadcast": np.broadcast_to(GRID, (1, 2, 3))[0],
    "misaligned": np.frombuffer(b"x" + GRID.tobytes(), float, offset=1).reshape(2, 3),
    "memoryview": memoryview(GRID), "memoryview of others": memoryview(GRID.astype(">f8")),
}


@pytest.mark.parametrize("x", TAKEN.values(), ids=TAKEN)
def test_its_numbers(x):
    assert is_array(x) and shape(x) == (2, 3)
    assert nested(x) == GRID.tolist() and flat(x) == list(range(6))
    assert {type(n) for n in flat(x)} <= {float, int}
    assert packed(x).tolist() == GRID.tolist() and packed(x).dtype == float and packed(x).flags.c_contiguous


def test_without_dimensions_and_empty():
    assert not is_array(np.array(2.0)) and packed(np.array(2.0)).shape == ()        # a number
    for sizes in ((0,), (0, 3), (2, 0)):
        assert flat(np.zeros(sizes)) == [] and shaped([], sizes).shape == sizes


def test_float64_in_c_order_is_not_copied():
    for x in (GRID, read_only(), np.array(2.0)):
        assert packed(x) is x
    assert np.shares_memory(packed(memoryview(GRID)), GRID)


@pytest.mark.slow
def test_of_torch_pandas_and_python(torch):
    pandas = pytest.importorskip("pandas")
    given = [torch.tensor(GRID), torch.tensor(GRID).T.clone().T, pandas.DataFrame(GRID)]
    assert all(is_array(x) and nested(x) == GRID.tolist() for x in given)
    assert nested(array("d", [1.0, 2.0])) == nested(pandas.Series([1.0, 2.0], [7, 8])) == [1.0, 2.0]


@pytest.mark.parametrize("x", [1.0, 2, np.float64(1.0), np.int64(2), [1.0], (1.0,), "a", b"a", np.str_("a"), None, {},
                               Value(1.0), range(3)], ids=repr)
def test_what_is_no_array(x):
    assert not is_array(x)


@pytest.mark.parametrize("x, said", [
    (np.array([1j]), "complex128"), (np.array([[1.0]], object), "object"), (np.array(["a"]), "<U1"),
    (np.array([b"a"]), "S1"), (np.array(["2020-01-01"], "M8[D]"), "datetime64"), (np.array([1], "m8[s]"), "timedelta"),
    (np.array([(1, 2.0)], "i4,f8"), "f8"), (np.array([Value(1.0), None]), "object"), (array("u", "ab"), "<U1"),
    (memoryview(b"ab").cast("c"), "S1"), (np.array([[1.0], [2.0, 3.0]], object), "object"),
    (np.ma.array([1.0, 2.0], mask=[0, 1]), "masked array of shape"),
], ids=lambda x: x if isinstance(x, str) else "")
def test_what_holds_no_real_numbers_is_refused_by_dtype_and_shape(x, said):
    for read in (nested, flat, packed):
        with pytest.raises(TypeError, match=said) as error:
            read(x)
        assert str(shape(x)) in str(error.value)


def test_values_in_an_array_of_objects():
    v = Value(2.0)
    x = np.array([[v, 1.0]])
    assert nested(x) == [[v, 1.0]] and flat(x) == [v, 1.0]
    back = shaped([v, 1.0], (1, 2))
    assert back.dtype == object and back[0, 0] is v
    with pytest.raises(TypeError, match="not turned into a float"):
        packed(x)


def test_a_wrong_count_is_refused():
    with pytest.raises(ValueError, match=r"expected 6 numbers for an array of shape \(2, 3\), got 5"):
        shaped([0.0] * 5, (2, 3))


def test_what_to_install_where_there_is_no_numpy():
    code = ("import sys; sys.modules['numpy'] = None\nfrom array import array\nfrom microgradx.arrays import *\n"
            "assert is_array(array('d', [1.0])) and nested(array('d', [1.0])) == flat(array('d', [1.0])) == [1.0]\n"
            "try:\n    shaped([1.0], (1,))\nexcept ImportError as error:\n    assert '[jit]' in str(error)\n"
            "else:\n    raise SystemExit(1)")
    subprocess.run([sys.executable, "-c", code], check=True)


# Operators -----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("op", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.lt,
                                operator.le, operator.gt, operator.ge])
@pytest.mark.parametrize("other", [GRID + 0.5, (GRID + 0.5).astype("f4"), GRID.astype(int), memoryview(GRID + 0.5),
                                   np.array([[Value(3.0), 2.0]])], ids=["floats", "f4", "ints", "memoryview", "Values"])
def test_an_operator_with_a_value_goes_element_by_element(op, other):
    """On both sides, as micrograd's users expect; each element is the very operation, with its gradient."""
    v = Value(2.0)
    for found, alone in ((op(v, other), lambda x: op(v, x)), (op(other, v), lambda x: op(x, v))):
        assert found.dtype == object and found.shape == shape(other)
        for y, x in zip(found.flat, flat(other), strict=True):
            assert type(y) is type(alone(x)) and (y.data, y.slopes) == (alone(x).data, alone(x).slopes)


def test_gradients_through_arrays_of_values():
    """numpy's own operators and functions work on them by the methods of each element."""
    v, x = Value(0.5), np.array([[1.0, 2.0], [3.0, 4.0]])
    def f(v):
        return ((np.tanh(v * x) @ np.array([1.0, 10.0])).sum() + np.exp(v - x).mean() - (-abs(x * v)).max()
                + np.log1p(x * v)[0, 0])
    y, h = f(v), 1e-6
    y.backward()
    assert y.data == pytest.approx(f(0.5)) and v.grad == pytest.approx((f(0.5 + h) - f(0.5 - h)) / (2 * h))


@pytest.mark.parametrize("x, said", [(np.array([1j]), "complex128"), (np.array(["a"]), "<U1"),
                                     (np.array([1.0], object), "object")])
def test_an_operator_with_what_holds_no_numbers(x, said):
    for wrong in (lambda: Value(1.0) * x, lambda: x * Value(1.0)):
        with pytest.raises(TypeError, match=said):
            wrong()


def test_numbers_of_numpy_stay_numbers():
    v = Value(2.0)
    for x in (np.float64(3.0), np.float32(3.0), np.int64(3), np.array(3.0)):
        assert type(v * x) is type(x * v) is Value and (v * x).data == (x * v).data == 6.0


def test_reductions_of_arrays():
    v = Value(2.0)
    for x in (np.array([1.0, 3.0]), np.array([1, 3]), array("d", [1.0, 3.0]), np.array([v - 1, v + 1])):
        values = [dot(x, [v, v]), total(x), max(x), prod(x), take(x, 1), *softmax(x)]
        lists = [dot([1.0, 3.0], [v, v]), total([1.0, 3.0]), 3.0, 3.0, 3.0, *softmax([1.0, 3.0])]
        assert [getattr(y, "data", y) for y in values] == [getattr(y, "data", y) for y in lists]
    with pytest.raises(TypeError, match="apply the operation to each element"):
        total(GRID)
