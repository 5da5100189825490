"""Module: parameters with names, saving and loading by name, a mode for training, a readable print.

    >>> from microgradx import Value
    >>> from microgradx.nn import Module
    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.weight, self.bias = Value(2.0), Value(1.0)
    ...     def forward(self, x):
    ...         return self.weight * x + self.bias
    >>> model = Line()
    >>> model(3.0).data, model.state_dict()
    (7.0, {'weight': 2.0, 'bias': 1.0})
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ParamSpec, Protocol, TypeVar

from ..conversion import arrayed, listed
from ..engine import Value
from ..ieee import kind_of, number, printable, short
from ..nesting import is_leaf, leaves, rebuild, refuse, shape
from ..operators import zero_grad
from ..passes import is_inside
from ..recording import scope
from .parts import Buffer as Buffer  # noqa: PLC0414
from .parts import are_results, has_modules, is_numbers, one_by_one, parts
from .shapes import flat

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)


class Forward(Protocol[P, R_co]):
    """A Module as type checkers see it: a call takes and returns what its forward() takes and returns."""

    _name: str

    def forward(self, *args: P.args, **options: P.kwargs) -> R_co:
        """See Module."""


class Module:
    """The base of all layers: set Values, nested lists of them, and Modules as attributes; define forward().

    An attribute that holds Values is a parameter (Buffers: state), also deep in lists and dicts. A result, which an
    operation has made, never is: write Value(y.data). Names, nesting and state_dict() are torch's.
    A call runs forward() in a scope of the Module's name, so that pictures show it as a group.

    >>> from microgradx.nn import Linear, Tanh
    >>> class Net(Module):
    ...     def __init__(self):
    ...         self.hidden, self.scale = Linear(2, 3), Value(2.0)
    ...     def forward(self, x):
    ...         return [self.scale * h for h in Tanh()(self.hidden(x))]
    >>> len(Net()([1.0, -1.0])), [name for name, _ in Net().named_parameters()]
    (3, ['scale', 'hidden.weight', 'hidden.bias'])
    """

    training = True
    _name = ""

    def __init_subclass__(cls, **options: Any) -> None:
        """TypeError for a part where no Module looks for it: on the class, or in __slots__."""
        super().__init_subclass__(**options)
        own = printable(cls.__name__)
        if vars(cls).get("__slots__"):
            raise TypeError(f"{own} has __slots__, in which a Module finds no parameters; leave it out")
        for name, value in vars(cls).items():
            if parts(name, value):
                raise TypeError(f"{own}.{printable(name)} would be shared by all {own}s and be no parameter of any; "
                                f"write self.{printable(name)} = ... in __init__")

    def __setattr__(self, name: str, value: Any) -> None:
        if name in vars(self) and (is_numbers(value) or are_results(value)) and any(
                not isinstance(x, Buffer) for _, _, xs in self._found(name, vars(self)[name]) for x in xs):
            raise TypeError(f"{kind_of(self)}.{printable(name)} is a parameter, and numbers or results in its "
                            f"place would not be trained; write load_state_dict({{{name!r}: ...}}, strict=False), or "
                            "None to take it away")
        object.__setattr__(self, name, value)
        for path, module in _modules(name, value):
            object.__setattr__(module, "_name", path)

    def __call__(self: Forward[P, R_co], *args: P.args, **options: P.kwargs) -> R_co:
        """`forward(*args, **options)`, recorded in the scope of this Module; of arrays as of nested lists."""
        given, named = listed(args), listed(options) if options else options
        if not self._name:
            found = self.forward(*given, **named)
        else:
            with scope(self._name):
                found = self.forward(*given, **named)
        return found if (given is args and named is options) or is_inside() else arrayed(found)

    def forward(self, *args: Any, **options: Any) -> Any:
        """The outputs of the Module; each layer defines it. NotImplementedError if it does not."""
        raise NotImplementedError(f"{kind_of(self)} does not define forward(self, ...)")

    # Parameters ------------------------------------------------------------------------------------------------

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """This Module and all within it, each with its dotted name; this one's is "". ValueError if one holds itself.

        >>> from microgradx.nn import Linear, ReLU, Sequential
        >>> [name for name, _ in Sequential(Linear(2, 1), ReLU()).named_modules()]
        ['', '0', '1']
        """
        return self._within(prefix, ())

    def _within(self, prefix: str, above: tuple[Module, ...]) -> Iterator[tuple[str, Module]]:
        if any(self is one for one in above):
            raise ValueError(f"{printable(prefix)} is a Module that it stands in; keep it in a function or a "
                             "weakref.ref(...)")
        yield prefix, self
        for name, value in vars(self).items():
            for path, module in _modules(name, value):
                yield from module._within(_dotted(prefix, path), (*above, self))

    def named_parameters(self) -> Iterator[tuple[str, Any]]:
        """The name of each parameter with its Value or nested list of Values; a shared one once, by its first name.

        >>> from microgradx.nn import Linear
        >>> [(name, shape(values)) for name, values in Linear(2, 1).named_parameters()]
        [('weight', (1, 2)), ('bias', (1,))]
        """
        return ((name, nest) for name, nest, _ in self._parameters())

    def parameters(self) -> list[Value]:
        """All parameters as one flat list of Values.

        >>> from microgradx.nn import Linear
        >>> len(Linear(2, 1).parameters())
        3
        """
        return [v for _, _, values in self._parameters() for v in values]

    def buffers(self) -> list[Buffer]:
        """All Buffers as one flat list.

        >>> from microgradx.nn import BatchNorm1d
        >>> len(BatchNorm1d(2).buffers())                   # two means, two variances, one count
        5
        """
        return list(dict.fromkeys(v for _, _, values in self._tensors() for v in values if isinstance(v, Buffer)))

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0.

        >>> from microgradx.nn import PReLU
        >>> unit = PReLU()
        >>> unit([-2.0])[0].backward()
        >>> unit.zero_grad()
        >>> unit.weight[0].grad
        0.0
        """
        zero_grad(self.parameters())

    def _tensors(self) -> Iterator[tuple[str, Any, list[Value]]]:
        """The name of every parameter and buffer, its Values as nested lists, and as a flat list. What is shared comes
        with each of its names. ValueError for one name of two of them."""
        names: set[str] = set()
        for prefix, module in self.named_modules():
            for attribute, value in vars(module).items():
                for name, part, values in self._found(attribute, value):
                    if (full := _dotted(prefix, name)) in names:
                        raise ValueError(f"two parameters have the name {printable(full)}: keys of a dict that print "
                                         "alike, or with dots; rename one")
                    names.add(full)
                    yield full, part, values

    @staticmethod
    def _found(attribute: str, value: Any) -> Iterator[tuple[str, Any, list[Value]]]:
        """The same of one attribute, without the Modules in it."""
        return ((name, part, leaves(part)) for name, part in parts(attribute, value) if not isinstance(part, Module))

    def _parameters(self) -> Iterator[tuple[str, Any, list[Value]]]:
        """The same of the parameters alone, each Value once: one by one where a tensor shares some with another."""
        found = [tensor for tensor in self._tensors() if not isinstance(tensor[2][0], Buffer)]
        left = set[Value]().union(*[values for _, _, values in found])      # those to come
        if len(left) == sum([len(values) for _, _, values in found]):       # most often
            yield from found
            return
        for name, nest, values in found:
            new = left.intersection(values)
            left -= new
            if len(new) == len(values):
                yield name, nest, values
            else:
                yield from ((path, v, [v]) for path, v in one_by_one(name, nest, new))

    # Saving and loading ----------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """The numbers of all parameters and buffers by name, as nested lists of floats; what is shared by each name.

        >>> from microgradx.nn import BatchNorm1d
        >>> BatchNorm1d(1, affine=False).state_dict()
        {'running_mean': [0.0], 'running_var': [1.0], 'num_batches_tracked': 0.0}
        """
        return {name: rebuild(nest, iter([v.data for v in values])) for name, nest, values in self._tensors()}

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> None:
        """Set parameters and buffers from a state_dict(), after checking everything. Arrays and tensors are taken as
        nested lists; of the names of a shared parameter one is enough.

        KeyError for missing or unexpected names (strict=False ignores both), ValueError for a different shape and for
        a shared parameter with two numbers, TypeError for anything but a dict or a number.

        >>> from microgradx.nn import Linear
        >>> model = Linear(2, 1, bias=False)
        >>> model.load_state_dict({"weight": [[3.0, 4.0]]})
        >>> model.load_state_dict({"weight": [3.0, 4.0]})
        Traceback (most recent call last):
        ValueError: weight: expected shape (1, 2), got (2,)
        """
        if not isinstance(state, Mapping):
            raise TypeError(f"expected a dict, as state_dict() gives it, got {short(state)}")
        given = {name: listed(numbers) for name, numbers in state.items()}
        for name, numbers in given.items():
            if not (isinstance(numbers, (list, tuple)) or is_leaf(numbers)):
                refuse(numbers, f" for {short(name)}")
        self.check_shapes({name: shape(numbers) for name, numbers in given.items()}, strict)
        new: dict[Value, float] = {}
        for name, _, values in self._tensors():
            for v, x in zip(values, map(number, flat(given[name]))) if name in given else ():
                if (before := new.setdefault(v, x)) != x and (x == x or before == before):
                    raise ValueError(f"{printable(name)}: expected {before}, as for another name of this shared "
                                     f"parameter, got {x}")
        for v, x in new.items():
            v.data = x

    def check_shapes(self, shapes: Mapping[str, tuple[int, ...]], strict: bool = True) -> None:
        """What load_state_dict() checks of names and shapes: KeyError or ValueError if they do not fit.

        >>> from microgradx.nn import Linear
        >>> Linear(2, 1).check_shapes({"weight": (1, 2), "bias": (1,)})
        """
        own = {name: (nest, values) for name, nest, values in self._tensors()}
        given = {v for name, (_, values) in own.items() if name in shapes for v in values}
        missing = [name for name, (_, values) in own.items() if not given.issuperset(values)]
        unexpected = [name for name in shapes if name not in own]
        if strict and (missing or unexpected):
            raise KeyError(f"the state does not fit {kind_of(self)}: missing {short(missing, 200)}, unexpected "
                           f"{short(unexpected, 200)}; load_state_dict(state, strict=False) loads what fits")
        for name, (nest, _) in own.items():
            if name in shapes and shapes[name] != shape(nest):
                raise ValueError(f"{printable(name)}: expected shape {shape(nest)}, got {shapes[name]}")

    # Mode and print --------------------------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Module:
        """Turn on training mode (Dropout, the statistics of BatchNorm) in this Module and all inside; return it.

        >>> from microgradx.nn import Dropout
        >>> drop = Dropout(1.0)
        >>> drop.eval()([5.0]), drop.train()([5.0])
        ([5.0], [0.0])
        """
        for _, module in self.named_modules():
            object.__setattr__(module, "training", mode)
        return self

    def eval(self) -> Module:
        """Turn off training mode in this Module and all inside; return it.

        >>> from microgradx.nn import Dropout
        >>> Dropout(1.0).eval()([5.0])
        [5.0]
        """
        return self.train(False)

    def extra_repr(self) -> str:
        """The text in the parentheses of repr(): the sizes of a Linear.

        >>> class Scale(Module):
        ...     def extra_repr(self):
        ...         return "by 2"
        >>> Scale()
        Scale(by 2)  # 0 parameters
        """
        return ""

    def __repr__(self) -> str:
        count = f"  # {len(self.parameters()):,} parameters"         # ValueError if it holds itself
        head = f"{kind_of(self)}({self.extra_repr()})"
        inner = [f"({printable(path)}): {module!r}".replace("\n", "\n  ")
                 for name, value in vars(self).items() for path, module in _modules(name, value)]
        return head + count + "".join(f"\n  {line}" for line in inner)


def _modules(name: str, value: Any) -> Iterator[tuple[str, Module]]:
    """The Modules in an attribute, with their paths: layers.0, layers.1."""
    if has_modules(value):
        yield from ((path, part) for path, part in parts(name, value) if isinstance(part, Module))


def _dotted(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name
