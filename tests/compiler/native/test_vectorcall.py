"""Objects that hand calls on as they are: as those of a class in Python, on every Python that is known."""
import copy
import gc
import inspect
import pickle
import sys
import threading
import weakref

import pytest

import microgradx as mg
from microgradx import grad, jit, nn
from microgradx.compiler import Jitted

from ...compiled import needs_llvmlite

pytestmark = needs_llvmlite


def cube(x, y=2.0):
    """x**3."""
    return x**3 * y


@pytest.fixture
def f():
    found = jit(cube, backend="native")
    assert found(2.0, 1.0) == found(2.0, 1.0) == 8.0
    return found


def is_short(f):
    from microgradx.compiler.native.layout import is_known
    return getattr(f, "vectorcall", 0) != 0 or not is_known() or hasattr(sys, "gettotalrefcount")


def test_it_is_as_it_was(f):
    assert is_short(f) and isinstance(f, Jitted) and type(f).__name__ == "Jitted" and callable(f)
    assert type(f).__module__ == Jitted.__module__ and type(f).__doc__ == Jitted.__doc__
    assert (f.__name__, f.__doc__, f.__wrapped__) == ("cube", "x**3.", cube)
    assert inspect.signature(f) == inspect.signature(cube)
    assert copy.copy(f) is copy.deepcopy(f) is f and repr(f) == "jit(cube)"
    assert pickle.loads(pickle.dumps(f))(2.0, 1.0) == 8.0 == jit(cube, backend="python")(2.0, 1.0)
    f.note = "an attribute"
    assert vars(f)["note"] == f.note


def test_all_ways_to_call_it(f):
    args, options = (2.0, 3.0), {"x": 2.0, "y": 3.0}
    assert [f(*args), f(**options), f(2.0, y=3.0), f.__call__(*args), f(x=2.0, **{"y": 3.0})] == [24.0] * 5
    assert [*map(f, [1.0, 2.0], [1.0, 1.0])] == [1.0, 8.0] and max([1.0, 3.0], key=lambda x: f(x, 1.0)) == 3.0
    for wrong in ((), (1.0, 2.0, 3.0), ("x", 2.0)):
        with pytest.raises(TypeError):
            f(*wrong)
    with pytest.raises(TypeError):
        f(2.0, z=1.0)
    assert f(*args) == 24.0 and grad(f)(*args) == 36.0


def test_as_a_method():
    class Layer(nn.Module):
        def __init__(self):
            self.w = mg.Value(2.0)

        @jit
        def forward(self, x):
            return self.w * x
    layer = Layer()
    assert [layer.forward(3.0), layer.forward(3.0), layer(4.0)] == [6.0, 6.0, 8.0]


@pytest.mark.skipif(not hasattr(jit(cube), "vectorcall"), reason="a Python whose objects are not known")
def test_what_was_deleted_is_missed(f):
    del f.__call__
    with pytest.raises(AttributeError, match="__call__"):
        f(2.0, 1.0)


def test_a_class_of_the_user_s_keeps_its_own_call():
    class Loud(Jitted):
        def __call__(self, *args):
            return "loud", self._general(*args)
    by = jit(cube, backend="native")._backend
    assert Loud(cube, by, False)(2.0, 1.0) == ("loud", 8.0)


def test_it_is_freed_alone_and_in_a_circle():
    def made(circle):
        f = jit(cube, backend="native")
        f(2.0, 1.0)
        f.own = f if circle else None
        return weakref.ref(f)
    left = [made(False), made(True)]
    gc.collect()
    assert [one() for one in left] == [None, None]


def test_no_reference_is_kept_or_lost(f):
    x, y, slot = 2.5, 1.5, f.__call__
    before = [sys.getrefcount(one) for one in (x, y, f, slot)]
    for _ in range(1000):
        f(x, y)
        with pytest.raises(TypeError):
            f(x, y, "too many")
    f(x, y)
    assert [sys.getrefcount(one) for one in (x, y, f, f.__call__)] == before


def test_threads_that_change_what_is_called():
    """Each structure of the arguments is another builtin function, which takes the place of the last."""
    f, wrong = jit(lambda x: mg.sum(x) * 2.0, backend="native"), []
    given = [[1.0] * k for k in range(1, 5)]

    def run(xs):
        wrong.extend(1 for _ in range(500) if f(xs) != 2.0 * len(xs))
    threads = [threading.Thread(target=run, args=(xs,)) for xs in given]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
