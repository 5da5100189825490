"""The arguments of anybody's function as one list of floats: numbers, nested containers, arrays, tensors, ctypes.

    >>> from microgradx.checking.arguments import Arguments
    >>> given = Arguments(({"w": [1.0, 2.0]}, 3.0, "relu"))
    >>> given.names, given.numbers
    (["args[0]['w'][0]", "args[0]['w'][1]", 'args[1]'], [1.0, 2.0, 3.0])
    >>> given.moved(1, 5.0)
    ({'w': [1.0, 5.0]}, 3.0, 'relu')

An array is what has a dtype, and ctypes' and Python's own arrays. What holds no floats (str, bool, None, a function, an
array of ints, and an int beside an array, where it is a length, an axis or a power) is passed on as it is.
"""
import array
import ctypes
import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from ..arrays import is_array as is_nested
from ..engine import Value
from ..ieee import kind_of, number, short
from ..nesting import branches, is_leaf, is_module, leaf, regrown, walked

DIGITS = {"float64": 53, "float32": 24, "float16": 11, "bfloat16": 8}      # bits of a significand


class Slot(NamedTuple):
    """Where one number or array stands: the keys that lead to it, its name, its numbers, its shape, its precision."""

    path: tuple[int, ...]
    name: str
    numbers: list[float]
    shape: tuple[int, ...]
    digits: int


class Arguments:
    """The arguments `args` of a call. TypeError if they hold no floats, or numbers that would be ignored.

    places    each number and each array in them, in order
    numbers   all their floats; `names` tells them apart, `digits` are the bits of their significands
    """

    def __init__(self, args: Sequence[Any], name: str = "args") -> None:
        self.args: tuple[Any, ...] = tuple(args)
        arrays = any(map(is_array, args))
        self.places = [place for i, a in enumerate(self.args) if not (arrays and a.__class__ is int)
                       for place in walked(lambda a, i: list(places(a, f"{name}[{i}]", (i,))), a, i)]
        self.numbers = [x for place in self.places for x in place.numbers]
        self.names = [name for place in self.places for name in entries(place.name, place.shape)]
        self.digits = [place.digits for place in self.places for _ in place.numbers]
        self.whose = [(k, j) for k, place in enumerate(self.places) for j in range(len(place.numbers))]
        self.args = self.with_numbers(self.numbers)

    def moved(self, i: int, t: float) -> tuple[Any, ...]:
        """The arguments with number i set to t. They are copies: what f does to them changes nothing here."""
        k, j = self.whose[i]
        return replaced(copied(self.args), self.places[k].path,  # type: ignore[no-any-return]
                        lambda x: with_entry(x, j, t))

    def stepped(self, s: float) -> list[float]:
        """Each number moved by s times its size, up or down in turn."""
        return [x + s * (abs(x) or 1.0) * (-1) ** n * (1 + n % 7 / 8) for n, x in enumerate(self.numbers)]

    def with_numbers(self, new: Sequence[float]) -> tuple[Any, ...]:
        """The same arguments, copied, with other numbers."""
        args = self.args
        for place, part in zip(self.places, self.of_each(new)):
            args = replaced(args, place.path, lambda x, part=part: with_entries(x, part))
        return args

    def of_each(self, xs: Sequence[float]) -> list[list[float]]:
        """A list with something for each number, cut into the parts that belong to each place."""
        cuts = iter(xs)
        return [[next(cuts) for _ in place.numbers] for place in self.places]


