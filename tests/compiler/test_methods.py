"""jit above a method: a program for each object, which follows its Values and goes with it."""
import gc
import weakref
from dataclasses import dataclass

import pytest

from microgradx import Value, grad, jit, nn, value_and_grad
from microgradx.compiler import TracingError

from ..budget import sweep
from ..compiled import needs_llvmlite


@pytest.mark.parametrize("backend", [pytest.param("native", marks=needs_llvmlite), "python"])
def test_each_object_has_its_own_program_and_its_values_are_followed(backend):
    class Line:
        def __init__(self, slope):
            self.slope = Value(slope)

        def at(self, x, shift=0.0):
            """The line at x."""
            return self.slope * x + shift
    Line.at = jit(Line.at, backend=backend)
    one, other = Line(2.0), Line(5.0)
    assert [line.at(3.0) for line in (one, other, one)] == [6.0, 15.0, 6.0]
    assert one.at(3.0, shift=1.0) == 7.0 and grad(one.at)(3.0) == 2.0
    one.slope.data = 4.0
    assert one.at(3.0) == 12.0 and one.at.report().programs == 2
    assert (one.at.__name__, one.at.__doc__) == ("at", "The line at x.")


@pytest.mark.slow
def test_a_program_goes_with_its_object_and_a_method_keeps_it():
    class Scaled:
        @jit
        def at(self, x):
            return 3 * x
    one = Scaled()
    gone, at = weakref.ref(one), one.at
    del one
    assert at(2.0) == 6.0
    del at
    gc.collect()
    assert gone() is None and Scaled.at.methods.kept == {}


def test_objects_need_not_be_hashable():
    @dataclass
    class Power:
        n: int

        @jit
        def at(self, x):
            return x**self.n
    assert Power(2).at(3.0) == 9.0 and Power(3).at(3.0) == 27.0
    with pytest.raises(TypeError):
        hash(Power(2))


def test_an_object_of_unknown_life_is_refused():
    class Small:
        __slots__ = ()

        @jit
        def at(self, x):
            return x
    with pytest.raises(TypeError, match="add '__weakref__' to its __slots__"):
        Small().at(1.0)


def test_a_module_is_an_argument():
    class Net(nn.Module):
        def __init__(self):
            self.w = Value(2.0)

        def loss(self, x):
            return self.w * x
        gradient = jit(value_and_grad(loss))
    one, other = Net(), Net()
    assert one.gradient(3.0) == (6.0, {"w": 3.0}) == other.gradient(3.0)
    assert isinstance(Net.gradient, type(jit(abs)))


@pytest.mark.parametrize("backend", [pytest.param("native", marks=needs_llvmlite), "python"])
def test_above_staticmethod_and_classmethod(backend):
    class Line:
        slope, power = Value(2.0), 2

        @staticmethod
        def square(x):
            """x * x"""
            return x * x

        @classmethod
        def at(cls, x):
            return cls.slope * x**cls.power
        square, at = jit(square, backend=backend), jit(at, backend=backend)

    class Steep(Line):
        power = 3
    for owner in (Line, Line(), Steep, Steep()):
        assert owner.square(3.0) == 9.0 and grad(owner.square)(3.0) == 6.0
    assert [owner.at(3.0) for owner in (Line, Line(), Steep, Steep())] == [18.0, 18.0, 54.0, 54.0]
    Line.slope.data, Line.power = 5.0, 1
    assert (Line.at(3.0), Steep().at(3.0), grad(Line.at)(3.0)) == (15.0, 135.0, 5.0)
    assert (Line.square.__name__, Line.square.__doc__, Line.square.report().programs) == ("square", "x * x", 1)
    assert Line.at.report().programs == 2


def test_staticmethod_of_a_module():
    class Net(nn.Module):
        @jit
        @staticmethod
        def loss(x, y):
            return (x - y) ** 2
    assert Net.loss(3.0, 1.0) == Net().loss(3.0, 1.0) == 4.0


class Slots:
    __slots__ = ("power", "count", "__weakref__")

    def __init__(self):
        self.power, self.count = 2, 0

    @jit
    def at(self, x):
        return x**self.power

    @jit
    def counts(self, x):
        self.count += 1
        return x * self.count


class Attributes(Slots):
    pass


@sweep(2)
@pytest.mark.parametrize("kind", [Slots, Attributes])
def test_what_an_object_has_besides_values_is_followed_and_not_frozen(kind):
    one = kind()
    assert one.at(3.0) == 9.0
    one.power = 3
    assert one.at(3.0) == 27.0 and one.at.report().programs == 2
    with pytest.raises(TracingError, match=r"self\.count is set while"):
        one.counts(3.0)
    gone = weakref.ref(one)
    del one
    gc.collect()
    assert gone() is None
