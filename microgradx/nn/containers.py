"""Sequential, Residual: Modules made of Modules, numbered as in torch.

    >>> from microgradx.nn import Linear, ReLU, Residual, Sequential
    >>> model = Sequential(Linear(2, 4), ReLU(), Residual(Linear(4, 4), ReLU()), Linear(4, 1))
    >>> len(model([1.0, 2.0])), [name for name, _ in model.named_parameters()][:3]
    (1, ['0.weight', '0.bias', '2.0.weight'])
    >>> model
    Sequential()  # 37 parameters
      (0): Linear(2, 4)  # 12 parameters
      (1): ReLU()  # 0 parameters
      (2): Residual()  # 20 parameters
        (0): Linear(4, 4)  # 20 parameters
        (1): ReLU()  # 0 parameters
      (3): Linear(4, 1)  # 5 parameters
"""
from ..nesting import shape
from .lists import ModuleList
from .module import Module
from .shapes import Nested, added


class Sequential(ModuleList):
    """Each Module applied to the output of the one before it.

    Shapes are those of its Modules. TypeError for an element that is not a Module. As torch.nn.Sequential.

    >>> from microgradx.nn import ReLU, Softmax
    >>> Sequential(ReLU(), Softmax())([0.0, -7.0])
    [0.5, 0.5]
    """

    def __init__(self, *modules: Module) -> None:
        super().__init__(modules)

    def forward(self, x: Nested) -> Nested:
        """x through all Modules."""
        for module in self:
            x = module(x)
        return x


class Residual(Sequential):
    """x + f(x), with f the given Modules in sequence: a layer learns what to change (He et al. 2016).

    ValueError if f returns another shape than x has. The gradient passes the plus sign unchanged, so it reaches the
    first layers of any stack.

    >>> from microgradx.nn import ReLU
    >>> Residual(ReLU())([2.0, -2.0])
    [4.0, -2.0]
    """

    def forward(self, x: Nested) -> Nested:
        """Any shape that its Modules keep."""
        change = super().forward(x)
        if shape(change) != shape(x):
            raise ValueError(f"Residual: expected Modules that keep the shape {shape(x)}, got {shape(change)}")
        return added(x, change)