def places(tree: Any, name: str, path: tuple[int, ...] = ()) -> Iterator[Slot]:
    """The numbers and arrays in one argument."""
    if is_array(tree):
        if (digits := precision(tree)) is not None:
            yield Slot(path, name, flat(tree), shape_of(tree), digits)
    elif is_leaf(tree):
        digits = (digits_of(tree.dtype) if hasattr(tree, "dtype") else 53) or 53
        yield Slot(path, name, [number(tree.data if isinstance(tree, Value) else tree)], (), digits)
    elif is_nested(tree):                   # a Series of pandas: f would get lists of numbers in its place
        raise TypeError(f"{name} is a {kind_of(tree)}; write f with NumPy arrays, and give it as "
                        "numpy.asarray(x, float)")
    elif is_module(tree):
        raise TypeError(f"{name} is a Module: write a function of its numbers, or leave out grad")
    elif (inner := branches(tree)) is None:
        leaf(tree)                          # refuses what may hold numbers
    else:
        for i, (key, branch) in enumerate(zip(keys(tree), inner)):
            yield from places(branch, f"{name}{key}", (*path, i))


def keys(tree: Any) -> list[str]:
    """How the branches of a container are written: [0], ['w'], .field."""
    inner = branches(tree) or ()
    if isinstance(tree, dict):
        return [f"[{short(key)}]" for key in tree]
    named = getattr(tree, "_fields", None) or getattr(tree, "__dataclass_fields__", None)
    return [f".{key}" for key in named] if named else [f"[{i}]" for i in range(len(inner))]


def entries(name: str, shape: tuple[int, ...]) -> list[str]:
    """The names of the entries of an array: args[0][1, 2]."""
    names = [name]
    for axis, length in enumerate(shape):
        names = [f"{known[:-1]}, {i}]" if axis else f"{known}[{i}]" for known in names for i in range(length)]
    return names


def copied(tree: Any) -> Any:
    """A copy of containers and of arrays of floats, so that f may write into them."""
    if is_array(tree):
        return tree if precision(tree) is None or library(tree) == "jax" else filled(tree, ())
    inner = None if is_leaf(tree) else branches(tree)
    return tree if inner is None else regrown(tree, [x if x.__class__ is float else copied(x) for x in inner])


def replaced(tree: Any, path: tuple[int, ...], change: Any) -> Any:
    """A container in which what stands at `path` is changed, and nothing else."""
    if not path:
        return change(tree)
    inner = list(branches(tree) or ())
    inner[path[0]] = replaced(inner[path[0]], path[1:], change)
    return regrown(tree, inner)


# Arrays --------------------------------------------------------------------------------------------------------

def is_array(x: Any) -> bool:
    """Whether x is an array or tensor; a numpy scalar or an array without dimensions counts as a number."""
    if isinstance(x, (array.array, ctypes.Array)):
        return True
    return hasattr(x, "dtype") and hasattr(x, "reshape") and (is_tensor(x) or getattr(x, "shape", ()) != ())


def is_tensor(x: Any) -> bool:
    """Whether x is a tensor of torch or an array of JAX, which can differentiate."""
    return library(x) in ("torch", "jax")


def holds_tensor(tree: Any) -> bool:
    """Whether a tensor stands in a container."""
    return is_tensor(tree) or (not is_array(tree) and any(map(holds_tensor, branches(tree) or ())))


def library(x: Any) -> str:
    """The package that the class of x comes from."""
    return package(type(x))  # type: ignore[arg-type]     # mypy: is a class hashable?


@cache
def package(kind: type) -> str:
    """The package that a class comes from."""
    name = kind.__module__.partition(".")[0]
    return "jax" if name == "jaxlib" else name


@cache
def digits_of(dtype: Any) -> int | None:
    """The bits of a significand of a dtype, None for ints. TypeError for other numbers, which would be ignored."""
    kind = str(dtype).rpartition(".")[2]
    if "complex" in kind:
        raise TypeError(f"expected real numbers, got an array of {kind}; check f of real and imaginary part")
    if kind not in DIGITS and ("float" in kind or kind in ("longdouble", "object")):
        raise TypeError(f"expected an array of floats, got one of {kind}; write numpy.asarray(x, float)")
    return DIGITS.get(kind)


