"""Initialisers and first weights of layers: the distribution each draws from, by microgradx and by torch.

    >>> ours(("kaiming_uniform_", (2, 3), {}))
    {'low': {'tensor': [-1.4142135623730951]}, 'high': {'tensor': [1.4142135623730951]}}

No sample is compared. Every draw is answered by an end of its distribution, a or b of an even one, mean - std or
mean + std of a normal one, so that the parameters themselves tell what they were drawn from.
"""
from unittest import mock

from microgradx import nn
from microgradx.nesting import leaves
from microgradx.nn import init

ENDS = {
    "low": (lambda a, b: a, lambda mean, std: mean - std),
    "high": (lambda a, b: b, lambda mean, std: mean + std),
}

CASES = [
    ("zeros_", (2, 2), {}), ("ones_", (2,), {}), ("constant_", (2, 2), {"val": 0.3}),
    ("uniform_", (3,), {}), ("uniform_", (3, 2), {"a": -2.0, "b": 0.5}), ("normal_", (4,), {"mean": 1.0, "std": 2.0}),
    *[(name, shape, {"gain": gain}) for name in ("xavier_uniform_", "xavier_normal_")
      for shape in ((2, 3), (4, 2, 3), (2, 3, 1, 5)) for gain in (1.0, 5 / 3)],
    *[(name, shape, options) for name in ("kaiming_uniform_", "kaiming_normal_")
      for shape in ((2, 3), (4, 2, 3), (2, 3, 1, 5))
      for options in ({}, {"a": 0.2}, {"mode": "fan_out", "nonlinearity": "relu"}, {"nonlinearity": "tanh"},
                      {"nonlinearity": "selu"}, {"nonlinearity": "sigmoid"}, {"nonlinearity": "linear"})],
    *[(name, args, {}) for name, args in (
        ("Linear", (3, 2)), ("Conv1d", (2, 3, 3)), ("Conv2d", (2, 3, (1, 2))), ("Embedding", (3, 2)),
        ("RNNCell", (3, 2)), ("GRUCell", (3, 2)), ("LSTM", (3, 2, 2)), ("MultiheadAttention", (4, 2)),
        ("BatchNorm1d", (2,)), ("LayerNorm", (3,)), ("RMSNorm", (3,)), ("PReLU", (2,)))],
]


def ours(case):
    """For both ends the distinct numbers of each parameter."""
    name, args, options = case
    found = {}
    for end, (uniform, gauss) in ENDS.items():
        with mock.patch("random.uniform", uniform), mock.patch("random.gauss", gauss):
            if name[0].isupper():
                tensors = dict(getattr(nn, name)(*args, **options).named_parameters())
            else:
                tensors = {"tensor": getattr(init, name)(init.constant_(init.parameter(*args), -7.0), **options)}
        found[end] = {key: sorted({v.data for v in leaves(tree)}) for key, tree in tensors.items()}
    return found


def theirs(torch, case):
    """The same by torch."""
    name, args, options = case
    found = {}
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        for end, (uniform, gauss) in ENDS.items():
            with mock.patch("torch.Tensor.uniform_", filled(torch, uniform, 0, 1)), \
                    mock.patch("torch.Tensor.normal_", filled(torch, gauss, 0, 1)):
                if name[0].isupper():
                    tensors = dict(getattr(torch.nn, name)(*args, **options).named_parameters())
                else:
                    tensors = {"tensor": getattr(torch.nn.init, name)(torch.full(args, -7.0), **options)}
            found[end] = {key: sorted(set(t.flatten().tolist())) for key, t in tensors.items()}
    finally:
        torch.set_default_dtype(before)
    return found


def filled(torch, end, p, q):
    """In place of Tensor.uniform_ or Tensor.normal_: every element set to an end of the distribution."""
    def method(self, p=p, q=q, generator=None):
        with torch.no_grad():
            return self.fill_(end(p, q))
    return method
