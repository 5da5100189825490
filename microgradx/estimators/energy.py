"""The energy of a restricted Boltzmann machine, as a Module: visible units, hidden units, and weights between them.

    >>> from microgradx.estimators.energy import RestrictedBoltzmannMachine
    >>> machine = RestrictedBoltzmannMachine(visible=2, hidden=1)
    >>> machine.load_state_dict({"weight": [[1.0, -1.0]], "hidden": [0.0], "visible": [0.5, 0.0]})
    >>> machine.energy([1.0, 0.0], [1.0]).data, machine.energy([1.0, 0.0], [0.0]).data
    (-1.5, -0.5)
    >>> round(machine([1.0, 0.0]).data, 4)              # -log(exp(1.5) + exp(0.5)): the free energy
    -1.8133
"""
from typing import Any, NamedTuple

from ..activations import softplus
from ..nn import Module, init
from ..nn.linear import linear
from ..nn.shapes import expect
from ..reductions import dot, sum


class RestrictedBoltzmannMachine(Module):
    """Pairs of visible and hidden units, each 0 or 1; a pair of low energy E(v, h) is likely: P = exp(-E) / Z.

    weight (hidden, visible), hidden and visible: the biases; all 0 at first. Called on v (visible) it returns the free
    energy, one Value. ValueError for another shape. Source: Smolensky 1986, Hinton 2002.
    """

    def __init__(self, visible: int, hidden: int) -> None:
        self.weight = init.parameter(hidden, visible)
        self.hidden, self.visible = init.parameter(hidden), init.parameter(visible)

    def energy(self, v: list[Any], h: list[Any]) -> Any:
        """E(v, h) = -visible·v - hidden·h - h·(weight v)."""
        inputs = self.inputs(v)
        return -dot(self.visible, v) - dot(h, inputs)

    def inputs(self, v: list[Any]) -> list[Any]:
        """weight v + hidden, (hidden): what each hidden unit gets; it is 1 with the sigmoid of that as probability."""
        expect(self, v, (len(self.visible),))
        return linear(v, self.weight, self.hidden)

    def forward(self, v: list[Any]) -> Any:
        """F(v) = -log of the sum of exp(-E(v, h)) over all h, 2**hidden of them: a softplus for each hidden unit."""
        inputs = self.inputs(v)
        return -dot(self.visible, v) - sum([softplus(x) for x in inputs])


class BinaryUnits(NamedTuple):
    """What one compiled program is for: the numbers of units."""

    visible: int
    hidden: int

    def model(self) -> RestrictedBoltzmannMachine:
        """The machine with all weights 0."""
        return RestrictedBoltzmannMachine(self.visible, self.hidden)

    def loss(self, model: RestrictedBoltzmannMachine, v: Any, y: Any) -> Any:
        """The free energy of one sample times its sign, [1.0] for data and [-1.0] for samples of the machine's own."""
        return y[0] * model(v)

    @property
    def penalty(self) -> None:
        """None: there is no penalty."""

    def sample(self) -> tuple[list[float], list[float]]:
        """A sample of the form that loss() takes."""
        return [0.0] * self.visible, [0.0]