def precision(x: Any) -> int | None:
    """The bits of a significand in an array; None for an array of ints. TypeError for complex numbers."""
    if isinstance(x, (array.array, ctypes.Array)):
        code = x.typecode if isinstance(x, array.array) else getattr(x._type_, "_type_", "")
        return {"d": 53, "f": 24, "g": 53}.get(code)
    return digits_of(x.dtype)


def flat(x: Any) -> list[float]:
    """All numbers of an array, row by row."""
    if not hasattr(x, "reshape"):
        return [float(entry) for entry in x]
    x = x.detach() if library(x) == "torch" else x
    numbers = x.reshape(-1).tolist()
    if not all(isinstance(entry, (int, float)) for entry in numbers):
        raise TypeError(f"expected an array of numbers, got {kind_of(x)}; write numpy.asarray(x, float)")
    return [*map(float, numbers)]


def shape_of(x: Any) -> tuple[int, ...]:
    """The shape of an array."""
    return tuple(map(int, x.shape)) if hasattr(x, "shape") else (len(x),)


def with_entry(x: Any, i: int, t: float) -> Any:
    """A copy of an array with entry i, counted row by row, set to t; for a number it is t, in the number's type."""
    if not is_array(x):
        kind: Any = float if isinstance(x, (int, Value)) else getattr(getattr(x, "dtype", None), "type", type(x))
        return kind(t)
    if library(x) == "jax":
        numbers = flat(x)
        return with_entries(x, [*numbers[:i], t, *numbers[i + 1:]])
    return filled(x, [(i, t)])


def with_entries(x: Any, new: Sequence[float]) -> Any:
    """A copy of an array, or a number, with all its entries replaced."""
    if not is_array(x):
        return with_entry(x, 0, new[0])
    if library(x) == "jax":
        return sys.modules["jax"].numpy.asarray(new, dtype=x.dtype).reshape(x.shape)
    return filled(x, enumerate(new))


def filled(x: Any, new: Iterable[tuple[int, float]]) -> Any:
    """A copy of an array that can be written to, with these entries set."""
    if library(x) == "torch":
        out = x.detach().clone(memory_format=sys.modules["torch"].contiguous_format)
        entries = out.view(-1)
    else:
        out = type(x)(*x) if isinstance(x, ctypes.Array) else x[:] if isinstance(x, array.array) else x.copy()
        entries = getattr(out, "flat", out)
    for i, t in new:
        entries[i] = t
    return out.requires_grad_(x.requires_grad) if library(x) == "torch" else out


# Results -------------------------------------------------------------------------------------------------------

def results(tree: Any, name: str) -> list[Slot]:
    """The numbers and arrays that a function returned. TypeError for anything else."""
    if isinstance(tree, float):             # most often
        return [Slot((), name, [float(tree)], (), 53)]
    if isinstance(tree, complex):           # as x**0.5 left of 0
        raise ValueError(f"{name} is {tree}, a complex number; check f where it is real")
    if isinstance(tree, (str, bytes, type(None), bool)) or callable(tree):
        raise TypeError(f"{name} is {short(tree)}, not a number; return one number, or a list of them")
    if is_array(tree) or (hasattr(tree, "dtype") and hasattr(tree, "reshape")):
        if precision(tree) is None:
            raise TypeError(f"{name} is an array of {tree.dtype}; return floats")
        return [Slot((), name, flat(tree), shape_of(tree), precision(tree) or 53)]
    if branches(tree) is None and not is_leaf(tree):
        raise TypeError(f"{name} is {short(tree)}, not a number; return one number, or a list of them")
    if is_leaf(tree):
        return list(places(tree, name))
    return [place for key, branch in zip(keys(tree), branches(tree) or ()) for place in results(branch, f"{name}{key}")]


def is_single(x: float) -> bool:
    """Whether a float is one of 32 bits: what a function that computes in single precision returns."""
    return x == 0 or (math.isfinite(x) and math.ldexp(math.frexp(x)[0], 24).is_integer())
