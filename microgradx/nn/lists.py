"""ModuleList, ModuleDict, ParameterList: parts with numbers or names, for a forward() that uses them as it likes.

    >>> from microgradx import Value
    >>> from microgradx.nn import Linear, ModuleDict, ParameterList, ReLU, Tanh
    >>> layers = ModuleDict({"first": Linear(2, 1), "bend": ReLU()})
    >>> layers["bend"] = Tanh()
    >>> [name for name, _ in layers.named_parameters()], list(layers)
    (['first.weight', 'first.bias'], ['first', 'bend'])
    >>> ParameterList([Value(1.0), [Value(2.0), Value(3.0)]]).state_dict()
    {'0': 1.0, '1': [2.0, 3.0]}
"""
from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from typing import Any

from ..ieee import kind_of, short
from .module import Module
from .parts import parts


class _Numbered(Module):
    """Attributes "0", "1", ..., as a list."""

    def checked(self, part: Any) -> Any:
        """The part. TypeError for one that may not be in the list."""
        raise NotImplementedError

    def append(self, part: Any) -> Any:
        """Add a part to the end; the list. TypeError for one of another kind.

        >>> from microgradx.nn import ReLU
        >>> len(ModuleList().append(ReLU()).append(ReLU()))
        2
        """
        setattr(self, str(len(self)), self.checked(part))
        return self

    def extend(self, more: Iterable[Any]) -> Any:
        """Add parts to the end, all or, after a TypeError, none; the list.

        >>> from microgradx.nn import ReLU
        >>> len(ModuleList().extend([ReLU(), ReLU()]))
        2
        """
        for i, part in enumerate(list(map(self.checked, more)), len(self)):
            setattr(self, str(i), part)
        return self

    def __iter__(self) -> Iterator[Any]:
        return (part for name, part in vars(self).items() if name.isdigit())

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __getitem__(self, i: int) -> Any:
        return list(self)[i]

    def __setitem__(self, i: int, part: Any) -> None:
        setattr(self, str(range(len(self))[i]), self.checked(part))


class ModuleList(_Numbered):
    """A list of Modules with their parameters, "0.weight", "1.weight", ... It computes nothing itself.

    TypeError for an element that is not a Module. As torch.nn.ModuleList.

    >>> from microgradx.nn import Linear
    >>> layers = ModuleList([Linear(2, 1), Linear(2, 1)])
    >>> len(layers), layers[1], [name for name, _ in layers.named_parameters()]
    (2, Linear(2, 1)  # 3 parameters, ['0.weight', '0.bias', '1.weight', '1.bias'])
    """

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        self.extend(modules)

    def checked(self, part: Any) -> Any:
        """The Module. TypeError for anything else."""
        if not isinstance(part, Module):
            raise TypeError(f"{kind_of(self)}: expected Modules, got {short(part)} ({kind_of(part)})")
        return part


class ParameterList(_Numbered):
    """A list of parameters, "0", "1", ..., each a Value or a nested list of Values. As torch.nn.ParameterList.

    TypeError for an element without parameters, such as numbers or a result.

    >>> from microgradx.nn.init import parameter
    >>> weights = ParameterList([parameter(2, 3), parameter(2)])
    >>> len(weights), len(weights.parameters()), len(weights[-1])
    (2, 8, 2)
    """

    def __init__(self, values: Iterable[Any] = ()) -> None:
        self.extend(values)

    def checked(self, part: Any) -> Any:
        """The parameter. TypeError for anything else."""
        found = parts("", part)
        if isinstance(part, Module) or len(found) != 1 or found[0][0]:
            raise TypeError(f"ParameterList: expected a Value or a nested list of Values that no operation made, got "
                            f"{short(part)}")
        return part


class ModuleDict(Module):
    """Modules by name, in the order in which they came; they are its attributes too. As torch.nn.ModuleDict.

    TypeError for what is not a Module, or a name that is no text; KeyError for a name that is empty, has a dot, or is
    an attribute of every Module.

    >>> from microgradx.nn import Linear, ReLU
    >>> heads = ModuleDict({"bend": ReLU(), "out": Linear(1, 1)})
    >>> del heads["bend"]
    >>> heads.update({"more": ReLU()}); list(heads.keys()), "bend" in heads, len(heads), heads.out is heads["out"]
    (['out', 'more'], False, 2, True)
    """

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] = ()) -> None:
        self.update(modules)

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]]) -> None:
        """Add Modules by name, or replace those of the same names; after an error none.

        >>> from microgradx.nn import ReLU
        >>> bends = ModuleDict()
        >>> bends.update([("a", ReLU())]); len(bends)
        1
        """
        new = dict(modules)
        for name, module in new.items():
            self._check(name, module)
        for name, module in new.items():
            setattr(self, name, module)

    def _check(self, name: Any, module: Any) -> None:
        if not isinstance(name, str):
            raise TypeError(f"ModuleDict: expected text as the name of a Module, got {short(name)}")
        if not name or "." in name or (hasattr(self, name) and name not in self._own()):
            raise KeyError(f"ModuleDict: expected a name without dots that is no attribute of it, got {short(name)}")
        if not isinstance(module, Module):
            raise TypeError(f"ModuleDict: expected Modules, got {short(module)} ({kind_of(module)})")

    def _own(self) -> dict[str, Module]:
        return {name: module for name, module in vars(self).items() if isinstance(module, Module)}

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._own().keys()

    def values(self) -> ValuesView[Module]:
        """The Modules."""
        return self._own().values()

    def items(self) -> ItemsView[str, Module]:
        """Names and Modules."""
        return self._own().items()

    def __getitem__(self, name: str) -> Module:
        return self._own()[name]

    def __setitem__(self, name: str, module: Module) -> None:
        self.update({name: module})

    def __delitem__(self, name: str) -> None:
        del self._own()[name]                               # KeyError for what is none of them
        delattr(self, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._own())

    def __len__(self) -> int:
        return len(self._own())

    def __contains__(self, name: object) -> bool:
        return name in self._own()
