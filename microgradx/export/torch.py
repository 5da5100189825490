"""to_torch(): a Module as one of torch.nn with the same parameters, by the same names.

    model = to_torch(Sequential(Linear(2, 3), Tanh()))      # torch.nn.Sequential(torch.nn.Linear, torch.nn.Tanh)

nn has torch's names, arguments and state_dict, so a layer is made again from its own attributes.
"""
from __future__ import annotations

import inspect
from typing import Any

from .. import nn
from ..ieee import kind_of, printable
from ..nn.activation import Elementwise
from ..nn.gates import ELMAN
from ..nn.transformer import ACTIVATIONS
from .torch_mlp import torch_mlp

# Arguments of a layer that are not attributes of the same name.
FROM_PARTS: dict[str, Any] = {
    "bias": lambda layer: (layer.bias if isinstance(layer.bias, bool) else layer.bias is not None)
    if hasattr(layer, "bias") else layer.in_proj_bias is not None,
    "elementwise_affine": lambda layer: layer.weight is not None, "affine": lambda layer: layer.weight is not None,
    "nonlinearity": lambda layer: next(name for name, kind in ELMAN.items() if kind is layer.kind),
}
OURS = ("fused", "generator", "init")           # arguments that torch does not have, or that its state replaces
CONTAINERS = (nn.Sequential, nn.ModuleList)


def to_torch(model: nn.Module) -> Any:
    """A torch.nn.Module in float64 with the parameters, names, mode, numbers and gradients of a model of nn's layers.

    It takes tensors of the shapes that the model takes nested lists of. ImportError without torch. TypeError for a
    Module with a forward() of its own, whose layers only it knows how to call; ValueError for a parameter that two
    layers share.

    >>> to_torch(2.0)
    Traceback (most recent call last):
    TypeError: expected a Module of nn, got float
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"expected a Module of nn, got {kind_of(model)}")
    for name, module in model.named_modules():
        refuse_own(name, module)
    refuse_shared(model)
    try:
        import torch
    except ImportError:
        raise ImportError("to_torch needs torch; write pip install torch") from None
    made = _made(torch, model).double()
    made.load_state_dict({name: torch.tensor(x, dtype=torch.float64) for name, x in model.state_dict().items()})
    for name, module in model.named_modules():          # the outer first: train() sets the mode of all inside
        made.get_submodule(name).train(module.training)
    return made


def refuse_own(name: str, module: nn.Module) -> None:
    """TypeError for a Module that is none of nn's own layers."""
    kind = type(module)
    if getattr(nn, kind.__name__, None) is not kind or kind in (nn.Module, Elementwise, nn.Perceptron):
        place = f" ({printable(name)})" if name else ""
        raise TypeError(f"{printable(kind.__name__)}{place} is no layer that nn and torch both have; build the model "
                        "from Sequential, Residual and layers of nn")


def refuse_shared(model: nn.Module) -> None:
    """ValueError for a parameter that has two names: here they change together, elsewhere they would not."""
    names: dict[Any, str] = {}
    for name, _, values in model._tensors():
        for v in values:
            if v in names and names[v] != name:
                raise ValueError(f"{printable(name)} shares numbers with {printable(names[v])}, which an exported "
                                 "model would train apart; give each its own")
            names[v] = name


def _made(torch: Any, layer: nn.Module) -> Any:
    """The layer of torch, with first weights of its own."""
    if isinstance(layer, nn.Residual):
        return _residual(torch)(*[_made(torch, one) for one in layer])
    if isinstance(layer, CONTAINERS):
        inner = [_made(torch, one) for one in layer]
        return torch.nn.ModuleList(inner) if type(layer) is nn.ModuleList else torch.nn.Sequential(*inner)
    if isinstance(layer, (nn.Neuron, nn.Layer, nn.MLP)):
        return torch_mlp(torch, layer)
    return getattr(torch.nn, type(layer).__name__)(**arguments(layer))


def _residual(torch: Any) -> Any:
    class Residual(torch.nn.Sequential):  # type: ignore[misc]
        """x + f(x)."""

        def forward(self, x: Any) -> Any:
            """Any shape that its modules keep."""
            return x + super().forward(x)
    return Residual


def arguments(layer: nn.Module) -> dict[str, Any]:
    """What a layer was made with, by name, as torch takes it.

    >>> arguments(nn.Linear(2, 3, bias=False)), arguments(nn.LeakyReLU(0.1))
    ({'in_features': 2, 'out_features': 3, 'bias': False}, {'negative_slope': 0.1})
    """
    if isinstance(layer, nn.TransformerEncoderLayer):
        return _encoder(layer)
    names = [name for name, p in inspect.signature(type(layer)).parameters.items()
             if name not in OURS and p.kind is not p.VAR_POSITIONAL]
    if isinstance(layer, Elementwise):
        found: dict[str, Any] = dict(zip(names, layer.constants))
        return found | ({"threshold": 40.0} if isinstance(layer, nn.Softplus) else {})      # x itself only where it is
    found = {name: FROM_PARTS[name](layer) if name in FROM_PARTS else getattr(layer, name) for name in names}
    if isinstance(layer, (nn.Softmax, nn.LogSoftmax)):
        found["dim"] = -1
    return found


def _encoder(layer: nn.TransformerEncoderLayer) -> dict[str, Any]:
    """The arguments of an encoder layer, which its parts keep. TypeError for an activation of the user's."""
    names = [name for name, f in ACTIVATIONS.items() if f is layer.activation]
    if not names:
        raise TypeError("TransformerEncoderLayer has an activation of its own, which torch does not have; write "
                        "activation='relu' or 'gelu'")
    attention, inner = layer.self_attn, layer.linear1
    return {"d_model": inner.in_features, "nhead": attention.num_heads, "dim_feedforward": inner.out_features,
            "dropout": layer.dropout.p, "activation": names[0], "layer_norm_eps": layer.norm1.eps,
            "batch_first": attention.batch_first, "norm_first": layer.norm_first, "bias": inner.bias is not None}
