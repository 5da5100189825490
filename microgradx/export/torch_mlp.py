"""micrograd's Neuron, Layer and MLP as Modules of torch, for to_torch(): one parameter each for w and b of a neuron.

    torch_mlp(torch, MLP(2, [16, 16, 1])).state_dict()      # layers.0.neurons.0.w, layers.0.neurons.0.b, ...
"""
from __future__ import annotations

from typing import Any

from .. import nn


def torch_mlp(torch: Any, layer: Any) -> Any:
    """A Neuron, Layer or MLP, which torch does not have, with zeros as first weights."""
    class Neuron(torch.nn.Module):  # type: ignore[misc]
        """(..., nin) to (...)."""

        def __init__(self, neuron: nn.Neuron) -> None:
            super().__init__()
            self.w, self.b = torch.nn.Parameter(torch.zeros(len(neuron.w))), torch.nn.Parameter(torch.zeros(()))
            self.nonlin = neuron.nonlin

        def forward(self, x: Any) -> Any:
            total = x @ self.w + self.b
            return torch.relu(total) if self.nonlin else total

    class Layer(torch.nn.Module):  # type: ignore[misc]
        """(..., nin) to (..., nout), or to (...) if nout is 1."""

        def __init__(self, layer: nn.Layer) -> None:
            super().__init__()
            self.neurons = torch.nn.ModuleList(map(Neuron, layer.neurons))

        def forward(self, x: Any) -> Any:
            out = [neuron(x) for neuron in self.neurons]
            return out[0] if len(out) == 1 else torch.stack(out, -1)

    class MLP(torch.nn.Module):  # type: ignore[misc]
        """Layers in sequence."""

        def __init__(self, model: nn.MLP) -> None:
            super().__init__()
            self.layers = torch.nn.ModuleList(map(Layer, model.layers))

        def forward(self, x: Any) -> Any:
            for inner in self.layers:
                x = inner(x)
            return x

    return {nn.Neuron: Neuron, nn.Layer: Layer, nn.MLP: MLP}[type(layer)](layer)
