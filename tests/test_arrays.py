"""Arrays at the door: which are taken, what is inside, what comes back, which are refused and how."""
import subprocess
import sys
from array import array

import pytest

from microgradx import Value
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
def test_of_torch_pandas_and_python():
    torch, pandas = pytest.importorskip("torch"), pytest.importorskip("pandas")
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
