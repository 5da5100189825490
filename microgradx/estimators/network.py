"""The network of an estimator as a Module, its loss, and its weights as scikit-learn's arrays.

    >>> import numpy as np
    >>> from microgradx.estimators.network import Architecture, packed, unpacked
    >>> shape = Architecture((2, 3, 1), "tanh", "logistic")
    >>> weights = packed([np.ones((2, 3)), np.zeros((3, 1))], [np.zeros(3), np.zeros(1)])
    >>> coefs, intercepts = unpacked(weights, shape)
    >>> [len(weights), *(a.shape for a in coefs)], len(shape.model().parameters())
    ([13, (2, 3), (3, 1)], 13)

A weight matrix is (inputs, outputs) in scikit-learn, (outputs, inputs) in Linear, as in torch.
"""
import math
import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ..nn import (
    Identity,
    Linear,
    Module,
    ReLU,
    Sequential,
    Sigmoid,
    Tanh,
    bce_with_logits,
    cross_entropy,
    l2_penalty,
    mse,
)
from ..nn.sequences import detached
from ..ops import exp, log, minimum, weighted
from ..reductions import sum

CAP = 52 * math.log(2)
ACTIVATIONS: dict[str, type[Module]] = {"identity": Identity, "logistic": Sigmoid, "tanh": Tanh, "relu": ReLU}


class Architecture(NamedTuple):
    """What one compiled program is for: the sizes of all layers, the hidden activation, and that of the outputs,
    which the loss belongs to: "softmax", "logistic", "identity" or "exp"."""

    sizes: tuple[int, ...]
    activation: str
    out: str

    def model(self) -> Sequential:
        """Linear layers with activations between them: from features to logits, or to the outputs of a regression, of
        which the logarithms where predictions are their exp.

        Python's random numbers go on as if nothing had been drawn: the weights come from the estimator.
        """
        state = random.getstate()
        layers: list[Module] = []
        for size, following in pairwise(self.sizes):
            layers += [Linear(size, following), ACTIVATIONS[self.activation]()]
        random.setstate(state)
        return Sequential(*layers[:-1])

    def loss(self, model: Module, x: Any, y: Any) -> Any:
        """The loss of one sample with targets [*targets, weight]. A sample of weight 0 is not there."""
        return weighted(y[-1], LOSSES[self.out](model(x), y[:-1]))

    def penalty(self, model: Sequential) -> Any:
        """The sum of the squares of all weights but the biases."""
        return l2_penalty([layer.weight for layer in model if isinstance(layer, Linear)])

    def sample(self) -> tuple[list[float], list[float]]:
        """A sample of the form that loss() takes."""
        return [0.0] * self.sizes[0], [0.0] * (self.sizes[-1] + 1)


# Losses of one sample, from its outputs and its targets, one for each output -----------------------------------

def _classes(outputs: Any, targets: Any) -> Any:
    return _told(cross_entropy(outputs, targets), lambda loss: minimum(loss, CAP))


def _labels(outputs: Any, targets: Any) -> Any:
    return sum([_told(bce_with_logits(z, t), lambda loss: minimum(loss, CAP)) for z, t in zip(outputs, targets)])


def _squares(outputs: Any, targets: Any) -> Any:
    return _told(mse(outputs, targets, reduction="sum") / 2, lambda loss: loss / len(outputs))


def _counts(outputs: Any, targets: Any) -> Any:
    """Half the Poisson deviance of t from exp(z): t*log(t/exp(z)) - t + exp(z), where t*log(t) is 0 for t = 0."""
    return sum([exp(z) - t * z + (weighted(t, log(t)) - t) for z, t in zip(outputs, targets)])


def _told(loss: Any, number: Callable[[Any], Any]) -> Any:
    """A loss with its gradient, but with the number that scikit-learn tells, which has another gradient.

    It takes a probability below 2**-52 for 2**-52, and tells the mean over the outputs of a regression where it follows
    the gradient of their sum. The steps of "lbfgs" depend on these numbers.
    """
    return loss + detached(number(loss) - loss)


LOSSES: dict[str, Callable[[Any, Any], Any]] = {"softmax": _classes, "logistic": _labels, "identity": _squares,
                                                "exp": _counts}


# Weights -------------------------------------------------------------------------------------------------------

def packed(coefs: Sequence[Any], intercepts: Sequence[Any]) -> Any:
    """All weights as one array, in the order of parameters()."""
    return np.concatenate([part for w, b in zip(coefs, intercepts) for part in (np.ravel(w.T), b)]).astype(float)


def unpacked(weights: Any, shape: Architecture) -> tuple[list[Any], list[Any]]:
    """coefs_ and intercepts_ from one array."""
    coefs, intercepts, start = [], [], 0
    for size, following in pairwise(shape.sizes):
        end = start + size * following
        coefs.append(np.ascontiguousarray(weights[start:end].reshape(following, size).T))
        intercepts.append(weights[end:end + following].copy())
        start = end + following
    return coefs, intercepts
